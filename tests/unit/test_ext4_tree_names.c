/* SPDX-License-Identifier: MIT */
/* Names in the directories of real images, and what Linux, U-Boot, e2fsck and debugfs see of them.
 */
#include <malloc.h>

#include "../support/ext4_compare.h"
#include "../support/ext4_oracle.h"
#include "../support/ext4_tree.h"
#include "base/context.h"
#include "fs/ext4_htree.h"
#include "fs/ext4_tree_parts.h"

/* A name of 255 bytes. */
static const char *numbered(const char *directory, int number)
{
	static char path[STMBOOT_FS_PATH_BYTES];
	int length = snprintf(path, sizeof(path), "%s/%06d-", directory, number);

	memset(path + length, 'a' + number % 26, 248);
	path[length + 248] = '\0';
	return path;
}

static void fill_directory(struct scene *s, const char *directory, int first, int count)
{
	for (int i = first; i < first + count; i++)
		expect_done(s, tree_symlink(s->tree, "x", numbered(directory, i)));
}

static int count_in(struct stmboot_fs *fs, const char *directory, int first, int count)
{
	int found = 0;

	for (int i = first; i < first + count; i++)
		found += is_seen(fs, numbered(directory, i));
	return found;
}

/* Both readers see so many names of those. */
static void expect_names(struct scene *s, const char *directory, int first, int count)
{
	struct stmboot_source *staged = sb_overlay_source(s->overlay);
	struct stmboot_fs *fs;

	cr_assert_eq(stmboot_fs_open_linux(s->m.ctx, staged, &fs), STMBOOT_OK);
	cr_expect_eq(count_in(fs, directory, first, count), count);
	stmboot_fs_close(fs);
	cr_assert_eq(stmboot_fs_open_uboot(s->m.ctx, staged, &fs), STMBOOT_OK);
	cr_expect_eq(count_in(fs, directory, first, count), count, "U-Boot");
	stmboot_fs_close(fs);
}

Test(ext4_tree_names, indexed_directories_grow_and_get_deeper)
{
	static const struct {
		const char *image;
		int count;
		const char *levels;
	} cases[] = {
		{ "htree-1k", 400, "Indirect levels: 1" },
		{ "htree-4k", 200, "Indirect levels: 0" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s;

		scene_open(&s, cases[i].image);
		oracle_expect_debugfs(s.image, s.overlay, "htree_dump /many", "Indirect levels: 0");
		fill_directory(&s, "/many", 0, cases[i].count);
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "a large index");
		oracle_expect_debugfs(s.image, s.overlay, "htree_dump /many", cases[i].levels);
		expect_names(&s, "/many", 0, cases[i].count);
		scene_begin(&s);
		expect_done(&s, tree_remove(s.tree, "/many", true));
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "the same without it");
		scene_close(&s);
	}
}

static int64_t fixed_clock(void *user)
{
	(void)user;
	return 1700000000;
}

/* What is written, one extent behind the other, when there is such rubbish in new memory. */
static uint8_t *written_over(int rubbish, size_t *size)
{
	struct sb_extent extent = { 0 };
	struct scene s;
	uint8_t *bytes;

	(void)mallopt(M_PERTURB, rubbish); /* the sanitizers' allocator takes no such wish */
	scene_open_only(&s, "htree-1k");
	s.m.ctx->options.clock = fixed_clock;
	scene_begin(&s);
	fill_directory(&s, "/many", 0, 60);
	expect_done(&s, scene_finish(&s));
	*size = 0;
	bytes = malloc((size_t)sb_overlay_pending(s.overlay) + 1);
	cr_assert_not_null(bytes);
	while (sb_overlay_next(s.overlay, extent.offset + extent.length, false, &extent) ==
	       STMBOOT_OK) {
		memcpy(bytes + *size, extent.new_bytes, extent.length);
		*size += extent.length;
	}
	scene_close(&s);
	return bytes;
}

