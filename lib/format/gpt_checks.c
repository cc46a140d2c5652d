/* SPDX-License-Identifier: MIT */
/* What is to be said about the copies of a GPT. The order is that of the medium. */
#include "format/gpt_internal.h"

#include <inttypes.h>
#include <string.h>

/* Offsets and lengths of header fields, UEFI 2.10 table 5-5. */
enum {
	AT_SIGNATURE = 0,
	AT_HEADER_SIZE = 12,
	AT_HEADER_CRC = 16,
	AT_MY_LBA = 24,
	AT_ALTERNATE_LBA = 32,
	AT_FIRST_USABLE = 40,
	AT_LAST_USABLE = 48,
	AT_DISK_GUID = 56,
	AT_ENTRIES_LBA = 72,
	AT_ENTRY_COUNT = 80,
	AT_ENTRY_SIZE = 84,
	AT_ENTRIES_CRC = 88,
};

/* One copy while it is checked. */
struct view {
	struct sb_scope scope;
	const struct stmboot_gpt *gpt;
	const struct stmboot_gpt_copy *copy;
	const char *name; /* "primary" or "backup" */
	const char *hint;
	enum sb_code code;
};

static const char repair_primary[] =
	"run `stmboot gpt repair IMAGE`: it writes the primary from the backup";
static const char repair_backup[] =
	"run `stmboot gpt repair IMAGE`: it writes the backup from the primary";
static const char choose_copy[] =
	"run `stmboot gpt repair --from=primary IMAGE`, or the same with --from=backup; "
	"'stmboot gpt show' shows both";
static const char write_again[] = "write the complete image again";

static void report_field(const struct view *v, enum sb_code code, uint64_t at, uint64_t length,
			 struct sb_finding finding)
{
	finding.offset = v->copy->offset + at;
	finding.length = length;
	finding.hint = v->hint;
	sb_report(&v->scope, code, &finding);
}

static void check_header_size(const struct view *v)
{
	const struct sb_scope *s = &v->scope;

	if ((v->copy->defects & STMBOOT_GPT_HEADER_SIZE) == 0)
		return;
	report_field(v, v->code, AT_HEADER_SIZE, 4,
		     (struct sb_finding){
			     .found = sb_text(s, "%" PRIu32, v->copy->header_size),
			     .expected = sb_text(s, "92 to %" PRIu32, v->gpt->sector_size),
			     .message = sb_text(s, "the %s GPT header has an impossible size",
						v->name) });
}

static void check_header_crc(const struct view *v)
{
	const struct sb_scope *s = &v->scope;

	if ((v->copy->defects & STMBOOT_GPT_HEADER_CRC) == 0)
		return;
	report_field(
		v, v->code, AT_HEADER_CRC, 4,
		(struct sb_finding){
			.found = sb_text(s, "0x%08" PRIx32, v->copy->header_crc),
			.expected = sb_text(s, "0x%08" PRIx32, v->copy->header_crc_computed),
			.message = sb_text(s, "the checksum of the %s GPT header does not match",
					   v->name) });
}

static void check_my_lba(const struct view *v)
{
	const struct sb_scope *s = &v->scope;

	if ((v->copy->defects & STMBOOT_GPT_MY_LBA) == 0)
		return;
	report_field(
		v, v->code, AT_MY_LBA, 8,
		(struct sb_finding){
			.found = sb_text(s, "LBA %" PRIu64, v->copy->my_lba),
			.expected = sb_text(s, "LBA %" PRIu64, v->copy->lba),
			.message = sb_text(s, "the %s GPT header says that it stands elsewhere",
					   v->name) });
}

static void check_usable_order(const struct view *v)
{
	const struct sb_scope *s = &v->scope;

	if ((v->copy->defects & STMBOOT_GPT_USABLE_ORDER) == 0)
		return;
	report_field(v, v->code, AT_FIRST_USABLE, 16,
		     (struct sb_finding){
			     .found = sb_text(s, "%" PRIu64 " to %" PRIu64,
					      v->copy->first_usable_lba, v->copy->last_usable_lba),
			     .expected = "first usable LBA <= last usable LBA",
			     .message = sb_text(s, "the usable range of the %s GPT is reversed",
						v->name) });
}

