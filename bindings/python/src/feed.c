/* SPDX-License-Identifier: MIT */
/* Bytes and files of Python's as sources of the library. */
#include "binding.h"

#include <string.h>

struct feed {
	struct feed *next;
	struct guard *guard;
	PyObject *file;   /* or NULL: there are bytes */
	Py_buffer buffer; /* of the bytes */
	uint64_t size;    /* of the file */
};

struct feed **feed_next(struct feed *feed)
{
	return &feed->next;
}

int feed_traverse(struct feed *feed, visitproc visit, void *arg)
{
	for (; feed != NULL; feed = feed->next) {
		Py_VISIT(feed->file);
		Py_VISIT(feed->buffer.obj);
	}
	return 0;
}

void feed_free(struct feed *feed)
{
	while (feed != NULL) {
		struct feed *next = feed->next;

		Py_CLEAR(feed->file);
		PyBuffer_Release(&feed->buffer);
		PyMem_Free(feed);
		feed = next;
	}
}

/* How long a file is, which has to be one that can seek. */
static bool find_size(struct feed *feed)
{
	PyObject *end = PyObject_CallMethod(feed->file, "seek", "ii", 0, 2);

	if (end == NULL)
		return false;
	feed->size = PyLong_AsUnsignedLongLong(end);
	Py_DECREF(end);
	return !PyErr_Occurred();
}

struct feed *feed_new(struct guard *guard, PyObject *object)
{
	struct feed *feed = PyMem_Calloc(1, sizeof(*feed));
	bool good;

	if (feed == NULL) {
		PyErr_NoMemory();
		return NULL;
	}
	feed->guard = guard;
	if (PyObject_CheckBuffer(object)) {
		good = PyObject_GetBuffer(object, &feed->buffer, PyBUF_SIMPLE) == 0;
	} else {
		feed->file = Py_NewRef(object);
		good = find_size(feed);
	}
	if (!good) {
		feed_free(feed);
		return NULL;
	}
	return feed;
}

/* Read what a file gives, which may be less than asked for; how much, or -1. */
static Py_ssize_t read_some(struct feed *feed, void *buffer, size_t size)
{
	PyObject *data = PyObject_CallMethod(feed->file, "read", "n", (Py_ssize_t)size);
	Py_ssize_t length = -1;
	char *bytes;

	if (data != NULL && PyBytes_AsStringAndSize(data, &bytes, &length) < 0)
		length = -1;
	if (length > (Py_ssize_t)size) {
		PyErr_SetString(PyExc_ValueError, "read() gave more than it was asked for");
		length = -1;
	}
	if (length > 0)
		memcpy(buffer, bytes, (size_t)length);
	Py_XDECREF(data);
	return length;
}

static enum stmboot_status read_file(struct feed *feed, uint64_t offset, uint8_t *buffer,
				     size_t size)
{
	PyObject *at = PyObject_CallMethod(feed->file, "seek", "K", (unsigned long long)offset);
	Py_ssize_t got = at != NULL ? 0 : -1;

	Py_XDECREF(at);
	while (got >= 0 && size > 0) {
		got = read_some(feed, buffer, size);
		if (got == 0) {
			PyErr_SetString(PyExc_EOFError, "the file ends before its end");
			got = -1;
		}
		if (got > 0) {
			buffer += got;
			size -= (size_t)got;
		}
	}
	if (got < 0)
		guard_keep_exception(feed->guard);
	return got < 0 ? STMBOOT_IO : STMBOOT_OK;
}

/* The library may read while it is called without the GIL, or with it. */
static enum stmboot_status read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	struct feed *feed = self;
	bool outside = feed->guard->outside != NULL;
	enum stmboot_status status;

	if (outside)
		guard_enter_python(feed->guard);
	status = read_file(feed, offset, buffer, size);
	if (outside)
		guard_leave_python(feed->guard);
	return status;
}

static uint64_t file_size(void *self)
{
	return ((struct feed *)self)->size;
}

enum stmboot_status feed_open(struct feed *feed, struct stmboot_source **out)
{
	static const struct stmboot_source_ops ops = { .struct_size = sizeof(ops),
						       .read_at = read_at,
						       .size = file_size };

	if (feed->file != NULL)
		return stmboot_source_new(feed->guard->ctx, &ops, feed, out);
	return stmboot_source_from_memory(feed->guard->ctx, feed->buffer.buf,
					  (size_t)feed->buffer.len, out);
}
