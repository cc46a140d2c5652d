/* SPDX-License-Identifier: MIT */
/* Packing a firmware package anew. */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "edit/edit.h"
#include "edit/fip_edit.h"
#include "source/source.h"

enum { CHUNK_BYTES = 64 << 10 };

/* One package being written; offsets are those in the partition. */
struct writer {
	const struct sb_fip_edit *f;
	uint8_t *chunk;
};

static enum stmboot_status write_copy(const struct writer *w, struct stmboot_source *src,
				      uint64_t from, uint64_t to, uint64_t size)
{
	enum stmboot_status status = STMBOOT_OK;

	for (uint64_t at = 0; at < size && status == STMBOOT_OK; at += CHUNK_BYTES) {
		size_t length = (size_t)sb_min_u64(CHUNK_BYTES, size - at);

		status = stmboot_source_read(src, from + at, w->chunk, length);
		if (status == STMBOOT_OK)
			status = stmboot_edit_write(w->f->edit->edit, w->f->part->offset + to + at,
						    w->chunk, length);
	}
	return status;
}

static enum stmboot_status write_zeros(const struct writer *w, uint64_t from, uint64_t end)
{
	enum stmboot_status status = STMBOOT_OK;

	memset(w->chunk, 0, CHUNK_BYTES);
	for (uint64_t at = from; at < end && status == STMBOOT_OK; at += CHUNK_BYTES)
		status = stmboot_edit_write(w->f->edit->edit, w->f->part->offset + at, w->chunk,
					    (size_t)sb_min_u64(CHUNK_BYTES, end - at));
	return status;
}

/* Where what follows the image of an entry begins. */
static uint64_t end_of(const struct stmboot_fip *fip, size_t index)
{
	uint64_t end = fip->total_bytes;

	for (size_t i = 0; i < fip->entry_count; i++)
		if (fip->entries[i].offset > fip->entries[index].offset)
			end = sb_min_u64(end, fip->entries[i].offset);
	return end;
}

/* With what is between it and the next one: zeros, where fiptool has packed it. */
static enum stmboot_status write_image(const struct writer *w, size_t index)
{
	const struct sb_fip_edit *f = w->f;
	const struct stmboot_fip_entry *old = &f->before->entries[index];
	const struct stmboot_fip_entry *new = &f->after.entries[index];
	enum stmboot_status status;

	if (f->taken[index] == NULL && old->offset == new->offset)
		return STMBOOT_OK;
	if (f->taken[index] == NULL)
		return write_copy(w, f->src, old->offset, new->offset,
				  end_of(f->before, index) - old->offset);
	status = write_copy(w, f->taken[index], 0, new->offset, new->size);
	if (status == STMBOOT_OK)
		status = write_zeros(w, new->offset + new->size, end_of(&f->after, index));
	return status;
}

static enum stmboot_status write_table(const struct writer *w)
{
	const struct sb_fip_edit *f = w->f;
	size_t size = (size_t)f->after.toc_bytes;
	uint8_t *bytes = sb_arena_alloc(&f->edit->arena, size);
	enum stmboot_status status;

	if (bytes == NULL)
		return STMBOOT_NO_MEMORY;
	sb_fip_encode(&f->after, bytes);
	status = stmboot_edit_write(f->edit->edit, f->part->offset, bytes, size);
	if (status == STMBOOT_OK)
		sb_overlay_mark(sb_edit_overlay(f->edit->edit), f->part->offset, size,
				SB_ORDER_METADATA);
	return status;
}

static enum stmboot_status write_all(const struct writer *w)
{
	const struct sb_fip_edit *f = w->f;
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < f->before->entry_count && status == STMBOOT_OK; i++)
		status = write_image(w, i);
	if (status == STMBOOT_OK)
		status = write_zeros(w, f->after.total_bytes, f->before->total_bytes);
	return status == STMBOOT_OK ? write_table(w) : status;
}

/* Whole sectors, of which the last may be one that the medium cuts. */
static enum stmboot_status confine(const struct sb_fip_edit *f)
{
	uint64_t end = f->before->total_bytes > f->after.total_bytes ? f->before->total_bytes
								     : f->after.total_bytes;

	return sb_edit_confine(f->edit->edit, f->part->offset,
			       sb_round_up_u64(end, SB_SECTOR_BYTES));
}

static enum stmboot_status read_again(struct sb_fip_edit *f)
{
	struct stmboot_context *ctx = f->edit->ctx;
	enum stmboot_status status =
		stmboot_source_window(ctx, stmboot_edit_source(f->edit->edit), f->part->offset,
				      f->part->size, &f->staged);

	if (status == STMBOOT_OK)
		status = stmboot_fip_decode(ctx, f->staged, &f->made);
	return status == STMBOOT_OK ? stmboot_fip_identify(ctx, f->staged, f->made) : status;
}

enum stmboot_status sb_fip_edit_stage(struct sb_fip_edit *f)
{
	struct writer w = { .f = f, .chunk = sb_alloc_uncleared(f->edit->ctx, CHUNK_BYTES) };
	enum stmboot_status status;

	if (w.chunk == NULL)
		return STMBOOT_NO_MEMORY;
	status = write_all(&w);
	sb_free(f->edit->ctx, w.chunk);
	if (status == STMBOOT_OK)
		status = confine(f);
	return status == STMBOOT_OK ? read_again(f) : status;
}
