/* SPDX-License-Identifier: MIT */
/*
 * Copies into a tree, as cp makes them, from wherever the originals are. A
 * directory waits until the one that it is in has been copied: so none is ever
 * gone into through another.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "edit/fs_edit.h"

enum {
	FILE_BITS = 0777,       /* set-id bits are for the owner that is meant */
	DIRECTORY_BITS = 01777, /* in a directory for all, only the owner removes */
};

/* What of an original goes with it. */
static struct sb_tree_gift gift_of(const struct sb_copy *copy, const struct sb_original *original)
{
	struct sb_tree_gift gift = original->gift;

	if (copy->preserve)
		return gift;
	gift.set &= SB_TREE_MODE;
	gift.mode &= original->type == STMBOOT_FS_DIRECTORY ? DIRECTORY_BITS : FILE_BITS;
	return gift;
}

static bool is_type(const struct sb_spot *spot, enum stmboot_fs_type type)
{
	return spot->exists && sb_ext4_mode_type(spot->inode.mode) == type;
}

/* What is kept also of an inode that was there. */
static enum stmboot_status preserve(struct sb_copy *copy, const struct sb_original *original,
				    uint32_t number)
{
	enum stmboot_status status;

	if (!copy->preserve)
		return STMBOOT_OK;
	status = copy->origin->attributes(copy->self, copy->tree, original, number);
	return status == STMBOOT_OK ? sb_tree_give(copy->tree, number, &original->gift) : status;
}

/* Something of another kind makes room; a directory never does. */
static enum stmboot_status make_room(struct sb_copy *copy, const struct sb_original *original,
				     struct sb_spot *spot)
{
	enum stmboot_status status;

	if (!spot->exists)
		return STMBOOT_OK;
	if (copy->in_tree && spot->inode.number == original->inode)
		return sb_tree_refuse(copy->tree, STMBOOT_INVALID_ARGUMENT, NULL,
				      "is what would be copied there");
	if (is_type(spot, STMBOOT_FS_DIRECTORY))
		return sb_tree_refuse(copy->tree, STMBOOT_INVALID_ARGUMENT, NULL, "is a directory");
	if (original->type == STMBOOT_FS_DIRECTORY)
		return sb_tree_refuse(copy->tree, STMBOOT_INVALID_ARGUMENT, NULL,
				      "is not a directory");
	if (original->type == STMBOOT_FS_FILE && is_type(spot, STMBOOT_FS_FILE) && !copy->moves)
		return STMBOOT_OK;
	status = sb_tree_remove(copy->tree, spot, false);
	spot->exists = status != STMBOOT_OK;
	return status;
}

static enum stmboot_status copy_file(struct sb_copy *copy, const struct sb_original *original,
				     const struct sb_spot *spot)
{
	struct sb_tree_gift gift = gift_of(copy, original);
	uint32_t number = spot->inode.number;
	struct stmboot_source *content;
	enum stmboot_status status = copy->origin->open(copy->self, original, &content);

	if (status != STMBOOT_OK)
		return status;
	if (!copy->recursive)
		sb_tree_announce(copy->tree, stmboot_source_size(content));
	if (spot->exists)
		status = sb_tree_replace(copy->tree, &spot->inode, content);
	else
		status = sb_tree_make_file(copy->tree, spot, content, &gift, &number);
	copy->files++;
	copy->bytes += stmboot_source_size(content);
	stmboot_source_close(content);
	return status == STMBOOT_OK ? preserve(copy, original, number) : status;
}

/* A link that says the same stays. */
static enum stmboot_status copy_link(struct sb_copy *copy, const struct sb_original *original,
				     struct sb_spot *spot)
{
	struct sb_tree_gift gift = gift_of(copy, original);
	struct stmboot_fs *fs = sb_tree_fs(copy->tree);
	uint32_t number = spot->inode.number;
	bool same = false;
	char *target;
	enum stmboot_status status = STMBOOT_OK;

