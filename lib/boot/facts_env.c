/* SPDX-License-Identifier: MIT */
/*
 * Where U-Boot keeps its environment, and what is saved there. On the first
 * boot ST's bootcmd saves it, so the place decides whether a card survives.
 * U-Boot env/mmc.c, configs/stm32mp*_defconfig.
 */
#include <string.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "boot/facts.h"

#define ENV_TYPE_GUID "3de21764-95bd-54bd-a5c3-4abe786f38a8"

enum { FIRST_SAVED = 1 }; /* the copy that the first save takes: env_mmc_save() */

/* What a partition is asked for by; the same partition may be asked for twice. */
struct wish {
	enum sb_env_names names;
	const char *name;
	const char *type;
	unsigned which; /* 0: the first that fits, 1: the second */
};

static bool fits(const struct wish *wish, const struct stmboot_partition *entry)
{
	enum { FIRST_FOUR = 4 };

	if (wish->type != NULL)
		return strcmp(entry->type_guid, wish->type) == 0;
	if (wish->name == NULL || wish->names == SB_ENV_BY_NO_NAME)
		return false;
	return wish->names == SB_ENV_BY_FIRST_FOUR
		       ? strncmp(entry->name_uboot, wish->name, FIRST_FOUR) == 0
		       : strcmp(entry->name_uboot, wish->name) == 0;
}

