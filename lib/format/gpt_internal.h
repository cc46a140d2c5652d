/* SPDX-License-Identifier: MIT */
/* What the files that decode and check partition tables share. */
#ifndef SB_FORMAT_GPT_INTERNAL_H
#define SB_FORMAT_GPT_INTERNAL_H

#include "base/arena.h"
#include "base/diag.h"
#include "format/gpt.h"

enum {
	SB_SECTOR = 512,
	SB_MBR_TYPE_PROTECTIVE = 0xee,
	SB_GPT_HEADER_BYTES = 92,
	SB_GPT_ENTRY_BYTES = 128,
	SB_GPT_NAME_UNITS = 36,
	SB_GPT_ARRAY_MAX = 4 << 20, /* KMALLOC_MAX_SIZE: Linux reads no larger array */
	SB_GPT_LINUX_ENTRIES = 255, /* DISK_MAX_PARTS - 1 */
	SB_GPT_USUAL_ENTRIES_LBA = 2,
};

/* What decoding works with. */
struct sb_gpt_reader {
	struct sb_arena *arena;
	struct stmboot_source *src;
	struct stmboot_gpt *gpt;
};

/*
 * Read `size` bytes, zeros past the end of the medium. A range that cannot be
 * read is no failure but a fact about the medium: *unreadable is set.
 */
STMBOOT_NODISCARD enum stmboot_status sb_gpt_read(const struct sb_gpt_reader *r, uint64_t offset,
						  void *buffer, size_t size, bool *unreadable);

/* The entry array of a copy whose header fields are filled in: its checksum and its lists. */
STMBOOT_NODISCARD enum stmboot_status sb_gpt_read_entries(const struct sb_gpt_reader *r,
							  struct stmboot_gpt_copy *copy);

/*
 * What an entry says by itself, without its place on the medium. Strings live
 * in the arena; false without memory.
 */
bool sb_gpt_decode_cell(struct sb_arena *arena, const uint8_t cell[SB_GPT_ENTRY_BYTES],
			uint32_t index, struct stmboot_partition *p);

/* The records of LBA 0, and the partitions of a table that is not protective. */
STMBOOT_NODISCARD enum stmboot_status sb_mbr_decode(const struct sb_gpt_reader *r);

static inline bool sb_mbr_is_extended(uint8_t type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* A list of partitions while it is made. */
struct sb_partition_list {
	struct stmboot_partition **items;
	size_t count;
	size_t capacity;
};

/* False without memory. */
bool sb_partition_append(struct sb_arena *arena, struct sb_partition_list *list,
			 struct stmboot_partition *partition);

/* The list as it is shown to the outside. */
static inline const struct stmboot_partition *const *
sb_partition_items(const struct sb_partition_list *list)
{
	return (const struct stmboot_partition *const *)list->items;
}

/* Offset and size in bytes from the LBAs, with the defects that the medium's end gives. */
void sb_partition_place(const struct stmboot_gpt *gpt, struct stmboot_partition *partition);

/* Mark partitions that share sectors. */
void sb_partition_mark_overlaps(const struct sb_partition_list *list);

/* The first entry, by number, that is not the same in both copies; 0 for none. */
uint32_t sb_gpt_first_difference(const struct stmboot_gpt_copy *a,
				 const struct stmboot_gpt_copy *b);

/* Was the medium larger when its table was made? Then the primary itself is sound. */
static inline bool sb_gpt_is_cut(const struct stmboot_gpt *gpt)
{
	return gpt->primary.state != STMBOOT_GPT_MISSING &&
	       gpt->primary.alternate_lba >= gpt->sectors;
}

/* Findings about the MBR, protective or plain. */
void sb_mbr_validate(const struct sb_scope *scope, const struct stmboot_gpt *gpt);

/* Findings about the partitions of a copy of the GPT, or with NULL of a plain MBR. */
void sb_partitions_validate(const struct sb_scope *scope, const struct stmboot_gpt *gpt,
			    const struct stmboot_gpt_copy *copy);

#endif
