/* SPDX-License-Identifier: MIT */
/* An edit with the boot of the image followed before and after it. */
#include "edit/boot_edit.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/diag.h"
#include "boot/trace.h"
#include "edit/edit.h"
#include "edit/part_edit.h"
#include "edit/table_edit.h"
#include "fs/ext4_edit.h"
#include "image/image.h"

/* Does an edit leave these bytes of the medium alone? */
static bool is_untouched(const void *user, uint64_t offset, uint64_t size)
{
	const struct stmboot_edit_plan *plan = user;

	for (size_t i = 0; i < plan->write_count; i++)
		if (sb_ranges_overlap(offset, size, plan->writes[i].offset, plan->writes[i].length))
			return false;
	return true;
}

enum stmboot_status sb_boot_edit_follow(struct stmboot_boot_edit *edit,
					const struct stmboot_edit_plan *plan, struct sb_view *view)
{
	const struct stmboot_image_options options = { .struct_size = sizeof(options),
						       .medium = edit->medium };
	enum stmboot_status status = stmboot_diags_new(edit->ctx, &view->diags);

	if (status == STMBOOT_OK)
		status = stmboot_image_open_source(edit->ctx, stmboot_edit_source(edit->edit),
						   &options, &view->image);
	if (status == STMBOOT_OK && plan != NULL && edit->before.image != NULL)
		status = sb_image_adopt(view->image, edit->before.image, is_untouched, plan);
	if (status == STMBOOT_OK)
		status = sb_boot_trace_again(edit->ctx, view->image,
					     plan != NULL ? edit->before.boot : NULL, view->diags,
					     &view->boot);
	if (status == STMBOOT_OK)
		sb_diags_name_image(
			view->diags, 0,
			plan != NULL && edit->output != NULL ? edit->output : edit->image, false);
	return status;
}

void sb_view_forget(struct sb_view *view)
{
	stmboot_boot_free(view->boot);
	stmboot_image_close(view->image);
	stmboot_diags_free(view->diags);
	*view = (struct sb_view){ .boot = NULL };
}

static struct stmboot_boot_edit *new_edit(struct stmboot_context *ctx, const char *path,
					  const struct stmboot_boot_edit_options *options,
					  struct stmboot_boot_edit_options *o)
{
	struct stmboot_boot_edit *edit = sb_alloc(ctx, sizeof(*edit));

	if (edit == NULL)
		return NULL;
	if (options != NULL)
		memcpy(o, options, (size_t)sb_min_u64(options->struct_size, sizeof(*o)));
	edit->ctx = ctx;
	edit->medium = o->medium;
	edit->force = o->force;
	sb_arena_init(&edit->arena, ctx);
	edit->image = sb_arena_strdup(&edit->arena, path);
	if (o->edit != NULL)
		edit->output = sb_arena_strdup(&edit->arena, o->edit->output);
	if (edit->arena.failed) {
		sb_arena_release(&edit->arena);
		sb_free(ctx, edit);
		edit = NULL;
	}
	return edit;
}

enum stmboot_status sb_boot_edit_prepare(struct stmboot_context *ctx, const struct sb_host *host,
					 const char *path,
					 const struct stmboot_boot_edit_options *options,
					 struct stmboot_refusal *why,
					 struct stmboot_boot_edit **out)
{
	struct stmboot_boot_edit_options o = { .struct_size = sizeof(o) };
	struct stmboot_boot_edit *edit = new_edit(ctx, path, options, &o);
	enum stmboot_status status;

	if (edit == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_edit_prepare(ctx, host, path, o.edit, why, &edit->edit);
	if (status != STMBOOT_OK)
		stmboot_boot_edit_close(edit);
	else
		*out = edit;
	return status;
}

enum stmboot_status stmboot_boot_edit_prepare(struct stmboot_context *ctx, const char *path,
					      const struct stmboot_boot_edit_options *options,
					      struct stmboot_refusal *why,
					      struct stmboot_boot_edit **out)
{
	return sb_boot_edit_prepare(ctx, &sb_host_posix, path, options, why, out);
}

/* The image as it is, beside the edit that has staged already what it was. */
static enum stmboot_status prepare_path(struct stmboot_boot_edit *edit, const char *path,
					const char *state_directory)
{
	const struct stmboot_image_options options = { .struct_size = sizeof(options),
						       .medium = edit->medium,
						       .state_directory = state_directory };

	return stmboot_image_prepare(edit->ctx, path, &options, &edit->before.image);
}

static enum stmboot_status follow_prepared(struct stmboot_boot_edit *edit)
{
	struct sb_view *view = &edit->before;
	enum stmboot_status status = stmboot_diags_new(edit->ctx, &view->diags);

