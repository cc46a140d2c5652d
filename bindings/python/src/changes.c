/* SPDX-License-Identifier: MIT */
/*
 * The changes of an edit. Each is a row: what it takes (arguments_take()), and a
 * function that hands that to the library while the GIL is free.
 */
#include "edit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SETTINGS = 64 };

typedef enum stmboot_status change(struct edit *edit, struct arguments *a,
				   struct stmboot_refusal *why);

static PyObject *run(PyObject *self, PyObject *args, const char *kinds, change *work)
{
	struct edit *edit = (struct edit *)self;
	struct stmboot_refusal why = { .message = "" };
	struct arguments a = { 0 };
	enum stmboot_status status;
	bool good = false;

	if (arguments_take(&a, args, kinds) && edit_lock(edit)) {
		GUARD_WORK(&edit->guard, status = work(edit, &a, &why));
		good = guard_succeed(state_of(self), &edit->guard, status, &why, NULL);
		guard_unlock(&edit->guard);
	}
	arguments_release(&a);
	return good ? Py_NewRef(Py_None) : NULL;
}

#define CHANGE(name, kinds)                                                                        \
	static change change_##name;                                                               \
	EDIT_CHANGE(name)                                                                          \
	{                                                                                          \
		return run(self, args, kinds, change_##name);                                      \
	}                                                                                          \
	static enum stmboot_status change_##name(struct edit *edit, struct arguments *a,           \
						 struct stmboot_refusal *why)

/* ---- the configuration ---- */

/* label or None, all labels, set, add, remove, replace */
CHANGE(set_bootargs, "zblllb")
{
	const struct stmboot_cmdline_edit wanted = { .struct_size = sizeof(wanted),
						     .set = a->list[0].texts,
						     .set_count = a->list[0].count,
						     .add = a->list[1].texts,
						     .add_count = a->list[1].count,
						     .remove = a->list[2].texts,
						     .remove_count = a->list[2].count,
						     .replace = a->flag[1] };

	return a->flag[0]
		       ? stmboot_boot_edit_set_all_bootargs(edit->edit, &wanted, why)
		       : stmboot_boot_edit_set_bootargs(edit->edit, a->name[0].text, &wanted, why);
}

/* label or None, key, value or None */
CHANGE(set_key, "zsz")
{
	const char *label = a->name[0].text, *key = a->name[1].text, *value = a->name[2].text;

	return value != NULL ? stmboot_boot_edit_set(edit->edit, label, key, value, why)
			     : stmboot_boot_edit_unset(edit->edit, label, key, why);
}

/* name, keys, values */
CHANGE(add_label, "sll")
{
	size_t count = a->list[0].count;
	struct stmboot_extlinux_setting settings[MOST_SETTINGS];

	if (count != a->list[1].count || count > MOST_SETTINGS)
		return STMBOOT_INVALID_ARGUMENT;
	for (size_t i = 0; i < count; i++)
		settings[i] = (struct stmboot_extlinux_setting){ a->list[0].texts[i],
								 a->list[1].texts[i] };
	return stmboot_boot_edit_add_label(edit->edit, a->name[0].text, settings, count, why);
}

CHANGE(remove_label, "s")
{
	return stmboot_boot_edit_remove_label(edit->edit, a->name[0].text, why);
}

CHANGE(set_default, "s")
{
	return stmboot_boot_edit_set_default(edit->edit, a->name[0].text, why);
}

/* tenths of a second */
CHANGE(set_timeout, "i")
{
	if (a->number[0] < 0)
		return STMBOOT_INVALID_ARGUMENT;
	return stmboot_boot_edit_set_timeout(edit->edit, (uint32_t)a->number[0], why);
}

/* ---- places ---- */

/* The place that number and name `i` say. */
static struct stmboot_file_ref place_at(const struct arguments *a, int i)
{
	return (struct stmboot_file_ref){ (int32_t)a->number[i], a->name[i].text };
}

/* The device tree that is meant: without a path the one that boots. */
static const struct stmboot_file_ref *tree(const struct arguments *a, struct stmboot_file_ref *file)
{
	*file = place_at(a, 0);
	return file->path != NULL ? file : NULL;
}

/* ---- device trees ---- */

/* partition, path or None, node, property, values, type or None, create */
CHANGE(set_property, "izsslzb")
{
	struct stmboot_dtb_setting setting = { .struct_size = sizeof(setting),
					       .node = a->name[1].text,
					       .property = a->name[2].text,
					       .values = a->list[0].texts,
					       .value_count = a->list[0].count,
					       .create = a->flag[0] };
	const char *type = a->name[3].text;
	struct stmboot_file_ref file;

	if (type != NULL && stmboot_dtb_type_parse(type, &setting.type) != STMBOOT_OK) {
		(void)snprintf(why->message, sizeof(why->message), "'%.40s' is no type", type);
		return STMBOOT_INVALID_ARGUMENT;
	}
	return stmboot_boot_edit_set_dtb(edit->edit, tree(a, &file), &setting, why);
}

