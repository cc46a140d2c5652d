/* SPDX-License-Identifier: MIT */
/* What is to be said about the partitions of a table. */
#include "format/gpt_internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/checked.h"

/* Offsets in an entry, UEFI 2.10 table 5-6. */
enum {
	AT_GUID = 16,
	AT_FIRST_LBA = 32,
	AT_NAME = 56,
};

static const char make_again[] = "make the table again with the right starts and sizes";

/* The sectors of a partition as text: "LBA 34 to 269". */
static const char *sectors_text(const struct sb_scope *scope, const struct stmboot_partition *p)
{
	return sb_text(scope, "LBA %" PRIu64 " to %" PRIu64, p->first_lba, p->last_lba);
}

/* Where the two LBAs of a GPT entry stand, or start and size of an MBR record. */
static struct sb_finding at_extent(const struct stmboot_partition *p)
{
	bool gpt = p->entry_length >= SB_GPT_ENTRY_BYTES;

	return (struct sb_finding){ .offset = p->entry_offset + (gpt ? AT_FIRST_LBA : 8),
				    .length = gpt ? 16 : 8 };
}

void sb_partition_check_end(const struct sb_scope *scope, const struct stmboot_gpt *gpt,
			    const struct stmboot_partition *p)
{
	struct sb_scope inner = sb_partition_scope(scope, p);
	struct sb_finding finding = at_extent(p);

	if ((p->defects & STMBOOT_PARTITION_BEYOND) == 0 ||
	    (p->defects & STMBOOT_PARTITION_ORDER) != 0)
		return;
	finding.found = sb_text(scope, "%" PRIu64 " sectors", gpt->sectors);
	finding.expected = sb_text(scope, "more than %" PRIu64 " sectors", p->last_lba);
	finding.message = sb_text(scope,
				  "partition %" PRIu32 " ends at LBA %" PRIu64
				  ", the image has %" PRIu64 " sectors",
				  p->number, p->last_lba, gpt->sectors);
	finding.hint = "write the complete image again";
	sb_report(&inner, SB_IMAGE_TRUNCATED, &finding);
}

/* Each pair is told once, with the later partition. */
void sb_partition_check_overlap(const struct sb_scope *scope, enum sb_code code,
				const struct stmboot_gpt *gpt, const struct stmboot_partition *p)
{
	struct sb_scope inner = sb_partition_scope(scope, p);
	struct sb_finding finding = at_extent(p);
	const struct stmboot_partition *other = stmboot_gpt_find_number(gpt, p->overlaps);

	if ((p->defects & STMBOOT_PARTITION_OVERLAPS) == 0 || p->overlaps > p->number ||
	    other == NULL)
		return;
	finding.found = sectors_text(scope, p);
	finding.expected = sb_text(scope, "nothing of %s", sectors_text(scope, other));
	finding.message = sb_text(scope, "partition %" PRIu32 " overlaps partition %" PRIu32,
				  p->number, other->number);
	finding.hint = make_again;
	sb_report(&inner, code, &finding);
}

static void check_order(const struct sb_scope *scope, const struct stmboot_partition *p)
{
	struct sb_scope inner = sb_partition_scope(scope, p);
	struct sb_finding finding = at_extent(p);

	if ((p->defects & STMBOOT_PARTITION_ORDER) == 0)
		return;
	finding.found = sectors_text(scope, p);
	finding.expected = "first LBA <= last LBA";
	finding.message = sb_text(scope, "partition %" PRIu32 " ends before it begins", p->number);
	finding.hint = make_again;
	sb_report(&inner, SB_GPT_PARTITION_ORDER, &finding);
}

/* What of a copy a partition covers, or NULL. */
static const char *covered_part(const struct stmboot_gpt *gpt, const struct stmboot_gpt_copy *copy,
				const struct stmboot_partition *p, bool primary)
{
	if (copy->state != STMBOOT_GPT_OK)
		return NULL;
	if (sb_ranges_overlap(p->offset, p->size, copy->offset, gpt->sector_size))
		return primary ? "the primary GPT header" : "the backup GPT header";
	if (sb_ranges_overlap(p->offset, p->size, copy->entries_offset, copy->entries_length))
		return primary ? "the entries of the primary GPT" : "the entries of the backup GPT";
	return NULL;
}

static const char *covered(const struct stmboot_gpt *gpt, const struct stmboot_partition *p)
{
	const char *part = covered_part(gpt, &gpt->primary, p, true);

	if (p->size != 0 && p->first_lba == 0)
		return "the MBR";
	return part != NULL ? part : covered_part(gpt, &gpt->backup, p, false);
}

static void check_on_table(const struct sb_scope *scope, const struct stmboot_gpt *gpt,
			   const struct stmboot_partition *p)
{
	struct sb_scope inner = sb_partition_scope(scope, p);
	struct sb_finding finding = at_extent(p);
	const char *what = covered(gpt, p);

	if (what == NULL)
		return;
	finding.found = sectors_text(scope, p);
	finding.message = sb_text(scope, "partition %" PRIu32 " covers %s", p->number, what);
	finding.hint = make_again;
	sb_report(&inner, SB_GPT_PARTITION_ON_TABLE, &finding);
}

