/* SPDX-License-Identifier: MIT */
/* Copies from one place in an image to another. */
#include <string.h>

#include "base/context.h"
#include "edit/fs_edit.h"

/* A file system that is copied from. */
struct image_origin {
	struct stmboot_boot_edit *edit;
	struct stmboot_fs *fs;
};

/* What an inode is, for a copy of it. */
static enum stmboot_status describe(const struct image_origin *origin, struct sb_arena *arena,
				    const struct sb_ext4_inode *inode, const char *name,
				    struct sb_original *out)
{
	struct stmboot_fs *fs = origin->fs;
	enum stmboot_status status;
	char *target;

	*out = (struct sb_original){ .name = name,
				     .type = sb_ext4_mode_type(inode->mode),
				     .inode = inode->number };
	status = sb_tree_gift_of(fs, inode, &out->gift);
	sb_ext4_device(inode, &out->major, &out->minor);
	if (status == STMBOOT_OK && out->type == STMBOOT_FS_SYMLINK) {
		status = sb_ext4_link_target(fs, inode, &target);
		if (status == STMBOOT_OK) {
			out->target = sb_arena_strdup(arena, target);
			sb_free(fs->ctx, target);
		}
	}
	return status == STMBOOT_OK && arena->failed ? STMBOOT_NO_MEMORY : status;
}

static enum stmboot_status list_names(const struct image_origin *origin, struct sb_arena *arena,
				      const struct sb_tree_names *names, struct sb_original **list,
				      size_t *count)
{
	struct stmboot_fs *fs = origin->fs;
	enum stmboot_status status = STMBOOT_OK;

	*count = 0;
	*list = sb_arena_array(arena, names->count, sizeof(**list));
	if (*list == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < names->count && status == STMBOOT_OK; i++) {
		const struct sb_tree_name *name = &names->list[i];
		struct sb_ext4_inode inode;

		if (strcmp(name->text, ".") == 0 || strcmp(name->text, "..") == 0)
			continue;
		status = fs->ops->inode(fs, name->inode, &inode);
		if (status == STMBOOT_OK)
			status = describe(origin, arena, &inode, name->text, *list + *count);
		++*count;
	}
	return status;
}

static enum stmboot_status enter(void *self, struct sb_arena *arena,
				 const struct sb_original *directory, struct sb_original **list,
				 size_t *count)
{
	struct image_origin *origin = self;
	struct sb_ext4_inode inode;
	struct sb_tree_names names;
	enum stmboot_status status;

	sb_fs_renew(origin->fs);
	status = origin->fs->ops->inode(origin->fs, directory->inode, &inode);
	if (status == STMBOOT_OK)
		status = sb_tree_collect(arena, origin->fs, &inode, &names);
	if (status == STMBOOT_OK)
		status = list_names(origin, arena, &names, list, count);
	return sb_fs_trouble(origin->edit, origin->fs, status, directory->name);
}

static enum stmboot_status open_content(void *self, const struct sb_original *original,
					struct stmboot_source **out)
{
	struct image_origin *origin = self;
	struct sb_ext4_inode inode;
	enum stmboot_status status;

	sb_fs_renew(origin->fs);
	status = origin->fs->ops->inode(origin->fs, original->inode, &inode);
	if (status == STMBOOT_OK && (inode.flags & EXT4_FLAG_ENCRYPT) != 0)
		return sb_refuse(&origin->edit->fs_why, STMBOOT_UNSUPPORTED,
				 "copy it where its key is", "'%s' is encrypted", original->name);
	if (status == STMBOOT_OK)
		status = sb_ext4_content_open(origin->fs, &inode, out);
	return sb_fs_trouble(origin->edit, origin->fs, status, original->name);
}

static enum stmboot_status copy_attributes(void *self, struct sb_tree *tree,
					   const struct sb_original *original, uint32_t inode)
{
	struct image_origin *origin = self;

	return sb_tree_copy_attributes(tree, origin->fs, original->inode, inode);
}

static const struct sb_origin image_ops = {
	.enter = enter,
	.open = open_content,
	.attributes = copy_attributes,
};

