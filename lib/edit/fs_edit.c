/* SPDX-License-Identifier: MIT */
/* Edits of files, one by one. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "edit/edit.h"
#include "edit/fs_edit.h"
#include "fs/ext4_edit.h"
#include "fs/mode.h"

static const char *const type_words[] = {
	[STMBOOT_FS_UNKNOWN] = "something of no type",
	[STMBOOT_FS_FILE] = "regular file",
	[STMBOOT_FS_DIRECTORY] = "directory",
	[STMBOOT_FS_SYMLINK] = "symbolic link",
	[STMBOOT_FS_CHAR_DEVICE] = "character device",
	[STMBOOT_FS_BLOCK_DEVICE] = "block device",
	[STMBOOT_FS_FIFO] = "pipe",
	[STMBOOT_FS_SOCKET] = "socket",
};

static const char *words_of_file(struct stmboot_boot_edit *edit, uint64_t bytes)
{
	return sb_arena_printf(&edit->arena, "regular file of %" PRIu64 " bytes", bytes);
}

const char *sb_fs_words(struct stmboot_boot_edit *edit, const struct sb_ext4_inode *inode)
{
	enum stmboot_fs_type type = sb_ext4_mode_type(inode->mode);

	return type == STMBOOT_FS_FILE ? words_of_file(edit, inode->size) : type_words[type];
}

/* Say what was changed; nothing when a text is missing for want of memory. */
static enum stmboot_status describe(struct stmboot_boot_edit *edit, const char *what,
				    const char *before, const char *after)
{
	if (what == NULL || edit->arena.failed)
		return STMBOOT_NO_MEMORY;
	return stmboot_edit_describe(edit->edit, what, before, after);
}

static enum stmboot_status describe_spot(struct stmboot_boot_edit *edit, uint32_t partition,
					 const char *path, const char *before, const char *after)
{
	return describe(edit, sb_fs_place(edit, partition, path), before, after);
}

enum stmboot_status sb_fs_last_name(struct stmboot_boot_edit *edit, const char *path,
				    const char **out)
{
	size_t length = strlen(path);
	size_t start;

	while (length > 0 && path[length - 1] == '/')
		length--;
	for (start = length; start > 0 && path[start - 1] != '/'; start--)
		continue;
	*out = sb_arena_strndup(&edit->arena, path + start, length - start);
	if (*out == NULL)
		return STMBOOT_NO_MEMORY;
	if (**out == '\0' || strcmp(*out, ".") == 0 || strcmp(*out, "..") == 0)
		*out = NULL;
	return STMBOOT_OK;
}

/* The regular file that a place leads to, or one of that name in a directory. */
static bool find_file(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *place,
		      const char *name, struct sb_walk *walk)
{
	char path[STMBOOT_FS_PATH_BYTES];
	struct stmboot_fs *fs;
	int length;

	if (sb_fs_reader(edit, (uint32_t)place->partition, &fs) != STMBOOT_OK ||
	    fs->ops->walk(fs, place->path, true, walk) != STMBOOT_OK)
		return false;
	if (walk->type == STMBOOT_FS_FILE)
		return true;
	if (walk->type != STMBOOT_FS_DIRECTORY || name == NULL)
		return false;
	length = snprintf(path, sizeof(path), "%s/%s", walk->path, name);
	return length > 0 && (size_t)length < sizeof(path) &&
	       fs->ops->walk(fs, path, true, walk) == STMBOOT_OK && walk->type == STMBOOT_FS_FILE;
}

/* Another content for a file alone: the fewest writes, and no look at all inodes if it fits. */
static enum stmboot_status replace_alone(struct stmboot_boot_edit *edit, uint32_t partition,
					 const struct sb_walk *file, struct stmboot_source *content)
{
	const struct stmboot_part *part = stmboot_image_find(edit->before.image, partition);
	struct sb_ext4_edit done = { .changed = false };
	enum stmboot_status status = sb_boot_edit_replay(edit, partition, &edit->fs_why);

	if (status == STMBOOT_OK)
		status = sb_ext4_replace_content(&edit->arena, sb_edit_overlay(edit->edit),
						 part->offset, part->available, file->path, content,
						 true, &edit->fs_why, &done);
	for (size_t i = 0; status == STMBOOT_OK && i < done.write_count; i++)
		status = sb_edit_confine(edit->edit, done.writes[i].offset, done.writes[i].length);
	if (status != STMBOOT_OK || !done.changed)
		return status;
	return describe_spot(edit, partition, file->path, words_of_file(edit, file->inode.size),
			     words_of_file(edit, stmboot_source_size(content)));
}

