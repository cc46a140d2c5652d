/* SPDX-License-Identifier: MIT */
/*
 * What a journal keeps from U-Boot, which never replays one before it reads:
 * the files of the boot as U-Boot finds them now, and as Linux will once it has
 * mounted the file system.
 */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "boot/facts.h"

enum { PIECE_BYTES = 64 << 10 };

void sb_facts_note_journal(struct sb_facts *facts, const struct stmboot_part *part, bool searched)
{
	if (part->ext4 == NULL || !part->ext4->needs_recovery ||
	    facts->journal_count == SB_MAX_JOURNALS)
		return;
	for (size_t i = 0; i < facts->journal_count; i++)
		if (facts->journals[i].part == part)
			return;
	facts->journals[facts->journal_count++] =
		(struct sb_journal){ .part = part, .searched = searched };
}

/* Both views of one file system while its files are compared. */
struct views {
	struct sb_facts *facts;
	uint32_t partition;
	struct stmboot_fs *uboot_fs;
	struct stmboot_fs *linux_fs;
	uint64_t block_bytes;
	uint8_t *one;
	uint8_t *other;
};

static enum stmboot_status look(struct stmboot_fs *fs, const char *path, struct sb_seen *seen)
{
	struct stmboot_fs_node node = { .inode = 0 };

	seen->status = stmboot_fs_stat(fs, path, true, &node);
	if (seen->status == STMBOOT_OK)
		seen->status = stmboot_fs_open(fs, path, &seen->src);
	seen->inode = node.inode;
	if (seen->status == STMBOOT_OK)
		seen->size = stmboot_source_size(seen->src);
	return sb_is_fatal(seen->status) ? seen->status : STMBOOT_OK;
}

/* Do both readers take a block of a file from the same place, or find a hole there? */
static bool is_shared(const struct sb_difference *file, uint64_t offset)
{
	uint64_t a = 0, b = 0;
	bool in_a = stmboot_source_locate(file->by_uboot.src, offset, &a);
	bool in_b = stmboot_source_locate(file->by_linux.src, offset, &b);

	return in_a == in_b && (!in_a || a == b);
}

/* How many bytes from `offset` on, where the readers part, both have in other places. */
static size_t piece_at(const struct views *views, const struct sb_difference *file, uint64_t offset,
		       uint64_t end)
{
	uint64_t at = offset;

	do
		at = (at / views->block_bytes + 1) * views->block_bytes;
	while (at < end && at - offset < PIECE_BYTES && !is_shared(file, at));
	return (size_t)sb_min_u64(sb_min_u64(at, end) - offset, PIECE_BYTES);
}

/* The first byte of a piece in which the readers differ; its size when they do not. */
static enum stmboot_status compare_piece(const struct views *views, struct sb_difference *file,
					 uint64_t offset, size_t size, size_t *differs)
{
	enum stmboot_status status =
		stmboot_source_read(file->by_uboot.src, offset, views->one, size);

	*differs = 0;
	if (status == STMBOOT_OK)
		status = stmboot_source_read(file->by_linux.src, offset, views->other, size);
	while (status == STMBOOT_OK && *differs < size &&
	       views->one[*differs] == views->other[*differs])
		++*differs;
	/* what one of them cannot read is no content */
	return sb_is_fatal(status) ? status : STMBOOT_OK;
}

/* A file may be given any size, and be named many times. */
static bool take_budget(struct sb_facts *facts, const struct sb_difference *file, uint64_t bytes)
{
	uint64_t left = sb_limits(facts->ctx)->max_unpacked_bytes - facts->compared_bytes;

	if (bytes > left) {
		if (facts->unloaded == NULL)
			facts->unloaded = file->path;
		return false;
	}
	facts->compared_bytes += bytes;
	return true;
}

/* Only what stands in other places is read. */
static enum stmboot_status compare_content(const struct views *views, struct sb_difference *file,
					   bool *differs)
{
	uint64_t end = sb_min_u64(file->by_uboot.size, file->by_linux.size), at = 0;

	*differs = false;
	while (at < end) {
		size_t size, same = 0;
		enum stmboot_status status;

		if (!take_budget(views->facts, file, views->block_bytes))
			return STMBOOT_OK;
		if (is_shared(file, at)) {
			at = (at / views->block_bytes + 1) * views->block_bytes;
			continue;
		}
		size = piece_at(views, file, at, end);
		if (!take_budget(views->facts, file, size))
			return STMBOOT_OK;
		status = compare_piece(views, file, at, size, &same);
		if (status != STMBOOT_OK)
			return status;
		at += same;
		if (same < size)
			break;
	}
	file->first = sb_min_u64(at, end);
	*differs = at < end || file->by_uboot.size != file->by_linux.size;
	return STMBOOT_OK;
}

