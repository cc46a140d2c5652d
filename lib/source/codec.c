/* SPDX-License-Identifier: MIT */
/*
 * The libraries behind one shape. zlib, liblzma and libbz2 take our allocator;
 * libzstd and liblz4 do so only in interfaces that they do not promise to keep.
 */
#include "source/codec.h"

#include <string.h>
#include <zstd_errors.h>

#include "base/checked.h"
#include "base/context.h"

void *sb_codec_alloc(struct stmboot_context *ctx, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total) || total > SB_CODEC_MEMORY)
		return NULL;
	return ctx->options.allocate(ctx->options.user, total != 0 ? total : 1);
}

static void *zlib_alloc(void *ctx, unsigned count, unsigned size)
{
	return sb_codec_alloc(ctx, count, size);
}

static void library_free(void *ctx, void *memory)
{
	sb_free(ctx, memory);
}

static void *lzma_alloc(void *ctx, size_t count, size_t size)
{
	return sb_codec_alloc(ctx, count, size);
}

static void *bzip2_alloc(void *ctx, int count, int size)
{
	return count < 0 || size < 0 ? NULL : sb_codec_alloc(ctx, (size_t)count, (size_t)size);
}

static uint64_t most_memory(const struct sb_codec *codec)
{
	uint64_t worth = sb_min_u64(codec->in_total, SB_CODEC_MEMORY) * SB_CODEC_WORTH;

	return sb_min_u64(worth > SB_CODEC_LEAST ? worth : SB_CODEC_LEAST, SB_CODEC_MEMORY);
}

static void advance(struct sb_codec *codec, size_t used, size_t made)
{
	codec->in += used;
	codec->in_left -= used;
	codec->out += made;
	codec->out_left -= made;
}

/* zlib */

static enum stmboot_status gzip_begin(struct sb_codec *codec)
{
	const int gzip_only = 16 + MAX_WBITS;

	codec->u.zlib =
		(z_stream){ .zalloc = zlib_alloc, .zfree = library_free, .opaque = codec->ctx };
	return inflateInit2(&codec->u.zlib, gzip_only) == Z_OK ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

static enum stmboot_status gzip_step(struct sb_codec *codec)
{
	z_stream *z = &codec->u.zlib;
	int result;

	z->next_in = (z_const Bytef *)(uintptr_t)codec->in;
	z->avail_in = (unsigned)codec->in_left;
	z->next_out = codec->out;
	z->avail_out = (unsigned)codec->out_left;
	result = inflate(z, Z_NO_FLUSH);
	advance(codec, codec->in_left - z->avail_in, codec->out_left - z->avail_out);
	codec->ended = result == Z_STREAM_END;
	if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR)
		return STMBOOT_OK;
	return result == Z_MEM_ERROR ? STMBOOT_NO_MEMORY : STMBOOT_CORRUPT;
}

static void gzip_end(struct sb_codec *codec)
{
	(void)inflateEnd(&codec->u.zlib);
}

/* liblzma */

static enum stmboot_status lzma_status(lzma_ret result)
{
	switch (result) {
	case LZMA_OK:
	case LZMA_STREAM_END:
	case LZMA_BUF_ERROR:
		return STMBOOT_OK;
	case LZMA_MEM_ERROR:
		return STMBOOT_NO_MEMORY;
	case LZMA_MEMLIMIT_ERROR:
		return STMBOOT_LIMIT;
	case LZMA_FORMAT_ERROR:
		return STMBOOT_NOT_RECOGNISED;
	case LZMA_OPTIONS_ERROR:
		return STMBOOT_UNSUPPORTED;
	default:
		return STMBOOT_CORRUPT;
	}
}

static void lzma_prepare(struct sb_codec *codec)
{
	codec->lzma_allocator =
		(lzma_allocator){ .alloc = lzma_alloc, .free = library_free, .opaque = codec->ctx };
	codec->u.lzma = (lzma_stream)LZMA_STREAM_INIT;
	codec->u.lzma.allocator = &codec->lzma_allocator;
}

static enum stmboot_status xz_begin(struct sb_codec *codec)
{
	lzma_prepare(codec);
	return lzma_status(lzma_stream_decoder(&codec->u.lzma, most_memory(codec), 0));
}

static enum stmboot_status lzma_begin(struct sb_codec *codec)
{
	lzma_prepare(codec);
	return lzma_status(lzma_alone_decoder(&codec->u.lzma, most_memory(codec)));
}

static enum stmboot_status lzma_step(struct sb_codec *codec)
{
	lzma_stream *z = &codec->u.lzma;
	lzma_ret result;

	z->next_in = codec->in;
	z->avail_in = codec->in_left;
	z->next_out = codec->out;
	z->avail_out = codec->out_left;
	result = lzma_code(z, LZMA_RUN);
	advance(codec, codec->in_left - z->avail_in, codec->out_left - z->avail_out);
	codec->ended = result == LZMA_STREAM_END;
	return lzma_status(result);
}

