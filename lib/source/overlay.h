/* SPDX-License-Identifier: MIT */
/*
 * An overlay: what an edit would write, kept in memory over a source that is
 * never written. Reads see it, so everything that reads a medium also reads
 * the medium as it is to be.
 */
#ifndef SB_SOURCE_OVERLAY_H
#define SB_SOURCE_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include <stmboot/source.h>

enum { SB_SECTOR_BYTES = 512 };

/*
 * When a sector is to be written, beside others. What is complete without the
 * log of the transaction comes first, and what makes it count last: should the
 * log ever be lost, the old structures still mean the old content as long as
 * possible, and of the two partition tables, and of two copies of a loader,
 * one is always whole.
 */
enum sb_order {
	SB_ORDER_DATA, /* unless sb_overlay_mark() says otherwise */
	SB_ORDER_METADATA,
	SB_ORDER_SUPERBLOCK,
	SB_ORDER_BACKUP_TABLE,
	SB_ORDER_TABLE,
	SB_ORDER_LOADER,       /* a copy of the first-stage loader, while another is valid */
	SB_ORDER_OTHER_LOADER, /* and that one, once the first is durable */
	SB_ORDER_COUNT,
};

struct sb_overlay;

/*
 * STMBOOT_OK or STMBOOT_NO_MEMORY. The base is borrowed until the overlay is
 * freed. The bytes pending are limited by the context's max_pending_bytes.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_overlay_new(struct stmboot_context *ctx, struct stmboot_source *base, struct sb_overlay **out);

/* NULL is fine. */
void sb_overlay_free(struct sb_overlay *overlay);

/*
 * The base with what is pending. Borrowed from the overlay. Its generation
 * changes with every write, so caches above it stay right; what was decoded
 * from it before a write still says what stood there before.
 */
struct stmboot_source *sb_overlay_source(struct sb_overlay *overlay);

/*
 * Write bytes, of which only the sectors around their ends are read.
 * STMBOOT_TRUNCATED past the end of the base, STMBOOT_LIMIT, STMBOOT_NO_MEMORY,
 * or what the base says to a read. A write that failed may have been done in
 * part, so the first failure stays: every later write gives it again.
 */
STMBOOT_NODISCARD enum stmboot_status sb_overlay_write(struct sb_overlay *overlay, uint64_t offset,
						       const void *data, size_t size);

/*
 * Let whole sectors hold what another source does. Its bytes are read when they
 * are wanted and take no memory, and the limit of what is pending does not
 * concern them: for what is too large for that. Nothing may be pending there
 * yet; a later write replaces what it writes. The source is borrowed until the
 * overlay is freed. STMBOOT_INVALID_ARGUMENT, STMBOOT_TRUNCATED past the end of the
 * base or the source, STMBOOT_NO_MEMORY; a failure stays.
 */
STMBOOT_NODISCARD enum stmboot_status sb_overlay_map(struct sb_overlay *overlay, uint64_t offset,
						     uint64_t length, struct stmboot_source *src,
						     uint64_t src_offset, enum sb_order order);

/* The first failure of a write, else STMBOOT_OK. What is not OK must not be committed. */
enum stmboot_status sb_overlay_status(const struct sb_overlay *overlay);

/* Make a failure of an editor the overlay's; the first one stays. */
void sb_overlay_fail(struct sb_overlay *overlay, enum stmboot_status status);

/*
 * Say when the pending sectors that touch this range are to be written. What is
 * mapped keeps the order that it was mapped with.
 */
void sb_overlay_mark(struct sb_overlay *overlay, uint64_t offset, uint64_t length,
		     enum sb_order order);

/*
 * Forget sectors that hold what the base holds; once, until something is written
 * again. A failure is that of sb_overlay_next().
 */
STMBOOT_NODISCARD enum stmboot_status sb_overlay_prune(struct sb_overlay *overlay);

/* Say that there are no such sectors, where that is known without reading all of them. */
void sb_overlay_settle(struct sb_overlay *overlay);

/* Forget everything that is pending; a failure stays. */
void sb_overlay_clear(struct sb_overlay *overlay);

/* Bytes pending, whole sectors (the last one of the base may be shorter). */
uint64_t sb_overlay_pending(const struct sb_overlay *overlay);

/* A run of pending sectors of one order. */
struct sb_extent {
	uint64_t offset;
	size_t length; /* whole sectors, except at the end of the base */
	enum sb_order order;
	const uint8_t *old_bytes; /* NULL unless asked for */
	const uint8_t *new_bytes; /* both valid until the next call for this overlay */
};

/* The same without its bytes: nothing is read, and only STMBOOT_NOT_FOUND can come. */
STMBOOT_NODISCARD enum stmboot_status sb_overlay_next_place(const struct sb_overlay *overlay,
							    uint64_t offset, struct sb_extent *out);

/* Longest extent: longer runs come in several. */
enum { SB_EXTENT_BYTES = 64 << 10 };

/*
 * The first pending sectors at or after `offset`, in the order of the medium.
 * STMBOOT_NOT_FOUND when there are none; with `with_old`, also what the base
 * says to a read, and STMBOOT_CONFLICT when it holds something else than the
 * first time that it was asked.
 */
STMBOOT_NODISCARD enum stmboot_status sb_overlay_next(struct sb_overlay *overlay, uint64_t offset,
						      bool with_old, struct sb_extent *out);

#endif
