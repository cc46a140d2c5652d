/* SPDX-License-Identifier: MIT */
#ifndef SB_FORMAT_FIT_H
#define SB_FORMAT_FIT_H

#include <stmboot/fit.h>

#include "base/rules.h"

extern const struct sb_rules sb_fit_status_rules;
extern const struct sb_rules sb_fit_rules;

/*
 * Report why a source that begins like a FIT could not be decoded: with the
 * status that stmboot_fit_decode() gave. Says nothing about other statuses
 * than STMBOOT_TRUNCATED, STMBOOT_CORRUPT and STMBOOT_NOT_RECOGNISED.
 */
void sb_fit_report_status(const struct sb_scope *scope, enum stmboot_status status);

/* Turn the facts about a FIT into findings; places are counted in the scope's source. */
void sb_fit_validate(const struct sb_scope *scope, const struct stmboot_fit *fit);

#endif
