/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <stmboot/gpt.h>

#include "buffer.h"
#include "fail.h"
#include "json.h"
#include "style.h"

enum {
	ROW_LABEL = 14,
	ROW_VALUE = 40,
	VALUE_TEXT = 96,
	NAME_WIDTH = 24,
	TYPE_WIDTH = 14,
	ATTRIBUTE_TEXT = 16
};

/* A table with the two copies that are shown. */
struct shown {
	const struct stmboot_boot *boot;
	const struct stmboot_gpt *gpt;
	const struct stmboot_gpt_copy *copies[2]; /* primary, backup */
};

static enum stmboot_gpt_state state_of(const struct shown *s, int which)
{
	return which == 0 ? s->gpt->primary.state : s->gpt->backup_state;
}

static void state_value(const struct shown *s, int which, char text[VALUE_TEXT])
{
	const char *why = stmboot_gpt_defect_text(s->copies[which]->defects);

	snprintf(text, VALUE_TEXT, "%s%s%s", stmboot_gpt_state_text(state_of(s, which)),
		 why != NULL ? ": " : "", why != NULL ? why : "");
}

static void place_value(const struct stmboot_gpt_copy *copy, char text[VALUE_TEXT])
{
	snprintf(text, VALUE_TEXT, "LBA %" PRIu64, copy->lba);
}

static void other_value(const struct stmboot_gpt_copy *copy, char text[VALUE_TEXT])
{
	snprintf(text, VALUE_TEXT, "LBA %" PRIu64, copy->alternate_lba);
}

static void usable_value(const struct stmboot_gpt_copy *copy, char text[VALUE_TEXT])
{
	snprintf(text, VALUE_TEXT, "LBA %" PRIu64 " to %" PRIu64, copy->first_usable_lba,
		 copy->last_usable_lba);
}

static void entries_value(const struct stmboot_gpt_copy *copy, char text[VALUE_TEXT])
{
	snprintf(text, VALUE_TEXT, "%" PRIu32 " of %" PRIu32 " bytes at LBA %" PRIu64,
		 copy->entry_count, copy->entry_size, copy->entries_lba);
}

static void checksum_value(uint32_t found, uint32_t computed, char text[VALUE_TEXT])
{
	if (found == computed)
		snprintf(text, VALUE_TEXT, "0x%08" PRIx32, found);
	else
		snprintf(text, VALUE_TEXT, "0x%08" PRIx32 ", computed 0x%08" PRIx32, found,
			 computed);
}

static void header_sum_value(const struct stmboot_gpt_copy *copy, char text[VALUE_TEXT])
{
	checksum_value(copy->header_crc, copy->header_crc_computed, text);
}

static void entries_sum_value(const struct stmboot_gpt_copy *copy, char text[VALUE_TEXT])
{
	checksum_value(copy->entries_crc, copy->entries_crc_computed, text);
}

static void disk_value(const struct stmboot_gpt_copy *copy, char text[VALUE_TEXT])
{
	snprintf(text, VALUE_TEXT, "%s", copy->disk_guid);
}

static const struct {
	const char *label;
	void (*value)(const struct stmboot_gpt_copy *copy, char text[VALUE_TEXT]);
} rows[] = {
	{ "header", place_value },          { "other copy", other_value },
	{ "usable", usable_value },         { "entries", entries_value },
	{ "header sum", header_sum_value }, { "entries sum", entries_sum_value },
	{ "disk GUID", disk_value },
};

static void add_row(struct buffer *out, const char *label, const char *first, const char *second)
{
	buffer_printf(out, "  %-*s%-*s%s\n", ROW_LABEL, label, ROW_VALUE, first, second);
}

/* A copy that is not there has no fields. */
static void add_copies(struct buffer *out, const struct shown *s, const struct style *style)
{
	char text[2][VALUE_TEXT];

	style_begin(style, out, PAINT_FAINT);
	add_row(out, "", "primary", "backup");
	style_end(style, out, PAINT_FAINT);
	for (int i = 0; i < 2; i++)
		state_value(s, i, text[i]);
	add_row(out, "state", text[0], text[1]);
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		for (int i = 0; i < 2; i++) {
			bool there = s->copies[i]->state != STMBOOT_GPT_MISSING &&
				     (s->copies[i]->defects & STMBOOT_GPT_UNREADABLE) == 0;

			snprintf(text[i], VALUE_TEXT, "-");
			if (there || rows[row].value == place_value)
				rows[row].value(s->copies[i], text[i]);
		}
		add_row(out, rows[row].label, text[0], text[1]);
	}
}

static void add_name(struct buffer *out, const struct style *style, const char *name, size_t width)
{
	struct buffer safe = { 0 };
	size_t used;

	style_escape(style, &safe, name);
	used = style_width(style, safe.data != NULL ? safe.data : "");
	buffer_puts(out, safe.data != NULL ? safe.data : "");
	buffer_pad(out, used < width ? width - used : 0);
	out->failed = out->failed || safe.failed;
	buffer_release(&safe);
}

