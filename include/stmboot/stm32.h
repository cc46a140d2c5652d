/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The STM32 image header: what the boot ROM wants in front of a first-stage
 * loader, and TF-A up to v2.7 in front of the second stage.
 *
 * Versions 1.0 (STM32MP15), 2.0 (STM32MP13), 2.2 (STM32MP25, MP23) and 2.3
 * (STM32MP21). All numbers are little-endian. TF-A
 * plat/st/stm32mp1/include/boot_api.h, plat/st/stm32mp2/include/boot_api.h and
 * tools/stm32image/stm32image.c.
 */
#ifndef STMBOOT_STM32_H
#define STMBOOT_STM32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/diag.h>
#include <stmboot/source.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The families that a boot medium can be made for. */
enum stmboot_soc {
	STMBOOT_SOC_UNKNOWN,
	STMBOOT_SOC_STM32MP15,
	STMBOOT_SOC_STM32MP13,
	STMBOOT_SOC_STM32MP2,
};

/**
 * The name of a chip.
 *
 * @param soc  what to name
 * @return "stm32mp15", "stm32mp13" or "stm32mp2"; NULL when unknown. Static.
 */
STMBOOT_API const char *stmboot_soc_text(enum stmboot_soc soc);

/** Values of the version field. */
enum {
	STMBOOT_STM32_V1_0 = 0x00010000,
	STMBOOT_STM32_V2_0 = 0x00020000,
	STMBOOT_STM32_V2_2 = 0x00020200,
	STMBOOT_STM32_V2_3 = 0x00020300,
};

/** Values of the binary type; others exist. */
enum {
	STMBOOT_STM32_TYPE_UBOOT = 0x00,   /**< U-Boot SPL, or U-Boot */
	STMBOOT_STM32_TYPE_TFA = 0x10,     /**< TF-A BL2; up to 0x1f */
	STMBOOT_STM32_TYPE_OPTEE_H = 0x20, /**< OP-TEE header */
	STMBOOT_STM32_TYPE_OPTEE_X = 0x21, /**< OP-TEE pager */
	STMBOOT_STM32_TYPE_OPTEE_D = 0x22, /**< OP-TEE pageable part */
	STMBOOT_STM32_TYPE_M33 = 0x30,     /**< Cortex-M33 first stage (STM32MP2) */
};

/** Who is to load an image; it decides which checks apply. */
enum stmboot_stm32_role {
	STMBOOT_STM32_FSBL, /**< the boot ROM, into internal memory */
	STMBOOT_STM32_SSBL, /**< TF-A up to v2.7, into DDR: ssbl, teeh, teex, teed */
};

/** The first thing wrong with the extension headers; the walk ends there. */
enum stmboot_stm32_defect {
	STMBOOT_STM32_EXT_OK,
	STMBOOT_STM32_EXT_TRUNCATED,  /**< the source ends before the extensions do */
	STMBOOT_STM32_EXT_TOO_LONG,   /**< the total is larger than any real header's */
	STMBOOT_STM32_EXT_SHORT,      /**< fewer than 8 bytes left, or length below 8 */
	STMBOOT_STM32_EXT_UNALIGNED,  /**< length is no multiple of 4 */
	STMBOOT_STM32_EXT_OVERRUN,    /**< length reaches past the total */
	STMBOOT_STM32_EXT_UNKNOWN,    /**< unknown type */
	STMBOOT_STM32_EXT_TWICE,      /**< the same type again */
	STMBOOT_STM32_EXT_NO_FLAG,    /**< its flag bit is not set */
	STMBOOT_STM32_EXT_MISSING,    /**< a flag bit is set, its extension is not there */
	STMBOOT_STM32_EXT_NOT_FIRST,  /**< authentication is there, but not first */
	STMBOOT_STM32_EXT_INCOMPLETE, /**< too short for what it must hold */
};

/** One extension header (versions 2.x). */
struct stmboot_stm32_extension {
	uint64_t offset;  /**< in the source */
	uint32_t type;    /**< as stored, for example 0xffff5453 */
	uint32_t length;  /**< as stored, its own 8 bytes included */
	const char *name; /**< "authentication", "decryption", "padding"; NULL when unknown */
};

enum { STMBOOT_STM32_MAX_EXTENSIONS = 4, STMBOOT_STM32_MAX_KEY = 96 };

