/* SPDX-License-Identifier: MIT */
#include "base/rules.h"

enum sb_code sb_rules_code(const struct sb_rules *rules, size_t row)
{
	/* every row begins with its code */
	const void *at = (const char *)rules->first + row * rules->row_bytes;

	return *(const enum sb_code *)at;
}

struct sb_run sb_run(const struct sb_rules *rules, const struct sb_scope *scope)
{
	return sb_run_since(rules, scope, sb_diags_mark(scope->diags));
}

struct sb_run sb_run_since(const struct sb_rules *rules, const struct sb_scope *scope, size_t first)
{
	return (struct sb_run){ .rules = rules, .scope = scope, .first = first };
}

/* No rule needs itself, also not by way of others, so this comes to an end. */
static bool is_blocked(const struct sb_run *run, const struct stmboot_code *about)
{
	/* Of a healthy card nothing is raised: no need to go through all that could have been. */
	if (sb_diags_mark(run->scope->diags) == run->first)
		return false;
	for (const char *const *name = about->prerequisites; name != NULL && *name != NULL;
	     name++) {
		const struct stmboot_code *needed = stmboot_code_find(*name);

		if (sb_diags_has(run->scope->diags, run->first, sb_code_of(needed)) ||
		    is_blocked(run, needed))
			return true;
	}
	return false;
}

bool sb_run_next(struct sb_run *run)
{
	while (run->next < run->rules->count) {
		const struct stmboot_code *about;

		run->row = run->next++;
		about = sb_code_about(sb_rules_code(run->rules, run->row));
		if ((!about->deep || run->scope->deep) && !is_blocked(run, about))
			return true;
	}
	return false;
}
