/* SPDX-License-Identifier: MIT */
/*
 * Rules. Whatever is judged has a table of them: a row is a code and the
 * function that looks for it. The rest of a rule (severity, stage, deep or
 * not, prerequisites) stands with its code in the catalogue. As in dtc, a rule
 * is not run where one of its prerequisites was raised, or was itself not run
 * for such a reason: it can assume that what they ask for is as it should be.
 *
 *	static const SB_RULE(const struct sb_scope *, const struct thing *) rows[] = {
 *		{ SB_THING_CUT, check_length },
 *		{ SB_THING_CHECKSUM, check_checksum },
 *	};
 *	const struct sb_rules sb_thing_rules = SB_RULES(rows);
 *
 *	for (struct sb_run run = sb_run(&sb_thing_rules, scope); sb_run_next(&run);)
 *		rows[run.row].check(scope, thing);
 */
#ifndef SB_BASE_RULES_H
#define SB_BASE_RULES_H

#include "base/diag.h"

/* The type of a row; the arguments are those of its function. */
#define SB_RULE(...)                                                                               \
	struct {                                                                                   \
		enum sb_code code;                                                                 \
		void (*check)(__VA_ARGS__);                                                        \
	}

/* A table, whatever its functions take. */
struct sb_rules {
	const enum sb_code *first; /* the code of the first row */
	size_t count;
	size_t row_bytes;
};

#define SB_RULES(rows)                                                                             \
	{                                                                                          \
		&(rows)[0].code, sizeof(rows) / sizeof((rows)[0]), sizeof((rows)[0])               \
	}

/* The code of a row. */
enum sb_code sb_rules_code(const struct sb_rules *rules, size_t row);

/* One table on its way over one subject. */
struct sb_run {
	const struct sb_rules *rules;
	const struct sb_scope *scope;
	size_t first; /* finding, from which on they concern the subject */
	size_t next;
	size_t row; /* to be run now */
};

/* Begin with a subject of which nothing was said yet; the scope is borrowed. */
struct sb_run sb_run(const struct sb_rules *rules, const struct sb_scope *scope);

/* Begin with one that findings from number `first` on speak of already. */
struct sb_run sb_run_since(const struct sb_rules *rules, const struct sb_scope *scope,
			   size_t first);

/* Go to the next row that is to be run; false after the last. */
bool sb_run_next(struct sb_run *run);

#endif
