/* SPDX-License-Identifier: MIT */
/*
 * One name more in a directory with an index. ext2fs_link() of libext2fs 1.47.0
 * can do that, too, but writes what it finds in memory behind the names of a
 * leaf that it splits.
 *
 * The index was found sound when the names of the directory were collected. A
 * leaf is written anew as a whole: its names one behind the other, and zeros.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4_htree.h"
#include "fs/ext4_tree_parts.h"

/* A node on the way to a leaf. */
struct step {
	uint8_t *block;
	uint8_t *entries; /* in it */
	uint64_t physical;
	unsigned count;
	unsigned limit;
	unsigned index; /* of the entry that leads on */
};

/* An entry of a leaf. */
struct name {
	const uint8_t *entry;
	size_t order;
	uint32_t hash;
};

struct insertion {
	struct sb_tree *tree;
	struct sb_arena arena;
	struct sb_ext4_inode directory;
	size_t bytes;                                       /* of a block */
	uint8_t entry[DIRENT_NAME + STMBOOT_FS_NAME_BYTES]; /* what is put in */
	uint32_t hash;
	struct sb_htree index;
	struct step steps[HTREE_LEVELS];
	uint8_t *leaf;
	uint64_t leaf_physical;
	struct name *names; /* of the leaf, and the new one */
	size_t name_count;
	uint8_t *fresh; /* a block that is made */
	bool done;
};

/* A block of the directory that the index gained. */
struct growth {
	uint32_t number;
	uint64_t physical;
};

static enum stmboot_status defect(struct insertion *insertion)
{
	return sb_tree_damage(insertion->tree, insertion->directory.offset,
			      "a directory whose index contradicts its names");
}

/* What an entry takes at least: its name, up to a multiple of 4. */
static size_t packed_size(const uint8_t *entry)
{
	return (size_t)sb_round_up_u64(DIRENT_NAME + (uint64_t)entry[6], 4);
}

static size_t leaf_room(const struct insertion *insertion)
{
	return insertion->bytes -
	       (sb_linux_has_checksums(insertion->tree->fs) ? DIRENT_TAIL_BYTES : 0);
}

static enum stmboot_status find_block(struct insertion *insertion, uint32_t number,
				      uint64_t *physical)
{
	struct sb_tree *tree = insertion->tree;
	struct sb_ext4_run run;
	enum stmboot_status status;

	if (number >= insertion->directory.size / insertion->bytes)
		return defect(insertion);
	status = sb_tree_trouble(tree, sb_ext4_map(tree->fs, &insertion->directory, number, &run));
	if (status == STMBOOT_OK && run.zeros)
		return defect(insertion);
	*physical = run.physical;
	return status;
}

static enum stmboot_status read_block(struct insertion *insertion, uint32_t number, uint8_t *block,
				      uint64_t *physical)
{
	struct sb_tree *tree = insertion->tree;
	size_t bytes = insertion->bytes;
	enum stmboot_status status = find_block(insertion, number, physical);

	if (status == STMBOOT_OK)
		status = sb_tree_trouble(tree,
					 sb_fs_read(tree->fs, *physical * bytes, block, bytes));
	if (status != STMBOOT_OK ||
	    ext2fs_dir_block_csum_verify(tree->ext2, insertion->directory.number, (void *)block))
		return status;
	/* The inode is read for it. */
	status = sb_tree_status(tree, 0);
	return status == STMBOOT_OK ? defect(insertion) : status;
}

static enum stmboot_status write_block(struct insertion *insertion, uint64_t physical,
				       uint8_t *block)
{
	struct sb_tree *tree = insertion->tree;
	size_t bytes = insertion->bytes;
	errcode_t error =
		ext2fs_dir_block_csum_set(tree->ext2, insertion->directory.number, (void *)block);
	enum stmboot_status status;

	if (error != 0)
		return sb_tree_status(tree, error);
	status = sb_overlay_write(tree->staged, physical * bytes, block, bytes);
	return status == STMBOOT_OK ? status : sb_tree_status(tree, 0);
}

/* The node of a level, and the entry that leads on: the last one that does not come later. */
static enum stmboot_status take_step(struct insertion *insertion, unsigned level, uint32_t number)
{
	size_t offset = level == 0 ? HTREE_ROOT_ENTRIES : HTREE_NODE_ENTRIES;
	struct step *step = &insertion->steps[level];
	enum stmboot_status status = read_block(insertion, number, step->block, &step->physical);

