/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Edits of a GPT, as a part of an edit of what boots (boot_edit.h).
 *
 * Entries never move and are never renumbered, and what is not asked for keeps
 * its bytes. Both copies are changed, the backup first.
 *
 * Where the kernel's command line names a partition by a GUID or a name that
 * changes, it follows in the same edit, in every label of the configuration
 * that counts and in the form in which it was written: every GUID in full,
 * wherever it stands, and in `KEY=PARTUUID=`, whatever the key, a shortened one;
 * names in `KEY=PARTLABEL=` and `KEY=/dev/disk/by-partlabel/`. The metadata of
 * firmware updates (fwu.h) that names a partition by its GUID follows, too.
 * What else names it, in /etc/fstab, in another configuration or in the saved
 * environment of U-Boot, is left as it is and said in the notes of the plan.
 */
#ifndef STMBOOT_TABLE_EDIT_H
#define STMBOOT_TABLE_EDIT_H

#include <stddef.h>

#include <stmboot/boot_edit.h>
#include <stmboot/refusal.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which copy a repair goes by. */
enum stmboot_table_copy {
	STMBOOT_TABLE_COPY_AUTO, /**< the good one; refused where that is not clear */
	STMBOOT_TABLE_COPY_PRIMARY,
	STMBOOT_TABLE_COPY_BACKUP,
};

/**
 * Make both copies of the GPT and its protective MBR whole, from a good copy.
 *
 * The backup goes to the end of the medium. Where that is not the end that the
 * table was made for, the last usable LBA follows, and never reaches the backup.
 * A hybrid MBR is left alone. An edit that repairs is not refused for errors
 * behind the stage at which the boot stopped before.
 *
 * @param edit  nothing of its table changed yet
 * @param from  the copy to go by
 * @param why   says why not; may be NULL
 * @return STMBOOT_OK, also when nothing is wrong; STMBOOT_NOT_FOUND without a
 *         GPT; STMBOOT_CORRUPT when the copy, or each of both, is damaged;
 *         STMBOOT_CONFLICT when both are good and differ, or the only good one
 *         may be of an earlier image; STMBOOT_LIMIT when there is no room for
 *         the other copy; STMBOOT_UNSUPPORTED for more entries than the context
 *         allows; STMBOOT_INVALID_ARGUMENT when the table was changed already;
 *         STMBOOT_IO; STMBOOT_NO_MEMORY
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_table_edit_repair(struct stmboot_boot_edit *edit, enum stmboot_table_copy from,
			  struct stmboot_refusal *why);

/** A field of a partition, and what it is to be. */
struct stmboot_table_setting {
	/**
	 * "name": UTF-8, at most 36 UTF-16 units; "type": a GUID or a short name
	 * (gpt.h); "guid": a GUID or "random"; "bootable" or another attribute
	 * (gpt.h): "yes" or "no".
	 */
	const char *key;
	const char *value;
};

/**
 * Change fields of a partition.
 *
 * @param edit       that was begun
 * @param partition  its number or name, as it was when the edit began
 * @param settings   borrowed for the call; done in this order
 * @param count      how many
 * @param why        says why not; may be NULL
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND without a GPT or such a partition;
 *         STMBOOT_INVALID_ARGUMENT for a key or value that cannot be;
 *         STMBOOT_CORRUPT when the primary is damaged; STMBOOT_CONFLICT when its
 *         backup differs, several partitions have that name, another has that
 *         GUID, or the command line could not follow; as
 *         stmboot_extlinux_document_set(); STMBOOT_UNSUPPORTED, STMBOOT_IO and
 *         STMBOOT_NO_MEMORY as above
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_table_edit_set(struct stmboot_boot_edit *edit, const char *partition,
		       const struct stmboot_table_setting *settings, size_t count,
		       struct stmboot_refusal *why);

/**
 * Give the disk and all partitions new GUIDs, so that two cards of one image can
 * be told apart: random ones, or those of the context's seed.
 *
 * @param edit  that was begun
 * @param why   says why not; may be NULL
 * @return as stmboot_table_edit_set()
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_table_edit_new_guids(struct stmboot_boot_edit *edit, struct stmboot_refusal *why);

#ifdef __cplusplus
}
#endif

#endif
