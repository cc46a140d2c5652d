/* SPDX-License-Identifier: MIT */
/*
 * Extraction while calls of the host fail, memory runs out, or somebody else
 * changes the folders: what is there is a whole file or the old one, what is
 * missing is said, and nothing outside changes.
 */
#include "../support/extract_bench.h"
#include "../support/heap.h"
#include "../support/pace.h"

#include <fcntl.h>

/* The host, of which one call fails, or that one and all that follow, or before which something
 * happens. */
static struct {
	size_t calls;
	size_t at; /* number of the call, from 1; 0: none */
	bool for_good;
	int error;               /* 0: it does not fail */
	void (*meanwhile)(void); /* done before it */
	const char *refused;     /* the first that failed */
} fault;

static bool fails(const char *name)
{
	fault.calls++;
	if (fault.at == 0 ||
	    (fault.calls != fault.at && !(fault.for_good && fault.calls > fault.at)))
		return false;
	if (fault.meanwhile != NULL)
		fault.meanwhile();
	if (fault.error == 0)
		return false;
	if (fault.refused == NULL)
		fault.refused = name;
	errno = fault.error;
	return true;
}

#define REAL           (&sb_folders_posix)
#define TRY(name, ...) (fails(#name) ? STMBOOT_IO : REAL->name(NULL, __VA_ARGS__))

static enum stmboot_status try_open(void *self, const char *path, int *folder)
{
	(void)self;
	return TRY(open, path, folder);
}

static enum stmboot_status try_enter(void *self, int folder, const char *name, int *out)
{
	(void)self;
	return TRY(enter, folder, name, out);
}

static enum stmboot_status try_grip(void *self, int folder, const char *name, int *out)
{
	(void)self;
	return TRY(grip, folder, name, out);
}

static enum stmboot_status try_describe(void *self, int folder, const char *name,
					struct sb_entry *out)
{
	(void)self;
	return TRY(describe, folder, name, out);
}

static enum stmboot_status try_describe_handle(void *self, int handle, struct sb_entry *out)
{
	(void)self;
	return TRY(describe_handle, handle, out);
}

static enum stmboot_status try_read_link(void *self, int folder, const char *name, char *target,
					 size_t size, size_t *length)
{
	(void)self;
	return TRY(read_link, folder, name, target, size, length);
}

static enum stmboot_status try_create(void *self, int folder, const char *name, uint32_t mode,
				      int *file)
{
	(void)self;
	return TRY(create, folder, name, mode, file);
}

static enum stmboot_status try_make_folder(void *self, int folder, const char *name, uint32_t mode)
{
	(void)self;
	return TRY(make_folder, folder, name, mode);
}

static enum stmboot_status try_make_link(void *self, int folder, const char *name,
					 const char *target)
{
	(void)self;
	return TRY(make_link, folder, name, target);
}

static enum stmboot_status try_make_special(void *self, int folder, const char *name,
					    enum sb_entry_kind kind, uint32_t mode,
					    uint32_t major_number, uint32_t minor_number)
{
	(void)self;
	return TRY(make_special, folder, name, kind, mode, major_number, minor_number);
}

static enum stmboot_status try_link(void *self, int from, const char *from_name, int folder,
				    const char *name)
{
	(void)self;
	return TRY(link, from, from_name, folder, name);
}

static enum stmboot_status try_open_file(void *self, int folder, const char *name, int *file)
{
	(void)self;
	return TRY(open_file, folder, name, file);
}

static enum stmboot_status try_rename(void *self, int folder, const char *from, const char *to)
{
	(void)self;
	return TRY(rename, folder, from, to);
}

static enum stmboot_status try_unlink(void *self, int folder, const char *name)
{
	(void)self;
	return TRY(unlink, folder, name);
}

static enum stmboot_status try_set_owner(void *self, int handle, uint32_t uid, uint32_t gid)
{
	(void)self;
	return TRY(set_owner, handle, uid, gid);
}

static enum stmboot_status try_set_mode(void *self, int handle, uint32_t mode)
{
	(void)self;
	return TRY(set_mode, handle, mode);
}

static enum stmboot_status try_set_times(void *self, int handle, struct sb_time accessed,
					 struct sb_time modified)
{
	(void)self;
	return TRY(set_times, handle, accessed, modified);
}

static enum stmboot_status try_set_attribute(void *self, int handle, const char *name,
					     const void *value, size_t size)
{
	(void)self;
	return TRY(set_attribute, handle, name, value, size);
}

