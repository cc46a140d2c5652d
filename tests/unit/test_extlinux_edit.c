/* SPDX-License-Identifier: MIT */
/*
 * The expected files are what a person would write with an editor who touches
 * nothing else; what U-Boot reads of them follows its boot/pxe_utils.c.
 */
#include <criterion/criterion.h>
#include <string.h>

#include <stmboot/extlinux_edit.h>

#include "../support/extlinux_apply.h"

/* What an included file holds, unless a row says otherwise. */
static const char included[] = "label inc\n\tkernel /i\n\tappend root=i\n";

static enum stmboot_status include(void *user, const char *path, const void **data, size_t *size)
{
	(void)user;
	if (strcmp(path, "/extlinux/inc") != 0)
		return STMBOOT_NOT_FOUND;
	*data = included;
	*size = strlen(included);
	return STMBOOT_OK;
}

struct row {
	const char *name;
	const char *text;
	const char *edit;     /* see extlinux_apply.h */
	const char *expected; /* the file, or with a status the message */
	enum stmboot_status status;
	unsigned version;
	const char *in_include; /* the included file afterwards */
};

#define TWO      "default a\nlabel a\n  kernel /a\n  append root=a\nlabel b\n  kernel /b\n"
#define LONG_64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG_512 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64
#define LONG_1018                                                                                  \
	"x=" LONG_512 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64                      \
	"0123456789abcdef0123456789abcdef0123456789abcdef01234567"

