/* SPDX-License-Identifier: MIT */
#include "../support/gpt_bench.h"

#include <stdio.h>

#include "base/diag.h"

/* What is found on a card; at most one of each patch and few lines of text. */
struct verdict {
	struct stmboot_diags *diags;
	char codes[512]; /* in order, each with a blank behind it */
};

static struct verdict judge(struct bench *b)
{
	struct verdict v = { .codes = "" };
	struct sb_scope scope;

	cr_assert_eq(stmboot_diags_new(b->ctx, &v.diags), STMBOOT_OK);
	scope = sb_scope(v.diags, b->src);
	sb_gpt_validate(&scope, b->gpt);
	cr_expect_eq(sb_diags_status(v.diags), STMBOOT_OK);
	for (size_t i = 0; i < stmboot_diags_count(v.diags); i++) {
		size_t length = strlen(v.codes);

		snprintf(v.codes + length, sizeof(v.codes) - length, "%s ",
			 stmboot_diags_get(v.diags, i)->code);
	}
	return v;
}

struct patch {
	uint64_t offset, value;
	size_t bytes;
};

struct check_case {
	const char *name;
	struct patch patches[2];
	bool mend; /* the primary's checksums */
	bool copy; /* the primary's entries to the backup, and both copies' checksums */
	const char *codes;
	uint64_t offset; /* of the first finding */
	enum stmboot_severity severity;
	enum stmboot_stage stage;
};

#define ENTRY(n) (ENTRIES + 128 * (n))

