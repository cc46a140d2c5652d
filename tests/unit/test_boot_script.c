/* SPDX-License-Identifier: MIT */
/* Scripts as U-Boot's hush reads them, and the places that variables name. */
#include <criterion/criterion.h>
#include <string.h>

#include "../support/heap.h"
#include "boot/search.h"
#include "format/boot_script.h"

struct script_row {
	const char *name, *text;
	const char *prefixes, *conf;
	bool conditional, searches, boots;
};

static const struct script_row script_rows[] = {
	{ "nothing", "", NULL, NULL, false, false, false },
	{ "a comment", "# env set boot_prefixes /a\n", NULL, NULL, false, false, false },
	{ "a value", "env set boot_prefixes /mmc0_\nrun bootcmd_mmc0", "/mmc0_", NULL, false, true,
	  false },
	{ "setenv", "setenv boot_prefixes '/a /b';run distro_bootcmd", "/a /b", NULL, false, true,
	  false },
	{ "double quotes", "env set boot_prefixes \"/${boot_device}_\"", "/${boot_device}_", NULL,
	  false, false, false },
	{ "several words", "env set boot_prefixes  /a\t/b # c\n", "/a /b", NULL, false, false,
	  false },
	{ "a quote inside a word", "env set boot_prefixes /a' 'b", "/a b", NULL, false, false,
	  false },
	{ "a backslash", "setenv boot_prefixes /a\\ b", "/a b", NULL, false, false, false },
	{ "in double quotes", "setenv boot_prefixes \"/a\\\"b\"", "/a\\\"b", NULL, false, false,
	  false },
	{ "in single quotes", "setenv boot_prefixes '/a\\b\\'", "/ab\\", NULL, false, false,
	  false },
	{ "a line that goes on", "env set boot_prefixes \\\n/a", "/a", NULL, false, false, false },
	{ "the last one counts", "setenv boot_prefixes /a; setenv boot_prefixes /b", "/b", NULL,
	  false, false, false },
	{ "up to the search", "setenv boot_prefixes /a; run bootcmd_x; setenv boot_prefixes /b",
	  "/a", NULL, false, true, false },
	{ "only where it is", "if test -e mmc 0 /c; then\nsetenv boot_syslinux_conf c\nfi", NULL,
	  "c", true, false, false },
	{ "in any case", "if test -e mmc 0 /d; then echo; fi; setenv boot_syslinux_conf c", NULL,
	  "c", false, false, false },
	{ "it boots", "load mmc 0 1 /zImage && bootz 1", NULL, NULL, false, false, true },
	{ "in a branch", "if true; then sysboot mmc 0 any 1 /a; fi", NULL, NULL, false, false,
	  true },
	{ "it boots when nothing was found", "run bootcmd_mmc0; bootz 1", NULL, NULL, false, true,
	  false },
	{ "a value that boots", "setenv m4 'bootz 1; reset'; run m4", NULL, NULL, false, false,
	  false },
	{ "an open quote", "setenv boot_prefixes '/a\n/b", "/a\n/b", NULL, false, false, false },
	{ "no value", "setenv boot_prefixes", "", NULL, false, false, false },
	{ "a backslash at the end", "echo \\", NULL, NULL, false, false, false },
};

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

Test(boot_script, what_it_does_to_the_search)
{
	struct stmboot_context *ctx;
	struct sb_arena arena;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(script_rows) / sizeof(script_rows[0]); i++) {
		const struct script_row *row = &script_rows[i];
		struct sb_boot_script got;

		sb_arena_init(&arena, ctx);
		cr_assert(sb_boot_script_read(&arena, row->text, strlen(row->text), &got));
		cr_expect(same(got.prefixes, row->prefixes), "%s: %s", row->name, got.prefixes);
		cr_expect(same(got.conf, row->conf), "%s: %s", row->name, got.conf);
		cr_expect_eq(got.conf_conditional, row->conditional, "%s", row->name);
		cr_expect_eq(got.searches, row->searches, "%s", row->name);
		cr_expect_eq(got.boots, row->boots, "%s", row->name);
		sb_arena_release(&arena);
	}
	stmboot_context_free(ctx);
}

Test(boot_script, what_is_too_long_is_not_followed)
{
	static char text[4096] = "setenv boot_prefixes /";
	struct stmboot_context *ctx;
	struct sb_boot_script got;
	struct sb_arena arena;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	sb_arena_init(&arena, ctx);
	memset(text + strlen(text), 'x', 1022);
	strcat(text, "\nrun distro_bootcmd\n");
	cr_assert(sb_boot_script_read(&arena, text, strlen(text), &got));
	cr_expect(sb_boot_script_is_followed(&got));
	text[strlen("setenv boot_prefixes /") + 1022] = 'x';
	text[strlen("setenv boot_prefixes /") + 1023] = '\n';
	cr_assert(sb_boot_script_read(&arena, text, strlen(text), &got));
	cr_expect_not(sb_boot_script_is_followed(&got));
	sb_arena_release(&arena);
	stmboot_context_free(ctx);
}

Test(boot_script, no_memory_is_told)
{
	const struct script_row *row = &script_rows[5];
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	size_t before = heap.live;
	bool done = false;

	for (size_t n = 1; !done; n++) {
		struct sb_boot_script got;
		struct sb_arena arena;

		sb_arena_init(&arena, ctx);
		heap_refuse(&heap, n);
		done = sb_boot_script_read(&arena, row->text, strlen(row->text), &got);
		sb_arena_release(&arena);
		cr_expect_eq(heap.live, before);
	}
	heap_refuse(&heap, 0);
	stmboot_context_free(ctx);
}

static void expect_places(struct sb_search_variables variables, const char *expected)
{
	struct stmboot_context *ctx;
	struct sb_places places;
	struct sb_arena arena;
	char text[512] = "";

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	sb_arena_init(&arena, ctx);
	cr_assert(sb_search_places(&arena, &variables, &places));
	for (size_t i = 0; i < places.count; i++) {
		strcat(text, places.list[i].path);
		strcat(text, places.list[i].script ? "* " : " ");
	}
	cr_expect_str_eq(text, expected);
	sb_arena_release(&arena);
	stmboot_context_free(ctx);
}

Test(search, each_prefix_comes_with_the_configuration_and_then_the_scripts)
{
	expect_places(sb_search_stock,
		      "/extlinux/extlinux.conf /boot.scr.uimg* /boot.scr* "
		      "/boot/extlinux/extlinux.conf /boot/boot.scr.uimg* /boot/boot.scr* ");
	expect_places((struct sb_search_variables){ "/mmc0_", "extlinux/x.conf", "" },
		      "/mmc0_extlinux/x.conf ");
	expect_places((struct sb_search_variables){ " a  /b/ ", "c", "d" }, "/ac /ad* /b/c /b/d* ");
	expect_places((struct sb_search_variables){ "", "c", "d" }, "");
}
