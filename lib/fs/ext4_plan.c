/* SPDX-License-Identifier: MIT */
#include "fs/ext4_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/meter.h"

const char *sb_ext4_write_text(enum sb_ext4_write_kind kind)
{
	static const char *const texts[] = {
		[SB_EXT4_WRITE_DATA] = "data",
		[SB_EXT4_WRITE_MAP] = "block map",
		[SB_EXT4_WRITE_BITMAP] = "bitmap",
		[SB_EXT4_WRITE_GROUP] = "group descriptor",
		[SB_EXT4_WRITE_INODE] = "inode",
		[SB_EXT4_WRITE_DIRECTORY] = "directory",
		[SB_EXT4_WRITE_SUPERBLOCK] = "superblock",
	};

	return texts[kind];
}

static enum sb_order order_of(enum sb_ext4_write_kind kind)
{
	switch (kind) {
	case SB_EXT4_WRITE_DATA:
	case SB_EXT4_WRITE_MAP:
		return SB_ORDER_DATA;
	case SB_EXT4_WRITE_SUPERBLOCK:
		return SB_ORDER_SUPERBLOCK;
	default:
		return SB_ORDER_METADATA;
	}
}

enum stmboot_status sb_plan_add(struct sb_plan *plan, enum sb_ext4_write_kind kind, uint64_t offset,
				uint64_t length)
{
	struct sb_planned *planned = sb_arena_push(plan->arena, &plan->ranges, &plan->count,
						   &plan->capacity, sizeof(*planned));

	if (planned == NULL)
		return STMBOOT_NO_MEMORY;
	*planned = (struct sb_planned){ .kind = kind, .offset = offset, .length = length };
	return STMBOOT_OK;
}

enum stmboot_status sb_plan_counters(struct sb_plan *plan)
{
	static const struct {
		uint64_t field;
		uint64_t length;
	} fields[] = {
		{ S_FREE_BLOCKS_COUNT_LO, 4 },
		{ S_FREE_BLOCKS_COUNT_HI, 4 },
		{ S_FREE_INODES_COUNT, 4 },
		{ S_WTIME, 4 },
		{ S_WTIME_HI, 1 },
		{ S_CHECKSUM, 4 },
		{ S_BLOCK_GROUP_NR, 2 }, /* libext2fs writes 0, which it is */
	};
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; status == STMBOOT_OK && i < sizeof(fields) / sizeof(fields[0]); i++)
		status = sb_plan_add(plan, SB_EXT4_WRITE_SUPERBLOCK,
				     EXT4_SUPERBLOCK_OFFSET + fields[i].field, fields[i].length);
	return status;
}

enum stmboot_status sb_plan_group(struct sb_plan *plan, const struct stmboot_fs *fs, uint32_t group,
				  unsigned touched)
{
	uint64_t bytes = fs->info->block_bytes;
	enum stmboot_status status =
		sb_plan_add(plan, SB_EXT4_WRITE_GROUP, sb_descriptor_offset(fs, group),
			    fs->info->descriptor_bytes);

	if (status == STMBOOT_OK && (touched & SB_BLOCKS_TOUCHED) != 0)
		status = sb_plan_add(plan, SB_EXT4_WRITE_BITMAP,
				     sb_bitmap_offset(fs, group, SB_BITMAP_BLOCKS), bytes);
	if (status == STMBOOT_OK && (touched & SB_INODES_TOUCHED) != 0)
		status = sb_plan_add(plan, SB_EXT4_WRITE_BITMAP,
				     sb_bitmap_offset(fs, group, SB_BITMAP_INODES), bytes);
	return status;
}

