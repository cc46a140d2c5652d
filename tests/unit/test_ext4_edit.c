/* SPDX-License-Identifier: MIT */
/*
 * Edits of real images, which ext4_images.sh makes. What is staged is written
 * to the image, shown to e2fsck, whose words are read (it must say nothing), and taken back.
 */
#include "../support/ext4_compare.h"
#include "../support/ext4_oracle.h"
#include "../support/pace.h"
#include "fs/ext4_edit.h"

/* One edit of one image. */
struct edited {
	struct medium m;
	const char *image;
	struct sb_overlay *overlay;
	struct sb_arena arena;
	struct stmboot_refusal refusal;
	struct sb_ext4_edit edit;
};

static void edited_open(struct edited *e, const char *image)
{
	memset(e, 0, sizeof(*e));
	e->image = image;
	medium_open(&e->m, image);
	cr_assert_eq(sb_overlay_new(e->m.ctx, e->m.cache, &e->overlay), STMBOOT_OK);
	sb_arena_init(&e->arena, e->m.ctx);
}

static void edited_close(struct edited *e)
{
	sb_arena_release(&e->arena);
	sb_overlay_free(e->overlay);
	medium_close(&e->m);
}

static enum stmboot_status replace(struct edited *e, const char *path, const void *data,
				   size_t size)
{
	return sb_ext4_replace_file(&e->arena, e->overlay, 0, stmboot_source_size(e->m.file), path,
				    data, size, &e->refusal, &e->edit);
}

/* Sectors written of one kind. */
static uint64_t sectors(const struct edited *e, enum sb_ext4_write_kind kind)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < e->edit.write_count; i++)
		if (e->edit.writes[i].kind == kind)
			bytes += e->edit.writes[i].length;
	return bytes / SB_SECTOR_BYTES;
}

/* The edit did what was asked for, for Linux and for U-Boot, and nothing else. */
static void expect_edited(struct edited *e, const void *data, size_t size, const char *what)
{
	struct trees trees = { .path = "", .changed = e->edit.path };
	struct stmboot_fs *uboot_before, *uboot;
	struct trees seen;

	cr_assert_eq(stmboot_fs_open_uboot(e->m.ctx, e->m.cache, &uboot_before), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_open_linux(e->m.ctx, e->m.cache, &trees.before), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_open_linux(e->m.ctx, sb_overlay_source(e->overlay), &trees.after),
		     STMBOOT_OK);
	cr_assert_eq(stmboot_fs_open_uboot(e->m.ctx, sb_overlay_source(e->overlay), &uboot),
		     STMBOOT_OK);
	cr_expect(content_is(trees.after, e->edit.path, data, size), "%s, %s: content", e->image,
		  what);
	/* What U-Boot could read before it reads afterwards. */
	seen = (struct trees){ .before = trees.before, .after = uboot_before };
	cr_expect(size == 0 || !contents_equal(&seen, e->edit.path) ||
			  content_is(uboot, e->edit.path, data, size),
		  "%s, %s: content for U-Boot", e->image, what);
	cr_expect_eq(stmboot_fs_list(trees.before, "/", compare_entry, &trees), STMBOOT_OK);
	cr_expect_eq(trees.differences, 0, "%s, %s: %zu other differences", e->image, what,
		     trees.differences);
	cr_expect_eq(count_names(trees.after), trees.names, "%s, %s: names", e->image, what);
	stmboot_fs_close(uboot);
	stmboot_fs_close(uboot_before);
	stmboot_fs_close(trees.after);
	stmboot_fs_close(trees.before);
	oracle_expect_clean(e->image, e->overlay, what);
}

