/* SPDX-License-Identifier: MIT */
/*
 * The superblock of the journal: what the log is like, and how it says that the
 * log is empty. Linux fs/jbd2/journal.c, journal_get_superblock().
 */
#include <string.h>

#include "base/cursor.h"
#include "fs/ext4_groups.h"
#include "fs/jbd2_log.h"

/* Offsets in the superblock. */
enum {
	J_TYPE = 0x04,
	J_BLOCK_BYTES = 0x0c,
	J_LENGTH = 0x10,
	J_FIRST = 0x14,
	J_SEQUENCE = 0x18,
	J_START = 0x1c,
	J_ERROR = 0x20,
	J_FEATURE_COMPAT = 0x24, /* from here on of version 2 only */
	J_FEATURE_INCOMPAT = 0x28,
	J_FEATURE_RO_COMPAT = 0x2c,
	J_UUID = 0x30,
	J_USERS = 0x40,
	J_CHECKSUM_TYPE = 0x50,
	J_FAST_COMMITS = 0x54,
	J_CHECKSUM = 0xfc,
	UUID_BYTES = 16,
};

enum {
	COMPAT_CHECKSUM = 0x1,
	INCOMPAT_REVOKE = 0x1, /* says nothing: there are revoke blocks without it */
	JOURNAL_64BIT = 0x2,
	JOURNAL_ASYNC_COMMIT = 0x4,
	JOURNAL_CSUM_V2 = 0x8,
	JOURNAL_CSUM_V3 = 0x10,
	JOURNAL_FAST_COMMIT = 0x20,
	KNOWN_INCOMPAT = INCOMPAT_REVOKE | JOURNAL_64BIT | JOURNAL_ASYNC_COMMIT | JOURNAL_CSUM_V2 |
			 JOURNAL_CSUM_V3 | JOURNAL_FAST_COMMIT,
	CHECKSUM_CRC32C = 4,
	USUAL_FAST_COMMITS = 256,
	MIN_RING = 1024, /* beside the area of fast commits */
	TAIL_BYTES = 4,
	TAG3_BYTES = 16, /* of an entry of a descriptor block */
	TAG_BYTES = 8,
	TAG_HIGH_BYTES = 4,
	TAG2_MORE_BYTES = 2, /* than its fields take */
};

static uint32_t field(const struct sb_jbd2 *journal, size_t at)
{
	return sb_get_be32(journal->head + at);
}

static void put_be32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * (3 - i));
}

static void put_le32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static enum stmboot_status fail_at(struct sb_jbd2 *journal, enum stmboot_status status, size_t at,
				   const char *what)
{
	return sb_jbd2_fail(journal, status, journal->head_offset + at, what);
}

static bool has_blocks_checksums(const struct sb_jbd2 *journal)
{
	return journal->checksum == SB_JBD2_CHECKSUM_V2 || journal->checksum == SB_JBD2_CHECKSUM_V3;
}

static uint32_t head_checksum(const struct sb_jbd2 *journal)
{
	uint8_t copy[JBD2_SUPERBLOCK_BYTES];

	memcpy(copy, journal->head, sizeof(copy));
	put_be32(copy + J_CHECKSUM, 0);
	return ext2fs_crc32c_le(UINT32_MAX, copy, sizeof(copy));
}

static enum stmboot_status decode_checksums(struct sb_jbd2 *journal)
{
	uint32_t incompat = field(journal, J_FEATURE_INCOMPAT);
	bool v1 = (field(journal, J_FEATURE_COMPAT) & COMPAT_CHECKSUM) != 0;
	bool v2 = (incompat & JOURNAL_CSUM_V2) != 0, v3 = (incompat & JOURNAL_CSUM_V3) != 0;

