/* SPDX-License-Identifier: MIT */
/*
 * Folders of the host by handle, and single names in them. Only open() takes a
 * path, which is the user's: everything else takes one name, and follows no
 * symbolic link that stands there. So what is done in a folder stays in it,
 * whatever someone else puts in the place of its names meanwhile.
 *
 * As in host.h, a function that gives STMBOOT_IO leaves the reason in errno,
 * and tests put a table in place of the real one that fails when it is told to.
 */
#ifndef SB_SOURCE_FOLDERS_H
#define SB_SOURCE_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/status.h>

enum sb_entry_kind {
	SB_ENTRY_FILE,
	SB_ENTRY_FOLDER,
	SB_ENTRY_LINK, /* a symbolic one */
	SB_ENTRY_CHAR_DEVICE,
	SB_ENTRY_BLOCK_DEVICE,
	SB_ENTRY_PIPE,
	SB_ENTRY_SOCKET,
};

struct sb_entry {
	enum sb_entry_kind kind;
	uint32_t mode; /* permissions and set-id bits */
	uint64_t device;
	uint64_t inode;
};

struct sb_time {
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
};

struct sb_folders {
	void *self; /* handed to every function */

	/* STMBOOT_NOT_FOUND; STMBOOT_NOT_RECOGNISED for what is no folder; STMBOOT_IO. */
	enum stmboot_status (*open)(void *self, const char *path, int *folder);
	/* The same for a folder in a folder, which must be one itself. */
	enum stmboot_status (*enter)(void *self, int folder, const char *name, int *out);
	/*
	 * A handle of whatever has the name, without opening it: for describe_handle()
	 * and the functions that set something. STMBOOT_NOT_FOUND, STMBOOT_IO.
	 */
	enum stmboot_status (*grip)(void *self, int folder, const char *name, int *out);
	void (*close)(void *self, int handle);

	/* STMBOOT_NOT_FOUND, STMBOOT_IO. */
	enum stmboot_status (*describe)(void *self, int folder, const char *name,
					struct sb_entry *out);
	enum stmboot_status (*describe_handle)(void *self, int handle, struct sb_entry *out);
	/* As readlink(): no NUL behind it, and cut when it does not fit. */
	enum stmboot_status (*read_link)(void *self, int folder, const char *name, char *target,
					 size_t size, size_t *length);

	/*
	 * Make something that is not there: STMBOOT_CONFLICT when the name is taken.
	 * A mode is that of a program, from which the user's umask takes something.
	 */
	enum stmboot_status (*create)(void *self, int folder, const char *name, uint32_t mode,
				      int *file);
	enum stmboot_status (*make_folder)(void *self, int folder, const char *name, uint32_t mode);
	enum stmboot_status (*make_link)(void *self, int folder, const char *name,
					 const char *target);
	enum stmboot_status (*make_special)(void *self, int folder, const char *name,
					    enum sb_entry_kind kind, uint32_t mode,
					    uint32_t major_number, uint32_t minor_number);
	/* Another name, in `folder`, for what is `from_name` in `from`. */
	enum stmboot_status (*link)(void *self, int from, const char *from_name, int folder,
				    const char *name);

	/* A regular file, to be locked. STMBOOT_NOT_FOUND, STMBOOT_NOT_RECOGNISED, STMBOOT_IO. */
	enum stmboot_status (*open_file)(void *self, int folder, const char *name, int *file);
	/* Replaces what has the new name. */
	enum stmboot_status (*rename)(void *self, int folder, const char *from, const char *to);
	enum stmboot_status (*unlink)(void *self, int folder, const char *name);

	/* Of an open file, a folder or a grip. */
	enum stmboot_status (*set_owner)(void *self, int handle, uint32_t uid, uint32_t gid);
	enum stmboot_status (*set_mode)(void *self, int handle, uint32_t mode);
	enum stmboot_status (*set_times)(void *self, int handle, struct sb_time accessed,
					 struct sb_time modified);
	enum stmboot_status (*set_attribute)(void *self, int handle, const char *name,
					     const void *value, size_t size);

	/* May owners be given away, and attributes of the system set? */
	bool (*is_root)(void *self);
};

extern const struct sb_folders sb_folders_posix;

#endif
