/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"

enum { CHUNK_BYTES = 4096 };

struct sb_arena_chunk {
	struct sb_arena_chunk *next;
	size_t size;
	size_t used;
	max_align_t data[];
};

void sb_arena_init(struct sb_arena *arena, struct stmboot_context *ctx)
{
	*arena = (struct sb_arena){ .ctx = ctx };
}

void sb_arena_release(struct sb_arena *arena)
{
	struct sb_arena_chunk *chunk = arena->chunks;

	while (chunk != NULL) {
		struct sb_arena_chunk *next = chunk->next;

		sb_free(arena->ctx, chunk);
		chunk = next;
	}
	arena->chunks = NULL;
}

/* A large request gets a chunk of its own behind the current one, which stays in use. */
static struct sb_arena_chunk *add_chunk(struct sb_arena *arena, size_t size)
{
	size_t room = size > CHUNK_BYTES / 2 ? size : CHUNK_BYTES;
	struct sb_arena_chunk *chunk = NULL;

	if (room <= SIZE_MAX - sizeof(*chunk))
		chunk = sb_alloc_uncleared(arena->ctx, sizeof(*chunk) + room);
	if (chunk == NULL) {
		arena->failed = true;
		return NULL;
	}
	*chunk = (struct sb_arena_chunk){ .size = room };
	if (room == size && arena->chunks != NULL) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
	} else {
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	return chunk;
}

void *sb_arena_alloc(struct sb_arena *arena, size_t size)
{
	struct sb_arena_chunk *chunk = arena->chunks;
	size_t align = _Alignof(max_align_t);
	size_t wanted;
	void *memory;

	if (size > SIZE_MAX - align) {
		arena->failed = true;
		return NULL;
	}
	wanted = size == 0 ? align : (size + align - 1) / align * align;
	if (chunk == NULL || wanted > chunk->size - chunk->used)
		chunk = add_chunk(arena, wanted);
	if (chunk == NULL)
		return NULL;
	memory = (unsigned char *)chunk->data + chunk->used;
	chunk->used += wanted;
	return memset(memory, 0, wanted);
}

void *sb_arena_array(struct sb_arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total)) {
		arena->failed = true;
		return NULL;
	}
	return sb_arena_alloc(arena, total);
}

char *sb_arena_strndup(struct sb_arena *arena, const char *text, size_t length)
{
	char *copy = length < SIZE_MAX ? sb_arena_alloc(arena, length + 1) : NULL;

	if (copy != NULL && length > 0)
		memcpy(copy, text, length);
	return copy;
}

char *sb_arena_strdup(struct sb_arena *arena, const char *text)
{
	return text != NULL ? sb_arena_strndup(arena, text, strlen(text)) : NULL;
}

char *sb_arena_vprintf(struct sb_arena *arena, const char *format, va_list args)
{
	va_list again;
	char *text = NULL;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length >= 0)
		text = sb_arena_alloc(arena, (size_t)length + 1);
	if (text != NULL)
		(void)vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

char *sb_arena_printf(struct sb_arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = sb_arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

void *sb_arena_push(struct sb_arena *arena, void *array, size_t *count, size_t *capacity,
		    size_t element_size)
{
	unsigned char *elements;

	memcpy(&elements, array, sizeof(elements));
	if (*count == *capacity) {
		size_t wanted = *capacity != 0 ? *capacity * 2 : 8;
		unsigned char *grown = sb_arena_array(arena, wanted, element_size);

		if (grown == NULL)
			return NULL;
		if (*count != 0)
			memcpy(grown, elements, *count * element_size);
		elements = grown;
		*capacity = wanted;
		memcpy(array, &elements, sizeof(elements));
	}
	return elements + element_size * (*count)++;
}

struct object {
	struct sb_arena arena;
	max_align_t record[];
};

static struct object *object_of(const void *record)
{
	/* the memory was allocated writable, whatever the outside was given */
	return (struct object *)((uintptr_t)record - offsetof(struct object, record));
}

void *sb_object_new(struct stmboot_context *ctx, size_t size)
{
	struct object *object = NULL;

	if (size <= SIZE_MAX - sizeof(*object))
		object = sb_alloc(ctx, sizeof(*object) + size);
	if (object == NULL)
		return NULL;
	sb_arena_init(&object->arena, ctx);
	return object->record;
}

struct sb_arena *sb_object_arena(void *object)
{
	return &object_of(object)->arena;
}

void sb_object_free(const void *object)
{
	struct object *whole;

	if (object == NULL)
		return;
	whole = object_of(object);
	sb_arena_release(&whole->arena);
	sb_free(whole->arena.ctx, whole);
}
