/* SPDX-License-Identifier: MIT */
/*
 * Firmware packages that are packed anew. The input is that of patched.h, of which
 * the first byte says what the sizes become, too: where the package is sound the
 * new table must be sound as well, keep its order, and be as it was for the same
 * sizes.
 */
#include <stmboot/fip.h>

#include "../tests/support/containers.h"
#include "patched.h"

#include "base/cursor.h"
#include "format/fip_internal.h"

static size_t make(uint8_t *bytes, uint8_t choice)
{
	(void)choice;
	return make_whole_fip(bytes);
}

static const struct stmboot_fip_entry *at(const struct stmboot_fip *fip, size_t index)
{
	return &fip->entries[index];
}

/* In a source that has room for it. */
static void check_made(const struct stmboot_fip *fip, const struct stmboot_fip *made,
		       const uint64_t *sizes)
{
	struct stmboot_fip roomy = *made;

	roomy.source_bytes = UINT64_MAX;
	require(made->entry_count == fip->entry_count && made->toc_bytes == fip->toc_bytes);
	require(sb_fip_is_sound(&roomy));
	for (size_t i = 0; i < fip->entry_count; i++) {
		require(at(made, i)->size == sizes[i]);
		for (size_t k = 0; k < i; k++)
			require((at(made, k)->offset < at(made, i)->offset) ==
				(at(fip, k)->offset < at(fip, i)->offset));
	}
}

static void repack(const struct patched *p, const struct stmboot_fip *fip, bool same)
{
	uint64_t *sizes = calloc(fip->entry_count + 1, sizeof(*sizes));
	struct stmboot_fip made;
	struct sb_arena arena;

	require(sizes != NULL);
	sb_arena_init(&arena, p->ctx);
	for (size_t i = 0; i < fip->entry_count; i++) {
		sizes[i] = at(fip, i)->size;
		if (!same && (p->choice >> i % 8 & 1) != 0)
			sizes[i] = sizes[i] * 7 % 4099 + 1;
	}
	require(sb_fip_repack(&arena, fip, sizes, &made) == STMBOOT_OK);
	check_made(fip, &made, sizes);
	require(!same || made.total_bytes == fip->total_bytes);
	for (size_t i = 0; i < fip->entry_count; i++)
		require(!same || at(&made, i)->offset == at(fip, i)->offset);
	sb_arena_release(&arena);
	free(sizes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patched *p = patched_new(data, size, make);
	struct stmboot_fip *fip = NULL;

	if (stmboot_fip_decode(p->ctx, p->src, &fip) == STMBOOT_OK) {
		if (sb_fip_is_sound(fip)) {
			repack(p, fip, true);
			repack(p, fip, false);
		}
		stmboot_fip_free(fip);
	}
	patched_free(p);
	return 0;
}
