/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../support/heap.h"
#include "base/context.h"
#include "source/overlay.h"
#include "source/ranges.h"
#include "source/source.h"

/* Not whole sectors, so that the last one is short. */
enum { MEDIUM = 40 * SB_SECTOR_BYTES + 100 };

/* A medium in memory that can be made unreadable, and has a hole. */
struct medium {
	uint8_t data[MEDIUM];
	uint64_t bad; /* reads of this byte fail; UINT64_MAX: none do */
	unsigned reads;
	bool hollow;   /* the hole goes on to the end */
	bool unmapped; /* where the holes are cannot be told */
};

enum { HOLE_START = 4096, HOLE_END = 12288 };

static enum stmboot_status medium_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	struct medium *medium = self;

	medium->reads++;
	if (medium->bad >= offset && medium->bad - offset < size)
		return STMBOOT_IO;
	memcpy(buffer, medium->data + offset, size);
	return STMBOOT_OK;
}

static uint64_t medium_size(void *self)
{
	(void)self;
	return MEDIUM;
}

static enum stmboot_status medium_next_data(void *self, uint64_t offset, uint64_t *start,
					    uint64_t *end)
{
	const struct medium *at = self;

	if (at->unmapped)
		return STMBOOT_IO;
	if (at->hollow && offset >= HOLE_START)
		return STMBOOT_NOT_FOUND;
	*start = offset < HOLE_START ? offset : offset < HOLE_END ? HOLE_END : offset;
	*end = offset < HOLE_START ? HOLE_START : MEDIUM;
	return STMBOOT_OK;
}

static enum stmboot_status medium_identity(void *self, struct stmboot_identity *out)
{
	(void)self;
	*out = (struct stmboot_identity){ .inode = 42 };
	return STMBOOT_OK;
}

static const struct stmboot_source_ops medium_ops = {
	.struct_size = sizeof(medium_ops),
	.read_at = medium_read_at,
	.size = medium_size,
	.identity = medium_identity,
	.next_data = medium_next_data,
};

static struct medium medium, file; /* of which the second one is mapped */
static struct stmboot_context *ctx;
static struct stmboot_source *base, *other;
static struct sb_overlay *overlay;

static void set_up_with(uint64_t max_pending_bytes)
{
	const struct stmboot_context_options options = { .struct_size = sizeof(options),
							 .max_pending_bytes = max_pending_bytes };

	for (size_t i = 0; i < MEDIUM; i++)
		medium.data[i] = (uint8_t)(i * 7 + i / 512);
	memset(medium.data + HOLE_START, 0, HOLE_END - HOLE_START);
	medium.bad = file.bad = UINT64_MAX;
	for (size_t i = 0; i < MEDIUM; i++) /* every third sector is another one */
		file.data[i] = (uint8_t)(medium.data[i] + (i / 512 % 3 == 0));
	memset(file.data + HOLE_START, 0, HOLE_END - HOLE_START);
	cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_new(ctx, &medium_ops, &medium, &base), STMBOOT_OK);
	cr_assert_eq(stmboot_source_new(ctx, &medium_ops, &file, &other), STMBOOT_OK);
	cr_assert_eq(sb_overlay_new(ctx, base, &overlay), STMBOOT_OK);
}

static void set_up(void)
{
	set_up_with(0);
}

static void tear_down(void)
{
	sb_overlay_free(overlay);
	stmboot_source_close(other);
	stmboot_source_close(base);
	stmboot_context_free(ctx);
}

TestSuite(overlay, .init = set_up, .fini = tear_down);

static uint32_t random_state;

