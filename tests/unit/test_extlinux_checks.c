/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <stmboot/extlinux.h>

enum { NONE = STMBOOT_EXTLINUX_NONE };

struct row {
	const char *name;
	const char *text;
	int32_t boots;
	const char *expected; /* code:severity@line */
	unsigned version;
};

#define LABEL "label a\nkernel /k\nfdt /f\nappend x\n"

static const struct row rows[] = {
	{ "Buildroot's file",
	  "label stm32mp157c-dk2-buildroot\n  kernel /boot/zImage\n"
	  "  devicetree /boot/stm32mp157c-dk2.dtb\n  append root=/dev/mmcblk0p4 rootwait\n",
	  0, "" },
	{ "comments, capitals, TABs and a default", "# c\n\nDEFAULT a\n\ttimeout\t50\n" LABEL, 0,
	  "" },
	{ "a menu with a timeout", "menu title x\ntimeout 50\n" LABEL, 0, "" },
	{ "blanks at the end of append", "label a\nkernel /k\nfdt /f\nappend x \n", 0, "" },
	{ "a space at the end of fdtoverlays",
	  "label a\nkernel /k\nfdt /f\nappend x\nfdtoverlays o \n", 0, "" },
	{ "double quotes", "label a\nkernel /k\nappend a=\"b c\"\n", 0, "" },

	{ "an empty file", "", NONE, "extlinux.no-label:error@0" },
	{ "a label without a kernel", "label a\n", NONE, "extlinux.no-kernel:error@1" },
	{ "one of two labels without a kernel", "label b\n" LABEL, 1,
	  "extlinux.no-kernel:warning@1" },
	{ "an empty label", "label\n", NONE, "extlinux.empty-value:error@1" },
	{ "an empty append", "label a\nappend\n", NONE,
	  "extlinux.empty-value:error@2 extlinux.no-kernel:error@1" },
	{ "an empty default", "default\n", NONE, "extlinux.empty-value:error@1" },
	{ "menu label at the very end", LABEL "menu label", NONE, "extlinux.past-end:error@5" },
	{ "an empty menu label swallows a line of the label that boots",
	  "label a\nmenu label\nfdt /f\nkernel /k\nappend x\n", 0, "extlinux.empty-value:error@2" },
	{ "an empty menu label in another label",
	  LABEL "label b\nkernel /k\nmenu label\nappend x\n", 0, "extlinux.empty-value:warning@7" },
	{ "an empty menu label before an empty line", LABEL "menu label\n\n", 0,
	  "extlinux.empty-value:warning@5" },
	{ "initrd= last", "label a\nkernel /k\nappend initrd=/i\n", NONE,
	  "extlinux.initrd-last:error@3" },
	{ "initrd= inside another word", "label a\nkernel /k\nappend rdinitrd=/i x\n", 0,
	  "extlinux.initrd-in-word:warning@3" },
	{ "a missing include", "include x\n" LABEL, NONE, "extlinux.include:error@1" },
	{ "menu without timeout", "menu title x\n" LABEL, 0, "extlinux.endless-menu:error@1" },
	{ "a timeout of minus one tenth is none", "menu title x\ntimeout -1\n" LABEL, 0,
	  "extlinux.endless-menu:error@1" },
	{ "a menu with a negative timeout", "menu title x\ntimeout -19\n" LABEL, 0,
	  "extlinux.negative-timeout:warning@2" },
	{ "a negative timeout without a menu", "timeout -19\n" LABEL, 0, "" },
	{ "an unknown word that loses the kernel", "label a\noptions x\nkernel /k\n", NONE,
	  "extlinux.no-kernel:error@1 extlinux.label-ended:error@2" },
	{ "an unknown word that loses append", "label a\nkernel /k\nfoo\nappend x\nfdt /f\n", 0,
	  "extlinux.label-ended:error@3 bootargs.no-append:warning@1" },
	{ "in a label that does not boot", LABEL "label b\nkernel /k\nfoo\nappend x\n", 0,
	  "extlinux.label-ended:warning@7" },
	{ "an unknown word that loses nothing", LABEL "foo\nbar\n", 0,
	  "extlinux.unknown-word:note@5 extlinux.unknown-word:note@6" },
	{ "default behind a label loses nothing", LABEL "default a\n", 0, "" },
	{ "a second fdt that loses append", "label a\nkernel /k\nfdt /f\nfdt /g\nappend x\n", 0,
	  "extlinux.duplicate-key:error@4 bootargs.no-append:warning@1" },
	{ "a second fdt that loses nothing", LABEL "fdt /g\n", 0,
	  "extlinux.duplicate-key:warning@5" },
	{ "a second append", LABEL "append y\n", 0, "extlinux.value-replaced:warning@4" },
	{ "a wrong default", "default b\n" LABEL, 0, "extlinux.default-unknown:warning@1" },
	{ "two labels of one name", LABEL LABEL, 0, "extlinux.duplicate-label:warning@5" },
	{ "CRLF, and the kernel is not found", "label a\r\nkernel /k\r\n", NONE,
	  "extlinux.carriage-return:error@1" },
	{ "CR in a comment", "# x\r\n" LABEL, 0, "" },
	{ "a byte order mark before the only label", "\xef\xbb\xbf" LABEL, NONE,
	  "extlinux.no-label:error@0 extlinux.byte-order-mark:error@1 "
	  "extlinux.unknown-word:note@1 extlinux.outside-label:warning@2 "
	  "extlinux.outside-label:warning@3 extlinux.outside-label:warning@4" },
	{ "a byte order mark before a comment", "\xef\xbb\xbf# x\n" LABEL, 0,
	  "extlinux.byte-order-mark:warning@1 extlinux.unknown-word:note@1" },
	{ "no-break space", LABEL "initrd\xa0/i\n", 0, "extlinux.odd-space:warning@5" },
	{ "a blank behind the kernel's path", "label a\nkernel /k \nappend x\n", NONE,
	  "extlinux.trailing-blank:warning@2" },
	{ "a comment behind the kernel's path", "label a\nkernel /k # x\nappend x\n", NONE,
	  "extlinux.comment-in-value:warning@2" },
	{ "quotes around a path", "label a\nkernel \"/k\"\nappend x\n", NONE,
	  "extlinux.quoted-path:warning@2" },
	{ "a TAB between overlays", "label a\nkernel /k\nfdt /f\nappend x\nfdtoverlays a\tb\n", 0,
	  "extlinux.overlay-tab:warning@5" },
	{ "overlays without fdt", "label a\nkernel /k\nappend x\nfdtoverlays a\n", 0,
	  "extlinux.overlays-unused:warning@4" },
	{ "fdt and fdtdir", LABEL "fdtdir /d\n", 0, "extlinux.fdtdir-ignored:note@5" },
	{ "fdt of a FIT's value is fine, initrd is not",
	  "label a\nkernel /i#c\nfdt /i#c\ninitrd /i#c\nappend x\n", 0,
	  "extlinux.fit-initrd:warning@4", 202304 },
	{ "fallback on v2023.01", "fallback a\n" LABEL, 0, "extlinux.keyword-too-new:warning@1" },
	{ "kaslrseed on v2022.01 loses append", "label a\nkernel /k\nkaslrseed\nappend x\n", 0,
	  "extlinux.keyword-too-new:warning@3 extlinux.label-ended:error@3 "
	  "bootargs.no-append:warning@1",
	  202201 },
	{ "prompt on v2023.01", "prompt 1\n" LABEL, 0, "extlinux.prompt-ignored:warning@1" },
	{ "prompt 0 on v2023.01", "prompt 0\n" LABEL, 0, "extlinux.prompt-ignored:note@1" },
	{ "prompt on v2023.04", "prompt 1\n" LABEL, 0, "extlinux.endless-menu:error@1", 202304 },
	{ "a timeout with a unit", "timeout 5s\n" LABEL, 0, "extlinux.not-a-number:warning@1" },
	{ "a global append", "append y\n" LABEL, 0, "extlinux.outside-label:warning@1" },
	{ "include overlap", "# 3456789\n" LABEL "include one\n", 0,
	  "extlinux.include-overlap:warning@6" },

	{ "a set variable", "label a\nkernel /k\nappend ${set}\n", 0, "bootargs.variable:note@3" },
	{ "an unset variable", "label a\nkernel /k\nappend x ${none}\n", 0,
	  "bootargs.unset-variable:warning@3" },
	{ "append that expands to nothing", "label a\nkernel /k\nappend ${none}\n", 0,
	  "bootargs.deleted:warning@3 bootargs.unset-variable:warning@3" },
	{ "an open brace", "label a\nkernel /k\nappend x ${set y\n", 0,
	  "bootargs.unclosed-variable:error@3" },
	{ "an open brace in another label", LABEL "label b\nkernel /k\nappend x ${set y\n", 0,
	  "bootargs.unclosed-variable:warning@7" },
	{ "single quotes", "label a\nkernel /k\nappend a='b c'\n", 0, "bootargs.quotes:warning@3" },
	{ "an open double quote", "label a\nkernel /k\nappend a=\"b c\n", 0,
	  "bootargs.unclosed-quote:warning@3" },
	{ "no append in the label that boots", "label a\nkernel /k\nfdt /f\n", 0,
	  "bootargs.no-append:warning@1" },
	{ "append one too long for 16 bytes", "label a\nkernel /k\nappend 0123456789abcdef\n", NONE,
	  "bootargs.too-long:error@3" },
	{ "a long value", "label a\nkernel /k\nappend ${long}\n", 0,
	  "bootargs.truncated:error@3 bootargs.variable:note@3" },
};

