/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The compressions met on boot media and around them.
 */
#ifndef STMBOOT_COMPRESSION_H
#define STMBOOT_COMPRESSION_H

#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a run of bytes is compressed. */
enum stmboot_compression {
	STMBOOT_COMPRESSION_NONE,
	STMBOOT_COMPRESSION_GZIP,       /**< RFC 1952 */
	STMBOOT_COMPRESSION_XZ,         /**< the .xz file format, ARM filters included */
	STMBOOT_COMPRESSION_LZMA,       /**< LZMA alone, the 13-byte header */
	STMBOOT_COMPRESSION_LZ4_LEGACY, /**< what the kernel build makes with lz4 -l */
	STMBOOT_COMPRESSION_LZ4,        /**< the LZ4 frame format */
	STMBOOT_COMPRESSION_ZSTD,       /**< RFC 8878 */
	STMBOOT_COMPRESSION_BZIP2,
	STMBOOT_COMPRESSION_LZO, /**< lzop; recognised, never unpacked */
};

/**
 * The name of a compression.
 *
 * @param compression  any value, known or not
 * @return "raw", "gzip", "xz", "lzma", "lz4-legacy", "lz4", "zstd", "bzip2",
 *         "lzo" or "?"; static
 */
STMBOOT_API const char *stmboot_compression_text(enum stmboot_compression compression);

#ifdef __cplusplus
}
#endif

#endif
