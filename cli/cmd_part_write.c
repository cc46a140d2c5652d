/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <stmboot/part_edit.h>

#include "edit.h"
#include "fail.h"

/* The file of a command line; the edit closes it. */
static enum stmboot_status open_file(struct stmboot_context *ctx, const char *path,
				     struct stmboot_refusal *why, struct stmboot_source **out)
{
	bool is_stdin = strcmp(path, "-") == 0;
	enum stmboot_status status = is_stdin ? stmboot_source_open_stream(ctx, STDIN_FILENO, out)
					      : stmboot_source_open_file(ctx, path, out);

	if (status == STMBOOT_NOT_FOUND)
		errno = ENOENT;
	if (status != STMBOOT_OK)
		(void)snprintf(why->message, sizeof(why->message), "%s: %s",
			       is_stdin ? "standard input" : path,
			       status == STMBOOT_IO || status == STMBOOT_NOT_FOUND
				       ? strerror(errno)
				       : stmboot_status_text(status));
	return status;
}

static enum stmboot_status write_it(struct stmboot_boot_edit *edit, const struct options *o,
				    struct stmboot_refusal *why)
{
	struct stmboot_source *src = NULL;
	enum stmboot_status status =
		open_file(stmboot_boot_edit_context(edit), o->operands[2], why, &src);

	return status == STMBOOT_OK ? stmboot_part_edit_write(edit, o->operands[1], src, why)
				    : status;
}

int cmd_part_write(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, write_it);
}
