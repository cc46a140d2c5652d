/* SPDX-License-Identifier: MIT */
/* The inside of an edit. Editors use the first part; the rest is for this directory. */
#ifndef SB_EDIT_EDIT_H
#define SB_EDIT_EDIT_H

#include <stmboot/edit.h>

#include "base/arena.h"
#include "base/refusal.h"
#include "image/medium.h"
#include "image/pending.h"
#include "source/host.h"
#include "source/log.h"
#include "source/overlay.h"

/* What is staged. Borrowed from the edit. */
struct sb_overlay *sb_edit_overlay(struct stmboot_edit *edit);

/*
 * Only these ranges may be written. Without a call everything may; a commit
 * with a sector elsewhere is a mistake of the library: STMBOOT_INTERNAL.
 */
STMBOOT_NODISCARD enum stmboot_status sb_edit_confine(struct stmboot_edit *edit, uint64_t offset,
						      uint64_t length);

/*
 * Stage the replay of the journal of the file system in `size` bytes at
 * `offset`, confined to what it writes; *blocks is how many of the file system
 * get another content. STMBOOT_NOT_FOUND, and nothing is staged, when none is
 * needed; else as sb_jbd2_open() and sb_overlay_write().
 */
STMBOOT_NODISCARD enum stmboot_status sb_edit_replay(struct stmboot_edit *edit, uint64_t offset,
						     uint64_t size, struct stmboot_refusal *why,
						     uint64_t *blocks);

/* Say what a person may want to know beside the changes. STMBOOT_OK or STMBOOT_NO_MEMORY. */
STMBOOT_NODISCARD enum stmboot_status sb_edit_note(struct stmboot_edit *edit, const char *text);

/* Begin on a host of the caller's, which must outlive the edit. */
STMBOOT_NODISCARD enum stmboot_status sb_edit_begin(struct stmboot_context *ctx,
						    const struct sb_host *host, const char *path,
						    const struct stmboot_edit_options *options,
						    struct stmboot_refusal *why,
						    struct stmboot_edit **out);
STMBOOT_NODISCARD enum stmboot_status
sb_edit_begin_undo(struct stmboot_context *ctx, const struct sb_host *host, const char *path,
		   const struct stmboot_edit_options *options, struct stmboot_refusal *why,
		   struct stmboot_edit **out); /* decodes nothing of the image */
STMBOOT_NODISCARD enum stmboot_status sb_edit_recover(struct stmboot_context *ctx,
						      const struct sb_host *host, const char *path,
						      const struct stmboot_edit_options *options,
						      struct stmboot_refusal *why,
						      enum stmboot_recovery *out);
STMBOOT_NODISCARD enum stmboot_status sb_undos_list(struct stmboot_context *ctx,
						    const struct sb_host *host, const char *path,
						    const struct stmboot_edit_options *options,
						    struct stmboot_undos **out);

/* The two halves of sb_edit_begin(): all that is to be opened, */
STMBOOT_NODISCARD enum stmboot_status sb_edit_prepare(struct stmboot_context *ctx,
						      const struct sb_host *host, const char *path,
						      const struct stmboot_edit_options *options,
						      struct stmboot_refusal *why,
						      struct stmboot_edit **out);
/* and what looks into it. */
STMBOOT_NODISCARD enum stmboot_status sb_edit_look(struct stmboot_edit *edit,
						   struct stmboot_refusal *why);

/*
 * hand_over.c: what one process staged, another one that was forked from the same
 * edit, or that it was forked from, commits. Before the fork an edit is shared.
 */

/* As stmboot_boot_edit_share(). */
STMBOOT_NODISCARD enum stmboot_status sb_edit_share(struct stmboot_edit *edit, bool large,
						    struct stmboot_refusal *why, int *file);

/* Write down what is staged. */
STMBOOT_NODISCARD enum stmboot_status sb_edit_hand_over(struct stmboot_edit *edit,
							struct stmboot_refusal *why);

/* Check what the other process wrote down, and stage that in place of what is. */
STMBOOT_NODISCARD enum stmboot_status sb_edit_take_over(struct stmboot_edit *edit,
							struct stmboot_refusal *why);

/* Whether it was made from what stands in `src`: else STMBOOT_CONFLICT. */
STMBOOT_NODISCARD enum stmboot_status sb_edit_compare_handed(struct stmboot_edit *edit,
							     struct stmboot_source *src,
							     struct stmboot_refusal *why);

