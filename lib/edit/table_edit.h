/* SPDX-License-Identifier: MIT */
/* The inside of edits of a GPT. */
#ifndef SB_EDIT_TABLE_EDIT_H
#define SB_EDIT_TABLE_EDIT_H

#include <stmboot/table_edit.h>

#include "edit/boot_edit.h"
#include "format/gpt_encode.h"

/* The GPT of the image as it was; STMBOOT_NOT_FOUND when there is none. */
STMBOOT_NODISCARD enum stmboot_status sb_table_gpt(struct stmboot_boot_edit *edit,
						   struct stmboot_refusal *why,
						   const struct stmboot_gpt **out);

/* The used entries before and after a change: as many, in the same order. */
struct sb_table_change {
	const struct stmboot_partition *const *before;
	const struct stmboot_partition *const *after;
	size_t count;
	char disk_before[STMBOOT_GUID_TEXT];
	char disk_after[STMBOOT_GUID_TEXT];
};

/* Let what names partitions by GUIDs and names follow, and note what does not. */
STMBOOT_NODISCARD enum stmboot_status sb_table_follow(struct stmboot_boot_edit *edit,
						      const struct sb_table_change *change,
						      struct stmboot_refusal *why);

/* A text that names partitions, as it is to be; the same pointer when nothing changes. */
STMBOOT_NODISCARD enum stmboot_status
sb_table_rewrite(struct sb_arena *arena, const struct sb_table_change *change, const char *text,
		 struct stmboot_refusal *why, const char **out);

/* Stage the changed table, and metadata that followed it. */
STMBOOT_NODISCARD enum stmboot_status sb_table_stage(struct stmboot_boot_edit *edit);

#endif
