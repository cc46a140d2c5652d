/* SPDX-License-Identifier: MIT */
/*
 * Edits of a real file that are refused, or get stuck, for rare reasons: what is said then, and
 * that the image is as it was, or can be finished.
 */
#include <criterion/criterion.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "../support/edit_bench.h"
#include "../support/pace.h"
#include "base/crc32.h"
#include "base/cursor.h"

TestSuite(edit_refusals, .init = bench_set_up, .fini = bench_tear_down, .timeout = 60);

/* --- begin --- */

static enum stmboot_status open_in_use(void *self, const char *path, enum sb_host_mode mode,
				       int *file)
{
	return strcmp(path, image) == 0 ? STMBOOT_CONFLICT
					: sb_host_posix.open(self, path, mode, file);
}

static enum stmboot_status mounted_somewhere(void *self, int file, const char *path, char *place,
					     size_t size)
{
	(void)self;
	(void)file;
	(void)path;
	(void)snprintf(place, size, "/mnt");
	return STMBOOT_CONFLICT;
}

static enum stmboot_status read_nothing(void *self, int file, uint64_t offset, void *buffer,
					size_t size)
{
	(void)self;
	(void)file;
	(void)offset;
	(void)buffer;
	(void)size;
	errno = EIO;
	return STMBOOT_IO;
}

Test(edit_refusals, a_device_that_must_not_be_written_says_why)
{
	static const char *const messages[] = {
		"the device is in use",
		"a file system of it is mounted at /mnt",
		"the state directory lies in memory, where no log is safe",
	};

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct stmboot_edit *edit = NULL;
		enum stmboot_recovery found = STMBOOT_RECOVERY_CLEAN;
		const enum stmboot_status expected = i < 2 ? STMBOOT_CONFLICT : STMBOOT_UNSUPPORTED;

		host = sb_host_posix;
		make_it_a_device();
		if (i == 0)
			host.open = open_in_use;
		else if (i == 1)
			host.mounted = mounted_somewhere;
		else
			host.is_volatile = is_always_volatile;
		cr_expect_eq(try_to_begin(&edit), expected, "%s", messages[i]);
		cr_expect_str_eq(why.message, messages[i]);
		cr_expect_eq(recover(&found), expected, "%s", messages[i]);
		cr_expect_str_eq(why.message, messages[i]);
	}
	cr_expect(holds(image, old));
}

Test(edit_refusals, a_device_needs_a_folder_and_a_name_for_its_log)
{
	struct stmboot_edit *edit = NULL;

	make_it_a_device();
	put(output, "no folder", 9);
	strcat(strcpy(state, output), "/s");
	cr_expect_eq(try_to_begin(&edit), STMBOOT_IO);
	cr_expect(strstr(why.message, "could not make the state directory") != NULL, "%s",
		  why.message);
	cr_assert_eq(remove(output), 0);
	host.read_at = read_nothing;
	cr_expect_eq(try_to_begin(&edit), STMBOOT_IO, "what is it called?");
	cr_expect_not(is_there(output));
}

Test(edit_refusals, an_image_that_is_not_there_is_neither_edited_nor_read)
{
	struct stmboot_edit *edit = NULL;
	struct sb_medium medium = { 0 };
	enum stmboot_recovery found = STMBOOT_RECOVERY_CLEAN;

	cr_assert_eq(remove(image), 0);
	cr_expect_eq(try_to_begin(&edit), STMBOOT_NOT_FOUND);
	cr_expect_eq(stmboot_edit_recover(ctx, image, &options, &why, &found), STMBOOT_NOT_FOUND);
	cr_expect_eq(sb_medium_open(ctx, &host, image, state, &medium), STMBOOT_NOT_FOUND);
	sb_medium_release(&medium);
}

/* The log as a later version might have written it, with nothing wrong in it. */
static void rewrite_log(const char *path, uint32_t version)
{
	static uint8_t bytes[65536];
	FILE *f = fopen(path, "rb");
	size_t size;

	cr_assert_not_null(f);
	size = fread(bytes, 1, sizeof(bytes), f);
	(void)fclose(f);
	cr_assert(size > 112 && size < sizeof(bytes));
	sb_put_le(bytes + 8, version, 4);
	sb_put_le(bytes + 108, sb_crc32(0, bytes, 108), 4);
	sb_put_le(bytes + size - 8, lzma_crc64(bytes, size - 8, 0), 8);
	put(path, bytes, size);
}

