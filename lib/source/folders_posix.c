/* SPDX-License-Identifier: MIT */
/* Folders as Linux gives them: *at() calls, with O_NOFOLLOW. */
#include "source/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { PROC_PATH = 32 };

static enum stmboot_status result_of(int result)
{
	if (result >= 0)
		return STMBOOT_OK;
	switch (errno) {
	case ENOENT:
		return STMBOOT_NOT_FOUND;
	case EEXIST:
		return STMBOOT_CONFLICT;
	case ENOTDIR:
	case ELOOP:
		return STMBOOT_NOT_RECOGNISED;
	default:
		return STMBOOT_IO;
	}
}

static enum stmboot_status open_at(int folder, const char *name, int flags, uint32_t mode, int *out)
{
	int handle;

	do
		handle = openat(folder, name, flags | O_CLOEXEC, (mode_t)mode);
	while (handle < 0 && errno == EINTR);
	if (handle >= 0)
		*out = handle;
	return result_of(handle);
}

static enum stmboot_status posix_open(void *self, const char *path, int *folder)
{
	(void)self;
	return open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, folder);
}

static enum stmboot_status posix_enter(void *self, int folder, const char *name, int *out)
{
	(void)self;
	return open_at(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, out);
}

static enum stmboot_status posix_grip(void *self, int folder, const char *name, int *out)
{
	(void)self;
	return open_at(folder, name, O_PATH | O_NOFOLLOW, 0, out);
}

static void posix_close(void *self, int handle)
{
	(void)self;
	(void)close(handle);
}

static const struct {
	mode_t type;
	enum sb_entry_kind kind;
} kinds[] = {
	{ S_IFREG, SB_ENTRY_FILE },         { S_IFDIR, SB_ENTRY_FOLDER },
	{ S_IFLNK, SB_ENTRY_LINK },         { S_IFCHR, SB_ENTRY_CHAR_DEVICE },
	{ S_IFBLK, SB_ENTRY_BLOCK_DEVICE }, { S_IFIFO, SB_ENTRY_PIPE },
	{ S_IFSOCK, SB_ENTRY_SOCKET },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void describe(const struct stat *st, struct sb_entry *out)
{
	*out = (struct sb_entry){ .mode = st->st_mode & 07777,
				  .device = st->st_dev,
				  .inode = st->st_ino };
	for (size_t i = 0; i < KINDS; i++)
		if ((st->st_mode & S_IFMT) == kinds[i].type)
			out->kind = kinds[i].kind;
}

static enum stmboot_status posix_describe(void *self, int folder, const char *name,
					  struct sb_entry *out)
{
	struct stat st;
	enum stmboot_status status = result_of(fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW));

	(void)self;
	if (status == STMBOOT_OK)
		describe(&st, out);
	return status;
}

static enum stmboot_status posix_describe_handle(void *self, int handle, struct sb_entry *out)
{
	struct stat st;
	enum stmboot_status status = result_of(fstat(handle, &st));

	(void)self;
	if (status == STMBOOT_OK)
		describe(&st, out);
	return status;
}

static enum stmboot_status posix_read_link(void *self, int folder, const char *name, char *target,
					   size_t size, size_t *length)
{
	ssize_t got = readlinkat(folder, name, target, size);

	(void)self;
	*length = got > 0 ? (size_t)got : 0;
	return got >= 0 ? STMBOOT_OK : result_of(-1);
}

static enum stmboot_status posix_create(void *self, int folder, const char *name, uint32_t mode,
					int *file)
{
	(void)self;
	return open_at(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode, file);
}

static enum stmboot_status posix_make_folder(void *self, int folder, const char *name,
					     uint32_t mode)
{
	(void)self;
	return result_of(mkdirat(folder, name, (mode_t)mode));
}

static enum stmboot_status posix_make_link(void *self, int folder, const char *name,
					   const char *target)
{
	(void)self;
	return result_of(symlinkat(target, folder, name));
}

