/* SPDX-License-Identifier: MIT */
/* An edit of an image: changes are collected, staged as a whole, and committed. */
#include "edit.h"

bool edit_lock(struct edit *edit)
{
	if (!guard_lock(&edit->guard))
		return false;
	if (edit->edit != NULL)
		return true;
	guard_unlock(&edit->guard);
	PyErr_SetString(PyExc_ValueError, "the edit is closed");
	return false;
}

static void close_edit(struct edit *edit)
{
	stmboot_boot_edit_close(edit->edit);
	edit->edit = NULL;
	feed_free(edit->feeds);
	edit->feeds = NULL;
}

/* ---- opening and closing ---- */

static bool begin(struct edit *edit, const char *path, bool undo,
		  const struct stmboot_boot_edit_options *options)
{
	enum stmboot_status (*start)(struct stmboot_context * ctx, const char *path,
				     const struct stmboot_boot_edit_options *options,
				     struct stmboot_refusal *why, struct stmboot_boot_edit **out) =
		undo ? stmboot_boot_edit_begin_undo : stmboot_boot_edit_begin;
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;
	bool good;

	if (!guard_lock(&edit->guard))
		return false;
	GUARD_WORK(&edit->guard, status = start(edit->guard.ctx, path, options, &why, &edit->edit));
	if (status != STMBOOT_OK && why.message[0] == '\0')
		stmboot_source_explain(path, status, edit->guard.error, &why);
	good = guard_succeed(state_of((PyObject *)edit), &edit->guard, status, &why, NULL);
	guard_unlock(&edit->guard);
	return good;
}

/* path, medium, state directory or None, output or None, dry run, force, undo, progress, cancel */
static PyObject *edit_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	struct stmboot_edit_options options = { .struct_size = sizeof(options) };
	struct stmboot_boot_edit_options how = { .struct_size = sizeof(how), .edit = &options };
	allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
	struct arguments a = { 0 };
	struct edit *edit = NULL;
	bool good = false;

	if (!arguments_take_new(&a, args, keywords, "hshhbbboo") ||
	    !medium_parse(a.name[1].text, &how.medium))
		goto out;
	if (a.name[0].text == NULL) {
		PyErr_SetString(PyExc_TypeError, "a path is wanted");
		goto out;
	}
	edit = (struct edit *)allocate(type, 0);
	if (edit == NULL || !guard_open(&edit->guard, a.object[0], a.object[1]))
		goto out;
	options.state_directory = a.name[2].text;
	options.output = a.name[3].text;
	options.dry_run = a.flag[0];
	how.force = a.flag[1];
	good = begin(edit, a.name[0].text, a.flag[2], &how);
out:
	arguments_release(&a);
	if (good)
		return (PyObject *)edit;
	Py_XDECREF((PyObject *)edit);
	return NULL;
}

static PyObject *edit_close(PyObject *self, PyObject *none)
{
	struct edit *edit = (struct edit *)self;

	(void)none;
	if (!guard_lock(&edit->guard))
		return NULL;
	close_edit(edit);
	guard_unlock(&edit->guard);
	Py_RETURN_NONE;
}

static int edit_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct edit *edit = (struct edit *)self;
	int result;

	Py_VISIT((PyObject *)Py_TYPE(self));
	result = guard_traverse(&edit->guard, visit, arg);
	return result == 0 ? feed_traverse(edit->feeds, visit, arg) : result;
}

static int edit_clear(PyObject *self)
{
	struct edit *edit = (struct edit *)self;

	Py_CLEAR(edit->guard.progress);
	Py_CLEAR(edit->guard.cancel);
	return 0;
}

static void edit_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(self);
	close_edit((struct edit *)self);
	guard_close(&((struct edit *)self)->guard);
	release(self);
	Py_DECREF((PyObject *)type);
}

/* ---- staging and committing ---- */

static PyObject *edit_stage(PyObject *self, PyObject *none)
{
	struct edit *edit = (struct edit *)self;
	struct state *state = state_of(self);
	struct stmboot_refusal why = { .message = "" };
	const struct stmboot_edit_plan *plan = NULL;
	PyObject *findings = NULL, *result = NULL;
	struct stmboot_boot_view before, after;
	enum stmboot_status status;

	(void)none;
	if (!edit_lock(edit))
		return NULL;
	GUARD_WORK(&edit->guard, status = stmboot_boot_edit_stage(edit->edit, &why, &plan));
	before = stmboot_boot_edit_before(edit->edit);
	after = stmboot_boot_edit_after(edit->edit);
	/* The errors that it would add are why it is refused. */
	if (status == STMBOOT_CONFLICT && before.diags != NULL && after.boot != NULL)
		findings = convert_findings(state, after.diags, before.diags);
	if (!PyErr_Occurred() &&
	    guard_succeed(state, &edit->guard, status, &why, Py_XNewRef(findings)))
		result = convert(state, &shape_plan, plan, 0);
	Py_XDECREF(findings);
	guard_unlock(&edit->guard);
	return result;
}

static PyObject *convert_view(struct state *state, const struct stmboot_boot_view *view)
{
	if (view->boot == NULL)
		Py_RETURN_NONE;
	return convert(state, &shape_boot, view->boot, 0);
}

