/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The values of a property of a device tree, by types that the caller knows:
 * those of fdtget and fdtput.
 */
#ifndef STMBOOT_DTB_VALUE_H
#define STMBOOT_DTB_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/dtb.h>
#include <stmboot/refusal.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the values of a property are. Zeroed: nobody said. */
struct stmboot_dtb_type {
	char format; /**< 's' strings; integers: 'i' signed, 'u' unsigned, 'x' hexadecimal; or 0 */
	uint8_t bytes; /**< of each integer: 1, 2 or 4; 0: nobody said */
};

/**
 * Read a type as fdtget and fdtput know it: s, i, u or x, and before it hh or b
 * for one byte, h for two, l for four.
 *
 * @param text  "s", "bx"
 * @param out   the type
 * @return STMBOOT_OK; STMBOOT_INVALID_ARGUMENT, and *out is untouched
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_dtb_type_parse(const char *text, struct stmboot_dtb_type *out);

/**
 * The type that a property is to be read by. What nobody said is chosen: strings
 * when it looks like them, else signed integers; of four bytes when they fit,
 * else of one.
 *
 * @param property  borrowed
 * @param asked     what was said
 * @param why       says why not; may be NULL
 * @param out       the type, with its format and, for integers, its bytes
 * @return STMBOOT_OK; STMBOOT_INVALID_ARGUMENT when the bytes of the property are
 *         not such values, and *out is untouched
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_dtb_type_choose(const struct stmboot_dtb_property *property,
			const struct stmboot_dtb_type *asked, struct stmboot_refusal *why,
			struct stmboot_dtb_type *out);

/** One value. */
struct stmboot_dtb_value {
	const char *text; /**< a string, borrowed from the property; else NULL */
	int64_t number; /**< four bytes are negative only by the format 'i'; others never, as fdtget
			     has it */
};

/**
 * The next value of a property.
 *
 * @param property  borrowed
 * @param type      from stmboot_dtb_type_choose()
 * @param at        0 for the first; then what the call before left there
 * @param out       the value
 * @return false past the last one
 */
STMBOOT_API bool stmboot_dtb_next_value(const struct stmboot_dtb_property *property,
					const struct stmboot_dtb_type *type, uint32_t *at,
					struct stmboot_dtb_value *out);

/**
 * All values with a blank between them, as fdtget prints them. Strings are as
 * they stand in the property: pass the text through stmboot_escape() (text.h)
 * before it meets a terminal.
 *
 * @param property  borrowed
 * @param type      from stmboot_dtb_type_choose()
 * @param buffer    receives the text and a final NUL; may be NULL when size is 0
 * @param size      bytes in buffer; a text that does not fit is cut
 * @return bytes of the whole text without its NUL, as snprintf() counts
 */
STMBOOT_API size_t stmboot_dtb_values_text(const struct stmboot_dtb_property *property,
					   const struct stmboot_dtb_type *type, char *buffer,
					   size_t size);

#ifdef __cplusplus
}
#endif

#endif
