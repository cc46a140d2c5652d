/* SPDX-License-Identifier: MIT */
/* A tree that is changed, from its beginning to its end. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4_tree_parts.h"

enum stmboot_status sb_tree_settle(struct sb_tree *tree, enum stmboot_status status)
{
	if (status != STMBOOT_OK && tree->broken == STMBOOT_OK)
		tree->broken = status;
	sb_fs_renew(tree->fs);
	return status;
}

enum stmboot_status sb_tree_refuse(struct sb_tree *tree, enum stmboot_status status,
				   const char *hint, const char *format, ...)
{
	char reason[SB_TREE_SUBJECT_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	return sb_refuse(tree->why, status, hint, "'%s' %s", tree->subject, reason);
}

enum stmboot_status sb_tree_damage(struct sb_tree *tree, uint64_t offset, const char *what)
{
	return sb_refuse_damage(tree->why, offset, what);
}

enum stmboot_status sb_tree_trouble(struct sb_tree *tree, enum stmboot_status status)
{
	if (status == STMBOOT_OK || tree->why->message[0] != '\0')
		return status;
	return sb_refuse_trouble(tree->fs, status, tree->why);
}

enum stmboot_status sb_tree_status(struct sb_tree *tree, errcode_t error)
{
	enum stmboot_status status = sb_ext2_status(&tree->io, error);
	char what[80];

	if (status == STMBOOT_OK)
		status = sb_overlay_status(tree->staged);
	if (status == STMBOOT_LIMIT && sb_overlay_status(tree->staged) == STMBOOT_OK)
		return sb_tree_refuse(tree, status,
				      "remove files from the partition, or give it more room",
				      "finds no free block or inode any more");
	if (status == STMBOOT_LIMIT)
		return sb_tree_refuse(tree, status, "make the changes in several edits",
				      "is too large: an edit may change %llu MiB at once",
				      (unsigned long long)tree->ctx->options.max_pending_bytes >>
					      20);
	if (status != STMBOOT_CORRUPT)
		return status;
	(void)snprintf(what, sizeof(what), "structures that cannot be changed (libext2fs: %ld)",
		       (long)error);
	return sb_tree_damage(tree, SB_NOWHERE, what);
}

static enum stmboot_status check_inode(struct sb_tree *tree, const struct sb_ext4_inode *inode,
				       const char *whose)
{
	char subject[SB_TREE_SUBJECT_BYTES + 32];

	if (inode->number < EXT2_FIRST_INODE(tree->ext2->super) ||
	    inode->number == tree->ext2->super->s_orphan_file_inum)
		if (inode->number != EXT4_ROOT_INODE)
			return sb_tree_damage(
				tree, inode->offset,
				"a path that leads to an inode of the file system itself");
	(void)snprintf(subject, sizeof(subject), "%s'%s'", whose, tree->subject);
	return sb_ext4_check_flags(inode->flags, subject, tree->why);
}

enum stmboot_status sb_tree_check_inode(struct sb_tree *tree, const struct sb_ext4_inode *inode)
{
	return check_inode(tree, inode, "");
}

enum stmboot_status sb_tree_check_directory(struct sb_tree *tree,
					    const struct sb_ext4_inode *directory)
{
	return check_inode(tree, directory, "the directory of ");
}

enum stmboot_status sb_tree_check_space(struct sb_tree *tree, uint64_t blocks, uint64_t inodes)
{
	uint64_t free_blocks = ext2fs_free_blocks_count(tree->ext2->super);
	uint64_t free_inodes = tree->ext2->super->s_free_inodes_count;

	if (blocks <= free_blocks && inodes <= free_inodes)
		return STMBOOT_OK;
	return sb_tree_refuse(
		tree, STMBOOT_LIMIT, "remove files from the partition, or give it more room",
		"needs %llu blocks of %llu bytes and %llu inodes; free are %llu "
		"blocks and %llu inodes",
		(unsigned long long)blocks, (unsigned long long)tree->fs->info->block_bytes,
		(unsigned long long)inodes, (unsigned long long)free_blocks,
		(unsigned long long)free_inodes);
}

void sb_tree_touch_blocks(struct sb_tree *tree, uint64_t first, uint64_t count)
{
	uint32_t last = sb_group_of_block(tree->fs, first + count - 1);

	for (uint32_t group = sb_group_of_block(tree->fs, first); group <= last; group++)
		tree->groups[group] |= SB_BLOCKS_TOUCHED;
}

/* libext2fs takes and frees single blocks by itself, also some that it frees again. */
static void note_block(ext2_filsys ext2, blk64_t block, int difference)
{
	(void)difference;
	sb_tree_touch_blocks(ext2->priv_data, block, 1);
}

void sb_tree_announce(struct sb_tree *tree, uint64_t bytes)
{
	tree->meter = sb_meter(tree->ctx, bytes, 1);
}

void sb_tree_subject(struct sb_tree *tree, const char *format, ...)
{
	static const char more[] = "...";
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(tree->subject, sizeof(tree->subject), format, args);
	va_end(args);
	if (length >= (int)sizeof(tree->subject))
		memcpy(tree->subject + sizeof(tree->subject) - sizeof(more), more, sizeof(more));
}

uint64_t sb_tree_changes(const struct sb_tree *tree)
{
	return tree->changes;
}

bool sb_tree_is_broken(const struct sb_tree *tree)
{
	return tree->broken != STMBOOT_OK;
}

struct stmboot_fs *sb_tree_fs(struct sb_tree *tree)
{
	return tree->fs;
}

