/* SPDX-License-Identifier: MIT */
#include <stmboot/fip.h>

#include "../support/bytes.h"
#include "../support/faulty.h"
#include "../support/heap.h"
#include "base/cursor.h"
#include "base/digest.h"
#include "format/formats.h"

#define FIP_TB_FW         "\x5f\xf9\xec\x0b\x4d\x22\x3e\x4d\xa5\x44\xc3\x9d\x81\xc7\x3f\x0a"
#define FIP_NT_FW_CERT    "\x8e\xc4\xc1\xf3\x5d\x63\xe4\x11\xa7\xa9\x87\xee\x40\xb2\x3f\xa7"
#define FIP_TOS_FW_EXTRA1 "\x0b\x70\xc2\x9b\x2a\x5a\x78\x40\x9f\x65\x0a\x56\x82\x73\x82\x88"
#define UNKNOWN           "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"

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
	{ "no U-Boot", 16 + 40, UNKNOWN, 16, "fip.unknown-image (n) fip.missing-image ", 56 },
	{ "no device tree for SP_min", 16 + 160, UNKNOWN, 16,
	  "fip.unknown-image (n) fip.missing-image ", 176 },
	{ "flags that mean nothing", 8, "\1", 1, "fip.reserved (n) ", 8 },
	{ "flags of the platform", 12, "\xff\xff", 2, "", 0 },
	{ "flags that mean nothing behind those", 14, "\1", 1, "fip.reserved (n) ", 8 },
	{ "flags of an image", 16 + 32, "\1", 1, "fip.reserved (n) ", 16 + 32 },
	{ "an end with a size", 16 + 5 * 40 + 24, "\1", 1, "fip.reserved (n) ", 240 },
	{ "an end with flags", 16 + 5 * 40 + 39, "\1", 1, "fip.reserved (n) ", 248 },
	{ "an image for another platform", 16 + 160, FIP_TB_FW, 16,
	  "fip.unused-image (n) fip.missing-image ", 176 },
	{ "one certificate of six", 16 + 160, FIP_NT_FW_CERT, 16,
	  "fip.missing-image fip.missing-certificate (w) fip.missing-certificate (w) "
	  "fip.missing-certificate (w) fip.missing-certificate (w) fip.missing-certificate (w) ",
	  0 },
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
		bool sp_min;
	} cases[] = { { 1, 4 << 20, false },
		      { 2, 4096, false },
		      { 3, 256 << 10, false },
		      { 0, 108 << 10, true },
		      { 4, 20 << 10, true } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes small = package(), b = bytes_new(TOTAL + (5 << 20));

		bytes_put(&b, 0, small.data, TOTAL);
		bytes_put(&b, TOTAL, "payload", 8);
		bytes_le(&b, entry(cases[i].index) + 16, TOTAL, 8);
		bytes_le(&b, entry(cases[i].index) + 24, cases[i].most_bytes, 8);
		bytes_le(&b, entry(ENTRIES) + 16, b.size, 8);
		cr_expect_str_eq(judge(&b, STMBOOT_SOC_STM32MP15), "");
		bytes_le(&b, entry(cases[i].index) + 24, cases[i].most_bytes + 1, 8);
		if (cases[i].sp_min)
			cr_expect_str_eq(judge(&b, STMBOOT_SOC_STM32MP13), "");
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
	cr_expect_str_eq(judge(&b, STMBOOT_SOC_STM32MP13), "fip.unknown-image (n) ");
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

/* An image of the whole package with another content, in a place of its own. */
static struct bytes with_payload(size_t index, const void *data, size_t size)
{
	struct bytes b = bytes_new(4096);
	size_t total = make_whole_fip(b.data);

	bytes_put(&b, total, data, size);
	bytes_le(&b, entry(index) + 16, total, 8);
	bytes_le(&b, entry(index) + 24, size, 8);
	bytes_le(&b, entry(ENTRIES) + 16, total + size, 8);
	return b;
}

static struct stmboot_fip *identify(struct bytes *b)
{
	struct stmboot_source *src = bytes_source(b);
	struct stmboot_fip *fip;

	cr_assert_eq(stmboot_fip_decode(b->ctx, src, &fip), STMBOOT_OK);
	cr_expect_null(fip->payloads);
	cr_assert_eq(stmboot_fip_identify(b->ctx, src, fip), STMBOOT_OK);
	return fip;
}

static const char *judge_payloads(struct bytes *b, enum stmboot_soc soc)
{
	struct stmboot_fip *fip = identify(b);

	cr_assert_eq(stmboot_fip_validate(fip, b->src, soc, b->diags), STMBOOT_OK);
	stmboot_fip_free(fip);
	return bytes_codes(b);
}

Test(fip, what_the_images_say_they_are)
{
	struct bytes b = with_payload(3, "", 0);
	struct stmboot_fip *fip;

	make_whole_fip(b.data);
	fip = identify(&b);
	cr_expect_str_eq(fip->payloads[0].program, "TF-A");
	cr_expect_str_eq(fip->payloads[0].version, "v2.8");
	cr_expect_str_eq(fip->payloads[1].program, "U-Boot");
	cr_expect_str_eq(fip->payloads[1].version, "2023.10");
	cr_expect_null(fip->payloads[2].program);
	cr_expect_eq(fip->payloads[2].content, STMBOOT_CONTENT_DTB);
	cr_expect_null(fip->payloads[2].defect);
	cr_expect_null(fip->payloads[2].board);
	cr_expect_eq(fip->payloads[1].hash, STMBOOT_FIP_HASH_UNKNOWN);
	cr_expect_null(fip->optee);
	stmboot_fip_free(fip);
	cr_expect_str_eq(judge_payloads(&b, STMBOOT_SOC_STM32MP15), "", "%s", b.codes);
	bytes_free(&b);
}

/* AES-GCM, a key of the chip, an IV of 12 bytes and a tag of 16. */
#define ENCRYPTED "\x01\x00\x64\xaa\0\0\0\0\x0c\0\x10\0 and more than the header has in all"

static const struct {
	const char *name;
	size_t index;
	const char *bytes;
	size_t length;
	const char *codes;
	size_t place; /* in the image, of the finding */
} payloads[] = {
	{ "U-Boot in a legacy image", 1, "\x27\x05\x19\x56\0\0\0\0", 8, "fip.not-code ", 0 },
	{ "U-Boot in an STM32 image", 1, "STM2\0\0\0\0", 8, "fip.not-code ", 0 },
	{ "SP_min as an ELF", 0,
	  "\x7f"
	  "ELF\1\1\1\0",
	  8, "fip.not-code ", 0 },
	{ "code", 1, "\xb8\0\0\xea\0\0\0\0", 8, "", 0 },
	{ "an image that is no device tree", 3, "hw-config", 9, "fip.damaged-tree ", 0 },
	{ "an empty one", 4, "\0\0\0\0", 4, "fip.damaged-tree ", 0 },
	{ "an encrypted device tree", 3, ENCRYPTED, sizeof(ENCRYPTED), "", 0 },
	{ "encrypted code", 1, ENCRYPTED, sizeof(ENCRYPTED), "", 0 },
	{ "another algorithm", 1, "\x01\x00\x64\xaa\1\0\0\0\x0c\0\x10\0", 12, "fip.encryption ",
	  4 },
	{ "no IV", 1, "\x01\x00\x64\xaa\0\0\0\0\0\0\x10\0", 12, "fip.encryption ", 4 },
	{ "an IV of 17 bytes", 1, "\x01\x00\x64\xaa\0\0\0\0\x11\0\x10\0", 12, "fip.encryption ",
	  4 },
	{ "a tag of 17 bytes", 1, "\x01\x00\x64\xaa\0\0\0\0\x10\0\x11\0", 12, "fip.encryption ",
	  4 },
};

Test(fip, images_that_are_something_else)
{
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		struct bytes b =
			with_payload(payloads[i].index, payloads[i].bytes, payloads[i].length);
		uint64_t at = sb_get_le64(b.data + entry(payloads[i].index) + 16);

		cr_expect_str_eq(judge_payloads(&b, STMBOOT_SOC_STM32MP15), payloads[i].codes,
				 "%s: %s", payloads[i].name, b.codes);
		if (payloads[i].codes[0] != '\0' && stmboot_diags_count(b.diags) != 0)
			cr_expect_eq(stmboot_diags_get(b.diags, 0)->place.offset,
				     at + payloads[i].place, "%s", payloads[i].name);
		bytes_free(&b);
	}
}

