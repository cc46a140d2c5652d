/* SPDX-License-Identifier: MIT */
/* Mode, owner, times and extended attributes of inodes in a tree that is changed. */
#include <lzma.h>
#include <string.h>

#include "base/context.h"
#include "base/cursor.h"
#include "fs/ext4_tree_parts.h"

enum {
	XATTR_MAGIC_BYTES = 4,
	XATTR_BLOCK_HEADER_BYTES = 32,
	XATTR_ENTRY_BYTES = 16,
	XATTR_VALUE_INODE = 4, /* offset in an entry */
	I_EXTRA_ISIZE = 0x80,
	MAX_NAME_BYTES = 255, /* behind the dot */
};

static const uint32_t XATTR_MAGIC = 0xea020000;

enum stmboot_status sb_tree_give(struct sb_tree *tree, uint32_t number,
				 const struct sb_tree_gift *gift)
{
	size_t bytes = tree->fs->info->inode_bytes;
	enum stmboot_status status = tree->broken;
	struct sb_ext4_inode inode;
	uint8_t *before;
	unsigned may;

	if (status == STMBOOT_OK)
		status = sb_tree_inode(tree, number, &inode);
	if (status == STMBOOT_OK)
		status = sb_tree_check_inode(tree, &inode);
	if (status == STMBOOT_OK)
		status = sb_tree_read_raw(tree, number);
	if (status != STMBOOT_OK)
		return status;
	before = sb_alloc(tree->ctx, bytes);
	if (before == NULL)
		return STMBOOT_NO_MEMORY;
	memcpy(before, tree->raw, bytes);
	may = sb_tree_put_gift(tree, gift);
	if (memcmp(before, tree->raw, bytes) != 0) {
		sb_tree_stamp(tree, SB_EXT4_CHANGED, sb_tree_now(tree));
		status = sb_tree_touch(tree, &inode, may | SB_MAY_TIMES) != NULL
				 ? sb_tree_write_raw(tree, number)
				 : STMBOOT_NO_MEMORY;
	}
	sb_free(tree->ctx, before);
	return sb_tree_settle(tree, status);
}

enum stmboot_status sb_tree_gift_of(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
				    struct sb_tree_gift *out)
{
	size_t bytes = fs->info->inode_bytes;
	uint8_t *raw = sb_alloc(fs->ctx, bytes);
	enum stmboot_status status = STMBOOT_NO_MEMORY;

	if (raw != NULL)
		status = sb_fs_read(fs, inode->offset, raw, bytes);
	if (status == STMBOOT_OK)
		*out = (struct sb_tree_gift){
			.set = SB_TREE_MODE | SB_TREE_OWNER | SB_TREE_TIMES,
			.mode = inode->mode & 07777,
			.uid = inode->uid,
			.gid = inode->gid,
			.accessed = sb_ext4_get_time(raw, bytes, SB_EXT4_ACCESSED),
			.modified = sb_ext4_get_time(raw, bytes, SB_EXT4_MODIFIED),
		};
	sb_free(fs->ctx, raw);
	return status;
}

/* Does an entry in a list of attributes lead to an inode with its value? */
static bool leads_to_inode(const uint8_t *list, size_t size)
{
	for (size_t at = 0; size - at >= XATTR_ENTRY_BYTES && sb_get_le32(list + at) != 0;) {
		size_t length = XATTR_ENTRY_BYTES + ((list[at] + 3U) & ~3U);

		if (sb_get_le32(list + at + XATTR_VALUE_INODE) != 0)
			return true;
		if (length > size - at)
			break;
		at += length;
	}
	return false;
}

static bool inode_leads_to_inode(const struct sb_tree *tree)
{
	const uint8_t *raw = (const uint8_t *)tree->raw;
	size_t size = tree->fs->info->inode_bytes;
	size_t at = EXT4_FIRST_INODE_BYTES;

	if (size <= at)
		return false;
	at += sb_get_le16(raw + I_EXTRA_ISIZE);
	if (at > size || size - at < XATTR_MAGIC_BYTES || sb_get_le32(raw + at) != XATTR_MAGIC)
		return false;
	at += XATTR_MAGIC_BYTES;
	return leads_to_inode(raw + at, size - at);
}

enum stmboot_status sb_tree_check_attributes(struct sb_tree *tree, uint32_t inode)
{
	size_t bytes = (size_t)tree->fs->info->block_bytes;
	bool found = false;
	uint64_t block;
	enum stmboot_status status;

