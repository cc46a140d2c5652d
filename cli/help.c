/* SPDX-License-Identifier: MIT */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "groups.h"

enum { HELP_WIDTH = 80, OPTION_COLUMN = 32 };

static void wrap(struct buffer *b, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (column + word + 1 > HELP_WIDTH) {
			buffer_puts(b, "\n");
			column = 0;
		} else if (column > 0) {
			buffer_puts(b, " ");
			column++;
		}
		buffer_add(b, text, word);
		column += word;
		text += word + strspn(text + word, " ");
	}
	buffer_puts(b, "\n");
}

static void option_line(struct buffer *b, const struct option_row *row)
{
	char left[64];
	int length = snprintf(left, sizeof(left), "  %c%c --%s%s%s", row->letter != 0 ? '-' : ' ',
			      row->letter != 0 ? row->letter : ' ', row->name,
			      row->argument != NULL ? "=" : "",
			      row->argument != NULL ? row->argument : "");

	buffer_puts(b, left);
	buffer_pad(b, length < OPTION_COLUMN - 1 ? (size_t)(OPTION_COLUMN - length) : 1);
	buffer_printf(b, "%s\n", row->help);
}

static const char *exits(enum command_id command)
{
	if (command == COMMAND_NONE)
		return "0 done; 1 the answer is no; 2 it could not be done";
	return commands[command].exits != NULL ? commands[command].exits
					       : "0 done; 2 it could not be done";
}

void help_text(struct buffer *b, enum command_id command, const char *group)
{
	if (command == COMMAND_NONE) {
		buffer_puts(b,
			    "usage: stmboot COMMAND [ARGUMENT...] [OPTION...]\n\n"
			    "Read, check, trace and edit STM32MP boot cards and their images.\n\n"
			    "commands:\n");
		for (int i = 0; i < COMMAND_COUNT; i++)
			if (group == NULL || group_has(group, (enum command_id)i))
				buffer_printf(b, "  %-16s %-26s %s\n", commands[i].name,
					      commands[i].operands, commands[i].summary);
		buffer_puts(b, "\n");
	} else {
		buffer_printf(b, "usage: stmboot %s %s [OPTION...]\n\n", commands[command].name,
			      commands[command].operands);
		wrap(b, commands[command].description);
		buffer_puts(b, "\n");
	}
	buffer_puts(b, "options:\n");
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_belongs((enum option_id)i, command))
			option_line(b, &option_rows[i]);
	buffer_printf(b, "\nExit status: %s.\n", exits(command));
	if (command == COMMAND_NONE)
		buffer_puts(b, "'stmboot COMMAND --help' tells more of a command, 'man stmboot' "
			       "of everything.\n");
}
