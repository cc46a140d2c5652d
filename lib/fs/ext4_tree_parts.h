/* SPDX-License-Identifier: MIT */
/* The inside of a tree that is changed; ext4_tree.h has its front. */
#ifndef SB_FS_EXT4_TREE_PARTS_H
#define SB_FS_EXT4_TREE_PARTS_H

#include "base/meter.h"
#include "base/refusal.h"
#include "fs/ext4_alloc.h"
#include "fs/ext4_tree.h"

enum {
	SB_TREE_CHUNK_BYTES = 64 << 10,
	SB_TREE_SUBJECT_BYTES = 160,
	SB_TREE_MAX_LINKS = 65000, /* of a file, and without dir_nlink of a directory */
};

/* What of an inode may become different. */
enum {
	SB_MAY_MODE = 1 << 0,
	SB_MAY_OWNER = 1 << 1,
	SB_MAY_TIMES = 1 << 2,
	SB_MAY_LINKS = 1 << 3,
	SB_MAY_CONTENT = 1 << 4,    /* and where it is */
	SB_MAY_ATTRIBUTES = 1 << 5, /* extended ones */
	SB_MAY_ALL = (1 << 6) - 1,
	SB_MAY_BECOME = 1 << 6, /* another inode altogether: it was free, or is */
};

/* An inode that is changed, and what is expected of it in the end. */
struct sb_tree_node {
	uint32_t number;
	unsigned may;
	bool was_used;               /* before the edit */
	bool is_used;                /* now */
	bool lists_names;            /* a directory whose names count, before the edit or now */
	struct sb_ext4_inode now;    /* what was written last: mode, owner, links, time */
	struct sb_tree_names *names; /* NULL until they are asked for */
	bool has_content;
	uint64_t content_crc; /* CRC-64, and now.size */
	bool has_attributes;
	uint64_t attributes_sum;
};

struct sb_tree {
	struct stmboot_context *ctx;
	struct sb_arena arena;
	struct stmboot_refusal *why;
	struct sb_overlay *overlay; /* what is changed in the end, at `offset` */
	uint64_t offset;
	struct stmboot_source *before; /* the partition */
	struct sb_overlay *staged;     /* over it */
	struct stmboot_fs *original;   /* reads what was before */
	struct stmboot_fs *fs;         /* reads what is staged */
	struct sb_ext2_io io;
	ext2_filsys ext2;           /* writes it */
	enum stmboot_status broken; /* a change that failed on its way */
	uint64_t changes;
	struct sb_tree_node **nodes;
	size_t node_count;
	size_t node_capacity;
	struct sb_tree_node **index; /* of the nodes by number: open addressing */
	size_t index_size;           /* a power of two */
	uint8_t *groups; /* what was touched in each, also when nothing remains of that */
	struct sb_plan plan;
	struct ext2_inode_large *raw; /* room for one; an inode of the medium may be shorter */
	uint8_t *block;               /* room for one */
	uint8_t *chunks;              /* room for two chunks */
	struct sb_meter meter;        /* of content that is written */
	char subject[SB_TREE_SUBJECT_BYTES];
};

/* ext4_tree.c */

/* A change that has begun ends with this status; gives it back. */
enum stmboot_status sb_tree_settle(struct sb_tree *tree, enum stmboot_status status);

/* What an error of libext2fs means, with the reason; no error may be one for the channel. */
enum stmboot_status sb_tree_status(struct sb_tree *tree, errcode_t error);

/* What the reader stumbled over. */
enum stmboot_status sb_tree_trouble(struct sb_tree *tree, enum stmboot_status status);

/* STMBOOT_CORRUPT, at an offset or SB_NOWHERE. */
enum stmboot_status sb_tree_damage(struct sb_tree *tree, uint64_t offset, const char *what);

/* May this inode be changed? It is none of the file system itself, and no flag forbids it. */
enum stmboot_status sb_tree_check_inode(struct sb_tree *tree, const struct sb_ext4_inode *inode);

/* The same for the directory that the subject is in. */
enum stmboot_status sb_tree_check_directory(struct sb_tree *tree,
					    const struct sb_ext4_inode *directory);

/* Blocks that were taken or freed. */
void sb_tree_touch_blocks(struct sb_tree *tree, uint64_t first, uint64_t count);

/* Are there so many free blocks and inodes? */
enum stmboot_status sb_tree_check_space(struct sb_tree *tree, uint64_t blocks, uint64_t inodes);

/* ext4_tree_node.c */

/* The node of an inode, or NULL. */
struct sb_tree_node *sb_tree_node(const struct sb_tree *tree, uint32_t number);

/* Note what is going to change. NULL without memory. */
struct sb_tree_node *sb_tree_touch(struct sb_tree *tree, const struct sb_ext4_inode *inode,
				   unsigned may);

