/* SPDX-License-Identifier: MIT */
/* Extended attributes: those that debugfs wrote, and damaged ones. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../fuzz/ext4_image.h"
#include "../support/ext4_medium.h"

static const struct stmboot_fs_attributes *read_path(struct stmboot_fs *fs, const char *path)
{
	const struct stmboot_fs_attributes *attributes;
	struct stmboot_fs_node node;

	cr_assert_eq(stmboot_fs_stat(fs, path, false, &node), STMBOOT_OK, "%s", path);
	cr_assert_eq(stmboot_fs_attributes_read(fs, node.inode, &attributes), STMBOOT_OK, "%s",
		     path);
	return attributes;
}

static const struct stmboot_fs_attribute *find(const struct stmboot_fs_attributes *attributes,
					       const char *name)
{
	for (size_t i = 0; i < attributes->count; i++)
		if (strcmp(attributes->items[i].name, name) == 0)
			return &attributes->items[i];
	return NULL;
}

/* Is the value of a name that of a file which ext4_images.sh left? */
static bool is_file(const struct stmboot_fs_attributes *attributes, const char *wanted,
		    const char *name)
{
	const struct stmboot_fs_attribute *attribute = find(attributes, wanted);
	static char data[1 << 16];
	FILE *file = fopen(in_folder(name), "rb");
	size_t size;

	cr_assert_not_null(file);
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	return attribute != NULL && attribute->size == size &&
	       memcmp(attribute->value, data, size) == 0;
}

static bool is_text(const struct stmboot_fs_attributes *attributes, const char *name,
		    const char *text)
{
	const struct stmboot_fs_attribute *attribute = find(attributes, name);

	return attribute != NULL && attribute->size == strlen(text) &&
	       memcmp(attribute->value, text, strlen(text)) == 0;
}

Test(fs_attributes, those_in_the_inode_and_those_in_a_block)
{
	static const char *const images[] = { "ext3-1k", "ext4-1k",    "ext4-2k",
					      "ext4-4k", "no-flex-bg", "inode-128" };

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		const struct stmboot_fs_attributes *attributes;
		struct medium m;

		open_linux(&m, images[i]);
		attributes = read_path(m.fs, "/etc/one");
		cr_assert_eq(attributes->count, 2, "%s", images[i]);
		cr_expect_str_eq(attributes->items[0].name, "user.big");
		cr_expect_str_eq(attributes->items[1].name, "user.small");
		cr_expect(is_file(attributes, "user.big", "attribute"), "%s", images[i]);
		cr_expect(is_text(attributes, "user.small", "a small note"), "%s", images[i]);
		stmboot_fs_attributes_free(attributes);
		attributes = read_path(m.fs, "/etc/empty");
		cr_expect_eq(attributes->count, 0);
		stmboot_fs_attributes_free(attributes);
		medium_close(&m);
	}
}

Test(fs_attributes, values_in_inodes_and_lists_of_rights)
{
	const struct stmboot_fs_attributes *attributes;
	struct medium m;

	open_linux(&m, "ea-inode");
	attributes = read_path(m.fs, "/etc/one");
	cr_assert_eq(attributes->count, 5);
	for (size_t i = 1; i < attributes->count; i++)
		cr_expect_lt(strcmp(attributes->items[i - 1].name, attributes->items[i].name), 0);
	cr_expect(is_file(attributes, "user.inode", "value"));
	cr_expect(is_file(attributes, "system.posix_acl_access", "acl"));
	cr_expect(is_text(attributes, "trusted.t", ""));
	stmboot_fs_attributes_free(attributes);
	attributes = read_path(m.fs, "/boot");
	cr_assert_eq(attributes->count, 1);
	cr_expect(is_text(attributes, "security.s", "s"));
	stmboot_fs_attributes_free(attributes);
	medium_close(&m);
}