static const char *const shapes[] = {
	"ext2-1k",  "ext2-4k",  "ext2-plain",   "ext3-1k",     "ext4-1k",    "ext4-2k",
	"ext4-4k",  "ext4-64k", "uninit-bg",    "seed-orphan", "no-flex-bg", "inode-128",
	"htree-1k", "htree-4k", "small-groups", "removed",     "default",    "meta-bg",
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static const char CONF[] = "/boot/extlinux/extlinux.conf";

Test(ext4_edit, other_bytes_of_the_same_size_touch_one_sector)
{
	static const char text[] = "label linux\n\tkernel /boot/zOther";

	for (size_t i = 0; i < SHAPES; i += pace(13)) {
		struct edited e;

		edited_open(&e, shapes[i]);
		cr_assert_eq(replace(&e, CONF, text, sizeof(text)), STMBOOT_OK, "%s: %s", e.image,
			     e.refusal.message);
		cr_expect(e.edit.changed && e.edit.in_place);
		cr_expect_eq(sectors(&e, SB_EXT4_WRITE_DATA), 1, "%s", e.image);
		cr_expect_eq(sb_overlay_pending(e.overlay), SB_SECTOR_BYTES, "%s", e.image);
		cr_expect_str_eq(e.edit.path, CONF);
		expect_edited(&e, text, sizeof(text), "same size");
		edited_close(&e);
	}
}

Test(ext4_edit, another_size_in_the_same_block_touches_one_more_sector)
{
	static const struct {
		size_t size;
		uint64_t data_sectors;
	} sizes[] = { { 20, 1 }, { 100, 1 }, { 512, 1 }, { 513, 2 }, { 1024, 2 }, { 1, 1 } };
	char text[1024];

	memset(text, '#', sizeof(text));
	for (size_t i = pace_from(6); i < SHAPES; i += pace(13)) {
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			struct edited e;
			char what[32];

			snprintf(what, sizeof(what), "%zu bytes", sizes[s].size);
			edited_open(&e, shapes[i]);
			cr_assert_eq(replace(&e, CONF, text, sizes[s].size), STMBOOT_OK, "%s: %s",
				     e.image, e.refusal.message);
			cr_expect(e.edit.in_place);
			cr_expect_eq(sectors(&e, SB_EXT4_WRITE_DATA), sizes[s].data_sectors);
			cr_expect_eq(sectors(&e, SB_EXT4_WRITE_INODE), 1);
			cr_expect_eq(sb_overlay_pending(e.overlay),
				     (sizes[s].data_sectors + 1) * SB_SECTOR_BYTES);
			if (s == i % 6)
				expect_edited(&e, text, sizes[s].size, what);
			edited_close(&e);
		}
	}
}

/* Something that is not on the image, and repeats at no block size. */
static uint8_t *make_content(size_t size, uint32_t seed)
{
	uint8_t *data = malloc(size + 1);

	cr_assert_not_null(data);
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (uint8_t)(seed >> 24);
	}
	return data;
}

static void expect_rewritten(const char *image, const char *path, size_t size)
{
	uint8_t *data = make_content(size, (uint32_t)size);
	char what[64];
	struct edited e;

	snprintf(what, sizeof(what), "%s, %zu bytes", path, size);
	edited_open(&e, image);
	cr_assert_eq(replace(&e, path, data, size), STMBOOT_OK, "%s, %s: %s", image, what,
		     e.refusal.message);
	cr_expect(e.edit.changed && !e.edit.in_place, "%s, %s", image, what);
	cr_expect(sectors(&e, SB_EXT4_WRITE_SUPERBLOCK) <= 2, "%s, %s", image, what);
	expect_edited(&e, data, size, what);
	edited_close(&e);
	free(data);
}

Test(ext4_edit, content_of_more_blocks_gets_a_new_inode)
{
	for (size_t i = pace_from(1); i < SHAPES; i += pace(13))
		expect_rewritten(shapes[i], CONF, 200000);
}

Test(ext4_edit, content_of_fewer_blocks_gets_a_new_inode)
{
	for (size_t i = pace_from(7); i < SHAPES; i += pace(13))
		expect_rewritten(shapes[i], "/etc/sparse", i % 2 ? 3000 : 0);
}

