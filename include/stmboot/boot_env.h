/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Where the U-Boot of a card keeps its environment, and what is saved there
 * (U-Boot env/mmc.c).
 */
#ifndef STMBOOT_BOOT_ENV_H
#define STMBOOT_BOOT_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/boot.h>
#include <stmboot/env.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How the place of a copy is found. */
enum stmboot_env_place {
	STMBOOT_ENV_PLACE_UNKNOWN,  /**< this U-Boot is none that is known */
	STMBOOT_ENV_PLACE_NOWHERE,  /**< it has none: nothing is written */
	STMBOOT_ENV_PLACE_NAME,     /**< the end of a partition of a given name */
	STMBOOT_ENV_PLACE_TYPE,     /**< the end of a partition of a given type */
	STMBOOT_ENV_PLACE_OFFSET,   /**< a fixed offset on the medium */
	STMBOOT_ENV_PLACE_FILE,     /**< a file of the boot file system */
	STMBOOT_ENV_PLACE_OFF_CARD, /**< a flash memory of the board */
	STMBOOT_ENV_PLACE_BARE,     /**< the image is a stored environment itself */
};

/**
 * The name of a place.
 *
 * @param place  what to name
 * @return "partition-name", ...; static
 */
STMBOOT_API const char *stmboot_env_place_text(enum stmboot_env_place place);

/** One copy. */
struct stmboot_boot_env_copy {
	enum stmboot_env_place place;
	int32_t partition; /**< that it is in, or STMBOOT_NO_PARTITION */
	bool has_offset;
	uint64_t offset;               /**< on the medium */
	const struct stmboot_env *env; /**< what stands there; NULL: it could not be read */
};

/**
 * What stands in the place of a copy, in one word.
 *
 * @param copy  of an environment
 * @return as stmboot_env_state_text(); "unreadable"; "no-place" when its place is not on
 *         the card. Static.
 */
STMBOOT_API const char *stmboot_boot_env_copy_text(const struct stmboot_boot_env_copy *copy);

enum { STMBOOT_BOOT_ENV_COPIES = 2 };

/** The environment of a card. */
struct stmboot_boot_env {
	enum stmboot_env_place place; /**< of the copy that is written first */
	const char *wanted;           /**< the partition name that U-Boot looks for, or NULL */
	const char *path;             /**< of the file, or NULL */
	size_t copy_count;            /**< 0 where none is on the card */
	struct stmboot_boot_env_copy copies[STMBOOT_BOOT_ENV_COPIES];
	int32_t chosen;                  /**< index of the copy that U-Boot chooses, or -1 */
	const struct stmboot_env *saved; /**< what counts; NULL: nothing, or it is rejected */
};

/**
 * The environment of a card whose boot was followed.
 *
 * @param boot  a boot that was followed
 * @return borrowed from the boot
 */
STMBOOT_API const struct stmboot_boot_env *
stmboot_boot_environment(const struct stmboot_boot *boot);

#ifdef __cplusplus
}
#endif

#endif