	copy->others++;
	if (is_type(spot, STMBOOT_FS_SYMLINK)) {
		status = sb_ext4_link_target(fs, &spot->inode, &target);
		if (status != STMBOOT_OK)
			return sb_fs_trouble(copy->edit, fs, status, spot->name);
		same = strcmp(target, original->target) == 0;
		sb_free(fs->ctx, target);
	}
	if (!same)
		status = make_room(copy, original, spot);
	gift.set &= ~(unsigned)SB_TREE_MODE; /* it is that of all links */
	if (status == STMBOOT_OK && !same)
		status = sb_tree_make_symlink(copy->tree, spot, original->target, &gift, &number);
	return status == STMBOOT_OK ? preserve(copy, original, number) : status;
}

static enum stmboot_status copy_special(struct sb_copy *copy, const struct sb_original *original,
					struct sb_spot *spot)
{
	struct sb_tree_gift gift = gift_of(copy, original);
	uint32_t number = 0;
	enum stmboot_status status = make_room(copy, original, spot);

	copy->others++;
	if (status == STMBOOT_OK)
		status = sb_tree_make_special(copy->tree, spot, original->type, original->major,
					      original->minor, &gift, &number);
	return status == STMBOOT_OK ? preserve(copy, original, number) : status;
}

static enum stmboot_status copy_directory(struct sb_copy *copy, const struct sb_original *original,
					  struct sb_spot *spot)
{
	struct sb_tree_gift gift = gift_of(copy, original);
	uint32_t number = spot->inode.number;
	struct sb_copy_item *item;
	enum stmboot_status status = STMBOOT_OK;

	if (!copy->recursive)
		return sb_refuse(&copy->edit->fs_why, STMBOOT_INVALID_ARGUMENT,
				 "with --recursive it is copied with all that is in it",
				 "'%s' is a directory", copy->from);
	copy->directories++;
	if (!is_type(spot, STMBOOT_FS_DIRECTORY))
		status = make_room(copy, original, spot);
	if (status == STMBOOT_OK && !spot->exists)
		status = sb_tree_make_directory(copy->tree, spot, &gift, &number);
	if (status != STMBOOT_OK)
		return status;
	item = sb_arena_push(&copy->edit->arena, &copy->items, &copy->item_count,
			     &copy->item_capacity, sizeof(*item));
	if (item == NULL)
		return STMBOOT_NO_MEMORY;
	*item = (struct sb_copy_item){ .original = *original, .to = number };
	item->path = sb_arena_strdup(&copy->edit->arena, spot->path);
	return item->path != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

static enum stmboot_status copy_one(struct sb_copy *copy, const struct sb_original *original,
				    struct sb_spot *spot)
{
	enum stmboot_status status;

	switch (original->type) {
	case STMBOOT_FS_FILE:
		status = make_room(copy, original, spot);
		return status == STMBOOT_OK ? copy_file(copy, original, spot) : status;
	case STMBOOT_FS_DIRECTORY:
		return copy_directory(copy, original, spot);
	case STMBOOT_FS_SYMLINK:
		return copy_link(copy, original, spot);
	case STMBOOT_FS_UNKNOWN:
		return sb_refuse(&copy->edit->fs_why, STMBOOT_CORRUPT,
				 "run e2fsck on the partition", "'%s' is of no known type",
				 original->name);
	default:
		return copy_special(copy, original, spot);
	}
}

/*
 * Where one of the things in a directory goes. A link to a directory may stand
 * for it, as in a system whose /lib is one.
 */
static enum stmboot_status find_spot(struct sb_copy *copy, const struct sb_copy_item *item,
				     const struct sb_original *original, struct sb_spot *spot)
{
	char path[STMBOOT_FS_PATH_BYTES];
	int length = snprintf(path, sizeof(path), "%s/%s",
			      strcmp(item->path, "/") != 0 ? item->path : "", original->name);
	enum stmboot_status status;

	sb_tree_subject(copy->tree, "%s", path);
	if (length < 0 || (size_t)length >= sizeof(path))
		return sb_tree_refuse(copy->tree, STMBOOT_LIMIT, NULL, "is too long for a path");
	status = sb_tree_find_name(copy->tree, item->to, original->name, spot);
	if (status == STMBOOT_OK && copy->origin->follows &&
	    original->type == STMBOOT_FS_DIRECTORY && is_type(spot, STMBOOT_FS_SYMLINK))
		return sb_tree_find(copy->tree, path, true, spot);
	memcpy(spot->path, path, (size_t)length + 1);
	return status;
}

/* All that is in a directory. */
static enum stmboot_status copy_item(struct sb_copy *copy, const struct sb_copy_item *item)
{
	struct sb_original *list = NULL;
	size_t count = 0;
	enum stmboot_status status =
		copy->origin->enter(copy->self, &copy->edit->arena, &item->original, &list, &count);

