/* SPDX-License-Identifier: MIT */
/* Walks over real trees and over damaged ones, and what inodes say of themselves. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../fuzz/ext4_image.h"
#include "../support/ext4_medium.h"
#include "../support/heap.h"
#include "fs/ext4.h"

/* What a walk told, a line a step: "+3 etc/one" for entering, "-" for leaving, "!" for trouble. */
struct record {
	struct stmboot_fs *fs;
	char text[1 << 18];
	size_t length;
	size_t steps;
	size_t stop;      /* at this step, from 1; 0: never */
	const char *skip; /* a name that is not entered */
};

static void add(struct record *record, const char *text)
{
	size_t length = strlen(text);

	cr_assert_lt(record->length + length, sizeof(record->text));
	memcpy(record->text + record->length, text, length + 1);
	record->length += length;
}

static enum stmboot_fs_answer record_step(void *user, const struct stmboot_fs_step *step)
{
	struct record *record = user;
	char line[2 * STMBOOT_FS_PATH_BYTES];

	cr_expect_eq(step->inode == NULL,
		     step->event == STMBOOT_FS_ENTER && step->status != STMBOOT_OK);
	cr_expect_eq(step->trouble == NULL, step->status == STMBOOT_OK);
	cr_expect_str_eq(step->name, strrchr(step->path, '/') + 1);
	snprintf(line, sizeof(line), "%c%u %s%s%s\n", step->event == STMBOOT_FS_ENTER ? '+' : '-',
		 step->depth, step->below, step->status != STMBOOT_OK ? " !" : "",
		 step->status != STMBOOT_OK ? step->trouble : "");
	add(record, line);
	if (++record->steps == record->stop)
		return STMBOOT_FS_STOP;
	return record->skip != NULL && strcmp(record->skip, step->name) == 0 ? STMBOOT_FS_SKIP
									     : STMBOOT_FS_GO_ON;
}

static const char *walk(struct stmboot_fs *fs, const char *path,
			const struct stmboot_fs_walk_options *options, struct record *record)
{
	record->fs = fs;
	record->length = record->steps = 0;
	record->text[0] = '\0';
	cr_expect_eq(stmboot_fs_walk(fs, path, options, record_step, record), STMBOOT_OK, "%s",
		     path);
	return record->text;
}

/* The same lines for a folder on the host; `extra` is a name that mke2fs puts in the root. */
static void expect_folder(struct record *record, const char *host, const char *below,
			  unsigned depth, const char *extra)
{
	char line[2 * STMBOOT_FS_PATH_BYTES];
	struct dirent **names;
	int count = scandir(host, &names, NULL, alphasort);

	snprintf(line, sizeof(line), "+%u %s\n", depth, below);
	add(record, line);
	cr_assert_geq(count, 2);
	for (int i = 0; i < count; i++) {
		char path[STMBOOT_FS_PATH_BYTES], child[STMBOOT_FS_PATH_BYTES];
		const char *name = names[i]->d_name;
		struct stat st;

		if (extra != NULL && strcmp(name, extra) > 0) {
			snprintf(line, sizeof(line), "+%u %s\n-%u %s\n", depth + 1, extra,
				 depth + 1, extra);
			add(record, line);
			extra = NULL;
		}
		cr_assert_lt(snprintf(path, sizeof(path), "%s/%s", host, name), (int)sizeof(path));
		cr_assert_lt(
			snprintf(child, sizeof(child), "%s%s%s", below, *below ? "/" : "", name),
			(int)sizeof(child));
		cr_assert_eq(lstat(path, &st), 0);
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			if (S_ISDIR(st.st_mode)) {
				expect_folder(record, path, child, depth + 1, NULL);
			} else {
				snprintf(line, sizeof(line), "+%u %s\n", depth + 1, child);
				add(record, line);
			}
		}
		free(names[i]);
	}
	free(names);
	snprintf(line, sizeof(line), "-%u %s\n", depth, below);
	add(record, line);
}

static struct record found, wanted;

Test(fs_walk, every_name_is_visited_once_and_in_order)
{
	static const char *const images[] = {
		"ext2-1k",   "ext2-plain", "ext4-1k",     "ext4-64k",    "htree-1k", "htree-4k",
		"inode-128", "meta-bg",    "inline-data", "bigalloc-1k", "ea-inode", "default"
	};

	expect_folder(&wanted, in_folder("tree"), "", 0, "lost+found");
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		struct medium m;

		open_linux(&m, images[i]);
		cr_expect_str_eq(walk(m.fs, "/", NULL, &found), wanted.text, "%s", images[i]);
		medium_close(&m);
	}
}

