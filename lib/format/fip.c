/* SPDX-License-Identifier: MIT */
/*
 * The table of contents of a firmware package, TF-A
 * include/tools_share/firmware_image_package.h, and what TF-A makes of it
 * (drivers/io/io_fip.c, plat/st).
 */
#include <stmboot/fip.h>

#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "format/fip_internal.h"
#include "format/formats.h"
#include "source/source.h"

enum {
	MAX_ENTRIES = 128, /* the tools know about 50 images */
};

/* In text order, unlike a GPT's GUID. */
static void format_uuid(const uint8_t uuid[SB_FIP_UUID_BYTES], char out[37])
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < SB_FIP_UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		out[at++] = digits[uuid[i] >> 4];
		out[at++] = digits[uuid[i] & 15];
	}
	out[at] = '\0';
}

static void name_entry(struct stmboot_fip_entry *e)
{
	const struct sb_fip_known *known = sb_fip_known(e->uuid_text);

	if (known == NULL)
		return;
	e->name = known->name;
	e->title = known->title;
}

static bool is_terminator(const struct stmboot_fip_entry *e)
{
	static const uint8_t zero[SB_FIP_UUID_BYTES];

	return memcmp(e->uuid, zero, sizeof(zero)) == 0;
}

static struct stmboot_fip_entry decode_entry(const uint8_t bytes[SB_FIP_ENTRY_BYTES],
					     uint64_t offset, uint64_t source_bytes)
{
	struct stmboot_fip_entry e = { .toc_offset = offset };
	struct sb_cursor c = sb_cursor(bytes, SB_FIP_ENTRY_BYTES);

	sb_bytes(&c, e.uuid, sizeof(e.uuid));
	e.offset = sb_le64(&c);
	e.size = sb_le64(&c);
	e.flags = sb_le64(&c);
	e.fits = sb_range_within(e.offset, e.size, source_bytes);
	format_uuid(e.uuid, e.uuid_text);
	name_entry(&e);
	return e;
}

/* Entries up to the terminator, the end of the source or the ceiling. */
static enum stmboot_status decode_entries(struct sb_arena *arena, struct stmboot_source *src,
					  struct stmboot_fip *fip)
{
	struct stmboot_fip_entry *entries = NULL;
	size_t capacity = 0;

	while (fip->entry_count < MAX_ENTRIES) {
		uint8_t bytes[SB_FIP_ENTRY_BYTES];
		struct stmboot_fip_entry e, *kept;
		size_t got;
		enum stmboot_status status =
			sb_source_peek(src, fip->toc_bytes, bytes, sizeof(bytes), &got);

		if (status != STMBOOT_OK || got < sizeof(bytes))
			return status;
		e = decode_entry(bytes, fip->toc_bytes, fip->source_bytes);
		fip->toc_bytes += SB_FIP_ENTRY_BYTES;
		if (is_terminator(&e)) {
			fip->terminated = true;
			fip->total_bytes = e.offset;
			fip->end_size = e.size;
			fip->end_flags = e.flags;
			return STMBOOT_OK;
		}
		kept = sb_arena_push(arena, &entries, &fip->entry_count, &capacity, sizeof(*kept));
		if (kept == NULL)
			return STMBOOT_NO_MEMORY;
		*kept = e;
		fip->entries = entries;
	}
	return STMBOOT_OK;
}

static enum stmboot_status read_tos_magic(struct stmboot_source *src, struct stmboot_fip *fip)
{
	const struct stmboot_fip_entry *tos = stmboot_fip_find(fip, "tos-fw");
	uint8_t word[4];
	enum stmboot_status status;

	if (tos == NULL || !tos->fits || tos->size < sizeof(word))
		return STMBOOT_OK;
	status = stmboot_source_read(src, tos->offset, word, sizeof(word));
	if (status == STMBOOT_OK)
		fip->tos_magic = sb_get_le32(word);
	return status;
}

enum stmboot_status sb_fip_decode(struct sb_arena *arena, struct stmboot_source *src,
				  struct stmboot_fip *out)
{
	struct stmboot_fip fip = { .source_bytes = stmboot_source_size(src),
				   .toc_bytes = SB_FIP_HEADER_BYTES };
	uint8_t header[SB_FIP_HEADER_BYTES];
	struct sb_cursor c = sb_cursor(header, sizeof(header));
	size_t got;
	enum stmboot_status status = sb_source_peek(src, 0, header, sizeof(header), &got);

	if (status != STMBOOT_OK)
		return status;
	if (got < 4 || sb_le32(&c) != SB_FIP_MAGIC)
		return STMBOOT_NOT_RECOGNISED;
	if (got < sizeof(header))
		return STMBOOT_TRUNCATED;
	fip.serial_number = sb_le32(&c);
	fip.flags = sb_le64(&c);
	status = decode_entries(arena, src, &fip);
	if (status == STMBOOT_OK)
		status = read_tos_magic(src, &fip);
	if (status == STMBOOT_OK)
		*out = fip;
	return status;
}

enum stmboot_status stmboot_fip_decode(struct stmboot_context *ctx, struct stmboot_source *src,
				       struct stmboot_fip **out)
{
	struct stmboot_fip *fip = sb_object_new(ctx, sizeof(*fip));
	enum stmboot_status status;

	if (fip == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_fip_decode(sb_object_arena(fip), src, fip);
	if (status == STMBOOT_OK)
		*out = fip;
	else
		sb_object_free(fip);
	return status;
}

void stmboot_fip_free(struct stmboot_fip *fip)
{
	sb_object_free(fip);
}

const struct stmboot_fip_entry *stmboot_fip_find(const struct stmboot_fip *fip, const char *name)
{
	for (size_t i = 0; i < fip->entry_count; i++)
		if (strcmp(sb_fip_label(&fip->entries[i]), name) == 0 ||
		    strcasecmp(fip->entries[i].uuid_text, name) == 0)
			return &fip->entries[i];
	return NULL;
}

/* By itself, and beside those before it. */
static bool is_entry_sound(const struct stmboot_fip *fip, size_t index)
{
	const struct stmboot_fip_entry *e = &fip->entries[index];

	if (!e->fits || e->size == 0 || e->offset < fip->toc_bytes ||
	    e->offset + e->size > fip->total_bytes)
		return false;
	for (size_t i = 0; i < index; i++)
		if (memcmp(e->uuid, fip->entries[i].uuid, SB_FIP_UUID_BYTES) == 0 ||
		    sb_ranges_overlap(e->offset, e->size, fip->entries[i].offset,
				      fip->entries[i].size))
			return false;
	return true;
}

bool sb_fip_is_sound(const struct stmboot_fip *fip)
{
	if (!fip->terminated || fip->total_bytes > fip->source_bytes ||
	    fip->total_bytes < fip->toc_bytes)
		return false;
	for (size_t i = 0; i < fip->entry_count; i++)
		if (!is_entry_sound(fip, i))
			return false;
	return true;
}

const char *stmboot_fip_hash_text(enum stmboot_fip_hash hash)
{
	static const char *const texts[] = { NULL, "agrees", "differs" };

	return (size_t)hash < sizeof(texts) / sizeof(texts[0]) ? texts[hash] : NULL;
}
