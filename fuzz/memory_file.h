/* SPDX-License-Identifier: MIT */
/*
 * A file in memory, for what begins with a path. It has a name, as that path is
 * resolved to where the file really is.
 */
#ifndef FUZZ_MEMORY_FILE_H
#define FUZZ_MEMORY_FILE_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char memory_path[64];

static inline void memory_file_remove(void)
{
	(void)unlink(memory_path);
}

/* Let the file hold these bytes; its path, which stays the same. */
static inline const char *memory_file(const uint8_t *bytes, size_t size)
{
	int fd;

	if (memory_path[0] == '\0') {
		(void)snprintf(memory_path, sizeof(memory_path), "%s/stmboot-fuzz-%ld",
			       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
		(void)atexit(memory_file_remove);
	}
	fd = open(memory_path, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)size) != 0 ||
	    pwrite(fd, bytes, size, 0) != (ssize_t)size)
		abort();
	(void)close(fd);
	return memory_path;
}

#endif
