/* SPDX-License-Identifier: MIT */
/* Which file systems may be edited: images that mke2fs made, then damaged one by one. */
#include <string.h>

#include "../support/ext4_medium.h"
#include "fs/ext4.h"
#include "fs/ext4_edit.h"

/* An image in memory, to be damaged. */
struct copy {
	struct stmboot_context *ctx;
	uint8_t *data;
	uint64_t size;
	uint64_t block_bytes;
	uint64_t descriptor_bytes;
};

static uint64_t get(const struct copy *copy, uint64_t offset, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = bytes; i-- > 0;)
		value = value << 8 | copy->data[offset + i];
	return value;
}

static void put(struct copy *copy, uint64_t offset, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		copy->data[offset + i] = (uint8_t)(value >> 8 * i);
}

static void copy_open(struct copy *copy, const char *name)
{
	struct medium m;

	medium_open(&m, name);
	copy->size = stmboot_source_size(m.file);
	copy->data = malloc((size_t)copy->size);
	cr_assert_not_null(copy->data);
	cr_assert_eq(stmboot_source_read(m.file, 0, copy->data, (size_t)copy->size), STMBOOT_OK);
	medium_close(&m);
	cr_assert_eq(stmboot_context_new(NULL, &copy->ctx), STMBOOT_OK);
	copy->block_bytes = (uint64_t)1024 << get(copy, 1024 + S_LOG_BLOCK_SIZE, 4);
	copy->descriptor_bytes = get(copy, 1024 + S_FEATURE_INCOMPAT, 4) & INCOMPAT_64BIT ? 64 : 32;
}

static void copy_close(struct copy *copy)
{
	free(copy->data);
	stmboot_context_free(copy->ctx);
}

/* The reason of a refusal, or "fit". */
static const char *judge(struct copy *copy, enum sb_ext4_reach reach)
{
	struct stmboot_source *src;
	struct stmboot_fs *fs = NULL;
	static struct stmboot_refusal refusal;
	enum stmboot_status status;

	cr_assert_eq(stmboot_source_from_memory(copy->ctx, copy->data, copy->size, &src),
		     STMBOOT_OK);
	status = sb_ext4_open_fit(copy->ctx, src, reach, &refusal, &fs);
	cr_expect_eq(status == STMBOOT_OK, refusal.message[0] == '\0');
	stmboot_fs_close(fs);
	stmboot_source_close(src);
	return status == STMBOOT_OK ? "fit" : refusal.message;
}

/* Where things stand. */
static uint64_t descriptor(const struct copy *copy, uint32_t group)
{
	uint64_t first = get(copy, 1024 + S_FIRST_DATA_BLOCK, 4) + 1;

	return first * copy->block_bytes + group * copy->descriptor_bytes;
}

static uint64_t inode(const struct copy *copy, uint32_t number)
{
	uint32_t group = (number - 1) / (uint32_t)get(copy, 1024 + S_INODES_PER_GROUP, 4);
	uint64_t index = (number - 1) % get(copy, 1024 + S_INODES_PER_GROUP, 4);

	return get(copy, descriptor(copy, group) + 8, 4) * copy->block_bytes +
	       index * get(copy, 1024 + S_INODE_SIZE, 2);
}

static uint32_t inode_of(struct copy *copy, const char *path)
{
	struct stmboot_source *src;
	struct stmboot_fs_node node;
	struct stmboot_fs *fs;

	cr_assert_eq(stmboot_source_from_memory(copy->ctx, copy->data, copy->size, &src),
		     STMBOOT_OK);
	cr_assert_eq(stmboot_fs_open_linux(copy->ctx, src, &fs), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_stat(fs, path, false, &node), STMBOOT_OK);
	stmboot_fs_close(fs);
	stmboot_source_close(src);
	return node.inode;
}

static const struct {
	const char *image;
	const char *content;    /* what is said of an edit in place */
	const char *allocation; /* of one that allocates */
} shapes[] = {
	{ "ext2-1k", "fit", "fit" },      { "ext2-4k", "fit", "fit" },
	{ "ext2-plain", "fit", "fit" },   { "ext3-1k", "fit", "fit" },
	{ "ext4-1k", "fit", "fit" },      { "ext4-2k", "fit", "fit" },
	{ "ext4-4k", "fit", "fit" },      { "ext4-64k", "fit", "fit" },
	{ "uninit-bg", "fit", "fit" },    { "seed-orphan", "fit", "fit" },
	{ "no-flex-bg", "fit", "fit" },   { "inode-128", "fit", "fit" },
	{ "htree-1k", "fit", "fit" },     { "htree-4k", "fit", "fit" },
	{ "small-groups", "fit", "fit" }, { "meta-bg", "fit", "fit" },
	{ "removed", "fit", "fit" },      { "inline-data", "fit", "inline_data" },
	{ "default", "fit", "fit" },      { "bigalloc-1k", "bigalloc", "bigalloc" },
};

