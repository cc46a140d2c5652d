/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <stmboot/edit.h>
#include <stmboot/fs.h>
#include <stmboot/text.h>
#include <string.h>

#include "../support/heap.h"
#include "base/checked.h"
#include "base/cursor.h"
#include "base/diag.h"
#include "base/hint.h"
#include "base/guid.h"
#include "source/source.h"

struct escape_case {
	const char *name;
	const char *text;
	const char *expected;
};

static const struct escape_case escape_cases[] = {
	{ "plain text is copied", "fsbl1 (ok)", "fsbl1 (ok)" },
	{ "NULL counts as empty", NULL, "" },
	{ "an escape sequence cannot reach the terminal", "a\033[31mb", "a\\x1b[31mb" },
	{ "a line feed cannot end the line", "a\nb\r", "a\\nb\\r" },
	{ "a backslash is doubled, so the result is unambiguous", "a\\x1b", "a\\\\x1b" },
	{ "UTF-8 stays readable", "caf\xc3\xa9", "caf\xc3\xa9" },
	{ "a byte that is not UTF-8 is shown as a number", "caf\xe9!", "caf\\xe9!" },
	{ "an overlong slash is not UTF-8", "\xc0\xaf", "\\xc0\\xaf" },
	{ "a surrogate is not UTF-8", "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	{ "C1 controls are controls, too",
	  "\xc2\x9b"
	  "31m",
	  "\\xc2\\x9b"
	  "31m" },
	{ "a right-to-left override cannot reverse the line",
	  "\xe2\x80\xae"
	  "x",
	  "\\xe2\\x80\\xae"
	  "x" },
	{ "nor can an Arabic letter mark turn what is near it",
	  "\xd8\x9c"
	  "1",
	  "\\xd8\\x9c"
	  "1" },
};

Test(base, escape)
{
	for (size_t i = 0; i < sizeof(escape_cases) / sizeof(escape_cases[0]); i++) {
		const struct escape_case *c = &escape_cases[i];
		char out[64];
		size_t length = stmboot_escape(c->text, out, sizeof(out));

		cr_expect_str_eq(out, c->expected, "%s", c->name);
		cr_expect_eq(length, strlen(c->expected), "%s", c->name);
	}
}

Test(base, escape_cuts_before_an_escape_never_within_one)
{
	char out[6];

	cr_expect_eq(stmboot_escape("ab\033c", out, sizeof(out)), 7);
	cr_expect_str_eq(out, "ab");
	cr_expect_eq(stmboot_escape("ab", NULL, 0), 2);
}

Test(base, guid_first_three_groups_are_little_endian)
{
	static const uint8_t linux_data[16] = { 0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47,
						0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4 };
	char text[SB_GUID_TEXT];
	uint8_t back[16];

	sb_guid_format(linux_data, text);
	cr_expect_str_eq(text, "0fc63daf-8483-4772-8e79-3d69d8477de4");
	cr_expect(sb_guid_parse("0FC63DAF-8483-4772-8E79-3D69D8477DE4", back));
	cr_expect_arr_eq(back, linux_data, 16);
	cr_expect_not(sb_guid_parse("0FC63DAF-8483-4772-8E79", back));
}

/* The n-th GUID of a seed. */
static void guid_of_seed(uint64_t seed, int n, char text[SB_GUID_TEXT])
{
	const struct stmboot_context_options options = { .struct_size = sizeof(options),
							 .guid_seed = seed,
							 .has_guid_seed = true };
	struct stmboot_context *ctx;
	uint8_t guid[16];

	cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
	for (int i = 0; i <= n; i++)
		sb_guid_new(ctx, guid);
	sb_guid_format(guid, text);
	stmboot_context_free(ctx);
}

Test(base, guids_of_a_seed_are_the_same_each_time)
{
	char a[SB_GUID_TEXT], b[SB_GUID_TEXT];

	guid_of_seed(1, 0, a);
	guid_of_seed(1, 0, b);
	cr_expect_str_eq(a, b);
	cr_expect_eq(a[14], '4', "%s", a);
	cr_expect(strchr("89ab", a[19]) != NULL, "%s", a);
	guid_of_seed(1, 1, b);
	cr_expect_str_neq(a, b);
	guid_of_seed(2, 0, b);
	cr_expect_str_neq(a, b);
}

Test(base, guids_without_a_seed_are_random)
{
	struct stmboot_context *ctx;
	uint8_t a[16], b[16];

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	sb_guid_new(ctx, a);
	sb_guid_new(ctx, b);
	cr_expect_arr_neq(a, b, 16);
	stmboot_context_free(ctx);
}

