/* SPDX-License-Identifier: MIT */
/* Writing partitions of small cards. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stmboot/part_edit.h>

#include "../support/fast_folder.h"
#include "../support/containers.h"
#include "../support/gpt_card.h"
#include "../support/heap.h"
#include "edit/boot_edit.h"
#include "edit/edit.h"

enum {
	MOST_BYTES = 4 << 20,
	MANY = 400,
	FSBL1 = 34 * 512,
	FSBL2 = 42 * 512,
	FIFTH = 1720, /* the first sector of another partition */
};

static char folder[64], card[96], state[96], file[96];
static uint8_t original[MOST_BYTES], now[MOST_BYTES], loader[4096];
static size_t original_size, loader_size;
static struct stmboot_edit_options transaction;
static struct stmboot_boot_edit_options options;
static struct stmboot_refusal why;
static struct stmboot_context *ctx;

static size_t read_file(const char *path, uint8_t *bytes, size_t room)
{
	FILE *f = fopen(path, "rb");
	size_t size;

	cr_assert_not_null(f, "%s", path);
	size = fread(bytes, 1, room, f);
	(void)fclose(f);
	return size;
}

static void put_file(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *f = fopen(path, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(bytes, 1, size, f), size);
	cr_assert_eq(fclose(f), 0);
}

static void set_up(void)
{
	const char *images = getenv("STMBOOT_GOLDEN_IMAGES");
	char path[512];

	cr_assert_not_null(images, "run through golden_images.sh");
	(void)snprintf(path, sizeof(path), "%s/healthy.img", images);
	original_size = read_file(path, original, MOST_BYTES);
	fast_folder(folder, sizeof(folder), "part-edit");
	cr_assert_not_null(mkdtemp(folder));
	(void)snprintf(card, sizeof(card), "%s/card.img", folder);
	(void)snprintf(state, sizeof(state), "%s/state", folder);
	(void)snprintf(file, sizeof(file), "%s/file", folder);
	put_file(card, original, original_size);
	memset(loader, 0, sizeof(loader));
	loader_size = make_stm32(loader, 0x00010000) + 2000; /* more zeros */
	put_le(loader + 76, loader_size - 256, 4);
	put_file(file, loader, loader_size);
	transaction = (struct stmboot_edit_options){ .struct_size = sizeof(transaction),
						     .state_directory = state };
	options = (struct stmboot_boot_edit_options){ .struct_size = sizeof(options),
						      .edit = &transaction };
	why = (struct stmboot_refusal){ .message = "" };
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
}

static void tear_down(void)
{
	char command[128];

	stmboot_context_free(ctx);
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(part_edit, .init = set_up, .fini = tear_down, .timeout = 300);

static struct stmboot_boot_edit *begin(void)
{
	struct stmboot_boot_edit *edit;

	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
	return edit;
}

static enum stmboot_status write_file(struct stmboot_boot_edit *edit, const char *partition)
{
	struct stmboot_source *src;
	enum stmboot_status status =
		stmboot_source_open_file(stmboot_boot_edit_context(edit), file, &src);

	return status == STMBOOT_OK ? stmboot_part_edit_write(edit, partition, src, &why) : status;
}

/* Write, and say in which order the places are written. */
static void expect_orders(enum sb_order of_first, enum sb_order of_second)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit = begin();
	struct sb_extent extent;

	cr_assert_eq(write_file(edit, "fsbl"), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(sb_overlay_next(sb_edit_overlay(edit->edit), FSBL1, false, &extent),
		     STMBOOT_OK);
	cr_expect_eq(extent.offset, FSBL1);
	cr_expect_eq(extent.order, of_first);
	cr_assert_eq(sb_overlay_next(sb_edit_overlay(edit->edit), FSBL2, false, &extent),
		     STMBOOT_OK);
	cr_expect_eq(extent.order, of_second);
	stmboot_boot_edit_close(edit);
}

Test(part_edit, the_second_copy_is_written_before_the_first)
{
	expect_orders(SB_ORDER_OTHER_LOADER, SB_ORDER_LOADER);
}

Test(part_edit, the_first_copy_is_written_before_the_only_valid_one)
{
	original[FSBL1 + 1000] ^= 1;
	put_file(card, original, original_size);
	expect_orders(SB_ORDER_LOADER, SB_ORDER_OTHER_LOADER);
}

Test(part_edit, a_file_that_changes_meanwhile_is_not_written)
{
	for (int when = 0; when < 3; when++) {
		const struct stmboot_edit_plan *plan;
		struct stmboot_boot_edit *edit = begin();
		enum stmboot_status status = write_file(edit, "fsbl");

		cr_assert_eq(status, STMBOOT_OK, "%s", why.message);
		usleep(20000); /* more than a tick of the clock of files */
		if (when > 0)
			cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK);
		if (when < 2)
			put_file(file, loader, loader_size);
		else
			cr_assert_eq(truncate(file, 100), 0);
		status = when > 0 ? stmboot_boot_edit_commit(edit, &why)
				  : stmboot_boot_edit_stage(edit, &why, &plan);
		cr_expect_eq(status, STMBOOT_CONFLICT, "%d: %s", when, stmboot_status_text(status));
		stmboot_boot_edit_close(edit);
		(void)read_file(card, now, MOST_BYTES);
		cr_expect(memcmp(now, original, original_size) == 0);
		put_file(file, loader, loader_size);
	}
}

