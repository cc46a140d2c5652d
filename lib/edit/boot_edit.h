/* SPDX-License-Identifier: MIT */
/* The inside of an edit of what boots. */
#ifndef SB_EDIT_BOOT_EDIT_H
#define SB_EDIT_BOOT_EDIT_H

#include <stmboot/boot_edit.h>

#include "base/arena.h"
#include "base/refusal.h"
#include "source/host.h"

/* An image with its boot followed. */
struct sb_view {
	struct stmboot_image *image;
	struct stmboot_diags *diags;
	const struct stmboot_boot *boot;
};

/* A partition whose journal was asked for before it was changed. */
struct sb_replay {
	uint32_t partition;
	bool staged; /* false: there was nothing to replay */
	uint64_t blocks;
};

struct stmboot_boot_edit {
	struct stmboot_context *ctx;
	struct sb_arena arena;
	struct stmboot_edit *edit;
	enum stmboot_medium medium;
	const char *image, *output; /* paths on the host; output NULL: in place */
	bool force;
	bool refused; /* what is staged must not be committed */
	bool spoiled; /* nor staged: a change failed on its way */
	struct stmboot_refusal spoiled_why;
	struct sb_view before, after;
	struct sb_view replayed; /* before, with the journals replayed; empty without any */
	struct sb_replay *replays;
	size_t replay_count;
	size_t replay_capacity;
	uint64_t quiet_generation;                  /* of the image when a replay was staged last */
	bool more_than_replays;                     /* something else was staged before that */
	struct stmboot_extlinux_document *document; /* NULL until it is asked for */
	uint32_t partition;                         /* where the configuration is */
	const char *path;                           /* of it, inside the partition */
	struct sb_edited_dtb *trees;                /* device trees that were asked for */
	struct sb_gpt_table *table;                 /* NULL until it is to be changed */
	struct sb_metadata *metadata;               /* that names partitions of it */
	size_t metadata_count;
	bool metadata_loaded;
	struct sb_part_write *writes; /* partitions that are to be written */
	size_t write_count, write_capacity;
	struct stmboot_source **sources; /* that the edit closes */
	size_t source_count, source_capacity;
	uint32_t *packages; /* partitions whose firmware package was changed */
	size_t package_count, package_capacity;
	struct sb_boot_tree *fs_trees; /* file systems whose files are edited */
	size_t fs_tree_count, fs_tree_capacity;
	struct stmboot_refusal fs_why;
	bool uncovers; /* errors that were hidden before may show */
};

/* Metadata of firmware updates, in memory. */
struct sb_metadata {
	const struct stmboot_part *part;
	uint8_t *bytes;
	bool changed;
};

/* Verify what was changed in file systems, and take it into the edit. */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_stage_fs(struct stmboot_boot_edit *edit,
							    struct stmboot_refusal *why);
void sb_boot_edit_close_fs(struct stmboot_boot_edit *edit);

/*
 * What a change gives that may be half done when it fails: of such an edit nothing
 * can be staged or committed any more. Gives the status.
 */
enum stmboot_status sb_boot_edit_spoil(struct stmboot_boot_edit *edit, enum stmboot_status status,
				       const struct stmboot_refusal *why);

/*
 * STMBOOT_IO when something of an image could not be read, beyond the first
 * `known` places: what was not found may be there all the same.
 */
STMBOOT_NODISCARD enum stmboot_status sb_refuse_unread(const struct sb_view *view, size_t known,
						       struct stmboot_refusal *why);

/* Open what an edit needs on a host of the caller's, which must outlive the edit. */
STMBOOT_NODISCARD enum stmboot_status
sb_boot_edit_prepare(struct stmboot_context *ctx, const struct sb_host *host, const char *path,
		     const struct stmboot_boot_edit_options *options, struct stmboot_refusal *why,
		     struct stmboot_boot_edit **out);

/*
 * Stage the replay of a partition's journal, once, if it needs it: an edit
 * begins with what Linux sees of a file system. As sb_edit_replay(), but
 * STMBOOT_OK where none is needed.
 */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_replay(struct stmboot_boot_edit *edit,
							  uint32_t partition,
							  struct stmboot_refusal *why);

/* Replay the partition that the configuration is in, or is looked for in, and follow the boot. */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_replay_boot(struct stmboot_boot_edit *edit,
							       struct stmboot_refusal *why);

/*
 * Say what was replayed. Where nothing else is staged, and no file of the boot
 * differs by it, it is dropped: an edit that changes nothing writes nothing.
 */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_finish_replays(struct stmboot_boot_edit *edit);

/* The image as the edit begins with it. */
static inline struct sb_view *sb_boot_edit_base(struct stmboot_boot_edit *edit)
{
	return edit->replayed.boot != NULL ? &edit->replayed : &edit->before;
}

/* Follow the boot of what is staged; what that does not touch is known from before. */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_follow(struct stmboot_boot_edit *edit,
							  const struct stmboot_edit_plan *plan,
							  struct sb_view *view);

/* Close a view and empty it. */
void sb_view_forget(struct sb_view *view);

/*
 * Stage new content of a file, as sb_ext4_replace_file(), in a partition of the
 * image as it was, once its journal is replayed.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_boot_edit_replace_file(struct stmboot_boot_edit *edit, uint32_t partition, const char *path,
			  const void *data, size_t size, struct stmboot_refusal *why);

/* The configuration that counts, read to be changed. */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_open_document(struct stmboot_boot_edit *edit,
								 struct stmboot_refusal *why);

/* Make a value the append of a label, and say so. */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_set_append(struct stmboot_boot_edit *edit,
							      size_t label, const char *value,
							      struct stmboot_refusal *why);

/* Put the changed files of the configuration into their file system. */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_stage_files(struct stmboot_boot_edit *edit,
							       struct stmboot_refusal *why);

/* Put the changed device trees where they were. */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_stage_trees(struct stmboot_boot_edit *edit,
							       struct stmboot_refusal *why);

/* Is each of them read as it was staged? */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_check_trees(struct stmboot_boot_edit *edit,
							       struct stmboot_refusal *why);

void sb_boot_edit_forget_trees(struct stmboot_boot_edit *edit);

/* Does U-Boot read what was staged? */
STMBOOT_NODISCARD enum stmboot_status sb_boot_edit_read_back(struct stmboot_boot_edit *edit,
							     struct stmboot_refusal *why);

#endif
