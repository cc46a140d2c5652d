/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Changing firmware packages (FIP), as a part of an edit of what boots (boot_edit.h).
 */
#ifndef STMBOOT_FIP_EDIT_H
#define STMBOOT_FIP_EDIT_H

#include <stddef.h>

#include <stmboot/boot_edit.h>
#include <stmboot/refusal.h>
#include <stmboot/source.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An image and what it is to hold. */
struct stmboot_fip_replacement {
	const char *name; /**< fiptool's option ("nt-fw"), or a UUID */
	struct stmboot_source *src;
};

/**
 * Give images of a package another content. All that belongs together, such as
 * the three files of OP-TEE, or an image and its certificate, goes in at once.
 *
 * The images stay in their order and alignment. What fiptool has packed becomes
 * what "fiptool update" makes of it; other images keep their bytes, and whatever
 * else stands in the partition too. What the package gives up becomes zeros. A
 * package that is a file by itself keeps the size of that file.
 *
 * Unless the edit is forced, it must be what TF-A and U-Boot can use: device trees
 * are intact, and that of U-Boot is for the chip of this card; nt-fw is U-Boot,
 * tos-fw OP-TEE or SP_min and soc-fw BL31, without a header for another loader;
 * and where a certificate holds the hash of an image, it must be that of the new
 * one. Nor does the package reach into U-Boot's environment then.
 *
 * A package can be changed once in an edit.
 *
 * @param edit          that was begun
 * @param partition     number or name; NULL: the package that boots, or the only one
 * @param replacements  borrowed for the call, with their sources
 * @param count         of them; none stands for an image twice
 * @param why           says why not; may be NULL
 * @return STMBOOT_OK, also when they hold that already; STMBOOT_NOT_FOUND without
 *         such a partition or image; STMBOOT_NOT_RECOGNISED for what is no package,
 *         and for content that does not belong there; STMBOOT_CORRUPT for a package
 *         that is damaged, and for content for another chip; STMBOOT_LIMIT
 *         when it does not fit; STMBOOT_CONFLICT for what is not signed, for a place
 *         that another partition claims, and for a second time;
 *         STMBOOT_TRUNCATED when the image ends inside the partition;
 *         STMBOOT_INVALID_ARGUMENT for an empty source, or an image named
 *         twice; STMBOOT_IO; STMBOOT_NO_MEMORY
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fip_edit_replace(struct stmboot_boot_edit *edit, const char *partition,
			 const struct stmboot_fip_replacement *replacements, size_t count,
			 struct stmboot_refusal *why);

#ifdef __cplusplus
}
#endif

#endif
