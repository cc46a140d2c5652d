/* SPDX-License-Identifier: MIT */
#include "describe.h"

#include <inttypes.h>

#include "style.h"

/* Without its version a loader is known by its header alone. */
static void add_loader(struct buffer *out, const struct stmboot_part *part)
{
	const char *type = stmboot_stm32_type_text(part->stm32->binary_type);
	bool is_spl = part->stm32->binary_type == STMBOOT_STM32_TYPE_UBOOT &&
		      stmboot_stm32_likely_role(part->stm32) == STMBOOT_STM32_FSBL;

	if (part->program != NULL)
		buffer_printf(out, ", %s", part->program);
	else if (is_spl)
		buffer_puts(out, ", U-Boot SPL");
	else if (type != NULL)
		buffer_printf(out, ", %s", type);
}

static void add_stm32(struct buffer *out, const struct stmboot_part *part)
{
	const char *version = stmboot_stm32_version_text(part->stm32->version);

	if (version == NULL) {
		buffer_printf(out, "STM32, unknown version 0x%08" PRIx32, part->stm32->version);
		return;
	}
	buffer_printf(out, "STM32 v%s", version);
	add_loader(out, part);
	if (part->stm32->has_signature)
		buffer_puts(out, ", signed");
	if (part->stm32->is_encrypted)
		buffer_puts(out, ", encrypted");
}

static void add_uimage(struct buffer *out, const struct stmboot_uimage *uimage)
{
	const char *type = stmboot_uimage_type_text(uimage->type);

	buffer_printf(out, "uImage, %s", type != NULL ? type : "unknown type");
	if (uimage->name[0] != '\0')
		buffer_printf(out, ", %s", uimage->name);
}

/* "FIP: tos-fw (OP-TEE 3.19.0), nt-fw (U-Boot 2023.10), ..." */
static void add_fip(struct buffer *out, const struct stmboot_fip *fip)
{
	buffer_puts(out, "FIP");
	for (size_t i = 0; i < fip->entry_count && i < 8; i++) {
		const struct stmboot_fip_entry *e = &fip->entries[i];
		const struct stmboot_fip_payload *payload =
			fip->payloads != NULL ? &fip->payloads[i] : NULL;

		buffer_printf(out, "%s%s", i == 0 ? ": " : ", ",
			      e->name != NULL ? e->name : e->uuid_text);
		if (payload != NULL && payload->program != NULL)
			buffer_printf(out, " (%s %s)", payload->program, payload->version);
	}
}

static void add_fit(struct buffer *out, const struct stmboot_fit *fit)
{
	buffer_printf(out, "FIT, %zu image%s", fit->image_count, fit->image_count == 1 ? "" : "s");
	if (fit->default_configuration != NULL)
		buffer_printf(out, ", configuration %s", fit->default_configuration);
	if (fit->description != NULL)
		buffer_printf(out, ", %s", fit->description);
}

static void add_ext4(struct buffer *out, const struct stmboot_part *part)
{
	const struct stmboot_ext4_info *ext4 = part->ext4;
	char block[SIZE_TEXT];

	style_size(ext4->block_bytes, block);
	buffer_puts(out, part->flavour != NULL ? part->flavour : "ext4");
	if (ext4->label[0] != '\0')
		buffer_printf(out, ", label %s", ext4->label);
	buffer_printf(out, ", %s blocks", block);
	if (ext4->needs_recovery)
		buffer_puts(out, ", not cleanly unmounted");
}

static void add_kernel(struct buffer *out, const struct stmboot_part *part)
{
	const struct stmboot_kernel *kernel = part->kernel;

	buffer_puts(out, part->content == STMBOOT_CONTENT_ARM64_IMAGE ? "Linux, arm64 Image"
								      : "Linux, zImage");
	if (kernel->has_appended_dtb)
		buffer_puts(out, " with device tree");
}

void describe_content(struct buffer *out, const struct stmboot_part *part)
{
	if (part->stm32 != NULL) {
		add_stm32(out, part);
	} else if (part->uimage != NULL) {
		add_uimage(out, part->uimage);
	} else if (part->fip != NULL) {
		add_fip(out, part->fip);
	} else if (part->fwu != NULL) {
		buffer_printf(out, "A/B metadata v%" PRIu32 ", bank %" PRIu32 " active",
			      part->fwu->version, part->fwu->active_index);
	} else if (part->fit != NULL) {
		add_fit(out, part->fit);
	} else if (part->ext4 != NULL) {
		add_ext4(out, part);
	} else if (part->kernel != NULL) {
		add_kernel(out, part);
	} else if (part->env != NULL) {
		buffer_printf(out, "U-Boot environment, %zu variable%s",
			      part->env->saved->variable_count,
			      part->env->saved->variable_count == 1 ? "" : "s");
	} else if (part->dtb != NULL) {
		buffer_printf(out, "device tree%s%s", part->dtb->model != NULL ? ", " : "",
			      part->dtb->model != NULL ? part->dtb->model : "");
	} else {
		buffer_puts(out, part->flavour != NULL ? part->flavour
						       : stmboot_content_text(part->content));
	}
}
