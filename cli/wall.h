/* SPDX-License-Identifier: MIT */
/*
 * A wall around the decoders. An image may be made to take over what decodes it, so
 * that is done in a process of its own: it has what was opened for it, prints the
 * result, and can do little else (wall_filter.h). The process outside waits. If the
 * one inside dies, the image is as it was, and the outside says what happened.
 *
 * Edits are staged inside, and written outside: the inside hands them over as a
 * log, which the outside checks (stmboot_boot_edit_share()). "recover", and what
 * "undo" takes back, are read outside: those are logs of stmboot's own, with
 * checksums, and reading them is a part of writing safely.
 */
#ifndef WALL_H
#define WALL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "options.h"

struct wall {
	const struct options *o;
	pid_t inside; /* 0 in that process itself */
	int channel;  /* to the other side */
	int error;    /* why a message did not come through: errno, or 0 for its end */
};

enum wall_side { WALL_INSIDE, WALL_OUTSIDE, WALL_FAILED };

/* No file may be written that was opened before; or all may, because none is the image to edit. */
enum { WALL_ANY_FILE = -1, WALL_NO_FILE = -2 };

/*
 * Start the process inside, once all is open that the options do not name.
 *
 * file: the one open file that the inside may write, beside its output, or one of
 * the above. Gives the side that one is on; WALL_FAILED, and errno, when there is none.
 */
enum wall_side wall_raise(struct wall *wall, const struct options *o, int file);

/* Whole messages to the other side, and from it; false when it is gone. */
bool wall_send(struct wall *wall, const void *data, size_t size);
bool wall_receive(struct wall *wall, void *data, size_t size);

/* Inside: the other side does not answer any more, and nobody is left to tell. */
_Noreturn void wall_abandon(const struct wall *wall);

/* What is said of an inside that has not said all it had to. */
extern const char wall_lost[];

/* How the inside ended. */
struct wall_end {
	int status;       /* what it exited with, when `crash` is "" */
	char crash[160];  /* what happened to it */
	const char *hint; /* static */
};

/* Outside: wait for the inside to end. */
struct wall_end wall_reap(struct wall *wall);

/*
 * The same, and fail() when it did not end by itself; `state` is the image's.
 * Gives the status to exit with.
 */
int wall_finish(struct wall *wall, const char *state);

/* fail() for a wall that could not be raised. */
int wall_fail(const struct options *o);

/* What there is of a wall, in a line. */
void wall_describe(char *text, size_t size);

#endif
