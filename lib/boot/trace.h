/* SPDX-License-Identifier: MIT */
#ifndef SB_BOOT_TRACE_H
#define SB_BOOT_TRACE_H

#include <stmboot/boot.h>

#include "boot/facts.h"

/* Fill the stages' partition, path, offset and summary from the facts, as if each was passed. */
void sb_summarize(const struct sb_facts *facts, struct stmboot_boot *boot);

/* Does this medium have something to decide at a stage? */
bool sb_stage_applies(const struct sb_facts *facts, enum stmboot_stage stage);

/*
 * stmboot_boot_trace() of an image that is mostly what it was when the same context
 * traced it earlier (NULL: it did not), which saves work.
 */
STMBOOT_NODISCARD enum stmboot_status sb_boot_trace_again(struct stmboot_context *ctx,
							  struct stmboot_image *image,
							  const struct stmboot_boot *earlier,
							  struct stmboot_diags *diags,
							  const struct stmboot_boot **out);

/* What a boot was made from; lives as long as it. */
struct sb_facts *sb_boot_facts(const struct stmboot_boot *boot);

#endif