static const struct check_case check_cases[] = {
	{ "wrong header checksum",
	  { { HEADER + 16, 0, 4 } },
	  false,
	  false,
	  "gpt.primary-bad ",
	  HEADER + 16,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROM },
	{ "wrong entries checksum",
	  { { ENTRY(0) + 16, 0, 1 } },
	  false,
	  false,
	  "gpt.primary-bad ",
	  HEADER + 88,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROM },
	{ "wrong own LBA",
	  { { HEADER + 24, 7, 8 } },
	  true,
	  false,
	  "gpt.primary-bad ",
	  HEADER + 24,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROM },
	{ "short header",
	  { { HEADER + 12, 91, 4 } },
	  true,
	  false,
	  "gpt.primary-bad ",
	  HEADER + 12,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROM },
	{ "reversed usable range",
	  { { HEADER + 40, LAST + 1, 8 } },
	  true,
	  false,
	  "gpt.primary-bad ",
	  HEADER + 40,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROM },
	{ "usable past the end of a medium that was not cut",
	  { { HEADER + 48, SECTORS, 8 } },
	  true,
	  false,
	  "gpt.primary-bad ",
	  HEADER + 48,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROM },
	{ "no entries",
	  { { HEADER + 80, 0, 4 } },
	  true,
	  false,
	  "gpt.primary-bad ",
	  HEADER + 80,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROM },
	{ "entry array outside",
	  { { HEADER + 72, SECTORS, 8 } },
	  true,
	  false,
	  "gpt.primary-bad ",
	  HEADER + 72,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROM },
	{ "entry size 256",
	  { { HEADER + 84, 256, 4 } },
	  true,
	  false,
	  "gpt.entry-size ",
	  HEADER + 84,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROM },
	{ "no primary",
	  { { HEADER, 0, 8 } },
	  false,
	  false,
	  "gpt.primary-missing ",
	  HEADER,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROM },
	{ "bad backup",
	  { { BACKUP + 16, 0, 4 } },
	  false,
	  false,
	  "gpt.backup-bad ",
	  BACKUP + 16,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_ROM },
	{ "no backup",
	  { { BACKUP, 0, 8 } },
	  false,
	  false,
	  "gpt.backup-missing ",
	  BACKUP,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_ROM },
	{ "made without a backup",
	  { { HEADER + 32, 1, 8 }, { BACKUP, 0, 8 } },
	  true,
	  false,
	  "gpt.backup-missing ",
	  BACKUP,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_ROM },
	{ "backup of another disk",
	  { { HEADER + 56, 7, 8 } },
	  true,
	  false,
	  "gpt.backup-stale ",
	  BACKUP + 56,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_ROM },
	{ "copies with different names",
	  { { ENTRY(3) + 56, 's', 1 } },
	  true,
	  false,
	  "gpt.copies-differ ",
	  BACKUP,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_ROM },
	{ "primary does not know its backup",
	  { { HEADER + 32, 40, 8 } },
	  true,
	  false,
	  "gpt.copies-differ ",
	  HEADER + 32,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_ROM },
	{ "partition 2 runs into partition 3",
	  { { ENTRY(1) + 40, FIRST + 8, 8 } },
	  false,
	  true,
	  "gpt.overlap ",
	  ENTRY(2) + 32,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_EXTLINUX },
	{ "partition ends before it begins",
	  { { ENTRY(2) + 40, FIRST, 8 } },
	  false,
	  true,
	  "gpt.partition-order ",
	  ENTRY(2) + 32,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROOTFS },
	{ "partition past the end",
	  { { ENTRY(3) + 40, SECTORS, 8 } },
	  false,
	  true,
	  "image.truncated gpt.partition-on-table ",
	  ENTRY(3) + 32,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_ROOTFS },
	{ "partition over the backup's entries",
	  { { ENTRY(3) + 40, LAST + 1, 8 } },
	  false,
	  true,
	  "gpt.partition-on-table ",
	  ENTRY(3) + 32,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_EXTLINUX },
	{ "partition outside the usable range",
	  { { HEADER + 40, FIRST + 1, 8 }, { BACKUP + 40, FIRST + 1, 8 } },
	  false,
	  true,
	  "gpt.outside-usable ",
	  ENTRY(0) + 32,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_ROOTFS },
	{ "no unique GUID",
	  { { ENTRY(1) + 16, 0, 16 } },
	  false,
	  true,
	  "gpt.zero-guid ",
	  ENTRY(1) + 16,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_ROOTFS },
	{ "the same GUID twice",
	  { { ENTRY(1) + 16, 0x0101010101010101, 8 }, { ENTRY(1) + 24, 0x0101010101010101, 8 } },
	  false,
	  true,
	  "gpt.duplicate-guid ",
	  ENTRY(1) + 16,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_ROOTFS },
	{ "the same name twice",
	  { { ENTRY(1) + 64, '1', 1 } },
	  false,
	  true,
	  "gpt.duplicate-name ",
	  ENTRY(1) + 56,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_FSBL },
	{ "names that are empty are not the same",
	  { { ENTRY(0) + 56, 0, 2 }, { ENTRY(1) + 56, 0, 2 } },
	  false,
	  true,
	  "",
	  0,
	  0,
	  0 },
	{ "unused entries have no defects", { { ENTRY(1), 0, 16 } }, false, true, "", 0, 0, 0 },
	{ "MBR without signature",
	  { { 510, 0, 2 } },
	  false,
	  false,
	  "mbr.missing ",
	  510,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_FSBL },
	{ "MBR record of another type",
	  { { 450, 0x83, 1 } },
	  false,
	  false,
	  "mbr.not-protective ",
	  450,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_FSBL },
	{ "MBR record that starts at LBA 2",
	  { { 454, 2, 4 } },
	  false,
	  false,
	  "mbr.not-protective ",
	  454,
	  STMBOOT_ERROR,
	  STMBOOT_STAGE_FSBL },
	{ "hybrid MBR",
	  { { 466, 0x83, 1 } },
	  false,
	  false,
	  "mbr.hybrid ",
	  446,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_FSBL },
	{ "MBR record of the largest size",
	  { { 458, UINT32_MAX, 4 } },
	  false,
	  false,
	  "mbr.protective-size ",
	  458,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_FSBL },
	{ "MBR record of no size",
	  { { 458, 0, 4 } },
	  false,
	  false,
	  "mbr.protective-size ",
	  458,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_FSBL },
	{ "MBR record that covers a part",
	  { { 458, 99, 4 } },
	  false,
	  false,
	  "mbr.protective-cover ",
	  458,
	  STMBOOT_NOTE,
	  STMBOOT_STAGE_FSBL },
	{ "MBR with a partition of its own",
	  { { 450, 0x83, 1 }, { 454, 99, 4 } },
	  false,
	  false,
	  "mbr.gpt-ignored image.truncated ",
	  HEADER,
	  STMBOOT_WARNING,
	  STMBOOT_STAGE_ROM },
};

