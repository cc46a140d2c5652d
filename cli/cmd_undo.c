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
#include "state.h"

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

int cmd_recover(struct stmboot_context *ctx, const struct options *o)
{
	static const char *const said[] = {
		[STMBOOT_RECOVERY_CLEAN] = "no edit was interrupted",
		[STMBOOT_RECOVERY_FINISHED] = "the interrupted edit is finished",
		[STMBOOT_RECOVERY_DROPPED] = "the interrupted edit had not begun to write: dropped",
	};
	static const struct stmboot_edit_plan nothing;
	char path[STATE_PATH];
	const struct stmboot_edit_options how = edit_options(o, path);
	struct stmboot_refusal why = { .message = "" };
	struct edit_report report = { .plan = &nothing };
	enum stmboot_recovery found = STMBOOT_RECOVERY_CLEAN;
	struct buffer out = { 0 };
	enum stmboot_status status;

	errno = 0;
	status = stmboot_edit_recover(ctx, o->operands[0], &how, &why, &found);
	if (status != STMBOOT_OK)
		return edit_fail(o, status, &why, errno,
				 status == STMBOOT_IO ? "pending" : "unchanged");
	report.recovered = found == STMBOOT_RECOVERY_FINISHED;
	if (report.recovered)
		report.result.state = STMBOOT_EDIT_DONE;
	if (o->value[OPTION_JSON] != 0)
		render_edit_json(&out, &report);
	else if (o->value[OPTION_QUIET] == 0)
		buffer_printf(&out, "%s\n", said[found]);
	return finish(o, &out);
}
