/* SPDX-License-Identifier: MIT */
/* Owner, attributes, mode and times, in the order in which none undoes another. */
#include <stdio.h>
#include <string.h>

#include "extract/extract.h"

enum { SET_IDS = 06000 };

struct target {
	struct sb_extract *x;
	const struct stmboot_fs_step *step;
	const struct stmboot_fs_inode *inode;
	int handle;
};

static bool note(const struct target *t, enum stmboot_status status, const char *what)
{
	struct stmboot_refusal why = { .message = "" };

	if (status == STMBOOT_OK)
		return true;
	(void)sb_job_refuse(t->x->job, &why, status, what);
	sb_extract_failed(t->x, t->step->path, status, &why);
	return false;
}

/* Nobody but root may give a file away. True when it has the owner now. */
static bool keep_owner(const struct target *t)
{
	const struct sb_folders *folders = t->x->job->folders;

	return t->x->root && note(t,
				  folders->set_owner(folders->self, t->handle, t->inode->node.uid,
						     t->inode->node.gid),
				  "keep its owner");
}

static bool is_of_the_system(const char *name)
{
	return strncmp(name, "security.", 9) == 0 || strncmp(name, "trusted.", 8) == 0;
}

static void keep_attribute(const struct target *t, const struct stmboot_fs_attribute *attribute)
{
	const struct sb_folders *folders = t->x->job->folders;
	struct stmboot_refusal why = { .message = "" };
	char what[2 * SB_NAME_BYTES];
	enum stmboot_status status;

	if (is_of_the_system(attribute->name) && !t->x->root)
		return;
	status = folders->set_attribute(folders->self, t->handle, attribute->name, attribute->value,
					attribute->size);
	if (status == STMBOOT_OK)
		return;
	(void)snprintf(what, sizeof(what), "keep its attribute %s", attribute->name);
	(void)sb_job_refuse(t->x->job, &why, status, what);
	sb_extract_failed(t->x, t->step->path, status, &why);
}

static void keep_attributes(const struct target *t)
{
	const struct stmboot_fs_attributes *attributes = NULL;
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status =
		stmboot_fs_attributes_read(t->x->fs, t->inode->node.inode, &attributes);

	if (status != STMBOOT_OK) {
		sb_extract_unreadable(t->x, status, &why);
		sb_extract_failed(t->x, t->step->path, status, &why);
		return;
	}
	for (size_t i = 0; i < attributes->count; i++)
		keep_attribute(t, &attributes->items[i]);
	stmboot_fs_attributes_free(attributes);
}

static struct sb_time time_of(const struct stmboot_fs_time *time)
{
	return (struct sb_time){ .seconds = time->seconds, .nanoseconds = time->nanoseconds };
}

/*
 * A change of the owner takes set-id bits and capabilities away, so it comes
 * first, and without it there are none: a program would run as somebody else.
 */
void sb_extract_preserve(struct sb_extract *x, const struct stmboot_fs_step *step, int handle)
{
	const struct target t = { x, step, step->inode, handle };
	const struct sb_folders *folders = x->job->folders;
	uint32_t mode = step->inode->node.mode;

	if (!keep_owner(&t))
		mode &= ~(uint32_t)SET_IDS;
	keep_attributes(&t);
	if (step->inode->node.type != STMBOOT_FS_SYMLINK)
		(void)note(&t, folders->set_mode(folders->self, handle, mode), "keep its mode");
	(void)note(&t,
		   folders->set_times(folders->self, handle, time_of(&step->inode->accessed),
				      time_of(&step->inode->modified)),
		   "keep its times");
}
