/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Device trees as source text, for people and for dtc.
 *
 * A flattened tree does not say what its properties hold, so it is guessed as
 * dtc does. Every text is plain ASCII without control characters but newline and
 * tab, whatever the tree holds.
 * Devicetree specification v0.4, chapter 6.
 */
#ifndef STMBOOT_DTB_SOURCE_H
#define STMBOOT_DTB_SOURCE_H

#include <stddef.h>

#include <stmboot/dtb.h>
#include <stmboot/dtb_value.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the bytes of a property look like. */
enum stmboot_dtb_guess {
	STMBOOT_DTB_EMPTY,   /**< there are none */
	STMBOOT_DTB_STRINGS, /**< printable text, each string with its NUL */
	STMBOOT_DTB_CELLS,   /**< integers of 32 bits */
	STMBOOT_DTB_BYTES,
};

/**
 * What a property looks like, by the rule of dtc's treesource.c.
 *
 * @param property  of a decoded tree
 * @return the guess
 */
STMBOOT_API enum stmboot_dtb_guess stmboot_dtb_guess(const struct stmboot_dtb_property *property);

/**
 * The name of a guess.
 *
 * @param guess  what to name
 * @return "empty", "strings", "cells" or "bytes"; static
 */
STMBOOT_API const char *stmboot_dtb_guess_text(enum stmboot_dtb_guess guess);

/**
 * The type to read a property by that looks so: strings, or integers without a sign.
 *
 * @param guess  what it looks like
 * @return a type for stmboot_dtb_next_value()
 */
STMBOOT_API struct stmboot_dtb_type stmboot_dtb_guess_type(enum stmboot_dtb_guess guess);

/**
 * The value of a property as it stands in source text: "a", "b" or <0x1 0x2> or
 * [00 01]; "" when it is empty.
 *
 * @param property  borrowed
 * @param buffer    receives the text and a final NUL; may be NULL when size is 0
 * @param size      bytes in buffer; a text that does not fit is cut
 * @return bytes of the whole text without its NUL, as snprintf() counts
 */
STMBOOT_API size_t stmboot_dtb_value_source(const struct stmboot_dtb_property *property,
					    char *buffer, size_t size);

/**
 * The source text of a node and everything below it; for the root, of the whole
 * tree with its memory reservations, from which dtc makes an equal tree.
 *
 * A name that source text cannot have is escaped and put in quotes; dtc then
 * refuses the text.
 *
 * @param dtb     a GOOD tree; borrowed
 * @param node    of that tree; borrowed
 * @param buffer  receives the text and a final NUL; may be NULL when size is 0
 * @param size    bytes in buffer; a text that does not fit is cut
 * @return bytes of the whole text without its NUL, as snprintf() counts
 */
STMBOOT_API size_t stmboot_dtb_source(const struct stmboot_dtb *dtb,
				      const struct stmboot_dtb_node *node, char *buffer,
				      size_t size);

#ifdef __cplusplus
}
#endif

#endif
