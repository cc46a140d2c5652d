/* SPDX-License-Identifier: MIT */
/*
 * Cuts the power during real edits of real images.
 *
 * usage: power_edits STATES CHANGE IMAGE...
 *
 * CHANGE is the name of one, or "" for all. What stmboot would write to the image is staged once,
 * and then committed on a disk in memory that holds the image, as a file and as a block device.
 * What an image gives no occasion for is left out.
 *
 * Of edits of a table and of loaders it is shown, too, that a good copy is
 * there at every moment even if the log is lost; and that this would show it
 * if there was none, were it not for the order of the writes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/fip_edit.h>
#include <stmboot/fs_edit.h>
#include <stmboot/part_edit.h>
#include <stmboot/stm32.h>
#include <stmboot/table_edit.h>

#include "../support/containers.h"
#include "cut.h"
#include "edit/boot_edit.h"
#include "source/source.h"

/* What an edit has staged. */
struct staged {
	struct sb_extent *extents;
	size_t count;
	uint8_t *bytes; /* of all extents */
};

static void must(bool truth, const char *what)
{
	if (truth)
		return;
	(void)fprintf(stderr, "power_edits: %s\n", what);
	exit(2);
}

static enum stmboot_status change_argument(struct stmboot_boot_edit *edit,
					   struct stmboot_refusal *why)
{
	static const char *const words[] = { "quiet" };
	const struct stmboot_cmdline_edit change = { .struct_size = sizeof(change),
						     .set = words,
						     .set_count = 1 };

	return stmboot_boot_edit_set_bootargs(edit, NULL, &change, why);
}

/* More than fits a small block, so that other blocks are needed. */
static enum stmboot_status add_labels(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	char append[401] = "root=/dev/mmcblk0p4 ", name[16];
	const struct stmboot_extlinux_setting settings[] = { { "kernel", "/boot/zImage" },
							     { "append", append } };
	enum stmboot_status status = STMBOOT_OK;

	memset(append + strlen(append), 'x', sizeof(append) - 1 - strlen(append));
	for (int i = 0; i < 12 && status == STMBOOT_OK; i++) {
		(void)snprintf(name, sizeof(name), "more-%d", i);
		status = stmboot_boot_edit_add_label(edit, name, settings, 2, why);
	}
	return status;
}

static enum stmboot_status change_time_out(struct stmboot_boot_edit *edit,
					   struct stmboot_refusal *why)
{
	return stmboot_boot_edit_set_timeout(edit, 70, why);
}

static void *grow(void *memory, size_t size)
{
	void *larger = realloc(memory, size);

	if (larger == NULL)
		abort();
	return larger;
}

/* Of the device tree beside the configuration. */
static enum stmboot_status set_in_tree(struct stmboot_boot_edit *edit, const char *value,
				       struct stmboot_refusal *why)
{
	const struct stmboot_boot_view view = stmboot_boot_edit_before(edit);
	const struct stmboot_file_ref file = { view.boot->config.partition, "/boot/board.dtb" };
	const struct stmboot_dtb_setting setting = { .struct_size = sizeof(setting),
						     .node = "/soc",
						     .property = "status",
						     .values = &value,
						     .value_count = 1 };

	return stmboot_boot_edit_set_dtb(edit, &file, &setting, why);
}

static enum stmboot_status change_tree(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	return set_in_tree(edit, "okay", why);
}

/* By more than a block. */
static enum stmboot_status grow_tree(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	static char value[6001];

	memset(value, 'x', sizeof(value) - 1);
	return set_in_tree(edit, value, why);
}

/* A path in the partition of the configuration. */
static struct stmboot_file_ref place_of(struct stmboot_boot_edit *edit, const char *path)
{
	const struct stmboot_boot_view view = stmboot_boot_edit_before(edit);

	return (struct stmboot_file_ref){ view.boot->config.partition, path };
}

