/* SPDX-License-Identifier: MIT */
/*
 * The parts of a page that tells of an image: render_html.c puts them together.
 * All text of the image goes through html_text.h.
 */
#ifndef HTML_H
#define HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/boot_words.h>
#include <stmboot/extlinux_edit.h>
#include <stmboot/map.h>

#include "buffer.h"
#include "html_text.h"
#include "page.h"

/* "17 KiB" with a blank that does not break. */
void html_size(struct buffer *out, uint64_t bytes);

/* "s" unless there is one. */
const char *html_plural(size_t count);

/* How a stage, or all, is marked: a class of the style sheet, a sign and words. */
struct html_state {
	const char *name;
	const char *sign;
	const char *word;
};
const struct html_state *html_outcome(enum stmboot_outcome outcome);
const struct html_state *html_severity(enum stmboot_severity severity);

/* The sign of a state, which a screen reader passes over: a word is beside it. */
void html_sign(struct buffer *out, const struct html_state *state);

/* The name of a region, and a link to it with its name in it. */
void html_region_name(struct buffer *out, const struct stmboot_region *region);
void html_region_link(struct buffer *out, const struct page *page,
		      const struct stmboot_region *region);
size_t html_region_number(const struct page *page, const struct stmboot_region *region);

/* The region of a partition, or NULL. */
const struct stmboot_region *html_region_of(const struct page *page, int32_t partition);

/* Links to the findings of a region, of a stage or of a line, in a list; nothing without any. */
struct html_subject {
	const struct stmboot_region *region; /* or NULL */
	int stage;                           /* or STMBOOT_NO_STAGE */
};
void html_finding_links(struct buffer *out, const struct page *page,
			const struct html_subject *subject);

/* How many there are of each severity, and the worst one. */
struct html_tally {
	size_t count;
	enum stmboot_severity worst;
};
struct html_tally html_tally(const struct page *page, const struct html_subject *subject);

/* The sections, each with its heading; one that has nothing to say adds nothing. */
void html_map(struct buffer *out, const struct page *page);
void html_stages(struct buffer *out, const struct page *page);
void html_findings(struct buffer *out, const struct page *page);
void html_config(struct buffer *out, const struct page *page);
void html_words(struct buffer *out, const struct page *page);
void html_programs(struct buffer *out, const struct page *page);
void html_tree(struct buffer *out, const struct page *page);

/* "The card" or "The image". */
const char *html_title(const struct page *page);

/* Whether they add anything. */
bool html_has_config(const struct page *page);
bool html_has_words(const struct page *page);
bool html_has_programs(const struct page *page);
bool html_has_tree(const struct page *page);

#endif
