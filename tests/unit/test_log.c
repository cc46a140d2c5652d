/* SPDX-License-Identifier: MIT */
/* The log of a transaction on its own: whatever is wrong with one is told, and what is not is read.
 */
#include <criterion/criterion.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../support/faulty.h"
#include "../support/heap.h"
#include "../support/pace.h"
#include "base/crc32.h"
#include "base/cursor.h"
#include "source/log.h"

enum { MEDIUM = 40 * SB_SECTOR_BYTES, LOG = 8192, NAME = 8, SUMMARY = 4 };

/* Where things stand in the log of make(): two records of one sector each. */
enum { FIRST = SB_LOG_HEADER + NAME + SUMMARY, RECORD = SB_LOG_RECORD + 8 + SB_SECTOR_BYTES };
enum { SECOND = FIRST + RECORD, END = SECOND + RECORD };

static uint8_t medium[MEDIUM], log_bytes[LOG];
static size_t log_size;

static void make_with(const struct sb_host *host)
{
	static const struct sb_log_head head = {
		.kind = SB_LOG_REDO, .medium_size = MEDIUM, .name = "/a/b.img", .summary = "mark"
	};
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_overlay *overlay;
	const int file = memfd_create("log", MFD_CLOEXEC);
	ssize_t size;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(ctx, medium, MEDIUM, &src), STMBOOT_OK);
	cr_assert_eq(sb_overlay_new(ctx, src, &overlay), STMBOOT_OK);
	cr_assert_eq(sb_overlay_write(overlay, 1030, "one", 3), STMBOOT_OK);
	cr_assert_eq(sb_overlay_write(overlay, MEDIUM - 3, "two", 3), STMBOOT_OK);
	cr_assert_eq(sb_log_put(ctx, host, file, &head, overlay, NULL), STMBOOT_OK);
	size = pread(file, log_bytes, LOG, 0);
	cr_assert_eq(size, END + SB_LOG_TRAILER);
	log_size = (size_t)size;
	(void)close(file);
	sb_overlay_free(overlay);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
}

static void set_up(void)
{
	make_with(&sb_host_posix);
}

TestSuite(log, .init = set_up);

/* After a change: size and checksums are right again. */
static void mend(void)
{
	sb_put_le(log_bytes + 108, sb_crc32(0, log_bytes, 108), 4);
	sb_put_le(log_bytes + log_size - 16, log_size, 8);
	sb_put_le(log_bytes + log_size - 8, lzma_crc64(log_bytes, log_size - 8, 0), 8);
}

static enum stmboot_status open_log(void)
{
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_log *log = NULL;
	enum stmboot_status status;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(ctx, log_bytes, log_size, &src), STMBOOT_OK);
	status = sb_log_open(ctx, src, NULL, &log);
	cr_expect_eq(log != NULL, status == STMBOOT_OK);
	sb_log_free(log);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return status;
}

