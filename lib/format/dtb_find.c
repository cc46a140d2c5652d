/* SPDX-License-Identifier: MIT */
/* Ways to find something in a device tree. */
#include "format/dtb.h"
#include "format/dtb_internal.h"

#include <stdio.h>
#include <string.h>

/* libfdt's fdt_nodename_eq_(): a name without a unit address stands for any that has one. */
static bool name_matches(const char *name, const char *wanted, size_t length)
{
	if (strncmp(name, wanted, length) != 0)
		return false;
	return name[length] == 0 || (name[length] == '@' && memchr(wanted, '@', length) == NULL);
}

const struct stmboot_dtb_node *sb_dtb_find_child(const struct stmboot_dtb_node *node,
						 const char *name, size_t length)
{
	const struct stmboot_dtb_node *child = node->child;

	while (child != NULL && !name_matches(child->name, name, length))
		child = child->next;
	return child;
}

/* The path of the alias that is the first `length` bytes. */
static const struct stmboot_dtb_alias *find_alias(const struct stmboot_dtb *dtb, const char *name,
						  size_t length)
{
	for (size_t i = 0; i < dtb->alias_count; i++)
		if (strncmp(dtb->aliases[i].name, name, length) == 0 &&
		    dtb->aliases[i].name[length] == 0)
			return &dtb->aliases[i];
	return NULL;
}

static const struct stmboot_dtb_node *descend(const struct stmboot_dtb_node *node, const char *path,
					      size_t length)
{
	const char *end = path + length;

	while (node != NULL && path < end) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		size_t name = (size_t)((slash != NULL ? slash : end) - path);

		if (name != 0)
			node = sb_dtb_find_child(node, path, name);
		path += slash != NULL ? name + 1 : name;
	}
	return node;
}

const struct stmboot_dtb_node *sb_dtb_find_node(const struct stmboot_dtb *dtb, const char *path,
						size_t length)
{
	const struct stmboot_dtb_node *node = dtb->root;

	if (node == NULL || length == 0)
		return NULL;
	if (path[0] != '/') {
		const char *slash = memchr(path, '/', length);
		size_t name = slash != NULL ? (size_t)(slash - path) : length;
		const struct stmboot_dtb_alias *alias = find_alias(dtb, path, name);

		if (alias == NULL)
			return NULL;
		node = descend(node, alias->path, strlen(alias->path));
		path += name;
		length -= name;
	}
	return descend(node, path, length);
}

const struct stmboot_dtb_node *stmboot_dtb_find_node(const struct stmboot_dtb *dtb,
						     const char *path)
{
	return sb_dtb_find_node(dtb, path, strlen(path));
}

const struct stmboot_dtb_node *stmboot_dtb_next_node(const struct stmboot_dtb_node *node)
{
	if (node->child != NULL)
		return node->child;
	while (node != NULL && node->next == NULL)
		node = node->parent;
	return node != NULL ? node->next : NULL;
}

const struct stmboot_dtb_node *stmboot_dtb_find_compatible(const struct stmboot_dtb *dtb,
							   const struct stmboot_dtb_node *after,
							   const char *compatible)
{
	const struct stmboot_dtb_node *node =
		after != NULL ? stmboot_dtb_next_node(after) : dtb->root;

	for (; node != NULL; node = stmboot_dtb_next_node(node)) {
		const struct stmboot_dtb_property *p =
			stmboot_dtb_find_property(node, "compatible");
		const char *end = p != NULL ? (const char *)p->data + p->length : NULL;
		const char *text = p != NULL ? stmboot_dtb_string(p, 0) : NULL;

		while (text != NULL) {
			if (strcmp(text, compatible) == 0)
				return node;
			text += strlen(text) + 1;
			if (memchr(text, 0, (size_t)(end - text)) == NULL)
				text = NULL;
		}
	}
	return NULL;
}

const struct stmboot_dtb_property *sb_dtb_find_property(const struct stmboot_dtb_node *node,
							const char *name, size_t length)
{
	for (size_t i = 0; i < node->property_count; i++)
		if (strncmp(node->properties[i].name, name, length) == 0 &&
		    node->properties[i].name[length] == 0)
			return &node->properties[i];
	return NULL;
}

const struct stmboot_dtb_property *stmboot_dtb_find_property(const struct stmboot_dtb_node *node,
							     const char *name)
{
	return sb_dtb_find_property(node, name, strlen(name));
}

const char *stmboot_dtb_string(const struct stmboot_dtb_property *property, size_t index)
{
	const char *text = (const char *)property->data;
	const char *end = text != NULL ? text + property->length : NULL;

	while (text != end) {
		const char *nul = memchr(text, 0, (size_t)(end - text));

		if (nul == NULL)
			return NULL;
		if (index-- == 0)
			return text;
		text = nul + 1;
	}
	return NULL;
}

enum stmboot_status stmboot_dtb_get(const struct stmboot_dtb *dtb, const char *path,
				    const char *property, const uint8_t **data, uint32_t *length)
{
	const struct stmboot_dtb_node *node = stmboot_dtb_find_node(dtb, path);
	const struct stmboot_dtb_property *p =
		node != NULL ? stmboot_dtb_find_property(node, property) : NULL;

	if (p == NULL)
		return STMBOOT_NOT_FOUND;
	*data = p->data;
	*length = p->length;
	return STMBOOT_OK;
}

