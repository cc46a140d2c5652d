/* SPDX-License-Identifier: MIT */
/*
 * Ranges of a medium whose bytes other sources hold: sorted, and none over
 * another.
 */
#ifndef SB_SOURCE_RANGES_H
#define SB_SOURCE_RANGES_H

#include <stmboot/source.h>

#include "base/meter.h"

struct sb_range {
	uint64_t offset; /* on the medium; whole sectors, as the length is */
	uint64_t length;
	struct stmboot_source *src;
	uint64_t at; /* of its first byte in the source */
	uint8_t order;
};

struct sb_ranges {
	struct stmboot_context *ctx;
	struct sb_range *items;
	size_t count;
	size_t capacity;
	uint64_t bytes; /* in all of them */
};

void sb_ranges_release(struct sb_ranges *ranges);

/* A range where there is none yet. STMBOOT_OK or STMBOOT_NO_MEMORY. */
STMBOOT_NODISCARD enum stmboot_status sb_ranges_add(struct sb_ranges *ranges,
						    const struct sb_range *range);

/* The first range that ends behind the offset, or NULL. Borrowed until a change. */
const struct sb_range *sb_ranges_from(const struct sb_ranges *ranges, uint64_t offset);

/* Take a part out of one range, where there is one. STMBOOT_OK or STMBOOT_NO_MEMORY. */
STMBOOT_NODISCARD enum stmboot_status sb_ranges_cut(struct sb_ranges *ranges, uint64_t offset,
						    uint64_t length);

enum { SB_PRUNE_BYTES = 64 << 10 };

/*
 * Keep of all ranges what differs from `base`, by sectors of 512 bytes; with very
 * many pieces some that do not differ stay. Each buffer has SB_PRUNE_BYTES. As
 * stmboot_source_read(), STMBOOT_NO_MEMORY and STMBOOT_CANCELLED; after a failure all is
 * as before.
 */
STMBOOT_NODISCARD enum stmboot_status sb_ranges_prune(struct sb_ranges *ranges,
						      struct stmboot_source *base,
						      uint8_t *old_bytes, uint8_t *new_bytes,
						      struct sb_meter *meter);

#endif
