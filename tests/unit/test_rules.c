/* SPDX-License-Identifier: MIT */
/* The tables of rules, and how one is run over what it judges. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/rules.h"
#include "boot/rules.h"
#include "format/dtb.h"
#include "format/extlinux_checks.h"
#include "format/fit.h"
#include "format/formats.h"
#include "format/gpt.h"
#include "format/kernel.h"
#include "fs/fs.h"

/* Every table there is. */
static const struct sb_rules *const tables[] = {
	&sb_medium_rules,        &sb_mbr_plain_rules,      &sb_mbr_protective_rules,
	&sb_gpt_rules,           &sb_partition_rules,      &sb_stm32_rules,
	&sb_uimage_rules,        &sb_fit_status_rules,     &sb_fit_rules,
	&sb_fip_header_rules,    &sb_fip_entry_rules,      &sb_fip_set_rules,
	&sb_fwu_rules,           &sb_ext4_rules,           &sb_extlinux_rules,
	&sb_extlinux_line_rules, &sb_extlinux_label_rules, &sb_extlinux_bootargs_rules,
	&sb_kernel_rules,        &sb_kernel_payload_rules, &sb_dtb_rules,
	&sb_rom_rules,           &sb_fsbl_copy_rules,      &sb_fsbl_rules,
	&sb_env_rules,           &sb_saved_rules,          &sb_config_rules,
	&sb_label_rules,         &sb_loaded_rules,         &sb_loaded_dtb_rules,
	&sb_root_rules,          &sb_program_rules,        &sb_init_rules,
	&sb_mount_rules,         &sb_journal_rules,        &sb_fit_load_rules,
	&sb_fit_image_rules,     &sb_updates_copy_rules,   &sb_updates_rules,
	&sb_fip_payload_rules,   &sb_fip_optee_rules,      &sb_limits_rules,
};

/* What no rule looks for: whoever cannot read a place says so, and the list that is full. */
static const enum sb_code told_by_readers[] = { SB_IMAGE_READ_ERROR, SB_IMAGE_TOO_MANY_FINDINGS };

enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

static size_t count_rows(const struct stmboot_code *about)
{
	size_t count = 0;

	for (size_t i = 0; i < TABLES; i++)
		for (size_t row = 0; row < tables[i]->count; row++)
			count += sb_code_about(sb_rules_code(tables[i], row)) == about;
	return count;
}

static bool is_without_rule(const struct stmboot_code *about)
{
	for (size_t i = 0; i < sizeof(told_by_readers) / sizeof(told_by_readers[0]); i++)
		if (sb_code_about(told_by_readers[i]) == about)
			return true;
	return false;
}

Test(rules, every_code_has_one_rule)
{
	size_t rows = 0;

	for (size_t i = 0; i < stmboot_code_count(); i++) {
		const struct stmboot_code *about = stmboot_code_at(i);
		size_t count = count_rows(about);

		cr_expect_eq(count, is_without_rule(about) ? 0 : 1, "%s has %zu", about->code,
			     count);
		rows += count;
	}
	cr_expect_geq(rows, 70);
}

/* Whether `code` is found again on the way over prerequisites, `depth` of them at most. */
static bool comes_back(const struct stmboot_code *from, const char *code, size_t depth)
{
	for (const char *const *need = from->prerequisites; need != NULL && *need != NULL; need++) {
		const struct stmboot_code *next = stmboot_code_find(*need);

		cr_assert_not_null(next, "%s needs %s, which is no code", from->code, *need);
		if (depth == 0 || strcmp(*need, code) == 0 || comes_back(next, code, depth - 1))
			return true;
	}
	return false;
}

Test(rules, no_rule_needs_itself)
{
	for (size_t i = 0; i < stmboot_code_count(); i++) {
		const struct stmboot_code *about = stmboot_code_at(i);

		cr_expect_not(comes_back(about, about->code, 16), "%s", about->code);
	}
}

/* What is judged in these tests: the codes to raise, and how often each row was run. */
struct subject {
	bool raise[4];
	unsigned runs[4];
};

static void look_for(const struct sb_scope *scope, struct subject *subject, size_t row,
		     enum sb_code code)
{
	subject->runs[row]++;
	if (subject->raise[row])
		sb_report(scope, code, &(struct sb_finding){ .no_offset = true });
}

static void look_for_magic(const struct sb_scope *scope, struct subject *subject)
{
	look_for(scope, subject, 0, SB_DTB_BAD_MAGIC);
}

static void look_for_version(const struct sb_scope *scope, struct subject *subject)
{
	look_for(scope, subject, 1, SB_DTB_VERSION);
}

static void look_for_length(const struct sb_scope *scope, struct subject *subject)
{
	look_for(scope, subject, 2, SB_DTB_TRUNCATED);
}

static void look_deep(const struct sb_scope *scope, struct subject *subject)
{
	look_for(scope, subject, 3, SB_KERNEL_NO_MODULES);
}

/* dtb.truncated needs dtb.version, and that needs dtb.bad-magic. */
static const SB_RULE(const struct sb_scope *, struct subject *) rows[] = {
	{ SB_DTB_BAD_MAGIC, look_for_magic },
	{ SB_DTB_VERSION, look_for_version },
	{ SB_DTB_TRUNCATED, look_for_length },
	{ SB_KERNEL_NO_MODULES, look_deep },
};

static const struct sb_rules rules = SB_RULES(rows);

static const struct {
	const char *name;
	struct subject subject;
	bool shallow, again;
	unsigned runs[4];
} cases[] = {
	{ "nothing is raised, everything is run", { { 0 } }, false, false, { 1, 1, 1, 1 } },
	{ "a prerequisite that was raised", { { false, true } }, false, false, { 1, 1, 0, 1 } },
	{ "what was not run cannot be needed", { { true } }, false, false, { 1, 0, 0, 1 } },
	{ "what needs nothing is run all the same",
	  { { true, false, true } },
	  false,
	  false,
	  { 1, 0, 0, 1 } },
	{ "deep rules are for a deep look", { { 0 } }, true, false, { 1, 1, 1, 0 } },
	{ "what was raised on another subject does not count",
	  { { true } },
	  false,
	  true,
	  { 2, 1, 1, 2 } },
};

Test(rules, prerequisites)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct subject subject = cases[i].subject;
		struct stmboot_diags *diags;
		struct sb_scope scope;

		cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
		scope = sb_scope(diags, NULL);
		scope.deep = !cases[i].shallow;
		for (struct sb_run run = sb_run(&rules, &scope); sb_run_next(&run);)
			rows[run.row].check(&scope, &subject);
		memset(subject.raise, 0, sizeof(subject.raise));
		if (cases[i].again)
			for (struct sb_run run = sb_run(&rules, &scope); sb_run_next(&run);)
				rows[run.row].check(&scope, &subject);
		for (size_t row = 0; row < rules.count; row++)
			cr_expect_eq(subject.runs[row], cases[i].runs[row], "%s: row %zu",
				     cases[i].name, row);
		stmboot_diags_free(diags);
	}
	stmboot_context_free(ctx);
}

Test(rules, what_was_said_before_can_be_made_to_count)
{
	struct subject subject = { .raise = { true } };
	struct stmboot_context *ctx;
	struct stmboot_diags *diags;
	struct sb_scope scope;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
	scope = sb_scope(diags, NULL);
	look_for_magic(&scope, &subject);
	for (struct sb_run run = sb_run_since(&rules, &scope, 0); sb_run_next(&run);)
		rows[run.row].check(&scope, &subject);
	cr_expect_eq(subject.runs[1], 0);
	stmboot_diags_free(diags);
	stmboot_context_free(ctx);
}
