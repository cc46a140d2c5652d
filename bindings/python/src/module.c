/* SPDX-License-Identifier: MIT */
#include "binding.h"

struct state *state_of(PyObject *self)
{
	return PyType_GetModuleState(Py_TYPE(self));
}

/* ---- functions ---- */

static PyObject *version(PyObject *self, PyObject *none)
{
	(void)self;
	(void)none;
	return text_for_people(stmboot_version());
}

static PyObject *escape(PyObject *self, PyObject *args)
{
	struct arguments a = { 0 };
	PyObject *result = NULL;
	char *buffer = NULL;
	size_t size;

	(void)self;
	if (arguments_take(&a, args, "s")) {
		size = stmboot_escape(a.name[0].text, NULL, 0) + 1;
		buffer = PyMem_Malloc(size);
		if (buffer == NULL) {
			PyErr_NoMemory();
		} else {
			(void)stmboot_escape(a.name[0].text, buffer, size);
			result = text_for_people(buffer);
		}
	}
	PyMem_Free(buffer);
	arguments_release(&a);
	return result;
}

static PyObject *state_directory(PyObject *self, PyObject *none)
{
	char path[4096];
	const char *found = stmboot_state_directory(path, sizeof(path));

	(void)self;
	(void)none;
	return found != NULL ? PyUnicode_DecodeFSDefault(found) : Py_NewRef(Py_None);
}

static PyObject *rule_at(struct state *state, const void *none, size_t index)
{
	(void)none;
	return convert(state, &shape_code, stmboot_code_at(index), 0);
}

static PyObject *rules(PyObject *self, PyObject *none)
{
	(void)none;
	return convert_each(PyModule_GetState(self), stmboot_code_count(), rule_at, NULL);
}

static PyObject *is_known_code(PyObject *self, PyObject *args)
{
	struct arguments a = { 0 };
	PyObject *result = NULL;

	(void)self;
	if (arguments_take(&a, args, "s"))
		result = PyBool_FromLong(stmboot_code_is_known(a.name[0].text));
	arguments_release(&a);
	return result;
}

/* What recover() and undos() share. */
struct job {
	struct guard guard;
	struct arguments a; /* path, state directory or None */
	struct stmboot_edit_options options;
	struct stmboot_refusal why;
};

static bool has_path(const struct job *job)
{
	if (job->a.name[0].text == NULL)
		PyErr_SetString(PyExc_TypeError, "a path is wanted");
	return job->a.name[0].text != NULL;
}

static bool job_begin(struct job *job, PyObject *args)
{
	if (!arguments_take(&job->a, args, "hh") || !has_path(job) ||
	    !guard_open(&job->guard, Py_None, Py_None) || !guard_lock(&job->guard))
		return false;
	job->options.struct_size = sizeof(job->options);
	job->options.state_directory = job->a.name[1].text;
	return true;
}

static bool job_succeed(struct state *state, struct job *job, enum stmboot_status status)
{
	if (status != STMBOOT_OK && job->why.message[0] == '\0')
		stmboot_source_explain(job->a.name[0].text, status, job->guard.error, &job->why);
	return guard_succeed(state, &job->guard, status, &job->why, NULL);
}

static void job_end(struct job *job)
{
	if (job->guard.held)
		guard_unlock(&job->guard);
	guard_close(&job->guard);
	arguments_release(&job->a);
}

static PyObject *recover(PyObject *self, PyObject *args)
{
	struct state *state = PyModule_GetState(self);
	enum stmboot_recovery found = STMBOOT_RECOVERY_CLEAN;
	struct job job = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (job_begin(&job, args)) {
		GUARD_WORK(&job.guard,
			   status = stmboot_edit_recover(job.guard.ctx, job.a.name[0].text,
							 &job.options, &job.why, &found));
		if (job_succeed(state, &job, status))
			result = convert_enum(state, "Recovery", stmboot_recovery_text(found));
	}
	job_end(&job);
	return result;
}

static PyObject *undo_at(struct state *state, const void *list, size_t index)
{
	return convert(state, &shape_undo, stmboot_undos_get(list, index), 0);
}

