/* SPDX-License-Identifier: MIT */
/* The host as Linux gives it: every system call of an edit is here. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/checked.h"
#include "source/host.h"

enum { COPY_BYTES = 64 << 10, MAX_DEVICES = 16 };

static enum stmboot_status status_of_errno(void)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return STMBOOT_NOT_FOUND;
	case EBUSY:
	case EEXIST:
	case EWOULDBLOCK:
		return STMBOOT_CONFLICT;
	case EOPNOTSUPP:
		return STMBOOT_UNSUPPORTED;
	default:
		return STMBOOT_IO;
	}
}

static enum stmboot_status result_of(int result)
{
	return result >= 0 ? STMBOOT_OK : status_of_errno();
}

static void posix_close(void *self, int file)
{
	(void)self;
	(void)close(file);
}

static enum stmboot_status posix_describe(void *self, int file, struct sb_host_info *out)
{
	struct stat st;
	uint64_t size;

	(void)self;
	if (fstat(file, &st) != 0)
		return STMBOOT_IO;
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return STMBOOT_NOT_RECOGNISED;
	size = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode) && ioctl(file, BLKGETSIZE64, &size) != 0)
		return STMBOOT_IO;
	*out = (struct sb_host_info){
		.identity = { .device = st.st_dev,
			      .inode = st.st_ino,
			      .size = size,
			      .mtime_seconds = st.st_mtim.tv_sec,
			      .mtime_nanoseconds = st.st_mtim.tv_nsec },
		.block_device = S_ISBLK(st.st_mode),
		.mode = st.st_mode & 07777,
	};
	return STMBOOT_OK;
}

static int open_again(const char *path, int flags)
{
	int file;

	do
		file = open(path, flags | O_CLOEXEC, 0600);
	while (file < 0 && errno == EINTR);
	return file;
}

/* O_EXCL on a device: the kernel says EBUSY when it is mounted or otherwise claimed. */
static int open_to_edit(const char *path)
{
	struct stat st;
	int file = open_again(path, O_RDWR | O_NONBLOCK);
	int exclusive;

	if (file < 0 || fstat(file, &st) != 0 || !S_ISBLK(st.st_mode))
		return file;
	exclusive = open_again(path, O_RDWR | O_NONBLOCK | O_EXCL);
	(void)close(file);
	return exclusive;
}

