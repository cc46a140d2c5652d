/* SPDX-License-Identifier: MIT */
/*
 * The inside of _stmboot: how CPython and libstmboot meet. It holds no
 * knowledge of media: objects, locks, callbacks, and tables that say which
 * fields of the library's records become which fields of Python's.
 */
#ifndef BINDING_H
#define BINDING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

#include <stmboot/stmboot.h>

/* Of one module object: an interpreter of its own has its own. */
struct state {
	PyObject *records; /* the package stmboot: a class for each shape */
	PyObject *failure; /* stmboot._errors.failure: makes an exception of a status */
	PyTypeObject *card_type, *edit_type, *source_type, *cmdline_type, *dtb_type;
};

/* Of the type of an object that this module made. */
struct state *state_of(PyObject *self);

/* ---- guard.c: entering the library ---- */

/*
 * A context, and whoever uses it: one thread at a time, without the GIL while
 * the library works. Callbacks of the library take the GIL back.
 */
struct guard {
	struct stmboot_context *ctx;
	PyThread_type_lock lock;
	unsigned long owner; /* thread that holds the lock, when it is held */
	bool held;
	PyThreadState *outside;             /* of the owner while it is inside the library */
	PyObject *progress, *cancel;        /* callables, or NULL */
	PyObject *raised[3];                /* by a callback; it ends the call */
	bool stopped;                       /* a callback said so */
	int64_t progress_time, cancel_time; /* of the last calls, in milliseconds */
	int error;                          /* errno after the last work */
};

/* `progress` and `cancel` may be None. False with an exception. */
bool guard_open(struct guard *guard, PyObject *progress, PyObject *cancel);
void guard_close(struct guard *guard);
int guard_traverse(struct guard *guard, visitproc visit, void *arg);

/* Become the one who uses it. False with an exception. */
bool guard_lock(struct guard *guard);
void guard_unlock(struct guard *guard);

/* Around a call of the library, between lock and unlock. */
void guard_leave_python(struct guard *guard);
void guard_enter_python(struct guard *guard);

#define GUARD_WORK(guard, work)                                                                    \
	do {                                                                                       \
		guard_leave_python(guard);                                                         \
		work;                                                                              \
		guard_enter_python(guard);                                                         \
	} while (0)

/* Keep the exception that a callback raised; the library is to stop. */
void guard_keep_exception(struct guard *guard);

/*
 * Raise what came of a call, unless it is STMBOOT_OK and no callback raised:
 * true then. `why` and `findings` may be NULL; a reference to findings is taken over.
 */
bool guard_succeed(struct state *state, struct guard *guard, enum stmboot_status status,
		   const struct stmboot_refusal *why, PyObject *findings);

/* Raise a status; always NULL. */
PyObject *raise_status(struct state *state, enum stmboot_status status,
		       const struct stmboot_refusal *why, int error, PyObject *findings);

/* ---- feed.c: bytes and files of Python's as sources ---- */

struct feed;

/* Of a bytes-like object, or of a file that can read and seek. NULL with an exception. */
struct feed *feed_new(struct guard *guard, PyObject *object);
/* The GIL is needed. */
void feed_free(struct feed *feed);
int feed_traverse(struct feed *feed, visitproc visit, void *arg);
/* The feed must outlive the source. */
enum stmboot_status feed_open(struct feed *feed, struct stmboot_source **out);
struct feed **feed_next(struct feed *feed);

/* ---- convert.c: records of the library as objects ---- */

enum kind {
	KIND_BOOL,
	KIND_U8,
	KIND_U16,
	KIND_U32,
	KIND_U64,
	KIND_I64,
	KIND_SIZE,
	KIND_NUMBER,    /* uint32_t, None for 0 */
	KIND_PARTITION, /* int32_t, None for -1 */
	KIND_PLACE,     /* uint64_t that counts from the start of a part: from that of the medium */
	KIND_TIME,      /* struct stmboot_fs_time, in nanoseconds */
	KIND_TEXT,      /* for people: what is not UTF-8 becomes U+FFFD */
	KIND_NAME,      /* to be handed back: surrogateescape */
	KIND_CHARS,     /* the same as KIND_TEXT, in the record itself */
	KIND_CHARS_SET, /* the same, None for "" */
	KIND_ENUM,      /* by its text, None for NULL */
	KIND_WORD,      /* the text itself */
	KIND_BYTE_WORD, /* the same of a uint8_t */
	KIND_RECORD,    /* another record in this one */
	KIND_PART,      /* fields of this record that make one of their own */
	KIND_LIST,      /* pointer to records */
	KIND_ARRAY,     /* records in the record itself */
	KIND_TEXTS,     /* pointer to texts */
	KIND_OTHER,     /* what the function gives */
};