Test(base, cursor_past_the_end_reads_zero_and_remembers)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5 };
	struct sb_cursor c = sb_cursor(bytes, sizeof(bytes));

	cr_expect_eq(sb_le32(&c), 0x04030201);
	cr_expect(sb_cursor_ok(&c));
	cr_expect_eq(sb_le32(&c), 0);
	cr_expect_not(sb_cursor_ok(&c));
	cr_expect_eq(sb_u8(&c), 0, "a miss is sticky: what follows is not read either");
}

Test(base, ranges)
{
	cr_expect(sb_range_within(0, 0, 0));
	cr_expect(sb_range_within(4, 4, 8));
	cr_expect_not(sb_range_within(4, 5, 8));
	cr_expect_not(sb_range_within(UINT64_MAX, 2, 8), "offset + length must not wrap");
	cr_expect(sb_ranges_overlap(0, 5, 4, 1));
	cr_expect_not(sb_ranges_overlap(0, 4, 4, 1));
	cr_expect_not(sb_ranges_overlap(0, 0, 0, 1), "an empty range overlaps nothing");
	cr_expect(sb_ranges_overlap(UINT64_MAX - 1, 10, UINT64_MAX, 1));
	cr_expect_eq(sb_round_up_u64(UINT64_MAX, 4), UINT64_MAX - 3);
}

Test(base, a_window_past_the_end_is_cut_and_places_are_on_the_medium)
{
	static const char bytes[16] = "0123456789abcdef";
	struct stmboot_context *ctx;
	struct stmboot_source *memory, *window, *cache;
	struct stmboot_diags *diags;
	const struct stmboot_diag *diag;
	struct sb_scope scope;
	char buffer[4] = "";

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(ctx, bytes, sizeof(bytes), &memory), STMBOOT_OK);
	cr_assert_eq(stmboot_source_window(ctx, memory, 10, 100, &window), STMBOOT_OK);
	cr_assert_eq(sb_source_cache(ctx, window, NULL, &cache), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);

	cr_expect_eq(stmboot_source_size(window), 6);
	cr_expect_eq(stmboot_source_read(cache, 4, buffer, 2), STMBOOT_OK);
	cr_expect_str_eq(buffer, "ef");
	cr_expect_eq(stmboot_source_read(cache, 5, buffer, 2), STMBOOT_TRUNCATED);

	scope = sb_scope(diags, cache);
	scope.ceiling = STMBOOT_WARNING;
	sb_report(&scope, SB_IMAGE_TRUNCATED,
		  &(struct sb_finding){ .offset = 4, .length = 2, .found = "6 bytes" });
	diag = stmboot_diags_get(diags, 0);
	cr_assert_not_null(diag);
	cr_expect_str_eq(diag->code, "image.truncated");
	cr_expect_eq(diag->severity, STMBOOT_WARNING, "the context of a card may lower a severity");
	cr_expect(diag->place.has_offset);
	cr_expect_eq(diag->place.offset, 14);
	cr_expect_null(stmboot_diags_get(diags, 1));

	stmboot_diags_free(diags);
	stmboot_source_close(cache);
	stmboot_source_close(window);
	stmboot_source_close(memory);
	stmboot_context_free(ctx);
}

/* Read as a whole, in pieces that a cache keeps. */
static void expect_bytes(struct stmboot_source *cache, const uint8_t *bytes, size_t size)
{
	uint8_t buffer[100];

	for (size_t at = 0; at < size; at += sizeof(buffer)) {
		size_t part = size - at < sizeof(buffer) ? size - at : sizeof(buffer);

		cr_assert_eq(stmboot_source_read(cache, at, buffer, part), STMBOOT_OK);
		cr_expect_arr_eq(buffer, bytes + at, part);
	}
}

Test(base, caches_take_no_more_than_their_pool_has)
{
	static uint8_t bytes[64 << 10];
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	struct stmboot_source *memory, *caches[3];
	const uint64_t all = 20 << 10;
	uint64_t pool = all;
	size_t before;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 / 5);
	cr_assert_eq(stmboot_source_from_memory(ctx, bytes, sizeof(bytes), &memory), STMBOOT_OK);
	for (size_t i = 0; i < 3; i++)
		cr_assert_eq(sb_source_cache(ctx, memory, &pool, &caches[i]), STMBOOT_OK);
	before = heap.live;
	for (size_t i = 0; i < 3; i++)
		expect_bytes(caches[i], bytes, sizeof(bytes));
	cr_expect_lt(pool, 2048);
	cr_expect_leq(heap.live - before, 10, "%zu blocks of at least 2 KiB", heap.live - before);
	for (size_t i = 0; i < 3; i++)
		stmboot_source_close(caches[i]);
	cr_expect_eq(pool, all);
	stmboot_source_close(memory);
	stmboot_context_free(ctx);
	cr_expect_eq(heap.live, 0);
}

