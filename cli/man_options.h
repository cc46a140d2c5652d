/* SPDX-License-Identifier: MIT */
/* What the manual pages say of commands and options, for scdoc. */
#ifndef MAN_OPTIONS_H
#define MAN_OPTIONS_H

#include "options.h"

/* The operands of a usage line, those words underlined that stand for others. */
void man_operands(const char *operands);

/* An option with what it does. */
void man_option(enum option_id option);

/* The options that a command has and others have not; all of every command with COMMAND_NONE. */
void man_options(enum command_id command);

#endif
