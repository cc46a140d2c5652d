/* SPDX-License-Identifier: MIT */
/* A command line, as the kernel splits it. */
#include "binding.h"

struct cmdline {
	PyObject ob_base;
	struct stmboot_context *ctx;
	const struct stmboot_cmdline *cmdline;
};

static PyObject *cmdline_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	struct arguments a = { 0 };
	struct cmdline *self = NULL;
	enum stmboot_status status;

	if (!arguments_take_new(&a, args, keywords, "s"))
		goto out;
	self = PyObject_New(struct cmdline, type);
	if (self == NULL)
		goto out;
	self->ctx = NULL;
	self->cmdline = NULL;
	status = stmboot_context_new(NULL, &self->ctx);
	if (status == STMBOOT_OK)
		status = stmboot_cmdline_decode(self->ctx, a.name[0].text, &self->cmdline);
	if (status != STMBOOT_OK) {
		raise_status(state_of((PyObject *)self), status, NULL, 0, NULL);
		Py_DECREF((PyObject *)self);
		self = NULL;
	}
out:
	arguments_release(&a);
	return (PyObject *)self;
}

static void cmdline_dealloc(PyObject *self)
{
	struct cmdline *line = (struct cmdline *)self;
	PyTypeObject *type = Py_TYPE(self);

	stmboot_cmdline_free(line->cmdline);
	stmboot_context_free(line->ctx);
	PyObject_Free(self);
	Py_DECREF((PyObject *)type);
}

static PyObject *cmdline_arguments(PyObject *self, PyObject *none)
{
	const struct stmboot_cmdline *cmdline = ((struct cmdline *)self)->cmdline;

	(void)none;
	return convert_list(state_of(self), &shape_argument, cmdline->arguments,
			    cmdline->argument_count, 0);
}

static PyObject *cmdline_find(PyObject *self, PyObject *args)
{
	const struct stmboot_cmdline *cmdline = ((struct cmdline *)self)->cmdline;
	const struct stmboot_cmdline_argument *found = NULL;
	struct arguments a = { 0 };
	bool good = arguments_take(&a, args, "s");

	if (good)
		found = stmboot_cmdline_find(cmdline, a.name[0].text);
	arguments_release(&a);
	if (!good)
		return NULL;
	return found != NULL ? PyLong_FromSsize_t(found - cmdline->arguments) : Py_NewRef(Py_None);
}

static PyMethodDef cmdline_methods[] = {
	{ "arguments", cmdline_arguments, METH_NOARGS,
	  "arguments($self, /)\n--\n\nAll words, in their order." },
	{ "find", cmdline_find, METH_VARARGS,
	  "find($self, key, /)\n--\n\nIndex of the argument of a key that counts, or None." },
	{ NULL, NULL, 0, NULL },
};

static char cmdline_doc[] = "Cmdline(text, /)\n--\n\nA command line, as the kernel splits it.";

static PyType_Slot cmdline_slots[] = {
	{ Py_tp_doc, cmdline_doc },
	{ Py_tp_new, (void *)cmdline_new },
	{ Py_tp_dealloc, (void *)cmdline_dealloc },
	{ Py_tp_methods, cmdline_methods },
	{ 0, NULL },
};

PyType_Spec cmdline_spec = {
	.name = "stmboot._stmboot.Cmdline",
	.basicsize = sizeof(struct cmdline),
	.flags = Py_TPFLAGS_DEFAULT,
	.slots = cmdline_slots,
};
