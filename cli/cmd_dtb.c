/* SPDX-License-Identifier: MIT */
/* Edits of device trees. */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stmboot/dtb_edit.h>
#include <stmboot/place.h>
#include <stmboot/source.h>

#include "dtb.h"
#include "edit.h"
#include "fail.h"

enum { MOST_INPUT = 4 << 20 /* no device tree is larger */ };

/* What --file names; *out is NULL without it. */
static enum stmboot_status find_file(struct stmboot_boot_edit *edit, const struct options *o,
				     struct stmboot_refusal *why, struct stmboot_file_ref *place,
				     const struct stmboot_file_ref **out)
{
	const struct stmboot_boot_view view = stmboot_boot_edit_before(edit);

	return dtb_file(view.image, view.boot, o, why, place, out);
}

static enum stmboot_status set(struct stmboot_boot_edit *edit, const struct options *o,
			       struct stmboot_refusal *why)
{
	struct stmboot_dtb_setting setting = {
		.struct_size = sizeof(setting),
		.node = o->operands[1],
		.property = o->operands[2],
		.values = (const char *const *)o->operands + 3,
		.value_count = (size_t)o->operand_count - 3,
		.create = o->value[OPTION_CREATE] != 0,
	};
	const struct stmboot_file_ref *file;
	struct stmboot_file_ref place;
	enum stmboot_status status = find_file(edit, o, why, &place, &file);

	(void)dtb_type(o, &setting.type);
	return status == STMBOOT_OK ? stmboot_boot_edit_set_dtb(edit, file, &setting, why) : status;
}

int cmd_dtb_set(struct stmboot_context *ctx, const struct options *o)
{
	struct stmboot_dtb_type type;

	return dtb_type(o, &type) ? edit_run(ctx, o, set) : dtb_fail_type(o);
}

static enum stmboot_status remove_it(struct stmboot_boot_edit *edit, const struct options *o,
				     struct stmboot_refusal *why)
{
	const char *property = o->operand_count > 2 ? o->operands[2] : NULL;
	const struct stmboot_file_ref *file;
	struct stmboot_file_ref place;
	enum stmboot_status status = find_file(edit, o, why, &place, &file);

	return status == STMBOOT_OK
		       ? stmboot_boot_edit_remove_dtb(edit, file, o->operands[1], property, why)
		       : status;
}

int cmd_dtb_remove(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, remove_it);
}

/* An overlay of the host, with the memory that it is read from when that is standard input. */
struct overlay {
	struct stmboot_source *src;
	void *input;
	struct stmboot_dtb *dtb;
};

static void release(struct overlay *overlay)
{
	stmboot_dtb_free(overlay->dtb);
	stmboot_source_close(overlay->src);
	free(overlay->input);
}

static enum stmboot_status read_input(struct stmboot_context *ctx, struct overlay *overlay)
{
	size_t size = 0;
	ssize_t got;

	overlay->input = malloc(MOST_INPUT);
	if (overlay->input == NULL)
		return STMBOOT_NO_MEMORY;
	do {
		got = read(STDIN_FILENO, (char *)overlay->input + size, MOST_INPUT - size);
		size += got > 0 ? (size_t)got : 0;
	} while ((got > 0 && size < MOST_INPUT) || (got < 0 && errno == EINTR));
	if (got < 0)
		return STMBOOT_IO;
	return size < MOST_INPUT
		       ? stmboot_source_from_memory(ctx, overlay->input, size, &overlay->src)
		       : STMBOOT_LIMIT;
}

static enum stmboot_status open_overlay(struct stmboot_context *ctx, const char *path,
					struct stmboot_refusal *why, struct overlay *overlay)
{
	struct stmboot_refusal said;
	enum stmboot_status status;

	errno = 0;
	status = strcmp(path, "-") == 0 ? read_input(ctx, overlay)
					: stmboot_source_open_file(ctx, path, &overlay->src);
	if (status == STMBOOT_OK)
		status = stmboot_dtb_read(ctx, overlay->src, path, why, &overlay->dtb);
	if (status == STMBOOT_OK || why->message[0] != '\0')
		return status;
	stmboot_source_explain(path, status, errno, &said);
	(void)snprintf(why->message, sizeof(why->message), "%s: %.160s", path, said.message);
	return status;
}

/* Of several overlays one was refused. */
static void name_overlay(const char *path, struct stmboot_refusal *why)
{
	struct stmboot_refusal said = *why;

	if (said.message[0] != '\0')
		(void)snprintf(why->message, sizeof(why->message), "%s: %.160s", path,
			       said.message);
}

static enum stmboot_status overlay_all(struct stmboot_boot_edit *edit, const struct options *o,
				       struct stmboot_refusal *why)
{
	struct stmboot_context *ctx = stmboot_boot_edit_context(edit);
	const struct stmboot_file_ref *file;
	struct stmboot_file_ref place;
	enum stmboot_status status = find_file(edit, o, why, &place, &file);

	for (int i = 1; i < o->operand_count && status == STMBOOT_OK; i++) {
		struct overlay overlay = { NULL, NULL, NULL };

		status = open_overlay(ctx, o->operands[i], why, &overlay);
		if (status == STMBOOT_OK) {
			status = stmboot_boot_edit_overlay_dtb(edit, file, overlay.dtb, why);
			if (status != STMBOOT_OK && o->operand_count > 2)
				name_overlay(o->operands[i], why);
		}
		release(&overlay);
	}
	return status;
}

int cmd_dtb_overlay(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, overlay_all);
}
