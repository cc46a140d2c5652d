/* SPDX-License-Identifier: MIT */
/* The superblock, and what both readers do on damaged file systems. */
#include <criterion/criterion.h>
#include <string.h>

#include "../support/ext4_medium.h"
#include "../support/heap.h"
#include "base/cursor.h"
#include "fs/ext4.h"

/* The line of dumpe2fs that begins with `key`, without the key. */
static void dumped(const char *image, const char *key, char *value, size_t size)
{
	char name[64], line[512];
	FILE *file;

	snprintf(name, sizeof(name), "%s.dump", image);
	file = fopen(in_folder(name), "r");
	cr_assert_not_null(file);
	value[0] = '\0';
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			snprintf(value, size, "%.*s",
				 (int)strcspn(line + strlen(key) + strspn(line + strlen(key), " "),
					      "\n"),
				 line + strlen(key) + strspn(line + strlen(key), " "));
	fclose(file);
}

static void list_features(const struct stmboot_ext4_info *info, char *list, size_t size)
{
	char name[24];

	for (size_t i = 0; stmboot_ext4_feature(info, i, name, sizeof(name)); i++) {
		size_t length = strlen(list);

		snprintf(list + length, size - length, "%s%s", length > 0 ? " " : "", name);
	}
}

static void expect_number(const char *image, const char *key, uint64_t number)
{
	char value[512];

	dumped(image, key, value, sizeof(value));
	cr_expect_eq(strtoull(value, NULL, 10), number, "%s: %s %s, not %zu", image, key, value,
		     (size_t)number);
}

static const struct {
	const char *image;
	const char *code; /* the one finding, or NULL */
} images[] = {
	{ "ext2-1k", NULL },     { "ext2-4k", NULL },
	{ "ext2-plain", NULL },  { "ext3-1k", NULL },
	{ "ext4-1k", NULL },     { "ext4-4k", NULL },
	{ "uninit-bg", NULL },   { "seed-orphan", NULL },
	{ "inode-128", NULL },   { "htree-4k", NULL },
	{ "bigalloc-4k", NULL }, { "ext4-64k", "ext4.large-block" },
	{ "large", NULL },       { "inline-data", "ext4.inline-data" },
	{ "default", NULL },     { "meta-bg", "ext4.meta-bg" },
	{ "removed", NULL },     { "bigalloc-1k", "ext4.bigalloc-1k" },
};

Test(ext4, facts_are_those_of_dumpe2fs)
{
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		const char *image = images[i].image;
		struct stmboot_ext4_info *info;
		char value[512], features[512] = "";
		struct medium m;

		medium_open(&m, image);
		cr_assert_eq(stmboot_ext4_decode(m.ctx, m.cache, &info), STMBOOT_OK);
		dumped(image, "Filesystem features:", value, sizeof(value));
		list_features(info, features, sizeof(features));
		cr_expect_str_eq(features, value, "%s", image);
		dumped(image, "Filesystem UUID:", value, sizeof(value));
		cr_expect_str_eq(info->uuid, value);
		expect_number(image, "Block count:", info->blocks_count);
		expect_number(image, "Block size:", info->block_bytes);
		expect_number(image, "Free blocks:", info->free_blocks_count);
		expect_number(image, "Inode count:", info->inodes_count);
		expect_number(image, "Free inodes:", info->free_inodes_count);
		expect_number(image, "Inode size:", info->inode_bytes);
		expect_number(image, "Inodes per group:", info->inodes_per_group);
		cr_expect_eq(info->size_bytes, stmboot_source_size(m.file), "%s", image);
		stmboot_ext4_free(info);
		medium_close(&m);
	}
}

Test(ext4, names_times_and_state)
{
	struct stmboot_ext4_info *info;
	struct medium m;

	medium_open(&m, "seed-orphan");
	cr_assert_eq(stmboot_ext4_decode(m.ctx, m.cache, &info), STMBOOT_OK);
	cr_expect_str_eq(info->label, "rootfs");
	cr_expect_str_eq(info->last_mounted, "/mnt/rootfs");
	cr_expect_str_eq(info->uuid, "01234567-89ab-cdef-0123-456789abcdef");
	cr_expect_eq(info->checksum, STMBOOT_EXT4_CHECKSUM_OK);
	cr_expect_eq(info->mkfs_time, 1700000000);
	cr_expect_eq(info->state, 1);
	cr_expect(info->has_journal && !info->needs_recovery && info->journal_inode == 8);
	stmboot_ext4_free(info);
	medium_close(&m);
	medium_open(&m, "ext2-1k");
	cr_assert_eq(stmboot_ext4_decode(m.ctx, m.cache, &info), STMBOOT_OK);
	cr_expect_eq(info->checksum, STMBOOT_EXT4_CHECKSUM_ABSENT);
	cr_expect_not(info->has_journal);
	stmboot_ext4_free(info);
	medium_close(&m);
}

