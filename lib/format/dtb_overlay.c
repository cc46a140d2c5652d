/* SPDX-License-Identifier: MIT */
/*
 * Overlays, applied by the same code that U-Boot has: libfdt. It gets copies
 * of trees that our own reader found sound, and only what it survives
 * (dtb_overlay_guard.c).
 */
#include "format/dtb_internal.h"

#include <libfdt.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"

enum { ROOM_BYTES = 1024 /* for a first try; libfdt says when it is too little */ };

/* libfdt goes through a whole tree for each property; trees that would take minutes are refused. */
static const uint64_t max_work = UINT64_C(1) << 31;

static const char *reason_of(int error)
{
	switch (error) {
	case -FDT_ERR_NOTFOUND:
		return "the base has no such node or label";
	case -FDT_ERR_BADPATH:
		return "a target path leads nowhere";
	case -FDT_ERR_BADPHANDLE:
		return "a target names no node of the base";
	case -FDT_ERR_NOPHANDLES:
		return "no phandles are left";
	case -FDT_ERR_BADOVERLAY:
		return "the overlay is malformed";
	default:
		return fdt_strerror(error);
	}
}

static bool too_much_work(const struct stmboot_dtb *base, const struct stmboot_dtb *overlay)
{
	uint64_t bytes = (uint64_t)base->header.total_bytes + overlay->header.total_bytes;
	uint64_t steps = overlay->node_count + sb_dtb_count_fixups(overlay);
	uint64_t work;

	for (const struct stmboot_dtb_node *node = overlay->root; node != NULL;
	     node = stmboot_dtb_next_node(node))
		steps += node->property_count;
	return !sb_mul_u64(bytes, steps, &work) || work > max_work;
}

/* One try in `capacity` bytes at `merged`; 0 or an error of libfdt. `copy` is spoilt. */
static int merge(const struct stmboot_dtb *base, const struct stmboot_dtb *overlay, uint8_t *merged,
		 uint64_t capacity, uint8_t *copy)
{
	int error = fdt_open_into(base->blob, merged, (int)capacity);

	memcpy(copy, overlay->blob, overlay->header.total_bytes);
	if (error == 0)
		error = fdt_overlay_apply(merged, copy);
	if (error == 0)
		error = fdt_pack(merged);
	return error;
}

static enum stmboot_status read_merged(struct stmboot_context *ctx, const uint8_t *merged,
				       const char **reason, struct stmboot_dtb **out)
{
	struct stmboot_dtb *dtb;
	enum stmboot_status status = sb_dtb_from_memory(ctx, merged, fdt_totalsize(merged), &dtb);

	if (status != STMBOOT_OK)
		return status;
	if (dtb->defect != STMBOOT_DTB_GOOD) {
		*reason = dtb->defect_text;
		stmboot_dtb_free(dtb);
		return STMBOOT_CONFLICT;
	}
	*out = dtb;
	return STMBOOT_OK;
}

/* Try with more and more room. */
static enum stmboot_status merge_and_read(struct stmboot_context *ctx,
					  const struct stmboot_dtb *base,
					  const struct stmboot_dtb *overlay, uint8_t *copy,
					  const char **reason, struct stmboot_dtb **out)
{
	uint64_t limit = sb_min_u64(sb_limits(ctx)->max_dtb_bytes, INT32_MAX);
	uint64_t capacity = (uint64_t)base->header.total_bytes + overlay->header.total_bytes;
	enum stmboot_status status;
	uint8_t *merged;
	int error;

	capacity = sb_min_u64(capacity + ROOM_BYTES, limit);
	for (;;) {
		merged = sb_alloc(ctx, capacity);
		if (merged == NULL)
			return STMBOOT_NO_MEMORY;
		error = merge(base, overlay, merged, capacity, copy);
		if (error != -FDT_ERR_NOSPACE || capacity == limit)
			break;
		sb_free(ctx, merged);
		capacity = sb_min_u64(capacity * 2, limit);
	}
	if (error == 0) {
		status = read_merged(ctx, merged, reason, out);
	} else if (error == -FDT_ERR_NOSPACE) {
		status = STMBOOT_LIMIT;
	} else {
		*reason = reason_of(error);
		status = STMBOOT_CONFLICT;
	}
	sb_free(ctx, merged);
	return status;
}

enum stmboot_status stmboot_dtb_apply_overlay(struct stmboot_context *ctx,
					      const struct stmboot_dtb *base,
					      const struct stmboot_dtb *overlay,
					      const char **reason, struct stmboot_dtb **out)
{
	enum stmboot_status status;
	const char *why;
	uint8_t *copy;

	if (base->root == NULL || overlay->root == NULL)
		return STMBOOT_INVALID_ARGUMENT;
	if (too_much_work(base, overlay))
		return STMBOOT_LIMIT;
	why = sb_dtb_refuse_overlay(base, overlay);
	if (why != NULL) {
		*reason = why;
		return STMBOOT_CONFLICT;
	}
	copy = sb_alloc(ctx, overlay->header.total_bytes);
	if (copy == NULL)
		return STMBOOT_NO_MEMORY;
	status = merge_and_read(ctx, base, overlay, copy, reason, out);
	sb_free(ctx, copy);
	return status;
}
