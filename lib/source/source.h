/* SPDX-License-Identifier: MIT */
#ifndef SB_SOURCE_SOURCE_H
#define SB_SOURCE_SOURCE_H

#include <stmboot/source.h>

#include "base/arena.h"

/*
 * A source of the same bytes as `parent`, which is borrowed and answers
 * whatever ops leave out; read_at is required. STMBOOT_OK or STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_source_over(struct stmboot_context *ctx,
						     const struct stmboot_source_ops *ops,
						     void *self, struct stmboot_source *parent,
						     struct stmboot_source **out);

/*
 * A cache of 2 KiB pages over `parent`, for structures that are read again and
 * again in small pieces (file systems). Long reads pass by it. It takes its memory from
 * *pool, which counts bytes and outlives it, as long as there is any; NULL: as much as
 * it has use for, which is 1 MiB. Borrowed parent; STMBOOT_OK or STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_source_cache(struct stmboot_context *ctx,
						      struct stmboot_source *parent, uint64_t *pool,
						      struct stmboot_source **out);

/* A read that failed. */
struct sb_read_error {
	uint64_t offset; /* in the source that was watched */
	uint64_t length;
	bool ended; /* there is no such place any more */
};

enum { SB_MAX_READ_ERRORS = 16 };

/* What could not be read: each place once, and not without end. */
struct sb_read_errors {
	size_t count;
	struct sb_read_error places[SB_MAX_READ_ERRORS];
};

/* Why it could not be read, in words that follow a colon. */
const char *sb_read_error_reason(const struct sb_read_error *error);

/*
 * Most of what is read of a card is only looked for, and a reader that fails
 * passes on. This source remembers, so that nothing unreadable goes
 * unmentioned. Parent and errors are borrowed; STMBOOT_OK or STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_source_watch(struct stmboot_context *ctx,
						      struct stmboot_source *parent,
						      struct sb_read_errors *errors,
						      struct stmboot_source **out);

/*
 * A source of a file that is read for a while: once it changes, what is read of
 * it is STMBOOT_CONFLICT. Borrowed parent; STMBOOT_OK or STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_source_steady(struct stmboot_context *ctx,
						       struct stmboot_source *parent,
						       struct stmboot_source **out);

/*
 * A number that is another one after the bytes of the source changed, which
 * only an overlay's do: whoever keeps bytes asks it before giving them out.
 */
uint64_t sb_source_generation(struct stmboot_source *src);

/*
 * A source over an open regular file or block device, which it owns on success
 * only. Statuses as for stmboot_source_open_file().
 */
STMBOOT_NODISCARD enum stmboot_status sb_source_from_fd(struct stmboot_context *ctx, int fd,
							struct stmboot_source **out);

/*
 * Read a whole source into the arena, with a NUL behind it that is not counted.
 * STMBOOT_LIMIT when it is larger than `limit`; else as stmboot_source_read().
 */
STMBOOT_NODISCARD enum stmboot_status sb_source_load(struct sb_arena *arena,
						     struct stmboot_source *src, uint64_t limit,
						     char **data, size_t *size);

/*
 * Read up to `size` bytes, fewer at the end of the source; *got tells how many
 * and the rest of the buffer is zeroed.
 */
STMBOOT_NODISCARD enum stmboot_status sb_source_peek(struct stmboot_source *src, uint64_t offset,
						     void *buffer, size_t size, size_t *got);

/*
 * Count the bytes that are not in holes, until there are `enough`; *out may be more than
 * that. As stmboot_source_next_data(), but for STMBOOT_NOT_FOUND.
 */
STMBOOT_NODISCARD enum stmboot_status sb_source_count_data(struct stmboot_source *src,
							   uint64_t enough, uint64_t *out);

#endif
