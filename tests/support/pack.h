/* SPDX-License-Identifier: MIT */
/* Compressed bytes for tests, made by the libraries' own encoders. */
#ifndef TESTS_PACK_H
#define TESTS_PACK_H

#include <bzlib.h>
#include <criterion/criterion.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <stmboot/compression.h>

struct packed {
	uint8_t *data;
	size_t size;
};

static inline size_t pack_gzip(const void *data, size_t size, uint8_t *out, size_t room)
{
	z_stream z = { 0 };

	cr_assert_eq(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (z_const Bytef *)(uintptr_t)data;
	z.avail_in = (unsigned)size;
	z.next_out = out;
	z.avail_out = (unsigned)room;
	cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	cr_assert_eq(deflateEnd(&z), Z_OK);
	return z.total_out;
}

/* As scripts/xz_wrap.sh of the kernel does for ARM: BCJ filter, CRC32. */
static inline size_t pack_xz(const void *data, size_t size, uint8_t *out, size_t room)
{
	lzma_options_lzma options;
	lzma_filter filters[3] = { { .id = LZMA_FILTER_ARM },
				   { .id = LZMA_FILTER_LZMA2, .options = &options },
				   { .id = LZMA_VLI_UNKNOWN } };
	size_t used = 0;

	cr_assert_not(lzma_lzma_preset(&options, 6));
	options.dict_size = 1 << 25;
	cr_assert_eq(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, data, size, out,
					       &used, room),
		     LZMA_OK);
	return used;
}

static inline size_t pack_lzma(const void *data, size_t size, uint8_t *out, size_t room)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	cr_assert_not(lzma_lzma_preset(&options, 6));
	cr_assert_eq(lzma_alone_encoder(&z, &options), LZMA_OK);
	z.next_in = data;
	z.avail_in = size;
	z.next_out = out;
	z.avail_out = room;
	cr_assert_eq(lzma_code(&z, LZMA_FINISH), LZMA_STREAM_END);
	lzma_end(&z);
	return room - z.avail_out;
}

/* As lz4 -l: blocks of 8 MiB behind their length. */
static inline size_t pack_lz4_legacy(const void *data, size_t size, uint8_t *out, size_t room)
{
	size_t made = 4;

	memcpy(out, "\x02\x21\x4c\x18", 4);
	for (size_t at = 0; at < size; at += 8 << 20) {
		size_t part = size - at < 8 << 20 ? size - at : 8 << 20;
		int length = LZ4_compress_default((const char *)data + at, (char *)out + made + 4,
						  (int)part, (int)(room - made - 4));

		cr_assert_gt(length, 0);
		for (int i = 0; i < 4; i++)
			out[made + (size_t)i] = (uint8_t)(length >> 8 * i);
		made += 4 + (size_t)length;
	}
	return made;
}

static inline size_t pack_lz4(const void *data, size_t size, uint8_t *out, size_t room)
{
	LZ4F_preferences_t p = { .frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled };
	size_t made = LZ4F_compressFrame(out, room, data, size, &p);

	cr_assert_not(LZ4F_isError(made));
	return made;
}

static inline size_t pack_zstd(const void *data, size_t size, uint8_t *out, size_t room)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	size_t made;

	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	made = ZSTD_compress2(z, out, room, data, size);
	cr_assert_not(ZSTD_isError(made));
	ZSTD_freeCCtx(z);
	return made;
}

static inline size_t pack_bzip2(const void *data, size_t size, uint8_t *out, size_t room)
{
	unsigned made = (unsigned)room;

	cr_assert_eq(BZ2_bzBuffToBuffCompress((char *)out, &made, (char *)(uintptr_t)data,
					      (unsigned)size, 9, 0, 0),
		     BZ_OK);
	return made;
}

/* Free the data with free(). */
static inline struct packed pack(enum stmboot_compression compression, const void *data,
				 size_t size)
{
	static size_t (*const packers[])(const void *, size_t, uint8_t *, size_t) = {
		[STMBOOT_COMPRESSION_GZIP] = pack_gzip,
		[STMBOOT_COMPRESSION_XZ] = pack_xz,
		[STMBOOT_COMPRESSION_LZMA] = pack_lzma,
		[STMBOOT_COMPRESSION_LZ4_LEGACY] = pack_lz4_legacy,
		[STMBOOT_COMPRESSION_LZ4] = pack_lz4,
		[STMBOOT_COMPRESSION_ZSTD] = pack_zstd,
		[STMBOOT_COMPRESSION_BZIP2] = pack_bzip2,
	};
	size_t room = size + size / 50 + 70000;
	struct packed packed = { .data = malloc(room) };

	cr_assert_not_null(packed.data);
	packed.size = packers[compression](data, size, packed.data, room);
	return packed;
}

#endif
