/* SPDX-License-Identifier: MIT */
/*
 * Changes of the trees of real images, which ext4_images.sh makes, one subject
 * at a time: what is refused, what there is room for, where paths lead, and
 * what is written. e2fsck and debugfs say what became of an image.
 */
#include "../support/ext4_compare.h"
#include "../support/ext4_oracle.h"
#include "../support/ext4_tree.h"
#include "../support/pace.h"
#include "fs/ext4_tree_parts.h"

/* --- refusals --- */

Test(ext4_tree, what_is_in_the_way_is_said)
{
	struct scene s;

	scene_open(&s, "ext4-4k");
	expect_refused(&s, tree_mkdir(s.tree, "/etc"), STMBOOT_CONFLICT, "'/etc' exists");
	expect_refused(&s, tree_mkdir(s.tree, "/"), STMBOOT_CONFLICT, "'/' exists");
	expect_refused(&s, tree_mkdir(s.tree, "/none/dir"), STMBOOT_NOT_FOUND,
		       "'/none' does not exist");
	expect_refused(&s, tree_mkdir(s.tree, "/etc/one/dir"), STMBOOT_INVALID_ARGUMENT,
		       "'/etc/one' is not a directory");
	expect_refused(&s, tree_mkdir(s.tree, "/dangling/dir"), STMBOOT_NOT_FOUND,
		       "'/dangling' does not exist");
	expect_refused(&s, tree_mkdir(s.tree, long_name(256)), STMBOOT_INVALID_ARGUMENT,
		       "a name of 256 bytes");
	expect_refused(&s, tree_symlink(s.tree, "x", "/etc/one"), STMBOOT_CONFLICT, "exists");
	expect_refused(&s, tree_symlink(s.tree, "", "/empty"), STMBOOT_INVALID_ARGUMENT,
		       "needs a target");
	expect_refused(&s, tree_link(s.tree, "/etc", "/more"), STMBOOT_INVALID_ARGUMENT,
		       "cannot be another name of a directory");
	expect_refused(&s, tree_link(s.tree, "/etc/one", "/etc/empty"), STMBOOT_CONFLICT,
		       "'/etc/empty' exists");
	expect_refused(&s, tree_put(s.tree, s.m.ctx, "/etc", "", 0), STMBOOT_INVALID_ARGUMENT,
		       "'/etc' is a directory");
	expect_refused(&s, tree_put(s.tree, s.m.ctx, "/etc/one/", "", 0), STMBOOT_INVALID_ARGUMENT,
		       "is not a directory");
	expect_refused(&s, tree_put(s.tree, s.m.ctx, "/special/null", "", 0),
		       STMBOOT_INVALID_ARGUMENT, "is not a regular file");
	expect_refused(&s, tree_put(s.tree, s.m.ctx, "/loop", "", 0), STMBOOT_LIMIT,
		       "too many symbolic links");
	expect_refused(&s, tree_put(s.tree, s.m.ctx, "/loop/file", "", 0), STMBOOT_LIMIT,
		       "too many symbolic links");
	expect_refused(&s, tree_put(s.tree, s.m.ctx, "/link45", "", 0), STMBOOT_LIMIT,
		       "too many symbolic links");
	expect_refused(&s, tree_put(s.tree, s.m.ctx, "/dangling", "", 0), STMBOOT_NOT_FOUND,
		       "'/dangling' is a symbolic link that leads nowhere");
	cr_expect_eq(scene_finish(&s), STMBOOT_OK);
	cr_expect_eq(sb_overlay_pending(s.overlay), 0, "nothing was changed");
	scene_close(&s);
}

