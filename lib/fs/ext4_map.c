/* SPDX-License-Identifier: MIT */
/*
 * Where the blocks of a file stand: extent trees and block lists, one run at a
 * time, so that nothing is held in memory but the blocks of the last way down.
 */
#include "fs/ext4.h"

#include "base/checked.h"
#include "base/cursor.h"

enum {
	EXTENT_MAGIC = 0xf30a,
	EXTENT_HEADER_BYTES = 12,
	EXTENT_ENTRY_BYTES = 12, /* of an index and of an extent */
	MAX_INITIALISED = 32768, /* a longer extent is one that was never written */
	MAX_UBOOT_DEPTH = 8, /* it knows no limit, but no program makes a tree of more than five */
	DIRECT_BLOCKS = 12,
	INDIRECT_LEVELS = 3,
	POINTER_BYTES = 4,
};

/* One block of an extent tree, or its root in the inode. */
struct node {
	const uint8_t *data;
	uint64_t offset; /* in the source */
	unsigned entries;
	unsigned depth;
};

static enum stmboot_status node_open(struct stmboot_fs *fs, const uint8_t *data, size_t bytes,
				     uint64_t offset, struct node *node)
{
	size_t room = (bytes - EXTENT_HEADER_BYTES) / EXTENT_ENTRY_BYTES;
	unsigned max = sb_get_le16(data + 4);

	*node = (struct node){ .data = data,
			       .offset = offset,
			       .entries = sb_get_le16(data + 2),
			       .depth = sb_get_le16(data + 6) };
	if (sb_get_le16(data) != EXTENT_MAGIC)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, offset, "an extent block without its magic");
	if (!fs->ops->verifies) {
		/* U-Boot goes on behind the last, but mostly has what it needs before. */
		node->entries = node->entries < room ? node->entries : (unsigned)room;
		return STMBOOT_OK;
	}
	if (node->entries > room)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, offset, "more extents than have room");
	if (max > room || node->entries > max)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, offset, "an impossible number of extents");
	if (node->depth > EXT4_LEVELS)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, offset, "an extent tree that is too deep");
	return STMBOOT_OK;
}

static const uint8_t *entry_at(const struct node *node, unsigned index)
{
	return node->data + EXTENT_HEADER_BYTES + (size_t)index * EXTENT_ENTRY_BYTES;
}

/* An index or extent holds 48 bits of a block number; where its halves stand differs. */
static uint64_t block_number(const uint8_t *low, const uint8_t *high)
{
	return (uint64_t)sb_get_le16(high) << 32 | sb_get_le32(low);
}

/* Do the blocks lie where Linux accepts them? */
static bool blocks_valid(const struct stmboot_fs *fs, uint64_t first, uint64_t count)
{
	return first > fs->info->first_data_block &&
	       sb_range_within(first, count, fs->info->blocks_count);
}

/* The entry to follow; *limit shrinks to where the next one begins. */
static unsigned index_find(const struct node *node, uint64_t block, uint64_t *limit)
{
	unsigned i = 0;

	while (i < node->entries && block >= sb_get_le32(entry_at(node, i)))
		i++;
	if (i < node->entries)
		*limit = sb_min_u64(*limit, sb_get_le32(entry_at(node, i)));
	return i > 0 ? i - 1 : 0;
}

static enum stmboot_status verify_node(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
				       unsigned slot, const struct node *node)
{
	size_t covered =
		EXTENT_HEADER_BYTES + (size_t)sb_get_le16(node->data + 4) * EXTENT_ENTRY_BYTES;

	if (fs->slots[slot].inode == inode->number)
		return STMBOOT_OK;
	if (!fs->ops->extents_fit(fs, inode, node->data, covered))
		return sb_fs_fail(fs, STMBOOT_CORRUPT, node->offset,
				  "an extent block with a wrong checksum");
	fs->slots[slot].inode = inode->number;
	return STMBOOT_OK;
}

