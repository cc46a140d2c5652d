/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../support/heap.h"
#include "../support/pace.h"
#include "../support/pack.h"
#include "base/context.h"
#include "source/source.h"
#include "source/unpack.h"

static const enum stmboot_compression all[] = {
	STMBOOT_COMPRESSION_GZIP,       STMBOOT_COMPRESSION_XZ,   STMBOOT_COMPRESSION_LZMA,
	STMBOOT_COMPRESSION_LZ4,        STMBOOT_COMPRESSION_ZSTD, STMBOOT_COMPRESSION_BZIP2,
	STMBOOT_COMPRESSION_LZ4_LEGACY,
};

enum { ALL = sizeof(all) / sizeof(all[0]) };

struct sink {
	uint8_t *data; /* NULL: only counted */
	size_t size;
	size_t room;
	enum stmboot_status answer;
};

static enum stmboot_status take(void *user, const void *data, size_t size)
{
	struct sink *sink = user;

	if (sink->answer != STMBOOT_OK)
		return sink->answer;
	if (sink->data != NULL) {
		cr_assert_leq(size, sink->room - sink->size);
		memcpy(sink->data + sink->size, data, size);
	}
	sink->size += size;
	return STMBOOT_OK;
}

/* Text that compresses, but not to nothing. */
static uint8_t *sample(size_t size)
{
	uint8_t *data = malloc(size);
	uint32_t state = 12345;

	cr_assert_not_null(data);
	for (size_t i = 0; i < size; i++) {
		state = state * 1664525 + 1013904223;
		data[i] = (uint8_t)("etaoin shrdlu\n"[(state >> 24) % 14]);
	}
	return data;
}

static enum stmboot_status unpack(struct stmboot_context *ctx, enum stmboot_compression compression,
				  const void *data, size_t size,
				  const struct sb_unpack_options *options, struct sink *sink,
				  struct sb_unpack_result *result)
{
	struct stmboot_source *src;
	enum stmboot_status status = stmboot_source_from_memory(ctx, data, size, &src);

	if (status != STMBOOT_OK)
		return status;
	status = sb_unpack(ctx, compression, src, 0, size, options, take, sink, result);
	stmboot_source_close(src);
	return status;
}

static struct stmboot_context *context(void)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	return ctx;
}

Test(unpack, every_compression_gives_back_what_was_packed)
{
	struct stmboot_context *ctx = context();
	const size_t most = 9000000; /* more than one block of lz4 */
	uint8_t *data = sample(most);
	struct sink sink = { .data = malloc(most), .room = most };

	for (size_t i = 0; i < ALL; i++) {
		size_t size = all[i] == STMBOOT_COMPRESSION_LZ4_LEGACY ? most : 400000;
		struct packed packed = pack(all[i], data, size);
		struct sb_unpack_result result;

		sink.size = 0;
		cr_expect_eq(sb_compression_detect(packed.data, packed.size), all[i]);
		cr_expect_eq(unpack(ctx, all[i], packed.data, packed.size,
				    &(struct sb_unpack_options){ 0 }, &sink, &result),
			     STMBOOT_OK, "%s", stmboot_compression_text(all[i]));
		cr_expect_eq(result.produced, size);
		cr_expect_eq(result.consumed, packed.size);
		cr_expect_arr_eq(sink.data, data, size);
		free(packed.data);
	}
	free(sink.data);
	free(data);
	stmboot_context_free(ctx);
}

struct head_case {
	const char *name;
	uint8_t head[SB_COMPRESSION_HEAD];
	size_t size;
	enum stmboot_compression expected;
};

