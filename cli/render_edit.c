/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <inttypes.h>

static bool has_changed(const struct edit_report *report)
{
	return report->plan->write_count != 0 || report->recovered;
}

static bool was_written(const struct edit_report *report)
{
	return !report->dry_run && (has_changed(report) || report->output != NULL);
}

/* Errors and warnings that were not there before, a line each. */
static void add_new_findings(struct buffer *out, const struct edit_report *report,
			     const struct style *style)
{
	const struct stmboot_diags *before = report->before.diags, *after = report->after.diags;

	for (size_t i = 0; after != NULL && i < stmboot_diags_count(after); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(after, i);

		if (diag->severity == STMBOOT_NOTE || before == NULL ||
		    !stmboot_diags_has_more(after, before, diag->code))
			continue;
		buffer_printf(out, "new %s[%s]: ", stmboot_severity_text(diag->severity),
			      diag->code);
		style_escape(style, out, diag->message);
		buffer_puts(out, "\n");
	}
}

static void add_line(struct buffer *out, const struct style *style, const char *mark,
		     const char *text, enum paint paint)
{
	if (text == NULL)
		return;
	style_begin(style, out, paint);
	buffer_printf(out, "  %s ", mark);
	style_escape(style, out, text);
	style_end(style, out, paint);
	buffer_puts(out, "\n");
}

static void add_changes(struct buffer *out, const struct edit_report *report,
			const struct style *style)
{
	for (size_t i = 0; i < report->plan->change_count; i++) {
		const struct stmboot_edit_change *change = &report->plan->changes[i];

		style_begin(style, out, PAINT_STRONG);
		style_escape(style, out, change->what);
		style_end(style, out, PAINT_STRONG);
		buffer_puts(out, "\n");
		add_line(out, style, "-", change->before, PAINT_BAD);
		add_line(out, style, "+", change->after, PAINT_GOOD);
	}
}

static void add_notes(struct buffer *out, const struct edit_report *report,
		      const struct style *style)
{
	for (size_t i = 0; i < report->plan->note_count; i++) {
		buffer_puts(out, "note: ");
		style_escape(style, out, report->plan->notes[i]);
		buffer_puts(out, "\n");
	}
}

static void add_writes(struct buffer *out, const struct edit_report *report, bool each)
{
	const struct stmboot_edit_plan *plan = report->plan;
	char size[SIZE_TEXT];

	style_size(plan->bytes, size);
	buffer_printf(out, "%s %s in %zu place%s\n", report->dry_run ? "would write" : "wrote",
		      size, plan->write_count, plan->write_count == 1 ? "" : "s");
	for (size_t i = 0; each && i < plan->write_count; i++)
		buffer_printf(out, "  0x%" PRIx64 ", %" PRIu64 " bytes\n", plan->writes[i].offset,
			      plan->writes[i].length);
}

static void add_verdict(struct buffer *out, const char *when, const struct stmboot_boot_view *view,
			const struct style *style)
{
	struct report report = { .image = view->image, .boot = view->boot, .diags = view->diags };

	if (view->boot == NULL)
		return;
	report.verdict = view->boot->verdict;
	report.stops_at = view->boot->stops_at;
	buffer_puts(out, when);
	render_verdict(out, &report, style);
}

void render_edit_text(struct buffer *out, const struct edit_report *report, const struct options *o)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	bool verbose = report->dry_run || o->value[OPTION_VERBOSE] != 0;

	if (o->value[OPTION_QUIET] != 0) {
		add_new_findings(out, report, &style);
		return;
	}
	add_changes(out, report, &style);
	add_notes(out, report, &style);
	if (has_changed(report))
		add_writes(out, report, verbose);
	else
		buffer_puts(out, "nothing to change\n");
	if (verbose)
		add_verdict(out, "before: ", &report->before, &style);
	if (has_changed(report) || verbose)
		add_verdict(out, verbose ? "after: " : "", &report->after, &style);
	add_new_findings(out, report, &style);
	if (report->result.undo_trouble != NULL) {
		buffer_puts(out, "this edit cannot be undone: ");
		style_escape(&style, out, report->result.undo_trouble);
		buffer_puts(out, "\n");
	}
}

static void add_boot(struct json *j, const char *key, const struct stmboot_boot_view *view)
{
	if (view->boot == NULL) {
		json_null(j, key);
		return;
	}
	json_open(j, key, '{');
	json_text(j, "verdict", stmboot_outcome_text(view->boot->verdict));
	json_text(j, "stops_at",
		  view->boot->stops_at != STMBOOT_NO_STAGE
			  ? stmboot_stage_text((enum stmboot_stage)view->boot->stops_at)
			  : NULL);
	json_close(j, '}');
}

static void add_plan(struct json *j, const struct stmboot_edit_plan *plan)
{
	json_open(j, "changes", '[');
	for (size_t i = 0; i < plan->change_count; i++) {
		json_open(j, NULL, '{');
		json_text(j, "what", plan->changes[i].what);
		json_text(j, "before", plan->changes[i].before);
		json_text(j, "after", plan->changes[i].after);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_list(j, "notes", plan->notes, plan->note_count);
	json_open(j, "writes", '[');
	for (size_t i = 0; i < plan->write_count; i++) {
		json_open(j, NULL, '{');
		json_u64(j, "offset", plan->writes[i].offset);
		json_u64(j, "length", plan->writes[i].length);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void render_edit_json(struct buffer *out, const struct edit_report *report)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.edit/1");
	json_bool(&j, "changed", has_changed(report));
	json_bool(&j, "written", was_written(report));
	json_text(&j, "state", stmboot_edit_state_text(report->result.state));
	add_plan(&j, report->plan);
	add_boot(&j, "boot_before", &report->before);
	add_boot(&j, "boot_after", &report->after);
	if (report->after.diags != NULL) {
		render_findings_json(&j, report->after.diags);
	} else {
		json_open(&j, "findings", '[');
		json_close(&j, ']');
	}
	json_close(&j, '}');
}
