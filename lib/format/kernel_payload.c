/* SPDX-License-Identifier: MIT */
/*
 * A zImage does not say where its payload begins, and its decompressor holds
 * the signature of the very format it unpacks. So each place that looks like
 * a beginning is tried, until the output is as long as the size word says.
 */
#include "format/kernel_payload.h"

#include "base/checked.h"
#include "base/context.h"
#include "source/source.h"
#include "source/unpack.h"

enum {
	HEADER_BYTES = 0x34,
	SIZE_WORD_BYTES = 4,
	BLOCK_BYTES = 64 << 10,
	MAX_ATTEMPTS = 64, /* real kernels need two or three */
};

struct search {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	const struct stmboot_zimage *zimage;
	uint64_t end;     /* the payload lies before it */
	uint64_t *budget; /* output that may still be made */
	uint32_t attempts;
	bool accepted;
	bool limited; /* something could not be tried to its end */
	bool has_lzo; /* for which there is no decompressor here */
	uint64_t lzo_offset;
	struct sb_kernel_payload *best;
};

/* Whatever else unpacking gives is a fact about the bytes. */
static bool is_failure(enum stmboot_status status)
{
	return status == STMBOOT_IO || status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED ||
	       status == STMBOOT_INTERNAL;
}

/* Unpack one run into `payload`, whose compression and offset are set. */
static enum stmboot_status unpack(struct stmboot_context *ctx, struct stmboot_source *src,
				  uint64_t length, uint64_t max_output,
				  struct sb_kernel_payload *payload)
{
	struct sb_unpack_options options = { .max_output = max_output,
					     .single = true,
					     .progress = true };
	struct sb_unpack_result result;

	payload->status = sb_unpack(ctx, payload->compression, src, payload->offset, length,
				    &options, sb_kernel_text_feed, &payload->text, &result);
	payload->bytes = result.consumed;
	payload->unpacked_bytes = result.produced;
	return is_failure(payload->status) ? payload->status : STMBOOT_OK;
}

/* gzip ends in its own size word; behind all others the build appended one. */
static uint64_t run_length(const struct search *s, enum stmboot_compression compression,
			   uint64_t offset)
{
	bool appended = s->zimage->has_size_word && compression != STMBOOT_COMPRESSION_GZIP;
	uint64_t end = appended ? s->end - SIZE_WORD_BYTES : s->end;

	return end > offset ? end - offset : 0;
}

/* Keep the attempt in *payload if it is the best so far; the other is released. */
static void keep(struct search *s, struct sb_kernel_payload *payload)
{
	if (s->accepted || payload->unpacked_bytes > s->best->unpacked_bytes) {
		struct sb_kernel_payload other = *s->best;

		*s->best = *payload;
		*payload = other;
	}
	sb_kernel_text_release(&payload->text);
}

/* Where no size word can be had, the output must at least be longer than its zImage. */
static bool is_whole(const struct search *s, uint64_t unpacked_bytes)
{
	if (s->zimage->has_size_word)
		return unpacked_bytes == s->zimage->unpacked_bytes;
	return unpacked_bytes > s->end;
}

static enum stmboot_status attempt(struct search *s, enum stmboot_compression compression,
				   uint64_t offset)
{
	struct sb_kernel_payload payload = { .compression = compression, .offset = offset };
	uint64_t wanted = s->zimage->has_size_word ? s->zimage->unpacked_bytes : UINT64_MAX;
	uint64_t ceiling = sb_min_u64(wanted, *s->budget);
	enum stmboot_status status;

	if (s->attempts == MAX_ATTEMPTS || ceiling == 0) {
		s->limited = true;
		return STMBOOT_OK;
	}
	s->attempts++;
	sb_kernel_text_init(&payload.text, s->ctx);
	status = unpack(s->ctx, s->src, run_length(s, compression, offset), ceiling, &payload);
	if (is_failure(status)) {
		sb_kernel_text_release(&payload.text);
		return status;
	}
	*s->budget -= payload.unpacked_bytes;
	if (payload.status == STMBOOT_LIMIT && ceiling == *s->budget + payload.unpacked_bytes)
		s->limited = true;
	s->accepted = payload.status == STMBOOT_OK && is_whole(s, payload.unpacked_bytes);
	if (!s->accepted && (payload.status == STMBOOT_OK || payload.status == STMBOOT_LIMIT))
		payload.status = STMBOOT_CORRUPT;
	keep(s, &payload);
	return STMBOOT_OK;
}

