/* SPDX-License-Identifier: MIT */
#include "../support/bytes.h"
#include "format/scan.h"

static struct sb_scan scan(struct bytes *b)
{
	struct sb_scan s;

	cr_assert_eq(sb_scan_range(b->ctx, bytes_source(b), 0, b->size, &s), STMBOOT_OK);
	return s;
}

static const struct {
	const char *name, *text;
	enum sb_firmware firmware;
	const char *version; /* NULL: no match */
} banners[] = {
	{ "U-Boot", "U-Boot 2023.01+dfsg-2+deb12u3 (Jul 01 2026)\n", SB_FIRMWARE_UBOOT,
	  "2023.01+dfsg-2+deb12u3" },
	{ "SPL", "\nU-Boot SPL 2020.07 (Jan 01 2021)\n", SB_FIRMWARE_SPL, "2020.07" },
	{ "a format string", "U-Boot %s", SB_FIRMWARE_UBOOT, NULL },
	{ "TF-A", "v2.8(release):v2.8-dirty", SB_FIRMWARE_TFA, "v2.8" },
	{ "TF-A of ST", "v2.6-stm32mp1-r2.0(debug):v2.6", SB_FIRMWARE_TFA, "v2.6-stm32mp1-r2.0" },
	{ "a version without a build", "v2.8 release", SB_FIRMWARE_TFA, NULL },
	{ "OP-TEE", "3.19.0 (gcc version 12.2.0) #1 Mon", SB_FIRMWARE_OPTEE, "3.19.0" },
};

/* Wherever it stands: at the edge of a chunk, at the end, among zeros. */
Test(scan, versions)
{
	static const size_t places[] = {
		1, 100, 65536 - 300, 65536 - 8, 65536, 65536 + 250, 131072
	};

	for (size_t i = 0; i < sizeof(banners) / sizeof(banners[0]); i++)
		for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
			struct bytes b = bytes_new(places[k] + strlen(banners[i].text));
			const struct sb_scan_text *found;
			struct sb_scan s;

			bytes_put(&b, places[k], banners[i].text, strlen(banners[i].text));
			s = scan(&b);
			found = sb_scan_find(&s, banners[i].firmware);
			cr_expect_eq(found != NULL, banners[i].version != NULL, "%s at %zu",
				     banners[i].name, places[k]);
			if (found != NULL && banners[i].version != NULL)
				cr_expect_str_eq(found->version, banners[i].version);
			cr_expect_eq(s.bytes, b.size);
			bytes_free(&b);
		}
}

/* What else stands in its block makes no difference. */
Test(scan, what_no_version_begins_like_is_none)
{
	static const char text[] = "v1\0000uimage.trunc (gcc version 12) #1";
	struct bytes b = bytes_new(1000);
	struct sb_scan s;

	bytes_put(&b, 140, text, sizeof(text));
	s = scan(&b);
	cr_expect_null(sb_scan_find(&s, SB_FIRMWARE_OPTEE));
	bytes_free(&b);
}

/* The scanner passes over blocks in which nothing can start. */
Test(scan, a_version_is_found_at_each_place_of_a_block)
{
	for (size_t i = 0; i < sizeof(banners) / sizeof(banners[0]); i++)
		for (size_t place = 1; banners[i].version != NULL && place <= 130; place++) {
			struct bytes b = bytes_new(1000);
			struct sb_scan s;

			bytes_put(&b, place, banners[i].text, strlen(banners[i].text));
			s = scan(&b);
			cr_expect(sb_scan_find(&s, banners[i].firmware) != NULL, "%s at %zu",
				  banners[i].name, place);
			bytes_free(&b);
		}
}

Test(scan, the_sum_of_the_largest_bytes_is_whole)
{
	struct bytes b = bytes_new(100003);

	for (size_t i = 0; i < b.size; i++)
		bytes_put(&b, i, "\xff", 1);
	cr_expect_eq(scan(&b).byte_sum, 255 * 100003);
	bytes_free(&b);
}

/* 0xcbf43926 is the check value of this CRC, 477 the sum of the digits' codes. */
Test(scan, checksums)
{
	struct bytes b = bytes_new(9);
	struct sb_scan s;

	bytes_put(&b, 0, "123456789", 9);
	s = scan(&b);
	cr_expect_eq(s.crc32, 0xcbf43926);
	cr_expect_eq(s.byte_sum, 477);
	cr_expect_eq(sb_scan_range(b.ctx, b.src, 1, 9, &s), STMBOOT_TRUNCATED);
	bytes_free(&b);
}

/* Each of these begins a match at every turn; the cost must stay that of one read. */
Test(scan, near_matches_cost_no_more_than_their_bytes, .timeout = 30)
{
	static const char *const patterns[] = { "v", "v1-", "1", "U-Boot 2023.01" };

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		size_t length = strlen(patterns[i]);
		struct bytes b = bytes_new((size_t)1 << 20);

		for (size_t at = 0; at + length <= b.size; at += length)
			bytes_put(&b, at, patterns[i], length);
		cr_expect_eq(scan(&b).bytes, b.size, "%s", patterns[i]);
		bytes_free(&b);
	}
}

Test(scan, device_trees)
{
	static const uint8_t header[40] = {
		0xd0, 0x0d, 0xfe, 0xed, 0, 0, 0, 0x48, 0, 0, 0, 0x38, 0, 0, 0, 0x48, 0, 0, 0, 0x28,
		0,    0,    0,    0x11, 0, 0, 0, 0x10, 0, 0, 0, 0,    0, 0, 0, 0,    0, 0, 0, 0x10,
	};
	struct bytes b = bytes_new(65536 + 0x48);
	struct sb_scan s;

	bytes_put(&b, 65536 - 4, header, sizeof(header));
	bytes_put(&b, 200, header, 8);
	s = scan(&b);
	cr_assert_eq(s.dtb_count, 1, "a magic alone is no device tree");
	cr_expect_eq(s.dtbs[0].offset, 65536 - 4);
	cr_expect_eq(s.dtbs[0].size, 0x48);
	bytes_free(&b);
}

/* printf 'U-Boot 2023.01 (x)\n' | gzip -n */
Test(scan, a_packed_payload)
{
	static const uint8_t packed[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
					  0x00, 0x03, 0x0b, 0xd5, 0x75, 0xca, 0xcf, 0x2f,
					  0x51, 0x30, 0x32, 0x30, 0x32, 0xd6, 0x33, 0x30,
					  0x54, 0xd0, 0xa8, 0xd0, 0xe4, 0x02, 0x00, 0x14,
					  0xa1, 0xb2, 0x06, 0x13, 0x00, 0x00, 0x00 };
	struct bytes b = bytes_new(sizeof(packed));
	struct sb_scan s;

	bytes_put(&b, 0, packed, sizeof(packed));
	cr_assert_eq(sb_scan_gzip(b.ctx, bytes_source(&b), 0, b.size, &s), STMBOOT_OK);
	cr_expect_eq(s.bytes, 19);
	cr_assert_not_null(sb_scan_find(&s, SB_FIRMWARE_UBOOT));
	cr_expect_str_eq(sb_scan_find(&s, SB_FIRMWARE_UBOOT)->version, "2023.01");
	for (size_t cut = 0; cut < sizeof(packed); cut++)
		cr_expect_neq(sb_scan_gzip(b.ctx, b.src, 0, cut, &s), STMBOOT_OK);
	bytes_free(&b);
}
