/* SPDX-License-Identifier: MIT */
/* What the tables of shapes.c and shapes_content.c are written with. */
#ifndef SHAPES_H
#define SHAPES_H

#include <stddef.h>

#include "binding.h"

#define COUNT(array)      (sizeof(array) / sizeof((array)[0]))
#define AT_(type, member) offsetof(struct stmboot_##type, member)

/* A field that has the name of the member. */
#define SAME(type, member, kind_)                                                                  \
	{                                                                                          \
		.name = #member, .kind = (kind_), .at = AT_(type, member), .by = NONE              \
	}
#define NAMED(name_, type, member, kind_)                                                          \
	{                                                                                          \
		.name = (name_), .kind = (kind_), .at = AT_(type, member), .by = NONE              \
	}
#define KNOWN(name_, type, member, kind_, flag)                                                    \
	{                                                                                          \
		.name = (name_), .kind = (kind_), .at = AT_(type, member), .by = AT_(type, flag)   \
	}
#define ENUM(name_, type_, member, text_, class)                                                   \
	{                                                                                          \
		.name = (name_), .kind = KIND_ENUM, .at = AT_(type_, member), .by = NONE,          \
		.text = (text_), .type = (class)                                                   \
	}
#define WORD(name_, type, member, text_)                                                           \
	{                                                                                          \
		.name = (name_), .kind = KIND_WORD, .at = AT_(type, member), .by = NONE,           \
		.text = (text_)                                                                    \
	}
#define BYTE_WORD(name_, type, member, text_)                                                      \
	{                                                                                          \
		.name = (name_), .kind = KIND_BYTE_WORD, .at = AT_(type, member), .by = NONE,      \
		.text = (text_)                                                                    \
	}
#define RECORD(name_, type, member, shape_)                                                        \
	{                                                                                          \
		.name = (name_), .kind = KIND_RECORD, .at = AT_(type, member), .by = NONE,         \
		.shape = &(shape_)                                                                 \
	}
#define PART(name_, shape_)                                                                        \
	{                                                                                          \
		.name = (name_), .kind = KIND_PART, .by = NONE, .shape = &(shape_)                 \
	}
#define LIST(kind_, name_, type, member, count_, shape_)                                           \
	{                                                                                          \
		.name = (name_), .kind = (kind_), .at = AT_(type, member),                         \
		.by = AT_(type, count_), .shape = (shape_)                                         \
	}
#define OTHER(name_, get_)                                                                         \
	{                                                                                          \
		.name = (name_), .kind = KIND_OTHER, .by = NONE, .get = (get_)                     \
	}
#define SHAPE(class, record, fields_, absent_)                                                     \
	{                                                                                          \
		.type = (class), .size = sizeof(struct stmboot_##record), .fields = (fields_),     \
		.count = COUNT(fields_), .absent = (absent_)                                       \
	}

/* The texts of enumerations, whose types differ, as functions of one type. */
#define TEXT(name, type)                                                                           \
	static const char *name##_text(int value)                                                  \
	{                                                                                          \
		return stmboot_##name##_text((type)value);                                         \
	}

/* The same of a record of this binding's own, struct `record`. */
#define OWN(record, member, kind_)                                                                 \
	{                                                                                          \
		.name = #member, .kind = (kind_), .at = offsetof(struct record, member),           \
		.by = NONE                                                                         \
	}
#define OWN_KNOWN(record, member, kind_, flag)                                                     \
	{                                                                                          \
		.name = #member, .kind = (kind_), .at = offsetof(struct record, member),           \
		.by = offsetof(struct record, flag)                                                \
	}
#define OWN_SHAPE(class, record, fields_)                                                          \
	{                                                                                          \
		.type = (class), .size = sizeof(struct record), .fields = (fields_),               \
		.count = COUNT(fields_), .absent = NONE                                            \
	}

/* Parts that other tables have, too. */
extern const struct shape shape_place, shape_stm32, shape_fwu, shape_env_area;

/* Attributes of an entry of a table; none for NULL. */
PyObject *entry_attributes(struct state *state, const void *record, uint64_t base);

/* What a partition holds, or None: for the field "detail". */
PyObject *detail_of_part(struct state *state, const void *record, uint64_t base);

/* A tuple of the texts that a function gives until it says that there are no more. */
PyObject *tuple_of_texts(bool (*give)(const void *record, size_t index, char *buffer, size_t size),
			 const void *record);

#endif
