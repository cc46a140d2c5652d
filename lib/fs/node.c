/* SPDX-License-Identifier: MIT */
/* What is told of an inode. */
#include "fs/ext4.h"

#include "base/context.h"
#include "base/cursor.h"

static uint32_t public_flags(uint32_t flags)
{
	static const struct {
		uint32_t from;
		uint32_t to;
	} map[] = {
		{ EXT4_FLAG_IMMUTABLE, STMBOOT_FS_IMMUTABLE },
		{ EXT4_FLAG_APPEND, STMBOOT_FS_APPEND_ONLY },
		{ EXT4_FLAG_ENCRYPT, STMBOOT_FS_ENCRYPTED },
		{ EXT4_FLAG_VERITY, STMBOOT_FS_VERITY },
		{ EXT4_FLAG_CASEFOLD, STMBOOT_FS_CASEFOLD },
		{ EXT4_FLAG_INLINE_DATA, STMBOOT_FS_INLINE_DATA },
		{ EXT4_FLAG_EXTENTS, STMBOOT_FS_EXTENTS },
	};
	uint32_t result = 0;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (flags & map[i].from)
			result |= map[i].to;
	return result;
}

/* The old form of a device number has 8 bits for each part, the new one 12 and 20. */
void sb_ext4_device(const struct sb_ext4_inode *inode, uint32_t *major, uint32_t *minor)
{
	enum stmboot_fs_type type = sb_ext4_mode_type(inode->mode);
	uint32_t old = sb_get_le32(inode->block);
	uint32_t new = sb_get_le32(inode->block + 4);

	*major = *minor = 0;
	if (type != STMBOOT_FS_CHAR_DEVICE && type != STMBOOT_FS_BLOCK_DEVICE)
		return;
	*major = old != 0 ? old >> 8 & 0xff : new >> 8 & 0xfff;
	*minor = old != 0 ? old & 0xff : (new & 0xff) | (new >> 12 & 0xfff00);
}

void sb_fs_node(const struct sb_ext4_inode *inode, enum stmboot_fs_type type,
		struct stmboot_fs_node *node)
{
	*node = (struct stmboot_fs_node){
		.inode = inode->number,
		.type = type,
		.mode = inode->mode & 07777,
		.uid = inode->uid,
		.gid = inode->gid,
		.links = inode->links,
		.size = inode->size,
		.mtime = inode->modified.seconds,
		.flags = public_flags(inode->flags),
	};
	sb_ext4_device(inode, &node->device_major, &node->device_minor);
}

static enum stmboot_status read_target(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
				       struct stmboot_fs_inode *record)
{
	char *target;
	enum stmboot_status status = sb_ext4_link_target(fs, inode, &target);

	if (status != STMBOOT_OK)
		return status;
	record->target = sb_arena_strdup(sb_object_arena(record), target);
	sb_free(fs->ctx, target);
	return record->target != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

enum stmboot_status sb_fs_inode_new(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
				    enum stmboot_fs_type type, const struct stmboot_fs_inode **out)
{
	struct stmboot_fs_inode *record = sb_object_new(fs->ctx, sizeof(*record));
	enum stmboot_status status = STMBOOT_OK;

	if (record == NULL)
		return STMBOOT_NO_MEMORY;
	sb_fs_node(inode, type, &record->node);
	record->blocks = sb_ext4_sectors(fs->info, inode);
	record->accessed = inode->accessed;
	record->changed = inode->changed;
	record->modified = inode->modified;
	record->created = inode->created;
	record->has_created = inode->has_created;
	if (type == STMBOOT_FS_SYMLINK)
		status = read_target(fs, inode, record);
	if (status == STMBOOT_OK)
		*out = record;
	else
		stmboot_fs_inode_free(record);
	return status;
}

enum stmboot_status stmboot_fs_inspect(struct stmboot_fs *fs, const char *path, bool follow,
				       const struct stmboot_fs_inode **out)
{
	struct sb_walk found;
	enum stmboot_status status = sb_fs_find(fs, path, follow, &found);

	return status == STMBOOT_OK ? sb_fs_inode_new(fs, &found.inode, found.type, out) : status;
}

void stmboot_fs_inode_free(const struct stmboot_fs_inode *inode)
{
	sb_object_free(inode);
}

const char *stmboot_fs_type_text(enum stmboot_fs_type type)
{
	static const char *const texts[] = {
		[STMBOOT_FS_UNKNOWN] = "thing of an unknown type",
		[STMBOOT_FS_FILE] = "regular file",
		[STMBOOT_FS_DIRECTORY] = "directory",
		[STMBOOT_FS_SYMLINK] = "symbolic link",
		[STMBOOT_FS_CHAR_DEVICE] = "character device",
		[STMBOOT_FS_BLOCK_DEVICE] = "block device",
		[STMBOOT_FS_FIFO] = "pipe",
		[STMBOOT_FS_SOCKET] = "socket",
	};

	return (size_t)type < sizeof(texts) / sizeof(texts[0]) ? texts[type]
							       : texts[STMBOOT_FS_UNKNOWN];
}

const char *stmboot_fs_type_name(enum stmboot_fs_type type)
{
	static const char *const names[] = {
		[STMBOOT_FS_UNKNOWN] = "unknown",
		[STMBOOT_FS_FILE] = "file",
		[STMBOOT_FS_DIRECTORY] = "directory",
		[STMBOOT_FS_SYMLINK] = "symlink",
		[STMBOOT_FS_CHAR_DEVICE] = "char-device",
		[STMBOOT_FS_BLOCK_DEVICE] = "block-device",
		[STMBOOT_FS_FIFO] = "fifo",
		[STMBOOT_FS_SOCKET] = "socket",
	};

	return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type]
							       : names[STMBOOT_FS_UNKNOWN];
}
