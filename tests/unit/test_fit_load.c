/* SPDX-License-Identifier: MIT */
/* What a loader takes out of a FIT, and the hashes of that. */
#include "../support/dtb_bench.h"
#include "../support/heap.h"

#include <stmboot/fit.h>

#include "base/arena.h"
#include "format/fit.h"

/* crc32 of 01 is a505df1b; that of b is wrong, and d has the data of a. */
static const char text[] =
	"/dts-v1/;\n"
	"/ { description = \"A FIT\"; timestamp = <1>;\n"
	" images {\n"
	"  a { data = [01]; type = \"kernel\"; os = \"linux\"; arch = \"arm\";\n"
	"   compression = \"none\"; load = <0x1000>; entry = <0x1000>;\n"
	"   hash-1 { algo = \"crc32\"; value = <0xa505df1b>; };\n"
	"   hash-2 { algo = \"crc32\"; value = <0xa505df1c>; uboot-ignore = <1>; };\n"
	"   hash-3 { algo = \"md5\"; value = <1>; };\n"
	"   hash-4 { algo = \"md6\"; value = <1>; };\n"
	"   hash-5 { algo = \"crc32\"; };\n"
	"   hash-6 { value = <1>; };\n"
	"   signature-1 { algo = \"sha256,rsa2048\"; key-name-hint = \"dev\"; };\n"
	"  };\n"
	"  b@1 { data = [02]; load = <0x1 0x2>; hash-1 { algo = \"crc32\"; value = <0>; }; };\n"
	"  b { data = [03]; };\n"
	"  c { data-position = <0x7fffffff>; data-size = <1>; hash-1 { algo = \"crc32\";\n"
	"   value = <0>; }; };\n"
	"  d { phase = \"spl\"; };\n"
	" };\n"
	" configurations { default = \"one\";\n"
	"  one@2 { description = \"1\"; kernel = \"a\"; ramdisk = \"c\"; fdt = \"b\", \"c\";\n"
	"   loadables = \"none\", \"a\"; compatible = \"x\", \"y\";\n"
	"   signature-1 { algo = \"sha256,rsa2048\"; sign-images = \"kernel\", \"fdt\";\n"
	"    value = [01 02]; }; };\n"
	"  one { description = \"2\"; firmware = \"none\"; loadables = \"a\", \"b\"; fdt = \"c\"; "
	"};\n"
	"  more { description = \"3\"; fdt = \"a\", \"b@1\"; };\n"
	" };\n"
	"};\n";

struct fit_bench {
	struct bench bench;
	struct stmboot_source *src;
	struct stmboot_fit *fit;
	struct sb_arena arena;
};

static struct fit_bench open_fit(void)
{
	struct fit_bench b = { .bench = open_bench() };

	stmboot_dtb_free(compile(&b.bench, "fit", text, ""));
	b.src = folder_open(b.bench.ctx, &b.bench.folder, "fit.dtb");
	cr_assert_eq(stmboot_fit_decode(b.bench.ctx, b.src, &b.fit), STMBOOT_OK);
	sb_arena_init(&b.arena, b.bench.ctx);
	return b;
}

static void close_fit(struct fit_bench *b)
{
	sb_arena_release(&b->arena);
	stmboot_fit_free(b->fit);
	stmboot_source_close(b->src);
	close_bench(&b->bench);
}

Test(fit_load, everything_is_read)
{
	struct fit_bench b = open_fit();
	const struct stmboot_fit_image *images = b.fit->images;
	const struct stmboot_fit_configuration *c = &b.fit->configurations[0];

	cr_assert_eq(b.fit->image_count, 5);
	cr_expect(b.fit->has_timestamp && b.fit->timestamp == 1 && b.fit->has_configurations);
	cr_expect(images[0].has_load && images[0].load == 0x1000 && images[0].entry == 0x1000);
	cr_expect(images[1].load == 0x100000002 && !images[1].has_entry);
	cr_expect_str_eq(images[4].phase, "spl");
	cr_assert_eq(images[0].digest_count, 6);
	cr_expect_eq(images[0].hash_count, 5);
	cr_assert_eq(images[0].signature_count, 1);
	cr_expect_str_eq(images[0].signatures[0].key_name_hint, "dev");
	cr_expect_eq(images[0].signatures[0].value_bytes, 0);
	cr_assert_eq(c->compatible_count, 2);
	cr_expect_str_eq(c->compatible[1], "y");
	cr_assert_eq(c->signature_count, 1);
	cr_expect_eq(c->signatures[0].value_bytes, 2);
	cr_assert_eq(c->signatures[0].sign_name_count, 2);
	cr_expect_str_eq(c->signatures[0].sign_names[1], "fdt");
	close_fit(&b);
}

