/* SPDX-License-Identifier: MIT */
/* An open file or partition of a card, to be read at any place. */
#include "card.h"

struct source {
	PyObject ob_base;
	struct card *card;
	struct opened *opened;
};

PyObject *source_open(struct card *card, struct stmboot_source *src)
{
	PyTypeObject *type = state_of((PyObject *)card)->source_type;
	struct opened *opened = PyMem_Calloc(1, sizeof(*opened));
	struct source *source = opened != NULL ? PyObject_GC_New(struct source, type) : NULL;

	if (source == NULL) {
		if (opened == NULL)
			PyErr_NoMemory();
		PyMem_Free(opened);
		stmboot_source_close(src);
		return NULL;
	}
	*opened = (struct opened){ .next = card->opened, .src = src };
	card->opened = opened;
	source->opened = opened;
	source->card = (struct card *)Py_NewRef((PyObject *)card);
	PyObject_GC_Track(source);
	return (PyObject *)source;
}

/* Take one from the list of its card, and close it. */
static void close_at(struct opened **at)
{
	struct opened *opened = *at;

	*at = opened->next;
	stmboot_source_close(opened->src);
	opened->src = NULL;
	if (opened->orphan)
		PyMem_Free(opened);
}

void sources_close(struct card *card, bool all)
{
	struct opened **at = &card->opened;

	while (*at != NULL)
		if (all || (*at)->orphan)
			close_at(at);
		else
			at = &(*at)->next;
}

/* Lock the card of a source that is open. */
static bool source_lock(struct source *source)
{
	if (!card_lock(source->card))
		return false;
	if (source->opened->src != NULL)
		return true;
	card_unlock(source->card);
	PyErr_SetString(PyExc_ValueError, "I/O operation on closed file");
	return false;
}

static PyObject *source_readinto(PyObject *self, PyObject *args)
{
	struct source *source = (struct source *)self;
	struct guard *guard = &source->card->guard;
	enum stmboot_status status = STMBOOT_OK;
	unsigned long long offset;
	uint64_t size, left = 0;
	Py_buffer buffer;
	bool good = false;

	if (!PyArg_ParseTuple(args, "w*K:readinto", &buffer, &offset))
		return NULL;
	if (source_lock(source)) {
		size = stmboot_source_size(source->opened->src);
		left = offset < size ? size - offset : 0;
		if (left > (uint64_t)buffer.len)
			left = (uint64_t)buffer.len;
		if (left > 0)
			GUARD_WORK(guard, status = stmboot_source_read(source->opened->src, offset,
								       buffer.buf, (size_t)left));
		good = guard_succeed(state_of(self), guard, status, NULL, NULL);
		card_unlock(source->card);
	}
	PyBuffer_Release(&buffer);
	return good ? PyLong_FromUnsignedLongLong(left) : NULL;
}

static PyObject *source_size(PyObject *self, PyObject *none)
{
	struct source *source = (struct source *)self;
	uint64_t size;

	(void)none;
	if (!source_lock(source))
		return NULL;
	size = stmboot_source_size(source->opened->src);
	card_unlock(source->card);
	return PyLong_FromUnsignedLongLong(size);
}

static PyObject *source_close(PyObject *self, PyObject *none)
{
	struct source *source = (struct source *)self;
	struct opened **at = &source->card->opened;

	(void)none;
	if (source->opened->src == NULL)
		Py_RETURN_NONE;
	if (!guard_lock(&source->card->guard))
		return NULL;
	while (*at != NULL && *at != source->opened)
		at = &(*at)->next;
	if (*at != NULL)
		close_at(at);
	card_unlock(source->card);
	Py_RETURN_NONE;
}

static int source_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT((PyObject *)Py_TYPE(self));
	Py_VISIT((PyObject *)((struct source *)self)->card);
	return 0;
}

static void source_dealloc(PyObject *self)
{
	struct source *source = (struct source *)self;
	PyTypeObject *type = Py_TYPE(self);
	struct guard *guard = &source->card->guard;

	PyObject_GC_UnTrack(self);
	if (source->opened->src == NULL) {
		PyMem_Free(source->opened);
	} else {
		source->opened->orphan = true;
		/* Whoever holds the lock closes it when the lock is given back. */
		if (!guard->held && guard_lock(guard))
			card_unlock(source->card);
	}
	Py_DECREF((PyObject *)source->card);
	PyObject_GC_Del(self);
	Py_DECREF((PyObject *)type);
}

static PyMethodDef source_methods[] = {
	{ "readinto", source_readinto, METH_VARARGS,
	  "readinto($self, buffer, offset, /)\n--\n\nRead at a place; how many bytes there were." },
	{ "size", source_size, METH_NOARGS, "size($self, /)\n--\n\nHow many bytes there are." },
	{ "close", source_close, METH_NOARGS, "close($self, /)\n--\n\nClose it; twice is fine." },
	{ NULL, NULL, 0, NULL },
};

static char source_doc[] = "An open file or partition of a card.";

static PyType_Slot source_slots[] = {
	{ Py_tp_doc, source_doc },
	{ Py_tp_dealloc, (void *)source_dealloc },
	{ Py_tp_traverse, (void *)source_traverse },
	{ Py_tp_methods, source_methods },
	{ 0, NULL },
};

PyType_Spec source_spec = {
	.name = "stmboot._stmboot.Source",
	.basicsize = sizeof(struct source),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
	.slots = source_slots,
};
