/* SPDX-License-Identifier: MIT */
/*
 * Both readers over real images, which ext4_images.sh makes: what they give is
 * compared with the tree that the images were made from.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cursor.h"
#include "fs/fs.h"
#include "source/source.h"

/* What U-Boot makes of an image. */
enum uboot { ALL, NO_SPARSE, NO_INLINE, NOT_ALL, NOTHING };

static const struct image {
	const char *name;
	enum uboot uboot;
} images[] = {
	{ "ext2-1k", ALL },         { "ext2-4k", NO_SPARSE },     { "ext2-plain", ALL },
	{ "ext3-1k", ALL },         { "ext4-1k", ALL },           { "ext4-2k", ALL },
	{ "ext4-4k", ALL },         { "ext4-64k", ALL },          { "uninit-bg", ALL },
	{ "seed-orphan", ALL },     { "no-flex-bg", ALL },        { "inode-128", ALL },
	{ "htree-1k", ALL },        { "htree-4k", ALL },          { "bigalloc-4k", ALL },
	{ "small-groups", ALL },    { "inline-data", NO_INLINE }, { "meta-bg", NOT_ALL },
	{ "bigalloc-1k", NOTHING },
};

enum { IMAGES = sizeof(images) / sizeof(images[0]) };

static const char *in_folder(const char *name)
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

static void medium_open(struct medium *m, const char *name)
{
	char file[64];

	*m = (struct medium){ .fs = NULL };
	snprintf(file, sizeof(file), "%s.img", name);
	cr_assert_eq(stmboot_context_new(NULL, &m->ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_open_file(m->ctx, in_folder(file), &m->file), STMBOOT_OK);
	cr_assert_eq(sb_source_cache(m->ctx, m->file, &m->cache), STMBOOT_OK);
}

static void open_linux(struct medium *m, const char *name)
{
	medium_open(m, name);
	cr_assert_eq(stmboot_fs_open_linux(m->ctx, m->cache, &m->fs), STMBOOT_OK, "%s", name);
}

static void open_uboot(struct medium *m, const char *name)
{
	medium_open(m, name);
	cr_assert_eq(stmboot_fs_open_uboot(m->ctx, m->cache, &m->fs), STMBOOT_OK, "%s", name);
}

static void medium_close(struct medium *m)
{
	stmboot_fs_close(m->fs);
	stmboot_source_close(m->cache);
	stmboot_source_close(m->file);
	stmboot_context_free(m->ctx);
}

static char *host_content(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	char *data = malloc(size + 1);

	cr_assert(file != NULL && data != NULL, "%s", path);
	cr_assert_eq(fread(data, 1, size, file), size, "%s", path);
	fclose(file);
	return data;
}

/* Is the content the host's, and does each data byte stand where locate says? */
static bool content_equal(struct medium *m, const char *path, const char *host, size_t size)
{
	struct stmboot_source *src;
	char *wanted = host_content(host, size);
	char *data = malloc(size + 1);
	bool equal = stmboot_fs_open(m->fs, path, &src) == STMBOOT_OK;

	if (equal) {
		equal = stmboot_source_size(src) == size &&
			stmboot_source_read(src, 0, data, size) == STMBOOT_OK &&
			memcmp(data, wanted, size) == 0;
		for (size_t i = 0; equal && i < size; i += 509) {
			uint64_t place;
			char byte = 0;

			if (stmboot_source_locate(src, i, &place))
				equal = stmboot_source_read(m->file, place, &byte, 1) == STMBOOT_OK;
			equal = equal && byte == wanted[i];
		}
		stmboot_source_close(src);
	}
	free(data);
	free(wanted);
	return equal;
}

static enum stmboot_fs_type host_type(mode_t mode)
{
	return S_ISREG(mode)   ? STMBOOT_FS_FILE
	       : S_ISDIR(mode) ? STMBOOT_FS_DIRECTORY
	       : S_ISLNK(mode) ? STMBOOT_FS_SYMLINK
			       : STMBOOT_FS_UNKNOWN;
}

/* The first difference between a path on the host and in the image, or NULL. */
static const char *difference(struct medium *m, const char *path, const char *host,
			      const struct stat *st)
{
	struct stmboot_fs_node node;
	char mine[STMBOOT_FS_PATH_BYTES], theirs[STMBOOT_FS_PATH_BYTES] = "";

	if (stmboot_fs_stat(m->fs, path, false, &node) != STMBOOT_OK)
		return "not found";
	if (node.type != host_type(st->st_mode) || node.mode != (st->st_mode & 07777))
		return "type or mode";
	if (node.uid != st->st_uid || node.gid != st->st_gid || node.mtime != st->st_mtime)
		return "owner or time";
	if (S_ISLNK(st->st_mode)) {
		if (readlink(host, theirs, sizeof(theirs) - 1) < 0 ||
		    stmboot_fs_readlink(m->fs, path, mine, sizeof(mine)) != STMBOOT_OK ||
		    strcmp(mine, theirs) != 0)
			return "link target";
	}
	if (S_ISREG(st->st_mode) && (node.size != (uint64_t)st->st_size ||
				     !content_equal(m, path, host, (size_t)st->st_size)))
		return "content";
	return NULL;
}

struct listing {
	size_t count;
	size_t removed;
	char removed_name[STMBOOT_FS_NAME_BYTES];
};

static bool count_entry(void *user, const struct stmboot_fs_entry *entry)
{
	struct listing *listing = user;

	listing->count++;
	if (entry->inode == 0) {
		listing->removed++;
		strcpy(listing->removed_name, entry->name);
	}
	return true;
}

/* Compare everything below a folder; `skipped` paths may differ. Returns how many do. */
static size_t compare(struct medium *m, const char *image, const char *path,
		      bool (*skipped)(const char *path, const struct stat *st))
{
	char host[STMBOOT_FS_PATH_BYTES];
	struct listing listing = { 0 };
	struct dirent **names;
	size_t differences = 0;
	int count;

	snprintf(host, sizeof(host), "%s/tree%s", getenv("STMBOOT_EXT4_IMAGES"), path);
	count = scandir(host, &names, NULL, alphasort);
	cr_assert_geq(count, 2);
	for (int i = 0; i < count; i++) {
		char child[STMBOOT_FS_PATH_BYTES], host_child[STMBOOT_FS_PATH_BYTES];
		const char *name = names[i]->d_name;
		const char *what;
		struct stat st;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
			free(names[i]);
			continue;
		}
		cr_assert(snprintf(child, sizeof(child), "%s/%s", path, name) < (int)sizeof(child));
		cr_assert(snprintf(host_child, sizeof(host_child), "%s/%s", host, name) <
			  (int)sizeof(host_child));
		cr_assert_eq(lstat(host_child, &st), 0);
		what = difference(m, child, host_child, &st);
		if (what != NULL) {
			differences++;
			cr_expect(skipped != NULL && skipped(child, &st), "%s: %s: %s", image,
				  child, what);
		}
		if (S_ISDIR(st.st_mode))
			differences += compare(m, image, child, skipped);
		free(names[i]);
	}
	free(names);
	if (differences == 0) {
		cr_expect_eq(stmboot_fs_list(m->fs, path, count_entry, &listing), STMBOOT_OK);
		/* lost+found is mke2fs's, special debugfs's */
		cr_expect(listing.count == (size_t)count ||
				  (path[0] == '\0' && listing.count <= (size_t)count + 2),
			  "%s: %s: %zu names", image, path, listing.count);
	}
	return differences;
}

