/* SPDX-License-Identifier: MIT */
/*
 * Making both copies of a GPT whole from a good one. UEFI 2.10, section 5.3.2;
 * the backup belongs into the last sectors of the medium.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "edit/edit.h"
#include "edit/table_edit.h"
#include "format/gpt_internal.h"
#include "image/image.h"

/* Where everything is to stand. */
struct layout {
	const struct stmboot_gpt_copy *good;
	uint64_t array; /* sectors that the entries take */
	uint64_t primary_entries;
	uint64_t backup_lba;
	uint64_t backup_entries;
	uint64_t last_usable;
};

static const char inspect_hint[] = "'stmboot inspect' says what is wrong with them";
static const char from_hint[] = "every reader takes the primary: --from=primary keeps that one, "
				"--from=backup the other";

/* That the medium was larger once is no damage of the table itself. */
static bool is_sound(const struct stmboot_gpt_copy *copy)
{
	return copy->state == STMBOOT_GPT_OK ||
	       (copy->state == STMBOOT_GPT_BAD && copy->defects == STMBOOT_GPT_USABLE_END);
}

/* Are the entries that a header leads to those of the good copy? */
static bool has_entries_of(const struct stmboot_gpt_copy *copy, const struct stmboot_gpt_copy *good)
{
	uint32_t unknown = STMBOOT_GPT_UNREADABLE | STMBOOT_GPT_ENTRIES_RANGE |
			   STMBOOT_GPT_ENTRY_COUNT | STMBOOT_GPT_ENTRY_SIZE;

	return copy->state != STMBOOT_GPT_MISSING && (copy->defects & unknown) == 0 &&
	       copy->entry_count == good->entry_count &&
	       copy->entries_crc_computed == good->entries_crc;
}

static bool has_disk_of(const struct stmboot_gpt_copy *copy, const struct stmboot_gpt_copy *good)
{
	return strcmp(copy->disk_guid, good->disk_guid) == 0;
}

/* Where a damaged primary tells that it was another disk's, its backup is not to be believed. */
static bool may_be_stale(const struct stmboot_gpt *gpt, const struct stmboot_gpt_copy *backup)
{
	const struct stmboot_gpt_copy *primary = &gpt->primary;

	return primary->state == STMBOOT_GPT_BAD &&
	       (primary->defects & STMBOOT_GPT_UNREADABLE) == 0 && !has_disk_of(primary, backup) &&
	       !has_entries_of(primary, backup);
}

static enum stmboot_status choose_one(const struct stmboot_gpt *gpt, enum stmboot_table_copy from,
				      struct stmboot_refusal *why,
				      const struct stmboot_gpt_copy **out)
{
	bool primary = from == STMBOOT_TABLE_COPY_PRIMARY;
	const struct stmboot_gpt_copy *copy = primary ? &gpt->primary : stmboot_gpt_backup(gpt);

	if (!is_sound(copy))
		return sb_refuse(why, STMBOOT_CORRUPT, inspect_hint, "the %s GPT is %s",
				 primary ? "primary" : "backup",
				 copy->state == STMBOOT_GPT_MISSING ? "missing" : "damaged");
	*out = copy;
	return STMBOOT_OK;
}

static enum stmboot_status choose_good(const struct stmboot_gpt *gpt, enum stmboot_table_copy from,
				       struct stmboot_refusal *why,
				       const struct stmboot_gpt_copy **out)
{
	const struct stmboot_gpt_copy *primary = &gpt->primary, *backup = stmboot_gpt_backup(gpt);
	uint32_t difference = 0;

	if (from != STMBOOT_TABLE_COPY_AUTO)
		return choose_one(gpt, from, why, out);
	if (!is_sound(primary) && backup->state != STMBOOT_GPT_OK)
		return sb_refuse(
			why, STMBOOT_CORRUPT, "write the complete image again",
			"neither copy of the GPT is good: the primary is %s, the backup %s",
			stmboot_gpt_state_text(primary->state),
			stmboot_gpt_state_text(backup->state));
	if (!is_sound(primary) && may_be_stale(gpt, backup))
		return sb_refuse(
			why, STMBOOT_CONFLICT,
			"--from=backup takes it all the same; compare its partitions first "
			"('stmboot gpt show')",
			"the primary GPT is damaged, and the backup may be that of an earlier "
			"image: its disk GUID and its entries are others");
	if (is_sound(primary) && backup->state == STMBOOT_GPT_OK && has_disk_of(backup, primary))
		difference = sb_gpt_first_difference(primary, backup);
	if (difference != 0)
		return sb_refuse(why, STMBOOT_CONFLICT, from_hint,
				 "both copies of the GPT are good, but they differ, first at "
				 "partition %" PRIu32,
				 difference);
	*out = is_sound(primary) ? primary : backup;
	return STMBOOT_OK;
}

