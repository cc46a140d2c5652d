/* SPDX-License-Identifier: MIT */
/*
 * Where U-Boot's builds keep their environment: what differs from version to
 * version, and from board to board, as rows of two tables.
 */
#ifndef SB_BOOT_ENV_PLACES_H
#define SB_BOOT_ENV_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include <stmboot/stm32.h>

enum { SB_ENV_COPIES = 2 };

/* How a partition is asked for by name. */
enum sb_env_names {
	SB_ENV_BY_NO_NAME,
	SB_ENV_BY_FIRST_FOUR, /* only so many characters are compared */
	SB_ENV_BY_WHOLE_NAME,
};

/* What env/mmc.c of a version does; the row of the newest version not after U-Boot's. */
struct sb_env_reader {
	unsigned from; /* 202304 is v2023.04 */
	enum sb_env_names names;
	bool by_type;      /* also by the type GUID, in builds that have it */
	bool second_type;  /* a second partition of the type takes copy 1 */
	bool minds_bounds; /* a copy that does not fit in is not placed before the start */
};

/* What a build has for a store. */
enum sb_env_store {
	SB_ENV_STORE_NONE,
	SB_ENV_STORE_FILE, /* in the bootable file system */
	SB_ENV_STORE_MMC,
	SB_ENV_STORE_NOR, /* not on the card */
};

/* One line of builds. A row stands for what it names: NULL, 0 and UNKNOWN are any. */
struct sb_env_build {
	const char *vendor; /* that U-Boot's first compatible begins with */
	enum stmboot_soc soc;
	const char *wanted; /* the partition that its device tree names */
	unsigned from;      /* first version, and the first that is not of the row any more */
	unsigned before;
	enum sb_env_store store;
	bool by_type;                   /* CONFIG_PARTITION_TYPE_GUID */
	bool fixed;                     /* the offsets count when no partition is found */
	uint64_t offset[SB_ENV_COPIES]; /* CONFIG_ENV_OFFSET, CONFIG_ENV_OFFSET_REDUND */
};

/* The row for a version; never NULL. */
const struct sb_env_reader *sb_env_reader_of(unsigned version);

/* The first row that fits; NULL when no known build is like it. */
const struct sb_env_build *sb_env_build_of(unsigned version, enum stmboot_soc soc,
					   const char *board, const char *wanted);

#endif
