/* SPDX-License-Identifier: MIT */
/* From the ROM to U-Boot: tables and loaders. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/hint.h"
#include "boot/rules.h"
#include "format/gpt.h"
#include "format/stm32.h"

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

		if (part->stm32 != NULL && part != facts->fsbl[0].part &&
		    stmboot_stm32_likely_role(part->stm32) == STMBOOT_STM32_FSBL)
			return part;
	}
	return NULL;
}

static const char *fsbl_hint(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_part *part = nameless_fsbl(facts);

	if (facts->is_raw)
		return "write the .stm32 file to bytes 65536 and 327680 (dd seek=128 and 640), or "
		       "make a GPT with partitions fsbl1 and fsbl2";
	if (facts->rom_view.copy == NULL)
		return "mend the partition table first";
	if (part == NULL)
		return "name the partition that holds the first-stage loader: `stmboot gpt set "
		       "IMAGE PARTITION name=fsbl1`";
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
			  .offset = facts->is_raw ? sb_chip_at(0)->raw_fsbl[0]
						  : table_offset(facts, &facts->rom_view),
			  .found = facts->is_raw
					   ? "no GPT, and no STM32 header at 64 KiB or 320 KiB"
				   : copy == NULL ? stmboot_gpt_reason_text(facts->rom_view.reason)
						  : "no partition whose name begins with \"fsbl\"",
			  .expected = "a partition named fsbl1 in the primary GPT",
			  .hint = fsbl_hint(facts, scope),
		  });
}

/* Inside the partition of a first stage, or where it stands without one. */
static struct sb_scope scope_stage(const struct sb_facts *facts, const struct sb_scope *scope,
				   const struct sb_first_stage *stage)
{
	struct sb_scope inner = *scope;

	if (stage->part != NULL)
		return sb_scope_part(scope, facts, stage->part);
	inner.src = stage->src;
	return inner;
}

/* The first place at which a first stage was looked at, or NULL. */
static const struct sb_first_stage *first_place(const struct sb_facts *facts)
{
	for (size_t i = 0; i < SB_FSBL_COPIES; i++)
		if (facts->fsbl[i].src != NULL)
			return &facts->fsbl[i];
	return NULL;
}

static const char *single_hint(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_part *part = nameless_fsbl(facts);

	if (facts->is_raw)
		return "write the loader to bytes 65536 and 327680";
	if (part == NULL)
		return "add a partition fsbl2 with the same content";
	return sb_text(scope,
		       "partition %" PRIu32 " holds another: run `stmboot gpt set IMAGE %" PRIu32
		       " name=fsbl2`",
		       part->number, part->number);
}

static void check_fsbl_count(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_first_stage *stage = first_place(facts);
	struct sb_scope inner;

	if (facts->info->medium != STMBOOT_MEDIUM_SD || facts->fsbl_count != 1 || stage == NULL)
		return;
	inner = scope_stage(facts, scope, stage);
	sb_report(&inner, SB_FSBL_SINGLE,
		  &(struct sb_finding){
			  .found = facts->is_raw
					   ? sb_text(scope, "one STM32 header, at byte %" PRIu64,
						     stage->offset)
					   : "one partition whose name begins with \"fsbl\"",
			  .expected = "two",
			  .hint = single_hint(facts, scope) });
}

static void check_fsbl_counted(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope part;

	if (facts->info->medium != STMBOOT_MEDIUM_SD || facts->fsbl_count <= SB_FSBL_COPIES)
		return;
	part = scope_stage(facts, scope, &facts->fsbl[0]);
	sb_report(&part, SB_FSBL_IGNORED_COPY,
		  &(struct sb_finding){
			  .found = sb_text(scope, "%zu partitions", facts->fsbl_count),
			  .expected = "two",
			  .hint = "give the others names that do not begin with fsbl" });
}

/* "fsbl2" before "fsbl1"; other names have no order that is known. */
static bool in_order(const char *first, const char *second)
{
	return strlen(first) != strlen(second) || strcmp(first, second) <= 0;
}

/* The ROM goes by the table; who updates a card may go by the names or by the places. */
static void check_fsbl_order(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_part *a = facts->fsbl[0].part, *b = facts->fsbl[1].part;
	struct sb_scope part;

	if (a == NULL || b == NULL || a->entry == NULL || b->entry == NULL ||
	    (a->offset < b->offset && in_order(a->entry->name, b->entry->name)))
		return;
	part = sb_scope_part(scope, facts, b);
	sb_report(&part, SB_FSBL_ORDER,
		  &(struct sb_finding){
			  .found = sb_text(scope, "%s in entry %" PRIu32 ", %s in entry %" PRIu32,
					   a->entry->name, a->number, b->entry->name, b->number),
			  .expected = "the first copy before the second, in the table, on the card "
				      "and by name",
			  .hint = "make the table again with fsbl1 in front" });
}

