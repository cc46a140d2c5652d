/* SPDX-License-Identifier: MIT */
/* The expected values come from common/cli_simple.c and boot/pxe_utils.c of U-Boot. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <stmboot/extlinux.h>

static const char *get(void *user, const char *name)
{
	static const char *const set[][2] = {
		{ "a", "one" },
		{ "nested", "${a}" },
		{ "fdtfile", "stm32mp157c-dk2.dtb" },
		{ "long", "0123456789012345678901234567890123456789" },
		{ "ethaddr", "00:80:E1:01:02:03" },
		{ "ipaddr", "10.0.0.2" },
	};

	(void)user;
	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)
		if (strcmp(set[i][0], name) == 0)
			return set[i][1];
	return NULL;
}

static const struct stmboot_extlinux_environment env = { .get = get };

struct row {
	const char *name;
	const char *raw;
	const char *expected;
	const char *flags; /* of deleted, truncated, unclosed, dollar lost, quotes, backslashes */
	size_t cbsize;
};

static const struct row rows[] = {
	{ "plain text is copied", "root=/dev/mmcblk0p4 rootwait", "root=/dev/mmcblk0p4 rootwait",
	  "" },
	{ "braces", "x${a}y", "xoney", "" },
	{ "parentheses", "x$(a)y", "xoney", "" },
	{ "either closes either", "x${a)y", "xoney", "" },
	{ "an unset variable is empty", "x${none}y", "xy", "" },
	{ "an empty name is empty", "x${}y", "xy", "" },
	{ "a value is not expanded again", "${nested}", "${a}", "" },
	{ "without a brace '$' stays", "$a $ b", "$a $ b", "" },
	{ "'$$' stays and protects the brace", "$${a}", "$${a}", "" },
	{ "a last '$' is dropped", "x$", "x", "l" },
	{ "an open brace swallows the rest", "x ${a y", "x ", "u" },
	{ "a backslash goes and protects '$'", "\\${a}", "${a}", "b" },
	{ "a backslash protects a quote", "\\'${a}\\'", "'one'", "b" },
	{ "a backslash before '\"' goes", "\\\"", "\"", "b" },
	{ "a last backslash goes", "x\\", "x", "b" },
	{ "two backslashes give one, and '$' after them is literal", "\\\\${a}", "\\${a}", "b" },
	{ "three give two", "\\\\\\x", "\\\\x", "b" },
	{ "a backslash before the brace does not protect", "$\\{a}", "one", "b" },
	{ "a backslash inside a name protects nothing", "x${a\\}y", "xy", "b" },
	{ "single quotes go and suppress expansion", "'${a} b'", "${a} b", "q" },
	{ "inside single quotes a backslash stays, and a quote behind it, too", "'a\\'b ${a}' ${a}",
	  "a\\'b ${a} one", "q" },
	{ "an open single quote reaches the end", "'${a}", "${a}", "q" },
	{ "double quotes stay, and do not suppress", "\"${a}\"", "\"one\"", "" },
	{ "nothing left deletes bootargs", "${none}", "", "d" },
	{ "what does not fit is cut", "abcdefgh", "abcdefg", "t", 8 },
	{ "exactly what fits is not", "abcdefg", "abcdefg", "", 8 },
	{ "a long value is cut", "x=${long} y", "x=0123456789012", "t", 16 },
	{ "a full buffer leaves nothing unclosed", "abcdefgh${", "abcdefg", "t", 8 },
};

static void flags_of(const struct stmboot_extlinux_expansion *x, char out[8])
{
	snprintf(out, 8, "%s%s%s%s%s%s", x->deleted ? "d" : "", x->truncated ? "t" : "",
		 x->unclosed ? "u" : "", x->dollar_lost ? "l" : "", x->quotes_removed ? "q" : "",
		 x->backslash_removed ? "b" : "");
}

Test(extlinux_expand, macros)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct stmboot_extlinux_expansion *x;
		char flags[8];

		cr_assert_eq(stmboot_extlinux_expand(ctx, rows[i].raw, &env, rows[i].cbsize, &x),
			     STMBOOT_OK);
		flags_of(x, flags);
		cr_expect_str_eq(x->text, rows[i].expected, "%s: %s", rows[i].name, x->text);
		cr_expect_str_eq(flags, rows[i].flags, "%s: %s", rows[i].name, flags);
		cr_expect_eq(x->length, strlen(x->text), "%s", rows[i].name);
		stmboot_extlinux_expansion_free(x);
	}
	stmboot_context_free(ctx);
}

