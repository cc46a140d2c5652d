/* SPDX-License-Identifier: MIT */
/* Changing images of firmware packages. */
#include "edit/fip_edit.h"

#include <inttypes.h>
#include <string.h>

#include <stmboot/place.h>
#include <stmboot/text.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/similar.h"
#include "edit/edit.h"
#include "edit/part_edit.h"
#include "source/source.h"

enum { COMPARE_BYTES = 32 << 10 };

enum stmboot_status sb_fip_edit_compare(const struct sb_fip_edit *f, struct stmboot_source *a,
					uint64_t a_offset, struct stmboot_source *b,
					uint64_t b_offset, uint64_t size, bool *same)
{
	uint8_t *buffers = sb_alloc_uncleared(f->edit->ctx, (size_t)2 * COMPARE_BYTES);
	enum stmboot_status status = STMBOOT_OK;

	if (buffers == NULL)
		return STMBOOT_NO_MEMORY;
	*same = true;
	for (uint64_t at = 0; at < size && status == STMBOOT_OK && *same; at += COMPARE_BYTES) {
		size_t length = (size_t)sb_min_u64(COMPARE_BYTES, size - at);

		status = stmboot_source_read(a, a_offset + at, buffers, length);
		if (status == STMBOOT_OK)
			status = stmboot_source_read(b, b_offset + at, buffers + COMPARE_BYTES,
						     length);
		*same = status == STMBOOT_OK &&
			memcmp(buffers, buffers + COMPARE_BYTES, length) == 0;
	}
	sb_free(f->edit->ctx, buffers);
	return status;
}

/* What the edit stages beside it does not count: the image as it is. */
static enum stmboot_status open_package(struct sb_fip_edit *f)
{
	struct stmboot_context *ctx = f->edit->ctx;
	enum stmboot_status status = stmboot_source_window(ctx, f->edit->edit->medium.source,
							   f->part->offset, f->part->size, &f->src);

	if (status == STMBOOT_OK)
		status = stmboot_fip_decode(ctx, f->src, &f->before);
	if (status != STMBOOT_OK)
		return status;
	if (!sb_fip_is_sound(f->before))
		return sb_refuse(
			f->why, STMBOOT_CORRUPT,
			"make it again with fiptool; 'stmboot fip show' says what is wrong",
			"the firmware package in %s is damaged", f->where);
	return stmboot_fip_identify(ctx, f->src, f->before);
}

static enum stmboot_status find_package(struct sb_fip_edit *f, const char *partition)
{
	struct stmboot_boot_edit *edit = f->edit;
	enum stmboot_status status = STMBOOT_OK;

	/* What was not found may be there all the same, and be another thing than it seems. */
	if (!edit->force)
		status = sb_refuse_unread(&edit->before, 0, f->why);
	if (status == STMBOOT_OK)
		status = stmboot_place_fip(edit->before.image, edit->before.boot, partition, f->why,
					   &f->part);
	if (status != STMBOOT_OK)
		return status;
	f->where = sb_part_text(&edit->arena, f->part);
	if (f->where == NULL)
		return STMBOOT_NO_MEMORY;
	if (f->part->available < f->part->size)
		return sb_refuse(f->why, STMBOOT_TRUNCATED, "write the complete image again",
				 "the image is cut short: of %s only %" PRIu64 " bytes are there",
				 f->where, f->part->available);
	for (size_t i = 0; i < edit->package_count; i++)
		if (edit->packages[i] == f->part->number)
			return sb_refuse(f->why, STMBOOT_CONFLICT, "change all its images at once",
					 "the firmware package in %s was changed in this edit "
					 "already",
					 f->where);
	return sb_part_check_file(edit, f->part->number, f->why);
}

static enum stmboot_status refuse_name(const struct sb_fip_edit *f, const char *name)
{
	const struct stmboot_fip *fip = f->before;
	const char *names = "", *best = NULL;
	char room[SB_DID_YOU_MEAN];

	for (size_t i = 0; i < fip->entry_count && names != NULL; i++)
		names = sb_arena_printf(&f->edit->arena, "%s%s%s", names, i > 0 ? ", " : "",
					sb_fip_label(&fip->entries[i]));
	if (names == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < fip->entry_count; i++)
		stmboot_similar(name, sb_fip_label(&fip->entries[i]), &best);
	return sb_refuse(
		f->why, STMBOOT_NOT_FOUND, sb_did_you_mean(best, "'fiptool update' adds one", room),
		"the firmware package in %s has no image '%s', but: %s", f->where, name, names);
}