Test(edit_refusals, the_log_of_a_later_version_is_left_to_it)
{
	static const char message[] = "a later version of stmboot left the log of an edit";
	struct stmboot_edit *edit = NULL;
	struct sb_medium medium = { 0 };
	enum stmboot_recovery found = STMBOOT_RECOVERY_CLEAN;

	interrupt();
	rewrite_log(log_path, 3);
	cr_expect_eq(try_to_begin(&edit), STMBOOT_UNSUPPORTED);
	cr_expect_str_eq(why.message, message);
	cr_expect_eq(recover(&found), STMBOOT_UNSUPPORTED);
	cr_expect_str_eq(why.message, message);
	cr_expect_eq(found, STMBOOT_RECOVERY_PENDING);
	cr_expect_eq(sb_medium_open(ctx, &host, image, state, &medium), STMBOOT_UNSUPPORTED);
	sb_medium_release(&medium);
	cr_expect(holds(image, old));
	rewrite_log(log_path, 2);
	cr_expect_eq(recover(&found), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(found, STMBOOT_RECOVERY_FINISHED);
	cr_expect(holds(image, new));
}

/* --- words, ranges and notes without memory --- */

static enum stmboot_status describe_more(struct stmboot_edit *edit)
{
	return stmboot_edit_describe(edit, "what", "before", "after");
}

static enum stmboot_status describe_briefly(struct stmboot_edit *edit)
{
	return stmboot_edit_describe(edit, "what", NULL, NULL);
}

static enum stmboot_status describe_at_length(struct stmboot_edit *edit)
{
	static char text[8192];

	memset(text, 'x', sizeof(text) - 1);
	return stmboot_edit_describe(edit, "what", NULL, text);
}

static enum stmboot_status note_more(struct stmboot_edit *edit)
{
	return sb_edit_note(edit, "more");
}

static enum stmboot_status confine_more(struct stmboot_edit *edit)
{
	return sb_edit_confine(edit, 0, IMAGE);
}

/* The first request fails: a chunk for texts, or a longer list, whichever comes first. */
Test(edit_refusals, what_there_is_no_memory_to_say_is_told)
{
	enum stmboot_status (*const more[])(struct stmboot_edit *) = {
		describe_more, describe_briefly, describe_at_length, note_more, confine_more
	};

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		struct stmboot_edit *edit = begin_staged();
		enum stmboot_status status = STMBOOT_OK;
		size_t count = 0;

		heap_refuse(&heap, 1);
		while (status == STMBOOT_OK && count++ < 10000)
			status = more[i](edit);
		cr_expect_eq(status, STMBOOT_NO_MEMORY, "case %zu: %zu", i, count);
		heap_refuse(&heap, 0);
		stmboot_edit_close(edit);
	}
	cr_expect(holds(image, old));
}

/* --- up to the commit point --- */

Test(edit_refusals, an_edit_is_committed_once)
{
	struct stmboot_edit *edit = begin_staged();

	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_INVALID_ARGUMENT);
	stmboot_edit_close(edit);
	cr_expect(holds(image, new));
	cr_expect_not(is_there(log_path));
}

/* Of one order or of two. */
Test(edit_refusals, extents_that_touch_are_one_write)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_edit *edit = begin_staged();

	sb_overlay_mark(sb_edit_overlay(edit), 1024, 512, SB_ORDER_SUPERBLOCK);
	cr_assert_eq(stmboot_edit_plan(edit, &plan), STMBOOT_OK);
	cr_assert_eq(plan->write_count, 1);
	cr_expect_eq(plan->writes[0].offset, 512);
	cr_expect_eq(plan->writes[0].length, 1536);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
	cr_expect(holds(image, new));
}

/* The summary is as long as the text. */
Test(edit_refusals, each_allocation_of_a_commit_may_be_refused)
{
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	enum stmboot_recovery found;

	for (size_t n = 1; n < 200; n += pace(7)) {
		struct stmboot_edit *edit = begin_staged();
		bool pending, reached;

		cr_assert_eq(describe_at_length(edit), STMBOOT_OK);
		heap_refuse(&heap, n);
		status = stmboot_edit_commit(edit, &why);
		reached = heap.requests >= n;
		heap_refuse(&heap, 0);
		pending = stmboot_edit_result(edit)->state == STMBOOT_EDIT_PENDING;
		stmboot_edit_close(edit);
		cr_expect(status == STMBOOT_NO_MEMORY || status == STMBOOT_OK, "request %zu", n);
		cr_expect_eq(recover(&found), STMBOOT_OK, "request %zu: %s", n, why.message);
		cr_expect(holds(image, status == STMBOOT_OK || pending ? new : old), "request %zu",
			  n);
		put(image, old, IMAGE);
		if (!reached)
			break;
	}
	cr_expect_eq(status, STMBOOT_OK);
}

