/* SPDX-License-Identifier: MIT */
/*
 * The copy of --output: complete under another name first, so that a file of
 * the wanted name is always a whole one.
 */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "edit/edit.h"

enum { COPY_STEP = 16 << 20, COPY_BUFFER = 64 << 10, DEFAULT_MODE = 0644 };

static const char room_hint[] = "make room there, or name another place";

struct copy {
	struct stmboot_edit *edit;
	const struct sb_host *host;
	char path[SB_PATH_BYTES]; /* while it is written */
	int file;
	uint64_t size;
	struct sb_meter meter; /* of what is edited */
	uint8_t buffer[COPY_BUFFER];
};

/* A file that a run left behind is replaced; one that a run is writing is not. */
static enum stmboot_status create(struct copy *copy)
{
	const struct sb_host *host = copy->host;
	enum stmboot_status status =
		host->open(host->self, copy->path, SB_HOST_CREATE, &copy->file);

	if (status != STMBOOT_CONFLICT)
		return status;
	status = host->open(host->self, copy->path, SB_HOST_EDIT, &copy->file);
	if (status != STMBOOT_OK)
		return status;
	status = host->lock(host->self, copy->file, SB_HOST_EXCLUSIVE);
	if (status == STMBOOT_OK)
		status = host->unlink(host->self, copy->path);
	host->close(host->self, copy->file);
	copy->file = SB_NO_FILE;
	if (status == STMBOOT_OK)
		status = host->open(host->self, copy->path, SB_HOST_CREATE, &copy->file);
	return status;
}

/* What the host's file cannot give, because it is packed or its log is pending. */
static enum stmboot_status copy_through_memory(struct copy *copy, struct stmboot_source *src,
					       uint64_t offset, uint64_t length)
{
	enum stmboot_status status = STMBOOT_OK;

	while (length > 0 && status == STMBOOT_OK) {
		size_t part = (size_t)sb_min_u64(sizeof(copy->buffer), length);

		status = stmboot_source_read(src, offset, copy->buffer, part);
		if (status == STMBOOT_OK)
			status = copy->host->write_at(copy->host->self, copy->file, offset,
						      copy->buffer, part);
		offset += part;
		length -= part;
	}
	return status;
}

static enum stmboot_status copy_range(struct copy *copy, uint64_t offset, uint64_t length)
{
	struct stmboot_edit *edit = copy->edit;

	if (edit->medium.source != edit->target.source)
		return copy_through_memory(copy, edit->medium.source, offset, length);
	return copy->host->copy(copy->host->self, edit->target.file, copy->file, offset, length);
}

/* Holes stay holes. */
static enum stmboot_status copy_data(struct copy *copy)
{
	struct stmboot_source *src = copy->edit->medium.source;
	uint64_t at = 0, start, end;
	enum stmboot_status status = copy->host->set_size(copy->host->self, copy->file, copy->size);

