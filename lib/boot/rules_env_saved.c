/* SPDX-License-Identifier: MIT */
/* What a saved environment does to the boot. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "boot/rules.h"

static const char prompt_hint[] = "at U-Boot's prompt: env default -a; saveenv";

/* What counts on this card, or NULL; a bare environment is not judged. */
static const struct stmboot_env *saved_of(const struct sb_facts *facts)
{
	return facts->is_card ? facts->env.found.saved : NULL;
}

static const char *value_of(const struct sb_facts *facts, const char *name)
{
	const char *value = stmboot_env_find(saved_of(facts), name);

	return value != NULL ? value : "";
}

/* A finding on the copy that counts, or on a variable of it. */
static void report(const struct sb_facts *facts, const struct sb_scope *scope, enum sb_code code,
		   const struct stmboot_env_variable *v, struct sb_finding finding)
{
	const struct stmboot_boot_env *found = &facts->env.found;
	const struct stmboot_boot_env_copy *copy = &found->copies[found->chosen];
	struct sb_scope inner = *scope;

	inner.partition = copy->partition;
	finding.no_offset = !copy->has_offset;
	finding.offset = copy->offset + (v != NULL ? v->offset - copy->env->offset : 0);
	finding.length = v != NULL ? v->length : copy->env->size;
	if (finding.hint == NULL)
		finding.hint = prompt_hint;
	sb_report(&inner, code, &finding);
}

static void check_bootcmd(const struct sb_facts *facts, const struct sb_scope *scope)
{
	if (saved_of(facts) != NULL && stmboot_env_find(saved_of(facts), "bootcmd") == NULL)
		report(facts, scope, SB_ENV_NO_BOOTCMD, NULL,
		       (struct sb_finding){ .found = "no bootcmd",
					    .expected = "bootcmd=run bootcmd_stm32mp" });
}

/* env_import() takes the default environment then. */
static void check_rejected(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_boot_env *found = &facts->env.found;

	if (facts->is_card && found->chosen >= 0 && found->saved == NULL)
		report(facts, scope, SB_ENV_REJECTED, NULL,
		       (struct sb_finding){ .found = "a value without a name",
					    .expected = "NAME=VALUE" });
}

/* Only of a plain `run NAME` is it known that nothing else follows. */
static void check_bootcmd_runs(const struct sb_facts *facts, const struct sb_scope *scope)
{
	static const char run[] = "run ";
	const char *name;

	if (saved_of(facts) == NULL)
		return;
	name = value_of(facts, "bootcmd");
	if (strncmp(name, run, strlen(run)) != 0)
		return;
	name += strlen(run);
	if (name[strcspn(name, " ;&|$\"'\t")] != '\0' || *name == '\0' ||
	    stmboot_env_find(saved_of(facts), name) != NULL)
		return;
	report(facts, scope, SB_ENV_BOOTCMD_UNDEFINED, NULL,
	       (struct sb_finding){ .found =
					    sb_text(scope, "bootcmd=run %s, and no %s", name, name),
				    .expected = sb_text(scope, "a variable %s", name) });
}

/* Of the negative values only -1 stops the boot: simple_strtol(), autoboot_command(). */
static void check_autoboot(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const char *value = saved_of(facts) != NULL ? value_of(facts, "bootdelay") : "";

	if (*value == '-' && strtol(value, NULL, 10) == -1)
		report(facts, scope, SB_ENV_AUTOBOOT_OFF, NULL,
		       (struct sb_finding){ .found = sb_text(scope, "bootdelay=%s", value),
					    .expected = "a number of seconds, or -2" });
}

/* distro_bootcmd is saved with all that it uses, unless something was deleted. */
static void check_missing(const struct sb_facts *facts, const struct sb_scope *scope)
{
	static const char *const needed[] = { "boot_prefixes",     "boot_syslinux_conf",
					      "boot_extlinux",     "scan_dev_for_boot_part",
					      "scan_dev_for_boot", "scan_dev_for_extlinux",
					      "scriptaddr",        "kernel_addr_r" };

	if (saved_of(facts) == NULL || stmboot_env_find(saved_of(facts), "distro_bootcmd") == NULL)
		return;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (stmboot_env_find(saved_of(facts), needed[i]) == NULL)
			report(facts, scope, SB_ENV_MISSING_VARIABLE, NULL,
			       (struct sb_finding){
				       .found = sb_text(scope, "no %s", needed[i]),
				       .expected = "every variable that distro_bootcmd uses" });
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && strncmp(text, word, length) == 0;
}

