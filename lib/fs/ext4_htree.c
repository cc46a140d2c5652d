/* SPDX-License-Identifier: MIT */
/* Does an index lead to every name? Only Linux goes by it: to it, no other name exists. */
#include "fs/ext4_htree.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4_tree_parts.h"

enum {
	HASH_TEA = 2,        /* the last one */
	UNSIGNED_HASHES = 3, /* added for the form with unsigned characters */
};

/* A walk over an index. */
struct walk {
	struct stmboot_fs *fs;
	const struct sb_ext4_inode *directory;
	uint8_t *seen;   /* a bit for each block of the directory */
	uint32_t blocks; /* of the directory */
	struct sb_htree tree;
	uint8_t *room[HTREE_LEVELS + 1]; /* a block for each level, and for leaves */
};

/* The hashes that a block may hold names of. */
struct range {
	uint32_t first;
	uint32_t last;
};

size_t sb_dirent_length(const struct stmboot_fs *fs, const uint8_t *entry)
{
	size_t length = sb_get_le16(entry + 4);
	size_t size = (size_t)fs->info->block_bytes;

	/* 16 bits do not hold 65536. */
	return size > UINT16_MAX && (length == UINT16_MAX || length == 0) ? size : length;
}

bool sb_htree_hash(const struct stmboot_fs *fs, const struct sb_htree *tree, const uint8_t *name,
		   size_t length, uint32_t *hash)
{
	ext2_dirhash_t major, minor;
	__u32 seed[4];

	memcpy(seed, sb_ext2_of(fs)->super->s_hash_seed, sizeof(seed));
	if (ext2fs_dirhash2(tree->version, (const char *)name, (int)length, NULL, 0, seed, &major,
			    &minor) != 0)
		return false;
	*hash = major;
	return true;
}

unsigned sb_htree_room(const struct stmboot_fs *fs, size_t offset)
{
	size_t room = (size_t)fs->info->block_bytes - offset;

	if (sb_linux_has_checksums(fs))
		room -= HTREE_TAIL_BYTES;
	return (unsigned)(room / HTREE_ENTRY_BYTES);
}

bool sb_htree_root(const struct stmboot_fs *fs, const uint8_t *block, struct sb_htree *out)
{
	const uint8_t *info = block + HTREE_ROOT_INFO;
	const uint8_t *parent = block + DIRENT_MIN_BYTES;

	*out = (struct sb_htree){ .version = info[4], .levels = info[HTREE_MAX_DEPTH] + 1U };
	/* A flag stands for a form that never came about; Linux refuses it. */
	if (sb_get_le32(info) != 0 || info[5] != HTREE_ROOT_ENTRIES - HTREE_ROOT_INFO ||
	    (info[HTREE_FLAGS] & 1) != 0 || out->version > HASH_TEA ||
	    out->levels > sb_htree_most_levels(fs))
		return false;
	if (sb_ext2_of(fs)->super->s_flags & EXT2_FLAGS_UNSIGNED_HASH)
		out->version += UNSIGNED_HASHES;
	return sb_dirent_length(fs, block) == DIRENT_MIN_BYTES &&
	       sb_dirent_length(fs, parent) == fs->info->block_bytes - DIRENT_MIN_BYTES;
}

bool sb_htree_node(const struct stmboot_fs *fs, const uint8_t *block, size_t offset,
		   unsigned *count)
{
	const uint8_t *entries = block + offset;
	unsigned limit = sb_get_le16(entries);

	*count = sb_get_le16(entries + 2);
	if (offset == HTREE_NODE_ENTRIES &&
	    (sb_get_le32(block) != 0 || sb_dirent_length(fs, block) != fs->info->block_bytes))
		return false;
	if (limit != sb_htree_room(fs, offset) || *count == 0 || *count > limit)
		return false;
	for (unsigned i = 2; i < *count; i++)
		if (sb_htree_hash_of(entries, i - 1) > sb_htree_hash_of(entries, i))
			return false;
	return true;
}

static enum stmboot_status defect(struct walk *walk)
{
	return sb_fs_fail(walk->fs, STMBOOT_CORRUPT, walk->directory->offset,
			  "a directory whose index contradicts its names");
}

/* Each block of the directory is read once. */
static enum stmboot_status read_block(struct walk *walk, uint32_t number, unsigned level)
{
	struct stmboot_fs *fs = walk->fs;
	size_t bytes = (size_t)fs->info->block_bytes;
	struct sb_ext4_run run;
	enum stmboot_status status;

