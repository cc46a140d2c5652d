/* SPDX-License-Identifier: MIT */
#include <stmboot/fip.h>

#include "../support/bytes.h"

#define UNKNOWN "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"

enum { ENTRIES = FIP_ENTRIES, IMAGE = FIP_IMAGE, TOC = FIP_TOC, TOTAL = FIP_TOTAL };

static size_t entry(size_t index)
{
	return 16 + 40 * index;
}

/* With room behind it, as in a partition. */
static struct bytes package(void)
{
	struct bytes b = bytes_new(TOTAL + 100);

	make_fip(b.data);
	return b;
}

static const char *judge(struct bytes *b, enum stmboot_soc soc)
{
	struct stmboot_source *src = bytes_source(b);
	struct stmboot_fip *fip;

	cr_assert_eq(stmboot_fip_decode(b->ctx, src, &fip), STMBOOT_OK);
	cr_assert_eq(stmboot_fip_validate(fip, src, soc, b->diags), STMBOOT_OK);
	stmboot_fip_free(fip);
	return bytes_codes(b);
}

Test(fip, a_healthy_package)
{
	struct bytes b = package();
	const struct stmboot_fip_entry *e;
	struct stmboot_fip *fip;

	cr_assert_eq(stmboot_fip_decode(b.ctx, bytes_source(&b), &fip), STMBOOT_OK);
	cr_expect_eq(fip->serial_number, 0x12345678);
	cr_expect_eq(fip->entry_count, ENTRIES);
	cr_expect(fip->terminated);
	cr_expect_eq(fip->toc_bytes, TOC);
	cr_expect_eq(fip->total_bytes, TOTAL);
	cr_expect_eq(fip->tos_magic, 0x6c796170, "\"payl\"");
	e = stmboot_fip_find(fip, "nt-fw");
	cr_assert_not_null(e);
	cr_expect_str_eq(e->uuid_text, "d6d0eea7-fcea-d54b-9782-9934f234b6e4");
	cr_expect_str_eq(e->title, "U-Boot (BL33)");
	cr_expect_eq(e->toc_offset, 56);
	cr_expect_eq(e->offset, TOC + IMAGE);
	cr_expect_eq(e->size, IMAGE);
	cr_expect(e->fits);
	cr_expect_null(stmboot_fip_find(fip, "ddr-fw"));
	stmboot_fip_free(fip);
	cr_expect_str_eq(judge(&b, STMBOOT_SOC_STM32MP15), "", "%s", b.codes);
	bytes_free(&b);
}

static const struct {
	const char *name;
	size_t offset;
	const char *bytes;
	size_t length;
	const char *codes;
	uint64_t place; /* of the first finding */
} damages[] = {
	{ "serial number 0", 4, "\0\0\0\0", 4, "fip.serial-number ", 4 },
	{ "an image past the end", 16 + 24, "\0\0\0\1", 4, "fip.truncated ", 16 + 16 },
	{ "an image of 2^64 bytes", 16 + 24, "\xff\xff\xff\xff\xff\xff\xff\xff", 8,
	  "fip.truncated ", 16 + 16 },
	{ "an image without bytes", 16 + 24, "\0", 1, "fip.empty-image ", 16 + 24 },
	{ "an image on the table", 16 + 40 + 16, "\0\0", 2, "fip.overlap (w) ", 56 + 16 },
	{ "an image on another", 16 + 40 + 16, "\x02", 1, "fip.overlap (w) ", 56 + 16 },
	{ "an image twice", 16 + 4 * 40, FIP_NT_FW, 16,
	  "fip.duplicate-image (w) fip.missing-image ", 176 },
	{ "no U-Boot", 16 + 40, UNKNOWN, 16, "fip.missing-image ", 0 },
	{ "no device tree for SP_min", 16 + 160, UNKNOWN, 16, "fip.missing-image ", 0 },
	{ "OP-TEE without its pager", TOC, "OPTE", 4, "fip.missing-image ", 0 },
	{ "an encrypted secure OS", TOC, "\x01\x00\x64\xaa", 4, "", 0 },
	{ "a total that is too small", 16 + 5 * 40 + 16, "\x00\x01", 2, "fip.total-size (w) ",
	  232 },
	{ "a total larger than the source", 16 + 5 * 40 + 17, "\x02", 1, "fip.total-size (w) ",
	  232 },
};

