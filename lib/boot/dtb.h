/* SPDX-License-Identifier: MIT */
#ifndef SB_BOOT_DTB_H
#define SB_BOOT_DTB_H

#include <stmboot/boot.h>

/* Which device tree is meant, and by whose reading. */
struct sb_dtb_place {
	struct stmboot_file_ref file; /* path NULL: the image is a bare tree */
	bool uboot;                   /* what U-Boot reads counts, else what Linux does */
};

/* As stmboot_boot_read_dtb(), without reading anything. */
STMBOOT_NODISCARD enum stmboot_status sb_dtb_place_find(const struct stmboot_image *image,
							const struct stmboot_boot *boot,
							const struct stmboot_file_ref *file,
							struct stmboot_refusal *why,
							struct sb_dtb_place *out);

/*
 * The bytes of the file; *close is the same source when it is to be closed, else
 * NULL. As stmboot_boot_read_dtb().
 */
STMBOOT_NODISCARD enum stmboot_status sb_dtb_place_open(struct stmboot_image *image,
							const struct sb_dtb_place *place,
							struct stmboot_refusal *why,
							struct stmboot_source **src,
							struct stmboot_source **close);

/* The tree in a file: GOOD, or a refusal. */
STMBOOT_NODISCARD enum stmboot_status sb_dtb_place_read(struct stmboot_context *ctx,
							const struct sb_dtb_place *place,
							struct stmboot_source *src,
							struct stmboot_refusal *why,
							struct stmboot_dtb **out);

#endif