/* OP-TEE for an STM32MP1: its header, and the pager that it states, of 8 bytes. */
#define OPTEE(version, arch, count, size)                                                          \
	"OPTE" version arch "\0\0" count "\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0" size "\0\0\0"

static const struct {
	const char *name;
	const char *bytes;
	size_t length;
	enum stmboot_soc soc;
	const char *codes;
} optees[] = {
	{ "one part", OPTEE("\2", "\0", "\1", "\x08"), 28, STMBOOT_SOC_STM32MP15, "" },
	{ "another chip", OPTEE("\2", "\1", "\1", "\x08"), 28, STMBOOT_SOC_STM32MP13,
	  "fip.optee-architecture " },
	{ "an unknown chip", OPTEE("\2", "\1", "\1", "\x08"), 28, STMBOOT_SOC_UNKNOWN, "" },
	{ "version 1", OPTEE("\1", "\1", "\1", "\x07"), 28, STMBOOT_SOC_STM32MP15,
	  "fip.optee-header " },
	{ "no part", OPTEE("\2", "\0", "\0", "\x08"), 28, STMBOOT_SOC_STM32MP15,
	  "fip.optee-header " },
	{ "three parts", OPTEE("\2", "\0", "\3", "\x08"), 28, STMBOOT_SOC_STM32MP15,
	  "fip.optee-header " },
	{ "two parts, of which one is there", OPTEE("\2", "\0", "\2", "\x08"), 28,
	  STMBOOT_SOC_STM32MP15, "fip.optee-header " },
	{ "a header that is cut", OPTEE("\2", "\0", "\1", "\x08"), 27, STMBOOT_SOC_STM32MP15,
	  "fip.optee-header " },
	{ "a pager that is larger", OPTEE("\2", "\0", "\1", "\x07"), 28, STMBOOT_SOC_STM32MP15,
	  "fip.optee-size " },
	{ "a pager that is smaller", OPTEE("\2", "\0", "\1", "\x09"), 28, STMBOOT_SOC_STM32MP15,
	  "fip.optee-size " },
	{ "a second part without an image",
	  OPTEE("\2", "\0", "\2", "\x08") "\xff\xff\xff\xff\xff\xff\xff\xff\1\0\0\0\4\0\0\0", 44,
	  STMBOOT_SOC_STM32MP15, "fip.missing-image " },
	{ "a second part without bytes",
	  OPTEE("\2", "\0", "\2", "\x08") "\xff\xff\xff\xff\xff\xff\xff\xff\1\0\0\0\0\0\0\0", 44,
	  STMBOOT_SOC_STM32MP15, "" },
};

