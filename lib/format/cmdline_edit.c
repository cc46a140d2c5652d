/* SPDX-License-Identifier: MIT */
/*
 * Changing a command line word by word. What is not asked for keeps its bytes,
 * the white space included. Deciding sources: Linux lib/cmdline.c (words and
 * quotes) and kernel/params.c ('-' equals '_' in keys, "--" ends them).
 */
#include "format/cmdline.h"

#include <string.h>

#include "base/context.h"
#include "base/refusal.h"

/* An edited text and the memory that it lives in. */
struct edited {
	struct stmboot_cmdline_edited result; /* first: what callers hold */
	struct sb_arena *arena;
};

/* A word of the result. */
struct piece {
	const char *gap; /* white space before it */
	size_t gap_length;
	const char *text;
	size_t length;
};

/* An argument of the caller's, quoted. */
struct argument {
	const char *text;
	struct sb_cmdline_word word;
	bool placed;
};

struct editor {
	struct sb_arena *arena;
	const char *text;
	struct sb_cmdline_word *words; /* the kernel's, before "--" */
	size_t word_count, word_capacity;
	size_t tail; /* where the last of them ends; white space, "--" and init's follow */
	const char *const *removed;
	size_t removed_count;
	struct argument *set;
	size_t set_count;
	struct argument *add;
	size_t add_count;
	struct piece *pieces;
	size_t piece_count, piece_capacity;
};

static bool same_key(const char *a, size_t a_length, const char *b, size_t b_length)
{
	if (a_length != b_length)
		return false;
	for (size_t i = 0; i < a_length; i++)
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	return true;
}

static bool has_key(const char *a, const struct sb_cmdline_word *a_word, const char *b,
		    const struct sb_cmdline_word *b_word)
{
	return same_key(a + a_word->key, a_word->key_length, b + b_word->key, b_word->key_length);
}

static bool has_space(const char *text)
{
	for (; *text != '\0'; text++)
		if (sb_cmdline_is_space(*text))
			return true;
	return false;
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

/* Does the text have this one word and nothing else? */
static bool is_one_word(const char *text, struct sb_cmdline_word *word)
{
	size_t at = 0;

	return sb_cmdline_next(text, &at, word) && word->start == 0 && text[word->end] == '\0' &&
	       !word->open;
}

/* KEY="VALUE": the quotes go around the value, where the kernel takes them off again. */
static const char *quote_value(struct sb_arena *arena, const char *argument,
			       struct stmboot_refusal *why)
{
	const char *equals = strchr(argument, '=');
	size_t key = equals != NULL ? (size_t)(equals - argument) : 0;

	for (size_t i = 0; i < key; i++)
		if (sb_cmdline_is_space(argument[i]))
			key = 0;
	if (key != 0)
		return sb_arena_printf(arena, "%.*s=\"%s\"", (int)key, argument, equals + 1);
	sb_refuse_say(why, "give each argument on its own", "'%s' has a blank, and is not a value",
		      argument);
	return NULL;
}

const char *sb_cmdline_quote(struct sb_arena *arena, const char *argument,
			     struct stmboot_refusal *why)
{
	struct sb_cmdline_word word;

	if (argument[0] == '\0' || argument[0] == '=')
		sb_refuse_say(why, "give KEY=VALUE or FLAG", "the argument '%s' has no key",
			      argument);
	else if (has_control(argument))
		sb_refuse_say(why, NULL, "'%s' has a control character or a new line", argument);
	else if (is_one_word(argument, &word))
		return argument;
	else if (strchr(argument, '"') == NULL)
		return quote_value(arena, argument, why);
	else
		sb_refuse_say(why,
			      "the kernel knows no escape: write KEY=\"VALUE\" without more quotes",
			      "the quotes in '%s' do not make it one argument", argument);
	return NULL;
}

bool sb_cmdline_same_words(const char *a, const char *b)
{
	struct sb_cmdline_word x, y;
	size_t a_at = 0, b_at = 0;

	while (sb_cmdline_next(a, &a_at, &x)) {
		if (!sb_cmdline_next(b, &b_at, &y) || x.end - x.start != y.end - y.start ||
		    memcmp(a + x.start, b + y.start, x.end - x.start) != 0)
			return false;
	}
	return !sb_cmdline_next(b, &b_at, &y);
}

static enum stmboot_status scan(struct editor *e)
{
	struct sb_cmdline_word word, *kept;
	size_t at = 0;

	while (sb_cmdline_next(e->text, &at, &word) && !sb_cmdline_is_dashdash(e->text, &word)) {
		kept = sb_arena_push(e->arena, &e->words, &e->word_count, &e->word_capacity,
				     sizeof(*kept));
		if (kept == NULL)
			return STMBOOT_NO_MEMORY;
		*kept = word;
		e->tail = word.end;
	}
	return STMBOOT_OK;
}

static enum stmboot_status take_arguments(struct editor *e, const char *const *from, size_t count,
					  struct argument **out, struct stmboot_refusal *why)
{
	struct argument *arguments = sb_arena_array(e->arena, count, sizeof(*arguments));

	if (arguments == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		arguments[i].text = sb_cmdline_quote(e->arena, from[i], why);
		if (arguments[i].text == NULL)
			return e->arena->failed ? STMBOOT_NO_MEMORY : STMBOOT_INVALID_ARGUMENT;
		if (!is_one_word(arguments[i].text, &arguments[i].word))
			return STMBOOT_INTERNAL;
	}
	*out = arguments;
	return STMBOOT_OK;
}

static bool is_removed(const struct editor *e, const char *text, const struct sb_cmdline_word *word)
{
	for (size_t i = 0; i < e->removed_count; i++)
		if (same_key(text + word->key, word->key_length, e->removed[i],
			     strlen(e->removed[i])))
			return true;
	return false;
}

/* "--" among the arguments would hand those behind it to init. */
static enum stmboot_status check_arguments(const struct editor *e, struct stmboot_refusal *why)
{
	for (size_t i = 0; i < e->set_count + e->add_count; i++) {
		const struct argument *a =
			i < e->set_count ? &e->set[i] : &e->add[i - e->set_count];

		if (sb_cmdline_is_dashdash(a->text, &a->word))
			return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
					 "what follows '--' is for init: replace the whole line",
					 "'--' is no argument of the kernel");
		if (is_removed(e, a->text, &a->word))
			return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, "ask for one of the two",
					 "'%s' is both set and removed", a->text);
	}
	for (size_t i = 0; i < e->removed_count; i++)
		if (e->removed[i][0] == '\0' || strpbrk(e->removed[i], "=\"") != NULL ||
		    has_space(e->removed[i]) || has_control(e->removed[i]))
			return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
					 "give the key alone, without a value", "'%s' is not a key",
					 e->removed[i]);
	return STMBOOT_OK;
}