Test(base, every_code_is_complete_and_named_after_an_area)
{
	for (size_t i = 0; i < stmboot_code_count(); i++) {
		const struct stmboot_code *code = stmboot_code_at(i);

		cr_expect_not_null(strchr(code->code, '.'), "%s", code->code);
		cr_expect_eq(stmboot_code_find(code->code), code, "%s stands twice", code->code);
		cr_expect(strlen(code->meaning) > 0 && strlen(code->explanation) > 0 &&
				  strlen(code->source) > 0,
			  "%s", code->code);
	}
}

/* The codes of a list, each followed by a blank. */
static void join_codes(const struct stmboot_diags *diags, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < stmboot_diags_count(diags); i++) {
		size_t length = strlen(text);

		snprintf(text + length, size - length, "%s ", stmboot_diags_get(diags, i)->code);
	}
}

Test(base, a_selector_is_a_code_or_an_area)
{
	cr_expect(stmboot_code_is_known("gpt.primary-bad"));
	cr_expect(stmboot_code_is_known("gpt"));
	cr_expect_not(stmboot_code_is_known("gp"));
	cr_expect_not(stmboot_code_is_known("gpt.primary"));
	cr_expect_not(stmboot_code_is_known(""));
}

Test(base, words_for_programs)
{
	cr_expect_str_eq(stmboot_fs_type_name(STMBOOT_FS_CHAR_DEVICE), "char-device");
	cr_expect_str_eq(stmboot_fs_type_name(STMBOOT_FS_SOCKET), "socket");
	cr_expect_str_eq(stmboot_fs_type_name((enum stmboot_fs_type)99), "unknown");
	cr_expect_str_eq(stmboot_recovery_text(STMBOOT_RECOVERY_PENDING), "pending");
	cr_expect_str_eq(stmboot_recovery_text((enum stmboot_recovery)99), "?");
}

Test(base, the_state_directory_is_the_users)
{
	char path[64];

	cr_assert_eq(setenv("STMBOOT_STATE_DIR", "/own", 1), 0);
	cr_assert_eq(setenv("XDG_STATE_HOME", "/state", 1), 0);
	cr_assert_eq(setenv("HOME", "/home/me", 1), 0);
	cr_expect_str_eq(stmboot_state_directory(path, sizeof(path)), "/own");
	cr_assert_eq(setenv("STMBOOT_STATE_DIR", "relative", 1), 0);
	cr_expect_str_eq(stmboot_state_directory(path, sizeof(path)), "/state/stmboot");
	cr_assert_eq(unsetenv("XDG_STATE_HOME"), 0);
	cr_expect_str_eq(stmboot_state_directory(path, sizeof(path)),
			 "/home/me/.local/state/stmboot");
	cr_expect_null(stmboot_state_directory(path, 10));
	cr_assert_eq(unsetenv("HOME"), 0);
	cr_expect_null(stmboot_state_directory(path, sizeof(path)));
}

Test(base, why_a_file_was_not_opened_is_said)
{
	struct stmboot_refusal why;

	stmboot_source_explain("/", STMBOOT_NOT_RECOGNISED, 0, &why);
	cr_expect_str_eq(why.message, "this is a directory");
	stmboot_source_explain("/dev/null", STMBOOT_NOT_RECOGNISED, 0, &why);
	cr_expect_str_eq(why.message, "this is a character device");
	stmboot_source_explain("/missing", STMBOOT_NOT_FOUND, 0, &why);
	cr_expect_str_eq(why.hint, "check the path");
	stmboot_source_explain(NULL, STMBOOT_NOT_RECOGNISED, 0, &why);
	cr_expect(strstr(why.message, "not a card") != NULL, "%s", why.message);
	stmboot_source_explain(NULL, STMBOOT_IO, 0, &why);
	cr_expect_str_eq(why.message, "it could not be read");
	stmboot_source_explain(NULL, STMBOOT_NO_MEMORY, 0, &why);
	cr_expect_str_eq(why.message, stmboot_status_text(STMBOOT_NO_MEMORY));
	cr_expect_str_eq(why.hint, "");
}

