/* SPDX-License-Identifier: MIT */
/* Up to the commit point: whatever fails here leaves the image as it was. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "edit/edit.h"

static int compare_ranges(const void *a, const void *b)
{
	const struct stmboot_edit_range *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Ranges that touch become one; those that are left lie in the order of the medium. */
static void merge_confines(struct stmboot_edit *edit)
{
	struct stmboot_edit_range *ranges = edit->confines;
	size_t kept = 0;

	qsort(ranges, edit->confine_count, sizeof(*ranges), compare_ranges);
	for (size_t i = 1; i < edit->confine_count; i++) {
		uint64_t end = ranges[kept].offset + ranges[kept].length;

		if (ranges[i].offset > end)
			ranges[++kept] = ranges[i];
		else if (ranges[i].offset + ranges[i].length > end)
			ranges[kept].length =
				ranges[i].offset + ranges[i].length - ranges[kept].offset;
	}
	edit->confine_count = kept + 1;
}

/* An editor that wrote where it had no business is a mistake that must not reach a card. */
static enum stmboot_status check_confines(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	size_t at = 0;

	if (edit->confine_count == 0)
		return STMBOOT_OK;
	merge_confines(edit);
	for (size_t i = 0; i < edit->plan.write_count; i++) {
		const struct stmboot_edit_range *write = &edit->plan.writes[i];
		const struct stmboot_edit_range *range;

		while (at + 1 < edit->confine_count &&
		       edit->confines[at + 1].offset <= write->offset)
			at++;
		range = &edit->confines[at];
		if (write->offset < range->offset ||
		    !sb_range_within(write->offset - range->offset, write->length, range->length))
			return sb_refuse(why, STMBOOT_INTERNAL, "please report this",
					 "the edit would write outside its place, at 0x%llx",
					 (unsigned long long)write->offset);
	}
	return STMBOOT_OK;
}

/* What the changes are, in one line. */
static const char *summarize(struct stmboot_edit *edit)
{
	const char *summary = "";

	for (size_t i = 0;
	     i < edit->change_count && summary != NULL && strlen(summary) < SB_LOG_MAX_SUMMARY;
	     i++) {
		const struct stmboot_edit_change *change = &edit->changes[i];

		summary = sb_arena_printf(&edit->arena, "%s%s%s%s%s", summary, i != 0 ? "; " : "",
					  change->what, change->after != NULL ? ": " : "",
					  change->after != NULL ? change->after : "");
	}
	return summary;
}

enum stmboot_status sb_edit_head(struct stmboot_edit *edit, struct sb_log_head *out)
{
	struct sb_log_head head = { .kind = SB_LOG_REDO,
				    .medium_size = edit->target.place.size,
				    .time = sb_now(edit->ctx),
				    .name = edit->target.place.path,
				    .summary = summarize(edit) };

	memcpy(head.id_before, edit->target.place.id, SB_MEDIUM_ID_BYTES);
	*out = head;
	if (head.summary == NULL)
		return STMBOOT_NO_MEMORY;
	return sb_medium_id(sb_overlay_source(edit->overlay), out->id_after);
}

enum stmboot_status sb_refuse_changed(struct stmboot_refusal *why)
{
	return sb_refuse(why, STMBOOT_CONFLICT, "look at it, then try again",
			 "another program wrote to the image, or to a file for it, while it was "
			 "edited");
}

/* Whether a log says of itself that it is the one for this edit of this image. */
static bool is_headed(const struct sb_log *log, const struct sb_log_head *head)
{
	const struct sb_log_head *said = sb_log_head(log);

	return said->kind == head->kind && said->medium_size == head->medium_size &&
	       strcmp(said->name, head->name) == 0 &&
	       memcmp(said->id_before, head->id_before, SB_MEDIUM_ID_BYTES) == 0 &&
	       memcmp(said->id_after, head->id_after, SB_MEDIUM_ID_BYTES) == 0;
}

/* Records are in order and share nothing: if all lie in the plan, they are the plan. */
static enum stmboot_status check_places(const struct stmboot_edit *edit, struct sb_log *log,
					bool *planned)
{
	const struct stmboot_edit_range *write = edit->plan.writes;
	const struct stmboot_edit_range *last = write + edit->plan.write_count;
	const struct sb_log_record *record;
	uint64_t position = 0;
	enum stmboot_status status;

	*planned = sb_log_head(log)->payload_bytes == edit->plan.bytes;
	while (*planned && (status = sb_log_next_place(log, &position, &record)) == STMBOOT_OK) {
		while (write < last && write->offset + write->length <= record->offset)
			write++;
		*planned = write < last && write->offset <= record->offset &&
			   sb_range_within(record->offset - write->offset, record->length,
					   write->length);
	}
	return !*planned || status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

/*
 * A log that cannot be read, that recovery would not take for one of this image, or
 * that was made from what no longer stands there, is no use.
 */
static enum stmboot_status check_log(struct stmboot_edit *edit, struct sb_log *log,
				     const struct sb_log_head *head, struct stmboot_refusal *why)
{
	unsigned match = 0;
	uint64_t stranger;
	bool planned = false;
	enum stmboot_status status = check_places(edit, log, &planned);

	planned = planned && is_headed(log, head);

	if (status == STMBOOT_OK)
		status = sb_log_compare(log, edit->target.source, &edit->meter, &match, &stranger);
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "compare the image with the log", NULL);
	if (!planned || (match & SB_LOG_ALL_OLD) == 0)
		return sb_refuse_changed(why);
	return STMBOOT_OK;
}

