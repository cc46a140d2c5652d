/* SPDX-License-Identifier: MIT */
/*
 * Undo records: logs of the way back, in a directory of the state directory.
 * A record is written before the commit point of its edit. If the edit never
 * gets there, the record says what the image holds anyway, and is passed over.
 *
 * A record is named by a number that only grows, and a checksum of the image's
 * name, so that the records of one image are found without opening all.
 */
#include "edit/edit.h"

#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"

enum { MAX_RECORDS = 32, MAX_BYTES = 64 << 20, MAX_LISTED = 4096 };

enum { NUMBER_DIGITS = 10, KEY_DIGITS = 16, NAME_LENGTH = NUMBER_DIGITS + 1 + KEY_DIGITS };

struct record {
	char name[NAME_LENGTH + 1];
};

/* Newest first. */
struct records {
	struct sb_arena *arena;
	struct record *at;
	size_t count;
	size_t capacity;
};

static bool make_folder(const struct sb_place *place, char out[SB_PATH_BYTES])
{
	return sb_path_format(out, "%s/undo", place->state_directory);
}

static bool make_path(const struct sb_place *place, const char *name, char out[SB_PATH_BYTES])
{
	return sb_path_format(out, "%s/undo/%s", place->state_directory, name);
}

/* A file is known by its name; a device by what is on it, for names of devices move. */
static uint64_t make_key(const struct sb_place *place, const uint8_t id[SB_MEDIUM_ID_BYTES])
{
	uint8_t size[8];

	if (!place->block_device)
		return lzma_crc64((const uint8_t *)place->path, strlen(place->path), 0);
	for (size_t i = 0; i < sizeof(size); i++)
		size[i] = (uint8_t)(place->size >> 8 * i);
	return lzma_crc64(size, sizeof(size), lzma_crc64(id, SB_MEDIUM_ID_BYTES, 0));
}

static bool is_record_name(const char *name)
{
	return strlen(name) == NAME_LENGTH && name[NUMBER_DIGITS] == '-' &&
	       strspn(name, "0123456789") == NUMBER_DIGITS &&
	       strspn(name + NUMBER_DIGITS + 1, "0123456789abcdef") == KEY_DIGITS;
}

static enum stmboot_status collect(void *user, const char *name)
{
	struct records *records = user;
	struct record *record;

	if (!is_record_name(name) || records->count == MAX_LISTED)
		return STMBOOT_OK;
	record = sb_arena_push(records->arena, &records->at, &records->count, &records->capacity,
			       sizeof(*record));
	if (record == NULL)
		return STMBOOT_NO_MEMORY;
	memcpy(record->name, name, sizeof(record->name));
	return STMBOOT_OK;
}

static int newest_first(const void *a, const void *b)
{
	return -strcmp(((const struct record *)a)->name, ((const struct record *)b)->name);
}

static enum stmboot_status list_records(const struct sb_target *target, struct records *records)
{
	char folder[SB_PATH_BYTES];
	enum stmboot_status status = STMBOOT_LIMIT;

	if (make_folder(&target->place, folder))
		status = target->host->list(target->host->self, folder, collect, records);
	if (status == STMBOOT_NOT_FOUND)
		status = STMBOOT_OK;
	if (status == STMBOOT_OK && records->count > 1)
		qsort(records->at, records->count, sizeof(*records->at), newest_first);
	return status;
}

static const char *new_record_path(struct stmboot_edit *edit, const struct records *records,
				   uint64_t key)
{
	unsigned long long last = records->count != 0 ? strtoull(records->at[0].name, NULL, 10) : 0;

	return sb_arena_printf(&edit->arena, "%s/undo/%0*llu-%0*llx",
			       edit->target.place.state_directory, NUMBER_DIGITS, last + 1,
			       KEY_DIGITS, (unsigned long long)key);
}

bool sb_undo_has_room(uint64_t bytes)
{
	return bytes <= MAX_BYTES;
}