Test(ext4_preflight, whole_file_systems_are_fit_unless_a_feature_is_not_handled)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct copy copy;
		const char *content, *allocation;

		copy_open(&copy, shapes[i].image);
		content = judge(&copy, SB_EXT4_CONTENT);
		allocation = judge(&copy, SB_EXT4_ALLOCATION);
		cr_expect(strstr(content, shapes[i].content), "%s: %s", shapes[i].image, content);
		cr_expect(strstr(allocation, shapes[i].allocation), "%s: %s", shapes[i].image,
			  allocation);
		copy_close(&copy);
	}
}

/* A field of the superblock of ext4-1k, which has no checksum. */
static const struct {
	const char *name;
	uint64_t field;
	uint64_t set; /* bits */
	uint64_t cleared;
	size_t bytes;
	const char *reason;
	bool allocation_only;
} superblocks[] = {
	{ "a journal to be replayed", S_FEATURE_INCOMPAT, 0x4, 0, 4, "has to be replayed" },
	{ "a journal device", S_FEATURE_INCOMPAT, 0x8, 0, 4, "journal of another" },
	{ "multiple mount protection", S_FEATURE_INCOMPAT, 0x100, 0, 4, "feature mmp" },
	{ "a future incompatible feature", S_FEATURE_INCOMPAT, 0x800000, 0, 4, "not known" },
	{ "compressed files", S_FEATURE_INCOMPAT, 0x1, 0, 4, "not known" },
	{ "orphans in their file", S_FEATURE_RO_COMPAT, 0x10000, 0, 4, "wait to be released" },
	{ "a file system never to be written", S_FEATURE_RO_COMPAT, 0x1000, 0, 4, "never to be" },
	{ "shared blocks", S_FEATURE_RO_COMPAT, 0x4000, 0, 4, "shared between" },
	{ "a future feature", S_FEATURE_RO_COMPAT, 0x800000, 0, 4, "not known" },
	{ "quota", S_FEATURE_RO_COMPAT, 0x100, 0, 4, "feature quota", true },
	{ "project quota", S_FEATURE_RO_COMPAT, 0x2000, 0, 4, "feature project", true },
	{ "directories as trees", S_FEATURE_RO_COMPAT, 0x4, 0, 4, "feature btree_dir", true },
	{ "errors seen by Linux", S_STATE, 2, 0, 2, "Linux found errors" },
	{ "a file system in use", S_STATE, 0, 1, 2, "not unmounted" },
	{ "a recovery under way", S_STATE, 4, 0, 2, "being recovered" },
	{ "a list of orphans", S_LAST_ORPHAN, 13, 0, 4, "wait to be released" },
	{ "a journal elsewhere", S_JOURNAL_INUM, 0, UINT32_MAX, 4, "another device" },
	{ "more blocks than the partition has", S_BLOCKS_COUNT_LO, 1, 0, 4, "past the end" },
	{ "groups of no blocks", S_BLOCKS_PER_GROUP, 0, UINT32_MAX, 4, "blocks in a group" },
	{ "groups of an odd number", S_BLOCKS_PER_GROUP, 4, 0, 4, "in a group" },
	{ "an impossible block size", S_LOG_BLOCK_SIZE, 0x100, 0, 4, "block size" },
	{ "another magic number", S_MAGIC, 0, 0x53, 2, "no ext4" },
	{ "inodes reserved without end", S_FIRST_INO, 0x10000, 0, 4, "reserved inodes" },
	{ "a wrong count of free blocks", S_FREE_BLOCKS_COUNT_LO, 0, UINT32_MAX, 4, "free blocks",
	  true },
	{ "a wrong count of free inodes", S_FREE_INODES_COUNT, 0, UINT32_MAX, 4, "free inodes",
	  true },
};

Test(ext4_preflight, a_superblock_that_forbids_an_edit_is_refused)
{
	struct copy copy;

	copy_open(&copy, "ext4-1k");
	for (size_t i = 0; i < sizeof(superblocks) / sizeof(superblocks[0]); i++) {
		uint64_t at = 1024 + superblocks[i].field;
		uint64_t old = get(&copy, at, superblocks[i].bytes);
		const char *reason;

		put(&copy, at, (old & ~superblocks[i].cleared) | superblocks[i].set,
		    superblocks[i].bytes);
		cr_assert_neq(get(&copy, at, superblocks[i].bytes), old, "%s", superblocks[i].name);
		reason = judge(&copy, SB_EXT4_ALLOCATION);
		cr_expect(strstr(reason, superblocks[i].reason), "%s: %s", superblocks[i].name,
			  reason);
		reason = judge(&copy, SB_EXT4_CONTENT);
		cr_expect(strstr(reason,
				 superblocks[i].allocation_only ? "fit" : superblocks[i].reason),
			  "%s, in place: %s", superblocks[i].name, reason);
		put(&copy, at, old, superblocks[i].bytes);
	}
	copy_close(&copy);
}

