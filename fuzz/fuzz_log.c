/* SPDX-License-Identifier: MIT */
/* The log of a transaction, and what is seen of a medium through it; inputs as in log_image.h. */
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
	    sb_pending_view(p->ctx, log, src, NULL, &view) == STMBOOT_OK) {
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
	struct patched *p = log_new(data, size);
	struct sb_log *log = NULL;

	if (sb_log_open(p->ctx, p->src, NULL, &log) == STMBOOT_OK) {
		check_records(log);
		check_view(p, log);
		sb_log_free(log);
	}
	patched_free(p);
	return 0;
}
