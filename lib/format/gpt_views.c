/* SPDX-License-Identifier: MIT */
/* What each program that reads a card takes of its tables. */
#include "format/gpt_internal.h"

#include <string.h>

enum {
	TFA_SECTORS = STMBOOT_GPT_FIRST_SECTORS,
	TFA_V2_6 = 206,
	TFA_V2_7 = 207,
	TFA_V2_8 = 208,
	TFA_V2_10 = 210,
	TFA_V2_11 = 211,
	TFA_NEWEST = UINT16_MAX,
};

static struct stmboot_gpt_view sees_nothing(enum stmboot_gpt_reason reason)
{
	return (struct stmboot_gpt_view){ .reason = reason };
}

static struct stmboot_gpt_view sees_copy(const struct stmboot_gpt_copy *copy)
{
	return (struct stmboot_gpt_view){ .copy = copy,
					  .reason = STMBOOT_GPT_SEES_ALL,
					  .partitions = copy->partitions,
					  .count = copy->partition_count };
}

/* A list of the MBR's partitions, as one reader has it. */
static struct stmboot_gpt_view sees_mbr(const struct stmboot_gpt *gpt,
					const struct stmboot_partition *const *partitions,
					size_t count)
{
	if (count == 0)
		return sees_nothing(gpt->type == STMBOOT_TABLE_GPT ? STMBOOT_GPT_NO_PROTECTIVE
								   : STMBOOT_GPT_NO_TABLE);
	return (struct stmboot_gpt_view){ .reason = STMBOOT_GPT_USES_MBR,
					  .partitions = partitions,
					  .count = count };
}

/*
 * U-Boot compares the usable range with the number of blocks, not with the
 * last one, and does not ask whether it is in order. It has no limits for the
 * size of the header or of an entry: it takes the checksums over what the
 * fields say, and counts entries in steps of 128 bytes.
 */
static bool uboot_takes(const struct stmboot_gpt *gpt, const struct stmboot_gpt_copy *copy)
{
	uint32_t tolerated = STMBOOT_GPT_USABLE_ORDER;

	if (copy->first_usable_lba <= gpt->sectors && copy->last_usable_lba <= gpt->sectors)
		tolerated |= STMBOOT_GPT_USABLE_END;
	/* past its sector the header would go on with what happens to be in memory */
	if (copy->header_size <= gpt->sector_size && copy->header_crc == copy->header_crc_computed)
		tolerated |= STMBOOT_GPT_HEADER_SIZE;
	if (copy->entry_size > SB_GPT_ENTRY_BYTES)
		tolerated |= STMBOOT_GPT_ENTRY_SIZE;
	return copy->state != STMBOOT_GPT_MISSING && (copy->defects & ~tolerated) == 0;
}

static struct stmboot_gpt_view uboot_sees_copy(const struct stmboot_gpt_copy *copy)
{
	struct stmboot_gpt_view view = sees_copy(copy);

	view.partitions = copy->uboot_partitions;
	view.count = copy->uboot_partition_count;
	return view;
}

struct stmboot_gpt_view stmboot_gpt_uboot_view(const struct stmboot_gpt *gpt)
{
	if (gpt->mbr.protective < 0)
		return sees_mbr(gpt, gpt->mbr.uboot_partitions, gpt->mbr.uboot_partition_count);
	if (gpt->sector_size != SB_SECTOR)
		return sees_nothing(STMBOOT_GPT_SECTOR_SIZE);
	if (uboot_takes(gpt, &gpt->primary))
		return uboot_sees_copy(&gpt->primary);
	if (uboot_takes(gpt, &gpt->backup))
		return uboot_sees_copy(&gpt->backup);
	return sees_nothing(STMBOOT_GPT_BOTH_UNUSABLE);
}

static struct stmboot_gpt_view linux_sees_copy(const struct stmboot_gpt_copy *copy)
{
	struct stmboot_gpt_view view = sees_copy(copy);

	view.partitions = copy->linux_partitions;
	view.count = copy->linux_partition_count;
	if (view.count != copy->partition_count || copy->entries_cut)
		view.reason = STMBOOT_GPT_SKIPS_SOME;
	return view;
}

/* A record of type 0xEE anywhere keeps Linux's MBR parser from the table, too. */
static struct stmboot_gpt_view linux_sees_mbr(const struct stmboot_gpt *gpt)
{
	for (int i = 0; i < 4; i++)
		if (gpt->mbr.records[i].type == SB_MBR_TYPE_PROTECTIVE)
			return sees_nothing(STMBOOT_GPT_NO_PROTECTIVE);
	return sees_mbr(gpt, gpt->mbr.partitions, gpt->mbr.partition_count);
}

struct stmboot_gpt_view stmboot_gpt_linux_view(const struct stmboot_gpt *gpt, bool gpt_parameter)
{
	bool fits = gpt->sector_size == SB_SECTOR;

