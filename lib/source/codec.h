/* SPDX-License-Identifier: MIT */
/* One decompressor at work, and the table of them; used by unpack.c alone. */
#ifndef SB_SOURCE_CODEC_H
#define SB_SOURCE_CODEC_H

#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>
#include <zstd.h>

#include <stmboot/context.h>

/*
 * Ceiling for a decoder's own memory. Kernels are packed with xz dictionaries
 * and zstd windows of up to 128 MiB, and the decoder needs a little more. Such a
 * window is of use only to what is large when it is packed, too: so the ceiling
 * is SB_CODEC_WORTH times what is packed, and SB_CODEC_LEAST for little, since `xz -9`
 * always asks for 64 MiB.
 */
enum {
	SB_CODEC_WINDOW_LOG = 27,
	SB_CODEC_MEMORY = 160 << 20,
	SB_CODEC_LEAST = 66 << 20,
	SB_CODEC_WORTH = 32,
};

/* The lz4 tool's legacy format packs blocks of 8 MiB, each unpacked whole. */
struct sb_codec_lz4_legacy {
	uint8_t *packed;
	size_t capacity;
	size_t wanted; /* length of the block being gathered; 0: its length word is next */
	size_t have;
	uint8_t *block; /* the last one unpacked */
	size_t block_bytes;
	size_t block_given; /* of it, handed out */
};

struct sb_codec {
	struct stmboot_context *ctx;
	/* What the next step may use; a step advances both. */
	const uint8_t *in;
	size_t in_left;
	uint64_t in_after; /* bytes that follow what is in `in` */
	uint64_t in_total; /* bytes of it all */
	uint8_t *out;
	size_t out_left;
	bool ended; /* the stream's end was reached */
	union {
		z_stream zlib;
		lzma_stream lzma;
		bz_stream bzip2;
		ZSTD_DCtx *zstd;
		LZ4F_dctx *lz4;
		struct sb_codec_lz4_legacy legacy;
	} u;
	lzma_allocator lzma_allocator;
};

struct sb_codec_ops {
	enum stmboot_status (*begin)(struct sb_codec *codec);
	/* Consume and produce what is possible; no progress asks for more input. */
	enum stmboot_status (*step)(struct sb_codec *codec);
	void (*end)(struct sb_codec *codec);
};

/* As sb_alloc(), but not zeroed: memory that a stream only claims must not become resident. */
void *sb_codec_alloc(struct stmboot_context *ctx, size_t count, size_t size);

extern const struct sb_codec_ops sb_codec_gzip, sb_codec_xz, sb_codec_lzma, sb_codec_zstd,
	sb_codec_bzip2, sb_codec_lz4, sb_codec_lz4_legacy;

#endif