static void add_attribute_names(struct buffer *out, const struct stmboot_partition *p)
{
	char name[ATTRIBUTE_TEXT];

	for (size_t i = 0; stmboot_partition_attribute(p, i, name, sizeof(name)); i++)
		buffer_printf(out, "%s%s", i == 0 ? "  " : ", ", name);
}

static void add_partition(struct buffer *out, const struct stmboot_partition *p,
			  const struct style *style, bool verbose)
{
	const char *type = stmboot_gpt_type_name(p->type_guid);
	char mbr_type[8], size[SIZE_TEXT];

	snprintf(mbr_type, sizeof(mbr_type), "0x%02x", p->mbr_type);
	style_size(p->size, size);
	buffer_printf(out, "  %3" PRIu32 "  ", p->number);
	add_name(out, style, p->name, NAME_WIDTH);
	buffer_printf(out, "%10" PRIu64 "%12" PRIu64 "%11s  ", p->first_lba, p->last_lba, size);
	if (type == NULL)
		type = p->mbr_type != 0 ? mbr_type : p->type_guid;
	buffer_puts(out, type);
	if (p->attributes != 0 || p->bootable)
		buffer_pad(out, strlen(type) < TYPE_WIDTH ? TYPE_WIDTH - strlen(type) : 0);
	add_attribute_names(out, p);
	buffer_puts(out, "\n");
	if (verbose)
		buffer_printf(out, "       %s  type %s\n", p->guid,
			      p->mbr_type != 0 ? mbr_type : p->type_guid);
}

static void add_partitions(struct buffer *out, const char *title,
			   const struct stmboot_partition *const *list, size_t count,
			   const struct style *style, bool verbose)
{
	style_begin(style, out, PAINT_FAINT);
	buffer_printf(out, "\n    #  %-*s%10s%12s%11s  type\n", NAME_WIDTH, title, "first", "last",
		      "size");
	style_end(style, out, PAINT_FAINT);
	for (size_t i = 0; i < count; i++)
		add_partition(out, list[i], style, verbose);
}

static void add_reader(struct buffer *out, const struct shown *s, enum stmboot_table_reader reader,
		       const struct style *style)
{
	struct stmboot_gpt_view view = stmboot_boot_table_view(s->boot, reader);
	bool all = view.reason == STMBOOT_GPT_SEES_ALL;
	const char *from = stmboot_gpt_view_text(s->gpt, &view);

	buffer_printf(out, "  %-8s", stmboot_boot_reader_text(s->boot, reader));
	style_begin(style, out, all ? PAINT_NONE : PAINT_WARNING);
	if (from == NULL)
		buffer_printf(out, "sees none: %s", stmboot_gpt_reason_text(view.reason));
	else
		buffer_printf(out, "sees %zu by the %s", view.count,
			      strcmp(from, "mbr") == 0 ? "MBR" : from);
	if (from != NULL && !all && view.reason != STMBOOT_GPT_USES_MBR)
		buffer_printf(out, ": %s", stmboot_gpt_reason_text(view.reason));
	style_end(style, out, all ? PAINT_NONE : PAINT_WARNING);
	buffer_puts(out, "\n");
}

static void add_text(struct buffer *out, const struct shown *s, const struct options *o)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	const struct stmboot_gpt *gpt = s->gpt;
	bool verbose = o->value[OPTION_VERBOSE] != 0;

	style_escape(&style, out, o->operands[0]);
	buffer_printf(out, ": %s, %" PRIu64 " sectors of %" PRIu32 " bytes",
		      gpt->type == STMBOOT_TABLE_GPT ? "GPT" : "MBR", gpt->sectors,
		      gpt->sector_size);
	if (gpt->type == STMBOOT_TABLE_GPT)
		buffer_printf(out, ", protective MBR %s",
			      stmboot_pmbr_state_text(gpt->protective_mbr));
	buffer_puts(out, "\n");
	if (gpt->type == STMBOOT_TABLE_GPT) {
		buffer_puts(out, "\n");
		add_copies(out, s, &style);
	}
	add_partitions(out, gpt->copies_differ ? "primary" : "name", gpt->partitions,
		       gpt->partition_count, &style, verbose);
	if (gpt->copies_differ)
		add_partitions(out, "backup", s->copies[1]->partitions,
			       s->copies[1]->partition_count, &style, verbose);
	buffer_puts(out, "\n");
	for (int i = 0; i < STMBOOT_READER_COUNT; i++)
		add_reader(out, s, (enum stmboot_table_reader)i, &style);
}

static void add_attributes_json(struct json *j, const struct stmboot_partition *p)
{
	char name[ATTRIBUTE_TEXT];

	json_open_flat(j, "attributes", '[');
	for (size_t i = 0; stmboot_partition_attribute(p, i, name, sizeof(name)); i++)
		json_text(j, NULL, name);
	json_close(j, ']');
}

