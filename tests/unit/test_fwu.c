/* SPDX-License-Identifier: MIT */
#include <stmboot/content.h>
#include <stmboot/fwu.h>

#include "../support/bytes.h"

enum { V1_BYTES = FWU_V1_BYTES, V2_BYTES = FWU_V2_BYTES };

static void mend(struct bytes *b, size_t size)
{
	mend_fwu(b->data, size);
}

/* In a partition of 512 bytes. */
static struct bytes metadata(uint32_t version)
{
	struct bytes b = bytes_new(512);

	make_fwu(b.data, version);
	return b;
}

static const char *judge(struct bytes *b)
{
	struct stmboot_source *src = bytes_source(b);
	struct stmboot_fwu *fwu;

	cr_assert_eq(stmboot_fwu_decode(b->ctx, src, &fwu), STMBOOT_OK);
	cr_assert_eq(stmboot_fwu_validate(fwu, src, b->diags), STMBOOT_OK);
	stmboot_fwu_free(fwu);
	return bytes_codes(b);
}

static void expect_content(struct bytes *b, enum stmboot_content content, const char *flavour)
{
	enum stmboot_content found;
	const char *found_flavour;

	cr_assert_eq(stmboot_content_detect(b->ctx, bytes_source(b), &found, &found_flavour),
		     STMBOOT_OK);
	cr_expect_eq(found, content);
	if (flavour != NULL)
		cr_expect_str_eq(found_flavour, flavour);
}

static void expect_healthy(struct bytes *b, uint32_t version, uint64_t size)
{
	struct stmboot_fwu *fwu;

	cr_assert_eq(stmboot_fwu_decode(b->ctx, bytes_source(b), &fwu), STMBOOT_OK);
	cr_expect_eq(fwu->version, version);
	cr_expect_eq(fwu->active_index, 0);
	cr_expect_eq(fwu->previous_active_index, 1);
	cr_expect_eq(fwu->metadata_bytes, size);
	cr_expect(fwu->has_computed_crc);
	cr_expect_eq(fwu->computed_crc, fwu->crc);
	cr_expect_eq(fwu->bank_count, 2);
	cr_expect_eq(fwu->image_count, 1);
	cr_assert_eq(fwu->decoded_images, 1);
	cr_expect_str_eq(fwu->images[0].type_guid, "19d5df83-11b0-457b-be2c-7559c13142a5");
	cr_expect_str_eq(fwu->images[0].banks[0].guid, "4fd84c93-54ef-463f-a7ef-ae25ff887087");
	cr_expect_str_eq(fwu->images[0].banks[1].guid, "09c54952-d5bf-45af-acee-335303766fb3");
	cr_expect_eq(fwu->images[0].banks[1].accepted, 1);
	stmboot_fwu_free(fwu);
	cr_expect_str_eq(judge(b), "");
	expect_content(b, STMBOOT_CONTENT_FWU_METADATA, version == 1 ? "v1" : "v2");
}

Test(fwu, both_versions)
{
	struct bytes v1 = metadata(1), v2 = metadata(2);

	expect_healthy(&v1, 1, V1_BYTES);
	expect_healthy(&v2, 2, V2_BYTES);
	bytes_free(&v1);
	bytes_free(&v2);
}

static const struct {
	const char *name;
	size_t offset;
	uint64_t value;
	size_t bytes;
	bool mended;
	const char *codes;
	uint64_t place; /* of the first finding */
} damages[] = {
	{ "a bit of a GUID", 100, 1, 1, false, "fwu.crc ", 0 },
	{ "active bank 2", 8, 2, 4, true, "fwu.index ", 8 },
	{ "previous bank 2", 12, 2, 4, true, "fwu.index ", 12 },
	{ "a bank on trial", 24, 0xfe, 1, true, "fwu.trial (n) ", 24 },
	{ "an invalid active bank", 24, 0xff, 1, true, "fwu.bank-invalid (w) ", 24 },
	{ "an unknown state", 24, 0x00, 1, true, "fwu.bank-invalid (w) ", 24 },
	{ "no valid bank", 24, 0xffff, 2, true, "fwu.no-bank ", 24 },
	{ "an image of another type", 40, 0, 1, true, "fwu.no-fip ", 40 },
};