	if (v1 + v2 + v3 > 1)
		return fail_at(journal, STMBOOT_CORRUPT, J_FEATURE_INCOMPAT,
			       "a journal with several kinds of checksum");
	journal->checksum = v3   ? SB_JBD2_CHECKSUM_V3
			    : v2 ? SB_JBD2_CHECKSUM_V2
			    : v1 ? SB_JBD2_CHECKSUM_V1
				 : SB_JBD2_CHECKSUM_NONE;
	if (!has_blocks_checksums(journal))
		return STMBOOT_OK;
	if (journal->head[J_CHECKSUM_TYPE] != CHECKSUM_CRC32C)
		return fail_at(journal, STMBOOT_CORRUPT, J_CHECKSUM_TYPE,
			       "a journal with an unknown kind of checksum");
	if (field(journal, J_CHECKSUM) != head_checksum(journal))
		return fail_at(journal, STMBOOT_CORRUPT, J_CHECKSUM,
			       "a journal superblock with a wrong checksum");
	journal->tail_bytes = TAIL_BYTES;
	journal->seed = ext2fs_crc32c_le(UINT32_MAX, journal->head + J_UUID, UUID_BYTES);
	return STMBOOT_OK;
}

static enum stmboot_status check_features(struct sb_jbd2 *journal)
{
	if ((field(journal, J_FEATURE_INCOMPAT) & ~(uint32_t)KNOWN_INCOMPAT) != 0)
		return fail_at(journal, STMBOOT_UNSUPPORTED, J_FEATURE_INCOMPAT,
			       "a journal with a feature that is not known");
	if (field(journal, J_FEATURE_RO_COMPAT) != 0)
		return fail_at(journal, STMBOOT_UNSUPPORTED, J_FEATURE_RO_COMPAT,
			       "a journal with a feature that is not known");
	if (field(journal, J_USERS) > 1)
		return fail_at(journal, STMBOOT_UNSUPPORTED, J_USERS,
			       "a journal of several file systems");
	return STMBOOT_OK;
}

/* What version 2 adds; without it a journal has no features. */
static enum stmboot_status decode_features(struct sb_jbd2 *journal)
{
	uint32_t incompat = field(journal, J_FEATURE_INCOMPAT);
	enum stmboot_status status = check_features(journal);

	if (status == STMBOOT_OK)
		status = decode_checksums(journal);
	journal->wide = (incompat & JOURNAL_64BIT) != 0;
	journal->async_commit = (incompat & JOURNAL_ASYNC_COMMIT) != 0;
	if ((incompat & JOURNAL_FAST_COMMIT) != 0) {
		uint32_t count = field(journal, J_FAST_COMMITS);

		journal->fast_commits = count != 0 ? count : USUAL_FAST_COMMITS;
	}
	return status;
}

/* A tag of version 2 is two bytes longer than what is in it: Linux has it so. */
static size_t tag_bytes(const struct sb_jbd2 *journal)
{
	size_t bytes = TAG_BYTES;

	if (journal->checksum == SB_JBD2_CHECKSUM_V3)
		return TAG3_BYTES;
	if (journal->wide)
		bytes += TAG_HIGH_BYTES;
	if (journal->checksum == SB_JBD2_CHECKSUM_V2)
		bytes += TAG2_MORE_BYTES;
	return bytes;
}

/* The ring, and behind it the area of fast commits, whose first block is left out. */
static enum stmboot_status decode_ring(struct sb_jbd2 *journal)
{
	uint32_t length = field(journal, J_LENGTH), area = journal->fast_commits;

	if (length > journal->blocks)
		return fail_at(journal, STMBOOT_CORRUPT, J_LENGTH,
			       "a journal longer than its file");
	if (area != 0 && (area >= length || length - area < MIN_RING))
		return fail_at(journal, STMBOOT_CORRUPT, J_FAST_COMMITS,
			       "an area of fast commits that leaves no room for the log");
	journal->first = field(journal, J_FIRST);
	journal->last = length - area;
	journal->start = field(journal, J_START);
	journal->sequence = field(journal, J_SEQUENCE);
	journal->fast_commits = area > 1 ? journal->last + 1 : 0;
	if (journal->first == 0 || journal->first >= journal->last)
		return fail_at(journal, STMBOOT_CORRUPT, J_FIRST,
			       "a log that begins outside its journal");
	if (journal->start != 0 &&
	    (journal->start < journal->first || journal->start >= journal->last))
		return fail_at(journal, STMBOOT_CORRUPT, J_START,
			       "a log that is said to begin outside its ring");
	return STMBOOT_OK;
}

