/* SPDX-License-Identifier: MIT */
#include "fs/ext4_alloc.h"

#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/refusal.h"

enum {
	EXTENT_HEADER = 0xf30a, /* its magic; no entries follow */
	EXTENTS_IN_INODE = 4,
	POINTER_BYTES = 4,
	DIRECT_BLOCKS = 12,
	INDIRECT_LEVELS = 3,
};

static uint64_t divide_up(uint64_t value, uint64_t by)
{
	return value / by + (value % by != 0);
}

uint64_t sb_ext4_blocks_for(const struct stmboot_ext4_info *info, bool extents, uint64_t size)
{
	uint64_t pointers = info->block_bytes / POINTER_BYTES;
	uint64_t content = divide_up(size, info->block_bytes);
	uint64_t left = content > DIRECT_BLOCKS ? content - DIRECT_BLOCKS : 0;
	uint64_t span = 1, lists = 0;

	if (extents)
		return content;
	for (unsigned level = 1; level <= INDIRECT_LEVELS && left > 0; level++) {
		uint64_t part;

		span *= pointers;
		part = sb_min_u64(left, span);
		left -= part;
		for (unsigned i = 0; i < level; i++) {
			part = divide_up(part, pointers);
			lists += part;
		}
	}
	return content + lists;
}

enum stmboot_status sb_ext4_no_space(struct stmboot_refusal *refusal, uint64_t block_bytes,
				     uint64_t blocks_needed, uint64_t blocks_free,
				     uint64_t inodes_free)
{
	return sb_refuse(refusal, STMBOOT_LIMIT,
			 "remove files from the partition, or give it more room",
			 "the new content needs %" PRIu64 " blocks of %" PRIu64
			 " bytes and an inode; free are %" PRIu64 " blocks and %" PRIu64 " inodes",
			 blocks_needed, block_bytes, blocks_free, inodes_free);
}

uint32_t sb_ext4_deletion_time(const struct stmboot_ext4_info *info, int64_t now)
{
	if (now < info->inodes_count)
		return info->inodes_count;
	return now < UINT32_MAX ? (uint32_t)now : UINT32_MAX;
}

void sb_ext4_empty_map(struct ext2_inode *inode)
{
	const struct ext3_extent_header header = {
		.eh_magic = ext2fs_cpu_to_le16(EXTENT_HEADER),
		.eh_max = ext2fs_cpu_to_le16(EXTENTS_IN_INODE),
	};

	memset(inode->i_block, 0, sizeof(inode->i_block));
	if (inode->i_flags & EXT4_FLAG_EXTENTS)
		memcpy(inode->i_block, &header, sizeof(header));
}

enum stmboot_status sb_ext4_open_staged(struct stmboot_context *ctx, struct sb_overlay *staged,
					struct sb_ext2_io *io, ext2_filsys *out)
{
	int64_t now = sb_now(ctx);
	ext2_filsys ext2;
	enum stmboot_status status;

	*io = (struct sb_ext2_io){ .src = sb_overlay_source(staged), .overlay = staged };
	status = sb_ext2_open(io, &ext2);
	if (status != STMBOOT_OK)
		return status;
	ext2->now = now > 0 ? (time_t)now : 1; /* 0 stands for the system's clock */
	status = sb_ext2_status(io, ext2fs_read_bitmaps(ext2));
	if (status == STMBOOT_OK)
		*out = ext2;
	else
		ext2fs_free(ext2);
	return status;
}

enum stmboot_status sb_ext4_keep_copies(struct stmboot_fs *before, struct sb_overlay *staged)
{
	size_t bytes = (size_t)before->info->block_bytes;
	uint32_t in_block = (uint32_t)(bytes / before->info->descriptor_bytes);
	uint8_t *block = sb_alloc(before->ctx, bytes);
	enum stmboot_status status = block != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;

	for (uint32_t group = 0;
	     status == STMBOOT_OK && group < sb_ext2_of(before)->group_desc_count; group++) {
		struct sb_blocks areas[SB_GROUP_AREAS];
		uint64_t copy;

		sb_group_areas(before, group, areas);
		copy = areas[SB_META_AREA].first * bytes;
		if (areas[SB_META_AREA].count == 0 ||
		    copy == sb_descriptor_offset(before, group / in_block * in_block))
			continue;
		status = sb_fs_read(before, copy, block, bytes);
		if (status == STMBOOT_OK)
			status = sb_overlay_write(staged, copy, block, bytes);
	}
	sb_free(before->ctx, block);
	return status;
}
