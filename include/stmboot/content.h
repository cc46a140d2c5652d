/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What a partition or file holds, told by a few bytes of it.
 */
#ifndef STMBOOT_CONTENT_H
#define STMBOOT_CONTENT_H

#include <stmboot/context.h>
#include <stmboot/source.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The kinds of content that are told apart. */
enum stmboot_content {
	STMBOOT_CONTENT_UNKNOWN,
	STMBOOT_CONTENT_EMPTY, /**< the first bytes are all 0x00 or all 0xff */
	STMBOOT_CONTENT_STM32,
	STMBOOT_CONTENT_UIMAGE,
	STMBOOT_CONTENT_FIT,
	STMBOOT_CONTENT_FIP,
	STMBOOT_CONTENT_FWU_METADATA,
	STMBOOT_CONTENT_UBOOT_ENV,
	STMBOOT_CONTENT_EXT4, /**< ext2, ext3 and ext4; the flavour says which */
	STMBOOT_CONTENT_FAT,
	STMBOOT_CONTENT_EXFAT,
	STMBOOT_CONTENT_SQUASHFS,
	STMBOOT_CONTENT_BTRFS,
	STMBOOT_CONTENT_F2FS,
	STMBOOT_CONTENT_UBI,
	STMBOOT_CONTENT_UBIFS,
	STMBOOT_CONTENT_JFFS2,
	STMBOOT_CONTENT_CRAMFS,
	STMBOOT_CONTENT_EROFS,
	STMBOOT_CONTENT_ISO9660,
	STMBOOT_CONTENT_SWAP,
	STMBOOT_CONTENT_LUKS,
	STMBOOT_CONTENT_LVM2,
	STMBOOT_CONTENT_GZIP,
	STMBOOT_CONTENT_XZ,
	STMBOOT_CONTENT_ZSTD,
	STMBOOT_CONTENT_BZIP2,
	STMBOOT_CONTENT_LZ4,
	STMBOOT_CONTENT_ZIMAGE,      /**< Linux for 32-bit ARM */
	STMBOOT_CONTENT_ARM64_IMAGE, /**< Linux for 64-bit ARM */
	STMBOOT_CONTENT_DTB,
	STMBOOT_CONTENT_ELF,
	STMBOOT_CONTENT_CPIO,
	STMBOOT_CONTENT_TEXT, /**< a script, a configuration */
	STMBOOT_CONTENT_COUNT /**< how many there are; grows */
};

/**
 * The name of a content, as the JSON has it.
 *
 * @param content  what to name
 * @return "stm32", "fwu-metadata", "ext4", ...; static, never NULL
 */
STMBOOT_API const char *stmboot_content_text(enum stmboot_content content);

/**
 * Say what a source holds.
 *
 * Reads a few KiB at most, and those further in only where a source is large
 * enough. A name is given for what announces itself; whether it is intact is
 * another question.
 *
 * @param ctx      allocator, borrowed for the call
 * @param src      a partition or file; borrowed for the call
 * @param content  on success, the kind
 * @param flavour  on success, what is known beyond it ("ext3", "FAT32", "v2")
 *                 or NULL; static. May be NULL.
 * @return STMBOOT_OK, also for STMBOOT_CONTENT_UNKNOWN; STMBOOT_IO and other
 *         statuses of stmboot_source_read(); STMBOOT_NO_MEMORY. On failure the
 *         results are untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_content_detect(struct stmboot_context *ctx, struct stmboot_source *src,
		       enum stmboot_content *content, const char **flavour);

#ifdef __cplusplus
}
#endif

#endif
