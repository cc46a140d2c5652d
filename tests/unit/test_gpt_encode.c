/* SPDX-License-Identifier: MIT */
/* Tables written again: what was not changed keeps its bytes. */
#include "../support/gpt_bench.h"
#include "../support/heap.h"

#include "format/gpt_encode.h"

enum { BIG_SECTOR = 4096, BIG_SECTORS = 64, MOST_BYTES = BIG_SECTORS * BIG_SECTOR };

struct editor {
	struct sb_arena arena;
	struct sb_gpt_table table;
};

/* A table of which both copies stay where they are. */
static void edit(const struct bench *b, struct editor *e)
{
	const struct stmboot_gpt *gpt = b->gpt;

	sb_arena_init(&e->arena, b->ctx);
	cr_assert_eq(sb_gpt_table_load(&e->arena, b->src, gpt, &gpt->primary, &e->table),
		     STMBOOT_OK);
	cr_assert_eq(sb_gpt_table_keep(&e->table, b->src, SB_GPT_PRIMARY, &gpt->primary),
		     STMBOOT_OK);
	cr_assert_eq(sb_gpt_table_keep(&e->table, b->src, SB_GPT_BACKUP, &gpt->backup), STMBOOT_OK);
}

/* Write what an editor made of it, and decode it again. */
static void apply(struct bench *b, struct editor *e, uint64_t size)
{
	struct sb_gpt_piece pieces[SB_GPT_MAX_PIECES];
	size_t count;

	count = sb_gpt_table_encode(&e->table, pieces);
	for (size_t i = 0; i < count; i++)
		memcpy(b->bytes + pieces[i].offset, pieces[i].bytes, pieces[i].length);
	sb_arena_release(&e->arena);
	bench_decode(b, size);
}

static void expect_identity(struct bench *b, uint64_t size)
{
	static uint8_t before[MOST_BYTES];
	struct editor e;

	bench_decode(b, size);
	cr_assert_eq(b->gpt->primary.state, STMBOOT_GPT_OK);
	cr_assert_eq(b->gpt->backup.state, STMBOOT_GPT_OK);
	memcpy(before, b->bytes, size);
	edit(b, &e);
	sb_gpt_table_protect(&e.table, b->gpt);
	cr_expect_not(e.table.mbr_changed);
	apply(b, &e, size);
	cr_expect(memcmp(before, b->bytes, size) == 0);
	bench_free(b);
}

Test(gpt_encode, encoding_what_was_decoded_gives_the_same_bytes)
{
	static const uint32_t counts[] = { 4, 5, 6, 7, 56, 128, 129, 200 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct bench b = bench_new(SECTORS);

		card_make(b.bytes, SECTORS, counts[i]);
		expect_identity(&b, SECTORS * CARD_SECTOR);
	}
}

/* Reserved fields, what follows the 92 bytes and the array, and a header that is longer. */
Test(gpt_encode, what_nobody_knows_survives)
{
	struct bench b = bench_new(SECTORS);

	card_make(b.bytes, SECTORS, 5);
	memset(b.bytes + HEADER + 92, 0x5a, CARD_SECTOR - 92);
	memset(b.bytes + BACKUP + 92, 0xa5, CARD_SECTOR - 92);
	card_put(b.bytes + HEADER + 12, 100, 4);
	card_put(b.bytes + HEADER + 20, 0x12345678, 4);
	card_put(b.bytes + BACKUP + 8, 0x10001, 4);
	memset(b.bytes + ENTRIES + 5 * 128, 0x77, 384);
	memset(b.bytes + ENTRIES + 4 * 128 + 16, 0x33,
	       112); /* an unused entry with a GUID and all */
	card_copy_array(b.bytes, SECTORS, 5);
	expect_identity(&b, SECTORS * CARD_SECTOR);
}

