/* SPDX-License-Identifier: MIT */
/* Files and partitions of a card. */
#include "card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum stmboot_status see_as_uboot(struct card *card, uint32_t partition,
					struct stmboot_source *src, struct stmboot_fs **out)
{
	struct seen *seen = card->seen;
	enum stmboot_status status;

	while (seen != NULL && seen->partition != partition)
		seen = seen->next;
	if (seen == NULL) {
		seen = calloc(1, sizeof(*seen));
		if (seen == NULL)
			return STMBOOT_NO_MEMORY;
		status = stmboot_fs_open_uboot(card->guard.ctx, src, &seen->fs);
		if (status != STMBOOT_OK) {
			free(seen);
			return status;
		}
		seen->partition = partition;
		seen->next = card->seen;
		card->seen = seen;
	}
	*out = seen->fs;
	return STMBOOT_OK;
}

/* Which file system is meant, and what in it: the first arguments of every method. */
struct target {
	struct arguments a; /* partition, as U-Boot sees it, path */
	struct stmboot_fs *fs;
	struct stmboot_refusal why;
};

static enum stmboot_status find_fs(struct card *card, struct target *t)
{
	uint32_t partition = (uint32_t)t->a.number[0];
	struct stmboot_source *src = stmboot_image_part_source(card->image, partition);
	enum stmboot_status status = STMBOOT_NOT_FOUND;

	if (src == NULL)
		(void)snprintf(t->why.message, sizeof(t->why.message), "there is no partition %u",
			       partition);
	else if (t->a.flag[0])
		status = see_as_uboot(card, partition, src, &t->fs);
	else
		status = stmboot_image_fs_linux(card->image, partition, &t->why, &t->fs);
	return status;
}

/* What a call for a path in a file system gives, told with the reason when it failed. */
static bool target_succeed(PyObject *self, struct target *t, enum stmboot_status status)
{
	struct card *card = (struct card *)self;

	if (status != STMBOOT_OK && t->fs != NULL && t->why.message[0] == '\0')
		stmboot_fs_explain(t->fs, t->a.name[0].text, status, &t->why);
	return guard_succeed(state_of(self), &card->guard, status, &t->why, NULL);
}

/* A notice of the file system is none of a call for a path in it. */
static enum stmboot_status find_path(struct card *card, struct target *t)
{
	enum stmboot_status status = find_fs(card, t);

	if (status == STMBOOT_OK)
		t->why.message[0] = t->why.hint[0] = '\0';
	return status;
}

PyObject *card_fs(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	struct target t = { .a.name[0].text = "/" };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&t.a, args, "ib") && card_lock(card)) {
		GUARD_WORK(&card->guard, status = find_fs(card, &t));
		if (target_succeed(self, &t, status))
			result = text_for_people(t.why.message[0] != '\0' ? t.why.message : NULL);
		card_unlock(card);
	}
	arguments_release(&t.a);
	return result;
}

PyObject *card_stat(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	const struct stmboot_fs_inode *inode = NULL;
	struct target t = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&t.a, args, "ibsb") && card_lock(card)) {
		GUARD_WORK(&card->guard, {
			status = find_path(card, &t);
			if (status == STMBOOT_OK)
				status = stmboot_fs_inspect(t.fs, t.a.name[0].text, t.a.flag[1],
							    &inode);
		});
		if (target_succeed(self, &t, status))
			result = convert(state_of(self), &shape_stat, inode, 0);
		stmboot_fs_inode_free(inode);
		card_unlock(card);
	}
	arguments_release(&t.a);
	return result;
}

/* The two functions that give a path. */
typedef enum stmboot_status give_path(struct stmboot_fs *fs, const char *path, char *buffer,
				      size_t size);

static PyObject *ask_path(PyObject *self, PyObject *args, give_path *give)
{
	struct card *card = (struct card *)self;
	char path[STMBOOT_FS_PATH_BYTES];
	struct target t = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&t.a, args, "ibs") && card_lock(card)) {
		GUARD_WORK(&card->guard, {
			status = find_path(card, &t);
			if (status == STMBOOT_OK)
				status = give(t.fs, t.a.name[0].text, path, sizeof(path));
		});
		if (target_succeed(self, &t, status))
			result = text_as_name(path);
		card_unlock(card);
	}
	arguments_release(&t.a);
	return result;
}

