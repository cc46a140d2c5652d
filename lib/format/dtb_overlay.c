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

/* libfdt spoils the overlay, so each try gets a copy. */
struct merge {
	const struct stmboot_dtb *overlay;
	uint8_t *copy;
};

static int merge(void *fdt, void *user)
{
	struct merge *m = user;

	memcpy(m->copy, m->overlay->blob, m->overlay->header.total_bytes);
	return fdt_overlay_apply(fdt, m->copy);
}

static enum stmboot_status apply(struct stmboot_context *ctx, const struct stmboot_dtb *base,
				 struct merge *m, const char **reason, struct stmboot_dtb **out)
{
	struct sb_dtb_failure failure;
	enum stmboot_status status =
		sb_dtb_rework(ctx, base, m->overlay->header.total_bytes, merge, m, &failure, out);

	if (status == STMBOOT_CONFLICT)
		*reason = failure.error != 0 ? reason_of(failure.error) : failure.defect;
	return status;
}

enum stmboot_status stmboot_dtb_apply_overlay(struct stmboot_context *ctx,
					      const struct stmboot_dtb *base,
					      const struct stmboot_dtb *overlay,
					      const char **reason, struct stmboot_dtb **out)
{
	struct merge m = { .overlay = overlay };
	enum stmboot_status status;
	const char *why;

	if (base->root == NULL || overlay->root == NULL)
		return STMBOOT_INVALID_ARGUMENT;
	if (too_much_work(base, overlay))
		return STMBOOT_LIMIT;
	why = sb_dtb_refuse_overlay(base, overlay);
	if (why != NULL) {
		*reason = why;
		return STMBOOT_CONFLICT;
	}
	m.copy = sb_alloc(ctx, overlay->header.total_bytes);
	if (m.copy == NULL)
		return STMBOOT_NO_MEMORY;
	status = apply(ctx, base, &m, reason, out);
	sb_free(ctx, m.copy);
	return status;
}
