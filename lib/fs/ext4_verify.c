/* SPDX-License-Identifier: MIT */
/* What is staged is read again with other eyes before anything may rely on it. */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
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

static enum stmboot_status verify_places(struct sb_session *session)
{
	struct sb_extent extent = { 0 };
	enum sb_ext4_write_kind kind;
	enum stmboot_status status;

	for (;;) {
		status = sb_overlay_next(session->staged, extent.offset + extent.length, false,
					 &extent);
		if (status != STMBOOT_OK)
			return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
		for (size_t at = 0; at < extent.length; at += SB_SECTOR_BYTES)
			if (!sb_session_find(session, extent.offset + at, &kind))
				return mistake(session, "it would change something else");
	}
}

static enum stmboot_status compare_content(struct sb_session *session, struct stmboot_source *file,
					   uint8_t *buffer)
{
	enum stmboot_status status = STMBOOT_OK;

	if (stmboot_source_size(file) != session->size)
		return mistake(session, "the file would have another size");
	for (size_t at = 0; at < session->size; at += CHUNK_BYTES) {
		size_t size = (size_t)sb_min_u64(CHUNK_BYTES, session->size - at);

		status = stmboot_source_read(file, at, buffer, size);
		if (status != STMBOOT_OK)
			return status;
		if (memcmp(buffer, session->data + at, size) != 0)
			return mistake(session, "the file would have another content");
	}
	return status;
}

static enum stmboot_status verify_content(struct sb_session *session, struct stmboot_fs *fs,
					  const struct sb_walk *target)
{
	struct stmboot_source *file;
	uint8_t *buffer;
	enum stmboot_status status = sb_ext4_content_open(fs, &target->inode, &file);

	if (status != STMBOOT_OK)
		return status;
	buffer = sb_alloc(fs->ctx, CHUNK_BYTES);
	status = buffer != NULL ? compare_content(session, file, buffer) : STMBOOT_NO_MEMORY;
	sb_free(fs->ctx, buffer);
	stmboot_source_close(file);
	return status;
}

/* The same file under the same path, but for its size and, if made anew, its inode. */
static bool is_same_file(const struct sb_session *session, const struct sb_walk *target)
{
	const struct sb_ext4_inode *was = &session->target.inode;
	const struct sb_ext4_inode *is = &target->inode;

	if (strcmp(target->path, session->target.path) != 0 ||
	    (is->number == was->number) != session->in_place)
		return false;
	return is->mode == was->mode && is->uid == was->uid && is->gid == was->gid &&
	       is->links == was->links && is->mtime == was->mtime && is->flags == was->flags &&
	       is->generation == was->generation &&
	       (!session->in_place || memcmp(is->block, was->block, sizeof(is->block)) == 0);
}

enum stmboot_status sb_session_verify(struct sb_session *session)
{
	struct stmboot_fs *fs;
	struct sb_walk target;
	enum stmboot_status status = sb_overlay_prune(session->staged);

	if (status == STMBOOT_OK)
		status = verify_places(session);
	if (status == STMBOOT_OK)
		status = sb_ext4_open_fit(session->arena->ctx, sb_overlay_source(session->staged),
					  session->in_place ? SB_EXT4_CONTENT : SB_EXT4_ALLOCATION,
					  session->refusal, &fs);
	if (status != STMBOOT_OK)
		return status;
	status = sb_session_target(session, fs, &target);
	if (status == STMBOOT_OK && !is_same_file(session, &target))
		status = mistake(session, "it would not be the same file");
	if (status == STMBOOT_OK)
		status = verify_content(session, fs, &target);
	stmboot_fs_close(fs);
	return status;
}
