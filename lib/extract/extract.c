/* SPDX-License-Identifier: MIT */
#include "extract/extract.h"

#include <inttypes.h>
#include <string.h>

#include "base/context.h"
#include "fs/fs.h"

struct sb_job *sb_job_new(struct stmboot_context *ctx, const struct sb_host *host,
			  const struct sb_folders *folders)
{
	struct sb_job *job = sb_alloc_uncleared(ctx, sizeof(*job));

	if (job == NULL)
		return NULL;
	memset(job, 0, offsetof(struct sb_job, buffer));
	job->ctx = ctx;
	job->host = host;
	job->folders = folders;
	job->budget = UINT64_MAX;
	return job;
}

static void add_trouble(struct sb_extract *x, const char *path, const struct stmboot_refusal *why,
			bool failed)
{
	struct stmboot_extract_trouble *trouble;

	if (failed)
		x->result->failed++;
	else
		x->result->left_out++;
	if (x->trouble_count >= sb_limits(x->job->ctx)->max_findings)
		return;
	trouble = sb_arena_push(x->arena, &x->troubles, &x->trouble_count, &x->trouble_capacity,
				sizeof(*trouble));
	if (trouble == NULL)
		return;
	trouble->path = sb_arena_strdup(x->arena, path);
	trouble->message = sb_arena_strdup(x->arena, why->message);
	if (why->hint[0] != '\0')
		trouble->hint = sb_arena_strdup(x->arena, why->hint);
	trouble->failed = failed;
	if (trouble->path == NULL || trouble->message == NULL)
		x->trouble_count--;
}

void sb_extract_failed(struct sb_extract *x, const char *path, enum stmboot_status status,
		       const struct stmboot_refusal *why)
{
	struct stmboot_refusal plain = { .message = "" };

	if (why->message[0] == '\0')
		sb_refuse_say(&plain, NULL, "%s", stmboot_status_text(status));
	add_trouble(x, path, why->message[0] != '\0' ? why : &plain, true);
	if (x->first == STMBOOT_OK)
		x->first = status;
	if (status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED || x->job->full ||
	    x->arena->failed)
		x->ended = true;
}

/* With the place on the medium, where there is one. */
static void say_unreadable(struct stmboot_refusal *why, const char *trouble, bool has_offset,
			   uint64_t offset)
{
	if (has_offset)
		sb_refuse_say(why, NULL,
			      "could not read it: %s, at offset 0x%" PRIx64 " of the medium",
			      trouble, offset);
	else
		sb_refuse_say(why, NULL, "could not read it: %s", trouble);
}

void sb_extract_unreadable(struct sb_extract *x, enum stmboot_status status,
			   struct stmboot_refusal *why)
{
	bool has_offset;
	uint64_t offset;
	const char *trouble = stmboot_fs_trouble(x->fs, &has_offset, &offset);

	if (trouble == NULL || status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED)
		trouble = stmboot_status_text(status);
	say_unreadable(why, trouble, has_offset, offset);
}

static bool make_room(struct sb_extract *x)
{
	size_t wanted = x->capacity != 0 ? x->capacity * 2 : 16;
	struct sb_level *grown;

	if (x->depth < x->capacity)
		return true;
	grown = sb_alloc_array(x->job->ctx, wanted, sizeof(*grown));
	if (grown == NULL)
		return false;
	if (x->depth > 0)
		memcpy(grown, x->levels, x->depth * sizeof(*grown));
	sb_free(x->job->ctx, x->levels);
	x->levels = grown;
	x->capacity = wanted;
	return true;
}

/* A folder in a folder: the one that is there, or a new one that its owner can fill. */
static enum stmboot_status open_level(struct sb_extract *x, const struct sb_spot *spot,
				      uint32_t mode, struct stmboot_refusal *why,
				      struct sb_level *out)
{
	const struct sb_folders *folders = x->job->folders;
	enum stmboot_status status;

	status = folders->make_folder(folders->self, spot->folder, spot->name,
				      x->options.preserve ? SB_FOLDER_RIGHTS
							  : (mode & 0777) | SB_FOLDER_RIGHTS);
	out->made = status == STMBOOT_OK;
	if (status != STMBOOT_OK && status != STMBOOT_CONFLICT)
		return sb_job_refuse(x->job, why, status, "create it");
	status = folders->enter(folders->self, spot->folder, spot->name, &out->folder);
	if (status == STMBOOT_NOT_RECOGNISED)
		return sb_refuse(why, STMBOOT_CONFLICT, "name another place, or take it away",
				 "there is something of that name that is no folder");
	return sb_job_refuse(x->job, why, status, "open it");
}