static struct sb_folders folders = {
	.open = try_open,
	.enter = try_enter,
	.grip = try_grip,
	.describe = try_describe,
	.describe_handle = try_describe_handle,
	.read_link = try_read_link,
	.create = try_create,
	.make_folder = try_make_folder,
	.make_link = try_make_link,
	.make_special = try_make_special,
	.link = try_link,
	.open_file = try_open_file,
	.rename = try_rename,
	.unlink = try_unlink,
	.set_owner = try_set_owner,
	.set_mode = try_set_mode,
	.set_times = try_set_times,
	.set_attribute = try_set_attribute,
};

static enum stmboot_status try_write_at(void *self, int file, uint64_t offset, const void *data,
					size_t size)
{
	(void)self;
	return fails("write_at") ? STMBOOT_IO
				 : sb_host_posix.write_at(NULL, file, offset, data, size);
}

static enum stmboot_status try_set_size(void *self, int file, uint64_t size)
{
	(void)self;
	return fails("set_size") ? STMBOOT_IO : sb_host_posix.set_size(NULL, file, size);
}

static enum stmboot_status try_sync(void *self, int file)
{
	(void)self;
	return fails("sync") ? STMBOOT_IO : sb_host_posix.sync(NULL, file);
}

static enum stmboot_status try_lock(void *self, int file, enum sb_host_lock kind)
{
	(void)self;
	return fails("lock") ? STMBOOT_IO : sb_host_posix.lock(NULL, file, kind);
}

static struct sb_host host = {
	.write_at = try_write_at,
	.set_size = try_set_size,
	.sync = try_sync,
	.lock = try_lock,
};

static struct bench b;

/*
 * "list" and "tree" are names of one file; "slow", a pipe as well, and "inline"
 * replaces an old file; "tree" has an attribute, and a rest of an earlier run in its way.
 */
static void make_medium(void)
{
	uint8_t *tree = b.medium + INODE_TABLE * BLOCK + 11 * INODE;

	image_make(b.medium);
	put(tree + 0x1a, 2, 2);
	put(tree + 160, 0xea020000, 4);
	memcpy(tree + 164, "\1\1\100\0\0\0\0\0\4\0\0\0\0\0\0\0a", 17);
	memcpy(tree + 164 + 64, "note", 4);
	put(b.medium + BOOT_BLOCK * BLOCK + 36, 12, 4);
	put(b.medium + INODE_TABLE * BLOCK + 14 * INODE, 0x11a4, 2); /* "slow" */
}

static void prepare(struct stmboot_context *ctx)
{
	memset(&b, 0, sizeof(b));
	umask(022);
	bench_folder(&b);
	make_medium();
	bench_open(&b, ctx);
	cr_assert_eq(mkdir(bench_path(&b, "out/boot"), 0755), 0);
	folder_write(&b.folder, "out/boot/inline", "old", 3);
	folder_write(&b.folder, "out/boot/list.stmboot-new", "left", 4);
}

static enum stmboot_status run(void)
{
	const struct stmboot_extract_options options = {
		.struct_size = sizeof(options), .recursive = true, .preserve = true, .devices = true
	};

	char out[BENCH_PATH];

	snprintf(out, sizeof(out), "%s", bench_path(&b, "out"));
	folders.close = REAL->close;
	folders.is_root = REAL->is_root;
	fault.calls = 0;
	fault.refused = NULL;
	return sb_extract(b.ctx, &host, &folders, b.fs, "/", out, &options, &b.why, &b.result);
}

static void clean_up(void)
{
	bench_close(&b);
	cr_expect(bench_outside_is_same(&b));
	folder_remove(&b.folder);
}

/* A file is not there, or whole. */
static bool is_whole(const char *name, size_t size, const char *old)
{
	char *data = NULL;
	long found = bench_read(&b, name, &data);

	if (found < 0)
		return old == NULL;
	if (old != NULL && bench_holds(&b, name, old, strlen(old)))
		return true;
	for (size_t i = 0; i < size; i++)
		if (found != (long)size || (data[i] != 'x' && data[i] != '\0'))
			return false;
	return true;
}

static bool files_are_whole(void)
{
	return is_whole("out/boot/tree", 3000, NULL) && is_whole("out/boot/list", 3000, NULL) &&
	       is_whole("out/boot/inline", 64, "old");
}

static const char list_format[] = "%P %y %m %s %n %T@ %l";

static bool says(const char *text)
{
	if (strstr(b.why.message, text) != NULL)
		return true;
	for (size_t i = 0; b.result != NULL && i < b.result->trouble_count; i++)
		if (strstr(b.result->troubles[i].message, text) != NULL)
			return true;
	return false;
}

/* What is cleared away or looked at without need may fail without a word. */
static bool may_be_quiet(const char *call)
{
	return strcmp(call, "unlink") == 0 || strcmp(call, "read_link") == 0;
}

