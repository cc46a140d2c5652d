/* SPDX-License-Identifier: MIT */
/* What all edits that allocate share: how much is needed, and how libext2fs is let write. */
#ifndef SB_FS_EXT4_ALLOC_H
#define SB_FS_EXT4_ALLOC_H

#include "fs/ext4_groups.h"
#include "fs/ext4_preflight.h"

/* Blocks for content of `size` bytes, and for its lists of blocks where there are no extents. */
uint64_t sb_ext4_blocks_for(const struct stmboot_ext4_info *info, bool extents, uint64_t size);

/* STMBOOT_LIMIT, with what is needed and what there is. */
enum stmboot_status sb_ext4_no_space(struct stmboot_refusal *refusal, uint64_t block_bytes,
				     uint64_t blocks_needed, uint64_t blocks_free,
				     uint64_t inodes_free);

/*
 * e2fsck takes a time of deletion below the number of inodes for a link in the
 * list of orphans, which a clock at the beginning of time would give.
 */
uint32_t sb_ext4_deletion_time(const struct stmboot_ext4_info *info, int64_t now);

/* An inode maps nothing any more; it has extents if its flags say so. */
void sb_ext4_empty_map(struct ext2_inode *inode);

/* Open what is staged for writing, its bitmaps read; `io` must stay where it is until then. */
STMBOOT_NODISCARD enum stmboot_status sb_ext4_open_staged(struct stmboot_context *ctx,
							  struct sb_overlay *staged,
							  struct sb_ext2_io *io, ext2_filsys *out);

/*
 * With meta_bg libext2fs writes the copies of descriptors, too, for which it
 * was not asked. They stay as they are in `before`, as with Linux.
 */
STMBOOT_NODISCARD enum stmboot_status sb_ext4_keep_copies(struct stmboot_fs *before,
							  struct sb_overlay *staged);

#endif
