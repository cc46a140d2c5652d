/* SPDX-License-Identifier: MIT */
#include <stmboot/uimage.h>

#include "../support/bytes.h"

/* The header of Debian's u-boot.img for the STM32MP157C-DK2; both CRCs are right in the file. */
static const uint8_t debian[64] = {
	0x27, 0x05, 0x19, 0x56, 0xed, 0xb7, 0x78, 0x82, 0x6a, 0x38, 0xf4, 0x6f, 0x00,
	0x10, 0x3f, 0x9c, 0xc0, 0x10, 0x00, 0x00, 0xc0, 0x10, 0x00, 0x00, 0x43, 0xb2,
	0x2c, 0x10, 0x11, 0x02, 0x05, 0x00, 'U',  '-',  'B',  'o',  'o',  't',  ' ',
	'2',  '0',  '2',  '3',  '.',  '0',  '1',  '+',  'd',  'f',  's',  'g',  '-',
	'2',  '+',  'd',  'e',  'b',  '1',  '2',  'u',  '3',  ' ',  'f',  'o',
};

Test(uimage, header_of_debian)
{
	struct bytes b = bytes_new(1064924);
	struct stmboot_uimage *u;

	bytes_put(&b, 0, debian, sizeof(debian));
	cr_assert_eq(stmboot_uimage_decode(b.ctx, bytes_source(&b), &u), STMBOOT_OK);
	cr_expect_eq(u->computed_header_crc, 0xedb77882, "as U-Boot's build computed it");
	cr_expect_eq(u->header_crc, 0xedb77882);
	cr_expect_eq(u->data_bytes, 1064860);
	cr_expect(u->data_fits);
	cr_expect_eq(u->load_address, 0xc0100000);
	cr_expect_eq(u->entry_point, 0xc0100000);
	cr_expect_eq(u->data_crc, 0x43b22c10);
	cr_expect_eq(u->os, STMBOOT_UIMAGE_OS_UBOOT);
	cr_expect_eq(u->arch, STMBOOT_UIMAGE_ARCH_ARM);
	cr_expect_eq(u->type, STMBOOT_UIMAGE_TYPE_FIRMWARE);
	cr_expect_str_eq(u->name, "U-Boot 2023.01+dfsg-2+deb12u3 fo", "a full name has no NUL");
	cr_assert_eq(stmboot_uimage_validate(u, b.src, STMBOOT_UIMAGE_SSBL, b.diags), STMBOOT_OK);
	cr_expect_eq(stmboot_diags_count(b.diags), 0);
	stmboot_uimage_free(u);
	bytes_free(&b);
}

/* U-Boot with 36 bytes of data. */
static struct bytes image(void)
{
	struct bytes b = bytes_new(100);

	cr_assert_eq(make_uimage(b.data), b.size);
	return b;
}

static const char *judge(struct bytes *b, enum stmboot_uimage_role role)
{
	struct stmboot_source *src = bytes_source(b);
	struct stmboot_uimage *u;

	cr_assert_eq(stmboot_uimage_decode(b->ctx, src, &u), STMBOOT_OK);
	cr_expect_eq(stmboot_uimage_verify(b->ctx, src, u),
		     u->data_fits ? STMBOOT_OK : STMBOOT_TRUNCATED);
	cr_assert_eq(stmboot_uimage_validate(u, src, role, b->diags), STMBOOT_OK);
	stmboot_uimage_free(u);
	return bytes_codes(b);
}

enum { ANY = STMBOOT_UIMAGE_ANY, SSBL, KERNEL, INITRD };

static const struct {
	const char *name;
	size_t offset;
	uint64_t value;
	size_t bytes;
	bool mended;
	int role;
	const char *codes;
	uint64_t place; /* of the first finding */
} cases[] = {
	{ "healthy", 0, 0x27051956, 4, false, SSBL, "", 0 },
	{ "a byte of the data changed", 99, 0, 1, false, SSBL, "uimage.data-crc ", 24 },
	{ "a byte of the name changed", 32, 0, 1, false, SSBL, "uimage.header-crc ", 4 },
	{ "a wrong header makes its fields worthless", 28, 0, 1, false, SSBL, "uimage.header-crc ",
	  4 },
	{ "data longer than the source", 12, 37, 4, true, SSBL, "uimage.truncated ", 12 },
	{ "no data", 12, 0, 4, true, ANY, "uimage.empty uimage.data-crc ", 12 },
	{ "an entry point behind the data", 20, 0xc0100024, 4, true, SSBL, "uimage.entry-outside ",
	  20 },
	{ "an entry point in the data", 20, 0xc0100023, 4, true, SSBL, "", 0 },
	{ "SPL does not look at the type", 30, 3, 1, true, SSBL, "uimage.type (w) ", 30 },
	{ "SPL does not look at the architecture", 29, 3, 1, true, SSBL, "uimage.arch (w) ", 29 },
	{ "a second stage for Linux", 28, 5, 1, true, SSBL, "uimage.os (w) ", 28 },
	{ "a packed second stage", 31, 1, 1, true, SSBL, "uimage.compression (w) ", 31 },
	{ "whoever reads it, it is intact", 28, 0x05030201, 4, true, ANY, "", 0 },
	{ "U-Boot is no kernel", 28, 5, 1, true, KERNEL, "uimage.type ", 30 },
	{ "a kernel", 28, 0x05020200, 4, true, KERNEL, "", 0 },
	{ "a packed kernel for 64 bits", 28, 0x05160201, 4, true, KERNEL, "", 0 },
	{ "a kernel for x86", 28, 0x05030200, 4, true, KERNEL, "uimage.arch ", 29 },
	{ "a kernel that is packed in an unknown way", 28, 0x05020207, 4, true, KERNEL,
	  "uimage.compression ", 31 },
	{ "an initrd", 28, 0x05020301, 4, true, INITRD, "", 0 },
	{ "an initrd without an operating system", 28, 0x00020301, 4, true, INITRD, "uimage.os ",
	  28 },
	{ "a script without a table", 30, 6, 1, true, ANY, "uimage.parts ", 64 },
};

