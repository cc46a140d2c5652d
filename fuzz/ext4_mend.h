/* SPDX-License-Identifier: MIT */
/*
 * The checksums of a small ext4 file system in memory, of one group, blocks of 1 KiB
 * and inodes of 256 bytes: written from the layout of metadata_csum alone, apart
 * from the code that is tested with it.
 */
#ifndef FUZZ_EXT4_MEND_H
#define FUZZ_EXT4_MEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../tests/support/jbd2_medium.h"

enum {
	EM_BLOCK = 1024,
	EM_INODE = 256,
	EM_GROUP = 2 * EM_BLOCK, /* the descriptor */
	EM_DIR_TAIL = 12,
	EM_ROOT_ENTRIES = 32, /* of an index */
	EM_NODE_ENTRIES = 8,
	EM_EXTENTS_FLAG = 0x80000,
	EM_INDEX_FLAG = 0x1000,
	EM_DIRECT_BLOCKS = 12,
};

struct ext4_mend {
	uint8_t *fs;
	size_t size;
	uint32_t seed;
	uint32_t inode_seed; /* of the inode that is mended */
};

static inline uint32_t em_get(const uint8_t *at, size_t bytes)
{
	uint32_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value |= (uint32_t)at[i] << 8 * i;
	return value;
}

static inline uint32_t em_word(uint32_t crc, uint64_t value, size_t bytes)
{
	uint8_t raw[8];

	jm_le(raw, value, bytes);
	return jm_crc32c(crc, raw, bytes);
}

/* A block, or NULL where there is none. */
static inline uint8_t *em_block(const struct ext4_mend *m, uint32_t block)
{
	return block != 0 && block < m->size / EM_BLOCK ? m->fs + (size_t)block * EM_BLOCK : NULL;
}

/* The last name of a block gives the place of the checksum away, when it has room. */
static inline void em_names(const struct ext4_mend *m, uint8_t *block)
{
	uint8_t *tail = block + EM_BLOCK - EM_DIR_TAIL;
	size_t at = 0, length = em_get(block + 4, 2);

	while (length >= 8 && at + length < EM_BLOCK) {
		at += length;
		length = em_get(block + at + 4, 2);
	}
	if (at + length == EM_BLOCK && length >= EM_DIR_TAIL + 8u + block[at + 6]) {
		jm_le(block + at + 4, length - EM_DIR_TAIL, 2);
		memset(tail, 0, EM_DIR_TAIL);
		tail[4] = EM_DIR_TAIL;
		tail[7] = 0xde;
	}
	if (em_get(tail, 4) == 0 && em_get(tail + 4, 4) == (EM_DIR_TAIL | 0xde000000))
		jm_le(tail + 8, jm_crc32c(m->inode_seed, block, EM_BLOCK - EM_DIR_TAIL), 4);
}

/* The entries of an index; what is full gives the last one up for the checksum. */
static inline void em_index(const struct ext4_mend *m, uint8_t *block, size_t from)
{
	size_t most = (EM_BLOCK - from) / 8 - 1, count = em_get(block + from + 2, 2);
	uint8_t *tail = block + from + most * 8;
	uint32_t crc;

	if (em_get(block + from, 2) == most + 1)
		jm_le(block + from, most, 2);
	if (count > most)
		return;
	crc = jm_crc32c(m->inode_seed, block, from + count * 8);
	jm_le(tail + 4, em_word(jm_crc32c(crc, tail, 4), 0, 4), 4);
}

/* One that looks like an empty leaf, but has a limit where its names would begin. */
static inline bool em_is_node(const uint8_t *block)
{
	return em_get(block, 4) == 0 && em_get(block + 4, 4) == EM_BLOCK &&
	       em_get(block + EM_NODE_ENTRIES, 2) != 0;
}

static inline void em_directory_block(const struct ext4_mend *m, uint32_t number, bool root,
				      bool indexed)
{
	uint8_t *block = em_block(m, number);

	if (block == NULL)
		return;
	if (root)
		em_index(m, block, EM_ROOT_ENTRIES);
	else if (indexed && em_is_node(block))
		em_index(m, block, EM_NODE_ENTRIES);
	else
		em_names(m, block);
}

