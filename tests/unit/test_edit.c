/* SPDX-License-Identifier: MIT */
/* Edits of real files in a directory of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <string.h>
#include <zlib.h>

#include "../support/fast_folder.h"
#include "base/context.h"
#include "base/crc32.h"
#include "base/cursor.h"
#include "edit/edit.h"
#include "source/spill.h"

/* Not whole sectors, so that the last one is short. */
enum { IMAGE = 64 * 512 + 100 };

static char folder[64], image[96], log_path[128], state[96], output[96];
static uint8_t original[IMAGE];
static struct stmboot_context *ctx;
static struct stmboot_edit_options options;
static struct stmboot_refusal why;
static struct sb_host host;

static void put_file(const char *path, const void *data, size_t size)
{
	FILE *f = fopen(path, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(data, 1, size, f), size);
	cr_assert_eq(fclose(f), 0);
}

static void expect_content(const char *path, const uint8_t *expected, const char *when)
{
	static uint8_t bytes[IMAGE + 1];
	FILE *f = fopen(path, "rb");

	cr_assert_not_null(f, "%s", when);
	cr_expect_eq(fread(bytes, 1, sizeof(bytes), f), IMAGE, "%s", when);
	cr_expect(memcmp(bytes, expected, IMAGE) == 0, "%s", when);
	(void)fclose(f);
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void set_up(void)
{
	fast_folder(folder, sizeof(folder), "edit");
	cr_assert_not_null(mkdtemp(folder));
	(void)snprintf(image, sizeof(image), "%s/card.img", folder);
	(void)snprintf(log_path, sizeof(log_path), "%s.stmboot-journal", image);
	(void)snprintf(state, sizeof(state), "%s/home/state", folder);
	(void)snprintf(output, sizeof(output), "%s/out.img", folder);
	for (size_t i = 0; i < IMAGE; i++)
		original[i] = (uint8_t)(i * 31 + i / 512);
	put_file(image, original, IMAGE);
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	options = (struct stmboot_edit_options){ .struct_size = sizeof(options),
						 .state_directory = state };
	host = sb_host_posix;
}

static void tear_down(void)
{
	char command[160];

	stmboot_context_free(ctx);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(edit, .init = set_up, .fini = tear_down);

static struct stmboot_edit *begin(void)
{
	struct stmboot_edit *edit = NULL;

	cr_assert_eq(sb_edit_begin(ctx, &host, image, &options, &why, &edit), STMBOOT_OK, "%s",
		     why.message);
	return edit;
}

/* Two places far apart, one of them the short last sector. */
static void stage(struct stmboot_edit *edit, uint8_t *expected, uint8_t mark)
{
	uint8_t bytes[700];

	memset(bytes, mark, sizeof(bytes));
	cr_assert_eq(stmboot_edit_write(edit, 1000, bytes, sizeof(bytes)), STMBOOT_OK);
	cr_assert_eq(stmboot_edit_write(edit, IMAGE - 3, bytes, 3), STMBOOT_OK);
	cr_assert_eq(stmboot_edit_describe(edit, "mark", "none", mark == 1 ? "1" : "2"),
		     STMBOOT_OK);
	memset(expected + 1000, mark, sizeof(bytes));
	memset(expected + IMAGE - 3, mark, 3);
}

static void commit(uint8_t *expected, uint8_t mark)
{
	struct stmboot_edit *edit = begin();

	stage(edit, expected, mark);
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(stmboot_edit_result(edit)->state, STMBOOT_EDIT_DONE);
	stmboot_edit_close(edit);
}

Test(edit, what_is_staged_is_seen_and_not_written)
{
	struct stmboot_edit *edit = begin();
	uint8_t expected[IMAGE], seen[IMAGE];

	memcpy(expected, original, IMAGE);
	stage(edit, expected, 1);
	cr_expect_eq(stmboot_source_read(stmboot_edit_source(edit), 0, seen, IMAGE), STMBOOT_OK);
	cr_expect_arr_eq(seen, expected, IMAGE);
	stmboot_edit_close(edit);
	expect_content(image, original, "an edit that was closed is abandoned");
	cr_expect_not(is_there(state), "nothing is made before a commit");
}

Test(edit, a_plan_lists_ranges_and_words)
{
	struct stmboot_edit *edit = begin();
	const struct stmboot_edit_plan *plan;
	uint8_t expected[IMAGE];

	stage(edit, expected, 1);
	cr_assert_eq(stmboot_edit_write(edit, 8192, original + 8192, 512), STMBOOT_OK);
	cr_assert_eq(stmboot_edit_plan(edit, &plan), STMBOOT_OK);
	cr_assert_eq(plan->write_count, 2, "the third holds what is there already");
	cr_expect_eq(plan->writes[0].offset, 512);
	cr_expect_eq(plan->writes[0].length, 3 * 512);
	cr_expect_eq(plan->writes[1].offset, 64 * 512);
	cr_expect_eq(plan->writes[1].length, 100);
	cr_expect_eq(plan->bytes, 3 * 512 + 100);
	cr_assert_eq(plan->change_count, 1);
	cr_expect_str_eq(plan->changes[0].what, "mark");
	cr_expect_str_eq(plan->changes[0].before, "none");
	cr_expect_str_eq(plan->changes[0].after, "1");
	stmboot_edit_close(edit);
}

Test(edit, a_commit_writes_and_leaves_no_log)
{
	uint8_t expected[IMAGE];

	memcpy(expected, original, IMAGE);
	commit(expected, 1);
	expect_content(image, expected, "after the commit");
	cr_expect_not(is_there(log_path));
}

Test(edit, nothing_changed_is_nothing_written)
{
	struct stmboot_edit *edit = begin();
	struct stat before, after;

	cr_assert_eq(stat(image, &before), 0);
	cr_assert_eq(stmboot_edit_write(edit, 0, original, IMAGE), STMBOOT_OK);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK);
	cr_expect_eq(stmboot_edit_result(edit)->state, STMBOOT_EDIT_UNCHANGED);
	stmboot_edit_close(edit);
	cr_assert_eq(stat(image, &after), 0);
	cr_expect_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	cr_expect_not(is_there(state));
}

Test(edit, a_dry_run_is_not_committed)
{
	struct stmboot_edit *edit;
	uint8_t expected[IMAGE];

	options.dry_run = true;
	edit = begin();
	stage(edit, expected, 1);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_UNSUPPORTED);
	stmboot_edit_close(edit);
	expect_content(image, original, "after the dry run");
}