Test(ext4_edit, a_name_in_an_indexed_directory_leads_to_the_new_inode)
{
	/* Not meta-bg: there U-Boot does not find the inode, and takes another for it. */
	for (size_t i = pace_from(12); i < SHAPES - 1; i += pace(13))
		expect_rewritten(shapes[i], "/many/a-rather-long-name-of-a-file-00555", 70000);
}

Test(ext4_edit, links_are_followed_to_the_file)
{
	for (size_t i = pace_from(8); i < SHAPES; i += pace(13)) {
		static const char text[] = "through links";
		struct edited e;

		if (strcmp(shapes[i], "ext4-4k") == 0)
			continue; /* immutable there */
		edited_open(&e, shapes[i]);
		cr_assert_eq(replace(&e, "/directory/slow", text, sizeof(text)), STMBOOT_OK,
			     "%s: %s", e.image, e.refusal.message);
		cr_expect_str_eq(e.edit.path, "/boot/zImage");
		if (i % 4 == 0)
			expect_edited(&e, text, sizeof(text), "links");
		edited_close(&e);
	}
}

Test(ext4_edit, extended_attributes_go_over_to_the_new_inode)
{
	static const char *const images[] = { "ext3-1k", "ext4-1k",    "ext4-2k",
					      "ext4-4k", "no-flex-bg", "inode-128" };
	uint8_t *data = make_content(50000, 1);

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i += pace(5)) {
		struct edited e;

		edited_open(&e, images[i]);
		cr_assert_eq(replace(&e, "/etc/one", data, 50000), STMBOOT_OK, "%s: %s", e.image,
			     e.refusal.message);
		cr_expect_not(e.edit.in_place);
		expect_edited(&e, data, 50000, "attributes");
		oracle_expect_debugfs(e.image, e.overlay, "ea_get /etc/one user.small",
				      "a small note");
		oracle_expect_debugfs(e.image, e.overlay, "ea_get /etc/one user.big", "1 2 3 4 5");
		edited_close(&e);
	}
	free(data);
}

Test(ext4_edit, two_names_of_a_file_keep_their_content_together)
{
	uint8_t *data = make_content(50000, 2);

	for (size_t i = pace_from(3); i < SHAPES; i += pace(13)) {
		struct stmboot_fs *fs;
		struct edited e;

		edited_open(&e, shapes[i]);
		cr_assert_eq(replace(&e, "/etc/name1", data, 50000), STMBOOT_OK, "%s: %s", e.image,
			     e.refusal.message);
		cr_assert_eq(stmboot_fs_open_linux(e.m.ctx, sb_overlay_source(e.overlay), &fs),
			     STMBOOT_OK);
		cr_expect(content_is(fs, "/boot/name2", data, 50000), "%s", e.image);
		cr_expect(content_is(fs, "/etc/name1", data, 50000), "%s", e.image);
		cr_expect_eq(sectors(&e, SB_EXT4_WRITE_DIRECTORY), 0, "%s", e.image);
		stmboot_fs_close(fs);
		oracle_expect_clean(e.image, e.overlay, "two names");
		edited_close(&e);
	}
	free(data);
}

/* What cannot be done says why, and leaves nothing behind. */
static const struct {
	const char *image;
	const char *path;
	size_t size;
	enum stmboot_status status;
	const char *message;
} refused[] = {
	{ "ext4-1k", "/etc/missing", 10, STMBOOT_NOT_FOUND, "no such file" },
	{ "ext4-1k", "/dangling", 10, STMBOOT_NOT_FOUND, "no such file" },
	{ "ext4-1k", "/etc", 10, STMBOOT_INVALID_ARGUMENT, "not a regular file" },
	{ "ext4-1k", "/", 10, STMBOOT_INVALID_ARGUMENT, "not a regular file" },
	{ "ext4-1k", "/loop", 10, STMBOOT_LIMIT, "symbolic links" },
	{ "ext4-4k", "/special/null", 10, STMBOOT_INVALID_ARGUMENT, "not a regular file" },
	{ "ext4-4k", "/boot/zImage", 10, STMBOOT_UNSUPPORTED, "immutable" },
	{ "inline-data", "/etc/inline-100", 10, STMBOOT_UNSUPPORTED, "in the inode" },
	{ "inline-data", "/boot/zImage", 10, STMBOOT_UNSUPPORTED, "inline_data" },
	{ "bigalloc-4k", "/boot/zImage", 10, STMBOOT_UNSUPPORTED, "bigalloc" },
	{ "ext4-1k", "/etc/one", 24 << 20, STMBOOT_LIMIT, "needs 24576 blocks" },
	{ "ext2-4k", "/etc/one", 24 << 20, STMBOOT_LIMIT, "needs 6151 blocks" },
};

