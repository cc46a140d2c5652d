/* SPDX-License-Identifier: MIT */
/* The public face of both readers, and what both of them need to work. */
#include "fs/fs.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "fs/ext4.h"

/*
 * How much of directories one call looks at. A path on a made-up medium can
 * lead through thousands of large directories; no real one comes near this.
 */
static const uint64_t DIRECTORY_BUDGET = (uint64_t)64 << 20;

enum stmboot_status sb_fs_fail(struct stmboot_fs *fs, enum stmboot_status status, uint64_t offset,
			       const char *trouble)
{
	fs->trouble = trouble;
	fs->trouble_at = offset;
	fs->has_trouble_offset =
		offset != SB_NOWHERE && stmboot_source_locate(fs->src, offset, &fs->trouble_offset);
	return status;
}

enum stmboot_status sb_fs_read(struct stmboot_fs *fs, uint64_t offset, void *buffer, size_t size)
{
	enum stmboot_status status = stmboot_source_read(fs->src, offset, buffer, size);

	if (status == STMBOOT_OK)
		return status;
	return sb_fs_fail(fs, status, offset,
			  status == STMBOOT_TRUNCATED ? "a block past the end of the partition"
						      : stmboot_status_text(status));
}

enum stmboot_status sb_fs_block(struct stmboot_fs *fs, unsigned slot_number, uint64_t block,
				const uint8_t **data)
{
	struct sb_ext4_slot *slot = &fs->slots[slot_number];
	uint64_t size = fs->info->block_bytes;
	uint64_t offset;
	enum stmboot_status status;

	if (slot->data == NULL) {
		slot->data = sb_alloc(fs->ctx, (size_t)size);
		slot->block = UINT64_MAX;
	}
	if (slot->data == NULL)
		return STMBOOT_NO_MEMORY;
	*data = slot->data;
	if (slot->block == block)
		return STMBOOT_OK;
	slot->block = UINT64_MAX;
	slot->inode = 0;
	fs->mapped += size;
	if (!sb_mul_u64(block, size, &offset))
		return sb_fs_fail(fs, STMBOOT_TRUNCATED, SB_NOWHERE, "a block number out of range");
	status = sb_fs_read(fs, offset, slot->data, (size_t)size);
	if (status == STMBOOT_OK)
		slot->block = block;
	return status;
}

void sb_fs_renew(struct stmboot_fs *fs)
{
	fs->budget = DIRECTORY_BUDGET;
	for (size_t i = 0; i < EXT4_LEVELS; i++)
		fs->slots[i].block = UINT64_MAX;
}

enum stmboot_status sb_fs_spend(struct stmboot_fs *fs, uint64_t bytes)
{
	if (fs->lookups != NULL && bytes > *fs->lookups) {
		*fs->lookups = 0;
		fs->budget = 0;
	}
	if (bytes > fs->budget)
		return sb_fs_fail(fs, STMBOOT_LIMIT, SB_NOWHERE,
				  "the path leads through too many names");
	fs->budget -= bytes;
	if (fs->lookups != NULL)
		*fs->lookups -= bytes;
	return STMBOOT_OK;
}

void sb_fs_share(struct stmboot_fs *fs, uint64_t *lookups)
{
	fs->lookups = lookups;
}

enum stmboot_status sb_fs_new(struct stmboot_context *ctx, struct stmboot_source *src,
			      const struct sb_fs_ops *ops, struct stmboot_fs **out)
{
	struct stmboot_fs *fs = sb_alloc(ctx, sizeof(*fs));
	struct stmboot_ext4_info *info;
	enum stmboot_status status;

	if (fs == NULL)
		return STMBOOT_NO_MEMORY;
	*fs = (struct stmboot_fs){ .ctx = ctx, .src = src, .ops = ops };
	sb_arena_init(&fs->arena, ctx);
	fs->budget = DIRECTORY_BUDGET;
	info = sb_arena_alloc(&fs->arena, sizeof(*info));
	status = info != NULL ? sb_ext4_decode(src, info) : STMBOOT_NO_MEMORY;
	fs->info = info;
	if (status != STMBOOT_OK) {
		stmboot_fs_close(fs);
		return status;
	}
	*out = fs;
	return STMBOOT_OK;
}

