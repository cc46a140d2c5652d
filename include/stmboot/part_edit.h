/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Writing whole partitions, as a part of an edit of what boots (boot_edit.h).
 */
#ifndef STMBOOT_PART_EDIT_H
#define STMBOOT_PART_EDIT_H

#include <stmboot/boot_edit.h>
#include <stmboot/refusal.h>
#include <stmboot/source.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Make a partition begin with the content of a source; holes are zeros. What
 * follows in the partition stays as it is. However large it is, it takes no
 * memory; until the edit is committed the source is read again and again, and
 * a file that changes meanwhile makes the commit fail.
 *
 * The content is looked at first, unless the edit is forced: the partitions that
 * the ROM takes must begin with an intact STM32 header for the chip of this card;
 * the partition from which the first stage takes the second must hold what it
 * loads, a legacy image or a FIT for SPL, a FIP or an STM32 header for TF-A;
 * metadata of firmware updates must be such, and the partition with the
 * extlinux.conf that counts an ext4. A file system must be complete.
 *
 * "fsbl" means the partitions of both copies of the first-stage loader, unless
 * one has just that name. The copy that is not needed is written and durable
 * before the other, so that one is valid at every moment; the only valid copy
 * is not replaced unless the edit is forced.
 *
 * @param edit       that was begun
 * @param partition  number or name, or "fsbl"
 * @param src        belongs to the edit from here on, whatever comes of the call
 * @param why        says why not; may be NULL
 * @return STMBOOT_OK, also when the partition holds that already;
 *         STMBOOT_NOT_FOUND; STMBOOT_LIMIT when the source is larger than the
 *         partition; STMBOOT_TRUNCATED when the image ends inside the partition,
 *         or the file system behind the source; STMBOOT_NOT_RECOGNISED for
 *         content of another kind; STMBOOT_CORRUPT when it is damaged, or for
 *         another chip; STMBOOT_CONFLICT when several partitions have that name,
 *         when another partition or the table would be overwritten, and for the
 *         only valid copy of a loader; STMBOOT_INVALID_ARGUMENT for an empty
 *         source; STMBOOT_IO; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_part_edit_write(struct stmboot_boot_edit *edit, const char *partition,
			struct stmboot_source *src, struct stmboot_refusal *why);

#ifdef __cplusplus
}
#endif

#endif
