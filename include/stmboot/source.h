/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Sources: where bytes come from.
 *
 * A source is a fixed number of bytes that can be read at any place: a file,
 * memory, a window of another source (a partition), or a file inside a file
 * system. Nothing is mapped into memory and nothing is written; writing goes
 * through a sink of its own.
 */
#ifndef STMBOOT_SOURCE_H
#define STMBOOT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/refusal.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stmboot_source;

/** Tells one opened file from another, and from itself after a change. */
struct stmboot_identity {
	uint64_t device;
	uint64_t inode;
	uint64_t size; /**< in bytes */
	int64_t mtime_seconds;
	int64_t mtime_nanoseconds;
};

/** How a source of the caller's own works. Only read_at and size are required. */
struct stmboot_source_ops {
	size_t struct_size; /**< sizeof(struct stmboot_source_ops) */
	/**
	 * Read exactly `size` bytes at `offset` into `buffer`, or give a status.
	 * Never called for a range past the end, nor with size 0.
	 */
	enum stmboot_status (*read_at)(void *self, uint64_t offset, void *buffer, size_t size);
	/** Bytes in the source; constant while it is open. */
	uint64_t (*size)(void *self);
	/** Fill `out`, or STMBOOT_UNSUPPORTED. */
	enum stmboot_status (*identity)(void *self, struct stmboot_identity *out);
	/**
	 * The first range of data (not a hole) that ends after `offset`.
	 * STMBOOT_NOT_FOUND when only a hole follows.
	 */
	enum stmboot_status (*next_data)(void *self, uint64_t offset, uint64_t *start,
					 uint64_t *end);
	/** Where `offset` stands on the medium; false when it stands nowhere (a hole). */
	bool (*locate)(void *self, uint64_t offset, uint64_t *medium_offset);
	/** Release `self`. */
	void (*close)(void *self);
	/** A number that is another one after the bytes changed; without it they never do. */
	uint64_t (*generation)(void *self);
};

/**
 * Make a source from callbacks.
 *
 * @param ctx   allocator; must outlive the source
 * @param ops   copied
 * @param self  handed to every callback; owned by the source on success only
 * @param out   on success, a source to release with stmboot_source_close()
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_INVALID_ARGUMENT when a
 *         required callback is missing. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_source_new(struct stmboot_context *ctx, const struct stmboot_source_ops *ops, void *self,
		   struct stmboot_source **out);

/**
 * Open a regular file or a block device, for reading only.
 *
 * @param ctx   allocator; must outlive the source
 * @param path  path on the host
 * @param out   on success, a source to release with stmboot_source_close()
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND; STMBOOT_IO (permission and other
 *         trouble, errno says which); STMBOOT_NOT_RECOGNISED for a directory,
 *         a character device, a pipe or a socket; STMBOOT_NO_MEMORY.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_source_open_file(struct stmboot_context *ctx, const char *path,
			 struct stmboot_source **out);

/**
 * What a file descriptor gives, up to its end: a pipe is copied into a file
 * without a name, in TMPDIR; a regular file that was not read yet is not.
 *
 * @param ctx  allocator, and max_container_bytes for what is copied; must outlive
 *             the source
 * @param fd   borrowed for the call
 * @param out  on success, a source to release with stmboot_source_close()
 * @return STMBOOT_OK; STMBOOT_IO, errno says why; STMBOOT_LIMIT;
 *         STMBOOT_CANCELLED; STMBOOT_NO_MEMORY
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_source_open_stream(struct stmboot_context *ctx, int fd, struct stmboot_source **out);

/**
 * A source over memory.
 *
 * @param ctx   allocator; must outlive the source
 * @param data  borrowed until the source is closed
 * @param size  bytes
 * @param out   on success, a source to release with stmboot_source_close()
 * @return STMBOOT_OK or STMBOOT_NO_MEMORY
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_source_from_memory(struct stmboot_context *ctx, const void *data, size_t size,
			   struct stmboot_source **out);

/**
 * A window of another source, for example a partition.
 *
 * A window that reaches past the end of its parent is cut there, and one that
 * starts past it is empty: a truncated image is read as far as it goes.
 *
 * @param ctx     allocator; must outlive the source
 * @param parent  borrowed until the window is closed
 * @param offset  first byte, counted in the parent
 * @param size    bytes
 * @param out     on success, a source to release with stmboot_source_close()
 * @return STMBOOT_OK or STMBOOT_NO_MEMORY
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_source_window(struct stmboot_context *ctx, struct stmboot_source *parent, uint64_t offset,
		      uint64_t size, struct stmboot_source **out);

/**
 * Read exactly so many bytes.
 *
 * @param src     to read from
 * @param offset  bytes from its start
 * @param buffer  receives the bytes
 * @param size    how many
 * @return STMBOOT_OK; STMBOOT_TRUNCATED when the range does not lie within the
 *         source (the buffer is then untouched); STMBOOT_IO; STMBOOT_CORRUPT
 *         when the structures that map the range are damaged (a file inside a
 *         file system); STMBOOT_CANCELLED
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_source_read(struct stmboot_source *src, uint64_t offset, void *buffer, size_t size);

/**
 * The size of a source.
 *
 * @param src  that is open
 * @return in bytes
 */
STMBOOT_API uint64_t stmboot_source_size(struct stmboot_source *src);

/**
 * Identity of the file below a source as it is now.
 *
 * @param src  that is open
 * @param out  filled on success
 * @return STMBOOT_OK; STMBOOT_UNSUPPORTED when there is none; STMBOOT_IO
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_source_identity(struct stmboot_source *src, struct stmboot_identity *out);

/**
 * The first range of data that ends after `offset`; what lies before it is a
 * hole. A source that knows no holes is one range of data.
 *
 * @param src     that is open
 * @param offset  bytes from its start
 * @param start   of the range, in bytes
 * @param end     the byte behind it
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND when nothing but a hole follows; STMBOOT_IO
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_source_next_data(struct stmboot_source *src, uint64_t offset, uint64_t *start,
			 uint64_t *end);

/**
 * Where a byte of this source stands on the medium.
 *
 * @param src            that is open
 * @param offset         bytes from its start
 * @param medium_offset  filled when it stands somewhere: bytes from the start of the
 *                       medium
 * @return false when it stands nowhere: in a hole, or past the end
 */
STMBOOT_API bool stmboot_source_locate(struct stmboot_source *src, uint64_t offset,
				       uint64_t *medium_offset);

/**
 * Say for a person why a file could not be opened as an image, and what to do.
 *
 * @param path    of the file on the host; NULL: a source of the caller's
 * @param status  what stmboot_source_open_file() or stmboot_image_open() gave,
 *                not STMBOOT_OK
 * @param error   errno after that call, 0 when it is not known
 * @param why     filled
 */
STMBOOT_API void stmboot_source_explain(const char *path, enum stmboot_status status, int error,
					struct stmboot_refusal *why);

/**
 * Close a source. A window's parent stays open.
 *
 * @param src  NULL is fine
 */
STMBOOT_API void stmboot_source_close(struct stmboot_source *src);

#ifdef __cplusplus
}
#endif

#endif