	if (gpt->mbr.protective < 0 && !gpt_parameter)
		return linux_sees_mbr(gpt);
	if (fits && gpt->primary.state == STMBOOT_GPT_OK)
		return linux_sees_copy(&gpt->primary);
	if (fits && gpt_parameter && gpt->backup.state == STMBOOT_GPT_OK)
		return linux_sees_copy(&gpt->backup);
	if (gpt->mbr.protective < 0)
		return linux_sees_mbr(gpt);
	if (!fits)
		return sees_nothing(STMBOOT_GPT_SECTOR_SIZE);
	return sees_nothing(gpt_parameter ? STMBOOT_GPT_BOTH_UNUSABLE
					  : STMBOOT_GPT_PRIMARY_UNUSABLE);
}

uint32_t stmboot_gpt_tfa_entries(const struct stmboot_gpt_tfa *tfa)
{
	uint32_t version = tfa->version != 0 ? tfa->version : TFA_NEWEST;

	if (tfa->max_entries != 0)
		return tfa->max_entries;
	if (tfa->stm32mp2)
		return 8; /* 2 fsbl, 2 fsbl-m, 2 metadata, 2 fip */
	if (version >= TFA_V2_8)
		return 6;
	if (tfa->fip && tfa->fwu && version >= TFA_V2_7)
		return 8;
	if (tfa->optee)
		return 6;
	return tfa->fip && version >= TFA_V2_6 ? 4 : 3;
}

/* Only the first record is looked at, and since v2.10 more than its type. */
static enum stmboot_gpt_reason tfa_mbr_reason(const struct stmboot_gpt *gpt, uint32_t version)
{
	const struct stmboot_mbr_record *record = &gpt->mbr.records[0];

	if (!gpt->mbr.has_signature || record->type != SB_MBR_TYPE_PROTECTIVE)
		return STMBOOT_GPT_NO_PROTECTIVE;
	if (version < TFA_V2_10)
		return STMBOOT_GPT_SEES_ALL;
	if (record->first_lba != 1)
		return STMBOOT_GPT_NO_PROTECTIVE;
	if (record->sectors == 0 || record->sectors == UINT32_MAX)
		return STMBOOT_GPT_PROTECTIVE_SIZE;
	return STMBOOT_GPT_SEES_ALL;
}

static bool tfa_takes_header(const struct stmboot_gpt_copy *primary, uint32_t version)
{
	uint32_t fatal = STMBOOT_GPT_UNREADABLE | STMBOOT_GPT_ENTRY_SIZE | STMBOOT_GPT_ENTRY_COUNT |
			 STMBOOT_GPT_ENTRIES_RANGE;

	if (version >= TFA_V2_11)
		fatal |= STMBOOT_GPT_ENTRIES_CRC;
	if (version >= TFA_V2_7 && primary->header_crc != primary->header_crc_92_computed)
		return false;
	return primary->state != STMBOOT_GPT_MISSING && (primary->defects & fatal) == 0;
}

/* How many entries lie where that version reads them. */
static uint32_t tfa_reachable(const struct stmboot_gpt_copy *primary, uint32_t version)
{
	const uint32_t per_sector = SB_SECTOR / SB_GPT_ENTRY_BYTES;
	uint64_t lba = primary->entries_lba;

	if (version < TFA_V2_10 && lba != SB_GPT_USUAL_ENTRIES_LBA)
		return 0;
	return lba < TFA_SECTORS ? (uint32_t)(TFA_SECTORS - lba) * per_sector : 0;
}

static bool has_used_entry_from(const struct stmboot_gpt_copy *copy, size_t item)
{
	for (; item < copy->entry_items; item++)
		if (copy->entries[item]->used)
			return true;
	return copy->entries_cut;
}

/* Walk the entries as TF-A does; `room` is how many it keeps or reaches. */
static struct stmboot_gpt_view tfa_walk(const struct stmboot_gpt_copy *copy, uint32_t room,
					enum stmboot_gpt_reason at_end)
{
	enum stmboot_gpt_reason reason = at_end;
	uint32_t index = 0;
	bool more;

	for (; index < room && index < copy->entry_count; index++) {
		const struct stmboot_partition *entry =
			index < copy->entry_items ? copy->entries[index] : NULL;

		if (entry == NULL || entry->index != index ||
		    (entry->first_lba == 0 && entry->last_lba == 0)) {
			reason = STMBOOT_GPT_STOPS_AT_HOLE;
			break;
		}
		if (!entry->name_is_latin1) {
			reason = STMBOOT_GPT_STOPS_AT_NAME;
			break;
		}
	}
	more = has_used_entry_from(copy, index);
	return (struct stmboot_gpt_view){ .copy = copy,
					  .reason = more ? reason : STMBOOT_GPT_SEES_ALL,
					  .partitions = copy->entries,
					  .count = index,
					  .stopped_index = more ? index : 0 };
}

