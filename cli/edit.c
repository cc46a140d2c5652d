/* SPDX-License-Identifier: MIT */
#include "edit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <stmboot/source.h>

#include "buffer.h"
#include "cmd.h"
#include "fail.h"
#include "progress.h"
#include "render.h"
#include "wall.h"

struct stmboot_edit_options edit_options(const struct options *o, char *path)
{
	return (struct stmboot_edit_options){ .struct_size = sizeof(struct stmboot_edit_options),
					      .state_directory =
						      stmboot_state_directory(path, STATE_PATH),
					      .output = option_word(o, OPTION_OUTPUT),
					      .dry_run = o->value[OPTION_DRY_RUN] != 0 };
}

int edit_fail(const struct options *o, enum stmboot_status status,
	      const struct stmboot_refusal *why, int error, const char *state)
{
	struct stmboot_refusal said = *why;

	if (said.message[0] == '\0')
		stmboot_source_explain(o->operands[0], status, error, &said);
	return fail_in_state(o, o->operands[0], said.message,
			     status == STMBOOT_NOT_FOUND ? image_hint(o, hint_of(&said))
							 : hint_of(&said),
			     state);
}

int edit_finish(const struct options *o, struct buffer *result, enum stmboot_edit_state state)
{
	return finish_in_state(o, result,
			       state == STMBOOT_EDIT_DONE ? "the edit itself is done" : NULL,
			       stmboot_edit_state_text(state));
}

static int show(const struct options *o, const struct edit_report *report)
{
	struct buffer out = { 0 };

	if (o->value[OPTION_JSON] != 0)
		render_edit_json(&out, report);
	else
		render_edit_text(&out, report, o);
	return edit_finish(o, &out, report->result.state);
}

/* What became of the commit: the outside's answer. */
struct outcome {
	enum stmboot_status status;
	int error;
	struct stmboot_refusal why;
	struct stmboot_edit_result result; /* but for: */
	char undo_trouble[120];
};

static const char wish = 'c';

/* Inside: let the outside write what is staged. */
static enum stmboot_status commit(struct wall *wall, struct stmboot_boot_edit *edit,
				  struct outcome *outcome)
{
	errno = 0;
	outcome->status = stmboot_boot_edit_hand_over(edit, &outcome->why);
	outcome->error = errno;
	if (outcome->status != STMBOOT_OK)
		return outcome->status;
	progress_clear(wall->o->progress);
	if (!wall_send(wall, &wish, 1) || !wall_receive(wall, outcome, sizeof(*outcome)))
		wall_abandon(wall);
	if (outcome->result.undo_trouble != NULL)
		outcome->result.undo_trouble = outcome->undo_trouble;
	return outcome->status;
}

/* Outside: write what the inside hands over, if it wishes so. */
static void answer(struct wall *wall, struct stmboot_boot_edit *edit, struct outcome *outcome)
{
	char wished = 0;

	if (!wall_receive(wall, &wished, 1) || wished != wish)
		return;
	errno = 0;
	outcome->status = stmboot_boot_edit_take_over(edit, &outcome->why);
	if (outcome->status == STMBOOT_OK)
		outcome->status = stmboot_boot_edit_commit(edit, &outcome->why);
	outcome->error = errno;
	outcome->result = *stmboot_boot_edit_result(edit);
	progress_clear(wall->o->progress);
	if (outcome->result.undo_trouble != NULL)
		(void)snprintf(outcome->undo_trouble, sizeof(outcome->undo_trouble), "%s",
			       outcome->result.undo_trouble);
	(void)wall_send(wall, outcome, sizeof(*outcome));
}

/* Inside: stage what was changed, have it written unless this is a dry run, and show it. */
static int stage(struct wall *wall, const struct options *o, struct stmboot_boot_edit *edit)
{
	struct edit_report report = { .dry_run = o->value[OPTION_DRY_RUN] != 0 };
	struct outcome outcome = { .status = STMBOOT_OK };
	enum stmboot_status status;

	errno = 0;
	status = stmboot_boot_edit_stage(edit, &outcome.why, &report.plan);
	if (status != STMBOOT_OK)
		return edit_fail(o, status, &outcome.why, errno, "unchanged");
	if (!report.dry_run)
		status = commit(wall, edit, &outcome);
	report.result = outcome.result;
	if (status != STMBOOT_OK)
		return edit_fail(o, status, &outcome.why, outcome.error,
				 stmboot_edit_state_text(report.result.state));
	report.output = option_word(o, OPTION_OUTPUT);
	report.before = stmboot_boot_edit_before(edit);
	report.after = stmboot_boot_edit_after(edit);
	return show(o, &report);
}

