/* SPDX-License-Identifier: MIT */
/* Files of a file system made files of the host: all shapes of ext4, and hostile ones. */
#include "../support/extract_bench.h"
#include "../support/ext4_medium.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/context.h"

static struct bench b;

static enum stmboot_status extract(const char *path, const char *destination,
				   struct stmboot_extract_options options)
{
	options.struct_size = sizeof(options);
	stmboot_extract_free(b.result);
	b.result = NULL;
	b.why = (struct stmboot_refusal){ .message = "" };
	return stmboot_extract(b.ctx, b.fs, path, bench_path(&b, destination), &options, &b.why,
			       &b.result);
}

#define RECURSIVE                                                                                  \
	(struct stmboot_extract_options)                                                           \
	{                                                                                          \
		.recursive = true                                                                  \
	}
#define PRESERVE                                                                                   \
	(struct stmboot_extract_options)                                                           \
	{                                                                                          \
		.recursive = true, .preserve = true                                                \
	}

static void begin(void)
{
	memset(&b, 0, sizeof(b));
	umask(022);
	bench_folder(&b);
}

static void end(void)
{
	bench_close(&b);
	cr_expect(bench_outside_is_same(&b));
	folder_remove(&b.folder);
}

/* One of the images of ext4_images.sh. */
static void open_image(struct medium *m, const char *name)
{
	open_linux(m, name);
	b.ctx = m->ctx;
	b.fs = m->fs;
}

static void close_image(struct medium *m)
{
	stmboot_extract_free(b.result);
	b.result = NULL;
	b.fs = NULL;
	medium_close(m);
}

/* A script that compares $TREE, which an image was made from, with $MADE, made of it. */
static bool agrees(const char *made, const char *format, const char *script)
{
	setenv("TREE", in_folder("tree"), 1);
	setenv("MADE", bench_path(&b, made), 1);
	setenv("FORMAT", format, 1);
	return system(script) == 0;
}

static bool is_same_tree(const char *made)
{
	return agrees(made, "",
		      "diff -r --no-dereference -x lost+found -x special \"$TREE\" \"$MADE\" >&2");
}

/* What `find` says of everything in them. */
static bool is_same_list(const char *made, const char *format)
{
	return agrees(made, format,
		      "list() { cd \"$1\" && find . -mindepth 1 -name lost+found -prune -o "
		      "-name special -prune -o -printf \"$FORMAT\\n\" | LC_ALL=C sort; }; "
		      "wanted=$(list \"$TREE\"); found=$(list \"$MADE\"); "
		      "test \"$wanted\" = \"$found\"");
}

/* How the others are read, test_fs.c shows. */
static const char *const images[] = {
	"ext2-plain",  "ext2-4k",   "ext3-1k",  "ext4-4k",     "ext4-64k",
	"seed-orphan", "inode-128", "htree-4k", "bigalloc-1k", "inline-data",
	"meta-bg",     "ea-inode",  "default",
};
enum { IMAGES = sizeof(images) / sizeof(images[0]) };

Test(extract, every_shape_gives_the_tree_it_was_made_from)
{
	for (size_t i = 0; i < IMAGES; i++) {
		struct medium m;

		begin();
		open_image(&m, images[i]);
		cr_expect_eq(extract("/", "new", PRESERVE), STMBOOT_OK, "%s: %s", images[i],
			     b.result != NULL && b.result->trouble_count > 0
				     ? b.result->troubles[0].message
				     : b.why.message);
		cr_expect(is_same_tree("new"), "%s", images[i]);
		cr_expect(is_same_list("new", "%P %y %l %m %U %G %n %T@"), "%s", images[i]);
		cr_expect_eq(b.result->failed, 0);
		cr_expect_eq(b.result->hard_links, 1);
		cr_expect_str_eq(b.result->destination, bench_path(&b, "new"));
		close_image(&m);
		end();
	}
}

Test(extract, without_preserve_modes_are_kept_and_times_are_new)
{
	struct medium m;
	struct stat st;

	begin();
	open_image(&m, "ext4-4k");
	cr_expect_eq(extract("/", "new", RECURSIVE), STMBOOT_OK);
	cr_expect(is_same_tree("new"));
	cr_expect(is_same_list("new", "%P %y %l %m"));
	cr_assert_eq(stat(bench_path(&b, "new/boot/zImage"), &st), 0);
	cr_expect_neq(st.st_mtime, 1600000000);
	close_image(&m);
	end();
}

