/* SPDX-License-Identifier: MIT */
/*
 * Bitmaps and counters made again from what the inodes say. Every block is
 * claimed before it is looked at, and only once: so no map that leads back into
 * itself is followed for ever.
 */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "fs/ext4_groups.h"
#include "fs/ext4_preflight.h"

enum {
	BAD_BLOCKS_INODE = 1,
	RESIZE_INODE = 7,
	CHUNK_BYTES = 64 << 10,
	SECTOR_BYTES = 512, /* of i_blocks */
	I_LINKS_COUNT = 0x1a,
	I_BLOCK = 0x28,
	DOUBLE_INDIRECT = 13,
};

struct claims {
	struct stmboot_fs *fs;
	struct stmboot_refusal *refusal;
	struct sb_arena arena;
	uint8_t **blocks;     /* a bitmap for each group; NULL: no block of it is claimed */
	uint8_t **attributes; /* the same for blocks of attributes, which inodes may share */
	uint8_t *inodes;      /* in use in the current group */
	uint32_t directories; /* in the current group */
	uint64_t mapped;      /* blocks of the current inode */
	uint8_t *bitmap;      /* room for one of the medium */
	uint8_t *chunk;       /* of an inode table */
	uint64_t free_blocks; /* of all groups so far */
	uint64_t free_inodes;
};

static enum stmboot_status damage(struct claims *claims, uint64_t offset, const char *reason)
{
	return sb_refuse_damage(claims->refusal, offset, reason);
}

static void set_bit(uint8_t *bits, uint64_t bit)
{
	bits[bit / 8] |= (uint8_t)(1 << bit % 8);
}

/* Set the bit of a block in one of the two sets; *was tells whether it was set before. */
static bool mark_block(struct claims *claims, uint8_t **set, uint64_t block, bool *was)
{
	uint32_t group = sb_group_of_block(claims->fs, block);
	uint32_t bit = (uint32_t)(block - sb_group_first_block(claims->fs, group));

	if (set[group] == NULL)
		set[group] = sb_arena_alloc(&claims->arena,
					    (size_t)claims->fs->info->blocks_per_group / 8);
	if (set[group] == NULL)
		return false;
	*was = sb_bit(set[group], bit);
	set_bit(set[group], bit);
	return true;
}

static enum stmboot_status claim(struct claims *claims, uint64_t first, uint64_t count)
{
	const struct stmboot_ext4_info *info = claims->fs->info;

	if (first < info->first_data_block || !sb_range_within(first, count, info->blocks_count))
		return damage(claims, SB_NOWHERE, "a block outside the file system");
	for (uint64_t block = first; block < first + count; block++) {
		bool was;

		if (!mark_block(claims, claims->blocks, block, &was))
			return STMBOOT_NO_MEMORY;
		if (was)
			return damage(claims, block * info->block_bytes, "a block with two owners");
	}
	return STMBOOT_OK;
}

static enum stmboot_status claim_run(void *user, enum sb_ext4_run_kind kind, uint64_t first,
				     uint64_t count)
{
	struct claims *claims = user;

	(void)kind;
	claims->mapped += count;
	return claim(claims, first, count);
}

/* A table of descriptors may be cut off by the end of the file system. */
static enum stmboot_status claim_areas(struct claims *claims)
{
	struct stmboot_fs *fs = claims->fs;
	enum stmboot_status status = STMBOOT_OK;

	for (uint32_t group = 0; group < sb_ext2_of(fs)->group_desc_count; group++) {
		struct sb_blocks areas[SB_GROUP_AREAS];

		sb_group_areas(fs, group, areas);
		for (unsigned i = 0; i < SB_GROUP_AREAS && status == STMBOOT_OK; i++) {
			if (areas[i].count == 0 || areas[i].first >= fs->info->blocks_count)
				continue;
			status = claim(claims, areas[i].first,
				       sb_min_u64(areas[i].count,
						  fs->info->blocks_count - areas[i].first));
		}
	}
	return status;
}

/* Inodes with the same attributes may share their block. */
static enum stmboot_status claim_attributes(struct claims *claims, uint8_t *raw)
{
	uint64_t block = sb_ext4_attribute_block(raw);
	bool shared;