enum stmboot_status sb_undo_keep(struct stmboot_edit *edit, const struct sb_log_head *head,
				 const char **record)
{
	const struct sb_host *host = edit->target.host;
	struct records records = { .arena = &edit->arena };
	struct sb_log_head undo = *head;
	char folder[SB_PATH_BYTES];
	const char *path;
	enum stmboot_status status;

	if (!sb_undo_has_room(sb_overlay_pending(edit->overlay)) ||
	    !make_folder(&edit->target.place, folder))
		return STMBOOT_LIMIT;
	status = host->make_directory(host->self, folder);
	if (status == STMBOOT_OK)
		status = list_records(&edit->target, &records);
	if (status != STMBOOT_OK)
		return status;
	path = new_record_path(edit, &records, make_key(&edit->target.place, head->id_after));
	if (path == NULL)
		return STMBOOT_NO_MEMORY;
	undo.kind = SB_LOG_UNDO;
	status = sb_log_write(edit->ctx, host, path, &undo, edit->overlay, &edit->meter);
	if (status != STMBOOT_OK)
		return status;
	status = host->sync_directory(host->self, folder);
	if (status == STMBOOT_OK)
		*record = path;
	else
		(void)host->unlink(host->self, path);
	return status;
}

void sb_undo_prune(struct stmboot_edit *edit)
{
	const struct sb_host *host = edit->target.host;
	struct records records = { .arena = &edit->arena };
	uint64_t total = 0;

	if (list_records(&edit->target, &records) != STMBOOT_OK)
		return;
	for (size_t i = 0; i < records.count; i++) {
		struct stmboot_identity identity;
		char path[SB_PATH_BYTES];

		if (!make_path(&edit->target.place, records.at[i].name, path) ||
		    host->identify(host->self, path, &identity) != STMBOOT_OK)
			continue;
		total += identity.size;
		if (i > 0 && (i >= MAX_RECORDS || total > MAX_BYTES))
			(void)host->unlink(host->self, path);
	}
}

/* An open record. */
struct opened {
	const struct sb_host *host;
	int file;
	struct stmboot_source *src;
	struct sb_log *log;
};

static void close_record(struct opened *record)
{
	sb_log_free(record->log);
	stmboot_source_close(record->src);
	if (record->file != SB_NO_FILE)
		record->host->close(record->host->self, record->file);
}

/* STMBOOT_NOT_RECOGNISED when it is of another image whose name has the same checksum. */
static enum stmboot_status open_record(struct stmboot_context *ctx, const struct sb_target *target,
				       const uint8_t id[SB_MEDIUM_ID_BYTES], const char *path,
				       struct opened *record)
{
	const struct sb_host *host = target->host;
	const struct sb_log_head *head;
	enum stmboot_status status;
	bool same;

	*record = (struct opened){ .host = host, .file = SB_NO_FILE };
	status = host->open(host->self, path, SB_HOST_READ, &record->file);
	if (status == STMBOOT_OK)
		status = sb_host_source(ctx, host, record->file, false, &record->src);
	if (status == STMBOOT_OK)
		status = sb_log_open(ctx, record->src, NULL, &record->log);
	if (status != STMBOOT_OK)
		return status;
	head = sb_log_head(record->log);
	same = target->place.block_device ? memcmp(head->id_after, id, SB_MEDIUM_ID_BYTES) == 0
					  : strcmp(head->name, target->place.path) == 0;
	return same && head->kind == SB_LOG_UNDO && head->medium_size == target->place.size
		       ? STMBOOT_OK
		       : STMBOOT_NOT_RECOGNISED;
}

/* What this version cannot use is passed over. */
static bool is_no_record(enum stmboot_status status)
{
	return status == STMBOOT_CORRUPT || status == STMBOOT_NOT_FOUND ||
	       status == STMBOOT_NOT_RECOGNISED || status == STMBOOT_UNSUPPORTED;
}

static bool is_of(const struct record *record, uint64_t key)
{
	return strtoull(record->name + NUMBER_DIGITS + 1, NULL, 16) == key;
}

static enum stmboot_status use_up(struct stmboot_edit *edit, const char *path, size_t room)
{
	const char **undone;

