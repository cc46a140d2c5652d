/* SPDX-License-Identifier: MIT */
#include "image/pending.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "source/source.h"

/* Where the GPT of a disk with sectors of 512 or 4096 bytes begins. */
static const uint64_t table_offsets[] = { 512, 4096 };

enum { GPT_DISK_GUID = 56, EXT4_SUPER = 1024, EXT4_MAGIC = 0x38, EXT4_UUID = 0x68 };

enum stmboot_status sb_medium_id(struct stmboot_source *src, uint8_t out[SB_MEDIUM_ID_BYTES])
{
	uint8_t head[EXT4_UUID + SB_MEDIUM_ID_BYTES];
	enum stmboot_status status;
	size_t got;

	memset(out, 0, SB_MEDIUM_ID_BYTES);
	for (size_t i = 0; i < sizeof(table_offsets) / sizeof(table_offsets[0]); i++) {
		status = sb_source_peek(src, table_offsets[i], head, sizeof(head), &got);
		if (status != STMBOOT_OK)
			return status;
		if (memcmp(head, "EFI PART", 8) == 0) {
			memcpy(out, head + GPT_DISK_GUID, SB_MEDIUM_ID_BYTES);
			return STMBOOT_OK;
		}
	}
	status = sb_source_peek(src, EXT4_SUPER, head, sizeof(head), &got);
	if (status == STMBOOT_OK && sb_get_le16(head + EXT4_MAGIC) == 0xef53)
		memcpy(out, head + EXT4_UUID, SB_MEDIUM_ID_BYTES);
	return status;
}

static const char new_suffix[] = "-new";

bool sb_new_log_of(const char *log, char out[SB_PATH_BYTES])
{
	return sb_path_format(out, "%s%s", log, new_suffix);
}

/* A log that has not got its name is none, even if it is complete. */
static bool is_log_name(const char *name)
{
	size_t length = strlen(name), suffix = sizeof(new_suffix) - 1;

	return strncmp(name, "journal-", 8) == 0 &&
	       (length < suffix || strcmp(name + length - suffix, new_suffix) != 0);
}

static bool name_logs(struct sb_place *place)
{
	char id[2 * SB_MEDIUM_ID_BYTES + 1];

	if (!place->block_device)
		return sb_path_format(place->log, "%s.stmboot-journal", place->path) &&
		       sb_new_log_of(place->log, place->new_log);
	if (place->state_directory == NULL)
		return true;
	for (size_t i = 0; i < SB_MEDIUM_ID_BYTES; i++) {
		id[2 * i] = "0123456789abcdef"[place->id[i] >> 4];
		id[2 * i + 1] = "0123456789abcdef"[place->id[i] & 15];
	}
	id[2 * SB_MEDIUM_ID_BYTES] = '\0';
	return sb_path_format(place->log, "%s/journal-%s-%llu", place->state_directory, id,
			      (unsigned long long)place->size) &&
	       sb_new_log_of(place->log, place->new_log);
}

enum stmboot_status sb_place_find(const struct sb_host *host, const char *path,
				  const struct sb_host_info *info, struct stmboot_source *src,
				  const char *state_directory, struct sb_place *out)
{
	enum stmboot_status status = host->resolve(host->self, path, out->path);

	if (status != STMBOOT_OK)
		return status;
	out->state_directory = state_directory;
	out->block_device = info->block_device;
	out->size = info->identity.size;
	out->log[0] = '\0';
	out->new_log[0] = '\0';
	status = sb_medium_id(src, out->id);
	if (status != STMBOOT_OK && out->block_device)
		return status; /* it could be found by no name */
	return name_logs(out) ? STMBOOT_OK : STMBOOT_LIMIT;
}

void sb_pending_close(struct sb_pending *pending)
{
	if (pending == NULL)
		return;
	sb_log_free(pending->log);
	stmboot_source_close(pending->src);
	if (pending->file != SB_NO_FILE)
		pending->host->close(pending->host->self, pending->file);
	sb_free(pending->ctx, pending);
}

static enum stmboot_status open_log(struct sb_pending *pending, struct sb_meter *meter)
{
	const struct sb_host *host = pending->host;
	enum stmboot_status status =
		host->open(host->self, pending->path, SB_HOST_READ, &pending->file);

	if (status == STMBOOT_OK)
		status = sb_host_source(pending->ctx, host, pending->file, false, &pending->src);
	if (status == STMBOOT_OK)
		status = sb_log_open(pending->ctx, pending->src, meter, &pending->log);
	return status;
}

static enum stmboot_status open_path(struct stmboot_context *ctx, const struct sb_host *host,
				     const struct sb_place *place, const char *path,
				     struct sb_meter *meter, struct sb_pending **out)
{
	struct sb_pending *pending = sb_alloc(ctx, sizeof(*pending));
	enum stmboot_status status;

