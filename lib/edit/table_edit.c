/* SPDX-License-Identifier: MIT */
/* Changing the entries of a GPT. */
#include "edit/table_edit.h"

#include <inttypes.h>
#include <string.h>

#include <stmboot/place.h>
#include <stmboot/text.h>

#include "base/checked.h"
#include "base/similar.h"
#include "edit/edit.h"
#include "format/gpt_internal.h"
#include "image/image.h"

static const char repair_hint[] = "run 'stmboot gpt repair' first";

enum stmboot_status sb_table_gpt(struct stmboot_boot_edit *edit, struct stmboot_refusal *why,
				 const struct stmboot_gpt **out)
{
	const struct stmboot_gpt *gpt = stmboot_image_gpt(edit->before.image);
	enum stmboot_status status = sb_refuse_unread(&edit->before, 0, why);

	if (status != STMBOOT_OK)
		return status;
	if (gpt->type == STMBOOT_TABLE_MBR)
		return sb_refuse(why, STMBOOT_NOT_FOUND, "change it with sfdisk",
				 "the partition table is an MBR, not a GPT");
	if (gpt->type != STMBOOT_TABLE_GPT)
		return sb_refuse(why, STMBOOT_NOT_FOUND, "give the image of a whole card",
				 "there is no partition table");
	*out = gpt;
	return STMBOOT_OK;
}

static enum stmboot_status check_copies(const struct stmboot_gpt *gpt, bool *both,
					struct stmboot_refusal *why)
{
	const struct stmboot_gpt_copy *primary = &gpt->primary, *backup = stmboot_gpt_backup(gpt);

	if (primary->state != STMBOOT_GPT_OK)
		return sb_refuse(why, STMBOOT_CORRUPT, repair_hint, "the primary GPT is %s",
				 primary->state == STMBOOT_GPT_MISSING ? "missing" : "damaged");
	if (primary->entries_cut)
		return sb_refuse(why, STMBOOT_UNSUPPORTED, NULL,
				 "the GPT has more partitions than are looked at");
	*both = backup->state == STMBOOT_GPT_OK &&
		strcmp(backup->disk_guid, primary->disk_guid) == 0;
	if (*both && (backup->entry_count != primary->entry_count ||
		      backup->entries_crc != primary->entries_crc))
		return sb_refuse(why, STMBOOT_CONFLICT, repair_hint,
				 "the two copies of the GPT have different entries");
	return STMBOOT_OK;
}