static bool put(struct editor *e, const char *gap, size_t gap_length, const char *text,
		size_t length)
{
	struct piece *piece = sb_arena_push(e->arena, &e->pieces, &e->piece_count,
					    &e->piece_capacity, sizeof(*piece));

	if (piece == NULL)
		return false;
	*piece = (struct piece){ gap, gap_length, text, length };
	return true;
}

/* All arguments of a word's key that wait, in a row; false when none has it. */
static bool put_arguments(struct editor *e, const char *text, const struct sb_cmdline_word *word,
			  const char *gap, size_t gap_length)
{
	bool known = false;

	for (size_t i = 0; i < e->set_count; i++) {
		struct argument *a = &e->set[i];

		if (!has_key(text, word, a->text, &a->word))
			continue;
		known = true;
		if (a->placed)
			continue;
		a->placed = true;
		put(e, gap, gap_length, a->text, strlen(a->text));
		gap = " ";
		gap_length = 1;
	}
	return known;
}

static void put_words(struct editor *e)
{
	size_t end = 0;

	for (size_t i = 0; i < e->word_count; i++) {
		const struct sb_cmdline_word *word = &e->words[i];
		const char *gap = e->text + end;
		size_t gap_length = word->start - end;

		end = word->end;
		/* What becomes the first word needs no white space before it. */
		if (i > 0 && e->piece_count == 0)
			gap_length = 0;
		if (is_removed(e, e->text, word) ||
		    put_arguments(e, e->text, word, gap, gap_length))
			continue;
		put(e, gap, gap_length, e->text + word->start, word->end - word->start);
	}
	for (size_t i = 0; i < e->set_count; i++)
		if (!e->set[i].placed)
			put_arguments(e, e->set[i].text, &e->set[i].word, " ", e->piece_count > 0);
	for (size_t i = 0; i < e->add_count; i++)
		put(e, " ", e->piece_count > 0, e->add[i].text, strlen(e->add[i].text));
}

