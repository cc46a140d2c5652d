/* SPDX-License-Identifier: MIT */
#include "source/unpack.h"

#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "source/codec.h"
#include "source/source.h"

enum { IN_BYTES = 64 << 10, OUT_BYTES = 128 << 10 };

/* Ceiling for the ratio of output to input, once the output is worth counting. */
enum { MAX_RATIO = 1000, RATIO_SLACK = 4 << 20 };

struct signature {
	enum stmboot_compression compression;
	uint8_t length;
	const char *bytes;
	const struct sb_codec_ops *ops; /* NULL: not supported */
};

/* LZMA alone is recognised by is_lzma(). */
static const struct signature signatures[] = {
	{ STMBOOT_COMPRESSION_GZIP, 3, "\x1f\x8b\x08", &sb_codec_gzip },
	{ STMBOOT_COMPRESSION_XZ, 6,
	  "\xfd"
	  "7zXZ\0",
	  &sb_codec_xz },
	{ STMBOOT_COMPRESSION_LZ4_LEGACY, 4, "\x02\x21\x4c\x18", &sb_codec_lz4_legacy },
	{ STMBOOT_COMPRESSION_LZ4, 4, "\x04\x22\x4d\x18", &sb_codec_lz4 },
	{ STMBOOT_COMPRESSION_ZSTD, 4, "\x28\xb5\x2f\xfd", &sb_codec_zstd },
	{ STMBOOT_COMPRESSION_BZIP2, 3, "BZh", &sb_codec_bzip2 },
	{ STMBOOT_COMPRESSION_LZO, 9, "\x89LZO\0\r\n\x1a\n", NULL },
	{ STMBOOT_COMPRESSION_LZMA, 3, "\x5d\0\0", &sb_codec_lzma },
};

enum { SIGNATURES = sizeof(signatures) / sizeof(signatures[0]) };

const char *stmboot_compression_text(enum stmboot_compression compression)
{
	static const char *const names[] = { "raw", "gzip", "xz",    "lzma", "lz4-legacy",
					     "lz4", "zstd", "bzip2", "lzo" };

	return (size_t)compression < sizeof(names) / sizeof(names[0]) ? names[compression] : "?";
}

/*
 * LZMA alone has no magic. Every encoder writes a dictionary of 2^n or
 * 2^n + 2^(n-1) bytes, and a length that is unknown or below 256 GiB.
 */
static bool is_lzma(const uint8_t *head)
{
	uint32_t dictionary = sb_get_le32(head + 1);
	uint64_t length = sb_get_le64(head + 5);

	if (dictionary < 4096)
		return false;
	while (dictionary % 2 == 0)
		dictionary /= 2;
	return (dictionary == 1 || dictionary == 3) && (length == UINT64_MAX || length >> 38 == 0);
}

static bool matches(const struct signature *signature, const uint8_t *head, size_t size)
{
	if (size < signature->length || memcmp(head, signature->bytes, signature->length) != 0)
		return false;
	switch (signature->compression) {
	case STMBOOT_COMPRESSION_LZMA:
		return size >= SB_COMPRESSION_HEAD && is_lzma(head);
	case STMBOOT_COMPRESSION_BZIP2:
		return size >= 10 && head[3] >= '1' && head[3] <= '9' &&
		       (memcmp(head + 4, "1AY&SY", 6) == 0 ||
			memcmp(head + 4, "\x17rE8P\x90", 6) == 0);
	default:
		return true;
	}
}

enum stmboot_compression sb_compression_detect(const void *head, size_t size)
{
	for (size_t i = 0; i < SIGNATURES; i++)
		if (matches(&signatures[i], head, size))
			return signatures[i].compression;
	return STMBOOT_COMPRESSION_NONE;
}

struct unpacker {
	struct sb_codec codec;
	const struct signature *signature;
	struct stmboot_source *src;
	uint64_t next; /* the next byte to read from src */
	uint64_t end;
	uint64_t total; /* bytes of the range, for progress */
	uint64_t max_output;
	uint64_t ratio_slack;
	bool single;
	bool progress;
	sb_unpack_sink sink;
	void *user;
	struct sb_unpack_result *result;
	uint8_t in[IN_BYTES];
	uint8_t out[OUT_BYTES];
};

static uint64_t consumed(const struct unpacker *u)
{
	return u->total - (u->end - u->next) - u->codec.in_left;
}

/* Move what is left to the front and read more behind it. */
static enum stmboot_status refill(struct unpacker *u)
{
	struct sb_codec *codec = &u->codec;
	size_t room = IN_BYTES - codec->in_left;
	size_t part = (size_t)sb_min_u64(room, u->end - u->next);
	enum stmboot_status status;

	memmove(u->in, codec->in, codec->in_left);
	codec->in = u->in;
	status = stmboot_source_read(u->src, u->next, u->in + codec->in_left, part);
	if (status != STMBOOT_OK)
		return status;
	codec->in_left += part;
	u->next += part;
	codec->in_after = u->end - u->next;
	return STMBOOT_OK;
}

static enum stmboot_status tick(const struct unpacker *u)
{
	const struct stmboot_context_options *o = &u->codec.ctx->options;

	if (u->progress)
		return sb_progress(u->codec.ctx, consumed(u), u->total);
	return o->cancel != NULL && o->cancel(o->user) ? STMBOOT_CANCELLED : STMBOOT_OK;
}

