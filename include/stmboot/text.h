/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Text that came from a medium, made safe to show.
 */
#ifndef STMBOOT_TEXT_H
#define STMBOOT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Escape a string for a terminal.
 *
 * Control characters (C0, DEL, C1), a backslash, bytes that are not UTF-8 and
 * the invisible direction and line marks of Unicode become `\n`, `\t`, `\\`
 * or `\xNN`; everything else is copied. The result can neither move the cursor
 * nor end the line it is printed on.
 *
 * @param text    NUL-terminated; NULL counts as empty
 * @param buffer  receives the result and a final NUL; may be NULL when size is 0
 * @param size    bytes in buffer; a result that does not fit is cut before an
 *                escape or character, never within one
 * @return bytes of the whole result without its NUL, as snprintf() counts
 */
STMBOOT_API size_t stmboot_escape(const char *text, char *buffer, size_t size);

/**
 * Take one character from a text that may hold any bytes.
 *
 * @param text        bytes, of which none beyond `size` is read
 * @param size        how many there are
 * @param code_point  receives the character; untouched when there is none
 * @return its length in bytes; 0 when no UTF-8 character stands there (RFC
 *         3629: no overlong forms, no surrogates)
 */
STMBOOT_API size_t stmboot_utf8_decode(const char *text, size_t size, uint32_t *code_point);

/**
 * Look for what was probably meant by a word that is not known: call it for each
 * word that is. Upper and lower case count as one; near is what begins with the
 * word, or differs in few letters.
 *
 * @param word   what was given
 * @param meant  a word that is known
 * @param best   the one that was the nearest so far, NULL at first; becomes
 *               `meant` itself, borrowed, when that is nearer
 */
STMBOOT_API void stmboot_similar(const char *word, const char *meant, const char **best);

#ifdef __cplusplus
}
#endif

#endif
