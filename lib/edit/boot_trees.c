/* SPDX-License-Identifier: MIT */
/* Changing device trees: the one that boots, any other, or an image that is one. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "boot/dtb.h"
#include "edit/boot_trees.h"
#include "edit/edit.h"
#include "image/image.h"

enum { PIECE_BYTES = 4096 };

/* A device tree that is changed; paths live in the arena of the edit. */
struct sb_edited_dtb {
	struct sb_edited_dtb *next;
	struct sb_dtb_place place;
	const char *resolved;    /* where symbolic links lead Linux to */
	struct stmboot_dtb *dtb; /* as it is to be */
	uint64_t file_bytes;     /* of its file as it is */
	uint32_t total_bytes;    /* of the tree as it is */
	bool changed;
};

/* Zeros behind a tree are room for it; anything else may depend on where the tree ends. */
static enum stmboot_status refuse_tail(struct stmboot_source *src, const struct stmboot_dtb *dtb,
				       struct stmboot_refusal *why)
{
	static const uint8_t zeros[PIECE_BYTES];
	uint8_t piece[PIECE_BYTES];

	for (uint64_t at = dtb->header.total_bytes; at < dtb->file_bytes; at += sizeof(piece)) {
		size_t part = (size_t)sb_min_u64(sizeof(piece), dtb->file_bytes - at);
		enum stmboot_status status = stmboot_source_read(src, at, piece, part);

		if (status != STMBOOT_OK)
			return status;
		if (memcmp(piece, zeros, part) != 0)
			return sb_refuse(why, STMBOOT_UNSUPPORTED,
					 "a FIT image is built again with mkimage",
					 "something follows the device tree in its file, %" PRIu64
					 " bytes from its start on",
					 at);
	}
	return STMBOOT_OK;
}

/* So that one file is one tree, whatever it is called. */
static enum stmboot_status resolve(struct stmboot_boot_edit *edit, struct sb_dtb_place *place,
				   const char **out)
{
	uint32_t partition = (uint32_t)place->file.partition;
	char path[STMBOOT_FS_PATH_BYTES];
	struct stmboot_fs *fs;

	*out = NULL;
	if (place->file.path == NULL)
		return STMBOOT_OK;
	place->file.path = sb_arena_strdup(&edit->arena, place->file.path);
	if (place->file.path == NULL)
		return STMBOOT_NO_MEMORY;
	*out = place->file.path;
	if (sb_image_fs_linux(sb_boot_edit_base(edit)->image, partition, &fs) == STMBOOT_OK &&
	    stmboot_fs_resolve(fs, *out, path, sizeof(path)) == STMBOOT_OK)
		*out = sb_arena_strdup(&edit->arena, path);
	return edit->arena.failed ? STMBOOT_NO_MEMORY : STMBOOT_OK;
}

static struct sb_edited_dtb *known_tree(const struct stmboot_boot_edit *edit,
					const struct sb_dtb_place *place, const char *resolved)
{
	struct sb_edited_dtb *tree = edit->trees;

	while (tree != NULL && (tree->place.file.partition != place->file.partition ||
				(tree->resolved == NULL) != (resolved == NULL) ||
				(resolved != NULL && strcmp(tree->resolved, resolved) != 0)))
		tree = tree->next;
	return tree;
}

static enum stmboot_status read_tree(struct stmboot_boot_edit *edit, struct sb_edited_dtb *tree,
				     struct stmboot_refusal *why)
{
	struct stmboot_source *src, *close;
	enum stmboot_status status =
		sb_dtb_place_open(sb_boot_edit_base(edit)->image, &tree->place, why, &src, &close);

	if (status != STMBOOT_OK)
		return status;
	status = sb_dtb_place_read(edit->ctx, &tree->place, src, why, &tree->dtb);
	if (status == STMBOOT_OK)
		status = refuse_tail(src, tree->dtb, why);
	stmboot_source_close(close);
	if (tree->dtb != NULL) {
		tree->file_bytes = tree->dtb->file_bytes;
		tree->total_bytes = tree->dtb->header.total_bytes;
	}
	return status;
}

