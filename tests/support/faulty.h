/* SPDX-License-Identifier: MIT */
/* A source whose reads fail when they are told to, and the digest of an overlay. */
#ifndef TESTS_FAULTY_H
#define TESTS_FAULTY_H

#include <criterion/criterion.h>

#include "source/overlay.h"

/* One read fails, or that one and all that follow. */
struct faults {
	uint64_t reads;
	uint64_t refuse; /* number of the read that fails, from 1; 0: none */
	bool for_good;
	struct stmboot_source *base;
};

static inline enum stmboot_status faulty_read_at(void *self, uint64_t offset, void *buffer,
						 size_t size)
{
	struct faults *faults = self;

	faults->reads++;
	if (faults->refuse != 0 && (faults->reads == faults->refuse ||
				    (faults->for_good && faults->reads > faults->refuse)))
		return STMBOOT_IO;
	return stmboot_source_read(faults->base, offset, buffer, size);
}

static inline uint64_t faulty_size(void *self)
{
	struct faults *faults = self;

	return stmboot_source_size(faults->base);
}

/* `faults` and its base must outlive the source; its reads are counted from 0. */
static inline struct stmboot_source *faulty_source(struct stmboot_context *ctx,
						   struct faults *faults)
{
	static const struct stmboot_source_ops ops = { .struct_size = sizeof(ops),
						       .read_at = faulty_read_at,
						       .size = faulty_size };
	struct stmboot_source *src;

	faults->reads = 0;
	cr_assert_eq(stmboot_source_new(ctx, &ops, faults, &src), STMBOOT_OK);
	return src;
}

static inline uint32_t digest_of(struct sb_overlay *overlay)
{
	struct sb_extent extent = { 0 };
	uint32_t digest = 2166136261;

	while (sb_overlay_next(overlay, extent.offset + extent.length, 0, &extent) == STMBOOT_OK) {
		digest = (digest ^ (uint32_t)extent.offset) * 16777619;
		for (size_t i = 0; i < extent.length; i++)
			digest = (digest ^ extent.new_bytes[i]) * 16777619;
	}
	return digest;
}

#endif
