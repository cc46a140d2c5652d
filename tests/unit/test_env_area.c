/* SPDX-License-Identifier: MIT */
/* Environments without a card, and those that mkenvimage makes. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <stmboot/env.h>

#include "../support/bytes.h"
#include "../support/heap.h"

enum { COPY = STMBOOT_ENV_BYTES, PLAIN = 4, REDUNDANT = 5 };

/* A copy of `size` bytes whose data begins behind a head of 4 or 5 bytes. */
static void put_copy(struct bytes *b, size_t at, size_t size, size_t head, unsigned char flags,
		     const char *entry)
{
	unsigned char *copy = b->data + at;
	unsigned long crc;

	memset(copy, 0, size);
	copy[PLAIN] = flags;
	memcpy(copy + head, entry, strlen(entry));
	crc = crc32(0, copy + head, (unsigned)(size - head));
	for (size_t i = 0; i < 4; i++)
		copy[i] = (unsigned char)(crc >> (8 * i));
}

static enum stmboot_status decode(struct stmboot_context *ctx, const struct bytes *b,
				  struct stmboot_env_area **area)
{
	enum stmboot_status status;
	struct stmboot_source *src;

	status = stmboot_source_from_memory(ctx, b->data, b->size, &src);
	if (status != STMBOOT_OK)
		return status;
	status = stmboot_env_area_decode(ctx, src, area);
	stmboot_source_close(src);
	return status;
}

struct layout {
	const char *name;
	size_t size;  /* of the area */
	size_t bytes; /* of a copy */
	size_t head;  /* of a copy */
	size_t at[2]; /* of both copies; the second 0 when there is one */
};

static const struct layout layouts[] = {
	{ "a partition of 512 KiB", 0x80000, COPY, REDUNDANT, { 0x7E000, 0x7C000 } },
	{ "one that fits", 2 * COPY, COPY, REDUNDANT, { COPY, 0 } },
	{ "an odd partition", 0x8200, COPY, REDUNDANT, { 0x6200, 0x4200 } },
	{ "at the start", 0x10000, COPY, REDUNDANT, { 0, COPY } },
	{ "DH's copies", 0x40000, 0x4000, REDUNDANT, { 0x3C000, 0x38000 } },
	{ "without flags", COPY, COPY, PLAIN, { 0, 0 } },
	{ "without flags, large", 0x4000, 0x4000, PLAIN, { 0, 0 } },
	{ "without flags, at the end", 0x10000, COPY, PLAIN, { 0xE000, 0 } },
	{ "of any size", 0x1000, 0x1000, PLAIN, { 0, 0 } },
	{ "of any size with flags", 0x1000, 0x1000, REDUNDANT, { 0, 0 } },
	{ "as large as a configuration may be", 0x100000, 0x100000, PLAIN, { 0, 0 } },
};

Test(env_area, every_layout_is_found)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct layout *l = &layouts[i];
		struct bytes b = bytes_new(l->size);
		struct stmboot_env_area *area = NULL;

		put_copy(&b, l->at[0], l->bytes, l->head, 1, "bootdelay=2");
		cr_assert_eq(decode(ctx, &b, &area), STMBOOT_OK, "%s", l->name);
		cr_expect_eq(area->saved, area->copies[0], "%s", l->name);
		cr_expect_eq(area->saved->offset, l->at[0], "%s", l->name);
		cr_expect_eq(area->saved->size, l->bytes, "%s", l->name);
		cr_expect_eq(area->saved->redundant, l->head == REDUNDANT, "%s", l->name);
		cr_expect_str_eq(stmboot_env_find(area->saved, "bootdelay"), "2");
		stmboot_env_area_free(area);
		bytes_free(&b);
	}
	stmboot_context_free(ctx);
}

