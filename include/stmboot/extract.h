/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What is on a card, as files of the host.
 *
 * Whatever names and links an image holds, nothing is made outside the
 * destination: folders are gone through one by one, no symbolic link in them
 * is followed, and the walk (fs.h) gives no name that leads elsewhere. A file
 * is complete under another name (its own with ".stmboot-new") before it gets
 * its own, so that a file of the wanted name is always a whole one; holes stay
 * holes. What is there already is replaced only when it is a regular file, and
 * never when it is the image; folders are merged.
 */
#ifndef STMBOOT_EXTRACT_H
#define STMBOOT_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/fip.h>
#include <stmboot/fs.h>
#include <stmboot/refusal.h>
#include <stmboot/source.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How to extract. Zero it and set struct_size. */
struct stmboot_extract_options {
	size_t struct_size;
	const char *image; /**< file of the host that is never replaced; NULL: none */
	bool recursive;    /**< a directory as well, with all that is below it */
	/**
	 * Keep modes, times and extended attributes; for root also the owners, the
	 * set-id bits and the attributes of the system (security., trusted.).
	 * Without it, modes are those of the image without set-id bits, under the
	 * user's umask, and the rest is that of new files.
	 */
	bool preserve;
	bool devices; /**< make devices, pipes and sockets, too; else they are left out */
};

/** Something that was not made, or not as it is in the image. */
struct stmboot_extract_trouble {
	const char *path;    /**< in the image */
	const char *message; /**< one phrase; it may hold bytes of the medium */
	const char *hint;    /**< what to do next, or NULL */
	bool failed;         /**< false for what is left out by the rules */
};

/** What was made. */
struct stmboot_extract_result {
	const char *destination; /**< of what the path leads to; never NULL */
	uint64_t files;
	uint64_t folders; /**< made or merged */
	uint64_t symlinks;
	uint64_t hard_links; /**< further names of files that are made */
	uint64_t specials;   /**< devices, pipes and sockets */
	uint64_t bytes;      /**< of content, without holes */
	uint64_t left_out;
	uint64_t failed;
	/** As many as the context's max_findings allows; the counts are exact. */
	const struct stmboot_extract_trouble *troubles;
	size_t trouble_count;
};

/**
 * Make a file, or with `recursive` a directory with all that is below it, on
 * the host.
 *
 * Symbolic links in the path are followed, inside the file system; those below
 * it become links. Hard links below it stay hard links. What cannot be read or
 * made is passed over and stands in the result; a full disk ends the work. A
 * single file is durable when it is made, those of a directory are not yet. Not
 * more content is written than the file system has room for, however often its
 * files claim the same blocks.
 *
 * @param ctx          allocator and limits; must outlive the result
 * @param fs           file system; borrowed for the call
 * @param path         path inside it
 * @param destination  path on the host; a folder that is there gets the file or
 *                     directory under its own name, the root directory all that
 *                     it holds; NULL: under its own name in the current folder
 * @param options      borrowed for the call; NULL for all defaults
 * @param why          says why not; may be NULL
 * @param out          what was made, to release with stmboot_extract_free(); set
 *                     also on failure once the work has begun, else untouched
 * @return STMBOOT_OK when nothing failed; what stmboot_fs_inspect() gives for the
 *         path; STMBOOT_INVALID_ARGUMENT for a directory without `recursive` or
 *         something special without `devices`; STMBOOT_CONFLICT when something
 *         else is in its place; STMBOOT_LIMIT; STMBOOT_IO; STMBOOT_NO_MEMORY;
 *         STMBOOT_CANCELLED. Otherwise the first failure of the result.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extract(struct stmboot_context *ctx, struct stmboot_fs *fs, const char *path,
		const char *destination, const struct stmboot_extract_options *options,
		struct stmboot_refusal *why, const struct stmboot_extract_result **out);

/**
 * Release a result.
 *
 * @param result  NULL is fine
 */
STMBOOT_API void stmboot_extract_free(const struct stmboot_extract_result *result);

/**
 * Write what a source holds to a file, durably.
 *
 * @param ctx      allocator; borrowed for the call
 * @param src      borrowed for the call
 * @param path     of the file on the host
 * @param options  `image` alone is used; NULL for all defaults
 * @param why      says why not; may be NULL
 * @return STMBOOT_OK; STMBOOT_CONFLICT when something is there that is no regular
 *         file, or another run is writing it; STMBOOT_INVALID_ARGUMENT when it is
 *         the image, or no name for a file; STMBOOT_NOT_FOUND without its folder; STMBOOT_IO;
 *         STMBOOT_NO_MEMORY; STMBOOT_CANCELLED; what reading gives
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extract_source(struct stmboot_context *ctx, struct stmboot_source *src, const char *path,
		       const struct stmboot_extract_options *options, struct stmboot_refusal *why);

/**
 * Write every image of a firmware package to a file in a folder, durably: with
 * the names that "fiptool unpack" gives, such as nt-fw.bin, or the UUID.
 *
 * @param ctx      allocator; borrowed for the call
 * @param src      that the package was decoded from; borrowed for the call
 * @param fip      borrowed for the call
 * @param path     of the folder on the host; it is made when it is not there
 * @param options  `image` alone is used; NULL for all defaults
 * @param why      says why not; may be NULL
 * @return as stmboot_extract_source(); STMBOOT_TRUNCATED, and nothing is made, when
 *         an image does not lie within the source; STMBOOT_LIMIT when they
 *         claim more than it holds. What was made before a failure stays.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_extract_fip(struct stmboot_context *ctx, struct stmboot_source *src,
		    const struct stmboot_fip *fip, const char *path,
		    const struct stmboot_extract_options *options, struct stmboot_refusal *why);

#ifdef __cplusplus
}
#endif

#endif
