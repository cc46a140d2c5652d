/* SPDX-License-Identifier: MIT */
/* The parts of a journal; jbd2.h has its front. Its fields are big-endian. */
#ifndef SB_FS_JBD2_LOG_H
#define SB_FS_JBD2_LOG_H

#include "base/arena.h"
#include "fs/ext4.h"
#include "fs/jbd2.h"

enum {
	JBD2_HEADER_BYTES = 12, /* magic, type, transaction */
	JBD2_SUPERBLOCK_BYTES = 1024,
};

#define JBD2_MAGIC UINT32_C(0xc03b3998)

/* The second word of a block that is no data. */
enum {
	JBD2_DESCRIPTOR = 1,
	JBD2_COMMIT = 2,
	JBD2_SUPERBLOCK_V1 = 3,
	JBD2_SUPERBLOCK_V2 = 4,
	JBD2_REVOKE = 5,
};

/* Blocks of the journal that stand one behind the other. */
struct sb_jbd2_run {
	uint32_t log_block; /* the first, counted in the journal */
	uint32_t count;
	uint64_t block; /* the first, counted in the file system */
};

/* How much of the log is protected, and how. */
enum sb_jbd2_checksum {
	SB_JBD2_CHECKSUM_NONE,
	SB_JBD2_CHECKSUM_V1, /* of a transaction, in its commit block */
	SB_JBD2_CHECKSUM_V2, /* of each block, 16 bits for data */
	SB_JBD2_CHECKSUM_V3, /* of each block */
};

/* A block of the file system that gets its content from the log. */
struct sb_jbd2_target {
	uint64_t block;
	uint32_t log_block;
	bool escaped; /* its first word is the magic number, which is not in the log */
};

struct sb_jbd2 {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_arena arena;
	struct sb_jbd2_trouble trouble;
	size_t block_bytes;
	struct stmboot_ext4_info ext4;        /* as it stands on the medium */
	uint8_t super[EXT4_SUPERBLOCK_BYTES]; /* of ext4; in the end as it is to be */

	/* jbd2_find.c */
	struct sb_jbd2_run *runs; /* by log block */
	size_t run_count;
	size_t run_capacity;
	struct sb_jbd2_run *places; /* the same, by block of the file system */
	uint32_t blocks;            /* in all runs */

	/* jbd2_super.c; `super` and `head` are written over by the replay */
	uint8_t head[JBD2_SUPERBLOCK_BYTES]; /* the superblock of the journal */
	uint64_t head_offset;                /* in the source */
	uint32_t first;                      /* the log is the ring of [first, last) */
	uint32_t last;
	uint32_t start;        /* of the oldest transaction that counts; 0: none does */
	uint32_t sequence;     /* its number */
	uint32_t fast_commits; /* the first block of their area, or 0 */
	enum sb_jbd2_checksum checksum;
	bool wide;         /* block numbers of 64 bits */
	bool async_commit; /* a commit block may be there before what it commits */
	uint32_t seed;
	size_t tag_bytes;
	size_t tail_bytes; /* a checksum at the end of a block */

	/* jbd2_block.c: the blocks of the log that were read last */
	uint8_t *window;
	size_t window_capacity; /* in blocks */
	uint32_t window_first;
	uint32_t window_count;

	/* jbd2_replay.c */
	struct sb_jbd2_target *targets; /* by block */
	size_t target_count;
	uint32_t next_id; /* of the transaction behind the last one that is replayed */
	struct sb_jbd2_info info;
	struct stmboot_source *view;
};

/* Remember what is wrong at `offset` of the source; gives `status` back. */
enum stmboot_status sb_jbd2_fail(struct sb_jbd2 *journal, enum stmboot_status status,
				 uint64_t offset, const char *what);

/* Find the blocks of the journal by its inode, or by the copy of that in the superblock. */
STMBOOT_NODISCARD enum stmboot_status sb_jbd2_find(struct sb_jbd2 *journal);

/* Where a block of the journal stands in the source. */
uint64_t sb_jbd2_offset(const struct sb_jbd2 *journal, uint32_t log_block);

