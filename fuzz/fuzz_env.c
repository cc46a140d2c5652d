/* SPDX-License-Identifier: MIT */
/*
 * A saved environment: its checksum is mended first, so that the list is read.
 * Every variable must lie in the copy where the model says.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <stmboot/env.h>

enum { CRC_BYTES = 4 };

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check(const struct stmboot_env *env, const uint8_t *data)
{
	require(env->crc_ok);
	for (size_t i = 0; i < env->variable_count; i++) {
		const struct stmboot_env_variable *v = &env->variables[i];

		require(v->offset >= CRC_BYTES && v->offset + v->length <= env->size);
		require(memcmp(data + v->offset, v->name, strlen(v->name)) == 0);
		require(data[v->offset + strlen(v->name)] == '=');
		require(strlen(v->name) > 0 && strlen(v->value) > 0);
		require(stmboot_env_find(env, v->name) != NULL);
	}
}

static void run(struct stmboot_context *ctx, uint8_t *data, size_t size, bool redundant)
{
	size_t head = CRC_BYTES + redundant;
	uint32_t crc = (uint32_t)crc32_z(0, data + head, size - head);
	const struct stmboot_env *env;
	struct stmboot_source *src;

	for (size_t i = 0; i < CRC_BYTES; i++)
		data[i] = (uint8_t)(crc >> (8 * i));
	require(stmboot_source_from_memory(ctx, data, size, &src) == STMBOOT_OK);
	require(stmboot_env_decode(ctx, src, 0, size, redundant, &env) == STMBOOT_OK);
	check(env, data);
	stmboot_env_free(env);
	stmboot_source_close(src);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stmboot_context *ctx;
	uint8_t *copy;

	if (size < 8 || size > 1 << 14)
		return 0;
	copy = malloc(size);
	if (copy == NULL || stmboot_context_new(NULL, &ctx) != STMBOOT_OK)
		abort();
	memcpy(copy, data, size);
	run(ctx, copy, size, true);
	run(ctx, copy, size, false);
	stmboot_context_free(ctx);
	free(copy);
	return 0;
}
