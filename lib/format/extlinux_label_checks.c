/* SPDX-License-Identifier: MIT */
/* The rules on a label's paths and on what becomes of its append. */
#include "format/extlinux_checks.h"

#include <string.h>

#include <stmboot/cmdline.h>

#include "base/checked.h"

static void check_path(const struct sb_extlinux_checks *c, int32_t label,
		       const struct stmboot_extlinux_text *path)
{
	char out[STMBOOT_EXTLINUX_PATH_MAX + 1];

	if (path->text == NULL)
		return;
	if (stmboot_extlinux_path(c->conf->directory, path->text, out) != STMBOOT_OK)
		sb_extlinux_report(c, SB_EXTLINUX_PATH_TOO_LONG,
				   sb_extlinux_label_ceiling(c, label), path,
				   &(struct sb_finding){ .expected = "at most 512 characters",
							 .hint = "shorten the path" });
	if (path->text[0] == '"' || path->text[0] == '\'')
		sb_extlinux_report(c, SB_EXTLINUX_QUOTED_PATH, STMBOOT_WARNING, path,
				   &(struct sb_finding){ .hint = "write the path without quotes" });
}

/* A blank before '#' tells a comment from the name of a FIT configuration. */
static void check_comment(const struct sb_extlinux_checks *c,
			  const struct stmboot_extlinux_text *value)
{
	const char *hash = value->text != NULL ? strchr(value->text, '#') : NULL;

	if (hash == NULL || (hash[-1] != ' ' && hash[-1] != '\t'))
		return;
	sb_extlinux_report(c, SB_EXTLINUX_COMMENT_IN_VALUE, STMBOOT_WARNING, value,
			   &(struct sb_finding){ .hint = "put the comment on a line of its own" });
}

static void check_overlays(const struct sb_extlinux_checks *c,
			   const struct stmboot_extlinux_label *label)
{
	for (size_t i = 0; i < label->overlay_count; i++)
		if (strchr(label->overlays[i].text, '\t') != NULL)
			sb_extlinux_report(
				c, SB_EXTLINUX_OVERLAY_TAB, STMBOOT_WARNING, &label->overlays[i],
				&(struct sb_finding){ .expected = "a space between two overlays",
						      .hint = "replace the TAB with a space" });
	if (label->overlay_count > 0 && label->fdt.text == NULL && label->fdtdir.text == NULL)
		sb_extlinux_report(
			c, SB_EXTLINUX_OVERLAYS_UNUSED, STMBOOT_WARNING, &label->fdtoverlays,
			&(struct sb_finding){ .expected = "a line fdt or fdtdir in the label",
					      .hint = "add a line `fdt PATH` to the label" });
}

static void check_initrd(const struct sb_extlinux_checks *c,
			 const struct stmboot_extlinux_label *label)
{
	const char *word = label->initrd_from_append && label->append.text != NULL
				   ? strstr(label->append.text, "initrd=")
				   : NULL;

	if (word != NULL && word != label->append.text && word[-1] != ' ' && word[-1] != '\t')
		sb_extlinux_report(
			c, SB_EXTLINUX_INITRD_IN_WORD, STMBOOT_WARNING, &label->initrd,
			&(struct sb_finding){ .hint = "use an initrd line before append" });
	if (c->conf->version >= 202304 && label->initrd.text != NULL &&
	    label->kernel_value.text != NULL &&
	    strcmp(label->initrd.text, label->kernel_value.text) == 0)
		sb_extlinux_report(c, SB_EXTLINUX_FIT_INITRD, STMBOOT_WARNING, &label->initrd,
				   &(struct sb_finding){ .hint = "remove the initrd line" });
}

static void check_values(const struct sb_extlinux_checks *c, int32_t index)
{
	const struct stmboot_extlinux_label *label = &c->conf->labels[index];
	const struct stmboot_extlinux_text *const paths[] = { &label->kernel, &label->initrd,
							      &label->fdt, &label->fdtdir };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		check_path(c, index, paths[i]);
	for (size_t i = 0; i < label->overlay_count; i++)
		check_path(c, index, &label->overlays[i]);
	check_comment(c, &label->kernel_value);
	check_comment(c, &label->initrd);
	check_comment(c, &label->fdt);
	check_overlays(c, label);
	check_initrd(c, label);
	if (label->fdt.text != NULL && label->fdtdir.text != NULL)
		sb_extlinux_report(c, SB_EXTLINUX_FDTDIR_IGNORED, STMBOOT_NOTE, &label->fdtdir,
				   &(struct sb_finding){ .hint = NULL });
}

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

