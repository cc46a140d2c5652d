/* SPDX-License-Identifier: MIT */
/* Signed headers, whose layout differs, and loaders that are too large. */
#include <stmboot/stm32.h>

#include "../support/bytes.h"
#include "../support/containers.h"

enum { BASE = 128, AUTHENTICATION_BYTES = 340, PADDING_BYTES = 44, BUFFER = 4096 };

/*
 * What ST's signing tool makes of version 2.0 with eight keys: authentication
 * (prefix, key 2 of 8, algorithm 1, key, hashes), then padding up to 512.
 */
static struct bytes signed_v2(void)
{
	struct bytes b = bytes_new(BUFFER);

	b.size = make_stm32(b.data, STMBOOT_STM32_V2_0);
	memset(b.data + 4, 0x5a, 64);
	bytes_le(&b, 100, 0x80000001, 4);
	bytes_le(&b, BASE, 0x02005453, 4);
	bytes_le(&b, BASE + 4, AUTHENTICATION_BYTES, 4);
	bytes_le(&b, BASE + 8, 2, 4);
	bytes_le(&b, BASE + 12, 8, 4);
	bytes_le(&b, BASE + 16, 1, 4);
	memset(b.data + BASE + 20, 0xa5, 64 + 8 * 32);
	bytes_le(&b, BASE + AUTHENTICATION_BYTES, 0xffff5453, 4);
	bytes_le(&b, BASE + AUTHENTICATION_BYTES + 4, PADDING_BYTES, 4);
	return b;
}

static struct stmboot_stm32 *decode(struct bytes *b)
{
	struct stmboot_stm32 *image;

	cr_assert_eq(stmboot_stm32_decode(b->ctx, bytes_source(b), &image), STMBOOT_OK);
	return image;
}

static const char *judge(struct bytes *b)
{
	struct stmboot_stm32 *image = decode(b);

	cr_assert_eq(stmboot_stm32_verify(b->ctx, b->src, image), STMBOOT_OK);
	cr_assert_eq(stmboot_stm32_validate(image, b->src, STMBOOT_STM32_FSBL, b->diags),
		     STMBOOT_OK);
	stmboot_stm32_free(image);
	return bytes_codes(b);
}

Test(stm32_signed, version_2_with_eight_keys)
{
	struct bytes b = signed_v2();
	struct stmboot_stm32 *image = decode(&b);

	cr_expect(image->is_signed && image->has_signature && !image->is_encrypted);
	cr_expect_eq(image->header_bytes, 512);
	cr_expect_eq(image->key_index, 2);
	cr_expect_eq(image->key_count, 8);
	cr_expect_eq(image->algorithm, 1);
	cr_expect_eq(image->public_key[0], 0xa5);
	cr_assert_eq(image->extension_count, 2);
	cr_expect_str_eq(image->extensions[0].name, "authentication");
	cr_expect_eq(image->extensions[1].offset, BASE + AUTHENTICATION_BYTES);
	stmboot_stm32_free(image);
	cr_expect_str_eq(judge(&b), "", "%s", b.codes);
	bytes_free(&b);
}

/* Where the others have their version, a signed 2.3 header has signature bytes. */
Test(stm32_signed, a_signature_that_looks_like_a_version)
{
	struct bytes b = bytes_new(BUFFER);
	struct stmboot_stm32 *image;

	b.size = make_stm32(b.data, STMBOOT_STM32_V2_3);
	memset(b.data + 4, 0x5a, 96);
	bytes_le(&b, 72, STMBOOT_STM32_V1_0, 4);
	image = decode(&b);
	cr_expect_eq(image->version, STMBOOT_STM32_V2_3);
	cr_expect_eq(image->key_bytes, 96);
	cr_expect_eq(image->checksum, STM32_PAYLOAD_SUM);
	stmboot_stm32_free(image);
	bytes_free(&b);
}

