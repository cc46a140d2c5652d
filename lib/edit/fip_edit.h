/* SPDX-License-Identifier: MIT */
/* The inside of changing firmware packages. */
#ifndef SB_EDIT_FIP_EDIT_H
#define SB_EDIT_FIP_EDIT_H

#include <stmboot/fip_edit.h>

#include "edit/boot_edit.h"
#include "format/fip_internal.h"

/* A package while it is changed. */
struct sb_fip_edit {
	struct stmboot_boot_edit *edit;
	struct stmboot_refusal *why;
	const struct stmboot_part *part;
	const char *where;             /* "partition 3 (fip)" */
	struct stmboot_source *src;    /* the partition as it is */
	struct stmboot_fip *before;    /* identified */
	struct stmboot_source **taken; /* for each entry its new content; NULL: it stays */
	struct stmboot_fip after; /* the table as it is to be; lives in the arena of the edit */
	struct stmboot_source *staged; /* the partition as it is to be; NULL until it is staged */
	struct stmboot_fip *made;      /* what is read there, identified */
};

/* The new size of an entry's image. */
static inline uint64_t sb_fip_edit_size(const struct sb_fip_edit *f, size_t index)
{
	return f->taken[index] != NULL ? stmboot_source_size(f->taken[index])
				       : f->before->entries[index].size;
}

/* Do two ranges hold the same bytes? */
STMBOOT_NODISCARD enum stmboot_status
sb_fip_edit_compare(const struct sb_fip_edit *f, struct stmboot_source *a, uint64_t a_offset,
		    struct stmboot_source *b, uint64_t b_offset, uint64_t size, bool *same);

/* fip_edit_stage.c: write it into the edit, and read it again there. */
STMBOOT_NODISCARD enum stmboot_status sb_fip_edit_stage(struct sb_fip_edit *f);

/* fip_edit_checks.c: is there room for it where it stands? */
STMBOOT_NODISCARD enum stmboot_status sb_fip_edit_check_room(const struct sb_fip_edit *f);

/* Is what was staged what was meant, and what belongs there? */
STMBOOT_NODISCARD enum stmboot_status sb_fip_edit_check_staged(const struct sb_fip_edit *f);

#endif
