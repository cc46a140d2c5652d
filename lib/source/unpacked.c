/* SPDX-License-Identifier: MIT */
/*
 * A compressed card image as a source: unpacked once into a file without a
 * name, whose blocks of zeros stay holes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/context.h"
#include "source/source.h"
#include "source/unpack.h"

enum { HOLE_BYTES = 4096, MAX_WRITE_RATIO = 1000, WRITE_SLACK = 64 << 20 };

/* A fresh card is mostly zeros, which any compressor makes vanish. */
static const uint64_t empty_card_bytes = UINT64_C(4) << 30;

struct spill {
	int fd;
	uint64_t size;
	uint64_t written;
	const struct sb_unpack_result *result;
};

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
static size_t next_run(const struct spill *spill, const uint8_t *data, size_t size, bool *hole)
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

static enum stmboot_status spill_bytes(void *user, const void *bytes, size_t size)
{
	struct spill *spill = user;
	const uint8_t *data = bytes;
	enum stmboot_status status = STMBOOT_OK;

	while (size > 0 && status == STMBOOT_OK) {
		bool hole;
		size_t run = next_run(spill, data, size, &hole);

		if (!hole) {
			spill->written += run;
			if (spill->written > WRITE_SLACK &&
			    spill->written / MAX_WRITE_RATIO > spill->result->consumed)
				return STMBOOT_LIMIT;
			status = write_all(spill->fd, data, run, spill->size);
		}
		spill->size += run;
		data += run;
		size -= run;
	}
	return status;
}

/* Not every file system has O_TMPFILE. */
static int open_unlinked(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd, length;

	if (folder == NULL || *folder == '\0')
		folder = "/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
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

enum stmboot_status sb_source_unpacked(struct stmboot_context *ctx, struct stmboot_source *src,
				       enum stmboot_compression compression,
				       struct stmboot_source **out)
{
	struct sb_unpack_options options = { .max_output = sb_limits(ctx)->max_container_bytes,
					     .ratio_slack = empty_card_bytes,
					     .progress = true };
	struct sb_unpack_result result;
	struct spill spill = { .fd = open_unlinked(), .result = &result };
	enum stmboot_status status;

	if (spill.fd < 0)
		return STMBOOT_IO;
	status = sb_unpack(ctx, compression, src, 0, stmboot_source_size(src), &options,
			   spill_bytes, &spill, &result);
	if (status == STMBOOT_OK && ftruncate(spill.fd, (off_t)spill.size) != 0)
		status = STMBOOT_IO;
	if (status == STMBOOT_OK)
		status = sb_source_from_fd(ctx, spill.fd, out);
	if (status != STMBOOT_OK)
		close(spill.fd);
	return status;
}
