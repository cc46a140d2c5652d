/* SPDX-License-Identifier: MIT */
/*
 * What a tree is to become is read again with other eyes: where bytes differ,
 * what inodes, directories and files hold, and whether names and links agree.
 */
#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4_tree_parts.h"

struct verify {
	struct sb_tree *tree;
	struct sb_arena arena;
	struct stmboot_fs *after;
	const struct sb_tree_node *node; /* the one that is looked at */
	struct reference *references;
	size_t reference_count;
	size_t reference_capacity;
};

/* A name that leads to an inode: there are more of them now, or fewer. */
struct reference {
	uint32_t inode;
	int difference;
};

/* The result is not what was asked for: a mistake of ours. */
static enum stmboot_status mistake(struct verify *verify, const char *what)
{
	return sb_refuse(verify->tree->why, STMBOOT_INTERNAL,
			 "nothing was written; please report this", "the edit was given up: %s",
			 what);
}

/* Fields of an inode, and what lets them change. */
static const struct {
	size_t offset;
	size_t length;
	unsigned may;
} fields[] = {
	{ 0x00, 2, SB_MAY_MODE },
	{ 0x02, 2, SB_MAY_OWNER },
	{ 0x18, 2, SB_MAY_OWNER },
	{ 0x78, 4, SB_MAY_OWNER },
	{ 0x08, 12, SB_MAY_TIMES },
	{ 0x84, 12, SB_MAY_TIMES },
	{ 0x1a, 2, SB_MAY_LINKS },
	{ 0x04, 4, SB_MAY_CONTENT },
	{ 0x6c, 4, SB_MAY_CONTENT },
	{ 0x28, 60, SB_MAY_CONTENT },
	{ 0x1c, 4, SB_MAY_CONTENT | SB_MAY_ATTRIBUTES },
	{ 0x74, 2, SB_MAY_CONTENT | SB_MAY_ATTRIBUTES },
	{ 0x68, 4, SB_MAY_ATTRIBUTES },
	{ 0x76, 2, SB_MAY_ATTRIBUTES },
	{ 0x80, 2, SB_MAY_ATTRIBUTES },
	{ 0x7c, 2, ~0U },
	{ 0x82, 2, ~0U }, /* checksum */
};

static uint64_t inode_offset(const struct stmboot_fs *fs, uint32_t number)
{
	const struct stmboot_ext4_info *info = fs->info;
	uint32_t index = number - 1;

	return ext2fs_inode_table_loc(sb_ext2_of(fs), index / info->inodes_per_group) *
		       info->block_bytes +
	       (uint64_t)(index % info->inodes_per_group) * info->inode_bytes;
}

/* Attributes begin somewhere behind the first 128 bytes. */
static enum stmboot_status plan_inode(struct verify *verify, const struct sb_tree_node *node)
{
	struct sb_plan *plan = &verify->tree->plan;
	size_t bytes = verify->after->info->inode_bytes;
	uint64_t offset = inode_offset(verify->after, node->number);
	enum stmboot_status status = STMBOOT_OK;

	if (node->may == 0)
		return STMBOOT_OK;
	if (node->may & SB_MAY_BECOME)
		return sb_plan_add(plan, SB_EXT4_WRITE_INODE, offset, bytes);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && status == STMBOOT_OK; i++)
		if ((node->may & fields[i].may) != 0 && fields[i].offset < bytes)
			status = sb_plan_add(plan, SB_EXT4_WRITE_INODE, offset + fields[i].offset,
					     fields[i].length);
	if (status == STMBOOT_OK && (node->may & SB_MAY_ATTRIBUTES) != 0 &&
	    bytes > EXT4_FIRST_INODE_BYTES)
		status = sb_plan_add(plan, SB_EXT4_WRITE_INODE, offset + EXT4_FIRST_INODE_BYTES,
				     bytes - EXT4_FIRST_INODE_BYTES);
	return status;
}

static enum stmboot_status note_old_run(void *user, enum sb_ext4_run_kind kind, uint64_t first,
					uint64_t count)
{
	(void)kind;
	sb_tree_touch_blocks(user, first, count);
	return STMBOOT_OK;
}

/* What an inode owns in the end is what it may have been given. */
static enum stmboot_status plan_new_run(void *user, enum sb_ext4_run_kind kind, uint64_t first,
					uint64_t count)
{
	struct verify *verify = user;
	uint64_t bytes = verify->after->info->block_bytes;
	enum sb_ext4_write_kind what =
		sb_ext4_mode_type(verify->node->now.mode) == STMBOOT_FS_DIRECTORY
			? SB_EXT4_WRITE_DIRECTORY
			: SB_EXT4_WRITE_DATA;

	sb_tree_touch_blocks(verify->tree, first, count);
	return sb_plan_add(&verify->tree->plan, kind == SB_EXT4_RUN_MAP ? SB_EXT4_WRITE_MAP : what,
			   first * bytes, count * bytes);
}