Test(extlinux_expand, variables_are_named_with_their_places)
{
	const struct stmboot_extlinux_expansion *x;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_extlinux_expand(ctx, "a=${a} b=$(none)", &env, 0, &x), STMBOOT_OK);
	cr_assert_eq(x->variable_count, 2);
	cr_expect_str_eq(x->variables[0].name, "a");
	cr_expect_str_eq(x->variables[0].value, "one");
	cr_expect_eq(x->variables[0].offset, 2);
	cr_expect_str_eq(x->variables[1].name, "none");
	cr_expect_null(x->variables[1].value);
	cr_expect_eq(x->variables[1].offset, 9);
	cr_expect_eq(x->variables[0].result_offset, 2);
	cr_expect_eq(x->variables[0].result_length, 3);
	cr_expect_eq(x->variables[1].result_offset, 8);
	cr_expect_eq(x->variables[1].result_length, 0);
	cr_expect_eq(x->append_length, 8);
	stmboot_extlinux_expansion_free(x);
	stmboot_context_free(ctx);
}

Test(extlinux_expand, what_was_cut_is_not_counted)
{
	const struct stmboot_extlinux_expansion *x;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_extlinux_expand(ctx, "x=${long} y", &env, 16, &x), STMBOOT_OK);
	cr_expect_eq(x->length, 15);
	cr_expect_eq(x->variables[0].result_length, 13);
	cr_expect_eq(x->append_length, 15);
	stmboot_extlinux_expansion_free(x);
	stmboot_context_free(ctx);
}

struct label_row {
	const char *name;
	const char *text;
	const char *expected; /* NULL: bootargs is left alone; "overflow" */
	size_t cbsize;
	size_t append; /* bytes of it that are append's */
};

static const struct label_row label_rows[] = {
	{ "append", "label a\nappend x ${a}\n", "x one", 0, 5 },
	{ "no append leaves bootargs alone", "label a\nkernel /k\n", NULL },
	{ "ipappend 1 names unset variables", "label a\nappend x\nipappend 1\n",
	  "x ip=10.0.0.2:<NULL>:<NULL>:<NULL>", 0, 1 },
	{ "a variable before them", "label a\nappend ${a} ${a}\nipappend 2\n",
	  "one one BOOTIF=01-00-80-e1-01-02-03", 0, 7 },
	{ "ipappend 2 needs no append", "label a\nipappend 2\n", " BOOTIF=01-00-80-e1-01-02-03" },
	{ "ipappend 4 adds nothing", "label a\nipappend 4\n", NULL },
	{ "localboot without localcmd leaves bootargs alone", "label a\nappend x\nlocalboot 0\n",
	  NULL },
	{ "seven characters and a NUL fit in eight", "label a\nappend abcdefg\n", "abcdefg", 8, 7 },
	{ "eight characters fail the label", "label a\nappend abcdefgh\n", "overflow", 8 },
	{ "it is the raw length that counts", "label a\nappend ${none}xx\n", "overflow", 8 },
};

Test(extlinux_expand, bootargs_of_a_label)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(label_rows) / sizeof(label_rows[0]); i++) {
		const struct label_row *row = &label_rows[i];
		const struct stmboot_extlinux_expansion *x;
		const struct stmboot_extlinux *conf;

		cr_assert_eq(
			stmboot_extlinux_decode(ctx, row->text, strlen(row->text), NULL, &conf),
			STMBOOT_OK);
		cr_assert_eq(
			stmboot_extlinux_bootargs(ctx, &conf->labels[0], &env, row->cbsize, &x),
			STMBOOT_OK);
		if (row->expected == NULL)
			cr_expect_null(x, "%s", row->name);
		else
			cr_expect_str_eq(x->overflow ? "overflow" : x->text, row->expected, "%s",
					 row->name);
		if (x != NULL)
			cr_expect_eq(x->append_length, row->append, "%s", row->name);
		stmboot_extlinux_expansion_free(x);
		stmboot_extlinux_free(conf);
	}
	stmboot_context_free(ctx);
}

struct step_row {
	const char *name;
	const char *text;
	const char *expected;
	unsigned version;
};

#define FULL                                                                                       \
	"label a\nkernel ../zImage\ninitrd /i\nappend x\nfdt /f.dtb\nfdtdir /d\n"                  \
	"fdtoverlays o1 /o2\n"