/* The used partition that reaches into these sectors, or NULL. */
static const struct stmboot_partition *partition_in(const struct stmboot_gpt_copy *good,
						    uint64_t lba, uint64_t end)
{
	for (size_t i = 0; i < good->partition_count; i++) {
		const struct stmboot_partition *p = good->partitions[i];

		if (p->first_lba < end && p->last_lba >= lba && p->first_lba <= p->last_lba)
			return p;
	}
	return NULL;
}

/* An array that is whole and nowhere in the way stays where it is. */
static enum stmboot_status place_primary(const struct stmboot_gpt *gpt, struct layout *l,
					 struct stmboot_refusal *why)
{
	const struct stmboot_gpt_copy *primary = &gpt->primary;
	const struct stmboot_partition *p;
	uint64_t end = primary->entries_lba + l->array;

	l->primary_entries = primary->entries_lba;
	if (l->good == primary && end <= l->backup_entries)
		return STMBOOT_OK;
	if (has_entries_of(primary, l->good) && primary->entries_lba >= SB_GPT_USUAL_ENTRIES_LBA &&
	    end <= l->backup_entries && partition_in(l->good, primary->entries_lba, end) == NULL)
		return STMBOOT_OK;
	l->primary_entries = SB_GPT_USUAL_ENTRIES_LBA;
	end = l->primary_entries + l->array;
	p = partition_in(l->good, 1, end);
	if (p == NULL)
		return STMBOOT_OK;
	return sb_refuse(why, STMBOOT_LIMIT, "write the complete image again",
			 "there is no room for the primary GPT: partition %" PRIu32
			 " begins at LBA %" PRIu64 ", and its entries end at LBA %" PRIu64,
			 p->number, p->first_lba, end - 1);
}

/* The end of the last used partition. */
static uint64_t end_of_partitions(const struct stmboot_gpt_copy *good, uint32_t *number)
{
	uint64_t end = 0;

	*number = 0;
	for (size_t i = 0; i < good->partition_count; i++) {
		const struct stmboot_partition *p = good->partitions[i];

		if (p->last_lba < end || p->last_lba == UINT64_MAX)
			continue;
		end = p->last_lba + 1;
		*number = p->number;
	}
	return end;
}

static enum stmboot_status refuse_backup(const struct stmboot_gpt *gpt, const struct layout *l,
					 uint32_t number, uint64_t end, struct stmboot_refusal *why)
{
	char hint[120];
	uint64_t sectors = end + l->array + 1;

	if (end > gpt->sectors)
		return sb_refuse(why, STMBOOT_LIMIT, "write the complete image again",
				 "partition %" PRIu32 " ends at LBA %" PRIu64
				 ", and the medium has %" PRIu64 " sectors",
				 number, end - 1, gpt->sectors);
	snprintf(hint, sizeof(hint), "the image needs %" PRIu64 " bytes (truncate -s %" PRIu64 ")",
		 sectors * gpt->sector_size, sectors * gpt->sector_size);
	return sb_refuse(why, STMBOOT_LIMIT, hint,
			 "there is no room for the backup GPT: partition %" PRIu32
			 " ends at LBA %" PRIu64 ", and it would begin at LBA %" PRIu64,
			 number, end - 1, gpt->sectors - 1 - l->array);
}

static enum stmboot_status place_backup(const struct stmboot_gpt *gpt, struct layout *l,
					struct stmboot_refusal *why)
{
	const struct stmboot_gpt_copy *last = &gpt->backup;
	uint32_t number;
	uint64_t end = end_of_partitions(l->good, &number), made_for;