/* Read an inode whole from one of the two sides. */
static enum stmboot_status read_inode(struct verify *verify, struct stmboot_fs *fs, uint32_t number,
				      struct sb_ext4_inode *inode)
{
	uint8_t *raw = (uint8_t *)verify->tree->raw;
	uint64_t offset = inode_offset(fs, number);
	enum stmboot_status status = sb_fs_read(fs, offset, raw, fs->info->inode_bytes);

	if (status != STMBOOT_OK)
		return status;
	sb_ext4_inode_decode(raw, fs->info->inode_bytes, inode);
	inode->number = number;
	inode->offset = offset;
	return STMBOOT_OK;
}

/* The block with extended attributes, which may be shared with others and then counts them. */
static enum stmboot_status plan_attributes(struct verify *verify, uint64_t block, bool is_new)
{
	enum { REFERENCES = 4, CHECKSUM = 16 };
	struct sb_plan *plan = &verify->tree->plan;
	uint64_t bytes = verify->after->info->block_bytes;
	enum stmboot_status status;

	if (block == 0)
		return STMBOOT_OK;
	sb_tree_touch_blocks(verify->tree, block, 1);
	if (is_new)
		return sb_plan_add(plan, SB_EXT4_WRITE_INODE, block * bytes, bytes);
	status = sb_plan_add(plan, SB_EXT4_WRITE_INODE, block * bytes + REFERENCES, 4);
	return status == STMBOOT_OK
		       ? sb_plan_add(plan, SB_EXT4_WRITE_INODE, block * bytes + CHECKSUM, 4)
		       : status;
}

/* What a node owned before: it may be free now, or counted less. */
static enum stmboot_status note_before(struct verify *verify, const struct sb_tree_node *node)
{
	struct stmboot_fs *fs = verify->tree->original;
	struct sb_ext4_inode inode;
	uint64_t attributes = 0;
	bool has_blocks = false;
	enum stmboot_status status = STMBOOT_OK;

	if (!node->was_used)
		return STMBOOT_OK;
	status = read_inode(verify, fs, node->number, &inode);
	if (status != STMBOOT_OK)
		return status;
	attributes = sb_ext4_attribute_block((const uint8_t *)verify->tree->raw);
	has_blocks = ext2fs_inode_has_valid_blocks2(sb_ext2_of(fs), EXT2_INODE(verify->tree->raw));
	if (has_blocks && (node->may & SB_MAY_CONTENT) != 0)
		status = sb_ext4_survey(fs, &inode, note_old_run, verify->tree);
	if (status == STMBOOT_OK && (node->may & SB_MAY_ATTRIBUTES) != 0)
		status = plan_attributes(verify, attributes, false);
	return status;
}

static enum stmboot_status plan_after(struct verify *verify, const struct sb_tree_node *node)
{
	struct stmboot_fs *fs = verify->after;
	struct sb_ext4_inode inode;
	uint64_t attributes;
	bool has_blocks;
	enum stmboot_status status = read_inode(verify, fs, node->number, &inode);

	if (status != STMBOOT_OK || !node->is_used)
		return status;
	attributes = sb_ext4_attribute_block((const uint8_t *)verify->tree->raw);
	has_blocks = ext2fs_inode_has_valid_blocks2(sb_ext2_of(fs), EXT2_INODE(verify->tree->raw));
	verify->node = node;
	if (has_blocks && (node->may & SB_MAY_CONTENT) != 0)
		status = sb_ext4_survey(fs, &inode, plan_new_run, verify);
	if (status == STMBOOT_OK && (node->may & SB_MAY_ATTRIBUTES) != 0)
		status = plan_attributes(verify, attributes, true);
	return status;
}

static enum stmboot_status plan_node(struct verify *verify, const struct sb_tree_node *node)
{
	const struct stmboot_ext4_info *info = verify->after->info;
	enum stmboot_status status = plan_inode(verify, node);

	if (node->may & SB_MAY_BECOME)
		verify->tree->groups[(node->number - 1) / info->inodes_per_group] |=
			SB_INODES_TOUCHED;
	if (status == STMBOOT_OK)
		status = plan_after(verify, node);
	return status == STMBOOT_OK ? note_before(verify, node) : status;
}

static enum stmboot_status verify_places(struct verify *verify)
{
	struct sb_tree *tree = verify->tree;
	uint32_t groups = sb_ext2_of(verify->after)->group_desc_count;
	enum stmboot_status status = sb_plan_counters(&tree->plan);
	bool holds = false;

