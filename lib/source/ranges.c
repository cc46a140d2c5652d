/* SPDX-License-Identifier: MIT */
#include "source/ranges.h"

#include <string.h>

#include "base/context.h"

enum { FIRST_CAPACITY = 16 };

void sb_ranges_release(struct sb_ranges *ranges)
{
	sb_free(ranges->ctx, ranges->items);
	*ranges = (struct sb_ranges){ .ctx = ranges->ctx };
}

/* The index of the first range that ends behind the offset; the count when none does. */
static size_t find(const struct sb_ranges *ranges, uint64_t offset)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct sb_range *range = &ranges->items[middle];

		if (range->offset + range->length <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct sb_range *sb_ranges_from(const struct sb_ranges *ranges, uint64_t offset)
{
	size_t index = find(ranges, offset);

	return index < ranges->count ? &ranges->items[index] : NULL;
}

static enum stmboot_status grow(struct sb_ranges *ranges)
{
	size_t capacity = ranges->capacity != 0 ? 2 * ranges->capacity : FIRST_CAPACITY;
	struct sb_range *items = sb_alloc_array(ranges->ctx, capacity, sizeof(*items));

	if (items == NULL)
		return STMBOOT_NO_MEMORY;
	if (ranges->count != 0)
		memcpy(items, ranges->items, ranges->count * sizeof(*items));
	sb_free(ranges->ctx, ranges->items);
	ranges->items = items;
	ranges->capacity = capacity;
	return STMBOOT_OK;
}

static enum stmboot_status add_at(struct sb_ranges *ranges, size_t index,
				  const struct sb_range *range)
{
	enum stmboot_status status = STMBOOT_OK;

	if (ranges->count == ranges->capacity)
		status = grow(ranges);
	if (status != STMBOOT_OK)
		return status;
	memmove(ranges->items + index + 1, ranges->items + index,
		(ranges->count - index) * sizeof(*ranges->items));
	ranges->items[index] = *range;
	ranges->count++;
	ranges->bytes += range->length;
	return STMBOOT_OK;
}

enum stmboot_status sb_ranges_add(struct sb_ranges *ranges, const struct sb_range *range)
{
	return add_at(ranges, find(ranges, range->offset), range);
}

static void remove_at(struct sb_ranges *ranges, size_t index)
{
	ranges->bytes -= ranges->items[index].length;
	memmove(ranges->items + index, ranges->items + index + 1,
		(ranges->count - index - 1) * sizeof(*ranges->items));
	ranges->count--;
}

/* What is left behind the part is a range of its own, added first: on failure all is as before. */
enum stmboot_status sb_ranges_cut(struct sb_ranges *ranges, uint64_t offset, uint64_t length)
{
	size_t index = find(ranges, offset);
	uint64_t end = offset + length, range_end;
	struct sb_range *range, rest;
	enum stmboot_status status;

	if (index == ranges->count || ranges->items[index].offset >= end)
		return STMBOOT_OK;
	rest = ranges->items[index];
	range_end = rest.offset + rest.length;
	if (end < range_end) {
		rest.at += end - rest.offset;
		rest.offset = end;
		rest.length = range_end - end;
		status = add_at(ranges, index + 1, &rest);
		if (status != STMBOOT_OK)
			return status;
		ranges->items[index].length -= rest.length;
		ranges->bytes -= rest.length;
	}
	range = &ranges->items[index];
	if (range->offset < offset) {
		ranges->bytes -= range->offset + range->length - offset;
		range->length = offset - range->offset;
	} else {
		remove_at(ranges, index);
	}
	return STMBOOT_OK;
}