	if (gpt->sectors < 2 * l->array + 4)
		return sb_refuse(why, STMBOOT_LIMIT, NULL, "the medium is too small for a GPT");
	l->backup_lba = gpt->sectors - 1;
	l->backup_entries = l->backup_lba - l->array;
	if (has_entries_of(last, l->good) && last->entries_lba >= end &&
	    last->entries_lba > SB_GPT_USUAL_ENTRIES_LBA + l->array &&
	    last->entries_lba <= l->backup_entries)
		l->backup_entries = last->entries_lba;
	if (end > l->backup_entries)
		return refuse_backup(gpt, l, number, end, why);
	made_for = l->good == &gpt->primary ? l->good->alternate_lba : l->good->lba;
	l->last_usable = l->backup_entries - 1;
	if (made_for == l->backup_lba)
		l->last_usable = sb_min_u64(l->last_usable, l->good->last_usable_lba);
	if (l->last_usable < l->good->first_usable_lba)
		return sb_refuse(why, STMBOOT_LIMIT, NULL, "the medium is too small for its GPT");
	return STMBOOT_OK;
}

/* All fields of the good header that are not about places stay in both. */
static enum stmboot_status make_table(struct stmboot_boot_edit *edit, const struct stmboot_gpt *gpt,
				      const struct layout *l, struct sb_gpt_table *table)
{
	enum sb_gpt_which which = l->good == &gpt->primary ? SB_GPT_PRIMARY : SB_GPT_BACKUP;
	struct stmboot_source *medium = sb_image_medium(edit->before.image);
	const uint64_t lba[] = { 1, l->backup_lba };
	const uint64_t entries[] = { l->primary_entries, l->backup_entries };
	enum sb_gpt_which other = which == SB_GPT_PRIMARY ? SB_GPT_BACKUP : SB_GPT_PRIMARY;
	enum stmboot_status status = sb_gpt_table_load(&edit->arena, medium, gpt, l->good, table);

	if (status == STMBOOT_OK)
		status = sb_gpt_table_keep(table, medium, which, l->good);
	if (status == STMBOOT_OK)
		status = sb_gpt_table_copy(table, other, lba[other], entries[other]);
	if (status == STMBOOT_OK)
		status = sb_gpt_table_copy(table, which, lba[which], entries[which]);
	if (status != STMBOOT_OK)
		return status;
	sb_gpt_table_link(table);
	sb_gpt_table_set_last_usable(table, l->last_usable);
	sb_gpt_table_protect(table, gpt);
	return STMBOOT_OK;
}

/* Does the medium have other bytes than these pieces of one order? */
static enum stmboot_status differs(struct stmboot_boot_edit *edit, struct sb_gpt_table *table,
				   enum sb_order order, bool *out)
{
	struct sb_gpt_piece pieces[SB_GPT_MAX_PIECES];
	size_t count = sb_gpt_table_encode(table, pieces);
	enum stmboot_status status = STMBOOT_OK;

	*out = false;
	for (size_t i = 0; i < count && status == STMBOOT_OK && !*out; i++) {
		uint8_t *now;

		if (pieces[i].order != order || pieces[i].bytes == table->mbr)
			continue;
		now = sb_arena_alloc(&edit->arena, pieces[i].length);
		if (now == NULL)
			return STMBOOT_NO_MEMORY;
		status = stmboot_source_read(sb_image_medium(edit->before.image), pieces[i].offset,
					     now, pieces[i].length);
		*out = status == STMBOOT_OK && memcmp(now, pieces[i].bytes, pieces[i].length) != 0;
	}
	return status;
}

static const char *copy_text(struct sb_arena *arena, const struct stmboot_gpt_copy *copy)
{
	if (copy->state == STMBOOT_GPT_MISSING)
		return "missing";
	return sb_arena_printf(arena,
			       "%s, at LBA %" PRIu64 ", the other at LBA %" PRIu64
			       ", usable up to LBA %" PRIu64,
			       copy->state == STMBOOT_GPT_OK ? "good" : "damaged", copy->lba,
			       copy->alternate_lba, copy->last_usable_lba);
}

