/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A map of an image: what takes up which of its bytes, from the first to the
 * last, with the partition tables and the gaps.
 */
#ifndef STMBOOT_MAP_H
#define STMBOOT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/diag.h>
#include <stmboot/image.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a region is. */
enum stmboot_region_kind {
	STMBOOT_REGION_GAP,       /**< in no partition, and no table */
	STMBOOT_REGION_PARTITION, /**< a partition, or a bare part */
	STMBOOT_REGION_TABLE,     /**< the MBR, and the primary copy of a GPT with its entries */
	STMBOOT_REGION_BACKUP,    /**< the backup copy of a GPT, or the place where it is missing */
};

/**
 * The name of a kind of region.
 *
 * @param kind  what to name
 * @return "gap", "partition", "table" or "backup-table"; static
 */
STMBOOT_API const char *stmboot_region_kind_text(enum stmboot_region_kind kind);

/** One region. */
struct stmboot_region {
	enum stmboot_region_kind kind;
	const struct stmboot_part *part; /**< of a partition, borrowed from the image; or NULL */
	uint64_t offset;                 /**< bytes from the start of the medium */
	uint64_t size;                   /**< bytes; of a partition, by the table */
	bool overlaps;                   /**< it begins before a region in front of it ends */
	bool beyond;                     /**< it reaches past the end of the image */
	/**
	 * What fills a partition is known to take so many of its bytes: an image its
	 * headers and payload, a file system its blocks that are not free.
	 */
	bool used_known;
	uint64_t used; /**< no more than size */
};

/** The regions in the order of their offsets; of two at one place, the larger comes first. */
struct stmboot_map {
	uint64_t size; /**< bytes of the image */
	const struct stmboot_region *regions;
	size_t count;
};

/**
 * Draw up the map of an image.
 *
 * @param ctx    allocator; must outlive the map
 * @param image  that is open; must outlive the map
 * @param out    on success, a map to release with stmboot_map_free()
 * @return STMBOOT_OK or STMBOOT_NO_MEMORY; on failure *out is untouched
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_map_new(struct stmboot_context *ctx,
								  const struct stmboot_image *image,
								  const struct stmboot_map **out);

/**
 * Release a map.
 *
 * @param map  NULL is fine
 */
STMBOOT_API void stmboot_map_free(const struct stmboot_map *map);

/**
 * The region of a place: that of its partition, else the one that its offset is in.
 *
 * @param map    borrowed
 * @param place  of a finding, for example
 * @return borrowed from the map; NULL when the place is nowhere on it
 */
STMBOOT_API const struct stmboot_region *stmboot_map_find(const struct stmboot_map *map,
							  const struct stmboot_place *place);

#ifdef __cplusplus
}
#endif

#endif
