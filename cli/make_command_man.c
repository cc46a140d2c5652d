/* SPDX-License-Identifier: MIT */
/*
 * Prints the manual page of the commands with the same first word for scdoc, from the
 * tables of commands and options.
 * usage: make_command_man WORD
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "groups.h"
#include "man_options.h"
#include "man_text.h"

static bool is_edit(enum command_id command)
{
	return option_belongs(OPTION_DRY_RUN, command);
}

static void print_head(const char *name)
{
	printf("stmboot-%s(1)\n\n# NAME\n\nstmboot-%s - ", name, name);
	man_text(group_summary(name));
	printf("\n\n# SYNOPSIS\n\n");
}

static void print_synopsis(const char *name)
{
	const char *between = "";

	for (int i = 0; i < COMMAND_COUNT; i++) {
		if (!group_has(name, (enum command_id)i))
			continue;
		printf("%s*stmboot %s* ", between, commands[i].name);
		man_operands(commands[i].operands);
		printf(" \\[_OPTION_...\\]");
		between = "++\n";
	}
	printf("\n\n");
}

static void print_exits(enum command_id command)
{
	const char *exits = commands[command].exits;

	man_text(exits != NULL ? exits : "0 done; 2 it could not be done");
	printf(".\n\n");
}

static void print_description(enum command_id command)
{
	man_text(commands[command].description);
	printf("\n\n");
}

/* What holds of all commands of the page. */
static void print_promises(bool edits)
{
	printf("_IMAGE_ is a regular file or a block device; *stmboot*(1) says what it may hold "
	       "and\n"
	       "how its boot is followed.\n\n");
	if (edits)
		printf("An edit is done as a whole or not at all, whatever interrupts it, and\n"
		       "*stmboot-undo*(1) takes it back. Before anything is written, the boot of "
		       "the result\nis followed.\n\n");
}

static void print_single(enum command_id command)
{
	printf("# DESCRIPTION\n\n");
	print_description(command);
	print_promises(is_edit(command));
	printf("# OPTIONS\n\n");
	man_options(command);
	man_options(COMMAND_NONE);
	printf("# EXIT STATUS\n\n");
	print_exits(command);
}

/* Commands of two words: a section each. */
static void print_group(const char *name)
{
	bool edits = false;

	for (int i = 0; i < COMMAND_COUNT; i++)
		edits |= group_has(name, (enum command_id)i) && is_edit((enum command_id)i);
	printf("# DESCRIPTION\n\n");
	print_promises(edits);
	printf("# COMMANDS\n\n");
	for (int i = 0; i < COMMAND_COUNT; i++) {
		if (!group_has(name, (enum command_id)i))
			continue;
		printf("## stmboot %s\n\n", commands[i].name);
		print_description((enum command_id)i);
		man_options((enum command_id)i);
		printf("Exit status: ");
		print_exits((enum command_id)i);
	}
	printf("# OPTIONS OF EVERY COMMAND\n\n");
	man_options(COMMAND_NONE);
}

static void print_examples(const char *name)
{
	bool first = true;

	for (const struct example *example = examples; example->name != NULL; example++) {
		if (strcmp(example->name, name) != 0)
			continue;
		printf("%s*stmboot ", first ? "# EXAMPLES\n\n" : "");
		man_text(example->command);
		printf("*\n\t");
		man_text(example->meaning);
		printf("\n\n");
		first = false;
	}
}

int main(int argc, char **argv)
{
	int command = 0;

	while (argc == 2 && command < COMMAND_COUNT &&
	       !group_has(argv[1], (enum command_id)command))
		command++;
	if (argc != 2 || command == COMMAND_COUNT || group_summary(argv[1]) == NULL) {
		fprintf(stderr, "usage: make_command_man WORD, the first of a command\n");
		return 2;
	}
	print_head(argv[1]);
	print_synopsis(argv[1]);
	if (group_is_of_two(argv[1]))
		print_group(argv[1]);
	else
		print_single((enum command_id)command);
	print_examples(argv[1]);
	printf("# SEE ALSO\n\n*stmboot*(1), *stmboot-findings*(7)\n");
	return ferror(stdout) != 0 || fflush(stdout) != 0;
}