Test(edit, one_edit_at_a_time)
{
	struct stmboot_edit *first = begin(), *second = NULL;

	cr_expect_eq(stmboot_edit_begin(ctx, image, &options, &why, &second), STMBOOT_CONFLICT);
	cr_expect_str_eq(why.message, "another program is editing the image");
	stmboot_edit_close(first);
	second = begin();
	stmboot_edit_close(second);
}

Test(edit, an_image_that_was_replaced_meanwhile_is_refused)
{
	struct stmboot_edit *edit = begin();
	uint8_t expected[IMAGE];

	stage(edit, expected, 1);
	put_file(output, original, IMAGE);
	cr_assert_eq(rename(output, image), 0);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_CONFLICT);
	cr_expect_eq(stmboot_edit_result(edit)->state, STMBOOT_EDIT_UNCHANGED);
	stmboot_edit_close(edit);
	expect_content(image, original, "after the refusal");
}

Test(edit, an_image_that_was_written_meanwhile_is_refused)
{
	struct stmboot_edit *edit = begin();
	uint8_t expected[IMAGE];

	stage(edit, expected, 1);
	put_file(image, original, IMAGE);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_CONFLICT);
	stmboot_edit_close(edit);
}

/* The time of a device's last write is not known: then its sectors tell. */
static enum stmboot_status describe_a_device(void *self, int file, struct sb_host_info *out)
{
	enum stmboot_status status = sb_host_posix.describe(self, file, out);

	out->block_device = true;
	out->identity.mtime_seconds = 0;
	out->identity.mtime_nanoseconds = 0;
	return status;
}

static bool is_never_volatile(void *self, const char *path)
{
	(void)self;
	(void)path;
	return false;
}

Test(edit, a_sector_that_changed_meanwhile_is_refused)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_edit *edit;
	uint8_t expected[IMAGE];

	host.describe = describe_a_device;
	host.is_volatile = is_never_volatile;
	edit = begin();
	memcpy(expected, original, IMAGE);
	stage(edit, expected, 1);
	cr_assert_eq(stmboot_edit_plan(edit, &plan), STMBOOT_OK);
	original[1500]++;
	put_file(image, original, IMAGE);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_CONFLICT);
	cr_expect_eq(stmboot_edit_result(edit)->state, STMBOOT_EDIT_UNCHANGED);
	stmboot_edit_close(edit);
	expect_content(image, original, "after the refusal");
}

Test(edit, an_edit_outside_its_place_is_refused)
{
	struct stmboot_edit *edit = begin();
	uint8_t expected[IMAGE];

	cr_assert_eq(sb_edit_confine(edit, 0, 4096), STMBOOT_OK);
	cr_assert_eq(sb_edit_confine(edit, 4096, IMAGE - 4096 - 512), STMBOOT_OK);
	stage(edit, expected, 1);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_INTERNAL);
	stmboot_edit_close(edit);
	expect_content(image, original, "after the refusal");
}

