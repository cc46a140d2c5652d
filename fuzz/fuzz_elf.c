/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_arena arena;
	struct sb_program program;

	if (stmboot_context_new(NULL, &ctx) != STMBOOT_OK)
		return 0;
	sb_arena_init(&arena, ctx);
	if (stmboot_source_from_memory(ctx, data, size, &src) != STMBOOT_OK ||
	    sb_program_decode(&arena, src, &program) != STMBOOT_OK)
		abort();
	if (program.kind == SB_PROGRAM_SCRIPT && program.interpreter == NULL)
		abort();
	if (program.kind == SB_PROGRAM_UNKNOWN && program.interpreter != NULL)
		abort();
	if (program.interpreter != NULL && strlen(program.interpreter) >= size)
		abort();
	stmboot_source_close(src);
	sb_arena_release(&arena);
	stmboot_context_free(ctx);
	return 0;
}