Test(fs_walk, uboot_sees_the_same_tree)
{
	struct medium m;

	expect_folder(&wanted, in_folder("tree"), "", 0, "lost+found");
	open_uboot(&m, "ext4-1k");
	cr_expect_str_eq(walk(m.fs, "/", NULL, &found), wanted.text);
	medium_close(&m);
}

Test(fs_walk, a_part_of_a_tree)
{
	const struct stmboot_fs_walk_options flat = { .struct_size = sizeof(flat), .max_depth = 1 };
	const struct stmboot_fs_walk_options link = { .struct_size = sizeof(link),
						      .follow = true,
						      .max_depth = 1 };
	struct medium m;

	open_linux(&m, "ext4-4k");
	cr_expect_str_eq(walk(m.fs, "/deep/a", NULL, &found),
			 "+0 \n+1 b\n+2 b/c\n+3 b/c/up\n-2 b/c\n-1 b\n-0 \n");
	cr_expect_str_eq(walk(m.fs, "/deep", &flat, &found), "+0 \n+1 a\n-0 \n");
	cr_expect_str_eq(walk(m.fs, "/deep/a/b/c/up", &link, &found), "+0 \n+1 c\n-0 \n");
	cr_expect_str_eq(walk(m.fs, "/deep/a/b/c/up", NULL, &found), "+0 \n");
	cr_expect_str_eq(walk(m.fs, "/etc/one", NULL, &found), "+0 \n");
	found.skip = "b";
	cr_expect_str_eq(walk(m.fs, "/deep", NULL, &found), "+0 \n+1 a\n+2 a/b\n-1 a\n-0 \n");
	found.skip = NULL;
	for (found.stop = 1; found.stop < 5; found.stop++) {
		walk(m.fs, "/deep", NULL, &found);
		cr_expect_eq(found.steps, found.stop);
	}
	found.stop = 0;
	cr_expect_eq(stmboot_fs_walk(m.fs, "/missing", NULL, record_step, &found),
		     STMBOOT_NOT_FOUND);
	cr_expect_eq(stmboot_fs_walk(m.fs, "/loop", &link, record_step, &found), STMBOOT_LIMIT);
	medium_close(&m);
}

Test(fs_walk, a_path_grows_no_longer_than_any_may_be)
{
	struct medium m;
	char *trouble;

	open_linux(&m, "deep");
	walk(m.fs, "/", NULL, &found);
	cr_expect_eq(found.steps, 1 + 2 + 2 * 16 + 1 + 1);
	trouble = strchr(found.text, '!');
	cr_assert_not_null(trouble);
	cr_expect_eq(strncmp(trouble, "!a name below it makes the path too long\n", 41), 0);
	medium_close(&m);
}

Test(fs_walk, there_are_no_more_names_than_the_context_allows)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options) };
	struct medium m;

	for (unsigned most = 1; most < 6; most++) {
		struct stmboot_context *ctx;
		struct stmboot_fs *fs;
		enum stmboot_status status;

		medium_open(&m, "ext4-4k");
		options.max_walk_names = most;
		cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
		cr_assert_eq(stmboot_fs_open_linux(ctx, m.cache, &fs), STMBOOT_OK);
		found.length = 0;
		status = stmboot_fs_walk(fs, "/deep", NULL, record_step, &found);
		cr_expect_eq(status, most < 4 ? STMBOOT_LIMIT : STMBOOT_OK, "%u", most);
		stmboot_fs_close(fs);
		stmboot_context_free(ctx);
		medium_close(&m);
	}
}

/* The file system of ext4_image.h, which is damaged in one place. */
struct damage {
	const char *name;
	uint32_t offset;
	size_t size;
	const char *bytes;
	const char *trouble; /* a line that a walk then tells */
};

enum {
	INODES_AT = INODE_TABLE * BLOCK,
	BOOT_INODE_AT = INODES_AT + 10 * INODE,
	TREE_INODE_AT = INODES_AT + 11 * INODE,
	FAST_INODE_AT = INODES_AT + 13 * INODE,
	ROOT_AT = ROOT_BLOCK * BLOCK, /* ".", "..", "boot" at 24, "fast", "slow" */
	BOOT_AT = BOOT_BLOCK * BLOCK, /* ".", "..", "tree" at 24, "list" at 36, "inline" */
};

