/* SPDX-License-Identifier: MIT */
#ifndef REPORTS_H
#define REPORTS_H

#include "card.h"

/* A table, and the boot that its readers are known from. */
struct followed {
	const struct stmboot_gpt *gpt;
	const struct stmboot_boot *boot;
};

/* An STM32 image, and what whoever loads it makes of it. */
struct judged_stm32 {
	struct stmboot_boot_stm32 found;
	struct stmboot_diags *diags;
	bool accepted;
};

/* Some stand for two records that become one object. */
extern const struct shape shape_env, shape_updates, shape_extlinux, shape_extlinux_boot, shape_gpt,
	shape_followed, shape_judged, shape_found;

#endif
