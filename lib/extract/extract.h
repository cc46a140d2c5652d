/* SPDX-License-Identifier: MIT */
/* The inside of an extraction: a walk over the file system, and what is made at each step. */
#ifndef SB_EXTRACT_EXTRACT_H
#define SB_EXTRACT_EXTRACT_H

#include <stmboot/extract.h>

#include "base/arena.h"
#include "extract/new_file.h"

/* Where an inode of several names was made first: the path from where the extraction begins. */
struct sb_first_name {
	uint32_t inode;
	const char *below;
	uint64_t device, host_inode;
};

/* A table of them by inode, at most half full. */
struct sb_first_names {
	struct sb_first_name *names;
	size_t count, capacity;
};

/* NULL when it was not made yet. */
const struct sb_first_name *sb_first_names_find(const struct sb_first_names *table, uint32_t inode);

/* STMBOOT_OK or STMBOOT_NO_MEMORY; `below` is copied into the arena. */
STMBOOT_NODISCARD enum stmboot_status sb_first_names_add(struct sb_first_names *table,
							 struct sb_arena *arena,
							 const struct sb_first_name *name);

/* A folder that is being filled. */
struct sb_level {
	int folder;
	bool made; /* it was not there before */
};

struct sb_extract {
	struct sb_job *job;
	struct stmboot_fs *fs;
	struct stmboot_extract_options options;
	struct stmboot_extract_result *result;
	struct sb_arena *arena; /* of the result */
	struct stmboot_extract_trouble *troubles;
	size_t trouble_count, trouble_capacity;
	enum stmboot_status first; /* failure */
	bool ended;                /* by one that leaves no hope for the rest */
	bool root;
	int parent;       /* folder in which it begins */
	const char *name; /* there; NULL: the folder itself */
	struct sb_level *levels;
	size_t depth, capacity;
	struct sb_first_names first_names;
};

/* Extract on a host of the caller's. */
STMBOOT_NODISCARD enum stmboot_status
sb_extract(struct stmboot_context *ctx, const struct sb_host *host,
	   const struct sb_folders *folders, struct stmboot_fs *fs, const char *path,
	   const char *destination, const struct stmboot_extract_options *options,
	   struct stmboot_refusal *why, const struct stmboot_extract_result **out);
STMBOOT_NODISCARD enum stmboot_status
sb_extract_source(struct stmboot_context *ctx, const struct sb_host *host,
		  const struct sb_folders *folders, struct stmboot_source *src, const char *path,
		  const struct stmboot_extract_options *options, struct stmboot_refusal *why);

/* What a job needs, in new memory, or NULL. */
struct sb_job *sb_job_new(struct stmboot_context *ctx, const struct sb_host *host,
			  const struct sb_folders *folders);

/* source.c: write what a source holds to a file of that name in a folder, durably. */
STMBOOT_NODISCARD enum stmboot_status sb_job_write(struct sb_job *job, struct stmboot_source *src,
						   int folder, const char *name,
						   struct stmboot_refusal *why);

/*
 * destination.c: a folder that the user names, and that of a file together with
 * the name of it. STMBOOT_NOT_FOUND, STMBOOT_NOT_RECOGNISED for what is no
 * folder; STMBOOT_INVALID_ARGUMENT for no name; STMBOOT_LIMIT; STMBOOT_IO.
 */
STMBOOT_NODISCARD enum stmboot_status sb_job_open_folder(struct sb_job *job, const char *path,
							 struct stmboot_refusal *why, int *folder);
STMBOOT_NODISCARD enum stmboot_status sb_job_open_parent(struct sb_job *job, const char *path,
							 struct stmboot_refusal *why, int *folder,
							 char name[SB_NAME_BYTES]);

/* Open the folder in which the extraction of a path begins, and choose the name. */
STMBOOT_NODISCARD enum stmboot_status sb_extract_open(struct sb_extract *x, const char *path,
						      enum stmboot_fs_type type,
						      const char *destination,
						      struct stmboot_refusal *why);

/* Take note of something that failed. */
void sb_extract_failed(struct sb_extract *x, const char *path, enum stmboot_status status,
		       const struct stmboot_refusal *why);

/* Say what the file system stumbled over. */
void sb_extract_unreadable(struct sb_extract *x, enum stmboot_status status,
			   struct stmboot_refusal *why);

/* entry.c: make what a step has entered, other than a folder. */
void sb_extract_entry(struct sb_extract *x, const struct stmboot_fs_step *step,
		      const struct sb_spot *spot);

/* preserve.c: what an inode says, on a handle of what was made; failures are noted. */
void sb_extract_preserve(struct sb_extract *x, const struct stmboot_fs_step *step, int handle);

#endif