static enum stmboot_status compare_seen(const struct views *views, struct sb_difference *file,
					bool *differs)
{
	bool by_uboot = file->by_uboot.src != NULL, by_linux = file->by_linux.src != NULL;

	*differs = by_uboot != by_linux;
	return by_uboot && by_linux ? compare_content(views, file, differs) : STMBOOT_OK;
}

static enum stmboot_status keep(struct sb_facts *facts, const struct sb_difference *file)
{
	struct sb_difference *added =
		sb_arena_push(facts->arena, &facts->differences, &facts->difference_count,
			      &facts->difference_capacity, sizeof(*added));

	if (added == NULL)
		return STMBOOT_NO_MEMORY;
	*added = *file;
	return STMBOOT_OK;
}

static enum stmboot_status compare_file(const struct views *views, const char *path,
					enum stmboot_stage stage)
{
	struct sb_difference file = { .partition = views->partition, .path = path, .stage = stage };
	bool differs = false;
	enum stmboot_status status;

	if (path == NULL)
		return STMBOOT_OK;
	status = look(views->uboot_fs, path, &file.by_uboot);
	if (status == STMBOOT_OK)
		status = look(views->linux_fs, path, &file.by_linux);
	if (status == STMBOOT_OK)
		status = compare_seen(views, &file, &differs);
	if (status == STMBOOT_OK && differs)
		status = keep(views->facts, &file);
	if (status != STMBOOT_OK || !differs) {
		stmboot_source_close(file.by_uboot.src);
		stmboot_source_close(file.by_linux.src);
	}
	return status;
}

/* What the label that counts has U-Boot load. */
static enum stmboot_status compare_attempt(const struct views *views,
					   const struct sb_attempt *attempt)
{
	enum stmboot_status status =
		compare_file(views, attempt->kernel.path, STMBOOT_STAGE_KERNEL);

	/* what is inside a FIT differs with it */
	if (status == STMBOOT_OK && !attempt->initrd_in_fit)
		status = compare_file(views, attempt->initrd.path, STMBOOT_STAGE_KERNEL);
	if (attempt->fdt_in_fit)
		return status;
	if (status == STMBOOT_OK)
		status = compare_file(views, attempt->fdt.path, STMBOOT_STAGE_DTB);
	for (size_t i = 0; i < attempt->overlay_count && status == STMBOOT_OK; i++)
		status = compare_file(views, attempt->overlays[i].file.path, STMBOOT_STAGE_DTB);
	return status;
}

/* A configuration also where U-Boot finds none, or one of those that it would find first. */
static enum stmboot_status compare_files(const struct views *views)
{
	const struct sb_facts *facts = views->facts;
	const struct sb_config *config = sb_facts_config(facts);
	enum stmboot_status status = STMBOOT_OK;
	bool is_place = false;

	for (size_t i = 0; status == STMBOOT_OK && i < facts->places.count; i++) {
		const char *path = facts->places.list[i].path;

		is_place = is_place || (config != NULL && strcmp(config->path, path) == 0);
		status = compare_file(views, path, STMBOOT_STAGE_EXTLINUX);
	}
	if (status != STMBOOT_OK || config == NULL || config->partition != views->partition)
		return status;
	if (!is_place)
		status = compare_file(views, config->path, STMBOOT_STAGE_EXTLINUX);
	if (status == STMBOOT_OK && facts->attempt != NULL)
		status = compare_attempt(views, facts->attempt);
	return status;
}

/* A journal that is not replayed shows nothing. */
static enum stmboot_status compare_views(struct sb_facts *facts, const struct sb_journal *journal)
{
	struct views views = { .facts = facts,
			       .partition = journal->part->number,
			       .block_bytes = journal->part->ext4->block_bytes };
	enum stmboot_status status =
		sb_image_fs_uboot(facts->image, views.partition, &views.uboot_fs);

	if (status == STMBOOT_OK)
		status = sb_image_fs_linux(facts->image, views.partition, &views.linux_fs);
	if (status != STMBOOT_OK)
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	views.one = sb_alloc_uncleared(facts->ctx, (size_t)2 * PIECE_BYTES);
	if (views.one == NULL)
		return STMBOOT_NO_MEMORY;
	views.other = views.one + PIECE_BYTES;
	status = compare_files(&views);
	sb_free(facts->ctx, views.one);
	return status;
}

enum stmboot_status sb_facts_journals(struct sb_facts *facts)
{
	enum stmboot_status status = STMBOOT_OK;

	if (facts->root != NULL)
		sb_facts_note_journal(facts, facts->root, false);
	for (size_t i = 0; i < facts->journal_count && status == STMBOOT_OK; i++) {
		struct sb_journal *journal = &facts->journals[i];

		journal->status =
			sb_image_journal(facts->image, journal->part->number, &journal->read);
		status = sb_is_fatal(journal->status) ? journal->status : STMBOOT_OK;
		if (journal->status == STMBOOT_OK && journal->searched)
			status = compare_views(facts, journal);
	}
	return status;
}