/* An inode by its number, as the reader sees it now. */
enum stmboot_status sb_tree_inode(struct sb_tree *tree, uint32_t number, struct sb_ext4_inode *out);

/* Read an inode into tree->raw, and write it from there. */
enum stmboot_status sb_tree_read_raw(struct sb_tree *tree, uint32_t number);
enum stmboot_status sb_tree_write_raw(struct sb_tree *tree, uint32_t number);

/* Set times in tree->raw. */
void sb_tree_stamp(struct sb_tree *tree, unsigned which, struct sb_ext4_time time);

/* The time of the edit. */
struct sb_ext4_time sb_tree_now(const struct sb_tree *tree);

/* Set what a gift says in tree->raw; gives what may change by it. */
unsigned sb_tree_put_gift(struct sb_tree *tree, const struct sb_tree_gift *gift);

/* An inode without content, near a directory, with one link: its number. */
enum stmboot_status sb_tree_new_inode(struct sb_tree *tree, uint32_t directory, uint32_t mode,
				      const struct sb_tree_gift *gift, uint32_t *number);

/* Take one link from what is no directory; with the last one it is freed. */
enum stmboot_status sb_tree_unlink_inode(struct sb_tree *tree, const struct sb_ext4_inode *inode);

/* Free an inode with all that it holds. */
enum stmboot_status sb_tree_free_inode(struct sb_tree *tree, const struct sb_ext4_inode *inode);

/* Room for one link more? */
enum stmboot_status sb_tree_check_links(struct sb_tree *tree, const struct sb_ext4_inode *inode);

/* One link more, or one less, of a directory. */
enum stmboot_status sb_tree_count_link(struct sb_tree *tree, uint32_t directory, int difference);

/* ext4_tree_content.c */

/* Can a file be so large, and an edit? */
enum stmboot_status sb_tree_check_size(struct sb_tree *tree, uint64_t size);

/* Give an inode without content some. */
enum stmboot_status sb_tree_fill(struct sb_tree *tree, uint32_t number,
				 struct stmboot_source *content);

/* Expect content of that CRC-64 when the result is read. */
enum stmboot_status sb_tree_expect_content(struct sb_tree *tree, uint32_t number, uint64_t crc);

/* Give an inode so many blocks, behind the `first` ones that it has, and a size. */
enum stmboot_status sb_tree_allocate(struct sb_tree *tree, uint32_t number, uint64_t first,
				     uint64_t blocks, uint64_t size);

/* Free all blocks of content and map. */
enum stmboot_status sb_tree_free_blocks(struct sb_tree *tree, const struct sb_ext4_inode *inode);

/* ext4_tree_names.c */

/*
 * The names of a directory, which are about to be changed or looked through.
 * It is first asked whether it may be.
 */
enum stmboot_status sb_tree_names(struct sb_tree *tree, uint32_t directory,
				  struct sb_tree_names **out);

/* One name, or NULL. */
struct sb_tree_name *sb_tree_name(const struct sb_tree_names *names, const char *text);

enum stmboot_status sb_tree_add_name(struct sb_tree *tree, uint32_t directory, const char *text,
				     uint32_t inode, uint32_t mode);
enum stmboot_status sb_tree_remove_name(struct sb_tree *tree, uint32_t directory, const char *text);

/* Let a name that is there lead to another inode. */
enum stmboot_status sb_tree_set_name(struct sb_tree *tree, uint32_t directory, const char *text,
				     uint32_t inode, uint32_t mode);

/* The same for the parent of a directory. */
enum stmboot_status sb_tree_set_parent(struct sb_tree *tree, uint32_t directory, uint32_t parent);

/* ext4_tree_attributes.c */

/* STMBOOT_UNSUPPORTED when the value of an extended attribute stands in an inode of its own. */
enum stmboot_status sb_tree_check_attributes(struct sb_tree *tree, uint32_t inode);

/* A sum over the extended attributes of an inode, in no order. */
errcode_t sb_tree_sum_attributes(ext2_filsys ext2, uint32_t inode, uint64_t *sum);

/* ext4_htree.c */

/*
 * Does the index of a directory that has one lead to every name, in its order?
 * STMBOOT_CORRUPT when it does not.
 */
enum stmboot_status sb_ext4_check_index(struct stmboot_fs *fs,
					const struct sb_ext4_inode *directory);

/* ext4_htree_insert.c */

/*
 * Put a name, which is not there yet, into a directory whose index was checked;
 * `type` is as entries have it. STMBOOT_LIMIT when it can get no deeper.
 */
enum stmboot_status sb_tree_add_to_index(struct sb_tree *tree, uint32_t directory, const char *text,
					 uint32_t inode, unsigned type);

/* ext4_tree_verify.c */

/* Is what is staged what was asked for, and nothing else? */
enum stmboot_status sb_tree_verify(struct sb_tree *tree);

#endif
