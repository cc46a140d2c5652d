/* SPDX-License-Identifier: MIT */
#include "../support/gpt_bench.h"

/* Write one record of the table in the sector at `lba`. */
static void put_record(uint8_t *bytes, uint64_t lba, unsigned int index, uint8_t status,
		       uint8_t type, uint32_t first, uint32_t sectors)
{
	uint8_t *sector = bytes + lba * CARD_SECTOR;
	uint8_t *at = sector + 446 + (size_t)16 * index;

	at[0] = status;
	at[4] = type;
	card_put(at + 8, first, 4);
	card_put(at + 12, sectors, 4);
	memcpy(sector + 510, "\x55\xaa", 2);
}

Test(mbr, primary_and_logical_partitions)
{
	struct bench b = bench_new(SECTORS);
	const struct stmboot_partition *p;

	card_put(b.bytes + 440, 0xdeadbeef, 4);
	put_record(b.bytes, 0, 0, 0x80, 0x83, 10, 20);
	put_record(b.bytes, 0, 2, 0, 0x05, 100, 100);
	put_record(b.bytes, 100, 0, 0, 0x83, 1, 9);
	put_record(b.bytes, 100, 1, 0, 0x05, 50, 20); /* counted from 100 */
	put_record(b.bytes, 150, 0, 0, 0x0c, 2, 8);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	cr_expect_eq(b.gpt->type, STMBOOT_TABLE_MBR);
	cr_expect_eq(b.gpt->protective_mbr, STMBOOT_PMBR_MISSING);
	cr_assert_eq(b.gpt->partition_count, 4);
	p = stmboot_gpt_find_number(b.gpt, 1);
	cr_assert_not_null(p);
	cr_expect_eq(p->offset, 10 * 512);
	cr_expect_eq(p->size, 20 * 512);
	cr_expect(p->bootable);
	cr_expect_str_eq(p->guid, "deadbeef-01");
	p = stmboot_gpt_find_number(b.gpt, 6);
	cr_assert_not_null(p);
	cr_expect_eq(p->first_lba, 152);
	cr_expect_eq(p->mbr_type, 0x0c);
	cr_expect_eq(p->entry_offset, 150 * 512 + 446);
	cr_expect_eq(p->defects, 0, "an extended partition does not overlap what it holds");
	cr_expect_eq(stmboot_gpt_uboot_view(b.gpt).reason, STMBOOT_GPT_USES_MBR);
	cr_expect_eq(stmboot_gpt_uboot_view(b.gpt).count, 4);
	bench_free(&b);
}

Test(mbr, a_chain_that_leads_back_is_cut)
{
	struct bench b = bench_new(SECTORS);

	put_record(b.bytes, 0, 0, 0, 0x05, 100, 100);
	put_record(b.bytes, 100, 1, 0, 0x05, 50, 20);
	put_record(b.bytes, 150, 0, 0, 0x83, 1, 1);
	put_record(b.bytes, 150, 1, 0, 0x05, 50, 20);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	cr_expect(b.gpt->mbr.looped);
	cr_expect_leq(b.gpt->partition_count, 128);
	bench_free(&b);
}

Test(mbr, a_link_that_leaves_the_medium_ends_the_chain)
{
	struct bench b = bench_new(SECTORS);

	put_record(b.bytes, 0, 0, 0, 0x0f, 100, 100);
	put_record(b.bytes, 100, 0, 0, 0x83, 1, 9);
	put_record(b.bytes, 100, 1, 0, 0x05, UINT32_MAX, 20);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	cr_expect(b.gpt->mbr.broken);
	cr_expect_eq(b.gpt->partition_count, 2);
	bench_free(&b);
}

Test(mbr, a_boot_sector_that_calls_itself_fat_is_a_table_when_its_records_are_good)
{
	struct bench b = bench_new(SECTORS);

	put_record(b.bytes, 0, 0, 0, 0x83, 10, 20);
	memcpy(b.bytes + 54, "FAT16   ", 8);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	cr_expect_eq(b.gpt->type, STMBOOT_TABLE_MBR);
	cr_expect_eq(b.gpt->partition_count, 1);
	bench_free(&b);
}

Test(mbr, an_efi_system_partition_is_bootable_without_being_active)
{
	struct bench b = bench_new(SECTORS);
	struct stmboot_gpt_view view;
	const struct stmboot_partition *found[1];

	put_record(b.bytes, 0, 0, 0, 0x83, 10, 20);
	put_record(b.bytes, 0, 1, 0, 0xef, 40, 20);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	view = stmboot_gpt_uboot_view(b.gpt);
	cr_assert_eq(stmboot_gpt_bootable(&view, 128, found, 1), 1);
	cr_expect_eq(found[0]->number, 2);
	bench_free(&b);
}

/* What the two readers find of `count` records; `first` is what U-Boot has last. */
struct reader_case {
	const char *name;
	struct {
		uint64_t lba;
		unsigned int index;
		uint8_t status, type;
		uint32_t first, sectors;
	} records[5];
	size_t seen_by_linux, seen_by_uboot;
	uint32_t number;
	uint64_t first;
};