/* A host that stops writing to the image itself after some writes. */
static int writes_left;

static enum stmboot_status stop_writing(void *self, int file, uint64_t offset, const void *data,
					size_t size)
{
	struct stat st, st_image;

	cr_assert_eq(fstat(file, &st), 0);
	cr_assert_eq(stat(image, &st_image), 0);
	if (st.st_ino == st_image.st_ino && writes_left-- <= 0) {
		errno = EIO;
		return STMBOOT_IO;
	}
	return sb_host_posix.write_at(self, file, offset, data, size);
}

/* Leaves an edit behind that was interrupted after `writes` writes to the image. */
static void interrupt(uint8_t *expected, int writes)
{
	struct stmboot_edit *edit;

	host.write_at = stop_writing;
	writes_left = writes;
	edit = begin();
	stage(edit, expected, 1);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_IO);
	cr_expect_eq(stmboot_edit_result(edit)->state, STMBOOT_EDIT_PENDING);
	stmboot_edit_close(edit);
	host = sb_host_posix;
	cr_expect(is_there(log_path));
}

Test(edit, an_interrupted_edit_is_read_through_and_finished)
{
	for (int writes = 0; writes < 2; writes++) {
		struct sb_medium medium = { 0 };
		uint8_t expected[IMAGE], seen[IMAGE];
		enum stmboot_recovery found;

		put_file(image, original, IMAGE);
		memcpy(expected, original, IMAGE);
		interrupt(expected, writes);
		cr_assert_eq(sb_medium_open(ctx, &host, image, state, &medium), STMBOOT_OK);
		cr_expect(medium.interrupted);
		cr_assert_eq(stmboot_source_read(medium.source, 0, seen, IMAGE), STMBOOT_OK);
		cr_expect_arr_eq(seen, expected, IMAGE, "what is read is the new content");
		sb_medium_release(&medium);
		cr_expect(is_there(log_path), "reading writes nothing");
		cr_assert_eq(sb_edit_recover(ctx, &host, image, &options, &why, &found), STMBOOT_OK,
			     "%s", why.message);
		cr_expect_eq(found, STMBOOT_RECOVERY_FINISHED);
		expect_content(image, expected, "after the recovery");
		cr_expect_not(is_there(log_path));
		cr_assert_eq(sb_edit_recover(ctx, &host, image, &options, &why, &found),
			     STMBOOT_OK);
		cr_expect_eq(found, STMBOOT_RECOVERY_CLEAN, "twice is once");
	}
}

Test(edit, the_next_edit_builds_on_an_interrupted_one)
{
	struct stmboot_edit *edit;
	uint8_t expected[IMAGE];

	memcpy(expected, original, IMAGE);
	interrupt(expected, 1);
	edit = begin();
	cr_expect(stmboot_edit_is_interrupted(edit));
	cr_assert_eq(stmboot_edit_write(edit, 1001, "next", 4), STMBOOT_OK);
	memcpy(expected + 1001, "next", 4);
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
	expect_content(image, expected, "both edits");
	cr_expect_not(is_there(log_path));
}

Test(edit, a_log_of_an_image_that_changed_since_is_not_applied)
{
	struct sb_medium medium = { 0 };
	uint8_t expected[IMAGE];
	enum stmboot_recovery found;

	memcpy(expected, original, IMAGE);
	interrupt(expected, 0);
	original[1200] ^= 1;
	put_file(image, original, IMAGE);
	cr_expect_eq(sb_edit_recover(ctx, &host, image, &options, &why, &found), STMBOOT_CONFLICT);
	expect_content(image, original, "after the refusal");
	cr_expect(is_there(log_path), "the log is kept");
	cr_assert_eq(sb_medium_open(ctx, &host, image, state, &medium), STMBOOT_OK);
	cr_expect_not(medium.interrupted);
	sb_medium_release(&medium);
}

Test(edit, an_incomplete_log_is_dropped)
{
	uint8_t expected[IMAGE];
	enum stmboot_recovery found;
	struct stat st;

	memcpy(expected, original, IMAGE);
	interrupt(expected, 0);
	cr_assert_eq(stat(log_path, &st), 0);
	for (off_t size = st.st_size - 1; size > 0; size = size * 2 / 3) {
		cr_assert_eq(truncate(log_path, size), 0);
		cr_assert_eq(sb_edit_recover(ctx, &host, image, &options, &why, &found),
			     STMBOOT_OK);
		cr_expect_eq(found, STMBOOT_RECOVERY_DROPPED, "%ld bytes", (long)size);
		expect_content(image, original, "after the recovery");
		put_file(log_path, "", 0);
	}
}