	if (status != STMBOOT_OK)
		return status;
	if (level == 0 && !sb_htree_root(insertion->tree->fs, step->block, &insertion->index))
		return defect(insertion);
	if (!sb_htree_node(insertion->tree->fs, step->block, offset, &step->count))
		return defect(insertion);
	if (level == 0 &&
	    !sb_htree_hash(insertion->tree->fs, &insertion->index, insertion->entry + DIRENT_NAME,
			   insertion->entry[6], &insertion->hash))
		return defect(insertion);
	step->entries = step->block + offset;
	step->limit = sb_htree_room(insertion->tree->fs, offset);
	step->index = 0;
	while (step->index + 1 < step->count &&
	       sb_htree_hash_of(step->entries, step->index + 1) <= insertion->hash)
		step->index++;
	return STMBOOT_OK;
}

/* The names of the leaf, in its order. */
static enum stmboot_status list_names(struct insertion *insertion)
{
	struct stmboot_fs *fs = insertion->tree->fs;
	size_t length;

	insertion->name_count = 0;
	for (size_t at = 0; insertion->bytes - at >= DIRENT_MIN_BYTES; at += length) {
		const uint8_t *entry = insertion->leaf + at;
		struct name *name = insertion->names + insertion->name_count;

		length = sb_dirent_length(fs, entry);
		if (length < DIRENT_MIN_BYTES || length > insertion->bytes - at ||
		    packed_size(entry) > length)
			return defect(insertion);
		if (sb_get_le32(entry) == 0 || entry[6] == 0)
			continue;
		*name = (struct name){ .entry = entry, .order = insertion->name_count };
		if (!sb_htree_hash(fs, &insertion->index, entry + DIRENT_NAME, entry[6],
				   &name->hash))
			return defect(insertion);
		insertion->name_count++;
	}
	return STMBOOT_OK;
}

static enum stmboot_status find_leaf(struct insertion *insertion)
{
	struct sb_tree *tree = insertion->tree;
	uint32_t number = 0;
	enum stmboot_status status =
		sb_tree_inode(tree, insertion->directory.number, &insertion->directory);

	insertion->index.levels = 1;
	for (unsigned i = 0; i < insertion->index.levels && status == STMBOOT_OK; i++) {
		const struct step *step = &insertion->steps[i];

		status = take_step(insertion, i, number);
		if (status == STMBOOT_OK)
			number = sb_htree_block_of(step->entries, step->index);
	}
	if (status == STMBOOT_OK)
		status = read_block(insertion, number, insertion->leaf, &insertion->leaf_physical);
	return status == STMBOOT_OK ? list_names(insertion) : status;
}

/* A leaf with some names, and nothing else, in insertion->fresh. */
static void make_leaf(struct insertion *insertion, const struct name *names, size_t count)
{
	size_t room = leaf_room(insertion), at = 0;
	uint8_t *block = insertion->fresh;

	memset(block, 0, insertion->bytes);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *entry = names[i].entry;
		size_t length = i + 1 < count ? packed_size(entry) : room - at;

		memcpy(block + at, entry, DIRENT_NAME + (size_t)entry[6]);
		/* 16 bits do not hold 65536. */
		sb_put_le(block + at + 4, sb_min_u64(length, UINT16_MAX), 2);
		at += length;
	}
	if (room < insertion->bytes) {
		sb_put_le(block + room + 4, DIRENT_TAIL_BYTES, 2);
		block[room + 7] = DIRENT_TAIL_TYPE;
	}
}

static enum stmboot_status write_leaf(struct insertion *insertion, uint64_t physical,
				      const struct name *names, size_t count)
{
	make_leaf(insertion, names, count);
	return write_block(insertion, physical, insertion->fresh);
}

/* An unused entry over the whole block, and no entries of a node yet. */
static uint8_t *make_node(struct insertion *insertion)
{
	uint8_t *block = insertion->fresh;

	memset(block, 0, insertion->bytes);
	sb_put_le(block + 4, sb_min_u64(insertion->bytes, UINT16_MAX), 2);
	return block + HTREE_NODE_ENTRIES;
}

static void set_count(uint8_t *entries, unsigned limit, unsigned count)
{
	sb_put_le(entries, limit, 2);
	sb_put_le(entries + 2, count, 2);
}

