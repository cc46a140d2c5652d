/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_DTB_MEND_H
#define FUZZ_DTB_MEND_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"

enum { MEND_HEADER = 40, MEND_RESERVE = 16, MEND_LEAST = 72 };

static inline void mend_put(uint8_t *at, size_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/*
 * Let the blocks of a device tree of `size` bytes lie as dtc orders them, and
 * the header say so. Where the strings start is kept when it can be.
 */
static inline void dtb_mend(uint8_t *tree, size_t size)
{
	size_t start = MEND_HEADER + MEND_RESERVE;
	size_t strings;

	if (size < MEND_LEAST)
		return;
	strings = sb_get_be32(tree + 12);
	if (strings < start + 8 || strings > size)
		strings = size - size / 4;
	mend_put(tree, 0xd00dfeed);
	mend_put(tree + 4, size);
	mend_put(tree + 8, start);
	mend_put(tree + 12, strings);
	mend_put(tree + 16, MEND_HEADER);
	mend_put(tree + 20, 17);
	mend_put(tree + 24, 16);
	mend_put(tree + 32, size - strings);
	mend_put(tree + 36, strings - start);
	memset(tree + MEND_HEADER, 0, MEND_RESERVE);
	tree[size - 1] = 0;
}

#endif
