/* SPDX-License-Identifier: MIT */
/* GUIDs as GPT stores them: the first three groups little-endian, the rest as written. */
#ifndef SB_BASE_GUID_H
#define SB_BASE_GUID_H

#include <stdbool.h>
#include <stdint.h>

#include <stmboot/context.h>

enum { SB_GUID_BYTES = 16, SB_GUID_TEXT = 37 };

/* "0fc63daf-8483-4772-8e79-3d69d8477de4" and a NUL. */
void sb_guid_format(const uint8_t guid[SB_GUID_BYTES], char out[SB_GUID_TEXT]);

/* The text form, any case; false when it is not one. */
bool sb_guid_parse(const char *text, uint8_t out[SB_GUID_BYTES]);

/*
 * A new one of version 4: random, or from the context's seed, which gives the
 * same GUIDs in the same order each time.
 */
void sb_guid_new(struct stmboot_context *ctx, uint8_t out[SB_GUID_BYTES]);

bool sb_guid_is_zero(const uint8_t guid[SB_GUID_BYTES]);

#endif