Test(fip, the_header_of_op_tee)
{
	for (size_t i = 0; i < sizeof(optees) / sizeof(optees[0]); i++) {
		struct bytes b = with_payload(0, optees[i].bytes, optees[i].length);

		/* where SP_min stood */
		bytes_put(&b, entry(4), FIP_TOS_FW_EXTRA1, 16);
		bytes_le(&b, entry(4) + 16, TOC, 8);
		bytes_le(&b, entry(4) + 24, 8, 8);
		cr_expect_str_eq(judge_payloads(&b, optees[i].soc), optees[i].codes, "%s: %s",
				 optees[i].name, b.codes);
		bytes_free(&b);
	}
}

static const uint8_t digest_info[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				       0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };

/* A certificate of U-Boot with its hash as the second of two, cut by so many bytes. */
static struct bytes with_certificate(const void *uboot, size_t size, size_t cut)
{
	enum { SHA256 = 32, HASH = sizeof(digest_info) + SHA256, BYTES = 4 + 2 * HASH };
	uint8_t certificate[BYTES] = { 0x30, 0x82, 0, (uint8_t)(BYTES - 4 - cut) };
	uint8_t *second = certificate + 4 + HASH;
	uint8_t digest[SB_DIGEST_BYTES];
	struct sb_digest hash;
	struct bytes b;

