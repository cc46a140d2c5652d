/* SPDX-License-Identifier: MIT */
/* Device trees of any shape, from a seed. */
#ifndef TESTS_DTB_RANDOM_H
#define TESTS_DTB_RANDOM_H

#include <criterion/criterion.h>

#include <libfdt.h>
#include <stdint.h>
#include <stdio.h>

struct random_tree {
	uint64_t state;
	uint8_t blob[1 << 16];
	unsigned int nodes; /* made so far */
};

static inline uint32_t random_number(struct random_tree *r, uint32_t below)
{
	r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(r->state >> 33) % below;
}

/* Bytes, cells, or strings with everything that they may hold. */
static inline void random_property(struct random_tree *r, unsigned int number)
{
	static const char text[] = "abc XYZ\"\\/;{}<>[]&\a\b\t\n\v\f\r09~";
	uint8_t data[64];
	char name[16];
	uint32_t kind = random_number(r, 4), length = random_number(r, sizeof(data));

	for (uint32_t i = 0; i < length; i++)
		data[i] = kind == 0 ? (uint8_t)random_number(r, 256)
				    : (uint8_t)text[random_number(r, sizeof(text) - 1)];
	if (kind == 1)
		for (uint32_t i = 0; i < length / 4; i++)
			data[random_number(r, length)] = 0;
	if (kind > 0 && length > 0)
		data[length - 1] = 0;
	snprintf(name, sizeof(name), "p%u,%c", number, "._+*#?-Z"[random_number(r, 8)]);
	cr_assert_eq(fdt_property(r->blob, name, data, (int)length), 0);
}

static inline void random_node(struct random_tree *r, unsigned int depth)
{
	unsigned int properties = random_number(r, 6), children = random_number(r, 5);

	for (unsigned int i = 0; i < properties; i++)
		random_property(r, i);
	for (unsigned int i = 0; i < children && depth < 6 && r->nodes < 60; i++) {
		char name[24];

		snprintf(name, sizeof(name), "n%u@%x,%x", ++r->nodes, i, depth);
		cr_assert_eq(fdt_begin_node(r->blob, name), 0);
		random_node(r, depth + 1);
		cr_assert_eq(fdt_end_node(r->blob), 0);
	}
}

/* A tree in r->blob, with no room to grow. */
static inline void random_make(struct random_tree *r, uint64_t seed)
{
	r->state = seed;
	r->nodes = 0;
	cr_assert_eq(fdt_create(r->blob, sizeof(r->blob)), 0);
	for (uint32_t i = random_number(r, 3); i > 0; i--)
		cr_assert_eq(fdt_add_reservemap_entry(r->blob, (uint64_t)1 << random_number(r, 60),
						      1 + random_number(r, 99)),
			     0);
	cr_assert_eq(fdt_finish_reservemap(r->blob), 0);
	cr_assert_eq(fdt_begin_node(r->blob, ""), 0);
	random_node(r, 0);
	cr_assert_eq(fdt_end_node(r->blob), 0);
	cr_assert_eq(fdt_finish(r->blob), 0);
}

#endif