Test(ext4_tree_names, what_is_written_does_not_depend_on_what_was_in_memory)
{
	size_t sizes[2];
	uint8_t *bytes[2] = { written_over(0x55, &sizes[0]), written_over(0xaa, &sizes[1]) };

	cr_assert_eq(sizes[0], sizes[1]);
	cr_expect_arr_eq(bytes[0], bytes[1], sizes[0]);
	free(bytes[0]);
	free(bytes[1]);
}

/* Behind the name in each entry of a block, up to the next one, are zeros. */
static bool is_tidy(struct stmboot_fs *fs, const uint8_t *block)
{
	size_t length;

	for (size_t at = 0; at < fs->info->block_bytes; at += length) {
		const uint8_t *entry = block + at;

		length = sb_dirent_length(fs, entry);
		cr_assert(length >= DIRENT_MIN_BYTES && length <= fs->info->block_bytes - at);
		for (size_t i = DIRENT_NAME + entry[6]; entry[7] != DIRENT_TAIL_TYPE && i < length;
		     i++)
			if (entry[i] != 0)
				return false;
	}
	return true;
}

Test(ext4_tree_names, a_leaf_that_was_split_keeps_nothing_of_what_moved)
{
	static const char *const images[] = { "htree-1k", "htree-4k" };

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		struct sb_ext4_run run;
		struct stmboot_fs *fs;
		struct sb_walk found;
		uint8_t block[4096];
		struct scene s;

		scene_open(&s, images[i]);
		fill_directory(&s, "/many", 0, 200);
		expect_done(&s, scene_finish(&s));
		cr_assert_eq(stmboot_fs_open_linux(s.m.ctx, sb_overlay_source(s.overlay), &fs),
			     STMBOOT_OK);
		cr_assert_eq(sb_fs_find(fs, "/many", false, &found), STMBOOT_OK);
		for (uint64_t at = 1; at < found.inode.size / fs->info->block_bytes; at++) {
			cr_assert_eq(sb_ext4_map(fs, &found.inode, at, &run), STMBOOT_OK);
			cr_assert_eq(sb_fs_read(fs, run.physical * fs->info->block_bytes, block,
						(size_t)fs->info->block_bytes),
				     STMBOOT_OK);
			cr_expect(is_tidy(fs, block) || sb_get_le32(block) == 0, "%s: block %llu",
				  images[i], (unsigned long long)at);
		}
		stmboot_fs_close(fs);
		scene_close(&s);
	}
}

/* An index without a name: of two levels, as full as it can be, or of one with one leaf. */
struct empty_index {
	struct sb_tree *tree;
	uint32_t directory;
	size_t bytes;
	unsigned nodes;   /* below the root; 0: only a leaf */
	unsigned in_node; /* leaves of the first of them; the others have one each */
	uint8_t block[65536];
};

static void put_node(struct empty_index *index, size_t offset, unsigned count, uint32_t first_hash,
		     uint32_t first_block)
{
	uint8_t *entries = index->block + offset;

	for (unsigned i = 0; i < count; i++) {
		sb_put_le(entries + (size_t)i * HTREE_ENTRY_BYTES, first_hash + 2 * i, 4);
		sb_put_le(entries + (size_t)i * HTREE_ENTRY_BYTES + 4, first_block + i, 4);
	}
	sb_put_le(entries, sb_htree_room(index->tree->fs, offset), 2);
	sb_put_le(entries + 2, count, 2);
}

/* An entry of that length which is not in use, and, if there is room, the tail. */
static void put_unused(struct empty_index *index, size_t length)
{
	memset(index->block, 0, sizeof(index->block));
	sb_put_le(index->block + 4, length, 2);
	if (length < index->bytes) {
		sb_put_le(index->block + length + 4, DIRENT_TAIL_BYTES, 2);
		index->block[length + 7] = DIRENT_TAIL_TYPE;
	}
}

