/* SPDX-License-Identifier: MIT */
/* FIT images: containers that name what to load. */
#include "boot/rules.h"
#include "format/fit.h"
#include "format/formats.h"

static void judge_fit(const struct sb_scope *scope, const struct stmboot_fit *fit,
		      const struct sb_fit_load *load, enum stmboot_status status)
{
	if (status == STMBOOT_OK && fit != NULL)
		sb_fit_validate(scope, fit, load);
	else
		sb_fit_report_status(scope, status);
}

/* SPL takes any device tree for a FIT (U-Boot common/spl/spl_mmc.c). */
static void judge_second_fit(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_second_stage *second = &facts->second;
	struct sb_scope part;

	if (second->part == NULL || !second->is_fdt || facts->fsbl_kind == STMBOOT_FSBL_TFA)
		return;
	part = sb_scope_part(scope, facts, second->part);
	judge_fit(&part, second->part->fit, &second->fit_load, second->fit_status);
}

static void judge_kernel_fit(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_attempt *attempt = facts->attempt;
	struct sb_scope inner;

	if (attempt == NULL || !attempt->kernel_is_fit)
		return;
	inner = sb_scope_config(scope, facts);
	inner.path = attempt->kernel.path;
	inner.src = attempt->kernel.src;
	inner.stage = STMBOOT_STAGE_KERNEL;
	judge_fit(&inner, attempt->fit, &attempt->fit_load, attempt->fit_status);
}

/* A FIT by itself, which U-Boot may be told to start. */
static void judge_bare_fit(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_part *part = stmboot_image_part(facts->image, 0);
	struct sb_scope inner;

	if (!facts->has_bare_fit)
		return;
	inner = sb_scope_part(scope, facts, part);
	inner.stage = STMBOOT_STAGE_KERNEL;
	judge_fit(&inner, part->fit, &facts->bare_fit, STMBOOT_OK);
}

void sb_judge_containers(const struct sb_facts *facts, const struct sb_scope *scope)
{
	sb_judge_updates(facts, scope);
	judge_second_fit(facts, scope);
	judge_kernel_fit(facts, scope);
	judge_bare_fit(facts, scope);
}
