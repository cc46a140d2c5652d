/* SPDX-License-Identifier: MIT */
/**
 * @file
 * FIT images (.itb): a device tree whose nodes are images and configurations.
 *
 * Only the structure is read; the images may be any size and stay on the
 * medium until their hashes are asked for. Signatures are described and not
 * verified: the key that counts is in the boot loader that was built with it.
 * U-Boot doc/usage/fit/source_file_format.rst.
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

/** The longest hash: sha512. */
enum { STMBOOT_FIT_HASH_BYTES = 64 };

/** What is known of a hash. */
enum stmboot_fit_hash_state {
	STMBOOT_FIT_HASH_UNCHECKED, /**< nobody asked, or the data cannot be read */
	STMBOOT_FIT_HASH_RIGHT,
	STMBOOT_FIT_HASH_WRONG,
	STMBOOT_FIT_HASH_MALFORMED,   /**< no algorithm, no value, or one of another length */
	STMBOOT_FIT_HASH_UNSUPPORTED, /**< an algorithm that U-Boot does not know either */
};

/** A hash over the data of an image as it is stored, before it is unpacked. */
struct stmboot_fit_hash {
	const char *name;      /**< of the node: "hash-1" */
	const char *algorithm; /**< "crc32", "sha256", ...; NULL when absent */
	const uint8_t *value;  /**< as stored; NULL when absent */
	size_t value_bytes;
	bool ignored; /**< U-Boot passes over it: property uboot-ignore */
	enum stmboot_fit_hash_state state;
	uint8_t computed[STMBOOT_FIT_HASH_BYTES]; /**< with RIGHT and WRONG: value_bytes of it */
	uint64_t value_offset;                    /**< of the value in the source */
};

/** A signature of an image or a configuration; it is not verified. */
struct stmboot_fit_signature {
	const char *name;
	const char *algorithm;         /**< "sha256,rsa2048" */
	const char *key_name_hint;     /**< or NULL */
	const char *const *sign_names; /**< of a configuration: roles that it covers */
	size_t sign_name_count;
	size_t value_bytes; /**< 0: not signed yet */
};

/** One image. Strings are NULL when the property is absent. */
struct stmboot_fit_image {
	const char *name; /**< of the node below /images */
	const char *description;
	const char *type; /**< "kernel", "flat_dt", "ramdisk", "firmware", ... */
	const char *os;
	const char *arch;
	const char *compression; /**< "none", "gzip", ... */
	bool has_data;
	bool external;             /**< the data stands behind the tree */
	uint64_t offset;           /**< of the data in the source */
	uint64_t bytes;            /**< of the data */
	bool inside;               /**< offset and bytes lie within the source */
	const char *const *hashes; /**< algorithm names: "crc32", "sha256" */
	size_t hash_count;

	bool has_load;
	uint64_t load; /**< address in memory */
	bool has_entry;
	uint64_t entry;       /**< address in memory */
	const char *phase;    /**< "spl" or "u-boot": who loads it; NULL: anyone */
	uint64_t tree_offset; /**< of its node in the source */
	const struct stmboot_fit_hash *digests; /**< hash nodes, malformed ones among them */
	size_t digest_count;
	const struct stmboot_fit_signature *signatures;
	size_t signature_count;
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

	const char *const *compatible; /**< boards that it is for */
	size_t compatible_count;
	const char *fpga;
	const char *script;
	uint64_t tree_offset; /**< of its node in the source */
	const struct stmboot_fit_signature *signatures;
	size_t signature_count;
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

	bool has_timestamp;
	uint32_t timestamp;      /**< seconds since 1970 */
	bool has_configurations; /**< the node /configurations exists */
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

/**
 * Compare the hashes of an image with its data. Each algorithm is computed
 * once, in one reading of the data.
 *
 * @param ctx    progress and cancel; max_unpacked_bytes is what is read of one
 *               FIT at most, all calls together
 * @param src    what was decoded; borrowed for the call
 * @param fit    gains the states; those known already are kept
 * @param image  index of the image
 * @return STMBOOT_OK, whatever the states; STMBOOT_INVALID_ARGUMENT when there
 *         is no such image; STMBOOT_TRUNCATED when its data do not lie within
 *         the source; STMBOOT_NOT_FOUND when it has none; STMBOOT_LIMIT;
 *         STMBOOT_NO_MEMORY; STMBOOT_CANCELLED; or what reading gave. The
 *         states are then UNCHECKED.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_fit_verify(struct stmboot_context *ctx,
								     struct stmboot_source *src,
								     struct stmboot_fit *fit,
								     size_t image);

/**
 * The name of a state.
 *
 * @param state  what to name
 * @return "unchecked", "right", "wrong", "malformed" or "unsupported"; static
 */
STMBOOT_API const char *stmboot_fit_hash_state_text(enum stmboot_fit_hash_state state);

/**
 * The image of a name, as libfdt finds it: the first whose name is the same, or
 * the same before its unit address ("kernel" finds "kernel@1").
 *
 * @param fit   a decoded FIT
 * @param name  of the image
 * @return borrowed from the FIT, or NULL
 */
STMBOOT_API const struct stmboot_fit_image *stmboot_fit_find_image(const struct stmboot_fit *fit,
								   const char *name);

/**
 * The configuration that U-Boot's bootm takes.
 *
 * @param fit   borrowed
 * @param name  what was asked for, up to a '#'; NULL: the default one
 * @return borrowed from the FIT, or NULL: "Could not find configuration node"
 */
STMBOOT_API const struct stmboot_fit_configuration *
stmboot_fit_find_configuration(const struct stmboot_fit *fit, const char *name);

/**
 * Release a FIT.
 *
 * @param fit  NULL is fine
 */
STMBOOT_API void stmboot_fit_free(struct stmboot_fit *fit);

#ifdef __cplusplus
}
#endif

#endif
