/* SPDX-License-Identifier: MIT */
/*
 * New content in other blocks. libext2fs finds the free inode and blocks and
 * keeps bitmaps, counters and the map; content and directory entry are written
 * by our own code, so that every byte that changes is known beforehand.
 *
 * The new inode begins as a copy of the old one: owner, mode, times and the
 * attributes inside and outside of it go over without being touched.
 */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4_alloc.h"
#include "fs/ext4_session.h"

enum {
	CHECKSUM_BYTES = 4,
};

struct rewrite {
	struct sb_session *session;
	struct stmboot_fs *fs; /* before the edit */
	struct sb_ext2_io io;
	ext2_filsys ext2;
	struct sb_ext4_inode parent;
	uint64_t entry;             /* place of the directory entry */
	struct sb_blocks *old_runs; /* content and map */
	size_t old_run_count;
	size_t old_run_capacity;
	uint64_t old_blocks;          /* in all of them */
	struct ext2_inode *old_inode; /* whole ones, larger than the type says */
	struct ext2_inode *new_inode;
	uint32_t number; /* of the new one */
	uint8_t *groups; /* what is touched in each */
};

static void touch_blocks(struct rewrite *rewrite, uint64_t first, uint64_t count)
{
	uint32_t last = sb_group_of_block(rewrite->fs, first + count - 1);

	for (uint32_t group = sb_group_of_block(rewrite->fs, first); group <= last; group++)
		rewrite->groups[group] |= SB_BLOCKS_TOUCHED;
}

static enum stmboot_status note_old_run(void *user, enum sb_ext4_run_kind kind, uint64_t first,
					uint64_t count)
{
	struct rewrite *rewrite = user;
	struct sb_blocks *run =
		sb_arena_push(rewrite->session->arena, &rewrite->old_runs, &rewrite->old_run_count,
			      &rewrite->old_run_capacity, sizeof(*run));

	(void)kind;
	if (run == NULL)
		return STMBOOT_NO_MEMORY;
	*run = (struct sb_blocks){ .first = first, .count = count };
	rewrite->old_blocks += count;
	touch_blocks(rewrite, first, count);
	return STMBOOT_OK;
}

/* The content itself is planned where it is staged. */
static enum stmboot_status note_new_run(void *user, enum sb_ext4_run_kind kind, uint64_t first,
					uint64_t count)
{
	struct rewrite *rewrite = user;
	uint64_t bytes = rewrite->fs->info->block_bytes;

	touch_blocks(rewrite, first, count);
	if (kind == SB_EXT4_RUN_CONTENT)
		return STMBOOT_OK;
	return sb_plan_add(&rewrite->session->plan, SB_EXT4_WRITE_MAP, first * bytes,
			   count * bytes);
}

/* The path of the target has no links any more: its last name stands in what is before it. */
static enum stmboot_status find_entry(struct rewrite *rewrite)
{
	const struct sb_walk *target = &rewrite->session->target;
	const char *name = strrchr(target->path, '/');
	struct sb_walk parent;
	uint32_t number;
	char *path;
	enum stmboot_status status;

	if (name == NULL)
		return STMBOOT_INTERNAL;
	path = sb_arena_strndup(rewrite->session->arena, target->path,
				(size_t)(name - target->path));
	if (path == NULL)
		return STMBOOT_NO_MEMORY;
	status = rewrite->fs->ops->walk(rewrite->fs, path, false, &parent);
	if (status != STMBOOT_OK)
		return status;
	rewrite->parent = parent.inode;
	status = sb_linux_find(rewrite->fs, &parent.inode, name + 1, &number, &rewrite->entry);
	if (status == STMBOOT_OK && number != target->inode.number)
		return STMBOOT_INTERNAL;
	return status;
}

static enum stmboot_status prepare(struct rewrite *rewrite)
{
	struct stmboot_fs *fs = rewrite->fs;
	struct sb_arena *arena = rewrite->session->arena;
	const struct sb_ext4_inode *target = &rewrite->session->target.inode;
	enum stmboot_status status;

	rewrite->groups = sb_arena_alloc(arena, sb_ext2_of(fs)->group_desc_count);
	rewrite->old_inode = sb_arena_alloc(arena, fs->info->inode_bytes);
	rewrite->new_inode = sb_arena_alloc(arena, fs->info->inode_bytes);
	if (arena->failed)
		return STMBOOT_NO_MEMORY;
	status = find_entry(rewrite);
	if (status == STMBOOT_OK)
		status = sb_ext4_survey(fs, target, note_old_run, rewrite);
	return status;
}

static uint64_t blocks_needed(const struct rewrite *rewrite)
{
	return sb_ext4_blocks_for(rewrite->fs->info,
				  (rewrite->session->target.inode.flags & EXT4_FLAG_EXTENTS) != 0,
				  rewrite->session->size);
}

static enum stmboot_status no_space(const struct rewrite *rewrite)
{
	const struct stmboot_ext4_info *info = rewrite->fs->info;