static enum stmboot_status enter_folder(struct sb_extract *x, const struct stmboot_fs_step *step,
					const struct sb_spot *spot, struct stmboot_refusal *why)
{
	struct sb_level level = { .folder = x->parent };
	enum stmboot_status status = STMBOOT_OK;

	if (!make_room(x))
		return STMBOOT_NO_MEMORY;
	if (spot->name != NULL)
		status = open_level(x, spot, step->inode->node.mode, why, &level);
	if (status != STMBOOT_OK)
		return status;
	if (spot->name == NULL)
		x->parent = SB_NO_FILE; /* it is the level's now */
	x->levels[x->depth++] = level;
	x->result->folders++;
	return STMBOOT_OK;
}

/* What the image says of a folder is set once nothing is to be made in it any more. */
static void leave_folder(struct sb_extract *x, const struct stmboot_fs_step *step)
{
	struct sb_level level = x->levels[--x->depth];
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status = STMBOOT_OK;

	if (step->status != STMBOOT_OK) {
		say_unreadable(&why, step->trouble, step->has_offset, step->offset);
		sb_extract_failed(x, step->path, step->status, &why);
	}
	if (x->options.preserve)
		sb_extract_preserve(x, step, level.folder);
	else if (level.made)
		status = sb_job_restrict(x->job, level.folder, SB_FOLDER_RIGHTS,
					 step->inode->node.mode);
	if (status != STMBOOT_OK) {
		(void)sb_job_refuse(x->job, &why, status, "set its mode");
		sb_extract_failed(x, step->path, status, &why);
	}
	x->job->folders->close(x->job->folders->self, level.folder);
}

static bool is_special(enum stmboot_fs_type type)
{
	return type == STMBOOT_FS_CHAR_DEVICE || type == STMBOOT_FS_BLOCK_DEVICE ||
	       type == STMBOOT_FS_FIFO || type == STMBOOT_FS_SOCKET;
}

/* What a step has entered is made; STMBOOT_CONFLICT and the like for a folder that cannot be. */
static enum stmboot_fs_answer enter(struct sb_extract *x, const struct stmboot_fs_step *step)
{
	const struct sb_spot spot = {
		.job = x->job,
		.folder = step->depth > 0 ? x->levels[x->depth - 1].folder : x->parent,
		.name = step->depth > 0 ? step->name : x->name,
	};
	enum stmboot_fs_type type = step->inode->node.type;
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;

	if (type == STMBOOT_FS_DIRECTORY) {
		status = enter_folder(x, step, &spot, &why);
		if (status != STMBOOT_OK)
			sb_extract_failed(x, step->path, status, &why);
		return status == STMBOOT_OK ? STMBOOT_FS_GO_ON : STMBOOT_FS_SKIP;
	}
	if (is_special(type) && !x->options.devices) {
		sb_refuse_say(&why, "--devices makes it", "left out, for it is a %s",
			      stmboot_fs_type_text(type));
		add_trouble(x, step->path, &why, false);
	} else if (type == STMBOOT_FS_UNKNOWN) {
		sb_refuse_say(&why, NULL, "it is a %s", stmboot_fs_type_text(type));
		sb_extract_failed(x, step->path, STMBOOT_CORRUPT, &why);
	} else {
		sb_extract_entry(x, step, &spot);
	}
	return STMBOOT_FS_GO_ON;
}

static enum stmboot_fs_answer visit(void *user, const struct stmboot_fs_step *step)
{
	struct sb_extract *x = user;
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_fs_answer answer = STMBOOT_FS_GO_ON;

	if (step->event == STMBOOT_FS_LEAVE) {
		leave_folder(x, step);
	} else if (step->status != STMBOOT_OK) {
		say_unreadable(&why, step->trouble, step->has_offset, step->offset);
		sb_extract_failed(x, step->path, step->status, &why);
	} else {
		answer = enter(x, step);
	}
	return x->ended ? STMBOOT_FS_STOP : answer;
}

/* What the path leads to can be made, as far as the options go. */
static enum stmboot_status check_start(const struct sb_extract *x, const char *path,
				       struct stmboot_refusal *why, struct stmboot_fs_node *out)
{
	struct stmboot_fs_node node;
	struct stmboot_refusal unused;
	enum stmboot_status status = stmboot_fs_stat(x->fs, path, true, &node);

	if (status != STMBOOT_OK) {
		stmboot_fs_explain(x->fs, path, status, why != NULL ? why : &unused);
		return status;
	}
	*out = node;
	if (node.type == STMBOOT_FS_DIRECTORY && !x->options.recursive)
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
				 "--recursive gets it with all that is below it",
				 "'%s' is a directory", path);
	if (is_special(node.type) && !x->options.devices)
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, "--devices makes it",
				 "'%s' is a %s", path, stmboot_fs_type_text(node.type));
	return STMBOOT_OK;
}

/* Of a file of several names each counts for a part of it. */
static enum stmboot_fs_answer count_bytes(void *user, const struct stmboot_fs_step *step)
{
	uint64_t *total = user;
	uint64_t bytes;

