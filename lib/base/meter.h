/* SPDX-License-Identifier: MIT */
/*
 * How far a long piece of work has come. The caller of the library is told, and asked
 * whether to go on, once for each MiB: of what is smaller it hears nothing.
 */
#ifndef SB_BASE_METER_H
#define SB_BASE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/context.h"

enum { SB_METER_STEP = 1 << 20 };

struct sb_meter {
	struct stmboot_context *ctx;
	uint64_t total; /* bytes; 0: not known */
	unsigned turns; /* how often they are gone through until the work is done */
	uint64_t done;  /* bytes, in all turns */
	uint64_t told;  /* of those */
	bool deaf;      /* past the point of no return: nobody is asked any more */
};

static inline struct sb_meter sb_meter(struct stmboot_context *ctx, uint64_t total, unsigned turns)
{
	return (struct sb_meter){ .ctx = ctx, .total = total, .turns = turns };
}

/*
 * So many bytes more are done; without a meter nobody is told. STMBOOT_CANCELLED when
 * the work should stop, which a deaf meter never says.
 */
STMBOOT_NODISCARD enum stmboot_status sb_meter_add(struct sb_meter *meter, uint64_t bytes);

#endif
