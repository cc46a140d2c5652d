/* SPDX-License-Identifier: MIT */
/* Device trees: dtc makes them from text, and is asked what they say. */
#include "../support/dtb_bench.h"

static const char board[] =
	"/dts-v1/;\n"
	"/memreserve/ 0x2000000000 0x1000;\n"
	"/ {\n"
	" #address-cells = <1>; #size-cells = <1>;\n"
	" model = \"A board\";\n"
	" compatible = \"st,stm32mp157c-dk2\", \"st,stm32mp157\";\n"
	" aliases { serial0 = &uart4; serial3 = \"/soc/serial@4000f000\"; };\n"
	" chosen { stdout-path = \"serial0:115200n8\"; bootargs = \"quiet\"; };\n"
	" config { u-boot,mmc-env-partition = \"u-boot-env\"; };\n"
	" memory@c0000000 { device_type = \"memory\"; reg = <0xc0000000 0x20000000>; };\n"
	" soc {\n"
	"  status = \"okay\";\n"
	"  uart4: serial@40010000 { compatible = \"st,stm32h7-uart\"; reg = <0x40010000 0x400>; "
	"};\n"
	"  serial@4000f000 { compatible = \"st,usart\", \"st,stm32h7-uart\";"
	" status = \"disabled\"; };\n"
	"  empty { };\n"
	" };\n"
	"};\n";

static void expect_board(const struct stmboot_dtb *dtb)
{
	cr_assert_eq(dtb->defect, STMBOOT_DTB_GOOD, "%s", dtb->defect_text);
	cr_expect_str_eq(dtb->model, "A board");
	cr_assert_eq(dtb->compatible_count, 2);
	cr_expect_str_eq(dtb->compatible[0], "st,stm32mp157c-dk2");
	cr_expect_str_eq(dtb->compatible[1], "st,stm32mp157");
	cr_expect_str_eq(dtb->stdout_path, "serial0:115200n8");
	cr_expect_str_eq(dtb->bootargs, "quiet");
	cr_expect_str_eq(dtb->mmc_env_partition, "u-boot-env");
	cr_assert_eq(dtb->alias_count, 2);
	cr_expect_str_eq(dtb->aliases[0].name, "serial0");
	cr_expect_str_eq(dtb->aliases[0].path, "/soc/serial@40010000");
	cr_assert_eq(dtb->memory_count, 1);
	cr_expect_eq(dtb->memory[0].address, 0xc0000000);
	cr_expect_eq(dtb->memory[0].bytes, 0x20000000);
	cr_assert_eq(dtb->reserved_count, 1);
	cr_expect_eq(dtb->reserved[0].address, 0x2000000000);
	cr_expect_eq(dtb->reserved[0].bytes, 0x1000);
	cr_expect_eq(dtb->node_count, 9);
	cr_expect(!dtb->is_arm64 && !dtb->is_fit && !dtb->is_overlay && !dtb->misaligned);
}

Test(dtb, what_dtc_was_given_is_read_back)
{
	struct bench b = open_bench();
	struct stmboot_dtb *dtb = compile(&b, "board", board, "");

	cr_expect_eq(dtb->header.total_bytes, dtb->file_bytes);
	cr_expect_eq(dtb->header.version, 17);
	expect_board(dtb);
	stmboot_dtb_free(dtb);
	close_bench(&b);
}

Test(dtb, version_16_and_padding_are_read_as_well)
{
	struct bench b = open_bench();
	struct stmboot_dtb *dtb;

	stmboot_dtb_free(compile(&b, "board", board, "-V 16 -p 64"));
	folder_run(&b.folder, "printf behind >>board.dtb");
	dtb = read_file(&b, "board.dtb");
	cr_expect_eq(dtb->header.version, 16);
	cr_expect_eq(dtb->header.total_bytes + 6, dtb->file_bytes);
	expect_board(dtb);
	stmboot_dtb_free(dtb);
	close_bench(&b);
}

