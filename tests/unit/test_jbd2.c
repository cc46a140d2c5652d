/* SPDX-License-Identifier: MIT */
/* Journals in every layout, damaged byte by byte, and without memory or a medium that can be read.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/heap.h"
#include "../support/jbd2_medium.h"
#include "../support/pace.h"
#include "base/context.h"
#include "fs/ext4.h"
#include "fs/jbd2.h"
#include "source/source.h"

enum { FILES = 10 };

static uint8_t medium[JM_BYTES];

/* One look at the medium. */
struct look {
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_jbd2 *journal;
	struct sb_jbd2_trouble trouble;
	enum stmboot_status status;
};

static void look(struct look *l)
{
	*l = (struct look){ .ctx = NULL };
	cr_assert_eq(stmboot_context_new(NULL, &l->ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_source_from_memory(l->ctx, medium, JM_BYTES, &l->src), STMBOOT_OK);
	l->status = sb_jbd2_open(l->ctx, l->src, &l->trouble, &l->journal);
}

static void look_away(struct look *l)
{
	sb_jbd2_close(l->journal);
	stmboot_source_close(l->src);
	stmboot_context_free(l->ctx);
}

/* Is that what the first blocks of data hold? */
static bool holds(struct stmboot_source *src, const char *state)
{
	uint8_t block[JM_BLOCK];

	for (size_t i = 0; i < FILES; i++) {
		uint8_t fill = (uint8_t)state[i];

		if (stmboot_source_read(src, (JM_DATA + i) * JM_BLOCK, block, JM_BLOCK) !=
			    STMBOOT_OK ||
		    block[4] != fill || memcmp(block + 4, block + 5, JM_BLOCK - 5) != 0 ||
		    jm_get(block) != (fill == 0 ? JM_MAGIC : fill * UINT32_C(0x01010101)))
			return false;
	}
	return true;
}

static struct jm_log make(enum jm_kind kind, bool wide, uint32_t start)
{
	struct jm_log log = {
		.medium = medium, .kind = kind, .wide = wide, .start = start, .sequence = UINT32_MAX
	};

	jm_make(&log);
	jm_three(&log);
	return log;
}

Test(jbd2, three_transactions_in_every_layout)
{
	for (int kind = JM_PLAIN; kind <= JM_V3; kind++) {
		for (uint32_t start = 1; start < JM_JOURNAL_BLOCKS; start += 1010) {
			for (int wide = 0; wide < 2; wide++) {
				const struct sb_jbd2_info *info;
				struct look l;

				(void)make((enum jm_kind)kind, wide != 0, start);
				look(&l);
				cr_assert_eq(l.status, STMBOOT_OK, "%s", l.trouble.what);
				info = sb_jbd2_info(l.journal);
				cr_expect_eq(info->transactions, 3);
				cr_expect_eq(info->blocks, 3);
				cr_expect_eq(info->end, SB_JBD2_END_WHOLE);
				cr_expect(holds(sb_jbd2_source(l.journal), jm_after(3)));
				cr_expect(holds(l.src, jm_after(0)));
				look_away(&l);
			}
		}
	}
}

/* The superblock says that it is done, and free blocks are counted as the groups say. */
Test(jbd2, both_superblocks_are_those_of_an_empty_log)
{
	uint8_t super[1024], head[1024];
	struct look l;

	(void)make(JM_V3, true, 1);
	look(&l);
	cr_assert_eq(l.status, STMBOOT_OK);
	cr_assert_eq(stmboot_source_read(sb_jbd2_source(l.journal), 1024, super, 1024), STMBOOT_OK);
	cr_expect_eq(super[0x60], 0x46 - 4 + 0x80);
	cr_expect_eq(super[0x0c], 30);
	cr_expect_eq(super[0x10], 5);
	cr_assert_eq(
		stmboot_source_read(sb_jbd2_source(l.journal), JM_JOURNAL * JM_BLOCK, head, 1024),
		STMBOOT_OK);
	/* -1, 0 and 1 were replayed, so the next one is 2, and one is left out */
	cr_expect_eq(jm_get(head + 0x18), 3);
	cr_expect_eq(jm_get(head + 0x1c), 0);
	memcpy(medium + JM_JOURNAL * JM_BLOCK, head, 1024);
	jm_mend_head(medium);
	cr_expect_arr_eq(medium + JM_JOURNAL * JM_BLOCK, head, 1024);
	look_away(&l);
}

Test(jbd2, what_is_read_in_pieces_is_what_is_read_at_once)
{
	static uint8_t whole[JM_BYTES], pieces[JM_BYTES];
	struct look l;
	uint64_t at = 0;

	(void)make(JM_V3, false, 1020);
	look(&l);
	cr_assert_eq(l.status, STMBOOT_OK);
	cr_assert_eq(stmboot_source_read(sb_jbd2_source(l.journal), 0, whole, JM_BYTES),
		     STMBOOT_OK);
	for (size_t size = 1; at < JM_BYTES; at += size, size = size % 3000 + 7) {
		size = size < JM_BYTES - at ? size : (size_t)(JM_BYTES - at);
		cr_assert_eq(stmboot_source_read(sb_jbd2_source(l.journal), at, pieces + at, size),
			     STMBOOT_OK);
	}
	cr_expect(memcmp(whole, pieces, JM_BYTES) == 0);
	look_away(&l);
}

/* A byte of the view stands where it is located, unless it is one that was made. */
Test(jbd2, places_in_logged_blocks_are_those_in_the_journal)
{
	struct look l;
	uint64_t place;

	(void)make(JM_V3, false, 1);
	look(&l);
	cr_assert_eq(l.status, STMBOOT_OK);
	for (uint64_t i = 0; i < FILES; i++) {
		uint64_t at = (JM_DATA + i) * JM_BLOCK + 100;
		uint8_t byte;

		cr_assert(stmboot_source_locate(sb_jbd2_source(l.journal), at, &place));
		cr_assert_eq(stmboot_source_read(sb_jbd2_source(l.journal), at, &byte, 1),
			     STMBOOT_OK);
		cr_expect_eq(medium[place], byte);
		cr_expect_eq(place == at, jm_after(3)[i] == '.', "%d", (int)i);
	}
	look_away(&l);
}

/* Blocks first, then the journal is emptied, and then the file system says so. */
Test(jbd2, what_is_staged_is_marked_with_its_order)
{
	static const struct {
		uint64_t offset;
		enum sb_order order;
	} expected[] = {
		{ 1024, SB_ORDER_SUPERBLOCK },
		{ JM_JOURNAL * JM_BLOCK, SB_ORDER_METADATA },
		{ (JM_DATA + 1) * JM_BLOCK, SB_ORDER_DATA },
		{ (JM_DATA + 9) * JM_BLOCK, SB_ORDER_DATA },
	};
	struct sb_extent extent = { 0 };
	struct sb_overlay *overlay;
	uint64_t offset, length;
	size_t position = 0, ranges = 0;
	struct look l;

	(void)make(JM_V3, false, 1);
	look(&l);
	cr_assert_eq(l.status, STMBOOT_OK);
	cr_assert_eq(sb_overlay_new(l.ctx, l.src, &overlay), STMBOOT_OK);
	cr_assert_eq(sb_jbd2_stage(l.journal, overlay, 0), STMBOOT_OK);
	cr_expect(holds(sb_overlay_source(overlay), jm_after(3)));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		cr_assert_eq(
			sb_overlay_next(overlay, extent.offset + extent.length, false, &extent),
			STMBOOT_OK);
		cr_expect_eq(extent.offset, expected[i].offset);
		cr_expect_eq(extent.order, expected[i].order);
	}
	cr_expect_eq(sb_overlay_next(overlay, extent.offset + extent.length, false, &extent),
		     STMBOOT_NOT_FOUND);
	while (sb_jbd2_next_range(l.journal, &position, &offset, &length))
		ranges++;
	cr_expect_eq(ranges, 4);
	sb_overlay_free(overlay);
	look_away(&l);
}

