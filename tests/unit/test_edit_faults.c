/* SPDX-License-Identifier: MIT */
/*
 * Edits of a real file that are handed over, as the program does it, with each allocation refused
 * and each call of the host failing: whatever happens, the image is as it was or as it was to be.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/edit_image.h"
#include "../support/heap.h"
#include "../support/pace.h"
#include "edit/edit.h"

enum { MANY = 2000 };

static char packed[96];

/* The host, of which call number `fail` gives an error; counted from 1. */
static size_t calls, fail;

static bool fails(void)
{
	return ++calls == fail;
}

#define FAILING(name, parameters, ...)                                                             \
	static enum stmboot_status failing_##name parameters                                       \
	{                                                                                          \
		return fails() ? STMBOOT_IO : sb_host_posix.name(__VA_ARGS__);                     \
	}

FAILING(open, (void *self, const char *path, enum sb_host_mode mode, int *file), self, path, mode,
	file)
FAILING(describe, (void *self, int file, struct sb_host_info *out), self, file, out)
FAILING(read_at, (void *self, int file, uint64_t offset, void *buffer, size_t size), self, file,
	offset, buffer, size)
FAILING(write_at, (void *self, int file, uint64_t offset, const void *data, size_t size), self,
	file, offset, data, size)
FAILING(sync, (void *self, int file), self, file)
FAILING(reserve, (void *self, int file, uint64_t offset, uint64_t length), self, file, offset,
	length)
FAILING(set_size, (void *self, int file, uint64_t size), self, file, size)
FAILING(next_data, (void *self, int file, uint64_t offset, uint64_t *start, uint64_t *end), self,
	file, offset, start, end)
FAILING(copy, (void *self, int from, int to, uint64_t offset, uint64_t length), self, from, to,
	offset, length)
FAILING(set_mode, (void *self, int file, uint32_t mode), self, file, mode)
FAILING(lock, (void *self, int file, enum sb_host_lock kind), self, file, kind)
FAILING(mounted, (void *self, int file, const char *path, char *place, size_t size), self, file,
	path, place, size)
FAILING(resolve, (void *self, const char *path, char out[SB_PATH_BYTES]), self, path, out)
FAILING(identify, (void *self, const char *path, struct stmboot_identity *out), self, path, out)
FAILING(rename, (void *self, const char *from, const char *to), self, from, to)
FAILING(unlink, (void *self, const char *path), self, path)
FAILING(sync_directory, (void *self, const char *path), self, path)
FAILING(make_directory, (void *self, const char *path), self, path)
FAILING(list, (void *self, const char *path, sb_host_visit visit, void *user), self, path, visit,
	user)

static struct sb_host failing_host(void)
{
	struct sb_host host = sb_host_posix;

	host.open = failing_open;
	host.describe = failing_describe;
	host.read_at = failing_read_at;
	host.write_at = failing_write_at;
	host.sync = failing_sync;
	host.reserve = failing_reserve;
	host.set_size = failing_set_size;
	host.next_data = failing_next_data;
	host.copy = failing_copy;
	host.set_mode = failing_set_mode;
	host.lock = failing_lock;
	host.mounted = failing_mounted;
	host.resolve = failing_resolve;
	host.identify = failing_identify;
	host.rename = failing_rename;
	host.unlink = failing_unlink;
	host.sync_directory = failing_sync_directory;
	host.make_directory = failing_make_directory;
	host.list = failing_list;
	return host;
}

/* What is edited, where to, and what is there before. */
static const struct shape {
	const char *name;
	bool packed;
	bool to_output;
	bool leftover; /* of a run that was ended, in the place of the new output */
	bool undo;
	bool recovery; /* of an edit that was interrupted before it wrote anything */
} shapes[] = {
	{ .name = "in place" },
	{ .name = "an output", .to_output = true },
	{ .name = "an output where a run was ended", .to_output = true, .leftover = true },
	{ .name = "a packed image", .packed = true, .to_output = true },
	{ .name = "an undo", .undo = true },
	{ .name = "a recovery", .recovery = true },
};

static void clear(void)
{
	char command[256];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'/*", folder);
	cr_assert_eq(system(command), 0);
}

static void set_up(void)
{
	image_set_up();
	(void)snprintf(packed, sizeof(packed), "%s/card.img.gz", folder);
	memset(new + IMAGE - 3, 1, 3);
}