static const struct reader_case reader_cases[] = {
	{ "U-Boot takes a record of no sectors",
	  { { 0, 0, 0, 0x83, 10, 20 }, { 0, 2, 0, 0x83, 40, 0 } },
	  1,
	  2,
	  3,
	  40 },
	{ "U-Boot follows the first of two extended partitions",
	  { { 0, 0, 0, 0x05, 100, 20 },
	    { 0, 1, 0, 0x05, 150, 20 },
	    { 100, 0, 0, 0x83, 2, 3 },
	    { 150, 0, 0, 0x83, 2, 3 } },
	  4,
	  3,
	  5,
	  102 },
	{ "U-Boot takes all four records of a link",
	  { { 0, 0, 0, 0x05, 100, 50 },
	    { 100, 0, 0, 0x83, 2, 3 },
	    { 100, 1, 0, 0x83, 5, 3 },
	    { 100, 3, 0, 0x83, 8, 3 } },
	  2,
	  4,
	  7,
	  108 },
	{ "U-Boot counts a record of a link whose status is odd, but does not take it",
	  { { 0, 0, 0, 0x05, 100, 50 }, { 100, 0, 1, 0x83, 2, 3 }, { 100, 1, 0, 0x83, 5, 3 } },
	  2,
	  2,
	  6,
	  105 },
};

Test(mbr, linux_and_uboot_read_odd_tables_in_their_own_way)
{
	for (size_t i = 0; i < sizeof(reader_cases) / sizeof(reader_cases[0]); i++) {
		const struct reader_case *c = &reader_cases[i];
		struct bench b = bench_new(SECTORS);
		struct stmboot_gpt_view view;

		for (size_t j = 0; j < 5 && c->records[j].type != 0; j++)
			put_record(b.bytes, c->records[j].lba, c->records[j].index,
				   c->records[j].status, c->records[j].type, c->records[j].first,
				   c->records[j].sectors);
		bench_decode(&b, SECTORS * CARD_SECTOR);
		cr_expect_eq(stmboot_gpt_linux_view(b.gpt, false).count, c->seen_by_linux, "%s",
			     c->name);
		view = stmboot_gpt_uboot_view(b.gpt);
		cr_assert_eq(view.count, c->seen_by_uboot, "%s", c->name);
		cr_expect_eq(view.partitions[view.count - 1]->number, c->number, "%s", c->name);
		cr_expect_eq(view.partitions[view.count - 1]->first_lba, c->first, "%s", c->name);
		bench_free(&b);
	}
}

Test(mbr, a_status_that_is_neither_0_nor_128_is_no_table)
{
	struct bench b = bench_new(SECTORS);

	put_record(b.bytes, 0, 0, 0x81, 0x83, 10, 20);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	cr_expect_eq(b.gpt->type, STMBOOT_TABLE_NONE);
	cr_expect_eq(stmboot_gpt_uboot_view(b.gpt).reason, STMBOOT_GPT_NO_TABLE);
	bench_free(&b);
}

Test(mbr, an_empty_medium_has_no_table)
{
	struct bench b = bench_new(SECTORS);

	for (uint64_t size = 0; size <= 1536; size += 511) {
		bench_decode(&b, size);
		cr_expect_eq(b.gpt->type, STMBOOT_TABLE_NONE);
		cr_expect_null(b.gpt->described);
	}
	bench_free(&b);
}

/* What the MBR before a GPT is called, and which table counts. */
struct state_case {
	const char *name;
	struct {
		uint8_t type;
		uint32_t first, sectors;
	} records[2];
	bool no_signature;
	enum stmboot_table_type type;
	enum stmboot_pmbr_state state;
};

static const struct state_case state_cases[] = {
	{ "a 0xEE record alone", { { 0xee, 1, 255 } }, false, STMBOOT_TABLE_GPT, STMBOOT_PMBR_OK },
	{ "its size does not matter",
	  { { 0xee, 1, 0 } },
	  false,
	  STMBOOT_TABLE_GPT,
	  STMBOOT_PMBR_OK },
	{ "another record beside it",
	  { { 0xee, 1, 33 }, { 0x83, 50, 10 } },
	  false,
	  STMBOOT_TABLE_GPT,
	  STMBOOT_PMBR_HYBRID },
	{ "another record before it",
	  { { 0x83, 50, 10 }, { 0xee, 1, 33 } },
	  false,
	  STMBOOT_TABLE_GPT,
	  STMBOOT_PMBR_HYBRID },
	{ "a 0xEE record at LBA 2",
	  { { 0xee, 2, 33 } },
	  false,
	  STMBOOT_TABLE_GPT,
	  STMBOOT_PMBR_BAD },
	{ "a protective record whose type was changed",
	  { { 0x83, 1, 255 } },
	  false,
	  STMBOOT_TABLE_GPT,
	  STMBOOT_PMBR_BAD },
	{ "a partition of its own",
	  { { 0x83, 50, 10 } },
	  false,
	  STMBOOT_TABLE_MBR,
	  STMBOOT_PMBR_MISSING },
	{ "no signature", { { 0xee, 1, 255 } }, true, STMBOOT_TABLE_GPT, STMBOOT_PMBR_MISSING },
	{ "no records", { { 0, 0, 0 } }, false, STMBOOT_TABLE_GPT, STMBOOT_PMBR_BAD },
};

Test(mbr, states_before_a_gpt)
{
	for (size_t i = 0; i < sizeof(state_cases) / sizeof(state_cases[0]); i++) {
		const struct state_case *c = &state_cases[i];
		struct bench b = healthy();

		for (unsigned int r = 0; r < 2; r++)
			put_record(b.bytes, 0, r, 0, c->records[r].type, c->records[r].first,
				   c->records[r].sectors);
		if (c->no_signature)
			memset(b.bytes + 510, 0, 2);
		bench_decode(&b, SECTORS * CARD_SECTOR);
		cr_expect_eq(b.gpt->type, c->type, "%s", c->name);
		cr_expect_eq(b.gpt->protective_mbr, c->state, "%s: %s", c->name,
			     stmboot_pmbr_state_text(b.gpt->protective_mbr));
		bench_free(&b);
	}
}
