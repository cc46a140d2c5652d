/* SPDX-License-Identifier: MIT */
#include "at_place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <stmboot/place.h>

#include "cmd.h"
#include "fail.h"
#include "progress.h"

enum { STREAM_BYTES = 256 << 10 };

int with_place(struct stmboot_context *ctx, const struct options *o, const char *place,
	       int (*tell)(const struct at_place *at))
{
	struct at_place at = { .ctx = ctx, .o = o };
	struct stmboot_refusal why = { .message = "" };
	struct stmboot_file_ref found = { 0 };
	enum stmboot_status status;
	int result;

	if (!open_image(ctx, o, &at.image, &result))
		return result;
	status = stmboot_place_find(ctx, at.image, place, &why, &found);
	at.partition = (uint32_t)found.partition;
	at.path = found.path;
	if (status == STMBOOT_OK)
		status = stmboot_image_fs_linux(at.image, at.partition, &why, &at.fs);
	if (status == STMBOOT_OK && why.message[0] != '\0')
		complain(o, o->operands[0], why.message, why.hint);
	result = status == STMBOOT_OK ? tell(&at) : fail_refused(o, status, &why);
	stmboot_image_close(at.image);
	return result;
}

int fail_at_place(const struct at_place *at, enum stmboot_status status)
{
	struct stmboot_refusal why = { .message = "" };

	stmboot_fs_explain(at->fs, at->path, status, &why);
	return fail_refused(at->o, status, &why);
}

static int write_all(const char *data, size_t size)
{
	while (size > 0) {
		ssize_t wrote = write(STDOUT_FILENO, data, size);

		if (wrote < 0 && errno != EINTR)
			return errno;
		if (wrote > 0) {
			data += wrote;
			size -= (size_t)wrote;
		}
	}
	return 0;
}

enum stmboot_status stream_source(const struct options *o, struct stmboot_source *src,
				  int *write_error)
{
	char *buffer = malloc(STREAM_BYTES);
	uint64_t size = stmboot_source_size(src);
	enum stmboot_status status = buffer != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;

	*write_error = 0;
	for (uint64_t at = 0; at < size && status == STMBOOT_OK && *write_error == 0;) {
		size_t part = size - at < STREAM_BYTES ? (size_t)(size - at) : STREAM_BYTES;

		errno = 0;
		status = stmboot_source_read(src, at, buffer, part);
		if (status == STMBOOT_OK)
			*write_error = write_all(buffer, part);
		at += part;
		progress_stream(o->progress, at, size);
	}
	free(buffer);
	return status;
}

int stream_file(const struct at_place *at)
{
	struct stmboot_source *src = NULL;
	enum stmboot_status status = stmboot_fs_open(at->fs, at->path, &src);
	int error = 0;

	if (status == STMBOOT_OK)
		status = stream_source(at->o, src, &error);
	stmboot_source_close(src);
	if (error != 0)
		return fail(at->o, "standard output", strerror(error), NULL);
	return status == STMBOOT_OK ? EXIT_DONE : fail_at_place(at, status);
}

/* A set-id or sticky bit stands in the place of an x, small when that is set, too. */
void mode_text(const struct stmboot_fs_node *node, char text[MODE_TEXT])
{
	static const struct {
		uint32_t bit;
		size_t at;
		char with_x, alone;
	} specials[] = { { 04000, 3, 's', 'S' }, { 02000, 6, 's', 'S' }, { 01000, 9, 't', 'T' } };

	text[0] = "?-dlcbps"[node->type];
	for (size_t i = 0; i < 9; i++)
		text[i + 1] = (node->mode >> (8 - i) & 1) != 0 ? "rwx"[i % 3] : '-';
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
		if ((node->mode & specials[i].bit) != 0)
			text[specials[i].at] = text[specials[i].at] == 'x' ? specials[i].with_x
									   : specials[i].alone;
	text[MODE_TEXT - 1] = '\0';
}

void add_node_json(struct json *j, const struct stmboot_fs_node *node, const char *target)
{
	bool device = node->type == STMBOOT_FS_CHAR_DEVICE || node->type == STMBOOT_FS_BLOCK_DEVICE;
	char mode[8];

	(void)snprintf(mode, sizeof(mode), "%04" PRIo32, node->mode & 07777);
	json_text(j, "type", stmboot_fs_type_name(node->type));
	json_u64(j, "inode", node->inode);
	json_text(j, "mode", mode);
	json_u64(j, "uid", node->uid);
	json_u64(j, "gid", node->gid);
	json_u64(j, "links", node->links);
	json_u64(j, "size", node->size);
	json_i64(j, "mtime", node->mtime);
	json_text(j, "target", target);
	json_known(j, "device_major", device, node->device_major);
	json_known(j, "device_minor", device, node->device_minor);
}

void time_text(int64_t seconds, char text[TIME_TEXT])
{
	time_t when = (time_t)seconds;
	struct tm utc;

	if (gmtime_r(&when, &utc) == NULL ||
	    strftime(text, TIME_TEXT, "%Y-%m-%d %H:%M:%S", &utc) == 0)
		(void)snprintf(text, TIME_TEXT, "%" PRId64, seconds);
}
