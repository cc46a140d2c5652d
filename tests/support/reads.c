/* SPDX-License-Identifier: MIT */
/*
 * To be loaded before the libraries of stmboot: an image whose reads do not give what was
 * asked for. STMBOOT_READS_OF is its path, and STMBOOT_READS says what happens from which
 * read on, counted from 1 in this process and those that it starts:
 *
 *	"short N"        that one gives half of the bytes; "shorter N": so do all after it
 *	"interrupted N"  a signal breaks off that one and two more
 *	"ended N"        the file ends in the middle of what that one asks for
 *	"changed N"      all bits are others
 *
 * The file itself stays as it is: who decodes an image may not write to it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INTERRUPTIONS = 3 };

static struct {
	char what[16];
	long at;
	long count;
	bool has_image;
	dev_t device;
	ino_t inode;
	off_t end; /* 0: where it is */
} trouble;

static ssize_t (*real_pread)(int, void *, size_t, off_t);
static off_t (*real_lseek)(int, off_t, int);
static int (*real_fstat)(int, struct stat *);

/* What is looked up later might need memory that the test refuses. */
__attribute__((constructor)) static void prepare(void)
{
	const char *what = getenv("STMBOOT_READS"), *path = getenv("STMBOOT_READS_OF");
	struct stat st;

	*(void **)&real_pread = dlsym(RTLD_NEXT, "pread64");
	*(void **)&real_lseek = dlsym(RTLD_NEXT, "lseek64");
	*(void **)&real_fstat = dlsym(RTLD_NEXT, "fstat64");
	if (what == NULL || path == NULL || stat(path, &st) != 0 ||
	    sscanf(what, "%15s %ld", trouble.what, &trouble.at) != 2)
		return;
	trouble.has_image = true;
	trouble.device = st.st_dev;
	trouble.inode = st.st_ino;
}

static bool is_image(int file)
{
	struct stat st;

	return trouble.has_image && real_fstat(file, &st) == 0 && st.st_dev == trouble.device &&
	       st.st_ino == trouble.inode;
}

static bool is(const char *what)
{
	return strcmp(trouble.what, what) == 0;
}

static ssize_t read_to_end(int file, void *buffer, size_t size, off_t offset)
{
	if (trouble.end == 0)
		trouble.end = offset + (off_t)(size / 2);
	if (offset >= trouble.end)
		return 0;
	if (trouble.end - offset < (off_t)size)
		size = (size_t)(trouble.end - offset);
	return real_pread(file, buffer, size, offset);
}

static ssize_t read_changed(int file, void *buffer, size_t size, off_t offset)
{
	ssize_t got = real_pread(file, buffer, size, offset);

	for (ssize_t i = 0; i < got; i++)
		((uint8_t *)buffer)[i] ^= 0xff;
	return got;
}

ssize_t pread(int file, void *buffer, size_t size, off_t offset)
{
	long number;

	if (!is_image(file))
		return real_pread(file, buffer, size, offset);
	number = ++trouble.count;
	if (number < trouble.at)
		return real_pread(file, buffer, size, offset);
	if (is("ended"))
		return read_to_end(file, buffer, size, offset);
	if (is("changed"))
		return read_changed(file, buffer, size, offset);
	if (is("interrupted") && number < trouble.at + INTERRUPTIONS) {
		errno = EINTR;
		return -1;
	}
	if (is("shorter") || (is("short") && number == trouble.at))
		size = (size + 1) / 2;
	return real_pread(file, buffer, size, offset);
}

int fstat(int file, struct stat *st)
{
	int result = real_fstat(file, st);

	if (result == 0 && trouble.end != 0 && is_image(file))
		st->st_size = trouble.end;
	return result;
}

off_t lseek(int file, off_t offset, int whence)
{
	off_t at;

	if (trouble.end == 0 || !is_image(file))
		return real_lseek(file, offset, whence);
	if (offset >= trouble.end && (whence == SEEK_DATA || whence == SEEK_HOLE)) {
		errno = ENXIO;
		return -1;
	}
	at = real_lseek(file, offset, whence);
	if (at > trouble.end && whence == SEEK_HOLE)
		return trouble.end;
	if (at >= trouble.end && whence == SEEK_DATA) {
		errno = ENXIO;
		return -1;
	}
	return at;
}
