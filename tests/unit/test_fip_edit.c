/* SPDX-License-Identifier: MIT */
/* Changing firmware packages that are files by themselves; cards: tests/cli/fip.py. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/extract.h>
#include <stmboot/fip_edit.h>

#include "../support/fast_folder.h"
#include "../support/bytes.h"
#include "../support/heap.h"
#include "../support/pace.h"
#include "base/cursor.h"
#include "format/fip_internal.h"

enum { MOST_BYTES = 16384, MANY = 300 };

static char folder[64], package[96], state[96];
static uint8_t original[MOST_BYTES], now[MOST_BYTES];
static struct stmboot_edit_options transaction;
static struct stmboot_boot_edit_options options;
static struct stmboot_refusal why;
static struct stmboot_context *ctx;

static void put_package(void)
{
	FILE *f = fopen(package, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(original, 1, MOST_BYTES, f), MOST_BYTES);
	cr_assert_eq(fclose(f), 0);
}

static void read_package(void)
{
	FILE *f = fopen(package, "rb");

	cr_assert_not_null(f);
	cr_assert_eq(fread(now, 1, MOST_BYTES, f), MOST_BYTES);
	(void)fclose(f);
}

static void set_up(void)
{
	fast_folder(folder, sizeof(folder), "fip-edit");
	cr_assert_not_null(mkdtemp(folder));
	(void)snprintf(package, sizeof(package), "%s/fip.bin", folder);
	(void)snprintf(state, sizeof(state), "%s/state", folder);
	make_whole_fip(original);
	memset(original + MOST_BYTES - 8, 0x5a, 8);
	put_package();
	transaction = (struct stmboot_edit_options){ .struct_size = sizeof(transaction),
						     .state_directory = state };
	options = (struct stmboot_boot_edit_options){ .struct_size = sizeof(options),
						      .edit = &transaction };
	why = (struct stmboot_refusal){ .message = "" };
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
}

static void tear_down(void)
{
	char command[128];

	stmboot_context_free(ctx);
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(fip_edit, .init = set_up, .fini = tear_down, .timeout = 120);

/* Replace up to two images, and write it. */
static enum stmboot_status run(struct stmboot_context *with, const char *const names[2],
			       const void *const data[2], const size_t sizes[2])
{
	struct stmboot_fip_replacement replacements[2] = { { NULL, NULL } };
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit = NULL;
	size_t count = 0;
	enum stmboot_status status = stmboot_boot_edit_begin(with, package, &options, &why, &edit);

	for (; status == STMBOOT_OK && count < 2 && names[count] != NULL; count++) {
		replacements[count].name = names[count];
		status = stmboot_source_from_memory(with, data[count], sizes[count],
						    &replacements[count].src);
	}
	if (status == STMBOOT_OK)
		status = stmboot_fip_edit_replace(edit, NULL, replacements, count, &why);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_stage(edit, &why, &plan);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_commit(edit, &why);
	for (size_t i = 0; i < 2; i++)
		stmboot_source_close(replacements[i].src);
	stmboot_boot_edit_close(edit);
	return status;
}

static enum stmboot_status replace(const char *name, const void *data, size_t size)
{
	return run(ctx, (const char *const[2]){ name, NULL }, (const void *const[2]){ data, NULL },
		   (const size_t[2]){ size, 0 });
}

static struct stmboot_fip *decode(struct stmboot_source **src, const uint8_t *bytes)
{
	struct stmboot_fip *fip;

	cr_assert_eq(stmboot_source_from_memory(ctx, bytes, MOST_BYTES, src), STMBOOT_OK);
	cr_assert_eq(stmboot_fip_decode(ctx, *src, &fip), STMBOOT_OK);
	return fip;
}

