/* SPDX-License-Identifier: MIT */
#include "../../cli/json.h"

#include <criterion/criterion.h>

struct text_case {
	const char *name;
	const char *text;
	const char *expected; /* RFC 8259, section 7 */
};

static const struct text_case text_cases[] = {
	{ "NULL is null", NULL, "null" },
	{ "an empty string stays one", "", "\"\"" },
	{ "quotes and backslashes are escaped", "a\"b\\c", "\"a\\\"b\\\\c\"" },
	{ "control characters are escaped", "\n\t\r\x01\x1b\x7f",
	  "\"\\n\\t\\u000d\\u0001\\u001b\\u007f\"" },
	{ "UTF-8 is kept", "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xbe",
	  "\"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xbe\"" },
	{ "C1 controls and direction marks are escaped", "\xc2\x9b\xe2\x80\xae\xef\xbb\xbf\xd8\x9c",
	  "\"\\u009b\\u202e\\ufeff\\u061c\"" },
	{ "each byte that is not UTF-8 becomes U+FFFD", "\xff\xc3(",
	  "\"\xef\xbf\xbd\xef\xbf\xbd(\"" },
	{ "an overlong form is not UTF-8", "\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "a surrogate is not UTF-8", "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
};

Test(json, text)
{
	for (size_t i = 0; i < sizeof(text_cases) / sizeof(text_cases[0]); i++) {
		struct buffer out = { 0 };
		struct json j = { .out = &out };

		json_text(&j, NULL, text_cases[i].text);
		cr_expect_str_eq(out.data, text_cases[i].expected, "%s", text_cases[i].name);
		buffer_release(&out);
	}
}

Test(json, structure)
{
	static const char *const words[] = { "a", "b" };
	struct buffer out = { 0 };
	struct json j = { .out = &out };

	json_open(&j, NULL, '{');
	json_u64(&j, "largest", UINT64_MAX);
	json_i64(&j, "smallest", INT64_MIN);
	json_bool(&j, "yes", true);
	json_known(&j, "unknown", false, 7);
	json_hex(&j, "hex", (const uint8_t *)"\x00\xfe", 2);
	json_list(&j, "list", words, 2);
	json_list(&j, "none", NULL, 0);
	json_open(&j, "empty", '{');
	json_close(&j, '}');
	json_close(&j, '}');
	cr_expect_str_eq(out.data, "{\n"
				   "  \"largest\": 18446744073709551615,\n"
				   "  \"smallest\": -9223372036854775808,\n"
				   "  \"yes\": true,\n"
				   "  \"unknown\": null,\n"
				   "  \"hex\": \"00fe\",\n"
				   "  \"list\": [\n"
				   "    \"a\",\n"
				   "    \"b\"\n"
				   "  ],\n"
				   "  \"none\": [],\n"
				   "  \"empty\": {}\n"
				   "}\n");
	buffer_release(&out);
}

Test(json, what_is_flat_stands_in_one_line)
{
	struct buffer out = { 0 };
	struct json j = { .out = &out };

	json_open(&j, NULL, '{');
	json_open_flat(&j, "values", '[');
	json_u64(&j, NULL, 1);
	json_text(&j, NULL, "two");
	json_close(&j, ']');
	json_open_flat(&j, "none", '[');
	json_close(&j, ']');
	json_u64(&j, "after", 3);
	json_close(&j, '}');
	cr_expect_str_eq(out.data, "{\n"
				   "  \"values\": [1, \"two\"],\n"
				   "  \"none\": [],\n"
				   "  \"after\": 3\n"
				   "}\n");
	buffer_release(&out);
}

Test(json, blanks_do_not_outweigh_what_is_deep)
{
	struct buffer out = { 0 };
	struct json j = { .out = &out };

	for (int i = 0; i < 100; i++)
		json_open(&j, NULL, '[');
	for (int i = 0; i < 100; i++)
		json_close(&j, ']');
	cr_expect_lt(out.length, 100 * 2 * 36);
	buffer_release(&out);
}
