/* SPDX-License-Identifier: MIT */
#ifndef SB_BASE_TEXT_H
#define SB_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <stmboot/text.h>

static inline size_t sb_utf8_decode(const char *text, size_t size, uint32_t *code_point)
{
	return stmboot_utf8_decode(text, size, code_point);
}

#endif
