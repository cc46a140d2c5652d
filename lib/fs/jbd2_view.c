/* SPDX-License-Identifier: MIT */
/* The partition as it is once its journal was replayed: as a source, and into an overlay. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/jbd2_log.h"
#include "source/source.h"

enum { WORD = 4 };

/* What JBD2 takes out of a data block that begins with its magic number. */
static const uint8_t magic[WORD] = { 0xc0, 0x3b, 0x39, 0x98 };

/* Put that part of `from`, which stands at `at`, over what was read that lies in it. */
static void put_over(uint64_t at, const uint8_t *from, size_t from_size, uint64_t offset,
		     uint8_t *buffer, size_t size)
{
	uint64_t first = at > offset ? at : offset;
	uint64_t end = sb_min_u64(at + from_size, offset + size);

	if (first < end)
		memcpy(buffer + (first - offset), from + (first - at), (size_t)(end - first));
}

static enum stmboot_status read_logged(const struct sb_jbd2 *journal,
				       const struct sb_jbd2_target *target, size_t skip,
				       uint8_t *buffer, size_t size)
{
	uint64_t place = sb_jbd2_offset(journal, target->log_block);
	enum stmboot_status status = stmboot_source_read(journal->src, place + skip, buffer, size);

	if (status == STMBOOT_OK && target->escaped)
		put_over(0, magic, sizeof(magic), skip, buffer, size);
	return status;
}

static enum stmboot_status view_read_at(void *self, uint64_t offset, void *buffer, size_t size)
{
	const struct sb_jbd2 *journal = self;
	size_t block_bytes = journal->block_bytes;
	size_t at = sb_jbd2_target_from(journal, offset / block_bytes);
	uint64_t from = offset, end = offset + size;
	uint8_t *to = buffer;
	enum stmboot_status status = STMBOOT_OK;

	while (from < end && status == STMBOOT_OK) {
		uint64_t next = at < journal->target_count
					? journal->targets[at].block * block_bytes
					: UINT64_MAX;
		size_t part = (size_t)(sb_min_u64(next, end) - from);

		if (next <= from) {
			part = (size_t)(sb_min_u64(next + block_bytes, end) - from);
			status = read_logged(journal, &journal->targets[at++],
					     (size_t)(from - next), to, part);
		} else {
			status = stmboot_source_read(journal->src, from, to, part);
		}
		to += part;
		from += part;
	}
	put_over(EXT4_SUPERBLOCK_OFFSET, journal->super, sizeof(journal->super), offset, buffer,
		 size);
	put_over(journal->head_offset, journal->head, sizeof(journal->head), offset, buffer, size);
	return status;
}

/* A hole of the partition may be where a logged block belongs: so there are none. */
static enum stmboot_status view_next_data(void *self, uint64_t offset, uint64_t *start,
					  uint64_t *end)
{
	const struct sb_jbd2 *journal = self;

	(void)offset;
	*start = 0;
	*end = stmboot_source_size(journal->src);
	return STMBOOT_OK;
}

static bool view_locate(void *self, uint64_t offset, uint64_t *medium_offset)
{
	const struct sb_jbd2 *journal = self;
	uint64_t block = offset / journal->block_bytes;
	size_t at = sb_jbd2_target_from(journal, block);

	if (at < journal->target_count && journal->targets[at].block == block)
		offset = sb_jbd2_offset(journal, journal->targets[at].log_block) +
			 offset % journal->block_bytes;
	return stmboot_source_locate(journal->src, offset, medium_offset);
}

static const struct stmboot_source_ops view_ops = {
	.struct_size = sizeof(view_ops),
	.read_at = view_read_at,
	.next_data = view_next_data,
	.locate = view_locate,
};

enum stmboot_status sb_jbd2_open_view(struct sb_jbd2 *journal)
{
	return sb_source_over(journal->ctx, &view_ops, journal, journal->src, &journal->view);
}

struct stmboot_source *sb_jbd2_source(struct sb_jbd2 *journal)
{
	return journal->view;
}

static int compare_log_blocks(const void *a, const void *b)
{
	const struct sb_jbd2_target *x = a, *y = b;

	return x->log_block < y->log_block ? -1 : x->log_block > y->log_block;
}

/* The targets once more, as they follow each other in the journal, to be freed by their arena. */
static struct sb_jbd2_target *in_log_order(const struct sb_jbd2 *journal, struct sb_arena *arena)
{
	struct sb_jbd2_target *targets =
		sb_arena_array(arena, journal->target_count, sizeof(*targets));

	if (targets == NULL || journal->target_count == 0)
		return targets;
	memcpy(targets, journal->targets, journal->target_count * sizeof(*targets));
	qsort(targets, journal->target_count, sizeof(*targets), compare_log_blocks);
	return targets;
}

static enum stmboot_status stage_target(struct sb_jbd2 *journal,
					const struct sb_jbd2_target *target,
					struct sb_overlay *overlay, uint64_t base)
{
	uint64_t offset = base + target->block * journal->block_bytes;
	const uint8_t *data;
	enum stmboot_status status = sb_jbd2_block(journal, target->log_block, true, &data);

	if (status == STMBOOT_OK)
		status = sb_overlay_write(overlay, offset, data, journal->block_bytes);
	if (status == STMBOOT_OK && target->escaped)
		status = sb_overlay_write(overlay, offset, magic, sizeof(magic));
	return status;
}

/*
 * Should the log of the edit be lost in the middle, the journal still has what
 * it takes until the blocks are in place, and the file system says so until
 * the journal is empty.
 */
static enum stmboot_status stage_super(struct sb_overlay *overlay, uint64_t offset,
				       const uint8_t *super, size_t size, enum sb_order order)
{
	enum stmboot_status status = sb_overlay_write(overlay, offset, super, size);

	sb_overlay_mark(overlay, offset, size, order);
	return status;
}

enum stmboot_status sb_jbd2_stage(struct sb_jbd2 *journal, struct sb_overlay *overlay,
				  uint64_t base)
{
	struct sb_arena arena;
	const struct sb_jbd2_target *targets;
	enum stmboot_status status;

	sb_arena_init(&arena, journal->ctx);
	targets = in_log_order(journal, &arena);
	status = targets != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < journal->target_count && status == STMBOOT_OK; i++)
		status = stage_target(journal, &targets[i], overlay, base);
	sb_arena_release(&arena);
	if (status == STMBOOT_OK)
		status = stage_super(overlay, base + journal->head_offset, journal->head,
				     sizeof(journal->head), SB_ORDER_METADATA);
	if (status == STMBOOT_OK)
		status = stage_super(overlay, base + EXT4_SUPERBLOCK_OFFSET, journal->super,
				     sizeof(journal->super), SB_ORDER_SUPERBLOCK);
	return status;
}
