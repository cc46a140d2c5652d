/* SPDX-License-Identifier: MIT */
#ifndef SB_FS_FS_H
#define SB_FS_FS_H

#include <stmboot/fs.h>

#include "base/arena.h"
#include "base/rules.h"

/* As stmboot_ext4_decode(), into memory of the caller's. */
STMBOOT_NODISCARD enum stmboot_status sb_ext4_decode(struct stmboot_source *src,
						     struct stmboot_ext4_info *out);

/* Where a file system is read from; borrowed from it. */
struct stmboot_source *sb_fs_source(const struct stmboot_fs *fs);

/*
 * Count what is looked at of directories down from *lookups, too, which must outlive the
 * file system; at 0 names are not found: STMBOOT_LIMIT.
 */
void sb_fs_share(struct stmboot_fs *fs, uint64_t *lookups);

extern const struct sb_rules sb_ext4_rules;

/*
 * Findings on the superblock alone. The scope's source is the partition as far
 * as the image has it; `partition_bytes` is its size by the partition table.
 * Whether U-Boot finds what it needs is judged by looking with its reader.
 */
void sb_ext4_validate(const struct sb_scope *scope, const struct stmboot_ext4_info *info,
		      uint64_t partition_bytes);

#endif