/* Replace a node by what one of its entries leads to. */
static enum stmboot_status node_child(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
				      uint64_t child, struct node *node)
{
	unsigned depth = node->depth;
	unsigned slot = depth < EXT4_LEVELS ? depth : EXT4_LEVELS - 1;
	const uint8_t *data;
	enum stmboot_status status;

	if (fs->ops->verifies && !blocks_valid(fs, child, 1))
		return sb_fs_fail(fs, STMBOOT_CORRUPT, node->offset,
				  "an extent index that leads nowhere");
	status = sb_fs_block(fs, slot, child, &data);
	if (status != STMBOOT_OK)
		return status;
	status = node_open(fs, data, (size_t)fs->info->block_bytes, child * fs->info->block_bytes,
			   node);
	if (status != STMBOOT_OK || !fs->ops->verifies)
		return status;
	if (node->depth != depth - 1)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, node->offset,
				  "an extent block of a wrong depth");
	return verify_node(fs, inode, slot, node);
}

static enum stmboot_status node_down(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
				     uint64_t block, struct node *node, uint64_t *limit)
{
	unsigned index = index_find(node, block, limit);
	const uint8_t *entry = entry_at(node, index);

	fs->mapped += (uint64_t)index * EXTENT_ENTRY_BYTES;
	if (fs->ops->verifies && node->entries == 0)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, node->offset,
				  "an extent index that leads nowhere");
	return node_child(fs, inode, block_number(entry + 4, entry + 8), node);
}

/* U-Boot has this number in a long, which is 32 bits wide on an STM32MP1: it can be negative. */
static int64_t extent_start(const struct stmboot_fs *fs, const uint8_t *entry)
{
	uint32_t start = sb_get_le32(entry);

	return fs->ops->verifies ? (int64_t)start : (int64_t)(int32_t)start;
}

static enum stmboot_status leaf_find(struct stmboot_fs *fs, const struct node *leaf, uint64_t block,
				     uint64_t limit, struct sb_ext4_run *run)
{
	for (unsigned i = 0; i < leaf->entries; i++, fs->mapped += EXTENT_ENTRY_BYTES) {
		const uint8_t *entry = entry_at(leaf, i);
		int64_t start = extent_start(fs, entry);
		uint64_t length = sb_get_le16(entry + 4);
		bool unwritten = fs->ops->verifies && length > MAX_INITIALISED;
		uint64_t physical = block_number(entry + 8, entry + 6);

		if (unwritten)
			length -= MAX_INITIALISED;
		if (fs->ops->verifies && (length == 0 || !blocks_valid(fs, physical, length)))
			return sb_fs_fail(fs, STMBOOT_CORRUPT, leaf->offset,
					  "an extent outside the file system");
		if (start > (int64_t)block) {
			limit = sb_min_u64(limit, (uint64_t)start);
			break;
		}
		if ((int64_t)block < start + (int64_t)length) {
			run->zeros = unwritten;
			run->physical = physical + (block - (uint64_t)start);
			/* A long as well, to U-Boot. */
			if (!fs->ops->verifies)
				run->physical = (uint32_t)run->physical;
			run->count = sb_min_u64(limit, (uint64_t)start + length) - block;
			return STMBOOT_OK;
		}
	}
	*run = (struct sb_ext4_run){ .count = limit - block, .zeros = true };
	return STMBOOT_OK;
}

static enum stmboot_status map_extents(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
				       uint64_t block, struct sb_ext4_run *run)
{
	uint64_t limit = UINT64_MAX;
	struct node node;
	enum stmboot_status status = node_open(fs, inode->block, EXT4_BLOCK_BYTES,
					       inode->offset + EXT4_BLOCK_OFFSET, &node);

	for (unsigned i = 0; status == STMBOOT_OK && node.depth > 0; i++) {
		if (i == MAX_UBOOT_DEPTH)
			return sb_fs_fail(fs, STMBOOT_CORRUPT, node.offset,
					  "an extent tree that leads back to itself");
		status = node_down(fs, inode, block, &node, &limit);
	}
	return status == STMBOOT_OK ? leaf_find(fs, &node, block, limit, run) : status;
}

