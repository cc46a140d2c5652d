/* SPDX-License-Identifier: MIT */
#include "source/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/context.h"
#include "source/source.h"

enum {
	NO_FILE = -1,
	MAX_TARGET_BYTES = PATH_MAX,
	MAX_VALUE_BYTES = 64 << 10, /* Linux: XATTR_SIZE_MAX, and the same for the list of names */
};

struct sb_folder {
	struct stmboot_context *ctx;
	int file;
};

static enum stmboot_status status_of_errno(void)
{
	return errno == ENOENT || errno == ENOTDIR ? STMBOOT_NOT_FOUND : STMBOOT_IO;
}

static int open_again(int folder, const char *name, int flags)
{
	int file;

	do
		file = openat(folder, name, flags | O_CLOEXEC);
	while (file < 0 && errno == EINTR);
	return file;
}

static void close_file(int file)
{
	int error = errno;

	(void)close(file);
	errno = error;
}

static enum stmboot_status folder_new(struct stmboot_context *ctx, int file, struct sb_folder **out)
{
	struct sb_folder *folder = sb_alloc(ctx, sizeof(*folder));

	if (folder == NULL)
		return STMBOOT_NO_MEMORY;
	*folder = (struct sb_folder){ .ctx = ctx, .file = file };
	*out = folder;
	return STMBOOT_OK;
}

void sb_folder_close(struct sb_folder *folder)
{
	if (folder == NULL)
		return;
	close_file(folder->file);
	sb_free(folder->ctx, folder);
}

static enum sb_folder_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return SB_FOLDER_DIRECTORY;
	case S_IFLNK:
		return SB_FOLDER_LINK;
	case S_IFCHR:
		return SB_FOLDER_CHAR_DEVICE;
	case S_IFBLK:
		return SB_FOLDER_BLOCK_DEVICE;
	case S_IFIFO:
		return SB_FOLDER_FIFO;
	case S_IFSOCK:
		return SB_FOLDER_SOCKET;
	default:
		return SB_FOLDER_FILE;
	}
}

static void describe(const struct stat *st, struct sb_folder_entry *entry)
{
	entry->type = type_of(st->st_mode);
	entry->mode = st->st_mode & 07777;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	entry->size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
	entry->major = major(st->st_rdev);
	entry->minor = minor(st->st_rdev);
	entry->accessed_seconds = st->st_atim.tv_sec;
	entry->accessed_nanoseconds = (uint32_t)st->st_atim.tv_nsec;
	entry->modified_seconds = st->st_mtim.tv_sec;
	entry->modified_nanoseconds = (uint32_t)st->st_mtim.tv_nsec;
}

/* Of a file that the kernel makes up while it is read, as in /proc, it says 0 bytes. */
static bool has_size(int file, const struct stat *st)
{
	uint8_t byte;

	return !S_ISREG(st->st_mode) || st->st_size != 0 || pread(file, &byte, 1, 0) <= 0;
}

/* What an open file is: it is the caller's only when it is neither. */
static enum stmboot_status take_file(struct stmboot_context *ctx, int file,
				     const struct sb_folder_entry *entry,
				     struct stmboot_source **content, struct sb_folder **folder)
{
	enum stmboot_status status = STMBOOT_OK;

	if (entry->type == SB_FOLDER_FILE)
		status = sb_source_from_fd(ctx, file, content);
	else if (entry->type == SB_FOLDER_DIRECTORY)
		status = folder_new(ctx, file, folder);
	else
		close_file(file);
	if (status != STMBOOT_OK)
		close_file(file);
	return status;
}

enum stmboot_status sb_folder_open(struct sb_arena *arena, const char *path,
				   struct sb_folder_entry *entry, struct stmboot_source **content,
				   struct sb_folder **folder)
{
	struct stat st;
	int file;

	*content = NULL;
	*folder = NULL;
	*entry = (struct sb_folder_entry){ .name = sb_arena_strdup(arena, path) };
	if (entry->name == NULL)
		return STMBOOT_NO_MEMORY;
	/* O_NONBLOCK: a pipe without a writer must not hang. */
	file = open_again(AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
	if (file < 0)
		return status_of_errno();
	if (fstat(file, &st) != 0) {
		close_file(file);
		return STMBOOT_IO;
	}
	if (!has_size(file, &st)) {
		close_file(file);
		return STMBOOT_UNSUPPORTED;
	}
	describe(&st, entry);
	return take_file(arena->ctx, file, entry, content, folder);
}

enum stmboot_status sb_folder_open_below(struct sb_folder *top, const char *path,
					 struct sb_folder **out)
{
	int file = open_again(top->file, ".", O_RDONLY | O_DIRECTORY);
	enum stmboot_status status;

	while (file >= 0 && *path != '\0') {
		char name[NAME_MAX + 1];
		size_t length = strcspn(path, "/");
		int next = NO_FILE;

		errno = ENAMETOOLONG;
		if (length < sizeof(name)) {
			memcpy(name, path, length);
			name[length] = '\0';
			next = open_again(file, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		}
		close_file(file);
		file = next;
		path += length;
		path += strspn(path, "/");
	}
	if (file < 0)
		return status_of_errno();
	status = folder_new(top->ctx, file, out);
	if (status != STMBOOT_OK)
		close_file(file);
	return status;
}

static enum stmboot_status read_target(const struct sb_folder *folder, struct sb_arena *arena,
				       struct sb_folder_entry *entry)
{
	char target[MAX_TARGET_BYTES];
	ssize_t length = readlinkat(folder->file, entry->name, target, sizeof(target));

