/* SPDX-License-Identifier: MIT */
/*
 * Walks over damaged trees, and extended attributes: a walk ends, goes in order,
 * enters no directory twice and leaves each that it entered; attributes are
 * sorted, named once, and no larger than a program can get.
 */
#include "base/context.h"
#include "ext4_image.h"

enum { INODES = 16, MAX_DEPTH = INODES, MAX_NAMES = 1000, MAX_VALUE = 65536 };

struct way {
	struct stmboot_fs *fs;
	bool verifies;
	bool entered[1 << 16]; /* directories, by the low bits of their inode */
	char last[MAX_DEPTH + 2][STMBOOT_FS_NAME_BYTES];
	unsigned depth; /* of the directories that are open */
	unsigned names;
};

static void check_attributes(const struct way *way, uint32_t inode)
{
	const struct stmboot_fs_attributes *attributes;
	size_t total = 0;

	if (stmboot_fs_attributes_read(way->fs, inode, &attributes) != STMBOOT_OK)
		return;
	require(way->verifies);
	for (size_t i = 0; i < attributes->count; i++) {
		const struct stmboot_fs_attribute *attribute = &attributes->items[i];

		require(strchr(attribute->name, '.') != NULL);
		require(i == 0 || strcmp(attributes->items[i - 1].name, attribute->name) < 0);
		require(attribute->size <= MAX_VALUE * 2);
		for (size_t at = 0; at < attribute->size; at++)
			total += attribute->value[at] != 0; /* each byte is there */
	}
	require(total <= 1 << 20);
	stmboot_fs_attributes_free(attributes);
}

static void check_names(const struct stmboot_fs_step *step)
{
	size_t length = strlen(step->path);

	require(step->path[0] == '/' && length < STMBOOT_FS_PATH_BYTES);
	require(strchr(step->name, '/') == NULL);
	require(strcmp(step->name, ".") != 0 && strcmp(step->name, "..") != 0);
	require(step->depth == 0 || step->name[0] != '\0' || step->status != STMBOOT_OK);
	require(length >= strlen(step->below));
	require(strcmp(step->path + length - strlen(step->below), step->below) == 0);
}

/* Names of one directory come in order, and a name that comes twice comes with trouble. */
static void check_order(struct way *way, const struct stmboot_fs_step *step)
{
	char *last = way->last[step->depth];
	int order = strcmp(last, step->name);

	require(step->depth <= MAX_DEPTH);
	require(step->depth == 0 || order < 0 || step->status != STMBOOT_OK);
	strcpy(last, step->name);
	way->last[step->depth + 1][0] = '\0';
}

static enum stmboot_fs_answer visit(void *user, const struct stmboot_fs_step *step)
{
	struct way *way = user;
	const struct stmboot_fs_node *node = step->inode != NULL ? &step->inode->node : NULL;

	check_names(step);
	require((step->trouble != NULL) == (step->status != STMBOOT_OK));
	if (step->event == STMBOOT_FS_LEAVE) {
		require(way->depth == step->depth + 1 && node != NULL);
		way->depth--;
		return STMBOOT_FS_GO_ON;
	}
	require(way->depth == step->depth && ++way->names <= MAX_NAMES + 1);
	check_order(way, step);
	require((node == NULL) == (step->status != STMBOOT_OK));
	if (node == NULL)
		return STMBOOT_FS_GO_ON;
	require((step->inode->target != NULL) == (node->type == STMBOOT_FS_SYMLINK));
	require(step->inode->modified.nanoseconds < 1000000000);
	check_attributes(way, node->inode);
	if (node->type != STMBOOT_FS_DIRECTORY)
		return STMBOOT_FS_GO_ON;
	require(!way->entered[node->inode & 0xffff] || node->inode > 0xffff);
	way->entered[node->inode & 0xffff] = true;
	way->depth++;
	return STMBOOT_FS_GO_ON;
}

static void walk(struct stmboot_context *ctx, struct stmboot_source *src, open_reader *open_fs,
		 bool healthy)
{
	static struct way way;
	enum stmboot_status status;

	memset(&way, 0, sizeof(way));
	way.verifies = open_fs == stmboot_fs_open_linux;
	if (open_fs(ctx, src, &way.fs) != STMBOOT_OK) {
		require(!healthy);
		return;
	}
	status = stmboot_fs_walk(way.fs, "/", NULL, visit, &way);
	require(status != STMBOOT_OK || way.depth == 0);
	require(!healthy || (status == STMBOOT_OK && way.names == 7));
	stmboot_fs_close(way.fs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct stmboot_context_options options = { .struct_size = sizeof(options),
							 .max_walk_names = MAX_NAMES };
	static uint8_t medium[MEDIUM];
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	size_t medium_size;

	image_make(medium);
	image_attributes(medium);
	medium_size = image_patch(medium, data, size);
	require(stmboot_context_new(&options, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, medium, medium_size, &src) == STMBOOT_OK);
	walk(ctx, src, stmboot_fs_open_linux, image_is_made(data, size));
	walk(ctx, src, stmboot_fs_open_uboot, image_is_made(data, size));
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}
