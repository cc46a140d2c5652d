/* SPDX-License-Identifier: MIT */
#include "../support/gpt_bench.h"

/* A card that genimage 16 made, its headers alone. */
static void put_genimage_headers(uint8_t *bytes)
{
	static const uint8_t record[] = { 0x00, 0x00, 0x02, 0x00, 0xee, 0x2e, 0x2d, 0x01,
					  0x01, 0x00, 0x00, 0x00, 0x3f, 0x4a, 0x00, 0x00 };
	static const uint8_t header[] = {
		0x45, 0x46, 0x49, 0x20, 0x50, 0x41, 0x52, 0x54, 0x00, 0x00, 0x01, 0x00, 0x5c, 0x00,
		0x00, 0x00, 0x68, 0x9d, 0xb1, 0xbf, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x3f, 0x4a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x22, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1e, 0x4a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x4d, 0x0a, 0x5a, 0x3e, 0x0b, 0xa8, 0xda, 0x43, 0x9a, 0x97, 0xba, 0x50, 0x40, 0xc7,
		0x19, 0x1a, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00,
		0x80, 0x00, 0x00, 0x00, 0xd7, 0x33, 0xcc, 0x4f, 0x00, 0x00, 0x00, 0x00
	};
	uint8_t *backup = bytes + (size_t)19007 * CARD_SECTOR;

	memcpy(bytes + 446, record, sizeof(record));
	memcpy(bytes + 510, "\x55\xaa", 2);
	memcpy(bytes + CARD_SECTOR, header, sizeof(header));
	memcpy(backup, header, sizeof(header));
	card_put(backup + 16, 0x7730b220, 4);
	card_put(backup + 24, 19007, 8);
	card_put(backup + 32, 1, 8);
	card_put(backup + 72, 18975, 8);
}

Test(gpt, the_header_of_a_genimage_card_is_read_field_by_field)
{
	struct bench b = bench_new(19008);
	const struct stmboot_gpt_copy *p;

	put_genimage_headers(b.bytes);
	bench_decode(&b, 19008 * CARD_SECTOR);
	p = &b.gpt->primary;
	cr_expect_eq(p->header_crc, 0xbfb19d68);
	cr_expect_eq(p->header_crc_computed, 0xbfb19d68);
	cr_expect_eq(p->header_crc_92_computed, 0xbfb19d68);
	cr_expect_eq(p->my_lba, 1);
	cr_expect_eq(p->alternate_lba, 19007);
	cr_expect_eq(p->first_usable_lba, 34);
	cr_expect_eq(p->last_usable_lba, 18974);
	cr_expect_str_eq(p->disk_guid, "3e5a0a4d-a80b-43da-9a97-ba5040c7191a");
	cr_expect_eq(p->entries_lba, 2);
	cr_expect_eq(p->entry_count, 128);
	cr_expect_eq(p->entry_size, 128);
	cr_expect_eq(p->entries_crc, 0x4fcc33d7);
	cr_expect_eq(p->defects, STMBOOT_GPT_ENTRIES_CRC, "its entries are not in the sample");
	cr_expect_eq(b.gpt->backup.header_crc_computed, 0x7730b220);
	cr_expect_eq(b.gpt->backup.defects, STMBOOT_GPT_ENTRIES_CRC);
	cr_expect_eq(b.gpt->mbr.records[0].sectors, 19007);
	cr_expect_eq(b.gpt->protective_mbr, STMBOOT_PMBR_OK);
	bench_free(&b);
}

Test(gpt, a_healthy_card_is_ok_in_all_its_parts)
{
	struct bench b = healthy();
	const struct stmboot_partition *root;

	bench_decode(&b, SECTORS * CARD_SECTOR);
	cr_expect_eq(b.gpt->type, STMBOOT_TABLE_GPT);
	cr_expect_eq(b.gpt->sector_size, 512);
	cr_expect_eq(b.gpt->protective_mbr, STMBOOT_PMBR_OK);
	cr_expect_eq(b.gpt->primary.state, STMBOOT_GPT_OK);
	cr_expect_eq(b.gpt->backup_state, STMBOOT_GPT_OK);
	cr_expect_not(b.gpt->copies_differ);
	cr_assert_eq(b.gpt->partition_count, 4);
	root = stmboot_gpt_find_number(b.gpt, 4);
	cr_assert_not_null(root);
	cr_expect_str_eq(root->name, "rootfs");
	cr_expect_str_eq(root->type_guid, "0fc63daf-8483-4772-8e79-3d69d8477de4");
	cr_expect_str_eq(root->guid, "04040404-0404-0404-0404-040404040404");
	cr_expect_eq(root->offset, (FIRST + 16) * 512);
	cr_expect_eq(root->size, (LAST - FIRST - 15) * 512);
	cr_expect_eq(root->entry_offset, ENTRIES + 3 * 128);
	cr_expect(root->bootable);
	cr_expect_eq(root->defects, 0);
	cr_expect_null(stmboot_gpt_find_number(b.gpt, 5));
	bench_free(&b);
}

