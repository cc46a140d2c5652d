/* SPDX-License-Identifier: MIT */
/*
 * To be loaded before the libraries of stmboot: a libext2fs that a hostile image has
 * taken over. STMBOOT_TROUBLE says what it does when a file system is opened, or,
 * for "late", once the edit was written. What it may do, it reports by ending with
 * status 99. STMBOOT_TROUBLE_AT is the number of an allocation that is refused, from
 * 1, of this process and of those that it starts.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ext2fs/ext2fs.h>

enum { COULD = 99, FILES = 32, PIECE = 64 << 20, MOST = 4096 };

static bool is(const char *what)
{
	const char *trouble = getenv("STMBOOT_TROUBLE");

	return trouble != NULL && strcmp(trouble, what) == 0;
}

static void could(bool done)
{
	if (done)
		_exit(COULD);
}

/* Without an end, unless there is one. */
static void take_all_memory(void)
{
	for (int i = 0; i < MOST; i++) {
		char *piece = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);

		if (piece == MAP_FAILED)
			abort();
		piece[0] = 1;
	}
	could(true);
}

/* Whichever file is open for writing. */
static void write_to_files(void)
{
	for (int file = 3; file < FILES; file++)
		(void)!pwrite(file, "\0", 1, 0);
}

static void map_files(void)
{
	for (int file = 3; file < FILES; file++)
		could(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) != MAP_FAILED);
}

/* The other side of the wall hears what nobody says there, for a while or for ever. */
static void chatter(size_t bytes)
{
	static char nonsense[4096];
	struct stat st;

	memset(nonsense, 0xff, sizeof(nonsense));
	for (int file = 3; file < FILES; file++)
		while (bytes > 0 && fstat(file, &st) == 0 && S_ISSOCK(st.st_mode) &&
		       send(file, nonsense, sizeof(nonsense), MSG_NOSIGNAL) > 0)
			bytes -= sizeof(nonsense);
	_exit(0);
}

static void open_file(const char *path, int flags)
{
	could(path != NULL && open(path, flags, 0600) >= 0);
}

static char *volatile nothing;

static void make_trouble(void)
{
	if (is("crash"))
		*nothing = 1;
	if (is("abort"))
		abort();
	if (is("memory"))
		take_all_memory();
	if (is("socket"))
		could(socket(AF_INET, SOCK_STREAM, 0) >= 0);
	if (is("fork"))
		could(fork() >= 0);
	if (is("exec"))
		(void)execl("/bin/true", "true", (char *)NULL);
	if (is("kill"))
		could(kill(getppid(), 0) == 0);
	if (is("write"))
		write_to_files();
	if (is("map"))
		map_files();
	if (is("code"))
		could(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		      MAP_FAILED);
	if (is("renumber"))
		could(dup2(3, STDOUT_FILENO) >= 0);
	if (is("read a file"))
		open_file(getenv("STMBOOT_TROUBLE_FILE"), O_RDONLY);
	if (is("make a file"))
		open_file(getenv("STMBOOT_TROUBLE_FILE"), O_WRONLY | O_CREAT);
	if (is("chatter"))
		chatter(4096);
	if (is("flood"))
		chatter((size_t)1 << 30);
	while (is("hang"))
		continue;
}

errcode_t ext2fs_open2(const char *name, const char *options, int flags, int superblock,
		       unsigned block_size, io_manager manager, ext2_filsys *out)
{
	errcode_t (*real)(const char *, const char *, int, int, unsigned, io_manager,
			  ext2_filsys *);

	*(void **)&real = dlsym(RTLD_NEXT, "ext2fs_open2");
	make_trouble();
	return real(name, options, flags, superblock, block_size, manager, out);
}

/* The C library's own, under the names that stay when these are replaced. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static bool is_refused(void)
{
	static long count, number = -1;

	if (number < 0) {
		const char *at = getenv("STMBOOT_TROUBLE_AT");

		number = at != NULL ? strtol(at, NULL, 10) : 0;
	}
	if (number == 0 || ++count != number)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return is_refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return is_refused() ? NULL : __libc_realloc(memory, size);
}

/* The answer to who handed an edit over is longer than the wish for it. */
ssize_t recv(int socket, void *buffer, size_t size, int flags)
{
	ssize_t (*real)(int, void *, size_t, int);
	ssize_t got;

	*(void **)&real = dlsym(RTLD_NEXT, "recv");
	got = real(socket, buffer, size, flags);
	if (got > 1 && is("late"))
		abort();
	return got;
}
