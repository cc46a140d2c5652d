/* SPDX-License-Identifier: MIT */
/* Tables that real tools made, read back; each test is skipped without its tool. */
#include <stdio.h>
#include <string.h>

#include "../support/folder.h"
#include "../support/gpt_bench.h"

#include "base/diag.h"
#include "format/gpt_encode.h"

/* A folder of its own with an image in it. */
struct workshop {
	struct folder folder;
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_gpt *gpt;
};

static struct workshop open_workshop(void)
{
	struct workshop w = { .folder = folder_new() };

	cr_assert_eq(stmboot_context_new(NULL, &w.ctx), STMBOOT_OK);
	return w;
}

static void decode(struct workshop *w)
{
	w->src = folder_open(w->ctx, &w->folder, "card.img");
	cr_assert_eq(stmboot_gpt_decode(w->ctx, w->src, &w->gpt), STMBOOT_OK);
}

static void expect_no_finding(const struct workshop *w)
{
	struct stmboot_diags *diags;
	struct sb_scope scope;

	cr_assert_eq(stmboot_diags_new(w->ctx, &diags), STMBOOT_OK);
	scope = sb_scope(diags, w->src);
	sb_gpt_validate(&scope, w->gpt);
	for (size_t i = 0; i < stmboot_diags_count(diags); i++)
		cr_expect(false, "%s: %s", stmboot_diags_get(diags, i)->code,
			  stmboot_diags_get(diags, i)->message);
	stmboot_diags_free(diags);
}

static void close_workshop(struct workshop *w)
{
	stmboot_gpt_free(w->gpt);
	stmboot_source_close(w->src);
	stmboot_context_free(w->ctx);
	folder_remove(&w->folder);
}

/* Where the table of a real tool stands, with both copies as they are. */
static void open_table(const struct workshop *w, struct sb_arena *arena, struct sb_gpt_table *table)
{
	sb_arena_init(arena, w->ctx);
	cr_assert_eq(sb_gpt_table_load(arena, w->src, w->gpt, &w->gpt->primary, table), STMBOOT_OK);
	cr_assert_eq(sb_gpt_table_keep(table, w->src, SB_GPT_PRIMARY, &w->gpt->primary),
		     STMBOOT_OK);
	cr_assert_eq(sb_gpt_table_keep(table, w->src, SB_GPT_BACKUP, &w->gpt->backup), STMBOOT_OK);
}

/* What was decoded encodes to the bytes that the tool wrote. */
static void expect_same_bytes(const struct workshop *w)
{
	struct sb_gpt_piece pieces[SB_GPT_MAX_PIECES];
	struct sb_gpt_table table;
	struct sb_arena arena;
	size_t count;

	open_table(w, &arena, &table);
	sb_gpt_table_protect(&table, w->gpt);
	cr_expect_not(table.mbr_changed);
	count = sb_gpt_table_encode(&table, pieces);
	cr_expect_eq(count, 4);
	for (size_t i = 0; i < count; i++) {
		uint8_t *bytes = malloc(pieces[i].length);

		cr_assert_not_null(bytes);
		cr_assert_eq(stmboot_source_read(w->src, pieces[i].offset, bytes, pieces[i].length),
			     STMBOOT_OK);
		cr_expect(memcmp(bytes, pieces[i].bytes, pieces[i].length) == 0, "piece %zu", i);
		free(bytes);
	}
	sb_arena_release(&arena);
}

static void write_pieces(const struct workshop *w, struct sb_gpt_table *table)
{
	struct sb_gpt_piece pieces[SB_GPT_MAX_PIECES];
	size_t count = sb_gpt_table_encode(table, pieces);
	char path[FOLDER_PATH];
	FILE *file;

	folder_file(&w->folder, "card.img", path);
	file = fopen(path, "r+");
	cr_assert_not_null(file);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(fseek(file, (long)pieces[i].offset, SEEK_SET), 0);
		cr_assert_eq(fwrite(pieces[i].bytes, 1, pieces[i].length, file), pieces[i].length);
	}
	cr_assert_eq(fclose(file), 0);
}

/* Their exit status says nothing of a table, so their words count. */
static void expect_no_complaint(const struct workshop *w)
{
	folder_run(&w->folder, "sgdisk -v card.img | grep -q 'No problems found'\n"
			       "sfdisk --verify card.img | grep -q 'No errors detected'\n"
			       "gdisk -l card.img >said\n"
			       "grep -q 'GPT: present' said\n"
			       "! grep -Eiq 'warning|caution|invalid|corrupt|damaged|error' said");
}

