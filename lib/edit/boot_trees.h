/* SPDX-License-Identifier: MIT */
#ifndef SB_EDIT_BOOT_TREES_H
#define SB_EDIT_BOOT_TREES_H

#include "edit/boot_edit.h"

/*
 * Say in the plan of the edit what differs between a tree of `file` (NULL: the
 * image itself) and the one that one step made of it; *count tells how much.
 * `removal`: as sb_dtb_compare(). STMBOOT_OK; STMBOOT_NO_MEMORY;
 * STMBOOT_INTERNAL when one was not made of the other.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_boot_edit_tell_tree(struct stmboot_boot_edit *edit, const char *file,
		       const struct stmboot_dtb *before, const struct stmboot_dtb *after,
		       bool removal, struct stmboot_refusal *why, size_t *count);

#endif
