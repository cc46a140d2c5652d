/* SPDX-License-Identifier: MIT */
/* What is to be said about the partitions of a table. */
#include "format/gpt_internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/hint.h"

/* Offsets in an entry, UEFI 2.10 table 5-6. */
enum {
	AT_GUID = 16,
	AT_FIRST_LBA = 32,
	AT_NAME = 56,
};

enum { MOST_OF_A_NAME = 30 }; /* bytes of one that leave room for a number behind it */

static const char make_again[] = "make the table again with the right starts and sizes";

/* One partition of a list, and what it is judged by. */
struct checked {
	struct sb_scope scope; /* of the partition */
	const struct stmboot_gpt *gpt;
	const struct stmboot_gpt_copy *copy; /* NULL: a plain MBR has the list */
	const struct stmboot_partition *const *list;
	const struct stmboot_partition *p;
};

/* The sectors of a partition as text: "LBA 34 to 269". */
static const char *sectors_text(const struct checked *c, const struct stmboot_partition *p)
{
	return sb_text(&c->scope, "LBA %" PRIu64 " to %" PRIu64, p->first_lba, p->last_lba);
}

/* Where the two LBAs of a GPT entry stand, or start and size of an MBR record. */
static struct sb_finding at_extent(const struct checked *c)
{
	return (struct sb_finding){ .offset = c->p->entry_offset +
					      (c->copy != NULL ? AT_FIRST_LBA : 8),
				    .length = c->copy != NULL ? 16 : 8 };
}

static void check_order(const struct checked *c)
{
	struct sb_finding finding = at_extent(c);

	if (c->copy == NULL || (c->p->defects & STMBOOT_PARTITION_ORDER) == 0)
		return;
	finding.found = sectors_text(c, c->p);
	finding.expected = "first LBA <= last LBA";
	finding.message =
		sb_text(&c->scope, "partition %" PRIu32 " ends before it begins", c->p->number);
	finding.hint = make_again;
	sb_report(&c->scope, SB_GPT_PARTITION_ORDER, &finding);
}

static void check_end(const struct checked *c)
{
	struct sb_finding finding = at_extent(c);

	if ((c->p->defects & STMBOOT_PARTITION_BEYOND) == 0)
		return;
	finding.found = sb_text(&c->scope, "%" PRIu64 " sectors", c->gpt->sectors);
	finding.expected = sb_text(&c->scope, "at least %" PRIu64 " sectors", c->p->last_lba + 1);
	finding.message = sb_text(&c->scope,
				  "partition %" PRIu32 " ends at LBA %" PRIu64
				  ", the image has %" PRIu64 " sectors",
				  c->p->number, c->p->last_lba, c->gpt->sectors);
	finding.hint = "write the complete image again";
	sb_report(&c->scope, SB_IMAGE_TRUNCATED, &finding);
}

/* Each pair is told once, with the later partition. */
static void report_overlap(const struct checked *c, enum sb_code code)
{
	struct sb_finding finding = at_extent(c);
	const struct stmboot_partition *p = c->p;
	const struct stmboot_partition *other = stmboot_gpt_find_number(c->gpt, p->overlaps);

	if ((p->defects & STMBOOT_PARTITION_OVERLAPS) == 0 || p->overlaps > p->number ||
	    other == NULL)
		return;
	finding.found = sectors_text(c, p);
	finding.expected = sb_text(&c->scope, "nothing of %s", sectors_text(c, other));
	finding.message = sb_text(&c->scope, "partition %" PRIu32 " overlaps partition %" PRIu32,
				  p->number, other->number);
	finding.hint = make_again;
	sb_report(&c->scope, code, &finding);
}

static void check_gpt_overlap(const struct checked *c)
{
	if (c->copy != NULL)
		report_overlap(c, SB_GPT_OVERLAP);
}

