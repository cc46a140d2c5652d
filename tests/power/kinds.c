/* SPDX-License-Identifier: MIT */
#include "kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEDIUM = (1 << 20) + 300 };

static const struct stmboot_edit_options options = { .struct_size = sizeof(options),
						     .state_directory = disk_state };

/* Bytes that no sector has already. */
static enum stmboot_status scribble(struct stmboot_edit *edit, uint64_t offset, size_t size,
				    enum sb_order order)
{
	uint8_t bytes[4096];
	enum stmboot_status status = STMBOOT_OK;

	for (size_t at = 0; at < size && status == STMBOOT_OK; at += sizeof(bytes)) {
		size_t part = size - at < sizeof(bytes) ? size - at : sizeof(bytes);

		for (size_t i = 0; i < part; i++)
			bytes[i] = (uint8_t)((offset + at + i) * 7 + (offset + at + i) / 512 + 3);
		status = stmboot_edit_write(edit, offset + at, bytes, part);
	}
	sb_overlay_mark(sb_edit_overlay(edit), offset, size, order);
	return status;
}

static enum stmboot_status stage_one_sector(struct stmboot_edit *edit, const void *user)
{
	(void)user;
	return scribble(edit, 70000, 40, SB_ORDER_DATA);
}

/* As an edit of a file and of the partition tables would. */
static enum stmboot_status stage_scattered(struct stmboot_edit *edit, const void *user)
{
	static const struct {
		uint64_t offset;
		size_t size;
		enum sb_order order;
	} parts[] = {
		{ 512 + 56, 16, SB_ORDER_TABLE },
		{ 1024, 2048, SB_ORDER_TABLE },
		{ 66560, 1024, SB_ORDER_SUPERBLOCK },
		{ 69632, 4096, SB_ORDER_METADATA },
		{ 100 * 1024, 1500, SB_ORDER_DATA },
		{ 200 * 1024, 4096, SB_ORDER_METADATA },
		{ 300 * 1024 + 77, 900, SB_ORDER_DATA },
		{ 1 << 19, 3000, SB_ORDER_DATA },
		{ MEDIUM - 300 - 2560, 2560, SB_ORDER_BACKUP_TABLE },
	};
	enum stmboot_status status = stmboot_edit_describe(edit, "many places", NULL, "changed");

	(void)user;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && status == STMBOOT_OK; i++)
		status = scribble(edit, parts[i].offset, parts[i].size, parts[i].order);
	return status;
}

static enum stmboot_status stage_large(struct stmboot_edit *edit, const void *user)
{
	enum stmboot_status status = scribble(edit, 150000, 200 << 10, SB_ORDER_DATA);

	(void)user;
	return status == STMBOOT_OK ? scribble(edit, 66000, 3000, SB_ORDER_METADATA) : status;
}

static enum stmboot_status stage_before(struct stmboot_edit *edit, const void *user)
{
	enum stmboot_status status = scribble(edit, 99 * 1024 + 100, 8 << 10, SB_ORDER_DATA);

	(void)user;
	return status == STMBOOT_OK ? scribble(edit, 66000, 1500, SB_ORDER_METADATA) : status;
}

static enum stmboot_status stage_end(struct stmboot_edit *edit, const void *user)
{
	(void)user;
	return scribble(edit, MEDIUM - 700, 700, SB_ORDER_DATA);
}

static enum stmboot_status stage_loaders(struct stmboot_edit *edit, const void *user)
{
	enum stmboot_status status = scribble(edit, 17408, 5000, SB_ORDER_OTHER_LOADER);

	(void)user;
	return status == STMBOOT_OK ? scribble(edit, 34816, 5000, SB_ORDER_LOADER) : status;
}

enum { FILE_BYTES = 256 << 10 };

/* One for all edits, whose own contexts may refuse memory. */
static struct stmboot_source *mapped_file(void)
{
	static uint8_t bytes[FILE_BYTES];
	static struct stmboot_source *src;
	static struct stmboot_context *ctx;

	if (src != NULL)
		return src;
	for (size_t i = 0; i < FILE_BYTES; i++)
		bytes[i] = (uint8_t)(i * 13 + i / 512 * 3 + 1);
	if (stmboot_context_new(NULL, &ctx) != STMBOOT_OK ||
	    stmboot_source_from_memory(ctx, bytes, FILE_BYTES, &src) != STMBOOT_OK)
		abort();
	return src;
}

