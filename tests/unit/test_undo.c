/* SPDX-License-Identifier: MIT */
/* Undo records and logs among others in a state directory, with each allocation refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../support/edit_bench.h"
#include "../support/pace.h"

/* So many that the list of them does not fit a chunk of an arena, alone or with the texts. */
enum { STRANGERS = 300, LINKS = 40, MANY = 2000 };

TestSuite(undo, .init = bench_set_up, .fini = bench_tear_down, .timeout = 120);

static void edit_once(void)
{
	cr_assert_eq(commit(STMBOOT_EDIT_DONE), STMBOOT_OK, "%s", why.message);
	cr_assert(holds(image, new));
}

static enum stmboot_status begin_undo(struct stmboot_edit **edit)
{
	why = (struct stmboot_refusal){ .message = "" };
	*edit = NULL;
	return sb_edit_begin_undo(ctx, &host, image, &options, &why, edit);
}

static enum stmboot_status count_undos(size_t *count)
{
	struct stmboot_undos *undos = NULL;
	enum stmboot_status status = sb_undos_list(ctx, &host, image, &options, &undos);

	*count = status == STMBOOT_OK ? stmboot_undos_count(undos) : 0;
	stmboot_undos_free(undos);
	return status;
}

/* A name in the folder of the records. */
static const char *in_folder(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/undo/%s", state, name);
	return path;
}

/* Records of other images, all of them newer. */
static void add_strangers(void)
{
	for (unsigned i = 0; i < STRANGERS; i++) {
		char name[40];

		(void)snprintf(name, sizeof(name), "%010u-%016x", 2 + i, i);
		put(in_folder(name), "", 0);
	}
}

/* The one record of the image, under more names. */
static void add_links(void)
{
	char command[512];

	(void)snprintf(command, sizeof(command),
		       "cd '%s/undo' && r=$(echo 0000000001-*) && for i in $(seq 2 %d); do "
		       "ln $r $(printf %%010d $i)-${r#*-}; done",
		       state, LINKS);
	cr_assert_eq(system(command), 0);
}

Test(undo, without_a_folder_of_records_there_is_nothing_to_take_back)
{
	struct stmboot_edit *edit;
	size_t count = 1;

	cr_expect_eq(begin_undo(&edit), STMBOOT_NOT_FOUND);
	cr_expect_str_eq(why.message, "there is no edit to take back");
	cr_expect_eq(count_undos(&count), STMBOOT_OK);
	cr_expect_eq(count, 0);
	options.state_directory = NULL;
	cr_expect_eq(begin_undo(&edit), STMBOOT_NOT_FOUND);
	cr_expect_eq(count_undos(&count), STMBOOT_OK);
	cr_expect_eq(count, 0);
}

