/* SPDX-License-Identifier: MIT */
/* The first byte chooses the decompressor; the rest is its input. */
#include <stdint.h>
#include <stdlib.h>

#include "large_blocks.h"
#include "source/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CEILING = 8 << 20 };

static enum stmboot_status count(void *user, const void *data, size_t size)
{
	(void)data;
	*(uint64_t *)user += size;
	return STMBOOT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct stmboot_context_options memory = { .struct_size = sizeof(memory),
							.allocate = allocate_block,
							.release = release_block };
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_unpack_result result;
	struct sb_unpack_options options = { .max_output = CEILING };
	enum stmboot_compression compression;
	enum stmboot_status status;
	uint64_t given = 0;

	if (size == 0 || stmboot_context_new(&memory, &ctx) != STMBOOT_OK)
		return 0;
	compression = (enum stmboot_compression)(data[0] % 9);
	if (compression == STMBOOT_COMPRESSION_NONE)
		compression = sb_compression_detect(data + 1, size - 1);
	options.single = data[0] >= 128;
	if (stmboot_source_from_memory(ctx, data + 1, size - 1, &src) != STMBOOT_OK)
		abort();
	status = sb_unpack(ctx, compression, src, 0, size - 1, &options, count, &given, &result);
	if ((status == STMBOOT_INVALID_ARGUMENT) != (compression == STMBOOT_COMPRESSION_NONE))
		abort();
	if (given != result.produced || given > CEILING || result.consumed > size - 1)
		abort();
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}
