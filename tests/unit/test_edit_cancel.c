/* SPDX-License-Identifier: MIT */
/*
 * Edits of some MiB, of which the caller is told how far they are, and which it stops at each
 * time that it is told: nothing was changed then. Past the commit point it is asked no more.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stmboot/fs_edit.h>

#include "../support/fast_folder.h"
#include "../support/pace.h"
#include "base/context.h"
#include "edit/edit.h"

enum { IMAGE = 4 << 20, AT = 100 << 10, LENGTH = 5 << 18, MOST_TOLD = 40 };

static char folder[64], image[96], state[96], output[96], log_path[128], file[96];
static uint8_t old[IMAGE], new[IMAGE], now[IMAGE + 1];
static size_t told, stop_at;
static bool stopped, asked_late, says_it_once;
static struct stmboot_context *ctx;
static struct stmboot_edit_options options;
static struct stmboot_refusal why;

static void on_progress(void *user, uint64_t done, uint64_t total)
{
	(void)user;
	cr_expect_gt(done, 0);
	cr_expect_geq(total, done);
	told++;
}

/* Whoever wants to stop goes on wanting it, or says it once. */
static bool on_cancel(void *user)
{
	(void)user;
	asked_late = asked_late || access(log_path, F_OK) == 0 || access(output, F_OK) == 0;
	if (stopped)
		return !says_it_once;
	stopped = stop_at != 0 && told >= stop_at;
	return stopped;
}

static void put_bytes(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *f = fopen(path, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(bytes, 1, size, f), size);
	cr_assert_eq(fclose(f), 0);
}

static size_t get_bytes(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t size;

	if (f == NULL)
		return 0;
	size = fread(now, 1, sizeof(now), f);
	(void)fclose(f);
	return size;
}

static bool holds(const char *path, const uint8_t *bytes)
{
	return get_bytes(path) == IMAGE && memcmp(now, bytes, IMAGE) == 0;
}

/* In the folder. */
static void run_shell(const char *what)
{
	char command[512];

	(void)snprintf(command, sizeof(command), "cd %s && %s", folder, what);
	cr_assert_eq(system(command), 0);
}

static void set_up(void)
{
	const struct stmboot_context_options how = { .struct_size = sizeof(how),
						     .progress = on_progress,
						     .cancel = on_cancel };

	fast_folder(folder, sizeof(folder), "cancel");
	cr_assert_not_null(mkdtemp(folder));
	(void)snprintf(image, sizeof(image), "%s/card.img", folder);
	(void)snprintf(log_path, sizeof(log_path), "%s.stmboot-journal", image);
	(void)snprintf(state, sizeof(state), "%s/state", folder);
	(void)snprintf(output, sizeof(output), "%s/out.img", folder);
	(void)snprintf(file, sizeof(file), "%s/file", folder);
	for (size_t i = 0; i < IMAGE; i++)
		old[i] = new[i] = (uint8_t)(i * 31 + i / 512);
	memset(new + AT, 0xa5, LENGTH);
	cr_assert_eq(stmboot_context_new(&how, &ctx), STMBOOT_OK);
	options = (struct stmboot_edit_options){ .struct_size = sizeof(options),
						 .state_directory = state };
}

static void tear_down(void)
{
	stmboot_context_free(ctx);
	run_shell("rm -rf \"$PWD\"");
}

TestSuite(edit_cancel, .init = set_up, .fini = tear_down, .timeout = 300);

