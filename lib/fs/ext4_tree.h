/* SPDX-License-Identifier: MIT */
/*
 * Changing the tree of files in ext2, ext3 and ext4: any number of changes are
 * staged together, verified as a whole, and only then handed over.
 *
 * A change that is refused before it began leaves the tree as it was. One that
 * fails on its way makes the tree useless: it can only be closed.
 */
#ifndef SB_FS_EXT4_TREE_H
#define SB_FS_EXT4_TREE_H

#include "fs/ext4.h"
#include "fs/ext4_plan.h"
#include "fs/ext4_time.h"

struct sb_tree;

/*
 * Begin to change the file system in a partition at `offset`, `size` bytes, of
 * what an overlay shows. It must be fit for allocations. Whatever is refused,
 * now and later, is said in `why`, which must outlive the tree, as the overlay
 * must. Statuses as sb_ext4_open_fit(); on failure *out is untouched.
 */
STMBOOT_NODISCARD enum stmboot_status sb_tree_open(struct stmboot_context *ctx,
						   struct sb_overlay *overlay, uint64_t offset,
						   uint64_t size, struct stmboot_refusal *why,
						   struct sb_tree **out);

/* What is not handed over is dropped. NULL is fine. */
void sb_tree_close(struct sb_tree *tree);

/* The file system as it is to be; borrowed. Blocks of its map are kept until the next change. */
struct stmboot_fs *sb_tree_fs(struct sb_tree *tree);

/* A number that is another one after something was changed. */
uint64_t sb_tree_changes(const struct sb_tree *tree);

/* Did a change fail on its way? */
bool sb_tree_is_broken(const struct sb_tree *tree);

/* So many bytes of content are to come, or 0 when nobody knows: for whoever watches. */
void sb_tree_announce(struct sb_tree *tree, uint64_t bytes);

/* What later refusals are about, a path or a name; copied, also in parts. */
void sb_tree_subject(struct sb_tree *tree, const char *format, ...) STMBOOT_PRINTF(2, 3);

/* Refuse something about the subject: "'SUBJECT' REASON". Gives the status. */
enum stmboot_status sb_tree_refuse(struct sb_tree *tree, enum stmboot_status status,
				   const char *hint, const char *format, ...) STMBOOT_PRINTF(4, 5);

/* A place in the tree. */
struct sb_spot {
	uint32_t directory;               /* that holds the name; 0 for the root */
	char name[STMBOOT_FS_NAME_BYTES]; /* "" for the root */
	char path[STMBOOT_FS_PATH_BYTES]; /* through no symbolic link; "/" for the root */
	bool exists;
	struct sb_ext4_inode inode; /* when it exists */
};

/*
 * Where a path leads: through links inside the partition only, the last one of
 * them followed if asked or if a slash stands behind it. Its last name need
 * not exist. STMBOOT_NOT_FOUND when what is before that does not, or a link
 * leads nowhere; STMBOOT_INVALID_ARGUMENT for what is no directory, and for a
 * name that is too long; STMBOOT_LIMIT for too many links.
 */
STMBOOT_NODISCARD enum stmboot_status sb_tree_find(struct sb_tree *tree, const char *path,
						   bool follow, struct sb_spot *spot);

enum {
	SB_INTO_FOLLOW = 1,    /* a link at the end leads on */
	SB_INTO_DIRECTORY = 2, /* what goes there is one, so a slash may stand behind its name */
};

/*
 * Where a thing of that name goes when it is put to a path as cp and mv do: into
 * it when it is a directory, or a link to one, else there. NULL for a name: what
 * goes there has none, and a directory is the place itself. As sb_tree_find().
 */
STMBOOT_NODISCARD enum stmboot_status sb_tree_find_into(struct sb_tree *tree, const char *path,
							const char *name, unsigned how,
							struct sb_spot *spot);

/* The same for one name of a directory; no link is followed. */
STMBOOT_NODISCARD enum stmboot_status sb_tree_find_name(struct sb_tree *tree, uint32_t directory,
							const char *name, struct sb_spot *spot);

enum {
	SB_TREE_MODE = 1,
	SB_TREE_OWNER = 2,
	SB_TREE_TIMES = 4,
};

/* What an inode is given; what is not set stays, or is what a new one has: root's, now. */
struct sb_tree_gift {
	unsigned set;
	uint32_t mode; /* 0 to 07777 */
	uint32_t uid;
	uint32_t gid;
	struct sb_ext4_time accessed;
	struct sb_ext4_time modified;
};