static const struct row rows[] = {
	{ "a value is replaced where it stands", TWO, "set a append root=b rw",
	  "default a\nlabel a\n  kernel /a\n  append root=b rw\nlabel b\n  kernel /b\n" },
	{ "a new value goes below the label's lines", TWO, "set b append root=b",
	  TWO "  append root=b\n" },
	{ "a new value goes before the next label", TWO, "set a fdt /f.dtb",
	  "default a\nlabel a\n  kernel /a\n  append root=a\n  fdt /f.dtb\nlabel b\n  kernel "
	  "/b\n" },
	{ "the same value changes nothing", TWO, "set a kernel /a", TWO },
	{ "comments, blanks, order and unknown lines stay",
	  "# one\n\n \tUI menu.c32\nLABEL\t a\n# two\n\tKERNEL\t  /k\n\n   APPEND   x  # y\n#three",
	  "set a kernel /n",
	  "# one\n\n \tUI menu.c32\nLABEL\t a\n# two\n\tKERNEL\t  /n\n\n   APPEND   x  # "
	  "y\n#three" },
	{ "a keyword keeps its other name", "label a\nLinux /k\ndevicetree /d\n", "set a fdt /e",
	  "label a\nLinux /k\ndevicetree /e\n" },
	{ "a key may be given by its other name", "label a\nkernel /k\n", "set a linux /n",
	  "label a\nkernel /n\n" },
	{ "a key may be given in capitals", "label a\nkernel /k\n", "set a FDTDIR /d",
	  "label a\nkernel /k\nfdtdir /d\n" },
	{ "a new line is indented as the label's others", "label a\n\t kernel /k\n", "set a fdt /f",
	  "label a\n\t kernel /k\n\t fdt /f\n" },
	{ "without others, as the lines of another label", "label a\nlabel b\n\tkernel /k\n",
	  "set a fdt /f", "label a\n\tfdt /f\nlabel b\n\tkernel /k\n" },
	{ "without any, by two blanks", "label a\n", "set a kernel /k", "label a\n  kernel /k\n" },
	{ "a file keeps its last line open", "label a\n kernel /k", "set a fdt /f",
	  "label a\n kernel /k\n fdt /f" },
	{ "a file keeps its last value open", "label a\n kernel /k", "set a kernel /longer",
	  "label a\n kernel /longer" },
	{ "CR LF stays at the end of a changed line", "label a\r\nkernel /k\r\nappend x\r\n",
	  "set a kernel /n", "label a\r\nkernel /n\r\nappend x\r\n" },
	{ "CR LF ends a new line, too", "label a\r\nkernel /k\r\n", "set a append x",
	  "label a\r\nkernel /k\r\nappend x\r\n" },
	{ "the append that counts is the last one", "label a\nkernel /k\nappend x\nappend y\n",
	  "set a append z", "label a\nkernel /k\nappend x\nappend z\n" },
	{ "a blank behind the old value goes with it", "label a\nkernel /k \n", "set a kernel /n",
	  "label a\nkernel /n\n" },
	{ "a FIT configuration is part of the value", "label a\nkernel /k#c\n",
	  "set a kernel /n#conf-1", "label a\nkernel /n#conf-1\n" },
	{ "a number is a value", "label a\nkernel /k\n", "set a ipappend 2",
	  "label a\nkernel /k\nipappend 2\n" },
	{ "the bytes behind a NUL stay", "label a\nkernel /k\n\n", "set a kernel /n",
	  "label a\nkernel /n\n\n" },
	{ "a value goes below the lines that count, above what ends the label",
	  "label a\nkernel /k\nfoo\nlabel b\n", "set a fdt /f",
	  "label a\nkernel /k\nfdt /f\nfoo\nlabel b\n" },

	{ "a key goes with its line", TWO, "unset a append",
	  "default a\nlabel a\n  kernel /a\nlabel b\n  kernel /b\n" },
	{ "a key goes with all its lines", "label a\nkernel /k\nappend x\n# c\nappend y\n",
	  "unset a append", "label a\nkernel /k\n# c\n" },
	{ "a key that is not there changes nothing", TWO, "unset a fdt", TWO },

	{ "an argument is set in the file as it is written",
	  "label a\n append  console=${console}  root=a rw\n", "args a root=b",
	  "label a\n append  console=${console}  root=b rw\n" },
	{ "a label without append gets one", TWO, "args b root=b|rw", TWO "  append root=b rw\n" },
	{ "what changes nothing keeps the blanks at the end", "label a\nappend x=1 \n",
	  "args a x=1", "label a\nappend x=1 \n" },
	{ "a change drops the blanks at the end, which U-Boot keeps", "label a\nappend x=1 \n",
	  "args a x=2", "label a\nappend x=2\n" },
	{ "arguments are set before the CR", "label a\r\nappend x=1\r\n", "args a y",
	  "label a\r\nappend x=1 y\r\n" },
	{ "U-Boot's quotes elsewhere in the line stay", "label a\nappend m='x  y' root=a\n",
	  "args a root=b", "label a\nappend m='x  y' root=b\n" },
	{ "a single quote is protected from U-Boot", "label a\nappend x\n", "args a m=it's",
	  "label a\nappend x m=it\\'s\n" },
	{ "a backslash is protected from U-Boot", "label a\nappend x\n", "args a m=a\\b",
	  "label a\nappend x m=a\\\\b\n" },
	{ "of n backslashes U-Boot takes one", "label a\nappend x\n", "args a m=a\\\\b\\'c",
	  "label a\nappend x m=a\\\\\\b\\\\'c\n" },
	{ "a '$' at the end would be dropped", "label a\nappend x\n", "args a m=a$",
	  "label a\nappend x m=a\\$\n" },
	{ "a variable is left for U-Boot", "label a\nappend root=a\n", "args a root=PARTUUID=${u}",
	  "label a\nappend root=PARTUUID=${u}\n" },
	{ "a variable in round brackets is left for U-Boot, too", "label a\nappend root=a\n",
	  "args a root=$(r)", "label a\nappend root=$(r)\n" },
	{ "an initrd in append changes with its argument", "label a\nappend initrd=/i x\n",
	  "args a initrd=/j", "label a\nappend initrd=/j x\n" },
	{ "an initrd in append can be removed", "label a\nappend initrd=/i x\n", "args a -initrd",
	  "label a\nappend x\n" },
	{ "an initrd in append stays while others change", "label a\nappend initrd=/i x=1\n",
	  "args a x=2", "label a\nappend initrd=/i x=2\n" },
	{ "an initrd that U-Boot finds within a word stays, too",
	  "label a\nappend rdinitrd=/i x=1\n", "args a x=2", "label a\nappend rdinitrd=/i x=2\n" },
	{ "a replacement needs no care of what was there", "label a\nappend 'a b\n", "args a =|x",
	  "label a\nappend x\n" },

	{ "a label goes to the end", TWO, "add c kernel=/c append=root=c",
	  TWO "label c\n  kernel /c\n  append root=c\n" },
	{ "a label is written as the others are", "label a\n\tkernel /a\n",
	  "add c kernel=/c fdt=/d", "label a\n\tkernel /a\nlabel c\n\tkernel /c\n\tfdt /d\n" },
	{ "labels that stand apart get another that does", "default a\n\nlabel a\n\tkernel /a\n",
	  "add c kernel=/c", "default a\n\nlabel a\n\tkernel /a\n\nlabel c\n\tkernel /c\n" },
	{ "a file keeps its last line open below a new label", "label a\n kernel /a",
	  "add c kernel=/c", "label a\n kernel /a\nlabel c\n kernel /c" },
	{ "a file with CR LF gets lines with CR LF", "x\r\n\r\nlabel a\r\n kernel /a\r\n",
	  "add c kernel=/c", "x\r\n\r\nlabel a\r\n kernel /a\r\nlabel c\r\n kernel /c\r\n" },
	{ "an empty file gets its first label", "", "add c kernel=/c", "label c\n  kernel /c\n" },

	{ "a label goes with its lines", TWO, "remove a", "default a\nlabel b\n  kernel /b\n" },
	{ "a label goes with the blank line that set it apart",
	  "x\n\nlabel a\nkernel /a\n\nlabel b\nkernel /b\n", "remove a",
	  "x\n\nlabel b\nkernel /b\n" },
	{ "the last label goes with the blank line before it",
	  "label a\nkernel /a\n\nlabel b\nkernel /b\n", "remove b", "label a\nkernel /a\n" },
	{ "the last label of an open file leaves it open", "label a\nkernel /a\nlabel b\nkernel /b",
	  "remove b", "label a\nkernel /a" },
	{ "comments around a label stay",
	  "# a\nlabel a\n# in a\nkernel /a\n# b\nlabel b\nkernel /b\n", "remove a",
	  "# a\n# b\nlabel b\nkernel /b\n" },
	{ "menu default goes with its label, and the next one counts",
	  "label a\nmenu default\nlabel b\nmenu default\n", "remove a", "label b\nmenu default\n" },

	{ "the default changes where it stands", TWO, "default b",
	  "default b\nlabel a\n  kernel /a\n  append root=a\nlabel b\n  kernel /b\n" },
	{ "a default goes above all but comments", "# c\n\nlabel a\nlabel b\n", "default b",
	  "# c\n\ndefault b\nlabel a\nlabel b\n" },
	{ "a default overrules menu default", "label a\nmenu default\nlabel b\n", "default b",
	  "default b\nlabel a\nmenu default\nlabel b\n" },
	{ "ontimeout is a default, too", "ontimeout a\nlabel a\nlabel b\n", "default b",
	  "ontimeout b\nlabel a\nlabel b\n" },
	{ "a default keeps the blank at the end of the name", "label a \n", "default a ",
	  "default a \nlabel a \n" },

	{ "the timeout changes where it stands", "timeout 10\nlabel a\n", "timeout 50",
	  "timeout 50\nlabel a\n" },
	{ "a timeout goes below the default", "# c\ndefault a\nmenu title x\nlabel a\n",
	  "timeout 50", "# c\ndefault a\ntimeout 50\nmenu title x\nlabel a\n" },
	{ "without a default it goes above all but comments", "# c\nlabel a\n", "timeout 0",
	  "# c\ntimeout 0\nlabel a\n" },

	{ "a label of an included file changes there", "include inc\n# cc\n", "args inc root=x",
	  "include inc\n# cc\n", STMBOOT_OK, 0, "label inc\n\tkernel /i\n\tappend root=x\n" },
	{ "a label of an included file gets its new line there", "include inc\n# cc\n",
	  "set inc fdt /f", "include inc\n# cc\n", STMBOOT_OK, 0,
	  "label inc\n\tkernel /i\n\tappend root=i\n\tfdt /f\n" },
	{ "a new label goes into the configuration itself, kept from a length with which U-Boot "
	  "reads "
	  "an included file twice",
	  "include inc\n# cc\n", "add c kernel=/c", "include inc\n# cc\nlabel c\n\tkernel /c\n\n" },

	{ "a label that is not there", TWO, "set c kernel /k", "there is no such label",
	  STMBOOT_NOT_FOUND },
	{ "a key that is none", TWO, "set a kernle /k", "a label has no key 'kernle'",
	  STMBOOT_INVALID_ARGUMENT },
	{ "a keyword that is no key of a label", TWO, "set a timeout 5",
	  "a label has no key 'timeout'", STMBOOT_INVALID_ARGUMENT },
	{ "the name of a label is no key", TWO, "set a label c", "a label has no key 'label'",
	  STMBOOT_INVALID_ARGUMENT },
	{ "a key that U-Boot does not know yet", TWO, "set a fdtoverlays /o",
	  "U-Boot v2020.10 does not know 'fdtoverlays' yet: it would end the label",
	  STMBOOT_INVALID_ARGUMENT, 202010 },
	{ "an empty value", TWO, "set a kernel ", "U-Boot rejects a file with an empty value",
	  STMBOOT_INVALID_ARGUMENT },
	{ "a new line in a value", TWO, "set a append x\nlabel c",
	  "the value has a control character or a new line", STMBOOT_INVALID_ARGUMENT },
	{ "a TAB in a value", TWO, "set a append x\ty",
	  "the value has a control character or a new line", STMBOOT_INVALID_ARGUMENT },
	{ "a blank at the end of a value", TWO, "set a kernel /k ",
	  "the value begins or ends with a blank", STMBOOT_INVALID_ARGUMENT },
	{ "a value that would be a comment", TWO, "set a kernel #c",
	  "a value that begins with '#' is a comment to U-Boot", STMBOOT_INVALID_ARGUMENT },
	{ "a number that is none", TWO, "set a ipappend 0x2", "'0x2' is no number",
	  STMBOOT_INVALID_ARGUMENT },
	{ "a path of 512 characters", "label a\n", "set a kernel /" LONG_512,
	  "U-Boot takes no path of more than 512 characters", STMBOOT_LIMIT },
	{ "a relative path has the directory before it", "label a\n", "set a kernel " LONG_512,
	  "U-Boot takes no path of more than 512 characters", STMBOOT_LIMIT },
	{ "a path of an overlay that is too long", "label a\n", "set a fdtoverlays /o /" LONG_512,
	  "U-Boot takes no path of more than 512 characters", STMBOOT_LIMIT },
	{ "an append of 1023 characters fits", "label a\nappend x\n",
	  "set a append 0123 " LONG_1018, "label a\nappend 0123 " LONG_1018 "\n" },
	{ "an append of 1024 characters does not", "label a\nappend x\n",
	  "set a append 01234 " LONG_1018,
	  "append would be 1024 characters long, and U-Boot takes 1023", STMBOOT_LIMIT },
	{ "an argument that makes append too long", "label a\nappend 0123 " LONG_1018 "\n",
	  "args a y", "append would be 1025 characters long, and U-Boot takes 1023",
	  STMBOOT_LIMIT },
	{ "what ipappend adds counts", "label a\nipappend 1\nappend x\n",
	  "set a append 0123 " LONG_1018,
	  "append would be 1023 characters long, and U-Boot takes 1023", STMBOOT_LIMIT },
	{ "a brace that is not closed", "label a\n", "set a append ${x",
	  "'${' without its brace swallows the rest of append", STMBOOT_INVALID_ARGUMENT },
	{ "an argument with a brace that is not closed", "label a\nappend x\n", "args a y=${x",
	  "'${' without its brace swallows the rest of append", STMBOOT_INVALID_ARGUMENT },
	{ "initrd= as the last word", "label a\nappend x\n", "args a initrd=/i",
	  "initrd= as the last word of append makes U-Boot crash", STMBOOT_CONFLICT },
	{ "initrd= within a word, which U-Boot takes for its own", "label a\nappend x\n",
	  "args a my_initrd=/i|y",
	  "U-Boot would not read the labels as they are meant: around this "
	  "place the file is not what it seems",
	  STMBOOT_CONFLICT },
	{ "initrd= before an initrd line ends the label", "label a\nappend x\ninitrd /i\nfdt /f\n",
	  "args a initrd=/j|y",
	  "U-Boot would not read the labels as they are meant: around this "
	  "place the file is not what it seems",
	  STMBOOT_CONFLICT },
	{ "an initrd that append names", "label a\nappend initrd=/i x\n", "set a initrd /j",
	  "the initrd comes from initrd= in append", STMBOOT_CONFLICT },
	{ "the last argument", "label a\nappend x\n", "args a -x",
	  "no argument would be left, and U-Boot rejects an empty append",
	  STMBOOT_INVALID_ARGUMENT },
	{ "an argument within quotes of U-Boot's", "label a\nappend 'root=a rw' x\n",
	  "args a root=b",
	  "quotes or backslashes in append, which U-Boot takes away, span several arguments",
	  STMBOOT_UNSUPPORTED },
	{ "a first argument that would be a comment", "label a\nappend x\n", "args a =|#x",
	  "append would begin with '#', which is a comment to U-Boot", STMBOOT_INVALID_ARGUMENT },
	{ "the configuration of an earlier kernel line would stay",
	  "label a\nkernel /a#c\nkernel /b#d\n", "set a kernel /n",
	  "U-Boot would not read the labels as they are meant: around this place the file is not "
	  "what it seems",
	  STMBOOT_CONFLICT },
	{ "a line that an empty menu line would swallow", "label a\nkernel /k\nmenu\n\nlabel b\n",
	  "remove b", "label a\nkernel /k\nmenu\n" },
	{ "a removal that would wake lines of another label",
	  "label a\nkernel /a\nlabel b\nfdt /b\nfdt /b\nappend b\n", "remove b",
	  "U-Boot would not read the labels as they are meant: around this place the file is not "
	  "what it seems",
	  STMBOOT_CONFLICT },
	{ "a file that U-Boot rejects", "label a\nkernel /k\ndefault\nlabel b\n", "set a kernel /n",
	  "U-Boot does not read the configuration beyond line 3", STMBOOT_CORRUPT },
	{ "a name that is taken", TWO, "add b kernel=/k", "there is a label 'b' already",
	  STMBOOT_CONFLICT },
	{ "a key given twice", TWO, "add c kernel=/k linux=/l", "'linux' is given twice",
	  STMBOOT_INVALID_ARGUMENT },
	{ "a name with a new line", TWO, "add c\nd kernel=/k",
	  "the value has a control character or a new line", STMBOOT_INVALID_ARGUMENT },
	{ "a default of two labels with one name", "label a\nlabel a\n", "default a#0",
	  "a later label has the same name, and U-Boot would take that one", STMBOOT_CONFLICT },
};