/* One image is another, the rest is as it was, and nothing else of the file has changed. */
static void expect_only(size_t index, const void *data, size_t size)
{
	struct stmboot_source *old_src, *src;
	struct stmboot_fip *old = decode(&old_src, original), *fip;
	size_t end;

	read_package();
	fip = decode(&src, now);
	cr_expect(sb_fip_is_sound(fip));
	cr_assert_eq(fip->entry_count, old->entry_count);
	for (size_t i = 0; i < fip->entry_count; i++) {
		const struct stmboot_fip_entry *e = &fip->entries[i], *was = &old->entries[i];
		const void *expected = i == index ? data : original + was->offset;

		cr_expect_str_eq(e->uuid_text, was->uuid_text);
		cr_assert_eq(e->size, i == index ? size : was->size);
		cr_expect(memcmp(now + e->offset, expected, (size_t)e->size) == 0, "%zu", i);
	}
	end = (size_t)(fip->total_bytes > old->total_bytes ? fip->total_bytes : old->total_bytes);
	for (size_t i = (size_t)fip->total_bytes; i < end; i++)
		cr_assert_eq(now[i], 0, "%zu", i);
	cr_expect(memcmp(now + end, original + end, MOST_BYTES - end) == 0);
	stmboot_fip_free(old);
	stmboot_fip_free(fip);
	stmboot_source_close(old_src);
	stmboot_source_close(src);
}

static uint8_t uboot[9000];

/* Another U-Boot of that many bytes. */
static size_t make_uboot(size_t size)
{
	static const char text[] = "code\0U-Boot 2024.07 (Jul 01 2024)";

	for (size_t i = 0; i < sizeof(uboot); i++)
		uboot[i] = (uint8_t)(i * 7 + 1);
	memcpy(uboot, text, sizeof(text));
	return size;
}

Test(fip_edit, of_every_size)
{
	for (size_t size = 40; size < sizeof(uboot); size = size * 3 / 2 + 1) {
		put_package();
		cr_assert_eq(replace("nt-fw", uboot, make_uboot(size)), STMBOOT_OK, "%s",
			     why.message);
		expect_only(1, uboot, size);
	}
}

Test(fip_edit, by_its_uuid)
{
	cr_assert_eq(replace("D6D0EEA7-FCEA-D54B-9782-9934F234B6E4", uboot, make_uboot(500)),
		     STMBOOT_OK, "%s", why.message);
	expect_only(1, uboot, 500);
}

Test(fip_edit, to_the_last_byte_of_the_file)
{
	struct stmboot_source *src;
	struct stmboot_fip *fip = decode(&src, original);
	size_t most = MOST_BYTES - (size_t)(fip->total_bytes - fip->entries[1].size);
	uint8_t *large = calloc(1, most + 1);

	cr_assert_not_null(large);
	make_uboot(0);
	memcpy(large, uboot, sizeof(uboot));
	cr_expect_eq(replace("nt-fw", large, most + 1), STMBOOT_LIMIT);
	cr_expect_not_null(strstr(why.hint, "truncate"), "%s", why.hint);
	cr_assert_eq(replace("nt-fw", large, most), STMBOOT_OK, "%s", why.message);
	expect_only(1, large, most);
	free(large);
	stmboot_fip_free(fip);
	stmboot_source_close(src);
}

Test(fip_edit, what_it_holds_already)
{
	cr_assert_eq(replace("nt-fw", FIP_UBOOT, sizeof(FIP_UBOOT)), STMBOOT_OK, "%s", why.message);
	read_package();
	cr_expect(memcmp(now, original, MOST_BYTES) == 0);
}

static const struct {
	const char *what;
	const char *name;
	const char *bytes;
	size_t size;
	enum stmboot_status status;
	const char *words;
	bool forced; /* it can be */
} refusals[] = {
	{ "no such image", "soc-fw", "x", 1, STMBOOT_NOT_FOUND, "tos-fw, nt-fw, fw-config", false },
	{ "an empty file", "nt-fw", "", 0, STMBOOT_INVALID_ARGUMENT, "empty", false },
	{ "a legacy image", "nt-fw", "\x27\x05\x19\x56 U-Boot 2024.07", 19, STMBOOT_NOT_RECOGNISED,
	  "uimage", true },
	{ "no U-Boot", "nt-fw", "code code", 9, STMBOOT_NOT_RECOGNISED, "u-boot-nodtb.bin", true },
	{ "SP_min instead of U-Boot", "nt-fw", FIP_SP_MIN, sizeof(FIP_SP_MIN),
	  STMBOOT_NOT_RECOGNISED, "u-boot-nodtb.bin", true },
	{ "U-Boot instead of SP_min", "tos-fw", FIP_UBOOT, sizeof(FIP_UBOOT),
	  STMBOOT_NOT_RECOGNISED, "SP_min", true },
	{ "no device tree", "hw-config", "code code", 9, STMBOOT_NOT_RECOGNISED, "device tree",
	  true },
	{ "half a device tree", "fw-config", "\xd0\x0d\xfe\xed\0\0\1\0", 8, STMBOOT_NOT_RECOGNISED,
	  "device tree", true },
};