Test(fwu, damages_are_found)
{
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct bytes b = metadata(2);

		bytes_le(&b, damages[i].offset, damages[i].value, damages[i].bytes);
		if (damages[i].mended)
			mend(&b, V2_BYTES);
		cr_expect_str_eq(judge(&b), damages[i].codes, "%s: %s", damages[i].name, b.codes);
		cr_assert_geq(stmboot_diags_count(b.diags), 1);
		cr_expect_eq(stmboot_diags_get(b.diags, 0)->place.offset, damages[i].place, "%s",
			     damages[i].name);
		cr_expect_eq(stmboot_diags_get(b.diags, 0)->stage, STMBOOT_STAGE_FSBL);
		bytes_free(&b);
	}
}

Test(fwu, no_partition_for_the_active_bank)
{
	struct bytes b = metadata(2);

	memset(b.data + 72, 0, 16);
	mend(&b, V2_BYTES);
	cr_expect_str_eq(judge(&b), "fwu.no-partition ");
	cr_expect_eq(stmboot_diags_get(b.diags, 0)->place.offset, 72);
	bytes_free(&b);
}

/* What does not look like metadata at all. */
static const struct {
	const char *name;
	size_t offset;
	uint64_t value;
	size_t bytes;
} strangers[] = {
	{ "version 0", 4, 0, 4 },
	{ "version 3", 4, 3, 4 },
	{ "a size below that of the header", 16, 31, 4 },
	{ "a size of 4 GiB", 16, UINT32_MAX, 4 },
	{ "a size without room for the image", 16, V2_BYTES - 1, 4 },
	{ "a descriptor elsewhere", 20, 36, 2 },
	{ "no banks", 32, 0, 1 },
	{ "five banks", 32, 5, 1 },
	{ "65535 images", 34, 65535, 2 },
	{ "images of another size", 36, 81, 2 },
	{ "banks of another size", 38, 25, 2 },
};

Test(fwu, other_content)
{
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		struct bytes b = metadata(2);
		struct stmboot_fwu *fwu = NULL;

		bytes_le(&b, strangers[i].offset, strangers[i].value, strangers[i].bytes);
		mend(&b, V2_BYTES);
		cr_expect_eq(stmboot_fwu_decode(b.ctx, bytes_source(&b), &fwu),
			     STMBOOT_NOT_RECOGNISED, "%s", strangers[i].name);
		cr_expect_null(fwu);
		expect_content(&b, STMBOOT_CONTENT_UNKNOWN, NULL);
		bytes_free(&b);
	}
}

Test(fwu, without_a_descriptor)
{
	struct bytes b = metadata(2);

	bytes_le(&b, 16, 32, 4);
	bytes_le(&b, 20, 0, 2);
	memset(b.data + 32, 0, b.size - 32);
	mend(&b, 32);
	cr_expect_str_eq(judge(&b), "fwu.no-fip ");
	bytes_free(&b);
}

Test(fwu, cut_metadata)
{
	for (size_t size = 0; size < V2_BYTES; size++) {
		struct bytes b = metadata(2);
		struct stmboot_fwu *fwu = NULL;

		b.size = size;
		cr_expect_eq(stmboot_fwu_decode(b.ctx, bytes_source(&b), &fwu),
			     size < 32 ? STMBOOT_NOT_RECOGNISED : STMBOOT_OK);
		if (fwu != NULL)
			cr_expect(strncmp(judge(&b), "fwu.truncated ", 14) == 0, "%s", b.codes);
		stmboot_fwu_free(fwu);
		bytes_free(&b);
	}
}
