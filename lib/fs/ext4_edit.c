/* SPDX-License-Identifier: MIT */
/* One edit from its front to its end: judge, stage, verify, hand over. */
#include "fs/ext4_edit.h"

#include "base/checked.h"
#include "base/context.h"
#include "base/refusal.h"
#include "fs/ext4_session.h"

/*
 * Several names stay together in one inode. And with meta_bg U-Boot finds the
 * inodes of the first groups only, among which a new one may not be.
 */
static bool keeps_inode(const struct sb_session *session, const struct stmboot_fs *fs)
{
	return session->in_place || session->target.inode.links > 1 ||
	       (fs->info->incompat & INCOMPAT_META_BG) != 0;
}

/* Open what was before, find the target, and stage in one of the two ways. */
static enum stmboot_status stage_in(struct sb_session *session, enum sb_ext4_reach reach)
{
	struct stmboot_fs *fs;
	enum stmboot_status status = sb_ext4_open_fit(session->arena->ctx, session->before, reach,
						      session->refusal, &fs);

	if (status != STMBOOT_OK)
		return status;
	session->plan = (struct sb_plan){ .arena = session->arena };
	session->in_place = reach == SB_EXT4_CONTENT;
	status = sb_session_target(session, fs, &session->target);
	if (status == STMBOOT_OK)
		session->keeps_inode = keeps_inode(session, fs);
	if (status == STMBOOT_OK)
		status = session->in_place ? sb_session_stage_in_place(session, fs)
					   : sb_session_stage_rewrite(session, fs);
	stmboot_fs_close(fs);
	return status;
}

static enum stmboot_status stage(struct sb_session *session)
{
	enum stmboot_status status = stage_in(session, SB_EXT4_CONTENT);

	if (status != STMBOOT_NOT_FOUND || session->refusal->message[0] != '\0')
		return status;
	return stage_in(session, SB_EXT4_ALLOCATION);
}

static enum stmboot_status run(struct sb_session *session, struct sb_overlay *overlay,
			       uint64_t base, struct sb_ext4_edit *out)
{
	struct sb_writes writes = { 0 };
	char *path;
	enum stmboot_status status = stage(session);

	if (status == STMBOOT_OK)
		status = sb_overlay_status(session->staged);
	if (status == STMBOOT_OK)
		status = sb_session_verify(session);
	if (status != STMBOOT_OK)
		return status;
	path = sb_arena_strdup(session->arena, session->target.path);
	if (path == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_plan_hand_over(&session->plan, session->staged, overlay, base, &writes);
	if (status != STMBOOT_OK)
		return status;
	*out = (struct sb_ext4_edit){
		.changed = writes.count > 0,
		.in_place = session->in_place,
		.inode = session->inode,
		.path = path,
		.writes = writes.list,
		.write_count = writes.count,
	};
	return STMBOOT_OK;
}

enum stmboot_status sb_ext4_replace_content(struct sb_arena *arena, struct sb_overlay *overlay,
					    uint64_t offset, uint64_t size, const char *path,
					    struct stmboot_source *content, bool renews,
					    struct stmboot_refusal *refusal,
					    struct sb_ext4_edit *out)
{
	struct sb_session session = { .arena = arena,
				      .refusal = refusal,
				      .path = path,
				      .content = content,
				      .size = stmboot_source_size(content),
				      .renews = renews };
	enum stmboot_status status = sb_overlay_status(overlay);

	*refusal = (struct stmboot_refusal){ .message = "" };
	if (status != STMBOOT_OK)
		return status;
	if (offset % SB_SECTOR_BYTES != 0)
		return STMBOOT_INVALID_ARGUMENT;
	if (session.size > SB_EXT4_MAX_FILE_BYTES)
		return sb_refuse(refusal, STMBOOT_LIMIT, NULL, "the new content is too large");
	session.now.seconds = sb_now(arena->ctx);
	status = stmboot_source_window(arena->ctx, sb_overlay_source(overlay), offset, size,
				       &session.before);
	if (status == STMBOOT_OK)
		status = sb_overlay_new(arena->ctx, session.before, &session.staged);
	if (status == STMBOOT_OK)
		status = run(&session, overlay, offset, out);
	sb_overlay_free(session.staged);
	stmboot_source_close(session.before);
	return status;
}

enum stmboot_status sb_ext4_replace_file(struct sb_arena *arena, struct sb_overlay *overlay,
					 uint64_t offset, uint64_t size, const char *path,
					 const void *data, size_t data_size,
					 struct stmboot_refusal *refusal, struct sb_ext4_edit *out)
{
	struct stmboot_source *content;
	enum stmboot_status status =
		stmboot_source_from_memory(arena->ctx, data, data_size, &content);

	if (status != STMBOOT_OK)
		return status;
	status = sb_ext4_replace_content(arena, overlay, offset, size, path, content, false,
					 refusal, out);
	stmboot_source_close(content);
	return status;
}
