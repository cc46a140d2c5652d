/* SPDX-License-Identifier: MIT */
/*
 * Journals: what is replayed, what is refused, and that nothing leads outside.
 *
 * The first byte of an input chooses the log: two bits the kind of checksums,
 * one each for 64 bits, for commits that need not wait, and for a log that goes
 * round its ring. In seven of eight values of the last three bits its checksums
 * are mended. Patches follow until the input ends, each an offset (24 bits,
 * little-endian, counted from the journal and on from the start behind the end),
 * a length (8 bits) and that many bytes.
 */
#include <stdlib.h>

#include "../tests/support/jbd2_medium.h"
#include "fs/jbd2.h"
#include "source/source.h"

enum {
	WIDE = 4,
	ASYNC = 8,
	ROUND = 16,
	UNMENDED = 0xe0,
	PATCH_HEAD = 4,
	JOURNAL_AT = JM_JOURNAL * JM_BLOCK,
	JOURNAL_END = JOURNAL_AT + JM_JOURNAL_BLOCKS * JM_BLOCK,
	MOST_MENDED = 64, /* blocks of the log; what it is made of has 15 */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t medium[JM_BYTES], seen[JM_BYTES], staged[JM_BYTES];

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void patch(const uint8_t *data, size_t size)
{
	for (size_t at = 1; at < size && size - at > PATCH_HEAD;) {
		size_t offset = data[at] | (size_t)data[at + 1] << 8 | (size_t)data[at + 2] << 16;
		size_t length = data[at + 3];

		at += PATCH_HEAD;
		length = length < size - at ? length : size - at;
		for (size_t i = 0; i < length; i++)
			medium[(JOURNAL_AT + offset + i) % JM_BYTES] = data[at + i];
		at += length;
	}
}

/* What the superblock says of the log now. */
static struct jm_log read_head(void)
{
	const uint8_t *head = jm_log_block(medium, 0);
	uint32_t incompat = jm_get(head + 0x28);

