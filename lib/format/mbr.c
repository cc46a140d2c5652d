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
	TYPE_EFI_SYSTEM = 0xef,
	FIRST_LOGICAL = 5,
	LOGICAL_MAX = 124, /* numbers 5..128: what U-Boot tries (MAX_SEARCH_PARTITIONS) */
	UBOOT_LAST = 256,  /* U-Boot looks into no link once it has counted further */
	UBOOT_LINKS = 256, /* with no partition in any of them it would go on until it crashes */
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

static bool has_valid_status(const struct stmboot_mbr_record *record)
{
	return (record->status & ~STATUS_ACTIVE) == 0;
}

/*
 * A boot sector of a FAT file system ends in 55 AA, too, but has code where
 * the records would be. Linux and U-Boot ask the same (block/partitions/msdos.c,
 * disk/part_dos.c); that it calls itself FAT does not matter.
 */
static bool is_table(const struct stmboot_mbr *mbr)
{
	for (int i = 0; i < 4; i++)
		if (!has_valid_status(&mbr->records[i]))
			return false;
	return mbr->has_signature;
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
	p->bootable = record->status == STATUS_ACTIVE || record->type == TYPE_EFI_SYSTEM;
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

/*
 * The records of one sector as U-Boot numbers them: four in the MBR, used or
 * not, and in a link whatever is used and leads no further.
 */
static enum stmboot_status add_uboot_records(struct table *t, const uint8_t sector[SB_SECTOR],
					     uint64_t at, uint32_t *number)
{
	enum stmboot_status status = STMBOOT_OK;

	for (unsigned int i = 0; i < 4 && status == STMBOOT_OK; i++) {
		struct stmboot_mbr_record record = decode_record(sector, i);
		bool counts = record.type != 0 && (at == 0 || !sb_mbr_is_extended(record.type));

		if (counts && has_valid_status(&record))
			status = add(t, &record, at + record.first_lba, *number,
				     at * SB_SECTOR + MBR_RECORDS + MBR_RECORD_BYTES * i);
		*number += at == 0 || counts;
	}
	return status;
}

/* Where the first record that leads further does lead; false without one. */
static bool find_link(const uint8_t sector[SB_SECTOR], uint32_t *first_lba)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct stmboot_mbr_record record = decode_record(sector, i);

		*first_lba = record.first_lba;
		if (sb_mbr_is_extended(record.type))
			return true;
	}
	return false;
}

/* U-Boot part_get_info_extended() in disk/part_dos.c, for all numbers in one go. */
static enum stmboot_status add_uboot_view(struct table *t)
{
	struct stmboot_gpt *gpt = t->reader->gpt;
	uint64_t base = 0, at = 0;
	uint32_t number = 1, first_lba;

	for (uint32_t links = 0; links <= UBOOT_LINKS && number <= UBOOT_LAST; links++) {
		uint8_t sector[SB_SECTOR];
		bool unreadable = false;
		enum stmboot_status status =
			sb_gpt_read(t->reader, at * SB_SECTOR, sector, sizeof(sector), &unreadable);

		if (status != STMBOOT_OK)
			return status;
		if (at >= gpt->sectors || !has_signature(sector))
			return STMBOOT_OK;
		status = add_uboot_records(t, sector, at, &number);
		if (status != STMBOOT_OK || !find_link(sector, &first_lba))
			return status;
		base = at == 0 ? first_lba : base;
		at = at == 0 ? base : base + first_lba;
	}
	gpt->mbr.looped = true;
	return STMBOOT_OK;
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
	struct table table = { .reader = r }, uboot = { .reader = r };
	uint8_t sector[SB_SECTOR];
	enum stmboot_status status = sb_gpt_read(r, 0, sector, sizeof(sector), &mbr->unreadable);

	if (status != STMBOOT_OK)
		return status;
	mbr->has_signature = has_signature(sector);
	mbr->disk_signature = sb_get_le32(sector + MBR_DISK_SIGNATURE);
	for (unsigned int i = 0; i < 4; i++)
		mbr->records[i] = decode_record(sector, i);
	find_protective(mbr);
	if (mbr->protective < 0 && is_table(mbr)) {
		status = add_all(&table);
		if (status == STMBOOT_OK)
			status = add_uboot_view(&uboot);
	}
	sb_partition_mark_overlaps(&table.list);
	mbr->partitions = sb_partition_items(&table.list);
	mbr->partition_count = table.list.count;
	sb_partition_mark_overlaps(&uboot.list);
	mbr->uboot_partitions = sb_partition_items(&uboot.list);
	mbr->uboot_partition_count = uboot.list.count;
	return status;
}