/* Whether the primary is sound, and what it describes is missing. */
static bool is_cut(const struct view *v)
{
	return v->copy == &v->gpt->primary && sb_gpt_is_cut(v->gpt);
}

static void report_usable_end(const struct view *v, enum sb_code code)
{
	const struct sb_scope *s = &v->scope;
	bool is_last = v->copy->last_usable_lba >= v->gpt->sectors;
	uint64_t lba = is_last ? v->copy->last_usable_lba : v->copy->first_usable_lba;

	report_field(v, code, is_last ? AT_LAST_USABLE : AT_FIRST_USABLE, 8,
		     (struct sb_finding){
			     .found = sb_text(s, "LBA %" PRIu64, lba),
			     .expected = sb_text(s, "at most LBA %" PRIu64, v->gpt->sectors - 1),
			     .message = sb_text(s,
						"the %s GPT calls sectors usable past the end of "
						"the medium",
						v->name) });
}

static void check_usable_end(const struct view *v)
{
	if ((v->copy->defects & STMBOOT_GPT_USABLE_END) != 0 && !is_cut(v))
		report_usable_end(v, v->code);
}

static void report_entry_size(const struct view *v, enum sb_code code)
{
	report_field(v, code, AT_ENTRY_SIZE, 4,
		     (struct sb_finding){
			     .found = sb_text(&v->scope, "%" PRIu32, v->copy->entry_size),
			     .expected = "128",
			     .message = sb_text(&v->scope,
						"the entries of the %s GPT are not 128 bytes long",
						v->name) });
}

/* That of the primary has a code of its own. */
static void check_entry_size(const struct view *v)
{
	if ((v->copy->defects & STMBOOT_GPT_ENTRY_SIZE) != 0 && v->copy != &v->gpt->primary)
		report_entry_size(v, v->code);
}

static void check_entry_count(const struct view *v)
{
	if ((v->copy->defects & STMBOOT_GPT_ENTRY_COUNT) == 0)
		return;
	report_field(
		v, v->code, AT_ENTRY_COUNT, 4,
		(struct sb_finding){
			.found = sb_text(&v->scope, "%" PRIu32 " entries", v->copy->entry_count),
			.expected = "at least 1 entry and an array of at most 4 MiB",
			.message =
				sb_text(&v->scope, "the %s GPT has an impossible number of entries",
					v->name) });
}

static void check_entries_range(const struct view *v)
{
	const struct sb_scope *s = &v->scope;

	if ((v->copy->defects & STMBOOT_GPT_ENTRIES_RANGE) == 0)
		return;
	report_field(
		v, v->code, AT_ENTRIES_LBA, 8,
		(struct sb_finding){
			.found = sb_text(s, "%" PRIu64 " bytes at LBA %" PRIu64,
					 v->copy->entries_length, v->copy->entries_lba),
			.expected = sb_text(s, "within %" PRIu64 " sectors", v->gpt->sectors),
			.message = sb_text(s, "the entry array of the %s GPT leaves the medium",
					   v->name) });
}

static void check_entries_crc(const struct view *v)
{
	const struct sb_scope *s = &v->scope;

	if ((v->copy->defects & STMBOOT_GPT_ENTRIES_CRC) == 0)
		return;
	report_field(
		v, v->code, AT_ENTRIES_CRC, 4,
		(struct sb_finding){
			.found = sb_text(s, "0x%08" PRIx32, v->copy->entries_crc),
			.expected = sb_text(s, "0x%08" PRIx32, v->copy->entries_crc_computed),
			.message = sb_text(s, "the checksum of the %s GPT's entries does not match",
					   v->name) });
}

/* The rules of a copy, but those that have a code of their own. */
static void check_copy(const struct view *v)
{
	static void (*const checks[])(const struct view *) = {
		check_header_size,  check_header_crc,    check_my_lba,
		check_usable_order, check_usable_end,    check_entry_size,
		check_entry_count,  check_entries_range, check_entries_crc,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](v);
}

