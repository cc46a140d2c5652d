/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Places: what a person calls a partition, or a file in one.
 */
#ifndef STMBOOT_PLACE_H
#define STMBOOT_PLACE_H

#include <stdint.h>

#include <stmboot/boot.h>
#include <stmboot/image.h>
#include <stmboot/refusal.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Find a partition by its number or its name; a number counts before a name of digits.
 *
 * @param image  borrowed for the call
 * @param text   "4" or "rootfs"
 * @param why    says why not; may be NULL
 * @param out    on success, the partition, borrowed from the image
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND; STMBOOT_CONFLICT when several have
 *         that name; STMBOOT_IO when it is not found and something could not be
 *         read. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_place_partition(const struct stmboot_image *image, const char *text,
			struct stmboot_refusal *why, const struct stmboot_part **out);

/**
 * Find a place written as [PARTITION:]/path. Without a partition it is the one
 * that holds the extlinux.conf that counts, or else the only one with an ext4.
 *
 * @param image  borrowed for the call
 * @param boot   of the image; borrowed for the call
 * @param text   what the path of the result points into
 * @param why    says why not; may be NULL
 * @param out    filled on success; the path is absolute inside the partition
 * @return as stmboot_place_partition(); STMBOOT_INVALID_ARGUMENT for a path that
 *         does not begin with '/'
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_place_parse(const struct stmboot_image *image, const struct stmboot_boot *boot,
		    const char *text, struct stmboot_refusal *why, struct stmboot_file_ref *out);

/**
 * The same on an image whose boot was not followed so far. It is followed only
 * when the place does not say which of several file systems is meant.
 *
 * @param ctx    allocator and limits; borrowed for the call
 * @param image  borrowed for the call
 * @param text   what the path of the result points into
 * @param why    says why not; may be NULL
 * @param out    filled on success
 * @return as stmboot_place_parse() and stmboot_boot_trace()
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_place_find(struct stmboot_context *ctx, struct stmboot_image *image, const char *text,
		   struct stmboot_refusal *why, struct stmboot_file_ref *out);

/**
 * Find a partition that holds a firmware package (FIP).
 *
 * @param image  borrowed for the call
 * @param boot   of the image; borrowed for the call
 * @param text   as stmboot_place_partition(); NULL: the package that boots, or
 *               else the only one
 * @param why    says why not; may be NULL
 * @param out    on success, the partition, borrowed from the image; its `fip` is set
 * @return as stmboot_place_partition(); STMBOOT_NOT_RECOGNISED when it holds
 *         something else; STMBOOT_CONFLICT also when it is not clear which is meant
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_place_fip(const struct stmboot_image *image, const struct stmboot_boot *boot,
		  const char *text, struct stmboot_refusal *why, const struct stmboot_part **out);

#ifdef __cplusplus
}
#endif

#endif