/* The boots before and after, and the findings of the one after. */
static PyObject *edit_views(PyObject *self, PyObject *none)
{
	struct edit *edit = (struct edit *)self;
	struct state *state = state_of(self);
	struct stmboot_boot_view before, after;
	PyObject *result;

	(void)none;
	if (!edit_lock(edit))
		return NULL;
	before = stmboot_boot_edit_before(edit->edit);
	after = stmboot_boot_edit_after(edit->edit);
	result = Py_BuildValue("NNN", convert_view(state, &before), convert_view(state, &after),
			       convert_findings(state, after.diags, NULL));
	guard_unlock(&edit->guard);
	return result;
}

static PyObject *convert_result(struct edit *edit)
{
	const struct stmboot_edit_result *result = stmboot_boot_edit_result(edit->edit);

	return Py_BuildValue("NON",
			     convert_enum(state_of((PyObject *)edit), "EditState",
					  stmboot_edit_state_text(result->state)),
			     result->undoable ? Py_True : Py_False,
			     text_for_people(result->undo_trouble));
}

/* What became of the image is to be known also when the commit failed. */
static PyObject *edit_result(PyObject *self, PyObject *none)
{
	struct edit *edit = (struct edit *)self;
	PyObject *result;

	(void)none;
	if (!edit_lock(edit))
		return NULL;
	result = convert_result(edit);
	guard_unlock(&edit->guard);
	return result;
}

static PyObject *edit_commit(PyObject *self, PyObject *none)
{
	struct edit *edit = (struct edit *)self;
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;
	bool good;

	(void)none;
	if (!edit_lock(edit))
		return NULL;
	GUARD_WORK(&edit->guard, status = stmboot_boot_edit_commit(edit->edit, &why));
	good = guard_succeed(state_of(self), &edit->guard, status, &why, NULL);
	guard_unlock(&edit->guard);
	return good ? Py_NewRef(Py_None) : NULL;
}

#define METHOD(name, arguments, doc)                                                               \
	{                                                                                          \
#name, edit_##name, METH_VARARGS, #name "($self, " arguments ", /)\n--\n\n" doc    \
	}
#define PLAIN(name, doc)                                                                           \
	{                                                                                          \
#name, edit_##name, METH_NOARGS, #name "($self, /)\n--\n\n" doc                    \
	}

static PyMethodDef edit_methods[] = {
	PLAIN(close, "Close it; what was not committed is dropped."),
	METHOD(set_bootargs, "label, all_labels, set, add, remove, replace",
	       "Change the arguments of the kernel."),
	METHOD(append, "label", "The append of a label as it is by now."),
	METHOD(set_key, "label, key, value", "Give a label a value, or with None take it."),
	METHOD(add_label, "name, keys, values", "Add a label."),
	METHOD(remove_label, "label", "Remove a label."),
	METHOD(set_default, "label", "Make a label the default one."),
	METHOD(set_timeout, "tenths", "Set the time-out of the menu."),
	METHOD(set_property, "partition, path, node, property, values, type, create",
	       "Give a node of a device tree a property."),
	METHOD(remove_node, "partition, path, node, property", "Remove a property, or a node."),
	METHOD(overlay, "partition, path, content, name", "Merge an overlay into a device tree."),
	METHOD(place, "text", "Partition and path of [PARTITION:]/path."),
	METHOD(partition, "name", "The number of a partition."),
	METHOD(put, "partition, path, content", "Put content into a file."),
	METHOD(put_host, "partition, path, host, recursive, preserve",
	       "Put a file of the host, or a folder."),
	METHOD(copy, "partition, path, other, to, recursive, preserve",
	       "Copy a file, or a directory."),
	METHOD(move, "partition, path, other, to", "Give a file another place."),
	METHOD(link, "partition, path, other, to", "Give a file one name more."),
	METHOD(symlink, "partition, path, target", "Make a symbolic link."),
	METHOD(remove, "partition, path, recursive", "Take a name away."),
	METHOD(mkdir, "partition, path, parents", "Make a directory."),
	METHOD(chmod, "partition, path, mode", "Set permissions."),
	METHOD(chown, "partition, path, owner", "Set owner and group."),
	METHOD(set_attribute, "partition, path, name, value", "Set an extended attribute."),
	METHOD(read, "partition, path", "The content of a file by now."),
	METHOD(write_partition, "partition, host, content", "Write a whole partition."),
	METHOD(replace_images, "partition, images, contents",
	       "Give images of a firmware package another content."),
	METHOD(repair, "copy", "Make both copies of the table whole."),
	METHOD(set_partition, "partition, keys, values", "Change fields of a partition."),
	{ "new_guids", edit_new_guids, METH_VARARGS,
	  "new_guids($self, /)\n--\n\nGive the disk and all partitions new GUIDs." },
	PLAIN(stage, "Stage what was changed: what a commit would write."),
	PLAIN(views, "The boots before and after, and the findings of the one after."),
	PLAIN(result, "State of the image, can it be undone, and why not."),
	PLAIN(commit, "Write what was staged."),
	{ NULL, NULL, 0, NULL },
};

static char edit_doc[] =
	"Edit(path, medium, state_directory, output, dry_run, force, undo, progress, "
	"cancel, /)\n--\n\nAn edit of an image.";

static PyType_Slot edit_slots[] = {
	{ Py_tp_doc, edit_doc },
	{ Py_tp_new, (void *)edit_new },
	{ Py_tp_dealloc, (void *)edit_dealloc },
	{ Py_tp_traverse, (void *)edit_traverse },
	{ Py_tp_clear, (void *)edit_clear },
	{ Py_tp_methods, edit_methods },
	{ 0, NULL },
};

PyType_Spec edit_spec = {
	.name = "stmboot._stmboot.Edit",
	.basicsize = sizeof(struct edit),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.slots = edit_slots,
};
