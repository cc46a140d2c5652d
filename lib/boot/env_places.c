/* SPDX-License-Identifier: MIT */
/*
 * Deciding sources: U-Boot env/mmc.c, configs/stm32mp*_defconfig and
 * arch/arm/dts/stm32mp*-u-boot.dtsi at the releases that begin a row.
 */
#include "boot/env_places.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const struct sb_env_reader readers[] = {
	/* from     names                 type   second bounds */
	{ 0,      SB_ENV_BY_NO_NAME,    false, false, false },
	{ 202010, SB_ENV_BY_FIRST_FOUR, false, false, false },
	{ 202101, SB_ENV_BY_WHOLE_NAME, false, false, false },
	{ 202304, SB_ENV_BY_WHOLE_NAME, true,  false, false }, /* commit 80105d8fd52 */
	{ 202501, SB_ENV_BY_WHOLE_NAME, true,  true,  true },  /* 9402e3bb8c5, c1131aca9ad */
};

#define MP13 STMBOOT_SOC_STM32MP13
#define MP15 STMBOOT_SOC_STM32MP15
#define MP2 STMBOOT_SOC_STM32MP2
#define ANY STMBOOT_SOC_UNKNOWN

static const struct sb_env_build builds[] = {
	/* vendor      SoC   wanted        from    before  store         type   fixed  offsets */
	{ NULL,       ANY,  NULL,         0,      201910, SB_ENV_STORE_NONE, false, false, { 0 } },
	{ "dh,",      ANY,  NULL,         0,      0,      SB_ENV_STORE_NOR,  false, false, { 0 } },
	{ "engicam,", ANY,  NULL,         202010, 0,      SB_ENV_STORE_MMC,  false, true,
	  { 0x280000, 0x2C0000 } },
	{ NULL,       ANY,  NULL,         201910, 202010, SB_ENV_STORE_FILE, false, false, { 0 } },
	/* From v2023.04 these have CONFIG_ENV_MMC_USE_DT (commit 0902bcdbb38). */
	{ NULL,       ANY,  "ssbl",       202010, 202304, SB_ENV_STORE_MMC,  false, true,
	  { 0x280000, 0x2C0000 } },
	{ NULL,       ANY,  "fip",        202010, 202304, SB_ENV_STORE_MMC,  false, true,
	  { 0x480000, 0x4C0000 } },
	{ NULL,       MP15, "u-boot-env", 202010, 202304, SB_ENV_STORE_MMC,  false, true,
	  { 0x480000, 0x4C0000 } },
	{ NULL,       MP13, "u-boot-env", 202010, 202304, SB_ENV_STORE_MMC,  false, true,
	  { 0x900000, 0x940000 } },
	{ NULL,       MP13, NULL,         202304, 0,      SB_ENV_STORE_MMC,  true,  false, { 0 } },
	{ NULL,       MP15, NULL,         202304, 0,      SB_ENV_STORE_MMC,  true,  false, { 0 } },
	/* The builds for STM32MP2 have neither the type nor CONFIG_ENV_MMC_USE_DT. */
	{ NULL,       MP2,  "u-boot-env", 202304, 0,      SB_ENV_STORE_MMC,  false, true,
	  { 0x900000, 0x940000 } },
	/* Of an unknown SoC only the STM32MP1 has U-Boots in a partition of these names. */
	{ NULL,       ANY,  "ssbl",       202304, 0,      SB_ENV_STORE_MMC,  true,  false, { 0 } },
	{ NULL,       ANY,  "fip",        202304, 0,      SB_ENV_STORE_MMC,  true,  false, { 0 } },
};
/* clang-format on */

const struct sb_env_reader *sb_env_reader_of(unsigned version)
{
	size_t row = sizeof(readers) / sizeof(readers[0]) - 1;

	while (row > 0 && readers[row].from > version)
		row--;
	return &readers[row];
}

static bool fits(const struct sb_env_build *row, unsigned version, enum stmboot_soc soc,
		 const char *board, const char *wanted)
{
	if (version < row->from || (row->before != 0 && version >= row->before))
		return false;
	if (row->soc != STMBOOT_SOC_UNKNOWN && row->soc != soc)
		return false;
	if (row->vendor != NULL &&
	    (board == NULL || strncmp(board, row->vendor, strlen(row->vendor)) != 0))
		return false;
	return row->wanted == NULL || (wanted != NULL && strcmp(wanted, row->wanted) == 0);
}

const struct sb_env_build *sb_env_build_of(unsigned version, enum stmboot_soc soc,
					   const char *board, const char *wanted)
{
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++)
		if (fits(&builds[i], version, soc, board, wanted))
			return &builds[i];
	return NULL;
}
