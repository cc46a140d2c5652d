/* SPDX-License-Identifier: MIT */
#include "source/log.h"

#include <lzma.h>
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/crc32.h"
#include "base/cursor.h"

_Static_assert((int)SB_LOG_HEADER + SB_LOG_MAX_NAME + SB_LOG_MAX_SUMMARY <= SB_EXTENT_BYTES,
	       "sum_head() reads all of it at once");

struct sb_log {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_log_head head;
	uint32_t orders; /* how many the version has */
	uint64_t first;  /* where the records begin */
	uint64_t end;    /* where the trailer begins */
	char name[SB_LOG_MAX_NAME + 1];
	char summary[SB_LOG_MAX_SUMMARY + 1];
	struct sb_log_record record;
	uint8_t place[SB_LOG_RECORD];
	uint8_t crcs[8 * SB_LOG_SECTORS];
	uint8_t payload[SB_EXTENT_BYTES];
	uint8_t medium[SB_EXTENT_BYTES]; /* what stands where a record belongs */
};

/* A log that ends too early was not completed. */
static enum stmboot_status read_part(const struct sb_log *log, uint64_t offset, void *buffer,
				     size_t size)
{
	enum stmboot_status status = stmboot_source_read(log->src, offset, buffer, size);

	return status == STMBOOT_TRUNCATED ? STMBOOT_CORRUPT : status;
}

static enum stmboot_status read_texts(struct sb_log *log, uint32_t name, uint32_t summary)
{
	enum stmboot_status status;

	if (name > SB_LOG_MAX_NAME || summary > SB_LOG_MAX_SUMMARY)
		return STMBOOT_CORRUPT;
	log->first = (uint64_t)SB_LOG_HEADER + name + summary;
	status = read_part(log, SB_LOG_HEADER, log->name, name);
	if (status == STMBOOT_OK)
		status = read_part(log, (uint64_t)SB_LOG_HEADER + name, log->summary, summary);
	log->head.name = log->name;
	log->head.summary = log->summary;
	return status;
}

static enum stmboot_status read_header(struct sb_log *log)
{
	uint8_t bytes[SB_LOG_HEADER];
	struct sb_cursor c = sb_cursor(bytes, sizeof(bytes));
	struct sb_log_head *head = &log->head;
	uint32_t version, kind, sector_bytes, name, summary;
	enum stmboot_status status = read_part(log, 0, bytes, sizeof(bytes));

	if (status != STMBOOT_OK)
		return status;
	if (memcmp(bytes, "STMBJRNL", 8) != 0)
		return STMBOOT_CORRUPT;
	sb_skip(&c, 8);
	version = sb_le32(&c);
	kind = sb_le32(&c);
	head->medium_size = sb_le64(&c);
	sector_bytes = sb_le32(&c);
	head->record_count = sb_le32(&c);
	head->payload_bytes = sb_le64(&c);
	head->time = (int64_t)sb_le64(&c);
	sb_bytes(&c, head->id_before, SB_MEDIUM_ID_BYTES);
	sb_bytes(&c, head->id_after, SB_MEDIUM_ID_BYTES);
	name = sb_le32(&c);
	summary = sb_le32(&c);
	sb_skip(&c, 20);
	if (sb_le32(&c) != sb_crc32(0, bytes, 108))
		return STMBOOT_CORRUPT;
	if (version != 1 && version != 2)
		return STMBOOT_UNSUPPORTED;
	log->orders = version == 1 ? (uint32_t)SB_LOG_V1_ORDERS : (uint32_t)SB_ORDER_COUNT;
	if ((kind != SB_LOG_REDO && kind != SB_LOG_UNDO) || sector_bytes != SB_SECTOR_BYTES)
		return STMBOOT_CORRUPT;
	head->kind = (enum sb_log_kind)kind;
	return read_texts(log, name, summary);
}

static enum stmboot_status read_trailer(struct sb_log *log, uint8_t bytes[SB_LOG_TRAILER])
{
	uint64_t size = stmboot_source_size(log->src);
	enum stmboot_status status;

	if (size < log->first + SB_LOG_TRAILER)
		return STMBOOT_CORRUPT;
	log->end = size - SB_LOG_TRAILER;
	status = read_part(log, log->end, bytes, SB_LOG_TRAILER);
	if (status != STMBOOT_OK)
		return status;
	return memcmp(bytes, "STMBJEND", 8) == 0 && sb_get_le64(bytes + 8) == size
		       ? STMBOOT_OK
		       : STMBOOT_CORRUPT;
}

