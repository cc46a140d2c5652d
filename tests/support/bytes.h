/* SPDX-License-Identifier: MIT */
/* Bytes made by a test, as a source, and the codes of what is found in them. */
#ifndef TESTS_BYTES_H
#define TESTS_BYTES_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/context.h>
#include <stmboot/diag.h>
#include <stmboot/source.h>

#include "containers.h"

struct bytes {
	struct stmboot_context *ctx;
	struct stmboot_source *src; /* made by bytes_source() */
	struct stmboot_diags *diags;
	uint8_t *data;
	size_t size;
	char codes[1024]; /* made by bytes_codes() */
};

/* `size` zeros. */
static inline struct bytes bytes_new(size_t size)
{
	struct bytes b = { .data = calloc(size + 1, 1), .size = size };

	cr_assert_not_null(b.data);
	cr_assert_eq(stmboot_context_new(NULL, &b.ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(b.ctx, &b.diags), STMBOOT_OK);
	return b;
}

static inline void bytes_put(struct bytes *b, size_t offset, const void *data, size_t size)
{
	cr_assert(offset <= b->size && size <= b->size - offset);
	memcpy(b->data + offset, data, size);
}

static inline void bytes_le(struct bytes *b, size_t offset, uint64_t value, size_t size)
{
	cr_assert(offset <= b->size && size <= b->size - offset);
	put_le(b->data + offset, value, size);
}

static inline void bytes_be(struct bytes *b, size_t offset, uint64_t value, size_t size)
{
	cr_assert(offset <= b->size && size <= b->size - offset);
	put_be(b->data + offset, value, size);
}

static inline struct stmboot_source *bytes_source(struct bytes *b)
{
	stmboot_source_close(b->src);
	b->src = NULL;
	cr_assert_eq(stmboot_source_from_memory(b->ctx, b->data, b->size, &b->src), STMBOOT_OK);
	return b->src;
}

/* The codes of all findings, each followed by a blank; a warning's by " (w) ", a note's by " (n) ".
 */
static inline const char *bytes_codes(struct bytes *b)
{
	b->codes[0] = '\0';
	for (size_t i = 0; i < stmboot_diags_count(b->diags); i++) {
		const struct stmboot_diag *d = stmboot_diags_get(b->diags, i);
		size_t length = strlen(b->codes);

		snprintf(b->codes + length, sizeof(b->codes) - length, "%s%s", d->code,
			 d->severity == STMBOOT_ERROR     ? " "
			 : d->severity == STMBOOT_WARNING ? " (w) "
							  : " (n) ");
	}
	return b->codes;
}

static inline void bytes_free(struct bytes *b)
{
	stmboot_source_close(b->src);
	stmboot_diags_free(b->diags);
	stmboot_context_free(b->ctx);
	free(b->data);
}

#endif