static enum stmboot_status stage_mapped(struct stmboot_edit *edit, const void *user)
{
	struct sb_overlay *overlay = sb_edit_overlay(edit);
	enum stmboot_status status =
		sb_overlay_map(overlay, 200704, 200 << 10, mapped_file(), 1000, SB_ORDER_DATA);

	(void)user;
	if (status == STMBOOT_OK)
		status = scribble(edit, 210000, 700, SB_ORDER_DATA);
	return status == STMBOOT_OK
		       ? sb_overlay_map(overlay, 17408, 4096, mapped_file(), 77, SB_ORDER_LOADER)
		       : status;
}

static const struct kind first = { "an edit", stage_before, NULL, NULL, false };

const struct kind kinds[] = {
	{ "one sector", stage_one_sector, NULL, NULL, false },
	{ "many places, all orders", stage_scattered, NULL, NULL, false },
	{ "a large file", stage_large, NULL, NULL, false },
	{ "the short last sector", stage_end, NULL, NULL, false },
	{ "after an edit that was done", stage_scattered, NULL, &first, false },
	{ "after one that was interrupted", stage_scattered, NULL, &first, true },
	{ "two copies of a loader", stage_loaders, NULL, NULL, false },
	{ "from a file", stage_mapped, NULL, NULL, false },
	{ "from a file, after one that was interrupted", stage_mapped, NULL, &first, true },
	{ "an undo", NULL, NULL, &first, false },
};

const size_t kind_count = sizeof(kinds) / sizeof(kinds[0]);

struct stmboot_source *kinds_medium(struct stmboot_context *ctx)
{
	static uint8_t bytes[MEDIUM];
	struct stmboot_source *src = NULL;

	for (size_t i = 0; i < MEDIUM; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 512 * 5);
	memcpy(bytes + 512, "EFI PART", 8);
	if (stmboot_source_from_memory(ctx, bytes, MEDIUM, &src) != STMBOOT_OK)
		abort();
	return src;
}

enum stmboot_status kind_begin(struct stmboot_context *ctx, const struct kind *kind,
			       struct disk *disk, struct stmboot_edit **out)
{
	struct stmboot_edit *edit = NULL;
	enum stmboot_status status;

	if (kind->stage == NULL)
		return sb_edit_begin_undo(ctx, &disk->host, disk_image, &options, NULL, out);
	status = sb_edit_begin(ctx, &disk->host, disk_image, &options, NULL, &edit);
	if (status == STMBOOT_OK)
		status = kind->stage(edit, kind->user);
	if (status != STMBOOT_OK)
		stmboot_edit_close(edit);
	else
		*out = edit;
	return status;
}

static void must(bool truth, const char *what)
{
	if (truth)
		return;
	(void)fprintf(stderr, "kinds: %s\n", what);
	abort();
}

static void run_before(struct stmboot_context *ctx, const struct kind *kind, struct disk *disk)
{
	struct stmboot_edit *edit = NULL;

	must(kind_begin(ctx, kind, disk, &edit) == STMBOOT_OK, "the edit before begins");
	must(stmboot_edit_commit(edit, NULL) == STMBOOT_OK, "the edit before is done");
	stmboot_edit_close(edit);
}

/* In the middle of what follows the commit point: the image is torn. */
static size_t middle_of_apply(const struct disk *disk)
{
	size_t last = 0;

	for (size_t i = 0; i < disk->op_count; i++)
		if (disk->ops[i].kind == DISK_WRITE && disk->ops[i].file == 0)
			last = i;
	return last;
}

void kind_start(struct stmboot_context *ctx, const struct kind *kind, struct stmboot_source *medium,
		bool device, struct disk *out)
{
	struct disk empty, done;

	disk_init(&empty, medium, device);
	disk_copy(&empty, &done);
	if (kind->before != NULL)
		run_before(ctx, kind->before, &done);
	if (kind->interrupted)
		disk_cut(&empty, &done, middle_of_apply(&done), DISK_RANDOM, 1, out);
	else
		disk_copy(&done, out);
	disk_release(&done);
	disk_release(&empty);
}

static void add_sector(struct expected *expected, uint64_t number)
{
	size_t at = 0;

	while (at < expected->count && expected->sectors[at] < number)
		at++;
	if (at < expected->count && expected->sectors[at] == number)
		return;
	expected->sectors =
		realloc(expected->sectors, (expected->count + 1) * sizeof(*expected->sectors));
	must(expected->sectors != NULL, "memory");
	memmove(expected->sectors + at + 1, expected->sectors + at,
		(expected->count - at) * sizeof(*expected->sectors));
	expected->sectors[at] = number;
	expected->count++;
}

