/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <inttypes.h>
#include <string.h>

#include <stmboot/text.h>

enum {
	DEEPEST = 16 /* deeper levels go no further to the right: blanks would outweigh the rest */
};

static void new_line(struct json *j)
{
	buffer_puts(j->out, "\n");
	buffer_pad(j->out, (size_t)(j->depth < DEEPEST ? j->depth : DEEPEST) * 2);
}

/* C0 must be escaped; DEL, C1 and what stmboot_escape() calls invisible need not be in JSON. */
static bool is_plain(uint32_t c)
{
	return c >= 0x20 && c != '"' && c != '\\' && !(c >= 0x7f && c < 0xa0) && c != 0x061c &&
	       !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
	       !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff;
}

static void quote_one(struct buffer *out, const char *text, size_t length, uint32_t c)
{
	if (length == 0)
		buffer_puts(out, "\xef\xbf\xbd");
	else if (is_plain(c))
		buffer_add(out, text, length);
	else if (c == '"' || c == '\\')
		buffer_printf(out, "\\%c", (int)c);
	else if (c == '\n')
		buffer_puts(out, "\\n");
	else if (c == '\t')
		buffer_puts(out, "\\t");
	else
		buffer_printf(out, "\\u%04" PRIx32, c);
}

static void quote(struct buffer *out, const char *text)
{
	size_t left = strlen(text);

	buffer_puts(out, "\"");
	while (left > 0) {
		uint32_t c = 0;
		size_t length = stmboot_utf8_decode(text, left, &c);

		quote_one(out, text, length, c);
		text += length != 0 ? length : 1;
		left -= length != 0 ? length : 1;
	}
	buffer_puts(out, "\"");
}

/* What stands before a value: comma, line, key. */
static void begin(struct json *j, const char *key)
{
	if (j->filled)
		buffer_puts(j->out, j->flat ? ", " : ",");
	if (j->depth > 0 && !j->flat)
		new_line(j);
	j->filled = true;
	if (key != NULL) {
		quote(j->out, key);
		buffer_puts(j->out, ": ");
	}
}

void json_open(struct json *j, const char *key, char bracket)
{
	begin(j, key);
	buffer_add(j->out, &bracket, 1);
	j->depth++;
	j->filled = false;
}

void json_open_flat(struct json *j, const char *key, char bracket)
{
	json_open(j, key, bracket);
	j->flat = true;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	if (j->filled && !j->flat)
		new_line(j);
	j->flat = false;
	buffer_add(j->out, &bracket, 1);
	j->filled = true;
	if (j->depth == 0)
		buffer_puts(j->out, "\n");
}

void json_text(struct json *j, const char *key, const char *value)
{
	begin(j, key);
	if (value == NULL)
		buffer_puts(j->out, "null");
	else
		quote(j->out, value);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	begin(j, key);
	buffer_printf(j->out, "%" PRIu64, value);
}

void json_i64(struct json *j, const char *key, int64_t value)
{
	begin(j, key);
	buffer_printf(j->out, "%" PRId64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	buffer_puts(j->out, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	json_text(j, key, NULL);
}

void json_known(struct json *j, const char *key, bool known, uint64_t value)
{
	if (known)
		json_u64(j, key, value);
	else
		json_null(j, key);
}

void json_hex(struct json *j, const char *key, const uint8_t *data, size_t length)
{
	begin(j, key);
	buffer_puts(j->out, "\"");
	for (size_t i = 0; i < length; i++)
		buffer_printf(j->out, "%02x", data[i]);
	buffer_puts(j->out, "\"");
}

void json_list(struct json *j, const char *key, const char *const *texts, size_t count)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < count; i++)
		json_text(j, NULL, texts[i]);
	json_close(j, ']');
}
