/* SPDX-License-Identifier: MIT */
/*
 * Where U-Boot's distro_bootcmd looks for a configuration, by the variables
 * that decide (U-Boot include/config_distro_bootcmd.h).
 */
#ifndef SB_BOOT_SEARCH_H
#define SB_BOOT_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include <stmboot/status.h>

#include "base/arena.h"

/* The variables; each a list of words but `conf`. */
struct sb_search_variables {
	const char *prefixes; /* boot_prefixes */
	const char *conf;     /* boot_syslinux_conf */
	const char *scripts;  /* boot_scripts */
};

struct sb_search_place {
	const char *path;
	bool script;
};

/* The places in one partition, in order. */
struct sb_places {
	struct sb_search_place *list;
	size_t count;
	size_t capacity;
};

/* What U-Boot has by default. */
extern const struct sb_search_variables sb_search_stock;

/* The places that variables name; false without memory. */
bool sb_search_places(struct sb_arena *arena, const struct sb_search_variables *variables,
		      struct sb_places *out);

#endif
