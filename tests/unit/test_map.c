/* SPDX-License-Identifier: MIT */
/* What takes up which bytes of small cards. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/map.h>

#include "../support/heap.h"

enum { TEXT = 1024, MOST_BYTES = 2 << 20 };

static struct heap heap;
static struct stmboot_context *ctx;
static uint8_t bytes[MOST_BYTES];
static size_t size;
static struct stmboot_source *src;
static struct stmboot_image *image;
static const struct stmboot_map *map;

static void read_card(const char *name, size_t extra)
{
	const char *images = getenv("STMBOOT_GOLDEN_IMAGES");
	char path[512];
	FILE *f;

	cr_assert_not_null(images, "run through golden_images.sh");
	(void)snprintf(path, sizeof(path), "%s/%s.img", images, name);
	f = fopen(path, "rb");
	cr_assert_not_null(f, "%s", path);
	memset(bytes, 0, sizeof(bytes));
	size = fread(bytes, 1, sizeof(bytes), f) + extra;
	(void)fclose(f);
	cr_assert_leq(size, sizeof(bytes));
}

static void open_read(void)
{
	heap = (struct heap){ 0 };
	ctx = heap_context(&heap);
	cr_assert_eq(stmboot_source_from_memory(ctx, bytes, size, &src), STMBOOT_OK);
	cr_assert_eq(stmboot_image_open_source(ctx, src, NULL, &image), STMBOOT_OK);
	cr_assert_eq(stmboot_map_new(ctx, image, &map), STMBOOT_OK);
}

static void open_card(const char *name)
{
	read_card(name, 0);
	open_read();
}

static void close_card(void)
{
	stmboot_map_free(map);
	stmboot_image_close(image);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	cr_expect_eq(heap.live, 0);
}

/* "table@0+17408 1@17408+4096 ...", with '!' for an overlap and '>' for what leaves the image. */
static void write_down(char text[TEXT])
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < map->count; i++) {
		const struct stmboot_region *r = &map->regions[i];
		char number[16];

		(void)snprintf(number, sizeof(number), "%" PRIu32,
			       r->part != NULL ? r->part->number : 0);
		used += (size_t)snprintf(
			text + used, TEXT - used, "%s%s@%" PRIu64 "+%" PRIu64 "%s%s",
			i > 0 ? " " : "",
			r->part != NULL ? number : stmboot_region_kind_text(r->kind), r->offset,
			r->size, r->overlaps ? "!" : "", r->beyond ? ">" : "");
	}
}

#define LOADERS "1@17408+4096 2@21504+4096 3@25600+65536 "
#define ROOTFS  "4@91136+786432"
#define BACKUP  " gap@877568+154112 backup-table@1031680+16896"

static const struct row {
	const char *name;
	const char *card;
	size_t cut;   /* leave so many bytes; 0: all */
	size_t extra; /* bytes behind the end */
	size_t flip;  /* a byte that is inverted; 0: none */
	const char *expected;
} rows[] = {
	{ "a good card", "healthy", .expected = "table@0+17408 " LOADERS ROOTFS BACKUP },
	{ "a damaged primary is where it was", "healthy", .flip = 568,
	  .expected = "table@0+17408 " LOADERS ROOTFS BACKUP },
	{ "of a damaged backup only the header has its place", "healthy", .flip = (1 << 20) - 500,
	  .expected =
		  "table@0+17408 " LOADERS ROOTFS " gap@877568+170496 backup-table@1048064+512" },
	{ "a backup before the end of a larger card", "healthy", .extra = 1 << 20,
	  .expected = "table@0+17408 " LOADERS ROOTFS BACKUP " gap@1048576+1048576" },
	{ "a backup that is cut off, with a part of a partition", "healthy", .cut = 512 << 10,
	  .expected = "table@0+17408 " LOADERS ROOTFS ">" },
	{ "a backup that is cut off behind the partitions", "healthy", .cut = 1000 << 10,
	  .expected =
		  "table@0+17408 " LOADERS ROOTFS " gap@877568+145920 backup-table@1023488+512" },
	{ "a bare loader", "bare-stm32", .expected = "0@0+2306" },
};

Test(map, every_byte_has_its_place)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[TEXT];

		read_card(rows[i].card, rows[i].extra);
		size = rows[i].cut != 0 ? rows[i].cut : size;
		if (rows[i].flip != 0)
			bytes[rows[i].flip] ^= 0xff;
		open_read();
		write_down(text);
		cr_expect_str_eq(text, rows[i].expected, "%s: %s", rows[i].name, text);
		close_card();
	}
}

Test(map, partitions_that_overlap)
{
	char text[TEXT];

	read_card("healthy", 0);
	bytes[1024 + 3 * 128 + 32] = 170; /* of partition 4: it began at LBA 178 */
	bytes[512 + 16]++;                /* the header is not good, but the best there is */
	memset(bytes + size - 512, 0, 512);
	open_read();
	write_down(text);
	cr_expect_str_eq(text,
			 "table@0+17408 " LOADERS "4@87040+790528! gap@877568+170496 "
			 "backup-table@1048064+512",
			 "%s", text);
	close_card();
}

static void expect_used(size_t index, bool known, uint64_t least, uint64_t most)
{
	const struct stmboot_region *region = &map->regions[index];

	cr_expect_eq(region->used_known, known, "%zu", index);
	cr_expect_leq(least, region->used, "%zu: %" PRIu64, index, region->used);
	cr_expect_leq(region->used, most, "%zu: %" PRIu64, index, region->used);
}

Test(map, how_far_what_is_in_a_partition_fills_it)
{
	open_card("healthy");
	expect_used(0, false, 0, 0);
	expect_used(1, true, 256 + 2000, 4096);
	expect_used(3, true, 64 + 4000, 65536);
	expect_used(4, true, 32 << 10, 786432);
	close_card();
}

static const struct stmboot_region *find(int32_t partition, bool has_offset, uint64_t offset)
{
	const struct stmboot_place place = { .partition = partition,
					     .has_offset = has_offset,
					     .offset = offset };

	return stmboot_map_find(map, &place);
}

Test(map, the_region_of_a_place)
{
	open_card("healthy");
	cr_expect_eq(find(4, true, 0), &map->regions[4], "the partition counts first");
	cr_expect_eq(find(STMBOOT_NO_PARTITION, true, 0), &map->regions[0]);
	cr_expect_eq(find(STMBOOT_NO_PARTITION, true, 17407), &map->regions[0]);
	cr_expect_eq(find(STMBOOT_NO_PARTITION, true, 17408), &map->regions[1]);
	cr_expect_eq(find(STMBOOT_NO_PARTITION, true, (1 << 20) - 512), &map->regions[6]);
	cr_expect_null(find(STMBOOT_NO_PARTITION, true, 1 << 20));
	cr_expect_null(find(STMBOOT_NO_PARTITION, false, 0));
	cr_expect_null(find(9, false, 0));
	close_card();
}

Test(map, no_memory_is_told)
{
	size_t n = 0;
	enum stmboot_status status;

	open_card("healthy");
	do {
		const struct stmboot_map *again = NULL;
		const size_t live = heap.live;

		heap_refuse(&heap, ++n);
		status = stmboot_map_new(ctx, image, &again);
		heap_refuse(&heap, 0);
		stmboot_map_free(again);
		cr_expect_eq(heap.live, live, "%zu", n);
	} while (status == STMBOOT_NO_MEMORY);
	cr_expect_eq(status, STMBOOT_OK);
	cr_expect_gt(n, 2);
	close_card();
	stmboot_map_free(NULL);
}
