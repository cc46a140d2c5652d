/* SPDX-License-Identifier: MIT */
/*
 * Linux since 5.10 numbers disks as their controllers, and those by the aliases
 * mmcN of the device tree. The rest follow behind the highest alias, in the
 * order in which they get ready (drivers/mmc/core/host.c, mmc_alloc_host()).
 */
#include "boot/disk.h"

#include <stdlib.h>
#include <string.h>

#include "format/dtb.h"

/* The controllers that the ROM boots from: SDMMC1 has the SD card, SDMMC2 the eMMC. */
static const uint64_t sd_hosts[] = {
	0x58005000, /* STM32MP15, STM32MP13 */
	0x48220000, /* STM32MP2 */
};
static const uint64_t emmc_hosts[] = {
	0x58007000,
	0x48230000,
};

enum { FAMILIES = sizeof(sd_hosts) / sizeof(sd_hosts[0]) };

/* By the unit address, which is that of its registers. */
static bool is_at(const struct stmboot_dtb_node *node, const uint64_t *addresses)
{
	const char *unit = strchr(node->name, '@');

	for (size_t i = 0; unit != NULL && i < FAMILIES; i++)
		if (strtoull(unit + 1, NULL, 16) == addresses[i])
			return true;
	return false;
}

/* The next controller that Linux probes. */
static const struct stmboot_dtb_node *next_host(const struct stmboot_dtb *dtb,
						const struct stmboot_dtb_node *host)
{
	do
		host = stmboot_dtb_find_compatible(dtb, host, "arm,pl18x");
	while (host != NULL && !sb_dtb_is_enabled(host));
	return host;
}

struct sb_disk sb_disk_of(const struct stmboot_dtb *dtb, enum stmboot_medium medium)
{
	const uint64_t *addresses = medium == STMBOOT_MEDIUM_SD ? sd_hosts : emmc_hosts;
	struct sb_disk disk = { .known = medium == STMBOOT_MEDIUM_SD };
	const struct stmboot_dtb_node *own = NULL, *host = NULL;
	size_t others = 0;
	int32_t alias;

	while (dtb != NULL && (host = next_host(dtb, host)) != NULL) {
		if (is_at(host, addresses))
			own = host;
		else
			others += sb_dtb_alias_of(dtb, host, "mmc") < 0;
	}
	if (own == NULL)
		return disk;
	alias = sb_dtb_alias_of(dtb, own, "mmc");
	disk.host = own->name;
	disk.alias = alias >= 0;
	disk.contested = !disk.alias && others > 0;
	disk.known = disk.known || !disk.contested;
	disk.number = (uint32_t)(disk.alias ? alias : sb_dtb_highest_alias(dtb, "mmc") + 1);
	return disk;
}
