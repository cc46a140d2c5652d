/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <inttypes.h>

#include <stmboot/boot.h>
#include <stmboot/extlinux.h>

#include "buffer.h"
#include "fail.h"
#include "json.h"
#include "style.h"

/* The lines of a label that have one value each. */
static const struct {
	const char *key;
	size_t offset;
} values[] = {
	{ "kernel", offsetof(struct stmboot_extlinux_label, kernel_value) },
	{ "append", offsetof(struct stmboot_extlinux_label, append) },
	{ "initrd", offsetof(struct stmboot_extlinux_label, initrd) },
	{ "fdt", offsetof(struct stmboot_extlinux_label, fdt) },
	{ "fdtdir", offsetof(struct stmboot_extlinux_label, fdtdir) },
	{ "fdtoverlays", offsetof(struct stmboot_extlinux_label, fdtoverlays) },
	{ "menu", offsetof(struct stmboot_extlinux_label, menu) },
	{ "ipappend", offsetof(struct stmboot_extlinux_label, ipappend) },
	{ "localboot", offsetof(struct stmboot_extlinux_label, localboot) },
};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

static const char *value_of(const struct stmboot_extlinux_label *label, size_t index)
{
	const struct stmboot_extlinux_text *text =
		(const void *)((const char *)label + values[index].offset);

	return text->text;
}

static void add_label_json(struct json *j, const struct stmboot_extlinux_label *label)
{
	json_open(j, NULL, '{');
	json_text(j, "name", label->name.text);
	for (size_t i = 0; i < VALUES; i++)
		json_text(j, values[i].key, value_of(label, i));
	json_bool(j, "kaslrseed", label->kaslrseed);
	json_u64(j, "line", label->name.line);
	json_close(j, '}');
}

static void add_json(struct buffer *out, const struct stmboot_boot *boot,
		     const struct stmboot_extlinux *conf)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.extlinux/1");
	json_open(&j, "config", '{');
	json_known(&j, "partition", boot->config.partition != STMBOOT_NO_PARTITION,
		   (uint32_t)boot->config.partition);
	json_text(&j, "path", boot->config.path);
	json_close(&j, '}');
	json_text(&j, "outcome", stmboot_extlinux_outcome_text(conf->outcome));
	json_text(&j, "label", boot->label);
	json_text(&j, "default", conf->default_name.text);
	json_known(&j, "timeout_tenths", conf->timeout.text != NULL,
		   (uint32_t)(conf->timeout_tenths > 0 ? conf->timeout_tenths : 0));
	json_text(&j, "wait", stmboot_extlinux_wait_text(conf->selection.wait));
	json_text(&j, "title", conf->title.text);
	json_open(&j, "labels", '[');
	for (size_t i = 0; i < conf->label_count; i++)
		add_label_json(&j, &conf->labels[i]);
	json_close(&j, ']');
	json_close(&j, '}');
}

static void add_value(struct buffer *out, const struct style *style, const char *indent,
		      const char *key, const char *value)
{
	if (value == NULL)
		return;
	buffer_puts(out, indent);
	style_begin(style, out, PAINT_FAINT);
	buffer_puts(out, key);
	style_end(style, out, PAINT_FAINT);
	buffer_puts(out, " ");
	style_escape(style, out, value);
	buffer_puts(out, "\n");
}

static void add_wait(struct buffer *out, const struct stmboot_extlinux *conf)
{
	if (conf->outcome != STMBOOT_EXTLINUX_READ)
		buffer_printf(out, "U-Boot %s this file at line %" PRIu32 "\n",
			      conf->outcome == STMBOOT_EXTLINUX_REJECTED ? "rejects" : "crashes on",
			      conf->fault_at.line);
	else if (conf->selection.wait == STMBOOT_EXTLINUX_WAIT_FOREVER)
		buffer_puts(out, "U-Boot waits in its menu for ever\n");
	else if (conf->selection.wait == STMBOOT_EXTLINUX_WAIT_SECONDS)
		buffer_printf(out, "U-Boot waits %" PRId32 " s in its menu\n",
			      conf->selection.wait_seconds);
}

static void add_text(struct buffer *out, const struct stmboot_boot *boot,
		     const struct stmboot_extlinux *conf, const struct options *o)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);

	style_escape(&style, out, boot->config.path);
	if (boot->config.partition > 0)
		buffer_printf(out, " in partition %" PRId32, boot->config.partition);
	buffer_puts(out, "\n");
	add_wait(out, conf);
	add_value(out, &style, "", "default", conf->default_name.text);
	add_value(out, &style, "", "timeout", conf->timeout.text);
	for (size_t i = 0; i < conf->label_count; i++) {
		buffer_puts(out, "\n");
		style_begin(&style, out, PAINT_STRONG);
		buffer_puts(out, "label ");
		style_escape(&style, out, conf->labels[i].name.text);
		style_end(&style, out, PAINT_STRONG);
		buffer_puts(out, (int32_t)i == boot->label_index ? "  (taken)\n" : "\n");
		for (size_t k = 0; k < VALUES; k++)
			add_value(out, &style, "  ", values[k].key, value_of(&conf->labels[i], k));
		if (conf->labels[i].kaslrseed)
			buffer_puts(out, "  kaslrseed\n");
	}
}

static int show(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
		const struct stmboot_boot *boot)
{
	const struct stmboot_extlinux *conf = stmboot_boot_configuration(boot);
	struct buffer out = { 0 };

	(void)ctx;
	(void)image;
	if (conf == NULL)
		return fail(o, o->operands[0], "there is no extlinux.conf that U-Boot would read",
			    "'stmboot inspect' says what it finds");
	if (o->value[OPTION_JSON] != 0)
		add_json(&out, boot, conf);
	else
		add_text(&out, boot, conf, o);
	return finish(o, &out);
}

int cmd_extlinux_show(struct stmboot_context *ctx, const struct options *o)
{
	return with_boot(ctx, o, show);
}
