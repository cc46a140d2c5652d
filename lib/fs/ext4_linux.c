/* SPDX-License-Identifier: MIT */
/*
 * ext4 as Linux sees it. libext2fs opens the file system and verifies
 * checksums; block maps and directories are read by our own code, which has a
 * bound for every loop and reads long runs in one piece.
 */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "fs/ext4_attributes.h"
#include "fs/ext4_linux.h"

enum {
	MAX_LINKS = 40,
	MAX_DESCRIPTORS_BYTES = 16 << 20, /* of all groups: libext2fs holds them in memory */
};

/* Inline data goes on in the value of the attribute system.data. */
static void find_inline_rest(const uint8_t *raw, size_t size, struct sb_ext4_inode *inode)
{
	struct sb_ext4_attribute_list list;
	struct sb_ext4_attribute attribute;

	if (!sb_ext4_attributes_in_inode(raw, size, &list))
		return;
	while (sb_ext4_attribute_next(&list, &attribute) == STMBOOT_OK) {
		if (attribute.index != EXT4_XATTR_SYSTEM || attribute.name_bytes != 4 ||
		    memcmp(attribute.name, "data", 4) != 0 || attribute.value_inode != 0)
			continue;
		inode->inline_offset = inode->offset + attribute.value_at;
		inode->inline_bytes = attribute.value_bytes;
		return;
	}
}

/* Linux takes the upper half of the size for files, and for the directories of large_dir. */
static uint64_t size_of(const struct stmboot_fs *fs, const struct sb_ext4_inode *inode)
{
	if (sb_ext4_mode_type(inode->mode) == STMBOOT_FS_FILE ||
	    (fs->info->incompat & INCOMPAT_LARGE_DIR) != 0)
		return inode->size;
	return inode->size & UINT32_MAX;
}

static enum stmboot_status check_inode(struct stmboot_fs *fs, struct sb_ext4_inode *inode)
{
	struct sb_linux_reader *reader = fs->reader;

	inode->size = size_of(fs, inode);
	if (!ext2fs_inode_csum_verify(reader->ext2, inode->number, (void *)reader->inode))
		return sb_fs_fail(fs, STMBOOT_CORRUPT, inode->offset,
				  "an inode with a wrong checksum");
	if (inode->links == 0)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, inode->offset,
				  "an inode that is not in use");
	if (inode->size > INT64_MAX)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, inode->offset,
				  "an inode of an impossible size");
	return STMBOOT_OK;
}

static enum stmboot_status linux_inode(struct stmboot_fs *fs, uint32_t number,
				       struct sb_ext4_inode *out)
{
	const struct stmboot_ext4_info *info = fs->info;
	struct sb_linux_reader *reader = fs->reader;
	uint32_t index = number - 1;
	uint64_t table, offset;
	enum stmboot_status status;

	if (number == 0 || number > info->inodes_count)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, SB_NOWHERE, "an inode number out of range");
	table = ext2fs_inode_table_loc(reader->ext2, index / info->inodes_per_group);
	offset = table * info->block_bytes +
		 (uint64_t)(index % info->inodes_per_group) * info->inode_bytes;
	status = sb_fs_read(fs, offset, reader->inode, info->inode_bytes);
	if (status != STMBOOT_OK)
		return status;
	sb_ext4_inode_decode(reader->inode, info->inode_bytes, out);
	out->number = number;
	out->offset = offset;
	if (out->flags & EXT4_FLAG_INLINE_DATA)
		find_inline_rest(reader->inode, info->inode_bytes, out);
	return check_inode(fs, out);
}

/* crc32c over the seed of the file system, the inode's number and generation, and the block. */
bool sb_ext4_extents_fit(uint32_t seed, const struct sb_ext4_inode *inode, const uint8_t *block,
			 size_t covered)
{
	uint8_t own[8];
	uint32_t crc;

	for (unsigned i = 0; i < 4; i++) {
		own[i] = (uint8_t)(inode->number >> 8 * i);
		own[4 + i] = (uint8_t)(inode->generation >> 8 * i);
	}
	crc = ext2fs_crc32c_le(seed, own, sizeof(own));
	crc = ext2fs_crc32c_le(crc, block, covered);
	return crc == sb_get_le32(block + covered);
}

