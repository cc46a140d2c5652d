/* SPDX-License-Identifier: MIT */
/* Adding and removing whole labels of an extlinux.conf. */
#include "format/extlinux_edit.h"

#include <string.h>

enum { MOST_SETTINGS = 32 }; /* of a new label */

/* A line of nothing but blanks. With a CR, it is a word to U-Boot that ends the label. */
static bool is_blank(const struct stmboot_extlinux_document *document, uint32_t file, size_t index)
{
	const struct stmboot_extlinux_line *line = &document->conf->files[file].lines[index];
	const char *bytes = sb_edit_bytes_of(document, file, line);

	for (uint64_t i = 0; i < line->length; i++)
		if (bytes[i] != ' ' && bytes[i] != '\t')
			return false;
	return true;
}

/* Whether labels of the configuration itself stand apart from what is before them. */
static bool labels_stand_apart(const struct stmboot_extlinux_document *document)
{
	const struct stmboot_extlinux *conf = document->conf;
	size_t lines = conf->files[0].line_count;

	for (size_t i = 0; i < conf->label_count; i++) {
		const struct stmboot_extlinux_text *name = &conf->labels[i].name;

		if (name->file == 0 && name->line > 1 && is_blank(document, 0, name->line - 2))
			return true;
	}
	return lines > 0 && is_blank(document, 0, lines - 1);
}

static const char *text_of_label(struct sb_arena *arena,
				 const struct stmboot_extlinux_document *document, const char *name,
				 const struct sb_extlinux_token *words,
				 const struct stmboot_extlinux_setting *settings, size_t count)
{
	const struct stmboot_extlinux_file *file = &document->conf->files[0];
	const char *indent = sb_edit_indent_of(arena, document, document->conf->label_count);
	const char *cr = file->line_count > 0 && sb_edit_ends_with_cr(document, 0, &file->lines[0])
				 ? "\r"
				 : "";
	const char *text;

	if (indent == NULL)
		return NULL;
	text = sb_arena_printf(arena, "%slabel %s", labels_stand_apart(document) ? "\n" : "", name);
	for (size_t i = 0; i < count && text != NULL; i++)
		text = sb_arena_printf(arena, "%s%s\n%s%s %s", text, cr, indent, words[i].name,
				       settings[i].value);
	return text;
}

static enum stmboot_status check_settings(const struct stmboot_extlinux_document *document,
					  struct sb_arena *arena,
					  const struct stmboot_extlinux_setting *settings,
					  size_t count, struct sb_extlinux_token *words,
					  struct stmboot_refusal *why)
{
	for (size_t i = 0; i < count; i++) {
		enum stmboot_status status =
			sb_edit_find_key(document, settings[i].key, &words[i], why);

		if (status == STMBOOT_OK)
			status = sb_edit_check_value(document, arena, words[i].keyword,
						     settings[i].value, why);
		if (status == STMBOOT_OK)
			status = sb_edit_check_bootargs(document, SIZE_MAX, words[i].keyword,
							settings[i].value, why);
		if (status != STMBOOT_OK)
			return status;
		for (size_t k = 0; k < i; k++)
			if (words[k].keyword == words[i].keyword)
				return sb_refuse(why, STMBOOT_INVALID_ARGUMENT, NULL,
						 "'%s' is given twice", words[i].name);
	}
	return STMBOOT_OK;
}

static enum stmboot_status check_name(const struct stmboot_extlinux_document *document,
				      const char *name, struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_edit_check_text(name, why);

	for (size_t i = 0; i < document->conf->label_count && status == STMBOOT_OK; i++) {
		const char *other = document->conf->labels[i].name.text;

		if (strncmp(other, name, strlen(name)) == 0 &&
		    sb_without_cr(other, strlen(other)) == strlen(name))
			status = sb_refuse(why, STMBOOT_CONFLICT, "choose another name",
					   "there is a label '%s' already", name);
	}
	return status;
}

static bool expect_label(struct sb_arena *arena, struct sb_expected *expected, const char *name,
			 const struct sb_extlinux_token *words,
			 const struct stmboot_extlinux_setting *settings, size_t count)
{
	struct sb_expected_label *label = &expected->labels[expected->label_count++];

	label->text[SB_LABEL_NAME] = name;
	for (size_t i = 0; i < count; i++)
		if (!sb_expected_set(arena, label, words[i].keyword, settings[i].value))
			return false;
	return true;
}

