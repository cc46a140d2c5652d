/* SPDX-License-Identifier: MIT */
/*
 * Edits of a command line: the first line of the input is the command line, the
 * second the edit (tests/support/edit_words.h). Read again, the result must
 * have the words that were asked for, the others as they were, and those of init.
 */
#include <stdlib.h>
#include <string.h>

#include "../tests/support/edit_words.h"

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* Is the key of an argument among these words or keys? */
static bool concerns(struct stmboot_context *ctx, const struct stmboot_cmdline_argument *argument,
		     const char *const *words, size_t count)
{
	bool found = false;

	for (size_t i = 0; i < count && !found; i++) {
		const struct stmboot_cmdline *word;

		require(stmboot_cmdline_decode(ctx, words[i], &word) == STMBOOT_OK);
		found = word->argument_count > 0 &&
			stmboot_cmdline_same_key(argument->key, word->arguments[0].key);
		stmboot_cmdline_free(word);
	}
	return found;
}

/* The next argument at or after *at that the edit does not concern, or NULL. */
static const struct stmboot_cmdline_argument *next(struct stmboot_context *ctx,
						   const struct stmboot_cmdline *line, size_t *at,
						   const struct stmboot_cmdline_edit *edit)
{
	while (*at < line->argument_count) {
		const struct stmboot_cmdline_argument *a = &line->arguments[(*at)++];

		if (a->after_dashdash || (!concerns(ctx, a, edit->set, edit->set_count) &&
					  !concerns(ctx, a, edit->add, edit->add_count) &&
					  !concerns(ctx, a, edit->remove, edit->remove_count)))
			return a;
	}
	return NULL;
}

/* What the edit does not concern, and what is init's, is there in its order. */
static void check_others(struct stmboot_context *ctx, const struct stmboot_cmdline *before,
			 const struct stmboot_cmdline *after,
			 const struct stmboot_cmdline_edit *edit)
{
	const struct stmboot_cmdline_argument *a, *b;
	size_t i = 0, k = 0;

	do {
		a = next(ctx, before, &i, edit);
		b = next(ctx, after, &k, edit);
		require((a == NULL) == (b == NULL));
		require(a == NULL ||
			(a->length == b->length && a->after_dashdash == b->after_dashdash &&
			 memcmp(before->text + a->offset, after->text + b->offset,
				(size_t)a->length) == 0));
	} while (a != NULL);
}

static size_t count_concerned(struct stmboot_context *ctx, const struct stmboot_cmdline *line,
			      const char *const *words, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < line->argument_count; i++)
		total += !line->arguments[i].after_dashdash &&
			 concerns(ctx, &line->arguments[i], words, count);
	return total;
}

static void check(struct stmboot_context *ctx, const char *text, const char *edited,
		  const struct stmboot_cmdline_edit *edit)
{
	const struct stmboot_cmdline *before, *after;

	require(stmboot_cmdline_decode(ctx, text, &before) == STMBOOT_OK);
	require(stmboot_cmdline_decode(ctx, edited, &after) == STMBOOT_OK);
	check_others(ctx, before, after, edit);
	require(count_concerned(ctx, after, edit->remove, edit->remove_count) == 0);
	if (edit->add_count == 0)
		require(count_concerned(ctx, after, edit->set, edit->set_count) == edit->set_count);
	stmboot_cmdline_free(before);
	stmboot_cmdline_free(after);
}

static void run(struct stmboot_context *ctx, const char *text,
		const struct stmboot_cmdline_edit *edit)
{
	const struct stmboot_cmdline_edited *once, *twice;

	if (stmboot_cmdline_edit(ctx, text, edit, NULL, &once) != STMBOOT_OK)
		return;
	require(once->changed == (strcmp(once->text, text) != 0));
	if (!edit->replace)
		check(ctx, text, once->text, edit);
	if (edit->add_count == 0) {
		require(stmboot_cmdline_edit(ctx, once->text, edit, NULL, &twice) == STMBOOT_OK);
		require(!twice->changed);
		stmboot_cmdline_edited_free(twice);
	}
	stmboot_cmdline_edited_free(once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[EDIT_TEXT], *second;
	struct stmboot_context *ctx;
	struct edit_words words;

	if (size >= sizeof(text) || stmboot_context_new(NULL, &ctx) != STMBOOT_OK)
		return 0;
	if (size != 0)
		memcpy(text, data, size);
	text[size] = '\0';
	second = strchr(text, '\n');
	if (second != NULL) {
		*second = '\0';
		run(ctx, text, edit_words(&words, second + 1));
	}
	stmboot_context_free(ctx);
	return 0;
}
