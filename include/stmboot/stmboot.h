/* SPDX-License-Identifier: MIT */
/**
 * @file
 * libstmboot: read, check, trace and edit STM32MP boot media; all headers at once.
 *
 * @mainpage libstmboot
 *
 * **Where to begin.** A context (context.h) comes first, then an image (image.h), its
 * boot (boot.h) with what was found (diag.h), and edits of it (boot_edit.h). The other
 * headers are the formats below, which do without an image: each decodes a source
 * (source.h) into a record. libstmboot(3) has a page a person can read at once.
 *
 * **Who owns what.** `new`, `open`, `decode`, `begin` and `trace` hand out an object
 * through a pointer to a pointer, and it is to be released with the function that is
 * named there; releasing NULL is fine. What another function returns is borrowed from
 * its argument and lives as long. A failed call leaves what it was to fill untouched.
 *
 * **What went wrong.** A status (status.h) says what became of a call, and nothing of
 * the medium; what is wrong with the medium is a diagnostic (diag.h), and why an edit
 * was refused is a refusal (refusal.h). The library never prints, and never ends the
 * program.
 *
 * **Bytes and text.** Offsets and lengths are in bytes unless a name says otherwise.
 * Text from a medium may hold any bytes: stmboot_escape() (text.h) makes it safe to show.
 *
 * **Threads.** There is no global state. A context, and what was made with it, may be
 * used by one thread at a time; each thread may have its own.
 *
 * **Versions.** Members are added to structures at their end, and those that a caller
 * fills have struct_size first. Symbols carry the version that added them.
 */
#ifndef STMBOOT_H
#define STMBOOT_H

#include <stmboot/boot.h>
#include <stmboot/boot_env.h>
#include <stmboot/boot_fwu.h>
#include <stmboot/boot_stm32.h>
#include <stmboot/boot_edit.h>
#include <stmboot/boot_words.h>
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
#include <stmboot/map.h>
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
