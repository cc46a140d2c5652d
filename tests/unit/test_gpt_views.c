/* SPDX-License-Identifier: MIT */
#include "../support/gpt_bench.h"

/* One change of a healthy card, and what each reader then sees. */
struct view_case {
	const char *name;
	uint64_t offset, value;
	size_t bytes;
	bool mend; /* the primary's checksums afterwards */
	size_t uboot, linux_plain, linux_gpt, rom;
};

static const struct view_case view_cases[] = {
	{ "a healthy card looks the same to all", HEADER, 'E', 1, false, 4, 4, 4, 4 },
	{ "a bad primary is lost to Linux without `gpt`, and to the ROM", HEADER + 20, 1, 1, false,
	  4, 0, 4, 0 },
	{ "a missing primary likewise", HEADER, 0, 8, false, 4, 0, 4, 0 },
	{ "a bad backup concerns nobody", BACKUP + 20, 1, 1, false, 4, 4, 4, 4 },
	{ "without 55 AA U-Boot looks at no copy", 510, 0, 2, false, 0, 0, 4, 4 },
	{ "a protective record must start at LBA 1", 454, 2, 4, false, 1, 0, 4, 4 },
	{ "its size is nobody's concern but TF-A's", 458, UINT32_MAX, 4, false, 4, 4, 4, 4 },
	{ "U-Boot does not ask whether the usable range is in order", HEADER + 40, LAST + 1, 8,
	  true, 4, 0, 4, 0 },
	{ "an entry past the end exists for U-Boot, not for Linux", ENTRIES + 3 * 128 + 40, SECTORS,
	  8, true, 4, 3, 3, 4 },
	{ "a type GUID of zero hides an entry, and numbers stay", ENTRIES + 128, 0, 16, true, 3, 3,
	  3, 3 },
};

Test(gpt_views, one_change_at_a_time)
{
	for (size_t i = 0; i < sizeof(view_cases) / sizeof(view_cases[0]); i++) {
		const struct view_case *c = &view_cases[i];
		struct bench b = healthy();

		memset(b.bytes + c->offset, 0, c->bytes);
		card_put(b.bytes + c->offset, c->value, c->bytes < 8 ? c->bytes : 8);
		if (c->mend)
			card_mend(b.bytes, SECTORS, 1);
		bench_decode(&b, SECTORS * CARD_SECTOR);
		cr_expect_eq(stmboot_gpt_uboot_view(b.gpt).count, c->uboot, "U-Boot: %s", c->name);
		cr_expect_eq(stmboot_gpt_linux_view(b.gpt, false).count, c->linux_plain,
			     "Linux: %s", c->name);
		cr_expect_eq(stmboot_gpt_linux_view(b.gpt, true).count, c->linux_gpt,
			     "Linux with gpt: %s", c->name);
		cr_expect_eq(stmboot_gpt_rom_view(b.gpt).count, c->rom, "ROM: %s", c->name);
		bench_free(&b);
	}
}

Test(gpt_views, a_reader_says_which_copy_it_takes)
{
	struct bench b = healthy();
	struct stmboot_gpt_view view;

	card_put(b.bytes + HEADER + 20, 1, 1);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	view = stmboot_gpt_uboot_view(b.gpt);
	cr_expect_eq(view.copy, &b.gpt->backup);
	cr_expect_eq(view.reason, STMBOOT_GPT_SEES_ALL);
	view = stmboot_gpt_linux_view(b.gpt, false);
	cr_expect_null(view.copy);
	cr_expect_eq(view.reason, STMBOOT_GPT_PRIMARY_UNUSABLE);
	cr_expect_eq(stmboot_gpt_rom_view(b.gpt).reason, STMBOOT_GPT_PRIMARY_UNUSABLE);
	bench_free(&b);
}

/* `cut` sectors are missing at the end: 33 hold the backup, the next is the last usable one. */
struct cut_case {
	const char *name;
	uint64_t cut;
	size_t uboot, seen_by_linux, rom;
};

static const struct cut_case cut_cases[] = {
	{ "without the backup all is well", 33, 4, 4, 4 },
	{ "one more, and Linux rejects what U-Boot still takes", 34, 4, 0, 4 },
	{ "another one, and U-Boot rejects it, too", 35, 0, 0, 4 },
};

