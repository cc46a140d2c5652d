/* SPDX-License-Identifier: MIT */
#include <stmboot/stm32.h>

#include "../support/bytes.h"

enum { PAYLOAD = STM32_PAYLOAD_BYTES };

static struct bytes image(uint32_t version)
{
	struct bytes b = bytes_new(1024);

	b.size = make_stm32(b.data, version);
	return b;
}

/* What is found in b, verified where that can be done. */
static const char *judge(struct bytes *b, enum stmboot_stm32_role role)
{
	struct stmboot_stm32 *decoded;
	struct stmboot_source *src = bytes_source(b);
	enum stmboot_status status;

	cr_assert_eq(stmboot_stm32_decode(b->ctx, src, &decoded), STMBOOT_OK);
	status = stmboot_stm32_verify(b->ctx, src, decoded);
	cr_expect_eq(status, decoded->header_fits && decoded->payload_fits ? STMBOOT_OK
									   : STMBOOT_TRUNCATED);
	cr_assert_eq(stmboot_stm32_validate(decoded, src, role, b->diags), STMBOOT_OK);
	stmboot_stm32_free(decoded);
	return bytes_codes(b);
}

Test(stm32, healthy_headers_of_all_versions)
{
	static const struct {
		uint32_t version;
		enum stmboot_soc soc;
		const char *text;
		uint64_t header_bytes;
	} cases[] = {
		{ 0x00010000, STMBOOT_SOC_STM32MP15, "1.0", 256 },
		{ 0x00020000, STMBOOT_SOC_STM32MP13, "2.0", 512 },
		{ 0x00020200, STMBOOT_SOC_STM32MP2, "2.2", 512 },
		{ 0x00020300, STMBOOT_SOC_STM32MP2, "2.3", 576 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = image(cases[i].version);
		struct stmboot_stm32 *s;

		cr_assert_eq(stmboot_stm32_decode(b.ctx, bytes_source(&b), &s), STMBOOT_OK);
		cr_expect(s->version_known && s->header_fits && s->payload_fits);
		cr_expect_eq(s->version, cases[i].version);
		cr_expect_eq(s->soc, cases[i].soc);
		cr_expect_str_eq(stmboot_stm32_version_text(s->version), cases[i].text);
		cr_expect_eq(s->header_bytes, cases[i].header_bytes);
		cr_expect_eq(s->payload_bytes, PAYLOAD);
		cr_expect_eq(s->checksum, STM32_PAYLOAD_SUM);
		cr_expect_not(s->is_signed);
		cr_expect_eq(s->defect, STMBOOT_STM32_EXT_OK);
		cr_expect_eq(s->extension_count, i == 0 ? 0 : 1);
		cr_expect_not(s->has_computed_checksum);
		cr_assert_eq(stmboot_stm32_verify(b.ctx, b.src, s), STMBOOT_OK);
		cr_expect_eq(s->computed_checksum, STM32_PAYLOAD_SUM);
		stmboot_stm32_free(s);
		cr_expect_str_eq(judge(&b, STMBOOT_STM32_FSBL), "", "%s: %s", cases[i].text,
				 b.codes);
		bytes_free(&b);
	}
}

/* The header of Debian's u-boot-spl.stm32 for the STM32MP157C-DK2; its payload is left out. */
Test(stm32, header_of_debian)
{
	static const uint8_t rows[] = {
		0x00, 0x00, 0x00, 0x00, 0xf3, 0x02, 0x8d, 0x00, 0x00, 0x00, 0x01, 0x00,
		0x25, 0xd6, 0x01, 0x00, 0x00, 0x25, 0xfc, 0x2f, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x25, 0xfc, 0x2f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	};
	struct bytes b = bytes_new(120613);
	struct stmboot_stm32 *s;

	bytes_put(&b, 0, "STM2", 4);
	bytes_put(&b, 0x40, rows, sizeof(rows));
	cr_assert_eq(stmboot_stm32_decode(b.ctx, bytes_source(&b), &s), STMBOOT_OK);
	cr_expect_eq(s->checksum, 0x008d02f3);
	cr_expect_eq(s->payload_bytes, 120357);
	cr_expect(s->payload_fits);
	cr_expect_eq(s->entry_point, 0x2ffc2500);
	cr_expect_eq(s->load_address, 0x2ffc2500);
	cr_expect_eq(s->flags, 1);
	cr_expect_eq(s->binary_type, STMBOOT_STM32_TYPE_UBOOT);
	cr_expect_eq(stmboot_stm32_likely_role(s), STMBOOT_STM32_FSBL);
	cr_assert_eq(stmboot_stm32_validate(s, b.src, STMBOOT_STM32_FSBL, b.diags), STMBOOT_OK);
	cr_expect_eq(stmboot_diags_count(b.diags), 0, "an unsigned loader is healthy");
	stmboot_stm32_free(s);
	bytes_free(&b);
}

struct damage {
	const char *name;
	uint32_t version;
	size_t offset;
	uint32_t value;
	const char *codes;
	uint64_t place; /* of the first finding */
};

static const struct damage damages[] = {
	{ "a payload byte changed", 0x10000, 256, 0, "stm32.checksum ", 68 },
	{ "a signed image is not summed up by the ROM", 0x10000, 100, 0, "stm32.signature-missing ",
	  4 },
	{ "an empty payload", 0x10000, 76, 0, "stm32.length-zero stm32.checksum ", 76 },
	{ "a payload that leaves the file", 0x10000, 76, PAYLOAD + 1, "stm32.payload-truncated ",
	  76 },
	{ "version 3", 0x10000, 72, 0x30000, "stm32.version ", 72 },
	{ "the version of an STM32N6", 0x10000, 72, 0x20100, "stm32.version ", 72 },
	{ "the version of an STM32MP13 on a header for an STM32MP15", 0x10000, 72, 0x20000,
	  "stm32.version ", 72 },
	{ "an entry point in DDR", 0x10000, 80, 0xc0100000, "stm32.entry-outside ", 80 },
	{ "an entry point behind the payload", 0x10000, 80, 0x2ffc2522, "stm32.entry-outside ",
	  80 },
	{ "a Thumb entry point", 0x10000, 80, 0x2ffc2501, "stm32.entry-thumb (w) ", 80 },
	{ "a load address in DDR", 0x10000, 88, 0xc0100000, "stm32.load-outside (w) ", 88 },
	{ "a reserved field is set", 0x10000, 92, 1, "stm32.reserved (w) ", 92 },
	{ "padding is set", 0x10000, 200, 0x0100, "stm32.padding (w) ", 201 },
	{ "flags nobody knows", 0x10000, 100, 3, "stm32.flags-unknown (w) ", 100 },
	{ "the type of an OP-TEE header", 0x10000, 252, 0x20000000, "stm32.binary-type (w) ", 255 },
	{ "an extension of length 0", 0x20000, 132, 0, "stm32.extensions ", 128 },
	{ "an extension past the total", 0x20000, 132, 0x184, "stm32.extensions ", 128 },
	{ "an extension of unknown type", 0x20000, 128, 0x03005453, "stm32.extensions (w) ", 128 },
	{ "an extension without its flag", 0x20000, 100, 0, "stm32.extensions (w) ", 128 },
	{ "a reserved field is set in 2.3", 0x20300, 124, 1, "stm32.reserved (w) ", 124 },
};

Test(stm32, damages_are_found)
{
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const struct damage *d = &damages[i];
		struct bytes b = image(d->version);

		bytes_le(&b, d->offset, d->value, 4);
		cr_expect_str_eq(judge(&b, STMBOOT_STM32_FSBL), d->codes, "%s: %s", d->name,
				 b.codes);
		cr_assert_neq(stmboot_diags_count(b.diags), 0, "%s", d->name);
		cr_expect_eq(stmboot_diags_get(b.diags, 0)->place.offset, d->place, "%s: %d",
			     d->name, (int)stmboot_diags_get(b.diags, 0)->place.offset);
		cr_expect_eq(stmboot_diags_get(b.diags, 0)->stage, STMBOOT_STAGE_ROM);
		bytes_free(&b);
	}
}

