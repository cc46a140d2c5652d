/* SPDX-License-Identifier: MIT */
/* The rules on a label's paths and on what becomes of its append. */
#include "format/extlinux_checks.h"

#include <string.h>

#include <stmboot/cmdline.h>

#include "base/checked.h"
#include "base/hint.h"

/* One label of the configuration. */
struct checked {
	struct sb_extlinux_checks *checks;
	int32_t index;
	const struct stmboot_extlinux_label *label;
	const struct stmboot_extlinux_expansion *x; /* its command line, or NULL */
	const struct stmboot_extlinux_text *at;     /* the line that gives it */
};

/* Number `i` of the label's paths; one without text stands for none. */
static const struct stmboot_extlinux_text *path_at(const struct stmboot_extlinux_label *label,
						   size_t i)
{
	const struct stmboot_extlinux_text *const paths[] = { &label->kernel, &label->initrd,
							      &label->fdt, &label->fdtdir };
	const size_t count = sizeof(paths) / sizeof(paths[0]);

	return i < count ? paths[i] : &label->overlays[i - count];
}

static size_t path_count(const struct stmboot_extlinux_label *label)
{
	return 4 + label->overlay_count;
}

static void check_path_length(const struct checked *l)
{
	const struct sb_extlinux_checks *c = l->checks;
	char out[STMBOOT_EXTLINUX_PATH_MAX + 1];

	for (size_t i = 0; i < path_count(l->label); i++) {
		const struct stmboot_extlinux_text *path = path_at(l->label, i);

		if (path->text != NULL &&
		    stmboot_extlinux_path(c->conf->directory, path->text, out) != STMBOOT_OK)
			sb_extlinux_report(
				c, SB_EXTLINUX_PATH_TOO_LONG,
				sb_extlinux_label_ceiling(c, l->index), path,
				&(struct sb_finding){ .expected = "at most 512 characters",
						      .hint = sb_hint_edit(&l->checks->scope,
									   "shorten the path") });
	}
}

static void check_path_quotes(const struct checked *l)
{
	for (size_t i = 0; i < path_count(l->label); i++) {
		const struct stmboot_extlinux_text *path = path_at(l->label, i);

		if (path->text != NULL && (path->text[0] == '"' || path->text[0] == '\''))
			sb_extlinux_report(
				l->checks, SB_EXTLINUX_QUOTED_PATH, STMBOOT_WARNING, path,
				&(struct sb_finding){
					.hint = sb_hint_edit(&l->checks->scope,
							     "write the path without quotes") });
	}
}

/* A blank before '#' tells a comment from the name of a FIT configuration. */
static void check_comments(const struct checked *l)
{
	const struct stmboot_extlinux_text *const values[] = { &l->label->kernel_value,
							       &l->label->initrd, &l->label->fdt };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const char *text = values[i]->text;
		const char *hash = text != NULL ? strchr(text, '#') : NULL;

		if (hash != NULL && (hash[-1] == ' ' || hash[-1] == '\t'))
			sb_extlinux_report(
				l->checks, SB_EXTLINUX_COMMENT_IN_VALUE, STMBOOT_WARNING, values[i],
				&(struct sb_finding){
					.hint = sb_hint_edit(
						&l->checks->scope,
						"put the comment on a line of its own") });
	}
}

static void check_overlay_tabs(const struct checked *l)
{
	for (size_t i = 0; i < l->label->overlay_count; i++)
		if (strchr(l->label->overlays[i].text, '\t') != NULL)
			sb_extlinux_report(
				l->checks, SB_EXTLINUX_OVERLAY_TAB, STMBOOT_WARNING,
				&l->label->overlays[i],
				&(struct sb_finding){
					.expected = "a space between two overlays",
					.hint = sb_hint_edit(&l->checks->scope,
							     "replace the TAB with a space") });
}

static void check_overlays_used(const struct checked *l)
{
	const struct stmboot_extlinux_label *label = l->label;

	if (label->overlay_count > 0 && label->fdt.text == NULL && label->fdtdir.text == NULL)
		sb_extlinux_report(
			l->checks, SB_EXTLINUX_OVERLAYS_UNUSED, STMBOOT_WARNING,
			&label->fdtoverlays,
			&(struct sb_finding){
				.expected = "a line fdt or fdtdir in the label",
				.hint = sb_text(
					&l->checks->scope,
					"name one: `stmboot extlinux set IMAGE %s fdt PATH`",
					sb_hint_word(&l->checks->scope, label->name.text)) });
}

