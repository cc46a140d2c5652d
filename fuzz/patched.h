/* SPDX-License-Identifier: MIT */
/*
 * An input that describes a container by what makes it different from a
 * healthy one, so it stays small: one byte chooses the container, two give the
 * size of the source (0, or left out: as made), and then patches follow until
 * the input ends, each an offset (16 bits, little-endian), a length (8 bits)
 * and that many bytes.
 */
#ifndef FUZZ_PATCHED_H
#define FUZZ_PATCHED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/context.h>
#include <stmboot/diag.h>
#include <stmboot/source.h>

enum { PATCHED_ROOM = 65536, PATCHED_HEAD = 3, PATCH_HEAD = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct patched {
	uint8_t bytes[PATCHED_ROOM + 1];
	size_t size;
	uint8_t choice;
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_diags *diags;
};

static inline void require(bool condition)
{
	if (!condition)
		abort();
}

static inline size_t patch_number(const uint8_t *at)
{
	return (size_t)at[0] | (size_t)at[1] << 8;
}

/* Apply the patches of an input to what `make` makes of its first byte. */
static inline struct patched *patched_new(const uint8_t *data, size_t size,
					  size_t (*make)(uint8_t *bytes, uint8_t choice))
{
	struct patched *p = calloc(1, sizeof(*p));

	require(p != NULL);
	p->choice = size != 0 ? data[0] : 0;
	p->size = make(p->bytes, p->choice);
	if (size >= PATCHED_HEAD && patch_number(data + 1) != 0)
		p->size = patch_number(data + 1);
	for (size_t at = PATCHED_HEAD; at < size && size - at > PATCH_HEAD;) {
		size_t offset = patch_number(data + at);
		size_t length = data[at + 2];

		at += PATCH_HEAD;
		length = length < size - at ? length : size - at;
		length = length < PATCHED_ROOM - offset ? length : PATCHED_ROOM - offset;
		memcpy(p->bytes + offset, data + at, length);
		at += length;
	}
	require(stmboot_context_new(NULL, &p->ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(p->ctx, p->bytes, p->size, &p->src) == STMBOOT_OK);
	require(stmboot_diags_new(p->ctx, &p->diags) == STMBOOT_OK);
	return p;
}

/* Every finding says where it is, what is there, and what to do. */
static inline void patched_free(struct patched *p)
{
	for (size_t i = 0; i < stmboot_diags_count(p->diags); i++) {
		const struct stmboot_diag *d = stmboot_diags_get(p->diags, i);

		require(d->place.has_offset && d->place.offset <= p->size);
		require(d->found != NULL && d->expected != NULL && d->hint != NULL);
		require(d->message != NULL && d->message[0] != '\0');
	}
	stmboot_diags_free(p->diags);
	stmboot_source_close(p->src);
	stmboot_context_free(p->ctx);
	free(p);
}

#endif
