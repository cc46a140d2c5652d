/* SPDX-License-Identifier: MIT */
/* Device trees as source text, which dtc has to make the same trees of. */
#include "../support/dtb_bench.h"
#include "../support/dtb_random.h"
#include "../support/dtb_same.h"

#include <stmboot/dtb_source.h>

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *bytes;
	uint32_t length;
	enum stmboot_dtb_guess guess;
	const char *text;
} values[] = {
	{ BYTES(""), STMBOOT_DTB_EMPTY, "" },
	{ BYTES("okay\0"), STMBOOT_DTB_STRINGS, "\"okay\"" },
	{ BYTES("st,a\0st,b\0"), STMBOOT_DTB_STRINGS, "\"st,a\", \"st,b\"" },
	{ BYTES("abc\0\0d\0"), STMBOOT_DTB_STRINGS, "\"abc\", \"\", \"d\"" },
	{ BYTES("a\0\0b\0"), STMBOOT_DTB_BYTES, "[61 00 00 62 00]" },
	{ BYTES("a\"b\\c\0"), STMBOOT_DTB_STRINGS, "\"a\\\"b\\\\c\"" },
	{ BYTES("\a\b\t\n\v\f\r\0"), STMBOOT_DTB_STRINGS, "\"\\a\\b\\t\\n\\v\\f\\r\"" },
	{ BYTES("\x1b[2J\0"), STMBOOT_DTB_BYTES, "[1b 5b 32 4a 00]" },
	{ BYTES("\xc3\xa9x\0"), STMBOOT_DTB_CELLS, "<0xc3a97800>" },
	{ BYTES("abc"), STMBOOT_DTB_BYTES, "[61 62 63]" },
	{ BYTES("\0\0\0\1\xff\xff\xff\xff"), STMBOOT_DTB_CELLS, "<0x1 0xffffffff>" },
	{ BYTES("\0\0\0\0"), STMBOOT_DTB_CELLS, "<0x0>" },
	{ BYTES("a\0\0\0"), STMBOOT_DTB_CELLS, "<0x61000000>" },
	{ BYTES("\x7f\0"), STMBOOT_DTB_BYTES, "[7f 00]" },
	{ BYTES("\0"), STMBOOT_DTB_BYTES, "[00]" },
};

Test(dtb_source, what_a_property_holds_is_guessed)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const struct stmboot_dtb_property property = {
			.name = "p",
			.data = (const uint8_t *)values[i].bytes,
			.length = values[i].length,
		};
		char text[128];

		cr_expect_eq(stmboot_dtb_guess(&property), values[i].guess, "%s", values[i].text);
		cr_expect_eq(stmboot_dtb_value_source(&property, text, sizeof(text)),
			     strlen(values[i].text));
		cr_expect_str_eq(text, values[i].text);
	}
	cr_expect_str_eq(stmboot_dtb_guess_text(STMBOOT_DTB_EMPTY), "empty");
	cr_expect_str_eq(stmboot_dtb_guess_text(STMBOOT_DTB_BYTES), "bytes");
}

static char *source_of(const struct stmboot_dtb *dtb, const struct stmboot_dtb_node *node)
{
	size_t length = stmboot_dtb_source(dtb, node, NULL, 0);
	char *text = malloc(length + 1);

	cr_assert_not_null(text);
	cr_assert_eq(stmboot_dtb_source(dtb, node, text, length + 1), length);
	cr_assert_eq(strlen(text), length);
	return text;
}

/* What dtc makes of the text is the tree. */
static void expect_back(const struct bench *b, const struct stmboot_dtb *dtb, unsigned int number)
{
	char *text = source_of(dtb, dtb->root);
	struct stmboot_dtb *back;

	back = compile(b, "back", text, "");
	cr_expect(same_tree(dtb, back), "tree %u:\n%s", number, text);
	stmboot_dtb_free(back);
	free(text);
}

