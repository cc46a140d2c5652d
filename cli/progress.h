/* SPDX-License-Identifier: MIT */
/*
 * How far a command has come, on a terminal, once it takes longer than half a second:
 * one line on stderr that is written over, and cleared before anything else is said. A
 * command is made of pieces of work, each of which begins anew; those that are over in
 * a moment are not shown.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool wanted;
	bool beside_output; /* standard output is a terminal, too */
	bool shown;
	bool of_images;             /* what is counted is images, not bytes */
	int64_t began, piece, last; /* milliseconds: the command, a piece of work, what is shown */
	uint64_t first, before;     /* how far a piece was first, and when it was told last */
};

/* Never shown in a pipe, on a terminal that has no cursor to move, or when `quiet`. */
struct progress progress_begin(bool quiet);

/* Another process shows it. */
void progress_end(struct progress *progress);

/* Work done so far, of `total` bytes (0: not known), as a context calls it: `user` is the line. */
void progress_show(void *user, uint64_t done, uint64_t total);

/* The same, of what goes to standard output: nothing, where that is seen itself. */
void progress_stream(struct progress *progress, uint64_t done, uint64_t total);

/* The same, of images. */
void progress_count(struct progress *progress, uint64_t done, uint64_t total);

/* Make place for something else on the terminal; NULL is fine. */
void progress_clear(struct progress *progress);

#endif