static struct view primary_of(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	bool can_repair = stmboot_gpt_backup(gpt)->state == STMBOOT_GPT_OK;

	return (struct view){ .scope = *scope,
			      .gpt = gpt,
			      .copy = &gpt->primary,
			      .name = "primary",
			      .hint = can_repair ? repair_primary : write_again,
			      .code = SB_GPT_PRIMARY_BAD };
}

/* Nobody needs the backup while the primary is good, so nothing here is an error. */
static struct view backup_of(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	struct view v = { .scope = *scope,
			  .gpt = gpt,
			  .copy = stmboot_gpt_backup(gpt),
			  .name = "backup",
			  .hint = gpt->primary.state == STMBOOT_GPT_OK ? repair_backup
								       : write_again,
			  .code = SB_GPT_BACKUP_BAD };

	if (v.scope.ceiling > STMBOOT_WARNING)
		v.scope.ceiling = STMBOOT_WARNING;
	return v;
}

static void check_primary_there(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	struct view v = primary_of(scope, gpt);

	if (gpt->primary.state == STMBOOT_GPT_MISSING)
		report_field(
			&v, SB_GPT_PRIMARY_MISSING, AT_SIGNATURE, 8,
			(struct sb_finding){ .found = "no signature", .expected = "\"EFI PART\"" });
}

static void check_primary(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	struct view v = primary_of(scope, gpt);

	check_copy(&v);
}

/*
 * U-Boot compares with the number of sectors, Linux with the last one: a table
 * that is one sector too long is lost to Linux only.
 */
static void check_cut(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	struct view v = primary_of(scope, gpt);
	uint64_t last = gpt->primary.last_usable_lba;

	if ((gpt->primary.defects & STMBOOT_GPT_USABLE_END) == 0 || !is_cut(&v))
		return;
	v.hint = write_again;
	if ((last >= gpt->sectors ? last : gpt->primary.first_usable_lba) == gpt->sectors)
		v.scope.stage = STMBOOT_STAGE_ROOTFS;
	report_usable_end(&v, SB_GPT_USABLE_BEYOND_MEDIUM);
}

static void check_primary_entry_size(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	struct view v = primary_of(scope, gpt);

	if ((gpt->primary.defects & STMBOOT_GPT_ENTRY_SIZE) != 0)
		report_entry_size(&v, SB_GPT_ENTRY_SIZE);
}

static void check_backup_there(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	struct view v = backup_of(scope, gpt);
	const struct stmboot_gpt_copy *primary = &gpt->primary;
	struct sb_finding finding = { .found = "no signature", .expected = "\"EFI PART\"" };

	if (gpt->backup_state != STMBOOT_GPT_MISSING)
		return;
	if (primary->state != STMBOOT_GPT_MISSING && primary->alternate_lba >= gpt->sectors)
		finding.message = sb_text(scope,
					  "the backup GPT should stand at LBA %" PRIu64
					  ", past the end of the medium",
					  primary->alternate_lba);
	else if (primary->state != STMBOOT_GPT_MISSING && primary->alternate_lba == primary->lba)
		finding.message = "this GPT was made without a backup";
	report_field(&v, SB_GPT_BACKUP_MISSING, AT_SIGNATURE, 8, finding);
}

static void check_backup_place(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	struct view v = backup_of(scope, gpt);
	const struct sb_scope *s = &v.scope;

	if (gpt->backup_state != STMBOOT_GPT_MISPLACED)
		return;
	sb_report(s, SB_GPT_BACKUP_MISPLACED,
		  &(struct sb_finding){
			  .offset = v.copy->offset,
			  .length = gpt->sector_size,
			  .found = sb_text(s, "LBA %" PRIu64, v.copy->lba),
			  .expected = sb_text(s, "LBA %" PRIu64, gpt->sectors - 1),
			  .hint = "normal after writing an image to a larger card; `stmboot gpt "
				  "repair IMAGE` writes it to the end and frees the space before "
				  "it" });
}

