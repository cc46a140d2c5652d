/* SPDX-License-Identifier: MIT */
/*
 * What fdt_overlay_apply() must not be given. libfdt 1.6.1 (Debian 12) reads
 * past the end for a local fixup whose offset lies outside its property, takes
 * offsets near 2^32 for small ones, and follows an alias that leads to itself
 * until the stack is used up. Checking the words once is not enough: applying
 * changes them, so they may only be changed where overlays need it.
 */
#include "format/dtb_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/cursor.h"

enum { CELL = 4 };

static const char bad_fixup[] = "its /__fixups__ are malformed";
static const char bad_local_fixup[] = "its /__local_fixups__ do not fit its nodes";

size_t sb_dtb_count_fixups(const struct stmboot_dtb *overlay)
{
	const struct stmboot_dtb_node *node = stmboot_dtb_find_node(overlay, "/__fixups__");
	size_t count = 0;

	for (size_t i = 0; node != NULL && i < node->property_count; i++)
		for (uint32_t j = 0; j < node->properties[i].length; j++)
			count += node->properties[i].data[j] == 0;
	return count;
}

/* A phandle is put into the target of a fragment, or into what is to be merged; nowhere else. */
static bool may_change(const struct stmboot_dtb_node *node, const char *property, size_t length)
{
	const struct stmboot_dtb_node *fragment = node;
	const struct stmboot_dtb_node *below = NULL;

	if (node->parent == NULL)
		return false;
	for (; fragment->parent->parent != NULL; fragment = fragment->parent)
		below = fragment;
	if (strncmp(fragment->name, "__", 2) == 0)
		return false;
	if (below == NULL)
		return length == strlen("target") && memcmp(property, "target", length) == 0;
	return strcmp(below->name, "__overlay__") == 0;
}

/* "/path/of/node:property:offset" */
static bool fixup_fits(const struct stmboot_dtb *overlay, const char *text)
{
	const char *name = strchr(text, ':');
	const char *offset = name != NULL ? strchr(++name, ':') : NULL;
	const struct stmboot_dtb_node *node;
	const struct stmboot_dtb_property *p;
	unsigned long value;
	char *end;

	if (text[0] != '/' || offset == NULL || offset == name)
		return false;
	node = sb_dtb_find_node(overlay, text, (size_t)(name - 1 - text));
	p = node != NULL ? sb_dtb_find_property(node, name, (size_t)(offset - name)) : NULL;
	if (p == NULL || !may_change(node, name, (size_t)(offset - name)))
		return false;
	if (offset[1] < '0' || offset[1] > '9')
		return false;
	value = strtoul(offset + 1, &end, 10);
	return *end == 0 && sb_range_within(value, CELL, p->length);
}

/* fdt_get_phandle() of libfdt: 0 is none. */
static bool has_phandle(const struct stmboot_dtb_node *node)
{
	const struct stmboot_dtb_property *p = stmboot_dtb_find_property(node, "phandle");

	if (p == NULL || p->length != CELL)
		p = stmboot_dtb_find_property(node, "linux,phandle");
	return p != NULL && p->length == CELL && sb_get_be32(p->data) != 0;
}

/* The places where one label of the base is used. */
static const char *check_label(const struct stmboot_dtb *base, const struct stmboot_dtb *overlay,
			       const struct stmboot_dtb_property *places)
{
	const struct stmboot_dtb_node *symbols = stmboot_dtb_find_node(base, "/__symbols__");
	const struct stmboot_dtb_property *symbol =
		symbols != NULL ? stmboot_dtb_find_property(symbols, places->name) : NULL;
	const char *path = symbol != NULL ? stmboot_dtb_string(symbol, 0) : NULL;
	const struct stmboot_dtb_node *node =
		path != NULL ? stmboot_dtb_find_node(base, path) : NULL;
	const char *text = (const char *)places->data;
	const char *end = text + places->length;

	if (symbols == NULL)
		return "it refers to labels, and the base has no /__symbols__ (dtc -@ makes it)";
	if (symbol == NULL)
		return "it refers to a label that the base does not have";
	if (path == NULL || path[0] != '/')
		return "a label of the base is not a path";
	if (node == NULL)
		return "a label of the base leads nowhere";
	if (!has_phandle(node))
		return "a label of the base leads to a node without a phandle";
	if (text == end || end[-1] != 0)
		return bad_fixup;
	for (; text != end; text += strlen(text) + 1)
		if (!fixup_fits(overlay, text))
			return bad_fixup;
	return NULL;
}

