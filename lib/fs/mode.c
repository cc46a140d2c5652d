/* SPDX-License-Identifier: MIT */
#include "fs/mode.h"

#include <stddef.h>
#include <string.h>

enum {
	USER = 04700,
	GROUP = 02070,
	OTHER = 01007,
	ALL = 07777,
	MOST_DIGITS = 5,
};

static bool parse_octal(const char *text, uint32_t *out)
{
	size_t length = strlen(text);
	uint32_t value = 0;

	if (length == 0 || length > MOST_DIGITS || strspn(text, "01234567") != length)
		return false;
	for (size_t i = 0; i < length; i++)
		value = value << 3 | (uint32_t)(text[i] - '0');
	*out = value;
	return value <= ALL;
}

/* "ugo": the bits of those that are named. */
static uint32_t parse_who(const char **text)
{
	uint32_t who = 0;

	for (;; (*text)++) {
		switch (**text) {
		case 'u':
			who |= USER;
			break;
		case 'g':
			who |= GROUP;
			break;
		case 'o':
			who |= OTHER;
			break;
		case 'a':
			who |= ALL;
			break;
		default:
			return who != 0 ? who : ALL;
		}
	}
}

/* The permissions of one of the three, for all of them. */
static uint32_t spread(uint32_t bits)
{
	return bits << 6 | bits << 3 | bits;
}

/* "rwX" or "g": the bits that are meant, of everybody. */
static uint32_t parse_what(const char **text, uint32_t mode, bool is_directory)
{
	uint32_t what = 0;

	switch (**text) {
	case 'u':
		what = spread(mode >> 6 & 7);
		break;
	case 'g':
		what = spread(mode >> 3 & 7);
		break;
	case 'o':
		what = spread(mode & 7);
		break;
	default:
		for (; **text != '\0' && strchr("rwxXst", **text) != NULL; (*text)++) {
			what |= **text == 'r' ? 0444U : 0;
			what |= **text == 'w' ? 0222U : 0;
			what |= **text == 'x' ? 0111U : 0;
			what |= **text == 'X' && (is_directory || (mode & 0111) != 0) ? 0111U : 0;
			what |= **text == 's' ? 06000U : 0;
			what |= **text == 't' ? 01000U : 0;
		}
		return what;
	}
	(*text)++;
	return what;
}

/* "u+x-w": who, and then one or more actions. */
static bool apply_clause(const char **text, bool is_directory, uint32_t *mode)
{
	uint32_t who = parse_who(text);

	if (**text == '\0' || strchr("+-=", **text) == NULL)
		return false;
	while (**text != '\0' && strchr("+-=", **text) != NULL) {
		char action = *(*text)++;
		uint32_t what = parse_what(text, *mode, is_directory) & who;

		if (action == '=')
			*mode &= ~who;
		if (action == '-')
			*mode &= ~what;
		else
			*mode |= what;
	}
	return true;
}

bool sb_mode_apply(const char *text, uint32_t mode, bool is_directory, uint32_t *out)
{
	if (parse_octal(text, out))
		return true;
	for (;;) {
		if (!apply_clause(&text, is_directory, &mode))
			return false;
		if (*text == '\0')
			break;
		if (*text++ != ',')
			return false;
	}
	*out = mode;
	return true;
}
