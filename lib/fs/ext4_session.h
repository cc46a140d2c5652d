/* SPDX-License-Identifier: MIT */
/* The parts of one edit; ext4_edit.h has its front. */
#ifndef SB_FS_EXT4_SESSION_H
#define SB_FS_EXT4_SESSION_H

#include "fs/ext4_plan.h"
#include "fs/ext4_time.h"

/* One edit: staged in an overlay of its own, whose offsets are those of the partition. */
struct sb_session {
	struct sb_arena *arena;
	struct stmboot_refusal *refusal;
	struct stmboot_source *before; /* the partition */
	struct sb_overlay *staged;     /* over it */
	const char *path;
	struct stmboot_source *content;
	uint64_t size; /* of it */
	bool renews;   /* with another content the file is of now */
	struct sb_ext4_time now;
	struct sb_walk target; /* as it was found */
	bool in_place;         /* the file keeps its blocks */
	bool keeps_inode;
	uint32_t inode; /* of the file afterwards */
	struct sb_plan plan;
};

/*
 * Find the target in a file system that is fit, and ask whether it may be
 * changed. STMBOOT_NOT_FOUND, or a refusal.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_session_target(struct sb_session *session, struct stmboot_fs *fs, struct sb_walk *target);

/*
 * Are blocks of a file marked as in use, and none of the file system itself?
 * Else a refusal.
 */
STMBOOT_NODISCARD enum stmboot_status sb_session_check_run(struct sb_session *session,
							   struct stmboot_fs *fs, uint64_t first,
							   uint64_t count);

/* Plan the blocks of an inode that hold its content, and check them. STMBOOT_NOT_FOUND at a
 * hole or a block that was never written. */
STMBOOT_NODISCARD enum stmboot_status sb_session_plan_content(struct sb_session *session,
							      struct stmboot_fs *fs,
							      const struct sb_ext4_inode *inode);

/* Stage the content in the blocks that were planned for it, in their order. */
STMBOOT_NODISCARD enum stmboot_status sb_session_stage_content(struct sb_session *session);

/*
 * Stage new content in the blocks that the target has. STMBOOT_NOT_FOUND when
 * it does not fit into them; nothing is staged then.
 */
STMBOOT_NODISCARD enum stmboot_status sb_session_stage_in_place(struct sb_session *session,
								struct stmboot_fs *fs);

/*
 * Stage new content in other blocks, and a new inode for them to which the
 * directory entry leads. A file with several names keeps its inode, so that
 * they stay together. `fs` is fit for an allocation and was asked for the target.
 */
STMBOOT_NODISCARD enum stmboot_status sb_session_stage_rewrite(struct sb_session *session,
							       struct stmboot_fs *fs);

/*
 * Is what is staged what was asked for, and nothing else? Also drops staged
 * sectors that do not differ. STMBOOT_INTERNAL when the plan was left.
 */
STMBOOT_NODISCARD enum stmboot_status sb_session_verify(struct sb_session *session);

#endif