static void check_mbr_overlap(const struct checked *c)
{
	if (c->copy == NULL)
		report_overlap(c, SB_MBR_OVERLAP);
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

static void check_on_table(const struct checked *c)
{
	struct sb_finding finding = at_extent(c);
	const char *what = c->copy != NULL ? covered(c->gpt, c->p) : NULL;

	if (what == NULL)
		return;
	finding.found = sectors_text(c, c->p);
	finding.message = sb_text(&c->scope, "partition %" PRIu32 " covers %s", c->p->number, what);
	finding.hint = make_again;
	sb_report(&c->scope, SB_GPT_PARTITION_ON_TABLE, &finding);
}

static void check_usable(const struct checked *c)
{
	struct sb_finding finding = at_extent(c);

	if (c->copy == NULL || (c->p->defects & STMBOOT_PARTITION_UNUSABLE) == 0)
		return;
	finding.found = sectors_text(c, c->p);
	finding.expected = sb_text(&c->scope, "within LBA %" PRIu64 " to %" PRIu64,
				   c->copy->first_usable_lba, c->copy->last_usable_lba);
	finding.message =
		sb_text(&c->scope, "partition %" PRIu32 " leaves the usable range of the GPT",
			c->p->number);
	finding.hint = make_again;
	sb_report(&c->scope, SB_GPT_OUTSIDE_USABLE, &finding);
}

static void report_guid(const struct checked *c, enum sb_code code, const char *message)
{
	sb_report(&c->scope, code,
		  &(struct sb_finding){ .offset = c->p->entry_offset + AT_GUID,
					.length = 16,
					.found = c->p->guid,
					.message = message,
					.hint = sb_text(&c->scope,
							"run `stmboot gpt set IMAGE %" PRIu32
							" guid=random`",
							c->p->number) });
}

static void check_guid(const struct checked *c)
{
	if (c->copy != NULL && strspn(c->p->guid, "0-") == strlen(c->p->guid))
		report_guid(c, SB_GPT_ZERO_GUID,
			    sb_text(&c->scope, "partition %" PRIu32 " has no unique GUID",
				    c->p->number));
}

static bool has_guid_of(const struct stmboot_partition *a, const struct stmboot_partition *b)
{
	return strcmp(a->guid, b->guid) == 0;
}

static bool has_name_of(const struct stmboot_partition *a, const struct stmboot_partition *b)
{
	return strcmp(a->name, b->name) == 0;
}

/* The first partition of the list that is like this one and stands before it, or NULL. */
static const struct stmboot_partition *twin(const struct checked *c,
					    bool (*is_like)(const struct stmboot_partition *,
							    const struct stmboot_partition *))
{
	for (size_t i = 0; c->copy != NULL && c->list[i] != c->p; i++)
		if (is_like(c->list[i], c->p))
			return c->list[i];
	return NULL;
}

static void check_unique_guid(const struct checked *c)
{
	const struct stmboot_partition *earlier = twin(c, has_guid_of);

	if (earlier != NULL)
		report_guid(c, SB_GPT_DUPLICATE_GUID,
			    sb_text(&c->scope,
				    "partitions %" PRIu32 " and %" PRIu32
				    " have the same unique GUID",
				    earlier->number, c->p->number));
}

/* Bytes of a name, whole characters, that a number may follow. */
static size_t cut_name(const char *name)
{
	size_t length = strlen(name);

	if (length <= MOST_OF_A_NAME)
		return length;
	for (length = MOST_OF_A_NAME; length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80;)
		length--;
	return length;
}

static void check_unique_name(const struct checked *c)
{
	const struct stmboot_partition *earlier =
		c->p->name[0] != '\0' ? twin(c, has_name_of) : NULL;
	const char *name;

	if (earlier == NULL)
		return;
	name = sb_text(&c->scope, "%.*s-%" PRIu32, (int)cut_name(c->p->name), c->p->name,
		       c->p->number);
	sb_report(&c->scope, SB_GPT_DUPLICATE_NAME,
		  &(struct sb_finding){
			  .offset = c->p->entry_offset + AT_NAME,
			  .length = (uint64_t)SB_GPT_NAME_UNITS * 2,
			  .found = c->p->name,
			  .message = sb_text(&c->scope,
					     "partitions %" PRIu32 " and %" PRIu32
					     " have the same name",
					     earlier->number, c->p->number),
			  .hint = sb_text(&c->scope,
					  "run `stmboot gpt set IMAGE %" PRIu32 " name=%s`",
					  c->p->number,
					  name != NULL ? sb_hint_word(&c->scope, name) : "NAME") });
}

/* clang-format off */
static const SB_RULE(const struct checked *) rows[] = {
	{ SB_GPT_PARTITION_ORDER, check_order },
	{ SB_IMAGE_TRUNCATED, check_end },
	{ SB_GPT_OVERLAP, check_gpt_overlap },
	{ SB_MBR_OVERLAP, check_mbr_overlap },
	{ SB_GPT_PARTITION_ON_TABLE, check_on_table },
	{ SB_GPT_OUTSIDE_USABLE, check_usable },
	{ SB_GPT_ZERO_GUID, check_guid },
	{ SB_GPT_DUPLICATE_GUID, check_unique_guid },
	{ SB_GPT_DUPLICATE_NAME, check_unique_name },
};
/* clang-format on */

const struct sb_rules sb_partition_rules = SB_RULES(rows);

void sb_partitions_validate(const struct sb_scope *scope, const struct stmboot_gpt *gpt,
			    const struct stmboot_gpt_copy *copy)
{
	struct checked c = { .scope = *scope, .gpt = gpt, .copy = copy };
	size_t count = copy != NULL ? copy->partition_count : gpt->mbr.partition_count;

	c.list = copy != NULL ? copy->partitions : gpt->mbr.partitions;
	for (size_t i = 0; i < count; i++) {
		c.p = c.list[i];
		c.scope.partition = (int32_t)c.p->number;
		for (struct sb_run run = sb_run(&sb_partition_rules, scope); sb_run_next(&run);)
			rows[run.row].check(&c);
	}
}
