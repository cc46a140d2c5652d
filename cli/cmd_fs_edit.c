/* SPDX-License-Identifier: MIT */
/* The commands that change files inside an image; cmd_fs_edit_editor.c has one more. */
#include "cmd_fs_edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "edit.h"
#include "fail.h"
#include "progress.h"

enum { FIRST_ROOM = 1 << 20 };

static const size_t MOST_INPUT = (size_t)2 << 30; /* no file may be so large */

enum stmboot_status place_of(struct stmboot_boot_edit *edit, const char *text,
			     struct stmboot_refusal *why, struct stmboot_file_ref *out)
{
	struct stmboot_boot_view view = stmboot_boot_edit_before(edit);

	return stmboot_place_parse(view.image, view.boot, text, why, out);
}

static enum stmboot_status two_places(struct stmboot_boot_edit *edit, const struct options *o,
				      struct stmboot_refusal *why,
				      struct stmboot_file_ref places[2])
{
	enum stmboot_status status = place_of(edit, o->operands[1], why, &places[0]);

	return status == STMBOOT_OK ? place_of(edit, o->operands[2], why, &places[1]) : status;
}

static struct stmboot_fs_copy_options copy_options(const struct options *o)
{
	return (struct stmboot_fs_copy_options){
		.struct_size = sizeof(struct stmboot_fs_copy_options),
		.recursive = o->value[OPTION_RECURSIVE] != 0,
		.preserve = o->value[OPTION_PRESERVE] != 0,
	};
}

/* How much there is to read of standard input, or 0 when nobody knows. */
static uint64_t input_size(void)
{
	struct stat st;

	return fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0
		       ? (uint64_t)st.st_size
		       : 0;
}

/* All of standard input, or STMBOOT_LIMIT when there is no end of it. */
static enum stmboot_status read_input(const struct options *o, char **data, size_t *size)
{
	const uint64_t total = input_size();
	size_t room = 0;
	ssize_t got;

	*data = NULL;
	*size = 0;
	do {
		if (*size >= MOST_INPUT)
			return STMBOOT_LIMIT;
		if (*size == room) {
			char *grown = realloc(*data, room != 0 ? room * 2 : FIRST_ROOM);

			if (grown == NULL)
				return STMBOOT_NO_MEMORY;
			*data = grown;
			room = room != 0 ? room * 2 : FIRST_ROOM;
		}
		got = read(STDIN_FILENO, *data + *size, room - *size);
		if (got > 0)
			*size += (size_t)got;
		progress_show(o->progress, *size, total);
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? STMBOOT_IO : STMBOOT_OK;
}

enum stmboot_status put_bytes(struct stmboot_boot_edit *edit, const struct stmboot_file_ref *place,
			      const void *data, size_t size, struct stmboot_refusal *why)
{
	struct stmboot_context *ctx = NULL;
	struct stmboot_source *content = NULL;
	enum stmboot_status status = stmboot_context_new(NULL, &ctx);

	if (status == STMBOOT_OK)
		status = stmboot_source_from_memory(ctx, data, size, &content);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_put(edit, place, content, NULL, why);
	stmboot_source_close(content);
	stmboot_context_free(ctx);
	return status;
}

static enum stmboot_status put_input(struct stmboot_boot_edit *edit, const struct options *o,
				     const struct stmboot_file_ref *place,
				     struct stmboot_refusal *why)
{
	size_t size;
	char *data;
	enum stmboot_status status = read_input(o, &data, &size);

	if (status == STMBOOT_IO)
		refuse_system(why, "could not read standard input");
	if (status == STMBOOT_LIMIT)
		(void)snprintf(why->message, sizeof(why->message),
			       "standard input is too large: a file has less than 2 GiB");
	if (status == STMBOOT_OK)
		status = put_bytes(edit, place, data, size, why);
	free(data);
	return status;
}

static enum stmboot_status put(struct stmboot_boot_edit *edit, const struct options *o,
			       struct stmboot_refusal *why)
{
	const struct stmboot_fs_copy_options how = copy_options(o);
	struct stmboot_file_ref place;
	enum stmboot_status status = place_of(edit, o->operands[2], why, &place);

	if (status != STMBOOT_OK)
		return status;
	if (strcmp(o->operands[1], "-") == 0)
		return put_input(edit, o, &place, why);
	return stmboot_fs_edit_put_host(edit, o->operands[1], &place, &how, why);
}

int cmd_fs_put(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, put);
}

