/* SPDX-License-Identifier: MIT */
/* Who is on the card: the first stage, the second, and how one finds the other. */
#include <stdlib.h>
#include <string.h>

#include "boot/facts.h"
#include "format/fwu.h"

unsigned sb_version_number(const char *text)
{
	unsigned long major, minor;
	char *end;

	if (*text == 'v')
		text++;
	major = strtoul(text, &end, 10);
	if (end == text || *end != '.' || major > 9999)
		return 0;
	minor = strtoul(end + 1, &end, 10);
	return minor < 100 ? (unsigned)(major * 100 + minor) : 0;
}

static struct sb_program_version version_of(struct sb_facts *facts, const struct sb_scan *scan,
					    enum sb_firmware firmware)
{
	const struct sb_scan_text *text = sb_scan_find(scan, firmware);
	struct sb_program_version version = { 0 };

	if (text != NULL) {
		version.text = sb_arena_strdup(facts->arena, text->version);
		version.number = sb_version_number(text->version);
	}
	return version;
}

/* The copy that the later stages follow: the one taken, else the first with a header. */
static const struct sb_first_stage *followed(const struct sb_facts *facts)
{
	if (facts->fsbl_taken >= 0)
		return &facts->fsbl[facts->fsbl_taken];
	for (size_t i = 0; i < SB_FSBL_COPIES; i++)
		if (facts->fsbl[i].is_stm32)
			return &facts->fsbl[i];
	return NULL;
}

const struct stmboot_part *sb_facts_named(const struct sb_facts *facts,
					  const struct stmboot_gpt_view *view, const char *name)
{
	for (size_t i = 0; i < view->count; i++)
		if (strcmp(view->partitions[i]->name, name) == 0)
			return stmboot_image_find(facts->image, view->partitions[i]->number);
	return NULL;
}

static const struct stmboot_part *find_type(const struct sb_facts *facts,
					    const struct stmboot_gpt_view *view, const char *guid)
{
	for (size_t i = 0; i < view->count; i++)
		if (strcmp(view->partitions[i]->type_guid, guid) == 0)
			return stmboot_image_find(facts->image, view->partitions[i]->number);
	return NULL;
}

/* What the table that the ROM reads, or else U-Boot, shows of the generation of a card. */
static struct sb_signs signs_of(const struct sb_facts *facts, const struct stmboot_gpt_view *view)
{
	struct sb_signs signs = { .first_stage = facts->fsbl_kind,
				  .soc = facts->soc,
				  .version = facts->fsbl_version.number };

	signs.fip = sb_facts_named(facts, view, sb_fip_name) != NULL ||
		    find_type(facts, view, sb_fwu_fip_type) != NULL;
	for (size_t i = 0; i < STMBOOT_FWU_COPIES; i++) {
		const struct stmboot_part *part = sb_facts_named(facts, view, sb_metadata_names[i]);

		signs.metadata = signs.metadata || part != NULL;
		if (part != NULL && part->fwu != NULL && signs.metadata_version == 0)
			signs.metadata_version = part->fwu->version;
	}
	return signs;
}

/*
 * On an eMMC the first stage stands outside the image, and a damaged one says
 * nothing: TF-A when the table names what TF-A looks for, else SPL when there
 * is something for it.
 */
static void guess_first_stage(struct sb_facts *facts)
{
	struct stmboot_gpt_view view = stmboot_gpt_uboot_view(facts->gpt);
	const struct stmboot_part *ssbl = sb_facts_named(facts, &view, "ssbl");
	struct sb_signs signs = signs_of(facts, &view);

	if (signs.fip || signs.metadata || (ssbl != NULL && ssbl->content == STMBOOT_CONTENT_STM32))
		facts->fsbl_kind = STMBOOT_FSBL_TFA;
	else if (facts->is_card)
		facts->fsbl_kind = STMBOOT_FSBL_SPL;
}