/* FSBLM is found by the same ROM, but not started as the main processor's. */
static void check_fsbl_processor(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; i < SB_FSBL_COPIES; i++) {
		const struct sb_first_stage *stage = &facts->fsbl[i];
		struct sb_scope inner;

		if (!stage->is_stm32 || stage->image.binary_type != STMBOOT_STM32_TYPE_M33)
			continue;
		inner = scope_stage(facts, scope, stage);
		sb_report(&inner, SB_FSBL_COPROCESSOR,
			  &(struct sb_finding){
				  .offset = sb_stm32_field(&stage->image, SB_STM32_AT_BINARY_TYPE),
				  .length = 4,
				  .found = sb_text(scope, "0x%08" PRIx32, stage->image.binary_type),
				  .expected = "the binary type of TF-A, 0x10",
				  .hint = "write TF-A to this partition, or name it fsblm1" });
	}
}

static void check_raw_unused(const struct sb_facts *facts, const struct sb_scope *scope)
{
	if (facts->unused_raw != 0)
		sb_report(scope, SB_FSBL_RAW_IGNORED,
			  &(struct sb_finding){ .offset = facts->unused_raw,
						.length = 4,
						.found = "an STM32 header",
						.expected = "loaders in partitions, as there is a "
							    "GPT",
						.hint = "nothing is to be done: it may be the rest "
							"of an earlier card" });
}

/* What begins where the loader stands is a partition for it. */
static const struct stmboot_part *raw_owner(const struct sb_facts *facts,
					    const struct sb_first_stage *stage)
{
	uint64_t size = stage->image.header_bytes + stage->image.payload_bytes;

	for (size_t i = 0; i < stmboot_image_part_count(facts->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(facts->image, i);

		if (part->offset != stage->offset &&
		    sb_ranges_overlap(stage->offset, size, part->offset, part->size))
			return part;
	}
	return NULL;
}

static void check_raw_place(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; facts->is_raw && i < SB_FSBL_COPIES; i++) {
		const struct sb_first_stage *stage = &facts->fsbl[i];
		const struct stmboot_part *part = stage->is_stm32 ? raw_owner(facts, stage) : NULL;
		struct sb_scope inner;

		if (part == NULL)
			continue;
		inner = scope_stage(facts, scope, stage);
		sb_report(&inner, SB_FSBL_RAW_IN_PARTITION,
			  &(struct sb_finding){
				  .length = stage->image.header_bytes + stage->image.payload_bytes,
				  .found = sb_text(scope, "sectors of partition %" PRIu32,
						   part->number),
				  .expected = "a place outside all partitions",
				  .hint = "let the first partition begin at 1 MiB" });
	}
}

/* clang-format off */
static const sb_facts_rule rom_rows[] = {
	{ SB_FSBL_NOT_FOUND, check_fsbl_found },
	{ SB_FSBL_SINGLE, check_fsbl_count },
	{ SB_FSBL_IGNORED_COPY, check_fsbl_counted },
	{ SB_FSBL_ORDER, check_fsbl_order },
	{ SB_FSBL_COPROCESSOR, check_fsbl_processor },
	{ SB_FSBL_RAW_IGNORED, check_raw_unused },
	{ SB_FSBL_RAW_IN_PARTITION, check_raw_place },
};
/* clang-format on */

const struct sb_rules sb_rom_rules = SB_RULES(rom_rows);

static void check_magic(const struct sb_first_stage *stage, const struct sb_scope *scope)
{
	enum stmboot_content content =
		stage->part != NULL ? stage->part->content : STMBOOT_CONTENT_UNKNOWN;

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

/* The copy that is good, put in place of this one. */
static const char *copy_hint(const struct sb_facts *facts, const struct sb_scope *scope,
			     const struct sb_first_stage *stage)
{
	const struct stmboot_part *good = facts->fsbl[facts->fsbl_taken].part;

	if (good == NULL || stage->part == NULL)
		return NULL;
	return sb_text(scope,
		       "partition %" PRIu32 " has a good copy: `stmboot part read IMAGE %" PRIu32
		       " fsbl.stm32 && stmboot part write IMAGE %" PRIu32 " fsbl.stm32`",
		       good->number, good->number, stage->part->number);
}

/* A damaged copy is no worse than a warning while the other one is good. */
static void judge_fsbl_copies(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; i < SB_FSBL_COPIES; i++) {
		const struct sb_first_stage *stage = &facts->fsbl[i];
		struct sb_scope part;

		if (stage->src == NULL)
			continue;
		part = scope_stage(facts, scope, stage);
		part.target = "fsbl";
		if (facts->fsbl_taken >= 0 && facts->fsbl_taken != (int)i) {
			part.ceiling = STMBOOT_WARNING;
			part.remedy = copy_hint(facts, scope, stage);
		}
		for (struct sb_run run = sb_run(&sb_fsbl_copy_rules, &part); sb_run_next(&run);)
			copy_rows[run.row].check(stage, &part);
		if (stage->is_stm32)
			sb_stm32_validate(&part, &stage->image, STMBOOT_STM32_FSBL);
	}
}