/* Holes of the image get their room now, while nothing has happened yet. */
static enum stmboot_status reserve_image(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	const struct sb_target *target = &edit->target;
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < edit->plan.write_count && status == STMBOOT_OK; i++)
		status = target->host->reserve(target->host->self, target->file,
					       edit->plan.writes[i].offset,
					       edit->plan.writes[i].length);
	return sb_refuse_work(why, status == STMBOOT_UNSUPPORTED ? STMBOOT_OK : status,
			      "reserve room in the image", NULL);
}

/*
 * The new name of the log is the commit point, once it is durable. If that
 * cannot be known, the name is taken back. If that cannot be known either, a
 * power cut may bring it again: so it stays, and the edit waits to be finished.
 */
static enum stmboot_status name_log(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	const struct sb_host *host = edit->target.host;
	const struct sb_place *place = &edit->target.place;
	char folder[SB_PATH_BYTES];
	enum stmboot_status status;

	status = sb_path_parent(place->log, folder)
			 ? host->rename(host->self, place->new_log, place->log)
			 : STMBOOT_LIMIT;
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "name the log of the edit", NULL);
	status = host->sync_directory(host->self, folder);
	if (status == STMBOOT_OK)
		return STMBOOT_OK;
	status = sb_refuse_work(why, status, "make the log of the edit durable", NULL);
	if (host->rename(host->self, place->log, place->new_log) == STMBOOT_OK &&
	    (host->sync_directory(host->self, folder) == STMBOOT_OK ||
	     host->rename(host->self, place->new_log, place->log) != STMBOOT_OK))
		return status;
	edit->result.state = STMBOOT_EDIT_PENDING;
	return status;
}

static enum stmboot_status open_new_log(struct stmboot_edit *edit, int *file,
					struct stmboot_source **src, struct sb_log **log)
{
	const struct sb_host *host = edit->target.host;
	enum stmboot_status status =
		host->open(host->self, edit->target.place.new_log, SB_HOST_READ, file);

	if (status == STMBOOT_OK)
		status = sb_host_source(edit->ctx, host, *file, false, src);
	if (status == STMBOOT_OK)
		status = sb_log_open(edit->ctx, *src, &edit->meter, log);
	return status;
}

/* The edit is as good as done when its log is: from here on it goes forward only. */
static enum stmboot_status go_forward(struct stmboot_edit *edit, struct sb_log *log,
				      struct stmboot_refusal *why)
{
	enum stmboot_status status;

	edit->result.state = STMBOOT_EDIT_PENDING;
	status = sb_apply(&edit->target, log, &edit->meter, why);
	if (status != STMBOOT_OK)
		return status;
	edit->result.state = STMBOOT_EDIT_DONE;
	return sb_retire(&edit->target, edit->target.place.log, why);
}

/*
 * What was handed over is a log already. It is not the one that is wanted when an edit before
 * it had to be finished, which may have given the medium another identifier.
 */
static enum stmboot_status write_log(struct stmboot_edit *edit, const struct sb_log_head *head,
				     struct stmboot_refusal *why)
{
	const struct sb_host *host = edit->target.host;
	const char *path = edit->target.place.new_log;
	enum stmboot_status status = STMBOOT_OK;
	const bool copied = edit->handed_log != NULL && is_headed(edit->handed_log, head);

	if (edit->handed_log != NULL && !copied)
		status = sb_edit_compare_handed(edit, edit->target.source, why);
	if (status != STMBOOT_OK)
		return status;
	if (copied)
		status = sb_log_copy(edit->ctx, host, path, edit->handed, &edit->meter);
	else
		status = sb_log_write(edit->ctx, host, path, head, edit->overlay, &edit->meter);
	if (status == STMBOOT_CONFLICT)
		return sb_refuse_changed(why);
	return sb_refuse_work(why, status, "write the log of the edit beside the image",
			      "make room there, or use --output");
}

