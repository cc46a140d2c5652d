/* SPDX-License-Identifier: MIT */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/*
 * Writes JSON (RFC 8259) into a buffer, two spaces a level. Within an object
 * every value has a key, within an array the key is NULL. Zero all but `out`.
 */
struct json {
	struct buffer *out;
	unsigned depth;
	bool filled; /* the innermost object or array has a member */
	bool flat;   /* and it stands in one line */
};

void json_open(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);                 /* '}' or ']' */

/* One that stands in a line; nothing is opened within it. */
void json_open_flat(struct json *j, const char *key, char bracket);

/*
 * A string of any bytes, or null for NULL. What is not UTF-8 becomes U+FFFD;
 * what could disturb a terminal is escaped.
 */
void json_text(struct json *j, const char *key, const char *value);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

/* A number when it is known, else null. */
void json_known(struct json *j, const char *key, bool known, uint64_t value);

/* Lower-case hexadecimal. */
void json_hex(struct json *j, const char *key, const uint8_t *data, size_t length);

/* An array of strings. */
void json_list(struct json *j, const char *key, const char *const *texts, size_t count);

#endif
