/* SPDX-License-Identifier: MIT */
#ifndef SB_BOOT_TRACE_H
#define SB_BOOT_TRACE_H

#include <stmboot/boot.h>

#include "boot/facts.h"

/* Fill the stages' partition, path, offset and summary from the facts, as if each was passed. */
void sb_summarize(const struct sb_facts *facts, struct stmboot_boot *boot);

/* Does this medium have something to decide at a stage? */
bool sb_stage_applies(const struct sb_facts *facts, enum stmboot_stage stage);

#endif
