/* SPDX-License-Identifier: MIT */
/* A card in memory with its decoded tables, for the tests of partition tables. */
#ifndef TESTS_GPT_BENCH_H
#define TESTS_GPT_BENCH_H

#include <criterion/criterion.h>
#include <stdlib.h>

#include "format/gpt.h"
#include "gpt_card.h"

/* The healthy card of healthy(), and where its parts stand. */
enum {
	SECTORS = 256,
	COUNT = 128,
	FIRST = 34,          /* first usable LBA */
	LAST = SECTORS - 34, /* last usable LBA */
	HEADER = CARD_SECTOR,
	BACKUP = (SECTORS - 1) * CARD_SECTOR,
	ENTRIES = 2 * CARD_SECTOR,
};

struct bench {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_gpt *gpt;
	uint8_t *bytes;
};

static inline struct bench bench_new(uint64_t sectors)
{
	struct bench b = { .bytes = calloc(sectors, CARD_SECTOR) };

	cr_assert_not_null(b.bytes);
	cr_assert_eq(stmboot_context_new(NULL, &b.ctx), STMBOOT_OK);
	return b;
}

static inline void bench_decode(struct bench *b, uint64_t size)
{
	stmboot_gpt_free(b->gpt);
	stmboot_source_close(b->src);
	b->gpt = NULL;
	b->src = NULL;
	cr_assert_eq(stmboot_source_from_memory(b->ctx, b->bytes, size, &b->src), STMBOOT_OK);
	cr_assert_eq(stmboot_gpt_decode(b->ctx, b->src, &b->gpt), STMBOOT_OK);
}

static inline void bench_free(struct bench *b)
{
	stmboot_gpt_free(b->gpt);
	stmboot_source_close(b->src);
	stmboot_context_free(b->ctx);
	free(b->bytes);
}

static inline struct bench healthy(void)
{
	struct bench b = bench_new(SECTORS);

	card_make(b.bytes, SECTORS, COUNT);
	return b;
}

#endif
