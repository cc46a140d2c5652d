/* SPDX-License-Identifier: MIT */
/*
 * An initramfs as the kernel unpacks it: archives of cpio "newc" entries, one
 * after another, each plain or compressed on its own (Linux init/initramfs.c).
 */
#ifndef SB_FORMAT_CPIO_H
#define SB_FORMAT_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/compression.h>
#include <stmboot/source.h>

#include "base/arena.h"

/* Archives looked at; what follows is left alone. */
enum { SB_INITRAMFS_ARCHIVES = 16 };

struct sb_initramfs_archive {
	uint64_t offset; /* in the source */
	enum stmboot_compression compression;
	/* CORRUPT, TRUNCATED, LIMIT, UNSUPPORTED; OK also when it was not looked into */
	enum stmboot_status status;
	uint64_t consumed;
	uint64_t produced; /* bytes of cpio */
	uint64_t entries;
};

struct sb_initramfs {
	bool recognised; /* starts as an initramfs does */
	bool deep;       /* compressed archives were opened */
	struct sb_initramfs_archive archives[SB_INITRAMFS_ARCHIVES];
	size_t archive_count;
	bool unseen; /* an archive could not be looked into, so found means little when false */
	bool junk;   /* something that is no archive follows the last one; the kernel complains */
	uint64_t junk_offset;
	/* the program asked for; the last archive that has it wins, as in the kernel */
	bool found;
	uint32_t mode;      /* type and permissions, as st_mode */
	uint64_t bytes;     /* 0 also for a hard link whose data stand with another name */
	const char *target; /* of a symbolic link, or NULL */
};

/*
 * Walk an initramfs and look for a program ("/init") under exactly that name:
 * links in its path are not followed. Without `deep`, compressed archives are
 * only recognised, and what follows one stays unseen. *budget is counted down by what
 * is unpacked and read; what there is more of stays unseen. Strings live in the arena.
 * STMBOOT_OK, also for a damaged one; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED;
 * or what reading gave.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_initramfs_decode(struct sb_arena *arena, struct stmboot_source *src, const char *program,
		    bool deep, uint64_t *budget, struct sb_initramfs *out);

#endif