Test(gpt_encode, arrays_elsewhere_stay_there)
{
	struct bench b = bench_new(SECTORS);

	card_make(b.bytes, SECTORS, 8);
	memcpy(b.bytes + 6 * CARD_SECTOR, b.bytes + ENTRIES, 1024);
	memset(b.bytes + ENTRIES, 0xee, 1024);
	card_put(b.bytes + HEADER + 72, 6, 8);
	card_mend(b.bytes, SECTORS, 1);
	expect_identity(&b, SECTORS * CARD_SECTOR);
}

Test(gpt_encode, hybrid_mbrs_are_left_alone)
{
	struct bench b = healthy();

	memcpy(b.bytes + 462, "\x80\x01\x02\x03\x83\x04\x05\x06\x32\x00\x00\x00\x0a\x00\x00\x00",
	       16);
	card_put(b.bytes + 458, 33, 4);
	expect_identity(&b, SECTORS * CARD_SECTOR);
}

static void put_big_header(uint8_t *bytes, uint64_t lba, uint64_t alternate, uint64_t entries_lba)
{
	uint8_t *header = bytes + lba * BIG_SECTOR;

	memcpy(header, "EFI PART\0\0\1\0\x5c\0\0\0", 16);
	card_put(header + 24, lba, 8);
	card_put(header + 32, alternate, 8);
	card_put(header + 40, 3, 8);
	card_put(header + 48, BIG_SECTORS - 3, 8);
	card_put(header + 72, entries_lba, 8);
	card_put(header + 80, 20, 4);
	card_put(header + 84, 128, 4);
	card_entry(bytes + entries_lba * BIG_SECTOR, 1, 3, 20, 4, "rootfs");
	card_put(header + 88, crc32(0, bytes + entries_lba * BIG_SECTOR, 20 * 128), 4);
	card_put(header + 16, crc32(0, header, 92), 4);
}

Test(gpt_encode, sectors_of_4096_bytes)
{
	struct bench b = { .bytes = calloc(BIG_SECTORS, BIG_SECTOR) };

	cr_assert_not_null(b.bytes);
	cr_assert_eq(stmboot_context_new(NULL, &b.ctx), STMBOOT_OK);
	memcpy(b.bytes + 446, "\x00\x00\x02\x00\xee\xff\xff\xff\x01\x00\x00\x00", 12);
	card_put(b.bytes + 458, BIG_SECTORS - 1, 4);
	memcpy(b.bytes + 510, "\x55\xaa", 2);
	put_big_header(b.bytes, 1, BIG_SECTORS - 1, 2);
	put_big_header(b.bytes, BIG_SECTORS - 1, 1, BIG_SECTORS - 2);
	expect_identity(&b, MOST_BYTES);
}

Test(gpt_encode, one_copy_is_made_of_the_other)
{
	struct bench b = healthy();
	struct editor e;

	bench_decode(&b, SECTORS * CARD_SECTOR);
	edit(&b, &e);
	cr_assert_eq(sb_gpt_table_copy(&e.table, SB_GPT_BACKUP, SECTORS + 39, SECTORS + 7),
		     STMBOOT_OK);
	sb_gpt_table_link(&e.table);
	sb_gpt_table_set_last_usable(&e.table, SECTORS + 6);
	sb_gpt_table_set_disk_guid(&e.table, (const uint8_t *)"0123456789abcdef");
	b.bytes = realloc(b.bytes, (SECTORS + 40) * CARD_SECTOR);
	cr_assert_not_null(b.bytes);
	memset(b.bytes + SECTORS * CARD_SECTOR, 0, 40 * CARD_SECTOR);
	apply(&b, &e, (SECTORS + 40) * CARD_SECTOR);
	cr_expect_eq(b.gpt->primary.state, STMBOOT_GPT_OK);
	cr_expect_eq(b.gpt->backup_state, STMBOOT_GPT_OK);
	cr_expect_not(b.gpt->copies_differ);
	cr_expect_eq(b.gpt->backup.lba, SECTORS + 39);
	cr_expect_eq(b.gpt->backup.alternate_lba, 1);
	cr_expect_eq(b.gpt->primary.alternate_lba, SECTORS + 39);
	cr_expect_eq(b.gpt->primary.last_usable_lba, SECTORS + 6);
	cr_expect_str_eq(b.gpt->primary.disk_guid, "33323130-3534-3736-3839-616263646566");
	bench_free(&b);
}