	if (pending == NULL)
		return STMBOOT_NO_MEMORY;
	pending->ctx = ctx;
	pending->host = host;
	pending->file = SB_NO_FILE;
	status = sb_path_format(pending->path, "%s", path) ? open_log(pending, meter)
							   : STMBOOT_LIMIT;
	if (status == STMBOOT_OK && (sb_log_head(pending->log)->kind != SB_LOG_REDO ||
				     sb_log_head(pending->log)->medium_size != place->size))
		status = STMBOOT_CORRUPT;
	if (status != STMBOOT_OK)
		sb_pending_close(pending);
	else
		*out = pending;
	return status;
}

/*
 * An edit may change the disk GUID itself: until it is done the log has the
 * name by the old one, and the medium one of the two.
 */
struct search {
	struct stmboot_context *ctx;
	const struct sb_host *host;
	const struct sb_place *place;
	struct sb_meter *meter;
	struct sb_pending *found;
};

static enum stmboot_status consider(void *user, const char *name)
{
	struct search *search = user;
	struct sb_pending *pending = NULL;
	char path[SB_PATH_BYTES];
	enum stmboot_status status;

	if (search->found != NULL || !is_log_name(name) ||
	    !sb_path_format(path, "%s/%s", search->place->state_directory, name))
		return STMBOOT_OK;
	status = open_path(search->ctx, search->host, search->place, path, search->meter, &pending);
	if (status != STMBOOT_OK)
		return status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED ? status
										  : STMBOOT_OK;
	if (memcmp(sb_log_head(pending->log)->id_after, search->place->id, SB_MEDIUM_ID_BYTES) == 0)
		search->found = pending;
	else
		sb_pending_close(pending);
	return STMBOOT_OK;
}

static enum stmboot_status open_renamed(struct stmboot_context *ctx, const struct sb_host *host,
					const struct sb_place *place, struct sb_meter *meter,
					struct sb_pending **out)
{
	struct search search = { .ctx = ctx, .host = host, .place = place, .meter = meter };
	enum stmboot_status status =
		host->list(host->self, place->state_directory, consider, &search);

	if (status != STMBOOT_OK)
		sb_pending_close(search.found);
	else if (search.found == NULL)
		status = STMBOOT_NOT_FOUND;
	else
		*out = search.found;
	return status;
}

enum stmboot_status sb_pending_open(struct stmboot_context *ctx, const struct sb_host *host,
				    const struct sb_place *place, struct sb_meter *meter,
				    struct sb_pending **out)
{
	enum stmboot_status status;

	if (*place->log == '\0')
		return STMBOOT_NOT_FOUND;
	status = open_path(ctx, host, place, place->log, meter, out);
	if (status == STMBOOT_NOT_FOUND && place->block_device)
		status = open_renamed(ctx, host, place, meter, out);
	return status;
}

enum stmboot_status sb_log_stage(struct sb_log *log, struct sb_overlay *overlay)
{
	const struct sb_log_record *record;
	uint64_t position = 0;
	enum stmboot_status status;

	while ((status = sb_log_next(log, &position, &record)) == STMBOOT_OK) {
		status = sb_overlay_write(overlay, record->offset, record->bytes, record->length);
		if (status != STMBOOT_OK)
			return status;
		sb_overlay_mark(overlay, record->offset, record->length, record->order);
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

enum stmboot_status sb_log_map(struct sb_log *log, struct sb_overlay *overlay)
{
	const struct sb_log_record *record;
	uint64_t position = 0;
	enum stmboot_status status;

	while ((status = sb_log_next_place(log, &position, &record)) == STMBOOT_OK) {
		status = sb_overlay_map(overlay, record->offset, record->length, sb_log_source(log),
					record->at, record->order);
		if (status != STMBOOT_OK)
			return status;
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

enum stmboot_status sb_pending_view(struct stmboot_context *ctx, struct sb_log *log,
				    struct stmboot_source *src, struct sb_meter *meter,
				    struct sb_overlay **out)
{
	struct sb_overlay *overlay = NULL;
	unsigned match = 0;
	uint64_t stranger;
	enum stmboot_status status = sb_log_compare(log, src, meter, &match, &stranger);

	if (status == STMBOOT_OK && (match & SB_LOG_FITS) == 0)
		status = STMBOOT_CONFLICT;
	if (status == STMBOOT_OK)
		status = sb_overlay_new(ctx, src, &overlay);
	if (status == STMBOOT_OK)
		status = sb_log_map(log, overlay);
	if (status != STMBOOT_OK)
		sb_overlay_free(overlay);
	else
		*out = overlay;
	return status;
}