static const struct damage damages[] = {
	{ "a directory within itself", BOOT_AT + 24, 4, "\13\0\0\0",
	  "+2 boot/tree !a directory that stands in another place, too\n" },
	{ "the root within a directory", BOOT_AT + 24, 4, "\2\0\0\0",
	  "+2 boot/tree !a directory that stands in another place, too\n" },
	{ "a name with a slash", BOOT_AT + 32, 4, "t/ee",
	  "-1 boot !a directory with a name that no path can hold\n" },
	{ "a name with a NUL", BOOT_AT + 32, 4, "tr\0e",
	  "-1 boot !a directory with a name that no path can hold\n" },
	{ "a name that is there twice", BOOT_AT + 32, 4, "list",
	  "+2 boot/list !a name that stands in its directory twice\n" },
	{ "two more dots", BOOT_AT + 30, 4, "\2\2..", "+2 boot/list\n" },
	{ "a name with an escape and a newline", BOOT_AT + 32, 4, "\33[2\n", "+2 boot/\33[2\n\n" },
	{ "an inode number out of range", BOOT_AT + 24, 4, "\377\0\0\0",
	  "-1 boot !a directory entry with an inode number out of range\n" },
	{ "an inode that is not in use", TREE_INODE_AT + 0x1a, 2, "\0\0",
	  "+2 boot/tree !an inode that is not in use\n" },
	{ "an entry of an impossible length", BOOT_AT + 28, 2, "\3\0",
	  "-1 boot !a directory entry of an impossible length\n" },
	{ "names that are encrypted", BOOT_INODE_AT + 0x20, 4, "\0\10\0\0",
	  "-1 boot !the names of the directory are encrypted\n" },
	{ "a link of an impossible length", FAST_INODE_AT + 0x04, 4, "\0\0\1\0",
	  "+1 fast !a symbolic link of an impossible length\n" },
	{ "a directory larger than the file system", BOOT_INODE_AT + 0x04, 4, "\0\0\0\177",
	  "-1 boot !a directory larger than the file system\n" },
	{ "a type that no system knows", TREE_INODE_AT, 2, "\377\361", "+2 boot/tree\n" },
};

Test(fs_walk, damage_is_told_and_the_rest_is_visited)
{
	static uint8_t medium[MEDIUM];

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const struct damage *d = &damages[i];
		struct stmboot_context *ctx;
		struct stmboot_source *src;
		struct stmboot_fs *fs;

		image_make(medium);
		memcpy(medium + d->offset, d->bytes, d->size);
		cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
		cr_assert_eq(stmboot_source_from_memory(ctx, medium, MEDIUM, &src), STMBOOT_OK);
		cr_assert_eq(stmboot_fs_open_linux(ctx, src, &fs), STMBOOT_OK, "%s", d->name);
		walk(fs, "/", NULL, &found);
		cr_expect(strstr(found.text, d->trouble) != NULL, "%s: %s", d->name, found.text);
		cr_expect(strstr(found.text, "\n+1 slow\n-0 \n") != NULL, "%s: %s", d->name,
			  found.text);
		cr_expect_eq(strncmp(found.text, "+0 \n+1 boot\n", 12), 0, "%s", d->name);
		stmboot_fs_close(fs);
		stmboot_source_close(src);
		stmboot_context_free(ctx);
	}
}

/* A file is opened by its number; a number without one is no file. */
Test(fs_walk, files_are_opened_by_the_number_of_their_inode)
{
	struct stmboot_fs_node node;
	struct stmboot_source *src;
	struct medium m;

	open_linux(&m, "ext4-4k");
	cr_assert_eq(stmboot_fs_stat(m.fs, "/boot/zImage", true, &node), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_open_inode(m.fs, node.inode, &src), STMBOOT_OK);
	cr_expect_eq(stmboot_source_size(src), node.size);
	stmboot_source_close(src);
	cr_expect_eq(stmboot_fs_open_inode(m.fs, 2, &src), STMBOOT_INVALID_ARGUMENT);
	cr_expect_eq(stmboot_fs_open_inode(m.fs, 0, &src), STMBOOT_CORRUPT);
	cr_expect_eq(stmboot_fs_open_inode(m.fs, UINT32_MAX, &src), STMBOOT_CORRUPT);
	medium_close(&m);
}

