/* SPDX-License-Identifier: MIT */
/* Typed values, compared with what fdtput makes of them and fdtget says of them. */
#include "../support/dtb_bench.h"

#include <stmboot/text.h>

#include "format/dtb_value.h"

enum { MOST = 4, TEXT = 512 };

static const struct {
	const char *type; /* "": not said */
	const char *values[MOST];
} good[] = {
	{ "", { "1" } },
	{ "", { "0", "12", "010", "4294967295" } },
	{ "", { "-1", "-2147483648", "2147483647" } },
	{ "", { NULL } },
	{ "i", { "1", "-5", "0x10", "010" } },
	{ "i", { "0", "00", "0X7fffffff", "-0x10" } },
	{ "u", { "0", "7", "4294967295" } },
	{ "x", { "0", "ff", "0xFF", "DeadBeef" } },
	{ "x", { "10", "00000000010", "ffffffff" } },
	{ "lx", { "5", "ffffffff" } },
	{ "li", { "5", "-1" } },
	{ "bx", { "0", "7", "ff", "0x80" } },
	{ "bu", { "0", "255" } },
	{ "bi", { "-1", "-128", "127", "255" } },
	{ "hhx", { "1", "2", "3" } },
	{ "s", { "okay" } },
	{ "s", { "a", "b c", "", "d" } },
	{ "s", { "" } },
	{ "s", { "1", "x=\"y\"", "\\", "\t" } },
	{ "bs", { "a" } },
	{ "hs", { "a", "b" } },
	{ "s", { NULL } },
	{ "x", { NULL } },
};

static size_t count_values(const char *const values[MOST])
{
	size_t count = 0;

	while (count < MOST && values[count] != NULL)
		count++;
	return count;
}

static struct stmboot_dtb_type type_of(const char *text)
{
	struct stmboot_dtb_type type = { 0 };

	if (*text != 0)
		cr_assert_eq(stmboot_dtb_type_parse(text, &type), STMBOOT_OK, "%s", text);
	return type;
}

/* A word of a shell. */
static void quote(char *command, const char *word)
{
	size_t at = strlen(command);

	at += (size_t)snprintf(command + at, TEXT - at, " '");
	for (; *word != 0; word++)
		at += (size_t)snprintf(command + at, TEXT - at, *word == '\'' ? "'\\''" : "%c",
				       *word);
	snprintf(command + at, TEXT - at, "'");
}

static void start(char *command, const char *tool, const char *type)
{
	snprintf(command, TEXT, "%s", tool);
	if (*type != 0)
		snprintf(command + strlen(command), TEXT - strlen(command), " -t %s", type);
}

/* What fdtput makes of the values is in "base.dtb" then. */
static struct stmboot_dtb *put(const struct bench *b, const char *type,
			       const char *const values[MOST])
{
	char command[TEXT];

	stmboot_dtb_free(compile(b, "base", "/dts-v1/;\n/ { a { p; q; }; };\n", "-S 4096"));
	start(command, "fdtput", type);
	snprintf(command + strlen(command), TEXT - strlen(command), " -- base.dtb /a p");
	for (size_t i = 0; i < count_values(values); i++)
		quote(command, values[i]);
	folder_run(&b->folder, command);
	return read_file(b, "base.dtb");
}

Test(dtb_value, the_bytes_are_those_of_fdtput)
{
	struct bench b = open_bench();

	need("fdtput");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct stmboot_dtb *theirs = put(&b, good[i].type, good[i].values);
		const struct stmboot_dtb_type type = type_of(good[i].type);
		const uint8_t *data = NULL, *expected;
		uint32_t length = 0, size;
		struct sb_arena arena;

		cr_assert_eq(stmboot_dtb_get(theirs, "/a", "p", &expected, &size), STMBOOT_OK);
		sb_arena_init(&arena, b.ctx);
		cr_expect_eq(sb_dtb_encode(&arena, &type, good[i].values,
					   count_values(good[i].values), NULL, &data, &length),
			     STMBOOT_OK, "row %zu", i);
		cr_assert_eq(length, size, "row %zu", i);
		cr_expect_arr_eq(data, expected, size, "row %zu", i);
		sb_arena_release(&arena);
		stmboot_dtb_free(theirs);
	}
	close_bench(&b);
}

static const struct {
	const char *type;
	const char *values[MOST];
	const char *bytes;
	uint32_t length;
} own[] = {
	/* fdtput 1.6.1 writes one byte of two, and takes only the 0 of 0x10 without a type. */
	{ "hx", { "1234", "5" }, "\x12\x34\x00\x05", 4 },
	{ "hi", { "-2", "65535" }, "\xff\xfe\xff\xff", 4 },
	{ "hu", { "258" }, "\x01\x02", 2 },
	{ "", { "0x10", "0XfF" }, "\0\0\0\x10\0\0\0\xff", 8 },
	{ "u", { "0x10" }, "\0\0\0\x10", 4 },
	/* and no number is an error of it */
	{ "", { "okay" }, "okay", 5 },
	{ "", { "1", "two", "3" }, "1\0two\0003", 8 },
	{ "", { "" }, "", 1 },
	{ "", { "4294967296" }, "4294967296", 11 },
	{ "", { "-" }, "-", 2 },
	{ "", { "0x" }, "0x", 3 },
};