static void tear_down(void)
{
	clear();
	cr_expect_eq(rmdir(folder), 0);
}

TestSuite(edit_faults, .init = set_up, .fini = tear_down, .timeout = 300);

static struct stmboot_edit_options options_of(const struct shape *shape)
{
	return (struct stmboot_edit_options){ .struct_size = sizeof(struct stmboot_edit_options),
					      .state_directory = state,
					      .output = shape->to_output ? output : NULL };
}

static enum stmboot_status stage(struct stmboot_edit *edit)
{
	enum stmboot_status status = stmboot_edit_write(edit, AT, new + AT, LENGTH);

	if (status == STMBOOT_OK)
		status = stmboot_edit_write(edit, IMAGE - 3, new + IMAGE - 3, 3);
	if (status == STMBOOT_OK)
		status = stmboot_edit_describe(edit, "mark", "none", "1");
	if (status == STMBOOT_OK)
		status = sb_edit_note(edit, "it is marked");
	if (status == STMBOOT_OK)
		status = sb_edit_confine(edit, 0, IMAGE);
	return status;
}

/* The way of the program: what looks into the image stages, what does not commits. */
static enum stmboot_status edit_it(struct stmboot_context *ctx, const struct sb_host *host,
				   const struct shape *shape, const char *path)
{
	struct stmboot_edit_options options = options_of(shape);
	struct stmboot_refusal why = { .message = "" };
	struct stmboot_edit *edit = NULL;
	int file;
	enum stmboot_status status = sb_edit_prepare(ctx, host, path, &options, &why, &edit);

	if (status == STMBOOT_OK)
		status = sb_edit_share(edit, false, &why, &file);
	if (status == STMBOOT_OK)
		status = sb_edit_look(edit, &why);
	if (status == STMBOOT_OK)
		status = stage(edit);
	if (status == STMBOOT_OK)
		status = sb_edit_hand_over(edit, &why);
	if (status == STMBOOT_OK)
		status = sb_edit_take_over(edit, &why);
	if (status == STMBOOT_OK)
		status = stmboot_edit_commit(edit, &why);
	stmboot_edit_close(edit);
	return status;
}

static enum stmboot_status undo_it(struct stmboot_context *ctx, const struct sb_host *host,
				   const struct shape *shape)
{
	struct stmboot_edit_options options = options_of(shape);
	struct stmboot_refusal why = { .message = "" };
	struct stmboot_edit *edit = NULL;
	enum stmboot_status status = sb_edit_begin_undo(ctx, host, image, &options, &why, &edit);

	if (status == STMBOOT_OK)
		status = stmboot_edit_commit(edit, &why);
	stmboot_edit_close(edit);
	return status;
}

static enum stmboot_status recover_it(struct stmboot_context *ctx, const struct sb_host *host,
				      const struct shape *shape)
{
	struct stmboot_edit_options options = options_of(shape);
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_recovery recovery;

	return sb_edit_recover(ctx, host, image, &options, &why, &recovery);
}

static enum stmboot_status write_no_image(void *self, int file, uint64_t offset, const void *data,
					  size_t size)
{
	struct stat st, st_image;

	return fstat(file, &st) == 0 && stat(image, &st_image) == 0 && st.st_ino == st_image.st_ino
		       ? STMBOOT_IO
		       : sb_host_posix.write_at(self, file, offset, data, size);
}

/* What there is to take back, or to finish. */
static void edit_before(struct stmboot_context *ctx, const struct shape *shape)
{
	struct sb_host host = sb_host_posix;

	if (shape->recovery)
		host.write_at = write_no_image;
	if (shape->undo || shape->recovery)
		cr_assert_eq(edit_it(ctx, &host, &shapes[0], image),
			     shape->recovery ? STMBOOT_IO : STMBOOT_OK);
}

static void prepare(const struct shape *shape)
{
	char command[256];

	clear();
	put(image, old, IMAGE);
	if (shape->packed) {
		(void)snprintf(command, sizeof(command), "gzip -k '%s'", image);
		cr_assert_eq(system(command), 0);
	}
	if (shape->leftover) {
		(void)snprintf(command, sizeof(command), "%s.stmboot-new", output);
		put(command, old, 100);
	}
}