static PyObject *undos(PyObject *self, PyObject *args)
{
	struct state *state = PyModule_GetState(self);
	struct stmboot_undos *list = NULL;
	struct job job = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (job_begin(&job, args)) {
		GUARD_WORK(&job.guard,
			   status = stmboot_undos_list(job.guard.ctx, job.a.name[0].text,
						       &job.options, &list));
		if (job_succeed(state, &job, status))
			result = convert_each(state, stmboot_undos_count(list), undo_at, list);
		stmboot_undos_free(list);
	}
	job_end(&job);
	return result;
}

static PyMethodDef functions[] = {
	{ "version", version, METH_NOARGS, "version($module, /)\n--\n\nOf the library." },
	{ "escape", escape, METH_VARARGS,
	  "escape($module, text, /)\n--\n\nMake a text safe for a terminal." },
	{ "state_directory", state_directory, METH_NOARGS,
	  "state_directory($module, /)\n--\n\nWhere undo records are kept, or None." },
	{ "rules", rules, METH_NOARGS, "rules($module, /)\n--\n\nAll findings that there can be." },
	{ "is_known_code", is_known_code, METH_VARARGS,
	  "is_known_code($module, selector, /)\n--\n\nWhether it means any code." },
	{ "recover", recover, METH_VARARGS,
	  "recover($module, path, state_directory, /)\n--\n\nFinish an interrupted edit." },
	{ "undos", undos, METH_VARARGS,
	  "undos($module, path, state_directory, /)\n--\n\nEdits that can be taken back." },
	{ NULL, NULL, 0, NULL },
};

/* ---- the module ---- */

static PyTypeObject *add_type(PyObject *module, PyType_Spec *spec)
{
	PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);

	if (type != NULL && PyModule_AddType(module, (PyTypeObject *)type) < 0)
		Py_CLEAR(type);
	return (PyTypeObject *)type;
}

static int module_exec(PyObject *module)
{
	struct state *state = PyModule_GetState(module);
	PyObject *errors = PyImport_ImportModule("stmboot._errors");

	if (errors == NULL)
		return -1;
	state->failure = PyObject_GetAttrString(errors, "failure");
	Py_DECREF(errors);
	state->records = PyImport_ImportModule("stmboot");
	state->card_type = add_type(module, &card_spec);
	state->edit_type = add_type(module, &edit_spec);
	state->source_type = add_type(module, &source_spec);
	state->cmdline_type = add_type(module, &cmdline_spec);
	state->dtb_type = add_type(module, &dtb_spec);
	return state->failure != NULL && state->records != NULL && state->card_type != NULL &&
			       state->edit_type != NULL && state->source_type != NULL &&
			       state->cmdline_type != NULL && state->dtb_type != NULL
		       ? 0
		       : -1;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
	struct state *state = PyModule_GetState(module);

	Py_VISIT(state->records);
	Py_VISIT(state->failure);
	Py_VISIT((PyObject *)state->card_type);
	Py_VISIT((PyObject *)state->edit_type);
	Py_VISIT((PyObject *)state->source_type);
	Py_VISIT((PyObject *)state->cmdline_type);
	Py_VISIT((PyObject *)state->dtb_type);
	return 0;
}

static int module_clear(PyObject *module)
{
	struct state *state = PyModule_GetState(module);

	Py_CLEAR(state->records);
	Py_CLEAR(state->failure);
	Py_CLEAR(state->card_type);
	Py_CLEAR(state->edit_type);
	Py_CLEAR(state->source_type);
	Py_CLEAR(state->cmdline_type);
	Py_CLEAR(state->dtb_type);
	return 0;
}

static void module_free(void *module)
{
	(void)module_clear(module);
}

static PyModuleDef_Slot module_slots[] = {
	{ Py_mod_exec, (void *)module_exec },
	{ 0, NULL },
};

static struct PyModuleDef module_def = {
	PyModuleDef_HEAD_INIT,
	.m_name = "_stmboot",
	.m_doc = "libstmboot, as the package stmboot uses it.",
	.m_size = sizeof(struct state),
	.m_methods = functions,
	.m_slots = module_slots,
	.m_traverse = module_traverse,
	.m_clear = module_clear,
	.m_free = module_free,
};

PyMODINIT_FUNC PyInit__stmboot(void);

PyMODINIT_FUNC PyInit__stmboot(void)
{
	return PyModuleDef_Init(&module_def);
}