static void put_root(struct empty_index *index)
{
	memset(index->block + HTREE_ROOT_INFO, 0, index->bytes - HTREE_ROOT_INFO);
	sb_put_le(index->block + DIRENT_MIN_BYTES + 4, index->bytes - DIRENT_MIN_BYTES, 2);
	index->block[HTREE_ROOT_INFO + 4] = 1; /* half of MD4 */
	index->block[HTREE_ROOT_INFO + 5] = HTREE_ROOT_ENTRIES - HTREE_ROOT_INFO;
	index->block[HTREE_ROOT_INFO + HTREE_MAX_DEPTH] = index->nodes != 0;
	put_node(index, HTREE_ROOT_ENTRIES, index->nodes != 0 ? index->nodes : 1, 0x80000000, 1);
}

/* Block 0 is the root; nodes follow, the leaves of the first one, and one for each other. */
static void put_block(struct empty_index *index, unsigned number)
{
	bool has_tail = sb_linux_has_checksums(index->tree->fs);
	unsigned leaves = index->nodes + 1;
	blk64_t physical;

	cr_assert_eq(ext2fs_bmap2(index->tree->ext2, index->directory, NULL, NULL, 0, number, NULL,
				  &physical),
		     0);
	if (number == 0) {
		cr_assert_eq(ext2fs_read_dir_block4(index->tree->ext2, physical, index->block, 0,
						    index->directory),
			     0);
		put_root(index);
	} else if (number < leaves) {
		put_unused(index, index->bytes);
		put_node(index, HTREE_NODE_ENTRIES, number == 1 ? index->in_node : 1, 0x40000000,
			 number == 1 ? leaves : leaves + index->in_node + number - 2);
	} else {
		put_unused(index, index->bytes - (has_tail ? DIRENT_TAIL_BYTES : 0));
	}
	cr_assert_eq(ext2fs_write_dir_block4(index->tree->ext2, physical, index->block, 0,
					     index->directory),
		     0);
}

static void make_index(struct scene *s, const char *path, bool is_full)
{
	static struct empty_index index;
	struct stmboot_fs *fs = sb_tree_fs(s->tree);
	struct sb_spot spot;
	unsigned blocks = 2;

	index = (struct empty_index){ .tree = s->tree, .bytes = (size_t)fs->info->block_bytes };
	if (is_full) {
		index.nodes = sb_htree_room(fs, HTREE_ROOT_ENTRIES);
		index.in_node = sb_htree_room(fs, HTREE_NODE_ENTRIES);
		blocks = 2 * index.nodes + index.in_node;
	}
	expect_done(s, tree_mkdir(s->tree, path));
	expect_done(s, sb_tree_find(s->tree, path, false, &spot));
	index.directory = spot.inode.number;
	expect_done(
		s, sb_tree_allocate(s->tree, index.directory, 1, blocks - 1, blocks * index.bytes));
	for (unsigned i = 0; i < blocks; i++)
		put_block(&index, i);
	expect_done(s, sb_tree_read_raw(s->tree, index.directory));
	s->tree->raw->i_flags |= EXT2_INDEX_FL;
	expect_done(s, sb_tree_write_raw(s->tree, index.directory));
	sb_fs_renew(s->tree->fs);
}

Test(ext4_tree_names, an_index_in_large_blocks_grows)
{
	struct scene s;

	scene_open(&s, "ext4-64k");
	make_index(&s, "/large", false);
	fill_directory(&s, "/large", 0, 300);
	expect_done(&s, scene_finish(&s));
	oracle_expect_clean(s.image, s.overlay, "an index in large blocks");
	oracle_expect_debugfs(s.image, s.overlay, "htree_dump /large", "(count): 2");
	expect_names(&s, "/large", 0, 300);
	scene_close(&s);
}

Test(ext4_tree_names, a_full_index_gets_a_third_level_with_large_dir)
{
	static const char *const images[] = { "ext4-1k", "small-groups" };

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		char name[64];
		struct scene s;

		snprintf(name, sizeof(name), "large-dir-%s", images[i]);
		derive(name, images[i], "feature large_dir");
		scene_open(&s, name);
		make_index(&s, "/full", true);
		fill_directory(&s, "/full", 0, 40);
		expect_done(&s, scene_finish(&s));
		oracle_expect_debugfs(name, s.overlay, "htree_dump /full", "Indirect levels: 2");
		scene_begin(&s);
		fill_directory(&s, "/full", 40, 10);
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(name, s.overlay, "three levels");
		expect_names(&s, "/full", 0, 50);
		scene_close(&s);
	}
}

