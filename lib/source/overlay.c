/* SPDX-License-Identifier: MIT */
#include "source/overlay.h"

#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/crc32.h"
#include "source/ranges.h"
#include "source/sectors.h"
#include "source/source.h"

struct sb_overlay {
	struct stmboot_context *ctx;
	struct stmboot_source *base;   /* what a commit compares with */
	struct stmboot_source *cached; /* the same for reading: whoever edits reads much twice */
	struct stmboot_source *view;
	struct sb_sector *root;
	struct sb_ranges mapped; /* where no sector is pending */
	uint64_t size;
	uint64_t pending; /* bytes of sectors */
	uint64_t generation;
	uint64_t pruned; /* the generation that holds nothing but differences, or UINT64_MAX */
	enum stmboot_status status; /* the first failure */
	uint8_t old_bytes[SB_EXTENT_BYTES];
	uint8_t new_bytes[SB_EXTENT_BYTES];
};

static size_t sector_length(const struct sb_overlay *overlay, uint64_t number)
{
	return (size_t)sb_min_u64(SB_SECTOR_BYTES, overlay->size - number * SB_SECTOR_BYTES);
}

/* This one, or the first behind it that is pending. */
static struct sb_sector *next_pending(struct sb_sector *at)
{
	while (at != NULL && !at->pending)
		at = at->next;
	return at;
}

static struct sb_sector *pending_from(const struct sb_overlay *overlay, uint64_t number)
{
	return next_pending(sb_sectors_from(overlay->root, number));
}

static struct sb_sector *find_exactly(const struct sb_overlay *overlay, uint64_t number)
{
	struct sb_sector *at = sb_sectors_from(overlay->root, number);

	return at != NULL && at->number == number ? at : NULL;
}

/* Where the next pending sector begins, or the medium ends. */
static uint64_t start_of(const struct sb_overlay *overlay, const struct sb_sector *at)
{
	return at != NULL ? at->number * SB_SECTOR_BYTES : overlay->size;
}

static uint64_t start_of_range(const struct sb_overlay *overlay, const struct sb_range *range)
{
	return range != NULL ? range->offset : overlay->size;
}

/* Where no sector is pending: what is mapped there, else what the base has. *part is cut to fit. */
static enum stmboot_status read_below(const struct sb_overlay *overlay, uint64_t offset, void *to,
				      size_t *part)
{
	const struct sb_range *range = sb_ranges_from(&overlay->mapped, offset);
	uint64_t start = start_of_range(overlay, range);

	if (start > offset) {
		*part = (size_t)sb_min_u64(*part, start - offset);
		return stmboot_source_read(overlay->cached, offset, to, *part);
	}
	*part = (size_t)sb_min_u64(*part, start + range->length - offset);
	return stmboot_source_read(range->src, range->at + (offset - start), to, *part);
}

/* What is pending is not read from the base, which may not even be readable there. */
static enum stmboot_status overlay_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	const struct sb_overlay *overlay = self;
	const struct sb_sector *at = pending_from(overlay, offset / SB_SECTOR_BYTES);
	uint8_t *to = buffer;
	enum stmboot_status status = STMBOOT_OK;

	while (size > 0 && status == STMBOOT_OK) {
		uint64_t start = start_of(overlay, at);
		size_t part;

		if (start > offset) {
			part = (size_t)sb_min_u64(start - offset, size);
			status = read_below(overlay, offset, to, &part);
		} else {
			size_t skip = (size_t)(offset - start);

			part = (size_t)sb_min_u64(sector_length(overlay, at->number) - skip, size);
			memcpy(to, at->data + skip, part);
			at = next_pending(at->next);
		}
		to += part;
		offset += part;
		size -= part;
	}
	return status;
}

/* What is pending is data, also where the base has a hole. */
static enum stmboot_status overlay_next_data(void *self, uint64_t offset, uint64_t *start,
					     uint64_t *end)
{
	const struct sb_overlay *overlay = self;
	struct sb_extent extent;
	uint64_t from, to;
	enum stmboot_status status = stmboot_source_next_data(overlay->base, offset, &from, &to);

	if (status != STMBOOT_OK && status != STMBOOT_NOT_FOUND)
		return status;
	if (sb_overlay_next_place(overlay, offset - offset % SB_SECTOR_BYTES, &extent) ==
		    STMBOOT_OK &&
	    (status != STMBOOT_OK || extent.offset < from)) {
		from = extent.offset;
		to = extent.offset + extent.length;
		status = STMBOOT_OK;
	}
	if (status == STMBOOT_OK) {
		*start = from;
		*end = to;
	}
	return status;
}

static uint64_t overlay_generation(void *self)
{
	const struct sb_overlay *overlay = self;

	return overlay->generation + sb_source_generation(overlay->base);
}

