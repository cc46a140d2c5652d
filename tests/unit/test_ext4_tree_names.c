/* SPDX-License-Identifier: MIT */
/* Names in the directories of real images, and what Linux, U-Boot, e2fsck and debugfs see of them.
 */
#include "../support/ext4_compare.h"
#include "../support/ext4_oracle.h"
#include "../support/ext4_tree.h"

static void fill_directory(struct scene *s, const char *directory, int first, int count)
{
	char path[STMBOOT_FS_PATH_BYTES];

	for (int i = first; i < first + count; i++) {
		int length = snprintf(path, sizeof(path), "%s/%05d-", directory, i);

		memset(path + length, 'a' + i % 26, 249);
		path[length + 249] = '\0';
		expect_done(s, tree_symlink(s->tree, "x", path));
	}
}

static int count_in(struct stmboot_fs *fs, const char *directory, int first, int count)
{
	char path[STMBOOT_FS_PATH_BYTES];
	struct stmboot_fs_node node;
	int found = 0;

	for (int i = first; i < first + count; i++) {
		int length = snprintf(path, sizeof(path), "%s/%05d-", directory, i);

		memset(path + length, 'a' + i % 26, 249);
		path[length + 249] = '\0';
		found += stmboot_fs_stat(fs, path, false, &node) == STMBOOT_OK;
	}
	return found;
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
		struct stmboot_fs *fs;
		struct scene s;

		scene_open(&s, cases[i].image);
		oracle_expect_debugfs(s.image, s.overlay, "htree_dump /many", "Indirect levels: 0");
		fill_directory(&s, "/many", 0, cases[i].count);
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "a large index");
		oracle_expect_debugfs(s.image, s.overlay, "htree_dump /many", cases[i].levels);
		cr_assert_eq(stmboot_fs_open_linux(s.m.ctx, sb_overlay_source(s.overlay), &fs),
			     STMBOOT_OK);
		cr_expect_eq(count_in(fs, "/many", 0, cases[i].count), cases[i].count);
		stmboot_fs_close(fs);
		cr_assert_eq(stmboot_fs_open_uboot(s.m.ctx, sb_overlay_source(s.overlay), &fs),
			     STMBOOT_OK);
		cr_expect_eq(count_in(fs, "/many", 0, cases[i].count), cases[i].count, "U-Boot");
		stmboot_fs_close(fs);
		scene_begin(&s);
		expect_done(&s, tree_remove(s.tree, "/many", true));
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "the same without it");
		scene_close(&s);
	}
}

Test(ext4_tree_names, a_directory_without_an_index_grows)
{
	static const char *const images[] = { "ext2-plain", "ext3-1k", "ext4-64k", "inode-128" };

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		struct stmboot_fs *fs;
		struct scene s;

		scene_open(&s, images[i]);
		expect_done(&s, tree_mkdir(s.tree, "/new"));
		fill_directory(&s, "/new", 0, 300);
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "a large directory");
		cr_assert_eq(stmboot_fs_open_linux(s.m.ctx, sb_overlay_source(s.overlay), &fs),
			     STMBOOT_OK);
		cr_expect_eq(count_in(fs, "/new", 0, 300), 300);
		stmboot_fs_close(fs);
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
