/* SPDX-License-Identifier: MIT */
/* The entry array of a GPT. UEFI 2.10, section 5.3.3. */
#include "format/gpt_internal.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/crc32.h"
#include "base/cursor.h"
#include "base/guid.h"

enum {
	ENTRY_TYPE = 0,
	ENTRY_NAME = 56,
	CHUNK_BYTES = 4096, /* entries of 128 x 2^n bytes never lie across 128-byte cells */
};

static const char esp_type[] = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";

bool sb_partition_append(struct sb_arena *arena, struct sb_partition_list *list,
			 struct stmboot_partition *partition)
{
	struct stmboot_partition **slot =
		sb_arena_push(arena, &list->items, &list->count, &list->capacity, sizeof(*slot));

	if (slot == NULL)
		return false;
	*slot = partition;
	return true;
}

void sb_partition_place(const struct stmboot_gpt *gpt, struct stmboot_partition *p)
{
	uint64_t count = p->last_lba - p->first_lba;

	if (p->first_lba > p->last_lba) {
		p->defects |= STMBOOT_PARTITION_ORDER;
	} else {
		if (!sb_add_u64(count, 1, &count) || !sb_mul_u64(count, gpt->sector_size, &p->size))
			p->size = UINT64_MAX;
	}
	if (!sb_mul_u64(p->first_lba, gpt->sector_size, &p->offset))
		p->offset = UINT64_MAX;
	if (p->first_lba >= gpt->sectors || p->last_lba >= gpt->sectors)
		p->defects |= STMBOOT_PARTITION_BEYOND;
}

/* An extended partition holds the logical ones and nothing else. */
static bool holds_data(const struct stmboot_partition *p)
{
	return (p->defects & STMBOOT_PARTITION_ORDER) == 0 && !sb_mbr_is_extended(p->mbr_type);
}

static bool partitions_overlap(const struct stmboot_partition *a, const struct stmboot_partition *b)
{
	return holds_data(a) && holds_data(b) && a->first_lba <= b->last_lba &&
	       b->first_lba <= a->last_lba;
}

static void note_overlap(struct stmboot_partition *p, uint32_t other)
{
	p->defects |= STMBOOT_PARTITION_OVERLAPS;
	if (p->overlaps == 0)
		p->overlaps = other;
}

/* Quadratic, but max_gpt_entries bounds the list. */
void sb_partition_mark_overlaps(const struct sb_partition_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t j = i + 1; j < list->count; j++)
			if (partitions_overlap(list->items[i], list->items[j])) {
				note_overlap(list->items[i], list->items[j]->number);
				note_overlap(list->items[j], list->items[i]->number);
			}
}

/* Append a code point of the basic or a higher plane as UTF-8. */
static size_t put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static const char *name_utf8(struct sb_arena *arena, const uint16_t units[SB_GPT_NAME_UNITS])
{
	char text[SB_GPT_NAME_UNITS * 3];
	size_t length = 0;

	for (int i = 0; i < SB_GPT_NAME_UNITS && units[i] != 0; i++) {
		uint32_t c = units[i];
		uint32_t next = i + 1 < SB_GPT_NAME_UNITS ? units[i + 1] : 0;

		if ((c & 0xfc00) == 0xd800 && (next & 0xfc00) == 0xdc00) {
			c = 0x10000 + ((c & 0x3ff) << 10 | (next & 0x3ff));
			i++;
		} else if ((c & 0xf800) == 0xd800) {
			c = 0xfffd;
		}
		length += put_utf8(text + length, c);
	}
	return sb_arena_strndup(arena, text, length);
}

/* U-Boot print_efiname(): its isprint() counts the upper half of Latin-1 as printable. */
static const char *name_uboot(struct sb_arena *arena, const uint16_t units[SB_GPT_NAME_UNITS])
{
	char text[SB_GPT_NAME_UNITS];
	size_t length = 0;

	while (length < SB_GPT_NAME_UNITS && (units[length] & 0xff) != 0) {
		uint8_t c = (uint8_t)(units[length] & 0xff);
		bool printable = (c >= 0x20 && c < 0x7f) || c >= 0xa0;

		text[length++] = printable ? (char)c : '.';
	}
	return sb_arena_strndup(arena, text, length);
}

/* Linux utf16_le_to_7bit() */
static const char *name_linux(struct sb_arena *arena, const uint16_t units[SB_GPT_NAME_UNITS])
{
	char text[SB_GPT_NAME_UNITS];
	size_t length = 0;

	while (length < SB_GPT_NAME_UNITS && (units[length] & 0x7f) != 0) {
		uint8_t c = (uint8_t)(units[length] & 0x7f);

		text[length++] = c >= 0x20 && c < 0x7f ? (char)c : '!';
	}
	return sb_arena_strndup(arena, text, length);
}