Test(base, a_word_that_was_probably_meant_is_found)
{
	static const struct {
		const char *word, *meant[4], *best;
	} cases[] = {
		{ "rootsf", { "fsbl1", "ssbl", "rootfs" }, "rootfs" },
		{ "FSBL1", { "fsbl2", "fsbl1" }, "fsbl1" },
		{ "js", { "jobs", "json" }, "json" },
		{ "lss", { "ln", "ls", "stat" }, "ls" },
		{ "same", { "same" }, "same" },
		{ "frob", { "root", "fsbl" }, NULL },
		{ "x", { "y", "xyz" }, NULL },
		{ "", { "a" }, NULL },
		{ "a", { "" }, NULL },
		{ "a-name-of-more-than-sixty-three-letters-is-not-compared-with-any-other",
		  { "a-name-of-more-than-sixty-three-letters-is-not-compared-with-any-othr" },
		  NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *best = NULL;

		for (size_t k = 0; cases[i].meant[k] != NULL; k++)
			stmboot_similar(cases[i].word, cases[i].meant[k], &best);
		if (cases[i].best == NULL)
			cr_expect_null(best, "%s: %s", cases[i].word, best);
		else
			cr_expect_str_eq(best != NULL ? best : "", cases[i].best, "%s",
					 cases[i].word);
	}
}

/* A hint reported in this scope, with the image named if there is a path. */
static const char *hint_of(struct sb_scope *scope, const char *hint, const char *path, bool packed)
{
	size_t count = stmboot_diags_count(scope->diags);

	sb_report(scope, SB_IMAGE_TRUNCATED, &(struct sb_finding){ .hint = hint });
	if (path != NULL)
		sb_diags_name_image(scope->diags, count, path, packed);
	return stmboot_diags_get(scope->diags, count)->hint;
}

Test(base, the_command_of_a_hint_names_the_image)
{
	static const struct {
		const char *hint, *path, *named;
		bool packed;
	} cases[] = {
		{ "run `stmboot gpt repair IMAGE`: it helps", "card.img",
		  "run `stmboot gpt repair card.img`: it helps", false },
		{ "`stmboot gpt repair IMAGE`", "my card's.img",
		  "`stmboot gpt repair 'my card'\"'\"'s.img'`", false },
		{ "`stmboot fs cat IMAGE 'a'\"'\"' b' && stmboot gpt repair IMAGE`, now", "c",
		  "`stmboot fs cat c 'a'\"'\"' b' && stmboot gpt repair c`, now", false },
		{ "`stmboot gpt repair IMAGE`", "a\\b", "`stmboot gpt repair IMAGE`", false },
		{ "`stmboot gpt repair IMAGE`", "a`b", "`stmboot gpt repair IMAGE`", false },
		{ "`stmboot gpt repair IMAGE`", "-n", "`stmboot gpt repair ./-n`", false },
		{ "`stmboot gpt repair IMAGE`", "a.img.gz",
		  "`stmboot gpt repair a.img.gz --output mended.img`", true },
		{ "`stmboot part read IMAGE 1 F && stmboot part write IMAGE 2 F`", "a.xz",
		  "`stmboot part read a.xz 1 F && stmboot part write a.xz --output mended.img 2 F`",
		  true },
		{ "`stmboot fs rm IMAGE /a && stmboot fs put IMAGE F /a`", "a.xz",
		  "`stmboot fs rm a.xz --output mended.img /a && stmboot fs put mended.img F /a`",
		  true },
		{ "`e2fsck -p IMAGE?offset=512`", "a.img", "`e2fsck -p 'a.img?offset=512'`",
		  false },
		{ "`e2fsck -p IMAGE?offset=512`", "a.xz", "`e2fsck -p IMAGE?offset=512`", true },
		{ "`sgdisk --resize-table=128 IMAGE`", "a.xz", "`sgdisk --resize-table=128 IMAGE`",
		  true },
		{ "`stmboot extlinux default IMAGE IMAGE`", "a",
		  "`stmboot extlinux default a IMAGE`", false },
		{ "`stmboot extlinux set IMAGE 'a && IMAGE' kernel IMAGE`", "b",
		  "`stmboot extlinux set b 'a && IMAGE' kernel IMAGE`", false },
		{ "the IMAGE is said to be `short", "a", "the IMAGE is said to be `short", false },
		{ "nothing to name", "a", "nothing to name", false },
		{ "`stmboot gpt repair IMAGE`", NULL, "`stmboot gpt repair IMAGE`", false },
	};
	struct stmboot_context *ctx;
	struct stmboot_diags *diags;
	struct sb_scope scope;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
	scope = sb_scope(diags, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_str_eq(hint_of(&scope, cases[i].hint, cases[i].path, cases[i].packed),
				 cases[i].named);
	stmboot_diags_free(diags);
	stmboot_context_free(ctx);
}

Test(base, a_hint_names_the_place_that_its_finding_is_in)
{
	struct stmboot_context *ctx;
	struct stmboot_diags *diags;
	struct sb_scope scope;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
	scope = sb_scope(diags, NULL);
	cr_expect_str_eq(sb_hint_replace(&scope, "write it"), "write it");
	cr_expect_str_eq(sb_hint_edit(&scope, "mend it"), "mend it");
	cr_expect_str_eq(sb_hint_e2fsck(&scope, "-p", "check it"), "check it");
	scope.partition = 4;
	cr_expect_str_eq(sb_hint_replace(&scope, "write it"),
			 "write it: `stmboot part write IMAGE 4 FILE`");
	scope.target = "fsbl";
	cr_expect_str_eq(sb_hint_replace(&scope, "write it"),
			 "write it: `stmboot part write IMAGE fsbl FILE`");
	scope.path = "/boot/my kernel";
	cr_expect_str_eq(sb_hint_replace(&scope, "copy it"),
			 "copy it: `stmboot fs put IMAGE FILE '4:/boot/my kernel'`");
	cr_expect_str_eq(sb_hint_sed(&scope, "2d", "drop it"),
			 "drop it: `VISUAL='sed -i 2d' stmboot fs edit IMAGE '4:/boot/my kernel'`");
	scope.partition = 0;
	cr_expect_str_eq(sb_hint_edit(&scope, "mend it"),
			 "mend it: `stmboot fs edit IMAGE '/boot/my kernel'`");
	cr_expect_str_eq(sb_hint_word(&scope, ""), "''");
	scope.remedy = "take the other";
	scope.ceiling = STMBOOT_NOTE;
	cr_expect_str_eq(hint_of(&scope, "its own", NULL, false), "its own");
	scope.ceiling = STMBOOT_WARNING;
	cr_expect_str_eq(hint_of(&scope, "its own", NULL, false), "take the other");
	stmboot_diags_free(diags);
	stmboot_context_free(ctx);
}

/* What is copied from a screen, where stmboot_escape() was at it, is the same word. */
Test(base, a_word_of_a_hint_is_safe_to_copy)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{ "$(reboot) && ls; *", "'$(reboot) && ls; *'" },
		{ "it's $(reboot)", "'it'\"'\"'s $(reboot)'" },
		{ "''", "''\"'\"''\"'\"''" },
		{ "K\xc3\xbc"
		  "che",
		  "'K\xc3\xbc"
		  "che'" },
		{ "a\\", "NAME" },
		{ "`reboot`", "NAME" },
		{ "--force", "NAME" },
		{ "a\nreboot", "NAME" },
		{ "a\x1b[2J", "NAME" },
		{ "a\xff", "NAME" },
		{ "a\xe2\x80\xae", "NAME" },
	};
	struct stmboot_context *ctx;
	struct stmboot_diags *diags;
	struct sb_scope scope;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
	scope = sb_scope(diags, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_str_eq(sb_hint_word(&scope, cases[i].text), cases[i].word);
	cr_expect_str_eq(sb_hint_place(&scope, 4, "/a`b"), "PLACE");
	stmboot_diags_free(diags);
	stmboot_context_free(ctx);
}

Test(base, a_selection_keeps_what_it_names_in_order)
{
	static const struct {
		const char *name, *only[2], *ignore[2], *left;
	} cases[] = {
		{ "nothing is named",
		  { 0 },
		  { 0 },
		  "image.truncated gpt.primary-bad gpt.backup-bad " },
		{ "a code alone", { "gpt.backup-bad" }, { 0 }, "gpt.backup-bad " },
		{ "an area alone", { "gpt" }, { 0 }, "gpt.primary-bad gpt.backup-bad " },
		{ "two that are wanted",
		  { "gpt.backup-bad", "image" },
		  { 0 },
		  "image.truncated gpt.backup-bad " },
		{ "a code ignored",
		  { 0 },
		  { "gpt.primary-bad" },
		  "image.truncated gpt.backup-bad " },
		{ "an area ignored", { 0 }, { "gpt" }, "image.truncated " },
		{ "a code ignored of an area that is wanted",
		  { "gpt" },
		  { "gpt.primary-bad" },
		  "gpt.backup-bad " },
		{ "all ignored", { 0 }, { "gpt", "image" }, "" },
		{ "the beginning of an area is no area", { "gp" }, { 0 }, "" },
		{ "the beginning of a code is no code", { "gpt.primary" }, { 0 }, "" },
		{ "an empty word means nothing", { "" }, { 0 }, "" },
	};
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stmboot_selection selection = { .struct_size = sizeof(selection),
						       .only = cases[i].only,
						       .ignore = cases[i].ignore };
		struct stmboot_diags *diags;
		struct sb_scope scope;
		char left[256];

		for (size_t k = 0; k < 2; k++) {
			selection.only_count += cases[i].only[k] != NULL;
			selection.ignore_count += cases[i].ignore[k] != NULL;
		}
		cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
		scope = sb_scope(diags, NULL);
		sb_report(&scope, SB_IMAGE_TRUNCATED, &(struct sb_finding){ 0 });
		sb_report(&scope, SB_GPT_PRIMARY_BAD, &(struct sb_finding){ 0 });
		sb_report(&scope, SB_GPT_BACKUP_BAD, &(struct sb_finding){ 0 });
		stmboot_diags_select(diags, &selection);
		join_codes(diags, left, sizeof(left));
		cr_expect_str_eq(left, cases[i].left, "%s: %s", cases[i].name, left);
		stmboot_diags_free(diags);
	}
	stmboot_context_free(ctx);
}

