/* SPDX-License-Identifier: MIT */
/*
 * From the commit point on: the log is applied, any number of times if need
 * be, until the medium has all of it.
 */
#include <string.h>

#include "base/checked.h"
#include "edit/edit.h"
#include "source/source.h"

static const char recover_hint[] = "its log is kept: run stmboot recover";

/* So that one of two tables, or loaders, is whole at every moment, with or without a log. */
static bool needs_sync_before(enum sb_order order)
{
	return order >= SB_ORDER_BACKUP_TABLE;
}

static enum stmboot_status write_order(struct sb_target *target, struct sb_log *log,
				       enum sb_order order, struct sb_meter *meter)
{
	const struct sb_host *host = target->host;
	const struct sb_log_record *record;
	uint64_t position = 0;
	enum stmboot_status status;

	while ((status = sb_log_next_place(log, &position, &record)) == STMBOOT_OK) {
		if (record->order != order)
			continue;
		status = sb_log_fill(log);
		if (status == STMBOOT_OK)
			status = host->write_at(host->self, target->file, record->offset,
						record->bytes, record->length);
		if (status == STMBOOT_OK)
			status = sb_meter_add(meter, record->length);
		if (status != STMBOOT_OK)
			return status;
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

static enum stmboot_status write_all(struct sb_target *target, struct sb_log *log,
				     struct sb_meter *meter)
{
	const struct sb_host *host = target->host;
	enum stmboot_status status = STMBOOT_OK;
	bool written = false;

	for (int order = 0; order < SB_ORDER_COUNT && status == STMBOOT_OK; order++) {
		if ((sb_log_head(log)->orders & 1u << order) == 0)
			continue;
		if (written && needs_sync_before((enum sb_order)order))
			status = host->sync(host->self, target->file);
		if (status == STMBOOT_OK)
			status = write_order(target, log, (enum sb_order)order, meter);
		written = true;
	}
	return status == STMBOOT_OK ? host->sync(host->self, target->file) : status;
}

static enum stmboot_status read_back(struct sb_target *target, struct sb_log *log,
				     struct sb_meter *meter, struct stmboot_refusal *why)
{
	const struct sb_host *host = target->host;
	const struct sb_log_record *record;
	uint64_t position = 0, stranger;
	unsigned match = 0;
	enum stmboot_status status;

	while ((status = sb_log_next_place(log, &position, &record)) == STMBOOT_OK)
		host->forget(host->self, target->file, record->offset, record->length);
	if (status == STMBOOT_NOT_FOUND)
		status = sb_log_compare(log, target->source, meter, &match, &stranger);
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "read the edit back", recover_hint);
	if ((match & SB_LOG_ALL_NEW) != 0)
		return STMBOOT_OK;
	return sb_refuse(why, STMBOOT_IO, recover_hint,
			 "the medium does not hold what was written to it: it may be worn out");
}

enum stmboot_status sb_apply(struct sb_target *target, struct sb_log *log, struct sb_meter *meter,
			     struct stmboot_refusal *why)
{
	enum stmboot_status status;

	meter->deaf = true; /* to stop half-way would help nobody: the log is to be finished */
	status = write_all(target, log, meter);
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "write the edit to the image", recover_hint);
	return read_back(target, log, meter, why);
}

static enum stmboot_status remove_for_good(const struct sb_host *host, const char *path)
{
	char folder[SB_PATH_BYTES];
	enum stmboot_status status = host->unlink(host->self, path);

	if (status != STMBOOT_OK)
		return status;
	return sb_path_parent(path, folder) ? host->sync_directory(host->self, folder)
					    : STMBOOT_LIMIT;
}

enum stmboot_status sb_retire(struct sb_target *target, const char *log,
			      struct stmboot_refusal *why)
{
	return sb_refuse_work(why, remove_for_good(target->host, log), "remove the log of the edit",
			      "the edit itself is done: run stmboot recover");
}

/* The edit changed the time of the file, and perhaps the identifier of the medium. */
static enum stmboot_status look_again(struct sb_target *target)
{
	const struct sb_host *host = target->host;
	char path[SB_PATH_BYTES];
	enum stmboot_status status = host->describe(host->self, target->file, &target->info);

	if (status != STMBOOT_OK)
		return status;
	memcpy(path, target->place.path, sizeof(path));
	return sb_place_find(host, path, &target->info, target->source,
			     target->place.state_directory, &target->place);
}

/* What is left of a log that was never completed. */
static enum stmboot_status drop(struct sb_target *target, const char *path, bool *dropped,
				struct stmboot_refusal *why)
{
	enum stmboot_status status = remove_for_good(target->host, path);

