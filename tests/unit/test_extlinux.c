/* SPDX-License-Identifier: MIT */
/*
 * The expected values come from the rules of U-Boot's boot/pxe_utils.c and
 * from what v2023.01 did with the same text.
 */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <stmboot/extlinux.h>

struct summary {
	char text[2048];
	size_t used;
};

static void STMBOOT_PRINTF(2, 3) add(struct summary *s, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(s->text + s->used, sizeof(s->text) - s->used, format, args);
	va_end(args);
	s->used += (size_t)length;
	cr_assert_lt(s->used, sizeof(s->text));
}

static void add_text(struct summary *s, const char *name, const struct stmboot_extlinux_text *text)
{
	if (text->text != NULL)
		add(s, " %s=%s", name, text->text);
}

static void add_label(struct summary *s, const struct stmboot_extlinux_label *label)
{
	add(s, " [%s", label->name.text);
	add_text(s, "kernel", &label->kernel);
	add_text(s, "config", &label->config);
	add_text(s, "append", &label->append);
	add_text(s, label->initrd_from_append ? "append-initrd" : "initrd", &label->initrd);
	add_text(s, "fdt", &label->fdt);
	add_text(s, "fdtdir", &label->fdtdir);
	for (size_t i = 0; i < label->overlay_count; i++)
		add_text(s, "overlay", &label->overlays[i]);
	add_text(s, "menu", &label->menu);
	if (label->localboot.text != NULL)
		add(s, " localboot=%d", label->localboot_value);
	if (label->ipappend.text != NULL)
		add(s, " ipappend=%d", label->ipappend_value);
	if (label->kaslrseed)
		add(s, " kaslrseed");
	if (label->ended_by.text != NULL)
		add(s, " ended-by=%s@%u", label->ended_by.text, label->ended_by.line);
	add(s, "]");
}

static const char *const faults[] = {
	[STMBOOT_EXTLINUX_EMPTY_VALUE] = "rejected:empty-value",
	[STMBOOT_EXTLINUX_INCLUDE_MISSING] = "rejected:include-missing",
	[STMBOOT_EXTLINUX_INCLUDE_DEPTH] = "rejected:include-depth",
	[STMBOOT_EXTLINUX_INITRD_LAST] = "undefined:initrd-last",
	[STMBOOT_EXTLINUX_APPEND_NULL] = "undefined:append-null",
	[STMBOOT_EXTLINUX_BAD_FREE] = "undefined:bad-free",
	[STMBOOT_EXTLINUX_PAST_END] = "undefined:past-end",
	[STMBOOT_EXTLINUX_LABEL_OVERFLOW] = "undefined:label-overflow",
};

static void add_selection(struct summary *s, const struct stmboot_extlinux_selection *selection)
{
	if (selection->wait == STMBOOT_EXTLINUX_WAIT_FOREVER)
		add(s, "wait=forever ");
	if (selection->wait == STMBOOT_EXTLINUX_WAIT_SECONDS)
		add(s, "wait=%ds ", selection->wait_seconds);
	add(s, selection->default_missing ? "no-default " : "");
	add(s, "try=");
	for (size_t i = 0; i < selection->order_count; i++)
		add(s, "%s%u", i > 0 ? "," : "", selection->order[i]);
}

/* Everything that counts, in one line. */
static const char *summarise(struct summary *s, const struct stmboot_extlinux *conf)
{
	s->used = 0;
	s->text[0] = '\0';
	if (conf->outcome == STMBOOT_EXTLINUX_READ)
		add_selection(s, &conf->selection);
	else
		add(s, "%s@%u", faults[conf->fault], conf->fault_at.line);
	for (size_t i = 0; conf->outcome == STMBOOT_EXTLINUX_READ && i < conf->label_count; i++)
		add_label(s, &conf->labels[i]);
	return s->text;
}

struct row {
	const char *name;
	const char *text;
	const char *expected;
	unsigned version;
};

/* A few files to include. */
static enum stmboot_status give(void *user, const char *path, const void **data, size_t *size)
{
	static const char *const files[][2] = {
		{ "/extlinux/one", "label one\nkernel /k1\n" },
		{ "/boot/abs", "label abs\nkernel /k2\n" },
		{ "/extlinux/loop", "include loop\n" },
		{ "/extlinux/lines", "append from-include\n" },
		{ "/extlinux/bad", "label\n" },
		{ "/extlinux/four", "LBL" },
		{ "/extlinux/empty", "" },
	};

	(void)user;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i][0], path) == 0) {
			*data = files[i][1];
			*size = strlen(files[i][1]);
			return STMBOOT_OK;
		}
	}
	return STMBOOT_NOT_FOUND;
}

