/* SPDX-License-Identifier: MIT */
/* The content of inodes of a tree that is changed, and the blocks that hold it. */
#include <lzma.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4_tree_parts.h"

enum stmboot_status sb_tree_allocate(struct sb_tree *tree, uint32_t number, uint64_t first,
				     uint64_t blocks, uint64_t size)
{
	struct ext2_inode *inode = EXT2_INODE(tree->raw);
	enum stmboot_status status = sb_tree_read_raw(tree, number);
	errcode_t error;

	if (status != STMBOOT_OK)
		return status;
	error = ext2fs_fallocate(tree->ext2, EXT2_FALLOCATE_FORCE_INIT, number, inode, ~(blk64_t)0,
				 first, blocks);
	if (error == 0)
		error = ext2fs_inode_size_set(tree->ext2, inode, (ext2_off64_t)size);
	if (error != 0)
		return sb_tree_status(tree, error);
	sb_fs_renew(tree->fs);
	return sb_tree_write_raw(tree, number);
}

static enum stmboot_status free_run(void *user, enum sb_ext4_run_kind kind, uint64_t first,
				    uint64_t count)
{
	struct sb_tree *tree = user;

	(void)kind;
	sb_tree_touch_blocks(tree, first, count);
	ext2fs_block_alloc_stats_range(tree->ext2, first, (blk_t)count, -1);
	return STMBOOT_OK;
}

enum stmboot_status sb_tree_free_blocks(struct sb_tree *tree, const struct sb_ext4_inode *inode)
{
	enum stmboot_status status = sb_tree_read_raw(tree, inode->number);

	if (status != STMBOOT_OK ||
	    !ext2fs_inode_has_valid_blocks2(tree->ext2, EXT2_INODE(tree->raw)))
		return status;
	return sb_tree_trouble(tree, sb_ext4_survey(tree->fs, inode, free_run, tree));
}

/* Whole blocks at a place of a file: its content, and zeros behind its end. */
static enum stmboot_status read_content(struct sb_tree *tree, struct stmboot_source *content,
					uint64_t position, size_t size)
{
	uint64_t left = stmboot_source_size(content) - position;
	size_t part = (size_t)sb_min_u64(size, left);

	memset(tree->chunks + part, 0, size - part);
	return stmboot_source_read(content, position, tree->chunks, part);
}

/*
 * One chunk to where it belongs, unless it stands there; *differs tells that it
 * did not, or that another one did not before it.
 */
static enum stmboot_status write_chunk(struct sb_tree *tree, uint64_t offset, size_t size,
				       size_t content_size, bool *differs)
{
	uint8_t *old_bytes = tree->chunks + SB_TREE_CHUNK_BYTES;
	enum stmboot_status status;

	if (!*differs) {
		status = sb_fs_read(tree->fs, offset, old_bytes, content_size);
		if (status != STMBOOT_OK)
			return sb_tree_trouble(tree, status);
		*differs = memcmp(old_bytes, tree->chunks, content_size) != 0;
	}
	if (!*differs)
		return STMBOOT_OK;
	status = sb_overlay_write(tree->staged, offset, tree->chunks, size);
	return status == STMBOOT_OK ? status : sb_tree_status(tree, 0);
}

/* Write content to the blocks that an inode has for it. */
static enum stmboot_status write_content(struct sb_tree *tree, const struct sb_ext4_inode *inode,
					 struct stmboot_source *content, bool *differs,
					 uint64_t *crc)
{
	uint64_t bytes = tree->fs->info->block_bytes;
	uint64_t size = stmboot_source_size(content);
	uint64_t end = sb_round_up_u64(size, bytes);
	enum stmboot_status status = STMBOOT_OK;

	*crc = 0;
	for (uint64_t at = 0; status == STMBOOT_OK && at < end;) {
		struct sb_ext4_run run;
		uint64_t offset, run_end;

		status = sb_ext4_map(tree->fs, inode, at / bytes, &run);
		if (status != STMBOOT_OK)
			return sb_tree_trouble(tree, status);
		if (run.zeros)
			return STMBOOT_INTERNAL;
		offset = run.physical * bytes;
		run_end = sb_min_u64(at + sb_min_u64(run.count, (end - at) / bytes) * bytes, end);
		while (status == STMBOOT_OK && at < run_end) {
			size_t part = (size_t)sb_min_u64(SB_TREE_CHUNK_BYTES, run_end - at);
			size_t filled = (size_t)sb_min_u64(part, size - at);

			status = read_content(tree, content, at, part);
			if (status != STMBOOT_OK)
				return status;
			*crc = lzma_crc64(tree->chunks, filled, *crc);
			status = write_chunk(tree, offset, part, filled, differs);
			if (status == STMBOOT_OK)
				status = sb_meter_add(&tree->meter, filled);
			at += part;
			offset += part;
		}
	}
	return status;
}