Test(ext4_tree, what_cannot_go_or_move_is_said)
{
	struct scene s;

	scene_open(&s, "ext4-4k");
	expect_refused(&s, tree_remove(s.tree, "/none", true), STMBOOT_NOT_FOUND,
		       "'/none' does not exist");
	expect_refused(&s, tree_remove(s.tree, "/", true), STMBOOT_INVALID_ARGUMENT,
		       "is the root directory");
	expect_refused(&s, tree_remove(s.tree, "/etc", false), STMBOOT_INVALID_ARGUMENT,
		       "'/etc' is a directory");
	cr_expect(strstr(s.why.hint, "--recursive"));
	expect_refused(&s, tree_move(s.tree, "/", "/etc/root"), STMBOOT_INVALID_ARGUMENT,
		       "is the root directory");
	expect_refused(&s, tree_move(s.tree, "/none", "/etc/none"), STMBOOT_NOT_FOUND,
		       "'/none' does not exist");
	expect_refused(&s, tree_move(s.tree, "/deep", "/deep/a/b/inside"), STMBOOT_INVALID_ARGUMENT,
		       "'/deep/a/b/inside' is inside the directory");
	expect_refused(&s, tree_move(s.tree, "/deep", "/deep/a/b/c/up/inside"),
		       STMBOOT_INVALID_ARGUMENT, "'/deep/a/b/inside' is inside the directory");
	expect_refused(&s, tree_move(s.tree, "/etc/one", "/deep"), STMBOOT_INVALID_ARGUMENT,
		       "'/deep' is a directory");
	expect_refused(&s, tree_move(s.tree, "/deep", "/etc/one"), STMBOOT_INVALID_ARGUMENT,
		       "'/etc/one' is not a directory");
	expect_refused(&s, tree_move(s.tree, "/deep", "/boot"), STMBOOT_CONFLICT,
		       "'/boot' is a directory with ");
	expect_refused(&s, tree_move(s.tree, "/deep/a", "/"), STMBOOT_INVALID_ARGUMENT,
		       "is the root directory");
	expect_done(&s, tree_move(s.tree, "/deep", "/deep"));
	expect_done(&s, tree_move(s.tree, "/etc/name1", "/boot/name2")); /* two names of one file */
	cr_expect_eq(scene_finish(&s), STMBOOT_OK);
	cr_expect_eq(sb_overlay_pending(s.overlay), 0, "nothing was changed");
	scene_close(&s);
}

/* Every kind of change of an inode with a flag, and of a name in a directory with it. */
static void expect_guarded(struct scene *s, const char *path, const char *text)
{
	char inside[64];

	snprintf(inside, sizeof(inside), "%s/x", path);
	if (strcmp(path, "/etc") != 0) {
		expect_refused(s, tree_put(s->tree, s->m.ctx, path, "", 0), STMBOOT_UNSUPPORTED,
			       text);
		expect_refused(s, tree_link(s->tree, path, "/more"), STMBOOT_UNSUPPORTED, text);
	} else {
		expect_refused(s, tree_put(s->tree, s->m.ctx, inside, "", 0), STMBOOT_UNSUPPORTED,
			       text);
		expect_refused(s, tree_mkdir(s->tree, inside), STMBOOT_UNSUPPORTED, text);
		expect_refused(s, tree_remove(s->tree, "/etc/empty", false), STMBOOT_UNSUPPORTED,
			       text);
		expect_refused(s, tree_move(s->tree, "/etc/empty", "/boot/empty"),
			       STMBOOT_UNSUPPORTED, text);
	}
	expect_refused(s, tree_remove(s->tree, path, true), STMBOOT_UNSUPPORTED, text);
	expect_refused(s, tree_move(s->tree, path, "/moved"), STMBOOT_UNSUPPORTED, text);
	expect_refused(s, tree_chmod(s->tree, path, 0600), STMBOOT_UNSUPPORTED, text);
	expect_refused(s, tree_attribute(s->tree, path, "user.x", "1", 1), STMBOOT_UNSUPPORTED,
		       text);
}

Test(ext4_tree, what_a_flag_of_an_inode_protects_is_not_changed)
{
	static const struct {
		uint32_t flag;
		const char *text;
	} flags[] = {
		{ 0x10, "immutable" },
		{ 0x20, "may only grow" },
		{ 0x800, "encrypted" },
		{ 0x100000, "verity" },
		{ 0x40000000, "without regard to case" },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		static const char *const paths[] = { "/etc/one", "/etc" };

		for (size_t p = 0; p < 2; p++) {
			char request[64];
			struct scene s;

			snprintf(request, sizeof(request), "sif %s flags 0x%x", paths[p],
				 flags[i].flag | 0x80000);
			derive("flags", "ext4-4k", request);
			scene_open(&s, "flags");
			expect_guarded(&s, paths[p], flags[i].text);
			cr_expect_eq(scene_finish(&s), STMBOOT_OK);
			cr_expect_eq(sb_overlay_pending(s.overlay), 0);
			scene_close(&s);
		}
	}
}

