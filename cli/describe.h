/* SPDX-License-Identifier: MIT */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include <stmboot/image.h>

#include "buffer.h"

/*
 * What a partition holds, in one phrase: "ext4, label rootfs, 4 KiB blocks".
 * It may hold any bytes of the medium: escape it.
 */
void describe_content(struct buffer *out, const struct stmboot_part *part);

#endif
