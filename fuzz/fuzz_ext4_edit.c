/* SPDX-License-Identifier: MIT */
/*
 * Replacing files on damaged file systems. What the pre-flight calls fit can be
 * edited, and is fit afterwards; what it refuses stays as it was.
 *
 * An input begins with the file (one byte) and the size of its new content (two
 * bytes); the rest describes the medium as in ext4_image.h.
 */
#include "ext4_image.h"
#include "fs/ext4_edit.h"

enum {
	HEAD = 3,
	BLOCKS = MEDIUM / BLOCK - 1, /* from block 1 on */
	INODES = 16,
	USED_INODES = 15,
	LAST_METADATA = 13, /* of blocks 1 to this one, all are in use */
	LAST_DATA = 23,     /* and from DATA_BLOCK on */
	USED_BLOCKS = LAST_METADATA + LAST_DATA - DATA_BLOCK + 1,
	MAX_CONTENT = 0xffff,
};

static const char *const paths[] = {
	"/boot/tree", "/boot/list", "/fast", "/slow", "/boot/inline", "/boot", "/missing",
};

static void set_bits(uint8_t *bitmap, unsigned from, unsigned to)
{
	for (unsigned bit = from; bit < to; bit++)
		bitmap[bit / 8] |= (uint8_t)(1 << bit % 8);
}

static void image_sectors(uint8_t *medium, uint32_t inode, uint16_t links, unsigned blocks)
{
	uint8_t *raw = medium + INODE_TABLE * BLOCK + (inode - 1) * INODE;

	put(raw + 0x1a, links, 2);
	put(raw + 0x1c, blocks * (BLOCK / 512), 4);
}

/* The medium of ext4_image.h, with nothing shared and everything counted. */
static void fit_image_make(uint8_t *medium)
{
	uint8_t *blocks = medium + 3 * BLOCK, *inodes = medium + 4 * BLOCK;

	image_make(medium);
	put(medium + BLOCK + 0x0c, BLOCKS - USED_BLOCKS, 4);
	put(medium + BLOCK + 0x10, INODES - USED_INODES, 4);
	put(medium + BLOCK + 0x60, 0x42, 4);
	put(medium + 2 * BLOCK + 12, BLOCKS - USED_BLOCKS, 2);
	put(medium + 2 * BLOCK + 14, INODES - USED_INODES, 2);
	put(medium + 2 * BLOCK + 16, 2, 2);
	set_bits(blocks, 0, LAST_METADATA);
	set_bits(blocks, DATA_BLOCK - 1, LAST_DATA);
	set_bits(blocks, BLOCKS, BLOCK * 8);
	set_bits(inodes, 0, USED_INODES);
	set_bits(inodes, INODES, BLOCK * 8);
	image_sectors(medium, 2, 3, 1);
	image_sectors(medium, 11, 2, 1);
	image_sectors(medium, 12, 1, 3);
	image_sectors(medium, 13, 2, 3);
	image_sectors(medium, 15, 1, 1);
	/* "list" has blocks of its own, and "inline" is its second name. */
	put(medium + INODE_TABLE * BLOCK + 12 * INODE + 0x28, DATA_BLOCK + 2, 4);
	put(medium + LIST_BLOCK * BLOCK + 4, DATA_BLOCK + 3, 4);
	memset(medium + INODE_TABLE * BLOCK + 15 * INODE, 0, INODE);
	put(medium + BOOT_BLOCK * BLOCK + 12 + 12 + 12 + 12, 13, 4);
}

struct trial {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_overlay *overlay;
	struct sb_arena arena;
	struct stmboot_refusal refusal;
	struct sb_ext4_edit edit;
	const char *path;
	size_t size;
	uint8_t content[MAX_CONTENT];
};

static bool is_fit(struct trial *trial, struct stmboot_source *src, enum sb_ext4_reach reach)
{
	struct stmboot_refusal refusal;
	struct stmboot_fs *fs;
	enum stmboot_status status = sb_ext4_open_fit(trial->ctx, src, reach, &refusal, &fs);

	if (status == STMBOOT_OK)
		stmboot_fs_close(fs);
	else
		require(refusal.message[0] != '\0');
	return status == STMBOOT_OK;
}

static void expect_content(struct trial *trial)
{
	static uint8_t found[MAX_CONTENT + 1];
	struct stmboot_source *file;
	struct stmboot_fs *fs;

	require(stmboot_fs_open_linux(trial->ctx, sb_overlay_source(trial->overlay), &fs) ==
		STMBOOT_OK);
	require(stmboot_fs_open(fs, trial->path, &file) == STMBOOT_OK);
	require(stmboot_source_size(file) == trial->size);
	require(trial->size == 0 || stmboot_source_read(file, 0, found, trial->size) == STMBOOT_OK);
	require(memcmp(found, trial->content, trial->size) == 0);
	stmboot_source_close(file);
	stmboot_fs_close(fs);
}

static enum stmboot_status try_edit(struct trial *trial)
{
	bool fit = is_fit(trial, trial->src, SB_EXT4_ALLOCATION);
	enum stmboot_status status = sb_ext4_replace_file(
		&trial->arena, trial->overlay, 0, stmboot_source_size(trial->src), trial->path,
		trial->content, trial->size, &trial->refusal, &trial->edit);

	require(status != STMBOOT_INTERNAL);
	require(sb_overlay_status(trial->overlay) == STMBOOT_OK);
	if (status != STMBOOT_OK) {
		require(trial->refusal.message[0] != '\0');
		require(sb_overlay_pending(trial->overlay) == 0);
		return status;
	}
	require(trial->edit.changed == (sb_overlay_pending(trial->overlay) != 0));
	require(is_fit(trial, sb_overlay_source(trial->overlay),
		       fit ? SB_EXT4_ALLOCATION : SB_EXT4_CONTENT));
	expect_content(trial);
	return status;
}

static void run(const uint8_t *data, size_t size)
{
	static uint8_t medium[MEDIUM];
	static struct trial trial;
	size_t medium_size;
	enum stmboot_status status;

	memset(&trial, 0, sizeof(trial));
	fit_image_make(medium);
	medium_size = image_patch(medium, data + HEAD, size - HEAD);
	trial.path = paths[data[0] % (sizeof(paths) / sizeof(paths[0]))];
	trial.size = (size_t)(data[1] | data[2] << 8);
	memset(trial.content, 'n', trial.size);
	require(stmboot_context_new(NULL, &trial.ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(trial.ctx, medium, medium_size, &trial.src) ==
		STMBOOT_OK);
	require(sb_overlay_new(trial.ctx, trial.src, &trial.overlay) == STMBOOT_OK);
	sb_arena_init(&trial.arena, trial.ctx);
	status = try_edit(&trial);
	/* As it was made, there is room for this much. */
	require(size > HEAD || data[0] >= 5 || trial.size > 32 * BLOCK || status == STMBOOT_OK);
	sb_arena_release(&trial.arena);
	sb_overlay_free(trial.overlay);
	stmboot_source_close(trial.src);
	stmboot_context_free(trial.ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= HEAD)
		run(data, size);
	return 0;
}
