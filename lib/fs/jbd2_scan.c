/* SPDX-License-Identifier: MIT */
/*
 * One walk over the log, which finds its end and keeps what stands before it.
 * Linux and e2fsck walk three times (fs/jbd2/recovery.c, do_one_pass()); what
 * they do in later passes is done here with what was kept.
 */
#include <string.h>

#include <ext2fs/ext2fs.h>

#include "base/cursor.h"
#include "fs/jbd2_log.h"

enum {
	COMMIT_TYPE = 0x0c, /* of its checksum, of version 1 */
	COMMIT_SIZE = 0x0d,
	COMMIT_CHECKSUM = 0x10,
	COMMIT_TIME = 0x30,
	COMMIT_CRC32 = 1,
	COMMIT_CRC32_BYTES = 4,
	REVOKE_BYTES = 12, /* used in a revoke block, with what comes before the numbers */
	REVOKE_FIRST = 16,
};

struct scan {
	struct sb_jbd2 *journal;
	struct sb_jbd2_walk *walk;
	uint8_t *descriptor; /* a copy of the one that is gone through */
	uint32_t position;   /* the log block that is read next */
	uint32_t used;       /* log blocks so far */
	uint32_t id;         /* of the transaction that is read */
	uint32_t number;     /* the same, counted from the first one */
	bool begun;          /* a block of it was seen, the first at ... */
	uint32_t begun_at;
	bool suspect; /* a checksum did not fit; what that means says the commit block */
	uint32_t suspect_at;
	bool ended; /* a transaction did not fit that may have been unfinished; none may follow */
	uint32_t ended_at;
	uint64_t last_time; /* of a commit */
	uint32_t crc;       /* of version 1 */
	bool done;
};

static enum stmboot_status scan_fail(struct scan *scan, uint32_t log_block, const char *what)
{
	return sb_jbd2_fail(scan->journal, STMBOOT_CORRUPT,
			    sb_jbd2_offset(scan->journal, log_block), what);
}

/* Take the next block of the log, which has no more than there are in the ring. */
static enum stmboot_status take(struct scan *scan, uint32_t *log_block)
{
	const struct sb_jbd2 *journal = scan->journal;

	*log_block = scan->position;
	if (scan->used == journal->last - journal->first)
		return scan_fail(scan, scan->position, "a log that leads back into itself");
	scan->used++;
	scan->position = sb_jbd2_behind(journal, scan->position);
	return STMBOOT_OK;
}

/* What is behind stays out of the replay. */
static void finish(struct scan *scan, enum sb_jbd2_end end, uint32_t log_block)
{
	struct sb_jbd2 *journal = scan->journal;

	scan->done = true;
	if (scan->ended)
		return;
	scan->walk->transactions = scan->number;
	journal->next_id = scan->id;
	journal->info.end = end;
	journal->info.end_offset = sb_jbd2_offset(journal, log_block);
}

static enum stmboot_status add_copy(struct scan *scan, const struct sb_jbd2_tag *tag,
				    uint32_t log_block, bool damaged)
{
	struct sb_jbd2_walk *walk = scan->walk;
	uint32_t order = (uint32_t)walk->copy_count;
	struct sb_jbd2_copy *copy = sb_arena_push(&walk->arena, &walk->copies, &walk->copy_count,
						  &walk->copy_capacity, sizeof(*copy));

	if (copy == NULL)
		return STMBOOT_NO_MEMORY;
	*copy = (struct sb_jbd2_copy){ .block = tag->block,
				       .log_block = log_block,
				       .transaction = scan->number,
				       .order = order,
				       .escaped = tag->escaped,
				       .damaged = damaged };
	return STMBOOT_OK;
}

/* The data block of one entry of a descriptor. */
static enum stmboot_status scan_data(struct scan *scan, const struct sb_jbd2_tag *tag)
{
	struct sb_jbd2 *journal = scan->journal;
	const uint8_t *data;
	bool damaged = false;
	uint32_t log_block = 0;
	enum stmboot_status status = take(scan, &log_block);