static void check_rows(const struct row *rows, size_t count)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct stmboot_extlinux_options options = { .struct_size = sizeof(options),
							    .version = row->version,
							    .include = give };
		const struct stmboot_extlinux *conf;
		struct summary s;

		cr_assert_eq(
			stmboot_extlinux_decode(ctx, row->text, strlen(row->text), &options, &conf),
			STMBOOT_OK, "%s", row->name);
		cr_expect_str_eq(summarise(&s, conf), row->expected, "%s:\n  %s\n  %s", row->name,
				 s.text, row->expected);
		stmboot_extlinux_free(conf);
	}
	stmboot_context_free(ctx);
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

Test(extlinux, lexer)
{
	static const struct row rows[] = {
		{ "an empty file has no label", "", "try=" },
		{ "Buildroot's file",
		  "label buildroot\n  kernel /boot/zImage\n"
		  "  devicetree /boot/b.dtb\n  append root=/dev/mmcblk0p4 rootwait\n",
		  "try=0 [buildroot kernel=/boot/zImage append=root=/dev/mmcblk0p4 rootwait "
		  "fdt=/boot/b.dtb]" },
		{ "keywords in any case, after tabs, the last line not ended",
		  "LABEL a b\n\tKeRnEl\t/k", "try=0 [a b kernel=/k]" },
		{ "blanks and comment lines do not end a label",
		  "label a\n\n  # note\n \t\nkernel /k\n", "try=0 [a kernel=/k]" },
		{ "a comment in place of a value leaves it empty", "label a\nkernel # x\n",
		  "rejected:empty-value@2" },
		{ "# inside a value is literal", "label a#b\nappend x # y\n",
		  "try=0 [a#b append=x # y]" },
		{ "trailing blanks belong to the value", "label a\nkernel /k \t\n",
		  "try=0 [a kernel=/k \t]" },
		{ "no quotes, no escapes, no continuation",
		  "label a\nkernel \"/k\"\nappend x \\\ny\nfdt /f\n",
		  "try=0 [a kernel=\"/k\" append=x \\ ended-by=y@4]" },
		{ "'=' is part of the value", "label a\nappend = x\n", "try=0 [a append== x]" },
		{ "CR belongs to the value", "label a\r\nkernel /k\r\n",
		  "try=0 [a\r kernel=/k\r]" },
		{ "a blank CRLF line ends the label", "label a\n\r\nkernel /k\n",
		  "try=0 [a ended-by=@2]" },
		{ "0xA0 ends a keyword, and alone ends a label", "label a\nkernel\xa0/k\n",
		  "try=0 [a kernel=\xa0/k]" },
		{ "a byte order mark hides the first keyword", "\xef\xbb\xbflabel a\nkernel /k\n",
		  "try=" },
	};

	CHECK_ROWS(rows);
}

