/* SPDX-License-Identifier: MIT */
/* Arithmetic on sizes from a medium: every sum and product is asked first. */
#ifndef SB_BASE_CHECKED_H
#define SB_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

/* *out = a + b; false when that does not fit. */
static inline bool sb_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

/* *out = a * b; false when that does not fit. */
static inline bool sb_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

/* Do `length` bytes at `offset` lie within `size` bytes? */
static inline bool sb_range_within(uint64_t offset, uint64_t length, uint64_t size)
{
	return offset <= size && length <= size - offset;
}

/* Do [a, a + a_length) and [b, b + b_length) share a byte? No overflow for any values. */
static inline bool sb_ranges_overlap(uint64_t a, uint64_t a_length, uint64_t b, uint64_t b_length)
{
	if (a_length == 0 || b_length == 0)
		return false;
	return a < b ? b - a < a_length : a - b < b_length;
}

static inline uint64_t sb_min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t sb_round_up_u64(uint64_t value, uint64_t power_of_two)
{
	uint64_t mask = power_of_two - 1;

	return value > UINT64_MAX - mask ? UINT64_MAX & ~mask : (value + mask) & ~mask;
}

#endif
