/* SPDX-License-Identifier: MIT */
/*
 * One file system, read as Linux does and as U-Boot does. Where its structures
 * are sound, and nothing is used that U-Boot has no code for, both must find
 * the same names with the same content. Inputs as in ext4_image.h.
 */
#include "ext4_fit.h"
#include "fs/ext4.h"
#include "fs/ext4_edit.h"

enum { MOST_COMPARED = 32 * BLOCK };

struct views {
	struct stmboot_fs *by_linux;
	struct stmboot_fs *by_uboot;
	char path[1024];
	unsigned steps;
	unsigned blocks; /* of files, that were compared */
};

/* Nothing is hidden from U-Boot by a flag that it does not look at. */
static bool is_plain(const struct stmboot_fs_node *node)
{
	enum { NO_MATTER = STMBOOT_FS_IMMUTABLE | STMBOOT_FS_APPEND_ONLY | STMBOOT_FS_EXTENTS };

	return (node->flags & ~(uint32_t)NO_MATTER) == 0;
}

/*
 * Block by block, for there are some that need not be the same: U-Boot takes an extent
 * that was never written for one that was. It knows no size of more than 32 bits.
 */
static void compare_file(struct views *views, uint64_t size)
{
	struct stmboot_source *x, *y;

	if (size > UINT32_MAX || stmboot_fs_open(views->by_linux, views->path, &x) != STMBOOT_OK)
		return;
	require(stmboot_fs_open(views->by_uboot, views->path, &y) == STMBOOT_OK);
	require(stmboot_source_size(x) == size && stmboot_source_size(y) == size);
	for (uint64_t at = 0; at < size && at < MOST_COMPARED; at += BLOCK) {
		size_t bytes = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		char a[BLOCK], b[BLOCK];
		uint64_t place;

		if (!stmboot_source_locate(x, at, &place) ||
		    stmboot_source_read(x, at, a, bytes) != STMBOOT_OK)
			continue;
		require(stmboot_source_read(y, at, b, bytes) == STMBOOT_OK);
		require(memcmp(a, b, bytes) == 0);
		views->blocks++;
	}
	stmboot_source_close(y);
	stmboot_source_close(x);
}

/* The type in an entry is what U-Boot goes by, and the inode what Linux does. */
static bool compare_entry(void *user, const struct stmboot_fs_entry *entry)
{
	struct views *views = user;
	size_t length = strlen(views->path);
	struct stmboot_fs_node node, other;

	if (length + strlen(entry->name) + 2 > sizeof(views->path) || ++views->steps > MAX_STEPS)
		return false;
	views->path[length] = '/';
	memcpy(views->path + length + 1, entry->name, strlen(entry->name) + 1);
	if (stmboot_fs_stat(views->by_linux, views->path, false, &node) == STMBOOT_OK &&
	    is_plain(&node) && entry->type == node.type && entry->name[0] != '.') {
		require(stmboot_fs_stat(views->by_uboot, views->path, false, &other) == STMBOOT_OK);
		require(node.inode == other.inode && node.type == other.type);
		if (node.type == STMBOOT_FS_FILE)
			compare_file(views, node.size);
		else if (node.type == STMBOOT_FS_DIRECTORY)
			(void)!stmboot_fs_list(views->by_linux, views->path, compare_entry, views);
	}
	views->path[length] = '\0';
	return true;
}

static void compare(struct stmboot_context *ctx, struct stmboot_source *src, bool healthy)
{
	struct views views = { .steps = 0 };
	struct stmboot_refusal why;

	if (sb_ext4_open_fit(ctx, src, SB_EXT4_ALLOCATION, &why, &views.by_linux) != STMBOOT_OK) {
		require(!healthy);
		return;
	}
	if (stmboot_fs_open_uboot(ctx, src, &views.by_uboot) == STMBOOT_OK) {
		(void)!stmboot_fs_list(views.by_linux, "/", compare_entry, &views);
		require(!healthy || (views.steps == 10 && views.blocks == 6));
		stmboot_fs_close(views.by_uboot);
	} else {
		require(!healthy);
	}
	stmboot_fs_close(views.by_linux);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t medium[MEDIUM];
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	size_t medium_size;

	fit_image_make(medium);
	medium_size = image_patch(medium, data, size);
	require(stmboot_context_new(NULL, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, medium, medium_size, &src) == STMBOOT_OK);
	compare(ctx, src, image_is_made(data, size));
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}
