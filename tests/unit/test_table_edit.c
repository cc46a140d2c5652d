/* SPDX-License-Identifier: MIT */
/* Edits of partition tables on small cards, and what follows them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stmboot/table_edit.h>

#include "../support/fast_folder.h"
#include "../support/containers.h"
#include "../support/gpt_card.h"
#include "../support/heap.h"
#include "base/guid.h"
#include "edit/table_edit.h"

enum { MOST_BYTES = 4 << 20, MANY = 500, SECTORS = 2048, METADATA = 1720, BACKUP = SECTORS - 1 };

static char folder[64], card[96], state[96];
static uint8_t original[MOST_BYTES], now[MOST_BYTES];
static size_t original_size;
static struct stmboot_edit_options transaction;
static struct stmboot_boot_edit_options options;
static struct stmboot_refusal why;

static size_t read_card(uint8_t bytes[MOST_BYTES])
{
	FILE *f = fopen(card, "rb");
	size_t size;

	cr_assert_not_null(f, "%s", card);
	size = fread(bytes, 1, MOST_BYTES, f);
	(void)fclose(f);
	return size;
}

static void put_card(void)
{
	FILE *f = fopen(card, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(original, 1, original_size, f), original_size);
	cr_assert_eq(fclose(f), 0);
}

static void load(const char *name)
{
	const char *images = getenv("STMBOOT_GOLDEN_IMAGES");
	FILE *f;
	char path[512];

	cr_assert_not_null(images, "run through golden_images.sh");
	(void)snprintf(path, sizeof(path), "%s/%s.img", images, name);
	f = fopen(path, "rb");
	cr_assert_not_null(f, "%s", path);
	original_size = fread(original, 1, MOST_BYTES, f);
	(void)fclose(f);
	put_card();
}

static void set_up(void)
{
	fast_folder(folder, sizeof(folder), "table-edit");
	cr_assert_not_null(mkdtemp(folder));
	(void)snprintf(card, sizeof(card), "%s/card.img", folder);
	(void)snprintf(state, sizeof(state), "%s/state", folder);
	load("healthy");
	transaction = (struct stmboot_edit_options){ .struct_size = sizeof(transaction),
						     .state_directory = state };
	options = (struct stmboot_boot_edit_options){ .struct_size = sizeof(options),
						      .edit = &transaction };
	why = (struct stmboot_refusal){ .message = "" };
}

static void tear_down(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(table_edit, .init = set_up, .fini = tear_down, .timeout = 300);

typedef enum stmboot_status change_fn(struct stmboot_boot_edit *edit);

static enum stmboot_status new_guids(struct stmboot_boot_edit *edit)
{
	return stmboot_table_edit_new_guids(edit, &why);
}

static enum stmboot_status repair(struct stmboot_boot_edit *edit)
{
	return stmboot_table_edit_repair(edit, STMBOOT_TABLE_COPY_AUTO, &why);
}

static enum stmboot_status set_rootfs(struct stmboot_boot_edit *edit, const char *key,
				      const char *value)
{
	const struct stmboot_table_setting setting = { key, value };

	return stmboot_table_edit_set(edit, "rootfs", &setting, 1, &why);
}

static enum stmboot_status rename_rootfs(struct stmboot_boot_edit *edit)
{
	return set_rootfs(edit, "name", "root");
}

/* Also gives what the plan was, as text. */
static enum stmboot_status run_with(struct stmboot_context *ctx, change_fn *change, char *told,
				    size_t room)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit = NULL;
	enum stmboot_status status = stmboot_boot_edit_begin(ctx, card, &options, &why, &edit);

	if (status == STMBOOT_OK)
		status = change(edit);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_stage(edit, &why, &plan);
	for (size_t i = 0; status == STMBOOT_OK && i < plan->change_count; i++)
		(void)snprintf(told + strlen(told), room - strlen(told), "%s\n",
			       plan->changes[i].what);
	for (size_t i = 0; status == STMBOOT_OK && i < plan->note_count; i++)
		(void)snprintf(told + strlen(told), room - strlen(told), "note: %s\n",
			       plan->notes[i]);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_commit(edit, &why);
	stmboot_boot_edit_close(edit);
	return status;
}

static enum stmboot_status run(struct stmboot_context *ctx, change_fn *change)
{
	char told[4096] = "";

