/* SPDX-License-Identifier: MIT */
/*
 * Lets every call of the host fail in its turn, once and from then on, and
 * every allocation, during edits and recoveries. No failure may pass for a
 * success, and what an edit says became of the image has to be true, also
 * after the power was cut.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../support/pace.h"
#include "kinds.h"

struct heap {
	unsigned requests;
	unsigned refuse; /* number of the request, from 1; 0: none */
	bool for_good;
	long live;
};

static void *heap_allocate(void *user, size_t size)
{
	struct heap *heap = user;
	void *memory = NULL;

	heap->requests++;
	if (heap->refuse == 0 || heap->requests < heap->refuse ||
	    (heap->requests > heap->refuse && !heap->for_good))
		memory = malloc(size);
	heap->live += memory != NULL;
	return memory;
}

static void heap_release(void *user, void *memory)
{
	struct heap *heap = user;

	heap->live -= memory != NULL;
	free(memory);
}

/* One edit or recovery that is tried again and again. */
struct trial {
	struct stmboot_context *ctx;  /* that never fails */
	struct stmboot_context *weak; /* whose heap may refuse */
	struct heap *heap;
	const struct kind *kind;
	const char *where;
	bool recovery; /* of the edit, from a state in which it waits */
	struct disk start;
	struct expected expected;
	unsigned tried;
	unsigned succeeded; /* although something failed */
	unsigned failed;    /* checks */
};

/* What is made to fail. */
struct failure {
	const char *what;
	unsigned at;
	bool for_good;
};

static void complain(struct trial *trial, const struct failure *failure, const char *what)
{
	trial->failed++;
	if (trial->failed <= 5)
		(void)printf("FAILED: %s, %s%s: %s number %u%s: %s\n", trial->kind->name,
			     trial->where, trial->recovery ? ", recovery" : "", failure->what,
			     failure->at, failure->for_good ? " and all after it" : "", what);
}

/* After a cut, with `choice` of what was not synced. */
static enum content content_after_cut(struct trial *trial, const struct disk *disk,
				      enum disk_choice choice, uint64_t which)
{
	enum content seen, content;
	struct disk cut;

	disk_cut(&trial->start, disk, disk->op_count, choice, which, &cut);
	seen = content_seen(trial->ctx, &trial->expected, &cut);
	content = recover(trial->ctx, &cut) ? content_of_disk(&trial->expected, &cut)
					    : CONTENT_NEITHER;
	disk_release(&cut);
	return seen == content ? content : CONTENT_NEITHER;
}

/* `wanted` is what it must come to, or CONTENT_NEITHER when either will do. */
static void check_cuts(struct trial *trial, const struct disk *disk, enum content wanted,
		       const struct failure *failure)
{
	enum content contents[4] = { content_after_cut(trial, disk, DISK_KEEP_ALL, 0),
				     content_after_cut(trial, disk, DISK_KEEP_NONE, 0) };

	for (unsigned i = 2; i < 4; i++)
		contents[i] = content_after_cut(trial, disk, DISK_RANDOM, i);
	for (unsigned i = 0; i < 4; i++) {
		if (contents[i] == CONTENT_NEITHER)
			complain(trial, failure, "after a cut the image is neither old nor new");
		else if (wanted != CONTENT_NEITHER && contents[i] != wanted)
			complain(trial, failure, "after a cut the image is not what was said");
	}
}

static void check_outcome(struct trial *trial, struct disk *disk, enum stmboot_status status,
			  enum stmboot_edit_state state, const struct failure *failure)
{
	enum content wanted = CONTENT_NEITHER;

	if (status == STMBOOT_OK || state == STMBOOT_EDIT_DONE)
		wanted = CONTENT_NEW;
	else if (state == STMBOOT_EDIT_UNCHANGED)
		wanted = CONTENT_OLD;
	if (status == STMBOOT_OK && content_of_disk(&trial->expected, disk) != CONTENT_NEW)
		complain(trial, failure, "it says that it is done, and it is not");
	if (wanted != CONTENT_NEITHER && content_seen(trial->ctx, &trial->expected, disk) != wanted)
		complain(trial, failure, "the image is not what was said");
	check_cuts(trial, disk, wanted, failure);
}

static enum stmboot_status run_edit(struct trial *trial, struct stmboot_context *ctx,
				    struct disk *disk, enum stmboot_edit_state *state)
{
	struct stmboot_edit *edit = NULL;
	enum stmboot_status status = kind_begin(ctx, trial->kind, disk, &edit);

	*state = STMBOOT_EDIT_UNCHANGED;
	if (status != STMBOOT_OK)
		return status;
	status = stmboot_edit_commit(edit, NULL);
	*state = stmboot_edit_result(edit)->state;
	stmboot_edit_close(edit);
	return status;
}