/* Whatever was left half done comes to its end. */
static void recover(struct stmboot_context *ctx, const struct shape *shape, const char *when,
		    size_t number)
{
	struct stmboot_edit_options options = options_of(&shapes[0]);
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_recovery recovery;

	cr_expect_eq(sb_edit_recover(ctx, &sb_host_posix, image, &options, &why, &recovery),
		     STMBOOT_OK, "%s, %s %zu: %s", shape->name, when, number, why.message);
}

static void judge(const struct shape *shape, enum stmboot_status status, const char *when,
		  size_t number)
{
	const char *target = shape->to_output ? output : image;
	const uint8_t *from = shape->undo ? new : old, *to = shape->undo ? old : new;
	bool is_old = shape->to_output ? access(output, F_OK) != 0 : holds(image, from);

	cr_expect((is_old && !shape->recovery) || holds(target, to),
		  "%s, %s %zu: neither old nor new", shape->name, when, number);
	cr_expect(status != STMBOOT_OK || holds(target, to), "%s, %s %zu: not done", shape->name,
		  when, number);
	cr_expect(!shape->to_output || holds(image, old), "%s, %s %zu: the image", shape->name,
		  when, number);
}

/* One run with a fault; false when it was not reached. */
static bool run(const struct shape *shape, size_t refused, size_t failing)
{
	const char *when = refused != 0 ? "allocation" : "call of the host";
	const size_t number = refused != 0 ? refused : failing;
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	struct sb_host host = failing_host();
	const size_t live = heap.live;
	enum stmboot_status status;
	bool reached;

	prepare(shape);
	calls = fail = 0;
	edit_before(ctx, shape);
	calls = 0;
	fail = failing;
	heap_refuse(&heap, refused);
	status = shape->undo       ? undo_it(ctx, &host, shape)
		 : shape->recovery ? recover_it(ctx, &host, shape)
				   : edit_it(ctx, &host, shape, shape->packed ? packed : image);
	reached = refused != 0 ? heap.requests >= refused : calls >= failing;
	heap_refuse(&heap, 0);
	fail = 0;
	cr_expect_eq(heap.live, live, "%s, %s %zu: %zu blocks are left", shape->name, when, number,
		     heap.live - live);
	recover(ctx, shape, when, number);
	judge(shape, status, when, number);
	stmboot_context_free(ctx);
	return reached;
}

static void run_all(const struct shape *shape)
{
	size_t n = 1;

	while (n < MANY && run(shape, n, 0))
		n += pace(11);
	cr_expect(n > 5 && n < MANY, "%s: %zu allocations", shape->name, n);
	for (n = 1; n < MANY && run(shape, 0, n);)
		n += pace(11);
	cr_expect(n > 10 && n < MANY, "%s: %zu calls", shape->name, n);
}

Test(edit_faults, in_place)
{
	run_all(&shapes[0]);
}

Test(edit_faults, to_an_output)
{
	run_all(&shapes[1]);
}

Test(edit_faults, to_an_output_where_a_run_was_ended)
{
	run_all(&shapes[2]);
}

Test(edit_faults, of_a_packed_image)
{
	run_all(&shapes[3]);
}

Test(edit_faults, of_an_undo)
{
	run_all(&shapes[4]);
}

/* However often it fails: in the end it is done. */
Test(edit_faults, of_a_recovery)
{
	run_all(&shapes[5]);
}

Test(edit_faults, each_state_has_a_name)
{
	cr_expect_str_eq(stmboot_edit_state_text(STMBOOT_EDIT_UNCHANGED), "unchanged");
	cr_expect_str_eq(stmboot_edit_state_text(STMBOOT_EDIT_DONE), "done");
	cr_expect_str_eq(stmboot_edit_state_text(STMBOOT_EDIT_PENDING), "pending");
	cr_expect_str_eq(stmboot_edit_state_text((enum stmboot_edit_state)9), "?");
	cr_expect_str_eq(stmboot_recovery_text(STMBOOT_RECOVERY_CLEAN), "clean");
	cr_expect_str_eq(stmboot_recovery_text(STMBOOT_RECOVERY_PENDING), "pending");
	cr_expect_str_eq(stmboot_recovery_text((enum stmboot_recovery)9), "?");
}