/* u-boot.stm32, as TF-A up to v2.7 takes it. */
static const struct damage second_stages[] = {
	{ "the load address of TF-A", 0x10000, 88, 0xc0100000, "", 0 },
	{ "no load address", 0x10000, 88, 0, "", 0 },
	{ "another load address", 0x10000, 88, 0xc0200000, "stm32.ssbl-load ", 88 },
	{ "OP-TEE is loaded elsewhere", 0x10000, 252, 0x20000000, "", 0 },
	{ "the type of TF-A", 0x10000, 252, 0x10000000, "stm32.ssbl-type ", 255 },
	{ "a changed payload", 0x10000, 256, 0, "stm32.checksum ", 68 },
	{ "another header version", 0x20000, 108, 0, "stm32.ssbl-version ", 72 },
};

Test(stm32, second_stages)
{
	for (size_t i = 0; i < sizeof(second_stages) / sizeof(second_stages[0]); i++) {
		const struct damage *d = &second_stages[i];
		struct bytes b = image(d->version);

		bytes_le(&b, 80, 0xc0100000, 4);
		bytes_le(&b, 88, 0xc0100000, 4);
		bytes_le(&b, d->offset, d->value, 4);
		cr_expect_str_eq(judge(&b, STMBOOT_STM32_SSBL), d->codes, "%s: %s", d->name,
				 b.codes);
		for (size_t k = 0; k < stmboot_diags_count(b.diags); k++) {
			const struct stmboot_diag *found = stmboot_diags_get(b.diags, k);

			cr_expect_eq(found->stage, STMBOOT_STAGE_SSBL);
			cr_expect_eq(found->place.offset, d->place, "%s", d->name);
		}
		bytes_free(&b);
	}
}

Test(stm32, short_sources)
{
	for (size_t size = 0; size < 256; size++) {
		struct bytes b = image(STMBOOT_STM32_V1_0);
		struct stmboot_stm32 *s = NULL;
		enum stmboot_status status;

		b.size = size;
		status = stmboot_stm32_decode(b.ctx, bytes_source(&b), &s);
		cr_expect_eq(status, size < 4 ? STMBOOT_NOT_RECOGNISED : STMBOOT_OK);
		if (s != NULL)
			cr_expect_not(s->header_fits);
		stmboot_stm32_free(s);
		if (size >= 4)
			cr_expect_str_eq(judge(&b, STMBOOT_STM32_FSBL), "stm32.header-truncated ");
		bytes_free(&b);
	}
}