	return run_with(ctx, change, told, sizeof(told));
}

static struct stmboot_context *seeded(uint64_t seed)
{
	const struct stmboot_context_options how = { .struct_size = sizeof(how),
						     .guid_seed = seed,
						     .has_guid_seed = true };
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(&how, &ctx), STMBOOT_OK);
	return ctx;
}

Test(table_edit, a_seed_gives_the_same_guids_each_time)
{
	static uint8_t first[MOST_BYTES];
	struct stmboot_context *ctx = seeded(7);

	cr_assert_eq(run(ctx, new_guids), STMBOOT_OK, "%s", why.message);
	stmboot_context_free(ctx);
	(void)read_card(first);
	put_card();
	ctx = seeded(7);
	cr_assert_eq(run(ctx, new_guids), STMBOOT_OK, "%s", why.message);
	stmboot_context_free(ctx);
	(void)read_card(now);
	cr_expect(memcmp(first, now, original_size) == 0);
	/* The same seed on its own result gives others: they are to be new. */
	ctx = seeded(7);
	cr_assert_eq(run(ctx, new_guids), STMBOOT_OK, "%s", why.message);
	stmboot_context_free(ctx);
	(void)read_card(now);
	for (int i = 0; i < 4; i++)
		cr_expect(memcmp(first + 1024 + 128 * i + 16, now + 1024 + 128 * i + 16, 16) != 0);
}

/* A fifth partition with metadata that names the first and the second, and the disk. */
static void put_metadata(uint32_t version)
{
	uint8_t *metadata = original + (size_t)METADATA * CARD_SECTOR;
	size_t size, described;

	card_entry(original + 1024 + 4 * 128, 5, METADATA, METADATA + 7, 0, "metadata1");
	card_copy_array(original, SECTORS, 128);
	size = make_fwu(metadata, version);
	described = size - 80;
	memcpy(metadata + described + 16, original + 512 + 56, 16);
	memcpy(metadata + described + 32, original + 1024 + 16, 16);
	memcpy(metadata + described + 56, original + 1024 + 128 + 16, 16);
	mend_fwu(metadata, size);
	put_card();
}

static void expect_metadata_follows(uint32_t version, size_t size)
{
	const uint8_t *metadata = now + (size_t)METADATA * CARD_SECTOR;
	struct stmboot_context *ctx = seeded(version);
	char told[4096] = "";

	put_metadata(version);
	cr_assert_eq(run_with(ctx, new_guids, told, sizeof(told)), STMBOOT_OK, "%s", why.message);
	cr_expect(strstr(told, "update metadata in partition 5\n") != NULL, "%s", told);
	(void)read_card(now);
	cr_expect(memcmp(metadata + size - 64, now + 512 + 56, 16) == 0);
	cr_expect(memcmp(metadata + size - 48, now + 1024 + 16, 16) == 0);
	cr_expect(memcmp(metadata + size - 24, now + 1024 + 128 + 16, 16) == 0);
	cr_expect(memcmp(now + 1024 + 16, original + 1024 + 16, 16) != 0);
	cr_expect_eq(card_get(metadata, 4), crc32(0, metadata + 4, (uInt)(size - 4)));
	stmboot_context_free(ctx);
}

Test(table_edit, metadata_of_firmware_updates_follows)
{
	expect_metadata_follows(2, FWU_V2_BYTES);
	load("healthy");
	expect_metadata_follows(1, FWU_V1_BYTES);
}

/* Nobody believes it, so it is not made right. */
Test(table_edit, damaged_metadata_is_left_alone)
{
	struct stmboot_context *ctx = seeded(1);

	put_metadata(2);
	original[METADATA * CARD_SECTOR] ^= 1;
	put_card();
	cr_assert_eq(run(ctx, new_guids), STMBOOT_OK, "%s", why.message);
	(void)read_card(now);
	cr_expect(memcmp(now + METADATA * CARD_SECTOR, original + METADATA * CARD_SECTOR, 512) ==
		  0);
	stmboot_context_free(ctx);
}

