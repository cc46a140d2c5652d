/* SPDX-License-Identifier: MIT */
/*
 * ext4 as U-Boot reads it (fs/ext4 of 2023.01 and its neighbours), with what it
 * leaves out. Where this file looks careless, U-Boot is.
 */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "fs/ext4.h"

enum {
	ENTRY_BYTES = 8, /* of a directory entry before its name */
	ENTRY_COST = 64, /* taken from the budget, as entries can be one byte apart */
	MAX_LINKS = 7,   /* followed in one lookup */
	WIDE_DESCRIPTOR_BYTES = 64,
	BG_INODE_TABLE_LO = 0x08,
	BG_INODE_TABLE_HI = 0x28,
};

/* One entry of a directory, as far as U-Boot looks at it. */
struct entry {
	uint32_t inode;
	uint16_t length;
	uint8_t type;
	char name[STMBOOT_FS_NAME_BYTES];
};

/* A directory and the place in it. */
struct scan {
	struct sb_ext4_content content;
	uint64_t position;
};

/*
 * The block of a group's inode table. The descriptors are taken for one table
 * behind block first_data_block, also with meta_bg, and with bigalloc on
 * blocks of 1 KiB, where that is the superblock's own block.
 */
static enum stmboot_status inode_table(struct stmboot_fs *fs, uint32_t group, uint64_t *block)
{
	const struct stmboot_ext4_info *info = fs->info;
	uint32_t size = info->descriptor_bytes;
	uint8_t raw[WIDE_DESCRIPTOR_BYTES] = { 0 };
	uint64_t in_block, offset;
	enum stmboot_status status;

	if (size == 0 || size > info->block_bytes)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, EXT4_SUPERBLOCK_OFFSET,
				  "a descriptor size out of range");
	in_block = info->block_bytes / size;
	offset = ((uint64_t)info->first_data_block + 1 + group / in_block) * info->block_bytes +
		 group % in_block * size;
	status = sb_fs_read(fs, offset, raw, (size_t)sb_min_u64(size, sizeof(raw)));
	*block = sb_get_le32(raw + BG_INODE_TABLE_LO);
	if (size == WIDE_DESCRIPTOR_BYTES)
		*block |= (uint64_t)sb_get_le32(raw + BG_INODE_TABLE_HI) << 32;
	return status;
}

static enum stmboot_status uboot_inode(struct stmboot_fs *fs, uint32_t number,
				       struct sb_ext4_inode *out)
{
	const struct stmboot_ext4_info *info = fs->info;
	uint32_t index = number - 1;
	uint64_t in_block, block, offset;
	uint64_t table = 0;
	uint8_t raw[EXT4_FIRST_INODE_BYTES];
	enum stmboot_status status;

	if (info->inode_bytes == 0 || info->inode_bytes > info->block_bytes ||
	    info->inodes_per_group == 0)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, EXT4_SUPERBLOCK_OFFSET,
				  "an inode size out of range");
	if (number == 0)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, SB_NOWHERE,
				  "a removed name, which U-Boot still finds");
	in_block = info->block_bytes / info->inode_bytes;
	status = inode_table(fs, index / info->inodes_per_group, &table);
	if (status != STMBOOT_OK)
		return status;
	/* U-Boot has this number in a long, which an STM32MP1 cuts to 32 bits. */
	block = (uint32_t)(table + index % info->inodes_per_group / in_block);
	if (block > INT32_MAX)
		return sb_fs_fail(fs, STMBOOT_TRUNCATED, SB_NOWHERE, "an inode table out of range");
	offset = block * info->block_bytes + index % in_block * info->inode_bytes;
	status = sb_fs_read(fs, offset, raw, sizeof(raw));
	if (status != STMBOOT_OK)
		return status;
	sb_ext4_inode_decode(raw, sizeof(raw), out);
	out->number = number;
	out->offset = offset;
	out->size &= UINT32_MAX;
	return STMBOOT_OK;
}

