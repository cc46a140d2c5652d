/* SPDX-License-Identifier: MIT */
/* Where a kernel's payload is, and what its unpacked bytes say. */
#ifndef SB_FORMAT_KERNEL_PAYLOAD_H
#define SB_FORMAT_KERNEL_PAYLOAD_H

#include <stmboot/kernel.h>

#include "format/kernel_text.h"

/* Fields as in struct stmboot_kernel_identity. */
struct sb_kernel_payload {
	enum stmboot_status status;
	enum stmboot_compression compression;
	uint64_t offset;
	uint64_t bytes;
	uint64_t unpacked_bytes;
	uint32_t decoys;
	struct sb_kernel_text text;
};

/*
 * Find and unpack it. STMBOOT_OK, whatever was found; STMBOOT_NO_MEMORY;
 * STMBOOT_CANCELLED; or what reading gave. out->text is to be released in
 * every case. *budget is counted down by what is unpacked of it.
 */
STMBOOT_NODISCARD enum stmboot_status sb_kernel_payload_find(struct stmboot_context *ctx,
							     struct stmboot_source *src,
							     const struct stmboot_kernel *kernel,
							     uint64_t *budget,
							     struct sb_kernel_payload *out);

/* As stmboot_kernel_identify(), with a budget as above. */
STMBOOT_NODISCARD enum stmboot_status sb_kernel_identify(struct stmboot_context *ctx,
							 struct stmboot_source *src,
							 const struct stmboot_kernel *kernel,
							 uint64_t *budget,
							 struct stmboot_kernel_identity **out);

#endif
