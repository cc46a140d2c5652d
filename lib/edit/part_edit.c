/* SPDX-License-Identifier: MIT */
/* Writing whole partitions. */
#include "edit/part_edit.h"

#include <inttypes.h>
#include <string.h>

#include <stmboot/place.h>

#include "base/checked.h"
#include "base/context.h"
#include "boot/trace.h"
#include "edit/edit.h"
#include "format/gpt_internal.h"
#include "image/image.h"
#include "source/source.h"

enum { COMPARE_BYTES = 64 << 10 };

static const char force_hint[] = "--force writes it all the same";

const char *sb_part_text(struct sb_arena *arena, const struct stmboot_part *part)
{
	const char *name = part->entry != NULL ? part->entry->name : "";

	return sb_arena_printf(arena, "partition %" PRIu32 "%s%s%s", part->number,
			       *name != '\0' ? " (" : "", name, *name != '\0' ? ")" : "");
}

int sb_part_loader(const struct stmboot_boot_edit *edit, const struct stmboot_part *part)
{
	const struct sb_facts *facts = sb_boot_facts(edit->before.boot);

	for (int i = 0; i < SB_FSBL_COPIES; i++)
		if (facts->fsbl[i].part == part)
			return i;
	return -1;
}

/* What one call is about. */
struct request {
	struct stmboot_boot_edit *edit;
	struct stmboot_source *src; /* that tells when its file changes */
	uint64_t size;
	struct stmboot_refusal *why;
	const struct stmboot_part *parts[SB_FSBL_COPIES]; /* in the order of writing */
	size_t count;
};

/* The edit closes what it was given, also when it cannot use it. */
static enum stmboot_status own(struct stmboot_boot_edit *edit, struct stmboot_source *src)
{
	struct stmboot_source **place =
		sb_arena_push(&edit->arena, &edit->sources, &edit->source_count,
			      &edit->source_capacity, sizeof(struct stmboot_source *));

	if (place == NULL) {
		stmboot_source_close(src);
		return STMBOOT_NO_MEMORY;
	}
	*place = src;
	return STMBOOT_OK;
}

static bool is_named(const struct stmboot_image *image, const char *name)
{
	for (size_t i = 0; i < stmboot_image_part_count(image); i++) {
		const struct stmboot_part *part = stmboot_image_part(image, i);

		if (part->entry != NULL && strcmp(part->entry->name, name) == 0)
			return true;
	}
	return false;
}

/* The copy that is not needed comes first: fsbl2, unless that is the only valid one. */
static enum stmboot_status find_loaders(struct request *r)
{
	const struct sb_facts *facts = sb_boot_facts(r->edit->before.boot);
	bool second_only = facts->fsbl[1].good && !facts->fsbl[0].good;

	for (int i = 0; i < SB_FSBL_COPIES; i++) {
		const struct stmboot_part *part = facts->fsbl[second_only ? i : 1 - i].part;

		if (part != NULL)
			r->parts[r->count++] = part;
	}
	if (r->count == 0)
		return sb_refuse(r->why, STMBOOT_NOT_FOUND,
				 "'stmboot inspect' lists the partitions",
				 "there is no partition whose name begins with fsbl");
	return STMBOOT_OK;
}

static enum stmboot_status find_parts(struct request *r, const char *text)
{
	const struct stmboot_image *image = r->edit->before.image;

	enum stmboot_status status = STMBOOT_OK;

	/* What was not found may be there all the same, and be another thing than it seems. */
	if (!r->edit->force || stmboot_image_part_count(image) == 0)
		status = sb_refuse_unread(&r->edit->before, 0, r->why);
	if (status != STMBOOT_OK)
		return status;
	if (stmboot_image_gpt(image)->type == STMBOOT_TABLE_NONE)
		return sb_refuse(r->why, STMBOOT_NOT_FOUND, "copy the file instead",
				 "the image has no partitions");
	if (strcmp(text, "fsbl") == 0 && !is_named(image, text))
		return find_loaders(r);
	r->count = 1;
	return stmboot_place_partition(image, text, r->why, &r->parts[0]);
}

static enum stmboot_status check_size(const struct request *r, const struct stmboot_part *part)
{
	const char *text = sb_part_text(&r->edit->arena, part);

	if (text == NULL)
		return STMBOOT_NO_MEMORY;
	if (r->size == 0)
		return sb_refuse(r->why, STMBOOT_INVALID_ARGUMENT, NULL, "the file is empty");
	if (r->size > part->size)
		return sb_refuse(r->why, STMBOOT_LIMIT,
				 "make the partition larger, or the file smaller",
				 "the file has %" PRIu64 " bytes, and %s has room for %" PRIu64,
				 r->size, text, part->size);
	if (r->size > part->available)
		return sb_refuse(r->why, STMBOOT_TRUNCATED, "write the complete image again",
				 "the image is cut short: of %s only %" PRIu64 " bytes are there",
				 text, part->available);
	return STMBOOT_OK;
}

