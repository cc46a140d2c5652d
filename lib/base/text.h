/* SPDX-License-Identifier: MIT */
#ifndef SB_BASE_TEXT_H
#define SB_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <stmboot/text.h>

/*
 * Length in bytes of the UTF-8 character at `text` (RFC 3629: no overlong
 * forms, no surrogates), with its code point; 0 when it is none.
 */
size_t sb_utf8_decode(const char *text, size_t size, uint32_t *code_point);

#endif
