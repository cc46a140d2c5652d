/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../support/heap.h"
#include "../support/pack.h"
#include "base/context.h"
#include "format/cpio.h"

/* Archives under construction. */
struct image {
	uint8_t bytes[100000];
	size_t size;
};

static void put(struct image *image, const void *data, size_t size)
{
	cr_assert_leq(size, sizeof(image->bytes) - image->size);
	memcpy(image->bytes + image->size, data, size);
	image->size += size;
}

/* Padding is counted from the start of the archive, which stands at `start`. */
static void pad(struct image *image, size_t start)
{
	while ((image->size - start) % 4 != 0)
		put(image, "", 1);
}

static void entry_as(struct image *image, size_t start, const char *magic, const char *name,
		     unsigned mode, const char *data)
{
	char header[111];

	snprintf(header, sizeof(header), "%s%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		 magic, 1U, mode, 0U, 0U, 1U, 0U, (unsigned)strlen(data), 0U, 0U, 0U, 0U,
		 (unsigned)strlen(name) + 1, 0U);
	put(image, header, 110);
	put(image, name, strlen(name) + 1);
	pad(image, start);
	put(image, data, strlen(data));
	pad(image, start);
}

static void entry(struct image *image, size_t start, const char *name, unsigned mode,
		  const char *data)
{
	entry_as(image, start, "070701", name, mode, data);
}

static void trailer(struct image *image, size_t start)
{
	entry(image, start, "TRAILER!!!", 0, "");
}

/* An archive as an initramfs has it, with /init among other things. */
static void archive(struct image *image, const char *init, unsigned mode, const char *data)
{
	size_t start = image->size;

	entry(image, start, ".", S_IFDIR | 0755, "");
	entry(image, start, "bin", S_IFDIR | 0755, "");
	entry(image, start, "bin/sh", S_IFREG | 0755, "not a program");
	if (init != NULL)
		entry(image, start, init, mode, data);
	entry(image, start, "etc/fstab", S_IFREG | 0644, "/dev/root / ext4\n");
	trailer(image, start);
}

static void pack_in(struct image *image, enum stmboot_compression compression,
		    const struct image *inner)
{
	struct packed packed = pack(compression, inner->bytes, inner->size);

	put(image, packed.data, packed.size);
	free(packed.data);
}

/* More than any of them takes. */
enum { BUDGET = 256 << 20 };

struct fixture {
	struct stmboot_context *ctx;
	struct sb_arena arena;
	struct sb_initramfs got;
};

static struct fixture decode_bytes(const void *data, size_t size, bool deep)
{
	struct fixture f = { 0 };
	uint64_t budget = BUDGET;
	struct stmboot_source *src;

	cr_assert_eq(stmboot_context_new(NULL, &f.ctx), STMBOOT_OK);
	sb_arena_init(&f.arena, f.ctx);
	cr_assert_eq(stmboot_source_from_memory(f.ctx, data, size, &src), STMBOOT_OK);
	cr_assert_eq(sb_initramfs_decode(&f.arena, src, "/init", deep, &budget, &f.got),
		     STMBOOT_OK);
	stmboot_source_close(src);
	return f;
}

static struct fixture decode(const struct image *image)
{
	return decode_bytes(image->bytes, image->size, true);
}

static void release(struct fixture *f)
{
	sb_arena_release(&f->arena);
	stmboot_context_free(f->ctx);
}

Test(cpio, init_is_found_by_any_spelling_of_its_name)
{
	static const char *const names[] = { "init", "./init", "/init" };

	for (size_t i = 0; i < 3; i++) {
		struct image image = { 0 };
		struct fixture f;

		archive(&image, names[i], S_IFREG | 0755, "#!/bin/sh\n");
		f = decode(&image);
		cr_expect(f.got.recognised);
		cr_expect(f.got.found, "%s", names[i]);
		cr_expect_eq(f.got.mode, S_IFREG | 0755);
		cr_expect_eq(f.got.bytes, 10);
		cr_expect_null(f.got.target);
		cr_expect_eq(f.got.archive_count, 1);
		cr_expect_eq(f.got.archives[0].status, STMBOOT_OK);
		cr_expect_eq(f.got.archives[0].entries, 6, "the trailer is an entry");
		cr_expect_eq(f.got.archives[0].consumed, image.size);
		cr_expect_not(f.got.unseen);
		release(&f);
	}
}

Test(cpio, a_link_gives_its_target)
{
	struct image image = { 0 };
	struct fixture f;

	archive(&image, "init", S_IFLNK | 0777, "sbin/init");
	f = decode(&image);
	cr_expect(f.got.found);
	cr_expect(S_ISLNK(f.got.mode));
	cr_assert_not_null(f.got.target);
	cr_expect_str_eq(f.got.target, "sbin/init");
	cr_expect_eq(f.got.archives[0].status, STMBOOT_OK);
	release(&f);
}

