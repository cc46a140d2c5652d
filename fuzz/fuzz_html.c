/* SPDX-License-Identifier: MIT */
/*
 * HTML of hostile strings: whatever they hold, what is written is text in UTF-8, with
 * no elements but those of the writer and nothing that could move or hide other text.
 * An input is a byte of choice and a string.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/text.h>

#include "../cli/html_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The length of one of these at the beginning of a text, or 0. */
static size_t begins(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strncmp(text, *words, strlen(*words)) == 0)
			return strlen(*words);
	return 0;
}

static bool is_invisible(uint32_t c)
{
	return c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* Text, and elements of a kind that are closed before another one opens. */
static void check(const char *text, const char *open, const char *close)
{
	static const char *const entities[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;", NULL };
	const char *const tags[] = { open, close, NULL };
	bool inside = false;

	while (*text != '\0') {
		uint32_t c = 0;
		size_t length = stmboot_utf8_decode(text, strlen(text), &c);

		require(length != 0 && (c >= 0x20 || c == '\t') && !(c >= 0x7f && c < 0xa0));
		require(!is_invisible(c) && c != '>' && c != '"' && c != '\'');
		if (c == '&') {
			length = begins(text, entities);
		} else if (c == '<') {
			length = begins(text, tags);
			require(inside == (text[1] == '/'));
			inside = !inside;
		}
		require(length != 0);
		text += length;
	}
	require(!inside);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer out = { 0 };
	char *text = malloc(size + 1);

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	switch (size > 0 ? data[0] % 5 : 0) {
	case 0:
		html_text(&out, text);
		break;
	case 1:
		html_line(&out, text, size);
		break;
	case 2:
		html_name(&out, text + 1);
		break;
	case 3:
		html_sentence(&out, text + 1);
		break;
	default:
		html_advice(&out, text);
	}
	require(!out.failed);
	if (out.data != NULL)
		check(out.data, size > 0 && data[0] % 5 == 2 ? "<bdi>" : "<code>",
		      size > 0 && data[0] % 5 == 2 ? "</bdi>" : "</code>");
	buffer_release(&out);
	free(text);
	return 0;
}