	if (block == 0)
		return STMBOOT_OK;
	claims->mapped++;
	if (block < claims->fs->info->first_data_block || block >= claims->fs->info->blocks_count)
		return damage(claims, SB_NOWHERE, "a block outside the file system");
	if (!mark_block(claims, claims->attributes, block, &shared))
		return STMBOOT_NO_MEMORY;
	return shared ? STMBOOT_OK : claim(claims, block, 1);
}

/*
 * The resize inode lists the blocks behind the copies of the descriptors, which
 * are areas of their groups; its own is the list of these lists.
 */
static enum stmboot_status claim_resize_inode(struct claims *claims, uint8_t *raw)
{
	uint32_t list = sb_get_le32(raw + I_BLOCK + 4 * DOUBLE_INDIRECT);

	return list != 0 ? claim(claims, list, 1) : STMBOOT_OK;
}

static enum stmboot_status claim_content(struct claims *claims, uint8_t *raw,
					 const struct sb_ext4_inode *inode)
{
	struct stmboot_fs *fs = claims->fs;
	enum stmboot_status status;

	if ((inode->flags & EXT4_FLAG_EXTENTS) != 0 && (fs->info->incompat & INCOMPAT_EXTENTS) == 0)
		return damage(claims, inode->offset,
			      "an inode with extents, a feature that is off");
	if (inode->number == RESIZE_INODE && (fs->info->compat & COMPAT_RESIZE_INODE) != 0)
		return claim_resize_inode(claims, raw);
	if (!ext2fs_inode_has_valid_blocks2(sb_ext2_of(fs), (void *)raw))
		return STMBOOT_OK;
	status = sb_ext4_survey(fs, inode, claim_run, claims);
	if (status == STMBOOT_OK || claims->refusal->message[0] != '\0')
		return status;
	return sb_refuse_trouble(fs, status, claims->refusal);
}

/* Inodes that hold the value of an attribute count for those that have the attribute, too. */
static bool count_fits(const struct claims *claims, uint32_t number, uint8_t *raw)
{
	const struct stmboot_ext4_info *info = claims->fs->info;
	uint64_t sectors = ext2fs_get_stat_i_blocks(sb_ext2_of(claims->fs), (void *)raw);

	return number == BAD_BLOCKS_INODE || number == RESIZE_INODE ||
	       (info->incompat & INCOMPAT_EA_INODE) != 0 ||
	       sectors == claims->mapped * (info->block_bytes / SECTOR_BYTES);
}

static enum stmboot_status claim_inode(struct claims *claims, uint32_t number, uint64_t offset,
				       uint8_t *raw)
{
	struct stmboot_fs *fs = claims->fs;
	ext2_filsys ext2 = sb_ext2_of(fs);
	bool used = sb_get_le16(raw + I_LINKS_COUNT) != 0;
	struct sb_ext4_inode inode;
	enum stmboot_status status;

	if (used || number < EXT2_FIRST_INODE(ext2->super))
		set_bit(claims->inodes, (number - 1) % fs->info->inodes_per_group);
	if (!used && number != BAD_BLOCKS_INODE)
		return STMBOOT_OK;
	if (used && !ext2fs_inode_csum_verify(ext2, number, (void *)raw))
		return damage(claims, offset, "an inode with a wrong checksum");
	sb_ext4_inode_decode(raw, fs->info->inode_bytes, &inode);
	inode.number = number;
	inode.offset = offset;
	claims->directories += sb_ext4_mode_type(inode.mode) == STMBOOT_FS_DIRECTORY;
	claims->mapped = 0;
	status = claim_attributes(claims, raw);
	if (status == STMBOOT_OK)
		status = claim_content(claims, raw, &inode);
	if (status == STMBOOT_OK && !count_fits(claims, number, raw))
		return damage(claims, offset, "an inode with a wrong count of blocks");
	return status;
}

/* How many inodes of a group may be in use: those behind them were never written. */
static uint32_t inodes_written(const struct stmboot_fs *fs, uint32_t group)
{
	ext2_filsys ext2 = sb_ext2_of(fs);
	uint32_t count = fs->info->inodes_per_group;
	uint32_t unused = 0;

	if (sb_bitmap_unwritten(fs, group, SB_BITMAP_INODES))
		return 0;
	if (ext2fs_has_group_desc_csum(ext2))
		unused = ext2fs_bg_itable_unused(ext2, group);
	return unused < count ? count - unused : 0;
}

