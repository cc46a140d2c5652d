/* SPDX-License-Identifier: MIT */
/* Edits of a card that was pulled out of a running board. */
#include <inttypes.h>

#include "boot/trace.h"
#include "edit/boot_edit.h"
#include "edit/edit.h"
#include "image/image.h"
#include "source/source.h"

static const struct sb_replay *find_replay(const struct stmboot_boot_edit *edit, uint32_t partition)
{
	for (size_t i = 0; i < edit->replay_count; i++)
		if (edit->replays[i].partition == partition)
			return &edit->replays[i];
	return NULL;
}

/* By what was read of the image as it was. */
static bool needs_replay(const struct stmboot_boot_edit *edit, uint32_t partition)
{
	const struct stmboot_part *part = stmboot_image_find(edit->before.image, partition);

	return part != NULL && part->ext4 != NULL && part->ext4->needs_recovery &&
	       find_replay(edit, partition) == NULL;
}

static uint64_t generation(const struct stmboot_boot_edit *edit)
{
	return sb_source_generation(stmboot_edit_source(edit->edit));
}

/* Has anything been staged beside replays? */
static bool has_changed(const struct stmboot_boot_edit *edit)
{
	return edit->more_than_replays || generation(edit) != edit->quiet_generation;
}

enum stmboot_status sb_boot_edit_replay(struct stmboot_boot_edit *edit, uint32_t partition,
					struct stmboot_refusal *why)
{
	const struct stmboot_part *part = stmboot_image_find(edit->before.image, partition);
	struct sb_replay replay = { .partition = partition };
	struct sb_replay *added;
	enum stmboot_status status;

	if (!needs_replay(edit, partition))
		return STMBOOT_OK;
	edit->more_than_replays = has_changed(edit);
	status = sb_edit_replay(edit->edit, part->offset, part->available, why, &replay.blocks);
	if (status != STMBOOT_OK && status != STMBOOT_NOT_FOUND)
		return status;
	replay.staged = status == STMBOOT_OK;
	edit->quiet_generation = generation(edit);
	added = sb_arena_push(&edit->arena, &edit->replays, &edit->replay_count,
			      &edit->replay_capacity, sizeof(replay));
	if (added == NULL)
		return STMBOOT_NO_MEMORY;
	*added = replay;
	return STMBOOT_OK;
}

static bool find_boot_partition(struct stmboot_boot_edit *edit, uint32_t *out)
{
	const struct sb_facts *facts = sb_boot_facts(sb_boot_edit_base(edit)->boot);
	const struct sb_config *config = sb_facts_config(facts);

	if (config == NULL && facts->searched == NULL)
		return false;
	*out = config != NULL ? config->partition : facts->searched->number;
	return true;
}

/* Beyond its partition a replay changes nothing, so what is known of the rest stays known. */
static enum stmboot_status follow_replayed(struct stmboot_boot_edit *edit, uint32_t partition)
{
	const struct stmboot_part *part = stmboot_image_find(edit->before.image, partition);
	const struct stmboot_edit_range range = { part->offset, part->available };
	const struct stmboot_edit_plan plan = { .writes = &range, .write_count = 1 };

	sb_view_forget(&edit->replayed);
	return sb_boot_edit_follow(edit, &plan, &edit->replayed);
}

/* What the replay shows may lead U-Boot to another partition, but to none a second time. */
enum stmboot_status sb_boot_edit_replay_boot(struct stmboot_boot_edit *edit,
					     struct stmboot_refusal *why)
{
	enum stmboot_status status = STMBOOT_OK;
	uint32_t partition = 0;

	while (status == STMBOOT_OK && find_boot_partition(edit, &partition) &&
	       needs_replay(edit, partition)) {
		status = sb_boot_edit_replay(edit, partition, why);
		if (status == STMBOOT_OK)
			status = follow_replayed(edit, partition);
	}
	return status;
}

static enum stmboot_status describe(struct stmboot_boot_edit *edit, const struct sb_replay *replay)
{
	const char *what =
		sb_arena_printf(&edit->arena, "journal of partition %" PRIu32, replay->partition);
	const char *after = sb_arena_printf(&edit->arena, "replayed, %" PRIu64 " block%s",
					    replay->blocks, replay->blocks == 1 ? "" : "s");

	if (what == NULL || after == NULL)
		return STMBOOT_NO_MEMORY;
	return stmboot_edit_describe(edit->edit, what, NULL, after);
}

enum stmboot_status sb_boot_edit_finish_replays(struct stmboot_boot_edit *edit)
{
	struct sb_overlay *overlay = sb_edit_overlay(edit->edit);
	enum stmboot_status status = STMBOOT_OK;

	if (edit->replay_count == 0)
		return STMBOOT_OK;
	if (!has_changed(edit) && sb_boot_facts(edit->before.boot)->difference_count == 0) {
		sb_overlay_clear(overlay);
		return STMBOOT_OK;
	}
	for (size_t i = 0; i < edit->replay_count && status == STMBOOT_OK; i++)
		if (edit->replays[i].staged)
			status = describe(edit, &edit->replays[i]);
	return status;
}
