/* SPDX-License-Identifier: MIT */
/*
 * The index of a directory: a tree of hashes in front of blocks that each also
 * look like a part of a plain directory, so only Linux goes by it. What it does
 * not lead to does not exist there. ext4 disk layout, "Hash Tree Directories".
 */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "fs/ext4_tree_parts.h"

enum {
	ROOT_INFO = 24, /* behind "." and ".." */
	ROOT_ENTRIES = 32,
	NODE_ENTRIES = 8,
	ENTRY_BYTES = 8,
	NAME_OFFSET = 8,
	TAIL_BYTES = 8, /* of a node with a checksum */
	LEVELS = 3,     /* with large_dir */
	HASH_LEGACY = 0,
	HASH_TEA = 2,
	UNSIGNED_HASHES = 3, /* added for the form with unsigned characters */
	CONTINUED = 1,       /* bit of a hash: the block before holds some of it, too */
	BLOCK_MASK = 0x0fffffff,
};

/* A walk over an index. */
struct walk {
	struct stmboot_fs *fs;
	const struct sb_ext4_inode *directory;
	uint8_t *seen;             /* a bit for each block of the directory */
	uint32_t blocks;           /* of the directory */
	unsigned levels;           /* of nodes, with the root */
	int version;               /* of the hash */
	uint8_t *room[LEVELS + 1]; /* a block for each level, and for leaves */
};

/* The hashes that a block may hold names of. */
struct range {
	uint32_t first;
	uint32_t last;
};

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
	const struct ext2_super_block *super = sb_ext2_of(walk->fs)->super;
	const uint8_t *data = walk->room[walk->levels];
	size_t size = (size_t)walk->fs->info->block_bytes;
	size_t length;

	for (size_t at = 0; size - at > NAME_OFFSET; at += length) {
		const uint8_t *entry = data + at;
		ext2_dirhash_t hash, minor;
		__u32 seed[4];

		length = sb_get_le16(entry + 4);
		if (size > UINT16_MAX && (length == UINT16_MAX || length == 0))
			length = size;
		if (length > size - at || NAME_OFFSET + (size_t)entry[6] > length)
			return defect(walk);
		if (sb_get_le32(entry) == 0 || entry[6] == 0)
			continue;
		memcpy(seed, super->s_hash_seed, sizeof(seed));
		if (ext2fs_dirhash2(walk->version, (const char *)entry + NAME_OFFSET, entry[6],
				    NULL, 0, seed, &hash, &minor) != 0 ||
		    hash < range.first || hash > range.last)
			return defect(walk);
	}
	return STMBOOT_OK;
}

/* What an entry of a node leads to: from its hash up to that of the next one. */
static struct range range_of(const uint8_t *entries, unsigned index, unsigned count,
			     struct range whole)
{
	uint32_t first = sb_get_le32(entries + (size_t)index * ENTRY_BYTES);
	struct range range = { whole.first, whole.last };

	if (index > 0)
		range.first = first & ~(uint32_t)CONTINUED;
	if (index + 1 < count) {
		uint32_t next = sb_get_le32(entries + (size_t)(index + 1) * ENTRY_BYTES);

		range.last = (next & CONTINUED) != 0 ? next & ~(uint32_t)CONTINUED : next - 1;
	}
	return range;
}

/* The list in a node: its length, in the place of a first hash, and entries in order. */
static bool is_sound(const struct walk *walk, const uint8_t *entries, size_t offset,
		     unsigned *count)
{
	size_t room = (size_t)walk->fs->info->block_bytes - offset;
	unsigned limit = sb_get_le16(entries);

	*count = sb_get_le16(entries + 2);
	if (sb_linux_has_checksums(walk->fs))
		room -= TAIL_BYTES;
	if (limit != room / ENTRY_BYTES || *count == 0 || *count > limit)
		return false;
	for (unsigned i = 2; i < *count; i++)
		if (sb_get_le32(entries + (size_t)(i - 1) * ENTRY_BYTES) >
		    sb_get_le32(entries + (size_t)i * ENTRY_BYTES))
			return false;
	return true;
}

/* At most LEVELS deep. */
static enum stmboot_status check_node(struct walk *walk, unsigned level, size_t offset,
				      struct range whole)
{
	const uint8_t *entries = walk->room[level] + offset;
	enum stmboot_status status = STMBOOT_OK;
	unsigned count;

	if (!is_sound(walk, entries, offset, &count))
		return defect(walk);
	for (unsigned i = 0; i < count && status == STMBOOT_OK; i++) {
		struct range range = range_of(entries, i, count, whole);
		uint32_t block = sb_get_le32(entries + (size_t)i * ENTRY_BYTES + 4) & BLOCK_MASK;

		if (range.first > range.last || range.first < whole.first ||
		    range.last > whole.last)
			return defect(walk);
		status = read_block(walk, block, level + 1);
		if (status == STMBOOT_OK)
			status = level + 1 < walk->levels
					 ? check_node(walk, level + 1, NODE_ENTRIES, range)
					 : check_leaf(walk, range);
	}
	return status;
}

static enum stmboot_status check_root(struct walk *walk)
{
	bool is_large = (walk->fs->info->incompat & INCOMPAT_LARGE_DIR) != 0;
	const uint8_t *info = walk->room[0] + ROOT_INFO;
	unsigned most = is_large ? LEVELS : LEVELS - 1;
	struct range all = { 0, UINT32_MAX };
	enum stmboot_status status = read_block(walk, 0, 0);

	if (status != STMBOOT_OK)
		return status;
	walk->version = info[4];
	walk->levels = info[6] + 1U;
	if (sb_get_le32(info) != 0 || info[5] != ROOT_ENTRIES - ROOT_INFO ||
	    walk->version > HASH_TEA || walk->levels > most)
		return defect(walk);
	if (sb_ext2_of(walk->fs)->super->s_flags & EXT2_FLAGS_UNSIGNED_HASH)
		walk->version += UNSIGNED_HASHES;
	status = check_node(walk, 0, ROOT_ENTRIES, all);
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

	if (blocks == 0 || blocks > BLOCK_MASK)
		return defect(&walk);
	sb_arena_init(&arena, fs->ctx);
	walk.seen = sb_arena_alloc(&arena, (size_t)blocks / 8 + 1);
	for (unsigned i = 0; i <= LEVELS; i++)
		walk.room[i] = sb_arena_alloc(&arena, bytes);
	status = arena.failed ? STMBOOT_NO_MEMORY : check_root(&walk);
	sb_arena_release(&arena);
	return status;
}