static void make_deep(const char *name)
{
	char command[512];

	snprintf(command, sizeof(command), "mkdir -p %s", bench_path(&b, name));
	cr_assert_eq(system(command), 0);
}

Test(extract, times_and_attributes_are_kept)
{
	struct medium m;
	struct stat st;
	char value[1024];

	begin();
	open_image(&m, "ext4-4k");
	cr_assert_eq(extract("/special/times", "out", PRESERVE), STMBOOT_OK, "%s", b.why.message);
	cr_assert_eq(stat(bench_path(&b, "out/times"), &st), 0);
	cr_expect_eq(st.st_atim.tv_sec, -1);
	cr_expect_eq(st.st_mtim.tv_nsec, 0x7735940d >> 2);
	close_image(&m);
	open_image(&m, "ea-inode");
	cr_assert_eq(extract("/etc/one", "out/one", PRESERVE), STMBOOT_OK, "%s", b.why.message);
	cr_expect_eq(getxattr(bench_path(&b, "out/one"), "user.small", value, sizeof(value)), 12);
	cr_expect_eq(getxattr(bench_path(&b, "out/one"), "user.inode", value, sizeof(value)), 1024);
	cr_expect_eq(getxattr(bench_path(&b, "out/one"), "system.posix_acl_access", value,
			      sizeof(value)),
		     44);
	if (geteuid() == 0)
		cr_expect_eq(getxattr(bench_path(&b, "out/one"), "trusted.t", value, sizeof(value)),
			     0);
	cr_assert_eq(extract("/etc/one", "out/plain", RECURSIVE), STMBOOT_OK);
	cr_expect_lt(getxattr(bench_path(&b, "out/plain"), "user.small", value, sizeof(value)), 0);
	close_image(&m);
	end();
}

Test(extract, holes_stay_holes)
{
	struct medium m;
	struct stat st;

	begin();
	open_image(&m, "ext4-4k");
	cr_assert_eq(extract("/etc/sparse", "out", RECURSIVE), STMBOOT_OK);
	cr_assert_eq(stat(bench_path(&b, "out/sparse"), &st), 0);
	cr_expect_gt(st.st_size, 9000000);
	cr_expect_lt(st.st_blocks * 512, 100000);
	cr_expect_lt(b.result->bytes, 100000);
	close_image(&m);
	end();
}

struct destination {
	const char *path;        /* in the image */
	const char *destination; /* NULL: the current folder */
	const char *made;        /* NULL: refused */
};

static const struct destination destinations[] = {
	{ "/boot/zImage", "out", "out/zImage" },
	{ "/boot/zImage", "out/", "out/zImage" },
	{ "/boot/zImage", "out/other", "out/other" },
	{ "/boot/zImage", NULL, "zImage" },
	{ "/boot/absolute", "out", "out/absolute" },
	{ "/boot/../boot/zImage", "out", "out/zImage" },
	{ "/boot", "out", "out/boot/zImage" },
	{ "/boot/", "out/new", "out/new/zImage" },
	{ "/boot/extlinux/..", "out", "out/boot/zImage" },
	{ "/directory", "out/new/", "out/new/zImage" },
	{ "/", "out", "out/boot/zImage" },
	{ "/", "out/new", "out/new/boot/zImage" },
	{ "/..", "out", "out/boot/zImage" },
	{ "/", NULL, NULL },
	{ "/boot/zImage", "missing/", NULL },
	{ "/boot/zImage", "missing/x", NULL },
	{ "/boot/zImage", "outside/file/x", NULL },
	{ "/boot", "missing/x/y", NULL },
	{ "/missing", "out", NULL },
	{ "/etc/one/x", "out", NULL },
	{ "/dangling", "out", NULL },
	{ "/special/null", "out", NULL },
};

