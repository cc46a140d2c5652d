/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>

#include "../support/heap.h"
#include "../support/kernel_image.h"
#include "../support/pack.h"
#include "format/kernel.h"
#include "format/kernel_text.h"

#define BANNER "Linux version 6.1.0-50-armmp (user@host) (gcc-12 12.2.0) #1 SMP Debian 6.1.176-1"

static const char config[] = "#\n# Linux/arm 6.1.0 Kernel Configuration\n#\n"
			     "CONFIG_EXT4_FS=y\n"
			     "CONFIG_BTRFS_FS=m\n"
			     "# CONFIG_EXT4 is not set\n"
			     "CONFIG_CMDLINE=\"console=ttySTM0 a=\\\"b\\\\c\\\"\"\n"
			     "CONFIG_LOG_BUF_SHIFT=17\n"
			     "CONFIG_DEFAULT_INIT=\"\"\n"
			     "CONFIG_LAST=n";

enum { VMLINUX = 300000, BANNER_AT = 250000, CONFIG_AT = 200000 };

/* What a kernel unpacks to: code that packs badly, the texts, and no end to it. */
static uint8_t *vmlinux(void)
{
	uint8_t *data = malloc(VMLINUX);
	struct packed packed = pack(STMBOOT_COMPRESSION_GZIP, config, sizeof(config) - 1);
	uint32_t x = 1;

	cr_assert_not_null(data);
	for (size_t i = 0; i < VMLINUX; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (uint8_t)(x >> 24 & (i % 3 != 0 ? 0x1f : 0xff));
	}
	strcpy((char *)data + 1000, "Linux version %s (%s) %s");
	strcpy((char *)data + 1100, "IKCFG_STIKCFG_ED");
	strcpy((char *)data + BANNER_AT, BANNER "\n");
	strcpy((char *)data + BANNER_AT + 1000, "Linux version 9.9");
	memcpy(data + CONFIG_AT, "IKCFG_ST", 8);
	memcpy(data + CONFIG_AT + 8, packed.data, packed.size);
	memcpy(data + CONFIG_AT + 8 + packed.size, "IKCFG_ED", 8);
	free(packed.data);
	return data;
}

/* Signatures as they stand in a decompressor, and a whole stream of another length. */
static uint8_t *decoys(size_t *size, uint32_t *count)
{
	static const char signatures[] = "\xfd"
					 "7zXZ\0\1\2\3"
					 "\x1f\x8b\x08\xff"
					 "\x28\xb5\x2f\xfd\xff\xff"
					 "\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\1\2\3";
	struct packed packed = pack(STMBOOT_COMPRESSION_GZIP, "another stream", 14);
	uint8_t *data = malloc(sizeof(signatures) + packed.size + 64);

	memcpy(data, signatures, sizeof(signatures));
	memcpy(data + sizeof(signatures), packed.data, packed.size);
	*size = sizeof(signatures) + packed.size;
	*count = 5;
	free(packed.data);
	return data;
}

static const enum stmboot_compression all[] = { STMBOOT_COMPRESSION_GZIP, STMBOOT_COMPRESSION_XZ,
						STMBOOT_COMPRESSION_LZMA,
						STMBOOT_COMPRESSION_LZ4_LEGACY,
						STMBOOT_COMPRESSION_ZSTD };

enum { ALL = sizeof(all) / sizeof(all[0]) };

static struct image packed_zimage(enum stmboot_compression compression, uint32_t *decoy_count)
{
	uint8_t *data = vmlinux();
	size_t code_size;
	uint8_t *code = decoys(&code_size, decoy_count);
	struct packed packed = pack(compression, data, VMLINUX);
	struct image image = make_zimage(code, code_size, packed.data, packed.size, VMLINUX,
					 compression == STMBOOT_COMPRESSION_GZIP);

	free(packed.data);
	free(code);
	free(data);
	return image;
}

struct bench {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_kernel *kernel;
	struct stmboot_kernel_identity *identity;
	enum stmboot_status status;
};

