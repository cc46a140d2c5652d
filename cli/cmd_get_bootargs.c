/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <stdlib.h>

#include <stmboot/boot.h>
#include <stmboot/cmdline.h>
#include <stmboot/text.h>

#include "buffer.h"
#include "fail.h"
#include "json.h"
#include "style.h"

/* What is asked for, and of which label. */
struct request {
	const struct options *o;
	const char *label;
	const char *append;
	const char *bootargs;
	const char *key; /* NULL: all */
};

static bool is_wanted(const struct request *r, const struct stmboot_cmdline_argument *argument)
{
	return !argument->after_dashdash &&
	       (r->key == NULL || stmboot_cmdline_same_key(argument->key, r->key));
}

static void add_json(struct buffer *out, const struct request *r,
		     const struct stmboot_cmdline *cmdline)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.bootargs/1");
	json_text(&j, "label", r->label);
	json_text(&j, "append", r->append);
	json_text(&j, "bootargs", r->bootargs);
	json_open(&j, "arguments", '[');
	for (size_t i = 0; i < cmdline->argument_count; i++) {
		if (!is_wanted(r, &cmdline->arguments[i]))
			continue;
		json_open(&j, NULL, '{');
		json_text(&j, "key", cmdline->arguments[i].key);
		json_text(&j, "value", cmdline->arguments[i].value);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}

/* The line, or the value of the argument; a flag has an empty one. */
static void add_text(struct buffer *out, const struct request *r, const char *line,
		     const struct stmboot_cmdline_argument *found)
{
	const struct style style = style_choose((enum color_choice)r->o->value[OPTION_COLOR]);

	if (r->key == NULL)
		style_escape(&style, out, line);
	else if (found != NULL)
		style_escape(&style, out, found->value != NULL ? found->value : "");
	if (r->key == NULL || found != NULL)
		buffer_puts(out, "\n");
}

static int say_no_key(const struct request *r, const struct stmboot_cmdline *cmdline)
{
	const char *best = NULL;
	char room[NEAR_ROOM];
	struct buffer message = { 0 };
	int result;

	for (size_t i = 0; i < cmdline->argument_count; i++)
		stmboot_similar(r->key, cmdline->arguments[i].key, &best);
	buffer_printf(&message, "the command line of label '%s' has no '%s'", r->label, r->key);
	result = say_absent(r->o, r->o->operands[0], message.data,
			    did_you_mean(best, "'stmboot get-bootargs' shows all", room));
	buffer_release(&message);
	return result;
}

static int answer(struct stmboot_context *ctx, const struct request *r)
{
	const char *line = r->o->value[OPTION_RAW] != 0 ? r->append : r->bootargs;
	const struct stmboot_cmdline_argument *found = NULL;
	const struct stmboot_cmdline *cmdline = NULL;
	struct buffer out = { 0 };
	enum stmboot_status status;
	int result;

	if (line == NULL)
		line = "";
	status = stmboot_cmdline_decode(ctx, line, &cmdline);
	if (status != STMBOOT_OK)
		return fail(r->o, r->o->operands[0], stmboot_status_text(status), NULL);
	if (r->key != NULL)
		found = stmboot_cmdline_find(cmdline, r->key);
	if (r->o->value[OPTION_JSON] != 0)
		add_json(&out, r, cmdline);
	else
		add_text(&out, r, line, found);
	result = finish(r->o, &out);
	if (result == EXIT_DONE && r->key != NULL && found == NULL)
		result = say_no_key(r, cmdline);
	stmboot_cmdline_free(cmdline);
	return result;
}

static int fail_label(const struct options *o, const struct stmboot_boot *boot, const char *name)
{
	struct buffer message = { 0 };
	const char *best = NULL;
	char room[NEAR_ROOM];
	int result;

	for (size_t i = 0; i < boot->label_count; i++)
		stmboot_similar(name, boot->labels[i].name, &best);
	buffer_printf(&message, "there is no label '%s'", name);
	result = fail(o, o->operands[0], message.data,
		      did_you_mean(best, "'stmboot extlinux show' lists them", room));
	buffer_release(&message);
	return result;
}

static int tell(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
		const struct stmboot_boot *boot)
{
	const char *name = option_word(o, OPTION_LABEL);
	const struct stmboot_boot_label *label = stmboot_boot_find_label(boot, name);

	(void)image;
	if (label == NULL && name != NULL && boot->label_count > 0)
		return fail_label(o, boot, name);
	if (label == NULL)
		return fail(o, o->operands[0], "U-Boot finds no label that it could boot",
			    "'stmboot inspect' says why");
	return answer(ctx,
		      &(struct request){ .o = o,
					 .label = label->name,
					 .append = label->append,
					 .bootargs = label->bootargs,
					 .key = o->operand_count > 1 ? o->operands[1] : NULL });
}

int cmd_get_bootargs(struct stmboot_context *ctx, const struct options *o)
{
	return with_boot(ctx, o, tell);
}