Test(cpio, every_compression_that_the_kernel_knows)
{
	static const enum stmboot_compression all[] = {
		STMBOOT_COMPRESSION_GZIP, STMBOOT_COMPRESSION_XZ,         STMBOOT_COMPRESSION_LZMA,
		STMBOOT_COMPRESSION_ZSTD, STMBOOT_COMPRESSION_LZ4_LEGACY, STMBOOT_COMPRESSION_BZIP2,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct image inner = { 0 }, image = { 0 };
		struct fixture f;

		archive(&inner, "init", S_IFREG | 0644, "data");
		pack_in(&image, all[i], &inner);
		f = decode(&image);
		cr_expect(f.got.found, "%s", stmboot_compression_text(all[i]));
		cr_expect_eq(f.got.mode, S_IFREG | 0644);
		cr_expect_eq(f.got.archives[0].compression, all[i]);
		cr_expect_eq(f.got.archives[0].consumed, image.size);
		cr_expect_eq(f.got.archives[0].produced, inner.size);
		release(&f);

		f = decode_bytes(image.bytes, image.size, false);
		cr_expect(f.got.recognised);
		cr_expect(f.got.unseen, "a shallow look opens nothing");
		cr_expect_not(f.got.found);
		release(&f);
	}
}

Test(cpio, the_frame_format_of_lz4_is_not_one_of_them)
{
	struct image inner = { 0 }, image = { 0 };
	struct fixture f;

	archive(&inner, "init", S_IFREG | 0755, "data");
	pack_in(&image, STMBOOT_COMPRESSION_LZ4, &inner);
	f = decode(&image);
	cr_expect_not(f.got.recognised);
	release(&f);
}

/* Microcode in front, plain; then the real one: what distributions make. */
Test(cpio, archives_follow_one_another_and_the_last_init_wins)
{
	struct image first = { 0 }, image = { 0 };
	struct fixture f;
	size_t third;

	archive(&image, "init", S_IFREG | 0600, "of the first");
	put(&image, "\0\0\0\0\0\0\0\0", 8);
	archive(&first, "init", S_IFREG | 0700, "of the second");
	pack_in(&image, STMBOOT_COMPRESSION_GZIP, &first);
	pad(&image, 0);
	third = image.size;
	archive(&image, NULL, 0, NULL);
	f = decode(&image);
	cr_expect_eq(f.got.archive_count, 3);
	cr_expect_eq(f.got.archives[1].compression, STMBOOT_COMPRESSION_GZIP);
	cr_expect_eq(f.got.archives[2].offset, third);
	cr_expect_eq(f.got.archives[2].status, STMBOOT_OK);
	cr_expect_eq(f.got.mode, S_IFREG | 0700);
	cr_expect_not(f.got.junk);
	release(&f);
}

/* Linux init/initramfs.c: the kernel looks for a plain header on 4-byte boundaries only. */
Test(cpio, a_plain_archive_that_is_not_aligned_is_junk)
{
	struct image inner = { 0 }, image = { 0 };
	struct fixture f;

	archive(&inner, NULL, 0, NULL);
	pack_in(&image, STMBOOT_COMPRESSION_GZIP, &inner);
	while (image.size % 4 != 1)
		put(&image, "", 1);
	archive(&image, "init", S_IFREG | 0755, "x");
	f = decode(&image);
	cr_expect_eq(f.got.archive_count, 1);
	cr_expect(f.got.junk);
	cr_expect_not(f.got.found);
	release(&f);
}

Test(cpio, a_compressed_stream_may_hold_several_archives)
{
	struct image inner = { 0 }, image = { 0 };
	struct fixture f;

	archive(&inner, NULL, 0, NULL);
	while (inner.size % 512 != 0)
		put(&inner, "", 1);
	archive(&inner, "init", S_IFREG | 0755, "x");
	pack_in(&image, STMBOOT_COMPRESSION_XZ, &inner);
	f = decode(&image);
	cr_expect_eq(f.got.archive_count, 1);
	cr_expect_eq(f.got.archives[0].status, STMBOOT_OK);
	cr_expect(f.got.found);
	release(&f);
}

Test(cpio, what_is_no_archive_is_not_recognised)
{
	static const uint8_t zeros[5000], ext2[2048] = { [1080] = 0x53, [1081] = 0xef };
	struct fixture f = decode_bytes(zeros, sizeof(zeros), true);

	cr_expect_not(f.got.recognised);
	release(&f);
	f = decode_bytes(ext2, sizeof(ext2), true);
	cr_expect_not(f.got.recognised);
	release(&f);
	f = decode_bytes("", 0, true);
	cr_expect_not(f.got.recognised);
	release(&f);
}

