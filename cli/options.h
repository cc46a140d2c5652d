/* SPDX-License-Identifier: MIT */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

/*
 * What the program can be told: one row a command, one row an option. The
 * parser, --help and the manual page are made from these rows.
 */
enum command_id {
	COMMAND_INSPECT,
	COMMAND_COUNT,
	COMMAND_NONE = COMMAND_COUNT,
};

struct command {
	const char *name;
	const char *operands; /* as in a usage line */
	const char *summary;  /* one line */
	const char *description;
	int least, most; /* operands */
};

extern const struct command commands[COMMAND_COUNT];

enum option_id {
	OPTION_DEEP,
	OPTION_MEDIUM,
	OPTION_JSON,
	OPTION_COLOR,
	OPTION_QUIET,
	OPTION_VERBOSE,
	OPTION_VERSION,
	OPTION_HELP,
	OPTION_COUNT,
};

/* Values of options that have a choice, in the order of their argument. */
enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum medium_choice { MEDIUM_AUTO, MEDIUM_SD, MEDIUM_EMMC };

struct option_row {
	const char *name;
	char letter;          /* or 0 */
	const char *argument; /* "one|of|these", or NULL */
	const char *help;
	unsigned commands; /* bit 1 << command_id, or ANY_COMMAND */
};

enum { ANY_COMMAND = -1 };

extern const struct option_row option_rows[OPTION_COUNT];

bool option_belongs(enum option_id option, enum command_id command);

/* What the program was told. */
struct options {
	enum command_id command;
	int value[OPTION_COUNT]; /* how often it was given, or the index of its choice */
	char **operands;         /* borrowed from argv */
	int operand_count;
	char error[200]; /* set when options_parse() gives false */
};

/* Reorders argv. */
bool options_parse(struct options *o, int argc, char **argv);

#endif
