/* SPDX-License-Identifier: MIT */
/* Are two views of a file system the same tree? */
#ifndef EXT4_COMPARE_H
#define EXT4_COMPARE_H

#include <string.h>

#include "ext4_medium.h"

static inline bool content_is(struct stmboot_fs *fs, const char *path, const uint8_t *data,
			      size_t size)
{
	struct stmboot_source *src;
	uint8_t *found;
	bool equal;

	if (stmboot_fs_open(fs, path, &src) != STMBOOT_OK)
		return false;
	found = malloc(size + 1);
	cr_assert_not_null(found);
	equal = stmboot_source_size(src) == size &&
		(size == 0 || stmboot_source_read(src, 0, found, size) == STMBOOT_OK) &&
		memcmp(found, data, size) == 0;
	free(found);
	stmboot_source_close(src);
	return equal;
}

static inline bool is_seen(struct stmboot_fs *fs, const char *path)
{
	struct stmboot_fs_node node;

	return stmboot_fs_stat(fs, path, false, &node) == STMBOOT_OK;
}

/* Two views of a tree, of which one file, or a directory with all in it, may differ. */
struct trees {
	struct stmboot_fs *before;
	struct stmboot_fs *after;
	const char *path; /* of the folder */
	const char *changed;
	const char *passed_over; /* a directory, or NULL */
	size_t names;
	size_t differences;
};

static inline bool nodes_equal(const struct stmboot_fs_node *a, const struct stmboot_fs_node *b,
			       bool is_changed)
{
	return a->type == b->type && a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       a->links == b->links && a->mtime == b->mtime && a->flags == b->flags &&
	       (is_changed || (a->inode == b->inode && a->size == b->size));
}

static inline bool contents_equal(struct trees *trees, const char *path)
{
	struct stmboot_source *src;
	uint64_t size;
	uint8_t *data;
	bool equal;

	cr_assert_eq(stmboot_fs_open(trees->before, path, &src), STMBOOT_OK);
	size = stmboot_source_size(src);
	data = malloc((size_t)size + 1);
	cr_assert_not_null(data);
	cr_assert(size == 0 || stmboot_source_read(src, 0, data, (size_t)size) == STMBOOT_OK);
	equal = content_is(trees->after, path, data, (size_t)size);
	free(data);
	stmboot_source_close(src);
	return equal;
}

static inline bool compare_entry(void *user, const struct stmboot_fs_entry *entry)
{
	struct trees *trees = user;
	struct stmboot_fs_node before, after;
	char path[STMBOOT_FS_PATH_BYTES];
	struct trees below = *trees;
	bool is_changed, equal;

	snprintf(path, sizeof(path), "%s/%s", trees->path, entry->name);
	if (trees->passed_over != NULL && strcmp(path, trees->passed_over) == 0)
		return true;
	if (strcmp(entry->name, "..") == 0) /* it is seen where it is */
		return true;
	trees->names++;
	is_changed = strcmp(path, trees->changed) == 0;
	cr_assert_eq(stmboot_fs_stat(trees->before, path, false, &before), STMBOOT_OK);
	equal = stmboot_fs_stat(trees->after, path, false, &after) == STMBOOT_OK &&
		nodes_equal(&before, &after, is_changed);
	if (equal && before.type == STMBOOT_FS_FILE && !is_changed)
		equal = contents_equal(trees, path);
	if (!equal)
		trees->differences++;
	if (before.type != STMBOOT_FS_DIRECTORY || entry->name[0] == '.')
		return true;
	below.path = path;
	below.names = below.differences = 0;
	cr_assert_eq(stmboot_fs_list(trees->before, path, compare_entry, &below), STMBOOT_OK);
	trees->names += below.names;
	trees->differences += below.differences;
	return true;
}

static inline size_t count_names(struct stmboot_fs *fs)
{
	struct trees trees = { .before = fs, .after = fs, .path = "", .changed = "" };

	cr_assert_eq(stmboot_fs_list(fs, "/", compare_entry, &trees), STMBOOT_OK);
	return trees.names;
}

#endif
