/* SPDX-License-Identifier: MIT */
/* ext4 as Linux reads it: libext2fs opens, our own code walks. */
#include "ext4_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tour_input(data, size, stmboot_fs_open_linux);
	return 0;
}
