/* SPDX-License-Identifier: MIT */
/*
 * The rules on facts, in the order of the stages. Each sees what was said
 * before it, also by the rules on what stands on the card (an STM32 header, an
 * ext4), which are run between them. All are run: what can be said about a
 * stage that is not reached is said, too.
 */
#ifndef SB_BOOT_RULES_H
#define SB_BOOT_RULES_H

#include "base/rules.h"
#include "boot/facts.h"

extern const struct sb_rules sb_rom_rules;
extern const struct sb_rules sb_limits_rules;
extern const struct sb_rules sb_fsbl_copy_rules;
extern const struct sb_rules sb_fsbl_rules;
extern const struct sb_rules sb_env_rules;
extern const struct sb_rules sb_saved_rules;
extern const struct sb_rules sb_journal_rules;
extern const struct sb_rules sb_config_rules;
extern const struct sb_rules sb_label_rules;
extern const struct sb_rules sb_updates_copy_rules;
extern const struct sb_rules sb_updates_rules;
extern const struct sb_rules sb_loaded_rules;
extern const struct sb_rules sb_loaded_dtb_rules;
extern const struct sb_rules sb_root_rules;
extern const struct sb_rules sb_program_rules;
extern const struct sb_rules sb_init_rules;
extern const struct sb_rules sb_mount_rules;

/* A row. The scope's list is where findings go; its source is the medium. */
typedef SB_RULE(const struct sb_facts *facts, const struct sb_scope *scope) sb_facts_rule;

/* Run a table over the facts; all that was said in this trace counts. */
void sb_facts_judge(const struct sb_rules *rules, const sb_facts_rule *rows,
		    const struct sb_facts *facts, const struct sb_scope *scope);

/* All that there is to say, stage by stage. */
void sb_judge_loaders(const struct sb_facts *facts, const struct sb_scope *scope);
void sb_judge_limits(const struct sb_facts *facts, const struct sb_scope *scope);
void sb_judge_environment(const struct sb_facts *facts, const struct sb_scope *scope);
void sb_judge_saved(const struct sb_facts *facts, const struct sb_scope *scope);
void sb_judge_containers(const struct sb_facts *facts, const struct sb_scope *scope);
void sb_judge_updates(const struct sb_facts *facts, const struct sb_scope *scope);
void sb_judge_journals(const struct sb_facts *facts, const struct sb_scope *scope);
void sb_judge_uboot(const struct sb_facts *facts, const struct sb_scope *scope);
void sb_judge_kernel(const struct sb_facts *facts, const struct sb_scope *scope);
void sb_judge_linux(const struct sb_facts *facts, const struct sb_scope *scope);
void sb_judge_mount(const struct sb_facts *facts, const struct sb_scope *scope);

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
