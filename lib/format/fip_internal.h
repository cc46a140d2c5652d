/* SPDX-License-Identifier: MIT */
/* What the files about firmware packages share. */
#ifndef SB_FORMAT_FIP_INTERNAL_H
#define SB_FORMAT_FIP_INTERNAL_H

#include <stmboot/fip.h>

#include "base/arena.h"

enum {
	SB_FIP_HEADER_BYTES = 16,
	SB_FIP_ENTRY_BYTES = 40,
	SB_FIP_UUID_BYTES = 16,
	SB_FIP_ENTRY_OFFSET = 16, /* in an entry, of the field with that */
	SB_FIP_ENTRY_SIZE = 24,
	SB_FIP_ENTRY_FLAGS = 32,
};

/* Of a package, and of an encrypted image within one. */
#define SB_FIP_MAGIC UINT32_C(0xaa640001)

/* What an image is for. */
enum sb_fip_kind {
	SB_FIP_OTHER,
	SB_FIP_CODE, /* a bare binary, of which the first byte is executed */
	SB_FIP_TREE, /* a device tree */
	SB_FIP_CERTIFICATE,
};

/* Who loads it. */
enum {
	SB_FIP_ON_MP1 = 1, /* TF-A on STM32MP13 and STM32MP15 */
	SB_FIP_ON_MP2 = 2,
};

/* An image whose UUID has a meaning. */
struct sb_fip_known {
	const char *uuid;
	const char *name; /* fiptool's option, or NULL */
	const char *title;
	enum sb_fip_kind kind;
	unsigned loaded;         /* SB_FIP_ON_MP1, SB_FIP_ON_MP2 */
	const char *certificate; /* that holds its hash on ST's boards, or NULL */
};

/* NULL for a UUID that is not known. */
const struct sb_fip_known *sb_fip_known(const char *uuid_text);

/* "nt-fw", or the UUID of what has no such name. */
static inline const char *sb_fip_label(const struct stmboot_fip_entry *entry)
{
	return entry->name != NULL ? entry->name : entry->uuid_text;
}

/* Is each image in a place of its own behind the table, within the size that is stated? */
bool sb_fip_is_sound(const struct stmboot_fip *fip);

/* Is it what a loader unpacks, and no code that can be jumped to? */
bool sb_fip_is_wrapped(enum stmboot_content content);

/*
 * The table of a sound package whose images get these sizes, one for each entry:
 * they stay in their order and as they are aligned, and what fiptool has packed
 * is as it would pack it. STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_LIMIT for more
 * than 64 bits can count.
 */
STMBOOT_NODISCARD enum stmboot_status sb_fip_repack(struct sb_arena *arena,
						    const struct stmboot_fip *fip,
						    const uint64_t *sizes, struct stmboot_fip *out);

/* The bytes of a table: toc_bytes of them. */
void sb_fip_encode(const struct stmboot_fip *fip, uint8_t *bytes);

#endif
