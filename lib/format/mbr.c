/* SPDX-License-Identifier: MIT */
/*
 * The MBR: the record that protects a GPT, or a table of its own with
 * primary and logical partitions. UEFI 2.10, section 5.2.
 */
#include "format/gpt_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/cursor.h"

enum {
	MBR_DISK_SIGNATURE = 440,
	MBR_RECORDS = 446,
	MBR_RECORD_BYTES = 16,
	MBR_SIGNATURE = 510,
	STATUS_ACTIVE = 0x80,
	FIRST_LOGICAL = 5,
	LOGICAL_MAX = 124, /* numbers 5..128: what U-Boot tries (MAX_SEARCH_PARTITIONS) */
};

/* The table while it is read. */
struct table {
	const struct sb_gpt_reader *reader;
	struct sb_partition_list list;
	uint32_t logical; /* how many so far */
};

static bool has_signature(const uint8_t sector[SB_SECTOR])
{
	return sector[MBR_SIGNATURE] == 0x55 && sector[MBR_SIGNATURE + 1] == 0xaa;
}

static struct stmboot_mbr_record decode_record(const uint8_t sector[SB_SECTOR], unsigned int index)
{
	const uint8_t *at = sector + MBR_RECORDS + MBR_RECORD_BYTES * index;

	return (struct stmboot_mbr_record){ .status = at[0],
					    .type = at[4],
					    .first_lba = sb_get_le32(at + 8),
					    .sectors = sb_get_le32(at + 12) };
}

/*
 * A boot sector of a FAT file system ends in 55 AA, too, and has code where
 * the records would be. Linux and U-Boot ask the same two questions
 * (block/partitions/msdos.c, disk/part_dos.c).
 */
static bool is_table(const uint8_t sector[SB_SECTOR], const struct stmboot_mbr *mbr)
{
	if (!mbr->has_signature || memcmp(sector + 54, "FAT", 3) == 0 ||
	    memcmp(sector + 82, "FAT32", 5) == 0)
		return false;
	for (int i = 0; i < 4; i++)
		if ((mbr->records[i].status & ~STATUS_ACTIVE) != 0)
			return false;
	return true;
}

static bool is_used(const struct stmboot_mbr_record *record)
{
	return record->type != 0 && record->sectors != 0;
}

static enum stmboot_status add(struct table *t, const struct stmboot_mbr_record *record,
			       uint64_t first_lba, uint32_t number, uint64_t entry_offset)
{
	const struct sb_gpt_reader *r = t->reader;
	struct stmboot_partition *p = sb_arena_alloc(r->arena, sizeof(*p));

	if (p == NULL || !sb_partition_append(r->arena, &t->list, p))
		return STMBOOT_NO_MEMORY;
	p->number = number;
	p->index = (uint32_t)t->list.count - 1;
	p->used = true;
	p->bootable = record->status == STATUS_ACTIVE;
	p->mbr_type = record->type;
	p->first_lba = first_lba;
	p->last_lba = first_lba + record->sectors - 1;
	p->name = p->name_uboot = p->name_linux = "";
	p->name_is_latin1 = true;
	p->entry_offset = entry_offset;
	p->entry_length = MBR_RECORD_BYTES;
	/* Linux gives this text as PARTUUID */
	(void)snprintf(p->guid, sizeof(p->guid), "%08x-%02x", r->gpt->mbr.disk_signature, number);
	sb_partition_place(r->gpt, p);
	return STMBOOT_OK;
}

/*
 * Follow a chain of extended boot records. Each holds one logical partition,
 * counted from itself, and a link, counted from the start of the extended one.
 */
static enum stmboot_status add_logical(struct table *t, uint64_t base)
{
	struct stmboot_gpt *gpt = t->reader->gpt;
	uint64_t at = base;

	for (uint32_t links = 0;; links++) {
		uint8_t sector[SB_SECTOR];
		struct stmboot_mbr_record data, link;
		bool unreadable = false;
		enum stmboot_status status;

		if (links == LOGICAL_MAX || t->logical == LOGICAL_MAX) {
			gpt->mbr.looped = true;
			return STMBOOT_OK;
		}
		status =
			sb_gpt_read(t->reader, at * SB_SECTOR, sector, sizeof(sector), &unreadable);
		if (status != STMBOOT_OK)
			return status;
		if (at >= gpt->sectors || !has_signature(sector)) {
			gpt->mbr.broken = true;
			return STMBOOT_OK;
		}
		data = decode_record(sector, 0);
		link = decode_record(sector, 1);
		if (is_used(&data))
			status = add(t, &data, at + data.first_lba, FIRST_LOGICAL + t->logical++,
				     at * SB_SECTOR + MBR_RECORDS);
		if (status != STMBOOT_OK || !sb_mbr_is_extended(link.type) || link.first_lba == 0)
			return status;
		at = base + link.first_lba;
	}
}

static enum stmboot_status add_all(struct table *t)
{
	const struct stmboot_mbr *mbr = &t->reader->gpt->mbr;
	enum stmboot_status status = STMBOOT_OK;

	for (uint32_t i = 0; i < 4 && status == STMBOOT_OK; i++)
		if (is_used(&mbr->records[i]))
			status = add(t, &mbr->records[i], mbr->records[i].first_lba, i + 1,
				     MBR_RECORDS + MBR_RECORD_BYTES * i);
	for (int i = 0; i < 4 && status == STMBOOT_OK; i++)
		if (is_used(&mbr->records[i]) && sb_mbr_is_extended(mbr->records[i].type))
			status = add_logical(t, mbr->records[i].first_lba);
	return status;
}

static void find_protective(struct stmboot_mbr *mbr)
{
	mbr->protective = -1;
	for (int i = 3; i >= 0; i--)
		if (mbr->has_signature && mbr->records[i].type == SB_MBR_TYPE_PROTECTIVE &&
		    mbr->records[i].first_lba == 1)
			mbr->protective = i;
}

enum stmboot_status sb_mbr_decode(const struct sb_gpt_reader *r)
{
	struct stmboot_mbr *mbr = &r->gpt->mbr;
	struct table table = { .reader = r };
	uint8_t sector[SB_SECTOR];
	enum stmboot_status status = sb_gpt_read(r, 0, sector, sizeof(sector), &mbr->unreadable);

	if (status != STMBOOT_OK)
		return status;
	mbr->has_signature = has_signature(sector);
	mbr->disk_signature = sb_get_le32(sector + MBR_DISK_SIGNATURE);
	for (unsigned int i = 0; i < 4; i++)
		mbr->records[i] = decode_record(sector, i);
	find_protective(mbr);
	if (mbr->protective < 0 && is_table(sector, mbr))
		status = add_all(&table);
	sb_partition_mark_overlaps(&table.list);
	mbr->partitions = sb_partition_items(&table.list);
	mbr->partition_count = table.list.count;
	return status;
}
