/* SPDX-License-Identifier: MIT */
#ifndef SB_BOOT_LABELS_H
#define SB_BOOT_LABELS_H

#include <stmboot/boot.h>

struct sb_facts;

/* Say what each label of the configuration that counts would hand to the kernel. */
STMBOOT_NODISCARD enum stmboot_status sb_fill_labels(struct sb_facts *facts,
						     struct stmboot_boot *boot);

#endif
