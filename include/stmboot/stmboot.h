/* SPDX-License-Identifier: MIT */
/**
 * @file
 * libstmboot: read, check and trace STM32MP boot media.
 *
 * The high-level interface is a context (context.h), an image (image.h) and
 * its boot (boot.h) with diagnostics (diag.h). The other headers are the
 * formats below it.
 */
#ifndef STMBOOT_H
#define STMBOOT_H

#include <stmboot/boot.h>
#include <stmboot/boot_env.h>
#include <stmboot/boot_fwu.h>
#include <stmboot/boot_stm32.h>
#include <stmboot/boot_edit.h>
#include <stmboot/cmdline.h>
#include <stmboot/compression.h>
#include <stmboot/content.h>
#include <stmboot/context.h>
#include <stmboot/diag.h>
#include <stmboot/dtb.h>
#include <stmboot/dtb_edit.h>
#include <stmboot/dtb_source.h>
#include <stmboot/dtb_value.h>
#include <stmboot/edit.h>
#include <stmboot/env.h>
#include <stmboot/extlinux.h>
#include <stmboot/extlinux_edit.h>
#include <stmboot/extract.h>
#include <stmboot/fip.h>
#include <stmboot/fip_edit.h>
#include <stmboot/fit.h>
#include <stmboot/fs.h>
#include <stmboot/fs_edit.h>
#include <stmboot/fwu.h>
#include <stmboot/gpt.h>
#include <stmboot/image.h>
#include <stmboot/kernel.h>
#include <stmboot/part_edit.h>
#include <stmboot/place.h>
#include <stmboot/refusal.h>
#include <stmboot/source.h>
#include <stmboot/status.h>
#include <stmboot/stm32.h>
#include <stmboot/table_edit.h>
#include <stmboot/text.h>
#include <stmboot/uimage.h>

#endif