Test(env_area, of_two_copies_the_later_counts)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct layout *l = &layouts[i];
		struct stmboot_env_area *area = NULL;
		struct bytes b;

		if (l->at[0] == l->at[1] || l->head == PLAIN || l->bytes < COPY)
			continue;
		b = bytes_new(l->size);
		put_copy(&b, l->at[0], l->bytes, l->head, 1, "bootdelay=1");
		put_copy(&b, l->at[1], l->bytes, l->head, 2, "bootdelay=2");
		cr_assert_eq(decode(ctx, &b, &area), STMBOOT_OK, "%s", l->name);
		cr_expect_eq(area->copy_count, 2, "%s", l->name);
		cr_expect_eq(area->saved, area->copies[1], "%s", l->name);
		cr_expect_eq(area->copies[1]->offset, l->at[1], "%s", l->name);
		stmboot_env_area_free(area);
		b.data[l->at[1] + 100] ^= 1;
		cr_assert_eq(decode(ctx, &b, &area), STMBOOT_OK, "%s", l->name);
		cr_expect_eq(area->saved, area->copies[0], "%s", l->name);
		cr_expect_not(area->copies[1]->crc_ok);
		stmboot_env_area_free(area);
		b.data[l->at[0] + 100] ^= 1;
		cr_expect_eq(decode(ctx, &b, &area), STMBOOT_NOT_RECOGNISED, "%s", l->name);
		bytes_free(&b);
	}
	stmboot_context_free(ctx);
}

Test(env_area, what_is_too_small_is_none)
{
	struct stmboot_context *ctx;
	struct stmboot_env_area *area;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t size = 0; size < 64; size++) {
		struct bytes b = bytes_new(size);

		cr_expect_eq(decode(ctx, &b, &area), STMBOOT_NOT_RECOGNISED, "%zu", size);
		bytes_free(&b);
	}
	stmboot_context_free(ctx);
}

Test(env_area, no_memory_leaves_nothing_behind)
{
	struct bytes b = bytes_new(2 * COPY);
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	size_t before = heap.live;

	put_copy(&b, 0, COPY, REDUNDANT, 1, "bootdelay=2");
	for (size_t n = 1; status != STMBOOT_OK; n++) {
		struct stmboot_env_area *area = NULL;

		heap_refuse(&heap, n);
		status = decode(ctx, &b, &area);
		cr_expect(status == STMBOOT_OK || status == STMBOOT_NO_MEMORY);
		if (status == STMBOOT_OK)
			stmboot_env_area_free(area);
		cr_expect_eq(heap.live, before);
	}
	heap_refuse(&heap, 0);
	stmboot_context_free(ctx);
	bytes_free(&b);
}

/* mkenvimage of u-boot-tools fills with 0xff, or with zeros when asked to. */
static void check_made(const char *options, bool redundant, size_t size)
{
	static const char list[] = "a=1\nbootcmd=run bootcmd_stm32mp\nb=x \\\\ y\n";
	char text[] = "/tmp/env-XXXXXX", made[64], command[256];
	struct bytes b = bytes_new(size);
	struct stmboot_env_area *area;
	struct stmboot_context *ctx;
	int fd = mkstemp(text);
	FILE *file;

	cr_assert(fd >= 0 && write(fd, list, strlen(list)) == (ssize_t)strlen(list));
	close(fd);
	snprintf(made, sizeof(made), "%s.bin", text);
	snprintf(command, sizeof(command), "mkenvimage %s -s %zu -o %s %s", options, size, made,
		 text);
	cr_assert_eq(system(command), 0, "%s", command);
	file = fopen(made, "rb");
	cr_assert_not_null(file);
	cr_assert_eq(fread(b.data, 1, size, file), size);
	fclose(file);
	unlink(made);
	unlink(text);

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(decode(ctx, &b, &area), STMBOOT_OK, "%s", command);
	cr_expect_eq(area->saved->redundant, redundant, "%s", command);
	cr_expect_eq(area->saved->size, size, "%s", command);
	cr_expect_eq(area->saved->variable_count, 3, "%s", command);
	cr_expect_str_eq(stmboot_env_find(area->saved, "bootcmd"), "run bootcmd_stm32mp");
	stmboot_env_area_free(area);
	stmboot_context_free(ctx);
	bytes_free(&b);
}

Test(env_area, what_mkenvimage_makes)
{
	check_made("", false, COPY);
	check_made("-r", true, COPY);
	check_made("-r -p 0", true, COPY);
	check_made("-p 0", false, 0x1000);
	check_made("-r", true, 0x3000);
}
