/* SPDX-License-Identifier: MIT */
/* The file to be changed: may it be, and do its blocks belong to it? */
#include <stdio.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/refusal.h"
#include "fs/ext4_groups.h"
#include "fs/ext4_preflight.h"
#include "fs/ext4_session.h"

/* Flags of an inode that forbid an edit. */
static const struct {
	uint32_t flag;
	const char *reason;
	const char *remedy;
} forbidden[] = {
	{ EXT4_FLAG_IMMUTABLE, "is marked as immutable", "allow it with chattr -i" },
	{ EXT4_FLAG_APPEND, "may only grow", "allow it with chattr -a" },
	{ EXT4_FLAG_ENCRYPT, "is encrypted", "edit it where its key is" },
	{ EXT4_FLAG_VERITY, "is protected by fs-verity",
	  "write it again as a new file on the running system" },
	{ EXT4_FLAG_INLINE_DATA, "has its content in the inode (the feature inline_data)",
	  "make the file system with -O ^inline_data: U-Boot does not read it either" },
	{ EXT4_FLAG_EA_INODE, "holds an extended attribute of another", NULL },
	{ EXT4_FLAG_CASEFOLD, "is searched without regard to case",
	  "edit it on the running system" },
};

enum stmboot_status sb_ext4_check_flags(uint32_t flags, const char *subject,
					struct stmboot_refusal *refusal)
{
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (flags & forbidden[i].flag)
			return sb_refuse(refusal, STMBOOT_UNSUPPORTED, forbidden[i].remedy, "%s %s",
					 subject, forbidden[i].reason);
	return STMBOOT_OK;
}

/* One bit of a bitmap; false also for a group that has none. */
static enum stmboot_status bitmap_bit(struct sb_session *session, struct stmboot_fs *fs,
				      uint32_t group, enum sb_bitmap kind, uint32_t bit, bool *set)
{
	enum stmboot_status status = STMBOOT_OK;
	uint8_t *bitmap;

	*set = false;
	if (sb_bitmap_unwritten(fs, group, kind))
		return STMBOOT_OK;
	bitmap = sb_alloc(fs->ctx, (size_t)fs->info->block_bytes);
	if (bitmap == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_bitmap_read(fs, group, kind, bitmap);
	if (status == STMBOOT_OK)
		*set = sb_bit(bitmap, bit);
	else
		status = sb_refuse_trouble(fs, status, session->refusal);
	sb_free(fs->ctx, bitmap);
	return status;
}

static enum stmboot_status check_inode(struct sb_session *session, struct stmboot_fs *fs,
				       const struct sb_ext4_inode *inode)
{
	uint32_t index = inode->number - 1;
	char subject[192];
	bool used;
	enum stmboot_status status;

	if (inode->number < EXT2_FIRST_INODE(sb_ext2_of(fs)->super) ||
	    inode->number == sb_ext2_of(fs)->super->s_orphan_file_inum)
		return sb_refuse_damage(session->refusal, inode->offset,
					"a path that leads to an inode of the file system itself");
	(void)snprintf(subject, sizeof(subject), "'%s'", session->path);
	status = sb_ext4_check_flags(inode->flags, subject, session->refusal);
	if (status != STMBOOT_OK)
		return status;
	status = bitmap_bit(session, fs, index / fs->info->inodes_per_group, SB_BITMAP_INODES,
			    index % fs->info->inodes_per_group, &used);
	if (status == STMBOOT_OK && !used)
		return sb_refuse_damage(session->refusal, inode->offset,
					"a path that leads to an inode marked as free");
	return status;
}

enum stmboot_status sb_session_target(struct sb_session *session, struct stmboot_fs *fs,
				      struct sb_walk *target)
{
	enum stmboot_status status = fs->ops->walk(fs, session->path, true, target);

	if (status == STMBOOT_NOT_FOUND)
		return sb_refuse(session->refusal, status, NULL, "no such file");
	if (status != STMBOOT_OK)
		return sb_refuse_trouble(fs, status, session->refusal);
	if (target->type != STMBOOT_FS_FILE)
		return sb_refuse(session->refusal, STMBOOT_INVALID_ARGUMENT, NULL,
				 "not a regular file");
	return check_inode(session, fs, &target->inode);
}

/* The part of a run in one group. */
static enum stmboot_status check_used(struct sb_session *session, struct stmboot_fs *fs,
				      uint32_t group, uint64_t first, uint64_t count)
{
	uint32_t bit = (uint32_t)(first - sb_group_first_block(fs, group));
	uint8_t *bitmap;
	enum stmboot_status status;

	if (sb_bitmap_unwritten(fs, group, SB_BITMAP_BLOCKS))
		return sb_refuse_damage(session->refusal, first * fs->info->block_bytes,
					"a file in a group marked as unused");
	bitmap = sb_alloc(fs->ctx, (size_t)fs->info->block_bytes);
	if (bitmap == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_bitmap_read(fs, group, SB_BITMAP_BLOCKS, bitmap);
	if (status != STMBOOT_OK)
		status = sb_refuse_trouble(fs, status, session->refusal);
	for (uint64_t i = 0; status == STMBOOT_OK && i < count; i++, bit++)
		if (!sb_bit(bitmap, bit))
			status = sb_refuse_damage(session->refusal,
						  (first + i) * fs->info->block_bytes,
						  "a block of a file that is marked as free");
	sb_free(fs->ctx, bitmap);
	return status;
}

enum stmboot_status sb_session_check_run(struct sb_session *session, struct stmboot_fs *fs,
					 uint64_t first, uint64_t count)
{
	enum stmboot_status status = STMBOOT_OK;

	if (sb_blocks_reserved(fs, first, count))
		return sb_refuse_damage(session->refusal, first * fs->info->block_bytes,
					"a file in a block of the file system itself");
	while (status == STMBOOT_OK && count > 0) {
		uint32_t group = sb_group_of_block(fs, first);
		uint64_t end = sb_group_first_block(fs, group) + sb_group_blocks(fs, group);
		uint64_t part = sb_min_u64(count, end - first);

		status = check_used(session, fs, group, first, part);
		first += part;
		count -= part;
	}
	return status;
}
