/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <stmboot/part_edit.h>

#include "edit.h"

static enum stmboot_status write_it(struct stmboot_boot_edit *edit, const struct options *o,
				    struct stmboot_refusal *why)
{
	struct stmboot_source *src = NULL;
	enum stmboot_status status =
		edit_open_file(stmboot_boot_edit_context(edit), o->operands[2], why, &src);

	return status == STMBOOT_OK ? stmboot_part_edit_write(edit, o->operands[1], src, why)
				    : status;
}

int cmd_part_write(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, write_it);
}
