/* SPDX-License-Identifier: MIT */
/* Which /dev/mmcblk<N> Linux makes of a medium. */
#ifndef SB_BOOT_DISK_H
#define SB_BOOT_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include <stmboot/dtb.h>
#include <stmboot/image.h>

struct sb_disk {
	bool known; /* false: any number is possible */
	uint32_t number;
	const char *host; /* name of its controller's node in the device tree, or NULL */
	bool alias;       /* an alias of the device tree gives the number */
	bool contested;   /* without one: the first controller to be ready takes it */
};

/* By the device tree that Linux gets; NULL when there is none. */
struct sb_disk sb_disk_of(const struct stmboot_dtb *dtb, enum stmboot_medium medium);

#endif
