/* SPDX-License-Identifier: MIT */
/* Inodes of a tree that is changed: which they are, what they are given, and their end. */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4_tree_parts.h"

enum {
	FIRST_INDEX = 64,
	EXTRA_BYTES = 32, /* of an inode behind the first 128, up to the project */
};

/* Fibonacci hashing: neighbours are spread. */
static size_t slot_of(const struct sb_tree *tree, uint32_t number)
{
	return (size_t)(number * UINT32_C(0x9e3779b9)) & (tree->index_size - 1);
}

static void put_in_index(struct sb_tree *tree, struct sb_tree_node *node)
{
	size_t slot = slot_of(tree, node->number);

	while (tree->index[slot] != NULL)
		slot = (slot + 1) & (tree->index_size - 1);
	tree->index[slot] = node;
}

/* Never more than half full. */
static bool grow_index(struct sb_tree *tree)
{
	size_t size = tree->index_size != 0 ? tree->index_size * 2 : FIRST_INDEX;
	struct sb_tree_node **index;

	if (tree->node_count * 2 < tree->index_size)
		return true;
	index = sb_arena_array(&tree->arena, size, sizeof(struct sb_tree_node *));
	if (index == NULL)
		return false;
	tree->index = index;
	tree->index_size = size;
	for (size_t i = 0; i < tree->node_count; i++)
		put_in_index(tree, tree->nodes[i]);
	return true;
}

struct sb_tree_node *sb_tree_node(const struct sb_tree *tree, uint32_t number)
{
	size_t slot;

	if (tree->index_size == 0)
		return NULL;
	slot = slot_of(tree, number);
	while (tree->index[slot] != NULL && tree->index[slot]->number != number)
		slot = (slot + 1) & (tree->index_size - 1);
	return tree->index[slot];
}

static struct sb_tree_node *add_node(struct sb_tree *tree, uint32_t number)
{
	struct sb_tree_node *node = sb_arena_alloc(&tree->arena, sizeof(*node));
	struct sb_tree_node **place;

	if (node == NULL || !grow_index(tree))
		return NULL;
	place = sb_arena_push(&tree->arena, &tree->nodes, &tree->node_count, &tree->node_capacity,
			      sizeof(struct sb_tree_node *));
	if (place == NULL)
		return NULL;
	node->number = number;
	*place = node;
	put_in_index(tree, node);
	return node;
}

struct sb_tree_node *sb_tree_touch(struct sb_tree *tree, const struct sb_ext4_inode *inode,
				   unsigned may)
{
	struct sb_tree_node *node = sb_tree_node(tree, inode->number);

	if (node == NULL) {
		node = add_node(tree, inode->number);
		if (node == NULL)
			return NULL;
		node->was_used = node->is_used = true;
		node->now = *inode;
	}
	node->may |= may;
	return node;
}

enum stmboot_status sb_tree_inode(struct sb_tree *tree, uint32_t number, struct sb_ext4_inode *out)
{
	return sb_tree_trouble(tree, tree->fs->ops->inode(tree->fs, number, out));
}

enum stmboot_status sb_tree_read_raw(struct sb_tree *tree, uint32_t number)
{
	return sb_tree_status(tree,
			      ext2fs_read_inode_full(tree->ext2, number, EXT2_INODE(tree->raw),
						     (int)tree->fs->info->inode_bytes));
}

enum stmboot_status sb_tree_write_raw(struct sb_tree *tree, uint32_t number)
{
	struct sb_tree_node *node = sb_tree_node(tree, number);
	errcode_t error = ext2fs_write_inode_full(tree->ext2, number, EXT2_INODE(tree->raw),
						  (int)tree->fs->info->inode_bytes);

	if (node == NULL)
		return STMBOOT_INTERNAL;
	tree->changes++;
	sb_ext4_inode_decode((const uint8_t *)tree->raw, tree->fs->info->inode_bytes, &node->now);
	node->now.number = number;
	return sb_tree_status(tree, error);
}

struct sb_ext4_time sb_tree_now(const struct sb_tree *tree)
{
	return (struct sb_ext4_time){ .seconds = (int64_t)tree->ext2->now };
}

void sb_tree_stamp(struct sb_tree *tree, unsigned which, struct sb_ext4_time time)
{
	sb_ext4_put_time(tree->raw, tree->fs->info->inode_bytes, which, time);
}

