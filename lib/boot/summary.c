/* SPDX-License-Identifier: MIT */
/* What each stage took, and why, in one phrase. */
#include <inttypes.h>
#include <string.h>

#include "boot/trace.h"

static const char *size_text(const struct sb_facts *facts, uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB" };
	uint64_t tenths = bytes * 10;
	size_t unit = 0;

	if (bytes > UINT64_MAX / 10)
		return "very long";
	while (tenths >= 10240 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		tenths = (tenths + 512) / 1024;
		unit++;
	}
	if (tenths % 10 == 0 || unit == 0)
		return sb_arena_printf(facts->arena, "%" PRIu64 " %s", tenths / 10, units[unit]);
	return sb_arena_printf(facts->arena, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10,
			       units[unit]);
}

static void at_part(struct stmboot_stage_result *stage, const struct stmboot_part *part)
{
	stage->partition = (int32_t)part->number;
	stage->has_offset = true;
	stage->offset = part->offset;
}

static void at_file(const struct sb_facts *facts, struct stmboot_stage_result *stage,
		    const struct sb_file *file)
{
	const struct sb_config *config = sb_facts_config(facts);

	stage->partition = config != NULL ? (int32_t)config->partition : STMBOOT_NO_PARTITION;
	stage->path = file->path;
	if (file->src != NULL)
		stage->has_offset = stmboot_source_locate(file->src, 0, &stage->offset);
}

static const char *name_of(const struct sb_facts *facts, const struct stmboot_part *part)
{
	if (part->entry == NULL || *part->entry->name == '\0')
		return part->entry == NULL
			       ? "the image"
			       : sb_arena_printf(facts->arena, "partition %" PRIu32, part->number);
	return sb_arena_printf(facts->arena, "partition %" PRIu32 " (%s)", part->number,
			       part->entry->name);
}

static void summarize_rom(const struct sb_facts *facts, struct stmboot_stage_result *stage)
{
	int index = facts->fsbl_taken >= 0 ? facts->fsbl_taken : 0;
	const struct sb_first_stage *fsbl = &facts->fsbl[index];
	const char *version;

	if (!fsbl->is_stm32)
		return;
	if (fsbl->part != NULL)
		at_part(stage, fsbl->part);
	stage->has_offset = true;
	stage->offset = fsbl->offset;
	version = stmboot_stm32_version_text(fsbl->image.version);
	stage->summary = sb_arena_printf(
		facts->arena, "%s: STM32 header v%s, %s, checksum 0x%08" PRIx32 " is right%s",
		fsbl->part != NULL
			? name_of(facts, fsbl->part)
			: sb_arena_printf(facts->arena, "at %s", size_text(facts, fsbl->offset)),
		version != NULL ? version : "?", size_text(facts, fsbl->image.payload_bytes),
		fsbl->image.checksum, index > 0 ? "; the first copy is not usable" : "");
}

static const char *first_stage_name(const struct sb_facts *facts)
{
	const char *kind = facts->fsbl_kind == STMBOOT_FSBL_SPL   ? "U-Boot SPL"
			   : facts->fsbl_kind == STMBOOT_FSBL_TFA ? "TF-A"
								  : "the first stage";

	if (facts->fsbl_version.text == NULL)
		return kind;
	return sb_arena_printf(facts->arena, "%s %s", kind, facts->fsbl_version.text);
}

static const char *bank_text(const struct sb_facts *facts)
{
	const struct stmboot_boot_fwu *said = &facts->updates.said;
	const char *trial = "";

	if (said->choice.on_trial)
		trial = said->choice.alternate != STMBOOT_FWU_NO_BANK
				? sb_arena_printf(facts->arena,
						  ", on trial: bank %" PRId32 " after the last one",
						  said->choice.alternate)
				: ", on trial";
	return sb_arena_printf(facts->arena, "by metadata%" PRId32 ": bank %" PRId32 "%s",
			       said->taken + 1, said->choice.bank, trial != NULL ? trial : "");
}

static void summarize_fsbl(const struct sb_facts *facts, struct stmboot_stage_result *stage)
{
	const struct sb_second_stage *second = &facts->second;
	const char *how = second->search == SB_SEARCH_NUMBER     ? "by its number"
			  : second->search == SB_SEARCH_TYPE     ? "by its type GUID"
			  : second->search == SB_SEARCH_METADATA ? bank_text(facts)
								 : "by its name";

	if (second->part == NULL || second->search == SB_SEARCH_BARE)
		return;
	at_part(stage, second->part);
	stage->summary = sb_arena_printf(facts->arena, "%s takes %s %s", first_stage_name(facts),
					 name_of(facts, second->part), how);
}

/* " configuration conf-1, image kernel-1", or nothing outside a FIT. */
static const char *fit_text(const struct sb_facts *facts, const struct sb_fit_load *load,
			    enum sb_fit_role role)
{
	const struct sb_fit_member *member = sb_fit_member_of(load, role);

	if (load->configuration == NULL)
		return "";
	return sb_arena_printf(facts->arena, " configuration %s%s%s", load->configuration->name,
			       member != NULL ? ", image " : "",
			       member != NULL ? member->image->name : "");
}

