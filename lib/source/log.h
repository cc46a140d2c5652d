/* SPDX-License-Identifier: MIT */
/*
 * The log of a transaction: the sectors that it writes, with checksums of what
 * stood there before.
 *
 * A redo log exists from the commit point of an edit until all of its sectors
 * are durable on the medium. An undo record is the same file for the way back:
 * its payload is what stood there before the edit.
 *
 * Versions 1 and 2. Integers are little-endian, offsets count bytes, and a sector is
 * 512 bytes; the last one of a medium may be shorter.
 *
 *   header, 112 bytes, then the two texts
 *      0   8  "STMBJRNL"
 *      8   4  version: 1, or 2 when there is a record of an order behind 4
 *     12   4  kind: 1 redo, 2 undo
 *     16   8  bytes of the medium
 *     24   4  bytes of a sector: 512
 *     28   4  number of records
 *     32   8  bytes of payload in all records
 *     40   8  when it was made, seconds since 1970
 *     48  16  the medium before: its disk GUID, or the UUID of a bare ext4, or zeros
 *     64  16  the same, after
 *     80   4  bytes of the name, at most 4,095
 *     84   4  bytes of the summary, at most 1,023
 *     88  20  zeros
 *    108   4  CRC-32 of the 108 bytes before
 *    112      name: the absolute path of the image or device, without NUL
 *             summary: what the edit is, in words, without NUL
 *   record, n = length / 512 rounded up
 *      0   8  offset on the medium, a multiple of 512, behind the record before
 *      8   4  length: whole sectors, at most 65,536
 *     12   4  order: 0 data, 1 metadata, 2 superblock, 3 backup table, 4 table,
 *             5 a copy of a loader, 6 its other copy
 *     16  4n  CRC-32 of each sector as it was
 *        4n  CRC-32 of each sector as it is to be
 *            payload, `length` bytes: the sectors as they are to be
 *   trailer, 24 bytes
 *      0   8  "STMBJEND"
 *      8   8  bytes of the whole file
 *     16   8  CRC-64 of everything before this field
 *
 * CRC-32 is that of zlib and IEEE 802.3, CRC-64 that of .xz and ECMA-182. A
 * file that differs from this in anything is no log: it was not completed, so
 * the edit never was, either.
 */
#ifndef SB_SOURCE_LOG_H
#define SB_SOURCE_LOG_H

#include <stmboot/source.h>

#include "base/meter.h"
#include "source/host.h"
#include "source/overlay.h"

enum {
	SB_LOG_HEADER = 112,
	SB_LOG_RECORD = 16,
	SB_LOG_TRAILER = 24,
	SB_LOG_MAX_NAME = 4095,
	SB_LOG_MAX_SUMMARY = 1023,
	SB_LOG_V1_ORDERS = SB_ORDER_LOADER,                 /* how many version 1 knows */
	SB_LOG_SECTORS = SB_EXTENT_BYTES / SB_SECTOR_BYTES, /* in one record */
	SB_MEDIUM_ID_BYTES = 16,
};

enum sb_log_kind {
	SB_LOG_REDO = 1,
	SB_LOG_UNDO = 2,
};

struct sb_log_head {
	enum sb_log_kind kind;
	uint64_t medium_size;
	int64_t time;
	uint8_t id_before[SB_MEDIUM_ID_BYTES];
	uint8_t id_after[SB_MEDIUM_ID_BYTES];
	const char *name;
	const char *summary;
	uint32_t record_count;  /* counted by the writer */
	uint64_t payload_bytes; /* counted by the writer */
	uint32_t orders;        /* bit n: there are records of order n; not in the file */
};

