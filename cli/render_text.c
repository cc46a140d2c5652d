/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <stmboot/text.h>

#include "describe.h"
#include "style.h"

enum column { NUMBER, NAME, CONTENT, START, SIZE, FLAGS, COLUMNS };
enum { CELL = 512, NAME_WIDTH = 24, CONTENT_WIDTH = 46, LEAST_CONTENT = 16 };

/* How wide a column may be; a name and a content are cut to it. */
struct limits {
	size_t name, content;
};

static const char *const titles[COLUMNS] = { "#", "name", "content", "start", "size", "" };

/* An escaped text of the medium in a cell of limited width. Without memory `out` has failed. */
static void fill(struct buffer *out, const struct style *style, const char *text, size_t width,
		 char cell[CELL])
{
	struct buffer safe = { 0 };

	style_escape(style, &safe, text);
	snprintf(cell, CELL, "%s", safe.data != NULL ? safe.data : "");
	/* What snprintf() cut within a character is cut again before it. */
	style_cut(style, cell, width);
	out->failed = out->failed || safe.failed;
	buffer_release(&safe);
}

static void fill_flags(const struct stmboot_part *part, char cell[CELL])
{
	bool bootable = part->entry != NULL && part->entry->bootable;
	char there[SIZE_TEXT];

	style_size(part->available, there);
	snprintf(cell, CELL, "%s%s%s%s%s", bootable ? "bootable" : "",
		 bootable && part->available < part->size ? ", " : "",
		 part->available < part->size ? "cut short: " : "",
		 part->available < part->size ? there : "",
		 part->available < part->size ? " there" : "");
}

static void fill_cell(struct buffer *out, const struct report *report, const struct style *style,
		      const struct limits *limits, size_t row, enum column column, char cell[CELL])
{
	const struct stmboot_part *part = stmboot_image_part(report->image, row);
	struct buffer content = { 0 };

	switch (column) {
	case NUMBER:
		snprintf(cell, CELL, "%" PRIu32, part->number);
		break;
	case NAME:
		fill(out, style, part->entry != NULL ? part->entry->name : "", limits->name, cell);
		break;
	case CONTENT:
		describe_content(&content, part);
		fill(out, style, content.data != NULL ? content.data : "", limits->content, cell);
		out->failed = out->failed || content.failed;
		buffer_release(&content);
		break;
	case START:
		style_size(part->offset, cell);
		break;
	case SIZE:
		style_size(part->size, cell);
		break;
	default:
		fill_flags(part, cell);
	}
}

/* `width` 0: the column is left out. */
static void add_cell(struct buffer *out, const struct style *style, const char *cell, size_t width,
		     enum column column)
{
	size_t used = style_width(style, cell);
	size_t pad = width > used ? width - used : 0;
	bool right = column == NUMBER || column == START || column == SIZE;

	if (width == 0 || (column == FLAGS && used == 0))
		return;
	buffer_puts(out, "  ");
	if (right)
		buffer_pad(out, pad);
	buffer_puts(out, cell);
	if (!right && column != FLAGS)
		buffer_pad(out, pad);
}

/* How wide a column is by what stands in it; 0: it is left out. */
static size_t measure(struct buffer *out, const struct report *report, const struct style *style,
		      const struct limits *limits, enum column column)
{
	size_t widest = strlen(titles[column]);
	char cell[CELL];

	if ((column == NUMBER || column == NAME) &&
	    stmboot_image_gpt(report->image)->type == STMBOOT_TABLE_NONE)
		return 0;
	for (size_t row = 0; row < stmboot_image_part_count(report->image); row++) {
		size_t width;

		fill_cell(out, report, style, limits, row, column, cell);
		width = style_width(style, cell);
		widest = width > widest ? width : widest;
	}
	return widest;
}

/* The content gets what the other columns leave of a terminal. */
static struct limits choose_limits(struct buffer *out, const struct report *report,
				   const struct style *style)
{
	struct limits limits = { NAME_WIDTH, CONTENT_WIDTH };
	size_t others = 0;

	if (!style->terminal)
		return limits;
	limits.name = style->width > 4 * NAME_WIDTH ? style->width / 4 : NAME_WIDTH;
	limits.content = CELL / 4;
	for (int c = 0; c < COLUMNS; c++)
		if (c != CONTENT)
			others += 2 + measure(out, report, style, &limits, (enum column)c);
	if (style->width < others + 2 + LEAST_CONTENT)
		limits.content = LEAST_CONTENT;
	else if (style->width - others - 2 < limits.content)
		limits.content = style->width - others - 2;
	return limits;
}

