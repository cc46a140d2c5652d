/* SPDX-License-Identifier: MIT */
/* The superblock of ext2, ext3 and ext4: its facts. ext4_check.c judges them. */
#include "fs/fs.h"

#include <stdio.h>
#include <string.h>

#include <ext2fs/ext2fs.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "fs/ext4.h"

enum {
	MAX_LOG_BLOCK_SIZE = 6,    /* 64 KiB */
	MAX_LOG_CLUSTER_SIZE = 20, /* 1 GiB */
};

static const char *const compat_names[32] = {
	[0] = "dir_prealloc",   [1] = "imagic_inodes", [2] = "has_journal",   [3] = "ext_attr",
	[4] = "resize_inode",   [5] = "dir_index",     [9] = "sparse_super2", [10] = "fast_commit",
	[11] = "stable_inodes", [12] = "orphan_file",
};

static const char *const incompat_names[32] = {
	[0] = "compression", [1] = "filetype",     [2] = "needs_recovery",
	[3] = "journal_dev", [4] = "meta_bg",      [6] = "extent",
	[7] = "64bit",       [8] = "mmp",          [9] = "flex_bg",
	[10] = "ea_inode",   [12] = "dirdata",     [13] = "metadata_csum_seed",
	[14] = "large_dir",  [15] = "inline_data", [16] = "encrypt",
	[17] = "casefold",
};

static const char *const ro_compat_names[32] = {
	[0] = "sparse_super",   [1] = "large_file",  [3] = "huge_file",       [4] = "uninit_bg",
	[5] = "dir_nlink",      [6] = "extra_isize", [8] = "quota",           [9] = "bigalloc",
	[10] = "metadata_csum", [11] = "replica",    [12] = "read-only",      [13] = "project",
	[14] = "shared_blocks", [15] = "verity",     [16] = "orphan_present",
};

const char *stmboot_ext4_feature_name(enum stmboot_ext4_feature_set set, unsigned bit)
{
	if (bit >= 32)
		return NULL;
	switch (set) {
	case STMBOOT_EXT4_COMPAT:
		return compat_names[bit];
	case STMBOOT_EXT4_INCOMPAT:
		return incompat_names[bit];
	case STMBOOT_EXT4_RO_COMPAT:
		return ro_compat_names[bit];
	}
	return NULL;
}

bool stmboot_ext4_feature(const struct stmboot_ext4_info *info, size_t index, char *buffer,
			  size_t size)
{
	static const char *const sets[] = { "compat", "incompat", "ro-compat" };
	const uint32_t words[] = { [STMBOOT_EXT4_COMPAT] = info->compat,
				   [STMBOOT_EXT4_INCOMPAT] = info->incompat,
				   [STMBOOT_EXT4_RO_COMPAT] = info->ro_compat };

	for (unsigned i = 0; i < 96; i++) {
		unsigned set = i / 32, bit = i % 32;
		const char *name =
			stmboot_ext4_feature_name((enum stmboot_ext4_feature_set)set, bit);

		if ((words[set] >> bit & 1) == 0 || index-- != 0)
			continue;
		if (name != NULL)
			(void)snprintf(buffer, size, "%s", name);
		else
			(void)snprintf(buffer, size, "%s-bit-%u", sets[set], bit);
		return true;
	}
	return false;
}

const char *stmboot_ext4_checksum_text(enum stmboot_ext4_checksum checksum)
{
	static const char *const names[] = { "absent", "ok", "bad" };

	return (size_t)checksum < sizeof(names) / sizeof(names[0]) ? names[checksum] : "?";
}

static int64_t time_at(const uint8_t *raw, size_t low, size_t high)
{
	return (int64_t)((uint64_t)raw[high] << 32 | sb_get_le32(raw + low));
}

static uint64_t count_at(const struct stmboot_ext4_info *info, const uint8_t *raw, size_t low,
			 size_t high)
{
	uint64_t count = sb_get_le32(raw + low);

	if (info->incompat & INCOMPAT_64BIT)
		count |= (uint64_t)sb_get_le32(raw + high) << 32;
	return count;
}

static uint64_t unit_bytes(uint32_t log, uint32_t max_log)
{
	return log <= max_log ? (uint64_t)1024 << log : 0;
}

static void decode_geometry(const uint8_t *raw, struct stmboot_ext4_info *info)
{
	info->block_bytes = unit_bytes(sb_get_le32(raw + S_LOG_BLOCK_SIZE), MAX_LOG_BLOCK_SIZE);
	info->cluster_bytes = info->block_bytes;
	if (info->ro_compat & RO_COMPAT_BIGALLOC)
		info->cluster_bytes =
			unit_bytes(sb_get_le32(raw + S_LOG_CLUSTER_SIZE), MAX_LOG_CLUSTER_SIZE);
	info->blocks_count = count_at(info, raw, S_BLOCKS_COUNT_LO, S_BLOCKS_COUNT_HI);
	info->free_blocks_count =
		count_at(info, raw, S_FREE_BLOCKS_COUNT_LO, S_FREE_BLOCKS_COUNT_HI);
	if (!sb_mul_u64(info->blocks_count, info->block_bytes, &info->size_bytes))
		info->size_bytes = UINT64_MAX;
	info->inodes_count = sb_get_le32(raw + S_INODES_COUNT);
	info->free_inodes_count = sb_get_le32(raw + S_FREE_INODES_COUNT);
	info->first_data_block = sb_get_le32(raw + S_FIRST_DATA_BLOCK);
	info->blocks_per_group = sb_get_le32(raw + S_BLOCKS_PER_GROUP);
	info->clusters_per_group = sb_get_le32(raw + S_CLUSTERS_PER_GROUP);
	info->inodes_per_group = sb_get_le32(raw + S_INODES_PER_GROUP);
	info->first_meta_group = sb_get_le32(raw + S_FIRST_META_BG);
	info->inode_bytes = EXT4_FIRST_INODE_BYTES;
	info->descriptor_bytes = 32;
	info->first_inode = EXT4_FIRST_INODE;
	if (info->revision > 0) {
		info->first_inode = sb_get_le32(raw + S_FIRST_INO);
		info->inode_bytes = sb_get_le16(raw + S_INODE_SIZE);
		if (info->incompat & INCOMPAT_64BIT)
			info->descriptor_bytes = sb_get_le16(raw + S_DESC_SIZE);
	}
}