static void identify_first_stage(struct sb_facts *facts)
{
	const struct sb_first_stage *stage = followed(facts);

	if (stage == NULL) {
		guess_first_stage(facts);
		return;
	}
	facts->soc = stage->image.soc;
	facts->fsbl_version = version_of(facts, &stage->scan, SB_FIRMWARE_SPL);
	if (facts->fsbl_version.text != NULL) {
		facts->fsbl_kind = STMBOOT_FSBL_SPL;
		return;
	}
	facts->fsbl_version = version_of(facts, &stage->scan, SB_FIRMWARE_TFA);
	if (facts->fsbl_version.text != NULL || stage->image.binary_type == STMBOOT_STM32_TYPE_TFA)
		facts->fsbl_kind = STMBOOT_FSBL_TFA;
	else
		guess_first_stage(facts);
}

/* A FIP for OP-TEE tells that TF-A was built for it; with STM32 images the names do. */
static bool has_optee(const struct sb_facts *facts, const struct stmboot_gpt_view *view)
{
	const struct stmboot_part *fip = sb_facts_named(facts, view, sb_fip_name);

	return sb_facts_named(facts, view, "teeh") != NULL ||
	       (fip != NULL && fip->fip != NULL && fip->fip->tos_magic == STMBOOT_FIP_OPTEE);
}

/* How TF-A reads the table: its limits are those of the generation. */
static struct stmboot_gpt_tfa tfa_reader(const struct sb_facts *facts,
					 const struct stmboot_gpt_view *all)
{
	const struct sb_generation *g = facts->generation;
	bool optee = has_optee(facts, all);
	unsigned version = facts->fsbl_version.number;

	return (struct stmboot_gpt_tfa){
		.version = version != 0 ? version : g->until,
		.max_entries = optee && g->entries_op_tee != 0 ? g->entries_op_tee : g->entries,
		.stm32mp2 = facts->soc == STMBOOT_SOC_STM32MP2,
		.fip = (g->packed & SB_PACKED_FIP) != 0,
		.optee = optee,
		.fwu = g->metadata_version != 0,
	};
}

static void search_by_metadata(struct sb_facts *facts)
{
	struct sb_second_stage *second = &facts->second;
	const struct stmboot_boot_fwu *said = &facts->updates.said;

	second->search = SB_SEARCH_METADATA;
	if (said->choice.bank != STMBOOT_FWU_NO_BANK && said->banks[said->choice.bank].seen)
		second->part = facts->updates.banks[said->choice.bank];
}

static void search_by_name(struct sb_facts *facts)
{
	const struct sb_generation *g = facts->generation;
	struct sb_second_stage *second = &facts->second;

	second->search = SB_SEARCH_NAME;
	second->name = g->partition;
	if (g->type != NULL)
		second->part = find_type(facts, &facts->loader_view, g->type);
	if (second->part != NULL)
		second->search = SB_SEARCH_TYPE;
	else
		second->part = sb_facts_named(facts, &facts->loader_view, g->partition);
}

static void search_by_number(struct sb_facts *facts)
{
	struct sb_second_stage *second = &facts->second;

	second->search = SB_SEARCH_NUMBER;
	second->number = facts->info->medium == STMBOOT_MEDIUM_EMMC ? facts->generation->emmc_number
								    : facts->generation->sd_number;
	second->part = sb_facts_part(facts, &facts->loader_view, second->number);
}

/* As the generation of the card does it. */
static void search(struct sb_facts *facts)
{
	struct stmboot_gpt_view all = stmboot_gpt_rom_view(facts->gpt);
	struct sb_signs signs = signs_of(facts, &all);

	facts->generation = sb_generation(&signs);
	if (facts->generation->first_stage == STMBOOT_FSBL_TFA) {
		facts->tfa = tfa_reader(facts, &all);
		facts->loader_view = stmboot_gpt_tfa_view(facts->gpt, &facts->tfa);
	} else {
		facts->loader_view = stmboot_gpt_uboot_view(facts->gpt);
	}
	sb_facts_updates(facts);
	if (facts->generation->metadata_version != 0)
		search_by_metadata(facts);
	else if (facts->generation->partition != NULL)
		search_by_name(facts);
	else
		search_by_number(facts);
}