Test(fip_edit, what_does_not_belong_there)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		options.force = false;
		cr_expect_eq(replace(refusals[i].name, refusals[i].bytes, refusals[i].size),
			     refusals[i].status, "%s: %s", refusals[i].what, why.message);
		cr_expect_not_null(strstr(why.message, refusals[i].words), "%s: %s",
				   refusals[i].what, why.message);
		read_package();
		cr_expect(memcmp(now, original, MOST_BYTES) == 0, "%s", refusals[i].what);
		options.force = true;
		cr_expect_eq(replace(refusals[i].name, refusals[i].bytes, refusals[i].size),
			     refusals[i].forced ? STMBOOT_OK : refusals[i].status, "%s: %s",
			     refusals[i].what, why.message);
		put_package();
	}
}

Test(fip_edit, two_at_once)
{
	uint8_t tree[SMALL_TREE_BYTES + 100] = { 0 };

	make_small_tree(tree);
	cr_assert_eq(run(ctx, (const char *const[2]){ "hw-config", "nt-fw" },
			 (const void *const[2]){ tree, uboot },
			 (const size_t[2]){ sizeof(tree), make_uboot(3000) }),
		     STMBOOT_OK, "%s", why.message);
	read_package();
	memcpy(original, now, MOST_BYTES);
	expect_only(3, tree, sizeof(tree));
	expect_only(1, uboot, 3000);
	cr_expect_eq(run(ctx, (const char *const[2]){ "nt-fw", "nt-fw" },
			 (const void *const[2]){ uboot, uboot }, (const size_t[2]){ 100, 200 }),
		     STMBOOT_INVALID_ARGUMENT);
}

Test(fip_edit, once_in_an_edit)
{
	struct stmboot_fip_replacement one = { .name = "nt-fw" };
	struct stmboot_boot_edit *edit;
	const struct stmboot_edit_plan *plan;

	cr_assert_eq(stmboot_source_from_memory(ctx, uboot, make_uboot(700), &one.src), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_begin(ctx, package, &options, &why, &edit), STMBOOT_OK);
	cr_assert_eq(stmboot_fip_edit_replace(edit, "0", &one, 1, &why), STMBOOT_OK, "%s",
		     why.message);
	cr_expect_eq(stmboot_fip_edit_replace(edit, NULL, &one, 1, &why), STMBOOT_CONFLICT);
	cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_CONFLICT);
	cr_expect_eq(stmboot_boot_edit_commit(edit, &why), STMBOOT_CONFLICT, "what was refused");
	stmboot_boot_edit_close(edit);
	stmboot_source_close(one.src);
	read_package();
	cr_expect(memcmp(now, original, MOST_BYTES) == 0);
}

/* Whatever is wrong with the table, it is not packed anew. */
Test(fip_edit, a_damaged_package)
{
	static const struct {
		const char *what;
		size_t offset;
		const char *bytes;
		size_t size;
	} damages[] = {
		{ "an image past the end", 16 + 24, "\0\0\1", 3 },
		{ "an image on another", 16 + 40 + 16, "\x02\x01", 2 },
		{ "an image on the table", 16 + 40 + 16, "\x02\0", 2 },
		{ "an image without bytes", 16 + 24, "\0\0", 2 },
		{ "an image twice", 16, FIP_NT_FW, 16 },
		{ "a total that is too small", 16 + 5 * 40 + 16, "\x00\x01", 2 },
		{ "a total that is too large", 16 + 5 * 40 + 18, "\x02", 1 },
		{ "no end", 16 + 5 * 40, "\1", 1 },
	};

	options.force = true;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		memset(original, 0, MOST_BYTES);
		make_whole_fip(original);
		memcpy(original + damages[i].offset, damages[i].bytes, damages[i].size);
		put_package();
		cr_expect_eq(replace("nt-fw", uboot, make_uboot(500)), STMBOOT_CORRUPT, "%s: %s",
			     damages[i].what, why.message);
		read_package();
		cr_expect(memcmp(now, original, MOST_BYTES) == 0, "%s", damages[i].what);
	}
}

