/* SPDX-License-Identifier: MIT */
/* The image as a map: a bar to scale, the same regions side by side, and a table of them. */
#include "html.h"

#include <inttypes.h>

#include "describe.h"

/* The picture: what is to scale on top, and from each region a band down to its tile. */
enum { PICTURE_WIDTH = 1000, BAR_TOP = 14, BAR_END = 62, PICTURE_HEIGHT = 104 };

static const char least_width[] = "1.5"; /* of what would be too narrow to be seen */

/* What kind of thing fills a region: a class of the style sheet, and what the legend calls it. */
struct tint {
	const char *name;
	const char *title;
};

static const struct tint table = { "table", "partition table" };
static const struct tint loader = { "loader", "STM32 image" };
static const struct tint firmware = { "firmware", "firmware" };
static const struct tint files = { "files", "file system" };
static const struct tint data = { "data", "settings of the boot" };
static const struct tint other = { "other", "other content" };
static const struct tint gap = { "gap", "unused" };

static const struct tint *tint_of(const struct stmboot_region *region)
{
	if (region->part == NULL)
		return region->kind == STMBOOT_REGION_GAP ? &gap : &table;
	switch (region->part->content) {
	case STMBOOT_CONTENT_STM32:
		return &loader;
	case STMBOOT_CONTENT_UIMAGE:
	case STMBOOT_CONTENT_FIT:
	case STMBOOT_CONTENT_FIP:
		return &firmware;
	case STMBOOT_CONTENT_UBOOT_ENV:
	case STMBOOT_CONTENT_FWU_METADATA:
		return &data;
	case STMBOOT_CONTENT_EXT4:
	case STMBOOT_CONTENT_FAT:
	case STMBOOT_CONTENT_EXFAT:
	case STMBOOT_CONTENT_SQUASHFS:
	case STMBOOT_CONTENT_BTRFS:
	case STMBOOT_CONTENT_F2FS:
	case STMBOOT_CONTENT_EROFS:
		return &files;
	case STMBOOT_CONTENT_EMPTY:
		return &gap;
	default:
		return &other;
	}
}

/* Where bytes of the image are in the picture, from the left. */
static double at(const struct page *page, uint64_t offset)
{
	const uint64_t size = page->map->size;

	if (size == 0)
		return 0;
	return (double)(offset < size ? offset : size) * PICTURE_WIDTH / (double)size;
}

static uint64_t end_of(const struct stmboot_region *region)
{
	return region->size <= UINT64_MAX - region->offset ? region->offset + region->size
							   : UINT64_MAX;
}

static void add_band(struct buffer *out, const struct page *page, size_t index)
{
	const struct stmboot_region *region = &page->map->regions[index];
	const double tile = (double)PICTURE_WIDTH / (double)page->map->count;

	buffer_printf(out,
		      "<path class=\"band %s\" d=\"M%.2f %d L%.2f %d L%.2f %d L%.2f %d Z\"/>\n",
		      tint_of(region)->name, at(page, region->offset), BAR_END,
		      at(page, end_of(region)), BAR_END, tile * ((double)index + 0.96),
		      PICTURE_HEIGHT, tile * ((double)index + 0.04), PICTURE_HEIGHT);
}

/* First what is wide enough, then on top of it what is not. */
static void add_bars(struct buffer *out, const struct page *page, bool narrow)
{
	for (size_t i = 0; i < page->map->count; i++) {
		const struct stmboot_region *region = &page->map->regions[i];
		const double left = at(page, region->offset);
		const double width = at(page, end_of(region)) - left;

		if ((width < 1.5) != narrow)
			continue;
		buffer_printf(out, "<rect class=\"bar %s\" x=\"%.2f\" y=\"%d\" height=\"%d\"",
			      tint_of(region)->name, left, BAR_TOP, BAR_END - BAR_TOP);
		if (narrow)
			buffer_printf(out, " width=\"%s\"/>\n", least_width);
		else
			buffer_printf(out, " width=\"%.2f\"/>\n", width);
	}
}

/* How far partitions are filled, along the lower edge of the bar. */
static void add_fills(struct buffer *out, const struct page *page)
{
	for (size_t i = 0; i < page->map->count; i++) {
		const struct stmboot_region *region = &page->map->regions[i];

		if (!region->used_known || region->used == 0)
			continue;
		buffer_printf(out,
			      "<rect class=\"fill %s\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" "
			      "height=\"6\"/>\n",
			      tint_of(region)->name, at(page, region->offset), BAR_END - 6,
			      at(page, region->offset + region->used) - at(page, region->offset));
	}
}

/* A wedge where an error or a warning is. */
static void add_pins(struct buffer *out, const struct page *page)
{
	for (size_t i = 0; i < stmboot_diags_count(page->report->diags); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(page->report->diags, i);
		const double x = at(page, diag->place.offset);

		if (!diag->place.has_offset || diag->severity == STMBOOT_NOTE)
			continue;
		buffer_printf(out, "<path class=\"pin %s\" d=\"M%.2f %d L%.2f 0 L%.2f 0 Z\"/>\n",
			      html_severity(diag->severity)->name, x, BAR_TOP, x - 5, x + 5);
	}
}

