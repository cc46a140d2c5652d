/* SPDX-License-Identifier: MIT */
/*
 * Inputs that describe a card by what makes it different from a healthy one, so
 * they stay small: one byte chooses the card (its lowest two bits; the rest is
 * for the target), two give the size of the medium (0, or left out: as made),
 * and then patches follow until the input ends, each an offset (16 bits,
 * little-endian), a length (8 bits) and that many bytes.
 */
#ifndef FUZZ_GPT_IMAGE_H
#define FUZZ_GPT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../tests/support/gpt_card.h"

enum {
	MEDIUM = 65536,
	SECTORS = 110, /* room for two arrays of 128 entries, a multiple of nothing */
	HEAD = 3,
	PATCH_HEAD = 3,
	CRC_BYTES = 4,
	MENDS = 4, /* two checksums in each of two headers */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static inline void require(bool condition)
{
	if (!condition)
		abort();
}

/* The length of the patch at `at` with its head, cut at the end of the input. */
static inline size_t patch_length(const uint8_t *data, size_t size, size_t at)
{
	size_t length = PATCH_HEAD + (size_t)data[at + 2];

	return length < size - at ? length : size - at;
}

/* Make the card of an input in `medium`; the size of the medium. */
static inline size_t make_card(uint8_t medium[MEDIUM], const uint8_t *data, size_t size)
{
	static const uint32_t counts[] = { 4, 56, 128, 128 };
	size_t medium_size = size >= HEAD ? (size_t)card_get(data + 1, 2) : 0;

	memset(medium, 0, MEDIUM);
	card_make(medium, SECTORS, counts[size != 0 ? data[0] & 3 : 0]);
	for (size_t at = HEAD; at < size && size - at > PATCH_HEAD;) {
		size_t length = patch_length(data, size, at);
		size_t offset = (size_t)card_get(data + at, 2);
		size_t bytes = length - PATCH_HEAD;

		if (bytes > MEDIUM - offset)
			bytes = MEDIUM - offset;
		memcpy(medium + offset, data + at + PATCH_HEAD, bytes);
		at += length;
	}
	return medium_size != 0 ? medium_size : (size_t)SECTORS * CARD_SECTOR;
}

static inline bool is_checksum(size_t offset, size_t last)
{
	return offset == CARD_SECTOR + 16 || offset == CARD_SECTOR + 88 || offset == last + 16 ||
	       offset == last + 88;
}

/* Drop the patches that mended the checksums of an earlier state. */
static inline size_t strip_mends(uint8_t *data, size_t size, size_t last)
{
	size_t kept = HEAD;

	for (size_t at = HEAD; at < size;) {
		size_t length = size - at > PATCH_HEAD ? patch_length(data, size, at) : size - at;
		bool mend = length == PATCH_HEAD + CRC_BYTES &&
			    is_checksum((size_t)card_get(data + at, 2), last);

		if (!mend) {
			memmove(data + kept, data + at, length);
			kept += length;
		}
		at += length;
	}
	return kept;
}

static inline size_t append_mend(uint8_t *data, size_t size, const uint8_t *medium, size_t offset)
{
	card_put(data + size, offset, 2);
	data[size + 2] = CRC_BYTES;
	memcpy(data + size + PATCH_HEAD, medium + offset, CRC_BYTES);
	return size + PATCH_HEAD + CRC_BYTES;
}

/* Without this nearly every mutation ends at a checksum. One in eight is left as it is. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	static uint8_t medium[MEDIUM];
	size_t room = (size_t)MENDS * (PATCH_HEAD + CRC_BYTES);
	size_t sectors, last;

	if (max_size <= HEAD + room)
		return LLVMFuzzerMutate(data, size, max_size);
	size = LLVMFuzzerMutate(data, size, max_size);
	sectors = make_card(medium, data, size) / CARD_SECTOR;
	if (seed % 8 == 0 || sectors < 3 || size < HEAD)
		return size;
	last = (sectors - 1) * CARD_SECTOR;
	size = strip_mends(data, size, last);
	if (size > max_size - room)
		return size;
	(void)make_card(medium, data, size);
	card_mend(medium, sectors, 1);
	card_mend(medium, sectors, sectors - 1);
	size = append_mend(data, size, medium, CARD_SECTOR + 88);
	size = append_mend(data, size, medium, CARD_SECTOR + 16);
	size = append_mend(data, size, medium, last + 88);
	return append_mend(data, size, medium, last + 16);
}

#endif
