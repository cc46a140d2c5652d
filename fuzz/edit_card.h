/* SPDX-License-Identifier: MIT */
/*
 * A card that boots and whose file system may be changed: fsbl1, fsbl2, uboot and
 * rootfs, an ext4 of blocks of 1 KiB, in which every block and inode is counted.
 */
#ifndef FUZZ_EDIT_CARD_H
#define FUZZ_EDIT_CARD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "../tests/support/containers.h"
#include "../tests/support/gpt_card.h"

enum {
	ROOTFS_BLOCKS = 96,
	BLOCK = 1024,
	FSBL1 = 3 * CARD_SECTOR,
	FSBL2 = 7 * CARD_SECTOR,
	UBOOT = 11 * CARD_SECTOR,
	ROOTFS = 19 * CARD_SECTOR,
	SECTORS = 19 + ROOTFS_BLOCKS * (BLOCK / CARD_SECTOR) + 2,
	CARD = SECTORS * CARD_SECTOR,
	TREE_BYTES = 512,
	INODES = 64,
	INODE_BYTES = 256,
	INODE_TABLE = 5,
	FIRST_CONTENT = INODE_TABLE + INODES * INODE_BYTES / BLOCK,
	USED_INODES = 18,
	DIRECTORY = 0x41ed,
	FILE_MODE = 0x81a4,
	PROGRAM = 0x81ed,
};

enum { ROOT_INODE = 2, LOST = 11, BOOT, EXTLINUX, CONF, KERNEL, DTB, SBIN, INIT };

static inline void require(bool condition)
{
	if (!condition)
		abort();
}

/* The block of a file or directory, which has one: those of inodes 2 and 11 to 18 in a row. */
static inline uint32_t block_of(uint32_t inode)
{
	return FIRST_CONTENT + (inode == ROOT_INODE ? 0 : inode - LOST + 1);
}

static inline uint8_t *add_inode(uint8_t *fs, uint32_t inode, uint16_t mode, uint32_t size,
				 uint16_t links)
{
	uint8_t *raw = fs + INODE_TABLE * BLOCK + (size_t)(inode - 1) * INODE_BYTES;

	card_put(raw, mode, 2);
	card_put(raw + 0x04, size, 4);
	card_put(raw + 0x1a, links, 2);
	card_put(raw + 0x1c, BLOCK / 512, 4);
	card_put(raw + 0x20, 0x80000, 4);
	card_put(raw + 0x28, 0x1f30a, 4);
	card_put(raw + 0x2c, 4, 2);
	card_put(raw + 0x38, 1, 2);
	card_put(raw + 0x3c, block_of(inode), 4);
	card_put(raw + 0x80, 32, 2);
	return fs + (size_t)block_of(inode) * BLOCK;
}

static inline size_t add_name(uint8_t *block, size_t at, const char *name, uint32_t inode,
			      uint8_t type, bool last)
{
	size_t length = (8 + strlen(name) + 3) & ~(size_t)3;

	card_put(block + at, inode, 4);
	card_put(block + at + 4, last ? BLOCK - at : length, 2);
	block[at + 6] = (uint8_t)strlen(name);
	block[at + 7] = type;
	memcpy(block + at + 8, name, strlen(name));
	return at + length;
}

struct name {
	const char *text; /* NULL: no more */
	uint32_t inode;
	uint8_t type; /* 1 a file, 2 a directory */
};

static inline void add_directory(uint8_t *fs, uint32_t inode, uint32_t parent, uint16_t links,
				 const struct name *names)
{
	uint8_t *block = add_inode(fs, inode, DIRECTORY, BLOCK, links);
	size_t at = add_name(block, 0, ".", inode, 2, false);

	at = add_name(block, at, "..", parent, 2, names->text == NULL);
	for (; names->text != NULL; names++)
		at = add_name(block, at, names->text, names->inode, names->type,
			      names[1].text == NULL);
}

static inline void put_bits(uint8_t *bitmap, unsigned from, unsigned to)
{
	for (unsigned bit = from; bit < to; bit++)
		bitmap[bit / 8] |= (uint8_t)(1 << bit % 8);
}