/* A backup that is damaged, or of another disk, is left to be repaired. */
static enum stmboot_status open_table(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	struct stmboot_source *medium = sb_image_medium(edit->before.image);
	const struct stmboot_gpt *gpt;
	struct sb_gpt_table *table;
	bool both = false;
	enum stmboot_status status = sb_table_gpt(edit, why, &gpt);

	if (status != STMBOOT_OK || edit->table != NULL)
		return status;
	status = check_copies(gpt, &both, why);
	if (status != STMBOOT_OK)
		return status;
	table = sb_arena_alloc(&edit->arena, sizeof(*table));
	if (table == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_gpt_table_load(&edit->arena, medium, gpt, &gpt->primary, table);
	if (status == STMBOOT_OK)
		status = sb_gpt_table_keep(table, medium, SB_GPT_PRIMARY, &gpt->primary);
	if (status == STMBOOT_OK && both)
		status = sb_gpt_table_keep(table, medium, SB_GPT_BACKUP, stmboot_gpt_backup(gpt));
	if (status == STMBOOT_OK)
		edit->table = table;
	return status;
}

/* One change while it is made. */
struct setter {
	struct stmboot_boot_edit *edit;
	struct stmboot_refusal *why;
	struct sb_gpt_table *table;
	struct sb_table_change change;
	size_t at; /* of the partition in the lists */
};

static enum stmboot_status list_before(struct setter *s)
{
	if (!sb_gpt_table_list(s->table, &s->change.before, &s->change.count))
		return STMBOOT_NO_MEMORY;
	sb_gpt_table_disk_guid(s->table, s->change.disk_before);
	return STMBOOT_OK;
}

static enum stmboot_status list_after(struct setter *s)
{
	size_t count;

	if (!sb_gpt_table_list(s->table, &s->change.after, &count))
		return STMBOOT_NO_MEMORY;
	sb_gpt_table_disk_guid(s->table, s->change.disk_after);
	return count == s->change.count ? STMBOOT_OK : STMBOOT_INTERNAL;
}

static enum stmboot_status find_partition(struct setter *s, const char *text)
{
	const struct stmboot_part *part;
	enum stmboot_status status =
		stmboot_place_partition(s->edit->before.image, text, s->why, &part);

	if (status != STMBOOT_OK)
		return status;
	for (s->at = 0; s->at < s->change.count; s->at++)
		if (s->change.before[s->at]->number == part->number)
			return STMBOOT_OK;
	return STMBOOT_INTERNAL;
}

static const struct stmboot_partition *partition_of(const struct setter *s)
{
	return s->change.before[s->at];
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static enum stmboot_status set_name(struct setter *s, const char *name)
{
	if (strcmp(partition_of(s)->name, name) == 0)
		return STMBOOT_OK; /* what stands behind its end stays, too */
	if (has_control(name) || !sb_gpt_table_set_name(s->table, partition_of(s)->index, name))
		return sb_refuse(s->why, STMBOOT_INVALID_ARGUMENT,
				 "a name has at most 36 characters, and no control characters",
				 "'%s' cannot be the name of a partition", name);
	return STMBOOT_OK;
}

static enum stmboot_status set_type(struct setter *s, const char *value)
{
	const char *text =
		stmboot_gpt_type_guid(value) != NULL ? stmboot_gpt_type_guid(value) : value;
	uint8_t guid[SB_GUID_BYTES];
	const char *known = "give a GUID", *best = NULL;
	char room[SB_DID_YOU_MEAN];

	if (sb_guid_parse(text, guid) && !sb_guid_is_zero(guid)) {
		sb_gpt_table_set_type(s->table, partition_of(s)->index, guid);
		return STMBOOT_OK;
	}
	for (size_t i = 0; known != NULL && stmboot_gpt_type_at(i) != NULL; i++)
		known = sb_arena_printf(&s->edit->arena, "%s%s%s", known,
					i == 0 ? ", or one of " : ", ", stmboot_gpt_type_at(i));
	for (size_t i = 0; stmboot_gpt_type_at(i) != NULL; i++)
		stmboot_similar(value, stmboot_gpt_type_at(i), &best);
	return sb_refuse(s->why, STMBOOT_INVALID_ARGUMENT, sb_did_you_mean(best, known, room),
			 "'%s' is no type of a partition", value);
}

/* Does another partition have it, by its text as it is now? */
static const struct stmboot_partition *holder_of(const struct setter *s, const char *guid)
{
	for (size_t i = 0; i < s->change.count; i++)
		if (i != s->at && strcmp(s->change.before[i]->guid, guid) == 0)
			return s->change.before[i];
	return NULL;
}

static void make_guid(const struct setter *s, uint8_t guid[SB_GUID_BYTES])
{
	char text[SB_GUID_TEXT];

	do { /* with a seed, GUIDs of an earlier edit may come again */
		sb_guid_new(s->edit->ctx, guid);
		sb_guid_format(guid, text);
	} while (holder_of(s, text) != NULL || strcmp(partition_of(s)->guid, text) == 0);
}

static enum stmboot_status set_guid(struct setter *s, const char *value)
{
	const struct stmboot_partition *holder;
	uint8_t guid[SB_GUID_BYTES];
	char text[SB_GUID_TEXT];

	if (strcmp(value, "random") == 0)
		make_guid(s, guid);
	else if (!sb_guid_parse(value, guid) || sb_guid_is_zero(guid))
		return sb_refuse(s->why, STMBOOT_INVALID_ARGUMENT,
				 "give one like 0fc63daf-8483-4772-8e79-3d69d8477de4, or random",
				 "'%s' is no GUID of a partition", value);
	sb_guid_format(guid, text);
	holder = holder_of(s, text);
	if (holder != NULL)
		return sb_refuse(s->why, STMBOOT_CONFLICT, "give another one, or random",
				 "partition %" PRIu32 " has the GUID %s", holder->number, text);
	sb_gpt_table_set_guid(s->table, partition_of(s)->index, guid);
	return STMBOOT_OK;
}

static enum stmboot_status set_attribute(struct setter *s, const char *key, unsigned bit,
					 const char *value)
{
	bool on = strcmp(value, "yes") == 0;

	if (!on && strcmp(value, "no") != 0)
		return sb_refuse(s->why, STMBOOT_INVALID_ARGUMENT, "give yes or no",
				 "'%s' is no value of %s", value, key);
	sb_gpt_table_set_attribute(s->table, partition_of(s)->index, bit, on);
	return STMBOOT_OK;
}

static enum stmboot_status refuse_key(const struct setter *s, const char *key)
{
	static const char *const fields[] = { "name", "type", "guid" };
	char room[SB_DID_YOU_MEAN];
	const char *best = NULL;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		stmboot_similar(key, fields[i], &best);
	for (unsigned bit = 0; bit < 64; bit++)
		if (stmboot_gpt_attribute_name(bit) != NULL)
			stmboot_similar(key, stmboot_gpt_attribute_name(bit), &best);
	return sb_refuse(
		s->why, STMBOOT_INVALID_ARGUMENT,
		sb_did_you_mean(best,
				"there are name, type, guid, bootable, required, "
				"no-block-io, grow-fs, read-only, hidden, no-auto and bit-N",
				room),
		"a partition has no '%s'", key);
}

static enum stmboot_status set_one(struct setter *s, const struct stmboot_table_setting *setting)
{
	int bit = stmboot_gpt_attribute_bit(setting->key);

	if (strcmp(setting->key, "name") == 0)
		return set_name(s, setting->value);
	if (strcmp(setting->key, "type") == 0)
		return set_type(s, setting->value);
	if (strcmp(setting->key, "guid") == 0)
		return set_guid(s, setting->value);
	if (bit >= 0)
		return set_attribute(s, setting->key, (unsigned)bit, setting->value);
	return refuse_key(s, setting->key);
}

static enum stmboot_status describe_text(struct stmboot_boot_edit *edit, const char *key,
					 const struct stmboot_partition *p, const char *before,
					 const char *after)
{
	const char *what;

	if (strcmp(before, after) == 0)
		return STMBOOT_OK;
	what = sb_arena_printf(&edit->arena, "%s of partition %" PRIu32 "%s%s%s", key, p->number,
			       *p->name != '\0' ? " (" : "", p->name, *p->name != '\0' ? ")" : "");
	return what != NULL ? stmboot_edit_describe(edit->edit, what, before, after)
			    : STMBOOT_NO_MEMORY;
}

static const char *type_text(const struct stmboot_partition *p)
{
	const char *name = stmboot_gpt_type_name(p->type_guid);

	return name != NULL ? name : p->type_guid;
}

static enum stmboot_status describe_attributes(struct stmboot_boot_edit *edit,
					       const struct stmboot_partition *before,
					       const struct stmboot_partition *after)
{
	enum stmboot_status status = STMBOOT_OK;

	for (unsigned bit = 0; bit < 64 && status == STMBOOT_OK; bit++) {
		const char *name = stmboot_gpt_attribute_name(bit);
		bool was = (before->attributes >> bit & 1) != 0;
		bool is = (after->attributes >> bit & 1) != 0;

		if (name == NULL)
			name = sb_arena_printf(&edit->arena, "bit-%u", bit);
		if (name == NULL)
			return STMBOOT_NO_MEMORY;
		status = describe_text(edit, name, before, was ? "yes" : "no", is ? "yes" : "no");
	}
	return status;
}

static enum stmboot_status describe_partition(struct stmboot_boot_edit *edit,
					      const struct stmboot_partition *before,
					      const struct stmboot_partition *after)
{
	enum stmboot_status status = describe_text(edit, "name", before, before->name, after->name);

	if (status == STMBOOT_OK)
		status = describe_text(edit, "type", before, type_text(before), type_text(after));
	if (status == STMBOOT_OK)
		status = describe_text(edit, "guid", before, before->guid, after->guid);
	return status == STMBOOT_OK ? describe_attributes(edit, before, after) : status;
}

/* The type alone makes an EFI system partition bootable to U-Boot. */
static enum stmboot_status note_bootable(struct stmboot_boot_edit *edit,
					 const struct stmboot_partition *before,
					 const struct stmboot_partition *after)
{
	const uint64_t flag = UINT64_C(1) << STMBOOT_GPT_ATTR_BOOTABLE;
	const char *note;

	if ((before->attributes & flag) == 0 || (after->attributes & flag) != 0 || !after->bootable)
		return STMBOOT_OK;
	note = sb_arena_printf(&edit->arena,
			       "to U-Boot partition %" PRIu32
			       " stays bootable: it is an EFI system partition",
			       after->number);
	return note != NULL ? sb_edit_note(edit->edit, note) : STMBOOT_NO_MEMORY;
}

static enum stmboot_status finish(struct setter *s)
{
	struct stmboot_boot_edit *edit = s->edit;
	const struct sb_table_change *change = &s->change;
	enum stmboot_status status = list_after(s);

	if (status == STMBOOT_OK && strcmp(change->disk_before, change->disk_after) != 0)
		status = stmboot_edit_describe(edit->edit, "disk GUID", change->disk_before,
					       change->disk_after);
	for (size_t i = 0; i < change->count && status == STMBOOT_OK; i++) {
		status = describe_partition(edit, change->before[i], change->after[i]);
		if (status == STMBOOT_OK)
			status = note_bootable(edit, change->before[i], change->after[i]);
	}
	return status == STMBOOT_OK ? sb_table_follow(edit, change, s->why) : status;
}

enum stmboot_status stmboot_table_edit_set(struct stmboot_boot_edit *edit, const char *partition,
					   const struct stmboot_table_setting *settings,
					   size_t count, struct stmboot_refusal *why)
{
	struct setter s = { .edit = edit, .why = why };
	enum stmboot_status status = open_table(edit, why);

	s.table = edit->table;
	if (status == STMBOOT_OK)
		status = list_before(&s);
	if (status == STMBOOT_OK)
		status = find_partition(&s, partition);
	for (size_t i = 0; i < count && status == STMBOOT_OK; i++)
		status = set_one(&s, &settings[i]);
	if (status == STMBOOT_OK)
		status = finish(&s);
	return sb_boot_edit_spoil(edit, status, why);
}

enum stmboot_status stmboot_table_edit_new_guids(struct stmboot_boot_edit *edit,
						 struct stmboot_refusal *why)
{
	struct setter s = { .edit = edit, .why = why };
	enum stmboot_status status = open_table(edit, why);
	uint8_t guid[SB_GUID_BYTES];

	s.table = edit->table;
	if (status == STMBOOT_OK)
		status = list_before(&s);
	if (status != STMBOOT_OK)
		return status;
	for (s.at = 0; s.at < s.change.count; s.at++) {
		make_guid(&s, guid);
		sb_gpt_table_set_guid(s.table, partition_of(&s)->index, guid);
	}
	sb_guid_new(edit->ctx, guid);
	sb_gpt_table_set_disk_guid(s.table, guid);
	return sb_boot_edit_spoil(edit, finish(&s), why);
}

static enum stmboot_status stage_bytes(struct stmboot_boot_edit *edit, uint64_t offset,
				       const uint8_t *bytes, size_t length, enum sb_order order)
{
	uint64_t first = offset - offset % SB_SECTOR_BYTES, end = offset + length;
	enum stmboot_status status = stmboot_edit_write(edit->edit, offset, bytes, length);

	if (status != STMBOOT_OK)
		return status;
	sb_overlay_mark(sb_edit_overlay(edit->edit), offset, length, order);
	return sb_edit_confine(edit->edit, first, sb_round_up_u64(end, SB_SECTOR_BYTES) - first);
}

enum stmboot_status sb_table_stage(struct stmboot_boot_edit *edit)
{
	struct sb_gpt_piece pieces[SB_GPT_MAX_PIECES];
	size_t count = edit->table != NULL ? sb_gpt_table_encode(edit->table, pieces) : 0;
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < edit->metadata_count && status == STMBOOT_OK; i++) {
		const struct sb_metadata *metadata = &edit->metadata[i];

		if (metadata->changed)
			status = stage_bytes(edit, metadata->part->offset, metadata->bytes,
					     (size_t)metadata->part->fwu->metadata_bytes,
					     SB_ORDER_DATA);
	}
	for (size_t i = 0; i < count && status == STMBOOT_OK; i++)
		status = stage_bytes(edit, pieces[i].offset, pieces[i].bytes, pieces[i].length,
				     pieces[i].order);
	return status;
}
