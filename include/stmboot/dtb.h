/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Device trees in their flattened form (.dtb), overlays (.dtbo), and the
 * device trees that hold other images (FIT).
 *
 * Every size and offset is checked before it is followed, more strictly than
 * U-Boot or Linux do; the result is a tree in memory.
 * Devicetree specification v0.4, chapter 5.
 */
#ifndef STMBOOT_DTB_H
#define STMBOOT_DTB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/diag.h>
#include <stmboot/refusal.h>
#include <stmboot/source.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A property. */
struct stmboot_dtb_property {
	const char *name;
	const uint8_t *data; /**< never NULL; as stored: integers are big-endian */
	uint32_t length;     /**< of the data, in bytes */
	uint64_t offset;     /**< of the data in the source; 0 in a tree made in memory */
};

/** A node of the tree. */
struct stmboot_dtb_node {
	const char *name;                      /**< with its unit address; "" for the root */
	const struct stmboot_dtb_node *parent; /**< NULL for the root */
	const struct stmboot_dtb_node *child;  /**< the first, or NULL */
	const struct stmboot_dtb_node *next;   /**< sibling, or NULL */
	const struct stmboot_dtb_property *properties;
	size_t property_count;
	uint64_t offset; /**< of the node's first token in the source */
};

/** The header, version 17 (older ones: what they lack is worked out). */
struct stmboot_dtb_header {
	uint32_t magic; /**< 0xd00dfeed */
	uint32_t total_bytes;
	uint32_t struct_offset;
	uint32_t strings_offset;
	uint32_t reserve_offset; /**< of the memory reserve map */
	uint32_t version;
	uint32_t last_compatible_version;
	uint32_t boot_cpu;
	uint32_t strings_bytes;
	uint32_t struct_bytes;
};

/** What keeps a device tree from being used, in the order of the checks. */
enum stmboot_dtb_defect {
	STMBOOT_DTB_GOOD,
	STMBOOT_DTB_BAD_MAGIC, /**< no device tree, or too short for a header */
	STMBOOT_DTB_BAD_VERSION,
	STMBOOT_DTB_BAD_HEADER, /**< a block does not lie within total_bytes, or overlaps another */
	STMBOOT_DTB_TRUNCATED,  /**< total_bytes is more than the file has */
	STMBOOT_DTB_TOO_LARGE,  /**< past the context's max_dtb_bytes; not read */
	STMBOOT_DTB_BAD_STRUCTURE,
};

/** An entry of /aliases. */
struct stmboot_dtb_alias {
	const char *name; /**< "serial0" */
	const char *path; /**< "/soc/serial@40010000" */
};

/** A range of addresses. */
struct stmboot_dtb_range {
	uint64_t address; /**< of its first byte, as the CPU sees it */
	uint64_t bytes;   /**< how many it has */
};

/** A device tree. Everything is valid until stmboot_dtb_free(). */
struct stmboot_dtb {
	uint64_t file_bytes; /**< bytes in the source */
	struct stmboot_dtb_header header;
	enum stmboot_dtb_defect defect;
	uint64_t defect_offset;  /**< in the source */
	const char *defect_text; /**< what is wrong there, or NULL */
	const char *looks_like;  /**< with BAD_MAGIC: what the file may be instead, or NULL */
	bool misaligned;         /**< a block does not start where the specification wants it */
	const uint8_t *blob;     /**< total_bytes bytes, 8-byte aligned; NULL unless GOOD */
	/** The tree; NULL unless GOOD. What follows is taken from it. */
	const struct stmboot_dtb_node *root;
	size_t node_count;
	uint32_t address_cells;        /**< of the root; 2 when not said */
	uint32_t size_cells;           /**< of the root; 1 when not said */
	const char *model;             /**< or NULL */
	const char *const *compatible; /**< of the root, most specific first */
	size_t compatible_count;
	const char *stdout_path; /**< /chosen, or NULL */
	const char *bootargs;    /**< /chosen, or NULL */
	const struct stmboot_dtb_alias *aliases;
	size_t alias_count;
	const struct stmboot_dtb_range *memory; /**< reg of every memory node, or empty */
	size_t memory_count;
	const struct stmboot_dtb_range *reserved; /**< the memory reserve map */
	size_t reserved_count;
	bool has_symbols;              /**< /__symbols__: overlays can refer to labels (dtc -@) */
	bool has_fixups;               /**< /__fixups__: an overlay that refers to labels */
	bool is_overlay;               /**< has a fragment with __overlay__ */
	bool is_fit;                   /**< has /images and /configurations */
	bool is_arm64;                 /**< for an STM32MP2 */
	const char *mmc_env_partition; /**< /config u-boot,mmc-env-partition, or NULL */
};

