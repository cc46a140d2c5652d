/* SPDX-License-Identifier: MIT */
/*
 * The generations of boot cards: how a first stage finds the second. A card
 * is of the first row that its chip, its first stage and what stands in its
 * table agree with. What a row says is all that the trace knows of the
 * programs: a new one is a new row, and a new chip a bit in those that run on
 * it. format/chips.h has what the chips themselves differ in.
 */
#ifndef SB_BOOT_GENERATIONS_H
#define SB_BOOT_GENERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/boot.h>
#include <stmboot/content.h>
#include <stmboot/stm32.h>

/* Chips as a set. */
#define SB_CHIP_BIT(soc) (1u << (soc))

/* What tells a generation by the names and types in a table. */
enum sb_sign {
	SB_SIGN_NONE,     /* nothing does */
	SB_SIGN_FIP,      /* a partition for a FIP */
	SB_SIGN_METADATA, /* a partition for the metadata of firmware updates */
};

/* How a second stage is packed; several together are a set. */
enum {
	SB_PACKED_UIMAGE = 1,
	SB_PACKED_FIT = 2,
	SB_PACKED_STM32 = 4,
	SB_PACKED_FIP = 8,
};

struct sb_generation {
	const char *name; /* what kind of card this is, in a few words */
	enum stmboot_fsbl_kind first_stage;
	unsigned chips;        /* set of those it is built for */
	unsigned since, until; /* versions of the first stage: 208 is v2.8; 0: any */
	enum sb_sign sign;     /* needed */
	bool certain;          /* not needed where the version is known: there is no other */

	/* how it finds the second stage: of what follows, what is there */
	unsigned metadata_version;        /* it follows metadata: a partition by its unique GUID */
	uint64_t metadata_bytes;          /* what it has room for */
	const char *type;                 /* the first partition of this type GUID, or else */
	const char *partition;            /* the first one of this name */
	uint32_t sd_number, emmc_number;  /* a partition by its number */
	uint64_t boot_area;               /* in a boot area of an eMMC, if it is built so */
	unsigned packed;                  /* how the second stage may be packed */
	uint32_t entries, entries_op_tee; /* of the table that it keeps; 0: all */
};

/* What is known of a card when its generation is looked for. */
struct sb_signs {
	enum stmboot_fsbl_kind first_stage;
	enum stmboot_soc soc;
	unsigned version; /* of the first stage; 0: not known */
	bool fip;         /* a partition has the name or the type of one */
	bool metadata;
	unsigned metadata_version; /* of what stands there; 0: nothing that is known */
};

/* The names and types that are signs, with sb_fwu_fip_type. */
extern const char sb_fip_name[], sb_metadata_type[];
extern const char *const sb_metadata_names[2];

/* The generation of a card; never NULL. */
const struct sb_generation *sb_generation(const struct sb_signs *signs);

/* Generation number `index`, or NULL behind the last. */
const struct sb_generation *sb_generation_at(size_t index);

/* May a second stage of this content be loaded? */
bool sb_generation_loads(const struct sb_generation *generation, enum stmboot_content content);

#endif