static bool linux_extents_fit(const struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
			      const uint8_t *block, size_t covered)
{
	const struct sb_linux_reader *reader = fs->reader;

	return !sb_linux_has_checksums(fs) ||
	       sb_ext4_extents_fit(reader->ext2->csum_seed, inode, block, covered);
}

struct find {
	struct stmboot_fs *fs;
	struct sb_walk *walk;
	bool follow; /* a link at the end of the whole path */
};

static enum stmboot_status find_path(const struct find *find, const char *path, bool last);

/* walk->inode is the link; what it leads to is looked up from `directory`. */
static enum stmboot_status follow_link(const struct find *find,
				       const struct sb_ext4_inode *directory, size_t length,
				       bool last)
{
	char *target;
	enum stmboot_status status = sb_walk_link(find->fs, find->walk, directory, length, &target);

	if (status != STMBOOT_OK)
		return status;
	status = target[0] != '\0' ? find_path(find, target, last) : STMBOOT_NOT_FOUND;
	sb_free(find->fs->ctx, target);
	return status;
}

static bool is_directory(const struct sb_walk *walk)
{
	return sb_ext4_mode_type(walk->inode.mode) == STMBOOT_FS_DIRECTORY;
}

/* One name below walk->inode, a directory. */
static enum stmboot_status find_name(const struct find *find, const char *name, bool last)
{
	struct stmboot_fs *fs = find->fs;
	struct sb_walk *walk = find->walk;
	struct sb_ext4_inode directory = walk->inode;
	size_t length = walk->length;
	uint32_t inode = 0;
	uint64_t place;
	enum stmboot_status status;

	if (strcmp(name, ".") == 0)
		return STMBOOT_OK;
	status = sb_linux_find(fs, &directory, name, &inode, &place);
	if (status == STMBOOT_OK)
		status = sb_fs_named_inode(fs, inode, &walk->inode);
	if (status == STMBOOT_OK)
		status = sb_walk_push(fs, walk, name);
	if (status != STMBOOT_OK || (last && !find->follow) ||
	    sb_ext4_mode_type(walk->inode.mode) != STMBOOT_FS_SYMLINK)
		return status;
	return follow_link(find, &directory, length, last);
}

/* Every name of a path in turn; what a slash follows must be a directory. */
static enum stmboot_status find_path(const struct find *find, const char *path, bool last)
{
	char name[STMBOOT_FS_NAME_BYTES];
	enum stmboot_status status = STMBOOT_OK;

	path += strspn(path, "/");
	while (status == STMBOOT_OK && *path != '\0') {
		size_t length = strcspn(path, "/");
		bool slash = path[length] == '/';

		if (!is_directory(find->walk) || length >= sizeof(name))
			return STMBOOT_NOT_FOUND;
		memcpy(name, path, length);
		name[length] = '\0';
		path += length;
		path += strspn(path, "/");
		status = find_name(find, name, last && !slash);
		if (status == STMBOOT_OK && slash && !is_directory(find->walk))
			return STMBOOT_NOT_FOUND;
	}
	return status;
}

static enum stmboot_status linux_walk(struct stmboot_fs *fs, const char *path, bool follow,
				      struct sb_walk *walk)
{
	struct find find = { .fs = fs, .walk = walk, .follow = follow };
	enum stmboot_status status;

	walk->links = 0;
	walk->length = 0;
	walk->path[0] = '\0';
	if (strlen(path) >= STMBOOT_FS_PATH_BYTES)
		return sb_fs_fail(fs, STMBOOT_LIMIT, SB_NOWHERE, "the path is too long");
	status = linux_inode(fs, EXT4_ROOT_INODE, &walk->inode);
	if (status == STMBOOT_OK)
		status = find_path(&find, path, true);
	walk->type = sb_ext4_mode_type(walk->inode.mode);
	return status;
}

