/* SPDX-License-Identifier: MIT */
#include "base/checked.h"
#include "base/context.h"
#include "source/source.h"

struct window {
	struct stmboot_context *ctx;
	struct stmboot_source *parent;
	uint64_t offset;
	uint64_t size;
};

static enum stmboot_status window_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	const struct window *window = self;

	return stmboot_source_read(window->parent, window->offset + offset, buffer, size);
}

static uint64_t window_size(void *self)
{
	const struct window *window = self;

	return window->size;
}

static enum stmboot_status window_identity(void *self, struct stmboot_identity *out)
{
	const struct window *window = self;

	return stmboot_source_identity(window->parent, out);
}

static enum stmboot_status window_next_data(void *self, uint64_t offset, uint64_t *start,
					    uint64_t *end)
{
	const struct window *window = self;
	uint64_t from, to;
	enum stmboot_status status =
		stmboot_source_next_data(window->parent, window->offset + offset, &from, &to);

	if (status != STMBOOT_OK)
		return status;
	from = from > window->offset ? from - window->offset : 0;
	if (from >= window->size)
		return STMBOOT_NOT_FOUND;
	*start = from;
	*end = sb_min_u64(to - window->offset, window->size);
	return STMBOOT_OK;
}

static bool window_locate(void *self, uint64_t offset, uint64_t *medium_offset)
{
	const struct window *window = self;

	return stmboot_source_locate(window->parent, window->offset + offset, medium_offset);
}

static uint64_t window_generation(void *self)
{
	const struct window *window = self;

	return sb_source_generation(window->parent);
}

static void window_close(void *self)
{
	struct window *window = self;

	sb_free(window->ctx, window);
}

static const struct stmboot_source_ops window_ops = {
	.struct_size = sizeof(window_ops),
	.read_at = window_read_at,
	.size = window_size,
	.identity = window_identity,
	.next_data = window_next_data,
	.locate = window_locate,
	.close = window_close,
	.generation = window_generation,
};

enum stmboot_status stmboot_source_window(struct stmboot_context *ctx,
					  struct stmboot_source *parent, uint64_t offset,
					  uint64_t size, struct stmboot_source **out)
{
	uint64_t total = stmboot_source_size(parent);
	uint64_t first = sb_min_u64(offset, total);
	struct window *window = sb_alloc(ctx, sizeof(*window));
	enum stmboot_status status;

	if (window == NULL)
		return STMBOOT_NO_MEMORY;
	*window = (struct window){ .ctx = ctx,
				   .parent = parent,
				   .offset = first,
				   .size = sb_min_u64(size, total - first) };
	status = stmboot_source_new(ctx, &window_ops, window, out);
	if (status != STMBOOT_OK)
		sb_free(ctx, window);
	return status;
}