void stmboot_fs_close(struct stmboot_fs *fs)
{
	if (fs == NULL)
		return;
	if (fs->ops->close != NULL)
		fs->ops->close(fs);
	for (size_t i = 0; i < EXT4_LEVELS; i++)
		sb_free(fs->ctx, fs->slots[i].data);
	sb_arena_release(&fs->arena);
	sb_free(fs->ctx, fs);
}

struct stmboot_source *sb_fs_source(const struct stmboot_fs *fs)
{
	return fs->src;
}

const char *stmboot_fs_trouble(const struct stmboot_fs *fs, bool *has_offset, uint64_t *offset)
{
	*has_offset = fs->has_trouble_offset;
	*offset = fs->has_trouble_offset ? fs->trouble_offset : 0;
	return fs->trouble;
}

/* ext4_valid_inum() of Linux, since 4.18: "bad inode number". */
enum stmboot_status sb_fs_named_inode(struct stmboot_fs *fs, uint32_t number,
				      struct sb_ext4_inode *out)
{
	if (fs->ops->verifies && number != 0 && number < fs->info->first_inode &&
	    number != EXT4_ROOT_INODE)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, SB_NOWHERE,
				  "an inode of the file system itself");
	return fs->ops->inode(fs, number, out);
}

static void walk_pop(struct sb_walk *walk)
{
	while (walk->length > 0 && walk->path[--walk->length] != '/')
		continue;
	walk->path[walk->length] = '\0';
}

enum stmboot_status sb_walk_push(struct stmboot_fs *fs, struct sb_walk *walk, const char *name)
{
	size_t length = strlen(name);

	if (strcmp(name, ".") == 0)
		return STMBOOT_OK;
	if (strcmp(name, "..") == 0) {
		walk_pop(walk);
		return STMBOOT_OK;
	}
	if (length + 2 > sizeof(walk->path) - walk->length)
		return sb_fs_fail(fs, STMBOOT_LIMIT, SB_NOWHERE, "the path is too long");
	walk->path[walk->length++] = '/';
	memcpy(walk->path + walk->length, name, length + 1);
	walk->length += length;
	return STMBOOT_OK;
}

enum stmboot_status sb_walk_link(struct stmboot_fs *fs, struct sb_walk *walk,
				 const struct sb_ext4_inode *directory, size_t length,
				 char **target)
{
	enum stmboot_status status;

	if (++walk->links > fs->ops->max_links)
		return sb_fs_fail(fs, STMBOOT_LIMIT, walk->inode.offset, "too many symbolic links");
	status = sb_ext4_link_target(fs, &walk->inode, target);
	if (status != STMBOOT_OK)
		return status;
	walk->inode = *directory;
	/* A link may be called "..", which has cut a name off: to U-Boot it is any other name. */
	if (walk->length < length)
		walk->path[walk->length] = '/';
	walk->length = length;
	if (**target == '/') {
		walk->length = 0;
		status = fs->ops->inode(fs, EXT4_ROOT_INODE, &walk->inode);
	}
	walk->path[walk->length] = '\0';
	if (status != STMBOOT_OK)
		sb_free(fs->ctx, *target);
	return status;
}

enum stmboot_status sb_fs_find(struct stmboot_fs *fs, const char *path, bool follow,
			       struct sb_walk *found)
{
	enum stmboot_status status;

	fs->budget = DIRECTORY_BUDGET;
	status = fs->ops->walk(fs, path, follow, found);
	if (status == STMBOOT_NOT_FOUND)
		(void)sb_fs_fail(fs, status, SB_NOWHERE, "no such file or directory");
	return status;
}