/* With checksums of every block, one wrong byte leaves a part of the transactions, or nothing. */
static void damage_everything(enum jm_kind kind, uint8_t mask)
{
	struct jm_log log = make(kind, false, 1);
	size_t first = (size_t)JM_JOURNAL * JM_BLOCK;
	size_t end = first + (size_t)log.position * JM_BLOCK;
	size_t refused = 0, cut = 0;

	for (size_t at = first + pace_from(mask % 7); at < end; at += pace(7)) {
		struct look l;

		medium[at] ^= mask;
		look(&l);
		medium[at] ^= mask;
		if (l.status == STMBOOT_OK) {
			unsigned transactions = sb_jbd2_info(l.journal)->transactions;

			medium[at] ^= mask;
			cr_expect_leq(transactions, 3);
			cr_expect(holds(sb_jbd2_source(l.journal), jm_after(transactions)),
				  "byte %zu of the journal", at - first);
			medium[at] ^= mask;
			cut += transactions < 3;
		} else {
			cr_expect(l.status == STMBOOT_CORRUPT || l.status == STMBOOT_UNSUPPORTED,
				  "byte %zu: %s", at - first, stmboot_status_text(l.status));
			cr_expect_not_null(l.trouble.what);
			cr_expect(l.trouble.offset >= first && l.trouble.offset < end);
			refused++;
		}
		look_away(&l);
	}
	/* nearly all; what is not are heads of blocks, and data that was revoked */
	cr_expect_gt(refused, (end - first) / 2 / pace(7));
	cr_expect_gt(cut, 60 / pace(7));
}

