/* SPDX-License-Identifier: MIT */
/*
 * The log of a transaction, and what is seen of a medium through it; inputs as in
 * log_image.h. A log that fits its medium, written again, is the same log.
 */
#include "../tests/power/disk.h"
#include "image/pending.h"
#include "log_image.h"

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

enum { SECTORS = (MEDIUM + SB_SECTOR_BYTES - 1) / SB_SECTOR_BYTES, NO_ORDER = 0xff };

/* What a log does to each sector. */
struct effect {
	uint8_t bytes[MEDIUM];
	uint8_t orders[SECTORS];
};

static void effect_of(struct sb_log *log, struct effect *out)
{
	const struct sb_log_record *record;
	uint64_t position = 0;

	memcpy(out->bytes, medium, MEDIUM);
	memset(out->orders, NO_ORDER, SECTORS);
	while (sb_log_next(log, &position, &record) == STMBOOT_OK) {
		memcpy(out->bytes + record->offset, record->bytes, record->length);
		memset(out->orders + record->offset / SB_SECTOR_BYTES, (int)record->order,
		       record->sectors);
	}
}

static void check_same(struct sb_log *log, struct sb_log *again)
{
	static struct effect effect, other;
	const struct sb_log_head *a = sb_log_head(log), *b = sb_log_head(again);

	require(a->kind == b->kind && a->medium_size == b->medium_size && a->time == b->time);
	require(memcmp(a->id_before, b->id_before, SB_MEDIUM_ID_BYTES) == 0 &&
		memcmp(a->id_after, b->id_after, SB_MEDIUM_ID_BYTES) == 0);
	require(strcmp(a->name, b->name) == 0 && strcmp(a->summary, b->summary) == 0);
	require(a->payload_bytes == b->payload_bytes && a->orders == b->orders);
	effect_of(log, &effect);
	effect_of(again, &other);
	require(memcmp(&effect, &other, sizeof(effect)) == 0);
}

/* As it was made, no two records could be one: then it is the same byte by byte. */
static void check_written(struct patched *p, struct sb_log *log, struct sb_overlay *view,
			  bool as_made)
{
	static struct disk disk;
	static uint8_t bytes[PATCHED_ROOM];
	struct stmboot_source *src;
	struct sb_log *again;
	int file;

	disk_init(&disk, p->src, false);
	require(disk.host.open(disk.host.self, "/disk/log", SB_HOST_CREATE, &file) == STMBOOT_OK);
	require(sb_log_put(p->ctx, &disk.host, file, sb_log_head(log), view, NULL) == STMBOOT_OK);
	require(sb_host_source(p->ctx, &disk.host, file, true, &src) == STMBOOT_OK);
	require(sb_log_open(p->ctx, src, NULL, &again) == STMBOOT_OK);
	check_same(log, again);
	if (as_made) {
		require(stmboot_source_size(src) == p->size);
		require(stmboot_source_read(src, 0, bytes, p->size) == STMBOOT_OK);
		require(memcmp(bytes, p->bytes, p->size) == 0);
	}
	sb_log_free(again);
	stmboot_source_close(src);
	disk_release(&disk);
}

/* Through a log that fits, exactly what it holds is another. */
static void check_view(struct patched *p, struct sb_log *log, bool as_made)
{
	static uint8_t expected[MEDIUM], seen[MEDIUM];
	const struct sb_log_record *record;
	struct stmboot_source *src = NULL;
	struct sb_overlay *view = NULL;
	uint64_t position = 0;

	require(stmboot_source_from_memory(p->ctx, medium, MEDIUM, &src) == STMBOOT_OK);
	if (sb_log_head(log)->medium_size == MEDIUM &&
	    sb_pending_view(p->ctx, log, src, NULL, &view) == STMBOOT_OK) {
		memcpy(expected, medium, MEDIUM);
		while (sb_log_next(log, &position, &record) == STMBOOT_OK)
			memcpy(expected + record->offset, record->bytes, record->length);
		require(stmboot_source_read(sb_overlay_source(view), 0, seen, MEDIUM) ==
			STMBOOT_OK);
		require(memcmp(seen, expected, MEDIUM) == 0);
		if (sb_log_head(log)->kind == SB_LOG_REDO)
			check_written(p, log, view, as_made);
	} else {
		require(!as_made);
	}
	sb_overlay_free(view);
	stmboot_source_close(src);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patched *p = log_new(data, size);
	struct sb_log *log = NULL;

	if (sb_log_open(p->ctx, p->src, NULL, &log) == STMBOOT_OK) {
		check_records(log);
		check_view(p, log, size <= 1 && (p->choice & 1) == 0);
		sb_log_free(log);
	}
	patched_free(p);
	return 0;
}
