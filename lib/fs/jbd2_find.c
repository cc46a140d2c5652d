/* SPDX-License-Identifier: MIT */
/*
 * Where the journal stands. Its inode is read without libext2fs: the group
 * descriptors of a file system in use need not fit each other, and one of them
 * is enough.
 */
#include <stdlib.h>
#include <string.h>

#include <ext2fs/ext2fs.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "fs/jbd2_log.h"

enum {
	MIN_BLOCKS = 1024,     /* Linux include/linux/jbd2.h, JBD2_MIN_JOURNAL_BLOCKS */
	MAX_BLOCKS = 10240000, /* the most that mke2fs makes */
	MAX_RUNS = 1 << 16,    /* one a list of blocks in the largest journal of 1 KiB blocks */
	BACKUP_OF_BLOCKS = 1,  /* s_jnl_backup_type */
	BACKUP_SIZE_HIGH = 15, /* the words behind a copy of i_block */
	BACKUP_SIZE = 16,
	EXTENT_MAGIC = 0xf30a,
	NARROW_DESCRIPTOR_BYTES = 32,
	WIDE_DESCRIPTOR_BYTES = 64,
	BG_INODE_TABLE_LO = 0x08,
	BG_INODE_TABLE_HI = 0x28,
};

struct finder {
	struct sb_jbd2 *journal;
	struct stmboot_fs *fs;
	uint32_t seed; /* of checksums */
};

/* Of the copy of an inode in the superblock nobody knows the generation, which counts here. */
static bool finder_extents_fit(const struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
			       const uint8_t *block, size_t covered)
{
	const struct finder *finder = fs->reader;

	return (fs->info->ro_compat & RO_COMPAT_METADATA_CSUM) == 0 || inode->number == 0 ||
	       sb_ext4_extents_fit(finder->seed, inode, block, covered);
}

static const struct sb_fs_ops finder_ops = {
	.verifies = true,
	.extents_fit = finder_extents_fit,
};

/* Make what the reader stumbled over the journal's trouble. */
static enum stmboot_status finder_fail(const struct finder *finder, enum stmboot_status status)
{
	const struct stmboot_fs *fs = finder->fs;

	return sb_jbd2_fail(finder->journal, status,
			    fs->trouble != NULL ? fs->trouble_at : SB_NOWHERE, fs->trouble);
}

/*
 * The descriptors stand behind the block of the superblock, which with bigalloc
 * is not the first data block; with meta_bg, too, for the first groups.
 */
static enum stmboot_status inode_table(struct finder *finder, uint32_t group, uint64_t *block)
{
	const struct stmboot_ext4_info *info = finder->fs->info;
	uint64_t size = info->descriptor_bytes;
	uint64_t first = EXT4_SUPERBLOCK_OFFSET / info->block_bytes + 1;
	uint8_t raw[WIDE_DESCRIPTOR_BYTES] = { 0 };
	enum stmboot_status status;

	if ((info->incompat & INCOMPAT_META_BG) != 0 && group >= info->block_bytes / size)
		return sb_jbd2_fail(finder->journal, STMBOOT_UNSUPPORTED, SB_NOWHERE,
				    "a journal inode beyond the first meta block group");
	status = sb_fs_read(finder->fs, first * info->block_bytes + group * size, raw,
			    size < WIDE_DESCRIPTOR_BYTES ? NARROW_DESCRIPTOR_BYTES
							 : WIDE_DESCRIPTOR_BYTES);
	if (status != STMBOOT_OK)
		return finder_fail(finder, status);
	*block = sb_get_le32(raw + BG_INODE_TABLE_LO) |
		 (uint64_t)sb_get_le32(raw + BG_INODE_TABLE_HI) << 32;
	return STMBOOT_OK;
}

static enum stmboot_status read_inode(struct finder *finder, struct sb_ext4_inode *out)
{
	const struct stmboot_ext4_info *info = finder->fs->info;
	uint8_t raw[EXT4_FIRST_INODE_BYTES];
	uint32_t number = info->journal_inode;
	uint64_t table = 0, offset;
	enum stmboot_status status;

