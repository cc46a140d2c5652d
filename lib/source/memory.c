/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/context.h"
#include "source/source.h"

struct memory {
	struct stmboot_context *ctx;
	const uint8_t *data;
	size_t size;
};

static enum stmboot_status memory_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	const struct memory *memory = self;

	memcpy(buffer, memory->data + offset, size);
	return STMBOOT_OK;
}

static uint64_t memory_size(void *self)
{
	const struct memory *memory = self;

	return memory->size;
}

static void memory_close(void *self)
{
	struct memory *memory = self;

	sb_free(memory->ctx, memory);
}

static const struct stmboot_source_ops memory_ops = {
	.struct_size = sizeof(memory_ops),
	.read_at = memory_read_at,
	.size = memory_size,
	.close = memory_close,
};

enum stmboot_status stmboot_source_from_memory(struct stmboot_context *ctx, const void *data,
					       size_t size, struct stmboot_source **out)
{
	struct memory *memory = sb_alloc(ctx, sizeof(*memory));
	enum stmboot_status status = STMBOOT_NO_MEMORY;

	if (memory == NULL)
		return status;
	*memory = (struct memory){ .ctx = ctx, .data = data, .size = size };
	status = stmboot_source_new(ctx, &memory_ops, memory, out);
	if (status != STMBOOT_OK)
		sb_free(ctx, memory);
	return status;
}