static size_t sector_size(const struct disk *disk, uint64_t number)
{
	uint64_t left = disk->files[0].size - number * 512;

	return left < 512 ? (size_t)left : 512;
}

static void read_sectors(const struct expected *expected, struct stmboot_source *src,
			 const struct disk *disk, uint8_t *to)
{
	for (size_t i = 0; i < expected->count; i++)
		must(stmboot_source_read(src, expected->sectors[i] * 512, to + i * 512,
					 sector_size(disk, expected->sectors[i])) == STMBOOT_OK,
		     "reading");
}

void expected_make(struct stmboot_context *ctx, const struct kind *kind, const struct disk *start,
		   struct disk *recorded, struct expected *out)
{
	struct stmboot_edit *edit = NULL;
	struct sb_medium medium = { 0 };
	struct disk before;

	*out = (struct expected){ 0 };
	disk_copy(start, recorded);
	must(kind_begin(ctx, kind, recorded, &edit) == STMBOOT_OK, "the edit begins");
	must(stmboot_edit_commit(edit, NULL) == STMBOOT_OK, "the edit is done");
	for (size_t i = 0; i < recorded->files[0].count; i++)
		add_sector(out, recorded->files[0].sectors[i].number);
	out->old_bytes = calloc(out->count, 512);
	out->new_bytes = calloc(out->count, 512);
	must(out->old_bytes != NULL && out->new_bytes != NULL, "memory");
	read_sectors(out, stmboot_edit_source(edit), start, out->new_bytes);
	stmboot_edit_close(edit);
	disk_copy(start, &before);
	must(sb_medium_open(ctx, &before.host, disk_image, disk_state, &medium) == STMBOOT_OK,
	     "the image before opens");
	read_sectors(out, medium.source, start, out->old_bytes);
	sb_medium_release(&medium);
	disk_release(&before);
}

void expected_release(struct expected *expected)
{
	free(expected->sectors);
	free(expected->old_bytes);
	free(expected->new_bytes);
}

static enum content compare(const struct expected *expected, const uint8_t *bytes)
{
	size_t size = expected->count * 512;

	if (memcmp(bytes, expected->new_bytes, size) == 0)
		return CONTENT_NEW;
	return memcmp(bytes, expected->old_bytes, size) == 0 ? CONTENT_OLD : CONTENT_NEITHER;
}

static bool is_expected(const struct expected *expected, uint64_t number)
{
	size_t low = 0, high = expected->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (expected->sectors[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < expected->count && expected->sectors[low] == number;
}

enum content content_of_disk(const struct expected *expected, const struct disk *disk)
{
	uint8_t *bytes = calloc(expected->count, 512);
	enum content content;

	must(bytes != NULL, "memory");
	for (size_t i = 0; i < expected->count; i++)
		disk_read_image(disk, expected->sectors[i] * 512, bytes + i * 512,
				sector_size(disk, expected->sectors[i]));
	content = compare(expected, bytes);
	for (size_t i = 0; i < disk->files[0].count; i++)
		if (!is_expected(expected, disk->files[0].sectors[i].number))
			content = CONTENT_NEITHER;
	free(bytes);
	return content;
}

enum content content_seen(struct stmboot_context *ctx, const struct expected *expected,
			  struct disk *disk)
{
	uint8_t *bytes = calloc(expected->count, 512);
	struct sb_medium medium = { 0 };
	enum content content = CONTENT_NEITHER;

	must(bytes != NULL, "memory");
	if (sb_medium_open(ctx, &disk->host, disk_image, disk_state, &medium) == STMBOOT_OK) {
		read_sectors(expected, medium.source, disk, bytes);
		content = compare(expected, bytes);
	}
	sb_medium_release(&medium);
	free(bytes);
	return content;
}

/* The state directory may hold undo records, and nothing else is left. */
static bool has_log(const struct disk *disk)
{
	for (size_t i = 0; i < disk->name_count; i++)
		if (disk->names[i].file > 0 && strstr(disk->names[i].path, "/undo/") == NULL)
			return true;
	return false;
}

bool recover(struct stmboot_context *ctx, struct disk *disk)
{
	enum stmboot_recovery found;

	return sb_edit_recover(ctx, &disk->host, disk_image, &options, NULL, &found) ==
		       STMBOOT_OK &&
	       !has_log(disk);
}
