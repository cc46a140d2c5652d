/* SPDX-License-Identifier: MIT */
/* A folder in which dtc makes device trees from text. */
#ifndef TESTS_DTB_BENCH_H
#define TESTS_DTB_BENCH_H

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stmboot/dtb.h>

struct bench {
	char folder[32];
	struct stmboot_context *ctx;
};

static inline void need(const char *tool)
{
	char command[64];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", tool);
	if (system(command) != 0)
		cr_skip_test("%s is not installed", tool);
}

static inline struct bench open_bench(void)
{
	struct bench b = { .folder = "/tmp/stmboot-dtb-XXXXXX" };

	need("dtc");
	cr_assert_not_null(mkdtemp(b.folder));
	cr_assert_eq(stmboot_context_new(NULL, &b.ctx), STMBOOT_OK);
	return b;
}

static inline void close_bench(struct bench *b)
{
	char command[64];

	stmboot_context_free(b->ctx);
	snprintf(command, sizeof(command), "rm -r %s", b->folder);
	cr_expect_eq(system(command), 0);
}

/* Run a shell script in the folder. */
static inline void run(const struct bench *b, const char *script)
{
	char command[4096];

	snprintf(command, sizeof(command), "cd %s && { %s\n} >log 2>&1", b->folder, script);
	cr_assert_eq(system(command), 0, "%s", command);
}

static inline void write_file(const struct bench *b, const char *name, const void *data,
			      size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", b->folder, name);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(data, 1, size, file), size);
	cr_assert_eq(fclose(file), 0);
}

static inline struct stmboot_dtb *read_file(const struct bench *b, const char *name)
{
	char path[64];
	struct stmboot_source *src;
	struct stmboot_dtb *dtb;

	snprintf(path, sizeof(path), "%s/%s", b->folder, name);
	cr_assert_eq(stmboot_source_open_file(b->ctx, path, &src), STMBOOT_OK);
	cr_assert_eq(stmboot_dtb_decode(b->ctx, src, &dtb), STMBOOT_OK);
	stmboot_source_close(src);
	return dtb;
}

/* <name>.dtb of a source text, with options for dtc. */
static inline struct stmboot_dtb *compile(const struct bench *b, const char *name, const char *text,
					  const char *options)
{
	char file[32];
	char script[128];

	snprintf(file, sizeof(file), "%s.dts", name);
	write_file(b, file, text, strlen(text));
	snprintf(script, sizeof(script), "dtc -q %s -O dtb -o %s.dtb %s.dts", options, name, name);
	run(b, script);
	snprintf(file, sizeof(file), "%s.dtb", name);
	return read_file(b, file);
}

#endif
