/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Edits of device trees. Each makes a new tree of a good one, by libfdt, with as
 * much room as it takes and no more; what was not meant keeps its place and its
 * bytes, which is verified. Overlays are applied by stmboot_dtb_apply_overlay()
 * (dtb.h).
 */
#ifndef STMBOOT_DTB_EDIT_H
#define STMBOOT_DTB_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include <stmboot/context.h>
#include <stmboot/dtb.h>
#include <stmboot/dtb_value.h>
#include <stmboot/refusal.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Find a node by what a person calls it: its path, an alias or a label, and what
 * follows below these. "&name" is always a label; a name without a '/' is an
 * alias when there is one. Labels are those that dtc -@ keeps in /__symbols__. A
 * name without a unit address finds the first node that has one.
 *
 * @param dtb   a GOOD tree; borrowed for the call
 * @param name  "/soc/serial@40010000", "serial0", "&uart4", "soc/timer"
 * @param why   says why not; may be NULL
 * @param out   on success, the node, borrowed from the tree
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND, and *out is untouched
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_dtb_locate(const struct stmboot_dtb *dtb, const char *name, struct stmboot_refusal *why,
		   const struct stmboot_dtb_node **out);

/** What a property is to be. Zero it and set struct_size. */
struct stmboot_dtb_setting {
	size_t struct_size;
	const char *node; /**< as for stmboot_dtb_locate() */
	const char *property;
	/**
	 * Of the values. When nobody said, they are integers of four bytes if all of
	 * them are integers, decimal or with 0x, else strings.
	 */
	struct stmboot_dtb_type type;
	const char *const *values; /**< one after the other */
	size_t value_count;        /**< 0: the property is there and empty */
	bool create;               /**< make the node where it is missing, with those above it */
};

/**
 * Give a node a property.
 *
 * @param ctx      allocator and limits; must outlive the result
 * @param base     a GOOD tree; borrowed for the call
 * @param setting  borrowed for the call
 * @param why      says why not; may be NULL
 * @param out      on success, the new tree, to release with stmboot_dtb_free(); when
 *                 it has the property already, with the bytes of the base
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND without such a node;
 *         STMBOOT_INVALID_ARGUMENT when base is not GOOD, for a value that is not of
 *         its type, and for a name that no new property or node may have;
 *         STMBOOT_LIMIT when the tree would be larger than max_dtb_bytes, or nodes
 *         too deep; STMBOOT_UNSUPPORTED when libfdt does not take the tree;
 *         STMBOOT_NO_MEMORY; STMBOOT_INTERNAL. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_dtb_set(struct stmboot_context *ctx, const struct stmboot_dtb *base,
		const struct stmboot_dtb_setting *setting, struct stmboot_refusal *why,
		struct stmboot_dtb **out);

/**
 * Remove a property, or a node with everything below it.
 *
 * @param ctx       allocator and limits; must outlive the result
 * @param base      a GOOD tree; borrowed for the call
 * @param node      as for stmboot_dtb_locate()
 * @param property  NULL: the node
 * @param why       says why not; may be NULL
 * @param out       on success, a tree to release with stmboot_dtb_free()
 * @return as stmboot_dtb_set(); STMBOOT_NOT_FOUND also without such a property;
 *         STMBOOT_INVALID_ARGUMENT for the root; STMBOOT_CONFLICT when another node
 *         beside it has the same name
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_dtb_remove(struct stmboot_context *ctx, const struct stmboot_dtb *base, const char *node,
		   const char *property, struct stmboot_refusal *why, struct stmboot_dtb **out);

#ifdef __cplusplus
}
#endif

#endif
