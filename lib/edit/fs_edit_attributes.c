/* SPDX-License-Identifier: MIT */
/* Edits of what files have beside their content, and a look at that. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "edit/edit.h"
#include "edit/fs_edit.h"
#include "fs/mode.h"

static const uint32_t NOBODY = UINT32_MAX; /* chown() takes it for "as it is" */

/* What is at a place, in its tree. */
static enum stmboot_status find_place(struct stmboot_boot_edit *edit,
				      const struct stmboot_file_ref *place, bool follow,
				      struct sb_tree **tree, struct sb_spot *spot)
{
	enum stmboot_status status = sb_fs_tree(edit, (uint32_t)place->partition, tree);

	if (status == STMBOOT_OK)
		status = sb_tree_find(*tree, place->path, follow, spot);
	if (status == STMBOOT_OK && !spot->exists)
		return sb_tree_refuse(*tree, STMBOOT_NOT_FOUND, NULL, "does not exist");
	return status;
}

/* Give it, and say so if it had something else. */
static enum stmboot_status give(struct stmboot_boot_edit *edit, uint32_t partition,
				struct sb_tree *tree, const struct sb_spot *spot,
				const struct sb_tree_gift *gift, const char *what,
				const char *before, const char *after)
{
	uint64_t changes = sb_tree_changes(tree);
	const char *place = sb_fs_place(edit, partition, spot->path);
	enum stmboot_status status = sb_tree_give(tree, spot->inode.number, gift);

	if (status != STMBOOT_OK || sb_tree_changes(tree) == changes)
		return status;
	what = sb_arena_printf(&edit->arena, "%s of %s", what, place != NULL ? place : "");
	if (edit->arena.failed)
		return STMBOOT_NO_MEMORY;
	return stmboot_edit_describe(edit->edit, what, before, after);
}

static enum stmboot_status set_mode(struct stmboot_boot_edit *edit,
				    const struct stmboot_file_ref *place, const char *mode)
{
	struct sb_tree_gift gift = { .set = SB_TREE_MODE };
	const char *before, *after;
	struct sb_tree *tree;
	struct sb_spot spot = { .exists = false };
	uint32_t old;
	enum stmboot_status status = find_place(edit, place, true, &tree, &spot);

	if (status != STMBOOT_OK)
		return status;
	old = spot.inode.mode & 07777;
	if (!sb_mode_apply(mode, old, sb_ext4_mode_type(spot.inode.mode) == STMBOOT_FS_DIRECTORY,
			   &gift.mode))
		return sb_refuse(&edit->fs_why, STMBOOT_INVALID_ARGUMENT, "write 0644, or u+x,go-w",
				 "'%s' is no mode", mode);
	before = sb_arena_printf(&edit->arena, "%04" PRIo32, old);
	after = sb_arena_printf(&edit->arena, "%04" PRIo32, gift.mode);
	return give(edit, (uint32_t)place->partition, tree, &spot, &gift, "mode", before, after);
}

enum stmboot_status stmboot_fs_edit_set_mode(struct stmboot_boot_edit *edit,
					     const struct stmboot_file_ref *place, const char *mode,
					     struct stmboot_refusal *why)
{
	return sb_fs_answer(edit, set_mode(edit, place, mode), why);
}

/* Digits up to a colon or the end; none leave the number as it is. */
static bool parse_number(const char **text, uint32_t *number)
{
	size_t digits = strspn(*text, "0123456789");
	unsigned long long value = strtoull(*text, NULL, 10);

	if (digits > 10 || (digits != 0 && value >= NOBODY))
		return false;
	if (digits != 0)
		*number = (uint32_t)value;
	*text += digits;
	return true;
}

/* "1000", "1000:100" or ":100". */
static bool parse_owner(const char *text, uint32_t *uid, uint32_t *gid)
{
	const char *rest = text;

	if (*text == '\0' || strcmp(text, ":") == 0 || !parse_number(&rest, uid))
		return false;
	if (*rest == '\0')
		return true;
	if (*rest++ != ':' || *rest == '\0' || !parse_number(&rest, gid))
		return false;
	return *rest == '\0';
}

