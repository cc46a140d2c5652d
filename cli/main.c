/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <stmboot/context.h>

#include "buffer.h"
#include "cmd.h"
#include "fail.h"
#include "help.h"
#include "options.h"
#include "progress.h"
#include "wall.h"

static int (*const run[COMMAND_COUNT])(struct stmboot_context *ctx, const struct options *o) = {
	[COMMAND_CHECK] = cmd_check,
	[COMMAND_DTB_GET] = cmd_dtb_get,
	[COMMAND_DTB_OVERLAY] = cmd_dtb_overlay,
	[COMMAND_DTB_REMOVE] = cmd_dtb_remove,
	[COMMAND_DTB_SET] = cmd_dtb_set,
	[COMMAND_DTB_SHOW] = cmd_dtb_show,
	[COMMAND_ENV_GET] = cmd_env_get,
	[COMMAND_ENV_SHOW] = cmd_env_show,
	[COMMAND_EXTLINUX_ADD] = cmd_extlinux_add,
	[COMMAND_EXTLINUX_DEFAULT] = cmd_extlinux_default,
	[COMMAND_EXTLINUX_REMOVE] = cmd_extlinux_remove,
	[COMMAND_EXTLINUX_SET] = cmd_extlinux_set,
	[COMMAND_EXTLINUX_SHOW] = cmd_extlinux_show,
	[COMMAND_EXTLINUX_TIMEOUT] = cmd_extlinux_timeout,
	[COMMAND_FIP_EXTRACT] = cmd_fip_extract,
	[COMMAND_FIP_REPLACE] = cmd_fip_replace,
	[COMMAND_FIP_SHOW] = cmd_fip_show,
	[COMMAND_FS_CAT] = cmd_fs_cat,
	[COMMAND_FS_CHMOD] = cmd_fs_chmod,
	[COMMAND_FS_CHOWN] = cmd_fs_chown,
	[COMMAND_FS_CP] = cmd_fs_cp,
	[COMMAND_FS_EDIT] = cmd_fs_edit,
	[COMMAND_FS_GET] = cmd_fs_get,
	[COMMAND_FS_LN] = cmd_fs_ln,
	[COMMAND_FS_LS] = cmd_fs_ls,
	[COMMAND_FS_MKDIR] = cmd_fs_mkdir,
	[COMMAND_FS_MV] = cmd_fs_mv,
	[COMMAND_FS_PUT] = cmd_fs_put,
	[COMMAND_FS_RM] = cmd_fs_rm,
	[COMMAND_FS_STAT] = cmd_fs_stat,
	[COMMAND_FWU_SHOW] = cmd_fwu_show,
	[COMMAND_GET_BOOTARGS] = cmd_get_bootargs,
	[COMMAND_GPT_REPAIR] = cmd_gpt_repair,
	[COMMAND_GPT_SET] = cmd_gpt_set,
	[COMMAND_GPT_SHOW] = cmd_gpt_show,
	[COMMAND_INSPECT] = cmd_inspect,
	[COMMAND_PART_READ] = cmd_part_read,
	[COMMAND_PART_WRITE] = cmd_part_write,
	[COMMAND_RECOVER] = cmd_recover,
	[COMMAND_SET_BOOTARGS] = cmd_set_bootargs,
	[COMMAND_STM32_SHOW] = cmd_stm32_show,
	[COMMAND_UNDO] = cmd_undo,
};

static int run_command(struct options *o)
{
	struct progress progress = progress_begin(o->value[OPTION_QUIET] != 0);
	const struct stmboot_context_options how = { .struct_size = sizeof(how),
						     .user = &progress,
						     .progress = progress.wanted ? progress_show
										 : NULL };
	struct stmboot_context *ctx = NULL;
	enum stmboot_status status = stmboot_context_new(&how, &ctx);
	int result;

	if (status != STMBOOT_OK)
		return fail(o, NULL, stmboot_status_text(status), NULL);
	o->progress = &progress;
	result = run[o->command](ctx, o);
	progress_clear(&progress);
	o->progress = NULL;
	stmboot_context_free(ctx);
	return result;
}

/* Wrong usage of a command is explained by its own help. */
static int fail_usage(const struct options *o)
{
	char hint[80] = "'stmboot --help' shows how it is used", room[NEAR_ROOM];

	if (o->command != COMMAND_NONE)
		(void)snprintf(hint, sizeof(hint), "'stmboot %s --help' shows how it is used",
			       commands[o->command].name);
	return fail(o, NULL, o->error,
		    did_you_mean(o->near[0] != '\0' ? o->near : NULL, hint, room));
}

static void add_version(struct buffer *out)
{
	char wall[120];

	wall_describe(wall, sizeof(wall));
	buffer_printf(out, "stmboot %s\nwall: %s\n", stmboot_version(), wall);
}

/* No file of ours gets the number of a stream that is closed: it would be written to as one. */
static void fill_streams(void)
{
	int file;

	do
		file = open("/dev/null", O_PATH | O_CLOEXEC);
	while (file >= 0 && file <= STDERR_FILENO);
	if (file >= 0)
		(void)close(file);
}

/* A run needs a few MiB, and is over soon: it asks for them once instead of piece by piece. */
static void widen_heap(void)
{
	enum { MIB = 1 << 20 };

	(void)mallopt(M_TOP_PAD, 2 * MIB);
	(void)mallopt(M_TRIM_THRESHOLD, 8 * MIB);
	(void)mallopt(M_MMAP_THRESHOLD, MIB);
}

int main(int argc, char **argv)
{
	struct options o;
	struct buffer out = { 0 };

	widen_heap();
	/* A closed pipe is an error of the write, and gives an exit status of ours. */
	signal(SIGPIPE, SIG_IGN);
	fill_streams();
	if (!options_parse(&o, argc, argv))
		return fail_usage(&o);
	if (o.value[OPTION_HELP] != 0)
		help_text(&out, o.command, o.operand_count > 0 ? o.operands[0] : NULL);
	else if (o.value[OPTION_VERSION] != 0)
		add_version(&out);
	else
		return run_command(&o);
	return finish(&o, &out);
}
