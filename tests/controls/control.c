/* SPDX-License-Identifier: MIT */
/*
 * Defects made on purpose. The tests that run them pass only when the memory
 * checkers report them although Criterion exits with success.
 */
#include <limits.h>
#include <stdlib.h>

#include <criterion/criterion.h>

static void *volatile kept;
static volatile int largest = INT_MAX;

Test(control, leak)
{
	kept = malloc(77);
	cr_assert_not_null(kept);
	kept = NULL;
}

Test(control, use_after_free)
{
	char *volatile block = calloc(16, 1);

	cr_assert_not_null(block);
	free(block);
	largest += block[3];
}

Test(control, overflow)
{
	cr_assert_eq(largest + 1, INT_MIN);
}