Test(table_edit, bytes_of_unused_entries_survive)
{
	struct stmboot_context *ctx = seeded(1);

	memset(original + 1024 + 70 * 128 + 16, 0x5a, 112);
	card_copy_array(original, SECTORS, 128);
	put_card();
	cr_assert_eq(run(ctx, rename_rootfs), STMBOOT_OK, "%s", why.message);
	(void)read_card(now);
	for (size_t at = 0; at < original_size; at++) {
		bool name = (at >= 1024 + 3 * 128 + 56 && at < 1024 + 4 * 128) ||
			    (at >= (BACKUP - 32) * CARD_SECTOR + 3 * 128 + 56 &&
			     at < (BACKUP - 32) * CARD_SECTOR + 4 * 128);
		size_t header = at < 1024 ? at - 512 : at - BACKUP * CARD_SECTOR;
		bool sum = (at >= 512 && at < 1024) || at >= BACKUP * CARD_SECTOR;

		sum = sum && ((header >= 16 && header < 20) || (header >= 88 && header < 92));
		if (!name && !sum)
			cr_assert_eq(now[at], original[at], "byte %zu", at);
	}
	stmboot_context_free(ctx);
}

static enum stmboot_status set_then_repair(struct stmboot_boot_edit *edit)
{
	enum stmboot_status status = rename_rootfs(edit);

	return status == STMBOOT_OK ? repair(edit) : status;
}

static enum stmboot_status repair_then_set(struct stmboot_boot_edit *edit)
{
	enum stmboot_status status = repair(edit);

	if (status == STMBOOT_OK)
		status = rename_rootfs(edit);
	return status == STMBOOT_OK ? set_rootfs(edit, "bit-63", "yes") : status;
}

Test(table_edit, several_changes_are_one_edit)
{
	struct stmboot_context *ctx = seeded(1);
	char told[4096] = "";

	original[512 + 56] ^= 0xff;
	put_card();
	cr_expect_eq(run(ctx, rename_rootfs), STMBOOT_CORRUPT);
	cr_expect_eq(run_with(ctx, repair_then_set, told, sizeof(told)), STMBOOT_OK, "%s",
		     why.message);
	cr_expect_str_eq(told, "primary GPT\nname of partition 4 (rootfs)\n"
			       "no-auto of partition 4 (root)\n");
	load("healthy");
	cr_expect_eq(run(ctx, set_then_repair), STMBOOT_INVALID_ARGUMENT);
	stmboot_context_free(ctx);
}

/* Half of it may be done already. */
Test(table_edit, what_failed_cannot_be_committed)
{
	const struct stmboot_table_setting settings[] = { { "name", "root" }, { "type", "?" } };
	const struct stmboot_edit_plan *plan;
	struct stmboot_context *ctx = seeded(1);
	struct stmboot_boot_edit *edit;

	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
	cr_expect_eq(stmboot_table_edit_set(edit, "4", settings, 2, &why),
		     STMBOOT_INVALID_ARGUMENT);
	cr_expect_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_CONFLICT);
	cr_expect_str_eq(why.message, "a change of this edit failed on its way: "
				      "'?' is no type of a partition");
	cr_expect_eq(stmboot_boot_edit_commit(edit, &why), STMBOOT_CONFLICT);
	stmboot_boot_edit_close(edit);
	(void)read_card(now);
	cr_expect(memcmp(now, original, original_size) == 0);
	stmboot_context_free(ctx);
}

Test(table_edit, a_saved_environment_that_names_the_old_guid_is_told)
{
	struct stmboot_context *ctx = seeded(1);
	static const char guid[] = "9a127000-0000-4000-8000-000000000003";
	char told[4096] = "", *text;
	uint8_t *env;

	load("saved-environment");
	text = memmem(original, original_size, "bootcmd=load", 12);
	cr_assert_not_null(text);
	env = (uint8_t *)text - 5;
	memcpy(text + 8, guid, strlen(guid));
	put_le(env, crc32(0, env + 5, 0x2000 - 5), 4);
	put_card();
	cr_assert_eq(run_with(ctx, new_guids, told, sizeof(told)), STMBOOT_OK, "%s", why.message);
	cr_expect(strstr(told, "note: bootcmd in U-Boot's saved environment") != NULL, "%s", told);
	stmboot_context_free(ctx);
}

/* Whatever is refused: no leak, a status that says so, and the card as it was or as it was to be.
 */
