/* SPDX-License-Identifier: MIT */
/* Where paths lead in a tree that is changed, and why they lead nowhere. */
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "fs/ext4_tree_parts.h"

/* What is wrong with the way to a directory: the first name that does not lead on. */
static enum stmboot_status refuse_way(struct sb_tree *tree, const char *path, size_t length)
{
	char part[STMBOOT_FS_PATH_BYTES];
	struct sb_walk walk;

	for (size_t end = 1; end <= length; end++) {
		enum stmboot_status status;

		if (end < length && path[end] != '/')
			continue;
		memcpy(part, path, end);
		part[end] = '\0';
		sb_tree_subject(tree, "%s", part);
		status = tree->fs->ops->walk(tree->fs, part, true, &walk);
		if (status == STMBOOT_NOT_FOUND)
			return sb_tree_refuse(tree, status, NULL, "does not exist");
		if (status != STMBOOT_OK)
			return sb_tree_trouble(tree, status);
		if (walk.type != STMBOOT_FS_DIRECTORY)
			return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL,
					      "is not a directory");
	}
	return sb_tree_refuse(tree, STMBOOT_NOT_FOUND, NULL, "does not exist");
}

/* Walk to what must be a directory. */
static enum stmboot_status walk_directory(struct sb_tree *tree, const char *path, size_t length,
					  struct sb_walk *walk)
{
	char part[STMBOOT_FS_PATH_BYTES];
	enum stmboot_status status;

	if (length >= sizeof(part))
		return sb_tree_refuse(tree, STMBOOT_LIMIT, NULL, "is too long for a path");
	memcpy(part, path, length);
	part[length] = '\0';
	status = tree->fs->ops->walk(tree->fs, part, true, walk);
	if (status == STMBOOT_NOT_FOUND ||
	    (status == STMBOOT_OK && walk->type != STMBOOT_FS_DIRECTORY))
		return refuse_way(tree, part, length);
	if (status == STMBOOT_LIMIT)
		return sb_tree_refuse(tree, status, NULL, "leads through too many symbolic links");
	return sb_tree_trouble(tree, status);
}

static enum stmboot_status find_root(struct sb_tree *tree, struct sb_spot *spot)
{
	sb_tree_subject(tree, "/");
	*spot = (struct sb_spot){ .exists = true, .path = "/" };
	return sb_tree_inode(tree, EXT4_ROOT_INODE, &spot->inode);
}

enum stmboot_status sb_tree_find_name(struct sb_tree *tree, uint32_t directory, const char *name,
				      struct sb_spot *spot)
{
	const struct sb_tree_node *node = sb_tree_node(tree, directory);
	struct sb_ext4_inode inode;
	uint32_t number = 0;
	uint64_t place;
	enum stmboot_status status = STMBOOT_NOT_FOUND;

	sb_fs_renew(tree->fs);
	spot->directory = directory;
	(void)snprintf(spot->name, sizeof(spot->name), "%s", name);
	spot->exists = false;
	if (node != NULL && node->names != NULL) {
		const struct sb_tree_name *found = sb_tree_name(node->names, name);

		if (found != NULL) {
			number = found->inode;
			status = STMBOOT_OK;
		}
	} else {
		status = sb_tree_inode(tree, directory, &inode);
		if (status == STMBOOT_OK)
			status = sb_linux_find(tree->fs, &inode, name, &number, &place);
	}
	if (status == STMBOOT_NOT_FOUND)
		return STMBOOT_OK;
	if (status == STMBOOT_OK)
		status = sb_fs_named_inode(tree->fs, number, &spot->inode);
	spot->exists = status == STMBOOT_OK;
	return sb_tree_trouble(tree, status);
}

/* What a symbolic link at the end of a path leads to. */
static enum stmboot_status follow_last(struct sb_tree *tree, const char *path, struct sb_spot *spot)
{
	struct sb_walk walk;
	enum stmboot_status status;

	sb_fs_renew(tree->fs);
	status = tree->fs->ops->walk(tree->fs, path, true, &walk);
	if (status == STMBOOT_NOT_FOUND)
		return sb_tree_refuse(tree, status, NULL, "is a symbolic link that leads nowhere");
	if (status == STMBOOT_LIMIT)
		return sb_tree_refuse(tree, status, NULL, "leads through too many symbolic links");
	if (status != STMBOOT_OK)
		return sb_tree_trouble(tree, status);
	return sb_tree_find(tree, walk.length > 0 ? walk.path : "/", false, spot);
}

