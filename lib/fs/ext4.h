/* SPDX-License-Identifier: MIT */
/*
 * What the two readers of ext4 share: the layout, inodes, block maps and the
 * content of files. They part where U-Boot does less than Linux: the Linux
 * reader verifies what it reads, the U-Boot reader takes it as it is.
 */
#ifndef SB_FS_EXT4_H
#define SB_FS_EXT4_H

#include <stmboot/fs.h>

#include "base/arena.h"

enum {
	EXT4_SUPERBLOCK_OFFSET = 1024,
	EXT4_SUPERBLOCK_BYTES = 1024,
	EXT4_MAGIC = 0xef53,
	EXT4_ROOT_INODE = 2,
	EXT4_FIRST_INODE = 11, /* of revision 0, and the least: those before it are reserved */
	EXT4_FIRST_INODE_BYTES = 128, /* of revision 0, and the part that every inode has */
	EXT4_BLOCK_BYTES = 60,        /* i_block */
	EXT4_BLOCK_OFFSET = 0x28,
	EXT4_LEVELS = 5, /* of an extent tree below its root */
};

/* Offsets in the superblock. */
enum {
	S_INODES_COUNT = 0x00,
	S_BLOCKS_COUNT_LO = 0x04,
	S_FREE_BLOCKS_COUNT_LO = 0x0c,
	S_FREE_INODES_COUNT = 0x10,
	S_FIRST_DATA_BLOCK = 0x14,
	S_LOG_BLOCK_SIZE = 0x18,
	S_LOG_CLUSTER_SIZE = 0x1c,
	S_BLOCKS_PER_GROUP = 0x20,
	S_CLUSTERS_PER_GROUP = 0x24,
	S_INODES_PER_GROUP = 0x28,
	S_MTIME = 0x2c,
	S_WTIME = 0x30,
	S_MNT_COUNT = 0x34,
	S_MAGIC = 0x38,
	S_STATE = 0x3a,
	S_LASTCHECK = 0x40,
	S_REV_LEVEL = 0x4c,
	S_FIRST_INO = 0x54,
	S_INODE_SIZE = 0x58,
	S_BLOCK_GROUP_NR = 0x5a,
	S_FEATURE_COMPAT = 0x5c,
	S_FEATURE_INCOMPAT = 0x60,
	S_FEATURE_RO_COMPAT = 0x64,
	S_UUID = 0x68,
	S_VOLUME_NAME = 0x78,
	S_LAST_MOUNTED = 0x88,
	S_JOURNAL_UUID = 0xd0,
	S_JOURNAL_INUM = 0xe0,
	S_LAST_ORPHAN = 0xe8,
	S_JOURNAL_BACKUP_TYPE = 0xfd,
	S_DESC_SIZE = 0xfe,
	S_FIRST_META_BG = 0x104,
	S_MKFS_TIME = 0x108,
	S_JOURNAL_BLOCKS = 0x10c,
	S_BLOCKS_COUNT_HI = 0x150,
	S_FREE_BLOCKS_COUNT_HI = 0x158,
	S_CHECKSUM_TYPE = 0x175,
	S_ERROR_COUNT = 0x194,
	S_FIRST_ERROR_TIME = 0x198,
	S_LAST_ERROR_TIME = 0x1cc,
	S_CHECKSUM_SEED = 0x270,
	S_WTIME_HI = 0x274,
	S_MTIME_HI = 0x275,
	S_MKFS_TIME_HI = 0x276,
	S_LASTCHECK_HI = 0x277,
	S_FIRST_ERROR_TIME_HI = 0x278,
	S_LAST_ERROR_TIME_HI = 0x279,
	S_CHECKSUM = 0x3fc,
};

/* s_state */
enum {
	STATE_VALID = 1,
	STATE_ERRORS = 2,
	STATE_ORPHANS = 4,
};