Test(ext4_preflight, wrong_checksums_are_refused)
{
	struct copy copy;
	const char *reason;

	copy_open(&copy, "ext4-4k");
	copy.data[1024 + S_VOLUME_NAME] ^= 1;
	reason = judge(&copy, SB_EXT4_CONTENT);
	cr_expect(strstr(reason, "superblock does not match"), "%s", reason);
	copy.data[1024 + S_VOLUME_NAME] ^= 1;
	copy.data[descriptor(&copy, 0) + 12] ^= 1;
	reason = judge(&copy, SB_EXT4_CONTENT);
	cr_expect(strstr(reason, "group descriptors"), "%s", reason);
	copy.data[descriptor(&copy, 0) + 12] ^= 1;
	copy.data[inode(&copy, inode_of(&copy, "/etc/one")) + 8] ^= 1;
	reason = judge(&copy, SB_EXT4_ALLOCATION);
	cr_expect(strstr(reason, "inode with a wrong checksum"), "%s", reason);
	copy_close(&copy);
}

/* Damages of ext4-1k that only a look at every inode finds. */
static void damage_block_bitmap(struct copy *copy)
{
	copy->data[get(copy, descriptor(copy, 1), 4) * copy->block_bytes + 100] ^= 4;
}

static void damage_inode_bitmap(struct copy *copy)
{
	copy->data[get(copy, descriptor(copy, 0) + 4, 4) * copy->block_bytes + 9] ^= 1;
}

static void damage_two_owners(struct copy *copy)
{
	uint64_t from = inode(copy, inode_of(copy, "/etc/one"));
	uint64_t to = inode(copy, inode_of(copy, "/etc/inline-100"));

	memcpy(copy->data + to + 0x28, copy->data + from + 0x28, 60);
}

static void damage_data_in_table(struct copy *copy)
{
	put(copy, inode(copy, inode_of(copy, "/etc/one")) + 0x28 + 12 + 8,
	    get(copy, descriptor(copy, 0) + 8, 4), 4);
}

static void damage_outside(struct copy *copy)
{
	put(copy, inode(copy, inode_of(copy, "/etc/one")) + 0x28 + 12 + 8, 0xffffff, 4);
}

static void damage_extent_magic(struct copy *copy)
{
	copy->data[inode(copy, inode_of(copy, "/etc/one")) + 0x28] ^= 1;
}

static void damage_lost_inode(struct copy *copy)
{
	put(copy, inode(copy, inode_of(copy, "/etc/one")) + 0x1a, 0, 2);
}

static void damage_group_blocks(struct copy *copy)
{
	copy->data[descriptor(copy, 1) + 12] ^= 1;
}

static void damage_group_directories(struct copy *copy)
{
	copy->data[descriptor(copy, 0) + 16] ^= 1;
}

static void damage_attributes(struct copy *copy)
{
	put(copy, inode(copy, inode_of(copy, "/etc/one")) + 0x68, 0xffffff, 4);
}

static void damage_extents_loop(struct copy *copy)
{
	uint64_t extents = inode(copy, inode_of(copy, "/etc/extents")) + 0x28;
	uint64_t child = get(copy, extents + 12 + 4, 4);

	cr_assert_gt(get(copy, extents + 6, 2), 1, "the tree is too small");
	put(copy, child * copy->block_bytes + 12 + 4, child, 4);
}

static const struct {
	const char *name;
	void (*damage)(struct copy *copy);
	const char *reason;
} damages[] = {
	{ "a bit of a block bitmap", damage_block_bitmap, "block bitmap that contradicts" },
	{ "a bit of an inode bitmap", damage_inode_bitmap, "inode bitmap that contradicts" },
	{ "two files in one block", damage_two_owners, "two owners" },
	{ "a file in the inode table", damage_data_in_table, "two owners" },
	{ "a file outside the file system", damage_outside, "outside" },
	{ "an extent tree without its magic", damage_extent_magic, "magic" },
	{ "a removed inode still in the bitmap", damage_lost_inode, "wrong counts of inodes" },
	{ "a wrong count of blocks", damage_group_blocks, "wrong count of blocks" },
	{ "a wrong count of directories", damage_group_directories, "wrong counts of inodes" },
	{ "attributes outside", damage_attributes, "outside" },
	{ "an extent tree that leads back to itself", damage_extents_loop, "two owners" },
};

Test(ext4_preflight, damage_that_an_allocation_could_make_worse_is_refused)
{
	struct copy copy;
	uint8_t *whole;

	copy_open(&copy, "ext4-1k");
	whole = malloc((size_t)copy.size);
	cr_assert_not_null(whole);
	memcpy(whole, copy.data, (size_t)copy.size);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const char *reason;

		memcpy(copy.data, whole, (size_t)copy.size);
		damages[i].damage(&copy);
		reason = judge(&copy, SB_EXT4_ALLOCATION);
		cr_expect(strstr(reason, damages[i].reason), "%s: %s", damages[i].name, reason);
	}
	free(whole);
	copy_close(&copy);
}