Test(fs_attributes, the_rest_of_inline_data_is_no_attribute)
{
	const struct stmboot_fs_attributes *attributes;
	struct medium m;

	open_linux(&m, "inline-data");
	attributes = read_path(m.fs, "/etc/inline-100");
	cr_expect_eq(attributes->count, 0);
	stmboot_fs_attributes_free(attributes);
	medium_close(&m);
}

Test(fs_attributes, uboot_knows_none)
{
	const struct stmboot_fs_attributes *attributes;
	struct medium m;

	open_uboot(&m, "ext4-1k");
	cr_expect_eq(stmboot_fs_attributes_read(m.fs, 12, &attributes), STMBOOT_UNSUPPORTED);
	medium_close(&m);
}

/* Where the attributes of /boot/tree stand in the file system of ext4_image.h. */
enum {
	TREE_AT = INODE_TABLE * BLOCK + 11 * INODE,
	BODY_AT = TREE_AT + 160, /* behind the fields: the magic, and then entries */
	VALUE_AT = INODE_TABLE * BLOCK + (VALUE_INODE - 1) * INODE,
	XATTR_AT = ATTRIBUTE_BLOCK * BLOCK,
};

static void make_attributes(uint8_t *medium)
{
	image_make(medium);
	image_attributes(medium);
}

struct damage {
	const char *name;
	uint32_t offset;
	size_t size;
	const char *bytes;
	const char *trouble;
};

static const struct damage damages[] = {
	{ "a value that reaches out of its inode", BODY_AT + 4 + 8, 4, "\5\0\0\0",
	  "an attribute that reaches out of its place" },
	{ "a name that reaches out of its block", XATTR_AT + 32, 1, "\377", NULL },
	{ "a block without its magic", XATTR_AT, 1, "x",
	  "a block of attributes without its magic" },
	{ "a second block", XATTR_AT + 8, 1, "\2", "a block of attributes without its magic" },
	{ "a block outside", TREE_AT + 0x68, 4, "\0\1\0\0",
	  "a block of attributes outside the file system" },
	{ "a block that is the superblock", TREE_AT + 0x68, 4, "\1\0\0\0",
	  "a block of attributes outside the file system" },
	{ "a name with a NUL", BODY_AT + 4 + 16, 4, "li\0t",
	  "an attribute with a NUL in its name" },
	{ "a list of rights of another version", XATTR_AT + 900, 1, "\2",
	  "a damaged access control list" },
	{ "a list of rights cut short", XATTR_AT + 32 + 20 + 8, 1, "\17",
	  "a damaged access control list" },
	{ "a value in a file", VALUE_AT + 0x20, 4, "\0\0\0\0",
	  "an attribute whose value is no inode of a value" },
	{ "a value in a directory", XATTR_AT + 32 + 20 + 16 + 4, 1, "\2",
	  "an attribute whose value is no inode of a value" },
	{ "a value in no inode", XATTR_AT + 32 + 20 + 16 + 4, 1, "\377",
	  "an inode number out of range" },
	{ "a value of another size", XATTR_AT + 32 + 20 + 16 + 8, 1, "\1",
	  "an attribute whose value is no inode of a value" },
	{ "a value with a wrong checksum", VALUE_AT + 0x08, 1, "\1",
	  "the value of an attribute with a wrong checksum" },
	{ "a value of an impossible size", XATTR_AT + 32 + 20 + 16 + 8, 4, "\1\0\1\0",
	  "an attribute of an impossible size" },
};

static uint8_t medium[MEDIUM];

static struct stmboot_fs *open_made(struct stmboot_context *ctx, struct stmboot_source **src)
{
	struct stmboot_fs *fs;

	cr_assert_eq(stmboot_source_from_memory(ctx, medium, MEDIUM, src), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_open_linux(ctx, *src, &fs), STMBOOT_OK);
	return fs;
}