static void check_initrd_word(const struct checked *l)
{
	const struct stmboot_extlinux_label *label = l->label;
	const char *word = label->initrd_from_append && label->append.text != NULL
				   ? strstr(label->append.text, "initrd=")
				   : NULL;

	if (word != NULL && word != label->append.text && word[-1] != ' ' && word[-1] != '\t')
		sb_extlinux_report(
			l->checks, SB_EXTLINUX_INITRD_IN_WORD, STMBOOT_WARNING, &label->initrd,
			&(struct sb_finding){
				.hint = sb_hint_edit(&l->checks->scope,
						     "use an initrd line before append") });
}

static void check_fit_initrd(const struct checked *l)
{
	const struct stmboot_extlinux_label *label = l->label;

	if (l->checks->conf->version >= 202304 && label->initrd.text != NULL &&
	    label->kernel_value.text != NULL &&
	    strcmp(label->initrd.text, label->kernel_value.text) == 0)
		sb_extlinux_report(
			l->checks, SB_EXTLINUX_FIT_INITRD, STMBOOT_WARNING, &label->initrd,
			&(struct sb_finding){ .hint = sb_hint_edit(&l->checks->scope,
								   "remove the initrd line") });
}

static void check_fdtdir_used(const struct checked *l)
{
	if (l->label->fdt.text != NULL && l->label->fdtdir.text != NULL)
		sb_extlinux_report(l->checks, SB_EXTLINUX_FDTDIR_IGNORED, STMBOOT_NOTE,
				   &l->label->fdtdir, &(struct sb_finding){ .hint = NULL });
}

static void check_any_append(const struct checked *l)
{
	if (l->x == NULL && l->index == l->checks->options.boots &&
	    l->label->localboot.text == NULL)
		sb_extlinux_report(
			l->checks, SB_BOOTARGS_NO_APPEND, STMBOOT_WARNING, &l->label->name,
			&(struct sb_finding){
				.expected = "a line append",
				.hint = "add some: `stmboot set-bootargs IMAGE ARG...`" });
}

/* clang-format off */
static const SB_RULE(const struct checked *) rows[] = {
	{ SB_EXTLINUX_PATH_TOO_LONG, check_path_length },
	{ SB_EXTLINUX_QUOTED_PATH, check_path_quotes },
	{ SB_EXTLINUX_COMMENT_IN_VALUE, check_comments },
	{ SB_EXTLINUX_OVERLAY_TAB, check_overlay_tabs },
	{ SB_EXTLINUX_OVERLAYS_UNUSED, check_overlays_used },
	{ SB_EXTLINUX_INITRD_IN_WORD, check_initrd_word },
	{ SB_EXTLINUX_FIT_INITRD, check_fit_initrd },
	{ SB_EXTLINUX_FDTDIR_IGNORED, check_fdtdir_used },
	{ SB_BOOTARGS_NO_APPEND, check_any_append },
};
/* clang-format on */

const struct sb_rules sb_extlinux_label_rules = SB_RULES(rows);

/* A part of append, as far as it stands there: ipappend may have added more. */
static struct stmboot_extlinux_text part_of_append(const struct stmboot_extlinux_text *append,
						   uint64_t offset, uint64_t length)
{
	struct stmboot_extlinux_text part = *append;

	if (!sb_range_within(offset, length, append->length))
		return part;
	part.offset += offset;
	part.length = length;
	return part;
}

static size_t cbsize_of(const struct checked *l)
{
	size_t cbsize = l->checks->options.cbsize;

	return cbsize != 0 ? cbsize : STMBOOT_EXTLINUX_CBSIZE;
}

static void check_length(const struct checked *l)
{
	const char *text = l->at->text;

	if (l->x->overflow)
		sb_extlinux_report(
			l->checks, SB_BOOTARGS_TOO_LONG,
			sb_extlinux_label_ceiling(l->checks, l->index), l->at,
			&(struct sb_finding){
				.found = sb_text(&l->checks->scope, "%zu characters in append",
						 text != NULL ? strlen(text) : 0),
				.expected =
					sb_text(&l->checks->scope, "at most %zu", cbsize_of(l) - 1),
				.hint = sb_text(
					&l->checks->scope,
					"make it shorter: `stmboot set-bootargs IMAGE "
					"--label %s --replace ARG...`",
					sb_hint_word(&l->checks->scope, l->label->name.text)) });
}

static void check_expanded_length(const struct checked *l)
{
	if (l->x->truncated)
		sb_extlinux_report(
			l->checks, SB_BOOTARGS_TRUNCATED,
			sb_extlinux_label_ceiling(l->checks, l->index), l->at,
			&(struct sb_finding){
				.expected = sb_text(&l->checks->scope, "at most %zu characters",
						    cbsize_of(l) - 1),
				.hint = sb_hint_edit(&l->checks->scope,
						     "shorten append or the variables in it") });
}