static void apply(uint8_t *bytes, const struct patch *p)
{
	memset(bytes + p->offset, 0, p->bytes);
	card_put(bytes + p->offset, p->value, p->bytes < 8 ? p->bytes : 8);
}

Test(gpt_checks, every_defect_has_its_code_and_place)
{
	for (size_t i = 0; i < sizeof(check_cases) / sizeof(check_cases[0]); i++) {
		const struct check_case *c = &check_cases[i];
		struct bench b = healthy();
		const struct stmboot_diag *first;
		struct verdict v;

		for (size_t p = 0; p < 2 && c->patches[p].bytes != 0; p++)
			apply(b.bytes, &c->patches[p]);
		if (c->mend)
			card_mend(b.bytes, SECTORS, 1);
		if (c->copy)
			card_copy_array(b.bytes, SECTORS, COUNT);
		bench_decode(&b, SECTORS * CARD_SECTOR);
		v = judge(&b);
		cr_expect_str_eq(v.codes, c->codes, "%s: %s", c->name, v.codes);
		first = stmboot_diags_get(v.diags, 0);
		if (first != NULL && c->codes[0] != '\0') {
			cr_expect(first->place.has_offset, "%s", c->name);
			cr_expect_eq(first->place.offset, c->offset, "%s: %ju", c->name,
				     (uintmax_t)first->place.offset);
			cr_expect_eq(first->severity, c->severity, "%s", c->name);
			cr_expect_eq(first->stage, c->stage, "%s", c->name);
			cr_expect_not_null(first->hint, "%s", c->name);
		}
		stmboot_diags_free(v.diags);
		bench_free(&b);
	}
}

/* The same card on a medium of another size. */
struct size_case {
	const char *name;
	uint64_t size;
	const char *codes;
	enum stmboot_stage stage; /* of the first finding */
};

static const struct size_case size_cases[] = {
	{ "as it was made", SECTORS * 512, "", 0 },
	{ "on a larger card", (SECTORS + 64) * 512, "gpt.backup-misplaced ", STMBOOT_STAGE_ROM },
	{ "cut before the backup", (SECTORS - 33) * 512, "gpt.backup-missing ", STMBOOT_STAGE_ROM },
	{ "cut by one sector more", (SECTORS - 34) * 512,
	  "gpt.usable-beyond-medium gpt.backup-missing image.truncated ", STMBOOT_STAGE_ROOTFS },
	{ "cut in the last partition", (SECTORS - 100) * 512,
	  "gpt.usable-beyond-medium gpt.backup-missing image.truncated ", STMBOOT_STAGE_FSBL },
	{ "with a piece of a sector at the end", SECTORS * 512 + 102, "image.partial-sector ",
	  STMBOOT_STAGE_ROM },
};

Test(gpt_checks, media_of_other_sizes)
{
	for (size_t i = 0; i < sizeof(size_cases) / sizeof(size_cases[0]); i++) {
		const struct size_case *c = &size_cases[i];
		struct bench b = bench_new(SECTORS + 64);
		struct verdict v;

		card_make(b.bytes, SECTORS, COUNT);
		bench_decode(&b, c->size);
		v = judge(&b);
		cr_expect_str_eq(v.codes, c->codes, "%s: %s", c->name, v.codes);
		if (stmboot_diags_count(v.diags) != 0)
			cr_expect_eq(stmboot_diags_get(v.diags, 0)->stage, c->stage, "%s", c->name);
		stmboot_diags_free(v.diags);
		bench_free(&b);
	}
}

Test(gpt_checks, other_tables_that_work_raise_what_they_should)
{
	struct bench b = bench_new(SECTORS);
	struct verdict v;

	card_make(b.bytes, SECTORS, 56); /* first usable LBA 16; seen to boot */
	bench_decode(&b, SECTORS * CARD_SECTOR);
	v = judge(&b);
	cr_expect_str_eq(v.codes, "", "56 entries are fine");
	stmboot_diags_free(v.diags);
	card_make(b.bytes, SECTORS, 132);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	v = judge(&b);
	cr_expect_str_eq(v.codes, "gpt.entry-count ");
	stmboot_diags_free(v.diags);
	bench_free(&b);
}

