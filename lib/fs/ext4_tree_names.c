/* SPDX-License-Identifier: MIT */
/*
 * The names in directories of a tree that is changed. libext2fs finds the place
 * for a name, also in an index; what a directory holds is read by our own
 * reader, once, and kept beside what is written.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4_tree_parts.h"

struct collection {
	struct sb_arena *arena;
	struct sb_tree_names *names;
};

static bool collect_name(void *user, const struct stmboot_fs_entry *entry)
{
	struct collection *collection = user;
	struct sb_tree_names *names = collection->names;
	char *text = sb_arena_strdup(collection->arena, entry->name);
	struct sb_tree_name *name = sb_arena_push(collection->arena, &names->list, &names->count,
						  &names->capacity, sizeof(*name));

	if (text == NULL || name == NULL)
		return false;
	*name = (struct sb_tree_name){ .text = text, .inode = entry->inode, .type = entry->type };
	return true;
}

static int by_text(const void *a, const void *b)
{
	const struct sb_tree_name *x = a, *y = b;

	return strcmp(x->text, y->text);
}

enum stmboot_status sb_tree_collect(struct sb_arena *arena, struct stmboot_fs *fs,
				    const struct sb_ext4_inode *directory,
				    struct sb_tree_names *out)
{
	struct collection collection = { .arena = arena, .names = out };
	enum stmboot_status status;

	*out = (struct sb_tree_names){ .count = 0 };
	sb_fs_renew(fs);
	status = fs->ops->list(fs, directory, collect_name, &collection);
	if (status == STMBOOT_OK && arena->failed)
		status = STMBOOT_NO_MEMORY;
	if (status == STMBOOT_OK && out->count > 1)
		qsort(out->list, out->count, sizeof(*out->list), by_text);
	return status;
}

/* Where a name is, or would be. */
static size_t place_of(const struct sb_tree_names *names, const char *text)
{
	size_t low = 0, high = names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(names->list[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct sb_tree_name *sb_tree_name(const struct sb_tree_names *names, const char *text)
{
	size_t place = place_of(names, text);

	if (place == names->count || strcmp(names->list[place].text, text) != 0)
		return NULL;
	return &names->list[place];
}

static enum stmboot_status count_content(void *user, enum sb_ext4_run_kind kind, uint64_t first,
					 uint64_t count)
{
	uint64_t *blocks = user;

	(void)first;
	if (kind == SB_EXT4_RUN_CONTENT)
		*blocks += count;
	return STMBOOT_OK;
}

/*
 * libext2fs goes by the blocks of a directory, our reader by its size: only when
 * both agree do they see the same names.
 */
static enum stmboot_status check_blocks(struct sb_tree *tree, const struct sb_ext4_inode *directory)
{
	uint64_t bytes = tree->fs->info->block_bytes;
	uint64_t blocks = directory->size / bytes, content = 0;
	struct sb_ext4_run run = { .count = 0 };
	enum stmboot_status status = sb_ext4_survey(tree->fs, directory, count_content, &content);
	bool holds = blocks != 0 && blocks == content && directory->size % bytes == 0;

	for (uint64_t at = 0; status == STMBOOT_OK && holds && at < blocks; at += run.count) {
		status = sb_ext4_map(tree->fs, directory, at, &run);
		holds = !run.zeros;
	}
	if (status == STMBOOT_OK && !holds)
		return sb_tree_damage(tree, directory->offset,
				      "a directory with more or fewer blocks than its size");
	return sb_tree_trouble(tree, status);
}

static enum stmboot_status check_names(struct sb_tree *tree, const struct sb_ext4_inode *directory,
				       const struct sb_tree_names *names)
{
	const struct sb_tree_name *self = sb_tree_name(names, ".");

	for (size_t i = 1; i < names->count; i++)
		if (strcmp(names->list[i - 1].text, names->list[i].text) == 0)
			return sb_tree_damage(tree, directory->offset,
					      "a directory that has a name twice");
	if (self == NULL || self->inode != directory->number || sb_tree_name(names, "..") == NULL)
		return sb_tree_damage(tree, directory->offset,
				      "a directory that does not begin as one");
	return STMBOOT_OK;
}

static enum stmboot_status check_directory(struct sb_tree *tree,
					   const struct sb_ext4_inode *directory)
{
	bool is_indexed = (directory->flags & EXT2_INDEX_FL) != 0;
	enum stmboot_status status = sb_tree_check_directory(tree, directory);

	if (status == STMBOOT_OK && sb_ext4_mode_type(directory->mode) != STMBOOT_FS_DIRECTORY)
		return sb_tree_damage(tree, directory->offset, "a directory that is none");
	if (status == STMBOOT_OK)
		status = check_blocks(tree, directory);
	if (status == STMBOOT_OK && is_indexed)
		status = sb_tree_trouble(tree, sb_ext4_check_index(tree->fs, directory));
	return status;
}

enum stmboot_status sb_tree_names(struct sb_tree *tree, uint32_t directory,
				  struct sb_tree_names **out)
{
	struct sb_tree_node *node = sb_tree_node(tree, directory);
	struct sb_tree_names *names;
	struct sb_ext4_inode inode;
	enum stmboot_status status;

	if (node != NULL && node->names != NULL) {
		*out = node->names;
		return STMBOOT_OK;
	}
	sb_fs_renew(tree->fs);
	names = sb_arena_alloc(&tree->arena, sizeof(*names));
	status = names != NULL ? sb_tree_inode(tree, directory, &inode) : STMBOOT_NO_MEMORY;
	if (status == STMBOOT_OK)
		status = check_directory(tree, &inode);
	if (status == STMBOOT_OK)
		status = sb_tree_trouble(tree,
					 sb_tree_collect(&tree->arena, tree->fs, &inode, names));
	if (status == STMBOOT_OK)
		status = check_names(tree, &inode, names);
	if (status != STMBOOT_OK)
		return status;
	node = sb_tree_touch(tree, &inode, 0);
	if (node == NULL)
		return STMBOOT_NO_MEMORY;
	node->names = names;
	node->lists_names = true;
	*out = names;
	return STMBOOT_OK;
}

/* What is done to one entry of a directory. */
struct change {
	struct sb_tree *tree;
	const char *text;
	size_t length;
	uint32_t inode;              /* to set */
	unsigned type;               /* likewise */
	struct ext2_dir_entry *last; /* before the current one, in the same block */
	bool done;
	errcode_t error;
};

static bool is_it(const struct change *change, const struct ext2_dir_entry *entry)
{
	return (size_t)ext2fs_dirent_name_len(entry) == change->length &&
	       memcmp(entry->name, change->text, change->length) == 0;
}

/*
 * A name that is taken away leaves nothing behind: U-Boot passes over an entry
 * only when its name has no length, whatever its inode.
 */
static void wipe(const struct change *change, struct ext2_dir_entry *entry)
{
	entry->inode = 0;
	memset(entry->name, 0, change->length);
	ext2fs_dirent_set_name_len(entry, 0);
	ext2fs_dirent_set_file_type(entry, 0);
}

static int remove_entry(ext2_ino_t directory, int which, struct ext2_dir_entry *entry, int offset,
			int block_bytes, char *block, void *user)
{
	struct change *change = user;
	struct ext2_dir_entry *last = offset != 0 ? change->last : NULL;
	ext2_filsys ext2 = change->tree->ext2;
	unsigned length, last_length;

	(void)directory, (void)which, (void)block_bytes, (void)block;
	change->last = entry;
	if (entry->inode == 0 || !is_it(change, entry))
		return 0;
	change->done = true;
	if (last != NULL) {
		change->error = ext2fs_get_rec_len(ext2, entry, &length);
		if (change->error == 0)
			change->error = ext2fs_get_rec_len(ext2, last, &last_length);
		if (change->error == 0)
			change->error = ext2fs_set_rec_len(ext2, last_length + length, last);
	}
	wipe(change, entry);
	return DIRENT_CHANGED | DIRENT_ABORT;
}

static int set_entry(ext2_ino_t directory, int which, struct ext2_dir_entry *entry, int offset,
		     int block_bytes, char *block, void *user)
{
	struct change *change = user;

	(void)directory, (void)which, (void)offset, (void)block_bytes, (void)block;
	if (entry->inode == 0 || !is_it(change, entry))
		return 0;
	change->done = true;
	entry->inode = change->inode;
	if (change->tree->fs->info->incompat & INCOMPAT_FILETYPE)
		ext2fs_dirent_set_file_type(entry, (int)change->type);
	return DIRENT_CHANGED | DIRENT_ABORT;
}

typedef int change_entry(ext2_ino_t directory, int which, struct ext2_dir_entry *entry, int offset,
			 int block_bytes, char *block, void *user);

static enum stmboot_status change_entries(struct change *change, uint32_t directory,
					  change_entry *each)
{
	struct sb_tree *tree = change->tree;
	errcode_t error = ext2fs_dir_iterate2(tree->ext2, directory, DIRENT_FLAG_INCLUDE_EMPTY,
					      NULL, each, change);

	return sb_tree_status(tree, error != 0 ? error : change->error);
}

static unsigned entry_type(uint32_t mode)
{
	static const unsigned types[] = {
		[STMBOOT_FS_FILE] = EXT2_FT_REG_FILE,
		[STMBOOT_FS_DIRECTORY] = EXT2_FT_DIR,
		[STMBOOT_FS_SYMLINK] = EXT2_FT_SYMLINK,
		[STMBOOT_FS_CHAR_DEVICE] = EXT2_FT_CHRDEV,
		[STMBOOT_FS_BLOCK_DEVICE] = EXT2_FT_BLKDEV,
		[STMBOOT_FS_FIFO] = EXT2_FT_FIFO,
		[STMBOOT_FS_SOCKET] = EXT2_FT_SOCK,
	};

	return types[sb_ext4_mode_type(mode)];
}

/* The directory has other names now, and they are of now. */
static enum stmboot_status renew_directory(struct sb_tree *tree, uint32_t directory)
{
	struct sb_tree_node *node = sb_tree_node(tree, directory);
	enum stmboot_status status = sb_tree_read_raw(tree, directory);

	if (node == NULL)
		return STMBOOT_INTERNAL;
	if (status != STMBOOT_OK)
		return status;
	node->may |= SB_MAY_CONTENT | SB_MAY_TIMES;
	sb_tree_stamp(tree, SB_EXT4_CHANGED | SB_EXT4_MODIFIED, sb_tree_now(tree));
	sb_fs_renew(tree->fs);
	return sb_tree_write_raw(tree, directory);
}

/*
 * The first place with room is taken, which is never behind one where the same
 * name stood that another system took away: U-Boot, which would find what that
 * left behind, finds the new name first. Without an index a directory grows at
 * its end.
 */
static enum stmboot_status link_name(struct sb_tree *tree, uint32_t directory, const char *text,
				     uint32_t inode, unsigned type)
{
	struct sb_ext4_inode now;
	enum stmboot_status status = sb_tree_inode(tree, directory, &now);
	errcode_t error;

	if (status != STMBOOT_OK)
		return status;
	if (now.flags & EXT2_INDEX_FL)
		return sb_tree_add_to_index(tree, directory, text, inode, type);
	error = ext2fs_link(tree->ext2, directory, text, inode, (int)type);
	/* 1.47.0 sees no room either where it lacks the memory to look: ext2fs_block_iterate3(). */
	if (error == EXT2_ET_DIR_NO_SPACE)
		error = ext2fs_link(tree->ext2, directory, text, inode, (int)type);
	if (error == EXT2_ET_DIR_NO_SPACE) {
		error = ext2fs_expand_dir(tree->ext2, directory);
		if (error == 0)
			error = ext2fs_link(tree->ext2, directory, text, inode, (int)type);
	}
	return sb_tree_status(tree, error);
}

enum stmboot_status sb_tree_add_name(struct sb_tree *tree, uint32_t directory, const char *text,
				     uint32_t inode, uint32_t mode)
{
	struct sb_tree_names *names;
	struct sb_tree_name *name;
	size_t place;
	enum stmboot_status status = sb_tree_names(tree, directory, &names);

	if (status == STMBOOT_OK)
		status = link_name(tree, directory, text, inode, entry_type(mode));
	if (status != STMBOOT_OK)
		return status;
	place = place_of(names, text);
	name = sb_arena_push(&tree->arena, &names->list, &names->count, &names->capacity,
			     sizeof(*name));
	text = sb_arena_strdup(&tree->arena, text);
	if (name == NULL || text == NULL)
		return STMBOOT_NO_MEMORY;
	name = names->list + place;
	memmove(name + 1, name, (names->count - 1 - place) * sizeof(*name));
	*name = (struct sb_tree_name){ text, inode, sb_ext4_mode_type(mode) };
	return renew_directory(tree, directory);
}

enum stmboot_status sb_tree_remove_name(struct sb_tree *tree, uint32_t directory, const char *text)
{
	struct change change = { .tree = tree, .text = text, .length = strlen(text) };
	struct sb_tree_names *names;
	struct sb_tree_name *name;
	enum stmboot_status status = sb_tree_names(tree, directory, &names);

	if (status == STMBOOT_OK)
		status = change_entries(&change, directory, remove_entry);
	if (status != STMBOOT_OK)
		return status;
	name = sb_tree_name(names, text);
	if (!change.done || name == NULL)
		return STMBOOT_INTERNAL;
	names->count--;
	memmove(name, name + 1, (size_t)(names->list + names->count - name) * sizeof(*name));
	return renew_directory(tree, directory);
}

/* Let an entry lead to another inode. */
static enum stmboot_status lead(struct sb_tree *tree, uint32_t directory, const char *text,
				uint32_t inode, uint32_t mode)
{
	struct change change = { .tree = tree,
				 .text = text,
				 .length = strlen(text),
				 .inode = inode,
				 .type = entry_type(mode) };
	struct sb_tree_names *names;
	struct sb_tree_name *name;
	enum stmboot_status status = sb_tree_names(tree, directory, &names);

	if (status == STMBOOT_OK)
		status = change_entries(&change, directory, set_entry);
	if (status != STMBOOT_OK)
		return status;
	name = sb_tree_name(names, text);
	if (!change.done || name == NULL)
		return STMBOOT_INTERNAL;
	name->inode = inode;
	name->type = sb_ext4_mode_type(mode);
	sb_tree_node(tree, directory)->may |= SB_MAY_CONTENT;
	return STMBOOT_OK;
}

enum stmboot_status sb_tree_set_name(struct sb_tree *tree, uint32_t directory, const char *text,
				     uint32_t inode, uint32_t mode)
{
	enum stmboot_status status = lead(tree, directory, text, inode, mode);

	return status == STMBOOT_OK ? renew_directory(tree, directory) : status;
}

/* To a directory that moves this is no change of its own. */
enum stmboot_status sb_tree_set_parent(struct sb_tree *tree, uint32_t directory, uint32_t parent)
{
	return lead(tree, directory, "..", parent, 0x4000);
}