Test(extract, where_it_goes)
{
	const struct stmboot_extract_options options = { .struct_size = sizeof(options),
							 .recursive = true };

	for (size_t i = 0; i < sizeof(destinations) / sizeof(destinations[0]); i++) {
		const struct destination *d = &destinations[i];
		const char *to = d->destination != NULL ? bench_path(&b, "") : NULL;
		char path[2 * BENCH_PATH];
		struct medium m;
		enum stmboot_status status;

		begin();
		open_image(&m, "ext4-4k");
		cr_assert_eq(chdir(b.folder.path), 0);
		snprintf(path, sizeof(path), "%s/%s", b.folder.path,
			 d->destination != NULL ? d->destination : "");
		status = stmboot_extract(b.ctx, b.fs, d->path, to != NULL ? path : NULL, &options,
					 &b.why, &b.result);
		cr_expect_eq(status == STMBOOT_OK, d->made != NULL, "%s: %s", d->path,
			     b.why.message);
		cr_expect_eq(b.why.message[0] == '\0', d->made != NULL, "%s", d->path);
		if (d->made != NULL)
			cr_expect(bench_is_there(&b, d->made), "%s", d->made);
		else
			cr_expect_null(b.result);
		cr_assert_eq(chdir("/"), 0);
		close_image(&m);
		end();
	}
}

Test(extract, a_directory_has_to_be_asked_for)
{
	struct medium m;

	begin();
	open_image(&m, "ext4-4k");
	cr_expect_eq(extract("/boot", "out", (struct stmboot_extract_options){ .devices = true }),
		     STMBOOT_INVALID_ARGUMENT);
	cr_expect_str_eq(b.why.message, "'/boot' is a directory");
	cr_expect_str_eq(bench_find(&b, "out", "%P"), "\n");
	close_image(&m);
	end();
}

Test(extract, devices_have_to_be_asked_for)
{
	const struct stmboot_extract_options all = { .recursive = true, .devices = true };
	struct medium m;
	struct stat st;

	begin();
	open_image(&m, "ext4-4k");
	cr_expect_eq(extract("/special", "out", RECURSIVE), STMBOOT_OK);
	cr_expect_eq(b.result->left_out, 3);
	cr_expect_eq(b.result->failed, 0);
	cr_expect_not_null(bench_trouble(b.result, "/special/null"));
	cr_expect_str_eq(bench_find(&b, "out/special", "%P %y"), " d\ntimes f\nunwritten f\n");
	cr_expect_eq(extract("/special", "out", all), geteuid() == 0 ? STMBOOT_OK : STMBOOT_IO);
	cr_assert_eq(lstat(bench_path(&b, "out/special/pipe"), &st), 0);
	cr_expect(S_ISFIFO(st.st_mode));
	if (geteuid() == 0) {
		cr_assert_eq(lstat(bench_path(&b, "out/special/disk"), &st), 0);
		cr_expect(S_ISBLK(st.st_mode) && st.st_rdev == makedev(8, 300));
		cr_expect_eq(b.result->specials, 3);
		/* they are in the way now */
		cr_expect_eq(extract("/special", "out", all), STMBOOT_CONFLICT);
		cr_expect_eq(b.result->failed, 3);
	}
	close_image(&m);
	end();
}

static enum stmboot_status extract_made(const char *path, struct stmboot_extract_options options)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	bench_open(&b, ctx);
	return extract(path, "out", options);
}

static void end_made(void)
{
	struct stmboot_context *ctx = b.ctx;

	bench_close(&b);
	stmboot_context_free(ctx);
	cr_expect(bench_outside_is_same(&b));
	folder_remove(&b.folder);
}

enum {
	INODES_AT = INODE_TABLE * BLOCK,
	BOOT_INODE_AT = INODES_AT + 10 * INODE,
	TREE_INODE_AT = INODES_AT + 11 * INODE,
	LIST_INODE_AT = INODES_AT + 12 * INODE,
	FAST_INODE_AT = INODES_AT + 13 * INODE,
	INLINE_INODE_AT = INODES_AT + 15 * INODE,
	ROOT_AT = ROOT_BLOCK * BLOCK, /* ".", "..", "boot" at 24, "fast" at 36, "slow" */
	BOOT_AT = BOOT_BLOCK * BLOCK, /* ".", "..", "tree" at 24, "list" at 36, "inline" */
};