static void decode_names(struct sb_arena *arena, const uint8_t *at, struct stmboot_partition *p)
{
	uint16_t units[SB_GPT_NAME_UNITS];

	p->name_is_latin1 = true;
	for (int i = 0; i < SB_GPT_NAME_UNITS; i++) {
		units[i] = sb_get_le16(at + 2 * i);
		if (units[i] > 0xff)
			p->name_is_latin1 = false;
	}
	p->name = name_utf8(arena, units);
	p->name_uboot = name_uboot(arena, units);
	p->name_linux = name_linux(arena, units);
}

static bool entry_is_empty(const uint8_t cell[SB_GPT_ENTRY_BYTES])
{
	return sb_guid_is_zero(cell + ENTRY_TYPE) && sb_get_le64(cell + 32) == 0 &&
	       sb_get_le64(cell + 40) == 0;
}

bool sb_gpt_decode_cell(struct sb_arena *arena, const uint8_t cell[SB_GPT_ENTRY_BYTES],
			uint32_t index, struct stmboot_partition *p)
{
	struct sb_cursor c = sb_cursor(cell, SB_GPT_ENTRY_BYTES);
	uint8_t type[SB_GUID_BYTES], guid[SB_GUID_BYTES];

	sb_bytes(&c, type, sizeof(type));
	sb_bytes(&c, guid, sizeof(guid));
	sb_guid_format(type, p->type_guid);
	sb_guid_format(guid, p->guid);
	p->first_lba = sb_le64(&c);
	p->last_lba = sb_le64(&c);
	p->attributes = sb_le64(&c);
	p->index = index;
	p->number = index + 1;
	p->used = !sb_guid_is_zero(type);
	/* U-Boot is_bootable() in disk/part_efi.c */
	p->bootable = (p->attributes >> STMBOOT_GPT_ATTR_BOOTABLE & 1) != 0 ||
		      strcmp(p->type_guid, esp_type) == 0;
	decode_names(arena, cell + ENTRY_NAME, p);
	return p->name != NULL && p->name_uboot != NULL && p->name_linux != NULL;
}

static struct stmboot_partition *decode_entry(const struct sb_gpt_reader *r,
					      const struct stmboot_gpt_copy *copy, uint32_t index,
					      const uint8_t cell[SB_GPT_ENTRY_BYTES])
{
	struct stmboot_partition *p = sb_arena_alloc(r->arena, sizeof(*p));

	if (p == NULL || !sb_gpt_decode_cell(r->arena, cell, index, p))
		return NULL;
	p->entry_offset = copy->entries_offset + (uint64_t)index * copy->entry_size;
	p->entry_length = copy->entry_size;
	sb_partition_place(r->gpt, p);
	if (p->first_lba < copy->first_usable_lba || p->last_lba > copy->last_usable_lba)
		p->defects |= STMBOOT_PARTITION_UNUSABLE;
	return p;
}

/* The lists of a copy while they are made. */
struct lists {
	struct sb_partition_list entries;
	struct sb_partition_list used;
	struct sb_partition_list seen_by_linux;
	struct sb_partition_list seen_by_uboot;
};

static enum stmboot_status add_entry(const struct sb_gpt_reader *r, struct stmboot_gpt_copy *copy,
				     struct lists *lists, uint32_t index,
				     const uint8_t cell[SB_GPT_ENTRY_BYTES])
{
	struct stmboot_partition *p;
	bool ok;

	if (entry_is_empty(cell))
		return STMBOOT_OK;
	if (index >= sb_limits(r->arena->ctx)->max_gpt_entries) {
		copy->entries_cut = true;
		return STMBOOT_OK;
	}
	p = decode_entry(r, copy, index, cell);
	ok = p != NULL && sb_partition_append(r->arena, &lists->entries, p);
	if (ok && p->used)
		ok = sb_partition_append(r->arena, &lists->used, p);
	if (ok && p->used && index < SB_GPT_LINUX_ENTRIES &&
	    (p->defects & STMBOOT_PARTITION_BEYOND) == 0)
		ok = sb_partition_append(r->arena, &lists->seen_by_linux, p);
	return ok ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

/* One of the steps in which U-Boot counts, of an array with larger entries. */
static enum stmboot_status add_uboot_entry(const struct sb_gpt_reader *r,
					   const struct stmboot_gpt_copy *copy, struct lists *lists,
					   uint32_t index, const uint8_t cell[SB_GPT_ENTRY_BYTES])
{
	struct stmboot_partition *p;

	if (sb_guid_is_zero(cell + ENTRY_TYPE) || index >= copy->entry_count ||
	    index >= sb_limits(r->arena->ctx)->max_gpt_entries)
		return STMBOOT_OK;
	p = decode_entry(r, copy, index, cell);
	if (p == NULL || !sb_partition_append(r->arena, &lists->seen_by_uboot, p))
		return STMBOOT_NO_MEMORY;
	p->entry_offset = copy->entries_offset + (uint64_t)index * SB_GPT_ENTRY_BYTES;
	p->entry_length = SB_GPT_ENTRY_BYTES;
	return STMBOOT_OK;
}

static bool entry_size_is_legal(uint32_t size)
{
	return size >= SB_GPT_ENTRY_BYTES && (size & (size - 1)) == 0;
}

static enum stmboot_status add_cells(const struct sb_gpt_reader *r, struct stmboot_gpt_copy *copy,
				     struct lists *lists, uint64_t at, const uint8_t *chunk,
				     size_t size)
{
	bool legal = entry_size_is_legal(copy->entry_size);
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < size && status == STMBOOT_OK; i += SB_GPT_ENTRY_BYTES) {
		uint32_t step = (uint32_t)((at + i) / SB_GPT_ENTRY_BYTES);

		if (legal && (at + i) % copy->entry_size == 0)
			status = add_entry(r, copy, lists, (uint32_t)((at + i) / copy->entry_size),
					   chunk + i);
		if (status == STMBOOT_OK && copy->entry_size > SB_GPT_ENTRY_BYTES)
			status = add_uboot_entry(r, copy, lists, step, chunk + i);
	}
	return status;
}