struct stmboot_gpt_view stmboot_gpt_tfa_view(const struct stmboot_gpt *gpt,
					     const struct stmboot_gpt_tfa *tfa)
{
	const struct stmboot_gpt_copy *primary = &gpt->primary;
	uint32_t version = tfa->version != 0 ? tfa->version : TFA_NEWEST;
	uint32_t keeps = stmboot_gpt_tfa_entries(tfa);
	uint32_t reachable = tfa_reachable(primary, version);
	enum stmboot_gpt_reason reason = tfa_mbr_reason(gpt, version);

	if (gpt->type == STMBOOT_TABLE_NONE)
		return sees_nothing(STMBOOT_GPT_NO_TABLE);
	if (reason != STMBOOT_GPT_SEES_ALL)
		return sees_nothing(reason);
	if (gpt->sector_size != SB_SECTOR)
		return sees_nothing(STMBOOT_GPT_SECTOR_SIZE);
	if (!tfa_takes_header(primary, version))
		return sees_nothing(STMBOOT_GPT_PRIMARY_UNUSABLE);
	/* the checksum runs over the whole array, so all of it must be within reach */
	if (reachable == 0 || (version >= TFA_V2_11 && primary->entry_count > reachable))
		return sees_nothing(STMBOOT_GPT_ARRAY_UNREACHABLE);
	if (reachable < keeps)
		return tfa_walk(primary, reachable, STMBOOT_GPT_ARRAY_UNREACHABLE);
	return tfa_walk(primary, keeps, STMBOOT_GPT_STOPS_AT_LIMIT);
}

/*
 * What the ROM checks is not documented, so a primary with a defect is not to
 * be relied on. That an image was cut short is nothing the table can be blamed
 * for: the ROM would have to know the size of the card.
 */
struct stmboot_gpt_view stmboot_gpt_rom_view(const struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_copy *primary = &gpt->primary;
	uint32_t tolerated = sb_gpt_is_cut(gpt) ? STMBOOT_GPT_USABLE_END : 0;

	if (gpt->sector_size != SB_SECTOR)
		return sees_nothing(STMBOOT_GPT_SECTOR_SIZE);
	if (primary->state == STMBOOT_GPT_MISSING && gpt->type != STMBOOT_TABLE_GPT)
		return sees_nothing(STMBOOT_GPT_NO_TABLE);
	if (primary->state == STMBOOT_GPT_MISSING || (primary->defects & ~tolerated) != 0)
		return sees_nothing(STMBOOT_GPT_PRIMARY_UNUSABLE);
	return sees_copy(primary);
}

size_t stmboot_gpt_fsbl(const struct stmboot_gpt_view *view, const struct stmboot_partition **out,
			size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < view->count; i++) {
		if (strncmp(view->partitions[i]->name, "fsbl", 4) != 0)
			continue;
		if (count < room)
			out[count] = view->partitions[i];
		count++;
	}
	return count;
}

size_t stmboot_gpt_bootable(const struct stmboot_gpt_view *view, uint32_t last_number,
			    const struct stmboot_partition **out, size_t room)
{
	size_t count = 0;

	/* table order is ascending, because the number is the place in the table */
	for (size_t i = 0; i < view->count; i++) {
		if (!view->partitions[i]->bootable || view->partitions[i]->number > last_number)
			continue;
		if (count < room)
			out[count] = view->partitions[i];
		count++;
	}
	return count;
}

const char *stmboot_gpt_reason_text(enum stmboot_gpt_reason reason)
{
	static const char *const texts[] = {
		[STMBOOT_GPT_SEES_ALL] = "it sees all partitions",
		[STMBOOT_GPT_NO_TABLE] = "there is no partition table",
		[STMBOOT_GPT_NO_PROTECTIVE] = "the MBR does not announce a GPT",
		[STMBOOT_GPT_PROTECTIVE_SIZE] = "the protective record gives no size",
		[STMBOOT_GPT_SECTOR_SIZE] = "the table is made for 4096-byte sectors",
		[STMBOOT_GPT_PRIMARY_UNUSABLE] = "the primary GPT fails its checks",
		[STMBOOT_GPT_BOTH_UNUSABLE] = "both copies of the GPT fail its checks",
		[STMBOOT_GPT_ARRAY_UNREACHABLE] = "the entry array is out of its reach",
		[STMBOOT_GPT_STOPS_AT_HOLE] = "it stops at an unused entry",
		[STMBOOT_GPT_STOPS_AT_NAME] = "it stops at a name that is not Latin-1",
		[STMBOOT_GPT_STOPS_AT_LIMIT] = "it keeps no more entries",
		[STMBOOT_GPT_SKIPS_SOME] = "it skips entries that it cannot use",
		[STMBOOT_GPT_USES_MBR] = "it takes the partitions of the MBR",
		[STMBOOT_GPT_READS_NONE] = "it reads a boot area of the eMMC instead",
	};

	return (size_t)reason < sizeof(texts) / sizeof(texts[0]) ? texts[reason] : "?";
}

const char *stmboot_gpt_view_text(const struct stmboot_gpt *gpt,
				  const struct stmboot_gpt_view *view)
{
	if (view->copy == &gpt->primary)
		return "primary";
	if (view->copy != NULL)
		return "backup";
	return view->reason == STMBOOT_GPT_USES_MBR ? "mbr" : NULL;
}