static struct bench bench_with(const struct stmboot_context_options *options, const void *data,
			       size_t size)
{
	struct bench b = { .status = STMBOOT_OK };

	cr_assert_eq(stmboot_context_new(options, &b.ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(b.ctx, data, size, &b.src), STMBOOT_OK);
	cr_assert_eq(stmboot_kernel_decode(b.ctx, b.src, &b.kernel), STMBOOT_OK);
	b.status = stmboot_kernel_identify(b.ctx, b.src, b.kernel, &b.identity);
	return b;
}

static struct bench bench(const void *data, size_t size)
{
	struct bench b = bench_with(NULL, data, size);

	cr_assert_eq(b.status, STMBOOT_OK);
	return b;
}

static void bench_free(struct bench *b)
{
	stmboot_kernel_identity_free(b->identity);
	stmboot_kernel_free(b->kernel);
	stmboot_source_close(b->src);
	stmboot_context_free(b->ctx);
}

/* The one code raised by what was found inside, or "". */
static const char *finding(const struct bench *b)
{
	struct stmboot_diags *diags;
	struct sb_scope scope;
	const char *code = "";

	cr_assert_eq(stmboot_diags_new(b->ctx, &diags), STMBOOT_OK);
	scope = sb_scope(diags, b->src);
	sb_kernel_validate_payload(&scope, b->kernel, b->identity);
	cr_assert_leq(stmboot_diags_count(diags), 1);
	if (stmboot_diags_count(diags) == 1)
		code = stmboot_diags_get(diags, 0)->code;
	stmboot_diags_free(diags);
	return code;
}

static void expect_text(const struct bench *b)
{
	cr_assert_not_null(b->identity->banner);
	cr_expect_str_eq(b->identity->banner, BANNER);
	cr_expect_str_eq(b->identity->release, "6.1.0-50-armmp");
	cr_expect(b->identity->has_config);
}

Test(kernel_identify, the_payload_is_found_behind_decoys)
{
	for (size_t i = 0; i < ALL; i++) {
		uint32_t decoy_count;
		struct image image = packed_zimage(all[i], &decoy_count);
		struct bench b = bench(image.data, image.size);
		const char *name = stmboot_compression_text(all[i]);

		cr_expect_eq(b.identity->payload, STMBOOT_OK, "%s", name);
		cr_expect_eq(b.identity->compression, all[i], "%s", name);
		cr_expect_eq(b.identity->payload_offset, image.payload, "%s", name);
		cr_expect_eq(b.identity->payload_bytes,
			     image.size_word - image.payload +
				     (all[i] == STMBOOT_COMPRESSION_GZIP ? 4 : 0),
			     "%s", name);
		cr_expect_eq(b.identity->unpacked_bytes, VMLINUX, "%s", name);
		cr_expect_eq(b.identity->decoys, decoy_count, "%s: %u", name, b.identity->decoys);
		expect_text(&b);
		cr_expect_str_eq(finding(&b), "");
		bench_free(&b);
		free(image.data);
	}
}

/* The search reads pieces of 64 KiB from the table on. */
Test(kernel_identify, the_payload_may_begin_across_pieces)
{
	static const uint8_t code[65536];
	static const char content[] = "Linux version 1 as small as it gets";
	struct packed packed = pack(STMBOOT_COMPRESSION_LZMA, content, sizeof(content));

	for (size_t before = 0; before < 16; before++) {
		size_t code_size = sizeof(code) - (ZIMAGE_CODE - ZIMAGE_TABLE) - before;
		struct image image = make_zimage(code, code_size, packed.data, packed.size,
						 sizeof(content), false);
		struct bench b = bench(image.data, image.size);

		cr_expect_eq(b.identity->payload, STMBOOT_OK, "%zu", before);
		cr_expect_eq(b.identity->payload_offset, image.payload);
		bench_free(&b);
		free(image.data);
	}
	free(packed.data);
}

Test(kernel_identify, a_kernel_before_linux_4_15_has_no_size_word)
{
	uint8_t *data = vmlinux();
	struct packed packed = pack(STMBOOT_COMPRESSION_XZ, data, VMLINUX);
	struct image image = make_zimage("\xfd"
					 "7zXZ\0",
					 7, packed.data, packed.size, VMLINUX, false);
	struct bench b;

	put32(image.data + 0x34, 0);
	b = bench(image.data, image.size);
	cr_expect_eq(b.identity->payload, STMBOOT_OK);
	cr_expect_eq(b.identity->payload_offset, image.payload);
	cr_expect_eq(b.identity->decoys, 1);
	expect_text(&b);
	bench_free(&b);
	free(image.data);
	free(packed.data);
	free(data);
}

Test(kernel_identify, options_are_read_as_the_kernel_build_writes_them)
{
	uint32_t decoy_count;
	struct image image = packed_zimage(STMBOOT_COMPRESSION_GZIP, &decoy_count);
	struct bench b = bench(image.data, image.size);

	cr_expect_str_eq(stmboot_kernel_config_get(b.identity, "CONFIG_EXT4_FS"), "y");
	cr_expect_str_eq(stmboot_kernel_config_get(b.identity, "CONFIG_BTRFS_FS"), "m");
	cr_expect_str_eq(stmboot_kernel_config_get(b.identity, "CONFIG_CMDLINE"),
			 "console=ttySTM0 a=\"b\\c\"");
	cr_expect_str_eq(stmboot_kernel_config_get(b.identity, "CONFIG_LOG_BUF_SHIFT"), "17");
	cr_expect_str_eq(stmboot_kernel_config_get(b.identity, "CONFIG_DEFAULT_INIT"), "");
	cr_expect_str_eq(stmboot_kernel_config_get(b.identity, "CONFIG_LAST"), "n");
	cr_expect_null(stmboot_kernel_config_get(b.identity, "CONFIG_EXT4"));
	cr_expect_null(stmboot_kernel_config_get(b.identity, "CONFIG_"));
	cr_expect_null(stmboot_kernel_config_get(b.identity, ""));
	bench_free(&b);
	free(image.data);
}

Test(kernel_identify, a_damaged_payload_is_told_from_a_missing_one)
{
	static const enum stmboot_compression checked[] = { STMBOOT_COMPRESSION_GZIP,
							    STMBOOT_COMPRESSION_XZ,
							    STMBOOT_COMPRESSION_ZSTD };

	for (size_t i = 0; i < 3; i++) {
		uint32_t decoy_count;
		struct image image = packed_zimage(checked[i], &decoy_count);
		struct bench b;

		image.data[(image.payload + image.size_word) / 2] ^= 0x10;
		b = bench(image.data, image.size);
		cr_expect_eq(b.identity->payload, STMBOOT_CORRUPT);
		cr_expect_eq(b.identity->compression, checked[i]);
		cr_expect_eq(b.identity->payload_offset, image.payload);
		cr_expect_str_eq(finding(&b), "kernel.payload-damaged");
		bench_free(&b);
		memset(image.data + image.payload, 0, image.size_word - image.payload);
		memset(image.data + ZIMAGE_CODE, 0, image.payload - ZIMAGE_CODE);
		b = bench(image.data, image.size);
		cr_expect_eq(b.identity->payload, STMBOOT_NOT_FOUND);
		cr_expect_null(b.identity->banner);
		cr_expect_not(b.identity->has_config);
		cr_expect_null(stmboot_kernel_config_get(b.identity, "CONFIG_EXT4_FS"));
		cr_expect_str_eq(finding(&b), "");
		bench_free(&b);
		free(image.data);
	}
}

Test(kernel_identify, a_size_word_that_lies_is_damage)
{
	uint32_t decoy_count;
	struct image image = packed_zimage(STMBOOT_COMPRESSION_XZ, &decoy_count);

	for (int step = -1; step <= 1; step += 2) {
		struct bench b;

		put32(image.data + image.size_word, (uint32_t)(VMLINUX + step));
		b = bench(image.data, image.size);
		cr_expect_eq(b.identity->payload, STMBOOT_CORRUPT);
		cr_expect_eq(b.identity->payload_offset, image.payload);
		cr_expect_str_eq(finding(&b), "kernel.payload-damaged");
		bench_free(&b);
	}
	free(image.data);
}

Test(kernel_identify, a_payload_that_is_cut_keeps_its_banner_when_it_still_has_it)
{
	uint32_t decoy_count;
	struct image image = packed_zimage(STMBOOT_COMPRESSION_XZ, &decoy_count);
	struct bench b = bench(image.data, image.size_word - 100);

	cr_expect(b.kernel->truncated);
	cr_expect_eq(b.identity->payload, STMBOOT_TRUNCATED);
	cr_expect_eq(b.identity->payload_offset, image.payload);
	expect_text(&b);
	cr_expect_str_eq(finding(&b), "", "the header's own finding says it");
	bench_free(&b);
	free(image.data);
}

Test(kernel_identify, lzo_is_named_but_not_unpacked)
{
	struct image image = make_zimage(NULL, 0, "\x89LZO\0\r\n\x1a\n and more", 18, 1000, false);
	struct bench b = bench(image.data, image.size);

	cr_expect_eq(b.identity->payload, STMBOOT_UNSUPPORTED);
	cr_expect_eq(b.identity->compression, STMBOOT_COMPRESSION_LZO);
	cr_expect_eq(b.identity->payload_offset, image.payload);
	cr_expect_str_eq(finding(&b), "");
	bench_free(&b);
	free(image.data);
}

Test(kernel_identify, the_work_is_bounded)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options),
						   .limits.max_unpacked_bytes = VMLINUX - 1 };
	uint32_t decoy_count;
	struct image image = packed_zimage(STMBOOT_COMPRESSION_XZ, &decoy_count);
	uint8_t *many = calloc(1000, 4);
	struct bench b = bench_with(&options, image.data, image.size);

	cr_assert_eq(b.status, STMBOOT_OK);
	cr_expect_eq(b.identity->payload, STMBOOT_LIMIT);
	cr_expect_str_eq(finding(&b), "");
	bench_free(&b);
	free(image.data);
	for (size_t i = 0; i < 1000; i++)
		memcpy(many + 4 * i, "\x1f\x8b\x08\xff", 4);
	image = make_zimage(NULL, 0, many, 4000, 1000, false);
	b = bench(image.data, image.size);
	cr_expect_eq(b.identity->payload, STMBOOT_LIMIT);
	cr_expect_leq(b.identity->decoys, 64);
	bench_free(&b);
	free(image.data);
	free(many);
}

