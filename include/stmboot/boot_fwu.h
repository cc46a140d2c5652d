/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Firmware updates in two banks, as the TF-A on a card follows them.
 */
#ifndef STMBOOT_BOOT_FWU_H
#define STMBOOT_BOOT_FWU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/boot.h>
#include <stmboot/fwu.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { STMBOOT_FWU_COPIES = 2, STMBOOT_FWU_NO_COPY = -1 };

/** One copy of the metadata. */
struct stmboot_boot_fwu_copy {
	int32_t partition; /**< or STMBOOT_NO_PARTITION: there is none */
	bool seen;         /**< it is among the entries of the table that TF-A keeps */
	const struct stmboot_fwu *metadata; /**< NULL: what stands there is none */
	enum stmboot_fwu_reason reason;     /**< why TF-A does not take it, where it is metadata */
};

/** A bank, as the copy that counts describes it. */
struct stmboot_boot_fwu_bank {
	const char *guid;  /**< unique GUID of the partition with its firmware package, or NULL */
	int32_t partition; /**< of that GUID, or STMBOOT_NO_PARTITION */
	bool seen;         /**< it is among the entries of the table that TF-A keeps */
};

/** The metadata of a card and what TF-A makes of it; borrowed from the boot. */
struct stmboot_boot_fwu {
	struct stmboot_boot_fwu_copy copies[STMBOOT_FWU_COPIES];
	int32_t taken; /**< the copy that TF-A goes by, or STMBOOT_FWU_NO_COPY */
	int32_t shown; /**< that one, else the first that is metadata; or STMBOOT_FWU_NO_COPY */
	bool copies_differ;               /**< both are good, and do not say the same */
	struct stmboot_fwu_reader reader; /**< what the TF-A on this card reads */
	struct stmboot_fwu_choice choice; /**< no bank where no copy is taken */
	size_t bank_count;
	struct stmboot_boot_fwu_bank banks[STMBOOT_FWU_MAX_BANKS];
};

/**
 * What TF-A makes of the metadata of firmware updates.
 *
 * @param boot  a boot that was followed
 * @return borrowed from the boot; NULL when the image has neither a partition
 *         for metadata nor is metadata itself
 */
STMBOOT_API const struct stmboot_boot_fwu *stmboot_boot_get_fwu(const struct stmboot_boot *boot);

/**
 * What became of a copy of the metadata, in one word.
 *
 * @param fwu    of a boot
 * @param index  below STMBOOT_FWU_COPIES
 * @return "taken"; "good": TF-A goes by the other one; "refused"; "other-content": it is
 *         no metadata; "unseen" by TF-A; "missing". Static.
 */
STMBOOT_API const char *stmboot_boot_fwu_copy_text(const struct stmboot_boot_fwu *fwu,
						   size_t index);

#ifdef __cplusplus
}
#endif

#endif