	if (number == 0 || number > info->inodes_count)
		return sb_jbd2_fail(finder->journal, STMBOOT_CORRUPT,
				    EXT4_SUPERBLOCK_OFFSET + S_JOURNAL_INUM,
				    "an inode number of the journal out of range");
	status = inode_table(finder, (number - 1) / info->inodes_per_group, &table);
	if (status != STMBOOT_OK)
		return status;
	if (table >= info->blocks_count || !sb_mul_u64(table, info->block_bytes, &offset))
		return sb_jbd2_fail(finder->journal, STMBOOT_CORRUPT, SB_NOWHERE,
				    "a group descriptor that points outside");
	offset += (uint64_t)((number - 1) % info->inodes_per_group) * info->inode_bytes;
	status = sb_fs_read(finder->fs, offset, raw, sizeof(raw));
	if (status != STMBOOT_OK)
		return finder_fail(finder, status);
	sb_ext4_inode_decode(raw, sizeof(raw), out);
	out->number = number;
	out->offset = offset;
	return STMBOOT_OK;
}

/* What e2fsck 1.47.0 and Linux ask of the inode (e2fsck/journal.c). */
static enum stmboot_status check_inode(struct finder *finder, const struct sb_ext4_inode *inode)
{
	uint64_t blocks = inode->size / finder->fs->info->block_bytes;
	const char *what = NULL;

	if (inode->links == 0)
		what = "a journal whose inode is not in use";
	else if (sb_ext4_mode_type(inode->mode) != STMBOOT_FS_FILE)
		what = "a journal that is no file";
	else if (inode->flags & EXT4_FLAG_ENCRYPT)
		what = "a journal that is encrypted";
	else if (blocks < MIN_BLOCKS)
		what = "a journal of less than 1024 blocks";
	if (what != NULL)
		return sb_jbd2_fail(finder->journal, STMBOOT_CORRUPT, inode->offset, what);
	if (blocks > MAX_BLOCKS)
		return sb_jbd2_fail(finder->journal, STMBOOT_LIMIT, inode->offset,
				    "a journal larger than any that mke2fs makes");
	finder->journal->blocks = (uint32_t)blocks;
	return STMBOOT_OK;
}

static enum stmboot_status add_run(struct finder *finder, uint32_t log_block, uint64_t block,
				   uint32_t count)
{
	struct sb_jbd2 *journal = finder->journal;
	struct sb_jbd2_run *last =
		journal->run_count > 0 ? &journal->runs[journal->run_count - 1] : NULL;

	if (last != NULL && last->block + last->count == block) {
		last->count += count;
		return STMBOOT_OK;
	}
	if (journal->run_count == MAX_RUNS)
		return sb_jbd2_fail(journal, STMBOOT_LIMIT, SB_NOWHERE,
				    "a journal in too many pieces");
	last = sb_arena_push(&journal->arena, &journal->runs, &journal->run_count,
			     &journal->run_capacity, sizeof(*last));
	if (last == NULL)
		return STMBOOT_NO_MEMORY;
	*last = (struct sb_jbd2_run){ log_block, count, block };
	return STMBOOT_OK;
}

/* Blocks of the journal are written although their extents may say that they never were. */
static enum stmboot_status map_inode(struct finder *finder, const struct sb_ext4_inode *inode)
{
	struct sb_jbd2 *journal = finder->journal;
	enum stmboot_status status = STMBOOT_OK;

	journal->run_count = 0;
	for (uint32_t at = 0; at < journal->blocks && status == STMBOOT_OK;) {
		struct sb_ext4_run run = { 0 };
		uint32_t count;

		status = sb_ext4_map(finder->fs, inode, at, &run);
		if (status != STMBOOT_OK)
			return finder_fail(finder, status);
		if (run.physical == 0)
			return sb_jbd2_fail(journal, STMBOOT_CORRUPT, inode->offset,
					    "a journal with a hole");
		count = (uint32_t)sb_min_u64(run.count, journal->blocks - at);
		status = add_run(finder, at, run.physical, count);
		at += count;
	}
	return status;
}

static int compare_places(const void *a, const void *b)
{
	const struct sb_jbd2_run *x = a, *y = b;

	return x->block < y->block ? -1 : x->block > y->block;
}

/* The runs once more, by where they stand; none may share a block with another. */
static enum stmboot_status sort_places(struct sb_jbd2 *journal, uint64_t inode_offset)
{
	size_t count = journal->run_count;