static void check_variables(const struct sb_extlinux_checks *c,
			    const struct stmboot_extlinux_text *append,
			    const struct stmboot_extlinux_expansion *x)
{
	for (size_t i = 0; i < x->variable_count; i++) {
		const struct stmboot_extlinux_variable *v = &x->variables[i];
		struct stmboot_extlinux_text at =
			part_of_append(append, v->offset, strlen("${}") + strlen(v->name));
		bool unset = c->options.env != NULL && v->value == NULL;

		sb_extlinux_report(
			c, unset ? SB_BOOTARGS_UNSET_VARIABLE : SB_BOOTARGS_VARIABLE,
			STMBOOT_WARNING, &at,
			&(struct sb_finding){ .found = v->name,
					      .hint = unset ? "write the value itself" : NULL });
	}
}

static void check_expansion(const struct sb_extlinux_checks *c, int32_t label,
			    const struct stmboot_extlinux_text *at,
			    const struct stmboot_extlinux_expansion *x)
{
	enum stmboot_severity ceiling = sb_extlinux_label_ceiling(c, label);
	size_t cbsize = c->options.cbsize != 0 ? c->options.cbsize : STMBOOT_EXTLINUX_CBSIZE;

	if (x->overflow)
		sb_extlinux_report(
			c, SB_BOOTARGS_TOO_LONG, ceiling, at,
			&(struct sb_finding){
				.found = sb_text(&c->scope, "%zu characters in append",
						 at->text != NULL ? strlen(at->text) : 0),
				.expected = sb_text(&c->scope, "at most %zu", cbsize - 1),
				.hint = "shorten the line append" });
	if (x->truncated)
		sb_extlinux_report(c, SB_BOOTARGS_TRUNCATED, ceiling, at,
				   &(struct sb_finding){
					   .expected = sb_text(&c->scope, "at most %zu characters",
							       cbsize - 1),
					   .hint = "shorten append or the variables in it" });
	if (x->unclosed)
		sb_extlinux_report(c, SB_BOOTARGS_UNCLOSED_VARIABLE, ceiling, at,
				   &(struct sb_finding){ .expected = "a closing brace",
							 .hint = "close the brace" });
	if (x->deleted && !x->overflow)
		sb_extlinux_report(
			c, SB_BOOTARGS_DELETED, STMBOOT_WARNING, at,
			&(struct sb_finding){
				.hint = "write the arguments themselves in the line append" });
	if (x->quotes_removed || x->backslash_removed)
		sb_extlinux_report(c, SB_BOOTARGS_QUOTES, STMBOOT_WARNING, at,
				   &(struct sb_finding){
					   .expected = x->text,
					   .hint = "use double quotes for a value with blanks" });
}

static void check_words(struct sb_extlinux_checks *c, const struct stmboot_extlinux_text *at,
			const char *bootargs)
{
	const struct stmboot_cmdline *cmdline;
	enum stmboot_status status = stmboot_cmdline_decode(c->ctx, bootargs, &cmdline);

	if (status != STMBOOT_OK) {
		c->status = status;
		return;
	}
	if (cmdline->unclosed_quote)
		sb_extlinux_report(c, SB_BOOTARGS_UNCLOSED_QUOTE, STMBOOT_WARNING, at,
				   &(struct sb_finding){ .found = bootargs,
							 .expected = "an even number of \"",
							 .hint = "close the quote" });
	stmboot_cmdline_free(cmdline);
}

static void check_bootargs(struct sb_extlinux_checks *c, int32_t index)
{
	const struct stmboot_extlinux_label *label = &c->conf->labels[index];
	const struct stmboot_extlinux_text *at =
		label->append.text != NULL ? &label->append : &label->ipappend;
	const struct stmboot_extlinux_expansion *x;
	enum stmboot_status status =
		stmboot_extlinux_bootargs(c->ctx, label, c->options.env, c->options.cbsize, &x);

	if (status != STMBOOT_OK) {
		c->status = status;
		return;
	}
	if (x == NULL) {
		if (index == c->options.boots && label->localboot.text == NULL)
			sb_extlinux_report(
				c, SB_BOOTARGS_NO_APPEND, STMBOOT_WARNING, &label->name,
				&(struct sb_finding){
					.expected = "a line append",
					.hint = "add a line `append ARGUMENTS` to the label" });
		return;
	}
	check_expansion(c, index, at, x);
	check_variables(c, at, x);
	check_words(c, at, x->text);
	stmboot_extlinux_expansion_free(x);
}

void sb_extlinux_check_labels(struct sb_extlinux_checks *c)
{
	for (size_t i = 0; i < c->conf->label_count && c->status == STMBOOT_OK; i++) {
		check_values(c, (int32_t)i);
		check_bootargs(c, (int32_t)i);
	}
}