/* partition, path or None, node, property or None */
CHANGE(remove_node, "izsz")
{
	struct stmboot_file_ref file;

	return stmboot_boot_edit_remove_dtb(edit->edit, tree(a, &file), a->name[1].text,
					    a->name[2].text, why);
}

/* ---- content that Python gives ---- */

/* What is given, for the time of a call. NULL, and the exception is kept, when it is nothing. */
static struct feed *feed_of(struct edit *edit, PyObject *object)
{
	struct feed *feed;

	guard_enter_python(&edit->guard);
	feed = feed_new(&edit->guard, object);
	if (feed == NULL)
		guard_keep_exception(&edit->guard);
	guard_leave_python(&edit->guard);
	return feed;
}

static void forget_feed(struct edit *edit, struct feed *feed)
{
	guard_enter_python(&edit->guard);
	feed_free(feed);
	guard_leave_python(&edit->guard);
}

/* partition, path or None, content, name of it */
CHANGE(overlay, "izos")
{
	struct feed *feed = feed_of(edit, a->object[0]);
	struct stmboot_source *src = NULL;
	struct stmboot_dtb *dtb = NULL;
	struct stmboot_file_ref file;
	enum stmboot_status status;

	if (feed == NULL)
		return STMBOOT_INVALID_ARGUMENT;
	status = feed_open(feed, &src);
	if (status == STMBOOT_OK)
		status = stmboot_dtb_read(edit->guard.ctx, src, a->name[1].text, why, &dtb);
	if (status == STMBOOT_OK)
		status = stmboot_boot_edit_overlay_dtb(edit->edit, tree(a, &file), dtb, why);
	stmboot_dtb_free(dtb);
	stmboot_source_close(src);
	forget_feed(edit, feed);
	return status;
}

/* partition, path, content */
CHANGE(put, "iso")
{
	const struct stmboot_file_ref place = place_at(a, 0);
	struct feed *feed = feed_of(edit, a->object[0]);
	struct stmboot_source *src = NULL;
	enum stmboot_status status;

	if (feed == NULL)
		return STMBOOT_INVALID_ARGUMENT;
	status = feed_open(feed, &src);
	if (status == STMBOOT_OK)
		status = stmboot_fs_edit_put(edit->edit, &place, src, NULL, why);
	stmboot_source_close(src);
	forget_feed(edit, feed);
	return status;
}

static enum stmboot_status open_host(struct edit *edit, const char *path,
				     struct stmboot_refusal *why, struct stmboot_source **src)
{
	enum stmboot_status status = stmboot_source_open_file(edit->guard.ctx, path, src);

	if (status != STMBOOT_OK)
		stmboot_source_explain(path, status, errno, why);
	return status;
}

/* The edit reads it until the commit. */
static enum stmboot_status open_content(struct edit *edit, PyObject *content,
					struct stmboot_source **src)
{
	struct feed *feed = feed_of(edit, content);

	if (feed == NULL)
		return STMBOOT_INVALID_ARGUMENT;
	*feed_next(feed) = edit->feeds;
	edit->feeds = feed;
	return feed_open(feed, src);
}

/* name, path on the host or None, content */
CHANGE(write_partition, "sho")
{
	struct stmboot_source *src = NULL;
	enum stmboot_status status = a->name[1].text != NULL
					     ? open_host(edit, a->name[1].text, why, &src)
					     : open_content(edit, a->object[0], &src);

	return status == STMBOOT_OK ? stmboot_part_edit_write(edit->edit, a->name[0].text, src, why)
				    : status;
}

/* What each image is to hold, by sources that the feeds are of. */
static enum stmboot_status open_images(struct edit *edit, const struct arguments *a,
				       struct stmboot_fip_replacement *images, struct feed **feeds)
{
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < a->list[0].count && status == STMBOOT_OK; i++) {
		PyObject *content;

		guard_enter_python(&edit->guard);
		content = PySequence_GetItem(a->object[0], (Py_ssize_t)i);
		feeds[i] = content != NULL ? feed_new(&edit->guard, content) : NULL;
		if (feeds[i] == NULL)
			guard_keep_exception(&edit->guard);
		Py_XDECREF(content);
		guard_leave_python(&edit->guard);
		images[i].name = a->list[0].texts[i];
		status = feeds[i] != NULL ? feed_open(feeds[i], &images[i].src)
					  : STMBOOT_INVALID_ARGUMENT;
	}
	return status;
}

/* partition or None, names of images, contents */
CHANGE(replace_images, "zlo")
{
	struct stmboot_fip_replacement images[MOST_SETTINGS] = { { NULL, NULL } };
	struct feed *feeds[MOST_SETTINGS] = { NULL };
	size_t count = a->list[0].count;
	enum stmboot_status status;

	if (count > MOST_SETTINGS)
		return STMBOOT_INVALID_ARGUMENT;
	status = open_images(edit, a, images, feeds);
	if (status == STMBOOT_OK)
		status = stmboot_fip_edit_replace(edit->edit, a->name[0].text, images, count, why);
	for (size_t i = 0; i < count; i++) {
		stmboot_source_close(images[i].src);
		if (feeds[i] != NULL)
			forget_feed(edit, feeds[i]);
	}
	return status;
}