Test(part_edit, a_loader_for_another_chip_is_refused)
{
	struct stmboot_boot_edit *edit = begin();

	memset(loader, 0, sizeof(loader));
	put_file(file, loader, make_stm32(loader, STMBOOT_STM32_V2_0));
	cr_expect_eq(write_file(edit, "fsbl"), STMBOOT_CORRUPT);
	cr_expect(strstr(why.message, "header of an stm32mp13, and the card is for an stm32mp15") !=
			  NULL,
		  "%s", why.message);
	stmboot_boot_edit_close(edit);
}

/* A loader that can be read up to a place. */
static enum stmboot_status read_up_to(void *self, uint64_t offset, void *buffer, size_t size)
{
	const uint64_t *end = self;

	if (offset + size > *end)
		return STMBOOT_IO;
	memcpy(buffer, loader + offset, size);
	return STMBOOT_OK;
}

static uint64_t size_of_loader(void *self)
{
	(void)self;
	return loader_size;
}

Test(part_edit, a_file_that_cannot_be_read_is_not_judged)
{
	const struct stmboot_source_ops ops = { .struct_size = sizeof(ops),
						.read_at = read_up_to,
						.size = size_of_loader };
	static const uint64_t ends[] = { 0, 100, 300, 1000 };

	for (size_t i = 0; i < 2 * sizeof(ends) / sizeof(ends[0]); i++) {
		uint64_t end = ends[i / 2];
		struct stmboot_source *src;
		struct stmboot_boot_edit *edit;

		options.force = i % 2 != 0;
		edit = begin();
		cr_assert_eq(stmboot_source_new(stmboot_boot_edit_context(edit), &ops, &end, &src),
			     STMBOOT_OK);
		cr_expect_eq(stmboot_part_edit_write(edit, "fsbl", src, &why), STMBOOT_IO,
			     "%zu: %s", i, why.message);
		stmboot_boot_edit_close(edit);
	}
}

Test(part_edit, a_partition_and_its_configuration_are_two_edits)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit = begin();

	put_file(file, original + 178 * 512, 768 << 10);
	cr_assert_eq(truncate(file, (768 << 10) - 1), 0);
	cr_assert_eq(truncate(file, 768 << 10), 0);
	original[178 * 512 + (768 << 10) - 1] = 1; /* so that the two differ */
	stmboot_boot_edit_close(edit);
	put_file(card, original, original_size);
	edit = begin();
	cr_assert_eq(stmboot_boot_edit_set_timeout(edit, 50, &why), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(write_file(edit, "rootfs"), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_CONFLICT);
	cr_expect(strstr(why.message, "in one edit") != NULL, "%s", why.message);
	stmboot_boot_edit_close(edit);
}

/* A fifth partition of 4 KiB. */
static void add_partition(const char *name, const char *type)
{
	uint8_t *entry = original + 1024 + 4 * 128;

	card_entry(entry, 5, FIFTH, FIFTH + 7, 0, name);
	if (type != NULL)
		memcpy(entry, type, 16);
	card_copy_array(original, 2048, 128);
	put_file(card, original, original_size);
}

static void expect_content(const char *what, size_t (*make)(uint8_t *bytes), bool fits)
{
	static uint8_t bytes[4096];
	struct stmboot_boot_edit *edit = begin();
	enum stmboot_status status;

	memset(bytes, 0, sizeof(bytes));
	put_file(file, bytes, make(bytes));
	status = write_file(edit, "5");
	cr_expect_eq(status, fits ? STMBOOT_OK : STMBOOT_NOT_RECOGNISED, "%s: %s", what,
		     why.message);
	stmboot_boot_edit_close(edit);
	bytes[80] ^= 1;
	edit = begin();
	put_file(file, bytes, make == make_whole_fip ? 100 : sizeof(bytes));
	status = write_file(edit, "5");
	if (fits)
		cr_expect_eq(status, STMBOOT_CORRUPT, "%s: %s", what, why.message);
	stmboot_boot_edit_close(edit);
}

static size_t make_v1(uint8_t *bytes)
{
	return make_stm32(bytes, 0x00010000);
}

