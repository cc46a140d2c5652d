/* SPDX-License-Identifier: MIT */
/* Permissions as chmod(1) takes them. */
#ifndef SB_FS_MODE_H
#define SB_FS_MODE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Apply "0644", "u+x,go-w" or "a=rX" to permissions and set-id bits (0 to
 * 07777). Who is not named is everybody: there is no umask that could count.
 * False when the text is no mode. POSIX.1-2017, chmod, "Extended Description".
 */
bool sb_mode_apply(const char *text, uint32_t mode, bool is_directory, uint32_t *out);

#endif