/* Let a hash lead to a block, behind where the way went on; there is room. */
static enum stmboot_status lead(struct insertion *insertion, unsigned level, uint32_t hash,
				uint32_t number)
{
	struct step *step = &insertion->steps[level];
	uint8_t *place = step->entries + (size_t)(step->index + 1) * HTREE_ENTRY_BYTES;
	size_t behind = (size_t)(step->count - step->index - 1) * HTREE_ENTRY_BYTES;

	memmove(place + HTREE_ENTRY_BYTES, place, behind);
	sb_put_le(place, hash, 4);
	sb_put_le(place + 4, number, 4);
	step->count++;
	set_count(step->entries, step->limit, step->count);
	return write_block(insertion, step->physical, step->block);
}

static enum stmboot_status refuse(struct insertion *insertion)
{
	return sb_tree_refuse(insertion->tree, STMBOOT_LIMIT, NULL,
			      "finds no room in the index of its directory");
}

/* One block more behind those that the directory has. */
static enum stmboot_status grow(struct insertion *insertion, struct growth *growth)
{
	struct sb_tree *tree = insertion->tree;
	uint32_t directory = insertion->directory.number;
	uint64_t blocks = insertion->directory.size / insertion->bytes;
	uint64_t size = (blocks + 1) * insertion->bytes;
	bool is_large = (tree->fs->info->incompat & INCOMPAT_LARGE_DIR) != 0;
	enum stmboot_status status;

	if (blocks >= HTREE_BLOCK_MASK || (size > INT32_MAX && !is_large))
		return refuse(insertion);
	status = sb_tree_allocate(tree, directory, blocks, 1, size);
	if (status == STMBOOT_OK)
		status = sb_tree_inode(tree, directory, &insertion->directory);
	growth->number = (uint32_t)blocks;
	return status == STMBOOT_OK ? find_block(insertion, growth->number, &growth->physical)
				    : status;
}