static enum stmboot_status commit_log(struct stmboot_edit *edit, const struct sb_log_head *head,
				      struct stmboot_refusal *why)
{
	const struct sb_host *host = edit->target.host;
	const char *new_log = edit->target.place.new_log;
	struct stmboot_source *src = NULL;
	struct sb_log *log = NULL;
	int file = SB_NO_FILE;
	enum stmboot_status status = write_log(edit, head, why);

	if (status != STMBOOT_OK)
		return status;
	status = sb_refuse_work(why, open_new_log(edit, &file, &src, &log),
				"read the log of the edit", NULL);
	if (status == STMBOOT_OK)
		status = check_log(edit, log, head, why);
	if (status == STMBOOT_OK) /* once more: all that took its time */
		status = sb_target_is_same(&edit->target, why);
	if (status == STMBOOT_OK)
		status = reserve_image(edit, why);
	if (status == STMBOOT_OK)
		status = name_log(edit, why);
	if (status == STMBOOT_OK)
		status = go_forward(edit, log, why);
	else
		(void)host->unlink(host->self, new_log);
	sb_log_free(log);
	stmboot_source_close(src);
	edit->log_file = file;
	return status;
}

static bool is_to_be_undoable(const struct stmboot_edit *edit)
{
	return edit->undone_count == 0 && edit->target.place.state_directory != NULL;
}

/* Without an undo record the edit is as good; the caller is told. */
static enum stmboot_status keep_undo(struct stmboot_edit *edit, const struct sb_log_head *head,
				     const char **record)
{
	enum stmboot_status status;

	if (!is_to_be_undoable(edit))
		return STMBOOT_OK;
	status = sb_undo_keep(edit, head, record);
	if (status == STMBOOT_CANCELLED)
		return status;
	if (status != STMBOOT_OK)
		edit->result.undo_trouble = stmboot_status_text(status);
	return STMBOOT_OK;
}

/* What was taken over is a part of the way. */
static void start_meter(struct stmboot_edit *edit)
{
	const struct sb_meter before = edit->meter;
	const bool undoable = is_to_be_undoable(edit) && sb_undo_has_room(edit->plan.bytes);
	const unsigned turns = SB_COMMIT_TURNS + (undoable ? 1 : 0);

	edit->meter = sb_meter(edit->ctx, edit->plan.bytes, turns);
	if (edit->handed_log == NULL)
		return;
	edit->meter.turns++;
	edit->meter.done = before.done;
	edit->meter.told = before.told;
}

static enum stmboot_status commit_in_place(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	const struct sb_host *host = edit->target.host;
	enum stmboot_recovery recovery;
	struct sb_log_head head;
	const char *record = NULL;
	enum stmboot_status status = sb_target_is_same(&edit->target, why);

	if (status != STMBOOT_OK)
		return status;
	status = sb_finish_pending(edit->ctx, &edit->target, why, &recovery);
	if (status != STMBOOT_OK && edit->medium.interrupted)
		edit->result.state = STMBOOT_EDIT_PENDING;
	if (status != STMBOOT_OK)
		return status;
	status = sb_refuse_work(why, sb_edit_head(edit, &head), "look at the image", NULL);
	if (status != STMBOOT_OK)
		return status;
	start_meter(edit);
	status = keep_undo(edit, &head, &record);
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "keep what was there before", NULL);
	status = commit_log(edit, &head, why);
	edit->result.undoable = record != NULL && edit->result.state != STMBOOT_EDIT_UNCHANGED;
	if (record != NULL && edit->result.state == STMBOOT_EDIT_UNCHANGED)
		(void)host->unlink(host->self, record);
	if (status != STMBOOT_OK)
		return status;
	for (size_t i = 0; i < edit->undone_count; i++)
		(void)host->unlink(host->self, edit->undone[i]);
	edit->prunes = record != NULL;
	return STMBOOT_OK;
}

enum stmboot_status sb_edit_check(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	const struct stmboot_edit_plan *plan;
	enum stmboot_status status = stmboot_edit_plan(edit, &plan);

	if (status == STMBOOT_CONFLICT)
		return sb_refuse_changed(why);
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "stage the edit", NULL);
	return check_confines(edit, why);
}

enum stmboot_status stmboot_edit_commit(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	enum stmboot_status status;

	if (edit->dry_run)
		return sb_refuse(why, STMBOOT_UNSUPPORTED, NULL, "a dry run writes nothing");
	if (edit->committed)
		return STMBOOT_INVALID_ARGUMENT;
	edit->committed = true;
	status = sb_edit_check(edit, why);
	if (status != STMBOOT_OK)
		return status;
	if (edit->output != NULL)
		return sb_write_output(edit, why);
	return edit->plan.write_count != 0 ? commit_in_place(edit, why) : STMBOOT_OK;
}
