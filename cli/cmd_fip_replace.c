/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/fip_edit.h>

#include "edit.h"
#include "fail.h"

/* Behind the image, and the partition where there is one, stand pairs. */
static int first_pair(const struct options *o)
{
	return o->operand_count % 2 == 0 ? 2 : 1;
}

static size_t pair_count(const struct options *o)
{
	return (size_t)(o->operand_count - first_pair(o)) / 2;
}

static enum stmboot_status open_pairs(struct stmboot_context *ctx, const struct options *o,
				      struct stmboot_refusal *why,
				      struct stmboot_fip_replacement *pairs)
{
	char **words = o->operands + first_pair(o);
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < pair_count(o) && status == STMBOOT_OK; i++) {
		pairs[i].name = words[2 * i];
		status = edit_open_file(ctx, words[2 * i + 1], why, &pairs[i].src);
	}
	return status;
}

static enum stmboot_status replace(struct stmboot_boot_edit *edit, const struct options *o,
				   void *user, struct stmboot_refusal *why)
{
	const char *partition = first_pair(o) == 2 ? o->operands[1] : NULL;

	return stmboot_fip_edit_replace(edit, partition, user, pair_count(o), why);
}

/* Nothing can be read from it twice. */
static bool reads_input_twice(const struct options *o)
{
	size_t count = 0;

	for (size_t i = 0; i < pair_count(o); i++)
		count += strcmp(o->operands[first_pair(o) + (int)(2 * i) + 1], "-") == 0;
	return count > 1;
}

/* The files are opened outside: what comes from a pipe is kept in a file first. */
static int replace_pairs(struct edit_session *session, struct stmboot_context *ctx,
			 struct stmboot_fip_replacement *pairs)
{
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;

	errno = 0;
	status = open_pairs(ctx, session->o, &why, pairs);
	return status == STMBOOT_OK ? edit_carry_out(session, replace, pairs)
				    : edit_fail(session->o, status, &why, errno, "unchanged");
}

int cmd_fip_replace(struct stmboot_context *ctx, const struct options *o)
{
	struct stmboot_fip_replacement *pairs;
	struct edit_session session;
	int result;

	if (reads_input_twice(o))
		return fail(o, NULL, "only one FILE can be standard input", NULL);
	pairs = calloc(pair_count(o) + 1, sizeof(*pairs));
	if (pairs == NULL)
		return fail(o, NULL, stmboot_status_text(STMBOOT_NO_MEMORY), NULL);
	result = edit_begin(&session, ctx, o, false);
	if (result == EXIT_DONE) {
		result = replace_pairs(&session, ctx, pairs);
		edit_end(&session);
	}
	for (size_t i = 0; i < pair_count(o); i++)
		stmboot_source_close(pairs[i].src);
	free(pairs);
	return result;
}