	for (size_t i = 0; i < tree->node_count && status == STMBOOT_OK; i++)
		status = plan_node(verify, tree->nodes[i]);
	for (uint32_t i = 0; i < groups && status == STMBOOT_OK; i++)
		if (verify->tree->groups[i] != 0)
			status = sb_plan_group(&tree->plan, verify->after, i,
					       verify->tree->groups[i]);
	if (status == STMBOOT_OK)
		status = sb_plan_seal(&tree->plan);
	if (status == STMBOOT_OK)
		status = sb_plan_verify(&tree->plan, tree->staged, &holds);
	if (status != STMBOOT_OK)
		return status;
	return holds ? STMBOOT_OK : mistake(verify, "it would change something else");
}

/* CRC-64 of the content of a file, or of the target of a link. */
static enum stmboot_status sum_content(struct verify *verify, const struct sb_ext4_inode *inode,
				       uint64_t *crc)
{
	struct sb_ext4_content content = { .fs = verify->after, .inode = *inode };
	struct sb_meter meter = sb_meter(verify->tree->ctx, inode->size, 1);
	enum stmboot_status status = STMBOOT_OK;
	char *target;

	*crc = 0;
	if (sb_ext4_mode_type(inode->mode) == STMBOOT_FS_SYMLINK) {
		status = sb_ext4_link_target(verify->after, inode, &target);
		if (status != STMBOOT_OK)
			return status;
		*crc = lzma_crc64((const uint8_t *)target, strlen(target), 0);
		sb_free(verify->after->ctx, target);
		return STMBOOT_OK;
	}
	for (uint64_t at = 0; at < inode->size && status == STMBOOT_OK;) {
		size_t part = (size_t)sb_min_u64(SB_TREE_CHUNK_BYTES, inode->size - at);

		status = sb_ext4_content_read(&content, at, verify->tree->chunks, part);
		*crc = lzma_crc64(verify->tree->chunks, part, *crc);
		at += part;
		if (status == STMBOOT_OK)
			status = sb_meter_add(&meter, part);
	}
	return status;
}

static enum stmboot_status verify_content(struct verify *verify, const struct sb_tree_node *node,
					  const struct sb_ext4_inode *inode)
{
	uint64_t crc;
	enum stmboot_status status;

	if (!node->has_content)
		return STMBOOT_OK;
	if (inode->size != node->now.size)
		return mistake(verify, "a file would have another size");
	status = sum_content(verify, inode, &crc);
	if (status != STMBOOT_OK)
		return status;
	return crc == node->content_crc ? STMBOOT_OK
					: mistake(verify, "a file would have another content");
}

static enum stmboot_status verify_attributes(struct verify *verify, const struct sb_tree_node *node)
{
	ext2_filsys ext2 = sb_ext2_of(verify->after);
	uint64_t sum;
	enum stmboot_status status;

	if (!node->has_attributes)
		return STMBOOT_OK;
	status = sb_ext2_status_of(ext2, sb_tree_sum_attributes(ext2, node->number, &sum));
	if (status != STMBOOT_OK && status != STMBOOT_CORRUPT)
		return status;
	if (status != STMBOOT_OK || sum != node->attributes_sum)
		return mistake(verify, "extended attributes would be others");
	return STMBOOT_OK;
}

static enum stmboot_status verify_names(struct verify *verify, const struct sb_tree_node *node,
					const struct sb_ext4_inode *inode)
{
	bool typed = (verify->after->info->incompat & INCOMPAT_FILETYPE) != 0;
	struct sb_tree_names found;
	enum stmboot_status status = sb_tree_collect(&verify->arena, verify->after, inode, &found);

	if (status == STMBOOT_OK && (inode->flags & EXT2_INDEX_FL) != 0)
		status = sb_ext4_check_index(verify->after, inode);
	if (status != STMBOOT_OK)
		return status;
	if (found.count != node->names->count)
		return mistake(verify, "a directory would have other names");
	for (size_t i = 0; i < found.count; i++) {
		const struct sb_tree_name *a = &found.list[i], *b = &node->names->list[i];

		if (strcmp(a->text, b->text) != 0 || a->inode != b->inode ||
		    (typed && a->type != b->type))
			return mistake(verify, "a directory would have other names");
	}
	return STMBOOT_OK;
}

static bool is_as_written(const struct sb_ext4_inode *a, const struct sb_ext4_inode *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid && a->links == b->links &&
	       a->modified.seconds == b->modified.seconds;
}

static enum stmboot_status verify_node(struct verify *verify, const struct sb_tree_node *node)
{
	struct sb_ext4_inode inode;
	enum stmboot_status status = read_inode(verify, verify->after, node->number, &inode);