Test(ext4_tree, what_is_protected_somewhere_inside_stops_the_removal_of_all)
{
	struct scene s;

	derive("flags", "ext4-4k", "sif /deep/a/b/c flags 0x80010");
	scene_open(&s, "flags");
	expect_refused(&s, tree_remove(s.tree, "/deep", true), STMBOOT_UNSUPPORTED,
		       "'c' is marked as immutable");
	cr_expect_eq(scene_finish(&s), STMBOOT_UNSUPPORTED, "half of a removal is none");
	cr_expect_eq(sb_overlay_pending(s.overlay), 0);
	scene_close(&s);
}

Test(ext4_tree, file_systems_with_features_that_are_not_handled_are_refused)
{
	static const char *const images[] = { "bigalloc-4k", "inline-data" };
	static const char *const features[] = { "bigalloc", "inline_data" };

	for (size_t i = 0; i < 2; i++) {
		struct scene s;

		scene_open_only(&s, images[i]);
		expect_refused(&s,
			       sb_tree_open(s.m.ctx, s.overlay, 0, stmboot_source_size(s.m.file),
					    &s.why, &s.tree),
			       STMBOOT_UNSUPPORTED, features[i]);
		scene_close(&s);
	}
}

Test(ext4_tree, inodes_of_the_file_system_itself_are_not_changed)
{
	struct scene s;

	derive("reserved", "ext4-4k", "ln <8> /etc/journal\nln <7> /etc/resize");
	scene_open(&s, "reserved");
	expect_refused(&s, tree_remove(s.tree, "/etc/journal", false), STMBOOT_CORRUPT,
		       "an inode of the file system itself");
	expect_refused(&s, tree_put(s.tree, s.m.ctx, "/etc/resize", "x", 1), STMBOOT_CORRUPT,
		       "an inode of the file system itself");
	scene_close(&s);
}

/* --- links --- */

Test(ext4_tree, a_file_has_65000_links_and_no_more)
{
	struct scene s;

	derive("links", "ext4-4k", "sif /etc/one links_count 64999");
	scene_open(&s, "links");
	expect_done(&s, tree_link(s.tree, "/etc/one", "/a"));
	expect_refused(&s, tree_link(s.tree, "/etc/one", "/b"), STMBOOT_LIMIT,
		       "has 65000 links, and can have no more");
	expect_done(&s, scene_finish(&s));
	oracle_expect_debugfs(s.image, s.overlay, "stat /a", "Links: 65000");
	scene_close(&s);
}

Test(ext4_tree, a_directory_without_dir_nlink_has_65000_links_and_no_more)
{
	struct scene s;

	derive("links", "ext2-1k", "sif /etc links_count 65000");
	scene_open(&s, "links");
	expect_refused(&s, tree_mkdir(s.tree, "/etc/dir"), STMBOOT_LIMIT,
		       "'/etc/dir' belongs in a directory that has 65000 links");
	expect_refused(&s, tree_move(s.tree, "/deep/a", "/etc/a"), STMBOOT_LIMIT,
		       "'/etc/a' belongs in a directory that has 65000 links");
	scene_close(&s);
}

Test(ext4_tree, in_a_directory_with_all_its_links_one_may_get_another_name)
{
	struct scene s;

	derive("links", "ext2-1k", "mkdir /deep/z\nsif /deep links_count 65000");
	scene_open(&s, "links");
	expect_done(&s, tree_move(s.tree, "/deep/a", "/deep/b"));
	expect_done(&s, tree_move(s.tree, "/deep/b", "/deep/z"));
	expect_done(&s, scene_finish(&s));
	oracle_expect_debugfs(s.image, s.overlay, "stat /deep", "Links: 64999");
	scene_close(&s);
}

Test(ext4_tree, with_dir_nlink_an_indexed_directory_stops_counting)
{
	struct scene s;

	derive("links", "htree-4k", "sif /many links_count 65000");
	scene_open(&s, "links");
	expect_done(&s, tree_mkdir(s.tree, "/many/dir"));
	expect_done(&s, tree_mkdir(s.tree, "/many/dir2"));
	expect_done(&s, tree_remove(s.tree, "/many/dir", true));
	expect_done(&s, scene_finish(&s));
	oracle_expect_debugfs(s.image, s.overlay, "stat /many", "Links: 1 ");
	scene_close(&s);
}

/* --- room --- */

Test(ext4_tree, without_room_it_is_said_what_is_needed_and_what_there_is)
{
	static uint8_t data[24 << 20];
	struct scene s;

	scene_open(&s, "ext4-1k");
	expect_refused(&s, tree_put(s.tree, s.m.ctx, "/big", data, sizeof(data)), STMBOOT_LIMIT,
		       "'/big' needs 24576 blocks of 1024 bytes and 1 inodes; free are ");
	cr_expect(strstr(s.why.hint, "remove files"), "%s", s.why.hint);
	expect_done(&s, tree_put(s.tree, s.m.ctx, "/small", data, 100));
	expect_done(&s, scene_finish(&s));
	oracle_expect_clean(s.image, s.overlay, "a small file after one that was too big");
	scene_close(&s);
}

