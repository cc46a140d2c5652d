/* SPDX-License-Identifier: MIT */
#ifndef SB_FORMAT_DTB_H
#define SB_FORMAT_DTB_H

#include <stmboot/dtb.h>

#include "base/rules.h"

extern const struct sb_rules sb_dtb_rules;

/* As stmboot_dtb_validate(), for layers that know where the file stands. */
void sb_dtb_validate(const struct sb_scope *scope, const struct stmboot_dtb *dtb);

/* The number that the first alias "<stem>N" of a node gives it, or -1: Linux of_alias_get_id(). */
int32_t sb_dtb_alias_of(const struct stmboot_dtb *dtb, const struct stmboot_dtb_node *node,
			const char *stem);

/* The highest number of all such aliases, or -1: Linux of_alias_get_highest_id(). */
int32_t sb_dtb_highest_alias(const struct stmboot_dtb *dtb, const char *stem);

/* Neither the node nor one above it is disabled. */
bool sb_dtb_is_enabled(const struct stmboot_dtb_node *node);

/* Was the tree, a good one, made of the bytes of this source? If they cannot be read: no. */
bool sb_dtb_is_of(const struct stmboot_dtb *dtb, struct stmboot_source *src);

/* One owner more: stmboot_dtb_free() frees it for the last one. */
struct stmboot_dtb *sb_dtb_share(struct stmboot_dtb *dtb);

#endif