/* The search goes 1, 2, 3, ... and ends at the first missing number. */
static const struct stmboot_part *search(const struct sb_facts *facts, const struct wish *wish)
{
	unsigned passed = 0;

	for (uint32_t number = 1;; number++) {
		const struct stmboot_part *part = sb_facts_part(facts, &facts->uboot_view, number);

		if (part == NULL)
			return NULL;
		if (fits(wish, part->entry) && passed++ == wish->which)
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
	for (size_t i = 0; i < view->count && name != NULL; i++)
		if (view->partitions[i]->number > missing &&
		    strcmp(view->partitions[i]->name_uboot, name) == 0)
			return missing;
	return 0;
}

/* What decides, for one card. */
struct rules {
	const struct sb_env_reader *reader;
	const struct sb_env_build *build;
};

/*
 * Copy 0 takes the last 8 KiB of a partition, copy 1 those before. In a small
 * one that is before its start, which only newer versions mind.
 */
static bool place_in(struct sb_facts *facts, const struct rules *rules, size_t copy,
		     const struct stmboot_part *part, uint64_t from_end)
{
	struct stmboot_boot_env_copy *found = &facts->env.found.copies[copy];
	uint64_t back = (from_end + 1) * STMBOOT_ENV_BYTES, end;

	if (part == NULL || (rules->reader->minds_bounds && part->size < back) ||
	    !sb_add_u64(part->offset, part->size, &end) || end < back)
		return false;
	facts->env.parts[copy] = part;
	found->partition = (int32_t)part->number;
	found->offset = end - back;
	found->has_offset = true;
	return true;
}

static bool place_by_type(struct sb_facts *facts, const struct rules *rules, size_t copy)
{
	struct wish wish = { .type = ENV_TYPE_GUID };
	const struct stmboot_part *second = NULL;

	if (!rules->reader->by_type || !rules->build->by_type)
		return false;
	if (rules->reader->second_type && copy > 0) {
		wish.which = 1;
		second = search(facts, &wish);
		wish.which = 0;
	}
	if (second != NULL)
		return place_in(facts, rules, copy, second, 0);
	return place_in(facts, rules, copy, search(facts, &wish), copy);
}

/* An offset of U-Boot's device tree comes before that of its configuration. */
static bool place_at_offset(struct sb_facts *facts, const struct rules *rules, size_t copy)
{
	static const char *const names[] = { "u-boot,mmc-env-offset",
					     "u-boot,mmc-env-offset-redundant" };
	struct stmboot_boot_env_copy *found = &facts->env.found.copies[copy];
	const struct stmboot_dtb_node *config = stmboot_dtb_find_node(facts->control, "/config");
	const struct stmboot_dtb_property *p =
		config != NULL ? stmboot_dtb_find_property(config, names[copy]) : NULL;

	if (p != NULL && p->length == sizeof(uint32_t))
		found->offset = sb_get_be32(p->data);
	else if (rules->build->fixed)
		found->offset = rules->build->offset[copy];
	else
		return false;
	found->has_offset = true;
	return true;
}

static void place_copy(struct sb_facts *facts, const struct rules *rules, size_t copy)
{
	struct stmboot_boot_env_copy *found = &facts->env.found.copies[copy];
	const struct wish named = { .names = rules->reader->names,
				    .name = facts->env.found.wanted };

	found->partition = STMBOOT_NO_PARTITION;
	if (place_in(facts, rules, copy, search(facts, &named), copy))
		found->place = STMBOOT_ENV_PLACE_NAME;
	else if (place_by_type(facts, rules, copy))
		found->place = STMBOOT_ENV_PLACE_TYPE;
	else if (place_at_offset(facts, rules, copy))
		found->place = STMBOOT_ENV_PLACE_OFFSET;
	else
		found->place = STMBOOT_ENV_PLACE_NOWHERE;
}

static void place_on_medium(struct sb_facts *facts, const struct rules *rules)
{
	struct sb_environment *env = &facts->env;

	env->found.copy_count = SB_ENV_COPIES;
	for (size_t i = 0; i < SB_ENV_COPIES; i++)
		place_copy(facts, rules, i);
	env->found.place = env->found.copies[FIRST_SAVED].place;
	if (env->found.place == STMBOOT_ENV_PLACE_NOWHERE ||
	    env->found.place == STMBOOT_ENV_PLACE_OFFSET)
		env->gap = find_gap(facts, env->found.wanted);
}

static void find_place(struct sb_facts *facts)
{
	struct stmboot_boot_env *found = &facts->env.found;
	const char *wanted = facts->control != NULL ? facts->control->mmc_env_partition : NULL;
	struct rules rules = {
		.reader = sb_env_reader_of(facts->uboot_number),
		.build = sb_env_build_of(facts->uboot_number, facts->soc, facts->board, wanted),
	};
	/* A build with a partition of its own, and no more known of it. */
	static const struct sb_env_build other = { .store = SB_ENV_STORE_MMC };

	if (rules.build == NULL && wanted != NULL)
		rules.build = &other;
	if (rules.build == NULL)
		return;
	switch (rules.build->store) {
	case SB_ENV_STORE_NONE:
		found->place = STMBOOT_ENV_PLACE_NOWHERE;
		break;
	case SB_ENV_STORE_NOR:
		found->place = STMBOOT_ENV_PLACE_OFF_CARD;
		break;
	case SB_ENV_STORE_FILE:
		found->place = STMBOOT_ENV_PLACE_FILE;
		break;
	case SB_ENV_STORE_MMC:
		if (facts->control == NULL)
			return;
		found->wanted = wanted;
		place_on_medium(facts, &rules);
		if (rules.build == &other && found->place == STMBOOT_ENV_PLACE_NOWHERE)
			found->place = STMBOOT_ENV_PLACE_UNKNOWN;
		break;
	}
}

/* Without a place for both copies nothing is read: env_mmc_load(). */
static enum stmboot_status read_copies(struct sb_facts *facts)
{
	struct stmboot_boot_env *found = &facts->env.found;

	for (size_t i = 0; i < found->copy_count; i++)
		if (!found->copies[i].has_offset)
			return STMBOOT_OK;
	for (size_t i = 0; i < found->copy_count; i++) {
		enum stmboot_status status = stmboot_env_decode(
			facts->ctx, sb_image_medium(facts->image), found->copies[i].offset,
			STMBOOT_ENV_BYTES, true, &facts->env.read[i]);

		if (sb_is_fatal(status))
			return status;
		found->copies[i].env = facts->env.read[i];
	}
	return STMBOOT_OK;
}

/* The copy that counts. */
static void choose(struct stmboot_boot_env *found)
{
	found->saved = stmboot_env_choose(found->copies[0].env, found->copies[1].env);
	found->chosen = -1;
	for (size_t i = found->copy_count; i-- > 0;)
		if (found->saved != NULL && found->copies[i].env == found->saved)
			found->chosen = (int32_t)i;
	if (found->saved != NULL && found->saved->rejected)
		found->saved = NULL;
}

/* The copies of an image that is nothing else, or of the file that U-Boot saves to. */
static void take_area(struct stmboot_boot_env *found, const struct stmboot_env_area *area,
		      enum stmboot_env_place place, int32_t partition)
{
	found->place = place;
	found->copy_count = area->copy_count;
	for (size_t i = 0; i < area->copy_count; i++)
		found->copies[i] = (struct stmboot_boot_env_copy){ .place = place,
								   .partition = partition,
								   .env = area->copies[i] };
	choose(found);
}

/* A bare environment: its offsets are those of the image. */
static void take_bare(struct sb_facts *facts)
{
	const struct stmboot_part *part = stmboot_image_part(facts->image, 0);
	struct stmboot_boot_env *found = &facts->env.found;

	if (part->env == NULL)
		return;
	take_area(found, part->env, STMBOOT_ENV_PLACE_BARE, 0);
	for (size_t i = 0; i < found->copy_count; i++) {
		found->copies[i].has_offset = true;
		found->copies[i].offset = found->copies[i].env->offset;
	}
}

/* The first partition that U-Boot calls bootable, as its "mmc:auto". */
static const struct stmboot_part *first_bootable(const struct sb_facts *facts)
{
	const struct stmboot_partition *entry = NULL;

	if (stmboot_gpt_bootable(&facts->uboot_view, UINT32_MAX, &entry, 1) == 0)
		return sb_facts_part(facts, &facts->uboot_view, 1);
	return stmboot_image_find(facts->image, entry->number);
}

/* CONFIG_ENV_EXT4_FILE of v2019.10 to v2020.07. */
static enum stmboot_status read_file(struct sb_facts *facts)
{
	struct stmboot_boot_env *found = &facts->env.found;
	const struct stmboot_part *part = first_bootable(facts);
	struct stmboot_fs *fs = NULL;
	struct stmboot_source *src = NULL;
	enum stmboot_status status;

	found->path = "/uboot.env";
	if (part == NULL)
		return STMBOOT_OK;
	status = sb_image_fs_uboot(facts->image, part->number, &fs);
	if (status == STMBOOT_OK)
		status = stmboot_fs_open(fs, found->path, &src);
	if (status == STMBOOT_OK)
		status = stmboot_env_area_decode(facts->ctx, src, &facts->env.file);
	if (status == STMBOOT_OK)
		take_area(found, facts->env.file, STMBOOT_ENV_PLACE_FILE, (int32_t)part->number);
	for (size_t i = 0; i < found->copy_count; i++)
		found->copies[i].has_offset = stmboot_source_locate(
			src, found->copies[i].env->offset, &found->copies[i].offset);
	stmboot_source_close(src);
	return sb_is_fatal(status) ? status : STMBOOT_OK;
}

enum stmboot_status sb_facts_environment(struct sb_facts *facts)
{
	struct stmboot_boot_env *found = &facts->env.found;
	enum stmboot_status status;

	found->chosen = -1;
	facts->uboot_view = stmboot_gpt_uboot_view(facts->gpt);
	if (!facts->is_card)
		take_bare(facts);
	if (!facts->is_card || facts->second.part == NULL)
		return STMBOOT_OK;
	find_place(facts);
	if (found->place == STMBOOT_ENV_PLACE_FILE) {
		status = read_file(facts);
	} else {
		status = read_copies(facts);
		choose(found);
	}
	if (status == STMBOOT_OK && found->saved != NULL)
		status = sb_facts_overrides(facts);
	return status;
}
