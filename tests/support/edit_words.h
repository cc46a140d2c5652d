/* SPDX-License-Identifier: MIT */
/*
 * A change of a command line in one string, for tables of cases: words between
 * '|', of which "+WORD" adds, "-KEY" removes, "=" replaces all, and others set.
 */
#ifndef TESTS_EDIT_WORDS_H
#define TESTS_EDIT_WORDS_H

#include <string.h>

#include <stmboot/cmdline.h>

enum { MOST_EDIT_WORDS = 16, EDIT_TEXT = 2048 };

struct edit_words {
	struct stmboot_cmdline_edit edit;
	char text[EDIT_TEXT];
	const char *set[MOST_EDIT_WORDS], *add[MOST_EDIT_WORDS], *remove[MOST_EDIT_WORDS];
};

static inline void edit_words_take(struct edit_words *e, const char *word)
{
	if (strcmp(word, "=") == 0)
		e->edit.replace = true;
	else if (word[0] == '+' && e->edit.add_count < MOST_EDIT_WORDS)
		e->add[e->edit.add_count++] = word + 1;
	else if (word[0] == '-' && word[1] != '-' && e->edit.remove_count < MOST_EDIT_WORDS)
		e->remove[e->edit.remove_count++] = word + 1;
	else if (e->edit.set_count < MOST_EDIT_WORDS)
		e->set[e->edit.set_count++] = word;
}

/* The result lives in *e. */
static inline const struct stmboot_cmdline_edit *edit_words(struct edit_words *e, const char *text)
{
	char *word = e->text;

	memset(e, 0, sizeof(*e));
	e->edit.struct_size = sizeof(e->edit);
	e->edit.set = e->set;
	e->edit.add = e->add;
	e->edit.remove = e->remove;
	strncpy(e->text, text, sizeof(e->text) - 1);
	for (char *bar; (bar = strchr(word, '|')) != NULL; word = bar + 1) {
		*bar = '\0';
		edit_words_take(e, word);
	}
	edit_words_take(e, word);
	return &e->edit;
}

#endif
