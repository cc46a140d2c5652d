/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/checked.h"
#include "source/overlay.h"
#include "source/ranges.h"

/* The list of more pieces would cost more than to write what is the same. */
enum { MOST_PIECES = 1 << 16 };

struct pruning {
	struct stmboot_source *base;
	struct sb_ranges kept;
	uint8_t *old_bytes, *new_bytes;
	struct sb_meter *meter;
};

/* The first byte at or behind `at` that is in no hole, both counted from `first`. */
static enum stmboot_status find_data(struct stmboot_source *src, uint64_t first, uint64_t length,
				     uint64_t at, uint64_t *out)
{
	uint64_t start, end;
	enum stmboot_status status = stmboot_source_next_data(src, first + at, &start, &end);

	if (status == STMBOOT_NOT_FOUND) {
		*out = length;
		return STMBOOT_OK;
	}
	if (status == STMBOOT_OK)
		*out = start > first + at ? sb_min_u64(start - first, length) : at;
	return status;
}

/* Where both have a hole there is nothing to compare. */
static enum stmboot_status skip_holes(const struct pruning *p, const struct sb_range *range,
				      uint64_t *at)
{
	uint64_t old_data = 0, new_data = 0, data;
	enum stmboot_status status;

	if (*at >= range->length)
		return STMBOOT_OK;
	status = find_data(p->base, range->offset, range->length, *at, &old_data);
	if (status == STMBOOT_OK)
		status = find_data(range->src, range->at, range->length, *at, &new_data);
	if (status != STMBOOT_OK)
		return status;
	data = sb_min_u64(old_data, new_data);
	*at = data < range->length ? data - data % SB_SECTOR_BYTES : data;
	return STMBOOT_OK;
}

/* The first run of sectors that differ, at *at or behind it; 0 when none does. */
static size_t next_difference(const struct pruning *p, size_t length, size_t *at)
{
	size_t end = 0;

	for (size_t i = *at; i < length; i += SB_SECTOR_BYTES) {
		size_t part = (size_t)sb_min_u64(SB_SECTOR_BYTES, length - i);
		bool same = memcmp(p->old_bytes + i, p->new_bytes + i, part) == 0;

		if (same && end != 0)
			break;
		if (same)
			continue;
		if (end == 0)
			*at = i;
		end = i + part;
	}
	return end != 0 ? end - *at : 0;
}

/* A piece that follows the last one is a part of it. */
static enum stmboot_status keep(struct pruning *p, const struct sb_range *range, uint64_t at,
				uint64_t length)
{
	struct sb_ranges *kept = &p->kept;
	struct sb_range *last = kept->count != 0 ? &kept->items[kept->count - 1] : NULL;
	struct sb_range piece = *range;

	piece.offset += at;
	piece.at += at;
	piece.length = length;
	if (last != NULL && last->src == piece.src && last->order == piece.order &&
	    last->offset + last->length == piece.offset && last->at + last->length == piece.at) {
		last->length += length;
		kept->bytes += length;
		return STMBOOT_OK;
	}
	return sb_ranges_add(kept, &piece);
}

static enum stmboot_status keep_differences(struct pruning *p, const struct sb_range *range,
					    uint64_t at, size_t length)
{
	enum stmboot_status status = STMBOOT_OK;
	size_t run;

	if (p->kept.count >= MOST_PIECES)
		return keep(p, range, at, length);
	for (size_t i = 0; status == STMBOOT_OK; i += run) {
		run = next_difference(p, length, &i);
		if (run == 0)
			break;
		status = keep(p, range, at + i, run);
	}
	return status;
}

static enum stmboot_status prune_range(struct pruning *p, const struct sb_range *range)
{
	uint64_t at = 0, before = 0;
	enum stmboot_status status = skip_holes(p, range, &at);

	while (status == STMBOOT_OK && at < range->length) {
		size_t length = (size_t)sb_min_u64(SB_PRUNE_BYTES, range->length - at);

		status = stmboot_source_read(p->base, range->offset + at, p->old_bytes, length);
		if (status == STMBOOT_OK)
			status = stmboot_source_read(range->src, range->at + at, p->new_bytes,
						     length);
		if (status == STMBOOT_OK)
			status = keep_differences(p, range, at, length);
		at += length;
		if (status == STMBOOT_OK)
			status = skip_holes(p, range, &at);
		if (status == STMBOOT_OK)
			status = sb_meter_add(p->meter, at - before);
		before = at;
	}
	return status;
}

enum stmboot_status sb_ranges_prune(struct sb_ranges *ranges, struct stmboot_source *base,
				    uint8_t *old_bytes, uint8_t *new_bytes, struct sb_meter *meter)
{
	struct pruning p = { .base = base,
			     .kept = { .ctx = ranges->ctx },
			     .old_bytes = old_bytes,
			     .new_bytes = new_bytes,
			     .meter = meter };
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < ranges->count && status == STMBOOT_OK; i++)
		status = prune_range(&p, &ranges->items[i]);
	if (status != STMBOOT_OK) {
		sb_ranges_release(&p.kept);
		return status;
	}
	sb_ranges_release(ranges);
	*ranges = p.kept;
	return STMBOOT_OK;
}
