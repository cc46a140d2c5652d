/* SPDX-License-Identifier: MIT */
/*
 * The log of a transaction, in memory: the input is that of patched.h. In seven of
 * eight values of the last three bits of the choice its checksums are mended.
 */
#ifndef FUZZ_LOG_IMAGE_H
#define FUZZ_LOG_IMAGE_H

#include <lzma.h>
#include <zlib.h>

#include "patched.h"
#include "source/log.h"

enum { UNMENDED = 0xe0, MEDIUM = 64 * 512 + 100 };

static uint8_t medium[MEDIUM];

static inline void put(uint8_t *at, uint64_t value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static inline uint32_t sector_crc(const uint8_t *bytes, size_t size)
{
	return (uint32_t)crc32(0, bytes, (uInt)size);
}

/* As the specification in log.h says, apart from the code that it is to test. */
static inline size_t put_record(uint8_t *at, uint64_t offset, size_t length, uint32_t order)
{
	size_t sectors = (length + 511) / 512;
	uint8_t *payload = at + 16 + 8 * sectors;

	put(at, offset, 8);
	put(at + 8, length, 4);
	put(at + 12, order, 4);
	memset(payload, 'n', length);
	for (size_t i = 0; i < sectors; i++) {
		size_t part = length - i * 512 < 512 ? length - i * 512 : 512;

		put(at + 16 + 4 * i, sector_crc(medium + offset + i * 512, part), 4);
		put(at + 16 + 4 * (sectors + i), sector_crc(payload + i * 512, part), 4);
	}
	return 16 + 8 * sectors + length;
}

static inline void mend(uint8_t *bytes, size_t size)
{
	if (size < SB_LOG_HEADER + SB_LOG_TRAILER)
		return;
	put(bytes + 108, crc32(0, bytes, 108), 4);
	memcpy(bytes + size - 24, "STMBJEND", 8);
	put(bytes + size - 16, size, 8);
	put(bytes + size - 8, lzma_crc64(bytes, size - 8, 0), 8);
}

static inline size_t make(uint8_t *bytes, uint8_t choice)
{
	size_t at = SB_LOG_HEADER + 9;

	for (size_t i = 0; i < MEDIUM; i++)
		medium[i] = (uint8_t)(i * 31);
	memcpy(bytes, "STMBJRNL", 8);
	put(bytes + 8, 1, 4);
	put(bytes + 12, (choice & 1) != 0 ? SB_LOG_UNDO : SB_LOG_REDO, 4);
	put(bytes + 16, MEDIUM, 8);
	put(bytes + 24, 512, 4);
	put(bytes + 28, 2, 4);
	put(bytes + 32, 1024 + 612, 8);
	put(bytes + 80, 5, 4);
	put(bytes + 84, 4, 4);
	memcpy(bytes + SB_LOG_HEADER, "/cardedit", 9);
	at += put_record(bytes + at, 1024, 1024, SB_ORDER_DATA);
	at += put_record(bytes + at, 63 * 512, 612, SB_ORDER_SUPERBLOCK);
	mend(bytes, at + SB_LOG_TRAILER);
	return at + SB_LOG_TRAILER;
}

static inline struct patched *log_new(const uint8_t *data, size_t size)
{
	struct patched *p = patched_new(data, size, make);

	if ((p->choice & UNMENDED) != UNMENDED)
		mend(p->bytes, p->size);
	return p;
}

#endif