PyObject *card_readlink(PyObject *self, PyObject *args)
{
	return ask_path(self, args, stmboot_fs_readlink);
}

PyObject *card_resolve(PyObject *self, PyObject *args)
{
	return ask_path(self, args, stmboot_fs_resolve);
}

PyObject *card_open_file(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	struct stmboot_source *src = NULL;
	struct target t = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&t.a, args, "ibs") && card_lock(card)) {
		GUARD_WORK(&card->guard, {
			status = find_path(card, &t);
			if (status == STMBOOT_OK)
				status = stmboot_fs_open(t.fs, t.a.name[0].text, &src);
		});
		if (target_succeed(self, &t, status))
			result = source_open(card, src);
		else
			stmboot_source_close(src);
		card_unlock(card);
	}
	arguments_release(&t.a);
	return result;
}

PyObject *card_open_partition(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	struct stmboot_refusal why = { .message = "" };
	struct stmboot_source *src = NULL, *part;
	enum stmboot_status status = STMBOOT_NOT_FOUND;
	PyObject *result = NULL;
	unsigned int number;

	if (!PyArg_ParseTuple(args, "I:open_partition", &number) || !card_lock(card))
		return NULL;
	part = stmboot_image_part_source(card->image, number);
	if (part != NULL)
		status = stmboot_source_window(card->guard.ctx, part, 0, stmboot_source_size(part),
					       &src);
	else
		(void)snprintf(why.message, sizeof(why.message), "there is no partition %u",
			       number);
	if (guard_succeed(state_of(self), &card->guard, status, &why, NULL))
		result = source_open(card, src);
	card_unlock(card);
	return result;
}

/* What visitors of names collect. */
struct collector {
	struct state *state;
	struct guard *guard;
	PyObject *list;
	bool failed;
};

static bool collect(struct collector *c, PyObject *item)
{
	if (item == NULL || PyList_Append(c->list, item) < 0) {
		guard_keep_exception(c->guard);
		c->failed = true;
	}
	Py_XDECREF(item);
	return !c->failed;
}

static bool on_entry(void *user, const struct stmboot_fs_entry *entry)
{
	struct collector *c = user;
	bool good;

	if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
		return true;
	guard_enter_python(c->guard);
	good = collect(c, Py_BuildValue("NN", text_as_name(entry->name),
					convert_enum(c->state, "FileType",
						     stmboot_fs_type_name(entry->type))));
	guard_leave_python(c->guard);
	return good;
}

static enum stmboot_fs_answer on_step(void *user, const struct stmboot_fs_step *step)
{
	struct collector *c = user;
	const struct stmboot_fs_node *node = step->inode != NULL ? &step->inode->node : NULL;
	enum stmboot_fs_type type = node != NULL ? node->type : STMBOOT_FS_UNKNOWN;
	bool good;

	if (step->event == STMBOOT_FS_LEAVE && step->status == STMBOOT_OK)
		return STMBOOT_FS_GO_ON;
	guard_enter_python(c->guard);
	good = collect(
		c, Py_BuildValue("NNIiN", text_as_name(step->path),
				 convert_enum(c->state, "FileType", stmboot_fs_type_name(type)),
				 step->depth, (int)step->status, text_for_people(step->trouble)));
	guard_leave_python(c->guard);
	return good ? STMBOOT_FS_GO_ON : STMBOOT_FS_STOP;
}

/* Go through the names of a file system for a collector. */
typedef enum stmboot_status visit(struct stmboot_fs *fs, const char *path, struct collector *c);