/* Of the sector at 512 a part is staged, so that all of it was read. */
Test(edit_refusals, what_changed_below_the_edit_is_noticed)
{
	struct stmboot_edit *edit = begin_staged();

	meddle(600);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_CONFLICT);
	cr_expect(strstr(why.message, "another program wrote") != NULL, "%s", why.message);
	cr_expect_eq(stmboot_edit_result(edit)->state, STMBOOT_EDIT_UNCHANGED);
	stmboot_edit_close(edit);
	cr_expect(holds(image, old));
}

/* It was found to be as it was, so it is not looked at again until it is written down. */
Test(edit_refusals, what_changed_below_the_edit_after_its_plan_is_noticed)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_edit *edit = begin_staged();
	int file = -1;

	cr_assert_eq(sb_edit_share(edit, false, &why, &file), STMBOOT_OK);
	cr_assert_eq(stmboot_edit_plan(edit, &plan), STMBOOT_OK);
	meddle(600);
	cr_expect_eq(sb_edit_hand_over(edit, &why), STMBOOT_CONFLICT);
	cr_expect(strstr(why.message, "another program wrote") != NULL, "%s", why.message);
	stmboot_edit_close(edit);
	cr_expect(holds(image, old));
}

/* A log that says another name is written anew, but not from what is no longer there. */
Test(edit_refusals, what_changed_below_a_log_that_is_written_anew_is_noticed)
{
	struct sb_log_head head = { .kind = SB_LOG_REDO, .medium_size = IMAGE, .name = "another" };
	struct stmboot_edit *edit;
	int file = -1;

	make_it_a_device();
	edit = begin_staged();
	cr_assert_eq(sb_edit_share(edit, false, &why, &file), STMBOOT_OK);
	cr_assert_eq(sb_log_put(ctx, &host, file, &head, edit->overlay, NULL), STMBOOT_OK);
	cr_assert_eq(sb_edit_take_over(edit, &why), STMBOOT_OK, "%s", why.message);
	meddle(600);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_CONFLICT);
	cr_expect_eq(stmboot_edit_result(edit)->state, STMBOOT_EDIT_UNCHANGED);
	stmboot_edit_close(edit);
	cr_expect(holds(image, old));
}

/* --- what is shared --- */

