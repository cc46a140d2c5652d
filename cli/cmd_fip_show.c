/* SPDX-License-Identifier: MIT */
#include "cmd_fip.h"

#include <inttypes.h>
#include <string.h>

#include <stmboot/place.h>

#include "cmd.h"
#include "fail.h"
#include "render.h"
#include "style.h"

enum { NAME_WIDTH = 18 };

int with_package(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
		 const struct stmboot_boot *boot, const char *partition,
		 int (*tell)(const struct package *package))
{
	struct package package = { .ctx = ctx, .o = o, .image = image, .boot = boot };
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status = stmboot_place_fip(image, boot, partition, &why, &package.part);
	int result;

	if (status != STMBOOT_OK)
		return fail_refused(o, status, &why);
	package.src = stmboot_image_part_source(image, package.part->number);
	status = stmboot_fip_decode(ctx, package.src, &package.fip);
	if (status != STMBOOT_OK)
		return fail_refused(o, status, &why);
	result = tell(&package);
	stmboot_fip_free(package.fip);
	return result;
}

static void add_json(struct buffer *out, const struct package *p, const struct stmboot_diags *diags)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.fip/1");
	json_u64(&j, "partition", p->part->number);
	json_text(&j, "name", p->part->entry != NULL ? p->part->entry->name : NULL);
	json_u64(&j, "offset", p->part->offset);
	json_u64(&j, "size", p->part->size);
	render_fip_members(&j, p->fip, p->part->offset);
	render_findings_json(&j, diags);
	json_close(&j, '}');
}

/* What an image is, as far as it says so. */
static void add_payload(struct buffer *out, const struct style *style,
			const struct stmboot_fip_entry *e,
			const struct stmboot_fip_payload *payload)
{
	bool known = payload != NULL && payload->known;

	if (known && payload->program != NULL)
		buffer_printf(out, "%s %s", payload->program, payload->version);
	else
		buffer_puts(out, e->title != NULL ? e->title : "not known");
	if (known && payload->board != NULL) {
		buffer_puts(out, ", for ");
		style_escape(style, out, payload->board);
	}
	if (known && payload->encryption != NULL)
		buffer_puts(out, ", encrypted");
	if (known && payload->hash == STMBOOT_FIP_HASH_AGREES)
		buffer_puts(out, ", as certified");
	buffer_puts(out, "\n");
}

static void add_entries(struct buffer *out, const struct style *style,
			const struct stmboot_fip *fip)
{
	style_begin(style, out, PAINT_FAINT);
	buffer_printf(out, "\n  %-*s%12s%12s  %s\n", NAME_WIDTH, "image", "offset", "size",
		      "content");
	style_end(style, out, PAINT_FAINT);
	for (size_t i = 0; i < fip->entry_count; i++) {
		const struct stmboot_fip_entry *e = &fip->entries[i];
		const char *name = e->name != NULL ? e->name : e->uuid_text;

		buffer_printf(out, "  %-*s", NAME_WIDTH, name);
		if (strlen(name) >= NAME_WIDTH)
			buffer_printf(out, "\n  %*s", NAME_WIDTH, "");
		buffer_printf(out, "%#12" PRIx64 "%12" PRIu64 "  ", e->offset, e->size);
		add_payload(out, style, e, fip->payloads != NULL ? &fip->payloads[i] : NULL);
	}
}

static void add_text(struct buffer *out, const struct package *p, const struct stmboot_diags *diags)
{
	const struct options *o = p->o;
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	const struct report report = { .image = p->image, .diags = diags };
	char total[SIZE_TEXT], size[SIZE_TEXT];

	style_size(p->fip->total_bytes, total);
	style_size(p->part->size, size);
	style_escape(&style, out, o->operands[0]);
	if (p->part->entry != NULL) {
		buffer_printf(out, ": partition %" PRIu32 " (", p->part->number);
		style_escape(&style, out, p->part->entry->name);
		buffer_puts(out, ")");
	}
	buffer_printf(out, ": FIP, %zu image%s, %s of %s\n", p->fip->entry_count,
		      p->fip->entry_count == 1 ? "" : "s", total, size);
	add_entries(out, &style, p->fip);
	render_findings(out, &report, &style, o->value[OPTION_QUIET] == 0,
			o->value[OPTION_VERBOSE] != 0);
}

static int show(const struct package *p)
{
	struct stmboot_diags *diags = NULL;
	struct buffer out = { 0 };
	enum stmboot_status status = stmboot_diags_new(p->ctx, &diags);

	if (status == STMBOOT_OK)
		status = stmboot_fip_identify(p->ctx, p->src, p->fip);
	if (status == STMBOOT_OK)
		status = stmboot_fip_validate(p->fip, p->src, p->boot->soc, diags);
	if (status != STMBOOT_OK && status != STMBOOT_LIMIT) {
		stmboot_diags_free(diags);
		return fail(p->o, p->o->operands[0], stmboot_status_text(status), NULL);
	}
	if (p->o->value[OPTION_JSON] != 0)
		add_json(&out, p, diags);
	else
		add_text(&out, p, diags);
	stmboot_diags_free(diags);
	return finish(p->o, &out);
}

static int find(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
		const struct stmboot_boot *boot)
{
	return with_package(ctx, o, image, boot, o->operand_count > 1 ? o->operands[1] : NULL,
			    show);
}

int cmd_fip_show(struct stmboot_context *ctx, const struct options *o)
{
	return with_boot(ctx, o, find);
}