enum stmboot_status stmboot_fs_stat(struct stmboot_fs *fs, const char *path, bool follow,
				    struct stmboot_fs_node *node)
{
	struct sb_walk found;
	enum stmboot_status status = sb_fs_find(fs, path, follow, &found);

	if (status != STMBOOT_OK)
		return status;
	sb_fs_node(&found.inode, found.type, node);
	return STMBOOT_OK;
}

static enum stmboot_status copy_text(struct stmboot_fs *fs, const char *text, char *buffer,
				     size_t size)
{
	size_t length = strlen(text);

	if (length >= size)
		return sb_fs_fail(fs, STMBOOT_LIMIT, SB_NOWHERE, "the path is too long");
	memcpy(buffer, text, length + 1);
	return STMBOOT_OK;
}

enum stmboot_status stmboot_fs_resolve(struct stmboot_fs *fs, const char *path, char *buffer,
				       size_t size)
{
	struct sb_walk found;
	enum stmboot_status status = sb_fs_find(fs, path, true, &found);

	if (status != STMBOOT_OK)
		return status;
	return copy_text(fs, found.length > 0 ? found.path : "/", buffer, size);
}

enum stmboot_status stmboot_fs_readlink(struct stmboot_fs *fs, const char *path, char *buffer,
					size_t size)
{
	struct sb_walk found;
	char *target;
	enum stmboot_status status = sb_fs_find(fs, path, false, &found);

	if (status != STMBOOT_OK)
		return status;
	if (found.type != STMBOOT_FS_SYMLINK)
		return sb_fs_fail(fs, STMBOOT_INVALID_ARGUMENT, found.inode.offset,
				  "not a symbolic link");
	status = sb_ext4_link_target(fs, &found.inode, &target);
	if (status != STMBOOT_OK)
		return status;
	status = copy_text(fs, target, buffer, size);
	sb_free(fs->ctx, target);
	return status;
}

static enum stmboot_status open_content(struct stmboot_fs *fs, const struct sb_ext4_inode *inode,
					enum stmboot_fs_type type, struct stmboot_source **out)
{
	if (type != STMBOOT_FS_FILE)
		return sb_fs_fail(fs,
				  fs->ops->verifies ? STMBOOT_INVALID_ARGUMENT : STMBOOT_NOT_FOUND,
				  inode->offset, "not a regular file");
	if (fs->ops->verifies && (inode->flags & EXT4_FLAG_ENCRYPT) != 0)
		return sb_fs_fail(fs, STMBOOT_UNSUPPORTED, inode->offset, "the file is encrypted");
	return sb_ext4_content_open(fs, inode, out);
}

enum stmboot_status stmboot_fs_open(struct stmboot_fs *fs, const char *path,
				    struct stmboot_source **out)
{
	struct sb_walk found;
	enum stmboot_status status = sb_fs_find(fs, path, true, &found);

	if (status != STMBOOT_OK)
		return status;
	return open_content(fs, &found.inode, found.type, out);
}

enum stmboot_status stmboot_fs_open_inode(struct stmboot_fs *fs, uint32_t inode,
					  struct stmboot_source **out)
{
	struct sb_ext4_inode found;
	enum stmboot_status status = fs->ops->inode(fs, inode, &found);

	if (status != STMBOOT_OK)
		return status;
	return open_content(fs, &found, sb_ext4_mode_type(found.mode), out);
}

enum stmboot_status stmboot_fs_list(struct stmboot_fs *fs, const char *path,
				    stmboot_fs_visit *visit, void *user)
{
	struct sb_walk found;
	enum stmboot_status status = sb_fs_find(fs, path, true, &found);

	if (status != STMBOOT_OK)
		return status;
	if (found.type != STMBOOT_FS_DIRECTORY)
		return sb_fs_fail(fs, STMBOOT_INVALID_ARGUMENT, found.inode.offset,
				  "not a directory");
	return fs->ops->list(fs, &found.inode, visit, user);
}
