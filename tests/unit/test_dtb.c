/* SPDX-License-Identifier: MIT */
/* Device trees: dtc makes them from text, and is asked what they say. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stmboot/dtb.h>

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

/* A folder of its own with a device tree in it. */
struct bench {
	char folder[32];
	char file[64];
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_dtb *dtb;
};

static void need(const char *tool)
{
	char command[64];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", tool);
	if (system(command) != 0)
		cr_skip_test("%s is not installed", tool);
}

/* Run a shell script in the folder. */
static void run(const struct bench *b, const char *script)
{
	char command[4096];

	snprintf(command, sizeof(command), "cd %s && { %s\n} >log 2>&1", b->folder, script);
	cr_assert_eq(system(command), 0, "%s", command);
}

static void compile(const struct bench *b, const char *text, const char *script)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/board.dts", b->folder);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
	run(b, script);
}

static struct bench open_bench(const char *text, const char *script)
{
	struct bench b = { .folder = "/tmp/stmboot-dtb-XXXXXX" };

	need("dtc");
	cr_assert_not_null(mkdtemp(b.folder));
	snprintf(b.file, sizeof(b.file), "%s/board.dtb", b.folder);
	cr_assert_eq(stmboot_context_new(NULL, &b.ctx), STMBOOT_OK);
	compile(&b, text, script);
	cr_assert_eq(stmboot_source_open_file(b.ctx, b.file, &b.src), STMBOOT_OK);
	cr_assert_eq(stmboot_dtb_decode(b.ctx, b.src, &b.dtb), STMBOOT_OK);
	return b;
}

static void close_bench(struct bench *b)
{
	char command[64];

	stmboot_dtb_free(b->dtb);
	stmboot_source_close(b->src);
	stmboot_context_free(b->ctx);
	snprintf(command, sizeof(command), "rm -r %s", b->folder);
	cr_expect_eq(system(command), 0);
}

static const char to_dtb[] = "dtc -q -O dtb -o board.dtb board.dts";

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
	struct bench b = open_bench(board, to_dtb);

	cr_expect_eq(b.dtb->header.total_bytes, b.dtb->file_bytes);
	cr_expect_eq(b.dtb->header.version, 17);
	expect_board(b.dtb);
	close_bench(&b);
}

Test(dtb, version_16_and_padding_are_read_as_well)
{
	struct bench b = open_bench(board, "dtc -q -V 16 -p 64 -O dtb -o board.dtb board.dts\n"
					   "printf behind >>board.dtb");

	cr_expect_eq(b.dtb->header.version, 16);
	cr_expect_eq(b.dtb->header.total_bytes + 6, b.dtb->file_bytes);
	expect_board(b.dtb);
	close_bench(&b);
}

Test(dtb, nodes_are_found_as_libfdt_finds_them)
{
	struct bench b = open_bench(board, to_dtb);
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
		const struct stmboot_dtb_node *node = stmboot_dtb_find_node(b.dtb, cases[i].path);
		char path[64] = "";

		cr_expect_eq(node != NULL, cases[i].found != NULL, "%s", cases[i].path);
		if (node != NULL && cases[i].found != NULL) {
			cr_expect_eq(stmboot_dtb_node_path(node, path, sizeof(path)),
				     strlen(cases[i].found));
			cr_expect_str_eq(path, cases[i].found);
		}
	}
	close_bench(&b);
}

Test(dtb, consoles_are_named_as_linux_names_them)
{
	struct bench b = open_bench(board, to_dtb);
	struct stmboot_dtb_console out = stmboot_dtb_stdout(b.dtb);
	struct stmboot_dtb_console other = stmboot_dtb_serial(b.dtb, 3);

	cr_expect(out.found && out.okay);
	cr_expect_eq(out.number, 0);
	cr_expect_str_eq(out.alias, "serial0");
	cr_expect_str_eq(out.options, "115200n8");
	cr_expect_str_eq(out.compatible, "st,stm32h7-uart");
	cr_expect(other.found && !other.okay);
	cr_expect_eq(other.number, 3);
	cr_expect(!stmboot_dtb_serial(b.dtb, 1).found);
	close_bench(&b);
}
