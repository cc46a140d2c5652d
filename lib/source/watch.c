/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "source/source.h"

struct watch {
	struct stmboot_context *ctx;
	struct stmboot_source *parent;
	struct sb_read_errors *errors;
};

const char *sb_read_error_reason(const struct sb_read_error *error)
{
	return error->ended ? "it became shorter while it was read" : strerror(EIO);
}

static void note(const struct watch *watch, uint64_t offset, uint64_t length)
{
	struct sb_read_errors *errors = watch->errors;
	struct stmboot_identity now;

	for (size_t i = 0; i < errors->count; i++)
		if (errors->places[i].offset == offset)
			return;
	if (errors->count < SB_MAX_READ_ERRORS)
		errors->places[errors->count++] = (struct sb_read_error){
			.offset = offset,
			.length = length,
			.ended = stmboot_source_identity(watch->parent, &now) == STMBOOT_OK &&
				 !sb_range_within(offset, length, now.size),
		};
}

static enum stmboot_status watch_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	const struct watch *watch = self;
	enum stmboot_status status = stmboot_source_read(watch->parent, offset, buffer, size);

	if (status == STMBOOT_IO)
		note(watch, offset, size);
	return status;
}

static void watch_close(void *self)
{
	struct watch *watch = self;

	sb_free(watch->ctx, watch);
}

static const struct stmboot_source_ops watch_ops = {
	.struct_size = sizeof(watch_ops),
	.read_at = watch_read_at,
	.close = watch_close,
};

enum stmboot_status sb_source_watch(struct stmboot_context *ctx, struct stmboot_source *parent,
				    struct sb_read_errors *errors, struct stmboot_source **out)
{
	struct watch *watch = sb_alloc(ctx, sizeof(*watch));
	enum stmboot_status status;

	if (watch == NULL)
		return STMBOOT_NO_MEMORY;
	*watch = (struct watch){ .ctx = ctx, .parent = parent, .errors = errors };
	status = sb_source_over(ctx, &watch_ops, watch, parent, out);
	if (status != STMBOOT_OK)
		sb_free(ctx, watch);
	return status;
}
