/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <stmboot/text.h>

#include "at_place.h"
#include "fail.h"
#include "style.h"

enum { LABEL_WIDTH = 12, MOST_SHOWN = 64 };

static const struct {
	enum stmboot_fs_flag flag;
	const char *name;
} flags[] = {
	{ STMBOOT_FS_IMMUTABLE, "immutable" }, { STMBOOT_FS_APPEND_ONLY, "append-only" },
	{ STMBOOT_FS_ENCRYPTED, "encrypted" }, { STMBOOT_FS_VERITY, "verity" },
	{ STMBOOT_FS_CASEFOLD, "casefold" },   { STMBOOT_FS_INLINE_DATA, "inline-data" },
	{ STMBOOT_FS_EXTENTS, "extents" },
};
enum { FLAGS = sizeof(flags) / sizeof(flags[0]) };

/* All that is to be shown of a place. */
struct shown {
	const struct at_place *at;
	const struct stmboot_fs_inode *inode;
	const struct stmboot_fs_attributes *attributes; /* NULL: they are damaged */
	const char *leads_to; /* of a symbolic link: the path at its end, or NULL */
};

/* Text can be shown as it is; anything else is shown in hexadecimal. */
static bool is_text(const struct stmboot_fs_attribute *attribute)
{
	const char *value = (const char *)attribute->value;
	uint32_t c;

	for (size_t i = 0, length; i < attribute->size; i += length) {
		length = stmboot_utf8_decode(value + i, attribute->size - i, &c);
		if (length == 0 || c == 0)
			return false;
	}
	return true;
}

static void add_time_json(struct json *j, const char *key, bool known,
			  const struct stmboot_fs_time *time)
{
	if (!known) {
		json_null(j, key);
		return;
	}
	json_open(j, key, '{');
	json_i64(j, "seconds", time->seconds);
	json_u64(j, "nanoseconds", time->nanoseconds);
	json_close(j, '}');
}

static void add_attribute_json(struct json *j, const struct stmboot_fs_attribute *attribute)
{
	struct buffer text = { 0 };

	buffer_add(&text, (const char *)attribute->value, attribute->size);
	json_open(j, NULL, '{');
	json_text(j, "name", attribute->name);
	json_u64(j, "size", attribute->size);
	json_text(j, "text", is_text(attribute) ? text.data : NULL);
	json_hex(j, "hex", attribute->value, attribute->size);
	json_close(j, '}');
	j->out->failed = j->out->failed || text.failed;
	buffer_release(&text);
}

static void add_attributes_json(struct json *j, const struct stmboot_fs_attributes *attributes)
{
	if (attributes == NULL) {
		json_null(j, "attributes");
		return;
	}
	json_open(j, "attributes", '[');
	for (size_t i = 0; i < attributes->count; i++)
		add_attribute_json(j, &attributes->items[i]);
	json_close(j, ']');
}

static void add_json(struct buffer *out, const struct shown *s)
{
	const struct stmboot_fs_inode *inode = s->inode;
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.fs-stat/1");
	json_u64(&j, "partition", s->at->partition);
	json_text(&j, "path", s->at->path);
	add_node_json(&j, &inode->node, inode->target);
	json_text(&j, "leads_to", s->leads_to);
	json_u64(&j, "allocated", inode->blocks * 512);
	add_time_json(&j, "modified", true, &inode->modified);
	add_time_json(&j, "changed", true, &inode->changed);
	add_time_json(&j, "accessed", true, &inode->accessed);
	add_time_json(&j, "created", inode->has_created, &inode->created);
	json_open(&j, "flags", '[');
	for (size_t i = 0; i < FLAGS; i++)
		if ((inode->node.flags & flags[i].flag) != 0)
			json_text(&j, NULL, flags[i].name);
	json_close(&j, ']');
	add_attributes_json(&j, s->attributes);
	json_close(&j, '}');
}

static void add_label(struct buffer *out, const struct style *style, const char *label)
{
	buffer_puts(out, "  ");
	style_begin(style, out, PAINT_FAINT);
	buffer_puts(out, label);
	style_end(style, out, PAINT_FAINT);
	buffer_pad(out, LABEL_WIDTH - strlen(label));
}

static void add_time(struct buffer *out, const struct style *style, const char *label,
		     const struct stmboot_fs_time *time)
{
	char text[TIME_TEXT];

	time_text(time->seconds, text);
	add_label(out, style, label);
	buffer_printf(out, "%s.%09" PRIu32 " UTC\n", text, time->nanoseconds);
}

static void add_value(struct buffer *out, const struct style *style,
		      const struct stmboot_fs_attribute *attribute)
{
	size_t shown = attribute->size < MOST_SHOWN ? attribute->size : MOST_SHOWN;
	struct buffer text = { 0 };

	if (is_text(attribute) && attribute->size <= MOST_SHOWN) {
		buffer_add(&text, (const char *)attribute->value, attribute->size);
		style_escape(style, out, text.data != NULL ? text.data : "");
		out->failed = out->failed || text.failed;
		buffer_release(&text);
		return;
	}
	for (size_t i = 0; i < shown; i++)
		buffer_printf(out, "%02x", attribute->value[i]);
	if (shown < attribute->size)
		buffer_printf(out, "... (%zu bytes)", attribute->size);
}