	if (status == STMBOOT_OK)
		status = stmboot_image_decode(view->image);
	if (status == STMBOOT_OK)
		status = stmboot_boot_trace(edit->ctx, view->image, NULL, view->diags, &view->boot);
	/* What is no card any more can still become one again. */
	if (status == STMBOOT_NOT_RECOGNISED)
		sb_view_forget(view);
	return status == STMBOOT_NOT_RECOGNISED ? STMBOOT_OK : status;
}

enum stmboot_status stmboot_boot_edit_prepare_undo(struct stmboot_context *ctx, const char *path,
						   const struct stmboot_boot_edit_options *options,
						   struct stmboot_refusal *why,
						   struct stmboot_boot_edit **out)
{
	struct stmboot_boot_edit_options o = { .struct_size = sizeof(o) };
	struct stmboot_boot_edit *edit = new_edit(ctx, path, options, &o);
	enum stmboot_status status;

	if (edit == NULL)
		return STMBOOT_NO_MEMORY;
	edit->force = true; /* what stood there is wanted back, errors and all */
	status = stmboot_edit_begin_undo(ctx, path, o.edit, why, &edit->edit);
	if (status == STMBOOT_OK)
		status = prepare_path(edit, path, o.edit != NULL ? o.edit->state_directory : NULL);
	if (status != STMBOOT_OK)
		stmboot_boot_edit_close(edit);
	else
		*out = edit;
	return status;
}

enum stmboot_status stmboot_boot_edit_follow(struct stmboot_boot_edit *edit,
					     struct stmboot_refusal *why)
{
	enum stmboot_status status;

	if (edit->before.diags != NULL)
		return STMBOOT_INVALID_ARGUMENT;
	if (edit->before.image != NULL)
		return follow_prepared(edit);
	status = sb_edit_look(edit->edit, why);
	if (status != STMBOOT_OK)
		return status;
	edit->quiet_generation = sb_source_generation(stmboot_edit_source(edit->edit));
	return sb_boot_edit_follow(edit, NULL, &edit->before);
}

/* The edit, or nothing of it. */
static enum stmboot_status follow_or_close(struct stmboot_boot_edit *edit,
					   struct stmboot_refusal *why,
					   struct stmboot_boot_edit **out)
{
	enum stmboot_status status = stmboot_boot_edit_follow(edit, why);

	if (status != STMBOOT_OK)
		stmboot_boot_edit_close(edit);
	else
		*out = edit;
	return status;
}

enum stmboot_status stmboot_boot_edit_begin(struct stmboot_context *ctx, const char *path,
					    const struct stmboot_boot_edit_options *options,
					    struct stmboot_refusal *why,
					    struct stmboot_boot_edit **out)
{
	struct stmboot_boot_edit *edit;
	enum stmboot_status status = stmboot_boot_edit_prepare(ctx, path, options, why, &edit);

	return status == STMBOOT_OK ? follow_or_close(edit, why, out) : status;
}

enum stmboot_status stmboot_boot_edit_begin_undo(struct stmboot_context *ctx, const char *path,
						 const struct stmboot_boot_edit_options *options,
						 struct stmboot_refusal *why,
						 struct stmboot_boot_edit **out)
{
	struct stmboot_boot_edit *edit;
	enum stmboot_status status = stmboot_boot_edit_prepare_undo(ctx, path, options, why, &edit);

	return status == STMBOOT_OK ? follow_or_close(edit, why, out) : status;
}

enum stmboot_status stmboot_boot_edit_share(struct stmboot_boot_edit *edit, bool large,
					    struct stmboot_refusal *why, int *file)
{
	return sb_edit_share(edit->edit, large, why, file);
}

enum stmboot_status sb_refuse_unread(const struct sb_view *view, size_t known,
				     struct stmboot_refusal *why)
{
	return sb_image_refuse_unread(view->image, known, why);
}

enum stmboot_status sb_boot_edit_replace_file(struct stmboot_boot_edit *edit, uint32_t partition,
					      const char *path, const void *data, size_t size,
					      struct stmboot_refusal *why)
{
	const struct stmboot_part *part = stmboot_image_find(edit->before.image, partition);
	struct sb_ext4_edit done;
	enum stmboot_status status;

