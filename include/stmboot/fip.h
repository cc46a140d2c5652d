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

#include <stmboot/content.h>
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
	uint64_t size;       /**< of the payload, in bytes */
	uint64_t flags;
	bool fits; /**< the payload lies within the source */
};

/** Does the certificate of an image in the same package hold its hash? */
enum stmboot_fip_hash {
	STMBOOT_FIP_HASH_UNKNOWN, /**< no certificate with a SHA-256, or an encrypted image */
	STMBOOT_FIP_HASH_AGREES,
	STMBOOT_FIP_HASH_DIFFERS,
};

/**
 * The name of what became of a hash.
 *
 * @param hash  what to name
 * @return "agrees" or "differs"; NULL when unknown. Static.
 */
STMBOOT_API const char *stmboot_fip_hash_text(enum stmboot_fip_hash hash);

/** The header in front of an encrypted image; TF-A include/tools_share/firmware_encrypted.h. */
struct stmboot_fip_encryption {
	uint16_t algorithm; /**< 0: AES-GCM */
	uint16_t flags;     /**< bit 0: the key of the device, not of the chip's class */
	uint16_t iv_bytes;
	uint16_t tag_bytes;
};

/** What an image holds. Strings and pointers are valid as long as the package. */
struct stmboot_fip_payload {
	bool known;                   /**< it was read: otherwise nothing here says anything */
	enum stmboot_content content; /**< UNKNOWN for code that has no header */
	const char *program;          /**< "U-Boot", "TF-A" or "OP-TEE"; NULL: it does not say */
	const char *version;          /**< of the program, "2023.10", "v2.8"; NULL: none */
	const char *model;            /**< of a device tree, or NULL */
	const char *board;            /**< the first compatible of a device tree, or NULL */
	const char *defect;           /**< what is wrong with a device tree, or NULL */
	uint64_t defect_offset;       /**< of that, in the source */
	uint64_t certificate_bytes;   /**< what a DER certificate says of its size; 0: it is none */
	enum stmboot_fip_hash hash;   /**< of the image */
	const struct stmboot_fip_encryption *encryption; /**< NULL: it is not encrypted */
};

/** A part of OP-TEE that its header describes. */
struct stmboot_fip_optee_part {
	uint64_t address; /**< UINT64_MAX: anywhere */
	uint32_t id;      /**< 0: the pager, tos-fw-extra1; 1: what is paged, tos-fw-extra2 */
	uint32_t size;    /**< in bytes */
};

enum { STMBOOT_FIP_OPTEE_PARTS = 2 };

/** The header that OP-TEE has in the place of tos-fw; TF-A lib/optee/optee_utils.c. */
struct stmboot_fip_optee {
	uint8_t version;      /**< 2; the rest has another meaning in others */
	uint8_t architecture; /**< 0: 32 bits, 1: 64 bits */
	uint16_t flags;
	uint32_t part_count; /**< stated */
	size_t decoded_parts;
	struct stmboot_fip_optee_part parts[STMBOOT_FIP_OPTEE_PARTS];
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
	uint64_t end_size;  /**< of the terminator; means nothing, and is 0 */
	uint64_t end_flags; /**< likewise */
	const struct stmboot_fip_payload *payloads; /**< of the entries; NULL until identified */
	const struct stmboot_fip_optee *optee;      /**< NULL until then, and without OP-TEE */
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

/**
 * Release a record.
 *
 * @param fip  NULL is fine
 */
STMBOOT_API void stmboot_fip_free(struct stmboot_fip *fip);

/**
 * The first entry of a name or UUID, as TF-A searches.
 *
 * @param fip   a decoded package
 * @param name  "nt-fw", or a UUID
 * @return borrowed from the package, or NULL
 */
STMBOOT_API const struct stmboot_fip_entry *stmboot_fip_find(const struct stmboot_fip *fip,
							     const char *name);

/**
 * Read the images: what each holds, and which version it says it is. Of those
 * that lie within the source all is read once, certified ones twice, in constant
 * memory; images that together are larger than max_unpacked_bytes of the
 * context are left out.
 *
 * @param ctx  the context that the record was decoded with
 * @param src  the source that it was decoded from; borrowed for the call
 * @param fip  its payloads are filled in
 * @return STMBOOT_OK; STMBOOT_IO, and what could be read is filled in;
 *         STMBOOT_NO_MEMORY; STMBOOT_CANCELLED
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_fip_identify(struct stmboot_context *ctx,
								       struct stmboot_source *src,
								       struct stmboot_fip *fip);

/**
 * Turn what is wrong with a package into diagnostics. What is inside the images
 * is judged once they were identified.
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