/* The findings of a source must be this code alone, or none for NULL. */
static void expect_finding(struct stmboot_context *ctx, struct stmboot_source *src,
			   uint64_t partition_bytes, const char *code, const char *name)
{
	struct stmboot_ext4_info *info;
	const struct stmboot_diag *diag;
	struct stmboot_diags *diags;
	struct sb_scope scope;

	cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
	cr_assert_eq(stmboot_ext4_decode(ctx, src, &info), STMBOOT_OK, "%s", name);
	scope = sb_scope(diags, src);
	sb_ext4_validate(&scope, info, partition_bytes);
	diag = stmboot_diags_get(diags, 0);
	cr_expect_eq(stmboot_diags_count(diags), code != NULL ? 1 : 0, "%s: %s", name,
		     diag != NULL ? diag->code : "no finding");
	if (code != NULL && diag != NULL) {
		cr_expect_str_eq(diag->code, code, "%s", name);
		cr_expect(diag->place.has_offset && diag->place.offset >= 1024 &&
				  diag->place.offset < 2048,
			  "%s", name);
	}
	stmboot_ext4_free(info);
	stmboot_diags_free(diags);
}

Test(ext4, a_healthy_file_system_raises_nothing_but_what_uboot_cannot_do)
{
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		struct medium m;

		medium_open(&m, images[i].image);
		expect_finding(m.ctx, m.cache, stmboot_source_size(m.file), images[i].code,
			       images[i].image);
		medium_close(&m);
	}
}

Test(ext4, a_partition_one_block_too_small)
{
	struct medium m;

	medium_open(&m, "ext4-4k");
	expect_finding(m.ctx, m.cache, stmboot_source_size(m.file) - 1,
		       "ext4.larger-than-partition", "one byte less");
	medium_close(&m);
}

/* An image in memory, to be damaged. */
struct bytes {
	uint8_t *data;
	size_t size;
	struct stmboot_context *ctx;
	struct stmboot_source *src;
};