size_t stmboot_dtb_node_path(const struct stmboot_dtb_node *node, char *buffer, size_t size)
{
	const struct stmboot_dtb_node *chain[SB_DTB_DEPTH] = { NULL };
	size_t depth = 0;
	size_t length = 0;
	char none;

	if (buffer == NULL) {
		buffer = &none;
		size = 0;
	}
	for (; node->parent != NULL && depth < SB_DTB_DEPTH; node = node->parent)
		chain[depth++] = node;
	if (depth == 0)
		length = (size_t)snprintf(buffer, size, "/");
	while (depth-- > 0) {
		size_t used = length < size ? length : size;

		length += (size_t)snprintf(buffer + used, size - used, "/%s", chain[depth]->name);
	}
	return length;
}

/* Linux drivers/of/base.c __of_device_is_available(): an empty status is not okay. */
bool stmboot_dtb_node_okay(const struct stmboot_dtb_node *node)
{
	const struct stmboot_dtb_property *p = stmboot_dtb_find_property(node, "status");
	const char *text = p != NULL ? stmboot_dtb_string(p, 0) : NULL;

	if (p == NULL)
		return true;
	return text != NULL && (strcmp(text, "okay") == 0 || strcmp(text, "ok") == 0);
}

/* The N of "<stem><N>", or -1. */
static int32_t alias_number(const char *alias, const char *stem)
{
	int64_t number = 0;
	const char *digit = alias + strlen(stem);

	if (strncmp(alias, stem, strlen(stem)) != 0 || *digit == 0)
		return -1;
	for (; *digit != 0; digit++) {
		if (*digit < '0' || *digit > '9')
			return -1;
		number = number * 10 + (*digit - '0');
		if (number > INT32_MAX)
			return -1;
	}
	return (int32_t)number;
}

/* Do the names of the node and its parents, from the root on, match the path? */
static bool path_leads_to(const char *path, const struct stmboot_dtb_node *node)
{
	const struct stmboot_dtb_node *chain[SB_DTB_DEPTH];
	size_t depth = 0;

	for (; node->parent != NULL && depth < SB_DTB_DEPTH; node = node->parent)
		chain[depth++] = node;
	for (path += strspn(path, "/"); *path != 0; path += strspn(path, "/")) {
		size_t length = strcspn(path, "/");

		if (depth == 0 || !name_matches(chain[--depth]->name, path, length))
			return false;
		path += length;
	}
	return depth == 0;
}

int32_t sb_dtb_alias_of(const struct stmboot_dtb *dtb, const struct stmboot_dtb_node *node,
			const char *stem)
{
	int32_t number = -1;

	for (size_t i = 0; i < dtb->alias_count && number < 0; i++)
		if (path_leads_to(dtb->aliases[i].path, node))
			number = alias_number(dtb->aliases[i].name, stem);
	return number;
}

int32_t sb_dtb_highest_alias(const struct stmboot_dtb *dtb, const char *stem)
{
	int32_t highest = -1;

	for (size_t i = 0; i < dtb->alias_count; i++) {
		int32_t number = alias_number(dtb->aliases[i].name, stem);

		if (number > highest && stmboot_dtb_find_node(dtb, dtb->aliases[i].path) != NULL)
			highest = number;
	}
	return highest;
}

bool sb_dtb_is_enabled(const struct stmboot_dtb_node *node)
{
	while (node != NULL && stmboot_dtb_node_okay(node))
		node = node->parent;
	return node == NULL;
}

static void describe(struct stmboot_dtb_console *console, const struct stmboot_dtb_node *node)
{
	const struct stmboot_dtb_property *p = stmboot_dtb_find_property(node, "compatible");

	console->found = true;
	console->okay = sb_dtb_is_enabled(node);
	console->node = node;
	console->compatible = p != NULL ? stmboot_dtb_string(p, 0) : NULL;
}

struct stmboot_dtb_console stmboot_dtb_stdout(const struct stmboot_dtb *dtb)
{
	struct stmboot_dtb_console console = { .number = -1 };
	const char *path = dtb->stdout_path;
	const struct stmboot_dtb_node *node;
	size_t length;

	if (path == NULL)
		return console;
	length = strcspn(path, ":");
	if (path[length] == ':')
		console.options = path + length + 1;
	if (path[0] != '/') {
		const struct stmboot_dtb_alias *alias = find_alias(dtb, path, strcspn(path, "/:"));

		console.alias = alias != NULL ? alias->name : NULL;
	}
	node = sb_dtb_find_node(dtb, path, length);
	if (node == NULL)
		return console;
	describe(&console, node);
	/* whatever stdout-path says */
	console.number = sb_dtb_alias_of(dtb, node, "serial");
	return console;
}

struct stmboot_dtb_console stmboot_dtb_serial(const struct stmboot_dtb *dtb, uint32_t number)
{
	struct stmboot_dtb_console console = { .number = -1 };
	const struct stmboot_dtb_node *node;
	char name[32];
	size_t length = (size_t)snprintf(name, sizeof(name), "serial%lu", (unsigned long)number);
	const struct stmboot_dtb_alias *alias = find_alias(dtb, name, length);

	if (alias == NULL)
		return console;
	console.alias = alias->name;
	console.number = alias_number(alias->name, "serial");
	node = stmboot_dtb_find_node(dtb, alias->path);
	if (node != NULL)
		describe(&console, node);
	return console;
}
