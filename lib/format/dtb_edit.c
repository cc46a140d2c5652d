/* SPDX-License-Identifier: MIT */
/*
 * Edits of device trees. libfdt does the work, on a node that is counted out: a
 * path could lead it elsewhere, for names may hold anything.
 */
#include <stmboot/dtb_edit.h>
#include <stmboot/text.h>

#include <libfdt.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/refusal.h"
#include "base/similar.h"
#include "format/dtb_compare.h"
#include "format/dtb_internal.h"
#include "format/dtb_value.h"

enum {
	PATH_BYTES = 128, /* of a message; longer ones are cut */
	MOST_NAME = 255,
	WORD_BYTES = 80, /* longer than what is compared with others */
};

/* What dtc's checks allow in a name; in that of a node also one '@'. */
static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 ",._+*#?-";

/* Where a name leads: to a node, and what of it is left when there is no more. */
struct place {
	const struct stmboot_dtb_node *node;
	const char *rest; /* "" when nothing is; it does not begin with '/' */
};

/* A name that is too long for it is cut, and like nothing. */
static void cut_word(char word[WORD_BYTES], const char *name, size_t length)
{
	length = (size_t)sb_min_u64(length, WORD_BYTES - 1);
	memcpy(word, name, length);
	word[length] = 0;
}

/* The node of a label, by the first `length` bytes. */
static const struct stmboot_dtb_node *find_label(const struct stmboot_dtb *dtb, const char *name,
						 size_t length)
{
	const struct stmboot_dtb_node *symbols = stmboot_dtb_find_node(dtb, "/__symbols__");
	const struct stmboot_dtb_property *symbol =
		symbols != NULL ? sb_dtb_find_property(symbols, name, length) : NULL;
	const char *path = symbol != NULL ? stmboot_dtb_string(symbol, 0) : NULL;

	return path != NULL && path[0] == '/' ? stmboot_dtb_find_node(dtb, path) : NULL;
}

static const char tree_hint[] = "'stmboot dtb show' shows the tree";

static void say_no_head(const struct stmboot_dtb *dtb, const char *name, size_t length,
			struct stmboot_refusal *why)
{
	const struct stmboot_dtb_node *symbols = stmboot_dtb_find_node(dtb, "/__symbols__");
	const char *hint = dtb->has_symbols ? tree_hint
					    : "name it by its path; the tree has no labels, which "
					      "dtc -@ would keep in /__symbols__";
	const bool label = name[0] == '&';
	const char *best = NULL;
	char room[SB_DID_YOU_MEAN], word[WORD_BYTES];

	cut_word(word, name + label, length - label);
	for (size_t i = 0; i < dtb->alias_count && !label; i++)
		stmboot_similar(word, dtb->aliases[i].name, &best);
	for (size_t i = 0; symbols != NULL && i < symbols->property_count; i++)
		stmboot_similar(word, symbols->properties[i].name, &best);
	sb_refuse_say(why, sb_did_you_mean(best, hint, room), "there is no %s '%.*s'",
		      label ? "label" : "alias or label", (int)length, name);
}

/* Of the nodes below one; few know the addresses in their names. */
static const char *similar_child(const struct stmboot_dtb_node *node, const char *word)
{
	const char *best = NULL;

	for (const struct stmboot_dtb_node *at = node->child; at != NULL; at = at->next)
		stmboot_similar(word, at->name, &best);
	for (const struct stmboot_dtb_node *at = node->child; at != NULL && best == NULL;
	     at = at->next) {
		const char *meant = NULL;
		char base[WORD_BYTES];

		cut_word(base, at->name, strcspn(at->name, "@"));
		stmboot_similar(word, base, &meant);
		best = meant != NULL ? at->name : NULL;
	}
	return best;
}

/* As far as nodes are there. */
static enum stmboot_status follow(const struct stmboot_dtb *dtb, const char *name,
				  struct stmboot_refusal *why, struct place *out)
{
	const struct stmboot_dtb_node *node = dtb->root;
	size_t length = strcspn(name, "/");

	if (name[0] == '&')
		node = find_label(dtb, name + 1, length - 1);
	else if (length != 0)
		node = sb_dtb_find_node(dtb, name, length);
	if (node == NULL && name[0] != '&')
		node = find_label(dtb, name, length);
	if (node == NULL || name[0] == 0) {
		say_no_head(dtb, name, length, why);
		return STMBOOT_NOT_FOUND;
	}
	name += length;
	for (;;) {
		const struct stmboot_dtb_node *child;

		name += strspn(name, "/");
		length = strcspn(name, "/");
		child = length != 0 ? sb_dtb_find_child(node, name, length) : NULL;
		if (child == NULL)
			break;
		node = child;
		name += length;
	}
	*out = (struct place){ node, name };
	return STMBOOT_OK;
}

