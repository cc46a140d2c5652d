/* SPDX-License-Identifier: MIT */
/**
 * @file
 * U-Boot's saved environment (env/common.c, lib/hashtable.c of U-Boot).
 *
 * A copy is a little-endian CRC-32 of its data, with two copies a byte that
 * counts saves, and `name=value` strings, each ended by NUL, the list by an
 * empty one.
 */
#ifndef STMBOOT_ENV_H
#define STMBOOT_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/source.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { STMBOOT_ENV_BYTES = 0x2000 }; /**< one copy on ST's boards */

/** A variable of a saved environment. */
struct stmboot_env_variable {
	const char *name;
	const char *value; /**< with the backslashes of the export taken out */
	uint64_t offset;   /**< of the name in the source */
	uint64_t length;   /**< of name, '=' and value as stored */
};

/** One copy; every pointer lives as long as it. */
struct stmboot_env {
	uint64_t offset; /**< of the copy in its source */
	uint64_t size;   /**< bytes, with CRC and flags */
	bool redundant;  /**< it has a flags byte */
	uint8_t flags;   /**< the serial number of the save, when redundant */
	uint32_t crc_found;
	uint32_t crc_computed;
	bool crc_ok;
	bool blank;        /**< nothing was ever saved here: all bytes are 0x00, or all 0xff */
	bool unterminated; /**< the list reaches the end of the copy */
	/** In the order of the entries, each name once: the last entry counts. None unless crc_ok.
	 */
	const struct stmboot_env_variable *variables;
	size_t variable_count;
	/** A value without a name stands in it: U-Boot refuses it, and takes its default
	 * environment. */
	bool rejected;
};

/**
 * Read one copy.
 *
 * @param ctx        allocator; must outlive the result
 * @param src        borrowed for the call
 * @param offset     of the copy
 * @param size       bytes of the copy; 0 for STMBOOT_ENV_BYTES
 * @param redundant  the build keeps two copies (ST's do)
 * @param out        on success, a copy to release with stmboot_env_free();
 *                   one with a bad CRC is a success
 * @return STMBOOT_OK; STMBOOT_TRUNCATED when it does not lie within the source;
 *         STMBOOT_INVALID_ARGUMENT for a size too small to hold anything;
 *         STMBOOT_LIMIT for one above max_text_bytes; STMBOOT_IO;
 *         STMBOOT_NO_MEMORY. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_env_decode(struct stmboot_context *ctx, struct stmboot_source *src, uint64_t offset,
		   uint64_t size, bool redundant, const struct stmboot_env **out);

/**
 * What a copy is like, in one word.
 *
 * @param env  a decoded copy
 * @return "ok", "blank" or "bad"; static
 */
STMBOOT_API const char *stmboot_env_state_text(const struct stmboot_env *env);

/**
 * Release a copy.
 *
 * @param env  NULL is fine
 */
STMBOOT_API void stmboot_env_free(const struct stmboot_env *env);

/**
 * The copy that U-Boot uses: the one whose CRC is right; of two, the later by
 * its flags (0 comes after 255; equal: the first).
 *
 * @param first   NULL when it could not be read
 * @param second  likewise
 * @return one of the two, or NULL when neither is right; as long borrowed as they are
 */
STMBOOT_API const struct stmboot_env *stmboot_env_choose(const struct stmboot_env *first,
							 const struct stmboot_env *second);

/**
 * The value of a variable.
 *
 * @param env   a decoded copy
 * @param name  of the variable
 * @return borrowed from the copy, or NULL when it is not set
 */
STMBOOT_API const char *stmboot_env_find(const struct stmboot_env *env, const char *name);

enum { STMBOOT_ENV_AREA_COPIES = 2 };

/** The copies in a partition or a file that holds nothing else; lives as one object. */
struct stmboot_env_area {
	size_t copy_count; /**< 2 for a redundant environment, if there is room */
	const struct stmboot_env *copies[STMBOOT_ENV_AREA_COPIES]; /**< in U-Boot's order */
	const struct stmboot_env *saved;                           /**< the one that counts */
};

/**
 * Find the copies in a partition, or in a file that was made of one: at its
 * end, as U-Boot places them, or at its start, of one of the sizes that builds
 * have; or one copy that fills it, as mkenvimage makes it.
 *
 * @param ctx  allocator and limits; must outlive the result
 * @param src  borrowed for the call
 * @param out  on success, copies to release with stmboot_env_area_free()
 * @return STMBOOT_OK when the checksum of at least one copy is right;
 *         STMBOOT_NOT_RECOGNISED; STMBOOT_IO; STMBOOT_NO_MEMORY. On failure
 *         *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_env_area_decode(struct stmboot_context *ctx, struct stmboot_source *src,
			struct stmboot_env_area **out);

/**
 * Release the copies.
 *
 * @param area  NULL is fine
 */
STMBOOT_API void stmboot_env_area_free(struct stmboot_env_area *area);

/** What a saved variable means for the boot. */
enum stmboot_env_class {
	STMBOOT_ENV_OTHER,    /**< nothing */
	STMBOOT_ENV_BOOTCMD,  /**< what is run at the start */
	STMBOOT_ENV_SEARCH,   /**< where and how extlinux.conf is looked for */
	STMBOOT_ENV_BOOTARGS, /**< the command line of a label without append */
	STMBOOT_ENV_LABEL,    /**< which label is taken */
	STMBOOT_ENV_ADDRESS,  /**< where files are loaded */
	STMBOOT_ENV_DTB,      /**< which device tree is taken */
	STMBOOT_ENV_RESET,    /**< set again at every start, so the saved value does not count */
};

/**
 * The name of a class of variables.
 *
 * @param class_  what to name
 * @return "boot", "search", ...; "other" for nothing. Static.
 */
STMBOOT_API const char *stmboot_env_class_text(enum stmboot_env_class class_);

/**
 * The class of a variable.
 *
 * @param name  of the variable
 * @return the class; that of others when the name is not known
 */
STMBOOT_API enum stmboot_env_class stmboot_env_classify(const char *name);

#ifdef __cplusplus
}
#endif

#endif
