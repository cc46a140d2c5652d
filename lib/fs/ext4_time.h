/* SPDX-License-Identifier: MIT */
/* Times in an inode. */
#ifndef SB_FS_EXT4_TIME_H
#define SB_FS_EXT4_TIME_H

#include <stddef.h>
#include <stdint.h>

struct sb_ext4_time {
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
};

/* Which of them. */
enum {
	SB_EXT4_ACCESSED = 1,
	SB_EXT4_CHANGED = 2, /* the inode */
	SB_EXT4_MODIFIED = 4,
	SB_EXT4_CREATED = 8,
};

/*
 * Set some times of a raw inode of `size` bytes. Where it has no room for the
 * upper bits a time is cut to what 32 bits hold, as Linux does; where there is
 * none for the time of creation, that is left out.
 */
void sb_ext4_put_time(void *raw, size_t size, unsigned which, struct sb_ext4_time time);

/* One time of a raw inode. */
struct sb_ext4_time sb_ext4_get_time(const void *raw, size_t size, unsigned which);

#endif
