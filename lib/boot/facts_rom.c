/* SPDX-License-Identifier: MIT */
/* Where the ROM looks for a first stage, and what it finds there. */
#include <string.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "boot/facts.h"

enum { RAW_BYTES = 512 * 512 /* from one raw place to the next */, STM32_MAGIC = 0x324d5453 };

/* Would the ROM start it? Ask the checks, without keeping what they say. */
static enum stmboot_status judge(struct sb_facts *facts, struct sb_first_stage *stage)
{
	struct stmboot_diags *scratch;
	enum stmboot_severity worst = STMBOOT_NOTE;
	struct sb_scope scope;
	enum stmboot_status status = stmboot_diags_new(facts->ctx, &scratch);

	if (status != STMBOOT_OK)
		return status;
	scope = sb_scope(scratch, stage->src);
	sb_stm32_validate(&scope, &stage->image, STMBOOT_STM32_FSBL);
	(void)sb_diags_worst(scratch, 0, STMBOOT_NO_STAGE, &worst);
	stage->good = worst < STMBOOT_ERROR;
	status = sb_diags_status(scratch);
	stmboot_diags_free(scratch);
	return status;
}

/* The image keeps what it knows of its parts; a window is read here. */
static enum stmboot_status read_stage(struct sb_facts *facts, struct sb_first_stage *stage)
{
	enum stmboot_status status;

	if (stage->part != NULL) {
		status = sb_image_scan(facts->image, stage->part->number, &stage->scan);
		stage->image = *stage->part->stm32;
		return status;
	}
	return sb_stm32_scan(facts->ctx, stage->src, &stage->image, &stage->scan);
}

enum stmboot_status sb_facts_first_stage(struct sb_facts *facts, const struct stmboot_part *part,
					 struct sb_first_stage *stage)
{
	enum stmboot_status status;

	if (part != NULL) {
		stage->part = part;
		stage->offset = part->offset;
		stage->src = stmboot_image_part_source(facts->image, part->number);
		stage->is_stm32 = part->stm32 != NULL;
	} else {
		status = sb_stm32_decode(stage->src, &stage->image);
		if (sb_is_fatal(status))
			return status;
		stage->is_stm32 = status == STMBOOT_OK;
	}
	if (!stage->is_stm32)
		return STMBOOT_OK;
	status = read_stage(facts, stage);
	return sb_is_fatal(status) ? status : judge(facts, stage);
}

/* A place that is none of the image's partitions. */
static enum stmboot_status open_window(struct sb_facts *facts, uint64_t offset, uint64_t size,
				       struct sb_first_stage *stage)
{
	enum stmboot_status status = stmboot_source_window(
		facts->ctx, sb_image_medium(facts->image), offset, size, &stage->window);

	stage->src = stage->window;
	stage->offset = offset;
	return status;
}

/* Behind an MBR the partitions of the ROM are not those of the image. */
static enum stmboot_status look_at(struct sb_facts *facts, const struct stmboot_partition *entry,
				   struct sb_first_stage *stage)
{
	const struct stmboot_part *part = NULL;
	enum stmboot_status status = STMBOOT_OK;

	if (facts->gpt->type == STMBOOT_TABLE_GPT)
		part = stmboot_image_find(facts->image, entry->number);
	if (part == NULL)
		status = open_window(facts, entry->offset, entry->size, stage);
	return status == STMBOOT_OK ? sb_facts_first_stage(facts, part, stage) : status;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The chip of the first loader in the table: on some, not every "fsbl" is for the main processor.
 */
static const struct sb_chip *chip_of_table(const struct sb_facts *facts)
{
	for (size_t i = 0; i < facts->rom_view.count; i++) {
		const struct stmboot_partition *entry = facts->rom_view.partitions[i];
		const struct stmboot_part *part = stmboot_image_find(facts->image, entry->number);

		if (begins(entry->name, "fsbl") && part != NULL && part->stm32 != NULL &&
		    part->stm32->soc != STMBOOT_SOC_UNKNOWN)
			return sb_chip(part->stm32->soc);
	}
	return NULL;
}

static enum stmboot_status find_named(struct sb_facts *facts)
{
	const struct sb_chip *chip = chip_of_table(facts);
	const char *coprocessor = chip != NULL ? chip->coprocessor : NULL;
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < facts->rom_view.count && status == STMBOOT_OK; i++) {
		const struct stmboot_partition *entry = facts->rom_view.partitions[i];

		if (!begins(entry->name, "fsbl"))
			continue;
		if (coprocessor != NULL && begins(entry->name, coprocessor))
			continue;
		if (facts->fsbl_count < SB_FSBL_COPIES)
			status = look_at(facts, entry, &facts->fsbl[facts->fsbl_count]);
		facts->fsbl_count++;
	}
	return status;
}