static enum stmboot_status locate(const struct stmboot_dtb *dtb, const char *name,
				  struct stmboot_refusal *why, struct place *out)
{
	enum stmboot_status status = follow(dtb, name, why, out);
	char path[PATH_BYTES], word[WORD_BYTES], room[SB_DID_YOU_MEAN];

	if (status != STMBOOT_OK || out->rest[0] == 0)
		return status;
	(void)stmboot_dtb_node_path(out->node, path, sizeof(path));
	cut_word(word, out->rest, strcspn(out->rest, "/"));
	return sb_refuse(why, STMBOOT_NOT_FOUND,
			 sb_did_you_mean(similar_child(out->node, word), tree_hint, room),
			 "there is no node '%.*s' in '%s'", (int)strcspn(out->rest, "/"), out->rest,
			 path);
}

enum stmboot_status stmboot_dtb_locate(const struct stmboot_dtb *dtb, const char *name,
				       struct stmboot_refusal *why,
				       const struct stmboot_dtb_node **out)
{
	struct place place;
	enum stmboot_status status =
		dtb->root != NULL ? locate(dtb, name, why, &place) : STMBOOT_NOT_FOUND;

	if (status == STMBOOT_OK)
		*out = place.node;
	return status;
}

/* One edit on its way through libfdt. */
struct work {
	const struct stmboot_dtb *base;
	struct place place;
	const char *property; /* NULL: the node itself */
	bool removal;
	const uint8_t *data;
	uint32_t length;
	size_t told; /* differences that were meant */
};

static int offset_of(void *fdt, const struct work *w)
{
	int offset = 0;

	for (const struct stmboot_dtb_node *node = w->base->root;
	     node != w->place.node && offset >= 0; node = stmboot_dtb_next_node(node))
		offset = fdt_next_node(fdt, offset, NULL);
	return offset;
}

/* The node at the same place of another tree, in which nothing before it was added. */
static const struct stmboot_dtb_node *counterpart(const struct work *w,
						  const struct stmboot_dtb *made)
{
	const struct stmboot_dtb_node *other = made->root;

	for (const struct stmboot_dtb_node *node = w->base->root;
	     node != w->place.node && other != NULL; node = stmboot_dtb_next_node(node))
		other = stmboot_dtb_next_node(other);
	return other;
}

static int set(void *fdt, void *user)
{
	const struct work *w = user;
	const char *rest = w->place.rest;
	int offset = offset_of(fdt, w);

	while (offset >= 0 && *rest != 0) {
		size_t length = strcspn(rest, "/");

		offset = fdt_add_subnode_namelen(fdt, offset, rest, (int)length);
		rest += length;
		rest += strspn(rest, "/");
	}
	return offset < 0 ? offset : fdt_setprop(fdt, offset, w->property, w->data, (int)w->length);
}

/* All properties of the name: Linux would take the second where the first is gone. */
static int remove_it(void *fdt, void *user)
{
	const struct work *w = user;
	int offset = offset_of(fdt, w);
	int error;

	if (offset < 0 || w->property == NULL)
		return offset < 0 ? offset : fdt_del_node(fdt, offset);
	do
		error = fdt_delprop(fdt, offset, w->property);
	while (error == 0);
	return error == -FDT_ERR_NOTFOUND ? 0 : error;
}

static bool is_value(const struct work *w, const struct stmboot_dtb_property *p)
{
	return strcmp(p->name, w->property) == 0 && p->length == w->length &&
	       memcmp(p->data, w->data, w->length) == 0;
}

/* Is the node what was to be created: nodes of the wanted names, and in the last the property? */
static bool is_created(const struct work *w, const struct stmboot_dtb_node *node)
{
	const char *rest = w->place.rest;

	for (;;) {
		size_t length = strcspn(rest, "/");

		if (strncmp(node->name, rest, length) != 0 || node->name[length] != 0)
			return false;
		rest += length;
		rest += strspn(rest, "/");
		if (*rest == 0)
			break;
		if (node->property_count != 0 || node->child == NULL || node->child->next != NULL)
			return false;
		node = node->child;
	}
	return node->child == NULL && node->property_count == 1 &&
	       is_value(w, &node->properties[0]);
}

