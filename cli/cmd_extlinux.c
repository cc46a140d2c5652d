/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "fail.h"

enum { TENTHS = 10, MOST_SECONDS = 1000000 };

static enum stmboot_status set(struct stmboot_boot_edit *edit, const struct options *o,
			       struct stmboot_refusal *why)
{
	return stmboot_boot_edit_set(edit, o->operands[1], o->operands[2], o->operands[3], why);
}

int cmd_extlinux_set(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, set);
}

static enum stmboot_status remove_it(struct stmboot_boot_edit *edit, const struct options *o,
				     struct stmboot_refusal *why)
{
	if (o->operand_count > 2)
		return stmboot_boot_edit_unset(edit, o->operands[1], o->operands[2], why);
	return stmboot_boot_edit_remove_label(edit, o->operands[1], why);
}

int cmd_extlinux_remove(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, remove_it);
}

static enum stmboot_status set_default(struct stmboot_boot_edit *edit, const struct options *o,
				       struct stmboot_refusal *why)
{
	return stmboot_boot_edit_set_default(edit, o->operands[1], why);
}

int cmd_extlinux_default(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, set_default);
}

/* The operands behind the label; each was found to have its '='. */
static enum stmboot_status add(struct stmboot_boot_edit *edit, const struct options *o,
			       struct stmboot_refusal *why)
{
	size_t count = (size_t)o->operand_count - 2;
	struct stmboot_extlinux_setting *settings = calloc(count + 1, sizeof(*settings));
	enum stmboot_status status;

	if (settings == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		char *key = o->operands[i + 2];
		size_t length = strcspn(key, "=");

		key[length] = '\0';
		settings[i] = (struct stmboot_extlinux_setting){ key, key + length + 1 };
	}
	status = stmboot_boot_edit_add_label(edit, o->operands[1], settings, count, why);
	free(settings);
	return status;
}

int cmd_extlinux_add(struct stmboot_context *ctx, const struct options *o)
{
	for (int i = 2; i < o->operand_count; i++)
		if (strchr(o->operands[i], '=') == NULL)
			return fail(o, o->operands[i], "this is not KEY=VALUE",
				    "'stmboot extlinux add --help' shows how it is used");
	return edit_run(ctx, o, add);
}

/* "5s" or "2.5s", in tenths of a second. */
static bool parse_seconds(const char *text, uint32_t *tenths)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long seconds = strtoul(text, NULL, 10);
	const char *rest = text + digits;
	uint32_t part = 0;

	if (digits == 0 || digits > 7 || seconds > MOST_SECONDS)
		return false;
	if (rest[0] == '.' && rest[1] >= '0' && rest[1] <= '9') {
		part = (uint32_t)(rest[1] - '0');
		rest += 2;
	}
	*tenths = (uint32_t)seconds * TENTHS + part;
	return strcmp(rest, "s") == 0;
}

static enum stmboot_status set_timeout(struct stmboot_boot_edit *edit, const struct options *o,
				       struct stmboot_refusal *why)
{
	uint32_t tenths = 0;

	return parse_seconds(o->operands[1], &tenths)
		       ? stmboot_boot_edit_set_timeout(edit, tenths, why)
		       : STMBOOT_INVALID_ARGUMENT;
}

int cmd_extlinux_timeout(struct stmboot_context *ctx, const struct options *o)
{
	uint32_t tenths;

	if (!parse_seconds(o->operands[1], &tenths))
		return fail(o, o->operands[1], "this is no time in seconds",
			    "write 5s for five seconds");
	return edit_run(ctx, o, set_timeout);
}
