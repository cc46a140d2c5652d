/* SPDX-License-Identifier: MIT */
/* The medium of ext4_image.h as one that may be edited: nothing is shared, and all is counted. */
#ifndef FUZZ_EXT4_FIT_H
#define FUZZ_EXT4_FIT_H

#include "ext4_image.h"

enum {
	BLOCKS = MEDIUM / BLOCK - 1, /* from block 1 on */
	INODES = 16,
	USED_INODES = 15,
	LAST_METADATA = 13, /* of blocks 1 to this one, all are in use */
	LAST_DATA = 23,     /* and from DATA_BLOCK on */
	USED_BLOCKS = LAST_METADATA + LAST_DATA - DATA_BLOCK + 1,
};

static void set_bits(uint8_t *bitmap, unsigned from, unsigned to)
{
	for (unsigned bit = from; bit < to; bit++)
		bitmap[bit / 8] |= (uint8_t)(1 << bit % 8);
}

static void image_sectors(uint8_t *medium, uint32_t inode, uint16_t links, unsigned blocks)
{
	uint8_t *raw = medium + INODE_TABLE * BLOCK + (inode - 1) * INODE;

	put(raw + 0x1a, links, 2);
	put(raw + 0x1c, blocks * (BLOCK / 512), 4);
}

static void fit_image_make(uint8_t *medium)
{
	uint8_t *blocks = medium + 3 * BLOCK, *inodes = medium + 4 * BLOCK;

	image_make(medium);
	put(medium + BLOCK + 0x0c, BLOCKS - USED_BLOCKS, 4);
	put(medium + BLOCK + 0x10, INODES - USED_INODES, 4);
	put(medium + BLOCK + 0x60, 0x42, 4);
	put(medium + 2 * BLOCK + 12, BLOCKS - USED_BLOCKS, 2);
	put(medium + 2 * BLOCK + 14, INODES - USED_INODES, 2);
	put(medium + 2 * BLOCK + 16, 2, 2);
	set_bits(blocks, 0, LAST_METADATA);
	set_bits(blocks, DATA_BLOCK - 1, LAST_DATA);
	set_bits(blocks, BLOCKS, BLOCK * 8);
	set_bits(inodes, 0, USED_INODES);
	set_bits(inodes, INODES, BLOCK * 8);
	image_sectors(medium, 2, 3, 1);
	image_sectors(medium, 11, 2, 1);
	image_sectors(medium, 12, 1, 3);
	image_sectors(medium, 13, 2, 3);
	image_sectors(medium, 15, 1, 1);
	/* "list" has blocks of its own, and "inline" is its second name. */
	put(medium + INODE_TABLE * BLOCK + 12 * INODE + 0x28, DATA_BLOCK + 2, 4);
	put(medium + LIST_BLOCK * BLOCK + 4, DATA_BLOCK + 3, 4);
	memset(medium + INODE_TABLE * BLOCK + 15 * INODE, 0, INODE);
	put(medium + BOOT_BLOCK * BLOCK + 12 + 12 + 12 + 12, 13, 4);
}

#endif
