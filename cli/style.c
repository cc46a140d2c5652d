/* SPDX-License-Identifier: MIT */
#include "style.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include <stmboot/text.h>

enum { LINE_WIDTH = 100 };

static const char *const paints[] = {
	[PAINT_NONE] = "",         [PAINT_STRONG] = "\033[1m",     [PAINT_FAINT] = "\033[2m",
	[PAINT_GOOD] = "\033[32m", [PAINT_WARNING] = "\033[1;33m", [PAINT_BAD] = "\033[1;31m",
};

static bool want_color(enum color_choice choice)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (choice != COLOR_AUTO)
		return choice == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') &&
	       !(term != NULL && strcmp(term, "dumb") == 0);
}

struct style style_choose(enum color_choice choice)
{
	/* Only what is a letter and how wide it is: numbers stay as they are. */
	setlocale(LC_CTYPE, "");
	return (struct style){ .color = want_color(choice),
			       .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 };
}

void style_load(void)
{
	wchar_t character;
	mbstate_t state = { 0 };

	setlocale(LC_CTYPE, "");
	(void)mbrtowc(&character, "a", 1, &state);
}

void style_begin(const struct style *style, struct buffer *out, enum paint paint)
{
	if (style->color && paint != PAINT_NONE)
		buffer_puts(out, paints[paint]);
}

void style_end(const struct style *style, struct buffer *out, enum paint paint)
{
	if (style->color && paint != PAINT_NONE)
		buffer_puts(out, "\033[0m");
}

void style_escape(const struct style *style, struct buffer *out, const char *text)
{
	char brief[512];
	size_t size = stmboot_escape(text, brief, sizeof(brief)) + 1;
	char *safe = size > sizeof(brief) ? malloc(size) : brief;

	if (safe == NULL) {
		out->failed = true;
		return;
	}
	if (safe != brief)
		stmboot_escape(text, safe, size);
	if (style->utf8)
		buffer_puts(out, safe);
	for (const char *c = style->utf8 ? "" : safe; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x80)
			buffer_add(out, c, 1);
		else
			buffer_printf(out, "\\x%02x", (unsigned)(unsigned char)*c);
	}
	if (safe != brief)
		free(safe);
}

/* Bytes and columns of one character; what the locale does not know counts as one column. */
static size_t step(const struct style *style, const char *text, size_t *columns)
{
	mbstate_t state = { 0 };
	wchar_t wide = 0;
	size_t length = style->utf8 ? mbrtowc(&wide, text, strlen(text), &state) : 1;
	int width = style->utf8 ? wcwidth(wide) : 1;

	*columns = width >= 0 ? (size_t)width : 1;
	return length == 0 || length > strlen(text) ? 1 : length;
}

static size_t width_of(const struct style *style, const char *text, size_t length)
{
	size_t total = 0, columns;

	for (size_t i = 0; i < length; total += columns)
		i += step(style, text + i, &columns);
	return total;
}

size_t style_width(const struct style *style, const char *text)
{
	return width_of(style, text, strlen(text));
}

void style_cut(const struct style *style, char *text, size_t columns)
{
	const char *mark = style->utf8 ? "…" : "...";
	size_t room = columns - style_width(style, mark);
	size_t used = 0, i = 0, next;

	if (style_width(style, text) <= columns)
		return;
	for (;;) {
		size_t length = step(style, text + i, &next);

		if (used + next > room)
			break;
		used += next;
		i += length;
	}
	/* What is cut off is at least as wide as the mark, but may have fewer bytes. */
	if (strlen(text + i) >= strlen(mark))
		memcpy(text + i, mark, strlen(mark) + 1);
	else
		text[i] = '\0';
}

void style_wrap(const struct style *style, struct buffer *out, const char *text, size_t column,
		size_t indent)
{
	bool first = true;

	while (*text != '\0') {
		size_t word = strcspn(text, " ");
		size_t width = width_of(style, text, word);

		if (!first && column + 1 + width > LINE_WIDTH) {
			buffer_puts(out, "\n");
			buffer_pad(out, indent);
			column = indent;
		} else if (!first) {
			buffer_puts(out, " ");
			column++;
		}
		buffer_add(out, text, word);
		column += width;
		first = false;
		text += word + strspn(text + word, " ");
	}
}

void style_size(uint64_t bytes, char text[SIZE_TEXT])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t whole = bytes, rest = 0;
	size_t unit = 0;

	while (whole >= 1024) {
		rest = whole % 1024;
		whole /= 1024;
		unit++;
	}
	if (unit == 0 || rest * 10 / 1024 == 0)
		snprintf(text, SIZE_TEXT, "%" PRIu64 " %s", whole, units[unit]);
	else
		snprintf(text, SIZE_TEXT, "%" PRIu64 ".%" PRIu64 " %s", whole, rest * 10 / 1024,
			 units[unit]);
}