static void linux_close(struct stmboot_fs *fs)
{
	struct sb_linux_reader *reader = fs->reader;

	if (reader != NULL && reader->ext2 != NULL)
		(void)ext2fs_close_free(&reader->ext2);
}

static const struct sb_fs_ops linux_ops = {
	.verifies = true,
	.max_links = MAX_LINKS,
	.inode = linux_inode,
	.walk = linux_walk,
	.list = sb_linux_list,
	.extents_fit = linux_extents_fit,
	.close = linux_close,
};

/* What Linux refuses to mount; libext2fs 1.47.0 does not look at all of it before it computes. */
static enum stmboot_status check_superblock(const struct stmboot_ext4_info *info)
{
	uint64_t field;

	if (sb_ext4_unknown_incompat(info) != 0)
		return STMBOOT_UNSUPPORTED;
	if (info->checksum == STMBOOT_EXT4_CHECKSUM_BAD ||
	    sb_ext4_geometry_defect(info, &field) != NULL)
		return STMBOOT_CORRUPT;
	if (sb_ext4_groups(info) > MAX_DESCRIPTORS_BYTES / info->descriptor_bytes)
		return STMBOOT_LIMIT;
	return STMBOOT_OK;
}

/* As Linux does when it mounts: every inode table lies inside, every checksum fits. */
static enum stmboot_status check_groups(const struct stmboot_fs *fs)
{
	const struct stmboot_ext4_info *info = fs->info;
	const struct sb_linux_reader *reader = fs->reader;
	uint64_t blocks = sb_round_up_u64((uint64_t)info->inodes_per_group * info->inode_bytes,
					  info->block_bytes) /
			  info->block_bytes;

	for (dgrp_t group = 0; group < reader->ext2->group_desc_count; group++) {
		uint64_t table = ext2fs_inode_table_loc(reader->ext2, group);

		if (table <= info->first_data_block ||
		    !sb_range_within(table, blocks, info->blocks_count) ||
		    !ext2fs_group_desc_csum_verify(reader->ext2, group))
			return STMBOOT_CORRUPT;
	}
	return STMBOOT_OK;
}

static enum stmboot_status linux_prepare(struct stmboot_fs *fs)
{
	struct sb_linux_reader *reader = sb_arena_alloc(&fs->arena, sizeof(*reader));
	enum stmboot_status status = check_superblock(fs->info);
	struct sb_ext4_inode root = { 0 };

	if (status != STMBOOT_OK)
		return status;
	if (reader == NULL)
		return STMBOOT_NO_MEMORY;
	fs->reader = reader;
	reader->io.src = fs->src;
	reader->inode = sb_arena_alloc(&fs->arena, fs->info->inode_bytes);
	if (reader->inode == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_ext2_open(&reader->io, &reader->ext2);
	if (status == STMBOOT_OK)
		status = check_groups(fs);
	if (status == STMBOOT_OK)
		status = linux_inode(fs, EXT4_ROOT_INODE, &root);
	if (status == STMBOOT_OK && sb_ext4_mode_type(root.mode) != STMBOOT_FS_DIRECTORY)
		status = STMBOOT_CORRUPT;
	return status;
}

enum stmboot_status stmboot_fs_open_linux(struct stmboot_context *ctx, struct stmboot_source *src,
					  struct stmboot_fs **out)
{
	struct stmboot_fs *fs;
	enum stmboot_status status = sb_fs_new(ctx, src, &linux_ops, &fs);

	if (status != STMBOOT_OK)
		return status;
	status = linux_prepare(fs);
	if (status != STMBOOT_OK) {
		stmboot_fs_close(fs);
		return status;
	}
	*out = fs;
	return STMBOOT_OK;
}