static size_t pick(size_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

/* The extents say exactly where the model differs, in order, with both contents. */
static void check_extents(const uint8_t *model)
{
	static uint8_t seen[MEDIUM];
	struct sb_extent extent = { 0 };
	uint64_t pending = 0;

	memcpy(seen, medium.data, MEDIUM);
	while (sb_overlay_next(overlay, extent.offset + extent.length, true, &extent) ==
	       STMBOOT_OK) {
		cr_assert_eq(extent.offset % SB_SECTOR_BYTES, 0);
		cr_assert_arr_eq(extent.old_bytes, medium.data + extent.offset, extent.length);
		cr_assert_arr_eq(extent.new_bytes, model + extent.offset, extent.length);
		memcpy(seen + extent.offset, extent.new_bytes, extent.length);
		pending += extent.length;
	}
	cr_assert_arr_eq(seen, model, MEDIUM);
	cr_assert_eq(pending, sb_overlay_pending(overlay));
}

/* Through a cache, which must never give old bytes. */
static void check_reads(struct stmboot_source *src, const uint8_t *model)
{
	static uint8_t bytes[MEDIUM];
	size_t offset = pick(MEDIUM);
	size_t size = pick(MEDIUM - offset + 1);

	cr_assert_eq(stmboot_source_read(src, offset, bytes, size), STMBOOT_OK);
	cr_assert(memcmp(bytes, model + offset, size) == 0, "%zu bytes at %zu", size, offset);
}

/* Two ranges of the other file, in places of their own. */
static void map_some(uint8_t *model)
{
	for (size_t i = 0; i < 2; i++) {
		size_t first = 20 * i + pick(10), count = 1 + pick(10), from = pick(20);
		size_t offset = first * SB_SECTOR_BYTES, length = count * SB_SECTOR_BYTES;

		from *= SB_SECTOR_BYTES;
		cr_assert_eq(sb_overlay_map(overlay, offset, length, other, from,
					    (enum sb_order)pick(SB_ORDER_COUNT)),
			     STMBOOT_OK);
		memcpy(model + offset, file.data + from, length);
	}
}

Test(overlay, behaves_as_a_flat_copy_under_random_writes)
{
	static uint8_t model[MEDIUM], bytes[MEDIUM];
	struct stmboot_source *window, *cache;

	cr_assert_eq(stmboot_source_window(ctx, sb_overlay_source(overlay), 0, MEDIUM, &window),
		     STMBOOT_OK);
	cr_assert_eq(sb_source_cache(ctx, window, NULL, &cache), STMBOOT_OK);
	for (unsigned round = 0; round < 300; round++) {
		random_state = round;
		if (round % 10 == 0) {
			sb_overlay_clear(overlay);
			memcpy(model, medium.data, MEDIUM);
			if (round % 20 == 0)
				map_some(model);
		}
		for (size_t i = 0, count = pick(8); i < count; i++) {
			size_t offset = pick(MEDIUM);
			size_t size = pick(3) != 0 ? pick(40) : pick(MEDIUM);

			size = size < MEDIUM - offset ? size : MEDIUM - offset;
			for (size_t j = 0; j < size; j++)
				bytes[j] =
					pick(2) != 0 ? (uint8_t)pick(256) : medium.data[offset + j];
			memcpy(model + offset, bytes, size);
			cr_assert_eq(sb_overlay_write(overlay, offset, bytes, size), STMBOOT_OK);
			check_reads(cache, model);
		}
		if (round % 3 == 0)
			cr_assert_eq(sb_overlay_prune(overlay), STMBOOT_OK);
		check_reads(sb_overlay_source(overlay), model);
		check_extents(model);
	}
	stmboot_source_close(cache);
	stmboot_source_close(window);
}

Test(overlay, whole_sectors_are_written_without_a_read)
{
	static const uint8_t bytes[3 * SB_SECTOR_BYTES];

	cr_expect_eq(sb_overlay_write(overlay, 512, bytes, 1024), STMBOOT_OK);
	cr_expect_eq(medium.reads, 0);
	cr_expect_eq(sb_overlay_write(overlay, 4000, bytes, 1536), STMBOOT_OK);
	cr_expect_eq(medium.reads, 2, "the two ends, and nothing between");
}

Test(overlay, what_is_pending_hides_an_unreadable_sector)
{
	static const uint8_t bytes[SB_SECTOR_BYTES] = "written";
	char back[4 * SB_SECTOR_BYTES];

	medium.bad = 1024;
	cr_expect_eq(stmboot_source_read(sb_overlay_source(overlay), 512, back, sizeof(back)),
		     STMBOOT_IO);
	cr_expect_eq(sb_overlay_write(overlay, 1024, bytes, sizeof(bytes)), STMBOOT_OK);
	cr_expect_eq(stmboot_source_read(sb_overlay_source(overlay), 512, back, sizeof(back)),
		     STMBOOT_OK);
	cr_expect_str_eq(back + 512, "written");
}

Test(overlay, a_write_past_the_end_fails_for_good)
{
	cr_expect_eq(sb_overlay_write(overlay, MEDIUM - 1, "ab", 2), STMBOOT_TRUNCATED);
	cr_expect_eq(sb_overlay_write(overlay, UINT64_MAX, "ab", 2), STMBOOT_TRUNCATED);
	cr_expect_eq(sb_overlay_write(overlay, 0, "ab", 2), STMBOOT_TRUNCATED, "sticky");
	cr_expect_eq(sb_overlay_status(overlay), STMBOOT_TRUNCATED);
	cr_expect_eq(sb_overlay_pending(overlay), 0);
	sb_overlay_clear(overlay);
	cr_expect_eq(sb_overlay_status(overlay), STMBOOT_TRUNCATED);
}

Test(overlay, a_sector_that_cannot_be_merged_fails_for_good)
{
	medium.bad = 700;
	cr_expect_eq(sb_overlay_write(overlay, 600, "ab", 2), STMBOOT_IO);
	medium.bad = UINT64_MAX;
	cr_expect_eq(sb_overlay_write(overlay, 600, "ab", 2), STMBOOT_IO);
	cr_expect_eq(sb_overlay_pending(overlay), 0);
}

Test(overlay, sectors_that_turn_out_unchanged_are_dropped)
{
	struct sb_extent extent;

	cr_expect_eq(sb_overlay_write(overlay, 0, medium.data, MEDIUM), STMBOOT_OK);
	cr_expect_eq(sb_overlay_write(overlay, 700, "ab", 2), STMBOOT_OK);
	cr_expect_eq(sb_overlay_pending(overlay), MEDIUM);
	cr_expect_eq(sb_overlay_prune(overlay), STMBOOT_OK);
	cr_expect_eq(sb_overlay_pending(overlay), SB_SECTOR_BYTES);
	cr_expect_eq(sb_overlay_next(overlay, 0, true, &extent), STMBOOT_OK);
	cr_expect_eq(extent.offset, 512);
	cr_expect_eq(extent.length, 512);
	cr_expect_eq(sb_overlay_next(overlay, 1024, true, &extent), STMBOOT_NOT_FOUND);
}

Test(overlay, a_base_that_changes_below_is_noticed)
{
	struct sb_extent extent;

	cr_expect_eq(sb_overlay_write(overlay, 600, "ab", 2), STMBOOT_OK);
	medium.data[1000]++;
	cr_expect_eq(sb_overlay_next(overlay, 0, true, &extent), STMBOOT_CONFLICT);
	cr_expect_eq(sb_overlay_prune(overlay), STMBOOT_CONFLICT);
	medium.data[1000]--;
	cr_expect_eq(sb_overlay_prune(overlay), STMBOOT_OK);
}

Test(overlay, extents_part_where_the_order_changes)
{
	static const uint8_t bytes[4 * SB_SECTOR_BYTES];
	struct sb_extent extent = { 0 };

	cr_expect_eq(sb_overlay_write(overlay, 1024, bytes, sizeof(bytes)), STMBOOT_OK);
	sb_overlay_mark(overlay, 2000, 100, SB_ORDER_METADATA);
	cr_expect_eq(sb_overlay_next(overlay, 0, false, &extent), STMBOOT_OK);
	cr_expect_eq(extent.offset, 1024);
	cr_expect_eq(extent.length, 512);
	cr_expect_eq(extent.order, SB_ORDER_DATA);
	cr_expect_null(extent.old_bytes);
	cr_expect_eq(sb_overlay_next(overlay, 1536, false, &extent), STMBOOT_OK);
	cr_expect_eq(extent.length, 1024, "the mark touches two sectors");
	cr_expect_eq(extent.order, SB_ORDER_METADATA);
	cr_expect_eq(sb_overlay_next(overlay, 2560, false, &extent), STMBOOT_OK);
	cr_expect_eq(extent.length, 512);
	cr_expect_eq(extent.order, SB_ORDER_DATA);
}

Test(overlay, pending_sectors_are_data_where_the_base_has_a_hole)
{
	static const struct {
		const char *name;
		uint64_t offset, start, end;
	} cases[] = {
		{ "data of the base comes first", 100, 100, HOLE_START },
		{ "a sector in the hole is data", HOLE_START, 8192, 8704 },
		{ "from within that sector, too", 8600, 8192, 8704 },
		{ "behind it the hole goes on", 8704, HOLE_END, MEDIUM },
	};

	cr_expect_eq(sb_overlay_write(overlay, 8200, "x", 1), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t start, end;

		cr_expect_eq(stmboot_source_next_data(sb_overlay_source(overlay), cases[i].offset,
						      &start, &end),
			     STMBOOT_OK, "%s", cases[i].name);
		cr_expect_eq(start, cases[i].start, "%s", cases[i].name);
		cr_expect_eq(end, cases[i].end, "%s", cases[i].name);
	}
}

Test(overlay, identity_and_places_are_those_of_the_base)
{
	struct stmboot_identity identity;
	uint64_t medium_offset;

	cr_expect_eq(stmboot_source_identity(sb_overlay_source(overlay), &identity), STMBOOT_OK);
	cr_expect_eq(identity.inode, 42);
	cr_expect(stmboot_source_locate(sb_overlay_source(overlay), 777, &medium_offset));
	cr_expect_eq(medium_offset, 777);
}

Test(overlay_limit, more_than_the_context_allows_is_refused, .fini = tear_down)
{
	static const uint8_t bytes[3 * SB_SECTOR_BYTES];

	set_up_with(2 * SB_SECTOR_BYTES);
	cr_expect_eq(sb_overlay_write(overlay, 0, bytes, 1024), STMBOOT_OK);
	cr_expect_eq(sb_overlay_write(overlay, 1, bytes, 600), STMBOOT_OK, "twice is once");
	cr_expect_eq(sb_overlay_write(overlay, 1024, bytes, 1), STMBOOT_LIMIT);
	cr_expect_eq(sb_overlay_status(overlay), STMBOOT_LIMIT);
}

Test(overlay, what_is_mapped_is_read_from_where_it_is)
{
	struct sb_extent extent = { 0 };
	char back[1024];

	cr_expect_eq(sb_overlay_map(overlay, 1024, 2048, other, 512, SB_ORDER_LOADER), STMBOOT_OK);
	cr_expect_eq(file.reads, 0);
	cr_expect_eq(sb_overlay_pending(overlay), 2048);
	cr_expect_eq(sb_overlay_next_place(overlay, 0, &extent), STMBOOT_OK);
	cr_expect_eq(extent.offset, 1024);
	cr_expect_eq(extent.length, 2048);
	cr_expect_eq(extent.order, SB_ORDER_LOADER);
	cr_expect_eq(file.reads + medium.reads, 0);
	cr_expect_eq(stmboot_source_read(sb_overlay_source(overlay), 2000, back, 1024), STMBOOT_OK);
	cr_expect_arr_eq(back, file.data + 2000 - 512, 1024);
	file.bad = 600;
	cr_expect_eq(sb_overlay_next(overlay, 0, false, &extent), STMBOOT_IO);
	cr_expect_eq(sb_overlay_prune(overlay), STMBOOT_IO);
	file.bad = UINT64_MAX;
	cr_expect_eq(sb_overlay_next(overlay, 0, true, &extent), STMBOOT_OK);
	cr_expect_arr_eq(extent.new_bytes, file.data + 512, 2048);
	cr_expect_arr_eq(extent.old_bytes, medium.data + 1024, 2048);
}

Test(overlay, of_what_is_mapped_only_the_difference_stays)
{
	struct sb_extent extent = { 0 };
	size_t sectors = 0;

	cr_expect_eq(sb_overlay_map(overlay, 0, MEDIUM, other, 0, SB_ORDER_DATA), STMBOOT_OK);
	cr_expect_eq(sb_overlay_prune(overlay), STMBOOT_OK);
	while (sb_overlay_next(overlay, extent.offset + extent.length, true, &extent) ==
	       STMBOOT_OK) {
		cr_expect_eq(extent.offset / 512 % 3, 0);
		cr_expect(extent.offset < HOLE_START || extent.offset >= HOLE_END);
		cr_expect_eq(extent.length, 512);
		sectors++;
	}
	cr_expect_eq(sectors, 9);
	cr_expect_eq(sb_overlay_pending(overlay), 9 * 512);
}

Test(overlay, where_both_have_a_hole_up_to_the_end_nothing_is_read)
{
	medium.hollow = file.hollow = true;
	medium.bad = file.bad = HOLE_END + 1;
	cr_assert_eq(sb_overlay_map(overlay, HOLE_START, MEDIUM - HOLE_START, other, HOLE_START,
				    SB_ORDER_DATA),
		     STMBOOT_OK);
	medium.reads = file.reads = 0;
	cr_assert_eq(sb_overlay_prune(overlay), STMBOOT_OK);
	cr_expect_eq(medium.reads + file.reads, 0);
	cr_expect_eq(sb_overlay_pending(overlay), 0);
}

Test(overlay, where_holes_cannot_be_told_all_stays_as_it_is)
{
	uint64_t start = 0, end = 0;

	cr_assert_eq(sb_overlay_map(overlay, 0, MEDIUM, other, 0, SB_ORDER_DATA), STMBOOT_OK);
	for (size_t i = 0; i < 2; i++) {
		medium.unmapped = i == 0;
		file.unmapped = i == 1;
		cr_expect_eq(sb_overlay_prune(overlay), STMBOOT_IO);
		cr_expect_eq(sb_overlay_pending(overlay), MEDIUM);
		cr_expect_eq(stmboot_source_next_data(sb_overlay_source(overlay), 0, &start, &end),
			     i == 0 ? STMBOOT_IO : STMBOOT_OK);
	}
	file.unmapped = false;
	cr_expect_eq(sb_overlay_prune(overlay), STMBOOT_OK);
	check_extents(file.data);
}

Test(overlay, a_write_replaces_what_is_mapped)
{
	struct sb_extent extent;
	char back[512];

	cr_expect_eq(sb_overlay_map(overlay, 0, 4096, other, 0, SB_ORDER_LOADER), STMBOOT_OK);
	cr_expect_eq(sb_overlay_write(overlay, 1030, "written", 7), STMBOOT_OK);
	cr_expect_eq(stmboot_source_read(sb_overlay_source(overlay), 1024, back, 512), STMBOOT_OK);
	cr_expect_arr_eq(back, file.data + 1024, 6);
	cr_expect_arr_eq(back + 6, "written", 7);
	cr_expect_arr_eq(back + 13, file.data + 1024 + 13, 512 - 13);
	cr_expect_eq(sb_overlay_pending(overlay), 4096);
	cr_expect_eq(sb_overlay_next(overlay, 1024, false, &extent), STMBOOT_OK);
	cr_expect_eq(extent.length, 512);
	cr_expect_eq(extent.order, SB_ORDER_LOADER, "it is written when the rest is");
}

Test(overlay, a_mapping_that_cannot_be_is_refused_for_good)
{
	static const struct {
		uint64_t offset, length, from;
		enum stmboot_status status;
	} cases[] = {
		{ 100, 512, 0, STMBOOT_INVALID_ARGUMENT },
		{ 512, 100, 0, STMBOOT_INVALID_ARGUMENT },
		{ 512, MEDIUM, 0, STMBOOT_TRUNCATED },
		{ UINT64_MAX - 511, 1024, 0, STMBOOT_TRUNCATED },
		{ 0, 1024, MEDIUM - 512, STMBOOT_TRUNCATED },
		{ 1024, 2048, 0, STMBOOT_INVALID_ARGUMENT }, /* a sector of it is pending */
		{ 8192, 1024, 0, STMBOOT_INVALID_ARGUMENT }, /* or mapped */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sb_overlay *fresh;

		cr_assert_eq(sb_overlay_new(ctx, base, &fresh), STMBOOT_OK);
		cr_assert_eq(sb_overlay_write(fresh, 2100, "x", 1), STMBOOT_OK);
		cr_assert_eq(sb_overlay_map(fresh, 8704, 512, other, 0, SB_ORDER_DATA), STMBOOT_OK);
		cr_expect_eq(sb_overlay_map(fresh, cases[i].offset, cases[i].length, other,
					    cases[i].from, SB_ORDER_DATA),
			     cases[i].status, "%zu", i);
		cr_expect_eq(sb_overlay_status(fresh), cases[i].status);
		sb_overlay_free(fresh);
	}
}

Test(overlay_limit, what_is_mapped_does_not_count_towards_it, .fini = tear_down)
{
	set_up_with(2 * SB_SECTOR_BYTES);
	cr_expect_eq(sb_overlay_map(overlay, 0, 4096, other, 0, SB_ORDER_DATA), STMBOOT_OK);
	cr_expect_eq(sb_overlay_write(overlay, 8192, "x", 1), STMBOOT_OK);
}

/* Sources without an end, as far as a test goes: zeros, and ones in every other sector. */
static enum stmboot_status zeros_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	(void)self;
	(void)offset;
	memset(buffer, 0, size);
	return STMBOOT_OK;
}