Test(fip, damages_are_found)
{
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct bytes b = package();

		bytes_put(&b, damages[i].offset, damages[i].bytes, damages[i].length);
		cr_expect_str_eq(judge(&b, STMBOOT_SOC_STM32MP15), damages[i].codes, "%s: %s",
				 damages[i].name, b.codes);
		if (damages[i].codes[0] != '\0')
			cr_expect_eq(stmboot_diags_get(b.diags, 0)->place.offset, damages[i].place,
				     "%s", damages[i].name);
		bytes_free(&b);
	}
}

Test(fip, an_image_too_large_for_its_memory)
{
	static const struct {
		size_t index;
		uint64_t most_bytes;
	} cases[] = { { 1, 4 << 20 }, { 2, 4096 }, { 3, 256 << 10 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes small = package(), b = bytes_new(TOTAL + (5 << 20));

		bytes_put(&b, 0, small.data, TOTAL);
		bytes_le(&b, entry(cases[i].index) + 16, TOTAL, 8);
		bytes_le(&b, entry(cases[i].index) + 24, cases[i].most_bytes, 8);
		bytes_le(&b, entry(ENTRIES) + 16, b.size, 8);
		cr_expect_str_eq(judge(&b, STMBOOT_SOC_STM32MP15), "");
		bytes_le(&b, entry(cases[i].index) + 24, cases[i].most_bytes + 1, 8);
		cr_expect_str_eq(judge(&b, STMBOOT_SOC_STM32MP15), "fip.image-too-large ");
		bytes_free(&small);
		bytes_free(&b);
	}
}

Test(fip, the_chip_decides_what_is_needed)
{
	struct bytes b = package();

	judge(&b, STMBOOT_SOC_STM32MP2);
	cr_expect_str_eq(b.codes, "fip.missing-image fip.missing-image fip.missing-image ");
	bytes_free(&b);
	b = package();
	bytes_put(&b, entry(4), UNKNOWN, 16);
	cr_expect_str_eq(judge(&b, STMBOOT_SOC_STM32MP13), "");
	bytes_free(&b);
}

/* Cut anywhere a table is read as far as it goes. */
Test(fip, cut_tables)
{
	for (size_t size = 0; size <= TOC; size++) {
		struct bytes b = package();
		struct stmboot_fip *fip = NULL;
		enum stmboot_status status;

		b.size = size;
		status = stmboot_fip_decode(b.ctx, bytes_source(&b), &fip);
		cr_expect_eq(status, size < 4    ? STMBOOT_NOT_RECOGNISED
				     : size < 16 ? STMBOOT_TRUNCATED
						 : STMBOOT_OK);
		if (fip != NULL) {
			size_t whole = (size - 16) / 40;

			cr_expect_eq(fip->terminated, size == TOC);
			cr_expect_eq(fip->entry_count, whole < ENTRIES ? whole : ENTRIES);
		}
		stmboot_fip_free(fip);
		bytes_free(&b);
	}
}

Test(fip, a_table_without_an_end_is_cut)
{
	struct bytes b = bytes_new(1 << 20);
	struct stmboot_fip *fip;

	memset(b.data, 1, b.size);
	bytes_le(&b, 0, 0xaa640001, 4);
	cr_assert_eq(stmboot_fip_decode(b.ctx, bytes_source(&b), &fip), STMBOOT_OK);
	cr_expect_not(fip->terminated);
	cr_expect_leq(fip->entry_count, 128);
	cr_expect_leq(fip->toc_bytes, 16 + 128 * 40);
	stmboot_fip_free(fip);
	bytes_free(&b);
}
