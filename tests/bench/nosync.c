/* SPDX-License-Identifier: MIT */
/* Loaded before libc, it leaves syncs out, to measure what an edit costs without them. */
#include <fcntl.h>
#include <unistd.h>

/* What is to be read back is dropped from the cache first; unsynced, it would be written for that.
 */
int posix_fadvise(int descriptor, off_t offset, off_t length, int advice)
{
	(void)descriptor;
	(void)offset;
	(void)length;
	(void)advice;
	return 0;
}

int fsync(int descriptor)
{
	(void)descriptor;
	return 0;
}

int fdatasync(int descriptor)
{
	(void)descriptor;
	return 0;
}

int syncfs(int descriptor)
{
	(void)descriptor;
	return 0;
}
