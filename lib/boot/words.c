/* SPDX-License-Identifier: MIT */
/* Where the words of the kernel's command line come from. */
#include <stmboot/boot_words.h>

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "boot/facts.h"
#include "boot/trace.h"

/* The words, which the outside sees, and what they were made from. */
struct words {
	struct stmboot_boot_words public; /* first */
	const struct sb_facts *facts;
};

static void from_label(const struct sb_facts *facts, struct stmboot_boot_word *word)
{
	const struct stmboot_extlinux_label *label = sb_facts_label(facts);
	const struct stmboot_extlinux_expansion *x = facts->attempt->bootargs;
	const bool added = word->offset >= x->append_length;
	const struct stmboot_extlinux_text *line = added ? &label->ipappend : &label->append;

	word->origin = added ? STMBOOT_WORD_IPAPPEND : STMBOOT_WORD_APPEND;
	word->file = line->file;
	word->line = line->line;
	for (size_t i = 0; i < x->variable_count && word->variable == NULL; i++) {
		const struct stmboot_extlinux_variable *v = &x->variables[i];

		if (!sb_ranges_overlap(word->offset, word->length, v->result_offset,
				       v->result_length))
			continue;
		word->origin = STMBOOT_WORD_VARIABLE;
		word->variable = v->name;
		word->variable_origin = sb_facts_variable_origin(facts, v->name);
	}
}

/* Which of them it is decides find_bootargs() of facts_linux.c. */
static void trace_word(const struct sb_facts *facts, struct stmboot_boot_word *word)
{
	const struct sb_attempt *attempt = facts->attempt;
	const struct stmboot_env *saved = facts->env.found.saved;

	if (attempt->bootargs != NULL && !attempt->bootargs->deleted)
		from_label(facts, word);
	else if (attempt->bootargs == NULL && saved != NULL &&
		 stmboot_env_find(saved, "bootargs") != NULL)
		word->origin = STMBOOT_WORD_ENVIRONMENT;
	else
		word->origin = STMBOOT_WORD_DTB;
}

static bool fill_word(struct words *words, const struct stmboot_cmdline_argument *argument,
		      struct stmboot_boot_word *word)
{
	struct sb_arena *arena = sb_object_arena(words);

	word->offset = argument->offset;
	word->length = argument->length;
	word->text = sb_arena_strndup(arena, words->facts->bootargs + argument->offset,
				      (size_t)argument->length);
	word->for_init = argument->after_dashdash;
	if (!word->for_init)
		word->meaning = stmboot_cmdline_meaning(argument->key);
	trace_word(words->facts, word);
	/* it is to outlive the boot */
	word->variable = sb_arena_strdup(arena, word->variable);
	return !arena->failed;
}

static bool fill(struct words *words)
{
	const struct stmboot_cmdline *cmdline = words->facts->cmdline;
	struct stmboot_boot_word *list =
		sb_arena_array(sb_object_arena(words), cmdline->argument_count, sizeof(*list));

	if (list == NULL)
		return false;
	for (size_t i = 0; i < cmdline->argument_count; i++)
		if (!fill_word(words, &cmdline->arguments[i], &list[i]))
			return false;
	words->public.words = list;
	words->public.count = cmdline->argument_count;
	return true;
}

enum stmboot_status stmboot_boot_words_new(struct stmboot_context *ctx,
					   const struct stmboot_boot *boot,
					   const struct stmboot_boot_words **out)
{
	const struct sb_facts *facts = sb_boot_facts(boot);
	struct words *words = sb_object_new(ctx, sizeof(*words));
	const bool any = facts->attempt != NULL && facts->cmdline != NULL &&
			 facts->cmdline->argument_count != 0;

	if (words == NULL)
		return STMBOOT_NO_MEMORY;
	words->facts = facts;
	if (any && !fill(words)) {
		sb_object_free(words);
		return STMBOOT_NO_MEMORY;
	}
	words->facts = NULL;
	*out = &words->public;
	return STMBOOT_OK;
}

void stmboot_boot_words_free(const struct stmboot_boot_words *words)
{
	sb_object_free(words);
}