/* Make the largest file that there is room for; what its map takes is not asked. */
static uint64_t free_blocks(struct scene *s)
{
	static uint8_t data[24 << 20];
	uint64_t blocks = ext2fs_free_blocks_count(s->tree->ext2->super);
	enum stmboot_status status;

	do {
		s->why.message[0] = '\0';
		status = tree_put(s->tree, s->m.ctx, "/fill", data, (size_t)blocks * 1024);
	} while (status == STMBOOT_LIMIT && --blocks > 0);
	expect_done(s, status);
	return blocks;
}

Test(ext4_tree, a_file_is_replaced_in_its_own_room_when_there_is_no_other)
{
	static const char *const images[] = { "ext4-1k", "ext2-1k", "ext3-1k", "no-flex-bg" };
	static uint8_t data[24 << 20];

	memset(data, 'n', sizeof(data));
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i += pace(5)) {
		struct trees trees = { .path = "", .changed = "/fill" };
		struct scene s;
		uint64_t blocks;

		scene_open(&s, images[i]);
		blocks = free_blocks(&s);
		expect_done(&s, scene_finish(&s));
		scene_begin(&s);
		expect_refused(
			&s, tree_put(s.tree, s.m.ctx, "/fill", data, ((size_t)blocks + 200) * 1024),
			STMBOOT_LIMIT, "'/fill' needs ");
		expect_done(&s, tree_put(s.tree, s.m.ctx, "/fill", data,
					 ((size_t)blocks - 100) * 1024));
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "a full file system");
		cr_assert_eq(
			stmboot_fs_open_linux(s.m.ctx, sb_overlay_source(s.overlay), &trees.after),
			STMBOOT_OK);
		cr_expect(content_is(trees.after, "/fill", data, ((size_t)blocks - 100) * 1024));
		stmboot_fs_close(trees.after);
		scene_close(&s);
	}
}

/* Leave `count` free blocks, none beside another. */
static void make_holes(struct scene *s, int count)
{
	char path[32];

	expect_done(s, tree_mkdir(s->tree, "/new"));
	for (int i = 0; i < 2 * count; i++) {
		snprintf(path, sizeof(path), "/new/%d", i);
		expect_done(s, tree_put(s->tree, s->m.ctx, path, path, strlen(path)));
	}
	(void)free_blocks(s);
	for (int i = 0; i < 2 * count; i += 2) {
		snprintf(path, sizeof(path), "/new/%d", i);
		expect_done(s, tree_remove(s->tree, path, false));
	}
	expect_done(s, scene_finish(s));
	scene_begin(s);
}

Test(ext4_tree, a_file_in_many_pieces_has_a_deep_map)
{
	enum { HOLES = 400, BLOCKS = HOLES - 30 };
	static const char *const images[] = { "ext4-1k", "ext2-1k" };
	static uint8_t data[BLOCKS * 1024];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i / 1024 * 7 + i % 251);
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i += pace(3)) {
		struct stmboot_fs *fs;
		struct scene s;

		scene_open(&s, images[i]);
		make_holes(&s, HOLES);
		expect_done(&s, tree_put(s.tree, s.m.ctx, "/pieces", data, sizeof(data)));
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "a file in pieces");
		cr_assert_eq(stmboot_fs_open_linux(s.m.ctx, sb_overlay_source(s.overlay), &fs),
			     STMBOOT_OK);
		cr_expect(content_is(fs, "/pieces", data, sizeof(data)));
		stmboot_fs_close(fs);
		cr_assert_eq(stmboot_fs_open_uboot(s.m.ctx, sb_overlay_source(s.overlay), &fs),
			     STMBOOT_OK);
		cr_expect(content_is(fs, "/pieces", data, sizeof(data)), "U-Boot");
		stmboot_fs_close(fs);
		scene_begin(&s);
		expect_done(&s, tree_put(s.tree, s.m.ctx, "/pieces", data, sizeof(data) / 2));
		expect_done(&s, tree_remove(s.tree, "/fill", false));
		expect_done(&s, tree_put(s.tree, s.m.ctx, "/pieces", data, sizeof(data)));
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "the same in one piece");
		scene_close(&s);
	}
}

