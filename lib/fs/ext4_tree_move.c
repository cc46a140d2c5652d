/* SPDX-License-Identifier: MIT */
/* Names that go, and names that come in their place, in a tree that is changed. */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4_tree_parts.h"

static bool is_directory(const struct sb_ext4_inode *inode)
{
	return sb_ext4_mode_type(inode->mode) == STMBOOT_FS_DIRECTORY;
}

/* A name that may be taken away, and that leads to what may be changed. */
static enum stmboot_status check_name(struct sb_tree *tree, const struct sb_spot *spot)
{
	struct sb_tree_names *names;
	enum stmboot_status status = tree->broken;

	if (status == STMBOOT_OK && !spot->exists)
		return sb_tree_refuse(tree, STMBOOT_NOT_FOUND, NULL, "does not exist");
	if (status == STMBOOT_OK && spot->directory == 0)
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL,
				      "is the root directory, which stays");
	if (status == STMBOOT_OK)
		status = sb_tree_check_inode(tree, &spot->inode);
	return status == STMBOOT_OK ? sb_tree_names(tree, spot->directory, &names) : status;
}

/* A directory that is to go: it is where it says, and has as many links as it should. */
static enum stmboot_status check_directory(struct sb_tree *tree, uint32_t number, uint32_t parent,
					   const struct sb_tree_names *names, uint32_t *folders)
{
	const struct sb_tree_name *up = sb_tree_name(names, "..");
	struct sb_ext4_inode inode, below;
	enum stmboot_status status = sb_tree_inode(tree, number, &inode);

	*folders = 0;
	for (size_t i = 0; i < names->count && status == STMBOOT_OK; i++) {
		const struct sb_tree_name *name = &names->list[i];

		if (strcmp(name->text, ".") == 0 || strcmp(name->text, "..") == 0)
			continue;
		status = sb_tree_inode(tree, name->inode, &below);
		*folders += status == STMBOOT_OK && is_directory(&below);
	}
	if (status != STMBOOT_OK)
		return status;
	if (up == NULL || up->inode != parent)
		return sb_tree_damage(tree, inode.offset,
				      "a directory that says it is in another one");
	if (inode.links != 1 && inode.links != *folders + 2)
		return sb_tree_damage(tree, inode.offset,
				      "a directory with a wrong count of links");
	return STMBOOT_OK;
}

/* Directories that are still to be freed. */
struct queue {
	struct folder {
		uint32_t number;
		uint32_t parent;
	} * list;
	size_t count;
	size_t capacity;
};

static enum stmboot_status enqueue(struct sb_tree *tree, struct queue *queue, uint32_t number,
				   uint32_t parent)
{
	struct folder *folder = sb_arena_push(&tree->arena, &queue->list, &queue->count,
					      &queue->capacity, sizeof(*folder));

	if (folder == NULL)
		return STMBOOT_NO_MEMORY;
	*folder = (struct folder){ number, parent };
	return STMBOOT_OK;
}

/* What a name in a directory that goes leads to: a directory waits for its turn. */
static enum stmboot_status free_name(struct sb_tree *tree, struct queue *queue, uint32_t directory,
				     const struct sb_tree_name *name)
{
	struct sb_ext4_inode inode;
	enum stmboot_status status;

	if (strcmp(name->text, ".") == 0 || strcmp(name->text, "..") == 0)
		return STMBOOT_OK;
	sb_tree_subject(tree, "%s", name->text);
	status = sb_tree_inode(tree, name->inode, &inode);
	if (status == STMBOOT_OK)
		status = sb_tree_check_inode(tree, &inode);
	if (status != STMBOOT_OK)
		return status;
	return is_directory(&inode) ? enqueue(tree, queue, inode.number, directory)
				    : sb_tree_unlink_inode(tree, &inode);
}

static enum stmboot_status free_directory(struct sb_tree *tree, struct queue *queue,
					  const struct folder *folder)
{
	struct sb_tree_names *names;
	struct sb_ext4_inode inode;
	uint32_t folders;
	enum stmboot_status status = sb_tree_names(tree, folder->number, &names);

	if (status == STMBOOT_OK)
		status = check_directory(tree, folder->number, folder->parent, names, &folders);
	for (size_t i = 0; status == STMBOOT_OK && i < names->count; i++)
		status = free_name(tree, queue, folder->number, &names->list[i]);
	if (status == STMBOOT_OK)
		status = sb_tree_inode(tree, folder->number, &inode);
	return status == STMBOOT_OK ? sb_tree_free_inode(tree, &inode) : status;
}

/*
 * A directory and all in it. Its own names stay in its blocks, which nothing owns any more.
 * A directory comes only after its parent has gone, so one that is in itself is not found.
 */
static enum stmboot_status free_all(struct sb_tree *tree, uint32_t number, uint32_t parent)
{
	struct queue queue = { .count = 0 };
	enum stmboot_status status = enqueue(tree, &queue, number, parent);

	for (size_t i = 0; status == STMBOOT_OK && i < queue.count; i++) {
		struct folder folder = queue.list[i];

		status = free_directory(tree, &queue, &folder);
	}
	return status;
}

enum stmboot_status sb_tree_check_empty(struct sb_tree *tree, const struct sb_spot *spot)
{
	struct sb_tree_names *names = NULL;
	uint32_t folders;
	enum stmboot_status status = sb_tree_check_inode(tree, &spot->inode);

	if (status == STMBOOT_OK)
		status = sb_tree_names(tree, spot->inode.number, &names);
	if (status != STMBOOT_OK)
		return status;
	if (spot->directory != 0)
		status =
			check_directory(tree, spot->inode.number, spot->directory, names, &folders);
	if (status == STMBOOT_OK && names->count > 2)
		return sb_tree_refuse(tree, STMBOOT_CONFLICT, NULL,
				      "is a directory with %zu name%s", names->count - 2,
				      names->count == 3 ? "" : "s");
	return status;
}

