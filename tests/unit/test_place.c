/* SPDX-License-Identifier: MIT */
/* What a person calls a partition, or a file in one. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/place.h>

static struct stmboot_context *ctx;
static struct stmboot_image *image;
static struct stmboot_diags *diags;
static const struct stmboot_boot *boot;
static struct stmboot_refusal why;

static void open_card(const char *name)
{
	const char *images = getenv("STMBOOT_GOLDEN_IMAGES");
	char path[512];

	cr_assert_not_null(images, "run through golden_images.sh");
	(void)snprintf(path, sizeof(path), "%s/%s.img", images, name);
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
	cr_assert_eq(stmboot_image_open(ctx, path, NULL, &image), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_trace(ctx, image, NULL, diags, &boot), STMBOOT_OK);
}

static void close_card(void)
{
	stmboot_boot_free(boot);
	stmboot_image_close(image);
	stmboot_diags_free(diags);
	stmboot_context_free(ctx);
}

/* A place, and where it leads: 0 for a refusal. */
struct row {
	const char *text;
	enum stmboot_status status;
	int32_t partition;
	const char *path;
};

static const struct row rows[] = {
	{ "/boot/zImage", STMBOOT_OK, 4, "/boot/zImage" },
	{ "rootfs:/boot", STMBOOT_OK, 4, "/boot" },
	{ "4:/", STMBOOT_OK, 4, "/" },
	{ "fsbl1:/x", STMBOOT_OK, 1, "/x" },
	{ "/a:b", STMBOOT_OK, 4, "/a:b" },
	{ "rootfs:/a:b", STMBOOT_OK, 4, "/a:b" },
	{ "9:/x", STMBOOT_NOT_FOUND, 0, "there is no partition '9'" },
	{ "04294967300:/x", STMBOOT_NOT_FOUND, 0, "there is no partition '04294967300'" },
	{ "root:/x", STMBOOT_NOT_FOUND, 0, "there is no partition 'root'" },
	{ ":/x", STMBOOT_NOT_FOUND, 0, "there is no partition ''" },
	{ "boot/zImage", STMBOOT_INVALID_ARGUMENT, 0, "'boot/zImage' is no place in the image" },
	{ "rootfs:boot", STMBOOT_INVALID_ARGUMENT, 0, "'rootfs:boot' is no place in the image" },
	{ "", STMBOOT_INVALID_ARGUMENT, 0, "'' is no place in the image" },
};

Test(place, a_partition_is_named_by_number_or_name)
{
	open_card("healthy");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct stmboot_file_ref place = { 0, NULL };

		cr_expect_eq(stmboot_place_parse(image, boot, row->text, &why, &place), row->status,
			     "%s", row->text);
		cr_expect_eq(place.partition, row->partition, "%s", row->text);
		cr_expect_str_eq(row->status == STMBOOT_OK ? place.path : why.message, row->path);
	}
	close_card();
}

Test(place, where_one_file_system_can_be_meant_no_boot_is_needed)
{
	open_card("healthy");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct stmboot_file_ref place = { 0, NULL };

		cr_expect_eq(stmboot_place_find(ctx, image, row->text, &why, &place), row->status,
			     "%s", row->text);
		cr_expect_eq(place.partition, row->partition, "%s", row->text);
	}
	close_card();
}

Test(place, a_bare_file_system_is_where_paths_are)
{
	const struct stmboot_part *part;
	struct stmboot_file_ref place;

	open_card("bare-stm32");
	cr_expect_eq(stmboot_place_partition(image, "0", &why, &part), STMBOOT_OK);
	cr_expect_eq(stmboot_place_parse(image, boot, "/boot", &why, &place), STMBOOT_NOT_FOUND);
	cr_expect_str_eq(why.message, "no partition holds an ext4 file system");
	close_card();
}