static void check_backup(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	struct view v = backup_of(scope, gpt);

	check_copy(&v);
}

static void check_stale(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	if (!gpt->stale_backup)
		return;
	sb_report(scope, SB_GPT_BACKUP_STALE,
		  &(struct sb_finding){ .offset = gpt->backup.offset + AT_DISK_GUID,
					.length = 16,
					.found = gpt->backup.disk_guid,
					.expected = gpt->primary.disk_guid,
					.hint = repair_backup });
}

uint32_t sb_gpt_first_difference(const struct stmboot_gpt_copy *a, const struct stmboot_gpt_copy *b)
{
	for (size_t i = 0; i < a->partition_count || i < b->partition_count; i++) {
		const struct stmboot_partition *p, *q;

		if (i >= a->partition_count)
			return b->partitions[i]->number;
		if (i >= b->partition_count)
			return a->partitions[i]->number;
		p = a->partitions[i];
		q = b->partitions[i];
		if (p->number != q->number)
			return p->number < q->number ? p->number : q->number;
		if (p->first_lba != q->first_lba || p->last_lba != q->last_lba ||
		    p->attributes != q->attributes || strcmp(p->guid, q->guid) != 0 ||
		    strcmp(p->type_guid, q->type_guid) != 0 || strcmp(p->name, q->name) != 0)
			return p->number;
	}
	return 0;
}

static void check_difference(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_copy *backup = stmboot_gpt_backup(gpt);
	uint32_t number = sb_gpt_first_difference(&gpt->primary, backup);
	const char *message = "the two copies of the GPT have different headers";

	if (!gpt->copies_differ)
		return;
	if (number != 0)
		message = sb_text(scope,
				  "the two copies of the GPT differ, first at partition %" PRIu32,
				  number);
	sb_report(scope, SB_GPT_COPIES_DIFFER,
		  &(struct sb_finding){ .offset = backup->offset,
					.length = gpt->sector_size,
					.message = message,
					.hint = number != 0 ? choose_copy : repair_backup });
}

static void check_link(const struct sb_scope *scope, const struct stmboot_gpt_copy *from,
		       const struct stmboot_gpt_copy *to, const char *name)
{
	if (from->alternate_lba == to->lba)
		return;
	sb_report(scope, SB_GPT_COPIES_DIFFER,
		  &(struct sb_finding){
			  .offset = from->offset + AT_ALTERNATE_LBA,
			  .length = 8,
			  .found = sb_text(scope, "LBA %" PRIu64, from->alternate_lba),
			  .expected = sb_text(scope, "LBA %" PRIu64, to->lba),
			  .message = sb_text(scope, "the %s GPT does not point to the other copy",
					     name),
			  .hint = repair_backup });
}

static void check_links(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_copy *backup = stmboot_gpt_backup(gpt);

	if (gpt->primary.state != STMBOOT_GPT_OK || backup->state != STMBOOT_GPT_OK)
		return;
	check_link(scope, &gpt->primary, backup, "primary");
	check_link(scope, backup, &gpt->primary, "backup");
}

static void check_agreement(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	check_difference(scope, gpt);
	check_links(scope, gpt);
}

static void check_sector_size(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	if (gpt->sector_size == SB_SECTOR)
		return;
	sb_report(scope, SB_GPT_SECTOR_SIZE,
		  &(struct sb_finding){ .offset = gpt->primary.offset,
					.length = 8,
					.found = "\"EFI PART\" at byte 4096",
					.expected = "\"EFI PART\" at byte 512",
					.hint = "make the image for 512-byte sectors" });
}

static void check_array_place(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_copy *primary = &gpt->primary;

	if (primary->state != STMBOOT_GPT_OK || primary->entries_lba == SB_GPT_USUAL_ENTRIES_LBA)
		return;
	sb_report(
		scope, SB_GPT_ARRAY_ELSEWHERE,
		&(struct sb_finding){ .offset = primary->offset + AT_ENTRIES_LBA,
				      .length = 8,
				      .found = sb_text(scope, "LBA %" PRIu64, primary->entries_lba),
				      .expected = "LBA 2",
				      .hint = "leave gpt-location of genimage at its default" });
}