static void decode_state(const uint8_t *raw, struct stmboot_ext4_info *info)
{
	info->state = sb_get_le16(raw + S_STATE);
	info->journal_inode = sb_get_le32(raw + S_JOURNAL_INUM);
	info->first_orphan = sb_get_le32(raw + S_LAST_ORPHAN);
	info->clean = (info->state & EXT2_VALID_FS) != 0;
	info->has_errors = (info->state & EXT2_ERROR_FS) != 0;
	info->has_orphans = (info->state & EXT3_ORPHAN_FS) != 0 || info->first_orphan != 0;
	info->has_journal = (info->compat & COMPAT_HAS_JOURNAL) != 0;
	info->needs_recovery = (info->incompat & INCOMPAT_RECOVER) != 0;
	info->mount_time = time_at(raw, S_MTIME, S_MTIME_HI);
	info->write_time = time_at(raw, S_WTIME, S_WTIME_HI);
	info->check_time = time_at(raw, S_LASTCHECK, S_LASTCHECK_HI);
	info->mkfs_time = time_at(raw, S_MKFS_TIME, S_MKFS_TIME_HI);
	info->mount_count = sb_get_le16(raw + S_MNT_COUNT);
	info->error_count = sb_get_le32(raw + S_ERROR_COUNT);
	info->first_error_time = time_at(raw, S_FIRST_ERROR_TIME, S_FIRST_ERROR_TIME_HI);
	info->last_error_time = time_at(raw, S_LAST_ERROR_TIME, S_LAST_ERROR_TIME_HI);
}

static void decode_names(const uint8_t *raw, struct stmboot_ext4_info *info)
{
	const uint8_t *u = raw + S_UUID;

	memcpy(info->label, raw + S_VOLUME_NAME, sizeof(info->label) - 1);
	memcpy(info->last_mounted, raw + S_LAST_MOUNTED, sizeof(info->last_mounted) - 1);
	(void)snprintf(info->uuid, sizeof(info->uuid), "%08x-%04x-%04x-%04x-%04x%08x",
		       (unsigned)sb_be(u, 4), (unsigned)sb_be(u + 4, 2), (unsigned)sb_be(u + 6, 2),
		       (unsigned)sb_be(u + 8, 2), (unsigned)sb_be(u + 10, 2),
		       (unsigned)sb_be(u + 12, 4));
}

static void decode_checksum(const uint8_t *raw, struct stmboot_ext4_info *info)
{
	info->checksum_type = raw[S_CHECKSUM_TYPE];
	info->checksum_stored = sb_get_le32(raw + S_CHECKSUM);
	if ((info->ro_compat & RO_COMPAT_METADATA_CSUM) == 0)
		return;
	info->checksum_computed = ext2fs_crc32c_le(UINT32_MAX, raw, S_CHECKSUM);
	info->checksum = info->checksum_computed == info->checksum_stored
				 ? STMBOOT_EXT4_CHECKSUM_OK
				 : STMBOOT_EXT4_CHECKSUM_BAD;
}

enum stmboot_status sb_ext4_decode(struct stmboot_source *src, struct stmboot_ext4_info *out)
{
	uint8_t raw[EXT4_SUPERBLOCK_BYTES];
	enum stmboot_status status =
		stmboot_source_read(src, EXT4_SUPERBLOCK_OFFSET, raw, sizeof(raw));

	if (status == STMBOOT_TRUNCATED)
		return STMBOOT_NOT_RECOGNISED;
	if (status != STMBOOT_OK)
		return status;
	if (sb_get_le16(raw + S_MAGIC) != EXT4_MAGIC)
		return STMBOOT_NOT_RECOGNISED;
	*out = (struct stmboot_ext4_info){
		.revision = sb_get_le32(raw + S_REV_LEVEL),
		.compat = sb_get_le32(raw + S_FEATURE_COMPAT),
		.incompat = sb_get_le32(raw + S_FEATURE_INCOMPAT),
		.ro_compat = sb_get_le32(raw + S_FEATURE_RO_COMPAT),
	};
	decode_geometry(raw, out);
	decode_state(raw, out);
	decode_names(raw, out);
	decode_checksum(raw, out);
	return STMBOOT_OK;
}

enum stmboot_status stmboot_ext4_decode(struct stmboot_context *ctx, struct stmboot_source *src,
					struct stmboot_ext4_info **out)
{
	struct stmboot_ext4_info *info = sb_object_new(ctx, sizeof(*info));
	enum stmboot_status status;

	if (info == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_ext4_decode(src, info);
	if (status == STMBOOT_OK)
		*out = info;
	else
		sb_object_free(info);
	return status;
}

void stmboot_ext4_free(struct stmboot_ext4_info *info)
{
	sb_object_free(info);
}