Test(kernel_identify, an_image_of_arm64_is_read_as_it_is)
{
	struct image image = make_arm64();
	uint8_t *data = vmlinux();
	struct packed packed;
	struct bench b;

	memcpy(data, image.data, 0x200);
	b = bench(data, VMLINUX);
	cr_expect_eq(b.kernel->format, STMBOOT_KERNEL_ARM64);
	cr_expect_eq(b.identity->payload, STMBOOT_OK);
	cr_expect_eq(b.identity->compression, STMBOOT_COMPRESSION_NONE);
	cr_expect_eq(b.identity->unpacked_bytes, VMLINUX);
	expect_text(&b);
	bench_free(&b);
	packed = pack(STMBOOT_COMPRESSION_GZIP, data, VMLINUX);
	b = bench(packed.data, packed.size);
	cr_expect_eq(b.kernel->format, STMBOOT_KERNEL_COMPRESSED);
	cr_expect_eq(b.identity->payload, STMBOOT_OK);
	cr_expect_eq(b.identity->payload_bytes, packed.size);
	expect_text(&b);
	bench_free(&b);
	b = bench(packed.data, packed.size - 1000);
	cr_expect_eq(b.identity->payload, STMBOOT_TRUNCATED);
	cr_expect_str_eq(finding(&b), "kernel.payload-damaged");
	bench_free(&b);
	free(packed.data);
	free(data);
	free(image.data);
}