	memcpy(certificate + 4, digest_info, sizeof(digest_info));
	memcpy(second, digest_info, sizeof(digest_info));
	sb_digest_begin(&hash, SB_DIGEST_SHA256);
	sb_digest_feed(&hash, uboot, size);
	sb_digest_end(&hash, digest);
	memcpy(second + sizeof(digest_info), digest, SHA256);
	b = with_payload(4, certificate, BYTES - cut);
	bytes_put(&b, entry(4), FIP_NT_FW_CERT, 16);
	return b;
}

static enum stmboot_fip_hash hash_of(struct bytes *b)
{
	struct stmboot_fip *fip = identify(b);
	enum stmboot_fip_hash hash = fip->payloads[1].hash;

	cr_expect_eq(fip->payloads[0].hash, STMBOOT_FIP_HASH_UNKNOWN);
	cr_expect_eq(fip->payloads[4].certificate_bytes, fip->entries[4].size);
	stmboot_fip_free(fip);
	return hash;
}

Test(fip, the_hash_in_a_certificate)
{
	struct bytes b = with_certificate(FIP_UBOOT, sizeof(FIP_UBOOT), 0);

	cr_expect_eq(hash_of(&b), STMBOOT_FIP_HASH_AGREES);
	b.data[sb_get_le64(b.data + entry(1) + 16)] ^= 1;
	cr_expect_eq(hash_of(&b), STMBOOT_FIP_HASH_DIFFERS);
	bytes_free(&b);
	b = with_certificate(FIP_UBOOT, sizeof(FIP_UBOOT), 1);
	cr_expect_eq(hash_of(&b), STMBOOT_FIP_HASH_DIFFERS);
	bytes_free(&b);
}

/* It is that of what was encrypted. */
Test(fip, the_hash_of_an_encrypted_image)
{
	struct bytes b = with_certificate("something", 9, 0);

	bytes_put(&b, (size_t)sb_get_le64(b.data + entry(1) + 16), ENCRYPTED, sizeof(ENCRYPTED));
	cr_expect_eq(hash_of(&b), STMBOOT_FIP_HASH_UNKNOWN);
	bytes_free(&b);
}

/* Only so much is read, however often images claim the same bytes. */
Test(fip, images_larger_than_the_limit_are_left_alone)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options) };
	struct bytes b = bytes_new(4096);
	struct stmboot_context *ctx;
	struct stmboot_fip *fip;

	make_whole_fip(b.data);
	options.limits.max_unpacked_bytes = sizeof(FIP_SP_MIN) + SMALL_TREE_BYTES;
	cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_fip_decode(ctx, bytes_source(&b), &fip), STMBOOT_OK);
	cr_assert_eq(stmboot_fip_identify(ctx, b.src, fip), STMBOOT_OK);
	cr_expect(fip->payloads[0].known);
	cr_expect_eq(fip->payloads[1].known, sizeof(FIP_UBOOT) <= SMALL_TREE_BYTES);
	cr_expect_not(fip->payloads[3].known);
	stmboot_fip_free(fip);
	stmboot_context_free(ctx);
	bytes_free(&b);
}

