/* SPDX-License-Identifier: MIT */
/*
 * The structure block of a device tree, from tokens to nodes. Devicetree
 * specification v0.4, section 5.4. It is walked once: a source may be a file that
 * somebody writes meanwhile, so nothing that was read is relied on to be there again.
 */
#include "format/dtb_internal.h"

#include <string.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "source/source.h"

enum {
	FDT_BEGIN_NODE = 1,
	FDT_END_NODE = 2,
	FDT_PROP = 3,
	FDT_NOP = 4,
	FDT_END = 9,
	WORD = 4,
	NAME_MAX_BYTES = 256,  /* of a node that is read from a source, with its NUL */
	COPY_MAX_BYTES = 4096, /* longer data stays in the source */
	NAMES_RATIO = 4, /* bytes of names to a byte of the tree; real trees need less than 1 */
};

static bool fail(struct sb_dtb_walk *w, uint64_t offset, const char *text)
{
	w->status = STMBOOT_CORRUPT;
	w->defect_offset = offset;
	w->defect_text = text;
	return false;
}

static bool give_up(struct sb_dtb_walk *w, enum stmboot_status status)
{
	w->status = status;
	return false;
}

static bool read_distant_word(struct sb_dtb_walk *w, uint32_t *out)
{
	uint8_t bytes[WORD];
	enum stmboot_status status;

	if (!sb_range_within(w->at, WORD, w->end))
		return fail(w, w->at, "the structure block ends inside the tree");
	status = stmboot_source_read(w->src, w->at, bytes, WORD);
	if (status != STMBOOT_OK)
		return give_up(w, status);
	*out = sb_get_be32(bytes);
	w->at += WORD;
	return true;
}

/* Three words to a property, and most of what a tree is: so this is a few instructions in place. */
static inline bool read_word(struct sb_dtb_walk *w, uint32_t *out)
{
	if (w->blob == NULL || !sb_range_within(w->at, WORD, w->end))
		return read_distant_word(w, out);
	*out = sb_get_be32(w->blob + w->at);
	w->at += WORD;
	return true;
}

/* Step over `length` bytes and what fills the last word; the caller checked that they are there. */
static void advance(struct sb_dtb_walk *w, uint64_t length)
{
	uint64_t padded = sb_round_up_u64(w->at - w->start + length, WORD);

	w->at = w->start + padded;
}

/* A node's name, in memory. */
static bool read_name(struct sb_dtb_walk *w, const char **out, uint64_t *length)
{
	char buffer[NAME_MAX_BYTES];
	uint64_t room = w->end - w->at;
	const char *name = buffer;
	const char *nul;

	if (w->blob != NULL) {
		name = (const char *)w->blob + w->at;
	} else {
		enum stmboot_status status;

		room = sb_min_u64(room, sizeof(buffer));
		status = room != 0 ? stmboot_source_read(w->src, w->at, buffer, (size_t)room)
				   : STMBOOT_OK;
		if (status != STMBOOT_OK)
			return give_up(w, status);
	}
	nul = room != 0 ? memchr(name, 0, (size_t)room) : NULL;
	if (nul == NULL)
		return fail(w, w->at, "the name of a node does not end");
	*length = (uint64_t)(nul - name);
	*out = w->blob != NULL ? name : sb_arena_strdup(w->arena, name);
	if (*out == NULL)
		return give_up(w, STMBOOT_NO_MEMORY);
	advance(w, *length + 1);
	return true;
}

/* So that nobody counts from NULL in a node without any. */
static const struct stmboot_dtb_property no_properties[1];

static bool add_node(struct sb_dtb_walk *w, uint64_t offset, const char *name)
{
	struct stmboot_dtb_node *node = sb_arena_alloc(w->arena, sizeof(*node));

	if (node == NULL)
		return give_up(w, STMBOOT_NO_MEMORY);
	node->name = name;
	node->offset = w->no_offsets ? 0 : offset;
	node->properties = no_properties;
	node->parent = w->open[w->depth];
	if (w->last[w->depth] != NULL)
		w->last[w->depth]->next = node;
	else if (w->open[w->depth] != NULL)
		w->open[w->depth]->child = node;
	else
		w->root = node;
	w->last[w->depth] = node;
	w->open[w->depth + 1] = node;
	w->last[w->depth + 1] = NULL;
	w->node_count++;
	return true;
}

/* The properties of a node are all there when its first child begins, or it ends. */
static bool keep_properties(struct sb_dtb_walk *w)
{
	struct stmboot_dtb_node *node = w->open[w->depth];
	struct stmboot_dtb_property *properties;

	if (w->property_count == 0)
		return true;
	properties = sb_arena_array(w->arena, w->property_count, sizeof(*properties));
	if (properties == NULL)
		return give_up(w, STMBOOT_NO_MEMORY);
	memcpy(properties, w->properties, w->property_count * sizeof(*properties));
	node->properties = properties;
	node->property_count = w->property_count;
	w->property_count = 0;
	return true;
}

