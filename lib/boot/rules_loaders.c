/* SPDX-License-Identifier: MIT */
/* From the ROM to U-Boot: tables and loaders. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "boot/rules.h"
#include "format/gpt.h"

/* Where the entries stand that a program looks through, or the header that it rejects. */
static uint64_t table_offset(const struct sb_facts *facts, const struct stmboot_gpt_view *view)
{
	return view->copy != NULL ? view->copy->entries_offset : facts->gpt->primary.offset;
}

/* A partition that holds a first stage under another name, or NULL. */
static const struct stmboot_part *nameless_fsbl(const struct sb_facts *facts)
{
	for (size_t i = 0; i < stmboot_image_part_count(facts->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(facts->image, i);

		if (part->stm32 != NULL &&
		    stmboot_stm32_likely_role(part->stm32) == STMBOOT_STM32_FSBL)
			return part;
	}
	return NULL;
}

static const char *fsbl_hint(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_part *part = nameless_fsbl(facts);

	if (facts->rom_view.copy == NULL)
		return "make the table right first";
	if (part == NULL)
		return "name the partition that holds the first-stage loader fsbl1";
	return sb_text(scope,
		       "partition %" PRIu32 " holds a loader: run `stmboot gpt set IMAGE %" PRIu32
		       " name=fsbl1`",
		       part->number, part->number);
}

static void check_fsbl_found(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_gpt_copy *copy = facts->rom_view.copy;

	if (facts->info->medium != STMBOOT_MEDIUM_SD || facts->fsbl_count > 0)
		return;
	sb_report(scope, SB_FSBL_NOT_FOUND,
		  &(struct sb_finding){
			  .offset = table_offset(facts, &facts->rom_view),
			  .found = copy == NULL ? stmboot_gpt_reason_text(facts->rom_view.reason)
						: "no partition whose name begins with \"fsbl\"",
			  .expected = "a partition named fsbl1 in the primary GPT",
			  .hint = fsbl_hint(facts, scope),
		  });
}

static void check_fsbl_count(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope part;

	if (facts->info->medium != STMBOOT_MEDIUM_SD || facts->fsbl_count != 1 ||
	    facts->fsbl[0].part == NULL)
		return;
	part = sb_scope_part(scope, facts, facts->fsbl[0].part);
	sb_report(&part, SB_FSBL_SINGLE,
		  &(struct sb_finding){ .found = "one partition whose name begins with \"fsbl\"",
					.expected = "two",
					.hint = "add a partition fsbl2 with the same content" });
}

static void check_fsbl_counted(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope part;

	if (facts->info->medium != STMBOOT_MEDIUM_SD || facts->fsbl_count <= SB_FSBL_COPIES ||
	    facts->soc == STMBOOT_SOC_STM32MP2 || facts->fsbl[0].part == NULL)
		return;
	part = sb_scope_part(scope, facts, facts->fsbl[0].part);
	sb_report(&part, SB_FSBL_IGNORED_COPY,
		  &(struct sb_finding){
			  .found = sb_text(scope, "%zu partitions", facts->fsbl_count),
			  .expected = "two",
			  .hint = "give the others names that do not begin with fsbl" });
}

/* clang-format off */
static const sb_facts_rule rom_rows[] = {
	{ SB_FSBL_NOT_FOUND, check_fsbl_found },
	{ SB_FSBL_SINGLE, check_fsbl_count },
	{ SB_FSBL_IGNORED_COPY, check_fsbl_counted },
};
/* clang-format on */

const struct sb_rules sb_rom_rules = SB_RULES(rom_rows);

static void check_magic(const struct sb_first_stage *stage, const struct sb_scope *scope)
{
	enum stmboot_content content = stage->part->content;

	if (stage->is_stm32)
		return;
	sb_report(scope, SB_STM32_MAGIC,
		  &(struct sb_finding){
			  .length = 4,
			  .found = content != STMBOOT_CONTENT_UNKNOWN
					   ? stmboot_content_text(content)
					   : "other content",
			  .expected = "\"STM2\"",
			  .hint = "write the .stm32 file to both copies (`stmboot part write IMAGE "
				  "fsbl FILE`), not the .bin or .elf it was made from" });
}

static const SB_RULE(const struct sb_first_stage *, const struct sb_scope *) copy_rows[] = {
	{ SB_STM32_MAGIC, check_magic },
};

const struct sb_rules sb_fsbl_copy_rules = SB_RULES(copy_rows);

/* A damaged copy is no worse than a warning while the other one is good. */
static void judge_fsbl_copies(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; i < SB_FSBL_COPIES; i++) {
		const struct sb_first_stage *stage = &facts->fsbl[i];
		struct sb_scope part;

		if (stage->part == NULL)
			continue;
		part = sb_scope_part(scope, facts, stage->part);
		if (facts->fsbl_taken >= 0 && facts->fsbl_taken != (int)i)
			part.ceiling = STMBOOT_WARNING;
		for (struct sb_run run = sb_run(&sb_fsbl_copy_rules, &part); sb_run_next(&run);)
			copy_rows[run.row].check(stage, &part);
		if (stage->is_stm32)
			sb_stm32_validate(&part, &stage->image, STMBOOT_STM32_FSBL);
	}
}

