/* SPDX-License-Identifier: MIT */
/*
 * U-Boot's shell is hush. Commands end at a line's end, ';', '&' and '|';
 * words are separated by blanks, which quotes keep. Deciding source: U-Boot common/cli_hush.c.
 */
#include "format/boot_script.h"

#include <string.h>

enum {
	MOST_WORDS = 16,   /* of a command; the others are left out */
	MOST_VALUE = 1024, /* bytes: CONFIG_SYS_CBSIZE, which no command may pass */
};

struct reader {
	struct sb_arena *arena;
	const char *text;
	size_t size, at;
	char *scratch; /* for one word: `size` bytes */
	struct sb_boot_script *out;
	unsigned depth; /* of `if`, `for` and `while` */
};

/* A command's first words. */
struct command {
	char *words[MOST_WORDS];
	size_t count;
};

static bool ends_command(char c)
{
	return c == '\n' || c == ';' || c == '&' || c == '|' || c == '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char peek(const struct reader *r)
{
	return r->at < r->size ? r->text[r->at] : '\0';
}

/*
 * Take the next character into the scratch; a quote changes the mode instead.
 * A backslash goes and protects what follows, also between single quotes, where
 * a quote still ends them; between double quotes it stays (seen on v2023.01).
 */
static void take_character(struct reader *r, size_t *length, char *quote)
{
	char c = r->text[r->at++];

	if (*quote == '\0' && (c == '\'' || c == '"')) {
		*quote = c;
	} else if (c == *quote) {
		*quote = '\0';
	} else if (c == '\\' && r->at < r->size && (*quote != '\'' || peek(r) != '\'')) {
		if (*quote == '"')
			r->scratch[(*length)++] = c;
		if (*quote != '\0' || peek(r) != '\n') /* else the line goes on */
			r->scratch[(*length)++] = peek(r);
		r->at++;
	} else {
		r->scratch[(*length)++] = c;
	}
}

/* The next word, with its quotes taken off; NULL without memory. */
static char *take_word(struct reader *r)
{
	size_t length = 0;
	char quote = '\0';

	while (r->at < r->size && (quote != '\0' || !(is_blank(peek(r)) || ends_command(peek(r)))))
		take_character(r, &length, &quote);
	return sb_arena_strndup(r->arena, r->scratch, length);
}

static void skip_line(struct reader *r)
{
	while (r->at < r->size && r->text[r->at] != '\n')
		r->at++;
}

/* The next command, perhaps without a word; false without memory. */
static bool take_command(struct reader *r, struct command *command)
{
	*command = (struct command){ .count = 0 };
	while (r->at < r->size && !ends_command(peek(r))) {
		char *word;

		if (is_blank(peek(r))) {
			r->at++;
			continue;
		}
		if (peek(r) == '#') {
			skip_line(r);
			break;
		}
		word = take_word(r);
		if (word == NULL)
			return false;
		if (command->count < MOST_WORDS)
			command->words[command->count++] = word;
	}
	r->at++; /* what ended it */
	return true;
}

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words != NULL && strcmp(word, *words) != 0)
		words++;
	return *words != NULL;
}

/* Words that stand before a command. */
static bool is_keyword(struct reader *r, const char *word)
{
	static const char *const opening[] = { "if", "for", "while", "until", NULL };
	static const char *const closing[] = { "fi", "done", NULL };
	static const char *const others[] = { "then", "else", "elif", "do", "!", NULL };

	if (is_one_of(word, opening)) {
		r->depth++;
		return true;
	}
	if (is_one_of(word, closing)) {
		r->depth -= r->depth > 0;
		return true;
	}
	return is_one_of(word, others);
}

/* A value of several words is joined with a space between them. */
static const char *join(struct reader *r, char *const *words, size_t count)
{
	const char *value = count > 0 ? words[0] : "";

	for (size_t i = 1; i < count && value != NULL; i++)
		value = sb_arena_printf(r->arena, "%s %s", value, words[i]);
	return value;
}

static bool set(struct reader *r, char *const *words, size_t count)
{
	const char *value = join(r, words + 1, count - 1);

	if (value == NULL)
		return false;
	if (strlen(value) >= MOST_VALUE) { /* who knows what U-Boot makes of it */
		r->out->boots = r->out->boots || !r->out->searches;
		return true;
	}
	if (strcmp(words[0], "boot_prefixes") == 0 && !r->out->searches)
		r->out->prefixes = value;
	if (strcmp(words[0], "boot_syslinux_conf") == 0 && !r->out->searches) {
		r->out->conf = value;
		r->out->conf_conditional = r->depth > 0;
	}
	return true;
}

/* Variables of the default environment that search; others are not known to. */
static bool is_search(const char *variable)
{
	static const char *const starts[] = { "bootcmd", "distro_bootcmd", "scan_dev_for", NULL };

	for (size_t i = 0; starts[i] != NULL; i++)
		if (strncmp(variable, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

static bool run(struct reader *r, char *const *words, size_t count)
{
	static const char *const boot[] = { "boot",  "bootd", "bootm",   "bootz",    "booti",
					    "bootp", "go",    "bootefi", "bootelf",  "bootflow",
					    "reset", "pxe",   "sysboot", "bootmenu", NULL };

	if (count > 2 && strcmp(words[0], "env") == 0 && strcmp(words[1], "set") == 0)
		return set(r, words + 2, count - 2);
	if (count > 1 && strcmp(words[0], "setenv") == 0)
		return set(r, words + 1, count - 1);
	for (size_t i = 1; i < count && strcmp(words[0], "run") == 0; i++)
		r->out->searches = r->out->searches || is_search(words[i]);
	if (count > 0 && !r->out->searches)
		r->out->boots = r->out->boots || is_one_of(words[0], boot);
	return true;
}

bool sb_boot_script_read(struct sb_arena *arena, const char *text, size_t size,
			 struct sb_boot_script *out)
{
	struct reader r = { .arena = arena, .text = text, .size = strnlen(text, size), .out = out };

	*out = (struct sb_boot_script){ 0 };
	r.scratch = sb_arena_alloc(arena, r.size + 1);
	if (r.scratch == NULL)
		return false;
	while (r.at < r.size) {
		struct command command;
		size_t first = 0;

		if (!take_command(&r, &command))
			return false;
		while (first < command.count && is_keyword(&r, command.words[first]))
			first++;
		if (!run(&r, command.words + first, command.count - first))
			return false;
	}
	return true;
}