/* One pass over the array for the checksum and the entries. */
static enum stmboot_status read_array(const struct sb_gpt_reader *r, struct stmboot_gpt_copy *copy,
				      struct lists *lists)
{
	uint8_t chunk[CHUNK_BYTES];
	uint32_t crc = 0;
	bool unreadable = false;
	enum stmboot_status status = STMBOOT_OK;

	for (uint64_t at = 0; at < copy->entries_length && status == STMBOOT_OK;
	     at += CHUNK_BYTES) {
		size_t size = (size_t)sb_min_u64(CHUNK_BYTES, copy->entries_length - at);

		status = sb_gpt_read(r, copy->entries_offset + at, chunk, size, &unreadable);
		if (status == STMBOOT_OK)
			crc = sb_crc32(crc, chunk, size);
		if (status == STMBOOT_OK)
			status = add_cells(r, copy, lists, at, chunk, size);
	}
	copy->entries_crc_computed = (uint32_t)crc;
	if (unreadable)
		copy->defects |= STMBOOT_GPT_UNREADABLE;
	else if (copy->entries_crc_computed != copy->entries_crc)
		copy->defects |= STMBOOT_GPT_ENTRIES_CRC;
	return status;
}

/* Where the array lies; false when nothing there can be read. */
static bool place_array(const struct sb_gpt_reader *r, struct stmboot_gpt_copy *copy)
{
	copy->entries_length = (uint64_t)copy->entry_count * copy->entry_size;
	if (!sb_mul_u64(copy->entries_lba, r->gpt->sector_size, &copy->entries_offset)) {
		copy->entries_offset = UINT64_MAX;
		copy->defects |= STMBOOT_GPT_ENTRIES_RANGE;
	} else if (!sb_range_within(copy->entries_offset, copy->entries_length,
				    r->gpt->sectors * r->gpt->sector_size)) {
		copy->defects |= STMBOOT_GPT_ENTRIES_RANGE;
	}
	if (copy->entry_size != SB_GPT_ENTRY_BYTES)
		copy->defects |= STMBOOT_GPT_ENTRY_SIZE;
	if (copy->entry_count == 0 || copy->entries_length > SB_GPT_ARRAY_MAX)
		copy->defects |= STMBOOT_GPT_ENTRY_COUNT;
	return (copy->defects & (STMBOOT_GPT_ENTRIES_RANGE | STMBOOT_GPT_ENTRY_COUNT)) == 0;
}

enum stmboot_status sb_gpt_read_entries(const struct sb_gpt_reader *r,
					struct stmboot_gpt_copy *copy)
{
	struct lists lists = { 0 };
	enum stmboot_status status = STMBOOT_OK;

	if (place_array(r, copy))
		status = read_array(r, copy, &lists);
	sb_partition_mark_overlaps(&lists.used);
	copy->entries = sb_partition_items(&lists.entries);
	copy->entry_items = lists.entries.count;
	copy->partitions = sb_partition_items(&lists.used);
	copy->partition_count = lists.used.count;
	copy->linux_partitions = sb_partition_items(&lists.seen_by_linux);
	copy->linux_partition_count = lists.seen_by_linux.count;
	if (copy->entry_size == SB_GPT_ENTRY_BYTES)
		lists.seen_by_uboot = lists.used;
	copy->uboot_partitions = sb_partition_items(&lists.seen_by_uboot);
	copy->uboot_partition_count = lists.seen_by_uboot.count;
	if (status == STMBOOT_OK && r->arena->failed)
		status = STMBOOT_NO_MEMORY;
	return status;
}