	if ((tree->fs->info->incompat & INCOMPAT_EA_INODE) == 0)
		return STMBOOT_OK;
	status = sb_tree_read_raw(tree, inode);
	if (status != STMBOOT_OK)
		return status;
	found = inode_leads_to_inode(tree);
	block = sb_ext4_attribute_block((const uint8_t *)tree->raw);
	if (!found && block != 0) {
		status = sb_fs_read(tree->fs, block * bytes, tree->block, bytes);
		found = status == STMBOOT_OK &&
			leads_to_inode(tree->block + XATTR_BLOCK_HEADER_BYTES,
				       bytes - XATTR_BLOCK_HEADER_BYTES);
	}
	if (found)
		return sb_tree_refuse(tree, STMBOOT_UNSUPPORTED,
				      "take the large extended attribute away first",
				      "has an extended attribute in an inode of its own");
	return sb_tree_trouble(tree, status);
}

/* The attributes of an inode, as they are stored. */
static errcode_t open_attributes(ext2_filsys ext2, uint32_t inode, unsigned flags,
				 struct ext2_xattr_handle **out)
{
	struct ext2_xattr_handle *handle;
	unsigned none = 0;
	errcode_t error = ext2fs_xattrs_open(ext2, inode, &handle);

	if (error != 0)
		return error;
	error = ext2fs_xattrs_flags(handle, &flags, &none);
	if (error == 0)
		error = ext2fs_xattrs_read(handle);
	if (error == 0)
		*out = handle;
	else
		(void)ext2fs_xattrs_close(&handle);
	return error;
}

static int sum_attribute(char *name, char *value, size_t size, void *user)
{
	uint64_t *sum = user;
	uint64_t crc = lzma_crc64((const uint8_t *)name, strlen(name) + 1, 0);

	*sum += lzma_crc64((const uint8_t *)value, size, crc);
	return 0;
}

errcode_t sb_tree_sum_attributes(ext2_filsys ext2, uint32_t inode, uint64_t *sum)
{
	struct ext2_xattr_handle *handle;
	errcode_t error = open_attributes(ext2, inode, XATTR_HANDLE_FLAG_RAW, &handle);

	*sum = 0;
	if (error != 0)
		return error;
	error = ext2fs_xattrs_iterate(handle, sum_attribute, sum);
	(void)ext2fs_xattrs_close(&handle);
	return error;
}

/* An edit of the extended attributes of one inode. */
struct attributes {
	struct sb_tree *tree;
	struct sb_ext4_inode inode;
	uint64_t sum; /* before */
	uint32_t free_inodes;
	struct ext2_xattr_handle *handle;
	errcode_t error;
};

static enum stmboot_status refuse_attribute(struct sb_tree *tree, errcode_t error)
{
	if (error == EXT2_ET_MISSING_EA_FEATURE)
		return sb_tree_refuse(tree, STMBOOT_UNSUPPORTED,
				      "make the file system with -O ext_attr",
				      "is on a file system without extended attributes");
	if (error == EXT2_ET_EA_NO_SPACE)
		return sb_tree_refuse(tree, STMBOOT_LIMIT, NULL,
				      "has no room for all extended attributes");
	return sb_tree_status(tree, error);
}

/* May they be changed, and what are they now? Then `handle` is to be closed. */
static enum stmboot_status begin(struct attributes *edit, struct sb_tree *tree, uint32_t number,
				 unsigned flags)
{
	errcode_t error;
	enum stmboot_status status = tree->broken;

	*edit = (struct attributes){ .tree = tree };
	if (status == STMBOOT_OK)
		status = sb_tree_inode(tree, number, &edit->inode);
	if (status == STMBOOT_OK)
		status = sb_tree_check_inode(tree, &edit->inode);
	if (status == STMBOOT_OK)
		status = sb_tree_check_attributes(tree, number);
	if (status != STMBOOT_OK)
		return status;
	edit->free_inodes = tree->ext2->super->s_free_inodes_count;
	error = sb_tree_sum_attributes(tree->ext2, number, &edit->sum);
	if (error == 0)
		error = open_attributes(tree->ext2, number, flags, &edit->handle);
	return error == 0 ? STMBOOT_OK : refuse_attribute(tree, error);
}

