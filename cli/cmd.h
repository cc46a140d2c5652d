/* SPDX-License-Identifier: MIT */
#ifndef CMD_H
#define CMD_H

#include <stmboot/context.h>
#include <stmboot/image.h>

#include "options.h"

/* The commands, one file each: cmd_NAME.c. Each gives an exit status. */
int cmd_check(struct stmboot_context *ctx, const struct options *o);
int cmd_get_bootargs(struct stmboot_context *ctx, const struct options *o);
int cmd_inspect(struct stmboot_context *ctx, const struct options *o);

/* What --medium says. */
enum stmboot_medium medium_asked(const struct options *o);

#endif