/**
 * Read a device tree.
 *
 * A file that is no device tree, or a damaged one, is a result too: see
 * `defect`. Bytes behind header.total_bytes are not looked at.
 *
 * @param ctx  allocator and limits; must outlive the tree
 * @param src  the file; borrowed for the call
 * @param out  on success, a tree to release with stmboot_dtb_free()
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY; or what reading gave. On failure
 *         *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_dtb_decode(struct stmboot_context *ctx,
								     struct stmboot_source *src,
								     struct stmboot_dtb **out);

/**
 * Read a device tree that has to be a GOOD one.
 *
 * @param ctx   allocator and limits; must outlive the tree
 * @param src   the file; borrowed for the call
 * @param name  of it, for the words
 * @param why   says why not; may be NULL
 * @param out   on success, a tree to release with stmboot_dtb_free()
 * @return STMBOOT_OK; STMBOOT_NOT_RECOGNISED when it is no device tree;
 *         STMBOOT_CORRUPT when it is damaged or cut short; STMBOOT_UNSUPPORTED for
 *         its version; STMBOOT_LIMIT past max_dtb_bytes; as stmboot_dtb_decode().
 *         On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_dtb_read(struct stmboot_context *ctx, struct stmboot_source *src, const char *name,
		 struct stmboot_refusal *why, struct stmboot_dtb **out);

/**
 * Release a tree.
 *
 * @param dtb  NULL is fine
 */
STMBOOT_API void stmboot_dtb_free(struct stmboot_dtb *dtb);

/**
 * Judge a device tree that is to be handed to Linux.
 *
 * @param ctx    borrowed for the call
 * @param src    the file that was decoded; borrowed for the call, places are counted in it
 * @param dtb    borrowed for the call
 * @param diags  gains one entry per defect
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY or STMBOOT_LIMIT when an entry was dropped
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_dtb_validate(struct stmboot_context *ctx, struct stmboot_source *src,
		     const struct stmboot_dtb *dtb, struct stmboot_diags *diags);

/**
 * A node by its path, or by an alias and what follows it. As in libfdt, a name
 * without a unit address finds the first node that has one.
 *
 * @param dtb   borrowed
 * @param path  "/soc/serial@40010000", "serial0", "/"
 * @return the node, borrowed from the tree; NULL when there is none
 */
STMBOOT_API const struct stmboot_dtb_node *stmboot_dtb_find_node(const struct stmboot_dtb *dtb,
								 const char *path);

/**
 * The next node in the order of the file.
 *
 * @param node  of a decoded tree
 * @return borrowed from the tree; NULL past the last
 */
STMBOOT_API const struct stmboot_dtb_node *
stmboot_dtb_next_node(const struct stmboot_dtb_node *node);

/**
 * The next node whose compatible list holds a string.
 *
 * @param dtb         borrowed
 * @param after       NULL for the first, else the node found before
 * @param compatible  "st,stm32h7-uart"
 * @return the node, borrowed from the tree; NULL when there is no more
 */
STMBOOT_API const struct stmboot_dtb_node *
stmboot_dtb_find_compatible(const struct stmboot_dtb *dtb, const struct stmboot_dtb_node *after,
			    const char *compatible);

/**
 * A node's property.
 *
 * @param node  of a decoded tree
 * @param name  the whole name
 * @return borrowed from the tree; NULL when the node has none of that name
 */
