/* SPDX-License-Identifier: MIT */
/* A compressed card image as a source: unpacked once into a file without a name. */
#include "base/checked.h"
#include "base/context.h"
#include "source/source.h"
#include "source/spill.h"
#include "source/unpack.h"

enum { MAX_WRITE_RATIO = 1000, WRITE_SLACK = 64 << 20 };

/* A fresh card is mostly zeros, which any compressor makes vanish. */
static const uint64_t empty_card_bytes = UINT64_C(4) << 30;

/*
 * Zeros that cost next to no input cost time all the same, with gzip, xz and bzip2 half a second
 * for the first of these. Whatever a small file says, it is a small card.
 */
enum { SMALL_INPUT = 1 << 20, SMALL_OUTPUT = 256 << 20, GROWTH = 4096 };

/* What is not zeros costs those who look at it, too. */
enum { SMALL_WRITTEN = 48 << 20 };

struct unpacking {
	struct sb_spill spill;
	uint64_t most_written;
	struct sb_unpack_result result;
};

static enum stmboot_status spill_bytes(void *user, const void *data, size_t size)
{
	struct unpacking *u = user;
	enum stmboot_status status = sb_spill_put(&u->spill, data, size);

	if (status == STMBOOT_OK && (u->spill.written > u->most_written ||
				     (u->spill.written > WRITE_SLACK &&
				      u->spill.written / MAX_WRITE_RATIO > u->result.consumed)))
		return STMBOOT_LIMIT;
	return status;
}

static enum stmboot_status find_ceilings(const struct stmboot_context *ctx,
					 struct stmboot_source *src, uint64_t *most_output,
					 uint64_t *most_written)
{
	const uint64_t most = sb_limits(ctx)->max_container_bytes, steps = most / GROWTH;
	uint64_t packed;
	enum stmboot_status status = sb_source_count_data(src, SMALL_INPUT + steps, &packed);
	uint64_t more = packed > SMALL_INPUT ? packed - SMALL_INPUT : 0;

	if (status != STMBOOT_OK)
		return status;
	*most_output = more < steps ? sb_min_u64(most, SMALL_OUTPUT + more * GROWTH) : most;
	*most_written = more < steps ? SMALL_WRITTEN + more * GROWTH : most;
	return STMBOOT_OK;
}

enum stmboot_status sb_source_unpacked_into(struct stmboot_context *ctx, struct stmboot_source *src,
					    enum stmboot_compression compression,
					    struct sb_spill *spill, struct stmboot_source **out)
{
	struct sb_unpack_options options = { .ratio_slack = empty_card_bytes, .progress = true };
	struct unpacking u = { .spill = *spill };
	enum stmboot_status status = find_ceilings(ctx, src, &options.max_output, &u.most_written);

	if (status == STMBOOT_OK)
		status = sb_unpack(ctx, compression, src, 0, stmboot_source_size(src), &options,
				   spill_bytes, &u, &u.result);
	if (status == STMBOOT_OK)
		return sb_spill_finish(ctx, &u.spill, out);
	sb_spill_drop(&u.spill);
	return status;
}

enum stmboot_status sb_source_unpacked(struct stmboot_context *ctx, struct stmboot_source *src,
				       enum stmboot_compression compression,
				       struct stmboot_source **out)
{
	struct sb_spill spill;
	enum stmboot_status status = sb_spill_open(&spill);

	return status == STMBOOT_OK ? sb_source_unpacked_into(ctx, src, compression, &spill, out)
				    : status;
}
