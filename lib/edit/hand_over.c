/* SPDX-License-Identifier: MIT */
/*
 * An edit that two processes make: one stages, among decoders that a hostile image
 * may have taken over, and the other one, which decodes nothing, commits.
 *
 * What goes from one to the other is a redo log in a file without a name. All that
 * makes a log good is checked (log.h): whole sectors inside the medium, in its
 * order, none twice; and every sector must hold what it is to replace.
 */
#include "edit/edit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/checked.h"
#include "base/context.h"
#include "source/spill.h"

/* To make a file longer than this limit is answered with a signal. */
static uint64_t most_of_a_file(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 ? limit.rlim_cur : 0;
}

/* Let memory be a file as long as a log can be, which takes what is written, and cannot grow. */
static bool bound(const struct sb_host *host, int fd, uint64_t most)
{
	return host->set_size(host->self, fd, sb_min_u64(most, most_of_a_file())) == STMBOOT_OK &&
	       fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL) == 0;
}

/* In memory: a file of a disk takes a tenth of the time of a small edit. */
enum stmboot_status sb_edit_share(struct stmboot_edit *edit, bool large,
				  struct stmboot_refusal *why, int *file)
{
	const uint64_t most = sb_log_most_bytes(edit->ctx->options.max_pending_bytes);

	edit->shared =
		large ? sb_spill_file() : memfd_create("stmboot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (edit->shared < 0 || (!large && !bound(edit->target.host, edit->shared, most)))
		return sb_refuse_work(why, STMBOOT_IO, "make a temporary file", NULL);
	*file = edit->shared;
	return STMBOOT_OK;
}

enum stmboot_status sb_edit_hand_over(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	struct sb_log_head head;
	struct sb_meter meter;
	enum stmboot_status status;

	if (edit->shared == SB_NO_FILE)
		return STMBOOT_OK;
	status = sb_edit_check(edit, why);
	if (status != STMBOOT_OK)
		return status;
	status = sb_refuse_work(why, sb_edit_head(edit, &head), "look at the image", NULL);
	if (status != STMBOOT_OK)
		return status;
	head.medium_size = stmboot_source_size(edit->medium.source);
	meter = sb_meter(edit->ctx, sb_overlay_pending(edit->overlay), 1);
	status = sb_log_put(edit->ctx, edit->target.host, edit->shared, &head, edit->overlay,
			    &meter);
	if (status == STMBOOT_CONFLICT)
		return sb_refuse_changed(why);
	return sb_refuse_work(why, status, "write the edit to a temporary file", NULL);
}

static enum stmboot_status open_handed(struct stmboot_edit *edit)
{
	enum stmboot_status status =
		sb_host_source(edit->ctx, edit->target.host, edit->shared, false, &edit->handed);

	if (status == STMBOOT_OK)
		status = sb_log_open(edit->ctx, edit->handed, &edit->meter, &edit->handed_log);
	if (status == STMBOOT_OK && (sb_log_head(edit->handed_log)->kind != SB_LOG_REDO ||
				     sb_log_head(edit->handed_log)->medium_size !=
					     stmboot_source_size(edit->medium.source)))
		status = STMBOOT_CORRUPT;
	return status;
}

enum stmboot_status sb_edit_compare_handed(struct stmboot_edit *edit, struct stmboot_source *src,
					   struct stmboot_refusal *why)
{
	unsigned match = 0;
	uint64_t stranger = 0;
	enum stmboot_status status =
		sb_log_compare(edit->handed_log, src, &edit->meter, &match, &stranger);

	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "compare the image with the edit", NULL);
	return (match & SB_LOG_ALL_OLD) != 0 ? STMBOOT_OK : sb_refuse_changed(why);
}

static enum stmboot_status stage_handed(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	struct sb_log *log = edit->handed_log;
	enum stmboot_status status = STMBOOT_OK;

	/* In place, the image is compared with its log. */
	if (edit->output != NULL)
		status = sb_edit_compare_handed(edit, edit->medium.source, why);
	if (status != STMBOOT_OK)
		return status;
	sb_overlay_free(edit->overlay);
	edit->overlay = NULL;
	edit->change_count = 0;
	edit->note_count = 0;
	status = sb_overlay_new(edit->ctx, edit->medium.source, &edit->overlay);
	if (status == STMBOOT_OK)
		status = sb_log_map(log, edit->overlay);
	if (status != STMBOOT_OK)
		return status;
	sb_overlay_settle(edit->overlay); /* whoever handed it over has done that */
	return stmboot_edit_describe(edit, sb_log_head(log)->summary, NULL, NULL);
}

enum stmboot_status sb_edit_take_over(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	enum stmboot_status status;

	if (edit->shared == SB_NO_FILE)
		return STMBOOT_OK;
	if (edit->handed != NULL)
		return STMBOOT_INVALID_ARGUMENT;
	status = sb_medium_take_over(edit->ctx, &edit->medium);
	edit->meter = sb_meter(edit->ctx, 0, edit->output != NULL ? 2 : SB_COMMIT_TURNS + 2);
	if (status == STMBOOT_OK)
		status = open_handed(edit);
	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "read the edit from a temporary file", NULL);
	return stage_handed(edit, why);
}

void sb_edit_forget_shared(struct stmboot_edit *edit)
{
	sb_log_free(edit->handed_log);
	stmboot_source_close(edit->handed);
	if (edit->shared != SB_NO_FILE)
		edit->target.host->close(edit->target.host->self, edit->shared);
}
