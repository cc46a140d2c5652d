/* SPDX-License-Identifier: MIT */
/*
 * A page that tells of an image and needs nothing beside it: no script, nothing that
 * is loaded, and a content policy that forbids both whatever the image says. Its
 * style sheet is page.css, which the policy knows by its SHA-256.
 */
#include <string.h>

#include <stmboot/context.h>

#include "html.h"
#include "page_css.h"

enum { SHA256_HEX = 64, SHA256_BASE64 = 45 };

static unsigned hex_value(char digit)
{
	return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* The policy wants in base64 (RFC 4648) what the build gives in hexadecimal. */
static void to_base64(const char hex[SHA256_HEX], char text[SHA256_BASE64])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t used = 0;

	/* three digits of four bits make two of six */
	for (size_t i = 0; i < SHA256_HEX; i += 3) {
		unsigned bits = hex_value(hex[i]) << 8;

		bits |= i + 1 < SHA256_HEX ? hex_value(hex[i + 1]) << 4 : 0;
		bits |= i + 2 < SHA256_HEX ? hex_value(hex[i + 2]) : 0;
		text[used++] = digits[bits >> 6];
		if (i + 1 < SHA256_HEX)
			text[used++] = digits[bits & 63];
	}
	text[used++] = '=';
	text[used] = '\0';
}

static const char *base_name(const struct page *page)
{
	const char *path = stmboot_image_info(page->report->image)->path;
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	return slash != NULL && slash[1] != '\0' ? slash + 1 : path != NULL ? path : "image";
}

/* The verdict in a few words; `what` is what the image is called. */
static const char *verdict_of(const struct page *page)
{
	static const char *const boots[] = { "boots.", "boots, with warnings.",
					     "boots, with errors." };
	static const char *const good[] = { "is good.", "is good, with warnings.", "is damaged." };
	const struct report *report = page->report;

	if (report->stops_at != STMBOOT_NO_STAGE)
		return render_has_boot(report->boot) ? "does not boot." : "is damaged.";
	return (render_has_boot(report->boot) ? boots : good)[report->verdict];
}

static void add_head(struct buffer *out, const struct page *page)
{
	char hash[SHA256_BASE64];

	to_base64(page_css_sha256, hash);
	buffer_printf(out,
		      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<meta name=\"color-scheme\" content=\"light dark\">\n"
		      "<meta name=\"referrer\" content=\"no-referrer\">\n"
		      "<meta name=\"generator\" content=\"stmboot %s\">\n<title>",
		      hash, stmboot_version());
	html_text(out, base_name(page));
	buffer_printf(out, " %s</title>\n<style>", verdict_of(page));
	for (const char *const *line = page_css; *line != NULL; line++)
		buffer_puts(out, *line);
	buffer_puts(out, "</style>\n</head>\n<body>\n"
			 "<a class=\"skip\" href=\"#content\">Skip to the content</a>\n");
}

/* What boots, and for which board. */
static void add_success(struct buffer *out, const struct stmboot_boot *boot)
{
	if (boot->label == NULL)
		return;
	buffer_puts(out, " U-Boot takes the label ");
	html_name(out, boot->label);
	if (boot->dtb_model != NULL) {
		buffer_puts(out, " for ");
		html_name(out, boot->dtb_model);
	}
	buffer_puts(out, ".");
}

/* What boots, or where it stops and why. */
static void add_reason(struct buffer *out, const struct page *page)
{
	const struct report *report = page->report;
	const struct stmboot_stage_result *stage;

	if (report->stops_at == STMBOOT_NO_STAGE) {
		add_success(out, report->boot);
		return;
	}
	if (!render_has_boot(report->boot))
		return;
	stage = &report->boot->stages[report->stops_at];
	buffer_printf(out, " It stops at <a href=\"#stage-%s\">%s</a>, stage %d of %d: <bdi>",
		      stmboot_stage_text(stage->stage), stmboot_stage_text(stage->stage),
		      (int)stage->stage + 1, STMBOOT_STAGE_COUNT);
	html_text(out, stage->summary);
	buffer_puts(out, "</bdi>.");
}

static void add_counts(struct buffer *out, const struct page *page)
{
	bool any = false;

	buffer_puts(out, "<div><dt>Findings</dt><dd><a href=\"#findings\">");
	for (int severity = STMBOOT_ERROR; severity >= STMBOOT_NOTE; severity--) {
		const size_t some =
			render_count(page->report->diags, (enum stmboot_severity)severity);

		if (some == 0)
			continue;
		buffer_printf(out, "%s%zu %s%s", any ? ", " : "", some,
			      stmboot_severity_text((enum stmboot_severity)severity),
			      html_plural(some));
		any = true;
	}
	buffer_puts(out, any ? "</a></dd></div>\n" : "none</a></dd></div>\n");
}

