/* SPDX-License-Identifier: MIT */
/*
 * A small card with a GPT, written from UEFI 2.10 chapter 5 alone: what tests
 * and the fuzz target start from, patch, and mend the checksums of.
 */
#ifndef TESTS_GPT_CARD_H
#define TESTS_GPT_CARD_H

#include <stdint.h>
#include <string.h>
#include <zlib.h>

enum { CARD_SECTOR = 512 };

static inline void card_put(uint8_t *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static inline uint64_t card_get(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = bytes; i-- > 0;)
		value = value << 8 | at[i];
	return value;
}

/* Recompute both checksums of the header at `lba`, as far as its fields make sense. */
static inline void card_mend(uint8_t *bytes, uint64_t sectors, uint64_t lba)
{
	uint8_t *header = bytes + lba * CARD_SECTOR;
	uint64_t entries_lba = card_get(header + 72, 8);
	uint64_t length = card_get(header + 80, 4) * card_get(header + 84, 4);
	uint64_t header_size = card_get(header + 12, 4);

	if (lba >= sectors)
		return;
	if (entries_lba < sectors && length <= (sectors - entries_lba) * CARD_SECTOR)
		card_put(header + 88, crc32(0, bytes + entries_lba * CARD_SECTOR, (uInt)length), 4);
	if (header_size < 92 || header_size > CARD_SECTOR)
		return;
	card_put(header + 16, 0, 4);
	card_put(header + 16, crc32(0, header, (uInt)header_size), 4);
}

static inline void card_header(uint8_t *bytes, uint64_t lba, uint64_t alternate,
			       uint64_t entries_lba, uint64_t first, uint64_t last, uint32_t count)
{
	uint8_t *header = bytes + lba * CARD_SECTOR;

	memcpy(header, "EFI PART", 8);
	card_put(header + 8, 0x10000, 4);
	card_put(header + 12, 92, 4);
	card_put(header + 24, lba, 8);
	card_put(header + 32, alternate, 8);
	card_put(header + 40, first, 8);
	card_put(header + 48, last, 8);
	memset(header + 56, 0xd1, 16);
	card_put(header + 72, entries_lba, 8);
	card_put(header + 80, count, 4);
	card_put(header + 84, 128, 4);
}

static inline void card_entry(uint8_t *at, uint8_t id, uint64_t first, uint64_t last,
			      uint64_t attributes, const char *name)
{
	static const uint8_t linux_data[16] = { 0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47,
						0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4 };

	memset(at, 0, 128);
	memcpy(at, linux_data, 16);
	memset(at + 16, id, 16);
	card_put(at + 32, first, 8);
	card_put(at + 40, last, 8);
	card_put(at + 48, attributes, 8);
	for (size_t i = 0; name[i] != '\0'; i++)
		at[56 + 2 * i] = (uint8_t)name[i];
}

static inline void card_copy_array(uint8_t *bytes, uint64_t sectors, uint32_t count)
{
	uint64_t array = (count * 128 + CARD_SECTOR - 1) / CARD_SECTOR;

	memcpy(bytes + (sectors - 1 - array) * CARD_SECTOR, bytes + (size_t)2 * CARD_SECTOR,
	       (size_t)count * 128);
	card_mend(bytes, sectors, 1);
	card_mend(bytes, sectors, sectors - 1);
}

/*
 * fsbl1, fsbl2, uboot and a bootable rootfs, packed from the first usable
 * sector like genimage does. `bytes` holds sectors * 512 bytes, at least 32
 * sectors beside the arrays.
 */
static inline void card_make(uint8_t *bytes, uint64_t sectors, uint32_t count)
{
	uint64_t array = (count * 128 + CARD_SECTOR - 1) / CARD_SECTOR;
	uint64_t first = 2 + array;
	uint64_t last = sectors - 2 - array;
	uint8_t *entries = bytes + (size_t)2 * CARD_SECTOR;

	memset(bytes, 0, sectors * CARD_SECTOR);
	memcpy(bytes + 446, "\x00\x00\x02\x00\xee\xff\xff\xff\x01\x00\x00\x00", 12);
	card_put(bytes + 458, sectors - 1, 4);
	memcpy(bytes + 510, "\x55\xaa", 2);
	card_entry(entries, 1, first, first + 3, 0, "fsbl1");
	card_entry(entries + 128, 2, first + 4, first + 7, 0, "fsbl2");
	card_entry(entries + 256, 3, first + 8, first + 15, 0, "uboot");
	card_entry(entries + 384, 4, first + 16, last, 4, "rootfs");
	card_header(bytes, 1, sectors - 1, 2, first, last, count);
	card_header(bytes, sectors - 1, 1, sectors - 1 - array, first, last, count);
	card_copy_array(bytes, sectors, count);
}

#endif