Test(dtb, nodes_are_found_as_libfdt_finds_them)
{
	struct bench b = open_bench();
	struct stmboot_dtb *dtb = compile(&b, "board", board, "");
	const struct {
		const char *path;
		const char *found; /* or NULL */
	} cases[] = {
		{ "/", "/" },
		{ "//soc//", "/soc" },
		{ "/soc/serial@4000f000", "/soc/serial@4000f000" },
		{ "/soc/serial", "/soc/serial@40010000" },
		{ "serial3", "/soc/serial@4000f000" },
		{ "serial0/..", NULL },
		{ "/soc/serial@4", NULL },
		{ "/so", NULL },
		{ "", NULL },
		{ "serial", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct stmboot_dtb_node *node = stmboot_dtb_find_node(dtb, cases[i].path);
		char path[64] = "";

		cr_expect_eq(node != NULL, cases[i].found != NULL, "%s", cases[i].path);
		if (node != NULL && cases[i].found != NULL) {
			cr_expect_eq(stmboot_dtb_node_path(node, path, sizeof(path)),
				     strlen(cases[i].found));
			cr_expect_str_eq(path, cases[i].found);
		}
	}
	stmboot_dtb_free(dtb);
	close_bench(&b);
}

Test(dtb, consoles_are_named_as_linux_names_them)
{
	struct bench b = open_bench();
	struct stmboot_dtb *dtb = compile(&b, "board", board, "");
	struct stmboot_dtb_console out = stmboot_dtb_stdout(dtb);
	struct stmboot_dtb_console other = stmboot_dtb_serial(dtb, 3);

	cr_expect(out.found && out.okay);
	cr_expect_eq(out.number, 0);
	cr_expect_str_eq(out.alias, "serial0");
	cr_expect_str_eq(out.options, "115200n8");
	cr_expect_str_eq(out.compatible, "st,stm32h7-uart");
	cr_expect(other.found && !other.okay);
	cr_expect_eq(other.number, 3);
	cr_expect(!stmboot_dtb_serial(dtb, 1).found);
	stmboot_dtb_free(dtb);
	close_bench(&b);
}

Test(dtb, nodes_and_properties_are_listed_as_fdtget_lists_them)
{
	const struct stmboot_dtb_node *node;
	struct stmboot_dtb *dtb;
	const uint8_t *data;
	struct bench b;
	uint32_t length;

	need("fdtget");
	b = open_bench();
	dtb = compile(&b, "board", board, "");
	node = stmboot_dtb_find_compatible(dtb, NULL, "st,stm32h7-uart");
	cr_assert_not_null(node);
	cr_expect_str_eq(node->name, "serial@40010000");
	node = stmboot_dtb_find_compatible(dtb, node, "st,stm32h7-uart");
	cr_assert_not_null(node);
	cr_expect_str_eq(node->name, "serial@4000f000");
	cr_expect_null(stmboot_dtb_find_compatible(dtb, node, "st,stm32h7-uart"));
	cr_expect_str_eq(stmboot_dtb_string(stmboot_dtb_find_property(node, "compatible"), 1),
			 "st,stm32h7-uart");
	cr_expect_null(stmboot_dtb_string(stmboot_dtb_find_property(node, "compatible"), 2));
	cr_assert_eq(stmboot_dtb_get(dtb, "serial0", "reg", &data, &length), STMBOOT_OK);
	folder_write(&b.folder, "ours", data, length);
	folder_run(&b.folder, "for i in $(fdtget -t bx board.dtb /soc/serial@40010000 reg); do\n"
			      "printf \"\\\\$(printf %03o 0x$i)\"; done >theirs\n"
			      "cmp ours theirs");
	cr_expect_eq(stmboot_dtb_get(dtb, "serial0", "no", &data, &length), STMBOOT_NOT_FOUND);
	cr_expect_eq(stmboot_dtb_get(dtb, "/no", "reg", &data, &length), STMBOOT_NOT_FOUND);
	stmboot_dtb_free(dtb);
	close_bench(&b);
}

Test(dtb, offsets_lead_to_the_same_bytes_in_the_file)
{
	struct bench b = open_bench();
	struct stmboot_dtb *dtb = compile(&b, "board", board, "");

	for (const struct stmboot_dtb_node *node = dtb->root; node != NULL;
	     node = stmboot_dtb_next_node(node)) {
		cr_expect_arr_eq(dtb->blob + node->offset, "\0\0\0\1", 4);
		cr_expect_str_eq((const char *)dtb->blob + node->offset + 4, node->name);
		for (size_t i = 0; i < node->property_count; i++)
			cr_expect_eq(dtb->blob + node->properties[i].offset,
				     node->properties[i].data);
	}
	stmboot_dtb_free(dtb);
	close_bench(&b);
}

Test(dtb, sixty_four_nested_nodes_are_read_and_no_more)
{
	for (int depth = 64; depth <= 65; depth++) {
		struct bench b = open_bench();
		struct stmboot_dtb *dtb;
		char text[1024] = "/dts-v1/;\n/ {";

		for (int i = 1; i < depth; i++)
			strcat(text, " n {");
		for (int i = 0; i < depth; i++)
			strcat(text, " };");
		dtb = compile(&b, "deep", text, "");
		cr_expect_eq(dtb->defect,
			     depth == 64 ? STMBOOT_DTB_GOOD : STMBOOT_DTB_BAD_STRUCTURE);
		stmboot_dtb_free(dtb);
		close_bench(&b);
	}
}

Test(dtb, what_a_tree_is_for_is_told_by_its_content)
{
	static const struct {
		const char *text;
		bool arm64, fit, overlay, symbols, fixups;
	} cases[] = {
		{ "/dts-v1/;\n/ { compatible = \"st,stm32mp257f-ev1\", \"st,stm32mp257\"; };\n",
		  true, false, false, false, false },
		{ "/dts-v1/;\n/ { images { }; configurations { }; };\n", false, true, false, false,
		  false },
		{ "/dts-v1/;\n/ { images { }; };\n", false, false, false, false, false },
		{ "/dts-v1/;\n/plugin/;\n&a { };\n", false, false, true, false, true },
		{ "/dts-v1/;\n/ { __symbols__ { a = \"/\"; }; };\n", false, false, false, true,
		  false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench b = open_bench();
		struct stmboot_dtb *dtb = compile(&b, "kind", cases[i].text, "");

		cr_expect_eq(dtb->is_arm64, cases[i].arm64, "%s", cases[i].text);
		cr_expect_eq(dtb->is_fit, cases[i].fit, "%s", cases[i].text);
		cr_expect_eq(dtb->is_overlay, cases[i].overlay, "%s", cases[i].text);
		cr_expect_eq(dtb->has_symbols, cases[i].symbols, "%s", cases[i].text);
		cr_expect_eq(dtb->has_fixups, cases[i].fixups, "%s", cases[i].text);
		stmboot_dtb_free(dtb);
		close_bench(&b);
	}
}
