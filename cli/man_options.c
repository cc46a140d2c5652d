/* SPDX-License-Identifier: MIT */
#include "man_options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "man_text.h"

void man_operands(const char *operands)
{
	while (*operands != '\0') {
		char other[] = { *operands, '\0' };
		size_t word = strspn(operands, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (word > 0) {
			printf("_%.*s_", (int)word, operands);
			operands += word;
			continue;
		}
		man_text(other);
		operands++;
	}
}

void man_option(enum option_id option)
{
	const struct option_row *row = &option_rows[option];

	if (row->letter != 0)
		printf("*-%c*, ", row->letter);
	printf("*--%s*", row->name);
	if (row->argument != NULL) {
		printf("=");
		man_operands(row->argument);
	}
	printf("\n\t%c", toupper((unsigned char)row->help[0]));
	man_text(row->help + 1);
	printf(".\n\n");
}

void man_options(enum command_id command)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		bool general = option_rows[i].commands == ANY_COMMAND;

		if (command == COMMAND_NONE
			    ? general
			    : !general && option_belongs((enum option_id)i, command))
			man_option((enum option_id)i);
	}
}
