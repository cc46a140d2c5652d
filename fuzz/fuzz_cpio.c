/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>

#include "format/cpio.h"
#include "large_blocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(struct sb_arena *arena, struct stmboot_source *src, bool deep,
		   struct sb_initramfs *out)
{
	uint64_t end = 0, budget = 256 << 20;

	if (sb_initramfs_decode(arena, src, "/init", deep, &budget, out) != STMBOOT_OK)
		abort();
	for (size_t i = 0; i < out->archive_count; i++) {
		if (out->archives[i].offset < end)
			abort();
		end = out->archives[i].offset + out->archives[i].consumed;
	}
	if (end > stmboot_source_size(src) || (out->target != NULL && !out->found))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options),
						   .allocate = allocate_block,
						   .release = release_block,
						   .limits.max_unpacked_bytes = 4 << 20 };
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_initramfs shallow, deep;
	struct sb_arena arena;

	if (stmboot_context_new(&options, &ctx) != STMBOOT_OK)
		return 0;
	sb_arena_init(&arena, ctx);
	if (stmboot_source_from_memory(ctx, data, size, &src) != STMBOOT_OK)
		abort();
	decode(&arena, src, false, &shallow);
	decode(&arena, src, true, &deep);
	if (shallow.recognised != deep.recognised || (shallow.found && !deep.found))
		abort();
	stmboot_source_close(src);
	sb_arena_release(&arena);
	stmboot_context_free(ctx);
	return 0;
}