static int by_offset(const void *a, const void *b)
{
	const struct sb_planned *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Of ranges that share bytes, the one that begins first keeps them. */
enum stmboot_status sb_plan_seal(struct sb_plan *plan)
{
	uint64_t behind = 0;

	plan->sealed = sb_arena_array(plan->arena, plan->count, sizeof(*plan->sealed));
	plan->sealed_count = 0;
	if (plan->sealed == NULL)
		return STMBOOT_NO_MEMORY;
	if (plan->count == 0)
		return STMBOOT_OK;
	memcpy(plan->sealed, plan->ranges, plan->count * sizeof(*plan->sealed));
	qsort(plan->sealed, plan->count, sizeof(*plan->sealed), by_offset);
	for (size_t i = 0; i < plan->count; i++) {
		struct sb_planned range = plan->sealed[i];
		uint64_t end = range.offset + range.length;

		if (end <= behind)
			continue;
		if (range.offset < behind)
			range.offset = behind;
		range.length = end - range.offset;
		plan->sealed[plan->sealed_count++] = range;
		behind = end;
	}
	return STMBOOT_OK;
}

/* The first range that ends behind `offset`; the end of all when there is none. */
static const struct sb_planned *plan_from(const struct sb_plan *plan, uint64_t offset)
{
	size_t low = 0, high = plan->sealed_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct sb_planned *range = &plan->sealed[middle];

		if (range->offset + range->length <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return plan->sealed + low;
}

/* Of most edits nothing has to be read to know it. */
static bool lies_in_one_range(const struct sb_plan *plan, const struct sb_extent *extent)
{
	const struct sb_planned *range = plan_from(plan, extent->offset);

	return range < plan->sealed + plan->sealed_count && range->offset <= extent->offset &&
	       extent->offset + extent->length <= range->offset + range->length;
}

/* What lies between planned ranges must not differ. */
static bool is_planned(const struct sb_plan *plan, const struct sb_extent *extent)
{
	const struct sb_planned *range = plan_from(plan, extent->offset);
	const struct sb_planned *last = plan->sealed + plan->sealed_count;
	uint64_t at = extent->offset, end = extent->offset + extent->length;

	while (at < end) {
		uint64_t until = range < last ? sb_min_u64(range->offset, end) : end;
		size_t skip = (size_t)(at - extent->offset);

		if (until > at && memcmp(extent->old_bytes + skip, extent->new_bytes + skip,
					 (size_t)(until - at)) != 0)
			return false;
		if (until == end)
			break;
		at = range->offset + range->length;
		range++;
	}
	return true;
}

enum stmboot_status sb_plan_verify(const struct sb_plan *plan, struct sb_overlay *staged,
				   bool *holds)
{
	struct sb_extent extent = { 0 };
	enum stmboot_status status = sb_overlay_prune(staged);

	*holds = true;
	while (status == STMBOOT_OK && *holds) {
		status = sb_overlay_next_place(staged, extent.offset + extent.length, &extent);
		if (status != STMBOOT_OK || lies_in_one_range(plan, &extent))
			continue;
		status = sb_overlay_next(staged, extent.offset, true, &extent);
		if (status == STMBOOT_OK)
			*holds = is_planned(plan, &extent);
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

static enum stmboot_status add_write(const struct sb_plan *plan, struct sb_writes *writes,
				     enum sb_ext4_write_kind kind, uint64_t offset, size_t length)
{
	struct sb_ext4_write *last = writes->count > 0 ? &writes->list[writes->count - 1] : NULL;

	if (last != NULL && last->kind == kind && last->offset + last->length == offset) {
		last->length += length;
		return STMBOOT_OK;
	}
	last = sb_arena_push(plan->arena, &writes->list, &writes->count, &writes->capacity,
			     sizeof(*last));
	if (last == NULL)
		return STMBOOT_NO_MEMORY;
	*last = (struct sb_ext4_write){ .kind = kind, .offset = offset, .length = length };
	return STMBOOT_OK;
}

/* How many bytes from `offset` on are whole sectors of the kind of the first one. */
static size_t same_kind(const struct sb_plan *plan, uint64_t offset, size_t length,
			enum sb_ext4_write_kind *kind)
{
	const struct sb_planned *last = plan->sealed + plan->sealed_count;
	const struct sb_planned *range = plan_from(plan, offset);
	uint64_t end;

	if (range == last)
		return 0;
	*kind = range->kind;
	end = range->offset + range->length;
	while (++range < last && range->kind == *kind)
		end = range->offset + range->length;
	end = sb_round_up_u64(end, SB_SECTOR_BYTES);
	return (size_t)sb_min_u64(length, end - offset);
}

static enum stmboot_status hand_over_extent(const struct sb_plan *plan, struct sb_overlay *overlay,
					    uint64_t base, const struct sb_extent *extent,
					    struct sb_writes *writes)
{
	enum stmboot_status status =
		sb_overlay_write(overlay, base + extent->offset, extent->new_bytes, extent->length);
	size_t at = 0;

	while (status == STMBOOT_OK && at < extent->length) {
		enum sb_ext4_write_kind kind;
		size_t length = same_kind(plan, extent->offset + at, extent->length - at, &kind);

		if (length == 0)
			return STMBOOT_INTERNAL;
		sb_overlay_mark(overlay, base + extent->offset + at, length, order_of(kind));
		status = add_write(plan, writes, kind, base + extent->offset + at, length);
		at += length;
	}
	return status;
}

enum stmboot_status sb_plan_hand_over(const struct sb_plan *plan, struct sb_overlay *staged,
				      struct sb_overlay *overlay, uint64_t base,
				      struct sb_writes *writes)
{
	struct sb_meter meter = sb_meter(plan->arena->ctx, sb_overlay_pending(staged), 1);
	struct sb_extent extent = { 0 };
	enum stmboot_status status;

	for (;;) {
		status = sb_overlay_next(staged, extent.offset + extent.length, false, &extent);
		if (status == STMBOOT_NOT_FOUND)
			return sb_overlay_status(overlay);
		if (status == STMBOOT_OK)
			status = hand_over_extent(plan, overlay, base, &extent, writes);
		if (status == STMBOOT_OK)
			status = sb_meter_add(&meter, extent.length);
		if (status != STMBOOT_OK) {
			sb_overlay_fail(overlay, status);
			return status;
		}
	}
}