Test(jbd2, any_wrong_byte_leaves_whole_transactions_or_nothing, .timeout = 300)
{
	damage_everything(JM_V3, 0xff);
	damage_everything(JM_V3, 0x01);
	damage_everything(JM_V2, 0xff);
	damage_everything(JM_V2, 0x80);
}

/* Without checksums the result may be wrong, but never outside, nor in the journal. */
Test(jbd2, a_wrong_byte_never_leads_outside, .timeout = 300)
{
	for (int kind = JM_PLAIN; kind <= JM_V1; kind++) {
		struct jm_log log = make((enum jm_kind)kind, true, 1);
		size_t first = (size_t)JM_JOURNAL * JM_BLOCK;
		size_t end = first + (size_t)log.position * JM_BLOCK;

		for (size_t at = first + pace_from((size_t)kind); at < end; at += pace(7)) {
			uint64_t offset, length;
			size_t position = 0, count = 0;
			struct look l;

			medium[at] ^= 0xff;
			look(&l);
			while (l.status == STMBOOT_OK &&
			       sb_jbd2_next_range(l.journal, &position, &offset, &length)) {
				cr_expect_leq(offset + length, JM_BYTES);
				count += offset >= first &&
					 offset < (size_t)(JM_JOURNAL + JM_JOURNAL_BLOCKS) *
							  JM_BLOCK;
			}
			cr_expect(l.status != STMBOOT_OK || count == 1);
			medium[at] ^= 0xff;
			look_away(&l);
		}
	}
}

/* Open and stage with an allocator that refuses a request; *requests is how many there were. */
static enum stmboot_status everything(struct heap *heap, struct stmboot_context *ctx,
				      size_t *requests)
{
	struct sb_jbd2_trouble trouble = { .what = NULL };
	struct sb_jbd2 *journal = NULL;
	struct sb_overlay *overlay = NULL;
	struct stmboot_source *src;
	size_t refuse = heap->refuse;
	enum stmboot_status status;

	heap_refuse(heap, 0);
	cr_assert_eq(stmboot_source_from_memory(ctx, medium, JM_BYTES, &src), STMBOOT_OK);
	cr_assert_eq(sb_overlay_new(ctx, src, &overlay), STMBOOT_OK);
	heap_refuse(heap, refuse);
	status = sb_jbd2_open(ctx, src, &trouble, &journal);
	if (status == STMBOOT_OK)
		status = sb_jbd2_stage(journal, overlay, 0);
	*requests = heap->requests;
	heap_refuse(heap, 0);
	if (status == STMBOOT_OK) {
		cr_expect(holds(sb_jbd2_source(journal), jm_after(3)));
		cr_expect(holds(sb_overlay_source(overlay), jm_after(3)));
	}
	sb_jbd2_close(journal);
	sb_overlay_free(overlay);
	stmboot_source_close(src);
	return status;
}

