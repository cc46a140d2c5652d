/* SPDX-License-Identifier: MIT */
/* Directories as Linux sees them, searched from one end to the other. */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/cursor.h"
#include "fs/ext4_linux.h"

enum {
	MIN_ENTRY_BYTES = 12,
	ENTRY_BYTES = 8, /* before the name */
	WIDE_BLOCK_BYTES = 65536,
	WIDE_ENTRY_LENGTH = 65535, /* stands for 65536, which 16 bits do not hold */
	PARENT_BYTES = 4,          /* before the entries of an inline directory */
};

/* A directory being searched or listed. */
struct scan {
	struct stmboot_fs *fs;
	const struct sb_ext4_inode *directory;
	stmboot_fs_visit *visit;
	void *user;
	bool stopped;      /* the visitor has seen enough */
	uint64_t place;    /* of the entry that is visited, in the source */
	bool has_bad_name; /* a name that no path can hold was passed over */
};

static void visit_entry(struct scan *scan, uint32_t inode, uint8_t type, const uint8_t *name,
			size_t length)
{
	char text[STMBOOT_FS_NAME_BYTES];
	bool typed = (scan->fs->info->incompat & INCOMPAT_FILETYPE) != 0;
	struct stmboot_fs_entry entry = {
		.name = text,
		.inode = inode,
		.type = typed ? sb_ext4_entry_type(type) : STMBOOT_FS_UNKNOWN,
	};

	if (memchr(name, '\0', length) != NULL || memchr(name, '/', length) != NULL) {
		scan->has_bad_name = true;
		return;
	}
	memcpy(text, name, length);
	text[length] = '\0';
	scan->stopped = !scan->visit(scan->user, &entry);
}

static const char *entry_defect(const struct scan *scan, const uint8_t *entry, size_t length,
				size_t left)
{
	if (length < MIN_ENTRY_BYTES || length % 4 != 0 || length > left)
		return "a directory entry of an impossible length";
	if ((size_t)entry[6] + ENTRY_BYTES > length)
		return "a name longer than its directory entry";
	if (sb_get_le32(entry) > scan->fs->info->inodes_count)
		return "a directory entry with an inode number out of range";
	return NULL;
}

/* The entries of one block, or of one part of an inline directory. */
static enum stmboot_status scan_entries(struct scan *scan, const uint8_t *data, size_t size,
					uint64_t offset)
{
	size_t at = 0;

	while (!scan->stopped && size - at >= MIN_ENTRY_BYTES) {
		const uint8_t *entry = data + at;
		size_t length = sb_get_le16(entry + 4);
		const char *defect;

		if (size == WIDE_BLOCK_BYTES && (length == WIDE_ENTRY_LENGTH || length == 0))
			length = WIDE_BLOCK_BYTES;
		defect = entry_defect(scan, entry, length, size - at);
		if (defect != NULL)
			return sb_fs_fail(scan->fs, STMBOOT_CORRUPT, offset + at, defect);
		scan->place = offset + at;
		if (sb_get_le32(entry) != 0 && entry[6] != 0)
			visit_entry(scan, sb_get_le32(entry), entry[7], entry + ENTRY_BYTES,
				    entry[6]);
		at += length;
	}
	return STMBOOT_OK;
}

static enum stmboot_status scan_block(struct scan *scan, uint64_t block, uint8_t *buffer)
{
	struct stmboot_fs *fs = scan->fs;
	struct sb_linux_reader *reader = fs->reader;
	uint64_t size = fs->info->block_bytes;
	enum stmboot_status status = sb_fs_spend(fs, size);

	if (status == STMBOOT_OK)
		status = sb_fs_read(fs, block * size, buffer, (size_t)size);
	if (status != STMBOOT_OK)
		return status;
	if (!sb_linux_has_checksums(fs))
		return scan_entries(scan, buffer, (size_t)size, block * size);
	/* libext2fs reads the directory's inode for it, which may fail, too. */
	reader->io.status = STMBOOT_OK;
	if (!ext2fs_dir_block_csum_verify(reader->ext2, scan->directory->number, (void *)buffer))
		return reader->io.status != STMBOOT_OK
			       ? reader->io.status
			       : sb_fs_fail(fs, STMBOOT_CORRUPT, block * size,
					    "a directory block with a wrong checksum");
	return scan_entries(scan, buffer, (size_t)size, block * size);
}

/* Holes are passed over. */
static enum stmboot_status scan_blocks(struct scan *scan, uint8_t *buffer)
{
	struct stmboot_fs *fs = scan->fs;
	uint64_t blocks = scan->directory->size / fs->info->block_bytes;
	enum stmboot_status status = STMBOOT_OK;

