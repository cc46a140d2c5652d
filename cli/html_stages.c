/* SPDX-License-Identifier: MIT */
/* The boot as a chain of its stages. */
#include "html.h"

#include <inttypes.h>
#include <string.h>

static const struct {
	const char *title;
	const char *task;
} stages[STMBOOT_STAGE_COUNT] = {
	[STMBOOT_STAGE_ROM] = { "Boot ROM", "finds the first-stage loader" },
	[STMBOOT_STAGE_FSBL] = { "First stage", "finds the second stage" },
	[STMBOOT_STAGE_SSBL] = { "Second stage", "is U-Boot, intact" },
	[STMBOOT_STAGE_EXTLINUX] = { "Configuration", "says what U-Boot is to boot" },
	[STMBOOT_STAGE_KERNEL] = { "Kernel", "is loaded with its command line" },
	[STMBOOT_STAGE_DTB] = { "Device tree", "describes the board to the kernel" },
	[STMBOOT_STAGE_ROOTFS] = { "Root file system", "is found and mounted" },
	[STMBOOT_STAGE_INIT] = { "Init", "is the first program" },
};

/* The place, with a link to it on the map. */
static void add_where(struct buffer *out, const struct page *page,
		      const struct stmboot_stage_result *stage)
{
	const struct stmboot_region *region = stage->partition != STMBOOT_NO_PARTITION
						      ? html_region_of(page, stage->partition)
						      : NULL;
	const bool any = region != NULL || stage->path != NULL || stage->has_offset;

	if (!any || stage->outcome == STMBOOT_OUTCOME_NOT_APPLICABLE)
		return;
	buffer_puts(out, "<p class=\"where\">");
	if (region != NULL)
		html_region_link(out, page, region);
	if (stage->path != NULL) {
		buffer_puts(out, region != NULL ? ", <code>" : "<code>");
		html_text(out, stage->path);
		buffer_puts(out, "</code>");
	}
	if (stage->has_offset)
		buffer_printf(out, "%sat <code>0x%" PRIx64 "</code>",
			      region != NULL || stage->path != NULL ? ", " : "", stage->offset);
	buffer_puts(out, "</p>\n");
}

/* Of a stage that is not passed, the summary may be what its finding says already. */
static bool is_finding(const struct page *page, const struct stmboot_stage_result *stage)
{
	for (size_t i = 0; i < stmboot_diags_count(page->report->diags); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(page->report->diags, i);

		if (diag->stage == stage->stage && strcmp(diag->message, stage->summary) == 0)
			return true;
	}
	return false;
}

static void add_stage(struct buffer *out, const struct page *page, int index)
{
	const struct stmboot_stage_result *stage = &page->report->boot->stages[index];
	const struct html_state *state = html_outcome(stage->outcome);
	const char *name = stmboot_stage_text(stage->stage);

	buffer_printf(out, "<li class=\"stage %s\" id=\"stage-%s\" tabindex=\"-1\">\n", state->name,
		      name);
	html_sign(out, state);
	buffer_printf(out,
		      "<div class=\"head\"><h3>%s</h3>\n<p class=\"task\"><code>%s</code> %s</p>\n"
		      "<p class=\"state\">%s</p></div>\n",
		      stages[index].title, name, stages[index].task, state->word);
	if (!is_finding(page, stage)) {
		buffer_puts(out, "<p class=\"took\">");
		html_name(out, stage->summary);
		buffer_puts(out, "</p>\n");
	}
	add_where(out, page, stage);
	html_finding_links(out, page, &(struct html_subject){ .stage = index });
	buffer_puts(out, "</li>\n");
}

void html_stages(struct buffer *out, const struct page *page)
{
	buffer_puts(out, "<section id=\"boot\" aria-labelledby=\"boot-title\">\n"
			 "<h2 id=\"boot-title\">The boot</h2>\n<ol class=\"chain\">\n");
	for (int i = 0; i < STMBOOT_STAGE_COUNT; i++)
		add_stage(out, page, i);
	buffer_puts(out, "</ol>\n</section>\n");
}