	if (number >= walk->blocks || sb_bit(walk->seen, number))
		return defect(walk);
	walk->seen[number / 8] |= (uint8_t)(1 << number % 8);
	status = sb_ext4_map(fs, walk->directory, number, &run);
	if (status == STMBOOT_OK && run.zeros)
		return defect(walk);
	return status == STMBOOT_OK ? sb_fs_read(fs, run.physical * bytes, walk->room[level], bytes)
				    : status;
}

/* Every name of a leaf lies in its range; the entries themselves were verified before. */
static enum stmboot_status check_leaf(struct walk *walk, struct range range)
{
	const uint8_t *data = walk->room[walk->tree.levels];
	size_t size = (size_t)walk->fs->info->block_bytes;
	size_t length;

	for (size_t at = 0; size - at > DIRENT_NAME; at += length) {
		const uint8_t *entry = data + at;
		uint32_t hash;

		length = sb_dirent_length(walk->fs, entry);
		if (length > size - at || DIRENT_NAME + (size_t)entry[6] > length)
			return defect(walk);
		if (sb_get_le32(entry) == 0 || entry[6] == 0)
			continue;
		if (!sb_htree_hash(walk->fs, &walk->tree, entry + DIRENT_NAME, entry[6], &hash) ||
		    hash < range.first || hash > range.last)
			return defect(walk);
	}
	return STMBOOT_OK;
}

/* What an entry of a node leads to: from its hash up to that of the next one. */
static struct range range_of(const uint8_t *entries, unsigned index, unsigned count,
			     struct range whole)
{
	struct range range = { whole.first, whole.last };

	if (index > 0)
		range.first = sb_htree_hash_of(entries, index) & ~(uint32_t)HTREE_CONTINUED;
	if (index + 1 < count) {
		uint32_t next = sb_htree_hash_of(entries, index + 1);

		range.last = (next & HTREE_CONTINUED) != 0 ? next & ~(uint32_t)HTREE_CONTINUED
							   : next - 1;
	}
	return range;
}

/* At most HTREE_LEVELS deep. */
static enum stmboot_status check_node(struct walk *walk, unsigned level, size_t offset,
				      struct range whole)
{
	const uint8_t *entries = walk->room[level] + offset;
	enum stmboot_status status = STMBOOT_OK;
	unsigned count;

	if (!sb_htree_node(walk->fs, walk->room[level], offset, &count))
		return defect(walk);
	for (unsigned i = 0; i < count && status == STMBOOT_OK; i++) {
		struct range range = range_of(entries, i, count, whole);

		if (range.first > range.last || range.first < whole.first ||
		    range.last > whole.last)
			return defect(walk);
		status = read_block(walk, sb_htree_block_of(entries, i), level + 1);
		if (status == STMBOOT_OK)
			status = level + 1 < walk->tree.levels
					 ? check_node(walk, level + 1, HTREE_NODE_ENTRIES, range)
					 : check_leaf(walk, range);
	}
	return status;
}

static enum stmboot_status check_root(struct walk *walk)
{
	struct range all = { 0, UINT32_MAX };
	enum stmboot_status status = read_block(walk, 0, 0);

	if (status != STMBOOT_OK)
		return status;
	if (!sb_htree_root(walk->fs, walk->room[0], &walk->tree))
		return defect(walk);
	status = check_node(walk, 0, HTREE_ROOT_ENTRIES, all);
	for (uint32_t i = 0; i < walk->blocks && status == STMBOOT_OK; i++)
		if (!sb_bit(walk->seen, i))
			return defect(walk);
	return status;
}

enum stmboot_status sb_ext4_check_index(struct stmboot_fs *fs,
					const struct sb_ext4_inode *directory)
{
	size_t bytes = (size_t)fs->info->block_bytes;
	uint64_t blocks = directory->size / bytes;
	struct walk walk = { .fs = fs, .directory = directory, .blocks = (uint32_t)blocks };
	struct sb_arena arena;
	enum stmboot_status status;

	if (blocks == 0 || blocks > HTREE_BLOCK_MASK)
		return defect(&walk);
	sb_arena_init(&arena, fs->ctx);
	walk.seen = sb_arena_alloc(&arena, (size_t)blocks / 8 + 1);
	for (unsigned i = 0; i <= HTREE_LEVELS; i++)
		walk.room[i] = sb_arena_alloc(&arena, bytes);
	status = arena.failed ? STMBOOT_NO_MEMORY : check_root(&walk);
	sb_arena_release(&arena);
	return status;
}