	if (step->event == STMBOOT_FS_LEAVE || step->status != STMBOOT_OK ||
	    step->inode->node.type != STMBOOT_FS_FILE)
		return STMBOOT_FS_GO_ON;
	bytes = step->inode->node.size;
	if (step->inode->node.links > 1)
		bytes /= step->inode->node.links;
	*total = bytes < UINT64_MAX - *total ? *total + bytes : UINT64_MAX;
	return STMBOOT_FS_GO_ON;
}

/* How much there is to do, for whoever watches: names are gone through once more for that. */
static enum stmboot_status measure(struct sb_extract *x, struct stmboot_context *ctx,
				   const char *path, const struct stmboot_fs_node *start)
{
	const struct stmboot_fs_walk_options how = { .struct_size = sizeof(how), .follow = true };
	uint64_t total = start->size;
	enum stmboot_status status = STMBOOT_OK;

	if (start->type == STMBOOT_FS_DIRECTORY) {
		total = 0;
		if (ctx->options.progress != NULL)
			status = stmboot_fs_walk(x->fs, path, &how, count_bytes, &total);
	}
	if (status == STMBOOT_OK)
		x->job->total = total;
	/* what cannot be walked is told in its place */
	return status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED ? status : STMBOOT_OK;
}

static enum stmboot_status new_extract(struct sb_extract *x, struct stmboot_context *ctx,
				       const struct sb_host *host, const struct sb_folders *folders,
				       const struct stmboot_extract_options *options)
{
	x->parent = SB_NO_FILE;
	if (options != NULL)
		memcpy(&x->options, options,
		       options->struct_size < sizeof(x->options) ? options->struct_size
								 : sizeof(x->options));
	x->job = sb_job_new(ctx, host, folders);
	x->result = sb_object_new(ctx, sizeof(*x->result));
	if (x->job == NULL || x->result == NULL)
		return STMBOOT_NO_MEMORY;
	x->arena = sb_object_arena(x->result);
	x->job->budget = stmboot_source_size(sb_fs_source(x->fs));
	x->root = folders->is_root(folders->self);
	sb_job_spare(x->job, x->options.image);
	return STMBOOT_OK;
}

static void release(struct sb_extract *x, struct stmboot_context *ctx,
		    const struct sb_folders *folders)
{
	while (x->depth > 0)
		folders->close(folders->self, x->levels[--x->depth].folder);
	if (x->parent != SB_NO_FILE)
		folders->close(folders->self, x->parent);
	sb_free(ctx, x->levels);
	sb_free(ctx, x->job);
}

static enum stmboot_status walk(struct sb_extract *x, const char *path, struct stmboot_refusal *why)
{
	const struct stmboot_fs_walk_options how = { .struct_size = sizeof(how), .follow = true };
	enum stmboot_status status = stmboot_fs_walk(x->fs, path, &how, visit, x);

	x->result->troubles = x->troubles;
	x->result->trouble_count = x->trouble_count;
	if (status == STMBOOT_LIMIT)
		sb_extract_unreadable(x, status, why);
	if (status == STMBOOT_OK && x->arena->failed)
		return STMBOOT_NO_MEMORY;
	return status == STMBOOT_OK ? x->first : status;
}

enum stmboot_status sb_extract(struct stmboot_context *ctx, const struct sb_host *host,
			       const struct sb_folders *folders, struct stmboot_fs *fs,
			       const char *path, const char *destination,
			       const struct stmboot_extract_options *options,
			       struct stmboot_refusal *why,
			       const struct stmboot_extract_result **out)
{
	struct sb_extract x = { .fs = fs };
	struct stmboot_fs_node start = { .type = STMBOOT_FS_UNKNOWN };
	bool begun = false;
	enum stmboot_status status = new_extract(&x, ctx, host, folders, options);

	if (status == STMBOOT_OK)
		status = check_start(&x, path, why, &start);
	if (status == STMBOOT_OK)
		status = measure(&x, ctx, path, &start);
	if (status == STMBOOT_OK)
		status = sb_extract_open(&x, path, start.type, destination, why);
	if (status == STMBOOT_OK) {
		begun = true;
		status = walk(&x, path, why);
	}
	release(&x, ctx, folders);
	if (begun)
		*out = x.result;
	else
		stmboot_extract_free(x.result);
	return status;
}

enum stmboot_status stmboot_extract(struct stmboot_context *ctx, struct stmboot_fs *fs,
				    const char *path, const char *destination,
				    const struct stmboot_extract_options *options,
				    struct stmboot_refusal *why,
				    const struct stmboot_extract_result **out)
{
	return sb_extract(ctx, &sb_host_posix, &sb_folders_posix, fs, path, destination, options,
			  why, out);
}

void stmboot_extract_free(const struct stmboot_extract_result *result)
{
	sb_object_free(result);
}
