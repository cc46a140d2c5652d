/* SPDX-License-Identifier: MIT */
/* Where U-Boot keeps its environment. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "boot/rules.h"

enum { FIRST_SAVED = 1 }; /* copy that the first save takes */

/* What a saved copy at this place would destroy, or NULL. */
static const struct stmboot_part *victim(const struct sb_facts *facts, uint64_t offset)
{
	const struct sb_environment *env = &facts->env;
	const struct sb_second_stage *second = &facts->second;

	for (size_t i = 0; i < stmboot_image_part_count(facts->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(facts->image, i);
		uint64_t used = part == second->part ? second->end : part->size;

		if ((part == env->parts[0] || part == env->parts[1]) && part != second->part)
			used = part->ext4 != NULL ? sb_min_u64(part->ext4->size_bytes, part->size)
						  : 0;
		if (sb_ranges_overlap(offset, STMBOOT_ENV_BYTES, part->offset, used))
			return part;
	}
	return NULL;
}

/* How U-Boot gets a place for its environment where nothing else is. */
static const char *env_remedy(const struct sb_environment *env, size_t copy,
			      const struct sb_scope *scope)
{
	if (env->gap != 0)
		return sb_text(
			scope,
			"U-Boot does not look past a missing number: add a partition %" PRIu32
			", and it finds %s",
			env->gap, env->found.wanted);
	if (env->parts[copy] != NULL)
		return sb_text(scope,
			       "give partition %" PRIu32 " (%s) 16 KiB more than its content needs "
			       "(size = 2M)",
			       env->parts[copy]->number, env->parts[copy]->entry->name);
	if (env->found.wanted == NULL)
		return "let the file systems begin behind 4 MiB";
	if (strcmp(env->found.wanted, "u-boot-env") == 0)
		return "add a partition named u-boot-env (size = 512K)";
	return sb_text(scope,
		       "name U-Boot's partition %s and give it 16 KiB more than it needs "
		       "(size = 2M)",
		       env->found.wanted);
}

/* What a place should be instead. */
static const char *env_expected(const struct sb_environment *env, const struct sb_scope *scope)
{
	if (env->found.wanted == NULL)
		return "nothing that is in use at this offset";
	return sb_text(scope, "a partition named %s with 16 KiB free at its end",
		       env->found.wanted);
}

/* The first save takes copy 1, a later one copy 0 (U-Boot env/mmc.c, env_mmc_save()). */
static void check_env_place(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_environment *env = &facts->env;

	if (!facts->is_card || env->found.chosen >= 0)
		return;
	for (size_t i = env->found.copy_count; i-- > 0;) {
		const struct stmboot_boot_env_copy *copy = &env->found.copies[i];
		const struct stmboot_part *part =
			copy->has_offset ? victim(facts, copy->offset) : NULL;
		struct sb_scope inner = *scope;

		if (part == NULL)
			continue;
		inner.partition = (int32_t)part->number;
		sb_report(
			&inner, SB_ENV_OVERWRITES_DATA,
			&(struct sb_finding){
				.offset = copy->offset,
				.length = STMBOOT_ENV_BYTES,
				.found = sb_text(scope, "%s in partition %" PRIu32 " (%s)",
						 stmboot_content_text(part->content), part->number,
						 part->entry->name),
				.expected = env_expected(env, scope),
				.message = sb_text(scope,
						   "the first boot saves U-Boot's environment over "
						   "partition %" PRIu32,
						   part->number),
				.hint = env_remedy(env, i, scope) });
		return;
	}
}

static void check_env_kept(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_environment *env = &facts->env;

	if (env->found.place == STMBOOT_ENV_PLACE_NOWHERE && env->found.wanted != NULL)
		sb_report(
			scope, SB_ENV_NOT_KEPT,
			&(struct sb_finding){
				.no_offset = true,
				.found = env->gap != 0
						 ? sb_text(scope,
							   "%s behind the missing number %" PRIu32,
							   env->found.wanted, env->gap)
						 : sb_text(scope, "no partition named %s",
							   env->found.wanted),
				.hint = env->gap != 0 ? env_remedy(env, FIRST_SAVED, scope)
						      : NULL });
}

/* clang-format off */
static const sb_facts_rule rows[] = {
	{ SB_ENV_OVERWRITES_DATA, check_env_place },
	{ SB_ENV_NOT_KEPT, check_env_kept },
};
/* clang-format on */

const struct sb_rules sb_env_rules = SB_RULES(rows);

void sb_judge_environment(const struct sb_facts *facts, const struct sb_scope *scope)
{
	sb_facts_judge(&sb_env_rules, rows, facts, scope);
	sb_judge_saved(facts, scope);
}