static const struct {
	const char *name;
	size_t offset;
	uint32_t value;
	const char *codes;
	uint64_t place; /* of the first finding */
} damages[] = {
	{ "the checksum of a signed loader is not looked at", 68, 1, "stm32.checksum (w) ", 68 },
	{ "a key behind the table", BASE + 8, 8, "stm32.key-index (w) ", BASE + 8 },
	{ "more keys than there may be", BASE + 12, 9, "stm32.key-index (w) ", BASE + 8 },
	{ "hashes that do not fit", BASE + 4, 84, "stm32.extensions (w) ", BASE },
	{ "an algorithm of version 2.3", BASE + 16, 3, "stm32.algorithm-unknown (w) ", BASE + 16 },
	{ "a length that is no multiple of 4", BASE + 4, 339, "stm32.extensions (w) ", BASE },
	{ "authentication twice", BASE + 340, 0x02005453, "stm32.extensions (w) ", BASE + 340 },
	{ "padding without its flag", 100, 1, "stm32.extensions (w) ", BASE + 340 },
	{ "decryption asked for and not there", 100, 0x80000003, "stm32.extensions (w) ", 100 },
	{ "authentication asked for and not there", BASE, 0x0badf00d, "stm32.extensions (w) ",
	  BASE },
	{ "extensions longer than any", 104, 4096, "stm32.payload-truncated ", 76 },
};

Test(stm32_signed, damages_are_found)
{
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct bytes b = signed_v2();
		struct stmboot_stm32 *image;

		bytes_le(&b, damages[i].offset, damages[i].value, 4);
		image = decode(&b);
		if (image->payload_fits)
			cr_assert_eq(stmboot_stm32_verify(b.ctx, b.src, image), STMBOOT_OK);
		cr_assert_eq(stmboot_stm32_validate(image, b.src, STMBOOT_STM32_FSBL, b.diags),
			     STMBOOT_OK);
		stmboot_stm32_free(image);
		cr_expect(strncmp(bytes_codes(&b), damages[i].codes, strlen(damages[i].codes)) == 0,
			  "%s: %s", damages[i].name, b.codes);
		cr_assert_neq(stmboot_diags_count(b.diags), 0);
		cr_expect_eq(stmboot_diags_get(b.diags, 0)->place.offset, damages[i].place, "%s",
			     damages[i].name);
		bytes_free(&b);
	}
}

/* TF-A on STM32MP13 looks for the header in the last 512 bytes of SRAM3. */
Test(stm32_signed, a_header_of_an_unusual_length)
{
	struct bytes b = bytes_new(BUFFER);

	b.size = make_stm32(b.data, STMBOOT_STM32_V2_0);
	memmove(b.data + 256, b.data + 512, STM32_PAYLOAD_BYTES);
	b.size = 256 + STM32_PAYLOAD_BYTES;
	bytes_le(&b, 104, 128, 4);
	bytes_le(&b, BASE + 4, 128, 4);
	cr_expect_str_eq(judge(&b), "stm32.payload-offset (w) ", "%s", b.codes);
	bytes_free(&b);
}

/* 252,672 bytes surely fit on STM32MP15; 252,928 are the whole window with its header. */
Test(stm32_signed, large_loaders)
{
	static const struct {
		uint32_t version, payload;
		const char *codes;
	} cases[] = {
		{ STMBOOT_STM32_V1_0, 252672, "" },
		{ STMBOOT_STM32_V1_0, 252673, "stm32.size-limit (w) " },
		{ STMBOOT_STM32_V1_0, 252928, "stm32.size-limit (w) " },
		{ STMBOOT_STM32_V1_0, 252929, "stm32.too-large " },
		{ STMBOOT_STM32_V2_0, 131072, "" },
		{ STMBOOT_STM32_V2_0, 131073, "stm32.too-large " },
		{ STMBOOT_STM32_V2_2, 252929, "stm32.too-large " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = bytes_new((size_t)260000);
		size_t header = make_stm32(b.data, cases[i].version) - STM32_PAYLOAD_BYTES;

		b.size = header + cases[i].payload;
		bytes_le(&b, 76, cases[i].payload, 4);
		cr_expect_str_eq(judge(&b), cases[i].codes, "case %zu: %s", i, b.codes);
		bytes_free(&b);
	}
}