enum {
	COMPAT_HAS_JOURNAL = 0x4,
	COMPAT_RESIZE_INODE = 0x10,
	INCOMPAT_FILETYPE = 0x2,
	INCOMPAT_RECOVER = 0x4,
	INCOMPAT_JOURNAL_DEV = 0x8,
	INCOMPAT_META_BG = 0x10,
	INCOMPAT_EXTENTS = 0x40,
	INCOMPAT_64BIT = 0x80,
	INCOMPAT_MMP = 0x100,
	INCOMPAT_FLEX_BG = 0x200,
	INCOMPAT_EA_INODE = 0x400,
	INCOMPAT_CSUM_SEED = 0x2000,
	INCOMPAT_LARGE_DIR = 0x4000,
	INCOMPAT_INLINE_DATA = 0x8000,
	INCOMPAT_ENCRYPT = 0x10000,
	INCOMPAT_CASEFOLD = 0x20000,
	RO_COMPAT_SPARSE_SUPER = 0x1,
	RO_COMPAT_LARGE_FILE = 0x2,
	RO_COMPAT_BTREE_DIR = 0x4,
	RO_COMPAT_HUGE_FILE = 0x8,
	RO_COMPAT_GDT_CSUM = 0x10,
	RO_COMPAT_DIR_NLINK = 0x20,
	RO_COMPAT_EXTRA_ISIZE = 0x40,
	RO_COMPAT_QUOTA = 0x100,
	RO_COMPAT_BIGALLOC = 0x200,
	RO_COMPAT_METADATA_CSUM = 0x400,
	RO_COMPAT_READONLY = 0x1000,
	RO_COMPAT_PROJECT = 0x2000,
	RO_COMPAT_SHARED_BLOCKS = 0x4000,
	RO_COMPAT_VERITY = 0x8000,
	RO_COMPAT_ORPHAN_PRESENT = 0x10000,
};

/* i_flags */
enum {
	EXT4_FLAG_IMMUTABLE = 0x10,
	EXT4_FLAG_APPEND = 0x20,
	EXT4_FLAG_ENCRYPT = 0x800,
	EXT4_FLAG_HUGE_FILE = 0x40000,
	EXT4_FLAG_EXTENTS = 0x80000,
	EXT4_FLAG_VERITY = 0x100000,
	EXT4_FLAG_EA_INODE = 0x200000,
	EXT4_FLAG_INLINE_DATA = 0x10000000,
	EXT4_FLAG_CASEFOLD = 0x40000000,
};

struct sb_ext4_inode {
	uint32_t number;
	uint32_t mode; /* with the type */
	uint32_t uid;
	uint32_t gid;
	uint32_t links;
	uint32_t flags; /* EXT4_FLAG_... */
	uint32_t generation;
	uint64_t size;
	uint64_t blocks; /* as it stands there: sb_ext4_sectors() says what it means */
	struct stmboot_fs_time accessed, changed, modified, created;
	bool has_created;
	uint64_t offset;        /* of the inode in the source */
	uint64_t inline_offset; /* of what follows i_block, with inline data (Linux reader) */
	uint32_t inline_bytes;  /* 0: nothing follows */
	uint8_t block[EXT4_BLOCK_BYTES];
};

/* What a path leads to, and how. */
struct sb_walk {
	struct sb_ext4_inode inode;
	enum stmboot_fs_type type; /* as this reader sees it */
	unsigned links;            /* symbolic links followed */
	size_t length;             /* of path; 0 for the root */
	char path[STMBOOT_FS_PATH_BYTES];
};

/* Where the two readers part. */
struct sb_fs_ops {
	bool verifies;      /* structures are checked before they are used */
	unsigned max_links; /* followed on one path */
	enum stmboot_status (*inode)(struct stmboot_fs *fs, uint32_t number,
				     struct sb_ext4_inode *out);
	/* Start at the root; sets everything in `walk`. */
	enum stmboot_status (*walk)(struct stmboot_fs *fs, const char *path, bool follow,
				    struct sb_walk *walk);
	enum stmboot_status (*list)(struct stmboot_fs *fs, const struct sb_ext4_inode *directory,
				    stmboot_fs_visit *visit, void *user);
	/* Does the checksum that stands behind `covered` bytes of an extent block fit? */
	bool (*extents_fit)(const struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
			    const uint8_t *block, size_t covered);
	void (*close)(struct stmboot_fs *fs);
};

