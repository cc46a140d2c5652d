/* SPDX-License-Identifier: MIT */
/* Device trees with one thing wrong, and what is said about each. */
#include <criterion/criterion.h>

#include <string.h>

#include "base/diag.h"
#include "format/dtb.h"
#include "format/dtb_internal.h"

/*
 * A small tree, word by word: / { p = <1>; n { }; }; Devicetree specification
 * v0.4, chapter 5.
 */
static const uint32_t healthy[] = {
	/* 0x00: the header */
	0xd00dfeed, 114, 56, 112, 40, 17, 16, 0, 2, 52,
	/* 0x28: the memory reserve map */
	0, 0, 0, 0,
	/* 0x38: the root */
	1, 0,
	/* 0x40: its property */
	3, 4, 0, 1,
	/* 0x50: its child, n */
	1, 0x6e000000, 2,
	/* 0x5c: two words of nothing, the end of the root, the end */
	4, 4, 2, 9,
	/* 0x6c: filled; 0x70: the strings, "p" */
	0, 0x70000000
};

enum { WORDS = sizeof(healthy) / sizeof(healthy[0]), TOTAL = 114 };

static void put(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static const struct {
	const char *name;
	struct {
		size_t offset;
		uint32_t value;
	} patches[8]; /* 0 at 0 stands for none */
	size_t size;  /* of the file; 0: whole */
	enum stmboot_dtb_defect defect;
	const char *code; /* or NULL */
	uint64_t offset;
} cases[] = {
	{ "nothing is wrong", { { 0 } }, 0, STMBOOT_DTB_GOOD, NULL, 0 },
	{ "bytes behind the tree do no harm", { { 0 } }, TOTAL + 2, STMBOOT_DTB_GOOD, NULL, 0 },
	{ "another magic", { { 0, 0x1f8b0800 } }, 0, STMBOOT_DTB_BAD_MAGIC, "dtb.bad-magic", 0 },
	{ "the file ends in its header", { { 0 } }, 39, STMBOOT_DTB_BAD_MAGIC, "dtb.bad-magic", 0 },
	{ "version 1", { { 20, 1 } }, 0, STMBOOT_DTB_BAD_VERSION, "dtb.version", 20 },
	{ "version 15, compatible with 15",
	  { { 20, 15 }, { 24, 15 } },
	  0,
	  STMBOOT_DTB_BAD_VERSION,
	  "dtb.version",
	  20 },
	{ "version 18, compatible with 17",
	  { { 20, 18 }, { 24, 17 } },
	  0,
	  STMBOOT_DTB_GOOD,
	  NULL,
	  0 },
	{ "version 18, compatible with 18",
	  { { 20, 18 }, { 24, 18 } },
	  0,
	  STMBOOT_DTB_BAD_VERSION,
	  "dtb.version",
	  24 },
	{ "version 17, compatible with 18",
	  { { 24, 18 } },
	  0,
	  STMBOOT_DTB_BAD_VERSION,
	  "dtb.version",
	  24 },
	{ "version 16, which has no size of the structure",
	  { { 20, 16 }, { 36, 0xffffffff } },
	  0,
	  STMBOOT_DTB_GOOD,
	  NULL,
	  0 },
	{ "one byte short", { { 0 } }, TOTAL - 1, STMBOOT_DTB_TRUNCATED, "dtb.truncated", 4 },
	{ "a total size of 2 GiB",
	  { { 4, 0x80000000 } },
	  0,
	  STMBOOT_DTB_BAD_HEADER,
	  "dtb.structure",
	  4 },
	{ "a total size of 3 MiB, truncated",
	  { { 4, 3 << 20 } },
	  0,
	  STMBOOT_DTB_TRUNCATED,
	  "dtb.truncated",
	  4 },
	{ "a total size less than a header",
	  { { 4, 39 } },
	  0,
	  STMBOOT_DTB_BAD_HEADER,
	  "dtb.structure",
	  4 },
	{ "the structure block starts in the header",
	  { { 8, 36 } },
	  0,
	  STMBOOT_DTB_BAD_HEADER,
	  "dtb.structure",
	  8 },
	{ "its offset and size pass 32 bits",
	  { { 8, 0xfffffff8 } },
	  0,
	  STMBOOT_DTB_BAD_HEADER,
	  "dtb.structure",
	  8 },
	{ "the structure block is empty",
	  { { 36, 0 } },
	  0,
	  STMBOOT_DTB_BAD_HEADER,
	  "dtb.structure",
	  8 },
	{ "the strings overlap the structure",
	  { { 12, 107 } },
	  0,
	  STMBOOT_DTB_BAD_HEADER,
	  "dtb.structure",
	  12 },
	{ "the strings pass the end",
	  { { 32, 3 } },
	  0,
	  STMBOOT_DTB_BAD_HEADER,
	  "dtb.structure",
	  12 },
	{ "the reserve map passes the end",
	  { { 16, 100 } },
	  0,
	  STMBOOT_DTB_BAD_HEADER,
	  "dtb.structure",
	  16 },
	{ "the reserve map does not end",
	  { { 52, 1 } },
	  0,
	  STMBOOT_DTB_BAD_STRUCTURE,
	  "dtb.structure",
	  56 },
	{ "the reserve map is misaligned",
	  { { 8, 60 },
	    { 16, 44 },
	    { 36, 48 },
	    { 56, 0 },
	    { 60, 1 },
	    { 64, 0 },
	    { 72, 4 },
	    { 76, 4 } },
	  0,
	  STMBOOT_DTB_GOOD,
	  "dtb.misaligned",
	  16 },
	{ "a property of almost 4 GiB",
	  { { 68, 0xfffffff0 } },
	  0,
	  STMBOOT_DTB_BAD_STRUCTURE,
	  "dtb.structure",
	  68 },
	{ "a property's name lies outside",
	  { { 72, 2 } },
	  0,
	  STMBOOT_DTB_BAD_STRUCTURE,
	  "dtb.structure",
	  72 },
	{ "a property's name does not end",
	  { { 32, 1 } },
	  0,
	  STMBOOT_DTB_BAD_STRUCTURE,
	  "dtb.structure",
	  72 },
	{ "a property stands outside the root",
	  { { 56, 4 }, { 60, 4 } },
	  0,
	  STMBOOT_DTB_BAD_STRUCTURE,
	  "dtb.structure",
	  64 },
	{ "a property follows a child",
	  { { 64, 1 }, { 68, 0x61000000 }, { 72, 2 }, { 76, 3 } },
	  0,
	  STMBOOT_DTB_BAD_STRUCTURE,
	  "dtb.structure",
	  76 },
	{ "a node is not ended",
	  { { 88, 4 } },
	  0,
	  STMBOOT_DTB_BAD_STRUCTURE,
	  "dtb.structure",
	  104 },
	{ "a node ends twice",
	  { { 92, 2 }, { 96, 2 } },
	  0,
	  STMBOOT_DTB_BAD_STRUCTURE,
	  "dtb.structure",
	  96 },
	{ "there is a second root",
	  { { 88, 2 }, { 92, 2 }, { 96, 1 }, { 100, 0 } },
	  0,
	  STMBOOT_DTB_BAD_STRUCTURE,
	  "dtb.structure",
	  96 },
	{ "there is no root", { { 56, 9 } }, 0, STMBOOT_DTB_BAD_STRUCTURE, "dtb.structure", 56 },
	{ "the root has a name",
	  { { 60, 0x61000000 } },
	  0,
	  STMBOOT_DTB_BAD_STRUCTURE,
	  "dtb.structure",
	  60 },
	{ "an unknown token", { { 92, 5 } }, 0, STMBOOT_DTB_BAD_STRUCTURE, "dtb.structure", 92 },
	{ "no end token", { { 104, 4 } }, 0, STMBOOT_DTB_BAD_STRUCTURE, "dtb.structure", 108 },
	{ "a node's name does not end",
	  { { 36, 32 }, { 84, 0x61616161 } },
	  0,
	  STMBOOT_DTB_BAD_STRUCTURE,
	  "dtb.structure",
	  84 },
};

static size_t make(size_t index, uint8_t out[TOTAL + 2])
{
	memset(out, 0, TOTAL + 2);
	for (size_t i = 0; i < WORDS; i++)
		put(out + 4 * i, healthy[i]);
	for (size_t i = 0; i < 8; i++)
		if (cases[index].patches[i].offset != 0 || cases[index].patches[i].value != 0)
			put(out + cases[index].patches[i].offset, cases[index].patches[i].value);
	return cases[index].size != 0 ? cases[index].size : TOTAL;
}

Test(dtb_damage, each_is_found_in_its_place)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct stmboot_diag *diag;
		struct stmboot_source *src;
		struct stmboot_diags *diags;
		struct stmboot_dtb *dtb;
		uint8_t file[TOTAL + 2];
		size_t size = make(i, file);

		cr_assert_eq(stmboot_source_from_memory(ctx, file, size, &src), STMBOOT_OK);
		cr_assert_eq(stmboot_dtb_decode(ctx, src, &dtb), STMBOOT_OK);
		cr_assert_eq(stmboot_diags_new(ctx, &diags), STMBOOT_OK);
		cr_expect_eq(dtb->defect, cases[i].defect, "%s: %d", cases[i].name, dtb->defect);
		cr_expect_eq(stmboot_dtb_validate(ctx, src, dtb, diags), STMBOOT_OK);
		cr_expect_eq(stmboot_diags_count(diags), cases[i].code != NULL, "%s",
			     cases[i].name);
		diag = stmboot_diags_get(diags, 0);
		if (diag != NULL && cases[i].code != NULL) {
			cr_expect_str_eq(diag->code, cases[i].code, "%s", cases[i].name);
			cr_expect_eq(diag->place.offset, cases[i].offset, "%s: %d", cases[i].name,
				     (int)diag->place.offset);
			cr_expect_eq(diag->severity,
				     dtb->root == NULL ? STMBOOT_ERROR : STMBOOT_WARNING);
			cr_expect_eq(diag->stage, STMBOOT_STAGE_DTB);
		}
		stmboot_diags_free(diags);
		stmboot_dtb_free(dtb);
		stmboot_source_close(src);
	}
	stmboot_context_free(ctx);
}