static void undo(const uint8_t *expected)
{
	struct stmboot_edit *edit = NULL;

	cr_assert_eq(stmboot_edit_begin_undo(ctx, image, &options, &why, &edit), STMBOOT_OK, "%s",
		     why.message);
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
	expect_content(image, expected, "after the undo");
}

static size_t count_undos(void)
{
	struct stmboot_undos *undos = NULL;
	size_t count;

	cr_assert_eq(stmboot_undos_list(ctx, image, &options, &undos), STMBOOT_OK);
	count = stmboot_undos_count(undos);
	stmboot_undos_free(undos);
	return count;
}

Test(edit, edits_are_taken_back_one_by_one)
{
	uint8_t first[IMAGE], second[IMAGE];
	struct stmboot_undos *undos = NULL;
	struct stmboot_edit *edit = NULL;

	memcpy(first, original, IMAGE);
	commit(first, 1);
	memcpy(second, first, IMAGE);
	commit(second, 2);
	cr_assert_eq(stmboot_undos_list(ctx, image, &options, &undos), STMBOOT_OK);
	cr_assert_eq(stmboot_undos_count(undos), 2);
	cr_expect_str_eq(stmboot_undos_get(undos, 0)->summary, "mark: 2", "the last one first");
	cr_expect_str_eq(stmboot_undos_get(undos, 1)->summary, "mark: 1");
	cr_expect_eq(stmboot_undos_get(undos, 0)->bytes, 3 * 512 + 100);
	stmboot_undos_free(undos);
	undo(first);
	undo(original);
	cr_expect_eq(count_undos(), 0);
	cr_expect_eq(stmboot_edit_begin_undo(ctx, image, &options, &why, &edit), STMBOOT_NOT_FOUND);
}

Test(edit, what_changed_since_is_not_taken_back)
{
	struct stmboot_edit *edit = NULL;
	uint8_t expected[IMAGE];

	memcpy(expected, original, IMAGE);
	commit(expected, 1);
	expected[4000]++;
	put_file(image, expected, IMAGE);
	undo((expected[4000]--, original[4000]++, memcpy(expected, original, IMAGE), original));
	commit(expected, 1);
	expected[1100]++;
	put_file(image, expected, IMAGE);
	cr_expect_eq(stmboot_edit_begin_undo(ctx, image, &options, &why, &edit), STMBOOT_CONFLICT);
	expect_content(image, expected, "after the refusal");
}

Test(edit, an_edit_that_was_finished_later_can_be_taken_back)
{
	uint8_t expected[IMAGE];
	enum stmboot_recovery found;

	memcpy(expected, original, IMAGE);
	interrupt(expected, 1);
	cr_assert_eq(sb_edit_recover(ctx, &host, image, &options, &why, &found), STMBOOT_OK);
	undo(original);
}

Test(edit, undo_records_are_private_and_bounded)
{
	char command[256], path[160];
	uint8_t expected[IMAGE];
	struct stat st;

	memcpy(expected, original, IMAGE);
	for (unsigned i = 0; i < 40; i++)
		commit(expected, (uint8_t)(1 + i % 2));
	cr_expect_eq(count_undos(), 32);
	(void)snprintf(path, sizeof(path), "%s/undo", state);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0700);
	(void)snprintf(command, sizeof(command), "test -z \"$(find '%s' -type f ! -perm 600)\"",
		       path);
	cr_expect_eq(system(command), 0);
}

Test(edit, an_undo_record_of_an_edit_that_never_happened_is_passed_over)
{
	struct stmboot_edit *edit;
	uint8_t first[IMAGE], expected[IMAGE];

	memcpy(first, original, IMAGE);
	commit(first, 1);
	memcpy(expected, first, IMAGE);
	edit = begin();
	stage(edit, expected, 2);
	{
		struct sb_log_head head = { .medium_size = IMAGE, .name = image };
		const struct stmboot_edit_plan *plan;
		const char *record = NULL;

		cr_assert_eq(stmboot_edit_plan(edit, &plan), STMBOOT_OK);
		cr_assert_eq(sb_undo_keep(edit, &head, &record), STMBOOT_OK);
	}
	stmboot_edit_close(edit);
	cr_expect_eq(count_undos(), 1);
	undo(original);
	cr_expect_eq(count_undos(), 0);
}