Test(extract, set_id_bits_are_root_s_with_preserve_alone)
{
	struct stat st;

	for (unsigned i = 0; i < 2; i++) {
		begin();
		image_make(b.medium);
		put(b.medium + TREE_INODE_AT, 0x8fed, 2); /* 07755 */
		put(b.medium + BOOT_INODE_AT, 0x4ded, 2); /* 06755 */
		cr_assert_eq(extract_made("/", i == 0 ? RECURSIVE : PRESERVE), STMBOOT_OK);
		cr_assert_eq(stat(bench_path(&b, "out/boot/tree"), &st), 0);
		cr_expect_eq(st.st_mode & 07777,
			     i == 0           ? 0755U
			     : geteuid() == 0 ? 07755U
					      : 01755U,
			     "%o", st.st_mode);
		cr_assert_eq(stat(bench_path(&b, "out/boot"), &st), 0);
		cr_expect_eq(st.st_mode & 07777, i == 1 && geteuid() == 0 ? 06755U : 0755U);
		end_made();
	}
}

Test(extract, files_and_folders_that_nobody_may_write_are_filled)
{
	struct stat st;

	for (unsigned i = 0; i < 2; i++) {
		begin();
		image_make(b.medium);
		put(b.medium + TREE_INODE_AT, 0x8000, 2);
		put(b.medium + LIST_INODE_AT, 0x8000 | 0444, 2);
		put(b.medium + BOOT_INODE_AT, 0x4000 | 0555, 2);
		cr_assert_eq(extract_made("/", i == 0 ? RECURSIVE : PRESERVE), STMBOOT_OK);
		cr_assert_eq(stat(bench_path(&b, "out/boot"), &st), 0);
		cr_expect_eq(st.st_mode & 07777, 0555U);
		cr_assert_eq(stat(bench_path(&b, "out/boot/tree"), &st), 0);
		cr_expect_eq(st.st_mode & 07777, 0U);
		cr_expect_eq(st.st_size, 3000);
		cr_assert_eq(stat(bench_path(&b, "out/boot/list"), &st), 0);
		cr_expect_eq(st.st_mode & 07777, 0444U);
		cr_assert_eq(chmod(bench_path(&b, "out/boot"), 0755), 0);
		end_made();
	}
}

