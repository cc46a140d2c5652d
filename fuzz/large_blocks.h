/* SPDX-License-Identifier: MIT */
/*
 * Memory for targets that unpack. AddressSanitizer maps a large block anew for each
 * malloc(), and the page faults of its shadow take most of the time of an input that
 * has a dictionary of 8 MiB. So large blocks are kept for the next input; what touches
 * one that was released, or reaches beyond its end, is found all the same.
 */
#ifndef FUZZ_LARGE_BLOCKS_H
#define FUZZ_LARGE_BLOCKS_H

#include <sanitizer/asan_interface.h>
#include <stdbool.h>
#include <stdlib.h>

enum { LARGE_BYTES = 128 << 10, LARGE_BLOCKS = 8 };

static struct large_block {
	void *memory;
	size_t size;
	bool used;
} large_blocks[LARGE_BLOCKS];

/* One that has that size, else any that is free, or NULL. */
static struct large_block *find_large_block(size_t size)
{
	struct large_block *found = NULL;

	for (size_t i = 0; i < LARGE_BLOCKS; i++) {
		if (large_blocks[i].used)
			continue;
		if (large_blocks[i].size == size)
			return &large_blocks[i];
		if (found == NULL || large_blocks[i].memory == NULL)
			found = &large_blocks[i];
	}
	return found;
}

static void *allocate_block(void *user, size_t size)
{
	struct large_block *block = size >= LARGE_BYTES ? find_large_block(size) : NULL;

	(void)user;
	if (block == NULL)
		return malloc(size);
	ASAN_UNPOISON_MEMORY_REGION(block->memory, block->size);
	if (block->size != size) {
		void *memory = realloc(block->memory, size);

		if (memory == NULL)
			return NULL;
		block->memory = memory;
		block->size = size;
	}
	block->used = true;
	return block->memory;
}

static void release_block(void *user, void *memory)
{
	(void)user;
	for (size_t i = 0; memory != NULL && i < LARGE_BLOCKS; i++) {
		if (large_blocks[i].memory != memory)
			continue;
		ASAN_POISON_MEMORY_REGION(memory, large_blocks[i].size);
		large_blocks[i].used = false;
		return;
	}
	free(memory);
}

#endif
