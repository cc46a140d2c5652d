/* SPDX-License-Identifier: MIT */
/* The rules on an extlinux.conf as a whole; those on lines and on labels are beside it. */
#include "format/extlinux_checks.h"

#include <string.h>
#include <strings.h>

#include "base/context.h"
#include "base/hint.h"

static const struct stmboot_extlinux_text nowhere = { .text = NULL };

void sb_extlinux_report(const struct sb_extlinux_checks *c, enum sb_code code,
			enum stmboot_severity ceiling, const struct stmboot_extlinux_text *at,
			const struct sb_finding *finding)
{
	struct sb_scope scope = c->scope;
	struct sb_finding f = *finding;

	scope.ceiling = ceiling < scope.ceiling ? ceiling : scope.ceiling;
	if (at->file != 0) {
		scope.path = c->conf->files[at->file].path;
		scope.src = NULL;
	}
	f.line = at->line;
	f.offset = at->offset;
	f.length = at->length;
	if (f.found == NULL)
		f.found = at->text;
	sb_report(&scope, code, &f);
}

enum stmboot_severity sb_extlinux_label_ceiling(const struct sb_extlinux_checks *c, int32_t label)
{
	return c->options.boots == STMBOOT_EXTLINUX_NONE || c->options.boots == label
		       ? STMBOOT_ERROR
		       : STMBOOT_WARNING;
}

enum stmboot_severity sb_extlinux_file_ceiling(const struct sb_extlinux_checks *c)
{
	return c->usable ? STMBOOT_WARNING : STMBOOT_ERROR;
}

/* Whether the parser noted something of this kind; of one label, unless it is NONE. */
static bool has_event(const struct stmboot_extlinux *conf, enum stmboot_extlinux_event_kind kind,
		      int32_t label)
{
	for (size_t i = 0; i < conf->event_count; i++)
		if (conf->events[i].kind == kind &&
		    (label == STMBOOT_EXTLINUX_NONE || conf->events[i].label == label))
			return true;
	return false;
}

static void check_any_label(const struct sb_extlinux_checks *c)
{
	if (c->conf->outcome != STMBOOT_EXTLINUX_READ || c->conf->label_count != 0)
		return;
	sb_extlinux_report(c, SB_EXTLINUX_NO_LABEL, STMBOOT_ERROR, &nowhere,
			   &(struct sb_finding){
				   .no_offset = true,
				   .expected = "a line `label NAME`",
				   .hint = has_event(c->conf, STMBOOT_EXTLINUX_EVENT_BOM,
						     STMBOOT_EXTLINUX_NONE)
						   ? "remove the byte order mark first"
						   : "add one: `stmboot extlinux add IMAGE linux "
						     "kernel=PATH fdt=PATH append=ARGUMENTS`" });
}

static void check_menu(const struct sb_extlinux_checks *c)
{
	const struct stmboot_extlinux *conf = c->conf;

	if (conf->selection.wait != STMBOOT_EXTLINUX_WAIT_FOREVER)
		return;
	sb_extlinux_report(
		c, SB_EXTLINUX_ENDLESS_MENU, STMBOOT_ERROR,
		conf->menu_line.text != NULL ? &conf->menu_line : &conf->prompt,
		&(struct sb_finding){ .expected = "a timeout, or no menu line",
				      .hint = "run `stmboot extlinux timeout IMAGE 5s`" });
}

static void check_negative_timeout(const struct sb_extlinux_checks *c)
{
	const struct stmboot_extlinux *conf = c->conf;

	if (!conf->menu_shown || conf->timeout_seconds >= 0 || conf->label_count == 0)
		return;
	sb_extlinux_report(
		c, SB_EXTLINUX_NEGATIVE_TIMEOUT, STMBOOT_WARNING, &conf->timeout,
		&(struct sb_finding){ .expected = "a positive number",
				      .hint = "run `stmboot extlinux timeout IMAGE 1s`" });
}

/* Names that a person would take for equal: case and blanks at the end aside. */
static bool looks_like(const char *a, const char *b)
{
	size_t a_length = strlen(a), b_length = strlen(b);

	while (a_length > 0 && strchr(" \t\r", a[a_length - 1]) != NULL)
		a_length--;
	while (b_length > 0 && strchr(" \t\r", b[b_length - 1]) != NULL)
		b_length--;
	return a_length == b_length && strncasecmp(a, b, a_length) == 0;
}

/* The label that U-Boot takes all the same, or NULL. */
static const char *taken_label(const struct sb_extlinux_checks *c)
{
	if (c->options.boots != STMBOOT_EXTLINUX_NONE)
		return c->conf->labels[c->options.boots].name.text;
	return c->conf->label_count > 0 ? c->conf->labels[0].name.text : NULL;
}

