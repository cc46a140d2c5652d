/* SPDX-License-Identifier: MIT */
/*
 * Prints a completion script.
 * usage: make_completions bash|fish|zsh
 */
#include "completions.h"

#include <stdio.h>
#include <string.h>

const struct code codes[] = {
#define CODE(ident, code, severity, stage, meaning, ...) { code, meaning },
#include "base/codes/all.def"
#undef CODE
};

const size_t code_count = sizeof(codes) / sizeof(codes[0]);

size_t code_area(const char *code)
{
	return strcspn(code, ".");
}

bool code_begins_area(size_t index)
{
	size_t length = code_area(codes[index].code);

	return index == 0 || strncmp(codes[index - 1].code, codes[index].code, length + 1) != 0;
}

enum value option_value(enum option_id option)
{
	const char *argument = option_rows[option].argument;

	if (argument == NULL)
		return VALUE_NOTHING;
	if (strchr(argument, '|') != NULL)
		return VALUE_CHOICE;
	if (strcmp(argument, "CODE") == 0)
		return option == OPTION_EXPLAIN ? VALUE_CODE : VALUE_CODE_OR_AREA;
	return strcmp(argument, "FILE") == 0 ? VALUE_FILE : VALUE_NOTHING;
}

/* Words of usage lines that stand for files of the host. */
static bool stands_for_file(const char *word, size_t length)
{
	static const char *const files[] = { "DEST", "FILE", "IMAGE", "SRC" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strlen(files[i]) == length && memcmp(files[i], word, length) == 0)
			return true;
	return false;
}

/* An operand comes earlier where optional ones before it are left out, the last one repeats. */
bool operand_is_file(enum command_id command, int place)
{
	const char *word = commands[command].operands;
	bool repeats = strstr(word, "...") != NULL;
	int earliest = 0;

	for (int latest = 0; *word != '\0'; latest++) {
		size_t length = strcspn(word, " ");
		bool is_optional = *word == '[', is_last = word[length] == '\0';
		const char *name = word + is_optional;

		if (place >= earliest && (place <= latest || (is_last && repeats)) &&
		    stands_for_file(name, strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")))
			return true;
		earliest += !is_optional;
		word += length + !is_last;
	}
	return false;
}

bool operand_exists(enum command_id command, int place)
{
	return place < commands[command].most;
}

void print_escaped(const char *text, const char *letters)
{
	for (; *text != '\0'; text++) {
		if (strchr(letters, *text) != NULL)
			putchar('\\');
		putchar(*text);
	}
}

void print_choices(const char *choices, const char *between)
{
	for (; *choices != '\0'; choices++)
		if (*choices == '|')
			fputs(between, stdout);
		else
			putchar(*choices);
}

int main(int argc, char **argv)
{
	const char *shell = argc == 2 ? argv[1] : "";

	if (strcmp(shell, "bash") == 0) {
		complete_bash();
	} else if (strcmp(shell, "fish") == 0) {
		complete_fish();
	} else if (strcmp(shell, "zsh") == 0) {
		complete_zsh();
	} else {
		fprintf(stderr, "usage: make_completions bash|fish|zsh\n");
		return 2;
	}
	return ferror(stdout) != 0 || fflush(stdout) != 0;
}
