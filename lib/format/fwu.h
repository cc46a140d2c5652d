/* SPDX-License-Identifier: MIT */
/* What the decoder of firmware update metadata and those who judge it share. */
#ifndef SB_FORMAT_FWU_H
#define SB_FORMAT_FWU_H

#include <stmboot/fwu.h>

extern const char sb_fwu_fip_type[]; /* of the image that is a firmware package */

enum {
	SB_FWU_BANKS = 2, /* that TF-A for STM32MP has */
	SB_FWU_DESCRIPTOR_OFFSET = 32,
	SB_FWU_BANKS_OFFSET = 32, /* in what describes an image */
	SB_FWU_BANK_BYTES = 24,   /* the image in one bank */
};

/* Where the description of an image stands. */
uint64_t sb_fwu_image_offset(const struct stmboot_fwu *fwu, size_t index);

/* Is a bank of this state one that TF-A boots? */
bool sb_fwu_can_boot(uint8_t state);

#endif
