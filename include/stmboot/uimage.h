/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The legacy U-Boot image ("uImage"): 64 bytes in front of a payload.
 *
 * All numbers are big-endian. U-Boot include/image.h.
 */
#ifndef STMBOOT_UIMAGE_H
#define STMBOOT_UIMAGE_H

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

enum {
	STMBOOT_UIMAGE_HEADER = 64, /**< bytes of the header: where the data starts */
	STMBOOT_UIMAGE_NAME = 32,
	STMBOOT_UIMAGE_MAX_PARTS = 16,
};

/** Values of the os, arch, type and compression fields that decide something. */
enum {
	STMBOOT_UIMAGE_OS_LINUX = 5,
	STMBOOT_UIMAGE_OS_UBOOT = 17,
	STMBOOT_UIMAGE_ARCH_ARM = 2,
	STMBOOT_UIMAGE_ARCH_ARM64 = 22,
	STMBOOT_UIMAGE_TYPE_STANDALONE = 1,
	STMBOOT_UIMAGE_TYPE_KERNEL = 2,
	STMBOOT_UIMAGE_TYPE_RAMDISK = 3,
	STMBOOT_UIMAGE_TYPE_MULTI = 4,
	STMBOOT_UIMAGE_TYPE_FIRMWARE = 5,
	STMBOOT_UIMAGE_TYPE_SCRIPT = 6,
	STMBOOT_UIMAGE_TYPE_KERNEL_NOLOAD = 14,
	STMBOOT_UIMAGE_COMP_NONE = 0,
	STMBOOT_UIMAGE_COMP_GZIP = 1,
};

/** One image of a multi image, or the text of a script. */
struct stmboot_uimage_part {
	uint64_t offset; /**< in the source */
	uint64_t size;   /**< in bytes */
};

/** A decoded header; every field is what the medium says. */
struct stmboot_uimage {
	uint32_t header_crc;
	uint32_t computed_header_crc;
	uint32_t timestamp; /**< seconds since 1970 */
	uint32_t data_bytes;
	uint32_t load_address;
	uint32_t entry_point;
	uint32_t data_crc;
	uint8_t os;
	uint8_t arch;
	uint8_t type;
	uint8_t compression;
	char name[STMBOOT_UIMAGE_NAME + 1]; /**< a NUL is added: a full name has none */
	uint64_t source_bytes;
	bool data_fits;             /**< the data lies within the source */
	bool has_computed_data_crc; /**< known: it costs reading the data */
	uint32_t computed_data_crc;
	/** Multi image and script: the parts by the size table, as far as it makes sense. */
	size_t part_count;
	struct stmboot_uimage_part parts[STMBOOT_UIMAGE_MAX_PARTS];
	bool parts_ok; /**< the table ended in time and every part lies within the data */
};

/** What an image is used as; it decides which fields matter. */
enum stmboot_uimage_role {
	STMBOOT_UIMAGE_ANY,    /**< only whether it is intact */
	STMBOOT_UIMAGE_SSBL,   /**< U-Boot, loaded by SPL */
	STMBOOT_UIMAGE_KERNEL, /**< a kernel, loaded by bootm */
	STMBOOT_UIMAGE_INITRD, /**< an initial file system for bootm or bootz */
};

/**
 * Read the header at the start of a source; bytes behind the data are padding.
 *
 * @param ctx  allocator; must outlive the record
 * @param src  a partition or file; borrowed for the call
 * @param out  on success, a record to release with stmboot_uimage_free()
 * @return STMBOOT_OK, also for a damaged header; STMBOOT_NOT_RECOGNISED
 *         without the magic; STMBOOT_TRUNCATED when the source ends within the
 *         header; STMBOOT_IO; STMBOOT_NO_MEMORY. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_uimage_decode(struct stmboot_context *ctx, struct stmboot_source *src,
		      struct stmboot_uimage **out);

/**
 * Release a record.
 *
 * @param image  NULL is fine
 */
STMBOOT_API void stmboot_uimage_free(struct stmboot_uimage *image);

/**
 * Read the data once and keep its CRC in the record.
 *
 * @param ctx    allocator for one buffer, progress and cancellation
 * @param src    the source that the record was decoded from; borrowed
 * @param image  gains computed_data_crc
 * @return STMBOOT_OK; STMBOOT_TRUNCATED when the data does not lie within the
 *         source (the record is then untouched); STMBOOT_CANCELLED;
 *         STMBOOT_IO; STMBOOT_NO_MEMORY
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_uimage_verify(struct stmboot_context *ctx, struct stmboot_source *src,
		      struct stmboot_uimage *image);

/**
 * Turn what is wrong with an image into diagnostics.
 *
 * @param image  a decoded header; the data CRC is judged only after
 *               stmboot_uimage_verify()
 * @param src    the source that it was decoded from; places are counted in it
 * @param role   what the image is used as
 * @param diags  gains one entry per defect
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY or STMBOOT_LIMIT when the list could
 *         not take them all
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_uimage_validate(const struct stmboot_uimage *image, struct stmboot_source *src,
			enum stmboot_uimage_role role, struct stmboot_diags *diags);

/**
 * The name of an operating system.
 *
 * @param os  as in the header
 * @return "linux", "u-boot", ...; NULL when unknown. Static.
 */
STMBOOT_API const char *stmboot_uimage_os_text(uint8_t os);

/**
 * The name of an architecture.
 *
 * @param arch  as in the header
 * @return "arm", "arm64", ...; NULL when unknown. Static.
 */
STMBOOT_API const char *stmboot_uimage_arch_text(uint8_t arch);

/**
 * The name of a type.
 *
 * @param type  as in the header
 * @return "kernel", "firmware", ...; NULL when unknown. Static.
 */
STMBOOT_API const char *stmboot_uimage_type_text(uint8_t type);

/**
 * The name of a compression.
 *
 * @param compression  as in the header
 * @return "none", "gzip", ...; NULL when unknown. Static.
 */
STMBOOT_API const char *stmboot_uimage_compression_text(uint8_t compression);

#ifdef __cplusplus
}
#endif

#endif
