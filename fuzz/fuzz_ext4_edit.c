/* SPDX-License-Identifier: MIT */
/*
 * Replacing files on damaged file systems. What the pre-flight calls fit can be
 * edited where there is a file that can be read, and room; it is fit afterwards.
 * Nothing but what is planned changes, and no other file. What is refused stays
 * as it was.
 *
 * An input begins with the file (one byte) and the size of its new content (two
 * bytes); the rest describes the medium as in ext4_image.h.
 */
#include "ext4_fit.h"
#include "fs/ext4_edit.h"

enum { HEAD = 3, MAX_CONTENT = 0xffff, MAP_BLOCKS = 4 };

static const char *const paths[] = {
	"/boot/tree", "/boot/list", "/fast", "/slow", "/boot/inline", "/boot", "/missing",
};

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

/* The size of a file, read into `to`; SIZE_MAX when it is none, or cannot be read. */
static size_t read_file(struct stmboot_fs *fs, const char *path, uint8_t *to, uint32_t *inode)
{
	struct stmboot_fs_node node;
	struct stmboot_source *file;
	enum stmboot_status status = STMBOOT_OK;

	if (stmboot_fs_stat(fs, path, true, &node) != STMBOOT_OK || node.type != STMBOOT_FS_FILE ||
	    node.size > MEDIUM || stmboot_fs_open(fs, path, &file) != STMBOOT_OK)
		return SIZE_MAX;
	if (node.size > 0)
		status = stmboot_source_read(file, 0, to, (size_t)node.size);
	stmboot_source_close(file);
	*inode = node.inode;
	return status == STMBOOT_OK ? (size_t)node.size : SIZE_MAX;
}

/* Is there a file all of which can be read, and which is not the file system's own? */
static bool is_readable_file(struct trial *trial, const uint8_t *medium)
{
	static uint8_t found[MEDIUM];
	struct stmboot_fs *fs;
	uint32_t inode = 0;
	size_t size;

	require(stmboot_fs_open_linux(trial->ctx, trial->src, &fs) == STMBOOT_OK);
	size = read_file(fs, trial->path, found, &inode);
	stmboot_fs_close(fs);
	return size != SIZE_MAX && inode >= em_get(medium + BLOCK + 0x54, 4);
}

/* Is there an inode, and room for the content with what maps it? */
static bool has_room(const uint8_t *medium, size_t bytes)
{
	const uint8_t *super = medium + BLOCK;

	return em_get(super + 0x10, 4) != 0 &&
	       (bytes + BLOCK - 1) / BLOCK + MAP_BLOCKS <= em_get(super + 0x0c, 4);
}

/* Outside of the writes that are planned every byte is as it was. */
static void check_plan(struct trial *trial, const uint8_t *medium)
{
	static uint8_t after[MEDIUM];
	size_t size = (size_t)stmboot_source_size(trial->src), at = 0;

	require(stmboot_source_read(sb_overlay_source(trial->overlay), 0, after, size) ==
		STMBOOT_OK);
	for (size_t i = 0; i < trial->edit.write_count; i++) {
		const struct sb_ext4_write *write = &trial->edit.writes[i];

		if (write->offset > at)
			require(memcmp(medium + at, after + at, write->offset - at) == 0);
		require(write->offset <= size && write->length <= size - write->offset);
		if (write->offset + write->length > at)
			at = (size_t)(write->offset + write->length);
	}
	require(memcmp(medium + at, after + at, size - at) == 0);
}

/* Of a sound file system, what other files hold. */
static void check_others(struct trial *trial)
{
	static uint8_t old[MEDIUM], new[MEDIUM];
	struct stmboot_fs *before, *after;
	uint32_t target = 0, inode = 0;

	require(stmboot_fs_open_linux(trial->ctx, trial->src, &before) == STMBOOT_OK);
	require(stmboot_fs_open_linux(trial->ctx, sb_overlay_source(trial->overlay), &after) ==
		STMBOOT_OK);
	(void)read_file(before, trial->path, old, &target);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		size_t size = read_file(before, paths[i], old, &inode);

		if (size == SIZE_MAX || inode == target)
			continue;
		require(read_file(after, paths[i], new, &inode) == size);
		require(memcmp(old, new, size) == 0);
	}
	stmboot_fs_close(after);
	stmboot_fs_close(before);
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

static enum stmboot_status try_edit(struct trial *trial, const uint8_t *medium)
{
	bool fit = is_fit(trial, trial->src, SB_EXT4_ALLOCATION);
	enum stmboot_status status = sb_ext4_replace_file(
		&trial->arena, trial->overlay, 0, stmboot_source_size(trial->src), trial->path,
		trial->content, trial->size, &trial->refusal, &trial->edit);

	require(status != STMBOOT_INTERNAL);
	require(sb_overlay_status(trial->overlay) == STMBOOT_OK);
	if (status != STMBOOT_OK) {
		require(!fit || status == STMBOOT_UNSUPPORTED || !is_readable_file(trial, medium) ||
			!has_room(medium, trial->size));
		require(trial->refusal.message[0] != '\0');
		require(sb_overlay_pending(trial->overlay) == 0);
		return status;
	}
	require(trial->edit.changed == (sb_overlay_pending(trial->overlay) != 0));
	require(is_fit(trial, sb_overlay_source(trial->overlay),
		       fit ? SB_EXT4_ALLOCATION : SB_EXT4_CONTENT));
	expect_content(trial);
	check_plan(trial, medium);
	if (fit)
		check_others(trial);
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
	status = try_edit(&trial, medium);
	/* As it was made, there is room for this much. */
	require(!image_is_made(data + HEAD, size - HEAD) || data[0] >= 5 ||
		trial.size > 32 * BLOCK || status == STMBOOT_OK);
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
