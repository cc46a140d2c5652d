/* SPDX-License-Identifier: MIT */
/* A journal in an image that is edited: replayed as a whole, or refused in words. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../support/edit_bench.h"
#include "../support/jbd2_medium.h"
#include "../support/pace.h"

/* The file system is one of several things in the image. */
enum { BASE = 3 * 4096, BYTES = BASE + JM_BYTES, MANY = 2000 };

static uint8_t card[BYTES];

static void set_up(void)
{
	struct jm_log log = { .medium = card + BASE, .kind = JM_V3, .start = 1, .sequence = 1 };

	bench_set_up();
	jm_make(&log);
	jm_three(&log);
	put(image, card, BYTES);
}

TestSuite(replay, .init = set_up, .fini = bench_tear_down, .timeout = 60);

/* Does the image hold what the card does, and its file system the journal's blocks or none? */
static void expect_image(unsigned transactions, const char *when)
{
	static uint8_t bytes[BYTES];
	FILE *f = fopen(image, "rb");

	cr_assert_not_null(f, "%s", when);
	cr_assert_eq(fread(bytes, 1, BYTES, f), BYTES, "%s", when);
	(void)fclose(f);
	if (transactions == 0)
		cr_expect(memcmp(bytes, card, BYTES) == 0, "%s", when);
	for (size_t i = 0; i < 10; i++)
		cr_expect_eq(bytes[BASE + (JM_DATA + i) * JM_BLOCK + 4],
			     (uint8_t)jm_after(transactions)[i], "%s: block %zu", when, i);
}

static enum stmboot_status replay(struct stmboot_edit *edit, uint64_t *blocks)
{
	why = (struct stmboot_refusal){ .message = "" };
	*blocks = 0;
	return sb_edit_replay(edit, BASE, JM_BYTES, &why, blocks);
}

Test(replay, the_journal_is_replayed_with_the_commit)
{
	struct stmboot_edit *edit = begin();
	uint64_t blocks;

	cr_assert_eq(replay(edit, &blocks), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(blocks, 3);
	expect_image(0, "before the commit");
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
	expect_image(3, "after the commit");
	edit = begin();
	cr_expect_eq(replay(edit, &blocks), STMBOOT_NOT_FOUND, "twice is once");
	stmboot_edit_close(edit);
}

/* A byte of the file system that is another one. */
Test(replay, a_journal_that_cannot_be_replayed_says_what_and_where)
{
	static const struct {
		const char *message;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ "the journal cannot be replayed: a journal without its superblock, at 0x8000",
		  JM_JOURNAL * JM_BLOCK, 0 },
		{ "the journal cannot be replayed: a group descriptor that points outside",
		  2 * JM_BLOCK + 10, 0x10 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t was = card[BASE + cases[i].at];
		struct stmboot_edit *edit;
		uint64_t blocks;

		card[BASE + cases[i].at] = cases[i].value;
		put(image, card, BYTES);
		edit = begin();
		cr_expect_eq(replay(edit, &blocks), STMBOOT_CORRUPT, "case %zu", i);
		cr_expect_str_eq(why.message, cases[i].message);
		cr_expect(strstr(why.hint, "e2fsck") != NULL, "%s", why.hint);
		cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK);
		stmboot_edit_close(edit);
		expect_image(0, "nothing was staged");
		card[BASE + cases[i].at] = was;
	}
}

/* Where the image cannot be read. */
static uint64_t bad_from, bad_to;

static enum stmboot_status read_around(void *self, int file, uint64_t offset, void *buffer,
				       size_t size)
{
	errno = EIO;
	return offset < bad_to && offset + size > bad_from
		       ? STMBOOT_IO
		       : sb_host_posix.read_at(self, file, offset, buffer, size);
}

