/* SPDX-License-Identifier: MIT */
/*
 * A small file system with a journal that has to be replayed, written from the
 * layout of JBD2 alone: what tests and the fuzz target start from, patch, and
 * mend the checksums of.
 *
 * Blocks of 1 KiB, one group: 1 superblock, 2 descriptor, 3 and 4 bitmaps, 5 to
 * 8 inodes, 9 the root directory, 20 to 1043 the journal, and from 1050 on
 * blocks over which logs are written.
 */
#ifndef TESTS_JBD2_MEDIUM_H
#define TESTS_JBD2_MEDIUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	JM_BLOCK = 1024,
	JM_BLOCKS = 1100,
	JM_BYTES = JM_BLOCK * JM_BLOCKS,
	JM_TABLE = 5,
	JM_INODE = 256,
	JM_ROOT = 9,
	JM_JOURNAL = 20,
	JM_JOURNAL_BLOCKS = 1024,
	JM_DATA = 1050,
	JM_HEAD_CHECKSUM = 0xfc,
};

enum jm_kind { JM_PLAIN, JM_V1, JM_V2, JM_V3 };

/* The second word of a block of the log. */
enum { JM_DESCRIPTOR = 1, JM_COMMIT = 2, JM_SUPERBLOCK = 4, JM_REVOKE = 5 };

#define JM_MAGIC UINT32_C(0xc03b3998)