static void check_large_array(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_copy *primary = &gpt->primary;

	if (primary->state != STMBOOT_GPT_OK ||
	    (primary->entry_count <= 128 && !primary->entries_cut))
		return;
	sb_report(scope, SB_GPT_ENTRY_COUNT,
		  &(struct sb_finding){
			  .offset = primary->offset + AT_ENTRY_COUNT,
			  .length = 4,
			  .found = sb_text(scope, "%" PRIu32, primary->entry_count),
			  .expected = "128",
			  .message = primary->entries_cut
					     ? "the GPT has more used entries than are looked at"
					     : NULL,
			  .hint = "run `sgdisk --resize-table=128 IMAGE`" });
}

static void check_whole_sectors(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	uint64_t rest = gpt->medium_size % SB_SECTOR;

	if (rest == 0)
		return;
	sb_report(scope, SB_IMAGE_PARTIAL_SECTOR,
		  &(struct sb_finding){
			  .offset = gpt->medium_size - rest,
			  .length = rest,
			  .found = sb_text(scope, "%" PRIu64 " bytes after the last sector", rest),
			  .expected = "a multiple of 512 bytes",
			  .hint = "give the image a size in whole KiB" });
}

/* Not for a rule to find: what is there is not known. */
static void report_unreadable(struct view v)
{
	if ((v.copy->defects & STMBOOT_GPT_UNREADABLE) != 0)
		report_field(&v, SB_IMAGE_READ_ERROR, 0, v.gpt->sector_size,
			     (struct sb_finding){ .message = sb_text(&v.scope,
								     "the %s GPT could not be read",
								     v.name) });
}

static const SB_RULE(const struct sb_scope *, const struct stmboot_gpt *) medium_rows[] = {
	{ SB_IMAGE_PARTIAL_SECTOR, check_whole_sectors },
};

const struct sb_rules sb_medium_rules = SB_RULES(medium_rows);

/* clang-format off */
static const SB_RULE(const struct sb_scope *, const struct stmboot_gpt *) rows[] = {
	{ SB_GPT_SECTOR_SIZE, check_sector_size },
	{ SB_GPT_PRIMARY_MISSING, check_primary_there },
	{ SB_GPT_PRIMARY_BAD, check_primary },
	{ SB_GPT_USABLE_BEYOND_MEDIUM, check_cut },
	{ SB_GPT_ENTRY_SIZE, check_primary_entry_size },
	{ SB_GPT_ARRAY_ELSEWHERE, check_array_place },
	{ SB_GPT_ENTRY_COUNT, check_large_array },
	{ SB_GPT_BACKUP_MISSING, check_backup_there },
	{ SB_GPT_BACKUP_MISPLACED, check_backup_place },
	{ SB_GPT_BACKUP_BAD, check_backup },
	{ SB_GPT_BACKUP_STALE, check_stale },
	{ SB_GPT_COPIES_DIFFER, check_agreement },
};
/* clang-format on */

const struct sb_rules sb_gpt_rules = SB_RULES(rows);

static void validate_gpt(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	report_unreadable(primary_of(scope, gpt));
	report_unreadable(backup_of(scope, gpt));
	for (struct sb_run run = sb_run(&sb_gpt_rules, scope); sb_run_next(&run);)
		rows[run.row].check(scope, gpt);
	if (gpt->described != NULL)
		sb_partitions_validate(scope, gpt, gpt->described);
}

void sb_gpt_validate(const struct sb_scope *scope, const struct stmboot_gpt *gpt)
{
	if (gpt->type == STMBOOT_TABLE_NONE)
		return;
	for (struct sb_run run = sb_run(&sb_medium_rules, scope); sb_run_next(&run);)
		medium_rows[run.row].check(scope, gpt);
	sb_mbr_validate(scope, gpt);
	if (gpt->type == STMBOOT_TABLE_GPT)
		validate_gpt(scope, gpt);
}