Test(cpio, the_old_format_is_refused_and_junk_is_told)
{
	struct image image = { 0 };
	struct fixture f;
	size_t end;

	entry_as(&image, 0, "070707", "init", S_IFREG | 0755, "x");
	f = decode(&image);
	cr_expect(f.got.recognised);
	cr_expect_eq(f.got.archives[0].status, STMBOOT_CORRUPT);
	cr_expect_not(f.got.found);
	release(&f);

	image.size = 0;
	archive(&image, "init", S_IFREG | 0755, "x");
	end = image.size;
	put(&image, "junk", 4);
	f = decode(&image);
	cr_expect(f.got.found);
	cr_expect(f.got.junk);
	cr_expect_eq(f.got.junk_offset, end);
	release(&f);
}

Test(cpio, an_archive_cut_anywhere_but_between_entries_is_truncated)
{
	struct image image = { 0 };
	size_t between = 0;

	archive(&image, "init", S_IFLNK | 0777, "sbin/init");
	for (size_t cut = 8; cut < image.size - 3; cut++) {
		struct fixture f = decode_bytes(image.bytes, cut, true);

		if (f.got.archives[0].status == STMBOOT_OK)
			between++;
		else
			cr_expect_eq(f.got.archives[0].status, STMBOOT_TRUNCATED, "cut to %zu",
				     cut);
		release(&f);
	}
	cr_expect_eq(between, 5, "five entries before the trailer: %zu", between);
}

Test(cpio, a_packed_archive_cut_or_spoiled_keeps_what_came_before)
{
	struct image inner = { 0 }, image = { 0 };
	struct fixture f;

	archive(&image, "init", S_IFREG | 0755, "plain");
	archive(&inner, "other", S_IFREG | 0755, "packed");
	pack_in(&image, STMBOOT_COMPRESSION_GZIP, &inner);
	f = decode_bytes(image.bytes, image.size - 5, true);
	cr_expect(f.got.found);
	cr_expect_eq(f.got.archives[1].status, STMBOOT_TRUNCATED);
	release(&f);
	image.bytes[image.size - 6] ^= 1; /* the CRC */
	f = decode(&image);
	cr_expect_eq(f.got.archives[1].status, STMBOOT_CORRUPT);
	cr_expect(f.got.found);
	release(&f);
}

