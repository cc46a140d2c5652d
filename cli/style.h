/* SPDX-License-Identifier: MIT */
#ifndef STYLE_H
#define STYLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "options.h"

/* How text is to look here. */
struct style {
	bool color;
	bool utf8;     /* the locale shows it */
	bool terminal; /* a person reads it, and nothing is to be found by its lines */
	size_t width;  /* columns */
};

enum paint {
	PAINT_NONE,
	PAINT_STRONG,
	PAINT_FAINT,
	PAINT_GOOD,
	PAINT_WARNING,
	PAINT_BAD,
	PAINT_LOADER, /* what a partition is for, on the map */
	PAINT_UBOOT,
	PAINT_FILES,
	PAINT_OTHER,
};

/* By --color, NO_COLOR, TERM, COLUMNS, the locale, and whether stdout is a terminal. */
struct style style_choose(enum color_choice choice);

/* Load what the locale needs, before files can no longer be opened. */
void style_load(void);

void style_begin(const struct style *style, struct buffer *out, enum paint paint);
void style_end(const struct style *style, struct buffer *out, enum paint paint);

/* A text made safe for a terminal, also one that does not show UTF-8. */
void style_escape(const struct style *style, struct buffer *out, const char *text);

/* Columns that an escaped text takes. */
size_t style_width(const struct style *style, const char *text);

/* Cut an escaped text in place so that it takes no more than `columns`. */
void style_cut(const struct style *style, char *text, size_t columns);

/* The same, but of a path its end is kept. Takes no more bytes than before. */
void style_cut_front(const struct style *style, char *text, size_t columns);

/*
 * Add an escaped text with line breaks at spaces where a line would pass what is
 * readable; it begins in column `column`, and following lines at `indent`. What
 * stands between backquotes is a command to be copied, and stays whole.
 */
void style_wrap(const struct style *style, struct buffer *out, const char *text, size_t column,
		size_t indent);

/* "17 KiB", "257.5 MiB". */
enum { SIZE_TEXT = 24 };
void style_size(uint64_t bytes, char text[SIZE_TEXT]);

#endif
