/* SPDX-License-Identifier: MIT */
/* What the files that read and verify a FIT share. */
#ifndef SB_FORMAT_FIT_INTERNAL_H
#define SB_FORMAT_FIT_INTERNAL_H

#include "base/arena.h"
#include "format/fit.h"

/* The FIT and the memory of everything it points to. */
struct sb_fit_object {
	struct stmboot_fit fit; /* first: the outside holds a pointer to it */
	struct sb_arena *arena;
	uint64_t hashed_bytes; /* read for hashes so far */
};

/* The state of a hash as far as it is known without the data. */
void sb_fit_classify(struct stmboot_fit_hash *hash);

#endif
