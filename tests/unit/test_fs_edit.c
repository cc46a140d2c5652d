/* SPDX-License-Identifier: MIT */
/* Edits of files on a small card, several at once, and what remains of them when memory runs out.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stmboot/fs.h>
#include <stmboot/fs_edit.h>
#include <stmboot/image.h>

#include "../support/fast_folder.h"
#include "../support/heap.h"
#include "../support/pace.h"
#include "base/context.h"
#include "image/image.h"

enum { MANY = 400, MOST_BYTES = 1 << 20 };

static const char CONF[] = "/boot/extlinux/extlinux.conf";

static char folder[64], card[96], state[96], tree[96];
static uint8_t original[MOST_BYTES], now[MOST_BYTES];
static size_t original_size;
static struct stmboot_edit_options transaction;
static struct stmboot_boot_edit_options options;
static struct stmboot_refusal why;
static struct heap heap;
static struct stmboot_context *ctx;

static size_t read_file(const char *path, uint8_t bytes[MOST_BYTES])
{
	FILE *f = fopen(path, "rb");
	size_t size;

	cr_assert_not_null(f, "%s", path);
	size = fread(bytes, 1, MOST_BYTES, f);
	(void)fclose(f);
	return size;
}

static void put_card(void)
{
	FILE *f = fopen(card, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(original, 1, original_size, f), original_size);
	cr_assert_eq(fclose(f), 0);
}

/* A folder of the host with something of each kind, whose times of access reading leaves alone. */
static void make_tree(void)
{
	char command[512];

	(void)snprintf(tree, sizeof(tree), "%s/tree", folder);
	(void)snprintf(command, sizeof(command),
		       "mkdir -p %s/sub && cd %s && echo text >sub/file && ln -s sub link && "
		       "mkfifo pipe && touch -h -a -d '1 hour' * sub/* .",
		       tree, tree);
	cr_assert_eq(system(command), 0);
}

/* With somebody who watches, what is put in is measured first. */
static void watch(void *user, uint64_t done, uint64_t total)
{
	(void)user;
	cr_expect(total == 0 || done <= total);
}

static void set_up(void)
{
	const char *images = getenv("STMBOOT_GOLDEN_IMAGES");
	char path[512];

	cr_assert_not_null(images, "run through golden_images.sh");
	(void)snprintf(path, sizeof(path), "%s/healthy.img", images);
	original_size = read_file(path, original);
	fast_folder(folder, sizeof(folder), "fs-edit");
	cr_assert_not_null(mkdtemp(folder));
	(void)snprintf(card, sizeof(card), "%s/card.img", folder);
	(void)snprintf(state, sizeof(state), "%s/state", folder);
	put_card();
	make_tree();
	transaction = (struct stmboot_edit_options){ .struct_size = sizeof(transaction),
						     .state_directory = state };
	options = (struct stmboot_boot_edit_options){ .struct_size = sizeof(options),
						      .edit = &transaction };
	why = (struct stmboot_refusal){ .message = "" };
	heap = (struct heap){ .refuse = 0 };
	ctx = heap_context(&heap);
	ctx->options.progress = watch;
}

static void tear_down(void)
{
	char command[128];

	stmboot_context_free(ctx);
	cr_expect_eq(heap.live, 0, "memory was lost");
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(fs_edit, .init = set_up, .fini = tear_down, .timeout = 300);

#define expect_done(status) cr_assert_eq(status, STMBOOT_OK, "%s", why.message)

static bool is_as_it_was(void)
{
	return read_file(card, now) == original_size && memcmp(now, original, original_size) == 0;
}

static const struct stmboot_file_ref *at(const char *path)
{
	static struct stmboot_file_ref places[2];
	static int turn;

	turn = !turn; /* two of them at once */
	places[turn] = (struct stmboot_file_ref){ 4, path };
	return &places[turn];
}

static struct stmboot_boot_edit *begin(void)
{
	struct stmboot_boot_edit *edit = NULL;

	expect_done(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit));
	return edit;
}

static enum stmboot_status put(struct stmboot_boot_edit *edit, const char *path, const char *text,
			       const struct stmboot_fs_properties *properties)
{
	struct stmboot_source *content = NULL;
	enum stmboot_status status = stmboot_source_from_memory(ctx, text, strlen(text), &content);

	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_put(edit, at(path), content, properties, &why);
	stmboot_source_close(content);
	return status;
}

static enum stmboot_status finish(struct stmboot_boot_edit *edit)
{
	const struct stmboot_edit_plan *plan;
	enum stmboot_status status = stmboot_boot_edit_stage(edit, &why, &plan);

	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_commit(edit, &why);
	return status;
}

