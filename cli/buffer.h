/* SPDX-License-Identifier: MIT */
#ifndef BUFFER_H
#define BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include <stmboot/status.h>

/*
 * Text that grows. Output is collected here and written at the end, so that
 * nothing is printed before all is known, and trouble shows once. Zeroed, it
 * is empty; without memory it stays short and remembers.
 */
struct buffer {
	char *data; /* NUL-terminated; NULL when nothing was added yet */
	size_t length;
	size_t capacity;
	bool failed;
};

void buffer_add(struct buffer *b, const char *text, size_t length);
void buffer_puts(struct buffer *b, const char *text);
void buffer_printf(struct buffer *b, const char *format, ...) STMBOOT_PRINTF(2, 3);

/* `count` spaces. */
void buffer_pad(struct buffer *b, size_t count);

/* Write all of it; 0 or an errno. */
int buffer_write(const struct buffer *b, int descriptor);

void buffer_release(struct buffer *b);

#endif
