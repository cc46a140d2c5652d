/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Firmware update metadata (A/B banks), versions 1 and 2.
 *
 * All numbers are little-endian. TF-A include/drivers/fwu/fwu_metadata.h,
 * Platform Security Firmware Update (Arm DEN0118).
 */
#ifndef STMBOOT_FWU_H
#define STMBOOT_FWU_H

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

enum { STMBOOT_FWU_MAX_BANKS = 4, STMBOOT_FWU_MAX_IMAGES = 16 };

/** Values of a bank's state (version 2). */
enum {
	STMBOOT_FWU_BANK_INVALID = 0xff,
	STMBOOT_FWU_BANK_VALID = 0xfe, /**< on trial */
	STMBOOT_FWU_BANK_ACCEPTED = 0xfc,
};

/** One image in one bank. */
struct stmboot_fwu_bank_image {
	char guid[37]; /**< the unique GUID of its partition, lower case */
	uint32_t accepted;
};

/** One image in all banks. */
struct stmboot_fwu_image {
	char type_guid[37];
	char location_guid[37];
	struct stmboot_fwu_bank_image banks[STMBOOT_FWU_MAX_BANKS];
};

/** Decoded metadata. */
struct stmboot_fwu {
	uint32_t version;
	uint32_t active_index;
	uint32_t previous_active_index;
	uint32_t crc;
	bool has_computed_crc; /**< the bytes that it covers are there */
	uint32_t computed_crc;
	uint64_t metadata_bytes;    /**< the stated size (version 2), or 96 (version 1) */
	uint32_t descriptor_offset; /**< version 2; 0: no images are described */
	uint8_t bank_state[STMBOOT_FWU_MAX_BANKS]; /**< version 2 */
	uint32_t bank_count;
	uint32_t image_count; /**< as stated, even when more than `images` holds */
	size_t decoded_images;
	struct stmboot_fwu_image images[STMBOOT_FWU_MAX_IMAGES];
	uint64_t source_bytes;
};

/**
 * Read the metadata at the start of a source.
 *
 * There is no magic: the version and sizes must make sense. Version 1 states
 * no counts, so ST's are assumed (two banks, one image).
 *
 * @param ctx  allocator; must outlive the record
 * @param src  a partition or file; borrowed for the call
 * @param out  on success, a record to release with stmboot_fwu_free()
 * @return STMBOOT_OK, also when the CRC is wrong; STMBOOT_NOT_RECOGNISED;
 *         STMBOOT_IO; STMBOOT_NO_MEMORY. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_fwu_decode(struct stmboot_context *ctx,
								     struct stmboot_source *src,
								     struct stmboot_fwu **out);

/**
 * Release a record.
 *
 * @param fwu  NULL is fine
 */
STMBOOT_API void stmboot_fwu_free(struct stmboot_fwu *fwu);

/** What TF-A makes of a copy of the metadata. */
enum stmboot_fwu_reason {
	STMBOOT_FWU_READS,         /**< it goes by this copy */
	STMBOOT_FWU_OTHER_VERSION, /**< this TF-A reads another version */
	STMBOOT_FWU_CUT,           /**< the partition or file ends before the metadata */
	STMBOOT_FWU_BAD_CRC,
	STMBOOT_FWU_BAD_INDEX,   /**< a bank that does not exist */
	STMBOOT_FWU_OTHER_BANKS, /**< another number of banks than two */
	STMBOOT_FWU_TOO_LARGE,   /**< more images than this TF-A is built for */
	STMBOOT_FWU_NO_IMAGES,   /**< no image is described */
};

/** The TF-A that reads metadata. */
struct stmboot_fwu_reader {
	uint32_t version; /**< of metadata: 1 up to v2.10, 2 from v2.11 on; 0: either */
	uint64_t bytes;   /**< it has room for; 0: any number */
};

/**
 * Would TF-A take a copy of the metadata? TF-A drivers/fwu/fwu.c.
 *
 * @param fwu     decoded metadata
 * @param reader  borrowed for the call
 * @return the first of TF-A's checks that fails, or STMBOOT_FWU_READS
 */
STMBOOT_API enum stmboot_fwu_reason stmboot_fwu_judge(const struct stmboot_fwu *fwu,
						      const struct stmboot_fwu_reader *reader);

/**
 * A reason as a short English phrase.
 *
 * @param reason  what to name
 * @return static, never NULL
 */
STMBOOT_API const char *stmboot_fwu_reason_text(enum stmboot_fwu_reason reason);

enum { STMBOOT_FWU_NO_BANK = -1 };

/** The bank that TF-A boots. */
struct stmboot_fwu_choice {
	int32_t bank;      /**< or STMBOOT_FWU_NO_BANK: it stops */
	bool on_trial;     /**< it counts these boots, in a register that is not on the card */
	int32_t alternate; /**< the bank after the last trial; STMBOOT_FWU_NO_BANK: none */
};

/**
 * Choose a bank as TF-A does, in metadata that it reads: the active one when it
 * is accepted or on trial, else another. TF-A plat/st/common/
 * bl2_io_storage.c, plat_fwu_get_boot_idx().
 *
 * @param fwu  decoded metadata
 * @return by value
 */
STMBOOT_API struct stmboot_fwu_choice stmboot_fwu_choose(const struct stmboot_fwu *fwu);

/**
 * The name of a bank's state (version 2).
 *
 * @param state  as in the metadata
 * @return "accepted", "valid", "invalid" or "unknown"; static
 */
STMBOOT_API const char *stmboot_fwu_state_text(uint8_t state);

/**
 * The state of a bank. Version 1 has none, but says of each image whether it was
 * accepted: that of the firmware package counts.
 *
 * @param fwu   decoded metadata
 * @param bank  below STMBOOT_FWU_MAX_BANKS
 * @return as stmboot_fwu_state_text(); static
 */
STMBOOT_API const char *stmboot_fwu_bank_text(const struct stmboot_fwu *fwu, size_t bank);

/**
 * The image that is a firmware package.
 *
 * @param fwu  decoded metadata
 * @return borrowed from the metadata, or NULL
 */
STMBOOT_API const struct stmboot_fwu_image *stmboot_fwu_find_fip(const struct stmboot_fwu *fwu);

/**
 * Turn what is wrong with metadata into diagnostics.
 *
 * @param fwu    decoded metadata
 * @param src    the source that it was decoded from; places are counted in it
 * @param diags  gains one entry per defect
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY or STMBOOT_LIMIT when the list could
 *         not take them all
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_fwu_validate(const struct stmboot_fwu *fwu, struct stmboot_source *src,
		     struct stmboot_diags *diags);

#ifdef __cplusplus
}
#endif

#endif