	if (status == STMBOOT_OK && journal->checksum != SB_JBD2_CHECKSUM_NONE) {
		status = sb_jbd2_block(journal, log_block, true, &data);
		if (status != STMBOOT_OK)
			return status;
		damaged = !sb_jbd2_data_fits(journal, tag, scan->id, data);
		if (journal->checksum == SB_JBD2_CHECKSUM_V1)
			scan->crc = ext2fs_crc32_be(scan->crc, data, journal->block_bytes);
	}
	return status == STMBOOT_OK ? add_copy(scan, tag, log_block, damaged) : status;
}

static void suspect(struct scan *scan, uint32_t log_block)
{
	if (!scan->suspect)
		scan->suspect_at = log_block;
	scan->suspect = true;
}

static enum stmboot_status scan_descriptor(struct scan *scan, uint32_t log_block,
					   const uint8_t *block)
{
	struct sb_jbd2 *journal = scan->journal;
	size_t at = JBD2_HEADER_BYTES;
	struct sb_jbd2_tag tag;
	enum stmboot_status status = STMBOOT_OK;

	if (!sb_jbd2_tail_fits(journal, block))
		suspect(scan, log_block);
	memcpy(scan->descriptor, block, journal->block_bytes);
	if (journal->checksum == SB_JBD2_CHECKSUM_V1)
		scan->crc = ext2fs_crc32_be(scan->crc, block, journal->block_bytes);
	while (status == STMBOOT_OK && sb_jbd2_tag(journal, scan->descriptor, at, &tag)) {
		status = scan_data(scan, &tag);
		if (tag.last)
			break;
		at = tag.next;
	}
	return status;
}

static void damage_revoke(struct scan *scan, uint32_t log_block)
{
	struct sb_jbd2_walk *walk = scan->walk;

	if (walk->damaged_revoke)
		return;
	walk->damaged_revoke = true;
	walk->damaged_transaction = scan->number;
	walk->damaged_offset = sb_jbd2_offset(scan->journal, log_block);
}

static enum stmboot_status scan_revoke(struct scan *scan, uint32_t log_block, const uint8_t *block)
{
	const struct sb_jbd2 *journal = scan->journal;
	struct sb_jbd2_walk *walk = scan->walk;
	size_t end = sb_get_be32(block + REVOKE_BYTES), bytes = journal->wide ? 8 : 4;

	if (!sb_jbd2_tail_fits(journal, block))
		suspect(scan, log_block);
	if (end > journal->block_bytes - journal->tail_bytes) {
		damage_revoke(scan, log_block);
		return STMBOOT_OK;
	}
	for (size_t at = REVOKE_FIRST; at + bytes <= end; at += bytes) {
		struct sb_jbd2_revoke *revoke =
			sb_arena_push(&walk->arena, &walk->revokes, &walk->revoke_count,
				      &walk->revoke_capacity, sizeof(*revoke));

		if (revoke == NULL)
			return STMBOOT_NO_MEMORY;
		*revoke = (struct sb_jbd2_revoke){ sb_be(block + at, bytes), scan->number };
	}
	return STMBOOT_OK;
}

/* Of version 1; the field may also be left empty. */
static bool transaction_fits(const struct scan *scan, const uint8_t *block)
{
	uint32_t stored = sb_get_be32(block + COMMIT_CHECKSUM);
	unsigned type = block[COMMIT_TYPE], size = block[COMMIT_SIZE];

	if (scan->journal->checksum != SB_JBD2_CHECKSUM_V1)
		return true;
	return (stored == scan->crc && type == COMMIT_CRC32 && size == COMMIT_CRC32_BYTES) ||
	       (stored == 0 && type == 0 && size == 0);
}

/*
 * The transaction does not fit its commit block. If commits need not wait for
 * what they commit, it was unfinished, but then no transaction may follow it;
 * with checksums of each block Linux accepts even that, and loses parts of the
 * transactions up to the last such one. Here the log ends at the first.
 */
