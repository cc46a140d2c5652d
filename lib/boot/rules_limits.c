/* SPDX-License-Identifier: MIT */
/* What is more than is looked at: the ceilings of stmboot itself, not of the board. */
#include "boot/rules.h"

/* Real labels load a kernel and a tree or two. */
static void check_loaded(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope inner = sb_scope_config(scope, facts);

	if (facts->unloaded == NULL)
		return;
	inner.stage = STMBOOT_STAGE_KERNEL;
	sb_report(&inner, SB_IMAGE_TOO_MUCH,
		  &(struct sb_finding){ .no_offset = true,
					.message = "the labels load more than is looked at",
					.found = facts->unloaded,
					.expected = "few labels with large files" });
}

/* The kernel of a label that comes late may be where it should be. */
static void check_lookups(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope inner = sb_scope_config(scope, facts);

	if (!sb_image_lookups_met(facts->image))
		return;
	inner.stage = STMBOOT_STAGE_EXTLINUX;
	sb_report(
		&inner, SB_IMAGE_TOO_MUCH,
		&(struct sb_finding){
			.no_offset = true,
			.message =
				"the files of the boot stand among more names than are looked at",
			.found = "directories with more than a million names, or many labels whose "
				 "files are not there",
			.expected = "few labels, whose files stand in small directories" });
}

/* Those of real loaders do not overlap, and unpack to a few MiB. */
static void check_scanned(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_second_stage *second = &facts->second;
	struct sb_scope part;

	if (!second->scan.cut)
		return;
	part = sb_scope_part(scope, facts, second->part);
	sb_report(&part, SB_IMAGE_TOO_MUCH,
		  &(struct sb_finding){
			  .message = "the second stage holds more than is looked at",
			  .found = stmboot_content_text(second->part->content),
			  .expected = "images that do not overlap, and unpack to less than 32 MiB",
			  .hint = "build it again; a real one needs far less" });
}

static void check_decoded(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_part *first = sb_image_undecoded(facts->image);
	struct sb_scope part;

	if (first == NULL)
		return;
	part = sb_scope_part(scope, facts, first);
	sb_report(&part, SB_IMAGE_TOO_MUCH,
		  &(struct sb_finding){
			  .found = stmboot_content_text(first->content),
			  .expected = "few partitions with large device trees or FITs",
			  .hint = "see whether partitions overlap; a real card needs far less" });
}

static void check_ceilings(const struct sb_facts *facts, const struct sb_scope *scope)
{
	check_loaded(facts, scope);
	check_scanned(facts, scope);
	check_lookups(facts, scope);
	check_decoded(facts, scope);
}

/* clang-format off */
static const sb_facts_rule rows[] = {
	{ SB_IMAGE_TOO_MUCH, check_ceilings },
};
/* clang-format on */

const struct sb_rules sb_limits_rules = SB_RULES(rows);

void sb_judge_limits(const struct sb_facts *facts, const struct sb_scope *scope)
{
	sb_facts_judge(&sb_limits_rules, rows, facts, scope);
}