static bool is_meant(const struct work *w, const struct sb_dtb_difference *d)
{
	if (w->removal && w->property == NULL)
		return d->before == NULL && d->node == w->place.node;
	if (w->removal)
		return d->before != NULL && d->node == w->place.node &&
		       strcmp(d->before->name, w->property) == 0;
	if (w->place.rest[0] != 0)
		return d->after == NULL && is_created(w, d->node);
	return d->after != NULL && is_value(w, d->after);
}

static bool check_difference(void *user, const struct sb_dtb_difference *difference)
{
	struct work *w = user;

	w->told++;
	return is_meant(w, difference);
}

/* Nothing but what was meant differs, at its place. */
static bool is_right(struct work *w, const struct stmboot_dtb *made)
{
	const struct stmboot_dtb_node *node;

	w->told = 0;
	if (made->misaligned || !sb_dtb_compare(w->base, made, w->removal, check_difference, w))
		return false;
	if (w->removal)
		return w->told == 1 || (w->told > 1 && w->property != NULL);
	node = counterpart(w, made);
	if (node == NULL)
		return false;
	if (w->place.rest[0] != 0)
		return w->told == 1 && node->child != NULL && is_created(w, node->child);
	for (size_t i = 0; i < node->property_count; i++)
		if (strcmp(node->properties[i].name, w->property) == 0)
			return w->told == 1 && is_value(w, &node->properties[i]);
	return false;
}

static enum stmboot_status refuse_failure(const struct sb_dtb_failure *failure,
					  struct stmboot_refusal *why)
{
	return sb_refuse(why, STMBOOT_UNSUPPORTED, "compile the tree again with dtc",
			 "libfdt does not change this tree: %s",
			 failure->error != 0 ? fdt_strerror(failure->error) : failure->defect);
}

static enum stmboot_status run(struct stmboot_context *ctx, struct work *w, uint64_t room,
			       struct stmboot_refusal *why, struct stmboot_dtb **out)
{
	struct sb_dtb_failure failure;
	struct stmboot_dtb *made = NULL;
	enum stmboot_status status =
		sb_dtb_rework(ctx, w->base, room, w->removal ? remove_it : set, w, &failure, &made);

	if (status == STMBOOT_CONFLICT)
		return refuse_failure(&failure, why);
	if (status == STMBOOT_LIMIT)
		return sb_refuse(why, status, NULL,
				 "the device tree would be larger than %llu bytes",
				 (unsigned long long)sb_limits(ctx)->max_dtb_bytes);
	if (status != STMBOOT_OK)
		return status;
	if (!is_right(w, made)) {
		stmboot_dtb_free(made);
		return sb_refuse(why, STMBOOT_INTERNAL, "please report this",
				 "libfdt changed more of the tree, or less, than was meant");
	}
	*out = made;
	return STMBOOT_OK;
}

/* A name that a new property or node may have. Length is not limited by Linux or dtc. */
static bool is_good_name(const char *name, size_t length, bool node)
{
	size_t base = strspn(name, name_bytes);

	if (node && base != 0 && base < length && name[base] == '@')
		base += 1 + strspn(name + base + 1, name_bytes);
	return length != 0 && length <= MOST_NAME && base >= length && name[length - 1] != '@';
}

static unsigned int depth_of(const struct stmboot_dtb_node *node)
{
	unsigned int depth = 0;

	for (; node != NULL; node = node->parent)
		depth++;
	return depth;
}

/* Of the nodes that are to be created; the bytes that they take are added to *room. */
static enum stmboot_status check_rest(const struct place *place, uint64_t *room,
				      struct stmboot_refusal *why)
{
	unsigned int depth = depth_of(place->node);
	const char *rest = place->rest;

	while (*rest != 0) {
		size_t length = strcspn(rest, "/");

		if (!is_good_name(rest, length, true))
			return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
					 "letters, digits and ,._+*#?- make a name, and behind "
					 "one @ the address",
					 "'%.*s' is no name of a node", (int)length, rest);
		if (++depth > SB_DTB_DEPTH)
			return sb_refuse(why, STMBOOT_LIMIT, NULL,
					 "nodes would be nested more than %d deep", SB_DTB_DEPTH);
		*room += length + (uint64_t)4 * sizeof(uint32_t);
		rest += length;
		rest += strspn(rest, "/");
	}
	return STMBOOT_OK;
}

