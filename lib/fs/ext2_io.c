/* SPDX-License-Identifier: MIT */
#include "fs/ext2_io.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"

/*
 * io_manager.open gets a name and nothing else, so the name carries the
 * address. It holds no '?', where ext2fs_open2() would cut it.
 */
static const char NAME_FORMAT[] = "stmboot-%p";

enum { NAME_BYTES = 40 };

static errcode_t channel_fail(struct sb_ext2_io *io, enum stmboot_status status, uint64_t offset)
{
	if (io->status == STMBOOT_OK) {
		io->status = status;
		io->failed_offset = offset;
	}
	if (status == STMBOOT_NO_MEMORY)
		return EXT2_ET_NO_MEMORY;
	return status == STMBOOT_TRUNCATED ? EXT2_ET_SHORT_READ : EIO;
}

/* A count below zero is a number of bytes. */
static void channel_range(io_channel channel, unsigned long long block, int count, uint64_t *offset,
			  size_t *size)
{
	uint64_t unit = (uint64_t)channel->block_size;

	*size = (size_t)(count < 0 ? (uint64_t)0 - (uint64_t)(int64_t)count
				   : (uint64_t)count * unit);
	if (!sb_mul_u64(block, unit, offset))
		*offset = UINT64_MAX;
}

static errcode_t channel_read_blk64(io_channel channel, unsigned long long block, int count,
				    void *data)
{
	struct sb_ext2_io *io = channel->private_data;
	enum stmboot_status status;
	uint64_t offset;
	size_t size;

	channel_range(channel, block, count, &offset, &size);
	status = stmboot_source_read(io->src, offset, data, size);
	if (status == STMBOOT_OK)
		return 0;
	memset(data, 0, size);
	return channel_fail(io, status, offset);
}

static errcode_t channel_read_blk(io_channel channel, unsigned long block, int count, void *data)
{
	return channel_read_blk64(channel, block, count, data);
}

static errcode_t channel_write_blk64(io_channel channel, unsigned long long block, int count,
				     const void *data)
{
	struct sb_ext2_io *io = channel->private_data;
	enum stmboot_status status;
	uint64_t offset;
	size_t size;

	if (io->overlay == NULL)
		return EXT2_ET_RO_FILSYS;
	channel_range(channel, block, count, &offset, &size);
	status = sb_overlay_write(io->overlay, offset, data, size);
	return status == STMBOOT_OK ? 0 : channel_fail(io, status, offset);
}

static errcode_t channel_write_blk(io_channel channel, unsigned long block, int count,
				   const void *data)
{
	return channel_write_blk64(channel, block, count, data);
}

static errcode_t channel_set_blksize(io_channel channel, int size)
{
	channel->block_size = size;
	return 0;
}

static errcode_t channel_flush(io_channel channel)
{
	(void)channel;
	return 0;
}

static errcode_t channel_close(io_channel channel)
{
	if (--channel->refcount > 0)
		return 0;
	ext2fs_free_mem(&channel->name);
	ext2fs_free_mem(&channel);
	return 0;
}

static errcode_t channel_open(const char *name, int flags, io_channel *out);

static struct struct_io_manager manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "stmboot",
	.open = channel_open,
	.close = channel_close,
	.set_blksize = channel_set_blksize,
	.read_blk = channel_read_blk,
	.write_blk = channel_write_blk,
	.flush = channel_flush,
	.read_blk64 = channel_read_blk64,
	.write_blk64 = channel_write_blk64,
};

static errcode_t channel_open(const char *name, int flags, io_channel *out)
{
	io_channel channel = NULL;
	void *io;
	errcode_t error;

	(void)flags;
	if (sscanf(name, NAME_FORMAT, &io) != 1)
		return EXT2_ET_INVALID_ARGUMENT;
	error = ext2fs_get_memzero(sizeof(*channel), &channel);
	if (error != 0)
		return error;
	error = ext2fs_get_mem(strlen(name) + 1, &channel->name);
	if (error != 0) {
		ext2fs_free_mem(&channel);
		return error;
	}
	memcpy(channel->name, name, strlen(name) + 1);
	channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	channel->manager = &manager;
	channel->block_size = 1024;
	channel->refcount = 1;
	channel->private_data = io;
	*out = channel;
	return 0;
}

enum stmboot_status sb_ext2_status(const struct sb_ext2_io *io, errcode_t error)
{
	if (io->status != STMBOOT_OK)
		return io->status;
	switch (error) {
	case 0:
		return STMBOOT_OK;
	case EXT2_ET_NO_MEMORY:
		return STMBOOT_NO_MEMORY;
	case EXT2_ET_BLOCK_ALLOC_FAIL:
	case EXT2_ET_INODE_ALLOC_FAIL:
		return STMBOOT_LIMIT;
	case EXT2_ET_BAD_MAGIC:
		return STMBOOT_NOT_RECOGNISED;
	case EXT2_ET_UNSUPP_FEATURE:
	case EXT2_ET_RO_UNSUPP_FEATURE:
		return STMBOOT_UNSUPPORTED;
	default:
		return STMBOOT_CORRUPT;
	}
}

enum stmboot_status sb_ext2_status_of(ext2_filsys ext2, errcode_t error)
{
	return sb_ext2_status(ext2->io->private_data, error);
}

enum stmboot_status sb_ext2_open(struct sb_ext2_io *io, ext2_filsys *out)
{
	char name[NAME_BYTES];
	int flags = EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP;

	(void)snprintf(name, sizeof(name), NAME_FORMAT, (void *)io);
	io->status = STMBOOT_OK;
	if (io->overlay != NULL)
		flags |= EXT2_FLAG_RW;
	/* MMP would be read from a file of that name, past the channel. */
	return sb_ext2_status(io, ext2fs_open2(name, NULL, flags, 0, 0, &manager, out));
}
