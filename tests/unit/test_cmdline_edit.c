/* SPDX-License-Identifier: MIT */
/* The expected lines follow from Linux lib/cmdline.c and from what is promised for set-bootargs. */
#include <criterion/criterion.h>
#include <string.h>

#include <stmboot/cmdline.h>

#include "../support/edit_words.h"

struct row {
	const char *name;
	const char *text;
	const char *edit;     /* see edit_words.h */
	const char *expected; /* the line, or with a status the message */
	enum stmboot_status status;
};

static const struct row rows[] = {
	{ "a new key goes to the end", "root=/dev/mmcblk0p4 rw", "quiet",
	  "root=/dev/mmcblk0p4 rw quiet" },
	{ "a key that is there is replaced in its place", "root=a rw", "root=b", "root=b rw" },
	{ "an empty line gets the first word", "", "quiet", "quiet" },
	{ "a line of blanks keeps them behind the word", "  ", "quiet", "quiet  " },
	{ "all occurrences go, at the place of the first", "a console=1 b console=2 c", "console=3",
	  "a console=3 b c" },
	{ "several of one key stand together at the place of the first",
	  "a console=1 b console=2 c", "console=3|console=4|console=5",
	  "a console=3 console=4 console=5 b c" },
	{ "keys keep their own places", "a=1 b=2", "b=3|a=4|c=5", "a=4 b=3 c=5" },
	{ "several of one new key stand together, too", "x", "a=1|b=1|a=2", "x a=1 a=2 b=1" },
	{ "a value turns into a flag and back", "rootwait=5 ro=1", "rootwait|ro=2",
	  "rootwait ro=2" },
	{ "dash equals underscore in keys", "log_buf-len=1 x", "log-buf_len=2", "log-buf_len=2 x" },
	{ "dash does not equal underscore in values", "a=b-c", "a=b_c", "a=b_c" },
	{ "a longer key is another key", "rootfstype=ext4 root=a", "root=b",
	  "rootfstype=ext4 root=b" },
	{ "keys are compared with their case", "ROOT=a", "root=b", "ROOT=a root=b" },
	{ "what is there already changes nothing", "a=1  b\tc ", "a=1", "a=1  b\tc " },
	{ "white space stays as it is", " a=1   b\t\tc=2 d ", "c=3", " a=1   b\t\tc=3 d " },
	{ "what goes to the end comes before blanks at the end", "a ", "b", "a b " },
	{ "a new word comes before --", "a -- single", "b", "a b -- single" },
	{ "a new word comes before a -- that stands alone", "-- single", "b", "b -- single" },
	{ "what follows -- is init's and stays", "root=a -- root=b  x", "root=c",
	  "root=c -- root=b  x" },
	{ "a key behind -- only is a new one before it", "a -- root=b", "root=c",
	  "a root=c -- root=b" },
	{ "a second -- stays, too", "a -- b -- root=c", "root=d", "a root=d -- b -- root=c" },
	{ "a blank in a value is quoted", "a=1", "a=b c", "a=\"b c\"" },
	{ "a value that is quoted already stays as it is", "a=1", "a=\"b c\"", "a=\"b c\"" },
	{ "a word that is quoted as a whole stays", "x", "\"a=b c\"", "x \"a=b c\"" },
	{ "a word that is quoted as a whole is found by its key", "\"a=b c\" x", "a=2", "a=2 x" },
	{ "a quoted value is replaced with its quotes", "a=\"b c\" d", "a=e", "a=e d" },
	{ "quotes in the middle of a value are kept by the kernel, and here", "x", "a=b\"c d\"",
	  "x a=b\"c d\"" },
	{ "0xa0 is white space to the kernel", "x", "name=voil\xc3\xa0",
	  "x name=\"voil\xc3\xa0\"" },
	{ "an empty value is a value", "a=1", "a=", "a=" },
	{ "a second '=' belongs to the value", "a=1", "a=b=c", "a=b=c" },
	{ "a variable of U-Boot's is a word like any other", "root=PARTUUID=${u} ${x}", "root=a",
	  "root=a ${x}" },
	{ "a variable can be given", "root=a", "root=PARTUUID=${distro_bootpart_uuid}",
	  "root=PARTUUID=${distro_bootpart_uuid}" },
	{ "an addition goes to the end although the key is there", "console=1 a", "+console=2",
	  "console=1 a console=2" },
	{ "an addition comes behind what is set", "a=1", "+a=3|a=2", "a=2 a=3" },
	{ "a key that was added can be removed", "a=1 b a=2", "-a", "b" },
	{ "removal takes the blanks before the word", "a  b   c", "-b", "a   c" },
	{ "removal of the first word leaves no blanks in front", "a  b", "-a", "b" },
	{ "removal of the last word keeps blanks at the end", "a b ", "-b", "a " },
	{ "removal of all words leaves nothing", " a ", "-a", "" },
	{ "removal of all words leaves init its own", "a -- b", "-a", "-- b" },
	{ "removal of a key that is not there changes nothing", "a  b", "-c", "a  b" },
	{ "removal does not reach behind --", "a -- a", "-a", "-- a" },
	{ "removal takes values and flags", "a a=1 a=2", "-a", "" },
	{ "replacement leaves nothing", "a b -- c", "=|x=1|y", "x=1 y" },
	{ "replacement may name arguments of init", "a", "=|x|--|single", "x -- single" },
	{ "an unclosed quote goes with its word", "a b=\"c d", "b=1", "a b=1" },
	{ "nothing fits behind an unclosed quote", "a b=\"c d", "e",
	  "a double quote without its partner takes in what would follow it", STMBOOT_UNSUPPORTED },
	{ "an empty argument is refused", "a", "", "the argument '' has no key",
	  STMBOOT_INVALID_ARGUMENT },
	{ "an argument without a key is refused", "a", "=b", "the argument '=b' has no key",
	  STMBOOT_INVALID_ARGUMENT },
	{ "a new line is refused", "a", "b\nc=d", "'b\nc=d' has a control character or a new line",
	  STMBOOT_INVALID_ARGUMENT },
	{ "an escape character is refused", "a", "b=\x1b[31m",
	  "'b=\x1b[31m' has a control character or a new line", STMBOOT_INVALID_ARGUMENT },
	{ "a delete character is refused", "a", "b=\x7f",
	  "'b=\x7f' has a control character or a new line", STMBOOT_INVALID_ARGUMENT },
	{ "two words in one argument are refused", "a", "b c",
	  "'b c' has a blank, and is not a value", STMBOOT_INVALID_ARGUMENT },
	{ "a blank in a key is refused", "a", "b c=d", "'b c=d' has a blank, and is not a value",
	  STMBOOT_INVALID_ARGUMENT },
	{ "a quote without its partner is refused", "a", "b=\"c",
	  "the quotes in 'b=\"c' do not make it one argument", STMBOOT_INVALID_ARGUMENT },
	{ "quotes that leave two words are refused", "a", "b=\"c\" d",
	  "the quotes in 'b=\"c\" d' do not make it one argument", STMBOOT_INVALID_ARGUMENT },
	{ "-- is no argument", "a", "--", "'--' is no argument of the kernel",
	  STMBOOT_INVALID_ARGUMENT },
	{ "a key with its value cannot be removed", "a", "-b=c", "'b=c' is not a key",
	  STMBOOT_INVALID_ARGUMENT },
	{ "a key with a blank cannot be removed", "a", "-b c", "'b c' is not a key",
	  STMBOOT_INVALID_ARGUMENT },
	{ "the same key cannot be set and removed", "a", "b-c=1|-b_c",
	  "'b-c=1' is both set and removed", STMBOOT_INVALID_ARGUMENT },
	{ "the same key cannot be added and removed", "a", "+b=1|-b",
	  "'b=1' is both set and removed", STMBOOT_INVALID_ARGUMENT },
	{ "a replacement can add nothing", "a", "=|b|+c",
	  "nothing can be added or removed where all is replaced", STMBOOT_INVALID_ARGUMENT },
};