	*dropped = *dropped || status == STMBOOT_OK;
	return sb_refuse_work(why, status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status,
			      "remove an incomplete log", NULL);
}

static enum stmboot_status finish(struct sb_target *target, struct sb_pending *pending,
				  struct sb_meter *meter, struct stmboot_refusal *why)
{
	char folder[SB_PATH_BYTES], new_log[SB_PATH_BYTES];
	unsigned match = 0;
	uint64_t stranger = 0;
	bool dropped = false;
	enum stmboot_status status =
		sb_log_compare(pending->log, target->source, meter, &match, &stranger);

	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "compare the image with the log", recover_hint);
	if ((match & SB_LOG_FITS) == 0)
		return sb_refuse(
			why, STMBOOT_CONFLICT, "if the image is as it should be, delete the log",
			"the image changed since its edit was interrupted (first at 0x%llx); "
			"the log is %s",
			(unsigned long long)stranger, pending->path);
	/* Who wrote the log may have ended before its name was durable. */
	status = sb_path_parent(pending->path, folder)
			 ? target->host->sync_directory(target->host->self, folder)
			 : STMBOOT_LIMIT;
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "make the log of the edit durable",
				      recover_hint);
	status = sb_apply(target, pending->log, meter, why);
	/* both are named by the medium as it was: the log, which leads here, goes last */
	if (status == STMBOOT_OK && sb_new_log_of(pending->path, new_log))
		status = drop(target, new_log, &dropped, why);
	if (status == STMBOOT_OK)
		status = sb_retire(target, pending->path, why);
	return status == STMBOOT_OK ? look_again(target) : status;
}

enum stmboot_status sb_finish_pending(struct stmboot_context *ctx, struct sb_target *target,
				      struct stmboot_refusal *why, enum stmboot_recovery *out)
{
	struct sb_pending *pending = NULL;
	struct sb_meter meter = sb_meter(ctx, 0, 4);
	bool dropped = false;
	enum stmboot_status status =
		sb_pending_open(ctx, target->host, &target->place, &meter, &pending);

	*out = STMBOOT_RECOVERY_CLEAN;
	switch (status) {
	case STMBOOT_OK:
		*out = STMBOOT_RECOVERY_FINISHED;
		status = finish(target, pending, &meter, why);
		break;
	case STMBOOT_NOT_FOUND:
		status = STMBOOT_OK;
		break;
	case STMBOOT_CORRUPT:
		status = drop(target, target->place.log, &dropped, why);
		break;
	case STMBOOT_UNSUPPORTED:
		*out = STMBOOT_RECOVERY_PENDING;
		status = sb_refuse(why, status, "run the version that began it",
				   "a later version of stmboot left the log of an edit");
		break;
	default:
		*out = STMBOOT_RECOVERY_PENDING;
		status = sb_refuse_work(why, status, "read the log of an interrupted edit", NULL);
		break;
	}
	sb_pending_close(pending);
	if (status == STMBOOT_OK && *target->place.new_log != '\0')
		status = drop(target, target->place.new_log, &dropped, why);
	if (dropped && *out == STMBOOT_RECOVERY_CLEAN)
		*out = STMBOOT_RECOVERY_DROPPED;
	return status;
}

enum stmboot_status sb_edit_recover(struct stmboot_context *ctx, const struct sb_host *host,
				    const char *path, const struct stmboot_edit_options *options,
				    struct stmboot_refusal *why, enum stmboot_recovery *out)
{
	struct sb_target target = { 0 };
	enum stmboot_recovery found = STMBOOT_RECOVERY_CLEAN;
	enum stmboot_status status =
		sb_target_open(ctx, host, path, true,
			       options != NULL ? options->state_directory : NULL, why, &target);

	if (status == STMBOOT_OK)
		status = sb_finish_pending(ctx, &target, why, &found);
	sb_target_close(&target);
	if (status == STMBOOT_OK)
		*out = found;
	else if (found == STMBOOT_RECOVERY_FINISHED || found == STMBOOT_RECOVERY_PENDING)
		*out = STMBOOT_RECOVERY_PENDING;
	return status;
}

enum stmboot_status stmboot_edit_recover(struct stmboot_context *ctx, const char *path,
					 const struct stmboot_edit_options *options,
					 struct stmboot_refusal *why, enum stmboot_recovery *out)
{
	return sb_edit_recover(ctx, &sb_host_posix, path, options, why, out);
}
