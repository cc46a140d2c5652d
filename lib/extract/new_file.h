/* SPDX-License-Identifier: MIT */
/* A new file of the host: complete under another name before it gets its own. */
#ifndef SB_EXTRACT_NEW_FILE_H
#define SB_EXTRACT_NEW_FILE_H

#include <stmboot/source.h>

#include "base/refusal.h"
#include "source/folders.h"
#include "source/host.h"

enum { SB_NAME_BYTES = 256, SB_COPY_BYTES = 256 << 10 };

/* What everything that is made in one go shares. */
struct sb_job {
	struct stmboot_context *ctx;
	const struct sb_host *host;
	const struct sb_folders *folders;
	bool has_image;
	struct stmboot_identity image; /* a file that is never replaced */
	uint64_t budget;               /* bytes of content that may still be written */
	uint64_t written;
	uint64_t total;  /* bytes of all files, with their holes; 0: not known */
	uint64_t passed; /* of these: files that are done */
	bool full;       /* there is no room any more where it is made */
	uint8_t buffer[SB_COPY_BYTES];
};

/* Remember the image, when it can be found by its path; NULL: there is none. */
void sb_job_spare(struct sb_job *job, const char *image);

/* As sb_refuse_work(), and takes note of a full disk. Right after what failed. */
enum stmboot_status sb_job_refuse(struct sb_job *job, struct stmboot_refusal *why,
				  enum stmboot_status status, const char *what);

/* A name in a folder. */
struct sb_spot {
	struct sb_job *job;
	int folder;
	const char *name;
};

/*
 * May something be made there? STMBOOT_CONFLICT when the name is that of
 * something else than a regular file, STMBOOT_INVALID_ARGUMENT when it is the
 * image; STMBOOT_IO. `taken`: a regular file has it, which may be replaced.
 */
STMBOOT_NODISCARD enum stmboot_status sb_spot_check(const struct sb_spot *spot,
						    struct stmboot_refusal *why, bool *taken);

/* The name under which it is made when it is to replace something. */
struct sb_temporary {
	char name[SB_NAME_BYTES];
	bool own; /* nobody else's file sorts right behind the spot's name with this suffix */
};
void sb_spot_temporary(const struct sb_spot *spot, struct sb_temporary *out);

/* Take away what a run that was ended left under that name; not what a run is writing. */
STMBOOT_NODISCARD enum stmboot_status sb_spot_clear(const struct sb_spot *spot,
						    const struct sb_temporary *temporary);

struct sb_new_file {
	struct sb_spot spot;
	struct sb_temporary temporary;
	int file;
	bool unreadable; /* what failed is the source, not the host */
};

/*
 * Begin: an empty file that has, under the user's umask, the permissions of
 * `mode`, and for its owner those that writing needs.
 */
STMBOOT_NODISCARD enum stmboot_status sb_new_file_create(const struct sb_spot *spot, uint32_t mode,
							 struct stmboot_refusal *why,
							 struct sb_new_file *out);

/* Give it the content of a source, with its holes. On STMBOOT_OK job->written has grown. */
STMBOOT_NODISCARD enum stmboot_status
sb_new_file_fill(struct sb_new_file *file, struct stmboot_source *src, struct stmboot_refusal *why);

/* Give it its name; `durable`: file and name survive the loss of power. Closes it in any case. */
STMBOOT_NODISCARD enum stmboot_status sb_new_file_finish(struct sb_new_file *file, bool durable,
							 struct stmboot_refusal *why);

/* Leave it, and nothing behind. */
void sb_new_file_drop(struct sb_new_file *file);

/*
 * What the owner of a file or of a folder is given while it is filled, and is
 * to be taken again when `mode` does not give it.
 */
enum { SB_FILE_RIGHTS = 0600, SB_FOLDER_RIGHTS = 0700 };
STMBOOT_NODISCARD enum stmboot_status sb_job_restrict(struct sb_job *job, int handle,
						      uint32_t rights, uint32_t mode);

#endif