/* What debugfs says of a time: seconds and the field beside it, both as they are stored. */
static struct stmboot_fs_time debugfs_time(const char *image, const char *path, const char *name)
{
	struct stmboot_fs_time time = { 0 };
	char command[2 * STMBOOT_FS_PATH_BYTES], line[256];
	unsigned low = 0, extra = 0;
	FILE *said;

	snprintf(command, sizeof(command), "debugfs -R 'stat %s' %s 2>/dev/null", path,
		 in_folder(image));
	said = popen(command, "r");
	cr_assert_not_null(said);
	while (fgets(line, sizeof(line), said) != NULL) {
		const char *at = line + strspn(line, " ");

		if (strncmp(at, name, strlen(name)) == 0)
			cr_expect_geq(sscanf(at + strlen(name), ": 0x%x:%x", &low, &extra), 1);
	}
	pclose(said);
	time.seconds = (int32_t)low + ((int64_t)(extra & 3) << 32);
	time.nanoseconds = extra >> 2 < 1000000000 ? extra >> 2 : 0;
	return time;
}

static void expect_time(const char *image, const char *path, const char *name,
			const struct stmboot_fs_time *time)
{
	struct stmboot_fs_time said = debugfs_time(image, path, name);

	cr_expect(said.seconds == time->seconds && said.nanoseconds == time->nanoseconds,
		  "%s %s: %lld.%u, not %lld.%u", path, name, (long long)time->seconds,
		  time->nanoseconds, (long long)said.seconds, said.nanoseconds);
}

Test(fs_walk, inodes_tell_all_their_times)
{
	const struct stmboot_fs_inode *inode;
	struct medium m;

	open_linux(&m, "ext4-4k");
	for (unsigned i = 0; i < 3; i++) {
		const char *path = (const char *[]){ "/special/times", "/etc/one", "/link1" }[i];

		cr_assert_eq(stmboot_fs_inspect(m.fs, path, false, &inode), STMBOOT_OK);
		expect_time("ext4-4k.img", path, "atime", &inode->accessed);
		expect_time("ext4-4k.img", path, "ctime", &inode->changed);
		expect_time("ext4-4k.img", path, "mtime", &inode->modified);
		expect_time("ext4-4k.img", path, "crtime", &inode->created);
		cr_expect(inode->has_created);
		cr_expect_eq(inode->node.mtime, inode->modified.seconds);
		stmboot_fs_inode_free(inode);
	}
	cr_assert_eq(stmboot_fs_inspect(m.fs, "/special/times", false, &inode), STMBOOT_OK);
	cr_expect_eq(inode->accessed.seconds, -1);
	cr_expect_eq(inode->modified.nanoseconds, 0x7735940d >> 2);
	cr_expect_eq(inode->changed.nanoseconds, 0, "UTIME_OMIT is no time");
	stmboot_fs_inode_free(inode);
	medium_close(&m);
	open_linux(&m, "inode-128");
	cr_assert_eq(stmboot_fs_inspect(m.fs, "/etc/one", false, &inode), STMBOOT_OK);
	cr_expect_not(inode->has_created);
	stmboot_fs_inode_free(inode);
	medium_close(&m);
}

Test(fs_walk, inodes_tell_their_blocks_and_targets)
{
	const struct stmboot_fs_inode *inode;
	struct medium m;

	open_linux(&m, "ext4-4k");
	cr_assert_eq(stmboot_fs_inspect(m.fs, "/etc/extents", true, &inode), STMBOOT_OK);
	cr_expect_eq(inode->blocks, (420 + 2) * 8, "%zu", (size_t)inode->blocks);
	cr_expect_null(inode->target);
	stmboot_fs_inode_free(inode);
	cr_assert_eq(stmboot_fs_inspect(m.fs, "/boot/absolute", false, &inode), STMBOOT_OK);
	cr_expect_str_eq(inode->target, "/boot/zImage");
	cr_expect_eq(inode->blocks, 0);
	stmboot_fs_inode_free(inode);
	cr_expect_eq(stmboot_fs_inspect(m.fs, "/dangling", true, &inode), STMBOOT_NOT_FOUND);
	medium_close(&m);
}

