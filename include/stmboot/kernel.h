/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Linux kernels as U-Boot starts them: the zImage of 32-bit ARM (STM32MP1)
 * and the Image of arm64 (STM32MP2).
 *
 * Decoding looks at headers only. What the kernel is (its release, its
 * configuration) stands inside a compressed payload; stmboot_kernel_identify()
 * unpacks it, streaming, and takes correspondingly longer.
 *
 * A uImage or FIT around the kernel is the caller's to remove: hand in a
 * window (stmboot_source_window()) over the inner bytes.
 */
#ifndef STMBOOT_KERNEL_H
#define STMBOOT_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/compression.h>
#include <stmboot/diag.h>
#include <stmboot/source.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a file handed to the boot loader as a kernel turned out to be. */
enum stmboot_kernel_format {
	STMBOOT_KERNEL_UNKNOWN,    /**< no kernel: see stmboot_kernel.looks_like */
	STMBOOT_KERNEL_ZIMAGE,     /**< ARM zImage, for bootz */
	STMBOOT_KERNEL_BAREBOX,    /**< barebox image, which bootz takes as well */
	STMBOOT_KERNEL_ARM64,      /**< arm64 Image, for booti */
	STMBOOT_KERNEL_ZBOOT,      /**< EFI zboot image: a PE file that unpacks itself */
	STMBOOT_KERNEL_COMPRESSED, /**< a compressed file, presumably an arm64 Image */
};

/** Fields of a zImage (Linux arch/arm/boot/compressed/head.S), from byte 0x24. */
struct stmboot_zimage {
	uint32_t magic;      /**< 0x016f2818, or 0x00786f62 for barebox */
	uint32_t start;      /**< 0 for a position-independent image */
	uint32_t end;        /**< end - start is the size of the image */
	uint32_t endianness; /**< 0x04030201 in an image of the reader's byte order */
	bool byte_swapped;   /**< the whole table is stored big-endian */
	bool has_table;      /**< an extension table was found (Linux 4.15 and later) */
	uint32_t table_offset;
	bool has_size_word;        /**< the table leads to the unpacked size */
	uint32_t size_word_offset; /**< where that word stands: the end of the payload */
	uint32_t unpacked_bytes;   /**< its value */
	uint32_t bss_bytes;
};

/** Fields of an arm64 Image (Linux Documentation/arch/arm64/booting.rst). */
struct stmboot_arm64_image {
	uint64_t text_offset;
	uint64_t image_bytes; /**< memory the kernel takes, BSS included; 0 before Linux 3.17 */
	uint64_t flags;
	bool big_endian;     /**< flag bit 0 */
	uint32_t page_bytes; /**< 4096, 16384, 65536, or 0 when not said */
	bool anywhere;       /**< flag bit 3: need not stand at the start of memory */
};

/** Fields of an EFI zboot image (Linux drivers/firmware/efi/libstub/zboot-header.S). */
struct stmboot_zboot {
	uint32_t payload_offset;
	uint32_t payload_bytes;
	const char *compression; /**< as named in the header: "gzip", "zstd", ... */
};

/** A kernel's headers. Everything is valid until stmboot_kernel_free(). */
struct stmboot_kernel {
	enum stmboot_kernel_format format;
	const char *looks_like; /**< format UNKNOWN: "ELF file", "legacy uImage", ...; or NULL */
	uint32_t found_magic;   /**< format UNKNOWN: the word at 0x24, little-endian */
	uint64_t file_bytes;    /**< bytes in the source */
	uint64_t image_bytes;  /**< bytes the headers promise in the file; 0 when they do not say */
	bool truncated;        /**< image_bytes > file_bytes */
	bool has_efi_stub;     /**< starts "MZ" and has a PE header */
	uint32_t pe_offset;    /**< with has_efi_stub */
	bool has_appended_dtb; /**< a device tree stands at image_bytes */
	uint64_t appended_dtb_offset;
	enum stmboot_compression compression; /**< formats COMPRESSED and ZBOOT; else NONE */
	struct stmboot_zimage zimage;         /**< formats ZIMAGE and BAREBOX */
	struct stmboot_arm64_image arm64;     /**< format ARM64 */
	struct stmboot_zboot zboot;           /**< format ZBOOT */
};

