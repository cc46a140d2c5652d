/* SPDX-License-Identifier: MIT */
/*
 * A folder of the host, read with all in it and never left: no symbolic link
 * below it is followed, whoever changes what while it is read.
 */
#ifndef SB_SOURCE_FOLDER_H
#define SB_SOURCE_FOLDER_H

#include <stmboot/source.h>

#include "base/arena.h"

enum sb_folder_type {
	SB_FOLDER_FILE,
	SB_FOLDER_DIRECTORY,
	SB_FOLDER_LINK,
	SB_FOLDER_CHAR_DEVICE,
	SB_FOLDER_BLOCK_DEVICE,
	SB_FOLDER_FIFO,
	SB_FOLDER_SOCKET,
};

/* What has a name in a folder. */
struct sb_folder_entry {
	const char *name;
	enum sb_folder_type type;
	uint32_t mode; /* 0 to 07777 */
	uint32_t uid;
	uint32_t gid;
	uint64_t size;  /* of a regular file */
	uint32_t major; /* of a device */
	uint32_t minor;
	int64_t accessed_seconds;
	uint32_t accessed_nanoseconds;
	int64_t modified_seconds;
	uint32_t modified_nanoseconds;
	const char *target; /* of a link */
};

struct sb_folder;

/*
 * Open a file or a folder by its path, links followed: what was named is what
 * is meant. *entry says what it is; then one of the two is set, `content` of a
 * regular file, `folder` of a directory, or none for anything else. The entry
 * lives in the arena. A failure is STMBOOT_NOT_FOUND or STMBOOT_IO with errno,
 * STMBOOT_UNSUPPORTED for a file that has content but no size, as in /proc, or
 * STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status sb_folder_open(struct sb_arena *arena, const char *path,
						     struct sb_folder_entry *entry,
						     struct stmboot_source **content,
						     struct sb_folder **folder);

/* Open a folder by a relative path of names below another; "" is that itself. */
STMBOOT_NODISCARD enum stmboot_status sb_folder_open_below(struct sb_folder *top, const char *path,
							   struct sb_folder **out);

/* NULL is fine. */
void sb_folder_close(struct sb_folder *folder);

/* All names but "." and "..", sorted, in the arena. */
STMBOOT_NODISCARD enum stmboot_status sb_folder_list(struct sb_folder *folder,
						     struct sb_arena *arena,
						     struct sb_folder_entry **entries,
						     size_t *count);

/* A regular file in a folder. STMBOOT_CONFLICT when it is none any more; else as above. */
STMBOOT_NODISCARD enum stmboot_status
sb_folder_open_file(struct sb_folder *folder, const char *name, struct stmboot_source **out);

/* What is not STMBOOT_OK ends the visits. */
typedef enum stmboot_status sb_folder_visit(void *user, const char *name, const void *value,
					    size_t size);

/*
 * Visit the extended attributes of a name in a folder, sorted; "." is the
 * folder itself. Without a folder the name is a path, and links are followed.
 * Where the host has no attributes there are none.
 */
STMBOOT_NODISCARD enum stmboot_status sb_folder_attributes(struct stmboot_context *ctx,
							   struct sb_folder *folder,
							   const char *name, sb_folder_visit *visit,
							   void *user);

#endif
