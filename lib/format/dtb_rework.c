/* SPDX-License-Identifier: MIT */
/*
 * Changing a device tree with libfdt: on a copy of what our own reader found
 * sound, which then reads the result.
 */
#include "format/dtb_internal.h"

#include <libfdt.h>

#include "base/checked.h"
#include "base/context.h"

enum { ROOM_BYTES = 1024 /* for a first try; libfdt says when it is too little */ };

/* Packing first moves blocks that are misaligned, which libfdt reads by words. */
static int open_copy(const struct stmboot_dtb *base, uint8_t *copy, uint64_t capacity)
{
	int error = fdt_open_into(base->blob, copy, (int)capacity);

	if (error == 0)
		error = fdt_pack(copy);
	return error == 0 ? fdt_open_into(copy, copy, (int)capacity) : error;
}

static enum stmboot_status read_result(struct stmboot_context *ctx, const uint8_t *blob,
				       struct sb_dtb_failure *failure, struct stmboot_dtb **out)
{
	struct stmboot_dtb *dtb;
	enum stmboot_status status = sb_dtb_from_memory(ctx, blob, fdt_totalsize(blob), &dtb);

	if (status != STMBOOT_OK)
		return status;
	if (dtb->defect != STMBOOT_DTB_GOOD) {
		failure->defect = dtb->defect_text;
		stmboot_dtb_free(dtb);
		return STMBOOT_CONFLICT;
	}
	*out = dtb;
	return STMBOOT_OK;
}

enum stmboot_status sb_dtb_rework(struct stmboot_context *ctx, const struct stmboot_dtb *base,
				  uint64_t room, int (*change)(void *fdt, void *user), void *user,
				  struct sb_dtb_failure *failure, struct stmboot_dtb **out)
{
	uint64_t limit = sb_min_u64(sb_limits(ctx)->max_dtb_bytes, INT32_MAX);
	uint64_t capacity = (uint64_t)base->header.total_bytes + ROOM_BYTES;
	enum stmboot_status status = STMBOOT_CONFLICT;
	uint8_t *copy;
	int error;

	*failure = (struct sb_dtb_failure){ 0 };
	capacity = sb_add_u64(capacity, room, &capacity) ? sb_min_u64(capacity, limit) : limit;
	for (;;) {
		copy = sb_alloc(ctx, (size_t)capacity);
		if (copy == NULL)
			return STMBOOT_NO_MEMORY;
		error = open_copy(base, copy, capacity);
		if (error == 0)
			error = change(copy, user);
		if (error == 0)
			error = fdt_pack(copy);
		if (error != -FDT_ERR_NOSPACE || capacity == limit)
			break;
		sb_free(ctx, copy);
		capacity = sb_min_u64(capacity * 2, limit);
	}
	failure->error = error;
	if (error == 0)
		status = read_result(ctx, copy, failure, out);
	else if (error == -FDT_ERR_NOSPACE)
		status = STMBOOT_LIMIT;
	sb_free(ctx, copy);
	return status;
}
