/* SPDX-License-Identifier: MIT */
#include "fs/ext4_time.h"

#include <stdbool.h>

#include "base/cursor.h"

enum {
	FIRST_BYTES = 128, /* that every inode has */
	I_EXTRA_ISIZE = 0x80,
	EXTRA_BYTES = 4,
	EPOCH_BITS = 3,        /* of an extra word: what is above 32 bits of seconds */
	NANOSECONDS_SHIFT = 2, /* the rest of it */
};

static const struct {
	unsigned which;
	size_t field;
	size_t extra;
} times[] = {
	{ SB_EXT4_ACCESSED, 0x08, 0x8c },
	{ SB_EXT4_CHANGED, 0x0c, 0x84 },
	{ SB_EXT4_MODIFIED, 0x10, 0x88 },
	{ SB_EXT4_CREATED, 0x90, 0x94 },
};

enum { TIMES = sizeof(times) / sizeof(times[0]) };

static void put_le32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* The fields behind the first 128 bytes are as many as the inode says. */
static bool has_field(const uint8_t *raw, size_t size, size_t field)
{
	if (field + EXTRA_BYTES <= FIRST_BYTES)
		return true;
	return field + EXTRA_BYTES <= size &&
	       field + EXTRA_BYTES <= FIRST_BYTES + (size_t)sb_get_le16(raw + I_EXTRA_ISIZE);
}

static void put_time(uint8_t *raw, size_t size, size_t i, struct sb_ext4_time time)
{
	int64_t seconds = time.seconds, above;

	if (!has_field(raw, size, times[i].extra)) {
		seconds = seconds > INT32_MAX ? INT32_MAX : seconds;
		seconds = seconds < INT32_MIN ? INT32_MIN : seconds;
		put_le32(raw + times[i].field, (uint32_t)seconds);
		return;
	}
	above = seconds - (int32_t)(uint32_t)seconds;
	put_le32(raw + times[i].field, (uint32_t)seconds);
	put_le32(raw + times[i].extra, (uint32_t)((uint64_t)above >> 32 & EPOCH_BITS) |
					       time.nanoseconds << NANOSECONDS_SHIFT);
}

void sb_ext4_put_time(void *raw, size_t size, unsigned which, struct sb_ext4_time time)
{
	for (size_t i = 0; i < TIMES; i++)
		if ((which & times[i].which) != 0 && has_field(raw, size, times[i].field))
			put_time(raw, size, i, time);
}

struct sb_ext4_time sb_ext4_get_time(const void *raw, size_t size, unsigned which)
{
	struct sb_ext4_time time = { 0, 0 };
	const uint8_t *at = raw;

	for (size_t i = 0; i < TIMES; i++) {
		if (which != times[i].which || !has_field(at, size, times[i].field))
			continue;
		time.seconds = (int32_t)sb_get_le32(at + times[i].field);
		if (has_field(at, size, times[i].extra)) {
			uint32_t extra = sb_get_le32(at + times[i].extra);

			time.seconds += (int64_t)(extra & EPOCH_BITS) << 32;
			time.nanoseconds = extra >> NANOSECONDS_SHIFT;
		}
	}
	return time;
}
