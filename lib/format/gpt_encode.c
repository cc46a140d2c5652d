/* SPDX-License-Identifier: MIT */
/* Writing a GPT again. UEFI 2.10, chapter 5. */
#include "format/gpt_encode.h"

#include <string.h>

#include <stmboot/text.h>

#include "base/checked.h"
#include "base/crc32.h"
#include "base/cursor.h"
#include "format/gpt_internal.h"

/* Offsets of header fields, UEFI 2.10 table 5-5. */
enum {
	AT_HEADER_SIZE = 12,
	AT_HEADER_CRC = 16,
	AT_MY_LBA = 24,
	AT_ALTERNATE_LBA = 32,
	AT_LAST_USABLE = 48,
	AT_DISK_GUID = 56,
	AT_ENTRIES_LBA = 72,
	AT_ENTRIES_CRC = 88,
};

/* Offsets in an entry, UEFI 2.10 table 5-6. */
enum {
	AT_TYPE = 0,
	AT_GUID = 16,
	AT_ATTRIBUTES = 48,
	AT_NAME = 56,
};

/* The MBR, UEFI 2.10 table 5-3. */
enum {
	AT_RECORDS = 446,
	RECORD_BYTES = 16,
	RECORDS = 4,
	AT_RECORD_TYPE = 4,
	AT_RECORD_LAST_CHS = 5,
	AT_RECORD_FIRST_LBA = 8,
	AT_RECORD_SECTORS = 12,
	AT_SIGNATURE = 510,
	HEADS = 255,
	SECTORS_A_TRACK = 63,
	MOST_CYLINDERS = 1023,
};

static size_t array_bytes(const struct sb_gpt_table *table)
{
	return (size_t)table->entry_count * SB_GPT_ENTRY_BYTES;
}

static uint8_t *entry_at(struct sb_gpt_table *table, uint32_t index)
{
	return table->entries + (size_t)index * SB_GPT_ENTRY_BYTES;
}

enum stmboot_status sb_gpt_table_load(struct sb_arena *arena, struct stmboot_source *src,
				      const struct stmboot_gpt *gpt,
				      const struct stmboot_gpt_copy *from, struct sb_gpt_table *out)
{
	enum stmboot_status status;

	*out = (struct sb_gpt_table){ .arena = arena,
				      .sector_size = gpt->sector_size,
				      .sectors = gpt->sectors,
				      .entry_count = from->entry_count };
	out->entries = sb_arena_alloc(arena, array_bytes(out)); /* at most 4 MiB in a good copy */
	if (out->entries == NULL)
		return STMBOOT_NO_MEMORY;
	status = stmboot_source_read(src, 0, out->mbr, sizeof(out->mbr));
	if (status == STMBOOT_OK)
		status = stmboot_source_read(src, from->entries_offset, out->entries,
					     array_bytes(out));
	if (status == STMBOOT_OK &&
	    sb_crc32(0, out->entries, (size_t)array_bytes(out)) != from->entries_crc)
		status = STMBOOT_CONFLICT;
	return status;
}

enum stmboot_status sb_gpt_table_keep(struct sb_gpt_table *table, struct stmboot_source *src,
				      enum sb_gpt_which which, const struct stmboot_gpt_copy *copy)
{
	struct sb_gpt_place *place = &table->copies[which];

	place->header = sb_arena_alloc(table->arena, table->sector_size);
	if (place->header == NULL)
		return STMBOOT_NO_MEMORY;
	place->there = true;
	place->lba = copy->lba;
	place->entries_lba = copy->entries_lba;
	return stmboot_source_read(src, copy->offset, place->header, table->sector_size);
}

enum stmboot_status sb_gpt_table_copy(struct sb_gpt_table *table, enum sb_gpt_which which,
				      uint64_t lba, uint64_t entries_lba)
{
	const struct sb_gpt_place *other = &table->copies[SB_GPT_BACKUP - which];
	struct sb_gpt_place *place = &table->copies[which];

	place->header = sb_arena_alloc(table->arena, table->sector_size);
	if (place->header == NULL)
		return STMBOOT_NO_MEMORY;
	memcpy(place->header, other->header, table->sector_size);
	place->there = true;
	place->lba = lba;
	place->entries_lba = entries_lba;
	sb_put_le(place->header + AT_MY_LBA, lba, 8);
	sb_put_le(place->header + AT_ENTRIES_LBA, entries_lba, 8);
	return STMBOOT_OK;
}

