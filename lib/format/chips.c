/* SPDX-License-Identifier: MIT */
/*
 * ROM: TF-A plat/st/stm32mp1/include/boot_api.h, plat/st/stm32mp2/include/
 * boot_api.h, stm32mp1_def.h, stm32mp2_def.h and ST's wiki. FIP: TF-A
 * stm32mp1_fip_def.h, stm32mp2_def.h, the fw-config sources in fdts.
 */
#include "format/chips.h"

#include <string.h>

enum { KIB = 1024, MIB = 1024 * KIB };

static const struct sb_chip_header headers[] = {
	{
		.version = STMBOOT_STM32_V1_0,
		.soc = STMBOOT_SOC_STM32MP15,
		.text = "1.0",
		.base_bytes = 256,
		.usual_bytes = 256,
		.key_bytes = 64,
		.padding_bytes = 83,
		.ram_first = 0x2ffc0000,
		.payload_first = 0x2ffc2500,
		.ram_end = 0x30000000,
		.safe_bytes = 252672,
		.most_bytes = 252928,
		.exact = true,
	},
	{
		.version = STMBOOT_STM32_V2_0,
		.soc = STMBOOT_SOC_STM32MP13,
		.text = "2.0",
		.base_bytes = 128,
		.usual_bytes = 512,
		.key_bytes = 64,
		.padding_bytes = 16,
		.ram_first = 0x2ffe0000,
		.payload_first = 0x2ffe0000,
		.ram_end = 0x30000000,
		.safe_bytes = 128 * KIB,
		.most_bytes = 128 * KIB,
		.exact = true,
	},
	{
		/* STM32MP25 and STM32MP23 */
		.version = STMBOOT_STM32_V2_2,
		.soc = STMBOOT_SOC_STM32MP2,
		.text = "2.2",
		.base_bytes = 128,
		.usual_bytes = 512,
		.key_bytes = 64,
		.padding_bytes = 16,
		.ram_first = 0x0e000000,
		.payload_first = 0x0e002600,
		.ram_end = 0x0e040000,
		.safe_bytes = 252416,
		.most_bytes = 252928,
		.m33_bytes = 128 * KIB,
	},
	{
		/* STM32MP21 */
		.version = STMBOOT_STM32_V2_3,
		.soc = STMBOOT_SOC_STM32MP2,
		.text = "2.3",
		.base_bytes = 160,
		.usual_bytes = 576,
		.key_bytes = 96,
		.padding_bytes = 8,
		.ram_first = 0x0e000000,
		.payload_first = 0x0e002640,
		.ram_end = 0x0e040000,
		.safe_bytes = 252352,
		.most_bytes = 252928,
		.m33_bytes = 128 * KIB,
	},
};

/*
 * Without a GPT the ROM takes a first stage at LBA 128, and then at LBA 640
 * (ST community, "Booting STM32MP1 without GPT partition table").
 */
#define RAW_PLACES                                                                                 \
	{                                                                                          \
		UINT64_C(128) * 512, UINT64_C(640) * 512                                           \
	}

static const struct sb_chip chips[] = {
	{
		.soc = STMBOOT_SOC_STM32MP15,
		.text = "stm32mp15",
		.board = "stm32mp15",
		.raw_fsbl = RAW_PLACES,
		.images = {
			{ "nt-fw", 0xc0100000, 4 * MIB, false },
			{ "hw-config", 0xc0500000, 256 * KIB, false },
			{ "fw-config", 0, 4 * KIB, false },
			{ "tos-fw", 0, 108 * KIB, true },
			{ "tos-fw-config", 0, 20 * KIB, true },
		},
		.fip_set = { "fw-config", "tos-fw", "nt-fw", "hw-config" },
		.sp_min = true,
	},
	{
		.soc = STMBOOT_SOC_STM32MP13,
		.text = "stm32mp13",
		.board = "stm32mp13",
		.raw_fsbl = RAW_PLACES,
		.images = {
			{ "nt-fw", 0xc0000000, 4 * MIB, false },
			{ "hw-config", 0xc0400000, 256 * KIB, false },
			{ "fw-config", 0, 4 * KIB, false },
		},
		.fip_set = { "fw-config", "tos-fw", "nt-fw", "hw-config" },
	},
	{
		.soc = STMBOOT_SOC_STM32MP2,
		.text = "stm32mp2",
		.board = "stm32mp2",
		.coprocessor = "fsblm",
		.raw_fsbl = RAW_PLACES,
		.images = {
			{ "nt-fw", 0x84000000, 4 * MIB, false },
			{ "hw-config", 0x84400000, 256 * KIB, false },
			{ "fw-config", 0, 4 * KIB, false },
		},
		.fip_set = { "fw-config", "tos-fw", "nt-fw", "hw-config", "ddr-fw", "soc-fw",
			     "soc-fw-config" },
	},
};

enum { HEADERS = sizeof(headers) / sizeof(headers[0]), CHIPS = sizeof(chips) / sizeof(chips[0]) };

const struct sb_chip_header *sb_chip_header_at(size_t index)
{
	return index < HEADERS ? &headers[index] : NULL;
}

const struct sb_chip_header *sb_chip_header(uint32_t version)
{
	for (size_t i = 0; i < HEADERS; i++)
		if (headers[i].version == version)
			return &headers[i];
	return NULL;
}

const struct sb_chip *sb_chip_at(size_t index)
{
	return index < CHIPS ? &chips[index] : NULL;
}

const struct sb_chip *sb_chip(enum stmboot_soc soc)
{
	for (size_t i = 0; i < CHIPS; i++)
		if (chips[i].soc == soc)
			return &chips[i];
	return NULL;
}

enum stmboot_soc sb_chip_of_board(const char *compatible)
{
	for (size_t i = 0; i < CHIPS; i++)
		if (strstr(compatible, chips[i].board) != NULL)
			return chips[i].soc;
	return STMBOOT_SOC_UNKNOWN;
}

const struct sb_chip_image *sb_chip_image(enum stmboot_soc soc, const char *name)
{
	const struct sb_chip *chip = soc != STMBOOT_SOC_UNKNOWN ? sb_chip(soc) : &chips[0];

	for (size_t i = 0; chip != NULL && i < SB_CHIP_IMAGES && chip->images[i].name != NULL; i++)
		if (strcmp(chip->images[i].name, name) == 0)
			return &chip->images[i];
	return NULL;
}