enum stmboot_status sb_tree_expect_content(struct sb_tree *tree, uint32_t number, uint64_t crc)
{
	struct sb_tree_node *node = sb_tree_node(tree, number);

	if (node == NULL)
		return STMBOOT_INTERNAL;
	node->has_content = true;
	node->content_crc = crc;
	return STMBOOT_OK;
}

enum stmboot_status sb_tree_fill(struct sb_tree *tree, uint32_t number,
				 struct stmboot_source *content)
{
	uint64_t size = stmboot_source_size(content);
	uint64_t blocks = sb_ext4_blocks_for(tree->fs->info, true, size), crc;
	struct sb_ext4_inode inode;
	bool differs = true;
	enum stmboot_status status = sb_tree_allocate(tree, number, 0, blocks, size);

	if (status == STMBOOT_OK)
		status = sb_tree_inode(tree, number, &inode);
	if (status == STMBOOT_OK)
		status = write_content(tree, &inode, content, &differs, &crc);
	return status == STMBOOT_OK ? sb_tree_expect_content(tree, number, crc) : status;
}

enum stmboot_status sb_tree_check_size(struct sb_tree *tree, uint64_t size)
{
	uint64_t limit = tree->ctx->options.max_pending_bytes;

	if (size > SB_EXT4_MAX_FILE_BYTES)
		return sb_tree_refuse(tree, STMBOOT_LIMIT, NULL,
				      "would be larger than 2 GiB, which is not handled");
	if (size > limit)
		return sb_tree_refuse(tree, STMBOOT_LIMIT, NULL,
				      "is too large: an edit may change %llu MiB at once",
				      (unsigned long long)limit >> 20);
	return STMBOOT_OK;
}

/* Another size and a later time, after the content. */
static enum stmboot_status renew_inode(struct sb_tree *tree, uint32_t number, uint64_t size)
{
	enum stmboot_status status = sb_tree_read_raw(tree, number);

	if (status != STMBOOT_OK)
		return status;
	(void)ext2fs_inode_size_set(tree->ext2, EXT2_INODE(tree->raw), (ext2_off64_t)size);
	sb_tree_stamp(tree, SB_EXT4_CHANGED | SB_EXT4_MODIFIED, sb_tree_now(tree));
	return sb_tree_write_raw(tree, number);
}

/* Has the file a block, and no hole, for each block of content of another size? */
static enum stmboot_status check_blocks(struct sb_tree *tree, const struct sb_ext4_inode *inode,
					uint64_t size, bool *fits)
{
	uint64_t blocks = sb_ext4_blocks_for(tree->fs->info, true, size);
	struct sb_ext4_run run = { .count = 0 };

	*fits = blocks == sb_ext4_blocks_for(tree->fs->info, true, inode->size);
	for (uint64_t at = 0; *fits && at < blocks; at += run.count) {
		enum stmboot_status status = sb_ext4_map(tree->fs, inode, at, &run);

		if (status != STMBOOT_OK)
			return sb_tree_trouble(tree, status);
		*fits = !run.zeros;
	}
	return STMBOOT_OK;
}

/* In the blocks that the file has. */
static enum stmboot_status replace_in_place(struct sb_tree *tree, const struct sb_ext4_inode *inode,
					    struct stmboot_source *content)
{
	uint64_t size = stmboot_source_size(content), crc;
	bool differs = size != inode->size;
	enum stmboot_status status = write_content(tree, inode, content, &differs, &crc);

	if (status != STMBOOT_OK || !differs)
		return status;
	if (sb_tree_touch(tree, inode, SB_MAY_CONTENT | SB_MAY_TIMES) == NULL)
		return STMBOOT_NO_MEMORY;
	status = renew_inode(tree, inode->number, size);
	return status == STMBOOT_OK ? sb_tree_expect_content(tree, inode->number, crc) : status;
}