static void expect_file(const struct row *row, const struct stmboot_extlinux_document *document,
			size_t index, const char *before, const char *after)
{
	const struct stmboot_extlinux_document_file *file =
		stmboot_extlinux_document_file(document, index);

	cr_assert_not_null(file, "%s", row->name);
	cr_expect(file->size == strlen(after) && memcmp(file->text, after, file->size) == 0,
		  "%s: '%.*s'", row->name, (int)file->size, file->text);
	cr_expect_eq(file->changed, strcmp(before, after) != 0, "%s", row->name);
}

Test(extlinux_edit, rows)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const struct stmboot_extlinux_options options = { .struct_size = sizeof(options),
								  .version = row->version,
								  .include = include };
		struct stmboot_extlinux_document *document;
		struct stmboot_refusal why = { .message = "" };
		enum stmboot_status status;

		cr_assert_eq(stmboot_extlinux_document_open(ctx, row->text, strlen(row->text),
							    &options, &document),
			     STMBOOT_OK);
		status = extlinux_apply(document, row->edit, &why);
		cr_expect_eq(status, row->status, "%s: %s: %s", row->name,
			     stmboot_status_text(status), why.message);
		if (row->status != STMBOOT_OK)
			cr_expect_str_eq(why.message, row->expected, "%s: %s", row->name,
					 why.message);
		expect_file(row, document, 0, row->text,
			    row->status == STMBOOT_OK ? row->expected : row->text);
		if (row->in_include != NULL)
			expect_file(row, document, 1, included, row->in_include);
		stmboot_extlinux_document_free(document);
	}
	stmboot_context_free(ctx);
}

