/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <inttypes.h>
#include <stdlib.h>

#include <stmboot/dtb_source.h>

static void add_file(struct buffer *out, const struct style *style,
		     const struct stmboot_file_ref *file)
{
	style_escape(style, out, file->path);
	if (file->partition > 0)
		buffer_printf(out, " in partition %" PRId32, file->partition);
}

/* Which file it is, as a comment, and what U-Boot merges into it. */
static void add_head(struct buffer *out, const struct style *style, const struct dtb_report *report)
{
	if (report->file.path == NULL)
		return;
	buffer_puts(out, "// ");
	add_file(out, style, &report->file);
	buffer_puts(out, "\n");
	for (size_t i = 0; report->boots && i < report->boot->overlay_count; i++) {
		buffer_puts(out, "// U-Boot merges into it ");
		add_file(out, style, &report->boot->overlays[i]);
		buffer_puts(out, "\n");
	}
}

void render_dtb_text(struct buffer *out, const struct dtb_report *report, const struct options *o)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	size_t size = stmboot_dtb_source(report->dtb, report->node, NULL, 0) + 1;
	char *text = malloc(size);

	if (text == NULL) {
		out->failed = true;
		return;
	}
	if (o->value[OPTION_QUIET] == 0)
		add_head(out, &style, report);
	stmboot_dtb_source(report->dtb, report->node, text, size);
	buffer_puts(out, text);
	free(text);
}

static void add_file_json(struct json *j, const struct stmboot_file_ref *file)
{
	json_open(j, "file", '{');
	json_u64(j, "partition", (uint32_t)file->partition);
	json_text(j, "path", file->path);
	json_close(j, '}');
}

static void add_property(struct json *j, const char *key,
			 const struct stmboot_dtb_property *property,
			 const struct stmboot_dtb_type *type)
{
	struct stmboot_dtb_value value;
	uint32_t at = 0;

	json_open(j, key, '{');
	json_text(j, "name", property->name);
	json_u64(j, "length", property->length);
	json_text(j, "type", stmboot_dtb_guess_text(stmboot_dtb_guess(property)));
	json_open_flat(j, "values", '[');
	while (stmboot_dtb_next_value(property, type, &at, &value)) {
		if (value.text != NULL)
			json_text(j, NULL, value.text);
		else
			json_i64(j, NULL, value.number);
	}
	json_close(j, ']');
	json_hex(j, "hex", property->data, property->length);
	json_close(j, '}');
}

/* As it looks; cells are not negative. */
static void add_guessed(struct json *j, const struct stmboot_dtb_property *property)
{
	const struct stmboot_dtb_type type = stmboot_dtb_guess_type(stmboot_dtb_guess(property));

	add_property(j, NULL, property, &type);
}

static void add_path(struct json *j, const char *key, const struct stmboot_dtb_node *node)
{
	size_t size = stmboot_dtb_node_path(node, NULL, 0) + 1;
	char *path = malloc(size);

	if (path == NULL) {
		j->out->failed = true;
		return;
	}
	(void)stmboot_dtb_node_path(node, path, size);
	json_text(j, key, path);
	free(path);
}

/* Never deeper than a tree. */
static void add_node(struct json *j, const struct stmboot_dtb_node *node, bool top)
{
	json_open(j, top ? "node" : NULL, '{');
	if (top)
		add_path(j, "path", node);
	json_text(j, "name", node->name);
	json_open(j, "properties", '[');
	for (size_t i = 0; i < node->property_count; i++)
		add_guessed(j, &node->properties[i]);
	json_close(j, ']');
	json_open(j, "nodes", '[');
	for (const struct stmboot_dtb_node *child = node->child; child != NULL; child = child->next)
		add_node(j, child, false);
	json_close(j, ']');
	json_close(j, '}');
}

void render_dtb_json(struct buffer *out, const struct dtb_report *report)
{
	const struct stmboot_dtb *dtb = report->dtb;
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.dtb/1");
	add_file_json(&j, &report->file);
	json_u64(&j, "bytes", dtb->header.total_bytes);
	json_u64(&j, "version", dtb->header.version);
	json_u64(&j, "boot_cpu", dtb->header.boot_cpu);
	json_open(&j, "reserved", '[');
	for (size_t i = 0; i < dtb->reserved_count; i++) {
		json_open(&j, NULL, '{');
		json_u64(&j, "address", dtb->reserved[i].address);
		json_u64(&j, "bytes", dtb->reserved[i].bytes);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	add_node(&j, report->node, true);
	json_close(&j, '}');
}

void render_dtb_property_text(struct buffer *out, const struct dtb_report *report,
			      const struct options *o)
{
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	size_t size;
	char *text;

	if (report->property == NULL)
		return;
	size = stmboot_dtb_values_text(report->property, &report->type, NULL, 0) + 1;
	text = malloc(size);
	if (text == NULL) {
		out->failed = true;
		return;
	}
	stmboot_dtb_values_text(report->property, &report->type, text, size);
	style_escape(&style, out, text);
	buffer_puts(out, "\n");
	free(text);
}

void render_dtb_property_json(struct buffer *out, const struct dtb_report *report)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.dtb-property/1");
	add_file_json(&j, &report->file);
	if (report->node != NULL)
		add_path(&j, "node", report->node);
	else
		json_null(&j, "node");
	if (report->property != NULL)
		add_property(&j, "property", report->property, &report->type);
	else
		json_null(&j, "property");
	json_close(&j, '}');
}
