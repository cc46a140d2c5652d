/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into the program under test: UNREADABLE=OFFSET:LENGTH makes reads
 * of that range fail, as those of a worn card do.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

typedef ssize_t read_at(int, void *, size_t, off_t);

static int is_unreadable(size_t size, off_t offset)
{
	const char *text = getenv("UNREADABLE");
	char *end;
	long long first, length;

	if (text == NULL)
		return 0;
	first = strtoll(text, &end, 10);
	length = *end == ':' ? strtoll(end + 1, NULL, 10) : 0;
	return offset < first + length && first < offset + (off_t)size;
}

/* Declared as what the C library calls it where files may be large: pread64(). */
ssize_t pread(int fd, void *to, size_t size, off_t offset)
{
	read_at *next;

	if (is_unreadable(size, offset)) {
		errno = EIO;
		return -1;
	}
	*(void **)&next = dlsym(RTLD_NEXT, "pread64");
	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "pread");
	return next(fd, to, size, offset);
}
