/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <stmboot/extract.h>
#include <stmboot/place.h>

#include "at_place.h"
#include "fail.h"
#include "style.h"

static void add_json(struct buffer *out, const struct stmboot_part *part, const char *file)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.part-read/1");
	json_u64(&j, "partition", part->number);
	json_text(&j, "name", part->entry != NULL ? part->entry->name : NULL);
	json_u64(&j, "offset", part->offset);
	json_u64(&j, "size", part->size);
	json_text(&j, "file", file);
	json_close(&j, '}');
}

static void add_text(struct buffer *out, const struct options *o, const struct stmboot_part *part)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	char size[SIZE_TEXT];

	if (o->value[OPTION_QUIET] != 0)
		return;
	style_size(part->size, size);
	buffer_puts(out, "wrote ");
	style_escape(&style, out, o->operands[2]);
	buffer_printf(out, ": %s\n", size);
}

static int stream(const struct options *o, struct stmboot_source *src)
{
	int error = 0;
	enum stmboot_status status = stream_source(o, src, &error);

	if (error != 0)
		return fail(o, "standard output", strerror(error), NULL);
	return status == STMBOOT_OK ? EXIT_DONE : fail_open(o, o->operands[0], status, errno);
}

static int write_file(struct stmboot_context *ctx, const struct options *o,
		      const struct stmboot_part *part, struct stmboot_source *src)
{
	const struct stmboot_extract_options how = { .struct_size = sizeof(how),
						     .image = o->operands[0] };
	struct stmboot_refusal why = { .message = "" };
	struct buffer out = { 0 };
	enum stmboot_status status = stmboot_extract_source(ctx, src, o->operands[2], &how, &why);

	if (status != STMBOOT_OK)
		return fail(o, o->operands[2],
			    why.message[0] != '\0' ? why.message : stmboot_status_text(status),
			    why.hint[0] != '\0' ? why.hint : NULL);
	if (o->value[OPTION_JSON] != 0)
		add_json(&out, part, o->operands[2]);
	else
		add_text(&out, o, part);
	return finish(o, &out);
}

/* A part of a partition would be taken for all of it. */
static int fail_cut(const struct options *o, const struct stmboot_part *part)
{
	struct buffer message = { 0 };
	int result;

	buffer_printf(&message,
		      "the image ends %" PRIu64 " bytes before partition %" PRIu32 " does",
		      part->size - part->available, part->number);
	result = fail(o, o->operands[0], message.data, "copy the whole card again");
	buffer_release(&message);
	return result;
}

static int read_part(struct stmboot_context *ctx, const struct options *o,
		     struct stmboot_image *image)
{
	bool to_stdout = strcmp(o->operands[2], "-") == 0;
	const struct stmboot_part *part = NULL;
	struct stmboot_refusal why = { .message = "" };
	struct stmboot_source *src;
	enum stmboot_status status = stmboot_place_partition(image, o->operands[1], &why, &part);

	if (status != STMBOOT_OK)
		return fail_refused(o, status, &why);
	if (part->available < part->size)
		return fail_cut(o, part);
	src = stmboot_image_part_source(image, part->number);
	return to_stdout ? stream(o, src) : write_file(ctx, o, part, src);
}

int cmd_part_read(struct stmboot_context *ctx, const struct options *o)
{
	struct stmboot_image *image = NULL;
	int result;

	if (o->value[OPTION_JSON] != 0 && strcmp(o->operands[2], "-") == 0)
		return fail(o, NULL, "--json and the content cannot both go to standard output",
			    "name a file instead of '-'");
	if (!open_image(ctx, o, &image, &result))
		return result;
	result = read_part(ctx, o, image);
	stmboot_image_close(image);
	return result;
}