/* Bytes written over a healthy card, and what becomes of its copies. */
struct patch_case {
	const char *name;
	uint64_t offset;
	uint64_t value;
	size_t bytes;
	bool mend; /* recompute the checksums afterwards */
	enum stmboot_gpt_state primary, backup;
	uint32_t defects; /* of the primary */
};

static const struct patch_case patch_cases[] = {
	{ "no signature is a missing primary", HEADER, 0, 1, false, STMBOOT_GPT_MISSING,
	  STMBOOT_GPT_OK, 0 },
	{ "a flipped reserved byte breaks the header checksum", HEADER + 20, 1, 1, false,
	  STMBOOT_GPT_BAD, STMBOOT_GPT_OK, STMBOOT_GPT_HEADER_CRC },
	{ "a header of 91 bytes is too short", HEADER + 12, 91, 4, true, STMBOOT_GPT_BAD,
	  STMBOOT_GPT_OK, STMBOOT_GPT_HEADER_SIZE },
	{ "a header of 512 bytes fills its sector", HEADER + 12, 512, 4, true, STMBOOT_GPT_OK,
	  STMBOOT_GPT_OK, 0 },
	{ "a header of 513 bytes does not fit", HEADER + 12, 513, 4, true, STMBOOT_GPT_BAD,
	  STMBOOT_GPT_OK, STMBOOT_GPT_HEADER_SIZE },
	{ "a header that says it stands at LBA 2", HEADER + 24, 2, 8, true, STMBOOT_GPT_BAD,
	  STMBOOT_GPT_OK, STMBOOT_GPT_MY_LBA },
	{ "the last sector is the last that may be usable", HEADER + 48, SECTORS - 1, 8, true,
	  STMBOOT_GPT_OK, STMBOOT_GPT_OK, 0 },
	{ "usable sectors past the medium", HEADER + 48, SECTORS, 8, true, STMBOOT_GPT_BAD,
	  STMBOOT_GPT_OK, STMBOOT_GPT_USABLE_END },
	{ "first usable behind last usable", HEADER + 40, LAST + 1, 8, true, STMBOOT_GPT_BAD,
	  STMBOOT_GPT_OK, STMBOOT_GPT_USABLE_ORDER },
	{ "entries of 0 bytes", HEADER + 84, 0, 4, true, STMBOOT_GPT_BAD, STMBOOT_GPT_OK,
	  STMBOOT_GPT_ENTRY_SIZE },
	{ "entries of 127 bytes", HEADER + 84, 127, 4, true, STMBOOT_GPT_BAD, STMBOOT_GPT_OK,
	  STMBOOT_GPT_ENTRY_SIZE },
	{ "entries of 256 bytes are legal, but no reader takes them", HEADER + 84, 256, 4, true,
	  STMBOOT_GPT_BAD, STMBOOT_GPT_OK, STMBOOT_GPT_ENTRY_SIZE },
	{ "no entries", HEADER + 80, 0, 4, true, STMBOOT_GPT_BAD, STMBOOT_GPT_OK,
	  STMBOOT_GPT_ENTRY_COUNT },
	{ "129 entries are one too many for nobody but TF-A", HEADER + 80, 129, 4, true,
	  STMBOOT_GPT_OK, STMBOOT_GPT_OK, 0 },
	{ "an array of 512 GiB", HEADER + 80, UINT32_MAX, 4, true, STMBOOT_GPT_BAD, STMBOOT_GPT_OK,
	  STMBOOT_GPT_ENTRY_COUNT | STMBOOT_GPT_ENTRIES_RANGE },
	{ "an array whose offset overflows", HEADER + 72, UINT64_MAX, 8, true, STMBOOT_GPT_BAD,
	  STMBOOT_GPT_OK, STMBOOT_GPT_ENTRIES_RANGE },
	{ "an array that starts in the last sector", HEADER + 72, SECTORS - 1, 8, true,
	  STMBOOT_GPT_BAD, STMBOOT_GPT_OK, STMBOOT_GPT_ENTRIES_RANGE },
	{ "a flipped byte in an unused entry", ENTRIES + 127 * 128, 1, 1, false, STMBOOT_GPT_BAD,
	  STMBOOT_GPT_OK, STMBOOT_GPT_ENTRIES_CRC },
	{ "a flipped byte in the backup header", BACKUP + 20, 1, 1, false, STMBOOT_GPT_OK,
	  STMBOOT_GPT_BAD, 0 },
	{ "no backup", BACKUP, 0, 8, false, STMBOOT_GPT_OK, STMBOOT_GPT_MISSING, 0 },
	{ "an alternate LBA of 2^64 - 1 is not read", HEADER + 32, UINT64_MAX, 8, true,
	  STMBOOT_GPT_OK, STMBOOT_GPT_OK, 0 },
};

