/* SPDX-License-Identifier: MIT */
/* Where U-Boot keeps its environment, and what a saved one does to the boot. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "boot/rules.h"

/* What a saved copy at this place would destroy, or NULL. */
static const struct stmboot_part *victim(const struct sb_facts *facts, uint64_t offset)
{
	const struct sb_environment *env = &facts->env;
	const struct sb_second_stage *second = &facts->second;

	for (size_t i = 0; i < stmboot_image_part_count(facts->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(facts->image, i);
		uint64_t used = part == second->part ? second->end : part->size;

		if (part == env->part && part != second->part)
			used = part->ext4 != NULL ? sb_min_u64(part->ext4->size_bytes, part->size)
						  : 0;
		if (sb_ranges_overlap(offset, STMBOOT_ENV_BYTES, part->offset, used))
			return part;
	}
	return NULL;
}

/* How U-Boot gets a place for its environment where nothing else is. */
static const char *env_remedy(const struct sb_environment *env, const struct sb_scope *scope)
{
	if (env->gap != 0)
		return sb_text(
			scope,
			"U-Boot does not look past a missing number: add a partition %" PRIu32
			", and it finds %s",
			env->gap, env->wanted);
	if (env->place == SB_ENV_PARTITION)
		return sb_text(scope,
			       "give partition %" PRIu32 " (%s) 16 KiB more than its content needs "
			       "(size = 2M)",
			       env->part->number, env->wanted);
	if (strcmp(env->wanted, "u-boot-env") == 0)
		return "add a partition named u-boot-env (size = 512K)";
	return sb_text(scope,
		       "name U-Boot's partition %s and give it 16 KiB more than it needs "
		       "(size = 2M)",
		       env->wanted);
}

/* The first save takes copy 1, a later one copy 0 (U-Boot env/mmc.c, env_mmc_save()). */
static void check_env_place(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_environment *env = &facts->env;

	if ((env->place != SB_ENV_PARTITION && env->place != SB_ENV_ABSOLUTE) || env->saved != NULL)
		return;
	for (size_t i = SB_ENV_COPIES; i-- > 0;) {
		const struct stmboot_part *part = victim(facts, env->offset[i]);
		struct sb_scope inner = *scope;

		if (part == NULL)
			continue;
		inner.partition = (int32_t)part->number;
		sb_report(
			&inner, SB_ENV_OVERWRITES_DATA,
			&(struct sb_finding){
				.offset = env->offset[i],
				.length = STMBOOT_ENV_BYTES,
				.found = sb_text(scope, "%s in partition %" PRIu32 " (%s)",
						 stmboot_content_text(part->content), part->number,
						 part->entry->name),
				.expected = sb_text(
					scope, "a partition named %s with 16 KiB free at its end",
					env->wanted),
				.message = sb_text(scope,
						   "the first boot saves U-Boot's environment over "
						   "partition %" PRIu32,
						   part->number),
				.hint = env_remedy(env, scope) });
		return;
	}
}

static void check_env_kept(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_environment *env = &facts->env;

	if (env->place == SB_ENV_NOWHERE && env->wanted != NULL)
		sb_report(
			scope, SB_ENV_NOT_KEPT,
			&(struct sb_finding){
				.no_offset = true,
				.found = env->gap != 0
						 ? sb_text(scope,
							   "%s behind the missing number %" PRIu32,
							   env->wanted, env->gap)
						 : sb_text(scope, "no partition named %s",
							   env->wanted),
				.hint = env->gap != 0 ? env_remedy(env, scope) : NULL });
}

/* A finding on the saved copy that counts. */
static void report_saved(const struct sb_environment *env, const struct sb_scope *scope,
			 enum sb_code code, const char *found, const char *expected)
{
	struct sb_scope inner = *scope;

	if (env->part != NULL)
		inner.partition = (int32_t)env->part->number;
	sb_report(&inner, code,
		  &(struct sb_finding){ .offset = env->saved->offset,
					.length = env->saved->size,
					.found = found,
					.expected = expected,
					.hint = "at U-Boot's prompt: env default -a; saveenv" });
}

static void check_env_bootcmd(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_environment *env = &facts->env;

	if (env->saved != NULL && stmboot_env_find(env->saved, "bootcmd") == NULL)
		report_saved(env, scope, SB_ENV_NO_BOOTCMD, "no bootcmd",
			     "bootcmd=run bootcmd_stm32mp");
}

static void check_env_overrides(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_environment *env = &facts->env;

	if (env->saved != NULL && env->overrides != NULL)
		report_saved(env, scope, SB_ENV_OVERRIDES_BOOT,
			     sb_text(scope, "%s=%s", env->overrides,
				     stmboot_env_find(env->saved, env->overrides)),
			     "the value that this U-Boot has by default");
}

/* clang-format off */
static const sb_facts_rule rows[] = {
	{ SB_ENV_OVERWRITES_DATA, check_env_place },
	{ SB_ENV_NOT_KEPT, check_env_kept },
	{ SB_ENV_NO_BOOTCMD, check_env_bootcmd },
	{ SB_ENV_OVERRIDES_BOOT, check_env_overrides },
};
/* clang-format on */

const struct sb_rules sb_env_rules = SB_RULES(rows);

void sb_judge_environment(const struct sb_facts *facts, const struct sb_scope *scope)
{
	sb_facts_judge(&sb_env_rules, rows, facts, scope);
}