static enum stmboot_status claim_group(struct claims *claims, uint32_t group)
{
	struct stmboot_fs *fs = claims->fs;
	size_t inode_bytes = fs->info->inode_bytes;
	uint64_t left = (uint64_t)inodes_written(fs, group) * inode_bytes;
	uint64_t offset =
		ext2fs_inode_table_loc(sb_ext2_of(fs), group) * (uint64_t)fs->info->block_bytes;
	uint32_t number = group * fs->info->inodes_per_group + 1;
	enum stmboot_status status = STMBOOT_OK;

	while (left > 0 && status == STMBOOT_OK) {
		size_t size = (size_t)sb_min_u64(left, CHUNK_BYTES);

		status = sb_fs_read(fs, offset, claims->chunk, size);
		for (size_t at = 0; at < size && status == STMBOOT_OK; at += inode_bytes)
			status = claim_inode(claims, number++, offset + at, claims->chunk + at);
		offset += size;
		left -= size;
	}
	return status;
}

/* How many of the bits are set; NULL stands for none. */
static uint32_t count_bits(const uint8_t *bits, uint32_t count)
{
	uint32_t set = 0;

	for (uint32_t i = 0; bits != NULL && i < count / 8; i++)
		set += (uint32_t)__builtin_popcount(bits[i]);
	for (uint32_t i = count / 8 * 8; bits != NULL && i < count; i++)
		set += sb_bit(bits, i);
	return set;
}

static bool bits_equal(const uint8_t *computed, const uint8_t *found, uint32_t count)
{
	if (computed == NULL)
		return count_bits(found, count) == 0;
	if (memcmp(computed, found, count / 8) != 0)
		return false;
	for (uint32_t i = count / 8 * 8; i < count; i++)
		if (sb_bit(computed, i) != sb_bit(found, i))
			return false;
	return true;
}

/* What a group does not have is never free. */
static bool is_padded(const uint8_t *bitmap, uint32_t count, size_t bytes)
{
	for (uint32_t bit = count; bit < bytes * 8; bit++)
		if (!sb_bit(bitmap, bit))
			return false;
	return true;
}

static enum stmboot_status compare_bitmap(struct claims *claims, uint32_t group,
					  enum sb_bitmap kind, const uint8_t *computed,
					  uint32_t count)
{
	struct stmboot_fs *fs = claims->fs;
	enum stmboot_status status = sb_bitmap_read(fs, group, kind, claims->bitmap);

	if (status != STMBOOT_OK)
		return sb_refuse_trouble(fs, status, claims->refusal);
	if (bits_equal(computed, claims->bitmap, count) &&
	    is_padded(claims->bitmap, count, (size_t)fs->info->block_bytes))
		return STMBOOT_OK;
	return damage(claims, sb_bitmap_offset(fs, group, kind),
		      kind == SB_BITMAP_BLOCKS ? "a block bitmap that contradicts the inodes"
					       : "an inode bitmap that contradicts the inodes");
}

static enum stmboot_status compare_inodes(struct claims *claims, uint32_t group)
{
	struct stmboot_fs *fs = claims->fs;
	ext2_filsys ext2 = sb_ext2_of(fs);
	uint32_t count = fs->info->inodes_per_group;
	uint32_t free_inodes = count - count_bits(claims->inodes, count);

	claims->free_inodes += free_inodes;
	if (ext2fs_bg_free_inodes_count(ext2, group) != free_inodes ||
	    ext2fs_bg_used_dirs_count(ext2, group) != claims->directories)
		return damage(claims, SB_NOWHERE, "a group with wrong counts of inodes");
	if (sb_bitmap_unwritten(fs, group, SB_BITMAP_INODES))
		return STMBOOT_OK;
	return compare_bitmap(claims, group, SB_BITMAP_INODES, claims->inodes, count);
}

static enum stmboot_status scan_inodes(struct claims *claims)
{
	enum stmboot_status status = STMBOOT_OK;
	uint32_t groups = sb_ext2_of(claims->fs)->group_desc_count;

