/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Files inside an ext2, ext3 or ext4 file system.
 *
 * The same file system is read in two ways behind one interface. What U-Boot
 * finds decides whether a board loads its kernel; what Linux finds decides
 * whether it starts its first process; and the two differ: U-Boot replays no
 * journal, verifies no checksum and does not know every feature.
 *
 * Paths are those inside the file system; a leading slash is optional. No
 * symbolic link leads out of it. Names are bytes and may hold anything but a
 * slash and NUL: pass them through stmboot_escape() (text.h) before they meet
 * a terminal.
 */
#ifndef STMBOOT_FS_H
#define STMBOOT_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/refusal.h>
#include <stmboot/source.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A file system opened for reading in one of the two ways. */
struct stmboot_fs;

/** What an inode is. */
enum stmboot_fs_type {
	STMBOOT_FS_UNKNOWN, /**< a type that no system knows */
	STMBOOT_FS_FILE,
	STMBOOT_FS_DIRECTORY,
	STMBOOT_FS_SYMLINK,
	STMBOOT_FS_CHAR_DEVICE,
	STMBOOT_FS_BLOCK_DEVICE,
	STMBOOT_FS_FIFO,
	STMBOOT_FS_SOCKET,
};

/** Flags of an inode that matter to a boot or an edit; bits of stmboot_fs_node.flags. */
enum stmboot_fs_flag {
	STMBOOT_FS_IMMUTABLE = 1 << 0,   /**< may not be changed */
	STMBOOT_FS_APPEND_ONLY = 1 << 1, /**< may only grow */
	STMBOOT_FS_ENCRYPTED = 1 << 2,   /**< content (or names, of a directory) is cipher text */
	STMBOOT_FS_VERITY = 1 << 3,      /**< protected by fs-verity */
	STMBOOT_FS_CASEFOLD = 1 << 4,    /**< a directory that Linux searches without case */
	STMBOOT_FS_INLINE_DATA = 1 << 5, /**< content stands in the inode, unseen by U-Boot */
	STMBOOT_FS_EXTENTS = 1 << 6,     /**< mapped by extents, not by block lists */
};

enum {
	STMBOOT_FS_NAME_BYTES = 256,  /**< room for any name and its NUL */
	STMBOOT_FS_PATH_BYTES = 4096, /**< room for any path that Linux accepts, and its NUL */
};

/** What a path leads to. */
struct stmboot_fs_node {
	uint32_t inode;
	enum stmboot_fs_type type;
	uint32_t mode; /**< permissions and set-id bits, without the type: 0 to 07777 */
	uint32_t uid;
	uint32_t gid;
	uint32_t links;
	uint64_t size;  /**< bytes; the U-Boot reader gives the low 32 bits, as U-Boot sees it */
	int64_t mtime;  /**< seconds since 1970 */
	uint32_t flags; /**< of enum stmboot_fs_flag */
	uint32_t device_major; /**< of a character or block device, else 0 */
	uint32_t device_minor;
	uint32_t reserved[7]; /**< 0; room for later fields */
};

/**
 * The name of a type of file, as it may follow "a".
 *
 * @param type  what to name
 * @return "regular file", "directory", "symbolic link", ...; static
 */
STMBOOT_API const char *stmboot_fs_type_text(enum stmboot_fs_type type);

/**
 * The type of a file in one word, for programs.
 *
 * @param type  what to name
 * @return "file", "directory", "symlink", "char-device", "block-device", "fifo",
 *         "socket" or "unknown"; static
 */
STMBOOT_API const char *stmboot_fs_type_name(enum stmboot_fs_type type);

/** One name of a directory; valid during the callback. */
struct stmboot_fs_entry {
	const char *name;          /**< NUL-terminated */
	uint32_t inode;            /**< 0 for a removed name, which only the U-Boot reader gives */
	enum stmboot_fs_type type; /**< as the directory says it, which may be STMBOOT_FS_UNKNOWN */
};

/** Called for one name; false ends the listing, which is then still STMBOOT_OK. */
typedef bool stmboot_fs_visit(void *user, const struct stmboot_fs_entry *entry);

