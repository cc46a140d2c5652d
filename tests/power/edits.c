/* SPDX-License-Identifier: MIT */
/*
 * Cuts the power during real edits of real images.
 *
 * usage: power_edits STATES IMAGE...
 *
 * What stmboot would write to the image is staged once, and then committed on
 * a disk in memory that holds the image, as a file and as a block device.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut.h"
#include "edit/boot_edit.h"

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

static void stage(struct stmboot_context *ctx, const char *image, change_fn *change,
		  struct staged *out)
{
	const struct stmboot_edit_options dry = { .struct_size = sizeof(dry), .dry_run = true };
	const struct stmboot_boot_edit_options options = { .struct_size = sizeof(options),
							   .edit = &dry,
							   .force = true };
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit = NULL;
	struct stmboot_refusal why = { "", "" };

	if (stmboot_boot_edit_begin(ctx, image, &options, &why, &edit) != STMBOOT_OK ||
	    change(edit, &why) != STMBOOT_OK ||
	    stmboot_boot_edit_stage(edit, &why, &plan) != STMBOOT_OK)
		must(false, why.message);
	capture(sb_edit_overlay(edit->edit), out);
	must(out->count != 0, "the edit changes nothing");
	stmboot_boot_edit_close(edit);
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

static bool run_image(struct stmboot_context *ctx, const char *image, unsigned states)
{
	static change_fn *const changes[] = { change_argument, add_labels, change_time_out,
					      change_tree, grow_tree };
	static const char *const names[] = { "set-bootargs", "extlinux add", "extlinux timeout",
					     "dtb set", "dtb set that grows" };
	struct stmboot_source *medium = NULL;
	uint8_t *bytes = load(ctx, image, &medium);
	bool good = true;

	(void)printf("%s\n", image);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct staged staged;
		struct kind edit = { names[i], replay, &staged, NULL, false };
		struct kind undo = { "undo of it", NULL, NULL, &edit, false };

		stage(ctx, image, changes[i], &staged);
		for (int device = 0; device < 2; device++) {
			good = cut_everywhere(ctx, &edit, medium, device != 0, states) && good;
			good = cut_everywhere(ctx, &undo, medium, device != 0, states) && good;
		}
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
	bool good = argc > 2;

	must(stmboot_context_new(NULL, &ctx) == STMBOOT_OK, "a context");
	for (int i = 2; i < argc; i++)
		good = run_image(ctx, argv[i], states) && good;
	stmboot_context_free(ctx);
	return good ? 0 : 1;
}
