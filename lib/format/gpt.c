/* SPDX-License-Identifier: MIT */
/* The copies of a GPT and how they belong together. UEFI 2.10, chapter 5. */
#include "format/gpt_internal.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/crc32.h"
#include "base/cursor.h"
#include "base/guid.h"
#include "source/source.h"

enum {
	HEADER_CRC = 16, /* offset of its own checksum in a header */
	BIG_SECTOR = 4096,
	SIGNATURE_BYTES = 8,
};

static const char signature[] = "EFI PART";

enum stmboot_status sb_gpt_read(const struct sb_gpt_reader *r, uint64_t offset, void *buffer,
				size_t size, bool *unreadable)
{
	size_t got;
	enum stmboot_status status = sb_source_peek(r->src, offset, buffer, size, &got);

	if (status == STMBOOT_OK || status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED)
		return status;
	memset(buffer, 0, size);
	*unreadable = true;
	return STMBOOT_OK;
}

/* CRC-32 over the first `length` bytes of a header, its own field taken as zero. */
/* U-Boot takes any length, also one that ends before or in the checksum. */
static uint32_t header_crc(const uint8_t *header, size_t length)
{
	uint8_t copy[BIG_SECTOR];

	memcpy(copy, header, length);
	if (length > HEADER_CRC)
		memset(copy + HEADER_CRC, 0, sb_min_u64(length - HEADER_CRC, sizeof(uint32_t)));
	return sb_crc32(0, copy, (size_t)length);
}

static void decode_fields(struct stmboot_gpt_copy *copy, const uint8_t *header)
{
	struct sb_cursor c = sb_cursor(header, SB_GPT_HEADER_BYTES);
	uint8_t guid[SB_GUID_BYTES];

	sb_skip(&c, SIGNATURE_BYTES);
	copy->revision = sb_le32(&c);
	copy->header_size = sb_le32(&c);
	copy->header_crc = sb_le32(&c);
	sb_skip(&c, 4); /* reserved */
	copy->my_lba = sb_le64(&c);
	copy->alternate_lba = sb_le64(&c);
	copy->first_usable_lba = sb_le64(&c);
	copy->last_usable_lba = sb_le64(&c);
	sb_bytes(&c, guid, sizeof(guid));
	sb_guid_format(guid, copy->disk_guid);
	copy->entries_lba = sb_le64(&c);
	copy->entry_count = sb_le32(&c);
	copy->entry_size = sb_le32(&c);
	copy->entries_crc = sb_le32(&c);
}

static void note_header_defects(const struct stmboot_gpt *gpt, struct stmboot_gpt_copy *copy)
{
	if (copy->header_size < SB_GPT_HEADER_BYTES || copy->header_size > gpt->sector_size)
		copy->defects |= STMBOOT_GPT_HEADER_SIZE;
	else if (copy->header_crc_computed != copy->header_crc)
		copy->defects |= STMBOOT_GPT_HEADER_CRC;
	if (copy->my_lba != copy->lba)
		copy->defects |= STMBOOT_GPT_MY_LBA;
	if (copy->first_usable_lba > copy->last_usable_lba)
		copy->defects |= STMBOOT_GPT_USABLE_ORDER;
	if (copy->first_usable_lba >= gpt->sectors || copy->last_usable_lba >= gpt->sectors)
		copy->defects |= STMBOOT_GPT_USABLE_END;
}

static enum stmboot_status decode_copy(const struct sb_gpt_reader *r, uint64_t lba,
				       struct stmboot_gpt_copy *copy)
{
	const struct stmboot_gpt *gpt = r->gpt;
	uint8_t header[BIG_SECTOR];
	bool unreadable = false;
	enum stmboot_status status;

	copy->lba = lba;
	copy->offset = lba * gpt->sector_size; /* lba < sectors, or 1 */
	status = sb_gpt_read(r, copy->offset, header, gpt->sector_size, &unreadable);
	if (status != STMBOOT_OK)
		return status;
	if (unreadable) {
		copy->state = STMBOOT_GPT_BAD;
		copy->defects = STMBOOT_GPT_UNREADABLE;
		return STMBOOT_OK;
	}
	if (lba >= gpt->sectors || memcmp(header, signature, SIGNATURE_BYTES) != 0)
		return STMBOOT_OK;
	decode_fields(copy, header);
	if (copy->header_size <= gpt->sector_size)
		copy->header_crc_computed = header_crc(header, copy->header_size);
	copy->header_crc_92_computed = header_crc(header, SB_GPT_HEADER_BYTES);
	note_header_defects(gpt, copy);
	status = sb_gpt_read_entries(r, copy);
	copy->state = copy->defects == 0 ? STMBOOT_GPT_OK : STMBOOT_GPT_BAD;
	return status;
}

