/* SPDX-License-Identifier: MIT */
/* What is no folder: files, their further names, symbolic links and the special ones. */
#include <string.h>

#include "extract/extract.h"

/* One thing that is being made. */
struct entry {
	struct sb_extract *x;
	const struct stmboot_fs_step *step;
	const struct sb_spot *spot;
	struct sb_job *job;
	const struct sb_folders *folders;
	struct stmboot_refusal why;
};

static enum stmboot_status fill(struct entry *e, struct sb_new_file *file)
{
	struct stmboot_source *src = NULL;
	enum stmboot_status status =
		stmboot_fs_open_inode(e->x->fs, e->step->inode->node.inode, &src);
	bool unreadable = status != STMBOOT_OK;

	if (status == STMBOOT_OK) {
		status = sb_new_file_fill(file, src, &e->why);
		unreadable = file->unreadable;
	}
	if (unreadable)
		sb_extract_unreadable(e->x, status, &e->why);
	stmboot_source_close(src);
	return status;
}

/* What has several names is told again by its identity, when the next name is to be a link. */
static enum stmboot_status identify(struct entry *e, int handle, struct sb_first_name *out)
{
	struct sb_entry made = { .inode = 0 };
	enum stmboot_status status = STMBOOT_OK;

	if (e->step->inode->node.links > 1)
		status = e->folders->describe_handle(e->folders->self, handle, &made);
	*out = (struct sb_first_name){ .inode = e->step->inode->node.inode,
				       .below = e->step->below,
				       .device = made.device,
				       .host_inode = made.inode };
	return sb_job_refuse(e->job, &e->why, status, "look at it");
}

static enum stmboot_status remember(struct entry *e, const struct sb_first_name *first)
{
	if (e->step->inode->node.links < 2)
		return STMBOOT_OK;
	return sb_first_names_add(&e->x->first_names, e->x->arena, first);
}

/* What is set before it has its name. */
static enum stmboot_status set_up(struct entry *e, int file)
{
	enum stmboot_status status;

	if (e->x->options.preserve) {
		sb_extract_preserve(e->x, e->step, file);
		return STMBOOT_OK;
	}
	status = sb_job_restrict(e->job, file, SB_FILE_RIGHTS, e->step->inode->node.mode);
	return sb_job_refuse(e->job, &e->why, status, "set its mode");
}

static enum stmboot_status make_file(struct entry *e)
{
	uint32_t mode = e->x->options.preserve ? SB_FILE_RIGHTS : e->step->inode->node.mode;
	uint64_t before = e->job->written;
	struct sb_first_name first;
	struct sb_new_file file;
	enum stmboot_status status = sb_new_file_create(e->spot, mode, &e->why, &file);

	if (status != STMBOOT_OK)
		return status;
	status = fill(e, &file);
	if (status == STMBOOT_OK)
		status = identify(e, file.file, &first);
	if (status == STMBOOT_OK)
		status = set_up(e, file.file);
	if (status != STMBOOT_OK) {
		sb_new_file_drop(&file);
		return status;
	}
	/* One file alone is worth a sync; each of many would cost a multiple of the work. */
	status = sb_new_file_finish(&file, e->step->depth == 0, &e->why);
	if (status != STMBOOT_OK)
		return status;
	e->x->result->files++;
	e->x->result->bytes += e->job->written - before;
	return remember(e, &first);
}

/* Does a symbolic link with this target stand there already? */
static bool is_same_link(const struct entry *e)
{
	char target[STMBOOT_FS_PATH_BYTES];
	size_t length;

	return e->step->inode->target != NULL &&
	       e->folders->read_link(e->folders->self, e->spot->folder, e->spot->name, target,
				     sizeof(target), &length) == STMBOOT_OK &&
	       length == strlen(e->step->inode->target) &&
	       memcmp(target, e->step->inode->target, length) == 0;
}

static enum sb_entry_kind kind_of(enum stmboot_fs_type type)
{
	switch (type) {
	case STMBOOT_FS_SYMLINK:
		return SB_ENTRY_LINK;
	case STMBOOT_FS_CHAR_DEVICE:
		return SB_ENTRY_CHAR_DEVICE;
	case STMBOOT_FS_BLOCK_DEVICE:
		return SB_ENTRY_BLOCK_DEVICE;
	case STMBOOT_FS_FIFO:
		return SB_ENTRY_PIPE;
	default:
		return SB_ENTRY_SOCKET;
	}
}

static enum stmboot_status make_named(const struct entry *e, const char *name)
{
	const struct stmboot_fs_node *node = &e->step->inode->node;
	uint32_t mode = e->x->options.preserve ? 0600 : node->mode & 0777;

	if (node->type == STMBOOT_FS_SYMLINK)
		return e->folders->make_link(e->folders->self, e->spot->folder, name,
					     e->step->inode->target);
	return e->folders->make_special(e->folders->self, e->spot->folder, name,
					kind_of(node->type), mode, node->device_major,
					node->device_minor);
}

/*
 * Make something under its own name, or under another one when it replaces a
 * regular file. A new name of a file that has both already replaces nothing.
 */