static const struct stmboot_source_ops overlay_ops = {
	.struct_size = sizeof(overlay_ops),
	.read_at = overlay_read_at,
	.next_data = overlay_next_data,
	.generation = overlay_generation,
};

enum stmboot_status sb_overlay_new(struct stmboot_context *ctx, struct stmboot_source *base,
				   struct sb_overlay **out)
{
	struct sb_overlay *overlay = sb_alloc_uncleared(ctx, sizeof(*overlay));
	enum stmboot_status status;

	if (overlay == NULL)
		return STMBOOT_NO_MEMORY;
	memset(overlay, 0, offsetof(struct sb_overlay, old_bytes));
	overlay->ctx = ctx;
	overlay->mapped.ctx = ctx;
	overlay->base = base;
	overlay->pruned = UINT64_MAX;
	overlay->size = stmboot_source_size(base);
	status = sb_source_cache(ctx, base, NULL, &overlay->cached);
	if (status == STMBOOT_OK)
		status = sb_source_over(ctx, &overlay_ops, overlay, base, &overlay->view);
	if (status != STMBOOT_OK)
		sb_overlay_free(overlay);
	else
		*out = overlay;
	return status;
}

void sb_overlay_free(struct sb_overlay *overlay)
{
	if (overlay == NULL)
		return;
	sb_sectors_free(overlay->ctx, overlay->root);
	sb_ranges_release(&overlay->mapped);
	stmboot_source_close(overlay->view);
	stmboot_source_close(overlay->cached);
	sb_free(overlay->ctx, overlay);
}

struct stmboot_source *sb_overlay_source(struct sb_overlay *overlay)
{
	return overlay->view;
}

/* What is staged was made from what the base held: it must not be another by now. */
static enum stmboot_status check_old(struct sb_sector *sector, const uint8_t *old, size_t length)
{
	uint32_t crc = sb_crc32(0, old, length);

	if (sector->has_old_crc && sector->old_crc != crc)
		return STMBOOT_CONFLICT;
	sector->has_old_crc = true;
	sector->old_crc = crc;
	return STMBOOT_OK;
}

/* A sector to write into; *fresh when it holds nothing yet. */
static enum stmboot_status make_pending(struct sb_overlay *overlay, uint64_t number,
					struct sb_sector **out, bool *fresh)
{
	struct sb_sector *sector = find_exactly(overlay, number);

	*fresh = sector == NULL || !sector->pending;
	*out = sector;
	if (!*fresh)
		return STMBOOT_OK;
	if (overlay->pending + SB_SECTOR_BYTES > overlay->ctx->options.max_pending_bytes)
		return STMBOOT_LIMIT;
	if (sector == NULL) {
		sector = sb_alloc(overlay->ctx, sizeof(*sector));
		if (sector == NULL)
			return STMBOOT_NO_MEMORY;
		sector->number = number;
		overlay->root = sb_sectors_insert(overlay->root, sector);
	}
	*out = sector;
	return STMBOOT_OK;
}

static enum stmboot_status merge(struct sb_overlay *overlay, struct sb_sector *sector,
				 size_t length)
{
	enum stmboot_status status = stmboot_source_read(
		overlay->base, sector->number * SB_SECTOR_BYTES, sector->data, length);

	return status == STMBOOT_OK ? check_old(sector, sector->data, length) : status;
}

/* A sector that was mapped gets memory of its own. */
static enum stmboot_status take_from_range(struct sb_overlay *overlay, struct sb_sector *sector,
					   size_t length, const struct sb_range *range)
{
	uint64_t offset = sector->number * SB_SECTOR_BYTES;
	enum stmboot_status status = stmboot_source_read(
		range->src, range->at + (offset - range->offset), sector->data, length);

	sector->order = range->order;
	if (status == STMBOOT_OK)
		status = sb_ranges_cut(&overlay->mapped, offset, length);
	return status;
}

static enum stmboot_status fill_sector(struct sb_overlay *overlay, struct sb_sector *sector,
				       size_t length, bool whole)
{
	uint64_t offset = sector->number * SB_SECTOR_BYTES;
	const struct sb_range *range = sb_ranges_from(&overlay->mapped, offset);

	sector->order = SB_ORDER_DATA;
	if (range != NULL && range->offset <= offset)
		return take_from_range(overlay, sector, length, range);
	return whole ? STMBOOT_OK : merge(overlay, sector, length);
}

static enum stmboot_status write_sector(struct sb_overlay *overlay, uint64_t number, size_t skip,
					const uint8_t *data, size_t size)
{
	size_t length = sector_length(overlay, number);
	struct sb_sector *sector;
	bool fresh;
	enum stmboot_status status = make_pending(overlay, number, &sector, &fresh);

	if (status == STMBOOT_OK && fresh)
		status = fill_sector(overlay, sector, length, size == length);
	if (status != STMBOOT_OK)
		return status;
	if (fresh) {
		sector->pending = true;
		overlay->pending += length;
	}
	memcpy(sector->data + skip, data, size);
	return STMBOOT_OK;
}

