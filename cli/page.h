/* SPDX-License-Identifier: MIT */
/* "inspect --html": what a page is made of, and how it gets into its file. */
#ifndef PAGE_H
#define PAGE_H

#include <stmboot/boot_words.h>
#include <stmboot/context.h>
#include <stmboot/extlinux_edit.h>
#include <stmboot/map.h>

#include "buffer.h"
#include "options.h"
#include "render.h"
#include "wall.h"

/* Of a longer configuration the rest is not shown. */
enum { PAGE_MOST_LINES = 2000 };

/* All that a page tells; what is not there is NULL or 0. */
struct page {
	const struct report *report;
	const struct stmboot_map *map;
	const struct stmboot_region **places; /* of each finding, on the map */
	const struct stmboot_boot_words *words;
	struct stmboot_extlinux_document *document;
	uint64_t dtb_bytes;
	bool deep;
};

/* Gather it; what could not be read on the way is left out. Released in any case. */
enum stmboot_status page_gather(struct stmboot_context *ctx, const struct report *report,
				struct stmboot_image *image, bool deep, struct page *page);
void page_release(struct page *page);

/* The whole page, which needs nothing beside it. */
void render_html(struct buffer *out, const struct page *page);

/* Inside the wall: have a page written to the file of --html. False: the outside tells why not. */
bool page_hand_over(struct wall *wall, const struct buffer *page);

/* Outside: write it, and wait for the inside to end. Gives the status to exit with. */
int page_take_over(struct stmboot_context *ctx, struct wall *wall);

#endif
