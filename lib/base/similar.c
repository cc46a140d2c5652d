/* SPDX-License-Identifier: MIT */
/* What was probably meant by a word that is not known. */
#include <stmboot/text.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/similar.h"

enum { LONGEST = 63, FARTHEST = 3, NOT_NEAR = LONGEST + 1 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(const char *a, const char *b)
{
	return lower(*a) == lower(*b);
}

/*
 * Letters to be put in, left out, replaced, or swapped with the next one, to make
 * one word of the other: three rows of the table of distances of their beginnings.
 */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][LONGEST + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t k = 0; k <= b_length; k++)
		last[k] = before[k] = k;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t k = 1; k <= b_length; k++) {
			row[k] = least(least(row[k - 1], last[k]) + 1,
				       last[k - 1] + !same(a + i - 1, b + k - 1));
			if (i > 1 && k > 1 && same(a + i - 1, b + k - 2) &&
			    same(a + i - 2, b + k - 1))
				row[k] = least(row[k], before[k - 2] + 1);
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[b_length];
}

size_t sb_distance(const char *word, const char *other)
{
	size_t length = strlen(word), other_length = strlen(other);

	if (length > LONGEST || other_length > LONGEST)
		return SIZE_MAX;
	return distance(word, length, other, other_length);
}

/* How far a word is from what may be meant by it; NOT_NEAR from what is not. */
static size_t farness(const char *word, const char *meant)
{
	size_t length = strlen(word), other = strlen(meant), found;
	size_t limit = least((length + 1) / 3, FARTHEST);

	if (length == 0 || length > LONGEST || other > LONGEST)
		return NOT_NEAR;
	if (length >= 2 && length < other && strncasecmp(word, meant, length) == 0)
		return 1;
	found = distance(word, length, meant, other);
	return found <= limit && found < length && found < other ? found : NOT_NEAR;
}

void stmboot_similar(const char *word, const char *meant, const char **best)
{
	size_t found = farness(word, meant);

	if (found < (*best != NULL ? farness(word, *best) : NOT_NEAR))
		*best = meant;
}

const char *sb_did_you_mean(const char *best, const char *hint, char room[SB_DID_YOU_MEAN])
{
	if (best == NULL)
		return hint;
	(void)snprintf(room, SB_DID_YOU_MEAN, "did you mean '%.64s'?%s%s", best,
		       hint != NULL ? " " : "", hint != NULL ? hint : "");
	return room;
}
