/* SPDX-License-Identifier: MIT */
/* Entering the library: locks, callbacks, and what comes of a call. */
#include "binding.h"

#include <errno.h>
#include <time.h>

enum { CALLBACK_PAUSE = 50 }; /* milliseconds: callbacks are to cost nothing */

static int64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Has the pause passed since the last time? The first time is due. */
static bool is_due(int64_t *last)
{
	int64_t time = now();

	if (*last != 0 && time - *last < CALLBACK_PAUSE)
		return false;
	*last = time;
	return true;
}

void guard_keep_exception(struct guard *guard)
{
	guard->stopped = true;
	if (guard->raised[0] == NULL)
		PyErr_Fetch(&guard->raised[0], &guard->raised[1], &guard->raised[2]);
	else
		PyErr_Clear();
}

/* What a callback said: `truth` of its answer is what stops, or -1 when it raised. */
static void take_answer(struct guard *guard, PyObject *answer, int truth)
{
	if (truth < 0)
		guard_keep_exception(guard);
	else if (truth > 0)
		guard->stopped = true;
	Py_XDECREF(answer);
}

/* False from the callable, and nothing else, is to stop. */
static void on_progress(void *user, uint64_t done, uint64_t total)
{
	struct guard *guard = user;
	PyObject *answer;

	if (guard->progress == NULL || guard->outside == NULL || guard->stopped ||
	    (!is_due(&guard->progress_time) && done != total))
		return;
	guard_enter_python(guard);
	answer = PyObject_CallFunction(guard->progress, "KK", (unsigned long long)done,
				       (unsigned long long)total);
	take_answer(guard, answer, answer != NULL ? answer == Py_False : -1);
	guard_leave_python(guard);
}

static bool on_cancel(void *user)
{
	struct guard *guard = user;
	PyObject *answer;

	if (guard->stopped || guard->outside == NULL || !is_due(&guard->cancel_time))
		return guard->stopped;
	guard_enter_python(guard);
	/* KeyboardInterrupt, in the thread that signals are for. */
	if (PyErr_CheckSignals() < 0) {
		guard_keep_exception(guard);
	} else if (guard->cancel != NULL) {
		answer = PyObject_CallFunction(guard->cancel, NULL);
		take_answer(guard, answer, answer != NULL ? PyObject_IsTrue(answer) : -1);
	}
	guard_leave_python(guard);
	return guard->stopped;
}

bool guard_open(struct guard *guard, PyObject *progress, PyObject *cancel)
{
	const struct stmboot_context_options options = { .struct_size = sizeof(options),
							 .user = guard,
							 .progress = on_progress,
							 .cancel = on_cancel };
	enum stmboot_status status;

	guard->lock = PyThread_allocate_lock();
	if (guard->lock == NULL) {
		PyErr_NoMemory();
		return false;
	}
	status = stmboot_context_new(&options, &guard->ctx);
	if (status != STMBOOT_OK) {
		PyErr_NoMemory();
		return false;
	}
	guard->progress = progress != Py_None ? Py_NewRef(progress) : NULL;
	guard->cancel = cancel != Py_None ? Py_NewRef(cancel) : NULL;
	return true;
}

void guard_close(struct guard *guard)
{
	stmboot_context_free(guard->ctx);
	guard->ctx = NULL;
	if (guard->lock != NULL)
		PyThread_free_lock(guard->lock);
	guard->lock = NULL;
	Py_CLEAR(guard->progress);
	Py_CLEAR(guard->cancel);
	for (int i = 0; i < 3; i++)
		Py_CLEAR(guard->raised[i]);
}

int guard_traverse(struct guard *guard, visitproc visit, void *arg)
{
	Py_VISIT(guard->progress);
	Py_VISIT(guard->cancel);
	for (int i = 0; i < 3; i++)
		Py_VISIT(guard->raised[i]);
	return 0;
}

bool guard_lock(struct guard *guard)
{
	if (guard->held && guard->owner == PyThread_get_thread_ident()) {
		PyErr_SetString(PyExc_RuntimeError,
				"a callback uses what the call that it belongs to is using");
		return false;
	}
	if (!PyThread_acquire_lock(guard->lock, NOWAIT_LOCK)) {
		Py_BEGIN_ALLOW_THREADS;
		PyThread_acquire_lock(guard->lock, WAIT_LOCK);
		Py_END_ALLOW_THREADS;
	}
	guard->held = true;
	guard->owner = PyThread_get_thread_ident();
	guard->stopped = false;
	guard->error = 0;
	return true;
}

void guard_unlock(struct guard *guard)
{
	guard->held = false;
	PyThread_release_lock(guard->lock);
}

void guard_leave_python(struct guard *guard)
{
	guard->outside = PyEval_SaveThread();
	errno = 0;
}

void guard_enter_python(struct guard *guard)
{
	PyThreadState *thread = guard->outside;

	guard->error = errno;
	guard->outside = NULL;
	PyEval_RestoreThread(thread);
}

PyObject *raise_status(struct state *state, enum stmboot_status status,
		       const struct stmboot_refusal *why, int error, PyObject *findings)
{
	PyObject *message, *hint, *exception = NULL;

	if (status == STMBOOT_NO_MEMORY) {
		Py_XDECREF(findings);
		return PyErr_NoMemory();
	}
	message = text_for_people(why != NULL && why->message[0] != '\0'
					  ? why->message
					  : stmboot_status_text(status));
	hint = text_for_people(why != NULL && why->hint[0] != '\0' ? why->hint : NULL);
	if (findings == NULL)
		findings = PyTuple_New(0);
	if (message != NULL && hint != NULL && findings != NULL)
		exception = PyObject_CallFunction(state->failure, "iOOiO", (int)status, message,
						  hint, status == STMBOOT_IO ? error : 0, findings);
	if (exception != NULL)
		PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
	Py_XDECREF(exception);
	Py_XDECREF(message);
	Py_XDECREF(hint);
	Py_XDECREF(findings);
	return NULL;
}

bool guard_succeed(struct state *state, struct guard *guard, enum stmboot_status status,
		   const struct stmboot_refusal *why, PyObject *findings)
{
	if (guard->raised[0] != NULL) {
		Py_XDECREF(findings);
		PyErr_Restore(guard->raised[0], guard->raised[1], guard->raised[2]);
		guard->raised[0] = guard->raised[1] = guard->raised[2] = NULL;
		return false;
	}
	if (status == STMBOOT_OK) {
		Py_XDECREF(findings);
		return true;
	}
	raise_status(state, status, why, guard->error, findings);
	return false;
}
