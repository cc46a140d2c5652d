/* SPDX-License-Identifier: MIT */
/* The files of a configuration that is being changed, and reading them again after each change. */
#include "format/extlinux_edit.h"

#include <string.h>

#include "base/context.h"

/* What reading asks for included files: of the caller, or of the document itself. */
struct reader {
	struct stmboot_extlinux_document *document;
	const struct stmboot_extlinux_options *caller; /* NULL: the document's own files */
	size_t changed;                                /* this file as it may become */
	char *text;
	size_t size;
};

static struct sb_document_file *find_file(struct stmboot_extlinux_document *document,
					  const char *path)
{
	for (size_t i = 1; i < document->file_count; i++)
		if (strcmp(document->files[i].now.path, path) == 0)
			return &document->files[i];
	return NULL;
}

static bool add_file(struct stmboot_extlinux_document *document, const char *path, const void *text,
		     size_t size)
{
	struct sb_document_file *file =
		sb_arena_push(&document->arena, &document->files, &document->file_count,
			      &document->file_capacity, sizeof(*file));
	char *copy = sb_arena_alloc(&document->arena, size + 1);

	if (file == NULL || copy == NULL)
		return false;
	if (size != 0)
		memcpy(copy, text, size);
	file->now.path = sb_arena_strdup(&document->arena, path);
	file->now.text = file->original = copy;
	file->now.size = file->original_size = size;
	return !document->arena.failed;
}

static enum stmboot_status include(void *user, const char *path, const void **data, size_t *size)
{
	const struct reader *reader = user;
	struct stmboot_extlinux_document *document = reader->document;
	struct sb_document_file *file = find_file(document, path);
	enum stmboot_status status;

	if (file == NULL && (reader->caller == NULL || reader->caller->include == NULL))
		return STMBOOT_NOT_FOUND;
	if (file == NULL) {
		status = reader->caller->include(reader->caller->user, path, data, size);
		if (status == STMBOOT_OK && !add_file(document, path, *data, *size))
			status = STMBOOT_NO_MEMORY;
		return status;
	}
	*data = file->now.text;
	*size = file->now.size;
	if (reader->text != NULL && file == &document->files[reader->changed]) {
		*data = reader->text;
		*size = reader->size;
	}
	return STMBOOT_OK;
}

static enum stmboot_status read_again(struct reader *reader, const char *directory,
				      const struct stmboot_extlinux **out)
{
	const struct stmboot_extlinux_document *document = reader->document;
	const struct stmboot_extlinux_options options = { .struct_size = sizeof(options),
							  .version = document->version,
							  .directory = directory,
							  .include = include,
							  .user = reader };
	bool changed = reader->text != NULL && reader->changed == 0;

	return stmboot_extlinux_decode(
		document->ctx, changed ? reader->text : document->files[0].now.text,
		changed ? reader->size : document->files[0].now.size, &options, out);
}

enum stmboot_status stmboot_extlinux_document_open(struct stmboot_context *ctx, const void *text,
						   size_t size,
						   const struct stmboot_extlinux_options *options,
						   struct stmboot_extlinux_document **out)
{
	struct stmboot_extlinux_options o = { 0 };
	struct stmboot_extlinux_document *document = sb_alloc(ctx, sizeof(*document));
	struct reader reader = { .document = document, .caller = &o };
	enum stmboot_status status = STMBOOT_NO_MEMORY;

	if (document == NULL)
		return STMBOOT_NO_MEMORY;
	if (options != NULL)
		memcpy(&o, options,
		       options->struct_size < sizeof(o) ? options->struct_size : sizeof(o));
	document->ctx = ctx;
	document->version = o.version;
	sb_arena_init(&document->arena, ctx);
	if (add_file(document, NULL, text, size))
		status = read_again(&reader, o.directory, &document->conf);
	if (status != STMBOOT_OK) {
		stmboot_extlinux_document_free(document);
		return status;
	}
	*out = document;
	return STMBOOT_OK;
}

void stmboot_extlinux_document_free(struct stmboot_extlinux_document *document)
{
	if (document == NULL)
		return;
	stmboot_extlinux_free(document->conf);
	for (size_t i = 0; i < document->file_count; i++)
		sb_free(document->ctx, document->files[i].edited);
	sb_arena_release(&document->arena);
	sb_free(document->ctx, document);
}

const struct stmboot_extlinux *
stmboot_extlinux_document_conf(const struct stmboot_extlinux_document *document)
{
	return document->conf;
}

size_t stmboot_extlinux_document_file_count(const struct stmboot_extlinux_document *document)
{
	return document->file_count;
}

const struct stmboot_extlinux_document_file *
stmboot_extlinux_document_file(const struct stmboot_extlinux_document *document, size_t index)
{
	return index < document->file_count ? &document->files[index].now : NULL;
}

size_t sb_document_file_of(const struct stmboot_extlinux_document *document, uint32_t number)
{
	const char *path = document->conf->files[number].path;

	for (size_t i = 1; path != NULL && i < document->file_count; i++)
		if (strcmp(document->files[i].now.path, path) == 0)
			return i;
	return 0;
}