/* The last name of a path, which is none of "", "." and "..". */
static enum stmboot_status find_last(struct sb_tree *tree, const char *path, size_t parent,
				     const char *name, struct sb_spot *spot)
{
	struct sb_walk walk;
	int length;
	enum stmboot_status status = walk_directory(tree, path, parent, &walk);

	if (status != STMBOOT_OK)
		return status;
	length = snprintf(spot->path, sizeof(spot->path), "%s/%s", walk.path, name);
	if (length < 0 || (size_t)length >= sizeof(spot->path))
		return sb_tree_refuse(tree, STMBOOT_LIMIT, NULL, "is too long for a path");
	sb_tree_subject(tree, "%s", spot->path);
	return sb_tree_find_name(tree, walk.inode.number, name, spot);
}

/* Where the last name of a path begins, with *length cut behind it. */
static size_t last_name(const char *path, size_t *length)
{
	size_t start;

	while (*length > 0 && path[*length - 1] == '/')
		--*length;
	for (start = *length; start > 0 && path[start - 1] != '/'; start--)
		continue;
	return start;
}

enum stmboot_status sb_tree_find(struct sb_tree *tree, const char *path, bool follow,
				 struct sb_spot *spot)
{
	size_t length = strlen(path), whole = length;
	size_t start = last_name(path, &length), bytes = length - start;
	char name[STMBOOT_FS_NAME_BYTES];
	struct sb_walk walk;
	enum stmboot_status status;

	sb_fs_renew(tree->fs);
	sb_tree_subject(tree, "%s", path);
	if (length == 0)
		return find_root(tree, spot);
	if (bytes >= sizeof(name))
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT,
				      "ext4 has room for names of 255 bytes",
				      "ends in a name of %zu bytes", bytes);
	memcpy(name, path + start, bytes);
	name[bytes] = '\0';
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		status = walk_directory(tree, path, length, &walk);
		return status == STMBOOT_OK ? sb_tree_find(tree, walk.path, false, spot) : status;
	}
	status = find_last(tree, path, start, name, spot);
	if (status != STMBOOT_OK || !spot->exists)
		return status;
	if (sb_ext4_mode_type(spot->inode.mode) == STMBOOT_FS_SYMLINK && (follow || length < whole))
		return follow_last(tree, path, spot);
	if (length < whole && sb_ext4_mode_type(spot->inode.mode) != STMBOOT_FS_DIRECTORY)
		return sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL, "is not a directory");
	return STMBOOT_OK;
}

/* A link to a directory is one; any other is followed if asked, and else the place itself. */
static enum stmboot_status follow_into(struct sb_tree *tree, const char *path, bool follow,
				       struct sb_spot *spot)
{
	struct sb_spot led = { .exists = false };
	enum stmboot_status status = sb_tree_find(tree, path, true, &led);
	bool is_place =
		status == STMBOOT_OK && sb_ext4_mode_type(led.inode.mode) == STMBOOT_FS_DIRECTORY;

	if (is_place || (follow && status == STMBOOT_OK))
		*spot = led;
	if (follow || (status != STMBOOT_NOT_FOUND && status != STMBOOT_LIMIT))
		return status;
	*tree->why = (struct stmboot_refusal){ .message = "" };
	sb_tree_subject(tree, "%s", spot->path);
	return STMBOOT_OK;
}

enum stmboot_status sb_tree_find_into(struct sb_tree *tree, const char *path, const char *name,
				      unsigned how, struct sb_spot *spot)
{
	bool follow = (how & SB_INTO_FOLLOW) != 0;
	size_t whole = strlen(path);
	char joined[STMBOOT_FS_PATH_BYTES];
	int length;
	enum stmboot_status status = sb_tree_find(tree, path, false, spot);

	if (status == STMBOOT_OK && !spot->exists && (how & SB_INTO_DIRECTORY) == 0 &&
	    path[whole - 1] == '/')
		return sb_tree_refuse(tree, STMBOOT_NOT_FOUND, NULL, "does not exist");
	if (status == STMBOOT_OK && spot->exists &&
	    sb_ext4_mode_type(spot->inode.mode) == STMBOOT_FS_SYMLINK)
		status = follow_into(tree, path, follow, spot);
	if (status != STMBOOT_OK || name == NULL || !spot->exists ||
	    sb_ext4_mode_type(spot->inode.mode) != STMBOOT_FS_DIRECTORY)
		return status;
	length = snprintf(joined, sizeof(joined), "%s/%s", spot->directory != 0 ? spot->path : "",
			  name);
	if (length < 0 || (size_t)length >= sizeof(joined))
		return sb_tree_refuse(tree, STMBOOT_LIMIT, NULL, "is too long for a path");
	return sb_tree_find(tree, joined, follow, spot);
}