/* What a picture says, for who cannot see it. */
static void add_description(struct buffer *out, const struct page *page)
{
	const size_t most = 40;

	buffer_puts(out, "<title id=\"map-name\">The image, to scale</title>\n"
			 "<desc id=\"map-words\">From left to right, ");
	html_size(out, page->map->size);
	buffer_puts(out, ": ");
	for (size_t i = 0; i < page->map->count && i < most; i++) {
		const struct stmboot_region *region = &page->map->regions[i];

		buffer_puts(out, i > 0 ? ", " : "");
		/* no element has a place in here */
		if (region->part != NULL && region->part->entry != NULL &&
		    region->part->entry->name[0] != '\0')
			html_text(out, region->part->entry->name);
		else
			html_region_name(out, region);
		buffer_puts(out, " ");
		html_size(out, region->size);
	}
	buffer_puts(out, page->map->count > most ? " and more</desc>\n" : "</desc>\n");
}

static void add_picture(struct buffer *out, const struct page *page)
{
	buffer_printf(out,
		      "<svg class=\"scale\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
		      "role=\"img\" aria-labelledby=\"map-name map-words\">\n",
		      PICTURE_WIDTH, PICTURE_HEIGHT);
	add_description(out, page);
	for (size_t i = 0; i < page->map->count; i++)
		add_band(out, page, i);
	add_bars(out, page, false);
	add_bars(out, page, true);
	add_fills(out, page);
	add_pins(out, page);
	buffer_puts(out, "</svg>\n");
}

/* Also for who cannot tell a colour: the worst of what was found in a region. */
static void add_flag(struct buffer *out, const struct html_tally *tally)
{
	const struct html_state *state = html_severity(tally->worst);

	if (tally->count == 0)
		return;
	html_sign(out, state);
	buffer_printf(out, "<span class=\"hidden\"> %zu finding%s, the worst: %s</span>",
		      tally->count, html_plural(tally->count), state->word);
}

static void add_tile(struct buffer *out, const struct page *page, size_t index)
{
	const struct stmboot_region *region = &page->map->regions[index];
	const struct html_tally tally =
		html_tally(page, &(struct html_subject){ .region = region });

	buffer_printf(out, "<li class=\"tile %s\"><a href=\"#region-%zu\"><span class=\"number\">",
		      tint_of(region)->name, index + 1);
	if (region->part != NULL && region->part->entry != NULL)
		buffer_printf(out, "%" PRIu32, region->part->number);
	buffer_puts(out, "</span> <span class=\"name\">");
	html_region_name(out, region);
	buffer_puts(out, "</span> <span class=\"size\">");
	html_size(out, region->size);
	buffer_puts(out, "</span>");
	add_flag(out, &tally);
	buffer_puts(out, "</a></li>\n");
}

static void add_scale(struct buffer *out, const struct page *page)
{
	buffer_puts(out, "<div class=\"ends\" aria-hidden=\"true\"><span>0</span><span>");
	html_size(out, page->map->size);
	buffer_puts(out, "</span></div>\n");
}

/* Each kind of thing that is on the map. */
static void add_legend(struct buffer *out, const struct page *page)
{
	static const struct tint *const all[] = { &table, &loader, &firmware, &data,
						  &files, &other,  &gap };

	buffer_puts(out, "<ul class=\"legend\" aria-label=\"Colours\">\n");
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
		for (size_t i = 0; i < page->map->count; i++)
			if (tint_of(&page->map->regions[i]) == all[k]) {
				buffer_printf(out, "<li><span class=\"swatch %s\"></span>%s</li>\n",
					      all[k]->name, all[k]->title);
				break;
			}
	buffer_puts(out, "</ul>\n");
}

/* A cell, with its title for where there is no room for a head of the table. */
static void open_cell(struct buffer *out, const char *name, const char *title)
{
	buffer_printf(out,
		      "<td role=\"cell\" class=\"%s\"><span class=\"title\" "
		      "aria-hidden=\"true\">%s</span> ",
		      name, title);
}

static void close_cell(struct buffer *out)
{
	buffer_puts(out, "</td>\n");
}

static void add_flags(struct buffer *out, const struct stmboot_region *region)
{
	char attribute[16];

	for (size_t i = 0;
	     region->part != NULL && region->part->entry != NULL &&
	     stmboot_partition_attribute(region->part->entry, i, attribute, sizeof(attribute));
	     i++)
		buffer_printf(out, " <span class=\"tag\">%s</span>", attribute);
	if (region->overlaps)
		buffer_puts(out, " <span class=\"tag bad\">overlaps what is before it</span>");
	if (region->beyond && region->part != NULL) {
		buffer_puts(out, " <span class=\"tag bad\">cut short: ");
		html_size(out, region->part->available);
		buffer_puts(out, " there</span>");
	}
}

