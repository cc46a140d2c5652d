/* SPDX-License-Identifier: MIT */
/*
 * What commands of two words have in common, and examples: for the manual
 * pages, of which each first word has one, and for the completions.
 */
#ifndef GROUPS_H
#define GROUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

/* Longest first word of a command, with its NUL. */
enum { GROUP_NAME_MAX = 32 };

struct group {
	const char *name; /* the first word */
	const char *summary;
};

struct example {
	const char *name;    /* the first word of the command */
	const char *command; /* what is typed behind "stmboot" */
	const char *meaning;
};

/* Both end with a row without a name. */
extern const struct group groups[];
extern const struct example examples[];

/* The first word of a command. */
void group_name(char name[GROUP_NAME_MAX], enum command_id command);

/* Is the command the first one with its first word? */
bool group_begins(enum command_id command);

/* Whether a command has that first word. */
bool group_has(const char *name, enum command_id command);

/* Whether commands with that first word have two. */
bool group_is_of_two(const char *name);

/* In one line, what commands with that first word do. */
const char *group_summary(const char *name);

#endif
