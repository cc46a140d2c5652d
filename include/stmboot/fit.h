/* SPDX-License-Identifier: MIT */
/**
 * @file
 * FIT images (.itb): a device tree whose nodes are images and configurations.
 *
 * Only the structure is read; the images may be any size and stay on the
 * medium. U-Boot doc/usage/fit/source_file_format.rst.
 */
#ifndef STMBOOT_FIT_H
#define STMBOOT_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/source.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One image. Strings are NULL when the property is absent. */
struct stmboot_fit_image {
	const char *name; /**< of the node below /images */
	const char *description;
	const char *type; /**< "kernel", "flat_dt", "ramdisk", "firmware", ... */
	const char *os;
	const char *arch;
	const char *compression; /**< "none", "gzip", ... */
	bool has_data;
	bool external;   /**< the data stands behind the tree */
	uint64_t offset; /**< of the data in the source */
	uint64_t bytes;
	bool inside;               /**< offset and bytes lie within the source */
	const char *const *hashes; /**< algorithm names: "crc32", "sha256" */
	size_t hash_count;
};

/** One configuration. */
struct stmboot_fit_configuration {
	const char *name;
	const char *description;
	const char *kernel; /**< names of images, or NULL */
	const char *firmware;
	const char *ramdisk;
	const char *const *fdt;
	size_t fdt_count;
	const char *const *loadables;
	size_t loadable_count;
};

/** A FIT. Everything is valid until stmboot_fit_free(). */
struct stmboot_fit {
	uint32_t total_bytes; /**< of the tree, without external data */
	const char *description;
	const char *default_configuration; /**< name, or NULL */
	const struct stmboot_fit_image *images;
	size_t image_count;
	const struct stmboot_fit_configuration *configurations;
	size_t configuration_count;
};

/**
 * Read a FIT.
 *
 * @param ctx  allocator; must outlive the FIT
 * @param src  borrowed for the call
 * @param out  on success, a FIT to release with stmboot_fit_free()
 * @return STMBOOT_OK; STMBOOT_NOT_RECOGNISED when it is no device tree or has
 *         no /images; STMBOOT_TRUNCATED; STMBOOT_CORRUPT when the tree is
 *         damaged; STMBOOT_LIMIT when it has more nodes than any FIT needs;
 *         STMBOOT_NO_MEMORY; or what reading gave. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_fit_decode(struct stmboot_context *ctx,
								     struct stmboot_source *src,
								     struct stmboot_fit **out);

/** Release a FIT; NULL is fine. */
STMBOOT_API void stmboot_fit_free(struct stmboot_fit *fit);

#ifdef __cplusplus
}
#endif

#endif
