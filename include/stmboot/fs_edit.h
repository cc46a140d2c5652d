/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Edits of files inside ext2, ext3 and ext4: one edit (boot_edit.h), with the
 * boot of the image followed before and after it.
 *
 * A place is a partition and an absolute path in it, as stmboot_place_parse()
 * gives it. Symbolic links on the way are followed inside the partition only.
 * Any number of changes make one edit; each is staged at once, or together
 * with others when the edit is, and verified then. A change that was refused
 * before it began leaves the edit as it was; one that failed on its way makes
 * it useless: staging it fails, too.
 *
 * What is made is root's and of now, unless something else is said: the clock
 * is that of the context. U-Boot can read it: no block is left unwritten, and
 * nothing is kept in an inode but a short symbolic link.
 */
#ifndef STMBOOT_FS_EDIT_H
#define STMBOOT_FS_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/boot.h>
#include <stmboot/boot_edit.h>
#include <stmboot/refusal.h>
#include <stmboot/source.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a file is given beside its content. Zero it and set struct_size. */
struct stmboot_fs_properties {
	size_t struct_size;
	bool has_mode;
	bool has_owner;
	bool has_times;
	uint32_t mode; /**< 0 to 07777 */
	uint32_t uid;
	uint32_t gid;
	int64_t accessed; /**< seconds since 1970 */
	uint32_t accessed_nanoseconds;
	int64_t modified; /**< seconds since 1970 */
	uint32_t modified_nanoseconds;
};

/** How to copy. Zero it and set struct_size. */
struct stmboot_fs_copy_options {
	size_t struct_size;
	/** Directories, too, with all that is in them. */
	bool recursive;
	/**
	 * Keep mode, owner, times and extended attributes. Without it a file that is
	 * there keeps its own, and a new one is root's, with the permissions of the
	 * one that is copied but no set-id bits.
	 */
	bool preserve;
};

