/* SPDX-License-Identifier: MIT */
/*
 * Where U-Boot keeps its environment, and what is saved there. On the first
 * boot ST's bootcmd saves it, so the place decides whether a card survives.
 * U-Boot env/mmc.c, configs/stm32mp*_defconfig.
 */
#include <string.h>

#include "base/checked.h"
#include "boot/facts.h"

#define ENV_TYPE_GUID "3de21764-95bd-54bd-a5c3-4abe786f38a8"

/* CONFIG_ENV_OFFSET and CONFIG_ENV_OFFSET_REDUND by the name that the build looks for. */
static const struct {
	const char *wanted;
	uint64_t offset[SB_ENV_COPIES];
} absolute_places[] = {
	{ "ssbl", { 0x280000, 0x2C0000 } },
	{ "fip", { 0x480000, 0x4C0000 } },
	{ "u-boot-env", { 0x900000, 0x940000 } },
};

/* The search goes 1, 2, 3, ... and ends at the first missing number. */
static const struct stmboot_part *search(const struct sb_facts *facts, const char *name,
					 const char *type)
{
	for (uint32_t number = 1;; number++) {
		const struct stmboot_part *part = sb_facts_part(facts, &facts->uboot_view, number);

		if (part == NULL)
			return NULL;
		if (name != NULL && strcmp(part->entry->name_uboot, name) == 0)
			return part;
		if (type != NULL && strcmp(part->entry->type_guid, type) == 0)
			return part;
	}
}

/* The missing number that ends the search before a partition of that name, or 0. */
static uint32_t find_gap(const struct sb_facts *facts, const char *name)
{
	const struct stmboot_gpt_view *view = &facts->uboot_view;
	uint32_t missing = 1;

	while (sb_facts_part(facts, view, missing) != NULL)
		missing++;
	for (size_t i = 0; i < view->count; i++)
		if (view->partitions[i]->number > missing &&
		    strcmp(view->partitions[i]->name_uboot, name) == 0)
			return missing;
	return 0;
}

/* Copy 0 takes the last 8 KiB, copy 1 those before; a small partition is left towards its start. */
static void place_in(struct sb_environment *env, const struct stmboot_part *part)
{
	env->place = SB_ENV_PARTITION;
	env->part = part;
	for (uint64_t i = 0; i < SB_ENV_COPIES; i++)
		env->offset[i] = part->offset + part->size - (i + 1) * STMBOOT_ENV_BYTES;
}

/*
 * From v2023.04 ST's builds for STM32MP1 have CONFIG_ENV_MMC_USE_DT: without a
 * partition of that name or type nothing is written.
 */
static void place_absolute(const struct sb_facts *facts, struct sb_environment *env)
{
	if (facts->uboot_number >= 202304 && facts->soc != STMBOOT_SOC_STM32MP2) {
		env->place = SB_ENV_NOWHERE;
		return;
	}
	for (size_t i = 0; i < sizeof(absolute_places) / sizeof(absolute_places[0]); i++) {
		if (strcmp(absolute_places[i].wanted, env->wanted) != 0)
			continue;
		env->place = SB_ENV_ABSOLUTE;
		memcpy(env->offset, absolute_places[i].offset, sizeof(env->offset));
	}
}

static void find_place(struct sb_facts *facts)
{
	struct sb_environment *env = &facts->env;
	const struct stmboot_part *part = NULL;

	if (facts->uboot_number < 202010) {
		env->place = facts->uboot_number < 201910 ? SB_ENV_NOWHERE : SB_ENV_FILE;
		return;
	}
	if (facts->control == NULL || facts->control->mmc_env_partition == NULL)
		return;
	env->wanted = facts->control->mmc_env_partition;
	part = search(facts, env->wanted, NULL);
	if (part == NULL && facts->uboot_number >= 202304 && facts->soc != STMBOOT_SOC_STM32MP2)
		part = search(facts, NULL, ENV_TYPE_GUID);
	if (part != NULL) {
		place_in(env, part);
	} else {
		env->gap = find_gap(facts, env->wanted);
		place_absolute(facts, env);
	}
}

static enum stmboot_status read_copies(struct sb_facts *facts)
{
	struct sb_environment *env = &facts->env;

	for (size_t i = 0; i < SB_ENV_COPIES; i++) {
		enum stmboot_status status = stmboot_env_decode(
			facts->ctx, sb_image_medium(facts->image), env->offset[i],
			STMBOOT_ENV_BYTES, true, &env->copies[i]);

		if (sb_is_fatal(status))
			return status;
	}
	env->saved = stmboot_env_choose(env->copies[0], env->copies[1]);
	return STMBOOT_OK;
}

/* Does the range hold these bytes? A window slides over it, a little more than a needle long. */
static enum stmboot_status contains(struct sb_facts *facts, const char *needle, size_t length,
				    bool *found)
{
	enum { STEP = 32768 };
	struct stmboot_source *src = facts->second.src;
	uint64_t end = sb_min_u64(facts->second.end, stmboot_source_size(src));
	char *buffer;

	if (length > STEP)
		return STMBOOT_OK;
	buffer = sb_arena_alloc(facts->arena, 2 * STEP);
	if (buffer == NULL)
		return STMBOOT_NO_MEMORY;
	for (uint64_t at = 0; at < end && !*found; at += STEP) {
		size_t size = (size_t)sb_min_u64(2 * STEP, end - at);

		if (stmboot_source_read(src, at, buffer, size) != STMBOOT_OK)
			break;
		*found = memmem(buffer, size, needle, length) != NULL;
	}
	return STMBOOT_OK;
}

/*
 * A saved environment holds every variable. What rules the boot is a value
 * that this U-Boot's own default environment, which stands in its binary as
 * `name=value` and a NUL, does not have.
 */
static enum stmboot_status find_overrides(struct sb_facts *facts)
{
	struct sb_environment *env = &facts->env;

	for (size_t i = 0; i < env->saved->variable_count && env->overrides == NULL; i++) {
		const struct stmboot_env_variable *v = &env->saved->variables[i];
		enum stmboot_env_class class = stmboot_env_classify(v->name);
		enum stmboot_status status;
		bool stock = false;
		char *text;

		if (class != STMBOOT_ENV_BOOTCMD && class != STMBOOT_ENV_SEARCH &&
		    class != STMBOOT_ENV_BOOTARGS && class != STMBOOT_ENV_LABEL)
			continue;
		text = sb_arena_printf(facts->arena, "%s=%s", v->name, v->value);
		if (text == NULL)
			return STMBOOT_NO_MEMORY;
		status = contains(facts, text, strlen(text) + 1, &stock);
		if (status != STMBOOT_OK)
			return status;
		if (!stock)
			env->overrides = v->name;
	}
	return STMBOOT_OK;
}

enum stmboot_status sb_facts_environment(struct sb_facts *facts)
{
	enum stmboot_status status;

	facts->uboot_view = stmboot_gpt_uboot_view(facts->gpt);
	if (!facts->is_card || facts->second.part == NULL)
		return STMBOOT_OK;
	find_place(facts);
	if (facts->env.place != SB_ENV_PARTITION && facts->env.place != SB_ENV_ABSOLUTE)
		return STMBOOT_OK;
	status = read_copies(facts);
	if (status == STMBOOT_OK && facts->env.saved != NULL)
		status = find_overrides(facts);
	return status;
}