unsigned sb_tree_put_gift(struct sb_tree *tree, const struct sb_tree_gift *gift)
{
	struct ext2_inode_large *raw = tree->raw;
	unsigned may = 0;

	if (gift->set & SB_TREE_MODE) {
		raw->i_mode = (uint16_t)((raw->i_mode & 0170000U) | (gift->mode & 07777U));
		may |= SB_MAY_MODE;
	}
	if (gift->set & SB_TREE_OWNER) {
		raw->i_uid = (uint16_t)gift->uid;
		raw->osd2.linux2.l_i_uid_high = (uint16_t)(gift->uid >> 16);
		raw->i_gid = (uint16_t)gift->gid;
		raw->osd2.linux2.l_i_gid_high = (uint16_t)(gift->gid >> 16);
		may |= SB_MAY_OWNER;
	}
	if (gift->set & SB_TREE_TIMES) {
		sb_tree_stamp(tree, SB_EXT4_ACCESSED, gift->accessed);
		sb_tree_stamp(tree, SB_EXT4_MODIFIED, gift->modified);
		may |= SB_MAY_TIMES;
	}
	return may;
}

/*
 * With meta_bg U-Boot finds the inodes of the first groups only: there first,
 * and elsewhere when they are full.
 */
static errcode_t find_number(struct sb_tree *tree, uint32_t directory, uint32_t *number)
{
	const struct stmboot_ext4_info *info = tree->fs->info;
	uint64_t in_block = info->block_bytes / info->descriptor_bytes;
	uint64_t groups = in_block * (info->first_meta_group != 0 ? info->first_meta_group : 1);
	errcode_t error = ext2fs_new_inode(tree->ext2, directory, 0, NULL, number);

	if (error != 0 || (info->incompat & INCOMPAT_META_BG) == 0 ||
	    (*number - 1) / info->inodes_per_group < groups)
		return error;
	return ext2fs_new_inode(tree->ext2, EXT4_ROOT_INODE, 0, NULL, number);
}

static enum stmboot_status take_number(struct sb_tree *tree, uint32_t directory, bool is_directory,
				       uint32_t *number)
{
	errcode_t error = find_number(tree, directory, number);
	struct sb_tree_node *node;

	if (error != 0)
		return sb_tree_status(tree, error);
	ext2fs_inode_alloc_stats2(tree->ext2, *number, 1, is_directory);
	node = sb_tree_node(tree, *number);
	if (node == NULL)
		node = add_node(tree, *number);
	if (node == NULL)
		return STMBOOT_NO_MEMORY;
	node->is_used = true;
	node->may = SB_MAY_ALL | SB_MAY_BECOME;
	return STMBOOT_OK;
}

enum stmboot_status sb_tree_new_inode(struct sb_tree *tree, uint32_t directory, uint32_t mode,
				      const struct sb_tree_gift *gift, uint32_t *number)
{
	const struct stmboot_ext4_info *info = tree->fs->info;
	enum stmboot_fs_type type = sb_ext4_mode_type(mode);
	bool has_blocks = type == STMBOOT_FS_FILE || type == STMBOOT_FS_DIRECTORY;
	struct ext2_inode_large *raw = tree->raw;
	enum stmboot_status status =
		take_number(tree, directory, type == STMBOOT_FS_DIRECTORY, number);

	if (status != STMBOOT_OK)
		return status;
	memset(raw, 0, info->inode_bytes + sizeof(*raw));
	raw->i_mode = (uint16_t)mode;
	raw->i_links_count = 1;
	if (info->inode_bytes >= EXT4_FIRST_INODE_BYTES + EXTRA_BYTES)
		raw->i_extra_isize = EXTRA_BYTES;
	if (has_blocks && (info->incompat & INCOMPAT_EXTENTS) != 0)
		raw->i_flags = EXT4_FLAG_EXTENTS;
	if (has_blocks)
		sb_ext4_empty_map(EXT2_INODE(raw));
	sb_tree_stamp(tree, SB_EXT4_ACCESSED | SB_EXT4_CHANGED | SB_EXT4_MODIFIED | SB_EXT4_CREATED,
		      sb_tree_now(tree));
	if (gift != NULL)
		(void)sb_tree_put_gift(tree, gift);
	return sb_tree_write_raw(tree, *number);
}

/* Several inodes may share a block of attributes. */
static errcode_t drop_attribute_block(struct sb_tree *tree, uint32_t number)
{
	blk64_t block = ext2fs_file_acl_block(tree->ext2, EXT2_INODE(tree->raw));
	__u32 left = 0;
	errcode_t error;

	if (block == 0)
		return 0;
	error = ext2fs_adjust_ea_refcount3(tree->ext2, block, NULL, -1, &left, number);
	if (error == 0 && left == 0)
		ext2fs_block_alloc_stats2(tree->ext2, block, -1);
	return error;
}

