/* SPDX-License-Identifier: MIT */
/*
 * A folder of its own to extract into, beside one that must not change, and
 * small file systems in memory to extract from.
 */
#ifndef EXTRACT_BENCH_H
#define EXTRACT_BENCH_H

#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../fuzz/ext4_image.h"
#include "extract/extract.h"
#include "folder.h"

enum { BENCH_PATH = 128 };

struct bench {
	struct folder folder; /* out/ to extract into, outside/ with a file that stays */
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_fs *fs;
	struct stmboot_refusal why;
	const struct stmboot_extract_result *result;
	uint8_t medium[MEDIUM];
};

static const char bench_outside[] = "nobody writes here\n";

static inline const char *bench_path(const struct bench *b, const char *name)
{
	static char paths[4][BENCH_PATH];
	static unsigned next;
	char *path = paths[next++ % 4];

	cr_assert_lt(snprintf(path, BENCH_PATH, "%s/%s", b->folder.path, name), BENCH_PATH);
	return path;
}

static inline void bench_folder(struct bench *b)
{
	b->folder = folder_new();
	cr_assert_eq(mkdir(bench_path(b, "out"), 0755), 0);
	cr_assert_eq(mkdir(bench_path(b, "outside"), 0755), 0);
	folder_write(&b->folder, "outside/file", bench_outside, sizeof(bench_outside) - 1);
}

/* Read a file of the bench into memory that stays until the next call; how long it is, or -1. */
static inline long bench_read(const struct bench *b, const char *name, char **data)
{
	static char buffer[1 << 20];
	FILE *file = fopen(bench_path(b, name), "rb");
	size_t size;

	if (file == NULL)
		return -1;
	size = fread(buffer, 1, sizeof(buffer), file);
	fclose(file);
	*data = buffer;
	return (long)size;
}

static inline bool bench_holds(const struct bench *b, const char *name, const void *data,
			       size_t size)
{
	char *found = NULL;

	return bench_read(b, name, &found) == (long)size && memcmp(found, data, size) == 0;
}

static inline bool bench_is_there(const struct bench *b, const char *name)
{
	struct stat st;

	return lstat(bench_path(b, name), &st) == 0;
}

/* All names in the folder and what a `find` says of them, one a line, sorted. */
static inline const char *bench_find(const struct bench *b, const char *where, const char *format)
{
	static char text[1 << 18];
	char command[1024];
	size_t size;
	FILE *said;

	snprintf(command, sizeof(command), "cd %s && find . -printf '%s\\n' | LC_ALL=C sort",
		 bench_path(b, where), format);
	said = popen(command, "r");
	cr_assert_not_null(said);
	size = fread(text, 1, sizeof(text) - 1, said);
	text[size] = '\0';
	cr_assert_eq(pclose(said), 0);
	return text;
}

/* Is all outside as it was: one regular file with its content? */
static inline bool bench_outside_is_same(const struct bench *b)
{
	struct dirent **names;
	int count = scandir(bench_path(b, "outside"), &names, NULL, alphasort);
	struct stat st;

	for (int i = 0; i < count; i++)
		free(names[i]);
	if (count >= 0)
		free(names);
	return count == 3 && lstat(bench_path(b, "outside/file"), &st) == 0 &&
	       S_ISREG(st.st_mode) && st.st_nlink == 1 && (st.st_mode & 07777) == 0644 &&
	       bench_holds(b, "outside/file", bench_outside, sizeof(bench_outside) - 1);
}

/* Open what b->medium holds; it may be patched before. */
static inline void bench_open(struct bench *b, struct stmboot_context *ctx)
{
	b->ctx = ctx;
	cr_assert_eq(stmboot_source_from_memory(ctx, b->medium, MEDIUM, &b->src), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_open_linux(ctx, b->src, &b->fs), STMBOOT_OK);
}

static inline void bench_close(struct bench *b)
{
	stmboot_extract_free(b->result);
	b->result = NULL;
	stmboot_fs_close(b->fs);
	stmboot_source_close(b->src);
	b->fs = NULL;
	b->src = NULL;
}

static inline const struct stmboot_extract_trouble *
bench_trouble(const struct stmboot_extract_result *result, const char *path)
{
	for (size_t i = 0; result != NULL && i < result->trouble_count; i++)
		if (strcmp(result->troubles[i].path, path) == 0)
			return &result->troubles[i];
	return NULL;
}

#endif