Test(ext4_tree_names, a_full_index_takes_no_name_more_without_large_dir)
{
	enum stmboot_status status = STMBOOT_OK;
	struct scene s;

	scene_open(&s, "ext4-1k");
	make_index(&s, "/full", true);
	for (int i = 0; i < 40 && status == STMBOOT_OK; i++)
		status = tree_symlink(s.tree, "x", numbered("/full", i));
	expect_refused(&s, status, STMBOOT_LIMIT, "finds no room in the index of its directory");
	cr_expect_eq(scene_finish(&s), STMBOOT_LIMIT);
	scene_close(&s);
}

/* A number in one of the first blocks of the directory, as somebody else wrote it. */
static void write_elsewhere(struct scene *s, const char *path, uint64_t block, size_t offset,
			    uint64_t value, size_t bytes)
{
	struct sb_ext4_run run;
	struct stmboot_fs *fs;
	struct sb_walk found;
	uint8_t data[8];

	cr_assert_eq(stmboot_fs_open_linux(s->m.ctx, sb_overlay_source(s->overlay), &fs),
		     STMBOOT_OK);
	cr_assert_eq(sb_fs_find(fs, path, false, &found), STMBOOT_OK);
	cr_assert_eq(sb_ext4_map(fs, &found.inode, block, &run), STMBOOT_OK);
	sb_put_le(data, value, bytes);
	cr_assert_eq(sb_overlay_write(s->overlay, run.physical * fs->info->block_bytes + offset,
				      data, bytes),
		     STMBOOT_OK);
	stmboot_fs_close(fs);
}

Test(ext4_tree_names, an_index_that_is_not_sound_gets_no_name)
{
	static const struct {
		const char *what;
		uint64_t block;
		size_t offset;
		uint64_t value;
		size_t bytes;
	} cases[] = {
		{ "an entry in use in a node", 1, 0, 12, 4 },
		{ "an entry of a node that ends too early", 1, 4, 512, 2 },
		{ "an entry of the root that ends too early", 0, 16, 12, 2 },
		{ "an unknown hash", 0, 28, 6, 1 },
		{ "a length of the information", 0, 29, 16, 1 },
		{ "too many levels", 0, 30, 2, 1 },
		{ "an unknown flag", 0, 31, 1, 1 },
		{ "another limit", 0, 32, 3, 2 },
		{ "no entry", 1, 10, 0, 2 },
		{ "more entries than can be", 1, 10, 2000, 2 },
		{ "hashes out of order", 0, 48, 7, 4 },
		{ "a block outside", 0, 36, 90000, 4 },
		{ "a block twice", 0, 36, 2, 4 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s;

		scene_open(&s, "ext4-1k");
		make_index(&s, "/full", true);
		expect_done(&s, scene_finish(&s));
		write_elsewhere(&s, "/full", cases[i].block, cases[i].offset, cases[i].value,
				cases[i].bytes);
		scene_begin(&s);
		s.image = cases[i].what;
		expect_refused(&s, tree_symlink(s.tree, "x", "/full/x"), STMBOOT_CORRUPT,
			       "a directory");
		scene_close(&s);
	}
}

/* The middle two of these names have the same hash. */
Test(ext4_tree_names, a_hash_that_is_cut_in_two_says_so)
{
	static const int names[] = { 477299, 31316, 2120, 374943 };
	struct scene s;

	derive("cut", "small-groups", "feature large_dir");
	scene_open(&s, "cut");
	make_index(&s, "/full", true);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fill_directory(&s, "/full", names[i], 1);
	expect_done(&s, scene_finish(&s));
	oracle_expect_debugfs("cut", s.overlay, "htree_dump /full", "Hash 0x18cb05a1");
	oracle_expect_clean("cut", s.overlay, "a hash in two leaves");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		expect_names(&s, "/full", names[i], 1);
	scene_close(&s);
}

Test(ext4_tree_names, a_directory_without_an_index_grows)
{
	static const char *const images[] = { "ext2-plain", "ext3-1k", "ext4-64k", "inode-128" };

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		struct scene s;

		scene_open(&s, images[i]);
		expect_done(&s, tree_mkdir(s.tree, "/new"));
		fill_directory(&s, "/new", 0, 300);
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "a large directory");
		expect_names(&s, "/new", 0, 300);
		scene_close(&s);
	}
}