Test(ext4_tree, inodes_run_out_with_a_reason_and_what_was_made_stays)
{
	static const char *const images[] = { "ext4-4k", "small-groups", "uninit-bg", "meta-bg" };

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i += pace(3)) {
		enum stmboot_status status = STMBOOT_OK;
		struct scene s;
		char path[32];

		scene_open(&s, images[i]);
		expect_done(&s, tree_mkdir(s.tree, "/new"));
		for (int made = 0; status == STMBOOT_OK && made < 9000; made++) {
			snprintf(path, sizeof(path), "/new/%d", made);
			status = tree_symlink(s.tree, "x", path);
		}
		expect_refused(&s, status, STMBOOT_LIMIT, "1 inodes; free are ");
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "all inodes in use");
		scene_close(&s);
	}
}

/* One inode, and no block, of a group that was never used. */
Test(ext4_tree, the_first_inode_of_a_group_is_given)
{
	uint32_t number = 1, in_group, first;
	struct sb_spot spot;
	struct scene s;
	char path[32];

	scene_open(&s, "small-groups");
	in_group = sb_tree_fs(s.tree)->info->inodes_per_group;
	expect_done(&s, tree_mkdir(s.tree, "/new"));
	for (int made = 0; number % in_group != 0; made++) {
		snprintf(path, sizeof(path), "/new/%d", made);
		expect_done(&s, sb_tree_find(s.tree, path, false, &spot));
		expect_done(&s, sb_tree_make_symlink(s.tree, &spot, "x", NULL, &number));
	}
	expect_done(&s, scene_finish(&s));
	scene_begin(&s);
	first = number + 1;
	expect_done(&s, sb_tree_find(s.tree, "/new/last", false, &spot));
	expect_done(&s, sb_tree_make_symlink(s.tree, &spot, "x", NULL, &number));
	cr_expect_eq(number, first);
	expect_done(&s, scene_finish(&s));
	oracle_expect_clean(s.image, s.overlay, "the first inode of a group");
	scene_close(&s);
}

Test(ext4_tree, a_directory_that_cannot_grow_leaves_nothing_behind)
{
	struct scene s;
	char path[400];
	uint64_t pending;
	enum stmboot_status status = STMBOOT_OK;

	scene_open(&s, "ext4-1k");
	expect_done(&s, tree_mkdir(s.tree, "/new"));
	(void)free_blocks(&s);
	expect_done(&s, scene_finish(&s));
	pending = sb_overlay_pending(s.overlay);
	scene_begin(&s);
	for (int i = 0; status == STMBOOT_OK && i < 100; i++) {
		snprintf(path, sizeof(path), "/new/%d%s", 100 + i, long_name(200) + 1);
		status = tree_symlink(s.tree, "x", path);
	}
	expect_refused(&s, status, STMBOOT_LIMIT, "finds no free block or inode any more");
	cr_expect_eq(tree_mkdir(s.tree, "/etc/dir"), STMBOOT_LIMIT, "the tree is useless now");
	cr_expect_eq(scene_finish(&s), STMBOOT_LIMIT);
	cr_expect_eq(sb_overlay_pending(s.overlay), pending);
	oracle_expect_clean(s.image, s.overlay, "after the refusal");
	scene_close(&s);
}

/* --- paths --- */

Test(ext4_tree, paths_lead_through_links_inside_the_partition)
{
	static const struct {
		const char *path;
		const char *there;
	} cases[] = {
		{ "/directory/new", "/boot/new" },
		{ "/root/etc/new", "/etc/new" },
		{ "/deep/a/b/c/up/new", "/deep/a/b/new" },
		{ "/root/root/../../../etc/./new", "/etc/new" },
		{ "//etc///new", "/etc/new" },
		{ "etc/new", "/etc/new" },
		{ "/link3", "/etc/one" },
		{ "/directory", "/boot" },
		{ "/directory/", "/boot" },
		{ "/directory/.", "/boot" },
		{ "/directory/..", "/" },
		{ "/root", "/" },
		{ "/..", "/" },
	};
	struct scene s;

	scene_open(&s, "ext4-4k");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sb_spot spot;

		expect_done(&s, sb_tree_find(s.tree, cases[i].path, true, &spot));
		cr_expect_str_eq(spot.path, cases[i].there, "%s", cases[i].path);
	}
	scene_close(&s);
}

