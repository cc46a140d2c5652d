/* SPDX-License-Identifier: MIT */
/*
 * A page cache of one page a slot. A file system is read twice (as U-Boot and
 * as Linux see it), and libext2fs keeps no data itself: the cache makes each
 * block of metadata cost one read of the medium.
 */
#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "source/source.h"

enum {
	PAGE_BYTES = 2048,
	PAGE_BITS = 9,
	PAGES = 1 << PAGE_BITS,
	BYPASS_BYTES = 16 * PAGE_BYTES,
	KEPT_BYTES = 32 * PAGE_BYTES, /* what is read in such pieces is a payload, and read once */
};

struct page {
	uint64_t number;
	uint8_t *data; /* NULL: empty */
};

struct cache {
	struct stmboot_context *ctx;
	struct stmboot_source *parent;
	uint64_t *pool;      /* bytes that this and other caches may still take, or NULL */
	uint64_t generation; /* of the parent, when the pages were read */
	struct page *pages;  /* PAGES of them; NULL until the first is wanted */
};

/* Forget the pages when the parent's bytes are others now. */
static void refresh(struct cache *cache)
{
	uint64_t generation = sb_source_generation(cache->parent);

	if (generation == cache->generation)
		return;
	cache->generation = generation;
	for (size_t i = 0; cache->pages != NULL && i < PAGES; i++)
		cache->pages[i].number = UINT64_MAX;
}

/*
 * ext4 puts like things at like places in groups of 128 MiB, so the number itself
 * would make them meet: Fibonacci hashing spreads them.
 */
static size_t slot_of(uint64_t number)
{
	return (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> (64 - PAGE_BITS));
}

/* STMBOOT_LIMIT when the pool has no more. */
static enum stmboot_status take(struct cache *cache, size_t bytes, void *out)
{
	void *memory;

	if (cache->pool != NULL && bytes > *cache->pool)
		return STMBOOT_LIMIT;
	memory = sb_alloc_uncleared(cache->ctx, bytes);
	if (memory == NULL)
		return STMBOOT_NO_MEMORY;
	if (cache->pool != NULL)
		*cache->pool -= bytes;
	memcpy(out, &memory, sizeof(memory));
	return STMBOOT_OK;
}

static void give_back(struct cache *cache, size_t bytes, void *memory)
{
	if (memory != NULL && cache->pool != NULL)
		*cache->pool += bytes;
	sb_free(cache->ctx, memory);
}

/* The slot of a page, with room for it. As take(). */
static enum stmboot_status slot_find(struct cache *cache, uint64_t number, struct page **out)
{
	enum stmboot_status status = STMBOOT_OK;
	struct page *page;

	if (cache->pages == NULL) {
		status = take(cache, PAGES * sizeof(*page), &cache->pages);
		if (status != STMBOOT_OK)
			return status;
		memset(cache->pages, 0, PAGES * sizeof(*page));
	}
	page = &cache->pages[slot_of(number)];
	if (page->data == NULL) {
		page->number = UINT64_MAX;
		status = take(cache, PAGE_BYTES, &page->data);
	}
	*out = page;
	return status;
}

static enum stmboot_status page_get(struct cache *cache, uint64_t number, const uint8_t **data)
{
	struct page *page = NULL;
	enum stmboot_status status = slot_find(cache, number, &page);
	size_t got;

	if (status != STMBOOT_OK)
		return status;
	if (page->number != number) {
		page->number = UINT64_MAX;
		status = sb_source_peek(cache->parent, number * PAGE_BYTES, page->data, PAGE_BYTES,
					&got);
		if (status != STMBOOT_OK)
			return status;
		page->number = number;
	}
	*data = page->data;
	return STMBOOT_OK;
}

static bool is_cached(const struct cache *cache, uint64_t number)
{
	const struct page *page = cache->pages != NULL ? &cache->pages[slot_of(number)] : NULL;

	return page != NULL && page->data != NULL && page->number == number;
}

/* Keep the whole pages of what was read past the cache; without room, fewer of them. */
static void keep(struct cache *cache, uint64_t offset, const uint8_t *from, size_t size)
{
	size_t skip = (size_t)((PAGE_BYTES - offset % PAGE_BYTES) % PAGE_BYTES);

	for (; size >= skip + PAGE_BYTES; skip += PAGE_BYTES) {
		uint64_t number = (offset + skip) / PAGE_BYTES;
		struct page *page = NULL;

		if (slot_find(cache, number, &page) != STMBOOT_OK)
			return;
		memcpy(page->data, from + skip, PAGE_BYTES);
		page->number = number;
	}
}

static enum stmboot_status read_past(struct cache *cache, uint64_t offset, uint8_t *to, size_t size)
{
	enum stmboot_status status = stmboot_source_read(cache->parent, offset, to, size);

	if (status == STMBOOT_OK && size < KEPT_BYTES)
		keep(cache, offset, to, size);
	return status;
}

/* A long read takes what is cached at its start, and the rest from the parent at once. */
static enum stmboot_status cache_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	struct cache *cache = self;
	uint8_t *to = buffer;

	refresh(cache);
	while (size > 0) {
		size_t skip = (size_t)(offset % PAGE_BYTES);
		size_t part = (size_t)sb_min_u64(PAGE_BYTES - skip, size);
		const uint8_t *page;
		enum stmboot_status status;

		if (size >= BYPASS_BYTES && !is_cached(cache, offset / PAGE_BYTES))
			return read_past(cache, offset, to, size);
		status = page_get(cache, offset / PAGE_BYTES, &page);
		if (status == STMBOOT_LIMIT) /* without room nothing is kept */
			return stmboot_source_read(cache->parent, offset, to, size);
		/* What is asked for may be readable where its neighbours are not. */
		if (status == STMBOOT_IO)
			status = stmboot_source_read(cache->parent, offset, to, part);
		else if (status == STMBOOT_OK)
			memcpy(to, page + skip, part);
		if (status != STMBOOT_OK)
			return status;
		to += part;
		offset += part;
		size -= part;
	}
	return STMBOOT_OK;
}

static void cache_close(void *self)
{
	struct cache *cache = self;

	for (size_t i = 0; cache->pages != NULL && i < PAGES; i++)
		give_back(cache, PAGE_BYTES, cache->pages[i].data);
	give_back(cache, PAGES * sizeof(*cache->pages), cache->pages);
	sb_free(cache->ctx, cache);
}

static const struct stmboot_source_ops cache_ops = {
	.struct_size = sizeof(cache_ops),
	.read_at = cache_read_at,
	.close = cache_close,
};

enum stmboot_status sb_source_cache(struct stmboot_context *ctx, struct stmboot_source *parent,
				    uint64_t *pool, struct stmboot_source **out)
{
	struct cache *cache = sb_alloc(ctx, sizeof(*cache));
	enum stmboot_status status;

	if (cache == NULL)
		return STMBOOT_NO_MEMORY;
	cache->ctx = ctx;
	cache->parent = parent;
	cache->pool = pool;
	cache->generation = sb_source_generation(parent);
	status = sb_source_over(ctx, &cache_ops, cache, parent, out);
	if (status != STMBOOT_OK)
		sb_free(ctx, cache);
	return status;
}
