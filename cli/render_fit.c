/* SPDX-License-Identifier: MIT */
/* What is in the FITs of an image: one line for a configuration, some for an image. */
#include "render.h"

#include <inttypes.h>
#include <stddef.h>

static void add(struct buffer *out, const struct style *style, const char *before, const char *text)
{
	if (text == NULL)
		return;
	buffer_puts(out, before);
	style_escape(style, out, text);
}

static void add_list(struct buffer *out, const struct style *style, const char *role,
		     const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buffer_printf(out, "%s", i == 0 ? role : " + ");
		style_escape(style, out, names[i]);
	}
}

static void add_signatures(struct buffer *out, const struct style *style,
			   const struct stmboot_fit_signature *signatures, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		add(out, style, ", signature ",
		    signatures[i].algorithm != NULL ? signatures[i].algorithm : signatures[i].name);
		add(out, style, " by key ", signatures[i].key_name_hint);
		buffer_puts(out, " not checked");
	}
}

static void add_configuration(struct buffer *out, const struct style *style,
			      const struct stmboot_fit *fit,
			      const struct stmboot_fit_configuration *c)
{
	buffer_puts(out, "      configuration ");
	style_escape(style, out, c->name);
	if (c == stmboot_fit_find_configuration(fit, NULL))
		buffer_puts(out, " (default)");
	add(out, style, ": ", c->description != NULL ? c->description : "no description");
	add(out, style, ", kernel ", c->kernel);
	add(out, style, ", firmware ", c->firmware);
	add(out, style, ", ramdisk ", c->ramdisk);
	add_list(out, style, ", fdt ", c->fdt, c->fdt_count);
	add_list(out, style, ", loadables ", c->loadables, c->loadable_count);
	add_signatures(out, style, c->signatures, c->signature_count);
	buffer_puts(out, "\n");
}

static void add_image(struct buffer *out, const struct style *style,
		      const struct stmboot_fit_image *image)
{
	char size[SIZE_TEXT];

	style_size(image->bytes, size);
	buffer_puts(out, "      image ");
	style_escape(style, out, image->name);
	add(out, style, ": ", image->type != NULL ? image->type : "no type");
	add(out, style, ", ", image->os);
	add(out, style, ", ", image->arch);
	add(out, style, ", compression ", image->compression);
	if (image->has_data)
		buffer_printf(out, ", %s %s", size, image->external ? "behind the tree" : "inside");
	if (image->has_load)
		buffer_printf(out, ", load 0x%" PRIx64, image->load);
	if (image->has_entry)
		buffer_printf(out, ", entry 0x%" PRIx64, image->entry);
	for (size_t i = 0; i < image->digest_count; i++) {
		const struct stmboot_fit_hash *hash = &image->digests[i];

		add(out, style, ", ", hash->algorithm != NULL ? hash->algorithm : hash->name);
		buffer_printf(out, " %s", stmboot_fit_hash_state_text(hash->state));
	}
	add_signatures(out, style, image->signatures, image->signature_count);
	buffer_puts(out, "\n");
}

void render_fits(struct buffer *out, const struct report *report, const struct style *style)
{
	for (size_t i = 0; i < stmboot_image_part_count(report->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(report->image, i);

		if (part->fit == NULL)
			continue;
		buffer_puts(out, "\n");
		if (part->entry != NULL)
			buffer_printf(out, "  %3" PRIu32 "  FIT\n", part->number);
		for (size_t k = 0; k < part->fit->configuration_count; k++)
			add_configuration(out, style, part->fit, &part->fit->configurations[k]);
		for (size_t k = 0; k < part->fit->image_count; k++)
			add_image(out, style, &part->fit->images[k]);
	}
}