Test(uimage, damages_are_found)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = image();

		bytes_be(&b, cases[i].offset, cases[i].value, cases[i].bytes);
		if (cases[i].mended)
			mend_uimage(b.data, b.size);
		cr_expect_str_eq(judge(&b, (enum stmboot_uimage_role)cases[i].role), cases[i].codes,
				 "%s: %s", cases[i].name, b.codes);
		for (size_t k = 0; k < stmboot_diags_count(b.diags); k++) {
			const struct stmboot_diag *d = stmboot_diags_get(b.diags, k);

			cr_expect_eq(d->stage, cases[i].role == KERNEL || cases[i].role == INITRD
						       ? STMBOOT_STAGE_KERNEL
						       : STMBOOT_STAGE_SSBL);
			cr_expect(k > 0 || d->place.offset == cases[i].place, "%s", cases[i].name);
		}
		bytes_free(&b);
	}
}

Test(uimage, short_sources)
{
	for (size_t size = 0; size < 64; size++) {
		struct bytes b = image();
		struct stmboot_uimage *u = NULL;

		b.size = size;
		cr_expect_eq(stmboot_uimage_decode(b.ctx, bytes_source(&b), &u),
			     size < 4 ? STMBOOT_NOT_RECOGNISED : STMBOOT_TRUNCATED);
		cr_expect_null(u);
		bytes_free(&b);
	}
}

/* A multi image of the parts whose sizes are given, with `room` bytes of data. */
static struct bytes multi(const uint32_t *sizes, size_t count, size_t room)
{
	struct bytes b = bytes_new(64 + room);

	bytes_put(&b, 0, debian, sizeof(debian));
	bytes_be(&b, 12, room, 4);
	bytes_be(&b, 28, 0x05020400, 4);
	for (size_t i = 0; i < count; i++)
		bytes_be(&b, 64 + 4 * i, sizes[i], 4);
	mend_uimage(b.data, b.size);
	return b;
}

static const struct {
	const char *name;
	size_t count, room;
	uint32_t sizes[20];
	size_t parts; /* that are found */
	bool ok;
} tables[] = {
	{ "two parts, the first padded", 3, 12 + 8 + 3, { 5, 3, 0 }, 2, true },
	{ "the last part ends one byte too late", 3, 12 + 8 + 2, { 5, 3, 0 }, 1, false },
	{ "a size of 4 GiB", 2, 40, { UINT32_MAX, 0 }, 0, false },
	{ "data that ends within the table", 2, 8, { 1, 1 }, 0, false },
	{ "sixteen parts",
	  17,
	  17 * 4 + 16 * 4,
	  { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0 },
	  16,
	  true },
	{ "seventeen parts",
	  18,
	  18 * 4 + 17 * 4,
	  { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0 },
	  0,
	  false },
};

Test(uimage, size_tables)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct bytes b = multi(tables[i].sizes, tables[i].count, tables[i].room);
		struct stmboot_uimage *u;

		cr_assert_eq(stmboot_uimage_decode(b.ctx, bytes_source(&b), &u), STMBOOT_OK);
		cr_expect_eq(u->part_count, tables[i].parts, "%s: %zu", tables[i].name,
			     u->part_count);
		cr_expect_eq(u->parts_ok, tables[i].ok, "%s", tables[i].name);
		if (i == 0) {
			cr_expect_eq(u->parts[0].offset, 64 + 12);
			cr_expect_eq(u->parts[1].offset, 64 + 12 + 8);
			cr_expect_eq(u->parts[1].size, 3);
		}
		stmboot_uimage_free(u);
		bytes_free(&b);
	}
}

/* As in the table of U-Boot's include/image.h. */
Test(uimage, names)
{
	cr_expect_str_eq(stmboot_uimage_os_text(5), "linux");
	cr_expect_str_eq(stmboot_uimage_os_text(17), "u-boot");
	cr_expect_str_eq(stmboot_uimage_os_text(29), "elf");
	cr_expect_null(stmboot_uimage_os_text(30));
	cr_expect_str_eq(stmboot_uimage_arch_text(2), "arm");
	cr_expect_str_eq(stmboot_uimage_arch_text(22), "arm64");
	cr_expect_str_eq(stmboot_uimage_arch_text(26), "riscv");
	cr_expect_null(stmboot_uimage_arch_text(27));
	cr_expect_str_eq(stmboot_uimage_type_text(14), "kernel_noload");
	cr_expect_str_eq(stmboot_uimage_type_text(34), "stm32image");
	cr_expect_str_eq(stmboot_uimage_type_text(42), "fdt_legacy");
	cr_expect_null(stmboot_uimage_type_text(255));
	cr_expect_str_eq(stmboot_uimage_compression_text(6), "zstd");
	cr_expect_null(stmboot_uimage_compression_text(7));
}
