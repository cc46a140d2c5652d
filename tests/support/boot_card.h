/* SPDX-License-Identifier: MIT */
/* A card of a golden recipe in a folder of its own, to be edited. */
#ifndef TESTS_BOOT_CARD_H
#define TESTS_BOOT_CARD_H

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/boot_edit.h>

#include "fast_folder.h"
#include "heap.h"

enum { MOST_BYTES = 4 << 20 };

static char folder[64], card[96], state[96];
static uint8_t original[MOST_BYTES], now[MOST_BYTES];
static size_t original_size;
static struct stmboot_edit_options transaction;
static struct stmboot_boot_edit_options options;
static struct stmboot_refusal why;

static inline size_t read_file(const char *path, uint8_t bytes[MOST_BYTES])
{
	FILE *f = fopen(path, "rb");
	size_t size;

	cr_assert_not_null(f, "%s", path);
	size = fread(bytes, 1, MOST_BYTES, f);
	(void)fclose(f);
	return size;
}

static inline void put_card(void)
{
	FILE *f = fopen(card, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(original, 1, original_size, f), original_size);
	cr_assert_eq(fclose(f), 0);
}

static inline void set_up_with(const char *name)
{
	const char *images = getenv("STMBOOT_GOLDEN_IMAGES");
	char path[512];

	cr_assert_not_null(images, "run through golden_images.sh");
	(void)snprintf(path, sizeof(path), "%s/%s.img", images, name);
	original_size = read_file(path, original);
	fast_folder(folder, sizeof(folder), "boot-edit");
	cr_assert_not_null(mkdtemp(folder));
	(void)snprintf(card, sizeof(card), "%s/card.img", folder);
	(void)snprintf(state, sizeof(state), "%s/state", folder);
	put_card();
	transaction = (struct stmboot_edit_options){ .struct_size = sizeof(transaction),
						     .state_directory = state };
	options = (struct stmboot_boot_edit_options){ .struct_size = sizeof(options),
						      .edit = &transaction };
	why = (struct stmboot_refusal){ .message = "" };
}

static inline void set_up(void)
{
	set_up_with("healthy");
}

static inline void tear_down(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_expect_eq(system(command), 0);
}

static inline bool is_as_it_was(void)
{
	return read_file(card, now) == original_size && memcmp(now, original, original_size) == 0;
}

#endif