static enum stmboot_status copy(struct stmboot_boot_edit *edit, const struct options *o,
				struct stmboot_refusal *why)
{
	const struct stmboot_fs_copy_options how = copy_options(o);
	struct stmboot_file_ref places[2];
	enum stmboot_status status = two_places(edit, o, why, places);

	if (status != STMBOOT_OK)
		return status;
	return stmboot_fs_edit_copy(edit, &places[0], &places[1], &how, why);
}

int cmd_fs_cp(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, copy);
}

static enum stmboot_status move(struct stmboot_boot_edit *edit, const struct options *o,
				struct stmboot_refusal *why)
{
	struct stmboot_file_ref places[2];
	enum stmboot_status status = two_places(edit, o, why, places);

	return status == STMBOOT_OK ? stmboot_fs_edit_move(edit, &places[0], &places[1], why)
				    : status;
}

int cmd_fs_mv(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, move);
}

static enum stmboot_status link_it(struct stmboot_boot_edit *edit, const struct options *o,
				   struct stmboot_refusal *why)
{
	struct stmboot_file_ref places[2];
	enum stmboot_status status;

	if (o->value[OPTION_SYMBOLIC] != 0) {
		status = place_of(edit, o->operands[2], why, &places[1]);
		return status == STMBOOT_OK
			       ? stmboot_fs_edit_symlink(edit, o->operands[1], &places[1], why)
			       : status;
	}
	status = two_places(edit, o, why, places);
	return status == STMBOOT_OK ? stmboot_fs_edit_link(edit, &places[0], &places[1], why)
				    : status;
}

int cmd_fs_ln(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, link_it);
}

/* The same with each place from operand `first` on. */
static enum stmboot_status
for_places(struct stmboot_boot_edit *edit, const struct options *o, struct stmboot_refusal *why,
	   int first,
	   enum stmboot_status (*each)(struct stmboot_boot_edit *edit, const struct options *o,
				       const struct stmboot_file_ref *place,
				       struct stmboot_refusal *why))
{
	enum stmboot_status status = STMBOOT_OK;

	for (int i = first; i < o->operand_count && status == STMBOOT_OK; i++) {
		struct stmboot_file_ref place;

		status = place_of(edit, o->operands[i], why, &place);
		if (status == STMBOOT_OK)
			status = each(edit, o, &place, why);
	}
	return status;
}

static enum stmboot_status remove_place(struct stmboot_boot_edit *edit, const struct options *o,
					const struct stmboot_file_ref *place,
					struct stmboot_refusal *why)
{
	return stmboot_fs_edit_remove(edit, place, o->value[OPTION_RECURSIVE] != 0, why);
}

static enum stmboot_status remove_places(struct stmboot_boot_edit *edit, const struct options *o,
					 struct stmboot_refusal *why)
{
	return for_places(edit, o, why, 1, remove_place);
}

int cmd_fs_rm(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, remove_places);
}

static enum stmboot_status make_place(struct stmboot_boot_edit *edit, const struct options *o,
				      const struct stmboot_file_ref *place,
				      struct stmboot_refusal *why)
{
	return stmboot_fs_edit_make_directory(edit, place, o->value[OPTION_PARENTS] != 0, why);
}

static enum stmboot_status make_places(struct stmboot_boot_edit *edit, const struct options *o,
				       struct stmboot_refusal *why)
{
	return for_places(edit, o, why, 1, make_place);
}

int cmd_fs_mkdir(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, make_places);
}

static enum stmboot_status set_mode(struct stmboot_boot_edit *edit, const struct options *o,
				    const struct stmboot_file_ref *place,
				    struct stmboot_refusal *why)
{
	return stmboot_fs_edit_set_mode(edit, place, o->operands[1], why);
}

static enum stmboot_status set_modes(struct stmboot_boot_edit *edit, const struct options *o,
				     struct stmboot_refusal *why)
{
	return for_places(edit, o, why, 2, set_mode);
}

int cmd_fs_chmod(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, set_modes);
}

static enum stmboot_status set_owner(struct stmboot_boot_edit *edit, const struct options *o,
				     const struct stmboot_file_ref *place,
				     struct stmboot_refusal *why)
{
	return stmboot_fs_edit_set_owner(edit, place, o->operands[1], why);
}

static enum stmboot_status set_owners(struct stmboot_boot_edit *edit, const struct options *o,
				      struct stmboot_refusal *why)
{
	return for_places(edit, o, why, 2, set_owner);
}

int cmd_fs_chown(struct stmboot_context *ctx, const struct options *o)
{
	return edit_run(ctx, o, set_owners);
}
