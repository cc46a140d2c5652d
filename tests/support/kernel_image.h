/* SPDX-License-Identifier: MIT */
/*
 * Kernels for tests, laid out as the specification pages say: a zImage with
 * its extension table at 0x200, and an arm64 Image with an EFI stub.
 */
#ifndef TESTS_KERNEL_IMAGE_H
#define TESTS_KERNEL_IMAGE_H

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ZIMAGE_TABLE = 0x200, ZIMAGE_CODE = 0x220, ZIMAGE_TAIL = 64, ARM64_BYTES = 0x1800 };

struct image {
	uint8_t *data;
	size_t size;
	size_t payload;   /* where it stands */
	size_t size_word; /* where the unpacked size stands */
};

static inline void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static inline void put_words(uint8_t *at, const uint32_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put32(at + 4 * i, words[i]);
}

/*
 * `code` stands between the table and the payload, as the decompressor does.
 * gzip ends in the unpacked size; for all others the build appends it.
 */
static inline struct image make_zimage(const void *code, size_t code_size, const void *payload,
				       size_t payload_size, uint32_t unpacked, bool gzip)
{
	struct image image = { .payload = ZIMAGE_CODE + code_size };
	uint32_t end;

	image.size_word = image.payload + payload_size - (gzip ? 4 : 0);
	image.size = image.size_word + 4 + ZIMAGE_TAIL;
	end = (uint32_t)image.size;
	image.data = calloc(1, image.size);
	cr_assert_not_null(image.data);
	put_words(image.data + 0x24,
		  (uint32_t[]){ 0x016f2818, 0, end, 0x04030201, 0x45454545, ZIMAGE_TABLE }, 6);
	put_words(image.data + ZIMAGE_TABLE,
		  (uint32_t[]){ 6, 0x5a534c4b, (uint32_t)image.size_word, 0x1000, 0x8000, 0x10000 },
		  6);
	if (code_size != 0)
		memcpy(image.data + ZIMAGE_CODE, code, code_size);
	if (payload_size != 0)
		memcpy(image.data + image.payload, payload, payload_size);
	put32(image.data + image.size_word, unpacked);
	return image;
}

/* Sections .text and .data, which end at the end of the file. */
static inline struct image make_arm64(void)
{
	struct image image = { .data = calloc(1, ARM64_BYTES), .size = ARM64_BYTES };

	cr_assert_not_null(image.data);
	memcpy(image.data, "MZ", 2);
	put32(image.data + 16, 0x4000);
	put32(image.data + 24, 0x0a);
	memcpy(image.data + 56, "ARM\x64", 4);
	put32(image.data + 60, 0x40);
	memcpy(image.data + 0x40, "PE\0\0\x64\xaa\x02", 7);
	image.data[0x40 + 20] = 0xa0;
	put_words(image.data + 0xf8 + 8, (uint32_t[]){ 0x800, 0x800, 0x800, 0x800 }, 4);
	put_words(image.data + 0xf8 + 40 + 8, (uint32_t[]){ 0x3000, 0x1000, 0x800, 0x1000 }, 4);
	return image;
}

#endif
