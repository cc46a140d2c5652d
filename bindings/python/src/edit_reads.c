/* SPDX-License-Identifier: MIT */
/* What is asked of an edit while it is made. */
#include "edit.h"

/* label or None: the append by now, or None */
PyObject *edit_append(PyObject *self, PyObject *args)
{
	struct edit *edit = (struct edit *)self;
	struct stmboot_refusal why = { .message = "" };
	struct arguments a = { 0 };
	const char *append = NULL;
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&a, args, "z") && edit_lock(edit)) {
		GUARD_WORK(&edit->guard, status = stmboot_boot_edit_append(
						 edit->edit, a.name[0].text, &why, &append));
		if (guard_succeed(state_of(self), &edit->guard, status, &why, NULL))
			result = text_as_name(append);
		guard_unlock(&edit->guard);
	}
	arguments_release(&a);
	return result;
}

/* [PARTITION:]/path: partition and path, of the image as it was when the edit began */
PyObject *edit_place(PyObject *self, PyObject *args)
{
	struct edit *edit = (struct edit *)self;
	struct stmboot_refusal why = { .message = "" };
	struct arguments a = { 0 };
	struct stmboot_boot_view view;
	struct stmboot_file_ref place;
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&a, args, "s") && edit_lock(edit)) {
		view = stmboot_boot_edit_before(edit->edit);
		status = stmboot_place_parse(view.image, view.boot, a.name[0].text, &why, &place);
		if (guard_succeed(state_of(self), &edit->guard, status, &why, NULL))
			result = Py_BuildValue("lN", (long)place.partition,
					       text_as_name(place.path));
		guard_unlock(&edit->guard);
	}
	arguments_release(&a);
	return result;
}

/* number or name of a partition: its number */
PyObject *edit_partition(PyObject *self, PyObject *args)
{
	struct edit *edit = (struct edit *)self;
	struct stmboot_refusal why = { .message = "" };
	const struct stmboot_part *part;
	struct arguments a = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&a, args, "s") && edit_lock(edit)) {
		status = stmboot_place_partition(stmboot_boot_edit_before(edit->edit).image,
						 a.name[0].text, &why, &part);
		if (guard_succeed(state_of(self), &edit->guard, status, &why, NULL))
			result = PyLong_FromUnsignedLong(part->number);
		guard_unlock(&edit->guard);
	}
	arguments_release(&a);
	return result;
}

/* The source has to be closed before anything else is done: it is read as a whole. */
static PyObject *read_all(PyObject *self, struct stmboot_source *src)
{
	struct edit *edit = (struct edit *)self;
	uint64_t size = stmboot_source_size(src);
	enum stmboot_status status = STMBOOT_OK;
	PyObject *result;
	char *bytes;

	if (size > PY_SSIZE_T_MAX)
		return PyErr_NoMemory();
	result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
	if (result == NULL)
		return NULL;
	bytes = PyBytes_AsString(result);
	if (size > 0)
		GUARD_WORK(&edit->guard, status = stmboot_source_read(src, 0, bytes, (size_t)size));
	if (!guard_succeed(state_of(self), &edit->guard, status, NULL, NULL))
		Py_CLEAR(result);
	return result;
}

/* partition, path: the content by now */
PyObject *edit_read(PyObject *self, PyObject *args)
{
	struct edit *edit = (struct edit *)self;
	struct stmboot_refusal why = { .message = "" };
	struct stmboot_source *src = NULL;
	struct stmboot_file_ref place;
	struct arguments a = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&a, args, "is") && edit_lock(edit)) {
		place = (struct stmboot_file_ref){ (int32_t)a.number[0], a.name[0].text };
		GUARD_WORK(&edit->guard,
			   status = stmboot_fs_edit_open(edit->edit, &place, &why, &src));
		if (guard_succeed(state_of(self), &edit->guard, status, &why, NULL))
			result = read_all(self, src);
		stmboot_source_close(src);
		guard_unlock(&edit->guard);
	}
	arguments_release(&a);
	return result;
}
