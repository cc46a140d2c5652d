/* SPDX-License-Identifier: MIT */
#ifndef SB_BASE_DIAG_H
#define SB_BASE_DIAG_H

#include <stdbool.h>

#include <stmboot/diag.h>
#include <stmboot/source.h>

#include "base/arena.h"
#include "base/codes.h"

/*
 * Where findings come from while one thing is examined: its list, the source
 * that places are counted in, and what the context of the card makes of them.
 */
struct sb_scope {
	struct stmboot_diags *diags;
	struct stmboot_source *src;     /* offsets are counted in it; NULL: no place by bytes */
	int32_t partition;              /* STMBOOT_NO_PARTITION outside any */
	const char *path;               /* file inside the partition, or NULL */
	int stage;                      /* STMBOOT_NO_STAGE: the code's usual one */
	enum stmboot_severity ceiling;  /* nothing here is worse than this */
	enum stmboot_stage first_stage; /* findings of earlier stages concern this one: no ROM */
	bool deep;                      /* deep rules are run, too */
	const char *target;             /* what is written to replace it; NULL: its partition */
	const char *remedy; /* the hint of all that is worse than a note; NULL: its own */
	size_t first;       /* mark, from which on they are of this examination */
};

/* A scope for one source with nothing else known. */
struct sb_scope sb_scope(struct stmboot_diags *diags, struct stmboot_source *src);

/* What a finding says beside its code. */
struct sb_finding {
	uint64_t offset; /* in the scope's source */
	uint64_t length;
	uint32_t line;
	bool no_offset; /* the finding concerns no bytes in particular */
	const char *found;
	const char *expected;
	const char *message; /* NULL: the code's meaning */
	const char *hint;
};

/*
 * Add a finding; strings are copied. Past the limit it is left out: one more finding,
 * as bad as the worst of these, says how many are. Without memory it is dropped.
 * sb_diags_status() tells.
 */
void sb_report(const struct sb_scope *scope, enum sb_code code, const struct sb_finding *finding);

/* Say that there is more to find than was looked for. */
void sb_report_more(const struct sb_scope *scope);

/* A place in the list as it would be if none were left out: what is reported next comes there. */
size_t sb_diags_mark(const struct stmboot_diags *diags);

/* Whether a code was reported from a mark on, be it left out or not. */
bool sb_diags_has(const struct stmboot_diags *diags, size_t first, enum sb_code code);

/* Formatted text that lives as long as the list; NULL without memory. */
const char *sb_text(const struct sb_scope *scope, const char *format, ...) STMBOOT_PRINTF(2, 3);

/*
 * Add a remark to the messages of the findings from number `first` on that have
 * one of these codes.
 */
void sb_diags_remark(struct stmboot_diags *diags, size_t first, const enum sb_code *codes,
		     size_t count, const char *remark);

/* Let the findings from number `first` on that have this code concern another stage. */
void sb_diags_restage(struct stmboot_diags *diags, size_t first, enum sb_code code,
		      enum stmboot_stage stage);

/* Let the commands in the hints of the findings from number `first` on name an image. */
void sb_diags_name_image(struct stmboot_diags *diags, size_t first, const char *path, bool packed);

/* What lives as long as the list. */
struct sb_arena *sb_diags_arena(struct stmboot_diags *diags);

/* STMBOOT_NO_MEMORY or STMBOOT_LIMIT once a finding was left out, else STMBOOT_OK. */
enum stmboot_status sb_diags_status(const struct stmboot_diags *diags);

/* What the catalogue says of a code. */
const struct stmboot_code *sb_code_about(enum sb_code code);

/* The code that the catalogue says that of. */
enum sb_code sb_code_of(const struct stmboot_code *about);

/* The worst severity among findings from number `first` on that concern `stage`
 * (STMBOOT_NO_STAGE: any). False when there is none. */
bool sb_diags_worst(const struct stmboot_diags *diags, size_t first, int stage,
		    enum stmboot_severity *out);

#endif