enum stmboot_status sb_overlay_write(struct sb_overlay *overlay, uint64_t offset, const void *data,
				     size_t size)
{
	const uint8_t *from = data;

	overlay->generation++;
	if (!sb_range_within(offset, size, overlay->size))
		sb_overlay_fail(overlay, STMBOOT_TRUNCATED);
	while (overlay->status == STMBOOT_OK && size > 0) {
		size_t skip = (size_t)(offset % SB_SECTOR_BYTES);
		size_t part = (size_t)sb_min_u64(SB_SECTOR_BYTES - skip, size);

		sb_overlay_fail(overlay,
				write_sector(overlay, offset / SB_SECTOR_BYTES, skip, from, part));
		from += part;
		offset += part;
		size -= part;
	}
	return overlay->status;
}

static enum stmboot_status map(struct sb_overlay *overlay, const struct sb_range *range)
{
	const struct sb_range *next = sb_ranges_from(&overlay->mapped, range->offset);
	const struct sb_sector *at = pending_from(overlay, range->offset / SB_SECTOR_BYTES);
	uint64_t end;

	if (!sb_add_u64(range->offset, range->length, &end) || end > overlay->size ||
	    !sb_range_within(range->at, range->length, stmboot_source_size(range->src)))
		return STMBOOT_TRUNCATED;
	if (range->offset % SB_SECTOR_BYTES != 0 ||
	    (end % SB_SECTOR_BYTES != 0 && end != overlay->size) ||
	    (at != NULL && start_of(overlay, at) < end) || (next != NULL && next->offset < end))
		return STMBOOT_INVALID_ARGUMENT;
	return range->length != 0 ? sb_ranges_add(&overlay->mapped, range) : STMBOOT_OK;
}

enum stmboot_status sb_overlay_map(struct sb_overlay *overlay, uint64_t offset, uint64_t length,
				   struct stmboot_source *src, uint64_t src_offset,
				   enum sb_order order)
{
	const struct sb_range range = { .offset = offset,
					.length = length,
					.src = src,
					.at = src_offset,
					.order = (uint8_t)order };

	overlay->generation++;
	if (overlay->status == STMBOOT_OK)
		sb_overlay_fail(overlay, map(overlay, &range));
	return overlay->status;
}

enum stmboot_status sb_overlay_status(const struct sb_overlay *overlay)
{
	return overlay->status;
}

void sb_overlay_fail(struct sb_overlay *overlay, enum stmboot_status status)
{
	if (overlay->status == STMBOOT_OK)
		overlay->status = status;
}

void sb_overlay_mark(struct sb_overlay *overlay, uint64_t offset, uint64_t length,
		     enum sb_order order)
{
	struct sb_sector *at = pending_from(overlay, offset / SB_SECTOR_BYTES);

	for (; at != NULL; at = next_pending(at->next)) {
		uint64_t start = at->number * SB_SECTOR_BYTES;

		if (start >= offset && start - offset >= length)
			break;
		at->order = (uint8_t)order;
	}
}

static void forget(struct sb_overlay *overlay, uint64_t number)
{
	struct sb_sector *sector = find_exactly(overlay, number);

	if (sector != NULL && sector->pending) {
		sector->pending = false;
		overlay->pending -= sector_length(overlay, number);
	}
}

static enum stmboot_status read_old(struct sb_overlay *overlay, const struct sb_extent *extent)
{
	enum stmboot_status status = stmboot_source_read(overlay->base, extent->offset,
							 overlay->old_bytes, extent->length);
	struct sb_sector *sector = sb_sectors_from(overlay->root, extent->offset / SB_SECTOR_BYTES);

	for (; sector != NULL && status == STMBOOT_OK; sector = sector->next) {
		uint64_t at = sector->number * SB_SECTOR_BYTES - extent->offset;

		if (at >= extent->length)
			break;
		status = check_old(sector, overlay->old_bytes + at,
				   (size_t)sb_min_u64(SB_SECTOR_BYTES, extent->length - at));
	}
	return status;
}

/* The first pending sectors at or behind an offset; their bytes go to `bytes`, unless it is NULL.
 */