/* Whole sectors on the medium; only its last one may be short. */
static bool is_well_placed(const struct sb_log *log, uint64_t offset, uint64_t length)
{
	uint64_t size = log->head.medium_size;

	return length != 0 && length <= SB_EXTENT_BYTES && offset % SB_SECTOR_BYTES == 0 &&
	       sb_range_within(offset, length, size) &&
	       (length % SB_SECTOR_BYTES == 0 || offset + length == size);
}

static enum stmboot_status read_place(struct sb_log *log, uint64_t at)
{
	struct sb_log_record *record = &log->record;
	uint8_t *bytes = log->place;
	uint32_t order;
	enum stmboot_status status;

	if (log->end - at < sizeof(log->place))
		return STMBOOT_CORRUPT;
	status = read_part(log, at, bytes, sizeof(log->place));
	if (status != STMBOOT_OK)
		return status;
	record->offset = sb_get_le64(bytes);
	record->length = sb_get_le32(bytes + 8);
	order = sb_get_le32(bytes + 12);
	if (!is_well_placed(log, record->offset, record->length) || order >= log->orders)
		return STMBOOT_CORRUPT;
	record->order = (enum sb_order)order;
	record->sectors = (record->length + SB_SECTOR_BYTES - 1) / SB_SECTOR_BYTES;
	record->bytes = NULL;
	at += sizeof(log->place);
	if (log->end - at < 8 * record->sectors + record->length)
		return STMBOOT_CORRUPT;
	record->at = at + 8 * record->sectors;
	return STMBOOT_OK;
}

enum stmboot_status sb_log_next_place(struct sb_log *log, uint64_t *position,
				      const struct sb_log_record **out)
{
	uint64_t at = *position != 0 ? *position : log->first;
	enum stmboot_status status;

	if (at >= log->end)
		return STMBOOT_NOT_FOUND;
	status = read_place(log, at);
	if (status != STMBOOT_OK)
		return status;
	*position = log->record.at + log->record.length;
	*out = &log->record;
	return STMBOOT_OK;
}

static enum stmboot_status check_bytes(struct sb_log *log)
{
	struct sb_log_record *record = &log->record;

	for (size_t i = 0; i < record->sectors; i++) {
		record->old_crc[i] = sb_get_le32(log->crcs + 4 * i);
		record->new_crc[i] = sb_get_le32(log->crcs + 4 * (record->sectors + i));
		if (record->new_crc[i] != sb_log_sector_crc(log->payload, record->length, i))
			return STMBOOT_CORRUPT;
	}
	return STMBOOT_OK;
}

enum stmboot_status sb_log_fill(struct sb_log *log)
{
	struct sb_log_record *record = &log->record;
	const size_t crcs = 8 * record->sectors;
	enum stmboot_status status = read_part(log, record->at - crcs, log->crcs, crcs);

	if (status == STMBOOT_OK)
		status = read_part(log, record->at, log->payload, record->length);
	if (status == STMBOOT_OK)
		status = check_bytes(log);
	if (status == STMBOOT_OK)
		record->bytes = log->payload;
	return status;
}

enum stmboot_status sb_log_next(struct sb_log *log, uint64_t *position,
				const struct sb_log_record **out)
{
	enum stmboot_status status = sb_log_next_place(log, position, out);

	return status == STMBOOT_OK ? sb_log_fill(log) : status;
}

/* The checksum of all that stands before the records; it fits where a payload will be. */
static enum stmboot_status sum_head(struct sb_log *log, uint64_t *crc)
{
	const size_t size = (size_t)log->first;
	enum stmboot_status status = read_part(log, 0, log->payload, size);

	if (status == STMBOOT_OK)
		*crc = lzma_crc64(log->payload, size, 0);
	return status;
}

static void sum_record(const struct sb_log *log, uint64_t *crc)
{
	*crc = lzma_crc64(log->place, sizeof(log->place), *crc);
	*crc = lzma_crc64(log->crcs, 8 * log->record.sectors, *crc);
	*crc = lzma_crc64(log->payload, log->record.length, *crc);
}