Test(cmdline_edit, rows)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const struct stmboot_cmdline_edited *edited = NULL;
		struct stmboot_refusal why = { .message = "" };
		struct edit_words words;
		enum stmboot_status status = stmboot_cmdline_edit(
			ctx, row->text, edit_words(&words, row->edit), &why, &edited);

		cr_expect_eq(status, row->status, "%s: %s", row->name, stmboot_status_text(status));
		if (status != STMBOOT_OK) {
			cr_expect_str_eq(why.message, row->expected, "%s: %s", row->name,
					 why.message);
			continue;
		}
		cr_expect_str_eq(edited->text, row->expected, "%s: '%s'", row->name, edited->text);
		cr_expect_eq(edited->changed, strcmp(row->text, row->expected) != 0, "%s",
			     row->name);
		stmboot_cmdline_edited_free(edited);
	}
	stmboot_context_free(ctx);
}

Test(cmdline_edit, a_caller_of_an_older_interface_has_fewer_members)
{
	const char *set[] = { "a=2" };
	struct stmboot_cmdline_edit edit = { .struct_size =
						     offsetof(struct stmboot_cmdline_edit, remove),
					     .set = set,
					     .set_count = 1,
					     .replace = true };
	const struct stmboot_cmdline_edited *edited;
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_cmdline_edit(ctx, "a=1 b", &edit, NULL, &edited), STMBOOT_OK);
	cr_expect_str_eq(edited->text, "a=2 b");
	stmboot_cmdline_edited_free(edited);
	stmboot_cmdline_edited_free(NULL);
	stmboot_context_free(ctx);
}
