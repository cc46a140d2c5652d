/* SPDX-License-Identifier: MIT */
#ifndef SB_BASE_CONTEXT_H
#define SB_BASE_CONTEXT_H

#include <stmboot/context.h>

struct stmboot_context {
	struct stmboot_context_options options; /* limits filled in, allocator set */
	uint64_t guids;                         /* how many were made of the seed */
	uint64_t allocated;                     /* bytes, in all; what is released counts */
};

/* Zeroed memory, or NULL; size 0 gives a pointer that can be released. */
void *sb_alloc(struct stmboot_context *ctx, size_t size);

/* Zeroed memory for count elements, or NULL, also when the product overflows. */
void *sb_alloc_array(struct stmboot_context *ctx, size_t count, size_t size);

/* The same, not cleared: for what is written over at once. */
void *sb_alloc_uncleared(struct stmboot_context *ctx, size_t size);

/* Release what sb_alloc() gave; NULL is fine. */
void sb_free(struct stmboot_context *ctx, void *memory);

static inline const struct stmboot_limits *sb_limits(const struct stmboot_context *ctx)
{
	return &ctx->options.limits;
}

/* Seconds since 1970, by the rule of stmboot_context_options.clock. */
int64_t sb_now(struct stmboot_context *ctx);

/* Tell the caller how far the work is, and ask nothing: it cannot be stopped any more. */
void sb_tell_progress(struct stmboot_context *ctx, uint64_t done, uint64_t total);

/* Tell the caller how far the work is; STMBOOT_CANCELLED when it should stop. */
STMBOOT_NODISCARD enum stmboot_status sb_progress(struct stmboot_context *ctx, uint64_t done,
						  uint64_t total);

#endif
