/* SPDX-License-Identifier: MIT */
#include "source/overlay.h"

#include <string.h>
#include <zlib.h>

#include "base/checked.h"
#include "base/context.h"
#include "source/source.h"

/*
 * Pending sectors form an AA tree (A. Andersson, "Balanced Search Trees Made
 * Simple", 1993), whose depth is at most twice the logarithm of their number.
 * A sector that is forgotten stays in the tree as a place for the next write.
 */
struct sector {
	struct sector *left;
	struct sector *right;
	uint64_t number;
	uint8_t level;
	uint8_t order;
	bool pending;
	bool has_old_crc;
	uint32_t old_crc; /* of what the base held when it was first read */
	uint8_t data[SB_SECTOR_BYTES];
};

struct sb_overlay {
	struct stmboot_context *ctx;
	struct stmboot_source *base;   /* what a commit compares with */
	struct stmboot_source *cached; /* the same for reading: whoever edits reads much twice */
	struct stmboot_source *view;
	struct sector *root;
	uint64_t size;
	uint64_t pending; /* bytes */
	uint64_t generation;
	enum stmboot_status status; /* the first failure */
	uint8_t old_bytes[SB_EXTENT_BYTES];
	uint8_t new_bytes[SB_EXTENT_BYTES];
};

static size_t sector_length(const struct sb_overlay *overlay, uint64_t number)
{
	return (size_t)sb_min_u64(SB_SECTOR_BYTES, overlay->size - number * SB_SECTOR_BYTES);
}

static struct sector *skew(struct sector *at)
{
	struct sector *left = at->left;

	if (left == NULL || left->level != at->level)
		return at;
	at->left = left->right;
	left->right = at;
	return left;
}

static struct sector *split(struct sector *at)
{
	struct sector *right = at->right;

	if (right == NULL || right->right == NULL || right->right->level != at->level)
		return at;
	at->right = right->left;
	right->left = at;
	right->level++;
	return right;
}

/* `added` is not in the tree yet. */
static struct sector *insert(struct sector *at, struct sector *added)
{
	if (at == NULL)
		return added;
	if (added->number < at->number)
		at->left = insert(at->left, added);
	else
		at->right = insert(at->right, added);
	return split(skew(at));
}

/* The first sector of the tree whose number is not below, or NULL. */
static struct sector *find_from(const struct sb_overlay *overlay, uint64_t number)
{
	struct sector *at = overlay->root;
	struct sector *found = NULL;

	while (at != NULL) {
		if (at->number >= number)
			found = at;
		at = at->number >= number ? at->left : at->right;
	}
	return found;
}

static struct sector *pending_from(const struct sb_overlay *overlay, uint64_t number)
{
	struct sector *at = find_from(overlay, number);

	while (at != NULL && !at->pending)
		at = find_from(overlay, at->number + 1);
	return at;
}

static struct sector *find_exactly(const struct sb_overlay *overlay, uint64_t number)
{
	struct sector *at = find_from(overlay, number);

	return at != NULL && at->number == number ? at : NULL;
}

static void free_sectors(struct sb_overlay *overlay)
{
	struct sector *at = overlay->root;

	while (at != NULL) {
		struct sector *next = at->right;

		if (at->left != NULL) { /* turn the tree into a list on the way */
			struct sector *left = at->left;

			at->left = left->right;
			left->right = at;
			at = left;
			continue;
		}
		sb_free(overlay->ctx, at);
		at = next;
	}
	overlay->root = NULL;
}

/* What is pending is not read from the base, which may not even be readable there. */
static enum stmboot_status overlay_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	const struct sb_overlay *overlay = self;
	const struct sector *at = pending_from(overlay, offset / SB_SECTOR_BYTES);
	uint8_t *to = buffer;
	enum stmboot_status status = STMBOOT_OK;

	while (size > 0 && status == STMBOOT_OK) {
		uint64_t start = at != NULL ? at->number * SB_SECTOR_BYTES : overlay->size;
		size_t part;

		if (at == NULL || start > offset) {
			part = (size_t)sb_min_u64(start - offset, size);
			status = stmboot_source_read(overlay->cached, offset, to, part);
		} else {
			size_t skip = (size_t)(offset - start);

			part = (size_t)sb_min_u64(sector_length(overlay, at->number) - skip, size);
			memcpy(to, at->data + skip, part);
			at = pending_from(overlay, at->number + 1);
		}
		to += part;
		offset += part;
		size -= part;
	}
	return status;
}