static const struct head_case head_cases[] = {
	{ "LZMA of unknown length, as xz --format=lzma writes it",
	  { 0x5d, 0, 0, 0x80, 0, 255, 255, 255, 255, 255, 255, 255, 255 },
	  13,
	  STMBOOT_COMPRESSION_LZMA },
	{ "LZMA with a dictionary of 48 MiB and a length",
	  { 0x5d, 0, 0, 0, 3, 0, 0, 1, 0, 0, 0, 0, 0 },
	  13,
	  STMBOOT_COMPRESSION_LZMA },
	{ "no encoder writes a dictionary of 5 MiB",
	  { 0x5d, 0, 0, 0x50, 0, 255, 255, 255, 255, 255, 255, 255, 255 },
	  13,
	  STMBOOT_COMPRESSION_NONE },
	{ "nothing is 512 GiB long",
	  { 0x5d, 0, 0, 0x80, 0, 0, 0, 0, 0, 128, 0, 0, 0 },
	  13,
	  STMBOOT_COMPRESSION_NONE },
	{ "no dictionary at all", { 0x5d }, 13, STMBOOT_COMPRESSION_NONE },
	{ "a head that is cut", { 0x5d, 0, 0, 0x80 }, 12, STMBOOT_COMPRESSION_NONE },
	{ "gzip knows only deflate", { 0x1f, 0x8b, 7 }, 13, STMBOOT_COMPRESSION_NONE },
	{ "BZh is a word, too", "BZh and more", 12, STMBOOT_COMPRESSION_NONE },
	{ "an empty bzip2 file", "BZh9\x17rE8P\x90", 10, STMBOOT_COMPRESSION_BZIP2 },
	{ "nothing", "", 0, STMBOOT_COMPRESSION_NONE },
};

Test(unpack, heads)
{
	for (size_t i = 0; i < sizeof(head_cases) / sizeof(head_cases[0]); i++)
		cr_expect_eq(sb_compression_detect(head_cases[i].head, head_cases[i].size),
			     head_cases[i].expected, "%s", head_cases[i].name);
}

Test(unpack, what_follows_a_stream_is_left_alone)
{
	static const uint8_t junk[] = { 0xff, 0xff, 0xff, 0xff, 0x34, 0x12, 0, 0 };
	struct stmboot_context *ctx = context();
	uint8_t *data = sample(5000);

	for (size_t i = 0; i < ALL; i++) {
		struct packed packed = pack(all[i], data, 5000);
		struct sb_unpack_result result;
		struct sink sink = { 0 };
		size_t stream = packed.size;

		memcpy(packed.data + stream, junk, sizeof(junk));
		cr_expect_eq(unpack(ctx, all[i], packed.data, stream + sizeof(junk),
				    &(struct sb_unpack_options){ 0 }, &sink, &result),
			     STMBOOT_OK, "%s", stmboot_compression_text(all[i]));
		cr_expect_eq(result.consumed, stream, "%s", stmboot_compression_text(all[i]));
		cr_expect_eq(sink.size, 5000);
		free(packed.data);
	}
	free(data);
	stmboot_context_free(ctx);
}

Test(unpack, concatenated_streams_are_one_unless_only_the_first_is_asked_for)
{
	struct stmboot_context *ctx = context();
	uint8_t *data = sample(5000);

	for (size_t i = 0; i < ALL; i++) {
		struct packed packed = pack(all[i], data, 5000);
		struct sb_unpack_result result;
		struct sink both = { 0 }, first = { 0 };
		bool legacy = all[i] == STMBOOT_COMPRESSION_LZ4_LEGACY; /* has no end */

		memcpy(packed.data + packed.size, packed.data, packed.size);
		cr_expect_eq(unpack(ctx, all[i], packed.data, 2 * packed.size,
				    &(struct sb_unpack_options){ 0 }, &both, &result),
			     STMBOOT_OK);
		cr_expect_eq(both.size, 10000, "%s", stmboot_compression_text(all[i]));
		cr_expect_eq(unpack(ctx, all[i], packed.data, 2 * packed.size,
				    &(struct sb_unpack_options){ .single = true }, &first, &result),
			     STMBOOT_OK);
		cr_expect_eq(first.size, legacy ? 10000 : 5000);
		free(packed.data);
	}
	free(data);
	stmboot_context_free(ctx);
}

