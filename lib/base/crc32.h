/* SPDX-License-Identifier: MIT */
/* CRC-32 of ISO 3309, which GPT, uImage, saved environments and logs use. */
#ifndef SB_BASE_CRC32_H
#define SB_BASE_CRC32_H

#include <libdeflate.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Go on from `crc`, which is 0 at the start. By libdeflate, which multiplies
 * without carry where the processor can: edits of large files sum every sector
 * that they replace several times.
 */
static inline uint32_t sb_crc32(uint32_t crc, const void *data, size_t size)
{
	return libdeflate_crc32(crc, data, size);
}

#endif
