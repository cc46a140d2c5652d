/* SPDX-License-Identifier: MIT */
/* The parts of the pre-flight; ext4_edit.h has its front. */
#ifndef SB_FS_EXT4_PREFLIGHT_H
#define SB_FS_EXT4_PREFLIGHT_H

#include "fs/ext4.h"
#include "fs/ext4_edit.h"

/* Damage that e2fsck mends: STMBOOT_CORRUPT. The offset is in the partition, or SB_NOWHERE. */
enum stmboot_status sb_refuse_damage(struct stmboot_refusal *refusal, uint64_t offset,
				     const char *what);

/* Make what a reader stumbled over a refusal; failures of the host stay what they are. */
enum stmboot_status sb_refuse_trouble(struct stmboot_fs *fs, enum stmboot_status status,
				      struct stmboot_refusal *refusal);

/*
 * Read every inode in use, and compare what they say with bitmaps and
 * counters. As sb_ext4_open_fit().
 */
STMBOOT_NODISCARD enum stmboot_status sb_ext4_check_claims(struct stmboot_fs *fs,
							   struct stmboot_refusal *refusal);

/* Does a flag of an inode forbid an edit? STMBOOT_UNSUPPORTED; the subject is a noun. */
STMBOOT_NODISCARD enum stmboot_status sb_ext4_check_flags(uint32_t flags, const char *subject,
							  struct stmboot_refusal *refusal);

#endif