enum stmboot_status sb_tree_remove(struct sb_tree *tree, const struct sb_spot *spot, bool recursive)
{
	bool directory = spot->exists && is_directory(&spot->inode);
	enum stmboot_status status = check_name(tree, spot);

	if (status == STMBOOT_OK && directory && !recursive)
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT,
				      "with --recursive it goes with all that is in it",
				      "is a directory");
	if (status != STMBOOT_OK)
		return status;
	status = sb_tree_remove_name(tree, spot->directory, spot->name);
	if (status == STMBOOT_OK)
		status = directory ? free_all(tree, spot->inode.number, spot->directory)
				   : sb_tree_unlink_inode(tree, &spot->inode);
	if (status == STMBOOT_OK && directory)
		status = sb_tree_count_link(tree, spot->directory, -1);
	return sb_tree_settle(tree, status);
}

/* May what is at one place take the other one? Sets *same when it is there already. */
static enum stmboot_status check_move(struct sb_tree *tree, const struct sb_spot *from,
				      const struct sb_spot *to, bool *same)
{
	size_t length = strlen(from->path);
	enum stmboot_status status;

	*same = to->exists && to->inode.number == from->inode.number;
	if (*same)
		return STMBOOT_OK;
	if (is_directory(&from->inode) && strncmp(to->path, from->path, length) == 0 &&
	    to->path[length] == '/')
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL,
				      "is inside the directory that would move there");
	if (!to->exists)
		return STMBOOT_OK;
	status = check_name(tree, to);
	if (status != STMBOOT_OK)
		return status;
	if (is_directory(&to->inode) && !is_directory(&from->inode))
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL, "is a directory");
	if (!is_directory(&to->inode) && is_directory(&from->inode))
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL, "is not a directory");
	return is_directory(&to->inode) ? sb_tree_check_empty(tree, to) : STMBOOT_OK;
}

/* Let the name at the new place lead to what moves; what had it before goes. */
static enum stmboot_status take_place(struct sb_tree *tree, const struct sb_ext4_inode *inode,
				      const struct sb_spot *to)
{
	enum stmboot_status status;

	if (!to->exists)
		return sb_tree_add_name(tree, to->directory, to->name, inode->number, inode->mode);
	status = sb_tree_set_name(tree, to->directory, to->name, inode->number, inode->mode);
	if (status != STMBOOT_OK)
		return status;
	if (!is_directory(&to->inode))
		return sb_tree_unlink_inode(tree, &to->inode);
	status = sb_tree_free_inode(tree, &to->inode);
	return status == STMBOOT_OK ? sb_tree_count_link(tree, to->directory, -1) : status;
}

/* A directory knows where it is, and that place counts it. */
static enum stmboot_status change_parent(struct sb_tree *tree, uint32_t number, uint32_t from,
					 uint32_t to)
{
	enum stmboot_status status = sb_tree_set_parent(tree, number, to);

	if (status == STMBOOT_OK)
		status = sb_tree_count_link(tree, from, -1);
	return status == STMBOOT_OK ? sb_tree_count_link(tree, to, 1) : status;
}

static enum stmboot_status check_parents(struct sb_tree *tree, const struct sb_spot *from,
					 const struct sb_spot *to)
{
	struct sb_tree_names *names;
	struct sb_ext4_inode parent;
	uint32_t folders;
	enum stmboot_status status = sb_tree_names(tree, to->directory, &names);

	if (status != STMBOOT_OK || !is_directory(&from->inode))
		return status;
	status = sb_tree_names(tree, from->inode.number, &names);
	if (status == STMBOOT_OK)
		status =
			check_directory(tree, from->inode.number, from->directory, names, &folders);
	if (status == STMBOOT_OK)
		status = sb_tree_inode(tree, to->directory, &parent);
	if (status != STMBOOT_OK || from->directory == to->directory || to->exists)
		return status;
	return sb_tree_check_links(tree, &parent);
}

static enum stmboot_status move(struct sb_tree *tree, const struct sb_spot *from,
				const struct sb_spot *to)
{
	enum stmboot_status status = take_place(tree, &from->inode, to);

	if (status == STMBOOT_OK)
		status = sb_tree_remove_name(tree, from->directory, from->name);
	if (status == STMBOOT_OK && is_directory(&from->inode) && from->directory != to->directory)
		status = change_parent(tree, from->inode.number, from->directory, to->directory);
	if (status != STMBOOT_OK)
		return status;
	if (sb_tree_touch(tree, &from->inode, SB_MAY_TIMES) == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_tree_read_raw(tree, from->inode.number);
	if (status != STMBOOT_OK)
		return status;
	sb_tree_stamp(tree, SB_EXT4_CHANGED, sb_tree_now(tree));
	return sb_tree_write_raw(tree, from->inode.number);
}

enum stmboot_status sb_tree_move(struct sb_tree *tree, const struct sb_spot *from,
				 const struct sb_spot *to)
{
	bool same = false;
	enum stmboot_status status;

	sb_tree_subject(tree, "%s", from->path);
	status = check_name(tree, from);
	sb_tree_subject(tree, "%s", to->path);
	if (status == STMBOOT_OK)
		status = check_move(tree, from, to, &same);
	if (status != STMBOOT_OK || same)
		return status;
	status = check_parents(tree, from, to);
	return status == STMBOOT_OK ? sb_tree_settle(tree, move(tree, from, to)) : status;
}
