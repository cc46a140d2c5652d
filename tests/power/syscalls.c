/* SPDX-License-Identifier: MIT */
/*
 * Real edits of real files, while every system call that reads, writes or
 * names is in its turn interrupted, cut short or refused. The linker puts the
 * functions below in the place of the C library's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "../support/fast_folder.h"
#include "edit/edit.h"

enum manner {
	NO_TROUBLE,
	INTERRUPTED, /* EINTR, and nothing done */
	CUT_SHORT,   /* less is read or written than was asked for */
	INPUT_OUTPUT_ERROR,
	NO_ROOM,
};

static const char *const manner_names[] = { "none", "EINTR", "short", "EIO", "ENOSPC" };

static struct {
	enum manner manner;
	unsigned at; /* number of the call, from 1 */
	bool for_good;
	unsigned calls;
} trouble;

static bool strikes(void)
{
	trouble.calls++;
	return trouble.manner != NO_TROUBLE &&
	       (trouble.calls == trouble.at || (trouble.for_good && trouble.calls > trouble.at));
}

/* True when the call is to fail; errno is set. */
static bool refuses(void)
{
	if (!strikes() || trouble.manner == CUT_SHORT)
		return false;
	errno = trouble.manner == INTERRUPTED ? EINTR : trouble.manner == NO_ROOM ? ENOSPC : EIO;
	return true;
}

ssize_t __real_pread64(int file, void *buffer, size_t size, off_t offset);
ssize_t __real_pwrite64(int file, const void *data, size_t size, off_t offset);
ssize_t __real_copy_file_range(int from, off_t *in, int to, off_t *out, size_t size,
			       unsigned flags);
int __real_fsync(int file);
int __real_fallocate64(int file, int mode, off_t offset, off_t length);
int __real_ftruncate64(int file, off_t size);
int __real_flock(int file, int operation);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_mkdir(const char *path, mode_t mode);
int __real_open64(const char *path, int flags, ...);

ssize_t __wrap_pread64(int file, void *buffer, size_t size, off_t offset);
ssize_t __wrap_pwrite64(int file, const void *data, size_t size, off_t offset);
ssize_t __wrap_copy_file_range(int from, off_t *in, int to, off_t *out, size_t size,
			       unsigned flags);
int __wrap_fsync(int file);
int __wrap_fallocate64(int file, int mode, off_t offset, off_t length);
int __wrap_ftruncate64(int file, off_t size);
int __wrap_flock(int file, int operation);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_open64(const char *path, int flags, ...);

static size_t cut(size_t size, unsigned call)
{
	bool struck = trouble.manner == CUT_SHORT &&
		      (call == trouble.at || (trouble.for_good && call > trouble.at));

	return struck && size > 1 ? size / 2 : size;
}

ssize_t __wrap_pread64(int file, void *buffer, size_t size, off_t offset)
{
	if (refuses())
		return -1;
	return __real_pread64(file, buffer, cut(size, trouble.calls), offset);
}

ssize_t __wrap_pwrite64(int file, const void *data, size_t size, off_t offset)
{
	if (refuses())
		return -1;
	return __real_pwrite64(file, data, cut(size, trouble.calls), offset);
}

ssize_t __wrap_copy_file_range(int from, off_t *in, int to, off_t *out, size_t size, unsigned flags)
{
	if (refuses())
		return -1;
	return __real_copy_file_range(from, in, to, out, cut(size, trouble.calls), flags);
}

int __wrap_fsync(int file)
{
	return refuses() ? -1 : __real_fsync(file);
}

int __wrap_fallocate64(int file, int mode, off_t offset, off_t length)
{
	return refuses() ? -1 : __real_fallocate64(file, mode, offset, length);
}

int __wrap_ftruncate64(int file, off_t size)
{
	return refuses() ? -1 : __real_ftruncate64(file, size);
}

int __wrap_flock(int file, int operation)
{
	return refuses() ? -1 : __real_flock(file, operation);
}

/* These know no interruption. */
int __wrap_rename(const char *from, const char *to)
{
	return trouble.manner != INTERRUPTED && refuses() ? -1 : __real_rename(from, to);
}

int __wrap_unlink(const char *path)
{
	return trouble.manner != INTERRUPTED && refuses() ? -1 : __real_unlink(path);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	return trouble.manner != INTERRUPTED && refuses() ? -1 : __real_mkdir(path, mode);
}

int __wrap_open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	return refuses() ? -1 : __real_open64(path, flags, mode);
}

enum { IMAGE = 200 * 512 + 100 };

static char folder[64], image[96], state[96], output[96];
static uint8_t old_bytes[IMAGE], new_bytes[IMAGE];

static void must(bool truth, const char *what)
{
	if (truth)
		return;
	perror(what);
	exit(2);
}

static void put_file(const char *path, const uint8_t *bytes)
{
	FILE *f = fopen(path, "wb");

	must(f != NULL && fwrite(bytes, 1, IMAGE, f) == IMAGE && fclose(f) == 0, path);
}

/* 0 neither or missing, 1 old, 2 new */
static int content_of(const char *path)
{
	uint8_t bytes[IMAGE + 1];
	FILE *f = fopen(path, "rb");
	size_t size;

	if (f == NULL)
		return 0;
	size = fread(bytes, 1, sizeof(bytes), f);
	(void)fclose(f);
	if (size != IMAGE)
		return 0;
	return memcmp(bytes, new_bytes, IMAGE) == 0   ? 2
	       : memcmp(bytes, old_bytes, IMAGE) == 0 ? 1
						      : 0;
}