static void add_layout(struct buffer *out, const struct report *report, const struct style *style)
{
	const struct limits limits = choose_limits(out, report, style);
	size_t rows = stmboot_image_part_count(report->image);
	size_t widths[COLUMNS];
	char cell[CELL];

	for (int c = 0; c < COLUMNS; c++)
		widths[c] = measure(out, report, style, &limits, (enum column)c);
	buffer_puts(out, "\n");
	style_begin(style, out, PAINT_FAINT);
	for (int c = 0; c < COLUMNS; c++)
		add_cell(out, style, titles[c], widths[c], (enum column)c);
	style_end(style, out, PAINT_FAINT);
	buffer_puts(out, "\n");
	for (size_t row = 0; row < rows; row++) {
		for (int c = 0; c < COLUMNS; c++) {
			fill_cell(out, report, style, &limits, row, (enum column)c, cell);
			add_cell(out, style, cell, widths[c], (enum column)c);
		}
		buffer_puts(out, "\n");
	}
}

static void add_header(struct buffer *out, const struct report *report, const struct style *style)
{
	static const char *const media[] = { "", "SD card", "eMMC user area",
					     "no partition table" };
	const struct stmboot_image_info *info = stmboot_image_info(report->image);
	const struct stmboot_gpt *gpt = stmboot_image_gpt(report->image);
	char size[SIZE_TEXT];

	style_size(info->size, size);
	style_begin(style, out, PAINT_STRONG);
	style_escape(style, out, info->path != NULL ? info->path : "image");
	style_end(style, out, PAINT_STRONG);
	buffer_printf(out, ": %s, ", size);
	if (info->container != STMBOOT_COMPRESSION_NONE)
		buffer_printf(out, "unpacked from %s, ", stmboot_compression_text(info->container));
	buffer_puts(out, media[info->medium]);
	if (gpt->type == STMBOOT_TABLE_GPT)
		buffer_printf(out, ", GPT (primary %s, backup %s)",
			      stmboot_gpt_state_text(gpt->primary.state),
			      stmboot_gpt_state_text(gpt->backup_state));
	else if (gpt->type == STMBOOT_TABLE_MBR)
		buffer_puts(out, ", MBR");
	buffer_puts(out, "\n");
	if (info->state == STMBOOT_IMAGE_INTERRUPTED)
		buffer_puts(out,
			    "An edit of this image was interrupted; shown is what it was to be.\n"
			    "'stmboot recover' finishes it, and so does the next change.\n");
}

static void add_guids(struct buffer *out, const struct report *report, const struct style *style)
{
	const struct stmboot_gpt *gpt = stmboot_image_gpt(report->image);

	if (gpt->type == STMBOOT_TABLE_NONE)
		return;
	buffer_puts(out, "\n");
	if (gpt->described != NULL)
		buffer_printf(out, "  disk %s, sectors of %" PRIu32 " bytes, protective MBR %s\n",
			      gpt->described->disk_guid, gpt->sector_size,
			      stmboot_pmbr_state_text(gpt->protective_mbr));
	for (size_t i = 0; i < gpt->partition_count; i++) {
		const struct stmboot_partition *entry = gpt->partitions[i];

		buffer_printf(out, "  %3" PRIu32 "  ", entry->number);
		style_escape(style, out, entry->guid);
		if (gpt->type == STMBOOT_TABLE_MBR)
			buffer_printf(out, "  type 0x%02x\n", entry->mbr_type);
		else
			buffer_printf(out, "  type %s  attributes 0x%" PRIx64 "\n",
				      entry->type_guid, entry->attributes);
	}
}

