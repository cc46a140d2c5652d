/* SPDX-License-Identifier: MIT */
/* extlinux.conf with what boots of it, and the kernel's command line word by word. */
#include "html.h"

#include <inttypes.h>

bool html_has_config(const struct page *page)
{
	return page->document != NULL;
}

bool html_has_words(const struct page *page)
{
	return page->words->count > 0;
}

/* What stands beside a line: why it matters, or why not. */
static void add_remark(struct buffer *out, const struct stmboot_extlinux_line *line, bool boots)
{
	if (boots && line->keyword == STMBOOT_EXTLINUX_LABEL)
		buffer_puts(out, " <span class=\"tag good\">boots</span>");
	else if (line->ignored && line->keyword != STMBOOT_EXTLINUX_BLANK)
		buffer_puts(out, " <span class=\"tag\">no effect</span>");
}

/* The text of a line without its CR and line feed. */
static void add_text(struct buffer *out, const struct stmboot_extlinux_document_file *file,
		     const struct stmboot_extlinux_line *line)
{
	if (line->offset <= file->size && line->length <= file->size - line->offset)
		html_line(out, file->text + line->offset, (size_t)line->length);
}

static void add_lines(struct buffer *out, const struct page *page, size_t number)
{
	const struct stmboot_extlinux_document_file *file =
		stmboot_extlinux_document_file(page->document, number);
	const struct stmboot_extlinux_file *read =
		&stmboot_extlinux_document_conf(page->document)->files[number];
	const int32_t taken = page->report->boot->label_index;

	buffer_puts(out, "<ol class=\"listing\">\n");
	for (size_t i = 0; i < read->line_count && i < PAGE_MOST_LINES; i++) {
		const struct stmboot_extlinux_line *line = &read->lines[i];
		const bool boots = taken != STMBOOT_NO_LABEL && line->label == taken;

		buffer_printf(out, "<li id=\"line-%zu-%zu\" tabindex=\"-1\"%s><code>", number,
			      i + 1,
			      boots           ? " class=\"boots\""
			      : line->ignored ? " class=\"idle\""
					      : "");
		add_text(out, file, line);
		buffer_puts(out, "</code>");
		add_remark(out, line, boots);
		buffer_puts(out, "</li>\n");
	}
	buffer_puts(out, "</ol>\n");
	if (read->line_count > PAGE_MOST_LINES)
		buffer_printf(out, "<p>%zu more lines are not shown.</p>\n",
			      read->line_count - PAGE_MOST_LINES);
}

static void add_wait(struct buffer *out, const struct stmboot_extlinux *conf)
{
	if (conf->outcome == STMBOOT_EXTLINUX_REJECTED)
		buffer_printf(out, " U-Boot rejects this file at line %" PRIu32 ".",
			      conf->fault_at.line);
	else if (conf->outcome == STMBOOT_EXTLINUX_UNDEFINED)
		buffer_printf(out, " U-Boot crashes on this file at line %" PRIu32 ".",
			      conf->fault_at.line);
	else if (conf->selection.wait == STMBOOT_EXTLINUX_WAIT_FOREVER)
		buffer_puts(out, " U-Boot waits in its menu for ever.");
	else if (conf->selection.wait == STMBOOT_EXTLINUX_WAIT_SECONDS)
		buffer_printf(out, " U-Boot waits %" PRId32 "\xc2\xa0s in its menu.",
			      conf->selection.wait_seconds);
}

static void add_lead(struct buffer *out, const struct page *page)
{
	const struct stmboot_boot *boot = page->report->boot;
	const struct stmboot_region *region = html_region_of(page, boot->config.partition);

	buffer_puts(out, "<p class=\"lead\"><code>");
	html_text(out, boot->config.path);
	buffer_puts(out, "</code>");
	if (region != NULL) {
		buffer_puts(out, " in ");
		html_region_link(out, page, region);
	}
	if (boot->label != NULL) {
		buffer_puts(out, "; the label that boots is <strong>");
		html_name(out, boot->label);
		buffer_puts(out, "</strong>");
	}
	buffer_puts(out, ".");
	add_wait(out, stmboot_extlinux_document_conf(page->document));
	buffer_puts(out, "</p>\n");
}

void html_config(struct buffer *out, const struct page *page)
{
	const size_t count =
		page->document != NULL ? stmboot_extlinux_document_file_count(page->document) : 0;

	if (!html_has_config(page))
		return;
	buffer_puts(out, "<section id=\"config\" aria-labelledby=\"config-title\">\n"
			 "<h2 id=\"config-title\">extlinux.conf</h2>\n");
	add_lead(out, page);
	for (size_t i = 0; i < count; i++) {
		if (i > 0) {
			buffer_puts(out, "<h3>Included: <code>");
			html_text(out, stmboot_extlinux_document_file(page->document, i)->path);
			buffer_puts(out, "</code></h3>\n");
		}
		add_lines(out, page, i);
	}
	buffer_puts(out, "</section>\n");
}