/* In a tree, with others. */
static enum stmboot_status put_in_tree(struct stmboot_boot_edit *edit,
				       const struct stmboot_file_ref *place, const char *name,
				       struct stmboot_source *content,
				       const struct sb_tree_gift *gift, bool gives)
{
	const char *before = NULL;
	struct sb_tree *tree;
	struct sb_spot spot = { .exists = false };
	uint64_t changes;
	enum stmboot_status status = sb_fs_tree(edit, (uint32_t)place->partition, &tree);

	if (status == STMBOOT_OK)
		status = sb_tree_find_into(tree, place->path, name, SB_INTO_FOLLOW, &spot);
	if (status != STMBOOT_OK)
		return status;
	changes = sb_tree_changes(tree);
	sb_tree_announce(tree, stmboot_source_size(content));
	if (spot.exists) {
		before = sb_fs_words(edit, &spot.inode);
		status = sb_tree_replace(tree, &spot.inode, content);
	} else {
		status = sb_tree_make_file(tree, &spot, content, gift, &spot.inode.number);
	}
	if (status == STMBOOT_OK && spot.exists && gives)
		status = sb_tree_give(tree, spot.inode.number, gift);
	if (status != STMBOOT_OK || sb_tree_changes(tree) == changes)
		return status;
	return describe_spot(edit, (uint32_t)place->partition, spot.path, before,
			     words_of_file(edit, stmboot_source_size(content)));
}

enum stmboot_status sb_fs_put(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *place,
			      const char *name, struct stmboot_source *content,
			      const struct sb_tree_gift *gift, bool gives)
{
	uint32_t partition = (uint32_t)place->partition;
	struct sb_walk file;

	if (!gives && !sb_fs_has_tree(edit, partition) && find_file(edit, place, name, &file)) {
		enum stmboot_status status = replace_alone(edit, partition, &file, content);

		/* Where there is no room for the old content and the new one, a tree finds some. */
		if (status != STMBOOT_LIMIT)
			return status;
	}
	edit->fs_why = (struct stmboot_refusal){ .message = "" };
	return put_in_tree(edit, place, name, content, gift, gives);
}

static struct sb_tree_gift gift_of(const struct stmboot_fs_properties *properties)
{
	struct stmboot_fs_properties p = { .struct_size = sizeof(p) };

	if (properties != NULL)
		memcpy(&p, properties, (size_t)sb_min_u64(properties->struct_size, sizeof(p)));
	return (struct sb_tree_gift){
		.set = (p.has_mode ? SB_TREE_MODE : 0U) | (p.has_owner ? SB_TREE_OWNER : 0U) |
		       (p.has_times ? SB_TREE_TIMES : 0U),
		.mode = p.mode,
		.uid = p.uid,
		.gid = p.gid,
		.accessed = { p.accessed, p.accessed_nanoseconds },
		.modified = { p.modified, p.modified_nanoseconds },
	};
}

enum stmboot_status stmboot_fs_edit_put(struct stmboot_boot_edit *edit,
					const struct stmboot_file_ref *place,
					struct stmboot_source *content,
					const struct stmboot_fs_properties *properties,
					struct stmboot_refusal *why)
{
	const struct sb_tree_gift gift = gift_of(properties);

	return sb_fs_answer(edit, sb_fs_put(edit, place, NULL, content, &gift, gift.set != 0), why);
}

static enum stmboot_status remove_place(struct stmboot_boot_edit *edit,
					const struct stmboot_file_ref *place, bool recursive)
{
	struct sb_tree *tree;
	struct sb_spot spot = { .exists = false };
	enum stmboot_status status = sb_fs_tree(edit, (uint32_t)place->partition, &tree);

	if (status == STMBOOT_OK)
		status = sb_tree_find(tree, place->path, false, &spot);
	if (status == STMBOOT_OK)
		status = sb_tree_remove(tree, &spot, recursive);
	if (status != STMBOOT_OK)
		return status;
	return describe_spot(edit, (uint32_t)place->partition, spot.path,
			     sb_fs_words(edit, &spot.inode), NULL);
}