Test(base, a_peek_past_the_end_reads_zeros)
{
	struct stmboot_context *ctx;
	struct stmboot_source *memory;
	char buffer[4] = "abc";
	size_t got = 9;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(ctx, "0123", 4, &memory), STMBOOT_OK);
	cr_expect_eq(sb_source_peek(memory, 3, buffer, 4, &got), STMBOOT_OK);
	cr_expect_eq(got, 1);
	cr_expect_str_eq(buffer, "3");
	cr_expect_eq(sb_source_peek(memory, 99, buffer, 4, &got), STMBOOT_OK);
	cr_expect_eq(got, 0);
	cr_expect_eq(buffer[0], 0);
	stmboot_source_close(memory);
	stmboot_context_free(ctx);
}

static enum stmboot_status unreadable(void *self, uint64_t offset, void *buffer, size_t size)
{
	(void)self;
	memset(buffer, 0, size);
	return offset >= 512 ? STMBOOT_IO : STMBOOT_OK;
}

static uint64_t a_mebibyte(void *self)
{
	(void)self;
	return 1 << 20;
}

Test(base, what_cannot_be_read_is_remembered_once_and_not_without_end)
{
	const struct stmboot_source_ops ops = { .struct_size = sizeof(ops),
						.read_at = unreadable,
						.size = a_mebibyte };
	struct stmboot_context *ctx;
	struct stmboot_source *medium, *watched;
	struct sb_read_errors errors = { 0 };
	char buffer[16];

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_new(ctx, &ops, NULL, &medium), STMBOOT_OK);
	cr_assert_eq(sb_source_watch(ctx, medium, &errors, &watched), STMBOOT_OK);
	cr_expect_eq(stmboot_source_size(watched), 1 << 20);
	cr_expect_eq(stmboot_source_read(watched, 0, buffer, 16), STMBOOT_OK);
	cr_expect_eq(stmboot_source_read(watched, 1 << 20, buffer, 16), STMBOOT_TRUNCATED);
	cr_expect_eq(errors.count, 0, "only what the medium refuses counts");
	for (int i = 0; i < 2; i++)
		cr_expect_eq(stmboot_source_read(watched, 4096, buffer, 16), STMBOOT_IO);
	cr_expect_eq(errors.count, 1);
	cr_expect_eq(errors.places[0].offset, 4096);
	cr_expect_eq(errors.places[0].length, 16);
	for (uint64_t offset = 512; offset < 8192; offset += 16)
		cr_expect_eq(stmboot_source_read(watched, offset, buffer, 16), STMBOOT_IO);
	cr_expect_eq(errors.count, SB_MAX_READ_ERRORS);
	stmboot_source_close(watched);
	stmboot_source_close(medium);
	stmboot_context_free(ctx);
}
