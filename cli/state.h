/* SPDX-License-Identifier: MIT */
#ifndef STATE_H
#define STATE_H

enum { STATE_PATH = 4096 };

/*
 * Where undo records and the logs of block devices are kept: STMBOOT_STATE_DIR,
 * else stmboot in XDG_STATE_HOME or ~/.local/state. NULL when none is known.
 */
const char *state_directory(char path[STATE_PATH]);

#endif
