/* SPDX-License-Identifier: MIT */
/* The inside of writing partitions. */
#ifndef SB_EDIT_PART_EDIT_H
#define SB_EDIT_PART_EDIT_H

#include <stmboot/part_edit.h>

#include "edit/boot_edit.h"
#include "source/overlay.h"

/* A partition that is to begin with what a source holds. */
struct sb_part_write {
	const struct stmboot_part *part;
	struct stmboot_source *src; /* owned by the edit */
	enum sb_order order;
};

/*
 * Is a file what the boot needs in a partition? *content is what it is, also
 * when it is refused.
 */
STMBOOT_NODISCARD enum stmboot_status sb_part_check_content(struct stmboot_boot_edit *edit,
							    const struct stmboot_part *part,
							    struct stmboot_source *src,
							    enum stmboot_content *content,
							    struct stmboot_refusal *why);

/*
 * May the first `size` bytes of a partition be written? STMBOOT_CONFLICT where the
 * table stands, or another partition unless the edit is forced.
 */
STMBOOT_NODISCARD enum stmboot_status sb_part_check_place(struct stmboot_boot_edit *edit,
							  const struct stmboot_part *part,
							  uint64_t size,
							  struct stmboot_refusal *why);

/* The chip of the card: of the board that its U-Boot was built for, else of its loader. */
enum stmboot_soc sb_part_card_soc(const struct stmboot_boot_edit *edit);

/* "partition 4 (rootfs)"; NULL without memory. */
const char *sb_part_text(struct sb_arena *arena, const struct stmboot_part *part);

/* Is it one of the partitions that the ROM looks at? Which one, or -1. */
int sb_part_loader(const struct stmboot_boot_edit *edit, const struct stmboot_part *part);

/* Stage what is to be written. */
STMBOOT_NODISCARD enum stmboot_status sb_part_stage(struct stmboot_boot_edit *edit);

/* STMBOOT_CONFLICT: a file of this partition cannot be changed, for all of it is to be another. */
STMBOOT_NODISCARD enum stmboot_status sb_part_check_file(const struct stmboot_boot_edit *edit,
							 uint32_t partition,
							 struct stmboot_refusal *why);

/* Close the sources. */
void sb_part_forget(struct stmboot_boot_edit *edit);

#endif