/* How a first stage is written, here. */
static const char *write_hint(const struct sb_facts *facts)
{
	return facts->is_raw ? "write the loader for this board to bytes 65536 and 327680 (dd "
			       "seek=128 and 640)"
			     : "write the loader for this board to both: `stmboot part write IMAGE "
			       "fsbl FILE`";
}

static void check_fsbl_same(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_first_stage *a = &facts->fsbl[0], *b = &facts->fsbl[1];
	struct sb_scope part;

	if (!a->good || !b->good)
		return;
	if (a->image.payload_bytes == b->image.payload_bytes && a->scan.crc32 == b->scan.crc32)
		return;
	part = scope_stage(facts, scope, b);
	sb_report(&part, SB_FSBL_COPIES_DIFFER,
		  &(struct sb_finding){
			  .length = b->image.header_bytes + b->image.payload_bytes,
			  .found = sb_text(scope, "%" PRIu64 " bytes, CRC-32 0x%08" PRIx32,
					   b->image.payload_bytes, b->scan.crc32),
			  .expected = sb_text(scope, "%" PRIu64 " bytes, CRC-32 0x%08" PRIx32,
					      a->image.payload_bytes, a->scan.crc32),
			  .hint = write_hint(facts) });
}

static void check_fsbl_chip(const struct sb_facts *facts, const struct sb_scope *scope)
{
	enum stmboot_soc board =
		facts->board != NULL ? sb_chip_of_board(facts->board) : STMBOOT_SOC_UNKNOWN;
	const struct sb_first_stage *stage;
	struct sb_scope part;

	if (facts->fsbl_taken < 0 || board == STMBOOT_SOC_UNKNOWN)
		return;
	stage = &facts->fsbl[facts->fsbl_taken];
	if (stage->image.soc == board || stage->image.soc == STMBOOT_SOC_UNKNOWN)
		return;
	part = scope_stage(facts, scope, stage);
	sb_report(&part, SB_FSBL_OTHER_CHIP,
		  &(struct sb_finding){
			  .offset = 72,
			  .length = 4,
			  .found = sb_text(scope, "header version %s",
					   stmboot_stm32_version_text(stage->image.version)),
			  .expected = sb_text(scope, "the header of an %s, for %s",
					      stmboot_soc_text(board), facts->board),
			  .hint = write_hint(facts) });
}

static const char *wanted_second(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_second_stage *second = &facts->second;

	if (second->search == SB_SEARCH_METADATA)
		return "the partition that metadata1 or metadata2 names";

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

	if (facts->second.part == NULL && !sees_all(&facts->loader_view))
		return "mend the partition table first";
	if (there == NULL && facts->second.search == SB_SEARCH_NUMBER && facts->second.part != NULL)
		return sb_text(scope,
			       "write U-Boot to it (u-boot.img): `stmboot part write IMAGE %" PRIu32
			       " FILE`",
			       facts->second.number);
	if (there == NULL || (facts->second.part == NULL && !sees_all(&facts->loader_view)))
		return NULL;
	if (facts->second.search == SB_SEARCH_METADATA)
		return NULL;
	if (facts->second.search == SB_SEARCH_NUMBER)
		return sb_text(scope,
			       "U-Boot stands in partition %" PRIu32 "; make it number %" PRIu32
			       ": `sgdisk --transpose %" PRIu32 ":%" PRIu32 " IMAGE`",
			       there->number, facts->second.number, facts->second.number,
			       there->number);
	return sb_text(scope,
		       "a second stage stands in partition %" PRIu32
		       " (%s): run `stmboot gpt set IMAGE %" PRIu32 " name=%s`",
		       there->number, sb_hint_word(scope, there->entry->name), there->number,
		       facts->second.name);
}

/* SPL enters whatever has no known header; it never says that it found nothing. */
static bool spl_can_load(const struct sb_second_stage *second)
{
	return second->is_uimage || second->is_fit;
}

