/* SPDX-License-Identifier: MIT */
/*
 * The journal of ext3 and ext4 (JBD2) of a file system that was not unmounted:
 * what Linux would put in place when it mounts it. All of it is read and
 * verified before anything is made of it, and nothing is written to a medium
 * here.
 *
 * A log that Linux refuses is damaged. One that it cuts off without a word, at
 * a transaction that was never completed or at the remains of an older log, is
 * cut off there, and the place is told.
 */
#ifndef SB_FS_JBD2_H
#define SB_FS_JBD2_H

#include <stdbool.h>
#include <stdint.h>

#include <stmboot/source.h>

#include "source/overlay.h"

/* Why a journal is not replayed. */
struct sb_jbd2_trouble {
	const char *what; /* one phrase, static; NULL: the status says all */
	uint64_t offset;  /* in the source, or SB_NOWHERE of ext4.h */
};

/* How the part of a log that counts ends. */
enum sb_jbd2_end {
	SB_JBD2_END_WHOLE, /* behind a transaction */
	SB_JBD2_END_TORN,  /* at a transaction that was not completed */
	SB_JBD2_END_STALE, /* at what an older log left, whose checksum does not fit */
};

struct sb_jbd2_info {
	uint32_t transactions; /* that are replayed */
	uint64_t blocks;       /* of the file system that they give another content */
	enum sb_jbd2_end end;
	uint64_t end_offset; /* of that place in the source */
};

struct sb_jbd2;

/*
 * Read the journal of the file system in `src`, a partition, which is borrowed
 * and stays as it is until the journal is closed.
 *
 * STMBOOT_NOT_FOUND when there is nothing to replay: the file system does not
 * need it, or has no journal. Else with *trouble filled in: STMBOOT_CORRUPT for
 * what Linux refuses to replay, or what would damage the file system;
 * STMBOOT_UNSUPPORTED for a journal on another device, fast commits and unknown
 * features; STMBOOT_LIMIT for a journal larger than any that mke2fs makes;
 * STMBOOT_NOT_RECOGNISED without an ext4; STMBOOT_TRUNCATED and STMBOOT_IO when
 * it cannot be read; STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_jbd2_open(struct stmboot_context *ctx,
						   struct stmboot_source *src,
						   struct sb_jbd2_trouble *trouble,
						   struct sb_jbd2 **out);

/* NULL is fine. */
void sb_jbd2_close(struct sb_jbd2 *journal);

/* Borrowed from the journal. */
const struct sb_jbd2_info *sb_jbd2_info(const struct sb_jbd2 *journal);

/*
 * The partition as Linux sees it once it has replayed the journal: with the
 * logged blocks in their places, and both superblocks saying that it is done.
 * A place in a logged block is that in the journal, where its bytes stand.
 * Borrowed from the journal.
 */
struct stmboot_source *sb_jbd2_source(struct sb_jbd2 *journal);

/*
 * Write the same into an overlay where the partition begins at `base`, marked
 * so that the journal is emptied after its blocks are in place. The journal's
 * source may be a window of the overlay. As sb_overlay_write(); STMBOOT_IO.
 */
STMBOOT_NODISCARD enum stmboot_status sb_jbd2_stage(struct sb_jbd2 *journal,
						    struct sb_overlay *overlay, uint64_t base);

/*
 * The ranges of the partition that a replay writes, by offset; *position is 0
 * for the first. False behind the last one.
 */
bool sb_jbd2_next_range(const struct sb_jbd2 *journal, size_t *position, uint64_t *offset,
			uint64_t *length);

/*
 * Is the journal of a file system empty, as it is when nothing has to be
 * replayed? What is still in it could be put over later changes by e2fsck, so
 * it is damage: STMBOOT_CORRUPT with *trouble, as for a journal that cannot be
 * found. STMBOOT_OK also without a journal, or where it is on another device;
 * STMBOOT_TRUNCATED; STMBOOT_IO; STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_jbd2_check_empty(struct stmboot_context *ctx,
							  struct stmboot_source *src,
							  struct sb_jbd2_trouble *trouble);

#endif
