/* SPDX-License-Identifier: MIT */
/* Overlays, compared with what fdtoverlay makes of them, and refused ones. */
#include "../support/dtb_bench.h"

static const char base_text[] = "/dts-v1/;\n"
				"/ {\n"
				" compatible = \"st,stm32mp157c-dk2\";\n"
				" aliases { i2c4 = &i2c4; };\n"
				" soc {\n"
				"  gpio: gpio { phandle = <7>; };\n"
				"  i2c4: i2c@5c002000 { status = \"disabled\"; };\n"
				" };\n"
				"};\n";

#define OVERLAY(text) "/dts-v1/;\n/plugin/;\n" text

static const struct {
	const char *name;
	const char *text;
} good[] = {
	{ "a property is set through a label", OVERLAY("&i2c4 { status = \"okay\"; };\n") },
	{ "a property is set through a path", OVERLAY("&{/soc} { ranges; };\n") },
	{ "a property is set through an alias",
	  "/dts-v1/;\n/ { fragment@0 { target-path = \"i2c4\"; __overlay__ { a = <1>; }; }; };\n" },
	{ "nodes refer to each other and to the base",
	  OVERLAY("&i2c4 { status = \"okay\"; chip: chip@20 { reset = <&gpio 3 0>; };\n"
		  " user { chip = <&chip>, <&gpio>, <&chip>; }; };\n") },
	{ "two fragments", OVERLAY("&i2c4 { a; };\n&gpio { b = <&c>; c: c { }; };\n") },
};

static const struct {
	const char *name;
	const char *text;
	const char *options; /* for the base */
} bad[] = {
	{ "the base has no labels", OVERLAY("&i2c4 { a; };\n"), "" },
	{ "no such label", OVERLAY("&i2c5 { a; };\n"), "-@" },
	{ "no such path", OVERLAY("&{/soc/i2c5} { a; };\n"), "-@" },
	{ "no such alias",
	  "/dts-v1/;\n/ { fragment@0 { target-path = \"i2c5\"; __overlay__ { }; }; };\n", "-@" },
	{ "no target", "/dts-v1/;\n/ { fragment@0 { __overlay__ { }; }; };\n", "-@" },
	{ "an alias that leads to itself",
	  "/dts-v1/;\n/ { fragment@0 { target-path = \"/aliases\"; __overlay__ { a = \"a\"; }; };\n"
	  " fragment@1 { target-path = \"a\"; __overlay__ { }; }; };\n",
	  "-@" },
	{ "a local fixup outside its property",
	  "/dts-v1/;\n/ { f { target-path = \"/\"; __overlay__ { a = <1>; }; };\n"
	  " __local_fixups__ { f { __overlay__ { a = <1>; }; }; }; };\n",
	  "-@" },
	{ "a local fixup far outside",
	  "/dts-v1/;\n/ { f { target-path = \"/\"; __overlay__ { a = <1>; }; };\n"
	  " __local_fixups__ { f { __overlay__ { a = <0x7ffffff0>; }; }; }; };\n",
	  "-@" },
	{ "a local fixup that applying moves away",
	  "/dts-v1/;\n/ { f { target-path = \"/\"; __overlay__ { phandle = <1>; }; };\n"
	  " __local_fixups__ { f { __overlay__ { phandle = <0>; }; }; }; };\n",
	  "-@" },
	{ "a local fixup of a local fixup",
	  "/dts-v1/;\n/ { f { target-path = \"/\"; __overlay__ { a = <1>; }; };\n"
	  " __local_fixups__ { __local_fixups__ { f { __overlay__ { a = <0>; }; }; };\n"
	  "  f { __overlay__ { a = <0>; }; }; }; };\n",
	  "-@" },
	{ "a fixup four bytes before its property",
	  "/dts-v1/;\n/ { f { target-path = \"/\"; __overlay__ { a = <1>; }; };\n"
	  " __fixups__ { gpio = \"/f/__overlay__:a:4294967292\"; }; };\n",
	  "-@" },
	{ "a fixup behind its property",
	  "/dts-v1/;\n/ { f { target-path = \"/\"; __overlay__ { a = <1>; }; };\n"
	  " __fixups__ { gpio = \"/f/__overlay__:a:1\"; }; };\n",
	  "-@" },
	{ "a fixup of a target path",
	  "/dts-v1/;\n/ { f { target-path = \"/soc\"; __overlay__ { a = <1>; }; };\n"
	  " __fixups__ { gpio = \"/f:target-path:0\"; }; };\n",
	  "-@" },
	{ "a fixup without an offset",
	  "/dts-v1/;\n/ { f { target-path = \"/\"; __overlay__ { a = <1>; }; };\n"
	  " __fixups__ { gpio = \"/f/__overlay__:a:\"; }; };\n",
	  "-@" },
	{ "fixups that are no text",
	  "/dts-v1/;\n/ { f { target-path = \"/\"; __overlay__ { a = <1>; }; };\n"
	  " __fixups__ { gpio = [2f 66]; }; };\n",
	  "-@" },
};

