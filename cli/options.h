/* SPDX-License-Identifier: MIT */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the program can be told: one row a command, one row an option. The
 * parser, --help and the manual page are made from these rows.
 */
enum command_id {
	COMMAND_CHECK,
	COMMAND_DTB_GET,
	COMMAND_DTB_OVERLAY,
	COMMAND_DTB_REMOVE,
	COMMAND_DTB_SET,
	COMMAND_DTB_SHOW,
	COMMAND_ENV_GET,
	COMMAND_ENV_SHOW,
	COMMAND_EXTLINUX_ADD,
	COMMAND_EXTLINUX_DEFAULT,
	COMMAND_EXTLINUX_REMOVE,
	COMMAND_EXTLINUX_SET,
	COMMAND_EXTLINUX_SHOW,
	COMMAND_EXTLINUX_TIMEOUT,
	COMMAND_FIP_EXTRACT,
	COMMAND_FIP_REPLACE,
	COMMAND_FIP_SHOW,
	COMMAND_FS_CAT,
	COMMAND_FS_CHMOD,
	COMMAND_FS_CHOWN,
	COMMAND_FS_CP,
	COMMAND_FS_EDIT,
	COMMAND_FS_GET,
	COMMAND_FS_LN,
	COMMAND_FS_LS,
	COMMAND_FS_MKDIR,
	COMMAND_FS_MV,
	COMMAND_FS_PUT,
	COMMAND_FS_RM,
	COMMAND_FS_STAT,
	COMMAND_FWU_SHOW,
	COMMAND_GET_BOOTARGS,
	COMMAND_GPT_REPAIR,
	COMMAND_GPT_SET,
	COMMAND_GPT_SHOW,
	COMMAND_INSPECT,
	COMMAND_PART_READ,
	COMMAND_PART_WRITE,
	COMMAND_RECOVER,
	COMMAND_SET_BOOTARGS,
	COMMAND_STM32_SHOW,
	COMMAND_UNDO,
	COMMAND_COUNT,
	COMMAND_NONE = COMMAND_COUNT,
};

struct command {
	const char *name;     /* one word, or two */
	const char *operands; /* as in a usage line */
	const char *summary;  /* one line */
	const char *description;
	int least, most;   /* operands */
	const char *exits; /* what its exit status says; NULL: done or not */
};

extern const struct command commands[COMMAND_COUNT];

enum option_id {
	OPTION_DEEP,
	OPTION_HTML,
	OPTION_NO_DEEP,
	OPTION_MEDIUM,
	OPTION_STRICT,
	OPTION_ONLY,
	OPTION_IGNORE,
	OPTION_JOBS,
	OPTION_LIST,
	OPTION_EXPLAIN,
	OPTION_LABEL,
	OPTION_ALL_LABELS,
	OPTION_ADD,
	OPTION_REMOVE,
	OPTION_REPLACE,
	OPTION_RAW,
	OPTION_FILE,
	OPTION_TYPE,
	OPTION_CREATE,
	OPTION_LONG,
	OPTION_RECURSIVE,
	OPTION_PRESERVE,
	OPTION_DEVICES,
	OPTION_FROM,
	OPTION_NEW_GUIDS,
	OPTION_PARENTS,
	OPTION_SYMBOLIC,
	OPTION_DRY_RUN,
	OPTION_OUTPUT,
	OPTION_FORCE,
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
enum from_choice { FROM_AUTO, FROM_PRIMARY, FROM_BACKUP };

struct option_row {
	const char *name;
	char letter;          /* or 0; options of different commands may share one */
	const char *argument; /* "one|of|these", "N" for a number, another word, or NULL */
	const char *help;
	uint64_t commands; /* bit 1 << command_id, or ANY_COMMAND */
};

#define ANY_COMMAND UINT64_MAX

extern const struct option_row option_rows[OPTION_COUNT];

bool option_belongs(enum option_id option, enum command_id command);

/* Words given to options that take any. */
enum { MOST_WORDS = 256, MOST_JOBS = 256 };
struct option_word {
	enum option_id option;
	const char *word; /* borrowed from argv */
};

struct progress;

/* What the program was told. */
struct options {
	enum command_id command;
	int value[OPTION_COUNT]; /* how often it was given, the index of its choice, or its number
				  */
	struct option_word words[MOST_WORDS];
	size_t word_count;
	unsigned letters[1 << 7]; /* how often one was given that several options have */
	char **operands;          /* borrowed from argv */
	int operand_count;
	bool image_behind;         /* the first operand is no file, but another one is */
	char error[200];           /* set when options_parse() gives false */
	char near[80];             /* then, what was probably meant, or "" */
	struct progress *progress; /* of the command that runs, or NULL */
};

/* The words given to an option, in their order; how many. */
size_t option_words(const struct options *o, enum option_id option, const char *words[MOST_WORDS]);

/* The last word given to an option, or NULL. */
const char *option_word(const struct options *o, enum option_id option);

/* Reorders argv. */
bool options_parse(struct options *o, int argc, char **argv);

#endif