static enum stmboot_status posix_make_special(void *self, int folder, const char *name,
					      enum sb_entry_kind kind, uint32_t mode,
					      uint32_t major_number, uint32_t minor_number)
{
	mode_t all = (mode_t)mode;

	(void)self;
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].kind == kind)
			all |= kinds[i].type;
	return result_of(mknodat(folder, name, all, makedev(major_number, minor_number)));
}

static enum stmboot_status posix_link(void *self, int from, const char *from_name, int folder,
				      const char *name)
{
	(void)self;
	return result_of(linkat(from, from_name, folder, name, 0));
}

/* O_NONBLOCK: opening a pipe without a writer must not hang. */
static enum stmboot_status posix_open_file(void *self, int folder, const char *name, int *file)
{
	struct sb_entry entry;
	enum stmboot_status status =
		open_at(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, file);

	if (status != STMBOOT_OK)
		return status;
	status = posix_describe_handle(self, *file, &entry);
	if (status == STMBOOT_OK && entry.kind != SB_ENTRY_FILE)
		status = STMBOOT_NOT_RECOGNISED;
	if (status != STMBOOT_OK)
		(void)close(*file);
	return status;
}

static enum stmboot_status posix_rename(void *self, int folder, const char *from, const char *to)
{
	(void)self;
	return result_of(renameat(folder, from, folder, to));
}

static enum stmboot_status posix_unlink(void *self, int folder, const char *name)
{
	(void)self;
	return result_of(unlinkat(folder, name, 0));
}

static enum stmboot_status posix_set_owner(void *self, int handle, uint32_t uid, uint32_t gid)
{
	(void)self;
	return result_of(fchownat(handle, "", uid, gid, AT_EMPTY_PATH));
}

/* What is only gripped is reached by a name of its own, which leads to it and no further. */
static const char *name_of_handle(int handle, char path[PROC_PATH])
{
	(void)snprintf(path, PROC_PATH, "/proc/self/fd/%d", handle);
	return path;
}

static enum stmboot_status posix_set_mode(void *self, int handle, uint32_t mode)
{
	char path[PROC_PATH];
	int result = fchmod(handle, (mode_t)mode);

	(void)self;
	if (result != 0 && errno == EBADF)
		result = chmod(name_of_handle(handle, path), (mode_t)mode);
	return result_of(result);
}

static enum stmboot_status posix_set_times(void *self, int handle, struct sb_time accessed,
					   struct sb_time modified)
{
	const struct timespec times[2] = {
		{ .tv_sec = accessed.seconds, .tv_nsec = accessed.nanoseconds },
		{ .tv_sec = modified.seconds, .tv_nsec = modified.nanoseconds },
	};
	char path[PROC_PATH];
	int result = futimens(handle, times);

	(void)self;
	if (result != 0 && errno == EBADF)
		result = utimensat(AT_FDCWD, name_of_handle(handle, path), times, 0);
	return result_of(result);
}

static enum stmboot_status posix_set_attribute(void *self, int handle, const char *name,
					       const void *value, size_t size)
{
	char path[PROC_PATH];
	int result = fsetxattr(handle, name, value, size, 0);

	(void)self;
	if (result != 0 && errno == EBADF)
		result = setxattr(name_of_handle(handle, path), name, value, size, 0);
	return result_of(result);
}

static bool posix_is_root(void *self)
{
	(void)self;
	return geteuid() == 0;
}

const struct sb_folders sb_folders_posix = {
	.open = posix_open,
	.enter = posix_enter,
	.grip = posix_grip,
	.close = posix_close,
	.describe = posix_describe,
	.describe_handle = posix_describe_handle,
	.read_link = posix_read_link,
	.create = posix_create,
	.make_folder = posix_make_folder,
	.make_link = posix_make_link,
	.make_special = posix_make_special,
	.link = posix_link,
	.open_file = posix_open_file,
	.rename = posix_rename,
	.unlink = posix_unlink,
	.set_owner = posix_set_owner,
	.set_mode = posix_set_mode,
	.set_times = posix_set_times,
	.set_attribute = posix_set_attribute,
	.is_root = posix_is_root,
};