	while (status == STMBOOT_OK) {
		status = stmboot_source_next_data(src, at, &start, &end);
		if (status != STMBOOT_OK)
			break;
		at = start > at ? start : at;
		while (at < end && status == STMBOOT_OK) {
			uint64_t part = sb_min_u64(COPY_STEP, end - at);

			status = copy_range(copy, at, part);
			at += part;
			if (status == STMBOOT_OK)
				status = sb_progress(copy->edit->ctx, at, copy->size);
		}
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

static enum stmboot_status copy_image(struct copy *copy)
{
	const struct stmboot_edit *edit = copy->edit;
	enum stmboot_status status = STMBOOT_UNSUPPORTED;

	if (edit->medium.source == edit->target.source && !edit->target.info.block_device)
		status = copy->host->clone(copy->host->self, edit->target.file, copy->file);
	return status == STMBOOT_UNSUPPORTED ? copy_data(copy) : status;
}

static enum stmboot_status write_edit(struct copy *copy)
{
	struct sb_extent extent = { 0 };
	enum stmboot_status status;

	for (;;) {
		status = sb_overlay_next(copy->edit->overlay, extent.offset + extent.length, false,
					 &extent);
		if (status != STMBOOT_OK)
			break;
		status = copy->host->write_at(copy->host->self, copy->file, extent.offset,
					      extent.new_bytes, extent.length);
		if (status == STMBOOT_OK)
			status = sb_meter_add(&copy->meter, extent.length);
		if (status != STMBOOT_OK)
			return status;
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

static enum stmboot_status read_back(struct copy *copy)
{
	struct sb_extent extent = { 0 };
	enum stmboot_status status;

	for (;;) {
		status = sb_overlay_next(copy->edit->overlay, extent.offset + extent.length, false,
					 &extent);
		if (status != STMBOOT_OK)
			break;
		copy->host->forget(copy->host->self, copy->file, extent.offset, extent.length);
		status = copy->host->read_at(copy->host->self, copy->file, extent.offset,
					     copy->buffer, extent.length);
		if (status == STMBOOT_OK &&
		    memcmp(copy->buffer, extent.new_bytes, extent.length) != 0)
			status = STMBOOT_CORRUPT;
		if (status == STMBOOT_OK)
			status = sb_meter_add(&copy->meter, extent.length);
		if (status != STMBOOT_OK)
			return status;
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

static enum stmboot_status fill(struct copy *copy, struct stmboot_refusal *why)
{
	const struct sb_host *host = copy->host;
	const struct sb_host_info *info = &copy->edit->target.info;
	enum stmboot_status status = copy_image(copy);

	if (status == STMBOOT_OK)
		status = write_edit(copy);
	if (status == STMBOOT_OK)
		status = host->set_mode(host->self, copy->file,
					info->block_device ? DEFAULT_MODE : info->mode & 0777);
	if (status == STMBOOT_OK)
		status = host->sync(host->self, copy->file);
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "write the copy", room_hint);
	return sb_refuse_work(why, read_back(copy), "read the copy back", NULL);
}

/* The image itself is no place for its copy, and what is no file cannot be replaced. */
static enum stmboot_status check_place(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	const struct sb_host *host = edit->target.host;
	const struct stmboot_identity *image = &edit->target.info.identity;
	struct sb_host_info info;
	enum stmboot_status status;
	int file;

	status = host->open(host->self, edit->output, SB_HOST_READ, &file);
	if (status == STMBOOT_NOT_FOUND)
		return STMBOOT_OK;
	if (status == STMBOOT_NOT_RECOGNISED)
		return sb_refuse(why, status, "name a file", "the output is no regular file");
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "look at the output", NULL);
	status = host->describe(host->self, file, &info);
	host->close(host->self, file);
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "look at the output", NULL);
	if (info.block_device)
		return sb_refuse(why, STMBOOT_NOT_RECOGNISED, "name a file",
				 "the output is no regular file");
	if (info.identity.device == image->device && info.identity.inode == image->inode)
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
				 "without --output it is edited in place",
				 "the output is the image itself");
	return STMBOOT_OK;
}

static enum stmboot_status name_copy(struct copy *copy, const char *output,
				     struct stmboot_refusal *why)
{
	char folder[SB_PATH_BYTES];
	enum stmboot_status status = copy->host->rename(copy->host->self, copy->path, output);

	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "name the copy", NULL);
	copy->edit->result.state = STMBOOT_EDIT_DONE;
	status = sb_path_parent(output, folder)
			 ? copy->host->sync_directory(copy->host->self, folder)
			 : STMBOOT_LIMIT;
	return sb_refuse_work(why, status, "make the name of the copy durable", NULL);
}

static enum stmboot_status make_copy(struct copy *copy, const char *output,
				     struct stmboot_refusal *why)
{
	enum stmboot_status status;

	if (!sb_path_format(copy->path, "%s.stmboot-new", output))
		return sb_refuse_work(why, STMBOOT_LIMIT, "name the copy", "use a shorter path");
	status = create(copy);
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "create the output", room_hint);
	status = copy->host->lock(copy->host->self, copy->file, SB_HOST_EXCLUSIVE);
	if (status == STMBOOT_OK)
		status = fill(copy, why);
	if (status == STMBOOT_OK)
		status = name_copy(copy, output, why);
	if (copy->edit->result.state == STMBOOT_EDIT_UNCHANGED)
		(void)copy->host->unlink(copy->host->self, copy->path);
	copy->host->close(copy->host->self, copy->file);
	return status;
}

enum stmboot_status sb_write_output(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	struct copy *copy;
	enum stmboot_status status = check_place(edit, why);

	if (status != STMBOOT_OK)
		return status;
	copy = sb_alloc(edit->ctx, sizeof(*copy));
	if (copy == NULL)
		return STMBOOT_NO_MEMORY;
	copy->edit = edit;
	copy->host = edit->target.host;
	copy->file = SB_NO_FILE;
	copy->size = stmboot_source_size(edit->medium.source);
	copy->meter = sb_meter(edit->ctx, edit->plan.bytes, 2);
	status = make_copy(copy, edit->output, why);
	sb_free(edit->ctx, copy);
	return status;
}