/* A pending sector is data, also where the base has a hole. */
static enum stmboot_status overlay_next_data(void *self, uint64_t offset, uint64_t *start,
					     uint64_t *end)
{
	const struct sb_overlay *overlay = self;
	const struct sector *at = pending_from(overlay, offset / SB_SECTOR_BYTES);
	uint64_t from, to;
	enum stmboot_status status = stmboot_source_next_data(overlay->base, offset, &from, &to);

	if (status != STMBOOT_OK && status != STMBOOT_NOT_FOUND)
		return status;
	if (at != NULL && (status != STMBOOT_OK || at->number * SB_SECTOR_BYTES < from)) {
		from = at->number * SB_SECTOR_BYTES;
		to = from + sector_length(overlay, at->number);
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
	struct sb_overlay *overlay = sb_alloc(ctx, sizeof(*overlay));
	enum stmboot_status status;

	if (overlay == NULL)
		return STMBOOT_NO_MEMORY;
	overlay->ctx = ctx;
	overlay->base = base;
	overlay->size = stmboot_source_size(base);
	status = sb_source_cache(ctx, base, &overlay->cached);
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
	free_sectors(overlay);
	stmboot_source_close(overlay->view);
	stmboot_source_close(overlay->cached);
	sb_free(overlay->ctx, overlay);
}

struct stmboot_source *sb_overlay_source(struct sb_overlay *overlay)
{
	return overlay->view;
}

/* What is staged was made from what the base held: it must not be another by now. */
static enum stmboot_status check_old(struct sector *sector, const uint8_t *old, size_t length)
{
	uint32_t crc = (uint32_t)crc32(0, old, (uInt)length);

	if (sector->has_old_crc && sector->old_crc != crc)
		return STMBOOT_CONFLICT;
	sector->has_old_crc = true;
	sector->old_crc = crc;
	return STMBOOT_OK;
}

/* A sector to write into; *fresh when it holds nothing yet. */
static enum stmboot_status make_pending(struct sb_overlay *overlay, uint64_t number,
					struct sector **out, bool *fresh)
{
	struct sector *sector = find_exactly(overlay, number);

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
		sector->level = 1;
		overlay->root = insert(overlay->root, sector);
	}
	*out = sector;
	return STMBOOT_OK;
}

static enum stmboot_status merge(struct sb_overlay *overlay, struct sector *sector, size_t length)
{
	enum stmboot_status status = stmboot_source_read(
		overlay->base, sector->number * SB_SECTOR_BYTES, sector->data, length);

	return status == STMBOOT_OK ? check_old(sector, sector->data, length) : status;
}

static enum stmboot_status write_sector(struct sb_overlay *overlay, uint64_t number, size_t skip,
					const uint8_t *data, size_t size)
{
	size_t length = sector_length(overlay, number);
	struct sector *sector;
	bool fresh;
	enum stmboot_status status = make_pending(overlay, number, &sector, &fresh);

	if (status == STMBOOT_OK && fresh && size != length)
		status = merge(overlay, sector, length);
	if (status != STMBOOT_OK)
		return status;
	if (fresh) {
		sector->pending = true;
		sector->order = SB_ORDER_DATA;
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
	struct sector *at = pending_from(overlay, offset / SB_SECTOR_BYTES);

	for (; at != NULL; at = pending_from(overlay, at->number + 1)) {
		uint64_t start = at->number * SB_SECTOR_BYTES;

		if (start >= offset && start - offset >= length)
			break;
		at->order = (uint8_t)order;
	}
}

static void forget(struct sb_overlay *overlay, uint64_t number)
{
	struct sector *sector = find_exactly(overlay, number);

	if (sector == NULL || !sector->pending)
		return;
	sector->pending = false;
	overlay->pending -= sector_length(overlay, number);
}

enum stmboot_status sb_overlay_prune(struct sb_overlay *overlay)
{
	struct sb_extent extent = { 0 };
	enum stmboot_status status;

	for (;;) {
		status = sb_overlay_next(overlay, extent.offset + extent.length, true, &extent);
		if (status != STMBOOT_OK)
			break;
		for (size_t at = 0; at < extent.length; at += SB_SECTOR_BYTES) {
			size_t part = (size_t)sb_min_u64(SB_SECTOR_BYTES, extent.length - at);

			if (memcmp(extent.old_bytes + at, extent.new_bytes + at, part) == 0)
				forget(overlay, (extent.offset + at) / SB_SECTOR_BYTES);
		}
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

void sb_overlay_clear(struct sb_overlay *overlay)
{
	free_sectors(overlay);
	overlay->pending = 0;
	overlay->generation++;
}

uint64_t sb_overlay_pending(const struct sb_overlay *overlay)
{
	return overlay->pending;
}

static enum stmboot_status read_old(struct sb_overlay *overlay, const struct sb_extent *extent)
{
	enum stmboot_status status = stmboot_source_read(overlay->base, extent->offset,
							 overlay->old_bytes, extent->length);

	for (size_t at = 0; at < extent->length && status == STMBOOT_OK; at += SB_SECTOR_BYTES) {
		struct sector *sector =
			find_exactly(overlay, (extent->offset + at) / SB_SECTOR_BYTES);

		if (sector != NULL)
			status =
				check_old(sector, overlay->old_bytes + at,
					  (size_t)sb_min_u64(SB_SECTOR_BYTES, extent->length - at));
	}
	return status;
}

enum stmboot_status sb_overlay_next(struct sb_overlay *overlay, uint64_t offset, bool with_old,
				    struct sb_extent *out)
{
	uint64_t number = offset / SB_SECTOR_BYTES + (offset % SB_SECTOR_BYTES != 0);
	const struct sector *at = pending_from(overlay, number);
	struct sb_extent extent = { .new_bytes = overlay->new_bytes };
	enum stmboot_status status;

	if (at == NULL)
		return STMBOOT_NOT_FOUND;
	extent.offset = at->number * SB_SECTOR_BYTES;
	extent.order = at->order;
	do {
		size_t length = sector_length(overlay, at->number);

		memcpy(overlay->new_bytes + extent.length, at->data, length);
		extent.length += length;
		number = at->number + 1;
		at = extent.length < SB_EXTENT_BYTES ? find_exactly(overlay, number) : NULL;
	} while (at != NULL && at->pending && at->order == (uint8_t)extent.order);
	if (with_old) {
		status = read_old(overlay, &extent);
		if (status != STMBOOT_OK)
			return status;
		extent.old_bytes = overlay->old_bytes;
	}
	*out = extent;
	return STMBOOT_OK;
}
