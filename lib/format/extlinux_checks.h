/* SPDX-License-Identifier: MIT */
/* What the rules on a whole configuration, on its lines and on its labels share. */
#ifndef SB_FORMAT_EXTLINUX_CHECKS_H
#define SB_FORMAT_EXTLINUX_CHECKS_H

#include <stmboot/extlinux.h>

#include "base/rules.h"

extern const struct sb_rules sb_extlinux_rules;
extern const struct sb_rules sb_extlinux_line_rules;
extern const struct sb_rules sb_extlinux_label_rules;
extern const struct sb_rules sb_extlinux_bootargs_rules;

struct sb_extlinux_checks {
	struct stmboot_context *ctx;
	struct sb_scope scope; /* of the configuration itself */
	const struct stmboot_extlinux *conf;
	struct stmboot_extlinux_check options;
	bool usable; /* some label could boot, as far as the text alone tells */
	enum stmboot_status status;
};

/* Report at a place of the configuration or of a file it includes; `found` defaults to the text. */
void sb_extlinux_report(const struct sb_extlinux_checks *c, enum sb_code code,
			enum stmboot_severity ceiling, const struct stmboot_extlinux_text *at,
			const struct sb_finding *finding);

/* A defect that spoils only the label it is in is an error only where that label matters. */
enum stmboot_severity sb_extlinux_label_ceiling(const struct sb_extlinux_checks *c, int32_t label);

/* What spoils the whole file is an error only where no label is left. */
enum stmboot_severity sb_extlinux_file_ceiling(const struct sb_extlinux_checks *c);

/* The rules on the line that ended the parse, and on all others that it noted. */
void sb_extlinux_check_fault(const struct sb_extlinux_checks *c);
void sb_extlinux_check_lines(const struct sb_extlinux_checks *c);

/* The rules on each label's values and command line. */
void sb_extlinux_check_labels(struct sb_extlinux_checks *c);

#endif
