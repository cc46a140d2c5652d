/* SPDX-License-Identifier: MIT */
/* Values of properties, typed as fdtget and fdtput have them: dtc util.c, fdtget.c, fdtput.c. */
#include "format/dtb_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <stmboot/dtb_source.h>

#include "base/cursor.h"
#include "base/refusal.h"
#include "format/dtb_text.h"

enum { CELL = 4, NUMBER_TEXT = 32 };

enum stmboot_status stmboot_dtb_type_parse(const char *text, struct stmboot_dtb_type *out)
{
	static const struct {
		const char *prefix;
		uint8_t bytes;
	} sizes[] = { { "hh", 1 }, { "b", 1 }, { "h", 2 }, { "l", 4 }, { "", 0 } };
	size_t i = 0;

	while (strncmp(text, sizes[i].prefix, strlen(sizes[i].prefix)) != 0)
		i++;
	text += strlen(sizes[i].prefix);
	if (text[0] == 0 || strchr("siux", text[0]) == NULL || text[1] != 0)
		return STMBOOT_INVALID_ARGUMENT;
	out->format = text[0];
	out->bytes = text[0] == 's' ? 0 : sizes[i].bytes;
	return STMBOOT_OK;
}

enum stmboot_status stmboot_dtb_type_choose(const struct stmboot_dtb_property *property,
					    const struct stmboot_dtb_type *asked,
					    struct stmboot_refusal *why,
					    struct stmboot_dtb_type *out)
{
	uint32_t length = property->length;
	struct stmboot_dtb_type type = *asked;

	if (type.format == 0)
		type.format = stmboot_dtb_guess(property) == STMBOOT_DTB_STRINGS ? 's' : 'i';
	if (type.format != 's' && type.bytes == 0)
		type.bytes = length % CELL == 0 ? CELL : 1;
	if (type.format == 's' && length != 0 && property->data[length - 1] != 0)
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, "read it as bytes: --type bx",
				 "the property is no list of strings: it does not end with a NUL");
	if (type.format != 's' && length % type.bytes != 0)
		return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, "read it as bytes: --type bx",
				 "its %" PRIu32 " bytes are no integers of %d bytes", length,
				 type.bytes);
	*out = type;
	return STMBOOT_OK;
}

bool stmboot_dtb_next_value(const struct stmboot_dtb_property *property,
			    const struct stmboot_dtb_type *type, uint32_t *at,
			    struct stmboot_dtb_value *out)
{
	const uint8_t *data = property->data + *at;
	uint64_t number;

	if (*at >= property->length)
		return false;
	if (type->format == 's') {
		*out = (struct stmboot_dtb_value){ .text = (const char *)data };
		*at += (uint32_t)strlen(out->text) + 1;
		return true;
	}
	number = sb_be(data, type->bytes);
	*out = (struct stmboot_dtb_value){ .number = (int64_t)number };
	if (type->format == 'i' && type->bytes == CELL)
		out->number = (int32_t)number;
	*at += type->bytes;
	return true;
}

size_t stmboot_dtb_values_text(const struct stmboot_dtb_property *property,
			       const struct stmboot_dtb_type *type, char *buffer, size_t size)
{
	struct sb_dtb_text t = { .buffer = buffer, .size = size };
	struct stmboot_dtb_value value;
	uint32_t at = 0;

	for (bool first = true; stmboot_dtb_next_value(property, type, &at, &value);
	     first = false) {
		char number[NUMBER_TEXT];

		if (!first)
			sb_dtb_text_puts(&t, " ");
		if (value.text == NULL)
			snprintf(number, sizeof(number),
				 type->format == 'x' ? "%" PRIx64 : "%" PRId64, value.number);
		sb_dtb_text_puts(&t, value.text != NULL ? value.text : number);
	}
	return sb_dtb_text_finish(&t);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* Of what scanf() takes for fdtput, what is one number and nothing else; "0x" is good everywhere.
 */
static bool parse_number(const char *text, const struct stmboot_dtb_type *type, uint32_t *out)
{
	uint64_t most = (UINT64_C(1) << (8 * type->bytes)) - 1;
	bool negative = text[0] == '-' && (type->format == 'i' || type->format == 0);
	unsigned int base = type->format == 'x' ? 16 : 10;
	uint64_t value = 0;

	text += negative;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	} else if (text[0] == '0' && text[1] != 0 && type->format == 'i') {
		base = 8;
	}
	if (text[0] == 0)
		return false;
	for (; *text != 0; text++) {
		unsigned int digit = (unsigned int)digit_of(*text);

		value = value * base + digit;
		if (digit >= base || value > most)
			return false;
	}
	if (negative && value > most / 2 + 1)
		return false;
	*out = (uint32_t)(negative ? 0 - value : value);
	return true;
}

/* Integers when all of them are, else strings. */
static struct stmboot_dtb_type choose(const struct stmboot_dtb_type *asked,
				      const char *const *values, size_t count)
{
	struct stmboot_dtb_type type = *asked;
	uint32_t number;

	if (type.format != 's' && type.bytes == 0)
		type.bytes = CELL;
	for (size_t i = 0; i < count && type.format == 0; i++)
		if (!parse_number(values[i], &type, &number))
			type.format = 's';
	return type;
}

static bool add_up(const struct stmboot_dtb_type *type, const char *const *values, size_t count,
		   uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < count; i++)
		if (!sb_add_u64(*out, type->format == 's' ? strlen(values[i]) + 1 : type->bytes,
				out))
			return false;
	return *out <= INT32_MAX;
}

enum stmboot_status sb_dtb_encode(struct sb_arena *arena, const struct stmboot_dtb_type *asked,
				  const char *const *values, size_t count,
				  struct stmboot_refusal *why, const uint8_t **data,
				  uint32_t *length)
{
	const struct stmboot_dtb_type type = choose(asked, values, count);
	uint64_t bytes;
	uint8_t *to;

	if (!add_up(&type, values, count, &bytes))
		return STMBOOT_LIMIT;
	*data = to = sb_arena_alloc(arena, (size_t)bytes);
	if (to == NULL)
		return STMBOOT_NO_MEMORY;
	*length = (uint32_t)bytes;
	for (size_t i = 0; i < count; i++) {
		uint32_t number = 0;

		if (type.format == 's') {
			size_t size = strlen(values[i]) + 1;

			memcpy(to, values[i], size);
			to += size;
			continue;
		}
		if (!parse_number(values[i], &type, &number))
			return sb_refuse(why, STMBOOT_INVALID_ARGUMENT,
					 "with --type s it is a string",
					 "'%s' is no number that fits %d byte%s", values[i],
					 type.bytes, type.bytes == 1 ? "" : "s");
		for (int byte = type.bytes - 1; byte >= 0; byte--)
			*to++ = (uint8_t)(number >> (8 * byte));
	}
	return STMBOOT_OK;
}