static void check_usable(const struct sb_scope *scope, const struct stmboot_gpt *gpt,
			 const struct stmboot_gpt_copy *copy, const struct stmboot_partition *p)
{
	const uint32_t worse = STMBOOT_PARTITION_ORDER | STMBOOT_PARTITION_BEYOND;
	struct sb_scope inner = sb_partition_scope(scope, p);
	struct sb_finding finding = at_extent(p);

	if ((p->defects & STMBOOT_PARTITION_UNUSABLE) == 0 || (p->defects & worse) != 0 ||
	    covered(gpt, p) != NULL)
		return;
	finding.found = sectors_text(scope, p);
	finding.expected = sb_text(scope, "within LBA %" PRIu64 " to %" PRIu64,
				   copy->first_usable_lba, copy->last_usable_lba);
	finding.message = sb_text(scope, "partition %" PRIu32 " leaves the usable range of the GPT",
				  p->number);
	finding.hint = make_again;
	sb_report(&inner, SB_GPT_OUTSIDE_USABLE, &finding);
}

static void check_zero_guid(const struct sb_scope *scope, const struct stmboot_partition *p)
{
	struct sb_scope inner = sb_partition_scope(scope, p);

	if (strspn(p->guid, "0-") != strlen(p->guid))
		return;
	sb_report(
		&inner, SB_GPT_ZERO_GUID,
		&(struct sb_finding){
			.offset = p->entry_offset + AT_GUID,
			.length = 16,
			.found = p->guid,
			.message = sb_text(scope, "partition %" PRIu32 " has no unique GUID",
					   p->number),
			.hint = sb_text(scope, "run `sgdisk -u %" PRIu32 ":R IMAGE`", p->number) });
}

static void check_same_guid(const struct sb_scope *scope, const struct stmboot_partition *p,
			    const struct stmboot_partition *earlier)
{
	struct sb_scope inner = sb_partition_scope(scope, p);

	sb_report(
		&inner, SB_GPT_DUPLICATE_GUID,
		&(struct sb_finding){
			.offset = p->entry_offset + AT_GUID,
			.length = 16,
			.found = p->guid,
			.message = sb_text(scope,
					   "partitions %" PRIu32 " and %" PRIu32
					   " have the same unique GUID",
					   earlier->number, p->number),
			.hint = sb_text(scope, "run `sgdisk -u %" PRIu32 ":R IMAGE`", p->number) });
}

static void check_same_name(const struct sb_scope *scope, const struct stmboot_partition *p,
			    const struct stmboot_partition *earlier)
{
	struct sb_scope inner = sb_partition_scope(scope, p);

	sb_report(&inner, SB_GPT_DUPLICATE_NAME,
		  &(struct sb_finding){ .offset = p->entry_offset + AT_NAME,
					.length = (uint64_t)SB_GPT_NAME_UNITS * 2,
					.found = p->name,
					.message = sb_text(scope,
							   "partitions %" PRIu32 " and %" PRIu32
							   " have the same name",
							   earlier->number, p->number),
					.hint = sb_text(scope,
							"run `sgdisk -c %" PRIu32 ":NAME IMAGE`",
							p->number) });
}

/* Compare partition number `i` of the list with those before it; the first double counts. */
static void check_doubles(const struct sb_scope *scope, const struct stmboot_gpt_copy *copy,
			  size_t i)
{
	const struct stmboot_partition *p = copy->partitions[i];
	bool guid_told = strspn(p->guid, "0-") == strlen(p->guid);
	bool name_told = p->name[0] == '\0';

	for (size_t j = 0; j < i && !(guid_told && name_told); j++) {
		const struct stmboot_partition *earlier = copy->partitions[j];

		if (!guid_told && strcmp(p->guid, earlier->guid) == 0) {
			check_same_guid(scope, p, earlier);
			guid_told = true;
		}
		if (!name_told && strcmp(p->name, earlier->name) == 0) {
			check_same_name(scope, p, earlier);
			name_told = true;
		}
	}
}

void sb_gpt_validate_entries(const struct sb_scope *scope, const struct stmboot_gpt *gpt,
			     const struct stmboot_gpt_copy *copy)
{
	for (size_t i = 0; i < copy->partition_count; i++) {
		const struct stmboot_partition *p = copy->partitions[i];

		check_order(scope, p);
		sb_partition_check_end(scope, gpt, p);
		sb_partition_check_overlap(scope, SB_GPT_OVERLAP, gpt, p);
		check_on_table(scope, gpt, p);
		check_usable(scope, gpt, copy, p);
		check_zero_guid(scope, p);
		check_doubles(scope, copy, i);
	}
}
