/* SPDX-License-Identifier: MIT */
#ifndef EDIT_H
#define EDIT_H

#include <stmboot/boot_edit.h>
#include <stmboot/context.h>
#include <stmboot/refusal.h>

#include "buffer.h"
#include "options.h"

/* What a command does to the boot of its image. */
typedef enum stmboot_status edit_step(struct stmboot_boot_edit *edit, const struct options *o,
				      struct stmboot_refusal *why);

/* Begin an edit of the first operand, do the step, stage, write and show it. */
int edit_run(struct stmboot_context *ctx, const struct options *o, edit_step *step);

/* A step that has something of its own to work on. */
typedef enum stmboot_status edit_step_with(struct stmboot_boot_edit *edit, const struct options *o,
					   void *user, struct stmboot_refusal *why);

/* An edit between two walls, or before the first one. */
struct edit_session {
	const struct options *o;
	struct stmboot_boot_edit *edit;
	int shared; /* for wall_raise() */
};

/*
 * Open and lock the first operand. EXIT_DONE, or what fail() gave and there is no session.
 * `large`: as stmboot_boot_edit_share().
 */
int edit_begin(struct edit_session *session, struct stmboot_context *ctx, const struct options *o,
	       bool large);

/*
 * Behind a wall do the step, stage, and show the edit, which is written outside. That
 * ends the session: edit_end() may still be called.
 */
int edit_carry_out(struct edit_session *session, edit_step_with *step, void *user);

void edit_end(struct edit_session *session);

/* The same for taking the last edit back. */
int edit_run_undo(struct stmboot_context *ctx, const struct options *o);

/* fail() with what was refused; `error` is errno, and `state` of the image or NULL. */
int edit_fail(const struct options *o, enum stmboot_status status,
	      const struct stmboot_refusal *why, int error, const char *state);

/* finish() with what became of the image. */
int edit_finish(const struct options *o, struct buffer *result, enum stmboot_edit_state state);

/* A file of the command line that goes into an image, or '-'; `why` says why not. */
enum stmboot_status edit_open_file(struct stmboot_context *ctx, const char *path,
				   struct stmboot_refusal *why, struct stmboot_source **out);

/* What the options of every editing command say; `path` keeps the state directory. */
struct stmboot_edit_options edit_options(const struct options *o, char *path);

#endif
