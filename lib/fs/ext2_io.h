/* SPDX-License-Identifier: MIT */
/*
 * libext2fs over a source. It never sees a path: the partition is what the
 * source gives, and its end is the end.
 */
#ifndef SB_FS_EXT2_IO_H
#define SB_FS_EXT2_IO_H

#include <ext2fs/ext2fs.h>

#include <stmboot/source.h>

#include "source/overlay.h"

/* What the channel works on; must stay where it is until the file system is closed. */
struct sb_ext2_io {
	struct stmboot_source *src;
	struct sb_overlay *overlay; /* takes what is written, and src shows it; NULL: read only */
	enum stmboot_status status; /* the first failed read or write; sticky */
	uint64_t failed_offset;     /* in the source */
};

/*
 * Open through `io`, whose src is set, for reading or, with an overlay, for
 * writing. The superblock has been found sane before: libext2fs 1.47.0 divides
 * by some of its fields unseen.
 * STMBOOT_OK; the status of the failed read; STMBOOT_CORRUPT (includes a wrong
 * checksum); STMBOOT_UNSUPPORTED; STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_ext2_open(struct sb_ext2_io *io, ext2_filsys *out);

/*
 * What an error of libext2fs means, which may be no error: it goes on after
 * some failures of the channel, but io->status stays. STMBOOT_LIMIT: no space.
 */
enum stmboot_status sb_ext2_status(const struct sb_ext2_io *io, errcode_t error);

/* The same for a file system that is open, whoever opened it. */
enum stmboot_status sb_ext2_status_of(ext2_filsys ext2, errcode_t error);

#endif
