/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stmboot/status.h>
#include <stmboot/text.h>

/* Remember the first error. */
static bool refuse(struct options *o, const char *format, ...) STMBOOT_PRINTF(2, 3);

static bool refuse(struct options *o, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(o->error, sizeof(o->error), format, args);
	va_end(args);
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

/* Which of several options is meant says the command, which may come later. */
static bool is_shared(char letter)
{
	int count = 0;

	for (int i = 0; i < OPTION_COUNT; i++)
		count += option_rows[i].letter == letter;
	return count > 1;
}

static void share_letters(struct options *o)
{
	for (int i = OPTION_COUNT; i-- > 0;) {
		unsigned char letter = (unsigned char)option_rows[i].letter;
		bool is_last = find_letter(option_rows[i].letter) == i;

		if (o->letters[letter] == 0 ||
		    (!is_last && !option_belongs((enum option_id)i, o->command)))
			continue;
		o->value[i] += (int)o->letters[letter];
		o->letters[letter] = 0;
	}
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

/* The one that was probably meant, or "". */
static void find_choice(const char *choices, const char *word, char *near, size_t size)
{
	const char *best = NULL;

	for (size_t part; *choices != '\0'; choices += part + (choices[part] == '|')) {
		char one[32];
		const char *nearer = best;

		part = strcspn(choices, "|");
		(void)snprintf(one, sizeof(one), "%.*s", (int)part, choices);
		stmboot_similar(word, one, &nearer);
		if (nearer != one)
			continue;
		(void)snprintf(near, size, "%s", one);
		best = near;
	}
}

static bool take_choice(struct options *o, int id, const char *argument)
{
	const struct option_row *row = &option_rows[id];

	o->value[id] = choice(row->argument, argument);
	if (o->value[id] < 0)
		find_choice(row->argument, argument, o->near, sizeof(o->near));
	if (o->value[id] < 0)
		return refuse(o, "--%s takes one of %s, not '%s'", row->name, row->argument,
			      argument);
	return true;
}

static bool take_number(struct options *o, int id, const char *argument)
{
	char *end = NULL;
	long number = argument[0] >= '0' && argument[0] <= '9' ? strtol(argument, &end, 10) : 0;

	if (number < 1 || number > MOST_JOBS || *end != '\0')
		return refuse(o, "--%s takes a number from 1 to %d, not '%s'", option_rows[id].name,
			      MOST_JOBS, argument);
	o->value[id] = (int)number;
	return true;
}

static bool take_word(struct options *o, int id, const char *argument)
{
	if (o->word_count == MOST_WORDS)
		return refuse(o, "--%s and its like may be given %d times at most",
			      option_rows[id].name, MOST_WORDS);
	o->words[o->word_count++] = (struct option_word){ (enum option_id)id, argument };
	o->value[id]++;
	return true;
}

/* `argument` is what stands behind '=' or, at *next, in the next word. */
static bool take_argument(struct options *o, int id, const char *argument, char **words, int count,
			  int *next)
{
	const struct option_row *row = &option_rows[id];

	if (argument == NULL && *next < count)
		argument = words[(*next)++];
	if (argument == NULL)
		return refuse(o, "--%s needs %s%s", row->name,
			      strchr(row->argument, '|') != NULL ? "one of " : "", row->argument);
	if (strchr(row->argument, '|') != NULL)
		return take_choice(o, id, argument);
	return strcmp(row->argument, "N") == 0 ? take_number(o, id, argument)
					       : take_word(o, id, argument);
}

/* How many operands the name of a command takes up: 0 when they are not its name. */
static int name_words(const struct options *o, const struct command *command)
{
	size_t first = strcspn(command->name, " ");
	const char *second = command->name[first] != '\0' ? command->name + first + 1 : NULL;

	if (o->operand_count < 1 || strlen(o->operands[0]) != first ||
	    memcmp(o->operands[0], command->name, first) != 0)
		return 0;
	if (second == NULL)
		return 1;
	return o->operand_count > 1 && strcmp(o->operands[1], second) == 0 ? 2 : 0;
}

/* Which command the first operands name, and how many of them. */
static int find_command(struct options *o)
{
	int words = 0;

	for (int i = 0; i < COMMAND_COUNT && words == 0; i++) {
		words = name_words(o, &commands[i]);
		if (words != 0)
			o->command = (enum command_id)i;
	}
	return words;
}

/* The command is not known yet, but may be the first word. */
static bool refuse_option(struct options *o, const char *name, size_t length)
{
	const char *best = NULL;
	char word[80];

	(void)snprintf(word, sizeof(word), "%.*s", (int)length, name);
	(void)find_command(o);
	for (int i = 0; i < OPTION_COUNT; i++)
		if (o->command == COMMAND_NONE || option_belongs((enum option_id)i, o->command))
			stmboot_similar(word, option_rows[i].name, &best);
	if (best != NULL)
		(void)snprintf(o->near, sizeof(o->near), "--%s", best);
	return refuse(o, "unknown option '--%s'", word);
}

static bool take_long(struct options *o, char **words, int count, int *next)
{
	const char *name = words[*next - 1] + 2;
	size_t length = strcspn(name, "=");
	const char *argument = name[length] == '=' ? name + length + 1 : NULL;
	int id = find_long(name, length);

	if (id < 0)
		return refuse_option(o, name, length);
	if (option_rows[id].argument != NULL)
		return take_argument(o, id, argument, words, count, next);
	if (argument != NULL)
		return refuse(o, "--%s takes no argument", option_rows[id].name);
	o->value[id]++;
	return true;
}

/* The argument of a letter is the rest of its word, or the next one. */
static bool take_letters(struct options *o, char **words, int count, int *next)
{
	for (const char *letter = words[*next - 1] + 1; *letter != '\0'; letter++) {
		int id = find_letter(*letter);

		if (id < 0)
			return refuse(o, "unknown option '-%s'", letter);
		if (option_rows[id].argument != NULL)
			return take_argument(o, id, letter[1] != '\0' ? letter + 1 : NULL, words,
					     count, next);
		if (is_shared(*letter))
			o->letters[(unsigned char)*letter]++;
		else
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
					: !take_letters(o, words, count, &next))
			return false;
	}
	return true;
}

/* The first word of a command of two words. */
static bool is_group(const char *word)
{
	size_t length = strlen(word);

	for (int i = 0; i < COMMAND_COUNT; i++)
		if (strncmp(commands[i].name, word, length) == 0 && commands[i].name[length] == ' ')
			return true;
	return false;
}

/* "cat, chmod and chown": the second words of a group. */
static void list_group(const char *group, char *list, size_t size)
{
	size_t length = strlen(group), used = 0;

	list[0] = '\0';
	for (int i = 0; i < COMMAND_COUNT && used < size; i++)
		if (strncmp(commands[i].name, group, length) == 0 &&
		    commands[i].name[length] == ' ')
			used += (size_t)snprintf(list + used, size - used, "%s%s",
						 used > 0 ? ", " : "",
						 commands[i].name + length + 1);
}

/* A command whose second word was meant, in a group or, for its exact word, in any; or NULL. */
static const char *by_second(const char *group, const char *word)
{
	size_t length = group != NULL ? strlen(group) : 0;
	const char *best = NULL, *command = NULL;

	for (int i = 0; i < COMMAND_COUNT; i++) {
		const char *second = strchr(commands[i].name, ' ');
		const char *before = best;

		if (second == NULL ||
		    (group != NULL && (strncmp(commands[i].name, group, length) != 0 ||
				       second != commands[i].name + length)))
			continue;
		if (group != NULL || strcmp(second + 1, word) == 0)
			stmboot_similar(word, second + 1, &best);
		if (best != before)
			command = commands[i].name;
	}
	return command;
}

static bool refuse_command(struct options *o)
{
	const char *first = o->operands[0];
	bool two = is_group(first) && o->operand_count > 1;
	const char *best = NULL;
	char word[80], list[120];

	(void)snprintf(word, sizeof(word), "%s%s%s", first, two ? " " : "",
		       two ? o->operands[1] : "");
	for (int i = 0; !two && i < COMMAND_COUNT; i++)
		stmboot_similar(first, commands[i].name, &best);
	if (best == NULL)
		best = by_second(two ? first : NULL, two ? o->operands[1] : first);
	if (is_group(first) && !two) {
		list_group(first, list, sizeof(list));
		return refuse(o, "'%s' is followed by one of: %s", first, list);
	}
	if (best != NULL)
		(void)snprintf(o->near, sizeof(o->near), "%s", best);
	else if (!two && access(first, F_OK) == 0)
		(void)snprintf(o->near, sizeof(o->near), "inspect %s", first);
	return refuse(o, "unknown command '%s'", word);
}

static bool take_command(struct options *o)
{
	int words;

	if (o->operand_count == 0)
		return true;
	words = find_command(o);
	o->operands += words;
	o->operand_count -= words;
	if (words != 0 || (is_group(o->operands[0]) && o->value[OPTION_HELP] != 0))
		return true;
	return refuse_command(o);
}

/* How many operands the command takes, as it was told to work. */
static bool counts_agree(struct options *o)
{
	const struct command *command = &commands[o->command];
	bool about_codes = o->command == COMMAND_CHECK &&
			   (o->value[OPTION_LIST] != 0 || o->value[OPTION_EXPLAIN] != 0);
	int least = about_codes ? 0 : command->least, most = about_codes ? 0 : command->most;

	if (o->operand_count < least)
		return refuse(o, "%s needs %s", command->name, command->operands);
	if (o->operand_count > most && about_codes)
		return refuse(o, "--list and --explain take no %s", command->operands);
	if (o->operand_count > most)
		return refuse(o, "%s takes no more than %s; there is also '%s'", command->name,
			      command->operands, o->operands[most]);
	return true;
}

/* An option of other commands, but perhaps one of this was meant. */
static bool refuse_foreign(struct options *o, enum option_id option)
{
	const char *best = NULL;

	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_belongs((enum option_id)i, o->command))
			stmboot_similar(option_rows[option].name, option_rows[i].name, &best);
	if (best != NULL)
		(void)snprintf(o->near, sizeof(o->near), "--%s", best);
	return refuse(o, "%s has no option --%s", commands[o->command].name,
		      option_rows[option].name);
}