static void clean(void)
{
	char command[200];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'/*", folder);
	must(system(command) == 0, command);
	put_file(image, old_bytes);
}

static enum stmboot_status stage(struct stmboot_edit *edit)
{
	enum stmboot_status status = stmboot_edit_write(edit, 700, new_bytes + 700, 5000);

	sb_overlay_mark(sb_edit_overlay(edit), 700, 1000, SB_ORDER_TABLE);
	if (status == STMBOOT_OK)
		status = stmboot_edit_write(edit, 70000, new_bytes + 70000, 3000);
	return status == STMBOOT_OK ? stmboot_edit_write(edit, IMAGE - 3, new_bytes + IMAGE - 3, 3)
				    : status;
}

static enum stmboot_status run(struct stmboot_context *ctx, bool copy,
			       enum stmboot_edit_state *result)
{
	const struct stmboot_edit_options options = { .struct_size = sizeof(options),
						      .state_directory = state,
						      .output = copy ? output : NULL };
	struct stmboot_edit *edit = NULL;
	enum stmboot_status status = stmboot_edit_begin(ctx, image, &options, NULL, &edit);

	*result = STMBOOT_EDIT_UNCHANGED;
	if (status != STMBOOT_OK)
		return status;
	status = stage(edit);
	if (status == STMBOOT_OK)
		status = stmboot_edit_commit(edit, NULL);
	*result = stmboot_edit_result(edit)->state;
	stmboot_edit_close(edit);
	return status;
}

static const char *judge_copy(enum stmboot_status status)
{
	if (content_of(image) != 1)
		return "the image was touched";
	if (status == STMBOOT_OK && content_of(output) != 2)
		return "it says that it is done, and it is not";
	if (access(output, F_OK) == 0 && content_of(output) != 2)
		return "half a copy has the name";
	return NULL;
}

static const char *judge(struct stmboot_context *ctx, enum stmboot_status status,
			 enum stmboot_edit_state result)
{
	const struct stmboot_edit_options options = { .struct_size = sizeof(options),
						      .state_directory = state };
	int wanted = status == STMBOOT_OK || result == STMBOOT_EDIT_DONE ? 2
		     : result == STMBOOT_EDIT_UNCHANGED                  ? 1
									 : 0;
	enum stmboot_recovery found;

	if (wanted != 0 && content_of(image) != wanted)
		return "the image is not what was said";
	if (stmboot_edit_recover(ctx, image, &options, NULL, &found) != STMBOOT_OK)
		return "it cannot be recovered";
	if (content_of(image) == 0 || (wanted != 0 && content_of(image) != wanted))
		return "after the recovery the image is not what was said";
	return NULL;
}

/* False when the call was not reached. */
static bool try_one(struct stmboot_context *ctx, bool copy, unsigned *failed)
{
	enum stmboot_edit_state result;
	enum stmboot_status status;
	enum manner manner = trouble.manner;
	const char *wrong;

	clean();
	trouble.calls = 0;
	status = run(ctx, copy, &result);
	trouble.manner = NO_TROUBLE;
	if (trouble.calls < trouble.at)
		return false;
	wrong = copy ? judge_copy(status) : judge(ctx, status, result);
	if (wrong == NULL && manner <= CUT_SHORT && status != STMBOOT_OK)
		wrong = "nothing was in its way";
	if (wrong != NULL && (*failed)++ < 10)
		(void)printf("FAILED: %s: call %u%s, %s: %s\n", copy ? "copy" : "in place",
			     trouble.at, trouble.for_good ? " and all after it" : "",
			     manner_names[manner], wrong);
	return true;
}

/* A call that is interrupted for good would be repeated for good. */
static void try_manner(struct stmboot_context *ctx, bool copy, enum manner manner, unsigned *tried,
		       unsigned *failed)
{
	for (int for_good = 0; for_good < (manner == INTERRUPTED ? 1 : 2); for_good++) {
		trouble.for_good = for_good != 0;
		trouble.at = 1;
		for (trouble.manner = manner; try_one(ctx, copy, failed); trouble.manner = manner) {
			(*tried)++;
			trouble.at++;
		}
	}
}

int main(void)
{
	struct stmboot_context *ctx = NULL;
	unsigned tried = 0, failed = 0;

	fast_folder(folder, sizeof(folder), "syscalls");
	must(mkdtemp(folder) != NULL, folder);
	(void)snprintf(image, sizeof(image), "%s/card.img", folder);
	(void)snprintf(state, sizeof(state), "%s/state", folder);
	(void)snprintf(output, sizeof(output), "%s/out.img", folder);
	for (size_t i = 0; i < IMAGE; i++)
		old_bytes[i] = (uint8_t)(i * 31 + i / 512);
	memcpy(new_bytes, old_bytes, IMAGE);
	memset(new_bytes + 700, 'n', 5000);
	memset(new_bytes + 70000, 'e', 3000);
	memset(new_bytes + IMAGE - 3, 'w', 3);
	must(stmboot_context_new(NULL, &ctx) == STMBOOT_OK, "a context");
	for (int copy = 0; copy < 2; copy++)
		for (int manner = INTERRUPTED; manner <= NO_ROOM; manner++)
			try_manner(ctx, copy != 0, (enum manner)manner, &tried, &failed);
	(void)printf("%u system calls in trouble, %u failed\n", tried, failed);
	stmboot_context_free(ctx);
	clean();
	must(unlink(image) == 0 && rmdir(folder) == 0, folder);
	return failed == 0 && tried > 100 ? 0 : 1;
}