/* The run that begins at one pointer of a list. */
static enum stmboot_status list_run(struct stmboot_fs *fs, const uint8_t *list, uint64_t count,
				    uint64_t index, struct sb_ext4_run *run)
{
	uint64_t first = sb_get_le32(list + index * POINTER_BYTES);
	uint64_t length = 1;

	while (index + length < count && sb_get_le32(list + (index + length) * POINTER_BYTES) ==
						 (first != 0 ? first + length : 0))
		length++;
	*run = (struct sb_ext4_run){ .count = length, .physical = first, .zeros = first == 0 };
	if (first != 0 && fs->ops->verifies && !blocks_valid(fs, first, length))
		return sb_fs_fail(fs, STMBOOT_CORRUPT, SB_NOWHERE,
				  "a block number outside the file system");
	return STMBOOT_OK;
}

/* `index` is counted from the first block that the tree below `pointer` maps. */
static enum stmboot_status map_indirect(struct stmboot_fs *fs, uint64_t pointer, unsigned level,
					uint64_t index, uint64_t span, struct sb_ext4_run *run)
{
	uint64_t pointers = fs->info->block_bytes / POINTER_BYTES;
	const uint8_t *list;

	for (;; level--) {
		enum stmboot_status status;

		/* U-Boot does not ask: it takes block 0 for a list of blocks. */
		if (pointer == 0 && fs->ops->verifies) {
			*run = (struct sb_ext4_run){ .count = span - index, .zeros = true };
			return STMBOOT_OK;
		}
		if (fs->ops->verifies && !blocks_valid(fs, pointer, 1))
			return sb_fs_fail(fs, STMBOOT_CORRUPT, SB_NOWHERE,
					  "a block number outside the file system");
		status = sb_fs_block(fs, level, pointer, &list);
		if (status != STMBOOT_OK)
			return status;
		if (level == 1)
			return list_run(fs, list, pointers, index, run);
		span /= pointers;
		pointer = sb_get_le32(list + index / span * POINTER_BYTES);
		index %= span;
	}
}

static enum stmboot_status map_lists(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
				     uint64_t block, struct sb_ext4_run *run)
{
	uint64_t span = 1;

	if (block < DIRECT_BLOCKS)
		return list_run(fs, inode->block, DIRECT_BLOCKS, block, run);
	block -= DIRECT_BLOCKS;
	for (unsigned level = 1; level <= INDIRECT_LEVELS; level++) {
		size_t at = (DIRECT_BLOCKS + level - 1) * POINTER_BYTES;

		span *= fs->info->block_bytes / POINTER_BYTES;
		if (block < span)
			return map_indirect(fs, sb_get_le32(inode->block + at), level, block, span,
					    run);
		block -= span;
	}
	return sb_fs_fail(fs, STMBOOT_CORRUPT, inode->offset,
			  "a file larger than its list of blocks");
}

enum stmboot_status sb_ext4_map(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
				uint64_t block, struct sb_ext4_run *run)
{
	enum stmboot_status status = (inode->flags & EXT4_FLAG_EXTENTS) != 0
					     ? map_extents(fs, inode, block, run)
					     : map_lists(fs, inode, block, run);

	if (status != STMBOOT_OK || run->zeros || run->physical != 0)
		return status;
	/* Block 0 means a hole, also to U-Boot in the midst of an extent. */
	*run = (struct sb_ext4_run){ .count = 1, .zeros = true };
	return STMBOOT_OK;
}

/* A walk over all blocks of an inode. */
struct survey {
	struct stmboot_fs *fs;
	const struct sb_ext4_inode *inode;
	sb_ext4_visit_run *visit;
	void *user;
	uint64_t next; /* block of the file from which on nothing was mapped so far */
};

static enum stmboot_status survey_extents(struct survey *survey, const struct node *leaf)
{
	struct stmboot_fs *fs = survey->fs;