static void add_kind(struct buffer *out, const struct style *style, const struct shown *s)
{
	const struct stmboot_fs_node *node = &s->inode->node;
	char size[SIZE_TEXT], mode[MODE_TEXT];

	style_size(node->size, size);
	mode_text(node, mode);
	add_label(out, style, "type");
	buffer_puts(out, stmboot_fs_type_text(node->type));
	if (node->type == STMBOOT_FS_CHAR_DEVICE || node->type == STMBOOT_FS_BLOCK_DEVICE)
		buffer_printf(out, " %" PRIu32 ":%" PRIu32, node->device_major, node->device_minor);
	buffer_puts(out, "\n");
	if (s->inode->target != NULL) {
		add_label(out, style, "target");
		style_escape(style, out, s->inode->target);
		buffer_puts(out, s->leads_to != NULL ? ", leads to " : ", which leads nowhere");
		style_escape(style, out, s->leads_to);
		buffer_puts(out, "\n");
	}
	add_label(out, style, "size");
	buffer_printf(out, "%" PRIu64 " byte%s", node->size, node->size == 1 ? "" : "s");
	if (node->size >= 1024)
		buffer_printf(out, " (%s)", size);
	buffer_printf(out, ", %" PRIu64 " allocated\n", s->inode->blocks * 512);
	add_label(out, style, "mode");
	buffer_printf(out, "%s (%04" PRIo32 ")\n", mode, node->mode);
	add_label(out, style, "owner");
	buffer_printf(out, "%" PRIu32 ":%" PRIu32 "\n", node->uid, node->gid);
	add_label(out, style, "inode");
	buffer_printf(out, "%" PRIu32 ", %" PRIu32 " link%s\n", node->inode, node->links,
		      node->links == 1 ? "" : "s");
}

static void add_text(struct buffer *out, const struct style *style, const struct shown *s)
{
	const struct stmboot_fs_inode *inode = s->inode;

	style_escape(style, out, s->at->path);
	buffer_puts(out, "\n");
	add_kind(out, style, s);
	add_time(out, style, "modified", &inode->modified);
	add_time(out, style, "changed", &inode->changed);
	add_time(out, style, "accessed", &inode->accessed);
	if (inode->has_created)
		add_time(out, style, "created", &inode->created);
	if (inode->node.flags != 0)
		add_label(out, style, "flags");
	for (size_t i = 0, count = 0; i < FLAGS; i++)
		if ((inode->node.flags & flags[i].flag) != 0)
			buffer_printf(out, "%s%s", count++ > 0 ? ", " : "", flags[i].name);
	if (inode->node.flags != 0)
		buffer_puts(out, "\n");
	for (size_t i = 0; s->attributes != NULL && i < s->attributes->count; i++) {
		add_label(out, style, i == 0 ? "attributes" : "");
		style_escape(style, out, s->attributes->items[i].name);
		buffer_puts(out, " = ");
		add_value(out, style, &s->attributes->items[i]);
		buffer_puts(out, "\n");
	}
}

static int show(const struct shown *s)
{
	const struct options *o = s->at->o;
	const struct style style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	struct buffer out = { 0 };

	if (o->value[OPTION_JSON] != 0)
		add_json(&out, s);
	else
		add_text(&out, &style, s);
	return finish(o, &out);
}

/* Damaged attributes keep nothing else from being shown. */
static int tell(const struct at_place *at)
{
	char path[STMBOOT_FS_PATH_BYTES];
	struct shown s = { .at = at };
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status = stmboot_fs_inspect(at->fs, at->path, false, &s.inode);
	int result;

	if (status != STMBOOT_OK)
		return fail_at_place(at, status);
	if (s.inode->target != NULL)
		status = stmboot_fs_resolve(at->fs, at->path, path, sizeof(path));
	if (s.inode->target != NULL && status == STMBOOT_OK)
		s.leads_to = path;
	/* Where it leads is not known then, which is not nowhere. */
	if (status == STMBOOT_NO_MEMORY || status == STMBOOT_IO) {
		stmboot_fs_inode_free(s.inode);
		return fail_at_place(at, status);
	}
	status = stmboot_fs_attributes_read(at->fs, s.inode->node.inode, &s.attributes);
	if (status != STMBOOT_OK)
		stmboot_fs_explain(at->fs, at->path, status, &why);
	result = show(&s);
	if (status != STMBOOT_OK && result == EXIT_DONE) {
		complain(at->o, at->o->operands[0], why.message, NULL);
		result = EXIT_NOT_DONE;
	}
	stmboot_fs_attributes_free(s.attributes);
	stmboot_fs_inode_free(s.inode);
	return result;
}

int cmd_fs_stat(struct stmboot_context *ctx, const struct options *o)
{
	return with_place(ctx, o, o->operands[1], tell);
}
