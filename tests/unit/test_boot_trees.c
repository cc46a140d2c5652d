/* SPDX-License-Identifier: MIT */
/* Edits of the device tree of a card, and what remains of it when memory runs out. */
#include "../support/boot_card.h"

#include <libfdt.h>

#include "boot/trace.h"

enum { MANY = 300 };

static const char *const okay[] = { "okay" };
static const struct stmboot_dtb_setting enable = { .struct_size = sizeof(enable),
						   .node = "serial0",
						   .property = "status",
						   .values = okay,
						   .value_count = 1 };
static const char path[] = "/boot/stm32mp157c-dk2.dtb";

/* An overlay that sets a property and adds a node. */
static struct stmboot_dtb *make_overlay(struct stmboot_context *ctx)
{
	static uint8_t blob[1024];
	struct stmboot_source *src;
	struct stmboot_dtb *dtb;

	cr_assert_eq(fdt_create(blob, sizeof(blob)), 0);
	cr_assert_eq(fdt_finish_reservemap(blob), 0);
	cr_assert_eq(fdt_begin_node(blob, ""), 0);
	cr_assert_eq(fdt_begin_node(blob, "fragment"), 0);
	cr_assert_eq(fdt_property_string(blob, "target-path", "/soc"), 0);
	cr_assert_eq(fdt_begin_node(blob, "__overlay__"), 0);
	cr_assert_eq(fdt_property_string(blob, "ranges", "x"), 0);
	cr_assert_eq(fdt_begin_node(blob, "chip"), 0);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(fdt_end_node(blob), 0);
	cr_assert_eq(fdt_finish(blob), 0);
	cr_assert_eq(stmboot_source_from_memory(ctx, blob, fdt_totalsize(blob), &src), STMBOOT_OK);
	cr_assert_eq(stmboot_dtb_read(ctx, src, "overlay", NULL, &dtb), STMBOOT_OK);
	stmboot_source_close(src);
	return dtb;
}

static enum stmboot_status set(struct stmboot_boot_edit *edit, const struct stmboot_dtb *overlay)
{
	(void)overlay;
	return stmboot_boot_edit_set_dtb(edit, NULL, &enable, &why);
}

static enum stmboot_status remove_it(struct stmboot_boot_edit *edit,
				     const struct stmboot_dtb *overlay)
{
	(void)overlay;
	return stmboot_boot_edit_remove_dtb(edit, NULL, "/aliases", NULL, &why);
}

static enum stmboot_status merge(struct stmboot_boot_edit *edit, const struct stmboot_dtb *overlay)
{
	return stmboot_boot_edit_overlay_dtb(edit, NULL, overlay, &why);
}

typedef enum stmboot_status step_fn(struct stmboot_boot_edit *edit,
				    const struct stmboot_dtb *overlay);

static enum stmboot_status run(struct stmboot_context *ctx, step_fn *step,
			       const struct stmboot_dtb *overlay)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit = NULL;
	enum stmboot_status status = stmboot_boot_edit_begin(ctx, card, &options, &why, &edit);

	if (status == STMBOOT_OK)
		status = step(edit, overlay);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_stage(edit, &why, &plan);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_commit(edit, &why);
	stmboot_boot_edit_close(edit);
	return status;
}

TestSuite(boot_trees, .init = set_up, .fini = tear_down, .timeout = 300);

/* The value of a property of the tree that boots after an edit. */
static void expect_after(struct stmboot_context *ctx, struct stmboot_boot_edit *edit,
			 const char *node, const char *property, const char *value)
{
	struct stmboot_boot_view view = stmboot_boot_edit_after(edit);
	struct stmboot_image *image;
	struct stmboot_file_ref where;
	const uint8_t *data;
	struct stmboot_dtb *dtb;
	uint32_t length;

	cr_assert_not_null(view.boot);
	cr_assert_eq(stmboot_image_open(ctx, card, NULL, &image), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_read_dtb(ctx, image, view.boot, NULL, &why, &where, &dtb),
		     STMBOOT_OK);
	cr_expect_eq(where.partition, 4);
	cr_expect_str_eq(where.path, path);
	if (value == NULL) {
		cr_expect_eq(stmboot_dtb_get(dtb, node, property, &data, &length),
			     STMBOOT_NOT_FOUND);
	} else {
		cr_assert_eq(stmboot_dtb_get(dtb, node, property, &data, &length), STMBOOT_OK);
		cr_expect_str_eq((const char *)data, value);
	}
	stmboot_dtb_free(dtb);
	stmboot_image_close(image);
}

