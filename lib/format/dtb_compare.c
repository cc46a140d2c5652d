/* SPDX-License-Identifier: MIT */
#include "format/dtb_compare.h"

#include <string.h>

struct comparison {
	bool removal;
	sb_dtb_tell *tell;
	void *user;
};

static bool same_value(const struct stmboot_dtb_property *a, const struct stmboot_dtb_property *b)
{
	return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

static bool tell(const struct comparison *c, const struct stmboot_dtb_node *node,
		 const struct stmboot_dtb_property *before,
		 const struct stmboot_dtb_property *after)
{
	const struct sb_dtb_difference difference = { node, before, after };

	return c->tell(c->user, &difference);
}

static bool compare_properties(const struct comparison *c, const struct stmboot_dtb_node *before,
			       const struct stmboot_dtb_node *after)
{
	const struct stmboot_dtb_property *a = before->properties, *b = after->properties;
	const struct stmboot_dtb_property *a_end = a + before->property_count;
	const struct stmboot_dtb_property *b_end = b + after->property_count;
	bool good = true;

	while (good && (a < a_end || b < b_end)) {
		if (a < a_end && b < b_end && strcmp(a->name, b->name) == 0) {
			good = same_value(a, b) || tell(c, after, a, b);
			a++;
			b++;
		} else if (c->removal) {
			good = a < a_end && tell(c, before, a, NULL);
			a++;
		} else {
			good = b < b_end && tell(c, after, NULL, b);
			b++;
		}
	}
	return good;
}

/* Never deeper than a tree. */
static bool compare_nodes(const struct comparison *c, const struct stmboot_dtb_node *before,
			  const struct stmboot_dtb_node *after)
{
	const struct stmboot_dtb_node *a = before->child, *b = after->child;
	bool good = compare_properties(c, before, after);

	while (good && (a != NULL || b != NULL)) {
		if (a != NULL && b != NULL && strcmp(a->name, b->name) == 0) {
			good = compare_nodes(c, a, b);
			a = a->next;
			b = b->next;
		} else if (c->removal) {
			good = a != NULL && tell(c, a, NULL, NULL);
			a = a != NULL ? a->next : NULL;
		} else {
			good = b != NULL && tell(c, b, NULL, NULL);
			b = b != NULL ? b->next : NULL;
		}
	}
	return good;
}

static bool same_reservations(const struct stmboot_dtb *a, const struct stmboot_dtb *b)
{
	if (a->reserved_count != b->reserved_count)
		return false;
	for (size_t i = 0; i < a->reserved_count; i++)
		if (a->reserved[i].address != b->reserved[i].address ||
		    a->reserved[i].bytes != b->reserved[i].bytes)
			return false;
	return true;
}

bool sb_dtb_compare(const struct stmboot_dtb *before, const struct stmboot_dtb *after, bool removal,
		    sb_dtb_tell *tell_of, void *user)
{
	const struct comparison c = { .removal = removal, .tell = tell_of, .user = user };

	return before->header.boot_cpu == after->header.boot_cpu &&
	       same_reservations(before, after) && compare_nodes(&c, before->root, after->root);
}