static void bytes_load(struct bytes *b, const char *image)
{
	struct medium m;

	medium_open(&m, image);
	b->size = (size_t)stmboot_source_size(m.file);
	b->data = malloc(b->size);
	cr_assert_not_null(b->data);
	cr_assert_eq(stmboot_source_read(m.file, 0, b->data, b->size), STMBOOT_OK);
	medium_close(&m);
	cr_assert_eq(stmboot_context_new(NULL, &b->ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(b->ctx, b->data, b->size, &b->src), STMBOOT_OK);
}

static void bytes_free(struct bytes *b)
{
	stmboot_source_close(b->src);
	stmboot_context_free(b->ctx);
	free(b->data);
}

struct super_case {
	const char *name;
	size_t offset; /* in the superblock */
	const char *bytes;
	size_t length;
	const char *code;
	enum stmboot_status linux_status;
};

static const struct super_case super_cases[] = {
	{ "blocks of 128 KiB", 0x18, "\7", 1, "ext4.bad-geometry", STMBOOT_CORRUPT },
	{ "a block size shifted away", 0x18, "\xff\xff\xff\xff", 4, "ext4.bad-geometry",
	  STMBOOT_CORRUPT },
	{ "inodes of 0 bytes", 0x58, "\0\0", 2, "ext4.bad-geometry", STMBOOT_CORRUPT },
	{ "inodes of 192 bytes", 0x58, "\300\0", 2, "ext4.bad-geometry", STMBOOT_CORRUPT },
	{ "inodes larger than a block", 0x58, "\0\10", 2, "ext4.bad-geometry", STMBOOT_CORRUPT },
	{ "no blocks in a group", 0x20, "\0\0\0\0", 4, "ext4.bad-geometry", STMBOOT_CORRUPT },
	{ "more blocks in a group than bits in a block", 0x20, "\1\40\0\0", 4, "ext4.bad-geometry",
	  STMBOOT_CORRUPT },
	{ "no inodes in a group", 0x28, "\0\0\0\0", 4, "ext4.bad-geometry", STMBOOT_CORRUPT },
	{ "more inodes in a group than there are", 0x28, "\0\20\0\0", 4, "ext4.bad-geometry",
	  STMBOOT_CORRUPT },
	{ "the first data block behind the end", 0x14, "\xff\xff\xff\xff", 4, "ext4.bad-geometry",
	  STMBOOT_CORRUPT },
	{ "no inodes", 0x00, "\0\0\0\0", 4, "ext4.bad-geometry", STMBOOT_CORRUPT },
	{ "no blocks", 0x04, "\0\0\0\0", 4, "ext4.bad-geometry", STMBOOT_CORRUPT },
	{ "64bit with descriptors of 0 bytes", 0x60, "\202\0\0\0", 4, "ext4.bad-geometry",
	  STMBOOT_CORRUPT },
	{ "errors seen", 0x3a, "\2\0", 2, "ext4.not-clean", STMBOOT_OK },
	{ "not unmounted", 0x3a, "\0\0", 2, "ext4.not-clean", STMBOOT_OK },
	{ "orphans", 0xe8, "\14\0\0\0", 4, "ext4.not-clean", STMBOOT_OK },
	{ "orphans in a file", 0x66, "\1", 1, "ext4.not-clean", STMBOOT_OK },
	{ "a journal to replay", 0x60, "\6\0\0\0", 4, "ext4.needs-recovery", STMBOOT_OK },
	{ "a feature of the future", 0x60, "\2\0\4\0", 4, "ext4.unknown-incompat",
	  STMBOOT_UNSUPPORTED },
	{ "compression", 0x60, "\3\0\0\0", 4, "ext4.unknown-incompat", STMBOOT_UNSUPPORTED },
	{ "a feature that forbids writing", 0x67, "\100", 1, "ext4.unknown-ro-compat", STMBOOT_OK },
	{ "a first inode below 11", 0x54, "\12", 1, "ext4.bad-geometry", STMBOOT_CORRUPT },
	{ "meta_bg", 0x60, "\22\0\0\0", 4, "ext4.meta-bg", STMBOOT_OK },
	{ "inline_data", 0x60, "\2\200\0\0", 4, "ext4.inline-data", STMBOOT_OK },
	{ "encrypt", 0x60, "\2\0\1\0", 4, "ext4.encrypt", STMBOOT_OK },
	{ "casefold", 0x60, "\2\0\2\0", 4, "ext4.casefold", STMBOOT_OK },
};

Test(ext4, superblocks)
{
	struct bytes b;

	bytes_load(&b, "ext2-1k");
	for (size_t i = 0; i < sizeof(super_cases) / sizeof(super_cases[0]); i++) {
		const struct super_case *c = &super_cases[i];
		uint8_t saved[EXT4_SUPERBLOCK_BYTES];
		struct stmboot_fs *fs = NULL;

		memcpy(saved, b.data + EXT4_SUPERBLOCK_OFFSET, sizeof(saved));
		memcpy(b.data + EXT4_SUPERBLOCK_OFFSET + c->offset, c->bytes, c->length);
		expect_finding(b.ctx, b.src, b.size, c->code, c->name);
		cr_expect_eq(stmboot_fs_open_linux(b.ctx, b.src, &fs), c->linux_status, "%s",
			     c->name);
		stmboot_fs_close(fs);
		fs = NULL;
		(void)!stmboot_fs_open_uboot(b.ctx, b.src, &fs);
		stmboot_fs_close(fs);
		memcpy(b.data + EXT4_SUPERBLOCK_OFFSET, saved, sizeof(saved));
	}
	bytes_free(&b);
}

Test(ext4, a_wrong_superblock_checksum_stops_linux_only)
{
	struct stmboot_fs *fs = NULL;
	struct bytes b;

	bytes_load(&b, "ext4-4k");
	b.data[EXT4_SUPERBLOCK_OFFSET + 0x78] ^= 1;
	expect_finding(b.ctx, b.src, b.size, "ext4.superblock-checksum", "label changed");
	cr_expect_eq(stmboot_fs_open_linux(b.ctx, b.src, &fs), STMBOOT_CORRUPT);
	cr_expect_eq(stmboot_fs_open_uboot(b.ctx, b.src, &fs), STMBOOT_OK);
	stmboot_fs_close(fs);
	bytes_free(&b);
}

enum target { INODE, BLOCK, TREE };

struct damage_case {
	const char *name;
	const char *image;
	const char *path; /* whose inode, first block or first extent block is damaged */
	enum target target;
	size_t offset;
	const char *bytes;
	size_t length;
	const char *read; /* what is read then */
	enum stmboot_status linux_status;
	enum stmboot_status uboot_status;
};

static const struct damage_case damage_cases[] = {
	{ "a directory entry without a length", "ext4-1k", "/", BLOCK, 4, "\0\0", 2, "/boot/zImage",
	  STMBOOT_CORRUPT, STMBOOT_CORRUPT },
	{ "a directory entry longer than its block", "ext4-1k", "/", BLOCK, 4, "\374\377", 2,
	  "/boot/zImage", STMBOOT_CORRUPT, STMBOOT_NOT_FOUND },
	{ "a directory entry with an impossible inode", "ext4-1k", "/", BLOCK, 0,
	  "\377\377\377\377", 4, "/boot/zImage", STMBOOT_CORRUPT, STMBOOT_OK },
	{ "an extent root without its magic", "ext4-1k", "/boot/zImage", INODE, 0x28, "\0\0", 2,
	  "/boot/zImage", STMBOOT_CORRUPT, STMBOOT_CORRUPT },
	{ "more extents than have room", "ext4-1k", "/boot/zImage", INODE, 0x2a, "\5", 1,
	  "/boot/zImage", STMBOOT_CORRUPT, STMBOOT_OK },
	{ "an extent past what a long holds", "ext4-1k", "/boot/zImage", INODE, 0x3a, "\1", 1,
	  "/boot/zImage", STMBOOT_CORRUPT, STMBOOT_OK },
	{ "an extent that begins before the file", "ext4-1k", "/boot/zImage", INODE, 0x34,
	  "\377\377\377\377", 4, "/boot/zImage", STMBOOT_OK, STMBOOT_OK },
	{ "an extent past the end", "ext4-1k", "/boot/zImage", INODE, 0x3c, "\377\377\377\177", 4,
	  "/boot/zImage", STMBOOT_CORRUPT, STMBOOT_TRUNCATED },
	{ "an extent tree of depth 6", "ext4-1k", "/boot/zImage", INODE, 0x2e, "\6", 1,
	  "/boot/zImage", STMBOOT_CORRUPT, STMBOOT_TRUNCATED },
	{ "a size of 2^63", "ext4-1k", "/boot/zImage", INODE, 0x6c, "\0\0\0\200", 4, "/boot/zImage",
	  STMBOOT_CORRUPT, STMBOOT_OK },
	{ "a file that is not in use", "ext4-1k", "/boot/zImage", INODE, 0x1a, "\0\0", 2,
	  "/boot/zImage", STMBOOT_CORRUPT, STMBOOT_OK },
	{ "a link longer than any path", "ext4-1k", "/boot/slow", INODE, 0x04, "\0\0\1\0", 4,
	  "/boot/slow", STMBOOT_CORRUPT, STMBOOT_OK },
	{ "a list of blocks past the end", "ext2-1k", "/boot/zImage", INODE, 0x58,
	  "\377\377\377\17", 4, "/boot/zImage", STMBOOT_CORRUPT, STMBOOT_TRUNCATED },
	{ "an inode with a wrong checksum", "ext4-4k", "/etc/one", INODE, 0x08, "\1\2\3\4", 4,
	  "/etc/one", STMBOOT_CORRUPT, STMBOOT_OK },
	{ "a directory with a wrong checksum", "ext4-4k", "/etc", BLOCK, 7, "\1", 1, "/etc/one",
	  STMBOOT_CORRUPT, STMBOOT_OK },
	{ "an extent block with a wrong checksum", "ext4-4k", "/etc/extents", TREE, 8, "\1", 1,
	  "/etc/extents", STMBOOT_CORRUPT, STMBOOT_OK },
	{ "an htree root with a wrong checksum", "htree-4k", "/many", BLOCK, 0x18, "\1", 1,
	  "/many/a-rather-long-name-of-a-file-00001", STMBOOT_CORRUPT, STMBOOT_OK },
	{ "inline data longer than its place", "inline-data", "/etc/inline-100", INODE, 0x04,
	  "\0\2", 2, "/etc/inline-100", STMBOOT_CORRUPT, STMBOOT_TRUNCATED },
};

/* Where the thing to damage stands. */
static size_t target_offset(struct bytes *b, const char *path, enum target target)
{
	struct sb_ext4_run run = { 0 };
	struct sb_walk walk;
	struct stmboot_fs *fs;
	size_t block;

	cr_assert_eq(stmboot_fs_open_uboot(b->ctx, b->src, &fs), STMBOOT_OK);
	cr_assert_eq(fs->ops->walk(fs, path, false, &walk), STMBOOT_OK);
	if (target == BLOCK)
		cr_assert_eq(sb_ext4_map(fs, &walk.inode, 0, &run), STMBOOT_OK);
	block = target == TREE ? sb_get_le32(walk.inode.block + 16) : (size_t)run.physical;
	block *= (size_t)fs->info->block_bytes;
	stmboot_fs_close(fs);
	return target == INODE ? (size_t)walk.inode.offset : block;
}

static enum stmboot_status read_whole(struct stmboot_context *ctx, struct stmboot_fs *fs,
				      const char *path)
{
	struct stmboot_source *src;
	struct sb_arena arena;
	char *data;
	size_t size;
	enum stmboot_status status = stmboot_fs_open(fs, path, &src);

	if (status != STMBOOT_OK)
		return status;
	sb_arena_init(&arena, ctx);
	status = sb_source_load(&arena, src, 64 << 20, &data, &size);
	sb_arena_release(&arena);
	stmboot_source_close(src);
	return status;
}

static void expect_damage(struct bytes *b, const char *path, enum stmboot_status linux_status,
			  enum stmboot_status uboot_status, const char *name)
{
	struct stmboot_fs *fs;
	enum stmboot_status status = stmboot_fs_open_linux(b->ctx, b->src, &fs);

	if (status == STMBOOT_OK) {
		status = read_whole(b->ctx, fs, path);
		stmboot_fs_close(fs);
	}
	cr_expect_eq(status, linux_status, "Linux, %s: %s", name, stmboot_status_text(status));
	cr_assert_eq(stmboot_fs_open_uboot(b->ctx, b->src, &fs), STMBOOT_OK, "%s", name);
	status = read_whole(b->ctx, fs, path);
	cr_expect_eq(status, uboot_status, "U-Boot, %s: %s", name, stmboot_status_text(status));
	stmboot_fs_close(fs);
}

Test(ext4, damage_is_told_from_absence)
{
	for (size_t i = 0; i < sizeof(damage_cases) / sizeof(damage_cases[0]); i++) {
		const struct damage_case *c = &damage_cases[i];
		struct bytes b;

		bytes_load(&b, c->image);
		memcpy(b.data + target_offset(&b, c->path, c->target) + c->offset, c->bytes,
		       c->length);
		expect_damage(&b, c->read, c->linux_status, c->uboot_status, c->name);
		bytes_free(&b);
	}
}

Test(ext4, uboot_cuts_the_block_of_an_inode_table_to_32_bits)
{
	struct bytes b;
	uint32_t table;

	bytes_load(&b, "ext4-4k");
	table = sb_get_le32(b.data + 4096 + 0x08);
	for (unsigned i = 0; i < 4; i++)
		b.data[4096 + 0x28 + i] = 0x11; /* the upper half, which is 0 on any card */
	cr_expect_lt(table, b.size / 4096);
	expect_damage(&b, "/etc/one", STMBOOT_CORRUPT, STMBOOT_OK, "upper half");
	bytes_free(&b);
}

Test(ext4, no_name_leads_linux_to_an_inode_of_the_file_system_itself)
{
	struct stmboot_fs_node node;
	struct stmboot_fs *fs;
	struct bytes b;
	uint8_t *block, *name;

	bytes_load(&b, "ext4-1k");
	block = b.data + target_offset(&b, "/boot", BLOCK);
	name = memmem(block, 1024, "zImage", 6);
	cr_assert_not_null(name);
	sb_put_le(name - 8, 8, 4); /* the journal */
	cr_assert_eq(stmboot_fs_open_linux(b.ctx, b.src, &fs), STMBOOT_OK);
	cr_expect_eq(stmboot_fs_stat(fs, "/boot/zImage", true, &node), STMBOOT_CORRUPT);
	cr_expect_eq(stmboot_fs_stat(fs, "/boot", true, &node), STMBOOT_OK);
	stmboot_fs_close(fs);
	cr_assert_eq(stmboot_fs_open_uboot(b.ctx, b.src, &fs), STMBOOT_OK);
	cr_expect_eq(stmboot_fs_stat(fs, "/boot/zImage", true, &node), STMBOOT_OK);
	stmboot_fs_close(fs);
	bytes_free(&b);
}

/* Which it looks up like any other name. */
Test(ext4, to_uboot_two_dots_may_be_a_link)
{
	char through_dots[STMBOOT_FS_PATH_BYTES], through_link[STMBOOT_FS_PATH_BYTES];
	struct stmboot_fs_node link;
	struct stmboot_fs *fs;
	struct bytes b;
	size_t dots;

	bytes_load(&b, "ext4-1k");
	dots = target_offset(&b, "/boot", BLOCK) + 12;
	cr_assert_eq(stmboot_fs_open_uboot(b.ctx, b.src, &fs), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_stat(fs, "/boot/slow", false, &link), STMBOOT_OK);
	stmboot_fs_close(fs);
	sb_put_le(b.data + dots, link.inode, 4);
	b.data[dots + 7] = 7; /* a symbolic link */
	cr_assert_eq(stmboot_fs_open_uboot(b.ctx, b.src, &fs), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_resolve(fs, "/boot/slow", through_link, sizeof(through_link)),
		     STMBOOT_OK);
	cr_assert_eq(stmboot_fs_resolve(fs, "/boot/..", through_dots, sizeof(through_dots)),
		     STMBOOT_OK);
	cr_expect_str_eq(through_dots, through_link);
	stmboot_fs_close(fs);
	bytes_free(&b);
}

Test(ext4, an_extent_tree_that_leads_back_to_itself_ends)
{
	struct bytes b;
	size_t block;
	uint32_t number;

	bytes_load(&b, "ext4-1k");
	block = target_offset(&b, "/etc/extents", TREE);
	number = (uint32_t)(block / 1024);
	for (unsigned i = 0; i < 4; i++)
		b.data[block + 16 + i] = (uint8_t)(number >> 8 * i);
	expect_damage(&b, "/etc/extents", STMBOOT_CORRUPT, STMBOOT_CORRUPT, "a loop");
	bytes_free(&b);
}

/* Visit everything, and read both ends of every file. */
struct tour {
	struct stmboot_fs *fs;
	char path[512];
	unsigned steps;
	unsigned depth;
};

static void tour_file(struct tour *tour)
{
	static char buffer[65536];
	struct stmboot_source *src;
	uint64_t size, place;

	if (stmboot_fs_open(tour->fs, tour->path, &src) != STMBOOT_OK)
		return;
	size = stmboot_source_size(src);
	(void)!stmboot_source_read(src, 0, buffer,
				   (size_t)(size < sizeof(buffer) ? size : sizeof(buffer)));
	if (size > sizeof(buffer))
		(void)!stmboot_source_read(src, size - sizeof(buffer), buffer, sizeof(buffer));
	(void)!stmboot_source_next_data(src, size / 2, &place, &size);
	(void)stmboot_source_locate(src, size / 2, &place);
	stmboot_source_close(src);
}

static bool tour_entry(void *user, const struct stmboot_fs_entry *entry)
{
	struct tour *tour = user;
	size_t length = strlen(tour->path);
	struct stmboot_fs_node node;
	char target[STMBOOT_FS_PATH_BYTES];

	if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0 ||
	    length + strlen(entry->name) + 2 > sizeof(tour->path))
		return true;
	snprintf(tour->path + length, sizeof(tour->path) - length, "/%s", entry->name);
	if (stmboot_fs_stat(tour->fs, tour->path, false, &node) == STMBOOT_OK) {
		(void)!stmboot_fs_readlink(tour->fs, tour->path, target, sizeof(target));
		tour_file(tour);
		tour->depth++;
		if (node.type == STMBOOT_FS_DIRECTORY && tour->depth < 6)
			(void)!stmboot_fs_list(tour->fs, tour->path, tour_entry, tour);
		tour->depth--;
	}
	tour->path[length] = '\0';
	return ++tour->steps < 100;
}