Test(kernel_identify, an_image_of_efi_zboot_says_where_its_payload_is)
{
	uint8_t *data = vmlinux(), *file;
	struct packed packed = pack(STMBOOT_COMPRESSION_ZSTD, data, VMLINUX);
	struct bench b;

	file = calloc(1, packed.size + 256);
	memcpy(file, "MZ\0\0zimg", 8);
	put_words(file + 8, (uint32_t[]){ 128, (uint32_t)packed.size }, 2);
	memcpy(file + 128, packed.data, packed.size);
	b = bench(file, packed.size + 256);
	cr_expect_eq(b.identity->payload, STMBOOT_OK);
	cr_expect_eq(b.identity->payload_offset, 128);
	cr_expect_eq(b.identity->payload_bytes, packed.size);
	expect_text(&b);
	bench_free(&b);
	free(file);
	free(packed.data);
	free(data);
}

Test(kernel_identify, what_is_no_kernel_is_not_looked_into)
{
	static const uint8_t zeros[100];
	struct bench b = bench_with(NULL, zeros, sizeof(zeros));

	cr_expect_eq(b.status, STMBOOT_NOT_RECOGNISED);
	cr_expect_null(b.identity);
	bench_free(&b);
}

/* What is found does not depend on how the bytes come in pieces. */
Test(kernel_identify, texts_may_stand_across_pieces)
{
	static const char data[] = "Linux version %d\0\0LLinux version 6.1 x\n"
				   "IKCFG_STxIIKCFG_ST\x1f\x8b\x08rest";
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t piece = 1; piece <= sizeof(data); piece++) {
		struct sb_kernel_text text;

		sb_kernel_text_init(&text, ctx);
		for (size_t at = 0; at < sizeof(data); at += piece) {
			size_t part = sizeof(data) - at < piece ? sizeof(data) - at : piece;

			cr_assert_eq(sb_kernel_text_feed(&text, data + at, part), STMBOOT_OK);
		}
		cr_expect(text.banner_whole);
		cr_expect_str_eq(text.banner, "Linux version 6.1 x");
		cr_assert_not_null(text.config);
		cr_expect_eq(text.config_bytes, 8);
		cr_expect_arr_eq(text.config, "\x1f\x8b\x08rest", 8);
		sb_kernel_text_release(&text);
	}
	stmboot_context_free(ctx);
}