	for (unsigned i = 0; i < leaf->entries; i++) {
		const uint8_t *entry = entry_at(leaf, i);
		uint64_t start = sb_get_le32(entry);
		uint64_t length = sb_get_le16(entry + 4);
		uint64_t first = block_number(entry + 8, entry + 6);
		enum stmboot_status status;

		if (length > MAX_INITIALISED)
			length -= MAX_INITIALISED;
		if (length == 0 || !blocks_valid(fs, first, length))
			return sb_fs_fail(fs, STMBOOT_CORRUPT, leaf->offset,
					  "an extent outside the file system");
		if (start < survey->next)
			return sb_fs_fail(fs, STMBOOT_CORRUPT, leaf->offset,
					  "extents that are not in order");
		survey->next = start + length;
		status = survey->visit(survey->user, SB_EXT4_RUN_CONTENT, first, length);
		if (status != STMBOOT_OK)
			return status;
	}
	return STMBOOT_OK;
}

/* A node whose data may have left its slot since. */
static enum stmboot_status survey_again(struct survey *survey, struct node *node)
{
	uint64_t bytes = survey->fs->info->block_bytes;
	unsigned slot = node->depth + 1 < EXT4_LEVELS ? node->depth + 1 : EXT4_LEVELS - 1;

	if (node->data == survey->inode->block)
		return STMBOOT_OK;
	return sb_fs_block(survey->fs, slot, node->offset / bytes, &node->data);
}

/* At most EXT4_LEVELS deep: every node is less deep than the one above it. */
static enum stmboot_status survey_tree(struct survey *survey, struct node *node)
{
	enum stmboot_status status = STMBOOT_OK;

	if (node->depth == 0)
		return survey_extents(survey, node);
	for (unsigned i = 0; status == STMBOOT_OK && i < node->entries; i++) {
		struct node child;
		uint64_t block;

		status = survey_again(survey, node);
		if (status != STMBOOT_OK)
			return status;
		block = block_number(entry_at(node, i) + 4, entry_at(node, i) + 8);
		child = *node;
		status = survey->visit(survey->user, SB_EXT4_RUN_MAP, block, 1);
		if (status == STMBOOT_OK)
			status = node_child(survey->fs, survey->inode, block, &child);
		if (status == STMBOOT_OK)
			status = survey_tree(survey, &child);
	}
	return status;
}

/* `level` lists lie between `pointer` and the content; 0: it is the content. */
static enum stmboot_status survey_pointer(struct survey *survey, uint64_t pointer, unsigned level)
{
	struct stmboot_fs *fs = survey->fs;
	uint64_t pointers = fs->info->block_bytes / POINTER_BYTES;
	const uint8_t *list;
	enum stmboot_status status;

	if (pointer == 0)
		return STMBOOT_OK;
	if (!blocks_valid(fs, pointer, 1))
		return sb_fs_fail(fs, STMBOOT_CORRUPT, survey->inode->offset,
				  "a block number outside the file system");
	status = survey->visit(survey->user, level > 0 ? SB_EXT4_RUN_MAP : SB_EXT4_RUN_CONTENT,
			       pointer, 1);
	if (status != STMBOOT_OK || level == 0)
		return status;
	status = sb_fs_block(fs, level, pointer, &list);
	for (uint64_t i = 0; status == STMBOOT_OK && i < pointers; i++)
		status = survey_pointer(survey, sb_get_le32(list + i * POINTER_BYTES), level - 1);
	return status;
}

enum stmboot_status sb_ext4_survey(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
				   sb_ext4_visit_run *visit, void *user)
{
	struct survey survey = { .fs = fs, .inode = inode, .visit = visit, .user = user };
	struct node root;
	enum stmboot_status status = STMBOOT_OK;

	if (inode->flags & EXT4_FLAG_EXTENTS) {
		status = node_open(fs, inode->block, EXT4_BLOCK_BYTES,
				   inode->offset + EXT4_BLOCK_OFFSET, &root);
		return status == STMBOOT_OK ? survey_tree(&survey, &root) : status;
	}
	for (unsigned i = 0; status == STMBOOT_OK && i < DIRECT_BLOCKS + INDIRECT_LEVELS; i++)
		status = survey_pointer(&survey, sb_get_le32(inode->block + i * POINTER_BYTES),
					i < DIRECT_BLOCKS ? 0 : i - DIRECT_BLOCKS + 1);
	return status;
}
