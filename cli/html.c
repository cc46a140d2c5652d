/* SPDX-License-Identifier: MIT */
#include "html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/text.h>

#include "style.h"

/* Of what stmboot_escape() gives, what HTML would take for its own. */
static void add_escaped(struct buffer *out, const char *text)
{
	static const struct {
		char c;
		const char *entity;
	} entities[] = { { '&', "&amp;" },
			 { '<', "&lt;" },
			 { '>', "&gt;" },
			 { '"', "&quot;" },
			 { '\'', "&#39;" } };

	while (*text != '\0') {
		const size_t plain = strcspn(text, "&<>\"'");

		buffer_add(out, text, plain);
		text += plain;
		for (size_t i = 0; *text != '\0' && i < sizeof(entities) / sizeof(entities[0]); i++)
			if (*text == entities[i].c) {
				buffer_puts(out, entities[i].entity);
				text++;
				break;
			}
	}
}

void html_text(struct buffer *out, const char *text)
{
	char brief[512];
	const size_t size = stmboot_escape(text, brief, sizeof(brief)) + 1;
	char *safe = size > sizeof(brief) ? malloc(size) : brief;

	if (safe == NULL) {
		out->failed = true;
		return;
	}
	if (safe != brief)
		stmboot_escape(text, safe, size);
	add_escaped(out, safe);
	if (safe != brief)
		free(safe);
}

/* A piece without tabs and backslashes; a NUL in it ends it for html_text(). */
static void add_piece(struct buffer *out, const char *text, size_t size)
{
	char *piece = malloc(size + 1);

	if (piece == NULL) {
		out->failed = true;
		return;
	}
	memcpy(piece, text, size);
	piece[size] = '\0';
	html_text(out, piece);
	free(piece);
}

void html_line(struct buffer *out, const char *text, size_t size)
{
	while (size > 0) {
		size_t plain = 0;

		while (plain < size && text[plain] != '\t' && text[plain] != '\\' &&
		       text[plain] != '\0')
			plain++;
		if (plain > 0)
			add_piece(out, text, plain);
		if (plain < size)
			buffer_puts(out, text[plain] == '\t'   ? "\t"
					 : text[plain] == '\\' ? "\\"
							       : "\\x00");
		plain += plain < size;
		text += plain;
		size -= plain;
	}
}

void html_name(struct buffer *out, const char *name)
{
	buffer_puts(out, "<bdi>");
	html_text(out, name);
	buffer_puts(out, "</bdi>");
}

void html_sentence(struct buffer *out, const char *text)
{
	/* A first word like "root=" or "zImage" is no English. */
	const size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz");
	const bool english = word > 0 && (text[word] == ' ' || text[word] == '\0');

	if (english) {
		const char capital = (char)(*text - 'a' + 'A');

		buffer_add(out, &capital, 1);
	}
	html_text(out, text + english);
}

void html_advice(struct buffer *out, const char *text)
{
	const char *open, *close;

	while ((open = strchr(text, '`')) != NULL && (close = strchr(open + 1, '`')) != NULL) {
		add_piece(out, text, (size_t)(open - text));
		buffer_puts(out, "<code>");
		add_piece(out, open + 1, (size_t)(close - open - 1));
		buffer_puts(out, "</code>");
		text = close + 1;
	}
	html_text(out, text);
}

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