Test(gpt_views, an_image_cut_short)
{
	for (size_t i = 0; i < sizeof(cut_cases) / sizeof(cut_cases[0]); i++) {
		const struct cut_case *c = &cut_cases[i];
		struct bench b = healthy();

		bench_decode(&b, (SECTORS - c->cut) * CARD_SECTOR);
		cr_expect_eq(stmboot_gpt_uboot_view(b.gpt).count, c->uboot, "%s", c->name);
		cr_expect_eq(stmboot_gpt_linux_view(b.gpt, false).count, c->seen_by_linux, "%s",
			     c->name);
		cr_expect_eq(stmboot_gpt_rom_view(b.gpt).count, c->rom, "%s", c->name);
		bench_free(&b);
	}
}

Test(gpt_views, uboot_counts_entries_in_steps_of_128_bytes)
{
	struct bench b = healthy();
	struct stmboot_gpt_view view;

	memset(b.bytes + ENTRIES, 0, 512);
	card_entry(b.bytes + ENTRIES, 1, 40, 41, 0, "one");
	card_entry(b.bytes + ENTRIES + 256, 2, 42, 43, 0, "two");
	card_put(b.bytes + HEADER + 80, 64, 4);
	card_put(b.bytes + HEADER + 84, 256, 4);
	card_mend(b.bytes, SECTORS, 1);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	view = stmboot_gpt_uboot_view(b.gpt);
	cr_expect_eq(view.copy, &b.gpt->primary);
	cr_assert_eq(view.count, 2);
	cr_expect_eq(view.partitions[1]->number, 3);
	cr_expect_eq(view.partitions[1]->entry_offset, ENTRIES + 256);
	cr_expect_str_eq(view.partitions[1]->name, "two");
	bench_free(&b);
}

Test(gpt_views, uboot_takes_a_short_header_whose_checksum_is_right)
{
	static const uint32_t sizes[] = { 91, 18, 0 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bench b = healthy();

		card_put(b.bytes + HEADER + 12, sizes[i], 4);
		card_put(b.bytes + HEADER + 16, 0, 4);
		card_put(b.bytes + HEADER + 16, crc32(0, b.bytes + HEADER, sizes[i]), 4);
		bench_decode(&b, SECTORS * CARD_SECTOR);
		cr_expect_eq(stmboot_gpt_uboot_view(b.gpt).copy, &b.gpt->primary, "%u", sizes[i]);
		b.bytes[HEADER + 16] ^= 1;
		bench_decode(&b, SECTORS * CARD_SECTOR);
		cr_expect_eq(stmboot_gpt_uboot_view(b.gpt).copy, &b.gpt->backup, "%u", sizes[i]);
		bench_free(&b);
	}
}

Test(gpt_views, bootable_is_bit_2_or_an_efi_system_partition_in_order_of_numbers)
{
	static const uint8_t esp[16] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
					 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };
	struct bench b = healthy();
	const struct stmboot_partition *found[2] = { NULL, NULL };
	struct stmboot_gpt_view view;

	memcpy(b.bytes + ENTRIES + 128, esp, 16);
	card_entry(b.bytes + ENTRIES + 127 * 128, 9, 34, 34, 4, "far");
	card_copy_array(b.bytes, SECTORS, COUNT);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	view = stmboot_gpt_uboot_view(b.gpt);
	cr_expect_eq(stmboot_gpt_bootable(&view, 128, found, 2), 3);
	cr_assert_not_null(found[1]);
	cr_expect_eq(found[0]->number, 2);
	cr_expect_eq(found[1]->number, 4);
	cr_expect_eq(stmboot_gpt_bootable(&view, 64, found, 2), 2, "v2021 stops at 64");
	bench_free(&b);
}

Test(gpt_views, the_rom_takes_names_that_begin_with_fsbl_in_table_order)
{
	struct bench b = healthy();
	const struct stmboot_partition *found[2] = { NULL, NULL };
	struct stmboot_gpt_view view;

	card_entry(b.bytes + ENTRIES, 1, 60, 61, 0, "FSBL1");
	card_entry(b.bytes + ENTRIES + 256, 3, 40, 41, 0, "fsbla");
	card_entry(b.bytes + ENTRIES + 512, 5, 50, 51, 0, "fsbl1");
	card_copy_array(b.bytes, SECTORS, COUNT);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	view = stmboot_gpt_rom_view(b.gpt);
	cr_expect_eq(stmboot_gpt_fsbl(&view, found, 2), 3);
	cr_assert_not_null(found[1]);
	cr_expect_str_eq(found[0]->name, "fsbl2");
	cr_expect_str_eq(found[1]->name, "fsbla");
	bench_free(&b);
}