Test(unpack, a_stream_cut_anywhere_is_truncated)
{
	struct stmboot_context *ctx = context();
	uint8_t *data = sample(300);

	for (size_t i = 0; i < ALL; i++) {
		struct packed packed = pack(all[i], data, 300);

		for (size_t cut = 0; cut < packed.size; cut++) {
			struct sb_unpack_result result;
			struct sink sink = { 0 };
			enum stmboot_status status =
				unpack(ctx, all[i], packed.data, cut,
				       &(struct sb_unpack_options){ 0 }, &sink, &result);

			if (all[i] == STMBOOT_COMPRESSION_LZ4_LEGACY && cut >= 4 && cut < 8)
				continue; /* a stream of no block */
			cr_expect(status == STMBOOT_TRUNCATED ||
					  (cut < 16 && status == STMBOOT_NOT_RECOGNISED),
				  "%s cut to %zu of %zu: %s", stmboot_compression_text(all[i]), cut,
				  packed.size, stmboot_status_text(status));
		}
		free(packed.data);
	}
	free(data);
	stmboot_context_free(ctx);
}

Test(unpack, a_damaged_stream_with_a_checksum_is_corrupt)
{
	struct stmboot_context *ctx = context();
	uint8_t *data = sample(5000);

	for (size_t i = 0; i < ALL; i++) {
		struct packed packed = pack(all[i], data, 5000);
		struct sb_unpack_result result;
		struct sink sink = { 0 };

		if (all[i] == STMBOOT_COMPRESSION_LZMA ||
		    all[i] == STMBOOT_COMPRESSION_LZ4_LEGACY) {
			free(packed.data);
			continue;
		}
		packed.data[packed.size / 2] ^= 0x10;
		cr_expect_eq(unpack(ctx, all[i], packed.data, packed.size,
				    &(struct sb_unpack_options){ 0 }, &sink, &result),
			     STMBOOT_CORRUPT, "%s", stmboot_compression_text(all[i]));
		free(packed.data);
	}
	free(data);
	stmboot_context_free(ctx);
}

Test(unpack, output_may_reach_its_ceiling_but_not_pass_it)
{
	struct stmboot_context *ctx = context();
	uint8_t *data = sample(5000);

	for (size_t i = 0; i < ALL; i++) {
		struct packed packed = pack(all[i], data, 5000);
		struct sb_unpack_result result;
		struct sink exact = { 0 }, over = { 0 };

		cr_expect_eq(unpack(ctx, all[i], packed.data, packed.size,
				    &(struct sb_unpack_options){ .max_output = 5000 }, &exact,
				    &result),
			     STMBOOT_OK);
		cr_expect_eq(unpack(ctx, all[i], packed.data, packed.size,
				    &(struct sb_unpack_options){ .max_output = 4999 }, &over,
				    &result),
			     STMBOOT_LIMIT);
		cr_expect_leq(over.size, 4999);
		free(packed.data);
	}
	free(data);
	stmboot_context_free(ctx);
}

Test(unpack, a_bomb_is_stopped_by_its_ratio)
{
	static const enum stmboot_compression bombs[] = { STMBOOT_COMPRESSION_XZ,
							  STMBOOT_COMPRESSION_ZSTD,
							  STMBOOT_COMPRESSION_BZIP2 };
	struct stmboot_context *ctx = context();
	const size_t size = (32 << 20) / pace(3);
	uint8_t *zeros = calloc(1, size);

	for (size_t i = 0; i < 3; i++) {
		struct packed packed = pack(bombs[i], zeros, size);
		struct sb_unpack_result result;
		struct sink sink = { 0 };

		cr_expect_eq(unpack(ctx, bombs[i], packed.data, packed.size,
				    &(struct sb_unpack_options){ 0 }, &sink, &result),
			     STMBOOT_LIMIT, "%s", stmboot_compression_text(bombs[i]));
		cr_expect_lt(sink.size, size);
		free(packed.data);
	}
	free(zeros);
	stmboot_context_free(ctx);
}

