/* SPDX-License-Identifier: MIT */
#include "html.h"

#include <inttypes.h>
#include <string.h>

#include "style.h"

void html_size(struct buffer *out, uint64_t bytes)
{
	char text[SIZE_TEXT];
	char *blank;

	style_size(bytes, text);
	blank = strchr(text, ' ');
	if (blank != NULL)
		*blank = '\0';
	buffer_printf(out, "%s%s%s", text, blank != NULL ? "\xc2\xa0" : "",
		      blank != NULL ? blank + 1 : "");
}

const char *html_title(const struct page *page)
{
	return stmboot_image_info(page->report->image)->medium == STMBOOT_MEDIUM_PART ? "The image"
										      : "The card";
}

const char *html_plural(size_t count)
{
	return count == 1 ? "" : "s";
}

const struct html_state *html_outcome(enum stmboot_outcome outcome)
{
	static const struct html_state states[] = {
		[STMBOOT_OUTCOME_OK] = { "ok", "✓", "passed" },
		[STMBOOT_OUTCOME_WARNING] = { "warning", "!", "passed, with warnings" },
		[STMBOOT_OUTCOME_ERROR] = { "error", "✗", "stops here" },
		[STMBOOT_OUTCOME_UNREACHED] = { "unreached", "–", "not reached" },
		[STMBOOT_OUTCOME_NOT_APPLICABLE] = { "none", "·", "nothing to decide" },
	};

	return &states[outcome];
}

const struct html_state *html_severity(enum stmboot_severity severity)
{
	static const struct html_state states[] = {
		[STMBOOT_NOTE] = { "note", "i", "note" },
		[STMBOOT_WARNING] = { "warning", "!", "warning" },
		[STMBOOT_ERROR] = { "error", "✗", "error" },
	};

	return &states[severity];
}

void html_sign(struct buffer *out, const struct html_state *state)
{
	buffer_printf(out, "<span class=\"sign %s\" aria-hidden=\"true\">%s</span>", state->name,
		      state->sign);
}

size_t html_region_number(const struct page *page, const struct stmboot_region *region)
{
	return (size_t)(region - page->map->regions) + 1;
}

const struct stmboot_region *html_region_of(const struct page *page, int32_t partition)
{
	const struct stmboot_place place = { .partition = partition };

	return stmboot_map_find(page->map, &place);
}

void html_region_name(struct buffer *out, const struct stmboot_region *region)
{
	static const char *const names[] = { [STMBOOT_REGION_GAP] = "gap",
					     [STMBOOT_REGION_TABLE] = "partition table",
					     [STMBOOT_REGION_BACKUP] = "backup table" };
	const struct stmboot_part *part = region->part;

	if (part == NULL)
		buffer_puts(out, names[region->kind]);
	else if (part->entry == NULL)
		buffer_puts(out, "the whole image");
	else if (part->entry->name[0] == '\0')
		buffer_printf(out, "partition %" PRIu32, part->number);
	else
		html_name(out, part->entry->name);
}

void html_region_link(struct buffer *out, const struct page *page,
		      const struct stmboot_region *region)
{
	const struct stmboot_part *part = region->part;

	buffer_printf(out, "<a href=\"#region-%zu\">", html_region_number(page, region));
	if (part != NULL && part->entry != NULL && part->entry->name[0] != '\0')
		buffer_printf(out, "partition %" PRIu32 " (", part->number);
	html_region_name(out, region);
	if (part != NULL && part->entry != NULL && part->entry->name[0] != '\0')
		buffer_puts(out, ")");
	buffer_puts(out, "</a>");
}
