/* SPDX-License-Identifier: MIT */
/* What is to be said about the MBR. */
#include "format/gpt_internal.h"

#include <inttypes.h>

enum {
	AT_RECORDS = 446,
	RECORD_BYTES = 16,
	AT_TYPE = 4,
	AT_FIRST_LBA = 8,
	AT_SECTORS = 12,
	AT_SIGNATURE = 510,
};

static const char repair[] = "run `stmboot gpt repair IMAGE`: it writes a plain protective MBR";

/* The first record of type 0xEE, wherever it starts; -1 for none. */
static int find_protective_type(const struct stmboot_mbr *mbr)
{
	for (int i = 0; i < 4; i++)
		if (mbr->records[i].type == SB_MBR_TYPE_PROTECTIVE)
			return i;
	return -1;
}

static void check_missing(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	if (gpt->protective_mbr != STMBOOT_PMBR_MISSING || gpt->mbr.unreadable)
		return;
	sb_report(scope, SB_MBR_MISSING,
		  &(struct sb_finding){ .offset = AT_SIGNATURE,
					.length = 2,
					.found = "no signature",
					.expected = "55 AA",
					.hint = repair });
}

static void check_bad(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	const struct stmboot_mbr *mbr = &gpt->mbr;
	int index = find_protective_type(mbr);
	struct sb_finding finding = { .offset = AT_RECORDS + AT_TYPE, .length = 1, .hint = repair };

	if (gpt->protective_mbr != STMBOOT_PMBR_BAD)
		return;
	if (index < 0) {
		finding.found = sb_text(scope, "type 0x%02X", mbr->records[0].type);
		finding.expected = "type 0xEE";
	} else {
		finding.offset = AT_RECORDS + (uint64_t)index * RECORD_BYTES + AT_FIRST_LBA;
		finding.length = 4;
		finding.found = sb_text(scope, "LBA %" PRIu32, mbr->records[index].first_lba);
		finding.expected = "LBA 1";
	}
	sb_report(scope, SB_MBR_NOT_PROTECTIVE, &finding);
}

static void check_hybrid(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	const struct stmboot_mbr *mbr = &gpt->mbr;
	const char *message = NULL;

	if (gpt->protective_mbr != STMBOOT_PMBR_HYBRID)
		return;
	if (mbr->records[0].type != SB_MBR_TYPE_PROTECTIVE)
		message = "the first record of the MBR is not the protective one, so TF-A does not "
			  "see the GPT";
	sb_report(scope, SB_MBR_HYBRID,
		  &(struct sb_finding){
			  .offset = AT_RECORDS,
			  .length = 4ULL * RECORD_BYTES,
			  .found = sb_text(scope, "types 0x%02X, 0x%02X, 0x%02X, 0x%02X",
					   mbr->records[0].type, mbr->records[1].type,
					   mbr->records[2].type, mbr->records[3].type),
			  .expected = "types 0xEE, 0x00, 0x00, 0x00",
			  .message = message,
			  .hint = "run `gdisk IMAGE` and enter x, n, w, y: it writes a plain "
				  "protective MBR" });
}

/* What the size of the protective record should be. */
static uint32_t wanted_sectors(const struct stmboot_gpt *gpt)
{
	uint64_t sectors = gpt->sectors != 0 ? gpt->sectors - 1 : 0;

	return sectors < UINT32_MAX ? (uint32_t)sectors : UINT32_MAX;
}

static void check_size(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	int index = gpt->mbr.protective;
	uint32_t size = index >= 0 ? gpt->mbr.records[index].sectors : 1;

	if (size != 0 && size != UINT32_MAX)
		return;
	sb_report(scope, SB_MBR_PROTECTIVE_SIZE,
		  &(struct sb_finding){
			  .offset = AT_RECORDS + (uint64_t)index * RECORD_BYTES + AT_SECTORS,
			  .length = 4,
			  .found = sb_text(scope, "0x%08" PRIX32, size),
			  .expected = sb_text(scope, "0x%08" PRIX32, wanted_sectors(gpt)),
			  .hint = repair });
}

