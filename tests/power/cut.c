/* SPDX-License-Identifier: MIT */
#include "cut.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
	struct stmboot_context *ctx;
	const struct kind *kind;
	const char *where;
	struct disk start;
	struct disk recorded;
	struct expected expected;
	size_t commit_point; /* the operation that names the log */
	unsigned states;
	unsigned old_states;
	unsigned cut_again;
	unsigned failed;
};

/* A cut state, for a message. */
struct state {
	size_t cut;
	const char *choice;
	uint64_t which;
	unsigned again; /* cuts inside recovery */
};

static void fail(struct run *run, const struct state *state, const char *what)
{
	run->failed++;
	if (run->failed <= 5)
		(void)printf("FAILED: %s, %s: cut before operation %zu of %zu, %s %" PRIu64
			     ", %u more cuts: %s\n",
			     run->kind->name, run->where, state->cut, run->recorded.op_count,
			     state->choice, state->which, state->again, what);
}

static enum content check_end(struct run *run, struct disk *disk, const struct state *state)
{
	enum content seen = content_seen(run->ctx, &run->expected, disk);
	enum content content;

	run->states++;
	run->cut_again += state->again != 0;
	if (seen == CONTENT_NEITHER)
		fail(run, state, "what is read is neither old nor new");
	if (!recover(run->ctx, disk))
		fail(run, state, "it cannot be recovered");
	content = content_of_disk(&run->expected, disk);
	if (content == CONTENT_NEITHER)
		fail(run, state, "the recovered image is neither old nor new");
	else if (content != seen)
		fail(run, state, "the recovered image is not what was read before");
	if (state->cut == run->recorded.op_count && content != CONTENT_NEW)
		fail(run, state, "an edit that was done is lost");
	if (state->cut <= run->commit_point && content != CONTENT_OLD)
		fail(run, state, "an edit happened before its commit point");
	run->old_states += content == CONTENT_OLD;
	return content;
}

/* Recovery is cut in its turn; what it comes to may not depend on that. */
static void check_cut_again(struct run *run, struct disk *disk, struct state *state, uint64_t *seed)
{
	struct disk recovering, cut;

	if (state->again == 2 || disk_random(seed) % 2 == 0) {
		(void)check_end(run, disk, state);
		return;
	}
	disk_copy(disk, &recovering);
	if (!recover(run->ctx, &recovering))
		fail(run, state, "it cannot be recovered");
	disk_cut(disk, &recovering,
		 recovering.op_count != 0 ? disk_random(seed) % recovering.op_count : 0,
		 DISK_RANDOM, disk_random(seed), &cut);
	state->again++;
	check_cut_again(run, &cut, state, seed);
	disk_release(&cut);
	disk_release(&recovering);
}

static void check(struct run *run, size_t at, enum disk_choice choice, const char *name,
		  uint64_t which)
{
	struct state state = { .cut = at, .choice = name, .which = which };
	uint64_t seed = which;
	struct disk disk;

	disk_cut(&run->start, &run->recorded, at, choice, which, &disk);
	if (choice == DISK_RANDOM)
		check_cut_again(run, &disk, &state, &seed);
	else
		(void)check_end(run, &disk, &state);
	disk_release(&disk);
}

static void check_every_prefix(struct run *run)
{
	for (size_t cut = 0; cut <= run->recorded.op_count; cut++) {
		check(run, cut, DISK_KEEP_ALL, "all kept", 0);
		check(run, cut, DISK_KEEP_NONE, "nothing unsynced kept", 0);
		for (size_t i = 0; i < cut; i++) {
			if (disk_is_durable(&run->recorded, i, cut) ||
			    run->recorded.ops[i].kind >= DISK_SYNC)
				continue;
			check(run, cut, DISK_ALL_BUT_ONE, "all kept but", i);
			check(run, cut, DISK_ONLY_ONE, "nothing unsynced kept but", i);
		}
	}
}

static size_t find_commit_point(const struct disk *recorded, bool device)
{
	const char *log = device ? "/home/state/journal-" : "/disk/card.img.stmboot-journal";
	size_t length = device ? 20 : 31;

	/* the last time that the log gets its name: an edit before may be finished first */
	for (size_t i = recorded->op_count; i-- > 0;)
		if (recorded->ops[i].kind == DISK_NAME && recorded->ops[i].file > 0 &&
		    strncmp(recorded->ops[i].path, log, length) == 0)
			return i;
	abort();
}

