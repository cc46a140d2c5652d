/* SPDX-License-Identifier: MIT */
/*
 * Changes of a tree while reads fail, memory runs out or the overlay is full:
 * the result is the same as without, or they fail and the overlay gained nothing.
 */
#include <string.h>

#include "../support/ext4_tree.h"
#include "../support/faulty.h"
#include "../support/heap.h"
#include "../support/pace.h"
#include "base/context.h"

typedef enum stmboot_status change(struct sb_tree *tree, struct stmboot_context *ctx);

static uint8_t data[20000];

static enum stmboot_status put_and_replace(struct sb_tree *tree, struct stmboot_context *ctx)
{
	enum stmboot_status status = tree_put(tree, ctx, "/boot/new", data, sizeof(data));

	if (status == STMBOOT_OK)
		status = tree_put(tree, ctx, "/boot/extlinux/extlinux.conf", data, 5000);
	return status == STMBOOT_OK ? tree_put(tree, ctx, "/etc/name1", "in place", 8) : status;
}

static enum stmboot_status make_and_link(struct sb_tree *tree, struct stmboot_context *ctx)
{
	char target[100];
	enum stmboot_status status = tree_mkdir(tree, "/boot/folder");

	(void)ctx;
	memset(target, 't', sizeof(target));
	target[99] = '\0';
	if (status == STMBOOT_OK)
		status = tree_symlink(tree, target, "/boot/folder/slow");
	if (status == STMBOOT_OK)
		status = tree_symlink(tree, "fast", "/boot/folder/fast");
	return status == STMBOOT_OK ? tree_link(tree, "/etc/name1", "/many/name3") : status;
}

static enum stmboot_status remove_things(struct sb_tree *tree, struct stmboot_context *ctx)
{
	enum stmboot_status status = tree_remove(tree, "/boot/extlinux/extlinux.conf", false);

	(void)ctx;
	if (status == STMBOOT_OK)
		status = tree_remove(tree, "/etc/name1", false);
	return status == STMBOOT_OK ? tree_remove(tree, "/deep", true) : status;
}

static enum stmboot_status move_things(struct sb_tree *tree, struct stmboot_context *ctx)
{
	enum stmboot_status status = tree_move(tree, "/deep/a", "/etc/a");

	(void)ctx;
	if (status == STMBOOT_OK)
		status = tree_move(tree, "/etc/name1", "/boot/extlinux/extlinux.conf");
	return status == STMBOOT_OK ? tree_move(tree, "/etc/empty", "/many/empty") : status;
}

static enum stmboot_status give_things(struct sb_tree *tree, struct stmboot_context *ctx)
{
	enum stmboot_status status = tree_chmod(tree, "/etc/name1", 0600);

	(void)ctx;
	if (status == STMBOOT_OK)
		status = tree_attribute(tree, "/etc/name1", "user.large", data, 700);
	if (status == STMBOOT_OK)
		status = tree_attribute(tree, "/etc/one", "user.small", NULL, 0);
	return status;
}

static change *const changes[] = { put_and_replace, make_and_link, remove_things, move_things,
				   give_things };

/* Changes under faults. */
struct trial {
	struct medium m; /* the image, without faults */
	struct faults faults;
	struct heap heap;
	uint64_t max_pending; /* of an overlay; 0: no limit */
	change *change;
	enum stmboot_status status;
	bool changed_overlay;
	uint32_t digest; /* of what is staged */
};

static void edit(struct trial *trial, struct stmboot_context *ctx, struct sb_overlay *overlay)
{
	struct stmboot_refusal why;
	struct sb_writes writes;
	struct sb_arena arena;
	struct sb_tree *tree = NULL;

	sb_arena_init(&arena, ctx);
	trial->status =
		sb_tree_open(ctx, overlay, 0, stmboot_source_size(trial->m.cache), &why, &tree);
	if (trial->status == STMBOOT_OK)
		trial->status = trial->change(tree, ctx);
	if (trial->status == STMBOOT_OK)
		trial->status = sb_tree_finish(tree, &arena, &writes);
	trial->changed_overlay =
		sb_overlay_pending(overlay) != 0 && sb_overlay_status(overlay) == STMBOOT_OK;
	trial->digest = digest_of(overlay);
	sb_tree_close(tree);
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

static const char *const images[] = { "ext3-1k", "default", "htree-4k" };

/* Calls `each` for all kinds of change on every image, with the result without faults. */
static void for_all(void (*each)(struct trial *trial, const struct trial *whole))
{
	memset(data, '#', sizeof(data));
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		for (size_t c = 0; c < sizeof(changes) / sizeof(changes[0]); c++) {
			struct trial whole = { .change = changes[c] }, trial;

			medium_open(&whole.m, images[i]);
			run(&whole);
			cr_assert_eq(whole.status, STMBOOT_OK, "%s, change %zu", images[i], c);
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

Test(ext4_tree_faults, a_read_that_fails_is_never_a_success)
{
	for_all(fail_reads);
}

static void fail_allocations(struct trial *trial, const struct trial *whole)
{
	for (size_t at = 1; at <= whole->heap.requests; at += pace(11) * (at > 300 ? 41 : 1)) {
		for (int for_good = 0; for_good < 2; for_good++) {
			trial->heap = (struct heap){ .refuse = at, .for_good = for_good != 0 };
			run(trial);
			expect_honest(trial, whole->digest, STMBOOT_NO_MEMORY, at);
		}
	}
}

Test(ext4_tree_faults, memory_that_runs_out_leaves_the_overlay_as_it_was)
{
	for_all(fail_allocations);
}

static void fill_overlay(struct trial *trial, const struct trial *whole)
{
	for (uint64_t at = 512; at <= 60000; at += 1024 * pace(5)) {
		trial->max_pending = at;
		run(trial);
		expect_honest(trial, whole->digest, STMBOOT_LIMIT, at);
	}
}

Test(ext4_tree_faults, an_overlay_that_is_full_is_never_a_success)
{
	for_all(fill_overlay);
}

static void run_again(struct trial *trial, const struct trial *whole)
{
	run(trial);
	cr_expect_eq(trial->digest, whole->digest);
}

Test(ext4_tree_faults, the_same_input_gives_the_same_bytes)
{
	for_all(run_again);
}