Test(fit_load, hashes_are_compared_when_that_is_asked_for)
{
	static const enum stmboot_fit_hash_state states[] = {
		STMBOOT_FIT_HASH_RIGHT,     STMBOOT_FIT_HASH_WRONG,
		STMBOOT_FIT_HASH_MALFORMED, STMBOOT_FIT_HASH_UNSUPPORTED,
		STMBOOT_FIT_HASH_MALFORMED, STMBOOT_FIT_HASH_MALFORMED,
	};
	struct fit_bench b = open_fit();
	const struct stmboot_fit_hash *digests = b.fit->images[0].digests;
	struct stmboot_fit *again;

	cr_expect_eq(digests[0].state, STMBOOT_FIT_HASH_UNCHECKED);
	cr_expect_eq(digests[3].state, STMBOOT_FIT_HASH_UNSUPPORTED);
	cr_expect_eq(stmboot_fit_verify(b.bench.ctx, b.src, b.fit, 0), STMBOOT_OK);
	for (size_t i = 0; i < 6; i++)
		cr_expect_eq(digests[i].state, states[i], "%zu: %s", i,
			     stmboot_fit_hash_state_text(digests[i].state));
	cr_expect(digests[1].ignored && !digests[0].ignored);
	cr_expect_eq(memcmp(digests[1].computed, digests[0].value, 4), 0);
	cr_expect_eq(stmboot_fit_verify(b.bench.ctx, b.src, b.fit, 3), STMBOOT_TRUNCATED);
	cr_expect_eq(stmboot_fit_verify(b.bench.ctx, b.src, b.fit, 4), STMBOOT_NOT_FOUND);
	cr_expect_eq(stmboot_fit_verify(b.bench.ctx, b.src, b.fit, 5), STMBOOT_INVALID_ARGUMENT);
	cr_assert_eq(stmboot_fit_decode(b.bench.ctx, b.src, &again), STMBOOT_OK);
	sb_fit_adopt(again, b.fit);
	cr_expect_eq(again->images[0].digests[0].state, STMBOOT_FIT_HASH_RIGHT);
	stmboot_fit_free(again);
	close_fit(&b);
}

Test(fit_load, no_more_is_read_for_hashes_than_the_limit)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options) };
	struct fit_bench b = open_fit();
	struct stmboot_context *ctx;

	options.limits.max_unpacked_bytes = 1;
	cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
	cr_expect_eq(stmboot_fit_verify(ctx, b.src, b.fit, 0), STMBOOT_OK);
	cr_expect_eq(stmboot_fit_verify(ctx, b.src, b.fit, 0), STMBOOT_OK, "it is known");
	cr_expect_eq(stmboot_fit_verify(ctx, b.src, b.fit, 1), STMBOOT_LIMIT);
	cr_expect_eq(b.fit->images[1].digests[0].state, STMBOOT_FIT_HASH_UNCHECKED);
	stmboot_context_free(ctx);
	close_fit(&b);
}

Test(fit_load, names_are_found_as_libfdt_finds_them)
{
	struct fit_bench b = open_fit();
	const struct stmboot_fit *fit = b.fit;

	cr_expect_eq(stmboot_fit_find_image(fit, "a"), &fit->images[0]);
	cr_expect_eq(stmboot_fit_find_image(fit, "b"), &fit->images[1], "the first of two");
	cr_expect_eq(stmboot_fit_find_image(fit, "b@1"), &fit->images[1]);
	cr_expect_null(stmboot_fit_find_image(fit, "b@"));
	cr_expect_null(stmboot_fit_find_image(fit, ""));
	cr_expect_eq(stmboot_fit_find_configuration(fit, NULL), &fit->configurations[0]);
	cr_expect_eq(stmboot_fit_find_configuration(fit, "more#one"), &fit->configurations[2]);
	cr_expect_null(stmboot_fit_find_configuration(fit, "mor"));
	cr_expect_null(stmboot_fit_find_configuration(fit, "#more"));
	close_fit(&b);
}