/* In all headers that are there. */
static void put_field(struct sb_gpt_table *table, size_t at, const uint8_t *bytes, size_t size)
{
	for (int i = 0; i < SB_GPT_COPIES; i++)
		if (table->copies[i].there)
			memcpy(table->copies[i].header + at, bytes, size);
}

void sb_gpt_table_link(struct sb_gpt_table *table)
{
	for (int i = 0; i < SB_GPT_COPIES; i++)
		sb_put_le(table->copies[i].header + AT_ALTERNATE_LBA,
			  table->copies[SB_GPT_BACKUP - i].lba, 8);
}

void sb_gpt_table_set_last_usable(struct sb_gpt_table *table, uint64_t lba)
{
	uint8_t bytes[8];

	sb_put_le(bytes, lba, sizeof(bytes));
	put_field(table, AT_LAST_USABLE, bytes, sizeof(bytes));
}

void sb_gpt_table_set_disk_guid(struct sb_gpt_table *table, const uint8_t guid[SB_GUID_BYTES])
{
	put_field(table, AT_DISK_GUID, guid, SB_GUID_BYTES);
}

void sb_gpt_table_disk_guid(const struct sb_gpt_table *table, char out[STMBOOT_GUID_TEXT])
{
	sb_guid_format(table->copies[SB_GPT_PRIMARY].header + AT_DISK_GUID, out);
}

bool sb_gpt_table_list(const struct sb_gpt_table *table,
		       const struct stmboot_partition *const **out, size_t *count)
{
	struct sb_partition_list list = { 0 };

	for (uint32_t i = 0; i < table->entry_count; i++) {
		const uint8_t *cell = table->entries + (size_t)i * SB_GPT_ENTRY_BYTES;
		struct stmboot_partition *p;

		if (sb_guid_is_zero(cell + AT_TYPE))
			continue;
		p = sb_arena_alloc(table->arena, sizeof(*p));
		if (p == NULL || !sb_gpt_decode_cell(table->arena, cell, i, p) ||
		    !sb_partition_append(table->arena, &list, p))
			return false;
	}
	*out = sb_partition_items(&list);
	*count = list.count;
	return true;
}

void sb_gpt_table_set_type(struct sb_gpt_table *table, uint32_t index,
			   const uint8_t guid[SB_GUID_BYTES])
{
	memcpy(entry_at(table, index) + AT_TYPE, guid, SB_GUID_BYTES);
}

void sb_gpt_table_set_guid(struct sb_gpt_table *table, uint32_t index,
			   const uint8_t guid[SB_GUID_BYTES])
{
	memcpy(entry_at(table, index) + AT_GUID, guid, SB_GUID_BYTES);
}

void sb_gpt_table_set_attribute(struct sb_gpt_table *table, uint32_t index, unsigned bit, bool on)
{
	uint8_t *at = entry_at(table, index) + AT_ATTRIBUTES + bit / 8;
	uint8_t mask = (uint8_t)(1 << bit % 8);

	*at = (uint8_t)(on ? *at | mask : *at & ~mask);
}

/* As one or two UTF-16 units; how many. */
static size_t utf16_units(uint32_t c, uint16_t units[2])
{
	if (c < 0x10000) {
		units[0] = (uint16_t)c;
		return 1;
	}
	c -= 0x10000;
	units[0] = (uint16_t)(0xd800 | c >> 10);
	units[1] = (uint16_t)(0xdc00 | (c & 0x3ff));
	return 2;
}

bool sb_gpt_table_set_name(struct sb_gpt_table *table, uint32_t index, const char *name)
{
	uint8_t bytes[SB_GPT_NAME_UNITS * 2] = { 0 };
	size_t size = strlen(name), at = 0;

	while (size > 0) {
		uint16_t units[2];
		uint32_t c;
		size_t length = stmboot_utf8_decode(name, size, &c);
		size_t count = length != 0 ? utf16_units(c, units) : 0;

		if (length == 0 || at + count > SB_GPT_NAME_UNITS)
			return false;
		for (size_t i = 0; i < count; i++)
			sb_put_le(bytes + 2 * at++, units[i], 2);
		name += length;
		size -= length;
	}
	memcpy(entry_at(table, index) + AT_NAME, bytes, sizeof(bytes));
	return true;
}

static uint8_t *record_at(struct sb_gpt_table *table, int index)
{
	return table->mbr + AT_RECORDS + (size_t)index * RECORD_BYTES;
}

static uint32_t protected_sectors(const struct sb_gpt_table *table)
{
	return (uint32_t)sb_min_u64(table->sectors - 1, UINT32_MAX);
}