static enum stmboot_status put_file(struct stmboot_boot_edit *edit, const char *path,
				    struct stmboot_refusal *why)
{
	static uint8_t content[20000];
	const struct stmboot_file_ref place = place_of(edit, path);
	struct stmboot_source *src = NULL;
	enum stmboot_status status;

	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 13 + i / 256);
	must(stmboot_source_from_memory(stmboot_boot_edit_context(edit), content, sizeof(content),
					&src) == STMBOOT_OK,
	     "memory");
	status = stmboot_fs_edit_put(edit, &place, src, NULL, why);
	stmboot_source_close(src);
	return status;
}

static enum stmboot_status put_new_file(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	return put_file(edit, "/boot/new", why);
}

static enum stmboot_status put_other_file(struct stmboot_boot_edit *edit,
					  struct stmboot_refusal *why)
{
	return put_file(edit, "/boot/board.dtb", why);
}

static enum stmboot_status remove_files(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	const struct stmboot_file_ref place = place_of(edit, "/boot");

	return stmboot_fs_edit_remove(edit, &place, true, why);
}

static enum stmboot_status move_files(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	const struct stmboot_file_ref from = place_of(edit, "/boot"), to = place_of(edit, "/moved");

	return stmboot_fs_edit_move(edit, &from, &to, why);
}

static enum stmboot_status make_folders(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	const struct stmboot_file_ref place = place_of(edit, "/boot/a/b/c");

	return stmboot_fs_edit_make_directory(edit, &place, true, why);
}

static enum stmboot_status change_table(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	return stmboot_table_edit_new_guids(edit, why);
}

static enum stmboot_status repair_table(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	return stmboot_table_edit_repair(edit, STMBOOT_TABLE_COPY_AUTO, why);
}

/* Another loader than the one that is there. */
static enum stmboot_status write_loaders(struct stmboot_boot_edit *edit,
					 struct stmboot_refusal *why)
{
	static uint8_t loader[4096];
	size_t size = make_stm32(loader, STMBOOT_STM32_V1_0) + 3000;
	struct stmboot_source *src = NULL;

	put_le(loader + 76, size - 256, 4);
	must(stmboot_source_from_memory(stmboot_boot_edit_context(edit), loader, size, &src) ==
		     STMBOOT_OK,
	     "memory");
	return stmboot_part_edit_write(edit, "fsbl", src, why);
}

/* A partition is to differ from what it holds in eight or more places. */
static enum stmboot_status write_rootfs(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	static uint8_t bytes[12 << 20];
	const struct stmboot_part *part =
		stmboot_image_find(stmboot_boot_edit_before(edit).image, 4);
	struct stmboot_source *src = NULL;
	size_t size;

	if (part == NULL || part->size > sizeof(bytes))
		return STMBOOT_NOT_FOUND;
	size = (size_t)part->size - 100;
	must(stmboot_source_read(stmboot_edit_source(edit->edit), part->offset, bytes, size) ==
		     STMBOOT_OK,
	     "reading");
	for (size_t at = 2000; at < size; at += size / 8)
		bytes[at]++;
	must(stmboot_source_from_memory(edit->ctx, bytes, size, &src) == STMBOOT_OK, "memory");
	return stmboot_part_edit_write(edit, "4", src, why);
}

/* A U-Boot that moves what follows it. */
static enum stmboot_status replace_uboot(struct stmboot_boot_edit *edit,
					 struct stmboot_refusal *why)
{
	static uint8_t uboot[9000] = "U-Boot 2024.07";
	struct stmboot_fip_replacement replacement = { .name = "nt-fw" };
	enum stmboot_status status;

	for (size_t i = 20; i < sizeof(uboot); i++)
		uboot[i] = (uint8_t)(i * 11 + i / 256);
	must(stmboot_source_from_memory(edit->ctx, uboot, sizeof(uboot), &replacement.src) ==
		     STMBOOT_OK,
	     "memory");
	status = stmboot_fip_edit_replace(edit, NULL, &replacement, 1, why);
	stmboot_source_close(replacement.src);
	return status;
}