/* "kernel:a fdt:b" of what is loaded; a '!' behind what is not there. */
static void expect_members(struct fit_bench *b, struct sb_fit_load load, const char *expected)
{
	char said[256] = "";

	cr_assert_eq(sb_fit_select(&b->arena, b->fit, &load), STMBOOT_OK);
	for (size_t i = 0; i < load.member_count; i++) {
		size_t used = strlen(said);

		snprintf(said + used, sizeof(said) - used, "%s%s:%s%s", i == 0 ? "" : " ",
			 sb_fit_role_text(load.members[i].role), load.members[i].name,
			 load.members[i].image == NULL ? "!" : "");
	}
	cr_expect_str_eq(said, expected);
}

Test(fit_load, each_loader_takes_its_own)
{
	struct fit_bench b = open_fit();

	expect_members(&b, (struct sb_fit_load){ .reader = SB_FIT_BOOTM },
		       "kernel:a ramdisk:c fdt:b fdt:c loadables:none! loadables:a");
	expect_members(&b, (struct sb_fit_load){ .reader = SB_FIT_BOOTM, .asked = "one#more#none" },
		       "kernel:a ramdisk:c fdt:b fdt:c fdt:a fdt:b@1 loadables:none! loadables:a");
	expect_members(&b, (struct sb_fit_load){ .reader = SB_FIT_BOOTM, .other_fdt = true },
		       "kernel:a ramdisk:c loadables:none! loadables:a");
	expect_members(&b, (struct sb_fit_load){ .reader = SB_FIT_BOOTM, .other_ramdisk = true },
		       "kernel:a fdt:b fdt:c loadables:none! loadables:a");
	expect_members(&b, (struct sb_fit_load){ .reader = SB_FIT_BOOTM, .asked = "none" }, "");
	/* the whole name of the default; what is no firmware is the first of the loadables */
	expect_members(&b, (struct sb_fit_load){ .reader = SB_FIT_SPL },
		       "firmware:a fdt:c loadables:b");
	close_fit(&b);
}

/* All that allocates. */
static enum stmboot_status use(struct stmboot_context *ctx, struct stmboot_source *src)
{
	struct sb_fit_load load = { .reader = SB_FIT_BOOTM, .asked = "one#more", .arch = "arm64" };
	struct stmboot_fit *fit = NULL;
	struct sb_arena arena;
	uint64_t hashed = 0;
	bool refused;
	enum stmboot_status status = stmboot_fit_decode(ctx, src, &fit);

	sb_arena_init(&arena, ctx);
	if (status == STMBOOT_OK)
		status = sb_fit_select(&arena, fit, &load);
	if (status == STMBOOT_OK)
		status = sb_fit_verify(ctx, src, fit, &load, &hashed);
	if (status == STMBOOT_OK)
		status = sb_fit_look(src, &load);
	if (status == STMBOOT_OK)
		status = sb_fit_refused(ctx, fit, &load, &refused);
	sb_arena_release(&arena);
	stmboot_fit_free(fit);
	return status;
}

Test(fit_load, every_request_for_memory_may_be_refused)
{
	struct fit_bench b = open_fit();
	struct heap heap = { .for_good = true };
	struct stmboot_context *ctx = heap_context(&heap);
	struct stmboot_source *src = folder_open(ctx, &b.bench.folder, "fit.dtb");
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	size_t held = heap.live, n;

	for (n = 1; status == STMBOOT_NO_MEMORY && n < 1000; n++) {
		heap_refuse(&heap, n);
		status = use(ctx, src);
		cr_expect_eq(heap.live, held, "request %zu", n);
	}
	cr_expect_eq(status, STMBOOT_OK, "request %zu: %d", n, (int)status);
	cr_expect_gt(n, 10);
	heap_refuse(&heap, 0);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	cr_expect_eq(heap.live, 0);
	close_fit(&b);
}