static enum stmboot_status add(struct stmboot_extlinux_document *document, struct sb_arena *arena,
			       const char *name, const struct stmboot_extlinux_setting *settings,
			       size_t count, struct stmboot_refusal *why)
{
	const struct stmboot_extlinux_file *file = &document->conf->files[0];
	struct sb_extlinux_token words[MOST_SETTINGS];
	struct sb_expected expected;
	struct sb_splice splice;
	const char *text;
	enum stmboot_status status = check_name(document, name, why);

	if (status == STMBOOT_OK && count > MOST_SETTINGS)
		status = STMBOOT_LIMIT;
	if (status == STMBOOT_OK)
		status = check_settings(document, arena, settings, count, words, why);
	if (status != STMBOOT_OK)
		return status;
	text = text_of_label(arena, document, name, words, settings, count);
	if (text == NULL || !sb_expected_of(arena, document->conf, &expected) ||
	    !expect_label(arena, &expected, name, words, settings, count))
		return STMBOOT_NO_MEMORY;
	if (file->line_count > 0)
		splice = sb_edit_line_behind(arena, document, 0, &file->lines[file->line_count - 1],
					     text);
	else
		splice = (struct sb_splice){ .text = sb_arena_printf(arena, "%s\n", text) };
	return arena->failed ? STMBOOT_NO_MEMORY
			     : sb_document_apply(document, 0, &splice, 1, &expected, why);
}

enum stmboot_status stmboot_extlinux_document_add(struct stmboot_extlinux_document *document,
						  const char *name,
						  const struct stmboot_extlinux_setting *settings,
						  size_t count, struct stmboot_refusal *why)
{
	enum stmboot_status status;
	struct sb_arena arena;

	if (document->conf->outcome != STMBOOT_EXTLINUX_READ)
		return sb_document_ready(document, 0, why);
	sb_arena_init(&arena, document->ctx);
	status = add(document, &arena, name, settings, count, why);
	sb_arena_release(&arena);
	return status;
}

/* Index of the line behind the label's last one. */
static size_t end_of_label(const struct stmboot_extlinux *conf, size_t label)
{
	const struct stmboot_extlinux_text *name = &conf->labels[label].name;
	const struct stmboot_extlinux_file *file = &conf->files[name->file];
	size_t end = name->line;

	for (size_t i = name->line; i < file->line_count; i++)
		if (file->lines[i].label == (int32_t)label &&
		    file->lines[i].keyword != STMBOOT_EXTLINUX_BLANK)
			end = i + 1;
	return end;
}

/* Without its label, `menu default` no longer names it, but may name the next. */
static void expect_default(const struct stmboot_extlinux *conf, size_t removed,
			   struct sb_expected *expected)
{
	if (conf->default_name.text != conf->labels[removed].name.text)
		return;
	expected->default_name = NULL;
	for (size_t i = expected->label_count; i-- > 0;)
		if (expected->labels[i].menu_default)
			expected->default_name = expected->labels[i].text[SB_LABEL_NAME];
}

static enum stmboot_status remove_label(struct stmboot_extlinux_document *document,
					struct sb_arena *arena, size_t label,
					struct stmboot_refusal *why)
{
	const struct stmboot_extlinux *conf = document->conf;
	const struct stmboot_extlinux_text *name = &conf->labels[label].name;
	const struct stmboot_extlinux_file *file = &conf->files[name->file];
	const struct stmboot_extlinux_line *last;
	size_t first = name->line - 1, end = end_of_label(conf, label);
	struct sb_expected expected;
	struct sb_splice splice;

	if (!sb_expected_of(arena, conf, &expected))
		return STMBOOT_NO_MEMORY;
	expected.label_count--;
	memmove(&expected.labels[label], &expected.labels[label + 1],
		(expected.label_count - label) * sizeof(*expected.labels));
	expect_default(conf, label, &expected);
	/* The blank line that set it apart goes with it. */
	if (first > 0 && is_blank(document, name->file, first - 1) &&
	    (end == file->line_count || is_blank(document, name->file, end)))
		first--;
	last = &file->lines[end - 1];
	splice.offset = file->lines[first].offset;
	splice.removed = last->offset + last->length + last->has_line_feed - splice.offset;
	splice.text = NULL;
	/* A file that did not end its last line does not begin to. */
	if (!last->has_line_feed && first > 0) {
		splice.offset--;
		splice.removed++;
	}
	return sb_document_apply(document, sb_document_file_of(document, name->file), &splice, 1,
				 &expected, why);
}

enum stmboot_status stmboot_extlinux_document_remove(struct stmboot_extlinux_document *document,
						     size_t label, struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_document_ready(document, label, why);
	struct sb_arena arena;

	if (status != STMBOOT_OK)
		return status;
	sb_arena_init(&arena, document->ctx);
	status = remove_label(document, &arena, label, why);
	sb_arena_release(&arena);
	return status;
}
