/* SPDX-License-Identifier: MIT */
/* Trees of files that wait until the edit is staged. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "boot/facts.h"
#include "edit/edit.h"
#include "edit/fs_edit.h"
#include "fs/ext4_preflight.h"
#include "image/image.h"

/* A file system whose files are edited. */
struct sb_boot_tree {
	uint32_t partition;
	uint64_t offset;
	uint64_t size;
	struct sb_tree *tree;
};

const char *sb_fs_place(struct stmboot_boot_edit *edit, uint32_t partition, const char *path)
{
	if (stmboot_image_info(edit->before.image)->medium == STMBOOT_MEDIUM_PART)
		return sb_arena_strdup(&edit->arena, path);
	return sb_arena_printf(&edit->arena, "%" PRIu32 ":%s", partition, path);
}

enum stmboot_status sb_fs_answer(struct stmboot_boot_edit *edit, enum stmboot_status status,
				 struct stmboot_refusal *why)
{
	for (size_t i = 0; i < edit->fs_tree_count; i++)
		if (sb_tree_is_broken(edit->fs_trees[i].tree))
			(void)sb_boot_edit_spoil(edit, status, &edit->fs_why);
	if (status != STMBOOT_OK && why != NULL && edit->fs_why.message[0] != '\0')
		*why = edit->fs_why;
	edit->fs_why = (struct stmboot_refusal){ .message = "" };
	return status;
}

static struct sb_tree *find_tree(const struct stmboot_boot_edit *edit, uint32_t partition)
{
	for (size_t i = 0; i < edit->fs_tree_count; i++)
		if (edit->fs_trees[i].partition == partition)
			return edit->fs_trees[i].tree;
	return NULL;
}

bool sb_fs_has_tree(const struct stmboot_boot_edit *edit, uint32_t partition)
{
	return find_tree(edit, partition) != NULL;
}

static enum stmboot_status find_part(struct stmboot_boot_edit *edit, uint32_t partition,
				     const struct stmboot_part **out)
{
	*out = stmboot_image_find(edit->before.image, partition);
	if (*out == NULL)
		return sb_refuse(&edit->fs_why, STMBOOT_NOT_FOUND, NULL,
				 "there is no partition %" PRIu32, partition);
	if ((*out)->available == 0)
		return sb_refuse(&edit->fs_why, STMBOOT_TRUNCATED, "write the complete image again",
				 "partition %" PRIu32 " begins behind the end of the image",
				 partition);
	return STMBOOT_OK;
}

/* What two trees write would be confused. */
static bool overlaps(const struct stmboot_boot_edit *edit, const struct stmboot_part *part)
{
	for (size_t i = 0; i < edit->fs_tree_count; i++)
		if (sb_ranges_overlap(edit->fs_trees[i].offset, edit->fs_trees[i].size,
				      part->offset, part->available))
			return true;
	return false;
}

enum stmboot_status sb_fs_tree(struct stmboot_boot_edit *edit, uint32_t partition,
			       struct sb_tree **out)
{
	const struct stmboot_part *part;
	struct sb_boot_tree *added;
	enum stmboot_status status;

	*out = find_tree(edit, partition);
	if (*out != NULL)
		return STMBOOT_OK;
	status = find_part(edit, partition, &part);
	if (status != STMBOOT_OK)
		return status;
	if (overlaps(edit, part))
		return sb_refuse(&edit->fs_why, STMBOOT_CONFLICT, "correct the partition table",
				 "partition %" PRIu32 " shares its place with another one",
				 partition);
	status = sb_boot_edit_replay(edit, partition, &edit->fs_why);
	if (status == STMBOOT_OK)
		status = sb_tree_open(edit->ctx, sb_edit_overlay(edit->edit), part->offset,
				      part->available, &edit->fs_why, out);
	if (status != STMBOOT_OK)
		return status;
	added = sb_arena_push(&edit->arena, &edit->fs_trees, &edit->fs_tree_count,
			      &edit->fs_tree_capacity, sizeof(*added));
	if (added == NULL) {
		sb_tree_close(*out);
		return STMBOOT_NO_MEMORY;
	}
	*added = (struct sb_boot_tree){ partition, part->offset, part->available, *out };
	return STMBOOT_OK;
}

enum stmboot_status sb_fs_reader(struct stmboot_boot_edit *edit, uint32_t partition,
				 struct stmboot_fs **out)
{
	struct sb_tree *tree = find_tree(edit, partition);
	const struct stmboot_part *part;
	enum stmboot_status status;

	if (tree != NULL) {
		*out = sb_tree_fs(tree);
		return STMBOOT_OK;
	}
	status = find_part(edit, partition, &part);
	if (status == STMBOOT_OK)
		status = sb_image_fs_linux(edit->before.image, partition, out);
	if (status == STMBOOT_NOT_RECOGNISED)
		return sb_refuse(&edit->fs_why, status, NULL,
				 "no ext4 file system stands in partition %" PRIu32, partition);
	if (status == STMBOOT_OK)
		sb_fs_renew(*out); /* it may be older than what was staged last */
	else if (edit->fs_why.message[0] == '\0' && !sb_is_fatal(status))
		status = sb_refuse(&edit->fs_why, status, "run e2fsck on the partition",
				   "the file system in partition %" PRIu32 " cannot be read",
				   partition);
	return status;
}

enum stmboot_status sb_fs_trouble(struct stmboot_boot_edit *edit, struct stmboot_fs *fs,
				  enum stmboot_status status, const char *path)
{
	switch (status) {
	case STMBOOT_OK:
		return status;
	case STMBOOT_NOT_FOUND:
		return sb_refuse(&edit->fs_why, status, NULL, "'%s' does not exist", path);
	case STMBOOT_LIMIT:
		return sb_refuse(&edit->fs_why, status, NULL,
				 "'%s' leads through too many symbolic links", path);
	default:
		return sb_refuse_trouble(fs, status, &edit->fs_why);
	}
}

/* Everything that a tree writes is one confine for the commit. */
static enum stmboot_status stage_tree(struct stmboot_boot_edit *edit, struct sb_tree *tree)
{
	struct sb_writes writes;
	enum stmboot_status status = sb_tree_finish(tree, &edit->arena, &writes);

	for (size_t i = 0; status == STMBOOT_OK && i < writes.count; i++)
		status = sb_edit_confine(edit->edit, writes.list[i].offset, writes.list[i].length);
	return status;
}

enum stmboot_status sb_boot_edit_stage_fs(struct stmboot_boot_edit *edit,
					  struct stmboot_refusal *why)
{
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; status == STMBOOT_OK && i < edit->fs_tree_count; i++)
		status = stage_tree(edit, edit->fs_trees[i].tree);
	if (status == STMBOOT_OK)
		sb_boot_edit_close_fs(edit);
	return sb_fs_answer(edit, status, why);
}

void sb_boot_edit_close_fs(struct stmboot_boot_edit *edit)
{
	for (size_t i = 0; i < edit->fs_tree_count; i++)
		sb_tree_close(edit->fs_trees[i].tree);
	edit->fs_tree_count = 0;
}
