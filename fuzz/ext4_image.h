/* SPDX-License-Identifier: MIT */
/*
 * A small ext4 file system made in memory, and everything that a reader can be
 * asked for on it. An input describes a medium by what makes it different from
 * a healthy one: two bytes give its size (0, or left out: as made), and then
 * patches follow, each an offset (16 bits, little-endian), a length (8 bits)
 * and that many bytes. A patch without bytes is a choice instead: with bit 0 of
 * its offset the file system has checksums (metadata_csum), and they are mended
 * at the end unless bits 5 to 7 are all set.
 *
 * Blocks of 1 KiB, inodes of 256 bytes, one group: 1 superblock, 2 descriptor,
 * 3 and 4 bitmaps, 5 to 8 inodes, then directories, maps and data.
 */
#ifndef FUZZ_EXT4_IMAGE_H
#define FUZZ_EXT4_IMAGE_H

#include <stdlib.h>
#include <string.h>

#include "ext4_mend.h"
#include "fs/fs.h"
#include "source/source.h"

enum {
	MEDIUM = 65536,
	BLOCK = 1024,
	INODE = 256,
	INODE_TABLE = 5,
	INODE_COUNT = 16,
	ROOT_BLOCK = 9,
	BOOT_BLOCK = 10,
	LEAF_BLOCK = 11,
	LIST_BLOCK = 12,
	LINK_BLOCK = 13,
	DATA_BLOCK = 20,
	ATTRIBUTE_BLOCK = 30,
	VALUE_INODE = 10,
	VALUE_BYTES = 100,
	SIZE_BYTES = 2,
	PATCH_HEAD = 3,
	MAX_STEPS = 64,
	CHECKSUMS = 1,
	UNMENDED = 0xe0,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool condition)
{
	if (!condition)
		abort();
}