/* 4096 only when "EFI PART" stands there and not at byte 512. */
static enum stmboot_status find_sector_size(const struct sb_gpt_reader *r)
{
	static const uint32_t sizes[] = { SB_SECTOR, BIG_SECTOR };
	enum stmboot_status status = STMBOOT_OK;

	r->gpt->sector_size = SB_SECTOR;
	for (size_t i = 0; i < 2 && status == STMBOOT_OK; i++) {
		uint8_t start[SIGNATURE_BYTES];
		bool unreadable = false;

		status = sb_gpt_read(r, sizes[i], start, sizeof(start), &unreadable);
		if (status == STMBOOT_OK &&
		    (unreadable || memcmp(start, signature, SIGNATURE_BYTES) == 0)) {
			r->gpt->sector_size = sizes[i];
			break;
		}
	}
	r->gpt->sectors = r->gpt->medium_size / r->gpt->sector_size;
	return status;
}

static enum stmboot_status decode_copies(const struct sb_gpt_reader *r)
{
	struct stmboot_gpt *gpt = r->gpt;
	enum stmboot_status status = decode_copy(r, 1, &gpt->primary);
	uint64_t last = gpt->sectors != 0 ? gpt->sectors - 1 : 0;
	uint64_t alternate = gpt->primary.alternate_lba;

	if (status == STMBOOT_OK && last > 1)
		status = decode_copy(r, last, &gpt->backup);
	/* without a backup genimage lets the primary call itself alternate */
	if (status == STMBOOT_OK && alternate > 1 && alternate < last)
		status = decode_copy(r, alternate, &gpt->alternate);
	return status;
}

static bool same_disk(const struct stmboot_gpt_copy *a, const struct stmboot_gpt_copy *b)
{
	return strcmp(a->disk_guid, b->disk_guid) == 0;
}

const struct stmboot_gpt_copy *stmboot_gpt_backup(const struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_copy *last = &gpt->backup;
	const struct stmboot_gpt_copy *elsewhere = &gpt->alternate;

	if (elsewhere->state == STMBOOT_GPT_OK &&
	    (last->state != STMBOOT_GPT_OK || !same_disk(last, &gpt->primary)))
		return elsewhere;
	if (last->state == STMBOOT_GPT_MISSING && elsewhere->state == STMBOOT_GPT_BAD)
		return elsewhere;
	return last;
}

static bool same_content(const struct stmboot_gpt_copy *a, const struct stmboot_gpt_copy *b)
{
	return same_disk(a, b) && a->first_usable_lba == b->first_usable_lba &&
	       a->last_usable_lba == b->last_usable_lba && a->entry_count == b->entry_count &&
	       a->entry_size == b->entry_size && a->entries_crc == b->entries_crc;
}

static void compare_copies(struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_copy *primary = &gpt->primary;
	const struct stmboot_gpt_copy *backup = stmboot_gpt_backup(gpt);

	gpt->backup_state = backup->state;
	if (backup == &gpt->alternate && backup->state == STMBOOT_GPT_OK)
		gpt->backup_state = STMBOOT_GPT_MISPLACED;
	if (primary->state != STMBOOT_GPT_OK)
		return;
	gpt->stale_backup =
		gpt->backup.state == STMBOOT_GPT_OK && !same_disk(primary, &gpt->backup);
	gpt->copies_differ = backup->state == STMBOOT_GPT_OK && !same_content(primary, backup);
}

static bool has_protective_type(const struct stmboot_mbr *mbr)
{
	for (int i = 0; i < 4; i++)
		if (mbr->records[i].type == SB_MBR_TYPE_PROTECTIVE)
			return true;
	return false;
}

/* A used record that does not start where a protective one would. */
static bool has_own_partition(const struct stmboot_mbr *mbr)
{
	for (size_t i = 0; i < mbr->partition_count; i++)
		if (mbr->partitions[i]->first_lba > 1)
			return true;
	return false;
}

static bool any_copy(const struct stmboot_gpt *gpt)
{
	return gpt->primary.state != STMBOOT_GPT_MISSING ||
	       gpt->backup.state != STMBOOT_GPT_MISSING ||
	       gpt->alternate.state != STMBOOT_GPT_MISSING;
}

/*
 * A GPT behind a plain MBR is one that somebody's fdisk left there: no reader
 * looks at it. An MBR whose only fault is its record's type or start is the
 * protective MBR of the GPT behind it, damaged.
 */