	return sb_ext4_no_space(rewrite->session->refusal, info->block_bytes,
				blocks_needed(rewrite), info->free_blocks_count,
				info->free_inodes_count);
}

static enum stmboot_status check_space(const struct rewrite *rewrite)
{
	const struct stmboot_ext4_info *info = rewrite->fs->info;

	if (blocks_needed(rewrite) > info->free_blocks_count ||
	    (info->free_inodes_count == 0 && !rewrite->session->keeps_inode))
		return no_space(rewrite);
	return STMBOOT_OK;
}

/* An inode that maps nothing, but is otherwise what it was. */
static errcode_t empty_inode(const struct rewrite *rewrite, struct ext2_inode *inode)
{
	errcode_t error = ext2fs_iblk_sub_blocks(rewrite->ext2, inode, rewrite->old_blocks);

	if (error != 0)
		return error;
	sb_ext4_empty_map(inode);
	return ext2fs_inode_size_set(rewrite->ext2, inode, 0);
}

static errcode_t write_inode(const struct rewrite *rewrite, uint32_t number,
			     struct ext2_inode *inode)
{
	return ext2fs_write_inode_full(rewrite->ext2, number, inode,
				       (int)rewrite->fs->info->inode_bytes);
}

static errcode_t take_number(struct rewrite *rewrite)
{
	errcode_t error;

	rewrite->number = rewrite->session->target.inode.number;
	if (rewrite->session->keeps_inode)
		return 0;
	error = ext2fs_new_inode(rewrite->ext2, rewrite->parent.number, rewrite->old_inode->i_mode,
				 NULL, &rewrite->number);
	if (error == 0)
		ext2fs_inode_alloc_stats2(rewrite->ext2, rewrite->number, 1, 0);
	return error;
}

static errcode_t make_new(struct rewrite *rewrite)
{
	size_t bytes = rewrite->fs->info->inode_bytes;
	uint64_t blocks = sb_ext4_blocks_for(rewrite->fs->info, true, rewrite->session->size);
	struct ext2_inode *inode = rewrite->new_inode;
	errcode_t error =
		ext2fs_read_inode_full(rewrite->ext2, rewrite->session->target.inode.number,
				       rewrite->old_inode, (int)bytes);

	if (error == 0)
		error = take_number(rewrite);
	if (error != 0)
		return error;
	memcpy(inode, rewrite->old_inode, bytes);
	if (rewrite->session->renews)
		sb_ext4_put_time(inode, bytes, SB_EXT4_CHANGED | SB_EXT4_MODIFIED,
				 rewrite->session->now);
	error = empty_inode(rewrite, inode);
	if (error == 0)
		error = write_inode(rewrite, rewrite->number, inode);
	if (error == 0)
		error = ext2fs_fallocate(rewrite->ext2, EXT2_FALLOCATE_FORCE_INIT, rewrite->number,
					 inode, ~(blk64_t)0, 0, blocks);
	if (error == 0)
		error = ext2fs_inode_size_set(rewrite->ext2, inode,
					      (ext2_off64_t)rewrite->session->size);
	return error == 0 ? write_inode(rewrite, rewrite->number, inode) : error;
}

/* The attributes went over to the new inode. */
static errcode_t drop_old(struct rewrite *rewrite)
{
	uint32_t number = rewrite->session->target.inode.number;
	struct ext2_inode *inode = rewrite->old_inode;
	errcode_t error;

	for (size_t i = 0; i < rewrite->old_run_count; i++)
		ext2fs_block_alloc_stats_range(rewrite->ext2, rewrite->old_runs[i].first,
					       (blk_t)rewrite->old_runs[i].count, -1);
	if (rewrite->session->keeps_inode)
		return 0;
	error = empty_inode(rewrite, inode);
	if (error == 0)
		error = ext2fs_iblk_set(rewrite->ext2, inode, 0);
	if (error != 0)
		return error;
	ext2fs_file_acl_block_set(rewrite->ext2, inode, 0);
	inode->i_links_count = 0;
	inode->i_dtime = sb_ext4_deletion_time(rewrite->fs->info, (int64_t)rewrite->ext2->now);
	ext2fs_inode_alloc_stats2(rewrite->ext2, number, -1, 0);
	return write_inode(rewrite, number, inode);
}

/* What libext2fs does; it may go on after a failed write, which the channel remembers. */
static enum stmboot_status allocate(struct rewrite *rewrite)
{
	struct sb_session *session = rewrite->session;
	errcode_t error;
	enum stmboot_status status = sb_ext4_open_staged(session->arena->ctx, session->staged,
							 &rewrite->io, &rewrite->ext2);