	if (status == STMBOOT_OK)
		status = preserve(copy, &item->original, item->to);
	for (size_t i = 0; status == STMBOOT_OK && i < count; i++) {
		struct sb_spot spot = { .exists = false };

		status = find_spot(copy, item, &list[i], &spot);
		if (status == STMBOOT_OK)
			status = copy_one(copy, &list[i], &spot);
	}
	return status;
}

/* Names that were added have changed the times of directories. */
static enum stmboot_status preserve_times(struct sb_copy *copy)
{
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; copy->preserve && i < copy->item_count && status == STMBOOT_OK; i++)
		status = sb_tree_give(copy->tree, copy->items[i].to, &copy->items[i].original.gift);
	return status;
}

static enum stmboot_status run(struct sb_copy *copy, const struct sb_original *original,
			       struct sb_spot *spot)
{
	enum stmboot_status status = copy_one(copy, original, spot);

	for (size_t i = 0; status == STMBOOT_OK && i < copy->item_count; i++) {
		struct sb_copy_item item = copy->items[i];

		status = copy_item(copy, &item);
	}
	return status == STMBOOT_OK ? preserve_times(copy) : status;
}

static const char *words_of(const struct sb_copy *copy, const struct sb_original *original)
{
	struct sb_arena *arena = &copy->edit->arena;

	if (original->type == STMBOOT_FS_FILE)
		return sb_arena_printf(arena, "regular file of %" PRIu64 " bytes", copy->bytes);
	if (original->type != STMBOOT_FS_DIRECTORY)
		return sb_arena_printf(arena, "copy of %s", copy->from);
	return sb_arena_printf(arena,
			       "copy of %s: %" PRIu64 " directories, %" PRIu64 " files of %" PRIu64
			       " bytes, %" PRIu64 " others",
			       copy->from, copy->directories, copy->files, copy->bytes,
			       copy->others);
}

enum stmboot_status sb_copy_to(struct sb_copy *copy, const struct sb_original *original,
			       struct sb_spot *spot, uint32_t partition)
{
	struct stmboot_boot_edit *edit = copy->edit;
	uint64_t changes = sb_tree_changes(copy->tree);
	const char *before = spot->exists ? sb_fs_words(edit, &spot->inode) : NULL;
	const char *place = sb_fs_place(edit, partition, spot->path), *words;
	enum stmboot_status status;

	sb_tree_announce(copy->tree, copy->total);
	status = run(copy, original, spot);
	if (sb_tree_changes(copy->tree) == changes)
		return status;
	if (status != STMBOOT_OK)
		return sb_boot_edit_spoil(edit, status, &edit->fs_why);
	words = words_of(copy, original);
	if (edit->arena.failed)
		return STMBOOT_NO_MEMORY;
	return stmboot_edit_describe(edit->edit, place, before, words);
}

struct stmboot_fs_copy_options sb_copy_options(const struct stmboot_fs_copy_options *options)
{
	struct stmboot_fs_copy_options o = { .struct_size = sizeof(o) };

	if (options != NULL)
		memcpy(&o, options, (size_t)sb_min_u64(options->struct_size, sizeof(o)));
	return o;
}
