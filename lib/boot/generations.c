/* SPDX-License-Identifier: MIT */
/*
 * U-Boot common/spl/spl_mmc.c and configs/stm32mp1*_defconfig; TF-A
 * plat/st/common/bl2_io_storage.c, drivers/fwu/fwu.c, plat/st/stm32mp{1,2}/
 * platform.mk, plat/st/common/include/stm32mp_io_storage.h.
 */
#include "boot/generations.h"

#include "format/fwu.h"

#define MP15       SB_CHIP_BIT(STMBOOT_SOC_STM32MP15)
#define MP13       SB_CHIP_BIT(STMBOOT_SOC_STM32MP13)
#define MP2        SB_CHIP_BIT(STMBOOT_SOC_STM32MP2)
#define MP1        (MP15 | MP13)
#define EVERY_CHIP (MP1 | MP2)

/* One image in two banks; and three, in a build that updates those beside the FIP, too. */
enum { ONE_IMAGE_V1 = 96, ONE_IMAGE = 120, THREE_IMAGES = 280 };

const char sb_fip_name[] = "fip";
const char sb_metadata_type[] = "8a7a84a0-8387-40f6-ab41-a8b9a5a60d23";
const char *const sb_metadata_names[2] = { "metadata1", "metadata2" };

static const struct sb_generation generations[] = {
	{
		.name = "TF-A with a FIP in two banks",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = MP1,
		.since = 216,
		.sign = SB_SIGN_METADATA,
		.metadata_version = 2,
		.metadata_bytes = THREE_IMAGES,
		.packed = SB_PACKED_FIP,
		.entries = 6,
	},
	{
		.name = "TF-A with a FIP in two banks",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = MP2,
		.since = 216,
		.sign = SB_SIGN_METADATA,
		.metadata_version = 2,
		.metadata_bytes = THREE_IMAGES,
		.packed = SB_PACKED_FIP,
		.entries = 8,
	},
	{
		.name = "TF-A with a FIP in two banks",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = MP1,
		.since = 211,
		.until = 215,
		.sign = SB_SIGN_METADATA,
		.metadata_version = 2,
		.metadata_bytes = ONE_IMAGE,
		.packed = SB_PACKED_FIP,
		.entries = 6,
	},
	{
		.name = "TF-A with a FIP in two banks",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = MP2,
		.since = 211,
		.until = 215,
		.sign = SB_SIGN_METADATA,
		.metadata_version = 2,
		.metadata_bytes = ONE_IMAGE,
		.packed = SB_PACKED_FIP,
		.entries = 8,
	},
	{
		.name = "TF-A with a FIP in two banks",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = MP1,
		.since = 208,
		.until = 210,
		.sign = SB_SIGN_METADATA,
		.metadata_version = 1,
		.metadata_bytes = ONE_IMAGE_V1,
		.packed = SB_PACKED_FIP,
		.entries = 6,
	},
	{
		.name = "TF-A with a FIP in two banks",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = MP2,
		.since = 208,
		.until = 210,
		.sign = SB_SIGN_METADATA,
		.metadata_version = 1,
		.metadata_bytes = ONE_IMAGE_V1,
		.packed = SB_PACKED_FIP,
		.entries = 8,
	},
	{
		.name = "TF-A with a FIP in two banks",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = MP1,
		.since = 207,
		.until = 207,
		.sign = SB_SIGN_METADATA,
		.metadata_version = 1,
		.metadata_bytes = ONE_IMAGE_V1,
		.packed = SB_PACKED_FIP,
		.entries = 8,
	},
	{
		.name = "TF-A with a FIP",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = MP1,
		.since = 208,
		.sign = SB_SIGN_FIP,
		.certain = true,
		.type = sb_fwu_fip_type,
		.partition = sb_fip_name,
		.boot_area = 0x40000,
		.packed = SB_PACKED_FIP,
		.entries = 6,
	},
	{
		.name = "TF-A with a FIP",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = MP2,
		.since = 208,
		.sign = SB_SIGN_FIP,
		.certain = true,
		.type = sb_fwu_fip_type,
		.partition = sb_fip_name,
		.boot_area = 0x40000,
		.packed = SB_PACKED_FIP,
		.entries = 8,
	},
	{
		/* ST's own tree has it since v2.4 */
		.name = "TF-A with a FIP",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = MP1,
		.until = 207,
		.sign = SB_SIGN_FIP,
		.partition = sb_fip_name,
		.packed = SB_PACKED_FIP,
		.entries = 4,
		.entries_op_tee = 6,
	},
	{
		/* with OP-TEE it also needs teeh, teed and teex */
		.name = "TF-A with STM32 images",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = MP15,
		.until = 207,
		.partition = "ssbl",
		.boot_area = 0x40000,
		.packed = SB_PACKED_STM32,
		.entries = 3,
		.entries_op_tee = 6,
	},
	{
		/* a chip that never had another, or a first stage that keeps its version to itself
		 */
		.name = "TF-A with a FIP",
		.first_stage = STMBOOT_FSBL_TFA,
		.chips = EVERY_CHIP,
		.type = sb_fwu_fip_type,
		.partition = sb_fip_name,
		.boot_area = 0x40000,
		.packed = SB_PACKED_FIP,
		.entries = 6,
	},
	{
		.name = "U-Boot SPL",
		.first_stage = STMBOOT_FSBL_SPL,
		.chips = EVERY_CHIP,
		.sd_number = 3,   /* CONFIG_SYS_MMCSD_RAW_MODE_U_BOOT_PARTITION */
		.emmc_number = 1, /* ..._PARTITION_MMC2 */
		.packed = SB_PACKED_UIMAGE | SB_PACKED_FIT,
	},
};

enum { GENERATIONS = sizeof(generations) / sizeof(generations[0]) };

const struct sb_generation *sb_generation_at(size_t index)
{
	return index < GENERATIONS ? &generations[index] : NULL;
}

static bool shows(const struct sb_signs *signs, enum sb_sign sign)
{
	return sign == SB_SIGN_NONE || (sign == SB_SIGN_FIP ? signs->fip : signs->metadata);
}

static bool agrees(const struct sb_generation *g, const struct sb_signs *signs)
{
	bool known = signs->version != 0;

	if (g->first_stage != signs->first_stage)
		return false;
	if (signs->soc != STMBOOT_SOC_UNKNOWN && (g->chips & SB_CHIP_BIT(signs->soc)) == 0)
		return false;
	if (known && (signs->version < g->since || (g->until != 0 && signs->version > g->until)))
		return false;
	if (!known && g->metadata_version != 0 && signs->metadata_version != 0 &&
	    g->metadata_version != signs->metadata_version)
		return false;
	return shows(signs, g->sign) || (known && g->certain);
}

/* Who knows nothing of the first stage goes by what SPL would do: the last row. */
const struct sb_generation *sb_generation(const struct sb_signs *signs)
{
	size_t i = 0;

	while (i + 1 < GENERATIONS && !agrees(&generations[i], signs))
		i++;
	return &generations[i];
}

bool sb_generation_loads(const struct sb_generation *generation, enum stmboot_content content)
{
	switch (content) {
	case STMBOOT_CONTENT_UIMAGE:
		return (generation->packed & SB_PACKED_UIMAGE) != 0;
	case STMBOOT_CONTENT_FIT:
		return (generation->packed & SB_PACKED_FIT) != 0;
	case STMBOOT_CONTENT_STM32:
		return (generation->packed & SB_PACKED_STM32) != 0;
	case STMBOOT_CONTENT_FIP:
		return (generation->packed & SB_PACKED_FIP) != 0;
	default:
		return false;
	}
}
