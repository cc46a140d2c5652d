/* SPDX-License-Identifier: MIT */
/* A device tree, kept apart from the card that it was read from. */
#include "binding.h"

#include <stdlib.h>

struct dtb {
	PyObject ob_base;
	struct stmboot_context *ctx;
	struct stmboot_dtb *dtb;
};

static enum stmboot_status decode(struct dtb *self, const Py_buffer *bytes,
				  struct stmboot_refusal *why)
{
	struct stmboot_source *src = NULL;
	enum stmboot_status status = stmboot_context_new(NULL, &self->ctx);

	if (status == STMBOOT_OK)
		status =
			stmboot_source_from_memory(self->ctx, bytes->buf, (size_t)bytes->len, &src);
	if (status == STMBOOT_OK)
		status = stmboot_dtb_read(self->ctx, src, "the device tree", why, &self->dtb);
	stmboot_source_close(src);
	return status;
}

static PyObject *dtb_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	struct stmboot_refusal why = { .message = "" };
	struct arguments a = { 0 };
	enum stmboot_status status;
	struct dtb *self;
	Py_buffer bytes;

	if (!arguments_take_new(&a, args, keywords, "o") ||
	    PyObject_GetBuffer(a.object[0], &bytes, PyBUF_SIMPLE) < 0)
		return NULL;
	self = PyObject_New(struct dtb, type);
	if (self == NULL) {
		PyBuffer_Release(&bytes);
		return NULL;
	}
	self->ctx = NULL;
	self->dtb = NULL;
	Py_BEGIN_ALLOW_THREADS;
	status = decode(self, &bytes, &why);
	Py_END_ALLOW_THREADS;
	PyBuffer_Release(&bytes);
	if (status == STMBOOT_OK)
		return (PyObject *)self;
	raise_status(state_of((PyObject *)self), status, &why, 0, NULL);
	Py_DECREF((PyObject *)self);
	return NULL;
}

static void dtb_dealloc(PyObject *self)
{
	struct dtb *tree = (struct dtb *)self;
	PyTypeObject *type = Py_TYPE(self);

	stmboot_dtb_free(tree->dtb);
	stmboot_context_free(tree->ctx);
	PyObject_Free(self);
	Py_DECREF((PyObject *)type);
}

static PyObject *dtb_info(PyObject *self, PyObject *none)
{
	(void)none;
	return convert(state_of(self), &shape_dtb, ((struct dtb *)self)->dtb, 0);
}

/* ---- values ---- */

static PyObject *convert_values(const struct stmboot_dtb_property *property,
				const struct stmboot_dtb_type *type)
{
	PyObject *list = PyList_New(0);
	struct stmboot_dtb_value value;
	uint32_t at = 0;

	while (list != NULL && stmboot_dtb_next_value(property, type, &at, &value))
		list_add(&list, value.text != NULL ? text_as_name(value.text)
						   : PyLong_FromLongLong(value.number));
	return list_to_tuple(list);
}

/* A class of the package, called with what stands in a new dictionary. */
static PyObject *make(struct state *state, const char *type, PyObject *values)
{
	PyObject *class = values != NULL ? PyObject_GetAttrString(state->records, type) : NULL;
	PyObject *none = PyTuple_New(0), *result = NULL;

	if (class != NULL && none != NULL)
		result = PyObject_Call(class, none, values);
	Py_XDECREF(class);
	Py_XDECREF(none);
	Py_XDECREF(values);
	return result;
}

static PyObject *property_at(struct state *state, const void *list, size_t index)
{
	const struct stmboot_dtb_property *property =
		&((const struct stmboot_dtb_property *)list)[index];
	enum stmboot_dtb_guess guess = stmboot_dtb_guess(property);
	const struct stmboot_dtb_type type = stmboot_dtb_guess_type(guess);

	return make(state, "DtbProperty",
		    Py_BuildValue("{sNsNsNsN}", "name", text_as_name(property->name), "type",
				  text_for_people(stmboot_dtb_guess_text(guess)), "values",
				  convert_values(property, &type), "data",
				  PyBytes_FromStringAndSize((const char *)property->data,
							    (Py_ssize_t)property->length)));
}

/* ---- nodes ---- */

static PyObject *convert_path(const struct stmboot_dtb_node *node)
{
	size_t size = stmboot_dtb_node_path(node, NULL, 0) + 1;
	char *path = malloc(size);
	PyObject *result;

	if (path == NULL)
		return PyErr_NoMemory();
	(void)stmboot_dtb_node_path(node, path, size);
	result = text_as_name(path);
	free(path);
	return result;
}

static PyObject *convert_node(struct state *state, const struct stmboot_dtb_node *node);

/* Never deeper than a tree may be. */
static PyObject *convert_children(struct state *state, const struct stmboot_dtb_node *node)
{
	PyObject *list = PyList_New(0);

	for (node = node->child; list != NULL && node != NULL; node = node->next)
		list_add(&list, convert_node(state, node));
	return list_to_tuple(list);
}