/* Nothing but what a run before left, when this one did not come so far. */
static bool nothing_is_left(void)
{
	const char *list = bench_find(&b, "out", "%P");
	const char *left = strstr(list, ".stmboot-new");

	return left == NULL || (strstr(left + 1, ".stmboot-new") == NULL &&
				bench_holds(&b, "out/boot/list.stmboot-new", "left", 4));
}

static void judge(enum stmboot_status status, const char *wanted)
{
	cr_expect(files_are_whole(), "%s %zu", fault.refused, fault.at);
	cr_assert_not_null(fault.refused, "%zu", fault.at);
	if (!fault.for_good && strcmp(fault.refused, "unlink") != 0)
		cr_expect(nothing_is_left(), "%s %zu", fault.refused, fault.at);
	if (status == STMBOOT_OK) {
		cr_expect_str_eq(bench_find(&b, "out", list_format), wanted, "%s %zu",
				 fault.refused, fault.at);
		cr_expect(fault.refused == NULL || may_be_quiet(fault.refused), "%s %zu",
			  fault.refused, fault.at);
		cr_expect_eq(b.result->failed, 0);
	} else {
		cr_expect(says(strerror(fault.error)), "%s %zu: %s", fault.refused, fault.at,
			  b.why.message);
	}
}

Test(extract_faults, every_call_of_the_host_can_fail)
{
	static const int errors[] = { EIO, ENOSPC, EACCES };
	static char wanted[1 << 14];
	struct stmboot_context *ctx;
	size_t calls;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	prepare(ctx);
	cr_assert_eq(run(), STMBOOT_OK, "%s",
		     b.result->troubles != NULL ? b.result->troubles[0].message : b.why.message);
	snprintf(wanted, sizeof(wanted), "%s", bench_find(&b, "out", list_format));
	cr_expect_not_null(strstr(wanted, "boot/list f 644 3000 2"), "%s", wanted);
	cr_expect_eq(b.result->hard_links, 1);
	calls = fault.calls;
	cr_expect_gt(calls, 50);
	clean_up();
	for (fault.at = 1; fault.at <= calls; fault.at += pace(11)) {
		for (size_t i = 0; i < 6; i++) {
			enum stmboot_status status;

			fault.error = errors[i / 2];
			fault.for_good = i % 2 == 1;
			prepare(ctx);
			status = run();
			judge(status, wanted);
			clean_up();
		}
	}
	stmboot_context_free(ctx);
}

/* The folder that is being filled goes elsewhere, and a way out stands in its place. */
static void swap_folder(void)
{
	(void)rename(bench_path(&b, "out/boot"), bench_path(&b, "out/moved"));
	(void)!symlink(bench_path(&b, "outside"), bench_path(&b, "out/boot"));
}

/* The names to be made become ways out. */
static void plant_links(void)
{
	static const char *const names[] = { "out/boot/tree", "out/boot/tree.stmboot-new",
					     "out/boot/list", "out/boot/inline",
					     "out/fast",      "out/slow" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)unlink(bench_path(&b, names[i]));
		(void)!symlink(bench_path(&b, "outside/file"), bench_path(&b, names[i]));
	}
}

Test(extract_faults, whatever_changes_meanwhile_nothing_leads_out)
{
	static void (*const changes[])(void) = { swap_folder, plant_links };
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < 2; i++) {
		size_t calls = 1;

		fault.error = 0;
		fault.meanwhile = changes[i];
		for (fault.at = 0; fault.at <= calls; fault.at += fault.at > 0 ? pace(7) : 1) {
			prepare(ctx);
			(void)!run();
			calls = fault.calls > calls ? fault.calls : calls;
			clean_up(); /* which looks outside */
		}
		cr_expect_gt(calls, 50);
	}
	stmboot_context_free(ctx);
}

/* Someone else's file takes the place of the first name before it is linked. */
static void replace_first(void)
{
	folder_write(&b.folder, "out/other", "other", 5);
	(void)rename(bench_path(&b, "out/other"), bench_path(&b, "out/boot/list"));
}

static enum stmboot_status refuse_link(void *self, int from, const char *from_name, int folder,
				       const char *name)
{
	(void)self;
	(void)from;
	(void)from_name;
	(void)folder;
	(void)name;
	errno = EPERM;
	return STMBOOT_IO;
}

static enum stmboot_status replace_and_link(void *self, int from, const char *from_name, int folder,
					    const char *name)
{
	(void)self;
	replace_first();
	return REAL->link(NULL, from, from_name, folder, name);
}