Test(undo, what_is_no_record_is_passed_over)
{
	static const char *const names[] = { "README", "0000000009_0123456789abcdef",
					     "000000000x-0123456789abcdef",
					     "0000000009-0123456789ABCDEF" };
	struct stmboot_edit *edit;
	size_t count = 0;

	edit_once();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(in_folder(names[i]), "no record", 9);
	cr_expect_eq(count_undos(&count), STMBOOT_OK);
	cr_expect_eq(count, 1);
	cr_assert_eq(begin_undo(&edit), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	stmboot_edit_close(edit);
	cr_expect(holds(image, old));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cr_expect(is_there(in_folder(names[i])), "%s", names[i]);
}

Test(undo, each_allocation_may_be_refused_among_many_records)
{
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	size_t n;

	edit_once();
	add_strangers();
	for (n = 1; n < MANY && status != STMBOOT_OK; n += pace(7)) {
		const size_t live = heap.live;
		struct stmboot_edit *edit;

		heap_refuse(&heap, n);
		status = begin_undo(&edit);
		cr_expect_eq(status, heap.requests >= n ? STMBOOT_NO_MEMORY : STMBOOT_OK,
			     "request %zu: %s", n, stmboot_status_text(status));
		heap_refuse(&heap, 0);
		stmboot_edit_close(edit);
		cr_expect_eq(heap.live, live, "request %zu", n);
	}
	cr_expect(n > 10 && n < MANY);
	cr_expect(holds(image, new));
	cr_expect_eq(count_undos(&n), STMBOOT_OK);
	cr_expect_eq(n, 1);
}

Test(undo, each_allocation_may_be_refused_while_records_are_listed)
{
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	size_t n, count = 0;

	edit_once();
	add_links();
	for (n = 1; n < MANY && status != STMBOOT_OK; n += pace(7)) {
		const size_t live = heap.live;

		heap_refuse(&heap, n);
		status = count_undos(&count);
		cr_expect_eq(status, heap.requests >= n ? STMBOOT_NO_MEMORY : STMBOOT_OK,
			     "request %zu: %s", n, stmboot_status_text(status));
		heap_refuse(&heap, 0);
		cr_expect_eq(heap.live, live, "request %zu", n);
	}
	cr_expect(n > 10 && n < MANY);
	cr_expect_eq(count, LINKS);
}

/* "/tmp/x/state/./././." */
static void lengthen_state(char path[SB_PATH_BYTES], size_t wanted)
{
	size_t length = (size_t)snprintf(path, SB_PATH_BYTES, "%s", state);

	while (length + 2 <= wanted)
		length += (size_t)snprintf(path + length, SB_PATH_BYTES - length, "/.");
	options.state_directory = path;
}

/* With its name, a record is more than a chunk of an arena has left. */
Test(undo, an_edit_without_memory_for_its_record_is_as_good)
{
	static char path[SB_PATH_BYTES];
	enum stmboot_recovery found;
	enum stmboot_status status;
	size_t without = 0, n = 1;
	bool reached = true;

	lengthen_state(path, 3000);
	for (; n < MANY && reached; n += pace(7)) {
		struct stmboot_edit *edit = NULL;
		const char *trouble = NULL;

		put(image, old, IMAGE);
		heap_refuse(&heap, n);
		status = try_to_begin(&edit);
		if (status == STMBOOT_OK)
			status = stmboot_edit_write(edit, AT, new + AT, LENGTH);
		if (status == STMBOOT_OK)
			status = stmboot_edit_commit(edit, &why);
		if (status == STMBOOT_OK)
			trouble = stmboot_edit_result(edit)->undo_trouble;
		reached = heap.requests >= n;
		heap_refuse(&heap, 0);
		if (trouble != NULL) {
			without++;
			cr_expect_str_eq(trouble, stmboot_status_text(STMBOOT_NO_MEMORY));
			cr_expect_not(stmboot_edit_result(edit)->undoable);
		}
		stmboot_edit_close(edit);
		cr_expect(status == STMBOOT_NO_MEMORY || status == STMBOOT_OK, "request %zu: %s", n,
			  stmboot_status_text(status));
		cr_expect_eq(recover(&found), STMBOOT_OK, "request %zu: %s", n, why.message);
		cr_expect(holds(image, new) || (status != STMBOOT_OK && holds(image, old)),
			  "request %zu", n);
	}
	cr_expect(n > 10 && n < MANY);
	cr_expect(without > 1 || pace(7) != 1, "%zu", without);
}

Test(undo, a_state_directory_with_too_long_a_name_keeps_no_record)
{
	static char path[SB_PATH_BYTES];
	struct stmboot_edit *edit;
	size_t count = 0;

	lengthen_state(path, SB_PATH_BYTES - 3);
	edit = begin_staged();
	cr_assert_eq(stmboot_edit_commit(edit, &why), STMBOOT_OK, "%s", why.message);
	cr_expect_not(stmboot_edit_result(edit)->undoable);
	cr_expect_str_eq(stmboot_edit_result(edit)->undo_trouble,
			 stmboot_status_text(STMBOOT_LIMIT));
	stmboot_edit_close(edit);
	cr_expect(holds(image, new));
	cr_expect_eq(begin_undo(&edit), STMBOOT_LIMIT);
	cr_expect_eq(count_undos(&count), STMBOOT_LIMIT);
}

/* --- logs of devices --- */

/* A log in the state directory of a medium of another size or with another identifier. */
static void put_log(const char *name, uint64_t size, uint8_t id)
{
	struct sb_log_head head = { .kind = SB_LOG_REDO, .medium_size = size, .name = "/dev/x" };
	struct stmboot_source *src;
	struct sb_overlay *overlay;
	char path[256];

	memset(head.id_after, id, sizeof(head.id_after));
	(void)snprintf(path, sizeof(path), "%s/%s", state, name);
	cr_assert_eq(stmboot_source_from_memory(ctx, old, IMAGE, &src), STMBOOT_OK);
	cr_assert_eq(sb_overlay_new(ctx, src, &overlay), STMBOOT_OK);
	cr_assert_eq(sb_overlay_write(overlay, AT, new + AT, LENGTH), STMBOOT_OK);
	cr_assert_eq(sb_log_write(ctx, &host, path, &head, overlay, NULL), STMBOOT_OK);
	sb_overlay_free(overlay);
	stmboot_source_close(src);
}

static enum stmboot_status look_for_a_log(bool *interrupted)
{
	struct sb_medium medium = { 0 };
	enum stmboot_status status =
		sb_medium_open(ctx, &host, image, options.state_directory, &medium);

	*interrupted = medium.interrupted;
	sb_medium_release(&medium);
	return status;
}

Test(undo, logs_of_other_devices_are_passed_over)
{
	enum stmboot_recovery found = STMBOOT_RECOVERY_FINISHED;
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	char path[256];
	bool interrupted = true;

	make_it_a_device();
	cr_assert_eq(host.make_directory(host.self, state), STMBOOT_OK);
	(void)snprintf(path, sizeof(path), "%s/journal-junk", state);
	put(path, "junk", 4);
	put_log("journal-of-another", IMAGE, 1);
	put_log("journal-of-a-larger-one", IMAGE + 512, 0);
	put_log("journal-of-this-one-new", IMAGE, 0);
	cr_expect_eq(look_for_a_log(&interrupted), STMBOOT_OK);
	cr_expect_not(interrupted);
	cr_expect_eq(recover(&found), STMBOOT_OK, "%s", why.message);
	cr_expect_eq(found, STMBOOT_RECOVERY_CLEAN);
	cr_expect(holds(image, old));
	cr_expect(is_there(path));
	put_log("journal-of-this-one", IMAGE, 0);
	for (size_t n = 1; n < MANY && status != STMBOOT_OK; n += pace(7)) {
		heap_refuse(&heap, n);
		status = look_for_a_log(&interrupted);
		cr_expect_eq(status, heap.requests >= n ? STMBOOT_NO_MEMORY : STMBOOT_OK,
			     "request %zu: %s", n, stmboot_status_text(status));
		heap_refuse(&heap, 0);
	}
	cr_expect(interrupted);
	options.state_directory = NULL;
	cr_expect_eq(look_for_a_log(&interrupted), STMBOOT_OK);
	cr_expect_not(interrupted, "there is no place for a log");
}