/* The n-th partition gets other fields, and all else stays; then all tools are content. */
static void expect_edit(struct workshop *w, uint32_t index)
{
	struct sb_gpt_table table;
	struct sb_arena arena;
	char command[300];

	open_table(w, &arena, &table);
	sb_gpt_table_set_guid(&table, index, (const uint8_t *)"0123456789abcdef");
	sb_gpt_table_set_attribute(&table, index, STMBOOT_GPT_ATTR_BOOTABLE, true);
	cr_assert(sb_gpt_table_set_name(&table, index, "gr\303\266\303\237er"));
	write_pieces(w, &table);
	sb_arena_release(&arena);
	expect_no_complaint(w);
	(void)snprintf(command, sizeof(command),
		       "sgdisk -i %u card.img >said\n"
		       "grep -q '33323130-3534-3736-3839-616263646566' said\n"
		       "grep -q 'Attribute flags: 0000000000000004' said\n"
		       "grep -q \"'gr\303\266\303\237er'\" said",
		       index + 1);
	folder_run(&w->folder, command);
}

static void expect_extent(const struct stmboot_gpt *gpt, uint32_t number, const char *name,
			  uint64_t first, uint64_t last)
{
	const struct stmboot_partition *p = stmboot_gpt_find_number(gpt, number);

	cr_assert_not_null(p, "partition %u", number);
	cr_expect_str_eq(p->name, name);
	cr_expect_eq(p->first_lba, first);
	cr_expect_eq(p->last_lba, last);
}

/* The layout of U-Boot's documentation for STM32MP1 boards. */
Test(gpt_oracles, sgdisk)
{
	struct workshop w;

	need("sgdisk");
	w = open_workshop();
	folder_run(&w.folder,
		   "truncate -s 64M card.img\n"
		   "sgdisk -o -a 1 -U 3e5a0a4d-a80b-43da-9a97-ba5040c7191a "
		   "-n 1:34:545 -c 1:fsbl1 -n 2:546:1057 -c 2:fsbl2 -n 3:1058:5153 -c 3:ssbl "
		   "-n 4:5154:131038 -c 4:r\303\266\303\266t -t 4:8300 -A 4:set:2 -A 4:set:60 "
		   "-u 4:491F6117-415D-4F53-88C9-6E0DE54DEAC6 card.img");
	decode(&w);
	expect_no_finding(&w);
	cr_expect_eq(w.gpt->backup_state, STMBOOT_GPT_OK);
	cr_expect_str_eq(w.gpt->primary.disk_guid, "3e5a0a4d-a80b-43da-9a97-ba5040c7191a");
	expect_extent(w.gpt, 1, "fsbl1", 34, 545);
	expect_extent(w.gpt, 3, "ssbl", 1058, 5153);
	expect_extent(w.gpt, 4, "r\303\266\303\266t", 5154, 131038);
	cr_expect_str_eq(w.gpt->partitions[3]->guid, "491f6117-415d-4f53-88c9-6e0de54deac6");
	cr_expect_eq(w.gpt->partitions[3]->attributes, UINT64_C(1) << 2 | UINT64_C(1) << 60);
	cr_expect_eq(w.gpt->partition_count, 4);
	expect_same_bytes(&w);
	expect_edit(&w, 2);
	close_workshop(&w);
}

Test(gpt_oracles, sgdisk_hybrid)
{
	struct workshop w;
	struct stmboot_gpt_tfa tfa = { 0 };

	need("sgdisk");
	w = open_workshop();
	folder_run(&w.folder, "truncate -s 64M card.img\n"
			      "sgdisk -o -n 1:2048:4095 -n 2:4096:8191 -h 2:EE card.img");
	decode(&w);
	cr_expect_eq(w.gpt->protective_mbr, STMBOOT_PMBR_HYBRID);
	cr_expect_eq(stmboot_gpt_uboot_view(w.gpt).count, 2);
	cr_expect_eq(stmboot_gpt_tfa_view(w.gpt, &tfa).count, 0);
	expect_same_bytes(&w);
	close_workshop(&w);
}

/* An array of 56 entries, which U-Boot was seen to boot from. */
Test(gpt_oracles, sgdisk_with_a_small_table)
{
	struct workshop w;

	need("sgdisk");
	w = open_workshop();
	folder_run(&w.folder, "truncate -s 64M card.img\n"
			      "sgdisk -o -a 1 -S 56 -n 1:16:99 -c 1:fsbl1 card.img");
	decode(&w);
	expect_no_finding(&w);
	cr_expect_eq(w.gpt->primary.entry_count, 56);
	expect_extent(w.gpt, 1, "fsbl1", 16, 99);
	expect_same_bytes(&w);
	expect_edit(&w, 0);
	close_workshop(&w);
}