/* ---- files ---- */

static struct stmboot_fs_copy_options copy_options(const struct arguments *a)
{
	return (struct stmboot_fs_copy_options){ .struct_size =
							 sizeof(struct stmboot_fs_copy_options),
						 .recursive = a->flag[0],
						 .preserve = a->flag[1] };
}

/* partition, path, path on the host, recursive, preserve */
CHANGE(put_host, "ishbb")
{
	const struct stmboot_fs_copy_options options = copy_options(a);
	const struct stmboot_file_ref place = place_at(a, 0);

	if (a->name[1].text == NULL)
		return STMBOOT_INVALID_ARGUMENT;
	return stmboot_fs_edit_put_host(edit->edit, a->name[1].text, &place, &options, why);
}

/* partition, path, partition, path, recursive, preserve */
CHANGE(copy, "isisbb")
{
	const struct stmboot_fs_copy_options options = copy_options(a);
	const struct stmboot_file_ref from = place_at(a, 0), to = place_at(a, 1);

	return stmboot_fs_edit_copy(edit->edit, &from, &to, &options, why);
}

/* partition, path, partition, path */
CHANGE(move, "isis")
{
	const struct stmboot_file_ref from = place_at(a, 0), to = place_at(a, 1);

	return stmboot_fs_edit_move(edit->edit, &from, &to, why);
}

CHANGE(link, "isis")
{
	const struct stmboot_file_ref from = place_at(a, 0), to = place_at(a, 1);

	return stmboot_fs_edit_link(edit->edit, &from, &to, why);
}

/* partition, path, target */
CHANGE(symlink, "iss")
{
	const struct stmboot_file_ref place = place_at(a, 0);

	return stmboot_fs_edit_symlink(edit->edit, a->name[1].text, &place, why);
}

/* partition, path, recursive */
CHANGE(remove, "isb")
{
	const struct stmboot_file_ref place = place_at(a, 0);

	return stmboot_fs_edit_remove(edit->edit, &place, a->flag[0], why);
}

/* partition, path, parents */
CHANGE(mkdir, "isb")
{
	const struct stmboot_file_ref place = place_at(a, 0);

	return stmboot_fs_edit_make_directory(edit->edit, &place, a->flag[0], why);
}

/* partition, path, mode */
CHANGE(chmod, "iss")
{
	const struct stmboot_file_ref place = place_at(a, 0);

	return stmboot_fs_edit_set_mode(edit->edit, &place, a->name[1].text, why);
}

/* partition, path, owner */
CHANGE(chown, "iss")
{
	const struct stmboot_file_ref place = place_at(a, 0);

	return stmboot_fs_edit_set_owner(edit->edit, &place, a->name[1].text, why);
}

/* partition, path, name, bytes or None */
CHANGE(set_attribute, "isso")
{
	const struct stmboot_file_ref place = place_at(a, 0);
	char *value = NULL;
	Py_ssize_t size = 0;
	bool good;

	guard_enter_python(&edit->guard);
	good = a->object[0] == Py_None || PyBytes_AsStringAndSize(a->object[0], &value, &size) == 0;
	if (!good)
		guard_keep_exception(&edit->guard);
	guard_leave_python(&edit->guard);
	return good ? stmboot_fs_edit_set_attribute(edit->edit, &place, a->name[1].text, value,
						    (size_t)size, why)
		    : STMBOOT_INVALID_ARGUMENT;
}

/* ---- the partition table ---- */

/* "auto", "primary" or "backup" */
CHANGE(repair, "s")
{
	static const char *const names[] = { [STMBOOT_TABLE_COPY_AUTO] = "auto",
					     [STMBOOT_TABLE_COPY_PRIMARY] = "primary",
					     [STMBOOT_TABLE_COPY_BACKUP] = "backup" };

	for (int i = STMBOOT_TABLE_COPY_AUTO; i <= STMBOOT_TABLE_COPY_BACKUP; i++)
		if (strcmp(a->name[0].text, names[i]) == 0)
			return stmboot_table_edit_repair(edit->edit, (enum stmboot_table_copy)i,
							 why);
	return STMBOOT_INVALID_ARGUMENT;
}

/* partition, keys, values */
CHANGE(set_partition, "sll")
{
	size_t count = a->list[0].count;
	struct stmboot_table_setting settings[MOST_SETTINGS];

	if (count != a->list[1].count || count > MOST_SETTINGS)
		return STMBOOT_INVALID_ARGUMENT;
	for (size_t i = 0; i < count; i++)
		settings[i] =
			(struct stmboot_table_setting){ a->list[0].texts[i], a->list[1].texts[i] };
	return stmboot_table_edit_set(edit->edit, a->name[0].text, settings, count, why);
}

CHANGE(new_guids, "")
{
	(void)a;
	return stmboot_table_edit_new_guids(edit->edit, why);
}
