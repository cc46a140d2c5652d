/* SPDX-License-Identifier: MIT */
/* Edits of what boots on small cards, and what remains of them when memory runs out. */
#include "../support/boot_card.h"
#include "../support/edit_words.h"
#include "../support/pace.h"

enum { MANY = 600 };

static enum stmboot_status change(struct stmboot_boot_edit *edit, const char *label,
				  const char *words)
{
	struct edit_words w;

	return stmboot_boot_edit_set_bootargs(edit, label, edit_words(&w, words), &why);
}

static enum stmboot_status run(struct stmboot_context *ctx, const char *words)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit = NULL;
	enum stmboot_status status = stmboot_boot_edit_begin(ctx, card, &options, &why, &edit);

	if (status == STMBOOT_OK)
		status = change(edit, NULL, words);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_stage(edit, &why, &plan);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_commit(edit, &why);
	stmboot_boot_edit_close(edit);
	return status;
}

TestSuite(boot_edit, .init = set_up, .fini = tear_down, .timeout = 300);

Test(boot_edit, the_boot_is_followed_before_and_after)
{
	const struct stmboot_edit_plan *plan;
	const char *append = NULL;
	struct stmboot_boot_edit *edit;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_expect_str_eq(stmboot_boot_edit_before(edit).boot->bootargs,
			 "root=/dev/mmcblk0p4 rootwait");
	cr_expect_null(stmboot_boot_edit_after(edit).boot);
	cr_assert_eq(change(edit, NULL, "quiet"), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_append(edit, NULL, &why, &append), STMBOOT_OK);
	cr_expect_str_eq(append, "root=/dev/mmcblk0p4 rootwait quiet");
	cr_expect_eq(stmboot_boot_edit_append(edit, "missing", &why, &append), STMBOOT_NOT_FOUND);
	cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK, "%s", why.message);
	cr_expect_str_eq(stmboot_boot_edit_after(edit).boot->bootargs,
			 "root=/dev/mmcblk0p4 rootwait quiet");
	cr_expect_eq(stmboot_boot_edit_after(edit).boot->verdict, STMBOOT_OUTCOME_OK);
	cr_assert_eq(plan->change_count, 1);
	cr_expect_str_eq(plan->changes[0].after, "root=/dev/mmcblk0p4 rootwait quiet");
	cr_expect_gt(plan->write_count, 0);
	cr_expect(is_as_it_was());
	cr_expect_eq(stmboot_boot_edit_result(edit)->state, STMBOOT_EDIT_UNCHANGED);
	cr_assert_eq(stmboot_boot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(stmboot_boot_edit_result(edit)->state, STMBOOT_EDIT_DONE);
	cr_expect_not(is_as_it_was());
	stmboot_boot_edit_close(edit);
	cr_assert_eq(stmboot_boot_edit_begin_undo(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK);
	cr_expect_str_eq(stmboot_boot_edit_before(edit).boot->bootargs,
			 "root=/dev/mmcblk0p4 rootwait quiet");
	cr_expect_str_eq(stmboot_boot_edit_after(edit).boot->bootargs,
			 "root=/dev/mmcblk0p4 rootwait");
	cr_assert_eq(stmboot_boot_edit_commit(edit, &why), STMBOOT_OK);
	cr_expect(is_as_it_was());
	stmboot_boot_edit_close(edit);
	stmboot_boot_edit_close(NULL);
	stmboot_context_free(ctx);
}

Test(boot_edit, what_was_refused_cannot_be_committed)
{
	const struct stmboot_edit_plan *plan = NULL;
	struct stmboot_boot_edit *edit;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_assert_eq(change(edit, NULL, "init=/missing"), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_CONFLICT);
	cr_expect(strstr(why.message, "init.") != NULL, "%s", why.message);
	cr_expect(stmboot_diags_has_more(stmboot_boot_edit_after(edit).diags,
					 stmboot_boot_edit_before(edit).diags, "init.not-found"));
	cr_expect_not(stmboot_diags_has_more(stmboot_boot_edit_before(edit).diags,
					     stmboot_boot_edit_after(edit).diags,
					     "init.not-found"));
	cr_expect_null(stmboot_boot_find_label(stmboot_boot_edit_after(edit).boot, "missing"));
	cr_expect_str_eq(stmboot_boot_find_label(stmboot_boot_edit_after(edit).boot, NULL)->append,
			 "root=/dev/mmcblk0p4 rootwait init=/missing");
	cr_assert_not_null(plan);
	cr_expect_gt(plan->write_count, 0);
	cr_expect_eq(stmboot_boot_edit_commit(edit, &why), STMBOOT_CONFLICT);
	stmboot_boot_edit_close(edit);
	cr_expect(is_as_it_was());
	options.force = true;
	cr_expect_eq(run(ctx, "init=/missing"), STMBOOT_OK, "%s", why.message);
	cr_expect_not(is_as_it_was());
	/* An error that is there already is none that the edit adds. */
	options.force = false;
	cr_expect_eq(run(ctx, "init=/missing-too"), STMBOOT_OK, "%s", why.message);
	stmboot_context_free(ctx);
}

Test(boot_edit, labels_are_found_by_their_names)
{
	struct stmboot_boot_edit *edit;
	struct stmboot_context *ctx;
	uint8_t *name;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_expect_eq(change(edit, "stm32mp157c-dk2-buildroot", "quiet"), STMBOOT_OK);
	cr_expect_eq(change(edit, "stm32mp157c-dk2", "quiet"), STMBOOT_NOT_FOUND);
	cr_expect_str_eq(why.message, "there is no label 'stm32mp157c-dk2'");
	stmboot_boot_edit_close(edit);
	/* Without a configuration there is none. */
	name = memmem(original, original_size, "extlinux.conf", strlen("extlinux.conf"));
	cr_assert_not_null(name);
	name[0] = 'E';
	put_card();
	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_expect_eq(change(edit, NULL, "quiet"), STMBOOT_NOT_FOUND);
	stmboot_boot_edit_close(edit);
	stmboot_context_free(ctx);
}

/* Whatever is refused: no leak, a status that says so, and the card as it was or as it was to be.
 */
static void refuse_allocations(void)
{
	static uint8_t meant[MOST_BYTES];
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	size_t before = heap.requests, total, stride;

	cr_assert_eq(run(ctx, "quiet"), STMBOOT_OK, "%s", why.message);
	total = heap.requests - before;
	stride = total / MANY * pace(7) + 1;
	cr_assert_eq(read_file(card, meant), original_size);
	for (size_t n = 1; n <= total; n += stride) {
		enum stmboot_status status;

		put_card();
		heap_refuse(&heap, n);
		status = run(ctx, "quiet");
		cr_assert_eq(heap.live, 1, "request %zu: %zu left", n, heap.live - 1);
		heap_refuse(&heap, 0);
		if (status != STMBOOT_OK)
			cr_expect_eq(status, STMBOOT_NO_MEMORY, "request %zu: %s", n,
				     stmboot_status_text(status));
		(void)read_file(card, now);
		cr_expect(memcmp(now, status == STMBOOT_OK ? meant : original, original_size) == 0,
			  "request %zu: %s", n, stmboot_status_text(status));
	}
	stmboot_context_free(ctx);
}

Test(boot_edit, each_allocation_may_be_refused)
{
	refuse_allocations();
}

/* The replay of its journal is a part of the edit. */
Test(boot_edit, each_allocation_may_be_refused_on_a_card_that_was_pulled_out)
{
	tear_down();
	set_up_with("pulled");
	refuse_allocations();
}

Test(boot_edit, a_card_that_was_pulled_out_is_edited_as_linux_would_see_it)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit;
	struct stmboot_context *ctx;

	tear_down();
	set_up_with("pulled");
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_expect_str_eq(stmboot_boot_edit_before(edit).boot->bootargs,
			 "root=/dev/mmcblk0p4 rootwait");
	cr_assert_eq(change(edit, NULL, "quiet"), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK, "%s", why.message);
	cr_expect_str_eq(stmboot_boot_edit_after(edit).boot->bootargs,
			 "root=/dev/mmcblk0p4 rootwait console=ttySTM0,115200 quiet");
	cr_assert_eq(plan->change_count, 2);
	cr_expect_str_eq(plan->changes[0].before,
			 "root=/dev/mmcblk0p4 rootwait console=ttySTM0,115200");
	cr_expect_str_eq(plan->changes[1].what, "journal of partition 4");
	cr_expect(is_as_it_was());
	cr_assert_eq(stmboot_boot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	cr_expect_not(is_as_it_was());
	stmboot_boot_edit_close(edit);
	cr_assert_eq(stmboot_boot_edit_begin_undo(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_commit(edit, &why), STMBOOT_OK);
	cr_expect(is_as_it_was());
	stmboot_boot_edit_close(edit);
	stmboot_context_free(ctx);
}