enum stmboot_status sb_tree_free_inode(struct sb_tree *tree, const struct sb_ext4_inode *inode)
{
	bool is_directory = sb_ext4_mode_type(inode->mode) == STMBOOT_FS_DIRECTORY;
	struct sb_tree_node *node = sb_tree_touch(tree, inode, SB_MAY_ALL | SB_MAY_BECOME);
	enum stmboot_status status =
		node != NULL ? sb_tree_check_attributes(tree, inode->number) : STMBOOT_NO_MEMORY;

	if (status == STMBOOT_OK)
		status = sb_tree_free_blocks(tree, inode);
	if (status == STMBOOT_OK)
		status = sb_tree_read_raw(tree, inode->number);
	if (status == STMBOOT_OK)
		status = sb_tree_status(tree, drop_attribute_block(tree, inode->number));
	if (status != STMBOOT_OK)
		return status;
	sb_ext4_empty_map(EXT2_INODE(tree->raw));
	ext2fs_file_acl_block_set(tree->ext2, EXT2_INODE(tree->raw), 0);
	(void)ext2fs_inode_size_set(tree->ext2, EXT2_INODE(tree->raw), 0);
	(void)ext2fs_iblk_set(tree->ext2, EXT2_INODE(tree->raw), 0);
	tree->raw->i_links_count = 0;
	tree->raw->i_dtime = sb_ext4_deletion_time(tree->fs->info, (int64_t)tree->ext2->now);
	ext2fs_inode_alloc_stats2(tree->ext2, inode->number, -1, is_directory);
	node->is_used = false;
	node->names = NULL;
	node->has_content = node->has_attributes = false;
	return sb_tree_write_raw(tree, inode->number);
}

enum stmboot_status sb_tree_unlink_inode(struct sb_tree *tree, const struct sb_ext4_inode *inode)
{
	enum stmboot_status status;

	if (inode->links <= 1)
		return sb_tree_free_inode(tree, inode);
	if (sb_tree_touch(tree, inode, SB_MAY_LINKS | SB_MAY_TIMES) == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_tree_read_raw(tree, inode->number);
	if (status != STMBOOT_OK)
		return status;
	tree->raw->i_links_count--;
	sb_tree_stamp(tree, SB_EXT4_CHANGED, sb_tree_now(tree));
	return sb_tree_write_raw(tree, inode->number);
}

/* With dir_nlink an indexed directory may have any number: 1 stands for too many to count. */
static bool is_uncounted(const struct sb_tree *tree, const struct sb_ext4_inode *inode)
{
	return (tree->fs->info->ro_compat & RO_COMPAT_DIR_NLINK) != 0 &&
	       (inode->flags & EXT2_INDEX_FL) != 0 &&
	       sb_ext4_mode_type(inode->mode) == STMBOOT_FS_DIRECTORY;
}

enum stmboot_status sb_tree_check_links(struct sb_tree *tree, const struct sb_ext4_inode *inode)
{
	if (inode->links < SB_TREE_MAX_LINKS || is_uncounted(tree, inode))
		return STMBOOT_OK;
	return sb_tree_refuse(tree, STMBOOT_LIMIT, NULL, "%s %u links, and can have no more",
			      sb_ext4_mode_type(inode->mode) == STMBOOT_FS_DIRECTORY
				      ? "belongs in a directory that has"
				      : "has",
			      (unsigned)inode->links);
}

enum stmboot_status sb_tree_count_link(struct sb_tree *tree, uint32_t directory, int difference)
{
	struct sb_ext4_inode inode;
	uint32_t links;
	enum stmboot_status status = sb_tree_inode(tree, directory, &inode);

	if (status == STMBOOT_OK && sb_tree_touch(tree, &inode, SB_MAY_LINKS) == NULL)
		status = STMBOOT_NO_MEMORY;
	if (status == STMBOOT_OK)
		status = sb_tree_read_raw(tree, directory);
	if (status != STMBOOT_OK || inode.links == 1)
		return status;
	links = (uint32_t)((int64_t)inode.links + difference);
	if (links < 2)
		return sb_tree_damage(tree, inode.offset, "a directory with too few links");
	tree->raw->i_links_count = (uint16_t)(links > SB_TREE_MAX_LINKS ? 1 : links);
	return sb_tree_write_raw(tree, directory);
}
