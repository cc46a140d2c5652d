/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/context.h"
#include "source/source.h"
#include "source/spill.h"

enum { PIECE_BYTES = 64 << 10 };

/* A file that is to be read from its start need not be copied. */
static int reopen(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || lseek(fd, 0, SEEK_CUR) != 0)
		return -1;
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* What is left of a file; of a pipe nobody knows it: 0. */
static uint64_t rest_of(int fd)
{
	struct stat st;
	off_t at = lseek(fd, 0, SEEK_CUR);

	if (at < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < at)
		return 0;
	return (uint64_t)(st.st_size - at);
}

static enum stmboot_status read_piece(int fd, void *buffer, size_t *got)
{
	ssize_t length;

	do
		length = read(fd, buffer, PIECE_BYTES);
	while (length < 0 && errno == EINTR);
	*got = length > 0 ? (size_t)length : 0;
	return length >= 0 ? STMBOOT_OK : STMBOOT_IO;
}

static enum stmboot_status spill_all(struct stmboot_context *ctx, int fd, struct sb_spill *spill,
				     uint8_t buffer[PIECE_BYTES])
{
	const uint64_t total = rest_of(fd);
	size_t got = 0;
	enum stmboot_status status;

	do {
		status = read_piece(fd, buffer, &got);
		if (status == STMBOOT_OK)
			status = sb_spill_put(spill, buffer, got);
		if (status == STMBOOT_OK)
			status = sb_progress(ctx, spill->size, total);
		if (status == STMBOOT_OK && spill->size > sb_limits(ctx)->max_container_bytes)
			status = STMBOOT_LIMIT;
	} while (status == STMBOOT_OK && got != 0);
	return status;
}

static enum stmboot_status copy_stream(struct stmboot_context *ctx, int fd,
				       struct stmboot_source **out)
{
	uint8_t *buffer = sb_alloc_uncleared(ctx, PIECE_BYTES);
	struct sb_spill spill;
	enum stmboot_status status;

	if (buffer == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_spill_open(&spill);
	if (status == STMBOOT_OK) {
		status = spill_all(ctx, fd, &spill, buffer);
		if (status == STMBOOT_OK)
			status = sb_spill_finish(ctx, &spill, out);
		else
			sb_spill_drop(&spill);
	}
	sb_free(ctx, buffer);
	return status;
}

enum stmboot_status stmboot_source_open_stream(struct stmboot_context *ctx, int fd,
					       struct stmboot_source **out)
{
	int file = reopen(fd);
	enum stmboot_status status;

	if (file < 0)
		return copy_stream(ctx, fd, out);
	status = sb_source_from_fd(ctx, file, out);
	if (status != STMBOOT_OK)
		(void)close(file);
	return status;
}