/**
 * Open a file system as U-Boot sees it.
 *
 * Follows U-Boot's fs/ext4 in what it does not do, too: the journal is not
 * replayed, checksums and unknown features are ignored, descriptors of meta_bg
 * are taken from where they would stand without it, inline data is taken for
 * block numbers, unwritten extents give what stands on the medium, and names
 * with inode 0 still match.
 * U-Boot fs/ext4/ext4_common.c.
 *
 * @param ctx  allocator; must outlive the file system
 * @param src  the partition, best through a cache; borrowed until the file system is closed
 * @param out  on success, a file system to release with stmboot_fs_close()
 * @return STMBOOT_OK; STMBOOT_NOT_RECOGNISED without the magic number;
 *         STMBOOT_CORRUPT or STMBOOT_TRUNCATED when U-Boot cannot read the root
 *         directory's inode; STMBOOT_IO; STMBOOT_NO_MEMORY. On failure *out is
 *         untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_fs_open_uboot(struct stmboot_context *ctx,
									struct stmboot_source *src,
									struct stmboot_fs **out);

/**
 * Open a file system as Linux sees it, apart from what a replay of the journal
 * would change.
 *
 * @param ctx  allocator; must outlive the file system
 * @param src  the partition, best through a cache; borrowed until the file system is closed
 * @param out  on success, a file system to release with stmboot_fs_close()
 * @return STMBOOT_OK; STMBOOT_NOT_RECOGNISED without the magic number;
 *         STMBOOT_UNSUPPORTED for a feature that is not known; STMBOOT_CORRUPT
 *         when the superblock, the group descriptors or the root inode are
 *         damaged, which includes a wrong checksum; STMBOOT_TRUNCATED;
 *         STMBOOT_LIMIT; STMBOOT_IO; STMBOOT_NO_MEMORY. On failure *out is
 *         untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_fs_open_linux(struct stmboot_context *ctx,
									struct stmboot_source *src,
									struct stmboot_fs **out);

/**
 * Close a file system. Files opened in it must be closed before.
 *
 * @param fs  NULL is fine
 */
STMBOOT_API void stmboot_fs_close(struct stmboot_fs *fs);

/**
 * What a path leads to.
 *
 * @param fs      file system
 * @param path    path inside it; "" and "/" are its root
 * @param follow  follow a symbolic link at the end, too
 * @param node    filled on success
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND when there is no such path, which
 *         includes one that goes through something other than a directory;
 *         STMBOOT_LIMIT for too many symbolic links (U-Boot follows 7, Linux 40)
 *         or a path too long; STMBOOT_CORRUPT for damaged structures;
 *         STMBOOT_TRUNCATED when one stands past the end of the source;
 *         STMBOOT_UNSUPPORTED for a way through an encrypted directory;
 *         STMBOOT_IO; STMBOOT_NO_MEMORY. stmboot_fs_trouble() tells more.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_stat(struct stmboot_fs *fs, const char *path, bool follow, struct stmboot_fs_node *node);

/**
 * The path with every symbolic link, "." and ".." resolved.
 *
 * @param fs      file system
 * @param path    path inside it
 * @param buffer  receives an absolute path and its NUL
 * @param size    bytes in buffer; STMBOOT_FS_PATH_BYTES is always enough
 * @return as stmboot_fs_stat(); STMBOOT_LIMIT also when the result does not fit
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_resolve(struct stmboot_fs *fs, const char *path, char *buffer, size_t size);

/**
 * The target of a symbolic link, as written.
 *
 * @param fs      file system
 * @param path    path of the link itself
 * @param buffer  receives the target and its NUL
 * @param size    bytes in buffer; STMBOOT_FS_PATH_BYTES is always enough
 * @return as stmboot_fs_stat(); STMBOOT_INVALID_ARGUMENT when it is no symbolic
 *         link; STMBOOT_LIMIT also when the target does not fit
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_readlink(struct stmboot_fs *fs, const char *path, char *buffer, size_t size);

/**
 * The content of a regular file as a source.
 *
 * Holes read as zeros and stand nowhere on the medium; for everything else
 * stmboot_source_locate() tells where. Reading gives STMBOOT_CORRUPT where the
 * block map is damaged, and STMBOOT_TRUNCATED for a block past the end of the
 * partition. (U-Boot's commands fail on an empty file.)
 *
 * @param fs    file system; must outlive the source
 * @param path  path inside it; symbolic links are followed
 * @param out   on success, a source to release with stmboot_source_close()
 * @return as stmboot_fs_stat(); STMBOOT_INVALID_ARGUMENT when it is not a
 *         regular file (to U-Boot: STMBOOT_NOT_FOUND); STMBOOT_UNSUPPORTED when
 *         Linux would need a key to read it. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_open(struct stmboot_fs *fs, const char *path, struct stmboot_source **out);

/**
 * The same by the number of the inode, as a walk gives it: no name is looked up.
 *
 * @param fs     file system; must outlive the source
 * @param inode  its number
 * @param out    on success, a source to release with stmboot_source_close()
 * @return as stmboot_fs_open(); STMBOOT_CORRUPT for a number that no inode in use has
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_open_inode(struct stmboot_fs *fs, uint32_t inode, struct stmboot_source **out);

/**
 * Visit the names of a directory, in the order of the medium, "." and ".."
 * included.
 *
 * @param fs     file system; the callback may use it
 * @param path   path of the directory; symbolic links are followed
 * @param visit  called for every name
 * @param user   handed to it
 * @return as stmboot_fs_stat(); STMBOOT_INVALID_ARGUMENT when it is not a
 *         directory. What was visited before the trouble stays visited.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_list(struct stmboot_fs *fs, const char *path, stmboot_fs_visit *visit, void *user);

/** A point in time, as an inode has it. */
struct stmboot_fs_time {
	int64_t seconds;      /**< since 1970 */
	uint32_t nanoseconds; /**< 0 to 999,999,999; 0 where the inode has no room for them */
};