/* bootcmd_stm32mp sets boot_targets itself, to the medium that the ROM started from. */
static void check_targets(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const char *own = facts->info->medium == STMBOOT_MEDIUM_EMMC ? "mmc1" : "mmc0";
	const struct stmboot_env *saved = saved_of(facts);
	const char *targets;
	size_t length;

	if (saved == NULL || strstr(value_of(facts, "bootcmd"), "bootcmd_stm32mp") != NULL ||
	    strstr(value_of(facts, "bootcmd"), "distro_bootcmd") == NULL)
		return;
	targets = value_of(facts, "boot_targets");
	targets += strspn(targets, " ");
	length = strcspn(targets, " ");
	if (is_word(targets, length, own))
		return;
	report(facts, scope, SB_ENV_BOOT_TARGETS, NULL,
	       (struct sb_finding){ .found = sb_text(scope, "boot_targets=%s", targets),
				    .expected = sb_text(scope, "%s first", own) });
}

/* Variables that the trace follows, with the values that are saved. */
static bool is_followed(const char *name)
{
	return strcmp(name, "boot_prefixes") == 0 || strcmp(name, "boot_scripts") == 0 ||
	       strcmp(name, "boot_syslinux_conf") == 0 || strcmp(name, "boot_targets") == 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* "/mmc0_": where the boot script of OpenSTLinux saves that it has searched. */
static bool is_of_script(const struct sb_facts *facts)
{
	const char *prefixes = value_of(facts, "boot_prefixes");

	return strncmp(prefixes, "/mmc", 4) == 0 && isdigit((unsigned char)prefixes[4]) &&
	       strcmp(prefixes + 5, "_") == 0 &&
	       ends_with(value_of(facts, "boot_syslinux_conf"), "extlinux.conf");
}

/* What that script saves beside: it puts commands before those of boot_extlinux. */
static bool is_extended(const struct sb_override *override)
{
	return strcmp(override->variable->name, "boot_extlinux") == 0 && override->stock != NULL &&
	       ends_with(override->variable->value, override->stock);
}

static void report_override(const struct sb_facts *facts, const struct sb_scope *scope,
			    enum sb_code code, const struct sb_override *override)
{
	const struct stmboot_env_variable *v = override->variable;

	report(facts, scope, code, v,
	       (struct sb_finding){
		       .found = sb_text(scope, "%s=%s", v->name, v->value),
		       .expected = override->stock != NULL
					   ? sb_text(scope, "%s=%s", v->name, override->stock)
					   : "the value that this U-Boot has by default" });
}

static void check_search(const struct sb_facts *facts, const struct sb_scope *scope)
{
	if (saved_of(facts) == NULL || is_of_script(facts))
		return;
	for (size_t i = 0; i < facts->env.override_count; i++) {
		const struct sb_override *override = &facts->env.overrides[i];

		/* of boot_targets more is known */
		if (is_followed(override->variable->name) &&
		    strcmp(override->variable->name, "boot_targets") != 0)
			report_override(facts, scope, SB_ENV_SEARCH_ORDER, override);
	}
}

/* A label's append takes the place of bootargs. */
static bool is_used(const struct sb_facts *facts, const struct sb_override *override)
{
	if (override->class == STMBOOT_ENV_BOOTARGS)
		return facts->attempt == NULL || facts->attempt->bootargs == NULL;
	if (override->class == STMBOOT_ENV_SEARCH && is_of_script(facts))
		return !is_extended(override);
	return override->class != STMBOOT_ENV_ADDRESS;
}

static void check_overrides(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; saved_of(facts) != NULL && i < facts->env.override_count; i++) {
		const struct sb_override *override = &facts->env.overrides[i];

		if (!is_followed(override->variable->name) && is_used(facts, override))
			report_override(facts, scope, SB_ENV_OVERRIDES_BOOT, override);
	}
}

/* Of an address only a change is told: most boards have their own. */
static void check_addresses(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; saved_of(facts) != NULL && i < facts->env.override_count; i++) {
		const struct sb_override *override = &facts->env.overrides[i];

		if (override->class == STMBOOT_ENV_ADDRESS && override->stock != NULL)
			report_override(facts, scope, SB_ENV_LOAD_ADDRESS, override);
	}
}

/* clang-format off */
static const sb_facts_rule rows[] = {
	{ SB_ENV_REJECTED, check_rejected },
	{ SB_ENV_NO_BOOTCMD, check_bootcmd },
	{ SB_ENV_BOOTCMD_UNDEFINED, check_bootcmd_runs },
	{ SB_ENV_AUTOBOOT_OFF, check_autoboot },
	{ SB_ENV_MISSING_VARIABLE, check_missing },
	{ SB_ENV_BOOT_TARGETS, check_targets },
	{ SB_ENV_SEARCH_ORDER, check_search },
	{ SB_ENV_OVERRIDES_BOOT, check_overrides },
	{ SB_ENV_LOAD_ADDRESS, check_addresses },
};
/* clang-format on */

const struct sb_rules sb_saved_rules = SB_RULES(rows);

void sb_judge_saved(const struct sb_facts *facts, const struct sb_scope *scope)
{
	sb_facts_judge(&sb_saved_rules, rows, facts, scope);
}
