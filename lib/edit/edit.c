/* SPDX-License-Identifier: MIT */
#include "edit/edit.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"

const char *stmboot_edit_state_text(enum stmboot_edit_state state)
{
	static const char *const names[] = { "unchanged", "done", "pending" };

	return (size_t)state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

const char *stmboot_recovery_text(enum stmboot_recovery recovery)
{
	static const char *const names[] = { "clean", "finished", "dropped", "pending" };

	return (size_t)recovery < sizeof(names) / sizeof(names[0]) ? names[recovery] : "?";
}

/* An image is edited as it is to be once an interrupted edit of it is finished. */
static enum stmboot_status see_through(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_medium_see_through(edit->ctx, edit->target.host,
							   &edit->target.place, &edit->medium);

	if (status == STMBOOT_UNSUPPORTED)
		return sb_refuse(why, status, "run the version that began it",
				 "a later version of stmboot left the log of an edit");
	return sb_refuse_work(why, status, "read the log of an interrupted edit", NULL);
}

static bool is_in_place(const struct stmboot_edit *edit)
{
	return edit->output == NULL && !edit->dry_run;
}

static enum stmboot_status unpack(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_medium_look(edit->ctx, &edit->medium);

	if (status != STMBOOT_OK)
		return status;
	if (is_in_place(edit) && edit->medium.container != STMBOOT_COMPRESSION_NONE)
		return sb_refuse(why, STMBOOT_UNSUPPORTED,
				 "with --output the result is written unpacked to another file",
				 "an image that is compressed (%s) cannot be edited in place",
				 stmboot_compression_text(edit->medium.container));
	return sb_medium_unpack(edit->ctx, &edit->medium);
}

static enum stmboot_status set_up(struct stmboot_edit *edit, const char *path,
				  const struct stmboot_edit_options *options,
				  const struct sb_host *host, struct stmboot_refusal *why)
{
	const char *folder = sb_arena_strdup(&edit->arena, options->state_directory);
	enum stmboot_status status = STMBOOT_OK;

	edit->dry_run = options->dry_run;
	edit->output = sb_arena_strdup(&edit->arena, options->output);
	if (edit->arena.failed)
		return STMBOOT_NO_MEMORY;
	status = sb_target_open(edit->ctx, host, path, is_in_place(edit), folder, why,
				&edit->target);
	edit->medium.source = edit->target.source;
	if (status == STMBOOT_OK)
		status = see_through(edit, why);
	return status == STMBOOT_OK ? sb_medium_prepare(&edit->medium) : status;
}

enum stmboot_status sb_edit_look(struct stmboot_edit *edit, struct stmboot_refusal *why)
{
	enum stmboot_status status = unpack(edit, why);

	return status == STMBOOT_OK ? sb_overlay_new(edit->ctx, edit->medium.source, &edit->overlay)
				    : status;
}

enum stmboot_status sb_edit_prepare(struct stmboot_context *ctx, const struct sb_host *host,
				    const char *path, const struct stmboot_edit_options *options,
				    struct stmboot_refusal *why, struct stmboot_edit **out)
{
	struct stmboot_edit_options o = { .struct_size = sizeof(o) };
	struct stmboot_edit *edit = sb_alloc(ctx, sizeof(*edit));
	enum stmboot_status status;

	if (edit == NULL)
		return STMBOOT_NO_MEMORY;
	if (options != NULL)
		memcpy(&o, options, (size_t)sb_min_u64(options->struct_size, sizeof(o)));
	edit->ctx = ctx;
	edit->shared = SB_NO_FILE;
	edit->log_file = SB_NO_FILE;
	sb_arena_init(&edit->arena, ctx);
	sb_arena_init(&edit->plan_arena, ctx);
	status = set_up(edit, path, &o, host, why);
	if (status != STMBOOT_OK)
		stmboot_edit_close(edit);
	else
		*out = edit;
	return status;
}

enum stmboot_status sb_edit_begin(struct stmboot_context *ctx, const struct sb_host *host,
				  const char *path, const struct stmboot_edit_options *options,
				  struct stmboot_refusal *why, struct stmboot_edit **out)
{
	struct stmboot_edit *edit;
	enum stmboot_status status = sb_edit_prepare(ctx, host, path, options, why, &edit);

	if (status != STMBOOT_OK)
		return status;
	status = sb_edit_look(edit, why);
	if (status != STMBOOT_OK)
		stmboot_edit_close(edit);
	else
		*out = edit;
	return status;
}

enum stmboot_status stmboot_edit_begin(struct stmboot_context *ctx, const char *path,
				       const struct stmboot_edit_options *options,
				       struct stmboot_refusal *why, struct stmboot_edit **out)
{
	return sb_edit_begin(ctx, &sb_host_posix, path, options, why, out);
}

struct sb_overlay *sb_edit_overlay(struct stmboot_edit *edit)
{
	return edit->overlay;
}

struct stmboot_source *stmboot_edit_source(struct stmboot_edit *edit)
{
	return sb_overlay_source(edit->overlay);
}

bool stmboot_edit_is_interrupted(const struct stmboot_edit *edit)
{
	return edit->medium.interrupted;
}

enum stmboot_status stmboot_edit_write(struct stmboot_edit *edit, uint64_t offset, const void *data,
				       size_t size)
{
	return sb_overlay_write(edit->overlay, offset, data, size);
}

enum stmboot_status sb_edit_confine(struct stmboot_edit *edit, uint64_t offset, uint64_t length)
{
	struct stmboot_edit_range *range =
		sb_arena_push(&edit->arena, &edit->confines, &edit->confine_count,
			      &edit->confine_capacity, sizeof(*range));

	if (range == NULL)
		return STMBOOT_NO_MEMORY;
	*range = (struct stmboot_edit_range){ .offset = offset, .length = length };
	return STMBOOT_OK;
}

enum stmboot_status stmboot_edit_describe(struct stmboot_edit *edit, const char *what,
					  const char *before, const char *after)
{
	struct stmboot_edit_change change = {
		.what = sb_arena_strdup(&edit->arena, what),
		.before = sb_arena_strdup(&edit->arena, before),
		.after = sb_arena_strdup(&edit->arena, after),
	};
	struct stmboot_edit_change *added;

	if (edit->arena.failed)
		return STMBOOT_NO_MEMORY;
	added = sb_arena_push(&edit->arena, &edit->changes, &edit->change_count,
			      &edit->change_capacity, sizeof(change));
	if (added == NULL)
		return STMBOOT_NO_MEMORY;
	*added = change;
	return STMBOOT_OK;
}

enum stmboot_status sb_edit_note(struct stmboot_edit *edit, const char *text)
{
	const char *copy = sb_arena_strdup(&edit->arena, text);
	const char **note = sb_arena_push(&edit->arena, &edit->notes, &edit->note_count,
					  &edit->note_capacity, sizeof(*note));

	if (copy == NULL || note == NULL)
		return STMBOOT_NO_MEMORY;
	*note = copy;
	return STMBOOT_OK;
}

/* Extents that touch are one write. */
static enum stmboot_status list_writes(struct stmboot_edit *edit)
{
	struct stmboot_edit_range *writes = NULL, *last = NULL;
	size_t count = 0, capacity = 0;
	struct sb_extent extent = { 0 };

	while (sb_overlay_next_place(edit->overlay, extent.offset + extent.length, &extent) ==
	       STMBOOT_OK) {
		if (last != NULL && last->offset + last->length == extent.offset) {
			last->length += extent.length;
			continue;
		}
		last = sb_arena_push(&edit->plan_arena, &writes, &count, &capacity, sizeof(*last));
		if (last == NULL)
			return STMBOOT_NO_MEMORY;
		last->offset = extent.offset;
		last->length = extent.length;
	}
	edit->plan.writes = writes;
	edit->plan.write_count = count;
	return STMBOOT_OK;
}

enum stmboot_status stmboot_edit_plan(struct stmboot_edit *edit,
				      const struct stmboot_edit_plan **out)
{
	enum stmboot_status status = sb_overlay_status(edit->overlay);

	if (status == STMBOOT_OK)
		status = sb_overlay_prune(edit->overlay);
	if (status != STMBOOT_OK)
		return status;
	sb_arena_release(&edit->plan_arena);
	sb_arena_init(&edit->plan_arena, edit->ctx);
	edit->plan = (struct stmboot_edit_plan){ .changes = edit->changes,
						 .change_count = edit->change_count,
						 .bytes = sb_overlay_pending(edit->overlay),
						 .notes = edit->notes,
						 .note_count = edit->note_count };
	status = list_writes(edit);
	if (status == STMBOOT_OK)
		*out = &edit->plan;
	return status;
}

const struct stmboot_edit_result *stmboot_edit_result(const struct stmboot_edit *edit)
{
	return &edit->result;
}

void stmboot_edit_close(struct stmboot_edit *edit)
{
	if (edit == NULL)
		return;
	if (edit->prunes)
		sb_undo_prune(edit);
	sb_overlay_free(edit->overlay);
	sb_edit_forget_shared(edit);
	if (edit->log_file != SB_NO_FILE)
		edit->target.host->close(edit->target.host->self, edit->log_file);
	sb_medium_release(&edit->medium);
	sb_target_close(&edit->target);
	sb_arena_release(&edit->plan_arena);
	sb_arena_release(&edit->arena);
	sb_free(edit->ctx, edit);
}
