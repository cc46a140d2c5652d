/* SPDX-License-Identifier: MIT */
/*
 * Names that are put into a directory with a damaged index. What the check of
 * an index calls sound takes them, and leads to them and to all others
 * afterwards; what it refuses stays as it was.
 *
 * An input begins with the number of names (one byte, up to 63), each of two
 * bytes: of which letters it is, and its length; the rest describes the medium
 * as in ext4_image.h, on which /boot has an index.
 */
#include "ext4_fit.h"
#include "fs/ext4_edit.h"
#include "fs/ext4_htree.h"
#include "fs/ext4_tree.h"

enum {
	MAX_NAMES = 63,
	NAME = 2,
	LEAF = LAST_DATA +
	       1, /* the blocks behind the root: a leaf with all names, and an empty one */
	LEAVES = 2,
};

static void put_entry(uint8_t *entries, unsigned index, uint32_t hash, uint32_t block)
{
	put(entries + (size_t)index * HTREE_ENTRY_BYTES, hash, 4);
	put(entries + (size_t)index * HTREE_ENTRY_BYTES + 4, block, 4);
}

static void indexed_image_make(uint8_t *medium)
{
	uint8_t *root = medium + BOOT_BLOCK * BLOCK, *leaf = medium + LEAF * BLOCK;
	uint8_t *raw = medium + INODE_TABLE * BLOCK + 10 * INODE;
	size_t at;

	fit_image_make(medium);
	put(medium + BLOCK + 0x0c, BLOCKS - USED_BLOCKS - LEAVES, 4);
	put(medium + 2 * BLOCK + 12, BLOCKS - USED_BLOCKS - LEAVES, 2);
	set_bits(medium + 3 * BLOCK, LEAF - 1, LEAF - 1 + LEAVES);
	put(raw + 0x04, (1 + LEAVES) * BLOCK, 4);
	put(raw + 0x20, EXT2_INDEX_FL, 4);
	put(raw + 0x28 + 4, LEAF, 4);
	put(raw + 0x28 + 8, LEAF + 1, 4);
	image_sectors(medium, 11, 2, 1 + LEAVES);
	at = image_name(leaf, 0, "tree", 12, 1, false);
	at = image_name(leaf, at, "list", 13, 1, false);
	(void)image_name(leaf, at, "inline", 13, 1, true);
	(void)image_name(leaf + BLOCK, 0, "", 0, 0, true);
	memset(root, 0, BLOCK);
	at = image_name(root, 0, ".", 11, 2, false);
	(void)image_name(root, at, "..", 2, 2, true);
	root[HTREE_ROOT_INFO + 4] = 1; /* half of MD4 */
	root[HTREE_ROOT_INFO + 5] = HTREE_ROOT_ENTRIES - HTREE_ROOT_INFO;
	put_entry(root + HTREE_ROOT_ENTRIES, 1, 0xfffffff0, 2);
	put_entry(root + HTREE_ROOT_ENTRIES, 0, 124 | 2 << 16, 1);
}

static const char *name_of(const uint8_t *how)
{
	static char path[STMBOOT_FS_NAME_BYTES + 8];
	size_t length = 1 + how[1] % 255u;

	memcpy(path, "/boot/", 6);
	for (size_t i = 0; i < length; i++)
		path[6 + i] = (char)('a' + (how[0] * (i + 1) + (i == 0 ? how[1] : 0)) % 26);
	path[6 + length] = '\0';
	return path;
}

struct trial {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_overlay *overlay;
	struct sb_arena arena;
	struct stmboot_refusal why;
	struct sb_tree *tree;
};

/* One name more for /boot/tree. */
static enum stmboot_status add_name(struct trial *trial, const uint8_t *how)
{
	static struct sb_spot file, spot;
	enum stmboot_status status = sb_tree_find(trial->tree, "/boot/tree", false, &file);

	if (status == STMBOOT_OK && !file.exists) /* damaged, and so no name of it can be added */
		return STMBOOT_NOT_FOUND;
	if (status == STMBOOT_OK)
		status = sb_tree_find(trial->tree, name_of(how), false, &spot);
	if (status != STMBOOT_OK || spot.exists)
		return status;
	return sb_tree_link(trial->tree, &file, &spot);
}

static void expect_names(struct trial *trial, const uint8_t *names, size_t count)
{
	struct stmboot_fs *fs;

	require(stmboot_fs_open_linux(trial->ctx, sb_overlay_source(trial->overlay), &fs) ==
		STMBOOT_OK);
	for (size_t i = 0; i < count; i++) {
		struct stmboot_fs_node node;

		require(stmboot_fs_stat(fs, name_of(names + i * NAME), false, &node) == STMBOOT_OK);
	}
	stmboot_fs_close(fs);
}

static void add_names(struct trial *trial, const uint8_t *names, size_t count, bool is_sound)
{
	struct sb_writes writes = { 0 };
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < count && status == STMBOOT_OK; i++)
		status = add_name(trial, names + i * NAME);
	require(status != STMBOOT_INTERNAL);
	require(!is_sound || status == STMBOOT_OK);
	if (status == STMBOOT_OK)
		status = sb_tree_finish(trial->tree, &trial->arena, &writes);
	require(status != STMBOOT_INTERNAL);
	if (status == STMBOOT_OK)
		expect_names(trial, names, count);
	else
		require(sb_overlay_pending(trial->overlay) == 0);
}

static void run(const uint8_t *data, size_t size)
{
	static uint8_t medium[MEDIUM];
	struct trial trial = { .tree = NULL };
	size_t count = data[0] % (MAX_NAMES + 1u), head = 1 + count * NAME, medium_size;

	if (size < head)
		return;
	indexed_image_make(medium);
	medium_size = image_patch(medium, data + head, size - head);
	require(stmboot_context_new(NULL, &trial.ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(trial.ctx, medium, medium_size, &trial.src) ==
		STMBOOT_OK);
	require(sb_overlay_new(trial.ctx, trial.src, &trial.overlay) == STMBOOT_OK);
	sb_arena_init(&trial.arena, trial.ctx);
	if (sb_tree_open(trial.ctx, trial.overlay, 0, medium_size, &trial.why, &trial.tree) ==
	    STMBOOT_OK)
		add_names(&trial, data + 1, count, image_is_made(data + head, size - head));
	else
		require(!image_is_made(data + head, size - head));
	sb_tree_close(trial.tree);
	sb_arena_release(&trial.arena);
	sb_overlay_free(trial.overlay);
	stmboot_source_close(trial.src);
	stmboot_context_free(trial.ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 1)
		run(data, size);
	return 0;
}