Test(edit_refusals, an_edit_is_handed_over_without_a_folder_for_temporary_files)
{
	struct rlimit limit, none;
	struct stmboot_edit *edit;
	int file = -1;

	cr_assert_eq(setenv("TMPDIR", "/nonexistent", 1), 0);
	edit = begin_staged();
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	cr_expect_eq(sb_edit_share(edit, false, &why, &file), STMBOOT_IO);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_expect(strstr(why.message, "could not make a temporary file") != NULL, "%s",
		  why.message);
	cr_assert_eq(sb_edit_share(edit, false, &why, &file), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(sb_edit_hand_over(edit, &why), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(sb_edit_take_over(edit, &why), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
	cr_expect(holds(image, new));
}

/* What decodes a hostile image may be taken over, and write what it likes. */
Test(edit_refusals, what_is_handed_over_in_memory_cannot_fill_it)
{
	struct stmboot_edit *edit = begin_staged();
	struct stat st;
	int file = -1;

	cr_assert_eq(sb_edit_share(edit, false, &why, &file), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(fstat(file, &st), 0);
	cr_expect_eq(st.st_blocks, 0);
	cr_expect_geq((uint64_t)st.st_size, sb_log_most_bytes(ctx->options.max_pending_bytes));
	cr_expect_lt((uint64_t)st.st_size, 2 * ctx->options.max_pending_bytes);
	cr_expect_eq(pwrite(file, "x", 1, st.st_size), -1);
	cr_expect_eq(ftruncate(file, st.st_size + 1), -1);
	cr_expect_eq(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), -1);
	cr_assert_eq(sb_edit_hand_over(edit, &why), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(sb_edit_take_over(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
}

Test(edit_refusals, what_is_large_is_not_handed_over_in_memory)
{
	struct stmboot_edit *edit = begin_staged();
	int file = -1;

	cr_assert_eq(setenv("TMPDIR", "/nonexistent", 1), 0);
	cr_expect_eq(sb_edit_share(edit, true, &why, &file), STMBOOT_IO);
	cr_expect(strstr(why.message, "could not make a temporary file") != NULL, "%s",
		  why.message);
	cr_assert_eq(unsetenv("TMPDIR"), 0);
	cr_assert_eq(sb_edit_share(edit, true, &why, &file), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(fcntl(file, F_GET_SEALS), -1);
	stmboot_edit_close(edit);
}

/* A limit to what a file may hold ends who makes a longer one. */
Test(edit_refusals, a_limit_of_the_size_of_files_does_not_stop_a_small_edit)
{
	const struct rlimit limit = { 1 << 20, 1 << 20 };
	struct stmboot_edit *edit = begin_staged();
	int file = -1;

	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert_eq(sb_edit_share(edit, false, &why, &file), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(sb_edit_hand_over(edit, &why), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(sb_edit_take_over(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
}

/* --- at the commit point --- */

static size_t syncs, renames, bad_rename;

static enum stmboot_status fail_to_sync(void *self, const char *path)
{
	if (strcmp(path, folder) != 0)
		return sb_host_posix.sync_directory(self, path);
	syncs++;
	errno = EIO;
	return STMBOOT_IO;
}

static enum stmboot_status fail_one_rename(void *self, const char *from, const char *to)
{
	errno = EIO;
	return ++renames == bad_rename ? STMBOOT_IO : sb_host_posix.rename(self, from, to);
}

/* Whether its name will be there again after a power cut nobody knows: so the edit waits. */
Test(edit_refusals, a_log_whose_name_may_be_durable_is_kept)
{
	enum stmboot_recovery found;

	for (bad_rename = 2; bad_rename < 5; bad_rename++) {
		const bool taken_back = bad_rename == 3;

		put(image, old, IMAGE);
		syncs = renames = 0;
		host.sync_directory = fail_to_sync;
		host.rename = fail_one_rename;
		cr_expect_eq(commit(taken_back ? STMBOOT_EDIT_UNCHANGED : STMBOOT_EDIT_PENDING),
			     STMBOOT_IO, "rename %zu", bad_rename);
		cr_expect(strstr(why.message, "make the log of the edit durable") != NULL, "%s",
			  why.message);
		cr_expect_geq(syncs, 1);
		cr_expect(holds(image, old), "rename %zu", bad_rename);
		cr_expect_neq(is_there(log_path), taken_back, "rename %zu", bad_rename);
		host = sb_host_posix;
		cr_expect_eq(recover(&found), STMBOOT_OK, "%s", why.message);
		cr_expect(holds(image, taken_back ? old : new), "rename %zu", bad_rename);
	}
}

/* --- behind the commit point --- */

Test(edit_refusals, a_medium_that_loses_what_is_written_leaves_the_log)
{
	enum stmboot_recovery found = STMBOOT_RECOVERY_CLEAN;

	strcpy(special, image);
	host.write_at = lose_writes;
	cr_expect_eq(commit(STMBOOT_EDIT_PENDING), STMBOOT_IO);
	cr_expect(strstr(why.message, "does not hold what was written") != NULL, "%s", why.message);
	cr_expect_eq(recover(&found), STMBOOT_IO, "still not");
	cr_expect_eq(found, STMBOOT_RECOVERY_PENDING);
	cr_expect(holds(image, old));
	host = sb_host_posix;
	cr_expect_eq(recover(&found), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(found, STMBOOT_RECOVERY_FINISHED);
	cr_expect(holds(image, new));
}

/* The second edit never begins, so the first one is what waits. */
Test(edit_refusals, an_edit_on_top_of_one_that_cannot_be_finished_leaves_that_one)
{
	enum stmboot_recovery found = STMBOOT_RECOVERY_CLEAN;
	struct stmboot_edit *edit;

	interrupt();
	edit = begin();
	cr_expect(stmboot_edit_is_interrupted(edit));
	cr_assert_eq(stmboot_edit_write(edit, 0, "second", 6), STMBOOT_OK);
	host.write_at = fail_writes;
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_IO);
	cr_expect_eq(stmboot_edit_result(edit)->state, STMBOOT_EDIT_PENDING);
	stmboot_edit_close(edit);
	host.write_at = sb_host_posix.write_at;
	cr_expect(holds(image, old));
	cr_expect_eq(recover(&found), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(found, STMBOOT_RECOVERY_FINISHED);
	cr_expect(holds(image, new));
}
