/* SPDX-License-Identifier: MIT */
/* The inside of edits of files: trees that wait to be staged, and copies into them. */
#ifndef SB_EDIT_FS_EDIT_H
#define SB_EDIT_FS_EDIT_H

#include <stmboot/fs_edit.h>

#include "edit/boot_edit.h"
#include "fs/ext4_tree.h"

/* A place as it is written: "4:/boot", or "/boot" in a bare file system. NULL without memory. */
const char *sb_fs_place(struct stmboot_boot_edit *edit, uint32_t partition, const char *path);

/*
 * The tree of the file system in a partition, opened when it is first asked
 * for. Refusals of the tree come out with sb_fs_answer().
 */
STMBOOT_NODISCARD enum stmboot_status sb_fs_tree(struct stmboot_boot_edit *edit, uint32_t partition,
						 struct sb_tree **out);

/* Has a tree been opened for the partition? */
bool sb_fs_has_tree(const struct stmboot_boot_edit *edit, uint32_t partition);

/* A reader of a partition as it is by now. Borrowed until the edit goes on. */
STMBOOT_NODISCARD enum stmboot_status sb_fs_reader(struct stmboot_boot_edit *edit,
						   uint32_t partition, struct stmboot_fs **out);

/* What a reader stumbled over, said of a place. */
enum stmboot_status sb_fs_trouble(struct stmboot_boot_edit *edit, struct stmboot_fs *fs,
				  enum stmboot_status status, const char *path);

/* Give a status back, with the reason; every function of the front ends with this. */
enum stmboot_status sb_fs_answer(struct stmboot_boot_edit *edit, enum stmboot_status status,
				 struct stmboot_refusal *why);

/* The last name of a path, or NULL when it is none: "/", "." and "..". */
STMBOOT_NODISCARD enum stmboot_status sb_fs_last_name(struct stmboot_boot_edit *edit,
						      const char *path, const char **out);

/* --- copies --- */

/* One thing that is copied, wherever it is. */
struct sb_original {
	const char *name;
	enum stmboot_fs_type type;
	struct sb_tree_gift gift; /* all that it has */
	uint32_t major;
	uint32_t minor;
	const char *target; /* of a symbolic link */
	const char *path;   /* on the host, below what is copied */
	uint64_t size;      /* of a regular file there */
	uint32_t inode;     /* in an image */
};

/* Where originals are. */
struct sb_origin {
	/* Go into a directory, and list what is in it, in the arena. The one before is left. */
	enum stmboot_status (*enter)(void *self, struct sb_arena *arena,
				     const struct sb_original *directory, struct sb_original **list,
				     size_t *count);
	/* The content of a regular file in the directory entered, or of what is copied itself. */
	enum stmboot_status (*open)(void *self, const struct sb_original *original,
				    struct stmboot_source **out);
	/* Give an inode the extended attributes of one of these, or of the directory entered. */
	enum stmboot_status (*attributes)(void *self, struct sb_tree *tree,
					  const struct sb_original *original, uint32_t inode);
	bool follows; /* a link to a directory, where one is to be copied to */
};

/* A directory, and where it is copied to. */
struct sb_copy_item {
	struct sb_original original;
	uint32_t to;
	const char *path; /* of that */
};

struct sb_copy {
	struct stmboot_boot_edit *edit;
	struct sb_tree *tree;
	const struct sb_origin *origin;
	void *self;
	const char *from; /* what is copied, as a person calls it */
	bool in_tree;     /* the originals, too */
	bool recursive;
	bool preserve;
	bool moves;     /* what is there goes, whereas a copy changes its content */
	uint64_t total; /* bytes of all files; 0: not known */
	/* What was copied. */
	uint64_t files;
	uint64_t directories;
	uint64_t others;
	uint64_t bytes;
	struct sb_copy_item *items; /* directories, in the order in which they are copied */
	size_t item_count;
	size_t item_capacity;
};

/*
 * Copy one thing, with all in it, to a spot in the tree of a partition, and say
 * in words what that changed.
 */
STMBOOT_NODISCARD enum stmboot_status sb_copy_to(struct sb_copy *copy,
						 const struct sb_original *original,
						 struct sb_spot *spot, uint32_t partition);

/* All options, of which the caller may have given fewer. */
struct stmboot_fs_copy_options sb_copy_options(const struct stmboot_fs_copy_options *options);

/* Copy from one place to another, as fs cp does it or as the first half of fs mv. */
STMBOOT_NODISCARD enum stmboot_status sb_fs_copy(struct stmboot_boot_edit *edit,
						 const struct stmboot_file_ref *from,
						 const struct stmboot_file_ref *to,
						 const struct stmboot_fs_copy_options *options,
						 bool moves);

/*
 * Put content into a file at a place, or of that name in a directory that it
 * is. The gift is for a new one, and with `gives` also for one that is there.
 */
STMBOOT_NODISCARD enum stmboot_status sb_fs_put(struct stmboot_boot_edit *edit,
						const struct stmboot_file_ref *place,
						const char *name, struct stmboot_source *content,
						const struct sb_tree_gift *gift, bool gives);

/* How a copy of that type looks for its place. */
static inline unsigned sb_into_of(enum stmboot_fs_type type)
{
	return type == STMBOOT_FS_FILE        ? SB_INTO_FOLLOW
	       : type == STMBOOT_FS_DIRECTORY ? SB_INTO_DIRECTORY
					      : 0U;
}

/* What an inode is, in words: "regular file of 12 bytes". NULL without memory. */
const char *sb_fs_words(struct stmboot_boot_edit *edit, const struct sb_ext4_inode *inode);

#endif