static void check_fsbl_same(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_first_stage *a = &facts->fsbl[0], *b = &facts->fsbl[1];
	struct sb_scope part;

	if (!a->good || !b->good)
		return;
	if (a->image.payload_bytes == b->image.payload_bytes && a->scan.crc32 == b->scan.crc32)
		return;
	part = sb_scope_part(scope, facts, b->part);
	sb_report(&part, SB_FSBL_COPIES_DIFFER,
		  &(struct sb_finding){
			  .length = b->image.header_bytes + b->image.payload_bytes,
			  .found = sb_text(scope, "%" PRIu64 " bytes, CRC-32 0x%08" PRIx32,
					   b->image.payload_bytes, b->scan.crc32),
			  .expected = sb_text(scope, "%" PRIu64 " bytes, CRC-32 0x%08" PRIx32,
					      a->image.payload_bytes, a->scan.crc32),
			  .hint = "write the same loader to both: `stmboot part write IMAGE fsbl "
				  "FILE`" });
}

static enum stmboot_soc soc_of(const char *board)
{
	if (strstr(board, "stm32mp15") != NULL)
		return STMBOOT_SOC_STM32MP15;
	if (strstr(board, "stm32mp13") != NULL)
		return STMBOOT_SOC_STM32MP13;
	return strstr(board, "stm32mp2") != NULL ? STMBOOT_SOC_STM32MP2 : STMBOOT_SOC_UNKNOWN;
}

static void check_fsbl_chip(const struct sb_facts *facts, const struct sb_scope *scope)
{
	enum stmboot_soc board = facts->board != NULL ? soc_of(facts->board) : STMBOOT_SOC_UNKNOWN;
	const struct sb_first_stage *stage;
	struct sb_scope part;

	if (facts->fsbl_taken < 0 || board == STMBOOT_SOC_UNKNOWN)
		return;
	stage = &facts->fsbl[facts->fsbl_taken];
	if (stage->image.soc == board || stage->image.soc == STMBOOT_SOC_UNKNOWN)
		return;
	part = sb_scope_part(scope, facts, stage->part);
	sb_report(&part, SB_FSBL_OTHER_CHIP,
		  &(struct sb_finding){
			  .offset = 72,
			  .length = 4,
			  .found = sb_text(scope, "header version %s",
					   stmboot_stm32_version_text(stage->image.version)),
			  .expected = sb_text(scope, "the header of an %s, for %s",
					      stmboot_soc_text(board), facts->board),
			  .hint = "write the loader that was built for this board: `stmboot part "
				  "write IMAGE fsbl FILE`" });
}

static const char *wanted_second(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_second_stage *second = &facts->second;

	if (second->search == SB_SEARCH_NUMBER)
		return sb_text(scope, "a legacy U-Boot image or a FIT in partition %" PRIu32,
			       second->number);
	return sb_text(scope, "a partition named %s among the first %" PRIu32 " entries%s",
		       second->name, stmboot_gpt_tfa_entries(&facts->tfa),
		       facts->fsbl_version.number != 0 ? ""
		       : facts->tfa.version != 0
			       ? ", assuming TF-A v2.7 or older, as no version was found"
			       : ", assuming a recent TF-A, as no version was found");
}

/* False: the cause is the table, not where something stands in it. */
static bool sees_all(const struct stmboot_gpt_view *view)
{
	return view->copy != NULL && view->reason == STMBOOT_GPT_SEES_ALL;
}

static const char *second_hint(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_part *there = facts->second.misplaced;

	if (there == NULL || (facts->second.part == NULL && !sees_all(&facts->loader_view)))
		return NULL;
	if (facts->second.search == SB_SEARCH_NUMBER)
		return sb_text(scope,
			       "U-Boot stands in partition %" PRIu32 "; make it number %" PRIu32,
			       there->number, facts->second.number);
	return sb_text(scope,
		       "a second stage stands in partition %" PRIu32
		       " (%s): run `stmboot gpt set IMAGE %" PRIu32 " name=%s`",
		       there->number, there->entry->name, there->number, facts->second.name);
}

/* SPL enters whatever has no known header; it never says that it found nothing. */
static bool spl_can_load(const struct sb_second_stage *second)
{
	return second->is_uimage || second->is_fit;
}

static void check_second_found(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_second_stage *second = &facts->second;
	struct sb_scope part = *scope;
	const char *found;

	if (!facts->is_card)
		return;
	if (second->part == NULL) {
		found = sees_all(&facts->loader_view)
				? "no such partition"
				: stmboot_gpt_reason_text(facts->loader_view.reason);
	} else if (second->search == SB_SEARCH_NUMBER && !spl_can_load(second)) {
		part = sb_scope_part(scope, facts, second->part);
		found = sb_found_content(second->part->content);
	} else {
		return;
	}
	sb_report(&part, SB_FSBL_SECOND_STAGE_NOT_FOUND,
		  &(struct sb_finding){ .offset = second->part == NULL
							  ? table_offset(facts, &facts->loader_view)
							  : 0,
					.found = found,
					.expected = wanted_second(facts, scope),
					.hint = second_hint(facts, scope) });
}

