/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What became of a call.
 *
 * A status speaks about the call, never about the medium: a damaged image is
 * not a failed call while anything useful was read. What is wrong with a
 * medium is said by diagnostics (diag.h).
 */
#ifndef STMBOOT_STATUS_H
#define STMBOOT_STATUS_H

#if defined(__GNUC__) || defined(__clang__)
#define STMBOOT_API                 __attribute__((visibility("default")))
#define STMBOOT_NODISCARD           __attribute__((warn_unused_result))
#define STMBOOT_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define STMBOOT_API
#define STMBOOT_NODISCARD
#define STMBOOT_PRINTF(text, first)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** What became of a call. */
enum stmboot_status {
	STMBOOT_OK = 0,           /**< it did what its comment says */
	STMBOOT_IO,               /**< the medium or the host could not be read or written */
	STMBOOT_NO_MEMORY,        /**< the allocator said no */
	STMBOOT_TRUNCATED,        /**< the bytes end before the structure does */
	STMBOOT_NOT_RECOGNISED,   /**< not this format at all */
	STMBOOT_UNSUPPORTED,      /**< this format, but a variant that is not handled */
	STMBOOT_CORRUPT,          /**< this format, but damaged beyond use */
	STMBOOT_LIMIT,            /**< larger than the context's limits allow */
	STMBOOT_NOT_FOUND,        /**< no such file, node, key or partition */
	STMBOOT_CONFLICT,         /**< something else changed or holds the object */
	STMBOOT_INVALID_ARGUMENT, /**< the caller's mistake */
	STMBOOT_CANCELLED,        /**< the cancel callback said so */
	STMBOOT_INTERNAL,         /**< a mistake in the library */
};

/**
 * The status as a short English phrase for a message.
 *
 * @param status  any value, known or not
 * @return a static string, never NULL
 */
STMBOOT_API const char *stmboot_status_text(enum stmboot_status status);

#ifdef __cplusplus
}
#endif

#endif