static enum stmboot_status look_at(struct search *s, const uint8_t *at, size_t size,
				   uint64_t offset)
{
	enum stmboot_compression compression = sb_compression_detect(at, size);

	switch (compression) {
	case STMBOOT_COMPRESSION_GZIP:
	case STMBOOT_COMPRESSION_XZ:
	case STMBOOT_COMPRESSION_LZMA:
	case STMBOOT_COMPRESSION_LZ4_LEGACY:
	case STMBOOT_COMPRESSION_ZSTD:
		return attempt(s, compression, offset);
	case STMBOOT_COMPRESSION_LZO:
		s->has_lzo = true;
		s->lzo_offset = offset;
		return STMBOOT_OK;
	default:
		return STMBOOT_OK; /* no kernel is packed with these */
	}
}

static bool may_begin(uint8_t byte)
{
	switch (byte) {
	case 0x02: /* LZ4 */
	case 0x1f: /* gzip */
	case 0x28: /* Zstandard */
	case 0x5d: /* LZMA */
	case 0x89: /* LZO */
	case 0xfd: /* xz */
		return true;
	default:
		return false;
	}
}

/* A signature across the end of a block is seen again at the start of the next. */
static enum stmboot_status search_block(struct search *s, uint8_t *block, uint64_t offset)
{
	size_t size = (size_t)sb_min_u64(BLOCK_BYTES, s->end - offset);
	enum stmboot_status status = stmboot_source_read(s->src, offset, block, size);
	bool last = offset + size == s->end;

	for (size_t i = 0; i < size && status == STMBOOT_OK && !s->accepted && !s->limited; i++) {
		if (!last && size - i < SB_COMPRESSION_HEAD)
			break;
		if (may_begin(block[i]))
			status = look_at(s, block + i, size - i, offset + i);
	}
	return status;
}

static enum stmboot_status search_all(struct search *s, uint64_t start)
{
	uint8_t *block = sb_alloc_uncleared(s->ctx, BLOCK_BYTES);
	enum stmboot_status status = STMBOOT_OK;

	if (block == NULL)
		return STMBOOT_NO_MEMORY;
	for (uint64_t at = start;
	     at < s->end && status == STMBOOT_OK && !s->accepted && !s->limited;
	     at += BLOCK_BYTES - SB_COMPRESSION_HEAD + 1)
		status = search_block(s, block, at);
	sb_free(s->ctx, block);
	return status;
}

static void conclude(struct search *s)
{
	struct sb_kernel_payload *best = s->best;
	bool candidate = best->unpacked_bytes != 0;

	best->decoys = s->attempts - (candidate ? 1 : 0);
	if (s->accepted)
		return;
	if (s->limited) {
		best->status = STMBOOT_LIMIT;
	} else if (s->has_lzo) {
		best->status = STMBOOT_UNSUPPORTED;
		best->compression = STMBOOT_COMPRESSION_LZO;
		best->offset = s->lzo_offset;
		best->bytes = best->unpacked_bytes = 0;
	} else if (!candidate) {
		best->status = STMBOOT_NOT_FOUND;
	}
}

