/* SPDX-License-Identifier: MIT */
/*
 * The log of an edit that was interrupted: where it lies, and the medium as it
 * is to be, read through the log without a write.
 */
#ifndef SB_IMAGE_PENDING_H
#define SB_IMAGE_PENDING_H

#include "source/host.h"
#include "source/log.h"
#include "source/overlay.h"

/* Which medium it is, and where its logs belong. */
struct sb_place {
	const char *state_directory; /* borrowed; NULL: none */
	char path[SB_PATH_BYTES];    /* without symbolic links */
	bool block_device;
	uint64_t size;
	uint8_t id[SB_MEDIUM_ID_BYTES]; /* disk GUID, UUID of a bare ext4, or zeros */
	char log[SB_PATH_BYTES];        /* "" when there is no place for a log */
	char new_log[SB_PATH_BYTES];    /* while it is written */
};

/* The name of a log while it is written. False when it is too long. */
bool sb_new_log_of(const char *log, char out[SB_PATH_BYTES]);

/* The disk GUID of a medium, the UUID of a bare ext4, or zeros. A failure is that of a read. */
STMBOOT_NODISCARD enum stmboot_status sb_medium_id(struct stmboot_source *src,
						   uint8_t out[SB_MEDIUM_ID_BYTES]);

/*
 * Beside a regular file; for a block device in the state directory, bound to
 * its identifier and size. STMBOOT_NOT_FOUND, STMBOOT_IO, STMBOOT_LIMIT when a
 * path is too long.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_place_find(const struct sb_host *host, const char *path, const struct sb_host_info *info,
	      struct stmboot_source *src, const char *state_directory, struct sb_place *out);

struct sb_pending {
	struct stmboot_context *ctx;
	const struct sb_host *host;
	char path[SB_PATH_BYTES];
	int file;
	struct stmboot_source *src;
	struct sb_log *log;
};

/*
 * The log that waits for a medium. STMBOOT_NOT_FOUND when there is none; else as
 * sb_log_open(), and STMBOOT_CORRUPT also for the log of a medium of another size.
 * One turn of the meter, which may be NULL.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_pending_open(struct stmboot_context *ctx, const struct sb_host *host,
		const struct sb_place *place, struct sb_meter *meter, struct sb_pending **out);

/* NULL is fine. */
void sb_pending_close(struct sb_pending *pending);

/* Put what a log would write into an overlay. As sb_overlay_write() and sb_log_next(). */
STMBOOT_NODISCARD enum stmboot_status sb_log_stage(struct sb_log *log, struct sb_overlay *overlay);

/*
 * The same, however large it is: its bytes stay in the log, which is borrowed until
 * the overlay is freed. As sb_overlay_map() and sb_log_next_place().
 */
STMBOOT_NODISCARD enum stmboot_status sb_log_map(struct sb_log *log, struct sb_overlay *overlay);

/*
 * The medium as an interrupted edit was to make it. STMBOOT_NOT_FOUND when
 * there is no complete log, STMBOOT_CONFLICT when there is one and the medium
 * changed since, STMBOOT_UNSUPPORTED when a later version made it; else the
 * failure of a read or an allocation, or STMBOOT_CANCELLED. The log and its source
 * are borrowed until the view is freed. One turn of the meter, which may be NULL.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_pending_view(struct stmboot_context *ctx, struct sb_log *log, struct stmboot_source *src,
		struct sb_meter *meter, struct sb_overlay **out);

#endif
