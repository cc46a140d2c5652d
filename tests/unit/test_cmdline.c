/* SPDX-License-Identifier: MIT */
/* The expected values come from Linux lib/cmdline.c and block/early-lookup.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../support/kernel_parameters.h"
#include "format/cmdline.h"

struct word_row {
	const char *name;
	const char *text;
	const char *expected; /* <key>, <key|value>, behind "--" {key} */
};

static const struct word_row word_rows[] = {
	{ "nothing", "", "" },
	{ "only blanks", " \t ", "" },
	{ "words and values", "a b=c  d=", "<a><b|c><d|>" },
	{ "any white space separates",
	  "a\tb\nc\vd\xa0"
	  "e",
	  "<a><b><c><d><e>" },
	{ "quotes around a value go", "a=\"b c\" d", "<a|b c><d>" },
	{ "quotes around a word go", "\"a=b c\" d", "<a|b c><d>" },
	{ "quotes in the middle protect and stay", "a=b\"c d\" e", "<a|b\"c d\"><e>" },
	{ "a quote in a key stays", "a\"b c\"=d", "<a\"b c\"|d>" },
	{ "single quotes mean nothing", "a='b c'", "<a|'b><c'>" },
	{ "a backslash does not protect a quote", "a=\"b\\\" c", "<a|b\\><c>" },
	{ "an open quote takes the rest", "a=\"b c", "<a|b c>" },
	{ "only the first '=' separates", "a=b=c", "<a|b=c>" },
	{ "a word that starts with '=' has no value", "=a", "<=a>" },
	{ "an empty quoted word", "\"\" a", "<><a>" },
	{ "-- ends the kernel's words", "a -- b c=d", "<a>{b}{c|d}" },
	{ "a second -- ends everything", "-- b -- c", "{b}" },
	{ "--=x is a word", "--=x a", "<--|x><a>" },
	{ "one quote alone", "\"", "<>" },
	{ "a value that is one quote", "a=\" ", "<a| >" },
	{ "an empty quoted value", "a=\"\"", "<a|>" },
};

Test(cmdline, words)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(word_rows) / sizeof(word_rows[0]); i++) {
		const struct word_row *row = &word_rows[i];
		const struct stmboot_cmdline *line;
		char text[256] = "";

		cr_assert_eq(stmboot_cmdline_decode(ctx, row->text, &line), STMBOOT_OK);
		for (size_t k = 0; k < line->argument_count; k++) {
			const struct stmboot_cmdline_argument *a = &line->arguments[k];

			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s%s%s",
				 a->after_dashdash ? "{" : "<", a->key, a->value != NULL ? "|" : "",
				 a->value != NULL ? a->value : "", a->after_dashdash ? "}" : ">");
		}
		cr_expect_str_eq(text, row->expected, "%s: %s", row->name, text);
		stmboot_cmdline_free(line);
	}
	stmboot_context_free(ctx);
}

struct root_row {
	const char *name;
	const char *text;
	enum stmboot_cmdline_root_kind kind;
	const char *part; /* text */
	long a, b;
};

