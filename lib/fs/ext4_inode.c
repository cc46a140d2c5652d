/* SPDX-License-Identifier: MIT */
/* The fields of an inode, the same for both readers. ext4 disk layout, "Index Nodes". */
#include "fs/ext4.h"

#include <string.h>

#include "base/cursor.h"

/* Offsets in an inode; what stands from I_EXTRA_ISIZE on, only a large one has room for. */
enum {
	I_MODE = 0x00,
	I_UID = 0x02,
	I_SIZE_LO = 0x04,
	I_ATIME = 0x08,
	I_CTIME = 0x0c,
	I_MTIME = 0x10,
	I_GID = 0x18,
	I_LINKS_COUNT = 0x1a,
	I_BLOCKS_LO = 0x1c,
	I_FLAGS = 0x20,
	I_GENERATION = 0x64,
	I_FILE_ACL_LO = 0x68,
	I_SIZE_HIGH = 0x6c,
	I_BLOCKS_HIGH = 0x74,
	I_FILE_ACL_HIGH = 0x76,
	I_UID_HIGH = 0x78,
	I_GID_HIGH = 0x7a,
	I_EXTRA_ISIZE = 0x80,
	I_CTIME_EXTRA = 0x84,
	I_MTIME_EXTRA = 0x88,
	I_ATIME_EXTRA = 0x8c,
	I_CRTIME = 0x90,
	I_CRTIME_EXTRA = 0x94,
};

enum { EPOCH_MASK = 3, EPOCH_BITS = 2, NANOSECONDS = 1000000000, SECTOR_BYTES = 512 };

/* Does an inode of `size` bytes have the 32 bits at an offset in use? */
static bool has_field(const uint8_t *raw, size_t size, size_t offset)
{
	size_t end = offset + 4;

	return size >= end &&
	       (size_t)EXT4_FIRST_INODE_BYTES + sb_get_le16(raw + I_EXTRA_ISIZE) >= end;
}

/*
 * Seconds are signed, and two more bits of them stand below the nanoseconds.
 * A count of nanoseconds that is none (two of them mean something else to
 * utimensat()) counts as none.
 */
static struct stmboot_fs_time time_at(const uint8_t *raw, size_t size, size_t offset, size_t extra)
{
	struct stmboot_fs_time time = { .seconds = (int32_t)sb_get_le32(raw + offset) };
	uint32_t more;

	if (!has_field(raw, size, extra))
		return time;
	more = sb_get_le32(raw + extra);
	time.seconds += (int64_t)(more & EPOCH_MASK) << 32;
	if (more >> EPOCH_BITS < NANOSECONDS)
		time.nanoseconds = more >> EPOCH_BITS;
	return time;
}

void sb_ext4_inode_decode(const uint8_t *raw, size_t size, struct sb_ext4_inode *inode)
{
	*inode = (struct sb_ext4_inode){
		.mode = sb_get_le16(raw + I_MODE),
		.uid = sb_get_le16(raw + I_UID) | (uint32_t)sb_get_le16(raw + I_UID_HIGH) << 16,
		.gid = sb_get_le16(raw + I_GID) | (uint32_t)sb_get_le16(raw + I_GID_HIGH) << 16,
		.links = sb_get_le16(raw + I_LINKS_COUNT),
		.flags = sb_get_le32(raw + I_FLAGS),
		.generation = sb_get_le32(raw + I_GENERATION),
		.size = sb_get_le32(raw + I_SIZE_LO) | (uint64_t)sb_get_le32(raw + I_SIZE_HIGH)
							       << 32,
		.blocks = sb_get_le32(raw + I_BLOCKS_LO) |
			  (uint64_t)sb_get_le16(raw + I_BLOCKS_HIGH) << 32,
		.accessed = time_at(raw, size, I_ATIME, I_ATIME_EXTRA),
		.changed = time_at(raw, size, I_CTIME, I_CTIME_EXTRA),
		.modified = time_at(raw, size, I_MTIME, I_MTIME_EXTRA),
	};
	memcpy(inode->block, raw + EXT4_BLOCK_OFFSET, sizeof(inode->block));
	inode->has_created = has_field(raw, size, I_CRTIME);
	if (inode->has_created)
		inode->created = time_at(raw, size, I_CRTIME, I_CRTIME_EXTRA);
}

uint64_t sb_ext4_attribute_block(const uint8_t *raw)
{
	return sb_get_le32(raw + I_FILE_ACL_LO) | (uint64_t)sb_get_le16(raw + I_FILE_ACL_HIGH)
							  << 32;
}

uint64_t sb_ext4_sectors(const struct stmboot_ext4_info *info, const struct sb_ext4_inode *inode)
{
	if ((info->ro_compat & RO_COMPAT_HUGE_FILE) == 0)
		return inode->blocks & UINT32_MAX;
	if ((inode->flags & EXT4_FLAG_HUGE_FILE) != 0)
		return inode->blocks * (info->block_bytes / SECTOR_BYTES);
	return inode->blocks;
}

enum stmboot_fs_type sb_ext4_mode_type(uint32_t mode)
{
	switch (mode >> 12) {
	case 0x1:
		return STMBOOT_FS_FIFO;
	case 0x2:
		return STMBOOT_FS_CHAR_DEVICE;
	case 0x4:
		return STMBOOT_FS_DIRECTORY;
	case 0x6:
		return STMBOOT_FS_BLOCK_DEVICE;
	case 0x8:
		return STMBOOT_FS_FILE;
	case 0xa:
		return STMBOOT_FS_SYMLINK;
	case 0xc:
		return STMBOOT_FS_SOCKET;
	default:
		return STMBOOT_FS_UNKNOWN;
	}
}

enum stmboot_fs_type sb_ext4_entry_type(uint8_t number)
{
	static const enum stmboot_fs_type types[] = {
		STMBOOT_FS_UNKNOWN,     STMBOOT_FS_FILE,         STMBOOT_FS_DIRECTORY,
		STMBOOT_FS_CHAR_DEVICE, STMBOOT_FS_BLOCK_DEVICE, STMBOOT_FS_FIFO,
		STMBOOT_FS_SOCKET,      STMBOOT_FS_SYMLINK,
	};

	return number < sizeof(types) / sizeof(types[0]) ? types[number] : STMBOOT_FS_UNKNOWN;
}
