/* SPDX-License-Identifier: MIT */
/* What the checks of firmware packages share. */
#ifndef SB_FORMAT_FIP_CHECKS_H
#define SB_FORMAT_FIP_CHECKS_H

#include "base/rules.h"
#include "format/fip_internal.h"

/* What is looked at: the package, and on the way one of its entries. */
struct sb_fip_checked {
	const struct sb_scope *scope;
	const struct stmboot_fip *fip;
	enum stmboot_soc soc;
	size_t index;
};

static inline const struct stmboot_fip_entry *sb_fip_checked_entry(const struct sb_fip_checked *c)
{
	return &c->fip->entries[c->index];
}

/* Ids of the parts of OP-TEE. */
enum {
	SB_FIP_OPTEE_PAGER = 0, /* tos-fw-extra1 */
	SB_FIP_OPTEE_PAGED = 1, /* tos-fw-extra2 */
};

/* A part that the header of OP-TEE describes, and that has bytes; NULL: none. */
const struct stmboot_fip_optee_part *sb_fip_optee_part(const struct stmboot_fip *fip, uint32_t id);

/* What is inside the images, once they were identified. */
void sb_fip_validate_payloads(const struct sb_fip_checked *package);

#endif
