/* SPDX-License-Identifier: MIT */
#ifndef SB_FORMAT_DTB_H
#define SB_FORMAT_DTB_H

#include <stmboot/dtb.h>

#include "base/rules.h"

extern const struct sb_rules sb_dtb_rules;

/* As stmboot_dtb_validate(), for layers that know where the file stands. */
void sb_dtb_validate(const struct sb_scope *scope, const struct stmboot_dtb *dtb);

#endif
