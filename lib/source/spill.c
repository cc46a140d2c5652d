/* SPDX-License-Identifier: MIT */
#include "source/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "source/source.h"

enum { HOLE_BYTES = 4096 };

static bool is_zero(const uint8_t *data, size_t size)
{
	return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

static enum stmboot_status write_all(int fd, const uint8_t *data, size_t size, uint64_t offset)
{
	while (size > 0) {
		ssize_t put = pwrite(fd, data, size, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return STMBOOT_IO;
		data += put;
		offset += (uint64_t)put;
		size -= (size_t)put;
	}
	return STMBOOT_OK;
}

/* Length of the run at `data` that is all to be written or all to be left a hole. */
static size_t next_run(const struct sb_spill *spill, const uint8_t *data, size_t size, bool *hole)
{
	size_t length = 0;

	do {
		uint64_t at = spill->size + length;
		size_t block = (size_t)sb_min_u64(HOLE_BYTES - at % HOLE_BYTES, size - length);
		bool zero = is_zero(data + length, block);

		if (length == 0)
			*hole = zero;
		else if (zero != *hole)
			break;
		length += block;
	} while (length < size);
	return length;
}

/* Not every file system has O_TMPFILE. */
int sb_spill_file(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd, length;

	if (folder == NULL || *folder == '\0')
		folder = "/tmp";
	do
		fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	while (fd < 0 && errno == EINTR);
	if (fd >= 0)
		return fd;
	length = snprintf(path, sizeof(path), "%s/stmboot-XXXXXX", folder);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

enum stmboot_status sb_spill_open(struct sb_spill *spill)
{
	*spill = (struct sb_spill){ .fd = sb_spill_file() };
	return spill->fd >= 0 ? STMBOOT_OK : STMBOOT_IO;
}

enum stmboot_status sb_spill_put(struct sb_spill *spill, const void *bytes, size_t size)
{
	const uint8_t *data = bytes;
	enum stmboot_status status = STMBOOT_OK;

	while (size > 0 && status == STMBOOT_OK) {
		bool hole;
		size_t run = next_run(spill, data, size, &hole);

		if (!hole) {
			spill->written += run;
			status = write_all(spill->fd, data, run, spill->size);
		}
		spill->size += run;
		data += run;
		size -= run;
	}
	return status;
}

enum stmboot_status sb_spill_finish(struct stmboot_context *ctx, struct sb_spill *spill,
				    struct stmboot_source **out)
{
	enum stmboot_status status = STMBOOT_IO;

	if (ftruncate(spill->fd, (off_t)spill->size) == 0)
		status = sb_source_from_fd(ctx, spill->fd, out);
	if (status != STMBOOT_OK)
		sb_spill_drop(spill);
	return status;
}

void sb_spill_drop(struct sb_spill *spill)
{
	(void)close(spill->fd);
}
