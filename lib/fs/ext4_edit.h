/* SPDX-License-Identifier: MIT */
/*
 * Changing files inside ext2, ext3 and ext4. Nothing is written to a medium
 * here: what an edit writes is staged in an overlay, and verified there.
 */
#ifndef SB_FS_EXT4_EDIT_H
#define SB_FS_EXT4_EDIT_H

#include <stmboot/fs.h>
#include <stmboot/refusal.h>

#include "base/arena.h"
#include "source/overlay.h"

/* What an edit is going to change. */
enum sb_ext4_reach {
	SB_EXT4_CONTENT,    /* the bytes of a file, in the blocks that it has */
	SB_EXT4_ALLOCATION, /* which blocks and inodes are in use, too */
};

/*
 * Is the file system in `src` fit to be edited? `src` is the whole partition:
 * a file system that reaches past its end is refused.
 *
 * Superblock, features, state and group descriptors are always judged, and the
 * journal must be empty. For SB_EXT4_ALLOCATION every inode in use is read, and
 * bitmaps and counters must agree with what the inodes say; no block may have
 * two owners.
 *
 * On success a reader (the Linux one) to release with stmboot_fs_close(). Else
 * the status of a failed read or allocation, or with `refusal` filled in
 * STMBOOT_NOT_RECOGNISED, STMBOOT_UNSUPPORTED (a feature), STMBOOT_CONFLICT
 * (its state: something has to be finished first), STMBOOT_CORRUPT (damage),
 * STMBOOT_LIMIT.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_ext4_open_fit(struct stmboot_context *ctx, struct stmboot_source *src, enum sb_ext4_reach reach,
		 struct stmboot_refusal *refusal, struct stmboot_fs **out);

/* What a planned write is about, in the order in which it would be done without a log. */
enum sb_ext4_write_kind {
	SB_EXT4_WRITE_DATA,
	SB_EXT4_WRITE_MAP, /* which blocks hold the data */
	SB_EXT4_WRITE_BITMAP,
	SB_EXT4_WRITE_GROUP, /* descriptors */
	SB_EXT4_WRITE_INODE,
	SB_EXT4_WRITE_DIRECTORY,
	SB_EXT4_WRITE_SUPERBLOCK,
};

/* One word for a plan that is shown, for example "inode". */
const char *sb_ext4_write_text(enum sb_ext4_write_kind kind);

struct sb_ext4_write {
	enum sb_ext4_write_kind kind;
	uint64_t offset; /* in the overlay; whole sectors */
	uint64_t length;
};

/* What became of an edit; everything lives in the arena that was given. */
struct sb_ext4_edit {
	bool changed;     /* false: the file had this content, nothing was written */
	bool in_place;    /* the file kept its inode and its blocks */
	uint32_t inode;   /* of the file afterwards */
	const char *path; /* where symbolic links led to, absolute */
	const struct sb_ext4_write *writes; /* by offset */
	size_t write_count;
};

enum { SB_EXT4_MAX_FILE_BYTES = INT32_MAX }; /* more needs a feature that may be off */

/*
 * Replace the content of a file in a partition at `offset`, `size` bytes, of
 * what an overlay shows, and verify the result. Symbolic links are followed
 * inside the partition. Owner, mode, times, links and extended attributes
 * stay; times do, too, so that the same input gives the same bytes.
 *
 * When the new content needs as many blocks as the old one, only the sectors
 * that change are written, and if the size changes the inode. Otherwise the
 * content goes to blocks that were free, with an inode that was free, and the
 * directory entry leads to it; then the old ones are free. (A file with several
 * names keeps its inode, so that all of them have the new content.)
 *
 * The overlay gains only a whole and verified edit, marked with its order; when
 * it fails while it takes that in, it remembers. On success *out is filled in.
 * STMBOOT_NOT_FOUND without such a file, and as sb_ext4_open_fit(), also for
 * what the file itself forbids. STMBOOT_LIMIT when there is not enough space.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_ext4_replace_file(struct sb_arena *arena, struct sb_overlay *overlay, uint64_t offset,
		     uint64_t size, const char *path, const void *data, size_t data_size,
		     struct stmboot_refusal *refusal, struct sb_ext4_edit *out);

/*
 * The same with the content of a source, which is read twice: the second time
 * to be compared with what became of it. With `renews` the file is of now, if
 * its content is another.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_ext4_replace_content(struct sb_arena *arena, struct sb_overlay *overlay, uint64_t offset,
			uint64_t size, const char *path, struct stmboot_source *content,
			bool renews, struct stmboot_refusal *refusal, struct sb_ext4_edit *out);

#endif