/** A decoded header; every field is what the medium says, not what it should say. */
struct stmboot_stm32 {
	uint32_t version;       /**< the version field, also when it is no known one */
	bool version_known;     /**< false: nothing below but `source_bytes` was decoded */
	bool header_fits;       /**< false: the source ends before the base header does; likewise */
	enum stmboot_soc soc;   /**< implied by the version */
	uint32_t base_bytes;    /**< 256, 128 or 160 */
	uint64_t header_bytes;  /**< with extensions: where the payload starts */
	uint64_t source_bytes;  /**< what the source holds */
	uint64_t payload_bytes; /**< the image length field */
	bool payload_fits;      /**< the payload lies within the source */
	uint32_t checksum;
	uint32_t entry_point;
	uint32_t reserved1;
	uint32_t load_address;
	uint32_t reserved2;
	uint32_t image_version;   /**< anti-rollback counter */
	uint32_t flags;           /**< option flags (1.0) or extension flags (2.x) */
	uint32_t extension_bytes; /**< total length of the extensions; 0 in 1.0 */
	uint32_t binary_type;
	uint32_t non_secure_bytes; /**< 2.3 only */
	uint32_t non_secure_hash;  /**< 2.3 only */
	uint64_t stray_offset;     /**< first padding byte that is not zero, 0 for none */
	bool is_signed;            /**< 1.0: flag bit 0 clear; 2.x: flag bit 0 set */
	bool is_encrypted;         /**< 2.x: flag bit 1 set */
	bool has_signature;        /**< the signature field is not all zero */
	uint32_t key_bytes;        /**< bytes used in signature and public_key: 64 or 96 */
	uint8_t signature[STMBOOT_STM32_MAX_KEY];  /**< R then S, big-endian */
	uint8_t public_key[STMBOOT_STM32_MAX_KEY]; /**< X then Y, big-endian; zero when absent */
	uint32_t algorithm; /**< 1 P-256, 2 brainpool 256, 3 P-384, 4 brainpool 384; 0 absent */
	uint32_t key_index; /**< 2.x, signed */
	uint32_t key_count; /**< 2.x, signed */
	size_t extension_count;
	struct stmboot_stm32_extension extensions[STMBOOT_STM32_MAX_EXTENSIONS];
	enum stmboot_stm32_defect defect; /**< the first one of the extensions */
	uint64_t defect_offset;           /**< where it stands in the source */
	bool has_computed_checksum;       /**< known: it costs reading the payload */
	uint32_t computed_checksum;       /**< the byte sum of the payload */
	uint32_t decryption_key_bits;     /**< 2.x, encrypted: 128 or 256 */
	uint32_t derivation_constant;     /**< likewise; the key of the chip is made with it */
	uint8_t plain_hash[16];           /**< likewise: half of the SHA-256 of the plain payload */
};

/**
 * Read the header at the start of a source.
 *
 * Reads the header and its extensions, never the payload. A damaged header is
 * no failure: its defects stand in the record and become diagnostics with
 * stmboot_stm32_validate().
 *
 * @param ctx  allocator; must outlive the record
 * @param src  a partition or file; borrowed for the call
 * @param out  on success, a record to release with stmboot_stm32_free()
 * @return STMBOOT_OK; STMBOOT_NOT_RECOGNISED without the magic; STMBOOT_IO and
 *         other statuses of stmboot_source_read(); STMBOOT_NO_MEMORY. On
 *         failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_stm32_decode(struct stmboot_context *ctx,
								       struct stmboot_source *src,
								       struct stmboot_stm32 **out);

/**
 * Release a record.
 *
 * @param image  NULL is fine
 */
STMBOOT_API void stmboot_stm32_free(struct stmboot_stm32 *image);

/**
 * Read the payload once and keep its byte sum in the record.
 *
 * @param ctx    allocator for one buffer, progress and cancellation
 * @param src    the source that the record was decoded from; borrowed
 * @param image  gains computed_checksum
 * @return STMBOOT_OK; STMBOOT_TRUNCATED when the payload does not lie within
 *         the source (the record is then untouched); STMBOOT_LIMIT when it is
 *         longer than max_unpacked_bytes; STMBOOT_CANCELLED; STMBOOT_IO;
 *         STMBOOT_NO_MEMORY
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_stm32_verify(struct stmboot_context *ctx,
								       struct stmboot_source *src,
								       struct stmboot_stm32 *image);

/**
 * Turn what is wrong with a header into diagnostics.
 *
 * @param image  a decoded header; the checksum is judged only after
 *               stmboot_stm32_verify()
 * @param src    the source that it was decoded from; places are counted in it
 * @param role   who is to load the image
 * @param diags  gains one entry per defect
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY or STMBOOT_LIMIT when the list could
 *         not take them all
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_stm32_validate(const struct stmboot_stm32 *image, struct stmboot_source *src,
		       enum stmboot_stm32_role role, struct stmboot_diags *diags);

/**
 * Who an image is meant for, by its type and load address.
 *
 * @param image  a decoded header
 * @return the role
 */
STMBOOT_API enum stmboot_stm32_role stmboot_stm32_likely_role(const struct stmboot_stm32 *image);

/**
 * The name of a version of the header.
 *
 * @param version  as in the header
 * @return "1.0", "2.0", "2.2" or "2.3"; NULL when unknown. Static.
 */
STMBOOT_API const char *stmboot_stm32_version_text(uint32_t version);

/**
 * The name of a binary type.
 *
 * @param binary_type  as in the header
 * @return "U-Boot", "TF-A", "OP-TEE header", ...; NULL when unknown. Static.
 */
STMBOOT_API const char *stmboot_stm32_type_text(uint32_t binary_type);

/**
 * The name of the curve that a signature is made with.
 *
 * @param algorithm  as in the header
 * @return "NIST P-256", "brainpoolP256t1", ...; NULL when unknown. Static.
 */
STMBOOT_API const char *stmboot_stm32_algorithm_text(uint32_t algorithm);

/**
 * The name of who loads an image.
 *
 * @param role  what to name
 * @return "rom" or "tf-a"; static
 */
STMBOOT_API const char *stmboot_stm32_role_text(enum stmboot_stm32_role role);

#ifdef __cplusplus
}
#endif

#endif
