/* SPDX-License-Identifier: MIT */
#include "completions.h"

#include <stdio.h>
#include <string.h>

#include "groups.h"

static const char functions[] =
	"_stmboot_rest() {\n"
	"\tlocal command=$words[1]\n\n"
	"\tif _stmboot_is_of_two $command; then\n"
	"\t\tif (( CURRENT == 2 )); then\n"
	"\t\t\t_stmboot_second $command\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\tcommand+=\" $words[2]\"\n"
	"\t\tshift words\n"
	"\t\t(( CURRENT-- ))\n"
	"\tfi\n"
	"\t_stmboot_command $command\n"
	"}\n\n"
	"# Which command it is, then its options and operands.\n"
	"_stmboot() {\n"
	"\tlocal curcontext=$curcontext context state state_descr line\n"
	"\tlocal -A opt_args\n"
	"\tlocal -a specs\n\n"
	"\t_stmboot_general\n"
	"\t_arguments -C -s -S $specs '1: :->command' '*:: :->rest' && return\n"
	"\tcase $state in\n"
	"\tcommand) _stmboot_first ;;\n"
	"\trest) _stmboot_rest ;;\n"
	"\tesac\n"
	"}\n\n"
	"_stmboot \"$@\"\n";

/* In quotes of the shell, and a backslash before those letters. */
static void quoted(const char *text, const char *letters)
{
	for (; *text != '\0'; text++) {
		if (strchr(letters, *text) != NULL)
			putchar('\\');
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
}

static void print_codes(void)
{
	printf("_stmboot_code() {\n\tlocal -a codes=(\n");
	for (size_t i = 0; i < code_count; i++) {
		printf("\t\t'%s:", codes[i].code);
		quoted(codes[i].meaning, "\\");
		printf("'\n");
	}
	printf("\t)\n\t_describe code codes\n}\n\n_stmboot_code_or_area() {\n\tlocal -a areas=(");
	for (size_t i = 0; i < code_count; i++)
		if (code_begins_area(i))
			printf("%.*s ", (int)code_area(codes[i].code), codes[i].code);
	printf(")\n\t_describe area areas\n\t_stmboot_code\n}\n\n");
}

/* As _arguments wants it. */
static void print_value(enum option_id option)
{
	const char *argument = option_rows[option].argument;

	printf(":");
	quoted(argument, ":\\");
	switch (option_value(option)) {
	case VALUE_FILE:
		printf(":_files");
		break;
	case VALUE_CODE:
		printf(":_stmboot_code");
		break;
	case VALUE_CODE_OR_AREA:
		printf(":_stmboot_code_or_area");
		break;
	case VALUE_CHOICE:
		printf(":(");
		print_choices(argument, " ");
		printf(")");
		break;
	case VALUE_NOTHING:
		printf(": ");
		break;
	}
}

static void print_option(enum option_id option)
{
	const struct option_row *row = &option_rows[option];
	const char *with_value = row->argument != NULL ? "=" : "";

	printf("\t\t'*'");
	if (row->letter != 0)
		printf("{-%c%s,--%s%s}'", row->letter, row->argument != NULL ? "+" : "", row->name,
		       with_value);
	else
		printf("--%s%s'", row->name, with_value);
	printf("[");
	quoted(row->help, "[]:\\");
	printf("]");
	if (row->argument != NULL)
		print_value(option);
	printf("'\n");
}

static void print_operands(enum command_id command)
{
	int place = 0;

	for (; place < PLACES - 1 && operand_exists(command, place); place++)
		printf("\t\t'%d: :%s'\n", place + 1,
		       operand_is_file(command, place) ? "_files" : " ");
	if (operand_exists(command, place))
		printf("\t\t'*: :%s'\n", operand_is_file(command, place) ? "_files" : " ");
}

static void print_commands(void)
{
	printf("# What _arguments has to know of options and operands, added to specs.\n"
	       "_stmboot_general() {\n\tspecs+=(\n");
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_rows[i].commands == ANY_COMMAND)
			print_option((enum option_id)i);
	printf("\t)\n}\n\n_stmboot_command() {\n\tlocal -a specs\n\n\tcase $1 in\n");
	for (int i = 0; i < COMMAND_COUNT; i++) {
		printf("\t'%s') specs=(\n", commands[i].name);
		for (int j = 0; j < OPTION_COUNT; j++)
			if (option_rows[j].commands != ANY_COMMAND &&
			    option_belongs((enum option_id)j, (enum command_id)i))
				print_option((enum option_id)j);
		print_operands((enum command_id)i);
		printf("\t) ;;\n");
	}
	printf("\tesac\n\t_stmboot_general\n\t_arguments -s -S $specs\n}\n\n");
}

static void print_described(const char *word, const char *summary)
{
	printf("\t\t'%s:", word);
	quoted(summary, "\\");
	printf("'\n");
}

static void print_first_words(void)
{
	char name[GROUP_NAME_MAX];

	printf("_stmboot_first() {\n\tlocal -a commands=(\n");
	for (int i = 0; i < COMMAND_COUNT; i++) {
		group_name(name, (enum command_id)i);
		if (group_begins((enum command_id)i))
			print_described(name, group_summary(name));
	}
	printf("\t)\n\t_describe command commands\n}\n\n");
}

static void print_second_words(void)
{
	const char *between = "";

	printf("_stmboot_second() {\n\tlocal -a commands\n\n\tcase $1 in\n");
	for (const struct group *group = groups; group->name != NULL; group++) {
		printf("\t%s) commands=(\n", group->name);
		for (int i = 0; i < COMMAND_COUNT; i++)
			if (group_has(group->name, (enum command_id)i))
				print_described(strchr(commands[i].name, ' ') + 1,
						commands[i].summary);
		printf("\t) ;;\n");
	}
	printf("\tesac\n\t_describe command commands\n}\n\n_stmboot_is_of_two() {\n\t[[ $1 == (");
	for (const struct group *group = groups; group->name != NULL; group++) {
		printf("%s%s", between, group->name);
		between = "|";
	}
	printf(") ]]\n}\n\n");
}

void complete_zsh(void)
{
	printf("#compdef stmboot\n"
	       "# Completion of stmboot's command line for zsh; made from its tables.\n\n");
	print_codes();
	print_commands();
	print_first_words();
	print_second_words();
	printf("%s", functions);
}