static void lzma_finish(struct sb_codec *codec)
{
	lzma_end(&codec->u.lzma);
}

/* libzstd */

static enum stmboot_status zstd_begin(struct sb_codec *codec)
{
	codec->u.zstd = ZSTD_createDCtx();
	if (codec->u.zstd == NULL)
		return STMBOOT_NO_MEMORY;
	/* a power of two, so half of it stays for what else it needs */
	(void)ZSTD_DCtx_setParameter(codec->u.zstd, ZSTD_d_windowLogMax,
				     most_memory(codec) < SB_CODEC_MEMORY ? SB_CODEC_WINDOW_LOG - 2
									  : SB_CODEC_WINDOW_LOG);
	return STMBOOT_OK;
}

static enum stmboot_status zstd_status(size_t result)
{
	if (!ZSTD_isError(result))
		return STMBOOT_OK;
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_memory_allocation:
		return STMBOOT_NO_MEMORY;
	case ZSTD_error_frameParameter_windowTooLarge:
		return STMBOOT_LIMIT;
	case ZSTD_error_prefix_unknown:
		return STMBOOT_NOT_RECOGNISED;
	case ZSTD_error_version_unsupported:
	case ZSTD_error_frameParameter_unsupported:
	case ZSTD_error_dictionary_wrong:
		return STMBOOT_UNSUPPORTED;
	default:
		return STMBOOT_CORRUPT;
	}
}

static enum stmboot_status zstd_step(struct sb_codec *codec)
{
	ZSTD_inBuffer in = { .src = codec->in, .size = codec->in_left };
	ZSTD_outBuffer out = { .dst = codec->out, .size = codec->out_left };
	size_t result = ZSTD_decompressStream(codec->u.zstd, &out, &in);

	advance(codec, in.pos, out.pos);
	codec->ended = result == 0;
	return zstd_status(result);
}

static void zstd_end(struct sb_codec *codec)
{
	(void)ZSTD_freeDCtx(codec->u.zstd);
}

/* libbz2 */

static enum stmboot_status bzip2_begin(struct sb_codec *codec)
{
	codec->u.bzip2 =
		(bz_stream){ .bzalloc = bzip2_alloc, .bzfree = library_free, .opaque = codec->ctx };
	return BZ2_bzDecompressInit(&codec->u.bzip2, 0, 0) == BZ_OK ? STMBOOT_OK
								    : STMBOOT_NO_MEMORY;
}

static enum stmboot_status bzip2_step(struct sb_codec *codec)
{
	bz_stream *z = &codec->u.bzip2;
	int result;

	z->next_in = (char *)(uintptr_t)codec->in;
	z->avail_in = (unsigned)codec->in_left;
	z->next_out = (char *)codec->out;
	z->avail_out = (unsigned)codec->out_left;
	result = BZ2_bzDecompress(z);
	advance(codec, codec->in_left - z->avail_in, codec->out_left - z->avail_out);
	codec->ended = result == BZ_STREAM_END;
	if (result == BZ_OK || result == BZ_STREAM_END)
		return STMBOOT_OK;
	return result == BZ_MEM_ERROR ? STMBOOT_NO_MEMORY : STMBOOT_CORRUPT;
}

static void bzip2_end(struct sb_codec *codec)
{
	(void)BZ2_bzDecompressEnd(&codec->u.bzip2);
}

/* liblz4, frame format */

static enum stmboot_status lz4_begin(struct sb_codec *codec)
{
	LZ4F_errorCode_t result = LZ4F_createDecompressionContext(&codec->u.lz4, LZ4F_VERSION);

	return LZ4F_isError(result) ? STMBOOT_NO_MEMORY : STMBOOT_OK;
}

static enum stmboot_status lz4_step(struct sb_codec *codec)
{
	size_t made = codec->out_left, used = codec->in_left;
	size_t result = LZ4F_decompress(codec->u.lz4, codec->out, &made, codec->in, &used, NULL);

	if (LZ4F_isError(result))
		return strcmp(LZ4F_getErrorName(result), "ERROR_allocation_failed") == 0
			       ? STMBOOT_NO_MEMORY
			       : STMBOOT_CORRUPT;
	advance(codec, used, made);
	codec->ended = result == 0;
	return STMBOOT_OK;
}

static void lz4_end(struct sb_codec *codec)
{
	(void)LZ4F_freeDecompressionContext(codec->u.lz4);
}

const struct sb_codec_ops sb_codec_gzip = { gzip_begin, gzip_step, gzip_end };
const struct sb_codec_ops sb_codec_xz = { xz_begin, lzma_step, lzma_finish };
const struct sb_codec_ops sb_codec_lzma = { lzma_begin, lzma_step, lzma_finish };
const struct sb_codec_ops sb_codec_zstd = { zstd_begin, zstd_step, zstd_end };
const struct sb_codec_ops sb_codec_bzip2 = { bzip2_begin, bzip2_step, bzip2_end };
const struct sb_codec_ops sb_codec_lz4 = { lz4_begin, lz4_step, lz4_end };
