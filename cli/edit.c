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
#include "render.h"

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
	return fail_in_state(o, o->operands[0], said.message, hint_of(&said), state);
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

/* Stage what was changed, write it unless this is a dry run, and show it. */
static int carry_out(const struct options *o, struct stmboot_boot_edit *edit)
{
	struct edit_report report = { .dry_run = o->value[OPTION_DRY_RUN] != 0 };
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;

	errno = 0;
	status = stmboot_boot_edit_stage(edit, &why, &report.plan);
	if (status != STMBOOT_OK)
		return edit_fail(o, status, &why, errno, "unchanged");
	if (!report.dry_run)
		status = stmboot_boot_edit_commit(edit, &why);
	report.result = *stmboot_boot_edit_result(edit);
	if (status != STMBOOT_OK)
		return edit_fail(o, status, &why, errno,
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

int edit_run(struct stmboot_context *ctx, const struct options *o, edit_step *step)
{
	char path[STATE_PATH];
	const struct stmboot_edit_options edit_how = edit_options(o, path);
	const struct stmboot_boot_edit_options how = boot_options(o, &edit_how);
	struct stmboot_boot_edit *edit = NULL;
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;
	int result;

	errno = 0;
	status = stmboot_boot_edit_begin(ctx, o->operands[0], &how, &why, &edit);
	if (status == STMBOOT_OK)
		status = step(edit, o, &why);
	result = status == STMBOOT_OK ? carry_out(o, edit)
				      : edit_fail(o, status, &why, errno, "unchanged");
	stmboot_boot_edit_close(edit);
	return result;
}

int edit_run_undo(struct stmboot_context *ctx, const struct options *o)
{
	char path[STATE_PATH];
	const struct stmboot_edit_options edit_how = edit_options(o, path);
	const struct stmboot_boot_edit_options how = boot_options(o, &edit_how);
	struct stmboot_boot_edit *edit = NULL;
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;
	int result;

	errno = 0;
	status = stmboot_boot_edit_begin_undo(ctx, o->operands[0], &how, &why, &edit);
	result = status == STMBOOT_OK ? carry_out(o, edit)
				      : edit_fail(o, status, &why, errno, "unchanged");
	stmboot_boot_edit_close(edit);
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