/* " with OP-TEE 3.19.0", or "". */
static const char *beside_uboot(const struct sb_facts *facts)
{
	const char *version = facts->secure.text;
	const char *text;

	if (facts->secure_os == NULL)
		return "";
	text = sb_arena_printf(facts->arena, " with %s%s%s", facts->secure_os,
			       version != NULL ? " " : "", version != NULL ? version : "");
	return text != NULL ? text : "";
}

static void summarize_ssbl(const struct sb_facts *facts, struct stmboot_stage_result *stage)
{
	const struct sb_second_stage *second = &facts->second;
	const char *form = second->is_uimage  ? "legacy image"
			   : second->is_stm32 ? "STM32 image"
			   : second->is_fip   ? "FIP"
			   : second->is_fit   ? "FIT"
					      : NULL;

	if (second->part == NULL || form == NULL)
		return;
	at_part(stage, second->part);
	stage->summary = sb_arena_printf(
		facts->arena, "U-Boot %s for %s, %s of %s%s%s",
		facts->uboot.text != NULL ? facts->uboot.text : "(version not found)",
		facts->board != NULL ? facts->board : "an unknown board", form,
		size_text(facts, second->end), beside_uboot(facts),
		second->is_uimage || second->is_stm32 ? ", checksums right"
		: second->is_fit ? fit_text(facts, &second->fit_load, SB_FIT_FIRMWARE)
				 : "");
}

static void summarize_extlinux(const struct sb_facts *facts, struct stmboot_stage_result *stage)
{
	const struct sb_config *config = sb_facts_config(facts);
	const struct stmboot_extlinux_label *label = sb_facts_label(facts);
	const struct stmboot_part *part;

	if (config == NULL)
		return;
	part = stmboot_image_find(facts->image, config->partition);
	stage->partition = (int32_t)config->partition;
	stage->path = config->path;
	stage->has_offset = stmboot_source_locate(config->src, 0, &stage->offset);
	stage->summary = sb_arena_printf(
		facts->arena, "%s%s, %s%s, label %s", name_of(facts, part),
		facts->is_card && facts->bootable_count > 0 ? " has the bootable flag" : "",
		config->from_script ? "its boot script leads to " : "", config->path,
		label != NULL ? label->name.text : "(none)");
}

static const char *kernel_text(enum stmboot_kernel_format format)
{
	return format == STMBOOT_KERNEL_ZIMAGE    ? "zImage"
	       : format == STMBOOT_KERNEL_ARM64   ? "arm64 Image"
	       : format == STMBOOT_KERNEL_UNKNOWN ? "no kernel"
						  : stmboot_kernel_format_text(format);
}

/* What stands in the file: "zImage of Linux 6.1", or what a FIT has of it. */
static const char *kernel_phrase(const struct sb_facts *facts, const struct sb_attempt *attempt)
{
	const char *release = facts->identity != NULL ? facts->identity->release : NULL;
	const char *format =
		attempt->image != NULL && (attempt->image->format != STMBOOT_KERNEL_UNKNOWN ||
					   !attempt->kernel_is_fit)
			? kernel_text(attempt->image->format)
			: "a kernel";
	const char *phrase =
		sb_arena_printf(facts->arena, "%s%s%s", format, release != NULL ? " of Linux " : "",
				release != NULL ? release : "");

	if (!attempt->kernel_is_fit)
		return phrase;
	return sb_arena_printf(facts->arena, "FIT%s, %s",
			       fit_text(facts, &attempt->fit_load, SB_FIT_KERNEL), phrase);
}

static void summarize_kernel(const struct sb_facts *facts, struct stmboot_stage_result *stage)
{
	const struct sb_attempt *attempt = facts->attempt;
	const struct stmboot_part *bare = stmboot_image_part(facts->image, 0);
	const char *initrd = "";

	if (!facts->is_card && bare->kernel != NULL)
		stage->summary =
			sb_arena_printf(facts->arena, "%s of %s", kernel_text(bare->kernel->format),
					size_text(facts, bare->kernel->file_bytes));
	if (facts->has_bare_fit)
		stage->summary = sb_arena_printf(facts->arena, "FIT%s",
						 fit_text(facts, &facts->bare_fit, SB_FIT_KERNEL));
	if (attempt == NULL || attempt->kernel.path == NULL || attempt->image == NULL)
		return;
	at_file(facts, stage, &attempt->kernel);
	if (attempt->initrd.path != NULL)
		initrd = sb_arena_printf(
			facts->arena, ", initrd %s of %s",
			attempt->initrd_in_fit
				? sb_fit_member_of(&attempt->fit_load, SB_FIT_RAMDISK)->image->name
				: attempt->initrd.path,
			size_text(facts, attempt->initrd.size));
	stage->summary = sb_arena_printf(
		facts->arena, "%s, %s of %s%s", attempt->kernel.path, kernel_phrase(facts, attempt),
		size_text(facts, stmboot_source_size(attempt->image_src)), initrd);
}