static inline void jm_le(uint8_t *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static inline void jm_be(uint8_t *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static inline uint32_t jm_get(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* CRC-32C, lowest bit first, without inversions. */
static inline uint32_t jm_crc32c(uint32_t crc, const uint8_t *data, size_t size)
{
	static uint32_t table[256];

	for (uint32_t i = table[255] == 0 ? 0 : 256; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78 : 0);
	}
	for (size_t i = 0; i < size; i++)
		crc = table[(crc ^ data[i]) & 0xff] ^ crc >> 8;
	return crc;
}

/* The CRC-32 of version 1, highest bit first. */
static inline uint32_t jm_crc32(uint32_t crc, const uint8_t *data, size_t size)
{
	static uint32_t table[256];

	for (uint32_t i = table[255] == 0 ? 0 : 256; i < 256; i++) {
		table[i] = i << 24;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] << 1 ^ (table[i] >> 31 ? 0x04c11db7 : 0);
	}
	for (size_t i = 0; i < size; i++)
		crc = table[crc >> 24 ^ data[i]] ^ crc << 8;
	return crc;
}

/* A log under way. */
struct jm_log {
	uint8_t *medium;
	enum jm_kind kind;
	bool wide;
	bool async;
	uint32_t start;
	uint32_t sequence;
	uint32_t position;
	uint32_t id;
	uint32_t crc;
	uint64_t time;
};

/* A block of the journal. */
static inline uint8_t *jm_log_block(uint8_t *medium, uint32_t number)
{
	return medium + (size_t)(JM_JOURNAL + number) * JM_BLOCK;
}

static inline uint32_t jm_seed(const uint8_t *medium)
{
	return jm_crc32c(UINT32_MAX, medium + (size_t)JM_JOURNAL * JM_BLOCK + 0x30, 16);
}

static inline size_t jm_tail(enum jm_kind kind)
{
	return kind == JM_V2 || kind == JM_V3 ? 4 : 0;
}

static inline size_t jm_tag_bytes(enum jm_kind kind, bool wide)
{
	size_t narrow = kind == JM_V2 ? 10 : 8;

	return kind == JM_V3 ? 16 : narrow + (wide ? 4 : 0);
}

static inline void jm_mend_head(uint8_t *medium)
{
	uint8_t *head = jm_log_block(medium, 0);

	jm_be(head + JM_HEAD_CHECKSUM, 0, 4);
	jm_be(head + JM_HEAD_CHECKSUM, jm_crc32c(UINT32_MAX, head, JM_BLOCK), 4);
}

/* The checksum at the end of a descriptor or revoke block. */
static inline void jm_close(const uint8_t *medium, enum jm_kind kind, uint8_t *block)
{
	if (jm_tail(kind) == 0)
		return;
	jm_be(block + JM_BLOCK - 4, 0, 4);
	jm_be(block + JM_BLOCK - 4, jm_crc32c(jm_seed(medium), block, JM_BLOCK), 4);
}

/* The checksum of a data block, in its entry. */
static inline void jm_close_tag(const uint8_t *medium, enum jm_kind kind, uint32_t id, uint8_t *tag,
				const uint8_t *data)
{
	uint8_t number[4];
	uint32_t crc;

	jm_be(number, id, 4);
	crc = jm_crc32c(jm_crc32c(jm_seed(medium), number, 4), data, JM_BLOCK);
	if (kind == JM_V3)
		jm_be(tag + 12, crc, 4);
	else if (kind == JM_V2)
		jm_be(tag + 4, crc & 0xffff, 2);
}

static inline void jm_close_commit(const uint8_t *medium, enum jm_kind kind, uint8_t *block,
				   uint32_t crc)
{
	if (kind == JM_V1) {
		block[0x0c] = 1;
		block[0x0d] = 4;
		jm_be(block + 0x10, crc, 4);
	} else if (jm_tail(kind) != 0) {
		jm_be(block + 0x10, 0, 4);
		jm_be(block + 0x10, jm_crc32c(jm_seed(medium), block, JM_BLOCK), 4);
	}
}

/* Take the next block of the ring, empty. */
static inline uint8_t *jm_next(struct jm_log *log)
{
	uint8_t *block = jm_log_block(log->medium, log->position);

	memset(block, 0, JM_BLOCK);
	log->position = log->position + 1 < JM_JOURNAL_BLOCKS ? log->position + 1 : 1;
	return block;
}

static inline uint8_t *jm_begin(struct jm_log *log, uint32_t type)
{
	uint8_t *block = jm_next(log);

	jm_be(block, JM_MAGIC, 4);
	jm_be(block + 4, type, 4);
	jm_be(block + 8, log->id, 4);
	return block;
}

/* Log `count` blocks, each filled with a byte; one of 0 begins with the magic number. */
static inline void jm_descriptor(struct jm_log *log, const uint64_t *blocks, const uint8_t *fill,
				 size_t count)
{
	uint8_t *block = jm_begin(log, JM_DESCRIPTOR), *tag = block + 12;
	uint32_t first = log->position;

	for (size_t i = 0; i < count; i++) {
		unsigned flags = (i > 0 ? 2 : 0) | (i + 1 == count ? 8 : 0) | (fill[i] == 0);
		uint8_t *data = jm_next(log);

		memset(data + 4, fill[i], JM_BLOCK - 4);
		memset(data, fill[i], 4);
		jm_be(tag, blocks[i] & UINT32_MAX, 4);
		jm_be(tag + 6, flags, 2);
		if (log->wide)
			jm_be(tag + 8, blocks[i] >> 32, 4);
		jm_close_tag(log->medium, log->kind, log->id, tag, data);
		tag += jm_tag_bytes(log->kind, log->wide) + (i > 0 ? 0 : 16);
	}
	jm_close(log->medium, log->kind, block);
	log->crc = jm_crc32(log->crc, block, JM_BLOCK);
	for (size_t i = 0; i < count; i++, first = first + 1 < JM_JOURNAL_BLOCKS ? first + 1 : 1)
		log->crc = jm_crc32(log->crc, jm_log_block(log->medium, first), JM_BLOCK);
}

static inline void jm_revoke(struct jm_log *log, const uint64_t *blocks, size_t count)
{
	uint8_t *block = jm_begin(log, JM_REVOKE);
	size_t bytes = log->wide ? 8 : 4;

	jm_be(block + 12, 16 + bytes * count, 4);
	for (size_t i = 0; i < count; i++)
		jm_be(block + 16 + bytes * i, blocks[i], bytes);
	jm_close(log->medium, log->kind, block);
}

static inline void jm_commit(struct jm_log *log)
{
	uint8_t *block = jm_begin(log, JM_COMMIT);

	log->time += 5;
	jm_be(block + 0x30, log->time, 8);
	jm_close_commit(log->medium, log->kind, block, log->crc);
	log->crc = UINT32_MAX;
	log->id++;
}

static inline void jm_make_super(uint8_t *medium, bool wide)
{
	uint8_t *super = medium + JM_BLOCK, *group = medium + (size_t)2 * JM_BLOCK;

	jm_le(super + 0x00, 16, 4);
	jm_le(super + 0x04, JM_BLOCKS, 4);
	jm_le(super + 0x14, 1, 4);
	jm_le(super + 0x20, 8192, 4);
	jm_le(super + 0x24, 8192, 4);
	jm_le(super + 0x28, 16, 4);
	jm_le(super + 0x38, 0xef53, 2);
	jm_le(super + 0x3a, 1, 2);
	jm_le(super + 0x4c, 1, 4);
	jm_le(super + 0x54, 11, 4);
	jm_le(super + 0x58, JM_INODE, 2);
	jm_le(super + 0x5c, 0x4, 4);
	jm_le(super + 0x60, 0x46 | (wide ? 0x80 : 0), 4);
	jm_le(super + 0xe0, 8, 4);
	jm_le(super + 0xfe, wide ? 64 : 32, 2);
	jm_le(group, 3, 4);
	jm_le(group + 4, 4, 4);
	jm_le(group + 8, JM_TABLE, 4);
	jm_le(group + 12, 30, 2);
	jm_le(group + 14, 5, 2);
}

/* An inode with one extent. */
static inline void jm_make_inode(uint8_t *medium, uint32_t number, uint32_t mode, uint32_t block,
				 uint32_t count)
{
	uint8_t *raw = medium + (size_t)JM_TABLE * JM_BLOCK + (size_t)(number - 1) * JM_INODE;

	jm_le(raw, mode, 2);
	jm_le(raw + 0x04, (uint64_t)count * JM_BLOCK, 4);
	jm_le(raw + 0x1a, 1, 2);
	jm_le(raw + 0x20, 0x80000, 4);
	jm_le(raw + 0x28, 0xf30a, 2);
	jm_le(raw + 0x2a, 1, 2);
	jm_le(raw + 0x2c, 4, 2);
	jm_le(raw + 0x38, count, 2);
	jm_le(raw + 0x3c, block, 4);
}

static inline void jm_make_root(uint8_t *medium)
{
	uint8_t *block = medium + (size_t)JM_ROOT * JM_BLOCK;

	jm_le(block, 2, 4);
	jm_le(block + 4, 12, 2);
	memcpy(block + 6, "\1\2.", 3);
	jm_le(block + 12, 2, 4);
	jm_le(block + 16, JM_BLOCK - 12, 2);
	memcpy(block + 18, "\2\2..", 4);
}

/* Make the file system in JM_BYTES of memory, with an empty log. */
static inline void jm_make(struct jm_log *log)
{
	uint8_t *head = jm_log_block(log->medium, 0);

	memset(log->medium, 0, JM_BYTES);
	jm_make_super(log->medium, log->wide);
	jm_make_root(log->medium);
	jm_make_inode(log->medium, 2, 0x41ed, JM_ROOT, 1);
	jm_make_inode(log->medium, 8, 0x8180, JM_JOURNAL, JM_JOURNAL_BLOCKS);
	memset(log->medium + (size_t)JM_DATA * JM_BLOCK, '.', (size_t)20 * JM_BLOCK);
	jm_be(head, JM_MAGIC, 4);
	jm_be(head + 0x04, JM_SUPERBLOCK, 4);
	jm_be(head + 0x0c, JM_BLOCK, 4);
	jm_be(head + 0x10, JM_JOURNAL_BLOCKS, 4);
	jm_be(head + 0x14, 1, 4);
	jm_be(head + 0x18, log->sequence, 4);
	jm_be(head + 0x1c, log->start, 4);
	jm_be(head + 0x24, log->kind == JM_V1, 4);
	jm_be(head + 0x28,
	      (log->wide ? 2 : 0) | (log->async ? 4 : 0) | (log->kind == JM_V2 ? 8 : 0) |
		      (log->kind == JM_V3 ? 16 : 0),
	      4);
	memset(head + 0x30, 0x5e, 16);
	head[0x50] = jm_tail(log->kind) != 0 ? 4 : 0;
	if (jm_tail(log->kind) != 0)
		jm_mend_head(log->medium);
	log->position = log->start;
	log->id = log->sequence;
	log->crc = UINT32_MAX;
	log->time = 1700000000;
}

/*
 * Three transactions: copies of blocks 0 to 2, then 3, 4 and 2 with 0 and 9
 * revoked, then 4 and 9 with 4 and 3 revoked (all counted from JM_DATA). Of
 * block 4 nothing is left in the end, of 0 and 3 neither.
 */
static inline void jm_three(struct jm_log *log)
{
	const uint64_t first[] = { JM_DATA, JM_DATA + 1, JM_DATA + 2 };
	const uint64_t second[] = { JM_DATA + 3 }, third[] = { JM_DATA + 4, JM_DATA + 2 };
	const uint64_t last[] = { JM_DATA + 4, JM_DATA + 9 };
	const uint64_t revoked[] = { JM_DATA, JM_DATA + 9 };
	const uint64_t revoked_last[] = { JM_DATA + 4, JM_DATA + 3 };

	jm_descriptor(log, first, (const uint8_t *)"a\0c", 3);
	jm_commit(log);
	jm_descriptor(log, second, (const uint8_t *)"d", 1);
	jm_revoke(log, revoked, 2);
	jm_descriptor(log, third, (const uint8_t *)"ef", 2);
	jm_commit(log);
	jm_revoke(log, revoked_last, 2);
	jm_descriptor(log, last, (const uint8_t *)"gh", 2);
	jm_commit(log);
}

/* What blocks 0 to 9 hold after `transactions` of the three; 0 stands for the magic number. */
static inline const char *jm_after(unsigned transactions)
{
	static const char states[4][11] = {
		"..........",
		"a\0c.......",
		".\0fde.....",
		".\0f......h",
	};

	return states[transactions];
}

#endif