static enum stmboot_status next_sectors(const struct sb_overlay *overlay, uint64_t offset,
					uint8_t *bytes, struct sb_extent *out)
{
	uint64_t number = offset / SB_SECTOR_BYTES + (offset % SB_SECTOR_BYTES != 0);
	const struct sb_sector *at = pending_from(overlay, number);
	struct sb_extent extent = { 0 };

	if (at == NULL)
		return STMBOOT_NOT_FOUND;
	extent.offset = at->number * SB_SECTOR_BYTES;
	extent.order = (enum sb_order)at->order;
	do {
		size_t length = sector_length(overlay, at->number);

		if (bytes != NULL)
			memcpy(bytes + extent.length, at->data, length);
		extent.length += length;
		number = at->number + 1;
		at = extent.length < SB_EXTENT_BYTES ? at->next : NULL;
	} while (at != NULL && at->number == number && at->pending &&
		 at->order == (uint8_t)extent.order);
	*out = extent;
	return STMBOOT_OK;
}

static enum stmboot_status prune_sectors(struct sb_overlay *overlay, struct sb_meter *meter)
{
	struct sb_extent extent = { 0 };
	enum stmboot_status status;

	for (;;) {
		status = next_sectors(overlay, extent.offset + extent.length, overlay->new_bytes,
				      &extent);
		if (status == STMBOOT_OK)
			status = read_old(overlay, &extent);
		if (status != STMBOOT_OK)
			break;
		for (size_t at = 0; at < extent.length; at += SB_SECTOR_BYTES) {
			size_t part = (size_t)sb_min_u64(SB_SECTOR_BYTES, extent.length - at);

			if (memcmp(overlay->old_bytes + at, overlay->new_bytes + at, part) == 0)
				forget(overlay, (extent.offset + at) / SB_SECTOR_BYTES);
		}
		status = sb_meter_add(meter, extent.length);
		if (status != STMBOOT_OK)
			break;
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

enum stmboot_status sb_overlay_prune(struct sb_overlay *overlay)
{
	struct sb_meter meter = sb_meter(overlay->ctx, sb_overlay_pending(overlay), 1);
	enum stmboot_status status = STMBOOT_OK;

	if (overlay->pruned == overlay_generation(overlay))
		return STMBOOT_OK;
	status = prune_sectors(overlay, &meter);
	if (status == STMBOOT_OK)
		status = sb_ranges_prune(&overlay->mapped, overlay->base, overlay->old_bytes,
					 overlay->new_bytes, &meter);
	if (status == STMBOOT_OK)
		sb_overlay_settle(overlay);
	return status;
}

void sb_overlay_settle(struct sb_overlay *overlay)
{
	overlay->pruned = overlay_generation(overlay);
}

void sb_overlay_clear(struct sb_overlay *overlay)
{
	sb_sectors_free(overlay->ctx, overlay->root);
	overlay->root = NULL;
	sb_ranges_release(&overlay->mapped);
	overlay->pending = 0;
	overlay->generation++;
}

uint64_t sb_overlay_pending(const struct sb_overlay *overlay)
{
	return overlay->pending + overlay->mapped.bytes;
}

/* The range that the next pending sectors are of, unless they have memory of their own. */
static const struct sb_range *next_in_range(const struct sb_overlay *overlay, uint64_t offset,
					    struct sb_extent *out)
{
	uint64_t number = offset / SB_SECTOR_BYTES + (offset % SB_SECTOR_BYTES != 0);
	const struct sb_range *range = sb_ranges_from(&overlay->mapped, number * SB_SECTOR_BYTES);
	uint64_t start, end;

	if (range == NULL)
		return NULL;
	start = range->offset > offset ? range->offset : number * SB_SECTOR_BYTES;
	end = range->offset + range->length;
	if (start_of(overlay, pending_from(overlay, number)) < start)
		return NULL;
	*out = (struct sb_extent){ .offset = start, .order = (enum sb_order)range->order };
	out->length = (size_t)sb_min_u64(SB_EXTENT_BYTES, end - start);
	return range;
}

enum stmboot_status sb_overlay_next_place(const struct sb_overlay *overlay, uint64_t offset,
					  struct sb_extent *out)
{
	if (next_in_range(overlay, offset, out) != NULL)
		return STMBOOT_OK;
	return next_sectors(overlay, offset, NULL, out);
}

enum stmboot_status sb_overlay_next(struct sb_overlay *overlay, uint64_t offset, bool with_old,
				    struct sb_extent *out)
{
	struct sb_extent extent;
	const struct sb_range *range = next_in_range(overlay, offset, &extent);
	enum stmboot_status status;

	if (range != NULL)
		status =
			stmboot_source_read(range->src, range->at + (extent.offset - range->offset),
					    overlay->new_bytes, extent.length);
	else
		status = next_sectors(overlay, offset, overlay->new_bytes, &extent);
	if (status == STMBOOT_OK && with_old)
		status = read_old(overlay, &extent);
	if (status != STMBOOT_OK)
		return status;
	extent.new_bytes = overlay->new_bytes;
	extent.old_bytes = with_old ? overlay->old_bytes : NULL;
	*out = extent;
	return STMBOOT_OK;
}
