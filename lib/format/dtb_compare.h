/* SPDX-License-Identifier: MIT */
/* What differs between a device tree and one that was made of it. */
#ifndef SB_FORMAT_DTB_COMPARE_H
#define SB_FORMAT_DTB_COMPARE_H

#include <stdbool.h>

#include <stmboot/dtb.h>

/* One difference. Borrowed from the two trees. */
struct sb_dtb_difference {
	const struct stmboot_dtb_node
		*node; /* of the tree that has it, the later one when both do */
	/* Of one of its properties; both NULL: the node itself, with all below it, is in one only.
	 */
	const struct stmboot_dtb_property *before;
	const struct stmboot_dtb_property *after;
};

/* False ends the comparison. */
typedef bool sb_dtb_tell(void *user, const struct sb_dtb_difference *difference);

/*
 * Tell every difference, in the order of the trees. Nodes and properties that
 * are in both have the same order in both, and the others are all in `after`
 * or, with `removal`, all in `before`: libfdt adds and removes, it does not
 * rearrange. False when that is not so, when memory reservations or the boot
 * processor differ, or when `tell` ended it.
 */
bool sb_dtb_compare(const struct stmboot_dtb *before, const struct stmboot_dtb *after, bool removal,
		    sb_dtb_tell *tell, void *user);

#endif