	journal->places = sb_arena_array(&journal->arena, count, sizeof(*journal->places));
	if (journal->places == NULL)
		return STMBOOT_NO_MEMORY;
	memcpy(journal->places, journal->runs, count * sizeof(*journal->places));
	qsort(journal->places, count, sizeof(*journal->places), compare_places);
	for (size_t i = 1; i < count; i++)
		if (journal->places[i].block - journal->places[i - 1].block <
		    journal->places[i - 1].count)
			return sb_jbd2_fail(journal, STMBOOT_CORRUPT, inode_offset,
					    "a journal that has a block twice");
	return STMBOOT_OK;
}

static enum stmboot_status take_inode(struct finder *finder, const struct sb_ext4_inode *inode)
{
	enum stmboot_status status = check_inode(finder, inode);

	if (status == STMBOOT_OK)
		status = map_inode(finder, inode);
	return status == STMBOOT_OK ? sort_places(finder->journal, inode->offset) : status;
}

/* mke2fs keeps the block map and the size of the journal in the superblock, too. */
static bool backup_inode(const struct sb_jbd2 *journal, struct sb_ext4_inode *out)
{
	const uint8_t *words = journal->super + S_JOURNAL_BLOCKS;

	if (journal->super[S_JOURNAL_BACKUP_TYPE] != BACKUP_OF_BLOCKS)
		return false;
	*out = (struct sb_ext4_inode){
		.mode = 0100600,
		.links = 1,
		.flags = sb_get_le16(words) == EXTENT_MAGIC ? EXT4_FLAG_EXTENTS : 0,
		.size = sb_get_le32(words + (size_t)4 * BACKUP_SIZE) |
			(uint64_t)sb_get_le32(words + (size_t)4 * BACKUP_SIZE_HIGH) << 32,
		.offset = EXT4_SUPERBLOCK_OFFSET + S_JOURNAL_BLOCKS,
	};
	memcpy(out->block, words, sizeof(out->block));
	return true;
}

static bool is_damage(enum stmboot_status status)
{
	return status == STMBOOT_CORRUPT || status == STMBOOT_TRUNCATED;
}

static enum stmboot_status find(struct finder *finder)
{
	struct sb_jbd2 *journal = finder->journal;
	struct sb_jbd2_trouble trouble;
	struct sb_ext4_inode inode = { 0 };
	enum stmboot_status status = read_inode(finder, &inode), second;

	if (status == STMBOOT_OK)
		status = take_inode(finder, &inode);
	if (!is_damage(status) || !backup_inode(journal, &inode))
		return status;
	trouble = journal->trouble;
	second = take_inode(finder, &inode);
	if (!is_damage(second))
		return second;
	journal->trouble = trouble;
	return status;
}

enum stmboot_status sb_jbd2_find(struct sb_jbd2 *journal)
{
	struct finder finder = { .journal = journal };
	const uint8_t *super = journal->super;
	enum stmboot_status status = sb_fs_new(journal->ctx, journal->src, &finder_ops, &finder.fs);

	if (status != STMBOOT_OK)
		return status;
	finder.fs->reader = &finder;
	finder.seed = journal->ext4.incompat & INCOMPAT_CSUM_SEED
			      ? sb_get_le32(super + S_CHECKSUM_SEED)
			      : ext2fs_crc32c_le(UINT32_MAX, super + S_UUID, 16);
	status = find(&finder);
	stmboot_fs_close(finder.fs);
	return status;
}

/* The last run that does not begin behind a block of the journal. */
static const struct sb_jbd2_run *find_run(const struct sb_jbd2 *journal, uint32_t log_block)
{
	size_t low = 0, high = journal->run_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (journal->runs[middle].log_block <= log_block)
			low = middle;
		else
			high = middle;
	}
	return &journal->runs[low];
}

uint64_t sb_jbd2_offset(const struct sb_jbd2 *journal, uint32_t log_block)
{
	const struct sb_jbd2_run *run = find_run(journal, log_block);

	return (run->block + (log_block - run->log_block)) * journal->block_bytes;
}

uint32_t sb_jbd2_together(const struct sb_jbd2 *journal, uint32_t log_block)
{
	const struct sb_jbd2_run *run = find_run(journal, log_block);

	return run->count - (log_block - run->log_block);
}

bool sb_jbd2_owns(const struct sb_jbd2 *journal, uint64_t block)
{
	size_t low = 0, high = journal->run_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (journal->places[middle].block <= block)
			low = middle;
		else
			high = middle;
	}
	return block >= journal->places[low].block &&
	       block - journal->places[low].block < journal->places[low].count;
}