/* Whether everything given belongs to the command. */
static bool agrees(struct options *o)
{
	if (o->value[OPTION_HELP] != 0 || o->value[OPTION_VERSION] != 0)
		return true;
	if (o->command == COMMAND_NONE)
		return refuse(o, "no command given");
	for (int i = 0; i < OPTION_COUNT; i++)
		if (o->value[i] != 0 && !option_belongs((enum option_id)i, o->command))
			return refuse_foreign(o, (enum option_id)i);
	if (o->value[OPTION_OUTPUT] != 0 && strcmp(option_word(o, OPTION_OUTPUT), "-") == 0)
		return refuse(o, "--output needs a file: an image has holes, and a pipe has none");
	return counts_agree(o);
}

/* Looked at now: behind the wall it is too late. */
static bool is_image_behind(const struct options *o)
{
	for (int i = 1;
	     o->command != COMMAND_NONE && o->command != COMMAND_CHECK && i < o->operand_count; i++)
		if (access(o->operands[i], F_OK) == 0)
			return access(o->operands[0], F_OK) != 0;
	return false;
}

bool options_parse(struct options *o, int argc, char **argv)
{
	int count = argc > 0 ? argc - 1 : 0;

	*o = (struct options){ .command = COMMAND_NONE, .operands = argv + (argc > 0) };
	/* An error before it is to be reported as JSON, too. */
	for (int i = 0; i < count && strcmp(o->operands[i], "--") != 0; i++)
		if (strcmp(o->operands[i], "--json") == 0)
			o->value[OPTION_JSON] = 1;
	if (!take_words(o, count, o->operands)) {
		(void)find_command(o); /* whose help is named */
		return false;
	}
	if (!take_command(o))
		return false;
	share_letters(o);
	o->image_behind = is_image_behind(o);
	return agrees(o);
}

size_t option_words(const struct options *o, enum option_id option, const char *words[MOST_WORDS])
{
	size_t count = 0;

	for (size_t i = 0; i < o->word_count; i++)
		if (o->words[i].option == option)
			words[count++] = o->words[i].word;
	return count;
}

const char *option_word(const struct options *o, enum option_id option)
{
	const char *words[MOST_WORDS];
	size_t count = option_words(o, option, words);

	return count > 0 ? words[count - 1] : NULL;
}