Test(fs, linux_gives_what_was_put_in)
{
	for (size_t i = 0; i < IMAGES; i++) {
		struct medium m;

		open_linux(&m, images[i].name);
		cr_expect_eq(compare(&m, images[i].name, "", NULL), 0, "%s", images[i].name);
		medium_close(&m);
	}
}

static bool never(const char *path, const struct stat *st)
{
	(void)path;
	(void)st;
	return false;
}

static bool sparse(const char *path, const struct stat *st)
{
	(void)st;
	return strcmp(path, "/etc/sparse") == 0;
}

static bool anything(const char *path, const struct stat *st)
{
	(void)path;
	(void)st;
	return true;
}

Test(fs, uboot_gives_the_same_where_it_can)
{
	static bool (*const allowed[])(const char *, const struct stat *) = {
		[ALL] = never,
		[NO_SPARSE] = sparse,
		[NO_INLINE] = anything,
		[NOT_ALL] = anything,
	};

	for (size_t i = 0; i < IMAGES; i++) {
		struct medium m;
		size_t differences;

		if (images[i].uboot == NOTHING)
			continue;
		open_uboot(&m, images[i].name);
		differences = compare(&m, images[i].name, "", allowed[images[i].uboot]);
		cr_expect_eq(differences > 0, images[i].uboot != ALL, "%s: %zu differences",
			     images[i].name, differences);
		medium_close(&m);
	}
}