/* The text that a file becomes, with room for one more byte. */
static char *splice(struct stmboot_extlinux_document *document, const struct sb_document_file *file,
		    const struct sb_splice *splices, size_t count, size_t *size)
{
	size_t at = 0, from = 0;
	char *text;

	*size = file->now.size;
	for (size_t i = 0; i < count; i++)
		*size += (splices[i].text != NULL ? strlen(splices[i].text) : 0) -
			 (size_t)splices[i].removed;
	text = sb_alloc(document->ctx, *size + 1);
	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t kept = (size_t)splices[i].offset - from;
		size_t added = splices[i].text != NULL ? strlen(splices[i].text) : 0;

		memcpy(text + at, file->now.text + from, kept);
		at += kept;
		if (added != 0)
			memcpy(text + at, splices[i].text, added);
		at += added;
		from = (size_t)(splices[i].offset + splices[i].removed);
	}
	memcpy(text + at, file->now.text + from, file->now.size - from);
	return text;
}

static enum stmboot_status refuse_reading(const struct stmboot_extlinux *conf,
					  struct stmboot_refusal *why)
{
	if (conf->fault == STMBOOT_EXTLINUX_INITRD_LAST)
		return sb_refuse(why, STMBOOT_CONFLICT,
				 "use an initrd line, or put another word last",
				 "initrd= as the last word of append makes U-Boot crash");
	if (conf->fault == STMBOOT_EXTLINUX_LABEL_OVERFLOW)
		return sb_refuse(why, STMBOOT_LIMIT, "remove labels first",
				 "U-Boot takes no more than 999 labels");
	return sb_refuse(
		why, STMBOOT_CONFLICT,
		"'stmboot check' explains lines that end a label or take in another one",
		"U-Boot would not read the labels as they are meant: around this place the "
		"file is not what it seems");
}

/* The document takes the text and what was read of it. */
static void keep(struct reader *reader, const struct stmboot_extlinux *conf)
{
	struct stmboot_extlinux_document *document = reader->document;
	struct sb_document_file *f = &document->files[reader->changed];

	stmboot_extlinux_free(document->conf);
	document->conf = conf;
	sb_free(document->ctx, f->edited);
	f->edited = reader->text;
	f->now.text = reader->text;
	f->now.size = reader->size;
	f->now.changed = reader->size != f->original_size ||
			 memcmp(reader->text, f->original, reader->size) != 0;
}

/* Does U-Boot load an included file over the end of the one that includes it? */
static bool overlaps(const struct stmboot_extlinux *conf)
{
	for (size_t i = 0; i < conf->event_count; i++)
		if (conf->events[i].kind == STMBOOT_EXTLINUX_EVENT_INCLUDE_OVERLAP)
			return true;
	return false;
}

/*
 * A file with `include` must not be a multiple of four bytes long: an empty
 * line at its end avoids what U-Boot does then.
 */
static void lengthen(struct reader *reader)
{
	size_t end = strnlen(reader->text, reader->size);

	memmove(reader->text + end + 1, reader->text + end, reader->size - end);
	reader->text[end] = '\n';
	reader->size++;
}

/* Read what the document would become, in place of what was read before. */
static enum stmboot_status read_candidate(struct reader *reader, const struct sb_expected *expected,
					  const struct stmboot_extlinux **conf, bool *meant)
{
	enum stmboot_status status;

	stmboot_extlinux_free(*conf);
	*conf = NULL;
	status = read_again(reader, reader->document->conf->directory, conf);
	*meant = status == STMBOOT_OK && sb_expected_matches(expected, *conf);
	return status;
}

enum stmboot_status sb_document_apply(struct stmboot_extlinux_document *document, size_t file,
				      const struct sb_splice *splices, size_t count,
				      const struct sb_expected *expected,
				      struct stmboot_refusal *why)
{
	struct reader reader = { .document = document, .changed = file };
	const struct stmboot_extlinux *conf = NULL;
	enum stmboot_status status;
	bool meant;

	reader.text = splice(document, &document->files[file], splices, count, &reader.size);
	if (reader.text == NULL)
		return STMBOOT_NO_MEMORY;
	status = read_candidate(&reader, expected, &conf, &meant);
	if (status == STMBOOT_OK && !meant && overlaps(conf)) {
		lengthen(&reader);
		status = read_candidate(&reader, expected, &conf, &meant);
	}
	if (status == STMBOOT_OK && meant) {
		keep(&reader, conf);
		return STMBOOT_OK;
	}
	if (status == STMBOOT_OK)
		status = refuse_reading(conf, why);
	stmboot_extlinux_free(conf);
	sb_free(document->ctx, reader.text);
	return status;
}

enum stmboot_status sb_document_ready(struct stmboot_extlinux_document *document, size_t label,
				      struct stmboot_refusal *why)
{
	const struct stmboot_extlinux *conf = document->conf;

	if (conf->outcome != STMBOOT_EXTLINUX_READ)
		return sb_refuse(why, STMBOOT_CORRUPT, "'stmboot check' says what is wrong with it",
				 "U-Boot does not read the configuration beyond line %u",
				 conf->fault_at.line);
	if (label >= conf->label_count)
		return sb_refuse(why, STMBOOT_NOT_FOUND, NULL, "there is no such label");
	return STMBOOT_OK;
}
