/* SPDX-License-Identifier: MIT */
/* Kernels, for the layers above and between the files that read them. */
#ifndef SB_FORMAT_KERNEL_H
#define SB_FORMAT_KERNEL_H

#include <stmboot/kernel.h>

#include "base/arena.h"
#include "base/rules.h"

/* As stmboot_kernel_decode(), into memory of the caller's; strings live in the arena. */
STMBOOT_NODISCARD enum stmboot_status
sb_kernel_decode(struct sb_arena *arena, struct stmboot_source *src, struct stmboot_kernel *out);

extern const struct sb_rules sb_kernel_rules;
extern const struct sb_rules sb_kernel_payload_rules;

/*
 * As stmboot_kernel_validate(), over a scope. Whether a good kernel of that
 * format suits the board is left to the caller, who knows the board.
 */
void sb_kernel_validate(const struct sb_scope *scope, const struct stmboot_kernel *kernel);

/*
 * What looking inside revealed. A payload that is cut because the file is was
 * told by sb_kernel_validate() and is not told again.
 */
void sb_kernel_validate_payload(const struct sb_scope *scope, const struct stmboot_kernel *kernel,
				const struct stmboot_kernel_identity *identity);

/* The start of a file, enough to tell every format that is known. */
enum { SB_KERNEL_HEAD = 1024 };

struct sb_kernel_reader {
	struct sb_arena *arena;
	struct stmboot_source *src;
	uint8_t head[SB_KERNEL_HEAD]; /* zeros past the end of the file */
	size_t head_bytes;
};

/*
 * Decoders of one format each: the record stays UNKNOWN when it is not theirs.
 * STMBOOT_OK; STMBOOT_NO_MEMORY; or what reading gave.
 */
STMBOOT_NODISCARD enum stmboot_status sb_zimage_decode(const struct sb_kernel_reader *r,
						       struct stmboot_kernel *kernel);
STMBOOT_NODISCARD enum stmboot_status sb_arm64_image_decode(const struct sb_kernel_reader *r,
							    struct stmboot_kernel *kernel);
STMBOOT_NODISCARD enum stmboot_status sb_zboot_decode(const struct sb_kernel_reader *r,
						      struct stmboot_kernel *kernel);

#endif
