/* SPDX-License-Identifier: MIT */
/*
 * JSON of hostile strings: whatever they hold, what is written is JSON (RFC
 * 8259), in UTF-8, and nothing of it can move a cursor. An input is a list of
 * steps, each a byte of choice and a string that ends with a NUL.
 */
#include <stdlib.h>
#include <string.h>

#include <stmboot/text.h>

#include "../cli/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* A reader of JSON that takes nothing but what the grammar allows. */
struct reader {
	const char *at;
	const char *end;
};

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n'))
		r->at++;
}

static bool take(struct reader *r, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0)
		return false;
	r->at += length;
	return true;
}

static void read_escape(struct reader *r)
{
	require(r->at < r->end && strchr("\"\\/bfnrtu", *r->at) != NULL && *r->at != '\0');
	if (*r->at++ != 'u')
		return;
	for (int i = 0; i < 4; i++, r->at++)
		require(r->at < r->end && strchr("0123456789abcdefABCDEF", *r->at) != NULL);
}

static void read_string(struct reader *r)
{
	require(take(r, "\""));
	while (!take(r, "\"")) {
		uint32_t c;
		size_t length = stmboot_utf8_decode(r->at, (size_t)(r->end - r->at), &c);

		require(length != 0 && c >= 0x20 && !(c >= 0x7f && c < 0xa0));
		r->at += length;
		if (c == '\\')
			read_escape(r);
	}
}

static void read_number(struct reader *r)
{
	const char *first;

	(void)take(r, "-");
	first = r->at;
	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	require(r->at > first && (*first != '0' || r->at == first + 1));
}

static void read_value(struct reader *r, unsigned depth);

static void read_members(struct reader *r, unsigned depth, bool has_keys, const char *close)
{
	skip_blanks(r);
	if (take(r, close))
		return;
	do {
		skip_blanks(r);
		if (has_keys) {
			read_string(r);
			require(take(r, ":"));
		}
		read_value(r, depth + 1);
		skip_blanks(r);
	} while (take(r, ","));
	require(take(r, close));
}

static void read_value(struct reader *r, unsigned depth)
{
	require(depth < 64);
	skip_blanks(r);
	if (take(r, "{"))
		read_members(r, depth, true, "}");
	else if (take(r, "["))
		read_members(r, depth, false, "]");
	else if (r->at < r->end && *r->at == '"')
		read_string(r);
	else if (!take(r, "null") && !take(r, "true") && !take(r, "false"))
		read_number(r);
}

/* A string of the input, and what is behind it. */
static const char *take_text(const uint8_t **data, const uint8_t *end)
{
	const uint8_t *start = *data, *nul = memchr(start, 0, (size_t)(end - start));
	size_t length = (size_t)((nul != NULL ? nul : end) - start);
	char *text = malloc(length + 1);

	require(text != NULL);
	memcpy(text, start, length);
	text[length] = '\0';
	*data = nul != NULL ? nul + 1 : end;
	return text;
}

enum { KINDS = 8, MOST_DEPTH = 8, OWN_KEY = 0x80 };

struct writer {
	struct json json;
	char open[MOST_DEPTH + 1]; /* brackets */
	unsigned depth;
};

static void step(struct writer *w, uint8_t choice, const char *text)
{
	const char *any = (choice & OWN_KEY) != 0 ? text : "key";
	const char *key = w->open[w->depth] == '{' ? any : NULL;
	const char *const list[] = { text, text };

	switch (choice % KINDS) {
	case 0:
		json_text(&w->json, key, text);
		break;
	case 1:
		json_u64(&w->json, key, (uint64_t)strlen(text) << choice % 64);
		break;
	case 2:
		json_i64(&w->json, key, INT64_MIN >> choice % 64);
		break;
	case 3:
		json_hex(&w->json, key, (const uint8_t *)text, strlen(text));
		break;
	case 4:
		json_list(&w->json, key, list, choice % 3);
		break;
	case 5:
	case 6:
		if (w->depth == MOST_DEPTH)
			break;
		w->open[++w->depth] = choice % KINDS == 5 ? '{' : '[';
		json_open(&w->json, key, w->open[w->depth]);
		break;
	default:
		if (w->depth > 1)
			json_close(&w->json, w->open[w->depth--] == '{' ? '}' : ']');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer out = { 0 };
	struct writer w = { .json = { .out = &out }, .open = { '\0', '{' }, .depth = 1 };
	const uint8_t *end = data + size;
	struct reader reader;

	json_open(&w.json, NULL, '{');
	while (data < end) {
		uint8_t choice = *data++;
		const char *text = take_text(&data, end);

		step(&w, choice, text);
		free((void *)(uintptr_t)text);
	}
	for (; w.depth > 0; w.depth--)
		json_close(&w.json, w.open[w.depth] == '{' ? '}' : ']');
	require(!out.failed);
	reader = (struct reader){ out.data, out.data + out.length };
	read_value(&reader, 0);
	skip_blanks(&reader);
	require(reader.at == reader.end);
	buffer_release(&out);
	return 0;
}