static void refuse_each_allocation(change_fn *change)
{
	static uint8_t meant[MOST_BYTES];
	struct heap heap = { 0 };
	struct stmboot_context_options how = { .struct_size = sizeof(how),
					       .user = &heap,
					       .allocate = heap_allocate,
					       .release = heap_release,
					       .guid_seed = 3,
					       .has_guid_seed = true };
	size_t total = 0, stride = 1;

	for (size_t n = 0; n == 0 || n <= total; n += n == 0 ? 1 : stride) {
		struct stmboot_context *ctx;
		enum stmboot_status status;

		put_card();
		heap_refuse(&heap, 0);
		cr_assert_eq(stmboot_context_new(&how, &ctx), STMBOOT_OK);
		heap_refuse(&heap, n);
		status = run(ctx, change);
		if (n == 0) {
			cr_assert_eq(status, STMBOOT_OK, "%s", why.message);
			total = heap.requests;
			stride = total / MANY + 1;
			(void)read_card(meant);
		}
		cr_assert_eq(heap.live, 1, "request %zu: %zu left", n, heap.live - 1);
		heap_refuse(&heap, 0);
		if (status != STMBOOT_OK)
			cr_expect_eq(status, STMBOOT_NO_MEMORY, "request %zu: %s", n,
				     stmboot_status_text(status));
		(void)read_card(now);
		cr_expect(memcmp(now, status == STMBOOT_OK ? meant : original, original_size) == 0,
			  "request %zu: %s", n, stmboot_status_text(status));
		stmboot_context_free(ctx);
	}
}

Test(table_edit, each_allocation_of_new_guids_may_be_refused)
{
	put_metadata(2);
	refuse_each_allocation(new_guids);
}

Test(table_edit, each_allocation_of_a_repair_may_be_refused)
{
	original[512 + 56] ^= 0xff;
	refuse_each_allocation(repair);
}

/* Texts that name partitions, and what becomes of them. */
static struct stmboot_partition before[4], after[4];
static const struct stmboot_partition *const before_list[] = { &before[0], &before[1], &before[2],
							       &before[3] };
static const struct stmboot_partition *const after_list[] = { &after[0], &after[1], &after[2],
							      &after[3] };
static const struct sb_table_change change = { .before = before_list,
					       .after = after_list,
					       .count = 4 };

static void name_partitions(void)
{
	static const char *const names[] = { "fsbl1", "boot", "old", "rootfs" };
	static const char *const new_names[] = { "fsbl1", "boot", "new", "root" };
	static const char *const guids[] = { "aaaa1111-0000-0000-0000-000000000001",
					     "aaaa2222-0000-0000-0000-000000000002",
					     "bbbb3333-0000-0000-0000-000000000003",
					     "cccc4444-0000-0000-0000-000000000004" };
	static const char *const new_guids_of[] = { "aaaa1111-0000-0000-0000-000000000001",
						    "dddd2222-1111-1111-1111-abcdefabcdef",
						    "eeee3333-1111-1111-1111-abcdefabcdef",
						    "eeee4444-1111-1111-1111-abcdefabcdef" };

	for (size_t i = 0; i < 4; i++) {
		before[i].number = after[i].number = (uint32_t)i + 1;
		before[i].name_linux = names[i];
		after[i].name_linux = new_names[i];
		strcpy(before[i].guid, guids[i]);
		strcpy(after[i].guid, new_guids_of[i]);
	}
}

struct text_case {
	const char *name, *text, *expect; /* NULL: it stays as it is */
};