static void check_braces(const struct checked *l)
{
	if (l->x->unclosed)
		sb_extlinux_report(l->checks, SB_BOOTARGS_UNCLOSED_VARIABLE,
				   sb_extlinux_label_ceiling(l->checks, l->index), l->at,
				   &(struct sb_finding){ .expected = "a closing brace",
							 .hint = sb_hint_edit(&l->checks->scope,
									      "close the brace") });
}

static void check_deleted(const struct checked *l)
{
	if (l->x->deleted)
		sb_extlinux_report(
			l->checks, SB_BOOTARGS_DELETED, STMBOOT_WARNING, l->at,
			&(struct sb_finding){
				.hint = sb_hint_edit(
					&l->checks->scope,
					"write the arguments themselves in the line append") });
}

static void check_quotes(const struct checked *l)
{
	if (l->x->quotes_removed || l->x->backslash_removed)
		sb_extlinux_report(l->checks, SB_BOOTARGS_QUOTES, STMBOOT_WARNING, l->at,
				   &(struct sb_finding){
					   .expected = l->x->text,
					   .hint = sb_hint_edit(
						   &l->checks->scope,
						   "use double quotes for a value with blanks") });
}

/* The variables that are known to have no value, or the others. */
static void report_variables(const struct checked *l, enum sb_code code, bool unset,
			     const char *hint)
{
	for (size_t i = 0; i < l->x->variable_count; i++) {
		const struct stmboot_extlinux_variable *v = &l->x->variables[i];
		struct stmboot_extlinux_text at =
			part_of_append(l->at, v->offset, strlen("${}") + strlen(v->name));

		if (unset == (l->checks->options.env != NULL && v->value == NULL))
			sb_extlinux_report(
				l->checks, code, STMBOOT_WARNING, &at,
				&(struct sb_finding){
					.found = v->name,
					.hint = hint != NULL ? sb_hint_edit(&l->checks->scope, hint)
							     : NULL });
	}
}

static void check_variables(const struct checked *l)
{
	report_variables(l, SB_BOOTARGS_VARIABLE, false, NULL);
}

static void check_unset_variables(const struct checked *l)
{
	report_variables(l, SB_BOOTARGS_UNSET_VARIABLE, true, "write the value itself");
}

static void check_words(const struct checked *l)
{
	const struct stmboot_cmdline *cmdline;
	enum stmboot_status status = stmboot_cmdline_decode(l->checks->ctx, l->x->text, &cmdline);

	if (status != STMBOOT_OK) {
		l->checks->status = status;
		return;
	}
	if (cmdline->unclosed_quote)
		sb_extlinux_report(l->checks, SB_BOOTARGS_UNCLOSED_QUOTE, STMBOOT_WARNING, l->at,
				   &(struct sb_finding){ .found = l->x->text,
							 .expected = "an even number of \"",
							 .hint = sb_hint_edit(&l->checks->scope,
									      "close the quote") });
	stmboot_cmdline_free(cmdline);
}

/* clang-format off */
static const SB_RULE(const struct checked *) bootargs_rows[] = {
	{ SB_BOOTARGS_TOO_LONG, check_length },
	{ SB_BOOTARGS_TRUNCATED, check_expanded_length },
	{ SB_BOOTARGS_UNCLOSED_VARIABLE, check_braces },
	{ SB_BOOTARGS_DELETED, check_deleted },
	{ SB_BOOTARGS_QUOTES, check_quotes },
	{ SB_BOOTARGS_VARIABLE, check_variables },
	{ SB_BOOTARGS_UNSET_VARIABLE, check_unset_variables },
	{ SB_BOOTARGS_UNCLOSED_QUOTE, check_words },
};
/* clang-format on */

const struct sb_rules sb_extlinux_bootargs_rules = SB_RULES(bootargs_rows);

static void check_label(struct sb_extlinux_checks *c, int32_t index)
{
	const struct stmboot_extlinux_label *label = &c->conf->labels[index];
	struct checked l = { .checks = c, .index = index, .label = label };

	l.at = label->append.text != NULL ? &label->append : &label->ipappend;
	c->status =
		stmboot_extlinux_bootargs(c->ctx, label, c->options.env, c->options.cbsize, &l.x);
	if (c->status != STMBOOT_OK)
		return;
	for (struct sb_run run = sb_run(&sb_extlinux_label_rules, &c->scope); sb_run_next(&run);)
		rows[run.row].check(&l);
	if (l.x == NULL)
		return;
	for (struct sb_run run = sb_run(&sb_extlinux_bootargs_rules, &c->scope); sb_run_next(&run);)
		bootargs_rows[run.row].check(&l);
	stmboot_extlinux_expansion_free(l.x);
}

void sb_extlinux_check_labels(struct sb_extlinux_checks *c)
{
	for (size_t i = 0; i < c->conf->label_count && c->status == STMBOOT_OK; i++)
		check_label(c, (int32_t)i);
}