	if (edit->undone == NULL)
		edit->undone = sb_arena_array(&edit->arena, room, sizeof(*undone));
	if (edit->undone == NULL)
		return STMBOOT_NO_MEMORY;
	edit->undone[edit->undone_count] = sb_arena_strdup(&edit->arena, path);
	return edit->undone[edit->undone_count++] != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

static enum stmboot_status stage_record(struct stmboot_edit *edit, struct sb_log *log)
{
	const char *summary = sb_log_head(log)->summary;
	enum stmboot_status status = sb_log_stage(log, edit->overlay);

	if (status == STMBOOT_OK)
		status = stmboot_edit_describe(edit, *summary != '\0' ? summary : "the last edit",
					       NULL, "taken back");
	return status;
}

/* Stage a record that fits; *staged stays false for one that is passed over. */
static enum stmboot_status try_record(struct stmboot_edit *edit, struct sb_log *log, bool *staged,
				      struct stmboot_refusal *why)
{
	struct sb_meter meter = sb_meter(edit->ctx, sb_log_head(log)->payload_bytes, 1);
	unsigned match = 0;
	uint64_t stranger = 0;
	enum stmboot_status status =
		sb_log_compare(log, edit->medium.source, &meter, &match, &stranger);

	if (status != STMBOOT_OK)
		return sb_refuse_work(why, status, "compare the image with the undo record", NULL);
	if ((match & SB_LOG_ALL_OLD) != 0) {
		*staged = true;
		return stage_record(edit, log);
	}
	if ((match & SB_LOG_ALL_NEW) != 0)
		return STMBOOT_OK;
	return sb_refuse(why, STMBOOT_CONFLICT, NULL,
			 "what the last edit wrote has changed since, so it cannot be taken back");
}

static enum stmboot_status stage_undo(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	struct records records = { .arena = &edit->arena };
	uint8_t id[SB_MEDIUM_ID_BYTES];
	enum stmboot_status status = sb_medium_id(edit->medium.source, id);
	bool staged = false;

	if (status == STMBOOT_OK && edit->target.place.state_directory != NULL)
		status = list_records(&edit->target, &records);
	for (size_t i = 0; i < records.count && status == STMBOOT_OK && !staged; i++) {
		char path[SB_PATH_BYTES];
		struct opened record;

		if (!is_of(&records.at[i], make_key(&edit->target.place, id)) ||
		    !make_path(&edit->target.place, records.at[i].name, path))
			continue;
		status = open_record(edit->ctx, &edit->target, id, path, &record);
		if (status == STMBOOT_OK)
			status = try_record(edit, record.log, &staged, why);
		if (status == STMBOOT_OK || status == STMBOOT_CORRUPT)
			status = use_up(edit, path, records.count);
		close_record(&record);
		status = is_no_record(status) ? STMBOOT_OK : status;
	}
	if (status == STMBOOT_OK && !staged)
		return sb_refuse(why, STMBOOT_NOT_FOUND, NULL, "there is no edit to take back");
	return status;
}

/* A packed image is never edited in place, so there is nothing to unpack it for. */
static enum stmboot_status look(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	if (edit->medium.prepared)
		return sb_refuse(why, STMBOOT_NOT_FOUND, NULL, "there is no edit to take back");
	return sb_overlay_new(edit->ctx, edit->medium.source, &edit->overlay);
}

enum stmboot_status sb_edit_begin_undo(struct stmboot_context *ctx, const struct sb_host *host,
				       const char *path, const struct stmboot_edit_options *options,
				       struct stmboot_refusal *why, struct stmboot_edit **out)
{
	struct stmboot_edit *edit;
	enum stmboot_status status = sb_edit_prepare(ctx, host, path, options, why, &edit);