/*
 * Write what an overlay has pending as a log, durably, into a file that is not
 * there yet. An undo record goes the other way. On failure nothing is left of
 * it: STMBOOT_IO, STMBOOT_CONFLICT when the file is there, STMBOOT_NO_MEMORY,
 * STMBOOT_CANCELLED, or what a read of the overlay's base says. The meter, here
 * and below, may be NULL; one turn is the payload of the log.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_log_write(struct stmboot_context *ctx, const struct sb_host *host, const char *path,
	     const struct sb_log_head *head, struct sb_overlay *overlay, struct sb_meter *meter);

/* The longest that a log of so many bytes of sectors can be. */
uint64_t sb_log_most_bytes(uint64_t payload);

/*
 * The same into an open file, which ends where the log does, and not durably: for
 * another process of the same program. What was written of it stays on failure.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_log_put(struct stmboot_context *ctx, const struct sb_host *host, int file,
	   const struct sb_log_head *head, struct sb_overlay *overlay, struct sb_meter *meter);

/*
 * Make a durable copy of such a file. It is not looked into: the copy is what
 * whoever may still write to the other one cannot change. As sb_log_write().
 */
STMBOOT_NODISCARD enum stmboot_status sb_log_copy(struct stmboot_context *ctx,
						  const struct sb_host *host, const char *path,
						  struct stmboot_source *src,
						  struct sb_meter *meter);

struct sb_log;

/*
 * Open a log and check all of it. The source is borrowed until the log is
 * freed. STMBOOT_CORRUPT when it is no complete log, STMBOOT_UNSUPPORTED for
 * a later version, STMBOOT_NO_MEMORY, STMBOOT_CANCELLED, or what a read says. A meter
 * without a total gets that of the log.
 */
STMBOOT_NODISCARD enum stmboot_status sb_log_open(struct stmboot_context *ctx,
						  struct stmboot_source *src,
						  struct sb_meter *meter, struct sb_log **out);

/* NULL is fine. */
void sb_log_free(struct sb_log *log);

/* Borrowed from the log. */
const struct sb_log_head *sb_log_head(const struct sb_log *log);

/* What it was opened from. */
struct stmboot_source *sb_log_source(const struct sb_log *log);

struct sb_log_record {
	uint64_t offset;
	size_t length;
	size_t sectors;
	enum sb_order order;
	uint32_t old_crc[SB_LOG_SECTORS];
	uint32_t new_crc[SB_LOG_SECTORS];
	const uint8_t *bytes; /* NULL before sb_log_fill() */
	uint64_t at;          /* of the bytes in the log */
};

/*
 * The next record, by the order of the medium. *position is 0 for the first,
 * and moved on. Borrowed from the log until the next call. STMBOOT_NOT_FOUND
 * behind the last one; STMBOOT_CORRUPT when the file changed since it was
 * opened; what a read says.
 */
STMBOOT_NODISCARD enum stmboot_status sb_log_next(struct sb_log *log, uint64_t *position,
						  const struct sb_log_record **out);

/* The same without the checksums and the bytes, which takes a fraction of the time. */
STMBOOT_NODISCARD enum stmboot_status sb_log_next_place(struct sb_log *log, uint64_t *position,
							const struct sb_log_record **out);

/* Read the checksums and the bytes of the record that sb_log_next_place() gave. As sb_log_next().
 */
STMBOOT_NODISCARD enum stmboot_status sb_log_fill(struct sb_log *log);

/* Of all sectors that a log names, how do they stand on the medium? */
enum {
	SB_LOG_ALL_OLD = 1, /* the edit has not begun */
	SB_LOG_ALL_NEW = 2, /* the edit is done */
	SB_LOG_FITS = 4,    /* every sector is one of the two */
};

/*
 * Compare a medium with a log. *match has the flags; without SB_LOG_FITS,
 * *stranger is the offset of the first sector that is neither. A failure is
 * that of a read, or STMBOOT_CANCELLED.
 */
STMBOOT_NODISCARD enum stmboot_status sb_log_compare(struct sb_log *log, struct stmboot_source *src,
						     struct sb_meter *meter, unsigned *match,
						     uint64_t *stranger);

/* CRC-32 of sector `index` of a run of `length` bytes. */
uint32_t sb_log_sector_crc(const uint8_t *bytes, size_t length, size_t index);

#endif