static enum stmboot_status open_tree(struct stmboot_boot_edit *edit, struct sb_dtb_place *place,
				     struct stmboot_refusal *why, struct sb_edited_dtb **out)
{
	const char *resolved;
	enum stmboot_status status = resolve(edit, place, &resolved);
	struct sb_edited_dtb *tree;

	if (status != STMBOOT_OK)
		return status;
	tree = known_tree(edit, place, resolved);
	if (tree != NULL && place->uboot)
		tree->place = *place;
	if (tree == NULL) {
		tree = sb_arena_alloc(&edit->arena, sizeof(*tree));
		if (tree == NULL)
			return STMBOOT_NO_MEMORY;
		tree->place = *place;
		tree->resolved = resolved;
		status = read_tree(edit, tree, why);
		if (status != STMBOOT_OK) {
			stmboot_dtb_free(tree->dtb);
			return status;
		}
		tree->next = edit->trees;
		edit->trees = tree;
	}
	*out = tree;
	return STMBOOT_OK;
}

/* What was not found may only have been unreadable. */
static enum stmboot_status find_tree(struct stmboot_boot_edit *edit,
				     const struct stmboot_file_ref *file,
				     struct stmboot_refusal *why, struct sb_edited_dtb **out)
{
	enum stmboot_status status = STMBOOT_OK, unread;
	const struct sb_view *base;
	struct sb_dtb_place place;

	if (edit->before.image == NULL)
		return STMBOOT_NOT_FOUND;
	if (file == NULL)
		status = sb_boot_edit_replay_boot(edit, why);
	if (status != STMBOOT_OK)
		return status;
	base = sb_boot_edit_base(edit);
	status = sb_dtb_place_find(base->image, base->boot, file, why, &place);
	if (status == STMBOOT_OK)
		status = open_tree(edit, &place, why, out);
	if (status == STMBOOT_OK)
		return status;
	unread = sb_refuse_unread(base, 0, why);
	return unread != STMBOOT_OK ? unread : status;
}

/* Take the new tree, which is this function's, in place of the old one unless they are equal. */
static enum stmboot_status adopt(struct stmboot_boot_edit *edit, struct sb_edited_dtb *tree,
				 struct stmboot_dtb *made, bool removal,
				 struct stmboot_refusal *why)
{
	size_t count = 0;
	enum stmboot_status status = sb_boot_edit_tell_tree(edit, tree->place.file.path, tree->dtb,
							    made, removal, why, &count);

	if (status != STMBOOT_OK || count == 0) {
		stmboot_dtb_free(made);
		return status;
	}
	stmboot_dtb_free(tree->dtb);
	tree->dtb = made;
	tree->changed = true;
	return STMBOOT_OK;
}

enum stmboot_status stmboot_boot_edit_set_dtb(struct stmboot_boot_edit *edit,
					      const struct stmboot_file_ref *file,
					      const struct stmboot_dtb_setting *setting,
					      struct stmboot_refusal *why)
{
	struct stmboot_dtb *made;
	struct sb_edited_dtb *tree;
	enum stmboot_status status = find_tree(edit, file, why, &tree);

	if (status == STMBOOT_OK)
		status = stmboot_dtb_set(edit->ctx, tree->dtb, setting, why, &made);
	return status == STMBOOT_OK ? adopt(edit, tree, made, false, why) : status;
}

enum stmboot_status stmboot_boot_edit_remove_dtb(struct stmboot_boot_edit *edit,
						 const struct stmboot_file_ref *file,
						 const char *node, const char *property,
						 struct stmboot_refusal *why)
{
	struct stmboot_dtb *made;
	struct sb_edited_dtb *tree;
	enum stmboot_status status = find_tree(edit, file, why, &tree);

	if (status == STMBOOT_OK)
		status = stmboot_dtb_remove(edit->ctx, tree->dtb, node, property, why, &made);
	return status == STMBOOT_OK ? adopt(edit, tree, made, true, why) : status;
}

enum stmboot_status stmboot_boot_edit_overlay_dtb(struct stmboot_boot_edit *edit,
						  const struct stmboot_file_ref *file,
						  const struct stmboot_dtb *overlay,
						  struct stmboot_refusal *why)
{
	const char *reason = NULL;
	struct stmboot_dtb *made;
	struct sb_edited_dtb *tree;
	enum stmboot_status status = find_tree(edit, file, why, &tree);

