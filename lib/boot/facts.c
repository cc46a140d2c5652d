/* SPDX-License-Identifier: MIT */
#include "boot/facts.h"

#include <string.h>

enum stmboot_status sb_facts_gather(struct stmboot_context *ctx, struct sb_arena *arena,
				    struct stmboot_image *image, bool deep,
				    const struct sb_facts *earlier, struct sb_facts *facts)
{
	enum stmboot_status status;

	*facts = (struct sb_facts){ .ctx = ctx,
				    .arena = arena,
				    .image = image,
				    .info = stmboot_image_info(image),
				    .gpt = stmboot_image_gpt(image),
				    .deep = deep,
				    .earlier = earlier,
				    .fsbl_taken = -1,
				    .uboot_number = STMBOOT_EXTLINUX_VERSION,
				    .uboot_assumed = true,
				    .config = -1,
				    .init = -1 };
	facts->is_card = facts->gpt->type != STMBOOT_TABLE_NONE;
	status = sb_facts_rom(facts);
	if (status == STMBOOT_OK)
		status = sb_facts_loaders(facts);
	if (status == STMBOOT_OK)
		status = sb_facts_environment(facts);
	if (status == STMBOOT_OK)
		status = sb_facts_configs(facts);
	if (status == STMBOOT_OK)
		status = sb_facts_linux(facts);
	if (status == STMBOOT_OK)
		status = sb_facts_init(facts);
	if (status == STMBOOT_OK)
		status = sb_facts_fsck(facts);
	if (status == STMBOOT_OK)
		status = sb_facts_journals(facts);
	facts->earlier = NULL;
	return status == STMBOOT_OK && arena->failed ? STMBOOT_NO_MEMORY : status;
}

static void release_attempt(const struct sb_attempt *attempt)
{
	for (size_t i = 0; i < attempt->overlay_count; i++) {
		stmboot_dtb_free(attempt->overlays[i].dtb);
		stmboot_source_close(attempt->overlays[i].file.src);
	}
	stmboot_dtb_free(attempt->dtb);
	stmboot_source_close(attempt->fdt.src);
	stmboot_extlinux_expansion_free(attempt->bootargs);
	stmboot_kernel_free(attempt->image);
	if (attempt->image_src != attempt->kernel.src)
		stmboot_source_close(attempt->image_src);
	stmboot_uimage_free(attempt->wrapper);
	stmboot_fit_free(attempt->fit);
	stmboot_source_close(attempt->kernel.src);
	stmboot_source_close(attempt->initrd.src);
	stmboot_extlinux_steps_free(attempt->steps);
}

void sb_facts_release(struct sb_facts *facts)
{
	for (size_t i = 0; i < facts->difference_count; i++) {
		stmboot_source_close(facts->differences[i].by_uboot.src);
		stmboot_source_close(facts->differences[i].by_linux.src);
	}
	for (size_t i = 0; i < facts->init_count; i++)
		stmboot_source_close(facts->inits[i].src);
	stmboot_kernel_identity_free(facts->identity);
	stmboot_cmdline_free(facts->cmdline);
	for (size_t i = 0; i < facts->config_count; i++) {
		const struct sb_config *config = &facts->configs[i];

		for (size_t k = 0; k < config->attempt_count; k++)
			release_attempt(&config->attempts[k]);
		stmboot_extlinux_free(config->conf);
		stmboot_source_close(config->src);
	}
	for (size_t i = 0; i < SB_FSBL_COPIES; i++)
		stmboot_source_close(facts->fsbl[i].window);
	for (size_t i = 0; i < SB_ENV_COPIES; i++)
		stmboot_env_free(facts->env.read[i]);
	stmboot_env_area_free(facts->env.file);
}

const struct stmboot_part *sb_facts_part(const struct sb_facts *facts,
					 const struct stmboot_gpt_view *view, uint32_t number)
{
	const struct stmboot_part *part = stmboot_image_find(facts->image, number);

	for (size_t i = 0; i < view->count && part != NULL; i++) {
		const struct stmboot_partition *p = view->partitions[i];

		/* some readers of an odd table have other partitions under the same number */
		if (p->number == number && p->offset == part->offset)
			return part;
	}
	return NULL;
}

/*
 * ST's board code sets these at every start, so a saved value does not count
 * (U-Boot board/st/stm32mp1/stm32mp1.c).
 */
static const char *board_variable(const struct sb_facts *facts, const char *name)
{
	const char *board = facts->board;

	if (board == NULL || strncmp(board, "st,", 3) != 0)
		return NULL;
	if (strcmp(name, "board_name") == 0)
		return board + 3;
	if (strcmp(name, "fdtfile") == 0)
		return sb_arena_printf(facts->arena, "%s.dtb", board + 3);
	return NULL;
}

/* What distro_bootcmd sets while it looks at a partition (config_distro_bootcmd.h). */
static const char *search_variable(const struct sb_facts *facts, const char *name)
{
	const struct sb_config *config = sb_facts_config(facts);
	const struct stmboot_part *part;

	if (strcmp(name, "boot_device") == 0)
		return "mmc";
	if (strcmp(name, "boot_instance") == 0 || strcmp(name, "devnum") == 0)
		return facts->info->medium == STMBOOT_MEDIUM_EMMC ? "1" : "0";
	if (config == NULL)
		return NULL;
	if (strcmp(name, "distro_bootpart") == 0)
		return sb_arena_printf(facts->arena, "%x", config->partition);
	/* only from v2023.04 on: Debian 12's U-Boot leaves it empty */
	if (strcmp(name, "distro_bootpart_uuid") != 0 || facts->uboot_number < 202304)
		return NULL;
	part = stmboot_image_find(facts->image, config->partition);
	return part != NULL && part->entry != NULL ? part->entry->guid : NULL;
}

const char *sb_facts_getenv(const struct sb_facts *facts, const char *name)
{
	const char *value = board_variable(facts, name);

	if (value == NULL)
		value = search_variable(facts, name);
	if (value == NULL && facts->env.found.saved != NULL)
		value = stmboot_env_find(facts->env.found.saved, name);
	return value;
}

enum stmboot_variable_origin sb_facts_variable_origin(const struct sb_facts *facts,
						      const char *name)
{
	if (board_variable(facts, name) != NULL)
		return STMBOOT_VARIABLE_OF_BOARD;
	if (search_variable(facts, name) != NULL)
		return STMBOOT_VARIABLE_OF_SEARCH;
	if (facts->env.found.saved != NULL &&
	    stmboot_env_find(facts->env.found.saved, name) != NULL)
		return STMBOOT_VARIABLE_SAVED;
	return STMBOOT_VARIABLE_UNKNOWN;
}

const struct stmboot_extlinux_label *sb_facts_label(const struct sb_facts *facts)
{
	const struct sb_config *config = sb_facts_config(facts);

	if (config == NULL || config->conf == NULL || facts->attempt == NULL)
		return NULL;
	return &config->conf->labels[facts->attempt->label];
}