/* The limits of each TF-A. */
struct entries_case {
	const char *name;
	struct stmboot_gpt_tfa tfa;
	uint32_t expected;
};

static const struct entries_case entries_cases[] = {
	{ "v2.4 with SP_min keeps 2 fsbl and ssbl", { .version = 204 }, 3 },
	{ "v2.4 with OP-TEE keeps three more", { .version = 204, .optee = true }, 6 },
	{ "v2.6 with a FIP and SP_min keeps 4", { .version = 206, .fip = true }, 4 },
	{ "v2.7 with a FIP and OP-TEE keeps 6", { .version = 207, .fip = true, .optee = true }, 6 },
	{ "v2.7 with FWU keeps 8", { .version = 207, .fip = true, .fwu = true }, 8 },
	{ "v2.8 keeps 6 on MP1", { .version = 208 }, 6 },
	{ "MP2 keeps 8", { .version = 210, .stm32mp2 = true }, 8 },
	{ "an unknown version counts as the newest", { 0 }, 6 },
	{ "a known number wins", { .version = 215, .max_entries = 12 }, 12 },
};

Test(gpt_views, tfa_keeps_few_entries)
{
	for (size_t i = 0; i < sizeof(entries_cases) / sizeof(entries_cases[0]); i++)
		cr_expect_eq(stmboot_gpt_tfa_entries(&entries_cases[i].tfa),
			     entries_cases[i].expected, "%s", entries_cases[i].name);
}

/* One change of a card with seven partitions, and what one TF-A sees of it. */
struct tfa_case {
	const char *name;
	uint32_t version;
	uint64_t offset, value;
	size_t bytes;
	bool mend;
	size_t count;
	enum stmboot_gpt_reason reason;
	uint32_t stopped;
};

static const struct tfa_case tfa_cases[] = {
	{ "of seven entries six are kept", 208, HEADER, 'E', 1, false, 6,
	  STMBOOT_GPT_STOPS_AT_LIMIT, 6 },
	{ "before v2.8 with SP_min and no FIP three", 207, HEADER, 'E', 1, false, 3,
	  STMBOOT_GPT_STOPS_AT_LIMIT, 3 },
	{ "an unused entry ends the list", 208, ENTRIES + 2 * 128, 0, 128, true, 2,
	  STMBOOT_GPT_STOPS_AT_HOLE, 2 },
	{ "a type GUID of zero does not", 208, ENTRIES + 2 * 128, 0, 16, true, 6,
	  STMBOOT_GPT_STOPS_AT_LIMIT, 6 },
	{ "a name beyond Latin-1 ends it", 208, ENTRIES + 128 + 57, 1, 1, true, 1,
	  STMBOOT_GPT_STOPS_AT_NAME, 1 },
	{ "also behind the end of the name", 208, ENTRIES + 128 + 56 + 71, 1, 1, true, 1,
	  STMBOOT_GPT_STOPS_AT_NAME, 1 },
	{ "v2.6 does not look at the header's checksum", 206, HEADER + 20, 1, 1, false, 3,
	  STMBOOT_GPT_STOPS_AT_LIMIT, 3 },
	{ "v2.7 does", 207, HEADER + 20, 1, 1, false, 0, STMBOOT_GPT_PRIMARY_UNUSABLE, 0 },
	{ "it runs over 92 bytes, whatever the header says", 207, HEADER + 12, 96, 4, true, 0,
	  STMBOOT_GPT_PRIMARY_UNUSABLE, 0 },
	{ "v2.10 does not look at the entries' checksum", 210, ENTRIES + 16, 9, 1, false, 6,
	  STMBOOT_GPT_STOPS_AT_LIMIT, 6 },
	{ "v2.11 does", 211, ENTRIES + 16, 9, 1, false, 0, STMBOOT_GPT_PRIMARY_UNUSABLE, 0 },
	{ "v2.10 does not need the whole array", 210, HEADER + 80, 132, 4, true, 6,
	  STMBOOT_GPT_STOPS_AT_LIMIT, 6 },
	{ "v2.11 cannot check one of 132 entries", 211, HEADER + 80, 132, 4, true, 0,
	  STMBOOT_GPT_ARRAY_UNREACHABLE, 0 },
	{ "a usable range that makes no sense is not looked at", 211, HEADER + 48, UINT64_MAX, 8,
	  true, 6, STMBOOT_GPT_STOPS_AT_LIMIT, 6 },
	{ "v2.9 looks only at the type of the record", 209, 454, 2, 4, false, 6,
	  STMBOOT_GPT_STOPS_AT_LIMIT, 6 },
	{ "v2.10 wants it to start at LBA 1", 210, 454, 2, 4, false, 0, STMBOOT_GPT_NO_PROTECTIVE,
	  0 },
	{ "v2.10 wants a size", 210, 458, UINT32_MAX, 4, false, 0, STMBOOT_GPT_PROTECTIVE_SIZE, 0 },
	{ "v2.10 wants a size that is not zero", 210, 458, 0, 4, false, 0,
	  STMBOOT_GPT_PROTECTIVE_SIZE, 0 },
	{ "the first record counts, whatever its type", 208, 450, 0x83, 1, false, 0,
	  STMBOOT_GPT_NO_PROTECTIVE, 0 },
	{ "there is no backup for TF-A", 208, HEADER, 0, 8, false, 0, STMBOOT_GPT_PRIMARY_UNUSABLE,
	  0 },
};

