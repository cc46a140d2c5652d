/* SPDX-License-Identifier: MIT */
/*
 * What a kernel says of itself, found while its unpacked bytes stream by: the
 * banner "Linux version ..." and the configuration of CONFIG_IKCONFIG.
 */
#ifndef SB_FORMAT_KERNEL_TEXT_H
#define SB_FORMAT_KERNEL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>

#include "base/arena.h"

enum { SB_KERNEL_BANNER = 512 };

struct sb_kernel_text {
	struct stmboot_context *ctx;
	size_t banner_matched; /* characters of its beginning that were just seen */
	char banner[SB_KERNEL_BANNER];
	size_t banner_length;
	bool banner_whole;
	size_t config_matched;
	uint8_t *config; /* gzip, from its magic on; NULL: none so far */
	size_t config_bytes;
};

void sb_kernel_text_init(struct sb_kernel_text *text, struct stmboot_context *ctx);
void sb_kernel_text_release(struct sb_kernel_text *text);

/* Take the next bytes; `text` is a struct sb_kernel_text. STMBOOT_OK or STMBOOT_NO_MEMORY. */
STMBOOT_NODISCARD enum stmboot_status sb_kernel_text_feed(void *text, const void *data,
							  size_t size);

/*
 * The configuration, with a NUL behind it; *out stays NULL when there is none
 * or it is damaged. STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED.
 */
STMBOOT_NODISCARD enum stmboot_status sb_kernel_text_config(const struct sb_kernel_text *text,
							    struct sb_arena *arena, char **out,
							    size_t *size);

#endif
