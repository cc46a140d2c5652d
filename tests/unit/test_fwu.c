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

/* Which bank of version 2 boots: by the states of both, with bank `active` active. */
static const struct {
	const char *name;
	uint32_t active, previous;
	uint8_t states[2];
	int32_t bank;
	bool on_trial;
	int32_t alternate;
} choices[] = {
	{ "the active one is accepted", 0, 1, { 0xfc, 0xfc }, 0, false, -1 },
	{ "bank 1 is active", 1, 0, { 0xfc, 0xfc }, 1, false, -1 },
	{ "on trial", 1, 0, { 0xfc, 0xfe }, 1, true, 0 },
	{ "on trial, and the other is invalid", 1, 0, { 0xff, 0xfe }, 1, true, 1 },
	{ "both on trial", 0, 1, { 0xfe, 0xfe }, 0, true, 1 },
	{ "on trial after itself", 1, 1, { 0xfc, 0xfe }, 1, true, 0 },
	{ "the active one is invalid", 0, 1, { 0xff, 0xfc }, 1, false, -1 },
	{ "the other one is on trial", 0, 1, { 0xff, 0xfe }, 1, false, -1 },
	{ "the previous one is invalid, too", 0, 0, { 0xff, 0xfc }, 1, false, -1 },
	{ "an unknown state", 0, 1, { 0x00, 0xfc }, 1, false, -1 },
	{ "none is valid", 0, 1, { 0xff, 0xff }, -1, false, -1 },
};

Test(fwu, the_bank_that_boots)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		struct bytes b = metadata(2);
		struct stmboot_fwu_choice choice;
		struct stmboot_fwu *fwu;

		bytes_le(&b, 8, choices[i].active, 4);
		bytes_le(&b, 12, choices[i].previous, 4);
		memcpy(b.data + 24, choices[i].states, 2);
		mend(&b, V2_BYTES);
		cr_assert_eq(stmboot_fwu_decode(b.ctx, bytes_source(&b), &fwu), STMBOOT_OK);
		choice = stmboot_fwu_choose(fwu);
		cr_expect_eq(choice.bank, choices[i].bank, "%s", choices[i].name);
		cr_expect_eq(choice.on_trial, choices[i].on_trial, "%s", choices[i].name);
		cr_expect_eq(choice.alternate, choices[i].alternate, "%s", choices[i].name);
		stmboot_fwu_free(fwu);
		bytes_free(&b);
	}
}

/* Version 1 goes by what each image of the active bank says. */
Test(fwu, the_bank_that_boots_by_version_1)
{
	for (uint32_t active = 0; active < 2; active++) {
		for (uint32_t accepted = 0; accepted < 2; accepted++) {
			struct bytes b = metadata(1);
			struct stmboot_fwu_choice choice;
			struct stmboot_fwu *fwu;

			bytes_le(&b, 8, active, 4);
			bytes_le(&b, 12, 1 - active, 4);
			bytes_le(&b, 16 + 32 + 24 * active + 16, accepted, 4);
			mend(&b, V1_BYTES);
			cr_assert_eq(stmboot_fwu_decode(b.ctx, bytes_source(&b), &fwu), STMBOOT_OK);
			choice = stmboot_fwu_choose(fwu);
			cr_expect_eq(choice.bank, (int32_t)active);
			cr_expect_eq(choice.on_trial, accepted == 0);
			cr_expect_eq(choice.alternate,
				     accepted == 0 ? (int32_t)(1 - active) : STMBOOT_FWU_NO_BANK);
			stmboot_fwu_free(fwu);
			cr_expect_str_eq(judge(&b), accepted == 0 ? "fwu.trial (n) " : "");
			bytes_free(&b);
		}
	}
}

/* What one TF-A after the other makes of a copy. */
static const struct {
	const char *name;
	uint32_t version, wanted;
	uint64_t room;
	size_t offset;
	uint64_t value;
	size_t bytes;
	bool mended;
	enum stmboot_fwu_reason reason;
} judgements[] = {
	{ "intact", 2, 2, 120, 28, 0, 4, true, STMBOOT_FWU_READS },
	{ "for nobody in particular", 2, 0, 0, 28, 0, 4, true, STMBOOT_FWU_READS },
	{ "version 1", 1, 1, 96, 12, 0, 4, true, STMBOOT_FWU_READS },
	{ "version 2 for v2.10", 2, 1, 96, 28, 0, 4, true, STMBOOT_FWU_OTHER_VERSION },
	{ "version 1 for v2.11", 1, 2, 120, 12, 0, 4, true, STMBOOT_FWU_OTHER_VERSION },
	{ "a bit of a GUID", 2, 2, 120, 100, 1, 1, false, STMBOOT_FWU_BAD_CRC },
	{ "active bank 2", 2, 2, 120, 8, 2, 4, true, STMBOOT_FWU_BAD_INDEX },
	{ "previous bank 2", 1, 1, 96, 12, 2, 4, true, STMBOOT_FWU_BAD_INDEX },
	{ "more than there is room for", 2, 2, 119, 28, 0, 4, true, STMBOOT_FWU_TOO_LARGE },
	{ "a size past its end", 2, 2, 0, 16, 513, 4, true, STMBOOT_FWU_CUT },
	{ "no descriptor", 2, 2, 120, 20, 0, 2, true, STMBOOT_FWU_NO_IMAGES },
};

Test(fwu, who_takes_a_copy)
{
	for (size_t i = 0; i < sizeof(judgements) / sizeof(judgements[0]); i++) {
		const struct stmboot_fwu_reader reader = { judgements[i].wanted,
							   judgements[i].room };
		struct bytes b = metadata(judgements[i].version);
		struct stmboot_fwu *fwu;

		bytes_le(&b, judgements[i].offset, judgements[i].value, judgements[i].bytes);
		if (judgements[i].mended)
			mend(&b, judgements[i].version == 1 ? V1_BYTES : V2_BYTES);
		cr_assert_eq(stmboot_fwu_decode(b.ctx, bytes_source(&b), &fwu), STMBOOT_OK, "%s",
			     judgements[i].name);
		cr_expect_eq(stmboot_fwu_judge(fwu, &reader), judgements[i].reason, "%s",
			     judgements[i].name);
		cr_expect_str_neq(stmboot_fwu_reason_text(judgements[i].reason), "?");
		stmboot_fwu_free(fwu);
		bytes_free(&b);
	}
	cr_expect_str_eq(stmboot_fwu_reason_text((enum stmboot_fwu_reason)99), "?");
}