static PyObject *convert_node(struct state *state, const struct stmboot_dtb_node *node)
{
	return make(state, "DtbNode",
		    Py_BuildValue("{sNsNsNsN}", "name", text_as_name(node->name), "path",
				  convert_path(node), "properties",
				  convert_each(state, node->property_count, property_at,
					       node->properties),
				  "nodes", convert_children(state, node)));
}

/* By its path, an alias or a label. NULL with an exception. */
static const struct stmboot_dtb_node *locate(PyObject *self, const char *name)
{
	struct stmboot_refusal why = { .message = "" };
	const struct stmboot_dtb_node *node = NULL;
	enum stmboot_status status =
		stmboot_dtb_locate(((struct dtb *)self)->dtb, name, &why, &node);

	if (status != STMBOOT_OK)
		raise_status(state_of(self), status, &why, 0, NULL);
	return node;
}

static PyObject *dtb_node(PyObject *self, PyObject *args)
{
	const struct stmboot_dtb_node *node = NULL;
	struct arguments a = { 0 };

	if (arguments_take(&a, args, "s"))
		node = locate(self, a.name[0].text);
	arguments_release(&a);
	return node != NULL ? convert_node(state_of(self), node) : NULL;
}

static PyObject *dtb_source(PyObject *self, PyObject *args)
{
	const struct stmboot_dtb *dtb = ((struct dtb *)self)->dtb;
	const struct stmboot_dtb_node *node = NULL;
	struct arguments a = { 0 };
	PyObject *result = NULL;
	char *text = NULL;
	size_t size;

	if (arguments_take(&a, args, "s"))
		node = locate(self, a.name[0].text);
	arguments_release(&a);
	if (node == NULL)
		return NULL;
	size = stmboot_dtb_source(dtb, node, NULL, 0) + 1;
	text = malloc(size);
	if (text == NULL)
		return PyErr_NoMemory();
	(void)stmboot_dtb_source(dtb, node, text, size);
	result = text_for_people(text);
	free(text);
	return result;
}

/* Values of a property by a type, which may be one of none. NULL with an exception. */
static PyObject *read_values(PyObject *self, const struct stmboot_dtb_property *property,
			     const char *type)
{
	struct stmboot_dtb_type asked = { 0 }, chosen;
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status =
		type != NULL ? stmboot_dtb_type_parse(type, &asked) : STMBOOT_OK;

	if (status == STMBOOT_OK)
		status = stmboot_dtb_type_choose(property, &asked, &why, &chosen);
	else
		(void)PyOS_snprintf(why.message, sizeof(why.message), "'%.40s' is no type", type);
	return status == STMBOOT_OK ? convert_values(property, &chosen)
				    : raise_status(state_of(self), status, &why, 0, NULL);
}

/* node, property, type or None: values, or None without such a node or property */
static PyObject *dtb_get(PyObject *self, PyObject *args)
{
	const struct stmboot_dtb *dtb = ((struct dtb *)self)->dtb;
	const struct stmboot_dtb_property *property = NULL;
	const struct stmboot_dtb_node *node;
	struct arguments a = { 0 };
	PyObject *result = NULL;

	if (arguments_take(&a, args, "ssz")) {
		if (stmboot_dtb_locate(dtb, a.name[0].text, NULL, &node) == STMBOOT_OK)
			property = stmboot_dtb_find_property(node, a.name[1].text);
		result = property != NULL ? read_values(self, property, a.name[2].text)
					  : Py_NewRef(Py_None);
	}
	arguments_release(&a);
	return result;
}

static PyMethodDef dtb_methods[] = {
	{ "info", dtb_info, METH_NOARGS, "info($self, /)\n--\n\nWhat it says of itself." },
	{ "node", dtb_node, METH_VARARGS,
	  "node($self, name, /)\n--\n\nA node with all that is below it." },
	{ "get", dtb_get, METH_VARARGS,
	  "get($self, node, property, type, /)\n--\n\nValues of a property, or None." },
	{ "source", dtb_source, METH_VARARGS,
	  "source($self, node, /)\n--\n\nA node as source text." },
	{ NULL, NULL, 0, NULL },
};

static char dtb_doc[] = "Dtb(content, /)\n--\n\nA device tree.";

static PyType_Slot dtb_slots[] = {
	{ Py_tp_doc, dtb_doc },
	{ Py_tp_new, (void *)dtb_new },
	{ Py_tp_dealloc, (void *)dtb_dealloc },
	{ Py_tp_methods, dtb_methods },
	{ 0, NULL },
};

PyType_Spec dtb_spec = {
	.name = "stmboot._stmboot.Dtb",
	.basicsize = sizeof(struct dtb),
	.flags = Py_TPFLAGS_DEFAULT,
	.slots = dtb_slots,
};
