/* SPDX-License-Identifier: MIT */
/* Folders of the host, with all that can have a name in them. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../support/heap.h"
#include "source/folder.h"

static char top[64];
static struct heap heap;
static struct stmboot_context *ctx;
static struct sb_arena arena;

static const char *in_top(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(in_top(name), "w");

	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
}

static void set_up(void)
{
	strcpy(top, "/tmp/stmboot-folder-XXXXXX");
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(mkdir(in_top("sub"), 0750), 0);
	cr_assert_eq(mkdir(in_top("sub/below"), 0755), 0);
	put_file("sub/below/deep", "deep");
	put_file("file", "content");
	put_file("also", "");
	cr_assert_eq(chmod(in_top("file"), 04711), 0);
	cr_assert_eq(symlink("/etc/passwd", in_top("link")), 0);
	cr_assert_eq(symlink("sub", in_top("link-to-sub")), 0);
	cr_assert_eq(mkfifo(in_top("pipe"), 0644), 0);
	heap = (struct heap){ .refuse = 0 };
	ctx = heap_context(&heap);
	sb_arena_init(&arena, ctx);
}

static void tear_down(void)
{
	char command[128];

	sb_arena_release(&arena);
	stmboot_context_free(ctx);
	cr_expect_eq(heap.live, 0, "memory was lost");
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	cr_expect_eq(system(command), 0);
}

TestSuite(folder, .init = set_up, .fini = tear_down);

static struct sb_folder *open_top(void)
{
	struct sb_folder_entry entry;
	struct stmboot_source *content;
	struct sb_folder *folder;

	cr_assert_eq(sb_folder_open(&arena, top, &entry, &content, &folder), STMBOOT_OK);
	cr_assert_eq(entry.type, SB_FOLDER_DIRECTORY);
	cr_assert_null(content);
	return folder;
}

Test(folder, names_are_sorted_and_links_are_links)
{
	static const struct {
		const char *name;
		enum sb_folder_type type;
	} expected[] = {
		{ "also", SB_FOLDER_FILE }, { "file", SB_FOLDER_FILE },
		{ "link", SB_FOLDER_LINK }, { "link-to-sub", SB_FOLDER_LINK },
		{ "pipe", SB_FOLDER_FIFO }, { "sub", SB_FOLDER_DIRECTORY },
	};
	struct sb_folder *folder = open_top();
	struct sb_folder_entry *entries;
	size_t count = 0;

	cr_assert_eq(sb_folder_list(folder, &arena, &entries, &count), STMBOOT_OK);
	cr_assert_eq(count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < count; i++) {
		cr_expect_str_eq(entries[i].name, expected[i].name);
		cr_expect_eq(entries[i].type, expected[i].type, "%s", expected[i].name);
	}
	cr_expect_str_eq(entries[2].target, "/etc/passwd");
	cr_expect_eq(entries[1].mode, 04711);
	cr_expect_eq(entries[1].uid, getuid());
	cr_expect_neq(entries[1].modified_seconds, 0);
	sb_folder_close(folder);
}

Test(folder, files_are_read_and_nothing_else_is_opened_as_one)
{
	struct sb_folder *folder = open_top(), *below;
	struct stmboot_source *content = NULL;
	char text[8] = "";

	cr_assert_eq(sb_folder_open_file(folder, "file", &content), STMBOOT_OK);
	cr_expect_eq(stmboot_source_size(content), 7);
	cr_expect_eq(stmboot_source_read(content, 0, text, 7), STMBOOT_OK);
	cr_expect_str_eq(text, "content");
	stmboot_source_close(content);
	cr_expect_eq(sb_folder_open_file(folder, "link", &content), STMBOOT_CONFLICT);
	cr_expect_eq(sb_folder_open_file(folder, "pipe", &content), STMBOOT_CONFLICT);
	cr_expect_eq(sb_folder_open_file(folder, "sub", &content), STMBOOT_CONFLICT);
	cr_expect_eq(sb_folder_open_file(folder, "missing", &content), STMBOOT_NOT_FOUND);
	cr_assert_eq(sb_folder_open_below(folder, "sub/below", &below), STMBOOT_OK);
	cr_assert_eq(sb_folder_open_file(below, "deep", &content), STMBOOT_OK);
	stmboot_source_close(content);
	sb_folder_close(below);
	sb_folder_close(folder);
}

Test(folder, a_folder_that_became_a_link_is_not_followed)
{
	struct sb_folder *folder = open_top(), *below = NULL;

	cr_expect_neq(sb_folder_open_below(folder, "link-to-sub", &below), STMBOOT_OK);
	cr_expect_neq(sb_folder_open_below(folder, "link-to-sub/below", &below), STMBOOT_OK);
	cr_expect_eq(sb_folder_open_below(folder, "missing", &below), STMBOOT_NOT_FOUND);
	cr_expect_eq(sb_folder_open_below(folder, "file", &below), STMBOOT_NOT_FOUND);
	sb_folder_close(folder);
}

Test(folder, what_is_named_itself_may_be_a_link)
{
	struct sb_folder_entry entry;
	struct stmboot_source *content;
	struct sb_folder *folder;

	cr_assert_eq(sb_folder_open(&arena, in_top("link-to-sub"), &entry, &content, &folder),
		     STMBOOT_OK);
	cr_expect_eq(entry.type, SB_FOLDER_DIRECTORY);
	cr_expect_eq(entry.mode, 0750);
	sb_folder_close(folder);
	cr_assert_eq(sb_folder_open(&arena, in_top("pipe"), &entry, &content, &folder), STMBOOT_OK);
	cr_expect_eq(entry.type, SB_FOLDER_FIFO);
	cr_expect(content == NULL && folder == NULL);
	cr_expect_eq(sb_folder_open(&arena, in_top("missing"), &entry, &content, &folder),
		     STMBOOT_NOT_FOUND);
}

static enum stmboot_status note_attribute(void *user, const char *name, const void *value,
					  size_t size)
{
	char *said = user;

	(void)snprintf(said + strlen(said), 200 - strlen(said), "%s=%.*s;", name, (int)size,
		       (const char *)value);
	return STMBOOT_OK;
}

Test(folder, attributes_of_a_file_come_sorted)
{
	struct sb_folder *folder = open_top();
	char said[200] = "";
	bool kept = setxattr(in_top("file"), "user.b", "2", 1, 0) == 0 &&
		    setxattr(in_top("file"), "user.a", "1", 1, 0) == 0;

	cr_expect_eq(sb_folder_attributes(ctx, folder, "file", note_attribute, said), STMBOOT_OK);
	if (kept) /* not every file system of a host has them */
		cr_expect_str_eq(said, "user.a=1;user.b=2;");
	said[0] = '\0';
	cr_expect_eq(sb_folder_attributes(ctx, folder, "link", note_attribute, said), STMBOOT_OK);
	cr_expect_str_eq(said, "", "those of a link are its own");
	sb_folder_close(folder);
}

