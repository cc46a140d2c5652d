/* SPDX-License-Identifier: MIT */
/* The extended attributes of an inode as Linux sees them. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4_attributes.h"
#include "fs/ext4_linux.h"

enum { MAX_VALUE_BYTES = 65536 }; /* XATTR_SIZE_MAX: no program gets more */

/* The first of a name counts: those in the inode come before those in a block. */
struct found {
	struct stmboot_fs_attribute public;
	size_t order;
};

struct reading {
	struct stmboot_fs *fs;
	struct sb_arena *arena; /* of the result */
	struct found *found;
	size_t count, capacity;
	uint64_t budget; /* bytes of values that may follow */
	uint64_t place;  /* in the source, of the area that is being read */
};

static enum stmboot_status damaged(struct reading *r, size_t at, const char *trouble)
{
	return sb_fs_fail(r->fs, STMBOOT_CORRUPT, r->place + at, trouble);
}

/* The value is the content of an inode, whose time of access is the checksum. */
static enum stmboot_status read_value_inode(struct reading *r, const struct sb_ext4_attribute *from,
					    uint8_t *value)
{
	const struct sb_linux_reader *reader = r->fs->reader;
	struct sb_ext4_content content = { .fs = r->fs };
	enum stmboot_status status = r->fs->ops->inode(r->fs, from->value_inode, &content.inode);

	if (status != STMBOOT_OK)
		return status;
	if ((content.inode.flags & EXT4_FLAG_EA_INODE) == 0 ||
	    sb_ext4_mode_type(content.inode.mode) != STMBOOT_FS_FILE ||
	    content.inode.size != from->value_bytes)
		return damaged(r, from->at, "an attribute whose value is no inode of a value");
	status = sb_ext4_content_read(&content, 0, value, from->value_bytes);
	if (status != STMBOOT_OK)
		return status;
	if (ext2fs_crc32c_le(reader->ext2->csum_seed, value, from->value_bytes) !=
	    (uint32_t)content.inode.accessed.seconds)
		return damaged(r, from->at, "the value of an attribute with a wrong checksum");
	return STMBOOT_OK;
}

static enum stmboot_status read_value(struct reading *r, const struct sb_ext4_attribute_list *list,
				      const struct sb_ext4_attribute *from,
				      struct stmboot_fs_attribute *out)
{
	enum stmboot_status status = STMBOOT_OK;
	uint8_t *value;

	if (from->value_bytes > MAX_VALUE_BYTES)
		return damaged(r, from->at, "an attribute of an impossible size");
	if (from->value_bytes > r->budget)
		return sb_fs_fail(r->fs, STMBOOT_LIMIT, r->place + from->at,
				  "more attributes than the limit allows");
	r->budget -= from->value_bytes;
	value = sb_arena_alloc(r->arena, from->value_bytes);
	if (value == NULL)
		return STMBOOT_NO_MEMORY;
	if (from->value_inode != 0)
		status = read_value_inode(r, from, value);
	else
		memcpy(value, list->data + from->value_at, from->value_bytes);
	out->value = value;
	out->size = from->value_bytes;
	if (status != STMBOOT_OK || !sb_ext4_attribute_is_acl(from))
		return status;
	status = sb_ext4_acl_decode(r->arena, value, from->value_bytes, out);
	return status == STMBOOT_CORRUPT ? damaged(r, from->at, "a damaged access control list")
					 : status;
}

static enum stmboot_status take(struct reading *r, const struct sb_ext4_attribute_list *list,
				const struct sb_ext4_attribute *from)
{
	struct stmboot_fs_attribute attribute = { 0 };
	struct found *found;
	enum stmboot_status status = sb_ext4_attribute_name(r->arena, from, &attribute.name);

	if (status == STMBOOT_NOT_FOUND)
		return STMBOOT_OK;
	if (status == STMBOOT_CORRUPT)
		return damaged(r, from->at, "an attribute with a NUL in its name");
	if (status == STMBOOT_OK)
		status = read_value(r, list, from, &attribute);
	if (status != STMBOOT_OK)
		return status;
	found = sb_arena_push(r->arena, &r->found, &r->count, &r->capacity, sizeof(*found));
	if (found == NULL)
		return STMBOOT_NO_MEMORY;
	*found = (struct found){ .public = attribute, .order = r->count };
	return STMBOOT_OK;
}

static enum stmboot_status take_all(struct reading *r, struct sb_ext4_attribute_list *list)
{
	struct sb_ext4_attribute attribute;
	enum stmboot_status status;

