/* SPDX-License-Identifier: MIT */
/* The card as one line of blocks, to scale as far as a line can be. */
#include "render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CELLS = 120, INDENT = 2 };

/* A partition, or what lies between two. */
struct stretch {
	const struct stmboot_part *part; /* NULL: nothing */
	uint64_t offset, size;
	size_t cells;
};

struct map {
	struct stretch *stretches;
	size_t count;
	uint64_t end; /* of the last one */
};

static int by_offset(const void *a, const void *b)
{
	const struct stmboot_part *const *first = a, *const *second = b;

	return ((*first)->offset > (*second)->offset) - ((*first)->offset < (*second)->offset);
}

static void add_stretch(struct map *map, const struct stmboot_part *part, uint64_t offset,
			uint64_t size)
{
	if (size == 0)
		return;
	map->stretches[map->count++] = (struct stretch){ part, offset, size, 0 };
	map->end = offset + size;
}

/* What overlaps the one before it begins where that ends. */
static void add_part(struct map *map, const struct stmboot_part *part, uint64_t medium)
{
	uint64_t offset = part->offset, end = offset + part->size;

	if (end < offset || end > medium)
		end = medium;
	if (offset > map->end && offset < end)
		add_stretch(map, NULL, map->end, offset - map->end);
	if (offset < map->end)
		offset = map->end;
	if (offset < end)
		add_stretch(map, part, offset, end - offset);
}

/* False without memory. */
static bool fill(struct map *map, const struct stmboot_image *image)
{
	size_t count = stmboot_image_part_count(image);
	uint64_t medium = stmboot_image_info(image)->size;
	const struct stmboot_part **parts = calloc(count + 1, sizeof(const struct stmboot_part *));

	map->stretches = calloc(2 * count + 2, sizeof(*map->stretches));
	if (parts == NULL || map->stretches == NULL) {
		free(parts);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		parts[i] = stmboot_image_part(image, i);
	qsort(parts, count, sizeof(const struct stmboot_part *), by_offset);
	for (size_t i = 0; i < count; i++)
		add_part(map, parts[i], medium);
	if (map->end < medium)
		add_stretch(map, NULL, map->end, medium - map->end);
	free(parts);
	return true;
}

static size_t digits(const struct stretch *stretch)
{
	uint32_t number = stretch->part != NULL ? stretch->part->number : 0;

	return number >= 100 ? 3 : number >= 10 ? 2 : 1;
}

/* A partition has room for its number, apart from the next; of the rest each stretch has its share.
 * False: no room. */
static bool scale(struct map *map, size_t cells)
{
	uint64_t total = 0, done = 0;
	size_t fixed = 0, given = 0;

	for (size_t i = 0; i < map->count; i++) {
		struct stretch *s = &map->stretches[i];

		s->cells = s->part != NULL ? digits(s) + 1 : 0;
		fixed += s->cells;
		total += s->size;
	}
	if (fixed >= cells || total == 0)
		return false;
	for (size_t i = 0; i < map->count; i++) {
		struct stretch *s = &map->stretches[i];
		size_t until;

		done += s->size;
		until = (size_t)((long double)done * (long double)(cells - fixed) /
				 (long double)total);
		s->cells += until - given;
		given = until;
	}
	return true;
}

static enum paint paint_of(const struct stmboot_part *part)
{
	switch (part->content) {
	case STMBOOT_CONTENT_STM32:
		return PAINT_LOADER;
	case STMBOOT_CONTENT_UIMAGE:
	case STMBOOT_CONTENT_FIT:
	case STMBOOT_CONTENT_FIP:
		return PAINT_UBOOT;
	case STMBOOT_CONTENT_EXT4:
	case STMBOOT_CONTENT_FAT:
	case STMBOOT_CONTENT_SQUASHFS:
		return PAINT_FILES;
	case STMBOOT_CONTENT_EMPTY:
		return PAINT_FAINT;
	default:
		return PAINT_OTHER;
	}
}

/* Neighbours differ by their blocks, also where they are of one colour, or where none is seen. */
static void add_blocks(struct buffer *out, const struct map *map, const struct style *style)
{
	size_t parts = 0;

	buffer_pad(out, INDENT);
	for (size_t i = 0; i < map->count; i++) {
		const struct stretch *s = &map->stretches[i];
		enum paint paint = s->part != NULL ? paint_of(s->part) : PAINT_FAINT;
		const char *block = s->part == NULL ? "·" : parts % 2 == 0 ? "█" : "▓";

		parts += s->part != NULL;
		if (s->cells == 0)
			continue;
		style_begin(style, out, paint);
		for (size_t k = 0; k < s->cells; k++)
			buffer_puts(out, block);
		style_end(style, out, paint);
	}
	buffer_puts(out, "\n");
}

static void add_numbers(struct buffer *out, const struct map *map, const struct style *style)
{
	size_t owed = INDENT;

	style_begin(style, out, PAINT_FAINT);
	for (size_t i = 0; i < map->count; i++) {
		const struct stretch *s = &map->stretches[i];

		if (s->part == NULL) {
			owed += s->cells;
			continue;
		}
		buffer_pad(out, owed);
		buffer_printf(out, "%" PRIu32, s->part->number);
		owed = s->cells - digits(s);
	}
	style_end(style, out, PAINT_FAINT);
	buffer_puts(out, "\n");
}

void render_map(struct buffer *out, const struct report *report, const struct style *style)
{
	size_t cells = style->width - (size_t)INDENT;
	struct map map = { .count = 0 };

	if (!style->color || !style->utf8 ||
	    stmboot_image_gpt(report->image)->type == STMBOOT_TABLE_NONE)
		return;
	if (!fill(&map, report->image))
		out->failed = true;
	else if (scale(&map, cells < MOST_CELLS ? cells : MOST_CELLS)) {
		buffer_puts(out, "\n");
		add_blocks(out, &map, style);
		add_numbers(out, &map, style);
	}
	free(map.stretches);
}