	return (struct jm_log){ .medium = medium,
				.kind = incompat & 16             ? JM_V3
					: incompat & 8            ? JM_V2
					: jm_get(head + 0x24) & 1 ? JM_V1
								  : JM_PLAIN,
				.wide = (incompat & 2) != 0,
				.position = jm_get(head + 0x1c) % JM_JOURNAL_BLOCKS,
				.id = jm_get(head + 0x18),
				.crc = UINT32_MAX };
}

static uint8_t *take(struct jm_log *log)
{
	uint8_t *block = jm_log_block(medium, log->position);

	log->position = log->position + 1 < JM_JOURNAL_BLOCKS ? log->position + 1 : 1;
	return block;
}

static void mend_descriptor(struct jm_log *log, uint8_t *block)
{
	size_t bytes = jm_tag_bytes(log->kind, log->wide), at = 12;
	uint32_t crc = 0;
	struct jm_log ahead = *log;

	while (at + bytes <= JM_BLOCK - jm_tail(log->kind)) {
		uint8_t *data = take(log), *tag = block + at;

		jm_close_tag(medium, log->kind, log->id, tag, data);
		if (tag[7] & 8)
			break;
		at += bytes + (tag[7] & 2 ? 0 : 16);
	}
	jm_close(medium, log->kind, block);
	crc = jm_crc32(log->crc, block, JM_BLOCK);
	while (ahead.position != log->position)
		crc = jm_crc32(crc, take(&ahead), JM_BLOCK);
	log->crc = crc;
}

static void mend(void)
{
	struct jm_log log = read_head();

	if (jm_tail(log.kind) != 0)
		jm_mend_head(medium);
	for (int i = 0; i < MOST_MENDED; i++) {
		uint8_t *block = take(&log);
		uint32_t type = jm_get(block + 4);

		if (jm_get(block) != JM_MAGIC || jm_get(block + 8) != log.id)
			return;
		if (type == JM_DESCRIPTOR) {
			mend_descriptor(&log, block);
		} else if (type == JM_REVOKE) {
			jm_close(medium, log.kind, block);
		} else if (type == JM_COMMIT) {
			jm_close_commit(medium, log.kind, block, log.crc);
			log.crc = UINT32_MAX;
			log.id++;
		}
	}
}

static void make(const uint8_t *data, size_t size)
{
	uint8_t choice = size > 0 ? data[0] : 0;
	struct jm_log log = { .medium = medium,
			      .kind = (enum jm_kind)(choice & 3),
			      .wide = (choice & WIDE) != 0,
			      .async = (choice & ASYNC) != 0,
			      .start = choice & ROUND ? JM_JOURNAL_BLOCKS - 5 : 1,
			      .sequence = UINT32_MAX };

	jm_make(&log);
	jm_three(&log);
	patch(data, size);
	if ((choice & UNMENDED) != UNMENDED)
		mend();
}

static void read_all(struct stmboot_source *src, uint8_t *to)
{
	require(stmboot_source_read(src, 0, to, JM_BYTES) == STMBOOT_OK);
}

/* Nothing is written into the journal but its superblock, and nothing else than is told. */
static void check_ranges(const struct sb_jbd2 *journal)
{
	uint64_t offset, length;
	size_t position = 0;

	while (sb_jbd2_next_range(journal, &position, &offset, &length)) {
		require(offset <= JM_BYTES && length <= JM_BYTES - offset);
		require(offset >= JM_BLOCK);
		require(offset + length <= JOURNAL_AT || offset >= JOURNAL_END ||
			(offset == JOURNAL_AT && length == 1024));
		memcpy(seen + offset, medium + offset, (size_t)length);
	}
	require(memcmp(seen, medium, JM_BYTES) == 0);
}

/* Once it is replayed there is nothing left to replay. */
static void check_staged(struct stmboot_context *ctx, struct stmboot_source *src)
{
	struct sb_jbd2_trouble trouble;
	struct sb_jbd2 *again = NULL;

	require(sb_jbd2_open(ctx, src, &trouble, &again) == STMBOOT_NOT_FOUND);
	require(sb_jbd2_check_empty(ctx, src, &trouble) == STMBOOT_OK || trouble.what != NULL);
}

static void check(struct stmboot_context *ctx, struct stmboot_source *src, struct sb_jbd2 *journal)
{
	const struct sb_jbd2_info *info = sb_jbd2_info(journal);
	struct sb_overlay *overlay = NULL;

	require(info->transactions <= JM_JOURNAL_BLOCKS && info->blocks <= JM_JOURNAL_BLOCKS);
	require(info->end_offset < JM_BYTES);
	require(sb_overlay_new(ctx, src, &overlay) == STMBOOT_OK);
	require(sb_jbd2_stage(journal, overlay, 0) == STMBOOT_OK);
	read_all(sb_jbd2_source(journal), seen);
	read_all(sb_overlay_source(overlay), staged);
	require(memcmp(seen, staged, JM_BYTES) == 0);
	check_ranges(journal);
	check_staged(ctx, sb_overlay_source(overlay));
	sb_overlay_free(overlay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sb_jbd2_trouble trouble;
	struct sb_jbd2 *journal = NULL;
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	enum stmboot_status status;

	make(data, size);
	require(stmboot_context_new(NULL, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, medium, JM_BYTES, &src) == STMBOOT_OK);
	status = sb_jbd2_open(ctx, src, &trouble, &journal);
	if (status == STMBOOT_OK)
		check(ctx, src, journal);
	if (status == STMBOOT_CORRUPT || status == STMBOOT_UNSUPPORTED)
		require(trouble.what != NULL);
	require(size > 1 || (status == STMBOOT_OK && sb_jbd2_info(journal)->transactions == 3));
	sb_jbd2_close(journal);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}
