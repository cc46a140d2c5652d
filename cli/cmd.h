/* SPDX-License-Identifier: MIT */
#ifndef CMD_H
#define CMD_H

#include <stmboot/context.h>

#include "options.h"

/* The commands, one file each: cmd_NAME.c. Each gives an exit status. */
int cmd_inspect(struct stmboot_context *ctx, const struct options *o);

#endif