Test(dtb_value, what_fdtput_does_not_know_is_right_too)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		const struct stmboot_dtb_type type = type_of(own[i].type);
		const uint8_t *data = NULL;
		uint32_t length = 0;
		struct sb_arena arena;

		sb_arena_init(&arena, ctx);
		cr_expect_eq(sb_dtb_encode(&arena, &type, own[i].values,
					   count_values(own[i].values), NULL, &data, &length),
			     STMBOOT_OK, "row %zu", i);
		cr_assert_eq(length, own[i].length, "row %zu", i);
		cr_expect_arr_eq(data, own[i].bytes, length, "row %zu", i);
		sb_arena_release(&arena);
	}
	stmboot_context_free(ctx);
}

static const struct {
	const char *type;
	const char *value;
} bad[] = {
	{ "i", "" },
	{ "i", "-" },
	{ "i", "1x" },
	{ "i", " 1" },
	{ "i", "4294967296" },
	{ "i", "08" },
	{ "i", "0x" },
	{ "i", "-2147483649" },
	{ "u", "-1" },
	{ "u", "ff" },
	{ "u", "okay" },
	{ "u", "+1" },
	{ "x", "g" },
	{ "x", "100000000" },
	{ "x", "-1" },
	{ "x", "0x" },
	{ "bx", "100" },
	{ "bi", "-129" },
	{ "bi", "256" },
	{ "hx", "10000" },
	{ "hi", "-32769" },
	{ "bu", "256" },
	{ "lu", "999999999999999999999999" },
};

Test(dtb_value, what_is_no_number_or_does_not_fit_is_refused)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct stmboot_dtb_type type = type_of(bad[i].type);
		struct stmboot_refusal why = { "", "" };
		const uint8_t *data;
		uint32_t length;
		struct sb_arena arena;

		sb_arena_init(&arena, ctx);
		cr_expect_eq(sb_dtb_encode(&arena, &type, &bad[i].value, 1, &why, &data, &length),
			     STMBOOT_INVALID_ARGUMENT, "%s %s", bad[i].type, bad[i].value);
		cr_expect_not_null(strstr(why.message, "is no number that fits"));
		sb_arena_release(&arena);
	}
	stmboot_context_free(ctx);
}

Test(dtb_value, a_type_is_what_fdtput_takes_for_one)
{
	static const char *const types[] = { "",    "b",    "h",   "l",  "hh", "q", "xx", "sx",
					     "bhx", "hhhx", "lbx", " x", "x ", "X", "d",  "r" };
	struct stmboot_dtb_type type = { 'q', 9 };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		cr_expect_eq(stmboot_dtb_type_parse(types[i], &type), STMBOOT_INVALID_ARGUMENT,
			     "'%s'", types[i]);
	cr_expect(type.format == 'q' && type.bytes == 9);
}

/* Values as source text, and the types that they are read by. */
static const char *const stored[] = {
	"<1>",           "<0xffffffff 2 3>",
	"\"okay\"",      "\"st,a\", \"st,b\"",
	"[ff]",          "[00 01 80 ff 7f]",
	"[00 00]",       "\"a b\", \"c\"",
	"[80 01 00 02]", "\"\"",
	"<0x61626300>",  "[61 00 62 63]",
};

Test(dtb_value, what_is_said_is_what_fdtget_says)
{
	static const char *const types[] = { "",   "s",  "i",  "u",  "x",  "bi",  "bu",
					     "bx", "hi", "hu", "hx", "lx", "hhx", "li" };
	struct bench b = open_bench();

	need("fdtget");
	for (size_t i = 0; i < sizeof(stored) / sizeof(stored[0]); i++) {
		const struct stmboot_dtb_property *p;
		struct stmboot_dtb *dtb;
		char source[128];

		snprintf(source, sizeof(source), "/dts-v1/;\n/ { a { p = %s; }; };\n", stored[i]);
		dtb = compile(&b, "get", source, "");
		p = stmboot_dtb_find_property(stmboot_dtb_find_node(dtb, "/a"), "p");
		for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
			const struct stmboot_dtb_type asked = type_of(types[k]);
			struct stmboot_refusal why = { "", "" };
			struct stmboot_dtb_type type;
			char command[TEXT], text[TEXT] = "";

			start(command, "fdtget", types[k]);
			if (stmboot_dtb_type_choose(p, &asked, &why, &type) != STMBOOT_OK) {
				cr_expect_neq(why.message[0], 0);
				snprintf(source, sizeof(source), "! %s get.dtb /a p", command);
				folder_run(&b.folder, source);
				continue;
			}
			cr_assert_lt(stmboot_dtb_values_text(p, &type, text, sizeof(text)), TEXT);
			folder_write(&b.folder, "ours", text, strlen(text));
			snprintf(command + strlen(command), TEXT - strlen(command),
				 " get.dtb /a p | head -c -1 | cmp - ours");
			folder_run(&b.folder, command);
		}
		stmboot_dtb_free(dtb);
	}
	close_bench(&b);
}

Test(dtb_value, values_come_one_by_one)
{
	static const uint8_t data[] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 9 };
	const struct stmboot_dtb_property property = { .data = data, .length = sizeof(data) };
	struct stmboot_dtb_type type = { 'i', 4 };
	struct stmboot_dtb_value value;
	uint32_t at = 0;

	cr_assert(stmboot_dtb_next_value(&property, &type, &at, &value));
	cr_expect(value.text == NULL && value.number == -1);
	cr_assert(stmboot_dtb_next_value(&property, &type, &at, &value));
	cr_expect_eq(value.number, 9);
	cr_expect_not(stmboot_dtb_next_value(&property, &type, &at, &value));
	type.format = 'u';
	at = 0;
	cr_assert(stmboot_dtb_next_value(&property, &type, &at, &value));
	cr_expect_eq(value.number, UINT32_MAX);
}