static const char *get(void *user, const char *name)
{
	(void)user;
	if (strcmp(name, "long") == 0)
		return "0123456789abcdef";
	return strcmp(name, "set") == 0 ? "x" : NULL;
}

/* "one" holds a comment; there is no other. */
static enum stmboot_status give(void *user, const char *path, const void **data, size_t *size)
{
	(void)user;
	*data = "#\n";
	*size = 2;
	return strcmp(path, "/extlinux/one") == 0 ? STMBOOT_OK : STMBOOT_NOT_FOUND;
}

static void list(const struct stmboot_diags *diags, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < stmboot_diags_count(diags); i++) {
		const struct stmboot_diag *d = stmboot_diags_get(diags, i);

		snprintf(out + strlen(out), size - strlen(out), "%s%s:%s@%u", i > 0 ? " " : "",
			 d->code, stmboot_severity_text(d->severity), d->place.line);
	}
}

Test(extlinux_checks, findings)
{
	static const struct stmboot_extlinux_environment env = { .get = get };
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct stmboot_extlinux_options options = { .struct_size = sizeof(options),
							    .version = row->version,
							    .include = give };
		struct stmboot_extlinux_check check = {
			.struct_size = sizeof(check), .boots = row->boots, .env = &env, .cbsize = 16
		};
		const struct stmboot_extlinux *conf;
		struct stmboot_diags *diags;
		char found[1024];

		if (strstr(row->text, "root=") != NULL)
			check.cbsize = 0;
		cr_assert_eq(
			stmboot_extlinux_decode(ctx, row->text, strlen(row->text), &options, &conf),
			STMBOOT_OK);
		cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
		cr_assert_eq(stmboot_extlinux_validate(ctx, conf, NULL, &check, diags), STMBOOT_OK);
		list(diags, found, sizeof(found));
		cr_expect_str_eq(found, row->expected, "%s:\n  %s\n  %s", row->name, found,
				 row->expected);
		stmboot_diags_free(diags);
		stmboot_extlinux_free(conf);
	}
	stmboot_context_free(ctx);
}

