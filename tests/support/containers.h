/* SPDX-License-Identifier: MIT */
/*
 * Healthy boot containers in memory, for tests and fuzz targets: each function
 * fills a buffer of zeros and says how many bytes it took.
 */
#ifndef TESTS_CONTAINERS_H
#define TESTS_CONTAINERS_H

#include <stdint.h>
#include <string.h>
#include <zlib.h>

static inline void put_le(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static inline void put_be(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

#define STM32_PAYLOAD "stmboot-sample-payload-0123456789"

enum { STM32_PAYLOAD_BYTES = sizeof(STM32_PAYLOAD) - 1, STM32_PAYLOAD_SUM = 0xb08 };

/*
 * As mkimage -T stm32image -a 0x2ffc2500 -e 0x2ffc2500 writes version 1.0, and
 * TF-A's stm32image tool the others.
 */
static inline size_t make_stm32(uint8_t *image, uint32_t version)
{
	int is_v1 = version == 0x00010000, is_v23 = version == 0x00020300;
	size_t base = is_v1 ? 256 : is_v23 ? 160 : 128;
	size_t header = is_v1 ? 256 : is_v23 ? 576 : 512;
	uint32_t load = is_v1 ? 0x2ffc2500 : version == 0x00020000 ? 0x2ffe0000 : 0x0e013000;
	uint8_t *fields = image + (is_v23 ? 100 : 68); /* behind the signature */

	memcpy(image, "STM2", 4);
	put_le(fields, STM32_PAYLOAD_SUM, 4);
	put_le(fields + 4, version, 4);
	put_le(fields + 8, STM32_PAYLOAD_BYTES, 4);
	put_le(fields + 12, load, 4);
	put_le(fields + 20, load, 4);
	if (is_v1) {
		put_le(image + 100, 1, 4);
		put_le(image + 104, 1, 4);
	} else {
		put_le(fields + 32, 0x80000000, 4);
		put_le(fields + 36, header - base, 4);
		put_le(fields + 40, 0x10, 4);
		put_le(image + base, 0xffff5453, 4);
		put_le(image + base + 4, header - base, 4);
	}
	memcpy(image + header, STM32_PAYLOAD, STM32_PAYLOAD_BYTES);
	return header + STM32_PAYLOAD_BYTES;
}

enum { UIMAGE_DATA_BYTES = 36 };

/* Compute both CRCs of a uImage of `size` bytes. */
static inline void mend_uimage(uint8_t *image, size_t size)
{
	put_be(image + 24, crc32(0, image + 64, (uInt)(size - 64)), 4);
	put_be(image + 4, 0, 4);
	put_be(image + 4, crc32(0, image, 64), 4);
}

/* U-Boot, as mkimage -A arm -O u-boot -T firmware -a 0xc0100000 -e 0xc0100000 writes it. */
static inline size_t make_uimage(uint8_t *image)
{
	size_t size = 64 + UIMAGE_DATA_BYTES;

	put_be(image, 0x27051956, 4);
	put_be(image + 12, UIMAGE_DATA_BYTES, 4);
	put_be(image + 16, 0xc0100000, 4);
	put_be(image + 20, 0xc0100000, 4);
	put_be(image + 28, 0x11020500, 4);
	memcpy(image + 32, "U-Boot", 6);
	for (size_t i = 64; i < size; i++)
		image[i] = (uint8_t)i;
	mend_uimage(image, size);
	return size;
}

/* UUIDs as TF-A's tbbr_config.c has them. */
#define FIP_FW_CONFIG     "\x58\x07\xe1\x6a\x84\x59\x47\xbe\x8e\xd5\x64\x8e\x8d\xdd\xab\x0e"
#define FIP_HW_CONFIG     "\x08\xb8\xf1\xd9\xc9\xcf\x93\x49\xa9\x62\x6f\xbc\x6b\x72\x65\xcc"
#define FIP_NT_FW         "\xd6\xd0\xee\xa7\xfc\xea\xd5\x4b\x97\x82\x99\x34\xf2\x34\xb6\xe4"
#define FIP_TOS_FW        "\x05\xd0\xe1\x89\x53\xdc\x13\x47\x8d\x2b\x50\x0a\x4b\x7a\x3e\x38"
#define FIP_TOS_FW_CONFIG "\x26\x25\x7c\x1a\xdb\xc6\x7f\x47\x8d\x96\xc4\xc4\xb0\x24\x80\x21"

enum {
	FIP_ENTRIES = 5,
	FIP_IMAGE = 8,
	FIP_TOC = 16 + (FIP_ENTRIES + 1) * 40,
	FIP_TOTAL = FIP_TOC + FIP_ENTRIES * FIP_IMAGE,
};

/* What fiptool makes of five files of 8 bytes for an STM32MP15 with SP_min. */
static inline size_t make_fip(uint8_t *image)
{
	static const char *const uuids[FIP_ENTRIES] = { FIP_TOS_FW, FIP_NT_FW, FIP_FW_CONFIG,
							FIP_HW_CONFIG, FIP_TOS_FW_CONFIG };

	put_le(image, 0xaa640001, 4);
	put_le(image + 4, 0x12345678, 4);
	for (size_t i = 0; i < FIP_ENTRIES; i++) {
		uint8_t *entry = image + 16 + 40 * i;

		memcpy(entry, uuids[i], 16);
		put_le(entry + 16, FIP_TOC + i * FIP_IMAGE, 8);
		put_le(entry + 24, FIP_IMAGE, 8);
		memcpy(image + FIP_TOC + i * FIP_IMAGE, "payload", FIP_IMAGE);
	}
	put_le(image + 16 + 40 * FIP_ENTRIES + 16, FIP_TOTAL, 8);
	return FIP_TOTAL;
}

enum { SMALL_TREE_BYTES = 72 };

/* The smallest device tree: dtc makes it of "/ { };" in version 17. */
static inline void make_small_tree(uint8_t *at)
{
	static const uint32_t words[SMALL_TREE_BYTES / 4] = {
		0xd00dfeed,
		SMALL_TREE_BYTES,
		56,
		SMALL_TREE_BYTES,
		40,
		17,
		16,
		0,
		0,
		16,
		/* reserved, a node without a name */ 0,
		0,
		0,
		0,
		1,
		0,
		2,
		9,
	};

	for (size_t i = 0; i < SMALL_TREE_BYTES / 4; i++)
		put_be(at + 4 * i, words[i], 4);
}

#define FIP_UBOOT  "code\0U-Boot 2023.10 (Oct 02 2023 - 00:00:00 +0000)"
#define FIP_SP_MIN "code\0BL32: %s\n\0v2.8(release):v2.8\0Built : 12:00:00, Jan  1 2023"

/* The same with images that are what they are to be; they stand one behind another. */
static inline size_t make_whole_fip(uint8_t *image)
{
	const struct {
		const void *bytes;
		size_t size;
	} contents[FIP_ENTRIES] = { { FIP_SP_MIN, sizeof(FIP_SP_MIN) },
				    { FIP_UBOOT, sizeof(FIP_UBOOT) },
				    { NULL, SMALL_TREE_BYTES },
				    { NULL, SMALL_TREE_BYTES },
				    { NULL, SMALL_TREE_BYTES } };
	size_t at = FIP_TOC;

	make_fip(image);
	for (size_t i = 0; i < FIP_ENTRIES; i++) {
		put_le(image + 16 + 40 * i + 16, at, 8);
		put_le(image + 16 + 40 * i + 24, contents[i].size, 8);
		if (contents[i].bytes != NULL)
			memcpy(image + at, contents[i].bytes, contents[i].size);
		else
			make_small_tree(image + at);
		at += contents[i].size;
	}
	put_le(image + 16 + 40 * FIP_ENTRIES + 16, at, 8);
	return at;
}

/* 19d5df83-11b0-457b-be2c-7559c13142a5 as a GPT stores it; fip-a and fip-b likewise. */
#define FWU_FIP_TYPE "\x83\xdf\xd5\x19\xb0\x11\x7b\x45\xbe\x2c\x75\x59\xc1\x31\x42\xa5"
#define FWU_FIP_A    "\x93\x4c\xd8\x4f\xef\x54\x3f\x46\xa7\xef\xae\x25\xff\x88\x70\x87"
#define FWU_FIP_B    "\x52\x49\xc5\x09\xbf\xd5\xaf\x45\xac\xee\x33\x53\x03\x76\x6f\xb3"

enum { FWU_V1_BYTES = 96, FWU_V2_BYTES = 120 };

static inline void mend_fwu(uint8_t *image, size_t size)
{
	put_le(image, crc32(0, image + 4, (uInt)(size - 4)), 4);
}

/* As mkfwumdata -g -i 1 -b 2 -v 1 or 2 writes it. */
static inline size_t make_fwu(uint8_t *image, uint32_t version)
{
	size_t size = version == 1 ? FWU_V1_BYTES : FWU_V2_BYTES;
	uint8_t *described = image + size - 80;

	put_le(image + 4, version, 4);
	put_le(image + 12, 1, 4);
	if (version == 2) {
		put_le(image + 16, FWU_V2_BYTES, 4);
		put_le(image + 20, 32, 2);
		memcpy(image + 24, "\xfc\xfc\xff\xff", 4);
		memcpy(image + 32, "\2\0\1\0\x50\0\x18\0", 8);
	}
	memcpy(described, FWU_FIP_TYPE, 16);
	memcpy(described + 32, FWU_FIP_A, 16);
	put_le(described + 48, 1, 4);
	memcpy(described + 56, FWU_FIP_B, 16);
	put_le(described + 72, 1, 4);
	mend_fwu(image, size);
	return size;
}

#endif