static void add_entries(uint8_t *bytes)
{
	card_entry(bytes + ENTRIES + 512, 5, 60, 60, 0, "five");
	card_entry(bytes + ENTRIES + 640, 6, 61, 61, 0, "fip");
	card_entry(bytes + ENTRIES + 768, 7, 62, 62, 0, "seven");
	card_copy_array(bytes, SECTORS, COUNT);
}

Test(gpt_views, tfa)
{
	for (size_t i = 0; i < sizeof(tfa_cases) / sizeof(tfa_cases[0]); i++) {
		const struct tfa_case *c = &tfa_cases[i];
		struct stmboot_gpt_tfa tfa = { .version = c->version };
		struct bench b = healthy();
		struct stmboot_gpt_view view;

		add_entries(b.bytes);
		memset(b.bytes + c->offset, 0, c->bytes);
		card_put(b.bytes + c->offset, c->value, c->bytes < 8 ? c->bytes : 8);
		if (c->mend)
			card_mend(b.bytes, SECTORS, 1);
		bench_decode(&b, SECTORS * CARD_SECTOR);
		view = stmboot_gpt_tfa_view(b.gpt, &tfa);
		cr_expect_eq(view.count, c->count, "%s: %zu", c->name, view.count);
		cr_expect_eq(view.reason, c->reason, "%s: %s", c->name,
			     stmboot_gpt_reason_text(view.reason));
		cr_expect_eq(view.stopped_index, c->stopped, "%s", c->name);
		bench_free(&b);
	}
}

/* Move the array of the primary to `lba`. */
static void move_array(uint8_t *bytes, uint64_t lba, uint32_t count)
{
	memmove(bytes + lba * CARD_SECTOR, bytes + ENTRIES, (size_t)count * 128);
	memset(bytes + ENTRIES, 0, 128);
	card_put(bytes + HEADER + 72, lba, 8);
	card_put(bytes + HEADER + 80, count, 4);
	card_mend(bytes, SECTORS, 1);
}

Test(gpt_views, tfa_follows_the_array_since_v2_10_as_far_as_it_reads)
{
	struct stmboot_gpt_tfa old = { .version = 209 }, newer = { .version = 210 },
			       newest = { .version = 211 };
	struct bench b = healthy();

	move_array(b.bytes, 33, 8);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	cr_expect_eq(b.gpt->primary.state, STMBOOT_GPT_OK);
	cr_expect_eq(stmboot_gpt_tfa_view(b.gpt, &old).count, 0, "it reads LBA 2 instead");
	cr_expect_eq(stmboot_gpt_tfa_view(b.gpt, &newer).count, 4, "four fit sector 33");
	cr_expect_eq(stmboot_gpt_tfa_view(b.gpt, &newest).count, 0, "eight do not");
	cr_expect_eq(stmboot_gpt_tfa_view(b.gpt, &newest).reason, STMBOOT_GPT_ARRAY_UNREACHABLE);
	bench_free(&b);
}
