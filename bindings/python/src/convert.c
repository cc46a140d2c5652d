/* SPDX-License-Identifier: MIT */
/* Records of the library as objects of Python, by the tables in shapes.c. */
#include "binding.h"

#include <string.h>

PyObject *text_as_name(const char *text)
{
	if (text == NULL)
		Py_RETURN_NONE;
	return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "surrogateescape");
}

/* Each byte that is not UTF-8 becomes one U+FFFD, as in the JSON of the program. */
PyObject *text_for_people(const char *text)
{
	PyObject *result = text_as_name(text);
	Py_ssize_t length = result != NULL && text != NULL ? PyUnicode_GetLength(result) : 0;

	for (Py_ssize_t i = 0; i < length; i++) {
		Py_UCS4 c = PyUnicode_ReadChar(result, i);

		if (c >= 0xdc80 && c <= 0xdcff && PyUnicode_WriteChar(result, i, 0xfffd) < 0) {
			Py_DECREF(result);
			return NULL;
		}
	}
	return result;
}

PyObject *convert_enum(struct state *state, const char *type, const char *text)
{
	PyObject *class, *result;

	if (text == NULL)
		Py_RETURN_NONE;
	class = PyObject_GetAttrString(state->records, type);
	if (class == NULL)
		return NULL;
	result = PyObject_CallFunction(class, "s", text);
	Py_DECREF(class);
	return result;
}

static PyObject *convert_time(const struct stmboot_fs_time *time)
{
	PyObject *seconds = PyLong_FromLongLong(time->seconds);
	PyObject *scale = PyLong_FromLong(1000000000);
	PyObject *rest = PyLong_FromUnsignedLong(time->nanoseconds);
	PyObject *scaled =
		seconds != NULL && scale != NULL ? PyNumber_Multiply(seconds, scale) : NULL;
	PyObject *result = scaled != NULL && rest != NULL ? PyNumber_Add(scaled, rest) : NULL;

	Py_XDECREF(seconds);
	Py_XDECREF(scale);
	Py_XDECREF(rest);
	Py_XDECREF(scaled);
	return result;
}

static PyObject *convert_place(uint64_t base, uint64_t offset)
{
	/* What lies about its place may lead past 64 bits. */
	if (offset > UINT64_MAX - base)
		Py_RETURN_NONE;
	return PyLong_FromUnsignedLongLong(base + offset);
}

void list_add(PyObject **list, PyObject *item)
{
	if (*list != NULL && (item == NULL || PyList_Append(*list, item) < 0))
		Py_CLEAR(*list);
	Py_XDECREF(item);
}

PyObject *list_to_tuple(PyObject *list)
{
	PyObject *result = list != NULL ? PyList_AsTuple(list) : NULL;

	Py_XDECREF(list);
	return result;
}

PyObject *convert_each(struct state *state, size_t count, give_item *give, const void *user)
{
	PyObject *result = PyTuple_New((Py_ssize_t)count);

	for (size_t i = 0; result != NULL && i < count; i++) {
		PyObject *item = give(state, user, i);

		if (item == NULL || PyTuple_SetItem(result, (Py_ssize_t)i, item) < 0)
			Py_CLEAR(result);
	}
	return result;
}

static PyObject *text_at(struct state *state, const void *texts, size_t index)
{
	(void)state;
	return text_for_people(((const char *const *)texts)[index]);
}

/* Records one after the other. */
struct records {
	const struct shape *shape;
	const char *first;
	uint64_t base;
};

static PyObject *record_at(struct state *state, const void *user, size_t index)
{
	const struct records *records = user;
	const struct shape *shape = records->shape;

	return convert(state, shape, records->first + index * shape->size, records->base);
}

PyObject *convert_list(struct state *state, const struct shape *shape, const void *records,
		       size_t count, uint64_t base)
{
	const struct records all = { shape, records, base };

	return convert_each(state, count, record_at, &all);
}

#define AT(type) (*(type const *)(const void *)at)

