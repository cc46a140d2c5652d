/* SPDX-License-Identifier: MIT */
/*
 * Edits while reads fail, memory runs out or the overlay is full: the result is
 * the same as without, or the call fails and the overlay gained nothing.
 */
#include <string.h>

#include "../support/ext4_medium.h"
#include "../support/faulty.h"
#include "../support/heap.h"
#include "../support/pace.h"
#include "base/context.h"
#include "fs/ext4_edit.h"

/* One edit under faults. */
struct trial {
	struct medium m; /* the image, without faults */
	struct faults faults;
	struct heap heap;
	uint64_t max_pending; /* of the overlay; 0: no limit */
	size_t size;
	enum stmboot_status status;
	bool changed_overlay;
	uint32_t digest; /* of what is staged */
};

static void edit(struct trial *trial, struct stmboot_context *ctx, struct sb_overlay *overlay)
{
	static uint8_t data[200000];
	struct stmboot_refusal refusal;
	struct sb_ext4_edit done;
	struct sb_arena arena;

	memset(data, '#', sizeof(data));
	sb_arena_init(&arena, ctx);
	trial->status = sb_ext4_replace_file(
		&arena, overlay, 0, stmboot_source_size(trial->m.cache),
		"/boot/extlinux/extlinux.conf", data, trial->size, &refusal, &done);
	trial->changed_overlay =
		sb_overlay_pending(overlay) != 0 && sb_overlay_status(overlay) == STMBOOT_OK;
	trial->digest = digest_of(overlay);
	sb_arena_release(&arena);
}

static int64_t fixed_clock(void *user)
{
	(void)user;
	return 1700000000;
}

static void run(struct trial *trial)
{
	size_t refuse = trial->heap.refuse;
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_overlay *overlay;

	heap_refuse(&trial->heap, 0);
	ctx = heap_context(&trial->heap);
	ctx->options.clock = fixed_clock;
	if (trial->max_pending != 0)
		ctx->options.max_pending_bytes = trial->max_pending;
	trial->faults.base = trial->m.cache;
	src = faulty_source(ctx, &trial->faults);
	cr_assert_eq(sb_overlay_new(ctx, src, &overlay), STMBOOT_OK);
	heap_refuse(&trial->heap, refuse);
	edit(trial, ctx, overlay);
	sb_overlay_free(overlay);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	cr_expect_eq(trial->heap.live, 0, "memory was lost");
}

/* Nothing lost, nothing false: failed and clean, or as without faults. */
static void expect_honest(const struct trial *trial, uint32_t digest, enum stmboot_status status,
			  uint64_t at)
{
	if (trial->status == STMBOOT_OK) {
		cr_expect_eq(trial->digest, digest, "false success at %d", (int)at);
	} else {
		cr_expect_not(trial->changed_overlay, "a part stays behind at %d", (int)at);
		cr_expect_eq(trial->status, status, "at %d: %s", (int)at,
			     stmboot_status_text(trial->status));
	}
}

static const char *const images[] = { "ext3-1k", "ext4-1k", "ext4-4k", "htree-4k" };
static const size_t sizes[] = { 100, 20000 }; /* in place, and not */

/* Calls `each` for both kinds of edit on every image, with the result without faults. */
static void for_all(void (*each)(struct trial *trial, const struct trial *whole))
{
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			struct trial whole = { .size = sizes[s] }, trial;

			medium_open(&whole.m, images[i]);
			run(&whole);
			cr_assert_eq(whole.status, STMBOOT_OK);
			cr_assert(whole.changed_overlay);
			trial = whole;
			each(&trial, &whole);
			medium_close(&whole.m);
		}
	}
}

static void fail_reads(struct trial *trial, const struct trial *whole)
{
	for (uint64_t at = 1; at <= whole->faults.reads; at += pace(7)) {
		for (int for_good = 0; for_good < 2; for_good++) {
			trial->faults = (struct faults){ .refuse = at, .for_good = for_good != 0 };
			run(trial);
			expect_honest(trial, whole->digest, STMBOOT_IO, at);
			/* A cache may ask again for less, and be answered. */
			cr_expect(!for_good || trial->status != STMBOOT_OK, "read %d", (int)at);
		}
	}
}

Test(ext4_edit_faults, a_read_that_fails_is_never_a_success)
{
	for_all(fail_reads);
}

static void fail_allocations(struct trial *trial, const struct trial *whole)
{
	for (size_t at = 1; at <= whole->heap.requests; at += pace(11) * (at > 400 ? 37 : 1)) {
		for (int for_good = 0; for_good < 2; for_good++) {
			trial->heap = (struct heap){ .refuse = at, .for_good = for_good != 0 };
			run(trial);
			expect_honest(trial, whole->digest, STMBOOT_NO_MEMORY, at);
		}
	}
}

Test(ext4_edit_faults, memory_that_runs_out_leaves_the_overlay_as_it_was)
{
	for_all(fail_allocations);
}

static void fill_overlay(struct trial *trial, const struct trial *whole)
{
	for (uint64_t at = 512; at <= 40000; at += 512 * pace(5)) {
		trial->max_pending = at;
		run(trial);
		expect_honest(trial, whole->digest, STMBOOT_LIMIT, at);
	}
}

Test(ext4_edit_faults, an_overlay_that_is_full_is_never_a_success)
{
	for_all(fill_overlay);
}

Test(ext4_edit_faults, the_same_input_gives_the_same_bytes)
{
	struct trial a = { .size = 20000 }, b;

	medium_open(&a.m, "ext4-4k");
	run(&a);
	b = a;
	run(&b);
	cr_expect_eq(a.digest, b.digest);
	medium_close(&a.m);
}