static void tour_both(struct stmboot_context *ctx, struct stmboot_source *src)
{
	struct tour tour = { 0 };

	if (stmboot_fs_open_linux(ctx, src, &tour.fs) == STMBOOT_OK) {
		(void)!stmboot_fs_list(tour.fs, "/", tour_entry, &tour);
		stmboot_fs_close(tour.fs);
	}
	tour = (struct tour){ 0 };
	if (stmboot_fs_open_uboot(ctx, src, &tour.fs) == STMBOOT_OK) {
		(void)!stmboot_fs_list(tour.fs, "/", tour_entry, &tour);
		stmboot_fs_close(tour.fs);
	}
}

Test(ext4, cut_at_any_place_it_ends_well)
{
	struct bytes b;

	bytes_load(&b, "ext4-4k");
	for (size_t size = 512; size < b.size; size += size / 3) {
		struct stmboot_source *cut;

		cr_assert_eq(stmboot_source_window(b.ctx, b.src, 0, size, &cut), STMBOOT_OK);
		tour_both(b.ctx, cut);
		stmboot_source_close(cut);
	}
	bytes_free(&b);
}

Test(ext4, random_damage_ends_well)
{
	static const char *const names[] = { "ext2-1k", "ext4-1k", "inline-data" };
	uint32_t random = 1;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bytes b;

		bytes_load(&b, names[i]);
		for (unsigned round = 0; round < 300; round++) {
			random = random * 1664525 + 1013904223;
			b.data[2048 + (random >> 8) % (600 << 10)] =
				(uint8_t)(round % 3 == 0 ? 0xff : random >> 4);
			if (round % 15 == 0)
				tour_both(b.ctx, b.src);
		}
		bytes_free(&b);
	}
}