Test(edit, an_output_leaves_the_image_alone)
{
	struct stmboot_edit *edit;
	uint8_t expected[IMAGE];

	options.output = output;
	put_file(output, "old", 3);
	edit = begin();
	memcpy(expected, original, IMAGE);
	stage(edit, expected, 1);
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(stmboot_edit_result(edit)->state, STMBOOT_EDIT_DONE);
	stmboot_edit_close(edit);
	expect_content(image, original, "the image");
	expect_content(output, expected, "the copy");
	cr_expect_not(is_there(state), "nothing to undo");
}

Test(edit, an_output_shows_an_interrupted_edit_finished)
{
	struct stmboot_edit *edit;
	uint8_t expected[IMAGE];

	memcpy(expected, original, IMAGE);
	interrupt(expected, 1);
	options.output = output;
	edit = begin();
	cr_assert_eq(stmboot_edit_write(edit, 0, "x", 1), STMBOOT_OK);
	expected[0] = 'x';
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
	expect_content(output, expected, "the copy");
	cr_expect(is_there(log_path), "the image still waits");
}

Test(edit, an_output_keeps_holes)
{
	struct stmboot_edit *edit;
	struct stat st;

	options.output = output;
	cr_assert_eq(truncate(image, (off_t)1 << 30), 0);
	edit = begin();
	cr_assert_eq(stmboot_edit_write(edit, 1 << 29, "x", 1), STMBOOT_OK);
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
	cr_assert_eq(stat(output, &st), 0);
	cr_expect_eq(st.st_size, (off_t)1 << 30);
	cr_expect_lt(st.st_blocks, 2048, "less than a MiB");
}

Test(edit, the_image_is_no_output)
{
	struct stmboot_edit *edit;
	uint8_t expected[IMAGE];

	options.output = image;
	edit = begin();
	stage(edit, expected, 1);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_INVALID_ARGUMENT);
	stmboot_edit_close(edit);
	expect_content(image, original, "after the refusal");
}

Test(edit, a_compressed_image_needs_an_output)
{
	struct stmboot_edit *edit = NULL;
	gzFile f = gzopen(image, "wb");
	uint8_t expected[IMAGE];

	cr_assert_eq(gzwrite(f, original, IMAGE), IMAGE);
	cr_assert_eq(gzclose(f), Z_OK);
	cr_expect_eq(stmboot_edit_begin(ctx, image, &options, &why, &edit), STMBOOT_UNSUPPORTED);
	options.output = output;
	edit = begin();
	memcpy(expected, original, IMAGE);
	stage(edit, expected, 1);
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
	expect_content(output, expected, "unpacked, with the edit");
}

Test(edit, the_log_of_a_device_lies_in_the_state_directory)
{
	struct stmboot_edit *edit = NULL;
	uint8_t expected[IMAGE];
	enum stmboot_recovery found;
	struct stat st;
	char path[160];

	memcpy(original + 512, "EFI PART", 8);
	memset(original + 512 + 56, 0xab, 16);
	put_file(image, original, IMAGE);
	memcpy(expected, original, IMAGE);
	host.describe = describe_a_device;
	host.is_volatile = is_never_volatile;
	host.write_at = stop_writing;
	writes_left = 1;
	edit = begin();
	stage(edit, expected, 1);
	memset(expected + 512 + 56, 0xcd, 16);
	cr_assert_eq(stmboot_edit_write(edit, 512 + 56, expected + 512 + 56, 16), STMBOOT_OK);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_IO);
	stmboot_edit_close(edit);
	(void)snprintf(path, sizeof(path), "%s/journal-abababababababababababababababab-%d", state,
		       IMAGE);
	cr_assert_eq(stat(path, &st), 0, "%s", path);
	cr_expect_eq(st.st_mode & 0777, 0600);
	cr_expect_not(is_there(log_path));
	host.write_at = sb_host_posix.write_at;
	cr_assert_eq(sb_edit_recover(ctx, &host, image, &options, &why, &found), STMBOOT_OK, "%s",
		     why.message);
	cr_expect_eq(found, STMBOOT_RECOVERY_FINISHED, "found although the disk GUID is new");
	expect_content(image, expected, "after the recovery");
	cr_expect_not(is_there(path));
}

Test(edit, a_device_needs_a_state_directory)
{
	struct stmboot_edit *edit = NULL;

	host.describe = describe_a_device;
	options.state_directory = NULL;
	cr_expect_eq(sb_edit_begin(ctx, &host, image, &options, &why, &edit), STMBOOT_UNSUPPORTED);
}

static uint64_t disk_of_partition(void *user, uint64_t device)
{
	(void)user;
	return device & ~UINT64_C(7);
}

