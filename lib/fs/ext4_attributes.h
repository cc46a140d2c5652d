/* SPDX-License-Identifier: MIT */
/* Extended attributes as they are stored. ext4 disk layout, "Extended Attributes". */
#ifndef SB_FS_EXT4_ATTRIBUTES_H
#define SB_FS_EXT4_ATTRIBUTES_H

#include "fs/ext4.h"

/* Numbers that stand for the part of a name before its first dot. */
enum {
	EXT4_XATTR_USER = 1,
	EXT4_XATTR_ACL_ACCESS = 2,
	EXT4_XATTR_ACL_DEFAULT = 3,
	EXT4_XATTR_TRUSTED = 4,
	EXT4_XATTR_SECURITY = 6,
	EXT4_XATTR_SYSTEM = 7, /* "data" of these is the rest of inline data */
	EXT4_XATTR_HURD = 10,
};

/* An attribute; everything is in the area that it was found in. */
struct sb_ext4_attribute {
	uint8_t index;
	uint8_t name_bytes;
	const char *name; /* no NUL behind it */
	size_t at;        /* of its entry */
	size_t value_at;
	uint32_t value_bytes;
	uint32_t value_inode; /* 0, or the inode whose content is the value, not this area */
};

/* The attributes of an inode or of a block, one after another. */
struct sb_ext4_attribute_list {
	const uint8_t *data;
	size_t size;
	size_t base; /* offsets of values are counted from here */
	size_t at;   /* of the next entry */
};

/* Begin with those in a raw inode or block. False when there are none. */
bool sb_ext4_attributes_in_inode(const uint8_t *raw, size_t size,
				 struct sb_ext4_attribute_list *list);
bool sb_ext4_attributes_in_block(const uint8_t *block, size_t size,
				 struct sb_ext4_attribute_list *list);

/* STMBOOT_NOT_FOUND behind the last; STMBOOT_CORRUPT for one that reaches out of the area. */
STMBOOT_NODISCARD enum stmboot_status sb_ext4_attribute_next(struct sb_ext4_attribute_list *list,
							     struct sb_ext4_attribute *out);

/*
 * The name that Linux gives it, in the arena; STMBOOT_NOT_FOUND when it gives
 * none, STMBOOT_CORRUPT for one with a NUL in it.
 */
STMBOOT_NODISCARD enum stmboot_status sb_ext4_attribute_name(struct sb_arena *arena,
							     const struct sb_ext4_attribute *from,
							     const char **out);

static inline bool sb_ext4_attribute_is_acl(const struct sb_ext4_attribute *attribute)
{
	return attribute->index == EXT4_XATTR_ACL_ACCESS ||
	       attribute->index == EXT4_XATTR_ACL_DEFAULT;
}

/*
 * An access control list as a program gets it, from how it is stored, in the
 * arena. STMBOOT_CORRUPT; STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_ext4_acl_decode(struct sb_arena *arena,
							 const uint8_t *stored, size_t size,
							 struct stmboot_fs_attribute *out);

#endif
