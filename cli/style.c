/* SPDX-License-Identifier: MIT */
#include "style.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <stmboot/text.h>

/* Where there is no terminal; and what a person still reads, or a program may claim, of one. */
enum { LINE_WIDTH = 100, READABLE_WIDTH = 120, LEAST_WIDTH = 40, MOST_WIDTH = 400 };

enum { UTF8_BYTES = 4 }; /* of one character, at most */

static const char *const paints[] = {
	[PAINT_NONE] = "",           [PAINT_STRONG] = "\033[1m",     [PAINT_FAINT] = "\033[2m",
	[PAINT_GOOD] = "\033[32m",   [PAINT_WARNING] = "\033[1;33m", [PAINT_BAD] = "\033[1;31m",
	[PAINT_LOADER] = "\033[33m", [PAINT_UBOOT] = "\033[36m",     [PAINT_FILES] = "\033[34m",
	[PAINT_OTHER] = "\033[35m",
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

/* COLUMNS is what the user wants; without it, the terminal knows. */
static size_t find_width(void)
{
	const char *columns = getenv("COLUMNS");
	char *end = NULL;
	bool given = columns != NULL && columns[0] >= '0' && columns[0] <= '9';
	unsigned long width = given ? strtoul(columns, &end, 10) : 0;
	struct winsize size = { 0 };

	if (!isatty(STDOUT_FILENO))
		return LINE_WIDTH;
	if (width == 0 || *end != '\0')
		width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
	if (width == 0)
		return 80;
	return width < LEAST_WIDTH ? LEAST_WIDTH : width > MOST_WIDTH ? MOST_WIDTH : width;
}

struct style style_choose(enum color_choice choice)
{
	/* Only what is a letter and how wide it is: numbers stay as they are. */
	setlocale(LC_CTYPE, "");
	return (struct style){ .color = want_color(choice),
			       .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
			       .terminal = isatty(STDOUT_FILENO) != 0,
			       .width = find_width() };
}

void style_load(void)
{
	setlocale(LC_CTYPE, "");
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
	uint32_t character = 0;
	size_t length = 0;
	int width = 1;

	if (style->utf8)
		length = stmboot_utf8_decode(text, strnlen(text, UTF8_BYTES), &character);
	if (length != 0)
		width = wcwidth((wchar_t)character);
	*columns = width >= 0 ? (size_t)width : 1;
	return length != 0 ? length : 1;
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
	while (i > 0 &&
	       (strlen(text + i) < strlen(mark) || ((unsigned char)text[i] & 0xc0) == 0x80))
		i--;
	memcpy(text + i, mark, strlen(mark) + 1);
}

void style_cut_front(const struct style *style, char *text, size_t columns)
{
	const char *mark = style->utf8 ? "…" : "...";
	size_t room = columns - style_width(style, mark);
	size_t width = style_width(style, text), i = 0, next, kept;

	if (width <= columns)
		return;
	for (; width > room; width -= next)
		i += step(style, text + i, &next);
	/* What goes may have fewer bytes than the mark that is put in its place. */
	kept = i >= strlen(mark) ? strlen(mark) : 0;
	memmove(text + kept, text + i, strlen(text + i) + 1);
	memcpy(text, mark, kept);
}

/* Up to a space, but not one within a command. */
static size_t word_length(const char *text)
{
	size_t length = 0;
	bool command = false;

	for (; text[length] != '\0' && (command || text[length] != ' '); length++)
		if (text[length] == '`')
			command = !command && strchr(text + length + 1, '`') != NULL;
	return length;
}

void style_wrap(const struct style *style, struct buffer *out, const char *text, size_t column,
		size_t indent)
{
	const size_t most = style->width < READABLE_WIDTH ? style->width : READABLE_WIDTH;
	bool first = true;

	while (*text != '\0') {
		size_t word = word_length(text);
		size_t width = width_of(style, text, word);

		if (!first && column + 1 + width > most) {
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