/* The place on the medium that a scan has reached, for a message. */
static uint64_t scan_place(struct scan *scan)
{
	const struct sb_ext4_content *content = &scan->content;
	uint64_t size = content->fs->info->block_bytes;

	if (content->run.count == 0 || content->run.zeros)
		return content->inode.offset;
	return content->run.physical * size + (scan->position - content->first * size);
}

/*
 * The next entry that has a name. An entry with inode 0 is one: U-Boot skips
 * only those whose name has no length. STMBOOT_NOT_FOUND at the end.
 */
static enum stmboot_status scan_next(struct scan *scan, struct entry *entry)
{
	struct stmboot_fs *fs = scan->content.fs;
	uint64_t size = scan->content.inode.size;

	while (size > ENTRY_BYTES && scan->position < size - ENTRY_BYTES) {
		uint64_t at = scan->position;
		uint8_t raw[ENTRY_BYTES];
		const uint64_t mapped = fs->mapped;
		enum stmboot_status status = sb_fs_spend(fs, ENTRY_COST);
		size_t length;

		if (status == STMBOOT_OK)
			status = sb_ext4_content_read(&scan->content, at, raw, sizeof(raw));
		if (status == STMBOOT_OK) /* each entry may stand in a run of its own */
			status = sb_fs_spend(fs, fs->mapped - mapped);
		if (status != STMBOOT_OK)
			return status;
		entry->inode = sb_get_le32(raw);
		entry->length = sb_get_le16(raw + 4);
		entry->type = raw[7];
		if (entry->length == 0)
			return sb_fs_fail(fs, STMBOOT_CORRUPT, scan_place(scan),
					  "a directory entry without a length");
		scan->position += entry->length;
		length = (size_t)sb_min_u64(raw[6], size - at - ENTRY_BYTES);
		if (length == 0)
			continue;
		memset(entry->name, 0, sizeof(entry->name));
		return sb_ext4_content_read(&scan->content, at + ENTRY_BYTES, entry->name, length);
	}
	return STMBOOT_NOT_FOUND;
}

/*
 * U-Boot asks the entry first; only an entry without a type makes it ask the
 * inode. It does so before it compares names: where one has no inode, what
 * stands behind it is lost.
 */
static enum stmboot_status entry_type(struct stmboot_fs *fs, const struct entry *entry,
				      enum stmboot_fs_type *type)
{
	struct sb_ext4_inode inode;
	enum stmboot_status status;

	*type = sb_ext4_entry_type(entry->type);
	if (entry->type != 0)
		return STMBOOT_OK;
	status = uboot_inode(fs, entry->inode, &inode);
	if (status == STMBOOT_OK)
		*type = sb_ext4_mode_type(inode.mode);
	return status;
}

static enum stmboot_status lookup(struct stmboot_fs *fs, const struct sb_ext4_inode *directory,
				  const char *name, struct entry *entry, enum stmboot_fs_type *type)
{
	struct scan scan = { .content = { .fs = fs, .inode = *directory } };
	enum stmboot_status status;

	do {
		status = scan_next(&scan, entry);
		if (status == STMBOOT_OK)
			status = entry_type(fs, entry, type);
	} while (status == STMBOOT_OK && strcmp(entry->name, name) != 0);
	return status;
}

/* A lookup in progress; `directory` is where it stands. */
struct find {
	struct stmboot_fs *fs;
	struct sb_walk *walk;
	bool follow; /* a link at the end of the whole path */
};

static enum stmboot_status find_path(const struct find *find, const char *path, bool last);

static enum stmboot_status follow_link(const struct find *find,
				       const struct sb_ext4_inode *directory, size_t length,
				       bool last)
{
	char *target;
	enum stmboot_status status = sb_walk_link(find->fs, find->walk, directory, length, &target);

	if (status != STMBOOT_OK)
		return status;
	status = find_path(find, target, last);
	sb_free(find->fs->ctx, target);
	return status;
}

