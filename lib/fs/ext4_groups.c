/* SPDX-License-Identifier: MIT */
#include "fs/ext4_groups.h"

#include "base/checked.h"

uint32_t sb_group_blocks(const struct stmboot_fs *fs, uint32_t group)
{
	uint64_t left = fs->info->blocks_count - sb_group_first_block(fs, group);

	return (uint32_t)sb_min_u64(left, fs->info->blocks_per_group);
}

void sb_group_areas(const struct stmboot_fs *fs, uint32_t group,
		    struct sb_blocks areas[SB_GROUP_AREAS])
{
	const struct stmboot_ext4_info *info = fs->info;
	ext2_filsys ext2 = sb_ext2_of(fs);
	blk64_t super, old_table, new_table;
	blk_t used;
	uint64_t reserved = ext2->super->s_reserved_gdt_blocks;

	(void)ext2fs_super_and_bgd_loc2(ext2, group, &super, &old_table, &new_table, &used);
	reserved = (info->incompat & INCOMPAT_META_BG) != 0 ? info->first_meta_group
							    : ext2->desc_blocks + reserved;
	areas[0] = (struct sb_blocks){ super, super != 0 || group == 0 };
	areas[1] = (struct sb_blocks){ old_table, old_table != 0 ? reserved : 0 };
	areas[2] = (struct sb_blocks){ new_table, new_table != 0 };
	areas[3] = (struct sb_blocks){ ext2fs_block_bitmap_loc(ext2, group), 1 };
	areas[4] = (struct sb_blocks){ ext2fs_inode_bitmap_loc(ext2, group), 1 };
	areas[5] = (struct sb_blocks){ ext2fs_inode_table_loc(ext2, group),
				       ext2->inode_blocks_per_group };
}

bool sb_blocks_reserved(const struct stmboot_fs *fs, uint64_t first, uint64_t count)
{
	for (uint32_t group = 0; group < sb_ext2_of(fs)->group_desc_count; group++) {
		struct sb_blocks areas[SB_GROUP_AREAS];

		sb_group_areas(fs, group, areas);
		for (unsigned i = 0; i < SB_GROUP_AREAS; i++)
			if (sb_ranges_overlap(areas[i].first, areas[i].count, first, count))
				return true;
	}
	return false;
}

bool sb_bitmap_unwritten(const struct stmboot_fs *fs, uint32_t group, enum sb_bitmap kind)
{
	ext2_filsys ext2 = sb_ext2_of(fs);

	return ext2fs_has_group_desc_csum(ext2) &&
	       ext2fs_bg_flags_test(ext2, group,
				    kind == SB_BITMAP_BLOCKS ? EXT2_BG_BLOCK_UNINIT
							     : EXT2_BG_INODE_UNINIT);
}

uint64_t sb_bitmap_offset(const struct stmboot_fs *fs, uint32_t group, enum sb_bitmap kind)
{
	ext2_filsys ext2 = sb_ext2_of(fs);
	uint64_t block = kind == SB_BITMAP_BLOCKS ? ext2fs_block_bitmap_loc(ext2, group)
						  : ext2fs_inode_bitmap_loc(ext2, group);

	return block * fs->info->block_bytes;
}

uint64_t sb_descriptor_offset(const struct stmboot_fs *fs, uint32_t group)
{
	ext2_filsys ext2 = sb_ext2_of(fs);
	uint32_t in_block = (uint32_t)(fs->info->block_bytes / fs->info->descriptor_bytes);
	uint64_t block = ext2fs_descriptor_block_loc2(ext2, ext2->super->s_first_data_block,
						      group / in_block);

	return block * fs->info->block_bytes +
	       (uint64_t)(group % in_block) * fs->info->descriptor_bytes;
}

enum stmboot_status sb_bitmap_read(struct stmboot_fs *fs, uint32_t group, enum sb_bitmap kind,
				   uint8_t *bitmap)
{
	const struct stmboot_ext4_info *info = fs->info;
	ext2_filsys ext2 = sb_ext2_of(fs);
	uint64_t offset = sb_bitmap_offset(fs, group, kind);
	enum stmboot_status status = sb_fs_read(fs, offset, bitmap, (size_t)info->block_bytes);
	bool fits;

	if (status != STMBOOT_OK)
		return status;
	if (kind == SB_BITMAP_BLOCKS)
		fits = ext2fs_block_bitmap_csum_verify(ext2, group, (char *)bitmap,
						       (int)(info->blocks_per_group / 8));
	else
		fits = ext2fs_inode_bitmap_csum_verify(ext2, group, (char *)bitmap,
						       (int)(info->inodes_per_group / 8));
	if (fits)
		return STMBOOT_OK;
	return sb_fs_fail(fs, STMBOOT_CORRUPT, offset,
			  kind == SB_BITMAP_BLOCKS ? "a block bitmap with a wrong checksum"
						   : "an inode bitmap with a wrong checksum");
}