/* One of the two tables is whole. */
static bool has_table(struct stmboot_context *ctx, struct stmboot_source *image)
{
	struct stmboot_gpt *gpt = NULL;
	bool good;

	must(stmboot_gpt_decode(ctx, image, &gpt) == STMBOOT_OK, "decoding");
	good = gpt->primary.state == STMBOOT_GPT_OK || gpt->backup.state == STMBOOT_GPT_OK;
	stmboot_gpt_free(gpt);
	return good;
}

static bool is_loader(struct stmboot_context *ctx, struct stmboot_source *image, uint64_t offset)
{
	struct stmboot_source *window = NULL;
	struct stmboot_stm32 *stm32 = NULL;
	bool good = false;

	must(stmboot_source_window(ctx, image, offset, 4096, &window) == STMBOOT_OK, "memory");
	if (stmboot_stm32_decode(ctx, window, &stm32) == STMBOOT_OK)
		good = stm32->version_known && stm32->payload_fits &&
		       stmboot_stm32_verify(ctx, window, stm32) == STMBOOT_OK &&
		       stm32->computed_checksum == stm32->checksum;
	stmboot_stm32_free(stm32);
	stmboot_source_close(window);
	return good;
}

/* One of the two copies of the loader is, as the recipe of the card places them. */
static bool has_loader(struct stmboot_context *ctx, struct stmboot_source *image)
{
	return is_loader(ctx, image, 34 * 512) || is_loader(ctx, image, 42 * 512);
}

static void capture(struct sb_overlay *overlay, struct staged *out)
{
	struct sb_extent extent = { 0 };
	size_t used = 0;

	*out = (struct staged){ 0 };
	while (sb_overlay_next(overlay, extent.offset + extent.length, false, &extent) ==
	       STMBOOT_OK) {
		out->extents = grow(out->extents, (out->count + 1) * sizeof(extent));
		out->bytes = grow(out->bytes, used + extent.length);
		memcpy(out->bytes + used, extent.new_bytes, extent.length);
		out->extents[out->count++] = extent;
		used += extent.length;
	}
}

static enum stmboot_status replay(struct stmboot_edit *edit, const void *user)
{
	const struct staged *staged = user;
	const uint8_t *bytes = staged->bytes;
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < staged->count && status == STMBOOT_OK; i++) {
		const struct sb_extent *extent = &staged->extents[i];

		status = stmboot_edit_write(edit, extent->offset, bytes, extent->length);
		sb_overlay_mark(sb_edit_overlay(edit), extent->offset, extent->length,
				extent->order);
		bytes += extent->length;
	}
	return status;
}

typedef enum stmboot_status change_fn(struct stmboot_boot_edit *edit, struct stmboot_refusal *why);
typedef bool fit_fn(struct stmboot_context *ctx, struct stmboot_source *image);

struct change {
	const char *name;
	change_fn *make;
	fit_fn *fit;  /* also when the log is lost, or NULL */
	bool ordered; /* it is fit because of the order of the writes */
};

/* False when the image gives no occasion for it. */
static bool stage(struct stmboot_context *ctx, const char *image, change_fn *change,
		  struct staged *out)
{
	const struct stmboot_edit_options dry = { .struct_size = sizeof(dry), .dry_run = true };
	const struct stmboot_boot_edit_options options = { .struct_size = sizeof(options),
							   .edit = &dry,
							   .force = true };
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit = NULL;
	struct stmboot_refusal why = { "", "" };
	enum stmboot_status status = stmboot_boot_edit_begin(ctx, image, &options, &why, &edit);

	*out = (struct staged){ 0 };
	if (status == STMBOOT_OK)
		status = change(edit, &why);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_stage(edit, &why, &plan);
	must(status == STMBOOT_OK || status == STMBOOT_NOT_FOUND, why.message);
	if (status == STMBOOT_OK)
		capture(sb_edit_overlay(edit->edit), out);
	stmboot_boot_edit_close(edit);
	return out->count != 0;
}