static const struct root_row root_rows[] = {
	{ "none", "rootwait", STMBOOT_ROOT_NONE, NULL },
	{ "root without '=' is none", "root", STMBOOT_ROOT_NONE, NULL },
	{ "behind -- it is init's", "-- root=/dev/sda1", STMBOOT_ROOT_NONE, NULL },
	{ "mmc partition", "root=/dev/mmcblk0p4", STMBOOT_ROOT_MMC, "mmcblk0p4", 0, 4 },
	{ "the last one wins", "root=/dev/sda1 root=/dev/mmcblk1p12", STMBOOT_ROOT_MMC,
	  "mmcblk1p12", 1, 12 },
	{ "whole mmc disk", "root=/dev/mmcblk2", STMBOOT_ROOT_MMC, "mmcblk2", 2, 0 },
	{ "a leading zero matches no name", "root=/dev/mmcblk0p04", STMBOOT_ROOT_DEVICE,
	  "mmcblk0p04" },
	{ "an eMMC boot area", "root=/dev/mmcblk1boot0", STMBOOT_ROOT_DEVICE, "mmcblk1boot0" },
	{ "31 characters below /dev", "root=/dev/0123456789012345678901234567890",
	  STMBOOT_ROOT_DEVICE, "0123456789012345678901234567890" },
	{ "32 are too many", "root=/dev/01234567890123456789012345678901", STMBOOT_ROOT_INVALID,
	  "01234567890123456789012345678901" },
	{ "GUID", "root=PARTUUID=e91c4e10-16e6-4c0e-bd0e-77becf4a3582", STMBOOT_ROOT_PARTUUID,
	  "e91c4e10-16e6-4c0e-bd0e-77becf4a3582" },
	{ "GUID and offset", "root=PARTUUID=e91c/PARTNROFF=-1", STMBOOT_ROOT_PARTUUID, "e91c", -1 },
	{ "nothing may follow the offset", "root=PARTUUID=e91c/PARTNROFF=1x", STMBOOT_ROOT_INVALID,
	  "e91c" },
	{ "any other slash is an error", "root=PARTUUID=e91c/x", STMBOOT_ROOT_INVALID, "e91c" },
	{ "empty GUID", "root=PARTUUID=", STMBOOT_ROOT_INVALID, "" },
	{ "MBR form", "root=PARTUUID=0Abc1234-0f", STMBOOT_ROOT_MBR_PARTUUID, "0Abc1234-0f",
	  0x0abc1234, 15 },
	{ "almost the MBR form", "root=PARTUUID=0Abc1234-0g", STMBOOT_ROOT_PARTUUID,
	  "0Abc1234-0g" },
	{ "name", "root=PARTLABEL=rootfs", STMBOOT_ROOT_PARTLABEL, "rootfs" },
	{ "UUID", "root=UUID=1234", STMBOOT_ROOT_UUID, "1234" },
	{ "LABEL", "root=LABEL=rootfs", STMBOOT_ROOT_LABEL, "rootfs" },
	{ "numbers", "root=179:4", STMBOOT_ROOT_NUMBER, NULL, 179, 4 },
	{ "hex number", "root=b304", STMBOOT_ROOT_NUMBER, NULL, 179, 4 },
	{ "major too large", "root=4096:0", STMBOOT_ROOT_INVALID, NULL },
	{ "a bare name is no number", "root=mmcblk0p4", STMBOOT_ROOT_INVALID, NULL },
	{ "nfs", "root=/dev/nfs", STMBOOT_ROOT_NFS, "nfs" },
	{ "ram", "root=/dev/ram0", STMBOOT_ROOT_RAM, "ram0" },
	{ "ubi", "root=ubi0:rootfs", STMBOOT_ROOT_FLASH, NULL },
	{ "quoted", "root=\"PARTLABEL=my root\"", STMBOOT_ROOT_PARTLABEL, "my root" },
};

Test(cmdline, root)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(root_rows) / sizeof(root_rows[0]); i++) {
		const struct root_row *row = &root_rows[i];
		const struct stmboot_cmdline *line;
		const struct stmboot_cmdline_root *root;
		long a, b;

		cr_assert_eq(stmboot_cmdline_decode(ctx, row->text, &line), STMBOOT_OK);
		root = &line->root;
		a = root->has_partnroff ? root->partnroff : (long)root->disk;
		if (root->kind == STMBOOT_ROOT_NUMBER)
			a = root->device_major;
		else if (root->kind == STMBOOT_ROOT_MBR_PARTUUID)
			a = root->signature;
		b = root->kind == STMBOOT_ROOT_NUMBER ? root->device_minor : root->partition;
		cr_expect_eq(root->kind, row->kind, "%s: %d", row->name, (int)root->kind);
		if (row->part == NULL)
			cr_expect_null(root->text, "%s", row->name);
		else
			cr_expect_str_eq(root->text, row->part, "%s", row->name);
		cr_expect_eq(a, row->a, "%s: %ld", row->name, a);
		cr_expect_eq(b, row->b, "%s: %ld", row->name, b);
		cr_expect_eq(root->kind == STMBOOT_ROOT_INVALID, root->problem != NULL, "%s",
			     row->name);
		stmboot_cmdline_free(line);
	}
	stmboot_context_free(ctx);
}

Test(cmdline, root_is_cut_to_63_characters)
{
	const struct stmboot_cmdline *line;
	struct stmboot_context *ctx;
	char text[128] = "root=PARTLABEL=";

	memset(text + strlen(text), 'x', 54);
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_cmdline_decode(ctx, text, &line), STMBOOT_OK);
	cr_expect(line->root.cut);
	cr_expect_eq(strlen(line->root.spec), STMBOOT_CMDLINE_ROOT_MAX);
	stmboot_cmdline_free(line);
	stmboot_context_free(ctx);
}