Test(edit, mounts_of_a_disk_are_found_by_its_partitions)
{
	static const struct {
		const char *name;
		const char *line;
		const char *place; /* NULL: not mounted */
	} cases[] = {
		{ "the disk itself", "36 35 8:16 / /mnt rw - ext4 /dev/sdb rw\n", "/mnt" },
		{ "a partition of it", "36 35 8:18 / /mnt rw - ext4 /dev/sdb2 rw\n", "/mnt" },
		{ "another disk", "36 35 8:1 / /mnt rw - ext4 /dev/sda1 rw\n", NULL },
		{ "a place with a space", "36 35 8:18 / /my\\040card rw - ext4 x rw\n",
		  "/my card" },
		{ "no line of the table", "nonsense\n", NULL },
	};
	const uint64_t disk = 8 << 8 | 16;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char place[32] = "";
		bool found = sb_mountinfo_match(cases[i].line, &disk, 1, disk_of_partition, NULL,
						place, sizeof(place));

		cr_expect_eq(found, cases[i].place != NULL, "%s", cases[i].name);
		cr_expect_str_eq(place, found ? cases[i].place : "", "%s", cases[i].name);
	}
}

static void expect_no_undo(void)
{
	struct stmboot_undos *undos = NULL;

	cr_assert_eq(stmboot_undos_list(ctx, image, &options, &undos), STMBOOT_OK);
	cr_expect_eq(stmboot_undos_count(undos), 0);
	stmboot_undos_free(undos);
}

/* What is staged goes through the file that is shared, as to another process. */
static struct stmboot_edit *hand_over(uint8_t *expected, int *file)
{
	struct stmboot_edit *edit = begin();

	cr_assert_eq(sb_edit_share(edit, false, &why, file), STMBOOT_OK, "%s", why.message);
	stage(edit, expected, 1);
	cr_assert_eq(sb_edit_hand_over(edit, &why), STMBOOT_OK, "%s", why.message);
	/* nothing of it is staged where it is taken over */
	cr_assert_eq(stmboot_edit_write(edit, 20000, "not handed over", 15), STMBOOT_OK);
	return edit;
}

Test(edit, what_is_handed_over_is_committed_and_nothing_else)
{
	static uint8_t expected[IMAGE];
	struct stmboot_undos *undos = NULL;
	struct stmboot_edit *edit;
	int file = -1;

	memcpy(expected, original, IMAGE);
	edit = hand_over(expected, &file);
	cr_assert_eq(sb_edit_take_over(edit, &why), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(sb_edit_take_over(edit, &why), STMBOOT_INVALID_ARGUMENT);
	expect_content(image, original, "before the commit");
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
	expect_content(image, expected, "after the commit");
	cr_assert_eq(stmboot_undos_list(ctx, image, &options, &undos), STMBOOT_OK);
	cr_assert_eq(stmboot_undos_count(undos), 1);
	cr_expect_str_eq(stmboot_undos_get(undos, 0)->summary, "mark: 1");
	stmboot_undos_free(undos);
}

Test(edit, an_edit_that_is_not_shared_is_taken_over_as_it_is)
{
	static uint8_t expected[IMAGE];
	struct stmboot_edit *edit = begin();

	memcpy(expected, original, IMAGE);
	stage(edit, expected, 1);
	cr_assert_eq(sb_edit_hand_over(edit, &why), STMBOOT_OK);
	cr_assert_eq(sb_edit_take_over(edit, &why), STMBOOT_OK);
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK);
	stmboot_edit_close(edit);
	expect_content(image, expected, "after the commit");
}

/* Whatever byte of what was handed over is another before, or after, it is taken over. */
static void change_each_byte(bool taken_over)
{
	static uint8_t expected[IMAGE];
	uint8_t byte = 0;

	for (off_t at = 0;; at += 37) {
		struct stmboot_edit *edit;
		enum stmboot_status status;
		int file = -1;
		bool inside;

		memcpy(expected, original, IMAGE);
		edit = hand_over(expected, &file);
		if (taken_over)
			cr_assert_eq(sb_edit_take_over(edit, &why), STMBOOT_OK);
		inside = pread(file, &byte, 1, at) == 1;
		byte ^= 0x20;
		if (inside)
			cr_assert_eq(pwrite(file, &byte, 1, at), 1);
		status = !inside      ? STMBOOT_CORRUPT
			 : taken_over ? stmboot_edit_commit(edit, &why)
				      : sb_edit_take_over(edit, &why);
		cr_expect_neq(status, STMBOOT_OK, "byte %lld", (long long)at);
		stmboot_edit_close(edit);
		expect_content(image, original, "after a refusal");
		if (!inside) {
			cr_expect_gt(at, 1000);
			break;
		}
	}
	expect_no_undo();
}

