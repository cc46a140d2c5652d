/* SPDX-License-Identifier: MIT */
/*
 * Cuts the power at every moment of an edit, and inside the recovery from it:
 * every prefix of what is written, with all and with nothing of what was not
 * synced; every single unsynced operation missing, and alone; then random
 * subsets, torn at 512 bytes, with up to two further cuts inside recovery.
 */
#ifndef CUT_H
#define CUT_H

#include "kinds.h"

/*
 * At least half of `states` at random, and `states` in all. Each must read as
 * the old image or the new one, recover to exactly that, byte for byte, and
 * once a commit has returned to the new one. Prints a line; false when a
 * state came out otherwise.
 */
bool cut_everywhere(struct stmboot_context *ctx, const struct kind *kind,
		    struct stmboot_source *medium, bool device, unsigned states);

/*
 * The same cuts, after which the log is lost: of the image alone, as it was
 * left, `fit` says whether a board can still use it. True when every state is.
 */
bool cut_without_log(struct stmboot_context *ctx, const struct kind *kind,
		     struct stmboot_source *medium, bool device, unsigned states,
		     bool (*fit)(struct stmboot_context *ctx, struct stmboot_source *image));

#endif