Test(extlinux, label_keywords)
{
	static const struct row rows[] = {
		{ "aliases",
		  "label a\nlinux /k\ndevicetree /f\ndevicetreedir /d\n"
		  "devicetree-overlay o1 o2\n",
		  "try=0 [a kernel=/k fdt=/f fdtdir=/d overlay=o1 overlay=o2]" },
		{ "the last kernel wins, but an earlier #conf stays",
		  "label a\nkernel /i#c1\nlinux /k\n", "try=0 [a kernel=/k config=#c1]" },
		{ "text behind the first # is the configuration", "label a\nkernel /i #c#d\n",
		  "try=0 [a kernel=/i  config=#c#d]" },
		{ "the last append wins", "label a\nappend x\nappend y\n", "try=0 [a append=y]" },
		{ "initrd in append, the text stays", "label a\nappend a initrd=/i b\n",
		  "try=0 [a append=a initrd=/i b append-initrd=/i]" },
		{ "initrd= as the tail of another word", "label a\nappend rdinitrd=/i b\n",
		  "try=0 [a append=rdinitrd=/i b append-initrd=/i]" },
		{ "initrd= in append does not replace an initrd line",
		  "label a\ninitrd /x\nappend initrd=/i\n",
		  "try=0 [a append=initrd=/i initrd=/x]" },
		{ "initrd= as the last word crashes, whichever label it is",
		  "default b\nlabel a\nappend x initrd=/i\nlabel b\nkernel /k\n",
		  "undefined:initrd-last@3" },
		{ "a TAB does not end initrd=", "label a\nappend initrd=/i\tx\n",
		  "undefined:initrd-last@2" },
		{ "initrd after initrd= in append ends the label",
		  "label a\nappend initrd=/i b\ninitrd /x\nfdt /f\n",
		  "try=0 [a append=initrd=/i b append-initrd=/i ended-by=initrd@3]" },
		{ "a second fdt ends the label", "label a\nfdt /f\nfdt /g\nkernel /k\n",
		  "try=0 [a fdt=/f ended-by=fdt@3]" },
		{ "so does its alias", "label a\nfdt /f\ndevicetree /g\nkernel /k\n",
		  "try=0 [a fdt=/f ended-by=devicetree@3]" },
		{ "a second fdtdir", "label a\nfdtdir /f\nfdtdir /g\nkernel /k\n",
		  "try=0 [a fdtdir=/f ended-by=fdtdir@3]" },
		{ "a second fdtoverlays", "label a\nfdtoverlays f\nfdtoverlays g\nkernel /k\n",
		  "try=0 [a overlay=f ended-by=fdtoverlays@3]" },
		{ "a second fdt without a value does not", "label a\nfdt /f\nfdt\nkernel /k\n",
		  "try=0 [a kernel=/k fdt=/f]" },
		{ "a second fdt whose value is a keyword is read as that line",
		  "label a\nfdt /f\nfdt kernel /k\n", "try=0 [a kernel=/k fdt=/f]" },
		{ "overlays are split on SPACE, not TAB", "label a\nfdtoverlays  a  b\tc \n",
		  "try=0 [a overlay=a overlay=b\tc]" },
		{ "kaslrseed takes no argument", "label a\nkaslrseed\nkernel /k\n",
		  "try=0 [a kernel=/k kaslrseed]" },
		{ "an argument of kaslrseed ends the label", "label a\nkaslrseed 1\nkernel /k\n",
		  "try=0 [a kaslrseed ended-by=1@2]" },
		{ "integers stop at the first character that is no digit",
		  "label a\nlocalboot -1x\nipappend 3,4\n", "try=0 [a localboot=-1 ipappend=3]" },
		{ "menu inside a label",
		  "label a\nmenu label Text here\nmenu indent 3\nkernel /k\n",
		  "try=0 [a kernel=/k menu=Text here]" },
		{ "an empty menu label swallows the next line",
		  "label a\nmenu label\nkernel /k\nfdt /f\n", "try=0 [a fdt=/f]" },
		{ "so does menu alone", "label a\nmenu\nkernel /k\nfdt /f\n", "try=0 [a fdt=/f]" },
		{ "and menu with a comment", "label a\nmenu # x\nkernel /k\nfdt /f\n",
		  "try=0 [a fdt=/f]" },
		{ "an empty menu label as the last bytes runs through memory",
		  "label a\nkernel /k\nmenu label", "undefined:past-end@3" },
		{ "menu as the last bytes, too", "label a\nkernel /k\nmenu ",
		  "undefined:past-end@3" },
		{ "but not before a final line feed", "label a\nkernel /k\nmenu label\n",
		  "try=0 [a kernel=/k]" },
		{ "menu default as the last bytes is fine", "label a\nmenu default", "try=0 [a]" },
	};

	CHECK_ROWS(rows);
}

Test(extlinux, empty_values)
{
	static const struct row rows[] = {
		{ "label", "timeout 5\nlabel\n", "rejected:empty-value@2" },
		{ "kernel", "label a\nkernel\n", "rejected:empty-value@2" },
		{ "kernel at the very end", "label a\nkernel", "rejected:empty-value@2" },
		{ "initrd", "label a\ninitrd \t \n", "rejected:empty-value@2" },
		{ "fdt", "label a\nfdt\n", "rejected:empty-value@2" },
		{ "fdtdir", "label a\nfdtdir\n", "rejected:empty-value@2" },
		{ "fdtoverlays", "label a\nfdtoverlays\n", "rejected:empty-value@2" },
		{ "localboot", "label a\nlocalboot\n", "rejected:empty-value@2" },
		{ "ipappend", "label a\nipappend\n", "rejected:empty-value@2" },
		{ "timeout", "timeout\n", "rejected:empty-value@1" },
		{ "menu title", "menu title\n", "rejected:empty-value@1" },
		{ "menu background", "menu background\n", "rejected:empty-value@1" },
		{ "include", "include\n", "rejected:empty-value@1" },
		{ "append without anything before it", "label a\nappend\n",
		  "undefined:append-null@2" },
		{ "append after an append", "label a\nappend x\nappend\n",
		  "rejected:empty-value@3" },
		{ "append after an initrd", "label a\ninitrd x\nappend\n",
		  "rejected:empty-value@3" },
		{ "default", "default\n", "undefined:bad-free@1" },
		{ "ontimeout", "ontimeout\n", "undefined:bad-free@1" },
		{ "prompt is skipped by v2023.01", "prompt\nlabel a\n", "try=0 [a]" },
		{ "prompt rejects the file from v2023.04", "prompt\nlabel a\n",
		  "rejected:empty-value@1", 202304 },
		{ "top-level menu swallows a line", "menu\nlabel a\nlabel b\n",
		  "wait=forever try=0 [b]" },
		{ "top-level menu as the last bytes", "timeout 1\nmenu", "undefined:past-end@2" },
	};

	CHECK_ROWS(rows);
}

