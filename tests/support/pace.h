/* SPDX-License-Identifier: MIT */
/*
 * How far a long row of trials goes from one to the next. Under valgrind, where
 * each takes thirty times as long, some stand for all; a plain run makes all.
 */
#ifndef TESTS_PACE_H
#define TESTS_PACE_H

#include <stddef.h>
#include <stdlib.h>

/* So many trials on under valgrind; a number that no period of what is tested divides. */
static inline size_t pace(size_t prime)
{
	return getenv("STMBOOT_UNDER_VALGRIND") != NULL ? prime : 1;
}

/* Where such a row begins there, so that tests of one kind do not all try the same. */
static inline size_t pace_from(size_t first)
{
	return getenv("STMBOOT_UNDER_VALGRIND") != NULL ? first : 0;
}

#endif