static enum stmboot_status set_up(struct sb_tree *tree, uint64_t size)
{
	struct stmboot_context *ctx = tree->ctx;
	enum stmboot_status status = stmboot_source_window(ctx, sb_overlay_source(tree->overlay),
							   tree->offset, size, &tree->before);

	if (status == STMBOOT_OK)
		status = sb_overlay_new(ctx, tree->before, &tree->staged);
	if (status == STMBOOT_OK)
		status = sb_ext4_open_fit(ctx, tree->before, SB_EXT4_ALLOCATION, tree->why,
					  &tree->original);
	if (status == STMBOOT_OK)
		status = stmboot_fs_open_linux(ctx, sb_overlay_source(tree->staged), &tree->fs);
	if (status == STMBOOT_OK)
		status = sb_ext4_open_staged(ctx, tree->staged, &tree->io, &tree->ext2);
	if (status != STMBOOT_OK)
		return status;
	tree->ext2->priv_data = tree;
	ext2fs_set_block_alloc_stats_callback(tree->ext2, note_block, NULL);
	tree->plan.arena = &tree->arena;
	tree->groups = sb_arena_alloc(&tree->arena, tree->ext2->group_desc_count);
	tree->raw = sb_arena_alloc(&tree->arena, tree->fs->info->inode_bytes + sizeof(*tree->raw));
	tree->block = sb_arena_alloc(&tree->arena, (size_t)tree->fs->info->block_bytes);
	tree->chunks = sb_arena_array(&tree->arena, 2, SB_TREE_CHUNK_BYTES);
	return tree->arena.failed ? STMBOOT_NO_MEMORY : STMBOOT_OK;
}

enum stmboot_status sb_tree_open(struct stmboot_context *ctx, struct sb_overlay *overlay,
				 uint64_t offset, uint64_t size, struct stmboot_refusal *why,
				 struct sb_tree **out)
{
	struct sb_tree *tree;
	enum stmboot_status status = sb_overlay_status(overlay);

	*why = (struct stmboot_refusal){ .message = "" };
	if (status != STMBOOT_OK)
		return status;
	if (offset % SB_SECTOR_BYTES != 0)
		return STMBOOT_INVALID_ARGUMENT;
	tree = sb_alloc(ctx, sizeof(*tree));
	if (tree == NULL)
		return STMBOOT_NO_MEMORY;
	tree->ctx = ctx;
	tree->why = why;
	tree->overlay = overlay;
	tree->offset = offset;
	sb_arena_init(&tree->arena, ctx);
	sb_tree_announce(tree, 0);
	status = set_up(tree, size);
	if (status != STMBOOT_OK)
		sb_tree_close(tree);
	else
		*out = tree;
	return status;
}

void sb_tree_close(struct sb_tree *tree)
{
	if (tree == NULL)
		return;
	if (tree->ext2 != NULL)
		ext2fs_free(tree->ext2);
	stmboot_fs_close(tree->fs);
	stmboot_fs_close(tree->original);
	sb_overlay_free(tree->staged);
	stmboot_source_close(tree->before);
	sb_arena_release(&tree->arena);
	sb_free(tree->ctx, tree);
}

/* The part of a run of pending bytes that lies in blocks which nothing owns in the end. */
static enum stmboot_status drop_free_blocks(struct sb_tree *tree, const struct sb_extent *extent)
{
	const struct stmboot_ext4_info *info = tree->fs->info;
	uint64_t end = extent->offset + extent->length;
	enum stmboot_status status = STMBOOT_OK;

	for (uint64_t at = extent->offset; at < end && status == STMBOOT_OK;) {
		uint64_t block = at / info->block_bytes;
		uint64_t part = sb_min_u64((block + 1) * info->block_bytes, end) - at;

		if (block >= info->first_data_block && block < info->blocks_count &&
		    !ext2fs_test_block_bitmap2(tree->ext2->block_map, block))
			status = sb_overlay_write(tree->staged, at,
						  extent->old_bytes + (at - extent->offset),
						  (size_t)part);
		at += part;
	}
	return status;
}

/* What was written where nothing stands in the end: names of a directory that went, for example. */
static enum stmboot_status drop_leavings(struct sb_tree *tree)
{
	struct sb_extent extent = { 0 };
	enum stmboot_status status = STMBOOT_OK;

	while (status == STMBOOT_OK) {
		status =
			sb_overlay_next(tree->staged, extent.offset + extent.length, true, &extent);
		if (status == STMBOOT_OK)
			status = drop_free_blocks(tree, &extent);
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

/* libext2fs may go on after a failed write, which the channel remembers. */
static enum stmboot_status flush(struct sb_tree *tree)
{
	enum stmboot_status status = drop_leavings(tree);

	if (status == STMBOOT_OK)
		status = sb_tree_status(tree, ext2fs_close_free(&tree->ext2));
	if (status == STMBOOT_OK)
		status = sb_ext4_keep_copies(tree->original, tree->staged);
	return status;
}

enum stmboot_status sb_tree_finish(struct sb_tree *tree, struct sb_arena *arena,
				   struct sb_writes *writes)
{
	enum stmboot_status status = tree->broken;

	*writes = (struct sb_writes){ 0 };
	if (status != STMBOOT_OK || tree->node_count == 0)
		return status;
	status = flush(tree);
	if (status == STMBOOT_OK)
		status = sb_tree_verify(tree);
	sb_tree_settle(tree, STMBOOT_INVALID_ARGUMENT); /* it is used up */
	if (status != STMBOOT_OK)
		return status;
	tree->plan.arena = arena;
	return sb_plan_hand_over(&tree->plan, tree->staged, tree->overlay, tree->offset, writes);
}
