/* SPDX-License-Identifier: MIT */
/* The images that ext4_images.sh makes, as sources and opened by one reader. */
#ifndef EXT4_MEDIUM_H
#define EXT4_MEDIUM_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "fs/fs.h"
#include "source/source.h"

static inline const char *in_folder(const char *name)
{
	static char path[STMBOOT_FS_PATH_BYTES];
	const char *folder = getenv("STMBOOT_EXT4_IMAGES");

	cr_assert_not_null(folder, "run through ext4_images.sh");
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* An image with a cache before it, and one reader. */
struct medium {
	struct stmboot_context *ctx;
	struct stmboot_source *file;
	struct stmboot_source *cache;
	struct stmboot_fs *fs;
};

static inline void medium_open(struct medium *m, const char *name)
{
	char file[64];

	*m = (struct medium){ .fs = NULL };
	snprintf(file, sizeof(file), "%s.img", name);
	cr_assert_eq(stmboot_context_new(NULL, &m->ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_open_file(m->ctx, in_folder(file), &m->file), STMBOOT_OK);
	cr_assert_eq(sb_source_cache(m->ctx, m->file, NULL, &m->cache), STMBOOT_OK);
}

static inline void open_linux(struct medium *m, const char *name)
{
	medium_open(m, name);
	cr_assert_eq(stmboot_fs_open_linux(m->ctx, m->cache, &m->fs), STMBOOT_OK, "%s", name);
}

static inline void open_uboot(struct medium *m, const char *name)
{
	medium_open(m, name);
	cr_assert_eq(stmboot_fs_open_uboot(m->ctx, m->cache, &m->fs), STMBOOT_OK, "%s", name);
}

static inline void medium_close(struct medium *m)
{
	stmboot_fs_close(m->fs);
	stmboot_source_close(m->cache);
	stmboot_source_close(m->file);
	stmboot_context_free(m->ctx);
}

#endif
