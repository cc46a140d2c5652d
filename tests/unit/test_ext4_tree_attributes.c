/* SPDX-License-Identifier: MIT */
/* Attributes of the files of real images: extended ones, times and device numbers. */
#include "../support/ext4_oracle.h"
#include "../support/ext4_tree.h"
#include "base/context.h"

/* --- extended attributes --- */

static void expect_attribute(struct scene *s, const char *path, const char *name, const char *value)
{
	char request[128];

	snprintf(request, sizeof(request), "ea_get %s %s", path, name);
	oracle_expect_debugfs(s->image, s->overlay, request, value);
}

Test(ext4_tree_attributes, extended_attributes_come_change_and_go)
{
	static const char *const images[] = { "ext3-1k", "ext4-1k", "ext4-4k", "inode-128" };
	char big[600];

	memset(big, 'b', sizeof(big));
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		struct scene s;

		scene_open(&s, images[i]);
		expect_done(&s, tree_attribute(s.tree, "/etc/4k", "user.note", "short", 5));
		expect_done(&s, tree_attribute(s.tree, "/etc/4k", "security.ima", "\1\2\3", 3));
		expect_done(&s, tree_attribute(s.tree, "/etc/name1", "user.big", big, sizeof(big)));
		expect_done(&s, tree_attribute(s.tree, "/etc/one", "user.small", "other", 5));
		expect_done(&s, tree_attribute(s.tree, "/etc/one", "user.big", NULL, 0));
		expect_done(&s, tree_attribute(s.tree, "/etc", "user.folder", "yes", 3));
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "attributes");
		expect_attribute(&s, "/etc/4k", "user.note", "user.note (5) = \"short\"");
		expect_attribute(&s, "/etc/4k", "security.ima", "01 02 03");
		expect_attribute(&s, "/etc/name1", "user.big", "(600) = \"bbbbbbbb");
		expect_attribute(&s, "/etc/one", "user.small", "\"other\"");
		expect_attribute(&s, "/etc/one", "user.big", "not found");
		expect_attribute(&s, "/etc", "user.folder", "\"yes\"");
		scene_begin(&s);
		expect_done(&s, tree_attribute(s.tree, "/etc/name1", "user.big", NULL, 0));
		expect_done(&s, tree_remove(s.tree, "/etc/one", false));
		expect_done(&s, scene_finish(&s));
		oracle_expect_clean(s.image, s.overlay, "fewer attributes");
		scene_close(&s);
	}
}

Test(ext4_tree_attributes, extended_attributes_are_copied)
{
	struct sb_spot from, to;
	struct scene s;

	scene_open(&s, "ext4-4k");
	expect_done(&s, tree_put(s.tree, s.m.ctx, "/copy", "copy", 4));
	expect_done(&s, sb_tree_find(s.tree, "/etc/one", false, &from));
	expect_done(&s, sb_tree_find(s.tree, "/copy", false, &to));
	expect_done(&s, sb_tree_copy_attributes(s.tree, sb_tree_fs(s.tree), from.inode.number,
						to.inode.number));
	expect_done(&s, scene_finish(&s));
	oracle_expect_clean(s.image, s.overlay, "copied attributes");
	expect_attribute(&s, "/copy", "user.small", "\"a small note\"");
	expect_attribute(&s, "/copy", "user.big", "1 2 3 4 5 6 ");
	scene_close(&s);
}

Test(ext4_tree_attributes, attributes_that_ext4_does_not_keep_are_refused)
{
	static uint8_t value[65536];
	struct scene s;

	scene_open(&s, "ext4-1k");
	expect_refused(&s, tree_attribute(s.tree, "/etc/one", "other.name", "1", 1),
		       STMBOOT_INVALID_ARGUMENT, "'/etc/one' cannot have");
	expect_refused(&s, tree_attribute(s.tree, "/etc/one", "user.", "1", 1),
		       STMBOOT_INVALID_ARGUMENT, "cannot have");
	expect_refused(&s, tree_attribute(s.tree, "/etc/one", "user.x", value, sizeof(value)),
		       STMBOOT_LIMIT, "has no room for all extended attributes");
	scene_close(&s);
	scene_open(&s, "ext2-plain");
	expect_refused(&s, tree_attribute(s.tree, "/etc/one", "user.x", "1", 1),
		       STMBOOT_UNSUPPORTED, "a file system without extended attributes");
	scene_close(&s);
}

/* With the feature ea_inode a large value gets an inode of its own, which is not handled. */
Test(ext4_tree_attributes, values_in_inodes_of_their_own_are_refused)
{
	static uint8_t value[3000];
	struct scene s;

	derive("ea-inode", "ext4-1k",
	       "feature ea_inode\nea_set -f tree/etc/4k /etc/4k user.large\n"
	       "sif /etc/4k blocks 8");
	scene_open(&s, "ea-inode");
	oracle_expect_clean(s.image, s.overlay, "as it was made");
	expect_refused(&s, tree_remove(s.tree, "/etc/4k", false), STMBOOT_UNSUPPORTED,
		       "'/etc/4k' has an extended attribute in an inode of its own");
	scene_close(&s);
	scene_open(&s, "ea-inode");
	expect_refused(&s, tree_attribute(s.tree, "/etc/4k", "user.x", "1", 1), STMBOOT_UNSUPPORTED,
		       "has an extended attribute in an inode of its own");
	expect_refused(&s, tree_attribute(s.tree, "/etc/name1", "user.x", value, sizeof(value)),
		       STMBOOT_LIMIT, "has no room for all extended attributes");
	scene_close(&s);
}

