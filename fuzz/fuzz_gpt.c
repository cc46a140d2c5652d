/* SPDX-License-Identifier: MIT */
/* Partition tables, their checks and the views of all readers; inputs as in gpt_image.h. */
#include <stmboot/text.h>

#include "gpt_image.h"

#include "base/diag.h"
#include "format/gpt.h"

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

/* What both copies have to say, without where each stands. */
static bool says_same(const uint8_t *medium, const struct stmboot_gpt_copy *a,
		      const struct stmboot_gpt_copy *b)
{
	const uint8_t *x = medium + a->offset, *y = medium + b->offset;
	size_t bytes = (size_t)a->entry_count * a->entry_size;

	return memcmp(x + 40, y + 40, 32) == 0 && /* the usable range, the GUID */
	       memcmp(x + 80, y + 80, 8) == 0 &&  /* how many entries of which size */
	       memcmp(medium + a->entries_lba * CARD_SECTOR, medium + b->entries_lba * CARD_SECTOR,
		      bytes) == 0;
}

/* Two good copies differ when their bytes do, and else list the same partitions. */
static void check_both(const uint8_t *medium, const struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_copy *a = &gpt->primary, *b = stmboot_gpt_backup(gpt);

	if (gpt->sector_size != CARD_SECTOR || a->state != STMBOOT_GPT_OK ||
	    b->state != STMBOOT_GPT_OK)
		return;
	require(gpt->copies_differ != says_same(medium, a, b));
	require(gpt->copies_differ || a->entry_items == b->entry_items);
	for (size_t i = 0; !gpt->copies_differ && i < a->entry_items; i++) {
		const struct stmboot_partition *p = a->entries[i], *q = b->entries[i];

		require(p->number == q->number && strcmp(p->name, q->name) == 0);
		require(p->first_lba == q->first_lba && p->last_lba == q->last_lba);
		require(strcmp(p->guid, q->guid) == 0 && strcmp(p->type_guid, q->type_guid) == 0);
	}
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
	check_both(medium, gpt);
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
