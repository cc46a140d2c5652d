/* SPDX-License-Identifier: MIT */
/* What comes from Python, as the library takes it. */
#include "binding.h"

#include <string.h>

/* The text of bytes, which must hold no NUL. */
static bool keep(struct name *name, PyObject *bytes)
{
	char *text;

	/* Without a place for the length, a NUL is a ValueError. */
	if (bytes == NULL || PyBytes_AsStringAndSize(bytes, &text, NULL) < 0) {
		Py_XDECREF(bytes);
		return false;
	}
	name->bytes = bytes;
	name->text = text;
	return true;
}

/* A name in the image: any bytes but NUL, by surrogateescape. */
static bool take_name(PyObject *object, struct name *name)
{
	if (!PyUnicode_Check(object)) {
		PyErr_SetString(PyExc_TypeError, "a str is wanted");
		return false;
	}
	return keep(name, PyUnicode_AsEncodedString(object, "utf-8", "surrogateescape"));
}

/* A path of the host, or None. */
static bool take_path(PyObject *object, struct name *name)
{
	PyObject *bytes = NULL;

	if (object == Py_None)
		return true;
	return PyUnicode_FSConverter(object, &bytes) && keep(name, bytes);
}

static bool take_item(struct names *names, PyObject *items, Py_ssize_t i)
{
	struct name name = { 0 };
	PyObject *item = PySequence_GetItem(items, i);
	bool good = item != NULL && take_name(item, &name);

	Py_XDECREF(item);
	if (!good)
		return false;
	names->texts[i] = name.text;
	return PyTuple_SetItem(names->bytes, i, name.bytes) == 0;
}

/* A str is a sequence as well, but never what was meant. */
static bool take_names(PyObject *object, struct names *names)
{
	Py_ssize_t count = PyUnicode_Check(object) ? -1 : PySequence_Size(object);

	if (count < 0) {
		PyErr_SetString(PyExc_TypeError, "a sequence of str is wanted");
		return false;
	}
	names->bytes = PyTuple_New(count);
	names->texts = PyMem_Calloc((size_t)count + 1, sizeof(*names->texts));
	if (names->bytes == NULL || names->texts == NULL) {
		PyErr_NoMemory();
		return false;
	}
	for (Py_ssize_t i = 0; i < count; i++)
		if (!take_item(names, object, i))
			return false;
	names->count = (size_t)count;
	return true;
}

static bool take_number(PyObject *object, long *number)
{
	*number = PyLong_AsLong(object);
	if (PyErr_Occurred())
		return false;
	if (*number < INT32_MIN || *number > INT32_MAX) {
		PyErr_SetString(PyExc_OverflowError, "the number is too large");
		return false;
	}
	return true;
}

static bool take_one(struct arguments *a, PyObject *object, char kind)
{
	int truth;

	switch (kind) {
	case 'z':
		if (object == Py_None) {
			a->name_count++;
			return true;
		}
		return take_name(object, &a->name[a->name_count++]);
	case 's':
		return take_name(object, &a->name[a->name_count++]);
	case 'h':
		return take_path(object, &a->name[a->name_count++]);
	case 'l':
		return take_names(object, &a->list[a->list_count++]);
	case 'i':
		return take_number(object, &a->number[a->number_count++]);
	case 'b':
		truth = PyObject_IsTrue(object);
		a->flag[a->flag_count++] = truth > 0;
		return truth >= 0;
	default:
		a->object[a->object_count++] = object;
		return true;
	}
}

bool arguments_take(struct arguments *a, PyObject *args, const char *kinds)
{
	Py_ssize_t count = (Py_ssize_t)strlen(kinds);

	if (PyTuple_Size(args) != count) {
		PyErr_Format(PyExc_TypeError, "%zd arguments are wanted", count);
		return false;
	}
	for (Py_ssize_t i = 0; i < count; i++)
		if (!take_one(a, PyTuple_GetItem(args, i), kinds[i]))
			return false;
	return true;
}

bool arguments_take_new(struct arguments *a, PyObject *args, PyObject *keywords, const char *kinds)
{
	if (keywords != NULL && PyDict_Size(keywords) > 0) {
		PyErr_SetString(PyExc_TypeError, "no keywords are taken");
		return false;
	}
	return arguments_take(a, args, kinds);
}

void arguments_release(struct arguments *a)
{
	for (size_t i = 0; i < MOST_NAMES; i++)
		Py_CLEAR(a->name[i].bytes);
	for (size_t i = 0; i < MOST_LISTS; i++) {
		Py_CLEAR(a->list[i].bytes);
		PyMem_Free((void *)a->list[i].texts);
	}
}