Test(edit, whatever_is_not_as_it_was_handed_over_is_refused)
{
	change_each_byte(false);
}

Test(edit, what_changes_after_it_was_taken_over_is_not_committed)
{
	change_each_byte(true);
}

/* A log of the same size, with nothing wrong in it: only its places give it away. */
static void replace_handed(const struct stmboot_edit *edit, int file, uint64_t offset)
{
	static const uint8_t other[1024] = "another";
	static char summary[SB_LOG_MAX_SUMMARY + 1];
	struct sb_log_head head = { .kind = SB_LOG_REDO, .medium_size = IMAGE, .name = image };
	struct sb_overlay *overlay = NULL;
	struct stat st, plain;

	memset(summary, 0, sizeof(summary));
	memcpy(head.id_before, edit->target.place.id, SB_MEDIUM_ID_BYTES);
	memcpy(head.id_after, edit->target.place.id, SB_MEDIUM_ID_BYTES);
	cr_assert_eq(sb_overlay_new(ctx, edit->medium.source, &overlay), STMBOOT_OK);
	cr_assert_eq(sb_overlay_write(overlay, offset, other, sizeof(other)), STMBOOT_OK);
	cr_assert_eq(fstat(file, &st), 0);
	head.summary = summary;
	for (int turn = 0; turn < 2; turn++) {
		const int to = turn == 0 ? sb_spill_file() : file; /* which cannot grow */

		cr_assert_eq(sb_log_put(ctx, &host, to, &head, overlay, NULL), STMBOOT_OK);
		cr_assert_eq(fstat(to, &plain), 0);
		cr_assert_leq(st.st_size - plain.st_size, SB_LOG_MAX_SUMMARY);
		memset(summary, 'x', (size_t)(st.st_size - plain.st_size));
		if (to != file)
			(void)close(to);
	}
	cr_assert_eq(plain.st_size, st.st_size);
	sb_overlay_free(overlay);
}

Test(edit, another_log_in_the_place_of_the_one_that_was_taken_over_is_not_committed)
{
	static const uint64_t offsets[] = { 0, 30000 };
	static uint8_t staged[IMAGE];

	for (size_t i = 0; i < 2; i++) {
		struct stmboot_edit *edit;
		int file = -1;

		memcpy(staged, original, IMAGE);
		edit = hand_over(staged, &file);
		cr_assert_eq(sb_edit_take_over(edit, &why), STMBOOT_OK);
		replace_handed(edit, file, offsets[i]);
		cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_CONFLICT, "%s", why.message);
		stmboot_edit_close(edit);
		expect_content(image, original, "after a refusal");
	}
	expect_no_undo();
}

/* Another byte in the head, with nothing wrong in the log. */
static void rewrite_handed(int file, size_t at, uint8_t value)
{
	static uint8_t log[65536];
	const ssize_t size = pread(file, log, sizeof(log), 0);

	cr_assert(size > 0 && (size_t)size < sizeof(log));
	cr_assert_neq(log[at], value);
	log[at] = value;
	sb_put_le(log + 108, sb_crc32(0, log, 108), 4);
	sb_put_le(log + size - 8, lzma_crc64(log, (size_t)size - 8, 0), 8);
	cr_assert_eq(pwrite(file, log, (size_t)size, 0), size);
}

Test(edit, a_log_that_recovery_would_not_take_for_one_of_the_image_is_not_committed)
{
	enum { KIND = 12, MEDIUM_BYTES = 16, ID_BEFORE = 48, ID_AFTER = 64, NAME = 112 };
	static const struct {
		size_t at;
		uint8_t value;
	} cases[] = { { KIND, SB_LOG_UNDO },
		      { MEDIUM_BYTES + 6, 1 },
		      { ID_BEFORE, 0xaa },
		      { ID_AFTER, 0xaa },
		      { NAME, 'x' } };
	static uint8_t staged[IMAGE];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stmboot_edit *edit;
		int file = -1;

		memcpy(staged, original, IMAGE);
		edit = hand_over(staged, &file);
		cr_assert_eq(sb_edit_take_over(edit, &why), STMBOOT_OK);
		rewrite_handed(file, cases[i].at, cases[i].value);
		cr_expect_neq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "case %zu", i);
		stmboot_edit_close(edit);
		expect_content(image, original, "after a refusal");
	}
	expect_no_undo();
}

