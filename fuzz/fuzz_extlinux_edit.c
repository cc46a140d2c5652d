/* SPDX-License-Identifier: MIT */
/*
 * Edits of an extlinux.conf: the first line of the input is the edit
 * (tests/support/extlinux_apply.h), the rest is the file, and behind its NUL
 * one that it includes. A refused edit changes no byte; one that was made
 * changes lines of one place only, but for an empty line at the end where a
 * file is included, and the old value gives the old file back.
 */
#include <stdlib.h>
#include <string.h>

#include "../tests/support/extlinux_apply.h"

enum { LINES_OF_AN_EDIT = 12, INPUT_BYTES = 1 << 16 };

struct input {
	const char *data;
	size_t size;
};

static void require(bool truth)
{
	if (!truth)
		abort();
}

static enum stmboot_status include(void *user, const char *path, const void **data, size_t *size)
{
	const struct input *input = user;
	const char *nul = memchr(input->data, '\0', input->size);

	(void)path;
	if (nul == NULL)
		return STMBOOT_NOT_FOUND;
	*data = nul + 1;
	*size = input->size - (size_t)(nul + 1 - input->data);
	return STMBOOT_OK;
}

static size_t count_lines(const char *text, size_t size)
{
	size_t count = 1;

	for (size_t i = 0; i < size; i++)
		count += text[i] == '\n';
	return count;
}

/* Between what both begin and both end with, an edit leaves few lines. */
static void check_place(const struct stmboot_extlinux_document_file *file, const char *before,
			size_t size)
{
	size_t least = file->size < size ? file->size : size;
	size_t start = 0, end = 0;

	while (start < least && file->text[start] == before[start])
		start++;
	while (end < least - start && file->text[file->size - 1 - end] == before[size - 1 - end])
		end++;
	require(count_lines(file->text + start, file->size - start - end) <= LINES_OF_AN_EDIT);
}

static bool is_unchanged(const struct stmboot_extlinux_document *document)
{
	for (size_t i = 0; i < stmboot_extlinux_document_file_count(document); i++)
		if (stmboot_extlinux_document_file(document, i)->changed)
			return false;
	return true;
}

/* One file as it was; an included one may have asked for an empty line at its end. */
static bool is_back(const struct stmboot_extlinux_document *document)
{
	return is_unchanged(document) || stmboot_extlinux_document_file_count(document) > 1;
}

/* Give a label a value, see it read, and put the old one back, or take the line out again. */
static void there_and_back(struct stmboot_extlinux_document *document, size_t label)
{
	const struct stmboot_extlinux *conf = stmboot_extlinux_document_conf(document);
	const char *append = conf->labels[label].append.text;
	char old[INPUT_BYTES]; /* conf changes with the edit */
	size_t length = append != NULL ? strlen(append) : 0;
	bool had_one = append != NULL;
	enum stmboot_status status;

	memcpy(old, had_one ? append : "", length + 1);
	status = stmboot_extlinux_document_set(document, label, "append", "a=b c", NULL);
	if (status == STMBOOT_OK) {
		conf = stmboot_extlinux_document_conf(document);
		require(strncmp(conf->labels[label].append.text, "a=b c", 5) == 0);
		if (length > 0 && old[length - 1] == '\r')
			old[length - 1] = '\0';
		if (had_one)
			status =
				stmboot_extlinux_document_set(document, label, "append", old, NULL);
		else
			status = stmboot_extlinux_document_unset(document, label, "append", NULL);
		/* A line that was open gets its end from the line behind it, and keeps that. */
		require(status != STMBOOT_OK || is_back(document) || !had_one);
	}
}

static void run(struct stmboot_context *ctx, const char *edit, const char *data, size_t size)
{
	struct input input = { data, size };
	const struct stmboot_extlinux_options options = { .struct_size = sizeof(options),
							  .include = include,
							  .user = &input };
	struct stmboot_extlinux_document *document;
	size_t labels;

	if (stmboot_extlinux_document_open(ctx, data, size, &options, &document) != STMBOOT_OK)
		return;
	labels = stmboot_extlinux_document_conf(document)->label_count;
	for (size_t i = 0; i < labels && i < 4 && is_unchanged(document); i++)
		there_and_back(document, i);
	stmboot_extlinux_document_free(document);
	if (stmboot_extlinux_document_open(ctx, data, size, &options, &document) != STMBOOT_OK)
		return;
	if (extlinux_apply(document, edit, NULL) != STMBOOT_OK)
		require(is_unchanged(document));
	else if (stmboot_extlinux_document_file_count(document) == 1)
		check_place(stmboot_extlinux_document_file(document, 0), data, size);
	stmboot_extlinux_document_free(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *feed = size != 0 ? memchr(data, '\n', size) : NULL;
	struct stmboot_context *ctx;
	char edit[512];
	size_t length;

	if (feed == NULL || size > INPUT_BYTES)
		return 0;
	length = (size_t)(feed - data);
	if (length >= sizeof(edit) || stmboot_context_new(NULL, &ctx) != STMBOOT_OK)
		return 0;
	memcpy(edit, data, length);
	edit[length] = '\0';
	run(ctx, edit, (const char *)feed + 1, size - length - 1);
	stmboot_context_free(ctx);
	return 0;
}
