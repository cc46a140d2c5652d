/* SPDX-License-Identifier: MIT */
/* A journal from its front to its end: find, decode, walk, choose. */
#include "fs/jbd2.h"

#include "base/context.h"
#include "base/cursor.h"
#include "fs/fs.h"
#include "fs/jbd2_log.h"

enum {
	FAST_COMMIT_HEAD = 9, /* the first record of an area that counts */
	FAST_COMMIT_HEAD_BYTES = 8,
	FAST_COMMIT_ID = 8, /* behind tag, length and features */
};

enum stmboot_status sb_jbd2_fail(struct sb_jbd2 *journal, enum stmboot_status status,
				 uint64_t offset, const char *what)
{
	journal->trouble = (struct sb_jbd2_trouble){ .what = what, .offset = offset };
	return status;
}

static enum stmboot_status read_ext4(struct sb_jbd2 *journal)
{
	enum stmboot_status status = sb_ext4_decode(journal->src, &journal->ext4);

	if (status == STMBOOT_OK)
		status = stmboot_source_read(journal->src, EXT4_SUPERBLOCK_OFFSET, journal->super,
					     sizeof(journal->super));
	journal->block_bytes = (size_t)journal->ext4.block_bytes;
	return status;
}

static enum stmboot_status check_ext4(struct sb_jbd2 *journal)
{
	const struct stmboot_ext4_info *info = &journal->ext4;
	uint64_t field = 0;
	const char *defect = sb_ext4_geometry_defect(info, &field);

	if ((info->incompat & INCOMPAT_JOURNAL_DEV) != 0)
		return sb_jbd2_fail(journal, STMBOOT_UNSUPPORTED,
				    EXT4_SUPERBLOCK_OFFSET + S_FEATURE_INCOMPAT,
				    "the journal of another file system");
	if (info->checksum == STMBOOT_EXT4_CHECKSUM_BAD)
		return sb_jbd2_fail(journal, STMBOOT_CORRUPT, EXT4_SUPERBLOCK_OFFSET + S_CHECKSUM,
				    "a superblock with a wrong checksum");
	if (defect != NULL || info->size_bytes == UINT64_MAX)
		return sb_jbd2_fail(journal, STMBOOT_CORRUPT, EXT4_SUPERBLOCK_OFFSET + field,
				    defect != NULL ? defect : "the number of blocks is impossible");
	for (size_t i = 0; i < 16; i++)
		if (journal->super[S_JOURNAL_UUID + i] != 0)
			return sb_jbd2_fail(journal, STMBOOT_UNSUPPORTED,
					    EXT4_SUPERBLOCK_OFFSET + S_JOURNAL_UUID,
					    "a journal on another device");
	return STMBOOT_OK;
}

/* Find the journal, and read its superblock. */
static enum stmboot_status open_super(struct sb_jbd2 *journal)
{
	enum stmboot_status status = check_ext4(journal);

	if (status == STMBOOT_OK)
		status = sb_jbd2_find(journal);
	return status == STMBOOT_OK ? sb_jbd2_decode_super(journal) : status;
}

/*
 * The area of fast commits counts when it was written for the transaction that
 * comes next. The records in it are changes of files, not blocks.
 */
static enum stmboot_status check_fast_commits(struct sb_jbd2 *journal)
{
	const uint8_t *block;
	enum stmboot_status status;

	if (journal->fast_commits == 0 || journal->start == 0)
		return STMBOOT_OK;
	status = sb_jbd2_block(journal, journal->fast_commits, false, &block);
	if (status != STMBOOT_OK || sb_get_le16(block) != FAST_COMMIT_HEAD ||
	    sb_get_le16(block + 2) != FAST_COMMIT_HEAD_BYTES ||
	    sb_get_le32(block + FAST_COMMIT_ID) != journal->next_id)
		return status;
	return sb_jbd2_fail(journal, STMBOOT_UNSUPPORTED,
			    sb_jbd2_offset(journal, journal->fast_commits),
			    "fast commits in the journal");
}

static enum stmboot_status read_log(struct sb_jbd2 *journal)
{
	struct sb_jbd2_walk walk = { .transactions = 0 };
	enum stmboot_status status;

