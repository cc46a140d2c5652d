/* SPDX-License-Identifier: MIT */
/*
 * Changing trees of files on damaged file systems. What the pre-flight calls
 * fit can be changed, and is fit afterwards, with the names that were meant;
 * what it refuses stays as it was.
 *
 * An input begins with the number of changes (one byte, up to 15), each of three
 * bytes: what is done, and with which two names (the second is also the size of
 * a new content, in blocks); the rest describes the medium as in ext4_image.h.
 */
#include "ext4_fit.h"
#include "fs/ext4_edit.h"
#include "fs/ext4_tree.h"

enum { MAX_CHANGES = 15, CHANGE = 3, MAX_CONTENT = 15 * BLOCK };

static const char *const paths[] = {
	"/boot",
	"/boot/tree",
	"/boot/list",
	"/boot/inline",
	"/fast",
	"/slow",
	"/new",
	"/boot/new",
	"/new/new",
	"/boot/../fast",
	"/missing/new",
	"/",
	"/boot/a-name-that-is-rather-long-but-fits",
};

struct trial {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_overlay *overlay;
	struct sb_arena arena;
	struct stmboot_refusal why;
	struct sb_tree *tree;
	uint8_t content[MAX_CONTENT];
};

static const char *path_of(uint8_t number)
{
	return paths[number % (sizeof(paths) / sizeof(paths[0]))];
}

static bool is_fit(struct trial *trial, struct stmboot_source *src)
{
	struct stmboot_refusal why;
	struct stmboot_fs *fs;
	enum stmboot_status status =
		sb_ext4_open_fit(trial->ctx, src, SB_EXT4_ALLOCATION, &why, &fs);

	if (status == STMBOOT_OK)
		stmboot_fs_close(fs);
	return status == STMBOOT_OK;
}

static enum stmboot_status put_file(struct trial *trial, const struct sb_spot *spot, uint8_t blocks)
{
	const struct sb_tree_gift gift = { .set = 0 };
	struct stmboot_source *content;
	enum stmboot_status status;

	require(stmboot_source_from_memory(trial->ctx, trial->content, blocks % 16u * BLOCK,
					   &content) == STMBOOT_OK);
	if (spot->exists && sb_ext4_mode_type(spot->inode.mode) == STMBOOT_FS_FILE)
		status = sb_tree_replace(trial->tree, &spot->inode, content);
	else if (spot->exists)
		status = STMBOOT_INVALID_ARGUMENT;
	else
		status = sb_tree_make_file(trial->tree, spot, content, &gift, NULL);
	stmboot_source_close(content);
	return status;
}

static enum stmboot_status change(struct trial *trial, const uint8_t *how)
{
	static struct sb_spot spot, other;
	const struct sb_tree_gift gift = {
		.set = SB_TREE_MODE | SB_TREE_OWNER, .mode = how[2], .uid = how[1], .gid = how[2]
	};
	enum stmboot_status status = sb_tree_find(trial->tree, path_of(how[1]), false, &spot);

	if (status == STMBOOT_OK)
		status = sb_tree_find(trial->tree, path_of(how[2]), false, &other);
	if (status != STMBOOT_OK)
		return status;
	switch (how[0] % 7) {
	case 0:
		return put_file(trial, &spot, how[2]);
	case 1:
		return spot.exists ? STMBOOT_CONFLICT
				   : sb_tree_make_directory(trial->tree, &spot, &gift, NULL);
	case 2:
		return spot.exists ? STMBOOT_CONFLICT
				   : sb_tree_make_symlink(trial->tree, &spot, path_of(how[2]),
							  &gift, NULL);
	case 3:
		return spot.exists ? sb_tree_remove(trial->tree, &spot, how[2] % 2 != 0)
				   : STMBOOT_NOT_FOUND;
	case 4:
		return spot.exists ? sb_tree_move(trial->tree, &spot, &other) : STMBOOT_NOT_FOUND;
	case 5:
		return spot.exists && !other.exists ? sb_tree_link(trial->tree, &spot, &other)
						    : STMBOOT_CONFLICT;
	default:
		return spot.exists ? sb_tree_give(trial->tree, spot.inode.number, &gift)
				   : STMBOOT_NOT_FOUND;
	}
}

static void try_changes(struct trial *trial, const uint8_t *changes, size_t count)
{
	struct sb_writes writes = { 0 };
	enum stmboot_status status;
	bool met_damage = false;

	for (size_t i = 0; i < count; i++) {
		status = change(trial, changes + i * CHANGE);
		require(status != STMBOOT_INTERNAL);
		met_damage = met_damage || status == STMBOOT_CORRUPT;
	}
	status = sb_tree_finish(trial->tree, &trial->arena, &writes);
	require(status != STMBOOT_INTERNAL);
	/* What is damaged then is so by the changes. */
	require(status != STMBOOT_CORRUPT || met_damage);
	require(sb_overlay_status(trial->overlay) == STMBOOT_OK);
	if (status == STMBOOT_OK)
		require(is_fit(trial, sb_overlay_source(trial->overlay)));
	else
		require(sb_overlay_pending(trial->overlay) == 0);
}

static void run(const uint8_t *data, size_t size)
{
	static uint8_t medium[MEDIUM];
	static struct trial trial;
	size_t count = data[0] % (MAX_CHANGES + 1u), head = 1 + count * CHANGE, medium_size;
	enum stmboot_status status;

	if (size < head)
		return;
	memset(&trial, 0, sizeof(trial));
	fit_image_make(medium);
	medium_size = image_patch(medium, data + head, size - head);
	memset(trial.content, 'n', sizeof(trial.content));
	require(stmboot_context_new(NULL, &trial.ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(trial.ctx, medium, medium_size, &trial.src) ==
		STMBOOT_OK);
	require(sb_overlay_new(trial.ctx, trial.src, &trial.overlay) == STMBOOT_OK);
	sb_arena_init(&trial.arena, trial.ctx);
	status = sb_tree_open(trial.ctx, trial.overlay, 0, medium_size, &trial.why, &trial.tree);
	require((status == STMBOOT_OK) == is_fit(&trial, trial.src));
	if (status == STMBOOT_OK)
		try_changes(&trial, data + 1, count);
	else
		require(trial.why.message[0] != '\0');
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
