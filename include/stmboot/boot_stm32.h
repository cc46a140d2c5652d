/* SPDX-License-Identifier: MIT */
/**
 * @file
 * STM32 images as they stand on a card.
 */
#ifndef STMBOOT_BOOT_STM32_H
#define STMBOOT_BOOT_STM32_H

#include <stdbool.h>
#include <stdint.h>

#include <stmboot/boot.h>
#include <stmboot/diag.h>
#include <stmboot/image.h>
#include <stmboot/refusal.h>
#include <stmboot/source.h>
#include <stmboot/stm32.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An STM32 image and where it stands; all borrowed from the image and the boot. */
struct stmboot_boot_stm32 {
	int32_t partition;            /**< 0: the image itself; STMBOOT_NO_PARTITION: a raw place */
	const char *name;             /**< of the partition, or NULL */
	uint64_t offset;              /**< on the medium */
	struct stmboot_source *src;   /**< what the places in the header are counted in */
	enum stmboot_stm32_role role; /**< who loads it */
	bool taken;                   /**< it is what the ROM starts, or TF-A loads as U-Boot */
	const struct stmboot_stm32 *header;
};

/**
 * Find an STM32 image: in a partition, or the one that the boot begins with.
 *
 * Without a partition that is the first stage that the ROM starts, else the
 * first one with a header, else a second stage with one. Its payload is read,
 * for the checksum.
 *
 * @param image      borrowed; must outlive the result
 * @param boot       of the image; borrowed, likewise
 * @param partition  its number or name, or NULL
 * @param why        says why not; may be NULL
 * @param out        filled on success
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND without such a partition, or without
 *         any STM32 image; STMBOOT_NOT_RECOGNISED when something else stands
 *         there; STMBOOT_CONFLICT when several have that name; STMBOOT_IO;
 *         STMBOOT_NO_MEMORY; STMBOOT_CANCELLED. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_find_stm32(struct stmboot_image *image, const struct stmboot_boot *boot,
			const char *partition, struct stmboot_refusal *why,
			struct stmboot_boot_stm32 *out);

/**
 * Say what whoever loads an image makes of it.
 *
 * @param found  of stmboot_boot_find_stm32(); borrowed for the call
 * @param diags  gains one entry per defect
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY or STMBOOT_LIMIT when the list could
 *         not take them all
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_boot_judge_stm32(const struct stmboot_boot_stm32 *found, struct stmboot_diags *diags);

#ifdef __cplusplus
}
#endif

#endif