/*
 * A card copied to a larger one keeps the size of the old one, and so does its
 * table: that is told by the place of the backup and not again here.
 */
static void check_cover(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	const struct stmboot_mbr_record *record = &gpt->mbr.records[0];

	if (gpt->protective_mbr != STMBOOT_PMBR_OK || gpt->mbr.protective != 0 ||
	    record->sectors == 0 || record->sectors >= wanted_sectors(gpt))
		return;
	if (gpt->primary.state == STMBOOT_GPT_OK && record->sectors == gpt->primary.alternate_lba)
		return;
	sb_report(scope, SB_MBR_PROTECTIVE_COVER,
		  &(struct sb_finding){ .offset = AT_RECORDS + AT_SECTORS,
					.length = 4,
					.found = sb_text(scope, "%" PRIu32, record->sectors),
					.expected = sb_text(scope, "%" PRIu32, wanted_sectors(gpt)),
					.hint = repair });
}

static void check_ignored_gpt(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_copy *copy =
		gpt->primary.state == STMBOOT_GPT_OK ? &gpt->primary : stmboot_gpt_backup(gpt);

	if (copy->state != STMBOOT_GPT_OK)
		return;
	sb_report(scope, SB_MBR_GPT_IGNORED,
		  &(struct sb_finding){ .offset = copy->offset,
					.length = gpt->sector_size,
					.found = sb_text(scope, "a GPT with %zu partitions",
							 copy->partition_count),
					.hint = "wipe the table that is not meant" });
}

static void check_chain(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	if (!gpt->mbr.looped && !gpt->mbr.broken)
		return;
	sb_report(scope, SB_MBR_CHAIN_BROKEN,
		  &(struct sb_finding){ .offset = AT_RECORDS,
					.length = 4ULL * RECORD_BYTES,
					.found = gpt->mbr.looped ? "a loop or too many links"
								 : "a link that leads nowhere",
					.hint = "make the table again" });
}

/* Not for a rule to find: what is there is not known. */
static void report_unreadable(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	if (gpt->mbr.unreadable)
		sb_report(scope, SB_IMAGE_READ_ERROR,
			  &(struct sb_finding){ .length = SB_SECTOR,
						.message = "the MBR could not be read" });
}

/* An MBR that is the table, and one that protects a GPT. */
/* clang-format off */
static const SB_RULE(const struct sb_scope *, const struct stmboot_gpt *) plain_rows[] = {
	{ SB_MBR_GPT_IGNORED, check_ignored_gpt },
	{ SB_MBR_CHAIN_BROKEN, check_chain },
};

static const SB_RULE(const struct sb_scope *, const struct stmboot_gpt *) protective_rows[] = {
	{ SB_MBR_MISSING, check_missing },
	{ SB_MBR_NOT_PROTECTIVE, check_bad },
	{ SB_MBR_HYBRID, check_hybrid },
	{ SB_MBR_PROTECTIVE_SIZE, check_size },
	{ SB_MBR_PROTECTIVE_COVER, check_cover },
};
/* clang-format on */

const struct sb_rules sb_mbr_plain_rules = SB_RULES(plain_rows);
const struct sb_rules sb_mbr_protective_rules = SB_RULES(protective_rows);

static void validate_plain(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	for (struct sb_run run = sb_run(&sb_mbr_plain_rules, scope); sb_run_next(&run);)
		plain_rows[run.row].check(scope, gpt);
	sb_partitions_validate(scope, gpt, NULL);
}

static void validate_protective(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	for (struct sb_run run = sb_run(&sb_mbr_protective_rules, scope); sb_run_next(&run);)
		protective_rows[run.row].check(scope, gpt);
}

void sb_mbr_validate(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	report_unreadable(scope, gpt);
	if (gpt->type == STMBOOT_TABLE_MBR)
		validate_plain(scope, gpt);
	else
		validate_protective(scope, gpt);
}
