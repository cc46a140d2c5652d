/* SPDX-License-Identifier: MIT */
#ifndef SB_FORMAT_DTB_VALUE_H
#define SB_FORMAT_DTB_VALUE_H

#include <stmboot/dtb_value.h>

#include "base/arena.h"

/*
 * The bytes of values, in the arena. Where nobody said a format they are
 * integers when all of them look like it, decimal or with 0x, else strings; of
 * four bytes where nobody said how many. STMBOOT_OK; STMBOOT_INVALID_ARGUMENT for
 * what is no such number or does not fit; STMBOOT_LIMIT; STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_dtb_encode(struct sb_arena *arena,
						    const struct stmboot_dtb_type *asked,
						    const char *const *values, size_t count,
						    struct stmboot_refusal *why,
						    const uint8_t **data, uint32_t *length);

#endif