Test(extract_faults, a_name_that_cannot_be_linked_becomes_a_file_of_its_own)
{
	for (unsigned i = 0; i < 2; i++) {
		struct stmboot_context *ctx;
		char *data;

		cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
		fault.at = 0;
		folders.link = i == 0 ? refuse_link : replace_and_link;
		prepare(ctx);
		cr_expect_eq(run(), i == 0 ? STMBOOT_IO : STMBOOT_NOT_FOUND, "%u %s", i,
			     b.why.message);
		cr_expect_eq(b.result->failed, 1);
		cr_expect(says("so it is a file of its own"));
		cr_expect_eq(bench_read(&b, "out/boot/tree", &data), 3000);
		if (i == 1)
			cr_expect(bench_holds(&b, "out/boot/list", "other", 5));
		clean_up();
		stmboot_context_free(ctx);
	}
}

static bool nobody(void *self)
{
	(void)self;
	return false;
}

static enum stmboot_status no_owner(void *self, int handle, uint32_t uid, uint32_t gid)
{
	(void)self;
	(void)handle;
	(void)uid;
	(void)gid;
	errno = EPERM;
	return STMBOOT_IO;
}

/* Without the owner, a set-id bit would make a program run as somebody else. */
Test(extract_faults, set_id_bits_need_the_owner)
{
	for (unsigned i = 0; i < 2; i++) {
		struct stmboot_context *ctx;
		struct stat st;

		cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
		fault.at = 0;
		prepare(ctx);
		bench_close(&b);
		put(b.medium + INODE_TABLE * BLOCK + 11 * INODE, 0x8fed, 2); /* 07755 */
		bench_open(&b, ctx);
		if (i == 1)
			folders.set_owner = no_owner;
		(void)!run();
		stmboot_extract_free(b.result);
		b.result = NULL;
		if (i == 0) {
			const struct stmboot_extract_options options = {
				.struct_size = sizeof(options), .recursive = true, .preserve = true
			};

			folders.is_root = nobody;
			cr_expect_eq(sb_extract(b.ctx, &host, &folders, b.fs, "/boot/tree",
						bench_path(&b, "out/alone"), &options, &b.why,
						&b.result),
				     STMBOOT_OK);
			cr_assert_eq(stat(bench_path(&b, "out/alone"), &st), 0);
			cr_expect_eq(st.st_mode & 07777, 01755U);
		} else if (geteuid() == 0) {
			cr_assert_eq(stat(bench_path(&b, "out/boot/tree"), &st), 0);
			cr_expect_eq(st.st_mode & 07777, 01755U);
		}
		clean_up();
		stmboot_context_free(ctx);
	}
}

Test(extract_faults, without_memory_it_ends_and_says_so)
{
	size_t most = 0;

	fault.at = 0;
	for (size_t n = 0; n <= most; n += n > 0 ? pace(7) : 1) {
		struct heap heap = { .for_good = n % 2 == 1 };
		struct stmboot_context *ctx = heap_context(&heap);
		enum stmboot_status status;

		prepare(ctx);
		heap_refuse(&heap, n);
		status = run();
		if (n == 0)
			most = heap.requests;
		cr_expect_eq(status, n == 0 ? STMBOOT_OK : STMBOOT_NO_MEMORY, "%zu: %s", n,
			     stmboot_status_text(status));
		cr_expect(files_are_whole(), "%zu", n);
		cr_expect(nothing_is_left(), "%zu", n);
		clean_up();
		stmboot_context_free(ctx);
		cr_expect_eq(heap.live, 0, "%zu", n);
	}
	cr_expect_gt(most, 30);
}

Test(extract_faults, a_source_is_written_whole_or_not_at_all)
{
	static const int errors[] = { EIO, ENOSPC };
	struct stmboot_context *ctx;
	size_t calls = 1;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	folders.close = REAL->close;
	for (fault.at = 0; fault.at <= calls; fault.at++) {
		for (size_t i = 0; i < 4; i++) {
			enum stmboot_status status;

			prepare(ctx);
			folder_write(&b.folder, "out/file", "old", 3);
			fault.calls = 0;
			fault.refused = NULL;
			fault.error = errors[i / 2];
			fault.for_good = i % 2 == 1;
			status = sb_extract_source(ctx, &host, &folders, b.src,
						   bench_path(&b, "out/file"), NULL, &b.why);
			if (fault.at == 0)
				calls = fault.calls;
			if (status == STMBOOT_OK)
				cr_expect(bench_holds(&b, "out/file", b.medium, MEDIUM));
			else
				cr_expect(bench_holds(&b, "out/file", "old", 3) ||
						  bench_holds(&b, "out/file", b.medium, MEDIUM),
					  "%s", fault.refused);
			cr_expect_eq(status == STMBOOT_OK, fault.refused == NULL, "%s",
				     fault.refused);
			cr_expect(status == STMBOOT_OK || says(strerror(fault.error)), "%s",
				  fault.refused);
			if (!fault.for_good)
				cr_expect_not(bench_is_there(&b, "out/file.stmboot-new"));
			clean_up();
		}
	}
	cr_expect_gt(calls, 6);
	stmboot_context_free(ctx);
}