Test(extract, names_cannot_lead_anywhere_else)
{
	static const struct {
		const char *name;
		uint32_t offset;
		size_t size;
		const char *bytes;
		const char *trouble; /* the path that it is told of; NULL: none */
		const char *left;    /* in out/boot */
	} cases[] = {
		{ "a slash", BOOT_AT + 32, 4, "../x", "/boot", "inline\nlist\n" },
		{ "a slash at the start", BOOT_AT + 32, 4, "/tmp", "/boot", "inline\nlist\n" },
		{ "a NUL", BOOT_AT + 32, 4, "x\0yz", "/boot", "inline\nlist\n" },
		{ "two dots", BOOT_AT + 30, 4, "\2\1..", NULL, "inline\nlist\n" },
		{ "a dot", BOOT_AT + 30, 4, "\1\1.\0", NULL, "inline\nlist\n" },
		{ "a newline", BOOT_AT + 32, 4, "t\nee", NULL, "ee\ninline\nlist\nt\n" },
		{ "an escape", BOOT_AT + 32, 4, "\33[2J", NULL, "\33[2J\ninline\nlist\n" },
		{ "twice", BOOT_AT + 32, 4, "list", "/boot/list", "inline\nlist\n" },
		{ "its own folder", BOOT_AT + 24, 4, "\13\0\0\0", "/boot/tree", "inline\nlist\n" },
		{ "the root", BOOT_AT + 24, 4, "\2\0\0\0", "/boot/tree", "inline\nlist\n" },
		{ "nothing known", TREE_INODE_AT, 2, "\377\361", "/boot/tree", "inline\nlist\n" },
		{ "cipher text", TREE_INODE_AT + 0x20, 4, "\0\10\10\0", "/boot/tree",
		  "inline\nlist\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char wanted[64];

		begin();
		image_make(b.medium);
		memcpy(b.medium + cases[i].offset, cases[i].bytes, cases[i].size);
		cr_expect_eq(extract_made("/", PRESERVE) == STMBOOT_OK, cases[i].trouble == NULL,
			     "%s", cases[i].name);
		cr_expect_eq(b.result->failed, cases[i].trouble != NULL, "%s", cases[i].name);
		if (cases[i].trouble != NULL)
			cr_expect_not_null(bench_trouble(b.result, cases[i].trouble), "%s",
					   cases[i].name);
		snprintf(wanted, sizeof(wanted), "\n%s", cases[i].left);
		cr_expect_str_eq(bench_find(&b, "out/boot", "%P"), wanted, "%s", cases[i].name);
		end_made();
	}
}

/* "fast" leads out; a second "fast" is a directory with files. */
Test(extract, nothing_is_made_through_a_symbolic_link)
{
	char target[64];

	for (unsigned i = 0; i < 2; i++) {
		begin();
		image_make(b.medium);
		snprintf(target, sizeof(target), "%s", bench_path(&b, "outside"));
		memset(b.medium + FAST_INODE_AT + 0x28, 0, 60);
		memcpy(b.medium + FAST_INODE_AT + 0x28, target, strlen(target));
		put(b.medium + FAST_INODE_AT + 4, strlen(target), 4);
		/* "boot" is called "fast", too: before the link, or behind it */
		memcpy(b.medium + ROOT_AT + 24 + 8, "fast", 4);
		if (i == 1) {
			put(b.medium + ROOT_AT + 24, 14, 4);
			put(b.medium + ROOT_AT + 36, 11, 4);
		}
		cr_expect_eq(extract_made("/", RECURSIVE), STMBOOT_CORRUPT);
		cr_expect_eq(b.result->failed, 1);
		cr_expect_not_null(bench_trouble(b.result, "/fast"));
		cr_expect(bench_is_there(&b, i == 1 ? "out/fast" : "out/fast/tree"));
		end_made();
	}
}

/* What stands on the host already where something is to be made. */
Test(extract, what_is_there_is_replaced_only_when_it_is_a_regular_file)
{
	char *data;

	begin();
	image_make(b.medium);
	make_deep("out/boot/list");
	cr_assert_eq(symlink(bench_path(&b, "outside/file"), bench_path(&b, "out/boot/tree")), 0);
	folder_write(&b.folder, "out/boot/inline", "old", 3);
	folder_write(&b.folder, "out/slow", "old", 3);
	cr_assert_eq(symlink("elsewhere", bench_path(&b, "out/fast")), 0);
	cr_expect_eq(extract_made("/", RECURSIVE), STMBOOT_CONFLICT);
	cr_expect_eq(b.result->failed, 3);
	cr_expect_not_null(bench_trouble(b.result, "/boot/list"));
	cr_expect_not_null(bench_trouble(b.result, "/boot/tree"));
	cr_expect_not_null(bench_trouble(b.result, "/fast"));
	cr_expect_str_eq(bench_find(&b, "out", "%P %y"),
			 " d\nboot d\nboot/inline f\nboot/list d\nboot/tree l\nfast l\nslow l\n");
	cr_expect_eq(bench_read(&b, "out/boot/inline", &data), 64);
	end_made();
}

Test(extract, a_folder_is_not_taken_for_what_stands_in_its_place)
{
	for (unsigned i = 0; i < 2; i++) {
		begin();
		image_make(b.medium);
		if (i == 0)
			cr_assert_eq(symlink(bench_path(&b, "outside"), bench_path(&b, "out/boot")),
				     0);
		else
			folder_write(&b.folder, "out/boot", "old", 3);
		cr_expect_eq(extract_made("/", RECURSIVE), STMBOOT_CONFLICT);
		cr_expect_eq(b.result->failed, 1);
		cr_expect_eq(b.result->symlinks, 2);
		cr_expect_not_null(bench_trouble(b.result, "/boot"));
		end_made();
	}
}

Test(extract, a_second_run_makes_the_same)
{
	const char *first;
	char text[4096];

	begin();
	image_make(b.medium);
	put(b.medium + TREE_INODE_AT + 0x1a, 2, 2);
	put(b.medium + BOOT_AT + 36, 12, 4); /* "list" is a second name of "tree" */
	cr_assert_eq(extract_made("/", PRESERVE), STMBOOT_OK);
	cr_expect_eq(b.result->hard_links, 1);
	first = bench_find(&b, "out", "%P %y %m %s %n %T@ %l");
	snprintf(text, sizeof(text), "%s", first);
	cr_assert_eq(extract("/", "out", PRESERVE), STMBOOT_OK, "%s",
		     b.result->troubles != NULL ? b.result->troubles[0].message : "");
	cr_expect_eq(b.result->hard_links, 1);
	cr_expect_str_eq(bench_find(&b, "out", "%P %y %m %s %n %T@ %l"), text);
	cr_expect_not_null(strstr(text, "boot/list f 644 3000 2"));
	end_made();
}

Test(extract, names_that_look_like_ours_are_made)
{
	char *data;

	begin();
	image_make(b.medium);
	/* "tree" and "tree.stmboot-new" */
	put(b.medium + BOOT_AT + 36 + 4, 28, 2);
	b.medium[BOOT_AT + 36 + 6] = 16;
	memcpy(b.medium + BOOT_AT + 36 + 8, "tree.stmboot-new", 16);
	image_name(b.medium + BOOT_AT, 64, "inline", 16, 1, true);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(i == 0 ? extract_made("/boot", RECURSIVE)
				    : extract("/boot", "out", RECURSIVE),
			     STMBOOT_OK);
		cr_expect_eq(bench_read(&b, "out/boot/tree", &data), 3000);
		cr_expect_eq(bench_read(&b, "out/boot/tree.stmboot-new", &data), 14 * BLOCK);
	}
	end_made();
}

