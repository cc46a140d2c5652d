/* SPDX-License-Identifier: MIT */
#ifndef FAIL_H
#define FAIL_H

#include <stmboot/refusal.h>
#include <stmboot/status.h>

#include "buffer.h"
#include "options.h"

/* What the program exits with, everywhere. */
enum { EXIT_DONE = 0, EXIT_ANSWER_NO = 1, EXIT_NOT_DONE = 2 };

/*
 * Say in one line on stderr why it could not be done, and with --json as an
 * object on stdout.
 *
 * subject: the file it is about, or NULL; hint: what to do, or NULL.
 * Gives EXIT_NOT_DONE.
 */
int fail(const struct options *o, const char *subject, const char *message, const char *hint);

/* The same for what the library refused to do with the image of the first operand. */
int fail_refused(const struct options *o, enum stmboot_status status,
		 const struct stmboot_refusal *why);

/* The same, without an object: of one thing among many. */
void complain(const struct options *o, const char *subject, const char *message, const char *hint);

/* The answer is no: say in words what is absent, unless an object says it, or when quiet. */
int say_absent(const struct options *o, const char *subject, const char *message, const char *hint);

/* As fail(), with what became of the image: "unchanged", "done", "pending" or NULL. */
int fail_in_state(const struct options *o, const char *subject, const char *message,
		  const char *hint, const char *state);

/* "did you mean 'BEST'? HINT" in `room`; without a best one, the hint alone. */
enum { NEAR_ROOM = 240 };
const char *did_you_mean(const char *best, const char *hint, char room[NEAR_ROOM]);

/* What to do about it, or NULL. Borrowed. */
const char *hint_of(const struct stmboot_refusal *why);

/* What to say instead where the image was named behind something else, or the hint itself. */
const char *image_hint(const struct options *o, const char *hint);

/* fail() for an image that could not be opened; `error` is errno after the call. */
int fail_open(const struct options *o, const char *path, enum stmboot_status status, int error);

/* Write the result to stdout: EXIT_DONE, or what fail() gives. */
int finish(const struct options *o, struct buffer *result);

/* The same, with what is to be said of the image when the result cannot be written. */
int finish_in_state(const struct options *o, struct buffer *result, const char *hint,
		    const char *state);

#endif
