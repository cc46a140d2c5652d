/* SPDX-License-Identifier: MIT */
#ifndef CMD_FS_EDIT_H
#define CMD_FS_EDIT_H

#include <stmboot/fs_edit.h>
#include <stmboot/place.h>

/* The place that a person names in the image that is edited. */
enum stmboot_status place_of(struct stmboot_boot_edit *edit, const char *text,
			     struct stmboot_refusal *why, struct stmboot_file_ref *out);

/* Put bytes into a file. */
enum stmboot_status put_bytes(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *place,
			      const void *data, size_t size, struct stmboot_refusal *why);

/* Say that the system did not let it: "WHAT: errno". */
void refuse_system(struct stmboot_refusal *why, const char *what);

#endif