static enum stmboot_table_type find_type(const struct stmboot_gpt *gpt)
{
	const struct stmboot_mbr *mbr = &gpt->mbr;
	bool protective = mbr->has_signature && has_protective_type(mbr);

	if (!protective && has_own_partition(mbr))
		return STMBOOT_TABLE_MBR;
	if (protective || any_copy(gpt))
		return STMBOOT_TABLE_GPT;
	return mbr->partition_count != 0 ? STMBOOT_TABLE_MBR : STMBOOT_TABLE_NONE;
}

static bool has_other_records(const struct stmboot_mbr *mbr)
{
	for (int i = 0; i < 4; i++)
		if (i != mbr->protective && mbr->records[i].type != 0)
			return true;
	return false;
}

static enum stmboot_pmbr_state find_pmbr_state(const struct stmboot_gpt *gpt)
{
	const struct stmboot_mbr *mbr = &gpt->mbr;

	if (gpt->type != STMBOOT_TABLE_GPT)
		return STMBOOT_PMBR_MISSING;
	if (!mbr->has_signature)
		return STMBOOT_PMBR_MISSING;
	if (mbr->protective < 0)
		return STMBOOT_PMBR_BAD;
	return has_other_records(mbr) ? STMBOOT_PMBR_HYBRID : STMBOOT_PMBR_OK;
}

static const struct stmboot_gpt_copy *find_described(const struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_copy *copies[] = { &gpt->primary, &gpt->backup, &gpt->alternate };

	for (int wanted = STMBOOT_GPT_OK; wanted > STMBOOT_GPT_MISSING; wanted--)
		for (size_t i = 0; i < 3; i++)
			if ((int)copies[i]->state == wanted)
				return copies[i];
	return NULL;
}

static void choose_described(struct stmboot_gpt *gpt)
{
	if (gpt->type == STMBOOT_TABLE_MBR) {
		gpt->partitions = gpt->mbr.partitions;
		gpt->partition_count = gpt->mbr.partition_count;
	} else if (gpt->type == STMBOOT_TABLE_GPT) {
		gpt->described = find_described(gpt);
	}
	if (gpt->described != NULL) {
		gpt->partitions = gpt->described->partitions;
		gpt->partition_count = gpt->described->partition_count;
	}
}

enum stmboot_status stmboot_gpt_decode(struct stmboot_context *ctx, struct stmboot_source *src,
				       struct stmboot_gpt **out)
{
	struct sb_gpt_reader reader = { .src = src };
	enum stmboot_status status;

	reader.gpt = sb_object_new(ctx, sizeof(*reader.gpt));
	if (reader.gpt == NULL)
		return STMBOOT_NO_MEMORY;
	reader.arena = sb_object_arena(reader.gpt);
	reader.gpt->medium_size = stmboot_source_size(src);
	status = find_sector_size(&reader);
	if (status == STMBOOT_OK)
		status = decode_copies(&reader);
	if (status == STMBOOT_OK)
		status = sb_mbr_decode(&reader);
	if (status != STMBOOT_OK) {
		stmboot_gpt_free(reader.gpt);
		return status;
	}
	compare_copies(reader.gpt);
	reader.gpt->type = find_type(reader.gpt);
	reader.gpt->protective_mbr = find_pmbr_state(reader.gpt);
	choose_described(reader.gpt);
	*out = reader.gpt;
	return STMBOOT_OK;
}

void stmboot_gpt_free(struct stmboot_gpt *gpt)
{
	sb_object_free(gpt);
}

const struct stmboot_partition *stmboot_gpt_find_number(const struct stmboot_gpt *gpt,
							uint32_t number)
{
	for (size_t i = 0; i < gpt->partition_count; i++)
		if (gpt->partitions[i]->number == number)
			return gpt->partitions[i];
	return NULL;
}

const char *stmboot_table_type_text(enum stmboot_table_type type)
{
	static const char *const texts[] = { "none", "gpt", "mbr" };

	return (size_t)type < sizeof(texts) / sizeof(texts[0]) ? texts[type] : "?";
}

const char *stmboot_pmbr_state_text(enum stmboot_pmbr_state state)
{
	static const char *const texts[] = { "missing", "bad", "hybrid", "ok" };

	return (size_t)state < sizeof(texts) / sizeof(texts[0]) ? texts[state] : "?";
}

const char *stmboot_gpt_state_text(enum stmboot_gpt_state state)
{
	static const char *const texts[] = { "missing", "bad", "misplaced", "ok" };

	return (size_t)state < sizeof(texts) / sizeof(texts[0]) ? texts[state] : "?";
}