static const char *check_fixups(const struct stmboot_dtb *base, const struct stmboot_dtb *overlay)
{
	const struct stmboot_dtb_node *fixups = stmboot_dtb_find_node(overlay, "/__fixups__");
	const char *why = NULL;

	for (size_t i = 0; fixups != NULL && i < fixups->property_count && why == NULL; i++)
		why = check_label(base, overlay, &fixups->properties[i]);
	return why;
}

/* Offsets of phandles in the property of that name. libfdt changes words named phandle itself. */
static bool local_fixup_fits(const struct stmboot_dtb_node *node,
			     const struct stmboot_dtb_property *offsets)
{
	const char *name = offsets->name;
	const struct stmboot_dtb_property *p = stmboot_dtb_find_property(node, name);

	if (p == NULL || offsets->length % CELL != 0 || !may_change(node, name, strlen(name)) ||
	    strcmp(name, "phandle") == 0 || strcmp(name, "linux,phandle") == 0)
		return false;
	for (uint32_t i = 0; i < offsets->length; i += CELL)
		if (!sb_range_within(sb_get_be32(offsets->data + i), CELL, p->length))
			return false;
	return true;
}

/* `fixups` and its children beside the nodes that they stand for; never deeper than a tree. */
static bool local_fixups_fit(const struct stmboot_dtb_node *node,
			     const struct stmboot_dtb_node *fixups)
{
	for (size_t i = 0; i < fixups->property_count; i++)
		if (!local_fixup_fits(node, &fixups->properties[i]))
			return false;
	for (fixups = fixups->child; fixups != NULL; fixups = fixups->next) {
		const struct stmboot_dtb_node *child =
			sb_dtb_find_child(node, fixups->name, strlen(fixups->name));

		if (child == NULL || !local_fixups_fit(child, fixups))
			return false;
	}
	return true;
}

/* Is every property of this name, anywhere, an absolute path? */
static bool only_paths(const struct stmboot_dtb *dtb, const char *name, size_t length)
{
	for (const struct stmboot_dtb_node *node = dtb->root; node != NULL;
	     node = stmboot_dtb_next_node(node)) {
		const struct stmboot_dtb_property *p = sb_dtb_find_property(node, name, length);
		const char *path = p != NULL ? stmboot_dtb_string(p, 0) : NULL;

		if (p != NULL && (path == NULL || path[0] != '/'))
			return false;
	}
	return true;
}

static bool anywhere(const struct stmboot_dtb *dtb, const char *name, size_t length)
{
	const struct stmboot_dtb_node *node = dtb->root;

	while (node != NULL && sb_dtb_find_property(node, name, length) == NULL)
		node = stmboot_dtb_next_node(node);
	return node != NULL;
}

/* An alias is followed only if nothing that the overlay brings can lead it elsewhere. */
static bool target_is_safe(const struct stmboot_dtb *base, const struct stmboot_dtb *overlay,
			   const struct stmboot_dtb_node *fragment)
{
	const struct stmboot_dtb_property *p = stmboot_dtb_find_property(fragment, "target-path");
	const char *path = p != NULL ? stmboot_dtb_string(p, 0) : NULL;
	size_t length;

	if (p == NULL || (path != NULL && path[0] == '/'))
		return true;
	if (path == NULL || path[0] == 0)
		return false;
	length = strcspn(path, "/");
	return only_paths(base, path, length) && !anywhere(overlay, path, length);
}

const char *sb_dtb_refuse_overlay(const struct stmboot_dtb *base, const struct stmboot_dtb *overlay)
{
	const struct stmboot_dtb_node *local = stmboot_dtb_find_node(overlay, "/__local_fixups__");
	const char *why = check_fixups(base, overlay);

	if (why != NULL)
		return why;
	if (local != NULL && !local_fixups_fit(overlay->root, local))
		return bad_local_fixup;
	for (const struct stmboot_dtb_node *node = overlay->root->child; node != NULL;
	     node = node->next)
		if (!target_is_safe(base, overlay, node))
			return "a target path is neither a path nor a plain alias";
	return NULL;
}
