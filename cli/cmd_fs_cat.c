/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include "at_place.h"
#include "fail.h"
#include "progress.h"

/* The bytes that are no hole: each of them was read. */
static enum stmboot_status count_data(const struct options *o, struct stmboot_source *src,
				      uint64_t *out)
{
	static char buffer[64 << 10];
	uint64_t at = 0, start = 0, end = 0;
	enum stmboot_status status;

	*out = 0;
	while ((status = stmboot_source_next_data(src, at, &start, &end)) == STMBOOT_OK) {
		for (at = start; at < end;) {
			size_t part =
				end - at < sizeof(buffer) ? (size_t)(end - at) : sizeof(buffer);

			status = stmboot_source_read(src, at, buffer, part);
			if (status != STMBOOT_OK)
				return status;
			at += part;
			*out += part;
			progress_show(o->progress, at, stmboot_source_size(src));
		}
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}

/* About the file: its content has no place in an object. */
static int tell(const struct at_place *at)
{
	struct stmboot_source *src = NULL;
	struct buffer out = { 0 };
	struct json j = { .out = &out };
	uint64_t data = 0;
	enum stmboot_status status = stmboot_fs_open(at->fs, at->path, &src);

	if (status == STMBOOT_OK)
		status = count_data(at->o, src, &data);
	if (status != STMBOOT_OK) {
		stmboot_source_close(src);
		return fail_at_place(at, status);
	}
	json_open(&j, NULL, '{');
	json_text(&j, "schema", "stmboot.fs-cat/1");
	json_u64(&j, "partition", at->partition);
	json_text(&j, "path", at->path);
	json_u64(&j, "size", stmboot_source_size(src));
	json_u64(&j, "data", data);
	json_close(&j, '}');
	stmboot_source_close(src);
	return finish(at->o, &out);
}

int cmd_fs_cat(struct stmboot_context *ctx, const struct options *o)
{
	return with_place(ctx, o, o->operands[1], o->value[OPTION_JSON] != 0 ? tell : stream_file);
}