static enum stmboot_status make_at(struct entry *e, const char *what,
				   enum stmboot_status (*make)(const struct entry *e,
							       const char *name))
{
	struct sb_temporary temporary;
	bool taken;
	enum stmboot_status status = sb_spot_check(e->spot, &e->why, &taken);

	if (status != STMBOOT_OK)
		return status;
	if (!taken)
		return sb_job_refuse(e->job, &e->why, make(e, e->spot->name), what);
	sb_spot_temporary(e->spot, &temporary);
	status = make(e, temporary.name);
	if (status == STMBOOT_CONFLICT) {
		status = sb_spot_clear(e->spot, &temporary);
		if (status == STMBOOT_OK)
			status = make(e, temporary.name);
	}
	if (status != STMBOOT_OK)
		return sb_job_refuse(e->job, &e->why, status, what);
	status = e->folders->rename(e->folders->self, e->spot->folder, temporary.name,
				    e->spot->name);
	(void)sb_job_refuse(e->job, &e->why, status, "give it its name");
	/* rename() leaves both when they are names of one file */
	(void)e->folders->unlink(e->folders->self, e->spot->folder, temporary.name);
	return status;
}

/* What was made, by a handle that leads to it and nowhere else. */
static enum stmboot_status grip_made(struct entry *e, int *handle)
{
	struct sb_entry made;
	enum stmboot_status status =
		e->folders->grip(e->folders->self, e->spot->folder, e->spot->name, handle);

	if (status != STMBOOT_OK)
		return sb_job_refuse(e->job, &e->why, status, "look at it");
	status = e->folders->describe_handle(e->folders->self, *handle, &made);
	if (status == STMBOOT_OK && made.kind != kind_of(e->step->inode->node.type))
		status = STMBOOT_CONFLICT;
	if (status != STMBOOT_OK) {
		(void)sb_job_refuse(e->job, &e->why, status, "look at it");
		e->folders->close(e->folders->self, *handle);
	}
	return status;
}

static enum stmboot_status make_other(struct entry *e)
{
	bool is_link = e->step->inode->node.type == STMBOOT_FS_SYMLINK;
	enum stmboot_status status = STMBOOT_OK;
	struct sb_first_name first;
	int handle;

	if (!is_link || !is_same_link(e))
		status = make_at(e, "create it", make_named);
	if (status == STMBOOT_OK)
		status = grip_made(e, &handle);
	if (status != STMBOOT_OK)
		return status;
	status = identify(e, handle, &first);
	if (status == STMBOOT_OK && e->x->options.preserve)
		sb_extract_preserve(e->x, e->step, handle);
	e->folders->close(e->folders->self, handle);
	if (status != STMBOOT_OK)
		return status;
	if (is_link)
		e->x->result->symlinks++;
	else
		e->x->result->specials++;
	return remember(e, &first);
}

/* The folder of a path below where the extraction began, gone through name by name. */
static enum stmboot_status open_folder_of(const struct entry *e, const char *below, int *folder,
					  const char **name)
{
	const struct sb_folders *folders = e->folders;
	enum stmboot_status status = STMBOOT_OK;
	int first = e->x->levels[0].folder, at = first;

	for (;;) {
		char part[SB_NAME_BYTES];
		const char *slash = strchr(below, '/');
		int next = SB_NO_FILE;

		if (slash == NULL || (size_t)(slash - below) >= sizeof(part))
			break;
		memcpy(part, below, (size_t)(slash - below));
		part[slash - below] = '\0';
		status = folders->enter(folders->self, at, part, &next);
		if (at != first)
			folders->close(folders->self, at);
		if (status != STMBOOT_OK)
			return status;
		at = next;
		below = slash + 1;
	}
	*folder = at;
	*name = below;
	return STMBOOT_OK;
}

static enum stmboot_status link_named(const struct entry *e, const char *name)
{
	const struct sb_first_name *first =
		sb_first_names_find(&e->x->first_names, e->step->inode->node.inode);
	const char *from_name;
	struct sb_entry made;
	int from;
	enum stmboot_status status = open_folder_of(e, first->below, &from, &from_name);

	if (status != STMBOOT_OK)
		return status;
	status = e->folders->link(e->folders->self, from, from_name, e->spot->folder, name);
	if (from != e->x->levels[0].folder)
		e->folders->close(e->folders->self, from);
	if (status != STMBOOT_OK)
		return status;
	status = e->folders->describe(e->folders->self, e->spot->folder, name, &made);
	if (status == STMBOOT_OK &&
	    (made.device != first->device || made.inode != first->host_inode)) {
		/* someone put something else in the place of the first name */
		(void)e->folders->unlink(e->folders->self, e->spot->folder, name);
		status = STMBOOT_NOT_FOUND;
	}
	return status;
}

/*
 * A further name of what is made already. False when it is to be a copy of its
 * own, as where the host knows no links; that is said.
 */
static bool make_link(struct entry *e)
{
	enum stmboot_status status =
		make_at(e, "link it to its first name, so it is a file of its own", link_named);

	if (status == STMBOOT_OK)
		e->x->result->hard_links++;
	else
		sb_extract_failed(e->x, e->step->path, status, &e->why);
	return status == STMBOOT_OK || status == STMBOOT_CONFLICT ||
	       status == STMBOOT_INVALID_ARGUMENT || e->x->ended;
}

void sb_extract_entry(struct sb_extract *x, const struct stmboot_fs_step *step,
		      const struct sb_spot *spot)
{
	const struct stmboot_fs_node *node = &step->inode->node;
	struct entry e = {
		.x = x, .step = step, .spot = spot, .job = spot->job, .folders = spot->job->folders
	};
	enum stmboot_status status;

	if (sb_first_names_find(&x->first_names, node->inode) != NULL && make_link(&e))
		return;
	status = node->type == STMBOOT_FS_FILE ? make_file(&e) : make_other(&e);
	if (status != STMBOOT_OK)
		sb_extract_failed(x, step->path, status, &e.why);
}