static enum stmboot_status check_records(struct sb_log *log, uint64_t *crc, struct sb_meter *meter)
{
	const struct sb_log_record *record;
	uint64_t position = 0, behind = 0, payload = 0;
	uint32_t count = 0;
	enum stmboot_status status;

	while ((status = sb_log_next(log, &position, &record)) == STMBOOT_OK) {
		if (record->offset < behind)
			return STMBOOT_CORRUPT;
		sum_record(log, crc);
		behind = record->offset + record->length;
		payload += record->length;
		log->head.orders |= 1u << record->order;
		count++;
		status = sb_meter_add(meter, record->length);
		if (status != STMBOOT_OK)
			return status;
	}
	if (status != STMBOOT_NOT_FOUND)
		return status;
	return count == log->head.record_count && payload == log->head.payload_bytes
		       ? STMBOOT_OK
		       : STMBOOT_CORRUPT;
}

static enum stmboot_status check_all(struct sb_log *log, struct sb_meter *meter)
{
	uint8_t trailer[SB_LOG_TRAILER];
	uint64_t crc = 0;
	enum stmboot_status status = read_trailer(log, trailer);

	if (status == STMBOOT_OK)
		status = sum_head(log, &crc);
	if (status == STMBOOT_OK)
		status = check_records(log, &crc, meter);
	if (status != STMBOOT_OK)
		return status;
	return lzma_crc64(trailer, 16, crc) == sb_get_le64(trailer + 16) ? STMBOOT_OK
									 : STMBOOT_CORRUPT;
}

enum stmboot_status sb_log_open(struct stmboot_context *ctx, struct stmboot_source *src,
				struct sb_meter *meter, struct sb_log **out)
{
	struct sb_log *log = sb_alloc_uncleared(ctx, sizeof(*log));
	enum stmboot_status status;

	if (log == NULL)
		return STMBOOT_NO_MEMORY;
	memset(log, 0,
	       offsetof(struct sb_log, crcs)); /* the rest is not touched for a small edit */
	log->ctx = ctx;
	log->src = src;
	status = read_header(log);
	if (status == STMBOOT_OK && meter != NULL && meter->total == 0)
		meter->total = log->head.payload_bytes;
	if (status == STMBOOT_OK)
		status = check_all(log, meter);
	if (status != STMBOOT_OK)
		sb_log_free(log);
	else
		*out = log;
	return status;
}

void sb_log_free(struct sb_log *log)
{
	if (log != NULL)
		sb_free(log->ctx, log);
}

struct stmboot_source *sb_log_source(const struct sb_log *log)
{
	return log->src;
}

const struct sb_log_head *sb_log_head(const struct sb_log *log)
{
	return &log->head;
}

/* The first sector that is neither as before nor as it is to be, else record->sectors. */
static size_t compare_record(const struct sb_log *log, const struct sb_log_record *record,
			     unsigned *match)
{
	for (size_t i = 0; i < record->sectors; i++) {
		uint32_t crc = sb_log_sector_crc(log->medium, record->length, i);

		if (crc != record->old_crc[i])
			*match &= ~(unsigned)SB_LOG_ALL_OLD;
		if (crc != record->new_crc[i])
			*match &= ~(unsigned)SB_LOG_ALL_NEW;
		if (crc != record->old_crc[i] && crc != record->new_crc[i])
			return i;
	}
	return record->sectors;
}

enum stmboot_status sb_log_compare(struct sb_log *log, struct stmboot_source *src,
				   struct sb_meter *meter, unsigned *match, uint64_t *stranger)
{
	const struct sb_log_record *record;
	uint64_t position = 0;
	enum stmboot_status status;

	*match = SB_LOG_FITS | SB_LOG_ALL_OLD | SB_LOG_ALL_NEW;
	while ((status = sb_log_next(log, &position, &record)) == STMBOOT_OK) {
		size_t at;

		status = stmboot_source_read(src, record->offset, log->medium, record->length);
		if (status != STMBOOT_OK)
			return status;
		at = compare_record(log, record, match);
		if (at < record->sectors) {
			*match = 0;
			*stranger = record->offset + at * SB_SECTOR_BYTES;
			return STMBOOT_OK;
		}
		status = sb_meter_add(meter, record->length);
		if (status != STMBOOT_OK)
			return status;
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}
