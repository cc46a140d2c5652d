/* SPDX-License-Identifier: MIT */
/*
 * Completions of the command line for shells, made from the tables of commands
 * and options while building.
 */
#ifndef COMPLETIONS_H
#define COMPLETIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

void complete_bash(void);
void complete_fish(void);
void complete_zsh(void);

/* A finding, as --only and --explain take it. */
struct code {
	const char *code, *meaning;
};

extern const struct code codes[];
extern const size_t code_count;

/* How many letters of a code its area has. */
size_t code_area(const char *code);

/* Is this code the first of its area? */
bool code_begins_area(size_t index);

/* What a value is completed with. */
enum value { VALUE_NOTHING, VALUE_FILE, VALUE_CODE, VALUE_CODE_OR_AREA, VALUE_CHOICE };

enum value option_value(enum option_id option);

/*
 * Can the operand number `place` of a command, from 0, be a file of the host?
 * With PLACES - 1, one further on may be.
 */
enum { PLACES = 6 };
bool operand_is_file(enum command_id command, int place);

/* Whether a command has an operand of that number. */
bool operand_exists(enum command_id command, int place);

/* Print text, a backslash before each of those letters. */
void print_escaped(const char *text, const char *letters);

/* Print "one|of|these" as words with that between them. */
void print_choices(const char *choices, const char *between);

#endif
