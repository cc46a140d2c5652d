/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>

#include <stmboot/table_edit.h>

#include "edit.h"
#include "fail.h"

static const char usage_hint[] = "'stmboot gpt set --help' shows how it is used";

static enum stmboot_status repair(struct stmboot_boot_edit *edit, const struct options *o,
				  struct stmboot_refusal *why)
{
	static const enum stmboot_table_copy copies[] = {
		[FROM_AUTO] = STMBOOT_TABLE_COPY_AUTO,
		[FROM_PRIMARY] = STMBOOT_TABLE_COPY_PRIMARY,
		[FROM_BACKUP] = STMBOOT_TABLE_COPY_BACKUP,
	};

	return stmboot_table_edit_repair(edit, copies[o->value[OPTION_FROM]], why);
}

int cmd_gpt_repair(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, repair);
}

static enum stmboot_status new_guids(struct stmboot_boot_edit *edit, const struct options *o,
				     struct stmboot_refusal *why)
{
	(void)o;
	return stmboot_table_edit_new_guids(edit, why);
}

/* The operands behind the partition; each was found to have its '='. */
static enum stmboot_status set(struct stmboot_boot_edit *edit, const struct options *o,
			       struct stmboot_refusal *why)
{
	size_t count = (size_t)o->operand_count - 2;
	struct stmboot_table_setting *settings = calloc(count + 1, sizeof(*settings));
	enum stmboot_status status;

	if (settings == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		char *key = o->operands[i + 2];
		size_t length = strcspn(key, "=");

		key[length] = '\0';
		settings[i] = (struct stmboot_table_setting){ key, key + length + 1 };
	}
	status = stmboot_table_edit_set(edit, o->operands[1], settings, count, why);
	free(settings);
	return status;
}

int cmd_gpt_set(struct stmboot_context *ctx, const struct options *o)
{
	if (o->value[OPTION_NEW_GUIDS] != 0)
		return o->operand_count == 1
			       ? edit_run(ctx, o, new_guids)
			       : fail(o, o->operands[1], "--new-guids is for all partitions",
				      "leave the partition out, or give it guid=random");
	if (o->operand_count < 3)
		return fail(o, NULL, "gpt set needs IMAGE PARTITION KEY=VALUE..., or --new-guids",
			    usage_hint);
	for (int i = 2; i < o->operand_count; i++)
		if (strchr(o->operands[i], '=') == NULL)
			return fail(o, o->operands[i], "this is not KEY=VALUE", usage_hint);
	return edit_run(ctx, o, set);
}