Test(edit, a_log_that_is_headed_for_another_image_gets_a_head_of_its_own)
{
	struct stmboot_edit *edit = begin();
	struct sb_log_head head = { .kind = SB_LOG_REDO, .medium_size = IMAGE, .name = "another" };
	struct sb_overlay *overlay = NULL;
	static uint8_t expected[IMAGE];
	struct stmboot_undos *undos = NULL;
	int file = -1;

	memcpy(expected, original, IMAGE);
	memcpy(expected + 512, "bytes", 5);
	cr_assert_eq(sb_edit_share(edit, false, &why, &file), STMBOOT_OK);
	cr_assert_eq(sb_overlay_new(ctx, edit->medium.source, &overlay), STMBOOT_OK);
	cr_assert_eq(sb_overlay_write(overlay, 512, "bytes", 5), STMBOOT_OK);
	cr_assert_eq(sb_log_put(ctx, &host, file, &head, overlay, NULL), STMBOOT_OK);
	sb_overlay_free(overlay);
	cr_assert_eq(sb_edit_take_over(edit, &why), STMBOOT_OK);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK);
	stmboot_edit_close(edit);
	expect_content(image, expected, "after the commit");
	cr_assert_eq(stmboot_undos_list(ctx, image, &options, &undos), STMBOOT_OK);
	cr_expect_eq(stmboot_undos_count(undos), 1);
	stmboot_undos_free(undos);
}

Test(edit, an_edit_that_is_cut_short_or_missing_is_refused)
{
	static uint8_t expected[IMAGE];
	struct stmboot_edit *edit;
	int file = -1;

	for (off_t size = 0; size < 600; size += 100) {
		memcpy(expected, original, IMAGE);
		edit = hand_over(expected, &file);
		cr_assert_eq(ftruncate(file, size), 0);
		cr_expect_eq(sb_edit_take_over(edit, &why), STMBOOT_CORRUPT);
		cr_expect(strstr(why.message, "could not read the edit") != NULL, "%s",
			  why.message);
		stmboot_edit_close(edit);
	}
	expect_content(image, original, "after all");
}

Test(edit, what_was_made_from_another_image_is_not_committed)
{
	static uint8_t expected[IMAGE];
	struct stmboot_edit *edit;
	int file = -1, other;

	memcpy(expected, original, IMAGE);
	edit = hand_over(expected, &file);
	other = open(image, O_WRONLY);
	cr_assert_geq(other, 0);
	cr_assert_eq(pwrite(other, "another", 7, 1024), 7);
	(void)close(other);
	cr_expect_eq(sb_edit_take_over(edit, &why), STMBOOT_OK);
	cr_expect_eq(stmboot_edit_commit(edit, &why), STMBOOT_CONFLICT);
	cr_expect(strstr(why.message, "another program wrote") != NULL, "%s", why.message);
	stmboot_edit_close(edit);
}

/* What the other process may write down however it likes. */
static enum stmboot_status take_over_log(const struct sb_log_head *head, struct stmboot_source *src,
					 uint64_t offset)
{
	struct stmboot_edit *edit = begin();
	struct sb_overlay *overlay = NULL;
	enum stmboot_status status;
	int file = -1;

	cr_assert_eq(sb_edit_share(edit, false, &why, &file), STMBOOT_OK);
	cr_assert_eq(sb_overlay_new(ctx, src, &overlay), STMBOOT_OK);
	cr_assert_eq(sb_overlay_write(overlay, offset, "bytes", 5), STMBOOT_OK);
	cr_assert_eq(sb_log_put(ctx, &host, file, head, overlay, NULL), STMBOOT_OK);
	sb_overlay_free(overlay);
	status = sb_edit_take_over(edit, &why);
	stmboot_edit_close(edit);
	return status;
}

Test(edit, a_log_for_another_medium_or_the_way_back_is_not_taken_over)
{
	static uint8_t larger[IMAGE + 4096];
	struct sb_log_head head = { .kind = SB_LOG_REDO, .medium_size = IMAGE };
	struct stmboot_source *same = NULL, *other = NULL;

	memcpy(larger, original, IMAGE);
	cr_assert_eq(stmboot_source_from_memory(ctx, original, IMAGE, &same), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(ctx, larger, sizeof(larger), &other), STMBOOT_OK);
	cr_expect_eq(take_over_log(&head, same, 512), STMBOOT_OK);
	cr_expect_eq(take_over_log(&head, other, IMAGE + 2048), STMBOOT_CORRUPT);
	head.medium_size = sizeof(larger);
	cr_expect_eq(take_over_log(&head, other, IMAGE + 2048), STMBOOT_CORRUPT);
	head = (struct sb_log_head){ .kind = SB_LOG_UNDO, .medium_size = IMAGE };
	cr_expect_eq(take_over_log(&head, same, 512), STMBOOT_CORRUPT);
	stmboot_source_close(other);
	stmboot_source_close(same);
}
