/* SPDX-License-Identifier: MIT */
/*
 * What U-Boot does for a label, in its order.
 * Deciding source: label_boot() of U-Boot's boot/pxe_utils.c.
 */
#include <stmboot/extlinux.h>

#include <string.h>

#include "base/arena.h"
#include "base/context.h"

enum {
	FDTDIR_MAY_FAIL = 202104, /* before, a file missing in fdtdir failed the label */
	KERNEL_FIRST = 202304,    /* before, the initrd was loaded first */
	FIT_VALUES = 202304,      /* fdt and initrd may repeat the kernel's value */
};

/* Steps and the memory that they live in. */
struct plan {
	struct stmboot_extlinux_steps steps; /* first: what callers hold */
	struct sb_arena *arena;
	struct stmboot_extlinux_step *items;
	size_t capacity;
	const struct stmboot_extlinux *conf;
};

static void add(struct plan *plan, enum stmboot_extlinux_step_kind kind, bool fatal,
		const struct stmboot_extlinux_text *value, const char *file)
{
	char path[STMBOOT_EXTLINUX_PATH_MAX + 1];
	struct stmboot_extlinux_step *step = sb_arena_push(
		plan->arena, &plan->items, &plan->steps.count, &plan->capacity, sizeof(*step));

	if (step == NULL)
		return;
	step->kind = kind;
	step->fatal = fatal;
	step->value = *value;
	if (file != NULL && stmboot_extlinux_path(plan->conf->directory, file, path) == STMBOOT_OK)
		step->path = sb_arena_strdup(plan->arena, path);
}

static const char *variable(const struct stmboot_extlinux_environment *env, struct sb_arena *arena,
			    const char *name)
{
	const char *value = env != NULL && env->get != NULL ? env->get(env->user, name) : NULL;

	return sb_arena_strdup(arena, value);
}

/* The file below fdtdir: fdtfile, else "<soc>-<board>.dtb" without what is not known. */
static const char *fdtdir_file(struct plan *plan, const char *directory,
			       const struct stmboot_extlinux_environment *env)
{
	struct sb_arena *arena = plan->arena;
	size_t length = strlen(directory);
	const char *slash = length == 0 ? "./" : directory[length - 1] != '/' ? "/" : "";
	const char *fdtfile = variable(env, arena, "fdtfile");
	const char *soc = variable(env, arena, "soc");
	const char *board = variable(env, arena, "board");

	if (fdtfile != NULL)
		return sb_arena_printf(arena, "%s%s%s", directory, slash, fdtfile);
	return sb_arena_printf(arena, "%s%s%s%s%s.dtb", directory, slash, soc != NULL ? soc : "",
			       soc != NULL && board != NULL ? "-" : "", board != NULL ? board : "");
}

static bool repeats_kernel(const struct plan *plan, const struct stmboot_extlinux_label *label,
			   const struct stmboot_extlinux_text *value)
{
	return plan->conf->version >= FIT_VALUES &&
	       strcmp(value->text, label->kernel_value.text) == 0;
}

static void add_initrd(struct plan *plan, const struct stmboot_extlinux_label *label)
{
	if (label->initrd.text == NULL)
		return;
	if (repeats_kernel(plan, label, &label->initrd))
		add(plan, STMBOOT_EXTLINUX_STEP_FIT_INITRD, true, &label->initrd, NULL);
	else
		add(plan, STMBOOT_EXTLINUX_STEP_INITRD, true, &label->initrd, label->initrd.text);
}

static void add_device_tree(struct plan *plan, const struct stmboot_extlinux_label *label,
			    const struct stmboot_extlinux_environment *env)
{
	if (label->fdt.text != NULL && repeats_kernel(plan, label, &label->fdt)) {
		add(plan, STMBOOT_EXTLINUX_STEP_FIT_FDT, true, &label->fdt, NULL);
		return;
	}
	if (label->fdt.text != NULL)
		add(plan, STMBOOT_EXTLINUX_STEP_FDT, true, &label->fdt, label->fdt.text);
	else if (label->fdtdir.text != NULL)
		add(plan, STMBOOT_EXTLINUX_STEP_FDTDIR, plan->conf->version < FDTDIR_MAY_FAIL,
		    &label->fdtdir, fdtdir_file(plan, label->fdtdir.text, env));
	else
		return;
	for (size_t i = 0; i < label->overlay_count; i++)
		add(plan, STMBOOT_EXTLINUX_STEP_OVERLAY, false, &label->overlays[i],
		    label->overlays[i].text);
}

static void add_steps(struct plan *plan, const struct stmboot_extlinux_label *label,
		      const struct stmboot_extlinux_environment *env)
{
	bool kernel_first = plan->conf->version >= KERNEL_FIRST;

	if (label->localboot.text != NULL) {
		add(plan, STMBOOT_EXTLINUX_STEP_LOCALBOOT, false, &label->localboot, NULL);
		return;
	}
	if (label->kernel.text == NULL) {
		add(plan, STMBOOT_EXTLINUX_STEP_NO_KERNEL, true, &label->name, NULL);
		return;
	}
	if (!kernel_first)
		add_initrd(plan, label);
	add(plan, STMBOOT_EXTLINUX_STEP_KERNEL, true, &label->kernel, label->kernel.text);
	if (kernel_first)
		add_initrd(plan, label);
	if (label->append.text != NULL || (label->ipappend_value & 3) != 0)
		add(plan, STMBOOT_EXTLINUX_STEP_BOOTARGS, true,
		    label->append.text != NULL ? &label->append : &label->ipappend, NULL);
	add_device_tree(plan, label, env);
}

enum stmboot_status stmboot_extlinux_label_steps(struct stmboot_context *ctx,
						 const struct stmboot_extlinux *conf, size_t label,
						 const struct stmboot_extlinux_environment *env,
						 const struct stmboot_extlinux_steps **out)
{
	struct plan *plan;

	if (label >= conf->label_count)
		return STMBOOT_INVALID_ARGUMENT;
	plan = sb_object_new(ctx, sizeof(*plan));
	if (plan == NULL)
		return STMBOOT_NO_MEMORY;
	plan->arena = sb_object_arena(plan);
	plan->conf = conf;
	add_steps(plan, &conf->labels[label], env);
	plan->steps.steps = plan->items;
	if (plan->arena->failed) {
		stmboot_extlinux_steps_free(&plan->steps);
		return STMBOOT_NO_MEMORY;
	}
	*out = &plan->steps;
	return STMBOOT_OK;
}

void stmboot_extlinux_steps_free(const struct stmboot_extlinux_steps *steps)
{
	sb_object_free(steps);
}
