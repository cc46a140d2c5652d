/* SPDX-License-Identifier: MIT */
/*
 * FIT images that take part in the boot: what SPL and bootm take out of them.
 * U-Boot common/spl/spl_fit.c; boot/bootm.c and boot/image-fit.c behind
 * label_boot() of boot/pxe_utils.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "boot/facts.h"
#include "source/unpack.h"

enum {
	CONTROL_FROM = 202204,  /* a label without device tree gets U-Boot's own */
	CONTROL_UNTIL = 202301, /* but not with a FIT any more */
	MP25_ADDRESS_FROM = 202507,
};

/* kernel_addr_r of U-Boot's include/configs/stm32mp13_common.h, _mp15_, and of MP25. */
static const uint64_t kernel_address_mp1 = 0xc2000000, kernel_address_mp25 = 0x8a000000;

static const char *arch_of(const struct sb_facts *facts)
{
	return facts->soc == STMBOOT_SOC_STM32MP2  ? "arm64"
	       : facts->soc != STMBOOT_SOC_UNKNOWN ? "arm"
						   : NULL;
}

/* The images that a configuration has loaded, and what the judgement needs of them. */
static enum stmboot_status choose(struct sb_facts *facts, struct stmboot_source *src,
				  const struct stmboot_fit *fit, struct sb_fit_load *load)
{
	enum stmboot_status status;

	load->arch = arch_of(facts);
	load->board = facts->board;
	status = sb_fit_select(facts->arena, fit, load);
	if (status == STMBOOT_OK)
		status = sb_fit_look(src, load);
	return status;
}

enum stmboot_status sb_facts_second_fit(struct sb_facts *facts)
{
	struct sb_second_stage *second = &facts->second;

	if (second->part->fit == NULL)
		return STMBOOT_OK;
	second->fit_load = (struct sb_fit_load){ .reader = SB_FIT_SPL };
	return choose(facts, second->src, second->part->fit, &second->fit_load);
}

bool sb_facts_is_kernel_fit(const struct stmboot_fit *fit)
{
	const struct stmboot_fit_configuration *c = stmboot_fit_find_configuration(fit, NULL);

	if (c == NULL && fit->configuration_count > 0)
		c = &fit->configurations[0];
	return c != NULL && c->kernel != NULL && c->firmware == NULL;
}

enum stmboot_status sb_facts_bare_fit(struct sb_facts *facts, const struct stmboot_part *part)
{
	struct stmboot_source *src = stmboot_image_part_source(facts->image, part->number);
	struct sb_scan scan;
	enum stmboot_status status = sb_image_scan(facts->image, part->number, &scan);

	if (sb_is_fatal(status))
		return status;
	facts->bare_fit = (struct sb_fit_load){ .reader = SB_FIT_BOOTM, .any_fdt = true };
	facts->has_bare_fit = true;
	return choose(facts, src, part->fit, &facts->bare_fit);
}

/* kernel_addr_r, where the FIT stands before anything is taken out of it. */
static bool find_address(const struct sb_facts *facts, uint64_t *out)
{
	const char *saved = sb_facts_getenv(facts, "kernel_addr_r");
	char *end;

	if (saved != NULL) {
		*out = strtoull(saved, &end, 16);
		return end != saved;
	}
	if (facts->soc == STMBOOT_SOC_UNKNOWN ||
	    (facts->soc == STMBOOT_SOC_STM32MP2 && facts->uboot_number < MP25_ADDRESS_FROM))
		return false;
	*out = facts->soc == STMBOOT_SOC_STM32MP2 ? kernel_address_mp25 : kernel_address_mp1;
	return true;
}

static const struct stmboot_extlinux_step *find_step(const struct sb_attempt *attempt,
						     enum stmboot_extlinux_step_kind kind)
{
	for (size_t i = 0; i < attempt->steps->count; i++)
		if (attempt->steps->steps[i].kind == kind)
			return &attempt->steps->steps[i];
	return NULL;
}

/* The arguments that label_boot() hands to bootm. */
static struct sb_fit_load bootm_of(const struct sb_facts *facts, const struct sb_config *config,
				   const struct sb_attempt *attempt)
{
	const char *configuration = config->conf->labels[attempt->label].config.text;
	bool own_fdt = find_step(attempt, STMBOOT_EXTLINUX_STEP_FIT_FDT) != NULL;
	bool control = facts->uboot_number >= CONTROL_FROM && facts->uboot_number < CONTROL_UNTIL;
	bool loaded = attempt->fdt.path != NULL && attempt->fdt.status == STMBOOT_OK;
	bool initrd = find_step(attempt, STMBOOT_EXTLINUX_STEP_INITRD) != NULL ||
		      find_step(attempt, STMBOOT_EXTLINUX_STEP_FIT_INITRD) != NULL;
	struct sb_fit_load load = { .reader = SB_FIT_BOOTM };

	load.asked = configuration != NULL ? configuration + 1 : NULL;
	load.other_fdt = !own_fdt && (loaded || control);
	load.no_ramdisk = !initrd && (own_fdt || load.other_fdt);
	load.other_ramdisk = initrd || load.no_ramdisk;
	load.has_address = find_address(facts, &load.address);
	return load;
}