Test(gpt_encode, an_entry_changes_in_both_copies_and_in_nothing_else)
{
	struct bench b = healthy();
	const struct stmboot_partition *const *list;
	const struct stmboot_partition *p;
	struct editor e;
	size_t count;

	bench_decode(&b, SECTORS * CARD_SECTOR);
	edit(&b, &e);
	sb_gpt_table_set_type(&e.table, 2, (const uint8_t *)"fedcba9876543210");
	sb_gpt_table_set_guid(&e.table, 2, (const uint8_t *)"0123456789abcdef");
	sb_gpt_table_set_attribute(&e.table, 2, 60, true);
	sb_gpt_table_set_attribute(&e.table, 3, STMBOOT_GPT_ATTR_BOOTABLE, false);
	cr_expect(sb_gpt_table_set_name(&e.table, 2, "ssbl"));
	cr_assert(sb_gpt_table_list(&e.table, &list, &count));
	cr_assert_eq(count, 4);
	cr_expect_str_eq(list[2]->name, "ssbl");
	cr_expect_str_eq(list[2]->guid, "33323130-3534-3736-3839-616263646566");
	apply(&b, &e, SECTORS * CARD_SECTOR);
	cr_expect_eq(b.gpt->backup_state, STMBOOT_GPT_OK);
	cr_expect_not(b.gpt->copies_differ);
	p = b.gpt->partitions[2];
	cr_expect_str_eq(p->name, "ssbl");
	cr_expect_str_eq(p->type_guid, "63646566-6162-3839-3736-353433323130");
	cr_expect_eq(p->attributes, UINT64_C(1) << 60);
	cr_expect_eq(p->first_lba, 42);
	cr_expect_not(b.gpt->partitions[3]->bootable);
	cr_expect_str_eq(b.gpt->partitions[3]->name, "rootfs");
	bench_free(&b);
}

struct name_case {
	const char *name;
	bool fits;
};

static const struct name_case names[] = {
	{ "", true },
	{ "r\303\266\303\266t", true },
	{ "\360\237\230\200", true }, /* two units */
	{ "123456789012345678901234567890123456", true },
	{ "1234567890123456789012345678901234\360\237\230\200", true },
	{ "1234567890123456789012345678901234567", false },
	{ "12345678901234567890123456789012345\360\237\230\200", false },
	{ "\377", false },
	{ "\355\240\200", false }, /* a surrogate */
};

Test(gpt_encode, names_are_utf_16)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bench b = healthy();
		struct editor e;

		bench_decode(&b, SECTORS * CARD_SECTOR);
		edit(&b, &e);
		cr_expect_eq(sb_gpt_table_set_name(&e.table, 0, names[i].name), names[i].fits,
			     "%zu", i);
		apply(&b, &e, SECTORS * CARD_SECTOR);
		cr_expect_str_eq(b.gpt->partitions[0]->name,
				 names[i].fits ? names[i].name : "fsbl1");
		bench_free(&b);
	}
}

struct mbr_case {
	const char *name;
	size_t at; /* what is damaged: from 440 on */
	uint8_t bytes[72];
	size_t size;
	uint8_t types[4]; /* afterwards */
};

