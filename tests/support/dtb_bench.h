/* SPDX-License-Identifier: MIT */
/* A folder in which dtc makes device trees from text. */
#ifndef TESTS_DTB_BENCH_H
#define TESTS_DTB_BENCH_H

#include <string.h>

#include <stmboot/dtb.h>

#include "folder.h"

struct bench {
	struct folder folder;
	struct stmboot_context *ctx;
};

static inline struct bench open_bench(void)
{
	struct bench b = { 0 };

	need("dtc");
	b.folder = folder_new();
	cr_assert_eq(stmboot_context_new(NULL, &b.ctx), STMBOOT_OK);
	return b;
}

static inline void close_bench(struct bench *b)
{
	stmboot_context_free(b->ctx);
	folder_remove(&b->folder);
}

static inline struct stmboot_dtb *read_file(const struct bench *b, const char *name)
{
	struct stmboot_source *src = folder_open(b->ctx, &b->folder, name);
	struct stmboot_dtb *dtb;

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
	folder_write(&b->folder, file, text, strlen(text));
	snprintf(script, sizeof(script), "dtc -q %s -O dtb -o %s.dtb %s.dts", options, name, name);
	folder_run(&b->folder, script);
	snprintf(file, sizeof(file), "%s.dtb", name);
	return read_file(b, file);
}

#endif