/* / with properties that share the end of one long name. */
static enum stmboot_dtb_defect decode_shared(struct stmboot_context *ctx, size_t properties)
{
	enum { STRUCT = 56, NAME = 8000, MOST = 500 };
	static uint8_t file[STRUCT + 8 + 12 * MOST + 8 + NAME + 1];
	size_t at = STRUCT + 8, size;
	enum stmboot_dtb_defect defect;
	struct stmboot_source *src;
	struct stmboot_dtb *dtb;

	memset(file, 0, sizeof(file));
	for (size_t i = 0; i < 10; i++)
		put(file + 4 * i, healthy[i]);
	put(file + STRUCT, 1);
	for (size_t i = 0; i < properties; i++, at += 12) {
		put(file + at, 3);
		put(file + at + 8, (uint32_t)i);
	}
	put(file + at, 2);
	put(file + at + 4, 9);
	at += 8;
	memset(file + at, 'a', NAME);
	size = at + NAME + 1;
	put(file + 4, (uint32_t)size);
	put(file + 12, (uint32_t)at);
	put(file + 32, NAME + 1);
	put(file + 36, (uint32_t)(at - STRUCT));
	cr_assert_eq(stmboot_source_from_memory(ctx, file, size, &src), STMBOOT_OK);
	cr_assert_eq(stmboot_dtb_decode(ctx, src, &dtb), STMBOOT_OK);
	defect = dtb->defect;
	stmboot_dtb_free(dtb);
	stmboot_source_close(src);
	return defect;
}