enum stmboot_status sb_jbd2_decode_super(struct sb_jbd2 *journal)
{
	uint32_t type;
	enum stmboot_status status;

	journal->head_offset = sb_jbd2_offset(journal, 0);
	status = stmboot_source_read(journal->src, journal->head_offset, journal->head,
				     sizeof(journal->head));
	if (status != STMBOOT_OK)
		return fail_at(journal, status, 0, NULL);
	type = field(journal, J_TYPE);
	if (field(journal, 0) != JBD2_MAGIC ||
	    (type != JBD2_SUPERBLOCK_V1 && type != JBD2_SUPERBLOCK_V2))
		return fail_at(journal, STMBOOT_CORRUPT, 0, "a journal without its superblock");
	if (field(journal, J_BLOCK_BYTES) != journal->block_bytes)
		return fail_at(journal, STMBOOT_CORRUPT, J_BLOCK_BYTES,
			       "a journal with blocks of another size");
	if (type == JBD2_SUPERBLOCK_V2)
		status = decode_features(journal);
	journal->tag_bytes = tag_bytes(journal);
	return status == STMBOOT_OK ? decode_ring(journal) : status;
}

static void finish_head(struct sb_jbd2 *journal)
{
	put_be32(journal->head + J_SEQUENCE, journal->next_id + 1);
	put_be32(journal->head + J_START, 0);
	put_be32(journal->head + J_ERROR, 0);
	if (has_blocks_checksums(journal))
		put_be32(journal->head + J_CHECKSUM, head_checksum(journal));
}

static void finish_checksum(uint8_t *super)
{
	if (sb_get_le32(super + S_FEATURE_RO_COMPAT) & RO_COMPAT_METADATA_CSUM)
		put_le32(super + S_CHECKSUM, ext2fs_crc32c_le(UINT32_MAX, super, S_CHECKSUM));
}

/* An error that Linux noted stays noted, until a full check has found what it was. */
void sb_jbd2_finish_supers(struct sb_jbd2 *journal)
{
	uint8_t *super = journal->super;

	put_le32(super + S_FEATURE_INCOMPAT,
		 sb_get_le32(super + S_FEATURE_INCOMPAT) & ~(uint32_t)INCOMPAT_RECOVER);
	if (field(journal, J_ERROR) != 0 || (journal->ext4.state & STATE_ERRORS) != 0)
		super[S_STATE] |= STATE_ERRORS;
	finish_checksum(super);
	finish_head(journal);
}

static void put_counts(uint8_t *super, const struct stmboot_ext4_info *info, uint64_t blocks,
		       uint64_t inodes)
{
	put_le32(super + S_FREE_BLOCKS_COUNT_LO, (uint32_t)blocks);
	if (info->incompat & INCOMPAT_64BIT)
		put_le32(super + S_FREE_BLOCKS_COUNT_HI, (uint32_t)(blocks >> 32));
	put_le32(super + S_FREE_INODES_COUNT, (uint32_t)inodes);
	finish_checksum(super);
}

/* What Linux and e2fsck cannot make sense of, either, is left to who reads the file system. */
enum stmboot_status sb_jbd2_recount(struct sb_jbd2 *journal)
{
	uint64_t blocks = 0, inodes = 0;
	struct stmboot_fs *fs;
	ext2_filsys ext2;
	enum stmboot_status status = stmboot_fs_open_linux(journal->ctx, journal->view, &fs);

	if (status == STMBOOT_NO_MEMORY || status == STMBOOT_IO)
		return status;
	if (status != STMBOOT_OK)
		return STMBOOT_OK;
	ext2 = sb_ext2_of(fs);
	for (dgrp_t group = 0; group < ext2->group_desc_count; group++) {
		blocks += ext2fs_bg_free_blocks_count(ext2, group);
		inodes += ext2fs_bg_free_inodes_count(ext2, group);
	}
	blocks *= fs->info->cluster_bytes / fs->info->block_bytes;
	put_counts(journal->super, fs->info, blocks, inodes);
	stmboot_fs_close(fs);
	return STMBOOT_OK;
}
