/* SPDX-License-Identifier: MIT */
/* What the decoder and the checks of the STM32 header share. */
#ifndef SB_FORMAT_STM32_H
#define SB_FORMAT_STM32_H

#include <stmboot/stm32.h>

/* Bits of `flags`. The first one, in version 1.0, has the opposite sense of the others' bit 0. */
enum {
	SB_STM32_OPTION_UNSIGNED = 1,
	SB_STM32_FLAG_AUTHENTICATION = 1,
	SB_STM32_FLAG_DECRYPTION = 2,
};

#define SB_STM32_FLAG_PADDING UINT32_C(0x80000000)

/* Fields, as their distance from the end of the signature. */
enum sb_stm32_field {
	SB_STM32_AT_CHECKSUM = 0,
	SB_STM32_AT_VERSION = 4,
	SB_STM32_AT_LENGTH = 8,
	SB_STM32_AT_ENTRY_POINT = 12,
	SB_STM32_AT_RESERVED1 = 16,
	SB_STM32_AT_LOAD_ADDRESS = 20,
	SB_STM32_AT_RESERVED2 = 24,
	SB_STM32_AT_FLAGS = 32,
	SB_STM32_AT_ALGORITHM = 36,       /* version 1.0 */
	SB_STM32_AT_EXTENSION_BYTES = 36, /* versions 2.x */
	SB_STM32_AT_BINARY_TYPE = 40,     /* versions 2.x; the last header byte in 1.0 */
};

enum { SB_STM32_SIGNATURE_OFFSET = 4, SB_STM32_MAX_KEYS = 8 };

/* The extensions. */
enum {
	SB_STM32_EXT_DECRYPTION = 0x01005453,
	SB_STM32_EXT_KEY_BITS_OFFSET = 8,
	SB_STM32_EXT_AUTHENTICATION = 0x02005453,
	SB_STM32_EXT_KEY_INDEX_OFFSET = 8, /* behind type and length; then the number of keys */
	SB_STM32_EXT_ALGORITHM_OFFSET = 16,
};

/* Where a field stands, counted from the start of the header. */
static inline uint64_t sb_stm32_field(const struct stmboot_stm32 *image, enum sb_stm32_field field)
{
	if (field == SB_STM32_AT_BINARY_TYPE && image->version == STMBOOT_STM32_V1_0)
		return 255;
	return (uint64_t)SB_STM32_SIGNATURE_OFFSET +
	       (image->version_known ? image->key_bytes : 64) + (uint64_t)field;
}

#endif