static bool is_second_stage(const struct stmboot_part *part)
{
	if (part->stm32 != NULL)
		return stmboot_stm32_likely_role(part->stm32) == STMBOOT_STM32_SSBL;
	if (part->fit != NULL)
		return part->entry == NULL && !sb_facts_is_kernel_fit(part->fit);
	return part->content == STMBOOT_CONTENT_FIP ||
	       (part->uimage != NULL && part->uimage->os == STMBOOT_UIMAGE_OS_UBOOT);
}

/* Where a second stage stands instead: what a hint wants to say. */
static void look_elsewhere(struct sb_facts *facts)
{
	for (size_t i = 0; i < stmboot_image_part_count(facts->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(facts->image, i);

		if (part != facts->second.part && is_second_stage(part)) {
			facts->second.misplaced = part;
			return;
		}
	}
}

/* The records as they are after the scan, with what it computed. */
static void describe_second(struct sb_second_stage *second)
{
	const struct stmboot_part *part = second->part;

	second->is_uimage = part->uimage != NULL;
	second->is_stm32 = part->stm32 != NULL;
	second->is_fip = part->fip != NULL;
	second->is_fit = part->content == STMBOOT_CONTENT_FIT;
	second->is_fdt = second->is_fit || part->content == STMBOOT_CONTENT_DTB;
	if (second->is_uimage) {
		second->uimage = *part->uimage;
		second->end = STMBOOT_UIMAGE_HEADER + (uint64_t)second->uimage.data_bytes;
	} else if (second->is_stm32) {
		second->stm32 = *part->stm32;
		second->end = second->stm32.header_bytes + second->stm32.payload_bytes;
	} else if (second->is_fip) {
		second->fip = *part->fip;
		second->end = second->fip.total_bytes;
	} else if (part->fit != NULL) {
		second->end = sb_fit_end(part->fit);
	}
}

/* The status tells what the part, which has no FIT then, cannot. */
static enum stmboot_status decode_fit(struct sb_facts *facts)
{
	struct sb_second_stage *second = &facts->second;
	struct stmboot_fit *fit = NULL;

	if (!second->is_fdt || second->part->fit != NULL)
		return sb_facts_second_fit(facts);
	second->fit_status = stmboot_fit_decode(facts->ctx, second->src, &fit);
	stmboot_fit_free(fit);
	return second->fit_status;
}

static enum stmboot_status scan_second(struct sb_facts *facts)
{
	struct sb_second_stage *second = &facts->second;
	enum stmboot_status status;

	second->src = stmboot_image_part_source(facts->image, second->part->number);
	status = sb_image_scan(facts->image, second->part->number, &second->scan);
	describe_second(second);
	if (!sb_is_fatal(status))
		status = decode_fit(facts);
	return sb_is_fatal(status) ? status : STMBOOT_OK;
}

static enum stmboot_status control_at(struct sb_facts *facts, uint64_t offset, uint64_t size)
{
	const struct stmboot_dtb *dtb = NULL;
	enum stmboot_status status =
		sb_image_dtb(facts->image, facts->second.part->number, offset, size, &dtb);

	if (status != STMBOOT_OK)
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	if (dtb->defect == STMBOOT_DTB_GOOD && dtb->compatible_count > 0)
		facts->control = dtb;
	return STMBOOT_OK;
}

/* That of the configuration, else one that U-Boot brings along. */
static enum stmboot_status control_of_fit(struct sb_facts *facts)
{
	const struct sb_fit_load *load = &facts->second.fit_load;
	const struct sb_scan *scan = &facts->second.scan;
	const struct sb_fit_member *tree = sb_fit_member_of(load, SB_FIT_FDT);
	const struct sb_fit_member *program = sb_fit_member_of(load, SB_FIT_FIRMWARE);
	enum stmboot_status status = STMBOOT_OK;

	if (tree != NULL && tree->image->inside)
		return control_at(facts, tree->image->offset, tree->image->bytes);
	for (size_t i = scan->dtb_count; i-- > 0 && status == STMBOOT_OK && !facts->control;)
		if (program != NULL && scan->dtbs[i].offset >= program->image->offset)
			status = control_at(facts, scan->dtbs[i].offset, scan->dtbs[i].size);
	return status;
}

/* U-Boot's own device tree: the last plausible one in its payload, or HW_CONFIG of a FIP. */
static enum stmboot_status find_control(struct sb_facts *facts)
{
	const struct sb_second_stage *second = &facts->second;
	const struct sb_scan *scan = &second->scan;
	uint64_t base = second->is_uimage ? STMBOOT_UIMAGE_HEADER : second->stm32.header_bytes;
	const struct stmboot_fip_entry *entry;
	enum stmboot_status status = STMBOOT_OK;

	if (second->is_fip) {
		entry = stmboot_fip_find(&second->fip, "hw-config");
		return entry != NULL && entry->fits ? control_at(facts, entry->offset, entry->size)
						    : STMBOOT_OK;
	}
	if (second->is_fit)
		return control_of_fit(facts);
	if (second->is_uimage && second->uimage.compression != STMBOOT_UIMAGE_COMP_NONE)
		return STMBOOT_OK;
	for (size_t i = scan->dtb_count; i-- > 0 && status == STMBOOT_OK && !facts->control;)
		status = control_at(facts, base + scan->dtbs[i].offset, scan->dtbs[i].size);
	return status;
}

static enum stmboot_soc soc_of_board(const struct stmboot_dtb *dtb)
{
	enum stmboot_soc soc = STMBOOT_SOC_UNKNOWN;

	for (size_t i = 0; i < dtb->compatible_count && soc == STMBOOT_SOC_UNKNOWN; i++)
		soc = sb_chip_of_board(dtb->compatible[i]);
	return soc;
}

/* SPL and U-Boot are built together: a version that one hides is taken from the other. */
static enum stmboot_status identify_uboot(struct sb_facts *facts)
{
	enum stmboot_status status;

	facts->uboot = version_of(facts, &facts->second.scan, SB_FIRMWARE_UBOOT);
	facts->uboot_number = facts->uboot.number;
	if (facts->uboot_number == 0 && facts->fsbl_kind == STMBOOT_FSBL_SPL)
		facts->uboot_number = facts->fsbl_version.number;
	facts->uboot_assumed = facts->uboot_number == 0;
	if (facts->uboot_assumed)
		facts->uboot_number = STMBOOT_EXTLINUX_VERSION;
	sb_facts_secure_os(facts);
	status = find_control(facts);
	if (status != STMBOOT_OK || facts->control == NULL)
		return status;
	facts->board = facts->control->compatible[0];
	if (facts->soc == STMBOOT_SOC_UNKNOWN)
		facts->soc = soc_of_board(facts->control);
	return STMBOOT_OK;
}

/* A bare .stm32, u-boot.img or FIP is looked at as what it is. */
static enum stmboot_status take_bare(struct sb_facts *facts)
{
	const struct stmboot_part *part = stmboot_image_part(facts->image, 0);
	enum stmboot_status status = STMBOOT_OK;

	if (is_second_stage(part)) {
		facts->second.search = SB_SEARCH_BARE;
		facts->second.part = part;
	} else if (part->fit != NULL) {
		status = sb_facts_bare_fit(facts, part);
	} else if (part->stm32 != NULL) {
		status = sb_facts_first_stage(facts, part, &facts->fsbl[0]);
		facts->fsbl_count = 1;
		facts->fsbl_taken = facts->fsbl[0].good ? 0 : -1;
		identify_first_stage(facts);
	}
	return status;
}

enum stmboot_status sb_facts_loaders(struct sb_facts *facts)
{
	enum stmboot_status status = STMBOOT_OK;

	if (!facts->is_card) {
		sb_facts_updates(facts);
		status = take_bare(facts);
	} else {
		identify_first_stage(facts);
		search(facts);
		look_elsewhere(facts);
	}
	if (status == STMBOOT_OK && facts->second.part != NULL)
		status = scan_second(facts);
	return status == STMBOOT_OK && facts->second.part != NULL ? identify_uboot(facts) : status;
}
