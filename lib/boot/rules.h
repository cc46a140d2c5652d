/* SPDX-License-Identifier: MIT */
/*
 * The rules: each looks at the facts and reports what it finds. They run in
 * the order of the stages, all of them, so that what can be said about a stage
 * that is not reached is said, too.
 */
#ifndef SB_BOOT_RULES_H
#define SB_BOOT_RULES_H

#include "base/diag.h"
#include "boot/facts.h"

/* The scope's list is where findings go; its source is the medium. */
typedef void sb_rule(const struct sb_facts *facts, const struct sb_scope *scope);

/* Each list ends with NULL. */
extern sb_rule *const sb_rules_loaders[];
extern sb_rule *const sb_rules_containers[];
extern sb_rule *const sb_rules_uboot[];
extern sb_rule *const sb_rules_kernel[];
extern sb_rule *const sb_rules_linux[];
extern sb_rule *const sb_rules_mount[];

/* What was found where something else should be: "uimage", "nothing that is known". */
const char *sb_found_content(enum stmboot_content content);

/* A scope inside one partition. */
struct sb_scope sb_scope_part(const struct sb_scope *scope, const struct sb_facts *facts,
			      const struct stmboot_part *part);

/* A scope for the value of a configuration line. */
struct sb_scope sb_scope_config(const struct sb_scope *scope, const struct sb_facts *facts);

/* A finding about a value of the configuration: its place and line are filled in. */
struct sb_finding sb_finding_at(const struct stmboot_extlinux_text *value);

/* A finding about the command line: the label's append, or the label when it has none. */
struct sb_finding sb_finding_append(const struct sb_facts *facts);

#endif
