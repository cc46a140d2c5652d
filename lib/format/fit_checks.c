/* SPDX-License-Identifier: MIT */
/* What is to be said about a FIT. */
#include "format/fit.h"

#include <inttypes.h>
#include <string.h>

#include "base/checked.h"

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

/* A FIT, and who loads what of it. */
struct subject {
	const struct stmboot_fit *fit;
	const struct sb_fit_load *load; /* or NULL */
};

struct sb_finding sb_fit_at(const struct stmboot_fit_image *image)
{
	/* the token that begins the node, and its name */
	return (struct sb_finding){ .offset = image->tree_offset,
				    .length = 4 + strlen(image->name) + 1 };
}

/* What is wrong with an image that nobody loads stops nothing. */
static struct sb_scope scope_of(const struct sb_scope *scope, const struct subject *s,
				const struct stmboot_fit_image *image)
{
	struct sb_scope inner = *scope;

	if (s->load == NULL)
		return inner;
	for (size_t i = 0; i < s->load->member_count; i++)
		if (s->load->members[i].image == image)
			return sb_fit_scope(scope, s->load, s->load->members[i].role);
	inner.ceiling = STMBOOT_WARNING;
	return inner;
}

static void check_data(const struct sb_scope *scope, const struct subject *s)
{
	for (size_t i = 0; i < s->fit->image_count; i++) {
		const struct stmboot_fit_image *image = &s->fit->images[i];
		struct sb_scope inner = scope_of(scope, s, image);
		struct sb_finding finding = sb_fit_at(image);

		if (image->has_data)
			continue;
		finding.message = sb_text(scope, "image \"%s\" has no data", image->name);
		finding.hint = make_again;
		sb_report(&inner, SB_FIT_NO_DATA, &finding);
	}
}

static void report_outside(const struct sb_scope *scope, const struct stmboot_fit_image *image)
{
	struct sb_finding finding = sb_fit_at(image);

	finding.found =
		sb_text(scope, "%" PRIu64 " bytes at %" PRIu64, image->bytes, image->offset);
	if (scope->src != NULL)
		finding.expected =
			sb_text(scope, "within %" PRIu64 " bytes", stmboot_source_size(scope->src));
	finding.message =
		sb_text(scope, "the data of image \"%s\" lies outside the file", image->name);
	finding.hint = "copy the whole file again, with the data behind its tree";
	sb_report(scope, SB_FIT_DATA_OUTSIDE, &finding);
}

static void check_inside(const struct sb_scope *scope, const struct subject *s)
{
	for (size_t i = 0; i < s->fit->image_count; i++) {
		const struct stmboot_fit_image *image = &s->fit->images[i];
		struct sb_scope inner = scope_of(scope, s, image);

		if (image->has_data && !image->inside)
			report_outside(&inner, image);
	}
}

/* External data that was written over, by the tree or by that of another image. */
static void check_overlap(const struct sb_scope *scope, const struct subject *s)
{
	for (size_t i = 0; i < s->fit->image_count; i++) {
		const struct stmboot_fit_image *a = &s->fit->images[i];
		struct sb_finding finding = { .offset = a->offset, .length = a->bytes };
		const char *other = NULL;

		if (!a->external || !a->inside)
			continue;
		if (sb_ranges_overlap(a->offset, a->bytes, 0, s->fit->total_bytes))
			other = "the tree";
		for (size_t k = 0; k < i && other == NULL; k++) {
			const struct stmboot_fit_image *b = &s->fit->images[k];

			if (b->external && b->inside &&
			    sb_ranges_overlap(a->offset, a->bytes, b->offset, b->bytes) &&
			    (a->offset != b->offset || a->bytes != b->bytes))
				other = sb_text(scope, "those of image \"%s\"", b->name);
		}
		if (other == NULL)
			continue;
		finding.message =
			sb_text(scope, "the data of image \"%s\" overlaps %s", a->name, other);
		finding.hint = make_again;
		sb_report(scope, SB_FIT_DATA_OVERLAP, &finding);
	}
}

/* What a loader that finds no image of a name does without it. */
static struct sb_scope scope_without(const struct sb_scope *scope, const struct subject *s,
				     const struct stmboot_fit_configuration *configuration,
				     enum sb_fit_role role)
{
	const struct sb_fit_load *load = s->load;
	struct sb_scope inner = *scope;
	bool stops = load != NULL && load->configuration == configuration;

	if (stops)
		inner = sb_fit_scope(scope, load, role);
	if (stops && load->reader == SB_FIT_SPL)
		stops = role == SB_FIT_FIRMWARE && sb_fit_member_of(load, role) == NULL;
	else if (stops)
		stops = role == SB_FIT_KERNEL || role == SB_FIT_LOADABLE ||
			(role == SB_FIT_FDT && !load->other_fdt);
	if (!stops)
		inner.ceiling = STMBOOT_WARNING;
	return inner;
}

static void check_name(const struct sb_scope *scope, const struct subject *s,
		       const struct stmboot_fit_configuration *configuration, enum sb_fit_role role,
		       const char *name)
{
	struct sb_scope inner;

	if (name == NULL || stmboot_fit_find_image(s->fit, name) != NULL)
		return;
	inner = scope_without(scope, s, configuration, role);
	sb_report(&inner, SB_FIT_IMAGE_MISSING,
		  &(struct sb_finding){
			  .offset = configuration->tree_offset,
			  .length = 4,
			  .found = sb_text(scope, "%s = \"%s\"", sb_fit_role_text(role), name),
			  .expected = "the name of a node below /images",
			  .message = sb_text(
				  scope, "configuration \"%s\" names an image that is not there",
				  configuration->name),
			  .hint = make_again });
}