static enum stmboot_status run(struct trial *trial, struct stmboot_context *ctx, struct disk *disk,
			       enum stmboot_edit_state *state)
{
	if (!trial->recovery)
		return run_edit(trial, ctx, disk, state);
	*state = STMBOOT_EDIT_PENDING;
	return recover(ctx, disk) ? STMBOOT_OK : STMBOOT_IO;
}

static void judge(struct trial *trial, struct disk *disk, enum stmboot_status status,
		  enum stmboot_edit_state state, const struct failure *failure)
{
	disk->fault = (struct disk_fault){ 0 };
	trial->tried++;
	trial->succeeded += status == STMBOOT_OK;
	check_outcome(trial, disk, status, state, failure);
}

/* False when the call was not reached. */
static bool try_call(struct trial *trial, const struct failure *failure, int error)
{
	enum stmboot_edit_state state;
	enum stmboot_status status;
	struct disk disk;
	bool reached;

	disk_copy(&trial->start, &disk);
	disk.fault = (struct disk_fault){ failure->at, failure->for_good, error };
	status = run(trial, trial->ctx, &disk, &state);
	reached = disk.calls >= failure->at;
	if (reached)
		judge(trial, &disk, status, state, failure);
	disk_release(&disk);
	return reached;
}

static bool try_allocation(struct trial *trial, const struct failure *failure)
{
	enum stmboot_edit_state state;
	enum stmboot_status status;
	struct disk disk;
	bool reached;

	disk_copy(&trial->start, &disk);
	*trial->heap = (struct heap){ .refuse = failure->at,
				      .for_good = failure->for_good,
				      .live = trial->heap->live };
	status = run(trial, trial->weak, &disk, &state);
	reached = trial->heap->requests >= failure->at;
	trial->heap->refuse = 0;
	if (trial->heap->live != 1)
		complain(trial, failure, "memory is lost");
	if (reached)
		judge(trial, &disk, status, state, failure);
	disk_release(&disk);
	return reached;
}

static void try_all(struct trial *trial)
{
	const unsigned step = (unsigned)pace(13);

	for (int for_good = 0; for_good < 2; for_good++) {
		struct failure call = { "call", 0, for_good != 0 };
		struct failure allocation = { "allocation", 0, for_good != 0 };

		do
			call.at += step;
		while (try_call(trial, &call, for_good != 0 ? ENOSPC : EIO));
		do
			allocation.at += step;
		while (try_allocation(trial, &allocation));
	}
}

/* A state in which the edit waits: its log is named, and the image is torn. */
static void make_pending(struct trial *trial)
{
	struct disk done, pending;
	size_t cut;

	disk_copy(&trial->start, &done);
	(void)run_edit(trial, trial->ctx, &done, &(enum stmboot_edit_state){ 0 });
	for (cut = done.op_count; cut-- > 0;)
		if (done.ops[cut].kind == DISK_WRITE && done.ops[cut].file == 0)
			break;
	disk_cut(&trial->start, &done, cut, DISK_RANDOM, 3, &pending);
	disk_release(&done);
	disk_release(&trial->start);
	trial->start = pending;
	disk_rebind(&trial->start);
}

static bool run_kind(struct trial *trial, struct stmboot_source *medium, bool device,
		     const struct kind *kind, bool recovery)
{
	struct disk recorded;

	trial->kind = kind;
	trial->where = device ? "device" : "file";
	trial->recovery = recovery;
	trial->tried = trial->succeeded = trial->failed = 0;
	kind_start(trial->ctx, kind, medium, device, &trial->start);
	expected_make(trial->ctx, kind, &trial->start, &recorded, &trial->expected);
	disk_release(&recorded);
	if (recovery)
		make_pending(trial);
	try_all(trial);
	(void)printf("%s, %s%s: %u failures, %u of them without harm, %u failed\n", kind->name,
		     trial->where, recovery ? ", recovery" : "", trial->tried, trial->succeeded,
		     trial->failed);
	expected_release(&trial->expected);
	disk_release(&trial->start);
	return trial->failed == 0;
}

int main(void)
{
	struct heap heap = { 0 };
	const struct stmboot_context_options weak = { .struct_size = sizeof(weak),
						      .user = &heap,
						      .allocate = heap_allocate,
						      .release = heap_release };
	struct trial trial = { .heap = &heap };
	struct stmboot_source *medium;
	bool good = true;

	if (stmboot_context_new(NULL, &trial.ctx) != STMBOOT_OK ||
	    stmboot_context_new(&weak, &trial.weak) != STMBOOT_OK)
		return 1;
	medium = kinds_medium(trial.ctx);
	for (size_t i = 0; i < kind_count; i++)
		for (int device = 0; device < 2; device++)
			for (int recovery = 0; recovery < 2; recovery++)
				good = run_kind(&trial, medium, device != 0, &kinds[i],
						recovery != 0) &&
				       good;
	stmboot_source_close(medium);
	stmboot_context_free(trial.weak);
	stmboot_context_free(trial.ctx);
	return good ? 0 : 1;
}