void sb_edit_forget_shared(struct stmboot_edit *edit);

/* The image of an edit, open on the host. */
struct sb_target {
	const struct sb_host *host;
	int file;
	struct sb_host_info info;
	struct stmboot_source *source; /* the file as it is, log or not */
	struct sb_place place;
};

struct stmboot_edit {
	struct stmboot_context *ctx;
	struct sb_arena arena;
	struct sb_target target;
	struct sb_medium medium; /* over the target */
	struct sb_overlay *overlay;
	const char *output;
	bool dry_run;
	bool committed;
	struct stmboot_edit_change *changes;
	size_t change_count;
	size_t change_capacity;
	const char **notes;
	size_t note_count;
	size_t note_capacity;
	struct stmboot_edit_range *confines;
	size_t confine_count;
	size_t confine_capacity;
	struct sb_arena plan_arena;
	struct stmboot_edit_plan plan;
	struct stmboot_edit_result result;
	const char **undone; /* undo records that this edit uses up */
	size_t undone_count;
	int shared; /* for what is handed over, or SB_NO_FILE */
	/* What is left for the end, when nobody waits for it any more: */
	int log_file; /* a log that lost its name; a disk may take long to free it */
	bool prunes;  /* there is an undo record more */
	struct stmboot_source *handed;
	struct sb_log *handed_log; /* what is staged is in there */
	struct sb_meter meter;     /* of taking over and the commit */
};

/*
 * What a commit goes through: the log is written, opened, compared with the image,
 * applied and read back. One turn more for what was handed over, and for an undo record.
 */
enum { SB_COMMIT_TURNS = 5 };

/* target.c */

/*
 * Open, lock and look at the image. STMBOOT_CONFLICT when it is held or
 * mounted. A target is zeroed before, and to be closed also after a failure.
 */
STMBOOT_NODISCARD enum stmboot_status sb_target_open(struct stmboot_context *ctx,
						     const struct sb_host *host, const char *path,
						     bool to_write, const char *state_directory,
						     struct stmboot_refusal *why,
						     struct sb_target *target);
void sb_target_close(struct sb_target *target);

/* Is the path still the file that was opened, with the time of its last write? */
STMBOOT_NODISCARD enum stmboot_status sb_target_is_same(struct sb_target *target,
							struct stmboot_refusal *why);

/* commit.c */

/* What was staged was made from what is no longer there. Gives STMBOOT_CONFLICT. */
enum stmboot_status sb_refuse_changed(struct stmboot_refusal *why);

/* Plan what is staged, and see that it lies where it may. */
STMBOOT_NODISCARD enum stmboot_status sb_edit_check(struct stmboot_edit *edit,
						    struct stmboot_refusal *why);

/* Of the redo log. A failure is that of a read or an allocation. */
STMBOOT_NODISCARD enum stmboot_status sb_edit_head(struct stmboot_edit *edit,
						   struct sb_log_head *out);

/* apply.c */

/*
 * Write what a log says in its order, durably, and read it back. On failure
 * the log must stay. Two turns of the meter, which is deaf from here on.
 */
STMBOOT_NODISCARD enum stmboot_status sb_apply(struct sb_target *target, struct sb_log *log,
					       struct sb_meter *meter, struct stmboot_refusal *why);

/* Take a log away for good. */
STMBOOT_NODISCARD enum stmboot_status sb_retire(struct sb_target *target, const char *log,
						struct stmboot_refusal *why);

/* Finish or drop what an interrupted edit left. */
STMBOOT_NODISCARD enum stmboot_status sb_finish_pending(struct stmboot_context *ctx,
							struct sb_target *target,
							struct stmboot_refusal *why,
							enum stmboot_recovery *out);

/* output.c: write the copy. */
STMBOOT_NODISCARD enum stmboot_status sb_write_output(struct stmboot_edit *edit,
						      struct stmboot_refusal *why);

/* undo.c */

/* Whether so many bytes are kept: as many as all records together may have. */
bool sb_undo_has_room(uint64_t bytes);

/*
 * Keep what the edit is about to replace; *record is a path in the arena of the
 * edit. Without a state directory *record is NULL.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_undo_keep(struct stmboot_edit *edit, const struct sb_log_head *head, const char **record);

/* The oldest records go when there are too many. */
void sb_undo_prune(struct stmboot_edit *edit);

#endif