static int by_hash(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* How many of the names, in the order of their hashes, make up half of the bytes. */
static size_t half_of(const struct insertion *insertion)
{
	size_t all = 0, half = 0, count = 0;

	for (size_t i = 0; i < insertion->name_count; i++)
		all += packed_size(insertion->names[i].entry);
	while (half + packed_size(insertion->names[count].entry) / 2 < all / 2)
		half += packed_size(insertion->names[count++].entry);
	return count;
}

/*
 * The later half of the names goes to a block of its own. What does not fit
 * into a leaf of 1 KiB is three names at least, and no half of it is more than
 * a leaf holds.
 */
static enum stmboot_status split_leaf(struct insertion *insertion)
{
	struct name *names = insertion->names;
	struct growth growth = { .number = 0 };
	size_t half;
	uint32_t hash;
	enum stmboot_status status = grow(insertion, &growth);

	if (status != STMBOOT_OK)
		return status;
	qsort(names, insertion->name_count, sizeof(*names), by_hash);
	half = half_of(insertion);
	hash = names[half].hash;
	if (hash == names[half - 1].hash)
		hash |= HTREE_CONTINUED;
	insertion->done = true;
	status = write_leaf(insertion, insertion->leaf_physical, names, half);
	if (status == STMBOOT_OK)
		status = write_leaf(insertion, growth.physical, names + half,
				    insertion->name_count - half);
	return status == STMBOOT_OK
		       ? lead(insertion, insertion->index.levels - 1, hash, growth.number)
		       : status;
}

/* The later half of the entries of a node goes to a block of its own. */
static enum stmboot_status split_node(struct insertion *insertion, unsigned level)
{
	struct step *step = &insertion->steps[level];
	unsigned kept = step->count / 2, moved = step->count - kept;
	uint8_t *later = step->entries + (size_t)kept * HTREE_ENTRY_BYTES;
	uint32_t hash = sb_htree_hash_of(later, 0);
	struct growth growth = { .number = 0 };
	uint8_t *entries;
	enum stmboot_status status = grow(insertion, &growth);

	if (status != STMBOOT_OK)
		return status;
	entries = make_node(insertion);
	memcpy(entries, later, (size_t)moved * HTREE_ENTRY_BYTES);
	memset(later, 0, (size_t)moved * HTREE_ENTRY_BYTES);
	set_count(entries, sb_htree_room(insertion->tree->fs, HTREE_NODE_ENTRIES), moved);
	set_count(step->entries, step->limit, kept);
	status = write_block(insertion, growth.physical, insertion->fresh);
	if (status == STMBOOT_OK)
		status = write_block(insertion, step->physical, step->block);
	return status == STMBOOT_OK ? lead(insertion, level - 1, hash, growth.number) : status;
}

/* All entries of the root go one level down, to a node with some room more. */
static enum stmboot_status deepen(struct insertion *insertion)
{
	struct step *root = &insertion->steps[0];
	size_t length = (size_t)root->count * HTREE_ENTRY_BYTES;
	struct growth growth = { .number = 0 };
	uint8_t *entries;
	enum stmboot_status status = grow(insertion, &growth);

	if (status != STMBOOT_OK)
		return status;
	entries = make_node(insertion);
	memcpy(entries, root->entries, length);
	memset(root->entries, 0, length);
	set_count(entries, sb_htree_room(insertion->tree->fs, HTREE_NODE_ENTRIES), root->count);
	set_count(root->entries, root->limit, 1);
	sb_put_le(root->entries + 4, growth.number, 4);
	root->block[HTREE_ROOT_INFO + HTREE_MAX_DEPTH]++;
	status = write_block(insertion, growth.physical, insertion->fresh);
	return status == STMBOOT_OK ? write_block(insertion, root->physical, root->block) : status;
}

/* A leaf is split when the node above has room, else room is made as far up as needed. */
static enum stmboot_status make_room(struct insertion *insertion)
{
	unsigned level = insertion->index.levels;

	while (level > 0 && insertion->steps[level - 1].count == insertion->steps[level - 1].limit)
		level--;
	if (level == insertion->index.levels)
		return split_leaf(insertion);
	if (level > 0)
		return split_node(insertion, level);
	if (insertion->index.levels == sb_htree_most_levels(insertion->tree->fs))
		return refuse(insertion);
	return deepen(insertion);
}

static enum stmboot_status insert(struct insertion *insertion)
{
	size_t needed = packed_size(insertion->entry);
	enum stmboot_status status = find_leaf(insertion);

	if (status != STMBOOT_OK)
		return status;
	for (size_t i = 0; i < insertion->name_count; i++)
		needed += packed_size(insertion->names[i].entry);
	insertion->names[insertion->name_count] =
		(struct name){ insertion->entry, insertion->name_count, insertion->hash };
	insertion->name_count++;
	if (needed > leaf_room(insertion))
		return make_room(insertion);
	insertion->done = true;
	return write_leaf(insertion, insertion->leaf_physical, insertion->names,
			  insertion->name_count);
}

static bool allocate(struct insertion *insertion)
{
	struct sb_arena *arena = &insertion->arena;

	for (size_t i = 0; i < HTREE_LEVELS; i++)
		insertion->steps[i].block = sb_arena_alloc(arena, insertion->bytes);
	insertion->leaf = sb_arena_alloc(arena, insertion->bytes);
	insertion->fresh = sb_arena_alloc(arena, insertion->bytes);
	insertion->names = sb_arena_array(arena, insertion->bytes / DIRENT_MIN_BYTES + 1,
					  sizeof(*insertion->names));
	return !arena->failed;
}

enum stmboot_status sb_tree_add_to_index(struct sb_tree *tree, uint32_t directory, const char *text,
					 uint32_t inode, unsigned type)
{
	bool typed = (tree->fs->info->incompat & INCOMPAT_FILETYPE) != 0;
	size_t length = strlen(text);
	struct insertion insertion = { .tree = tree,
				       .directory = { .number = directory },
				       .bytes = (size_t)tree->fs->info->block_bytes };
	enum stmboot_status status = STMBOOT_OK;

	if (length == 0 || length >= STMBOOT_FS_NAME_BYTES)
		return STMBOOT_INVALID_ARGUMENT;
	sb_put_le(insertion.entry, inode, 4);
	insertion.entry[6] = (uint8_t)length;
	insertion.entry[7] = typed ? (uint8_t)type : 0;
	memcpy(insertion.entry + DIRENT_NAME, text, length);
	sb_arena_init(&insertion.arena, tree->ctx);
	if (!allocate(&insertion))
		status = STMBOOT_NO_MEMORY;
	/* Every time that there was no room, one level got some. */
	while (status == STMBOOT_OK && !insertion.done)
		status = insert(&insertion);
	sb_arena_release(&insertion.arena);
	return status;
}