static size_t make_v2_metadata(uint8_t *bytes)
{
	return make_fwu(bytes, 2);
}

Test(part_edit, a_partition_of_the_type_of_a_fip_holds_one)
{
	add_partition("any", FWU_FIP_TYPE);
	expect_content("a FIP", make_whole_fip, true);
	expect_content("an STM32 header", make_v1, false);
	expect_content("a legacy image", make_uimage, false);
}

Test(part_edit, metadata_of_firmware_updates_is_looked_at)
{
	add_partition("metadata1", NULL);
	expect_content("metadata", make_v2_metadata, true);
	expect_content("a FIP", make_whole_fip, false);
}

Test(part_edit, the_table_is_not_written_over)
{
	struct stmboot_boot_edit *edit;

	card_put(original + 1024 + 2 * 128 + 32, 30, 8);
	card_copy_array(original, 2048, 128);
	put_file(card, original, original_size);
	options.force = true;
	edit = begin();
	cr_expect_eq(write_file(edit, "3"), STMBOOT_CONFLICT);
	cr_expect(strstr(why.message, "over the partition table") != NULL, "%s", why.message);
	stmboot_boot_edit_close(edit);
}

static enum stmboot_status run(struct stmboot_context *weak, const char *partition)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit = NULL;
	enum stmboot_status status = stmboot_boot_edit_begin(weak, card, &options, &why, &edit);

	if (status == STMBOOT_OK)
		status = write_file(edit, partition);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_stage(edit, &why, &plan);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_commit(edit, &why);
	stmboot_boot_edit_close(edit);
	return status;
}

/* Whatever is refused: no leak, a status that says so, and the card as it was or as it was to be.
 */
Test(part_edit, each_allocation_may_be_refused)
{
	static uint8_t meant[MOST_BYTES];
	struct heap heap = { 0 };
	struct stmboot_context *weak = heap_context(&heap);
	size_t start = heap.requests, total, stride;

	cr_assert_eq(run(weak, "fsbl"), STMBOOT_OK, "%s", why.message);
	total = heap.requests - start;
	stride = total / MANY + 1;
	(void)read_file(card, meant, MOST_BYTES);
	for (size_t n = 1; n <= total; n += stride) {
		enum stmboot_status status;

		put_file(card, original, original_size);
		heap_refuse(&heap, n);
		status = run(weak, "fsbl");
		cr_assert_eq(heap.live, 1, "request %zu: %zu left", n, heap.live - 1);
		heap_refuse(&heap, 0);
		if (status != STMBOOT_OK)
			cr_expect_eq(status, STMBOOT_NO_MEMORY, "request %zu: %s", n,
				     stmboot_status_text(status));
		(void)read_file(card, now, MOST_BYTES);
		cr_expect(memcmp(now, status == STMBOOT_OK ? meant : original, original_size) == 0,
			  "request %zu: %s", n, stmboot_status_text(status));
	}
	stmboot_context_free(weak);
}

static void expect_stream(int descriptor)
{
	struct stmboot_source *src;
	uint8_t bytes[4096];

	cr_assert_eq(stmboot_source_open_stream(ctx, descriptor, &src), STMBOOT_OK);
	cr_assert_eq(stmboot_source_size(src), loader_size);
	cr_assert_eq(stmboot_source_read(src, 0, bytes, loader_size), STMBOOT_OK);
	cr_expect(memcmp(bytes, loader, loader_size) == 0);
	stmboot_source_close(src);
	(void)close(descriptor);
}

static uint64_t told_total;

static void watch(void *user, uint64_t done, uint64_t total)
{
	(void)user;
	(void)done;
	told_total = total;
}

Test(part_edit, a_stream_is_a_source)
{
	int ends[2], descriptor = open(file, O_RDONLY);
	struct stmboot_source *src;

	ctx->options.progress = watch;
	cr_assert_geq(descriptor, 0);
	expect_stream(descriptor);
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], loader, loader_size), (ssize_t)loader_size);
	(void)close(ends[1]);
	expect_stream(ends[0]);
	cr_expect_eq(told_total, 0, "of a pipe nobody knows");
	/* what was read already does not come again */
	descriptor = open(file, O_RDONLY);
	cr_assert_eq(lseek(descriptor, 100, SEEK_SET), 100);
	cr_assert_eq(stmboot_source_open_stream(ctx, descriptor, &src), STMBOOT_OK);
	cr_expect_eq(stmboot_source_size(src), loader_size - 100);
	cr_expect_eq(told_total, loader_size - 100);
	stmboot_source_close(src);
	(void)close(descriptor);
	cr_expect_eq(stmboot_source_open_stream(ctx, -1, &src), STMBOOT_IO);
}
