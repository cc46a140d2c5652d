/* SPDX-License-Identifier: MIT */
/*
 * A stored environment without a card around it. It has no magic: the
 * checksum of a copy stands for one. U-Boot env/mmc.c says where copies go.
 */
#include <stmboot/env.h>

#include "base/context.h"
#include "base/crc32.h"
#include "base/cursor.h"
#include "format/formats.h"

enum {
	HEAD_BYTES = 64, /* a variable is known by so many */
	BLOCK_BYTES = 16 << 10,
	DH_BYTES = 0x4000, /* one copy on DH's boards */
};

struct object {
	struct stmboot_env_area area; /* first: what callers hold */
	struct stmboot_context *ctx;
};

/* From the ends that copies are counted; SIZE_ALL: one copy is all there is. */
enum from { FROM_END, FROM_START };
#define SIZE_ALL 0

/* In the order in which they are tried. */
static const struct {
	uint64_t size;
	enum from from;
	bool redundant;
} layouts[] = {
	{ STMBOOT_ENV_BYTES, FROM_END, true },
	{ STMBOOT_ENV_BYTES, FROM_START, true },
	{ DH_BYTES, FROM_END, true },
	{ DH_BYTES, FROM_START, true },
	{ STMBOOT_ENV_BYTES, FROM_START, false },
	{ DH_BYTES, FROM_START, false },
	{ STMBOOT_ENV_BYTES, FROM_END, false },
	{ SIZE_ALL, FROM_START, true },
	{ SIZE_ALL, FROM_START, false },
};

enum { LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

/* Where a copy of a layout begins in a source; false when it does not fit in. */
static bool place_of(size_t layout, uint64_t size, uint64_t copy, struct sb_env_copy_place *out)
{
	uint64_t bytes = layouts[layout].size != SIZE_ALL ? layouts[layout].size : size;

	if (bytes < HEAD_BYTES || size / bytes < copy + 1)
		return false;
	if (copy > 0 && !layouts[layout].redundant)
		return false;
	out->redundant = layouts[layout].redundant;
	out->size = bytes;
	out->offset = layouts[layout].from == FROM_END ? size - (copy + 1) * bytes : copy * bytes;
	return true;
}

/* "name=", printable. */
static bool is_variable(const uint8_t *head, size_t from)
{
	size_t i = from;

	while (i < HEAD_BYTES && head[i] > ' ' && head[i] < 0x7f && head[i] != '=')
		i++;
	return i > from && i < HEAD_BYTES && head[i] == '=';
}

/* Most sources are ruled out by their first bytes; of the others the checksum is computed. */
static enum stmboot_status is_copy(struct stmboot_source *src,
				   const struct sb_env_copy_place *place, bool *found)
{
	uint64_t at = place->offset + 4 + (place->redundant ? 1 : 0);
	uint64_t end = place->offset + place->size;
	uint8_t head[HEAD_BYTES], block[BLOCK_BYTES];
	enum stmboot_status status = stmboot_source_read(src, place->offset, head, sizeof(head));
	uint32_t crc = 0;

	*found = false;
	if (status != STMBOOT_OK || !is_variable(head, (size_t)(at - place->offset)))
		return status;
	while (at < end) {
		size_t size = end - at < sizeof(block) ? (size_t)(end - at) : sizeof(block);

		status = stmboot_source_read(src, at, block, size);
		if (status != STMBOOT_OK)
			return status;
		crc = sb_crc32(crc, block, size);
		at += size;
	}
	*found = crc == sb_get_le32(head);
	return STMBOOT_OK;
}

static enum stmboot_status fits_layout(struct stmboot_context *ctx, struct stmboot_source *src,
				       size_t layout, bool *found)
{
	uint64_t size = stmboot_source_size(src);
	struct sb_env_copy_place place;
	enum stmboot_status status = STMBOOT_OK;

	*found = false;
	for (uint64_t copy = 0; copy < STMBOOT_ENV_AREA_COPIES && !*found; copy++) {
		if (!place_of(layout, size, copy, &place) ||
		    place.size > sb_limits(ctx)->max_text_bytes)
			break;
		status = is_copy(src, &place, found);
		if (status != STMBOOT_OK)
			break;
	}
	return status;
}

enum stmboot_status sb_env_area_find(struct stmboot_context *ctx, struct stmboot_source *src,
				     struct sb_env_copy_place places[STMBOOT_ENV_AREA_COPIES],
				     size_t *count)
{
	bool found = false;

	for (size_t layout = 0; layout < LAYOUTS; layout++) {
		enum stmboot_status status = fits_layout(ctx, src, layout, &found);

		if (status != STMBOOT_OK)
			return status;
		if (!found)
			continue;
		*count = 0;
		while (*count < STMBOOT_ENV_AREA_COPIES &&
		       place_of(layout, stmboot_source_size(src), *count, &places[*count]))
			++*count;
		return STMBOOT_OK;
	}
	return STMBOOT_NOT_RECOGNISED;
}

enum stmboot_status stmboot_env_area_decode(struct stmboot_context *ctx, struct stmboot_source *src,
					    struct stmboot_env_area **out)
{
	struct sb_env_copy_place places[STMBOOT_ENV_AREA_COPIES];
	size_t count = 0;
	enum stmboot_status status = sb_env_area_find(ctx, src, places, &count);
	struct object *object;

	if (status != STMBOOT_OK)
		return status;
	object = sb_alloc(ctx, sizeof(*object));
	if (object == NULL)
		return STMBOOT_NO_MEMORY;
	*object = (struct object){ .ctx = ctx };
	for (size_t i = 0; i < count && status == STMBOOT_OK; i++) {
		status = stmboot_env_decode(ctx, src, places[i].offset, places[i].size,
					    places[i].redundant, &object->area.copies[i]);
		if (status == STMBOOT_OK)
			object->area.copy_count++;
	}
	if (status != STMBOOT_OK) {
		stmboot_env_area_free(&object->area);
		return status;
	}
	object->area.saved = stmboot_env_choose(object->area.copies[0], object->area.copies[1]);
	*out = &object->area;
	return STMBOOT_OK;
}

void stmboot_env_area_free(struct stmboot_env_area *area)
{
	struct object *object = (struct object *)area;

	if (object == NULL)
		return;
	for (size_t i = 0; i < area->copy_count; i++)
		stmboot_env_free(area->copies[i]);
	sb_free(object->ctx, object);
}
