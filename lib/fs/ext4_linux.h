/* SPDX-License-Identifier: MIT */
#ifndef SB_FS_EXT4_LINUX_H
#define SB_FS_EXT4_LINUX_H

#include "fs/ext2_io.h"
#include "fs/ext4.h"

/* What the Linux reader keeps beside the rest. */
struct sb_linux_reader {
	struct sb_ext2_io io;
	ext2_filsys ext2;
	uint8_t *inode; /* room for one */
};

static inline bool sb_linux_has_checksums(const struct stmboot_fs *fs)
{
	return (fs->info->ro_compat & RO_COMPAT_METADATA_CSUM) != 0;
}

/* As sb_fs_ops.list. */
STMBOOT_NODISCARD enum stmboot_status sb_linux_list(struct stmboot_fs *fs,
						    const struct sb_ext4_inode *directory,
						    stmboot_fs_visit *visit, void *user);

/* The inode number of a name, and where its entry stands in the source, or STMBOOT_NOT_FOUND. */
STMBOOT_NODISCARD enum stmboot_status sb_linux_find(struct stmboot_fs *fs,
						    const struct sb_ext4_inode *directory,
						    const char *name, uint32_t *inode,
						    uint64_t *place);

#endif
