/* SPDX-License-Identifier: MIT */
#include <stmboot/map.h>

#include <stdlib.h>

#include "base/arena.h"
#include "base/checked.h"

/* The entries of a GPT have 16 KiB or more (UEFI 2.10, section 5.3.1). */
enum { LEAST_ARRAY = 16384, UIMAGE_HEADER = 64 };

/* A map and the memory that it lives in. */
struct mapping {
	struct stmboot_map map; /* first: what callers hold */
	struct stmboot_region *list;
	size_t capacity;
};

const char *stmboot_region_kind_text(enum stmboot_region_kind kind)
{
	static const char *const names[] = { "gap", "partition", "table", "backup-table" };

	return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "?";
}

/* False without memory. Nothing is added for nothing. */
static bool add(struct mapping *m, const struct stmboot_region *region)
{
	struct stmboot_region *new;

	if (region->size == 0 && region->part == NULL)
		return true;
	new = sb_arena_push(sb_object_arena(m), &m->list, &m->map.count, &m->capacity,
			    sizeof(*new));
	if (new == NULL)
		return false;
	*new = *region;
	new->beyond = !sb_range_within(region->offset, region->size, m->map.size);
	return true;
}

/* The bytes that a decoded image says it has; 0: it does not say. */
static uint64_t image_bytes(const struct stmboot_part *part)
{
	uint64_t bytes = 0;

	if (part->stm32 != NULL)
		return sb_add_u64(part->stm32->header_bytes, part->stm32->payload_bytes, &bytes)
			       ? bytes
			       : 0;
	if (part->uimage != NULL)
		return UIMAGE_HEADER + (uint64_t)part->uimage->data_bytes;
	if (part->fip != NULL)
		return part->fip->total_bytes;
	if (part->fit != NULL)
		return part->fit->total_bytes;
	if (part->kernel != NULL)
		return part->kernel->image_bytes;
	return part->dtb != NULL ? part->dtb->header.total_bytes : 0;
}

/* The blocks of a file system that are not free; 0: that is not known. */
static uint64_t ext4_bytes(const struct stmboot_ext4_info *ext4)
{
	uint64_t bytes = 0;

	if (ext4->free_blocks_count > ext4->blocks_count ||
	    !sb_mul_u64(ext4->blocks_count - ext4->free_blocks_count, ext4->block_bytes, &bytes))
		return 0;
	return bytes;
}

static bool add_part(struct mapping *m, const struct stmboot_part *part)
{
	const uint64_t used = part->ext4 != NULL ? ext4_bytes(part->ext4) : image_bytes(part);
	const bool empty = part->content == STMBOOT_CONTENT_EMPTY;

	return add(m, &(struct stmboot_region){ .kind = STMBOOT_REGION_PARTITION,
						.part = part,
						.offset = part->offset,
						.size = part->size,
						.used_known = (used != 0 && used <= part->size) ||
							      (empty && used == 0),
						.used = used <= part->size ? used : 0 });
}

/* The first byte behind `from` that a partition takes. */
static uint64_t next_part(const struct stmboot_image *image, uint64_t from)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < stmboot_image_part_count(image); i++) {
		const uint64_t offset = stmboot_image_part(image, i)->offset;

		if (offset >= from && offset < next)
			next = offset;
	}
	return next;
}

static bool in_part(const struct stmboot_image *image, uint64_t offset)
{
	for (size_t i = 0; i < stmboot_image_part_count(image); i++) {
		const struct stmboot_part *part = stmboot_image_part(image, i);

		if (part->offset <= offset && offset - part->offset < part->size)
			return true;
	}
	return false;
}

/* Where a primary copy that is damaged has its entries, by all likelihood. */
static void guess_array(const struct stmboot_image *image, uint64_t offset,
			struct stmboot_region *array)
{
	array->offset = offset;
	array->size = sb_min_u64(LEAST_ARRAY, next_part(image, offset) - offset);
}

static bool add_primary(struct mapping *m, const struct stmboot_image *image)
{
	const struct stmboot_gpt *gpt = stmboot_image_gpt(image);
	const struct stmboot_gpt_copy *copy = &gpt->primary;
	const uint64_t end = copy->offset + gpt->sector_size;
	/* The MBR belongs to it. */
	const struct stmboot_region header = { .kind = STMBOOT_REGION_TABLE, .size = end };
	struct stmboot_region array = { .kind = STMBOOT_REGION_TABLE,
					.offset = copy->entries_offset,
					.size = copy->entries_length };

	if (copy->state != STMBOOT_GPT_OK)
		guess_array(image, end, &array);
	return add(m, &header) && add(m, &array);
}