/*
 * Make a regular file with the content of a source at a place where nothing is.
 * *out, which may be NULL, is its inode afterwards.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_tree_make_file(struct sb_tree *tree, const struct sb_spot *spot, struct stmboot_source *content,
		  const struct sb_tree_gift *gift, uint32_t *out);
STMBOOT_NODISCARD enum stmboot_status sb_tree_make_directory(struct sb_tree *tree,
							     const struct sb_spot *spot,
							     const struct sb_tree_gift *gift,
							     uint32_t *out);
STMBOOT_NODISCARD enum stmboot_status
sb_tree_make_symlink(struct sb_tree *tree, const struct sb_spot *spot, const char *target,
		     const struct sb_tree_gift *gift, uint32_t *out);

/* A device, a pipe or a socket; major and minor count for devices. */
STMBOOT_NODISCARD enum stmboot_status
sb_tree_make_special(struct sb_tree *tree, const struct sb_spot *spot, enum stmboot_fs_type type,
		     uint32_t major, uint32_t minor, const struct sb_tree_gift *gift,
		     uint32_t *out);

/*
 * Give a regular file another content: in the blocks that it has when as many
 * are needed, else in blocks that were free, and only when these do not
 * suffice in its own. It keeps its inode, so all its names have the new content.
 */
STMBOOT_NODISCARD enum stmboot_status sb_tree_replace(struct sb_tree *tree,
						      const struct sb_ext4_inode *inode,
						      struct stmboot_source *content);

/* Give what is at a place, and no directory, one name more. */
STMBOOT_NODISCARD enum stmboot_status sb_tree_link(struct sb_tree *tree, const struct sb_spot *file,
						   const struct sb_spot *spot);

/* Take a name away, and with the last one what it names; a directory with all in it if asked. */
STMBOOT_NODISCARD enum stmboot_status sb_tree_remove(struct sb_tree *tree,
						     const struct sb_spot *spot, bool recursive);

/*
 * Give what is at `from` the name `to` instead, as rename() does: what was
 * there is replaced, unless it is a directory with names or not of that kind.
 */
STMBOOT_NODISCARD enum stmboot_status sb_tree_move(struct sb_tree *tree, const struct sb_spot *from,
						   const struct sb_spot *to);

/* Is there no name in the directory at a place? As sb_tree_move() says it. */
STMBOOT_NODISCARD enum stmboot_status sb_tree_check_empty(struct sb_tree *tree,
							  const struct sb_spot *spot);

/* Change mode, owner or times of an inode. */
STMBOOT_NODISCARD enum stmboot_status sb_tree_give(struct sb_tree *tree, uint32_t inode,
						   const struct sb_tree_gift *gift);

/* Has ext4 a place for an extended attribute of this name? */
bool sb_tree_keeps_attribute(const char *name);

/* All that an inode has which can be given, in a file system opened by the Linux reader. */
STMBOOT_NODISCARD enum stmboot_status
sb_tree_gift_of(struct stmboot_fs *fs, const struct sb_ext4_inode *inode, struct sb_tree_gift *out);

/* One name of a directory. */
struct sb_tree_name {
	const char *text;
	uint32_t inode;
	enum stmboot_fs_type type; /* as the directory says it */
};

/* All names of a directory, sorted. */
struct sb_tree_names {
	struct sb_tree_name *list;
	size_t count;
	size_t capacity;
};

/* Collect the names of a directory that any reader opened. */
STMBOOT_NODISCARD enum stmboot_status sb_tree_collect(struct sb_arena *arena, struct stmboot_fs *fs,
						      const struct sb_ext4_inode *directory,
						      struct sb_tree_names *out);

/* Set an extended attribute, as setxattr() takes it; a value of NULL removes it. */
STMBOOT_NODISCARD enum stmboot_status sb_tree_set_attribute(struct sb_tree *tree, uint32_t inode,
							    const char *name, const void *value,
							    size_t size);

/* Give an inode all extended attributes of one in a file system opened by the Linux reader. */
STMBOOT_NODISCARD enum stmboot_status sb_tree_copy_attributes(struct sb_tree *tree,
							      struct stmboot_fs *from,
							      uint32_t from_inode, uint32_t inode);

/*
 * Verify all that was changed, and hand it over to the overlay, marked with
 * its order; *writes are then what was written, by offset, in `arena`. When it
 * fails while the overlay takes it in, the overlay remembers. STMBOOT_INTERNAL
 * when the result is not what was asked for.
 */
STMBOOT_NODISCARD enum stmboot_status sb_tree_finish(struct sb_tree *tree, struct sb_arena *arena,
						     struct sb_writes *writes);

#endif
