/* SPDX-License-Identifier: MIT */
/*
 * Block groups: where the structures of the file system itself stand, and what
 * its bitmaps say. For file systems opened with the Linux reader.
 */
#ifndef SB_FS_EXT4_GROUPS_H
#define SB_FS_EXT4_GROUPS_H

#include "fs/ext4_linux.h"

/* A run of blocks. */
struct sb_blocks {
	uint64_t first;
	uint64_t count;
};

/* The copy of the superblock, two of descriptors, two bitmaps and the inode table. */
enum {
	SB_META_AREA = 2,        /* descriptors with the feature meta_bg */
	SB_FIRST_GROUP_AREA = 3, /* of those that every group has */
	SB_GROUP_AREAS = 6,
};

static inline ext2_filsys sb_ext2_of(const struct stmboot_fs *fs)
{
	return ((const struct sb_linux_reader *)fs->reader)->ext2;
}

static inline uint32_t sb_group_of_block(const struct stmboot_fs *fs, uint64_t block)
{
	return (uint32_t)((block - fs->info->first_data_block) / fs->info->blocks_per_group);
}

static inline uint64_t sb_group_first_block(const struct stmboot_fs *fs, uint32_t group)
{
	return fs->info->first_data_block + (uint64_t)group * fs->info->blocks_per_group;
}

/* The last group may have fewer. */
uint32_t sb_group_blocks(const struct stmboot_fs *fs, uint32_t group);

/* What the file system itself takes for a group; a count may be 0. */
void sb_group_areas(const struct stmboot_fs *fs, uint32_t group,
		    struct sb_blocks areas[SB_GROUP_AREAS]);

/* Is a block of the run one of the file system itself? */
bool sb_blocks_reserved(const struct stmboot_fs *fs, uint64_t first, uint64_t count);

enum sb_bitmap { SB_BITMAP_BLOCKS, SB_BITMAP_INODES };

/* Says the descriptor that the bitmap was never written, because nothing is in use? */
bool sb_bitmap_unwritten(const struct stmboot_fs *fs, uint32_t group, enum sb_bitmap kind);

/* Where a bitmap stands, in bytes. */
uint64_t sb_bitmap_offset(const struct stmboot_fs *fs, uint32_t group, enum sb_bitmap kind);

/* Where the descriptor of a group stands, in bytes; there are copies of it. */
uint64_t sb_descriptor_offset(const struct stmboot_fs *fs, uint32_t group);

/* A bitmap of one block, its checksum verified. */
STMBOOT_NODISCARD enum stmboot_status sb_bitmap_read(struct stmboot_fs *fs, uint32_t group,
						     enum sb_bitmap kind, uint8_t *bitmap);

static inline bool sb_bit(const uint8_t *bitmap, uint32_t bit)
{
	return (bitmap[bit / 8] >> bit % 8 & 1) != 0;
}

#endif
