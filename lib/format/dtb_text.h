/* SPDX-License-Identifier: MIT */
/* Text that goes to a buffer of the caller's as far as it fits, and is counted to its end. */
#ifndef SB_FORMAT_DTB_TEXT_H
#define SB_FORMAT_DTB_TEXT_H

#include <stddef.h>
#include <string.h>

#include "base/checked.h"

struct sb_dtb_text {
	char *buffer;
	size_t size;
	size_t length; /* of all of it */
};

static inline void sb_dtb_text_add(struct sb_dtb_text *t, const char *bytes, size_t count)
{
	if (t->length < t->size)
		memcpy(t->buffer + t->length, bytes,
		       (size_t)sb_min_u64(count, t->size - t->length));
	t->length += count;
}

static inline void sb_dtb_text_puts(struct sb_dtb_text *t, const char *string)
{
	sb_dtb_text_add(t, string, strlen(string));
}

/* Put the NUL; the length of the whole text. */
static inline size_t sb_dtb_text_finish(const struct sb_dtb_text *t)
{
	if (t->size != 0)
		t->buffer[sb_min_u64(t->length, t->size - 1)] = 0;
	return t->length;
}

#endif