/** All that an inode says of itself. */
struct stmboot_fs_inode {
	struct stmboot_fs_node node;
	uint64_t blocks; /**< of 512 bytes: what the content, its map and attributes take */
	struct stmboot_fs_time accessed;
	struct stmboot_fs_time changed;  /**< the inode */
	struct stmboot_fs_time modified; /**< the content */
	struct stmboot_fs_time created;  /**< when has_created is set */
	bool has_created;
	const char *target; /**< of a symbolic link, as written; else NULL */
};

/**
 * All that the inode says that a path leads to.
 *
 * @param fs      file system; must outlive the result
 * @param path    path inside it; "" and "/" are its root
 * @param follow  follow a symbolic link at the end, too
 * @param out     on success, a record to release with stmboot_fs_inode_free()
 * @return as stmboot_fs_stat() and, for a symbolic link, stmboot_fs_readlink().
 *         On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_inspect(struct stmboot_fs *fs, const char *path, bool follow,
		   const struct stmboot_fs_inode **out);

/**
 * Release what stmboot_fs_inspect() gave.
 *
 * @param inode  NULL is fine
 */
STMBOOT_API void stmboot_fs_inode_free(const struct stmboot_fs_inode *inode);

/** One extended attribute. */
struct stmboot_fs_attribute {
	const char *name; /**< "user.note"; any bytes but NUL behind the first dot */
	const uint8_t *value;
	size_t size; /**< of the value, in bytes */
};

/** Those of an inode, sorted by name. */
struct stmboot_fs_attributes {
	const struct stmboot_fs_attribute *items;
	size_t count;
};

/**
 * The extended attributes of an inode, as getxattr() gives them.
 *
 * They stand in the inode, in a block of their own, or their value is the
 * content of an inode of its own (the feature ea_inode). An access control
 * list is given as Linux gives it to a program, not as it is stored; what Linux
 * keeps to itself, as the rest of inline data, is left out. ext4 disk layout,
 * "Extended Attributes".
 *
 * @param fs     file system opened as Linux sees it; must outlive the result
 * @param inode  number of the inode
 * @param out    on success, a list to release with stmboot_fs_attributes_free()
 * @return STMBOOT_OK, also when there are none; STMBOOT_CORRUPT when the
 *         structures, or their checksum, are damaged; STMBOOT_TRUNCATED;
 *         STMBOOT_LIMIT for more bytes than the context's max_text_bytes;
 *         STMBOOT_UNSUPPORTED for a file system opened as U-Boot sees it;
 *         STMBOOT_IO; STMBOOT_NO_MEMORY. On failure *out is untouched, and
 *         stmboot_fs_trouble() tells more.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_attributes_read(struct stmboot_fs *fs, uint32_t inode,
			   const struct stmboot_fs_attributes **out);

/**
 * Release a list of attributes.
 *
 * @param attributes  NULL is fine
 */
STMBOOT_API void stmboot_fs_attributes_free(const struct stmboot_fs_attributes *attributes);

/** Where a walk stands. */
enum stmboot_fs_event {
	STMBOOT_FS_ENTER, /**< at a name; if it is a directory, its own names follow */
	STMBOOT_FS_LEAVE, /**< behind the last name of a directory that was entered */
};

