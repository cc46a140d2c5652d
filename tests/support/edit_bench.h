/* SPDX-License-Identifier: MIT */
/* A small image in a folder of its own, an edit of it, and a host that can be special. */
#ifndef TESTS_EDIT_BENCH_H
#define TESTS_EDIT_BENCH_H

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edit/edit.h"
#include "edit_image.h"
#include "heap.h"

static char log_path[128];
static struct heap heap;
static struct stmboot_context *ctx;
static struct stmboot_edit_options options;
static struct stmboot_refusal why;
static struct sb_host host;

static inline bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static inline void bench_set_up(void)
{
	image_set_up();
	(void)snprintf(log_path, sizeof(log_path), "%s.stmboot-journal", image);
	put(image, old, IMAGE);
	ctx = heap_context(&heap);
	options = (struct stmboot_edit_options){ .struct_size = sizeof(options),
						 .state_directory = state };
	host = sb_host_posix;
}

static inline void bench_tear_down(void)
{
	char command[160];

	stmboot_context_free(ctx);
	cr_expect_eq(heap.live, 0, "%zu blocks are left", heap.live);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	cr_expect_eq(system(command), 0);
}

static inline enum stmboot_status try_to_begin(struct stmboot_edit **edit)
{
	why = (struct stmboot_refusal){ .message = "" };
	return sb_edit_begin(ctx, &host, image, &options, &why, edit);
}

static inline struct stmboot_edit *begin(void)
{
	struct stmboot_edit *edit = NULL;

	cr_assert_eq(try_to_begin(&edit), STMBOOT_OK, "%s", why.message);
	return edit;
}

static inline struct stmboot_edit *begin_staged(void)
{
	struct stmboot_edit *edit = begin();

	cr_assert_eq(stmboot_edit_write(edit, AT, new + AT, LENGTH), STMBOOT_OK);
	cr_assert_eq(stmboot_edit_describe(edit, "mark", NULL, "three sectors"), STMBOOT_OK);
	return edit;
}

static inline enum stmboot_status commit(enum stmboot_edit_state expected)
{
	struct stmboot_edit *edit = begin_staged();
	enum stmboot_status status = stmboot_edit_commit(edit, &why);

	cr_expect_eq(stmboot_edit_result(edit)->state, expected, "%s", why.message);
	stmboot_edit_close(edit);
	return status;
}

/* Another program writes to the image. */
static inline void meddle(off_t at)
{
	int file = open(image, O_WRONLY);

	cr_assert_geq(file, 0);
	cr_assert_eq(pwrite(file, "meddled", 7, at), 7);
	cr_assert_eq(close(file), 0);
	memcpy(old + at, "meddled", 7);
}

static inline enum stmboot_status recover(enum stmboot_recovery *found)
{
	why = (struct stmboot_refusal){ .message = "" };
	return sb_edit_recover(ctx, &host, image, &options, &why, found);
}

/* --- a host on which something is special about one file --- */

static char special[96]; /* its name; "": nothing is special */

static inline bool is_special(int file)
{
	struct stat st, other;

	return *special != '\0' && fstat(file, &st) == 0 && stat(special, &other) == 0 &&
	       st.st_ino == other.st_ino;
}

static inline enum stmboot_status lose_writes(void *self, int file, uint64_t offset,
					      const void *data, size_t size)
{
	return is_special(file) ? STMBOOT_OK
				: sb_host_posix.write_at(self, file, offset, data, size);
}

static inline enum stmboot_status fail_writes(void *self, int file, uint64_t offset,
					      const void *data, size_t size)
{
	errno = EIO;
	return is_special(file) ? STMBOOT_IO
				: sb_host_posix.write_at(self, file, offset, data, size);
}

static inline enum stmboot_status fail_to_describe(void *self, int file, struct sb_host_info *out)
{
	errno = EIO;
	return is_special(file) ? STMBOOT_IO : sb_host_posix.describe(self, file, out);
}

/* The time of a device's last write is not known. */
static inline enum stmboot_status describe_a_device(void *self, int file, struct sb_host_info *out)
{
	enum stmboot_status status = sb_host_posix.describe(self, file, out);

	if (is_special(file)) {
		out->block_device = true;
		out->identity.mtime_seconds = 0;
		out->identity.mtime_nanoseconds = 0;
	}
	return status;
}

static inline bool is_never_volatile(void *self, const char *path)
{
	(void)self;
	(void)path;
	return false;
}

static inline bool is_always_volatile(void *self, const char *path)
{
	(void)self;
	(void)path;
	return true;
}

static inline void make_it_a_device(void)
{
	strcpy(special, image);
	host.describe = describe_a_device;
	host.is_volatile = is_never_volatile;
}

/* Leave an edit behind that has not written anything to the image yet. */
static inline void interrupt(void)
{
	strcpy(special, image);
	host.write_at = fail_writes;
	cr_assert_eq(commit(STMBOOT_EDIT_PENDING), STMBOOT_IO);
	host.write_at = sb_host_posix.write_at;
	cr_assert(holds(image, old));
}

#endif
