/* SPDX-License-Identifier: MIT */
/* A context whose allocator counts, and refuses what it is told to. */
#ifndef TESTS_HEAP_H
#define TESTS_HEAP_H

#include <criterion/criterion.h>

#include <stdbool.h>
#include <stdlib.h>

#include <stmboot/context.h>

struct heap {
	size_t requests; /* since heap_refuse() */
	size_t refuse;   /* number of the request that is refused, from 1; 0: none */
	bool for_good;   /* and all that follow */
	size_t live;     /* blocks not yet released */
};

static inline bool heap_refuses(const struct heap *heap)
{
	return heap->refuse != 0 && (heap->requests == heap->refuse ||
				     (heap->for_good && heap->requests > heap->refuse));
}

static inline void *heap_allocate(void *user, size_t size)
{
	struct heap *heap = user;
	void *memory;

	heap->requests++;
	if (heap_refuses(heap))
		return NULL;
	memory = malloc(size);
	heap->live += memory != NULL;
	return memory;
}

static inline void heap_release(void *user, void *memory)
{
	struct heap *heap = user;

	heap->live -= memory != NULL;
	free(memory);
}

static inline struct stmboot_context *heap_context(struct heap *heap)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options),
						   .user = heap,
						   .allocate = heap_allocate,
						   .release = heap_release };
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(&options, &ctx), STMBOOT_OK);
	return ctx;
}

/* Refuse the request that is number `n` from now on, from 1; 0: none. */
static inline void heap_refuse(struct heap *heap, size_t n)
{
	heap->requests = 0;
	heap->refuse = n;
}

#endif
