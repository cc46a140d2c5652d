/* SPDX-License-Identifier: MIT */
#include "cmd.h"

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
				   struct stmboot_refusal *why)
{
	const char *partition = first_pair(o) == 2 ? o->operands[1] : NULL;
	size_t count = pair_count(o);
	struct stmboot_fip_replacement *pairs = calloc(count, sizeof(*pairs));
	enum stmboot_status status;

	if (pairs == NULL)
		return STMBOOT_NO_MEMORY;
	status = open_pairs(stmboot_boot_edit_context(edit), o, why, pairs);
	if (status == STMBOOT_OK)
		status = stmboot_fip_edit_replace(edit, partition, pairs, count, why);
	for (size_t i = 0; i < count; i++)
		stmboot_source_close(pairs[i].src);
	free(pairs);
	return status;
}

/* Nothing can be read from it twice. */
static bool reads_input_twice(const struct options *o)
{
	size_t count = 0;

	for (size_t i = 0; i < pair_count(o); i++)
		count += strcmp(o->operands[first_pair(o) + (int)(2 * i) + 1], "-") == 0;
	return count > 1;
}

int cmd_fip_replace(struct stmboot_context *ctx, const struct options *o)
{
	if (reads_input_twice(o))
		return fail(o, NULL, "only one FILE can be standard input", NULL);
	return edit_run(ctx, o, replace);
}