Test(log, a_field_that_cannot_be_is_told_however_right_the_checksums_are)
{
	static const struct {
		const char *name;
		size_t at, size;
		uint64_t value;
		enum stmboot_status status;
	} cases[] = {
		{ "nothing", 16, 8, MEDIUM, STMBOOT_OK },
		{ "another magic number", 0, 1, 'X', STMBOOT_CORRUPT },
		{ "version 2", 8, 4, 2, STMBOOT_OK },
		{ "version 0", 8, 4, 0, STMBOOT_UNSUPPORTED },
		{ "a later version", 8, 4, 3, STMBOOT_UNSUPPORTED },
		{ "kind 0", 12, 4, 0, STMBOOT_CORRUPT },
		{ "kind 3", 12, 4, 3, STMBOOT_CORRUPT },
		{ "a medium that ends before the last record", 16, 8, MEDIUM - 1, STMBOOT_CORRUPT },
		{ "sectors of 4096 bytes", 24, 4, 4096, STMBOOT_CORRUPT },
		{ "a record too few", 28, 4, 1, STMBOOT_CORRUPT },
		{ "a sector too many", 32, 8, 3 * SB_SECTOR_BYTES, STMBOOT_CORRUPT },
		{ "a name that is too long", 80, 4, SB_LOG_MAX_NAME + 1, STMBOOT_CORRUPT },
		{ "a name that goes beyond the end", 80, 4, SB_LOG_MAX_NAME, STMBOOT_CORRUPT },
		{ "a summary that is too long", 84, 4, SB_LOG_MAX_SUMMARY + 1, STMBOOT_CORRUPT },
		{ "half a sector", FIRST, 8, 1030, STMBOOT_CORRUPT },
		{ "a place behind the medium", FIRST, 8, MEDIUM, STMBOOT_CORRUPT },
		{ "an empty record", FIRST + 8, 4, 0, STMBOOT_CORRUPT },
		{ "an order of version 2", FIRST + 12, 4, SB_LOG_V1_ORDERS, STMBOOT_CORRUPT },
		{ "another byte", FIRST + 100, 1, 0xaa, STMBOOT_CORRUPT },
		{ "records out of order", SECOND, 8, 0, STMBOOT_CORRUPT },
		{ "a sector twice", SECOND, 8, 1024, STMBOOT_CORRUPT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up();
		sb_put_le(log_bytes + cases[i].at, cases[i].value, cases[i].size);
		mend();
		cr_expect_eq(open_log(), cases[i].status, "%s", cases[i].name);
	}
}

Test(log, one_that_is_cut_or_longer_is_none_however_right_the_checksums_are)
{
	static const size_t lengths[] = { 8, SB_LOG_RECORD - 1, SB_LOG_RECORD, SB_LOG_RECORD + 8,
					  512 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		set_up();
		memmove(log_bytes + END - lengths[i], log_bytes + END, SB_LOG_TRAILER);
		log_size -= lengths[i];
		mend();
		cr_expect_eq(open_log(), STMBOOT_CORRUPT, "%zu bytes less", lengths[i]);
		set_up();
		memmove(log_bytes + END + lengths[i], log_bytes + END, SB_LOG_TRAILER);
		memset(log_bytes + END, 0, lengths[i]);
		if (lengths[i] >= SB_LOG_RECORD)
			memcpy(log_bytes + END, log_bytes + SECOND, SB_LOG_RECORD);
		log_size += lengths[i];
		mend();
		cr_expect_eq(open_log(), STMBOOT_CORRUPT, "%zu bytes more", lengths[i]);
	}
	set_up();
	for (size_t size = log_size - 1; size < LOG; size -= pace(13)) {
		log_size = size;
		cr_expect_eq(open_log(), STMBOOT_CORRUPT, "the first %zu bytes", size);
	}
}

Test(log, each_read_and_allocation_may_fail)
{
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	struct faults faults = { .for_good = true };
	struct stmboot_source *src, *old;
	enum stmboot_status status = STMBOOT_IO;
	struct sb_log *log = NULL;

	cr_assert_eq(stmboot_source_from_memory(ctx, log_bytes, log_size, &faults.base),
		     STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(ctx, medium, MEDIUM, &old), STMBOOT_OK);
	src = faulty_source(ctx, &faults);
	heap_refuse(&heap, 1);
	cr_expect_eq(sb_log_open(ctx, src, NULL, &log), STMBOOT_NO_MEMORY);
	heap_refuse(&heap, 0);
	for (faults.refuse = 1; status != STMBOOT_OK; faults.refuse++) {
		unsigned match = 0;
		uint64_t stranger = 0;

		faults.reads = 0;
		log = NULL;
		status = sb_log_open(ctx, src, NULL, &log);
		if (status == STMBOOT_OK)
			status = sb_log_compare(log, old, NULL, &match, &stranger);
		cr_expect_eq(status, faults.reads >= faults.refuse ? STMBOOT_IO : STMBOOT_OK,
			     "read %llu: %s", (unsigned long long)faults.refuse,
			     stmboot_status_text(status));
		cr_expect(status != STMBOOT_OK || match == (SB_LOG_FITS | SB_LOG_ALL_OLD));
		sb_log_free(log);
	}
	cr_expect_gt(faults.refuse, 15);
	stmboot_source_close(src);
	stmboot_source_close(old);
	stmboot_source_close(faults.base);
	stmboot_context_free(ctx);
	cr_expect_eq(heap.live, 0);
}

static enum stmboot_status reserve_nothing(void *self, int file, uint64_t offset, uint64_t length)
{
	(void)self;
	(void)file;
	(void)offset;
	(void)length;
	return STMBOOT_UNSUPPORTED;
}

Test(log, it_is_the_same_where_no_room_can_be_reserved)
{
	static uint8_t reserved[LOG];
	struct sb_host host = sb_host_posix;
	const size_t size = log_size;

	memcpy(reserved, log_bytes, size);
	host.reserve = reserve_nothing;
	make_with(&host);
	cr_assert_eq(log_size, size);
	cr_expect_arr_eq(log_bytes, reserved, size);
	cr_expect_eq(open_log(), STMBOOT_OK);
}