/* O_NONBLOCK: opening a pipe without a writer must not hang. */
static enum stmboot_status posix_open(void *self, const char *path, enum sb_host_mode mode,
				      int *out)
{
	struct sb_host_info info;
	enum stmboot_status status;
	int file;

	if (mode == SB_HOST_CREATE)
		file = open_again(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
	else if (mode == SB_HOST_EDIT)
		file = open_to_edit(path);
	else
		file = open_again(path, O_RDONLY | O_NONBLOCK);
	if (file < 0)
		return status_of_errno();
	status = posix_describe(self, file, &info);
	if (status != STMBOOT_OK)
		(void)close(file);
	else
		*out = file;
	return status;
}

static enum stmboot_status posix_read_at(void *self, int file, uint64_t offset, void *buffer,
					 size_t size)
{
	uint8_t *to = buffer;

	(void)self;
	while (size > 0) {
		ssize_t got = pread(file, to, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return STMBOOT_IO;
		if (got == 0)
			return STMBOOT_TRUNCATED;
		to += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return STMBOOT_OK;
}

static enum stmboot_status posix_write_at(void *self, int file, uint64_t offset, const void *data,
					  size_t size)
{
	const uint8_t *from = data;

	(void)self;
	while (size > 0) {
		ssize_t put = pwrite(file, from, size, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put == 0)
			errno = ENOSPC;
		if (put <= 0)
			return STMBOOT_IO;
		from += put;
		offset += (uint64_t)put;
		size -= (size_t)put;
	}
	return STMBOOT_OK;
}

/*
 * A sync that failed is not repeated: Linux reports a write error once and
 * forgets which pages it concerned. EINTR reports none.
 */
static enum stmboot_status posix_sync(void *self, int file)
{
	int result;

	(void)self;
	do
		result = fsync(file);
	while (result != 0 && errno == EINTR);
	return result == 0 ? STMBOOT_OK : STMBOOT_IO;
}

static void posix_forget(void *self, int file, uint64_t offset, uint64_t length)
{
	(void)self;
	(void)posix_fadvise(file, (off_t)offset, (off_t)length, POSIX_FADV_DONTNEED);
}

static enum stmboot_status posix_reserve(void *self, int file, uint64_t offset, uint64_t length)
{
	struct sb_host_info info;
	enum stmboot_status status = posix_describe(self, file, &info);
	int result;

	if (status != STMBOOT_OK || info.block_device)
		return status;
	do
		result = fallocate(file, 0, (off_t)offset, (off_t)length);
	while (result != 0 && errno == EINTR);
	return result_of(result);
}

static enum stmboot_status posix_set_size(void *self, int file, uint64_t size)
{
	int result;

	(void)self;
	do
		result = ftruncate(file, (off_t)size);
	while (result != 0 && errno == EINTR);
	return result == 0 ? STMBOOT_OK : STMBOOT_IO;
}

/* Block devices and file systems without holes answer EINVAL: all of it is data. */
static enum stmboot_status posix_next_data(void *self, int file, uint64_t offset, uint64_t *start,
					   uint64_t *end)
{
	struct sb_host_info info;
	enum stmboot_status status = posix_describe(self, file, &info);
	off_t data, hole;

	if (status != STMBOOT_OK)
		return status;
	data = lseek(file, (off_t)offset, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		return STMBOOT_NOT_FOUND;
	hole = data < 0 ? -1 : lseek(file, data, SEEK_HOLE);
	*start = data < 0 ? offset : (uint64_t)data;
	*end = hole < 0 ? info.identity.size : sb_min_u64((uint64_t)hole, info.identity.size);
	return STMBOOT_OK;
}

static enum stmboot_status posix_clone(void *self, int from, int to)
{
	(void)self;
	return ioctl(to, FICLONE, from) == 0 ? STMBOOT_OK : STMBOOT_UNSUPPORTED;
}

static enum stmboot_status copy_by_hand(void *self, int from, int to, uint64_t offset,
					uint64_t length)
{
	uint8_t buffer[COPY_BYTES];
	enum stmboot_status status = STMBOOT_OK;

	while (status == STMBOOT_OK && length > 0) {
		size_t part = (size_t)sb_min_u64(COPY_BYTES, length);

		status = posix_read_at(self, from, offset, buffer, part);
		if (status == STMBOOT_OK)
			status = posix_write_at(self, to, offset, buffer, part);
		offset += part;
		length -= part;
	}
	return status;
}

/* Not every pair of file systems can; what the kernel copied so far stays. */
static enum stmboot_status posix_copy(void *self, int from, int to, uint64_t offset,
				      uint64_t length)
{
	while (length > 0) {
		off_t in = (off_t)offset, out = (off_t)offset;
		size_t part = (size_t)sb_min_u64(length, 1 << 30);
		ssize_t done = copy_file_range(from, &in, to, &out, part, 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return copy_by_hand(self, from, to, offset, length);
		offset += (uint64_t)done;
		length -= (uint64_t)done;
	}
	return STMBOOT_OK;
}

static enum stmboot_status posix_set_mode(void *self, int file, uint32_t mode)
{
	(void)self;
	return fchmod(file, (mode_t)mode) == 0 ? STMBOOT_OK : STMBOOT_IO;
}

static enum stmboot_status posix_lock(void *self, int file, enum sb_host_lock kind)
{
	int result;

	(void)self;
	do
		result = flock(file, (kind == SB_HOST_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB);
	while (result != 0 && errno == EINTR);
	return result_of(result);
}

/* The text of a small file of /proc or /sys; "" when there is none. */
static void read_text(const char *path, char *out, size_t size)
{
	int file = open_again(path, O_RDONLY);
	size_t length = 0;

	while (file >= 0 && length + 1 < size) {
		ssize_t got = read(file, out + length, size - 1 - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	out[length] = '\0';
	if (file >= 0)
		(void)close(file);
}

/* In sysfs a partition is a directory within its disk's. */
static uint64_t disk_of(void *user, uint64_t device)
{
	unsigned major_number, minor_number;
	char path[96], text[32];

	(void)user;
	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", major(device),
		       minor(device));
	read_text(path, text, sizeof(text));
	if (*text == '\0')
		return device;
	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", major(device),
		       minor(device));
	read_text(path, text, sizeof(text));
	return sscanf(text, "%u:%u", &major_number, &minor_number) == 2
		       ? makedev(major_number, minor_number)
		       : device;
}

/*
 * Loop devices whose backing file is this one. Those without any have no size, and
 * the kernel leaves them out here: a machine may have many (block/genhd.c).
 */
static size_t loops_over(const char *path, uint64_t *devices, size_t room)
{
	FILE *disks = fopen("/proc/partitions", "re");
	char line[SB_PATH_BYTES];
	size_t count = 0;

	while (disks != NULL && count < room && fgets(line, sizeof(line), disks) != NULL) {
		unsigned major_number, minor_number;
		char name[32], place[SB_PATH_BYTES], text[SB_PATH_BYTES + 1];

		if (sscanf(line, "%u %u %*u %31s", &major_number, &minor_number, name) != 3 ||
		    strncmp(name, "loop", 4) != 0 ||
		    !sb_path_format(place, "/sys/block/%s/loop/backing_file", name))
			continue;
		read_text(place, text, sizeof(text));
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, path) == 0)
			devices[count++] = makedev(major_number, minor_number);
	}
	if (disks != NULL)
		(void)fclose(disks);
	return count;
}

static enum stmboot_status find_mount(const uint64_t *devices, size_t count, char *place,
				      size_t size)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[2 * SB_PATH_BYTES];
	bool found = false;

	while (mounts != NULL && !found && fgets(line, sizeof(line), mounts) != NULL)
		found = sb_mountinfo_match(line, devices, count, disk_of, NULL, place, size);
	if (mounts != NULL)
		(void)fclose(mounts);
	return found ? STMBOOT_CONFLICT : STMBOOT_OK;
}

static enum stmboot_status posix_mounted(void *self, int file, const char *path, char *place,
					 size_t size)
{
	uint64_t devices[MAX_DEVICES];
	size_t count = 0;
	struct stat st;

	(void)self;
	if (fstat(file, &st) != 0)
		return STMBOOT_IO;
	if (S_ISBLK(st.st_mode))
		devices[count++] = st.st_rdev;
	else
		count = loops_over(path, devices, MAX_DEVICES);
	return count != 0 ? find_mount(devices, count, place, size) : STMBOOT_OK;
}

static enum stmboot_status posix_resolve(void *self, const char *path, char out[SB_PATH_BYTES])
{
	_Static_assert(SB_PATH_BYTES >= PATH_MAX, "realpath() fills PATH_MAX bytes");
	(void)self;
	return realpath(path, out) != NULL ? STMBOOT_OK : status_of_errno();
}

static enum stmboot_status posix_identify(void *self, const char *path,
					  struct stmboot_identity *out)
{
	struct stat st;

	(void)self;
	if (stat(path, &st) != 0)
		return status_of_errno();
	*out = (struct stmboot_identity){ .device = st.st_dev,
					  .inode = st.st_ino,
					  .size = (uint64_t)st.st_size,
					  .mtime_seconds = st.st_mtim.tv_sec,
					  .mtime_nanoseconds = st.st_mtim.tv_nsec };
	return STMBOOT_OK;
}

static enum stmboot_status posix_rename(void *self, const char *from, const char *to)
{
	(void)self;
	return result_of(rename(from, to));
}

static enum stmboot_status posix_unlink(void *self, const char *path)
{
	(void)self;
	return result_of(unlink(path));
}

static enum stmboot_status posix_sync_directory(void *self, const char *path)
{
	int file = open_again(path, O_RDONLY | O_DIRECTORY);
	enum stmboot_status status;

	if (file < 0)
		return STMBOOT_IO;
	status = posix_sync(self, file);
	(void)close(file);
	return status;
}

static enum stmboot_status sync_parent(const char *path)
{
	char parent[SB_PATH_BYTES];

	return sb_path_parent(path, parent) ? posix_sync_directory(NULL, parent) : STMBOOT_LIMIT;
}

static enum stmboot_status posix_make_directory(void *self, const char *path)
{
	char part[SB_PATH_BYTES];
	enum stmboot_status status = STMBOOT_OK;

	(void)self;
	if (!sb_path_format(part, "%s", path))
		return STMBOOT_INVALID_ARGUMENT;
	for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(part, 0700) == 0)
			status = sync_parent(part);
		else if (errno != EEXIST)
			status = STMBOOT_IO;
		if (status != STMBOOT_OK)
			return status;
		if (slash == NULL)
			return STMBOOT_OK;
		*slash = '/';
	}
}

static bool posix_is_volatile(void *self, const char *path)
{
	struct statfs st;

	(void)self;
	return statfs(path, &st) == 0 && (st.f_type == TMPFS_MAGIC || st.f_type == RAMFS_MAGIC);
}

static enum stmboot_status posix_list(void *self, const char *path, sb_host_visit visit, void *user)
{
	int file = open_again(path, O_RDONLY | O_DIRECTORY);
	DIR *directory = file >= 0 ? fdopendir(file) : NULL;
	enum stmboot_status status = STMBOOT_OK;

	(void)self;
	if (directory == NULL) {
		status = status_of_errno();
		if (file >= 0)
			(void)close(file);
		return status;
	}
	while (status == STMBOOT_OK) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(directory);
		if (entry == NULL) {
			status = errno == 0 ? STMBOOT_OK : STMBOOT_IO;
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			status = visit(user, entry->d_name);
	}
	(void)closedir(directory);
	return status;
}

const struct sb_host sb_host_posix = {
	.open = posix_open,
	.close = posix_close,
	.describe = posix_describe,
	.read_at = posix_read_at,
	.write_at = posix_write_at,
	.sync = posix_sync,
	.forget = posix_forget,
	.reserve = posix_reserve,
	.set_size = posix_set_size,
	.next_data = posix_next_data,
	.clone = posix_clone,
	.copy = posix_copy,
	.set_mode = posix_set_mode,
	.lock = posix_lock,
	.mounted = posix_mounted,
	.resolve = posix_resolve,
	.identify = posix_identify,
	.rename = posix_rename,
	.unlink = posix_unlink,
	.sync_directory = posix_sync_directory,
	.make_directory = posix_make_directory,
	.is_volatile = posix_is_volatile,
	.list = posix_list,
};
