/* SPDX-License-Identifier: MIT */
#include "completions.h"

#include <stdio.h>
#include <string.h>

#include "groups.h"

static const char functions[] =
	"# The words that may stand here; those that end with '=' want more.\n"
	"_stmboot_words()\n"
	"{\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
	"\tif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then\n"
	"\t\tcompopt -o nospace 2>/dev/null\n"
	"\tfi\n"
	"}\n\n"
	"_stmboot_files()\n"
	"{\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"}\n\n"
	"# Readline breaks words at '=' and ':', so that --medium=sd comes as three.\n"
	"_stmboot()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} option='' broken='' only_operands='' word i\n"
	"\tlocal command='' operands=()\n\n"
	"\tCOMPREPLY=()\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $word == [=:] ]]; then\n"
	"\t\t\tbroken=1\n"
	"\t\telif [[ $broken || $option ]]; then\n"
	"\t\t\tbroken='' option=''\n"
	"\t\telif [[ $word == -- && ! $only_operands ]]; then\n"
	"\t\t\tonly_operands=1\n"
	"\t\telif [[ $word == -?* && ! $only_operands ]]; then\n"
	"\t\t\tcase $word in\n";

static const char after_options[] = "\t\t\tesac\n"
				    "\t\telse\n"
				    "\t\t\toperands+=(\"$word\")\n"
				    "\t\tfi\n"
				    "\tdone\n"
				    "\tif [[ $cur == [=:] ]]; then\n"
				    "\t\tbroken=1 cur=''\n"
				    "\tfi\n"
				    "\tif [[ $option ]]; then\n"
				    "\t\t_stmboot_value \"$option\"\n"
				    "\t\treturn\n"
				    "\tfi\n"
				    "\t[[ $broken ]] && return\n"
				    "\tcommand=${operands[0]}\n"
				    "\tcase $command in\n";

static const char after_groups[] = "\t\tif [[ ${#operands[@]} -eq 1 && $cur != -* ]]; then\n"
				   "\t\t\t_stmboot_seconds \"$command\"\n"
				   "\t\t\treturn\n"
				   "\t\tfi\n"
				   "\t\tcommand+=\" ${operands[1]}\"\n"
				   "\t\toperands=(\"${operands[@]:1}\")\n"
				   "\t\t;;\n"
				   "\tesac\n"
				   "\tif [[ $cur == -* && ! $only_operands ]]; then\n"
				   "\t\t_stmboot_options \"$command\"\n"
				   "\telif [[ ${#operands[@]} -eq 0 ]]; then\n"
				   "\t\t_stmboot_words '";

static const char after_words[] = "'\n"
				  "\telse\n"
				  "\t\t_stmboot_operand \"$command\" $((${#operands[@]} - 1))\n"
				  "\tfi\n"
				  "}\n\n"
				  "complete -F _stmboot stmboot\n";

static void print_codes(bool with_areas)
{
	for (size_t i = 0; i < code_count; i++) {
		if (with_areas && code_begins_area(i))
			printf("%.*s ", (int)code_area(codes[i].code), codes[i].code);
		printf("%s%s", codes[i].code, i + 1 < code_count ? " " : "");
	}
}

static void print_name(const struct option_row *row)
{
	printf("--%s", row->name);
	if (row->letter != 0)
		printf(" | -%c", row->letter);
}

/* What an option takes. */
static void print_values(void)
{
	printf("_stmboot_value()\n{\n\tcase $1 in\n");
	for (int i = 0; i < OPTION_COUNT; i++) {
		enum value value = option_value((enum option_id)i);

		if (value == VALUE_NOTHING)
			continue;
		printf("\t");
		print_name(&option_rows[i]);
		printf(") ");
		if (value == VALUE_FILE) {
			printf("_stmboot_files");
		} else {
			printf("_stmboot_words '");
			if (value == VALUE_CHOICE)
				print_choices(option_rows[i].argument, " ");
			else
				print_codes(value == VALUE_CODE_OR_AREA);
			printf("'");
		}
		printf(" ;;\n");
	}
	printf("\tesac\n}\n\n");
}

static void print_options(void)
{
	printf("_stmboot_options()\n{\n\tcase $1 in\n");
	for (int i = 0; i <= COMMAND_COUNT; i++) {
		if (i < COMMAND_COUNT)
			printf("\t'%s') _stmboot_words '", commands[i].name);
		else
			printf("\t*) _stmboot_words '");
		for (int j = 0; j < OPTION_COUNT; j++)
			if (option_belongs((enum option_id)j, (enum command_id)i))
				printf("--%s%s ", option_rows[j].name,
				       option_rows[j].argument != NULL ? "=" : "");
		printf("' ;;\n");
	}
	printf("\tesac\n}\n\n");
}

/* The second words of commands. */
static void print_seconds(void)
{
	printf("_stmboot_seconds()\n{\n\tcase $1 in\n");
	for (const struct group *group = groups; group->name != NULL; group++) {
		printf("\t%s) _stmboot_words '", group->name);
		for (int i = 0; i < COMMAND_COUNT; i++)
			if (group_has(group->name, (enum command_id)i))
				printf("%s ", strchr(commands[i].name, ' ') + 1);
		printf("' ;;\n");
	}
	printf("\tesac\n}\n\n");
}

/* Where operands are files. */
static void print_operands(void)
{
	printf("_stmboot_operand()\n{\n\tcase $1:$(($2 < %d ? $2 : %d)) in\n", PLACES - 1,
	       PLACES - 1);
	for (int i = 0; i < COMMAND_COUNT; i++) {
		printf("\t");
		for (int place = 0, count = 0; place < PLACES; place++)
			if (operand_exists((enum command_id)i, place) &&
			    operand_is_file((enum command_id)i, place))
				printf("%s'%s:%d'", count++ > 0 ? " | " : "", commands[i].name,
				       place);
		printf(") _stmboot_files ;;\n");
	}
	printf("\tesac\n}\n\n");
}

void complete_bash(void)
{
	char name[GROUP_NAME_MAX];
	const char *between = "";

	printf("# Completion of stmboot's command line for bash; made from its tables.\n\n");
	print_values();
	print_options();
	print_seconds();
	print_operands();
	printf("%s", functions);
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_rows[i].argument == NULL)
			continue;
		printf("\t\t\t");
		print_name(&option_rows[i]);
		printf(") option=$word ;;\n");
	}
	printf("%s\t", after_options);
	for (const struct group *group = groups; group->name != NULL; group++) {
		printf("%s%s", between, group->name);
		between = " | ";
	}
	printf(")\n%s", after_groups);
	for (int i = 0; i < COMMAND_COUNT; i++) {
		group_name(name, (enum command_id)i);
		if (group_begins((enum command_id)i))
			printf("%s ", name);
	}
	printf("%s", after_words);
}
