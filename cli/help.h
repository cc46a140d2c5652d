/* SPDX-License-Identifier: MIT */
#ifndef HELP_H
#define HELP_H

#include "buffer.h"
#include "options.h"

/* The help of one command, or of the program for COMMAND_NONE. */
void help_text(struct buffer *b, enum command_id command);

#endif