static void add_partitions_json(struct json *j, const struct stmboot_partition *const *list,
				size_t count)
{
	json_open(j, "partitions", '[');
	for (size_t i = 0; i < count; i++) {
		const struct stmboot_partition *p = list[i];
		bool gpt = p->mbr_type == 0;

		json_open(j, NULL, '{');
		json_u64(j, "number", p->number);
		json_text(j, "name", gpt ? p->name : NULL);
		json_text(j, "type", gpt ? stmboot_gpt_type_name(p->type_guid) : NULL);
		json_text(j, "type_guid", gpt ? p->type_guid : NULL);
		json_text(j, "guid", p->guid);
		json_u64(j, "first_lba", p->first_lba);
		json_u64(j, "last_lba", p->last_lba);
		add_attributes_json(j, p);
		json_known(j, "mbr_type", !gpt, p->mbr_type);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_copy_json(struct json *j, const struct shown *s, int which)
{
	const struct stmboot_gpt_copy *copy = s->copies[which];

	json_open(j, which == 0 ? "primary" : "backup", '{');
	json_text(j, "state", stmboot_gpt_state_text(state_of(s, which)));
	json_text(j, "defect", stmboot_gpt_defect_text(copy->defects));
	json_u64(j, "lba", copy->lba);
	json_u64(j, "my_lba", copy->my_lba);
	json_u64(j, "alternate_lba", copy->alternate_lba);
	json_u64(j, "first_usable_lba", copy->first_usable_lba);
	json_u64(j, "last_usable_lba", copy->last_usable_lba);
	json_text(j, "disk_guid", copy->disk_guid[0] != '\0' ? copy->disk_guid : NULL);
	json_u64(j, "header_size", copy->header_size);
	json_u64(j, "header_crc", copy->header_crc);
	json_u64(j, "header_crc_computed", copy->header_crc_computed);
	json_u64(j, "entries_lba", copy->entries_lba);
	json_u64(j, "entry_count", copy->entry_count);
	json_u64(j, "entry_size", copy->entry_size);
	json_u64(j, "entries_crc", copy->entries_crc);
	json_u64(j, "entries_crc_computed", copy->entries_crc_computed);
	add_partitions_json(j, copy->partitions, copy->partition_count);
	json_close(j, '}');
}

static void add_readers_json(struct json *j, const struct shown *s)
{
	json_open(j, "readers", '[');
	for (int i = 0; i < STMBOOT_READER_COUNT; i++) {
		enum stmboot_table_reader reader = (enum stmboot_table_reader)i;
		struct stmboot_gpt_view view = stmboot_boot_table_view(s->boot, reader);

		json_open(j, NULL, '{');
		json_text(j, "reader", stmboot_boot_reader_text(s->boot, reader));
		json_text(j, "copy", stmboot_gpt_view_text(s->gpt, &view));
		json_text(j, "reason", stmboot_gpt_reason_text(view.reason));
		json_bool(j, "all", view.reason == STMBOOT_GPT_SEES_ALL);
		json_open_flat(j, "partitions", '[');
		for (size_t k = 0; k < view.count; k++)
			json_u64(j, NULL, view.partitions[k]->number);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_json(struct buffer *out, const struct shown *s)
{
	struct json j = { .out = out };
	const struct stmboot_gpt *gpt = s->gpt;

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.gpt/1");
	json_text(&j, "type", stmboot_table_type_text(gpt->type));
	json_u64(&j, "sector_size", gpt->sector_size);
	json_u64(&j, "sectors", gpt->sectors);
	json_text(&j, "protective_mbr", stmboot_pmbr_state_text(gpt->protective_mbr));
	json_bool(&j, "copies_differ", gpt->copies_differ);
	json_bool(&j, "stale_backup", gpt->stale_backup);
	add_copy_json(&j, s, 0);
	add_copy_json(&j, s, 1);
	add_partitions_json(&j, gpt->partitions, gpt->partition_count);
	add_readers_json(&j, s);
	json_close(&j, '}');
}

static int show(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
		const struct stmboot_boot *boot)
{
	const struct stmboot_gpt *gpt = stmboot_image_gpt(image);
	const struct shown s = { boot, gpt, { &gpt->primary, stmboot_gpt_backup(gpt) } };
	struct buffer out = { 0 };

	(void)ctx;
	if (gpt->type == STMBOOT_TABLE_NONE)
		return fail(o, o->operands[0], "there is no partition table",
			    "give the image of a whole card");
	if (o->value[OPTION_JSON] != 0)
		add_json(&out, &s);
	else
		add_text(&out, &s, o);
	return finish(o, &out);
}

int cmd_gpt_show(struct stmboot_context *ctx, const struct options *o)
{
	return with_boot(ctx, o, show);
}