static void check_names(const struct sb_scope *scope, const struct subject *s)
{
	for (size_t i = 0; i < s->fit->configuration_count; i++) {
		const struct stmboot_fit_configuration *c = &s->fit->configurations[i];

		check_name(scope, s, c, SB_FIT_KERNEL, c->kernel);
		check_name(scope, s, c, SB_FIT_FIRMWARE, c->firmware);
		check_name(scope, s, c, SB_FIT_RAMDISK, c->ramdisk);
		for (size_t k = 0; k < c->fdt_count; k++)
			check_name(scope, s, c, k == 0 ? SB_FIT_FDT : SB_FIT_OVERLAY, c->fdt[k]);
		for (size_t k = 0; k < c->loadable_count; k++)
			check_name(scope, s, c, SB_FIT_LOADABLE, c->loadables[k]);
	}
}

/* An U-Boot with CONFIG_FIT_BEST_MATCH finds a configuration by the board it is for. */
static bool has_board(const struct stmboot_fit *fit, const char *board)
{
	for (size_t i = 0; i < fit->configuration_count && board != NULL; i++)
		for (size_t k = 0; k < fit->configurations[i].compatible_count; k++)
			if (strcmp(fit->configurations[i].compatible[k], board) == 0)
				return true;
	return false;
}

static void check_default(const struct sb_scope *scope, const struct subject *s)
{
	const char *name = s->fit->default_configuration;
	struct sb_scope inner = *scope;

	if (name != NULL && stmboot_fit_find_configuration(s->fit, NULL) != NULL)
		return;
	if (s->load != NULL && (s->load->configuration != NULL || s->load->asked != NULL ||
				has_board(s->fit, s->load->board)))
		inner.ceiling = STMBOOT_WARNING;
	sb_report(&inner, SB_FIT_NO_DEFAULT,
		  &(struct sb_finding){ .no_offset = true,
					.found = name,
					.expected = "the name of a node below /configurations",
					.hint = make_again });
}

static const char *unit_address(const struct stmboot_fit *fit)
{
	for (size_t i = 0; i < fit->image_count; i++) {
		const struct stmboot_fit_image *image = &fit->images[i];

		if (strchr(image->name, '@') != NULL)
			return image->name;
		for (size_t k = 0; k < image->digest_count; k++)
			if (strchr(image->digests[k].name, '@') != NULL)
				return image->digests[k].name;
	}
	for (size_t i = 0; i < fit->configuration_count; i++)
		if (strchr(fit->configurations[i].name, '@') != NULL)
			return fit->configurations[i].name;
	return NULL;
}

static void check_unit_addresses(const struct sb_scope *scope, const struct subject *s)
{
	const char *name = unit_address(s->fit);

	if (name != NULL)
		sb_report(scope, SB_FIT_UNIT_ADDRESS,
			  &(struct sb_finding){ .no_offset = true,
						.found = sb_text(scope, "node \"%s\"", name),
						.expected = "a name without '@'",
						.hint = "write a '-' instead of the '@' into the "
							"source, and make the FIT again" });
}

static size_t count_signatures(const struct stmboot_fit *fit)
{
	size_t count = 0;

	for (size_t i = 0; i < fit->image_count; i++)
		count += fit->images[i].signature_count;
	for (size_t i = 0; i < fit->configuration_count; i++)
		count += fit->configurations[i].signature_count;
	return count;
}

static void check_signatures(const struct sb_scope *scope, const struct subject *s)
{
	size_t count = count_signatures(s->fit);

	if (count > 0)
		sb_report(scope, SB_FIT_SIGNATURE_UNCHECKED,
			  &(struct sb_finding){ .no_offset = true,
						.found = sb_text(scope, "%zu signature%s", count,
								 count == 1 ? "" : "s") });
}

/* clang-format off */
static const SB_RULE(const struct sb_scope *, const struct subject *) rows[] = {
	{ SB_FIT_NO_DATA, check_data },
	{ SB_FIT_DATA_OUTSIDE, check_inside },
	{ SB_FIT_DATA_OVERLAP, check_overlap },
	{ SB_FIT_IMAGE_MISSING, check_names },
	{ SB_FIT_NO_DEFAULT, check_default },
	{ SB_FIT_UNIT_ADDRESS, check_unit_addresses },
	{ SB_FIT_SIGNATURE_UNCHECKED, check_signatures },
};
/* clang-format on */

const struct sb_rules sb_fit_rules = SB_RULES(rows);

void sb_fit_validate(const struct sb_scope *scope, const struct stmboot_fit *fit,
		     const struct sb_fit_load *load)
{
	const struct subject subject = { fit, load };
	struct sb_run run = sb_run(&sb_fit_rules, scope);
	size_t first = run.first;

	while (sb_run_next(&run))
		rows[run.row].check(scope, &subject);
	if (load == NULL)
		return;
	sb_fit_validate_load(scope, fit, load, first);
	sb_fit_validate_members(scope, load);
}