static enum stmboot_status decode_and_identify(struct stmboot_context *ctx,
					       struct stmboot_source *src)
{
	struct stmboot_fip *fip;
	enum stmboot_status status = stmboot_fip_decode(ctx, src, &fip);

	if (status != STMBOOT_OK)
		return status;
	status = stmboot_fip_identify(ctx, src, fip);
	stmboot_fip_free(fip);
	return status;
}

/* The whole file may be each of its images, which costs as much each time. */
Test(fip, images_that_are_the_same_bytes_are_read_twice_at_most)
{
	enum { SAME = 8 };
	struct bytes b = bytes_new(65536);
	struct sb_scan scan;
	struct stmboot_fip *fip;
	size_t known = 0;

	bytes_put(&b, 0, "\x01\0\x64\xaa\1\0\0\0", 8);
	for (size_t i = 0; i < SAME; i++) {
		bytes_put(&b, entry(i), UNKNOWN, 16);
		bytes_put(&b, entry(i) + 16, "\0\x10\0\0\0\0\0\0\0\xe0\0\0", 12);
	}
	bytes_put(&b, entry(SAME) + 16, "\0\xf0", 2);
	cr_assert_eq(stmboot_fip_decode(b.ctx, bytes_source(&b), &fip), STMBOOT_OK);
	cr_assert_eq(fip->entry_count, SAME);
	cr_assert_eq(sb_fip_scan(b.ctx, b.src, fip, &scan), STMBOOT_OK);
	for (size_t i = 0; i < SAME; i++)
		known += fip->payloads[i].known;
	cr_expect_eq(known, 2);
	cr_expect(scan.cut);
	stmboot_fip_free(fip);
	bytes_free(&b);
}

Test(fip, without_memory)
{
	struct bytes b = with_payload(0, OPTEE("\2", "\0", "\1", "\x08"), 28);
	struct heap heap = { .live = 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	struct stmboot_source *src;
	size_t n, live;

	cr_assert_eq(stmboot_source_from_memory(ctx, b.data, b.size, &src), STMBOOT_OK);
	live = heap.live;
	for (n = 1; status != STMBOOT_OK; n++) {
		heap_refuse(&heap, n);
		status = decode_and_identify(ctx, src);
		cr_assert(status == STMBOOT_OK || status == STMBOOT_NO_MEMORY);
		cr_assert_eq(heap.live, live, "request %zu", n);
	}
	cr_expect_gt(n, 10);
	heap_refuse(&heap, 0);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	cr_expect_eq(heap.live, 0);
	bytes_free(&b);
}

/* The others are identified. */
Test(fip, an_image_that_cannot_be_read)
{
	struct bytes b = with_payload(0, OPTEE("\2", "\0", "\1", "\x08"), 28);
	struct faults faults = { .base = bytes_source(&b) };
	struct stmboot_source *src = faulty_source(b.ctx, &faults);
	struct stmboot_fip *fip;
	uint64_t first;

	cr_assert_eq(stmboot_fip_decode(b.ctx, src, &fip), STMBOOT_OK);
	first = faults.reads;
	cr_assert_eq(stmboot_fip_identify(b.ctx, src, fip), STMBOOT_OK);
	cr_expect_gt(faults.reads, first + 5);
	for (uint64_t n = first + 1, all = faults.reads; n <= all; n++) {
		size_t known = 0;

		faults.reads = first;
		faults.refuse = n;
		cr_expect_eq(stmboot_fip_identify(b.ctx, src, fip), STMBOOT_IO, "read %zu",
			     (size_t)n);
		for (size_t i = 0; i < ENTRIES; i++)
			known += fip->payloads[i].known;
		cr_expect_eq(known, ENTRIES - 1, "read %zu", (size_t)n);
	}
	stmboot_fip_free(fip);
	stmboot_source_close(src);
	bytes_free(&b);
}