Test(cpio, sizes_that_lie)
{
	static const struct {
		const char *name;
		size_t field;
		const char *digits;
		enum stmboot_status status;
	} cases[] = {
		{ "data past the end", 6, "FFFFFFFF", STMBOOT_TRUNCATED },
		{ "a name past the end", 11, "00000FFF", STMBOOT_TRUNCATED },
		{ "a name longer than a path is passed over", 11, "FFFFFFFF", STMBOOT_TRUNCATED },
		{ "a digit that is none", 6, "0000000x", STMBOOT_CORRUPT },
		{ "a NUL among the digits", 6,
		  "0000\0"
		  "000",
		  STMBOOT_CORRUPT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image image = { 0 };
		struct fixture f;

		archive(&image, "init", S_IFREG | 0755, "x");
		memcpy(image.bytes + 6 + 8 * cases[i].field, cases[i].digits, 8);
		f = decode(&image);
		cr_expect_eq(f.got.archives[0].status, cases[i].status, "%s", cases[i].name);
		release(&f);
	}
}

Test(cpio, no_more_archives_are_opened_than_there_is_room_for)
{
	struct image image = { 0 };
	struct fixture f;

	for (int i = 0; i < SB_INITRAMFS_ARCHIVES; i++)
		archive(&image, "init", S_IFREG | 0755, "x");
	f = decode(&image);
	cr_expect_eq(f.got.archive_count, SB_INITRAMFS_ARCHIVES);
	cr_expect_not(f.got.unseen);
	release(&f);
	archive(&image, "init", S_IFREG | 0755, "x");
	f = decode(&image);
	cr_expect_eq(f.got.archive_count, SB_INITRAMFS_ARCHIVES);
	cr_expect(f.got.unseen);
	release(&f);
}

static struct fixture decode_within(const struct image *image, uint64_t budget)
{
	struct fixture f = { 0 };
	struct stmboot_source *src;

	cr_assert_eq(stmboot_context_new(NULL, &f.ctx), STMBOOT_OK);
	sb_arena_init(&f.arena, f.ctx);
	cr_assert_eq(stmboot_source_from_memory(f.ctx, image->bytes, image->size, &src),
		     STMBOOT_OK);
	cr_assert_eq(sb_initramfs_decode(&f.arena, src, "/init", true, &budget, &f.got),
		     STMBOOT_OK);
	stmboot_source_close(src);
	return f;
}

/* A made-up file may have any size, and be the same blocks over and over. */
Test(cpio, the_ceiling_holds_for_what_is_not_packed)
{
	struct image image = { 0 };
	struct fixture f;

	for (unsigned i = 0; i < 800; i++)
		entry(&image, 0, "x", S_IFREG | 0644, "");
	f = decode_within(&image, 16 << 10);
	cr_expect_eq(f.got.archives[0].status, STMBOOT_LIMIT);
	cr_expect_leq(f.got.archives[0].entries, 64);
	cr_expect(f.got.unseen);
	release(&f);
}

Test(cpio, the_ceiling_holds_for_zeros_behind_an_archive)
{
	struct image image = { 0 };
	struct fixture f;

	archive(&image, "init", S_IFREG | 0755, "x");
	image.size = sizeof(image.bytes);
	f = decode_within(&image, 32 << 10);
	cr_expect_eq(f.got.archive_count, 1);
	cr_expect(f.got.found);
	cr_expect(f.got.unseen);
	release(&f);
}

Test(cpio, the_ceiling_holds_for_all_archives_together)
{
	struct image inner = { 0 }, image = { 0 };
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_initramfs got;
	struct sb_arena arena;
	uint64_t budget;

	archive(&inner, "init", S_IFREG | 0755, "x");
	budget = inner.size + inner.size / 2;
	pack_in(&image, STMBOOT_COMPRESSION_ZSTD, &inner);
	pack_in(&image, STMBOOT_COMPRESSION_ZSTD, &inner);
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	sb_arena_init(&arena, ctx);
	cr_assert_eq(stmboot_source_from_memory(ctx, image.bytes, image.size, &src), STMBOOT_OK);
	cr_assert_eq(sb_initramfs_decode(&arena, src, "/init", true, &budget, &got), STMBOOT_OK);
	cr_expect_eq(got.archives[0].status, STMBOOT_OK);
	cr_expect_eq(got.archives[1].status, STMBOOT_LIMIT);
	cr_expect(got.unseen);
	stmboot_source_close(src);
	sb_arena_release(&arena);
	stmboot_context_free(ctx);
}

Test(cpio, every_allocation_may_fail)
{
	struct heap heap = { 0 };
	struct image inner = { 0 }, image = { 0 };
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	uint64_t budget = BUDGET;

	archive(&image, "init", S_IFLNK | 0777, "sbin/init");
	archive(&inner, "init", S_IFLNK | 0777, "usr/sbin/init");
	pack_in(&image, STMBOOT_COMPRESSION_XZ, &inner);
	for (size_t n = 0; n < 100 && status != STMBOOT_OK; n++) {
		struct stmboot_context *ctx;
		struct stmboot_source *src;
		struct sb_initramfs got;
		struct sb_arena arena;

		heap_refuse(&heap, 0);
		ctx = heap_context(&heap);
		cr_assert_eq(stmboot_source_from_memory(ctx, image.bytes, image.size, &src),
			     STMBOOT_OK);
		sb_arena_init(&arena, ctx);
		heap_refuse(&heap, n + 1);
		status = sb_initramfs_decode(&arena, src, "/init", true, &budget, &got);
		cr_expect(status == STMBOOT_NO_MEMORY || status == STMBOOT_OK, "%s",
			  stmboot_status_text(status));
		if (status == STMBOOT_OK)
			cr_expect_str_eq(got.target, "usr/sbin/init");
		stmboot_source_close(src);
		sb_arena_release(&arena);
		stmboot_context_free(ctx);
		cr_expect_eq(heap.live, 0);
	}
	cr_expect_eq(status, STMBOOT_OK);
}

/* Oracle: what cpio itself writes. */
Test(cpio, an_archive_of_the_cpio_tool)
{
	static const char command[] =
		"d=$(mktemp -d) && cd $d && mkdir bin && echo x >bin/sh && ln -s bin/sh init && "
		"find . | cpio -o -H newc 2>/dev/null; rm -r $d";
	static struct image image;
	struct fixture f;
	FILE *pipe;

	if (system("command -v cpio >/dev/null") != 0)
		cr_skip("cpio is not installed");
	pipe = popen(command, "r");
	cr_assert_not_null(pipe);
	image.size = fread(image.bytes, 1, sizeof(image.bytes), pipe);
	cr_assert_eq(pclose(pipe), 0);
	f = decode(&image);
	cr_expect(f.got.found);
	cr_assert_not_null(f.got.target);
	cr_expect_str_eq(f.got.target, "bin/sh");
	cr_expect_eq(f.got.archives[0].status, STMBOOT_OK);
	cr_expect_eq(f.got.archives[0].entries, 5);
	cr_expect_not(f.got.junk);
	release(&f);
}