Test(gpt_checks, an_overlap_names_both_partitions)
{
	struct bench b = healthy();
	struct verdict v;
	const struct stmboot_diag *diag;

	card_put(b.bytes + ENTRY(1) + 40, FIRST + 8, 8);
	card_copy_array(b.bytes, SECTORS, COUNT);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	v = judge(&b);
	diag = stmboot_diags_get(v.diags, 0);
	cr_assert_not_null(diag);
	cr_expect_str_eq(diag->message, "partition 3 overlaps partition 2");
	cr_expect_eq(diag->place.partition, 3);
	stmboot_diags_free(v.diags);
	bench_free(&b);
}

Test(gpt_checks, a_stale_backup_beside_the_right_one_is_told_with_both)
{
	struct bench b = bench_new(SECTORS + 64);
	struct verdict v;

	card_make(b.bytes, SECTORS + 64, COUNT);
	memset(b.bytes + (size_t)(SECTORS + 63) * 512 + 56, 0x77, 16);
	card_mend(b.bytes, SECTORS + 64, SECTORS + 63);
	card_header(b.bytes, SECTORS - 1, 1, SECTORS - 33, FIRST, LAST, COUNT);
	card_header(b.bytes, 1, SECTORS - 1, 2, FIRST, LAST, COUNT);
	card_entry(b.bytes + ENTRY(3), 4, FIRST + 16, LAST, 4, "rootfs");
	card_copy_array(b.bytes, SECTORS, COUNT);
	bench_decode(&b, (SECTORS + 64) * CARD_SECTOR);
	v = judge(&b);
	cr_expect_str_eq(v.codes, "gpt.backup-misplaced gpt.backup-stale ", "%s", v.codes);
	stmboot_diags_free(v.diags);
	bench_free(&b);
}

Test(gpt_checks, no_covered_byte_can_change_unnoticed)
{
	struct bench b = healthy();

	for (size_t at = 0; at < 92 + 128 * 128; at++) {
		size_t offset = at < 92 ? HEADER + at : ENTRIES + at - 92;
		struct verdict v;

		if (at > 92 + 512 && at % 61 != 0)
			continue;
		b.bytes[offset] ^= 0x10;
		bench_decode(&b, SECTORS * CARD_SECTOR);
		v = judge(&b);
		cr_expect(stmboot_diags_count(v.diags) != 0, "byte %zu", offset);
		stmboot_diags_free(v.diags);
		b.bytes[offset] ^= 0x10;
	}
	bench_free(&b);
}

/* A medium with one bad sector. */
struct worn {
	uint8_t *bytes;
	uint64_t bad_sector;
	enum stmboot_status status;
};

static enum stmboot_status worn_read(void *self, uint64_t offset, void *buffer, size_t size)
{
	const struct worn *w = self;

	if (offset / CARD_SECTOR <= w->bad_sector &&
	    w->bad_sector <= (offset + size - 1) / CARD_SECTOR)
		return w->status;
	memcpy(buffer, w->bytes + offset, size);
	return STMBOOT_OK;
}

static uint64_t worn_size(void *self)
{
	(void)self;
	return SECTORS * CARD_SECTOR;
}

static const struct stmboot_source_ops worn_ops = {
	.struct_size = sizeof(worn_ops),
	.read_at = worn_read,
	.size = worn_size,
};

struct worn_case {
	const char *name;
	uint64_t bad_sector;
	const char *codes;
	enum stmboot_severity severity;
};

static const struct worn_case worn_cases[] = {
	{ "the MBR", 0, "image.read-error ", STMBOOT_ERROR },
	{ "the primary header", 1, "image.read-error ", STMBOOT_ERROR },
	{ "the primary's entries", 5, "image.read-error ", STMBOOT_ERROR },
	{ "the backup's header", SECTORS - 1, "image.read-error ", STMBOOT_WARNING },
	{ "the backup's entries", SECTORS - 3, "image.read-error ", STMBOOT_WARNING },
	{ "a sector of a partition", 60, "", 0 },
};