/* One block of metadata that is likely to be wanted again. */
struct sb_ext4_slot {
	uint64_t block;
	uint32_t inode; /* whose checksum it was verified with */
	uint8_t *data;  /* NULL: none so far */
};

struct stmboot_fs {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	const struct sb_fs_ops *ops;
	struct sb_arena arena;
	const struct stmboot_ext4_info *info;
	uint64_t budget; /* bytes of directories that the running call may still look at */
	/* that all calls together may, of all file systems of an image; or NULL */
	uint64_t *lookups;
	uint64_t mapped; /* bytes of maps that were looked at so far */
	struct sb_ext4_slot slots[EXT4_LEVELS];
	void *reader; /* what only this reader needs */
	const char *trouble;
	uint64_t trouble_at; /* in src; SB_NOWHERE */
	bool has_trouble_offset;
	uint64_t trouble_offset;
};

/* An offset for trouble that concerns no place in particular. */
#define SB_NOWHERE UINT64_MAX

/* Remember what went wrong at `offset` of the source; gives `status` back. */
enum stmboot_status sb_fs_fail(struct stmboot_fs *fs, enum stmboot_status status, uint64_t offset,
			       const char *trouble);

/* The inode that a name leads to: for Linux, none of the file system's own. */
STMBOOT_NODISCARD enum stmboot_status
sb_fs_named_inode(struct stmboot_fs *fs, uint32_t number, struct sb_ext4_inode *out);

/* Read from the partition, and remember where it failed. */
STMBOOT_NODISCARD enum stmboot_status sb_fs_read(struct stmboot_fs *fs, uint64_t offset,
						 void *buffer, size_t size);

/* A block of metadata, valid until the slot is used again. */
STMBOOT_NODISCARD enum stmboot_status sb_fs_block(struct stmboot_fs *fs, unsigned slot,
						  uint64_t block, const uint8_t **data);

/*
 * Begin another call: with a whole budget, and with nothing kept of blocks that
 * may have changed since the last one.
 */
void sb_fs_renew(struct stmboot_fs *fs);

/*
 * Take `bytes` from the budget of the running call, and from what all calls share, or
 * STMBOOT_LIMIT; nothing is left to share then.
 */
STMBOOT_NODISCARD enum stmboot_status sb_fs_spend(struct stmboot_fs *fs, uint64_t bytes);

/* The way of a path, as the reader goes it, with a budget of its own. */
STMBOOT_NODISCARD enum stmboot_status sb_fs_find(struct stmboot_fs *fs, const char *path,
						 bool follow, struct sb_walk *found);

/* What is told of an inode, without and with the target of a symbolic link. */
void sb_fs_node(const struct sb_ext4_inode *inode, enum stmboot_fs_type type,
		struct stmboot_fs_node *node);
STMBOOT_NODISCARD enum stmboot_status sb_fs_inode_new(struct stmboot_fs *fs,
						      const struct sb_ext4_inode *inode,
						      enum stmboot_fs_type type,
						      const struct stmboot_fs_inode **out);

/* The path of a walk: names one by one. STMBOOT_LIMIT when it gets too long. */
STMBOOT_NODISCARD enum stmboot_status sb_walk_push(struct stmboot_fs *fs, struct sb_walk *walk,
						   const char *name);

/*
 * Leave the symbolic link that walk->inode is: the walk then stands at the
 * root or in `directory`, whose path is `length` long, and *target, to be freed,
 * is looked up from there. STMBOOT_LIMIT after too many of them.
 */
STMBOOT_NODISCARD enum stmboot_status sb_walk_link(struct stmboot_fs *fs, struct sb_walk *walk,
						   const struct sb_ext4_inode *directory,
						   size_t length, char **target);

/* Memory, arena, superblock and slots of a file system; the reader is not set yet. */
STMBOOT_NODISCARD enum stmboot_status sb_fs_new(struct stmboot_context *ctx,
						struct stmboot_source *src,
						const struct sb_fs_ops *ops,
						struct stmboot_fs **out);