	if (status != STMBOOT_OK)
		return status;
	if (!node->is_used)
		return inode.links == 0 ? STMBOOT_OK
					: mistake(verify, "a file that was removed would stay");
	status = verify->after->ops->inode(verify->after, node->number, &inode);
	if (status == STMBOOT_OK && !is_as_written(&inode, &node->now))
		return mistake(verify, "an inode would be another");
	if (status == STMBOOT_OK)
		status = verify_content(verify, node, &inode);
	if (status == STMBOOT_OK)
		status = verify_attributes(verify, node);
	if (status == STMBOOT_OK && node->names != NULL)
		status = verify_names(verify, node, &inode);
	return status;
}

static enum stmboot_status add_reference(struct verify *verify, uint32_t inode, int difference)
{
	struct reference *reference =
		sb_arena_push(&verify->arena, &verify->references, &verify->reference_count,
			      &verify->reference_capacity, sizeof(*reference));

	if (reference == NULL)
		return STMBOOT_NO_MEMORY;
	*reference = (struct reference){ inode, difference };
	return STMBOOT_OK;
}

/* The names of a directory, as it was and as it is to be. */
static enum stmboot_status add_references(struct verify *verify, const struct sb_tree_node *node)
{
	struct stmboot_fs *before = verify->tree->original;
	struct sb_tree_names names = { .count = 0 };
	struct sb_ext4_inode inode;
	enum stmboot_status status = STMBOOT_OK;

	if (node->was_used && node->lists_names) {
		status = before->ops->inode(before, node->number, &inode);
		if (status == STMBOOT_OK && sb_ext4_mode_type(inode.mode) == STMBOOT_FS_DIRECTORY)
			status = sb_tree_collect(&verify->arena, before, &inode, &names);
	}
	for (size_t i = 0; i < names.count && status == STMBOOT_OK; i++)
		status = add_reference(verify, names.list[i].inode, -1);
	for (size_t i = 0; node->is_used && node->names != NULL && i < node->names->count; i++)
		if (status == STMBOOT_OK)
			status = add_reference(verify, node->names->list[i].inode, 1);
	return status;
}

static int by_inode(const void *a, const void *b)
{
	const struct reference *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* As many links more or fewer as names; 1 stands for more of a directory than can be counted. */
static enum stmboot_status verify_links(struct verify *verify, uint32_t number, int64_t difference)
{
	struct sb_ext4_inode before, after;
	enum stmboot_status status = read_inode(verify, verify->tree->original, number, &before);
	bool is_directory;

	if (status == STMBOOT_OK)
		status = read_inode(verify, verify->after, number, &after);
	if (status != STMBOOT_OK)
		return status;
	is_directory = sb_ext4_mode_type(after.mode) == STMBOOT_FS_DIRECTORY;
	if (is_directory && (before.links == 1 || after.links == 1))
		return STMBOOT_OK;
	if ((int64_t)after.links - (int64_t)before.links == difference)
		return STMBOOT_OK;
	return mistake(verify, "names and links would not agree");
}

static enum stmboot_status verify_references(struct verify *verify)
{
	struct sb_tree *tree = verify->tree;
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < tree->node_count && status == STMBOOT_OK; i++) {
		status = add_references(verify, tree->nodes[i]);
		/* It counts also without a name. */
		if (status == STMBOOT_OK)
			status = add_reference(verify, tree->nodes[i]->number, 0);
	}
	if (status == STMBOOT_OK && verify->reference_count > 1)
		qsort(verify->references, verify->reference_count, sizeof(*verify->references),
		      by_inode);
	for (size_t i = 0; i < verify->reference_count && status == STMBOOT_OK;) {
		uint32_t inode = verify->references[i].inode;
		int64_t difference = 0;

		for (; i < verify->reference_count && verify->references[i].inode == inode; i++)
			difference += verify->references[i].difference;
		status = verify_links(verify, inode, difference);
	}
	return status;
}

static enum stmboot_status verify_all(struct verify *verify)
{
	struct sb_tree *tree = verify->tree;
	enum stmboot_status status = verify_places(verify);

	for (size_t i = 0; i < tree->node_count && status == STMBOOT_OK; i++)
		status = verify_node(verify, tree->nodes[i]);
	return status == STMBOOT_OK ? verify_references(verify) : status;
}

enum stmboot_status sb_tree_verify(struct sb_tree *tree)
{
	struct verify verify = { .tree = tree };
	enum stmboot_status status = sb_ext4_open_fit(tree->ctx, sb_overlay_source(tree->staged),
						      SB_EXT4_ALLOCATION, tree->why, &verify.after);

	if (status != STMBOOT_OK)
		return status;
	sb_arena_init(&verify.arena, tree->ctx);
	status = verify_all(&verify);
	if (status != STMBOOT_OK && tree->why->message[0] == '\0')
		status = sb_refuse_trouble(verify.after, status, tree->why);
	sb_arena_release(&verify.arena);
	stmboot_fs_close(verify.after);
	return status;
}