	if (status != STMBOOT_OK)
		return status;
	error = make_new(rewrite);
	if (error == 0)
		error = drop_old(rewrite);
	if (error == 0)
		error = ext2fs_close_free(&rewrite->ext2);
	if (rewrite->ext2 != NULL)
		ext2fs_free(rewrite->ext2);
	status = sb_ext2_status(&rewrite->io, error);
	if (status == STMBOOT_OK)
		return sb_overlay_status(session->staged);
	if (error == EXT2_ET_BLOCK_ALLOC_FAIL || error == EXT2_ET_INODE_ALLOC_FAIL)
		return no_space(rewrite);
	return status;
}

static enum stmboot_status plan_inode(struct rewrite *rewrite, const struct sb_ext4_inode *inode)
{
	const struct stmboot_ext4_info *info = rewrite->fs->info;

	if (!rewrite->session->keeps_inode)
		rewrite->groups[(inode->number - 1) / info->inodes_per_group] |= SB_INODES_TOUCHED;
	return sb_plan_add(&rewrite->session->plan, SB_EXT4_WRITE_INODE, inode->offset,
			   info->inode_bytes);
}

/* Let the directory entry lead to the new inode. */
static enum stmboot_status stage_entry(struct rewrite *rewrite, struct stmboot_fs *after)
{
	struct sb_session *session = rewrite->session;
	uint64_t bytes = rewrite->fs->info->block_bytes;
	uint64_t block = rewrite->entry / bytes * bytes;
	uint8_t *data = sb_arena_alloc(session->arena, (size_t)bytes);
	uint32_t number = ext2fs_cpu_to_le32(rewrite->number);
	enum stmboot_status status;

	if (data == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_fs_read(after, block, data, (size_t)bytes);
	memcpy(data + (rewrite->entry - block), &number, sizeof(number));
	if (status == STMBOOT_OK)
		status = sb_ext2_status(&((struct sb_linux_reader *)after->reader)->io,
					ext2fs_dir_block_csum_set(sb_ext2_of(after),
								  rewrite->parent.number,
								  (void *)data));
	if (status == STMBOOT_OK)
		status = sb_plan_add(&session->plan, SB_EXT4_WRITE_DIRECTORY, rewrite->entry,
				     sizeof(number));
	if (status == STMBOOT_OK && sb_linux_has_checksums(after))
		status = sb_plan_add(&session->plan, SB_EXT4_WRITE_DIRECTORY,
				     block + bytes - CHECKSUM_BYTES, CHECKSUM_BYTES);
	if (status == STMBOOT_OK)
		status = sb_overlay_write(session->staged, block, data, (size_t)bytes);
	return status;
}

/* Content, directory entry, and the plan for what libext2fs has written for them. */
static enum stmboot_status stage_rest(struct rewrite *rewrite, struct stmboot_fs *after)
{
	struct sb_session *session = rewrite->session;
	struct sb_ext4_inode inode;
	enum stmboot_status status = after->ops->inode(after, rewrite->number, &inode);

	if (status == STMBOOT_OK)
		status = sb_session_plan_content(session, after, &inode);
	if (status == STMBOOT_NOT_FOUND) /* a hole, where none may be */
		return STMBOOT_INTERNAL;
	if (status == STMBOOT_OK)
		status = sb_session_stage_content(session);
	if (status == STMBOOT_OK)
		status = sb_ext4_survey(after, &inode, note_new_run, rewrite);
	if (status == STMBOOT_OK)
		status = plan_inode(rewrite, &inode);
	if (status != STMBOOT_OK || session->keeps_inode)
		return status;
	status = plan_inode(rewrite, &session->target.inode);
	return status == STMBOOT_OK ? stage_entry(rewrite, after) : status;
}

static enum stmboot_status plan_groups(struct rewrite *rewrite)
{
	struct sb_plan *plan = &rewrite->session->plan;
	uint32_t groups = sb_ext2_of(rewrite->fs)->group_desc_count;
	enum stmboot_status status = sb_plan_counters(plan);

	for (uint32_t group = 0; status == STMBOOT_OK && group < groups; group++)
		if (rewrite->groups[group] != 0)
			status = sb_plan_group(plan, rewrite->fs, group, rewrite->groups[group]);
	return status;
}

enum stmboot_status sb_session_stage_rewrite(struct sb_session *session, struct stmboot_fs *fs)
{
	struct rewrite rewrite = { .session = session, .fs = fs };
	struct stmboot_fs *after;
	enum stmboot_status status = prepare(&rewrite);

	if (status != STMBOOT_OK)
		return sb_refuse_trouble(fs, status, session->refusal);
	status = check_space(&rewrite);
	if (status == STMBOOT_OK)
		status = allocate(&rewrite);
	if (status == STMBOOT_OK)
		status = sb_ext4_keep_copies(fs, session->staged);
	if (status == STMBOOT_OK)
		status = stmboot_fs_open_linux(session->arena->ctx,
					       sb_overlay_source(session->staged), &after);
	if (status != STMBOOT_OK)
		return status;
	status = stage_rest(&rewrite, after);
	stmboot_fs_close(after);
	return status == STMBOOT_OK ? plan_groups(&rewrite) : status;
}