/* One that is missing has its place, too, where nothing else does. */
static bool add_backup(struct mapping *m, const struct stmboot_image *image)
{
	const struct stmboot_gpt *gpt = stmboot_image_gpt(image);
	const struct stmboot_gpt_copy *copy = stmboot_gpt_backup(gpt);
	const struct stmboot_region header = { .kind = STMBOOT_REGION_BACKUP,
					       .offset = copy->offset,
					       .size = gpt->sector_size };
	const struct stmboot_region array = { .kind = STMBOOT_REGION_BACKUP,
					      .offset = copy->entries_offset,
					      .size = copy->entries_length };

	if (copy->offset <= gpt->primary.offset ||
	    (copy->state != STMBOOT_GPT_OK && in_part(image, copy->offset)))
		return true;
	return add(m, &header) && (copy->state != STMBOOT_GPT_OK || add(m, &array));
}

static bool add_tables(struct mapping *m, const struct stmboot_image *image)
{
	const struct stmboot_gpt *gpt = stmboot_image_gpt(image);

	switch (gpt->type) {
	case STMBOOT_TABLE_GPT:
		return add_primary(m, image) && add_backup(m, image);
	case STMBOOT_TABLE_MBR:
		return add(m, &(struct stmboot_region){ .kind = STMBOOT_REGION_TABLE,
							.size = gpt->sector_size });
	default:
		return true;
	}
}

static int by_offset(const void *a, const void *b)
{
	const struct stmboot_region *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->part != NULL && y->part != NULL
		       ? (x->part->number > y->part->number) - (x->part->number < y->part->number)
		       : 0;
}

static uint64_t end_of(const struct stmboot_region *region)
{
	uint64_t end;

	return sb_add_u64(region->offset, region->size, &end) ? end : UINT64_MAX;
}

/* What stands side by side of one table becomes one region. */
static void join_tables(struct mapping *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->map.count; i++) {
		struct stmboot_region *last = kept > 0 ? &m->list[kept - 1] : NULL;
		const struct stmboot_region *next = &m->list[i];

		if (last != NULL && last->part == NULL && last->kind == next->kind &&
		    next->offset <= end_of(last)) {
			if (end_of(next) > end_of(last))
				last->size = end_of(next) - last->offset;
			last->beyond = last->beyond || next->beyond;
		} else {
			m->list[kept++] = *next;
		}
	}
	m->map.count = kept;
}

static bool add_gap(struct mapping *m, uint64_t from, uint64_t to)
{
	to = sb_min_u64(to, m->map.size);
	return from >= to || add(m, &(struct stmboot_region){ .offset = from, .size = to - from });
}

static bool add_gaps(struct mapping *m)
{
	const size_t count = m->map.count;
	uint64_t covered = 0;

	for (size_t i = 0; i < count; i++) {
		struct stmboot_region *region = &m->list[i];
		const uint64_t end = end_of(region), offset = region->offset;

		region->overlaps = offset < covered && region->size != 0;
		/* This may move the list. */
		if (!add_gap(m, covered, offset))
			return false;
		covered = end > covered ? end : covered;
	}
	return add_gap(m, covered, m->map.size);
}

static void sort(struct mapping *m)
{
	if (m->map.count > 1)
		qsort(m->list, m->map.count, sizeof(*m->list), by_offset);
}

static bool fill(struct mapping *m, const struct stmboot_image *image)
{
	for (size_t i = 0; i < stmboot_image_part_count(image); i++)
		if (!add_part(m, stmboot_image_part(image, i)))
			return false;
	if (!add_tables(m, image))
		return false;
	sort(m);
	join_tables(m);
	if (!add_gaps(m))
		return false;
	sort(m);
	m->map.regions = m->list;
	return true;
}

enum stmboot_status stmboot_map_new(struct stmboot_context *ctx, const struct stmboot_image *image,
				    const struct stmboot_map **out)
{
	struct mapping *m = sb_object_new(ctx, sizeof(*m));

	if (m == NULL)
		return STMBOOT_NO_MEMORY;
	m->map.size = stmboot_image_info(image)->size;
	if (!fill(m, image)) {
		sb_object_free(m);
		return STMBOOT_NO_MEMORY;
	}
	*out = &m->map;
	return STMBOOT_OK;
}

void stmboot_map_free(const struct stmboot_map *map)
{
	sb_object_free(map);
}

const struct stmboot_region *stmboot_map_find(const struct stmboot_map *map,
					      const struct stmboot_place *place)
{
	const struct stmboot_region *found = NULL;

	for (size_t i = 0; i < map->count; i++) {
		const struct stmboot_region *region = &map->regions[i];

		if (region->part != NULL && place->partition != STMBOOT_NO_PARTITION &&
		    region->part->number == (uint32_t)place->partition)
			return region;
		/* of those that overlap, the last is the one that begins closest */
		if (place->has_offset && region->offset <= place->offset &&
		    place->offset - region->offset < region->size)
			found = region;
	}
	return found;
}
