/* SPDX-License-Identifier: MIT */
#include "completions.h"

#include <stdio.h>
#include <string.h>

#include "groups.h"

static const char words[] =
	"# What was given before the cursor, without options and their values.\n"
	"function __stmboot_words\n"
	"    set -l is_value 0\n"
	"    for word in (commandline -opc)[2..-1]\n"
	"        if test $is_value = 1\n"
	"            set is_value 0\n"
	"            continue\n"
	"        end\n"
	"        switch $word\n"
	"            case";

static const char more_words[] =
	"\n"
	"                set is_value 1\n"
	"            case '-?*'\n"
	"            case '*'\n"
	"                echo -- $word\n"
	"        end\n"
	"    end\n"
	"end\n\n"
	"# Is it that command, and do as many operands follow it as are said?\n"
	"function __stmboot_at -a command operands\n"
	"    set -l words (__stmboot_words)\n"
	"    set -l name (string split ' ' -- $command)\n"
	"    set -l count (count $name)\n"
	"    test (count $words) -ge $count; or return 1\n"
	"    test \"$words[1..$count]\" = \"$command\"; or return 1\n"
	"    set -l given (math (count $words) - $count)\n"
	"    test -z \"$operands\"; or test $given = $operands\n"
	"end\n\n"
	"function __stmboot_begins\n"
	"    test (count (__stmboot_words)) = 0\n"
	"end\n\n";

/* In quotes of fish, where only these are not what they are. */
static void quoted(const char *text)
{
	putchar('\'');
	print_escaped(text, "\\'");
	putchar('\'');
}

/* Words with what they mean behind a tab. */
static void print_codes(void)
{
	printf("function __stmboot_codes\n    printf '%%s\\t%%s\\n'");
	for (size_t i = 0; i < code_count; i++) {
		printf(" %s ", codes[i].code);
		quoted(codes[i].meaning);
	}
	printf("\nend\n\nfunction __stmboot_areas\n    printf '%%s\\n'");
	for (size_t i = 0; i < code_count; i++)
		if (code_begins_area(i))
			printf(" %.*s", (int)code_area(codes[i].code), codes[i].code);
	printf("\nend\n\n");
}

static void print_option(enum option_id option)
{
	const struct option_row *row = &option_rows[option];

	printf(" -l %s", row->name);
	if (row->letter != 0)
		printf(" -s %c", row->letter);
	printf(" -d ");
	quoted(row->help);
	if (row->argument == NULL) {
		printf("\n");
		return;
	}
	switch (option_value(option)) {
	case VALUE_FILE:
		printf(" -r -F");
		break;
	case VALUE_CHOICE:
		printf(" -x -a '");
		print_choices(row->argument, " ");
		printf("'");
		break;
	case VALUE_CODE:
		printf(" -x -a '(__stmboot_codes)'");
		break;
	case VALUE_CODE_OR_AREA:
		printf(" -x -a '(__stmboot_areas; __stmboot_codes)'");
		break;
	case VALUE_NOTHING:
		printf(" -x");
		break;
	}
	printf("\n");
}

static void print_options(enum command_id command)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_rows[i].commands == ANY_COMMAND ||
		    !option_belongs((enum option_id)i, command))
			continue;
		printf("complete -c stmboot -n '__stmboot_at \"%s\"'", commands[command].name);
		print_option((enum option_id)i);
	}
	for (int place = 0; place < PLACES; place++)
		if (operand_exists(command, place) && operand_is_file(command, place))
			printf("complete -c stmboot -n '__stmboot_at \"%s\" %d' -F\n",
			       commands[command].name, place);
}

static void print_first_words(void)
{
	char name[GROUP_NAME_MAX];

	for (int i = 0; i < COMMAND_COUNT; i++) {
		group_name(name, (enum command_id)i);
		if (!group_begins((enum command_id)i))
			continue;
		printf("complete -c stmboot -n __stmboot_begins -a %s -d ", name);
		quoted(group_summary(name));
		printf("\n");
	}
}

static void print_second_word(enum command_id command)
{
	const char *second = strchr(commands[command].name, ' ');
	char name[GROUP_NAME_MAX];

	if (second == NULL)
		return;
	group_name(name, command);
	printf("complete -c stmboot -n '__stmboot_at %s 0' -a %s -d ", name, second + 1);
	quoted(commands[command].summary);
	printf("\n");
}

void complete_fish(void)
{
	printf("# Completion of stmboot's command line for fish; made from its tables.\n\n%s",
	       words);
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_rows[i].argument == NULL)
			continue;
		printf(" --%s", option_rows[i].name);
		if (option_rows[i].letter != 0)
			printf(" -%c", option_rows[i].letter);
	}
	printf("%s", more_words);
	print_codes();
	printf("complete -c stmboot -f\n");
	print_first_words();
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_rows[i].commands != ANY_COMMAND)
			continue;
		printf("complete -c stmboot");
		print_option((enum option_id)i);
	}
	for (int i = 0; i < COMMAND_COUNT; i++) {
		print_second_word((enum command_id)i);
		print_options((enum command_id)i);
	}
}