static bool any_entry(void *user, const struct stmboot_fs_entry *entry)
{
	(void)user;
	return entry->name[0] != '\0';
}

static enum stmboot_status use_all(struct stmboot_context *ctx, struct stmboot_source *src,
				   bool as_linux)
{
	struct stmboot_fs *fs;
	char path[STMBOOT_FS_PATH_BYTES];
	enum stmboot_status status = as_linux ? stmboot_fs_open_linux(ctx, src, &fs)
					      : stmboot_fs_open_uboot(ctx, src, &fs);

	if (status != STMBOOT_OK)
		return status;
	status = read_whole(ctx, fs, "/boot/slow");
	if (status == STMBOOT_OK)
		status = read_whole(ctx, fs, "/etc/extents");
	if (status == STMBOOT_OK)
		status = stmboot_fs_resolve(fs, "/boot/absolute", path, sizeof(path));
	if (status == STMBOOT_OK)
		status = stmboot_fs_readlink(fs, "/boot/slow", path, sizeof(path));
	if (status == STMBOOT_OK)
		status = stmboot_fs_list(fs, "/many", any_entry, NULL);
	stmboot_fs_close(fs);
	return status;
}

Test(ext4, without_memory_every_call_says_so)
{
	struct heap heap = { 0 };
	struct stmboot_context *ctx = heap_context(&heap);
	struct bytes b;

	bytes_load(&b, "ext4-1k");
	for (unsigned reader = 0; reader < 2; reader++) {
		enum stmboot_status status = STMBOOT_NO_MEMORY;
		unsigned n;

		for (n = 1; status != STMBOOT_OK && n < 1000; n++) {
			heap_refuse(&heap, n);
			status = use_all(ctx, b.src, reader == 0);
			cr_expect(status == STMBOOT_OK || status == STMBOOT_NO_MEMORY, "%u: %s", n,
				  stmboot_status_text(status));
		}
		cr_expect_eq(status, STMBOOT_OK);
		cr_expect_gt(n, 8);
	}
	cr_expect_eq(heap.live, 1);
	stmboot_context_free(ctx);
	bytes_free(&b);
}
