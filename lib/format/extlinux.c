/* SPDX-License-Identifier: MIT */
/*
 * extlinux.conf: the model as a whole, and which label U-Boot takes.
 * Deciding source: U-Boot's boot/pxe_utils.c and common/menu.c.
 */
#include "format/extlinux.h"

#include <string.h>

#include "base/context.h"

enum { TENTHS = 10 };

static const char *directory_of(struct sb_arena *arena, const char *directory)
{
	size_t length;

	if (directory == NULL)
		directory = "/extlinux/";
	length = strlen(directory);
	return sb_arena_printf(arena, "%s%s", directory,
			       length > 0 && directory[length - 1] != '/' ? "/" : "");
}

int32_t stmboot_extlinux_find(const struct stmboot_extlinux *conf, const char *name)
{
	for (size_t i = conf->label_count; i-- > 0;)
		if (strcmp(conf->labels[i].name.text, name) == 0)
			return (int32_t)i;
	return STMBOOT_EXTLINUX_NONE;
}

/* DIV_ROUND_UP() on an int: the division cuts toward zero, so -1 to -18 give 0. */
static int32_t round_up_seconds(int32_t tenths)
{
	return (int32_t)((uint32_t)tenths + TENTHS - 1) / TENTHS;
}

static void select_wait(const struct stmboot_extlinux *conf,
			struct stmboot_extlinux_selection *selection)
{
	/* A menu without entries gives up before it asks. */
	if (!conf->menu_shown || conf->timeout_seconds < 0 || conf->label_count == 0)
		return;
	selection->wait_seconds = conf->timeout_seconds;
	selection->wait = conf->timeout_seconds == 0 ? STMBOOT_EXTLINUX_WAIT_FOREVER
						     : STMBOOT_EXTLINUX_WAIT_SECONDS;
}

static bool select_order(struct sb_arena *arena, const struct stmboot_extlinux *conf,
			 struct stmboot_extlinux_selection *selection)
{
	int32_t first = selection->default_label;
	uint32_t *order = sb_arena_array(arena, conf->label_count, sizeof(*order));

	if (order == NULL)
		return false;
	selection->order = order;
	if (first != STMBOOT_EXTLINUX_NONE)
		order[selection->order_count++] = (uint32_t)first;
	/* A chosen localboot label always counts as success, so nothing follows it. */
	if (first != STMBOOT_EXTLINUX_NONE && conf->labels[first].localboot.text != NULL)
		return true;
	for (uint32_t i = 0; i < conf->label_count; i++)
		if ((int32_t)i != first)
			order[selection->order_count++] = i;
	return true;
}

static bool select_label(struct sb_arena *arena, struct stmboot_extlinux *conf)
{
	struct stmboot_extlinux_selection *selection = &conf->selection;

	conf->timeout_seconds = round_up_seconds(conf->timeout_tenths);
	selection->default_label = STMBOOT_EXTLINUX_NONE;
	if (conf->default_name.text != NULL) {
		selection->default_label = stmboot_extlinux_find(conf, conf->default_name.text);
		selection->default_missing = selection->default_label == STMBOOT_EXTLINUX_NONE;
	}
	if (conf->outcome != STMBOOT_EXTLINUX_READ)
		return true;
	select_wait(conf, selection);
	return select_order(arena, conf, selection);
}

static enum stmboot_status read_configuration(struct sb_extlinux_parser *p, const void *text,
					      size_t size)
{
	bool parsed = sb_extlinux_load(p, 0, NULL, text, size) && sb_extlinux_parse(p, 0, 1);

	p->conf->files = p->files;
	p->conf->labels = p->labels;
	p->conf->events = p->events;
	if (p->status != STMBOOT_OK)
		return p->status;
	if (p->arena->failed)
		return STMBOOT_NO_MEMORY;
	if (!parsed && p->conf->fault == STMBOOT_EXTLINUX_NO_FAULT)
		return STMBOOT_INTERNAL;
	return select_label(p->arena, p->conf) ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

enum stmboot_status stmboot_extlinux_decode(struct stmboot_context *ctx, const void *text,
					    size_t size,
					    const struct stmboot_extlinux_options *options,
					    const struct stmboot_extlinux **out)
{
	struct stmboot_extlinux_options o = { .struct_size = sizeof(o) };
	struct stmboot_extlinux *conf = sb_object_new(ctx, sizeof(*conf));
	struct sb_extlinux_parser p = {
		.ctx = ctx, .options = &o, .cut_label = STMBOOT_EXTLINUX_NONE, .cut_at = SIZE_MAX
	};
	enum stmboot_status status = STMBOOT_NO_MEMORY;

	if (conf == NULL)
		return STMBOOT_NO_MEMORY;
	if (options != NULL)
		memcpy(&o, options,
		       options->struct_size < sizeof(o) ? options->struct_size : sizeof(o));
	p.arena = sb_object_arena(conf);
	p.conf = conf;
	conf->version = o.version != 0 ? o.version : STMBOOT_EXTLINUX_VERSION;
	conf->directory = directory_of(p.arena, o.directory);
	if (conf->directory != NULL)
		status = read_configuration(&p, text, size);
	sb_free(ctx, p.memory);
	if (status != STMBOOT_OK) {
		sb_object_free(conf);
		return status;
	}
	*out = conf;
	return STMBOOT_OK;
}

void stmboot_extlinux_free(const struct stmboot_extlinux *conf)
{
	sb_object_free(conf);
}

const char *stmboot_extlinux_outcome_text(enum stmboot_extlinux_outcome outcome)
{
	static const char *const texts[] = { [STMBOOT_EXTLINUX_READ] = "read",
					     [STMBOOT_EXTLINUX_REJECTED] = "rejected",
					     [STMBOOT_EXTLINUX_UNDEFINED] = "undefined" };

	return (size_t)outcome < sizeof(texts) / sizeof(texts[0]) ? texts[outcome] : "?";
}

const char *stmboot_extlinux_wait_text(enum stmboot_extlinux_wait wait)
{
	static const char *const texts[] = { [STMBOOT_EXTLINUX_NO_WAIT] = "none",
					     [STMBOOT_EXTLINUX_WAIT_SECONDS] = "seconds",
					     [STMBOOT_EXTLINUX_WAIT_FOREVER] = "forever" };

	return (size_t)wait < sizeof(texts) / sizeof(texts[0]) ? texts[wait] : "?";
}

enum stmboot_status stmboot_extlinux_path(const char *directory, const char *value,
					  char out[STMBOOT_EXTLINUX_PATH_MAX + 1])
{
	size_t before = value[0] == '/' ? 0 : strlen(directory);
	size_t slash = before > 0 && directory[before - 1] != '/';
	size_t length = strlen(value);

	out[0] = '\0';
	if (before + slash > STMBOOT_EXTLINUX_PATH_MAX ||
	    length > STMBOOT_EXTLINUX_PATH_MAX - before - slash)
		return STMBOOT_LIMIT;
	memcpy(out, directory, before);
	if (slash != 0)
		out[before] = '/';
	memcpy(out + before + slash, value, length + 1);
	return STMBOOT_OK;
}
