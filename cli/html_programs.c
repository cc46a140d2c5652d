/* SPDX-License-Identifier: MIT */
/* Who is on the card: the programs of the boot with their versions, and its device tree. */
#include "html.h"

#include <inttypes.h>
#include <string.h>

static void open_row(struct buffer *out, const char *title)
{
	buffer_printf(out,
		      "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">%s</th>"
		      "<td role=\"cell\">",
		      title);
}

static void close_row(struct buffer *out)
{
	buffer_puts(out, "</td></tr>\n");
}

/* Where it is, as far as a stage tells. */
static void add_from(struct buffer *out, const struct page *page, enum stmboot_stage stage)
{
	const struct stmboot_stage_result *result = &page->report->boot->stages[stage];
	const struct stmboot_region *region = result->partition != STMBOOT_NO_PARTITION
						      ? html_region_of(page, result->partition)
						      : NULL;

	buffer_puts(out, "</td><td role=\"cell\">");
	if (region != NULL)
		html_region_link(out, page, region);
}

static void add_file(struct buffer *out, const struct page *page,
		     const struct stmboot_file_ref *file)
{
	const struct stmboot_region *region = file->partition != STMBOOT_NO_PARTITION
						      ? html_region_of(page, file->partition)
						      : NULL;

	buffer_puts(out, "<code>");
	html_text(out, file->path);
	buffer_puts(out, "</code>");
	if (region != NULL) {
		buffer_puts(out, " in ");
		html_region_link(out, page, region);
	}
}

static void add_program(struct buffer *out, const struct page *page, const char *title,
			const char *name, const char *version, enum stmboot_stage stage)
{
	if (name == NULL && version == NULL)
		return;
	open_row(out, title);
	html_name(out, name);
	if (version != NULL) {
		buffer_puts(out, " <strong>");
		html_name(out, version);
		buffer_puts(out, "</strong>");
	} else {
		buffer_puts(out, ", version not found");
	}
	add_from(out, page, stage);
	close_row(out);
}

static void add_kernel(struct buffer *out, const struct page *page)
{
	const struct stmboot_boot *boot = page->report->boot;

	if (boot->kernel.path == NULL && boot->kernel_release == NULL)
		return;
	open_row(out, "Kernel");
	buffer_puts(out, "Linux");
	if (boot->kernel_release != NULL) {
		buffer_puts(out, " <strong>");
		html_name(out, boot->kernel_release);
		buffer_puts(out, "</strong>");
	} else {
		buffer_puts(out, page->deep
					 ? ", release not found"
					 : ", release not looked for (<code>--deep</code> does)");
	}
	if (boot->fit_configuration != NULL) {
		buffer_puts(out, ", FIT configuration <code>");
		html_text(out, boot->fit_configuration);
		buffer_puts(out, "</code>");
	}
	buffer_puts(out, "</td><td role=\"cell\">");
	if (boot->kernel.path != NULL)
		add_file(out, page, &boot->kernel);
	close_row(out);
}

static void add_files(struct buffer *out, const struct page *page)
{
	const struct stmboot_boot *boot = page->report->boot;

	if (boot->initrd.path != NULL) {
		open_row(out, "Initial RAM disk");
		buffer_puts(out, "<code>");
		html_text(out, boot->initrd_image != NULL ? boot->initrd_image : boot->initrd.path);
		buffer_puts(out, "</code></td><td role=\"cell\">");
		if (html_region_of(page, boot->initrd.partition) != NULL)
			html_region_link(out, page, html_region_of(page, boot->initrd.partition));
		close_row(out);
	}
	if (boot->init_path != NULL) {
		open_row(out, "Init");
		buffer_puts(out, "<code>");
		html_text(out, boot->init_resolved != NULL ? boot->init_resolved : boot->init_path);
		buffer_puts(out, "</code>");
		add_from(out, page, STMBOOT_STAGE_INIT);
		close_row(out);
	}
}

/* What a firmware package holds that says who it is. */
static void add_package(struct buffer *out, const struct page *page,
			const struct stmboot_region *region)
{
	const struct stmboot_fip *fip = region->part->fip;

	for (size_t i = 0; fip->payloads != NULL && i < fip->entry_count; i++) {
		const struct stmboot_fip_payload *payload = &fip->payloads[i];

		if (!payload->known || payload->program == NULL)
			continue;
		open_row(out, "In the package");
		html_name(out, payload->program);
		if (payload->version != NULL) {
			buffer_puts(out, " <strong>");
			html_name(out, payload->version);
			buffer_puts(out, "</strong>");
		}
		buffer_puts(out, " as <code>");
		html_text(out, fip->entries[i].name != NULL ? fip->entries[i].name
							    : fip->entries[i].uuid_text);
		buffer_puts(out, "</code></td><td role=\"cell\">");
		html_region_link(out, page, region);
		close_row(out);
	}
}