Test(gpt_checks, a_sector_that_cannot_be_read_is_a_finding)
{
	struct bench b = healthy();

	for (size_t i = 0; i < sizeof(worn_cases) / sizeof(worn_cases[0]); i++) {
		const struct worn_case *c = &worn_cases[i];
		struct worn worn = { b.bytes, c->bad_sector, STMBOOT_IO };
		struct verdict v;

		stmboot_gpt_free(b.gpt);
		stmboot_source_close(b.src);
		b.gpt = NULL;
		b.src = NULL;
		cr_assert_eq(stmboot_source_new(b.ctx, &worn_ops, &worn, &b.src), STMBOOT_OK);
		cr_assert_eq(stmboot_gpt_decode(b.ctx, b.src, &b.gpt), STMBOOT_OK);
		v = judge(&b);
		cr_expect_str_eq(v.codes, c->codes, "%s: %s", c->name, v.codes);
		if (stmboot_diags_count(v.diags) != 0)
			cr_expect_eq(stmboot_diags_get(v.diags, 0)->severity, c->severity, "%s",
				     c->name);
		stmboot_diags_free(v.diags);
	}
	bench_free(&b);
}

Test(gpt_checks, a_cancelled_read_cancels_the_call)
{
	struct bench b = healthy();

	for (uint64_t sector = 0; sector < 3; sector++) {
		struct worn worn = { b.bytes, sector, STMBOOT_CANCELLED };
		struct stmboot_gpt *gpt = NULL;

		cr_assert_eq(stmboot_source_new(b.ctx, &worn_ops, &worn, &b.src), STMBOOT_OK);
		cr_expect_eq(stmboot_gpt_decode(b.ctx, b.src, &gpt), STMBOOT_CANCELLED);
		cr_expect_null(gpt);
		stmboot_source_close(b.src);
		b.src = NULL;
	}
	bench_free(&b);
}

/* An allocator that says no from one call on. */
struct miser {
	size_t left;
};

static void *miser_allocate(void *user, size_t size)
{
	struct miser *miser = user;

	if (miser->left == 0)
		return NULL;
	miser->left--;
	return malloc(size);
}

static void miser_release(void *user, void *memory)
{
	(void)user;
	free(memory);
}

/* Decode and check with `allocations` of them; true when that was enough. */
static bool works_with(struct bench *b, size_t allocations)
{
	struct miser miser = { SIZE_MAX };
	struct stmboot_context_options options = { .struct_size = sizeof(options),
						   .user = &miser,
						   .allocate = miser_allocate,
						   .release = miser_release };
	struct stmboot_context *ctx;
	struct stmboot_gpt *gpt = NULL;
	struct stmboot_diags *diags = NULL;
	enum stmboot_status status;

	cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
	miser.left = allocations;
	status = stmboot_gpt_decode(ctx, b->src, &gpt);
	cr_expect(status == STMBOOT_OK || status == STMBOOT_NO_MEMORY);
	cr_expect_eq(status == STMBOOT_OK, gpt != NULL);
	if (status == STMBOOT_OK) {
		struct sb_scope scope = sb_scope(diags, b->src);

		sb_gpt_validate(&scope, gpt);
		status = sb_diags_status(diags);
	}
	stmboot_gpt_free(gpt);
	stmboot_diags_free(diags);
	stmboot_context_free(ctx);
	return status == STMBOOT_OK;
}

Test(gpt_checks, without_memory_at_any_point_nothing_breaks)
{
	struct bench b = healthy();
	size_t allocations = 0;

	for (uint8_t i = 4; i < COUNT; i++)
		card_entry(b.bytes + ENTRY(i), i, FIRST, FIRST + i, 0, "one of many");
	card_copy_array(b.bytes, SECTORS, COUNT);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	while (!works_with(&b, allocations) && allocations < 1000)
		allocations++;
	cr_expect_gt(allocations, 20);
	cr_expect_lt(allocations, 1000);
	bench_free(&b);
}