static enum stmboot_status stripes_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	(void)self;
	for (size_t i = 0; i < size; i += 512)
		memset((uint8_t *)buffer + i, (int)((offset + i) / 512 % 2), 512);
	return STMBOOT_OK;
}

enum { STRIPES = 150000 };

static uint64_t stripes_size(void *self)
{
	(void)self;
	return (uint64_t)STRIPES * 512;
}

Test(overlay, very_many_differences_do_not_take_very_much_memory)
{
	const struct stmboot_source_ops zeros_ops = { .struct_size = sizeof(zeros_ops),
						      .read_at = zeros_read_at,
						      .size = stripes_size };
	const struct stmboot_source_ops stripes_ops = { .struct_size = sizeof(stripes_ops),
							.read_at = stripes_read_at,
							.size = stripes_size };
	struct stmboot_source *zeros, *stripes;
	struct sb_extent extent = { 0 };
	struct sb_overlay *large;
	uint64_t bytes = 0;

	cr_assert_eq(stmboot_source_new(ctx, &zeros_ops, NULL, &zeros), STMBOOT_OK);
	cr_assert_eq(stmboot_source_new(ctx, &stripes_ops, NULL, &stripes), STMBOOT_OK);
	cr_assert_eq(sb_overlay_new(ctx, zeros, &large), STMBOOT_OK);
	cr_assert_eq(sb_overlay_map(large, 0, (uint64_t)STRIPES * 512, stripes, 0, SB_ORDER_DATA),
		     STMBOOT_OK);
	cr_assert_eq(sb_overlay_prune(large), STMBOOT_OK);
	while (sb_overlay_next_place(large, extent.offset + extent.length, &extent) == STMBOOT_OK)
		bytes += extent.length;
	cr_expect_eq(bytes, sb_overlay_pending(large));
	cr_expect_geq(bytes, (uint64_t)STRIPES / 2 * 512);
	cr_expect_lt(bytes, (uint64_t)STRIPES * 512);
	sb_overlay_free(large);
	stmboot_source_close(stripes);
	stmboot_source_close(zeros);
}

