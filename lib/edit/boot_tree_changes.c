/* SPDX-License-Identifier: MIT */
/* What an edit does to a device tree, in words. */
#include "edit/boot_trees.h"

#include <inttypes.h>

#include <stmboot/dtb_source.h>

#include "format/dtb_compare.h"

enum {
	MOST_TOLD = 20,   /* differences of one step that are told one by one */
	MOST_VALUE = 200, /* bytes of a value that are shown */
};

struct telling {
	struct stmboot_boot_edit *edit;
	const char *file; /* NULL: the image itself */
	size_t count;
	enum stmboot_status status;
};

static const char *path_of(struct stmboot_boot_edit *edit, const struct stmboot_dtb_node *node)
{
	size_t length = stmboot_dtb_node_path(node, NULL, 0);
	char *path = sb_arena_alloc(&edit->arena, length + 1);

	if (path != NULL)
		(void)stmboot_dtb_node_path(node, path, length + 1);
	return path;
}

static const char *value_of(struct stmboot_boot_edit *edit, const struct stmboot_dtb_property *p)
{
	char text[MOST_VALUE];
	size_t length;

	if (p == NULL)
		return NULL;
	length = stmboot_dtb_value_source(p, text, sizeof(text));
	if (length == 0)
		return "(no value)";
	if (length < sizeof(text))
		return sb_arena_strdup(&edit->arena, text);
	return sb_arena_printf(&edit->arena, "%s... (%" PRIu32 " bytes)", text, p->length);
}

static const char *size_of(struct stmboot_boot_edit *edit, const struct stmboot_dtb_node *node)
{
	const struct stmboot_dtb_node *last = node;
	size_t below = 0;

	/* the nodes below it follow it in the order of the file */
	for (;; below++) {
		const struct stmboot_dtb_node *next = stmboot_dtb_next_node(last);
		const struct stmboot_dtb_node *above = next;

		while (above != NULL && above != node)
			above = above->parent;
		if (above == NULL)
			break;
		last = next;
	}
	return sb_arena_printf(&edit->arena, "%zu propert%s, %zu node%s below",
			       node->property_count, node->property_count == 1 ? "y" : "ies", below,
			       below == 1 ? "" : "s");
}

static enum stmboot_status describe(const struct telling *t, const char *what, const char *before,
				    const char *after)
{
	if (what != NULL && t->file != NULL)
		what = sb_arena_printf(&t->edit->arena, "%s in %s", what, t->file);
	if (what == NULL || t->edit->arena.failed)
		return STMBOOT_NO_MEMORY;
	return stmboot_edit_describe(t->edit->edit, what, before, after);
}

static enum stmboot_status describe_difference(const struct telling *t, bool removal,
					       const struct sb_dtb_difference *d)
{
	struct sb_arena *arena = &t->edit->arena;
	const struct stmboot_dtb_property *p = d->after != NULL ? d->after : d->before;
	const char *path = path_of(t->edit, d->node);

	if (path == NULL)
		return STMBOOT_NO_MEMORY;
	if (p != NULL)
		return describe(t, sb_arena_printf(arena, "%s of %s", p->name, path),
				value_of(t->edit, d->before), value_of(t->edit, d->after));
	return describe(t, sb_arena_printf(arena, "node %s", path),
			removal ? size_of(t->edit, d->node) : NULL,
			removal ? NULL : size_of(t->edit, d->node));
}

static bool tell(struct telling *t, bool removal, const struct sb_dtb_difference *difference)
{
	if (t->count++ < MOST_TOLD)
		t->status = describe_difference(t, removal, difference);
	return t->status == STMBOOT_OK;
}

static bool tell_change(void *user, const struct sb_dtb_difference *difference)
{
	return tell(user, false, difference);
}

static bool tell_removal(void *user, const struct sb_dtb_difference *difference)
{
	return tell(user, true, difference);
}

enum stmboot_status sb_boot_edit_tell_tree(struct stmboot_boot_edit *edit, const char *file,
					   const struct stmboot_dtb *before,
					   const struct stmboot_dtb *after, bool removal,
					   struct stmboot_refusal *why, size_t *count)
{
	struct telling t = { .edit = edit, .file = file };
	bool known =
		sb_dtb_compare(before, after, removal, removal ? tell_removal : tell_change, &t);

	*count = t.count;
	if (!known && t.status == STMBOOT_OK)
		return sb_refuse(why, STMBOOT_INTERNAL, "please report this",
				 "libfdt rearranged the device tree");
	if (t.status == STMBOOT_OK && t.count > MOST_TOLD)
		t.status = describe(
			&t, sb_arena_printf(&edit->arena, "%zu more changes", t.count - MOST_TOLD),
			NULL, NULL);
	return t.status;
}