struct output {
	uint8_t *data;
	size_t used;
	size_t room;
};

static enum stmboot_status keep(void *user, const void *data, size_t size)
{
	struct output *out = user;

	if (size > out->room - out->used)
		return STMBOOT_LIMIT;
	memcpy(out->data + out->used, data, size);
	out->used += size;
	return STMBOOT_OK;
}

/* What was unpacked in a buffer, which is larger than most of it. */
static enum stmboot_status keep_unpacked(struct sb_facts *facts, const struct output *output,
					 struct stmboot_source **out)
{
	const void *data = sb_arena_strndup(facts->arena, (const char *)output->data, output->used);

	if (data == NULL)
		return STMBOOT_NO_MEMORY;
	return stmboot_source_from_memory(facts->ctx, data, output->used, out);
}

/* A packed image in memory, no longer than a device tree may be. */
static enum stmboot_status unpack(struct sb_facts *facts, struct stmboot_source *src,
				  const struct stmboot_fit_image *image,
				  enum stmboot_compression compression, struct stmboot_source **out)
{
	struct output output = { .room = (size_t)sb_limits(facts->ctx)->max_dtb_bytes };
	struct sb_unpack_options options = { .max_output = output.room, .single = true };
	struct sb_unpack_result result;
	enum stmboot_status status;

	if (facts->loaded_bytes > facts->ctx->options.max_decoded_bytes)
		return STMBOOT_LIMIT;
	output.data = sb_alloc_uncleared(facts->ctx, output.room);
	if (output.data == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_unpack(facts->ctx, compression, src, image->offset, image->bytes, &options,
			   keep, &output, &result);
	facts->loaded_bytes += result.produced; /* also of what turns out to be damaged */
	if (status == STMBOOT_OK)
		status = keep_unpacked(facts, &output, out);
	sb_free(facts->ctx, output.data);
	return status;
}

/* The bytes of an image as they stand in the FIT; a device tree is unpacked. */
static enum stmboot_status open_member(struct sb_facts *facts, const struct sb_attempt *attempt,
				       const struct sb_fit_member *member,
				       struct stmboot_source **out)
{
	const struct stmboot_fit_image *image = member->image;
	enum stmboot_compression compression = STMBOOT_COMPRESSION_NONE;
	bool tree = member->role == SB_FIT_FDT || member->role == SB_FIT_OVERLAY;

	if (!image->inside)
		return STMBOOT_TRUNCATED;
	if (tree && image->compression != NULL &&
	    !sb_fit_compression(image->compression, &compression))
		return STMBOOT_UNSUPPORTED;
	if (compression != STMBOOT_COMPRESSION_NONE)
		return unpack(facts, attempt->kernel.src, image, compression, out);
	return stmboot_source_window(facts->ctx, attempt->kernel.src, image->offset, image->bytes,
				     out);
}

/* A file of which the FIT is the wrapping. */
static enum stmboot_status open_as_file(struct sb_facts *facts, const struct sb_attempt *attempt,
					const struct sb_fit_member *member, struct sb_file *file)
{
	*file = (struct sb_file){ .value = attempt->kernel.value, .path = attempt->kernel.path };
	file->status = open_member(facts, attempt, member, &file->src);
	if (file->status == STMBOOT_OK)
		file->size = stmboot_source_size(file->src);
	return sb_is_fatal(file->status) ? file->status : STMBOOT_OK;
}

/* bootm runs what a FIT holds, whatever it is; but some kernels cannot run here. */
static bool is_for_other_chip(const struct sb_facts *facts, const struct stmboot_kernel *kernel)
{
	switch (kernel->format) {
	case STMBOOT_KERNEL_ZIMAGE:
	case STMBOOT_KERNEL_BAREBOX:
		return facts->soc == STMBOOT_SOC_STM32MP2;
	case STMBOOT_KERNEL_ARM64:
	case STMBOOT_KERNEL_ZBOOT:
		return facts->soc != STMBOOT_SOC_STM32MP2;
	case STMBOOT_KERNEL_COMPRESSED:
	case STMBOOT_KERNEL_UNKNOWN:
		break;
	}
	return false;
}

static enum stmboot_status take_kernel(struct sb_facts *facts, struct sb_attempt *attempt)
{
	const struct sb_fit_member *kernel = sb_fit_member_of(&attempt->fit_load, SB_FIT_KERNEL);
	struct stmboot_source *src = NULL;
	enum stmboot_status status;