Test(ext4_edit, what_cannot_be_done_is_refused_with_a_reason)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		uint8_t *data = make_content(refused[i].size, 3);
		struct edited e;

		edited_open(&e, refused[i].image);
		cr_expect_eq(replace(&e, refused[i].path, data, refused[i].size), refused[i].status,
			     "%s", refused[i].path);
		cr_expect(strstr(e.refusal.message, refused[i].message), "%s: %s", refused[i].path,
			  e.refusal.message);
		cr_expect_eq(sb_overlay_pending(e.overlay), 0);
		cr_expect_eq(sb_overlay_status(e.overlay), STMBOOT_OK);
		edited_close(&e);
		free(data);
	}
}

Test(ext4_edit, the_content_that_a_file_has_writes_nothing)
{
	static const char text[] = "label linux\n\tkernel /boot/zImage\n";

	for (size_t i = pace_from(5); i < SHAPES; i += pace(13)) {
		struct edited e;

		edited_open(&e, shapes[i]);
		cr_assert_eq(replace(&e, CONF, text, sizeof(text) - 1), STMBOOT_OK, "%s",
			     e.refusal.message);
		cr_expect_not(e.edit.changed);
		cr_expect_eq(sb_overlay_pending(e.overlay), 0);
		edited_close(&e);
	}
}

/* Many edits in one overlay, of sizes that need one block, lists of lists, or none. */
Test(ext4_edit, edits_of_any_size_follow_one_another)
{
	static const char *const paths[] = { "/boot/extlinux/extlinux.conf", "/etc/one",
					     "/etc/sparse", "/etc/name1", "/etc/extents" };
	enum { PATHS = sizeof(paths) / sizeof(paths[0]), EDITS = 12 };
	uint32_t seed = 20240917;

	for (size_t i = pace_from(4); i < SHAPES; i += pace(13)) {
		size_t sizes[PATHS] = { 0 };
		uint32_t seeds[PATHS] = { 0 };
		struct stmboot_fs *fs;
		struct edited e;

		edited_open(&e, shapes[i]);
		for (size_t n = 0; n < EDITS + PATHS; n++) {
			size_t p = n % PATHS;
			uint8_t *data;

			seed = seed * 1664525 + 1013904223;
			seeds[p] = seed;
			sizes[p] = (seed >> 8) % (seed >> 31 ? 3000 : 600000);
			data = make_content(sizes[p], seeds[p]);
			cr_assert_eq(replace(&e, paths[p], data, sizes[p]), STMBOOT_OK,
				     "%s, %s, %zu bytes: %s", e.image, paths[p], sizes[p],
				     e.refusal.message);
			free(data);
		}
		cr_assert_eq(stmboot_fs_open_linux(e.m.ctx, sb_overlay_source(e.overlay), &fs),
			     STMBOOT_OK);
		for (size_t p = 0; p < PATHS; p++) {
			uint8_t *data = make_content(sizes[p], seeds[p]);

			cr_expect(content_is(fs, paths[p], data, sizes[p]), "%s, %s", e.image,
				  paths[p]);
			free(data);
		}
		stmboot_fs_close(fs);
		oracle_expect_clean(e.image, e.overlay, "one after another");
		edited_close(&e);
	}
}