/* How many blocks of the log, from this one on, stand one behind the other. */
uint32_t sb_jbd2_together(const struct sb_jbd2 *journal, uint32_t log_block);

/* Is a block of the file system one of the journal? */
bool sb_jbd2_owns(const struct sb_jbd2 *journal, uint64_t block);

/* Read the journal's superblock and take from it what the rest needs. */
STMBOOT_NODISCARD enum stmboot_status sb_jbd2_decode_super(struct sb_jbd2 *journal);

/* Make both superblocks what they are after the replay. */
void sb_jbd2_finish_supers(struct sb_jbd2 *journal);

/*
 * Linux keeps the counts of free blocks and inodes in the groups alone while a
 * file system is mounted; when it mounts it, it adds them up, and so does this
 * in the view. STMBOOT_OK; STMBOOT_IO; STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_jbd2_recount(struct sb_jbd2 *journal);

/*
 * A block of the log, valid until the next call. `ahead` says that those behind
 * it are read next.
 */
STMBOOT_NODISCARD enum stmboot_status sb_jbd2_block(struct sb_jbd2 *journal, uint32_t log_block,
						    bool ahead, const uint8_t **data);

/* The log block behind another in the ring. */
uint32_t sb_jbd2_behind(const struct sb_jbd2 *journal, uint32_t log_block);

/* Does the checksum at the end of a block fit? True without checksums. */
bool sb_jbd2_tail_fits(const struct sb_jbd2 *journal, const uint8_t *block);

/* Does that in a commit block fit (versions 2 and 3)? True without. */
bool sb_jbd2_commit_fits(const struct sb_jbd2 *journal, const uint8_t *block);

/* One entry of a descriptor block. */
struct sb_jbd2_tag {
	uint64_t block;
	uint32_t checksum; /* as it stands there, if at all */
	bool escaped;
	bool last;
	size_t next; /* where the next one begins */
};

/* The entry at byte `at` of a descriptor block; false when there is no room for one. */
bool sb_jbd2_tag(const struct sb_jbd2 *journal, const uint8_t *block, size_t at,
		 struct sb_jbd2_tag *out);

/* Does the logged form of a data block fit its entry (versions 2 and 3)? True without. */
bool sb_jbd2_data_fits(const struct sb_jbd2 *journal, const struct sb_jbd2_tag *tag, uint32_t id,
		       const uint8_t *data);

/* A copy of a block in the log. */
struct sb_jbd2_copy {
	uint64_t block;
	uint32_t log_block;
	uint32_t transaction; /* counted from the first one in the log */
	uint32_t order;       /* among all copies */
	bool escaped;
	bool damaged; /* its checksum does not fit */
};

/* From which on copies of a block count again. */
struct sb_jbd2_revoke {
	uint64_t block;
	uint32_t transaction;
};

/* What stands in the log up to its end. */
struct sb_jbd2_walk {
	struct sb_arena arena; /* of what follows */
	struct sb_jbd2_copy *copies;
	size_t copy_count;
	size_t copy_capacity;
	struct sb_jbd2_revoke *revokes;
	size_t revoke_count;
	size_t revoke_capacity;
	uint32_t transactions; /* that were completed; those of later ones do not count */
	bool damaged_revoke;   /* one could not be read, in transaction ... */
	uint32_t damaged_transaction;
	uint64_t damaged_offset;
};

/* Walk over the log; `walk` is zeroed, with an arena to be released in any case. */
STMBOOT_NODISCARD enum stmboot_status sb_jbd2_scan(struct sb_jbd2 *journal,
						   struct sb_jbd2_walk *walk);

/* Choose from a walk what is to be put in place, and check that it can be. */
STMBOOT_NODISCARD enum stmboot_status sb_jbd2_choose(struct sb_jbd2 *journal,
						     struct sb_jbd2_walk *walk);

/* The first target whose block is not below; target_count behind the last. */
size_t sb_jbd2_target_from(const struct sb_jbd2 *journal, uint64_t block);

/* Open the view. STMBOOT_OK or STMBOOT_NO_MEMORY. */
STMBOOT_NODISCARD enum stmboot_status sb_jbd2_open_view(struct sb_jbd2 *journal);

#endif
