/* SPDX-License-Identifier: MIT */
/* Files and block devices of the host, opened for reading. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/checked.h"
#include "base/context.h"
#include "source/source.h"

struct file {
	struct stmboot_context *ctx;
	int fd;
	struct stmboot_identity identity;
};

static enum stmboot_status file_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	const struct file *file = self;
	char *to = buffer;

	while (size > 0) {
		ssize_t got = pread(file->fd, to, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return STMBOOT_IO;
		if (got == 0) /* the file was cut while it was open */
			return STMBOOT_TRUNCATED;
		to += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return STMBOOT_OK;
}

static uint64_t file_size(void *self)
{
	const struct file *file = self;

	return file->identity.size;
}

static enum stmboot_status file_identity(void *self, struct stmboot_identity *out)
{
	const struct file *file = self;

	*out = file->identity;
	return STMBOOT_OK;
}

/* Block devices and file systems without holes answer EINVAL: all of it is data. */
static enum stmboot_status file_next_data(void *self, uint64_t offset, uint64_t *start,
					  uint64_t *end)
{
	const struct file *file = self;
	off_t data = lseek(file->fd, (off_t)offset, SEEK_DATA);
	off_t hole;

	if (data < 0 && errno == ENXIO)
		return STMBOOT_NOT_FOUND;
	hole = data < 0 ? -1 : lseek(file->fd, data, SEEK_HOLE);
	*start = data < 0 ? offset : (uint64_t)data;
	*end = hole < 0 ? file->identity.size : sb_min_u64((uint64_t)hole, file->identity.size);
	return STMBOOT_OK;
}

static void file_close(void *self)
{
	struct file *file = self;

	close(file->fd);
	sb_free(file->ctx, file);
}

static const struct stmboot_source_ops file_ops = {
	.struct_size = sizeof(file_ops),
	.read_at = file_read_at,
	.size = file_size,
	.identity = file_identity,
	.next_data = file_next_data,
	.close = file_close,
};

static enum stmboot_status identify(int fd, struct stmboot_identity *out)
{
	struct stat st;
	uint64_t size;

	if (fstat(fd, &st) != 0)
		return STMBOOT_IO;
	size = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(fd, BLKGETSIZE64, &size) != 0)
			return STMBOOT_IO;
	} else if (!S_ISREG(st.st_mode)) {
		return STMBOOT_NOT_RECOGNISED;
	}
	*out = (struct stmboot_identity){ .device = st.st_dev,
					  .inode = st.st_ino,
					  .size = size,
					  .mtime_seconds = st.st_mtim.tv_sec,
					  .mtime_nanoseconds = st.st_mtim.tv_nsec };
	return STMBOOT_OK;
}

/* O_NONBLOCK: opening a pipe without a writer must not hang. */
static int open_for_reading(const char *path)
{
	int fd;

	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	while (fd < 0 && errno == EINTR);
	return fd;
}

enum stmboot_status sb_source_from_fd(struct stmboot_context *ctx, int fd,
				      struct stmboot_source **out)
{
	struct stmboot_identity identity;
	struct file *file;
	enum stmboot_status status = identify(fd, &identity);

	if (status != STMBOOT_OK)
		return status;
	file = sb_alloc(ctx, sizeof(*file));
	if (file == NULL)
		return STMBOOT_NO_MEMORY;
	*file = (struct file){ .ctx = ctx, .fd = fd, .identity = identity };
	status = stmboot_source_new(ctx, &file_ops, file, out);
	if (status != STMBOOT_OK)
		sb_free(ctx, file);
	return status;
}

enum stmboot_status stmboot_source_open_file(struct stmboot_context *ctx, const char *path,
					     struct stmboot_source **out)
{
	enum stmboot_status status;
	int fd = open_for_reading(path);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? STMBOOT_NOT_FOUND : STMBOOT_IO;
	status = sb_source_from_fd(ctx, fd, out);
	if (status != STMBOOT_OK)
		close(fd);
	return status;
}