static inline void make_super(uint8_t *fs)
{
	unsigned used = block_of(INIT), free_blocks = ROOTFS_BLOCKS - 1 - used;
	uint8_t *sb = fs + BLOCK, *group = fs + (size_t)2 * BLOCK;

	card_put(sb, INODES, 4);
	card_put(sb + 0x04, ROOTFS_BLOCKS, 4);
	card_put(sb + 0x0c, free_blocks, 4);
	card_put(sb + 0x10, INODES - USED_INODES, 4);
	card_put(sb + 0x14, 1, 4);
	card_put(sb + 0x20, 8192, 4);
	card_put(sb + 0x24, 8192, 4);
	card_put(sb + 0x28, INODES, 4);
	card_put(sb + 0x38, 0xef53, 2);
	card_put(sb + 0x3a, 1, 2);
	card_put(sb + 0x4c, 1, 4);
	card_put(sb + 0x54, 11, 4);
	card_put(sb + 0x58, INODE_BYTES, 2);
	card_put(sb + 0x60, 0x42, 4); /* extents, filetype */
	card_put(group, 3, 4);
	card_put(group + 4, 4, 4);
	card_put(group + 8, INODE_TABLE, 4);
	card_put(group + 12, free_blocks, 2);
	card_put(group + 14, INODES - USED_INODES, 2);
	card_put(group + 16, 5, 2);
	put_bits(fs + (size_t)3 * BLOCK, 0, used);
	put_bits(fs + (size_t)3 * BLOCK, ROOTFS_BLOCKS - 1, BLOCK * 8);
	put_bits(fs + (size_t)4 * BLOCK, 0, USED_INODES);
	put_bits(fs + (size_t)4 * BLOCK, INODES, BLOCK * 8);
}

static inline void put_string(uint8_t *dtb, int node, const char *name, const char *value)
{
	require(fdt_setprop(dtb, node, name, value, (int)strlen(value) + 1) == 0);
}

static inline void make_tree(uint8_t *at)
{
	int node;

	require(fdt_create_empty_tree(at, TREE_BYTES) == 0);
	put_string(at, 0, "compatible", "st,stm32mp157c-dk2");
	put_string(at, 0, "model", "a board");
	node = fdt_add_subnode(at, 0, "config");
	require(node > 0);
	put_string(at, node, "u-boot,mmc-env-partition", "ssbl");
}

static inline void make_init(uint8_t *block)
{
	memcpy(block, "\177ELF\1\1\1", 7);
	card_put(block + 16, 2, 2);
	card_put(block + 18, 40, 2);
	card_put(block + 20, 1, 4);
	card_put(block + 28, 52, 4);
	card_put(block + 40, 52, 2);
	card_put(block + 42, 32, 2);
	card_put(block + 44, 1, 2);
	card_put(block + 52, 1, 4);
}

static inline void make_rootfs(uint8_t *fs)
{
	static const char conf[] = "# a comment\ntimeout 5\nlabel a\n\tkernel /boot/zImage\n"
				   "\tfdt /boot/dtb\n\tappend root=/dev/mmcblk0p4 rootwait\n";
	static const struct name nothing[] = { { NULL, 0, 0 } };
	static const struct name root[] = {
		{ "lost+found", LOST, 2 }, { "boot", BOOT, 2 }, { "sbin", SBIN, 2 }, { NULL, 0, 0 }
	};
	static const struct name boot[] = { { "extlinux", EXTLINUX, 2 },
					    { "zImage", KERNEL, 1 },
					    { "dtb", DTB, 1 },
					    { NULL, 0, 0 } };
	static const struct name extlinux[] = { { "extlinux.conf", CONF, 1 }, { NULL, 0, 0 } };
	static const struct name sbin[] = { { "init", INIT, 1 }, { NULL, 0, 0 } };
	uint8_t *block;

	make_super(fs);
	add_directory(fs, ROOT_INODE, ROOT_INODE, 5, root);
	add_directory(fs, LOST, ROOT_INODE, 2, nothing);
	add_directory(fs, BOOT, ROOT_INODE, 3, boot);
	add_directory(fs, EXTLINUX, BOOT, 2, extlinux);
	add_directory(fs, SBIN, ROOT_INODE, 2, sbin);
	memcpy(add_inode(fs, CONF, FILE_MODE, sizeof(conf) - 1, 1), conf, sizeof(conf) - 1);
	block = add_inode(fs, KERNEL, FILE_MODE, BLOCK, 1);
	card_put(block + 0x24, 0x016f2818, 4);
	card_put(block + 0x2c, BLOCK, 4);
	card_put(block + 0x30, 0x04030201, 4);
	make_tree(add_inode(fs, DTB, FILE_MODE, TREE_BYTES, 1));
	make_init(add_inode(fs, INIT, PROGRAM, 128, 1));
}

static inline void make_uboot(uint8_t *at)
{
	enum { TREE_AT = 128 };

	(void)make_uimage(at);
	memcpy(at + 64, "U-Boot 2023.01 (Jan 01 2023 - 00:00:00 +0000)", 46);
	make_tree(at + TREE_AT);
	put_be(at + 12, TREE_AT - 64 + TREE_BYTES, 4);
	mend_uimage(at, TREE_AT + TREE_BYTES);
}

static inline void make_edit_card(uint8_t card[CARD])
{
	card_make(card, SECTORS, 4);
	(void)make_stm32(card + FSBL1, 0x10000);
	(void)make_stm32(card + FSBL2, 0x10000);
	make_uboot(card + UBOOT);
	make_rootfs(card + ROOTFS);
}

#endif