/**
 * Read a kernel's headers.
 *
 * A file that is no kernel, or not even long enough for one, is a result too:
 * format STMBOOT_KERNEL_UNKNOWN.
 *
 * @param ctx  allocator and limits; must outlive the kernel
 * @param src  the file; borrowed for the call
 * @param out  on success, a kernel to release with stmboot_kernel_free()
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY; or what reading gave. On failure
 *         *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_kernel_decode(struct stmboot_context *ctx, struct stmboot_source *src,
		      struct stmboot_kernel **out);

/**
 * Release a kernel.
 *
 * @param kernel  NULL is fine
 */
STMBOOT_API void stmboot_kernel_free(struct stmboot_kernel *kernel);

/**
 * The name of a format.
 *
 * @param format  what to name
 * @return "unknown", "zimage", "barebox", "arm64-image", "efi-zboot" or "compressed";
 *         static
 */
STMBOOT_API const char *stmboot_kernel_format_text(enum stmboot_kernel_format format);

/**
 * Judge a kernel's headers as U-Boot's bootz and booti, and the kernel's own
 * first instructions, would meet them.
 *
 * @param ctx     borrowed for the call
 * @param src     the file that was decoded; borrowed for the call, places are counted in it
 * @param kernel  borrowed for the call
 * @param diags   gains one entry per defect
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY or STMBOOT_LIMIT when an entry was dropped
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_kernel_validate(struct stmboot_context *ctx, struct stmboot_source *src,
			const struct stmboot_kernel *kernel, struct stmboot_diags *diags);

/** What was found inside a kernel. Valid until stmboot_kernel_identity_free(). */
struct stmboot_kernel_identity {
	/**
	 * STMBOOT_OK: the payload was unpacked to its end (or nothing is compressed);
	 * STMBOOT_NOT_FOUND: no signature led to a payload; STMBOOT_CORRUPT or
	 * STMBOOT_TRUNCATED: a payload is there, but damaged or cut;
	 * STMBOOT_LIMIT or STMBOOT_UNSUPPORTED: it could not be looked at.
	 */
	enum stmboot_status payload;
	enum stmboot_compression compression;
	uint64_t payload_offset; /**< in the file */
	uint64_t payload_bytes;  /**< as far as they were used */
	uint64_t unpacked_bytes;
	uint32_t decoys;     /**< signatures passed over before the payload */
	const char *banner;  /**< "Linux version 6.1.0 (...) ...", or NULL */
	const char *release; /**< "6.1.0": the name of its directory in /lib/modules; or NULL */
	bool has_config;     /**< the kernel carries its configuration (CONFIG_IKCONFIG) */
};

/**
 * Look inside a kernel: unpack its payload, and find its release and, when
 * it carries one, its configuration.
 *
 * Memory stays within 1 MiB and what the payload's own compression asks for
 * (the kernel's xz: 32 MiB; never more than 160 MiB); the work within the
 * context's max_unpacked_bytes, all attempts at decoys included.
 *
 * @param ctx     allocator, limits, progress and cancel; must outlive the identity
 * @param src     the file that was decoded; borrowed for the call
 * @param kernel  borrowed for the call
 * @param out     on success, an identity to release with stmboot_kernel_identity_free()
 * @return STMBOOT_OK, also for a damaged payload; STMBOOT_NOT_RECOGNISED for
 *         a kernel of format UNKNOWN; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED;
 *         or what reading gave. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_kernel_identify(struct stmboot_context *ctx, struct stmboot_source *src,
			const struct stmboot_kernel *kernel, struct stmboot_kernel_identity **out);

/**
 * Release an identity.
 *
 * @param identity  NULL is fine
 */
STMBOOT_API void stmboot_kernel_identity_free(struct stmboot_kernel_identity *identity);

/**
 * One option of the kernel's own configuration.
 *
 * @param identity  borrowed
 * @param option    its full name, for example "CONFIG_CMDLINE"
 * @return its value ("y", "m", a number, or the text between the quotes), or
 *         NULL when it is not set or no configuration was found. Borrowed from
 *         the identity.
 */
STMBOOT_API const char *stmboot_kernel_config_get(const struct stmboot_kernel_identity *identity,
						  const char *option);

#ifdef __cplusplus
}
#endif

#endif