static enum stmboot_status describe_copy(struct stmboot_boot_edit *edit, struct sb_gpt_table *table,
					 enum sb_gpt_which which,
					 const struct stmboot_gpt_copy *before,
					 const struct layout *l)
{
	enum sb_order order = which == SB_GPT_PRIMARY ? SB_ORDER_TABLE : SB_ORDER_BACKUP_TABLE;
	struct stmboot_gpt_copy after = { .state = STMBOOT_GPT_OK,
					  .lba = table->copies[which].lba,
					  .alternate_lba = table->copies[SB_GPT_BACKUP - which].lba,
					  .last_usable_lba = l->last_usable };
	const char *from, *to;
	bool changed = false;
	enum stmboot_status status = differs(edit, table, order, &changed);

	if (status != STMBOOT_OK || !changed)
		return status;
	from = copy_text(&edit->arena, before);
	to = copy_text(&edit->arena, &after);
	if (from == NULL || to == NULL)
		return STMBOOT_NO_MEMORY;
	return stmboot_edit_describe(
		edit->edit, which == SB_GPT_PRIMARY ? "primary GPT" : "backup GPT", from, to);
}

static const char *record_text(struct sb_arena *arena, const struct stmboot_gpt *gpt,
			       uint32_t sectors)
{
	enum stmboot_pmbr_state state = gpt->protective_mbr;

	if (sectors == 0)
		return stmboot_pmbr_state_text(state);
	return sb_arena_printf(arena, "%s, of %" PRIu32 " sectors", stmboot_pmbr_state_text(state),
			       sectors);
}

static enum stmboot_status describe_mbr(struct stmboot_boot_edit *edit,
					const struct stmboot_gpt *gpt,
					const struct sb_gpt_table *table)
{
	int index = gpt->mbr.protective;
	const char *before, *after;

	if (!table->mbr_changed)
		return STMBOOT_OK;
	before = record_text(&edit->arena, gpt, index >= 0 ? gpt->mbr.records[index].sectors : 0);
	after = sb_arena_printf(&edit->arena, "protects all of %" PRIu64 " sectors", gpt->sectors);
	if (before == NULL || after == NULL)
		return STMBOOT_NO_MEMORY;
	return stmboot_edit_describe(edit->edit, "protective MBR", before, after);
}

static enum stmboot_status describe(struct stmboot_boot_edit *edit, const struct stmboot_gpt *gpt,
				    struct sb_gpt_table *table, const struct layout *l)
{
	enum stmboot_status status = describe_copy(edit, table, SB_GPT_PRIMARY, &gpt->primary, l);

	if (status == STMBOOT_OK)
		status = describe_copy(edit, table, SB_GPT_BACKUP, stmboot_gpt_backup(gpt), l);
	return status == STMBOOT_OK ? describe_mbr(edit, gpt, table) : status;
}

static enum stmboot_status lay_out(const struct stmboot_gpt *gpt, enum stmboot_table_copy from,
				   struct stmboot_refusal *why, struct layout *l)
{
	enum stmboot_status status = choose_good(gpt, from, why, &l->good);

	if (status != STMBOOT_OK)
		return status;
	if (l->good->entries_cut)
		return sb_refuse(why, STMBOOT_UNSUPPORTED, NULL,
				 "the GPT has more partitions than are looked at");
	l->array = sb_round_up_u64(l->good->entries_length, gpt->sector_size) / gpt->sector_size;
	status = place_backup(gpt, l, why);
	return status == STMBOOT_OK ? place_primary(gpt, l, why) : status;
}

enum stmboot_status stmboot_table_edit_repair(struct stmboot_boot_edit *edit,
					      enum stmboot_table_copy from,
					      struct stmboot_refusal *why)
{
	const struct stmboot_gpt *gpt;
	struct sb_gpt_table *table;
	struct layout l = { 0 };
	enum stmboot_status status = sb_table_gpt(edit, why, &gpt);

	if (status == STMBOOT_OK && edit->table != NULL)
		status = STMBOOT_INVALID_ARGUMENT;
	if (status == STMBOOT_OK)
		status = lay_out(gpt, from, why, &l);
	if (status != STMBOOT_OK)
		return status;
	table = sb_arena_alloc(&edit->arena, sizeof(*table));
	if (table == NULL)
		return STMBOOT_NO_MEMORY;
	status = make_table(edit, gpt, &l, table);
	if (status == STMBOOT_OK)
		status = describe(edit, gpt, table, &l);
	if (status != STMBOOT_OK)
		return status;
	edit->table = table;
	edit->uncovers = true;
	return STMBOOT_OK;
}
