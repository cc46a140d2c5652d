/* SPDX-License-Identifier: MIT */
#include "cmd.h"
#include "edit.h"
#include "fail.h"

static enum stmboot_status set_bootargs(struct stmboot_boot_edit *edit, const struct options *o,
					struct stmboot_refusal *why)
{
	const char *add[MOST_WORDS], *remove[MOST_WORDS];
	const struct stmboot_cmdline_edit change = {
		.struct_size = sizeof(change),
		.set = (const char *const *)o->operands + 1,
		.set_count = (size_t)o->operand_count - 1,
		.add = add,
		.add_count = option_words(o, OPTION_ADD, add),
		.remove = remove,
		.remove_count = option_words(o, OPTION_REMOVE, remove),
		.replace = o->value[OPTION_REPLACE] != 0,
	};

	if (o->value[OPTION_ALL_LABELS] != 0)
		return stmboot_boot_edit_set_all_bootargs(edit, &change, why);
	return stmboot_boot_edit_set_bootargs(edit, option_word(o, OPTION_LABEL), &change, why);
}

int cmd_set_bootargs(struct stmboot_context *ctx, const struct options *o)
{
	if (o->operand_count == 1 && o->value[OPTION_ADD] == 0 && o->value[OPTION_REMOVE] == 0)
		return fail(o, NULL, "set-bootargs needs ARG, --add or --remove",
			    "'stmboot set-bootargs --help' shows how it is used");
	if (o->value[OPTION_LABEL] != 0 && o->value[OPTION_ALL_LABELS] != 0)
		return fail(o, NULL, "--label and --all-labels exclude each other", NULL);
	return edit_run(ctx, o, set_bootargs);
}