/** One step of a walk; valid during the callback. */
struct stmboot_fs_step {
	enum stmboot_fs_event event;
	/**
	 * STMBOOT_OK, or why the inode could not be read, or when leaving, why the
	 * directory could not be read to its end.
	 */
	enum stmboot_status status;
	const char *trouble; /**< one phrase, static, when status is not STMBOOT_OK; else NULL */
	bool has_offset;     /**< the trouble has a place */
	uint64_t offset;     /**< that place, in bytes from the start of the medium */
	unsigned depth;      /**< 0 where the walk began */
	const char *path;    /**< absolute, through no symbolic link */
	const char *below;   /**< the rest of it, without a slash before it, from where it began */
	const char *name;    /**< the last name of it; "" for the root */
	const struct stmboot_fs_inode *inode; /**< NULL when entering with trouble */
};

/** What the visitor of a step wants next. */
enum stmboot_fs_answer {
	STMBOOT_FS_GO_ON,
	STMBOOT_FS_SKIP, /**< the names of the directory just entered; it is not left either */
	STMBOOT_FS_STOP, /**< the walk is then still STMBOOT_OK */
};

/** Called for each step. */
typedef enum stmboot_fs_answer stmboot_fs_step_visit(void *user,
						     const struct stmboot_fs_step *step);

/** How to walk. Zero it and set struct_size. */
struct stmboot_fs_walk_options {
	size_t struct_size;
	bool follow;        /**< a symbolic link where the walk begins; no other is followed */
	uint32_t max_depth; /**< 1: the names of the one directory, ...; 0: all */
};

/**
 * Visit a file or a directory with all that is below it. Names come sorted by
 * their bytes, without "." and "..", a directory before its names.
 *
 * However damaged the file system is, the walk ends: no directory is entered
 * twice, no path grows past STMBOOT_FS_PATH_BYTES, no name is visited that
 * holds a slash or stands twice in its directory, and the context says how many
 * names there may be (max_walk_names). Trouble with a part is told to the
 * visitor, and the walk goes on behind it.
 *
 * @param fs       file system; the callback may use it
 * @param path     where to begin
 * @param options  borrowed for the call; NULL for all defaults
 * @param visit    called for every step
 * @param user     handed to it
 * @return as stmboot_fs_stat() for where it begins; STMBOOT_LIMIT when there
 *         are too many names; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED. What was
 *         visited before stays visited.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fs_walk(struct stmboot_fs *fs, const char *path,
		const struct stmboot_fs_walk_options *options, stmboot_fs_step_visit *visit,
		void *user);

/**
 * What the last failed call on a file system, or on a file opened in it,
 * stumbled over.
 *
 * @param fs          file system
 * @param has_offset  set to whether a place is known
 * @param offset      that place, in bytes from the start of the medium
 * @return one phrase, static; NULL when nothing failed so far
 */
STMBOOT_API const char *stmboot_fs_trouble(const struct stmboot_fs *fs, bool *has_offset,
					   uint64_t *offset);

/**
 * Say for a person why a call gave a status for a path: which part of the path
 * is there, what it is that was not expected, or what is damaged, and where.
 * To be asked right after the call.
 *
 * @param fs      file system
 * @param path    as it was handed to the call
 * @param status  what the call gave, not STMBOOT_OK
 * @param why     filled
 */
STMBOOT_API void stmboot_fs_explain(struct stmboot_fs *fs, const char *path,
				    enum stmboot_status status, struct stmboot_refusal *why);

/** The three words of feature bits. */
enum stmboot_ext4_feature_set {
	STMBOOT_EXT4_COMPAT,    /**< unknown bits do no harm */
	STMBOOT_EXT4_INCOMPAT,  /**< unknown bits forbid mounting */
	STMBOOT_EXT4_RO_COMPAT, /**< unknown bits forbid writing */
};

/** What the superblock says of its own checksum. */
enum stmboot_ext4_checksum {
	STMBOOT_EXT4_CHECKSUM_ABSENT, /**< the feature metadata_csum is off */
	STMBOOT_EXT4_CHECKSUM_OK,
	STMBOOT_EXT4_CHECKSUM_BAD,
};

/**
 * The facts of a superblock, as they stand there: none was judged.
 * ext4 disk layout, "The Super Block".
 */