/* The image as it was, and nothing else. */
static void start_again(void)
{
	run_shell("rm -rf card.img* out.img* state");
	stopped = false;
	put_bytes(image, old, IMAGE);
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

/* One edit, and what may be said of it whatever becomes of it. */
static enum stmboot_status commit(struct stmboot_edit *edit)
{
	enum stmboot_status status = stmboot_edit_commit(edit, &why);

	cr_expect_eq(stmboot_edit_result(edit)->state,
		     status == STMBOOT_OK ? STMBOOT_EDIT_DONE : STMBOOT_EDIT_UNCHANGED);
	stmboot_edit_close(edit);
	return status;
}

static struct stmboot_edit *stage(void)
{
	struct stmboot_edit *edit = NULL;

	cr_assert_eq(stmboot_edit_begin(ctx, image, &options, &why, &edit), STMBOOT_OK);
	cr_assert_eq(stmboot_edit_write(edit, AT, new + AT, LENGTH), STMBOOT_OK);
	cr_assert_eq(stmboot_edit_describe(edit, "mark", NULL, "set"), STMBOOT_OK);
	return edit;
}

static enum stmboot_status edit_plainly(void)
{
	return commit(stage());
}

/* The bytes are those of a source, as for a partition that is written. */
static enum stmboot_status edit_mapped(void)
{
	struct stmboot_source *src = NULL;
	struct stmboot_edit *edit = NULL;
	enum stmboot_status status;

	cr_assert_eq(stmboot_source_from_memory(ctx, new, IMAGE, &src), STMBOOT_OK);
	cr_assert_eq(stmboot_edit_begin(ctx, image, &options, &why, &edit), STMBOOT_OK);
	cr_assert_eq(sb_overlay_map(sb_edit_overlay(edit), 0, IMAGE, src, 0, SB_ORDER_DATA),
		     STMBOOT_OK);
	status = commit(edit);
	stmboot_source_close(src);
	return status;
}

/* As the program does it, in one process. */
static enum stmboot_status edit_handed_over(void)
{
	struct stmboot_edit *edit = stage();
	int shared;
	enum stmboot_status status;

	cr_assert_eq(sb_edit_share(edit, false, &why, &shared), STMBOOT_OK);
	status = sb_edit_hand_over(edit, &why);
	if (status == STMBOOT_OK)
		status = sb_edit_take_over(edit, &why);
	if (status == STMBOOT_OK)
		return commit(edit);
	stmboot_edit_close(edit);
	return status;
}

static enum stmboot_status take_back(void)
{
	struct stmboot_edit *edit = NULL;
	enum stmboot_status status = stmboot_edit_begin_undo(ctx, image, &options, &why, &edit);

	return status == STMBOOT_OK ? commit(edit) : status;
}

/* Run it until it is stopped when the caller is told for the n-th time; 0: never. */
static enum stmboot_status stop(enum stmboot_status (*run)(void), size_t n)
{
	enum stmboot_status status;

	told = 0;
	stop_at = n;
	stopped = asked_late = false;
	why = (struct stmboot_refusal){ .message = "" };
	status = run();
	stop_at = 0;
	cr_expect_not(asked_late, "%zu", n);
	cr_expect_eq(status, stopped ? STMBOOT_CANCELLED : STMBOOT_OK, "%zu: %s", n, why.message);
	if (stopped)
		cr_expect_str_empty(why.hint, "%zu: %s", n, why.message);
	return status;
}

/* Nothing of an edit that was stopped is left, and nothing is left out of one that was not. */
static void expect_one_of_both(enum stmboot_status status, size_t n)
{
	const bool done = status == STMBOOT_OK;
	char new_log[160];

	(void)snprintf(new_log, sizeof(new_log), "%s-new", log_path);
	cr_expect(holds(image, done ? new : old), "%zu", n);
	cr_expect_neq(access(log_path, F_OK), 0, "%zu", n);
	cr_expect_neq(access(new_log, F_OK), 0, "%zu", n);
	cr_expect_eq(count_undos(), done ? 1 : 0, "%zu", n);
}

/* At least `before` times the edit can be stopped, and `behind` times it cannot any more. */
static void stop_everywhere(enum stmboot_status (*run)(void), size_t before, size_t behind)
{
	size_t many, stops = 0, tries = 0;

	start_again();
	expect_one_of_both(stop(run, 0), 0);
	many = told;
	cr_assert_leq(many, MOST_TOLD);
	for (size_t n = 1; n <= many; n += pace(5), tries++) {
		enum stmboot_status status;

		start_again();
		status = stop(run, n);
		expect_one_of_both(status, n);
		stops += status == STMBOOT_CANCELLED;
	}
	if (tries != many)
		return;
	cr_expect_geq(stops, before, "%zu of %zu", stops, many);
	cr_expect_geq(many - stops, behind, "%zu of %zu", stops, many);
}

Test(edit_cancel, an_edit_in_place_is_stopped_before_its_commit_point_and_not_behind)
{
	stop_everywhere(edit_plainly, 5, 2);
}

Test(edit_cancel, who_wants_to_stop_need_not_say_it_twice)
{
	says_it_once = true;
	stop_everywhere(edit_plainly, 5, 2);
}

Test(edit_cancel, what_a_source_holds_is_compared_and_written_with_stops)
{
	stop_everywhere(edit_mapped, 8, 2);
}

Test(edit_cancel, an_edit_that_is_handed_over_is_stopped_on_both_sides)
{
	stop_everywhere(edit_handed_over, 7, 2);
}

Test(edit_cancel, of_a_small_edit_nobody_is_told)
{
	struct stmboot_edit *edit = NULL;

	start_again();
	told = 0;
	stop_at = 0;
	cr_assert_eq(stmboot_edit_begin(ctx, image, &options, &why, &edit), STMBOOT_OK);
	cr_assert_eq(stmboot_edit_write(edit, AT, new + AT, 64 << 10), STMBOOT_OK);
	cr_expect_eq(commit(edit), STMBOOT_OK);
	cr_expect_eq(told, 0);
}

Test(edit_cancel, a_copy_is_there_when_it_is_whole)
{
	size_t many;

	start_again();
	options.output = output;
	cr_expect_eq(stop(edit_plainly, 0), STMBOOT_OK);
	many = told;
	cr_expect_geq(many, 3);
	for (size_t n = 1; n <= many; n += pace(2)) {
		char copy[128];
		enum stmboot_status status;

		start_again();
		status = stop(edit_plainly, n);
		(void)snprintf(copy, sizeof(copy), "%s.stmboot-new", output);
		cr_expect_neq(access(copy, F_OK), 0, "%zu", n);
		cr_expect(holds(image, old), "%zu", n);
		if (status == STMBOOT_OK)
			cr_expect(holds(output, new), "%zu", n);
		else
			cr_expect_neq(access(output, F_OK), 0, "%zu", n);
	}
}

Test(edit_cancel, an_undo_that_is_stopped_can_be_made_again)
{
	size_t many = 1;

	for (size_t n = 0; n <= many; n += n == 0 ? 1 : pace(5)) {
		enum stmboot_status status;

		start_again();
		cr_assert_eq(edit_plainly(), STMBOOT_OK);
		status = stop(take_back, n);
		if (n == 0)
			many = told;
		cr_expect(holds(image, status == STMBOOT_OK ? old : new), "%zu", n);
		cr_expect_eq(count_undos(), status == STMBOOT_OK ? 0 : 1, "%zu", n);
	}
	cr_expect_geq(many, 6);
}

/* Whoever is told for the first time behind the commit point dies. */
static void die_late(void *user, uint64_t done, uint64_t total)
{
	(void)user;
	(void)done;
	(void)total;
	if (access(log_path, F_OK) == 0)
		_exit(0);
}

static void interrupt(void)
{
	int status = 1;
	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0) {
		ctx->options.progress = die_late;
		ctx->options.cancel = NULL;
		(void)edit_plainly();
		_exit(1);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	cr_assert_eq(access(log_path, F_OK), 0);
}

static enum stmboot_recovery recovery;

static enum stmboot_status recover(void)
{
	enum stmboot_status status = stmboot_edit_recover(ctx, image, &options, &why, &recovery);

	asked_late = false; /* the log is there from the beginning */
	return status;
}

Test(edit_cancel, a_recovery_that_is_stopped_leaves_the_log_and_the_image)
{
	static uint8_t halfway[IMAGE];
	size_t many = 1, stops = 0;

	for (size_t n = 0; n <= many; n++) {
		enum stmboot_status status;

		start_again();
		interrupt();
		cr_assert_eq(get_bytes(image), IMAGE);
		memcpy(halfway, now, IMAGE);
		status = stop(recover, n);
		if (n == 0)
			many = told;
		stops += status != STMBOOT_OK;
		cr_expect(holds(image, status == STMBOOT_OK ? new : halfway), "%zu", n);
		cr_expect_eq(access(log_path, F_OK) == 0, status != STMBOOT_OK, "%zu", n);
		cr_expect_eq(recovery,
			     status == STMBOOT_OK ? STMBOOT_RECOVERY_FINISHED
						  : STMBOOT_RECOVERY_PENDING,
			     "%zu", n);
	}
	cr_expect_geq(stops, 2);
	cr_expect_geq(many - stops, 2);
}

/* Put a file of the host into a bare file system; the one with that name is there, or not. */
static enum stmboot_status put_file(void)
{
	const struct stmboot_boot_edit_options how = { .struct_size = sizeof(how),
						       .edit = &options,
						       .force = true };
	const struct stmboot_file_ref place = { .partition = 0, .path = "/file" };
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit = NULL;
	enum stmboot_edit_state became;
	enum stmboot_status status = stmboot_boot_edit_begin(ctx, image, &how, &why, &edit);

	if (status != STMBOOT_OK)
		return status;
	status = stmboot_fs_edit_put_host(edit, file, &place, NULL, &why);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_stage(edit, &why, &plan);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_commit(edit, &why);
	became = stmboot_boot_edit_result(edit)->state;
	cr_expect_eq(became, status == STMBOOT_OK ? STMBOOT_EDIT_DONE : STMBOOT_EDIT_UNCHANGED);
	stmboot_boot_edit_close(edit);
	return status;
}

static void make_file_system(const char *command)
{
	run_shell("rm -rf *");
	run_shell(command);
	cr_assert_eq(setenv("SOURCE_DATE_EPOCH", "1700000000", 1), 0);
	cr_assert_eq(get_bytes(image), IMAGE);
	memcpy(old, now, IMAGE);
	cr_expect_eq(stop(put_file, 0), STMBOOT_OK, "%s", why.message);
	cr_assert_eq(get_bytes(image), IMAGE);
	memcpy(new, now, IMAGE);
	cr_expect_neq(memcmp(old, new, IMAGE), 0);
}

Test(edit_cancel, a_file_that_is_put_in_is_stopped_while_it_is_read_and_while_it_is_written)
{
	make_file_system("head -c 1400000 /dev/zero | tr '\\0' x >file && "
			 "PATH=$PATH:/sbin:/usr/sbin mke2fs -q -F -t ext4 -b 1024 -N 32 "
			 "-O ^has_journal card.img 4M");
	stop_everywhere(put_file, 9, 2);
}

Test(edit_cancel, the_content_of_a_file_is_replaced_with_stops)
{
	make_file_system("mkdir tree && head -c 1400000 /dev/zero | tr '\\0' y "
			 ">tree/file && tr y x <tree/file >file && "
			 "PATH=$PATH:/sbin:/usr/sbin mke2fs -q -F -t ext4 -b 1024 -N 32 "
			 "-O ^has_journal -d tree card.img 4M");
	stop_everywhere(put_file, 9, 2);
}