/*
 * One name below walk->inode. The inode of an entry is read even when U-Boot
 * would do so only later: it cannot use it without.
 */
static enum stmboot_status find_name(const struct find *find, const char *name, bool last)
{
	struct stmboot_fs *fs = find->fs;
	struct sb_walk *walk = find->walk;
	struct sb_ext4_inode directory = walk->inode;
	size_t length = walk->length;
	struct entry entry;
	enum stmboot_status status = lookup(fs, &directory, name, &entry, &walk->type);

	if (status == STMBOOT_OK)
		status = sb_walk_push(fs, walk, name);
	if (status == STMBOOT_OK)
		status = uboot_inode(fs, entry.inode, &walk->inode);
	if (status != STMBOOT_OK || walk->type != STMBOOT_FS_SYMLINK || (last && !find->follow))
		return status;
	return follow_link(find, &directory, length, last);
}

/*
 * Every name of a path in turn, below walk->inode. A path without a name (the
 * link target "/") leaves walk->type as it was: the caller sees a symbolic
 * link there, which is neither a directory nor a file. A slash at the end
 * asks nothing of what stands before it.
 */
static enum stmboot_status find_path(const struct find *find, const char *path, bool last)
{
	enum stmboot_fs_type type = STMBOOT_FS_DIRECTORY;
	char name[STMBOOT_FS_NAME_BYTES];
	enum stmboot_status status = STMBOOT_OK;

	path += strspn(path, "/");
	while (status == STMBOOT_OK && *path != '\0') {
		size_t length = strcspn(path, "/");

		if (type != STMBOOT_FS_DIRECTORY || length >= sizeof(name))
			return STMBOOT_NOT_FOUND;
		memcpy(name, path, length);
		name[length] = '\0';
		path += length;
		path += strspn(path, "/");
		status = find_name(find, name, last && *path == '\0');
		type = find->walk->type;
	}
	return status;
}

static enum stmboot_status uboot_walk(struct stmboot_fs *fs, const char *path, bool follow,
				      struct sb_walk *walk)
{
	struct find find = { .fs = fs, .walk = walk, .follow = follow };
	enum stmboot_status status;

	walk->type = STMBOOT_FS_DIRECTORY;
	walk->links = 0;
	walk->length = 0;
	walk->path[0] = '\0';
	status = uboot_inode(fs, EXT4_ROOT_INODE, &walk->inode);
	return status == STMBOOT_OK ? find_path(&find, path, true) : status;
}

static enum stmboot_status uboot_list(struct stmboot_fs *fs, const struct sb_ext4_inode *directory,
				      stmboot_fs_visit *visit, void *user)
{
	struct scan scan = { .content = { .fs = fs, .inode = *directory } };
	struct entry entry;
	bool more = true;
	enum stmboot_status status = STMBOOT_OK;

	while (more && (status = scan_next(&scan, &entry)) == STMBOOT_OK) {
		struct stmboot_fs_entry public = { .name = entry.name,
						   .inode = entry.inode,
						   .type = sb_ext4_entry_type(entry.type) };

		more = visit(user, &public);
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

static const struct sb_fs_ops uboot_ops = {
	.max_links = MAX_LINKS,
	.inode = uboot_inode,
	.walk = uboot_walk,
	.list = uboot_list,
};

enum stmboot_status stmboot_fs_open_uboot(struct stmboot_context *ctx, struct stmboot_source *src,
					  struct stmboot_fs **out)
{
	struct sb_ext4_inode root;
	struct stmboot_fs *fs;
	enum stmboot_status status = sb_fs_new(ctx, src, &uboot_ops, &fs);

	if (status != STMBOOT_OK)
		return status;
	if (fs->info->block_bytes == 0)
		status = STMBOOT_CORRUPT;
	else
		status = uboot_inode(fs, EXT4_ROOT_INODE, &root);
	if (status != STMBOOT_OK) {
		stmboot_fs_close(fs);
		return status;
	}
	*out = fs;
	return STMBOOT_OK;
}