/* The pieces and what follows them. */
static char *join(const struct editor *e)
{
	const char *tail = e->text + e->tail;
	size_t length = strlen(tail) + 1, at = 0;
	char *out;

	for (size_t i = 0; i < e->piece_count; i++)
		length += e->pieces[i].gap_length + e->pieces[i].length;
	out = sb_arena_alloc(e->arena, length + 1);
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < e->piece_count; i++) {
		memcpy(out + at, e->pieces[i].gap, e->pieces[i].gap_length);
		at += e->pieces[i].gap_length;
		memcpy(out + at, e->pieces[i].text, e->pieces[i].length);
		at += e->pieces[i].length;
	}
	if (e->piece_count == 0 && e->word_count > 0)
		while (sb_cmdline_is_space(*tail))
			tail++;
	if (e->piece_count > 0 && *tail != '\0' && !sb_cmdline_is_space(*tail))
		out[at++] = ' ';
	memcpy(out + at, tail, strlen(tail) + 1);
	return out;
}

/* Does the kernel cut the result into the words that were meant, and leave init its own? */
static bool is_as_meant(const struct editor *e, const char *result)
{
	struct sb_cmdline_word word;
	size_t at = 0;

	for (size_t i = 0; i < e->piece_count; i++)
		if (!sb_cmdline_next(result, &at, &word) ||
		    word.end - word.start != e->pieces[i].length ||
		    memcmp(result + word.start, e->pieces[i].text, e->pieces[i].length) != 0)
			return false;
	return sb_cmdline_same_words(result + at, e->text + e->tail);
}

static enum stmboot_status edit_words(struct editor *e, const char **result,
				      struct stmboot_refusal *why)
{
	enum stmboot_status status = check_arguments(e, why);

	if (status == STMBOOT_OK)
		status = scan(e);
	if (status != STMBOOT_OK)
		return status;
	put_words(e);
	*result = join(e);
	if (*result == NULL || e->arena->failed)
		return STMBOOT_NO_MEMORY;
	if (is_as_meant(e, *result))
		return STMBOOT_OK;
	return sb_refuse(why, STMBOOT_UNSUPPORTED, "close the quote by replacing the whole line",
			 "a double quote without its partner takes in what would follow it");
}

static enum stmboot_status replace_line(struct editor *e, const char **result)
{
	for (size_t i = 0; i < e->set_count; i++)
		put(e, " ", e->piece_count > 0, e->set[i].text, strlen(e->set[i].text));
	e->text = "";
	*result = join(e);
	return e->arena->failed ? STMBOOT_NO_MEMORY : STMBOOT_OK;
}

static enum stmboot_status edit_line(struct edited *edited, const char *text,
				     const struct stmboot_cmdline_edit *edit,
				     struct stmboot_refusal *why)
{
	struct editor e = { .arena = edited->arena,
			    .text = text,
			    .removed = edit->remove,
			    .removed_count = edit->remove_count,
			    .set_count = edit->set_count,
			    .add_count = edit->add_count };
	const char *result = NULL;
	enum stmboot_status status;

	if (edit->replace && (edit->add_count != 0 || edit->remove_count != 0))
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, NULL,
				 "nothing can be added or removed where all is replaced");
	status = take_arguments(&e, edit->set, edit->set_count, &e.set, why);
	if (status == STMBOOT_OK)
		status = take_arguments(&e, edit->add, edit->add_count, &e.add, why);
	if (status == STMBOOT_OK)
		status = edit->replace ? replace_line(&e, &result) : edit_words(&e, &result, why);
	if (status != STMBOOT_OK)
		return status;
	edited->result.text = result;
	edited->result.changed = strcmp(result, text) != 0;
	return STMBOOT_OK;
}

enum stmboot_status stmboot_cmdline_edit(struct stmboot_context *ctx, const char *text,
					 const struct stmboot_cmdline_edit *edit,
					 struct stmboot_refusal *why,
					 const struct stmboot_cmdline_edited **out)
{
	struct stmboot_cmdline_edit e = { 0 };
	struct edited *edited;
	enum stmboot_status status;

	if (strlen(text) > sb_limits(ctx)->max_text_bytes)
		return STMBOOT_LIMIT;
	edited = sb_object_new(ctx, sizeof(*edited));
	if (edited == NULL)
		return STMBOOT_NO_MEMORY;
	memcpy(&e, edit, edit->struct_size < sizeof(e) ? edit->struct_size : sizeof(e));
	edited->arena = sb_object_arena(edited);
	status = edit_line(edited, text, &e, why);
	if (status == STMBOOT_OK)
		*out = &edited->result;
	else
		stmboot_cmdline_edited_free(&edited->result);
	return status;
}

void stmboot_cmdline_edited_free(const struct stmboot_cmdline_edited *edited)
{
	sb_object_free(edited);
}
