/* SPDX-License-Identifier: MIT */
/* What stands in a device tree. */
#include "cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <stmboot/dtb_edit.h>
#include <stmboot/place.h>
#include <stmboot/text.h>

#include "dtb.h"
#include "edit.h"
#include "fail.h"
#include "render.h"

enum stmboot_status dtb_file(const struct stmboot_image *image, const struct stmboot_boot *boot,
			     const struct options *o, struct stmboot_refusal *why,
			     struct stmboot_file_ref *place, const struct stmboot_file_ref **out)
{
	const char *text = option_word(o, OPTION_FILE);

	*out = text != NULL ? place : NULL;
	return text != NULL ? stmboot_place_parse(image, boot, text, why, place) : STMBOOT_OK;
}

bool dtb_type(const struct options *o, struct stmboot_dtb_type *out)
{
	const char *text = option_word(o, OPTION_TYPE);

	*out = (struct stmboot_dtb_type){ 0 };
	return text == NULL || stmboot_dtb_type_parse(text, out) == STMBOOT_OK;
}

int dtb_fail_type(const struct options *o)
{
	char message[160];

	(void)snprintf(message, sizeof(message),
		       "--type takes s, i, u or x, behind hh or b, h, l for its bytes, not '%s'",
		       option_word(o, OPTION_TYPE));
	return fail(o, NULL, message, "fdtput has the same types");
}

/* Read the tree that is meant, and tell of it. */
static int with_tree(struct stmboot_context *ctx, const struct options *o,
		     struct stmboot_image *image, const struct stmboot_boot *boot,
		     int (*tell)(const struct options *o, struct dtb_report *report))
{
	struct dtb_report report = { .boot = boot };
	struct stmboot_refusal why = { .message = "" };
	const struct stmboot_file_ref *file;
	struct stmboot_file_ref place;
	struct stmboot_dtb *dtb = NULL;
	enum stmboot_status status;
	int result;

	errno = 0;
	status = dtb_file(image, boot, o, &why, &place, &file);
	if (status == STMBOOT_OK)
		status = stmboot_boot_read_dtb(ctx, image, boot, file, &why, &report.file, &dtb);
	if (status != STMBOOT_OK)
		return edit_fail(o, status, &why, errno, NULL);
	report.boots = file == NULL;
	report.dtb = dtb;
	result = tell(o, &report);
	stmboot_dtb_free(dtb);
	return result;
}

static int show_tree(const struct options *o, struct dtb_report *report)
{
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status = STMBOOT_OK;
	struct buffer out = { 0 };

	report->node = report->dtb->root;
	if (o->operand_count > 1)
		status = stmboot_dtb_locate(report->dtb, o->operands[1], &why, &report->node);
	if (status != STMBOOT_OK)
		return edit_fail(o, status, &why, 0, NULL);
	if (o->value[OPTION_JSON] != 0)
		render_dtb_json(&out, report);
	else
		render_dtb_text(&out, report, o);
	return finish(o, &out);
}

static int show(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
		const struct stmboot_boot *boot)
{
	return with_tree(ctx, o, image, boot, show_tree);
}

int cmd_dtb_show(struct stmboot_context *ctx, const struct options *o)
{
	return with_boot(ctx, o, show);
}

/* Which file it is not in is told with what. */
static int say_no_property(const struct options *o, const struct dtb_report *report,
			   const struct stmboot_refusal *no_node)
{
	struct buffer subject = { 0 }, message = { 0 };
	const char *best = NULL, *hint = hint_of(no_node);
	char room[NEAR_ROOM];
	int result;

	buffer_puts(&subject, o->operands[0]);
	if (report->file.path != NULL)
		buffer_printf(&subject, ": %" PRIu32 ":%s", (uint32_t)report->file.partition,
			      report->file.path);
	if (report->node != NULL) {
		for (size_t i = 0; i < report->node->property_count; i++)
			stmboot_similar(o->operands[2], report->node->properties[i].name, &best);
		buffer_printf(&message, "'%s' has no property '%s'", o->operands[1],
			      o->operands[2]);
		hint = did_you_mean(best, "'stmboot dtb show' shows all", room);
	} else {
		buffer_puts(&message, no_node->message);
	}
	result = say_absent(o, subject.data, message.data, hint);
	buffer_release(&message);
	buffer_release(&subject);
	return result;
}

static int get_property(const struct options *o, struct dtb_report *report)
{
	struct stmboot_refusal why = { .message = "" }, no_node = { .message = "" };
	struct stmboot_dtb_type asked;
	struct buffer out = { 0 };
	int result;

	(void)dtb_type(o, &asked);
	if (stmboot_dtb_locate(report->dtb, o->operands[1], &no_node, &report->node) == STMBOOT_OK)
		report->property = stmboot_dtb_find_property(report->node, o->operands[2]);
	if (report->property != NULL) {
		enum stmboot_status status =
			stmboot_dtb_type_choose(report->property, &asked, &why, &report->type);

		if (status != STMBOOT_OK)
			return edit_fail(o, status, &why, 0, NULL);
	}
	if (o->value[OPTION_JSON] != 0)
		render_dtb_property_json(&out, report);
	else
		render_dtb_property_text(&out, report, o);
	result = finish(o, &out);
	return result == EXIT_DONE && report->property == NULL
		       ? say_no_property(o, report, &no_node)
		       : result;
}

static int get(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
	       const struct stmboot_boot *boot)
{
	return with_tree(ctx, o, image, boot, get_property);
}

int cmd_dtb_get(struct stmboot_context *ctx, const struct options *o)
{
	struct stmboot_dtb_type type;

	return dtb_type(o, &type) ? with_boot(ctx, o, get) : dtb_fail_type(o);
}
