/* SPDX-License-Identifier: MIT */
/*
 * One pass over a payload: its checksums and what identifies it, in constant
 * memory, so that verifying a loader and naming it cost one read.
 */
#ifndef SB_FORMAT_SCAN_H
#define SB_FORMAT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/source.h>

/* Programs that carry their version as text. */
enum sb_firmware {
	SB_FIRMWARE_SPL,   /* "U-Boot SPL 2023.01 (date)" */
	SB_FIRMWARE_UBOOT, /* "U-Boot 2023.01 (date)" */
	SB_FIRMWARE_TFA,   /* "v2.8(release):v2.8", BL2 and its companions */
	SB_FIRMWARE_OPTEE, /* "3.19.0 (gcc version ...) #1 date arm" */
};

enum { SB_SCAN_MAX_TEXTS = 16, SB_SCAN_MAX_DTBS = 16, SB_SCAN_VERSION = 64, SB_SCAN_BANNER = 160 };

struct sb_scan_text {
	enum sb_firmware firmware;
	uint64_t offset;               /* of the banner, counted in the range */
	char version[SB_SCAN_VERSION]; /* "2023.01+dfsg-2+deb12u3", "v2.8" */
	char banner[SB_SCAN_BANNER];   /* the whole text, up to a NUL or a line end */
};

struct sb_scan_dtb {
	uint64_t offset; /* counted in the range */
	uint32_t size;   /* totalsize of the header */
};

/* Texts are kept once for each firmware and version; what exceeds an array is dropped. */
struct sb_scan {
	uint64_t bytes;    /* scanned */
	uint32_t crc32;    /* as zlib */
	uint32_t byte_sum; /* modulo 2^32 */
	bool cut;          /* there is more than is looked at */
	size_t text_count;
	struct sb_scan_text texts[SB_SCAN_MAX_TEXTS];
	size_t dtb_count;
	struct sb_scan_dtb dtbs[SB_SCAN_MAX_DTBS]; /* plausible headers, in order */
};

/*
 * Scan `length` bytes at `offset`. STMBOOT_TRUNCATED when they do not lie
 * within the source; STMBOOT_NO_MEMORY (one buffer); STMBOOT_CANCELLED; as
 * stmboot_source_read(). On failure *out is undefined.
 */
STMBOOT_NODISCARD enum stmboot_status sb_scan_range(struct stmboot_context *ctx,
						    struct stmboot_source *src, uint64_t offset,
						    uint64_t length, struct sb_scan *out);

/*
 * Unpack `length` bytes of gzip at `offset` and scan the result: checksums and
 * offsets are those of the unpacked bytes, of which there may be 32 MiB. Also as
 * sb_unpack(): on STMBOOT_CORRUPT, STMBOOT_LIMIT and when the stream is cut *out holds
 * what was found before.
 */
STMBOOT_NODISCARD enum stmboot_status sb_scan_gzip(struct stmboot_context *ctx,
						   struct stmboot_source *src, uint64_t offset,
						   uint64_t length, struct sb_scan *out);

/* The first text of that firmware, or NULL. */
const struct sb_scan_text *sb_scan_find(const struct sb_scan *scan, enum sb_firmware firmware);

#endif