	if (blocks > fs->info->blocks_count)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, scan->directory->offset,
				  "a directory larger than the file system");
	for (uint64_t block = 0; block < blocks && !scan->stopped;) {
		const uint64_t mapped = fs->mapped;
		struct sb_ext4_run run;

		status = sb_ext4_map(fs, scan->directory, block, &run);
		if (status == STMBOOT_OK)
			status = sb_fs_spend(fs, fs->mapped - mapped);
		if (status != STMBOOT_OK)
			return status;
		run.count = sb_min_u64(run.count, blocks - block);
		for (uint64_t i = 0; !run.zeros && i < run.count && !scan->stopped; i++) {
			status = scan_block(scan, run.physical + i, buffer);
			if (status != STMBOOT_OK)
				return status;
		}
		block += run.count;
	}
	return status;
}

/* "." and ".." do not stand in an inline directory; its parent's number comes first. */
static enum stmboot_status scan_inline(struct scan *scan, uint8_t *buffer)
{
	const struct sb_ext4_inode *inode = scan->directory;
	uint64_t offset = inode->offset + EXT4_BLOCK_OFFSET + PARENT_BYTES;
	enum stmboot_status status;

	visit_entry(scan, inode->number, 2, (const uint8_t *)".", 1);
	if (!scan->stopped)
		visit_entry(scan, sb_get_le32(inode->block), 2, (const uint8_t *)"..", 2);
	status = scan_entries(scan, inode->block + PARENT_BYTES, EXT4_BLOCK_BYTES - PARENT_BYTES,
			      offset);
	if (status != STMBOOT_OK || inode->inline_bytes == 0)
		return status;
	status = sb_fs_read(scan->fs, inode->inline_offset, buffer, inode->inline_bytes);
	if (status != STMBOOT_OK)
		return status;
	return scan_entries(scan, buffer, inode->inline_bytes, inode->inline_offset);
}

static enum stmboot_status scan_directory(struct scan *scan)
{
	struct stmboot_fs *fs = scan->fs;
	enum stmboot_status status;
	uint8_t *buffer;

	if (scan->directory->flags & EXT4_FLAG_ENCRYPT)
		return sb_fs_fail(fs, STMBOOT_UNSUPPORTED, scan->directory->offset,
				  "the names of the directory are encrypted");
	buffer = sb_alloc(fs->ctx, (size_t)fs->info->block_bytes);
	if (buffer == NULL)
		return STMBOOT_NO_MEMORY;
	if (scan->directory->flags & EXT4_FLAG_INLINE_DATA)
		status = scan_inline(scan, buffer);
	else
		status = scan_blocks(scan, buffer);
	sb_free(fs->ctx, buffer);
	return status;
}

enum stmboot_status sb_linux_list(struct stmboot_fs *fs, const struct sb_ext4_inode *directory,
				  stmboot_fs_visit *visit, void *user)
{
	struct scan scan = { .fs = fs, .directory = directory, .visit = visit, .user = user };
	enum stmboot_status status = scan_directory(&scan);

	if (status == STMBOOT_OK && scan.has_bad_name)
		return sb_fs_fail(fs, STMBOOT_CORRUPT, directory->offset,
				  "a directory with a name that no path can hold");
	return status;
}

struct lookup {
	const char *name;
	uint32_t inode; /* 0: not found */
};

static bool match_name(void *user, const struct stmboot_fs_entry *entry)
{
	struct lookup *lookup = user;

	if (strcmp(entry->name, lookup->name) == 0)
		lookup->inode = entry->inode;
	return lookup->inode == 0;
}

enum stmboot_status sb_linux_find(struct stmboot_fs *fs, const struct sb_ext4_inode *directory,
				  const char *name, uint32_t *inode, uint64_t *place)
{
	struct lookup lookup = { .name = name };
	struct scan scan = {
		.fs = fs, .directory = directory, .visit = match_name, .user = &lookup
	};
	enum stmboot_status status = scan_directory(&scan);

	if (status != STMBOOT_OK)
		return status;
	if (lookup.inode == 0 && (directory->flags & EXT4_FLAG_CASEFOLD) != 0)
		return sb_fs_fail(fs, STMBOOT_UNSUPPORTED, directory->offset,
				  "a directory that Linux searches without regard to case");
	*inode = lookup.inode;
	*place = scan.place;
	return lookup.inode != 0 ? STMBOOT_OK : STMBOOT_NOT_FOUND;
}