static PyObject *convert_number(const struct field *field, const char *at, uint64_t base)
{
	switch (field->kind) {
	case KIND_BOOL:
		return PyBool_FromLong(AT(bool));
	case KIND_U8:
		return PyLong_FromUnsignedLong(AT(uint8_t));
	case KIND_U16:
		return PyLong_FromUnsignedLong(AT(uint16_t));
	case KIND_U32:
		return PyLong_FromUnsignedLong(AT(uint32_t));
	case KIND_U64:
		return PyLong_FromUnsignedLongLong(AT(uint64_t));
	case KIND_I64:
		return PyLong_FromLongLong(AT(int64_t));
	case KIND_SIZE:
		return PyLong_FromSize_t(AT(size_t));
	case KIND_NUMBER:
		return AT(uint32_t) != 0 ? PyLong_FromUnsignedLong(AT(uint32_t))
					 : Py_NewRef(Py_None);
	case KIND_PARTITION:
		return AT(int32_t) != STMBOOT_NO_PARTITION ? PyLong_FromLong(AT(int32_t))
							   : Py_NewRef(Py_None);
	case KIND_PLACE:
		return convert_place(base, AT(uint64_t));
	case KIND_TIME:
		return convert_time(&AT(struct stmboot_fs_time));
	default:
		PyErr_SetString(PyExc_SystemError, "a field of no known kind");
		return NULL;
	}
}

/* How many a list or an array holds. */
static size_t count_of(const struct field *field, const char *record)
{
	return *(const size_t *)(const void *)(record + field->by);
}

static PyObject *convert_field(struct state *state, const struct field *field, const char *record,
			       uint64_t base)
{
	const char *at = record + field->at;

	switch (field->kind) {
	case KIND_TEXT:
		return text_for_people(AT(char *));
	case KIND_NAME:
		return text_as_name(AT(char *));
	case KIND_CHARS:
		return text_for_people(at);
	case KIND_CHARS_SET:
		return text_for_people(at[0] != '\0' ? at : NULL);
	case KIND_ENUM:
		return convert_enum(state, field->type, field->text(AT(int)));
	case KIND_WORD:
		return text_for_people(field->text(AT(int)));
	case KIND_BYTE_WORD:
		return text_for_people(field->text(AT(uint8_t)));
	case KIND_RECORD:
		return convert(state, field->shape, at, base);
	case KIND_PART:
		return convert(state, field->shape, record, base);
	case KIND_LIST:
		return convert_list(state, field->shape, AT(void *), count_of(field, record), base);
	case KIND_ARRAY:
		return convert_list(state, field->shape, at, count_of(field, record), base);
	case KIND_TEXTS:
		return convert_each(state, count_of(field, record), text_at, AT(const void *));
	case KIND_OTHER:
		return field->get(state, record, base);
	default:
		return convert_number(field, at, base);
	}
}

/* A number that may not be known has a flag beside it. */
static bool is_known(const struct field *field, const char *record)
{
	return field->kind >= KIND_TEXT || field->by == NONE ||
	       *(const bool *)(const void *)(record + field->by);
}

/* Add the fields of a record to those of an object; without a record they are None. */
static bool fill(struct state *state, PyObject *values, const struct shape *shape,
		 const void *record, uint64_t base)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		PyObject *value = record != NULL && is_known(field, record)
					  ? convert_field(state, field, record, base)
					  : Py_NewRef(Py_None);
		bool good = value != NULL && PyDict_SetItemString(values, field->name, value) == 0;

		Py_XDECREF(value);
		if (!good)
			return false;
	}
	return true;
}

PyObject *convert_pair(struct state *state, const struct shape *shape, const void *record,
		       uint64_t base, const struct shape *more, const void *other)
{
	PyObject *class = PyObject_GetAttrString(state->records, shape->type);
	PyObject *values = PyDict_New();
	PyObject *none = PyTuple_New(0);
	PyObject *result = NULL;

	if (class != NULL && values != NULL && none != NULL &&
	    fill(state, values, shape, record, base) &&
	    (more == NULL || fill(state, values, more, other, base)))
		result = PyObject_Call(class, none, values);
	Py_XDECREF(class);
	Py_XDECREF(values);
	Py_XDECREF(none);
	return result;
}

PyObject *convert(struct state *state, const struct shape *shape, const void *record, uint64_t base)
{
	if (shape->absent != NONE &&
	    *(const void *const *)(const void *)((const char *)record + shape->absent) == NULL)
		Py_RETURN_NONE;
	return convert_pair(state, shape, record, base, NULL, NULL);
}

static bool is_wanted(const struct stmboot_diag *diag, const struct stmboot_diags *diags,
		      const struct stmboot_diags *before)
{
	return before == NULL || (diag->severity == STMBOOT_ERROR &&
				  stmboot_diags_has_more(diags, before, diag->code));
}

PyObject *convert_findings(struct state *state, const struct stmboot_diags *diags,
			   const struct stmboot_diags *before)
{
	size_t count = diags != NULL ? stmboot_diags_count(diags) : 0;
	PyObject *list = PyList_New(0);

	for (size_t i = 0; list != NULL && i < count; i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(diags, i);

		if (is_wanted(diag, diags, before))
			list_add(&list, convert(state, &shape_finding, diag, 0));
	}
	return list_to_tuple(list);
}