/* Does the table name what some first stage looks for? */
static bool shows_second_stage(const struct sb_facts *facts)
{
	const struct stmboot_gpt_view view = stmboot_gpt_uboot_view(facts->gpt);
	const struct sb_generation *g;

	for (size_t i = 0; (g = sb_generation_at(i)) != NULL; i++)
		if (g->partition != NULL && sb_facts_named(facts, &view, g->partition) != NULL)
			return true;
	return facts->updates.any || facts->second.misplaced != NULL;
}

/* The byte of an eMMC's boot area, which is not in the image, where it may stand; or 0. */
static uint64_t boot_area_place(const struct sb_facts *facts)
{
	const struct sb_generation *g;

	if (facts->info->medium != STMBOOT_MEDIUM_EMMC || shows_second_stage(facts))
		return 0;
	for (size_t i = 0; (g = sb_generation_at(i)) != NULL; i++)
		if (g->boot_area != 0)
			return g->boot_area;
	return 0;
}

static void report_second_missing(const struct sb_facts *facts, const struct sb_scope *scope,
				  const char *found)
{
	uint64_t elsewhere = boot_area_place(facts);
	struct sb_scope inner = *scope;

	if (elsewhere != 0)
		inner.ceiling = STMBOOT_WARNING;
	sb_report(&inner, SB_FSBL_SECOND_STAGE_NOT_FOUND,
		  &(struct sb_finding){
			  .offset = facts->second.part == NULL
					    ? table_offset(facts, &facts->loader_view)
					    : 0,
			  .found = found,
			  .expected = wanted_second(facts, scope),
			  .hint = elsewhere != 0
					  ? sb_text(scope,
						    "TF-A may have it in a boot area of the eMMC, "
						    "at byte 0x%" PRIx64
						    ", which is not in this image",
						    elsewhere)
					  : second_hint(facts, scope) });
}

static void check_second_found(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_second_stage *second = &facts->second;
	struct sb_scope part = *scope;
	const char *found;

	if (!facts->is_card)
		return;
	/* what keeps TF-A from following metadata has codes of its own */
	if (second->search == SB_SEARCH_METADATA && facts->loader_view.count > 0)
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
	report_second_missing(facts, &part, found);
}

static void check_second_format(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_second_stage *second = &facts->second;
	struct sb_scope part;

	if (second->part == NULL || facts->fsbl_kind != STMBOOT_FSBL_TFA ||
	    second->search == SB_SEARCH_BARE)
		return;
	if (sb_generation_loads(facts->generation, second->part->content))
		return;
	part = sb_scope_part(scope, facts, second->part);
	sb_report(&part, SB_FSBL_SECOND_STAGE_FORMAT,
		  &(struct sb_finding){ .length = 4,
					.found = sb_found_content(second->part->content),
					.expected = facts->tfa.fip ? "a FIP" : "an STM32 header",
					.hint = sb_hint_replace(
						&part, facts->tfa.fip
							       ? "pack U-Boot into a FIP (fiptool "
								 "create)"
							       : "use u-boot.stm32, not "
								 "u-boot.img") });
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

static const char *found_instead(const struct sb_read_error *error)
{
	return error->ended ? "the end of the image, which became shorter while it was read"
			    : "an input/output error";
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
			  &(struct sb_finding){
				  .offset = error->offset,
				  .length = error->length,
				  .found = found_instead(error),
				  .expected = "bytes",
				  .hint = error->ended ? "check it again when no other program "
							 "writes to it"
						       : "copy what can be read to a new card" });
	}
}

/* TF-A does not look at the usable range: there U-Boot is the first that rejects the table. */
static void judge_table(const struct sb_facts *facts, const struct sb_scope *scope)
{
	size_t first = sb_diags_mark(scope->diags);

	sb_gpt_validate(scope, facts->gpt);
	if (facts->fsbl_kind == STMBOOT_FSBL_TFA)
		sb_diags_restage(scope->diags, first, SB_GPT_USABLE_BEYOND_MEDIUM,
				 STMBOOT_STAGE_EXTLINUX);
}

void sb_judge_loaders(const struct sb_facts *facts, const struct sb_scope *scope)
{
	if (facts->is_card)
		judge_table(facts, scope);
	sb_facts_judge(&sb_rom_rules, rom_rows, facts, scope);
	sb_judge_limits(facts, scope);
	judge_fsbl_copies(facts, scope);
	sb_facts_judge(&sb_fsbl_rules, fsbl_rows, facts, scope);
	judge_second_stage(facts, scope);
	sb_judge_environment(facts, scope);
	report_read_errors(facts, scope);
}
