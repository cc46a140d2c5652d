/* SPDX-License-Identifier: MIT */
/*
 * The index of a directory: a tree of hashes in front of blocks that each also
 * look like a part of a plain directory. ext4 disk layout, "Hash Tree
 * Directories".
 *
 * The root stands in the first block, behind "." and "..", and says which hash
 * it is and how deep the tree is. A node is a list of entries in the order of
 * their hashes; in the place of the first hash, which is 0, stands how many
 * entries there may be and are.
 */
#ifndef SB_FS_EXT4_HTREE_H
#define SB_FS_EXT4_HTREE_H

#include "base/cursor.h"
#include "fs/ext4_groups.h"

enum {
	HTREE_ROOT_INFO = 24, /* behind "." and ".." */
	HTREE_ROOT_ENTRIES = 32,
	HTREE_NODE_ENTRIES = 8, /* behind an entry of a directory that is not in use */
	HTREE_ENTRY_BYTES = 8,
	HTREE_TAIL_BYTES = 8, /* of a node with a checksum */
	HTREE_LEVELS = 3,     /* of nodes, with the root; without large_dir one less */
	HTREE_CONTINUED = 1,  /* bit of a hash: the block before holds some of it, too */
	HTREE_BLOCK_MASK = 0x0fffffff,
	HTREE_MAX_DEPTH = 6, /* offset in the root information: levels below the root */
	HTREE_FLAGS = 7,

	DIRENT_NAME = 8,        /* where the name begins in an entry of a directory */
	DIRENT_MIN_BYTES = 12,  /* a name of one byte, and room to a multiple of 4 */
	DIRENT_TAIL_BYTES = 12, /* of a block with a checksum: looks like an entry */
	DIRENT_TAIL_TYPE = 0xde,
};

/* The root, as it was found sound. */
struct sb_htree {
	int version;     /* of the hash */
	unsigned levels; /* of nodes, with the root */
};

static inline uint32_t sb_htree_hash_of(const uint8_t *entries, unsigned index)
{
	return sb_get_le32(entries + (size_t)index * HTREE_ENTRY_BYTES);
}

static inline uint32_t sb_htree_block_of(const uint8_t *entries, unsigned index)
{
	return sb_get_le32(entries + (size_t)index * HTREE_ENTRY_BYTES + 4) & HTREE_BLOCK_MASK;
}

/* How many levels there may be. */
static inline unsigned sb_htree_most_levels(const struct stmboot_fs *fs)
{
	return (fs->info->incompat & INCOMPAT_LARGE_DIR) != 0 ? HTREE_LEVELS : HTREE_LEVELS - 1;
}

/* How many entries there may be in a node where they begin at `offset`. */
unsigned sb_htree_room(const struct stmboot_fs *fs, size_t offset);

/* Is there a root that is known, in a block that holds no name but "." and ".."? */
bool sb_htree_root(const struct stmboot_fs *fs, const uint8_t *block, struct sb_htree *out);

/* Is there a list of entries in order behind what no reader takes for a name? */
bool sb_htree_node(const struct stmboot_fs *fs, const uint8_t *block, size_t offset,
		   unsigned *count);

/* The hash of a name; false when there is none. */
bool sb_htree_hash(const struct stmboot_fs *fs, const struct sb_htree *tree, const uint8_t *name,
		   size_t length, uint32_t *hash);

/* The length of an entry of a directory, as it stands there; not yet checked. */
size_t sb_dirent_length(const struct stmboot_fs *fs, const uint8_t *entry);

#endif
