/* SPDX-License-Identifier: MIT */
#include "source/source.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"

struct stmboot_source {
	struct stmboot_context *ctx;
	struct stmboot_source_ops ops;
	void *self;
	struct stmboot_source *parent; /* answers what ops leave out; may be NULL */
};

enum stmboot_status sb_source_over(struct stmboot_context *ctx,
				   const struct stmboot_source_ops *ops, void *self,
				   struct stmboot_source *parent, struct stmboot_source **out)
{
	struct stmboot_source *src = sb_alloc(ctx, sizeof(*src));

	if (src == NULL)
		return STMBOOT_NO_MEMORY;
	src->ctx = ctx;
	memcpy(&src->ops, ops,
	       ops->struct_size < sizeof(src->ops) ? ops->struct_size : sizeof(src->ops));
	src->self = self;
	src->parent = parent;
	*out = src;
	return STMBOOT_OK;
}

enum stmboot_status stmboot_source_new(struct stmboot_context *ctx,
				       const struct stmboot_source_ops *ops, void *self,
				       struct stmboot_source **out)
{
	if (ops->struct_size < offsetof(struct stmboot_source_ops, identity) ||
	    ops->read_at == NULL || ops->size == NULL)
		return STMBOOT_INVALID_ARGUMENT;
	return sb_source_over(ctx, ops, self, NULL, out);
}

enum stmboot_status stmboot_source_read(struct stmboot_source *src, uint64_t offset, void *buffer,
					size_t size)
{
	if (!sb_range_within(offset, size, stmboot_source_size(src)))
		return STMBOOT_TRUNCATED;
	return size != 0 ? src->ops.read_at(src->self, offset, buffer, size) : STMBOOT_OK;
}

uint64_t stmboot_source_size(struct stmboot_source *src)
{
	return src->ops.size != NULL ? src->ops.size(src->self) : stmboot_source_size(src->parent);
}

enum stmboot_status stmboot_source_identity(struct stmboot_source *src,
					    struct stmboot_identity *out)
{
	if (src->ops.identity != NULL)
		return src->ops.identity(src->self, out);
	return src->parent != NULL ? stmboot_source_identity(src->parent, out)
				   : STMBOOT_UNSUPPORTED;
}

enum stmboot_status stmboot_source_next_data(struct stmboot_source *src, uint64_t offset,
					     uint64_t *start, uint64_t *end)
{
	uint64_t size = stmboot_source_size(src);

	if (offset >= size)
		return STMBOOT_NOT_FOUND;
	if (src->ops.next_data != NULL)
		return src->ops.next_data(src->self, offset, start, end);
	if (src->parent != NULL)
		return stmboot_source_next_data(src->parent, offset, start, end);
	*start = 0;
	*end = size;
	return STMBOOT_OK;
}

bool stmboot_source_locate(struct stmboot_source *src, uint64_t offset, uint64_t *medium_offset)
{
	if (offset > stmboot_source_size(src))
		return false;
	if (src->ops.locate != NULL)
		return src->ops.locate(src->self, offset, medium_offset);
	if (src->parent != NULL)
		return stmboot_source_locate(src->parent, offset, medium_offset);
	*medium_offset = offset;
	return true;
}

uint64_t sb_source_generation(struct stmboot_source *src)
{
	if (src->ops.generation != NULL)
		return src->ops.generation(src->self);
	return src->parent != NULL ? sb_source_generation(src->parent) : 0;
}

void stmboot_source_close(struct stmboot_source *src)
{
	if (src == NULL)
		return;
	if (src->ops.close != NULL)
		src->ops.close(src->self);
	sb_free(src->ctx, src);
}

enum stmboot_status sb_source_load(struct sb_arena *arena, struct stmboot_source *src,
				   uint64_t limit, char **data, size_t *size)
{
	uint64_t length = stmboot_source_size(src);
	enum stmboot_status status;
	char *memory;

	if (length > limit || length >= SIZE_MAX)
		return STMBOOT_LIMIT;
	memory = sb_arena_alloc(arena, (size_t)length + 1);
	if (memory == NULL)
		return STMBOOT_NO_MEMORY;
	status = stmboot_source_read(src, 0, memory, (size_t)length);
	if (status != STMBOOT_OK)
		return status;
	*data = memory;
	*size = (size_t)length;
	return STMBOOT_OK;
}

enum stmboot_status sb_source_peek(struct stmboot_source *src, uint64_t offset, void *buffer,
				   size_t size, size_t *got)
{
	uint64_t total = stmboot_source_size(src);
	size_t there = offset < total ? (size_t)sb_min_u64(size, total - offset) : 0;

	memset((char *)buffer + there, 0, size - there);
	*got = there;
	return there != 0 ? stmboot_source_read(src, offset, buffer, there) : STMBOOT_OK;
}

enum stmboot_status sb_source_count_data(struct stmboot_source *src, uint64_t enough, uint64_t *out)
{
	uint64_t start = 0, end = 0;
	enum stmboot_status status = STMBOOT_OK;

	for (*out = 0; *out < enough; *out += end - start) {
		uint64_t from = end;

		status = stmboot_source_next_data(src, from, &start, &end);
		if (status != STMBOOT_OK)
			break;
		start = start > from ? start : from;
		if (end <= start)
			return STMBOOT_IO;
	}
	return status == STMBOOT_NOT_FOUND ? STMBOOT_OK : status;
}