/* The fields of an inode of `size` bytes, at least EXT4_FIRST_INODE_BYTES. */
void sb_ext4_inode_decode(const uint8_t *raw, size_t size, struct sb_ext4_inode *inode);

/* The block with those extended attributes that do not fit into a raw inode; 0: none. */
uint64_t sb_ext4_attribute_block(const uint8_t *raw);

/* The sectors of 512 bytes that an inode says it takes. */
uint64_t sb_ext4_sectors(const struct stmboot_ext4_info *info, const struct sb_ext4_inode *inode);
/* The number of a device; zeros for anything else. */
void sb_ext4_device(const struct sb_ext4_inode *inode, uint32_t *major, uint32_t *minor);

/* The type of an inode by its mode, and of a directory entry by its number. */
enum stmboot_fs_type sb_ext4_mode_type(uint32_t mode);
enum stmboot_fs_type sb_ext4_entry_type(uint8_t number);

/* Blocks of a file that stand one behind the other. */
struct sb_ext4_run {
	uint64_t count;    /* at least 1 */
	uint64_t physical; /* first block; 0 for a hole */
	bool zeros;        /* a hole, or to Linux allocated but never written */
};

/* The run that begins at a block of a file. */
STMBOOT_NODISCARD enum stmboot_status sb_ext4_map(struct stmboot_fs *fs,
						  const struct sb_ext4_inode *inode, uint64_t block,
						  struct sb_ext4_run *run);

enum sb_ext4_run_kind {
	SB_EXT4_RUN_CONTENT, /* blocks of the file, written or not */
	SB_EXT4_RUN_MAP,     /* a block of the map; it is read after the visit */
};

/* What is not STMBOOT_OK ends the walk. */
typedef enum stmboot_status sb_ext4_visit_run(void *user, enum sb_ext4_run_kind kind,
					      uint64_t first, uint64_t count);

/*
 * Visit all blocks of an inode that has any (Linux reader). A damaged map can
 * lead back into itself: the visitor must not let it pass the same block twice.
 */
STMBOOT_NODISCARD enum stmboot_status sb_ext4_survey(struct stmboot_fs *fs,
						     const struct sb_ext4_inode *inode,
						     sb_ext4_visit_run *visit, void *user);

/* The content of an inode, with the run that was looked up last. */
struct sb_ext4_content {
	struct stmboot_fs *fs;
	struct sb_ext4_inode inode;
	uint64_t first; /* block that run begins at; run.count 0: no run yet */
	struct sb_ext4_run run;
};

/* Read [offset, offset + size), which may reach past the end of the file into its last block. */
STMBOOT_NODISCARD enum stmboot_status
sb_ext4_content_read(struct sb_ext4_content *content, uint64_t offset, void *buffer, size_t size);

/* Does the checksum behind `covered` bytes of an extent block fit, by the seed of the file system?
 */
bool sb_ext4_extents_fit(uint32_t seed, const struct sb_ext4_inode *inode, const uint8_t *block,
			 size_t covered);

/* A file as a source. */
STMBOOT_NODISCARD enum stmboot_status sb_ext4_content_open(struct stmboot_fs *fs,
							   const struct sb_ext4_inode *inode,
							   struct stmboot_source **out);

/* The target of a symbolic link in new memory. */
STMBOOT_NODISCARD enum stmboot_status
sb_ext4_link_target(struct stmboot_fs *fs, const struct sb_ext4_inode *inode, char **target);

/*
 * What in a superblock contradicts itself so that Linux refuses to mount it,
 * as one phrase, with the offset of the field in the superblock; else NULL.
 */
const char *sb_ext4_geometry_defect(const struct stmboot_ext4_info *info, uint64_t *field);

/* Incompatible features that Linux 6.1 cannot mount. */
uint32_t sb_ext4_unknown_incompat(const struct stmboot_ext4_info *info);

/* How many block groups there are; the geometry has no defect. */
uint64_t sb_ext4_groups(const struct stmboot_ext4_info *info);

#endif
