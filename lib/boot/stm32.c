/* SPDX-License-Identifier: MIT */
/* The STM32 images of a card, as a person asks for them. */
#include <stmboot/boot_stm32.h>

#include <stmboot/place.h>

#include "base/refusal.h"
#include "boot/trace.h"

static const char inspect_hint[] = "'stmboot inspect' shows what each partition holds";

static void fill_first(const struct sb_facts *facts, int index, struct stmboot_boot_stm32 *out)
{
	const struct sb_first_stage *stage = &facts->fsbl[index];
	const struct stmboot_part *part = stage->part;

	*out = (struct stmboot_boot_stm32){
		.partition = part != NULL ? (int32_t)part->number : STMBOOT_NO_PARTITION,
		.name = part != NULL && part->entry != NULL ? part->entry->name : NULL,
		.offset = stage->offset,
		.src = stage->src,
		.role = STMBOOT_STM32_FSBL,
		.taken = index == facts->fsbl_taken,
		.header = &stage->image,
	};
}

/* The copy that the ROM starts, else the first with a header; -1 without one. */
static int first_stage(const struct sb_facts *facts)
{
	if (facts->fsbl_taken >= 0)
		return facts->fsbl_taken;
	for (int i = 0; i < SB_FSBL_COPIES; i++)
		if (facts->fsbl[i].is_stm32)
			return i;
	return -1;
}

/* The payload is read here if the trace had no reason to. */
static enum stmboot_status fill_part(struct stmboot_image *image, const struct sb_facts *facts,
				     const struct stmboot_part *part,
				     struct stmboot_boot_stm32 *out)
{
	struct sb_scan scan;
	enum stmboot_status status = sb_image_scan(image, part->number, &scan);
	bool loaded = part == facts->second.part;

	if (sb_is_fatal(status))
		return status;
	*out = (struct stmboot_boot_stm32){
		.partition = (int32_t)part->number,
		.name = part->entry != NULL ? part->entry->name : NULL,
		.offset = part->offset,
		.src = stmboot_image_part_source(image, part->number),
		.role = loaded ? STMBOOT_STM32_SSBL : stmboot_stm32_likely_role(part->stm32),
		.taken = loaded,
		.header = part->stm32,
	};
	return STMBOOT_OK;
}

static enum stmboot_status find_any(struct stmboot_image *image, const struct sb_facts *facts,
				    struct stmboot_refusal *why, struct stmboot_boot_stm32 *out)
{
	const struct stmboot_part *second = facts->second.part;
	int index = first_stage(facts);

	if (index >= 0) {
		fill_first(facts, index, out);
		return STMBOOT_OK;
	}
	if (second != NULL && second->stm32 != NULL)
		return fill_part(image, facts, second, out);
	return sb_refuse(why, STMBOOT_NOT_FOUND, inspect_hint,
			 "no STM32 image takes part in this boot");
}

enum stmboot_status stmboot_boot_find_stm32(struct stmboot_image *image,
					    const struct stmboot_boot *boot, const char *partition,
					    struct stmboot_refusal *why,
					    struct stmboot_boot_stm32 *out)
{
	const struct sb_facts *facts = sb_boot_facts(boot);
	const struct stmboot_part *part = NULL;
	enum stmboot_status status;

	if (partition == NULL)
		return find_any(image, facts, why, out);
	status = stmboot_place_partition(image, partition, why, &part);
	if (status != STMBOOT_OK)
		return status;
	for (int i = 0; i < SB_FSBL_COPIES; i++)
		if (facts->fsbl[i].part == part && facts->fsbl[i].is_stm32) {
			fill_first(facts, i, out);
			return STMBOOT_OK;
		}
	if (part->stm32 == NULL)
		return sb_refuse(why, STMBOOT_NOT_RECOGNISED, inspect_hint,
				 "partition %s holds no STM32 image", partition);
	return fill_part(image, facts, part, out);
}

enum stmboot_status stmboot_boot_judge_stm32(const struct stmboot_boot_stm32 *found,
					     struct stmboot_diags *diags)
{
	struct sb_scope scope = sb_scope(diags, found->src);

	scope.partition = found->partition;
	sb_stm32_validate(&scope, found->header, found->role);
	return sb_diags_status(diags);
}