static enum stmboot_status scan_unfit(struct scan *scan, uint32_t log_block)
{
	const struct sb_jbd2 *journal = scan->journal;

	if (!journal->async_commit)
		return scan_fail(scan, log_block,
				 "a commit block of the journal with a wrong "
				 "checksum");
	finish(scan, SB_JBD2_END_TORN, scan->begun_at);
	if (journal->checksum == SB_JBD2_CHECKSUM_V1) {
		scan->ended = true;
		scan->ended_at = log_block;
		scan->done = false;
	}
	return STMBOOT_OK;
}

static enum stmboot_status scan_commit(struct scan *scan, uint32_t log_block, const uint8_t *block)
{
	uint64_t time = sb_get_be64(block + COMMIT_TIME);
	bool stale = time < scan->last_time, fits;
	enum stmboot_status status = STMBOOT_OK;

	if (scan->suspect && !stale)
		return scan_fail(scan, scan->suspect_at,
				 "a descriptor or revoke block of the journal with a wrong "
				 "checksum");
	if (scan->ended)
		return scan_fail(scan, scan->ended_at,
				 "a commit block of the journal with a wrong checksum");
	fits = !scan->suspect && sb_jbd2_commit_fits(scan->journal, block) &&
	       transaction_fits(scan, block);
	if (!fits && stale) {
		finish(scan, SB_JBD2_END_STALE, scan->begun_at);
		return STMBOOT_OK;
	}
	if (!fits)
		status = scan_unfit(scan, log_block);
	scan->last_time = time;
	scan->crc = UINT32_MAX;
	scan->id++;
	scan->number++;
	scan->begun = false;
	return status;
}

static enum stmboot_status scan_kind(struct scan *scan, uint32_t kind, uint32_t log_block,
				     const uint8_t *block)
{
	switch (kind) {
	case JBD2_DESCRIPTOR:
		return scan_descriptor(scan, log_block, block);
	case JBD2_REVOKE:
		return scan_revoke(scan, log_block, block);
	default:
		return scan_commit(scan, log_block, block);
	}
}

/* One block that is no data; the first that does not belong to the log is behind its end. */
static enum stmboot_status scan_block(struct scan *scan)
{
	struct sb_jbd2 *journal = scan->journal;
	const uint8_t *block;
	uint32_t kind, log_block = scan->position;
	enum stmboot_status status = sb_jbd2_block(
		journal, log_block, journal->checksum != SB_JBD2_CHECKSUM_NONE, &block);

	if (status != STMBOOT_OK)
		return status;
	kind = sb_get_be32(block + 4);
	if (sb_get_be32(block) != JBD2_MAGIC || sb_get_be32(block + 8) != scan->id ||
	    (kind != JBD2_DESCRIPTOR && kind != JBD2_REVOKE && kind != JBD2_COMMIT)) {
		finish(scan, scan->begun ? SB_JBD2_END_TORN : SB_JBD2_END_WHOLE,
		       scan->begun ? scan->begun_at : log_block);
		return STMBOOT_OK;
	}
	if (!scan->begun)
		scan->begun_at = log_block;
	scan->begun = true;
	status = take(scan, &log_block);
	return status == STMBOOT_OK ? scan_kind(scan, kind, log_block, block) : status;
}

enum stmboot_status sb_jbd2_scan(struct sb_jbd2 *journal, struct sb_jbd2_walk *walk)
{
	struct scan scan = { .journal = journal,
			     .walk = walk,
			     .position = journal->start,
			     .id = journal->sequence,
			     .crc = UINT32_MAX };
	enum stmboot_status status = STMBOOT_OK;

	journal->next_id = journal->sequence;
	if (journal->start == 0)
		return STMBOOT_OK;
	scan.descriptor = sb_arena_alloc(&walk->arena, journal->block_bytes);
	if (scan.descriptor == NULL)
		return STMBOOT_NO_MEMORY;
	while (status == STMBOOT_OK && !scan.done)
		status = scan_block(&scan);
	return status;
}
