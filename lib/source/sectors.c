/* SPDX-License-Identifier: MIT */
#include "source/sectors.h"

static struct sb_sector *skew(struct sb_sector *at)
{
	struct sb_sector *left = at->left;

	if (left == NULL || left->level != at->level)
		return at;
	at->left = left->right;
	left->right = at;
	return left;
}

static struct sb_sector *split(struct sb_sector *at)
{
	struct sb_sector *right = at->right;

	if (right == NULL || right->right == NULL || right->right->level != at->level)
		return at;
	at->right = right->left;
	right->left = at;
	right->level++;
	return right;
}

static struct sb_sector *insert(struct sb_sector *at, struct sb_sector *added)
{
	if (at == NULL) {
		added->level = 1;
		return added;
	}
	if (added->number < at->number)
		at->left = insert(at->left, added);
	else
		at->right = insert(at->right, added);
	return split(skew(at));
}

struct sb_sector *sb_sectors_from(struct sb_sector *root, uint64_t number)
{
	struct sb_sector *at = root;
	struct sb_sector *found = NULL;

	while (at != NULL) {
		if (at->number >= number)
			found = at;
		at = at->number >= number ? at->left : at->right;
	}
	return found;
}

/* The last sector whose number is below, or NULL. */
static struct sb_sector *last_below(struct sb_sector *root, uint64_t number)
{
	struct sb_sector *at = root;
	struct sb_sector *found = NULL;

	while (at != NULL) {
		if (at->number < number)
			found = at;
		at = at->number < number ? at->right : at->left;
	}
	return found;
}

struct sb_sector *sb_sectors_insert(struct sb_sector *root, struct sb_sector *added)
{
	struct sb_sector *before = last_below(root, added->number);

	added->next = before != NULL ? before->next : sb_sectors_from(root, 0);
	if (before != NULL)
		before->next = added;
	return insert(root, added);
}

void sb_sectors_free(struct stmboot_context *ctx, struct sb_sector *root)
{
	struct sb_sector *at = root;

	while (at != NULL) {
		struct sb_sector *next = at->right;

		if (at->left != NULL) { /* turn the tree into a list on the way */
			struct sb_sector *left = at->left;

			at->left = left->right;
			left->right = at;
			at = left;
			continue;
		}
		sb_free(ctx, at);
		at = next;
	}
}