	if (part == NULL)
		return STMBOOT_INTERNAL;
	status = sb_part_check_file(edit, partition, why);
	if (status == STMBOOT_OK)
		status = sb_boot_edit_replay(edit, partition, why);
	if (status != STMBOOT_OK)
		return status;
	status = sb_ext4_replace_file(&edit->arena, sb_edit_overlay(edit->edit), part->offset,
				      part->available, path, data, size, why, &done);
	for (size_t i = 0; status == STMBOOT_OK && i < done.write_count; i++)
		status = sb_edit_confine(edit->edit, done.writes[i].offset, done.writes[i].length);
	return status;
}

static size_t count_errors(const struct stmboot_diags *diags, const char *code)
{
	size_t count = 0;

	for (size_t i = 0; i < stmboot_diags_count(diags); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(diags, i);

		count += diag->severity == STMBOOT_ERROR && strcmp(diag->code, code) == 0;
	}
	return count;
}

/* The first error of a code of which there are more than before, or NULL. */
static const struct stmboot_diag *added_error(const struct stmboot_diags *before,
					      const struct stmboot_diags *after)
{
	for (size_t i = 0; i < stmboot_diags_count(after); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(after, i);

		if (diag->severity == STMBOOT_ERROR &&
		    count_errors(after, diag->code) > count_errors(before, diag->code))
			return diag;
	}
	return NULL;
}

/* A repair may show errors that were hidden: those are none that it adds. */
static bool gets_as_far(const struct sb_view *before, const struct sb_view *after)
{
	int was = before->boot->stops_at, is = after->boot->stops_at;

	return is == STMBOOT_NO_STAGE || (was != STMBOOT_NO_STAGE && is >= was);
}

static enum stmboot_status judge(struct stmboot_boot_edit *edit, struct stmboot_refusal *why)
{
	const struct stmboot_diag *error = NULL;

