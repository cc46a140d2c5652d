/* SPDX-License-Identifier: MIT */
/* New content in the blocks that a file has: the sectors that change, and the size. */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "base/meter.h"
#include "fs/ext4_groups.h"
#include "fs/ext4_preflight.h"
#include "fs/ext4_session.h"

enum {
	I_SIZE_LO = 0x04,
	I_SIZE_HIGH = 0x6c,
	CHUNK_BYTES = 64 << 10,
};

static uint64_t blocks_of(const struct stmboot_fs *fs, uint64_t size)
{
	return sb_round_up_u64(size, fs->info->block_bytes) / fs->info->block_bytes;
}

/* A damaged map can lead to the same block twice. */
static bool is_planned(const struct sb_session *session, uint64_t offset, uint64_t length)
{
	const struct sb_plan *plan = &session->plan;

	for (size_t i = 0; i < plan->count; i++)
		if (sb_ranges_overlap(plan->ranges[i].offset, plan->ranges[i].length, offset,
				      length))
			return true;
	return false;
}

static enum stmboot_status plan_run(struct sb_session *session, struct stmboot_fs *fs,
				    const struct sb_ext4_run *run)
{
	uint64_t offset = run->physical * fs->info->block_bytes;
	uint64_t length = run->count * fs->info->block_bytes;
	enum stmboot_status status = sb_session_check_run(session, fs, run->physical, run->count);

	if (status != STMBOOT_OK)
		return status;
	if (is_planned(session, offset, length))
		return sb_refuse_damage(session->refusal, offset, "a block twice in one file");
	return sb_plan_add(&session->plan, SB_EXT4_WRITE_DATA, offset, length);
}

enum stmboot_status sb_session_plan_content(struct sb_session *session, struct stmboot_fs *fs,
					    const struct sb_ext4_inode *inode)
{
	uint64_t blocks = blocks_of(fs, session->size);
	enum stmboot_status status = STMBOOT_OK;

	for (uint64_t block = 0; status == STMBOOT_OK && block < blocks;) {
		struct sb_ext4_run run;

		status = sb_ext4_map(fs, inode, block, &run);
		if (status != STMBOOT_OK)
			return sb_refuse_trouble(fs, status, session->refusal);
		if (run.zeros)
			return STMBOOT_NOT_FOUND;
		run.count = sb_min_u64(run.count, blocks - block);
		status = plan_run(session, fs, &run);
		block += run.count;
	}
	return status;
}

/* The sectors of a chunk that differ, those side by side in one piece. */
static enum stmboot_status stage_changed(struct sb_session *session, uint64_t offset,
					 const uint8_t *old_bytes, const uint8_t *new_bytes,
					 size_t size)
{
	enum stmboot_status status = STMBOOT_OK;
	size_t start = 0;

	for (size_t at = 0; status == STMBOOT_OK && at <= size; at += SB_SECTOR_BYTES) {
		if (at < size && memcmp(old_bytes + at, new_bytes + at, SB_SECTOR_BYTES) != 0)
			continue;
		if (at > start)
			status = sb_overlay_write(session->staged, offset + start,
						  new_bytes + start, at - start);
		start = at + SB_SECTOR_BYTES;
	}
	return status;
}

/* `size` bytes of whole blocks at `position` of the file; zeros follow the content. */
static enum stmboot_status stage_chunk(struct sb_session *session, uint64_t position,
				       uint64_t offset, size_t size, uint8_t *buffers)
{
	uint8_t *old_bytes = buffers, *new_bytes = buffers + CHUNK_BYTES;
	size_t content = (size_t)sb_min_u64(size, session->size - position);
	enum stmboot_status status = stmboot_source_read(session->before, offset, old_bytes, size);

	if (status != STMBOOT_OK)
		return status;
	status = stmboot_source_read(session->content, position, new_bytes, content);
	/* Whatever stands behind the same content may stay. */
	if (status != STMBOOT_OK ||
	    (session->in_place && session->size == session->target.inode.size &&
	     memcmp(old_bytes, new_bytes, content) == 0))
		return status;
	memset(new_bytes + content, 0, size - content);
	return stage_changed(session, offset, old_bytes, new_bytes, size);
}

enum stmboot_status sb_session_stage_content(struct sb_session *session)
{
	struct stmboot_context *ctx = session->arena->ctx;
	struct sb_meter meter = sb_meter(ctx, session->size, 1);
	uint8_t *buffers = sb_alloc_uncleared(ctx, 2 * CHUNK_BYTES);
	enum stmboot_status status = buffers != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
	uint64_t position = 0;

	for (size_t i = 0; i < session->plan.count; i++) {
		const struct sb_planned *run = &session->plan.ranges[i];

		if (run->kind != SB_EXT4_WRITE_DATA)
			continue;
		for (uint64_t at = 0; status == STMBOOT_OK && at < run->length;) {
			size_t size = (size_t)sb_min_u64(run->length - at, CHUNK_BYTES);

			status = stage_chunk(session, position, run->offset + at, size, buffers);
			position += size;
			at += size;
			if (status == STMBOOT_OK)
				status = sb_meter_add(&meter, size);
		}
	}
	sb_free(ctx, buffers);
	return status;
}

static void put_le32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* The size, and the time if the file is to be of now. */
static enum stmboot_status stage_inode(struct sb_session *session, struct stmboot_fs *fs)
{
	const struct sb_ext4_inode *inode = &session->target.inode;
	size_t bytes = fs->info->inode_bytes;
	uint8_t *raw = sb_alloc(fs->ctx, bytes);
	enum stmboot_status status;

	if (raw == NULL)
		return STMBOOT_NO_MEMORY;
	status = stmboot_source_read(session->before, inode->offset, raw, bytes);
	put_le32(raw + I_SIZE_LO, (uint32_t)session->size);
	put_le32(raw + I_SIZE_HIGH, 0);
	if (session->renews)
		sb_ext4_put_time(raw, bytes, SB_EXT4_CHANGED | SB_EXT4_MODIFIED, session->now);
	if (status == STMBOOT_OK &&
	    ext2fs_inode_csum_set(sb_ext2_of(fs), inode->number, (void *)raw) != 0)
		status = STMBOOT_INTERNAL;
	if (status == STMBOOT_OK)
		status = sb_plan_add(&session->plan, SB_EXT4_WRITE_INODE, inode->offset, bytes);
	if (status == STMBOOT_OK)
		status = sb_overlay_write(session->staged, inode->offset, raw, bytes);
	sb_free(fs->ctx, raw);
	return status;
}

enum stmboot_status sb_session_stage_in_place(struct sb_session *session, struct stmboot_fs *fs)
{
	uint64_t old_size = session->target.inode.size;
	enum stmboot_status status;
	bool differs;

	if (blocks_of(fs, session->size) != blocks_of(fs, old_size))
		return STMBOOT_NOT_FOUND;
	status = sb_session_plan_content(session, fs, &session->target.inode);
	if (status == STMBOOT_OK)
		status = sb_session_stage_content(session);
	differs = session->size != old_size ||
		  (session->renews && sb_overlay_pending(session->staged) != 0);
	return status == STMBOOT_OK && differs ? stage_inode(session, fs) : status;
}