static enum stmboot_status set_owner(struct stmboot_boot_edit *edit,
				     const struct stmboot_file_ref *place, const char *owner)
{
	struct sb_tree_gift gift = { .set = SB_TREE_OWNER };
	const char *before, *after;
	struct sb_tree *tree;
	struct sb_spot spot = { .exists = false };
	enum stmboot_status status = find_place(edit, place, true, &tree, &spot);

	if (status != STMBOOT_OK)
		return status;
	gift.uid = spot.inode.uid;
	gift.gid = spot.inode.gid;
	if (!parse_owner(owner, &gift.uid, &gift.gid))
		return sb_refuse(&edit->fs_why, STMBOOT_INVALID_ARGUMENT,
				 "write numbers: 1000, 1000:100 or :100; names are those of the "
				 "system in the image",
				 "'%s' is no owner", owner);
	before = sb_arena_printf(&edit->arena, "%" PRIu32 ":%" PRIu32, spot.inode.uid,
				 spot.inode.gid);
	after = sb_arena_printf(&edit->arena, "%" PRIu32 ":%" PRIu32, gift.uid, gift.gid);
	return give(edit, (uint32_t)place->partition, tree, &spot, &gift, "owner", before, after);
}

enum stmboot_status stmboot_fs_edit_set_owner(struct stmboot_boot_edit *edit,
					      const struct stmboot_file_ref *place,
					      const char *owner, struct stmboot_refusal *why)
{
	return sb_fs_answer(edit, set_owner(edit, place, owner), why);
}

static enum stmboot_status set_attribute(struct stmboot_boot_edit *edit,
					 const struct stmboot_file_ref *place, const char *name,
					 const void *value, size_t size)
{
	const char *what, *words = NULL;
	struct sb_tree *tree;
	struct sb_spot spot = { .exists = false };
	uint64_t changes;
	enum stmboot_status status = find_place(edit, place, false, &tree, &spot);

	if (status != STMBOOT_OK)
		return status;
	changes = sb_tree_changes(tree);
	status = sb_tree_set_attribute(tree, spot.inode.number, name, value, size);
	if (status != STMBOOT_OK || sb_tree_changes(tree) == changes)
		return status;
	what = sb_fs_place(edit, (uint32_t)place->partition, spot.path);
	what = sb_arena_printf(&edit->arena, "attribute %s of %s", name, what != NULL ? what : "");
	if (value != NULL)
		words = sb_arena_printf(&edit->arena, "%zu bytes", size);
	if (edit->arena.failed)
		return STMBOOT_NO_MEMORY;
	return stmboot_edit_describe(edit->edit, what, value == NULL ? "set" : NULL, words);
}

enum stmboot_status stmboot_fs_edit_set_attribute(struct stmboot_boot_edit *edit,
						  const struct stmboot_file_ref *place,
						  const char *name, const void *value, size_t size,
						  struct stmboot_refusal *why)
{
	return sb_fs_answer(edit, set_attribute(edit, place, name, value, size), why);
}

static enum stmboot_status open_place(struct stmboot_boot_edit *edit,
				      const struct stmboot_file_ref *place,
				      struct stmboot_source **out)
{
	struct sb_walk walk;
	struct stmboot_fs *fs;
	enum stmboot_status status = sb_fs_reader(edit, (uint32_t)place->partition, &fs);

	if (status == STMBOOT_OK)
		status = sb_fs_trouble(edit, fs, fs->ops->walk(fs, place->path, true, &walk),
				       place->path);
	if (status != STMBOOT_OK)
		return status;
	if (walk.type != STMBOOT_FS_FILE)
		return sb_refuse(&edit->fs_why, STMBOOT_INVALID_ARGUMENT, NULL,
				 "'%s' is not a regular file", place->path);
	if (walk.inode.flags & EXT4_FLAG_ENCRYPT)
		return sb_refuse(&edit->fs_why, STMBOOT_UNSUPPORTED, "read it where its key is",
				 "'%s' is encrypted", place->path);
	return sb_ext4_content_open(fs, &walk.inode, out);
}

enum stmboot_status stmboot_fs_edit_open(struct stmboot_boot_edit *edit,
					 const struct stmboot_file_ref *place,
					 struct stmboot_refusal *why, struct stmboot_source **out)
{
	return sb_fs_answer(edit, open_place(edit, place, out), why);
}