enum stmboot_status stmboot_fs_edit_remove(struct stmboot_boot_edit *edit,
					   const struct stmboot_file_ref *place, bool recursive,
					   struct stmboot_refusal *why)
{
	return sb_fs_answer(edit, remove_place(edit, place, recursive), why);
}

static unsigned into_of(uint32_t mode)
{
	return sb_ext4_mode_type(mode) == STMBOOT_FS_DIRECTORY ? SB_INTO_DIRECTORY : 0U;
}

/* Where a move begins and ends. */
static enum stmboot_status find_both(struct stmboot_boot_edit *edit, struct sb_tree *tree,
				     const char *from, const char *to, struct sb_spot *source,
				     struct sb_spot *target)
{
	const char *name;
	enum stmboot_status status = sb_tree_find(tree, from, false, source);

	if (status == STMBOOT_OK && !source->exists)
		return sb_tree_refuse(tree, STMBOOT_NOT_FOUND, NULL, "does not exist");
	if (status == STMBOOT_OK)
		status = sb_fs_last_name(edit, source->path, &name);
	if (status == STMBOOT_OK)
		status = sb_tree_find_into(tree, to, name, into_of(source->inode.mode), target);
	return status;
}

static enum stmboot_status move_in_tree(struct stmboot_boot_edit *edit,
					const struct stmboot_file_ref *from,
					const struct stmboot_file_ref *to)
{
	uint32_t partition = (uint32_t)from->partition;
	const char *words, *before = NULL;
	struct sb_spot source = { .exists = false }, target = source;
	struct sb_tree *tree;
	uint64_t changes;
	enum stmboot_status status = sb_fs_tree(edit, partition, &tree);

	if (status == STMBOOT_OK)
		status = find_both(edit, tree, from->path, to->path, &source, &target);
	if (status != STMBOOT_OK)
		return status;
	changes = sb_tree_changes(tree);
	words = sb_fs_words(edit, &source.inode);
	if (target.exists)
		before = sb_fs_words(edit, &target.inode);
	status = sb_tree_move(tree, &source, &target);
	if (status != STMBOOT_OK || sb_tree_changes(tree) == changes)
		return status;
	status = describe_spot(edit, partition, source.path, words, NULL);
	return status == STMBOOT_OK ? describe_spot(edit, partition, target.path, before, words)
				    : status;
}

enum stmboot_status stmboot_fs_edit_move(struct stmboot_boot_edit *edit,
					 const struct stmboot_file_ref *from,
					 const struct stmboot_file_ref *to,
					 struct stmboot_refusal *why)
{
	const struct stmboot_fs_copy_options all = { .struct_size = sizeof(all),
						     .recursive = true,
						     .preserve = true };
	enum stmboot_status status;

	if (from->partition == to->partition)
		return sb_fs_answer(edit, move_in_tree(edit, from, to), why);
	status = sb_fs_copy(edit, from, to, &all, true);
	if (status == STMBOOT_OK)
		status = sb_boot_edit_spoil(edit, remove_place(edit, from, true), &edit->fs_why);
	return sb_fs_answer(edit, status, why);
}

static enum stmboot_status make_one(struct stmboot_boot_edit *edit, struct sb_tree *tree,
				    uint32_t partition, struct sb_spot *spot)
{
	enum stmboot_status status = sb_tree_make_directory(tree, spot, NULL, &spot->inode.number);

	if (status != STMBOOT_OK)
		return status;
	return describe_spot(edit, partition, spot->path, NULL, type_words[STMBOOT_FS_DIRECTORY]);
}

/* Every directory on the way, from the first to the last. */
static enum stmboot_status make_all(struct stmboot_boot_edit *edit, struct sb_tree *tree,
				    const struct stmboot_file_ref *place)
{
	size_t length = strlen(place->path);
	char *path = sb_arena_strdup(&edit->arena, place->path);
	enum stmboot_status status = path != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;

	for (size_t end = 1; status == STMBOOT_OK && end <= length; end++) {
		char behind = path[end];
		struct sb_spot spot = { .exists = false };

		if ((behind != '/' && behind != '\0') || path[end - 1] == '/')
			continue;
		path[end] = '\0';
		status = sb_tree_find(tree, path, true, &spot);
		if (status == STMBOOT_OK && !spot.exists)
			status = make_one(edit, tree, (uint32_t)place->partition, &spot);
		else if (status == STMBOOT_OK &&
			 sb_ext4_mode_type(spot.inode.mode) != STMBOOT_FS_DIRECTORY)
			status = sb_tree_refuse(tree, STMBOOT_INVALID_ARGUMENT, NULL,
						"is not a directory");
		path[end] = behind;
	}
	return status;
}