Test(extract, what_a_run_left_is_replaced_and_what_one_writes_is_not)
{
	int file;

	begin();
	image_make(b.medium);
	folder_write(&b.folder, "out/tree.stmboot-new", "left", 4);
	cr_expect_eq(extract_made("/boot/tree", RECURSIVE), STMBOOT_OK);
	cr_expect_str_eq(bench_find(&b, "out", "%P"), "\ntree\n");
	folder_write(&b.folder, "out/tree.stmboot-new", "more", 4);
	file = open(bench_path(&b, "out/tree.stmboot-new"), O_RDONLY | O_CLOEXEC);
	cr_assert_eq(flock(file, LOCK_EX), 0);
	cr_expect_eq(extract("/boot/tree", "out", RECURSIVE), STMBOOT_CONFLICT);
	cr_expect(bench_holds(&b, "out/tree.stmboot-new", "more", 4));
	close(file);
	cr_assert_eq(unlink(bench_path(&b, "out/tree.stmboot-new")), 0);
	cr_assert_eq(
		symlink(bench_path(&b, "outside/file"), bench_path(&b, "out/tree.stmboot-new")), 0);
	cr_expect_eq(extract("/boot/tree", "out", RECURSIVE), STMBOOT_CONFLICT);
	end_made();
}

Test(extract, the_image_is_never_replaced)
{
	struct stmboot_extract_options options = { .recursive = true };

	begin();
	image_make(b.medium);
	folder_write(&b.folder, "out/tree", "the image", 9);
	options.image = bench_path(&b, "out/tree");
	cr_expect_eq(extract_made("/boot/tree", options), STMBOOT_INVALID_ARGUMENT);
	cr_assert_eq(b.result->trouble_count, 1);
	cr_expect_str_eq(b.result->troubles[0].message, "that file is the image itself");
	cr_expect_eq(stmboot_extract_source(b.ctx, b.src, options.image, &options, &b.why),
		     STMBOOT_INVALID_ARGUMENT);
	cr_expect(bench_holds(&b, "out/tree", "the image", 9));
	end_made();
}

/* Each of three files claims the same 40 blocks of a file system of 64. */
Test(extract, files_hold_no_more_than_there_is_room_for)
{
	static const uint32_t at[] = { TREE_INODE_AT, LIST_INODE_AT, INLINE_INODE_AT };

	begin();
	image_make(b.medium);
	for (size_t i = 0; i < 3; i++) {
		put(b.medium + at[i] + 4, 40 * BLOCK, 4);
		put(b.medium + at[i] + 0x20, 0x80000, 4);
		memset(b.medium + at[i] + 0x28, 0, 60);
		image_extent(b.medium + at[i] + 0x28, 4, 0, DATA_BLOCK, 40);
	}
	cr_expect_eq(extract_made("/", RECURSIVE), STMBOOT_LIMIT);
	cr_expect_eq(b.result->failed, 2);
	cr_expect_eq(b.result->files, 1);
	cr_expect_str_eq(bench_find(&b, "out/boot", "%P"), "\ninline\n");
	cr_expect_eq(b.result->bytes, 40 * BLOCK);
	end_made();
}