static enum stmboot_status find_in_zimage(struct stmboot_context *ctx, struct stmboot_source *src,
					  const struct stmboot_kernel *kernel, uint64_t *budget,
					  struct sb_kernel_payload *out)
{
	const struct stmboot_zimage *z = &kernel->zimage;
	struct search s = { .ctx = ctx,
			    .src = src,
			    .zimage = z,
			    .end = kernel->file_bytes,
			    .budget = budget,
			    .best = out };
	enum stmboot_status status;

	if (z->has_size_word)
		s.end = (uint64_t)z->size_word_offset + SIZE_WORD_BYTES;
	else if (kernel->image_bytes > HEADER_BYTES)
		s.end = sb_min_u64(s.end, kernel->image_bytes);
	status = search_all(&s, z->has_table ? z->table_offset : HEADER_BYTES);
	if (status == STMBOOT_OK)
		conclude(&s);
	return status;
}

/* Nothing is packed in an Image: its text stands in the file itself. */
static enum stmboot_status read_plain(struct stmboot_context *ctx, struct stmboot_source *src,
				      struct sb_kernel_payload *out)
{
	uint64_t size = stmboot_source_size(src);
	enum stmboot_status status = STMBOOT_OK;
	uint8_t *block;

	if (size > sb_limits(ctx)->max_unpacked_bytes) {
		out->status = STMBOOT_LIMIT;
		return STMBOOT_OK;
	}
	block = sb_alloc_uncleared(ctx, BLOCK_BYTES);
	if (block == NULL)
		return STMBOOT_NO_MEMORY;
	while (out->bytes < size && status == STMBOOT_OK) {
		size_t part = (size_t)sb_min_u64(BLOCK_BYTES, size - out->bytes);

		status = stmboot_source_read(src, out->bytes, block, part);
		if (status == STMBOOT_OK)
			status = sb_kernel_text_feed(&out->text, block, part);
		out->bytes += part;
		if (status == STMBOOT_OK)
			status = sb_progress(ctx, out->bytes, size);
	}
	sb_free(ctx, block);
	out->unpacked_bytes = out->bytes;
	return status;
}

/* The place is known: the whole file, or what an EFI zboot header says. */
static enum stmboot_status unpack_known(struct stmboot_context *ctx, struct stmboot_source *src,
					const struct stmboot_kernel *kernel, uint64_t *budget,
					struct sb_kernel_payload *out)
{
	bool zboot = kernel->format == STMBOOT_KERNEL_ZBOOT;
	uint64_t length = zboot ? kernel->zboot.payload_bytes : kernel->file_bytes;
	enum stmboot_status status;

	out->compression = kernel->compression;
	out->offset = zboot ? kernel->zboot.payload_offset : 0;
	if (kernel->compression == STMBOOT_COMPRESSION_NONE) {
		out->status = STMBOOT_NOT_FOUND;
		return STMBOOT_OK;
	}
	status = unpack(ctx, src, length, *budget, out);
	*budget -= out->unpacked_bytes;
	if (out->status == STMBOOT_NOT_RECOGNISED)
		out->status = STMBOOT_CORRUPT;
	return status;
}

enum stmboot_status sb_kernel_payload_find(struct stmboot_context *ctx, struct stmboot_source *src,
					   const struct stmboot_kernel *kernel, uint64_t *budget,
					   struct sb_kernel_payload *out)
{
	*out = (struct sb_kernel_payload){ .status = STMBOOT_OK };
	sb_kernel_text_init(&out->text, ctx);
	switch (kernel->format) {
	case STMBOOT_KERNEL_ZIMAGE:
		return find_in_zimage(ctx, src, kernel, budget, out);
	case STMBOOT_KERNEL_ARM64:
		return read_plain(ctx, src, out);
	case STMBOOT_KERNEL_ZBOOT:
	case STMBOOT_KERNEL_COMPRESSED:
		return unpack_known(ctx, src, kernel, budget, out);
	default:
		out->status = STMBOOT_NOT_FOUND; /* barebox is no Linux */
		return STMBOOT_OK;
	}
}
