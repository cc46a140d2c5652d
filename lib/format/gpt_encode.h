/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a GPT, to be changed and written again. What nobody asked to
 * change stays as it stands on the medium: unused entries, fields that are not
 * known, and the place of every entry in the array.
 */
#ifndef SB_FORMAT_GPT_ENCODE_H
#define SB_FORMAT_GPT_ENCODE_H

#include <stmboot/gpt.h>

#include "base/arena.h"
#include "base/guid.h"
#include "source/overlay.h"

enum sb_gpt_which { SB_GPT_PRIMARY, SB_GPT_BACKUP, SB_GPT_COPIES };

/* One copy as it is to stand on the medium. */
struct sb_gpt_place {
	bool there; /* false: nothing is written of it */
	uint64_t lba;
	uint64_t entries_lba;
	uint8_t *header; /* a whole sector */
};

struct sb_gpt_table {
	struct sb_arena *arena;
	uint32_t sector_size;
	uint64_t sectors; /* of the medium */
	uint32_t entry_count;
	uint8_t *entries; /* of 128 bytes; both copies have the same */
	struct sb_gpt_place copies[SB_GPT_COPIES];
	bool mbr_changed;
	uint8_t mbr[SB_SECTOR_BYTES];
};

/*
 * Load the entries of a good copy, and the MBR. No copy is there yet.
 * STMBOOT_CONFLICT when the entries are no longer what was decoded; else the
 * failure of a read or an allocation.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_gpt_table_load(struct sb_arena *arena, struct stmboot_source *src, const struct stmboot_gpt *gpt,
		  const struct stmboot_gpt_copy *from, struct sb_gpt_table *out);

/* A copy that is to stay where it is, with all fields of its header. */
STMBOOT_NODISCARD enum stmboot_status sb_gpt_table_keep(struct sb_gpt_table *table,
							struct stmboot_source *src,
							enum sb_gpt_which which,
							const struct stmboot_gpt_copy *copy);

/* Make a copy of the other one, which is there, at a place of its own. */
STMBOOT_NODISCARD enum stmboot_status sb_gpt_table_copy(struct sb_gpt_table *table,
							enum sb_gpt_which which, uint64_t lba,
							uint64_t entries_lba);

/* Make each of two copies the alternate of the other. */
void sb_gpt_table_link(struct sb_gpt_table *table);

/* Change a header field in all copies that are there. */
void sb_gpt_table_set_last_usable(struct sb_gpt_table *table, uint64_t lba);
void sb_gpt_table_set_disk_guid(struct sb_gpt_table *table, const uint8_t guid[SB_GUID_BYTES]);

/* That of the primary as it is now. */
void sb_gpt_table_disk_guid(const struct sb_gpt_table *table, char out[STMBOOT_GUID_TEXT]);

/* The used entries as they are now, in table order. False without memory. */
bool sb_gpt_table_list(const struct sb_gpt_table *table,
		       const struct stmboot_partition *const **out, size_t *count);

/* Change a field of the entry at an index below entry_count. */
void sb_gpt_table_set_type(struct sb_gpt_table *table, uint32_t index,
			   const uint8_t guid[SB_GUID_BYTES]);
void sb_gpt_table_set_guid(struct sb_gpt_table *table, uint32_t index,
			   const uint8_t guid[SB_GUID_BYTES]);
void sb_gpt_table_set_attribute(struct sb_gpt_table *table, uint32_t index, unsigned bit, bool on);

/* False, and nothing is changed, for what is not UTF-8 or takes more than 36 units. */
bool sb_gpt_table_set_name(struct sb_gpt_table *table, uint32_t index, const char *name);

/*
 * Make the MBR of a medium with a GPT protective: the record first and alone,
 * with the size of the medium. Of a damaged hybrid one only what makes it
 * hybrid is mended, a good one is left alone, and so is the boot code always.
 */
void sb_gpt_table_protect(struct sb_gpt_table *table, const struct stmboot_gpt *gpt);

/* What is to be written, in this order, each with its checksums right. */
struct sb_gpt_piece {
	uint64_t offset;
	const uint8_t *bytes;
	size_t length;
	enum sb_order order;
};

enum { SB_GPT_MAX_PIECES = 5 };

/* How many there are. Borrowed from the table until it is changed again. */
size_t sb_gpt_table_encode(struct sb_gpt_table *table, struct sb_gpt_piece out[SB_GPT_MAX_PIECES]);

#endif
