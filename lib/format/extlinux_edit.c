/* SPDX-License-Identifier: MIT */
/* The edits of an extlinux.conf: which bytes change, and what is to be read afterwards. */
#include "format/extlinux_edit.h"

#include <stdio.h>
#include <string.h>

enum { MOST_LINES = 32 }; /* of one keyword in one label */

enum stmboot_status sb_document_set_value(struct stmboot_extlinux_document *document,
					  struct sb_arena *arena, size_t label,
					  enum stmboot_extlinux_keyword keyword, const char *name,
					  const char *value, struct stmboot_refusal *why)
{
	const struct stmboot_extlinux_label *old = &document->conf->labels[label];
	const struct stmboot_extlinux_text *at = sb_label_text_at(old, sb_label_text_of(keyword));
	uint32_t file = at->text != NULL ? at->file : old->name.file;
	struct sb_expected expected;
	struct sb_splice splice;
	enum stmboot_status status = sb_edit_check_bootargs(document, label, keyword, value, why);

	if (status != STMBOOT_OK)
		return status;
	if (!sb_expected_of(arena, document->conf, &expected) ||
	    !sb_expected_set(arena, &expected.labels[label], keyword, value))
		return STMBOOT_NO_MEMORY;
	splice = at->text != NULL ? sb_edit_value_at(at, value)
				  : sb_edit_new_value(arena, document, label, name, value);
	if (arena->failed)
		return STMBOOT_NO_MEMORY;
	return sb_document_apply(document, sb_document_file_of(document, file), &splice, 1,
				 &expected, why);
}

static enum stmboot_status check_initrd(const struct stmboot_extlinux_label *label,
					enum stmboot_extlinux_keyword keyword,
					struct stmboot_refusal *why)
{
	if (keyword != STMBOOT_EXTLINUX_INITRD || !label->initrd_from_append)
		return STMBOOT_OK;
	return sb_refuse(why, STMBOOT_CONFLICT, "change the argument initrd= instead",
			 "the initrd comes from initrd= in append");
}

static enum stmboot_status set(struct stmboot_extlinux_document *document, struct sb_arena *arena,
			       size_t label, const char *key, const char *value,
			       struct stmboot_refusal *why)
{
	struct sb_extlinux_token word;
	enum stmboot_status status = sb_edit_find_key(document, key, &word, why);

	if (status == STMBOOT_OK)
		status = sb_edit_check_value(document, arena, word.keyword, value, why);
	if (status == STMBOOT_OK)
		status = check_initrd(&document->conf->labels[label], word.keyword, why);
	if (status != STMBOOT_OK)
		return status;
	return sb_document_set_value(document, arena, label, word.keyword, word.name, value, why);
}

enum stmboot_status stmboot_extlinux_document_set(struct stmboot_extlinux_document *document,
						  size_t label, const char *key, const char *value,
						  struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_document_ready(document, label, why);
	struct sb_arena arena;

	if (status != STMBOOT_OK)
		return status;
	sb_arena_init(&arena, document->ctx);
	status = set(document, &arena, label, key, value, why);
	sb_arena_release(&arena);
	return status;
}

static struct sb_splice without_line(const struct stmboot_extlinux_line *line)
{
	return (struct sb_splice){ .offset = line->offset,
				   .removed = line->length + line->has_line_feed };
}

/* Every line of the keyword: with one of two gone, the other would count. */
static enum stmboot_status unset(struct stmboot_extlinux_document *document, struct sb_arena *arena,
				 size_t label, enum stmboot_extlinux_keyword keyword,
				 struct stmboot_refusal *why)
{
	const struct stmboot_extlinux *conf = document->conf;
	const struct stmboot_extlinux_text *at =
		sb_label_text_at(&conf->labels[label], sb_label_text_of(keyword));
	const struct stmboot_extlinux_file *file;
	struct sb_splice splices[MOST_LINES];
	struct sb_expected expected;
	size_t count = 0;

	if (at->text == NULL)
		return STMBOOT_OK;
	file = &conf->files[at->file];
	for (size_t i = 0; i < file->line_count; i++) {
		if (file->lines[i].label != (int32_t)label || file->lines[i].keyword != keyword)
			continue;
		if (count == MOST_LINES)
			return sb_refuse(why, STMBOOT_LIMIT, NULL, "the label has too many lines");
		splices[count++] = without_line(&file->lines[i]);
	}
	if (!sb_expected_of(arena, conf, &expected) ||
	    !sb_expected_set(arena, &expected.labels[label], keyword, NULL))
		return STMBOOT_NO_MEMORY;
	return sb_document_apply(document, sb_document_file_of(document, at->file), splices, count,
				 &expected, why);
}

