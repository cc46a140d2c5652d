/* SPDX-License-Identifier: MIT */
#ifndef SB_FORMAT_GPT_H
#define SB_FORMAT_GPT_H

#include <stmboot/gpt.h>

#include "base/rules.h"

extern const struct sb_rules sb_medium_rules;
extern const struct sb_rules sb_mbr_plain_rules;
extern const struct sb_rules sb_mbr_protective_rules;
extern const struct sb_rules sb_gpt_rules;
extern const struct sb_rules sb_partition_rules;

/* Turn the facts about a medium's tables into findings; the scope's source is the medium. */
void sb_gpt_validate(const struct sb_scope *scope, const struct stmboot_gpt *gpt);

#endif
