/* SPDX-License-Identifier: MIT */
/* Where in an extlinux.conf bytes are to change. */
#include "format/extlinux_edit.h"

#include <string.h>

const struct stmboot_extlinux_line *sb_edit_line_at(const struct stmboot_extlinux *conf,
						    const struct stmboot_extlinux_text *at)
{
	return &conf->files[at->file].lines[at->line - 1];
}

const char *sb_edit_bytes_of(const struct stmboot_extlinux_document *document, uint32_t file,
			     const struct stmboot_extlinux_line *line)
{
	return document->files[sb_document_file_of(document, file)].now.text + line->offset;
}

bool sb_edit_ends_with_cr(const struct stmboot_extlinux_document *document, uint32_t file,
			  const struct stmboot_extlinux_line *line)
{
	return line->length > 0 && sb_edit_bytes_of(document, file, line)[line->length - 1] == '\r';
}

/* A new line behind one that is there. */
struct sb_splice sb_edit_line_behind(struct sb_arena *arena,
				     const struct stmboot_extlinux_document *document,
				     uint32_t file, const struct stmboot_extlinux_line *line,
				     const char *text)
{
	const char *cr = sb_edit_ends_with_cr(document, file, line) ? "\r" : "";
	struct sb_splice splice = { .offset = line->offset + line->length };

	if (line->has_line_feed) {
		splice.offset++;
		splice.text = sb_arena_printf(arena, "%s%s\n", text, cr);
	} else {
		splice.text = sb_arena_printf(arena, "\n%s%s", text, cr);
	}
	return splice;
}

struct sb_splice sb_edit_line_before(struct sb_arena *arena,
				     const struct stmboot_extlinux_document *document,
				     uint32_t file, const struct stmboot_extlinux_line *line,
				     const char *text)
{
	const char *cr = sb_edit_ends_with_cr(document, file, line) ? "\r" : "";

	return (struct sb_splice){ .offset = line->offset,
				   .text = sb_arena_printf(arena, "%s%s\n", text, cr) };
}

/* Another value in place of one that stands in the file. */
struct sb_splice sb_edit_value_at(const struct stmboot_extlinux_text *at, const char *value)
{
	return (struct sb_splice){ .offset = at->offset,
				   .removed = sb_without_cr(at->text, (size_t)at->length),
				   .text = value };
}

/* The last line that the label takes, of those that neither open nor close anything. */
static const struct stmboot_extlinux_line *last_line(const struct stmboot_extlinux *conf,
						     size_t label)
{
	const struct stmboot_extlinux_text *name = &conf->labels[label].name;
	const struct stmboot_extlinux_file *file = &conf->files[name->file];
	const struct stmboot_extlinux_line *last = sb_edit_line_at(conf, name);

	for (size_t i = name->line; i < file->line_count; i++)
		if (file->lines[i].label == (int32_t)label && !file->lines[i].ignored &&
		    file->lines[i].keyword >= STMBOOT_EXTLINUX_KERNEL)
			last = &file->lines[i];
	return last;
}

/* The blanks that lines of labels begin with here. */
const char *sb_edit_indent_of(struct sb_arena *arena,
			      const struct stmboot_extlinux_document *document, size_t label)
{
	const struct stmboot_extlinux *conf = document->conf;
	const char *start;

	for (size_t i = 0; i <= conf->label_count; i++) {
		size_t k = i == 0 ? label : i - 1;
		const struct stmboot_extlinux_line *line;

		if (k >= conf->label_count)
			continue;
		line = last_line(conf, k);
		if (line->keyword == STMBOOT_EXTLINUX_LABEL)
			continue;
		start = sb_edit_bytes_of(document, conf->labels[k].name.file, line);
		return sb_arena_strndup(arena, start, strspn(start, " \t"));
	}
	return "  ";
}

struct sb_splice sb_edit_new_value(struct sb_arena *arena,
				   const struct stmboot_extlinux_document *document, size_t label,
				   const char *name, const char *value)
{
	const struct stmboot_extlinux *conf = document->conf;
	const char *indent = sb_edit_indent_of(arena, document, label);
	const char *text =
		indent != NULL ? sb_arena_printf(arena, "%s%s %s", indent, name, value) : NULL;

	if (text == NULL)
		return (struct sb_splice){ 0 };
	return sb_edit_line_behind(arena, document, conf->labels[label].name.file,
				   last_line(conf, label), text);
}
