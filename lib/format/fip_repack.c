/* SPDX-License-Identifier: MIT */
/* Firmware packages whose images get other sizes. TF-A tools/fiptool/fiptool.c, pack_images(). */
#include <string.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "format/fip_internal.h"

enum { MOST_ALIGNMENT = 64 << 10 };

/* The entries in the order of their images; no two are at one place. */
static size_t *order_of(struct sb_arena *arena, const struct stmboot_fip *fip)
{
	size_t *order = sb_arena_array(arena, fip->entry_count, sizeof(*order));

	for (size_t i = 0; order != NULL && i < fip->entry_count; i++) {
		size_t at = i;

		while (at > 0 && fip->entries[order[at - 1]].offset > fip->entries[i].offset) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = i;
	}
	return order;
}

/* Would fiptool, told to align images so, put each where it is? */
static bool is_packed(const struct stmboot_fip *fip, const size_t *order, uint64_t alignment)
{
	uint64_t at = fip->toc_bytes;

	for (size_t i = 0; i < fip->entry_count; i++) {
		const struct stmboot_fip_entry *e = &fip->entries[order[i]];

		if (e->offset != sb_round_up_u64(at, alignment))
			return false;
		at = e->offset + e->size;
	}
	return fip->total_bytes == sb_round_up_u64(at, alignment);
}

/* What every image is aligned to, by intention or not. */
static uint64_t common_alignment(const struct stmboot_fip *fip)
{
	uint64_t bits = fip->total_bytes | MOST_ALIGNMENT;

	for (size_t i = 0; i < fip->entry_count; i++)
		bits |= fip->entries[i].offset;
	return bits & (~bits + 1);
}

/* A package on its way to another layout. */
struct repack {
	const struct stmboot_fip *fip;
	const uint64_t *sizes;
	const size_t *order;
	uint64_t alignment;
	bool in_place; /* each image fits where the old one is */
};

/* Where what follows an image begins. */
static uint64_t next_of(const struct repack *r, size_t i)
{
	return i + 1 < r->fip->entry_count ? r->fip->entries[r->order[i + 1]].offset
					   : r->fip->total_bytes;
}

/* What fiptool has packed it packs anew; other gaps are kept as long as that is possible. */
static void choose(struct repack *r)
{
	r->alignment = 1;
	while (r->alignment <= MOST_ALIGNMENT && !is_packed(r->fip, r->order, r->alignment))
		r->alignment *= 2;
	if (r->alignment <= MOST_ALIGNMENT)
		return;
	r->alignment = common_alignment(r->fip);
	r->in_place = true;
	for (size_t i = 0; i < r->fip->entry_count && r->in_place; i++) {
		size_t index = r->order[i];

		r->in_place = r->sizes[index] <= next_of(r, i) - r->fip->entries[index].offset;
	}
}

static bool place_all(const struct repack *r, struct stmboot_fip_entry *entries, uint64_t *total)
{
	uint64_t at =
		r->fip->entry_count > 0 ? r->fip->entries[r->order[0]].offset : r->fip->total_bytes;

	for (size_t i = 0; i < r->fip->entry_count; i++) {
		size_t index = r->order[i];
		const struct stmboot_fip_entry *old = &r->fip->entries[index];
		uint64_t end;

		entries[index].offset = at;
		entries[index].size = r->sizes[index];
		if (!sb_add_u64(at, r->sizes[index], &end) || end > UINT64_MAX - MOST_ALIGNMENT)
			return false;
		if (r->in_place || old->size == r->sizes[index])
			end = at + (next_of(r, i) - old->offset);
		at = sb_round_up_u64(end, r->in_place ? 1 : r->alignment);
	}
	*total = at;
	return true;
}

enum stmboot_status sb_fip_repack(struct sb_arena *arena, const struct stmboot_fip *fip,
				  const uint64_t *sizes, struct stmboot_fip *out)
{
	struct repack r = { .fip = fip, .sizes = sizes, .order = order_of(arena, fip) };
	struct stmboot_fip_entry *entries =
		sb_arena_array(arena, fip->entry_count, sizeof(*entries));
	struct stmboot_fip made = *fip;

	if (r.order == NULL || entries == NULL)
		return STMBOOT_NO_MEMORY;
	if (fip->entry_count > 0)
		memcpy(entries, fip->entries, fip->entry_count * sizeof(*entries));
	choose(&r);
	if (!place_all(&r, entries, &made.total_bytes))
		return STMBOOT_LIMIT;
	made.entries = entries;
	made.payloads = NULL;
	made.optee = NULL;
	*out = made;
	return STMBOOT_OK;
}

static void encode_entry(uint8_t *at, const uint8_t *uuid, uint64_t offset, uint64_t size,
			 uint64_t flags)
{
	memcpy(at, uuid, SB_FIP_UUID_BYTES);
	sb_put_le(at + SB_FIP_ENTRY_OFFSET, offset, 8);
	sb_put_le(at + SB_FIP_ENTRY_SIZE, size, 8);
	sb_put_le(at + SB_FIP_ENTRY_FLAGS, flags, 8);
}

void sb_fip_encode(const struct stmboot_fip *fip, uint8_t *bytes)
{
	static const uint8_t zero[SB_FIP_UUID_BYTES];
	uint8_t *at = bytes + SB_FIP_HEADER_BYTES;

	sb_put_le(bytes, SB_FIP_MAGIC, 4);
	sb_put_le(bytes + 4, fip->serial_number, 4);
	sb_put_le(bytes + 8, fip->flags, 8);
	for (size_t i = 0; i < fip->entry_count; i++, at += SB_FIP_ENTRY_BYTES)
		encode_entry(at, fip->entries[i].uuid, fip->entries[i].offset, fip->entries[i].size,
			     fip->entries[i].flags);
	if (fip->terminated)
		encode_entry(at, zero, fip->total_bytes, fip->end_size, fip->end_flags);
}