/* What is copied, and where it is without links on the way. */
static enum stmboot_status find_original(struct image_origin *origin, const char *path, bool follow,
					 struct sb_walk *walk, struct sb_original *out)
{
	struct stmboot_boot_edit *edit = origin->edit;
	const char *name;
	enum stmboot_status status = sb_fs_last_name(edit, path, &name);

	if (status != STMBOOT_OK)
		return status;
	status = origin->fs->ops->walk(origin->fs, path, follow, walk);
	if (status == STMBOOT_OK)
		status = describe(origin, &edit->arena, &walk->inode, name, out);
	return sb_fs_trouble(edit, origin->fs, status, path);
}

/* A directory must not be copied into itself, which would never end. */
static enum stmboot_status check_place(struct sb_copy *copy, const struct sb_original *original,
				       const char *path, const struct sb_spot *spot)
{
	size_t length = strlen(path);

	if (!copy->in_tree || original->type != STMBOOT_FS_DIRECTORY ||
	    strncmp(spot->path, path, length) != 0 ||
	    (spot->path[length] != '/' && spot->path[length] != '\0' && length != 0))
		return STMBOOT_OK;
	return sb_tree_refuse(copy->tree, STMBOOT_INVALID_ARGUMENT, NULL,
			      "is inside the directory that would be copied there");
}

/* The place of what is copied or moved, which may be what there is. */
static enum stmboot_status find_place(struct sb_copy *copy, const struct sb_original *original,
				      const char *path, const char *to, struct sb_spot *spot)
{
	unsigned how = sb_into_of(original->type);
	bool directory = original->type == STMBOOT_FS_DIRECTORY;
	enum stmboot_status status;

	if (copy->moves)
		how &= ~(unsigned)SB_INTO_FOLLOW;
	status = sb_tree_find_into(copy->tree, to, original->name, how, spot);
	if (status == STMBOOT_OK)
		status = check_place(copy, original, path, spot);
	if (status == STMBOOT_OK && copy->moves && directory && spot->exists &&
	    sb_ext4_mode_type(spot->inode.mode) == STMBOOT_FS_DIRECTORY)
		status = sb_tree_check_empty(copy->tree, spot);
	return status;
}

static enum stmboot_status copy_to(struct sb_copy *copy, struct image_origin *origin,
				   const char *path, const struct stmboot_file_ref *to)
{
	bool follow = !copy->recursive;
	struct sb_walk walk = { .length = 0 };
	struct sb_original original = { .name = NULL };
	struct sb_spot spot = { .exists = false };
	enum stmboot_status status = find_original(origin, path, follow, &walk, &original);

	if (status == STMBOOT_OK)
		status = find_place(copy, &original, walk.path, to->path, &spot);
	if (original.name == NULL)
		original.name = path;
	return status == STMBOOT_OK ? sb_copy_to(copy, &original, &spot, (uint32_t)to->partition)
				    : status;
}

enum stmboot_status sb_fs_copy(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *from,
			       const struct stmboot_file_ref *to,
			       const struct stmboot_fs_copy_options *options, bool moves)
{
	struct stmboot_fs_copy_options o = sb_copy_options(options);
	struct image_origin origin = { .edit = edit };
	struct sb_copy copy = { .edit = edit,
				.origin = &image_ops,
				.self = &origin,
				.from = from->path,
				.in_tree = from->partition == to->partition,
				.recursive = o.recursive,
				.preserve = o.preserve,
				.moves = moves };
	enum stmboot_status status = sb_fs_tree(edit, (uint32_t)to->partition, &copy.tree);

	if (status == STMBOOT_OK)
		status = sb_fs_reader(edit, (uint32_t)from->partition, &origin.fs);
	return status == STMBOOT_OK ? copy_to(&copy, &origin, from->path, to) : status;
}

enum stmboot_status stmboot_fs_edit_copy(struct stmboot_boot_edit *edit,
					 const struct stmboot_file_ref *from,
					 const struct stmboot_file_ref *to,
					 const struct stmboot_fs_copy_options *options,
					 struct stmboot_refusal *why)
{
	return sb_fs_answer(edit, sb_fs_copy(edit, from, to, options, false), why);
}
