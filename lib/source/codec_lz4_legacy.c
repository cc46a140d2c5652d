/* SPDX-License-Identifier: MIT */
/*
 * The legacy format of lz4, which the kernel's build uses: a magic, then blocks
 * of a length word and that many packed bytes, each up to 8 MiB unpacked. It has
 * no end mark: a stream ends with its input, or before a word that is no length.
 */
#include <lz4.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "source/codec.h"

enum { LEGACY_MAGIC = 0x184c2102, LEGACY_BLOCK = 8 << 20 };

static enum stmboot_status legacy_begin(struct sb_codec *codec)
{
	codec->u.legacy = (struct sb_codec_lz4_legacy){ 0 };
	codec->u.legacy.block = sb_codec_alloc(codec->ctx, LEGACY_BLOCK, 1);
	return codec->u.legacy.block != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

static enum stmboot_status reserve(struct sb_codec *codec, size_t size)
{
	struct sb_codec_lz4_legacy *legacy = &codec->u.legacy;

	if (size > legacy->capacity) {
		sb_free(codec->ctx, legacy->packed);
		legacy->packed = sb_codec_alloc(codec->ctx, size, 1);
		legacy->capacity = legacy->packed != NULL ? size : 0;
	}
	return legacy->packed != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

static void give_block(struct sb_codec *codec)
{
	struct sb_codec_lz4_legacy *legacy = &codec->u.legacy;
	size_t part =
		(size_t)sb_min_u64(legacy->block_bytes - legacy->block_given, codec->out_left);

	memcpy(codec->out, legacy->block + legacy->block_given, part);
	legacy->block_given += part;
	codec->out += part;
	codec->out_left -= part;
}

static enum stmboot_status begin_block(struct sb_codec *codec)
{
	uint32_t word = codec->in_left >= 4 ? sb_get_le32(codec->in) : 0;

	if (codec->in_left < 4 && codec->in_after != 0)
		return STMBOOT_OK;
	if (word == 0 || (word > LZ4_COMPRESSBOUND(LEGACY_BLOCK) && word != LEGACY_MAGIC)) {
		codec->ended = true;
		return STMBOOT_OK;
	}
	codec->in += 4;
	codec->in_left -= 4;
	if (word == LEGACY_MAGIC)
		return STMBOOT_OK;
	if (word > codec->in_left + codec->in_after)
		return STMBOOT_TRUNCATED;
	codec->u.legacy.wanted = word;
	codec->u.legacy.have = 0;
	return reserve(codec, word);
}

static enum stmboot_status gather_block(struct sb_codec *codec)
{
	struct sb_codec_lz4_legacy *legacy = &codec->u.legacy;
	size_t part = (size_t)sb_min_u64(legacy->wanted - legacy->have, codec->in_left);
	int made;

	memcpy(legacy->packed + legacy->have, codec->in, part);
	legacy->have += part;
	codec->in += part;
	codec->in_left -= part;
	if (legacy->have < legacy->wanted)
		return STMBOOT_OK;
	made = LZ4_decompress_safe((const char *)legacy->packed, (char *)legacy->block,
				   (int)legacy->wanted, LEGACY_BLOCK);
	legacy->wanted = 0;
	legacy->block_given = 0;
	legacy->block_bytes = made > 0 ? (size_t)made : 0;
	return made >= 0 ? STMBOOT_OK : STMBOOT_CORRUPT;
}

static enum stmboot_status legacy_step(struct sb_codec *codec)
{
	const struct sb_codec_lz4_legacy *legacy = &codec->u.legacy;

	if (legacy->block_given < legacy->block_bytes) {
		give_block(codec);
		return STMBOOT_OK;
	}
	return legacy->wanted == 0 ? begin_block(codec) : gather_block(codec);
}

static void legacy_end(struct sb_codec *codec)
{
	sb_free(codec->ctx, codec->u.legacy.packed);
	sb_free(codec->ctx, codec->u.legacy.block);
}

const struct sb_codec_ops sb_codec_lz4_legacy = { legacy_begin, legacy_step, legacy_end };
