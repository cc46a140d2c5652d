/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <inttypes.h>
#include <string.h>

#include "style.h"

static const enum paint paints[] = { [STMBOOT_NOTE] = PAINT_STRONG,
				     [STMBOOT_WARNING] = PAINT_WARNING,
				     [STMBOOT_ERROR] = PAINT_BAD };

/* A partition goes by its name where that tells it from all others. */
static bool name_is_unique(const struct stmboot_image *image, const struct stmboot_part *part)
{
	if (part->entry == NULL || part->entry->name[0] == '\0')
		return false;
	for (size_t i = 0; i < stmboot_image_part_count(image); i++) {
		const struct stmboot_part *other = stmboot_image_part(image, i);

		if (other != part && other->entry != NULL &&
		    strcmp(other->entry->name, part->entry->name) == 0)
			return false;
	}
	return true;
}

static void add_partition(struct buffer *text, const struct report *report,
			  const struct stmboot_place *place)
{
	const struct stmboot_part *part =
		stmboot_image_find(report->image, (uint32_t)place->partition);

	if (place->partition == 0)
		return;
	if (part != NULL && name_is_unique(report->image, part))
		buffer_puts(text, part->entry->name);
	else
		buffer_printf(text, "partition %" PRId32, place->partition);
	if (place->has_offset && place->path == NULL && part != NULL &&
	    place->offset >= part->offset)
		buffer_printf(text, "+0x%" PRIx64, place->offset - part->offset);
}

/* "fsbl1+0x44 (medium 0x4444), 4 bytes", "rootfs:/boot/extlinux/extlinux.conf line 3". */
void render_place(struct buffer *text, const struct report *report,
		  const struct stmboot_place *place)
{
	bool within = place->partition > 0;

	if (place->partition != STMBOOT_NO_PARTITION)
		add_partition(text, report, place);
	if (place->path != NULL)
		buffer_printf(text, "%s%s", within ? ":" : "", place->path);
	if (place->line != 0)
		buffer_printf(text, " line %" PRIu32, place->line);
	if (!place->has_offset)
		return;
	if (text->length != 0)
		buffer_printf(text, " (medium 0x%" PRIx64 ")", place->offset);
	else
		buffer_printf(text, "medium 0x%" PRIx64, place->offset);
	if (place->length != 0)
		buffer_printf(text, ", %" PRIu64 " byte%s", place->length,
			      place->length == 1 ? "" : "s");
}

/* The place, then what was found and expected there. */
static void add_evidence(struct buffer *text, const struct report *report,
			 const struct stmboot_diag *diag)
{
	render_place(text, report, &diag->place);
	if (text->length != 0 && (diag->found != NULL || diag->expected != NULL))
		buffer_puts(text, ": ");
	if (diag->found != NULL)
		buffer_printf(text, "found %s", diag->found);
	if (diag->expected != NULL)
		buffer_printf(text, "%sexpected %s", diag->found != NULL ? ", " : "",
			      diag->expected);
}

static void indented(struct buffer *out, const struct style *style, const char *title,
		     const char *text)
{
	struct buffer safe = { 0 };

	style_escape(style, &safe, text);
	if (safe.data != NULL) {
		buffer_printf(out, "  %s", title);
		style_wrap(style, out, safe.data, 2 + strlen(title), 4);
		buffer_puts(out, "\n");
	}
	out->failed = out->failed || safe.failed;
	buffer_release(&safe);
}

/* In one line where a program may look for it. */
static void add_message(struct buffer *out, const struct style *style,
			const struct stmboot_diag *diag)
{
	struct buffer safe = { 0 };
	size_t before = strlen(stmboot_severity_text(diag->severity)) + strlen(diag->code) + 4;

	style_escape(style, &safe, diag->message);
	if (style->terminal)
		style_wrap(style, out, safe.data != NULL ? safe.data : "", before, 4);
	else
		buffer_puts(out, safe.data != NULL ? safe.data : "");
	out->failed = out->failed || safe.failed;
	buffer_release(&safe);
}

static void add_finding(struct buffer *out, const struct report *report, const struct style *style,
			const struct stmboot_diag *diag, bool explain)
{
	const struct stmboot_code *code = stmboot_code_find(diag->code);
	struct buffer evidence = { 0 };

	style_begin(style, out, paints[diag->severity]);
	buffer_printf(out, "%s[%s]", stmboot_severity_text(diag->severity), diag->code);
	style_end(style, out, paints[diag->severity]);
	buffer_puts(out, ": ");
	add_message(out, style, diag);
	buffer_puts(out, "\n");
	add_evidence(&evidence, report, diag);
	if (evidence.length != 0)
		indented(out, style, "", evidence.data);
	out->failed = out->failed || evidence.failed;
	buffer_release(&evidence);
	if (diag->hint != NULL)
		indented(out, style, "hint: ", diag->hint);
	if (explain && code != NULL) {
		indented(out, style, "why: ", code->explanation);
		indented(out, style, "decided by: ", code->source);
	}
}

void render_findings(struct buffer *out, const struct report *report, const struct style *style,
		     bool notes, bool explain)
{
	int least = notes ? STMBOOT_NOTE : STMBOOT_WARNING;

	for (int severity = STMBOOT_ERROR; severity >= least; severity--) {
		for (size_t i = 0; i < stmboot_diags_count(report->diags); i++) {
			const struct stmboot_diag *diag = stmboot_diags_get(report->diags, i);

			if ((int)diag->severity != severity)
				continue;
			buffer_puts(out, "\n");
			add_finding(out, report, style, diag, explain);
		}
	}
}
