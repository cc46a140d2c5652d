/* SPDX-License-Identifier: MIT */
/* Do two device trees have the same content? Padding and the table of names do not count. */
#ifndef TESTS_DTB_SAME_H
#define TESTS_DTB_SAME_H

#include <string.h>

#include <stmboot/dtb.h>

static inline bool same_property(const struct stmboot_dtb_property *a,
				 const struct stmboot_dtb_property *b)
{
	return strcmp(a->name, b->name) == 0 && a->length == b->length &&
	       memcmp(a->data, b->data, a->length) == 0;
}

static inline bool same_node(const struct stmboot_dtb_node *a, const struct stmboot_dtb_node *b)
{
	if (strcmp(a->name, b->name) != 0 || a->property_count != b->property_count)
		return false;
	for (size_t i = 0; i < a->property_count; i++)
		if (!same_property(&a->properties[i], &b->properties[i]))
			return false;
	a = a->child;
	b = b->child;
	for (; a != NULL && b != NULL; a = a->next, b = b->next)
		if (!same_node(a, b))
			return false;
	return a == NULL && b == NULL;
}

static inline bool same_tree(const struct stmboot_dtb *a, const struct stmboot_dtb *b)
{
	return a->root != NULL && b->root != NULL && a->reserved_count == b->reserved_count &&
	       memcmp(a->reserved, b->reserved, a->reserved_count * sizeof(*a->reserved)) == 0 &&
	       same_node(a->root, b->root);
}

#endif