static const struct text_case texts[] = {
	{ "another root", "root=/dev/mmcblk0p4 rootwait", NULL },
	{ "a GUID that does not change", "root=PARTUUID=aaaa1111-0000-0000-0000-000000000001",
	  NULL },
	{ "a GUID of no partition", "root=PARTUUID=ffff1111-0000-0000-0000-000000000001", NULL },
	{ "in full", "ro root=PARTUUID=cccc4444-0000-0000-0000-000000000004 rootwait",
	  "ro root=PARTUUID=eeee4444-1111-1111-1111-abcdefabcdef rootwait" },
	{ "upper case stays upper case", "root=PARTUUID=CCCC4444-0000-0000-0000-000000000004",
	  "root=PARTUUID=EEEE4444-1111-1111-1111-ABCDEFABCDEF" },
	{ "with an offset", "root=PARTUUID=bbbb3333-0000-0000-0000-000000000003/PARTNROFF=1",
	  "root=PARTUUID=eeee3333-1111-1111-1111-abcdefabcdef/PARTNROFF=1" },
	{ "by udev's link", "root=/dev/disk/by-partuuid/cccc4444-0000-0000-0000-000000000004",
	  "root=/dev/disk/by-partuuid/eeee4444-1111-1111-1111-abcdefabcdef" },
	{ "several, and other keys",
	  "resume=PARTUUID=bbbb3333-0000-0000-0000-000000000003 a=b "
	  "x=cccc4444-0000-0000-0000-000000000004,cccc4444-0000-0000-0000-000000000004",
	  "resume=PARTUUID=eeee3333-1111-1111-1111-abcdefabcdef a=b "
	  "x=eeee4444-1111-1111-1111-abcdefabcdef,eeee4444-1111-1111-1111-abcdefabcdef" },
	{ "behind --", "a -- root=PARTUUID=cccc4444-0000-0000-0000-000000000004",
	  "a -- root=PARTUUID=eeee4444-1111-1111-1111-abcdefabcdef" },
	{ "a part of something longer", "x=0cccc4444-0000-0000-0000-0000000000040", NULL },
	{ "shortened, and as short again", "root=PARTUUID=bbbb3333", "root=PARTUUID=eeee3333" },
	{ "shortened, in upper case", "root=PARTUUID=CCCC4444-0", "root=PARTUUID=EEEE4444-1" },
	{ "so short that it would name another", "root=PARTUUID=cc",
	  "root=PARTUUID=eeee4444-1111-1111-1111-abcdefabcdef" },
	{ "shortened, the first one found", "root=PARTUUID=bb", "root=PARTUUID=ee" },
	{ "shortened, with an offset", "root=PARTUUID=bbbb/PARTNROFF=-1",
	  "root=PARTUUID=eeee/PARTNROFF=-1" },
	{ "shortened, and still the same partition", "root=PARTUUID=aaaa", NULL },
	{ "a variable of U-Boot's", "root=PARTUUID=${distro_bootpart_uuid}", NULL },
	{ "a name", "root=PARTLABEL=rootfs ro", "root=PARTLABEL=root ro" },
	{ "a name in quotes", "root=\"PARTLABEL=rootfs\" ro", "root=\"PARTLABEL=root\" ro" },
	{ "a name by udev's link", "root=/dev/disk/by-partlabel/old",
	  "root=/dev/disk/by-partlabel/new" },
	{ "the beginning of a name", "root=PARTLABEL=root", NULL },
	{ "a name that does not change", "root=PARTLABEL=boot", NULL },
	{ "a name and a GUID, the other way round",
	  "a=PARTLABEL=old b=cccc4444-0000-0000-0000-000000000004 c=PARTLABEL=rootfs",
	  "a=PARTLABEL=new b=eeee4444-1111-1111-1111-abcdefabcdef c=PARTLABEL=root" },
	{ "nothing", "", NULL },
};

Test(table_edit, texts_name_the_same_partitions_afterwards)
{
	struct stmboot_context *ctx = seeded(1);

	name_partitions();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct text_case *c = &texts[i];
		struct sb_arena arena;
		const char *out = NULL;

		sb_arena_init(&arena, ctx);
		cr_expect_eq(sb_table_rewrite(&arena, &change, c->text, &why, &out), STMBOOT_OK,
			     "%s", c->name);
		cr_assert_not_null(out, "%s", c->name);
		if (c->expect == NULL)
			cr_expect_eq(out, c->text, "%s: %s", c->name, out);
		else
			cr_expect_str_eq(out, c->expect, "%s: %s", c->name, out);
		sb_arena_release(&arena);
	}
	stmboot_context_free(ctx);
}

Test(table_edit, a_name_that_the_command_line_could_not_use_is_refused)
{
	static const char *const names[] = { "my root", "a\"b", "a'b", "a\\b", "${a}", "", "boot" };
	struct stmboot_context *ctx = seeded(1);

	name_partitions();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *out = NULL;
		struct sb_arena arena;

		sb_arena_init(&arena, ctx);
		after[3].name_linux = names[i];
		cr_expect_eq(sb_table_rewrite(&arena, &change, "root=PARTLABEL=rootfs", &why, &out),
			     STMBOOT_CONFLICT, "%s", names[i]);
		sb_arena_release(&arena);
	}
	stmboot_context_free(ctx);
}