Test(cmdline, parameters)
{
	const struct stmboot_cmdline *line;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_cmdline_decode(ctx,
					    "rw rootwait=5 rootdelay=3 ro=1 console=tty0 "
					    "rootfstype=ext4,,vfat console=ttySTM0,115200 "
					    "init=/a init=/b log-level=1 log_level=2 -- init=/c",
					    &line),
		     STMBOOT_OK);
	cr_expect(line->read_write, "ro= with a value is not ro");
	cr_expect(line->has_ro_or_rw);
	cr_expect(line->rootwait && line->rootwait_has_value);
	cr_expect_eq(line->rootwait_seconds, 5);
	cr_expect_eq(line->rootdelay, 3);
	cr_expect_str_eq(line->init, "/b");
	cr_expect_null(line->rdinit);
	cr_assert_eq(line->console_count, 2);
	cr_expect_str_eq(line->consoles[1], "ttySTM0,115200");
	cr_assert_eq(line->rootfstype_count, 2);
	cr_expect_str_eq(line->rootfstypes[1], "vfat");
	cr_expect_str_eq(stmboot_cmdline_find(line, "log-level")->value, "2");
	cr_expect_null(stmboot_cmdline_find(line, "log"));
	cr_expect_eq(line->arguments[1].offset, 3);
	cr_expect_eq(line->arguments[1].length, 10);
	stmboot_cmdline_free(line);
	stmboot_context_free(ctx);
}

Test(cmdline, rootwait_without_a_value_counts_on_every_kernel)
{
	const struct stmboot_cmdline *line;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_cmdline_decode(ctx, "rootwait rootwait=5", &line), STMBOOT_OK);
	cr_expect(line->rootwait);
	cr_expect_not(line->rootwait_has_value);
	stmboot_cmdline_free(line);
	stmboot_context_free(ctx);
}

Test(cmdline, what_an_argument_is_for)
{
	cr_expect_str_eq(stmboot_cmdline_meaning("root"), "where the root file system is");
	cr_expect_not_null(stmboot_cmdline_meaning("rdinit"));
	cr_expect_not_null(stmboot_cmdline_meaning("modprobe.blacklist"));
	cr_expect_eq(stmboot_cmdline_meaning("log-buf-len"),
		     stmboot_cmdline_meaning("log_buf_len"));
	cr_expect_null(stmboot_cmdline_meaning("ROOT"));
	cr_expect_null(stmboot_cmdline_meaning("roo"));
	cr_expect_null(stmboot_cmdline_meaning(""));
}

Test(cmdline, what_a_key_may_be_a_misspelling_of)
{
	static const char *const rows[][2] = {
		{ "roottt", "root" },        { "consle", "console" },
		{ "cosnole", "console" },    { "rotwait", "rootwait" },
		{ "root_wait", "rootwait" }, { "rootfstyp", "rootfstype" },
		{ "quite", "quiet" },        { "quit", "quiet" },
		{ "loglvel", "loglevel" },   { "ignore-loglevl", "ignore_loglevel" },
		{ "inti", "init" },          { "ROOT", "root" },
		{ "panik", "panic" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *meant = sb_cmdline_meant(rows[i][0]);

		cr_assert_not_null(meant, "%s", rows[i][0]);
		cr_expect_str_eq(meant, rows[i][1], "%s", rows[i][0]);
	}
}

/* From kernel-command-line(7), initramfs-tools(7), live-boot(7), and what boards have. */
static const char *const no_misspellings[] = {
	"boot break netboot nfsopts fsckfix fastboot forcefsck blacklist cryptopts BOOTDEV",
	"toram components persistence username hostname text noplymouth nosplash resumeflags",
	"roothash usrhash usrfstype rootdev rootpart rootfs overlayroot ostree luks noauto",
	"bootcount bootpart upgrade slot serial fdtfile board boardid ethaddr macaddr androidboot",
	"x rot con my.root wifi.consol systemd.unti",
	"rootwait-rootwait-rootwait-rootwait-rootwait-rootwait-rootwait-rootwait",
	"\"root",
	"=",
};

static void expect_no_hint(const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char line[200];

		(void)snprintf(line, sizeof(line), "%s", lines[i]);
		for (char *key = strtok(line, " "); key != NULL; key = strtok(NULL, " "))
			cr_expect_null(sb_cmdline_meant(key), "%s: %s", key, sb_cmdline_meant(key));
	}
}

Test(cmdline, no_argument_of_the_kernel_is_taken_for_a_misspelling)
{
	expect_no_hint(kernel_parameters, sizeof(kernel_parameters) / sizeof(kernel_parameters[0]));
	expect_no_hint(no_misspellings, sizeof(no_misspellings) / sizeof(no_misspellings[0]));
}