/* One block of attributes for two inodes, as Linux makes it: it counts them. */
Test(ext4_tree_attributes, a_shared_block_of_attributes_loses_one_reference)
{
	uint64_t block = 0;
	char request[256], *said;
	struct scene s;

	scene_open_only(&s, "inode-128");
	said = oracle_ask(s.image, s.overlay, "debugfs -R 'stat /etc/one' inode-128.img");
	cr_assert_not_null(strstr(said, "File ACL: "));
	block = strtoull(strstr(said, "File ACL: ") + 10, NULL, 10);
	free(said);
	cr_assert_neq(block, 0);
	scene_close(&s);
	snprintf(request, sizeof(request),
		 "sif /etc/4k file_acl %llu\nsif /etc/4k blocks 16\nzap_block -o 4 -l 1 -p 2 %llu",
		 (unsigned long long)block, (unsigned long long)block);
	derive("shared", "inode-128", request);
	scene_open(&s, "shared");
	oracle_expect_clean(s.image, s.overlay, "as it was made");
	expect_done(&s, tree_remove(s.tree, "/etc/one", false));
	expect_done(&s, scene_finish(&s));
	oracle_expect_clean(s.image, s.overlay, "one of two removed");
	expect_attribute(&s, "/etc/4k", "user.small", "\"a small note\"");
	scene_begin(&s);
	expect_done(&s, tree_attribute(s.tree, "/etc/4k", "user.small", "mine", 4));
	expect_done(&s, scene_finish(&s));
	oracle_expect_clean(s.image, s.overlay, "the other one changed");
	scene_close(&s);
}

/* --- times --- */

static int64_t late_clock(void *user)
{
	(void)user;
	return INT64_C(5000000000);
}

Test(ext4_tree_attributes, times_beyond_2038_are_kept_where_there_is_room)
{
	static const struct {
		const char *image;
		const char *time;
	} cases[] = {
		{ "ext4-4k", "mtime: 0x2a05f200:00000001" }, /* 2^32 seconds, and these */
		{ "inode-128", "mtime: 0x7fffffff" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s;

		scene_open_only(&s, cases[i].image);
		s.m.ctx->options.clock = late_clock;
		scene_begin(&s);
		expect_done(&s, tree_put(s.tree, s.m.ctx, "/late", "x", 1));
		expect_done(&s, scene_finish(&s));
		oracle_expect_debugfs(s.image, s.overlay, "stat /late", cases[i].time);
		scene_close(&s);
	}
}

Test(ext4_tree_attributes, times_that_are_given_are_kept_to_the_nanosecond)
{
	const struct sb_tree_gift gift = { .set = SB_TREE_TIMES,
					   .accessed = { 1000000000, 999999999 },
					   .modified = { -1, 5 } };
	struct sb_spot spot;
	struct scene s;

	scene_open(&s, "ext4-4k");
	expect_done(&s, sb_tree_find(s.tree, "/etc/one", false, &spot));
	expect_done(&s, sb_tree_give(s.tree, spot.inode.number, &gift));
	expect_done(&s, scene_finish(&s));
	oracle_expect_debugfs(s.image, s.overlay, "stat /etc/one", "atime: 0x3b9aca00:ee6b27fc");
	oracle_expect_debugfs(s.image, s.overlay, "stat /etc/one", "mtime: 0xffffffff:00000014");
	oracle_expect_clean(s.image, s.overlay, "times");
	scene_close(&s);
}

/* --- devices --- */

Test(ext4_tree_attributes, device_numbers_are_what_debugfs_reads)
{
	static const struct {
		enum stmboot_fs_type type;
		uint32_t major, minor;
		const char *text;
	} cases[] = {
		{ STMBOOT_FS_CHAR_DEVICE, 5, 1, "Device major/minor number: 05:01" },
		{ STMBOOT_FS_BLOCK_DEVICE, 179, 65, "Device major/minor number: 179:65" },
		{ STMBOOT_FS_BLOCK_DEVICE, 259, 70000,
		  "(New-style) Device major/minor number: 259:70000" },
		{ STMBOOT_FS_FIFO, 0, 0, "Type: FIFO" },
		{ STMBOOT_FS_SOCKET, 0, 0, "Type: socket" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sb_spot spot;
		struct scene s;

		scene_open(&s, "ext4-4k");
		expect_done(&s, sb_tree_find(s.tree, "/node", false, &spot));
		expect_done(&s, sb_tree_make_special(s.tree, &spot, cases[i].type, cases[i].major,
						     cases[i].minor, NULL, NULL));
		expect_done(&s, scene_finish(&s));
		oracle_expect_debugfs(s.image, s.overlay, "stat /node", cases[i].text);
		oracle_expect_clean(s.image, s.overlay, "a device");
		scene_close(&s);
	}
}