	if (status != STMBOOT_OK)
		return status;
	status = look(edit, why);
	if (status == STMBOOT_OK)
		status = stage_undo(edit, why);
	if (status != STMBOOT_OK)
		stmboot_edit_close(edit);
	else
		*out = edit;
	return status;
}

enum stmboot_status stmboot_edit_begin_undo(struct stmboot_context *ctx, const char *path,
					    const struct stmboot_edit_options *options,
					    struct stmboot_refusal *why, struct stmboot_edit **out)
{
	return sb_edit_begin_undo(ctx, &sb_host_posix, path, options, why, out);
}

struct stmboot_undos {
	struct stmboot_context *ctx;
	struct sb_arena arena;
	struct stmboot_undo *at;
	size_t count;
	size_t capacity;
};

static enum stmboot_status add_undo(struct stmboot_undos *undos, const struct sb_log_head *head)
{
	struct stmboot_undo *undo = sb_arena_push(&undos->arena, &undos->at, &undos->count,
						  &undos->capacity, sizeof(*undo));

	if (undo == NULL)
		return STMBOOT_NO_MEMORY;
	undo->time = head->time;
	undo->bytes = head->payload_bytes;
	undo->summary = sb_arena_strdup(&undos->arena, head->summary);
	return undo->summary != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

/* A record whose edit never happened, or was taken back already, is none. */
static bool is_used_up(struct sb_log *log, struct stmboot_source *src)
{
	unsigned match = 0;
	uint64_t stranger;

	return sb_log_compare(log, src, NULL, &match, &stranger) == STMBOOT_OK &&
	       (match & SB_LOG_ALL_NEW) != 0;
}

static enum stmboot_status add_all(struct stmboot_undos *undos, const struct sb_target *target,
				   struct stmboot_source *src)
{
	struct records records = { .arena = &undos->arena };
	uint8_t id[SB_MEDIUM_ID_BYTES];
	enum stmboot_status status = sb_medium_id(src, id);

	if (status == STMBOOT_OK)
		status = list_records(target, &records);
	for (size_t i = 0; i < records.count && status == STMBOOT_OK; i++) {
		char path[SB_PATH_BYTES];
		struct opened record;

		if (!is_of(&records.at[i], make_key(&target->place, id)) ||
		    !make_path(&target->place, records.at[i].name, path))
			continue;
		status = open_record(undos->ctx, target, id, path, &record);
		if (status == STMBOOT_OK && (undos->count != 0 || !is_used_up(record.log, src)))
			status = add_undo(undos, sb_log_head(record.log));
		close_record(&record);
		status = is_no_record(status) ? STMBOOT_OK : status;
	}
	return status;
}

enum stmboot_status sb_undos_list(struct stmboot_context *ctx, const struct sb_host *host,
				  const char *path, const struct stmboot_edit_options *options,
				  struct stmboot_undos **out)
{
	const char *folder = options != NULL ? options->state_directory : NULL;
	struct stmboot_undos *undos = sb_alloc(ctx, sizeof(*undos));
	struct sb_target target = { 0 };
	struct sb_medium medium = { 0 };
	enum stmboot_status status;

	if (undos == NULL)
		return STMBOOT_NO_MEMORY;
	undos->ctx = ctx;
	sb_arena_init(&undos->arena, ctx);
	status = sb_target_open(ctx, host, path, false, folder, NULL, &target);
	medium.source = target.source;
	if (status == STMBOOT_OK)
		status = sb_medium_see_through(ctx, host, &target.place, &medium);
	if (status == STMBOOT_OK && folder != NULL)
		status = add_all(undos, &target, medium.source);
	sb_medium_release(&medium);
	sb_target_close(&target);
	if (status != STMBOOT_OK)
		stmboot_undos_free(undos);
	else
		*out = undos;
	return status;
}

enum stmboot_status stmboot_undos_list(struct stmboot_context *ctx, const char *path,
				       const struct stmboot_edit_options *options,
				       struct stmboot_undos **out)
{
	return sb_undos_list(ctx, &sb_host_posix, path, options, out);
}

void stmboot_undos_free(struct stmboot_undos *undos)
{
	if (undos == NULL)
		return;
	sb_arena_release(&undos->arena);
	sb_free(undos->ctx, undos);
}

size_t stmboot_undos_count(const struct stmboot_undos *undos)
{
	return undos->count;
}

const struct stmboot_undo *stmboot_undos_get(const struct stmboot_undos *undos, size_t index)
{
	return index < undos->count ? &undos->at[index] : NULL;
}