/* In memory: sectors of it are read again and again. */
static uint8_t *load(struct stmboot_context *ctx, const char *image, struct stmboot_source **out)
{
	struct stmboot_source *file = NULL;
	uint8_t *bytes;
	size_t size;

	must(stmboot_source_open_file(ctx, image, &file) == STMBOOT_OK, image);
	size = (size_t)stmboot_source_size(file);
	bytes = malloc(size);
	must(bytes != NULL && stmboot_source_read(file, 0, bytes, size) == STMBOOT_OK &&
		     stmboot_source_from_memory(ctx, bytes, size, out) == STMBOOT_OK,
	     image);
	stmboot_source_close(file);
	return bytes;
}

/* Without the order of its writes an edit leaves, some time, no good copy: or this sees nothing. */
static bool shows_disorder(struct stmboot_context *ctx, const struct change *change,
			   struct staged *staged, struct stmboot_source *medium, unsigned states)
{
	const struct kind edit = { "the same in disorder", replay, staged, NULL, false };

	for (size_t i = 0; i < staged->count; i++)
		staged->extents[i].order = SB_ORDER_DATA;
	if (!cut_without_log(ctx, &edit, medium, false, states + 1000, change->fit))
		return true;
	(void)printf("FAILED: %s: the order of the writes does not matter here\n", change->name);
	return false;
}

static bool run_change(struct stmboot_context *ctx, const struct change *change,
		       struct staged *staged, struct stmboot_source *medium, unsigned states)
{
	const struct kind edit = { change->name, replay, staged, NULL, false };
	const struct kind undo = { "undo of it", NULL, NULL, &edit, false };
	bool good = true;

	for (int device = 0; device < 2; device++) {
		good = cut_everywhere(ctx, &edit, medium, device != 0, states) && good;
		good = cut_everywhere(ctx, &undo, medium, device != 0, states) && good;
		if (change->fit == NULL)
			continue;
		good = cut_without_log(ctx, &edit, medium, device != 0, states, change->fit) &&
		       good;
		good = cut_without_log(ctx, &undo, medium, device != 0, states, change->fit) &&
		       good;
	}
	return (!change->ordered || shows_disorder(ctx, change, staged, medium, states)) && good;
}

static bool run_image(struct stmboot_context *ctx, const char *image, const char *only,
		      unsigned states)
{
	static const struct change changes[] = {
		{ "set-bootargs", change_argument, NULL, false },
		{ "extlinux add", add_labels, NULL, false },
		{ "extlinux timeout", change_time_out, NULL, false },
		{ "dtb set", change_tree, NULL, false },
		{ "dtb set that grows", grow_tree, NULL, false },
		{ "fs put of a new file", put_new_file, NULL, false },
		{ "fs put over another", put_other_file, NULL, false },
		{ "fs rm -r", remove_files, NULL, false },
		{ "fs mv", move_files, NULL, false },
		{ "fs mkdir -p", make_folders, NULL, false },
		{ "gpt set --new-guids", change_table, has_table, true },
		{ "gpt repair", repair_table, has_table, false },
		{ "part write fsbl", write_loaders, has_loader, true },
		{ "part write rootfs", write_rootfs, NULL, false },
		{ "fip replace", replace_uboot, NULL, false },
	};
	struct stmboot_source *medium = NULL;
	uint8_t *bytes = load(ctx, image, &medium);
	bool good = true;

	(void)printf("%s\n", image);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct staged staged;

		if (*only != '\0' && strcmp(only, changes[i].name) != 0)
			continue;
		if (stage(ctx, image, changes[i].make, &staged))
			good = run_change(ctx, &changes[i], &staged, medium, states) && good;
		free(staged.extents);
		free(staged.bytes);
	}
	stmboot_source_close(medium);
	free(bytes);
	return good;
}

int main(int argc, char **argv)
{
	unsigned states = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	struct stmboot_context *ctx = NULL;
	bool good = argc > 3;

	must(stmboot_context_new(NULL, &ctx) == STMBOOT_OK, "a context");
	for (int i = 3; i < argc; i++)
		good = run_image(ctx, argv[i], argv[2], states) && good;
	stmboot_context_free(ctx);
	return good ? 0 : 1;
}