static const struct mbr_case mbr_cases[] = {
	{ "all of it gone", 440, { 0 }, 72, { 0xee } },
	{ "its signature gone", 510, { 0 }, 2, { 0xee } },
	{ "size 0xFFFFFFFF", 458, { 0xff, 0xff, 0xff, 0xff }, 4, { 0xee } },
	{ "size 0", 458, { 0 }, 4, { 0xee } },
	{ "another start", 454, { 2 }, 4, { 0xee } },
	{ "another type", 450, { 0x83 }, 1, { 0xee } },
	{ "the record is the second one",
	  446,
	  { [20] = 0xee, [24] = 1, [28] = 0xff },
	  32,
	  { 0xee } },
	{ "hybrid, with another start",
	  446,
	  { [4] = 0xee, [8] = 2, [12] = 32, [20] = 0x83, [24] = 50, [28] = 10 },
	  32,
	  { 0xee, 0x83 } },
};

Test(gpt_encode, a_damaged_protective_mbr_is_mended)
{
	for (size_t i = 0; i < sizeof(mbr_cases) / sizeof(mbr_cases[0]); i++) {
		const struct mbr_case *c = &mbr_cases[i];
		struct bench b = healthy();
		struct editor e;

		memset(b.bytes, 0x90, 440); /* boot code */
		memcpy(b.bytes + c->at, c->bytes, c->size);
		bench_decode(&b, SECTORS * CARD_SECTOR);
		cr_assert_eq(b.gpt->type, STMBOOT_TABLE_GPT, "%s", c->name);
		edit(&b, &e);
		sb_gpt_table_protect(&e.table, b.gpt);
		cr_expect(e.table.mbr_changed, "%s", c->name);
		apply(&b, &e, SECTORS * CARD_SECTOR);
		cr_expect_geq((int)b.gpt->protective_mbr, (int)STMBOOT_PMBR_HYBRID, "%s", c->name);
		for (int k = 0; k < 4; k++)
			cr_expect_eq(b.gpt->mbr.records[k].type, c->types[k], "%s", c->name);
		cr_expect_eq(b.gpt->mbr.protective, 0, "%s", c->name);
		if (c->types[1] == 0)
			cr_expect_eq(b.gpt->mbr.records[0].sectors, SECTORS - 1, "%s", c->name);
		cr_expect_eq(b.bytes[439], 0x90, "%s", c->name);
		edit(&b, &e);
		sb_gpt_table_protect(&e.table, b.gpt);
		cr_expect_not(e.table.mbr_changed, "%s", c->name);
		sb_arena_release(&e.arena);
		bench_free(&b);
	}
}

Test(gpt_encode, entries_that_changed_meanwhile_are_not_written_again)
{
	struct bench b = healthy();
	struct sb_gpt_table table;
	struct sb_arena arena;

	bench_decode(&b, SECTORS * CARD_SECTOR);
	b.bytes[ENTRIES + 60] ^= 1;
	sb_arena_init(&arena, b.ctx);
	cr_expect_eq(sb_gpt_table_load(&arena, b.src, b.gpt, &b.gpt->primary, &table),
		     STMBOOT_CONFLICT);
	sb_arena_release(&arena);
	bench_free(&b);
}

static enum stmboot_status load_all(struct stmboot_context *ctx, const struct bench *b)
{
	const struct stmboot_partition *const *list;
	struct sb_gpt_table table;
	struct sb_arena arena;
	size_t count;
	enum stmboot_status status;

	sb_arena_init(&arena, ctx);
	status = sb_gpt_table_load(&arena, b->src, b->gpt, &b->gpt->primary, &table);
	if (status == STMBOOT_OK)
		status = sb_gpt_table_keep(&table, b->src, SB_GPT_PRIMARY, &b->gpt->primary);
	if (status == STMBOOT_OK)
		status = sb_gpt_table_copy(&table, SB_GPT_BACKUP, SECTORS - 1, SECTORS - 33);
	if (status == STMBOOT_OK && !sb_gpt_table_list(&table, &list, &count))
		status = STMBOOT_NO_MEMORY;
	sb_arena_release(&arena);
	return status;
}

