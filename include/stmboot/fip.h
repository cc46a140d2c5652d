/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The firmware image package of TF-A ("FIP"): a table of contents and images.
 *
 * All numbers are little-endian. TF-A
 * include/tools_share/firmware_image_package.h.
 */
#ifndef STMBOOT_FIP_H
#define STMBOOT_FIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/diag.h>
#include <stmboot/source.h>
#include <stmboot/status.h>
#include <stmboot/stm32.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One image of a package. */
struct stmboot_fip_entry {
	uint8_t uuid[16];    /**< bytes in the order in which they are printed */
	char uuid_text[37];  /**< "5807e16a-8459-47be-8ed5-648e8dddab0e" */
	const char *name;    /**< fiptool's option, for example "nt-fw"; NULL when unknown */
	const char *title;   /**< "U-Boot (BL33)"; NULL when unknown */
	uint64_t toc_offset; /**< where the entry stands in the source */
	uint64_t offset;     /**< of the payload, in the source */
	uint64_t size;
	uint64_t flags;
	bool fits; /**< the payload lies within the source */
};

/** A decoded table of contents. */
struct stmboot_fip {
	uint32_t serial_number;
	uint64_t flags;
	size_t entry_count;
	const struct stmboot_fip_entry *entries;
	bool terminated;      /**< the entry with a zero UUID was met */
	uint64_t toc_bytes;   /**< header, entries and terminator, as far as there are any */
	uint64_t total_bytes; /**< what the terminator says; 0 without one */
	uint64_t source_bytes;
	uint32_t tos_magic; /**< first word of the tos-fw payload, 0 when it cannot be read */
};

/** Values of tos_magic that say what the secure OS is. */
enum {
	STMBOOT_FIP_OPTEE = 0x4554504f, /**< "OPTE": an OP-TEE header */
};

/**
 * Read the table of contents at the start of a source.
 *
 * @param ctx  allocator; must outlive the record
 * @param src  a partition or file; borrowed for the call
 * @param out  on success, a record to release with stmboot_fip_free()
 * @return STMBOOT_OK, also for a damaged table; STMBOOT_NOT_RECOGNISED without
 *         the magic; STMBOOT_TRUNCATED when the source ends within the header;
 *         STMBOOT_IO; STMBOOT_NO_MEMORY. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_fip_decode(struct stmboot_context *ctx,
								     struct stmboot_source *src,
								     struct stmboot_fip **out);

/** Release a record; NULL is fine. */
STMBOOT_API void stmboot_fip_free(struct stmboot_fip *fip);

/** The first entry of that name ("nt-fw"), as TF-A searches, or NULL. Borrowed. */
STMBOOT_API const struct stmboot_fip_entry *stmboot_fip_find(const struct stmboot_fip *fip,
							     const char *name);

/**
 * Turn what is wrong with a package into diagnostics.
 *
 * @param fip    a decoded table
 * @param src    the source that it was decoded from; places are counted in it
 * @param soc    decides which images must be there; may be unknown
 * @param diags  gains one entry per defect
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY or STMBOOT_LIMIT when the list could
 *         not take them all
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fip_validate(const struct stmboot_fip *fip, struct stmboot_source *src,
		     enum stmboot_soc soc, struct stmboot_diags *diags);

#ifdef __cplusplus
}
#endif

#endif
