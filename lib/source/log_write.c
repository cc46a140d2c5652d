/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <lzma.h>
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/crc32.h"
#include "base/cursor.h"
#include "source/log.h"

enum { BUFFER_BYTES = SB_LOG_RECORD + 8 * SB_LOG_SECTORS + SB_EXTENT_BYTES };

struct writer {
	const struct sb_host *host;
	struct sb_meter *meter; /* or NULL */
	int file;
	uint64_t offset;
	uint64_t crc;
	enum stmboot_status status;
	uint8_t buffer[BUFFER_BYTES];
};

/* Most of the buffer is not touched for a small edit. */
static struct writer *writer_new(struct stmboot_context *ctx, const struct sb_host *host,
				 struct sb_meter *meter)
{
	struct writer *w = sb_alloc_uncleared(ctx, sizeof(*w));

	if (w == NULL)
		return NULL;
	memset(w, 0, offsetof(struct writer, buffer));
	w->host = host;
	w->meter = meter;
	return w;
}

static void put_unsummed(struct writer *w, const void *data, size_t size)
{
	if (w->status == STMBOOT_OK && size != 0)
		w->status = w->host->write_at(w->host->self, w->file, w->offset, data, size);
	w->offset += size;
}

static void put(struct writer *w, const void *data, size_t size)
{
	put_unsummed(w, data, size);
	w->crc = lzma_crc64(data, size, w->crc);
}

static size_t text_length(const char *text, size_t limit)
{
	return text != NULL ? strnlen(text, limit) : 0;
}

/* A program that knows no later version must not take its log for an incomplete one. */
static uint32_t version_of(uint32_t orders)
{
	return orders >> SB_LOG_V1_ORDERS != 0 ? 2 : 1;
}

static void put_header(struct writer *w, const struct sb_log_head *head)
{
	uint8_t bytes[SB_LOG_HEADER] = "STMBJRNL";
	size_t name = text_length(head->name, SB_LOG_MAX_NAME);
	size_t summary = text_length(head->summary, SB_LOG_MAX_SUMMARY);

	sb_put_le(bytes + 8, version_of(head->orders), 4);
	sb_put_le(bytes + 12, head->kind, 4);
	sb_put_le(bytes + 16, head->medium_size, 8);
	sb_put_le(bytes + 24, SB_SECTOR_BYTES, 4);
	sb_put_le(bytes + 28, head->record_count, 4);
	sb_put_le(bytes + 32, head->payload_bytes, 8);
	sb_put_le(bytes + 40, (uint64_t)head->time, 8);
	memcpy(bytes + 48, head->id_before, SB_MEDIUM_ID_BYTES);
	memcpy(bytes + 64, head->id_after, SB_MEDIUM_ID_BYTES);
	sb_put_le(bytes + 80, name, 4);
	sb_put_le(bytes + 84, summary, 4);
	sb_put_le(bytes + 108, sb_crc32(0, bytes, 108), 4);
	put(w, bytes, sizeof(bytes));
	put(w, head->name, name);
	put(w, head->summary, summary);
}

uint32_t sb_log_sector_crc(const uint8_t *bytes, size_t length, size_t index)
{
	size_t start = index * SB_SECTOR_BYTES;

	return sb_crc32(0, bytes + start, (size_t)sb_min_u64(SB_SECTOR_BYTES, length - start));
}

static void put_record(struct writer *w, enum sb_log_kind kind, const struct sb_extent *extent)
{
	size_t sectors = (extent->length + SB_SECTOR_BYTES - 1) / SB_SECTOR_BYTES;
	const uint8_t *from = kind == SB_LOG_REDO ? extent->old_bytes : extent->new_bytes;
	const uint8_t *to = kind == SB_LOG_REDO ? extent->new_bytes : extent->old_bytes;
	uint8_t *at = w->buffer;

	sb_put_le(at, extent->offset, 8);
	sb_put_le(at + 8, extent->length, 4);
	sb_put_le(at + 12, extent->order, 4);
	at += SB_LOG_RECORD;
	for (size_t i = 0; i < sectors; i++) {
		sb_put_le(at + 4 * i, sb_log_sector_crc(from, extent->length, i), 4);
		sb_put_le(at + 4 * (sectors + i), sb_log_sector_crc(to, extent->length, i), 4);
	}
	at += 8 * sectors;
	memcpy(at, to, extent->length);
	put(w, w->buffer, (size_t)(at - w->buffer) + extent->length);
}

static void put_records(struct writer *w, enum sb_log_kind kind, struct sb_overlay *overlay)
{
	struct sb_extent extent = { 0 };

	while (w->status == STMBOOT_OK) {
		enum stmboot_status status =
			sb_overlay_next(overlay, extent.offset + extent.length, true, &extent);

		if (status == STMBOOT_NOT_FOUND)
			return;
		w->status = status;
		if (status == STMBOOT_OK)
			put_record(w, kind, &extent);
		if (w->status == STMBOOT_OK)
			w->status = sb_meter_add(w->meter, extent.length);
	}
}