/* The file system of the card as it is now. */
static struct stmboot_fs *open_card(struct stmboot_image **image)
{
	struct stmboot_fs *fs;

	cr_assert_eq(stmboot_image_open(ctx, card, NULL, image), STMBOOT_OK);
	cr_assert_eq(sb_image_fs_linux(*image, 4, &fs), STMBOOT_OK);
	return fs;
}

static void expect_content(struct stmboot_fs *fs, const char *path, const char *text)
{
	struct stmboot_source *content;
	char found[200] = "";

	cr_assert_eq(stmboot_fs_open(fs, path, &content), STMBOOT_OK, "%s", path);
	cr_expect_eq(stmboot_source_size(content), strlen(text), "%s", path);
	cr_expect_eq(stmboot_source_read(content, 0, found, strlen(text)), STMBOOT_OK);
	cr_expect_str_eq(found, text, "%s", path);
	stmboot_source_close(content);
}

/* A change of each kind. */
static enum stmboot_status change_all(struct stmboot_boot_edit *edit)
{
	const struct stmboot_fs_copy_options all = { .struct_size = sizeof(all),
						     .recursive = true,
						     .preserve = true };
	enum stmboot_status status =
		stmboot_fs_edit_make_directory(edit, at("/srv/new"), true, &why);

	if (status == STMBOOT_OK)
		status = put(edit, "/srv/new/file", "content", NULL);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_link(edit, at("/srv/new/file"), at("/srv/name"), &why);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_symlink(edit, "new/file", at("/srv/link"), &why);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_set_mode(edit, at("/srv/link"), "u+x", &why);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_set_owner(edit, at("/srv/name"), "1000:100", &why);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_copy(edit, at("/srv/name"), at("/srv/copy"), NULL, &why);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_move(edit, at("/srv/copy"), at("/boot"), &why);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_remove(edit, at("/lib/modules"), true, &why);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_set_attribute(edit, at("/boot/copy"), "user.note", "hi", 2,
						       &why);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_put_host(edit, tree, at("/srv/tree"), &all, &why);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_copy(edit, at("/srv/tree/sub/file"), at("/srv/again"),
					      &all, &why);
	return status;
}

Test(fs_edit, several_changes_are_one_edit)
{
	const struct stmboot_edit_plan *plan;
	struct stmboot_boot_edit *edit;
	struct stmboot_fs_node node;
	struct stmboot_image *image;
	struct stmboot_fs *fs;

	options.force = true; /* the modules that are removed were those of the kernel */
	edit = begin();
	expect_done(change_all(edit));
	cr_expect(is_as_it_was(), "nothing is written yet");
	expect_done(stmboot_boot_edit_stage(edit, &why, &plan));
	cr_expect_eq(plan->change_count, 14);
	cr_expect_str_eq(plan->changes[0].what, "4:/srv");
	cr_expect_str_eq(plan->changes[1].what, "4:/srv/new");
	cr_expect_str_eq(plan->changes[2].after, "regular file of 7 bytes");
	expect_done(stmboot_boot_edit_commit(edit, &why));
	stmboot_boot_edit_close(edit);
	fs = open_card(&image);
	expect_content(fs, "/srv/new/file", "content");
	expect_content(fs, "/srv/link", "content");
	expect_content(fs, "/boot/copy", "content");
	cr_assert_eq(stmboot_fs_stat(fs, "/srv/name", false, &node), STMBOOT_OK);
	cr_expect(node.links == 2 && node.mode == 0744 && node.uid == 1000 && node.gid == 100);
	cr_expect_eq(stmboot_fs_stat(fs, "/lib/modules", false, &node), STMBOOT_NOT_FOUND);
	stmboot_image_close(image);
	expect_done(stmboot_boot_edit_begin_undo(ctx, card, &options, &why, &edit));
	expect_done(finish(edit));
	stmboot_boot_edit_close(edit);
	cr_expect(is_as_it_was(), "and taken back as one");
}

Test(fs_edit, what_is_staged_is_seen)
{
	struct stmboot_boot_edit *edit = begin();
	struct stmboot_source *content;
	char found[8] = "";

	expect_done(put(edit, "/new", "first", NULL));
	expect_done(put(edit, "/new", "second", NULL));
	expect_done(stmboot_fs_edit_open(edit, at("/new"), &why, &content));
	cr_expect_eq(stmboot_source_size(content), 6);
	cr_expect_eq(stmboot_source_read(content, 0, found, 6), STMBOOT_OK);
	cr_expect_str_eq(found, "second");
	stmboot_source_close(content);
	cr_expect_eq(stmboot_fs_edit_open(edit, at("/old"), &why, &content), STMBOOT_NOT_FOUND);
	cr_expect_eq(stmboot_fs_edit_open(edit, at("/boot"), &why, &content),
		     STMBOOT_INVALID_ARGUMENT);
	stmboot_boot_edit_close(edit);
	cr_expect(is_as_it_was());
}