Test(dtb_overlay, good_ones_give_what_fdtoverlay_gives)
{
	need("fdtoverlay");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct bench b = open_bench();
		struct stmboot_dtb *base = compile(&b, "base", base_text, "-@");
		struct stmboot_dtb *overlay = compile(&b, "overlay", good[i].text, "");
		struct stmboot_dtb *merged;
		const char *reason = NULL;

		cr_expect(overlay->is_overlay);
		cr_assert_eq(stmboot_dtb_apply_overlay(b.ctx, base, overlay, &reason, &merged),
			     STMBOOT_OK, "%s: %s", good[i].name, reason);
		cr_assert_eq(merged->defect, STMBOOT_DTB_GOOD);
		cr_expect_eq(merged->root->child->offset, 0);
		folder_write(&b.folder, "ours.dtb", merged->blob, merged->header.total_bytes);
		folder_run(
			&b.folder,
			"fdtoverlay -i base.dtb -o theirs.dtb overlay.dtb\n"
			"for i in ours theirs; do dtc -q -s -I dtb -O dts -o $i.dts $i.dtb; done\n"
			"cmp ours.dts theirs.dts");
		stmboot_dtb_free(merged);
		stmboot_dtb_free(overlay);
		stmboot_dtb_free(base);
		close_bench(&b);
	}
}

Test(dtb_overlay, the_result_is_the_base_of_the_next)
{
	struct bench b = open_bench();
	struct stmboot_dtb *tree = compile(&b, "base", base_text, "-@");
	struct stmboot_dtb *overlay =
		compile(&b, "overlay", OVERLAY("&i2c4 { new: new { }; };\n"), "-@");
	struct stmboot_dtb *second = compile(&b, "second", OVERLAY("&new { a; };\n"), "");
	struct stmboot_dtb *merged = NULL;
	const char *reason;

	cr_expect_eq(stmboot_dtb_apply_overlay(b.ctx, tree, second, &reason, &merged),
		     STMBOOT_CONFLICT);
	cr_assert_eq(stmboot_dtb_apply_overlay(b.ctx, tree, overlay, &reason, &merged), STMBOOT_OK);
	stmboot_dtb_free(tree);
	tree = merged;
	cr_assert_eq(stmboot_dtb_apply_overlay(b.ctx, tree, second, &reason, &merged), STMBOOT_OK);
	cr_assert_not_null(stmboot_dtb_find_node(merged, "i2c4/new"));
	cr_expect_not_null(
		stmboot_dtb_find_property(stmboot_dtb_find_node(merged, "i2c4/new"), "a"));
	stmboot_dtb_free(merged);
	stmboot_dtb_free(tree);
	stmboot_dtb_free(overlay);
	stmboot_dtb_free(second);
	close_bench(&b);
}

Test(dtb_overlay, bad_ones_are_refused_with_a_reason)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bench b = open_bench();
		struct stmboot_dtb *base = compile(&b, "base", base_text, bad[i].options);
		struct stmboot_dtb *overlay = compile(&b, "overlay", bad[i].text, "-f");
		struct stmboot_dtb *merged = NULL;
		const char *reason = NULL;

		cr_expect_eq(stmboot_dtb_apply_overlay(b.ctx, base, overlay, &reason, &merged),
			     STMBOOT_CONFLICT, "%s", bad[i].name);
		cr_expect_null(merged);
		cr_expect_not_null(reason, "%s", bad[i].name);
		stmboot_dtb_free(overlay);
		stmboot_dtb_free(base);
		close_bench(&b);
	}
}

static const struct {
	const char *symbols; /* of a base with a node /a that has a phandle, and a node /b */
	const char *words;
} reasons[] = {
	{ "", "the base has no /__symbols__" },
	{ "__symbols__ { };", "a label that the base does not have" },
	{ "__symbols__ { l = \"a\"; };", "is not a path" },
	{ "__symbols__ { l = <1>; };", "is not a path" },
	{ "__symbols__ { l = \"/c\"; };", "leads nowhere" },
	{ "__symbols__ { l = \"/b\"; };", "without a phandle" },
	{ "__symbols__ { l = \"/a\"; };", NULL },
};

Test(dtb_overlay, what_is_wrong_with_a_label_is_said)
{
	struct bench b = open_bench();
	struct stmboot_dtb *overlay = compile(&b, "overlay", OVERLAY("&l { p; };\n"), "");

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct stmboot_dtb *base, *merged = NULL;
		const char *reason = NULL;
		char text[200];

		snprintf(text, sizeof(text), "/dts-v1/;\n/ { a { phandle = <1>; }; b { }; %s };\n",
			 reasons[i].symbols);
		base = compile(&b, "base", text, "");
		cr_expect_eq(stmboot_dtb_apply_overlay(b.ctx, base, overlay, &reason, &merged),
			     reasons[i].words != NULL ? STMBOOT_CONFLICT : STMBOOT_OK);
		if (reasons[i].words != NULL)
			cr_expect_not_null(strstr(reason, reasons[i].words), "%s", reason);
		stmboot_dtb_free(merged);
		stmboot_dtb_free(base);
	}
	stmboot_dtb_free(overlay);
	close_bench(&b);
}

Test(dtb_overlay, a_result_past_the_limit_is_a_limit)
{
	struct bench b = open_bench();
	struct stmboot_context_options options = { .struct_size = sizeof(options) };
	struct stmboot_dtb *base = compile(&b, "base", base_text, "-@");
	struct stmboot_dtb *overlay = compile(&b, "overlay", good[3].text, "");
	struct stmboot_dtb *merged;
	struct stmboot_context *small;
	const char *reason;

	options.limits.max_dtb_bytes = base->header.total_bytes + 16;
	cr_assert_eq(stmboot_context_new(&options, &small), STMBOOT_OK);
	cr_expect_eq(stmboot_dtb_apply_overlay(small, base, overlay, &reason, &merged),
		     STMBOOT_LIMIT);
	stmboot_context_free(small);
	stmboot_dtb_free(overlay);
	stmboot_dtb_free(base);
	close_bench(&b);
}