/* The image of an entry becomes what the source holds, unless it is that. */
static enum stmboot_status take_one(struct sb_fip_edit *f,
				    const struct stmboot_fip_replacement *replacement)
{
	const struct stmboot_fip_entry *e = stmboot_fip_find(f->before, replacement->name);
	struct stmboot_source **place;
	bool same = false;
	enum stmboot_status status = STMBOOT_OK;

	if (e == NULL)
		return refuse_name(f, replacement->name);
	if (stmboot_source_size(replacement->src) == 0)
		return sb_refuse(f->why, STMBOOT_INVALID_ARGUMENT, NULL, "the file for %s is empty",
				 sb_fip_label(e));
	place = &f->taken[e - f->before->entries];
	if (*place != NULL)
		return sb_refuse(f->why, STMBOOT_INVALID_ARGUMENT, NULL,
				 "%s is to be replaced twice", sb_fip_label(e));
	if (stmboot_source_size(replacement->src) == e->size)
		status = sb_fip_edit_compare(f, f->src, e->offset, replacement->src, 0, e->size,
					     &same);
	if (status == STMBOOT_IO)
		return sb_refuse_work(f->why, status, "read the file, or the image", NULL);
	if (status == STMBOOT_OK && !same)
		*place = replacement->src;
	return status;
}

static enum stmboot_status
take_all(struct sb_fip_edit *f, const struct stmboot_fip_replacement *replacements, size_t count)
{
	enum stmboot_status status = STMBOOT_OK;

	f->taken = sb_arena_array(&f->edit->arena, f->before->entry_count, sizeof(*f->taken));
	if (f->taken == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < count && status == STMBOOT_OK; i++)
		status = take_one(f, &replacements[i]);
	return status;
}

static bool takes_any(const struct sb_fip_edit *f)
{
	for (size_t i = 0; i < f->before->entry_count; i++)
		if (f->taken[i] != NULL)
			return true;
	return false;
}

static enum stmboot_status lay_out(struct sb_fip_edit *f)
{
	uint64_t *sizes = sb_arena_array(&f->edit->arena, f->before->entry_count, sizeof(*sizes));

	if (sizes == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < f->before->entry_count; i++)
		sizes[i] = sb_fip_edit_size(f, i);
	return sb_fip_repack(&f->edit->arena, f->before, sizes, &f->after);
}

/* "U-Boot 2023.10, 523124 bytes" */
static const char *content_text(const struct sb_fip_edit *f, const struct stmboot_fip *fip,
				size_t index)
{
	const struct stmboot_fip_payload *payload = &fip->payloads[index];
	uint64_t size = fip->entries[index].size;

	if (payload->program != NULL)
		return sb_arena_printf(&f->edit->arena, "%s %s, %" PRIu64 " bytes",
				       payload->program, payload->version, size);
	if (payload->board != NULL)
		return sb_arena_printf(&f->edit->arena, "device tree for %s, %" PRIu64 " bytes",
				       payload->board, size);
	return sb_arena_printf(&f->edit->arena, "%" PRIu64 " bytes", size);
}

static enum stmboot_status describe(const struct sb_fip_edit *f)
{
	struct sb_arena *arena = &f->edit->arena;
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < f->before->entry_count && status == STMBOOT_OK; i++) {
		const char *what, *before, *after;

		if (f->taken[i] == NULL)
			continue;
		what = sb_arena_printf(arena, "%s in %s", sb_fip_label(&f->before->entries[i]),
				       f->where);
		before = content_text(f, f->before, i);
		after = content_text(f, f->made, i);
		if (arena->failed)
			return STMBOOT_NO_MEMORY;
		status = stmboot_edit_describe(f->edit->edit, what, before, after);
	}
	return status;
}

static enum stmboot_status remember(struct sb_fip_edit *f)
{
	struct stmboot_boot_edit *edit = f->edit;
	uint32_t *number = sb_arena_push(&edit->arena, &edit->packages, &edit->package_count,
					 &edit->package_capacity, sizeof(*number));

	if (number == NULL)
		return STMBOOT_NO_MEMORY;
	*number = f->part->number;
	return STMBOOT_OK;
}

static enum stmboot_status change(struct sb_fip_edit *f)
{
	enum stmboot_status status = lay_out(f);

	if (status == STMBOOT_OK)
		status = sb_fip_edit_check_room(f);
	if (status == STMBOOT_OK)
		status = remember(f);
	if (status == STMBOOT_OK)
		status = sb_fip_edit_stage(f);
	if (status == STMBOOT_OK)
		status = sb_fip_edit_check_staged(f);
	return status == STMBOOT_OK ? describe(f) : status;
}

static void release(struct sb_fip_edit *f)
{
	stmboot_fip_free(f->made);
	stmboot_source_close(f->staged);
	stmboot_fip_free(f->before);
	stmboot_source_close(f->src);
}

enum stmboot_status stmboot_fip_edit_replace(struct stmboot_boot_edit *edit, const char *partition,
					     const struct stmboot_fip_replacement *replacements,
					     size_t count, struct stmboot_refusal *why)
{
	struct sb_fip_edit f = { .edit = edit, .why = why };
	enum stmboot_status status = find_package(&f, partition);

	if (status == STMBOOT_OK)
		status = open_package(&f);
	if (status == STMBOOT_OK)
		status = take_all(&f, replacements, count);
	if (status == STMBOOT_OK && takes_any(&f))
		status = change(&f);
	release(&f);
	return sb_boot_edit_spoil(edit, status, why);
}