	if (kernel == NULL)
		return STMBOOT_OK;
	status = open_member(facts, attempt, kernel, &src);
	if (status != STMBOOT_OK)
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	attempt->image_src = src;
	status = stmboot_kernel_decode(facts->ctx, src, &attempt->image);
	if (attempt->image != NULL && is_for_other_chip(facts, attempt->image))
		attempt->failure = SB_FAILS_KERNEL_FORMAT;
	return sb_is_fatal(status) ? status : STMBOOT_OK;
}

static enum stmboot_status take_ramdisk(struct sb_facts *facts, struct sb_attempt *attempt)
{
	const struct sb_fit_member *ramdisk = sb_fit_member_of(&attempt->fit_load, SB_FIT_RAMDISK);

	if (ramdisk == NULL || attempt->initrd.path != NULL)
		return STMBOOT_OK;
	attempt->initrd_in_fit = true;
	return open_as_file(facts, attempt, ramdisk, &attempt->initrd);
}

static enum stmboot_status take_tree(struct sb_facts *facts, struct sb_attempt *attempt)
{
	const struct sb_fit_member *tree = sb_fit_member_of(&attempt->fit_load, SB_FIT_FDT);
	enum stmboot_status status;

	if (tree == NULL || attempt->dtb != NULL)
		return STMBOOT_OK;
	stmboot_source_close(attempt->fdt.src);
	attempt->fdt_in_fit = true;
	status = open_as_file(facts, attempt, tree, &attempt->fdt);
	if (status == STMBOOT_OK && attempt->fdt.status == STMBOOT_OK)
		status = sb_facts_decode_tree(facts, &attempt->fdt, &attempt->dtb);
	if (attempt->dtb != NULL && attempt->dtb->defect != STMBOOT_DTB_GOOD)
		attempt->failure = SB_FAILS_FDT_FORMAT;
	return sb_is_fatal(status) ? status : STMBOOT_OK;
}

static enum stmboot_status take_overlay(struct sb_facts *facts, struct sb_attempt *attempt,
					const struct sb_fit_member *member,
					struct sb_overlay *overlay)
{
	enum stmboot_status status = open_as_file(facts, attempt, member, &overlay->file);

	if (status == STMBOOT_OK && overlay->file.status == STMBOOT_OK)
		status = sb_facts_decode_tree(facts, &overlay->file, &overlay->dtb);
	if (status != STMBOOT_OK || overlay->dtb == NULL)
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	return sb_facts_apply_overlay(facts, attempt, overlay);
}

static enum stmboot_status take_overlays(struct sb_facts *facts, struct sb_attempt *attempt)
{
	const struct sb_fit_load *load = &attempt->fit_load;

	if (!attempt->fdt_in_fit || attempt->dtb == NULL)
		return STMBOOT_OK;
	attempt->overlays =
		sb_arena_array(facts->arena, load->member_count, sizeof(*attempt->overlays));
	if (attempt->overlays == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < load->member_count && attempt->overlay_count < SB_MAX_OVERLAYS;
	     i++) {
		const struct sb_fit_member *member = &load->members[i];
		enum stmboot_status status;

		if (member->role != SB_FIT_OVERLAY || member->image == NULL)
			continue;
		status = take_overlay(facts, attempt, member,
				      &attempt->overlays[attempt->overlay_count++]);
		if (status != STMBOOT_OK)
			return status;
	}
	return STMBOOT_OK;
}

enum stmboot_status sb_facts_kernel_fit(struct sb_facts *facts, const struct sb_config *config,
					struct sb_attempt *attempt)
{
	bool refused = attempt->fit_status != STMBOOT_LIMIT;
	enum stmboot_status status;

	if (attempt->fit != NULL) {
		attempt->fit_load = bootm_of(facts, config, attempt);
		status = choose(facts, attempt->kernel.src, attempt->fit, &attempt->fit_load);
		if (status == STMBOOT_OK)
			status = sb_fit_verify(facts->ctx, attempt->kernel.src, attempt->fit,
					       &attempt->fit_load, &facts->hashed_bytes);
		if (status == STMBOOT_OK)
			status = sb_fit_refused(facts->ctx, attempt->fit, &attempt->fit_load,
						&refused);
		if (status == STMBOOT_OK)
			status = take_kernel(facts, attempt);
		if (status == STMBOOT_OK)
			status = take_ramdisk(facts, attempt);
		if (status == STMBOOT_OK)
			status = take_tree(facts, attempt);
		if (status == STMBOOT_OK)
			status = take_overlays(facts, attempt);
		if (status != STMBOOT_OK)
			return status;
	}
	if (refused && attempt->failure == SB_BOOTS)
		attempt->failure = SB_FAILS_FIT;
	return STMBOOT_OK;
}