Test(fs_edit, a_change_that_is_refused_leaves_the_others)
{
	struct stmboot_boot_edit *edit = begin();
	struct stmboot_file_ref nowhere = { 9, "/x" };
	struct stmboot_image *image;

	expect_done(put(edit, "/new", "new", NULL));
	cr_expect_eq(stmboot_fs_edit_remove(edit, at("/none"), false, &why), STMBOOT_NOT_FOUND);
	cr_expect_str_eq(why.message, "'/none' does not exist");
	cr_expect_eq(stmboot_fs_edit_remove(edit, at("/boot"), false, NULL),
		     STMBOOT_INVALID_ARGUMENT, "without a place for the reason");
	cr_expect_eq(stmboot_fs_edit_remove(edit, &nowhere, false, &why), STMBOOT_NOT_FOUND);
	cr_expect_str_eq(why.message, "there is no partition 9");
	nowhere.partition = 1;
	cr_expect_eq(stmboot_fs_edit_remove(edit, &nowhere, false, &why), STMBOOT_NOT_RECOGNISED);
	cr_expect_eq(stmboot_fs_edit_set_mode(edit, at("/new"), "rwx", &why),
		     STMBOOT_INVALID_ARGUMENT);
	cr_expect_eq(stmboot_fs_edit_set_owner(edit, at("/new"), "root", &why),
		     STMBOOT_INVALID_ARGUMENT);
	cr_expect_eq(stmboot_fs_edit_set_attribute(edit, at("/new"), "no.such", "", 0, &why),
		     STMBOOT_INVALID_ARGUMENT);
	expect_done(finish(edit));
	stmboot_boot_edit_close(edit);
	expect_content(open_card(&image), "/new", "new");
	stmboot_image_close(image);
}

/* Content that cannot be read to its end. */
static enum stmboot_status fail_late(void *self, uint64_t offset, void *buffer, size_t size)
{
	(void)self;
	memset(buffer, 'x', size);
	return offset + size > (64 << 10) ? STMBOOT_IO : STMBOOT_OK;
}

static uint64_t size_of_all(void *self)
{
	(void)self;
	return 100 << 10;
}

Test(fs_edit, a_change_that_failed_on_its_way_is_no_edit)
{
	static const struct stmboot_source_ops ops = { .struct_size = sizeof(ops),
						       .read_at = fail_late,
						       .size = size_of_all };
	struct stmboot_boot_edit *edit = begin();
	const struct stmboot_edit_plan *plan;
	struct stmboot_source *content;

	expect_done(put(edit, "/new", "new", NULL));
	cr_assert_eq(stmboot_source_new(ctx, &ops, NULL, &content), STMBOOT_OK);
	cr_expect_eq(stmboot_fs_edit_put(edit, at("/big"), content, NULL, &why), STMBOOT_IO);
	stmboot_source_close(content);
	cr_expect_eq(stmboot_fs_edit_remove(edit, at("/new"), true, &why), STMBOOT_IO);
	cr_expect_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_CONFLICT);
	cr_expect(strstr(why.message, "failed on its way: ") != NULL, "%s", why.message);
	stmboot_boot_edit_close(edit);
	cr_expect(is_as_it_was());
}

Test(fs_edit, a_half_of_a_copy_is_no_edit)
{
	const struct stmboot_fs_copy_options all = { .struct_size = sizeof(all),
						     .recursive = true };
	struct stmboot_boot_edit *edit = begin();
	const struct stmboot_edit_plan *plan;

	expect_done(stmboot_fs_edit_make_directory(edit, at("/srv/tree/pipe"), true, &why));
	cr_expect_eq(stmboot_fs_edit_put_host(edit, tree, at("/srv"), &all, &why),
		     STMBOOT_INVALID_ARGUMENT);
	cr_expect_str_eq(why.message, "'/srv/tree/pipe' is a directory");
	cr_expect_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_CONFLICT);
	cr_expect_str_eq(why.message, "a change of this edit failed on its way: "
				      "'/srv/tree/pipe' is a directory");
	cr_expect_eq(stmboot_boot_edit_commit(edit, &why), STMBOOT_CONFLICT);
	stmboot_boot_edit_close(edit);
	cr_expect(is_as_it_was());
}