static enum stmboot_status read_all(struct sb_arena *own)
{
	struct sb_folder_entry entry, *entries;
	struct stmboot_source *content = NULL;
	struct sb_folder *folder = NULL, *below = NULL;
	size_t count;
	char said[200] = "";
	enum stmboot_status status = sb_folder_open(own, top, &entry, &content, &folder);

	if (status == STMBOOT_OK)
		status = sb_folder_list(folder, own, &entries, &count);
	if (status == STMBOOT_OK)
		status = sb_folder_open_below(folder, "sub/below", &below);
	if (status == STMBOOT_OK)
		status = sb_folder_open_file(below, "deep", &content);
	if (status == STMBOOT_OK)
		status = sb_folder_attributes(ctx, folder, "file", note_attribute, said);
	stmboot_source_close(content);
	sb_folder_close(below);
	sb_folder_close(folder);
	return status;
}

static size_t count_open(void)
{
	size_t files = 0;

	for (int file = 0; file < 256; file++)
		files += fcntl(file, F_GETFD) >= 0;
	return files;
}

Test(folder, each_allocation_may_be_refused)
{
	size_t total, files = count_open();

	heap_refuse(&heap, 0);
	cr_assert_eq(read_all(&arena), STMBOOT_OK);
	total = heap.requests;
	cr_assert_gt(total, 3);
	for (size_t n = 1; n <= total; n++) {
		struct sb_arena own;

		sb_arena_init(&own, ctx);
		heap_refuse(&heap, n);
		cr_expect_eq(read_all(&own), STMBOOT_NO_MEMORY, "request %zu", n);
		sb_arena_release(&own);
	}
	heap_refuse(&heap, 0);
	cr_expect_eq(count_open(), files, "files were left open");
}