	if (status != STMBOOT_OK)
		return status;
	status = stmboot_dtb_apply_overlay(edit->ctx, tree->dtb, overlay, &reason, &made);
	if (status == STMBOOT_CONFLICT)
		return sb_refuse(why, status, NULL, "the overlay does not apply: %s", reason);
	if (status == STMBOOT_LIMIT)
		return sb_refuse(why, status, NULL,
				 "the overlay, or what it makes of the tree, is too large");
	return status == STMBOOT_OK ? adopt(edit, tree, made, false, why) : status;
}

/* An image that is a bare tree keeps its size: what is left of the old tree becomes zeros. */
static enum stmboot_status write_bare(struct stmboot_boot_edit *edit,
				      const struct sb_edited_dtb *tree, struct stmboot_refusal *why)
{
	uint32_t size = tree->dtb->header.total_bytes;
	size_t all = tree->total_bytes > size ? tree->total_bytes : size;
	enum stmboot_status status;
	uint8_t *bytes;

	if (size > tree->file_bytes)
		return sb_refuse(
			why, STMBOOT_LIMIT, "make room with 'truncate -s +4K', or use fdtput",
			"the device tree would be %" PRIu32 " bytes, and its file has %" PRIu64,
			size, tree->file_bytes);
	bytes = sb_alloc(edit->ctx, all);
	if (bytes == NULL)
		return STMBOOT_NO_MEMORY;
	memcpy(bytes, tree->dtb->blob, size);
	status = stmboot_edit_write(edit->edit, 0, bytes, all);
	sb_free(edit->ctx, bytes);
	return status == STMBOOT_OK ? sb_edit_confine(edit->edit, 0, tree->file_bytes) : status;
}

enum stmboot_status sb_boot_edit_stage_trees(struct stmboot_boot_edit *edit,
					     struct stmboot_refusal *why)
{
	enum stmboot_status status = STMBOOT_OK;

	for (const struct sb_edited_dtb *tree = edit->trees; tree != NULL && status == STMBOOT_OK;
	     tree = tree->next) {
		const struct stmboot_file_ref *file = &tree->place.file;

		if (tree->changed && file->path == NULL)
			status = write_bare(edit, tree, why);
		else if (tree->changed)
			status = sb_boot_edit_replace_file(edit, (uint32_t)file->partition,
							   file->path, tree->dtb->blob,
							   tree->dtb->header.total_bytes, why);
	}
	return status;
}

/* Does whoever reads the file find the tree in it? */
static enum stmboot_status check_tree(struct stmboot_boot_edit *edit,
				      const struct sb_edited_dtb *tree, struct stmboot_refusal *why)
{
	struct stmboot_source *src, *close;
	struct stmboot_dtb *dtb = NULL;
	enum stmboot_status status =
		sb_dtb_place_open(edit->after.image, &tree->place, NULL, &src, &close);
	bool good;

	if (status == STMBOOT_OK)
		status = stmboot_dtb_decode(edit->ctx, src, &dtb);
	stmboot_source_close(close);
	if (status == STMBOOT_NO_MEMORY)
		return status;
	good = status == STMBOOT_OK && dtb->defect == STMBOOT_DTB_GOOD &&
	       dtb->header.total_bytes == tree->dtb->header.total_bytes &&
	       memcmp(dtb->blob, tree->dtb->blob, dtb->header.total_bytes) == 0;
	stmboot_dtb_free(dtb);
	return good ? STMBOOT_OK
		    : sb_refuse(why, STMBOOT_INTERNAL, "please report this",
				"the device tree is not read as it was written");
}

enum stmboot_status sb_boot_edit_check_trees(struct stmboot_boot_edit *edit,
					     struct stmboot_refusal *why)
{
	enum stmboot_status status = STMBOOT_OK;

	for (const struct sb_edited_dtb *tree = edit->trees; tree != NULL && status == STMBOOT_OK;
	     tree = tree->next)
		if (tree->changed)
			status = check_tree(edit, tree, why);
	return status;
}

void sb_boot_edit_forget_trees(struct stmboot_boot_edit *edit)
{
	for (struct sb_edited_dtb *tree = edit->trees; tree != NULL; tree = tree->next)
		stmboot_dtb_free(tree->dtb);
	edit->trees = NULL;
}
