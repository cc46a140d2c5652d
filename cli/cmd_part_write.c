/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <errno.h>

#include <stmboot/part_edit.h>

#include "edit.h"
#include "fail.h"

/* The edit closes the file. */
static enum stmboot_status write_it(struct stmboot_boot_edit *edit, const struct options *o,
				    void *user, struct stmboot_refusal *why)
{
	struct stmboot_source **file = user, *src = *file;

	*file = NULL;
	return stmboot_part_edit_write(edit, o->operands[1], src, why);
}

/* The file is opened outside: what comes from a pipe is kept in a file first. */
int cmd_part_write(struct stmboot_context *ctx, const struct options *o)
{
	struct stmboot_refusal why = { .message = "" };
	struct stmboot_source *file = NULL;
	struct edit_session session;
	enum stmboot_status status;
	int result = edit_begin(&session, ctx, o, true);

	if (result != EXIT_DONE)
		return result;
	status = edit_open_file(ctx, o->operands[2], &why, &file);
	result = status == STMBOOT_OK ? edit_carry_out(&session, write_it, &file)
				      : edit_fail(o, status, &why, errno, "unchanged");
	edit_end(&session);
	stmboot_source_close(file);
	return result;
}