Test(unpack, a_window_larger_than_any_kernel_uses_is_refused)
{
	/* Frame header: single segment off, window descriptor for 2^31 bytes; then an empty block.
	 */
	static const uint8_t zstd[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00 };
	/* A dictionary of 1.5 GiB. */
	static const uint8_t lzma[] = { 0x5d, 0,    0,    0,    0x60, 0xff, 0xff, 0xff, 0xff, 0xff,
					0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 };
	struct stmboot_context *ctx = context();
	struct sb_unpack_result result;
	struct sink sink = { 0 };

	cr_expect_eq(unpack(ctx, STMBOOT_COMPRESSION_ZSTD, zstd, sizeof(zstd),
			    &(struct sb_unpack_options){ 0 }, &sink, &result),
		     STMBOOT_LIMIT);
	cr_expect_eq(unpack(ctx, STMBOOT_COMPRESSION_LZMA, lzma, sizeof(lzma),
			    &(struct sb_unpack_options){ 0 }, &sink, &result),
		     STMBOOT_LIMIT);
	stmboot_context_free(ctx);
}

/* Windows of 32 and 128 MiB, with as much behind the frame as may make them worth it. */
Test(unpack, a_window_is_as_large_as_what_is_packed_is_worth)
{
	static const struct {
		uint8_t window;
		size_t packed;
		enum stmboot_status status;
	} rows[] = {
		{ 0x78, 9, STMBOOT_OK },
		{ 0x88, 9, STMBOOT_LIMIT },
		{ 0x88, 4 << 20, STMBOOT_LIMIT },
		{ 0x88, 5 << 20, STMBOOT_OK },
	};
	static uint8_t zstd[5 << 20] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0, 0x01, 0x00, 0x00 };
	struct stmboot_context *ctx = context();
	struct sb_unpack_result result;
	struct sink sink = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		zstd[5] = rows[i].window;
		cr_expect_eq(unpack(ctx, STMBOOT_COMPRESSION_ZSTD, zstd, rows[i].packed,
				    &(struct sb_unpack_options){ .single = true }, &sink, &result),
			     rows[i].status, "row %zu", i);
	}
	stmboot_context_free(ctx);
}

Test(unpack, a_sink_that_refuses_stops_it_and_lzo_is_not_unpacked)
{
	static const uint8_t lzo[] = "\x89LZO\0\r\n\x1a\n and more";
	struct stmboot_context *ctx = context();
	uint8_t *data = sample(5000);
	struct packed packed = pack(STMBOOT_COMPRESSION_GZIP, data, 5000);
	struct sb_unpack_result result;
	struct sink sink = { .answer = STMBOOT_NOT_FOUND };

	cr_expect_eq(unpack(ctx, STMBOOT_COMPRESSION_GZIP, packed.data, packed.size,
			    &(struct sb_unpack_options){ 0 }, &sink, &result),
		     STMBOOT_NOT_FOUND);
	cr_expect_eq(result.produced, 0);
	cr_expect_eq(unpack(ctx, STMBOOT_COMPRESSION_LZO, lzo, sizeof(lzo),
			    &(struct sb_unpack_options){ 0 }, &sink, &result),
		     STMBOOT_UNSUPPORTED);
	cr_expect_eq(unpack(ctx, STMBOOT_COMPRESSION_XZ, lzo, sizeof(lzo),
			    &(struct sb_unpack_options){ 0 }, &sink, &result),
		     STMBOOT_NOT_RECOGNISED);
	cr_expect_eq(sb_compression_detect(lzo, sizeof(lzo)), STMBOOT_COMPRESSION_LZO);
	free(packed.data);
	free(data);
	stmboot_context_free(ctx);
}