Test(dtb_damage, names_out_of_proportion_are_damage)
{
	struct stmboot_context *ctx;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_expect_eq(decode_shared(ctx, 1), STMBOOT_DTB_GOOD);
	cr_expect_eq(decode_shared(ctx, 4), STMBOOT_DTB_GOOD);
	cr_expect_eq(decode_shared(ctx, 5), STMBOOT_DTB_BAD_STRUCTURE);
	cr_expect_eq(decode_shared(ctx, 500), STMBOOT_DTB_BAD_STRUCTURE);
	stmboot_context_free(ctx);
}

/* --- a file that somebody writes while it is read --- */

/* A root without anything, as long as nobody looks a second time; then it has a child. */
static enum stmboot_status read_changing(void *self, uint64_t offset, void *buffer, size_t size)
{
	static const uint32_t first[] = { 1, 0, 2, 9 }, later[] = { 1, 0, 1, 0x61000000 };
	unsigned *walks = self;
	uint8_t bytes[sizeof(first)];

	*walks += offset == 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((*walks > 1 ? later : first)[i / 4] >> (24 - 8 * (i % 4)));
	memcpy(buffer, bytes + offset, size);
	return STMBOOT_OK;
}

static uint64_t size_of_changing(void *self)
{
	(void)self;
	return 16;
}

Test(dtb_damage, a_tree_that_may_change_is_walked_once)
{
	const struct stmboot_source_ops ops = { .struct_size = sizeof(ops),
						.read_at = read_changing,
						.size = size_of_changing };
	struct sb_dtb_walk walk = {
		.end = 16, .strings = "", .max_tokens = 100, .max_copied = 100
	};
	struct stmboot_context *ctx;
	struct sb_arena arena;
	unsigned walks = 0;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	sb_arena_init(&arena, ctx);
	walk.arena = &arena;
	cr_assert_eq(stmboot_source_new(ctx, &ops, &walks, &walk.src), STMBOOT_OK);
	cr_expect_eq(sb_dtb_build(&walk), STMBOOT_OK);
	cr_expect_eq(walks, 1);
	cr_expect_eq(walk.node_count, 1);
	cr_expect_null(walk.root->child);
	stmboot_source_close(walk.src);
	sb_arena_release(&arena);
	stmboot_context_free(ctx);
}
