/* SPDX-License-Identifier: MIT */
#ifndef HELP_H
#define HELP_H

#include "buffer.h"
#include "options.h"

/* The help of one command; for COMMAND_NONE that of the program, or of a group of commands. */
void help_text(struct buffer *b, enum command_id command, const char *group);

#endif