Test(gpt_oracles, sfdisk_gpt)
{
	struct workshop w;

	need("sfdisk");
	w = open_workshop();
	folder_run(&w.folder, "truncate -s 64M card.img\n"
			      "printf 'label: gpt\\nstart=2048, size=512, name=fsbl1\\n"
			      "start=4096, size=512, name=rootfs, attrs=LegacyBIOSBootable\\n' "
			      "| sfdisk card.img");
	decode(&w);
	expect_no_finding(&w);
	expect_extent(w.gpt, 1, "fsbl1", 2048, 2559);
	expect_extent(w.gpt, 2, "rootfs", 4096, 4607);
	cr_expect(w.gpt->partitions[1]->bootable);
	expect_same_bytes(&w);
	expect_edit(&w, 0);
	close_workshop(&w);
}

Test(gpt_oracles, sfdisk_mbr_with_logical_partitions)
{
	struct workshop w;

	need("sfdisk");
	w = open_workshop();
	folder_run(&w.folder,
		   "truncate -s 64M card.img\n"
		   "printf 'label: dos\\nlabel-id: 0x12345678\\n"
		   "start=2048, size=2048, type=c, bootable\\nstart=8192, size=32768, type=5\\n"
		   "start=10240, size=1024, type=83\\nstart=16384, size=1024, type=83\\n'"
		   "| awk 'NR==5{$0=\"5: \" $0} NR==6{$0=\"6: \" $0} {print}' | sfdisk card.img");
	decode(&w);
	expect_no_finding(&w);
	cr_expect_eq(w.gpt->type, STMBOOT_TABLE_MBR);
	expect_extent(w.gpt, 1, "", 2048, 4095);
	expect_extent(w.gpt, 5, "", 10240, 11263);
	expect_extent(w.gpt, 6, "", 16384, 17407);
	cr_expect_str_eq(stmboot_gpt_find_number(w.gpt, 6)->guid, "12345678-06");
	close_workshop(&w);
}

/* The tightly packed card of Buildroot: nothing about it is worth a word. */
Test(gpt_oracles, genimage)
{
	struct workshop w;

	need("genimage");
	w = open_workshop();
	folder_run(&w.folder,
		   "mkdir root input\n"
		   "head -c 120613 /dev/zero >input/fsbl\n"
		   "head -c 1064924 /dev/zero >input/uboot\n"
		   "truncate -s 8M input/rootfs\n"
		   "cat >cfg <<EOF\n"
		   "image card.img { hdimage { gpt = \"true\" }\n"
		   "partition fsbl1 { image = \"fsbl\" }\n"
		   "partition fsbl2 { image = \"fsbl\" }\n"
		   "partition uboot { image = \"uboot\" }\n"
		   "partition rootfs { image = \"rootfs\" bootable = \"yes\" } }\n"
		   "EOF\n"
		   "genimage --config cfg --rootpath root --inputpath input --outputpath . "
		   "--tmppath tmp");
	decode(&w);
	expect_no_finding(&w);
	cr_expect_eq(w.gpt->sectors, 19008);
	expect_extent(w.gpt, 1, "fsbl1", 34, 269);
	expect_extent(w.gpt, 2, "fsbl2", 270, 505);
	expect_extent(w.gpt, 3, "uboot", 506, 2585);
	expect_extent(w.gpt, 4, "rootfs", 2586, 18969);
	cr_expect_eq(w.gpt->partitions[3]->attributes, 4);
	expect_same_bytes(&w);
	expect_edit(&w, 1);
	close_workshop(&w);
}

/* The backup at the end of a larger medium, as gdisk moves it. */
Test(gpt_oracles, a_backup_at_another_end)
{
	struct sb_gpt_table table;
	struct workshop w;
	struct sb_arena arena;
	uint64_t last;

	need("sgdisk");
	w = open_workshop();
	folder_run(&w.folder, "truncate -s 64M card.img\n"
			      "sgdisk -o -a 1 -n 1:34:545 -c 1:fsbl1 -n 2:2048:90000 card.img\n"
			      "truncate -s 96M card.img\n"
			      "cp card.img moved.img\n"
			      "sgdisk -e moved.img");
	decode(&w);
	last = w.gpt->sectors - 1;
	sb_arena_init(&arena, w.ctx);
	cr_assert_eq(sb_gpt_table_load(&arena, w.src, w.gpt, &w.gpt->primary, &table), STMBOOT_OK);
	cr_assert_eq(sb_gpt_table_keep(&table, w.src, SB_GPT_PRIMARY, &w.gpt->primary), STMBOOT_OK);
	cr_assert_eq(sb_gpt_table_copy(&table, SB_GPT_BACKUP, last, last - 32), STMBOOT_OK);
	sb_gpt_table_link(&table);
	sb_gpt_table_set_last_usable(&table, last - 33);
	sb_gpt_table_protect(&table, w.gpt);
	write_pieces(&w, &table);
	sb_arena_release(&arena);
	expect_no_complaint(&w);
	folder_run(&w.folder, "cmp card.img moved.img");
	close_workshop(&w);
}