Test(kernel_identify, a_banner_without_an_end_is_cut)
{
	struct stmboot_context *ctx;
	struct sb_kernel_text text;
	char data[4000];

	memset(data, '1', sizeof(data));
	memcpy(data, "Linux version ", 14);
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	sb_kernel_text_init(&text, ctx);
	cr_assert_eq(sb_kernel_text_feed(&text, data, sizeof(data)), STMBOOT_OK);
	cr_expect(text.banner_whole);
	cr_expect_eq(strlen(text.banner), SB_KERNEL_BANNER - 1);
	sb_kernel_text_release(&text);
	stmboot_context_free(ctx);
}

Test(kernel_identify, every_allocation_may_fail)
{
	struct heap heap = { 0 };
	uint32_t decoy_count;
	struct image image = packed_zimage(STMBOOT_COMPRESSION_XZ, &decoy_count);
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	size_t n = 0;

	for (; n < 1000 && status != STMBOOT_OK; n++) {
		struct stmboot_kernel_identity *identity = NULL;
		struct stmboot_kernel *kernel = NULL;
		struct stmboot_context *ctx;
		struct stmboot_source *src;

		heap_refuse(&heap, 0);
		ctx = heap_context(&heap);
		cr_assert_eq(stmboot_source_from_memory(ctx, image.data, image.size, &src),
			     STMBOOT_OK);
		heap_refuse(&heap, n + 1);
		status = stmboot_kernel_decode(ctx, src, &kernel);
		if (status == STMBOOT_OK)
			status = stmboot_kernel_identify(ctx, src, kernel, &identity);
		cr_assert(status == STMBOOT_OK || status == STMBOOT_NO_MEMORY, "%s",
			  stmboot_status_text(status));
		cr_expect_eq(identity != NULL, status == STMBOOT_OK);
		if (identity != NULL)
			cr_expect(identity->has_config && identity->banner != NULL);
		stmboot_kernel_identity_free(identity);
		stmboot_kernel_free(kernel);
		stmboot_source_close(src);
		stmboot_context_free(ctx);
		cr_expect_eq(heap.live, 0);
	}
	cr_expect_eq(status, STMBOOT_OK);
	cr_expect_gt(n, 10);
	free(image.data);
}

static bool always(void *user)
{
	(void)user;
	return true;
}

Test(kernel_identify, the_caller_may_cancel)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options),
						   .cancel = always };
	uint32_t decoy_count;
	struct image image = packed_zimage(STMBOOT_COMPRESSION_GZIP, &decoy_count);
	struct bench b = bench_with(&options, image.data, image.size);

	cr_expect_eq(b.status, STMBOOT_CANCELLED);
	cr_expect_null(b.identity);
	bench_free(&b);
	free(image.data);
}
