/* SPDX-License-Identifier: MIT */
/* The number of the disk, by device trees like those of real boards. */
#include <criterion/criterion.h>

#include "../support/dtb_bench.h"
#include "boot/disk.h"

struct disk_case {
	const char *name;
	const char *aliases;
	const char *controllers; /* what is enabled of sdmmc1, sdmmc2, sdmmc3: "12" */
	enum stmboot_medium medium;
	bool known;
	uint32_t number;
	bool alias;
	bool contested;
};

static const struct disk_case cases[] = {
	{ "a Discovery Kit has one controller and no alias", "", "1", STMBOOT_MEDIUM_SD, true, 0,
	  false, false },
	{ "a WLAN on another controller may take the number", "", "12", STMBOOT_MEDIUM_SD, true, 0,
	  false, true },
	{ "an alias decides whatever else there is", "mmc1 = &sdmmc1; mmc0 = &sdmmc2;", "123",
	  STMBOOT_MEDIUM_SD, true, 1, true, false },
	{ "an alias of the eMMC", "mmc1 = &sdmmc1; mmc0 = &sdmmc2;", "12", STMBOOT_MEDIUM_EMMC,
	  true, 0, true, false },
	{ "behind the alias of another one", "mmc1 = &sdmmc2;", "12", STMBOOT_MEDIUM_SD, true, 2,
	  false, false },
	{ "the alias of a controller that is disabled counts", "mmc4 = &sdmmc3;", "1",
	  STMBOOT_MEDIUM_SD, true, 5, false, false },
	{ "an alias that leads nowhere does not", "mmc4 = \"/soc/mmc@1\";", "1", STMBOOT_MEDIUM_SD,
	  true, 0, false, false },
	{ "what is no number is no alias", "mmcx = &sdmmc1; mmc = &sdmmc1; sdmmc3 = &sdmmc1;", "1",
	  STMBOOT_MEDIUM_SD, true, 0, false, false },
	{ "an eMMC without an alias has any number", "", "12", STMBOOT_MEDIUM_EMMC, false, 0, false,
	  true },
	{ "the only controller is number 0", "", "2", STMBOOT_MEDIUM_EMMC, true, 0, false, false },
	{ "without the controller of the card it is the first", "", "2", STMBOOT_MEDIUM_SD, true, 0,
	  false, false },
	{ "of an eMMC nothing is known without its controller", "", "1", STMBOOT_MEDIUM_EMMC, false,
	  0, false, false },
};

static const char *status_of(const struct disk_case *c, char controller)
{
	return strchr(c->controllers, controller) != NULL ? "okay" : "disabled";
}

static struct stmboot_dtb *tree_of(const struct bench *b, const struct disk_case *c)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; aliases { %s };\n"
		 "soc { #address-cells = <1>; #size-cells = <1>;\n"
		 "sdmmc3: mmc@48004000 { compatible = \"st,stm32-sdmmc2\", \"arm,pl18x\";"
		 " reg = <0x48004000 0x400>; status = \"%s\"; };\n"
		 "sdmmc1: mmc@58005000 { compatible = \"st,stm32-sdmmc2\", \"arm,pl18x\";"
		 " reg = <0x58005000 0x1000>; status = \"%s\"; };\n"
		 "sdmmc2: mmc@58007000 { compatible = \"st,stm32-sdmmc2\", \"arm,pl18x\";"
		 " reg = <0x58007000 0x1000>; status = \"%s\"; }; }; };\n",
		 c->aliases, status_of(c, '3'), status_of(c, '1'), status_of(c, '2'));
	return compile(b, "board", text, "");
}

Test(disk, aliases_decide_then_the_order_of_the_controllers)
{
	struct bench b = open_bench();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct disk_case *c = &cases[i];
		struct stmboot_dtb *dtb = tree_of(&b, c);
		struct sb_disk disk = sb_disk_of(dtb, c->medium);

		cr_expect_eq(disk.known, c->known, "%s", c->name);
		cr_expect_eq(disk.number, c->number, "%s: %u", c->name, disk.number);
		cr_expect_eq(disk.alias, c->alias, "%s", c->name);
		cr_expect_eq(disk.contested, c->contested, "%s", c->name);
		stmboot_dtb_free(dtb);
	}
	close_bench(&b);
}

Test(disk, without_a_device_tree_the_card_is_the_first)
{
	cr_expect(sb_disk_of(NULL, STMBOOT_MEDIUM_SD).known);
	cr_expect_eq(sb_disk_of(NULL, STMBOOT_MEDIUM_SD).number, 0);
	cr_expect_not(sb_disk_of(NULL, STMBOOT_MEDIUM_EMMC).known);
}
