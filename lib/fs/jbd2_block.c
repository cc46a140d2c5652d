/* SPDX-License-Identifier: MIT */
/* Blocks of the log: how they are read, and what stands in them. */
#include <string.h>

#include <ext2fs/ext2fs.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "fs/jbd2_log.h"

enum {
	WINDOW_BYTES = 128 << 10,
	COMMIT_CHECKSUM = 0x10,
	CHECKSUM_BYTES = 4,
	TAG_FLAGS = 6, /* of every kind of tag */
	TAG_HIGH = 8,
	TAG2_CHECKSUM = 4,
	TAG3_CHECKSUM = 12,
	FLAG_ESCAPED = 1,
	FLAG_SAME_UUID = 2,
	FLAG_LAST = 8,
	UUID_BYTES = 16,
};

static enum stmboot_status make_window(struct sb_jbd2 *journal)
{
	size_t blocks = WINDOW_BYTES / journal->block_bytes;

	if (journal->window != NULL)
		return STMBOOT_OK;
	journal->window_capacity = blocks;
	journal->window = sb_arena_alloc(&journal->arena, blocks * journal->block_bytes);
	return journal->window != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

static enum stmboot_status read_window(struct sb_jbd2 *journal, uint32_t log_block, size_t count)
{
	uint64_t offset = sb_jbd2_offset(journal, log_block);
	enum stmboot_status status = stmboot_source_read(journal->src, offset, journal->window,
							 count * journal->block_bytes);

	journal->window_first = log_block;
	journal->window_count = status == STMBOOT_OK ? (uint32_t)count : 0;
	return status;
}

enum stmboot_status sb_jbd2_block(struct sb_jbd2 *journal, uint32_t log_block, bool ahead,
				  const uint8_t **data)
{
	enum stmboot_status status = make_window(journal);
	size_t count = 1;

	if (status != STMBOOT_OK)
		return status;
	if (log_block < journal->window_first ||
	    log_block - journal->window_first >= journal->window_count) {
		if (ahead)
			count = (size_t)sb_min_u64(sb_jbd2_together(journal, log_block),
						   journal->window_capacity);
		status = read_window(journal, log_block, count);
		/* one that is not needed may be unreadable, or missing */
		if (status != STMBOOT_OK && status != STMBOOT_NO_MEMORY && count > 1)
			status = read_window(journal, log_block, 1);
	}
	if (status != STMBOOT_OK)
		return sb_jbd2_fail(journal, status, sb_jbd2_offset(journal, log_block),
				    "a block of the journal that cannot be read");
	*data = journal->window + (log_block - journal->window_first) * journal->block_bytes;
	return STMBOOT_OK;
}

uint32_t sb_jbd2_behind(const struct sb_jbd2 *journal, uint32_t log_block)
{
	return log_block + 1 < journal->last ? log_block + 1 : journal->first;
}

/* The checksum of a block in which its own place counts as zeros. */
static bool block_fits(const struct sb_jbd2 *journal, const uint8_t *block, size_t at)
{
	static const uint8_t zeros[CHECKSUM_BYTES];
	size_t behind = at + CHECKSUM_BYTES;
	uint32_t crc = ext2fs_crc32c_le(journal->seed, block, at);

	crc = ext2fs_crc32c_le(crc, zeros, sizeof(zeros));
	crc = ext2fs_crc32c_le(crc, block + behind, journal->block_bytes - behind);
	return crc == sb_get_be32(block + at);
}

bool sb_jbd2_tail_fits(const struct sb_jbd2 *journal, const uint8_t *block)
{
	return journal->tail_bytes == 0 ||
	       block_fits(journal, block, journal->block_bytes - CHECKSUM_BYTES);
}

bool sb_jbd2_commit_fits(const struct sb_jbd2 *journal, const uint8_t *block)
{
	return journal->tail_bytes == 0 || block_fits(journal, block, COMMIT_CHECKSUM);
}

bool sb_jbd2_tag(const struct sb_jbd2 *journal, const uint8_t *block, size_t at,
		 struct sb_jbd2_tag *out)
{
	size_t end = journal->block_bytes - journal->tail_bytes;
	const uint8_t *tag = block + at;
	unsigned flags;

	if (at > end || end - at < journal->tag_bytes)
		return false;
	flags = sb_get_be16(tag + TAG_FLAGS);
	*out = (struct sb_jbd2_tag){
		.block = sb_get_be32(tag),
		.escaped = (flags & FLAG_ESCAPED) != 0,
		.last = (flags & FLAG_LAST) != 0,
		.next = at + journal->tag_bytes + (flags & FLAG_SAME_UUID ? 0 : UUID_BYTES),
	};
	if (journal->wide)
		out->block |= (uint64_t)sb_get_be32(tag + TAG_HIGH) << 32;
	if (journal->checksum == SB_JBD2_CHECKSUM_V3)
		out->checksum = sb_get_be32(tag + TAG3_CHECKSUM);
	else if (journal->checksum == SB_JBD2_CHECKSUM_V2)
		out->checksum = sb_get_be16(tag + TAG2_CHECKSUM);
	return true;
}

bool sb_jbd2_data_fits(const struct sb_jbd2 *journal, const struct sb_jbd2_tag *tag, uint32_t id,
		       const uint8_t *data)
{
	const uint8_t number[4] = { (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
				    (uint8_t)id };
	uint32_t crc;

	if (journal->tail_bytes == 0)
		return true;
	crc = ext2fs_crc32c_le(journal->seed, number, sizeof(number));
	crc = ext2fs_crc32c_le(crc, data, journal->block_bytes);
	if (journal->checksum == SB_JBD2_CHECKSUM_V2)
		crc &= UINT16_MAX;
	return crc == tag->checksum;
}