struct stmboot_ext4_info {
	char label[17];        /**< any bytes, NUL-terminated */
	char uuid[37];         /**< lower case, with dashes */
	char last_mounted[65]; /**< the directory it was last mounted on */

	uint32_t revision;          /**< 0 or 1 */
	uint64_t block_bytes;       /**< 0 when the field is out of range */
	uint64_t cluster_bytes;     /**< block_bytes without the feature bigalloc */
	uint64_t blocks_count;      /**< of blocks, also with bigalloc */
	uint64_t free_blocks_count; /**< with bigalloc as well */
	uint64_t size_bytes;        /**< blocks_count * block_bytes; UINT64_MAX if that overflows */
	uint32_t inodes_count;
	uint32_t free_inodes_count;
	uint32_t first_data_block;
	uint32_t blocks_per_group;
	uint32_t inodes_per_group;
	uint32_t inode_bytes;      /**< 128 in revision 0 */
	uint32_t descriptor_bytes; /**< 32 without the feature 64bit */

	uint32_t compat; /**< feature bits; stmboot_ext4_feature_name() names them */
	uint32_t incompat;
	uint32_t ro_compat;

	uint16_t state; /**< 1 cleanly unmounted, 2 errors seen, 4 orphans being recovered */
	uint32_t journal_inode; /**< 0 for none or one on another device */
	uint32_t first_orphan;  /**< inode to be finished or removed at the next mount, or 0 */
	bool has_journal;
	bool needs_recovery; /**< the journal holds changes that are not in place yet */

	enum stmboot_ext4_checksum checksum;
	uint32_t checksum_stored;
	uint32_t checksum_computed;

	int64_t mount_time; /**< seconds since 1970; 0 for never, here and below */
	int64_t write_time;
	int64_t check_time; /**< of the last e2fsck */
	int64_t mkfs_time;
	uint16_t mount_count;

	uint32_t error_count; /**< errors that Linux has seen since the last e2fsck */
	int64_t first_error_time;
	int64_t last_error_time;

	uint32_t checksum_type;    /**< 1: crc32c */
	uint32_t first_meta_group; /**< first descriptor block that meta_bg places elsewhere */
	uint32_t clusters_per_group;

	bool clean;       /**< of `state`: cleanly unmounted */
	bool has_errors;  /**< of `state`: Linux has seen errors */
	bool has_orphans; /**< of `state`, or there is a first one */

	uint32_t first_inode; /**< those before it are the file system's own; 11 in revision 0 */
};

/**
 * Read the superblock of an ext2, ext3 or ext4 file system.
 *
 * @param ctx  allocator; must outlive the result
 * @param src  the partition; borrowed for the call
 * @param out  on success, the facts, to release with stmboot_ext4_free()
 * @return STMBOOT_OK; STMBOOT_NOT_RECOGNISED without the magic number or when
 *         the source ends before the superblock does; STMBOOT_IO;
 *         STMBOOT_NO_MEMORY. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_ext4_decode(struct stmboot_context *ctx, struct stmboot_source *src,
		    struct stmboot_ext4_info **out);

/**
 * Release what stmboot_ext4_decode() gave.
 *
 * @param info  NULL is fine
 */
STMBOOT_API void stmboot_ext4_free(struct stmboot_ext4_info *info);

/**
 * The name of a feature, as e2fsprogs spells it, for example "metadata_csum".
 *
 * @param set  which word
 * @param bit  number of the bit, 0 to 31
 * @return a static string, or NULL for a bit that has no name
 */
STMBOOT_API const char *stmboot_ext4_feature_name(enum stmboot_ext4_feature_set set, unsigned bit);

/**
 * What is set of the features of a file system, by name, and "compat-bit-N",
 * "incompat-bit-N" or "ro-compat-bit-N" where one has none.
 *
 * @param info    borrowed
 * @param index   from 0 on, until the answer is false
 * @param buffer  receives the name and its NUL
 * @param size    bytes in buffer; 24 are enough for every name
 * @return false when fewer are set
 */
STMBOOT_API bool stmboot_ext4_feature(const struct stmboot_ext4_info *info, size_t index,
				      char *buffer, size_t size);

/**
 * The name of a state of a checksum.
 *
 * @param checksum  what to name
 * @return "absent", "ok" or "bad"; static
 */
STMBOOT_API const char *stmboot_ext4_checksum_text(enum stmboot_ext4_checksum checksum);

#ifdef __cplusplus
}
#endif

#endif
