/* SPDX-License-Identifier: MIT */
/* New files, directories, links and devices in a tree that is changed. */
#include <lzma.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4_tree_parts.h"

enum {
	FILE_MODE = 0644,
	DIRECTORY_MODE = 0755,
	LINK_MODE = 0777,
	TYPE_FILE = 0x8000,
	TYPE_DIRECTORY = 0x4000,
	TYPE_LINK = 0xa000,
};

/* Is there nothing at the place, in a directory that may be changed? */
static enum stmboot_status check_place(struct sb_tree *tree, const struct sb_spot *spot)
{
	struct sb_tree_names *names;
	size_t length = strlen(spot->name);

	if (tree->broken != STMBOOT_OK)
		return tree->broken;
	if (spot->exists || length == 0)
		return sb_tree_refuse(tree, STMBOOT_CONFLICT, NULL, "exists");
	if (length >= STMBOOT_FS_NAME_BYTES)
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL, "is too long");
	return sb_tree_names(tree, spot->directory, &names);
}

/* A new inode at the place, whose content comes later. */
static enum stmboot_status make(struct sb_tree *tree, const struct sb_spot *spot, uint32_t mode,
				const struct sb_tree_gift *gift, uint32_t *number)
{
	enum stmboot_status status = sb_tree_new_inode(tree, spot->directory, mode, gift, number);

	if (status == STMBOOT_OK)
		status = sb_tree_add_name(tree, spot->directory, spot->name, *number, mode);
	return status;
}

enum stmboot_status sb_tree_make_file(struct sb_tree *tree, const struct sb_spot *spot,
				      struct stmboot_source *content,
				      const struct sb_tree_gift *gift, uint32_t *out)
{
	const struct stmboot_ext4_info *info = tree->fs->info;
	uint64_t size = stmboot_source_size(content);
	uint64_t blocks = sb_ext4_blocks_for(info, (info->incompat & INCOMPAT_EXTENTS) != 0, size);
	uint32_t number = 0;
	enum stmboot_status status = check_place(tree, spot);

	if (status == STMBOOT_OK)
		status = sb_tree_check_size(tree, size);
	if (status == STMBOOT_OK)
		status = sb_tree_check_space(tree, blocks, 1);
	if (status != STMBOOT_OK)
		return status;
	status = make(tree, spot, TYPE_FILE | FILE_MODE, gift, &number);
	if (status == STMBOOT_OK)
		status = sb_tree_fill(tree, number, content);
	if (out != NULL)
		*out = number;
	return sb_tree_settle(tree, status);
}

/* The first block of a directory: itself and its parent. */
static enum stmboot_status fill_directory(struct sb_tree *tree, uint32_t number, uint32_t parent)
{
	struct sb_ext4_inode inode;
	struct sb_ext4_run run;
	char *block = NULL;
	errcode_t error;
	enum stmboot_status status =
		sb_tree_allocate(tree, number, 0, 1, tree->fs->info->block_bytes);

	if (status == STMBOOT_OK)
		status = sb_tree_inode(tree, number, &inode);
	if (status == STMBOOT_OK)
		status = sb_tree_trouble(tree, sb_ext4_map(tree->fs, &inode, 0, &run));
	if (status != STMBOOT_OK)
		return status;
	error = ext2fs_new_dir_block(tree->ext2, number, parent, &block);
	if (error == 0)
		error = ext2fs_write_dir_block4(tree->ext2, run.physical, block, 0, number);
	ext2fs_free_mem(&block);
	return sb_tree_status(tree, error);
}

/* A second link to a directory is its own; its parent has one for it, too. */
static enum stmboot_status count_directory(struct sb_tree *tree, uint32_t number, uint32_t parent)
{
	enum stmboot_status status = sb_tree_read_raw(tree, number);

	if (status != STMBOOT_OK)
		return status;
	tree->raw->i_links_count = 2;
	status = sb_tree_write_raw(tree, number);
	return status == STMBOOT_OK ? sb_tree_count_link(tree, parent, 1) : status;
}

enum stmboot_status sb_tree_make_directory(struct sb_tree *tree, const struct sb_spot *spot,
					   const struct sb_tree_gift *gift, uint32_t *out)
{
	struct sb_tree_names *names;
	struct sb_ext4_inode parent;
	uint32_t number = 0;
	enum stmboot_status status = check_place(tree, spot);

	if (status == STMBOOT_OK)
		status = sb_tree_inode(tree, spot->directory, &parent);
	if (status == STMBOOT_OK)
		status = sb_tree_check_links(tree, &parent);
	if (status == STMBOOT_OK)
		status = sb_tree_check_space(tree, 1, 1);
	if (status != STMBOOT_OK)
		return status;
	status = make(tree, spot, TYPE_DIRECTORY | DIRECTORY_MODE, gift, &number);
	if (status == STMBOOT_OK)
		status = fill_directory(tree, number, spot->directory);
	if (status == STMBOOT_OK)
		status = count_directory(tree, number, spot->directory);
	sb_fs_renew(tree->fs);
	if (status == STMBOOT_OK)
		status = sb_tree_names(tree, number, &names);
	if (out != NULL)
		*out = number;
	return sb_tree_settle(tree, status);
}

/* A target of less than 60 bytes stands in the inode, where block numbers would. */
static enum stmboot_status fill_fast_link(struct sb_tree *tree, uint32_t number, const char *target)
{
	size_t length = strlen(target);
	enum stmboot_status status = sb_tree_read_raw(tree, number);

	if (status != STMBOOT_OK)
		return status;
	memcpy(tree->raw->i_block, target, length);
	tree->raw->i_size = (uint32_t)length;
	status = sb_tree_write_raw(tree, number);
	if (status != STMBOOT_OK)
		return status;
	return sb_tree_expect_content(tree, number, lzma_crc64((const uint8_t *)target, length, 0));
}