static void check_default(const struct sb_extlinux_checks *c)
{
	const struct stmboot_extlinux *conf = c->conf;
	const char *similar = NULL, *name;

	if (!conf->selection.default_missing)
		return;
	for (size_t i = 0; i < conf->label_count; i++)
		if (looks_like(conf->labels[i].name.text, conf->default_name.text))
			similar = conf->labels[i].name.text;
	name = similar != NULL ? similar : taken_label(c);
	sb_extlinux_report(
		c, SB_EXTLINUX_DEFAULT_UNKNOWN, STMBOOT_WARNING, &conf->default_name,
		&(struct sb_finding){
			.expected = similar,
			.hint = sb_text(&c->scope, "%srun `stmboot extlinux default IMAGE %s`",
					similar != NULL ? "capitals and blanks at the end count: "
							: "",
					name != NULL ? sb_hint_word(&c->scope, name) : "LABEL") });
}

static void check_names(const struct sb_extlinux_checks *c)
{
	const struct stmboot_extlinux *conf = c->conf;

	for (size_t i = 0; i < conf->label_count; i++) {
		int32_t last = stmboot_extlinux_find(conf, conf->labels[i].name.text);

		if (last != (int32_t)i)
			sb_extlinux_report(
				c, SB_EXTLINUX_DUPLICATE_LABEL, STMBOOT_WARNING,
				&conf->labels[last].name,
				&(struct sb_finding){
					.message = sb_text(&c->scope,
							   "the label of line %u has the same name",
							   conf->labels[i].name.line),
					.hint = sb_hint_edit(&c->scope,
							     "give one of them another name") });
	}
}

static void check_kernels(const struct sb_extlinux_checks *c)
{
	const struct stmboot_extlinux *conf = c->conf;

	for (size_t i = 0; i < conf->label_count; i++) {
		const struct stmboot_extlinux_label *label = &conf->labels[i];

		bool lost = has_event(conf, STMBOOT_EXTLINUX_EVENT_OUTSIDE_LABEL, (int32_t)i);

		if (label->kernel.text != NULL || label->localboot.text != NULL)
			continue;
		sb_extlinux_report(
			c, SB_EXTLINUX_NO_KERNEL, sb_extlinux_file_ceiling(c), &label->name,
			&(struct sb_finding){
				.expected = "a line `kernel PATH` in the label",
				.hint = lost ? "mend the line that ends the label first"
					     : sb_text(&c->scope,
						       "name one: `stmboot extlinux set IMAGE %s "
						       "kernel PATH`",
						       sb_hint_word(&c->scope,
								    label->name.text)) });
	}
}

/* clang-format off */
static const SB_RULE(const struct sb_extlinux_checks *) rows[] = {
	{ SB_EXTLINUX_NO_LABEL, check_any_label },
	{ SB_EXTLINUX_ENDLESS_MENU, check_menu },
	{ SB_EXTLINUX_NEGATIVE_TIMEOUT, check_negative_timeout },
	{ SB_EXTLINUX_DEFAULT_UNKNOWN, check_default },
	{ SB_EXTLINUX_DUPLICATE_LABEL, check_names },
	{ SB_EXTLINUX_NO_KERNEL, check_kernels },
};
/* clang-format on */

const struct sb_rules sb_extlinux_rules = SB_RULES(rows);

static bool is_usable(const struct stmboot_extlinux *conf, int32_t boots)
{
	if (boots != STMBOOT_EXTLINUX_NONE)
		return true;
	for (size_t i = 0; conf->outcome == STMBOOT_EXTLINUX_READ && i < conf->label_count; i++)
		if (conf->labels[i].kernel.text != NULL || conf->labels[i].localboot.text != NULL)
			return true;
	return false;
}

enum stmboot_status stmboot_extlinux_validate(struct stmboot_context *ctx,
					      const struct stmboot_extlinux *conf,
					      struct stmboot_source *src,
					      const struct stmboot_extlinux_check *check,
					      struct stmboot_diags *diags)
{
	struct sb_extlinux_checks c = { .ctx = ctx, .conf = conf };

	memcpy(&c.options, check,
	       check->struct_size < sizeof(c.options) ? check->struct_size : sizeof(c.options));
	c.scope = sb_scope(diags, src);
	c.scope.partition = c.options.partition;
	c.scope.path = c.options.path;
	c.usable = is_usable(conf, c.options.boots);
	sb_extlinux_check_fault(&c);
	for (struct sb_run run = sb_run(&sb_extlinux_rules, &c.scope); sb_run_next(&run);)
		rows[run.row].check(&c);
	sb_extlinux_check_lines(&c);
	if (conf->event_count >= sb_limits(ctx)->max_findings)
		sb_report_more(&c.scope);
	sb_extlinux_check_labels(&c);
	return c.status != STMBOOT_OK ? c.status : sb_diags_status(diags);
}