static enum stmboot_status make_directory(struct stmboot_boot_edit *edit,
					  const struct stmboot_file_ref *place, bool parents)
{
	struct sb_tree *tree;
	struct sb_spot spot = { .exists = false };
	enum stmboot_status status = sb_fs_tree(edit, (uint32_t)place->partition, &tree);

	if (status == STMBOOT_OK && parents)
		return make_all(edit, tree, place);
	if (status == STMBOOT_OK)
		status = sb_tree_find(tree, place->path, false, &spot);
	return status == STMBOOT_OK ? make_one(edit, tree, (uint32_t)place->partition, &spot)
				    : status;
}

enum stmboot_status stmboot_fs_edit_make_directory(struct stmboot_boot_edit *edit,
						   const struct stmboot_file_ref *place,
						   bool parents, struct stmboot_refusal *why)
{
	return sb_fs_answer(edit, make_directory(edit, place, parents), why);
}

static enum stmboot_status link_file(struct stmboot_boot_edit *edit,
				     const struct stmboot_file_ref *file,
				     const struct stmboot_file_ref *place)
{
	uint32_t partition = (uint32_t)place->partition;
	struct sb_spot source = { .exists = false }, target = source;
	struct sb_tree *tree;
	const char *name;
	enum stmboot_status status = sb_fs_tree(edit, partition, &tree);

	if (status == STMBOOT_OK && file->partition != place->partition)
		return sb_refuse(&edit->fs_why, STMBOOT_INVALID_ARGUMENT, "copy it with fs cp",
				 "a file has names in its own partition only");
	if (status == STMBOOT_OK)
		status = sb_tree_find(tree, file->path, false, &source);
	if (status == STMBOOT_OK && !source.exists)
		return sb_tree_refuse(tree, STMBOOT_NOT_FOUND, NULL, "does not exist");
	if (status == STMBOOT_OK)
		status = sb_fs_last_name(edit, source.path, &name);
	if (status == STMBOOT_OK)
		status = sb_tree_find_into(tree, place->path, name, 0, &target);
	if (status == STMBOOT_OK)
		status = sb_tree_link(tree, &source, &target);
	if (status != STMBOOT_OK)
		return status;
	return describe_spot(edit, partition, target.path, NULL,
			     sb_arena_printf(&edit->arena, "another name of %s", source.path));
}

enum stmboot_status stmboot_fs_edit_link(struct stmboot_boot_edit *edit,
					 const struct stmboot_file_ref *file,
					 const struct stmboot_file_ref *place,
					 struct stmboot_refusal *why)
{
	return sb_fs_answer(edit, link_file(edit, file, place), why);
}

static enum stmboot_status make_symlink(struct stmboot_boot_edit *edit, const char *target,
					const struct stmboot_file_ref *place)
{
	struct sb_tree *tree;
	struct sb_spot spot = { .exists = false };
	const char *name;
	enum stmboot_status status = sb_fs_tree(edit, (uint32_t)place->partition, &tree);

	if (status == STMBOOT_OK)
		status = sb_fs_last_name(edit, target, &name);
	if (status == STMBOOT_OK)
		status = sb_tree_find_into(tree, place->path, name, 0, &spot);
	if (status == STMBOOT_OK)
		status = sb_tree_make_symlink(tree, &spot, target, NULL, NULL);
	if (status != STMBOOT_OK)
		return status;
	return describe_spot(edit, (uint32_t)place->partition, spot.path, NULL,
			     sb_arena_printf(&edit->arena, "symbolic link to %s", target));
}

enum stmboot_status stmboot_fs_edit_symlink(struct stmboot_boot_edit *edit, const char *target,
					    const struct stmboot_file_ref *place,
					    struct stmboot_refusal *why)
{
	return sb_fs_answer(edit, make_symlink(edit, target, place), why);
}