static PyObject *collect_all(PyObject *self, PyObject *args, visit *go)
{
	struct card *card = (struct card *)self;
	struct collector c = { state_of(self), &card->guard, PyList_New(0), false };
	struct target t = { 0 };
	bool good = false;
	enum stmboot_status status;

	if (c.list != NULL && arguments_take(&t.a, args, "ibs") && card_lock(card)) {
		GUARD_WORK(&card->guard, {
			status = find_path(card, &t);
			if (status == STMBOOT_OK)
				status = go(t.fs, t.a.name[0].text, &c);
		});
		good = target_succeed(self, &t, status);
		card_unlock(card);
	}
	arguments_release(&t.a);
	if (!good)
		Py_CLEAR(c.list);
	return c.list;
}

static enum stmboot_status visit_entries(struct stmboot_fs *fs, const char *path,
					 struct collector *c)
{
	return stmboot_fs_list(fs, path, on_entry, c);
}

PyObject *card_listdir(PyObject *self, PyObject *args)
{
	return collect_all(self, args, visit_entries);
}

static enum stmboot_status visit_tree(struct stmboot_fs *fs, const char *path, struct collector *c)
{
	const struct stmboot_fs_walk_options options = { .struct_size = sizeof(options),
							 .follow = true };

	return stmboot_fs_walk(fs, path, &options, on_step, c);
}

PyObject *card_walk(PyObject *self, PyObject *args)
{
	return collect_all(self, args, visit_tree);
}

static PyObject *convert_attributes(const struct stmboot_fs_attributes *attributes)
{
	size_t count = attributes != NULL ? attributes->count : 0;
	PyObject *result = PyDict_New();

	for (size_t i = 0; result != NULL && i < count; i++) {
		const struct stmboot_fs_attribute *item = &attributes->items[i];
		PyObject *name = text_as_name(item->name);
		PyObject *value = PyBytes_FromStringAndSize((const char *)item->value,
							    (Py_ssize_t)item->size);

		if (name == NULL || value == NULL || PyDict_SetItem(result, name, value) < 0)
			Py_CLEAR(result);
		Py_XDECREF(name);
		Py_XDECREF(value);
	}
	return result;
}

PyObject *card_attributes(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	const struct stmboot_fs_attributes *attributes = NULL;
	struct stmboot_fs_node node;
	struct target t = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&t.a, args, "ibs") && card_lock(card)) {
		GUARD_WORK(&card->guard, {
			status = find_path(card, &t);
			if (status == STMBOOT_OK)
				status = stmboot_fs_stat(t.fs, t.a.name[0].text, true, &node);
			if (status == STMBOOT_OK)
				status = stmboot_fs_attributes_read(t.fs, node.inode, &attributes);
		});
		if (target_succeed(self, &t, status))
			result = convert_attributes(attributes);
		stmboot_fs_attributes_free(attributes);
		card_unlock(card);
	}
	arguments_release(&t.a);
	return result;
}

/* A result tells of troubles one by one, so that they are no exception. */
static bool extracted(PyObject *self, struct target *t, enum stmboot_status status,
		      const struct stmboot_extract_result *result)
{
	if (result != NULL && status != STMBOOT_CANCELLED && result->failed > 0)
		status = STMBOOT_OK;
	return target_succeed(self, t, status);
}

PyObject *card_extract(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	struct stmboot_extract_options options = { .struct_size = sizeof(options) };
	const struct stmboot_extract_result *extract = NULL;
	struct target t = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&t.a, args, "ibshbbb") && card_lock(card)) {
		options.image = stmboot_image_info(card->image)->path;
		options.recursive = t.a.flag[1];
		options.preserve = t.a.flag[2];
		options.devices = t.a.flag[3];
		GUARD_WORK(&card->guard, {
			status = find_path(card, &t);
			if (status == STMBOOT_OK)
				status = stmboot_extract(card->guard.ctx, t.fs, t.a.name[0].text,
							 t.a.name[1].text, &options, &t.why,
							 &extract);
		});
		if (extracted(self, &t, status, extract))
			result = convert(state_of(self), &shape_extraction, extract, 0);
		stmboot_extract_free(extract);
		card_unlock(card);
	}
	arguments_release(&t.a);
	return result;
}
