/* SPDX-License-Identifier: MIT */
#include "cmd_fip.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <stmboot/extract.h>
#include <stmboot/text.h>

#include "at_place.h"
#include "cmd.h"
#include "fail.h"
#include "style.h"

/* The last two operands. */
static const char *name_of(const struct options *o)
{
	return o->operands[o->operand_count - 2];
}

static const char *file_of(const struct options *o)
{
	return o->operands[o->operand_count - 1];
}

static bool is_all(const struct options *o)
{
	return strcmp(name_of(o), "all") == 0;
}

static void add_json(struct buffer *out, const struct package *p, uint64_t images, uint64_t bytes)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.fip-extract/1");
	json_u64(&j, "partition", p->part->number);
	json_text(&j, "image", is_all(p->o) ? NULL : name_of(p->o));
	json_text(&j, "file", file_of(p->o));
	json_u64(&j, "images", images);
	json_u64(&j, "bytes", bytes);
	json_close(&j, '}');
}

static void add_text(struct buffer *out, const struct options *o, uint64_t images, uint64_t bytes)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	char size[SIZE_TEXT];

	if (o->value[OPTION_QUIET] != 0)
		return;
	style_size(bytes, size);
	buffer_puts(out, "wrote ");
	style_escape(&style, out, file_of(o));
	if (is_all(o))
		buffer_printf(out, ": %" PRIu64 " image%s, %s\n", images, images == 1 ? "" : "s",
			      size);
	else
		buffer_printf(out, ": %s\n", size);
}

static int tell(const struct package *p, enum stmboot_status status,
		const struct stmboot_refusal *why, uint64_t images, uint64_t bytes)
{
	struct buffer out = { 0 };

	if (status != STMBOOT_OK)
		return fail(p->o, file_of(p->o),
			    why->message[0] != '\0' ? why->message : stmboot_status_text(status),
			    why->hint[0] != '\0' ? why->hint : NULL);
	if (p->o->value[OPTION_JSON] != 0)
		add_json(&out, p, images, bytes);
	else
		add_text(&out, p->o, images, bytes);
	return finish(p->o, &out);
}

static int extract_all(const struct package *p)
{
	const struct stmboot_extract_options how = { .struct_size = sizeof(how),
						     .image = p->o->operands[0] };
	struct stmboot_refusal why = { .message = "" };
	uint64_t images = 0, bytes = 0;
	enum stmboot_status status =
		stmboot_extract_fip(p->ctx, p->src, p->fip, file_of(p->o), &how, &why);

	for (size_t i = 0; i < p->fip->entry_count; i++) {
		const struct stmboot_fip_entry *e = &p->fip->entries[i];

		if (stmboot_fip_find(p->fip, e->uuid_text) != e)
			continue;
		images++;
		bytes += e->fits ? e->size : 0;
	}
	return tell(p, status, &why, images, bytes);
}

static int stream(const struct package *p, struct stmboot_source *src)
{
	int error = 0;
	enum stmboot_status status = stream_source(p->o, src, &error);

	if (error != 0)
		return fail(p->o, "standard output", strerror(error), NULL);
	return status == STMBOOT_OK ? EXIT_DONE : fail_open(p->o, p->o->operands[0], status, errno);
}

static int write_file(const struct package *p, struct stmboot_source *src)
{
	const struct stmboot_extract_options how = { .struct_size = sizeof(how),
						     .image = p->o->operands[0] };
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status = stmboot_extract_source(p->ctx, src, file_of(p->o), &how, &why);

	return tell(p, status, &why, 1, stmboot_source_size(src));
}

/* A part of an image would be taken for all of it. */
static int fail_entry(const struct package *p, const struct stmboot_fip_entry *e)
{
	struct buffer message = { 0 };
	const char *best = NULL;
	char room[NEAR_ROOM];
	int result;

	for (size_t i = 0; e == NULL && i < p->fip->entry_count; i++)
		if (p->fip->entries[i].name != NULL)
			stmboot_similar(name_of(p->o), p->fip->entries[i].name, &best);
	if (e == NULL)
		buffer_printf(&message, "the firmware package has no image '%s'", name_of(p->o));
	else
		buffer_printf(&message, "%s reaches past the end of the package", name_of(p->o));
	result = fail(p->o, p->o->operands[0], message.data,
		      e == NULL ? did_you_mean(best, "'stmboot fip show' lists them", room) : NULL);
	buffer_release(&message);
	return result;
}

static int extract_one(const struct package *p)
{
	const struct stmboot_fip_entry *e = stmboot_fip_find(p->fip, name_of(p->o));
	struct stmboot_source *window = NULL;
	enum stmboot_status status;
	int result;

	if (e == NULL || !e->fits)
		return fail_entry(p, e);
	status = stmboot_source_window(p->ctx, p->src, e->offset, e->size, &window);
	if (status != STMBOOT_OK)
		return fail(p->o, p->o->operands[0], stmboot_status_text(status), NULL);
	result = strcmp(file_of(p->o), "-") == 0 ? stream(p, window) : write_file(p, window);
	stmboot_source_close(window);
	return result;
}

static int find(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
		const struct stmboot_boot *boot)
{
	return with_package(ctx, o, image, boot, o->operand_count > 3 ? o->operands[1] : NULL,
			    is_all(o) ? extract_all : extract_one);
}

int cmd_fip_extract(struct stmboot_context *ctx, const struct options *o)
{
	bool to_stdout = strcmp(file_of(o), "-") == 0;

	if (to_stdout && is_all(o))
		return fail(o, NULL, "all images cannot go to standard output",
			    "name a folder instead of '-'");
	if (to_stdout && o->value[OPTION_JSON] != 0)
		return fail(o, NULL, "--json and the content cannot both go to standard output",
			    "name a file instead of '-'");
	return with_boot(ctx, o, find);
}
