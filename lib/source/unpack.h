/* SPDX-License-Identifier: MIT */
/*
 * Decompression of a run of bytes, streaming: the output goes to a callback
 * piece by piece and is never held whole. Memory is bounded whatever the
 * stream claims; so is the output, by a ceiling and by its ratio to the input.
 */
#ifndef SB_SOURCE_UNPACK_H
#define SB_SOURCE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/compression.h>
#include <stmboot/source.h>

/* Bytes that tell all compressions apart; fewer are looked at as far as they go. */
enum { SB_COMPRESSION_HEAD = 13 };

/* The compression whose signature stands at `head`, or STMBOOT_COMPRESSION_NONE. */
enum stmboot_compression sb_compression_detect(const void *head, size_t size);

/* Takes the next bytes of output; anything but STMBOOT_OK stops and is handed on. */
typedef enum stmboot_status (*sb_unpack_sink)(void *user, const void *data, size_t size);

struct sb_unpack_options {
	uint64_t max_output;  /* 0: the context's max_unpacked_bytes */
	uint64_t ratio_slack; /* output that its ratio to the input does not matter for; 0: 4 MiB */
	bool single;          /* stop behind the first stream; else concatenated ones are one */
	bool progress;        /* report to the context's progress callback */
};

struct sb_unpack_result {
	uint64_t consumed; /* compressed bytes, kept up to date while the sink is called */
	uint64_t produced; /* bytes that the sink took */
};

/*
 * Unpack up to `length` bytes at `offset` of `src`. What stands behind the
 * last stream is left alone and not counted.
 *
 * STMBOOT_OK; STMBOOT_NOT_RECOGNISED when not even the signature is there;
 * STMBOOT_CORRUPT; STMBOOT_TRUNCATED when the input ends within a stream;
 * STMBOOT_LIMIT when the output passes its ceiling or a thousand times the
 * input, or when the stream needs too much memory; STMBOOT_UNSUPPORTED;
 * STMBOOT_NO_MEMORY; STMBOOT_CANCELLED; or what `src` or the sink gave.
 * `result` is filled in every case.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_unpack(struct stmboot_context *ctx, enum stmboot_compression compression,
	  struct stmboot_source *src, uint64_t offset, uint64_t length,
	  const struct sb_unpack_options *options, sb_unpack_sink sink, void *user,
	  struct sb_unpack_result *result);

/*
 * Unpack a compressed card image once into an unlinked sparse file in TMPDIR,
 * and give that as a source of its own; `src` may be closed afterwards. The
 * ceiling is the context's max_container_bytes. Statuses as for sb_unpack().
 */
STMBOOT_NODISCARD enum stmboot_status sb_source_unpacked(struct stmboot_context *ctx,
							 struct stmboot_source *src,
							 enum stmboot_compression compression,
							 struct stmboot_source **out);

struct sb_spill;

/* The same into a file that is open; there is no such spill afterwards. */
STMBOOT_NODISCARD enum stmboot_status sb_source_unpacked_into(struct stmboot_context *ctx,
							      struct stmboot_source *src,
							      enum stmboot_compression compression,
							      struct sb_spill *spill,
							      struct stmboot_source **out);

#endif