static void add_stage(struct buffer *out, const struct style *style,
		      const struct stmboot_stage_result *stage)
{
	static const struct {
		const char *utf8, *ascii;
		enum paint paint;
	} marks[] = {
		[STMBOOT_OUTCOME_OK] = { "✓", "ok  ", PAINT_GOOD },
		[STMBOOT_OUTCOME_WARNING] = { "!", "warn", PAINT_WARNING },
		[STMBOOT_OUTCOME_ERROR] = { "✗", "FAIL", PAINT_BAD },
		[STMBOOT_OUTCOME_UNREACHED] = { "–", "-   ", PAINT_FAINT },
		[STMBOOT_OUTCOME_NOT_APPLICABLE] = { "·", ".   ", PAINT_FAINT },
	};
	size_t indent = style->utf8 ? 14 : 17;
	struct buffer summary = { 0 };

	buffer_puts(out, "  ");
	style_begin(style, out, marks[stage->outcome].paint);
	buffer_puts(out, style->utf8 ? marks[stage->outcome].utf8 : marks[stage->outcome].ascii);
	style_end(style, out, marks[stage->outcome].paint);
	buffer_printf(out, " %-8s  ", stmboot_stage_text(stage->stage));
	style_escape(style, &summary, stage->summary);
	style_wrap(style, out, summary.data != NULL ? summary.data : "", indent, indent);
	out->failed = out->failed || summary.failed;
	buffer_release(&summary);
	buffer_puts(out, "\n");
}

/* In one line however long: it may be copied. */
static void add_fact(struct buffer *out, const struct style *style, const char *name,
		     const char *value)
{
	if (value == NULL)
		return;
	buffer_pad(out, style->utf8 ? 4 : 7);
	style_begin(style, out, PAINT_FAINT);
	buffer_printf(out, "%-8s", name);
	style_end(style, out, PAINT_FAINT);
	buffer_puts(out, "  ");
	style_escape(style, out, value);
	buffer_puts(out, "\n");
}

/* What a person looks for first when a board behaves strangely. */
static void add_facts(struct buffer *out, const struct stmboot_boot *boot,
		      const struct style *style)
{
	if (boot->label == NULL && boot->bootargs == NULL && boot->dtb_model == NULL)
		return;
	buffer_puts(out, "\n");
	add_fact(out, style, "label", boot->label);
	add_fact(out, style, "bootargs", boot->bootargs);
	add_fact(out, style, "release", boot->kernel_release);
	add_fact(out, style, "board", boot->dtb_model);
}

size_t render_count(const struct stmboot_diags *diags, enum stmboot_severity severity)
{
	size_t total = 0;

	for (size_t i = 0; i < stmboot_diags_count(diags); i++)
		total += stmboot_diags_get(diags, i)->severity == severity;
	return total;
}

bool render_has_boot(const struct stmboot_boot *boot)
{
	for (int i = 0; i < STMBOOT_STAGE_COUNT; i++)
		if (boot->stages[i].outcome != STMBOOT_OUTCOME_NOT_APPLICABLE)
			return true;
	return false;
}

void render_verdict(struct buffer *out, const struct report *report, const struct style *style)
{
	static const enum paint paints[] = { PAINT_GOOD, PAINT_WARNING, PAINT_BAD };
	static const char *const boots[] = { "boots", "boots, with warnings",
					     "boots, with errors" };
	static const char *const good[] = { "good", "good, with warnings", "damaged" };
	size_t total = 0;

	style_begin(style, out, paints[report->verdict]);
	if (report->stops_at != STMBOOT_NO_STAGE)
		buffer_printf(out, "stops at %s",
			      stmboot_stage_text((enum stmboot_stage)report->stops_at));
	else
		buffer_puts(out, (render_has_boot(report->boot) ? boots : good)[report->verdict]);
	style_end(style, out, paints[report->verdict]);
	for (int severity = STMBOOT_ERROR; severity >= STMBOOT_NOTE; severity--) {
		size_t some = render_count(report->diags, (enum stmboot_severity)severity);

		if (some == 0)
			continue;
		buffer_printf(out, "%s%zu %s%s", total == 0 ? ": " : ", ", some,
			      stmboot_severity_text((enum stmboot_severity)severity),
			      some == 1 ? "" : "s");
		total += some;
	}
	buffer_puts(out, "\n");
}

void render_text(struct buffer *out, const struct report *report, const struct options *o)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	bool quiet = o->value[OPTION_QUIET] != 0;
	bool verbose = o->value[OPTION_VERBOSE] != 0;

	if (!quiet) {
		add_header(out, report, &style);
		render_map(out, report, &style);
		add_layout(out, report, &style);
		if (verbose) {
			add_guids(out, report, &style);
			render_fits(out, report, &style);
		}
		buffer_puts(out, "\n");
		for (int i = 0; i < STMBOOT_STAGE_COUNT; i++)
			add_stage(out, &style, &report->boot->stages[i]);
		add_facts(out, report->boot, &style);
		buffer_puts(out, "\n");
	}
	render_verdict(out, report, &style);
	render_findings(out, report, &style, !quiet, verbose);
}
