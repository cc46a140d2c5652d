/* SPDX-License-Identifier: MIT */
/* Why a call on a path failed, for a person. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <stmboot/text.h>

#include "base/refusal.h"
#include "fs/ext4.h"

/* Cut the last name off a path; false when it has none. */
static bool cut_name(char *path)
{
	size_t before = strlen(path), length = before;

	while (length > 1 && path[length - 1] == '/')
		length--;
	while (length > 0 && path[length - 1] != '/')
		length--;
	while (length > 1 && path[length - 1] == '/')
		length--;
	path[length] = '\0';
	return length < before;
}

/* The path up to the name behind `length` bytes of it. */
static void take_name(char out[STMBOOT_FS_PATH_BYTES], const char *path, size_t length)
{
	length += strspn(path + length, "/");
	length += strcspn(path + length, "/");
	(void)snprintf(out, STMBOOT_FS_PATH_BYTES, "%.*s", (int)length, path);
}

/* The name in a directory that was probably meant. */
struct nearest {
	const char *word;
	char name[256]; /* "" for none */
};

static bool visit(void *user, const struct stmboot_fs_entry *entry)
{
	struct nearest *nearest = user;
	const char *best = nearest->name[0] != '\0' ? nearest->name : NULL;

	if (entry->inode != 0)
		stmboot_similar(nearest->word, entry->name, &best);
	if (best == entry->name)
		(void)snprintf(nearest->name, sizeof(nearest->name), "%s", entry->name);
	return true;
}

/* `next` is the path of the first name that is not in the directory `there`. */
static void find_nearest(struct stmboot_fs *fs, const char *there, const char *next,
			 struct nearest *nearest)
{
	const char *slash = strrchr(next, '/');

	*nearest = (struct nearest){ .word = slash != NULL ? slash + 1 : next };
	if (stmboot_fs_list(fs, there, visit, nearest) != STMBOOT_OK)
		nearest->name[0] = '\0';
}

static void explain_absence(struct stmboot_fs *fs, const char *path, struct stmboot_refusal *why)
{
	char there[STMBOOT_FS_PATH_BYTES], next[STMBOOT_FS_PATH_BYTES], hint[sizeof(why->hint)];
	struct stmboot_fs_node node = { .type = STMBOOT_FS_DIRECTORY };
	struct stmboot_fs_node link;
	struct nearest nearest;
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	(void)snprintf(there, sizeof(there), "%.*s", (int)length, path);
	while (stmboot_fs_stat(fs, there, true, &node) != STMBOOT_OK && cut_name(there))
		continue;
	if (node.type != STMBOOT_FS_DIRECTORY) {
		sb_refuse_say(why, NULL, "'%s' is a %s, not a directory", there,
			      stmboot_fs_type_text(node.type));
		return;
	}
	take_name(next, path, strlen(there));
	if (stmboot_fs_stat(fs, next, false, &link) == STMBOOT_OK &&
	    link.type == STMBOOT_FS_SYMLINK &&
	    stmboot_fs_readlink(fs, next, there, sizeof(there)) == STMBOOT_OK) {
		sb_refuse_say(why, NULL, "'%s' is a symbolic link to '%s', which is not there",
			      next, there);
		return;
	}
	if (there[0] == '\0')
		(void)strcpy(there, "/");
	find_nearest(fs, there, next, &nearest);
	(void)snprintf(hint, sizeof(hint), "%s%s%s%s%sof that path, '%s' is there",
		       nearest.name[0] != '\0' ? "did you mean '" : "",
		       nearest.name[0] != '\0' ? there : "",
		       nearest.name[0] != '\0' && strcmp(there, "/") != 0 ? "/" : "", nearest.name,
		       nearest.name[0] != '\0' ? "'? " : "", there);
	sb_refuse_say(why, hint, "there is no '%s'", path);
}

static void explain_type(struct stmboot_fs *fs, const char *path, struct stmboot_refusal *why)
{
	struct stmboot_fs_node node;

	if (stmboot_fs_stat(fs, path, true, &node) == STMBOOT_OK)
		sb_refuse_say(why, NULL, "'%s' is a %s", path, stmboot_fs_type_text(node.type));
}

void stmboot_fs_explain(struct stmboot_fs *fs, const char *path, enum stmboot_status status,
			struct stmboot_refusal *why)
{
	bool has_offset;
	uint64_t offset;
	const char *trouble = stmboot_fs_trouble(fs, &has_offset, &offset);

	if (trouble == NULL || status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED)
		trouble = stmboot_status_text(status);
	if (has_offset)
		sb_refuse_say(why, NULL, "'%s': %s, at offset 0x%" PRIx64 " of the medium", path,
			      trouble, offset);
	else
		sb_refuse_say(why, NULL, "'%s': %s", path, trouble);
	if (status == STMBOOT_NOT_FOUND)
		explain_absence(fs, path, why);
	else if (status == STMBOOT_INVALID_ARGUMENT)
		explain_type(fs, path, why);
}
