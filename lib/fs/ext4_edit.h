/* SPDX-License-Identifier: MIT */
/*
 * Changing files inside ext2, ext3 and ext4. Nothing is written to a medium
 * here: what an edit writes is staged in an overlay, and verified there.
 */
#ifndef SB_FS_EXT4_EDIT_H
#define SB_FS_EXT4_EDIT_H

#include <stmboot/fs.h>
#include <stmboot/refusal.h>

#include "base/arena.h"

/* What an edit is going to change. */
enum sb_ext4_reach {
	SB_EXT4_CONTENT,    /* the bytes of a file, in the blocks that it has */
	SB_EXT4_ALLOCATION, /* which blocks and inodes are in use, too */
};

/*
 * Is the file system in `src` fit to be edited? `src` is the whole partition:
 * a file system that reaches past its end is refused.
 *
 * Superblock, features, state and group descriptors are always judged. For
 * SB_EXT4_ALLOCATION every inode in use is read, and bitmaps and counters must
 * agree with what the inodes say; no block may have two owners.
 *
 * On success a reader (the Linux one) to release with stmboot_fs_close(). Else
 * the status of a failed read or allocation, or with `refusal` filled in
 * STMBOOT_NOT_RECOGNISED, STMBOOT_UNSUPPORTED (a feature), STMBOOT_CONFLICT
 * (its state: something has to be finished first), STMBOOT_CORRUPT (damage),
 * STMBOOT_LIMIT.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_ext4_open_fit(struct stmboot_context *ctx, struct stmboot_source *src, enum sb_ext4_reach reach,
		 struct stmboot_refusal *refusal, struct stmboot_fs **out);

#endif