Test(ext4_tree, things_go_into_directories_as_with_cp_and_mv)
{
	static const struct {
		const char *path;
		const char *name;
		unsigned how;
		const char *there;
	} cases[] = {
		{ "/etc", "x", 0, "/etc/x" },
		{ "/directory", "x", 0, "/boot/x" },
		{ "/", "x", 0, "/x" },
		{ "/new", "x", 0, "/new" },
		{ "/new/", "x", SB_INTO_DIRECTORY, "/new" },
		{ "/etc/one", "x", 0, "/etc/one" },
		{ "/link1", "x", 0, "/link1" },
		{ "/link1", "x", SB_INTO_FOLLOW, "/etc/one" },
		{ "/dangling", "x", 0, "/dangling" },
		{ "/etc", NULL, 0, "/etc" },
	};
	struct sb_spot spot;
	struct scene s;

	scene_open(&s, "ext4-4k");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_done(&s, sb_tree_find_into(s.tree, cases[i].path, cases[i].name,
						  cases[i].how, &spot));
		cr_expect_str_eq(spot.path, cases[i].there, "%s", cases[i].path);
	}
	expect_refused(&s, sb_tree_find_into(s.tree, "/new/", "x", 0, &spot), STMBOOT_NOT_FOUND,
		       "'/new' does not exist");
	expect_refused(&s, sb_tree_find_into(s.tree, "/dangling", "x", SB_INTO_FOLLOW, &spot),
		       STMBOOT_NOT_FOUND, "leads nowhere");
	scene_close(&s);
}

/* --- what is written --- */

Test(ext4_tree, what_comes_and_goes_in_one_edit_is_not_written)
{
	static uint8_t data[1 << 20];
	struct scene s;

	memset(data, 'd', sizeof(data));
	scene_open(&s, "ext4-4k");
	expect_done(&s, tree_mkdir(s.tree, "/new"));
	expect_done(&s, tree_put(s.tree, s.m.ctx, "/new/file", data, sizeof(data)));
	expect_done(&s, tree_remove(s.tree, "/new", true));
	expect_done(&s, scene_finish(&s));
	cr_expect_lt(sb_overlay_pending(s.overlay), 16 * SB_SECTOR_BYTES, "%llu",
		     (unsigned long long)sb_overlay_pending(s.overlay));
	oracle_expect_clean(s.image, s.overlay, "something that came and went");
	scene_close(&s);
}

Test(ext4_tree, a_change_of_an_inode_writes_little_else)
{
	struct scene s;

	scene_open(&s, "ext4-4k");
	expect_done(&s, tree_chmod(s.tree, "/etc/one", 0600));
	expect_done(&s, scene_finish(&s));
	cr_expect_leq(sb_overlay_pending(s.overlay), 2 * SB_SECTOR_BYTES, "%llu",
		      (unsigned long long)sb_overlay_pending(s.overlay));
	scene_begin(&s);
	expect_done(&s, tree_chmod(s.tree, "/etc/one", 0600));
	expect_done(&s, scene_finish(&s));
	cr_expect_leq(sb_overlay_pending(s.overlay), 2 * SB_SECTOR_BYTES, "twice is once");
	scene_close(&s);
}

Test(ext4_tree, a_file_that_moves_over_another_frees_it)
{
	static const char *const images[] = { "ext2-1k", "ext4-1k", "default", "htree-4k" };

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i += pace(3)) {
		struct stmboot_fs *fs;
		struct scene s;

		scene_open(&s, images[i]);
		expect_done(&s, tree_move(s.tree, "/etc/one", "/boot/zImage"));
		expect_done(&s, tree_move(s.tree, "/boot/extlinux", "/etc/extlinux"));
		expect_done(&s, tree_mkdir(s.tree, "/etc/empty-folder"));
		expect_done(&s, tree_move(s.tree, "/deep/a/b", "/etc/empty-folder"));
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "moves");
		cr_assert_eq(stmboot_fs_open_linux(s.m.ctx, sb_overlay_source(s.overlay), &fs),
			     STMBOOT_OK);
		cr_expect(content_is(fs, "/boot/zImage", (const uint8_t *)"x", 1));
		cr_expect(is_seen(fs, "/etc/extlinux/extlinux.conf"));
		cr_expect_not(is_seen(fs, "/boot/extlinux"));
		cr_expect(is_seen(fs, "/etc/empty-folder/c/up"));
		cr_expect(is_seen(fs, "/etc/empty-folder/../one") == false);
		stmboot_fs_close(fs);
		scene_close(&s);
	}
}