Test(dtb_source, dtc_makes_the_same_tree_of_it)
{
	struct bench b = open_bench();

	for (unsigned int i = 0; i < 100; i++) {
		static struct random_tree tree;
		struct stmboot_dtb *dtb;

		random_make(&tree, i);
		folder_write(&b.folder, "random.dtb", tree.blob, fdt_totalsize(tree.blob));
		dtb = read_file(&b, "random.dtb");
		cr_assert_eq(dtb->defect, STMBOOT_DTB_GOOD);
		expect_back(&b, dtb, i);
		stmboot_dtb_free(dtb);
	}
	close_bench(&b);
}

static const char board[] = "/dts-v1/;\n"
			    "\n"
			    "/memreserve/ 0x1000 0x2000;\n"
			    "\n"
			    "/ {\n"
			    "\tcompatible = \"st,a\", \"st,b\";\n"
			    "\tflag;\n"
			    "\n"
			    "\tsoc {\n"
			    "\t\ti2c@5c002000 {\n"
			    "\t\t\treg = <0x5c002000 0x400>;\n"
			    "\t\t};\n"
			    "\n"
			    "\t\tempty {\n"
			    "\t\t};\n"
			    "\t};\n"
			    "};\n";

Test(dtb_source, a_tree_and_a_node_are_readable)
{
	struct bench b = open_bench();
	struct stmboot_dtb *dtb = compile(&b, "board", board, "");
	char *text = source_of(dtb, dtb->root);

	cr_expect_str_eq(text, board);
	free(text);
	text = source_of(dtb, stmboot_dtb_find_node(dtb, "/soc/i2c"));
	cr_expect_str_eq(text, "i2c@5c002000 {\n\treg = <0x5c002000 0x400>;\n};\n");
	free(text);
	stmboot_dtb_free(dtb);
	close_bench(&b);
}

Test(dtb_source, a_text_that_does_not_fit_is_cut)
{
	struct bench b = open_bench();
	struct stmboot_dtb *dtb = compile(&b, "board", board, "");
	char *text = source_of(dtb, dtb->root);
	size_t length = strlen(text);

	for (size_t size = 1; size <= length + 2; size++) {
		char *part = malloc(size);
		size_t kept = size - 1 < length ? size - 1 : length;

		cr_assert_not_null(part);
		cr_expect_eq(stmboot_dtb_source(dtb, dtb->root, part, size), length);
		cr_expect(memcmp(part, text, kept) == 0 && part[kept] == 0, "%zu bytes", size);
		free(part);
	}
	free(text);
	stmboot_dtb_free(dtb);
	close_bench(&b);
}

/* Nodes and properties whose names would be something else in a text. */
static const char *const hostile[] = {
	"a; evil = <1>", "a { }; b", "//", "/* ", "\\x41", "\x1b[31m", "a\nb", "\"", "\xff", " ",
};

Test(dtb_source, a_name_that_no_text_can_have_is_quoted_and_dtc_refuses_it)
{
	struct bench b = open_bench();

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]) * 2; i++) {
		const char *name = hostile[i / 2];
		uint8_t blob[512];
		struct stmboot_dtb *dtb;
		char *text;

		cr_assert_eq(fdt_create_empty_tree(blob, sizeof(blob)), 0);
		if (i % 2 == 0)
			cr_assert_eq(fdt_setprop(blob, 0, name, "", 0), 0);
		else
			cr_assert_geq(fdt_add_subnode(blob, 0, name), 0);
		folder_write(&b.folder, "hostile.dtb", blob, fdt_totalsize(blob));
		dtb = read_file(&b, "hostile.dtb");
		cr_assert_eq(dtb->defect, STMBOOT_DTB_GOOD);
		text = source_of(dtb, dtb->root);
		for (const char *c = text; *c != 0; c++)
			cr_expect((*c >= 0x20 && *c < 0x7f) || *c == '\n' || *c == '\t', "%s",
				  text);
		folder_write(&b.folder, "hostile.dts", text, strlen(text));
		folder_run(&b.folder, "! dtc -f -O dtb -o out.dtb hostile.dts");
		free(text);
		stmboot_dtb_free(dtb);
	}
	close_bench(&b);
}