static bool begin_node(struct sb_dtb_walk *w)
{
	uint64_t offset = w->at - WORD;
	const char *name = NULL;
	uint64_t length;

	if (w->depth == 0 && w->has_child[0])
		return fail(w, offset, "there is a second root");
	if (w->depth == SB_DTB_DEPTH)
		return fail(w, offset, "nodes are nested more than 64 deep");
	if (!read_name(w, &name, &length))
		return false;
	if (w->depth == 0 && length != 0)
		return fail(w, offset + WORD, "the root has a name");
	if (!keep_properties(w) || !add_node(w, offset, name))
		return false;
	w->has_child[w->depth] = true;
	w->has_child[++w->depth] = false;
	return true;
}

/* Data that stands in memory, or is copied there when it is short. */
static bool fetch_data(struct sb_dtb_walk *w, uint32_t length, const uint8_t **out)
{
	enum stmboot_status status;
	uint8_t *copy;

	if (w->blob != NULL) {
		*out = w->blob + w->at;
		return true;
	}
	if (length > COPY_MAX_BYTES)
		return true;
	w->copied += length;
	if (w->copied > w->max_copied)
		return give_up(w, STMBOOT_LIMIT);
	copy = sb_arena_alloc(w->arena, length);
	if (copy == NULL)
		return give_up(w, STMBOOT_NO_MEMORY);
	status = length != 0 ? stmboot_source_read(w->src, w->at, copy, length) : STMBOOT_OK;
	*out = copy;
	return status == STMBOOT_OK || give_up(w, status);
}

/*
 * Properties may share their names, so a small tree can have gigabytes of them;
 * libfdt looks at them all for each property that it looks for.
 */
static bool count_name(struct sb_dtb_walk *w, uint32_t name)
{
	uint64_t most = NAMES_RATIO * (w->end - w->start + w->strings_bytes);

	w->name_bytes += strnlen(w->strings + name, (size_t)(most - w->name_bytes) + 1);
	return w->name_bytes <= most;
}

static bool add_property(struct sb_dtb_walk *w)
{
	uint64_t offset = w->at - WORD;
	struct stmboot_dtb_property property = { .data = NULL }, *added;
	uint32_t name;

	if (w->depth == 0)
		return fail(w, offset, "a property stands outside the root");
	if (w->has_child[w->depth])
		return fail(w, offset, "a property follows the children of its node");
	if (!read_word(w, &property.length) || !read_word(w, &name))
		return false;
	if (name >= w->names_end)
		return fail(w, offset + (uint64_t)2 * WORD,
			    "the name of a property lies outside the strings block");
	if (!count_name(w, name))
		return fail(w, offset + (uint64_t)2 * WORD,
			    "the names of properties are longer than any tree of its size needs");
	if (!sb_range_within(w->at, property.length, w->end))
		return fail(w, offset + WORD, "a property is longer than the structure block");
	property.name = w->strings + name;
	property.offset = w->no_offsets ? 0 : w->at;
	if (!fetch_data(w, property.length, &property.data))
		return false;
	added = sb_arena_push(w->arena, &w->properties, &w->property_count, &w->property_room,
			      sizeof(*added));
	if (added == NULL)
		return give_up(w, STMBOOT_NO_MEMORY);
	*added = property;
	advance(w, property.length);
	return true;
}

/* The token before w->at. *done is set by the one that ends the tree. */
static bool take_token(struct sb_dtb_walk *w, uint32_t token, bool *done)
{
	uint64_t offset = w->at - WORD;

	switch (token) {
	case FDT_BEGIN_NODE:
		return begin_node(w);
	case FDT_END_NODE:
		if (w->depth == 0)
			return fail(w, offset, "a node ends that did not begin");
		if (!keep_properties(w))
			return false;
		w->depth--;
		return true;
	case FDT_PROP:
		return add_property(w);
	case FDT_NOP:
		return true;
	case FDT_END:
		if (w->depth != 0)
			return fail(w, offset, "the tree ends inside a node");
		if (!w->has_child[0])
			return fail(w, offset, "there is no root");
		*done = true;
		return true;
	default:
		return fail(w, offset, "there is no such token");
	}
}

/* One look for the last NUL instead of one for each name: those may all lie in one long string. */
static size_t find_names_end(const struct sb_dtb_walk *w)
{
	const char *nul = w->strings_bytes != 0 ? memrchr(w->strings, 0, w->strings_bytes) : NULL;

	return nul != NULL ? (size_t)(nul - w->strings) + 1 : 0;
}

enum stmboot_status sb_dtb_build(struct sb_dtb_walk *w)
{
	bool done = false;

	w->names_end = find_names_end(w);
	w->at = w->start;
	while (!done) {
		uint32_t token;

		if (++w->tokens > w->max_tokens)
			return STMBOOT_LIMIT;
		if (!read_word(w, &token) || !take_token(w, token, &done))
			return w->status;
	}
	return STMBOOT_OK;
}
