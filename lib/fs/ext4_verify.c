/* SPDX-License-Identifier: MIT */
/* What is staged is read again with other eyes before anything may rely on it. */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/meter.h"
#include "base/refusal.h"
#include "fs/ext4_groups.h"
#include "fs/ext4_session.h"

enum { CHUNK_BYTES = 64 << 10 };

static const char NOT_STAGED[] = "nothing was written; please report this";

/* The plan was left, or the result is not what was asked for: a mistake of ours. */
static enum stmboot_status mistake(struct sb_session *session, const char *what)
{
	return sb_refuse(session->refusal, STMBOOT_INTERNAL, NOT_STAGED,
			 "the edit was given up: %s", what);
}

/* Does every byte that changes lie in the plan? */
static enum stmboot_status verify_places(struct sb_session *session)
{
	bool holds;
	enum stmboot_status status = sb_plan_seal(&session->plan);

	if (status == STMBOOT_OK)
		status = sb_plan_verify(&session->plan, session->staged, &holds);
	if (status != STMBOOT_OK)
		return status;
	return holds ? STMBOOT_OK : mistake(session, "it would change something else");
}

static enum stmboot_status compare_content(struct sb_session *session, struct stmboot_source *file,
					   uint8_t *buffers)
{
	struct sb_meter meter = sb_meter(session->arena->ctx, session->size, 1);
	uint8_t *wanted = buffers + CHUNK_BYTES;
	enum stmboot_status status = STMBOOT_OK;

	if (stmboot_source_size(file) != session->size)
		return mistake(session, "the file would have another size");
	for (uint64_t at = 0; at < session->size; at += CHUNK_BYTES) {
		size_t size = (size_t)sb_min_u64(CHUNK_BYTES, session->size - at);

		status = stmboot_source_read(file, at, buffers, size);
		if (status == STMBOOT_OK)
			status = stmboot_source_read(session->content, at, wanted, size);
		if (status != STMBOOT_OK)
			return status;
		if (memcmp(buffers, wanted, size) != 0)
			return mistake(session, "the file would have another content");
		status = sb_meter_add(&meter, size);
		if (status != STMBOOT_OK)
			return status;
	}
	return status;
}

static enum stmboot_status verify_content(struct sb_session *session, struct stmboot_fs *fs,
					  const struct sb_walk *target)
{
	struct stmboot_source *file;
	uint8_t *buffers;
	enum stmboot_status status = sb_ext4_content_open(fs, &target->inode, &file);

	if (status != STMBOOT_OK)
		return status;
	buffers = sb_alloc_uncleared(fs->ctx, 2 * CHUNK_BYTES);
	status = buffers != NULL ? compare_content(session, file, buffers) : STMBOOT_NO_MEMORY;
	sb_free(fs->ctx, buffers);
	stmboot_source_close(file);
	return status;
}

/* Of an inode, what may become different: size, blocks, where they are, checksum. */
static const struct {
	size_t offset;
	size_t length;
	bool in_place; /* even when the blocks are kept */
	bool renewed;  /* only when the file is to be of now */
} mutable[] = {
	{ 0x04, 4, true, false },   /* size */
	{ 0x0c, 8, true, true },    /* times of the inode and of the content */
	{ 0x1c, 4, false, false },  /* blocks */
	{ 0x28, 60, false, false }, /* where they are */
	{ 0x6c, 4, true, false },   /* size */
	{ 0x74, 2, false, false },  /* blocks */
	{ 0x7c, 2, true, false },   /* checksum */
	{ 0x82, 2, true, false },   /* checksum */
	{ 0x84, 8, true, true },    /* more of the times */
};

static void mask_inode(const struct sb_session *session, uint8_t *raw, size_t size)
{
	for (size_t i = 0; i < sizeof(mutable) / sizeof(mutable[0]); i++)
		if (mutable[i].offset < size && (mutable[i].in_place || !session->in_place) &&
		    (session->renews || !mutable[i].renewed))
			memset(raw + mutable[i].offset, 0, mutable[i].length);
}

/* Owner, mode, times, attributes and whatever else an inode holds are as they were. */
static enum stmboot_status compare_inodes(struct sb_session *session, struct stmboot_fs *fs,
					  const struct sb_walk *target, uint8_t *raw)
{
	size_t size = fs->info->inode_bytes;
	enum stmboot_status status =
		stmboot_source_read(session->before, session->target.inode.offset, raw, size);

	if (status == STMBOOT_OK)
		status = stmboot_source_read(fs->src, target->inode.offset, raw + size, size);
	if (status != STMBOOT_OK)
		return status;
	mask_inode(session, raw, size);
	mask_inode(session, raw + size, size);
	return memcmp(raw, raw + size, size) == 0
		       ? STMBOOT_OK
		       : mistake(session, "the inode would lose something");
}

static enum stmboot_status verify_inode(struct sb_session *session, struct stmboot_fs *fs,
					const struct sb_walk *target)
{
	uint32_t was = session->target.inode.number;
	enum stmboot_status status;
	uint8_t *raw;

	if (strcmp(target->path, session->target.path) != 0 ||
	    (target->inode.number == was) != session->keeps_inode)
		return mistake(session, "the path would lead elsewhere");
	raw = sb_alloc_array(fs->ctx, 2, fs->info->inode_bytes);
	if (raw == NULL)
		return STMBOOT_NO_MEMORY;
	status = compare_inodes(session, fs, target, raw);
	sb_free(fs->ctx, raw);
	return status;
}

enum stmboot_status sb_session_verify(struct sb_session *session)
{
	struct stmboot_fs *fs;
	struct sb_walk target;
	enum stmboot_status status = verify_places(session);

	if (status == STMBOOT_OK)
		status = sb_ext4_open_fit(session->arena->ctx, sb_overlay_source(session->staged),
					  session->in_place ? SB_EXT4_CONTENT : SB_EXT4_ALLOCATION,
					  session->refusal, &fs);
	if (status != STMBOOT_OK)
		return status;
	status = sb_session_target(session, fs, &target);
	session->inode = target.inode.number;
	if (status == STMBOOT_OK)
		status = verify_inode(session, fs, &target);
	if (status == STMBOOT_OK)
		status = verify_content(session, fs, &target);
	stmboot_fs_close(fs);
	return status;
}