	if (length < 0)
		return status_of_errno();
	entry->target = sb_arena_strndup(arena, target, (size_t)length);
	return entry->target != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

struct list {
	struct sb_folder_entry *entries;
	size_t count;
	size_t capacity;
};

static enum stmboot_status add_entry(const struct sb_folder *folder, struct sb_arena *arena,
				     const char *name, struct list *list)
{
	struct sb_folder_entry *entry =
		sb_arena_push(arena, &list->entries, &list->count, &list->capacity, sizeof(*entry));
	struct stat st;

	if (entry == NULL)
		return STMBOOT_NO_MEMORY;
	if (fstatat(folder->file, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return status_of_errno();
	describe(&st, entry);
	entry->name = sb_arena_strdup(arena, name);
	if (entry->name == NULL)
		return STMBOOT_NO_MEMORY;
	return entry->type == SB_FOLDER_LINK ? read_target(folder, arena, entry) : STMBOOT_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct sb_folder_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static enum stmboot_status read_names(const struct sb_folder *folder, DIR *names,
				      struct sb_arena *arena, struct list *list)
{
	enum stmboot_status status = STMBOOT_OK;
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(names); /* no other thread reads from this stream */
		if (entry != NULL && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			status = add_entry(folder, arena, entry->d_name, list);
	} while (entry != NULL && status == STMBOOT_OK);
	return status == STMBOOT_OK && errno != 0 ? STMBOOT_IO : status;
}

enum stmboot_status sb_folder_list(struct sb_folder *folder, struct sb_arena *arena,
				   struct sb_folder_entry **entries, size_t *count)
{
	int file = open_again(folder->file, ".", O_RDONLY | O_DIRECTORY);
	DIR *names = file >= 0 ? fdopendir(file) : NULL;
	struct list list = { .count = 0 };
	enum stmboot_status status;
	int error;

	if (names == NULL) {
		status = status_of_errno();
		if (file >= 0)
			close_file(file);
		return status;
	}
	status = read_names(folder, names, arena, &list);
	error = errno;
	(void)closedir(names);
	errno = error;
	if (status != STMBOOT_OK)
		return status;
	if (list.count > 1)
		qsort(list.entries, list.count, sizeof(*list.entries), by_name);
	*entries = list.entries;
	*count = list.count;
	return STMBOOT_OK;
}

enum stmboot_status sb_folder_open_file(struct sb_folder *folder, const char *name,
					struct stmboot_source **out)
{
	int file = open_again(folder->file, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
	enum stmboot_status status;
	struct stat st;

	if (file < 0)
		return errno == ELOOP ? STMBOOT_CONFLICT : status_of_errno();
	if (fstat(file, &st) != 0)
		status = STMBOOT_IO;
	else if (!S_ISREG(st.st_mode))
		status = STMBOOT_CONFLICT;
	else if (!has_size(file, &st))
		status = STMBOOT_UNSUPPORTED;
	else
		status = sb_source_from_fd(folder->ctx, file, out);
	if (status != STMBOOT_OK)
		close_file(file);
	return status;
}

/* Attributes of one inode, by what a path in /proc leads to. */
struct attributes {
	char path[32];
	char *names; /* one behind the other, each with its NUL */
	size_t size;
	const char **sorted;
	size_t count;
	uint8_t *value;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum stmboot_status list_attributes(struct attributes *list, struct sb_arena *arena)
{
	ssize_t size;

	list->names = sb_arena_alloc(arena, MAX_VALUE_BYTES);
	list->value = sb_arena_alloc(arena, MAX_VALUE_BYTES);
	if (arena->failed)
		return STMBOOT_NO_MEMORY;
	size = listxattr(list->path, list->names, MAX_VALUE_BYTES);
	if (size < 0)
		return errno == ENOTSUP ? STMBOOT_OK : STMBOOT_IO;
	list->size = (size_t)size;
	for (size_t at = 0; at < list->size; at += strlen(list->names + at) + 1)
		list->count++;
	list->sorted = sb_arena_array(arena, list->count, sizeof(const char *));
	if (list->sorted == NULL)
		return STMBOOT_NO_MEMORY;
	list->count = 0;
	for (size_t at = 0; at < list->size; at += strlen(list->names + at) + 1)
		list->sorted[list->count++] = list->names + at;
	if (list->count > 1)
		qsort(list->sorted, list->count, sizeof(const char *), by_text);
	return STMBOOT_OK;
}

static enum stmboot_status visit_attributes(int file, struct sb_arena *arena,
					    sb_folder_visit *visit, void *user)
{
	struct attributes list = { .count = 0 };
	enum stmboot_status status;

	(void)snprintf(list.path, sizeof(list.path), "/proc/self/fd/%d", file);
	status = list_attributes(&list, arena);
	for (size_t i = 0; i < list.count && status == STMBOOT_OK; i++) {
		ssize_t size = getxattr(list.path, list.sorted[i], list.value, MAX_VALUE_BYTES);

		status = size < 0 ? STMBOOT_IO
				  : visit(user, list.sorted[i], list.value, (size_t)size);
	}
	return status;
}

/* O_PATH: also a link itself has attributes, and a device need not be opened for them. */
enum stmboot_status sb_folder_attributes(struct stmboot_context *ctx, struct sb_folder *folder,
					 const char *name, sb_folder_visit *visit, void *user)
{
	int file = folder != NULL ? open_again(folder->file, name, O_PATH | O_NOFOLLOW)
				  : open_again(AT_FDCWD, name, O_PATH);
	struct sb_arena arena;
	enum stmboot_status status;

	if (file < 0)
		return status_of_errno();
	sb_arena_init(&arena, ctx);
	status = visit_attributes(file, &arena, visit, user);
	sb_arena_release(&arena);
	close_file(file);
	return status;
}