/* The first protective record, or -1. Without the signature only one in its place is believed. */
static int find_protective(const struct stmboot_mbr *mbr)
{
	for (int i = 0; i < RECORDS; i++)
		if (mbr->records[i].type == SB_MBR_TYPE_PROTECTIVE &&
		    (mbr->has_signature || mbr->records[i].first_lba == 1))
			return i;
	return -1;
}

/* The last sector as cylinder, head and sector of a disk with 255 heads; FF FF FF past its end. */
static void put_last_chs(uint8_t out[3], uint32_t lba)
{
	uint32_t cylinder = lba / SECTORS_A_TRACK / HEADS, head = lba / SECTORS_A_TRACK % HEADS;

	memset(out, 0xff, 3);
	if (cylinder > MOST_CYLINDERS)
		return;
	out[0] = (uint8_t)head;
	out[1] = (uint8_t)((lba % SECTORS_A_TRACK + 1) | (cylinder >> 2 & 0xc0));
	out[2] = (uint8_t)cylinder;
}

static void resize_record(uint8_t *record, uint32_t sectors)
{
	put_last_chs(record + AT_RECORD_LAST_CHS, sectors);
	sb_put_le(record + AT_RECORD_SECTORS, sectors, 4);
}

static void write_protective(struct sb_gpt_table *table)
{
	static const uint8_t begin[] = { 0x00, 0x00, 0x02, 0x00, 0xee };
	uint8_t *record = record_at(table, 0);

	memset(record, 0, (size_t)RECORDS * RECORD_BYTES);
	memcpy(record, begin, sizeof(begin));
	sb_put_le(record + AT_RECORD_FIRST_LBA, 1, 4);
	resize_record(record, protected_sectors(table));
}

static bool stands_alone(const struct stmboot_mbr *mbr, int index)
{
	for (int i = 0; i < RECORDS; i++)
		if (i != index && mbr->records[i].type != 0)
			return false;
	return true;
}

void sb_gpt_table_protect(struct sb_gpt_table *table, const struct stmboot_gpt *gpt)
{
	int index = find_protective(&gpt->mbr);
	uint8_t before[SB_SECTOR_BYTES];

	if (gpt->protective_mbr == STMBOOT_PMBR_HYBRID)
		return;
	memcpy(before, table->mbr, sizeof(before));
	if (index >= 0 && !stands_alone(&gpt->mbr, index)) /* hybrid, but for its damage */
		sb_put_le(record_at(table, index) + AT_RECORD_FIRST_LBA, 1, 4);
	else if (index != 0 || gpt->mbr.records[0].first_lba != 1)
		write_protective(table);
	else if (gpt->mbr.records[0].sectors != protected_sectors(table))
		resize_record(record_at(table, 0), protected_sectors(table));
	memcpy(table->mbr + AT_SIGNATURE, "\x55\xaa", 2);
	table->mbr_changed = memcmp(before, table->mbr, sizeof(before)) != 0;
}

static void seal(struct sb_gpt_table *table, struct sb_gpt_place *place)
{
	uint32_t size = sb_get_le32(place->header + AT_HEADER_SIZE); /* at most a sector */

	sb_put_le(place->header + AT_ENTRIES_CRC,
		  sb_crc32(0, table->entries, (size_t)array_bytes(table)), 4);
	memset(place->header + AT_HEADER_CRC, 0, 4);
	sb_put_le(place->header + AT_HEADER_CRC, sb_crc32(0, place->header, (size_t)size), 4);
}

static size_t add_copy(struct sb_gpt_table *table, enum sb_gpt_which which, enum sb_order order,
		       struct sb_gpt_piece *out)
{
	struct sb_gpt_place *place = &table->copies[which];

	if (!place->there)
		return 0;
	seal(table, place);
	out[0] = (struct sb_gpt_piece){ place->entries_lba * table->sector_size, table->entries,
					array_bytes(table), order };
	out[1] = (struct sb_gpt_piece){ place->lba * table->sector_size, place->header,
					table->sector_size, order };
	return 2;
}

/* The MBR, the primary header and its entries stand in a row, and are one write. */
size_t sb_gpt_table_encode(struct sb_gpt_table *table, struct sb_gpt_piece out[SB_GPT_MAX_PIECES])
{
	size_t count = add_copy(table, SB_GPT_BACKUP, SB_ORDER_BACKUP_TABLE, out);

	count += add_copy(table, SB_GPT_PRIMARY, SB_ORDER_TABLE, out + count);
	if (table->mbr_changed)
		out[count++] =
			(struct sb_gpt_piece){ 0, table->mbr, sizeof(table->mbr), SB_ORDER_TABLE };
	return count;
}