Test(fip_edit, each_allocation_may_be_refused)
{
	struct heap heap = { 0 };
	struct stmboot_context *weak = heap_context(&heap);
	const char *const names[2] = { "nt-fw", NULL };
	const void *const data[2] = { uboot, NULL };
	const size_t sizes[2] = { make_uboot(5000), 0 };
	size_t start = heap.requests, total, stride;

	cr_assert_eq(run(weak, names, data, sizes), STMBOOT_OK, "%s", why.message);
	total = heap.requests - start;
	stride = total / MANY + pace(11);
	for (size_t n = 1; n <= total; n += stride) {
		enum stmboot_status status;

		put_package();
		heap_refuse(&heap, n);
		status = run(weak, names, data, sizes);
		cr_assert_eq(heap.live, 1, "request %zu: %zu left", n, heap.live - 1);
		heap_refuse(&heap, 0);
		if (status == STMBOOT_OK) {
			expect_only(1, uboot, 5000);
			continue;
		}
		cr_expect_eq(status, STMBOOT_NO_MEMORY, "request %zu: %s", n,
			     stmboot_status_text(status));
		read_package();
		cr_expect(memcmp(now, original, MOST_BYTES) == 0, "request %zu", n);
	}
	stmboot_context_free(weak);
}

/* All files, or none that is not whole. */
Test(fip_edit, extracting_without_memory)
{
	struct heap heap = { 0 };
	struct stmboot_context *weak = heap_context(&heap);
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	struct stmboot_source *src;
	struct stmboot_fip *fip;
	size_t live, n;
	char path[192];

	cr_assert_eq(stmboot_source_from_memory(weak, original, MOST_BYTES, &src), STMBOOT_OK);
	cr_assert_eq(stmboot_fip_decode(weak, src, &fip), STMBOOT_OK);
	(void)snprintf(path, sizeof(path), "%s/all", folder);
	live = heap.live;
	for (n = 1; status != STMBOOT_OK; n++) {
		heap_refuse(&heap, n);
		status = stmboot_extract_fip(weak, src, fip, path, NULL, &why);
		cr_assert(status == STMBOOT_OK || status == STMBOOT_NO_MEMORY, "%s", why.message);
		cr_assert_eq(heap.live, live, "request %zu", n);
	}
	cr_expect_gt(n, 3);
	heap_refuse(&heap, 0);
	(void)snprintf(path, sizeof(path),
		       "cd %s/all && ls | wc -l | grep -qx 5 && "
		       "head -c 72 hw-config.bin | cmp - hw-config.bin",
		       folder);
	cr_expect_eq(system(path), 0);
	stmboot_fip_free(fip);
	stmboot_source_close(src);
	stmboot_context_free(weak);
}

/* Images in their order and places, without their bytes. */
struct layout {
	size_t count;
	uint64_t offsets[4], sizes[4], total;
};

static struct stmboot_fip *decode_layout(struct bytes *b, const struct layout *layout)
{
	struct stmboot_fip *fip;

	bytes_le(b, 0, 0xaa640001, 4);
	bytes_le(b, 4, 1, 4);
	for (size_t i = 0; i < layout->count; i++) {
		bytes_le(b, 16 + 40 * i, i + 1, 8);
		bytes_le(b, 16 + 40 * i + 16, layout->offsets[i], 8);
		bytes_le(b, 16 + 40 * i + 24, layout->sizes[i], 8);
	}
	bytes_le(b, 16 + 40 * layout->count + 16, layout->total, 8);
	cr_assert_eq(stmboot_fip_decode(b->ctx, bytes_source(b), &fip), STMBOOT_OK);
	cr_assert(sb_fip_is_sound(fip));
	return fip;
}

