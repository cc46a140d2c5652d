/* SPDX-License-Identifier: MIT */
#ifndef CMD_H
#define CMD_H

#include <stmboot/boot.h>
#include <stmboot/context.h>
#include <stmboot/image.h>

#include "options.h"

enum { STATE_PATH = 4096 }; /* room for the path of the state directory */

/* The commands, most in a file of their own: cmd_NAME.c. Each gives an exit status. */
int cmd_check(struct stmboot_context *ctx, const struct options *o);
int cmd_dtb_get(struct stmboot_context *ctx, const struct options *o);
int cmd_dtb_overlay(struct stmboot_context *ctx, const struct options *o);
int cmd_dtb_remove(struct stmboot_context *ctx, const struct options *o);
int cmd_dtb_set(struct stmboot_context *ctx, const struct options *o);
int cmd_dtb_show(struct stmboot_context *ctx, const struct options *o);
int cmd_env_get(struct stmboot_context *ctx, const struct options *o);
int cmd_env_show(struct stmboot_context *ctx, const struct options *o);
int cmd_extlinux_add(struct stmboot_context *ctx, const struct options *o);
int cmd_extlinux_default(struct stmboot_context *ctx, const struct options *o);
int cmd_extlinux_remove(struct stmboot_context *ctx, const struct options *o);
int cmd_extlinux_set(struct stmboot_context *ctx, const struct options *o);
int cmd_extlinux_show(struct stmboot_context *ctx, const struct options *o);
int cmd_extlinux_timeout(struct stmboot_context *ctx, const struct options *o);
int cmd_fip_extract(struct stmboot_context *ctx, const struct options *o);
int cmd_fip_replace(struct stmboot_context *ctx, const struct options *o);
int cmd_fip_show(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_cat(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_chmod(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_chown(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_cp(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_edit(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_get(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_ln(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_ls(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_mkdir(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_mv(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_put(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_rm(struct stmboot_context *ctx, const struct options *o);
int cmd_fs_stat(struct stmboot_context *ctx, const struct options *o);
int cmd_fwu_show(struct stmboot_context *ctx, const struct options *o);
int cmd_get_bootargs(struct stmboot_context *ctx, const struct options *o);
int cmd_gpt_repair(struct stmboot_context *ctx, const struct options *o);
int cmd_gpt_set(struct stmboot_context *ctx, const struct options *o);
int cmd_gpt_show(struct stmboot_context *ctx, const struct options *o);
int cmd_inspect(struct stmboot_context *ctx, const struct options *o);
int cmd_part_read(struct stmboot_context *ctx, const struct options *o);
int cmd_part_write(struct stmboot_context *ctx, const struct options *o);
int cmd_recover(struct stmboot_context *ctx, const struct options *o);
int cmd_set_bootargs(struct stmboot_context *ctx, const struct options *o);
int cmd_stm32_show(struct stmboot_context *ctx, const struct options *o);
int cmd_undo(struct stmboot_context *ctx, const struct options *o);

/*
 * Open the image of the first operand, and go behind the wall. False outside, and
 * when it failed; *result is then what the program is to exit with.
 */
bool open_image(struct stmboot_context *ctx, const struct options *o, struct stmboot_image **image,
		int *result);

/* Follow the boot of the first operand, and tell of it. */
int with_boot(struct stmboot_context *ctx, const struct options *o,
	      int (*tell)(struct stmboot_context *ctx, const struct options *o,
			  struct stmboot_image *image, const struct stmboot_boot *boot));

/* How the options want an image opened; `path` keeps the state directory. */
struct stmboot_image_options image_options(const struct options *o, char *path);

/* What --medium says. */
enum stmboot_medium medium_asked(const struct options *o);

#endif
