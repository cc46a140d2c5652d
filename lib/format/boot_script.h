/* SPDX-License-Identifier: MIT */
/*
 * What a script for U-Boot's shell does to the search for extlinux.conf, as
 * far as that can be told without running it.
 */
#ifndef SB_FORMAT_BOOT_SCRIPT_H
#define SB_FORMAT_BOOT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* Values are as written, without their quotes; NULL where nothing is set. */
struct sb_boot_script {
	const char *prefixes;  /* boot_prefixes */
	const char *conf;      /* boot_syslinux_conf */
	bool conf_conditional; /* the latter under an `if` only: where the file is there */
	bool searches;         /* it then runs the search again */
	bool boots;            /* before that it may boot something itself */
};

/*
 * Read a script. False without memory. Any text is a script: what is not
 * understood is taken for a command that boots nothing.
 */
bool sb_boot_script_read(struct sb_arena *arena, const char *text, size_t size,
			 struct sb_boot_script *out);

/* Does it do no more than search again elsewhere, as the script of OpenSTLinux does? */
static inline bool sb_boot_script_is_followed(const struct sb_boot_script *script)
{
	return script->prefixes != NULL && script->searches && !script->boots;
}

#endif
