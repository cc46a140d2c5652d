/* SPDX-License-Identifier: MIT */
#include "boot/rules.h"

void sb_facts_judge(const struct sb_rules *rules, const sb_facts_rule *rows,
		    const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (struct sb_run run = sb_run_since(rules, scope, scope->first); sb_run_next(&run);)
		rows[run.row].check(facts, scope);
}

struct sb_scope sb_scope_part(const struct sb_scope *scope, const struct sb_facts *facts,
			      const struct stmboot_part *part)
{
	struct sb_scope inner = *scope;

	inner.partition = (int32_t)part->number;
	inner.src = stmboot_image_part_source(facts->image, part->number);
	return inner;
}

struct sb_scope sb_scope_config(const struct sb_scope *scope, const struct sb_facts *facts)
{
	const struct sb_config *config = sb_facts_config(facts);
	struct sb_scope inner = *scope;

	if (config == NULL)
		return inner;
	inner.partition = (int32_t)config->partition;
	inner.path = config->path;
	inner.src = config->src;
	return inner;
}

const char *sb_found_content(enum stmboot_content content)
{
	if (content == STMBOOT_CONTENT_UNKNOWN)
		return "nothing that is known";
	return content == STMBOOT_CONTENT_EMPTY ? "nothing: it is empty"
						: stmboot_content_text(content);
}

/* A value from an included file has a line, but no place in the file itself. */
struct sb_finding sb_finding_at(const struct stmboot_extlinux_text *value)
{
	return (struct sb_finding){ .offset = value->offset,
				    .length = value->length,
				    .line = value->line,
				    .no_offset = value->text == NULL || value->file != 0 };
}

struct sb_finding sb_finding_append(const struct sb_facts *facts)
{
	const struct stmboot_extlinux_label *label = sb_facts_label(facts);

	if (label == NULL)
		return (struct sb_finding){ .no_offset = true };
	return sb_finding_at(label->append.text != NULL ? &label->append : &label->name);
}
