/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The context: everything that a call may use beside its arguments.
 *
 * It comes first in every function that allocates, reads or can fail;
 * accessors of an object do without it. The library has no global state, so
 * two contexts never meet. A context may be used by one thread at a time.
 *
 * What one medium may cost is limited. These are the limits that a caller may set,
 * and what says that one was met: a finding, or the status of the call.
 *
 * | limit | of | what says so |
 * | --- | --- | --- |
 * | max_text_bytes | a configuration with what it includes, a list, an environment, a command line, all attributes of a file | extlinux.unreadable; STMBOOT_LIMIT |
 * | max_dtb_bytes | a device tree | dtb.too-large; STMBOOT_LIMIT |
 * | max_unpacked_bytes | a compressed payload, all payloads of a kernel or an initrd; bytes for hashes of FITs; kernels of all labels; files compared with and without their journal | the payload counts as damaged; fit.hash-unchecked; image.too-much; STMBOOT_LIMIT |
 * | max_container_bytes | a compressed card image, and a stream | STMBOOT_LIMIT |
 * | max_gpt_entries | a partition table; those beyond it are left out | gpt.entry-count; edits are refused |
 * | max_findings | a list of findings, and of events of a configuration; of troubles of an extraction | image.too-many-findings; its counts are exact |
 * | max_pending_bytes | what one edit changes | STMBOOT_LIMIT |
 * | max_walk_names | names that one walk visits | STMBOOT_LIMIT |
 * | max_decoded_bytes | memory for what all partitions hold; for all configurations; for device trees and FITs of all labels | image.too-much; extlinux.unreadable |
 *
 * These do not change, for no real card comes near them, or a program of the board
 * has the same:
 *
 * | limit | of |
 * | --- | --- |
 * | 1000 times what is packed, and 4 MiB | the output of a compressed payload; of a card image, and 4 GiB, or 64 MiB that are not zeros |
 * | 256 MiB, of which 48 MiB are not zeros, and 4 KiB for each byte beyond 1 MiB of what is packed | a card image, unpacked |
 * | 8 times the image as it is packed, and 24 MiB | the output of kernel and initrd together |
 * | 32 MiB; twice the file | a packed U-Boot; images of a FIP that overlap: image.too-much |
 * | 66 MiB; up to 160 MiB when that is no more than 32 times what is packed | a decompressor's own memory |
 * | 100,000 lines, 256 files | a configuration with what it includes |
 * | 16 | configurations that are found; 64 places that are searched |
 * | 64 | labels that are tried, overlays of one that are loaded: image.too-much; 1,000 overlays of one; 32 lines of one keyword in an edit |
 * | 8,192 tokens and 256 KiB of properties | a FIT |
 * | 128 entries; 4 KiB; 2 KiB | a FIP; metadata of updates; extensions of an STM32 header |
 * | 64 | compressed payloads that are tried in a kernel |
 * | 40 links (Linux), 7 (U-Boot); 5 levels of extents (Linux), 8 (U-Boot) | a path; a file |
 * | 64 MiB | directories that are looked at for one path, or for all files of a boot: image.too-much |
 * | the size of the file system, and 64 KiB | directories on a walk: STMBOOT_LIMIT |
 * | a sixteenth of that size, and 32 MiB, up to 256 MiB | names of directories that a walk holds at once: STMBOOT_LIMIT |
 * | 8 times the size of the file system, and 16 MiB | paths of a walk: STMBOOT_LIMIT |
 * | 8 MiB | what is kept in memory of all partitions; more is read again |
 * | 16 MiB of descriptors; 1,048,576 runs; 64 KiB | the groups of an ext4; a range of data; an attribute |
 * | 10,240,000 blocks | a journal |
 * | 16 | places that cannot be read and are told one by one |
 */
#ifndef STMBOOT_CONTEXT_H
#define STMBOOT_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stmboot_context;

/** Ceilings for what one medium may cost. 0 takes the default in parentheses. */
struct stmboot_limits {
	uint64_t max_text_bytes;     /**< a configuration or list read whole (1 MiB) */
	uint64_t max_dtb_bytes;      /**< a device tree (2 MiB) */
	uint64_t max_unpacked_bytes; /**< the output of one compressed payload (256 MiB) */
	uint64_t max_container_bytes; /**< a compressed card image, unpacked (64 GiB) */
	uint32_t max_gpt_entries;    /**< partition entries looked at (1024) */
	uint32_t max_findings;       /**< findings kept in one list (10,000) */
};

/**
 * What the caller may provide. Zero the structure and set `struct_size` to
 * `sizeof(struct stmboot_context_options)`; every field may stay zero.
 */
struct stmboot_context_options {
	size_t struct_size;
	void *user; /**< handed to every callback */
	/** Allocate `size` bytes, or NULL. Set both or neither (malloc and free). */
	void *(*allocate)(void *user, size_t size);
	void (*release)(void *user, void *memory);
	struct stmboot_limits limits;
	/** Seconds since 1970; without it SOURCE_DATE_EPOCH, else the system's clock. */
	int64_t (*clock)(void *user);
	/** Seed for GUIDs that the library makes; used only when has_guid_seed is set. */
	uint64_t guid_seed;
	bool has_guid_seed;
	/** Work done so far, of `total` bytes (0: not known). */
	void (*progress)(void *user, uint64_t done, uint64_t total);
	/**
	 * True stops the running call with STMBOOT_CANCELLED. A call that writes is not
	 * asked any more once it cannot be stopped without a trace: stmboot_edit_commit().
	 */
	bool (*cancel)(void *user);
	/** Ceiling for the bytes that one edit changes; they wait in memory. 0: 256 MiB. */
	uint64_t max_pending_bytes;
	/** Ceiling for the names that one walk over a file system visits. 0: 2,000,000. */
	uint64_t max_walk_names;
	/**
	 * Ceiling for the memory that is spent on decoding what the partitions of an image
	 * hold, all together, and as much again on its configurations. What comes after
	 * it is met is only recognised: image.too-much, extlinux.unreadable. 0: 16 MiB.
	 */
	uint64_t max_decoded_bytes;
};

/**
 * Make a context.
 *
 * @param options  borrowed for the call; NULL for all defaults
 * @param out      on success, a context to release with stmboot_context_free();
 *                 it must outlive everything made with it
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_INVALID_ARGUMENT when only one
 *         of allocate and release is set. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_context_new(const struct stmboot_context_options *options, struct stmboot_context **out);

/**
 * Release a context.
 *
 * @param ctx  NULL is fine
 */
STMBOOT_API void stmboot_context_free(struct stmboot_context *ctx);

/**
 * The version of the library.
 *
 * @return for example "0.1.0"; static
 */
STMBOOT_API const char *stmboot_version(void);

#ifdef __cplusplus
}
#endif

#endif
