/* SPDX-License-Identifier: MIT */
#ifndef HTML_TEXT_H
#define HTML_TEXT_H

#include <stddef.h>

#include "buffer.h"

/*
 * A text of any bytes as the text of an element, or as the value of an attribute in
 * double quotes. What could move or hide other text is shown as on a terminal, and
 * so are bytes that are not UTF-8: stmboot_escape(). NULL counts as empty.
 */
void html_text(struct buffer *out, const char *text);

/* The same, of `size` bytes in which tabs and backslashes stay: a line of a file. */
void html_line(struct buffer *out, const char *text, size_t size);

/* A name, set apart so that its direction of writing does not reach what is beside it. */
void html_name(struct buffer *out, const char *name);

/* A sentence that begins with a small letter, as messages of the library do. */
void html_sentence(struct buffer *out, const char *text);

/* The same, where `words between these` are to be typed. */
void html_advice(struct buffer *out, const char *text);

#endif