/* Where a copy of the table stands, were it good or not. */
static bool is_on_copy(const struct stmboot_gpt *gpt, const struct stmboot_gpt_copy *copy,
		       uint64_t offset, uint64_t size)
{
	if (copy->state == STMBOOT_GPT_MISSING)
		return false;
	return sb_ranges_overlap(offset, size, copy->offset, gpt->sector_size) ||
	       sb_ranges_overlap(offset, size, copy->entries_offset, copy->entries_length);
}

enum stmboot_status sb_part_check_place(struct stmboot_boot_edit *edit,
					const struct stmboot_part *part, uint64_t size,
					struct stmboot_refusal *why)
{
	const struct stmboot_image *image = edit->before.image;
	const struct stmboot_gpt *gpt = stmboot_image_gpt(image);
	const char *text = sb_part_text(&edit->arena, part);

	if (text == NULL)
		return STMBOOT_NO_MEMORY;
	if (part->offset == 0 || (gpt->type == STMBOOT_TABLE_GPT &&
				  (is_on_copy(gpt, &gpt->primary, part->offset, size) ||
				   is_on_copy(gpt, stmboot_gpt_backup(gpt), part->offset, size))))
		return sb_refuse(why, STMBOOT_CONFLICT, "make the table again",
				 "%s lies over the partition table itself", text);
	for (size_t i = 0; i < stmboot_image_part_count(image) && !edit->force; i++) {
		const struct stmboot_part *other = stmboot_image_part(image, i);

		if (other == part || sb_mbr_is_extended(other->entry->mbr_type) ||
		    !sb_ranges_overlap(part->offset, size, other->offset, other->size))
			continue;
		return sb_refuse(why, STMBOOT_CONFLICT, force_hint,
				 "%s reaches into partition %" PRIu32
				 ", whose content would be overwritten",
				 text, other->number);
	}
	return STMBOOT_OK;
}

/* Does the partition begin with what the file holds? */
static enum stmboot_status compare(const struct request *r, const struct stmboot_part *part,
				   bool *same)
{
	struct stmboot_source *medium = sb_image_medium(r->edit->before.image);
	struct sb_meter meter = sb_meter(r->edit->ctx, r->size, 1);
	uint8_t *buffers = sb_alloc_uncleared(r->edit->ctx, (size_t)2 * COMPARE_BYTES);
	enum stmboot_status status = STMBOOT_OK;

	if (buffers == NULL)
		return STMBOOT_NO_MEMORY;
	*same = true;
	for (uint64_t at = 0; at < r->size && status == STMBOOT_OK && *same; at += COMPARE_BYTES) {
		size_t length = (size_t)sb_min_u64(COMPARE_BYTES, r->size - at);

		status = stmboot_source_read(medium, part->offset + at, buffers, length);
		if (status == STMBOOT_OK)
			status = stmboot_source_read(r->src, at, buffers + COMPARE_BYTES, length);
		*same = status == STMBOOT_OK &&
			memcmp(buffers, buffers + COMPARE_BYTES, length) == 0;
		if (status == STMBOOT_OK)
			status = sb_meter_add(&meter, length);
	}
	sb_free(r->edit->ctx, buffers);
	return status;
}

/* While the only valid loader is written, there is none, log or not. */
static enum stmboot_status check_other_loader(const struct request *r,
					      const struct stmboot_part *part)
{
	const struct sb_facts *facts = sb_boot_facts(r->edit->before.boot);
	int index = sb_part_loader(r->edit, part);
	const struct sb_first_stage *other;
	const char *text;

	if (index < 0 || r->count > 1 || r->edit->force || !facts->fsbl[index].good)
		return STMBOOT_OK;
	other = &facts->fsbl[1 - index];
	if (other->part != NULL && other->good)
		return STMBOOT_OK;
	text = sb_part_text(&r->edit->arena, part);
	return sb_refuse(r->why, STMBOOT_CONFLICT,
			 other->part != NULL ? "write fsbl: the other copy is written first"
					     : force_hint,
			 "%s holds the only valid first-stage loader, and while it is written "
			 "there would be none",
			 text != NULL ? text : "it");
}

static enum stmboot_status describe(const struct request *r, const struct stmboot_part *part,
				    enum stmboot_content content)
{
	struct sb_arena *arena = &r->edit->arena;
	const char *text = sb_part_text(arena, part);
	const char *what = sb_arena_printf(arena, "content of %s", text != NULL ? text : "");
	const char *after = sb_arena_printf(arena, "%s, %" PRIu64 " bytes",
					    stmboot_content_text(content), r->size);
	const char *rest =
		sb_arena_printf(arena, "the other %" PRIu64 " bytes of %s stay as they are",
				part->size - r->size, text != NULL ? text : "");
	enum stmboot_status status;