static enum stmboot_status check_property(const struct work *w, struct stmboot_refusal *why)
{
	const char *name = w->property;

	if (w->place.rest[0] == 0 && stmboot_dtb_find_property(w->place.node, name) != NULL)
		return STMBOOT_OK;
	if (!is_good_name(name, strlen(name), false))
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
				 "letters, digits and ,._+*#?- make a name",
				 "'%s' is no name of a property", name);
	return STMBOOT_OK;
}

/* What is there already is left as it is, with its padding. */
static enum stmboot_status set_or_keep(struct stmboot_context *ctx, struct work *w, uint64_t room,
				       struct stmboot_refusal *why, struct stmboot_dtb **out)
{
	const struct stmboot_dtb_property *p =
		w->place.rest[0] == 0 ? stmboot_dtb_find_property(w->place.node, w->property)
				      : NULL;

	if (p != NULL && is_value(w, p))
		return sb_dtb_from_memory(ctx, w->base->blob, w->base->header.total_bytes, out);
	return run(ctx, w, room + w->length + strlen(w->property), why, out);
}

enum stmboot_status stmboot_dtb_set(struct stmboot_context *ctx, const struct stmboot_dtb *base,
				    const struct stmboot_dtb_setting *setting,
				    struct stmboot_refusal *why, struct stmboot_dtb **out)
{
	struct stmboot_dtb_setting s = { 0 };
	struct work w = { .base = base };
	enum stmboot_status status;
	struct sb_arena arena;
	uint64_t room = 0;

	memcpy(&s, setting, (size_t)sb_min_u64(setting->struct_size, sizeof(s)));
	w.property = s.property;
	if (base->root == NULL || s.node == NULL || s.property == NULL)
		return STMBOOT_INVALID_ARGUMENT;
	status = s.create ? follow(base, s.node, why, &w.place)
			  : locate(base, s.node, why, &w.place);
	if (status == STMBOOT_OK)
		status = check_rest(&w.place, &room, why);
	if (status == STMBOOT_OK)
		status = check_property(&w, why);
	if (status != STMBOOT_OK)
		return status;
	sb_arena_init(&arena, ctx);
	status = sb_dtb_encode(&arena, &s.type, s.values, s.value_count, why, &w.data, &w.length);
	if (status == STMBOOT_OK)
		status = set_or_keep(ctx, &w, room, why, out);
	sb_arena_release(&arena);
	return status;
}

static enum stmboot_status check_node(const struct stmboot_dtb_node *node,
				      struct stmboot_refusal *why)
{
	const struct stmboot_dtb_node *other;

	if (node->parent == NULL)
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, "name a node below it",
				 "the root cannot be removed");
	for (other = node->parent->child; other != NULL; other = other->next)
		if (other != node && strcmp(other->name, node->name) == 0)
			return sb_refuse(why, STMBOOT_CONFLICT, NULL,
					 "several nodes beside each other are called '%s'",
					 node->name);
	return STMBOOT_OK;
}

static enum stmboot_status refuse_property(const struct stmboot_dtb_node *node,
					   const char *property, struct stmboot_refusal *why)
{
	const char *best = NULL;
	char path[PATH_BYTES], room[SB_DID_YOU_MEAN];

	for (size_t i = 0; i < node->property_count; i++)
		stmboot_similar(property, node->properties[i].name, &best);
	(void)stmboot_dtb_node_path(node, path, sizeof(path));
	return sb_refuse(why, STMBOOT_NOT_FOUND, sb_did_you_mean(best, tree_hint, room),
			 "'%s' has no property '%s'", path, property);
}

enum stmboot_status stmboot_dtb_remove(struct stmboot_context *ctx, const struct stmboot_dtb *base,
				       const char *node, const char *property,
				       struct stmboot_refusal *why, struct stmboot_dtb **out)
{
	struct work w = { .base = base, .property = property, .removal = true };
	enum stmboot_status status;

	if (base->root == NULL)
		return STMBOOT_INVALID_ARGUMENT;
	status = locate(base, node, why, &w.place);
	if (status == STMBOOT_OK && property == NULL)
		status = check_node(w.place.node, why);
	if (status != STMBOOT_OK)
		return status;
	if (property != NULL && stmboot_dtb_find_property(w.place.node, property) == NULL)
		return refuse_property(w.place.node, property, why);
	return run(ctx, &w, 0, why, out);
}