Test(fs_attributes, the_first_of_a_name_counts)
{
	const struct stmboot_fs_attributes *attributes;
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_fs *fs;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	make_attributes(medium);
	fs = open_made(ctx, &src);
	attributes = read_path(fs, "/boot/tree");
	cr_assert_eq(attributes->count, 4);
	cr_expect(is_text(attributes, "user.a", "in"));
	cr_expect(is_text(attributes, "user.list", "list"));
	cr_expect_eq(attributes->items[0].size, 20);
	cr_expect_str_eq(attributes->items[1].name, "trusted.v");
	cr_expect_eq(attributes->items[1].size, VALUE_BYTES);
	stmboot_fs_attributes_free(attributes);
	stmboot_fs_close(fs);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
}

Test(fs_attributes, damage_is_told_with_its_place)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const struct damage *d = &damages[i];
		const struct stmboot_fs_attributes *attributes;
		struct stmboot_source *src;
		struct stmboot_fs *fs;
		const char *trouble;
		bool has_offset = false;
		uint64_t offset;

		make_attributes(medium);
		memcpy(medium + d->offset, d->bytes, d->size);
		fs = open_made(ctx, &src);
		cr_expect_eq(stmboot_fs_attributes_read(fs, 12, &attributes), STMBOOT_CORRUPT, "%s",
			     d->name);
		trouble = stmboot_fs_trouble(fs, &has_offset, &offset);
		cr_assert_not_null(trouble, "%s", d->name);
		if (d->trouble != NULL)
			cr_expect_str_eq(trouble, d->trouble, "%s", d->name);
		stmboot_fs_close(fs);
		stmboot_source_close(src);
	}
	stmboot_context_free(ctx);
}

Test(fs_attributes, a_block_with_a_wrong_checksum)
{
	const struct stmboot_fs_attributes *attributes;
	static uint8_t image[24 << 20];
	struct stmboot_source *src;
	struct stmboot_fs *fs;
	struct medium m;
	size_t flipped = 0;

	medium_open(&m, "ext4-4k");
	cr_assert_eq(stmboot_source_read(m.file, 0, image, sizeof(image)), STMBOOT_OK);
	/* the block is the one with the magic of attributes at its start */
	for (size_t at = 0; at < sizeof(image); at += 4096)
		if (memcmp(image + at, "\0\0\2\352\1\0\0\0\1\0\0\0", 12) == 0) {
			image[at + 4095] ^= 1;
			flipped++;
		}
	cr_assert_eq(flipped, 1);
	cr_assert_eq(stmboot_source_from_memory(m.ctx, image, sizeof(image), &src), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_open_linux(m.ctx, src, &fs), STMBOOT_OK);
	{
		struct stmboot_fs_node node;
		bool has_offset;
		uint64_t offset;

		cr_assert_eq(stmboot_fs_stat(fs, "/etc/one", true, &node), STMBOOT_OK);
		cr_expect_eq(stmboot_fs_attributes_read(fs, node.inode, &attributes),
			     STMBOOT_CORRUPT);
		cr_expect_str_eq(stmboot_fs_trouble(fs, &has_offset, &offset),
				 "a block of attributes with a wrong checksum");
		cr_expect(has_offset);
	}
	stmboot_fs_close(fs);
	stmboot_source_close(src);
	medium_close(&m);
}

Test(fs_attributes, there_are_no_more_bytes_than_the_context_allows)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options),
						   .limits = { .max_text_bytes = 500 } };
	const struct stmboot_fs_attributes *attributes;
	struct stmboot_fs_node node;
	struct stmboot_context *ctx;
	struct stmboot_fs *fs;
	struct medium m;

	medium_open(&m, "ext4-4k");
	cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_open_linux(ctx, m.cache, &fs), STMBOOT_OK);
	cr_assert_eq(stmboot_fs_stat(fs, "/etc/one", true, &node), STMBOOT_OK);
	cr_expect_eq(stmboot_fs_attributes_read(fs, node.inode, &attributes), STMBOOT_LIMIT);
	stmboot_fs_close(fs);
	stmboot_context_free(ctx);
	medium_close(&m);
}