/* What is expected from now on; libext2fs may have given a value an inode of its own. */
static enum stmboot_status conclude(struct attributes *edit)
{
	struct sb_tree *tree = edit->tree;
	uint64_t sum;
	struct sb_tree_node *node;
	enum stmboot_status status;

	(void)ext2fs_xattrs_close(&edit->handle);
	if (edit->error != 0)
		return refuse_attribute(tree, edit->error);
	if (tree->ext2->super->s_free_inodes_count != edit->free_inodes)
		return refuse_attribute(tree, EXT2_ET_EA_NO_SPACE);
	status = sb_tree_status(tree, sb_tree_sum_attributes(tree->ext2, edit->inode.number, &sum));
	if (status != STMBOOT_OK || sum == edit->sum)
		return status;
	node = sb_tree_touch(tree, &edit->inode, SB_MAY_ATTRIBUTES | SB_MAY_TIMES);
	if (node == NULL)
		return STMBOOT_NO_MEMORY;
	node->has_attributes = true;
	node->attributes_sum = sum;
	status = sb_tree_read_raw(tree, edit->inode.number);
	if (status != STMBOOT_OK)
		return status;
	sb_tree_stamp(tree, SB_EXT4_CHANGED, sb_tree_now(tree));
	return sb_tree_write_raw(tree, edit->inode.number);
}

bool sb_tree_keeps_attribute(const char *name)
{
	static const char *const spaces[] = { "user.", "trusted.", "security." };

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		size_t length = strlen(spaces[i]);

		if (strncmp(name, spaces[i], length) == 0)
			return name[length] != '\0' && strlen(name) - length <= MAX_NAME_BYTES;
	}
	return strcmp(name, "system.posix_acl_access") == 0 ||
	       strcmp(name, "system.posix_acl_default") == 0;
}

enum stmboot_status sb_tree_set_attribute(struct sb_tree *tree, uint32_t inode, const char *name,
					  const void *value, size_t size)
{
	struct attributes edit;
	enum stmboot_status status;

	if (!sb_tree_keeps_attribute(name))
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL,
				      "cannot have the extended attribute %s on ext4", name);
	status = begin(&edit, tree, inode, 0);
	if (status != STMBOOT_OK)
		return status;
	edit.error = value != NULL ? ext2fs_xattr_set(edit.handle, name, value, size)
				   : ext2fs_xattr_remove(edit.handle, name);
	return sb_tree_settle(tree, conclude(&edit));
}

/* The rest of inline data belongs to its inode alone. */
static int copy_attribute(char *name, char *value, size_t size, void *user)
{
	struct attributes *edit = user;

	if (strcmp(name, "system.data") != 0)
		edit->error = ext2fs_xattr_set(edit->handle, name, value, size);
	return edit->error != 0 ? XATTR_ABORT : 0;
}

static enum stmboot_status refuse_source(struct sb_tree *tree, ext2_filsys source, errcode_t error)
{
	enum stmboot_status status = sb_ext2_status_of(source, error);

	if (status != STMBOOT_CORRUPT)
		return status;
	return sb_tree_refuse(tree, status, "copy it without them: not with --preserve",
			      "is to have extended attributes that cannot be read");
}

enum stmboot_status sb_tree_copy_attributes(struct sb_tree *tree, struct stmboot_fs *from,
					    uint32_t from_inode, uint32_t inode)
{
	ext2_filsys source = from == tree->fs ? tree->ext2 : sb_ext2_of(from);
	struct ext2_xattr_handle *handle;
	struct attributes edit;
	size_t count = 0;
	errcode_t error = open_attributes(source, from_inode, XATTR_HANDLE_FLAG_RAW, &handle);
	enum stmboot_status status = STMBOOT_OK;

	if (error == EXT2_ET_MISSING_EA_FEATURE)
		return STMBOOT_OK;
	if (error != 0)
		return refuse_source(tree, source, error);
	error = ext2fs_xattrs_count(handle, &count);
	if (error == 0 && count != 0)
		status = begin(&edit, tree, inode, XATTR_HANDLE_FLAG_RAW);
	if (error == 0 && count != 0 && status == STMBOOT_OK) {
		(void)ext2fs_xattrs_iterate(handle, copy_attribute, &edit);
		status = sb_tree_settle(tree, conclude(&edit));
	}
	(void)ext2fs_xattrs_close(&handle);
	return status;
}