Test(unpack, every_allocation_may_fail)
{
	struct heap heap = { 0 };
	uint8_t *data = sample(5000);

	for (size_t i = 0; i < ALL; i++) {
		struct packed packed = pack(all[i], data, 5000);
		enum stmboot_status status = STMBOOT_NO_MEMORY;

		for (size_t n = 0; n < 100 && status != STMBOOT_OK; n++) {
			struct stmboot_context *ctx;
			struct sb_unpack_result result;
			struct sink sink = { 0 };

			heap_refuse(&heap, 0);
			ctx = heap_context(&heap);
			heap_refuse(&heap, n + 1);
			status = unpack(ctx, all[i], packed.data, packed.size,
					&(struct sb_unpack_options){ 0 }, &sink, &result);
			cr_expect(status == STMBOOT_NO_MEMORY || status == STMBOOT_OK, "%s: %s",
				  stmboot_compression_text(all[i]), stmboot_status_text(status));
			stmboot_context_free(ctx);
			cr_expect_eq(heap.live, 0);
		}
		cr_expect_eq(status, STMBOOT_OK);
		free(packed.data);
	}
	free(data);
}

/* Does the file system of temporary files tell holes from data? */
static bool knows_holes(void)
{
	FILE *file = tmpfile();
	bool hole;

	cr_assert_not_null(file);
	cr_assert_eq(ftruncate(fileno(file), 1 << 20), 0);
	hole = lseek(fileno(file), 0, SEEK_DATA) < 0;
	fclose(file);
	return hole;
}

Test(unpack, a_card_image_becomes_a_sparse_source)
{
	struct stmboot_context *ctx = context();
	const size_t size = (20 << 20) + 100;
	uint8_t *card = calloc(1, size), *back = malloc(size);
	struct packed packed;
	struct stmboot_source *src, *unpacked;
	uint64_t start, end;

	memcpy(card + 100, "STM2", 4);
	memcpy(card + (8 << 20) + 4095, "data", 4);
	packed = pack(STMBOOT_COMPRESSION_XZ, card, size);
	cr_assert_eq(stmboot_source_from_memory(ctx, packed.data, packed.size, &src), STMBOOT_OK);
	cr_assert_eq(sb_source_unpacked(ctx, src, STMBOOT_COMPRESSION_XZ, &unpacked), STMBOOT_OK);
	stmboot_source_close(src);
	cr_expect_eq(stmboot_source_size(unpacked), size);
	cr_assert_eq(stmboot_source_read(unpacked, 0, back, size), STMBOOT_OK);
	cr_expect_arr_eq(back, card, size);
	cr_assert_eq(stmboot_source_next_data(unpacked, 4096, &start, &end), STMBOOT_OK);
	cr_expect_eq(start, knows_holes() ? 8 << 20 : 4096);
	stmboot_source_close(unpacked);
	free(packed.data);
	free(card);
	free(back);
	stmboot_context_free(ctx);
}

static bool always(void *user)
{
	(void)user;
	return true;
}

Test(unpack, a_container_past_its_ceiling_or_cancelled_leaves_nothing)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options),
						   .limits.max_container_bytes = 1 << 20 };
	struct stmboot_context *ctx;
	uint8_t *card = sample(2 << 20);
	struct packed packed = pack(STMBOOT_COMPRESSION_ZSTD, card, 2 << 20);
	struct stmboot_source *src, *unpacked = NULL;

	cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(ctx, packed.data, packed.size, &src), STMBOOT_OK);
	cr_expect_eq(sb_source_unpacked(ctx, src, STMBOOT_COMPRESSION_ZSTD, &unpacked),
		     STMBOOT_LIMIT);
	stmboot_source_close(src);
	stmboot_context_free(ctx);

	options.limits.max_container_bytes = 0;
	options.cancel = always;
	cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(ctx, packed.data, packed.size, &src), STMBOOT_OK);
	cr_expect_eq(sb_source_unpacked(ctx, src, STMBOOT_COMPRESSION_ZSTD, &unpacked),
		     STMBOOT_CANCELLED);
	cr_expect_null(unpacked);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	free(packed.data);
	free(card);
}