/* The file has no blocks any more, which may be still in use. */
static enum stmboot_status empty(struct sb_tree *tree, uint32_t number, uint64_t blocks)
{
	struct ext2_inode *inode = EXT2_INODE(tree->raw);
	enum stmboot_status status = sb_tree_read_raw(tree, number);

	if (status != STMBOOT_OK)
		return status;
	sb_ext4_empty_map(inode);
	status = sb_tree_status(tree, ext2fs_iblk_sub_blocks(tree->ext2, inode, blocks));
	return status == STMBOOT_OK ? sb_tree_write_raw(tree, number) : status;
}

static enum stmboot_status count_run(void *user, enum sb_ext4_run_kind kind, uint64_t first,
				     uint64_t count)
{
	uint64_t *blocks = user;

	(void)kind;
	(void)first;
	*blocks += count;
	return STMBOOT_OK;
}

/* Blocks that a file gets elsewhere, and the room there is. */
struct room {
	uint64_t own;
	uint64_t needed;
	bool both; /* is there room for both contents at once? */
};

static enum stmboot_status check_room(struct sb_tree *tree, const struct sb_ext4_inode *inode,
				      uint64_t size, struct room *room)
{
	bool extents = (inode->flags & EXT4_FLAG_EXTENTS) != 0;
	enum stmboot_status status;

	*room = (struct room){ .needed = sb_ext4_blocks_for(tree->fs->info, extents, size) };
	room->both = room->needed <= ext2fs_free_blocks_count(tree->ext2->super);
	status = sb_ext4_survey(tree->fs, inode, count_run, &room->own);
	if (status != STMBOOT_OK)
		return sb_tree_trouble(tree, status);
	if (room->both || room->needed <= room->own)
		return STMBOOT_OK;
	return sb_tree_check_space(tree, room->needed - room->own, 0);
}

/*
 * In other blocks. Its own become free behind that, so that the old content
 * stays where it is, unless there is no room for both.
 */
static enum stmboot_status replace_elsewhere(struct sb_tree *tree,
					     const struct sb_ext4_inode *inode,
					     struct stmboot_source *content,
					     const struct room *room)
{
	enum stmboot_status status = STMBOOT_OK;

	if (sb_tree_touch(tree, inode, SB_MAY_CONTENT | SB_MAY_TIMES) == NULL)
		return STMBOOT_NO_MEMORY;
	if (!room->both)
		status = sb_tree_free_blocks(tree, inode);
	if (status == STMBOOT_OK)
		status = empty(tree, inode->number, room->own);
	if (status == STMBOOT_OK)
		status = sb_tree_fill(tree, inode->number, content);
	if (status == STMBOOT_OK && room->both)
		status = sb_tree_free_blocks(tree, inode);
	if (status != STMBOOT_OK)
		return status;
	return renew_inode(tree, inode->number, stmboot_source_size(content));
}

/* Is there a regular file, and can it have so much content? */
static enum stmboot_status check_file(struct sb_tree *tree, const struct sb_ext4_inode *inode,
				      uint64_t size)
{
	enum stmboot_fs_type type = sb_ext4_mode_type(inode->mode);
	enum stmboot_status status = tree->broken;

	if (status == STMBOOT_OK && type != STMBOOT_FS_FILE)
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL,
				      type == STMBOOT_FS_DIRECTORY ? "is a directory"
								   : "is not a regular file");
	if (status == STMBOOT_OK)
		status = sb_tree_check_inode(tree, inode);
	return status == STMBOOT_OK ? sb_tree_check_size(tree, size) : status;
}

enum stmboot_status sb_tree_replace(struct sb_tree *tree, const struct sb_ext4_inode *inode,
				    struct stmboot_source *content)
{
	uint64_t size = stmboot_source_size(content);
	bool in_place = false;
	struct room room = { .own = 0 };
	enum stmboot_status status = check_file(tree, inode, size);

	if (status == STMBOOT_OK)
		status = check_blocks(tree, inode, size, &in_place);
	if (status == STMBOOT_OK && !in_place)
		status = check_room(tree, inode, size, &room);
	if (status != STMBOOT_OK)
		return status;
	status = in_place ? replace_in_place(tree, inode, content)
			  : replace_elsewhere(tree, inode, content, &room);
	return sb_tree_settle(tree, status);
}