static void summarize_dtb(const struct sb_facts *facts, struct stmboot_stage_result *stage)
{
	const struct sb_attempt *attempt = facts->attempt;
	const struct stmboot_part *bare = stmboot_image_part(facts->image, 0);

	if (!facts->is_card && bare->dtb != NULL)
		stage->summary = bare->dtb->model != NULL ? bare->dtb->model : "no model";
	if (attempt == NULL)
		return;
	if (attempt->fdt.path == NULL || attempt->dtb == NULL) {
		stage->summary = attempt->kernel_is_fit && !attempt->fit_load.other_fdt
					 ? "no device tree"
					 : "U-Boot's own device tree";
		return;
	}
	at_file(facts, stage, &attempt->fdt);
	stage->summary = sb_arena_printf(
		facts->arena, "%s%s, %s%s", attempt->fdt.path,
		attempt->fdt_in_fit ? fit_text(facts, &attempt->fit_load, SB_FIT_FDT) : "",
		attempt->dtb->model != NULL ? attempt->dtb->model : "no model",
		attempt->overlay_count > 0 ? ", with overlays" : "");
}

static void summarize_rootfs(const struct sb_facts *facts, struct stmboot_stage_result *stage)
{
	const struct stmboot_part *root = facts->root;

	if (root == NULL) {
		if (facts->cmdline != NULL && facts->cmdline->root.spec != NULL)
			stage->summary = sb_arena_printf(
				facts->arena, "root=%s %s", facts->cmdline->root.spec,
				facts->root_elsewhere ? "is not on this card"
						      : "names no partition that Linux sees");
		return;
	}
	at_part(stage, root);
	stage->summary = sb_arena_printf(
		facts->arena, "root=%s is %s, %s%s%s%s",
		facts->cmdline != NULL && facts->cmdline->root.spec != NULL
			? facts->cmdline->root.spec
			: "",
		name_of(facts, root),
		root->flavour != NULL ? root->flavour : stmboot_content_text(root->content),
		root->ext4 != NULL && root->ext4->label[0] != '\0' ? " labelled " : "",
		root->ext4 != NULL ? root->ext4->label : "",
		facts->has_initrd ? ", mounted by the initrd" : "");
}

static void summarize_init(const struct sb_facts *facts, struct stmboot_stage_result *stage)
{
	const struct sb_init *init = facts->init >= 0 ? &facts->inits[facts->init] : NULL;
	bool linked;

	if (init == NULL)
		return;
	at_part(stage, facts->root);
	stage->path = init->path;
	if (init->src != NULL)
		stage->has_offset = stmboot_source_locate(init->src, 0, &stage->offset);
	linked = init->resolved != NULL && strcmp(init->resolved, init->path) != 0;
	stage->summary = sb_arena_printf(
		facts->arena, "%s%s%s, %s%s%s", init->path, linked ? " -> " : "",
		linked ? init->resolved : "",
		init->program.kind == SB_PROGRAM_SCRIPT
			? "a script"
			: sb_arena_printf(facts->arena, "an ELF program for %s",
					  sb_elf_machine_text(facts->arena, init->program.machine)),
		init->program.interpreter != NULL ? ", started by " : ", needs no loader",
		init->program.interpreter != NULL ? init->program.interpreter : "");
}

void sb_summarize(const struct sb_facts *facts, struct stmboot_boot *boot)
{
	static void (*const summarize[STMBOOT_STAGE_COUNT])(const struct sb_facts *,
							    struct stmboot_stage_result *) = {
		summarize_rom,    summarize_fsbl, summarize_ssbl,   summarize_extlinux,
		summarize_kernel, summarize_dtb,  summarize_rootfs, summarize_init,
	};

	for (int i = 0; i < STMBOOT_STAGE_COUNT; i++) {
		boot->stages[i].stage = (enum stmboot_stage)i;
		boot->stages[i].partition = STMBOOT_NO_PARTITION;
		summarize[i](facts, &boot->stages[i]);
	}
}

bool sb_stage_applies(const struct sb_facts *facts, enum stmboot_stage stage)
{
	const struct stmboot_part *bare = stmboot_image_part(facts->image, 0);

	if (facts->is_card && stage == STMBOOT_STAGE_INIT)
		return facts->root_fs != NULL;
	if (facts->is_card)
		return stage != STMBOOT_STAGE_ROM || facts->info->medium != STMBOOT_MEDIUM_EMMC;
	switch (stage) {
	case STMBOOT_STAGE_ROM:
		return facts->fsbl_count > 0;
	case STMBOOT_STAGE_SSBL:
		return facts->second.part != NULL;
	case STMBOOT_STAGE_EXTLINUX:
		return facts->config >= 0;
	case STMBOOT_STAGE_KERNEL:
		return facts->config >= 0 || bare->kernel != NULL || facts->has_bare_fit;
	case STMBOOT_STAGE_DTB:
		return facts->config >= 0 || bare->dtb != NULL;
	case STMBOOT_STAGE_INIT:
		return bare->ext4 != NULL;
	case STMBOOT_STAGE_FSBL:
	case STMBOOT_STAGE_ROOTFS:
		break;
	}
	return false;
}