	for (uint32_t group = 0; group < groups && status == STMBOOT_OK; group++) {
		memset(claims->inodes, 0, claims->fs->info->inodes_per_group / 8);
		claims->directories = 0;
		status = claim_group(claims, group);
		if (status == STMBOOT_OK)
			status = compare_inodes(claims, group);
	}
	return status;
}

/* Blocks of a group that its own areas take. */
static uint32_t own_blocks(const struct stmboot_fs *fs, uint32_t group)
{
	struct sb_blocks areas[SB_GROUP_AREAS];
	uint64_t first = sb_group_first_block(fs, group);
	uint64_t end = first + sb_group_blocks(fs, group);
	uint64_t own = 0;

	sb_group_areas(fs, group, areas);
	for (unsigned i = 0; i < SB_GROUP_AREAS; i++) {
		uint64_t area_end = sb_min_u64(areas[i].first + areas[i].count, end);

		if (areas[i].first >= first && areas[i].first < area_end)
			own += area_end - areas[i].first;
	}
	return (uint32_t)own;
}

static enum stmboot_status compare_blocks(struct claims *claims, uint32_t group)
{
	struct stmboot_fs *fs = claims->fs;
	uint32_t count = sb_group_blocks(fs, group);
	uint32_t used = count_bits(claims->blocks[group], count);

	claims->free_blocks += count - used;
	if (ext2fs_bg_free_blocks_count(sb_ext2_of(fs), group) != count - used)
		return damage(claims, SB_NOWHERE, "a group with a wrong count of blocks");
	if (!sb_bitmap_unwritten(fs, group, SB_BITMAP_BLOCKS))
		return compare_bitmap(claims, group, SB_BITMAP_BLOCKS, claims->blocks[group],
				      count);
	/* Linux makes the bitmap of such a group from its own areas alone. */
	if (used != own_blocks(fs, group))
		return damage(claims, SB_NOWHERE, "blocks in use in a group marked as unused");
	return STMBOOT_OK;
}

static enum stmboot_status compare_groups(struct claims *claims)
{
	const struct stmboot_ext4_info *info = claims->fs->info;
	enum stmboot_status status = STMBOOT_OK;
	uint32_t groups = sb_ext2_of(claims->fs)->group_desc_count;

	for (uint32_t group = 0; group < groups && status == STMBOOT_OK; group++)
		status = compare_blocks(claims, group);
	if (status != STMBOOT_OK)
		return status;
	if (info->free_blocks_count != claims->free_blocks)
		return damage(claims, EXT4_SUPERBLOCK_OFFSET + S_FREE_BLOCKS_COUNT_LO,
			      "a wrong count of free blocks");
	if (info->free_inodes_count != claims->free_inodes)
		return damage(claims, EXT4_SUPERBLOCK_OFFSET + S_FREE_INODES_COUNT,
			      "a wrong count of free inodes");
	return STMBOOT_OK;
}

static enum stmboot_status prepare(struct claims *claims)
{
	const struct stmboot_ext4_info *info = claims->fs->info;
	struct sb_arena *arena = &claims->arena;
	uint32_t groups = sb_ext2_of(claims->fs)->group_desc_count;

	claims->blocks = sb_arena_array(arena, groups, sizeof(*claims->blocks));
	claims->attributes = sb_arena_array(arena, groups, sizeof(*claims->attributes));
	claims->inodes = sb_arena_alloc(arena, info->inodes_per_group / 8);
	claims->bitmap = sb_arena_alloc(arena, (size_t)info->block_bytes);
	claims->chunk = sb_arena_alloc(arena, CHUNK_BYTES);
	return arena->failed ? STMBOOT_NO_MEMORY : STMBOOT_OK;
}

enum stmboot_status sb_ext4_check_claims(struct stmboot_fs *fs, struct stmboot_refusal *refusal)
{
	struct claims claims = { .fs = fs, .refusal = refusal };
	enum stmboot_status status;

	sb_arena_init(&claims.arena, fs->ctx);
	status = prepare(&claims);
	if (status == STMBOOT_OK)
		status = claim_areas(&claims);
	if (status == STMBOOT_OK)
		status = scan_inodes(&claims);
	if (status == STMBOOT_OK)
		status = compare_groups(&claims);
	sb_arena_release(&claims.arena);
	return status;
}
