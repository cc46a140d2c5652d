/* SPDX-License-Identifier: MIT */
/* One edit from its front to its end: judge, stage, verify, hand over. */
#include "fs/ext4_edit.h"

#include "base/checked.h"
#include "base/context.h"
#include "base/refusal.h"
#include "fs/ext4_session.h"

const char *sb_ext4_write_text(enum sb_ext4_write_kind kind)
{
	static const char *const texts[] = {
		[SB_EXT4_WRITE_DATA] = "data",
		[SB_EXT4_WRITE_MAP] = "block map",
		[SB_EXT4_WRITE_BITMAP] = "bitmap",
		[SB_EXT4_WRITE_GROUP] = "group descriptor",
		[SB_EXT4_WRITE_INODE] = "inode",
		[SB_EXT4_WRITE_DIRECTORY] = "directory",
		[SB_EXT4_WRITE_SUPERBLOCK] = "superblock",
	};

	return texts[kind];
}

static enum sb_order order_of(enum sb_ext4_write_kind kind)
{
	switch (kind) {
	case SB_EXT4_WRITE_DATA:
	case SB_EXT4_WRITE_MAP:
		return SB_ORDER_DATA;
	case SB_EXT4_WRITE_SUPERBLOCK:
		return SB_ORDER_SUPERBLOCK;
	default:
		return SB_ORDER_METADATA;
	}
}

enum stmboot_status sb_session_plan(struct sb_session *session, enum sb_ext4_write_kind kind,
				    uint64_t offset, uint64_t length)
{
	struct sb_planned *planned =
		sb_arena_push(session->arena, &session->planned, &session->planned_count,
			      &session->planned_capacity, sizeof(*planned));

	if (planned == NULL)
		return STMBOOT_NO_MEMORY;
	*planned = (struct sb_planned){ .kind = kind, .offset = offset, .length = length };
	return STMBOOT_OK;
}

const struct sb_planned *sb_session_find(const struct sb_session *session, uint64_t offset,
					 uint64_t length)
{
	for (size_t i = 0; i < session->planned_count; i++)
		if (sb_ranges_overlap(session->planned[i].offset, session->planned[i].length,
				      offset, length))
			return &session->planned[i];
	return NULL;
}

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
	session->planned_count = 0;
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

/* The result's list of writes: one for each run of sectors of a kind. */
struct writes {
	struct sb_ext4_write *list;
	size_t count;
	size_t capacity;
};

static enum stmboot_status add_write(struct sb_arena *arena, struct writes *writes,
				     enum sb_ext4_write_kind kind, uint64_t offset, size_t length)
{
	struct sb_ext4_write *last = writes->count > 0 ? &writes->list[writes->count - 1] : NULL;

	if (last != NULL && last->kind == kind && last->offset + last->length == offset) {
		last->length += length;
		return STMBOOT_OK;
	}
	last = sb_arena_push(arena, &writes->list, &writes->count, &writes->capacity,
			     sizeof(*last));
	if (last == NULL)
		return STMBOOT_NO_MEMORY;
	*last = (struct sb_ext4_write){ .kind = kind, .offset = offset, .length = length };
	return STMBOOT_OK;
}

static enum stmboot_status hand_over_extent(struct sb_session *session, struct sb_overlay *overlay,
					    uint64_t base, const struct sb_extent *extent,
					    struct writes *writes)
{
	enum stmboot_status status =
		sb_overlay_write(overlay, base + extent->offset, extent->new_bytes, extent->length);

	for (size_t at = 0; status == STMBOOT_OK && at < extent->length; at += SB_SECTOR_BYTES) {
		uint64_t offset = extent->offset + at;
		size_t length = (size_t)sb_min_u64(SB_SECTOR_BYTES, extent->length - at);
		const struct sb_planned *planned = sb_session_find(session, offset, length);

		if (planned == NULL)
			return STMBOOT_INTERNAL;
		sb_overlay_mark(overlay, base + offset, length, order_of(planned->kind));
		status = add_write(session->arena, writes, planned->kind, base + offset, length);
	}
	return status;
}

/* From here on a failure leaves the overlay in between, which it remembers. */
static enum stmboot_status hand_over(struct sb_session *session, struct sb_overlay *overlay,
				     uint64_t base, struct writes *writes)
{
	struct sb_extent extent = { 0 };
	enum stmboot_status status;

	for (;;) {
		status = sb_overlay_next(session->staged, extent.offset + extent.length, false,
					 &extent);
		if (status == STMBOOT_NOT_FOUND)
			return sb_overlay_status(overlay);
		if (status == STMBOOT_OK)
			status = hand_over_extent(session, overlay, base, &extent, writes);
		if (status != STMBOOT_OK) {
			sb_overlay_fail(overlay, status);
			return status;
		}
	}
}

static enum stmboot_status run(struct sb_session *session, struct sb_overlay *overlay,
			       uint64_t base, struct sb_ext4_edit *out)
{
	struct writes writes = { 0 };
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
	status = hand_over(session, overlay, base, &writes);
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

enum stmboot_status sb_ext4_replace_file(struct sb_arena *arena, struct sb_overlay *overlay,
					 uint64_t offset, uint64_t size, const char *path,
					 const void *data, size_t data_size,
					 struct stmboot_refusal *refusal, struct sb_ext4_edit *out)
{
	struct sb_session session = {
		.arena = arena, .refusal = refusal, .path = path, .data = data, .size = data_size
	};
	enum stmboot_status status = sb_overlay_status(overlay);

	*refusal = (struct stmboot_refusal){ .message = "" };
	if (status != STMBOOT_OK)
		return status;
	if (offset % SB_SECTOR_BYTES != 0)
		return STMBOOT_INVALID_ARGUMENT;
	if (data_size > SB_EXT4_MAX_FILE_BYTES)
		return sb_refuse(refusal, STMBOOT_LIMIT, NULL, "the new content is too large");
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