	/* What is no card is no worse for being one. */
	if (edit->before.diags != NULL)
		error = added_error(edit->before.diags, edit->after.diags);
	if (error != NULL && edit->uncovers && gets_as_far(&edit->before, &edit->after))
		error = NULL;
	if (error == NULL || edit->force)
		return STMBOOT_OK;
	edit->refused = true;
	return sb_refuse(why, STMBOOT_CONFLICT, "--force writes it all the same",
			 "the edit would add an error: %s (%s)", error->message, error->code);
}

/*
 * An undo may lead back to what is no card. What could be read before and
 * cannot be now is no error of the edit, and nothing is known of the result.
 */
static enum stmboot_status follow_result(struct stmboot_boot_edit *edit,
					 const struct stmboot_edit_plan *plan,
					 struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_boot_edit_follow(edit, plan, &edit->after);
	size_t known = 0;

	if (status == STMBOOT_NOT_RECOGNISED && edit->document == NULL && edit->trees == NULL) {
		sb_view_forget(&edit->after);
		return STMBOOT_OK;
	}
	if (status == STMBOOT_OK && edit->before.image != NULL)
		known = sb_image_read_errors(edit->before.image)->count;
	if (status == STMBOOT_OK)
		status = sb_refuse_unread(&edit->after, known, why);
	if (status == STMBOOT_OK && edit->document != NULL)
		status = sb_boot_edit_read_back(edit, why);
	if (status == STMBOOT_OK)
		status = sb_boot_edit_check_trees(edit, why);
	return status == STMBOOT_OK ? judge(edit, why) : status;
}

enum stmboot_status sb_boot_edit_spoil(struct stmboot_boot_edit *edit, enum stmboot_status status,
				       const struct stmboot_refusal *why)
{
	const char *reason =
		why != NULL && why->message[0] != '\0' ? why->message : stmboot_status_text(status);

	if (status == STMBOOT_OK || edit->spoiled)
		return status;
	edit->spoiled = true;
	sb_refuse_say(&edit->spoiled_why, "begin another edit",
		      "a change of this edit failed on its way: %s", reason);
	return status;
}

static enum stmboot_status check_refused(const struct stmboot_boot_edit *edit,
					 struct stmboot_refusal *why)
{
	if (edit->spoiled)
		return sb_refuse(why, STMBOOT_CONFLICT, edit->spoiled_why.hint, "%s",
				 edit->spoiled_why.message);
	return edit->refused ? sb_refuse(why, STMBOOT_CONFLICT, NULL, "the edit was refused")
			     : STMBOOT_OK;
}

enum stmboot_status stmboot_boot_edit_stage(struct stmboot_boot_edit *edit,
					    struct stmboot_refusal *why,
					    const struct stmboot_edit_plan **out)
{
	struct stmboot_refusal unheard;
	enum stmboot_status status = edit->spoiled ? check_refused(edit, why) : STMBOOT_OK;
	enum stmboot_status verdict;

	/* what edits an ext4 remembers there what it has said */
	if (why == NULL)
		why = &unheard;
	if (status == STMBOOT_OK)
		status = sb_part_stage(edit);
	if (status == STMBOOT_OK)
		status = sb_boot_edit_stage_fs(edit, why);
	if (status == STMBOOT_OK)
		status = sb_boot_edit_stage_files(edit, why);
	if (status == STMBOOT_OK)
		status = sb_boot_edit_stage_trees(edit, why);
	if (status == STMBOOT_OK)
		status = sb_table_stage(edit);
	if (status == STMBOOT_OK)
		status = sb_boot_edit_finish_replays(edit);
	if (status != STMBOOT_OK)
		return status;
	status = stmboot_edit_plan(edit->edit, out);
	if (status != STMBOOT_OK)
		return status == STMBOOT_CONFLICT ? sb_refuse_changed(why) : status;
	verdict = follow_result(edit, *out, why);
	/* committing would find out, too, but a plan may be all that is wanted */
	if (verdict == STMBOOT_OK)
		verdict = sb_target_is_same(&edit->edit->target, why);
	/* Reading does not change the plan, but borrowed plans end with the next call. */
	status = stmboot_edit_plan(edit->edit, out);
	return verdict != STMBOOT_OK ? verdict : status;
}

enum stmboot_status stmboot_boot_edit_hand_over(struct stmboot_boot_edit *edit,
						struct stmboot_refusal *why)
{
	enum stmboot_status status = check_refused(edit, why);

	return status == STMBOOT_OK ? sb_edit_hand_over(edit->edit, why) : status;
}

enum stmboot_status stmboot_boot_edit_take_over(struct stmboot_boot_edit *edit,
						struct stmboot_refusal *why)
{
	return sb_edit_take_over(edit->edit, why);
}

enum stmboot_status stmboot_boot_edit_commit(struct stmboot_boot_edit *edit,
					     struct stmboot_refusal *why)
{
	enum stmboot_status status = check_refused(edit, why);

	return status == STMBOOT_OK ? stmboot_edit_commit(edit->edit, why) : status;
}

struct stmboot_context *stmboot_boot_edit_context(const struct stmboot_boot_edit *edit)
{
	return edit->ctx;
}

const struct stmboot_edit_result *stmboot_boot_edit_result(const struct stmboot_boot_edit *edit)
{
	return stmboot_edit_result(edit->edit);
}

static struct stmboot_boot_view public_view(const struct sb_view *view)
{
	return (struct stmboot_boot_view){ view->image, view->boot, view->diags };
}

struct stmboot_boot_view stmboot_boot_edit_before(const struct stmboot_boot_edit *edit)
{
	return public_view(&edit->before);
}

struct stmboot_boot_view stmboot_boot_edit_after(const struct stmboot_boot_edit *edit)
{
	return public_view(&edit->after);
}

void stmboot_boot_edit_close(struct stmboot_boot_edit *edit)
{
	if (edit == NULL)
		return;
	sb_boot_edit_forget_trees(edit);
	sb_boot_edit_close_fs(edit);
	stmboot_extlinux_document_free(edit->document);
	sb_view_forget(&edit->after);
	sb_view_forget(&edit->replayed);
	sb_view_forget(&edit->before);
	stmboot_edit_close(edit->edit);
	sb_part_forget(edit);
	sb_arena_release(&edit->arena);
	sb_free(edit->ctx, edit);
}