static void add_table_state(struct buffer *out, const struct page *page,
			    const struct stmboot_region *region)
{
	const struct stmboot_gpt *gpt = stmboot_image_gpt(page->report->image);

	if (gpt->type == STMBOOT_TABLE_MBR)
		buffer_puts(out, "MBR");
	else if (region->kind == STMBOOT_REGION_BACKUP)
		buffer_printf(out, "GPT, second copy: %s",
			      stmboot_gpt_state_text(gpt->backup_state));
	else
		buffer_printf(out, "GPT, first copy: %s; protective MBR: %s",
			      stmboot_gpt_state_text(gpt->primary.state),
			      stmboot_pmbr_state_text(gpt->protective_mbr));
}

static void add_content(struct buffer *out, const struct page *page,
			const struct stmboot_region *region)
{
	struct buffer content = { 0 };

	open_cell(out, "content", "Holds");
	if (region->part != NULL) {
		describe_content(&content, region->part);
		html_name(out, content.data != NULL ? content.data : "");
		out->failed = out->failed || content.failed;
		buffer_release(&content);
	} else if (region->kind == STMBOOT_REGION_GAP) {
		buffer_puts(out, "in no partition");
	} else {
		add_table_state(out, page, region);
	}
	add_flags(out, region);
	html_finding_links(out, page, &(struct html_subject){ .region = region });
	close_cell(out);
}

static void add_filled(struct buffer *out, const struct stmboot_region *region)
{
	const unsigned percent =
		region->size != 0 ? (unsigned)((double)region->used * 100 / (double)region->size)
				  : 0;

	if (!region->used_known) {
		buffer_puts(out, "<td role=\"cell\" class=\"filled\"></td>\n");
		return;
	}
	open_cell(out, "filled", "Filled");
	buffer_printf(out,
		      "<svg class=\"gauge\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" "
		      "aria-hidden=\"true\"><rect class=\"rest\" width=\"100\" height=\"8\"/>"
		      "<rect class=\"part %s\" width=\"%u\" height=\"8\"/></svg> %u\xc2\xa0%%",
		      tint_of(region)->name, percent, percent);
	close_cell(out);
}

static void add_row(struct buffer *out, const struct page *page, size_t index)
{
	const struct stmboot_region *region = &page->map->regions[index];
	const struct tint *tint = tint_of(region);

	buffer_printf(out, "<tr role=\"row\" id=\"region-%zu\" tabindex=\"-1\" class=\"%s\">\n",
		      index + 1, tint->name);
	open_cell(out, "number", "Number");
	if (region->part != NULL && region->part->entry != NULL)
		buffer_printf(out, "%" PRIu32, region->part->number);
	close_cell(out);
	buffer_printf(out, "<th role=\"rowheader\" scope=\"row\"><span class=\"swatch %s\"></span>",
		      tint->name);
	html_region_name(out, region);
	buffer_puts(out, "</th>\n");
	add_content(out, page, region);
	open_cell(out, "offset", "Starts at");
	html_size(out, region->offset);
	buffer_printf(out, " <code>0x%" PRIx64 "</code>", region->offset);
	close_cell(out);
	open_cell(out, "size", "Size");
	html_size(out, region->size);
	close_cell(out);
	add_filled(out, region);
	buffer_puts(out, "</tr>\n");
}

static void add_table(struct buffer *out, const struct page *page)
{
	static const char *const titles[] = {
		"#", "Region", "Holds", "Starts at", "Size", "Filled"
	};
	static const char *const names[] = { "number", "", "", "offset", "size", "filled" };

	buffer_puts(out, "<table role=\"table\" class=\"regions\">\n"
			 "<caption class=\"hidden\">All regions of the image, in order</caption>\n"
			 "<thead role=\"rowgroup\"><tr role=\"row\">");
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		buffer_printf(out, "<th role=\"columnheader\" scope=\"col\" class=\"%s\">%s</th>",
			      names[i], titles[i]);
	buffer_puts(out, "</tr></thead>\n<tbody role=\"rowgroup\">\n");
	for (size_t i = 0; i < page->map->count; i++)
		add_row(out, page, i);
	buffer_puts(out, "</tbody></table>\n");
}

void html_map(struct buffer *out, const struct page *page)
{
	buffer_printf(out,
		      "<section id=\"map\" aria-labelledby=\"map-title\">\n"
		      "<h2 id=\"map-title\">%s</h2>\n",
		      html_title(page));
	buffer_puts(out, "<div class=\"drawing\" tabindex=\"0\" role=\"group\" "
			 "aria-label=\"Map\"><div class=\"sheet\">\n");
	add_scale(out, page);
	add_picture(out, page);
	buffer_puts(out, "<ol class=\"tiles\">\n");
	for (size_t i = 0; i < page->map->count; i++)
		add_tile(out, page, i);
	buffer_puts(out, "</ol>\n</div></div>\n");
	add_legend(out, page);
	add_table(out, page);
	buffer_puts(out, "</section>\n");
}