static const struct step_row step_rows[] = {
	{ "v2023.01 loads the initrd first", FULL,
	  "initrd!/i kernel!/extlinux/../zImage bootargs! fdt!/f.dtb overlay/extlinux/o1 "
	  "overlay/o2",
	  202301 },
	{ "v2023.04 loads the kernel first", FULL,
	  "kernel!/extlinux/../zImage initrd!/i bootargs! fdt!/f.dtb overlay/extlinux/o1 "
	  "overlay/o2",
	  202304 },
	{ "fdtdir takes fdtfile, and may fail", "label a\nkernel /k\nfdtdir /d\n",
	  "kernel!/k fdtdir/d/stm32mp157c-dk2.dtb", 202301 },
	{ "a slash is not doubled", "label a\nkernel /k\nfdtdir /d/\n",
	  "kernel!/k fdtdir/d/stm32mp157c-dk2.dtb", 202301 },
	{ "before v2021.04 it may not fail", "label a\nkernel /k\nfdtdir /d\n",
	  "kernel!/k fdtdir!/d/stm32mp157c-dk2.dtb", 202101 },
	{ "overlays need fdt or fdtdir", "label a\nkernel /k\nfdtoverlays o\n", "kernel!/k", 0 },
	{ "without a kernel nothing is loaded", "label a\ninitrd /i\n", "no-kernel!", 0 },
	{ "localboot loads nothing", "label a\nkernel /k\nlocalboot 1\n", "localboot", 0 },
	{ "the configuration is not part of the path", "label a\nkernel /i.itb#c\n",
	  "kernel!/i.itb", 0 },
	{ "fdt that repeats the kernel's value is the FIT's own from v2023.04",
	  "label a\nkernel /i#c\nfdt /i#c\nfdtoverlays o\n", "kernel!/i fit-fdt!", 202304 },
	{ "v2023.01 asks for a file of that name", "label a\nkernel /i#c\nfdt /i#c\n",
	  "kernel!/i fdt!/i#c", 202301 },
	{ "initrd likewise", "label a\nkernel /i#c\ninitrd /i#c\n", "kernel!/i fit-initrd!",
	  202304 },
};

static const char *const kinds[] = {
	[STMBOOT_EXTLINUX_STEP_LOCALBOOT] = "localboot",
	[STMBOOT_EXTLINUX_STEP_NO_KERNEL] = "no-kernel",
	[STMBOOT_EXTLINUX_STEP_INITRD] = "initrd",
	[STMBOOT_EXTLINUX_STEP_KERNEL] = "kernel",
	[STMBOOT_EXTLINUX_STEP_BOOTARGS] = "bootargs",
	[STMBOOT_EXTLINUX_STEP_FDT] = "fdt",
	[STMBOOT_EXTLINUX_STEP_FDTDIR] = "fdtdir",
	[STMBOOT_EXTLINUX_STEP_FIT_FDT] = "fit-fdt",
	[STMBOOT_EXTLINUX_STEP_FIT_INITRD] = "fit-initrd",
	[STMBOOT_EXTLINUX_STEP_OVERLAY] = "overlay",
};

Test(extlinux_expand, steps_of_a_label)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(step_rows) / sizeof(step_rows[0]); i++) {
		const struct step_row *row = &step_rows[i];
		struct stmboot_extlinux_options options = { .struct_size = sizeof(options),
							    .version = row->version };
		const struct stmboot_extlinux_steps *steps;
		const struct stmboot_extlinux *conf;
		char text[512] = "";

		cr_assert_eq(
			stmboot_extlinux_decode(ctx, row->text, strlen(row->text), &options, &conf),
			STMBOOT_OK);
		cr_assert_eq(stmboot_extlinux_label_steps(ctx, conf, 0, &env, &steps), STMBOOT_OK);
		for (size_t k = 0; k < steps->count; k++) {
			const struct stmboot_extlinux_step *step = &steps->steps[k];

			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s%s",
				 k > 0 ? " " : "", kinds[step->kind], step->fatal ? "!" : "",
				 step->path != NULL ? step->path : "");
		}
		cr_expect_str_eq(text, row->expected, "%s: %s", row->name, text);
		stmboot_extlinux_steps_free(steps);
		stmboot_extlinux_free(conf);
	}
	stmboot_context_free(ctx);
}

Test(extlinux_expand, a_path_has_at_most_512_bytes)
{
	char value[600];
	char out[STMBOOT_EXTLINUX_PATH_MAX + 1];

	memset(value, 'a', sizeof(value));
	value[502] = '\0';
	cr_expect_eq(stmboot_extlinux_path("/extlinux/", value, out), STMBOOT_OK);
	cr_expect_eq(strlen(out), 512);
	value[502] = 'a';
	value[503] = '\0';
	cr_expect_eq(stmboot_extlinux_path("/extlinux/", value, out), STMBOOT_LIMIT);
	cr_expect_str_eq(out, "");
	cr_expect_eq(stmboot_extlinux_path("/boot/extlinux", "../zImage", out), STMBOOT_OK);
	cr_expect_str_eq(out, "/boot/extlinux/../zImage");
}
