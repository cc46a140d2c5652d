/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <stmboot/status.h>
#include <stmboot/text.h>

const struct command commands[COMMAND_COUNT] = {
	[COMMAND_INSPECT] = { "inspect", "IMAGE", "show what is on a card and follow its boot",
			      "Shows the partition table, what each partition holds, and the boot "
			      "of the card "
			      "stage by stage, from the ROM to init: what each stage takes, from "
			      "where, and why. "
			      "What is wrong follows with its place, what was found, what was "
			      "expected, and how "
			      "to mend it. Nothing is written to IMAGE.",
			      1, 1 },
};

const struct option_row option_rows[OPTION_COUNT] = {
	[OPTION_DEEP] = { "deep", 0, NULL,
			  "also open compressed payloads, for the release of the kernel",
			  1U << COMMAND_INSPECT },
	[OPTION_MEDIUM] = { "medium", 0, "auto|sd|emmc",
			    "what the image is of; auto goes by the names of its partitions",
			    1U << COMMAND_INSPECT },
	[OPTION_JSON] = { "json", 0, NULL, "print one JSON object, for programs",
			  (unsigned)ANY_COMMAND },
	[OPTION_COLOR] = { "color", 0, "auto|always|never",
			   "colour the text; auto does on a terminal, unless NO_COLOR is set",
			   (unsigned)ANY_COMMAND },
	[OPTION_QUIET] = { "quiet", 'q', NULL, "only the verdict, errors and warnings",
			   (unsigned)ANY_COMMAND },
	[OPTION_VERBOSE] = { "verbose", 'v', NULL,
			     "also GUIDs, and what each finding means and who decides it",
			     (unsigned)ANY_COMMAND },
	[OPTION_VERSION] = { "version", 0, NULL, "print the version", (unsigned)ANY_COMMAND },
	[OPTION_HELP] = { "help", 'h', NULL, "print this help", (unsigned)ANY_COMMAND },
};

bool option_belongs(enum option_id option, enum command_id command)
{
	unsigned those = option_rows[option].commands;

	return those == (unsigned)ANY_COMMAND ||
	       (command != COMMAND_NONE && (those >> command & 1) != 0);
}

/* Remember the first error, fit for a terminal. */
static bool refuse(struct options *o, const char *format, ...) STMBOOT_PRINTF(2, 3);

static bool refuse(struct options *o, const char *format, ...)
{
	char text[sizeof(o->error)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	stmboot_escape(text, o->error, sizeof(o->error));
	return false;
}

static int find_long(const char *name, size_t length)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (strlen(option_rows[i].name) == length &&
		    memcmp(option_rows[i].name, name, length) == 0)
			return i;
	return -1;
}

static int find_letter(char letter)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_rows[i].letter == letter)
			return i;
	return -1;
}

/* Place of a word in "one|of|these", or -1. */
static int choice(const char *choices, const char *word)
{
	size_t length = strlen(word);

	for (int i = 0;; i++) {
		size_t part = strcspn(choices, "|");

		if (part == length && memcmp(choices, word, length) == 0)
			return i;
		if (choices[part] == '\0')
			return -1;
		choices += part + 1;
	}
}

/* `argument` is what stands behind '=' or, at *next, in the next word. */
static bool take_argument(struct options *o, int id, const char *argument, char **words, int count,
			  int *next)
{
	const struct option_row *row = &option_rows[id];

	if (argument == NULL && *next < count)
		argument = words[(*next)++];
	if (argument == NULL)
		return refuse(o, "--%s needs one of %s", row->name, row->argument);
	o->value[id] = choice(row->argument, argument);
	if (o->value[id] < 0)
		return refuse(o, "--%s takes one of %s, not '%s'", row->name, row->argument,
			      argument);
	return true;
}

static bool take_long(struct options *o, char **words, int count, int *next)
{
	const char *name = words[*next - 1] + 2;
	size_t length = strcspn(name, "=");
	const char *argument = name[length] == '=' ? name + length + 1 : NULL;
	int id = find_long(name, length);

	if (id < 0)
		return refuse(o, "unknown option '--%.*s'", (int)length, name);
	if (option_rows[id].argument != NULL)
		return take_argument(o, id, argument, words, count, next);
	if (argument != NULL)
		return refuse(o, "--%s takes no argument", option_rows[id].name);
	o->value[id]++;
	return true;
}

static bool take_letters(struct options *o, const char *word)
{
	for (const char *letter = word + 1; *letter != '\0'; letter++) {
		int id = find_letter(*letter);

		if (id < 0)
			return refuse(o, "unknown option '-%s'", letter);
		o->value[id]++;
	}
	return true;
}

static bool take_words(struct options *o, int count, char **words)
{
	bool only_operands = false;
	int next = 0;

	while (next < count) {
		char *word = words[next++];

		if (only_operands || word[0] != '-' || word[1] == '\0') {
			words[o->operand_count++] = word;
			continue;
		}
		if (strcmp(word, "--") == 0)
			only_operands = true;
		else if (word[1] == '-' ? !take_long(o, words, count, &next)
					: !take_letters(o, word))
			return false;
	}
	return true;
}

static bool take_command(struct options *o)
{
	if (o->operand_count == 0)
		return true;
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, o->operands[0]) == 0)
			o->command = (enum command_id)i;
	if (o->command == COMMAND_NONE)
		return refuse(o, "unknown command '%s'", o->operands[0]);
	o->operands++;
	o->operand_count--;
	return true;
}

/* Whether everything given belongs to the command. */
static bool agrees(struct options *o)
{
	const struct command *command;

	if (o->value[OPTION_HELP] != 0 || o->value[OPTION_VERSION] != 0)
		return true;
	if (o->command == COMMAND_NONE)
		return refuse(o, "no command given");
	command = &commands[o->command];
	for (int i = 0; i < OPTION_COUNT; i++)
		if (o->value[i] != 0 && !option_belongs((enum option_id)i, o->command))
			return refuse(o, "%s has no option --%s", command->name,
				      option_rows[i].name);
	if (o->operand_count < command->least)
		return refuse(o, "%s needs %s", command->name, command->operands);
	if (o->operand_count > command->most)
		return refuse(o, "%s takes no more than %s; there is also '%s'", command->name,
			      command->operands, o->operands[command->most]);
	return true;
}

bool options_parse(struct options *o, int argc, char **argv)
{
	int count = argc > 0 ? argc - 1 : 0;

	*o = (struct options){ .command = COMMAND_NONE, .operands = argv + (argc > 0) };
	/* An error before it is to be reported as JSON, too. */
	for (int i = 0; i < count && strcmp(o->operands[i], "--") != 0; i++)
		if (strcmp(o->operands[i], "--json") == 0)
			o->value[OPTION_JSON] = 1;
	return take_words(o, count, o->operands) && take_command(o) && agrees(o);
}