Test(extlinux_edit, what_follows_a_nul_stays)
{
	static const char text[] = "label a\nkernel /k\n\0label b\n";
	static const char expected[] = "label a\nkernel /longer\n\0label b\n";
	const struct stmboot_extlinux_document_file *file;
	struct stmboot_extlinux_document *document;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_extlinux_document_open(ctx, text, sizeof(text), NULL, &document),
		     STMBOOT_OK);
	cr_assert_eq(stmboot_extlinux_document_set(document, 0, "kernel", "/longer", NULL),
		     STMBOOT_OK);
	file = stmboot_extlinux_document_file(document, 0);
	cr_assert_eq(file->size, sizeof(expected));
	cr_expect_arr_eq(file->text, expected, sizeof(expected));
	cr_expect_null(file->path);
	cr_expect_null(stmboot_extlinux_document_file(document, 1));
	stmboot_extlinux_document_free(document);
	stmboot_extlinux_document_free(NULL);
	stmboot_context_free(ctx);
}

Test(extlinux_edit, an_edit_that_was_refused_leaves_those_before_it)
{
	static const char text[] = TWO;
	struct stmboot_extlinux_document *document;
	const struct stmboot_extlinux *conf;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_extlinux_document_open(ctx, text, strlen(text), NULL, &document),
		     STMBOOT_OK);
	cr_assert_eq(extlinux_apply(document, "args a root=x", NULL), STMBOOT_OK);
	cr_assert_eq(extlinux_apply(document, "args a initrd=/i", NULL), STMBOOT_CONFLICT);
	cr_assert_eq(extlinux_apply(document, "remove b", NULL), STMBOOT_OK);
	conf = stmboot_extlinux_document_conf(document);
	cr_assert_eq(conf->label_count, 1);
	cr_expect_str_eq(conf->labels[0].append.text, "root=x");
	cr_assert_eq(extlinux_apply(document, "args a root=a", NULL), STMBOOT_OK);
	cr_assert_eq(extlinux_apply(document, "add b kernel=/b", NULL), STMBOOT_OK);
	cr_expect_not(stmboot_extlinux_document_file(document, 0)->changed);
	stmboot_extlinux_document_free(document);
	stmboot_context_free(ctx);
}
