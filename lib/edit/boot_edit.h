/* SPDX-License-Identifier: MIT */
/* The inside of an edit of what boots. */
#ifndef SB_EDIT_BOOT_EDIT_H
#define SB_EDIT_BOOT_EDIT_H

#include <stmboot/boot_edit.h>

#include "base/arena.h"
#include "base/refusal.h"

/* An image with its boot followed. */
struct sb_view {
	struct stmboot_image *image;
	struct stmboot_diags *diags;
	const struct stmboot_boot *boot;
};

struct stmboot_boot_edit {
	struct stmboot_context *ctx;
	struct sb_arena arena;
	struct stmboot_edit *edit;
	enum stmboot_medium medium;
	bool force;
	bool refused; /* what is staged must not be committed */
	struct sb_view before, after;
	struct stmboot_extlinux_document *document; /* NULL until it is asked for */
	uint32_t partition;                         /* where the configuration is */
	const char *path;                           /* of it, inside the partition */
};

/*
 * STMBOOT_IO when something of an image could not be read, beyond the first
 * `known` places: what was not found may be there all the same.
 */
STMBOOT_NODISCARD enum stmboot_status sb_refuse_unread(const struct sb_view *view, size_t known,
						       struct stmboot_refusal *why);

/*
 * Stage new content of a file, as sb_ext4_replace_file(), in a partition of the
 * image as it was.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_boot_edit_replace_file(struct stmboot_boot_edit *edit, uint32_t partition, const char *path,
			  const void *data, size_t size, struct stmboot_refusal *why);

/* The configuration that counts, read to be changed. */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_open_document(struct stmboot_boot_edit *edit,
								 struct stmboot_refusal *why);

/* Put the changed files of the configuration into their file system. */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_stage_files(struct stmboot_boot_edit *edit,
							       struct stmboot_refusal *why);

/* Does U-Boot read what was staged? */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_read_back(struct stmboot_boot_edit *edit,
							     struct stmboot_refusal *why);

#endif
