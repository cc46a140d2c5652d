/* SPDX-License-Identifier: MIT */
#include "extract/new_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"

static const char suffix[] = ".stmboot-new";

void sb_job_spare(struct sb_job *job, const char *image)
{
	job->has_image = image != NULL &&
			 job->host->identify(job->host->self, image, &job->image) == STMBOOT_OK;
}

enum stmboot_status sb_job_refuse(struct sb_job *job, struct stmboot_refusal *why,
				  enum stmboot_status status, const char *what)
{
	const char *hint = NULL;

	if (status == STMBOOT_IO && (errno == ENOSPC || errno == EDQUOT)) {
		job->full = true;
		hint = "make room there, or name another place";
	} else if (status == STMBOOT_IO && (errno == EACCES || errno == EPERM)) {
		hint = "run stmboot as a user who may do that, or name another place";
	}
	return sb_refuse_work(why, status, what, hint);
}

enum stmboot_status sb_spot_check(const struct sb_spot *spot, struct stmboot_refusal *why,
				  bool *taken)
{
	static const char *const kinds[] = {
		[SB_ENTRY_FILE] = "regular file",   [SB_ENTRY_FOLDER] = "folder",
		[SB_ENTRY_LINK] = "symbolic link",  [SB_ENTRY_CHAR_DEVICE] = "device",
		[SB_ENTRY_BLOCK_DEVICE] = "device", [SB_ENTRY_PIPE] = "pipe",
		[SB_ENTRY_SOCKET] = "socket"
	};
	struct sb_job *job = spot->job;
	struct sb_entry there;
	enum stmboot_status status =
		job->folders->describe(job->folders->self, spot->folder, spot->name, &there);

	*taken = status == STMBOOT_OK;
	if (status == STMBOOT_NOT_FOUND)
		return STMBOOT_OK;
	if (status != STMBOOT_OK)
		return sb_job_refuse(job, why, status, "look at what is there");
	if (there.kind != SB_ENTRY_FILE)
		return sb_refuse(why, STMBOOT_CONFLICT, "name another place, or take it away",
				 "there is a %s of that name, and only a regular file is replaced",
				 kinds[there.kind]);
	if (job->has_image && there.device == job->image.device && there.inode == job->image.inode)
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, "name another file",
				 "that file is the image itself");
	return STMBOOT_OK;
}

/*
 * Names are made in the order of their bytes, so one that is really called
 * NAME.stmboot-new comes behind NAME, and is then made again. A name that
 * leaves no room for the suffix is cut: what has that name stays where it is.
 */
void sb_spot_temporary(const struct sb_spot *spot, struct sb_temporary *out)
{
	size_t room = sizeof(out->name) - sizeof(suffix);
	size_t length = strlen(spot->name);

	out->own = length <= room;
	if (length > room)
		length = room;
	memcpy(out->name, spot->name, length);
	memcpy(out->name + length, suffix, sizeof(suffix));
}

enum stmboot_status sb_spot_clear(const struct sb_spot *spot, const struct sb_temporary *temporary)
{
	const struct sb_host *host = spot->job->host;
	const struct sb_folders *folders = spot->job->folders;
	enum stmboot_status status;
	int file;

	if (!temporary->own)
		return STMBOOT_CONFLICT;
	status = folders->open_file(folders->self, spot->folder, temporary->name, &file);
	if (status == STMBOOT_NOT_RECOGNISED)
		return STMBOOT_CONFLICT;
	if (status != STMBOOT_OK)
		return status;
	status = host->lock(host->self, file, SB_HOST_EXCLUSIVE);
	if (status == STMBOOT_OK)
		status = folders->unlink(folders->self, spot->folder, temporary->name);
	folders->close(folders->self, file);
	return status;
}

static enum stmboot_status create_temporary(struct sb_new_file *file, uint32_t mode)
{
	const struct sb_spot *spot = &file->spot;
	const struct sb_folders *folders = spot->job->folders;
	const char *name = file->temporary.name;
	enum stmboot_status status =
		folders->create(folders->self, spot->folder, name, mode, &file->file);

	if (status != STMBOOT_CONFLICT)
		return status;
	status = sb_spot_clear(spot, &file->temporary);
	return status == STMBOOT_OK
		       ? folders->create(folders->self, spot->folder, name, mode, &file->file)
		       : status;
}

enum stmboot_status sb_new_file_create(const struct sb_spot *spot, uint32_t mode,
				       struct stmboot_refusal *why, struct sb_new_file *out)
{
	struct sb_job *job = spot->job;
	enum stmboot_status status;
	bool taken;