	sb_arena_init(&walk.arena, journal->ctx);
	status = sb_jbd2_scan(journal, &walk);
	if (status == STMBOOT_OK)
		status = check_fast_commits(journal);
	if (status == STMBOOT_OK)
		status = sb_jbd2_choose(journal, &walk);
	sb_arena_release(&walk.arena);
	return status;
}

static enum stmboot_status open_journal(struct sb_jbd2 *journal)
{
	const struct stmboot_ext4_info *info = &journal->ext4;
	enum stmboot_status status = read_ext4(journal);

	if (status == STMBOOT_OK && (!info->needs_recovery || !info->has_journal))
		return STMBOOT_NOT_FOUND;
	if (status == STMBOOT_OK)
		status = open_super(journal);
	if (status == STMBOOT_OK)
		status = read_log(journal);
	if (status != STMBOOT_OK)
		return status;
	sb_jbd2_finish_supers(journal);
	status = sb_jbd2_open_view(journal);
	return status == STMBOOT_OK ? sb_jbd2_recount(journal) : status;
}

static struct sb_jbd2 *new_journal(struct stmboot_context *ctx, struct stmboot_source *src)
{
	struct sb_jbd2 *journal = sb_alloc(ctx, sizeof(*journal));

	if (journal == NULL)
		return NULL;
	*journal = (struct sb_jbd2){ .ctx = ctx, .src = src, .trouble = { .offset = SB_NOWHERE } };
	sb_arena_init(&journal->arena, ctx);
	return journal;
}

enum stmboot_status sb_jbd2_open(struct stmboot_context *ctx, struct stmboot_source *src,
				 struct sb_jbd2_trouble *trouble, struct sb_jbd2 **out)
{
	struct sb_jbd2 *journal = new_journal(ctx, src);
	enum stmboot_status status;

	*trouble = (struct sb_jbd2_trouble){ .offset = SB_NOWHERE };
	if (journal == NULL)
		return STMBOOT_NO_MEMORY;
	status = open_journal(journal);
	if (status == STMBOOT_OK) {
		*out = journal;
		return status;
	}
	*trouble = journal->trouble;
	sb_jbd2_close(journal);
	return status;
}

void sb_jbd2_close(struct sb_jbd2 *journal)
{
	if (journal == NULL)
		return;
	stmboot_source_close(journal->view);
	sb_arena_release(&journal->arena);
	sb_free(journal->ctx, journal);
}

const struct sb_jbd2_info *sb_jbd2_info(const struct sb_jbd2 *journal)
{
	return &journal->info;
}

bool sb_jbd2_next_range(const struct sb_jbd2 *journal, size_t *position, uint64_t *offset,
			uint64_t *length)
{
	const struct sb_jbd2_target *targets = journal->targets;
	size_t first = *position, end = first + 1;

	if (first == journal->target_count + 2)
		return false;
	if (first >= journal->target_count) { /* behind all blocks come the two superblocks */
		*offset = first == journal->target_count ? journal->head_offset
							 : EXT4_SUPERBLOCK_OFFSET;
		*length = EXT4_SUPERBLOCK_BYTES;
		*position = end;
		return true;
	}
	while (end < journal->target_count &&
	       targets[end].block == targets[first].block + (end - first))
		end++;
	*offset = targets[first].block * journal->block_bytes;
	*length = (end - first) * journal->block_bytes;
	*position = end;
	return true;
}

enum stmboot_status sb_jbd2_check_empty(struct stmboot_context *ctx, struct stmboot_source *src,
					struct sb_jbd2_trouble *trouble)
{
	struct sb_jbd2 *journal = new_journal(ctx, src);
	enum stmboot_status status;

	*trouble = (struct sb_jbd2_trouble){ .offset = SB_NOWHERE };
	if (journal == NULL)
		return STMBOOT_NO_MEMORY;
	status = read_ext4(journal);
	if (status == STMBOOT_OK && journal->ext4.has_journal)
		status = open_super(journal);
	if (status == STMBOOT_OK && journal->start != 0)
		status = sb_jbd2_fail(journal, STMBOOT_CORRUPT, journal->head_offset,
				      "a journal that holds changes, although none are said to "
				      "have to be replayed");
	*trouble = journal->trouble;
	sb_jbd2_close(journal);
	/* what is not known of a journal is no reason against changes beside it */
	return status == STMBOOT_UNSUPPORTED ? STMBOOT_OK : status;
}