Test(fs_walk, counts_in_blocks_of_the_file_system_are_told_in_sectors)
{
	struct stmboot_ext4_info info = { .block_bytes = 4096, .ro_compat = 0 };
	struct sb_ext4_inode inode = { .blocks = UINT64_C(0x100000008) };

	cr_expect_eq(sb_ext4_sectors(&info, &inode), 8);
	info.ro_compat = RO_COMPAT_HUGE_FILE;
	cr_expect_eq(sb_ext4_sectors(&info, &inode), UINT64_C(0x100000008));
	inode.flags = EXT4_FLAG_HUGE_FILE;
	cr_expect_eq(sb_ext4_sectors(&info, &inode), UINT64_C(0x800000040));
}

struct explain_case {
	const char *path;
	const char *message;
	const char *hint;
};

static const struct explain_case explain_cases[] = {
	{ "/boot/zImge", "there is no '/boot/zImge'",
	  "did you mean '/boot/zImage'? of that path, '/boot' is there" },
	{ "/missing", "there is no '/missing'", "of that path, '/' is there" },
	{ "/boot/a/b/c", "there is no '/boot/a/b/c'", "of that path, '/boot' is there" },
	{ "missing", "there is no 'missing'", "of that path, '/' is there" },
	{ "/etc/one/x/y", "'/etc/one' is a regular file, not a directory", "" },
	{ "/etc/one/", "'/etc/one' is a regular file, not a directory", "" },
	{ "/dangling", "'/dangling' is a symbolic link to 'missing', which is not there", "" },
	{ "/dangling/x", "'/dangling' is a symbolic link to 'missing', which is not there", "" },
	{ "/loop/x", "'/loop/x': too many symbolic links", "" },
	{ "/boot", "'/boot' is a directory", "" },
	{ "/special/pipe", "'/special/pipe' is a pipe", "" },
};

Test(fs_walk, trouble_with_a_path_is_explained)
{
	struct medium m;

	open_linux(&m, "ext4-4k");
	for (size_t i = 0; i < sizeof(explain_cases) / sizeof(explain_cases[0]); i++) {
		const struct explain_case *c = &explain_cases[i];
		struct stmboot_refusal why = { .message = "" };
		struct stmboot_source *src;
		enum stmboot_status status = stmboot_fs_open(m.fs, c->path, &src);

		cr_assert_neq(status, STMBOOT_OK);
		stmboot_fs_explain(m.fs, c->path, status, &why);
		cr_expect_eq(strncmp(why.message, c->message, strlen(c->message)), 0, "%s: %s",
			     c->path, why.message);
		cr_expect_str_eq(why.hint, c->hint, "%s", c->path);
	}
	medium_close(&m);
}

/* A walk that also reads what it meets, under faults. */
static enum stmboot_fs_answer read_step(void *user, const struct stmboot_fs_step *step)
{
	struct record *record = user;
	const struct stmboot_fs_attributes *attributes = NULL;

	record->steps += step->status == STMBOOT_OK;
	if (step->inode != NULL && stmboot_fs_attributes_read(record->fs, step->inode->node.inode,
							      &attributes) == STMBOOT_NO_MEMORY)
		record->stop = 1;
	stmboot_fs_attributes_free(attributes);
	return record->stop != 0 ? STMBOOT_FS_STOP : STMBOOT_FS_GO_ON;
}

Test(fs_walk, without_memory_a_walk_says_so)
{
	size_t most = 0;

	for (size_t n = 0; n <= most; n++) {
		struct heap heap = { .for_good = n % 2 == 1 };
		struct stmboot_context *ctx = heap_context(&heap);
		struct record record = { .steps = 0 };
		enum stmboot_status status;
		struct medium m;

		medium_open(&m, "ea-inode");
		heap_refuse(&heap, n);
		status = stmboot_fs_open_linux(ctx, m.file, &record.fs);
		if (status == STMBOOT_OK)
			status = stmboot_fs_walk(record.fs, "/etc", NULL, read_step, &record);
		cr_expect(n == 0 ? status == STMBOOT_OK && record.stop == 0
				 : status == STMBOOT_NO_MEMORY || record.stop != 0,
			  "%zu: %s", n, stmboot_status_text(status));
		if (n == 0)
			most = heap.requests;
		if (record.fs != NULL)
			stmboot_fs_close(record.fs);
		stmboot_context_free(ctx);
		cr_expect_eq(heap.live, 0, "%zu", n);
		medium_close(&m);
	}
	cr_expect_gt(most, 30);
}