Test(jbd2, each_allocation_may_be_refused)
{
	for (int for_good = 0; for_good < 2; for_good++) {
		enum stmboot_status status = STMBOOT_NO_MEMORY;

		(void)make(JM_V3, true, 1010);
		for (size_t refuse = 1; status != STMBOOT_OK; refuse++) {
			struct heap heap = { .for_good = for_good != 0 };
			struct stmboot_context *ctx = heap_context(&heap);
			size_t requests = 0;

			heap.refuse = refuse;
			status = everything(&heap, ctx, &requests);
			cr_assert(status == STMBOOT_OK || status == STMBOOT_NO_MEMORY,
				  "request %zu: %s", refuse, stmboot_status_text(status));
			cr_assert(requests < refuse || status == STMBOOT_NO_MEMORY,
				  "request %zu is not missed", refuse);
			stmboot_context_free(ctx);
			cr_expect_eq(heap.live, 0, "request %zu", refuse);
			cr_assert_lt(refuse, 1000);
		}
	}
}

/* A medium of which one read fails, or that one and all that follow. */
struct faulty {
	size_t reads;
	size_t refuse;
	bool for_good;
};

static enum stmboot_status faulty_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	struct faulty *faulty = self;

	faulty->reads++;
	if (faulty->reads == faulty->refuse || (faulty->for_good && faulty->reads > faulty->refuse))
		return STMBOOT_IO;
	memcpy(buffer, medium + offset, size);
	return STMBOOT_OK;
}

static uint64_t faulty_size(void *self)
{
	(void)self;
	return JM_BYTES;
}

Test(jbd2, each_read_may_fail)
{
	static const struct stmboot_source_ops ops = { .struct_size = sizeof(ops),
						       .read_at = faulty_read_at,
						       .size = faulty_size };
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (int kind = JM_PLAIN; kind <= JM_V3; kind++) {
		enum stmboot_status status;
		size_t failed = 0;
		bool done = false;

		(void)make((enum jm_kind)kind, true, 1018);
		for (size_t refuse = 1; !done; refuse++) {
			struct faulty faulty = { .refuse = refuse, .for_good = true };
			struct sb_jbd2_trouble trouble;
			struct sb_jbd2 *journal = NULL;
			struct stmboot_source *src;

			cr_assert_eq(stmboot_source_new(ctx, &ops, &faulty, &src), STMBOOT_OK);
			status = sb_jbd2_open(ctx, src, &trouble, &journal);
			cr_expect_eq(status, faulty.reads >= refuse ? STMBOOT_IO : STMBOOT_OK,
				     "read %zu: %s", refuse, stmboot_status_text(status));
			failed += status == STMBOOT_IO;
			done = status == STMBOOT_OK;
			sb_jbd2_close(journal);
			/* once: a shorter read of the same may do */
			faulty = (struct faulty){ .refuse = refuse };
			journal = NULL;
			status = sb_jbd2_open(ctx, src, &trouble, &journal);
			faulty.refuse = 0;
			if (status == STMBOOT_OK)
				cr_expect(holds(sb_jbd2_source(journal), jm_after(3)));
			sb_jbd2_close(journal);
			stmboot_source_close(src);
		}
		cr_expect_gt(failed, 6);
	}
	stmboot_context_free(ctx);
}

/* Of a journal that needs no replay it is asked whether it is empty. */
Test(jbd2, an_empty_journal_is_told_from_one_that_is_not)
{
	struct jm_log log = make(JM_V3, false, 1);
	struct sb_jbd2_trouble trouble;
	struct look l;

	medium[JM_BLOCK + 0x60] &= (uint8_t)~4;
	look(&l);
	cr_expect_eq(l.status, STMBOOT_NOT_FOUND);
	cr_expect_eq(sb_jbd2_check_empty(l.ctx, l.src, &trouble), STMBOOT_CORRUPT);
	cr_expect(strstr(trouble.what, "holds changes") != NULL);
	log.start = 0;
	jm_make(&log);
	medium[JM_BLOCK + 0x60] &= (uint8_t)~4;
	cr_expect_eq(sb_jbd2_check_empty(l.ctx, l.src, &trouble), STMBOOT_OK);
	medium[JM_JOURNAL * JM_BLOCK] ^= 1;
	cr_expect_eq(sb_jbd2_check_empty(l.ctx, l.src, &trouble), STMBOOT_CORRUPT);
	medium[JM_BLOCK + 0x5c] = 0;
	cr_expect_eq(sb_jbd2_check_empty(l.ctx, l.src, &trouble), STMBOOT_OK);
	look_away(&l);
}
