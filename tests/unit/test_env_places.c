/* SPDX-License-Identifier: MIT */
/*
 * The expected values are those of U-Boot's sources at the releases named:
 * env/mmc.c, configs/stm32mp*_defconfig, arch/arm/dts/stm32mp*-u-boot.dtsi.
 */
#include <criterion/criterion.h>

#include "boot/env_places.h"

struct build_row {
	const char *name;
	unsigned version;
	enum stmboot_soc soc;
	const char *board, *wanted;
	enum sb_env_store store;
	bool by_type;
	uint64_t offset[SB_ENV_COPIES]; /* 0: none */
};

#define MP13 STMBOOT_SOC_STM32MP13
#define MP15 STMBOOT_SOC_STM32MP15
#define MP2 STMBOOT_SOC_STM32MP2
#define MMC SB_ENV_STORE_MMC
#define DK2 "st,stm32mp157c-dk2"

static const struct build_row build_rows[] = {
	{ "the first U-Boot", 201811, MP15, DK2, NULL, SB_ENV_STORE_NONE, false, { 0 } },
	{ "a file", 201910, MP15, DK2, NULL, SB_ENV_STORE_FILE, false, { 0 } },
	{ "the last with a file", 202007, MP15, DK2, NULL, SB_ENV_STORE_FILE, false, { 0 } },
	{ "SPL", 202010, MP15, DK2, "ssbl", MMC, false, { 0x280000, 0x2C0000 } },
	{ "Debian 12", 202301, MP15, DK2, "ssbl", MMC, false, { 0x280000, 0x2C0000 } },
	{ "only what the tree says", 202304, MP15, DK2, "ssbl", MMC, true, { 0 } },
	{ "FIP", 202110, MP15, DK2, "fip", MMC, false, { 0x480000, 0x4C0000 } },
	{ "FIP today", 202507, MP15, DK2, "fip", MMC, true, { 0 } },
	{ "SCMI", 202210, MP15, "st,stm32mp157c-dk2-scmi", "u-boot-env", MMC, false,
	  { 0x480000, 0x4C0000 } },
	{ "MP13", 202301, MP13, "st,stm32mp135f-dk", "u-boot-env", MMC, false,
	  { 0x900000, 0x940000 } },
	{ "MP13 today", 202504, MP13, "st,stm32mp135f-dk", "u-boot-env", MMC, true, { 0 } },
	{ "MP2", 202501, MP2, "st,stm32mp257f-ev1", "u-boot-env", MMC, false,
	  { 0x900000, 0x940000 } },
	{ "Engicam", 202404, MP15, "engicam,icore-stm32mp1-ctouch2", NULL, MMC, false,
	  { 0x280000, 0x2C0000 } },
	{ "DH", 202404, MP15, "dh,stm32mp157c-dhcom-pdk2", NULL, SB_ENV_STORE_NOR, false, { 0 } },
};

Test(env_places, each_build_has_its_row)
{
	for (size_t i = 0; i < sizeof(build_rows) / sizeof(build_rows[0]); i++) {
		const struct build_row *row = &build_rows[i];
		const struct sb_env_build *build =
			sb_env_build_of(row->version, row->soc, row->board, row->wanted);

		cr_assert_not_null(build, "%s", row->name);
		cr_expect_eq(build->store, row->store, "%s", row->name);
		cr_expect_eq(build->by_type, row->by_type, "%s", row->name);
		cr_expect_eq(build->fixed, row->offset[0] != 0, "%s", row->name);
		for (size_t copy = 0; copy < SB_ENV_COPIES; copy++)
			cr_expect_eq(build->offset[copy], row->offset[copy], "%s", row->name);
	}
}

Test(env_places, a_partition_of_an_unknown_board_is_no_known_build)
{
	cr_expect_null(sb_env_build_of(202301, MP15, DK2, "env"));
	cr_expect_null(sb_env_build_of(202301, MP15, NULL, NULL));
	cr_expect_null(sb_env_build_of(202504, STMBOOT_SOC_UNKNOWN, NULL, "u-boot-env"));
}

Test(env_places, each_version_reads_as_its_row)
{
	static const struct {
		unsigned version;
		enum sb_env_names names;
		bool by_type, second_type, minds_bounds;
	} rows[] = {
		{ 202007, SB_ENV_BY_NO_NAME, false, false, false },
		{ 202010, SB_ENV_BY_FIRST_FOUR, false, false, false },
		{ 202101, SB_ENV_BY_WHOLE_NAME, false, false, false },
		{ 202301, SB_ENV_BY_WHOLE_NAME, false, false, false },
		{ 202304, SB_ENV_BY_WHOLE_NAME, true, false, false },
		{ 202410, SB_ENV_BY_WHOLE_NAME, true, false, false },
		{ 202501, SB_ENV_BY_WHOLE_NAME, true, true, true },
		{ 203001, SB_ENV_BY_WHOLE_NAME, true, true, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sb_env_reader *reader = sb_env_reader_of(rows[i].version);

		cr_expect_eq(reader->names, rows[i].names, "%u", rows[i].version);
		cr_expect_eq(reader->by_type, rows[i].by_type, "%u", rows[i].version);
		cr_expect_eq(reader->second_type, rows[i].second_type, "%u", rows[i].version);
		cr_expect_eq(reader->minds_bounds, rows[i].minds_bounds, "%u", rows[i].version);
	}
}