Test(replay, a_journal_that_cannot_be_read_says_where)
{
	static const struct {
		const char *message;
		size_t block;
	} cases[] = {
		{ "could not read the journal at 0x8000: Input/output error", JM_JOURNAL },
		{ "could not read the journal at 0x8400: Input/output error", JM_JOURNAL + 1 },
		{ "could not read the journal of the file system: Input/output error", 1 },
	};

	host.read_at = read_around;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stmboot_edit *edit = begin();
		uint64_t blocks;

		bad_from = BASE + cases[i].block * JM_BLOCK;
		bad_to = bad_from + JM_BLOCK;
		cr_expect_eq(replay(edit, &blocks), STMBOOT_IO, "case %zu", i);
		cr_expect_str_eq(why.message, cases[i].message);
		bad_from = bad_to = 0;
		stmboot_edit_close(edit);
	}
	expect_image(0, "nothing was written");
}

static size_t reads, bad_read;

static enum stmboot_status fail_from_a_read_on(void *self, int file, uint64_t offset, void *buffer,
					       size_t size)
{
	errno = EIO;
	return bad_read != 0 && ++reads >= bad_read
		       ? STMBOOT_IO
		       : sb_host_posix.read_at(self, file, offset, buffer, size);
}

/* Whoever commits after that all the same commits nothing. */
Test(replay, each_read_may_fail)
{
	enum stmboot_status status = STMBOOT_IO;
	size_t n;

	host.read_at = fail_from_a_read_on;
	for (n = 1; n < MANY && status != STMBOOT_OK; n += pace(7)) {
		struct stmboot_edit *edit = begin();
		uint64_t blocks;

		reads = 0;
		bad_read = n;
		status = replay(edit, &blocks);
		cr_expect_eq(status, reads >= n ? STMBOOT_IO : STMBOOT_OK, "read %zu", n);
		bad_read = 0;
		if (status != STMBOOT_OK)
			(void)!stmboot_edit_commit(edit, &why);
		stmboot_edit_close(edit);
		expect_image(0, "nothing was committed");
	}
	cr_expect(n > 5 && n < MANY, "%zu reads", n);
}

/* A half of it must never be committed. */
Test(replay, more_than_an_edit_may_change_is_refused_for_good)
{
	const struct stmboot_context_options small = { .struct_size = sizeof(small),
						       .max_pending_bytes = 2048 };
	struct stmboot_context *usual = ctx;
	struct stmboot_edit *edit;
	uint64_t blocks;

	cr_assert_eq(stmboot_context_new(&small, &ctx), STMBOOT_OK);
	edit = begin();
	cr_expect_eq(replay(edit, &blocks), STMBOOT_LIMIT);
	cr_expect_str_eq(why.message, "there is more in the journal than an edit may change");
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_LIMIT);
	stmboot_edit_close(edit);
	stmboot_context_free(ctx);
	ctx = usual;
	expect_image(0, "nothing was written");
}

Test(replay, each_allocation_may_be_refused)
{
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	size_t n;

	for (n = 1; n < MANY && status != STMBOOT_OK; n += pace(7)) {
		const size_t live = heap.live;
		struct stmboot_edit *edit = begin();
		uint64_t blocks;

		heap_refuse(&heap, n);
		status = replay(edit, &blocks);
		cr_expect_eq(status, heap.requests >= n ? STMBOOT_NO_MEMORY : STMBOOT_OK,
			     "request %zu: %s", n, stmboot_status_text(status));
		heap_refuse(&heap, 0);
		stmboot_edit_close(edit);
		cr_expect_eq(heap.live, live, "request %zu", n);
	}
	cr_expect(n > 10 && n < MANY);
	expect_image(0, "nothing was written");
}

/* By it the log of a bare file system on a device is found. */
Test(replay, a_bare_file_system_is_known_by_its_uuid)
{
	uint8_t id[SB_MEDIUM_ID_BYTES], uuid[SB_MEDIUM_ID_BYTES];
	struct stmboot_source *src;

	memset(uuid, 0x5a, sizeof(uuid));
	memcpy(card + BASE + JM_BLOCK + 0x68, uuid, sizeof(uuid));
	cr_assert_eq(stmboot_source_from_memory(ctx, card + BASE, JM_BYTES, &src), STMBOOT_OK);
	cr_expect_eq(sb_medium_id(src, id), STMBOOT_OK);
	cr_expect_arr_eq(id, uuid, sizeof(uuid));
	stmboot_source_close(src);
}