static const struct {
	const char *what;
	struct layout before;
	uint64_t sizes[4];
	uint64_t offsets[4], total;
} repacks[] = {
	{ "nothing changes",
	  { 3, { 176, 186, 196 }, { 10, 10, 10 }, 206 },
	  { 10, 10, 10 },
	  { 176, 186, 196 },
	  206 },
	{ "one grows",
	  { 3, { 176, 186, 196 }, { 10, 10, 10 }, 206 },
	  { 10, 13, 10 },
	  { 176, 186, 199 },
	  209 },
	{ "one shrinks",
	  { 3, { 176, 186, 196 }, { 10, 10, 10 }, 206 },
	  { 1, 10, 10 },
	  { 176, 177, 187 },
	  197 },
	{ "aligned to 64",
	  { 3, { 192, 256, 320 }, { 10, 10, 10 }, 384 },
	  { 65, 10, 128 },
	  { 192, 320, 384 },
	  512 },
	{ "in another order",
	  { 3, { 196, 176, 186 }, { 10, 10, 10 }, 206 },
	  { 10, 20, 10 },
	  { 206, 176, 196 },
	  216 },
	{ "with gaps, and room in them",
	  { 3, { 180, 200, 240 }, { 10, 10, 10 }, 260 },
	  { 20, 3, 20 },
	  { 180, 200, 240 },
	  260 },
	{ "with gaps that are too small",
	  { 3, { 180, 200, 240 }, { 10, 10, 10 }, 260 },
	  { 21, 10, 10 },
	  { 180, 204, 244 },
	  264 },
	{ "with room at the end",
	  { 3, { 176, 186, 196 }, { 10, 10, 10 }, 304 },
	  { 10, 10, 20 },
	  { 176, 186, 196 },
	  304 },
	{ "no image", { 0, { 0 }, { 0 }, 56 }, { 0 }, { 0 }, 56 },
};

Test(fip_repack, layouts)
{
	for (size_t i = 0; i < sizeof(repacks) / sizeof(repacks[0]); i++) {
		struct bytes b = bytes_new(4096);
		struct stmboot_fip *fip = decode_layout(&b, &repacks[i].before), made;
		struct sb_arena arena;

		sb_arena_init(&arena, b.ctx);
		cr_assert_eq(sb_fip_repack(&arena, fip, repacks[i].sizes, &made), STMBOOT_OK);
		for (size_t k = 0; k < fip->entry_count; k++) {
			cr_expect_eq(made.entries[k].offset, repacks[i].offsets[k],
				     "%s: %zu at %zu", repacks[i].what, k,
				     (size_t)made.entries[k].offset);
			cr_expect_eq(made.entries[k].size, repacks[i].sizes[k]);
		}
		cr_expect_eq(made.total_bytes, repacks[i].total, "%s: %zu", repacks[i].what,
			     (size_t)made.total_bytes);
		sb_arena_release(&arena);
		stmboot_fip_free(fip);
		bytes_free(&b);
	}
}

Test(fip_repack, more_than_can_be_counted)
{
	struct bytes b = bytes_new(4096);
	struct stmboot_fip *fip = decode_layout(&b, &repacks[0].before), made;
	const uint64_t sizes[4] = { UINT64_MAX - 200, 10, 10 },
		       sum[4] = { 1, UINT64_MAX / 2, UINT64_MAX / 2 };
	struct sb_arena arena;

	sb_arena_init(&arena, b.ctx);
	cr_expect_eq(sb_fip_repack(&arena, fip, sizes, &made), STMBOOT_LIMIT);
	cr_expect_eq(sb_fip_repack(&arena, fip, sum, &made), STMBOOT_LIMIT);
	sb_arena_release(&arena);
	stmboot_fip_free(fip);
	bytes_free(&b);
}

Test(fip_repack, the_table_is_encoded_as_it_was)
{
	struct bytes b = bytes_new(4096);
	uint8_t bytes[FIP_TOC];
	struct stmboot_fip *fip;

	make_whole_fip(b.data);
	bytes_le(&b, 8, UINT64_C(0x1234567890abcdef), 8);
	bytes_le(&b, 16 + 32, 7, 8);
	bytes_le(&b, FIP_TOC - 16, 3, 8);
	bytes_le(&b, FIP_TOC - 8, 4, 8);
	cr_assert_eq(stmboot_fip_decode(b.ctx, bytes_source(&b), &fip), STMBOOT_OK);
	sb_fip_encode(fip, bytes);
	cr_expect(memcmp(bytes, b.data, FIP_TOC) == 0);
	stmboot_fip_free(fip);
	bytes_free(&b);
}