	if (arena->failed)
		return STMBOOT_NO_MEMORY;
	status = stmboot_edit_describe(r->edit->edit, what, stmboot_content_text(part->content),
				       after);
	if (status == STMBOOT_OK && r->size < part->size)
		status = sb_edit_note(r->edit->edit, rest);
	return status;
}

static enum stmboot_status add_write(const struct request *r, size_t index)
{
	struct stmboot_boot_edit *edit = r->edit;
	const struct stmboot_part *part = r->parts[index];
	struct sb_part_write *write = sb_arena_push(&edit->arena, &edit->writes, &edit->write_count,
						    &edit->write_capacity, sizeof(*write));
	bool loader = sb_part_loader(edit, part) >= 0;

	if (write == NULL)
		return STMBOOT_NO_MEMORY;
	*write = (struct sb_part_write){ .part = part,
					 .src = r->src,
					 .order = !loader      ? SB_ORDER_DATA
						  : index == 0 ? SB_ORDER_LOADER
							       : SB_ORDER_OTHER_LOADER };
	return STMBOOT_OK;
}

static enum stmboot_status write_part(const struct request *r, size_t index)
{
	const struct stmboot_part *part = r->parts[index];
	enum stmboot_content content = STMBOOT_CONTENT_UNKNOWN;
	bool same = false;
	enum stmboot_status status = check_size(r, part);

	if (status == STMBOOT_OK)
		status = sb_part_check_place(r->edit, part, r->size, r->why);
	if (status == STMBOOT_OK)
		status = sb_part_check_content(r->edit, part, r->src, &content, r->why);
	if (status == STMBOOT_OK)
		status = compare(r, part, &same);
	if (status != STMBOOT_OK || same)
		return status;
	status = check_other_loader(r, part);
	if (status == STMBOOT_OK)
		status = describe(r, part, content);
	return status == STMBOOT_OK ? add_write(r, index) : status;
}

enum stmboot_status stmboot_part_edit_write(struct stmboot_boot_edit *edit, const char *partition,
					    struct stmboot_source *src, struct stmboot_refusal *why)
{
	struct request r = { .edit = edit, .size = stmboot_source_size(src), .why = why };
	enum stmboot_status status = own(edit, src);

	if (status == STMBOOT_OK)
		status = sb_source_steady(edit->ctx, src, &r.src);
	if (status == STMBOOT_OK)
		status = own(edit, r.src);
	if (status == STMBOOT_OK)
		status = find_parts(&r, partition);
	for (size_t i = 0; i < r.count && status == STMBOOT_OK; i++)
		status = write_part(&r, i);
	return sb_boot_edit_spoil(edit, status, why);
}

/* The last bytes share their sector with what follows them. */
static enum stmboot_status stage_tail(struct stmboot_boot_edit *edit,
				      const struct sb_part_write *write, uint64_t whole,
				      size_t rest)
{
	uint64_t offset = write->part->offset + whole;
	uint8_t bytes[SB_SECTOR_BYTES];
	enum stmboot_status status = stmboot_source_read(write->src, whole, bytes, rest);

	if (status == STMBOOT_OK && rest != 0)
		status = stmboot_edit_write(edit->edit, offset, bytes, rest);
	if (status == STMBOOT_OK && rest != 0)
		sb_overlay_mark(sb_edit_overlay(edit->edit), offset, rest, write->order);
	return status;
}

static enum stmboot_status stage(struct stmboot_boot_edit *edit, const struct sb_part_write *write)
{
	uint64_t size = stmboot_source_size(write->src);
	size_t rest = (size_t)(size % SB_SECTOR_BYTES);
	enum stmboot_status status =
		sb_overlay_map(sb_edit_overlay(edit->edit), write->part->offset, size - rest,
			       write->src, 0, write->order);

	if (status == STMBOOT_OK)
		status = stage_tail(edit, write, size - rest, rest);
	if (status != STMBOOT_OK)
		return status;
	return sb_edit_confine(edit->edit, write->part->offset,
			       sb_round_up_u64(size, SB_SECTOR_BYTES));
}

enum stmboot_status sb_part_stage(struct stmboot_boot_edit *edit)
{
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < edit->write_count && status == STMBOOT_OK; i++)
		status = stage(edit, &edit->writes[i]);
	return status;
}

enum stmboot_status sb_part_check_file(const struct stmboot_boot_edit *edit, uint32_t partition,
				       struct stmboot_refusal *why)
{
	for (size_t i = 0; i < edit->write_count; i++)
		if (edit->writes[i].part->number == partition)
			return sb_refuse(why, STMBOOT_CONFLICT, "do one after the other",
					 "a partition cannot be written and a file in it changed "
					 "in one edit");
	return STMBOOT_OK;
}

void sb_part_forget(struct stmboot_boot_edit *edit)
{
	for (size_t i = edit->source_count; i-- > 0;)
		stmboot_source_close(edit->sources[i]);
}
