/* SPDX-License-Identifier: MIT */
/* What of a log is put in place: revoked and superseded copies are left out. */
#include <stdlib.h>
#include <string.h>

#include <ext2fs/ext2fs.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "fs/fs.h"
#include "fs/jbd2_log.h"

static int compare_revokes(const void *a, const void *b)
{
	const struct sb_jbd2_revoke *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return x->transaction < y->transaction ? -1 : x->transaction > y->transaction;
}

/* Sorted, and for each block only the last transaction that counts. */
static void sort_revokes(struct sb_jbd2_walk *walk)
{
	struct sb_jbd2_revoke *revokes = walk->revokes;
	size_t kept = 0;

	for (size_t i = 0; i < walk->revoke_count; i++)
		if (revokes[i].transaction < walk->transactions)
			revokes[kept++] = revokes[i];
	walk->revoke_count = kept;
	if (kept == 0)
		return;
	qsort(revokes, kept, sizeof(*revokes), compare_revokes);
	kept = 1;
	for (size_t i = 1; i < walk->revoke_count; i++) {
		if (revokes[i].block != revokes[kept - 1].block)
			kept++;
		revokes[kept - 1] = revokes[i];
	}
	walk->revoke_count = kept;
}

/* A copy counts only in transactions behind the one that revoked its block. */
static bool is_revoked(const struct sb_jbd2_walk *walk, const struct sb_jbd2_copy *copy)
{
	size_t low = 0, high = walk->revoke_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (walk->revokes[middle].block < copy->block)
			low = middle + 1;
		else
			high = middle;
	}
	return low < walk->revoke_count && walk->revokes[low].block == copy->block &&
	       copy->transaction <= walk->revokes[low].transaction;
}

/* Leave those that count, none of them damaged. */
static enum stmboot_status select_copies(struct sb_jbd2 *journal, struct sb_jbd2_walk *walk)
{
	size_t kept = 0;

	for (size_t i = 0; i < walk->copy_count; i++) {
		const struct sb_jbd2_copy *copy = &walk->copies[i];

		if (copy->transaction >= walk->transactions || is_revoked(walk, copy))
			continue;
		if (copy->damaged)
			return sb_jbd2_fail(journal, STMBOOT_CORRUPT,
					    sb_jbd2_offset(journal, copy->log_block),
					    "a data block of the journal with a wrong checksum");
		walk->copies[kept++] = *copy;
	}
	walk->copy_count = kept;
	return STMBOOT_OK;
}

static int compare_copies(const void *a, const void *b)
{
	const struct sb_jbd2_copy *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Of several copies of a block the last one is put in place. */
static enum stmboot_status keep_last(struct sb_jbd2 *journal, struct sb_jbd2_walk *walk)
{
	struct sb_jbd2_copy *copies = walk->copies;
	size_t count = walk->copy_count;

	if (count == 0)
		return STMBOOT_OK;
	journal->targets = sb_arena_array(&journal->arena, count, sizeof(*journal->targets));
	if (journal->targets == NULL)
		return STMBOOT_NO_MEMORY;
	qsort(copies, count, sizeof(*copies), compare_copies);
	for (size_t i = 0; i < count; i++)
		if (i + 1 == count || copies[i + 1].block != copies[i].block)
			journal->targets[journal->target_count++] =
				(struct sb_jbd2_target){ copies[i].block, copies[i].log_block,
							 copies[i].escaped };
	return STMBOOT_OK;
}

size_t sb_jbd2_target_from(const struct sb_jbd2 *journal, uint64_t block)
{
	size_t low = 0, high = journal->target_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (journal->targets[middle].block < block)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * ext4's superblock as the log leaves it: most logs have a copy. Its checksum is
 * going to be made anew, so it must have been right.
 */
static enum stmboot_status load_super(struct sb_jbd2 *journal)
{
	uint64_t block = EXT4_SUPERBLOCK_OFFSET / journal->block_bytes;
	size_t within = EXT4_SUPERBLOCK_OFFSET % journal->block_bytes;
	size_t index = sb_jbd2_target_from(journal, block);
	const uint8_t *super = journal->super;
	const uint8_t *data;
	uint32_t log_block;
	enum stmboot_status status;

	if (index == journal->target_count || journal->targets[index].block != block)
		return STMBOOT_OK;
	log_block = journal->targets[index].log_block;
	status = sb_jbd2_block(journal, log_block, false, &data);
	if (status != STMBOOT_OK)
		return status;
	memcpy(journal->super, data + within, sizeof(journal->super));
	if (sb_get_le16(super + S_MAGIC) != EXT4_MAGIC ||
	    ((sb_get_le32(super + S_FEATURE_RO_COMPAT) & RO_COMPAT_METADATA_CSUM) != 0 &&
	     sb_get_le32(super + S_CHECKSUM) != ext2fs_crc32c_le(UINT32_MAX, super, S_CHECKSUM)))
		return sb_jbd2_fail(journal, STMBOOT_CORRUPT,
				    sb_jbd2_offset(journal, log_block) + within,
				    "a copy of the superblock in the journal that is damaged");
	return STMBOOT_OK;
}

/* The size that the log gives the file system, should it have been growing, else the old one. */
static uint64_t blocks_after(const struct sb_jbd2 *journal)
{
	const uint8_t *super = journal->super;
	uint64_t count = sb_get_le32(super + S_BLOCKS_COUNT_LO);

	if (sb_get_le32(super + S_FEATURE_INCOMPAT) & INCOMPAT_64BIT)
		count |= (uint64_t)sb_get_le32(super + S_BLOCKS_COUNT_HI) << 32;
	return count > journal->ext4.blocks_count ? count : journal->ext4.blocks_count;
}

/* Linux asks none of this: no log that it wrote has such a block. */
static enum stmboot_status check_targets(struct sb_jbd2 *journal)
{
	uint64_t end = blocks_after(journal), size = stmboot_source_size(journal->src), offset;

	for (size_t i = 0; i < journal->target_count; i++) {
		const struct sb_jbd2_target *target = &journal->targets[i];
		uint64_t place = sb_jbd2_offset(journal, target->log_block);

		if (target->block < EXT4_SUPERBLOCK_OFFSET / journal->block_bytes ||
		    target->block >= end)
			return sb_jbd2_fail(journal, STMBOOT_CORRUPT, place,
					    "a logged block that belongs outside the file system");
		if (!sb_mul_u64(target->block, journal->block_bytes, &offset) ||
		    !sb_range_within(offset, journal->block_bytes, size))
			return sb_jbd2_fail(journal, STMBOOT_CORRUPT, place,
					    "a logged block that belongs outside the partition");
		if (sb_jbd2_owns(journal, target->block))
			return sb_jbd2_fail(journal, STMBOOT_CORRUPT, place,
					    "a logged block that belongs into the journal itself");
	}
	return STMBOOT_OK;
}

enum stmboot_status sb_jbd2_choose(struct sb_jbd2 *journal, struct sb_jbd2_walk *walk)
{
	enum stmboot_status status;

	if (walk->damaged_revoke && walk->damaged_transaction < walk->transactions)
		return sb_jbd2_fail(journal, STMBOOT_CORRUPT, walk->damaged_offset,
				    "a revoke block of the journal with an impossible size");
	sort_revokes(walk);
	status = select_copies(journal, walk);
	if (status == STMBOOT_OK)
		status = keep_last(journal, walk);
	if (status == STMBOOT_OK)
		status = load_super(journal);
	if (status == STMBOOT_OK)
		status = check_targets(journal);
	journal->info.transactions = walk->transactions;
	journal->info.blocks = journal->target_count;
	return status;
}
