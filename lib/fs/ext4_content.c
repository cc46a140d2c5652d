/* SPDX-License-Identifier: MIT */
/* What inodes hold: the content of files and the targets of links. */
#include "fs/ext4.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"

enum {
	MAX_TARGET_BYTES = 4095,          /* Linux PATH_MAX without the NUL */
	MAX_UBOOT_TARGET_BYTES = 1 << 20, /* it takes any length that its heap has room for */
	MAX_RUNS = 1 << 20,               /* looked at for one range of data */
};

static bool is_inline(const struct sb_ext4_content *content)
{
	return content->fs->ops->verifies && (content->inode.flags & EXT4_FLAG_INLINE_DATA) != 0;
}

/* Where a byte of inline data stands, and how many follow it there. */
static uint64_t inline_place(const struct sb_ext4_inode *inode, uint64_t offset, uint64_t *count)
{
	if (offset < EXT4_BLOCK_BYTES) {
		*count = EXT4_BLOCK_BYTES - offset;
		return inode->offset + EXT4_BLOCK_OFFSET + offset;
	}
	offset -= EXT4_BLOCK_BYTES;
	*count = offset < inode->inline_bytes ? inode->inline_bytes - offset : 0;
	return inode->inline_offset + offset;
}

/* The bytes from `offset` on that stand in one piece. */
static enum stmboot_status content_piece(struct sb_ext4_content *content, uint64_t offset,
					 uint64_t *place, uint64_t *count, bool *zeros)
{
	struct sb_ext4_run *run = &content->run;
	uint64_t size = content->fs->info->block_bytes;
	uint64_t block = offset / size;
	uint64_t skipped;

	*zeros = false;
	if (is_inline(content)) {
		*place = inline_place(&content->inode, offset, count);
		return *count > 0 ? STMBOOT_OK
				  : sb_fs_fail(content->fs, STMBOOT_CORRUPT, content->inode.offset,
					       "inline data shorter than its file");
	}
	if (run->count == 0 || block < content->first || block - content->first >= run->count) {
		enum stmboot_status status;

		run->count = 0;
		content->first = block;
		status = sb_ext4_map(content->fs, &content->inode, block, run);
		if (status != STMBOOT_OK) {
			run->count = 0;
			return status;
		}
	}
	skipped = offset - content->first * size;
	*zeros = run->zeros;
	if (!sb_mul_u64(run->count, size, count))
		*count = UINT64_MAX;
	*count -= skipped;
	if (!run->zeros &&
	    (!sb_mul_u64(run->physical, size, place) || !sb_add_u64(*place, skipped, place)))
		return sb_fs_fail(content->fs, STMBOOT_TRUNCATED, SB_NOWHERE,
				  "a block number out of range");
	return STMBOOT_OK;
}

enum stmboot_status sb_ext4_content_read(struct sb_ext4_content *content, uint64_t offset,
					 void *buffer, size_t size)
{
	uint8_t *to = buffer;

	while (size > 0) {
		uint64_t place, count;
		bool zeros;
		size_t part;
		enum stmboot_status status = content_piece(content, offset, &place, &count, &zeros);

		if (status != STMBOOT_OK)
			return status;
		part = (size_t)sb_min_u64(count, size);
		if (zeros)
			memset(to, 0, part);
		else
			status = sb_fs_read(content->fs, place, to, part);
		if (status != STMBOOT_OK)
			return status;
		to += part;
		offset += part;
		size -= part;
	}
	return STMBOOT_OK;
}

static enum stmboot_status file_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	return sb_ext4_content_read(self, offset, buffer, size);
}

static uint64_t file_size(void *self)
{
	const struct sb_ext4_content *content = self;

	return content->inode.size;
}

static enum stmboot_status file_next_data(void *self, uint64_t offset, uint64_t *start,
					  uint64_t *end)
{
	struct sb_ext4_content *content = self;
	uint64_t size = content->inode.size;

	for (unsigned i = 0; i < MAX_RUNS && offset < size; i++) {
		uint64_t place, count;
		bool zeros;
		enum stmboot_status status = content_piece(content, offset, &place, &count, &zeros);

		if (status != STMBOOT_OK)
			return status;
		if (!zeros) {
			*start = offset;
			*end = offset + sb_min_u64(count, size - offset);
			return STMBOOT_OK;
		}
		offset += sb_min_u64(count, size - offset);
	}
	return offset < size ? STMBOOT_LIMIT : STMBOOT_NOT_FOUND;
}

static bool file_locate(void *self, uint64_t offset, uint64_t *medium_offset)
{
	struct sb_ext4_content *content = self;
	uint64_t place, count;
	bool zeros;

	return content_piece(content, offset, &place, &count, &zeros) == STMBOOT_OK && !zeros &&
	       stmboot_source_locate(content->fs->src, place, medium_offset);
}

static void file_close(void *self)
{
	struct sb_ext4_content *content = self;

	sb_free(content->fs->ctx, content);
}

static const struct stmboot_source_ops file_ops = {
	.struct_size = sizeof(file_ops),
	.read_at = file_read_at,
	.size = file_size,
	.next_data = file_next_data,
	.locate = file_locate,
	.close = file_close,
};

enum stmboot_status sb_ext4_content_open(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
					 struct stmboot_source **out)
{
	struct sb_ext4_content *content = sb_alloc(fs->ctx, sizeof(*content));
	enum stmboot_status status;

	if (content == NULL)
		return STMBOOT_NO_MEMORY;
	*content = (struct sb_ext4_content){ .fs = fs, .inode = *inode };
	status = stmboot_source_new(fs->ctx, &file_ops, content, out);
	if (status != STMBOOT_OK)
		sb_free(fs->ctx, content);
	return status;
}

static bool target_is_in_inode(const struct stmboot_fs *fs, const struct sb_ext4_inode *inode)
{
	return inode->size < EXT4_BLOCK_BYTES &&
	       !(fs->ops->verifies && (inode->flags & EXT4_FLAG_INLINE_DATA) != 0);
}

enum stmboot_status sb_ext4_link_target(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
					char **target)
{
	struct sb_ext4_content content = { .fs = fs, .inode = *inode };
	enum stmboot_status status = STMBOOT_OK;
	char *text;

	if (fs->ops->verifies && (inode->flags & EXT4_FLAG_ENCRYPT) != 0)
		return sb_fs_fail(fs, STMBOOT_UNSUPPORTED, inode->offset,
				  "the symbolic link is encrypted");
	if (inode->size > (fs->ops->verifies ? MAX_TARGET_BYTES : MAX_UBOOT_TARGET_BYTES) ||
	    (fs->ops->verifies && inode->size == 0))
		return sb_fs_fail(fs, STMBOOT_CORRUPT, inode->offset,
				  "a symbolic link of an impossible length");
	text = sb_alloc(fs->ctx, (size_t)inode->size + 1);
	if (text == NULL)
		return STMBOOT_NO_MEMORY;
	if (target_is_in_inode(fs, inode))
		memcpy(text, inode->block, (size_t)inode->size);
	else
		status = sb_ext4_content_read(&content, 0, text, (size_t)inode->size);
	if (status != STMBOOT_OK) {
		sb_free(fs->ctx, text);
		return status;
	}
	*target = text;
	return STMBOOT_OK;
}
