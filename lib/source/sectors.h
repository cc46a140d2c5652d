/* SPDX-License-Identifier: MIT */
/*
 * The sectors that an overlay holds in memory, found by their numbers.
 *
 * They form an AA tree (A. Andersson, "Balanced Search Trees Made Simple",
 * 1993), whose depth is at most twice the logarithm of their number. A sector
 * that is forgotten stays in the tree as a place for the next write.
 */
#ifndef SB_SOURCE_SECTORS_H
#define SB_SOURCE_SECTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/context.h"
#include "source/overlay.h"

struct sb_sector {
	struct sb_sector *left;
	struct sb_sector *right;
	struct sb_sector *next; /* by number, or NULL: most are looked at one behind the other */
	uint64_t number;
	uint8_t level;
	uint8_t order;
	bool pending;
	bool has_old_crc;
	uint32_t old_crc; /* of what the base held when it was first read */
	uint8_t data[SB_SECTOR_BYTES];
};

/* Add a zeroed sector whose number is not in the tree yet; the new root. */
struct sb_sector *sb_sectors_insert(struct sb_sector *root, struct sb_sector *added);

/* The first sector whose number is not below, or NULL. */
struct sb_sector *sb_sectors_from(struct sb_sector *root, uint64_t number);

void sb_sectors_free(struct stmboot_context *ctx, struct sb_sector *root);

#endif
