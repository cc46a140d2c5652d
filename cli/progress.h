/* SPDX-License-Identifier: MIT */
/*
 * How far a call has come, on a terminal, once it takes longer than half a second:
 * one line on stderr that is written over, and cleared before anything else is said.
 * There is one terminal, so there is one such line, which is kept here.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* From now on; never in a pipe, on a terminal that has no cursor to move, or when `quiet`. */
void progress_begin(bool quiet);

/* Another process shows it. */
void progress_end(void);

/* Work done so far, of `total` bytes (0: not known), as a context calls it. */
void progress_show(void *user, uint64_t done, uint64_t total);

/* The same, of images. */
void progress_count(uint64_t done, uint64_t total);

/* Make place for something else on the terminal. */
void progress_clear(void);

#endif
