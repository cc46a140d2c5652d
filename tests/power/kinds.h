/* SPDX-License-Identifier: MIT */
/* Edits of every kind that a transaction knows, each played on a disk in memory. */
#ifndef KINDS_H
#define KINDS_H

#include <stdbool.h>

#include "disk.h"
#include "edit/edit.h"

struct kind {
	const char *name;
	/* Stage the edit; NULL: it takes the last one back. */
	enum stmboot_status (*stage)(struct stmboot_edit *edit, const void *user);
	const void *user;
	const struct kind *before; /* an edit that was done, or NULL */
	bool interrupted;          /* no, it was not: its log waits */
};

extern const struct kind kinds[];
extern const size_t kind_count;

/* A medium with a GPT header and an odd end, made from numbers. Static. */
struct stmboot_source *kinds_medium(struct stmboot_context *ctx);

/* A disk on which the edit is about to begin; what it holds is durable. */
void kind_start(struct stmboot_context *ctx, const struct kind *kind, struct stmboot_source *medium,
		bool device, struct disk *out);

/* Begin and stage the edit. */
enum stmboot_status kind_begin(struct stmboot_context *ctx, const struct kind *kind,
			       struct disk *disk, struct stmboot_edit **out);

/* The two contents that an image may have, in the sectors that are written. */
struct expected {
	uint64_t *sectors; /* sorted */
	size_t count;
	uint8_t *old_bytes; /* 512 a sector */
	uint8_t *new_bytes;
};

/* From a run without trouble on a copy of the start; leaves what was recorded in `recorded`. */
void expected_make(struct stmboot_context *ctx, const struct kind *kind, const struct disk *start,
		   struct disk *recorded, struct expected *out);
void expected_release(struct expected *expected);

enum content { CONTENT_NEITHER, CONTENT_OLD, CONTENT_NEW };

/* The image itself, as it is. A sector beside those that are written counts as neither. */
enum content content_of_disk(const struct expected *expected, const struct disk *disk);

/* The image as reading commands see it. CONTENT_NEITHER, too, when it cannot be read. */
enum content content_seen(struct stmboot_context *ctx, const struct expected *expected,
			  struct disk *disk);

/* Recover; true when that worked and left no log. */
bool recover(struct stmboot_context *ctx, struct disk *disk);

#endif
