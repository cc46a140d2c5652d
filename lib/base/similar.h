/* SPDX-License-Identifier: MIT */
#ifndef SB_BASE_SIMILAR_H
#define SB_BASE_SIMILAR_H

#include <stddef.h>

/*
 * How many letters are to be put in, left out, replaced or swapped to make one word of
 * the other, whatever their case; SIZE_MAX for words that are too long to be compared.
 */
size_t sb_distance(const char *word, const char *other);

enum { SB_DID_YOU_MEAN = 240 };

/* "did you mean 'rootfs'? HINT" in `room`; without a `best`, the hint alone, which may be NULL. */
const char *sb_did_you_mean(const char *best, const char *hint, char room[SB_DID_YOU_MEAN]);

#endif
