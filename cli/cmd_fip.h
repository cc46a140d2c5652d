/* SPDX-License-Identifier: MIT */
#ifndef CMD_FIP_H
#define CMD_FIP_H

#include <stmboot/boot.h>
#include <stmboot/fip.h>
#include <stmboot/image.h>

#include "options.h"

/* A firmware package in an image. */
struct package {
	struct stmboot_context *ctx;
	const struct options *o;
	const struct stmboot_image *image;
	const struct stmboot_boot *boot;
	const struct stmboot_part *part;
	struct stmboot_source *src; /* of the part; borrowed */
	struct stmboot_fip *fip;
};

/*
 * Find the package that `partition` names, NULL: the one that boots, decode it and
 * tell of it; an exit status.
 */
int with_package(struct stmboot_context *ctx, const struct options *o, struct stmboot_image *image,
		 const struct stmboot_boot *boot, const char *partition,
		 int (*tell)(const struct package *package));

#endif