Test(extlinux, what_ends_a_label)
{
	static const struct row rows[] = {
		{ "an unknown word", "label a\noptions x\nkernel /k\nlabel b\nkernel /k\n",
		  "try=0,1 [a ended-by=options@2] [b kernel=/k]" },
		{ "a top-level keyword, which is honoured",
		  "label a\ntimeout 50\nkernel /k\nmenu title x\n",
		  "wait=5s try=0 [a ended-by=timeout@2]" },
		{ "default inside a label", "label a\nkernel /k\ndefault b\nfdt /f\nlabel b\n",
		  "try=1,0 [a kernel=/k ended-by=default@3] [b]" },
		{ "title and background are not keywords of their own",
		  "label a\ntitle x\nkernel /k\n", "try=0 [a ended-by=title@2]" },
		{ "keywords of a label before any label are ignored", "kernel /k\nlabel a\n",
		  "try=0 [a]" },
		{ "text help ends a label", "label a\ntext help\nfoo\nendtext\nkernel /k\n",
		  "try=0 [a ended-by=text@2]" },
	};

	CHECK_ROWS(rows);
}

Test(extlinux, versions)
{
	static const struct row rows[] = {
		{ "fdtoverlays before v2021.04", "label a\nfdtoverlays o\nkernel /k\n",
		  "try=0 [a ended-by=fdtoverlays@2]", 202101 },
		{ "fdtoverlays from v2021.04", "label a\nfdtoverlays o\n", "try=0 [a overlay=o]",
		  202104 },
		{ "devicetree-overlay before v2023.01", "label a\ndevicetree-overlay o\n",
		  "try=0 [a ended-by=devicetree-overlay@2]", 202210 },
		{ "kaslrseed before v2022.04", "label a\nkaslrseed\nkernel /k\n",
		  "try=0 [a ended-by=kaslrseed@2]", 202201 },
		{ "fallback before v2025.01", "label a\nfallback b\nkernel /k\n",
		  "try=0 [a ended-by=fallback@2]", 202410 },
		{ "prompt 1 up to v2023.01", "prompt 1\nlabel a\n", "try=0 [a]", 202301 },
		{ "prompt 1 from v2023.04", "prompt 1\nlabel a\n", "wait=forever try=0 [a]",
		  202304 },
		{ "prompt 0 switches the menu off", "menu title x\nprompt 0\nlabel a\n",
		  "try=0 [a]", 202304 },
		{ "a menu line behind it on again", "prompt 0\nmenu title x\nlabel a\n",
		  "wait=forever try=0 [a]", 202304 },
	};

	CHECK_ROWS(rows);
}

