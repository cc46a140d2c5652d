/* SPDX-License-Identifier: MIT */
/*
 * A sticky cursor over a block in memory: a read past the end gives zero and
 * is remembered, so a decoder is a list of fields and one question at the end.
 */
#ifndef SB_BASE_CURSOR_H
#define SB_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sb_cursor {
	const uint8_t *data;
	size_t size;
	size_t position;
	bool missed; /* a read went past the end */
};

static inline struct sb_cursor sb_cursor(const void *data, size_t size)
{
	return (struct sb_cursor){ .data = data, .size = size };
}

static inline const uint8_t *sb_take(struct sb_cursor *c, size_t count)
{
	const uint8_t *at = c->data + c->position;

	if (c->missed || count > c->size - c->position) {
		c->missed = true;
		return NULL;
	}
	c->position += count;
	return at;
}

static inline void sb_skip(struct sb_cursor *c, size_t count)
{
	(void)sb_take(c, count);
}

static inline void sb_seek(struct sb_cursor *c, size_t position)
{
	if (position > c->size)
		c->missed = true;
	else
		c->position = position;
}

/* Of a number of bytes that is not known before. */
static inline uint64_t sb_le(const uint8_t *at, size_t count)
{
	uint64_t value = 0;

	for (size_t i = count; i-- > 0;)
		value = value << 8 | at[i];
	return value;
}

/* The other way: store the low `count` bytes of a number. */
static inline void sb_put_le(uint8_t *at, uint64_t value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static inline uint64_t sb_be(const uint8_t *at, size_t count)
{
	uint64_t value = 0;

	for (size_t i = 0; i < count; i++)
		value = value << 8 | at[i];
	return value;
}

/* Written out, so that compilers see one load, and a swap, in each. */
static inline uint16_t sb_get_le16(const uint8_t *at)
{
	return (uint16_t)(at[1] << 8 | at[0]);
}

static inline uint32_t sb_get_le32(const uint8_t *at)
{
	return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static inline uint64_t sb_get_le64(const uint8_t *at)
{
	return (uint64_t)sb_get_le32(at + 4) << 32 | sb_get_le32(at);
}

static inline uint16_t sb_get_be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t sb_get_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t sb_get_be64(const uint8_t *at)
{
	return (uint64_t)sb_get_be32(at) << 32 | sb_get_be32(at + 4);
}

static inline uint8_t sb_u8(struct sb_cursor *c)
{
	const uint8_t *at = sb_take(c, 1);

	return at != NULL ? *at : 0;
}

static inline uint16_t sb_le16(struct sb_cursor *c)
{
	const uint8_t *at = sb_take(c, 2);

	return at != NULL ? sb_get_le16(at) : 0;
}

static inline uint32_t sb_le32(struct sb_cursor *c)
{
	const uint8_t *at = sb_take(c, 4);

	return at != NULL ? sb_get_le32(at) : 0;
}

static inline uint64_t sb_le64(struct sb_cursor *c)
{
	const uint8_t *at = sb_take(c, 8);

	return at != NULL ? sb_get_le64(at) : 0;
}

static inline uint32_t sb_be32(struct sb_cursor *c)
{
	const uint8_t *at = sb_take(c, 4);

	return at != NULL ? sb_get_be32(at) : 0;
}

static inline uint64_t sb_be64(struct sb_cursor *c)
{
	const uint8_t *at = sb_take(c, 8);

	return at != NULL ? sb_get_be64(at) : 0;
}

/* Copy `count` bytes; zeros when they are not there. */
static inline void sb_bytes(struct sb_cursor *c, void *out, size_t count)
{
	const uint8_t *at = sb_take(c, count);

	if (at != NULL)
		memcpy(out, at, count);
	else
		memset(out, 0, count);
}

static inline bool sb_cursor_ok(const struct sb_cursor *c)
{
	return !c->missed;
}

#endif