static inline void put(uint8_t *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static inline uint8_t *image_inode(uint8_t *medium, uint32_t number, uint32_t mode, uint32_t size,
				   uint32_t flags)
{
	uint8_t *raw = medium + INODE_TABLE * BLOCK + (number - 1) * INODE;

	put(raw, mode, 2);
	put(raw + 0x04, size, 4);
	put(raw + 0x1a, 1, 2);
	put(raw + 0x20, flags, 4);
	put(raw + 0x80, 32, 2);
	return raw + 0x28;
}

/* An extent header with one entry: an extent of `length`, or with depth an index. */
static inline void image_extent(uint8_t *at, unsigned max, unsigned depth, uint32_t block,
				unsigned length)
{
	put(at, 0xf30a, 2);
	put(at + 2, 1, 2);
	put(at + 4, max, 2);
	put(at + 6, depth, 2);
	put(at + (depth > 0 ? 16 : 20), block, 4);
	put(at + 16 + (depth > 0 ? 4 : 0), depth > 0 ? 0 : length, 2);
}

/* Add a name; the last one of a block reaches to its end. */
static inline size_t image_name(uint8_t *block, size_t at, const char *name, uint32_t inode,
				uint8_t type, bool last)
{
	size_t length = (8 + strlen(name) + 3) & ~(size_t)3;

	put(block + at, inode, 4);
	put(block + at + 4, last ? BLOCK - at : length, 2);
	block[at + 6] = (uint8_t)strlen(name);
	block[at + 7] = type;
	memcpy(block + at + 8, name, strlen(name));
	return at + length;
}

static inline void image_super(uint8_t *medium)
{
	uint8_t *sb = medium + BLOCK;

	put(sb, INODE_COUNT, 4);
	put(sb + 0x04, MEDIUM / BLOCK, 4);
	put(sb + 0x14, 1, 4);
	put(sb + 0x20, 8192, 4);
	put(sb + 0x24, 8192, 4);
	put(sb + 0x28, 16, 4);
	put(sb + 0x38, 0xef53, 2);
	put(sb + 0x3a, 1, 2);
	put(sb + 0x4c, 1, 4);
	put(sb + 0x54, 11, 4);
	put(sb + 0x58, INODE, 2);
	put(sb + 0x60, 0x8042, 4); /* inline_data, extents, filetype */
	put(medium + 2 * BLOCK, 3, 4);
	put(medium + 2 * BLOCK + 4, 4, 4);
	put(medium + 2 * BLOCK + 8, INODE_TABLE, 4);
}

static inline void image_names(uint8_t *medium)
{
	uint8_t *block = medium + ROOT_BLOCK * BLOCK;
	size_t at = image_name(block, 0, ".", 2, 2, false);

	at = image_name(block, at, "..", 2, 2, false);
	at = image_name(block, at, "boot", 11, 2, false);
	at = image_name(block, at, "fast", 14, 7, false);
	(void)image_name(block, at, "slow", 15, 7, true);
	block = medium + BOOT_BLOCK * BLOCK;
	at = image_name(block, 0, ".", 11, 2, false);
	at = image_name(block, at, "..", 2, 2, false);
	at = image_name(block, at, "tree", 12, 1, false);
	at = image_name(block, at, "list", 13, 1, false);
	(void)image_name(block, at, "inline", 16, 1, true);
}

static inline void image_make(uint8_t *medium)
{
	static const char slow[] =
		"././././././././././././././././././././././././././././boot/tree";
	uint8_t *map;

	memset(medium, 0, MEDIUM);
	image_super(medium);
	image_names(medium);
	image_extent(image_inode(medium, 2, 0x41ed, BLOCK, 0x80000), 4, 0, ROOT_BLOCK, 1);
	map = image_inode(medium, 11, 0x41ed, BLOCK, 0);
	put(map, BOOT_BLOCK, 4);
	image_extent(image_inode(medium, 12, 0x81a4, 3000, 0x80000), 4, 1, LEAF_BLOCK, 0);
	image_extent(medium + LEAF_BLOCK * BLOCK, 84, 0, DATA_BLOCK, 2);
	map = image_inode(medium, 13, 0x81a4, 14 * BLOCK, 0);
	put(map, DATA_BLOCK, 4);
	put(map + 48, LIST_BLOCK, 4);
	put(medium + LIST_BLOCK * BLOCK + 4, DATA_BLOCK + 1, 4);
	memcpy(image_inode(medium, 14, 0xa1ff, 9, 0), "boot/list", 9);
	image_extent(image_inode(medium, 15, 0xa1ff, sizeof(slow) - 1, 0x80000), 4, 0, LINK_BLOCK,
		     1);
	memcpy(medium + LINK_BLOCK * BLOCK, slow, sizeof(slow) - 1);
	map = image_inode(medium, 16, 0x81a4, 64, 0x10000000);
	put(map + 60 + 60, 0xea020000, 4);
	memcpy(map + 60 + 64, "\4\7\100\0\0\0\0\0\4\0\0\0\0\0\0\0data", 20);
	memset(medium + DATA_BLOCK * BLOCK, 'x', 4 * BLOCK);
}

/* An attribute; offsets count from the start of the area. Gives where the next one begins. */
static inline size_t image_attribute(uint8_t *area, size_t at, uint8_t index, const char *name,
				     size_t offset, size_t size)
{
	area[at] = (uint8_t)strlen(name);
	area[at + 1] = index;
	put(area + at + 2, offset, 2);
	put(area + at + 8, size, 4);
	memcpy(area + at + 16, name, strlen(name));
	return at + 16 + ((strlen(name) + 3) & ~(size_t)3);
}

/*
 * Give /boot/tree attributes: "user.list" and "user.a" in the inode; another
 * "user.a", rights, and "trusted.v", whose value is an inode, in a block.
 */
static inline void image_attributes(uint8_t *medium)
{
	uint8_t *raw = medium + INODE_TABLE * BLOCK + 11 * INODE;
	uint8_t *body = raw + 164, *block = medium + ATTRIBUTE_BLOCK * BLOCK;
	uint8_t *map = image_inode(medium, VALUE_INODE, 0x81a4, VALUE_BYTES, 0x200000);
	size_t at;

	put(raw + 0x68, ATTRIBUTE_BLOCK, 4);
	put(raw + 160, 0xea020000, 4);
	at = image_attribute(body, 0, 1, "list", 88, 4);
	(void)image_attribute(body, at, 1, "a", 84, 2);
	memcpy(body + 84, "in\0\0list", 8);
	put(block, 0xea020000, 4);
	put(block + 4, 1, 4);
	put(block + 8, 1, 4);
	at = image_attribute(block, 32, 1, "a", 1000, 5);
	at = image_attribute(block, at, 2, "", 900, 16);
	put(block + at + 4, VALUE_INODE, 4);
	(void)image_attribute(block, at, 4, "v", 0, VALUE_BYTES);
	memcpy(block + 1000, "block", 5);
	put(block + 900, 1, 4);
	memcpy(block + 904, "\1\0\6\0\2\0\4\0\350\3\0\0", 12);
	put(map, DATA_BLOCK, 4);
	put(map - 0x28 + 0x08, 0x49109c39, 4); /* crc32c of 100 times 'x', seed 0 */
}

/* Does an input leave the medium as it was made, with its checksums or without any? */
static inline bool image_is_made(const uint8_t *data, size_t size)
{
	static const uint8_t with_checksums[] = { 0, 0, CHECKSUMS, 0, 0 };

	return size == 0 || (size == sizeof(with_checksums) &&
			     memcmp(data, with_checksums, sizeof(with_checksums)) == 0);
}

static inline size_t image_patch(uint8_t *medium, const uint8_t *data, size_t size)
{
	size_t medium_size = size >= SIZE_BYTES ? (size_t)(data[0] | data[1] << 8) : 0;
	size_t choice = 0;

	for (size_t at = SIZE_BYTES; at < size && size - at >= PATCH_HEAD;) {
		size_t offset = (size_t)(data[at] | data[at + 1] << 8);
		size_t bytes = data[at + 2];

		at += PATCH_HEAD;
		if (bytes == 0)
			choice = offset;
		bytes = bytes < size - at ? bytes : size - at;
		memcpy(medium + offset, data + at,
		       bytes < MEDIUM - offset ? bytes : MEDIUM - offset);
		at += bytes;
	}
	if ((choice & CHECKSUMS) != 0)
		ext4_enable_checksums(medium);
	if ((choice & CHECKSUMS) != 0 && (choice & UNMENDED) != UNMENDED)
		ext4_mend(medium, MEDIUM, INODE_COUNT, INODE_TABLE);
	return medium_size != 0 ? medium_size : MEDIUM;
}

struct tour {
	struct stmboot_fs *fs;
	char path[1024];
	unsigned steps;
};

/* What is read in one piece and in many is the same, and stands on the medium. */
static inline void tour_file(struct tour *tour)
{
	static char whole[32768];
	struct stmboot_source *src;
	uint64_t size;

	if (stmboot_fs_open(tour->fs, tour->path, &src) != STMBOOT_OK)
		return;
	size = stmboot_source_size(src);
	if (size > sizeof(whole))
		size = sizeof(whole);
	if (stmboot_source_read(src, 0, whole, (size_t)size) == STMBOOT_OK) {
		for (uint64_t i = 0; i < size; i += 97) {
			uint64_t place;
			char byte;

			require(stmboot_source_read(src, i, &byte, 1) == STMBOOT_OK);
			require(byte == whole[i]);
			if (stmboot_source_locate(src, i, &place))
				require(place < MEDIUM);
			else
				require(byte == 0);
		}
	}
	stmboot_source_close(src);
}

static inline bool tour_entry(void *user, const struct stmboot_fs_entry *entry)
{
	struct tour *tour = user;
	size_t length = strlen(tour->path);
	struct stmboot_fs_node node, again;
	char path[STMBOOT_FS_PATH_BYTES];

	if (length + strlen(entry->name) + 2 > sizeof(tour->path) || ++tour->steps > MAX_STEPS)
		return false;
	tour->path[length] = '/';
	memcpy(tour->path + length + 1, entry->name, strlen(entry->name) + 1);
	(void)!stmboot_fs_readlink(tour->fs, tour->path, path, sizeof(path));
	if (stmboot_fs_stat(tour->fs, tour->path, true, &node) == STMBOOT_OK &&
	    stmboot_fs_resolve(tour->fs, tour->path, path, sizeof(path)) == STMBOOT_OK) {
		require(path[0] == '/');
		(void)!stmboot_fs_stat(tour->fs, path, false, &again);
		tour_file(tour);
		if (node.type == STMBOOT_FS_DIRECTORY && entry->name[0] != '.')
			(void)!stmboot_fs_list(tour->fs, tour->path, tour_entry, tour);
	}
	tour->path[length] = '\0';
	return true;
}

typedef enum stmboot_status open_reader(struct stmboot_context *ctx, struct stmboot_source *src,
					struct stmboot_fs **out);

/* Read an input's file system; a medium as made must be read without trouble. */
static inline void tour_input(const uint8_t *data, size_t size, open_reader *open_fs)
{
	static uint8_t medium[MEDIUM];
	struct tour tour = { 0 };
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	size_t medium_size;
	bool healthy = image_is_made(data, size);

	image_make(medium);
	medium_size = image_patch(medium, data, size);
	require(stmboot_context_new(NULL, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, medium, medium_size, &src) == STMBOOT_OK);
	if (open_fs(ctx, src, &tour.fs) == STMBOOT_OK) {
		enum stmboot_status status = stmboot_fs_list(tour.fs, "/", tour_entry, &tour);
		bool has_offset;
		uint64_t offset;

		require(!healthy || (status == STMBOOT_OK && tour.steps == 10));
		(void)stmboot_fs_trouble(tour.fs, &has_offset, &offset);
		stmboot_fs_close(tour.fs);
	} else {
		require(!healthy);
	}
	stmboot_source_close(src);
	stmboot_context_free(ctx);
}

#endif
