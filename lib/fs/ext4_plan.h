/* SPDX-License-Identifier: MIT */
/*
 * The plan of an edit: which bytes of a partition it may change, and what they
 * are. What changes beside it is a mistake that must not reach a medium.
 */
#ifndef SB_FS_EXT4_PLAN_H
#define SB_FS_EXT4_PLAN_H

#include "fs/ext4_edit.h"
#include "fs/ext4_groups.h"

/* Bytes of the partition that an edit may change. */
struct sb_planned {
	enum sb_ext4_write_kind kind;
	uint64_t offset;
	uint64_t length;
};

/* Starts with an arena alone. */
struct sb_plan {
	struct sb_arena *arena;
	struct sb_planned *ranges; /* in the order in which they were added */
	size_t count;
	size_t capacity;
	struct sb_planned *sealed; /* by offset, none sharing a byte with the next */
	size_t sealed_count;
};

STMBOOT_NODISCARD enum stmboot_status
sb_plan_add(struct sb_plan *plan, enum sb_ext4_write_kind kind, uint64_t offset, uint64_t length);

/* The fields of the superblock that change with what is in use. */
STMBOOT_NODISCARD enum stmboot_status sb_plan_counters(struct sb_plan *plan);

/* What is touched in a group. */
enum {
	SB_INODES_TOUCHED = 1,
	SB_BLOCKS_TOUCHED = 2,
};

/* The descriptor of a group, and those of its bitmaps that are touched. */
STMBOOT_NODISCARD enum stmboot_status
sb_plan_group(struct sb_plan *plan, const struct stmboot_fs *fs, uint32_t group, unsigned touched);

/* Nothing is added any more: from here on the plan can be asked. */
STMBOOT_NODISCARD enum stmboot_status sb_plan_seal(struct sb_plan *plan);

/*
 * Does every byte that differs lie in the plan? Sectors that do not differ at
 * all are dropped. A failure is that of a read.
 */
STMBOOT_NODISCARD enum stmboot_status sb_plan_verify(const struct sb_plan *plan,
						     struct sb_overlay *staged, bool *holds);

/* The writes of an edit: one for each run of sectors of a kind. */
struct sb_writes {
	struct sb_ext4_write *list;
	size_t count;
	size_t capacity;
};

/*
 * Move what is staged to `base` of an overlay, marked with its order. A failure
 * leaves that overlay in between, which it remembers.
 */
STMBOOT_NODISCARD enum stmboot_status sb_plan_hand_over(const struct sb_plan *plan,
							struct sb_overlay *staged,
							struct sb_overlay *overlay, uint64_t base,
							struct sb_writes *writes);

#endif