struct shape;

struct field {
	const char *name;
	enum kind kind;
	size_t at;                      /* in the record */
	size_t by;                      /* size_t: how many; or bool: is it known; or NONE */
	const struct shape *shape;      /* of another record */
	const char *(*text)(int value); /* of an enumeration, whose class is `type` */
	const char *type;
	PyObject *(*get)(struct state *state, const void *record, uint64_t base);
};

enum { NONE = 0xffff };

/* A record: the class that it becomes, and where its fields stand. */
struct shape {
	const char *type;
	size_t size;
	const struct field *fields;
	size_t count;
	size_t absent; /* where a pointer stands without which there is none; or NONE */
};

/* `base`: where the part that the record describes stands on the medium. */
PyObject *convert(struct state *state, const struct shape *shape, const void *record,
		  uint64_t base);
/* The same with the fields of another record in the same object; without one they are None. */
PyObject *convert_pair(struct state *state, const struct shape *shape, const void *record,
		       uint64_t base, const struct shape *more, const void *other);
/* Add a new object to a new list, which is NULL once that failed. */
void list_add(PyObject **list, PyObject *item);
/* The tuple of a list, which is released; NULL for NULL. */
PyObject *list_to_tuple(PyObject *list);
/* A tuple of what a function gives for each index. */
typedef PyObject *give_item(struct state *state, const void *user, size_t index);
PyObject *convert_each(struct state *state, size_t count, give_item *give, const void *user);
/* A tuple of records of `count`, one after the other. */
PyObject *convert_list(struct state *state, const struct shape *shape, const void *records,
		       size_t count, uint64_t base);
/* A class of the package called with a text; None for NULL. */
PyObject *convert_enum(struct state *state, const char *type, const char *text);

/* None for NULL. */
PyObject *text_for_people(const char *text);
PyObject *text_as_name(const char *text);

/* A tuple of those of `diags` that `wanted` is true for; NULL: all. */
PyObject *convert_findings(struct state *state, const struct stmboot_diags *diags,
			   const struct stmboot_diags *before);

/* ---- shapes.c ---- */

extern const struct shape shape_image, shape_table, shape_partition, shape_boot, shape_finding,
	shape_code, shape_label, shape_stat, shape_plan, shape_undo, shape_argument,
	shape_extraction, shape_entry, shape_dtb, shape_fip;

/* ---- arguments.c: what comes from Python ---- */

/* A text; its bytes are kept. */
struct name {
	PyObject *bytes;
	const char *text; /* NULL for None */
};

/* Texts of a sequence. */
struct names {
	PyObject *bytes; /* a tuple that keeps them */
	const char **texts;
	size_t count;
};

enum { MOST_NAMES = 4, MOST_LISTS = 3, MOST_NUMBERS = 2, MOST_FLAGS = 4, MOST_OBJECTS = 3 };

/* Arguments of a method, those of one kind in their order. */
struct arguments {
	struct name name[MOST_NAMES];
	struct names list[MOST_LISTS];
	long number[MOST_NUMBERS]; /* of 32 bits */
	bool flag[MOST_FLAGS];
	PyObject *object[MOST_OBJECTS]; /* borrowed */
	size_t name_count, list_count, number_count, flag_count, object_count;
};

/*
 * Take arguments, one of a kind for each letter: 's' a name in the image; 'z' the
 * same or None; 'h' a path of the host or None; 'l' a sequence of names; 'i' a
 * number; 'b' a flag; 'o' an object. Zero them before, and release them whatever
 * comes. False with an exception.
 */
bool arguments_take(struct arguments *a, PyObject *args, const char *kinds);
void arguments_release(struct arguments *a);

/* The same for a constructor, which takes no keywords. */
bool arguments_take_new(struct arguments *a, PyObject *args, PyObject *keywords, const char *kinds);

/* "auto", "sd" or "emmc". False with an exception. */
bool medium_parse(const char *text, enum stmboot_medium *out);

/* ---- the types ---- */

extern PyType_Spec card_spec, edit_spec, source_spec, cmdline_spec, dtb_spec;

#endif
