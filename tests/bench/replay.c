/* SPDX-License-Identifier: MIT */
/*
 * Replay the journal of a file system in a file, in place: the work of
 * e2fsck -E journal_only, for a comparison with that.
 *
 * usage: replay IMAGE
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fs/jbd2.h"

enum { PIECE = 1 << 16 };

static bool copy_range(struct stmboot_source *src, int file, uint64_t offset, uint64_t length)
{
	static uint8_t bytes[PIECE];

	for (uint64_t at = 0; at < length; at += PIECE) {
		size_t part = length - at < PIECE ? (size_t)(length - at) : PIECE;

		if (stmboot_source_read(src, offset + at, bytes, part) != STMBOOT_OK ||
		    pwrite(file, bytes, part, (off_t)(offset + at)) != (ssize_t)part)
			return false;
	}
	return true;
}

/* Blocks, then the superblock of the journal, then that of the file system, each durable first. */
static bool replay(struct sb_jbd2 *journal, int file)
{
	struct stmboot_source *src = sb_jbd2_source(journal);
	uint64_t offset, length;
	size_t position = 0;
	bool good = true;

	while (good && sb_jbd2_next_range(journal, &position, &offset, &length)) {
		if (position > sb_jbd2_info(journal)->blocks)
			good = fsync(file) == 0;
		good = good && copy_range(src, file, offset, length);
	}
	return good && fsync(file) == 0;
}

int main(int argc, char **argv)
{
	struct stmboot_context *ctx = NULL;
	struct stmboot_source *image = NULL;
	struct sb_jbd2 *journal = NULL;
	struct sb_jbd2_trouble trouble;
	int file = argc == 2 ? open(argv[1], O_WRONLY | O_CLOEXEC) : -1;
	bool good = file >= 0 && stmboot_context_new(NULL, &ctx) == STMBOOT_OK &&
		    stmboot_source_open_file(ctx, argv[1], &image) == STMBOOT_OK &&
		    sb_jbd2_open(ctx, image, &trouble, &journal) == STMBOOT_OK &&
		    replay(journal, file);

	sb_jbd2_close(journal);
	stmboot_source_close(image);
	stmboot_context_free(ctx);
	if (file >= 0 && close(file) != 0)
		good = false;
	return good ? 0 : 1;
}
