/* SPDX-License-Identifier: MIT */
/* A partition of an image: what reads it, and what was made of its content. */
#ifndef SB_IMAGE_PART_H
#define SB_IMAGE_PART_H

#include <stdbool.h>

#include <stmboot/image.h>

#include "format/scan.h"
#include "fs/jbd2.h"

/* How a content is described. A new format needs its own file and a row in formats.c. */
struct sb_format {
	enum stmboot_content content;
	/* Fills the public pointer, and *record with what free() is to release. */
	enum stmboot_status (*decode)(struct stmboot_context *ctx, struct stmboot_source *src,
				      struct stmboot_part *part, void **record);
	void (*free)(void *record);
	/*
	 * Verifies a loader, of which the record gains the computed checksum, and
	 * identifies what is in it. NULL for what has no checksum over its payload.
	 */
	enum stmboot_status (*scan)(struct stmboot_context *ctx, struct stmboot_source *src,
				    void *record, struct sb_scan *scan);
	/* Gives a record the checksum that one of the same bytes has; with scan(). */
	void (*adopt)(void *record, const void *same);
};

/* The row of a content, or NULL: it has a name and no more. */
const struct sb_format *sb_format_of(enum stmboot_content content);

/* A file system is opened at most once in each of the two ways. */
struct sb_fs_view {
	bool tried;
	enum stmboot_status status;
	struct stmboot_fs *fs;
};

/* A device tree inside a payload, decoded once. */
struct sb_inner_dtb {
	uint64_t offset; /* in the partition */
	uint64_t size;
	struct stmboot_dtb *dtb; /* NULL: none so far */
	bool borrowed;           /* from the part of an earlier image */
};

/* What was made of the journal of a file system that needs its replay. */
struct sb_part_journal {
	bool tried;
	enum stmboot_status status;
	struct sb_jbd2_trouble trouble;
	struct sb_jbd2 *open; /* NULL: it cannot be replayed */
};

struct sb_part {
	struct stmboot_part public;
	uint64_t *cache_pool; /* of the image, as sb_source_cache() takes it */
	uint64_t *lookups;    /* of the image, counted down: sb_fs_share() */
	struct stmboot_source *window;
	struct stmboot_source *cached; /* over the window; what everything reads */
	const struct sb_format *format;
	void *record;         /* by the format; NULL when it could not be decoded */
	struct sb_scan *scan; /* NULL until the payload was read */
	struct sb_inner_dtb inner;
	char program[SB_SCAN_VERSION + 16];
	struct sb_part_journal journal;
	struct sb_fs_view uboot_view;
	struct sb_fs_view linux_view; /* over the replayed journal */
};

/*
 * Recognise what stands at the offset and size that the public record already has.
 * Trouble with the content is no trouble of the image: it stays undescribed.
 * STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED. Close it in any case.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_part_open(struct stmboot_context *ctx, struct stmboot_source *medium, struct sb_part *part);

/* Describe it, once, where its format is known. As sb_part_open(). */
STMBOOT_NODISCARD enum stmboot_status sb_part_decode(struct stmboot_context *ctx,
						     struct sb_part *part);
void sb_part_close(struct stmboot_context *ctx, struct sb_part *part);

/* As sb_image_scan(). */
STMBOOT_NODISCARD enum stmboot_status sb_part_scan(struct stmboot_context *ctx,
						   struct sb_part *part, struct sb_scan *out);

/* As sb_image_dtb(). */
STMBOOT_NODISCARD enum stmboot_status sb_part_dtb(struct stmboot_context *ctx, struct sb_part *part,
						  uint64_t offset, uint64_t size,
						  const struct stmboot_dtb **out);

/*
 * Take over what a part of the same bytes, which must outlive this one, knows of
 * its payload. STMBOOT_OK; STMBOOT_NO_MEMORY.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_part_adopt(struct stmboot_context *ctx, struct sb_part *part, const struct sb_part *same);

/* The file system of a part in one of its views, kept with the part. */
STMBOOT_NODISCARD enum stmboot_status
sb_part_fs_uboot(struct stmboot_context *ctx, struct sb_part *part, struct stmboot_fs **out);
STMBOOT_NODISCARD enum stmboot_status
sb_part_fs_linux(struct stmboot_context *ctx, struct sb_part *part, struct stmboot_fs **out);

/*
 * Read the journal of a part, once. As sb_jbd2_open(); where no replay is
 * needed, that is known without a read.
 */
STMBOOT_NODISCARD enum stmboot_status sb_part_open_journal(struct stmboot_context *ctx,
							   struct sb_part *part);

#endif