Test(fs_edit, a_content_without_room_leaves_the_others)
{
	static char big[800 << 10];
	struct stmboot_boot_edit *edit = begin();
	struct stmboot_image *image;

	memset(big, 'b', sizeof(big) - 1);
	expect_done(put(edit, "/new", "new", NULL));
	cr_expect_eq(put(edit, "/big", big, NULL), STMBOOT_LIMIT);
	cr_expect(strstr(why.message, "'/big' needs ") != NULL, "%s", why.message);
	expect_done(finish(edit));
	stmboot_boot_edit_close(edit);
	expect_content(open_card(&image), "/new", "new");
	stmboot_image_close(image);
}

Test(fs_edit, what_a_file_is_given_it_has)
{
	const struct stmboot_fs_properties all = { .struct_size = sizeof(all),
						   .has_mode = true,
						   .has_owner = true,
						   .has_times = true,
						   .mode = 06751,
						   .uid = 70000,
						   .gid = 80000,
						   .accessed = 1000,
						   .modified = 1234567890,
						   .modified_nanoseconds = 5 };
	struct stmboot_fs_properties less = { .struct_size =
						      offsetof(struct stmboot_fs_properties, uid),
					      .has_mode = true,
					      .mode = 0600 };
	struct stmboot_boot_edit *edit = begin();
	struct stmboot_fs_node node;
	struct stmboot_image *image;
	struct stmboot_fs *fs;

	expect_done(put(edit, "/all", "x", &all));
	expect_done(put(edit, "/less", "x", &less));
	expect_done(put(edit, CONF,
			"label l\n kernel /boot/zImage\n devicetree "
			"/boot/stm32mp157c-dk2.dtb\n append root=/dev/mmcblk0p4\n",
			&less));
	expect_done(finish(edit));
	stmboot_boot_edit_close(edit);
	fs = open_card(&image);
	cr_assert_eq(stmboot_fs_stat(fs, "/all", false, &node), STMBOOT_OK);
	cr_expect(node.mode == 06751 && node.uid == 70000 && node.gid == 80000);
	cr_expect_eq(node.mtime, 1234567890);
	cr_assert_eq(stmboot_fs_stat(fs, "/less", false, &node), STMBOOT_OK);
	cr_expect(node.mode == 0600 && node.uid == 0 && node.gid == 0);
	cr_assert_eq(stmboot_fs_stat(fs, CONF, false, &node), STMBOOT_OK);
	cr_expect_eq(node.mode, 0600, "also one that was there");
	stmboot_image_close(image);
}

Test(fs_edit, an_error_that_is_added_refuses_the_edit)
{
	struct stmboot_boot_edit *edit = begin();
	const struct stmboot_edit_plan *plan;

	expect_done(stmboot_fs_edit_remove(edit, at("/boot/zImage"), false, &why));
	cr_expect_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_CONFLICT);
	cr_expect_neq(stmboot_boot_edit_commit(edit, &why), STMBOOT_OK);
	stmboot_boot_edit_close(edit);
	cr_expect(is_as_it_was());
}

static enum stmboot_status run(void)
{
	struct stmboot_boot_edit *edit = NULL;
	enum stmboot_status status = stmboot_boot_edit_begin(ctx, card, &options, &why, &edit);

	if (status == STMBOOT_OK)
		status = change_all(edit);
	if (status == STMBOOT_OK)
		status = finish(edit);
	stmboot_boot_edit_close(edit);
	return status;
}

/* Whatever is refused: no leak, a status that says so, and the card as it was or as it was to be.
 */
Test(fs_edit, each_allocation_may_be_refused)
{
	static uint8_t meant[MOST_BYTES];
	size_t before = heap.requests, total, stride;

	options.force = true;
	cr_assert_eq(setenv("SOURCE_DATE_EPOCH", "1700000000", 1), 0);
	cr_assert_eq(run(), STMBOOT_OK, "%s", why.message);
	total = heap.requests - before;
	stride = total / MANY * pace(5) + 1;
	cr_assert_eq(read_file(card, meant), original_size);
	for (size_t n = 1; n <= total; n += stride) {
		enum stmboot_status status;

		put_card();
		heap_refuse(&heap, n);
		status = run();
		cr_assert_eq(heap.live, 1, "request %zu: %zu left", n, heap.live - 1);
		heap_refuse(&heap, 0);
		if (status != STMBOOT_OK)
			cr_expect_eq(status, STMBOOT_NO_MEMORY, "request %zu: %s", n,
				     stmboot_status_text(status));
		(void)read_file(card, now);
		cr_expect(memcmp(now, status == STMBOOT_OK ? meant : original, original_size) == 0,
			  "request %zu: %s", n, stmboot_status_text(status));
	}
}
