/* SPDX-License-Identifier: MIT */
/*
 * Change root= of the label that boots, as a whole or not at all.
 * usage: set_root IMAGE ROOT
 *
 * Between stage and commit the boot of the result is known: an edit that keeps
 * the card from booting is refused before a byte is written.
 */
#include <stdio.h>

#include <stmboot/stmboot.h>

static enum stmboot_status edit_root(struct stmboot_boot_edit *edit, const char *root,
				     struct stmboot_refusal *why)
{
	char argument[256];
	const char *const arguments[] = { argument };
	const struct stmboot_cmdline_edit change = {
		.struct_size = sizeof(change),
		.set = arguments,
		.set_count = 1,
	};
	const struct stmboot_edit_plan *plan = NULL;
	enum stmboot_status status;

	if (snprintf(argument, sizeof(argument), "root=%s", root) >= (int)sizeof(argument))
		return STMBOOT_LIMIT;
	status = stmboot_boot_edit_set_bootargs(edit, NULL, &change, why);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_stage(edit, why, &plan);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_commit(edit, why);
	return status;
}

int main(int argc, char **argv)
{
	struct stmboot_context *ctx = NULL;
	struct stmboot_boot_edit *edit = NULL;
	struct stmboot_refusal why = { .message = "", .hint = "" };
	enum stmboot_status status = STMBOOT_INVALID_ARGUMENT;
	char reason[1024];

	if (argc == 3)
		status = stmboot_context_new(NULL, &ctx);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_begin(ctx, argv[1], NULL, &why, &edit);
	if (status == STMBOOT_OK)
		status = edit_root(edit, argv[2], &why);

	if (status == STMBOOT_OK) {
		const struct stmboot_edit_result *done = stmboot_boot_edit_result(edit);
		struct stmboot_boot_view after = stmboot_boot_edit_after(edit);

		printf("%s, verdict %s\n", stmboot_edit_state_text(done->state),
		       stmboot_outcome_text(after.boot->verdict));
	} else {
		stmboot_escape(why.message, reason, sizeof(reason));
		fprintf(stderr, "set_root: %s%s%s\n", stmboot_status_text(status),
			reason[0] != '\0' ? ": " : "", reason);
	}

	stmboot_boot_edit_close(edit);
	stmboot_context_free(ctx);
	return status == STMBOOT_OK ? 0 : 2;
}