static void check_second_format(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_second_stage *second = &facts->second;
	struct sb_scope part;

	if (second->part == NULL || facts->fsbl_kind != STMBOOT_FSBL_TFA ||
	    second->search == SB_SEARCH_BARE)
		return;
	if (facts->tfa.fip ? second->is_fip : second->is_stm32)
		return;
	part = sb_scope_part(scope, facts, second->part);
	sb_report(&part, SB_FSBL_SECOND_STAGE_FORMAT,
		  &(struct sb_finding){ .length = 4,
					.found = sb_found_content(second->part->content),
					.expected = facts->tfa.fip ? "a FIP" : "an STM32 header",
					.hint = facts->tfa.fip
							? "pack U-Boot into a FIP (fiptool create)"
							: "use u-boot.stm32, not u-boot.img" });
}

/* clang-format off */
static const sb_facts_rule fsbl_rows[] = {
	{ SB_FSBL_COPIES_DIFFER, check_fsbl_same },
	{ SB_FSBL_OTHER_CHIP, check_fsbl_chip },
	{ SB_FSBL_SECOND_STAGE_NOT_FOUND, check_second_found },
	{ SB_FSBL_SECOND_STAGE_FORMAT, check_second_format },
};
/* clang-format on */

const struct sb_rules sb_fsbl_rules = SB_RULES(fsbl_rows);

static void judge_second_stage(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_second_stage *second = &facts->second;
	struct sb_scope part;

	if (second->part == NULL)
		return;
	part = sb_scope_part(scope, facts, second->part);
	if (second->is_uimage && facts->fsbl_kind != STMBOOT_FSBL_TFA)
		sb_uimage_validate(&part, &second->uimage, STMBOOT_UIMAGE_SSBL);
	if (second->is_stm32 && facts->fsbl_kind != STMBOOT_FSBL_SPL)
		sb_stm32_validate(&part, &second->stm32, STMBOOT_STM32_SSBL);
	if (second->is_fip)
		sb_fip_validate(&part, &second->fip, facts->soc);
}

/* The stage that a partition matters to. */
static enum stmboot_stage stage_of_part(const struct sb_facts *facts,
					const struct stmboot_part *part)
{
	const struct sb_config *config = sb_facts_config(facts);

	for (size_t i = 0; i < SB_FSBL_COPIES && part != NULL; i++)
		if (part == facts->fsbl[i].part)
			return STMBOOT_STAGE_ROM;
	if (part != NULL && part == facts->second.part)
		return STMBOOT_STAGE_SSBL;
	if (part != NULL && part == facts->root &&
	    (config == NULL || config->partition != part->number))
		return STMBOOT_STAGE_ROOTFS;
	return STMBOOT_STAGE_EXTLINUX;
}

static const struct stmboot_part *part_at(const struct sb_facts *facts,
					  const struct sb_read_error *error)
{
	for (size_t i = 0; i < stmboot_image_part_count(facts->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(facts->image, i);

		if (sb_ranges_overlap(error->offset, error->length, part->offset, part->size))
			return part;
	}
	return NULL;
}

/* The checks of the tables tell what they could not read themselves. */
static bool is_told(const struct stmboot_diags *diags, const struct sb_read_error *error)
{
	for (size_t i = 0; i < stmboot_diags_count(diags); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(diags, i);

		if (strcmp(diag->code, "image.read-error") == 0 &&
		    sb_ranges_overlap(error->offset, error->length, diag->place.offset,
				      diag->place.length))
			return true;
	}
	return false;
}

/*
 * Not for a rule to find. A stage that needs what cannot be read has an error of its own. Beyond
 * that a fact is missing: nobody knows what the board would find there.
 */
static void report_read_errors(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_read_errors *errors = sb_image_read_errors(facts->image);

	for (size_t i = 0; i < errors->count; i++) {
		const struct sb_read_error *error = &errors->places[i];
		const struct stmboot_part *part = part_at(facts, error);
		struct sb_scope inner = *scope;

		if (is_told(scope->diags, error))
			continue;
		if (part != NULL)
			inner.partition = (int32_t)part->number;
		inner.stage = (int)stage_of_part(facts, part);
		inner.ceiling = STMBOOT_WARNING;
		sb_report(&inner, SB_IMAGE_READ_ERROR,
			  &(struct sb_finding){ .offset = error->offset,
						.length = error->length,
						.found = "an input/output error",
						.expected = "bytes",
						.hint = "copy what can be read to a new card" });
	}
}

void sb_judge_loaders(const struct sb_facts *facts, const struct sb_scope *scope)
{
	if (facts->is_card)
		sb_gpt_validate(scope, facts->gpt);
	sb_facts_judge(&sb_rom_rules, rom_rows, facts, scope);
	judge_fsbl_copies(facts, scope);
	sb_facts_judge(&sb_fsbl_rules, fsbl_rows, facts, scope);
	judge_second_stage(facts, scope);
	sb_judge_environment(facts, scope);
	report_read_errors(facts, scope);
}
