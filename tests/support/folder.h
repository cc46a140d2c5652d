/* SPDX-License-Identifier: MIT */
/* A folder of its own, in which real tools make what a test reads. */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include <criterion/criterion.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <stmboot/source.h>

enum { FOLDER_PATH = 80 };

struct folder {
	char path[32];
};

static inline bool is_installed(const char *tool)
{
	char command[64];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", tool);
	return system(command) == 0;
}

/* Skip the test where a tool is missing. */
static inline void need(const char *tool)
{
	if (!is_installed(tool))
		cr_skip_test("%s is not installed", tool);
}

static inline struct folder folder_new(void)
{
	struct folder folder = { .path = "/tmp/stmboot-test-XXXXXX" };

	cr_assert_not_null(mkdtemp(folder.path));
	return folder;
}

static inline void folder_remove(const struct folder *folder)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder->path);
	cr_expect_eq(system(command), 0);
}

static inline void folder_file(const struct folder *folder, const char *name,
			       char path[FOLDER_PATH])
{
	cr_assert_lt(snprintf(path, FOLDER_PATH, "%s/%s", folder->path, name), FOLDER_PATH);
}

/* Run a shell script in the folder. */
static inline void folder_run(const struct folder *folder, const char *script)
{
	char command[4096];

	snprintf(command, sizeof(command), "cd %s && { %s\n} >log 2>&1", folder->path, script);
	cr_assert_eq(system(command), 0, "%s", command);
}

static inline void folder_write(const struct folder *folder, const char *name, const void *data,
				size_t size)
{
	char path[FOLDER_PATH];
	FILE *file;

	folder_file(folder, name, path);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(data, 1, size, file), size);
	cr_assert_eq(fclose(file), 0);
}

static inline struct stmboot_source *folder_open(struct stmboot_context *ctx,
						 const struct folder *folder, const char *name)
{
	char path[FOLDER_PATH];
	struct stmboot_source *src;

	folder_file(folder, name, path);
	cr_assert_eq(stmboot_source_open_file(ctx, path, &src), STMBOOT_OK);
	return src;
}

#endif
