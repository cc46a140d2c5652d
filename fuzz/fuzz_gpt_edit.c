/* SPDX-License-Identifier: MIT */
/*
 * Edits of partition tables, staged and read back. Inputs as in gpt_image.h; the
 * upper bits of the first byte say what is done.
 */
#include <stmboot/table_edit.h>

#include "gpt_image.h"
#include "memory_edit.h"

#include "format/gpt_encode.h"

enum { OPERATION_SHIFT = 2, OPERATIONS = 6 };

static void check_piece(struct stmboot_source *src, const struct sb_gpt_piece *piece)
{
	uint8_t *bytes = malloc(piece->length);

	require(bytes != NULL);
	require(stmboot_source_read(src, piece->offset, bytes, piece->length) == STMBOOT_OK);
	require(memcmp(bytes, piece->bytes, piece->length) == 0);
	free(bytes);
}

/* A good copy encodes to the bytes that it was decoded from. */
static void check_identity(struct stmboot_context *ctx, struct stmboot_source *src,
			   const struct stmboot_gpt *gpt, const struct stmboot_gpt_copy *copy)
{
	struct sb_gpt_piece pieces[SB_GPT_MAX_PIECES];
	struct sb_gpt_table table;
	struct sb_arena arena;
	size_t count;

	if (copy->state != STMBOOT_GPT_OK)
		return;
	sb_arena_init(&arena, ctx);
	require(sb_gpt_table_load(&arena, src, gpt, copy, &table) == STMBOOT_OK);
	require(sb_gpt_table_keep(&table, src, SB_GPT_PRIMARY, copy) == STMBOOT_OK);
	count = sb_gpt_table_encode(&table, pieces);
	require(count == 2);
	for (size_t i = 0; i < count; i++)
		check_piece(src, &pieces[i]);
	sb_arena_release(&arena);
}

static enum stmboot_status change(struct stmboot_boot_edit *edit, unsigned operation,
				  struct stmboot_refusal *why)
{
	static const struct stmboot_table_setting settings[] = {
		{ "name", "r\303\266\303\266t" },
		{ "bootable", "no" },
		{ "guid", "random" },
		{ "type", "esp" },
		{ "bit-63", "yes" },
	};

	switch (operation) {
	case 0:
		return stmboot_table_edit_repair(edit, STMBOOT_TABLE_COPY_AUTO, why);
	case 1:
		return stmboot_table_edit_repair(edit, STMBOOT_TABLE_COPY_PRIMARY, why);
	case 2:
		return stmboot_table_edit_repair(edit, STMBOOT_TABLE_COPY_BACKUP, why);
	case 3:
		return stmboot_table_edit_new_guids(edit, why);
	default:
		return stmboot_table_edit_set(edit, operation == 4 ? "4" : "2", settings, 5, why);
	}
}

/* Entries stay where they are, whatever is done. */
static void check_places(const struct stmboot_gpt_copy *before, const struct stmboot_gpt *after)
{
	const struct stmboot_gpt_copy *copy = &after->primary;

	require(copy->state == STMBOOT_GPT_OK);
	require(copy->partition_count == before->partition_count);
	for (size_t i = 0; i < copy->partition_count; i++) {
		const struct stmboot_partition *p = before->partitions[i], *q = copy->partitions[i];

		require(p->number == q->number && p->first_lba == q->first_lba &&
			p->last_lba == q->last_lba);
	}
}

static void check_repaired(const struct stmboot_gpt *gpt)
{
	require(gpt->backup.state == STMBOOT_GPT_OK && gpt->backup.lba == gpt->sectors - 1);
	require(!gpt->copies_differ && !gpt->stale_backup);
	require(gpt->primary.alternate_lba == gpt->backup.lba && gpt->backup.alternate_lba == 1);
	require(gpt->primary.last_usable_lba < gpt->backup.entries_lba);
	require(gpt->protective_mbr == STMBOOT_PMBR_OK ||
		gpt->protective_mbr == STMBOOT_PMBR_HYBRID);
	require(gpt->protective_mbr != STMBOOT_PMBR_OK ||
		gpt->mbr.records[0].sectors == gpt->sectors - 1);
	for (size_t i = 0; i < gpt->primary.partition_count; i++) {
		const struct stmboot_partition *p = gpt->primary.partitions[i];

		require(p->last_lba == UINT64_MAX || p->last_lba < gpt->backup.entries_lba);
	}
}

/* A second repair has nothing left to do. */
static void check_idempotent(struct stmboot_context *ctx, struct stmboot_source *src, size_t size)
{
	static uint8_t bytes[MEDIUM];
	static struct memory_edit again;
	const struct stmboot_edit_plan *plan;

	require(stmboot_source_read(src, 0, bytes, size) == STMBOOT_OK);
	memory_edit_begin(&again, ctx, bytes, size);
	require(again.edit != NULL);
	require(stmboot_table_edit_repair(again.edit, STMBOOT_TABLE_COPY_AUTO, NULL) == STMBOOT_OK);
	require(stmboot_boot_edit_stage(again.edit, NULL, &plan) == STMBOOT_OK);
	require(plan->write_count == 0 && plan->change_count == 0);
	memory_edit_end(&again);
}

static void try_edit(struct stmboot_context *ctx, struct stmboot_boot_edit *edit,
		     unsigned operation, size_t size)
{
	const struct stmboot_gpt *before = stmboot_image_gpt(stmboot_boot_edit_before(edit).image);
	const struct stmboot_gpt_copy *good = &before->primary;
	const struct stmboot_edit_plan *plan;
	struct stmboot_refusal why = { .message = "" };
	struct stmboot_gpt *after;
	enum stmboot_status status = change(edit, operation, &why);

	require(status != STMBOOT_INTERNAL);
	if (status != STMBOOT_OK) {
		require(why.message[0] != '\0');
		return;
	}
	require(stmboot_boot_edit_stage(edit, &why, &plan) == STMBOOT_OK);
	require(stmboot_gpt_decode(ctx, stmboot_edit_source(edit->edit), &after) == STMBOOT_OK);
	if (operation == 2 || (operation == 0 && good->state != STMBOOT_GPT_OK &&
			       good->defects != STMBOOT_GPT_USABLE_END))
		good = stmboot_gpt_backup(before);
	check_places(good, after);
	if (operation <= 2) {
		check_repaired(after);
		check_idempotent(ctx, stmboot_edit_source(edit->edit), size);
	}
	stmboot_gpt_free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t medium[MEDIUM];
	size_t medium_size = make_card(medium, data, size);
	unsigned operation = size != 0 ? (unsigned)data[0] >> OPERATION_SHIFT : 0;
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_gpt *gpt;
	static struct memory_edit card;

	require(stmboot_context_new(NULL, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, medium, medium_size, &src) == STMBOOT_OK);
	require(stmboot_gpt_decode(ctx, src, &gpt) == STMBOOT_OK);
	check_identity(ctx, src, gpt, &gpt->primary);
	check_identity(ctx, src, gpt, &gpt->backup);
	check_identity(ctx, src, gpt, &gpt->alternate);
	memory_edit_begin(&card, ctx, medium, medium_size);
	if (card.edit != NULL && stmboot_boot_edit_before(card.edit).boot != NULL)
		try_edit(ctx, card.edit, operation % OPERATIONS, medium_size);
	memory_edit_end(&card);
	stmboot_gpt_free(gpt);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}
