/* SPDX-License-Identifier: MIT */
/* Bytes that come one after the other, kept in a file without a name; blocks of zeros stay holes.
 */
#ifndef SB_SOURCE_SPILL_H
#define SB_SOURCE_SPILL_H

#include <stmboot/source.h>

/* A file without a name in TMPDIR; -1, and errno. */
int sb_spill_file(void);

struct sb_spill {
	int fd;
	uint64_t size;
	uint64_t written; /* of that, not left as holes */
};

/* STMBOOT_OK or STMBOOT_IO. */
STMBOOT_NODISCARD enum stmboot_status sb_spill_open(struct sb_spill *spill);

/* STMBOOT_OK or STMBOOT_IO. */
STMBOOT_NODISCARD enum stmboot_status sb_spill_put(struct sb_spill *spill, const void *data,
						   size_t size);

/* What was put there, as a source. After this, or sb_spill_drop(), there is no spill. */
STMBOOT_NODISCARD enum stmboot_status
sb_spill_finish(struct stmboot_context *ctx, struct sb_spill *spill, struct stmboot_source **out);
void sb_spill_drop(struct sb_spill *spill);

#endif
