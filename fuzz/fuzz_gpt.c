/* SPDX-License-Identifier: MIT */
/*
 * Partition tables, their checks and the views of all readers.
 *
 * An input describes a card by what makes it different from a healthy one, so
 * it stays small: one byte chooses the card, two give the size of the medium
 * (0, or left out: as made), and then patches follow until the input ends, each
 * an offset (16 bits, little-endian), a length (8 bits) and that many bytes.
 */
#include <stdlib.h>
#include <stmboot/text.h>
#include <string.h>

#include "../tests/support/gpt_card.h"
#include "base/diag.h"
#include "format/gpt.h"

enum {
	MEDIUM = 65536,
	SECTORS = 110, /* room for two arrays of 128 entries, a multiple of nothing */
	HEAD = 3,
	PATCH_HEAD = 3,
	CRC_BYTES = 4,
	MENDS = 4, /* two checksums in each of two headers */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The length of the patch at `at` with its head, cut at the end of the input. */
static size_t patch_length(const uint8_t *data, size_t size, size_t at)
{
	size_t length = PATCH_HEAD + (size_t)data[at + 2];

	return length < size - at ? length : size - at;
}

/* Make the card of an input in `medium`; the size of the medium. */
static size_t make_card(uint8_t medium[MEDIUM], const uint8_t *data, size_t size)
{
	static const uint32_t counts[] = { 4, 56, 128, 128 };
	size_t medium_size = size >= HEAD ? (size_t)card_get(data + 1, 2) : 0;

	memset(medium, 0, MEDIUM);
	card_make(medium, SECTORS, counts[size != 0 ? data[0] & 3 : 0]);
	for (size_t at = HEAD; at < size && size - at > PATCH_HEAD;) {
		size_t length = patch_length(data, size, at);
		size_t offset = (size_t)card_get(data + at, 2);
		size_t bytes = length - PATCH_HEAD;

		if (bytes > MEDIUM - offset)
			bytes = MEDIUM - offset;
		memcpy(medium + offset, data + at + PATCH_HEAD, bytes);
		at += length;
	}
	return medium_size != 0 ? medium_size : (size_t)SECTORS * CARD_SECTOR;
}

static void check_text(const char *text)
{
	size_t size = strlen(text);

	for (size_t i = 0; i < size;) {
		uint32_t c;
		size_t length = stmboot_utf8_decode(text + i, size - i, &c);

		require(length != 0);
		i += length;
	}
}

static void check_copy(const struct stmboot_gpt *gpt, const struct stmboot_gpt_copy *copy)
{
	require(copy->state != STMBOOT_GPT_OK || copy->defects == 0);
	require(copy->state != STMBOOT_GPT_BAD || copy->defects != 0);
	require(copy->state != STMBOOT_GPT_MISSING || copy->entry_items == 0);
	require(copy->partition_count <= copy->entry_items);
	require(copy->linux_partition_count <= copy->partition_count);
	for (size_t i = 0; i < copy->entry_items; i++) {
		const struct stmboot_partition *p = copy->entries[i];

		require(i == 0 || copy->entries[i - 1]->number < p->number);
		require(p->number == p->index + 1 && p->index < copy->entry_count);
		require(p->entry_offset + p->entry_length <= gpt->medium_size);
		require((p->size == 0) == ((p->defects & STMBOOT_PARTITION_ORDER) != 0));
		require(strlen(p->name_uboot) <= 36 && strlen(p->name_linux) <= 36);
		check_text(p->name);
		check_text(p->name_linux);
	}
	for (size_t i = 0; i < copy->linux_partition_count; i++)
		require(copy->linux_partitions[i]->last_lba < gpt->sectors);
}

/* A good copy stays as it is when its checksums are computed once more. */
static void check_checksums(uint8_t *medium, const struct stmboot_gpt *gpt,
			    const struct stmboot_gpt_copy *copy)
{
	uint8_t before[CARD_SECTOR];

	if (copy->state != STMBOOT_GPT_OK || gpt->sector_size != CARD_SECTOR)
		return;
	memcpy(before, medium + copy->offset, sizeof(before));
	card_mend(medium, gpt->sectors, copy->lba);
	require(memcmp(before, medium + copy->offset, sizeof(before)) == 0);
}

static void check_views(const struct stmboot_gpt *gpt)
{
	struct stmboot_gpt_view uboot = stmboot_gpt_uboot_view(gpt);
	struct stmboot_gpt_view kernel = stmboot_gpt_linux_view(gpt, false);
	const struct stmboot_partition *some[2];

	(void)stmboot_gpt_linux_view(gpt, true);
	if (kernel.copy != NULL) {
		require(kernel.copy == &gpt->primary && uboot.copy == &gpt->primary);
		require(kernel.count <= uboot.count);
	}
	require(stmboot_gpt_bootable(&uboot, 128, some, 2) <= uboot.count);
	uboot = stmboot_gpt_rom_view(gpt);
	require(stmboot_gpt_fsbl(&uboot, some, 2) <= uboot.count);
	for (uint32_t version = 0; version < 216; version = version == 0 ? 203 : version + 1) {
		struct stmboot_gpt_tfa tfa = { .version = version, .stm32mp2 = version % 2 != 0 };
		struct stmboot_gpt_view view = stmboot_gpt_tfa_view(gpt, &tfa);

		require(view.count <= stmboot_gpt_tfa_entries(&tfa));
		for (size_t i = 0; i < view.count; i++)
			require(view.partitions[i]->index == i);
	}
}

/* When nothing is to be said, all readers see the same. */
static void check_findings(struct stmboot_context *ctx, struct stmboot_source *src,
			   const struct stmboot_gpt *gpt)
{
	struct stmboot_diags *diags;
	struct sb_scope scope;

	require(stmboot_diags_new(ctx, &diags) == STMBOOT_OK);
	scope = sb_scope(diags, src);
	sb_gpt_validate(&scope, gpt);
	require(sb_diags_status(diags) == STMBOOT_OK);
	for (size_t i = 0; i < stmboot_diags_count(diags); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(diags, i);

		require(diag->message != NULL);
		require(!diag->place.has_offset || diag->place.offset <= gpt->medium_size);
	}
	if (gpt->type == STMBOOT_TABLE_GPT && stmboot_diags_count(diags) == 0) {
		require(stmboot_gpt_uboot_view(gpt).copy == &gpt->primary);
		require(stmboot_gpt_rom_view(gpt).copy == &gpt->primary);
		require(stmboot_gpt_linux_view(gpt, false).copy == &gpt->primary);
		require(gpt->backup_state == STMBOOT_GPT_OK);
	}
	stmboot_diags_free(diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t medium[MEDIUM];
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_gpt *gpt;
	size_t medium_size = make_card(medium, data, size);

	require(stmboot_context_new(NULL, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, medium, medium_size, &src) == STMBOOT_OK);
	require(stmboot_gpt_decode(ctx, src, &gpt) == STMBOOT_OK);
	check_copy(gpt, &gpt->primary);
	check_copy(gpt, &gpt->backup);
	check_copy(gpt, &gpt->alternate);
	check_views(gpt);
	check_findings(ctx, src, gpt);
	check_checksums(medium, gpt, &gpt->primary);
	check_checksums(medium, gpt, &gpt->backup);
	check_checksums(medium, gpt, &gpt->alternate);
	stmboot_gpt_free(gpt);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}

static bool is_checksum(size_t offset, size_t last)
{
	return offset == CARD_SECTOR + 16 || offset == CARD_SECTOR + 88 || offset == last + 16 ||
	       offset == last + 88;
}

/* Drop the patches that mended the checksums of an earlier state. */
static size_t strip_mends(uint8_t *data, size_t size, size_t last)
{
	size_t kept = HEAD;

	for (size_t at = HEAD; at < size;) {
		size_t length = size - at > PATCH_HEAD ? patch_length(data, size, at) : size - at;
		bool mend = length == PATCH_HEAD + CRC_BYTES &&
			    is_checksum((size_t)card_get(data + at, 2), last);

		if (!mend) {
			memmove(data + kept, data + at, length);
			kept += length;
		}
		at += length;
	}
	return kept;
}

static size_t append_mend(uint8_t *data, size_t size, const uint8_t *medium, size_t offset)
{
	card_put(data + size, offset, 2);
	data[size + 2] = CRC_BYTES;
	memcpy(data + size + PATCH_HEAD, medium + offset, CRC_BYTES);
	return size + PATCH_HEAD + CRC_BYTES;
}

/* Without this nearly every mutation ends at a checksum. One in eight is left as it is. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	static uint8_t medium[MEDIUM];
	size_t room = (size_t)MENDS * (PATCH_HEAD + CRC_BYTES);
	size_t sectors, last;

	if (max_size <= HEAD + room)
		return LLVMFuzzerMutate(data, size, max_size);
	size = LLVMFuzzerMutate(data, size, max_size);
	sectors = make_card(medium, data, size) / CARD_SECTOR;
	if (seed % 8 == 0 || sectors < 3 || size < HEAD)
		return size;
	last = (sectors - 1) * CARD_SECTOR;
	size = strip_mends(data, size, last);
	if (size > max_size - room)
		return size;
	(void)make_card(medium, data, size);
	card_mend(medium, sectors, 1);
	card_mend(medium, sectors, sectors - 1);
	size = append_mend(data, size, medium, CARD_SECTOR + 88);
	size = append_mend(data, size, medium, CARD_SECTOR + 16);
	size = append_mend(data, size, medium, last + 88);
	return append_mend(data, size, medium, last + 16);
}