/* The header at a place is of a chip whose ROM looks there, or of none that is known. */
static bool looks_there(const struct sb_first_stage *stage, size_t copy)
{
	const struct sb_chip *chip = sb_chip(stage->image.soc);

	return stage->is_stm32 && (chip == NULL || chip->raw_fsbl[copy] == stage->offset);
}

static enum stmboot_status find_raw_copy(struct sb_facts *facts, size_t copy)
{
	struct sb_first_stage *stage = &facts->fsbl[copy];
	const struct sb_chip *chip;

	for (size_t i = 0; (chip = sb_chip_at(i)) != NULL; i++) {
		struct sb_first_stage found = { .part = NULL };
		enum stmboot_status status =
			open_window(facts, chip->raw_fsbl[copy], RAW_BYTES, &found);

		if (status == STMBOOT_OK)
			status = sb_facts_first_stage(facts, NULL, &found);
		if (status == STMBOOT_OK && looks_there(&found, copy)) {
			*stage = found;
			facts->fsbl_count++;
			return STMBOOT_OK;
		}
		stmboot_source_close(found.window);
		if (status != STMBOOT_OK)
			return status;
	}
	return STMBOOT_OK;
}

static enum stmboot_status find_raw(struct sb_facts *facts)
{
	enum stmboot_status status = STMBOOT_OK;

	facts->is_raw = true;
	for (size_t copy = 0; copy < SB_FSBL_COPIES && status == STMBOOT_OK; copy++)
		status = find_raw_copy(facts, copy);
	return status;
}

/* Does a partition begin there? Then what stands there is its content. */
static bool is_start(const struct sb_facts *facts, uint64_t offset)
{
	for (size_t i = 0; i < facts->rom_view.count; i++)
		if (facts->rom_view.partitions[i]->offset == offset)
			return true;
	return false;
}

/* A loader at a raw place of a card that has a GPT. */
static void find_unused(struct sb_facts *facts)
{
	const struct sb_chip *chip = sb_chip_at(0);

	for (size_t copy = SB_FSBL_COPIES; copy-- > 0;) {
		uint64_t offset = chip->raw_fsbl[copy];
		uint8_t word[4];

		if (!is_start(facts, offset) &&
		    stmboot_source_read(sb_image_medium(facts->image), offset, word,
					sizeof(word)) == STMBOOT_OK &&
		    sb_get_le32(word) == STM32_MAGIC)
			facts->unused_raw = offset;
	}
}

enum stmboot_status sb_facts_rom(struct sb_facts *facts)
{
	enum stmboot_status status;

	if (!facts->is_card || facts->info->medium != STMBOOT_MEDIUM_SD)
		return STMBOOT_OK;
	facts->rom_view = stmboot_gpt_rom_view(facts->gpt);
	if (facts->rom_view.reason == STMBOOT_GPT_NO_TABLE) {
		status = find_raw(facts);
	} else {
		status = find_named(facts);
		if (facts->rom_view.copy != NULL)
			find_unused(facts);
	}
	for (int i = 0; i < SB_FSBL_COPIES && facts->fsbl_taken < 0; i++)
		if (facts->fsbl[i].good)
			facts->fsbl_taken = i;
	return status;
}
