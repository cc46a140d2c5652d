/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>

#include <stmboot/kernel.h>

#include "../support/kernel_image.h"

struct bench {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_kernel *kernel;
	struct stmboot_diags *diags;
};

static struct bench bench(const void *data, size_t size)
{
	struct bench b;

	cr_assert_eq(stmboot_context_new(NULL, &b.ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(b.ctx, data, size, &b.src), STMBOOT_OK);
	cr_assert_eq(stmboot_kernel_decode(b.ctx, b.src, &b.kernel), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(b.ctx, &b.diags), STMBOOT_OK);
	cr_assert_eq(stmboot_kernel_validate(b.ctx, b.src, b.kernel, b.diags), STMBOOT_OK);
	return b;
}

static void bench_free(struct bench *b)
{
	stmboot_diags_free(b->diags);
	stmboot_kernel_free(b->kernel);
	stmboot_source_close(b->src);
	stmboot_context_free(b->ctx);
}

/* The only finding there is. */
static const struct stmboot_diag *only(const struct bench *b)
{
	cr_assert_eq(stmboot_diags_count(b->diags), 1);
	return stmboot_diags_get(b->diags, 0);
}

static struct image plain_zimage(void)
{
	return make_zimage(NULL, 0, "payload", 7, 0x123456, false);
}

Test(kernel, a_zimage_with_its_extension_table)
{
	struct image image = plain_zimage();
	struct bench b = bench(image.data, image.size);
	const struct stmboot_kernel *k = b.kernel;

	cr_expect_eq(k->format, STMBOOT_KERNEL_ZIMAGE);
	cr_expect_str_eq(stmboot_kernel_format_text(k->format), "zimage");
	cr_expect_eq(k->image_bytes, image.size);
	cr_expect_not(k->truncated);
	cr_expect_not(k->has_appended_dtb);
	cr_expect_not(k->has_efi_stub);
	cr_expect_eq(k->zimage.magic, 0x016f2818);
	cr_expect_eq(k->zimage.endianness, 0x04030201);
	cr_expect(k->zimage.has_table);
	cr_expect_eq(k->zimage.table_offset, ZIMAGE_TABLE);
	cr_expect(k->zimage.has_size_word);
	cr_expect_eq(k->zimage.size_word_offset, image.size_word);
	cr_expect_eq(k->zimage.unpacked_bytes, 0x123456);
	cr_expect_eq(k->zimage.bss_bytes, 0x1000);
	cr_expect_eq(stmboot_diags_count(b.diags), 0);
	bench_free(&b);
	free(image.data);
}

Test(kernel, an_image_of_arm64)
{
	struct image image = make_arm64();
	struct bench b = bench(image.data, image.size);
	const struct stmboot_kernel *k = b.kernel;

	cr_expect_eq(k->format, STMBOOT_KERNEL_ARM64);
	cr_expect(k->has_efi_stub);
	cr_expect_eq(k->pe_offset, 0x40);
	cr_expect_eq(k->image_bytes, ARM64_BYTES, "the sections tell what must be in the file");
	cr_expect_eq(k->arm64.image_bytes, 0x4000, "and the header what memory it takes");
	cr_expect_eq(k->arm64.page_bytes, 4096);
	cr_expect(k->arm64.anywhere);
	cr_expect_not(k->arm64.big_endian);
	cr_expect_eq(stmboot_diags_count(b.diags), 0);
	bench_free(&b);
	image.size -= 1;
	b = bench(image.data, image.size);
	cr_expect(b.kernel->truncated);
	cr_expect_str_eq(only(&b)->code, "kernel.truncated");
	bench_free(&b);
	free(image.data);
}

Test(kernel, an_image_of_efi_zboot_is_nothing_for_booti)
{
	uint8_t data[256] = "MZ\0\0zimg";
	struct bench b;

	put_words(data + 8, (uint32_t[]){ 128, 100 }, 2);
	memcpy(data + 24, "zstd22", 7);
	put_words(data + 56, (uint32_t[]){ 0x818223cd, 64 }, 2);
	memcpy(data + 64, "PE\0", 4);
	memcpy(data + 128, "\x28\xb5\x2f\xfd", 4);
	b = bench(data, sizeof(data));
	cr_expect_eq(b.kernel->format, STMBOOT_KERNEL_ZBOOT);
	cr_expect_eq(b.kernel->compression, STMBOOT_COMPRESSION_ZSTD);
	cr_expect_str_eq(b.kernel->zboot.compression, "zstd22");
	cr_expect_eq(b.kernel->image_bytes, 228);
	cr_expect(b.kernel->has_efi_stub);
	cr_expect_str_eq(only(&b)->code, "kernel.not-bootable");
	bench_free(&b);
	b = bench(data, 67); /* the end of the signature is not there */
	cr_expect_not(b.kernel->has_efi_stub);
	bench_free(&b);
}

Test(kernel, barebox_and_a_compressed_image)
{
	uint8_t barebox[64] = { 0 };
	uint8_t gzip[64] = { 0x1f, 0x8b, 8 };
	struct bench b;

	memcpy(barebox + 0x20, "barebox", 8);
	put_words(barebox + 0x28, (uint32_t[]){ 0xffffffff, 64 }, 2);
	b = bench(barebox, sizeof(barebox));
	cr_expect_eq(b.kernel->format, STMBOOT_KERNEL_BAREBOX);
	cr_expect_eq(b.kernel->image_bytes, 64);
	cr_expect_eq(stmboot_diags_count(b.diags), 0);
	bench_free(&b);
	b = bench(gzip, sizeof(gzip));
	cr_expect_eq(b.kernel->format, STMBOOT_KERNEL_COMPRESSED);
	cr_expect_eq(b.kernel->compression, STMBOOT_COMPRESSION_GZIP);
	cr_expect_eq(stmboot_diags_count(b.diags), 0);
	bench_free(&b);
}

Test(kernel, a_device_tree_behind_a_zimage_is_found)
{
	struct image image = plain_zimage();
	uint8_t *longer = calloc(1, image.size + 8);
	struct bench b;

	memcpy(longer, image.data, image.size);
	memcpy(longer + image.size, "\xd0\x0d\xfe\xed", 4);
	b = bench(longer, image.size + 8);
	cr_expect(b.kernel->has_appended_dtb);
	cr_expect_eq(b.kernel->appended_dtb_offset, image.size);
	cr_expect_eq(stmboot_diags_count(b.diags), 0);
	bench_free(&b);
	free(longer);
	free(image.data);
}

/* Words written over a good zImage, and what becomes of its table. */
static const struct table_case {
	const char *name;
	size_t at;
	uint32_t words[4];
	size_t count;
	bool has_table, has_size_word;
} table_cases[] = {
	{ "Linux 4.15 counted two words too few", ZIMAGE_TABLE, { 2 }, 1, true, true },
	{ "four words, as Linux 4.16", ZIMAGE_TABLE, { 4 }, 1, true, true },
	{ "another tag stands before it", 0x38, { ZIMAGE_TABLE - 8 }, 1, true, true },
	{ "no table before Linux 4.15", 0x34, { 0 }, 1, false, false },
	{ "the table is past the end", 0x38, { 0xfffffff0 }, 1, false, false },
	{ "a tag without size ends the table", ZIMAGE_TABLE, { 0 }, 1, false, false },
	{ "a tag of one word ends the table", ZIMAGE_TABLE, { 1 }, 1, false, false },
	{ "a tag of 2^32 - 1 words", ZIMAGE_TABLE, { 0xffffffff, 1 }, 2, true, false },
	{ "another tag only", ZIMAGE_TABLE, { 6, 1 }, 2, true, false },
	{ "the size word is past the end", ZIMAGE_TABLE + 8, { 0xfffffffe }, 1, true, false },
};

Test(kernel, extension_tables_of_all_ages)
{
	for (size_t i = 0; i < sizeof(table_cases) / sizeof(table_cases[0]); i++) {
		const struct table_case *c = &table_cases[i];
		struct image image = plain_zimage();
		struct bench b;

		put_words(image.data + ZIMAGE_TABLE - 8, (uint32_t[]){ 2, 0x12345678 }, 2);
		put_words(image.data + c->at, c->words, c->count);
		b = bench(image.data, image.size);
		cr_expect_eq(b.kernel->format, STMBOOT_KERNEL_ZIMAGE, "%s", c->name);
		cr_expect_eq(b.kernel->zimage.has_table, c->has_table, "%s", c->name);
		cr_expect_eq(b.kernel->zimage.has_size_word, c->has_size_word, "%s", c->name);
		if (c->has_size_word)
			cr_expect_eq(b.kernel->zimage.unpacked_bytes, 0x123456, "%s", c->name);
		cr_expect_eq(stmboot_diags_count(b.diags), 0, "%s", c->name);
		bench_free(&b);
		free(image.data);
	}
}

Test(kernel, a_zimage_cut_short_is_told_with_both_lengths)
{
	struct image image = plain_zimage();
	struct bench b = bench(image.data, image.size - 20);
	const struct stmboot_diag *diag = only(&b);
	char text[32];

	cr_expect(b.kernel->truncated);
	cr_expect_str_eq(diag->code, "kernel.truncated");
	cr_expect_eq(diag->severity, STMBOOT_ERROR);
	cr_expect_eq(diag->stage, STMBOOT_STAGE_KERNEL);
	cr_expect_eq(diag->place.offset, 0x28);
	snprintf(text, sizeof(text), "%zu bytes", image.size - 20);
	cr_expect_str_eq(diag->found, text);
	snprintf(text, sizeof(text), "%zu bytes", image.size);
	cr_expect_str_eq(diag->expected, text);
	bench_free(&b);
	free(image.data);
}

Test(kernel, a_zimage_stored_big_endian_is_not_started)
{
	uint8_t data[64] = { 0 };
	struct bench b;

	memcpy(data + 0x24, "\x01\x6f\x28\x18\0\0\0\0\0\0\0\x40\x04\x03\x02\x01", 16);
	b = bench(data, sizeof(data));
	cr_expect_eq(b.kernel->format, STMBOOT_KERNEL_ZIMAGE);
	cr_expect(b.kernel->zimage.byte_swapped);
	cr_expect_eq(b.kernel->image_bytes, 64);
	cr_expect_str_eq(only(&b)->code, "kernel.not-bootable");
	bench_free(&b);
}

static const struct stranger {
	const char *looks_like;
	size_t size, at;
	const char *bytes;
	size_t length;
} strangers[] = {
	{ NULL, 0, 0, "", 0 },
	{ NULL, 39, 0, "", 0 },
	{ NULL, 4096, 0, "", 0 },
	{ "ELF file", 600, 0, "\177ELF", 4 },
	{ "legacy uImage", 600, 0, "\x27\x05\x19\x56", 4 },
	{ "FIT or device tree", 600, 0, "\xd0\x0d\xfe\xed", 4 },
	{ "x86 bzImage", 600, 0x202, "HdrS", 4 },
	{ "RISC-V Image", 600, 56, "RSC\x05", 4 },
	{ "PE file", 600, 0, "MZ", 2 },
	{ "script", 600, 0, "#!/bin/sh", 9 },
};

Test(kernel, what_is_no_kernel_is_called_by_its_name)
{
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		const struct stranger *s = &strangers[i];
		uint8_t data[4096] = { 0 };
		struct bench b;

		memcpy(data + s->at, s->bytes, s->length);
		b = bench(data, s->size);
		cr_expect_eq(b.kernel->format, STMBOOT_KERNEL_UNKNOWN);
		if (s->looks_like != NULL)
			cr_expect_str_eq(b.kernel->looks_like, s->looks_like);
		else
			cr_expect_null(b.kernel->looks_like);
		cr_expect_str_eq(only(&b)->code, "kernel.not-bootable");
		cr_expect_not_null(only(&b)->found);
		bench_free(&b);
	}
}

Test(kernel, every_length_of_a_zimage_is_read_without_trouble)
{
	struct image image = plain_zimage();

	for (size_t size = 0; size < image.size; size++) {
		uint8_t *part = malloc(size + 1);
		struct bench b;

		memcpy(part, image.data, size);
		b = bench(part, size);
		cr_expect_eq(b.kernel->format == STMBOOT_KERNEL_ZIMAGE, size >= 0x34);
		cr_expect_eq(stmboot_diags_count(b.diags), 1);
		bench_free(&b);
		free(part);
	}
	free(image.data);
}