	while ((status = sb_ext4_attribute_next(list, &attribute)) == STMBOOT_OK) {
		status = take(r, list, &attribute);
		if (status != STMBOOT_OK)
			return status;
	}
	if (status == STMBOOT_CORRUPT)
		return damaged(r, list->at, "an attribute that reaches out of its place");
	return STMBOOT_OK;
}

static enum stmboot_status read_block(struct reading *r, uint64_t block, uint8_t *data)
{
	const struct sb_linux_reader *reader = r->fs->reader;
	const struct stmboot_ext4_info *info = r->fs->info;
	struct sb_ext4_attribute_list list;
	enum stmboot_status status;

	if (block <= info->first_data_block || block >= info->blocks_count)
		return damaged(r, 0, "a block of attributes outside the file system");
	r->place = block * info->block_bytes;
	status = sb_fs_read(r->fs, r->place, data, (size_t)info->block_bytes);
	if (status != STMBOOT_OK)
		return status;
	if (!sb_ext4_attributes_in_block(data, (size_t)info->block_bytes, &list))
		return damaged(r, 0, "a block of attributes without its magic");
	if (!ext2fs_ext_attr_block_csum_verify(reader->ext2, 0, block, (void *)data))
		return damaged(r, 0, "a block of attributes with a wrong checksum");
	return take_all(r, &list);
}

/* Those in the inode, and then those in a block. */
static enum stmboot_status read_both(struct reading *r, uint32_t number, uint8_t *data)
{
	const struct stmboot_ext4_info *info = r->fs->info;
	const struct sb_linux_reader *reader = r->fs->reader;
	struct sb_ext4_attribute_list list;
	struct sb_ext4_inode inode;
	uint64_t block;
	enum stmboot_status status = r->fs->ops->inode(r->fs, number, &inode);

	if (status != STMBOOT_OK)
		return status;
	/* The reader has room for one inode, and a value can be another's content. */
	memcpy(data, reader->inode, info->inode_bytes);
	r->place = inode.offset;
	block = sb_ext4_attribute_block(data);
	if (sb_ext4_attributes_in_inode(data, info->inode_bytes, &list))
		status = take_all(r, &list);
	return status == STMBOOT_OK && block != 0 ? read_block(r, block, data) : status;
}

static int compare(const void *a, const void *b)
{
	const struct found *left = a, *right = b;
	int names = strcmp(left->public.name, right->public.name);

	if (names != 0)
		return names;
	return left->order < right->order ? -1 : 1;
}

static enum stmboot_status sort(struct reading *r, struct stmboot_fs_attributes *result)
{
	struct stmboot_fs_attribute *items = sb_arena_array(r->arena, r->count, sizeof(*items));

	if (items == NULL)
		return STMBOOT_NO_MEMORY;
	if (r->count > 1)
		qsort(r->found, r->count, sizeof(*r->found), compare);
	for (size_t i = 0; i < r->count; i++)
		if (i == 0 || strcmp(r->found[i].public.name, r->found[i - 1].public.name) != 0)
			items[result->count++] = r->found[i].public;
	result->items = items;
	return STMBOOT_OK;
}

enum stmboot_status stmboot_fs_attributes_read(struct stmboot_fs *fs, uint32_t inode,
					       const struct stmboot_fs_attributes **out)
{
	struct reading r = { .fs = fs, .budget = sb_limits(fs->ctx)->max_text_bytes };
	struct stmboot_fs_attributes *result;
	enum stmboot_status status = STMBOOT_NO_MEMORY;
	uint8_t *data;

	if (!fs->ops->verifies)
		return sb_fs_fail(fs, STMBOOT_UNSUPPORTED, SB_NOWHERE,
				  "U-Boot knows no extended attributes");
	result = sb_object_new(fs->ctx, sizeof(*result));
	data = sb_alloc(fs->ctx, (size_t)fs->info->block_bytes); /* an inode is never larger */
	if (result != NULL && data != NULL) {
		r.arena = sb_object_arena(result);
		status = read_both(&r, inode, data);
		if (status == STMBOOT_OK)
			status = sort(&r, result);
	}
	sb_free(fs->ctx, data);
	if (status == STMBOOT_OK)
		*out = result;
	else
		stmboot_fs_attributes_free(result);
	return status;
}

void stmboot_fs_attributes_free(const struct stmboot_fs_attributes *attributes)
{
	sb_object_free(attributes);
}