/* Of one that is not on the card the kind is no more than assumed. */
static bool has_first_stage(const struct stmboot_boot *boot)
{
	const enum stmboot_outcome rom = boot->stages[STMBOOT_STAGE_ROM].outcome;

	return boot->fsbl_version != NULL ||
	       (boot->fsbl_kind != STMBOOT_FSBL_UNKNOWN &&
		(rom == STMBOOT_OUTCOME_OK || rom == STMBOOT_OUTCOME_WARNING));
}

bool html_has_programs(const struct page *page)
{
	const struct stmboot_boot *boot = page->report->boot;

	return has_first_stage(boot) || boot->uboot_version != NULL || boot->kernel.path != NULL ||
	       boot->kernel_release != NULL;
}

void html_programs(struct buffer *out, const struct page *page)
{
	static const char *const first[] = { NULL, "U-Boot SPL", "TF-A" };
	const struct stmboot_boot *boot = page->report->boot;

	if (!html_has_programs(page))
		return;
	buffer_puts(out, "<section id=\"programs\" aria-labelledby=\"programs-title\">\n"
			 "<h2 id=\"programs-title\">Programs</h2>\n"
			 "<table role=\"table\" class=\"programs\">\n"
			 "<thead role=\"rowgroup\"><tr role=\"row\">"
			 "<th role=\"columnheader\" scope=\"col\">Part</th>"
			 "<th role=\"columnheader\" scope=\"col\">Program</th>"
			 "<th role=\"columnheader\" scope=\"col\">Where</th></tr></thead>\n"
			 "<tbody role=\"rowgroup\">\n");
	if (has_first_stage(boot))
		add_program(out, page, "First stage", first[boot->fsbl_kind], boot->fsbl_version,
			    STMBOOT_STAGE_ROM);
	add_program(out, page, "Secure OS", boot->secure_os, boot->secure_os_version,
		    STMBOOT_STAGE_SSBL);
	add_program(out, page, "Second stage", boot->uboot_version != NULL ? "U-Boot" : NULL,
		    boot->uboot_version, STMBOOT_STAGE_SSBL);
	for (size_t i = 0; i < page->map->count; i++)
		if (page->map->regions[i].part != NULL && page->map->regions[i].part->fip != NULL)
			add_package(out, page, &page->map->regions[i]);
	add_kernel(out, page);
	add_files(out, page);
	buffer_puts(out, "</tbody></table>\n</section>\n");
}

/* A bare device tree is the one that is shown. */
static const struct stmboot_dtb *bare_tree(const struct page *page)
{
	const struct stmboot_region *region = html_region_of(page, 0);

	return region != NULL ? region->part->dtb : NULL;
}

bool html_has_tree(const struct page *page)
{
	return page->report->boot->dtb.path != NULL || bare_tree(page) != NULL;
}

/* What it says it is; nothing of one that could not be read. */
static void add_identity(struct buffer *out, const struct page *page)
{
	const struct stmboot_boot *boot = page->report->boot;
	const struct stmboot_dtb *bare = bare_tree(page);
	const char *model = bare != NULL ? bare->model : boot->dtb_model;
	const char *const *names = bare != NULL ? bare->compatible : boot->dtb_compatible;
	const size_t count = bare != NULL ? bare->compatible_count : boot->dtb_compatible_count;

	if (model != NULL) {
		open_row(out, "Model");
		html_name(out, model);
		close_row(out);
	}
	if (count == 0)
		return;
	open_row(out, "Compatible");
	for (size_t i = 0; i < count; i++) {
		buffer_puts(out, i > 0 ? ", <code>" : "<code>");
		html_text(out, names[i]);
		buffer_puts(out, "</code>");
	}
	close_row(out);
}

static void add_overlays(struct buffer *out, const struct page *page)
{
	const struct stmboot_boot *boot = page->report->boot;

	for (size_t i = 0; i < boot->overlay_count; i++) {
		if (boot->overlays[i].path == NULL)
			continue;
		open_row(out, "Overlay");
		add_file(out, page, &boot->overlays[i]);
		close_row(out);
	}
}

void html_tree(struct buffer *out, const struct page *page)
{
	const struct stmboot_boot *boot = page->report->boot;

	if (!html_has_tree(page))
		return;
	buffer_puts(out, "<section id=\"tree\" aria-labelledby=\"tree-title\">\n"
			 "<h2 id=\"tree-title\">Device tree</h2>\n"
			 "<table role=\"table\" class=\"facts\"><tbody role=\"rowgroup\">\n");
	add_identity(out, page);
	if (boot->dtb.path != NULL) {
		open_row(out, "File");
		add_file(out, page, &boot->dtb);
		close_row(out);
	}
	if (boot->dtb_image != NULL) {
		open_row(out, "Image of the FIT");
		html_name(out, boot->dtb_image);
		close_row(out);
	}
	if (page->dtb_bytes != 0) {
		open_row(out, "Size");
		html_size(out, page->dtb_bytes);
		close_row(out);
	}
	add_overlays(out, page);
	buffer_puts(out, "</tbody></table>\n</section>\n");
}