static void put_trailer(struct writer *w)
{
	uint8_t bytes[SB_LOG_TRAILER] = "STMBJEND";

	sb_put_le(bytes + 8, w->offset + SB_LOG_TRAILER, 8);
	sb_put_le(bytes + 16, lzma_crc64(bytes, 16, w->crc), 8);
	put(w, bytes, sizeof(bytes));
}

/* What the log will hold, and how long it will be. */
static uint64_t measure(struct sb_log_head *head, struct sb_overlay *overlay)
{
	uint64_t total = SB_LOG_HEADER + text_length(head->name, SB_LOG_MAX_NAME) +
			 text_length(head->summary, SB_LOG_MAX_SUMMARY) + SB_LOG_TRAILER;
	struct sb_extent extent = { 0 };

	head->record_count = 0;
	head->payload_bytes = 0;
	head->orders = 0;
	while (sb_overlay_next_place(overlay, extent.offset + extent.length, &extent) ==
	       STMBOOT_OK) {
		head->record_count++;
		head->payload_bytes += extent.length;
		head->orders |= 1u << extent.order;
		total += SB_LOG_RECORD + extent.length +
			 8 * ((extent.length + SB_SECTOR_BYTES - 1) / SB_SECTOR_BYTES);
	}
	return total;
}

/* Where nothing can be reserved, the writes themselves say when there is no room. */
static void reserve(struct writer *w, uint64_t size)
{
	w->status = w->host->reserve(w->host->self, w->file, 0, size);
	if (w->status == STMBOOT_UNSUPPORTED)
		w->status = STMBOOT_OK;
}

uint64_t sb_log_most_bytes(uint64_t payload)
{
	const uint64_t texts = SB_LOG_HEADER + SB_LOG_MAX_NAME + SB_LOG_MAX_SUMMARY;
	/* at worst each sector is a record of its own, and the last one is shorter */
	const uint64_t sectors = sb_min_u64(payload, INT64_MAX / 2) / SB_SECTOR_BYTES + 1;

	return texts + sectors * (SB_LOG_RECORD + 8 + SB_SECTOR_BYTES) + SB_LOG_TRAILER;
}

static enum stmboot_status put_log(struct stmboot_context *ctx, const struct sb_host *host,
				   int file, const struct sb_log_head *head,
				   struct sb_overlay *overlay, struct sb_meter *meter,
				   uint64_t *size)
{
	struct sb_log_head counted = *head;
	struct writer *w = writer_new(ctx, host, meter);
	enum stmboot_status status;

	if (w == NULL)
		return STMBOOT_NO_MEMORY;
	w->file = file;
	reserve(w, measure(&counted, overlay));
	put_header(w, &counted);
	put_records(w, head->kind, overlay);
	put_trailer(w);
	*size = w->offset;
	status = w->status;
	sb_free(ctx, w);
	return status;
}

enum stmboot_status sb_log_put(struct stmboot_context *ctx, const struct sb_host *host, int file,
			       const struct sb_log_head *head, struct sb_overlay *overlay,
			       struct sb_meter *meter)
{
	uint64_t size = 0;
	enum stmboot_status status = put_log(ctx, host, file, head, overlay, meter, &size);

	return status == STMBOOT_OK ? host->set_size(host->self, file, size) : status;
}

/* A file that was made for a log: durable, or gone. */
static enum stmboot_status keep_or_drop(const struct sb_host *host, const char *path, int file,
					enum stmboot_status status)
{
	int error;

	if (status == STMBOOT_OK)
		status = host->sync(host->self, file);
	error = errno;
	host->close(host->self, file);
	if (status != STMBOOT_OK)
		(void)host->unlink(host->self, path);
	errno = error;
	return status;
}

enum stmboot_status sb_log_write(struct stmboot_context *ctx, const struct sb_host *host,
				 const char *path, const struct sb_log_head *head,
				 struct sb_overlay *overlay, struct sb_meter *meter)
{
	uint64_t size;
	int file;
	enum stmboot_status status = host->open(host->self, path, SB_HOST_CREATE, &file);

	if (status != STMBOOT_OK)
		return status;
	status = put_log(ctx, host, file, head, overlay, meter, &size);
	return keep_or_drop(host, path, file, status);
}

static enum stmboot_status copy_all(struct writer *w, struct stmboot_source *src)
{
	uint64_t size = stmboot_source_size(src);

	reserve(w, size);
	while (w->status == STMBOOT_OK && w->offset < size) {
		size_t part = (size_t)sb_min_u64(sizeof(w->buffer), size - w->offset);

		w->status = stmboot_source_read(src, w->offset, w->buffer, part);
		put_unsummed(w, w->buffer, part);
		if (w->status == STMBOOT_OK)
			w->status = sb_meter_add(w->meter, part);
	}
	return w->status;
}

enum stmboot_status sb_log_copy(struct stmboot_context *ctx, const struct sb_host *host,
				const char *path, struct stmboot_source *src,
				struct sb_meter *meter)
{
	struct writer *w = writer_new(ctx, host, meter);
	enum stmboot_status status;

	if (w == NULL)
		return STMBOOT_NO_MEMORY;
	status = host->open(host->self, path, SB_HOST_CREATE, &w->file);
	if (status == STMBOOT_OK)
		status = keep_or_drop(host, path, w->file, copy_all(w, src));
	sb_free(ctx, w);
	return status;
}
