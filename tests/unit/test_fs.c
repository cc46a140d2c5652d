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
#include <unistd.h>

#include "../support/ext4_medium.h"
#include "../support/pace.h"

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
	for (size_t i = 0; i < IMAGES; i += pace(3)) {
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

	for (size_t i = pace_from(1); i < IMAGES; i += pace(3)) {
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

struct path_case {
	const char *name;
	const char *path;
	enum stmboot_status linux_status;
	enum stmboot_status uboot_status;
};

static const struct path_case path_cases[] = {
	{ "a plain path", "/boot/zImage", STMBOOT_OK, STMBOOT_OK },
	{ "a leading slash is optional", "boot/zImage", STMBOOT_OK, STMBOOT_OK },
	{ "slashes may be doubled", "//boot//zImage", STMBOOT_OK, STMBOOT_OK },
	{ "names are case-sensitive", "/BOOT/zImage", STMBOOT_NOT_FOUND, STMBOOT_NOT_FOUND },
	{ "U-Boot ignores a slash behind a file", "/boot/zImage/", STMBOOT_NOT_FOUND, STMBOOT_OK },
	{ "a file is no directory", "/etc/one/x", STMBOOT_NOT_FOUND, STMBOOT_NOT_FOUND },
	{ "a directory is no file", "/boot", STMBOOT_INVALID_ARGUMENT, STMBOOT_NOT_FOUND },
	{ "the root is no file", "/", STMBOOT_INVALID_ARGUMENT, STMBOOT_NOT_FOUND },
	{ "a device is no file", "/special/null", STMBOOT_INVALID_ARGUMENT, STMBOOT_NOT_FOUND },
	{ "a link to a directory", "/directory/zImage", STMBOOT_OK, STMBOOT_OK },
	{ "U-Boot cannot go through a link to /", "/root/etc/one", STMBOOT_OK, STMBOOT_NOT_FOUND },
	{ "U-Boot follows 7 links", "/link7", STMBOOT_OK, STMBOOT_OK },
	{ "U-Boot follows no 8 links", "/link8", STMBOOT_OK, STMBOOT_LIMIT },
	{ "Linux follows 40 links", "/link40", STMBOOT_OK, STMBOOT_LIMIT },
	{ "Linux follows no 41 links", "/link41", STMBOOT_LIMIT, STMBOOT_LIMIT },
	{ "a link to itself", "/loop", STMBOOT_LIMIT, STMBOOT_LIMIT },
	{ "a link to nothing", "/dangling", STMBOOT_NOT_FOUND, STMBOOT_NOT_FOUND },
	{ "links and dots", "/deep/a/b/c/up/c/up/../../../boot/slow", STMBOOT_OK, STMBOOT_OK },
	{ "the parent of the root is the root", "/../../boot/zImage", STMBOOT_OK, STMBOOT_OK },
};

static void check_path(struct medium *m, const struct path_case *c, enum stmboot_status expected)
{
	struct stmboot_source *src = NULL;
	bool has_offset;
	uint64_t offset;

	cr_expect_eq(stmboot_fs_open(m->fs, c->path, &src), expected, "%s", c->name);
	stmboot_source_close(src);
	cr_expect_eq(stmboot_fs_trouble(m->fs, &has_offset, &offset) != NULL,
		     expected != STMBOOT_OK, "%s", c->name);
}

Test(fs, paths)
{
	for (size_t i = 0; i < sizeof(path_cases) / sizeof(path_cases[0]); i++) {
		struct medium m;

		open_linux(&m, "ext4-4k");
		check_path(&m, &path_cases[i], path_cases[i].linux_status);
		medium_close(&m);
		open_uboot(&m, "ext4-4k");
		check_path(&m, &path_cases[i], path_cases[i].uboot_status);
		medium_close(&m);
	}
}

static const struct resolve_case {
	const char *path;
	const char *resolved;
} resolve_cases[] = {
	{ "", "/" },
	{ "/../..", "/" },
	{ "/boot/./absolute", "/boot/zImage" },
	{ "/boot/dots", "/boot/zImage" },
	{ "/boot/slow", "/boot/zImage" },
	{ "/directory/extlinux/../relative", "/boot/zImage" },
	{ "/deep/a/b/c/up", "/deep/a/b" },
	{ "/link5", "/etc/one" },
};

Test(fs, resolve_gives_the_final_path)
{
	for (size_t i = 0; i < 2 * sizeof(resolve_cases) / sizeof(resolve_cases[0]); i++) {
		const struct resolve_case *c = &resolve_cases[i / 2];
		char path[STMBOOT_FS_PATH_BYTES] = "";
		struct medium m;

		if (i % 2 == 0)
			open_linux(&m, "ext4-1k");
		else
			open_uboot(&m, "ext4-1k");
		cr_expect_eq(stmboot_fs_resolve(m.fs, c->path, path, sizeof(path)), STMBOOT_OK);
		cr_expect_str_eq(path, c->resolved, "%s", c->path);
		cr_expect_eq(stmboot_fs_resolve(m.fs, c->path, path, strlen(c->resolved)),
			     STMBOOT_LIMIT, "%s", c->path);
		medium_close(&m);
	}
}

Test(fs, a_removed_name_is_gone_for_linux_and_in_the_way_of_uboot)
{
	struct listing linux_names = { 0 }, uboot_names = { 0 };
	char path[STMBOOT_FS_NAME_BYTES + 8];
	struct stmboot_fs_node node;
	struct medium m;

	open_uboot(&m, "removed");
	cr_assert_eq(stmboot_fs_list(m.fs, "/many", count_entry, &uboot_names), STMBOOT_OK);
	cr_assert_gt(uboot_names.removed, 0);
	snprintf(path, sizeof(path), "/many/%s", uboot_names.removed_name);
	cr_expect_eq(stmboot_fs_stat(m.fs, path, true, &node), STMBOOT_CORRUPT);
	medium_close(&m);
	open_linux(&m, "removed");
	cr_assert_eq(stmboot_fs_list(m.fs, "/many", count_entry, &linux_names), STMBOOT_OK);
	cr_expect_eq(linux_names.removed, 0);
	cr_expect_eq(linux_names.count, 702 - 101);
	cr_expect_eq(stmboot_fs_stat(m.fs, path, true, &node), STMBOOT_NOT_FOUND);
	medium_close(&m);
}

Test(fs, what_was_never_written_is_zeros_to_linux_and_old_data_to_uboot)
{
	struct stmboot_source *src;
	struct medium m;
	uint64_t place, end;
	char text[6] = "";

	open_linux(&m, "ext4-4k");
	cr_assert_eq(stmboot_fs_open(m.fs, "/special/unwritten", &src), STMBOOT_OK);
	cr_expect_eq(stmboot_source_size(src), 32768);
	cr_expect_eq(stmboot_source_read(src, 0, text, 5), STMBOOT_OK);
	cr_expect_str_eq(text, "");
	cr_expect_not(stmboot_source_locate(src, 0, &place));
	cr_expect_eq(stmboot_source_next_data(src, 0, &place, &end), STMBOOT_NOT_FOUND);
	stmboot_source_close(src);
	medium_close(&m);
	open_uboot(&m, "ext4-4k");
	cr_assert_eq(stmboot_fs_open(m.fs, "/special/unwritten", &src), STMBOOT_OK);
	cr_expect_eq(stmboot_source_read(src, 0, text, 5), STMBOOT_OK);
	cr_expect_str_eq(text, "stale");
	cr_expect(stmboot_source_locate(src, 0, &place));
	stmboot_source_close(src);
	medium_close(&m);
}

Test(fs, nodes_tell_devices_and_flags)
{
	struct stmboot_fs_node node;
	struct medium m;

	open_linux(&m, "ext4-4k");
	cr_assert_eq(stmboot_fs_stat(m.fs, "/special/null", false, &node), STMBOOT_OK);
	cr_expect_eq(node.type, STMBOOT_FS_CHAR_DEVICE);
	cr_expect(node.device_major == 1 && node.device_minor == 3);
	cr_assert_eq(stmboot_fs_stat(m.fs, "/special/disk", false, &node), STMBOOT_OK);
	cr_expect_eq(node.type, STMBOOT_FS_BLOCK_DEVICE);
	cr_expect(node.device_major == 8 && node.device_minor == 300, "%u:%u", node.device_major,
		  node.device_minor);
	cr_assert_eq(stmboot_fs_stat(m.fs, "/special/pipe", false, &node), STMBOOT_OK);
	cr_expect_eq(node.type, STMBOOT_FS_FIFO);
	cr_assert_eq(stmboot_fs_stat(m.fs, "/boot/relative", true, &node), STMBOOT_OK);
	cr_expect_eq(node.flags, STMBOOT_FS_IMMUTABLE | STMBOOT_FS_EXTENTS);
	medium_close(&m);
	open_linux(&m, "inline-data");
	cr_assert_eq(stmboot_fs_stat(m.fs, "/etc/one", true, &node), STMBOOT_OK);
	cr_expect_eq(node.flags, STMBOOT_FS_INLINE_DATA);
	medium_close(&m);
}

Test(fs, data_ranges_lie_between_the_holes)
{
	struct stmboot_source *src;
	uint64_t start, end;
	struct medium m;

	open_linux(&m, "ext4-4k");
	cr_assert_eq(stmboot_fs_open(m.fs, "/etc/extents", &src), STMBOOT_OK);
	for (uint64_t i = 0; i < 420; i++) {
		cr_assert_eq(stmboot_source_next_data(src, i * 8192, &start, &end), STMBOOT_OK);
		cr_expect(start == i * 8192 + 4096 && end == (i + 1) * 8192);
	}
	stmboot_source_close(src);
	medium_close(&m);
}

/* A source that counts what is read from it. */
struct counter {
	struct stmboot_source *parent;
	uint64_t bytes;
};

static enum stmboot_status counter_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	struct counter *counter = self;

	counter->bytes += size;
	return stmboot_source_read(counter->parent, offset, buffer, size);
}

static uint64_t counter_size(void *self)
{
	return stmboot_source_size(((struct counter *)self)->parent);
}

Test(fs, opening_a_file_system_of_60_gib_reads_little)
{
	static const struct stmboot_source_ops ops = { .struct_size = sizeof(ops),
						       .read_at = counter_read_at,
						       .size = counter_size };
	struct counter counter;
	struct stmboot_source *counted;
	struct stmboot_fs *fs;
	struct stmboot_fs_node node;
	struct medium m;

	medium_open(&m, "large");
	counter = (struct counter){ .parent = m.file };
	cr_assert_eq(stmboot_source_new(m.ctx, &ops, &counter, &counted), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_open_uboot(m.ctx, counted, &fs), STMBOOT_OK);
	cr_expect_eq(stmboot_fs_stat(fs, "/lost+found", true, &node), STMBOOT_OK);
	cr_expect_lt(counter.bytes, 4096);
	stmboot_fs_close(fs);
	counter.bytes = 0;
	cr_assert_eq(stmboot_fs_open_linux(m.ctx, counted, &fs), STMBOOT_OK);
	cr_expect_eq(stmboot_fs_stat(fs, "/lost+found", true, &node), STMBOOT_OK);
	cr_expect_lt(counter.bytes, 65536, "%zu", (size_t)counter.bytes);
	stmboot_fs_close(fs);
	stmboot_source_close(counted);
	medium_close(&m);
}
