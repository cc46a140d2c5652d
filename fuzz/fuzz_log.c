/* SPDX-License-Identifier: MIT */
/*
 * The log of a transaction, and what is seen of a medium through it; the input
 * is that of patched.h. With bit 2 of the choice its checksums are mended.
 */
#include <lzma.h>
#include <zlib.h>

#include "base/cursor.h"
#include "image/pending.h"
#include "patched.h"

enum { MEND = 4, MEDIUM = 64 * 512 + 100 };

static uint8_t medium[MEDIUM];

static void put(uint8_t *at, uint64_t value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t sector_crc(const uint8_t *bytes, size_t size)
{
	return (uint32_t)crc32(0, bytes, (uInt)size);
}

/* As the specification in log.h says, apart from the code that it is to test. */
static size_t put_record(uint8_t *at, uint64_t offset, size_t length, uint32_t order)
{
	size_t sectors = (length + 511) / 512;
	uint8_t *payload = at + 16 + 8 * sectors;

	put(at, offset, 8);
	put(at + 8, length, 4);
	put(at + 12, order, 4);
	memset(payload, 'n', length);
	for (size_t i = 0; i < sectors; i++) {
		size_t part = length - i * 512 < 512 ? length - i * 512 : 512;

		put(at + 16 + 4 * i, sector_crc(medium + offset + i * 512, part), 4);
		put(at + 16 + 4 * (sectors + i), sector_crc(payload + i * 512, part), 4);
	}
	return 16 + 8 * sectors + length;
}

static void mend(uint8_t *bytes, size_t size)
{
	if (size < SB_LOG_HEADER + SB_LOG_TRAILER)
		return;
	put(bytes + 108, crc32(0, bytes, 108), 4);
	memcpy(bytes + size - 24, "STMBJEND", 8);
	put(bytes + size - 16, size, 8);
	put(bytes + size - 8, lzma_crc64(bytes, size - 8, 0), 8);
}

static size_t make(uint8_t *bytes, uint8_t choice)
{
	size_t at = SB_LOG_HEADER + 9;

	for (size_t i = 0; i < MEDIUM; i++)
		medium[i] = (uint8_t)(i * 31);
	memcpy(bytes, "STMBJRNL", 8);
	put(bytes + 8, 1, 4);
	put(bytes + 12, (choice & 1) != 0 ? SB_LOG_UNDO : SB_LOG_REDO, 4);
	put(bytes + 16, MEDIUM, 8);
	put(bytes + 24, 512, 4);
	put(bytes + 28, 2, 4);
	put(bytes + 32, 1024 + 612, 8);
	put(bytes + 80, 5, 4);
	put(bytes + 84, 4, 4);
	memcpy(bytes + SB_LOG_HEADER, "/cardedit", 9);
	at += put_record(bytes + at, 1024, 1024, SB_ORDER_DATA);
	at += put_record(bytes + at, 63 * 512, 612, SB_ORDER_SUPERBLOCK);
	mend(bytes, at + SB_LOG_TRAILER);
	return at + SB_LOG_TRAILER;
}

static void check_records(struct sb_log *log)
{
	const struct sb_log_head *head = sb_log_head(log);
	const struct sb_log_record *record;
	uint64_t position = 0, behind = 0, payload = 0;
	uint32_t count = 0;

	require(strlen(head->name) <= SB_LOG_MAX_NAME);
	require(strlen(head->summary) <= SB_LOG_MAX_SUMMARY);
	while (sb_log_next(log, &position, &record) == STMBOOT_OK) {
		require(record->offset >= behind && record->offset % 512 == 0);
		require(record->length != 0 && record->length <= SB_EXTENT_BYTES);
		require(record->offset + record->length <= head->medium_size);
		require((head->orders & 1u << record->order) != 0);
		behind = record->offset + record->length;
		payload += record->length;
		count++;
	}
	require(count == head->record_count && payload == head->payload_bytes);
}

/* Through a log that fits, exactly what it holds is another. */
static void check_view(struct patched *p, struct sb_log *log)
{
	static uint8_t expected[MEDIUM], seen[MEDIUM];
	const struct sb_log_record *record;
	struct stmboot_source *src = NULL;
	struct sb_overlay *view = NULL;
	uint64_t position = 0;

	require(stmboot_source_from_memory(p->ctx, medium, MEDIUM, &src) == STMBOOT_OK);
	if (sb_log_head(log)->medium_size == MEDIUM &&
	    sb_pending_view(p->ctx, log, src, &view) == STMBOOT_OK) {
		memcpy(expected, medium, MEDIUM);
		while (sb_log_next(log, &position, &record) == STMBOOT_OK)
			memcpy(expected + record->offset, record->bytes, record->length);
		require(stmboot_source_read(sb_overlay_source(view), 0, seen, MEDIUM) ==
			STMBOOT_OK);
		require(memcmp(seen, expected, MEDIUM) == 0);
	}
	sb_overlay_free(view);
	stmboot_source_close(src);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patched *p = patched_new(data, size, make);
	struct sb_log *log = NULL;

	if ((p->choice & MEND) != 0)
		mend(p->bytes, p->size);
	if (sb_log_open(p->ctx, p->src, &log) == STMBOOT_OK) {
		check_records(log);
		check_view(p, log);
		sb_log_free(log);
	}
	patched_free(p);
	return 0;
}