Test(gpt, patches)
{
	for (size_t i = 0; i < sizeof(patch_cases) / sizeof(patch_cases[0]); i++) {
		const struct patch_case *c = &patch_cases[i];
		struct bench b = healthy();

		card_put(b.bytes + c->offset, c->value, c->bytes);
		if (c->mend)
			card_mend(b.bytes, SECTORS, 1);
		bench_decode(&b, SECTORS * CARD_SECTOR);
		cr_expect_eq(b.gpt->primary.state, c->primary, "%s", c->name);
		cr_expect_eq(b.gpt->backup_state, c->backup, "%s", c->name);
		cr_expect_eq(b.gpt->primary.defects, c->defects, "%s: %#x", c->name,
			     b.gpt->primary.defects);
		bench_free(&b);
	}
}

Test(gpt, a_card_copied_to_a_larger_one_has_its_backup_elsewhere)
{
	struct bench b = bench_new(SECTORS + 100);

	card_make(b.bytes, SECTORS, COUNT);
	bench_decode(&b, (SECTORS + 100) * CARD_SECTOR);
	cr_expect_eq(b.gpt->primary.state, STMBOOT_GPT_OK);
	cr_expect_eq(b.gpt->backup.state, STMBOOT_GPT_MISSING);
	cr_expect_eq(b.gpt->backup_state, STMBOOT_GPT_MISPLACED);
	cr_expect_eq(b.gpt->alternate.lba, SECTORS - 1);
	bench_free(&b);
}

Test(gpt, entries_of_256_bytes_are_read_at_their_own_stride)
{
	struct bench b = healthy();

	memset(b.bytes + ENTRIES, 0, 512);
	card_entry(b.bytes + ENTRIES, 1, 40, 41, 0, "one");
	card_entry(b.bytes + ENTRIES + 256, 2, 42, 43, 0, "two");
	card_put(b.bytes + HEADER + 80, 64, 4);
	card_put(b.bytes + HEADER + 84, 256, 4);
	card_mend(b.bytes, SECTORS, 1);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	cr_expect_eq(b.gpt->primary.defects, STMBOOT_GPT_ENTRY_SIZE);
	cr_assert_eq(b.gpt->primary.partition_count, 2);
	cr_expect_eq(b.gpt->primary.partitions[1]->number, 2);
	cr_expect_str_eq(b.gpt->primary.partitions[1]->name, "two");
	bench_free(&b);
}

Test(gpt, a_table_for_4096_byte_sectors_is_recognised)
{
	struct bench b = bench_new(1024);

	card_make(b.bytes + 3584, 256, 4); /* puts a header at byte 4096 */
	memset(b.bytes + 3584, 0, 512);
	bench_decode(&b, 1024 * CARD_SECTOR);
	cr_expect_eq(b.gpt->sector_size, 4096);
	cr_expect_eq(b.gpt->sectors, 128);
	cr_expect_eq(b.gpt->primary.offset, 4096);
	cr_expect_eq(stmboot_gpt_rom_view(b.gpt).reason, STMBOOT_GPT_SECTOR_SIZE);
	bench_free(&b);
}

struct name_case {
	const char *name;
	uint16_t units[36];
	const char *utf8, *uboot, *as_linux;
	bool latin1;
};