/* Give the image that name again, alone: U-Boot must see it where it stands now. */
static void expect_found_again(const char *path)
{
	struct stmboot_fs *uboot;
	struct scene s;

	scene_open(&s, "removed");
	expect_done(&s, tree_put(s.tree, s.m.ctx, path, path, strlen(path)));
	expect_done(&s, scene_finish(&s));
	cr_assert_eq(stmboot_fs_open_uboot(s.m.ctx, sb_overlay_source(s.overlay), &uboot),
		     STMBOOT_OK);
	cr_expect(content_is(uboot, path, (const uint8_t *)path, strlen(path)), "%s", path);
	stmboot_fs_close(uboot);
	oracle_expect_clean(s.image, s.overlay, path);
	scene_close(&s);
}

/*
 * Names that debugfs took away from the beginning of a block still have their
 * bytes there, which U-Boot takes for a name of inode 0.
 */
Test(ext4_tree_names, names_that_come_again_are_found_by_uboot)
{
	struct medium m;
	char path[64];
	int stale = 0;

	open_uboot(&m, "removed");
	for (int i = 200; i <= 300; i++) {
		struct stmboot_fs_node node;

		snprintf(path, sizeof(path), "/many/a-rather-long-name-of-a-file-%05d", i);
		if (stmboot_fs_stat(m.fs, path, false, &node) == STMBOOT_NOT_FOUND)
			continue;
		stale++;
		expect_found_again(path);
	}
	cr_expect_gt(stale, 1, "the image is what this is about");
	medium_close(&m);
}

Test(ext4_tree_names, names_that_go_are_gone_for_uboot_too)
{
	static const char *const images[] = { "ext2-1k", "ext4-1k", "ext4-4k", "htree-1k" };

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		struct stmboot_fs *uboot;
		struct scene s;
		char path[64];

		scene_open(&s, images[i]);
		for (int name = 1; name <= 700; name++) {
			snprintf(path, sizeof(path), "/many/a-rather-long-name-of-a-file-%05d",
				 name);
			if (name % 7 != 3)
				expect_done(&s, tree_remove(s.tree, path, false));
		}
		expect_done(&s, scene_finish(&s));
		cr_assert_eq(stmboot_fs_open_uboot(s.m.ctx, sb_overlay_source(s.overlay), &uboot),
			     STMBOOT_OK);
		for (int name = 1; name <= 700; name++) {
			struct stmboot_fs_node node;
			enum stmboot_status status;

			snprintf(path, sizeof(path), "/many/a-rather-long-name-of-a-file-%05d",
				 name);
			status = stmboot_fs_stat(uboot, path, false, &node);
			cr_expect_eq(status, name % 7 != 3 ? STMBOOT_NOT_FOUND : STMBOOT_OK,
				     "%s: %s", s.image, path);
		}
		stmboot_fs_close(uboot);
		oracle_expect_clean(s.image, s.overlay, "fewer names");
		scene_close(&s);
	}
}

Test(ext4_tree_names, names_of_255_bytes_are_names)
{
	struct stmboot_fs *fs;
	struct scene s;
	char path[300];

	snprintf(path, sizeof(path), "%s", long_name(255));
	scene_open(&s, "ext4-1k");
	expect_done(&s, tree_mkdir(s.tree, path));
	expect_done(&s, scene_finish(&s));
	cr_assert_eq(stmboot_fs_open_linux(s.m.ctx, sb_overlay_source(s.overlay), &fs), STMBOOT_OK);
	cr_expect(is_seen(fs, path));
	stmboot_fs_close(fs);
	oracle_expect_clean(s.image, s.overlay, "a long name");
	scene_close(&s);
}