	*out = (struct sb_new_file){ .spot = *spot, .file = SB_NO_FILE };
	status = sb_spot_check(spot, why, &taken);
	if (status != STMBOOT_OK)
		return status;
	sb_spot_temporary(spot, &out->temporary);
	status = create_temporary(out, (mode & 0777) | SB_FILE_RIGHTS);
	if (status == STMBOOT_CONFLICT)
		return sb_refuse(why, status, "wait until it is done, or take that file away",
				 "'%s' is there, and another run may be writing it",
				 out->temporary.name);
	if (status != STMBOOT_OK)
		return sb_job_refuse(job, why, status, "create it");
	status = job->host->lock(job->host->self, out->file, SB_HOST_EXCLUSIVE);
	if (status != STMBOOT_OK) {
		(void)sb_job_refuse(job, why, status, "lock it");
		sb_new_file_drop(out);
	}
	return status;
}

/* Holes take no time, but only with them is it known how far it is. */
static enum stmboot_status tell(const struct sb_job *job, uint64_t offset)
{
	if (job->total == 0)
		return sb_progress(job->ctx, job->written, 0);
	return sb_progress(job->ctx, sb_min_u64(job->passed + offset, job->total), job->total);
}

static enum stmboot_status copy_range(struct sb_new_file *file, struct stmboot_source *src,
				      uint64_t offset, uint64_t end, struct stmboot_refusal *why)
{
	struct sb_job *job = file->spot.job;
	enum stmboot_status status = STMBOOT_OK;

	while (offset < end && status == STMBOOT_OK) {
		size_t part = (size_t)sb_min_u64(sizeof(job->buffer), end - offset);

		if (part > job->budget)
			return sb_refuse(why, STMBOOT_LIMIT, NULL,
					 "its files hold more than the file system has room for");
		status = stmboot_source_read(src, offset, job->buffer, part);
		file->unreadable = status != STMBOOT_OK;
		if (status != STMBOOT_OK)
			return sb_refuse_work(why, status, "read it", NULL);
		status =
			job->host->write_at(job->host->self, file->file, offset, job->buffer, part);
		if (status != STMBOOT_OK)
			return sb_job_refuse(job, why, status, "write it");
		job->budget -= part;
		job->written += part;
		offset += part;
		status = tell(job, offset);
	}
	return status;
}

enum stmboot_status sb_new_file_fill(struct sb_new_file *file, struct stmboot_source *src,
				     struct stmboot_refusal *why)
{
	struct sb_job *job = file->spot.job;
	uint64_t at = 0, start = 0, end = 0;
	enum stmboot_status status =
		job->host->set_size(job->host->self, file->file, stmboot_source_size(src));

	if (status != STMBOOT_OK)
		return sb_job_refuse(job, why, status, "write it");
	for (;;) {
		status = stmboot_source_next_data(src, at, &start, &end);
		if (status == STMBOOT_NOT_FOUND) {
			job->passed += stmboot_source_size(src);
			return STMBOOT_OK;
		}
		file->unreadable = status != STMBOOT_OK;
		if (status != STMBOOT_OK)
			return sb_refuse_work(why, status, "read it", NULL);
		status = copy_range(file, src, start > at ? start : at, end, why);
		if (status != STMBOOT_OK)
			return status;
		at = end;
	}
}

enum stmboot_status sb_job_restrict(struct sb_job *job, int handle, uint32_t rights, uint32_t mode)
{
	struct sb_entry entry;
	enum stmboot_status status;

	if ((rights & ~mode) == 0)
		return STMBOOT_OK;
	status = job->folders->describe_handle(job->folders->self, handle, &entry);
	if (status != STMBOOT_OK)
		return status;
	return job->folders->set_mode(job->folders->self, handle, entry.mode & ~(rights & ~mode));
}

enum stmboot_status sb_new_file_finish(struct sb_new_file *file, bool durable,
				       struct stmboot_refusal *why)
{
	const struct sb_spot *spot = &file->spot;
	struct sb_job *job = spot->job;
	enum stmboot_status status = STMBOOT_OK;

	if (durable)
		status = job->host->sync(job->host->self, file->file);
	if (status != STMBOOT_OK)
		(void)sb_job_refuse(job, why, status, "make it durable");
	if (status == STMBOOT_OK) {
		status = job->folders->rename(job->folders->self, spot->folder,
					      file->temporary.name, spot->name);
		(void)sb_job_refuse(job, why, status, "give it its name");
	}
	if (status != STMBOOT_OK) {
		sb_new_file_drop(file);
		return status;
	}
	job->folders->close(job->folders->self, file->file);
	if (durable)
		status = job->host->sync(job->host->self, spot->folder);
	return sb_job_refuse(job, why, status, "make its name durable");
}

void sb_new_file_drop(struct sb_new_file *file)
{
	const struct sb_folders *folders = file->spot.job->folders;

	(void)folders->unlink(folders->self, file->spot.folder, file->temporary.name);
	folders->close(folders->self, file->file);
}