Test(boot_trees, steps_of_one_edit_follow_each_other)
{
	const struct stmboot_file_ref same = { 4, "/boot/../boot/stm32mp157c-dk2.dtb" };
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit;
	struct stmboot_context *ctx;
	struct stmboot_dtb *overlay;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	overlay = make_overlay(ctx);
	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_expect_eq(stmboot_boot_edit_context(edit), ctx);
	/* The same file by another name is the same tree. */
	cr_assert_eq(stmboot_boot_edit_set_dtb(edit, &same, &enable, &why), STMBOOT_OK, "%s",
		     why.message);
	cr_assert_eq(merge(edit, overlay), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_remove_dtb(edit, &same, "/chosen", "stdout-path", &why),
		     STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK, "%s", why.message);
	cr_expect(is_as_it_was());
	cr_assert_eq(plan->change_count, 4);
	cr_expect_str_eq(plan->changes[0].after, "\"okay\"");
	cr_expect_str_eq(plan->changes[1].what, "ranges of /soc in /boot/stm32mp157c-dk2.dtb");
	cr_expect_str_eq(plan->changes[2].after, "0 properties, 0 nodes below");
	cr_expect_str_eq(plan->changes[3].before, "\"serial0:115200n8\"");
	cr_assert_eq(stmboot_boot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	expect_after(ctx, edit, "/soc/serial@40010000", "status", "okay");
	expect_after(ctx, edit, "/soc", "ranges", "x");
	expect_after(ctx, edit, "/chosen", "stdout-path", NULL);
	stmboot_boot_edit_close(edit);
	stmboot_dtb_free(overlay);
	stmboot_context_free(ctx);
}

Test(boot_trees, a_tree_and_the_configuration_change_together)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_set_timeout(edit, 50, &why), STMBOOT_OK);
	cr_assert_eq(set(edit, NULL), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(plan->change_count, 2);
	cr_assert_eq(stmboot_boot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	expect_after(ctx, edit, "serial0", "status", "okay");
	cr_expect_str_eq(
		stmboot_boot_configuration(stmboot_boot_edit_after(edit).boot)->timeout.text, "50");
	stmboot_boot_edit_close(edit);
	stmboot_context_free(ctx);
}

Test(boot_trees, what_changes_nothing_stages_nothing)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(run(ctx, set, NULL), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_assert_eq(set(edit, NULL), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK);
	cr_expect(plan->change_count == 0 && plan->write_count == 0);
	stmboot_boot_edit_close(edit);
	stmboot_context_free(ctx);
}

/* The device tree that a boot hands over. */
static const struct stmboot_dtb *tree_of(struct stmboot_boot_view view)
{
	return sb_boot_facts(view.boot)->configs[0].attempts[0].dtb;
}

Test(boot_trees, a_tree_is_decoded_again_when_it_changed)
{
	static const char *const words[] = { "quiet" };
	const struct stmboot_cmdline_edit quiet = { .struct_size = sizeof(quiet),
						    .set = words,
						    .set_count = 1 };
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (int changes = 0; changes < 2; changes++) {
		cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
		cr_assert_eq(stmboot_boot_edit_set_bootargs(edit, NULL, &quiet, &why), STMBOOT_OK);
		if (changes)
			cr_assert_eq(stmboot_boot_edit_set_dtb(edit, NULL, &enable, &why),
				     STMBOOT_OK);
		cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK);
		cr_expect_eq(tree_of(stmboot_boot_edit_before(edit)) !=
				     tree_of(stmboot_boot_edit_after(edit)),
			     changes);
		stmboot_boot_edit_close(edit);
	}
	stmboot_context_free(ctx);
}

Test(boot_trees, a_step_that_was_refused_leaves_the_edit_usable)
{
	const struct stmboot_file_ref none = { 4, "/none" }, elsewhere = { 9, "/x" };
	struct stmboot_dtb_setting bad = enable;
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit;
	struct stmboot_context *ctx;

	bad.node = "/none";
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_expect_eq(stmboot_boot_edit_set_dtb(edit, NULL, &bad, &why), STMBOOT_NOT_FOUND);
	cr_expect_eq(stmboot_boot_edit_set_dtb(edit, &none, &enable, &why), STMBOOT_NOT_FOUND);
	cr_expect_not_null(strstr(why.message, "/none"));
	cr_expect_neq(stmboot_boot_edit_set_dtb(edit, &elsewhere, &enable, &why), STMBOOT_OK);
	cr_expect_eq(stmboot_boot_edit_remove_dtb(edit, NULL, "/", NULL, NULL),
		     STMBOOT_INVALID_ARGUMENT);
	cr_expect_eq(set(edit, NULL), STMBOOT_OK);
	cr_expect_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK);
	cr_expect_eq(plan->change_count, 1);
	stmboot_boot_edit_close(edit);
	stmboot_context_free(ctx);
}

static void refuse_each(step_fn *step)
{
	static uint8_t meant[MOST_BYTES];
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	struct stmboot_dtb *overlay = make_overlay(ctx);
	size_t held = heap.live, before = heap.requests, total, stride;

	cr_assert_eq(run(ctx, step, overlay), STMBOOT_OK, "%s", why.message);
	total = heap.requests - before;
	stride = total / MANY + 1;
	cr_assert_eq(read_file(card, meant), original_size);
	for (size_t n = 1; n <= total; n += stride) {
		enum stmboot_status status;

		put_card();
		heap_refuse(&heap, n);
		status = run(ctx, step, overlay);
		cr_assert_eq(heap.live, held, "request %zu: %zu left", n, heap.live - held);
		heap_refuse(&heap, 0);
		if (status != STMBOOT_OK)
			cr_expect_eq(status, STMBOOT_NO_MEMORY, "request %zu: %s", n,
				     stmboot_status_text(status));
		(void)read_file(card, now);
		cr_expect(memcmp(now, status == STMBOOT_OK ? meant : original, original_size) == 0,
			  "request %zu: %s", n, stmboot_status_text(status));
	}
	stmboot_dtb_free(overlay);
	stmboot_context_free(ctx);
}

Test(boot_trees, each_allocation_of_a_set_may_be_refused)
{
	refuse_each(set);
}

Test(boot_trees, each_allocation_of_a_removal_may_be_refused)
{
	refuse_each(remove_it);
}

Test(boot_trees, each_allocation_of_an_overlay_may_be_refused)
{
	refuse_each(merge);
}