Test(gpt_encode, each_allocation_may_be_refused)
{
	struct bench b = healthy();
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	size_t total;

	bench_decode(&b, SECTORS * CARD_SECTOR);
	heap_refuse(&heap, 0);
	cr_assert_eq(load_all(ctx, &b), STMBOOT_OK);
	total = heap.requests;
	for (size_t n = 1; n <= total; n++) {
		heap_refuse(&heap, n);
		cr_expect_eq(load_all(ctx, &b), STMBOOT_NO_MEMORY, "request %zu", n);
		cr_expect_eq(heap.live, 1);
	}
	stmboot_context_free(ctx);
	bench_free(&b);
}

Test(gpt_encode, attributes_and_types_have_names)
{
	cr_expect_eq(stmboot_gpt_attribute_bit("bootable"), STMBOOT_GPT_ATTR_BOOTABLE);
	cr_expect_eq(stmboot_gpt_attribute_bit("no-block-io"), 1);
	cr_expect_eq(stmboot_gpt_attribute_bit("bit-48"), 48);
	cr_expect_eq(stmboot_gpt_attribute_bit("bit-2"), 2);
	cr_expect_eq(stmboot_gpt_attribute_bit("bit-3"), -1);
	cr_expect_eq(stmboot_gpt_attribute_bit("bit-64"), -1);
	cr_expect_eq(stmboot_gpt_attribute_bit("bit-+2"), -1);
	cr_expect_eq(stmboot_gpt_attribute_bit("bit-"), -1);
	cr_expect_str_eq(stmboot_gpt_attribute_name(59), "grow-fs");
	cr_expect_null(stmboot_gpt_attribute_name(48));
	for (size_t i = 0; stmboot_gpt_type_at(i) != NULL; i++) {
		const char *name = stmboot_gpt_type_at(i);
		uint8_t guid[SB_GUID_BYTES];

		cr_assert_not_null(stmboot_gpt_type_guid(name));
		cr_expect(sb_guid_parse(stmboot_gpt_type_guid(name), guid), "%s", name);
		cr_expect_str_eq(stmboot_gpt_type_name(stmboot_gpt_type_guid(name)), name);
	}
	cr_expect_str_eq(stmboot_gpt_type_name("0FC63DAF-8483-4772-8E79-3D69D8477DE4"), "linux");
	cr_expect_null(stmboot_gpt_type_guid("Linux"));
}

Test(gpt_encode, what_is_set_is_listed_by_name)
{
	struct stmboot_partition partition = { .attributes = UINT64_C(1) << 63 | 1 << 2 | 1 << 9 };
	static const char *const expected[] = { "bootable", "bit-9", "no-auto" };
	char name[16];

	for (size_t i = 0; i < 3; i++) {
		cr_assert(stmboot_partition_attribute(&partition, i, name, sizeof(name)));
		cr_expect_str_eq(name, expected[i]);
	}
	cr_expect_not(stmboot_partition_attribute(&partition, 3, name, sizeof(name)));
	partition = (struct stmboot_partition){ .mbr_type = 0x83 };
	cr_expect_not(stmboot_partition_attribute(&partition, 0, name, sizeof(name)));
	partition.bootable = true;
	cr_assert(stmboot_partition_attribute(&partition, 0, name, sizeof(name)));
	cr_expect_str_eq(name, "bootable");
	cr_expect_not(stmboot_partition_attribute(&partition, 1, name, sizeof(name)));
}

Test(gpt_encode, each_defect_has_its_words)
{
	for (unsigned bit = 0; bit <= 9; bit++)
		cr_expect_not_null(stmboot_gpt_defect_text(UINT32_C(1) << bit), "bit %u", bit);
	cr_expect_str_eq(stmboot_gpt_defect_text(STMBOOT_GPT_ENTRIES_CRC | STMBOOT_GPT_MY_LBA),
			 "names another place");
	cr_expect_null(stmboot_gpt_defect_text(0));
}