Test(extlinux, selection)
{
	static const struct row rows[] = {
		{ "without default in file order", "label a\nlabel b\n", "try=0,1 [a] [b]" },
		{ "default first, then file order", "default b\nlabel a\nlabel b\nlabel c\n",
		  "try=1,0,2 [a] [b] [c]" },
		{ "names are compared exactly", "default B\nlabel b\nlabel c\n",
		  "no-default try=0,1 [b] [c]" },
		{ "trailing blanks count", "default b\nlabel a\nlabel b \n",
		  "no-default try=0,1 [a] [b ]" },
		{ "of two labels of one name the last is the default",
		  "default a\nlabel a\nkernel /1\nlabel a\nkernel /2\n",
		  "try=1,0 [a kernel=/1] [a kernel=/2]" },
		{ "the last default wins", "default a\ndefault b\nlabel a\nlabel b\n",
		  "try=1,0 [a] [b]" },
		{ "ontimeout is default", "ontimeout b\nlabel a\nlabel b\n", "try=1,0 [a] [b]" },
		{ "menu default only without a default so far",
		  "label a\nlabel b\nmenu default\nlabel c\nmenu default\n",
		  "try=1,0,2 [a] [b] [c]" },
		{ "default overrides menu default", "label a\nlabel b\nmenu default\ndefault a\n",
		  "try=0,1 [a] [b ended-by=default@4]" },
		{ "a default localboot label ends the search",
		  "default b\nlabel a\nlabel b\nlocalboot 0\n", "try=1 [a] [b localboot=0]" },
		{ "a localboot label in file order does not", "label b\nlocalboot 0\nlabel a\n",
		  "try=0,1 [b localboot=0] [a]" },
		{ "timeout alone does not wait", "timeout 50\nlabel a\n", "try=0 [a]" },
		{ "any menu line waits, for ever without timeout",
		  "default a\nmenu resolution 1 2\nlabel a\n", "wait=forever try=0 [a]" },
		{ "tenths are rounded up", "menu title x\ntimeout 1\nlabel a\n",
		  "wait=1s try=0 [a]" },
		{ "11 tenths are 2 seconds", "menu title x\ntimeout 11\nlabel a\n",
		  "wait=2s try=0 [a]" },
		{ "timeout 0 is none", "menu title x\ntimeout 0\nlabel a\n",
		  "wait=forever try=0 [a]" },
		{ "a word is 0", "menu title x\ntimeout abc\nlabel a\n", "wait=forever try=0 [a]" },
		{ "0x10 is 16", "menu title x\ntimeout 0x10\nlabel a\n", "wait=2s try=0 [a]" },
		{ "-0X1e is -30", "menu title x\ntimeout -0X1e\nlabel a\n", "try=0 [a]" },
		{ "0x alone is 0", "menu title x\ntimeout 0x\nlabel a\n",
		  "wait=forever try=0 [a]" },
		{ "before v2021.10 0x10 is 0", "menu title x\ntimeout 0x10\nlabel a\n",
		  "wait=forever try=0 [a]", 202107 },
		{ "+5 is 0", "menu title x\ntimeout +5\nlabel a\n", "wait=forever try=0 [a]" },
		{ "-18 rounds to 0", "menu title x\ntimeout -18\nlabel a\n",
		  "wait=forever try=0 [a]" },
		{ "-19 does not wait", "menu title x\ntimeout -19\nlabel a\n", "try=0 [a]" },
		{ "a menu without labels does not wait", "menu title x\n", "try=" },
		{ "menu lines of a label do not wait", "label a\nmenu label x\n",
		  "try=0 [a menu=x]" },
	};

	CHECK_ROWS(rows);
}

Test(extlinux, include)
{
	static const struct row rows[] = {
		{ "relative to the directory", "include one\nlabel zz\n",
		  "try=0,1 [one kernel=/k1] [zz]" },
		{ "absolute", "label z\ninclude /boot/abs\n",
		  "try=0,1 [z ended-by=include@2] [abs kernel=/k2]" },
		{ "menu include", "menu include one\n", "wait=forever try=0 [one kernel=/k1]" },
		{ "a missing file rejects everything", "label a\nkernel /k\ninclude none\n",
		  "rejected:include-missing@3" },
		{ "so does an empty one", "label a\ninclude empty\n",
		  "rejected:include-missing@2" },
		{ "so does a bad one", "include bad\n", "rejected:empty-value@1" },
		{ "a loop ends at 16 levels", "include loop\n", "rejected:include-depth@1" },
		{ "a parent of 4 n bytes runs into the included text: its labels are doubled",
		  "#12\ninclude one\n", "try=0,1 [one kernel=/k1] [one kernel=/k1]" },
		{ "its lines join the parent's last label",
		  "include lines\nlabel a\nappend x\n# 4 n ..\n", "try=0 [a append=from-include]" },
		{ "menu include never overlaps", "#4\nmenu include one\n",
		  "wait=forever try=0 [one kernel=/k1]" },
		{ "without a final line feed the last word grows", "include four\n#123456\nlabel a",
		  "try=0 [aLBL]" },
	};

	CHECK_ROWS(rows);
}

Test(extlinux, lines_have_a_limit_below_that_of_the_text)
{
	enum { MOST = 100000 };
	static char text[2 * MOST + 2];
	struct stmboot_context *ctx;
	const struct stmboot_extlinux *conf;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 != 0 ? '\n' : 'a';
	cr_assert_eq(stmboot_extlinux_decode(ctx, text, 2 * (size_t)MOST, NULL, &conf), STMBOOT_OK);
	cr_expect_eq(conf->files[0].line_count, MOST);
	stmboot_extlinux_free(conf);
	cr_expect_eq(stmboot_extlinux_decode(ctx, text, sizeof(text), NULL, &conf), STMBOOT_LIMIT);
	stmboot_context_free(ctx);
}