static const struct name_case name_cases[] = {
	{ "ASCII is the same for all",
	  { 'f', 's', 'b', 'l', '1' },
	  "fsbl1",
	  "fsbl1",
	  "fsbl1",
	  true },
	{ "an umlaut loses a bit in Linux", { 'r', 0xe4 }, "r\xc3\xa4", "r\xe4", "rd", true },
	{ "U-Boot cuts a unit to its low byte",
	  { 0x0166, 'x' },
	  "\xc5\xa6"
	  "x",
	  "fx",
	  "fx",
	  false },
	{ "a control character is a dot here and a mark there",
	  { 'a', 7, 'b' },
	  "a\ab",
	  "a.b",
	  "a!b",
	  true },
	{ "a unit whose low byte is zero ends U-Boot's name",
	  { 'a', 0x100, 'b' },
	  "a\xc4\x80"
	  "b",
	  "a",
	  "a",
	  false },
	{ "a pair of surrogates is one character",
	  { 0xd83d, 0xde02 },
	  "\xf0\x9f\x98\x82",
	  "=.",
	  "=!",
	  false },
	{ "a lone surrogate is replaced",
	  { 0xde00, 'z' },
	  "\xef\xbf\xbd"
	  "z",
	  "",
	  "",
	  false },
	{ "a high unit behind the terminator counts for TF-A",
	  { 'a', 0, 0x100 },
	  "a",
	  "a",
	  "a",
	  false },
};

Test(gpt, names)
{
	for (size_t i = 0; i < sizeof(name_cases) / sizeof(name_cases[0]); i++) {
		const struct name_case *c = &name_cases[i];
		struct bench b = healthy();
		const struct stmboot_partition *p;

		for (int u = 0; u < 36; u++)
			card_put(b.bytes + ENTRIES + 56 + 2 * u, c->units[u], 2);
		bench_decode(&b, SECTORS * CARD_SECTOR);
		p = b.gpt->primary.partitions[0];
		cr_expect_str_eq(p->name, c->utf8, "%s", c->name);
		cr_expect_str_eq(p->name_uboot, c->uboot, "%s", c->name);
		cr_expect_str_eq(p->name_linux, c->as_linux, "%s", c->name);
		cr_expect_eq(p->name_is_latin1, c->latin1, "%s", c->name);
		bench_free(&b);
	}
}

Test(gpt, a_name_of_36_units_needs_no_terminator)
{
	struct bench b = healthy();

	for (int u = 0; u < 36; u++)
		card_put(b.bytes + ENTRIES + 56 + 2 * u, 0xffff, 2);
	bench_decode(&b, SECTORS * CARD_SECTOR);
	cr_expect_eq(strlen(b.gpt->primary.partitions[0]->name), 36 * 3);
	cr_expect_eq(strlen(b.gpt->primary.partitions[0]->name_linux), 36);
	bench_free(&b);
}

Test(gpt, an_array_above_4_mib_is_not_read)
{
	struct bench b = bench_new(20000);

	for (uint32_t count = 32768; count <= 32769; count++) {
		card_make(b.bytes, 20000, COUNT);
		card_put(b.bytes + HEADER + 72, 100, 8);
		card_put(b.bytes + HEADER + 80, count, 4);
		card_mend(b.bytes, 20000, 1);
		bench_decode(&b, 20000 * CARD_SECTOR);
		cr_expect_eq(b.gpt->primary.defects, count == 32768 ? 0 : STMBOOT_GPT_ENTRY_COUNT,
			     "%u entries", count);
	}
	bench_free(&b);
}

Test(gpt, linux_takes_255_entries_and_the_context_keeps_as_many_as_it_allows)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options),
						   .limits.max_gpt_entries = 256 };
	struct bench b = bench_new(400);

	stmboot_context_free(b.ctx);
	cr_assert_eq(stmboot_context_new(&options, &b.ctx), STMBOOT_OK);
	card_make(b.bytes, 400, 300);
	for (int number = 255; number <= 257; number++)
		card_entry(b.bytes + ENTRIES + 128 * (number - 1), 9, 80, 80, 0, "far");
	card_copy_array(b.bytes, 400, 300);
	bench_decode(&b, 400 * CARD_SECTOR);
	cr_expect_eq(b.gpt->primary.state, STMBOOT_GPT_OK, "the checksum runs over all 300");
	cr_expect_eq(stmboot_gpt_uboot_view(b.gpt).count, 6);
	cr_expect_eq(stmboot_gpt_linux_view(b.gpt, false).count, 5);
	cr_expect_eq(stmboot_gpt_linux_view(b.gpt, false).reason, STMBOOT_GPT_SKIPS_SOME);
	cr_expect(b.gpt->primary.entries_cut);
	bench_free(&b);
}