enum stmboot_status stmboot_extlinux_document_unset(struct stmboot_extlinux_document *document,
						    size_t label, const char *key,
						    struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_document_ready(document, label, why);
	struct sb_extlinux_token word;
	struct sb_arena arena;

	if (status == STMBOOT_OK)
		status = sb_edit_find_key(document, key, &word, why);
	if (status == STMBOOT_OK)
		status = check_initrd(&document->conf->labels[label], word.keyword, why);
	if (status != STMBOOT_OK)
		return status;
	sb_arena_init(&arena, document->ctx);
	status = unset(document, &arena, label, word.keyword, why);
	sb_arena_release(&arena);
	return status;
}

/* A new line for the whole configuration: behind `after`, else before all but comments. */
static struct sb_splice new_setting(struct sb_arena *arena,
				    const struct stmboot_extlinux_document *document,
				    const struct stmboot_extlinux_line *after, const char *text)
{
	const struct stmboot_extlinux_file *file = &document->conf->files[0];

	if (after != NULL)
		return sb_edit_line_behind(arena, document, 0, after, text);
	for (size_t i = 0; i < file->line_count; i++)
		if (file->lines[i].keyword != STMBOOT_EXTLINUX_BLANK)
			return sb_edit_line_before(arena, document, 0, &file->lines[i], text);
	if (file->line_count > 0)
		return sb_edit_line_behind(arena, document, 0, &file->lines[file->line_count - 1],
					   text);
	return (struct sb_splice){ .text = sb_arena_printf(arena, "%s\n", text) };
}

/* The name in `default`, or NULL where there is none or `menu default` gave it. */
static const struct stmboot_extlinux_text *default_line(const struct stmboot_extlinux *conf)
{
	for (size_t i = 0; i < conf->label_count; i++)
		if (conf->labels[i].name.text == conf->default_name.text)
			return NULL;
	return conf->default_name.text != NULL ? &conf->default_name : NULL;
}

/* Change a setting of the whole configuration, which stands at `at` or nowhere yet. */
static enum stmboot_status set_top(struct stmboot_extlinux_document *document,
				   struct sb_arena *arena, const struct stmboot_extlinux_text *at,
				   const struct stmboot_extlinux_line *after, const char *keyword,
				   const char *value, const struct sb_expected *expected,
				   struct stmboot_refusal *why)
{
	const char *line = sb_arena_printf(arena, "%s %s", keyword, value);
	struct sb_splice splice;

	if (line == NULL)
		return STMBOOT_NO_MEMORY;
	splice = at != NULL ? sb_edit_value_at(at, value)
			    : new_setting(arena, document, after, line);
	if (arena->failed)
		return STMBOOT_NO_MEMORY;
	return sb_document_apply(document, sb_document_file_of(document, at != NULL ? at->file : 0),
				 &splice, 1, expected, why);
}

enum stmboot_status
stmboot_extlinux_document_set_default(struct stmboot_extlinux_document *document, size_t label,
				      struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_document_ready(document, label, why);
	const struct stmboot_extlinux *conf = document->conf;
	struct sb_expected expected;
	struct sb_arena arena;
	const char *name;

	if (status != STMBOOT_OK)
		return status;
	if (stmboot_extlinux_find(conf, conf->labels[label].name.text) != (int32_t)label)
		return sb_refuse(why, STMBOOT_CONFLICT, "give one of them another name",
				 "a later label has the same name, and U-Boot would take that one");
	sb_arena_init(&arena, document->ctx);
	name = conf->labels[label].name.text;
	name = sb_arena_strndup(&arena, name, sb_without_cr(name, strlen(name)));
	status = STMBOOT_NO_MEMORY;
	if (name != NULL && sb_expected_of(&arena, conf, &expected)) {
		expected.default_name = name;
		status = set_top(document, &arena, default_line(conf), NULL, "default", name,
				 &expected, why);
	}
	sb_arena_release(&arena);
	return status;
}

enum stmboot_status
stmboot_extlinux_document_set_timeout(struct stmboot_extlinux_document *document, uint32_t tenths,
				      struct stmboot_refusal *why)
{
	const struct stmboot_extlinux *conf = document->conf;
	const struct stmboot_extlinux_text *line = default_line(conf);
	const struct stmboot_extlinux_line *after = NULL;
	enum stmboot_status status;
	struct sb_expected expected;
	struct sb_arena arena;
	char value[16];

	if (conf->outcome != STMBOOT_EXTLINUX_READ)
		return sb_document_ready(document, 0, why);
	if (tenths > INT32_MAX - 9)
		return sb_refuse(why, STMBOOT_LIMIT, NULL, "that is too long for U-Boot");
	if (line != NULL && line->file == 0)
		after = sb_edit_line_at(conf, line);
	snprintf(value, sizeof(value), "%u", tenths);
	sb_arena_init(&arena, document->ctx);
	status = STMBOOT_NO_MEMORY;
	if (sb_expected_of(&arena, conf, &expected)) {
		expected.timeout = value;
		status = set_top(document, &arena,
				 conf->timeout.text != NULL ? &conf->timeout : NULL, after,
				 "timeout", value, &expected, why);
	}
	sb_arena_release(&arena);
	return status;
}