static bool over_ratio(const struct unpacker *u, uint64_t output)
{
	return output > u->ratio_slack && (output - u->ratio_slack) / MAX_RATIO > consumed(u);
}

/* Hand on what the last step made. */
static enum stmboot_status deliver(struct unpacker *u)
{
	size_t made = (size_t)(u->codec.out - u->out);
	enum stmboot_status status;

	u->codec.out = u->out;
	u->codec.out_left = OUT_BYTES;
	if (made == 0)
		return STMBOOT_OK;
	if (made > u->max_output - u->result->produced || over_ratio(u, u->result->produced + made))
		return STMBOOT_LIMIT;
	u->result->consumed = consumed(u);
	status = u->sink(u->user, u->out, made);
	if (status == STMBOOT_OK) {
		u->result->produced += made;
		status = tick(u);
	}
	return status;
}

static enum stmboot_status run_stream(struct unpacker *u)
{
	struct sb_codec *codec = &u->codec;
	enum stmboot_status status = STMBOOT_OK;

	codec->ended = false;
	while (status == STMBOOT_OK && !codec->ended) {
		const uint8_t *in = codec->in;
		bool moved;

		status = u->signature->ops->step(codec);
		moved = codec->in != in || codec->out != u->out;
		if (codec->out != u->out) {
			enum stmboot_status delivered = deliver(u);

			status = status != STMBOOT_OK ? status : delivered;
		}
		if (status == STMBOOT_OK && !codec->ended && (codec->in_left == 0 || !moved)) {
			if (codec->in_after != 0 && codec->in_left < IN_BYTES)
				status = refill(u);
			else if (!moved)
				status = codec->in_after != 0 ? STMBOOT_CORRUPT : STMBOOT_TRUNCATED;
		}
	}
	u->result->consumed = consumed(u);
	return status;
}

/* .xz files may have zero words between streams; both tools skip frames of metadata. */
static bool skippable(const struct unpacker *u)
{
	const struct sb_codec *codec = &u->codec;

	return (u->signature->compression == STMBOOT_COMPRESSION_ZSTD ||
		u->signature->compression == STMBOOT_COMPRESSION_LZ4) &&
	       codec->in_left >= 4 && (sb_get_le32(codec->in) & 0xfffffff0) == 0x184d2a50;
}

static enum stmboot_status skip_padding(struct unpacker *u)
{
	struct sb_codec *codec = &u->codec;
	enum stmboot_status status = refill(u);

	while (status == STMBOOT_OK && u->signature->compression == STMBOOT_COMPRESSION_XZ &&
	       codec->in_left >= 4 && sb_get_le32(codec->in) == 0) {
		codec->in += 4;
		codec->in_left -= 4;
		if (codec->in_left < SB_COMPRESSION_HEAD)
			status = refill(u);
	}
	return status;
}

static enum stmboot_status run_streams(struct unpacker *u)
{
	enum stmboot_status status = refill(u);

	if (status == STMBOOT_OK && !skippable(u) &&
	    !matches(u->signature, u->codec.in, u->codec.in_left))
		return STMBOOT_NOT_RECOGNISED;
	if (u->signature->ops == NULL)
		return status == STMBOOT_OK ? STMBOOT_UNSUPPORTED : status;
	while (status == STMBOOT_OK) {
		status = u->signature->ops->begin(&u->codec);
		if (status != STMBOOT_OK)
			return status;
		status = run_stream(u);
		u->signature->ops->end(&u->codec);
		if (status != STMBOOT_OK || u->single)
			return status;
		status = skip_padding(u);
		if (!skippable(u) && !matches(u->signature, u->codec.in, u->codec.in_left))
			return status;
	}
	return status;
}

static const struct signature *signature_of(enum stmboot_compression compression)
{
	for (size_t i = 0; i < SIGNATURES; i++)
		if (signatures[i].compression == compression)
			return &signatures[i];
	return NULL;
}

enum stmboot_status sb_unpack(struct stmboot_context *ctx, enum stmboot_compression compression,
			      struct stmboot_source *src, uint64_t offset, uint64_t length,
			      const struct sb_unpack_options *options, sb_unpack_sink sink,
			      void *user, struct sb_unpack_result *result)
{
	const struct signature *signature = signature_of(compression);
	uint64_t size = stmboot_source_size(src);
	struct unpacker *u;
	enum stmboot_status status;

	*result = (struct sb_unpack_result){ 0 };
	if (signature == NULL)
		return STMBOOT_INVALID_ARGUMENT;
	u = sb_alloc_uncleared(ctx, sizeof(*u));
	if (u == NULL)
		return STMBOOT_NO_MEMORY;
	memset(u, 0, offsetof(struct unpacker, in));
	u->codec.ctx = ctx;
	u->codec.in = u->in;
	u->codec.out = u->out;
	u->codec.out_left = OUT_BYTES;
	u->signature = signature;
	u->src = src;
	u->next = sb_min_u64(offset, size);
	u->total = sb_min_u64(length, size - u->next);
	u->end = u->next + u->total;
	u->codec.in_total = u->total;
	u->max_output =
		options->max_output != 0 ? options->max_output : sb_limits(ctx)->max_unpacked_bytes;
	u->ratio_slack = options->ratio_slack != 0 ? options->ratio_slack : RATIO_SLACK;
	u->single = options->single;
	u->progress = options->progress;
	u->sink = sink;
	u->user = user;
	u->result = result;
	status = run_streams(u);
	sb_free(ctx, u);
	return status;
}
