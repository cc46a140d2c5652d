/* SPDX-License-Identifier: MIT */
#include "fs/ext4_attributes.h"

#include <string.h>

#include "base/checked.h"
#include "base/cursor.h"

enum {
	IN_INODE_HEADER_BYTES = 4, /* the magic number alone */
	BLOCK_HEADER_BYTES = 32,
	H_BLOCKS = 8,
	ENTRY_BYTES = 16, /* before the name */
	END_BYTES = 4,    /* zeros behind the last entry */
	E_NAME_LEN = 0,
	E_NAME_INDEX = 1,
	E_VALUE_OFFS = 2,
	E_VALUE_INUM = 4,
	E_VALUE_SIZE = 8,
};

static const uint32_t XATTR_MAGIC = 0xea020000;

bool sb_ext4_attributes_in_inode(const uint8_t *raw, size_t size,
				 struct sb_ext4_attribute_list *list)
{
	size_t fields = size > EXT4_FIRST_INODE_BYTES + 2
				? sb_get_le16(raw + EXT4_FIRST_INODE_BYTES)
				: size;
	size_t at = EXT4_FIRST_INODE_BYTES + fields;

	if (at > size || size - at < IN_INODE_HEADER_BYTES || sb_get_le32(raw + at) != XATTR_MAGIC)
		return false;
	at += IN_INODE_HEADER_BYTES;
	*list = (struct sb_ext4_attribute_list){ .data = raw, .size = size, .base = at, .at = at };
	return true;
}

bool sb_ext4_attributes_in_block(const uint8_t *block, size_t size,
				 struct sb_ext4_attribute_list *list)
{
	if (sb_get_le32(block) != XATTR_MAGIC || sb_get_le32(block + H_BLOCKS) != 1)
		return false;
	*list = (struct sb_ext4_attribute_list){ .data = block,
						 .size = size,
						 .at = BLOCK_HEADER_BYTES };
	return true;
}

enum stmboot_status sb_ext4_attribute_next(struct sb_ext4_attribute_list *list,
					   struct sb_ext4_attribute *out)
{
	const uint8_t *entry = list->data + list->at;
	size_t left = list->size - list->at, length;

	if (left < END_BYTES || sb_get_le32(entry) == 0)
		return STMBOOT_NOT_FOUND;
	if (left < ENTRY_BYTES)
		return STMBOOT_CORRUPT;
	length = ENTRY_BYTES + ((entry[E_NAME_LEN] + 3U) & ~3U);
	*out = (struct sb_ext4_attribute){
		.index = entry[E_NAME_INDEX],
		.name_bytes = entry[E_NAME_LEN],
		.name = (const char *)entry + ENTRY_BYTES,
		.at = list->at,
		.value_at = list->base + sb_get_le16(entry + E_VALUE_OFFS),
		.value_bytes = sb_get_le32(entry + E_VALUE_SIZE),
		.value_inode = sb_get_le32(entry + E_VALUE_INUM),
	};
	if (length > left || (out->value_inode == 0 && out->value_bytes != 0 &&
			      !sb_range_within(out->value_at, out->value_bytes, list->size)))
		return STMBOOT_CORRUPT;
	list->at += length;
	return STMBOOT_OK;
}

/* What Linux 6.1 lists: fs/ext4/xattr.c, ext4_xattr_handler_map. */
static const char *prefix_of(uint8_t index)
{
	switch (index) {
	case EXT4_XATTR_USER:
		return "user.";
	case EXT4_XATTR_ACL_ACCESS:
		return "system.posix_acl_access";
	case EXT4_XATTR_ACL_DEFAULT:
		return "system.posix_acl_default";
	case EXT4_XATTR_TRUSTED:
		return "trusted.";
	case EXT4_XATTR_SECURITY:
		return "security.";
	case EXT4_XATTR_HURD:
		return "gnu.";
	default:
		return NULL;
	}
}

enum stmboot_status sb_ext4_attribute_name(struct sb_arena *arena,
					   const struct sb_ext4_attribute *from, const char **out)
{
	const char *prefix = prefix_of(from->index);

	if (prefix == NULL || (sb_ext4_attribute_is_acl(from) && from->name_bytes != 0))
		return STMBOOT_NOT_FOUND;
	if (memchr(from->name, '\0', from->name_bytes) != NULL)
		return STMBOOT_CORRUPT;
	*out = sb_arena_printf(arena, "%s%.*s", prefix, (int)from->name_bytes, from->name);
	return *out != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

/*
 * Stored are a version and entries, of which only those of a named user or
 * group have an identifier (fs/ext4/acl.h); a program gets another version and
 * entries of one size (include/uapi/linux/posix_acl_xattr.h).
 */
enum {
	STORED_VERSION = 1,
	GIVEN_VERSION = 2,
	VERSION_BYTES = 4,
	SHORT_BYTES = 4,
	LONG_BYTES = 8,
	TAG_USER = 0x02,
	TAG_GROUP = 0x08,
};

static void put_le(uint8_t *at, uint32_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

enum stmboot_status sb_ext4_acl_decode(struct sb_arena *arena, const uint8_t *stored, size_t size,
				       struct stmboot_fs_attribute *out)
{
	struct sb_cursor c = sb_cursor(stored, size);
	uint8_t *given = sb_arena_array(arena, size / SHORT_BYTES + 1, LONG_BYTES);
	size_t length = VERSION_BYTES;

	if (given == NULL)
		return STMBOOT_NO_MEMORY;
	if (sb_le32(&c) != STORED_VERSION)
		return STMBOOT_CORRUPT;
	put_le(given, GIVEN_VERSION, VERSION_BYTES);
	for (; c.position < c.size; length += LONG_BYTES) {
		uint16_t tag = sb_le16(&c);
		uint16_t rights = sb_le16(&c);
		bool named = tag == TAG_USER || tag == TAG_GROUP;

		put_le(given + length, tag, 2);
		put_le(given + length + 2, rights, 2);
		put_le(given + length + 4, named ? sb_le32(&c) : UINT32_MAX, 4);
		if (!sb_cursor_ok(&c))
			return STMBOOT_CORRUPT;
	}
	out->value = given;
	out->size = length;
	return STMBOOT_OK;
}