bool cut_everywhere(struct stmboot_context *ctx, const struct kind *kind,
		    struct stmboot_source *medium, bool device, unsigned states)
{
	struct run run = { .ctx = ctx, .kind = kind, .where = device ? "device" : "file" };
	uint64_t seed = 1;

	kind_start(ctx, kind, medium, device, &run.start);
	expected_make(ctx, kind, &run.start, &run.recorded, &run.expected);
	run.commit_point = find_commit_point(&run.recorded, device);
	check_every_prefix(&run);
	for (unsigned torn = 0; torn < states / 2 || run.states < states; torn++) {
		size_t cut = disk_random(&seed) % (run.recorded.op_count + 1);

		check(&run, cut, DISK_RANDOM, "torn by", disk_random(&seed));
	}
	(void)printf("%s, %s: %u states of %zu operations, %u with cuts inside recovery: %u old, "
		     "%u new, %u failed\n",
		     kind->name, run.where, run.states, run.recorded.op_count, run.cut_again,
		     run.old_states, run.states - run.old_states - run.failed, run.failed);
	expected_release(&run.expected);
	disk_release(&run.recorded);
	disk_release(&run.start);
	return run.failed == 0;
}

static enum stmboot_status image_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	disk_read_image(self, offset, buffer, size);
	return STMBOOT_OK;
}

static uint64_t image_size(void *self)
{
	const struct disk *disk = self;

	return disk->files[0].size;
}

static bool is_fit(struct stmboot_context *ctx, struct disk *disk,
		   bool (*fit)(struct stmboot_context *ctx, struct stmboot_source *image))
{
	const struct stmboot_source_ops ops = { .struct_size = sizeof(ops),
						.read_at = image_read_at,
						.size = image_size };
	struct stmboot_source *image = NULL;
	bool good;

	if (stmboot_source_new(ctx, &ops, disk, &image) != STMBOOT_OK)
		abort();
	good = fit(ctx, image);
	stmboot_source_close(image);
	return good;
}

/* One state; false when the image is not fit. */
struct lost {
	struct stmboot_context *ctx;
	struct disk start, recorded;
	bool (*fit)(struct stmboot_context *ctx, struct stmboot_source *image);
	unsigned states, unfit;
};

static void lose(struct lost *lost, size_t cut, enum disk_choice choice, uint64_t which)
{
	struct disk disk;

	disk_cut(&lost->start, &lost->recorded, cut, choice, which, &disk);
	lost->states++;
	lost->unfit += !is_fit(lost->ctx, &disk, lost->fit);
	disk_release(&disk);
}

static void lose_at_every_prefix(struct lost *lost)
{
	for (size_t cut = 0; cut <= lost->recorded.op_count; cut++) {
		lose(lost, cut, DISK_KEEP_ALL, 0);
		lose(lost, cut, DISK_KEEP_NONE, 0);
		for (size_t i = 0; i < cut; i++) {
			if (disk_is_durable(&lost->recorded, i, cut) ||
			    lost->recorded.ops[i].kind >= DISK_SYNC)
				continue;
			lose(lost, cut, DISK_ALL_BUT_ONE, i);
			lose(lost, cut, DISK_ONLY_ONE, i);
		}
	}
}

bool cut_without_log(struct stmboot_context *ctx, const struct kind *kind,
		     struct stmboot_source *medium, bool device, unsigned states,
		     bool (*fit)(struct stmboot_context *ctx, struct stmboot_source *image))
{
	struct lost lost = { .ctx = ctx, .fit = fit };
	struct expected expected;
	uint64_t seed = 1;

	kind_start(ctx, kind, medium, device, &lost.start);
	expected_make(ctx, kind, &lost.start, &lost.recorded, &expected);
	lose_at_every_prefix(&lost);
	while (lost.states < states || seed == 1)
		lose(&lost, disk_random(&seed) % (lost.recorded.op_count + 1), DISK_RANDOM,
		     disk_random(&seed));
	(void)printf("%s, %s, log lost: %u states, %u of them unfit\n", kind->name,
		     device ? "device" : "file", lost.states, lost.unfit);
	expected_release(&expected);
	disk_release(&lost.recorded);
	disk_release(&lost.start);
	return lost.unfit == 0;
}