/* As many ranges as a list has room for at first, so that one more needs another list. */
Test(overlay, what_is_mapped_cannot_be_cut_without_memory)
{
	struct heap heap = { 0 };
	struct stmboot_context *counted = heap_context(&heap);
	struct sb_ranges ranges = { .ctx = counted };
	const size_t live = heap.live;

	for (size_t i = 0; i < 16; i++) {
		const struct sb_range range = {
			.offset = 8192 * i, .length = 4096, .src = other, .at = 0
		};

		cr_assert_eq(sb_ranges_add(&ranges, &range), STMBOOT_OK);
	}
	cr_expect_eq(sb_ranges_cut(&ranges, 4096, 4096), STMBOOT_OK, "there is none");
	cr_expect_eq(sb_ranges_cut(&ranges, UINT64_C(1) << 40, 512), STMBOOT_OK, "nor there");
	cr_expect_eq(ranges.bytes, 16 * 4096);
	heap_refuse(&heap, 1);
	cr_expect_eq(sb_ranges_cut(&ranges, 8192 + 512, 512), STMBOOT_NO_MEMORY);
	cr_expect_eq(ranges.count, 16);
	cr_expect_eq(ranges.bytes, 16 * 4096, "all is as before");
	heap_refuse(&heap, 0);
	cr_expect_eq(sb_ranges_cut(&ranges, 8192 + 512, 512), STMBOOT_OK);
	cr_expect_eq(ranges.count, 17);
	cr_expect_eq(ranges.bytes, 16 * 4096 - 512);
	sb_ranges_release(&ranges);
	cr_expect_eq(heap.live, live);
	stmboot_context_free(counted);
}
