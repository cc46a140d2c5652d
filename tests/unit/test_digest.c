/* SPDX-License-Identifier: MIT */
/* Checksums and hashes of "123456789", the string that their catalogues use. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "base/digest.h"

static const struct {
	const char *name;
	const char *value;
} cases[] = {
	{ "crc16-ccitt", "31c3" },
	{ "crc32", "cbf43926" },
	{ "md5", "25f9e794323b453885f5181f1b624d0b" },
	{ "sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441" },
	{ "sha256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225" },
	{ "sha384", "eb455d56d2c1a69de64e832011f3393d45f3fa31d6842f21af92d2fe469c499d"
		    "a5e3179847334a18479c8d1dedea1be3" },
	{ "sha512", "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274a"
		    "d27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85" },
};

Test(digest, each_is_the_known_one_however_the_data_is_cut)
{
	static const uint8_t data[] = "123456789";

	cr_assert_eq(sizeof(cases) / sizeof(cases[0]), SB_DIGEST_KINDS);
	for (size_t i = 0; i < SB_DIGEST_KINDS; i++) {
		enum sb_digest_kind kind = sb_digest_find(cases[i].name);

		cr_assert_neq(kind, SB_DIGEST_KINDS, "%s", cases[i].name);
		cr_expect_eq(2 * sb_digest_size(kind), strlen(cases[i].value));
		for (size_t cut = 0; cut <= 9; cut++) {
			uint8_t out[SB_DIGEST_BYTES];
			char text[2 * SB_DIGEST_BYTES + 1];
			struct sb_digest digest;

			sb_digest_begin(&digest, kind);
			sb_digest_feed(&digest, data, cut);
			sb_digest_feed(&digest, data + cut, 9 - cut);
			sb_digest_end(&digest, out);
			for (size_t k = 0; k < sb_digest_size(kind); k++)
				snprintf(text + 2 * k, 3, "%02x", out[k]);
			cr_expect_str_eq(text, cases[i].value, "%s cut at %zu", cases[i].name, cut);
		}
	}
}

Test(digest, other_names_are_none)
{
	static const char *const names[] = { "", "sha", "SHA1", "sha1 ", "sha3-256" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cr_expect_eq(sb_digest_find(names[i]), SB_DIGEST_KINDS, "%s", names[i]);
}