static uint64_t last_done, last_total;

static void watch(void *user, uint64_t done, uint64_t total)
{
	(void)user;
	cr_expect_leq(done, total);
	last_done = done;
	last_total = total;
}

Test(extract, whoever_watches_is_told_how_much_there_is)
{
	struct stmboot_fs_node node;
	struct medium m;

	begin();
	open_image(&m, "ext4-4k");
	m.ctx->options.progress = watch;
	cr_expect_eq(extract("/", "all", RECURSIVE), STMBOOT_OK);
	cr_expect_gt(last_total, b.result->bytes, "holes count");
	cr_expect_gt(last_done, last_total / 100 * 99, "a hole at the end is not told");
	cr_assert_eq(stmboot_fs_stat(b.fs, "/boot/zImage", true, &node), STMBOOT_OK);
	cr_expect_eq(extract("/boot/zImage", "all", (struct stmboot_extract_options){ 0 }),
		     STMBOOT_OK);
	cr_expect_eq(last_done, node.size);
	cr_expect_eq(last_total, node.size);
	close_image(&m);
	end();
}

Test(extract, damage_is_told_with_its_place_and_the_rest_is_made)
{
	const struct stmboot_extract_trouble *trouble;

	begin();
	image_make(b.medium);
	put(b.medium + LEAF_BLOCK * BLOCK + 20, 0xffffff, 4); /* the extent of "tree" */
	cr_expect_eq(extract_made("/", RECURSIVE), STMBOOT_CORRUPT);
	trouble = bench_trouble(b.result, "/boot/tree");
	cr_assert_not_null(trouble);
	cr_expect_str_eq(trouble->message, "could not read it: an extent outside the file system, "
					   "at offset 0x2c00 of the medium");
	cr_expect_str_eq(bench_find(&b, "out/boot", "%P"), "\ninline\nlist\n");
	end_made();
}

Test(extract, a_source_becomes_one_file)
{
	struct stmboot_extract_options options = { .struct_size = sizeof(options) };
	static const char *const bad[] = { "out/", "out", "missing/x", "outside/file/x", "" };
	struct stmboot_source *file;
	struct stat st;

	begin();
	b.ctx = NULL;
	cr_assert_eq(stmboot_context_new(NULL, &b.ctx), STMBOOT_OK);
	folder_write(&b.folder, "in", "x", 1);
	cr_assert_eq(truncate(bench_path(&b, "in"), 50000000), 0);
	cr_assert_eq(stmboot_source_open_file(b.ctx, bench_path(&b, "in"), &file), STMBOOT_OK);
	folder_write(&b.folder, "out/copy", "old", 3);
	cr_expect_eq(
		stmboot_extract_source(b.ctx, file, bench_path(&b, "out/copy"), &options, &b.why),
		STMBOOT_OK, "%s", b.why.message);
	cr_assert_eq(stat(bench_path(&b, "out/copy"), &st), 0);
	cr_expect(st.st_size == 50000000 && st.st_blocks < 100 && (st.st_mode & 0777) == 0644);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		b.why = (struct stmboot_refusal){ .message = "" };
		cr_expect_neq(stmboot_extract_source(b.ctx, file,
						     *bad[i] ? bench_path(&b, bad[i]) : "", NULL,
						     &b.why),
			      STMBOOT_OK, "%s", bad[i]);
		cr_expect_neq(b.why.message[0], '\0', "%s", bad[i]);
	}
	cr_expect_str_eq(bench_find(&b, "out", "%P"), "\ncopy\n");
	stmboot_source_close(file);
	stmboot_context_free(b.ctx);
	cr_expect(bench_outside_is_same(&b));
	folder_remove(&b.folder);
}