STMBOOT_API const struct stmboot_dtb_property *
stmboot_dtb_find_property(const struct stmboot_dtb_node *node, const char *name);

/**
 * A string of a property that is a list of strings.
 *
 * @param property  of a decoded tree
 * @param index     from 0
 * @return borrowed from the tree; NULL past the end or when what is there does not
 *         end with a NUL
 */
STMBOOT_API const char *stmboot_dtb_string(const struct stmboot_dtb_property *property,
					   size_t index);

/**
 * The bytes of a property.
 *
 * @param dtb       borrowed
 * @param path      as for stmboot_dtb_find_node()
 * @param property  its name
 * @param data      receives the bytes, borrowed from the tree
 * @param length    receives their number
 * @return STMBOOT_OK; STMBOOT_NOT_FOUND, and *data and *length are untouched
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_dtb_get(const struct stmboot_dtb *dtb, const char *path, const char *property,
		const uint8_t **data, uint32_t *length);

/**
 * The path of a node.
 *
 * @param node    borrowed
 * @param buffer  receives the path and a final NUL; may be NULL when size is 0
 * @param size    bytes in buffer; a path that does not fit is cut
 * @return bytes of the whole path without its NUL, as snprintf() counts
 */
STMBOOT_API size_t stmboot_dtb_node_path(const struct stmboot_dtb_node *node, char *buffer,
					 size_t size);

/**
 * Whether a node is enabled.
 *
 * @param node  of a decoded tree
 * @return false when its status says anything but "okay" or "ok"
 */
STMBOOT_API bool stmboot_dtb_node_okay(const struct stmboot_dtb_node *node);

/** A serial port as Linux will name it. Borrowed from the tree. */
struct stmboot_dtb_console {
	bool found;          /**< the node exists */
	bool okay;           /**< and it and all its parents are enabled */
	const char *alias;   /**< "serial0", or NULL when it was named by path */
	int32_t number;      /**< the N of ttySTM<N>: that of its alias; -1 when it has none */
	const char *options; /**< stdout-path: what stands behind the colon ("115200n8"), or NULL */
	const struct stmboot_dtb_node *node; /**< or NULL */
	const char *compatible;              /**< its first, or NULL */
};

/**
 * The console that stdout-path names.
 *
 * @param dtb  a decoded tree
 * @return by value; `found` is false when it names none
 */
STMBOOT_API struct stmboot_dtb_console stmboot_dtb_stdout(const struct stmboot_dtb *dtb);

/**
 * The port with alias serial<number>: with the ST driver, ttySTM<number>.
 *
 * @param dtb     a decoded tree
 * @param number  of the alias
 * @return by value; `found` is false when there is none
 */
STMBOOT_API struct stmboot_dtb_console stmboot_dtb_serial(const struct stmboot_dtb *dtb,
							  uint32_t number);

/**
 * Apply an overlay as U-Boot does: on a copy, with libfdt.
 *
 * @param ctx      allocator and limits; must outlive the result
 * @param base     a GOOD tree; borrowed for the call
 * @param overlay  a GOOD tree; borrowed for the call
 * @param reason   when STMBOOT_CONFLICT is returned, receives why in English; static
 * @param out      on success, the merged tree, to release with stmboot_dtb_free();
 *                 it may be the base of the next overlay
 * @return STMBOOT_OK; STMBOOT_CONFLICT when it does not apply (U-Boot then
 *         spoils the base as well, and the label does not boot);
 *         STMBOOT_INVALID_ARGUMENT when either tree is not GOOD;
 *         STMBOOT_LIMIT when the result passes max_dtb_bytes, or merging would
 *         take too long; STMBOOT_NO_MEMORY. On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_dtb_apply_overlay(struct stmboot_context *ctx, const struct stmboot_dtb *base,
			  const struct stmboot_dtb *overlay, const char **reason,
			  struct stmboot_dtb **out);

#ifdef __cplusplus
}
#endif

#endif
