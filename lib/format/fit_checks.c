/* SPDX-License-Identifier: MIT */
/* What is to be said about a FIT. */
#include "format/fit.h"

#include <inttypes.h>
#include <string.h>

static const char make_again[] = "make the FIT again with mkimage -f";

static void check_complete(const struct sb_scope *scope, enum stmboot_status status)
{
	if (status != STMBOOT_TRUNCATED)
		return;
	sb_report(scope, SB_FIT_TRUNCATED,
		  &(struct sb_finding){
			  .offset = 4,
			  .length = 4,
			  .expected =
				  sb_text(scope, "at most the %" PRIu64 " bytes there are",
					  scope->src != NULL ? stmboot_source_size(scope->src) : 0),
			  .hint = "copy the whole file again" });
}

static void check_structure(const struct sb_scope *scope, enum stmboot_status status)
{
	if (status == STMBOOT_CORRUPT)
		sb_report(scope, SB_FIT_STRUCTURE, &(struct sb_finding){ .hint = make_again });
}

static void check_any_image(const struct sb_scope *scope, enum stmboot_status status)
{
	if (status == STMBOOT_NOT_RECOGNISED)
		sb_report(scope, SB_FIT_NO_IMAGES, &(struct sb_finding){ .hint = make_again });
}

/* clang-format off */
static const SB_RULE(const struct sb_scope *, enum stmboot_status) status_rows[] = {
	{ SB_FIT_TRUNCATED, check_complete },
	{ SB_FIT_STRUCTURE, check_structure },
	{ SB_FIT_NO_IMAGES, check_any_image },
};
/* clang-format on */

const struct sb_rules sb_fit_status_rules = SB_RULES(status_rows);

void sb_fit_report_status(const struct sb_scope *scope, enum stmboot_status status)
{
	for (struct sb_run run = sb_run(&sb_fit_status_rules, scope); sb_run_next(&run);)
		status_rows[run.row].check(scope, status);
}

static bool has_image(const struct stmboot_fit *fit, const char *name)
{
	for (size_t i = 0; i < fit->image_count; i++)
		if (strcmp(fit->images[i].name, name) == 0)
			return true;
	return false;
}

static void check_data(const struct sb_scope *scope, const struct stmboot_fit *fit)
{
	for (size_t i = 0; i < fit->image_count; i++)
		if (!fit->images[i].has_data)
			sb_report(scope, SB_FIT_NO_DATA,
				  &(struct sb_finding){
					  .no_offset = true,
					  .message = sb_text(scope, "image \"%s\" has no data",
							     fit->images[i].name),
					  .hint = make_again });
}

static void report_outside(const struct sb_scope *scope, const struct stmboot_fit_image *image)
{
	sb_report(
		scope, SB_FIT_DATA_OUTSIDE,
		&(struct sb_finding){
			.no_offset = true,
			.found = sb_text(scope, "%" PRIu64 " bytes at %" PRIu64, image->bytes,
					 image->offset),
			.expected = scope->src == NULL ? NULL
						       : sb_text(scope, "within %" PRIu64 " bytes",
								 stmboot_source_size(scope->src)),
			.message = sb_text(scope, "the data of image \"%s\" lies outside the file",
					   image->name),
			.hint = "copy the whole file again, with the data behind its tree" });
}

static void check_inside(const struct sb_scope *scope, const struct stmboot_fit *fit)
{
	for (size_t i = 0; i < fit->image_count; i++)
		if (fit->images[i].has_data && !fit->images[i].inside)
			report_outside(scope, &fit->images[i]);
}

static void check_name(const struct sb_scope *scope, const struct stmboot_fit *fit,
		       const struct stmboot_fit_configuration *configuration, const char *role,
		       const char *name)
{
	if (name == NULL || has_image(fit, name))
		return;
	sb_report(scope, SB_FIT_IMAGE_MISSING,
		  &(struct sb_finding){
			  .no_offset = true,
			  .found = sb_text(scope, "%s = \"%s\"", role, name),
			  .expected = "the name of a node below /images",
			  .message = sb_text(
				  scope, "configuration \"%s\" names an image that is not there",
				  configuration->name),
			  .hint = make_again });
}

static void check_configuration(const struct sb_scope *scope, const struct stmboot_fit *fit,
				const struct stmboot_fit_configuration *c)
{
	check_name(scope, fit, c, "kernel", c->kernel);
	check_name(scope, fit, c, "firmware", c->firmware);
	check_name(scope, fit, c, "ramdisk", c->ramdisk);
	for (size_t i = 0; i < c->fdt_count; i++)
		check_name(scope, fit, c, "fdt", c->fdt[i]);
	for (size_t i = 0; i < c->loadable_count; i++)
		check_name(scope, fit, c, "loadables", c->loadables[i]);
}

static void check_default(const struct sb_scope *scope, const struct stmboot_fit *fit)
{
	const char *name = fit->default_configuration;

	for (size_t i = 0; i < fit->configuration_count; i++)
		if (name != NULL && strcmp(fit->configurations[i].name, name) == 0)
			return;
	sb_report(scope, SB_FIT_NO_DEFAULT,
		  &(struct sb_finding){ .no_offset = true,
					.found = name,
					.expected = "the name of a node below /configurations",
					.hint = make_again });
}

static void check_configurations(const struct sb_scope *scope, const struct stmboot_fit *fit)
{
	for (size_t i = 0; i < fit->configuration_count; i++)
		check_configuration(scope, fit, &fit->configurations[i]);
}

/* clang-format off */
static const SB_RULE(const struct sb_scope *, const struct stmboot_fit *) rows[] = {
	{ SB_FIT_NO_DATA, check_data },
	{ SB_FIT_DATA_OUTSIDE, check_inside },
	{ SB_FIT_IMAGE_MISSING, check_configurations },
	{ SB_FIT_NO_DEFAULT, check_default },
};
/* clang-format on */

const struct sb_rules sb_fit_rules = SB_RULES(rows);

void sb_fit_validate(const struct sb_scope *scope, const struct stmboot_fit *fit)
{
	for (struct sb_run run = sb_run(&sb_fit_rules, scope); sb_run_next(&run);)
		rows[run.row].check(scope, fit);
}
