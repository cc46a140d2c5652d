/* SPDX-License-Identifier: MIT */
#ifndef DTB_H
#define DTB_H

#include <stdbool.h>

#include <stmboot/boot.h>
#include <stmboot/dtb.h>
#include <stmboot/dtb_value.h>
#include <stmboot/image.h>
#include <stmboot/refusal.h>

#include "options.h"

/* What --file names: *out is `place`, filled in, or NULL without it. */
enum stmboot_status dtb_file(const struct stmboot_image *image, const struct stmboot_boot *boot,
			     const struct options *o, struct stmboot_refusal *why,
			     struct stmboot_file_ref *place, const struct stmboot_file_ref **out);

/* What --type says; zeroed without it. False when that is no type. */
bool dtb_type(const struct options *o, struct stmboot_dtb_type *out);

/* fail() for what is no type. */
int dtb_fail_type(const struct options *o);

#endif
