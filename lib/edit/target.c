/* SPDX-License-Identifier: MIT */
#include "edit/edit.h"

static enum stmboot_status open_file(struct sb_target *target, const char *path, bool to_write,
				     struct stmboot_refusal *why)
{
	const struct sb_host *host = target->host;
	enum stmboot_status status =
		host->open(host->self, path, to_write ? SB_HOST_EDIT : SB_HOST_READ, &target->file);

	if (status != STMBOOT_OK)
		target->file = SB_NO_FILE;
	switch (status) {
	case STMBOOT_CONFLICT:
		return sb_refuse(why, status, "unmount it first", "the device is in use");
	case STMBOOT_NOT_FOUND:
	case STMBOOT_NOT_RECOGNISED:
	case STMBOOT_OK:
		return status;
	default:
		return sb_refuse_work(why, status, to_write ? "open it for writing" : "open it",
				      to_write ? "with --output the image itself is only read"
					       : NULL);
	}
}

static enum stmboot_status take_lock(struct sb_target *target, bool to_write,
				     struct stmboot_refusal *why)
{
	const struct sb_host *host = target->host;
	enum stmboot_status status =
		host->lock(host->self, target->file, to_write ? SB_HOST_EXCLUSIVE : SB_HOST_SHARED);

	if (status == STMBOOT_CONFLICT)
		return sb_refuse(why, status, "wait until it is done, then try again",
				 "another program is editing the image");
	return sb_refuse_work(why, status, "lock the image", NULL);
}

static enum stmboot_status refuse_mounted(struct sb_target *target, struct stmboot_refusal *why)
{
	const struct sb_host *host = target->host;
	char place[160] = "";
	enum stmboot_status status =
		host->mounted(host->self, target->file, target->place.path, place, sizeof(place));

	if (status == STMBOOT_CONFLICT)
		return sb_refuse(why, status, "unmount it first: two writers destroy a file system",
				 "a file system of it is mounted at %s", place);
	return sb_refuse_work(why, status, "find out whether it is mounted", NULL);
}

/* A log that the power takes away is none. */
static enum stmboot_status refuse_without_log(struct sb_target *target, struct stmboot_refusal *why)
{
	const struct sb_host *host = target->host;
	const char *folder = target->place.state_directory;
	enum stmboot_status status;

	if (!target->place.block_device)
		return STMBOOT_OK;
	if (folder == NULL)
		return sb_refuse(why, STMBOOT_UNSUPPORTED, "set HOME or STMBOOT_STATE_DIR",
				 "there is no state directory for the log of a block device");
	status = host->make_directory(host->self, folder);
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "make the state directory",
				      "set STMBOOT_STATE_DIR to a directory on a disk");
	if (host->is_volatile(host->self, folder))
		return sb_refuse(why, STMBOOT_UNSUPPORTED,
				 "set STMBOOT_STATE_DIR to a directory on a disk",
				 "the state directory lies in memory, where no log is safe");
	return STMBOOT_OK;
}

enum stmboot_status sb_target_open(struct stmboot_context *ctx, const struct sb_host *host,
				   const char *path, bool to_write, const char *state_directory,
				   struct stmboot_refusal *why, struct sb_target *target)
{
	enum stmboot_status status;

	target->host = host;
	status = open_file(target, path, to_write, why);
	if (status == STMBOOT_OK)
		status = take_lock(target, to_write, why);
	if (status == STMBOOT_OK)
		status = host->describe(host->self, target->file, &target->info);
	if (status == STMBOOT_OK)
		status = sb_host_source(ctx, host, target->file, false, &target->source);
	if (status == STMBOOT_OK)
		status = sb_place_find(host, path, &target->info, target->source, state_directory,
				       &target->place);
	if (status == STMBOOT_OK && to_write)
		status = refuse_mounted(target, why);
	if (status == STMBOOT_OK && to_write)
		status = refuse_without_log(target, why);
	return status;
}

void sb_target_close(struct sb_target *target)
{
	if (target->host == NULL)
		return;
	stmboot_source_close(target->source);
	if (target->file != SB_NO_FILE)
		target->host->close(target->host->self, target->file);
}

static bool same_content(const struct stmboot_identity *a, const struct stmboot_identity *b)
{
	return a->size == b->size && a->mtime_seconds == b->mtime_seconds &&
	       a->mtime_nanoseconds == b->mtime_nanoseconds;
}

enum stmboot_status sb_target_is_same(struct sb_target *target, struct stmboot_refusal *why)
{
	const struct stmboot_identity *was = &target->info.identity;
	const struct sb_host *host = target->host;
	struct stmboot_identity named;
	struct sb_host_info now;
	enum stmboot_status status = host->describe(host->self, target->file, &now);

	if (status == STMBOOT_OK)
		status = host->identify(host->self, target->place.path, &named);
	if (status == STMBOOT_NOT_FOUND ||
	    (status == STMBOOT_OK && (named.device != was->device || named.inode != was->inode)))
		return sb_refuse(why, STMBOOT_CONFLICT, "look at it, then try again",
				 "the image was replaced while it was edited");
	if (status == STMBOOT_OK && !target->info.block_device && !same_content(&now.identity, was))
		return sb_refuse(why, STMBOOT_CONFLICT, "look at it, then try again",
				 "another program wrote to the image while it was edited");
	return sb_refuse_work(why, status, "look at the image", NULL);
}