/**
 * Put content into a file, which need not be there. Of one that is there all
 * names have it then, and its owner, mode and extended attributes stay.
 *
 * @param edit        that was begun
 * @param place       a symbolic link at its end is followed
 * @param content     borrowed for the call; read twice
 * @param properties  borrowed for the call; NULL: what is usual
 * @param why         says why not; may be NULL
 * @return STMBOOT_OK, also when the file has this content; STMBOOT_NOT_FOUND
 *         without the directory for it, and for a link that leads nowhere;
 *         STMBOOT_INVALID_ARGUMENT when it is no regular file or the name is too
 *         long; STMBOOT_LIMIT when there is no space, for a file that is too
 *         large and for too many links on the way; STMBOOT_UNSUPPORTED for what
 *         the file or the file system forbids (immutable, encrypted, quota, ...);
 *         STMBOOT_CORRUPT for damage; STMBOOT_CONFLICT when the file system
 *         waits for something else; STMBOOT_NOT_RECOGNISED when the partition
 *         has no ext4; STMBOOT_IO; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_edit_put(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *place,
		    struct stmboot_source *content, const struct stmboot_fs_properties *properties,
		    struct stmboot_refusal *why);

/**
 * Put a file of the host, or a folder with all in it, to a place as cp does:
 * into it when it is a directory, else under its name. Of a folder
 * whose path ends in "." or ".." only what is in it goes into the place.
 *
 * What the host path leads to is meant; symbolic links below it are put as
 * links, and never followed. In a directory that is there, files are put into
 * files, and other things take the place of what has their name.
 *
 * @param edit     that was begun
 * @param path     on the host
 * @param place    where to
 * @param options  borrowed for the call; NULL for all defaults
 * @param why      says why not; may be NULL
 * @return as stmboot_fs_edit_put(); STMBOOT_INVALID_ARGUMENT also for a folder
 *         without options->recursive; STMBOOT_NOT_FOUND and STMBOOT_IO also of the host
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_fs_edit_put_host(
	struct stmboot_boot_edit *edit, const char *path, const struct stmboot_file_ref *place,
	const struct stmboot_fs_copy_options *options, struct stmboot_refusal *why);

/**
 * Copy what is at a place to another one, as stmboot_fs_edit_put_host() does;
 * they may be in two partitions.
 *
 * @param edit     that was begun
 * @param from     a symbolic link at its end is followed, unless options->recursive
 * @param to       where to
 * @param options  borrowed for the call; NULL for all defaults
 * @param why      says why not; may be NULL
 * @return as stmboot_fs_edit_put(); STMBOOT_INVALID_ARGUMENT also for a directory
 *         without options->recursive; STMBOOT_NOT_FOUND when nothing is there
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_edit_copy(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *from,
		     const struct stmboot_file_ref *to,
		     const struct stmboot_fs_copy_options *options, struct stmboot_refusal *why);

/**
 * Give what is at one place another, as mv does: into a directory, or in place
 * of what is there unless that is a directory with names. To another partition
 * it is copied, with all that it has, and then removed.
 *
 * @param edit  that was begun
 * @param from  a symbolic link at its end is meant itself
 * @param to    where to
 * @param why   says why not; may be NULL
 * @return as stmboot_fs_edit_put(); STMBOOT_NOT_FOUND when nothing is there;
 *         STMBOOT_INVALID_ARGUMENT for a directory into itself;
 *         STMBOOT_CONFLICT for a directory with names in its place
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_edit_move(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *from,
		     const struct stmboot_file_ref *to, struct stmboot_refusal *why);

/**
 * Take a name away, and with the last one what it names.
 *
 * @param edit       that was begun
 * @param place      a symbolic link at its end is meant itself
 * @param recursive  a directory goes with all in it; without it, it is refused
 * @param why        says why not; may be NULL
 * @return as stmboot_fs_edit_put(); STMBOOT_NOT_FOUND when nothing is there;
 *         STMBOOT_INVALID_ARGUMENT for a directory, and for the root
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_edit_remove(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *place,
		       bool recursive, struct stmboot_refusal *why);

/**
 * Make a directory.
 *
 * @param edit     that was begun
 * @param place    where nothing is yet
 * @param parents  make those that are missing on the way, too; and a directory that is
 *                 there is fine
 * @param why      says why not; may be NULL
 * @return as stmboot_fs_edit_put(); STMBOOT_CONFLICT when something is there
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_edit_make_directory(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *place,
			       bool parents, struct stmboot_refusal *why);

/**
 * Give a file one name more, in the same partition.
 *
 * @param edit   that was begun
 * @param file   a symbolic link at its end is meant itself
 * @param place  the new name, or a directory for it
 * @param why    says why not; may be NULL
 * @return as stmboot_fs_edit_put(); STMBOOT_CONFLICT when something is there;
 *         STMBOOT_INVALID_ARGUMENT for a directory, and for another partition;
 *         STMBOOT_LIMIT for a file that has 65,000 names
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_edit_link(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *file,
		     const struct stmboot_file_ref *place, struct stmboot_refusal *why);

/**
 * Make a symbolic link.
 *
 * @param edit    that was begun
 * @param target  what it is to say, which need not be there
 * @param place   the link, or a directory for it
 * @param why     says why not; may be NULL
 * @return as stmboot_fs_edit_put(); STMBOOT_CONFLICT when something is there
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_edit_symlink(struct stmboot_boot_edit *edit, const char *target,
			const struct stmboot_file_ref *place, struct stmboot_refusal *why);

/**
 * Set permissions as chmod does.
 *
 * @param edit   that was begun
 * @param place  a symbolic link at its end is followed
 * @param mode   "0644", or "u+x,go-w" where who is not named is everybody
 * @param why    says why not; may be NULL
 * @return as stmboot_fs_edit_put(); STMBOOT_INVALID_ARGUMENT when it is no mode
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_edit_set_mode(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *place,
			 const char *mode, struct stmboot_refusal *why);

/**
 * Set owner and group, as numbers: names are those of the system in the image.
 *
 * @param edit   that was begun
 * @param place  a symbolic link at its end is followed
 * @param owner  "1000", "1000:100" or ":100"
 * @param why    says why not; may be NULL
 * @return as stmboot_fs_edit_put(); STMBOOT_INVALID_ARGUMENT when it is no owner
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_edit_set_owner(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *place,
			  const char *owner, struct stmboot_refusal *why);

/**
 * Set an extended attribute.
 *
 * @param edit   that was begun
 * @param place  a symbolic link at its end is meant itself
 * @param name   "user.note": of user, trusted or security, or an access control list
 * @param value  as setxattr() takes it; NULL removes the attribute
 * @param size   bytes of it
 * @param why    says why not; may be NULL
 * @return as stmboot_fs_edit_put(); STMBOOT_LIMIT when it does not fit;
 *         STMBOOT_INVALID_ARGUMENT for a name that ext4 has no place for
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_edit_set_attribute(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *place,
			      const char *name, const void *value, size_t size,
			      struct stmboot_refusal *why);

/**
 * The content that a file has by now, with what is staged.
 *
 * @param edit   that was begun
 * @param place  a symbolic link at its end is followed
 * @param why    says why not; may be NULL
 * @param out    on success, a source to release with stmboot_source_close(), before
 *               anything else is done with the edit
 * @return as stmboot_fs_edit_put(); STMBOOT_NOT_FOUND without such a file. On
 *         failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_edit_open(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *place,
		     struct stmboot_refusal *why, struct stmboot_source **out);

#ifdef __cplusplus
}
#endif

#endif
