/* SPDX-License-Identifier: MIT */
/* What is wrong with the image, each with links to where that is. */
#include "html.h"

#include <string.h>

static bool concerns(const struct page *page, size_t index, const struct html_subject *subject)
{
	const struct stmboot_diag *diag = stmboot_diags_get(page->report->diags, index);

	return subject->region != NULL ? page->places[index] == subject->region
				       : (int)diag->stage == subject->stage;
}

struct html_tally html_tally(const struct page *page, const struct html_subject *subject)
{
	struct html_tally tally = { .worst = STMBOOT_NOTE };

	for (size_t i = 0; i < stmboot_diags_count(page->report->diags); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(page->report->diags, i);

		if (!concerns(page, i, subject))
			continue;
		tally.count++;
		tally.worst = diag->severity > tally.worst ? diag->severity : tally.worst;
	}
	return tally;
}

static void add_link(struct buffer *out, const struct page *page, size_t index)
{
	const struct stmboot_diag *diag = stmboot_diags_get(page->report->diags, index);
	const struct html_state *state = html_severity(diag->severity);

	buffer_puts(out, "<li>");
	html_sign(out, state);
	buffer_printf(out, " <a href=\"#finding-%zu\"><span class=\"word\">%s:</span> ", index + 1,
		      state->word);
	html_text(out, diag->message);
	buffer_puts(out, "</a></li>\n");
}

void html_finding_links(struct buffer *out, const struct page *page,
			const struct html_subject *subject)
{
	const size_t count = stmboot_diags_count(page->report->diags);

	if (html_tally(page, subject).count == 0)
		return;
	buffer_puts(out, "<ul class=\"found\">\n");
	for (int severity = STMBOOT_ERROR; severity >= STMBOOT_NOTE; severity--)
		for (size_t i = 0; i < count; i++)
			if ((int)stmboot_diags_get(page->report->diags, i)->severity == severity &&
			    concerns(page, i, subject))
				add_link(out, page, i);
	buffer_puts(out, "</ul>\n");
}

static void add_row(struct buffer *out, const char *title, const char *text,
		    void (*add)(struct buffer *out, const char *text))
{
	if (text == NULL)
		return;
	buffer_printf(out, "<div><dt>%s</dt><dd>", title);
	add(out, text);
	buffer_puts(out, "</dd></div>\n");
}

/* Is that a line of the configuration that is shown? */
static bool is_shown_line(const struct page *page, const struct stmboot_place *place)
{
	const struct stmboot_file_ref *config = &page->report->boot->config;

	return page->document != NULL && place->line != 0 && place->path != NULL &&
	       config->path != NULL && place->partition == config->partition &&
	       strcmp(place->path, config->path) == 0 &&
	       place->line <= stmboot_extlinux_document_conf(page->document)->files[0].line_count &&
	       place->line <= PAGE_MOST_LINES;
}

static void add_place(struct buffer *out, const struct page *page, size_t index)
{
	const struct stmboot_diag *diag = stmboot_diags_get(page->report->diags, index);
	struct buffer place = { 0 };

	render_place(&place, page->report, &diag->place);
	buffer_puts(out, "<div><dt>Place</dt><dd>");
	if (place.length != 0) {
		buffer_puts(out, "<code>");
		html_text(out, place.data);
		buffer_puts(out, "</code> ");
	}
	out->failed = out->failed || place.failed;
	buffer_release(&place);
	buffer_puts(out, "<span class=\"jumps\">");
	if (page->places[index] != NULL) {
		buffer_puts(out, "on the map: ");
		html_region_link(out, page, page->places[index]);
		buffer_puts(out, "; ");
	}
	if (is_shown_line(page, &diag->place))
		buffer_printf(out, "in the text: <a href=\"#line-0-%u\">line %u</a>; ",
			      (unsigned)diag->place.line, (unsigned)diag->place.line);
	buffer_printf(out, "in the boot: <a href=\"#stage-%s\">%s</a></span></dd></div>\n",
		      stmboot_stage_text(diag->stage), stmboot_stage_text(diag->stage));
}

/* What the catalogue knows of its code, folded away. */
static void add_background(struct buffer *out, const struct stmboot_diag *diag)
{
	const struct stmboot_code *code = stmboot_code_find(diag->code);

	if (code == NULL)
		return;
	buffer_puts(out, "<details><summary>What this means</summary>\n<p>");
	html_advice(out, code->explanation);
	buffer_puts(out, "</p>\n<p class=\"source\">Decided by: ");
	html_text(out, code->source);
	buffer_puts(out, "</p></details>\n");
}

static void add_finding(struct buffer *out, const struct page *page, size_t index)
{
	const struct stmboot_diag *diag = stmboot_diags_get(page->report->diags, index);
	const struct html_state *state = html_severity(diag->severity);

	buffer_printf(out,
		      "<article class=\"finding %s\" id=\"finding-%zu\" tabindex=\"-1\" "
		      "aria-labelledby=\"finding-%zu-title\">\n<p class=\"kind\">",
		      state->name, index + 1, index + 1);
	html_sign(out, state);
	buffer_printf(out, " <strong>%s</strong> <code>%s</code></p>\n", state->word, diag->code);
	buffer_printf(out, "<h3 id=\"finding-%zu-title\">", index + 1);
	html_sentence(out, diag->message);
	buffer_puts(out, "</h3>\n<dl>\n");
	add_place(out, page, index);
	add_row(out, "Found", diag->found, html_text);
	add_row(out, "Expected", diag->expected, html_text);
	add_row(out, "What to do", diag->hint, html_advice);
	buffer_puts(out, "</dl>\n");
	add_background(out, diag);
	buffer_puts(out, "</article>\n");
}

void html_findings(struct buffer *out, const struct page *page)
{
	const size_t count = stmboot_diags_count(page->report->diags);

	buffer_puts(out, "<section id=\"findings\" aria-labelledby=\"findings-title\">\n"
			 "<h2 id=\"findings-title\">Findings</h2>\n");
	if (count == 0)
		buffer_puts(out, "<p class=\"lead\">Nothing was found that needs attention.</p>\n");
	for (int severity = STMBOOT_ERROR; severity >= STMBOOT_NOTE; severity--)
		for (size_t i = 0; i < count; i++)
			if ((int)stmboot_diags_get(page->report->diags, i)->severity == severity)
				add_finding(out, page, i);
	buffer_puts(out, "</section>\n");
}