/* It has a block of its own, and with the feature extents. */
static enum stmboot_status fill_slow_link(struct sb_tree *tree, uint32_t number, const char *target)
{
	struct stmboot_source *content;
	enum stmboot_status status = sb_tree_read_raw(tree, number);

	if (status != STMBOOT_OK)
		return status;
	if (tree->fs->info->incompat & INCOMPAT_EXTENTS)
		tree->raw->i_flags |= EXT4_FLAG_EXTENTS;
	sb_ext4_empty_map(EXT2_INODE(tree->raw));
	status = sb_tree_write_raw(tree, number);
	if (status == STMBOOT_OK)
		status = stmboot_source_from_memory(tree->ctx, target, strlen(target), &content);
	if (status != STMBOOT_OK)
		return status;
	status = sb_tree_fill(tree, number, content);
	stmboot_source_close(content);
	return status;
}

enum stmboot_status sb_tree_make_symlink(struct sb_tree *tree, const struct sb_spot *spot,
					 const char *target, const struct sb_tree_gift *gift,
					 uint32_t *out)
{
	size_t length = strlen(target);
	bool is_fast = length < EXT4_BLOCK_BYTES;
	uint32_t number = 0;
	enum stmboot_status status = check_place(tree, spot);

	if (status == STMBOOT_OK && length == 0)
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL,
				      "needs a target: a link to nothing cannot be");
	if (status == STMBOOT_OK &&
	    (length >= tree->fs->info->block_bytes || length >= STMBOOT_FS_PATH_BYTES))
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL,
				      "has no room for a target of %zu bytes", length);
	if (status == STMBOOT_OK)
		status = sb_tree_check_space(tree, is_fast ? 0 : 1, 1);
	if (status != STMBOOT_OK)
		return status;
	status = make(tree, spot, TYPE_LINK | LINK_MODE, gift, &number);
	if (status == STMBOOT_OK)
		status = is_fast ? fill_fast_link(tree, number, target)
				 : fill_slow_link(tree, number, target);
	if (out != NULL)
		*out = number;
	return sb_tree_settle(tree, status);
}

/* The old form of a device number has 8 bits for each part; the new one 12 and 20, one word on. */
static void put_device(uint32_t words[2], uint32_t major, uint32_t minor)
{
	bool is_old = major < 256 && minor < 256;

	words[0] = is_old ? major << 8 | minor : 0;
	words[1] = is_old ? 0 : (minor & 0xff) | major << 8 | (minor & ~UINT32_C(0xff)) << 12;
}

enum stmboot_status sb_tree_make_special(struct sb_tree *tree, const struct sb_spot *spot,
					 enum stmboot_fs_type type, uint32_t major, uint32_t minor,
					 const struct sb_tree_gift *gift, uint32_t *out)
{
	static const uint32_t types[] = {
		[STMBOOT_FS_CHAR_DEVICE] = 0x2000,
		[STMBOOT_FS_BLOCK_DEVICE] = 0x6000,
		[STMBOOT_FS_FIFO] = 0x1000,
		[STMBOOT_FS_SOCKET] = 0xc000,
	};
	uint32_t number = 0;
	enum stmboot_status status = check_place(tree, spot);

	if (status == STMBOOT_OK && (type < STMBOOT_FS_CHAR_DEVICE || type > STMBOOT_FS_SOCKET))
		return STMBOOT_INVALID_ARGUMENT;
	if (status == STMBOOT_OK)
		status = sb_tree_check_space(tree, 0, 1);
	if (status != STMBOOT_OK)
		return status;
	status = make(tree, spot, types[type] | FILE_MODE, gift, &number);
	if (status == STMBOOT_OK && type <= STMBOOT_FS_BLOCK_DEVICE)
		status = sb_tree_read_raw(tree, number);
	if (status == STMBOOT_OK && type <= STMBOOT_FS_BLOCK_DEVICE) {
		put_device(tree->raw->i_block, major, minor);
		status = sb_tree_write_raw(tree, number);
	}
	if (out != NULL)
		*out = number;
	return sb_tree_settle(tree, status);
}

enum stmboot_status sb_tree_link(struct sb_tree *tree, const struct sb_spot *file,
				 const struct sb_spot *spot)
{
	const struct sb_ext4_inode *inode = &file->inode;
	enum stmboot_status status = check_place(tree, spot);

	if (status == STMBOOT_OK && sb_ext4_mode_type(inode->mode) == STMBOOT_FS_DIRECTORY)
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT,
				      "a symbolic link can: --symbolic",
				      "cannot be another name of a directory");
	sb_tree_subject(tree, "%s", file->path);
	if (status == STMBOOT_OK)
		status = sb_tree_check_inode(tree, inode);
	if (status == STMBOOT_OK)
		status = sb_tree_check_links(tree, inode);
	sb_tree_subject(tree, "%s", spot->path);
	if (status != STMBOOT_OK)
		return status;
	if (sb_tree_touch(tree, inode, SB_MAY_LINKS | SB_MAY_TIMES) == NULL)
		return sb_tree_settle(tree, STMBOOT_NO_MEMORY);
	status = sb_tree_read_raw(tree, inode->number);
	if (status == STMBOOT_OK) {
		tree->raw->i_links_count++;
		sb_tree_stamp(tree, SB_EXT4_CHANGED, sb_tree_now(tree));
		status = sb_tree_write_raw(tree, inode->number);
	}
	if (status == STMBOOT_OK)
		status = sb_tree_add_name(tree, spot->directory, spot->name, inode->number,
					  inode->mode);
	return sb_tree_settle(tree, status);
}