static void add_line_link(struct buffer *out, const struct page *page,
			  const struct stmboot_boot_word *word, const char *keyword)
{
	const struct stmboot_extlinux *conf =
		page->document != NULL ? stmboot_extlinux_document_conf(page->document) : NULL;
	const bool shown = conf != NULL && word->file < conf->file_count && word->line != 0 &&
			   word->line <= conf->files[word->file].line_count &&
			   word->line <= PAGE_MOST_LINES;

	buffer_printf(out, "<code>%s</code>, ", keyword);
	if (shown)
		buffer_printf(out, "<a href=\"#line-%" PRIu32 "-%" PRIu32 "\">", word->file,
			      word->line);
	buffer_printf(out, "line\xc2\xa0%" PRIu32 "%s", word->line, shown ? "</a>" : "");
}

static void add_variable(struct buffer *out, const struct stmboot_boot_word *word)
{
	static const char *const setters[] = {
		[STMBOOT_VARIABLE_UNKNOWN] = "nobody, as far as is known",
		[STMBOOT_VARIABLE_OF_BOARD] = "U-Boot for this board",
		[STMBOOT_VARIABLE_OF_SEARCH] = "U-Boot while it looks for the file",
		[STMBOOT_VARIABLE_SAVED] = "the saved environment",
	};

	buffer_puts(out, "; <code>${");
	html_text(out, word->variable);
	buffer_printf(out, "}</code> is set by %s", setters[word->variable_origin]);
}

static void add_origin(struct buffer *out, const struct page *page,
		       const struct stmboot_boot_word *word)
{
	switch (word->origin) {
	case STMBOOT_WORD_APPEND:
		add_line_link(out, page, word, "append");
		break;
	case STMBOOT_WORD_VARIABLE:
		add_line_link(out, page, word, "append");
		add_variable(out, word);
		break;
	case STMBOOT_WORD_IPAPPEND:
		buffer_puts(out, "added by U-Boot for ");
		add_line_link(out, page, word, "ipappend");
		break;
	case STMBOOT_WORD_ENVIRONMENT:
		buffer_puts(out, "<code>bootargs</code> of the saved environment: the label has "
				 "no <code>append</code>");
		break;
	case STMBOOT_WORD_DTB:
		buffer_puts(out, "<code>/chosen</code> of the device tree: U-Boot has nothing to "
				 "put in its place");
		break;
	}
}

static void add_word(struct buffer *out, const struct page *page, size_t index)
{
	const struct stmboot_boot_word *word = &page->words->words[index];

	buffer_printf(out,
		      "<tr role=\"row\" id=\"word-%zu\"><th role=\"rowheader\" scope=\"row\">"
		      "<code>",
		      index + 1);
	html_text(out, word->text);
	buffer_puts(out, "</code></th>\n<td role=\"cell\" class=\"meaning\">");
	if (word->for_init || word->meaning != NULL)
		buffer_puts(out, "<span class=\"title\" aria-hidden=\"true\">For</span> ");
	html_text(out, word->for_init ? "handed to init" : word->meaning);
	buffer_puts(out, "</td>\n<td role=\"cell\" class=\"origin\">"
			 "<span class=\"title\" aria-hidden=\"true\">From</span> ");
	add_origin(out, page, word);
	buffer_puts(out, "</td></tr>\n");
}

void html_words(struct buffer *out, const struct page *page)
{
	if (!html_has_words(page))
		return;
	buffer_puts(out,
		    "<section id=\"cmdline\" aria-labelledby=\"cmdline-title\">\n"
		    "<h2 id=\"cmdline-title\">The kernel’s command line</h2>\n<p class=\"line\">"
		    "<code>");
	html_text(out, page->report->boot->bootargs);
	buffer_puts(out, "</code></p>\n<table role=\"table\" class=\"words\">\n"
			 "<caption class=\"hidden\">Each word, what it is for and where it comes "
			 "from</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">"
			 "<th role=\"columnheader\" scope=\"col\">Word</th>"
			 "<th role=\"columnheader\" scope=\"col\">What it is for</th>"
			 "<th role=\"columnheader\" scope=\"col\">Where it comes from</th>"
			 "</tr></thead>\n<tbody role=\"rowgroup\">\n");
	for (size_t i = 0; i < page->words->count; i++)
		add_word(out, page, i);
	buffer_puts(out, "</tbody></table>\n</section>\n");
}