/* What the root of an inode's extents leads to: blocks of names, or of extents. */
static inline void em_extents(const struct ext4_mend *m, const uint8_t *root, bool directory)
{
	size_t count = em_get(root + 2, 2);

	for (size_t i = 0; i < count && i < 4; i++) {
		const uint8_t *entry = root + 12 + 12 * i;
		size_t most;
		uint8_t *block;

		if (em_get(root + 6, 2) == 0) {
			if (directory)
				em_directory_block(m, em_get(entry + 8, 4), false, false);
			continue;
		}
		block = em_block(m, em_get(entry + 4, 4));
		most = block != NULL ? em_get(block + 4, 2) : EM_BLOCK;
		if (most <= (EM_BLOCK - 16) / 12)
			jm_le(block + 12 + 12 * most,
			      jm_crc32c(m->inode_seed, block, 12 + 12 * most), 4);
	}
}

static inline void em_attributes(const struct ext4_mend *m, uint32_t number)
{
	uint8_t *block = em_block(m, number);

	if (block == NULL)
		return;
	jm_le(block + 0x10, 0, 4);
	jm_le(block + 0x10, jm_crc32c(em_word(m->seed, number, 8), block, EM_BLOCK), 4);
}

static inline void em_inode(struct ext4_mend *m, uint8_t *raw, uint32_t number)
{
	bool directory = (em_get(raw, 2) & 0xf000) == 0x4000, high = em_get(raw + 0x80, 2) >= 4;
	uint32_t flags = em_get(raw + 0x20, 4), crc;
	bool indexed = (flags & EM_INDEX_FLAG) != 0;

	if (em_get(raw, 2) == 0) /* it is in nobody's use */
		return;
	m->inode_seed = jm_crc32c(em_word(m->seed, number, 4), raw + 0x64, 4);
	if ((flags & EM_EXTENTS_FLAG) != 0)
		em_extents(m, raw + 0x28, directory);
	else if (directory)
		for (size_t i = 0; i < EM_DIRECT_BLOCKS; i++)
			em_directory_block(m, em_get(raw + 0x28 + 4 * i, 4), indexed && i == 0,
					   indexed);
	em_attributes(m, em_get(raw + 0x68, 4));
	jm_le(raw + 0x7c, 0, 2);
	if (high)
		jm_le(raw + 0x82, 0, 2);
	crc = jm_crc32c(m->inode_seed, raw, EM_INODE);
	jm_le(raw + 0x7c, crc & 0xffff, 2);
	if (high)
		jm_le(raw + 0x82, crc >> 16, 2);
}

static inline void em_group(const struct ext4_mend *m, size_t inodes)
{
	uint8_t *group = m->fs + EM_GROUP;
	const uint8_t *blocks = em_block(m, em_get(group, 4));
	const uint8_t *used = em_block(m, em_get(group + 4, 4));
	uint32_t crc;

	if (blocks != NULL)
		jm_le(group + 0x18, jm_crc32c(m->seed, blocks, EM_BLOCK) & 0xffff, 2);
	if (used != NULL)
		jm_le(group + 0x1a, jm_crc32c(m->seed, used, inodes / 8) & 0xffff, 2);
	crc = jm_crc32c(em_word(m->seed, 0, 4), group, 0x1e);
	jm_le(group + 0x1e, em_word(crc, 0, 2) & 0xffff, 2);
}

/* Let a file system that has checksums have the right ones. */
static inline void ext4_mend(uint8_t *fs, size_t size, size_t inodes, size_t table)
{
	uint8_t *super = fs + EM_BLOCK;
	struct ext4_mend m = { .fs = fs, .size = size };

	m.seed = jm_crc32c(UINT32_MAX, super + 0x68, 16);
	if ((em_get(super + 0x60, 4) & 0x2000) != 0) /* metadata_csum_seed */
		m.seed = em_get(super + 0x270, 4);
	for (size_t i = 0; i < inodes; i++)
		em_inode(&m, fs + table * EM_BLOCK + i * EM_INODE, (uint32_t)i + 1);
	em_group(&m, inodes);
	jm_le(super + 0x3fc, jm_crc32c(UINT32_MAX, super, 0x3fc), 4);
}

/* Let it have checksums. */
static inline void ext4_enable_checksums(uint8_t *fs)
{
	uint8_t *super = fs + EM_BLOCK;

	jm_le(super + 0x64, em_get(super + 0x64, 4) | 0x400, 4);
	super[0x175] = 1; /* crc32c */
}

#endif