static struct stmboot_boot_edit_options boot_options(const struct options *o,
						     const struct stmboot_edit_options *edit)
{
	return (struct stmboot_boot_edit_options){ .struct_size =
							   sizeof(struct stmboot_boot_edit_options),
						   .edit = edit,
						   .medium = medium_asked(o),
						   .force = o->value[OPTION_FORCE] != 0 };
}

static int prepare(struct edit_session *session, struct stmboot_context *ctx,
		   const struct options *o, bool undo, bool large)
{
	char path[STATE_PATH];
	const struct stmboot_edit_options edit_how = edit_options(o, path);
	const struct stmboot_boot_edit_options how = boot_options(o, &edit_how);
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;
	int result = EXIT_DONE;

	*session = (struct edit_session){ .o = o, .shared = WALL_NO_FILE };
	errno = 0;
	status = undo ? stmboot_boot_edit_prepare_undo(ctx, o->operands[0], &how, &why,
						       &session->edit)
		      : stmboot_boot_edit_prepare(ctx, o->operands[0], &how, &why, &session->edit);
	if (status == STMBOOT_OK && !undo && !edit_how.dry_run)
		status = stmboot_boot_edit_share(session->edit, large, &why, &session->shared);
	/* The image is open for reading only: what it is unpacked into may be written, too. */
	if (edit_how.dry_run || edit_how.output != NULL)
		session->shared = WALL_ANY_FILE;
	if (status != STMBOOT_OK) {
		result = edit_fail(o, status, &why, errno, "unchanged");
		edit_end(session);
	}
	return result;
}

int edit_begin(struct edit_session *session, struct stmboot_context *ctx, const struct options *o,
	       bool large)
{
	return prepare(session, ctx, o, false, large);
}

void edit_end(struct edit_session *session)
{
	stmboot_boot_edit_close(session->edit);
	session->edit = NULL;
}

static int inside(struct wall *wall, const struct edit_session *session, edit_step_with *step,
		  void *user)
{
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;

	errno = 0;
	status = stmboot_boot_edit_follow(session->edit, &why);
	if (status == STMBOOT_OK && step != NULL)
		status = step(session->edit, session->o, user, &why);
	return status == STMBOOT_OK ? stage(wall, session->o, session->edit)
				    : edit_fail(session->o, status, &why, errno, "unchanged");
}

int edit_carry_out(struct edit_session *session, edit_step_with *step, void *user)
{
	struct outcome outcome = { .status = STMBOOT_OK };
	struct wall wall;

	switch (wall_raise(&wall, session->o, session->shared)) {
	case WALL_INSIDE:
		return inside(&wall, session, step, user);
	case WALL_OUTSIDE:
		answer(&wall, session->edit, &outcome);
		edit_end(session); /* while the inside shows what was done */
		return wall_finish(&wall, stmboot_edit_state_text(outcome.result.state));
	default:
		return wall_fail(session->o);
	}
}

static enum stmboot_status plain_step(struct stmboot_boot_edit *edit, const struct options *o,
				      void *user, struct stmboot_refusal *why)
{
	edit_step *const *step = user;

	return (*step)(edit, o, why);
}

int edit_run(struct stmboot_context *ctx, const struct options *o, edit_step *step)
{
	struct edit_session session;
	int result = edit_begin(&session, ctx, o, false);

	if (result == EXIT_DONE) {
		result = edit_carry_out(&session, plain_step, &step);
		edit_end(&session);
	}
	return result;
}

int edit_run_undo(struct stmboot_context *ctx, const struct options *o)
{
	struct edit_session session;
	int result = prepare(&session, ctx, o, true, false);

	if (result == EXIT_DONE) {
		result = edit_carry_out(&session, NULL, NULL);
		edit_end(&session);
	}
	return result;
}

enum stmboot_status edit_open_file(struct stmboot_context *ctx, const char *path,
				   struct stmboot_refusal *why, struct stmboot_source **out)
{
	bool is_stdin = strcmp(path, "-") == 0;
	enum stmboot_status status = is_stdin ? stmboot_source_open_stream(ctx, STDIN_FILENO, out)
					      : stmboot_source_open_file(ctx, path, out);

	if (status == STMBOOT_NOT_FOUND)
		errno = ENOENT;
	if (status != STMBOOT_OK)
		(void)snprintf(why->message, sizeof(why->message), "%s: %s",
			       is_stdin ? "standard input" : path,
			       status == STMBOOT_IO || status == STMBOOT_NOT_FOUND
				       ? strerror(errno)
				       : stmboot_status_text(status));
	return status;
}
