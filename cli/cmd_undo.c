/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include <stmboot/edit.h>

#include "edit.h"
#include "fail.h"
#include "json.h"
#include "render.h"

static void add_json(struct buffer *out, const struct stmboot_undos *undos)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.undos/1");
	json_open(&j, "edits", '[');
	for (size_t i = 0; i < stmboot_undos_count(undos); i++) {
		const struct stmboot_undo *undo = stmboot_undos_get(undos, i);

		json_open(&j, NULL, '{');
		json_i64(&j, "time", undo->time);
		json_u64(&j, "bytes", undo->bytes);
		json_text(&j, "summary", undo->summary);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}

static void add_text(struct buffer *out, const struct stmboot_undos *undos, const struct options *o)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);

	for (size_t i = 0; i < stmboot_undos_count(undos); i++) {
		const struct stmboot_undo *undo = stmboot_undos_get(undos, i);
		time_t when = (time_t)undo->time;
		char text[32] = "?", size[SIZE_TEXT];
		struct tm local;

		if (localtime_r(&when, &local) != NULL)
			strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
		style_size(undo->bytes, size);
		buffer_printf(out, "%s  %s  ", text, size);
		style_escape(&style, out, undo->summary);
		buffer_puts(out, "\n");
	}
}

static int list(struct stmboot_context *ctx, const struct options *o)
{
	char path[STATE_PATH];
	const struct stmboot_edit_options how = edit_options(o, path);
	struct stmboot_undos *undos = NULL;
	struct buffer out = { 0 };
	enum stmboot_status status;

	errno = 0;
	status = stmboot_undos_list(ctx, o->operands[0], &how, &undos);
	if (status != STMBOOT_OK)
		return fail_open(o, o->operands[0], status, errno);
	if (o->value[OPTION_JSON] != 0)
		add_json(&out, undos);
	else
		add_text(&out, undos, o);
	stmboot_undos_free(undos);
	return finish(o, &out);
}

int cmd_undo(struct stmboot_context *ctx, const struct options *o)
{
	return o->value[OPTION_LIST] != 0 ? list(ctx, o) : edit_run_undo(ctx, o);
}

/* What recovery finds, or with `copy` the image as it is to be, written elsewhere. */
static enum stmboot_status look(struct stmboot_context *ctx, const struct options *o, bool copy,
				enum stmboot_recovery *found, struct stmboot_edit_result *result,
				struct stmboot_refusal *why)
{
	char path[STATE_PATH];
	const struct stmboot_edit_options how = edit_options(o, path);
	struct stmboot_edit *edit = NULL;
	enum stmboot_status status = stmboot_edit_begin(ctx, o->operands[0], &how, why, &edit);

	if (status == STMBOOT_OK && stmboot_edit_is_interrupted(edit))
		*found = STMBOOT_RECOVERY_FINISHED;
	if (status == STMBOOT_OK && copy) {
		status = stmboot_edit_commit(edit, why);
		*result = *stmboot_edit_result(edit);
	}
	stmboot_edit_close(edit);
	return status;
}

static enum stmboot_status recover(struct stmboot_context *ctx, const struct options *o,
				   enum stmboot_recovery *found, struct stmboot_edit_result *result,
				   struct stmboot_refusal *why)
{
	char path[STATE_PATH];
	const struct stmboot_edit_options how = edit_options(o, path);
	enum stmboot_status status;

	if (how.dry_run || how.output != NULL)
		return look(ctx, o, !how.dry_run, found, result, why);
	status = stmboot_edit_recover(ctx, o->operands[0], &how, why, found);
	if (status == STMBOOT_OK && *found == STMBOOT_RECOVERY_FINISHED)
		result->state = STMBOOT_EDIT_DONE;
	return status;
}

static const char *recovered_text(const struct edit_report *report, enum stmboot_recovery found)
{
	if (found == STMBOOT_RECOVERY_CLEAN)
		return "no edit was interrupted";
	if (found == STMBOOT_RECOVERY_DROPPED)
		return "the interrupted edit had not begun to write: dropped";
	if (report->dry_run)
		return "would finish an interrupted edit";
	return report->output != NULL ? "the interrupted edit is finished in the copy"
				      : "the interrupted edit is finished";
}

int cmd_recover(struct stmboot_context *ctx, const struct options *o)
{
	static const struct stmboot_edit_plan nothing;
	struct edit_report report = { .plan = &nothing,
				      .output = option_word(o, OPTION_OUTPUT),
				      .dry_run = o->value[OPTION_DRY_RUN] != 0 };
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_recovery found = STMBOOT_RECOVERY_CLEAN;
	struct buffer out = { 0 };
	enum stmboot_status status;

	errno = 0;
	status = recover(ctx, o, &found, &report.result, &why);
	if (status != STMBOOT_OK)
		return edit_fail(o, status, &why, errno,
				 found != STMBOOT_RECOVERY_CLEAN ? "pending" : "unchanged");
	report.recovered = found == STMBOOT_RECOVERY_FINISHED;
	if (o->value[OPTION_JSON] != 0)
		render_edit_json(&out, &report);
	else if (o->value[OPTION_QUIET] == 0)
		buffer_printf(&out, "%s\n", recovered_text(&report, found));
	return edit_finish(o, &out, report.result.state);
}