Test(extlinux_checks, a_finding_has_its_place_on_the_medium)
{
	static const char text[] = "label a\nkernel /k\nappend x ${none}\n";
	struct stmboot_extlinux_check check = { .struct_size = sizeof(check),
						.boots = 0,
						.partition = 4,
						.path = "/extlinux/extlinux.conf" };
	const struct stmboot_extlinux *conf;
	const struct stmboot_diag *diag;
	struct stmboot_diags *diags;
	struct stmboot_context *ctx;
	struct stmboot_source *src;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(ctx, text, strlen(text), &src), STMBOOT_OK);
	cr_assert_eq(stmboot_extlinux_decode(ctx, text, strlen(text), NULL, &conf), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
	cr_assert_eq(stmboot_extlinux_validate(ctx, conf, src, &check, diags), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_count(diags), 1);
	diag = stmboot_diags_get(diags, 0);
	cr_expect_str_eq(diag->code, "bootargs.variable", "nothing is known of the environment");
	cr_expect_eq(diag->place.partition, 4);
	cr_expect_str_eq(diag->place.path, "/extlinux/extlinux.conf");
	cr_expect(diag->place.has_offset);
	cr_expect_eq(diag->place.offset, 27);
	cr_expect_eq(diag->place.length, 7);
	stmboot_diags_free(diags);
	stmboot_extlinux_free(conf);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
}

Test(extlinux_checks, too_many_labels_and_a_path_too_long)
{
	static char text[20000];
	struct stmboot_extlinux_check check = { .struct_size = sizeof(check), .boots = NONE };
	const struct stmboot_extlinux *conf;
	struct stmboot_diags *diags;
	struct stmboot_context *ctx;
	char found[256];
	size_t used = 0;

	for (unsigned i = 0; i < 1000; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "label %u\nkernel k\n",
					 i);
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_extlinux_decode(ctx, text, used, NULL, &conf), STMBOOT_OK);
	cr_expect_eq(conf->label_count, 999);
	cr_expect_eq(conf->fault, STMBOOT_EXTLINUX_LABEL_OVERFLOW);
	stmboot_extlinux_free(conf);

	memset(text, 'k', 600);
	memcpy(text, "label a\nkernel /", 16);
	cr_assert_eq(stmboot_extlinux_decode(ctx, text, 600, NULL, &conf), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
	cr_assert_eq(stmboot_extlinux_validate(ctx, conf, NULL, &check, diags), STMBOOT_OK);
	list(diags, found, sizeof(found));
	cr_expect_str_eq(found, "extlinux.path-too-long:error@2");
	stmboot_diags_free(diags);
	stmboot_extlinux_free(conf);
	stmboot_context_free(ctx);
}
