/* SPDX-License-Identifier: MIT */
/* Outputs that cannot be, packed images, and files without a name. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../support/edit_bench.h"

TestSuite(edit_output, .init = bench_set_up, .fini = bench_tear_down, .timeout = 60);

/* Nothing is left where it was to be, unless something was there. */
static void expect_no_output(enum stmboot_status expected, const char *message)
{
	static char path[SB_PATH_BYTES + 16];
	const bool was_there = is_there(options.output);

	why = (struct stmboot_refusal){ .message = "" };
	cr_expect_eq(commit(STMBOOT_EDIT_UNCHANGED), expected, "%s", message);
	cr_expect_str_eq(why.message, message);
	cr_expect_eq(is_there(options.output), was_there, "%s", message);
	(void)snprintf(path, sizeof(path), "%s.stmboot-new", options.output);
	cr_expect_not(is_there(path), "%s", message);
	cr_expect(holds(image, old), "%s", message);
}

Test(edit_output, an_output_that_is_no_file_is_not_replaced)
{
	options.output = folder;
	expect_no_output(STMBOOT_NOT_RECOGNISED, "the output is no regular file");
	options.output = output;
	put(output, old, 1);
	strcpy(special, output);
	host.describe = describe_a_device;
	expect_no_output(STMBOOT_NOT_RECOGNISED, "the output is no regular file");
	host.describe = fail_to_describe;
	expect_no_output(STMBOOT_IO, "could not look at the output: Input/output error");
}

/* So long that there is no name for what is not complete yet. */
Test(edit_output, an_output_with_too_long_a_name_is_refused)
{
	static char path[SB_PATH_BYTES];
	size_t length = (size_t)snprintf(path, sizeof(path), "%s", folder);

	while (length + 10 < SB_PATH_BYTES)
		length += (size_t)snprintf(path + length, sizeof(path) - length, "/.");
	(void)snprintf(path + length, sizeof(path) - length, "/out.img");
	options.output = path;
	expect_no_output(STMBOOT_LIMIT, "could not name the copy: larger than the limit allows");
}

/* What was not written reads as it was in the image. */
static enum stmboot_status lose_the_edit(void *self, int file, uint64_t offset, const void *data,
					 size_t size)
{
	(void)data;
	return sb_host_posix.write_at(self, file, offset, old + offset, size);
}

Test(edit_output, an_output_that_does_not_hold_what_was_written_is_none)
{
	options.output = output;
	host.write_at = lose_the_edit;
	expect_no_output(STMBOOT_CORRUPT, "could not read the copy back: damaged");
}

/* --- packed images --- */

static void pack(void)
{
	char command[512];

	(void)snprintf(command, sizeof(command), "gzip '%s' && mv '%s.gz' '%s'", image, image,
		       image);
	cr_assert_eq(system(command), 0);
}

Test(edit_output, a_packed_image_needs_room_to_unpack_it)
{
	struct stmboot_edit *edit = NULL;

	pack();
	options.output = output;
	cr_assert_eq(setenv("TMPDIR", "/nonexistent", 1), 0);
	errno = 0;
	cr_expect_eq(try_to_begin(&edit), STMBOOT_IO);
	cr_expect_eq(errno, ENOENT);
	cr_expect_not(is_there(output));
	cr_assert_eq(unsetenv("TMPDIR"), 0);
	cr_expect_eq(commit(STMBOOT_EDIT_DONE), STMBOOT_OK, "%s", why.message);
	cr_expect(holds(output, new));
}

Test(edit_output, of_a_packed_image_there_is_nothing_to_take_back)
{
	struct stmboot_edit *edit = NULL;

	pack();
	cr_expect_eq(sb_edit_begin_undo(ctx, &host, image, &options, &why, &edit),
		     STMBOOT_NOT_FOUND);
	cr_expect_str_eq(why.message, "there is no edit to take back");
}

Test(edit_output, a_packed_medium_is_unpacked_once_into_what_was_prepared)
{
	struct sb_medium medium = { 0 };

	pack();
	cr_assert_eq(sb_medium_open(ctx, &host, image, state, &medium), STMBOOT_OK);
	cr_assert_eq(sb_medium_look(ctx, &medium), STMBOOT_OK);
	cr_expect_eq(sb_medium_unpack(ctx, &medium), STMBOOT_INTERNAL, "nothing is prepared");
	cr_assert_eq(sb_medium_prepare(&medium), STMBOOT_OK);
	cr_expect_eq(sb_medium_take_over(ctx, &medium), STMBOOT_OK, "nothing was unpacked");
	cr_expect_eq(medium.source, medium.file);
	cr_expect_eq(sb_medium_unpack(ctx, &medium), STMBOOT_OK);
	cr_expect_eq(medium.source, medium.unpacked);
	cr_expect_eq(stmboot_source_size(medium.source), IMAGE);
	cr_expect_eq(sb_medium_unpack(ctx, &medium), STMBOOT_INTERNAL, "twice");
	sb_medium_release(&medium);
	medium = (struct sb_medium){ .prepared = true, .spill = { .fd = -1 } };
	cr_expect_eq(sb_medium_take_over(ctx, &medium), STMBOOT_IO, "a file that is not open");
}

/* What the other process unpacked into the file that both have. */
Test(edit_output, what_another_process_unpacked_is_taken_over)
{
	static uint8_t bytes[IMAGE];
	struct sb_medium medium = { 0 }, other;

	pack();
	cr_assert_eq(sb_medium_open(ctx, &host, image, state, &medium), STMBOOT_OK);
	cr_assert_eq(sb_medium_look(ctx, &medium), STMBOOT_OK);
	cr_assert_eq(sb_medium_prepare(&medium), STMBOOT_OK);
	other = medium;
	other.spill.fd = dup(medium.spill.fd);
	cr_assert_eq(sb_medium_unpack(ctx, &other), STMBOOT_OK);
	stmboot_source_close(other.unpacked);
	heap_refuse(&heap, 1);
	other = medium;
	other.spill.fd = dup(medium.spill.fd);
	cr_expect_eq(sb_medium_take_over(ctx, &other), STMBOOT_NO_MEMORY);
	heap_refuse(&heap, 0);
	cr_assert_eq(sb_medium_take_over(ctx, &medium), STMBOOT_OK);
	cr_assert_eq(stmboot_source_size(medium.source), IMAGE);
	cr_assert_eq(stmboot_source_read(medium.source, 0, bytes, IMAGE), STMBOOT_OK);
	cr_expect_arr_eq(bytes, old, IMAGE);
	sb_medium_release(&medium);
}

static enum stmboot_status resolve_nothing(void *self, const char *path, char out[SB_PATH_BYTES])
{
	(void)self;
	(void)path;
	(void)out;
	return STMBOOT_NOT_FOUND;
}

Test(edit_output, a_file_without_a_name_is_read_as_it_is)
{
	struct sb_medium medium = { 0 };
	uint8_t bytes[LENGTH];

	interrupt();
	host.resolve = resolve_nothing;
	cr_assert_eq(sb_medium_open(ctx, &host, image, state, &medium), STMBOOT_OK);
	cr_expect_not(medium.interrupted);
	cr_expect_eq(stmboot_source_read(medium.source, AT, bytes, LENGTH), STMBOOT_OK);
	cr_expect_arr_eq(bytes, old + AT, LENGTH);
	sb_medium_release(&medium);
}
