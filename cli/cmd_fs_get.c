/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <inttypes.h>
#include <string.h>

#include <stmboot/extract.h>

#include "at_place.h"
#include "fail.h"
#include "style.h"

static void add_troubles_json(struct json *j, const char *key,
			      const struct stmboot_extract_result *result, bool failed)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < result->trouble_count; i++) {
		const struct stmboot_extract_trouble *trouble = &result->troubles[i];

		if (trouble->failed != failed)
			continue;
		json_open(j, NULL, '{');
		json_text(j, "path", trouble->path);
		json_text(j, "message", trouble->message);
		json_text(j, "hint", trouble->hint);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_json(struct buffer *out, const struct at_place *at,
		     const struct stmboot_extract_result *result)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.fs-get/1");
	json_u64(&j, "partition", at->partition);
	json_text(&j, "path", at->path);
	json_text(&j, "destination", result->destination);
	json_u64(&j, "files", result->files);
	json_u64(&j, "folders", result->folders);
	json_u64(&j, "symlinks", result->symlinks);
	json_u64(&j, "hard_links", result->hard_links);
	json_u64(&j, "specials", result->specials);
	json_u64(&j, "bytes", result->bytes);
	add_troubles_json(&j, "left_out", result, false);
	add_troubles_json(&j, "failed", result, true);
	json_close(&j, '}');
}

static void add_count(struct buffer *out, uint64_t count, const char *what)
{
	if (count != 0)
		buffer_printf(out, ", %" PRIu64 " %s%s", count, what, count != 1 ? "s" : "");
}

/* "wrote out: 12 files, 3 folders, 5.2 MiB" */
static void add_text(struct buffer *out, const struct options *o,
		     const struct stmboot_extract_result *result)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	struct buffer counts = { 0 };
	char size[SIZE_TEXT];

	if (o->value[OPTION_QUIET] != 0)
		return;
	add_count(&counts, result->files, "file");
	add_count(&counts, result->folders, "folder");
	add_count(&counts, result->symlinks, "symbolic link");
	add_count(&counts, result->hard_links, "hard link");
	add_count(&counts, result->specials, "special file");
	if (counts.data == NULL)
		return;
	style_size(result->bytes, size);
	buffer_puts(out, "wrote ");
	style_escape(&style, out, result->destination);
	buffer_printf(out, ": %s, %s\n", counts.data + 2, size);
	buffer_release(&counts);
}

static void complain_of(const struct options *o, const struct stmboot_extract_trouble *trouble)
{
	struct buffer subject = { 0 };

	if (!trouble->failed && o->value[OPTION_QUIET] != 0)
		return;
	buffer_printf(&subject, "%s: %s", o->operands[0], trouble->path);
	complain(o, subject.data, trouble->message, trouble->hint);
	buffer_release(&subject);
}

/* What was made is shown, and what was not is said. */
static int show(const struct at_place *at, enum stmboot_status status,
		const struct stmboot_refusal *why, const struct stmboot_extract_result *result)
{
	const struct options *o = at->o;
	uint64_t more = result->left_out + result->failed - result->trouble_count;
	struct buffer out = { 0 }, rest = { 0 };
	int code;

	for (size_t i = 0; i < result->trouble_count; i++)
		complain_of(o, &result->troubles[i]);
	if (more > 0)
		buffer_printf(&rest, "and so it is with %" PRIu64 " more", more);
	if (rest.data != NULL)
		complain(o, o->operands[0], rest.data, NULL);
	buffer_release(&rest);
	if (status != STMBOOT_OK && (result->failed == 0 || why->message[0] != '\0'))
		return fail_refused(o, status, why);
	if (o->value[OPTION_JSON] != 0)
		add_json(&out, at, result);
	else
		add_text(&out, o, result);
	code = finish(o, &out);
	return code == EXIT_DONE && result->failed > 0 ? EXIT_NOT_DONE : code;
}

static int extract(const struct at_place *at)
{
	const struct options *o = at->o;
	const struct stmboot_extract_options how = { .struct_size = sizeof(how),
						     .image = o->operands[0],
						     .recursive = o->value[OPTION_RECURSIVE] != 0,
						     .preserve = o->value[OPTION_PRESERVE] != 0,
						     .devices = o->value[OPTION_DEVICES] != 0 };
	const struct stmboot_extract_result *result = NULL;
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status =
		stmboot_extract(at->ctx, at->fs, at->path,
				o->operand_count > 2 ? o->operands[2] : NULL, &how, &why, &result);
	int code = result != NULL ? show(at, status, &why, result) : fail_refused(o, status, &why);

	stmboot_extract_free(result);
	return code;
}

/* Nothing but content has a place in a pipe. */
static int stream(struct stmboot_context *ctx, const struct options *o)
{
	static const char hint[] = "name a file instead of '-'";

	if (o->value[OPTION_JSON] != 0)
		return fail(o, NULL, "--json and the content cannot both go to standard output",
			    hint);
	if (o->value[OPTION_PRESERVE] != 0 || o->value[OPTION_DEVICES] != 0)
		return fail(o, NULL, "--preserve and --devices need a file to work on", hint);
	return with_place(ctx, o, o->operands[1], stream_file);
}

int cmd_fs_get(struct stmboot_context *ctx, const struct options *o)
{
	if (o->operand_count > 2 && strcmp(o->operands[2], "-") == 0)
		return stream(ctx, o);
	return with_place(ctx, o, o->operands[1], extract);
}