static void add_medium(struct buffer *out, const struct page *page)
{
	static const char *const media[] = { "", "SD card", "eMMC user area",
					     "no partition table" };
	const struct stmboot_image_info *info = stmboot_image_info(page->report->image);
	const struct stmboot_gpt *gpt = stmboot_image_gpt(page->report->image);
	const char *soc = stmboot_soc_text(page->report->boot->soc);

	buffer_puts(out, "<div><dt>Size</dt><dd>");
	html_size(out, info->size);
	if (info->container != STMBOOT_COMPRESSION_NONE)
		buffer_printf(out, ", unpacked from %s", stmboot_compression_text(info->container));
	buffer_printf(out, "</dd></div>\n<div><dt>Medium</dt><dd>%s</dd></div>\n",
		      media[info->medium]);
	if (gpt->type != STMBOOT_TABLE_NONE)
		buffer_printf(out, "<div><dt>Table</dt><dd>%s</dd></div>\n",
			      gpt->type == STMBOOT_TABLE_GPT ? "GPT" : "MBR");
	if (soc != NULL)
		buffer_printf(out, "<div><dt>Chip</dt><dd>%s</dd></div>\n", soc);
}

/* The chain at a glance. */
static void add_strip(struct buffer *out, const struct page *page)
{
	if (!render_has_boot(page->report->boot))
		return;
	buffer_puts(out, "<ol class=\"strip\" aria-label=\"The boot at a glance\">\n");
	for (int i = 0; i < STMBOOT_STAGE_COUNT; i++) {
		const struct stmboot_stage_result *stage = &page->report->boot->stages[i];
		const struct html_state *state = html_outcome(stage->outcome);
		const char *name = stmboot_stage_text(stage->stage);

		buffer_printf(out, "<li class=\"%s\"><a href=\"#stage-%s\">", state->name, name);
		html_sign(out, state);
		buffer_printf(out,
			      "<span class=\"name\">%s</span><span class=\"hidden\">: %s"
			      "</span></a></li>\n",
			      name, state->word);
	}
	buffer_puts(out, "</ol>\n");
}

static void add_banner(struct buffer *out, const struct page *page)
{
	const struct html_state *state = html_outcome(page->report->verdict);

	buffer_puts(out, "<header>\n<h1>");
	html_name(out, base_name(page));
	buffer_printf(out, "</h1>\n<p class=\"verdict %s\">", state->name);
	html_sign(out, state);
	buffer_printf(out, " <span><strong>%s %s</strong>",
		      stmboot_image_info(page->report->image)->medium == STMBOOT_MEDIUM_PART
			      ? "This image"
			      : "This card",
		      verdict_of(page));
	add_reason(out, page);
	buffer_puts(out, "</span></p>\n");
	if (stmboot_image_info(page->report->image)->state == STMBOOT_IMAGE_INTERRUPTED)
		buffer_puts(out, "<p class=\"lead\">An edit of this image was interrupted; shown "
				 "is what it was to be.</p>\n");
	add_strip(out, page);
	buffer_puts(out, "<dl class=\"summary\">\n");
	add_medium(out, page);
	add_counts(out, page);
	buffer_puts(out, "</dl>\n</header>\n");
}

static void add_contents(struct buffer *out, const struct page *page)
{
	const struct {
		const char *id, *title;
		bool there;
	} sections[] = {
		{ "map", html_title(page), true },
		{ "boot", "The boot", render_has_boot(page->report->boot) },
		{ "findings", "Findings", true },
		{ "config", "extlinux.conf", html_has_config(page) },
		{ "cmdline", "Command line", html_has_words(page) },
		{ "programs", "Programs", html_has_programs(page) },
		{ "tree", "Device tree", html_has_tree(page) },
	};

	buffer_puts(out, "<nav aria-label=\"Contents\"><ul>\n");
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (sections[i].there)
			buffer_printf(out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id,
				      sections[i].title);
	buffer_puts(out, "</ul></nav>\n");
}

void render_html(struct buffer *out, const struct page *page)
{
	add_head(out, page);
	add_banner(out, page);
	add_contents(out, page);
	buffer_puts(out, "<main id=\"content\" tabindex=\"-1\">\n");
	html_map(out, page);
	html_stages(out, page);
	html_findings(out, page);
	html_config(out, page);
	html_words(out, page);
	html_programs(out, page);
	html_tree(out, page);
	buffer_printf(out,
		      "</main>\n<footer><p>Made by stmboot %s. This page is complete: it loads "
		      "nothing and runs nothing.</p></footer>\n</body>\n</html>\n",
		      stmboot_version());
}
