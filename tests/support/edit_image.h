/* SPDX-License-Identifier: MIT */
/* A small image in a folder of its own, and what it is to be after an edit. */
#ifndef TESTS_EDIT_IMAGE_H
#define TESTS_EDIT_IMAGE_H

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fast_folder.h"

/* Of three sectors that an edit changes, the one in the middle is written whole. */
enum { IMAGE = 40 * 512 + 100, AT = 1000, LENGTH = 700 };

static char folder[64], image[96], state[96], output[96];
static uint8_t old[IMAGE], new[IMAGE];

static inline void put(const char *path, const void *data, size_t size)
{
	FILE *f = fopen(path, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(data, 1, size, f), size);
	cr_assert_eq(fclose(f), 0);
}

static inline bool holds(const char *path, const uint8_t *data)
{
	static uint8_t bytes[IMAGE + 1];
	FILE *f = fopen(path, "rb");
	bool same = f != NULL && fread(bytes, 1, sizeof(bytes), f) == IMAGE &&
		    memcmp(bytes, data, IMAGE) == 0;

	if (f != NULL)
		(void)fclose(f);
	return same;
}

static inline void image_set_up(void)
{
	fast_folder(folder, sizeof(folder), "edit");
	cr_assert_not_null(mkdtemp(folder));
	(void)snprintf(image, sizeof(image), "%s/card.img", folder);
	(void)snprintf(state, sizeof(state), "%s/state", folder);
	(void)snprintf(output, sizeof(output), "%s/out.img", folder);
	for (size_t i = 0; i < IMAGE; i++)
		old[i] = new[i] = (uint8_t)(i * 31 + i / 512);
	memset(new + AT, 1, LENGTH);
}

#endif
