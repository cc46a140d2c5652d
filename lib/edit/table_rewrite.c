/* SPDX-License-Identifier: MIT */
/*
 * Texts that name partitions by GUIDs and names, made to name the same ones
 * after these changed. Deciding source: Linux block/early-lookup.c, which takes
 * the first partition whose GUID begins with the text behind PARTUUID=, and the
 * first whose name is the text behind PARTLABEL=.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "edit/table_edit.h"
#include "format/cmdline.h"

enum { GUID_LENGTH = STMBOOT_GUID_TEXT - 1 };

/* A part of the text that is to be another. */
struct piece {
	size_t start, length;
	const char *text;
};

struct rewriting {
	struct sb_arena *arena;
	const struct sb_table_change *change;
	struct stmboot_refusal *why;
	const char *text;
	struct piece *pieces;
	size_t count, capacity;
	size_t guid_count; /* those of the GUIDs come first */
};

static enum stmboot_status replace(struct rewriting *r, size_t start, size_t length,
				   const char *text)
{
	struct piece *piece;

	if (text == NULL)
		return STMBOOT_NO_MEMORY;
	if (strlen(text) == length && memcmp(r->text + start, text, length) == 0)
		return STMBOOT_OK;
	piece = sb_arena_push(r->arena, &r->pieces, &r->count, &r->capacity, sizeof(*piece));
	if (piece == NULL)
		return STMBOOT_NO_MEMORY;
	*piece = (struct piece){ start, length, text };
	return STMBOOT_OK;
}

/* The first partition whose GUID begins with a text, or the count of them. */
static size_t find_guid(const struct stmboot_partition *const *list, size_t count, const char *text,
			size_t length)
{
	size_t i = 0;

	while (i < count && strncasecmp(list[i]->guid, text, length) != 0)
		i++;
	return i;
}

static size_t find_name(const struct stmboot_partition *const *list, size_t count, const char *text,
			size_t length)
{
	size_t i = 0;

	while (i < count && (strlen(list[i]->name_linux) != length ||
			     memcmp(list[i]->name_linux, text, length) != 0))
		i++;
	return i;
}

static bool is_hex(char c)
{
	return isxdigit((unsigned char)c) != 0;
}

/* Does a GUID in full stand here, and not the middle of something longer? */
static bool is_guid_at(const char *text, size_t at)
{
	if (at > 0 && is_hex(text[at - 1]))
		return false;
	for (size_t i = 0; i < GUID_LENGTH; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[at + i] != '-' : !is_hex(text[at + i]))
			return false;
	}
	return !is_hex(text[at + GUID_LENGTH]);
}

/* The beginning of a GUID, in upper case where the text before was. */
static char *guid_like(struct sb_arena *arena, const char *guid, size_t length, const char *before,
		       size_t before_length)
{
	char *out = sb_arena_strndup(arena, guid, length);
	bool upper = false, lower = false;

	for (size_t i = 0; i < before_length; i++) {
		upper = upper || isupper((unsigned char)before[i]) != 0;
		lower = lower || islower((unsigned char)before[i]) != 0;
	}
	for (size_t i = 0; out != NULL && upper && !lower && out[i] != '\0'; i++)
		out[i] = (char)toupper((unsigned char)out[i]);
	return out;
}

/* Wherever it stands, a GUID in full means this one partition. */
static enum stmboot_status rewrite_guids(struct rewriting *r)
{
	const struct sb_table_change *change = r->change;
	enum stmboot_status status = STMBOOT_OK;

	for (size_t at = 0; r->text[at] != '\0' && status == STMBOOT_OK; at++) {
		const char *here = r->text + at;
		size_t i;

		if (!is_guid_at(r->text, at))
			continue;
		i = find_guid(change->before, change->count, here, GUID_LENGTH);
		if (i < change->count)
			status = replace(r, at, GUID_LENGTH,
					 guid_like(r->arena, change->after[i]->guid, GUID_LENGTH,
						   here, GUID_LENGTH));
		at += GUID_LENGTH - 1;
	}
	return status;
}

/* A shortened GUID stays as short as it was, if that still means the same partition. */
static enum stmboot_status rewrite_short_guid(struct rewriting *r, size_t start, size_t length)
{
	const struct sb_table_change *change = r->change;
	const char *text = r->text + start;
	size_t i = find_guid(change->before, change->count, text, length);
	const char *guid;

	if (i == change->count || find_guid(change->after, change->count, text, length) == i)
		return STMBOOT_OK;
	guid = change->after[i]->guid;
	return replace(r, start, length,
		       guid_like(r->arena, guid,
				 find_guid(change->after, change->count, guid, length) == i
					 ? length
					 : GUID_LENGTH,
				 text, length));
}

