/* SPDX-License-Identifier: MIT */
/* ext4 as U-Boot reads it, which checks nothing. */
#include "ext4_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tour_input(data, size, stmboot_fs_open_uboot);
	return 0;
}
