/* SPDX-License-Identifier: MIT */
/*
 * A saved environment: its checksum is mended first, so that the list is read.
 * Every variable must lie in the copy where the model says; the same bytes say
 * the same elsewhere in a source; and what was read, written again, reads the same.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <stmboot/env.h>

enum { CRC_BYTES = 4, SHIFT = 7, MOST_BYTES = 1 << 14 };

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void seal(uint8_t *data, size_t size, bool redundant)
{
	size_t head = CRC_BYTES + redundant;
	uint32_t crc = (uint32_t)crc32_z(0, data + head, size - head);

	for (size_t i = 0; i < CRC_BYTES; i++)
		data[i] = (uint8_t)(crc >> (8 * i));
}

static const struct stmboot_env *decode(struct stmboot_context *ctx, const uint8_t *data,
					size_t source_size, size_t offset, size_t size,
					bool redundant)
{
	const struct stmboot_env *env;
	struct stmboot_source *src;

	require(stmboot_source_from_memory(ctx, data, source_size, &src) == STMBOOT_OK);
	require(stmboot_env_decode(ctx, src, offset, size, redundant, &env) == STMBOOT_OK);
	stmboot_source_close(src);
	require(env->crc_ok);
	return env;
}

static void check(const struct stmboot_env *env, const uint8_t *data)
{
	for (size_t i = 0; i < env->variable_count; i++) {
		const struct stmboot_env_variable *v = &env->variables[i];

		require(v->offset >= CRC_BYTES && v->offset + v->length <= env->size);
		require(memcmp(data + v->offset, v->name, strlen(v->name)) == 0);
		require(data[v->offset + strlen(v->name)] == '=');
		require(strlen(v->name) > 0 && strlen(v->value) > 0);
		require(stmboot_env_find(env, v->name) == v->value);
	}
}

static void require_same(const struct stmboot_env *a, const struct stmboot_env *b)
{
	require(a->variable_count == b->variable_count);
	for (size_t i = 0; i < a->variable_count; i++) {
		require(strcmp(a->variables[i].name, b->variables[i].name) == 0);
		require(strcmp(a->variables[i].value, b->variables[i].value) == 0);
	}
}

/* hexport_r(): a backslash is doubled. The result may be longer than what was read. */
static size_t encode(const struct stmboot_env *env, uint8_t *out, size_t head)
{
	size_t at = head;

	for (size_t i = 0; i < env->variable_count; i++) {
		const struct stmboot_env_variable *v = &env->variables[i];

		memcpy(out + at, v->name, strlen(v->name));
		at += strlen(v->name);
		out[at++] = '=';
		for (const char *c = v->value; *c != '\0'; c++) {
			if (*c == '\\')
				out[at++] = '\\';
			out[at++] = (uint8_t)*c;
		}
		out[at++] = '\0';
	}
	out[at++] = '\0';
	return at;
}

static void run(struct stmboot_context *ctx, uint8_t *data, size_t size, bool redundant)
{
	uint8_t *other = calloc(1, 2 * size + SHIFT + 16);
	const struct stmboot_env *env, *again;
	size_t written;

	require(other != NULL);
	seal(data, size, redundant);
	env = decode(ctx, data, size, 0, size, redundant);
	check(env, data);

	memcpy(other + SHIFT, data, size);
	again = decode(ctx, other, SHIFT + size + 3, SHIFT, size, redundant);
	require_same(env, again);
	require(env->rejected == again->rejected);
	stmboot_env_free(again);

	memset(other, 0, 2 * size + SHIFT + 16);
	written = encode(env, other, CRC_BYTES + (size_t)redundant);
	written = written < 8 ? 8 : written;
	seal(other, written, redundant);
	again = decode(ctx, other, written, 0, written, redundant);
	require_same(env, again);
	stmboot_env_free(again);
	stmboot_env_free(env);
	free(other);
}

/* One copy that fills the source is found without being told how it is laid out. */
static void find(struct stmboot_context *ctx, const uint8_t *data, size_t size)
{
	struct stmboot_env_area *area;
	struct stmboot_source *src;
	enum stmboot_status status;

	require(stmboot_source_from_memory(ctx, data, size, &src) == STMBOOT_OK);
	status = stmboot_env_area_decode(ctx, src, &area);
	require(status == STMBOOT_OK || status == STMBOOT_NOT_RECOGNISED);
	if (status == STMBOOT_OK) {
		require(area->saved != NULL && area->saved->crc_ok);
		require(area->copy_count > 0 && area->copies[0] != NULL);
		stmboot_env_area_free(area);
	}
	stmboot_source_close(src);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stmboot_context *ctx;
	uint8_t *copy;

	if (size < 8 || size > MOST_BYTES)
		return 0;
	copy = malloc(size);
	if (copy == NULL || stmboot_context_new(NULL, &ctx) != STMBOOT_OK)
		abort();
	memcpy(copy, data, size);
	find(ctx, copy, size);
	run(ctx, copy, size, true);
	find(ctx, copy, size);
	run(ctx, copy, size, false);
	find(ctx, copy, size);
	stmboot_context_free(ctx);
	free(copy);
	return 0;
}