/* Neither U-Boot nor the kernel takes anything of it away. */
static bool is_plain(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (isalnum((unsigned char)*c) == 0 && strchr("-_.,:+@%=/", *c) == NULL)
			return false;
	return *name != '\0';
}

static enum stmboot_status rewrite_name(struct rewriting *r, size_t start, size_t length)
{
	const struct sb_table_change *change = r->change;
	const char *text = r->text + start;
	size_t i = find_name(change->before, change->count, text, length), other;
	const char *name;

	if (i == change->count)
		return STMBOOT_OK;
	name = change->after[i]->name_linux;
	if (strlen(name) == length && memcmp(name, text, length) == 0)
		return STMBOOT_OK;
	other = find_name(change->after, change->count, name, strlen(name));
	if (!is_plain(name))
		return sb_refuse(
			r->why, STMBOOT_CONFLICT,
			"choose a name of letters, digits, '-', '_' and '.', or name it by "
			"its PARTUUID first",
			"the command line names partition %" PRIu32
			" by its name, and could not name it '%s'",
			change->after[i]->number, name);
	if (other != i)
		return sb_refuse(r->why, STMBOOT_CONFLICT, "choose another name",
				 "the command line names partition %" PRIu32
				 " by its name, and partition %" PRIu32 " would be found by '%s'",
				 change->after[i]->number, change->after[other]->number, name);
	return replace(r, start, length, name);
}

static bool begins(const char *text, size_t length, const char *with)
{
	return length > strlen(with) && strncmp(text, with, strlen(with)) == 0;
}

/* What a value names by a shortened GUID or by a name. */
static enum stmboot_status rewrite_value(struct rewriting *r, const struct sb_cmdline_word *word)
{
	static const char partuuid[] = "PARTUUID=";
	static const char *const names[] = { "PARTLABEL=", "/dev/disk/by-partlabel/" };
	const char *value = r->text + word->value;
	size_t length = word->value_length;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (begins(value, length, names[i]))
			return rewrite_name(r, word->value + strlen(names[i]),
					    length - strlen(names[i]));
	if (!begins(value, length, partuuid))
		return STMBOOT_OK;
	value += strlen(partuuid);
	length -= strlen(partuuid);
	if (memchr(value, '/', length) != NULL) /* PARTNROFF= follows */
		length = strcspn(value, "/");
	return length > 0 && length < GUID_LENGTH
		       ? rewrite_short_guid(r, (size_t)(value - r->text), length)
		       : STMBOOT_OK;
}

static enum stmboot_status rewrite_words(struct rewriting *r)
{
	enum stmboot_status status = STMBOOT_OK;
	struct sb_cmdline_word word;
	size_t at = 0;

	while (status == STMBOOT_OK && sb_cmdline_next(r->text, &at, &word))
		if (word.has_value)
			status = rewrite_value(r, &word);
	return status;
}

static size_t joined_bytes(const struct rewriting *r)
{
	size_t bytes = strlen(r->text) + 1;

	for (size_t i = 0; i < r->count; i++)
		bytes += strlen(r->pieces[i].text);
	return bytes;
}

/* The text with its pieces replaced, which each of two passes found in the order of the text. */
static const char *join(struct rewriting *r)
{
	char *out = sb_arena_alloc(r->arena, joined_bytes(r));
	size_t first = 0, second = r->guid_count, at = 0, used = 0;

	while (out != NULL && (first < r->guid_count || second < r->count)) {
		bool from_first =
			second == r->count || (first < r->guid_count &&
					       r->pieces[first].start <= r->pieces[second].start);
		const struct piece *next = &r->pieces[from_first ? first++ : second++];

		if (next->start < at) /* within one that was replaced */
			continue;
		memcpy(out + used, r->text + at, next->start - at);
		used += next->start - at;
		memcpy(out + used, next->text, strlen(next->text));
		used += strlen(next->text);
		at = next->start + next->length;
	}
	if (out != NULL)
		memcpy(out + used, r->text + at, strlen(r->text + at) + 1);
	return out;
}

enum stmboot_status sb_table_rewrite(struct sb_arena *arena, const struct sb_table_change *change,
				     const char *text, struct stmboot_refusal *why,
				     const char **out)
{
	struct rewriting r = { .arena = arena, .change = change, .why = why, .text = text };
	enum stmboot_status status = rewrite_guids(&r);

	r.guid_count = r.count;
	if (status == STMBOOT_OK)
		status = rewrite_words(&r);
	if (status != STMBOOT_OK)
		return status;
	*out = r.count != 0 ? join(&r) : text;
	return *out != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}
