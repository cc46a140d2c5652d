/* SPDX-License-Identifier: MIT */
/*
 * What an edit needs of the host: files, names and durability, and nothing
 * else. A transaction works on this table alone, so that tests put a recorder
 * or a disk that fails in its place; sb_host_posix is the real one.
 *
 * A function that gives STMBOOT_IO leaves the reason in errno. Reads and
 * writes are whole or have failed; an interrupted system call is none of the
 * caller's business.
 */
#ifndef SB_SOURCE_HOST_H
#define SB_SOURCE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/source.h>

enum { SB_PATH_BYTES = 4096, SB_NO_FILE = -1 };

enum sb_host_mode {
	SB_HOST_READ,
	SB_HOST_EDIT,   /* a file that is there, to be read and written */
	SB_HOST_CREATE, /* a file that is not there; for this user only */
};

enum sb_host_lock {
	SB_HOST_SHARED,
	SB_HOST_EXCLUSIVE,
};

struct sb_host_info {
	struct stmboot_identity identity;
	bool block_device;
	uint32_t mode; /* permissions of a regular file */
};

/* Called for each name in a directory; anything but STMBOOT_OK ends the list. */
typedef enum stmboot_status (*sb_host_visit)(void *user, const char *name);

struct sb_host {
	void *self; /* handed to every function */

	/*
	 * STMBOOT_NOT_FOUND; STMBOOT_NOT_RECOGNISED for what is neither a regular
	 * file nor a block device; STMBOOT_CONFLICT when a device is in use, or
	 * when the file to create is there; STMBOOT_IO.
	 */
	enum stmboot_status (*open)(void *self, const char *path, enum sb_host_mode mode,
				    int *file);
	void (*close)(void *self, int file);
	enum stmboot_status (*describe)(void *self, int file, struct sb_host_info *out);

	/* STMBOOT_TRUNCATED when the file ends first. */
	enum stmboot_status (*read_at)(void *self, int file, uint64_t offset, void *buffer,
				       size_t size);
	enum stmboot_status (*write_at)(void *self, int file, uint64_t offset, const void *data,
					size_t size);
	/* What was written is durable when this gives STMBOOT_OK. */
	enum stmboot_status (*sync)(void *self, int file);
	/* Forget what is kept in memory of a range, so that a read asks the medium. A wish. */
	void (*forget)(void *self, int file, uint64_t offset, uint64_t length);
	/*
	 * Make sure that a later write to the range finds room; a file grows to
	 * hold it. STMBOOT_UNSUPPORTED when the file system cannot promise that.
	 */
	enum stmboot_status (*reserve)(void *self, int file, uint64_t offset, uint64_t length);
	enum stmboot_status (*set_size)(void *self, int file, uint64_t size);
	/* As next_data of a source. */
	enum stmboot_status (*next_data)(void *self, int file, uint64_t offset, uint64_t *start,
					 uint64_t *end);
	/* Make an empty file share all blocks of another; STMBOOT_UNSUPPORTED. */
	enum stmboot_status (*clone)(void *self, int from, int to);
	/* Copy a range to the same place of another file. */
	enum stmboot_status (*copy)(void *self, int from, int to, uint64_t offset, uint64_t length);
	enum stmboot_status (*set_mode)(void *self, int file, uint32_t mode);
	/* Until the file is closed. STMBOOT_CONFLICT when another program holds it. */
	enum stmboot_status (*lock)(void *self, int file, enum sb_host_lock kind);
	/*
	 * Is the medium, a partition of it, or a loop device over it mounted?
	 * STMBOOT_CONFLICT then, with where in `place`; STMBOOT_OK when not.
	 */
	enum stmboot_status (*mounted)(void *self, int file, const char *path, char *place,
				       size_t size);

	/* The one absolute name without symbolic links. STMBOOT_NOT_FOUND, STMBOOT_IO. */
	enum stmboot_status (*resolve)(void *self, const char *path, char out[SB_PATH_BYTES]);
	/* Of what a path leads to now. STMBOOT_NOT_FOUND, STMBOOT_IO. */
	enum stmboot_status (*identify)(void *self, const char *path, struct stmboot_identity *out);
	/* Replaces what has the new name. */
	enum stmboot_status (*rename)(void *self, const char *from, const char *to);
	/* STMBOOT_NOT_FOUND, STMBOOT_IO. */
	enum stmboot_status (*unlink)(void *self, const char *path);
	/* Make names in a directory durable. */
	enum stmboot_status (*sync_directory)(void *self, const char *path);
	/* With its parents, durably, for this user only; fine when it is there. */
	enum stmboot_status (*make_directory)(void *self, const char *path);
	/* Does what is in the directory vanish with the power? */
	bool (*is_volatile)(void *self, const char *path);
	/* In no order, without "." and "..". STMBOOT_NOT_FOUND, STMBOOT_IO, or the visitor's. */
	enum stmboot_status (*list)(void *self, const char *path, sb_host_visit visit, void *user);
};

extern const struct sb_host sb_host_posix;

/* An open file as a source. `owned`: it is closed with it. STMBOOT_NO_MEMORY, or describe's. */
STMBOOT_NODISCARD enum stmboot_status sb_host_source(struct stmboot_context *ctx,
						     const struct sb_host *host, int file,
						     bool owned, struct stmboot_source **out);

/* The directory of a path, as text: "." when it names none. False when it is too long. */
bool sb_path_parent(const char *path, char out[SB_PATH_BYTES]);

/* Formatted into `out`; false when it is too long. */
bool sb_path_format(char out[SB_PATH_BYTES], const char *format, ...) STMBOOT_PRINTF(2, 3);

/*
 * Does a line of /proc/self/mountinfo mount one of the devices, or a partition
 * of one? `disk_of` gives the disk of a partition, else the device itself.
 * Then `place` is where.
 */
bool sb_mountinfo_match(const char *line, const uint64_t *devices, size_t count,
			uint64_t (*disk_of)(void *user, uint64_t device), void *user, char *place,
			size_t size);

#endif
